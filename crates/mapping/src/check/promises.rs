//! What a field line promises: constants, writability, room, consent, flags that go one way.
//!
//! In: a line's resolved operands. Out: problems. Must not know: how the line is put together.

use crate::decision::Side;
use crate::plan::{SlotId, Step, Via};
use crate::problem::{Code, Problem};
use crate::schema::{Access, Field, Found, Kind};
use crate::tree::{Arrow, At, BlankPolicy, Constant, FieldLine, Span};
use crate::value::Value;

use super::Checker;
use super::cells::{example_of, has_kind, too_wide};
use super::clauses::LineClauses;
use super::conditions::typed;
use super::lines::{Context, OneOperand, Operands};

impl<'c> Checker<'c> {
    /// Constants may stand only on the side that the arrow leaves.
    pub(super) fn constant_sides(
        &mut self,
        line: &FieldLine,
        left: &Operands<'c>,
        right: &Operands<'c>,
    ) {
        let arrow = line.arrow.value;
        for (operands, others, allowed) in
            [(left, right, Arrow::ToRight), (right, left, Arrow::ToLeft)]
        {
            let Operands::Constants(constants) = operands else { continue };
            let Some(first) = constants.first() else { continue };
            if constants.iter().all(|constant| constant.value == Constant::Blank) {
                self.say(
                    Problem::new(
                        Code::BadArgument,
                        first.span,
                        "`blank` as a source writes nothing",
                    )
                    .label("expected a value")
                    .help("write a text, a number, `true` or `false`, or remove the line"),
                );
            }
            if arrow != allowed {
                let word = if allowed == Arrow::ToRight { "->" } else { "<-" };
                let problem = Problem::new(
                    Code::ConstantSide,
                    first.span,
                    "a constant cannot be written to: it stands on a side that the arrow points at",
                )
                .label("expected a field")
                .help(format!("write the line with `{word}`"));
                let problem = if matches!(others, Operands::Fields(_)) {
                    problem.fix(line.arrow.span, word)
                } else {
                    problem
                };
                self.say(problem);
            }
            for (field, constant) in others.fields().iter().zip(constants) {
                if let Some(found) = &field.found {
                    self.constant_for(found.field, constant);
                }
            }
        }
    }

    fn constant_for(&mut self, field: &'c Field, constant: &At<Constant>) {
        if field.consent && constant.value != Constant::Bool(false) {
            let message =
                format!("`{}` is a person's consent and is set from a constant", field.name);
            self.say(
                Problem::new(Code::ConstantConsent, constant.span, message)
                    .label("nobody was asked")
                    .help("map it from a field in which the consent is recorded"),
            );
        }
        self.known_value(field, constant, true);
        self.pick_constant(field, constant);
        let value = typed(Some(field.kind), &constant.value);
        let digits = matches!(constant.value, Constant::Number(_)) && field.kind.is_text();
        let reference = field.kind == Kind::Reference;
        let no_id =
            matches!(&constant.value, Constant::Text(text) if reference && !is_record_id(text));
        if no_id || !(digits || has_kind(&value, field.kind)) {
            let message = format!("`{}` holds {}", field.name, field.kind.phrase());
            let help = if no_id {
                "write the record's id of 15 or 18 characters in double quotes".to_owned()
            } else {
                format!("write {}", example_of(field.kind))
            };
            self.say(
                Problem::new(Code::TypeMismatch, constant.span, message)
                    .label("a constant of another type")
                    .help(help),
            );
        }
        self.constant_length(field, &value, constant.span);
        if let Value::Number(number) = &value
            && let Some(problem) = too_wide(field, *number, constant.span)
        {
            self.say(problem);
        }
    }

    /// JSONPaths are only read.
    pub(super) fn one_way_paths(&mut self, line: &FieldLine, sides: [&Operands<'c>; 2]) {
        for (side, operands) in Side::BOTH.into_iter().zip(sides) {
            let writes = side.is_target_of(line.arrow.value);
            for field in operands.fields().iter().filter(|f| writes && f.found.is_none()) {
                let word = if side == Side::Left { "->" } else { "<-" };
                self.say(
                    Problem::new(Code::NoWayBack, field.span, "a JSONPath cannot be written to")
                        .label("only read")
                        .help(format!("write the line with `{word}`"))
                        .fix(line.arrow.span, word),
                );
            }
        }
    }

    /// What may be written, and whether it fits.
    pub(super) fn writability(
        &mut self,
        line: &FieldLine,
        sides: [&Operands<'c>; 2],
        clauses: &LineClauses,
        via: Option<&Via>,
        context: Context<'c, '_>,
    ) {
        for (side, operands) in Side::BOTH.into_iter().zip(sides) {
            if !side.is_target_of(line.arrow.value) {
                continue;
            }
            let fields = operands.fields();
            let some_writable =
                fields.iter().any(|f| f.found.is_some_and(|x| x.write != Access::Never));
            for (place, field) in fields.iter().enumerate() {
                let Some(found) = field.found else { continue };
                if let Some(Via::Convert(conversion)) = via
                    && !conversion.writes(side == Side::Right, place)
                {
                    continue;
                }
                let is_condition =
                    matches!(via, Some(Via::Tables(_))) && fields.len() > 1 && some_writable;
                let selects = self.selects(context.scopes[side.index()], field.slot);
                let write = if selects { found.write_selected() } else { found.write };
                if selects && write == Access::Never {
                    self.selected(line, side, field.span);
                } else if !is_condition {
                    let found = Found { write, ..found };
                    self.write_access(line, side, field.span, &found, clauses);
                    // Lines of a related record write only when they create it.
                    if context.related.is_none() {
                        self.later_changes(line, side, field.span, &found, clauses);
                    }
                }
                if let Some(via) = via {
                    let scope = context.scopes[side.index()];
                    self.room(side, place, via, sides, clauses, scope);
                }
            }
            if context.related.is_none()
                && let Some((BlankPolicy::Clear, at)) = clauses.blank[side.index()]
            {
                // A currency goes with its amount.
                let own = match via {
                    Some(Via::Convert(conversion)) => conversion.bearer(),
                    Some(Via::Tables(_)) | None => None,
                };
                let cleared = own.and_then(|own| fields.get(own..=own)).unwrap_or(fields);
                self.clearable(cleared, at);
            }
        }
    }

    /// Whether a path leads through an element that is selected.
    fn selects(&self, scope: usize, slot: SlotId) -> bool {
        let slot = self.scopes.get(scope).and_then(|scope| scope.slots.get(slot.0));
        slot.is_some_and(|slot| slot.steps.iter().any(|step| !matches!(step, Step::Member(_))))
    }

    /// A selected element may be another one next time, so nothing is written to it, unless the
    /// selector names it by its key.
    fn selected(&mut self, line: &FieldLine, side: Side, span: Span) {
        let written = self.text.get(span.start..span.end).unwrap_or_default();
        let away = if side == Side::Left { "->" } else { "<-" };
        let message = format!("`{written}` selects an element of a list, which is only read");
        let problem =
            Problem::new(Code::ReadOnly, span, message).label("which element it is may change");
        self.say(if line.arrow.value == Arrow::Both {
            problem.help(format!("write the line with `{away}`")).fix(line.arrow.span, away)
        } else {
            problem.help("map the list with an `each` block, which knows its elements by a key")
        });
    }

    fn write_access(
        &mut self,
        line: &FieldLine,
        side: Side,
        span: Span,
        found: &Found<'c>,
        clauses: &LineClauses,
    ) {
        let name = &found.field.name;
        let away = if side == Side::Left { "->" } else { "<-" };
        let creates_only = clauses.create_only[side.index()].is_some();
        if found.write == Access::Never || (creates_only && !found.write.creates()) {
            let written = self.text.get(span.start..span.end).unwrap_or(name);
            let problem = if found.selected {
                let message =
                    format!("`{written}` selects an element of a list, which is only read");
                Problem::new(Code::ReadOnly, span, message).label("cannot be written")
            } else if found.write == Access::Never {
                Problem::new(Code::ReadOnly, span, format!("`{name}` is read-only"))
                    .label("cannot be written")
            } else {
                let to = self.plan.side_name(side);
                let message = format!("`{name}` cannot be given when the {to} is created");
                Problem::new(Code::ReadOnly, span, message).label("can only be changed later")
            };
            let problem = if line.arrow.value == Arrow::Both {
                problem.help(format!("write the line with `{away}`")).fix(line.arrow.span, away)
            } else {
                problem.help("map another field, or remove the line")
            };
            self.say(problem);
        }
    }

    /// What a create sets and no later change reaches, unless the line says so.
    fn later_changes(
        &mut self,
        line: &FieldLine,
        side: Side,
        span: Span,
        found: &Found<'c>,
        clauses: &LineClauses,
    ) {
        if found.write != Access::Create || clauses.create_only[side.index()].is_some() {
            return;
        }
        let name = &found.field.name;
        let to = self.plan.side_name(side).to_owned();
        let clause = if line.arrow.value == Arrow::Both {
            format!("to {to} on create only")
        } else {
            "on create only".to_owned()
        };
        self.say(
            Problem::new(
                Code::CreateOnly,
                span,
                format!("`{name}` can be written only when its record is created"),
            )
            .label("later changes cannot reach it")
            .effect(format!("a later change on the other side is held: the {to} keeps its value"))
            .help(format!("say so: add `{clause}`")),
        );
    }

    fn clearable(&mut self, fields: &[OneOperand<'c>], at: Span) {
        for field in fields {
            if let Some(found) = &field.found
                && !found.field.clearable
            {
                let name = found.field.name.clone();
                self.say(
                    Problem::new(Code::NotClearable, at, format!("`{name}` cannot be cleared"))
                        .label("the other system does not take a blank here")
                        .also(field.span, "this field")
                        .help("write `blank keep`, or clear only the other side with `blank clear to SIDE`"),
                );
            }
        }
    }

    /// Consent and flags that never go back.
    pub(super) fn promises(
        &mut self,
        line: &FieldLine,
        span: Span,
        sides: [&Operands<'c>; 2],
        clauses: &LineClauses,
    ) {
        for (side, operands) in Side::BOTH.into_iter().zip(sides) {
            let written = side.is_target_of(line.arrow.value);
            let constant = matches!(sides[side.other().index()], Operands::Constants(_));
            let free = clauses.create_only[side.index()].is_some() || constant;
            for field in operands.fields() {
                let Some(goal) = field.found.and_then(|found| found.field.one_way) else {
                    continue;
                };
                let name = field.found.map_or("", |found| found.field.name.as_str());
                match &clauses.one_way {
                    None if written && !free => self.say(
                        Problem::new(
                            Code::OneWay,
                            field.span,
                            format!("`{name}` never goes back from {goal}"),
                        )
                        .label("a flag that goes one way")
                        .effect("a write that takes it back is refused")
                        .help(format!("add `one way to {goal}`"))
                        .fix(Span::new(span.end, span.end), format!(" one way to {goal}")),
                    ),
                    Some((Value::Bool(said), at)) if *said != goal => self.say(
                        Problem::new(
                            Code::OneWay,
                            *at,
                            format!(
                                "`{name}` never goes back from {goal}, found `one way to {said}`"
                            ),
                        )
                        .label("the other way round")
                        .also(field.span, "this field")
                        .help(format!("write `one way to {goal}`"))
                        .fix(*at, format!("one way to {goal}")),
                    ),
                    Some(_) | None => {}
                }
            }
        }
        self.two_flags(sides, clauses);
    }

    /// `one way to` stands between two flags.
    fn two_flags(&mut self, sides: [&Operands<'c>; 2], clauses: &LineClauses) {
        let Some((goal, at)) = &clauses.one_way else { return };
        let flag = |operands: &Operands<'c>| match operands.fields() {
            [one] => one.found.is_none_or(|found| found.kind() == Kind::Bool),
            _ => false,
        };
        if !matches!(goal, Value::Bool(_)) || clauses.tables.is_some() {
            self.say(
                Problem::new(
                    Code::BadArgument,
                    *at,
                    "`one way to` takes `true` or `false`, and no table",
                )
                .label("expected `true` or `false`")
                .help("write `one way to true`"),
            );
        } else if !sides.into_iter().all(flag) {
            self.say(
                Problem::new(
                    Code::BadArgument,
                    *at,
                    "`one way to` needs one field on each side that holds yes or no",
                )
                .label("for flags only")
                .help("remove it, or map two flags"),
            );
        }
    }
}

/// 15 or 18 letters and digits.
fn is_record_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
