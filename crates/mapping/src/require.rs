//! `require before sharing`: what must hold of the referral as it would be.
//!
//! In: the referral as a write would leave it. Out: the lines that fail, and whether they name a
//! field. Must not know: bases, what else is written.

use crate::decision::{Side, is_at_or_below};
use crate::fault::{Fault, FaultCode};
use crate::plan::{Plan, Require, TestOp};
use crate::record::{Record, SlotFault};

impl Plan {
    /// The lines that do not hold of a left record.
    pub(crate) fn failing<'p>(&'p self, left: &'p Record<'_>) -> impl Iterator<Item = &'p Require> {
        self.requires.iter().filter(|require| {
            let applies = require.when.as_ref().is_none_or(|when| left.fulfils(when) == Ok(true));
            applies && left.fulfils(&require.test) != Ok(true)
        })
    }

    /// Whether a line names the field at `path`, something in it, or what it is in.
    pub(crate) fn names(&self, require: &Require, path: &str) -> bool {
        let conditions = std::iter::once(&require.test).chain(&require.when);
        conditions
            .flat_map(|condition| &condition.tests)
            .filter_map(|test| self.slot(Side::Left, test.slot))
            .any(|slot| is_at_or_below(&slot.path, path) || is_at_or_below(path, &slot.path))
    }

    /// Whether a line of `require` asks that there is something in the list at `path`.
    pub(crate) fn requires_of(&self, path: &str) -> bool {
        self.requires.iter().any(|require| require.when.is_none() && self.asks_for(require, path))
    }

    fn asks_for(&self, require: &Require, path: &str) -> bool {
        require.test.tests.iter().any(|test| {
            let slot = self.slot(Side::Left, test.slot);
            matches!(test.op, TestOp::Present) && slot.is_some_and(|slot| slot.path == path)
        })
    }

    /// What the seller reads of a line that fails.
    pub(crate) fn require_fault(&self, require: &Require) -> Fault {
        let fault = SlotFault { code: FaultCode::Require, message: require.otherwise.clone() };
        self.fault_at(require.map_line, "require before sharing", fault)
    }
}
