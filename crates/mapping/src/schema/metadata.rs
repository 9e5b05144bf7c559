//! Takes one piece of Salesforce metadata apart: an XML element in, a field, a value list, a record
//! type or a process out. SFDX source keeps each in a file of its own, `.object` files all in one;
//! the elements are the same.
//!
//! Must not know: files, other objects, what is built in.

use super::kind::Kind;
use super::model::{Field, PickValue, RecordType};
use super::xml::Element;

/// A field as the source has it.
#[derive(Debug, Clone)]
pub(super) struct SourceField {
    /// The field, without values that stand elsewhere.
    pub(super) field: Field,
    /// False for a standard field of which the source only keeps settings.
    pub(super) typed: bool,
    /// The global value set that holds its values.
    pub(super) value_set: Option<String>,
    /// The child relationship's name on the object that it refers to.
    pub(super) children_as: Option<String>,
    /// A type that is not known.
    pub(super) strange: Option<String>,
}

/// Reads a `CustomField`, or a `fields` element.
pub(super) fn field(element: &Element) -> Option<SourceField> {
    let name = element.text_of("fullName")?;
    let given = element.text_of("type");
    let formula = element.child("formula").is_some();
    let known = given.and_then(kind);
    let mut field = Field::new(name, known.unwrap_or(Kind::Text));
    element.text_of("label").unwrap_or(name).clone_into(&mut field.label);
    field.external_id = element.flag("externalId");
    field.unique = element.flag("unique");
    field.computed = match given {
        Some("Summary") => Some("a roll-up"),
        Some("AutoNumber") => Some("a number that Salesforce counts up"),
        _ if formula => Some("a formula"),
        Some("Location") => Some("a location"),
        _ => None,
    };
    let writable = field.computed.is_none();
    field.create = writable;
    field.update = writable;
    if given == Some("MasterDetail") {
        field.required = true;
        field.detail = true;
        field.update = element.flag("reparentableMasterDetail");
    }
    size(&mut field, element, given);
    let mut value_set = None;
    values(&mut field, element, &mut value_set);
    let defaulted = element.text_of("defaultValue").is_some() || has_default(element);
    let demanded = element.flag("required") && !defaulted;
    field.required = writable && field.kind != Kind::Bool && (field.required || demanded);
    field.nullable = field.kind != Kind::Bool && !field.required;
    field.clearable = field.nullable && field.update;
    reference(&mut field, element);
    let strange = given.filter(|_| known.is_none()).map(str::to_owned);
    let children_as = element.text_of("relationshipName").map(str::to_owned);
    Some(SourceField { field, typed: given.is_some(), value_set, children_as, strange })
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "Text" | "EncryptedText" | "AutoNumber" => Kind::Text,
        "TextArea" | "LongTextArea" | "Html" => Kind::LongText,
        "Checkbox" => Kind::Bool,
        "Number" | "Currency" | "Summary" => Kind::Number,
        "Percent" => Kind::Percent,
        "Date" => Kind::Date,
        "DateTime" => Kind::DateTime,
        "Email" => Kind::Email,
        "Phone" => Kind::Phone,
        "Url" => Kind::Url,
        "Picklist" => Kind::Enum,
        "MultiselectPicklist" => Kind::MultiEnum,
        "Lookup"
        | "MasterDetail"
        | "Hierarchy"
        | "ExternalLookup"
        | "IndirectLookup"
        | "MetadataRelationship" => Kind::Reference,
        "Location" | "Address" | "Time" => Kind::Object,
        _ => return None,
    })
}

/// How much it holds, where the source says it or the type fixes it.
fn size(field: &mut Field, element: &Element, given: Option<&str>) {
    field.length = match given {
        Some("Email") => Some(80),
        Some("Phone") => Some(40),
        Some("TextArea") => element.number("length").or(Some(255)),
        Some("Url" | "Picklist") => Some(255),
        Some("MultiselectPicklist") => Some(4099),
        Some("LongTextArea" | "Html") => element.number("length").or(Some(32768)),
        _ if field.kind == Kind::Reference => Some(18),
        _ => element.number("length"),
    };
    if matches!(field.kind, Kind::Number | Kind::Percent) {
        field.precision = element.number::<u8>("precision").filter(|digits| *digits > 0);
        field.scale = field.precision.map(|_| element.number("scale").unwrap_or(0));
    }
}

fn values(field: &mut Field, element: &Element, value_set: &mut Option<String>) {
    if let Some(set) = element.child("valueSet") {
        field.restricted = set.flag("restricted");
        field.controlled_by = set.text_of("controllingField").map(str::to_owned);
        *value_set = set.text_of("valueSetName").map(str::to_owned);
        if let Some(own) = set.child("valueSetDefinition") {
            field.values = own.all("value").filter_map(pick_value).collect();
        }
    }
    if let Some(list) = element.child("picklist") {
        field.restricted = list.flag("restrictedPicklist");
        field.controlled_by = list.text_of("controllingField").map(str::to_owned);
        field.values = list.all("picklistValues").filter_map(pick_value).collect();
    }
}

/// A picklist with a default value is never without one.
fn has_default(element: &Element) -> bool {
    let set = element.child("valueSet").and_then(|set| set.child("valueSetDefinition"));
    let old = element.child("picklist");
    set.into_iter().chain(old).flat_map(|list| &list.children).any(|value| value.flag("default"))
}

fn reference(field: &mut Field, element: &Element) {
    if field.kind != Kind::Reference {
        return;
    }
    field.reference_to = element.text_of("referenceTo").map(str::to_owned);
    field.relationship = match field.name.strip_suffix("__c") {
        Some(stem) => Some(format!("{stem}__r")),
        None => field.name.strip_suffix("Id").map(str::to_owned),
    };
}

/// An entry of any kind of value list.
fn pick_value(element: &Element) -> Option<PickValue> {
    let value = element.text_of("fullName")?;
    Some(PickValue {
        value: value.to_owned(),
        label: element.text_of("label").unwrap_or(value).to_owned(),
        active: element.text_of("isActive") != Some("false"),
    })
}

/// The entries of a `GlobalValueSet` or a `StandardValueSet`.
pub(super) fn value_set(element: &Element) -> Vec<PickValue> {
    let entries = element.all("customValue").chain(element.all("standardValue"));
    entries.filter_map(pick_value).collect()
}

/// A `RecordType`, with the name of its business process.
pub(super) fn record_type(element: &Element) -> Option<(RecordType, Option<String>)> {
    let name = element.text_of("fullName")?;
    let lists = element.all("picklistValues").filter_map(|list| {
        let values = list.all("values").filter_map(|value| value.text_of("fullName"));
        Some((list.text_of("picklist")?.to_owned(), values.map(decoded).collect()))
    });
    let found = RecordType {
        name: name.to_owned(),
        label: element.text_of("label").unwrap_or(name).to_owned(),
        id: None,
        active: element.text_of("active") != Some("false"),
        values: lists.collect(),
    };
    Some((found, element.text_of("businessProcess").map(decoded)))
}

/// A `BusinessProcess`: its name, and the stages (or lead statuses) that it admits.
pub(super) fn process(element: &Element) -> Option<(String, Vec<String>)> {
    let values = element.all("values").filter_map(|value| value.text_of("fullName"));
    Some((decoded(element.text_of("fullName")?), values.map(decoded).collect()))
}

/// Record types and processes write values with `%2F` for `/` and the like.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        if let Some(decoded) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            out.push(decoded);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_record_types_are_decoded_once() {
        assert_eq!(decoded("Closed %2F Lost%25"), "Closed / Lost%");
        assert_eq!(decoded("100 % sure, caf%C3%A9"), "100 % sure, café");
        assert_eq!(decoded("%ZZ %C3"), "%ZZ %C3");
    }
}
