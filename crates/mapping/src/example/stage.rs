//! The records of an example, before and after what changed, and what is decided about them.
//!
//! In: an example's lines, a plan, the texts of files. Out: [`Played`]. Must not know: what the
//! example expects.

use jiff::{SignedDuration, Timestamp};

use crate::decision::{
    Base, Change, ChildAction, ChildChange, Decision, Draft, Effect, Input, Seen, Side,
};
use crate::json::{self, Json};
use crate::plan::Plan;
use crate::record::{Record, with_changes};
use crate::tree::{At, Constant, ExampleLine, Path};

use super::place::{elements, elements_mut, put};
use super::{Example, Failure, Files, Step};

/// An example carried out.
#[derive(Debug)]
pub(crate) struct Played {
    /// The records as they are found, by side.
    pub(crate) now: [Option<Json<'static>>; 2],
    pub(crate) base: Base,
    pub(crate) stamps: [Option<Timestamp>; 2],
    pub(crate) decision: Decision,
    /// The records as the decision leaves them.
    pub(crate) after: [Option<Json<'static>>; 2],
}

impl Played {
    pub(crate) fn effect(&self, side: Side) -> &Effect {
        match side {
            Side::Left => &self.decision.left,
            Side::Right => &self.decision.right,
        }
    }
}

type Values = [(At<Path>, At<Constant>)];

/// The records under way.
struct Stage<'s> {
    plan: &'s Plan,
    files: &'s Files,
    /// The map's file that the example stands in.
    map: &'s str,
    records: [Option<Json<'static>>; 2],
}

/// When a record of an example was changed; a change that is said to be the newest is an hour later.
const EXAMPLE_NOW: Timestamp = Timestamp::UNIX_EPOCH;
const LATER: SignedDuration = SignedDuration::from_hours(1);

/// Carries an example out. Errors: its records cannot be set up.
pub(super) fn play(plan: &Plan, example: &Example<'_>, files: &Files) -> Result<Played, Failure> {
    let mut stage = Stage { plan, files, map: &example.file, records: [None, None] };
    stage.begin(example)?;
    let agreed = stage.records.clone();
    let steps = example.steps.iter();
    let base = stage.base(example, &agreed)?;
    stage.records = agreed;
    let (mut stamps, mut time) = ([None, None], Timestamp::MAX);
    for step in steps {
        match step.line {
            ExampleLine::Has { side, values } => stage.with(*step, side, values)?,
            ExampleLine::Newest(side) => {
                let newest = stage.side(*step, side)?;
                stamps = Side::BOTH.map(|side| {
                    let later = if side == newest { LATER } else { SignedDuration::ZERO };
                    EXAMPLE_NOW.checked_add(later).ok()
                });
            }
            ExampleLine::Time(at) => {
                // One that cannot be read was told by the check.
                time = at.value.trim().parse().unwrap_or(time);
            }
            ExampleLine::Given { .. }
            | ExampleLine::With { .. }
            | ExampleLine::Missing(_)
            | ExampleLine::Base { .. }
            | ExampleLine::BaseWith { .. }
            | ExampleLine::FirstContact
            | ExampleLine::GivesUnchanged(_)
            | ExampleLine::GivesParked { .. }
            | ExampleLine::Gives { .. } => {}
        }
    }
    let [left, right] = &mut stage.records;
    name_children(plan, right);
    let texts = [&*left, &*right].map(|record| record.as_ref().map(Json::to_string));
    let decision =
        reconcile(plan, &texts, &base, stamps, time).map_err(|why| failed(example, why))?;
    let now = stage.records;
    let [left, right] = &now;
    let after = [after(left.as_ref(), &decision.left), after(right.as_ref(), &decision.right)];
    Ok(Played { now, base, stamps, decision, after })
}

fn failed(example: &Example<'_>, found: String) -> Failure {
    let expected = "records that can be set up".to_owned();
    Failure { map_line: example.map_line, expected, found }
}

fn reconcile(
    plan: &Plan,
    texts: &[Option<String>; 2],
    base: &Base,
    stamps: [Option<Timestamp>; 2],
    now: Timestamp,
) -> Result<Decision, String> {
    let [left, right] = texts;
    let [left_stamp, right_stamp] = stamps;
    let left = left.as_deref().map(|body| Seen { body, stamp: left_stamp });
    let right = right.as_deref().map(|body| Seen { body, stamp: right_stamp });
    plan.reconcile(&Input { left, right, base, now }).map_err(|f| f.to_string())
}

impl Stage<'_> {
    fn side(&self, step: Step<'_>, name: &At<String>) -> Result<Side, Failure> {
        self.plan.side_named(&name.value).ok_or_else(|| Failure {
            map_line: step.map_line,
            expected: "the name of a side".to_owned(),
            found: format!("`{}`", name.value),
        })
    }

    fn file(&self, step: Step<'_>, name: &str) -> Result<Json<'static>, Failure> {
        let key = (self.map.to_owned(), name.to_owned());
        let text = self.files.get(&key).cloned().unwrap_or_else(|| Err("no such file".to_owned()));
        let read = text.and_then(|text| {
            let json = json::read(text.as_bytes()).map(Json::into_owned);
            let json = json.map_err(|error| {
                format!(
                    "\"{name}\" is not well-formed JSON at byte {}: {}",
                    error.offset, error.why
                )
            })?;
            match json {
                Json::Object(_) => Ok(json),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
                    Err(format!("\"{name}\" holds {}", json.word()))
                }
            }
        });
        let expected = "a file with one record as a JSON object".to_owned();
        read.map_err(|found| Failure { map_line: step.map_line, expected, found })
    }

    /// Puts values into the record of a side.
    fn with(&mut self, step: Step<'_>, name: &At<String>, values: &Values) -> Result<(), Failure> {
        let side = self.side(step, name)?;
        let [left, right] = &mut self.records;
        let record = if side == Side::Left { left } else { right };
        let Some(record) = record else {
            return Err(Failure {
                map_line: step.map_line,
                expected: format!("a record of {} that has these values", name.value),
                found: "that it is missing".to_owned(),
            });
        };
        for (path, value) in values {
            put(record, &path.value.segments, &value.value);
        }
        Ok(())
    }

    /// The records when both agree: files and `with` values, and a side without a file as the
    /// other one mapped.
    fn begin(&mut self, example: &Example<'_>) -> Result<(), Failure> {
        let mut missing = [false, false];
        let mut first = None;
        for step in &example.steps {
            match step.line {
                ExampleLine::Given { side, file } => {
                    let side = self.side(*step, side)?;
                    self.records[side.index()] = Some(self.file(*step, &file.value)?);
                    first.get_or_insert(side);
                }
                ExampleLine::Missing(side) => missing[self.side(*step, side)?.index()] = true,
                ExampleLine::With { .. }
                | ExampleLine::Base { .. }
                | ExampleLine::BaseWith { .. }
                | ExampleLine::Has { .. }
                | ExampleLine::Newest(_)
                | ExampleLine::Time(_)
                | ExampleLine::FirstContact
                | ExampleLine::GivesUnchanged(_)
                | ExampleLine::GivesParked { .. }
                | ExampleLine::Gives { .. } => {}
            }
        }
        // Without a file the first line that gives values makes a record of nothing else.
        let made = example.steps.iter().find_map(|step| {
            let ExampleLine::With { side, .. } = step.line else { return None };
            self.plan.side_named(&side.value)
        });
        let Some(start) = first.or(made) else {
            return Err(failed(example, "that neither record is given".to_owned()));
        };
        self.records[start.index()].get_or_insert(Json::Object(Vec::new()));
        self.with_values_of(example, start)?;
        let other = start.other();
        if self.records[other.index()].is_none() && !missing[other.index()] {
            let from = self.records[start.index()].as_ref().map(Json::to_string);
            let from = from.unwrap_or_default();
            let made = mapped(self.plan, other, &from).map_err(|why| failed(example, why))?;
            self.records[other.index()] = Some(made);
        }
        self.with_values_of(example, other)
    }

    fn with_values_of(&mut self, example: &Example<'_>, of: Side) -> Result<(), Failure> {
        for step in &example.steps {
            if let ExampleLine::With { side, values } = step.line
                && self.side(*step, side)? == of
            {
                self.with(*step, side, values)?;
            }
        }
        Ok(())
    }

    /// The base: the records as both agreed, or what `base` lines say of them.
    fn base(
        &mut self,
        example: &Example<'_>,
        agreed: &[Option<Json<'static>>; 2],
    ) -> Result<Base, Failure> {
        self.records.clone_from(agreed);
        let mut said = false;
        for step in &example.steps {
            match step.line {
                ExampleLine::FirstContact => return Ok(Base::default()),
                ExampleLine::Base { side, file } => {
                    let side = self.side(*step, side)?;
                    self.records[side.index()] = Some(self.file(*step, &file.value)?);
                    said = true;
                }
                ExampleLine::BaseWith { side, values } => {
                    self.with(*step, side, values)?;
                    said = true;
                }
                ExampleLine::Given { .. }
                | ExampleLine::With { .. }
                | ExampleLine::Missing(_)
                | ExampleLine::Has { .. }
                | ExampleLine::Newest(_)
                | ExampleLine::Time(_)
                | ExampleLine::GivesUnchanged(_)
                | ExampleLine::GivesParked { .. }
                | ExampleLine::Gives { .. } => {}
            }
        }
        let [left, right] = &mut self.records;
        name_children(self.plan, right);
        let (Some(left), Some(right)) = (left, right) else { return Ok(Base::default()) };
        let (left, right) = (left.to_string(), right.to_string());
        let texts = [Some(left.clone()), Some(right.clone())];
        let decision = reconcile(self.plan, &texts, &Base::default(), [None, None], Timestamp::MAX)
            .map_err(|why| failed(example, why))?;
        if !said {
            return Ok(decision.pending.base);
        }
        // What `base` lines say was read back, whether it agreed or not.
        let known = self.plan.as_known(decision.pending.base, &left, &right);
        known.map_err(|fault| failed(example, fault.to_string()))
    }
}

/// A record as the other one is mapped to it. What does not fit, or is not there to be mapped, is
/// left out: an example of an existing pair need not be complete.
fn mapped(plan: &Plan, to: Side, from: &str) -> Result<Json<'static>, String> {
    let record = Record::read(plan, to.other(), from.as_bytes()).map_err(|f| f.to_string())?;
    let key = plan.key_in(to.other(), &record).map_err(|f| f.to_string())?;
    let mut made = created(&plan.draft(to, &record).draft);
    let (left, right) = plan.key_fields();
    if let Some(key) = key {
        let path = if to == Side::Left { left } else { right };
        let value = Json::Text(key.into()).to_string();
        made = with_changes(made, &[Change { path: path.to_owned(), pointer: None, value }]);
    }
    Ok(made)
}

/// A record as it is created, with the records that are made with it.
fn created(draft: &Draft) -> Json<'static> {
    let mut record = with_changes(Json::Object(Vec::new()), &draft.changes);
    for related in draft.related.iter().filter(|related| related.create_if_none) {
        let within = related.changes.iter().map(|change| Change {
            path: format!("{}.{}", related.relationship, change.path),
            ..change.clone()
        });
        record = with_changes(record, &within.collect::<Vec<_>>());
    }
    with_children(record, &draft.children)
}

/// What a record is when an effect was carried out.
fn after(now: Option<&Json<'static>>, effect: &Effect) -> Option<Json<'static>> {
    match effect {
        Effect::Nothing => now.cloned(),
        Effect::Create(draft) => Some(created(draft)),
        // What Microsoft's half says is shown over one's own.
        Effect::Invite(draft) => Some(with_changes(now?.clone(), &draft.changes)),
        Effect::Update { changes, children } => {
            Some(with_children(with_changes(now?.clone(), changes), children))
        }
    }
}

fn with_children(mut record: Json<'static>, children: &[ChildChange]) -> Json<'static> {
    for child in children {
        let Json::Object(members) = &mut record else { return record };
        let found = members.iter().position(|(name, _)| *name == child.relationship);
        let index = found.unwrap_or_else(|| {
            members.push((child.relationship.clone().into(), Json::List(Vec::new())));
            members.len() - 1
        });
        let Some((_, list)) = members.get_mut(index) else { continue };
        let items = elements_mut(list);
        let named = |item: &Json<'_>, id: &str| matches!(item.member("Id"), Ok(Some(Json::Text(found))) if found == id);
        match &child.action {
            ChildAction::Create => {
                items.push(with_changes(Json::Object(Vec::new()), &child.changes));
            }
            ChildAction::Update(id) => {
                for item in items.iter_mut().filter(|item| named(item, id)) {
                    *item = with_changes(item.clone(), &child.changes);
                }
            }
            ChildAction::Remove(id) => items.retain(|item| !named(item, id)),
        }
    }
    record
}

/// Children that an example gives have ids, as all that are read do.
fn name_children(plan: &Plan, right: &mut Option<Json<'static>>) {
    let Some(Json::Object(members)) = right else { return };
    for child in plan.lists.iter().filter_map(|each| each.child.as_ref()) {
        let list = members.iter_mut().find(|(name, _)| *name == child.relationship);
        let Some((_, list)) = list.filter(|(_, list)| elements(list).is_some()) else { continue };
        for (place, item) in elements_mut(list).iter_mut().enumerate() {
            if let Json::Object(members) = item
                && !members.iter().any(|(name, _)| name == "Id")
            {
                members.push(("Id".into(), Json::Text(format!("child {}", place + 1).into())));
            }
        }
    }
}
