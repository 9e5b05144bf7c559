//! A write that was refused: why, which line of the map it is about, and what to do.
//!
//! In: a refusal, the decision that led to the write. Out: the cause. Must not know: how the write was sent, what
//! becomes of the deal.

use mapping::decision::{ChildChange, Decision, Draft, Effect, LineTrace, Outcome};
use mapping::plan::Plan;
use mapping::schema::System;

use super::asked::asked;
use super::remedy::remedy;
use crate::store::Cause;

/// A refused write. `fields` are those that the refusal names.
pub(super) fn refused_cause(
    system: System,
    code: &str,
    why: &str,
    fields: &[String],
    decided: Option<(&Plan, &Decision)>,
) -> Cause {
    let part = decided.and_then(|(_, decision)| Part::refused(decision, system, why));
    let lines: &[LineTrace] = decided.map_or(&[], |(_, decision)| &decision.lines);
    let of_part = |line: &&LineTrace| part.as_ref().is_none_or(|part| part.has(line.map_line));
    let lines: Vec<&LineTrace> = lines.iter().filter(of_part).collect();
    let asked = asked(system, code, why, fields, &lines);
    let head = part.as_ref().map(|part| part.map_line).filter(|line| *line > 0);
    let line = match &asked {
        Some(asked) => asked.line.or(head),
        None => head.or_else(|| line_writing(&lines, system, fields)),
    };
    let place = decided.map(|(plan, _)| match line {
        Some(line) => (plan.place(line).0, Some(plan.place(line).1)),
        None => (plan.file(), None),
    });
    let why = part.as_ref().map_or_else(|| why.to_owned(), |part| part.told(why));
    Cause {
        code: format!("refused::{code}"),
        message: format!("{system} refused the write: {why}"),
        map: place.map(|(map, _)| map.to_owned()),
        map_line: place.and_then(|(_, line)| line),
        help: asked.map_or_else(|| remedy(system, code).to_owned(), |asked| asked.help),
    }
}

/// The record that was refused, when it is not the deal's own: one that it refers to, a child, or one that a child
/// refers to.
struct Part<'d> {
    /// The line by which it is made or changed; 0: not known.
    map_line: usize,
    /// The lines that fill it.
    lines: &'d [usize],
    /// What it is called in the request.
    name: &'d str,
    /// What the map calls it.
    object: &'d str,
}

impl<'d> Part<'d> {
    fn refused(decision: &'d Decision, system: System, why: &'d str) -> Option<Self> {
        let (name, _) = why.split_once(": ")?;
        let (draft, children): (Option<&Draft>, &[ChildChange]) = match (&decision.right, system) {
            (Effect::Create(draft), System::Salesforce) => (Some(draft), &draft.children),
            (Effect::Update { children, .. }, System::Salesforce) => (None, children),
            (Effect::Nothing | Effect::Invite(_), System::Salesforce)
            | (_, System::PartnerCenter) => return None,
        };
        let mut named =
            draft.into_iter().flat_map(|draft| draft.related_names().zip(&draft.related));
        if let Some((_, related)) = named.find(|(called, _)| called == name) {
            let (map_line, lines) = (related.map_line, &*related.lines);
            return Some(Self { map_line, lines, name, object: &related.object });
        }
        // `child3`, or `child3_Contact` for a record that the child refers to.
        let (number, parent) = match name.strip_prefix("child")?.split_once('_') {
            Some((number, parent)) => (number, Some(parent)),
            None => (name.strip_prefix("child")?, None),
        };
        let child = children.get(number.parse::<usize>().ok()?)?;
        let with = format!(" with {}", child.relationship);
        let list = decision.lines.iter().find(|line| line.rule.contains(&with));
        Some(Self {
            map_line: list.map_or(0, |list| list.map_line),
            lines: &[],
            name,
            object: parent.unwrap_or(&child.object),
        })
    }

    fn has(&self, line: usize) -> bool {
        self.lines.contains(&line) || line == self.map_line
    }

    /// What was said, without a name that nobody else knows.
    fn told(&self, why: &str) -> String {
        format!("{}{}", self.object, why.strip_prefix(self.name).unwrap_or(why))
    }
}

fn line_writing(lines: &[&LineTrace], system: System, fields: &[String]) -> Option<usize> {
    let wanted = match system {
        System::PartnerCenter => Outcome::WritesLeft,
        System::Salesforce => Outcome::WritesRight,
    };
    let concerned = [wanted, Outcome::WritesBoth];
    let mut writing = lines.iter().filter(|line| concerned.contains(&line.outcome));
    let names = |line: &&&LineTrace| {
        let rule = line.rule.to_lowercase();
        fields.iter().any(|field| {
            let name = field.trim_start_matches('/').replace('/', ".").to_lowercase();
            !name.is_empty() && rule.contains(&name)
        })
    };
    let found = writing.clone().find(names).or_else(|| {
        // A refusal that names no field is about the one line there is, if it is the only one.
        (writing.clone().count() == 1).then(|| writing.next()).flatten()
    });
    found.map(|line| line.map_line).filter(|line| *line > 0)
}
