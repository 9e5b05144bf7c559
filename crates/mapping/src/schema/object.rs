//! Builds the objects of one schema file: a YAML tree in, objects and complaints out.
//!
//! Must not know: other files (what it cannot settle alone it hands on as [`Lookup`]s).

use super::field::{Around, fields};
use super::form::{Complaints, Cursor, Entry, Form, did_you_mean};
use super::kind::{Kind, System};
use super::model::{Child, Converts, Field, Invites, Object, States};
use super::read::{Node, Step};

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct File {
    /// Its objects, each with the way to its name.
    pub(super) objects: Vec<(Object, Vec<Step>)>,
    /// What has to be looked up in other objects.
    pub(super) lookups: Vec<Lookup>,
}

/// A child relationship whose field is to be found once all objects are known.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) system: System,
    pub(super) object: String,
    pub(super) field: String,
    /// The way to the field's name.
    pub(super) path: Vec<Step>,
}

/// Reads one file's tree.
pub(super) fn read_file(root: &Node, out: &mut Complaints) -> File {
    let root = Cursor::root(root);
    let mut file = File::default();
    if !matches!(root.node, Node::Map(_)) {
        let found = root.node.phrase();
        let message = format!("expected `system` and `objects`, found {found}");
        out.add(&root, message, "begin with `system: partner_center` or `system: salesforce`");
        return file;
    }
    let form = Form::read(&root, "a schema", &["system", "objects"], out);
    let names = System::ALL.map(System::name);
    if form.entry("system").is_none() {
        let message = "there is no `system`".to_owned();
        out.add(&root, message, "add `system: partner_center` or `system: salesforce`");
    }
    let system = form.word("system", &names, out).and_then(System::parse);
    let Some(objects) = form.entry("objects") else {
        out.add(&root, "there are no `objects`".into(), "add `objects:` with one entry for each");
        return file;
    };
    let Some(system) = system else { return file };
    for entry in objects.value.entries("`objects`", out) {
        let object = object(&entry, system, &mut file.lookups, out);
        file.objects.push((object, entry.at.path));
    }
    file
}

fn object(
    entry: &Entry<'_>,
    system: System,
    lookups: &mut Vec<Lookup>,
    out: &mut Complaints,
) -> Object {
    let what = format!("object `{}`", entry.name);
    let known = ["label", "key", "fields", "children", "states", "converts", "invites"];
    let form = Form::read(&entry.value, &what, &known, out);
    let mut object = Object {
        name: entry.name.into(),
        label: form.text("label", out).unwrap_or(entry.name).into(),
        system,
        key: form.text("key", out).unwrap_or_default().into(),
        fields: Vec::new(),
        children: Vec::new(),
        states: None,
        converts: None,
        invites: None,
        record_types: Vec::new(),
        org: None,
        index: Default::default(),
    };
    for name in ["key", "fields"] {
        if form.entry(name).is_none() && matches!(entry.value.node, Node::Map(_)) {
            out.add(&entry.at, format!("{what} has no `{name}`"), format!("add `{name}: …`"));
        }
    }
    if let Some(given) = form.entry("fields") {
        let mut relationships = std::collections::HashSet::new();
        for (field, entry) in fields(&given.value, &Around::object(system), out) {
            if let Some(relationship) = &field.relationship
                && !relationships.insert(relationship.clone())
            {
                let message = format!("two fields have the relationship `{relationship}`");
                out.add(&entry.at, message, "give one of them another name");
            }
            object.fields.push(field);
        }
    }
    known_key(&form, &what, &object, out);
    for field in object.fields.iter_mut().filter(|field| field.name == object.key) {
        field.nullable = false;
    }
    if let Some(given) = form.entry("children") {
        for entry in given.value.entries("`children`", out) {
            object.children.extend(child(&entry, system, lookups, out));
        }
    }
    if let Some(given) = form.entry("states") {
        object.states = Some(states(&given.value, &object, out));
    }
    if let Some(given) = form.entry("converts") {
        object.converts = converts(&given.value, &object, out);
    }
    if let Some(given) = form.entry("invites") {
        object.invites = invites(&given.value, &object, out);
    }
    object
}

/// The key is one of the object's fields.
fn known_key(form: &Form<'_>, what: &str, object: &Object, out: &mut Complaints) {
    let names: Vec<&str> = object.fields.iter().map(|field| field.name.as_str()).collect();
    if let Some(key) = form.entry("key").filter(|_| !object.key.is_empty())
        && !names.contains(&object.key.as_str())
    {
        let message = format!("`key`: {what} has no field `{}`", object.key);
        out.add(&key.value, message, did_you_mean(&object.key, &names));
    }
}

fn child(
    entry: &Entry<'_>,
    system: System,
    lookups: &mut Vec<Lookup>,
    out: &mut Complaints,
) -> Option<Child> {
    let what = format!("child relationship `{}`", entry.name);
    let form = Form::read(&entry.value, &what, &["object", "field"], out);
    let mut given = |name: &str| {
        if form.entry(name).is_none() && matches!(entry.value.node, Node::Map(_)) {
            let help = "write `{ object: CHILD, field: FIELD }`";
            out.add(&entry.at, format!("{what} has no `{name}`"), help);
        }
        form.text(name, out)
    };
    let (object, field) = (given("object"), given("field"));
    let (object, field) = (object?, field?);
    lookups.push(Lookup {
        system,
        object: object.into(),
        field: field.into(),
        path: form.entry("field").map(|entry| entry.value.path.clone()).unwrap_or_default(),
    });
    Some(Child::new(entry.name, object, field))
}

/// Reads what becomes of a record: a check box, and a reference to another object.
fn converts(cursor: &Cursor<'_>, object: &Object, out: &mut Complaints) -> Option<Converts> {
    let form = Form::read(cursor, "`converts`", &["when", "to"], out);
    let names: Vec<&str> = object.fields.iter().map(|field| field.name.as_str()).collect();
    let mut field = |name: &str, what: &str, fits: fn(&Field) -> bool| {
        let Some(entry) = form.entry(name) else {
            if matches!(cursor.node, Node::Map(_)) {
                let help = "write `{ when: CHECK BOX, to: REFERENCE }`";
                out.add(cursor, format!("`converts` has no `{name}`"), help);
            }
            return None;
        };
        let given = form.text(name, out)?;
        match object.field(given) {
            Some(field) if fits(field) => return Some(given.to_owned()),
            Some(_) => {
                let message = format!("`converts`: `{given}` is not {what}");
                out.add(&entry.value, message, format!("name {what}"));
            }
            None => {
                let message = format!("`converts`: there is no field `{given}`");
                out.add(&entry.value, message, did_you_mean(given, &names));
            }
        }
        None
    };
    let when = field("when", "a check box", |field| field.kind == Kind::Bool);
    let to = field("to", "a reference to an object", |field| field.reference_to.is_some());
    Some(Converts { when: when?, to: to? })
}

/// Reads how another party joins; each path leads to a field.
fn invites(cursor: &Cursor<'_>, object: &Object, out: &mut Complaints) -> Option<Invites> {
    let form = Form::read(cursor, "`invites`", &["asks", "nothing", "joined", "while"], out);
    let path = |name: &str, out: &mut Complaints| {
        if form.entry(name).is_none() {
            let help = "write `{ asks: FIELD, joined: FIELD, while: { FIELD: VALUE } }`";
            out.add(cursor, format!("`invites` has no `{name}`"), help);
        }
        let given = form.text(name, out)?;
        known_path(given, &form.entry(name)?.value, object, out).then(|| given.to_owned())
    };
    let (asks, joined) = (path("asks", out), path("joined", out));
    let nothing = form.entry("nothing").map(|entry| entry.value.texts("`nothing`", out));
    let mut during = Vec::new();
    if let Some(entry) = form.entry("while") {
        for test in entry.value.entries("`while`", out) {
            known_path(test.name, &test.at, object, out);
            let value = test.value.text("`while`", out)?;
            during.push((test.name.to_owned(), value.to_owned()));
        }
    }
    let nothing = nothing.unwrap_or_default().into_iter().map(|(text, _)| text.to_owned());
    Some(Invites { asks: asks?, nothing: nothing.collect(), joined: joined?, during })
}

/// Whether a dotted path leads to a field; a complaint when it does not.
fn known_path(path: &str, at: &Cursor<'_>, object: &Object, out: &mut Complaints) -> bool {
    let mut fields = &object.fields;
    for name in path.split('.') {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            let message = format!("`invites`: there is no field `{path}`");
            out.add(at, message, did_you_mean(name, &names));
            return false;
        };
        fields = &field.fields;
    }
    true
}

/// Reads the legal combinations; each value must be one of its field's values.
fn states(cursor: &Cursor<'_>, object: &Object, out: &mut Complaints) -> States {
    let known = ["fields", "pairs", "initial", "moves", "terminal"];
    let form = Form::read(cursor, "`states`", &known, out);
    for name in ["fields", "pairs"] {
        if form.entry(name).is_none() && matches!(cursor.node, Node::Map(_)) {
            out.add(cursor, format!("`states` has no `{name}`"), format!("add `{name}: [ … ]`"));
        }
    }
    let mut states = States::default();
    if let Some(entry) = form.entry("fields") {
        let names: Vec<&str> = object.fields.iter().map(|field| field.name.as_str()).collect();
        for (name, at) in entry.value.texts("`fields`", out) {
            if !names.contains(&name) {
                let message = format!("`states`: there is no field `{name}`");
                out.add(&at, message, did_you_mean(name, &names));
            }
            states.fields.push(name.into());
        }
    }
    let fields = states.fields.clone();
    let mut combinations = |name: &str| {
        let entry = form.entry(name)?;
        let items = entry.value.items(&format!("`{name}`"), out);
        Some(items.iter().filter_map(|item| combination(item, object, &fields, out)).collect())
    };
    states.pairs = combinations("pairs").unwrap_or_default();
    states.initial = combinations("initial").unwrap_or_default();
    states.terminal = combinations("terminal").unwrap_or_default();
    if let Some(entry) = form.entry("moves") {
        for item in entry.value.items("`moves`", out) {
            states.moves.extend(moves(&item, object, &fields, out));
        }
    }
    only_legal(&form, &states, object, out);
    states
}

/// One combination; nothing when a part of it is wrong.
fn combination(
    cursor: &Cursor<'_>,
    object: &Object,
    fields: &[String],
    out: &mut Complaints,
) -> Option<Vec<String>> {
    let before = out.0.len();
    let texts = cursor.texts("a combination", out);
    if out.0.len() == before && texts.len() != fields.len() {
        let message = format!(
            "a combination has one value for each of {} fields, found {}",
            fields.len(),
            texts.len()
        );
        out.add(cursor, message, format!("write `[{}]` with a value each", fields.join(", ")));
    }
    for ((value, at), name) in texts.iter().zip(fields) {
        let Some(field) = object.field(name) else { continue };
        if field.value(value).is_none() {
            let known: Vec<&str> = field.values.iter().map(|entry| entry.value.as_str()).collect();
            let message = format!("`{name}` has no value `{value}`");
            out.add(at, message, did_you_mean(value, &known));
        }
    }
    (out.0.len() == before).then(|| texts.iter().map(|(text, _)| (*text).to_owned()).collect())
}

/// `{ from: [New, Pending], to: [[Active, Accepted]] }`, as one move for each target.
fn moves(
    cursor: &Cursor<'_>,
    object: &Object,
    fields: &[String],
    out: &mut Complaints,
) -> Vec<(Vec<String>, Vec<String>)> {
    let form = Form::read(cursor, "a move", &["from", "to"], out);
    let (Some(from), Some(to)) = (form.entry("from"), form.entry("to")) else {
        if matches!(cursor.node, Node::Map(_)) {
            let help = "write `{ from: [ … ], to: [[ … ], [ … ]] }`";
            out.add(cursor, "a move needs `from` and `to`".into(), help);
        }
        return Vec::new();
    };
    let from = combination(&from.value, object, fields, out);
    let to = to.value.items("`to`", out);
    let to = to.iter().filter_map(|item| combination(item, object, fields, out));
    let to: Vec<Vec<String>> = to.collect();
    from.map_or_else(Vec::new, |from| to.into_iter().map(|to| (from.clone(), to)).collect())
}

/// New records and moves may use only combinations of `pairs`, and nothing leaves a terminal one.
fn only_legal(form: &Form<'_>, states: &States, object: &Object, out: &mut Complaints) {
    let legal = |pair: &Vec<String>| states.pairs.contains(pair);
    for (name, wrong) in [
        ("initial", states.initial.iter().find(|pair| !legal(pair))),
        ("moves", states.moves.iter().flat_map(|(from, to)| [from, to]).find(|pair| !legal(pair))),
    ] {
        if let (Some(pair), Some(entry)) = (wrong, form.entry(name)) {
            let message = format!("`{name}`: [{}] is not one of `pairs`", pair.join(", "));
            out.add(&entry.at, message, "add it to `pairs`, or remove it here");
        }
    }
    let leaves = states.moves.iter().find(|(from, _)| states.terminal.contains(from));
    if let (Some((from, _)), Some(entry)) = (leaves, form.entry("terminal")) {
        let from = from.join(", ");
        let message = format!("`terminal`: `{}` has a move away from [{from}]", object.name);
        out.add(&entry.at, message, "remove the move, or the combination here");
    }
}
