//! Reads a describe of one object as Salesforce's REST interface gives it: JSON in, an [`Object`]
//! out.
//!
//! Must not know: files, other objects, maps. Facts: the describe tells what the user who asked may
//! do, so a field that this user may not see is absent, and one that may not be edited is read-only.

use super::kind::{Kind, System};
use super::model::{Child, Field, Object, PickValue, RecordType};
use super::note::Notes;
use crate::json::{self, Json};

/// What keeps a describe from being read: the byte, and why.
pub(super) type Unreadable = (usize, String);

/// True when the JSON looks like a describe of an object, and not like something else.
pub(super) fn is_describe(json: &Json<'_>) -> bool {
    matches!(get(json, "fields"), Some(Json::List(_))) && text(json, "name").is_some()
}

/// Reads one describe. Types that are not known are noted.
pub(super) fn read(text_of_file: &str, notes: &mut Notes) -> Result<Object, Unreadable> {
    let json = json::read(text_of_file.as_bytes())
        .map_err(|error| (error.offset, format!("expected JSON, found {}", error.why)))?;
    let json = unwrapped(&json);
    if !is_describe(json) {
        let why = "expected the describe of an object, with `name` and `fields`".to_owned();
        return Err((0, why));
    }
    let name = text(json, "name").unwrap_or_default().to_owned();
    let mut fields: Vec<Field> = Vec::new();
    for given in list(json, "fields") {
        let Some(field) = field(given, &name, notes) else { continue };
        fields.push(field);
    }
    let children = list(json, "childRelationships").iter().filter_map(child).collect();
    Ok(Object {
        label: text(json, "label").unwrap_or(&name).to_owned(),
        system: System::Salesforce,
        key: "Id".to_owned(),
        fields,
        children,
        states: None,
        converts: None,
        invites: None,
        record_types: list(json, "recordTypeInfos").iter().filter_map(record_type).collect(),
        org: None,
        index: Default::default(),
        name,
    })
}

/// What some tools wrap a describe in: `{ "status": 0, "result": { … } }`.
pub(super) fn unwrapped<'j, 't>(json: &'j Json<'t>) -> &'j Json<'t> {
    match get(json, "result") {
        Some(inner) if !is_describe(json) => inner,
        Some(_) | None => json,
    }
}

fn field(given: &Json<'_>, object: &str, notes: &mut Notes) -> Option<Field> {
    let name = text(given, "name")?;
    if flag(given, "deprecatedAndHidden") {
        return None;
    }
    let kind = kind(given, name, object, notes);
    let mut field = Field::new(name, kind);
    text(given, "label").unwrap_or(name).clone_into(&mut field.label);
    field.create = permitted(given, "createable", kind);
    field.update = permitted(given, "updateable", kind);
    let nillable = flag(given, "nillable");
    field.required = field.create
        && !nillable
        && !flag(given, "defaultedOnCreate")
        && matches!(get(given, "defaultValue"), Some(Json::Null) | None)
        && kind != Kind::Bool;
    field.nullable = nillable;
    field.clearable = nillable && field.update;
    if kind.is_text() {
        field.length = number(given, "length").filter(|length| *length > 0);
    }
    if matches!(kind, Kind::Number | Kind::Percent) {
        digits(given, &mut field);
    }
    field.values = list(given, "picklistValues").iter().filter_map(value).collect();
    field.restricted = flag(given, "restrictedPicklist");
    field.external_id = flag(given, "externalId");
    field.unique = flag(given, "unique");
    field.controlled_by = text(given, "controllerName").map(str::to_owned);
    field.computed = if flag(given, "calculated") {
        Some("a formula or a roll-up")
    } else if flag(given, "autoNumber") {
        Some("a number that Salesforce counts up")
    } else {
        None
    };
    if kind == Kind::Reference {
        let mut targets = list(given, "referenceTo").iter().filter_map(word).map(str::to_owned);
        field.reference_to = targets.next();
        field.reference_also = targets.collect();
        field.relationship = text(given, "relationshipName").map(str::to_owned);
        field.detail = flag(given, "cascadeDelete") && field.name.ends_with("__c");
    }
    Some(field)
}

/// Whole numbers tell their `digits`, the others their `precision` and `scale`.
fn digits(given: &Json<'_>, field: &mut Field) {
    let whole = number::<u8>(given, "digits").filter(|digits| *digits > 0);
    let precision = number::<u8>(given, "precision").filter(|precision| *precision > 0);
    field.precision = precision.or(whole);
    field.scale = field.precision.map(|_| number(given, "scale").unwrap_or(0));
}

fn kind(given: &Json<'_>, name: &str, object: &str, notes: &mut Notes) -> Kind {
    let kind = text(given, "type").unwrap_or_default();
    match kind {
        "id" => Kind::Id,
        "string" | "encryptedstring" => Kind::Text,
        "textarea" => Kind::LongText,
        "phone" => Kind::Phone,
        "email" => Kind::Email,
        "url" => Kind::Url,
        "picklist" if name == "CurrencyIsoCode" => Kind::Currency,
        "picklist" | "combobox" => Kind::Enum,
        "multipicklist" => Kind::MultiEnum,
        "boolean" => Kind::Bool,
        "int" | "long" | "double" | "currency" => Kind::Number,
        "percent" => Kind::Percent,
        "date" => Kind::Date,
        "datetime" => Kind::DateTime,
        "reference" => Kind::Reference,
        // Made of other fields, or not a value that a map could carry.
        "address" | "location" | "complexvalue" | "anyType" | "base64" | "json" | "time" => {
            Kind::Object
        }
        other => {
            notes.strange_type(other, object, name);
            Kind::Text
        }
    }
}

fn value(given: &Json<'_>) -> Option<PickValue> {
    let value = text(given, "value")?;
    Some(PickValue {
        value: value.to_owned(),
        label: text(given, "label").unwrap_or(value).to_owned(),
        active: !matches!(get(given, "active"), Some(Json::Bool(false))),
    })
}

fn child(given: &Json<'_>) -> Option<Child> {
    let hidden = flag(given, "deprecatedAndHidden");
    let (relationship, object) = (text(given, "relationshipName")?, text(given, "childSObject")?);
    (!hidden).then(|| Child::new(relationship, object, text(given, "field").unwrap_or_default()))
}

/// A describe names the record types; which values they admit it does not tell.
fn record_type(given: &Json<'_>) -> Option<RecordType> {
    let name = text(given, "developerName").or_else(|| text(given, "name"))?;
    (!flag(given, "master")).then(|| RecordType {
        name: name.to_owned(),
        label: text(given, "name").unwrap_or(name).to_owned(),
        id: text(given, "recordTypeId").map(str::to_owned),
        active: !matches!(get(given, "active"), Some(Json::Bool(false))),
        values: Vec::new(),
    })
}

pub(super) fn get<'j, 't>(json: &'j Json<'t>, name: &str) -> Option<&'j Json<'t>> {
    let Json::Object(members) = json else { return None };
    members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn word<'j>(json: &'j Json<'_>) -> Option<&'j str> {
    match json {
        Json::Text(text) if !text.is_empty() => Some(text),
        Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::Text(_)
        | Json::List(_)
        | Json::Object(_) => None,
    }
}

pub(super) fn text<'j>(json: &'j Json<'_>, name: &str) -> Option<&'j str> {
    get(json, name).and_then(word)
}

fn flag(json: &Json<'_>, name: &str) -> bool {
    matches!(get(json, name), Some(Json::Bool(true)))
}

/// What the user may do with a field. A describe that was cut down may not say; then everything but
/// what Salesforce makes itself can be written.
fn permitted(given: &Json<'_>, right: &str, kind: Kind) -> bool {
    match get(given, right) {
        Some(Json::Bool(said)) => *said,
        Some(Json::Null | Json::Number(_) | Json::Text(_) | Json::List(_) | Json::Object(_))
        | None => {
            !matches!(kind, Kind::Id | Kind::Object)
                && !flag(given, "calculated")
                && !flag(given, "autoNumber")
        }
    }
}

fn number<N: std::str::FromStr>(json: &Json<'_>, name: &str) -> Option<N> {
    match get(json, name) {
        Some(Json::Number(digits)) => digits.parse().ok(),
        Some(Json::Null | Json::Bool(_) | Json::Text(_) | Json::List(_) | Json::Object(_))
        | None => None,
    }
}

pub(super) fn list<'j, 't>(json: &'j Json<'t>, name: &str) -> &'j [Json<'t>] {
    match get(json, name) {
        Some(Json::List(items)) => items,
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_))
        | None => &[],
    }
}
