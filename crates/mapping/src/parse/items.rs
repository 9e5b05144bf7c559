//! Pieces of a line -> lines of the blocks of the tree, and the heads of blocks.
//!
//! In: what the grammar read. Out: tree values. Must not know: where blocks begin and end.

use pest::iterators::Pair;

use super::grammar::Rule;
use super::operands::{Build, all, inside};
use crate::tree::{
    At, Clause, Constant, Delay, ExampleLine, FieldLine, Hold, Item, Moment, NotBefore, Path,
    RelatedLine, ReportLine, RequireLine, Row, Stability, SyncLine, Want,
};

/// What the head of a block says.
#[derive(Debug, Default)]
pub(super) struct HeadParts {
    /// The table, the related object and its field, in order.
    pub(super) names: Vec<At<String>>,
    /// The two lists of `each`.
    pub(super) paths: Vec<At<Path>>,
    /// The title of an example.
    pub(super) title: Option<At<String>>,
    /// The clauses of `each`.
    pub(super) clauses: Vec<Clause>,
}

impl Build<'_> {
    /// The head of any block.
    pub(super) fn head(&mut self, pair: Pair<'_, Rule>) -> Option<HeadParts> {
        let names = self.names(pair.clone())?;
        let paths: Option<Vec<_>> =
            all(pair.clone(), Rule::path).map(|path| self.path(path)).collect();
        let title = match inside(pair.clone(), Rule::quoted) {
            Some(title) => Some(self.quoted(title)?),
            None => None,
        };
        Some(HeadParts { names, paths: paths?, title, clauses: self.clauses(pair)? })
    }

    /// A line at the top of the file that is no head.
    pub(super) fn single(&mut self, pair: Pair<'_, Rule>) -> Option<Item> {
        match pair.as_rule() {
            Rule::language_line => {
                let digits = inside(pair, Rule::digits)?;
                Some(Item::Language(self.digits(&digits)?))
            }
            Rule::mapping_line => {
                let name = self.first_name(pair.clone())?;
                let says = |rule, stability| inside(pair.clone(), rule).map(|_| stability);
                let stability = says(Rule::kw_experimental, Stability::Experimental)
                    .or(says(Rule::kw_stable, Stability::Stable));
                let label = match inside(pair, Rule::quoted) {
                    Some(label) => Some(self.quoted(label)?),
                    None => None,
                };
                Some(Item::Mapping { name, label, stability })
            }
            Rule::side_line => {
                let mut names = self.names(pair)?.into_iter();
                let (name, system, object) = (names.next()?, names.next()?, names.next()?);
                Some(Item::Side { name, system, object })
            }
            Rule::match_line => {
                let (left, right) = self.two_paths(pair)?;
                Some(Item::Match { left, right })
            }
            _ => None,
        }
    }

    pub(super) fn two_paths(&mut self, pair: Pair<'_, Rule>) -> Option<(At<Path>, At<Path>)> {
        let mut paths = all(pair, Rule::path);
        let (left, right) = (paths.next()?, paths.next()?);
        Some((self.path(left)?, self.path(right)?))
    }

    pub(super) fn sync_line(&mut self, pair: Pair<'_, Rule>) -> Option<SyncLine> {
        if let Some(hold) = inside(pair.clone(), Rule::hold) {
            return self.hold_line(hold);
        }
        let side = self.first_name(pair.clone())?;
        let when = match inside(pair.clone(), Rule::condition) {
            Some(_) => Some(self.only_condition(pair)?),
            None => None,
        };
        Some(SyncLine { side, when, hold: None })
    }

    fn hold_line(&mut self, pair: Pair<'_, Rule>) -> Option<SyncLine> {
        let side = self.first_name(pair.clone())?;
        let mut conditions = all(pair.clone(), Rule::condition);
        let during = self.condition(conditions.next()?)?;
        let when = match conditions.next() {
            Some(when) => Some(self.condition(when)?),
            None => None,
        };
        let answer = inside(pair, Rule::answer).map(|answer| {
            all(answer, Rule::moment).map(|moment| self.moment(moment)).collect::<Option<Vec<_>>>()
        });
        let answer = match answer {
            Some(answer) => answer?,
            None => Vec::new(),
        };
        Some(SyncLine { side, when, hold: Some(Hold { during, answer }) })
    }

    fn moment(&mut self, pair: Pair<'_, Rule>) -> Option<Moment> {
        let path = self.first_path(pair.clone())?;
        let hours = inside(pair.clone(), Rule::kw_hours).is_some();
        let plus = match inside(pair, Rule::whole) {
            Some(count) if hours => Some(Delay::Hours(self.hours(&count)?)),
            Some(count) => Some(Delay::Days(self.days(&count)?)),
            None => None,
        };
        Some(Moment { path, plus })
    }

    fn not_before(&mut self, pair: Pair<'_, Rule>) -> Option<NotBefore> {
        let moment = inside(pair.clone(), Rule::moment)?;
        let span = self.span(&moment);
        let moment = At::new(self.moment(moment)?, span);
        let during = match inside(pair, Rule::condition) {
            Some(during) => Some(self.condition(during)?),
            None => None,
        };
        Some(NotBefore { moment, during })
    }

    pub(super) fn default_line(&mut self, pair: Pair<'_, Rule>) -> Option<Clause> {
        let clause = inside(pair, Rule::clause)?;
        self.clause(clause)
    }

    pub(super) fn field_line(&mut self, pair: Pair<'_, Rule>) -> Option<FieldLine> {
        let mut operands = all(pair.clone(), Rule::operands);
        let left = self.operands(operands.next()?)?;
        let arrow = self.arrow(inside(pair.clone(), Rule::arrow)?)?;
        let right = self.operands(operands.next()?)?;
        Some(FieldLine { left, arrow, right, clauses: self.clauses(pair)? })
    }

    /// A line of `related` or `each`.
    pub(super) fn inner_line(&mut self, pair: Pair<'_, Rule>) -> Option<RelatedLine> {
        if inside(pair.clone(), Rule::operands).is_some() {
            return Some(RelatedLine::Field(self.field_line(pair)?));
        }
        let pairs: Option<Vec<_>> =
            all(pair.clone(), Rule::pair).map(|pair| self.two_paths(pair)).collect();
        Some(RelatedLine::Match { pairs: pairs?, clauses: self.clauses(pair)? })
    }

    pub(super) fn row_line(&mut self, pair: Pair<'_, Rule>) -> Option<Row> {
        let row = pair.into_inner().next()?;
        let arrow = self.arrow(inside(row.clone(), Rule::arrow)?)?;
        let mut cells = all(row.clone(), Rule::cells);
        let first = self.cells(cells.next()?)?;
        if row.as_rule() == Rule::otherwise {
            let warning = inside(row.clone(), Rule::kw_warning).is_some();
            let on_create = match inside(row, Rule::on_create) {
                Some(on_create) => Some(self.cells(inside(on_create, Rule::cells)?)?),
                None => None,
            };
            return Some(Row::Otherwise { arrow, action: first, warning, on_create });
        }
        let right = self.cells(cells.next()?)?;
        let when = match inside(row.clone(), Rule::condition) {
            Some(_) => Some(self.only_condition(row.clone())?),
            None => None,
        };
        let not_before = match inside(row, Rule::not_before) {
            Some(not_before) => Some(self.not_before(not_before)?),
            None => None,
        };
        Some(Row::Cells { left: first, arrow, right, when, not_before })
    }

    pub(super) fn require_line(&mut self, pair: Pair<'_, Rule>) -> Option<RequireLine> {
        let test = self.only_condition(pair.clone())?;
        Some(RequireLine { test, clauses: self.clauses(pair)? })
    }

    pub(super) fn report_line(&mut self, pair: Pair<'_, Rule>) -> Option<ReportLine> {
        let line = pair.into_inner().next()?;
        let field = self.first_path(line.clone())?;
        if line.as_rule() == Rule::audit {
            return Some(ReportLine::Audit(field));
        }
        let prefix = inside(line.clone(), Rule::badge_prefix).is_some();
        let mut texts = all(line, Rule::quoted);
        let (good, bad) = (texts.next()?, texts.next()?);
        let (good, bad) = (self.quoted(good)?, self.quoted(bad)?);
        Some(ReportLine::Badge { prefix, field, good, bad })
    }

    pub(super) fn example_line(&mut self, pair: Pair<'_, Rule>) -> Option<ExampleLine> {
        let line = pair.into_inner().next()?;
        if line.as_rule() == Rule::first_contact {
            return Some(ExampleLine::FirstContact);
        }
        if line.as_rule() == Rule::at_time {
            return Some(ExampleLine::Time(self.quoted(inside(line, Rule::quoted)?)?));
        }
        let rule = line.as_rule();
        let side = self.first_name(line.clone())?;
        let is_with = inside(line.clone(), Rule::kw_with).is_some();
        let mut parked = false;
        let mut text = None;
        for inner in line.into_inner() {
            match inner.as_rule() {
                Rule::kw_unchanged => return Some(ExampleLine::GivesUnchanged(side)),
                Rule::kw_missing => return Some(ExampleLine::Missing(side)),
                Rule::kw_newest => return Some(ExampleLine::Newest(side)),
                Rule::kw_parked => parked = true,
                Rule::quoted => text = Some(self.quoted(inner)?),
                Rule::wants => {
                    let wants = self.wants(inner)?;
                    return Some(ExampleLine::Gives { side, wants });
                }
                Rule::assignments => {
                    let values = self.assignments(inner)?;
                    return Some(match (rule == Rule::base, is_with) {
                        (true, _) => ExampleLine::BaseWith { side, values },
                        (false, true) => ExampleLine::With { side, values },
                        (false, false) => ExampleLine::Has { side, values },
                    });
                }
                _ => {}
            }
        }
        if parked {
            return Some(ExampleLine::GivesParked { side, text });
        }
        let file = text?;
        Some(if rule == Rule::base {
            ExampleLine::Base { side, file }
        } else {
            ExampleLine::Given { side, file }
        })
    }

    fn wants(&mut self, pair: Pair<'_, Rule>) -> Option<Vec<(At<Path>, At<Want>)>> {
        let one = |want: Pair<'_, Rule>| {
            let path = self.first_path(want.clone())?;
            let last = want.into_inner().last()?;
            let word = self.span(&last);
            let want = match last.as_rule() {
                Rule::kw_unchanged => At::new(Want::Unchanged, word),
                Rule::kw_held => At::new(Want::Held, word),
                Rule::kw_parked => At::new(Want::Parked, word),
                _ => {
                    let value = self.value(last)?;
                    At::new(Want::Is(value.value), value.span)
                }
            };
            Some((path, want))
        };
        all(pair, Rule::want).map(one).collect()
    }

    fn assignments(&mut self, pair: Pair<'_, Rule>) -> Option<Vec<(At<Path>, At<Constant>)>> {
        all(pair, Rule::assignment)
            .map(|assignment| {
                let path = self.first_path(assignment.clone())?;
                let value = self.value(inside(assignment, Rule::value)?)?;
                Some((path, value))
            })
            .collect()
    }
}
