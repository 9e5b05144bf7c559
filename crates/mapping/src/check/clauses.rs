//! Clauses: what a line, or `defaults`, says beside its fields.

use crate::convert::Conversion;
use crate::decision::Side;
use crate::plan::{Fallback, Wins};
use crate::problem::{Code, Problem, nearest, semantics as say};
use crate::schema::Kind;
use crate::tree::{Arrow, At, BlankPolicy, Clause, ClauseKind, Constant, Operand, Path, Span};
use crate::value::Value;

use super::conditions::typed;
use super::{Checker, Defaults};

/// The clauses of one line, resolved.
#[derive(Default)]
pub(super) struct LineClauses {
    pub(super) conversion: Option<(Conversion, Span)>,
    pub(super) tables: Option<(Vec<usize>, Span)>,
    pub(super) wins: Option<(Wins, Span)>,
    pub(super) first_contact: Option<(Side, Span)>,
    pub(super) blank: [Option<(BlankPolicy, Span)>; 2],
    pub(super) default: [Option<(Fallback, Span)>; 2],
    /// The value of each `default`, when it is a constant.
    pub(super) constants: [Option<At<Constant>>; 2],
    /// Where the path of each `default` stands.
    pub(super) paths: [Option<Span>; 2],
    pub(super) create_only: [Option<Span>; 2],
    /// Written with an invitation too.
    pub(super) on_invite: bool,
    pub(super) one_way: Option<(Value, Span)>,
    /// An `as` or `using` that could not be resolved; said already.
    pub(super) way_unclear: bool,
}

impl LineClauses {
    /// Constants behind `default` get the type of the field that gets them.
    pub(super) fn type_defaults(&mut self, kinds: [Option<&Kind>; 2]) {
        for ((default, constant), kind) in self.default.iter_mut().zip(&self.constants).zip(kinds) {
            if let (Some((Fallback::Constant(value), _)), Some(constant)) = (default, constant) {
                *value = match (kind, &constant.value) {
                    // An empty text is something to write, though it reads as blank.
                    (Some(Kind::Text | Kind::LongText), Constant::Text(text))
                        if text.is_empty() =>
                    {
                        Value::Text(String::new())
                    }
                    (kind, constant) => typed(kind.copied(), constant),
                };
            }
        }
    }
}

/// Why two decisions cannot both hold; none: they are of one sort.
fn against(first: Wins, second: Wins) -> Option<&'static str> {
    match (first, second) {
        (Wins::Union, Wins::Ask) | (Wins::Ask, Wins::Union) => {
            Some("`union` takes the values of both sides, `conflict ask` asks")
        }
        (Wins::Union, Wins::Side { .. } | Wins::Newest { .. })
        | (Wins::Side { .. } | Wins::Newest { .. }, Wins::Union) => {
            Some("`union` takes the values of both sides, `wins` those of one")
        }
        (Wins::Ask, Wins::Side { .. } | Wins::Newest { .. })
        | (Wins::Side { .. } | Wins::Newest { .. }, Wins::Ask) => {
            Some("`wins` decides, `conflict ask` asks")
        }
        (Wins::Ask, Wins::Ask)
        | (Wins::Union, Wins::Union)
        | (Wins::Side { .. } | Wins::Newest { .. }, Wins::Side { .. } | Wins::Newest { .. }) => {
            None
        }
    }
}

/// How a clause is called in a sentence.
pub(super) fn clause_name(kind: &ClauseKind) -> &'static str {
    match kind {
        ClauseKind::As(_) => "as",
        ClauseKind::Using(_) => "using",
        ClauseKind::Wins { .. } | ClauseKind::WinsNewest { .. } | ClauseKind::WinsNewestAlone => {
            "wins"
        }
        ClauseKind::FirstContact(_) => "first contact",
        ClauseKind::ConflictAsk => "conflict ask",
        ClauseKind::Union => "union",
        ClauseKind::Blank(_) => "blank",
        ClauseKind::Default { .. } => "default",
        ClauseKind::OnCreateOnly => "on create only",
        ClauseKind::OnCreateOrInvite => "on create or on invite",
        ClauseKind::OneWayTo(_) => "one way to",
        ClauseKind::UntilShared => "until shared",
        ClauseKind::RemovedKeep => "removed keep",
        ClauseKind::None(_) => "none",
        ClauseKind::Several(_) => "several",
        ClauseKind::When(_) => "when",
        ClauseKind::Else(_) => "else",
    }
}

/// A constant as a value, with the type that it is written in.
pub(super) fn constant_value(constant: &Constant) -> Value {
    match constant {
        Constant::Text(text) if text.trim().is_empty() => Value::Blank,
        Constant::Text(text) => Value::Text(text.clone()),
        Constant::Number(digits) => crate::decimal::Decimal::parse(digits)
            .map_or_else(|_| Value::Text(digits.clone()), Value::Number),
        Constant::Bool(flag) => Value::Bool(*flag),
        Constant::Blank => Value::Blank,
    }
}

/// Where a clause that no field line takes belongs; none: field lines take it.
pub(super) fn home_of(kind: &ClauseKind) -> Option<&'static str> {
    match kind {
        ClauseKind::UntilShared | ClauseKind::RemovedKeep => {
            Some("write it behind the head of an `each` block")
        }
        ClauseKind::None(_) | ClauseKind::Several(_) => {
            Some("write it behind the `match` line of a `related` block")
        }
        ClauseKind::When(_) => {
            Some("write it behind a row of a `values` block, or behind `from SIDE` in `sync`")
        }
        ClauseKind::Else(_) => Some("write it behind a line of `require before sharing`"),
        ClauseKind::As(_)
        | ClauseKind::Using(_)
        | ClauseKind::Wins { .. }
        | ClauseKind::WinsNewest { .. }
        | ClauseKind::WinsNewestAlone
        | ClauseKind::FirstContact(_)
        | ClauseKind::ConflictAsk
        | ClauseKind::Union
        | ClauseKind::Blank(_)
        | ClauseKind::Default { .. }
        | ClauseKind::OnCreateOnly
        | ClauseKind::OnCreateOrInvite
        | ClauseKind::OneWayTo(_) => None,
    }
}

/// Whether `to SIDE` before the clause says something.
pub(super) fn takes_side(kind: &ClauseKind) -> bool {
    match kind {
        ClauseKind::Blank(_)
        | ClauseKind::Default { .. }
        | ClauseKind::OnCreateOnly
        | ClauseKind::OnCreateOrInvite
        // These are told that they stand on the wrong line.
        | ClauseKind::UntilShared
        | ClauseKind::RemovedKeep
        | ClauseKind::None(_)
        | ClauseKind::Several(_)
        | ClauseKind::When(_)
        | ClauseKind::Else(_) => true,
        ClauseKind::As(_)
        | ClauseKind::Using(_)
        | ClauseKind::Wins { .. }
        | ClauseKind::WinsNewest { .. }
        | ClauseKind::WinsNewestAlone
        | ClauseKind::FirstContact(_)
        | ClauseKind::ConflictAsk
        | ClauseKind::Union
        | ClauseKind::OneWayTo(_) => false,
    }
}

impl Checker<'_> {
    pub(super) fn needs_fallback(&mut self, span: Span) {
        let [left, right] = Side::BOTH.map(|side| self.plan.side_name(side).to_owned());
        self.say(
            Problem::new(Code::NeedsFallback, span, "`wins newest` needs an `else`")
                .label("what if both changed at about the same time?")
                .help(format!("write `wins newest else {right}` or `wins newest else {left}`"))
                .fix(Span::new(span.end, span.end), format!(" else {right}")),
        );
    }

    /// Reads the clauses of a field line.
    pub(super) fn line_clauses(
        &mut self,
        clauses: &[Clause],
        arrow: Arrow,
        scopes: [usize; 2],
    ) -> LineClauses {
        let mut read = LineClauses::default();
        for clause in clauses {
            let to = match &clause.to {
                None => None,
                Some(name) => match self.side_of(name) {
                    Some(side) => Some(side),
                    None => continue,
                },
            };
            if let Some(side) = to
                && !side.is_target_of(arrow)
            {
                let name = self.plan.side_name(side).to_owned();
                self.say(say::misplaced(
                    clause.span,
                    &format!("to {name}"),
                    "the arrow does not point there",
                    "remove it, or change the arrow",
                ));
                continue;
            }
            if to.is_some() && !takes_side(&clause.kind) {
                self.needless_side(clause);
                continue;
            }
            self.line_clause(clause, to, arrow, scopes, &mut read);
        }
        read
    }

    fn line_clause(
        &mut self,
        clause: &Clause,
        to: Option<Side>,
        arrow: Arrow,
        scopes: [usize; 2],
        read: &mut LineClauses,
    ) {
        let sides: Vec<Side> = match to {
            Some(side) => vec![side],
            None => Side::BOTH.into_iter().filter(|side| side.is_target_of(arrow)).collect(),
        };
        match &clause.kind {
            ClauseKind::As(_) | ClauseKind::Using(_) => self.way_clause(clause, read),
            ClauseKind::Wins { .. }
            | ClauseKind::WinsNewest { .. }
            | ClauseKind::WinsNewestAlone
            | ClauseKind::ConflictAsk
            | ClauseKind::Union => self.wins_clause(clause, arrow, read),
            ClauseKind::FirstContact(side) => {
                if let Some(side) = self.side_of(side) {
                    self.once(&mut read.first_contact, side, clause);
                }
            }
            ClauseKind::Blank(policy) => {
                for side in sides {
                    self.once(&mut read.blank[side.index()], *policy, clause);
                }
            }
            ClauseKind::Default { value, plus_days } => {
                self.line_default(clause, value, plus_days.unwrap_or(0), &sides, scopes, read);
            }
            ClauseKind::OnCreateOnly | ClauseKind::OnCreateOrInvite => {
                self.create_clause(clause, &sides, read);
            }
            ClauseKind::OneWayTo(constant) => {
                self.once(&mut read.one_way, constant_value(&constant.value), clause);
            }
            ClauseKind::UntilShared
            | ClauseKind::RemovedKeep
            | ClauseKind::None(_)
            | ClauseKind::Several(_)
            | ClauseKind::When(_)
            | ClauseKind::Else(_) => self.say(say::misplaced(
                clause.span,
                clause_name(&clause.kind),
                "a field line does not take it",
                home_of(&clause.kind).unwrap_or("remove it"),
            )),
        }
    }

    /// `on create only`, and the same for Microsoft's half of a deal.
    fn create_clause(&mut self, clause: &Clause, sides: &[Side], read: &mut LineClauses) {
        if clause.kind == ClauseKind::OnCreateOrInvite && sides == [Side::Right] {
            self.say(
                say::misplaced(
                    clause.span,
                    "on create or on invite",
                    "only Microsoft's half of a deal is made by an invitation",
                    "write `on create only`",
                )
                .fix(self.words_of(clause), "on create only"),
            );
        }
        read.on_invite |= clause.kind == ClauseKind::OnCreateOrInvite;
        for side in sides {
            let slot = &mut read.create_only[side.index()];
            if let Some(first) = *slot {
                self.say(say::doubled(clause_name(&clause.kind), first, clause.span));
            } else {
                *slot = Some(clause.span);
            }
        }
    }

    /// A clause without the `to SIDE` in front of it.
    fn words_of(&self, clause: &Clause) -> Span {
        let Some(to) = clause.to.as_ref().filter(|to| to.span.start > clause.span.start) else {
            return clause.span;
        };
        let behind = self.text.get(to.span.end..clause.span.end).unwrap_or("");
        let blanks = behind.len() - behind.trim_start().len();
        Span::new((to.span.end + blanks).min(clause.span.end), clause.span.end)
    }

    /// `to SIDE` in front of what holds for a line as a whole.
    pub(super) fn needless_side(&mut self, clause: &Clause) {
        let name = clause_name(&clause.kind);
        let words = self.words_of(clause);
        let to = Span::new(clause.span.start, words.start);
        let side = clause.to.as_ref().map_or("", |side| side.value.as_str());
        self.say(
            say::misplaced(
                Span::new(to.start, to.end.max(to.start)),
                &format!("to {side}"),
                &format!("`{name}` holds for the line as a whole"),
                &format!("write `{name} …` without it"),
            )
            .fix(to, ""),
        );
    }

    /// `as` and `using`: how values get across.
    fn way_clause(&mut self, clause: &Clause, read: &mut LineClauses) {
        if let ClauseKind::As(tokens) = &clause.kind {
            match crate::convert::read(tokens, clause.span) {
                Ok(conversion) => self.once(&mut read.conversion, conversion, clause),
                Err(problem) => {
                    read.way_unclear = true;
                    self.say(problem);
                }
            }
        }
        if let ClauseKind::Using(names) = &clause.kind {
            let tables: Vec<usize> = names.iter().filter_map(|n| self.table_named(n)).collect();
            if tables.len() == names.len() {
                self.once(&mut read.tables, tables, clause);
            } else {
                read.way_unclear = true;
            }
        }
    }

    /// `wins …` and `conflict ask`: what happens when both sides changed.
    fn wins_clause(&mut self, clause: &Clause, arrow: Arrow, read: &mut LineClauses) {
        let wins = match &clause.kind {
            ClauseKind::Wins { side, unless_blank } => {
                let unless_blank = *unless_blank;
                self.side_of(side).map(|side| Wins::Side { side, unless_blank })
            }
            ClauseKind::WinsNewest { fallback } => {
                self.side_of(fallback).map(|fallback| Wins::Newest { fallback })
            }
            ClauseKind::ConflictAsk => Some(Wins::Ask),
            ClauseKind::Union => Some(Wins::Union),
            _ => {
                self.needs_fallback(clause.span);
                None
            }
        };
        if let Some(wins) = wins {
            self.wins(&mut read.wins, wins, clause, arrow);
        }
    }

    fn once<T>(&mut self, slot: &mut Option<(T, Span)>, value: T, clause: &Clause) {
        if let Some((_, first)) = slot {
            let name = clause_name(&clause.kind);
            self.say(say::doubled(name, *first, clause.span));
        } else {
            *slot = Some((value, clause.span));
        }
    }

    fn wins(&mut self, slot: &mut Option<(Wins, Span)>, wins: Wins, clause: &Clause, arrow: Arrow) {
        // On a one-way line only "leave what the other side already has" makes sense.
        let fills_blanks = match (arrow, wins) {
            (Arrow::ToLeft, Wins::Side { side: Side::Left, unless_blank: true })
            | (Arrow::ToRight, Wins::Side { side: Side::Right, unless_blank: true })
            | (Arrow::Both, _) => true,
            (Arrow::ToLeft | Arrow::ToRight, _) => false,
        };
        if !fills_blanks && wins == Wins::Union {
            self.say(say::misplaced(
                clause.span,
                "union",
                "the line flows one way, so one side has the whole list",
                "remove it, or write the line with `<->`",
            ));
        } else if !fills_blanks {
            self.say(say::misplaced(
                clause.span,
                clause_name(&clause.kind),
                "the line flows one way, so there is nothing to win",
                "remove it, write the line with `<->`, or let the target keep what it has: `wins SIDE unless blank`",
            ));
        } else if let Some((first, span)) = slot {
            match against(*first, wins) {
                None => self.say(say::doubled(clause_name(&clause.kind), *span, clause.span)),
                Some(why) => self.say(say::contradiction(*span, clause.span, why)),
            }
        } else {
            *slot = Some((wins, clause.span));
        }
    }

    /// `default V`: a constant for every side that is written, a path for the side opposite to it.
    fn line_default(
        &mut self,
        clause: &Clause,
        value: &At<Operand>,
        plus_days: i64,
        sides: &[Side],
        scopes: [usize; 2],
        read: &mut LineClauses,
    ) {
        match &value.value {
            Operand::Constant(constant) => {
                if plus_days != 0 {
                    self.say(
                        Problem::new(Code::BadArgument, clause.span, "`plus` adds days to a field's value")
                            .label("found a constant before it")
                            .help("write the path of a date, such as `createdDateTime plus 90 days`, or the day itself"),
                    );
                }
                for side in sides {
                    let fallback = Fallback::Constant(constant_value(constant));
                    self.once(&mut read.default[side.index()], fallback, clause);
                    read.constants[side.index()] = Some(At::new(constant.clone(), value.span));
                }
            }
            Operand::JsonPath(_) => self.say(
                Problem::new(Code::BadArgument, value.span, "`default` takes a constant or a path")
                    .label("found a JSONPath")
                    .help("write a quoted text, a number or a dotted path"),
            ),
            Operand::Path(path) => {
                let to = sides
                    .iter()
                    .copied()
                    .find(|to| self.resolves(scopes[to.other().index()], path));
                // A path that leads nowhere was most likely meant for the referral.
                let to = to.or_else(|| sides.last().copied());
                let Some(to) = to else { return };
                let path = At::new(path.clone(), value.span);
                if let Some(slot) = self.slot(scopes[to.other().index()], &path) {
                    read.paths[to.index()] = Some(path.span);
                    let value = Fallback::Slot { slot, plus_days };
                    self.once(&mut read.default[to.index()], value, clause);
                }
            }
        }
    }

    fn resolves(&self, scope: usize, path: &Path) -> bool {
        self.scopes
            .get(scope)
            .is_some_and(|scope| self.schemas.find_in(scope.system, scope.place, path).is_ok())
    }

    /// The index of a table; says so when there is none.
    fn table_named(&mut self, name: &At<String>) -> Option<usize> {
        let found = self.table_names.get(&name.value).copied();
        if let Some(index) = found {
            if let Some(facts) = self.tables.get_mut(index) {
                facts.used = true;
            }
        } else {
            let names = self.plan.tables.iter().map(|table| table.name.as_str());
            let near = nearest(&name.value, names);
            let problem = say::unknown_table(name.span, &name.value, near);
            // A near miss is read as what was meant, so that the table itself is checked too.
            let index = near.and_then(|near| self.table_names.get(near).copied());
            self.say(problem);
            return index;
        }
        found
    }

    pub(super) fn default_of(&self) -> Defaults {
        self.defaults.clone()
    }
}
