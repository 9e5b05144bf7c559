//! An organisation from describe answers. In come objects as `GET …/describe` has them; out goes the
//! organisation, what it lacks of the standard one added, or what cannot be read. It must not know rows,
//! nor where the answers come from.

use serde_json::Value;

use crate::salesforce::{
    model::{
        Access, Face, Field, Kind, Link, Object, OnDelete, Org, PickValue, RecordType, Search,
    },
    objects,
};

/// Fields that every object has, whatever its describe shows.
const OF_EVERY_ROW: [&str; 7] = [
    "Id",
    "IsDeleted",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
];

/// An object's describe that cannot be read: which, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the describe of `{object}` cannot be read: {why}")]
pub struct Unreadable {
    /// The object, or its place in the list.
    pub object: String,
    /// What was expected and what was found.
    pub why: String,
}

/// The standard organisation with these objects in it, in the place of those of the same name.
pub(crate) fn org(describes: &[Value]) -> Result<Org, Unreadable> {
    let mut org = objects::standard();
    for (place, describe) in describes.iter().enumerate() {
        let object = object(describe).map_err(|why| {
            let name =
                text(describe, "name").map_or_else(|| format!("#{}", place + 1), str::to_owned);
            Unreadable { object: name, why }
        })?;
        put(&mut org, object);
    }
    for describe in describes {
        name_children(&mut org, describe);
    }
    prefixes(&mut org);
    super::record_types::complete(&mut org);
    Ok(org)
}

/// Puts an object into the place of its namesake, of which it takes over what no describe tells.
fn put(org: &mut Org, mut object: Object) {
    let known = org.objects.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&object.name));
    let Some(known) = known else {
        let any = objects::standard();
        let pattern = any.named("Account").into_iter().flat_map(|account| &account.fields);
        add_missing(&mut object, pattern);
        org.objects.push(object);
        return;
    };
    for field in &mut object.fields {
        let own = known.field(&field.name).and_then(Field::link);
        if let (Kind::Reference(link), Some(own)) = (&mut field.kind, own) {
            link.children.clone_from(&own.children);
            // Of its own fields a describe says what becomes of the row; of standard ones it does not.
            if !field.name.ends_with("__c") {
                link.on_delete = own.on_delete;
            }
        }
    }
    add_missing(&mut object, &known.fields);
    if object.prefix.is_empty() {
        object.prefix.clone_from(&known.prefix);
    }
    object.writable &= known.writable;
    *known = object;
}

fn add_missing<'f>(object: &mut Object, pattern: impl IntoIterator<Item = &'f Field>) {
    for field in pattern {
        let is_needed = OF_EVERY_ROW.contains(&field.name.as_str());
        if is_needed && object.field(&field.name).is_none() {
            object.fields.push(field.clone());
        }
    }
}

/// What the children are called from here, which only the parent's describe tells.
fn name_children(org: &mut Org, describe: &Value) {
    for child in list(describe, "childRelationships") {
        let (Some(object), Some(field)) = (text(child, "childSObject"), text(child, "field"))
        else {
            continue;
        };
        let objects = &mut org.objects;
        let found = objects.iter_mut().find(|own| own.name.eq_ignore_ascii_case(object));
        let found = found.and_then(|own| own.fields.iter_mut().find(|own| own.name == field));
        if let Some(Field { kind: Kind::Reference(link), .. }) = found {
            link.children = text(child, "relationshipName").map(str::to_owned);
            if flag(child, "cascadeDelete") {
                link.on_delete = OnDelete::Cascade;
            }
        }
    }
}

/// Gives those a prefix that have none.
fn prefixes(org: &mut Org) {
    let mut taken: Vec<String> = org.objects.iter().map(|object| object.prefix.clone()).collect();
    let mut free = (0..62 * 62).map(super::ids::custom_prefix);
    for object in org.objects.iter_mut().filter(|object| object.prefix.is_empty()) {
        if let Some(prefix) = free.find(|prefix| !taken.contains(prefix)) {
            taken.push(prefix.clone());
            object.prefix = prefix;
        }
    }
}

fn object(describe: &Value) -> Result<Object, String> {
    let name = text(describe, "name").ok_or("expected an object with a `name`")?;
    let given = describe.get("fields").and_then(Value::as_array);
    let given = given.ok_or("expected a list `fields`, found none")?;
    let fields: Vec<Field> = given
        .iter()
        .filter_map(|field| self::field(field).transpose())
        .collect::<Result<_, _>>()?;
    let label = text(describe, "label").unwrap_or(name);
    let plural = text(describe, "labelPlural").unwrap_or(label);
    let prefix = text(describe, "keyPrefix").unwrap_or_default();
    let mut object = Object::new(name, label, plural, prefix, fields);
    let may = |what: &str| describe.get(what).and_then(Value::as_bool);
    object.writable = may("createable").unwrap_or(true) || may("updateable").unwrap_or(false);
    object.record_types = list(describe, "recordTypeInfos").filter_map(record_type).collect();
    Ok(object)
}

/// One field; none for compound ones that are no addresses. Their parts stand beside them.
fn field(given: &Value) -> Result<Option<Field>, String> {
    let name = text(given, "name").ok_or("expected each field to have a `name`")?;
    let word = text(given, "type").ok_or_else(|| format!("field `{name}` has no `type`"))?;
    let Some(kind) = kind(word, given) else {
        return if matches!(word, "location" | "complexvalue") {
            Ok(None)
        } else {
            Err(format!("field `{name}` has the type `{word}`, which is none of Salesforce's"))
        };
    };
    let mut field = Field::new(name, text(given, "label").unwrap_or(name), kind);
    field.access = match (flag(given, "createable"), flag(given, "updateable")) {
        (true, true) => Access::Write,
        (true, false) => Access::CreateOnly,
        (false, true) => Access::UpdateOnly,
        (false, false) => Access::ReadOnly,
    };
    field.search = if flag(given, "externalId") {
        Search::ExternalId
    } else if flag(given, "idLookup") && !matches!(field.kind, Kind::Id) {
        Search::Lookup
    } else {
        Search::No
    };
    let is_flag = matches!(field.kind, Kind::Checkbox);
    field.unique = flag(given, "unique");
    field.required = given.get("nillable") == Some(&Value::Bool(false)) && !is_flag && name != "Id";
    field.defaulted = flag(given, "defaultedOnCreate") || is_flag;
    field.names_the_row = flag(given, "nameField");
    field.calculated = flag(given, "calculated");
    Ok(Some(field))
}

fn kind(word: &str, given: &Value) -> Option<Kind> {
    let length = number(given, "length").filter(|length| *length > 0).unwrap_or(255);
    let decimal = |face| Kind::Number {
        face,
        precision: digits(given, "precision").unwrap_or(18),
        scale: digits(given, "scale").unwrap_or(0),
    };
    Some(match word {
        "id" => Kind::Id,
        "string" | "encryptedstring" | "combobox" | "time" | "anyType" => Kind::Text(length),
        "textarea" => Kind::Area(length),
        "base64" => Kind::Base64,
        "phone" => Kind::Phone(length),
        "email" => Kind::Email(length),
        "url" => Kind::Url(length),
        "picklist" | "multipicklist" => Kind::Picklist {
            values: list(given, "picklistValues").filter_map(pick_value).collect(),
            restricted: flag(given, "restrictedPicklist"),
            several: word == "multipicklist",
        },
        "boolean" => Kind::Checkbox,
        "int" | "long" => Kind::Whole(digits(given, "digits").filter(|n| *n > 0).unwrap_or(9)),
        "double" => decimal(Face::Plain),
        "currency" => decimal(Face::Currency),
        "percent" => decimal(Face::Percent),
        "date" => Kind::Day,
        "datetime" => Kind::Moment,
        "address" => Kind::Address,
        "reference" => {
            let to = list(given, "referenceTo").filter_map(Value::as_str).map(str::to_owned);
            let parent = text(given, "relationshipName").unwrap_or_default().to_owned();
            Kind::Reference(Link {
                to: to.collect(),
                parent,
                children: None,
                on_delete: if flag(given, "cascadeDelete") {
                    OnDelete::Cascade
                } else {
                    OnDelete::Clear
                },
            })
        }
        _ => return None,
    })
}

fn pick_value(given: &Value) -> Option<PickValue> {
    let value = text(given, "value")?;
    let label = text(given, "label").unwrap_or(value).to_owned();
    let active = given.get("active").and_then(Value::as_bool).unwrap_or(true);
    Some(PickValue { value: value.to_owned(), label, active })
}

/// One record type. Which values it admits is in no describe; `picklistValues` beside its name tells it
/// here: by field, a list.
fn record_type(given: &Value) -> Option<RecordType> {
    if flag(given, "master") {
        return None;
    }
    let name = text(given, "developerName")?.to_owned();
    let values = given.get("picklistValues").and_then(Value::as_object);
    let values = values.into_iter().flatten().map(|(field, values)| {
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
        (field.clone(), values.map(str::to_owned).collect())
    });
    Some(RecordType {
        id: text(given, "recordTypeId").and_then(super::ids::read),
        label: text(given, "name").unwrap_or(&name).to_owned(),
        name,
        active: given.get("active").and_then(Value::as_bool).unwrap_or(true),
        default: flag(given, "defaultRecordTypeMapping"),
        values: values.collect(),
    })
}

fn text<'v>(given: &'v Value, name: &str) -> Option<&'v str> {
    given.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn flag(given: &Value, name: &str) -> bool {
    given.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn number(given: &Value, name: &str) -> Option<usize> {
    usize::try_from(given.get(name)?.as_u64()?).ok()
}

fn digits(given: &Value, name: &str) -> Option<u32> {
    u32::try_from(given.get(name)?.as_u64()?).ok()
}

fn list<'v>(given: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    given.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::salesforce::describe;

    #[test]
    fn what_describe_says_is_read_back_as_it_was() {
        let standard = objects::standard();
        let describes: Vec<Value> =
            standard.objects.iter().map(|one| describe::whole(&standard, one, 60)).collect();
        let read = org(&describes).unwrap();
        for (was, is) in standard.objects.iter().zip(&read.objects) {
            // Of the id, describe says more than the tables.
            for field in was.fields.iter().filter(|field| field.name != "Id") {
                assert_eq!(Some(field), is.field(&field.name), "{}", was.name);
            }
            assert_eq!((&was.prefix, was.writable), (&is.prefix, is.writable));
        }
    }

    #[test]
    fn a_new_object_has_what_every_row_has_and_a_prefix_of_its_own() {
        let field = json!({ "name": "Depth__c", "type": "double", "precision": 6, "scale": 3 });
        let lookup = json!({
            "name": "Deal__c", "type": "reference", "referenceTo": ["Opportunity"],
            "relationshipName": "Deal__r", "createable": true, "updateable": true,
        });
        let well = json!({ "name": "Well__c", "fields": [field, lookup] });
        let children = json!([{ "childSObject": "Well__c", "field": "Deal__c", "relationshipName": "Wells__r" }]);
        let mut deal = describe::whole(
            &objects::standard(),
            objects::standard().named("Opportunity").unwrap(),
            60,
        );
        deal["childRelationships"] = children;
        // Source tells no prefix.
        let lead = json!({ "name": "Lead", "fields": [] });
        let org = org(&[well, deal, lead]).unwrap();
        assert_eq!(org.named("Lead").unwrap().prefix, "00Q");
        let well = org.named("well__c").unwrap();
        assert!(well.field("SystemModstamp").is_some());
        assert!(org.objects.iter().filter(|object| object.prefix == well.prefix).count() == 1);
        let deal = org.named("Opportunity").unwrap();
        assert_eq!(org.children_named(deal, "Wells__r").unwrap().0.name, "Well__c");
        assert_eq!(
            org.children_named(deal, "OpportunityContactRoles").unwrap().1.name,
            "OpportunityId"
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_object() {
        for (given, wanted) in [
            (json!({}), "the describe of `#1` cannot be read: expected an object with a `name`"),
            (
                json!({ "name": "A" }),
                "the describe of `A` cannot be read: expected a list `fields`, found none",
            ),
            (
                json!({ "name": "A", "fields": [{ "name": "B", "type": "c" }] }),
                "the describe of `A` cannot be read: field `B` has the type `c`, which is none of Salesforce's",
            ),
        ] {
            assert_eq!(org(&[given]).unwrap_err().to_string(), wanted);
        }
    }
}
