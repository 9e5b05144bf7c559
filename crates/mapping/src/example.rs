//! The examples of a map, carried out.
//!
//! In: a plan, the tree that holds the examples, a way to get a file's text. Out: for each example
//! whether it passed, and if not what was expected and what was found. Must not know: files.

use jiff::Timestamp;

use crate::decision::{Base, Change, Decision, Effect, Input, Seen, Side, nest};
use crate::plan::Plan;
use crate::problem::place;
use crate::tree::{At, Constant, Entry, ExampleLine, Item, Path, Segment, Tree};

/// What came of one example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleResult {
    /// Its title.
    pub title: String,
    /// The line of the map at which it begins, from 1.
    pub map_line: usize,
    /// Nothing when it passed; else what was expected and what was found, a sentence each.
    pub failures: Vec<String>,
}

/// Carries out every example of a map. `load` gives the text of a file named in one.
pub fn run(
    plan: &Plan,
    tree: &Tree,
    text: &str,
    mut load: impl FnMut(&str) -> Result<String, String>,
) -> Vec<ExampleResult> {
    let mut results = Vec::new();
    for entry in &tree.entries {
        let Entry::Line { item: Item::Example { title, lines }, span, .. } = entry else {
            continue;
        };
        let steps: Vec<&ExampleLine> = lines.lines().map(|(line, _)| line).collect();
        let failures = match play(plan, &steps, &mut load) {
            Ok(failures) => failures,
            Err(failure) => vec![failure],
        };
        let map_line = place(text, span.start).0;
        results.push(ExampleResult { title: title.value.clone(), map_line, failures });
    }
    results
}

/// The records of an example, by side, before and after its `has` lines.
#[derive(Default)]
struct Scenario {
    before: [Option<String>; 2],
    after: [Option<String>; 2],
    missing: [bool; 2],
    first_contact: bool,
}

fn play(
    plan: &Plan,
    steps: &[&ExampleLine],
    load: &mut impl FnMut(&str) -> Result<String, String>,
) -> Result<Vec<String>, String> {
    let scenario = stage(plan, steps, load)?;
    let side = |name: &At<String>| side_of(plan, name);
    let decision = decide(plan, &scenario)?;
    let mut failures = Vec::new();
    for fault in decision.refused.iter().chain(&decision.parked) {
        let expected = !steps.iter().any(|s| matches!(s, ExampleLine::Gives { .. }));
        if !expected {
            failures.push(format!("it was parked: {fault}"));
        }
    }
    for step in steps {
        match step {
            ExampleLine::Gives { side: name, values } => {
                let side = side(name)?;
                expect_values(&decision, side, &name.value, values, &mut failures);
            }
            ExampleLine::GivesUnchanged(name) => {
                let effect = effect(&decision, side(name)?);
                if !effect.is_nothing() {
                    let found = shown(effect);
                    failures.push(format!("expected {} unchanged, found {found}", name.value));
                }
            }
            ExampleLine::Given { .. }
            | ExampleLine::Missing(_)
            | ExampleLine::Has { .. }
            | ExampleLine::FirstContact => {}
        }
    }
    Ok(failures)
}

fn side_of(plan: &Plan, name: &At<String>) -> Result<Side, String> {
    plan.side_named(&name.value).ok_or_else(|| format!("there is no side `{}`", name.value))
}

/// The records as the example's lines set them up.
fn stage(
    plan: &Plan,
    steps: &[&ExampleLine],
    load: &mut impl FnMut(&str) -> Result<String, String>,
) -> Result<Scenario, String> {
    let mut scenario = Scenario::default();
    let side = |name: &At<String>| side_of(plan, name);
    for step in steps {
        match step {
            ExampleLine::Given { side: name, file } => {
                let text = load(&file.value)?;
                scenario.before[side(name)?.index()] = Some(text);
            }
            ExampleLine::Missing(name) => scenario.missing[side(name)?.index()] = true,
            ExampleLine::FirstContact => scenario.first_contact = true,
            ExampleLine::Has { .. }
            | ExampleLine::Gives { .. }
            | ExampleLine::GivesUnchanged(_) => {}
        }
    }
    complete(plan, &mut scenario)?;
    for step in steps {
        if let ExampleLine::Has { side: name, values } = step {
            let index = side(name)?.index();
            let record = scenario.after[index]
                .take()
                .ok_or_else(|| format!("`{}` has no record that could have it", name.value))?;
            scenario.after[index] = Some(with_values(&record, values)?);
        }
    }
    Ok(scenario)
}

/// A record that is not given is the other one mapped into agreement; given ones are brought into
/// agreement before what changed is put in.
fn complete(plan: &Plan, scenario: &mut Scenario) -> Result<(), String> {
    for side in Side::BOTH {
        let (own, other) = (side.index(), side.other().index());
        if scenario.before[own].is_none() && !scenario.missing[own] {
            let Some(from) = &scenario.before[other] else {
                return Err("neither record is given".to_owned());
            };
            let made = plan.apply(side, from, None).map_err(|fault| fault.to_string())?;
            scenario.before[own] = Some(made);
        }
    }
    scenario.after.clone_from(&scenario.before);
    Ok(())
}

/// A later moment than any in the examples need be: only the audit would show it.
const EXAMPLE_NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn decide(plan: &Plan, scenario: &Scenario) -> Result<Decision, String> {
    let base = match (&scenario.before, scenario.first_contact) {
        ([Some(left), Some(right)], false) => agreed_base(plan, left, right)?,
        _ => Base::default(),
    };
    let [left, right] = &scenario.after;
    let input = Input {
        left: left.as_deref().map(|body| Seen { body, stamp: None }),
        right: right.as_deref().map(|body| Seen { body, stamp: None }),
        base: &base,
        now: EXAMPLE_NOW,
    };
    plan.reconcile(&input).map_err(|fault| fault.to_string())
}

/// The base of two records as they stand before anything changed.
fn agreed_base(plan: &Plan, left: &str, right: &str) -> Result<Base, String> {
    let input = Input {
        left: Some(Seen { body: left, stamp: None }),
        right: Some(Seen { body: right, stamp: None }),
        base: &Base::default(),
        now: EXAMPLE_NOW,
    };
    let decision = plan.reconcile(&input).map_err(|fault| fault.to_string())?;
    Ok(decision.pending.base)
}

fn effect(decision: &Decision, side: Side) -> &Effect {
    match side {
        Side::Left => &decision.left,
        Side::Right => &decision.right,
    }
}

fn changes_of(effect: &Effect) -> &[Change] {
    match effect {
        Effect::Nothing => &[],
        Effect::Create(draft) => &draft.changes,
        Effect::Update { changes, .. } => changes,
    }
}

fn shown(effect: &Effect) -> String {
    match effect {
        Effect::Nothing => "nothing written".to_owned(),
        Effect::Create(_) | Effect::Update { .. } => {
            format!("a write of {}", nest(changes_of(effect)))
        }
    }
}

fn expect_values(
    decision: &Decision,
    side: Side,
    name: &str,
    values: &[(At<Path>, At<Constant>)],
    failures: &mut Vec<String>,
) {
    let changes = changes_of(effect(decision, side));
    for (path, wanted) in values {
        let path = dotted(&path.value);
        let related = match effect(decision, side) {
            Effect::Create(draft) => draft.related.iter().find_map(|related| {
                let own = path.strip_prefix(&format!("{}.", related.relationship))?;
                related.changes.iter().find(|change| change.path == own)
            }),
            Effect::Nothing | Effect::Update { .. } => None,
        };
        let change = changes.iter().find(|change| change.path == path).or(related);
        let wanted_text = constant_json(&wanted.value);
        match change {
            None => failures.push(format!(
                "expected {name} {path} = {wanted_text}, and it is not written ({})",
                shown(effect(decision, side))
            )),
            Some(change) if !same_json(&change.value, &wanted_text) => failures
                .push(format!("expected {name} {path} = {wanted_text}, found {}", change.value)),
            Some(_) => {}
        }
    }
}

/// Equality of two JSON texts, numbers by value.
fn same_json(a: &str, b: &str) -> bool {
    use crate::decimal::Decimal;
    a == b || matches!((Decimal::parse(a), Decimal::parse(b)), (Ok(a), Ok(b)) if a == b)
}

fn constant_json(constant: &Constant) -> String {
    match constant {
        Constant::Text(text) => serde_json::Value::String(text.clone()).to_string(),
        Constant::Number(digits) => digits.clone(),
        Constant::Bool(flag) => flag.to_string(),
        Constant::Blank => "null".to_owned(),
    }
}

fn dotted(path: &Path) -> String {
    let names = path.segments.iter().map(|segment| match segment {
        Segment::Name(name) => name.as_str(),
        Segment::First => "[first]",
        Segment::FirstWith(name) | Segment::Is { name, .. } | Segment::EachBy(name) => name,
    });
    names.collect::<Vec<_>>().join(".")
}

/// A record with some values put in.
fn with_values(record: &str, values: &[(At<Path>, At<Constant>)]) -> Result<String, String> {
    let mut json: serde_json::Value =
        serde_json::from_str(record).map_err(|_| "the record is not JSON".to_owned())?;
    for (path, constant) in values {
        let value = serde_json::from_str(&constant_json(&constant.value))
            .map_err(|_| "the value cannot be read".to_owned())?;
        let mut at = &mut json;
        for segment in &path.value.segments {
            let Segment::Name(name) = segment else {
                return Err("`has` takes plain paths".to_owned());
            };
            if !at.is_object() {
                *at = serde_json::Value::Object(serde_json::Map::new());
            }
            let serde_json::Value::Object(map) = at else {
                return Err("`has` takes plain paths".to_owned());
            };
            at = map.entry(name.clone()).or_insert(serde_json::Value::Null);
        }
        *at = value;
    }
    Ok(json.to_string())
}
