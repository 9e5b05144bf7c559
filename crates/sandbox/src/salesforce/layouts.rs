//! How pages show an object. In come definitions; out go layouts with the values that each record type admits.
//! Every object has one layout with all its fields. It must not know rows.

use serde_json::{Value, json};

use crate::salesforce::{
    describe, ids,
    model::{Field, Kind, Object, Org},
    record_types,
    refusal::{Done, not_found},
};

/// Fields that a compact layout shows at most.
const COMPACT: usize = 5;

/// `GET /sobjects/X/describe/layouts`.
pub(crate) fn all(org: &Org, object: &Object, version: u32) -> Value {
    json!({
        "layouts": [layout(org, object)],
        "recordTypeMappings": record_types::mappings(object, &layout_id(org, object), version),
        "recordTypeSelectorRequired": [object.record_types.len() > 1],
    })
}

/// `GET /sobjects/X/describe/layouts/{record type}`: the layout of its pages.
pub(crate) fn one(org: &Org, object: &Object, record_type: &str) -> Done<Value> {
    let id = ids::read(record_type).ok_or_else(not_found)?;
    if record_types::has(object, &id) { Ok(layout(org, object)) } else { Err(not_found()) }
}

/// An id that lasts as long as the organisation's objects.
fn layout_id(org: &Org, object: &Object) -> String {
    let place = org.objects.iter().position(|other| other.name == object.name);
    ids::make("00h", place.and_then(|place| i64::try_from(place + 1).ok()).unwrap_or_default())
}

fn layout(org: &Org, object: &Object) -> Value {
    let is_shown = |field: &&Field| !matches!(field.kind, Kind::Id) && field.name != "IsDeleted";
    let fields: Vec<&Field> = object.fields.iter().filter(is_shown).collect();
    let rows: Vec<Value> = fields
        .chunks(2)
        .map(|pair| {
            let items: Vec<Value> = pair.iter().map(|field| item(object, field)).collect();
            json!({ "layoutItems": items, "numItems": items.len() })
        })
        .collect();
    let section = json!([{
        "collapsed": false,
        "columns": 2,
        "heading": format!("{} Information", object.label),
        "layoutRows": rows,
        "layoutSectionId": null,
        "parentLayoutId": layout_id(org, object),
        "rows": rows.len(),
        "tabOrder": "LeftToRight",
        "useCollapsibleSection": false,
        "useHeading": true,
    }]);
    let lists: Vec<Value> = org
        .children(object)
        .filter_map(|(child, by, link)| {
            let name = link.children.as_ref()?;
            Some(json!({
                "accessLevelRequiredForCreate": null,
                "buttons": [],
                "columns": [],
                "custom": child.is_custom(),
                "field": by.name,
                "label": child.plural,
                "limitRows": 5,
                "name": name,
                "sobject": child.name,
                "sort": [],
            }))
        })
        .collect();
    json!({
        "buttonLayoutSection": { "detailButtons": [] },
        "detailLayoutSections": section,
        "editLayoutSections": section,
        "feedView": null,
        "highlightsPanelLayoutSection": null,
        "id": layout_id(org, object),
        "multirowEditLayoutSections": [],
        "offlineLinks": [],
        "quickActionList": { "quickActionListItems": [] },
        "relatedContent": null,
        "relatedLists": lists,
        "saveOptions": [],
    })
}

fn item(object: &Object, field: &Field) -> Value {
    json!({
        "editableForNew": object.writable && field.access.on_create(),
        "editableForUpdate": object.writable && field.access.on_update(),
        "label": field.label,
        "layoutComponents": [{
            "details": describe::field(object, field),
            "displayLines": 1,
            "tabOrder": 0,
            "type": "Field",
            "value": field.name,
        }],
        "placeholder": false,
        "required": field.required && !field.defaulted,
    })
}

/// `GET /sobjects/X/describe/compactLayouts`.
pub(crate) fn compact(object: &Object, version: u32) -> Value {
    let named = object.fields.iter().filter(|field| field.names_the_row);
    let others = object.fields.iter().filter(|field| field.required && !field.names_the_row);
    let items: Vec<Value> =
        named.chain(others).take(COMPACT).map(|field| item(object, field)).collect();
    let base = format!("/services/data/v{version}.0/sobjects/{}/describe", object.name);
    json!({
        "compactLayouts": [{
            "actions": [],
            "fieldItems": items,
            "id": null,
            "imageItems": [],
            "label": "System Default",
            "name": "SYSTEM",
            "objectType": object.name,
        }],
        "defaultCompactLayoutId": null,
        "recordTypeCompactLayoutMappings": record_types::compact(object),
        "urls": { "primary": format!("{base}/compactLayouts/primary") },
    })
}
