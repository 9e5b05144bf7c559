//! Writes an org in the three forms that orgs come in.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::org::{Field, List, Org, Type};

/// How an org is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Describe,
    Source,
    ObjectFile,
}

impl Form {
    pub(crate) const ALL: [Form; 3] = [Form::Describe, Form::Source, Form::ObjectFile];
}

/// The org's files, as paths and texts.
pub(crate) fn files(org: &Org, form: Form) -> Vec<(String, String)> {
    match form {
        Form::Describe => vec![("acme/Opportunity.json".to_owned(), describe(org))],
        Form::Source => source(org),
        Form::ObjectFile => {
            // As some tools write it: with a byte order mark and CRLF.
            let text = format!("\u{feff}{}", object_file(org)).replace('\n', "\r\n");
            let mut files = vec![("src/objects/Opportunity.object".to_owned(), text)];
            files.extend(value_sets(org, "src", ""));
            files
        }
    }
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const SPACE: &str = "xmlns=\"http://soap.sforce.com/2006/04/metadata\"";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// As record types and processes write values.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' | b'.' | b'_' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn source(org: &Org) -> Vec<(String, String)> {
    let root = "force-app/main/default";
    let object = format!("{root}/objects/Opportunity");
    let mut files: Vec<(String, String)> = org
        .fields
        .iter()
        .map(|field| {
            let text = format!("{HEAD}<CustomField {SPACE}>\n{}</CustomField>\n", field_xml(field));
            (format!("{object}/fields/{}.field-meta.xml", field.name), text)
        })
        .collect();
    for found in &org.record_types {
        let text =
            format!("{HEAD}<RecordType {SPACE}>\n{}</RecordType>\n", record_type_xml(org, found));
        files.push((format!("{object}/recordTypes/{}.recordType-meta.xml", found.name), text));
        let text =
            format!("{HEAD}<BusinessProcess {SPACE}>\n{}</BusinessProcess>\n", process_xml(found));
        files.push((
            format!("{object}/businessProcesses/{}.businessProcess-meta.xml", found.name),
            text,
        ));
    }
    files.extend(value_sets(org, root, "-meta.xml"));
    files
}

fn value_sets(org: &Org, root: &str, ending: &str) -> Vec<(String, String)> {
    let values = |element: &str, values: &[(String, bool)]| -> String {
        values.iter().fold(String::new(), |mut text, (value, active)| {
            let value = escaped(value);
            let _ = write!(text, "<{element}><fullName>{value}</fullName><default>false</default>");
            if !active {
                text.push_str("<isActive>false</isActive>");
            }
            let _ = writeln!(text, "<label>{value}</label></{element}>");
            text
        })
    };
    let stages = values("standardValue", &org.stages);
    let mut files = vec![(
        format!("{root}/standardValueSets/OpportunityStage.standardValueSet{ending}"),
        format!(
            "{HEAD}<StandardValueSet {SPACE}>\n<sorted>false</sorted>\n{stages}</StandardValueSet>\n"
        ),
    )];
    for field in &org.fields {
        let Some(List { values: list, global: Some(set), .. }) = field.list() else { continue };
        let list = values("customValue", list);
        let text = format!(
            "{HEAD}<GlobalValueSet {SPACE}>\n<masterLabel>{set}</masterLabel>\n{list}</GlobalValueSet>\n"
        );
        files.push((format!("{root}/globalValueSets/{set}.globalValueSet{ending}"), text));
    }
    files
}

fn object_file(org: &Org) -> String {
    let mut text = format!("{HEAD}<CustomObject {SPACE}>\n<enableFeeds>true</enableFeeds>\n");
    for found in &org.record_types {
        let _ = writeln!(text, "<businessProcesses>\n{}</businessProcesses>", process_xml(found));
    }
    for field in &org.fields {
        let _ = writeln!(text, "<fields>\n{}</fields>", field_xml(field));
    }
    for found in &org.record_types {
        let _ = writeln!(text, "<recordTypes>\n{}</recordTypes>", record_type_xml(org, found));
    }
    text.push_str("</CustomObject>\n");
    text
}

fn record_type_xml(_: &Org, found: &super::org::RecordType) -> String {
    let mut text = format!(
        "<fullName>{}</fullName>\n<active>{}</active>\n<businessProcess>{}</businessProcess>\n<label>{}</label>\n",
        found.name, found.active, found.name, found.label
    );
    for (field, values) in &found.lists {
        let _ = writeln!(text, "<picklistValues>\n<picklist>{field}</picklist>");
        for value in values {
            let _ = writeln!(
                text,
                "<values><fullName>{}</fullName><default>false</default></values>",
                encoded(value)
            );
        }
        text.push_str("</picklistValues>\n");
    }
    text
}

fn process_xml(found: &super::org::RecordType) -> String {
    let mut text = format!("<fullName>{}</fullName>\n<isActive>true</isActive>\n", found.name);
    for stage in &found.stages {
        let _ = writeln!(
            text,
            "<values><fullName>{}</fullName><default>false</default></values>",
            encoded(stage)
        );
    }
    text
}

fn field_xml(field: &Field) -> String {
    let mut text = format!(
        "<fullName>{}</fullName>\n<externalId>false</externalId>\n<label>L {}</label>\n",
        field.name, field.name
    );
    if !field.name.ends_with("__c") {
        text.push_str("<trackHistory>true</trackHistory>\n");
        return text;
    }
    if field.required {
        text.push_str("<required>true</required>\n");
    }
    text.push_str(&type_xml(&field.kind));
    text
}

fn type_xml(kind: &Type) -> String {
    let sized =
        |name: &str, length: &u32| format!("<length>{length}</length>\n<type>{name}</type>\n");
    let digits = |name: &str, (precision, scale): (&u8, &u8)| {
        format!("<precision>{precision}</precision>\n<scale>{scale}</scale>\n<type>{name}</type>\n")
    };
    let plain = |name: &str| format!("<type>{name}</type>\n");
    match kind {
        Type::Text(length) => sized("Text", length),
        Type::Encrypted(length) => format!(
            "<maskChar>asterisk</maskChar>\n<maskType>all</maskType>\n{}",
            sized("EncryptedText", length)
        ),
        Type::TextArea => plain("TextArea"),
        Type::LongText(length) => sized("LongTextArea", length),
        Type::Html(length) => sized("Html", length),
        Type::Number(p, s) => digits("Number", (p, s)),
        Type::Currency(p, s) => digits("Currency", (p, s)),
        Type::Percent(p, s) => digits("Percent", (p, s)),
        Type::Checkbox => format!("<defaultValue>false</defaultValue>\n{}", plain("Checkbox")),
        Type::Date => plain("Date"),
        Type::DateTime => plain("DateTime"),
        Type::Time => plain("Time"),
        Type::Email => plain("Email"),
        Type::Phone => plain("Phone"),
        Type::Url => plain("Url"),
        Type::Picklist(list) => format!("{}{}", plain("Picklist"), list_xml(list)),
        Type::Multi(list) => format!(
            "{}<visibleLines>4</visibleLines>\n{}",
            plain("MultiselectPicklist"),
            list_xml(list)
        ),
        Type::Lookup(target) => format!(
            "<deleteConstraint>SetNull</deleteConstraint>\n<referenceTo>{target}</referenceTo>\n<relationshipLabel>Deals</relationshipLabel>\n{}",
            plain("Lookup")
        ),
        Type::AutoNumber => {
            format!("<displayFormat>D-{{0000}}</displayFormat>\n{}", plain("AutoNumber"))
        }
        Type::Formula(gives) => format!(
            "<formula>TEXT(Amount) &lt;&gt; &quot;1&quot;</formula>\n<formulaTreatBlanksAs>BlankAsZero</formulaTreatBlanksAs>\n{}",
            type_xml(gives)
        ),
        Type::RollUp => format!(
            "<summaryForeignKey>OpportunityLineItem.OpportunityId</summaryForeignKey>\n<summaryOperation>count</summaryOperation>\n{}",
            plain("Summary")
        ),
        Type::Location => format!(
            "<displayLocationInDecimal>true</displayLocationInDecimal>\n<scale>5</scale>\n{}",
            plain("Location")
        ),
    }
}

fn list_xml(list: &List) -> String {
    let controlled = list.controlled_by.as_ref().map_or_else(String::new, |field| {
        format!("<controllingField>{field}</controllingField>\n")
    });
    let restricted = list.restricted;
    if let Some(set) = &list.global {
        return format!(
            "<valueSet>\n{controlled}<restricted>true</restricted>\n<valueSetName>{set}</valueSetName>\n</valueSet>\n"
        );
    }
    let mut text = format!(
        "<valueSet>\n{controlled}<restricted>{restricted}</restricted>\n<valueSetDefinition>\n<sorted>false</sorted>\n"
    );
    for (value, active) in &list.values {
        let value = escaped(value);
        let inactive = if *active { "" } else { "<isActive>false</isActive>" };
        let _ = writeln!(
            text,
            "<value><fullName>{value}</fullName><default>false</default>{inactive}<label>{value}</label></value>"
        );
    }
    text.push_str("</valueSetDefinition>\n</valueSet>\n");
    text
}

fn describe(org: &Org) -> String {
    let stages =
        List { values: org.stages.clone(), restricted: false, global: None, controlled_by: None };
    let standard = [
        ("Name", Type::Text(120), true),
        ("StageName", Type::Picklist(stages), true),
        ("CloseDate", Type::Date, true),
        ("Amount", Type::Currency(18, 2), false),
        ("Description", Type::LongText(32000), false),
        ("NextStep", Type::Text(255), false),
        ("AccountId", Type::Lookup("Account".to_owned()), false),
        ("RecordTypeId", Type::Lookup("RecordType".to_owned()), false),
        ("OwnerId", Type::Lookup("User".to_owned()), false),
    ];
    let standard = standard
        .into_iter()
        .map(|(name, kind, required)| Field { required, ..Field::new(name, kind) });
    let mut fields: Vec<Value> = vec![json!({
        "name": "Id", "label": "Opportunity ID", "type": "id", "length": 18, "createable": false,
        "updateable": false, "nillable": false, "defaultedOnCreate": true,
    })];
    fields.extend(standard.chain(org.fields.iter().cloned()).map(|field| field_json(&field)));
    let infos = org.record_types.iter().map(|found| json!({
        "active": found.active, "available": found.active, "defaultRecordTypeMapping": false,
        "developerName": found.name, "master": false, "name": found.label, "recordTypeId": found.id,
        "urls": {},
    }));
    let infos: Vec<Value> = infos.chain([json!({
        "active": true, "available": true, "defaultRecordTypeMapping": true, "developerName": "Master",
        "master": true, "name": "Master", "recordTypeId": "012000000000000AAA", "urls": {},
    })]).collect();
    json!({
        "actionOverrides": [], "activateable": false, "childRelationships": [
            {"cascadeDelete": true, "childSObject": "OpportunityContactRole", "deprecatedAndHidden": false,
             "field": "OpportunityId", "relationshipName": "OpportunityContactRoles"},
            {"cascadeDelete": false, "childSObject": "Task", "deprecatedAndHidden": false,
             "field": "WhatId", "junctionIdListNames": [], "relationshipName": null},
        ],
        "createable": true, "custom": false, "fields": fields, "keyPrefix": "006", "label": "Opportunity",
        "name": "Opportunity", "namedLayoutInfos": [], "recordTypeInfos": infos, "somethingNew": {"a": [1.5, null]},
    })
    .to_string()
}

fn field_json(field: &Field) -> Value {
    let (kind, length, precision, scale) = facts(&field.kind);
    let computed = matches!(field.kind, Type::Formula(_) | Type::RollUp);
    let counted = matches!(field.kind, Type::AutoNumber);
    let writable = !computed && !counted && !matches!(field.kind, Type::Location);
    let checkbox = matches!(field.kind, Type::Checkbox);
    let list = field.list().map_or_else(Vec::new, |list| {
        let value = |(value, active): &(String, bool)| {
            json!({"active": active, "defaultValue": false, "label": value, "validFor": null, "value": value})
        };
        list.values.iter().map(value).collect()
    });
    let target = match &field.kind {
        Type::Lookup(target) => vec![target.clone()],
        _ => Vec::new(),
    };
    let relationship = (!target.is_empty()).then(|| match field.name.strip_suffix("__c") {
        Some(stem) => format!("{stem}__r"),
        None => field.name.trim_end_matches("Id").to_owned(),
    });
    json!({
        "aggregatable": true, "aiPredictionField": false, "autoNumber": counted, "byteLength": length * 3,
        "calculated": computed, "calculatedFormula": null, "caseSensitive": false,
        "compoundFieldName": null, "controllerName": field.list().and_then(|list| list.controlled_by.clone()),
        "createable": writable && field.editable, "custom": field.name.ends_with("__c"),
        "defaultValue": if checkbox { json!(false) } else { Value::Null },
        "defaultedOnCreate": checkbox || ["RecordTypeId", "OwnerId"].contains(&field.name.as_str()),
        "dependentPicklist": field.list().is_some_and(|list| list.controlled_by.is_some()),
        "deprecatedAndHidden": false, "digits": 0, "encrypted": kind == "encryptedstring", "externalId": false,
        "label": format!("L {}", field.name), "length": length, "name": field.name,
        "nillable": !checkbox && !field.required, "picklistValues": list, "precision": precision,
        "referenceTo": target, "relationshipName": relationship,
        "restrictedPicklist": field.list().is_some_and(|list| list.restricted), "scale": scale,
        "soapType": "xsd:string", "type": kind, "unique": false, "updateable": writable && field.editable,
    })
}

/// The type in a describe, with length, precision and scale.
fn facts(kind: &Type) -> (&'static str, u32, u8, u8) {
    match kind {
        Type::Text(length) => ("string", *length, 0, 0),
        Type::Encrypted(length) => ("encryptedstring", *length, 0, 0),
        Type::TextArea => ("textarea", 255, 0, 0),
        Type::LongText(length) | Type::Html(length) => ("textarea", *length, 0, 0),
        Type::Number(p, s) => ("double", 0, *p, *s),
        Type::Currency(p, s) => ("currency", 0, *p, *s),
        Type::Percent(p, s) => ("percent", 0, *p, *s),
        Type::Checkbox => ("boolean", 0, 0, 0),
        Type::Date => ("date", 0, 0, 0),
        Type::DateTime => ("datetime", 0, 0, 0),
        Type::Time => ("time", 0, 0, 0),
        Type::Email => ("email", 80, 0, 0),
        Type::Phone => ("phone", 40, 0, 0),
        Type::Url => ("url", 255, 0, 0),
        Type::Picklist(_) => ("picklist", 255, 0, 0),
        Type::Multi(_) => ("multipicklist", 4099, 0, 0),
        Type::Lookup(_) => ("reference", 18, 0, 0),
        Type::AutoNumber => ("string", 30, 0, 0),
        Type::Formula(gives) => facts(gives),
        Type::RollUp => ("double", 0, 18, 0),
        Type::Location => ("location", 0, 0, 0),
    }
}
