//! Pieces of a line -> clauses and conditions of the tree.
//!
//! In: what the grammar read. Out: tree values, each clause with its line's comments. Must not
//! know: blocks, which clause fits which line.

use pest::iterators::Pair;

use super::grammar::Rule;
use super::operands::{Build, all, inside, range};
use crate::problem::syntax;
use crate::tree::{At, BlankPolicy, Clause, ClauseKind, Condition, Constant, Test, TestOp, Token};

/// True when `rule` read something directly inside `pair`.
fn has(pair: &Pair<'_, Rule>, rule: Rule) -> bool {
    pair.clone().into_inner().any(|inner| inner.as_rule() == rule)
}

impl Build<'_> {
    /// All clauses directly inside a piece, with their comments.
    pub(super) fn clauses(&mut self, pair: Pair<'_, Rule>) -> Option<Vec<Clause>> {
        let (mut clauses, mut places) = (Vec::new(), Vec::new());
        for clause in all(pair, Rule::clause) {
            places.push(range(&clause));
            clauses.push(self.clause(clause)?);
        }
        self.logical.hand_comments(&mut clauses, &places);
        Some(clauses)
    }

    /// One clause, without comments.
    pub(super) fn clause(&mut self, pair: Pair<'_, Rule>) -> Option<Clause> {
        let span = self.span(&pair);
        let (mut to, mut kind) = (None, None);
        for inner in pair.into_inner() {
            if inner.as_rule() == Rule::to_side {
                to = Some(self.first_name(inner)?);
            } else {
                if let Some(behind) = inside(inner.clone(), Rule::to_behind) {
                    if to.is_some() {
                        self.problems.push(syntax::second_side(self.span(&behind)));
                        return None;
                    }
                    to = Some(self.first_name(behind)?);
                }
                kind = Some(self.kind(inner)?);
            }
        }
        let (before, trailing) = (Vec::new(), None);
        Some(Clause { to, kind: kind?, span, own_line: false, before, trailing })
    }

    fn kind(&mut self, pair: Pair<'_, Rule>) -> Option<ClauseKind> {
        Some(match pair.as_rule() {
            Rule::as_clause => ClauseKind::As(self.tokens(pair)?),
            Rule::using => ClauseKind::Using(self.names(pair)?),
            Rule::wins => self.wins(pair)?,
            Rule::contact_wins => ClauseKind::FirstContact(self.first_name(pair)?),
            Rule::conflict_ask => ClauseKind::ConflictAsk,
            Rule::kw_union => ClauseKind::Union,
            Rule::blank_clause if has(&pair, Rule::kw_keep) => ClauseKind::Blank(BlankPolicy::Keep),
            Rule::blank_clause if has(&pair, Rule::kw_clear) => {
                ClauseKind::Blank(BlankPolicy::Clear)
            }
            Rule::blank_clause => ClauseKind::Blank(BlankPolicy::Park),
            Rule::default => self.default(pair)?,
            Rule::on_create_only => ClauseKind::OnCreateOnly,
            Rule::on_create_or_invite => ClauseKind::OnCreateOrInvite,
            Rule::one_way => {
                let constant = inside(pair, Rule::constant)?;
                ClauseKind::OneWayTo(self.constant(constant)?)
            }
            Rule::until_shared => ClauseKind::UntilShared,
            Rule::removed_keep => ClauseKind::RemovedKeep,
            Rule::none => ClauseKind::None(self.last_word(pair)?),
            Rule::several => ClauseKind::Several(self.last_word(pair)?),
            Rule::when => ClauseKind::When(self.only_condition(pair)?),
            Rule::else_text => {
                let text = inside(pair, Rule::quoted)?;
                ClauseKind::Else(self.quoted(text)?)
            }
            _ => return None,
        })
    }

    /// The keyword at the end of a clause, as a text.
    fn last_word(&mut self, pair: Pair<'_, Rule>) -> Option<At<String>> {
        let word = pair.into_inner().last()?;
        Some(At::new(word.as_str().to_owned(), self.span(&word)))
    }

    fn wins(&mut self, pair: Pair<'_, Rule>) -> Option<ClauseKind> {
        let (newest, unless_blank) = (has(&pair, Rule::kw_newest), has(&pair, Rule::unless_blank));
        let side = match inside(pair, Rule::name) {
            Some(name) => Some(self.name(name)?),
            None => None,
        };
        match (newest, side) {
            (true, Some(fallback)) => Some(ClauseKind::WinsNewest { fallback }),
            (true, None) => Some(ClauseKind::WinsNewestAlone),
            (false, Some(side)) => Some(ClauseKind::Wins { side, unless_blank }),
            (false, None) => None,
        }
    }

    fn default(&mut self, pair: Pair<'_, Rule>) -> Option<ClauseKind> {
        let operand = inside(pair.clone(), Rule::operand)?;
        let value = self.operand(operand)?;
        let plus_days = match inside(pair, Rule::whole) {
            Some(days) => Some(self.days(&days)?),
            None => None,
        };
        Some(ClauseKind::Default { value, plus_days })
    }

    /// The words, numbers and texts behind `as`.
    fn tokens(&mut self, pair: Pair<'_, Rule>) -> Option<Vec<At<Token>>> {
        let mut tokens = Vec::new();
        for token in all(pair, Rule::token) {
            let inner = token.into_inner().next()?;
            let span = self.span(&inner);
            let value = match inner.as_rule() {
                Rule::quoted => Token::Text(self.quoted(inner)?.value),
                Rule::number | Rule::exponent => Token::Number(self.number(&inner)?.value),
                Rule::quoted_name => {
                    Token::Word(inside(inner, Rule::backtick_text)?.as_str().to_owned())
                }
                _ => Token::Word(inner.as_str().trim_end().to_owned()),
            };
            tokens.push(At::new(value, span));
        }
        Some(tokens)
    }

    /// The condition directly inside a piece.
    pub(super) fn only_condition(&mut self, pair: Pair<'_, Rule>) -> Option<At<Condition>> {
        self.condition(inside(pair, Rule::condition)?)
    }

    pub(super) fn condition(&mut self, condition: Pair<'_, Rule>) -> Option<At<Condition>> {
        let span = self.span(&condition);
        let tests: Option<Vec<_>> =
            all(condition, Rule::test).map(|test| self.test(test)).collect();
        Some(At::new(Condition { tests: tests? }, span))
    }

    fn test(&mut self, pair: Pair<'_, Rule>) -> Option<At<Test>> {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let subject = self.operand(parts.next()?)?;
        let op = self.test_op(parts.next()?.into_inner().next()?)?;
        Some(At::new(Test { subject, op }, span))
    }

    fn test_op(&mut self, pair: Pair<'_, Rule>) -> Option<TestOp> {
        match pair.as_rule() {
            Rule::kw_empty => Some(TestOp::Empty),
            Rule::not_empty => Some(TestOp::NotEmpty),
            Rule::above => Some(TestOp::Above(self.limit(pair)?)),
            Rule::below => Some(TestOp::Below(self.limit(pair)?)),
            Rule::is_op => self.is_op(pair.into_inner().nth(1)?),
            _ => None,
        }
    }

    fn limit(&mut self, pair: Pair<'_, Rule>) -> Option<At<String>> {
        let number = pair.into_inner().last()?;
        self.number(&number)
    }

    /// What stands behind `is`.
    fn is_op(&mut self, pair: Pair<'_, Rule>) -> Option<TestOp> {
        let not = has(&pair, Rule::kw_not);
        Some(match (pair.as_rule(), not) {
            (Rule::is_present, false) | (Rule::is_blank, true) => TestOp::Present,
            (Rule::is_present, true) | (Rule::is_blank, false) => TestOp::Blank,
            (Rule::is_empty, false) => TestOp::Empty,
            (Rule::is_empty, true) => TestOp::NotEmpty,
            (_, _) => {
                let values: Option<Vec<At<Constant>>> =
                    all(pair, Rule::value).map(|value| self.value(value)).collect();
                if not { TestOp::IsNot(values?) } else { TestOp::Is(values?) }
            }
        })
    }
}
