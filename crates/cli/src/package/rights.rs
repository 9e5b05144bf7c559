//! Who may do what: a permission set for the user of the service, and one for sellers.
//!
//! In: what the plans do with which field. Out: source files. Must not know: maps, files.
//!
//! A permission set may not name a field that is required or that everybody sees; Salesforce refuses
//! the whole of it then. A part of an address or a name has no right of its own.

use std::collections::{BTreeMap, BTreeSet};

use mapping::plan::{FieldUse, Uses};
use mapping::schema::{Field, Object, Schemas, System};

use super::fields::is_detail;
use super::xml::{Element, document, flag, group, text};
use super::{SourceFile, custom};

/// Objects that take their rights from the deal, or that everybody may read.
const WITHOUT_RIGHTS: [&str; 5] =
    ["OpportunityContactRole", "OpportunityTeamMember", "OpportunityStage", "RecordType", "User"];

/// Standard fields, of any object, that everybody sees and nobody is given.
const SYSTEM_FIELDS: [&str; 12] = [
    "Id",
    "Name",
    "OwnerId",
    "RecordTypeId",
    "CurrencyIsoCode",
    "IsDeleted",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "LastActivityDate",
    "SystemModstamp",
];

/// Standard fields of one object, of the same kind.
const ALWAYS_SEEN: [(&str, &[&str]); 3] = [
    (
        "Opportunity",
        &[
            "StageName",
            "CloseDate",
            "ForecastCategory",
            "ForecastCategoryName",
            "IsClosed",
            "IsWon",
            "Fiscal",
            "FiscalQuarter",
            "FiscalYear",
            "HasOpportunityLineItem",
            "Pricebook2Id",
            "ContactId",
        ],
    ),
    (
        "Lead",
        &[
            "Salutation",
            "FirstName",
            "LastName",
            "Company",
            "Status",
            "IsConverted",
            "ConvertedDate",
            "ConvertedAccountId",
            "ConvertedContactId",
            "ConvertedOpportunityId",
        ],
    ),
    ("Contact", &["Salutation", "FirstName", "LastName"]),
];

/// The parts of an address.
const OF_AN_ADDRESS: [&str; 9] = [
    "Street",
    "City",
    "State",
    "StateCode",
    "PostalCode",
    "Country",
    "CountryCode",
    "Latitude",
    "Longitude",
];

/// Which object can be read only by who may read another one.
const READ_WITH: [(&str, &str); 2] = [("Opportunity", "Account"), ("Contact", "Account")];

/// Rights to one object.
#[derive(Debug, Clone, Copy, Default)]
struct Rights {
    create: bool,
    edit: bool,
    delete: bool,
}

/// A permission set while it is made.
#[derive(Debug, Default)]
struct Set {
    objects: BTreeMap<String, Rights>,
    /// By `OBJECT.FIELD`, whether it may be edited.
    fields: BTreeMap<String, bool>,
}

/// What the user of the service needs: exactly what the plans read and write.
pub(super) fn service(uses: &Uses, schemas: &Schemas) -> SourceFile {
    let mut set = Set::default();
    for (name, used) in uses {
        set.object(name, Rights { create: used.create, edit: used.edit, delete: used.delete });
        let Some(object) = schemas.object(System::Salesforce, name) else { continue };
        for (field, used) in
            object.fields.iter().filter_map(|f| Some((f, used.fields.get(&f.name)?)))
        {
            set.field(object, field, used.write);
        }
    }
    set.close(uses, schemas);
    let about = "What the maps read and write in Salesforce, and nothing else. For the user that cosell signs in as.";
    set.file("Cosell_Sync", "Cosell: sync user", about)
}

/// What a seller needs to see the section and the solutions: custom fields that people fill in may be
/// edited, the others are read.
pub(super) fn seller(uses: &Uses, roots: &BTreeSet<String>, schemas: &Schemas) -> SourceFile {
    let mut set = Set::default();
    for (name, used) in uses {
        let Some(object) = schemas.object(System::Salesforce, name) else { continue };
        if !roots.contains(name) && !custom(name) {
            continue;
        }
        let all = custom(name);
        set.object(name, Rights { create: all, edit: all, delete: all });
        for field in object.fields.iter().filter(|field| custom(&field.name)) {
            if let Some(FieldUse { told, .. }) = used.fields.get(&field.name) {
                set.field(object, field, *told);
            }
        }
    }
    set.close(uses, schemas);
    let about = "The fields of the section Microsoft Partner Center and the Microsoft solutions, for those who work on deals.";
    set.file("Cosell_Seller", "Cosell: seller", about)
}

impl Set {
    fn object(&mut self, name: &str, rights: Rights) {
        if !WITHOUT_RIGHTS.contains(&name) {
            self.objects.insert(name.to_owned(), rights);
        }
    }

    fn field(&mut self, object: &Object, field: &Field, edit: bool) {
        if let Some(name) = in_a_set(object, field) {
            let editable = edit && (field.create || field.update) && field.computed.is_none();
            *self.fields.entry(format!("{}.{name}", object.name)).or_default() |= editable;
        }
    }

    /// Adds what reading one object takes of another: Salesforce refuses a set without it.
    fn close(&mut self, uses: &Uses, schemas: &Schemas) {
        for (object, other) in READ_WITH {
            if self.objects.contains_key(object) {
                self.objects.entry(other.to_owned()).or_default();
            }
        }
        for name in uses.keys().filter(|name| custom(name)) {
            let fields = schemas.object(System::Salesforce, name).map(|object| &object.fields);
            for parent in fields.into_iter().flatten().filter(|field| is_detail(field)) {
                if let Some(parent) = &parent.reference_to {
                    self.objects.entry(parent.clone()).or_default();
                }
            }
        }
    }

    fn file(&self, name: &str, label: &str, about: &str) -> SourceFile {
        let mut all: Vec<Element> = vec![text("description", about)];
        all.extend(self.fields.iter().map(|(field, editable)| {
            group(
                "fieldPermissions",
                [flag("editable", *editable), text("field", &**field), flag("readable", true)],
            )
        }));
        all.extend([flag("hasActivationRequired", false), text("label", label)]);
        all.extend(self.objects.iter().map(|(object, rights)| {
            let Rights { create, edit, delete } = *rights;
            group(
                "objectPermissions",
                [
                    flag("allowCreate", create),
                    flag("allowDelete", delete),
                    // Who may remove has to be allowed to edit.
                    flag("allowEdit", edit || delete),
                    flag("allowRead", true),
                    flag("modifyAllRecords", false),
                    text("object", &**object),
                    flag("viewAllRecords", false),
                ],
            )
        }));
        let path = format!("permissionsets/{name}.permissionset-meta.xml");
        SourceFile { path, text: document(&group("PermissionSet", all)) }
    }
}

/// What a permission set calls a field. None: it may not stand in one.
fn in_a_set(object: &Object, field: &Field) -> Option<String> {
    let name = field.name.as_str();
    if custom(name) {
        return (!field.required && !is_detail(field)).then(|| name.to_owned());
    }
    let seen = ALWAYS_SEEN.iter().any(|(of, names)| *of == object.name && names.contains(&name));
    if WITHOUT_RIGHTS.contains(&object.name.as_str())
        || SYSTEM_FIELDS.contains(&name)
        || seen
        || field.required
    {
        return None;
    }
    let address = ["Billing", "Shipping", "Mailing", "Other", ""]
        .into_iter()
        .find(|of| name.strip_prefix(of).is_some_and(|rest| OF_AN_ADDRESS.contains(&rest)));
    Some(address.map_or_else(|| name.to_owned(), |of| format!("{of}Address")))
}
