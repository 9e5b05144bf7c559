//! One block of lines, carried out.
//!
//! In: a block's lines, what makes records. Out: records and faults, a bounded part at a time. Must
//! not know: where lines come from, where parts go, threads.

use mapping::Applier;
use mapping::decision::Side;
use mapping::fault::{Fault, FaultCode};
use mapping::plan::Plan;

use super::blocks::Lines;
use super::old::OldRecords;
use super::{BLOCK, fault};
use crate::lines::Unreadable;

/// A part is handed on when it has so many faults.
const FAULTS: usize = 1024;

/// What became of some lines.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// The records, one a line.
    pub(super) out: Vec<u8>,
    /// With the lines' numbers in their block.
    pub(super) faults: Vec<Fault>,
    /// How many records there were, good and bad.
    pub(super) records: u64,
    /// How many lines the block had; told with its last part.
    pub(super) lines: u64,
}

/// What makes records of one side; each thread has its own.
pub(super) enum Maker<'p> {
    /// New ones.
    New(&'p Plan, Box<Applier<'p>>),
    /// What differs from the old ones.
    Paired(&'p Plan, Side, &'p OldRecords),
}

impl Part {
    /// Nothing, with the memory that it has unless that is unusually much.
    pub(super) fn clear(&mut self) {
        self.out.clear();
        self.out.shrink_to(2 * BLOCK);
        self.faults.clear();
        (self.records, self.lines) = (0, 0);
    }
}

impl<'p> Maker<'p> {
    /// Makes records of `to`.
    pub(super) fn new(plan: &'p Plan, to: Side, old: Option<&'p OldRecords>) -> Self {
        match old {
            None => Maker::New(plan, Box::new(plan.applier(to))),
            Some(old) => Maker::Paired(plan, to, old),
        }
    }

    /// Carries lines out until they end or the part has so many bytes, or very many faults. True:
    /// there may be more lines.
    pub(super) fn carry_out(
        &mut self,
        lines: &mut Lines<'_>,
        part: &mut Part,
        bytes: usize,
    ) -> bool {
        while part.out.len() < bytes && part.faults.len() < FAULTS {
            let Some((number, line)) = lines.next() else {
                part.lines = lines.passed();
                return false;
            };
            let before = part.out.len();
            let made = match line {
                Ok(record) => self.one(record, &mut part.out),
                Err(why) => Err(self.unreadable(why)),
            };
            match made {
                Ok(()) => part.out.push(b'\n'),
                Err(mut fault) => {
                    part.out.truncate(before);
                    fault.line = Some(number);
                    part.faults.push(fault);
                }
            }
            part.records += 1;
        }
        true
    }

    fn one(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let made = match self {
            Maker::New(_, applier) => applier.apply(record, out),
            Maker::Paired(plan, to, old) => match std::str::from_utf8(record) {
                Ok(text) => paired(plan, *to, old, text).map(|made| out.extend(made.into_bytes())),
                Err(error) => return Err(self.unreadable(Unreadable::not_utf8(error))),
            },
        };
        made.map_err(|fault| match std::str::from_utf8(record) {
            Ok(_) => fault,
            // Whatever was noticed first: the text itself is the cause.
            Err(error) => self.unreadable(Unreadable::not_utf8(error)),
        })
    }

    fn unreadable(&self, why: Unreadable) -> Fault {
        match self {
            Maker::New(plan, _) | Maker::Paired(plan, ..) => {
                fault(plan, FaultCode::NotJson, why.message())
            }
        }
    }
}

fn paired(plan: &Plan, to: Side, old: &OldRecords, record: &str) -> Result<String, Fault> {
    let Some(key) = plan.key_of(to.other(), record)? else { return plan.apply(to, record, None) };
    match old.partner(&key) {
        Ok(partner) => plan.apply(to, record, Some(partner)),
        Err(why) => Err(fault(plan, FaultCode::NoPartner, why.to_owned())),
    }
}
