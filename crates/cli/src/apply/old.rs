//! `--old`: the records of the other side as they are, found by their key.
//!
//! In: a file of records. Out: the one that a key means, faults of those that cannot be used. Must
//! not know: what a plan does with them.

use std::collections::HashMap;
use std::path::Path;

use mapping::decision::Side;
use mapping::fault::{Fault, FaultCode};
use mapping::plan::Plan;

use super::fault;
use crate::lines::{Line, open};
use crate::terminal::Stop;

/// The records of `--old`, by key.
pub(super) struct OldRecords {
    /// None: several records have this key, so it is not certain which is meant.
    by_key: HashMap<String, Option<String>>,
}

impl OldRecords {
    /// Reads a file; each fault is told.
    pub(super) fn read(
        plan: &Plan,
        side: Side,
        path: &Path,
        mut told: impl FnMut(&Fault),
    ) -> Result<Self, Stop> {
        let mut records = OldRecords { by_key: HashMap::new() };
        let mut lines = open(path)?;
        loop {
            let next = lines.next();
            let Some(line) = next.map_err(|error| lines.failed(error, "nothing is written"))?
            else {
                return Ok(records);
            };
            let number = line.number;
            if let Err(mut problem) = records.add(plan, side, line) {
                problem.line = Some(number);
                problem.message = format!("in {}: {}", path.display(), problem.message);
                told(&problem);
            }
        }
    }

    fn add(&mut self, plan: &Plan, side: Side, line: Line) -> Result<(), Fault> {
        let text = match line.text {
            Ok(text) => text,
            Err(why) => return Err(fault(plan, FaultCode::NotJson, why.message())),
        };
        // Without a key no record can be its partner.
        let Some(key) = plan.key_of(side, &text)? else { return Ok(()) };
        let known = self.by_key.contains_key(&key);
        self.by_key.insert(key, (!known).then_some(text));
        if known {
            let message = "another line has the same key, so neither is used";
            return Err(fault(plan, FaultCode::DoubledKey, message.to_owned()));
        }
        Ok(())
    }

    /// The old record for a key. Errors: why there is none.
    pub(super) fn partner(&self, key: &str) -> Result<&str, &'static str> {
        match self.by_key.get(key) {
            Some(Some(record)) => Ok(record),
            Some(None) => Err("several records in --old have its key"),
            None => Err("no record in --old has its key"),
        }
    }
}
