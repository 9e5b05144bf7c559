//! What of a line can be done on a record's own text.
//!
//! In: a line, and what its conversion says of itself. Out: [`How`] its step is done; none: the
//! plan has to work it out. Must not know: records, the order of steps.

use super::Read;
use super::build::{Build, head, quoted, steps_of};
use super::number::NumberStep;
use super::step::{How, Joined, LineAt, Piece, Step};
use super::text::TextStep;
use super::whole::bits;
use crate::convert::{Direct, Passes, Piece as Part};
use crate::decision::Side;
use crate::plan::{Line, Slot, SlotId, Source, Via};
use crate::schema::Kind;
use crate::value::is_text;

impl Build<'_> {
    /// What can be done of a line; `prefix` stands before the names of a related record.
    pub(super) fn how(
        &mut self,
        line: &Line,
        sources: &[Read],
        prefix: Option<&str>,
    ) -> Option<How> {
        if matches!(line.source(self.from()), Source::Constant(_)) {
            return Some(How::Constant);
        }
        let Via::Convert(conversion) = &line.via else { return None };
        let targets = line.source(self.to).slots();
        match conversion.direct(self.to == Side::Right, sources.len())? {
            Direct::Each(each) if each.len() == targets.len() => {
                let fields = each.into_iter().zip(sources).zip(targets);
                let parts = fields
                    .map(|((direct, read), target)| self.part(&direct, *read, *target, prefix));
                parts.collect::<Option<_>>().map(How::Each)
            }
            Direct::Template { pieces, most, unreserved } => {
                let [target] = targets else { return None };
                let slot = |read: &Read| self.plan.slot(self.from(), read.slot);
                let sources: Vec<&Slot> = sources.iter().map(slot).collect::<Option<_>>()?;
                let (pieces, text) = template(&pieces, most, &sources, self.target(*target)?)?;
                Some(How::Template { pieces, text, unreserved })
            }
            direct => {
                let ([read], [target]) = (sources, targets) else { return None };
                self.one(&direct, *read, *target)
            }
        }
    }

    /// A field that may be written, whatever stands in it.
    fn target(&self, id: SlotId) -> Option<&Slot> {
        let slot = self.plan.slot(self.to, id)?;
        (slot.create && slot.values.is_empty()).then_some(slot)
    }

    /// One of several fields of a line.
    fn part(
        &mut self,
        direct: &Direct<'_>,
        read: Read,
        target: SlotId,
        prefix: Option<&str>,
    ) -> Option<Step> {
        let how = self.one(direct, read, target)?;
        let path = self.plan.slot(self.to, target)?.path.as_str();
        let own = prefix.map_or(Some(path), |prefix| path.strip_prefix(prefix))?;
        let gives = if prefix.is_none() { bits(self.plan, self.to, target) } else { 0 };
        Some(Step { gives, ..Step::new(LineAt::Own(0), how, vec![read], head(own)) })
    }

    /// What can be done of one field.
    fn one(&mut self, direct: &Direct<'_>, read: Read, target: SlotId) -> Option<How> {
        let plan = self.plan;
        let source = plan.slot(self.from(), read.slot)?;
        let target = self.target(target)?;
        let limit = target.length.map_or(usize::MAX, |length| length as usize);
        let kinds = (source.kind, target.kind);
        let text = |passes| {
            let Slot { exact, badged, .. } = *source;
            let fits = is_text(source.kind) && is_text(target.kind);
            fits.then_some(How::Text(TextStep { passes, exact, badged, limit }))
        };
        match direct {
            Direct::Same if is_text(source.kind) => text(Passes::default()),
            Direct::Same if kinds == (Kind::Bool, Kind::Bool) => Some(How::Flag),
            Direct::Same => number(None, source, target),
            Direct::Text(passes) => text(*passes),
            Direct::Number { decimals } => number(*decimals, source, target),
            Direct::Day => (kinds == (Kind::DateTime, Kind::Date)).then_some(How::Day),
            Direct::Template { .. } | Direct::Each(_) => None,
            Direct::Joined { member, once, separator, splitter } => {
                if source.kind != Kind::List || !is_text(target.kind) || source.exact {
                    return None;
                }
                let gathering = match (&source.json_path, member) {
                    (None, member) => self.trie.gathering_of(&source.steps, *member),
                    (Some(path), None) => {
                        let (list, member) = path.each_member()?;
                        self.trie.gathering_of(&steps_of(&list), Some(member))
                    }
                    (Some(_), Some(_)) => return None,
                };
                let splitter = splitter.as_bytes().to_vec();
                let separator = quoted(separator);
                Some(How::Joined(Joined { gathering, separator, splitter, once: *once, limit }))
            }
        }
    }
}

fn number(decimals: Option<u32>, source: &Slot, target: &Slot) -> Option<How> {
    let is_number = |slot: &Slot| matches!(slot.kind, Kind::Number | Kind::Percent);
    if !is_number(source) || !is_number(target) {
        return None;
    }
    let most = |digits: Option<u32>| digits.map_or(usize::MAX, |digits| digits as usize);
    let (whole, scale) = match target.precision {
        Some((precision, scale)) => {
            (usize::from(precision.saturating_sub(scale)), usize::from(scale))
        }
        None => (usize::MAX, usize::MAX),
    };
    Some(How::Number(NumberStep { decimals: most(decimals).min(scale), whole }))
}

fn template(
    pieces: &[Part<'_>],
    most: Option<u32>,
    sources: &[&Slot],
    target: &Slot,
) -> Option<(Vec<Piece>, TextStep)> {
    let fits = sources.iter().all(|slot| is_text(slot.kind)) && is_text(target.kind);
    let limit = [most, target.length].into_iter().flatten().min();
    let text = TextStep {
        passes: Passes { trimmed: true, ..Passes::default() },
        exact: sources.iter().all(|slot| slot.exact),
        badged: sources.iter().any(|slot| slot.badged),
        limit: limit.map_or(usize::MAX, |limit| limit as usize),
    };
    let last = pieces.len().saturating_sub(1);
    let piece = |(index, part): (usize, &Part<'_>)| match part {
        Part::Words(words) => {
            let words = if index == 0 { words.trim_start() } else { words };
            Piece::Words(quoted(if index == last { words.trim_end() } else { words }))
        }
        Part::Place(index) => Piece::Source(*index),
    };
    let pieces = pieces.iter().enumerate().map(piece).collect();
    fits.then_some((pieces, text))
}
