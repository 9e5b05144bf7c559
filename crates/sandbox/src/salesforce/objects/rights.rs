//! The objects of rights: permission sets, to whom they are assigned, and what they allow.

use super::{
    super::model::{Field, Object, OnDelete},
    check, list, reference, setup, text, user,
};

pub(super) fn objects() -> Vec<Object> {
    let set = ["PermissionSet", "Permission Set", "Permission Sets", "0PS"];
    let assignment = [
        "PermissionSetAssignment",
        "Permission Set Assignment",
        "Permission Set Assignments",
        "0Pa",
    ];
    let of_objects = ["ObjectPermissions", "Object Permissions", "Object Permissions", "110"];
    let of_fields = ["FieldPermissions", "Field Permissions", "Field Permissions", "01k"];
    let kinds = ["Regular", "Profile", "Group", "Session"];
    let allowed = ["Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords"];
    let named = vec![list("Field", "Field Name", &[]).read_only()];
    vec![
        setup(
            set,
            vec![
                text("Name", "Permission Set Name", 80).read_only().name_of_row(),
                text("Label", "Permission Set Label", 80).read_only(),
                reference("ProfileId", "Profile ID", "Profile", "Profile", None, OnDelete::Keep)
                    .read_only(),
                check("IsOwnedByProfile", "Is Owned By Profile").read_only(),
                check("IsCustom", "Custom Permission Set").read_only(),
                list("Type", "Permission Set Type", &kinds).read_only(),
            ],
        ),
        setup(
            assignment,
            vec![
                of_set("PermissionSetId", "PermissionSet", "Assignments"),
                user("AssigneeId", "Assignee ID", "Assignee").read_only(),
                check("IsActive", "Is Active").read_only(),
            ],
        ),
        setup(of_objects, rights("ObjectPerms", &allowed)),
        setup(of_fields, [named, rights("FieldPerms", &["Read", "Edit"])].concat()),
    ]
}

fn of_set(name: &str, parent: &str, children: &str) -> Field {
    let label = format!("{parent} ID");
    reference(name, &label, "PermissionSet", parent, Some(children), OnDelete::Keep).read_only()
}

fn rights(children: &str, allowed: &[&str]) -> Vec<Field> {
    let mut fields = vec![
        of_set("ParentId", "Parent", children),
        list("SobjectType", "Object Type Name", &[]).read_only(),
    ];
    let allow = |what: &&str| check(&format!("Permissions{what}"), what).read_only();
    fields.extend(allowed.iter().map(allow));
    fields
}
