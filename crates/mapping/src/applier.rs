//! A plan on a stream of records, with memory that is used again from one to the next.
//!
//! In: a plan, the side that is made, records as bytes. Out: JSON appended to a buffer, or a fault.
//! Must not know: files, lines, order, threads. Each thread has its own.

use crate::decision::Side;
use crate::fault::{Fault, FaultCode};
use crate::plan::Plan;

/// Applies a plan to one record after the other.
#[derive(Debug)]
pub struct Applier<'p> {
    plan: &'p Plan,
    to: Side,
}

impl Plan {
    /// What makes records of `to` out of a stream of records of the other side.
    pub fn applier(&self, to: Side) -> Applier<'_> {
        Applier { plan: self, to }
    }
}

impl Applier<'_> {
    /// Appends the record of the other side that belongs to `record`, as [`Plan::apply`] makes it
    /// without an old one. Errors: the first misfit; `out` is then as it was.
    pub fn apply(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let text = std::str::from_utf8(record).map_err(|error| {
            let message =
                format!("not well-formed JSON at byte {}: bytes that are not utf-8", error.valid_up_to());
            self.plan.fault(FaultCode::NotJson, message)
        })?;
        out.extend_from_slice(self.plan.apply(self.to, text, None)?.as_bytes());
        Ok(())
    }
}
