//! A plan as a straight line of steps over a record's own text.
//!
//! In: a plan and the side that is made; then records. Out: what [`Plan::apply`] makes of them, byte
//! for byte, or [`Unusual`]: this record has to go through the plan itself. That is so for every
//! fault and for all rare shapes, so that there is one place only that says what a map means. Must
//! not know: files, threads, bases.
//!
//! One pass finds what the map reads ([`crate::scan`]). Most lines then copy a span of the record
//! ([`crate::convert::Direct`]); those that cannot be said so plainly, such as tables, remember what
//! the plan made of the same values before.

mod build;
mod how;
mod memo;
mod number;
mod pair;
mod step;
#[cfg(test)]
mod tests;
mod text;
mod whole;

use crate::decision::Side;
use crate::plan::{Plan, SlotId};
use crate::scan::{Finds, Trie, Unusual, scan};

use memo::Memo;
pub(crate) use pair::{PairMemory, PairProgram};
use step::{Done, Step, Written};
use whole::WholeList;

/// The steps that make records of one side.
#[derive(Debug)]
pub(crate) struct Program {
    to: Side,
    trie: Trie,
    /// Where the name stands that makes the record a webhook's payload.
    payload: usize,
    /// The key, which stands first.
    key: Step,
    /// In the order of the plan's lines.
    steps: Vec<Step>,
    groups: Vec<Group>,
    lists: Vec<WholeList>,
    /// A bit for each field that must be given.
    required: u64,
}

/// A record that the new one refers to.
#[derive(Debug)]
struct Group {
    /// Its name and the brace.
    head: Vec<u8>,
    steps: Vec<Step>,
    /// Fields by which it is looked for: they must be readable.
    matched: Vec<Read>,
}

/// A slot and the place at which it is found.
#[derive(Debug, Clone, Copy)]
struct Read {
    slot: SlotId,
    place: usize,
}

/// Memory that is used again from record to record.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    finds: Finds,
    memos: Vec<Memo<Written>>,
}

/// What a step works with.
struct Work<'w> {
    plan: &'w Plan,
    to: Side,
    record: &'w [u8],
    finds: &'w Finds,
    memos: &'w mut [Memo<Written>],
    /// The fields that must be given and were.
    given: u64,
}

impl Program {
    /// Appends the record that belongs to `record`. Error: it has to go through the plan; `out` is
    /// then of no use from where it ended.
    pub(crate) fn run(
        &self,
        plan: &Plan,
        record: &[u8],
        memory: &mut Memory,
        out: &mut Vec<u8>,
    ) -> Result<(), Unusual> {
        let Memory { finds, memos } = memory;
        scan(record, &self.trie, finds)?;
        if finds.at(self.payload).form.is_text() {
            return Err(Unusual);
        }
        let mut work = Work { plan, to: self.to, record, finds, memos, given: 0 };
        out.push(b'{');
        if work.direct(&self.key, out) == Done::Ask {
            return Err(Unusual);
        }
        for step in &self.steps {
            work.step(step, out)?;
        }
        for group in &self.groups {
            work.group(group, out)?;
        }
        for list in &self.lists {
            work.list(list, out)?;
        }
        if work.given & self.required != self.required {
            return Err(Unusual);
        }
        close(out);
        Ok(())
    }
}

/// Ends an object whose members each ended with a comma.
fn close(out: &mut Vec<u8>) {
    match out.last_mut() {
        Some(last @ b',') => *last = b'}',
        Some(_) | None => out.push(b'}'),
    }
}

impl Work<'_> {
    #[inline]
    fn step(&mut self, step: &Step, out: &mut Vec<u8>) -> Result<(), Unusual> {
        let start = out.len();
        match self.direct(step, out) {
            Done::Written => self.given |= step.gives,
            Done::Blank => match &step.blank {
                Some(written) => {
                    out.extend_from_slice(&written.text);
                    self.given |= written.gives;
                }
                None => self.whole(step, out)?,
            },
            Done::Ask => self.whole(step, out)?,
        }
        if step.silent {
            out.truncate(start);
        }
        Ok(())
    }

    fn group(&mut self, group: &Group, out: &mut Vec<u8>) -> Result<(), Unusual> {
        for read in &group.matched {
            self.readable(*read)?;
        }
        let start = out.len();
        out.extend_from_slice(&group.head);
        let inside = out.len();
        for step in &group.steps {
            self.step(step, out)?;
        }
        if out.len() == inside {
            out.truncate(start);
        } else {
            close(out);
            out.push(b',');
        }
        Ok(())
    }
}
