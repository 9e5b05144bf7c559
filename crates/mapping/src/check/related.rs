//! `related`: a record that the right one refers to, how it is found, and with what it is made.
//!
//! In: the block as written. Out: a `Related` of the plan, and problems. Must not know: records.

use std::collections::BTreeSet;

use crate::decision::Side;
use crate::plan::{Line, MatchRule, Related, SlotId};
use crate::print::Whole;
use crate::problem::{Code, Problem, semantics as say};
use crate::schema::{Kind, Place};
use crate::tree::{At, Block, Clause, ClauseKind, Operand, Path, RelatedLine, Span};

use super::Checker;
use super::clauses::clause_name;
use super::lines::Context;
use super::rules::has_unread;
use super::scope::{named, path_text};

impl<'c> Checker<'c> {
    pub(super) fn related(
        &mut self,
        object: &At<String>,
        through: &At<String>,
        block: &Block<RelatedLine>,
        span: Span,
    ) {
        let system = self.plan.system(Side::Right);
        let Some(found) = self.schemas.object(system, &object.value) else {
            let names: Vec<&str> = self.schemas.objects(system).map(|o| o.name.as_str()).collect();
            self.say(say::unknown_object(object.span, &object.value, system.name(), &names));
            return self.mean_block(block);
        };
        let Some(relationship) = self.reference_to(object, through) else {
            return self.mean_block(block);
        };
        let mut related = Related {
            object: object.value.clone(),
            through: through.value.clone(),
            relationship: relationship.to_owned(),
            rules: Vec::new(),
            create_if_none: false,
            lines: Vec::new(),
            map_line: self.line_of(span),
        };
        let place = Place::Object(found);
        let mut written: Vec<Written<'_>> = Vec::new();
        for (line, at) in block.lines() {
            if self.is_full() {
                break;
            }
            match line {
                RelatedLine::Match { pairs, clauses } => {
                    let pairs = self.related_match(pairs, place, relationship);
                    let map_line = self.line_of(at);
                    related.rules.push(MatchRule { pairs, map_line });
                    related.create_if_none |= self.none_and_several(clauses);
                    written.push(Written { line, clauses, at });
                }
                RelatedLine::Field(line) => {
                    let context = Context { scopes: [0, 1], related: Some((place, relationship)) };
                    if let Some(line) = self.field_line(line, at, context) {
                        self.note_written(&line, at, [0, 1]);
                        related.lines.push(line);
                    }
                }
            }
        }
        if related.rules.is_empty() && !has_unread(block) {
            self.no_match(object.span, &format!("related {}", object.value));
        }
        self.rules_in_order(&written);
        if related.create_if_none {
            self.related_required(object, found, &related);
        }
        self.plan.related.push(related);
    }

    /// Remembers what the lines of a block that cannot be carried out were meant to write.
    pub(super) fn mean_block(&mut self, block: &Block<RelatedLine>) {
        for (line, _) in block.lines() {
            let RelatedLine::Field(line) = line else { continue };
            for operand in &line.left {
                if let Operand::Path(path) = &operand.value {
                    self.meant.push((Side::Left, path_text(path)));
                }
            }
        }
    }

    /// The relationship by which the right record's field `through` refers to `object`.
    fn reference_to(&mut self, object: &At<String>, through: &At<String>) -> Option<&'c str> {
        let path = At::new(named(&through.value), through.span);
        let (_, reference) = self.slot_and_field(1, &path)?;
        let field = reference.field;
        let fits = field.reference_to.as_deref() == Some(object.value.as_str());
        let relationship = field.relationship.as_deref().filter(|_| fits);
        if relationship.is_none() {
            let message = format!("`{}` does not refer to `{}`", through.value, object.value);
            let help = format!(
                "name the field of the opportunity that holds the id of its {}",
                object.value
            );
            self.say(
                Problem::new(Code::TypeMismatch, through.span, message)
                    .label("expected a reference to it")
                    .help(help),
            );
        }
        relationship
    }

    /// A related record that is made has everything that it must have.
    fn related_required(
        &mut self,
        object: &At<String>,
        found: &crate::schema::Object,
        related: &Related,
    ) {
        let given: Vec<String> =
            related.lines.iter().flat_map(|line| self.right_names(line)).collect();
        for required in found.required() {
            let name = required.path.join(".");
            let path = format!("{}.{name}", related.relationship);
            let meant = self.meant.iter().any(|(_, meant)| *meant == path);
            if !given.contains(&path) && !meant {
                self.missing_required(object.span, &object.value, &name);
            }
        }
    }

    fn right_names(&self, line: &Line) -> Vec<String> {
        let slots = self.scopes.get(1).map_or(&[][..], |scope| scope.slots.as_slice());
        if !line.writes(Side::Right) {
            return Vec::new();
        }
        line.right.slots().iter().filter_map(|s| slots.get(s.0)).map(|s| s.path.clone()).collect()
    }

    /// The pairs of one `match` line that the schemas have.
    fn related_match(
        &mut self,
        pairs: &[(At<Path>, At<Path>)],
        place: Place<'c>,
        relationship: &str,
    ) -> Vec<(SlotId, String, Kind)> {
        let mut read = Vec::new();
        for (left, right) in pairs {
            let left = self.slot(0, left);
            let found = self.related_slot(1, place, relationship, right);
            if let (Some(left), Some((_, found))) = (left, found) {
                read.push((left, path_text(&right.value), found.kind()));
            }
        }
        read
    }

    /// The `match` lines are tried in their order: each can decide, and only the last says `none`.
    fn rules_in_order(&mut self, written: &[Written<'_>]) {
        let Some((last, others)) = written.split_last() else { return };
        for rule in others {
            for clause in rule.clauses {
                if matches!(clause.kind, ClauseKind::None(_)) {
                    self.none_too_early(clause, last);
                }
            }
        }
        for (index, rule) in written.iter().enumerate() {
            let pairs = rule.pairs();
            for earlier in written.iter().take(index) {
                let known = earlier.pairs();
                if !known.is_subset(&pairs) {
                    continue;
                }
                if known == pairs {
                    self.say(say::doubled(&Whole::inner(rule.line), earlier.at, rule.at));
                    break;
                }
                // A blank skips the earlier line, and the last one compares it.
                let is_last = index + 1 == written.len();
                if !is_last || known.iter().all(|(left, _)| self.always_given(left)) {
                    self.say(never_decides(earlier, rule));
                    break;
                }
            }
        }
    }

    /// `none` behind a line that is not the last.
    fn none_too_early(&mut self, clause: &Clause, last: &Written<'_>) {
        let why = "when this line finds no record, the next `match` line is tried";
        let file = |at: Span| self.plan.place(self.line_of(at)).0;
        if file(clause.span) != file(last.at) {
            let help = "put the new line before this one: `add match … before match …`";
            let problem = say::misplaced(clause.span, "none", why, help);
            return self.say(problem.also(last.at, "the last"));
        }
        if last.clauses.iter().any(|clause| matches!(clause.kind, ClauseKind::None(_))) {
            return self.does_nothing(clause.span, "none", why);
        }
        let help = "write it behind the last `match` line";
        let mut problem = say::misplaced(clause.span, "none", why, help).also(last.at, "the last");
        let between = self.text.get(clause.span.end..last.at.end);
        let own = self.text.get(clause.span.start..clause.span.end);
        if let (Some(between), Some(own)) = (between, own) {
            let whole = Span::new(clause.span.start, last.at.end);
            problem = problem.fix(whole, format!("{}  {own}", between.trim_start_matches(' ')));
        }
        self.say(problem);
    }

    /// Whether every left record has a value there.
    fn always_given(&self, path: &str) -> bool {
        self.plan.side(Side::Left).required.iter().any(|required| required == path)
    }

    /// `none create | park | ask`, `several ask`; true when none means create.
    pub(super) fn none_and_several(&mut self, clauses: &[Clause]) -> bool {
        let mut create = false;
        for clause in clauses {
            match &clause.kind {
                ClauseKind::None(word) => match word.value.as_str() {
                    "create" => create = true,
                    "park" | "ask" => {}
                    other => self.say(
                        Problem::new(
                            Code::BadArgument,
                            word.span,
                            format!("`none` does not take `{other}`"),
                        )
                        .label("expected `create` or `ask`")
                        .help("write `none create` or `none ask`"),
                    ),
                },
                ClauseKind::Several(word) if word.value == "ask" => {}
                ClauseKind::Several(word) => self.say(
                    Problem::new(
                        Code::BadArgument,
                        word.span,
                        format!("`several` does not take `{}`", word.value),
                    )
                    .label("expected `ask`")
                    .help("write `several ask`"),
                ),
                kind => {
                    let name = clause_name(kind);
                    self.say(say::misplaced(
                        clause.span,
                        name,
                        "a `match` line takes `none` and `several`",
                        "remove it",
                    ));
                }
            }
        }
        create
    }
}

/// A `match` line as it is written.
struct Written<'w> {
    line: &'w RelatedLine,
    clauses: &'w [Clause],
    at: Span,
}

impl Written<'_> {
    /// What must be equal, in no order.
    fn pairs(&self) -> BTreeSet<(String, String)> {
        match self.line {
            RelatedLine::Match { pairs, .. } => {
                let texts = pairs.iter().map(|(left, right)| (&left.value, &right.value));
                texts.map(|(left, right)| (path_text(left), path_text(right))).collect()
            }
            RelatedLine::Field(_) => BTreeSet::new(),
        }
    }
}

/// A line that asks for all that an earlier one asks for, and for more.
fn never_decides(earlier: &Written<'_>, rule: &Written<'_>) -> Problem {
    let what = Whole::inner(rule.line);
    Problem::new(
        Code::RowUnreachable,
        rule.at,
        format!("`{what}` never decides: whatever it finds, an earlier line finds"),
    )
    .label("asks for more")
    .also(earlier.at, "decides before it")
    .help("write the line with more fields first, or remove it")
}
