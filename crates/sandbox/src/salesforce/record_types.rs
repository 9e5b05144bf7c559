//! Record types. In come rows and the values sent for them; out go the record type that a row gets, and
//! refusals of values that it does not admit. It must not know how rows are stored.

use serde_json::{Map, Value, json};

use crate::salesforce::{
    describe, ids,
    model::{Field, Kind, Link, Object, OnDelete, Org, RecordType},
    objects,
    refusal::{Done, Wrong, bad},
    validate::Setting,
};

/// The field that holds it.
const FIELD: &str = "RecordTypeId";
/// The object whose rows they are.
pub(crate) const OBJECT: &str = "RecordType";
/// What every object has, whether it has others or not.
const MASTER: &str = "012000000000000AAA";

/// Gives objects that have record types the field, those the ids that no describe told, and the organisation
/// the object of their rows.
pub(crate) fn complete(org: &mut Org) {
    let mut number = 0;
    for object in &mut org.objects {
        for kind in object.record_types.iter_mut().filter(|kind| kind.id.is_none()) {
            number += 1;
            kind.id = Some(ids::make("012", number));
        }
        if !object.record_types.is_empty() && object.field(FIELD).is_none() {
            let link = Link {
                to: vec![OBJECT.to_owned()],
                parent: "RecordType".to_owned(),
                children: None,
                on_delete: OnDelete::Keep,
            };
            object.fields.push(Field::new(FIELD, "Record Type ID", Kind::Reference(link)));
        }
    }
    let has_any = org.objects.iter().any(|object| !object.record_types.is_empty());
    if has_any && org.named(OBJECT).is_none() {
        org.objects.push(objects::record_type());
    }
}

/// The rows of all record types: id and fields.
pub(crate) fn rows(org: &Org) -> Vec<(String, Value)> {
    let of = |object: &Object| -> Vec<(String, Value)> {
        let row = |kind: &RecordType| {
            let row = json!({
                "Name": kind.label,
                "DeveloperName": kind.name,
                "SobjectType": object.name,
                "IsActive": kind.active,
            });
            Some((kind.id.clone()?, row))
        };
        object.record_types.iter().filter_map(row).collect()
    };
    org.objects.iter().flat_map(of).collect()
}

/// What describe says of an object's record types.
pub(crate) fn described(object: &Object, version: u32) -> Value {
    let base = format!("/services/data/v{version}.0/sobjects/{}/describe/layouts", object.name);
    let info = |(id, name, label): (&str, &str, &str), (active, default): (bool, bool)| {
        json!({
            "active": active,
            "available": active,
            "defaultRecordTypeMapping": default,
            "developerName": name,
            "master": id == MASTER,
            "name": label,
            "recordTypeId": id,
            "urls": { "layout": format!("{base}/{id}") },
        })
    };
    let own = object.record_types.iter().map(|kind| {
        let id = kind.id.as_deref().unwrap_or_default();
        let is_default = default(object).is_some_and(|other| other.name == kind.name);
        info((id, &kind.name, &kind.label), (kind.active, is_default))
    });
    let master = info((MASTER, "Master", "Master"), (true, object.record_types.is_empty()));
    own.chain([master]).collect()
}

/// Whether rows of the object can have this record type.
pub(crate) fn has(object: &Object, id: &str) -> bool {
    let mut own = object.record_types.iter();
    id == MASTER || own.any(|kind| kind.active && kind.id.as_deref() == Some(id))
}

/// By which layout each record type is shown, and the values that it admits.
pub(crate) fn mappings(object: &Object, layout: &str, version: u32) -> Value {
    let mut mappings = described(object, version);
    for mapping in mappings.as_array_mut().into_iter().flatten() {
        let name = mapping.get("developerName").and_then(Value::as_str);
        let kind = object.record_types.iter().find(|kind| name == Some(&kind.name));
        let lists: Vec<Value> = object
            .fields
            .iter()
            .filter(|field| matches!(field.kind, Kind::Picklist { .. }))
            .map(|field| {
                let of_kind =
                    kind.and_then(|kind| kind.values.iter().find(|(name, _)| *name == field.name));
                let fits = |value: &str| {
                    of_kind.is_none_or(|(_, values)| values.iter().any(|own| own == value))
                };
                let values = describe::admitted(&field.kind, &fits);
                json!({ "picklistName": field.name, "picklistValues": values })
            })
            .collect();
        if let Some(mapping) = mapping.as_object_mut() {
            mapping.insert("layoutId".to_owned(), json!(layout));
            mapping.insert("picklistsForRecordType".to_owned(), json!(lists));
        }
    }
    mappings
}

/// By which compact layout each record type is shown.
pub(crate) fn compact(object: &Object) -> Value {
    let own =
        object.record_types.iter().filter_map(|kind| Some((kind.active, kind.id.as_deref()?)));
    let all = own.chain([(true, MASTER)]);
    let mapping = |(available, id): (bool, &str)| {
        json!({
            "available": available,
            "compactLayoutId": null,
            "compactLayoutName": "SYSTEM",
            "recordTypeId": id,
        })
    };
    all.map(mapping).collect()
}

/// The one that rows get which name none.
pub(crate) fn default(object: &Object) -> Option<&RecordType> {
    let mut active = object.record_types.iter().filter(|kind| kind.active);
    let first = active.clone().next();
    active.find(|kind| kind.default).or(first)
}

/// Gives a new row the record type that it gets by itself.
pub(crate) fn fill(object: &Object, row: &mut Map<String, Value>) {
    let is_open = row.get(FIELD).is_none_or(Value::is_null);
    if let Some(id) = default(object).and_then(|kind| kind.id.as_ref()).filter(|_| is_open) {
        row.insert(FIELD.to_owned(), json!(id));
    }
}

/// Refuses a record type that rows cannot be given, and values that a row's one does not admit.
pub(crate) fn refuse(
    object: &Object,
    row: &Map<String, Value>,
    settings: &[Setting<'_>],
) -> Done<()> {
    let given = row.get(FIELD).and_then(Value::as_str);
    let Some(id) = given.filter(|_| !object.record_types.is_empty()) else { return Ok(()) };
    let own = object.record_types.iter().find(|kind| kind.id.as_deref() == Some(id));
    let is_set = settings.iter().any(|(field, _)| field.name == FIELD);
    let Some(kind) = own.filter(|kind| kind.active || !is_set) else {
        let message = format!("Record Type ID: this ID value isn't valid for the user: {id}");
        let fields = Some(vec![FIELD.to_owned()]);
        let code = "INVALID_CROSS_REFERENCE_KEY";
        return Err(bad(Wrong { code, message, fields }));
    };
    for (field, value) in settings {
        let admitted = kind.values.iter().find(|(name, _)| *name == field.name);
        let (Kind::Picklist { restricted: true, several, .. }, Some((_, admitted)), Some(text)) =
            (&field.kind, admitted, value.as_str())
        else {
            continue;
        };
        let parts: Vec<&str> = if *several { text.split(';').collect() } else { vec![text] };
        if let Some(other) = parts.iter().find(|part| !admitted.iter().any(|own| own == *part)) {
            let message =
                format!("{}: bad value for restricted picklist field: {other}", field.label);
            let code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST";
            return Err(bad(Wrong::at(code, field, message)));
        }
    }
    Ok(())
}
