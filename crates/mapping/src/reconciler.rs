//! A plan on one deal after the other, with memory that is used again.
//!
//! In: a plan; then both records and the base of a deal. Out: that they are in step, or a decision.
//! Must not know: how records are fetched or written. Each thread has its own.

use crate::decision::{Decision, Input};
use crate::fault::Fault;
use crate::plan::Plan;
use crate::program::{PairMemory, PairProgram};

/// Reconciles one deal after the other.
#[derive(Debug)]
pub struct Reconciler<'p> {
    plan: &'p Plan,
    program: Option<PairProgram>,
    memory: PairMemory,
}

/// What became of a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reconciled {
    /// Every line agrees, or keeps what it has, and the base says so: nothing is to be written,
    /// parked or remembered.
    InStep,
    /// What is to be done, which may be nothing but a new base.
    Decision(Box<Decision>),
}

impl Plan {
    /// What reconciles deals one after the other.
    pub fn reconciler(&self) -> Reconciler<'_> {
        let program = PairProgram::of(self);
        Reconciler { plan: self, program, memory: PairMemory::default() }
    }
}

impl Reconciler<'_> {
    /// Decides what brings the two records into agreement, as [`Plan::reconcile`] does; of two that
    /// are in step, as most are, it is seen without working it out. Errors: as there.
    pub fn reconcile(&mut self, input: &Input<'_>) -> Result<Reconciled, Fault> {
        if let (Some(program), Some(left), Some(right)) = (&self.program, &input.left, &input.right)
            && program.in_step(self.plan, [left.body, right.body], input.base, &mut self.memory)
        {
            return Ok(Reconciled::InStep);
        }
        self.plan.reconcile(input).map(|decision| Reconciled::Decision(Box::new(decision)))
    }
}
