//! What happens in a run: people at both ends, and the world around the runners.
//!
//! In: a seed. Out: a list of things that happen at a time. Must not know: how they are carried out. A
//! shorter list is a smaller story: that is how a failing one is made small.

use std::collections::BTreeSet;

use super::chance::Chance;
use super::ledger::{Cell, End};
use super::state::{Fault, RUNNERS};

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happens {
    /// Microsoft sends a referral.
    Referral,
    /// A rep flags an opportunity.
    Opportunity,
    /// Somebody changes a field of a deal.
    Edit(usize, Cell, End),
    /// Both sides change the same field within a moment.
    EditBoth(usize, Cell),
    /// Somebody changes a field that no line reads.
    Touch(usize, End),
    /// A rep moves the stage.
    Stage(usize, &'static str),
    /// Microsoft's portal closes the referral.
    Close(usize, &'static str),
    /// A solution is added.
    Solution(usize, End),
    /// A rep asks Microsoft for help.
    Ask(usize),
    Flag(usize, bool),
    Delete(usize, bool),
    Copy(usize),
    Hide(usize, bool),
    /// The opportunity is not shared with the sync user, for a while.
    Unshare(usize, bool),
    /// Many solutions are added at once.
    Many(usize),
    /// An account is merged into a new one, which the deals then refer to.
    Merge,
    /// A flow changes a field of the opportunity after each of our writes, a few times.
    Flow(usize),
    /// Microsoft's own half of the engagement appears, or changes.
    Half(usize),
    Crash(usize, i64),
    CrashOfAll(i64),
    Pause(usize, i64),
    /// Whichever runner next announces a new record stands still right after that.
    Standstill(i64),
    /// A rep changes a field of the deal that is next found in step, after all of it was read and before it is
    /// given back, which takes a while.
    Hasty(Cell, i64),
    Jump(usize, i64),
    /// Something does not work at all for a while.
    Out(Fault, i64),
    /// All runners start anew with another plan.
    Plan,
    /// A call about a referral that is not there.
    Forge,
    /// An operator lets everything that is parked go on.
    Release,
    Start(usize),
    /// A webhook call arrives: event, referral, how often it was tried.
    Hook(&'static str, String, u8),
}

impl Happens {
    /// The fault that this is, when it is one.
    pub(super) fn fault(&self) -> Option<Fault> {
        Some(match self {
            Happens::EditBoth(..) => Fault::BothEdit,
            Happens::Flag(_, false) => Fault::FlagOff,
            Happens::Delete(_, true) => Fault::Deleted,
            Happens::Copy(_) => Fault::Copied,
            Happens::Hide(_, true) => Fault::PermissionLost,
            Happens::Unshare(_, true) => Fault::Unshared,
            Happens::Many(_) => Fault::PartialBatch,
            Happens::Merge => Fault::Merged,
            Happens::Flow(_) => Fault::Automation,
            Happens::Crash(..) => Fault::Crash,
            Happens::CrashOfAll(_) => Fault::CrashOfAll,
            Happens::Pause(..) | Happens::Standstill(_) | Happens::Hasty(..) => Fault::Pause,
            Happens::Jump(..) => Fault::ClockJump,
            Happens::Out(fault, _) => *fault,
            Happens::Plan => Fault::PlanChanged,
            Happens::Forge => Fault::HookForged,
            Happens::Referral
            | Happens::Opportunity
            | Happens::Edit(..)
            | Happens::Touch(..)
            | Happens::Stage(..)
            | Happens::Close(..)
            | Happens::Solution(..)
            | Happens::Ask(_)
            | Happens::Flag(_, true)
            | Happens::Delete(_, false)
            | Happens::Hide(_, false)
            | Happens::Unshare(_, false)
            | Happens::Half(_)
            | Happens::Release
            | Happens::Start(_)
            | Happens::Hook(..) => return None,
        })
    }
}

/// What happens in a seed's run, in milliseconds from its start.
pub(super) fn story(seed: u64, without: &BTreeSet<Fault>) -> Vec<(i64, Happens)> {
    let mut chance = Chance::new(seed, 2);
    let deals = 1 + chance.below(3);
    let length = chance.between(60_000, 600_000);
    let mut all = Vec::new();
    for _ in 0..deals {
        let begins = if chance.in_thousand(500) { Happens::Referral } else { Happens::Opportunity };
        all.push((chance.between(0, length / 3), begins));
    }
    for _ in 0..4 + chance.below(14) {
        let deal = chance.below(deals);
        let happens = person(&mut chance, deal);
        all.push((chance.between(length / 10, length), happens));
    }
    // Each seed has some kinds of trouble, and none of the others.
    let kinds: Vec<usize> = (0..21).filter(|_| chance.in_thousand(250)).collect();
    for kind in kinds {
        let deal = chance.below(deals);
        let at = chance.between(length / 10, length);
        trouble(&mut chance, kind, deal, at, &mut all);
    }
    hasty(&mut Chance::new(seed, 3), deals, length, &mut all);
    all.retain(|(_, happens)| happens.fault().is_none_or(|fault| !without.contains(&fault)));
    all.sort_by_key(|(at, _)| *at);
    all
}

/// A rep who edits a deal while it is in work because of somebody else's edit.
fn hasty(chance: &mut Chance, deals: usize, length: i64, all: &mut Vec<(i64, Happens)>) {
    if !chance.in_thousand(250) {
        return;
    }
    let (deal, at) = (chance.below(deals), chance.between(length / 2, length));
    let (ours, theirs) = (chance.pick(&Cell::ALL), chance.pick(&Cell::ALL));
    all.push((at, Happens::Hasty(ours, chance.between(20_000, 40_000))));
    all.push((at, Happens::Edit(deal, theirs, End::Referral)));
}

fn end(chance: &mut Chance) -> End {
    if chance.in_thousand(500) { End::Referral } else { End::Opportunity }
}

fn person(chance: &mut Chance, deal: usize) -> Happens {
    let cell = chance.pick(&Cell::ALL);
    match chance.below(20) {
        0..=8 => Happens::Edit(deal, cell, end(chance)),
        11 | 12 => Happens::Stage(deal, "Qualification"),
        13 => Happens::Stage(deal, "Needs Analysis"),
        14 => Happens::Solution(deal, end(chance)),
        9 | 10 => Happens::Ask(deal),
        15 => Happens::Touch(deal, end(chance)),
        16 => Happens::Half(deal),
        17 => Happens::Stage(deal, chance.pick(&["Closed Won", "Closed Lost"])),
        18 if chance.in_thousand(500) => {
            Happens::Close(deal, chance.pick(&["Won", "Lost", "Expired"]))
        }
        _ => Happens::Edit(deal, cell, End::Referral),
    }
}

/// One kind of trouble, with what ends it.
fn trouble(chance: &mut Chance, kind: usize, deal: usize, at: i64, all: &mut Vec<(i64, Happens)>) {
    let cell = chance.pick(&Cell::ALL);
    let later = at + chance.between(2_000, 120_000);
    let runner = chance.below(RUNNERS);
    let is_over = chance.in_thousand(700);
    match kind {
        0 | 1 => all.push((at, Happens::EditBoth(deal, cell))),
        2 => {
            all.push((at, Happens::Flag(deal, false)));
            all.push((at + 1500, Happens::Edit(deal, cell, End::Opportunity)));
            all.extend(is_over.then_some((later, Happens::Flag(deal, true))));
        }
        3 => {
            all.push((at, Happens::Delete(deal, true)));
            all.push((at + 1500, Happens::Edit(deal, cell, End::Referral)));
            all.extend(is_over.then_some((later, Happens::Delete(deal, false))));
        }
        4 => all.push((at, Happens::Copy(deal))),
        5 => {
            all.push((at, Happens::Hide(deal, true)));
            all.push((at + 1500, Happens::Edit(deal, cell, End::Opportunity)));
            all.push((later, Happens::Hide(deal, false)));
        }
        6 => all.push((at, Happens::Merge)),
        7 => all.push((at, Happens::Flow(deal))),
        8 | 9 => {
            for _ in 0..=chance.below(3) {
                let at = at + chance.between(0, 60_000);
                all.push((at, Happens::Crash(chance.below(RUNNERS), chance.between(10, 30_000))));
            }
        }
        10 => all.push((at, Happens::CrashOfAll(chance.between(10, 60_000)))),
        11 => all.push((at, Happens::Pause(runner, chance.between(20_000, 300_000)))),
        12 => all.push((at, Happens::Jump(runner, chance.between(-600_000, 600_000)))),
        13 => all.push((at, Happens::Out(Fault::Denied, chance.between(1_000, 90_000)))),
        14 => {
            all.push((at, Happens::Out(Fault::DiskFull, chance.between(500, 60_000))));
            all.push((at + 400, Happens::Edit(deal, cell, end(chance))));
        }
        15 => {
            all.push((at, Happens::Out(Fault::FieldRemoved, later - at)));
            all.push((later + 5_000, Happens::Release));
        }
        18 => {
            all.push((at, Happens::Out(Fault::Rejected, later - at)));
            all.push((at + 1500, Happens::Edit(deal, cell, End::Referral)));
            all.push((later + 5_000, Happens::Release));
        }
        19 => {
            all.push((at, Happens::Unshare(deal, true)));
            all.push((at + 1500, Happens::Edit(deal, cell, end(chance))));
            all.push((later, Happens::Unshare(deal, false)));
        }
        20 => all.push((at, Happens::Many(deal))),
        // From the beginning on: that is when records are made.
        16 => all.push((0, Happens::Standstill(chance.between(20_000, 300_000)))),
        _ => {
            all.push((at, Happens::Plan));
            all.push((at, Happens::Forge));
        }
    }
}
