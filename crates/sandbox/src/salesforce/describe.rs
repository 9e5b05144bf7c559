//! What an organisation says about its objects. In come definitions; out go describe answers. It must
//! not know rows.

use serde_json::{Value, json};

use crate::salesforce::{
    model::{Field, Kind, Link, Object, OnDelete, Org, Search},
    rights,
    values::type_word,
};

/// `GET /sobjects`: all objects, shortly.
pub(crate) fn global(org: &Org, version: u32) -> Value {
    let sobjects: Vec<Value> = org.objects.iter().map(|object| summary(object, version)).collect();
    json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects })
}

/// One object, shortly.
pub(crate) fn summary(object: &Object, version: u32) -> Value {
    let base = format!("/services/data/v{version}.0/sobjects/{}", object.name);
    let deletable = object.is_deletable();
    json!({
        "activateable": false,
        "createable": object.is_createable(),
        "custom": object.is_custom(),
        "customSetting": false,
        "deepCloneable": false,
        "deletable": deletable,
        "deprecatedAndHidden": false,
        "feedEnabled": false,
        "hasSubtypes": false,
        "isInterface": false,
        "isSubtype": false,
        "keyPrefix": object.prefix,
        "label": object.label,
        "labelPlural": object.plural,
        "layoutable": object.writable,
        "mergeable": false,
        "mruEnabled": false,
        "name": object.name,
        "queryable": true,
        "replicateable": true,
        "retrieveable": true,
        "searchable": object.writable,
        "triggerable": object.writable,
        "undeletable": deletable,
        "updateable": object.writable,
        "urls": {
            "rowTemplate": format!("{base}/{{ID}}"),
            "describe": format!("{base}/describe"),
            "sobject": base,
        },
    })
}

/// `GET /sobjects/X/describe`: one object with fields and children.
pub(crate) fn whole(org: &Org, object: &Object, version: u32) -> Value {
    let mut described = summary(object, version);
    let fields: Vec<Value> = object.fields.iter().map(|one| field(object, one)).collect();
    let children: Vec<Value> = org
        .children(object)
        .map(|(child, by, link)| {
            json!({
                "cascadeDelete": link.on_delete == OnDelete::Cascade,
                "childSObject": child.name,
                "deprecatedAndHidden": false,
                "field": by.name,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": link.children,
                "restrictedDelete": false,
            })
        })
        .collect();
    if let Some(map) = described.as_object_mut() {
        for (name, value) in [
            ("actionOverrides", json!([])),
            ("childRelationships", json!(children)),
            ("fields", json!(fields)),
            ("namedLayoutInfos", json!([])),
            ("recordTypeInfos", super::record_types::described(object, version)),
            ("supportedScopes", json!([{ "label": "All", "name": "everything" }])),
        ] {
            map.insert(name.to_owned(), value);
        }
    }
    described
}

/// One field with all attributes.
pub(crate) fn field(object: &Object, field: &Field) -> Value {
    let mut shown = same_for_all();
    for part in [kind_of(field), rights_of(object, field)] {
        if let (Some(shown), Value::Object(part)) = (shown.as_object_mut(), part) {
            shown.extend(part);
        }
    }
    shown
}

/// Attributes that no field of this organisation makes use of.
fn same_for_all() -> Value {
    json!({
        "aiPredictionField": false,
        "autoNumber": false,
        "calculatedFormula": null,
        "caseSensitive": false,
        "controllerName": null,
        "defaultValueFormula": null,
        "dependentPicklist": false,
        "deprecatedAndHidden": false,
        "displayLocationInDecimal": false,
        "encrypted": false,
        "filteredLookupInfo": null,
        "highScaleNumber": false,
        "htmlFormatted": false,
        "inlineHelpText": null,
        "mask": null,
        "maskType": null,
        "queryByDistance": false,
        "referenceTargetField": null,
        "restrictedDelete": false,
        "searchPrefilterable": false,
        "writeRequiresMasterRead": false,
    })
}

/// What the field can hold.
fn kind_of(field: &Field) -> Value {
    let (length, digits, precision, scale) = sizes(&field.kind);
    let link = field.link();
    let is_id = matches!(&field.kind, Kind::Id | Kind::Reference(_));
    let is_area = matches!(field.kind, Kind::Area(_));
    json!({
        "byteLength": if is_id { length } else { length * 3 },
        "cascadeDelete": link.is_some_and(|link: &Link| link.on_delete == OnDelete::Cascade),
        "digits": digits,
        "extraTypeInfo": if is_area { json!("plaintextarea") } else { Value::Null },
        "length": length,
        "namePointing": link.is_some_and(|link| link.to.len() > 1),
        "picklistValues": picklist(&field.kind),
        "polymorphicForeignKey": link.is_some_and(|link| link.to.len() > 1),
        "precision": precision,
        "referenceTo": link.map_or(&[][..], |link| &link.to),
        "relationshipName": link.map(|link| &link.parent),
        "relationshipOrder": field.is_detail().then_some(0),
        "restrictedPicklist": matches!(field.kind, Kind::Picklist { restricted: true, .. }),
        "scale": scale,
        "soapType": soap(&field.kind),
        "type": type_word(&field.kind),
    })
}

/// What can be done with the field.
fn rights_of(object: &Object, field: &Field) -> Value {
    let is_flag = matches!(field.kind, Kind::Checkbox);
    let is_id = matches!(field.kind, Kind::Id);
    let filterable = field.is_filterable();
    let groupable = filterable && !matches!(field.kind, Kind::Number { .. } | Kind::Moment);
    let label = if is_id { format!("{} ID", object.label) } else { field.label.clone() };
    json!({
        "aggregatable": filterable && !is_flag,
        "calculated": field.calculated,
        "compoundFieldName": object.compound_of(&field.name),
        "createable": object.writable && field.access.on_create(),
        "custom": field.is_custom(),
        "defaultValue": if is_flag { json!(false) } else { Value::Null },
        "defaultedOnCreate": field.defaulted || is_id,
        "externalId": field.search == Search::ExternalId,
        "filterable": filterable,
        "groupable": groupable,
        "idLookup": field.finds_rows(),
        "label": label,
        "name": field.name,
        "nameField": field.names_the_row,
        "nillable": field.is_nillable(),
        "permissionable": rights::is_permissionable(object, field),
        "sortable": filterable,
        "unique": field.unique,
        "updateable": object.writable && field.access.on_update(),
    })
}

/// Length, digits, precision and scale.
fn sizes(kind: &Kind) -> (usize, u32, u32, u32) {
    match kind {
        Kind::Id | Kind::Reference(_) => (18, 0, 0, 0),
        Kind::Text(length)
        | Kind::Area(length)
        | Kind::Phone(length)
        | Kind::Email(length)
        | Kind::Url(length) => (*length, 0, 0, 0),
        Kind::Picklist { several: true, .. } => (4099, 0, 0, 0),
        Kind::Picklist { values, .. } => {
            let is_code = !values.is_empty() && values.iter().all(|value| value.value.len() == 3);
            (if is_code { 3 } else { 255 }, 0, 0, 0)
        }
        Kind::Whole(digits) => (0, *digits, 0, 0),
        Kind::Number { precision, scale, .. } => (0, 0, *precision, *scale),
        Kind::Checkbox | Kind::Day | Kind::Moment | Kind::Address | Kind::Base64 => (0, 0, 0, 0),
    }
}

/// The values of a picklist; of other fields none.
fn picklist(kind: &Kind) -> Vec<Value> {
    admitted(kind, &|_| true)
}

/// Those values of a picklist that fit.
pub(crate) fn admitted(kind: &Kind, fits: &dyn Fn(&str) -> bool) -> Vec<Value> {
    let Kind::Picklist { values, .. } = kind else {
        return Vec::new();
    };
    values
        .iter()
        .filter(|value| fits(&value.value))
        .map(|value| {
            json!({
                "active": value.active,
                "defaultValue": false,
                "label": value.label,
                "validFor": null,
                "value": value.value,
            })
        })
        .collect()
}

fn soap(kind: &Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Reference(_) => "tns:ID",
        Kind::Text(_)
        | Kind::Area(_)
        | Kind::Phone(_)
        | Kind::Email(_)
        | Kind::Url(_)
        | Kind::Picklist { .. } => "xsd:string",
        Kind::Checkbox => "xsd:boolean",
        Kind::Whole(_) => "xsd:int",
        Kind::Number { .. } => "xsd:double",
        Kind::Day => "xsd:date",
        Kind::Moment => "xsd:dateTime",
        Kind::Address => "urn:address",
        Kind::Base64 => "xsd:base64Binary",
    }
}
