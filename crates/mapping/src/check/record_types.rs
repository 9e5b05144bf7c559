//! Values against record types: what a record type of the org does not admit.
//!
//! In: the words that lines write into lists, and what the map says of record types. Out: problems.
//! Must not know: how a word got there. Facts: Salesforce refuses a value of a closed list that the
//! record's type does not have; which type a new record gets is the user's default unless it is given.

use std::collections::BTreeSet;

use crate::decision::Side;
use crate::plan::TestOp;
use crate::problem::{Code, Problem, Severity, nearest, semantics as say};
use crate::schema::{Field, Kind, Object, Place, RecordType, System, is_process_field};
use crate::tree::{At, Constant, Span};
use crate::value::Value;

use super::Checker;

/// A word that a line writes into a field with a list.
pub(super) struct Pick<'c> {
    pub(super) field: &'c Field,
    pub(super) word: String,
    pub(super) at: Span,
}

impl<'c> Checker<'c> {
    /// Remembers a word that is written into a field.
    pub(super) fn pick(&mut self, field: &'c Field, word: &str, at: Span) {
        if !field.values.is_empty() || names_record_type(&field.name) {
            self.picks.push(Pick { field, word: word.to_owned(), at });
        }
    }

    /// Remembers the words of a constant that is written into a field.
    pub(super) fn pick_constant(&mut self, field: &'c Field, constant: &At<Constant>) {
        let Constant::Text(text) = &constant.value else { return };
        if field.kind == Kind::MultiEnum && field.value(text).is_none() {
            for word in text.split(';') {
                self.pick(field, word.trim(), constant.span);
            }
        } else {
            self.pick(field, text, constant.span);
        }
    }

    /// Each word that is written is admitted by the record types that the records may have.
    pub(super) fn record_types(&mut self) {
        let picks = std::mem::take(&mut self.picks);
        if picks.is_empty() {
            return;
        }
        let said = self.said_types(&picks);
        let right = self.scopes.get(1).map(|scope| scope.place);
        for object in self.schemas.objects(System::Salesforce) {
            if object.record_types.is_empty() {
                continue;
            }
            let own = |field: &Field| object.fields.iter().any(|known| std::ptr::eq(known, field));
            let picks: Vec<&Pick<'c>> = picks.iter().filter(|pick| own(pick.field)).collect();
            if picks.is_empty() {
                continue;
            }
            let main = matches!(right, Some(Place::Object(main)) if main.name == object.name);
            let said: Vec<&RecordType> = object
                .record_types
                .iter()
                .filter(|found| main && said.contains(found.name.as_str()))
                .collect();
            let problems = if said.is_empty() {
                of_any(object, &picks)
            } else {
                said.into_iter().flat_map(|found| of_said(found, &picks)).collect()
            };
            for problem in problems {
                self.say_once(problem);
            }
        }
    }

    /// The record types that the map names: those that it gives to new records, and those that its
    /// `sync` lines ask for. A name that no record type has is told.
    fn said_types(&mut self, picks: &[Pick<'c>]) -> BTreeSet<&'c str> {
        let Some(Place::Object(main)) = self.scopes.get(1).map(|scope| scope.place) else {
            return BTreeSet::new();
        };
        let mut said = BTreeSet::new();
        for pick in picks.iter().filter(|pick| names_record_type(&pick.field.name)) {
            let direct = main.fields.iter().any(|known| std::ptr::eq(known, pick.field));
            let through = self
                .schemas
                .object(System::Salesforce, "RecordType")
                .is_some_and(|o| o.fields.iter().any(|known| std::ptr::eq(known, pick.field)));
            if main.record_types.is_empty() || !(direct || through) {
                continue;
            }
            match named(main, &pick.field.name, &pick.word) {
                Some(found) => {
                    if !found.active {
                        self.inactive_type(main, pick);
                    }
                    said.insert(found.name.as_str());
                }
                None => self.unknown_type(main, pick),
            }
        }
        for test in self.plan.sync[Side::Right.index()].iter().flat_map(|line| &line.tests) {
            let slot = self.scopes.get(1).and_then(|scope| scope.slots.get(test.slot.0));
            let (Some(slot), TestOp::Is(values)) = (slot, &test.op) else { continue };
            let Some(field) = slot.path.rsplit('.').next() else { continue };
            if !slot.path.starts_with("RecordType") {
                continue;
            }
            let words = values.iter().filter_map(|value| match value {
                Value::Text(word) => Some(word),
                Value::Blank
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Date(_)
                | Value::Instant(_)
                | Value::List(_)
                | Value::Other(_) => None,
            });
            said.extend(
                words.filter_map(|word| named(main, field, word)).map(|found| found.name.as_str()),
            );
        }
        said
    }

    fn inactive_type(&mut self, main: &Object, pick: &Pick<'c>) {
        let active = main.record_types.iter().filter(|found| found.active);
        let active: Vec<&str> = active.filter_map(|found| shown(found, &pick.field.name)).collect();
        let message = format!("the record type `{}` of `{}` is inactive", pick.word, main.name);
        self.say(
            Problem::new(Code::UnknownValue, pick.at, message)
                .label("no new record can have it")
                .help(format!("write one of {}", say::listed(active))),
        );
    }

    fn unknown_type(&mut self, main: &Object, pick: &Pick<'c>) {
        let by_id = pick.field.name == "RecordTypeId";
        // Source does not tell the ids of its record types.
        if by_id && main.record_types.iter().any(|found| found.id.is_none()) {
            return;
        }
        let known: Vec<&str> =
            main.record_types.iter().filter_map(|found| shown(found, &pick.field.name)).collect();
        let message = format!("`{}` has no record type `{}`", main.name, pick.word);
        let problem = Problem::new(Code::UnknownValue, pick.at, message)
            .label("not a record type of it")
            .help(format!("write one of {}", say::listed(known.iter().copied())));
        self.say(match nearest(&pick.word, known.iter().copied()).filter(|_| !by_id) {
            Some(near) => problem
                .help(format!("did you mean `{near}`?"))
                .fix(pick.at, self.as_cell(pick.at, near)),
            None => problem,
        });
    }
}

/// The fields that say which record type a record has.
fn names_record_type(field: &str) -> bool {
    matches!(field, "RecordTypeId" | "DeveloperName" | "Name")
}

/// What a record type is called in a field of that name.
fn shown<'o>(found: &'o RecordType, field: &str) -> Option<&'o str> {
    match field {
        "RecordTypeId" | "Id" => found.id.as_deref(),
        "Name" => Some(&found.label),
        _ => Some(&found.name),
    }
}

fn named<'o>(object: &'o Object, field: &str, word: &str) -> Option<&'o RecordType> {
    // 15 and 18 characters of an id are the same record.
    let short = |id: &str| id.get(..15).unwrap_or(id).to_owned();
    object.record_types.iter().find(|found| {
        shown(found, field)
            .is_some_and(|own| own == word || (field.ends_with("Id") && short(own) == short(word)))
    })
}

fn refuses(found: &RecordType, pick: &Pick<'_>) -> bool {
    pick.field.restricted
        && pick.field.value(&pick.word).is_some()
        && found.admits(&pick.field.name).is_some_and(|values| !values.contains(&pick.word))
}

/// Against a record type that the map names.
fn of_said(found: &RecordType, picks: &[&Pick<'_>]) -> Vec<Problem> {
    let refused = picks.iter().filter(|pick| refuses(found, pick));
    refused.map(|pick| not_in(&[found], pick)).collect()
}

/// Against all record types, as a record may have any of them.
fn of_any(object: &Object, picks: &[&Pick<'_>]) -> Vec<Problem> {
    let active: Vec<&RecordType> =
        object.record_types.iter().filter(|found| found.active).collect();
    let (stages, closed): (Vec<&Pick<'_>>, Vec<&Pick<'_>>) =
        picks.iter().partition(|pick| is_process_field(&pick.field.name));
    let mut problems = of_process(&active, &stages);
    for pick in closed {
        let without = without(&active, pick);
        if without.is_empty() {
            continue;
        }
        let problem = not_in(&without, pick);
        let in_all = without.len() == active.len();
        problems.push(if in_all { problem } else { problem.help(SAY_WHICH) });
    }
    problems
}

/// Of the stages, which a business process chooses, one record type has to take everything: such
/// a map may be meant for that one alone.
fn of_process(active: &[&RecordType], picks: &[&Pick<'_>]) -> Vec<Problem> {
    let count = |found: &RecordType| picks.iter().filter(|pick| refuses(found, pick)).count();
    let Some(best) = active.iter().copied().min_by_key(|found| count(found)) else {
        return Vec::new();
    };
    let found = picks.iter().map(|pick| (pick, without(active, pick)));
    if count(best) > 0 {
        let never = found.filter(|(pick, _)| refuses(best, pick));
        return never.map(|(pick, without)| not_in(&without, pick)).collect();
    }
    let some = found.filter(|(_, without)| !without.is_empty());
    some.map(|(pick, without)| {
        let mut problem = not_in(&without, pick).help(SAY_WHICH);
        problem.severity = Severity::Warning;
        problem
    })
    .collect()
}

const SAY_WHICH: &str = "if the deals have another record type, say so: ask for it in `sync`, as in \
                         `from opportunity when RecordType.DeveloperName is \"NAME\"`, or write its \
                         id to `RecordTypeId`";

fn without<'o>(active: &[&'o RecordType], pick: &Pick<'_>) -> Vec<&'o RecordType> {
    active.iter().copied().filter(|found| refuses(found, pick)).collect()
}

fn not_in(without: &[&RecordType], pick: &Pick<'_>) -> Problem {
    let (word, field) = (&pick.word, &pick.field.name);
    let names = say::listed(without.iter().map(|found| found.name.as_str()));
    let types = if without.len() == 1 { "record type" } else { "record types" };
    let verb = if without.len() == 1 { "does" } else { "do" };
    let message = format!("{types} {names} {verb} not take `{word}` in `{field}`");
    let admitted: Vec<&str> = match without {
        [one] => one.admits(field).into_iter().flatten().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let help = if admitted.is_empty() {
        format!("add `{word}` to the record type in Salesforce, or write another value")
    } else {
        format!("write one of {}, or add `{word}` to the record type", say::listed(admitted))
    };
    Problem::new(Code::UnknownValue, pick.at, message)
        .label("not a value of the record type")
        .effect(if is_process_field(field) {
            "the record gets a value that people cannot choose in it"
        } else {
            "Salesforce refuses the write of such a record"
        })
        .help(help)
}
