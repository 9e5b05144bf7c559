//! The Avro schema of an object's change events. In come an object and its fields; out go the schema as
//! JSON, its id, and where a field of the REST API stands in it. It must not know rows or subscribers.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    database::Result,
    salesforce::model::{Face, Field, Kind, Object, Org},
    sign,
    store::Tx,
};

/// Standard objects that have change events; custom ones all have.
const CAPTURED: &[&str] = &[
    "Account",
    "AccountContactRole",
    "Asset",
    "Campaign",
    "Case",
    "Contact",
    "ContractLineItem",
    "Entitlement",
    "Event",
    "EventRelation",
    "Lead",
    "ListEmail",
    "Opportunity",
    "OpportunityContactRole",
    "Order",
    "OrderItem",
    "ServiceContract",
    "Task",
    "User",
];

const ADDRESS_PARTS: [&str; 7] =
    ["Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode"];

/// Whether changes of an object can be subscribed to.
pub(crate) fn is_captured(object: &str) -> bool {
    object.ends_with("__c") || CAPTURED.contains(&object)
}

/// `OpportunityChangeEvent`, or `Thing__ChangeEvent` for `Thing__c`.
pub(crate) fn event_name(object: &str) -> String {
    match object.strip_suffix("__c") {
        Some(custom) => format!("{custom}__ChangeEvent"),
        None => format!("{object}ChangeEvent"),
    }
}

/// The object of an event's name, if it has events. Names of channels are case-sensitive.
pub(crate) fn object_of(tx: &Tx<'_>, event: &str) -> Result<Option<String>> {
    let object = match event.strip_suffix("__ChangeEvent") {
        Some(custom) => format!("{custom}__c"),
        None => event.strip_suffix("ChangeEvent").unwrap_or_default().to_owned(),
    };
    Ok(tx.doc(NOW, &object)?.map(|_| object))
}

/// Whether a field's values travel in events.
pub(crate) fn is_in_events(object: &Object, field: &Field) -> bool {
    if field.calculated || matches!(field.kind, Kind::Address | Kind::Base64) {
        return false;
    }
    match field.name.as_str() {
        // The later ones are worked out by Salesforce, like formulas, and by who looks.
        "Id" | "IsDeleted" | "SystemModstamp" | "LastActivityDate" | "ExpectedRevenue"
        | "Fiscal" | "FiscalQuarter" | "FiscalYear" | "LastViewedDate" | "LastReferencedDate"
        | "PhotoUrl" | "MasterRecordId" => false,
        "Name" => !has_person_name(object),
        _ => true,
    }
}

fn has_person_name(object: &Object) -> bool {
    object.field("LastName").is_some()
}

/// The compound address that a field is a part of: its prefix.
pub(crate) fn address_prefix<'a>(object: &Object, name: &'a str) -> Option<&'a str> {
    let prefix = ADDRESS_PARTS.iter().find_map(|part| name.strip_suffix(part))?;
    object.field(&format!("{prefix}Street")).map(|_| prefix)
}

/// The schema of an object's events.
pub(crate) fn schema(object: &Object) -> Value {
    let mut fields = vec![header()];
    let mut address_is_named = false;
    let mut seen: Vec<String> = Vec::new();
    for field in object.fields.iter().filter(|field| is_in_events(object, field)) {
        let (name, kind, doc) = if let Some(prefix) = address_prefix(object, &field.name) {
            let kind = if address_is_named { json!("Address") } else { address() };
            address_is_named |= !seen.contains(&format!("{prefix}Address"));
            (format!("{prefix}Address"), json!(["null", kind]), "Data:Address".to_owned())
        } else if has_person_name(object)
            && matches!(field.name.as_str(), "LastName" | "FirstName" | "Salutation")
        {
            let kind = json!(["null", person("PersonName")]);
            ("Name".to_owned(), kind, "Data:PersonName".to_owned())
        } else if object.name == "Account" && field.name == "Name" {
            let kind = json!(["null", "string", person("Switchable_PersonName")]);
            ("Name".to_owned(), kind, "Data:Switchable_PersonName".to_owned())
        } else {
            let (kind, doc) = primitive(field);
            (field.name.clone(), json!(["null", kind]), doc.to_owned())
        };
        if seen.contains(&name) {
            continue;
        }
        fields.push(json!({ "name": name, "type": kind, "doc": doc, "default": null }));
        seen.push(name);
    }
    json!({
        "type": "record",
        "name": event_name(&object.name),
        "namespace": "com.sforce.eventbus",
        "fields": fields,
    })
}

fn header() -> Value {
    let texts = json!({ "type": "array", "items": "string" });
    let kinds = [
        "CREATE",
        "UPDATE",
        "DELETE",
        "UNDELETE",
        "GAP_CREATE",
        "GAP_UPDATE",
        "GAP_DELETE",
        "GAP_UNDELETE",
        "GAP_OVERFLOW",
        "SNAPSHOT",
    ];
    let kinds = json!({ "type": "enum", "name": "ChangeType", "symbols": kinds });
    let fields: Vec<Value> = [
        ("entityName", json!("string")),
        ("recordIds", texts.clone()),
        ("changeType", kinds),
        ("changeOrigin", json!("string")),
        ("transactionKey", json!("string")),
        ("sequenceNumber", json!("int")),
        ("commitTimestamp", json!("long")),
        ("commitNumber", json!("long")),
        ("commitUser", json!("string")),
        ("nulledFields", texts.clone()),
        ("diffFields", texts.clone()),
        ("changedFields", texts),
    ]
    .into_iter()
    .map(|(name, kind)| json!({ "name": name, "type": kind }))
    .collect();
    let record = json!({ "type": "record", "name": "ChangeEventHeader", "fields": fields });
    json!({ "name": "ChangeEventHeader", "type": record, "doc": "Data:ComplexValueType" })
}

fn optional(name: &str, kind: &str) -> Value {
    json!({ "name": name, "type": ["null", kind], "default": null })
}

fn address() -> Value {
    let mut fields: Vec<Value> =
        ADDRESS_PARTS.iter().map(|part| optional(part, "string")).collect();
    fields.push(optional("Latitude", "double"));
    fields.push(optional("Longitude", "double"));
    fields.push(optional("GeocodeAccuracy", "string"));
    json!({ "type": "record", "name": "Address", "fields": fields })
}

fn person(name: &str) -> Value {
    let parts = ["Salutation", "FirstName", "LastName"].map(|part| optional(part, "string"));
    json!({ "type": "record", "name": name, "fields": parts })
}

/// Avro's type and Salesforce's word for a field that stands alone.
fn primitive(field: &Field) -> (&'static str, &'static str) {
    match field.kind {
        Kind::Id | Kind::Reference(_) => ("string", "ForeignKey:EntityId"),
        // It has a record of its own.
        Kind::Address => ("string", "Data:Address"),
        // Not in events.
        Kind::Base64 => ("string", "Data:Base64"),
        Kind::Text(_) => ("string", "Data:Text"),
        Kind::Area(_) => ("string", "Data:StringPlusClob"),
        Kind::Phone(_) => ("string", "Data:Phone"),
        Kind::Email(_) => ("string", "Data:Email"),
        Kind::Url(_) => ("string", "Data:Url"),
        Kind::Picklist { several: true, .. } => ("string", "Data:MultiEnum"),
        Kind::Picklist { several: false, .. } => ("string", "Data:DynamicEnum"),
        Kind::Checkbox => ("boolean", "Data:Boolean"),
        Kind::Whole(_) => ("int", "Data:Integer"),
        Kind::Number { face: Face::Currency, .. } => ("double", "Data:Currency"),
        Kind::Number { face: Face::Percent, .. } => ("double", "Data:Percent"),
        Kind::Number { face: Face::Plain, .. } => ("double", "Data:Double"),
        Kind::Day => ("long", "Data:DateOnly"),
        Kind::Moment if field.name == "CreatedDate" => ("long", "CreatedDate:DateTime"),
        Kind::Moment => ("long", "Data:DateTime"),
    }
}

/// The id of a schema: 22 characters that change with it.
pub(crate) fn id(schema: &Value) -> String {
    sign::fingerprint(schema.to_string().as_bytes())
}

/// The record inside a field's type, if there is one: its fields.
pub(crate) fn nested<'a>(schema: &'a Value, field: &'a Value) -> Option<&'a Vec<Value>> {
    let kinds = field.get("type")?.as_array()?;
    for kind in kinds {
        let record = match kind.as_str() {
            Some("Address") => named_address(schema)?,
            Some(_) => continue,
            None => kind,
        };
        if record.get("type").and_then(Value::as_str) == Some("record") {
            return record.get("fields")?.as_array();
        }
    }
    None
}

fn named_address(schema: &Value) -> Option<&Value> {
    let fields = schema.get("fields")?.as_array()?;
    let kinds = fields.iter().filter_map(|field| field.get("type")?.as_array()).flatten();
    kinds.into_iter().find(|kind| kind.get("name").and_then(Value::as_str) == Some("Address"))
}

/// The name of a part by its compound field: `BillingAddress` and `City` is `BillingCity` in REST.
pub(crate) fn flat_name(compound: &str, part: &str) -> String {
    match compound.strip_suffix("Address") {
        Some(prefix) => format!("{prefix}{part}"),
        None => part.to_owned(),
    }
}

/// Where a field of the REST API stands: its place, and its place inside a compound field.
pub(crate) fn place(schema: &Value, flat: &str) -> Option<(usize, Option<usize>)> {
    let fields = schema.get("fields")?.as_array()?;
    for (outer, field) in fields.iter().enumerate().skip(1) {
        let name = field.get("name").and_then(Value::as_str).unwrap_or_default();
        let is_text = |kind: &Value| kind == "string";
        let has_text =
            field.get("type").and_then(Value::as_array).is_some_and(|k| k.iter().any(is_text));
        if name == flat {
            return Some((outer, None));
        }
        let fits = |part: &Value| {
            let part = part.get("name").and_then(Value::as_str).unwrap_or_default();
            flat_name(name, part) == flat
        };
        // The parts of a switchable name are those of person accounts.
        let parts = nested(schema, field).filter(|_| !has_text);
        if let Some(inner) = parts.and_then(|parts| parts.iter().position(fits)) {
            return Some((outer, Some(inner)));
        }
    }
    None
}

const KIND: &str = "salesforce-event-schema";
const NOW: &str = "salesforce-event-schema-now";

/// Keeps the schemas of all objects as they are now, beside those of old events.
pub(crate) fn keep_all(tx: &Tx<'_>, org: &Org) -> Result<()> {
    for object in org.objects.iter().filter(|object| is_captured(&object.name)) {
        let schema = schema(object);
        let id = id(&schema);
        if current(tx, &object.name)?.is_some_and(|(current, _)| current == id) {
            continue;
        }
        let from = tx.newest_replay_id()?;
        let kept = json!({ "entity": object.name, "from": from, "schema": schema.to_string() });
        tx.put_doc(KIND, &id, &kept)?;
        tx.put_doc(NOW, &object.name, &json!(id))?;
    }
    Ok(())
}

/// Id and text of the schema of an object's new events.
pub(crate) fn current(tx: &Tx<'_>, object: &str) -> Result<Option<(String, String)>> {
    let id = tx.doc(NOW, object)?;
    let Some(id) = id.as_ref().and_then(Value::as_str) else {
        return Ok(None);
    };
    Ok(by_id(tx, id)?.map(|schema| (id.to_owned(), schema)))
}

/// The text of a schema.
pub(crate) fn by_id(tx: &Tx<'_>, id: &str) -> Result<Option<String>> {
    let kept = tx.doc(KIND, id)?;
    Ok(kept.as_ref().and_then(|kept| kept.get("schema")?.as_str()).map(str::to_owned))
}

/// The schemas that a reader of the log has seen, parsed.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pages: Vec<Page>,
}

#[derive(Debug)]
struct Page {
    entity: String,
    from: i64,
    id: String,
    schema: Arc<Value>,
}

impl Book {
    /// Id and schema that a change was written with.
    pub(crate) fn find(
        &mut self,
        tx: &Tx<'_>,
        entity: &str,
        number: i64,
    ) -> Result<Option<(String, Arc<Value>)>> {
        let now = tx.doc(NOW, entity)?;
        let now = now.as_ref().and_then(Value::as_str).unwrap_or_default();
        if !self.pages.iter().any(|page| page.id == now) {
            self.pages.clear();
            for (id, kept) in tx.docs(KIND)? {
                let text = |name: &str| kept.get(name).and_then(Value::as_str).unwrap_or_default();
                self.pages.push(Page {
                    entity: text("entity").to_owned(),
                    from: kept.get("from").and_then(Value::as_i64).unwrap_or_default(),
                    schema: Arc::new(serde_json::from_str(text("schema"))?),
                    id,
                });
            }
        }
        let older = self.pages.iter().filter(|page| page.entity == entity && page.from < number);
        let page = older.max_by_key(|page| page.from);
        Ok(page.map(|page| (page.id.clone(), Arc::clone(&page.schema))))
    }
}

/// The flat values of a change, nested as the schema says.
pub(crate) fn nest(schema: &Value, values: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    let fields = schema.get("fields").and_then(Value::as_array);
    for field in fields.map(Vec::as_slice).unwrap_or_default().iter().skip(1) {
        let name = field.get("name").and_then(Value::as_str).unwrap_or_default();
        let own = values.get(name).filter(|_| place(schema, name).is_some_and(|p| p.1.is_none()));
        if let Some(value) = own {
            out.insert(name.to_owned(), value.clone());
            continue;
        }
        let mut inner = Map::new();
        for part in nested(schema, field).map(Vec::as_slice).unwrap_or_default() {
            let part = part.get("name").and_then(Value::as_str).unwrap_or_default();
            if let Some(value) = values.get(&flat_name(name, part)) {
                inner.insert(part.to_owned(), value.clone());
            }
        }
        if !inner.is_empty() {
            out.insert(name.to_owned(), Value::Object(inner));
        }
    }
    out
}
