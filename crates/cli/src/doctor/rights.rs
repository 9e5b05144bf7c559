//! What the sync user may only read of what the maps write: told by object, with the right that lacks.
//!
//! In: objects as the org describes them to the sync user, a map. Out: checks, and the map's report as it would be
//! with these rights. Must not know: how a map is checked, what the other checks say.
//!
//! A map is checked against what the user may do, so a right that lacks reads there like a fault of the map. What is
//! said no more once the rights are given is about the rights.

use mapping::Compiled;
use mapping::plan::{ObjectUse, Uses};
use mapping::problem::Severity;
use mapping::schema::{Access, Schemas, System};
use serde_json::{Value, json};

use super::Check;

const ID: &str = "salesforce-maps";

/// A map with the rights that it needs.
pub(super) struct Given {
    /// What lacks, by object.
    pub(super) checks: Vec<Check>,
    /// The map and the objects as they would be with these rights: what is wrong besides.
    pub(super) compiled: Compiled,
    pub(super) known: Schemas,
}

/// An object's file, as the org describes it.
type File = (String, String);

/// Reads the map against objects.
type Compile<'c> = dyn FnMut(&[File]) -> Option<(Compiled, Schemas)> + 'c;

/// What of a map is wrong for want of a right; nothing when no right lacks.
pub(super) fn look(files: &[File], own: &Compiled, compile: &mut Compile<'_>) -> Option<Given> {
    let described: Vec<Value> =
        files.iter().filter_map(|(_, text)| serde_json::from_str(text).ok()).collect();
    let opened: Vec<File> = files.iter().map(|(name, text)| (name.clone(), open(text))).collect();
    let (compiled, known) = compile(&opened)?;
    let checks = if let Some(plan) = &compiled.plan {
        lacking(&described, &plan.uses(&known))
    } else {
        // Something else is wrong too: only those objects that make a difference.
        let errors = errors(own);
        let mut differs = |object: &Value| {
            let text = |(name, text): &File| {
                let is_it = serde_json::from_str::<Value>(text).is_ok_and(|it| it == *object);
                (name.clone(), if is_it { open(text) } else { text.clone() })
            };
            let files: Vec<File> = files.iter().map(text).collect();
            compile(&files).is_some_and(|(it, _)| self::errors(&it) < errors)
        };
        let all = ObjectUse { edit: true, ..ObjectUse::default() };
        let closed = described.iter().filter(|object| closed(object) && differs(object));
        closed.filter_map(|object| of_object(object, &all)).collect()
    };
    (!checks.is_empty()).then_some(Given { checks, compiled, known })
}

fn errors(compiled: &Compiled) -> usize {
    let all = compiled.report.problems().iter();
    all.filter(|problem| problem.severity == Severity::Error).count()
}

/// What lacks of what is done with each object.
fn lacking(described: &[Value], uses: &Uses) -> Vec<Check> {
    let mut checks = Vec::new();
    for (object, used) in
        described.iter().filter_map(|object| Some((object, uses.get(name(object))?)))
    {
        if let Some(check) = of_object(object, used) {
            checks.push(check);
            continue;
        }
        let written = |field: &&Value| used.fields.get(name(field)).is_some_and(|used| used.write);
        let of = fields(object).iter().filter(written).filter(|field| locked(object, field));
        let of: Vec<String> = of.map(|field| format!("{}.{}", name(object), name(field))).collect();
        if !of.is_empty() {
            let said = format!("the sync user may read {}, and not edit it", of.join(", "));
            checks.push(Check::wrong(
                ID,
                said,
                "let the sync user edit it (permission set Cosell_Sync), not read it only",
            ));
        }
    }
    checks
}

/// The rights to the object itself.
fn of_object(object: &Value, used: &ObjectUse) -> Option<Check> {
    let wanted = [
        (used.create, "createable", "Create"),
        (used.edit, "updateable", "Edit"),
        (used.delete, "deletable", "Delete"),
    ];
    let lacks = wanted.iter().filter(|(wanted, flag, _)| *wanted && is(object, flag, false));
    let lacks: Vec<&str> = lacks.map(|(_, _, right)| *right).collect();
    let (object, rights) = (name(object), lacks.join(", "));
    (!lacks.is_empty()).then(|| {
        let said = format!("the sync user may read {object}, and lacks {rights} there");
        let to_do =
            format!("give it {rights} on {object} (permission set Cosell_Sync, Object Settings)");
        Check::wrong(ID, said, to_do)
    })
}

/// An object's describe as it is for a user who may edit it.
fn open(text: &str) -> String {
    let Ok(mut object) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let whole = closed(&object);
    let locked: Vec<bool> = fields(&object)
        .iter()
        .map(|field| (whole && is_filled_in(&object, field)) || locked(&object, field))
        .collect();
    let fields = object.get_mut("fields").and_then(Value::as_array_mut);
    for (field, _) in fields.into_iter().flatten().zip(locked).filter(|(_, locked)| *locked) {
        for right in ["createable", "updateable"] {
            if let Some(flag) = field.get_mut(right) {
                *flag = json!(true);
            }
        }
    }
    object.to_string()
}

/// Whether the user may not make or change records of an object.
fn closed(object: &Value) -> bool {
    is(object, "createable", false) || is(object, "updateable", false)
}

/// Whether it is for want of a right that a field is read-only.
fn locked(object: &Value, field: &Value) -> bool {
    is(field, "permissionable", true)
        && is(field, "createable", false)
        && is(field, "updateable", false)
        && is_filled_in(object, field)
}

/// Whether anybody may write a field: Salesforce does not make it itself.
fn is_filled_in(object: &Value, field: &Value) -> bool {
    let made = is(field, "calculated", true) || is(field, "autoNumber", true);
    let schemas = Schemas::built_in();
    let known = schemas.object(System::Salesforce, name(object));
    let known = known.and_then(|object| object.field(name(field)));
    let is_id = field.get("type").and_then(Value::as_str) == Some("id");
    !made && !is_id && known.is_none_or(|field| field.access() != Access::Never)
}

fn is(of: &Value, flag: &str, said: bool) -> bool {
    of.get(flag).and_then(Value::as_bool) == Some(said)
}

fn name(of: &Value) -> &str {
    of.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn fields(object: &Value) -> &[Value] {
    object.get("fields").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
