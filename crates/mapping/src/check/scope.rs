//! Paths to slots: the records (or elements) that a block's paths begin in.

use std::collections::HashMap;

use crate::decision::Side;
use crate::path::JsonPath;
pub(super) use crate::plan::writers::path_text;
use crate::plan::{Slot, SlotId, Step};
use crate::problem::{Code, Problem, Severity, semantics as say};
use crate::schema::{Field, Found, Kind, MissKind, Place, System};
use crate::tree::{At, Operand, Path, Segment, Span};

use super::Checker;

/// Where paths begin, and the slots found so far.
pub(super) struct Scope<'s> {
    pub(super) system: System,
    pub(super) place: Place<'s>,
    pub(super) slots: Vec<Slot>,
    /// The schema's field of each slot.
    pub(super) fields: Vec<Option<&'s Field>>,
    /// The slots by what the map writes.
    known: HashMap<String, usize>,
}

impl<'s> Scope<'s> {
    pub(super) fn new(system: System, place: Place<'s>) -> Self {
        Self { system, place, slots: Vec::new(), fields: Vec::new(), known: HashMap::new() }
    }
}

pub(super) fn named(names: &str) -> Path {
    let names = crate::decision::names(names);
    Path { segments: names.into_iter().map(|name| Segment::Name(name.to_owned())).collect() }
}

fn steps_of(path: &Path) -> Vec<Step> {
    path.segments
        .iter()
        .map(|segment| match segment {
            Segment::Name(name) => Step::Member(name.clone()),
            Segment::First => Step::First,
            Segment::FirstWith(name) => Step::FirstWith(name.clone()),
            Segment::Is { name, value } => Step::Is { name: name.clone(), value: value.clone() },
        })
        .collect()
}

/// The slot that a found field makes.
fn slot_of(found: &Found<'_>, path: String, steps: Vec<Step>) -> Slot {
    let field = found.field;
    let selected = steps.iter().any(|s| !matches!(s, Step::Member(_)));
    let access = if selected { found.write_selected() } else { found.write };
    let values = if field.restricted {
        field.active_values().map(str::to_owned).collect()
    } else {
        Vec::new()
    };
    Slot {
        path,
        label: field.label.clone(),
        steps,
        kind: found.kind(),
        length: field.length,
        precision: field.precision.map(|p| (p, field.scale.unwrap_or(0))),
        values,
        create: access.creates(),
        update: access.updates(),
        until_shared: field.until_shared,
        clearable: field.clearable,
        required: field.required,
        pointer: found.patch.map(str::to_owned),
        badged: false,
        exact: false,
        json_path: None,
    }
}

impl<'c> Checker<'c> {
    /// The slot of a dotted name that the schema surely has; none when it does not.
    pub(super) fn slot_named(&mut self, side: Side, names: &str) -> Option<SlotId> {
        let path = named(names);
        let scope = self.scopes.get(side.index())?;
        let found = self.schemas.find_in(scope.system, scope.place, &path).ok()?;
        Some(self.intern(side.index(), &found, names.to_owned(), steps_of(&path)))
    }

    fn intern(
        &mut self,
        scope: usize,
        found: &Found<'c>,
        path: String,
        steps: Vec<Step>,
    ) -> SlotId {
        let slot = slot_of(found, path, steps);
        let field = found.field;
        let Some(place) = self.scopes.get_mut(scope) else { return SlotId(0) };
        if let Some(index) = place.known.get(&slot.path) {
            return SlotId(*index);
        }
        place.known.insert(slot.path.clone(), place.slots.len());
        place.slots.push(slot);
        place.fields.push(Some(field));
        SlotId(place.slots.len() - 1)
    }

    /// A path with the nearest names in the places of misspelt ones.
    pub(super) fn probably(&self, scope: usize, path: &Path) -> Path {
        let mut path = path.clone();
        let Some(scope) = self.scopes.get(scope) else { return path };
        for _ in 0..path.segments.len() {
            let Err(miss) = self.schemas.find_in(scope.system, scope.place, &path) else { break };
            match (path.segments.get_mut(miss.segment), miss.nearest) {
                (Some(Segment::Name(name)), Some(near)) if *name != near => *name = near,
                (Some(_) | None, _) => break,
            }
        }
        path
    }

    /// The slot of a path; says what is wrong when there is none.
    pub(super) fn slot(&mut self, scope: usize, path: &At<Path>) -> Option<SlotId> {
        self.slot_and_field(scope, path).map(|(slot, _)| slot)
    }

    /// The slot of a path with what the schema found.
    pub(super) fn slot_and_field(
        &mut self,
        scope: usize,
        path: &At<Path>,
    ) -> Option<(SlotId, Found<'c>)> {
        self.slot_of_path(scope, &path.value, path.span)
    }

    fn slot_of_path(
        &mut self,
        scope: usize,
        path: &Path,
        span: Span,
    ) -> Option<(SlotId, Found<'c>)> {
        let place = self.scopes.get(scope)?;
        match self.schemas.find_in(place.system, place.place, path) {
            Ok(found) => {
                let slot = self.intern(scope, &found, path_text(path), steps_of(path));
                Some((slot, found))
            }
            Err(miss) => {
                let problem = self.miss(&At::new(path.clone(), span), &miss);
                self.say(problem);
                None
            }
        }
    }

    /// What the schema has at a path; says what is wrong when there is nothing. The plan does not
    /// read it.
    pub(super) fn found(&mut self, scope: usize, path: &At<Path>) -> Option<Found<'c>> {
        let place = self.scopes.get(scope)?;
        match self.schemas.find_in(place.system, place.place, &path.value) {
            Ok(found) => Some(found),
            Err(miss) => {
                let problem = self.miss(path, &miss);
                self.say(problem);
                None
            }
        }
    }

    /// Like [`Checker::slot_and_field`], for a path that begins in a related object and is read
    /// through `relationship` from the scope's record.
    pub(super) fn related_slot(
        &mut self,
        scope: usize,
        object: Place<'c>,
        relationship: &str,
        path: &At<Path>,
    ) -> Option<(SlotId, Found<'c>)> {
        let system = self.scopes.get(scope)?.system;
        let found = match self.schemas.find_in(system, object, &path.value) {
            Ok(found) => found,
            Err(miss) => {
                let problem = self.miss(path, &miss);
                self.say(problem);
                return None;
            }
        };
        let text = format!("{relationship}.{}", path_text(&path.value));
        let mut steps = vec![Step::Member(relationship.to_owned())];
        steps.extend(steps_of(&path.value));
        let slot = self.intern(scope, &found, text, steps);
        if let Some(slot) = self.scopes.get_mut(scope).and_then(|s| s.slots.get_mut(slot.0)) {
            // Related records are shared by deals: written only when they are created, also when
            // another line reads the same field through the relationship, which never writes it.
            (slot.create, slot.update) = (found.write.creates(), false);
        }
        Some((slot, found))
    }

    fn miss(&self, path: &At<Path>, miss: &crate::schema::Miss) -> Problem {
        let word = match path.value.segments.get(miss.segment) {
            Some(Segment::Name(name)) => name.clone(),
            Some(_) | None => path_text(&path.value),
        };
        match miss.why {
            MissKind::Unknown => {
                let fix = miss.nearest.as_ref().and_then(|near| {
                    let text = self.text.get(path.span.start..path.span.end)?;
                    let at = path.span.start + text.rfind(word.as_str())?;
                    Some((Span::new(at, at + word.len()), near.clone()))
                });
                let holder = self.schemas.object(System::Salesforce, &miss.holder);
                let org = holder.and_then(|object| object.org.as_deref());
                say::unknown_field(path.span, &word, (&miss.holder, &miss.known, org), fix)
            }
            MissKind::NotAList => Problem::new(
                Code::BadPath,
                path.span,
                format!("`{}` is not a list, so nothing can be selected in it", miss.holder),
            )
            .label("a selector needs a list before it")
            .help("remove the brackets"),
            MissKind::NotAnObject => {
                let is_list = miss.holder_kind == Some(Kind::List);
                let problem = Problem::new(
                    Code::BadPath,
                    path.span,
                    if is_list {
                        format!("`{}` is a list: `{word}` is a member of its elements", miss.holder)
                    } else {
                        format!("`{}` holds a plain value and has no member `{word}`", miss.holder)
                    },
                )
                .label("leads nowhere");
                if is_list {
                    problem.help(format!(
                        "map the list with an `each` block, or select an element: `{}[first].{word}`",
                        miss.holder
                    ))
                } else {
                    problem.help(format!("end the path at `{}`", miss.holder))
                }
            }
        }
    }

    /// The slot of a path or JSONPath. A JSONPath's kind is that of the field on the other side,
    /// so it begins as text.
    pub(super) fn operand_slot(
        &mut self,
        scope: usize,
        operand: &At<Operand>,
    ) -> Option<(SlotId, Option<Found<'c>>)> {
        match &operand.value {
            Operand::Path(path) => {
                let found = self.slot_of_path(scope, path, operand.span);
                found.map(|(slot, found)| (slot, Some(found)))
            }
            Operand::JsonPath(text) => self.json_path(scope, text, operand.span).map(|s| (s, None)),
            Operand::Constant(_) => None,
        }
    }

    /// The slot of a whole record that a reference leads to: only read, as a list of one.
    pub(super) fn parent_slot(&mut self, scope: usize, name: &str) -> SlotId {
        let Some(place) = self.scopes.get_mut(scope) else { return SlotId(0) };
        if let Some(index) = place.known.get(name) {
            return SlotId(*index);
        }
        let mut slot = bare_slot(name.to_owned(), Kind::Object);
        slot.steps = vec![Step::Member(name.to_owned())];
        place.known.insert(slot.path.clone(), place.slots.len());
        place.slots.push(slot);
        place.fields.push(None);
        SlotId(place.slots.len() - 1)
    }

    fn json_path(&mut self, scope: usize, text: &str, span: Span) -> Option<SlotId> {
        match JsonPath::parse(text) {
            Ok(path) => {
                let place = self.scopes.get_mut(scope)?;
                let slot = bare_slot(text.to_owned(), Kind::Text);
                place.slots.push(Slot { json_path: Some(path), ..slot });
                place.fields.push(None);
                let slot = SlotId(place.slots.len() - 1);
                self.inexact_filters(scope, slot, span);
                self.leads_somewhere(scope, slot, span);
                Some(slot)
            }
            Err(error) => {
                let written = self.text.get(span.start..span.end).unwrap_or("");
                let at = (span.start + written_at(written, text, error.offset)).min(span.end);
                let end = self
                    .text
                    .get(at..)
                    .and_then(|t| t.chars().next())
                    .map_or(at, |c| at + c.len_utf8());
                self.say(
                    Problem::new(
                        Code::BadPath,
                        Span::new(at, end.min(span.end).max(at)),
                        error.why,
                    )
                    .label("the JSONPath cannot be read here")
                    .help("see RFC 9535 for what a path may say; quote a path with blanks: $\"…\""),
                );
                None
            }
        }
    }

    /// A JSONPath through members that the schema does not know finds nothing, as far as that knows.
    fn leads_somewhere(&mut self, scope: usize, slot: SlotId, span: Span) {
        let Some(place) = self.scopes.get(scope) else { return };
        let Some(path) = place.slots.get(slot.0).and_then(|s| s.json_path.as_ref()) else { return };
        let segment = |member: Option<&str>| {
            member.map_or(Segment::First, |name| Segment::Name(name.to_owned()))
        };
        let segments: Vec<Segment> = path.members().into_iter().map(segment).collect();
        if segments.is_empty() {
            return;
        }
        let path = At::new(Path { segments }, span);
        let found = self.schemas.find_in(place.system, place.place, &path.value);
        // `*` goes through the members of an object too.
        let Some(miss) = found.err().filter(|miss| !matches!(miss.why, MissKind::NotAList)) else {
            return;
        };
        let mut problem = self.miss(&path, &miss).effect("the path finds nothing");
        problem.severity = Severity::Warning;
        self.say(problem);
    }

    /// A filter compares as 64-bit floats: on a number field its answer may be wrong.
    fn inexact_filters(&mut self, scope: usize, slot: SlotId, span: Span) {
        let Some(place) = self.scopes.get(scope) else { return };
        let Some(path) = place.slots.get(slot.0).and_then(|s| s.json_path.as_ref()) else { return };
        let names = path.filters();
        let number = names.iter().find(|name| has_number(place.place.fields(), name));
        if let Some(name) = number {
            let problem = Problem::new(
                Code::InexactFilter,
                span,
                format!("the filter compares the number `{name}` as a 64-bit float"),
            )
            .label("large amounts would be compared wrongly")
            .help("select by a text or a flag, or decide in a `when` condition, which is exact");
            self.say(problem);
        }
    }
}

/// Where byte `at` of a text stands in what was written for it, backslashes before quotes and
/// backslashes included.
fn written_at(written: &str, text: &str, at: usize) -> usize {
    if written == text {
        return at;
    }
    let (mut place, mut rest) = (0, written.char_indices());
    for _ in text.get(..at).unwrap_or(text).chars() {
        let escaped = ["\\\\", "\\\"", "\\n"].iter().any(|e| rest.as_str().starts_with(e));
        if escaped {
            rest.next();
        }
        rest.next();
        place = written.len() - rest.as_str().len();
    }
    place
}

/// A slot that is only read.
fn bare_slot(path: String, kind: Kind) -> Slot {
    Slot {
        label: path.clone(),
        path,
        steps: Vec::new(),
        kind,
        length: None,
        precision: None,
        values: Vec::new(),
        create: false,
        update: false,
        until_shared: false,
        clearable: false,
        required: false,
        pointer: None,
        badged: false,
        exact: false,
        json_path: None,
    }
}

fn has_number(fields: &[Field], name: &str) -> bool {
    fields.iter().any(|field| {
        (Some(field.name.as_str()) == name.rsplit('.').next()
            && matches!(field.kind, Kind::Number | Kind::Percent))
            || has_number(&field.fields, name)
    })
}
