//! What every org has: standard objects and fields, and which value set holds whose values.
//!
//! In: what the source says of one object. Out: the object on top of what is built in. Must not
//! know: files, XML, maps.

use super::Schemas;
use super::kind::{Kind, System};
use super::metadata::SourceField;
use super::model::{Field, Object, RecordType};

/// Which standard value set holds the values of which standard field.
pub(super) const STANDARD_SETS: [(&str, &str, &str); 14] = [
    ("Opportunity", "StageName", "OpportunityStage"),
    ("Opportunity", "Type", "OpportunityType"),
    ("Opportunity", "LeadSource", "LeadSource"),
    ("Lead", "Status", "LeadStatus"),
    ("Lead", "LeadSource", "LeadSource"),
    ("Lead", "Industry", "Industry"),
    ("Lead", "Salutation", "Salutation"),
    ("Account", "Industry", "Industry"),
    ("Account", "Type", "AccountType"),
    ("Account", "AccountSource", "LeadSource"),
    ("Contact", "LeadSource", "LeadSource"),
    ("Contact", "Salutation", "Salutation"),
    ("OpportunityContactRole", "Role", "ContactRole"),
    ("OpportunityTeamMember", "TeamMemberRole", "SalesTeamRole"),
];

/// The fields whose values a business process chooses from.
pub(crate) fn is_process_field(field: &str) -> bool {
    matches!(field, "StageName" | "Status")
}

/// What every org has of the object: built in without the connector's own, or the fields that each
/// object has.
pub(super) fn standard(name: &str, name_field: Option<&Field>, own: &[SourceField]) -> Object {
    if let Some(built_in) = Schemas::built_in().object(System::Salesforce, name) {
        let mut object = built_in.clone();
        object.fields.retain(|field| !field.name.ends_with("__c"));
        object.children.retain(|child| !child.relationship.ends_with("__r"));
        if !name.ends_with("__c") {
            return object;
        }
    }
    let detail =
        own.iter().any(|found| found.field.kind == Kind::Reference && found.field.required);
    let read = |name: &str, kind: Kind| Field { nullable: false, ..Field::new(name, kind) };
    let mut fields = vec![Field { length: Some(18), ..read("Id", Kind::Id) }];
    fields.push(name_field.cloned().unwrap_or_else(|| Field {
        length: Some(80),
        create: true,
        update: true,
        ..Field::new("Name", Kind::Text)
    }));
    let person = |name: &str, relationship: &str| Field {
        length: Some(18),
        reference_to: Some("User".into()),
        relationship: Some(relationship.into()),
        ..read(name, Kind::Reference)
    };
    if !detail {
        fields.push(Field { create: true, update: true, ..person("OwnerId", "Owner") });
    }
    fields.extend([
        read("CreatedDate", Kind::DateTime),
        person("CreatedById", "CreatedBy"),
        read("LastModifiedDate", Kind::DateTime),
        person("LastModifiedById", "LastModifiedBy"),
        read("SystemModstamp", Kind::DateTime),
        read("IsDeleted", Kind::Bool),
    ]);
    Object {
        name: name.to_owned(),
        label: name.to_owned(),
        system: System::Salesforce,
        key: "Id".to_owned(),
        fields,
        children: Vec::new(),
        states: None,
        converts: None,
        invites: None,
        record_types: Vec::new(),
        org: None,
        index: Default::default(),
    }
}

/// What a standard field holds of which the source keeps only settings, by the way in which
/// Salesforce names its fields.
fn kind_by_name(name: &str) -> Kind {
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    let ends = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
    if begins(&["Is", "Has", "DoNot"]) {
        Kind::Bool
    } else if ends(&["Address"]) {
        Kind::Object
    } else if ends(&["Phone", "Fax"]) {
        Kind::Phone
    } else if ends(&["Date", "Birthdate"]) {
        Kind::Date
    } else if ends(&["Score", "Latitude", "Longitude"]) {
        Kind::Number
    } else if ends(&["Id"]) {
        Kind::Reference
    } else {
        Kind::Text
    }
}

/// Adds a field, or tells a standard one what the source says of it.
pub(super) fn put(object: &mut Object, mut field: Field, typed: bool) {
    let Some(known) = object.fields.iter_mut().find(|known| known.name == field.name) else {
        if !typed && !field.name.ends_with("__c") {
            field.kind = kind_by_name(&field.name);
            // Made of other fields, or counted by Salesforce.
            let made = field.kind == Kind::Object || field.name.ends_with("Score");
            field.create &= !made;
            field.update &= !made;
            field.nullable = field.kind != Kind::Bool;
        }
        object.fields.push(field);
        return;
    };
    if field.name.ends_with("__c") {
        *known = field;
        return;
    }
    if typed && !field.values.is_empty() {
        known.values = field.values;
        known.restricted = field.restricted;
    }
    known.required |= field.required && known.create;
}

/// Record types with the values that their process admits.
pub(super) fn record_types(
    found: Vec<(RecordType, Option<String>)>,
    processes: &[(String, Vec<String>)],
    object: &str,
) -> Vec<RecordType> {
    let field = match object {
        "Opportunity" => "StageName",
        "Lead" => "Status",
        _ => "",
    };
    let with_process = |(mut found, process): (RecordType, Option<String>)| {
        let values = processes.iter().find(|(name, _)| Some(name) == process.as_ref());
        if let Some((_, values)) = values
            && found.admits(field).is_none()
        {
            found.values.push((field.to_owned(), values.clone()));
        }
        found
    };
    found.into_iter().map(with_process).collect()
}
