//! The lines of an overlay: which of them a line is, and what it says.
//!
//! In: the lines of a file, where a word of an overlay begins one. Out: entries of the tree and
//! problems. Must not know: the base.

use pest::iterators::Pair;

use super::blocks::{End, Parser, push};
use super::grammar::Rule;
use super::heads::Head;
use super::lines::Line;
use super::operands::{Build, all, inside};
use super::words;
use crate::problem::syntax;
use crate::tree::{At, BlockName, Edit, Edits, Entry, Item, Key, Row, Span};

/// What a line of an overlay is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Extends,
    /// `remove values stage`
    Drop,
    /// `add to values stage`
    AddTo(Head),
    /// A line about a line, read by this rule.
    Edit(Rule),
    /// What stands behind `in` or `add to` is no block whose lines can be changed.
    NoBlock,
}

/// Makes a tree value of a piece.
type Maker<'f, 'l, T> = &'f dyn Fn(&mut Build<'l>, Pair<'_, Rule>) -> Option<T>;

/// The word of an overlay that a first word is, or is meant for.
pub(super) fn word_of(word: &str) -> Option<&'static str> {
    let known = || words::OVERLAY.iter().copied().find(|known| *known == word);
    let synonym = || words::OVERLAY_SYNONYMS.iter().find(|(synonym, _)| *synonym == word);
    let near = || words::near(word, words::OVERLAY).filter(|_| word.len() > 3);
    known().or_else(|| synonym().map(|(_, meant)| *meant)).or_else(near)
}

fn kind(line: &Line) -> Kind {
    let mut words = line.rest().split_whitespace();
    let (second, third) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    match line.first_word() {
        "extends" => Kind::Extends,
        "remove" if !line.arrow && Head::of(second) == Some(Head::Example) => Kind::NoBlock,
        "remove" if !line.arrow && Head::of(second).is_some() => Kind::Drop,
        "add" if second == "to" && Head::of(third).is_some() => match Head::of(third) {
            Some(Head::Example) | None => Kind::NoBlock,
            Some(head) => Kind::AddTo(head),
        },
        "add" if second == "to" && !line.arrow => Kind::NoBlock,
        "change" if second == "match" && !line.arrow => Kind::Edit(Rule::edit_key),
        "in" => match Head::of(second) {
            Some(Head::Sync) => Kind::Edit(Rule::edit_from),
            Some(Head::Defaults) => Kind::Edit(Rule::edit_default),
            Some(Head::Values) => Kind::Edit(Rule::edit_row),
            Some(Head::Fields) => Kind::Edit(Rule::edit_field),
            Some(Head::Related | Head::Each) => Kind::Edit(Rule::edit_inner),
            Some(Head::Require) => Kind::Edit(Rule::edit_demand),
            Some(Head::Report) => Kind::Edit(Rule::edit_note),
            Some(Head::Example) | None => Kind::NoBlock,
        },
        _ => Kind::Edit(Rule::edit_field),
    }
}

impl Parser {
    /// A line of an overlay, or a block of added lines.
    pub(super) fn overlay(&mut self, entries: &mut Vec<Entry<Item>>) {
        let Some(line) = self.lines.get(self.next) else { return };
        match kind(line) {
            Kind::Extends => self.overlay_line(Rule::extends_line, entries, &|build, pair| {
                build.first_name(pair).map(Item::Extends)
            }),
            Kind::Drop => self.overlay_line(Rule::drop_line, entries, &|build, pair| {
                build.block_name(inside(pair, Rule::block_name)?).map(Item::Drop)
            }),
            Kind::Edit(rule) => {
                self.overlay_line(rule, entries, &|build, pair| build.edit(pair));
            }
            Kind::AddTo(head) => self.add_to(head, entries),
            Kind::NoBlock => {
                let skipped = if line.first_word() == "in" { "in" } else { "add to" };
                let rest = line.plain.get(skipped.len()..).unwrap_or("");
                let found = rest.split_whitespace().next().unwrap_or("").to_owned();
                let start = line.plain.len() - rest.trim_start().len();
                let at = line.place_of(start, start + found.len());
                let broken = line.broken;
                let opens = line.first_word() == "add" && !line.arrow;
                if !broken {
                    let meant = words::near(&found, words::CHANGEABLE);
                    self.problems.push(syntax::no_block(at, &found, meant));
                }
                let stop = self.stop();
                if opens && self.lines.get(stop).is_some_and(super::heads::is_end) {
                    return self.skip_to(stop, entries);
                }
                let logical = self.take_edit();
                entries.push(Entry::Unreadable(logical.whole));
            }
        }
    }

    fn overlay_line(
        &mut self,
        rule: Rule,
        entries: &mut Vec<Entry<Item>>,
        maker: super::blocks::Maker<'_, Item>,
    ) {
        let mut logical = self.take_edit();
        let item = self.read(&mut logical, rule, maker);
        push(entries, &mut logical, item);
    }

    /// `add to BLOCK … end`.
    fn add_to(&mut self, head: Head, entries: &mut Vec<Entry<Item>>) {
        let mut logical = if head == Head::Values { self.take_add_to() } else { self.take(false) };
        let parts = self.read(&mut logical, Rule::add_to_line, &|build, pair| build.add_to(pair));
        let (start, whole) = (logical.span.start, logical.whole);
        let at = (logical.span_of(0, "add to".len()), whole.end);
        let mut end = End::default();
        let (block, before) = parts.map_or((None, None), |(block, before)| (Some(block), before));
        let edits = self.added(head, at, &mut end, before);
        match block.zip(edits) {
            Some((block, edits)) => {
                entries.extend(logical.loose().into_iter().map(Entry::Comment));
                let (span, trailing) = (Span::new(start, end.content), logical.trailing());
                let item = Item::Edit { block: Some(block), edits: Box::new(edits) };
                entries.push(Entry::Line { item, span, trailing });
            }
            None => entries.push(Entry::Unreadable(Span::new(start, end.whole))),
        }
    }

    /// The lines between `add to BLOCK` and `end`.
    fn added(
        &mut self,
        head: Head,
        at: (Span, usize),
        end: &mut End,
        before: Option<At<Row>>,
    ) -> Option<Edits> {
        Some(match head {
            Head::Sync => Edits::Sync(Edit::AddLines {
                lines: self.block(head, at, end, &|build, pair| build.sync_line(pair)),
                before: None,
            }),
            Head::Defaults => Edits::Defaults(Edit::AddLines {
                lines: self.block(head, at, end, &|build, pair| build.default_line(pair)),
                before: None,
            }),
            Head::Values => Edits::Values(Edit::AddLines {
                lines: self.block(head, at, end, &|build, pair| build.row_line(pair)),
                before,
            }),
            Head::Fields => Edits::Fields(Edit::AddLines {
                lines: self.block(head, at, end, &|build, pair| build.field_line(pair)),
                before: None,
            }),
            Head::Related | Head::Each => Edits::Inner(Edit::AddLines {
                lines: self.block(head, at, end, &|build, pair| build.inner_line(pair)),
                before: None,
            }),
            Head::Require => Edits::Require(Edit::AddLines {
                lines: self.block(head, at, end, &|build, pair| build.require_line(pair)),
                before: None,
            }),
            Head::Report => Edits::Report(Edit::AddLines {
                lines: self.block(head, at, end, &|build, pair| build.report_line(pair)),
                before: None,
            }),
            Head::Example => return None,
        })
    }
}

impl<'l> Build<'l> {
    /// A block of the base.
    fn block_name(&mut self, pair: Pair<'_, Rule>) -> Option<At<BlockName>> {
        let span = self.span(&pair);
        let word = pair.clone().into_inner().next()?.as_rule();
        let mut names = self.names(pair.clone())?.into_iter();
        let name = match word {
            Rule::kw_fields => BlockName::Fields,
            Rule::kw_sync => BlockName::Sync,
            Rule::kw_defaults => BlockName::Defaults,
            Rule::kw_report => BlockName::Report,
            Rule::kw_require => BlockName::Require,
            Rule::kw_values => BlockName::Values(names.next()?),
            Rule::kw_related => BlockName::Related { object: names.next()?, through: names.next() },
            Rule::kw_each => {
                let mut paths = all(pair, Rule::path);
                let left = self.path(paths.next()?)?;
                let right = match paths.next() {
                    Some(right) => Some(self.path(right)?),
                    None => None,
                };
                BlockName::Each { left, right }
            }
            _ => return None,
        };
        Some(At::new(name, span))
    }

    /// The head of `add to BLOCK [before ROW]`.
    fn add_to(&mut self, pair: Pair<'_, Rule>) -> Option<(At<BlockName>, Option<At<Row>>)> {
        let block = self.block_name(inside(pair.clone(), Rule::block_name)?)?;
        let before = match inside(pair, Rule::a_row) {
            Some(row) => Some(self.part(row, &Build::row_line)?),
            None => None,
        };
        Some((block, before))
    }

    fn part<T>(&mut self, pair: Pair<'_, Rule>, maker: Maker<'_, 'l, T>) -> Option<At<T>> {
        let span = self.span(&pair);
        Some(At::new(maker(self, pair)?, span))
    }

    /// `[in BLOCK] add | change | remove LINE`.
    fn edit(&mut self, pair: Pair<'_, Rule>) -> Option<Item> {
        let block = match inside(pair.clone(), Rule::block_name) {
            Some(block) => Some(self.block_name(block)?),
            None => None,
        };
        let one = |rule| (rule, rule);
        let edits = match pair.as_rule() {
            Rule::edit_key => Edits::Key(self.one_edit(pair, one(Rule::a_key), &Build::key)?),
            Rule::edit_from => {
                Edits::Sync(self.one_edit(pair, one(Rule::a_from), &Build::sync_line)?)
            }
            Rule::edit_default => {
                Edits::Defaults(self.one_edit(pair, one(Rule::a_default), &Build::default_line)?)
            }
            Rule::edit_row => {
                Edits::Values(self.one_edit(pair, one(Rule::a_row), &Build::row_line)?)
            }
            Rule::edit_field => {
                let rules = (Rule::old_field, Rule::new_field);
                Edits::Fields(self.one_edit(pair, rules, &Build::field_line)?)
            }
            Rule::edit_inner => {
                let rules = (Rule::old_inner, Rule::new_inner);
                Edits::Inner(self.one_edit(pair, rules, &Build::inner_line)?)
            }
            Rule::edit_demand => {
                let rules = (Rule::old_demand, Rule::new_demand);
                Edits::Require(self.one_edit(pair, rules, &Build::require_line)?)
            }
            Rule::edit_note => {
                Edits::Report(self.one_edit(pair, one(Rule::a_note), &Build::report_line)?)
            }
            _ => return None,
        };
        Some(Item::Edit { block, edits: Box::new(edits) })
    }

    fn key(&mut self, pair: Pair<'_, Rule>) -> Option<Key> {
        let (left, right) = self.two_paths(pair)?;
        Some(Key { left, right })
    }

    /// What happens to a line; `rules` read the line of the base and the new one.
    fn one_edit<T>(
        &mut self,
        pair: Pair<'_, Rule>,
        rules: (Rule, Rule),
        maker: Maker<'_, 'l, T>,
    ) -> Option<Edit<T>> {
        let has = |rule| inside(pair.clone(), rule).is_some();
        let (removes, adds) = (has(Rule::kw_remove), has(Rule::kw_add));
        let mut parts = pair.into_inner().filter(|part| {
            let rule = part.as_rule();
            rule == rules.0 || rule == rules.1
        });
        let first = self.part(parts.next()?, maker)?;
        let second = match parts.next() {
            Some(second) => Some(self.part(second, maker)?),
            None => None,
        };
        if removes {
            return Some(Edit::Remove(first));
        }
        if adds {
            return Some(Edit::Add { line: first, before: second });
        }
        Some(Edit::Change { old: first, new: second? })
    }
}
