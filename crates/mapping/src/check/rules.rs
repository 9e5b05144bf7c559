//! Checks across lines: what is written twice, what is never written, what may be blank.

use std::collections::hash_map;

use crate::decision::{Side, is_at_or_below};
use crate::plan::{Condition, Line, Slot, TestOp, Via};
use crate::problem::{Code, Problem};
use crate::schema::Kind;
use crate::tree::{Block, Entry, Item, Span, Tree};

use super::Checker;

impl Checker<'_> {
    /// Everything that one line alone cannot tell.
    pub(super) fn across_lines(&mut self, tree: &Tree) {
        let unread = unread(tree, self.text);
        self.opt_in();
        self.holds_end();
        self.required_fields(&unread);
        self.blank_sources(&unread);
        self.unused_tables(&unread);
        self.record_types();
    }

    /// Notes that a line writes a field, and whether another line does so as well.
    pub(super) fn target(&mut self, side: Side, scope: usize, path: &str, span: Span) {
        let first = match self.targets.entry((scope, path.to_owned())) {
            hash_map::Entry::Occupied(first) => *first.get(),
            hash_map::Entry::Vacant(free) => {
                free.insert(span);
                return;
            }
        };
        let problem = Problem::new(
            Code::DoubleTarget,
            span,
            format!("two lines write `{path}` of the {}", self.plan.side_name(side)),
        )
        .label("the second")
        .also(first, "the first")
        .help("keep one of them, or let one flow the other way");
        self.say(problem);
    }

    fn opt_in(&mut self) {
        let to_left = self.written.iter().find(|(side, _, _)| *side == Side::Left);
        let unsaid = self.plan.sync[1].is_empty() && !self.sync_unclear;
        if let (true, Some((_, _, span))) = (unsaid, to_left) {
            let span = *span;
            self.no_opt_in(span, false);
        }
    }

    /// The field of the CRM that keeps the referral's id, where new records have to be given it.
    fn key_is_kept(&mut self) {
        let side = Side::Right;
        let slot = self.plan.slot(side, self.plan.key[side.index()]);
        let Some(path) = slot.filter(|slot| !slot.create).map(|slot| slot.path.clone()) else {
            return;
        };
        let line = self.written.iter().find(|(s, written, _)| *s == side && *written == path);
        let Some((_, _, at)) = line.cloned().filter(|_| self.may_create(side)) else { return };
        let name = self.plan.side_name(side).to_owned();
        self.say(
            Problem::new(Code::ReadOnly, at, format!("`{path}` is read-only"))
                .label("cannot keep the other record's id")
                .effect(format!("a new {name} would never be known again as the same deal"))
                .help("match with a text field that is an external id and can be written"),
        );
    }

    /// Whether some line writes a field or what is below it, or may have been meant to.
    fn has_source(&self, side: Side, path: &str, unread: &str) -> bool {
        let below = |other: &str| is_at_or_below(other, path);
        let by_line = self.written.iter().any(|(s, p, _)| *s == side && below(p));
        let mut lists =
            self.plan.lists.iter().filter(|each| each.lines.iter().any(|line| line.writes(side)));
        let by_list = lists.any(|each| {
            let slot = if side == Side::Left { each.left } else { each.right };
            self.plan.slot(side, slot).is_some_and(|slot| below(&slot.path))
        });
        let by_related =
            side == Side::Right && self.plan.related.iter().any(|related| related.through == path);
        // A line that cannot be carried out was reported; it may have been meant to.
        let meant = self.meant.iter().any(|(s, p)| *s == side && below(p))
            || path.rsplit('.').next().is_some_and(|name| has_word(unread, name));
        by_line || by_list || by_related || meant
    }

    /// What a line of `require` wants has a source, or no referral could ever be made.
    fn requires_can_hold(&mut self, unread: &str) {
        if !self.may_create(Side::Left) {
            return;
        }
        let mut never = Vec::new();
        for require in self.plan.requires.iter().filter(|require| require.when.is_none()) {
            for test in &require.test.tests {
                let wants = !matches!(test.op, TestOp::Blank | TestOp::IsNot(_));
                let Some(slot) = self.plan.slot(Side::Left, test.slot).filter(|_| wants) else {
                    continue;
                };
                if !self.has_source(Side::Left, &slot.path, unread) {
                    never.push((require.map_line, slot.path.clone()));
                }
            }
        }
        for (line, path) in never {
            let at = self.whole_line(line);
            let target = self.plan.side_name(Side::Left);
            let message = format!("the line wants `{path}`, and no line writes it");
            let problem = Problem::new(Code::MissingRequired, at, message)
                .label("can never hold")
                .effect(format!("no {target} can be created"))
                .help(format!("add a line that writes `{path}`, or remove this one"));
            self.say(problem);
        }
    }

    /// Only a side that can be created needs its required fields.
    fn required_fields(&mut self, unread: &str) {
        self.key_is_kept();
        self.requires_can_hold(unread);
        for side in Side::BOTH {
            if !self.may_create(side) {
                continue;
            }
            let required = self.plan.side(side).required.iter();
            let missing: Vec<String> =
                required.filter(|path| !self.has_source(side, path, unread)).cloned().collect();
            let at = self.side_span(side);
            let name = self.plan.side_name(side).to_owned();
            match missing.as_slice() {
                [] => {}
                [path] => self.missing_required(at, &name, path),
                paths => {
                    let names: Vec<String> =
                        paths.iter().map(|path| self.to_be_written(side, path)).collect();
                    self.missing_several(at, &name, &names);
                }
            }
        }
    }

    /// Several fields that must be given: told once, since they have one place.
    fn missing_several(&mut self, at: Span, holder: &str, names: &[String]) {
        let message = format!(
            "{} fields must be given when the {holder} is created, and no line writes them",
            names.len()
        );
        self.say(
            Problem::new(Code::MissingRequired, at, message)
                .label("have no source")
                .effect(format!("no {holder} can be created"))
                .help(format!("add lines that write {}", names.join(", "))),
        );
    }

    /// A field as a line has to name it: of a group of fields one of its members.
    fn to_be_written(&self, side: Side, path: &str) -> String {
        let top = self.scopes.get(side.index()).map_or(&[][..], |scope| scope.place.fields());
        let group = top.iter().find(|field| field.name == path && field.kind == Kind::Object);
        let mut members = group.into_iter().flat_map(|field| &field.fields);
        match members.find(|member| member.create) {
            Some(member) => format!("a member of `{path}` such as `{path}.{}`", member.name),
            None => format!("`{path}`"),
        }
    }

    /// Whether records of a side are made: not while the other side's have to be linked already.
    fn may_create(&self, side: Side) -> bool {
        let from = side.other();
        let key = self.plan.key[from.index()];
        let path = self.plan.slot(from, key).map(|slot| slot.path.as_str());
        let linked = |condition: &Condition| {
            path != Some(self.plan.side(from).id_field.as_str())
                && condition.tests.iter().any(|t| t.slot == key && t.op == TestOp::Present)
        };
        self.plan.sync[from.index()].iter().any(|condition| !linked(condition))
    }

    /// Where a side is named in the head.
    fn side_span(&self, side: Side) -> Span {
        let head = ["side", self.plan.side_name(side)];
        let found = self.lines().find(|(text, _)| text.split_whitespace().take(2).eq(head));
        found.map_or_else(Span::default, |(_, span)| span)
    }

    /// The lines of the map, each with its place without outer blanks.
    fn lines(&self) -> impl Iterator<Item = (&str, Span)> {
        let mut offset = 0;
        self.text.split_inclusive('\n').map(move |text| {
            let start = offset + (text.len() - text.trim_start().len());
            let end = offset + text.trim_end().len();
            offset += text.len();
            (text, Span::new(start, end))
        })
    }

    /// A field that must be given, from a source that may be blank, without a default.
    fn blank_sources(&mut self, unread: &str) {
        let mut problems = Vec::new();
        let lines = self.plan.lines.iter().chain(self.plan.related.iter().flat_map(|r| &r.lines));
        for line in lines {
            for side in Side::BOTH.into_iter().filter(|side| line.writes(*side)) {
                if !self.may_create(side) {
                    continue;
                }
                problems.extend(self.may_be_blank(line, side, unread));
            }
        }
        self.problems.extend(problems);
    }

    fn may_be_blank(&self, line: &Line, side: Side, unread: &str) -> Option<Problem> {
        if matches!(line.via, Via::Tables(_)) || line.default[side.index()].is_some() {
            return None;
        }
        let target =
            line.source(side).slots().iter().filter_map(|id| self.plan.slot(side, *id)).find(
                |slot| slot.required && !slot.path.contains('[') && self.is_required(side, slot),
            )?;
        let from = side.other();
        let sources = line.source(from).slots();
        let blanks: Vec<&Slot> = sources
            .iter()
            .filter_map(|id| {
                let field = self.scopes.get(from.index())?.fields.get(id.0)?.as_ref()?;
                let slot = self.plan.slot(from, *id)?;
                (field.nullable && !field.required).then_some(slot)
            })
            .collect();
        // One text of several fields is blank only when all of them are.
        let gathers = matches!(&line.via, Via::Convert(conversion) if conversion.gathers());
        let source = blanks.first().filter(|_| !gathers || blanks.len() == sources.len())?;
        let name = target.path.rsplit('.').next().unwrap_or_default();
        if side == Side::Left && (self.guarded(target) || has_word(unread, name)) {
            return None;
        }
        let span = self.span_of_line(line.map_line);
        let (target, source) = (&target.path, &source.path);
        let name = self.plan.side_name(side);
        Some(
            Problem::new(
                Code::MayBeBlank,
                span,
                format!("`{target}` must be given when the {name} is created, and `{source}` may be blank"),
            )
            .label("may have nothing to write")
            .effect(format!("when `{source}` of the {} is blank, no {name} is created: the deal is parked", self.plan.side_name(from)))
            .help("add `default …`, or a line in `require before sharing` that tells the seller"),
        )
    }

    fn is_required(&self, side: Side, slot: &Slot) -> bool {
        self.plan.side(side).required.contains(&slot.path)
    }

    /// A `require` line sees to it.
    fn guarded(&self, target: &Slot) -> bool {
        self.plan.requires.iter().flat_map(|require| &require.test.tests).any(|test| {
            let same = self.plan.slot(Side::Left, test.slot).is_some_and(|s| s.path == target.path);
            same && matches!(test.op, TestOp::Present | TestOp::Above(_) | TestOp::Is(_))
        })
    }

    /// Where a line of the map stands, counted from 1, without outer blanks.
    fn span_of_line(&self, line: usize) -> Span {
        let start = match line.checked_sub(2) {
            None => 0,
            Some(before) => self.line_starts.get(before).copied().unwrap_or(self.text.len()),
        };
        let text = self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("");
        let from = start + (text.len() - text.trim_start().len());
        Span::new(from, (start + text.trim_end().len()).max(from))
    }

    fn unused_tables(&mut self, unread: &str) {
        let misnamed = self.problems.iter().any(|p| p.code == Code::UnknownTable);
        let unused: Vec<(String, Span)> = self
            .plan
            .tables
            .iter()
            .zip(&self.tables)
            .filter(|(table, facts)| !facts.used && !misnamed && !has_word(unread, &table.name))
            .map(|(table, facts)| (table.name.clone(), facts.span))
            .collect();
        for (name, span) in unused {
            self.say(
                Problem::new(Code::UnusedTable, span, format!("no line uses table `{name}`"))
                    .label("never used")
                    .help(format!("remove it, or write `using {name}` behind a line")),
            );
        }
    }
}

/// The text of everything that could not be read.
fn unread(tree: &Tree, text: &str) -> String {
    fn of<T>(block: &Block<T>, spans: &mut Vec<Span>) {
        spans.extend(block.entries.iter().filter_map(|entry| match entry {
            Entry::Unreadable(span) => Some(*span),
            Entry::Line { .. } | Entry::Comment(_) | Entry::Blank(_) => None,
        }));
    }
    let mut spans = Vec::new();
    for entry in &tree.entries {
        match entry {
            Entry::Unreadable(span) => spans.push(*span),
            Entry::Line { item, .. } => match item {
                Item::Sync(block) => of(block, &mut spans),
                Item::Defaults(block) => of(block, &mut spans),
                Item::Values { rows, .. } => of(rows, &mut spans),
                Item::Fields(block) => of(block, &mut spans),
                Item::Related { lines, .. } | Item::Each { lines, .. } => of(lines, &mut spans),
                Item::Require(block) => of(block, &mut spans),
                Item::Report(block) => of(block, &mut spans),
                Item::Example { lines, .. } => of(lines, &mut spans),
                Item::Language(_)
                | Item::Mapping { .. }
                | Item::Side { .. }
                | Item::Match { .. }
                | Item::Extends(_)
                | Item::Edit { .. }
                | Item::Drop(_) => {}
            },
            Entry::Comment(_) | Entry::Blank(_) => {}
        }
    }
    spans.iter().filter_map(|span| text.get(span.start..span.end)).collect::<Vec<_>>().join("\n")
}

/// Whether a name stands in a text as a whole word.
fn has_word(text: &str, name: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().last());
        let after = text.get(at + name.len()..).and_then(|t| t.chars().next());
        !inside(before) && !inside(after)
    })
}

/// Whether a block has lines that could not be read.
pub(super) fn has_unread<T>(block: &Block<T>) -> bool {
    block.entries.iter().any(|entry| match entry {
        Entry::Unreadable(_) => true,
        Entry::Line { .. } | Entry::Comment(_) | Entry::Blank(_) => false,
    })
}
