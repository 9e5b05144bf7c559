//! `cosell schema show`: what is known of both sides' objects and fields. (`pull` has its own file.)
//!
//! In: a name such as `Opportunity` or `Referral.details.dealValue`, or none. Out: objects, the
//! fields of one, or one field in full. Must not know: where schemas come from.

mod pull;

use std::fmt::Write as _;
use std::path::Path;

use mapping::problem::nearest;
use mapping::schema::{Access, Field, Kind, Object, Schemas, System};
use serde_json::{Value, json};

use crate::command::{SchemaCommand, SchemaShow};
use crate::project::Project;
use crate::terminal::{Color, Outcome, Stop, count, print, tell};

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// For people.
    Human,
    /// For machines.
    Json,
}

/// Longer cells push what is behind them to the right.
const WIDEST: usize = 50;

/// So many characters of a list of values fit on a line.
const SHORT: usize = 44;

/// Carries out a command about schemas.
pub(crate) fn run(command: &SchemaCommand, color: Color) -> Result<Outcome, Stop> {
    match command {
        SchemaCommand::Show(args) => show(args),
        SchemaCommand::Pull(args) => pull::run(args, color),
    }
}

/// Shows what a name means; all objects without one.
fn show(args: &SchemaShow) -> Result<Outcome, Stop> {
    let (what, org, face) = (args.what.as_deref(), args.org.as_deref(), args.format.into());
    let mut project = Project::against(org, &[])?;
    for note in project.notes() {
        tell(&format!("note: {note}\n"));
    }
    let Some(schemas) = project.schemas_of(Path::new(""))? else {
        return Err(Stop::because(
            "the schemas cannot be read",
            "`cosell check` says what is wrong with them",
        ));
    };
    let text = match what {
        None => objects(schemas, face),
        Some(what) => {
            let (object, path) = find(schemas, what)?;
            match (path, face) {
                (None, Face::Human) => object_text(object),
                (None, Face::Json) => format!("{:#}\n", object_json(object)),
                (Some((path, field)), Face::Human) => field_text(&path, field),
                (Some((path, field)), Face::Json) => format!("{:#}\n", field_json(&path, field)),
            }
        }
    };
    print(&text)?;
    Ok(Outcome::Fine)
}

fn all(schemas: &Schemas) -> impl Iterator<Item = &Object> {
    [System::PartnerCenter, System::Salesforce].into_iter().flat_map(|s| schemas.objects(s))
}

/// A field and the dotted names that lead to it.
type Row<'s> = (String, &'s Field);

/// The fields of an object, members of groups and of lists' elements behind their own.
fn rows(object: &Object) -> Vec<Row<'_>> {
    fn add<'s>(fields: &'s [Field], before: &str, rows: &mut Vec<Row<'s>>) {
        for field in fields {
            let path = format!("{before}{}", field.name);
            rows.push((path.clone(), field));
            let inside = if field.kind == Kind::List { "[…]." } else { "." };
            add(&field.fields, &format!("{path}{inside}"), rows);
        }
    }
    let mut found = Vec::new();
    add(&object.fields, "", &mut found);
    found
}

fn find<'s>(schemas: &'s Schemas, what: &str) -> Result<(&'s Object, Option<Row<'s>>), Stop> {
    let (name, path) = what.split_once('.').map_or((what, None), |(name, path)| (name, Some(path)));
    let Some(object) = all(schemas).find(|object| object.name == name) else {
        let near = nearest(name, all(schemas).map(|object| object.name.as_str()));
        let help = near.map_or_else(
            || "`cosell schema show` lists the objects that there are".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Stop::because(format!("there is no object `{name}`"), help));
    };
    let Some(path) = path else { return Ok((object, None)) };
    let plain = |path: &str| path.replace("[…]", "");
    let rows = rows(object);
    if let Some(row) = rows.iter().find(|(known, _)| plain(known) == plain(path)) {
        return Ok((object, Some(row.clone())));
    }
    let near = nearest(path, rows.iter().map(|(known, _)| known.as_str()));
    let help = near.map_or_else(
        || format!("`cosell schema show {name}` lists its fields"),
        |near| format!("did you mean `{name}.{near}`?"),
    );
    Err(Stop::because(format!("`{name}` has no field `{path}`"), help))
}

fn objects(schemas: &Schemas, face: Face) -> String {
    if face == Face::Json {
        let rows: Vec<Value> = all(schemas)
            .map(|object| {
                json!({
                    "system": object.system.name(),
                    "object": object.name,
                    "label": object.label,
                    "fields": rows(object).len(),
                    "org": object.org,
                })
            })
            .collect();
        return format!("{:#}\n", Value::Array(rows));
    }
    let table: Vec<Vec<String>> = all(schemas)
        .map(|object| {
            vec![
                object.system.name().to_owned(),
                object.name.clone(),
                count(rows(object).len(), "field"),
                object.label.clone(),
            ]
        })
        .collect();
    columns(&table)
}

fn object_text(object: &Object) -> String {
    let mut text = format!("{} ({}), {}\n\n", object.name, object.label, object.system.name());
    let table: Vec<Vec<String>> = rows(object)
        .iter()
        .map(|(path, field)| {
            vec![path.clone(), type_of(field), written(field).to_owned(), facts(field)]
        })
        .collect();
    text.push_str(&columns(&table));
    if !object.children.is_empty() {
        text.push_str("\nchildren\n");
        let table: Vec<Vec<String>> = object
            .children
            .iter()
            .map(|child| vec![format!("  {}", child.relationship), child.object.clone()])
            .collect();
        text.push_str(&columns(&table));
    }
    if !object.record_types.is_empty() {
        let names = object.record_types.iter().map(|kind| {
            let mark = if kind.active { "" } else { " (inactive)" };
            format!("{}{mark}", kind.name)
        });
        let _ = writeln!(text, "\nrecord types: {}", names.collect::<Vec<_>>().join(", "));
    }
    text
}

fn field_text(path: &str, field: &Field) -> String {
    let mut table = vec![
        vec!["label".to_owned(), field.label.clone()],
        vec!["holds".to_owned(), type_of(field)],
        vec!["written".to_owned(), written(field).to_owned()],
        vec!["required".to_owned(), yes_no(field.required)],
        vec!["can be cleared".to_owned(), yes_no(field.clearable)],
    ];
    let mut more = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            table.push(vec![name.to_owned(), value]);
        }
    };
    more("patch path", field.patch.clone());
    more("computed", field.computed.map(str::to_owned));
    more("never goes back from", field.one_way.map(|flag| flag.to_string()));
    more("only until shared", field.until_shared.then(|| "yes".to_owned()));
    more("consent", field.consent.then(|| "yes".to_owned()));
    more("external id", field.external_id.then(|| "yes".to_owned()));
    more("unique", field.unique.then(|| "yes".to_owned()));
    more("leads to", field.reference_to.clone());
    more("reached by", field.relationship.clone());
    more("chosen by", field.controlled_by.clone());
    more("key of its elements", field.key.clone());
    let mut text = format!("{path}\n{}", columns(&table));
    if !field.values.is_empty() {
        let others = if field.restricted { "no others" } else { "others may occur" };
        let _ = writeln!(text, "values ({others})");
        for value in &field.values {
            let inactive = if value.active { "" } else { "  (inactive)" };
            let _ = writeln!(text, "  {}{inactive}", value.value);
        }
    }
    text
}

fn yes_no(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

/// What it holds, with its size.
fn type_of(field: &Field) -> String {
    let name = field.kind.name();
    match (field.length, field.precision) {
        (_, Some(precision)) => format!("{name} {precision},{}", field.scale.unwrap_or(0)),
        (Some(length), None) if field.kind.is_text() => format!("{name} {length}"),
        (Some(_) | None, None) => name.to_owned(),
    }
}

fn written(field: &Field) -> &'static str {
    match field.access() {
        Access::Never => "read-only",
        Access::Create => "on create only",
        Access::Update => "later only",
        Access::Always => "always",
    }
}

/// What else matters, on one line.
fn facts(field: &Field) -> String {
    let mut facts = Vec::new();
    if field.required {
        facts.push("required".to_owned());
    }
    facts.extend(field.reference_to.as_ref().map(|to| format!("leads to {to}")));
    facts.extend(field.computed.map(str::to_owned));
    let mut values = String::new();
    for (at, value) in field.values.iter().filter(|value| value.active).enumerate() {
        if values.chars().count() + value.value.chars().count() > SHORT {
            let _ = write!(values, ", … ({})", field.values.len());
            break;
        }
        values.push_str(if at > 0 { ", " } else { "" });
        values.push_str(&value.value);
    }
    if !values.is_empty() {
        facts.push(values);
    }
    facts.join("; ")
}

/// Cells below one another; nothing behind the last.
fn columns(table: &[Vec<String>]) -> String {
    let wide = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        table.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..wide).map(|column| width(column).min(WIDEST)).collect();
    let mut text = String::new();
    for row in table {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn object_json(object: &Object) -> Value {
    json!({
        "system": object.system.name(),
        "object": object.name,
        "label": object.label,
        "key": object.key,
        "org": object.org,
        "fields": rows(object).iter().map(|(path, f)| field_json(path, f)).collect::<Vec<_>>(),
        "children": object.children.iter().map(|child| json!({
            "relationship": child.relationship,
            "object": child.object,
            "field": child.field,
        })).collect::<Vec<_>>(),
        "record_types": object.record_types.iter().map(|kind| json!({
            "name": kind.name,
            "label": kind.label,
            "active": kind.active,
        })).collect::<Vec<_>>(),
    })
}

fn field_json(path: &str, field: &Field) -> Value {
    json!({
        "path": path,
        "label": field.label,
        "type": field.kind.name(),
        "length": field.length,
        "precision": field.precision,
        "scale": field.scale,
        "create": field.create,
        "update": field.update,
        "required": field.required,
        "clearable": field.clearable,
        "patch": field.patch,
        "computed": field.computed,
        "references": field.reference_to,
        "relationship": field.relationship,
        "restricted": field.restricted,
        "one_way": field.one_way,
        "until_shared": field.until_shared,
        "consent": field.consent,
        "external_id": field.external_id,
        "unique": field.unique,
        "controlled_by": field.controlled_by,
        "key": field.key,
        "values": field.values.iter().map(|value| json!({
            "value": value.value,
            "label": value.label,
            "active": value.active,
        })).collect::<Vec<_>>(),
    })
}
