//! Clauses that do nothing where they stand, or that contradict what the line is; what `default`
//! gives against the field that gets it.
//!
//! In: a line's resolved operands and clauses. Out: problems. Must not know: tables, the plan.

use crate::convert::Conversion;
use crate::decision::Side;
use crate::plan::{Fallback, Via, Wins};
use crate::problem::{Code, Problem, Severity, semantics as say};
use crate::schema::Kind;
use crate::tree::{Arrow, BlankPolicy, Constant, FieldLine, Span};
use crate::value::Value;

use super::Checker;
use super::cells::{example_of, has_kind, too_long, too_wide};
use super::clauses::LineClauses;
use super::conditions::typed;
use super::lines::{Context, Operands};

const REMOVE: &str = "remove it";

impl<'c> Checker<'c> {
    /// Clauses that do nothing on this line.
    pub(super) fn idle(
        &mut self,
        line: &FieldLine,
        sides: [&Operands<'c>; 2],
        clauses: &LineClauses,
        context: Context<'c, '_>,
    ) {
        let arrow = line.arrow.value;
        if clauses.one_way.is_some() {
            self.idle_beside_one_way(clauses);
        } else {
            let created = |side: Side| {
                context.related.is_some() || clauses.create_only[side.index()].is_some()
            };
            let only_created =
                Side::BOTH.into_iter().filter(|side| side.is_target_of(arrow)).all(created);
            self.idle_decisions(arrow, only_created, clauses);
        }
        for side in Side::BOTH.into_iter().filter(|side| side.is_target_of(arrow)) {
            let constant = match sides[side.other().index()] {
                Operands::Constants(constants) => {
                    !constants.iter().any(|constant| constant.value == Constant::Blank)
                }
                Operands::Fields(_) => false,
            };
            let created = context.related.is_some() || clauses.create_only[side.index()].is_some();
            if let Some((policy, at)) = clauses.blank[side.index()] {
                if constant {
                    self.does_nothing(at, "blank", "a constant is never blank");
                } else if policy == BlankPolicy::Clear && created {
                    let why = "the line is written only when the record is created";
                    self.does_nothing(at, "blank clear", why);
                }
            }
            if let (Some((_, at)), true) = (&clauses.default[side.index()], constant) {
                self.does_nothing(*at, "default", "a constant is never blank");
            }
        }
    }

    pub(super) fn does_nothing(&mut self, at: Span, clause: &str, why: &str) {
        let problem = say::misplaced(at, clause, why, REMOVE).fix(at, "");
        if !self.problems.contains(&problem) {
            self.say(problem);
        }
    }

    /// What is cut on the right is not cut where nothing goes to the right.
    pub(super) fn cuts_nothing(&mut self, at: Span) {
        let why = "only what goes to the right is cut, and this line goes to the left";
        let help =
            "write `as text \"{Notes__c}\" cut at 4000`, with the field in braces, to cut it there";
        let mut problem = say::misplaced(at, "cut at", why, help);
        problem.severity = Severity::Warning;
        self.say(problem);
    }

    /// A flag that goes one way is settled by that alone.
    fn idle_beside_one_way(&mut self, clauses: &LineClauses) {
        let Some((_, one_way)) = &clauses.one_way else { return };
        let why = "a flag that goes one way is settled without it";
        match &clauses.wins {
            Some((Wins::Ask, at)) => {
                let what = "`one way to` decides, `conflict ask` asks";
                self.say(say::contradiction(*one_way, *at, what));
            }
            Some((Wins::Side { .. } | Wins::Newest { .. }, at)) => {
                self.does_nothing(*at, "wins", why);
            }
            // A flag is no list: said at the `union`.
            Some((Wins::Union, _)) | None => {}
        }
        if let Some((_, at)) = clauses.first_contact {
            self.does_nothing(at, "first contact", why);
        }
        for side in Side::BOTH {
            if let Some((_, at)) = clauses.blank[side.index()] {
                self.does_nothing(
                    at,
                    "blank",
                    "a flag that was never set counts as one that is off",
                );
            }
        }
    }

    /// Who wins matters only where both sides can be written later.
    fn idle_decisions(&mut self, arrow: Arrow, only_created: bool, clauses: &LineClauses) {
        if let (Some((_, at)), true) = (clauses.first_contact, arrow != Arrow::Both) {
            self.does_nothing(
                at,
                "first contact",
                "the line flows one way, so there is nothing to win",
            );
        } else if let (Some((_, at)), true) = (clauses.first_contact, only_created) {
            let why = "the line is written only when a record is created";
            self.does_nothing(at, "first contact", why);
        }
        if let (Some((wins, at)), true, Arrow::Both) = (clauses.wins, only_created, arrow) {
            let name = match wins {
                Wins::Ask => "conflict ask",
                Wins::Union => "union",
                Wins::Side { .. } | Wins::Newest { .. } => "wins",
            };
            let why = "the line is written only when a record is created";
            self.does_nothing(at, name, why);
        }
    }

    /// `union` stands on lines whose sides both hold several values.
    pub(super) fn union_fits(&mut self, via: &Via, kinds: [&[Kind]; 2], clauses: &LineClauses) {
        let Some((Wins::Union, at)) = clauses.wins else { return };
        let list = |kinds: &[Kind]| matches!(kinds, [Kind::List | Kind::MultiEnum]);
        let joins = match via {
            Via::Convert(conversion) => conversion.takes_list() && kinds[1].len() == 1,
            Via::Tables(_) => false,
        };
        if !list(kinds[0]) || !(list(kinds[1]) || joins) {
            let why = "it takes the values of both sides, and these fields hold one value each";
            let help =
                "say who is right with `wins SIDE`, or let a person decide with `conflict ask`";
            self.say(say::misplaced(at, "union", why, help));
        } else if let Some((_, contact)) = clauses.first_contact {
            let why = "`union` takes the values of both sides at first contact too";
            self.say(say::contradiction(at, contact, why));
        }
    }

    /// What `default` gives fits the field that gets it.
    pub(super) fn defaults_fit(
        &mut self,
        sides: [&Operands<'c>; 2],
        clauses: &LineClauses,
        via: Option<&Via>,
        context: Context<'c, '_>,
    ) {
        for side in Side::BOTH {
            let Some((fallback, at)) = &clauses.default[side.index()] else { continue };
            if matches!(sides[side.other().index()], Operands::Constants(_)) {
                continue;
            }
            let Some(found) = sides[side.index()].fields().first().and_then(|field| field.found)
            else {
                continue;
            };
            let (field, kind) = (found.field, found.kind());
            match (fallback, &clauses.constants[side.index()]) {
                (Fallback::Constant(_), Some(constant)) => {
                    if constant.value == Constant::Blank {
                        self.does_nothing(*at, "default", "blank is what the value is already");
                        continue;
                    }
                    self.known_value(field, constant, true);
                    self.pick_constant(field, constant);
                    if let Fallback::Constant(Value::Number(number)) = fallback {
                        self.problems.extend(too_wide(field, *number, constant.span));
                    }
                    let value = typed(Some(kind), &constant.value);
                    let digits = matches!(constant.value, Constant::Number(_)) && kind.is_text();
                    if !digits && !has_kind(&value, kind) {
                        let message = format!("`{}` holds {}", field.name, kind.phrase());
                        self.say(
                            Problem::new(Code::TypeMismatch, constant.span, message)
                                .label("a constant of another type")
                                .help(format!("write {}", example_of(kind))),
                        );
                    }
                    self.constant_length(field, &value, constant.span);
                }
                (Fallback::Slot { slot, plus_days }, _) => {
                    let scope = context.scopes[side.other().index()];
                    let known = self.scopes.get(scope).and_then(|scope| scope.slots.get(slot.0));
                    let Some(from) = known.map(|slot| slot.kind) else { continue };
                    let at = clauses.paths[side.index()].unwrap_or(*at);
                    self.default_path(at, from, kind, *plus_days, side, via);
                }
                (Fallback::Constant(_), None) => {}
            }
        }
    }

    pub(super) fn constant_length(
        &mut self,
        field: &crate::schema::Field,
        value: &Value,
        at: Span,
    ) {
        if let Value::Text(text) = value
            && let Some(problem) = too_long(field, text, at)
        {
            self.say(problem);
        }
    }

    /// A path behind `default` goes the way of the line; past a table, as it is.
    fn default_path(
        &mut self,
        at: Span,
        from: Kind,
        kind: Kind,
        plus_days: i64,
        side: Side,
        via: Option<&Via>,
    ) {
        if plus_days != 0 && !matches!(from, Kind::Date | Kind::DateTime) {
            self.say(
                Problem::new(
                    Code::TypeMismatch,
                    at,
                    format!("`plus` adds days to a date, found {}", from.phrase()),
                )
                .label("not a date")
                .help("name a date or a date with time, or leave `plus` out"),
            );
            return;
        }
        let (left, right) = if side == Side::Right { (from, kind) } else { (kind, from) };
        let plain = Conversion::plain(&[left], &[right]);
        let fits = match via {
            None => return,
            Some(Via::Convert(conversion)) if !conversion.gathers() => {
                conversion.fits(&[left], &[right])
            }
            Some(Via::Convert(_) | Via::Tables(_)) => plain.fits(&[left], &[right]),
        };
        if let Err(why) = fits {
            let why = why.split_once(": ").map_or(why.as_str(), |(why, _)| why);
            self.say(
                Problem::new(
                    Code::TypeMismatch,
                    at,
                    format!("the value of `default` does not fit: {why}"),
                )
                .label("of another type")
                .help("name a field of the same type as the line's own, or write a constant"),
            );
        }
    }
}
