//! `defaults`: what lines do that do not say otherwise.
//!
//! In: the blocks as written. Out: the checker's defaults, and problems. Must not know: lines.

use crate::decision::Side;
use crate::plan::Wins;
use crate::problem::semantics as say;
use crate::tree::{Clause, ClauseKind, Item, Span, Tree};

use super::clauses::{clause_name, takes_side};
use super::{Checker, head};

impl Checker<'_> {
    /// Reads `defaults` blocks.
    pub(super) fn read_defaults(&mut self, tree: &Tree) {
        let mut first: Option<Span> = None;
        for (item, span) in head::items(tree) {
            let Item::Defaults(block) = item else { continue };
            if let Some(first) = first {
                self.say(say::doubled("defaults", first, span));
            }
            first.get_or_insert(span);
            let mut seen: Vec<&Clause> = Vec::new();
            for (clause, _) in block.lines() {
                let alike = |other: &&&Clause| {
                    let (one, two) = (clause_name(&other.kind), clause_name(&clause.kind));
                    let to = |clause: &Clause| clause.to.as_ref().map(|to| to.value.clone());
                    let decides = |name| matches!(name, "wins" | "conflict ask");
                    (one == two || (decides(one) && decides(two)))
                        && (to(other) == to(clause) || to(other).is_none() || to(clause).is_none())
                };
                if let Some(other) = seen.iter().find(alike) {
                    self.say(say::doubled(clause_name(&clause.kind), other.span, clause.span));
                }
                seen.push(clause);
                if clause.to.is_some() && !takes_side(&clause.kind) {
                    self.needless_side(clause);
                }
                self.read_default(clause);
            }
        }
    }

    fn read_default(&mut self, clause: &Clause) {
        match &clause.kind {
            ClauseKind::Wins { side, unless_blank } => {
                let unless_blank = *unless_blank;
                if let Some(side) = self.side_of(side) {
                    self.defaults.wins = Some(Wins::Side { side, unless_blank });
                }
            }
            ClauseKind::WinsNewest { fallback } => {
                if let Some(fallback) = self.side_of(fallback) {
                    self.defaults.wins = Some(Wins::Newest { fallback });
                }
            }
            ClauseKind::WinsNewestAlone => self.needs_fallback(clause.span),
            ClauseKind::ConflictAsk => self.defaults.wins = Some(Wins::Ask),
            ClauseKind::FirstContact(side) => {
                self.defaults.first_contact = self.side_of(side);
            }
            ClauseKind::Blank(policy) => {
                let to = clause.to.as_ref().and_then(|side| self.side_of(side));
                for side in Side::BOTH.into_iter().filter(|side| to.is_none_or(|to| to == *side)) {
                    self.defaults.blank[side.index()] = *policy;
                }
            }
            ClauseKind::As(_)
            | ClauseKind::Using(_)
            | ClauseKind::Union
            | ClauseKind::Default { .. }
            | ClauseKind::OnCreateOnly
            | ClauseKind::OnCreateOrInvite
            | ClauseKind::OneWayTo(_)
            | ClauseKind::UntilShared
            | ClauseKind::RemovedKeep
            | ClauseKind::None(_)
            | ClauseKind::Several(_)
            | ClauseKind::When(_)
            | ClauseKind::Else(_) => self.say(say::misplaced(
                clause.span,
                clause_name(&clause.kind),
                "it says something about one line only",
                "write it behind the line that it is meant for",
            )),
        }
    }
}
