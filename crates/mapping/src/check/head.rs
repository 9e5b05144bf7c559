//! The head of a map: `language`, `mapping`, `side`, and the empty plan that they make.

use std::collections::HashMap;

use crate::decision::{Side, path_name};
use crate::plan::{InvitePlan, Line, Plan, SidePlan, SlotId, StatesPlan, Successor};
use crate::problem::{Code, Problem, nearest, semantics as say};
use crate::schema::{Object, Place, Schemas, System};
use crate::sources::Sources;
use crate::tree::{At, BlankPolicy, Entry, Item, Span, Stability, Tree};

use super::scope::Scope;
use super::{Checker, Defaults};

/// What the head says, resolved.
pub(super) struct Head<'s> {
    name: String,
    label: String,
    stability: Stability,
    sides: [HeadSide<'s>; 2],
}

struct HeadSide<'s> {
    name: String,
    /// Where its system is named.
    at: Span,
    object: &'s Object,
}

/// All items with the place of their line.
pub(super) fn items(tree: &Tree) -> impl Iterator<Item = (&Item, Span)> {
    tree.entries.iter().filter_map(|entry| match entry {
        Entry::Line { item, span, .. } => Some((item, *span)),
        Entry::Comment(_) | Entry::Blank(_) | Entry::Unreadable(_) => None,
    })
}

/// What a `mapping` line says: name, what people call it, stability.
type Named<'t> = (&'t At<String>, Option<&'t At<String>>, Option<Stability>);

/// Reads the head. None when the sides are not known: nothing else can be checked then.
pub(super) fn read<'s>(
    tree: &Tree,
    text: &str,
    schemas: &'s Schemas,
    problems: &mut Vec<Problem>,
) -> Option<Head<'s>> {
    let start =
        items(tree).next().map_or(Span::default(), |(_, span)| Span::new(span.start, span.start));
    language(tree, start, problems);
    let names: Vec<Named<'_>> = items(tree)
        .filter_map(|(item, _)| match item {
            Item::Mapping { name, label, stability } => Some((name, label.as_ref(), *stability)),
            _ => None,
        })
        .collect();
    if let [(first, ..), .., (last, ..)] = names.as_slice() {
        problems.push(say::doubled("mapping", first.span, last.span));
    }
    if names.is_empty() {
        problems.push(say::missing_item(
            start,
            "mapping",
            "mapping opportunity \"Co-sell opportunities\"",
        ));
    }
    let sides = sides(tree, schemas, start, problems);
    if sides.is_none() && !items(tree).any(|(item, _)| matches!(item, Item::Match { .. })) {
        // With both sides known, this is said where the line is read.
        let example = "match referral.id with opportunity.Referral_Identifier__c";
        problems.push(say::missing_item(start, "match", example));
    }
    let [left, right] = sides?;
    if (left.object.system, right.object.system) != (System::PartnerCenter, System::Salesforce) {
        problems.push(side_order(tree, text, [&left, &right]));
        return None;
    }
    let (name, label) = names.first().map_or_else(
        || (String::new(), String::new()),
        |(name, label, _)| {
            (name.value.clone(), label.map_or_else(|| name.value.clone(), |l| l.value.clone()))
        },
    );
    let stability = names.first().and_then(|(_, _, stability)| *stability).unwrap_or_default();
    Some(Head { name, label, stability, sides: [left, right] })
}

/// The left side is Partner Center, the right side is Salesforce.
fn side_order(tree: &Tree, text: &str, [left, right]: [&HeadSide<'_>; 2]) -> Problem {
    let turned =
        left.object.system == System::Salesforce && right.object.system != System::Salesforce;
    let at = if left.object.system == System::Salesforce { left.at } else { right.at };
    let found = format!("found `{}` and `{}`", left.object.system, right.object.system);
    let message =
        format!("expected `partner_center` on the left and `salesforce` on the right, {found}");
    let problem = Problem::new(Code::SideOrder, at, message)
        .label("not on its side")
        .effect("locks, statuses and the consent to share are those of the left side: they would not be respected");
    if !turned {
        return problem.help("write one `side` line for each of the two systems");
    }
    let problem = problem.help("write the `partner_center` side first, and turn every line around");
    let read = items(tree).count()
        == tree
            .entries
            .iter()
            .filter(|entry| match entry {
                Entry::Line { .. } | Entry::Unreadable(_) => true,
                Entry::Comment(_) | Entry::Blank(_) => false,
            })
            .count();
    if !read {
        return problem;
    }
    problem.fix(Span::new(0, text.len()), crate::print::print(&super::turn::turned(tree), text))
}

fn language(tree: &Tree, start: Span, problems: &mut Vec<Problem>) {
    let versions: Vec<&At<u32>> = items(tree)
        .filter_map(|(item, _)| match item {
            Item::Language(version) => Some(version),
            _ => None,
        })
        .collect();
    match versions.as_slice() {
        [] => problems.push(say::missing_item(start, "language", "language 1")),
        [first, .., last] => problems.push(say::doubled("language", first.span, last.span)),
        [version] if version.value != 1 => problems.push(
            Problem::new(
                Code::UnknownLanguage,
                version.span,
                format!("expected language 1, found {}", version.value),
            )
            .label("not a version this program knows")
            .help("write `language 1`, or use a newer cosell")
            .fix(version.span, "1"),
        ),
        [_] => {}
    }
}

fn sides<'s>(
    tree: &Tree,
    schemas: &'s Schemas,
    start: Span,
    problems: &mut Vec<Problem>,
) -> Option<[HeadSide<'s>; 2]> {
    let mut found: Vec<(HeadSide<'s>, Span)> = Vec::new();
    let mut count = 0;
    for (item, span) in items(tree) {
        let Item::Side { name, system, object } = item else { continue };
        count += 1;
        if count > 2 {
            problems.push(
                Problem::new(Code::Doubled, span, "a mapping has two sides, found a third")
                    .label("one too many")
                    .help("remove this line; write another mapping for another pair of objects"),
            );
            continue;
        }
        if let Some((other, at)) = found.iter().find(|(side, _)| side.name == name.value) {
            problems.push(say::doubled(&format!("side {}", other.name), *at, name.span));
        }
        if let Some(object) = object_of(schemas, system, object, problems) {
            let at = system.span;
            found.push((HeadSide { name: name.value.clone(), at, object }, span));
        }
    }
    let examples =
        ["side referral is partner_center Referral", "side opportunity is salesforce Opportunity"];
    for example in examples.into_iter().skip(count) {
        problems.push(say::missing_item(start, "side", example));
    }
    let mut found = found.into_iter().map(|(side, _)| side);
    Some([found.next()?, found.next()?])
}

fn object_of<'s>(
    schemas: &'s Schemas,
    system: &At<String>,
    object: &At<String>,
    problems: &mut Vec<Problem>,
) -> Option<&'s Object> {
    let Some(known) = System::parse(&system.value) else {
        let names = [System::PartnerCenter.name(), System::Salesforce.name()];
        let mut problem = Problem::new(
            Code::UnknownSystem,
            system.span,
            format!("there is no system `{}`", system.value),
        )
        .label("expected `partner_center` or `salesforce`");
        if let Some(near) = nearest(&system.value, names) {
            problem = problem.help(format!("did you mean `{near}`?")).fix(system.span, near);
        } else {
            problem = problem.help("write `partner_center` or `salesforce`");
        }
        problems.push(problem);
        return None;
    };
    let found = schemas.object(known, &object.value);
    if found.is_none() {
        let names: Vec<&str> = schemas.objects(known).map(|o| o.name.as_str()).collect();
        problems.push(say::unknown_object(object.span, &object.value, known.name(), &names));
    }
    found
}

/// How records of an object become those of another one.
fn successor(object: &Object) -> Option<Successor> {
    let known = object.converts.as_ref()?;
    let object = object.field(&known.to)?.reference_to.clone()?;
    Some(Successor { when: known.when.clone(), to: known.to.clone(), object })
}

impl Head<'_> {
    /// A plan that has only this head.
    fn plan(self, sources: &Sources) -> Plan {
        let sides = self.sides.each_ref().map(|side| SidePlan {
            name: side.name.clone(),
            system: side.object.system,
            object: side.object.name.clone(),
            id_field: side.object.key.clone(),
            slots: Vec::new(),
            successor: successor(side.object),
            required: side
                .object
                .required()
                .iter()
                .map(|r| r.path.iter().map(|name| path_name(name)).collect::<Vec<_>>().join("."))
                .collect(),
        });
        Plan {
            name: self.name,
            label: self.label,
            stability: self.stability,
            files: sources.first_lines().map(|(name, line)| (name.to_owned(), line)).collect(),
            sides,
            key: [SlotId(0), SlotId(0)],
            sync: [Vec::new(), Vec::new()],
            sync_lines: [Vec::new(), Vec::new()],
            holds: Vec::new(),
            tables: Vec::new(),
            lines: Vec::new(),
            related: Vec::new(),
            lists: Vec::new(),
            requires: Vec::new(),
            badge: None,
            audit: None,
            states: None,
            shared: None,
            invite: None,
            hash: String::new(),
        }
    }
}

impl<'c> Checker<'c> {
    /// A checker whose plan has only a head.
    pub(super) fn new(
        sources: &'c Sources,
        schemas: &'c Schemas,
        head: Head<'c>,
        problems: Vec<Problem>,
    ) -> Self {
        let scopes = head
            .sides
            .iter()
            .map(|side| Scope::new(side.object.system, Place::Object(side.object)))
            .collect();
        let [left, _] = &head.sides;
        let left = left.object;
        let plan = head.plan(sources);
        let defaults = Defaults { wins: None, first_contact: None, blank: [BlankPolicy::Keep; 2] };
        let mut checker = Checker {
            schemas,
            text: sources.text(),
            problems,
            scopes,
            plan,
            defaults,
            tables: Vec::new(),
            table_names: HashMap::new(),
            written: Vec::new(),
            meant: Vec::new(),
            picks: Vec::new(),
            sync_unclear: false,
            line_starts: Vec::new(),
            targets: HashMap::new(),
            rows_used: 0,
            full_at: Span::default(),
        };
        checker.read_states(left);
        checker
    }

    /// Slots that decisions need even when no line names them: states, the shared flag.
    fn read_states(&mut self, left: &'c Object) {
        if let Some(states) = &left.states {
            let slots: Vec<SlotId> =
                states.fields.iter().filter_map(|name| self.slot_named(Side::Left, name)).collect();
            self.plan.states = Some(StatesPlan {
                slots,
                initial: states.initial.clone(),
                terminal: states.terminal.clone(),
                moves: states.moves.clone(),
            });
        }
        let flag = shared_flag(&left.fields, "");
        self.plan.shared = flag.and_then(|path| self.slot_named(Side::Left, &path));
    }

    /// Slots that an invitation needs, where a line is written with one.
    pub(super) fn read_invites(&mut self) {
        let is_asking = |line: &Line| line.on_invite && line.writes(Side::Left);
        if !self.plan.lines.iter().any(is_asking) {
            return;
        }
        let (system, object) = (self.plan.system(Side::Left), self.plan.object(Side::Left));
        let found = self.schemas.object(system, object).and_then(|left| left.invites.as_ref());
        let Some(invites) = found else { return };
        let mut slot = |path: &str| self.slot_named(Side::Left, path);
        let (Some(asks), Some(joined)) = (slot(&invites.asks), slot(&invites.joined)) else {
            return;
        };
        let during = invites.during.iter();
        let during = during.filter_map(|(path, value)| Some((slot(path)?, value.clone())));
        let (during, nothing) = (during.collect(), invites.nothing.clone());
        self.plan.invite = Some(InvitePlan { asks, nothing, joined, during });
    }

    /// The side that a name means.
    pub(super) fn side_of(&mut self, name: &At<String>) -> Option<Side> {
        let found = self.plan.side_named(&name.value);
        if found.is_none() {
            let names = Side::BOTH.map(|side| self.plan.side_name(side).to_owned());
            self.say(say::unknown_side(name.span, &name.value, &names));
            // A near miss is read as what was meant.
            let near = nearest(&name.value, names.iter().map(String::as_str))?;
            return self.plan.side_named(near);
        }
        found
    }
}

/// The consent flag that shares the record for good.
fn shared_flag(fields: &[crate::schema::Field], prefix: &str) -> Option<String> {
    fields.iter().find_map(|field| {
        let path = || match prefix {
            "" => path_name(&field.name).into_owned(),
            _ => format!("{prefix}.{}", path_name(&field.name)),
        };
        if field.one_way == Some(true) {
            return Some(path());
        }
        if field.kind == crate::schema::Kind::Object {
            return shared_flag(&field.fields, &path());
        }
        None
    })
}
