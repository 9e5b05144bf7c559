//! Badge and audit: what the seller sees of it, in the same write as the fields.
//!
//! In: a decision, the right record as read, what came of it, the time. Out: changes of the right
//! record. Must not know: whether or how they are written.

use jiff::Timestamp;

use crate::decision::{Change, DeadlineKind, Decision, Effect, LineTrace, Outcome, Side};
use crate::element::change;
use crate::fault::{Fault, FaultCode};
use crate::plan::{Line, Plan, Slot, SlotId};
use crate::record::{Record, strip_badge};
use crate::value::{self, Value};

/// What the report fields should say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportEvent {
    /// The writes of the decision are being made.
    Done,
    /// The same, and what waits was said before.
    More,
    /// They were not possible; the reason in the seller's words.
    Failed(String),
    /// The writes of the decision are being made, and this is to be said first.
    Noted(String),
    /// Nothing new: only the lines of earlier attempts are to be said that could not be written.
    Late,
    /// The record takes part no more, and has no partner: what it waited for does not matter.
    Out,
}

impl Plan {
    /// The badge and the audit line, as changes of the right record.
    ///
    /// `right`: the record as read, none when it is being created. The badge stands in front of the
    /// bare name (as the decision writes it, else as read) and replaces a change of that field; the
    /// newest audit line stands first, and old ones are dropped whole when the field is full. `late`: lines of
    /// earlier attempts that could not be written, as [`Plan::audit_line`] gave them, the newest first.
    pub fn report(
        &self,
        decision: &Decision,
        right: Option<&str>,
        event: &ReportEvent,
        late: &str,
        now: Timestamp,
    ) -> Vec<Change> {
        let record = right.and_then(|body| Record::read(self, Side::Right, body.as_bytes()).ok());
        let mut changes = Vec::new();
        if let Some(badge) = &self.badge
            && let Some(slot) = self.slot(Side::Right, badge.slot)
        {
            let mark = match event {
                // A mark says something of the sync alone.
                ReportEvent::Out => "",
                ReportEvent::Done
                | ReportEvent::More
                | ReportEvent::Noted(_)
                | ReportEvent::Late
                    if decision.parked.is_empty() =>
                {
                    badge.good.as_str()
                }
                ReportEvent::Done
                | ReportEvent::More
                | ReportEvent::Noted(_)
                | ReportEvent::Late
                | ReportEvent::Failed(_) => badge.bad.as_str(),
            };
            if badge.prefix {
                changes.extend(badged(slot, mark, decision, record.as_ref()));
            } else {
                let now = record.as_ref().and_then(|record| record.value(badge.slot).ok());
                let stands = matches!(now, Some(Value::Text(text)) if text == mark)
                    || (mark.is_empty() && matches!(now, Some(Value::Blank)));
                let value =
                    if mark.is_empty() { Value::Blank } else { Value::Text(mark.to_owned()) };
                changes.extend((!stands).then(|| change(slot, &value)));
            }
        }
        if let Some(audit) = &self.audit
            && let Some(slot) = self.slot(Side::Right, audit.slot)
        {
            let old = record.as_ref().map_or(Ok(&Value::Blank), |record| record.value(audit.slot));
            let old = if let Ok(Value::Text(text)) = old { text.as_str() } else { "" };
            let new = self.audit_line(decision, event, now);
            let lines = late.lines().rev().chain(new.as_deref());
            let text = lines.fold(old.to_owned(), |below, line| prepend(line, &below, slot.length));
            if text != old {
                changes.push(change(slot, &Value::Text(text)));
            }
        }
        changes
    }

    /// The line that the audit gets; none when the plan writes none, or nothing new is to be said.
    pub fn audit_line(
        &self,
        decision: &Decision,
        event: &ReportEvent,
        now: Timestamp,
    ) -> Option<String> {
        if self.audit.is_none() || *event == ReportEvent::Late {
            return None;
        }
        Some(format!("{} - {}", now.strftime("%Y-%m-%d %H:%M"), self.say(decision, event)))
    }

    /// One readable sentence for the seller, in the words of the record's own fields.
    fn say(&self, decision: &Decision, event: &ReportEvent) -> String {
        if let ReportEvent::Failed(reason) = event {
            return format!("Not in step with Microsoft: {}", self.all_unmet(reason, decision));
        }
        if *event == ReportEvent::Out {
            return "Not shared with Microsoft any more: nothing waits.".to_owned();
        }
        let mut parts = Vec::new();
        if let ReportEvent::Noted(note) = event {
            parts.push(note.clone());
        }
        if matches!(decision.right, Effect::Create(_)) {
            parts.push(format!("{INBOUND}: created from the referral."));
        } else if matches!(decision.left, Effect::Create(_)) {
            parts.push(format!("{OUTBOUND}: shared with Microsoft, referral created."));
        } else {
            for (head, outcome) in
                [(INBOUND, Outcome::WritesRight), (OUTBOUND, Outcome::WritesLeft)]
            {
                let names = self.labels(decision, &[outcome, Outcome::WritesBoth]);
                if !names.is_empty() {
                    parts.push(format!("{head}: {names}."));
                }
            }
        }
        if *event != ReportEvent::More {
            parts.extend(self.waiting(decision));
        }
        if parts.is_empty() { "Sync success.".to_owned() } else { parts.join(" ") }
    }

    /// What waits for a person, or for a time.
    fn waiting(&self, decision: &Decision) -> Vec<String> {
        let mut waiting: Vec<&str> =
            decision.parked.iter().map(|fault| fault.message.trim_end_matches('.')).collect();
        waiting.dedup();
        let mut parts: Vec<String> =
            waiting.into_iter().map(|message| format!("Waiting: {message}.")).collect();
        let later = decision.deadlines.iter().filter(|d| d.kind == DeadlineKind::Write);
        parts.extend(later.map(|deadline| {
            let at = deadline.at.strftime("%Y-%m-%d %H:%M UTC");
            let lines = decision.lines.iter();
            let mut held =
                lines.filter(|trace| trace.rule == deadline.rule).map(|t| self.called(t));
            format!("Waiting until {at}: {}.", held.next().unwrap_or(&deadline.rule))
        }));
        parts
    }

    /// Why a record is not shared: the first reason, then every other line of `require` that does not hold, in the map's
    /// order. So a seller can put all of it right at once. Of fields that one line writes together, such as an amount
    /// and its currency, the first alone is told: what is not sent for its sake is not missing.
    fn all_unmet(&self, reason: &str, decision: &Decision) -> String {
        let Some(refused) = &decision.refused else { return reason.to_owned() };
        let mut said = vec![reason];
        let mut lines = self.lines_asked_for(refused);
        for fault in decision.parked.iter().filter(|fault| fault.code == FaultCode::Require) {
            let own = self.lines_asked_for(fault);
            let is_told = own.iter().any(|line| lines.contains(line));
            if !is_told && !said.contains(&fault.message.as_str()) {
                said.push(&fault.message);
            }
            lines.extend(own);
        }
        let Some((last, before)) = said.split_last() else { return String::new() };
        let ended = |text: &&str| {
            if text.ends_with(['.', '!', '?']) { format!("{text} ") } else { format!("{text}. ") }
        };
        before.iter().map(ended).chain([(*last).to_owned()]).collect()
    }

    /// The map lines that write what a line of `require` asks for.
    fn lines_asked_for(&self, fault: &Fault) -> Vec<usize> {
        let at = (fault.map.as_str(), fault.map_line);
        let requires = self.requires.iter().filter(|require| self.place(require.map_line) == at);
        let tests = requires.flat_map(|require| &require.test.tests);
        let asked: Vec<SlotId> = tests.map(|test| test.slot).collect();
        let writes =
            |line: &&Line| line.source(Side::Left).slots().iter().any(|slot| asked.contains(slot));
        self.lines.iter().filter(writes).map(|line| line.map_line).collect()
    }

    /// What the fields are called whose lines came out so; a few of them.
    fn labels(&self, decision: &Decision, outcomes: &[Outcome]) -> String {
        let mut names: Vec<&str> = Vec::new();
        for trace in decision.lines.iter().filter(|trace| outcomes.contains(&trace.outcome)) {
            let name = self.called(trace);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let more = names.len().saturating_sub(MOST_NAMES);
        names.truncate(MOST_NAMES);
        let list = names.join(", ");
        if more > 0 { format!("{list} and {more} more") } else { list }
    }

    /// What people call the field, or the list, of a line.
    pub fn called<'a>(&'a self, trace: &'a LineTrace) -> &'a str {
        let at = |line: &&Line| line.map_line == trace.map_line;
        if let Some(line) = self.lines.iter().find(at) {
            let first = |side: Side| {
                let slot = line.source(side).slots().first();
                slot.and_then(|slot| self.slot(side, *slot)).map(|slot| slot.label.as_str())
            };
            return first(Side::Right).or_else(|| first(Side::Left)).unwrap_or(&trace.rule);
        }
        let list = self.lists.iter().find(|each| {
            each.map_line == trace.map_line || each.lines.iter().any(|line| at(&line))
        });
        let slot = list.and_then(|each| self.slot(Side::Left, each.left));
        slot.map_or(&trace.rule, |slot| &slot.label)
    }
}

/// What is said of a record of one's own once Microsoft has it.
pub fn shared(created: Timestamp) -> String {
    let created = created.strftime("%Y-%m-%d %H:%M UTC");
    format!("{OUTBOUND}: shared with Microsoft, referral created {created}.")
}

/// How the audit calls the two directions; people know the words from the old connector.
const INBOUND: &str = "Partner Center Referral to CRM sync success";
const OUTBOUND: &str = "CRM to Partner Center Referral sync success";

/// The most fields that a line of the audit names.
const MOST_NAMES: usize = 6;

fn badged(
    slot: &Slot,
    mark: &str,
    decision: &Decision,
    record: Option<&Record<'_>>,
) -> Option<Change> {
    let written = match &decision.right {
        Effect::Create(draft) => draft.changes.iter().find(|c| c.path == slot.path),
        Effect::Update { changes, .. } => changes.iter().find(|c| c.path == slot.path),
        Effect::Nothing | Effect::Invite(_) => None,
    };
    let raw = record.and_then(|record| raw_text(record, &slot.path));
    let bare = match written {
        Some(change) => serde_json::from_str::<String>(&change.value).ok()?,
        None => strip_badge(raw.as_deref()?).to_owned(),
    };
    let marked = if mark.is_empty() { bare } else { format!("{mark} {bare}") };
    // A seller's text is never cut to make room for a badge.
    let fits = slot.length.is_none_or(|limit| value::length(&marked) <= limit as usize);
    if !fits || (written.is_none() && raw.as_deref() == Some(marked.as_str())) {
        return None;
    }
    Some(change(slot, &Value::Text(marked)))
}

fn raw_text(record: &Record<'_>, path: &str) -> Option<String> {
    match record.json.member(path) {
        Ok(Some(crate::json::Json::Text(text))) => Some(text.to_string()),
        Ok(_) | Err(_) => None,
    }
}

/// The new line first; whole old lines as long as they fit. Lengths in UTF-16 units.
fn prepend(line: &str, old: &str, limit: Option<u32>) -> String {
    let limit = limit.map_or(usize::MAX, |limit| limit as usize);
    let mut length = 0;
    let fits = |c: &char| {
        length += c.len_utf16();
        length <= limit
    };
    let mut text: String = line.chars().take_while(fits).collect();
    let mut length = value::length(&text);
    for old_line in old.lines() {
        length += 1 + value::length(old_line);
        if length > limit {
            break;
        }
        text.push('\n');
        text.push_str(old_line);
    }
    text
}
