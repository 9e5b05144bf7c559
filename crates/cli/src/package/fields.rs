//! Custom fields and custom objects as metadata.
//!
//! In: objects and fields of a schema. Out: source files. Must not know: maps, permission sets, pages.

use mapping::schema::{Field, Kind, Object, Schemas, System};

use super::xml::{Element, document, flag, group, text};
use super::{SourceFile, custom};

/// The longest label that Salesforce takes.
const LABEL: usize = 40;
/// A text of more characters is a long one.
const SHORT_TEXT: u32 = 255;

/// The file of a custom field. Error: why it cannot be made.
pub(super) fn field(
    object: &Object,
    field: &Field,
    values: &[String],
    schemas: &Schemas,
) -> Result<SourceFile, String> {
    let root = group("CustomField", elements(object, field, values, schemas)?);
    let path = format!("objects/{}/fields/{}.field-meta.xml", object.name, field.name);
    Ok(SourceFile { path, text: document(&root) })
}

/// The file of a custom object.
pub(super) fn object(object: &Object) -> SourceFile {
    let name = object.field("Name");
    let label = label(&object.label);
    let controlled = object.fields.iter().any(|field| is_detail(field) && custom(&field.name));
    let root = group(
        "CustomObject",
        [
            flag("allowInChatterGroups", false),
            text("compactLayoutAssignment", "SYSTEM"),
            text("deploymentStatus", "Deployed"),
            flag("enableActivities", false),
            flag("enableBulkApi", true),
            flag("enableFeeds", false),
            flag("enableHistory", false),
            flag("enableReports", true),
            flag("enableSearch", true),
            flag("enableSharing", true),
            flag("enableStreamingApi", true),
            text("label", &*label),
            group(
                "nameField",
                [
                    text("label", self::label(name.map_or("Name", |name| &name.label))),
                    text("type", "Text"),
                ],
            ),
            text("pluralLabel", plural(&label)),
            text("sharingModel", if controlled { "ControlledByParent" } else { "ReadWrite" }),
        ],
    );
    let path = format!("objects/{0}/{0}.object-meta.xml", object.name);
    SourceFile { path, text: document(&root) }
}

/// Whether a reference makes its record a part of the other one.
pub(super) fn is_detail(field: &Field) -> bool {
    field.kind == Kind::Reference && field.required && !field.update
}

fn label(text: &str) -> String {
    text.chars().take(LABEL).collect()
}

fn plural(label: &str) -> String {
    let plural = match label.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        Some(_) | None => format!("{label}s"),
    };
    self::label(&plural)
}

fn elements(
    object: &Object,
    field: &Field,
    values: &[String],
    schemas: &Schemas,
) -> Result<Vec<Element>, String> {
    let mut all = vec![text("fullName", &*field.name), text("label", label(&field.label))];
    let required = |on: bool| flag("required", on);
    match field.kind {
        Kind::Bool => all.extend([flag("defaultValue", false), text("type", "Checkbox")]),
        Kind::Text | Kind::LongText | Kind::Country | Kind::Currency => {
            all.extend(of_text(field));
        }
        Kind::Number | Kind::Percent => all.extend([
            flag("externalId", field.external_id && field.kind == Kind::Number),
            text("precision", field.precision.unwrap_or(18).to_string()),
            required(field.required),
            text("scale", field.scale.unwrap_or(0).to_string()),
            text("type", if field.kind == Kind::Percent { "Percent" } else { "Number" }),
            flag("unique", field.unique && field.kind == Kind::Number),
        ]),
        Kind::Date => all.extend([required(field.required), text("type", "Date")]),
        Kind::DateTime => all.extend([required(field.required), text("type", "DateTime")]),
        Kind::Email => all.extend([
            flag("externalId", field.external_id),
            required(field.required),
            text("type", "Email"),
            flag("unique", field.unique),
        ]),
        Kind::Phone => all.extend([required(field.required), text("type", "Phone")]),
        Kind::Url => all.extend([required(field.required), text("type", "Url")]),
        Kind::Enum => {
            all.extend([required(field.required), text("type", "Picklist")]);
            all.push(value_set(field, values)?);
        }
        Kind::MultiEnum => {
            all.extend([required(field.required), text("type", "MultiselectPicklist")]);
            all.extend([value_set(field, values)?, text("visibleLines", "4")]);
        }
        Kind::Reference => all.extend(of_reference(object, field, schemas)?),
        Kind::Id | Kind::Object | Kind::List => {
            return Err(format!("no custom field can be {}", field.kind.phrase()));
        }
    }
    Ok(all)
}

fn of_text(field: &Field) -> Vec<Element> {
    let length = field.length.unwrap_or(SHORT_TEXT);
    let required = flag("required", field.required);
    if field.kind == Kind::LongText && length <= SHORT_TEXT {
        return vec![required, text("type", "TextArea")];
    }
    if field.kind == Kind::LongText || length > SHORT_TEXT {
        return vec![
            text("length", length.max(SHORT_TEXT + 1).to_string()),
            text("type", "LongTextArea"),
            text("visibleLines", "4"),
        ];
    }
    let mut all = Vec::new();
    if field.unique {
        all.push(flag("caseSensitive", false));
    }
    all.extend([
        flag("externalId", field.external_id),
        text("length", length.to_string()),
        required,
        text("type", "Text"),
        flag("unique", field.unique),
    ]);
    all
}

/// The list of values: those of the schema, and where it is open those that tables write.
fn value_set(field: &Field, written: &[String]) -> Result<Element, String> {
    let known = field.values.iter().map(|one| (&*one.value, &*one.label, one.active));
    let mut all: Vec<(&str, &str, bool)> = known.collect();
    if !field.restricted {
        for value in written {
            if field.value(value).is_none() {
                all.push((value, value, true));
            }
        }
    }
    if all.is_empty() {
        return Err("its values are not known".to_owned());
    }
    let mut definition = vec![flag("sorted", false)];
    definition.extend(all.into_iter().map(|(value, label, active)| {
        let mut entry = vec![text("fullName", value), flag("default", false)];
        if !active {
            entry.push(flag("isActive", false));
        }
        entry.push(text("label", label));
        group("value", entry)
    }));
    let definition = group("valueSetDefinition", definition);
    Ok(group("valueSet", [flag("restricted", field.restricted), definition]))
}

fn of_reference(object: &Object, field: &Field, schemas: &Schemas) -> Result<Vec<Element>, String> {
    let Some(target) = field.reference_to.as_deref() else {
        return Err("the object that it leads to is not known".to_owned());
    };
    let parent = schemas.object(System::Salesforce, target);
    let list = parent.and_then(|parent| {
        parent.children.iter().find(|list| list.object == object.name && list.field == field.name)
    });
    let name = list.and_then(|list| list.relationship.strip_suffix("__r")).map(str::to_owned);
    let mut all = Vec::new();
    if !is_detail(field) {
        all.extend([text("deleteConstraint", "SetNull"), flag("required", false)]);
    }
    all.push(text("referenceTo", target));
    if let Some(name) = name {
        all.push(text("relationshipLabel", name.replace('_', " ")));
        all.push(text("relationshipName", name));
    }
    if is_detail(field) {
        all.extend([
            text("relationshipOrder", "0"),
            flag("reparentableMasterDetail", false),
            text("type", "MasterDetail"),
            flag("writeRequiresMasterRead", false),
        ]);
    } else {
        all.push(text("type", "Lookup"));
    }
    Ok(all)
}
