//! The customer's org as describe answers, for the sandbox to be that org.
//!
//! In: an org on disk (describes, SFDX source, schema YAML). Out: one describe an object. Must not
//! know: how the sandbox works.

use std::path::Path;

use mapping::schema::{Field, Kind, Object, RecordType, System};
use serde_json::{Value, json};

use crate::project::Project;
use crate::terminal::{Stop, tell};

/// Describes of all objects of the org that `org` names.
pub(crate) fn of(org: &str) -> Result<Vec<Value>, Stop> {
    let mut project = Project::against(Some(org), &[])?;
    for note in project.notes() {
        tell(&format!("note: {note}\n"));
    }
    let Some(schemas) = project.schemas_of(Path::new(""))? else {
        return Err(Stop::because(
            format!("the org `{org}` cannot be read"),
            format!("`cosell check --org {org}` says what is wrong with its files"),
        ));
    };
    let own = schemas.objects(System::Salesforce).filter(|object| object.org.is_some());
    Ok(own.map(describe).collect())
}

fn describe(object: &Object) -> Value {
    let children = object.children.iter().map(|child| {
        json!({
            "childSObject": child.object,
            "field": child.field,
            "relationshipName": child.relationship,
        })
    });
    json!({
        "name": object.name,
        "label": object.label,
        "createable": object.fields.iter().any(|field| field.create),
        "fields": object.fields.iter().filter_map(field).collect::<Vec<_>>(),
        "childRelationships": children.collect::<Vec<_>>(),
        "recordTypeInfos": object.record_types.iter().map(record_type).collect::<Vec<_>>(),
    })
}

/// A field; none for what is no field of a flat record.
fn field(field: &Field) -> Option<Value> {
    let values = field
        .values
        .iter()
        .map(|value| json!({ "value": value.value, "label": value.label, "active": value.active }));
    let targets = field.reference_to.iter().chain(&field.reference_also);
    // A field that must be given has no default; one that is never empty otherwise has one.
    let nillable = !field.required && (field.nullable || field.kind == Kind::Bool);
    Some(json!({
        "name": field.name,
        "label": field.label,
        "type": word(field)?,
        "length": field.length.unwrap_or(0),
        "digits": if is_whole(field) { field.precision.unwrap_or(9) } else { 0 },
        "precision": field.precision.unwrap_or(18),
        "scale": field.scale.unwrap_or(0),
        "picklistValues": values.collect::<Vec<_>>(),
        "restrictedPicklist": field.restricted,
        "nillable": nillable,
        "defaultedOnCreate": !nillable && !field.required,
        "createable": field.create,
        "updateable": field.update,
        "externalId": field.external_id,
        "idLookup": field.external_id || (field.kind == Kind::Email && field.name == "Email"),
        "unique": field.unique,
        "nameField": field.name == "Name",
        "calculated": field.computed.is_some(),
        "referenceTo": targets.collect::<Vec<_>>(),
        "relationshipName": field.relationship,
        "cascadeDelete": field.detail,
    }))
}

fn is_whole(field: &Field) -> bool {
    field.kind == Kind::Number && field.scale == Some(0) && field.precision.is_some_and(|p| p <= 9)
}

/// What describe calls what a field holds.
fn word(field: &Field) -> Option<&'static str> {
    Some(match field.kind {
        Kind::Text | Kind::Country => "string",
        Kind::LongText => "textarea",
        Kind::Number if is_whole(field) => "int",
        Kind::Number if field.scale == Some(2) => "currency",
        Kind::Number => "double",
        Kind::Percent => "percent",
        Kind::Bool => "boolean",
        Kind::Date => "date",
        Kind::DateTime => "datetime",
        Kind::Id => "id",
        Kind::Enum | Kind::Currency => "picklist",
        Kind::MultiEnum => "multipicklist",
        Kind::Email => "email",
        Kind::Phone => "phone",
        Kind::Url => "url",
        Kind::Reference => "reference",
        Kind::Object | Kind::List => return None,
    })
}

/// A record type with the values that it admits, which a describe of Salesforce leaves out.
fn record_type(kind: &RecordType) -> Value {
    let values = kind.values.iter().map(|(field, values)| (field.clone(), json!(values)));
    json!({
        "developerName": kind.name,
        "name": kind.label,
        "recordTypeId": kind.id,
        "active": kind.active,
        "picklistValues": values.collect::<serde_json::Map<_, _>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ::sandbox::{Config, Sandbox};

    use super::*;

    const FIELD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<CustomField xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>Depth__c</fullName>
    <label>Depth</label>
    <type>Number</type>
    <precision>6</precision>
    <scale>3</scale>
    <required>true</required>
</CustomField>
"#;

    #[test]
    fn what_the_package_makes_a_detail_is_one() {
        let detail = FIELD.replace("Depth__c", "Deal__c").replace(
            "<type>Number</type>",
            "<type>MasterDetail</type><referenceTo>Opportunity</referenceTo>",
        );
        let folder = tempfile::tempdir().unwrap();
        let fields = folder.path().join("objects/Part__c/fields");
        fs::create_dir_all(&fields).unwrap();
        fs::write(fields.join("Deal__c.field-meta.xml"), detail).unwrap();
        let lookup = FIELD.replace("Depth__c", "Near__c");
        let lookup = lookup.replace(
            "<type>Number</type>",
            "<type>Lookup</type><referenceTo>Opportunity</referenceTo>",
        );
        fs::write(fields.join("Near__c.field-meta.xml"), lookup).unwrap();
        let object = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><label>Part</label></CustomObject>";
        fs::write(folder.path().join("objects/Part__c/Part__c.object-meta.xml"), object).unwrap();
        let describes = of(folder.path().to_str().unwrap()).unwrap();
        let part = describes.iter().find(|one| one["name"] == "Part__c").unwrap();
        let all = part["fields"].as_array().unwrap();
        let facts = |name: &str| {
            let field = all.iter().find(|field| field["name"] == name).unwrap();
            ["cascadeDelete", "nillable", "updateable"].map(|fact| field[fact].clone())
        };
        assert_eq!(facts("Deal__c"), [json!(true), json!(false), json!(false)]);
        assert_eq!(facts("Near__c"), [json!(false), json!(false), json!(true)]);
    }

    #[test]
    fn source_becomes_describes_that_the_sandbox_takes() {
        let folder = tempfile::tempdir().unwrap();
        let fields = folder.path().join("objects/Opportunity/fields");
        fs::create_dir_all(&fields).unwrap();
        fs::write(fields.join("Depth__c.field-meta.xml"), FIELD).unwrap();
        let describes = of(folder.path().to_str().unwrap()).unwrap();
        let deal = describes.iter().find(|one| one["name"] == "Opportunity").unwrap();
        let all = deal["fields"].as_array().unwrap();
        let named = |name: &str| all.iter().find(|field| field["name"] == name).unwrap();
        let depth = named("Depth__c");
        assert_eq!((&depth["type"], &depth["nillable"]), (&json!("double"), &json!(false)));
        assert_eq!((&depth["precision"], &depth["scale"]), (&json!(6), &json!(3)));
        assert_eq!(named("IsWon")["createable"], json!(false));
        assert_eq!(named("AccountId")["referenceTo"], json!(["Account"]));
        crate::life::runtime().unwrap().block_on(async {
            let config = Config { describes, ..Config::default() };
            Sandbox::start(config).await.unwrap().stop().await;
        });
    }
}
