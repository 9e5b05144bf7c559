//! What is written down about a deal: causes, the worker's memo, entries of the audit.
//!
//! In: faults, refusals, decisions. Out: causes with what to do, JSON texts. Must not know: wires or
//! the store.

use std::time::Duration;

use jiff::Timestamp;
use mapping::decision::{Decision, LineTrace, Outcome};
use mapping::fault::{Fault, FaultCode};
use mapping::plan::Plan;
use mapping::schema::System;
use serde::{Deserialize, Serialize};

use super::again::Rejected;
use super::kept::{Kept, Sent};
use crate::fingerprint::fingerprint;
use crate::store::{Because, Cause, Deadline, DeadlineKind, Difference};

/// So often in a row is a record that reads as older than before read again.
const OLDER_MOST: u32 = 40;

/// What the worker remembers of a deal beside its base.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memo {
    /// When each side was last changed by us, as the side says it.
    pub(super) left_stamp: Option<Timestamp>,
    pub(super) right_stamp: Option<Timestamp>,
    /// The newest state of each side that was read, as the side says it.
    pub(super) left_read: Option<Timestamp>,
    pub(super) right_read: Option<Timestamp>,
    /// How often in a row a side read as older than that.
    pub(super) older: u32,
    /// A fingerprint of the causes that the seller was told; none when the last word was a success.
    pub(super) told: Option<String>,
    /// What the seller is still to be told: of a record that became this one, that the deal was shared.
    pub(super) followed: Option<String>,
    /// Lines of the audit that are to be written with the next write: that of an attempt was not.
    pub(super) owed: Option<String>,
    /// Fingerprints of what would be written where this environment does not write; none: nothing would.
    pub(super) wish: Option<String>,
    /// The referral was made with a wish for help, of which Microsoft's half is to be told.
    pub(super) asks: bool,
    /// The write that was refused last.
    pub(super) rejected: Option<Rejected>,
    /// What was written just now, and what one side did not keep of what was written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) sent: Vec<Sent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) kept: Vec<Kept>,
    /// Writes since a time, for the breaker.
    pub(super) writes: u64,
    pub(super) writes_since: Option<Timestamp>,
}

impl Memo {
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub(super) fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// What was listed is there: what reads as older than that is not it.
    pub(super) fn was_told(&mut self, told: [Option<Timestamp>; 2]) {
        let [left, right] = told;
        self.left_read = self.left_read.max(left);
        self.right_read = self.right_read.max(right);
    }

    /// Whether a side reads as older than it was read before: a replica that lags. What it says is no
    /// change of anybody. A side that goes on like that is believed in the end.
    pub(super) fn is_older(&mut self, left: Option<Timestamp>, right: Option<Timestamp>) -> bool {
        let is_older = |now: Option<Timestamp>, before| now.is_some() && now < before;
        if self.older < OLDER_MOST
            && (is_older(left, self.left_read) || is_older(right, self.right_read))
        {
            self.older += 1;
            // The other side may be newer than ever: it is known from now on.
            self.left_read = self.left_read.max(left);
            self.right_read = self.right_read.max(right);
            return true;
        }
        self.older = 0;
        self.left_read = left.or(self.left_read);
        self.right_read = right.or(self.right_read);
        false
    }

    /// How many writes were made in the hour that ends now.
    pub(super) fn writes_in_an_hour(&mut self, now: Timestamp) -> u64 {
        let hour = Duration::from_hours(1);
        if self.writes_since.is_none_or(|since| crate::clock::later(since, hour) <= now) {
            self.writes = 0;
            self.writes_since = Some(now);
        }
        self.writes
    }
}

/// The times that a decision names, as they are kept.
pub(super) fn deadlines(plan: &Plan, decision: &Decision) -> Vec<Deadline> {
    let one = |deadline: &mapping::decision::Deadline| {
        let (map, map_line) = plan.place(deadline.map_line);
        let kind = match deadline.kind {
            mapping::decision::DeadlineKind::Answer => DeadlineKind::Answer,
            mapping::decision::DeadlineKind::Write => DeadlineKind::Write,
        };
        Deadline {
            kind,
            at: deadline.at,
            rule: deadline.rule.clone(),
            map: map.to_owned(),
            map_line,
        }
    };
    decision.deadlines.iter().map(one).collect()
}

/// The lines in which the two records differ and nothing is done about it, as they are kept.
pub(super) fn differences(plan: &Plan, decision: &Decision) -> Vec<Difference> {
    let one = |trace: &LineTrace| {
        let held = match &trace.outcome {
            Outcome::Held(why) => Some(why.clone()),
            Outcome::Drifted => trace.set_aside().map(str::to_owned),
            Outcome::Agrees
            | Outcome::Kept
            | Outcome::WritesLeft
            | Outcome::WritesRight
            | Outcome::WritesBoth
            | Outcome::Parked(_)
            | Outcome::NotOptedIn => return None,
        };
        let (map, map_line) = plan.place(trace.map_line);
        Some(Difference {
            rule: trace.rule.clone(),
            map: map.to_owned(),
            map_line,
            held,
            left: trace.left.clone(),
            right: trace.right.clone(),
        })
    };
    decision.lines.iter().filter(|trace| !plan.says_once(trace)).filter_map(one).collect()
}

/// A fingerprint of what a decision has to say to the seller.
pub(super) fn told_of(decision: &Decision) -> Option<String> {
    let waits = |deadline: &&mapping::decision::Deadline| {
        deadline.kind == mapping::decision::DeadlineKind::Write
    };
    let times = decision.deadlines.iter().filter(waits);
    let times: Vec<String> = times.map(|d| format!("{}:{}", d.at, d.rule)).collect();
    let causes = told(&causes(decision));
    if times.is_empty() {
        return causes;
    }
    let parts = times.iter().map(String::as_str).chain(causes.as_deref());
    Some(fingerprint(&parts.collect::<Vec<_>>()))
}

/// A fingerprint of causes; none for none.
pub(super) fn told(causes: &[Cause]) -> Option<String> {
    let texts: Vec<String> = causes
        .iter()
        .map(|cause| format!("{}:{}:{:?}", cause.code, cause.message, cause.map_line))
        .collect();
    let parts: Vec<&str> = texts.iter().map(String::as_str).collect();
    (!causes.is_empty()).then(|| fingerprint(&parts))
}

/// A misfit as a cause.
pub(super) fn cause_of(fault: &Fault) -> Cause {
    let field = fault.field.as_ref().map_or_else(String::new, |field| format!("{field}: "));
    Cause {
        code: fault.code.name().to_owned(),
        message: format!("{field}{}", fault.message),
        map: Some(fault.map.clone()),
        map_line: (fault.map_line > 0).then_some(fault.map_line),
        help: help(fault.code).to_owned(),
    }
}

fn help(code: FaultCode) -> &'static str {
    match code {
        FaultCode::NotJson
        | FaultCode::NotARecord
        | FaultCode::DoubledKey
        | FaultCode::WrongType => {
            "look at the record in the system it came from, or correct the schema of the mapping"
        }
        FaultCode::TooManyDigits | FaultCode::TooLong => {
            "shorten the value in the record, or change the line of the mapping"
        }
        FaultCode::NoCountry => {
            "correct the country in the record: its two-letter ISO 3166 code, or its name where the line says `country name`"
        }
        FaultCode::NotInTable => "add a row for the value to the table of the mapping",
        FaultCode::UnknownValue => "add the value to the field's list, or change the mapping",
        FaultCode::MissingRequired | FaultCode::BlankParked => {
            "fill in the field, or give the line a default"
        }
        FaultCode::Conflict => "make the two values equal in one of the records",
        FaultCode::Require => "complete the record as the sentence says",
        FaultCode::Related => "create or merge the related record, or change `none` and `several`",
        FaultCode::NotKept => {
            "change it where it comes from (line items, an automation), make both values equal, or let the line flow one way"
        }
        FaultCode::NoPartner => "give the other record as well",
    }
}

/// A record that may not be read: nothing was written, and no value is wrong.
pub(super) fn unread_cause(system: System, code: &str, why: &str) -> Cause {
    let help = match system {
        System::PartnerCenter => {
            "give the sync user the role Referrals admin for this referral's location, then release the deal; \
             nothing is written to either side until then"
        }
        System::Salesforce => {
            "let the sync user read the objects and fields of the mapping (permission set Cosell_Sync), then \
             release the deal; nothing is written to either side until then"
        }
    };
    plain(&format!("unread::{code}"), &format!("{system} does not let it be read: {why}"), help)
}

/// A record that is not there any more.
pub(super) fn gone_cause(system: System, why: &str) -> Cause {
    match system {
        System::PartnerCenter => plain(
            "referral-unreadable",
            &format!("the referral cannot be read any more ({why})"),
            "check that the sync user still has the role Referrals admin for its location; \
             nothing is written to either side until then",
        ),
        System::Salesforce => plain(
            "record-gone",
            &format!("the record is deleted, or the sync user may not see it ({why})"),
            "undelete it or share it with the sync user; nothing is sent to Microsoft until then",
        ),
    }
}

/// A referral that Partner Center does not know any more.
pub(super) fn not_there_cause() -> Cause {
    gone_cause(System::PartnerCenter, "partner center says it is not there")
}

/// A record that lies in the recycle bin.
pub(super) fn deleted_cause() -> Cause {
    plain(
        "record-deleted",
        "the record was deleted, and lies in the recycle bin",
        "undelete it and the deal goes on by itself, or close the referral at Partner Center; nothing is \
         sent to Microsoft until then, and no other record is made",
    )
}

/// A cause of our own, not of the mapping's.
pub(super) fn plain(code: &str, message: &str, help: &str) -> Cause {
    Cause {
        code: code.to_owned(),
        message: message.to_owned(),
        map: None,
        map_line: None,
        help: help.to_owned(),
    }
}

/// The causes of lines that wait for a person.
pub(super) fn causes(decision: &Decision) -> Vec<Cause> {
    decision.refused.iter().chain(&decision.parked).map(cause_of).collect()
}

#[derive(Serialize)]
struct Entry<'e> {
    kind: &'static str,
    /// The hints that the deal was looked at for.
    because: &'e [Because],
    map: &'e str,
    plan: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'e str>,
    lines: Vec<LineEntry<'e>>,
}

/// A trace as the audit keeps it.
#[derive(Serialize)]
struct LineEntry<'e> {
    rule: &'e str,
    /// The file of the line.
    map: &'e str,
    map_line: usize,
    row_line: Option<usize>,
    outcome: &'e Outcome,
    reason: &'e str,
    left: &'e str,
    right: &'e str,
    written: Option<&'e str>,
}

impl<'e> LineEntry<'e> {
    fn of(plan: &'e Plan, trace: &'e LineTrace) -> Self {
        let (map, map_line) = plan.place(trace.map_line);
        Self {
            rule: &trace.rule,
            map,
            map_line,
            row_line: trace.row_line.map(|line| plan.place(line).1),
            outcome: &trace.outcome,
            reason: &trace.reason,
            left: &trace.left,
            right: &trace.right,
            written: trace.written.as_deref(),
        }
    }
}

/// What was written and why, line by line; lines that agree are left out.
pub(super) fn write_entry(
    kind: &'static str,
    plan: &Plan,
    decision: &Decision,
    record: Option<&str>,
    because: &[Because],
) -> String {
    let tells = |line: &&LineTrace| match line.outcome {
        Outcome::Agrees | Outcome::Kept | Outcome::NotOptedIn => false,
        Outcome::WritesLeft
        | Outcome::WritesRight
        | Outcome::WritesBoth
        | Outcome::Held(_)
        | Outcome::Drifted
        | Outcome::Parked(_) => true,
    };
    let told = decision.lines.iter().filter(tells);
    let lines = told.map(|trace| LineEntry::of(plan, trace)).collect();
    let entry = Entry { kind, because, map: plan.name(), plan: plan.hash(), record, lines };
    serde_json::to_string(&entry).unwrap_or_else(|_| "{}".to_owned())
}

#[derive(Serialize)]
struct FollowedEntry<'e> {
    kind: &'static str,
    because: &'e [Because],
    from: [&'e str; 2],
    to: [&'e str; 2],
}

/// That a deal's record became another one: objects and ids of both.
pub(super) fn followed_entry(
    [old, new]: [&str; 2],
    [from, to]: [&str; 2],
    because: &[Because],
) -> String {
    let (from, to) = ([old, from], [new, to]);
    let entry = FollowedEntry { kind: "followed", because, from, to };
    serde_json::to_string(&entry).unwrap_or_else(|_| "{}".to_owned())
}

#[derive(Serialize)]
struct ParkedEntry<'e> {
    kind: &'static str,
    because: &'e [Because],
    causes: &'e [Cause],
}

/// That a deal was parked, and why.
pub(super) fn parked_entry(causes: &[Cause], because: &[Because]) -> String {
    let entry = ParkedEntry { kind: "parked", because, causes };
    serde_json::to_string(&entry).unwrap_or_else(|_| "{}".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_state_is_not_believed_at_once() {
        let at = |second| Timestamp::from_second(second).ok();
        let mut memo = Memo::default();
        assert!(!memo.is_older(at(10), at(20)));
        assert!(!memo.is_older(at(10), None), "a side that is not there says nothing");
        assert!(memo.is_older(at(9), at(21)));
        assert!(memo.is_older(at(10), at(20)), "what was read beside an older one counts too");
        memo.right_read = at(20);
        assert!(memo.is_older(at(11), at(19)), "the other side may lag too");
        assert!(!memo.is_older(at(11), at(20)));
        for _ in 0..OLDER_MOST {
            assert!(memo.is_older(at(5), at(20)));
        }
        assert!(!memo.is_older(at(5), at(20)), "it goes on like that: a restored record");
        assert!(!memo.is_older(at(6), at(20)));
    }
}
