//! The compiled plan: every name resolved, flat, immutable.

use jiff::Timestamp;

use crate::decision::{Base, Change, Decision, Input, Pending, Reads, Side};
use crate::fault::Fault;
use crate::schema::System;

/// A compiled mapping.
#[derive(Debug, Clone)]
pub struct Plan {}

/// What the report fields should say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportEvent {
    /// The writes of the decision are being made.
    Done,
    /// They were not possible; the reason in the seller's words.
    Failed(String),
}

impl Plan {
    /// x
    pub fn name(&self) -> &str { "" }
    /// x
    pub fn hash(&self) -> &str { "" }
    /// x
    pub fn side_name(&self, _side: Side) -> &str { "" }
    /// x
    pub fn object(&self, _side: Side) -> &str { "" }
    /// x
    pub fn system(&self, _side: Side) -> System { System::Salesforce }
    /// x
    pub fn reads(&self, _side: Side) -> Reads { Reads::default() }
    /// x
    pub fn key_fields(&self) -> (&str, &str) { ("", "") }
    /// x
    pub fn key_of(&self, _side: Side, _body: &str) -> Result<Option<String>, Fault> { Ok(None) }
    /// x
    pub fn takes_part(&self, _side: Side, _body: &str) -> Result<bool, Fault> { Ok(true) }
    /// x
    pub fn external_reference(&self) -> Option<&str> { None }
    /// x
    pub fn reconcile(&self, _input: &Input<'_>) -> Result<Decision, Fault> { Ok(Decision::default()) }
    /// x
    pub fn settle(&self, _pending: &Pending, _left: &str, _right: &str) -> Result<Base, Fault> { Ok(Base::default()) }
    /// x
    pub fn report(&self, _decision: &Decision, _right: Option<&str>, _event: &ReportEvent, _now: Timestamp) -> Vec<Change> { Vec::new() }
}
