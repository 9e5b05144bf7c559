//! A plan on a stream of records, with memory that is used again from one to the next.
//!
//! In: a plan, the side that is made, records as bytes. Out: JSON appended to a buffer, or a fault.
//! Must not know: files, lines, order, threads. Each thread has its own.

use crate::decision::Side;
use crate::fault::{Fault, FaultCode};
use crate::plan::Plan;
use crate::program::{Memory, Program};

/// Applies a plan to one record after the other.
#[derive(Debug)]
pub struct Applier<'p> {
    plan: &'p Plan,
    to: Side,
    program: Option<Program>,
    memory: Memory,
}

impl Plan {
    /// What makes records of `to` out of a stream of records of the other side.
    pub fn applier(&self, to: Side) -> Applier<'_> {
        let program = Program::of(self, to);
        let memory = program.as_ref().map(Program::memory).unwrap_or_default();
        Applier { plan: self, to, program, memory }
    }
}

impl Applier<'_> {
    /// Appends the record of the other side that belongs to `record`, as [`Plan::apply`] makes it
    /// without an old one. Errors: the first misfit; `out` is then as it was.
    pub fn apply(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        if self.quick(record, out) {
            return Ok(());
        }
        let text = std::str::from_utf8(record).map_err(|error| {
            let place = error.valid_up_to();
            let message = format!("not well-formed JSON at byte {place}: bytes that are not utf-8");
            self.plan.fault(FaultCode::NotJson, message)
        })?;
        out.extend_from_slice(self.plan.apply(self.to, text, None)?.as_bytes());
        Ok(())
    }

    /// Whether the program could do it; else nothing is written.
    fn quick(&mut self, record: &[u8], out: &mut Vec<u8>) -> bool {
        let Some(program) = &self.program else { return false };
        let start = out.len();
        let done = program.run(self.plan, record, &mut self.memory, out).is_ok();
        if !done {
            out.truncate(start);
        }
        done
    }
}
