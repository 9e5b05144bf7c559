//! The objects of the sandbox's own organisation: tables, nothing else. Standard fields as in the object
//! reference, custom ones as the co-sell package adds them.

mod deal;
mod lead;
pub(crate) mod lists;
mod people;

use super::model::{Face, Field, Kind, Link, Object, OnDelete, Org, PickValue};

fn text(name: &str, label: &str, length: usize) -> Field {
    Field::new(name, label, Kind::Text(length))
}

fn area(name: &str, label: &str, length: usize) -> Field {
    Field::new(name, label, Kind::Area(length))
}

fn list(name: &str, label: &str, values: &[&str]) -> Field {
    Field::new(name, label, picklist(values, false))
}

fn closed_list(name: &str, label: &str, values: &[&str]) -> Field {
    Field::new(name, label, picklist(values, true))
}

fn check(name: &str, label: &str) -> Field {
    Field::new(name, label, Kind::Checkbox)
}

fn number(name: &str, label: &str, face: Face, precision: u32, scale: u32) -> Field {
    Field::new(name, label, Kind::Number { face, precision, scale })
}

fn reference(
    name: &str,
    label: &str,
    to: &str,
    parent: &str,
    children: Option<&str>,
    on_delete: OnDelete,
) -> Field {
    let link = Link {
        to: vec![to.to_owned()],
        parent: parent.to_owned(),
        children: children.map(str::to_owned),
        on_delete,
    };
    Field::new(name, label, Kind::Reference(link))
}

fn user(name: &str, label: &str, parent: &str) -> Field {
    reference(name, label, "User", parent, None, OnDelete::Keep)
}

fn picklist(values: &[&str], restricted: bool) -> Kind {
    let values = values.iter().map(|value| PickValue::new(value)).collect();
    Kind::Picklist { values, restricted, several: false }
}

fn object(name: &str, label: &str, plural: &str, prefix: &str, groups: Vec<Vec<Field>>) -> Object {
    Object::new(name, label, plural, prefix, groups.concat())
}

fn setup(name: &str, label: &str, plural: &str, prefix: &str, groups: Vec<Vec<Field>>) -> Object {
    Object { writable: false, ..object(name, label, plural, prefix, groups) }
}

/// The object whose rows are the record types of the others.
pub(crate) fn record_type() -> Object {
    let fields = vec![deal::id_fields(), people::record_type_fields(), deal::audit_fields()];
    setup("RecordType", "Record Type", "Record Types", "012", fields)
}

/// The organisation that the sandbox has by itself.
pub(crate) fn standard() -> Org {
    let objects = vec![
        object(
            "Account",
            "Account",
            "Accounts",
            "001",
            vec![
                deal::id_fields(),
                deal::deleted_fields(),
                people::account_fields(),
                deal::currency_fields(),
                deal::owner_fields(),
                deal::audit_fields(),
            ],
        ),
        object(
            "Contact",
            "Contact",
            "Contacts",
            "003",
            vec![
                deal::id_fields(),
                deal::deleted_fields(),
                people::contact_fields(),
                deal::currency_fields(),
                deal::owner_fields(),
                deal::audit_fields(),
            ],
        ),
        object(
            "Lead",
            "Lead",
            "Leads",
            "00Q",
            vec![
                deal::id_fields(),
                deal::deleted_fields(),
                lead::lead_fields(),
                deal::cosell_fields(),
                deal::currency_fields(),
                deal::owner_fields(),
                deal::audit_fields(),
            ],
        ),
        object(
            "User",
            "User",
            "Users",
            "005",
            vec![deal::id_fields(), people::user_fields(), deal::audit_fields()],
        ),
        object(
            "Opportunity",
            "Opportunity",
            "Opportunities",
            "006",
            vec![
                deal::id_fields(),
                deal::deleted_fields(),
                deal::opportunity_fields(),
                deal::cosell_fields(),
                deal::cosell_deal_fields(),
                deal::currency_fields(),
                deal::owner_fields(),
                deal::audit_fields(),
            ],
        ),
        object(
            "OpportunityContactRole",
            "Opportunity Contact Role",
            "Opportunity Contact Roles",
            "00K",
            vec![
                deal::id_fields(),
                deal::deleted_fields(),
                people::contact_role_fields(),
                deal::currency_fields(),
                deal::audit_fields(),
            ],
        ),
        object(
            "OpportunityTeamMember",
            "Opportunity Team Member",
            "Opportunity Team Members",
            "00q",
            vec![
                deal::id_fields(),
                deal::deleted_fields(),
                people::team_member_fields(),
                deal::currency_fields(),
                deal::audit_fields(),
            ],
        ),
        setup(
            "Organization",
            "Organization",
            "Organizations",
            "00D",
            vec![deal::id_fields(), people::organization_fields(), deal::audit_fields()],
        ),
        setup(
            "OpportunityStage",
            "Opportunity Stage",
            "Opportunity Stages",
            "01J",
            vec![deal::id_fields(), people::stage_fields(), deal::audit_fields()],
        ),
        object(
            "Microsoft_Solution__c",
            "Microsoft Solution",
            "Microsoft Solutions",
            "a00",
            vec![
                deal::id_fields(),
                deal::deleted_fields(),
                people::solution_fields(),
                deal::currency_fields(),
                deal::owner_fields(),
                deal::audit_fields(),
            ],
        ),
    ];
    Org { objects }
}
