//! `related`: a record that the right one refers to, how it is found, and with what it is made.
//!
//! In: the block as written. Out: a `Related` of the plan, and problems. Must not know: records.

use crate::decision::Side;
use crate::plan::{Line, Related};
use crate::problem::{Code, Problem, semantics as say};
use crate::schema::Place;
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
            matching: Vec::new(),
            create_if_none: false,
            lines: Vec::new(),
            map_line: self.line_of(span),
        };
        let place = Place::Object(found);
        let mut matched = None;
        for (line, at) in block.lines() {
            if self.is_full() {
                break;
            }
            match line {
                RelatedLine::Match { pairs, clauses } => {
                    if let Some(first) = matched.replace(at) {
                        self.say(say::doubled("match", first, at));
                        continue;
                    }
                    self.related_match(pairs, place, relationship, &mut related);
                    related.create_if_none |= self.none_and_several(clauses);
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
        if related.matching.is_empty() && !has_unread(block) {
            self.no_match(object.span, &format!("related {}", object.value));
        }
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

    fn related_match(
        &mut self,
        pairs: &[(At<Path>, At<Path>)],
        place: Place<'c>,
        relationship: &str,
        related: &mut Related,
    ) {
        for (left, right) in pairs {
            let left = self.slot(0, left);
            let found = self.related_slot(1, place, relationship, right);
            if let (Some(left), Some((_, found))) = (left, found) {
                related.matching.push((left, path_text(&right.value), found.kind()));
            }
        }
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
