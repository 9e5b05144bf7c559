//! Values that a system accepted and did not keep: a sum over line items, an automation that sets it back.
//!
//! In: what was written, and what both records say afterwards. Out: faults, while nobody changes either side.
//! Must not know: wires, the store. No value is kept, only fingerprints.

use mapping::decision::{Decision, LineTrace, Outcome, Side};
use mapping::fault::{Fault, FaultCode};
use mapping::plan::Plan;
use mapping::schema::System;
use serde::{Deserialize, Serialize};

use super::note::Memo;
use crate::fingerprint::fingerprint;

/// A line that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    rule: String,
    to: Side,
    /// What stood there.
    was: String,
}

/// A line one side of which kept what stood there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    rule: String,
    by: Side,
    /// What both sides say.
    values: String,
}

/// What a side says.
fn print(trace: &LineTrace, side: Side) -> String {
    match side {
        Side::Left => fingerprint(&[&trace.left]),
        Side::Right => fingerprint(&[&trace.right]),
    }
}

/// What a seller calls a system.
fn name(system: System) -> &'static str {
    match system {
        System::PartnerCenter => "Microsoft",
        System::Salesforce => "Salesforce",
    }
}

impl Memo {
    /// The lines of this decision were written.
    pub(super) fn was_sent(&mut self, decision: &Decision) {
        let sent = |trace: &LineTrace| {
            let to = match trace.outcome {
                Outcome::WritesLeft => Side::Left,
                Outcome::WritesRight => Side::Right,
                Outcome::Agrees
                | Outcome::Kept
                | Outcome::WritesBoth
                | Outcome::Held(_)
                | Outcome::Drifted
                | Outcome::Parked(_)
                | Outcome::NotOptedIn => return None,
            };
            Some(Sent { rule: trace.rule.clone(), to, was: print(trace, to) })
        };
        self.sent = decision.lines.iter().filter_map(sent).collect();
    }

    /// Who kept his own value of a line on which the sides differ although nobody changed it.
    fn keeper(&self, trace: &LineTrace, values: &str) -> Option<Side> {
        let sent = self.sent.iter().find(|one| one.rule == trace.rule);
        let sent = sent.filter(|one| one.was == print(trace, one.to)).map(|one| one.to);
        let kept = self.kept.iter().find(|one| one.rule == trace.rule && one.values == values);
        sent.or(kept.map(|one| one.by))
    }

    /// Lines whose last write was accepted and not kept wait for a person.
    pub(super) fn park_kept(&mut self, plan: &Plan, decision: &mut Decision) {
        let mut kept = Vec::new();
        for trace in &mut decision.lines {
            if trace.outcome != Outcome::Drifted || trace.set_aside().is_some() {
                continue;
            }
            let values = fingerprint(&[&trace.left, &trace.right]);
            let Some(by) = self.keeper(trace, &values) else { continue };
            let who = name(plan.system(by));
            let label = plan.called(trace).to_owned();
            let message = format!("{who} accepted a new {label} and kept its own");
            let (map, map_line) = plan.place(trace.map_line);
            decision.parked.push(Fault {
                line: None,
                field: None,
                code: FaultCode::NotKept,
                message: message.clone(),
                map: map.to_owned(),
                map_line,
            });
            trace.outcome = Outcome::Parked(message);
            kept.push(Kept { rule: trace.rule.clone(), by, values });
        }
        (self.sent, self.kept) = (Vec::new(), kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(outcome: Outcome, left: &str, right: &str) -> Decision {
        let trace = LineTrace {
            rule: "details.dealValue, details.currency <-> Amount, CurrencyIsoCode".to_owned(),
            map_line: 1,
            row_line: None,
            reason: "neither changed since the base, and they disagree".to_owned(),
            outcome,
            left: left.to_owned(),
            right: right.to_owned(),
            written: None,
        };
        Decision { lines: vec![trace], ..Decision::default() }
    }

    #[test]
    fn only_what_was_written_and_stands_as_before_was_not_kept() {
        let text = include_str!("../../../../mappings/opportunity.map");
        let schemas = mapping::schema::Schemas::built_in();
        let plan = mapping::compile("opportunity.map", text, schemas).plan.unwrap();
        let mut memo = Memo::default();
        let after = |memo: &mut Memo, left: &str, right: &str| {
            let mut decision = trace(Outcome::Drifted, left, right);
            memo.park_kept(&plan, &mut decision);
            decision.parked.len()
        };
        assert_eq!(after(&mut memo, "9999", "450"), 0, "nothing was written");
        memo.was_sent(&trace(Outcome::WritesRight, "9999", "450"));
        assert_eq!(after(&mut memo, "9999", "450"), 1);
        assert_eq!(after(&mut memo, "9999", "450"), 1, "and it stays so");
        let mut memo = Memo::read(Some(&memo.write()));
        assert_eq!(after(&mut memo, "9999", "450"), 1, "in another process too");
        assert_eq!(after(&mut memo, "9999", "500"), 0, "somebody changed it");
        assert_eq!(after(&mut memo, "9999", "450"), 0, "that is another story");
        memo.was_sent(&trace(Outcome::WritesRight, "9999", "450"));
        assert_eq!(after(&mut memo, "9999", "460"), 0, "it was not as before");
        memo.was_sent(&trace(Outcome::WritesLeft, "1", "2"));
        assert_eq!(after(&mut memo, "1", "2"), 1, "Microsoft too");
    }
}
