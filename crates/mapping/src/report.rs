//! Badge and audit: what the seller sees of it, in the same write as the fields.
//!
//! In: a decision, the right record as read, what came of it, the time. Out: changes of the right
//! record. Must not know: whether or how they are written.

use jiff::Timestamp;

use crate::decision::{Change, Decision, Effect, Outcome, Side};
use crate::draft::change;
use crate::plan::{Plan, Slot};
use crate::record::{Record, strip_badge};
use crate::value::Value;

/// What the report fields should say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportEvent {
    /// The writes of the decision are being made.
    Done,
    /// They were not possible; the reason in the seller's words.
    Failed(String),
}

impl Plan {
    /// The badge and the audit line, as changes of the right record.
    ///
    /// `right`: the record as read, none when it is being created. The badge stands in front of the
    /// bare name (as the decision writes it, else as read) and replaces a change of that field; the
    /// newest audit line stands first, and old ones are dropped whole when the field is full.
    pub fn report(
        &self,
        decision: &Decision,
        right: Option<&str>,
        event: &ReportEvent,
        now: Timestamp,
    ) -> Vec<Change> {
        let record = right.and_then(|body| Record::read(self, Side::Right, body.as_bytes()).ok());
        let mut changes = Vec::new();
        if let Some(badge) = &self.badge
            && let Some(slot) = self.slot(Side::Right, badge.slot)
        {
            let mark = match event {
                ReportEvent::Done if decision.parked.is_empty() => &badge.good,
                ReportEvent::Done | ReportEvent::Failed(_) => &badge.bad,
            };
            changes.extend(badged(slot, mark, decision, record.as_ref()));
        }
        if let Some(audit) = &self.audit
            && let Some(slot) = self.slot(Side::Right, audit.slot)
        {
            let line =
                format!("{} - {}", now.strftime("%Y-%m-%d %H:%M"), self.say(decision, event));
            let old = record.as_ref().map_or(Ok(&Value::Blank), |record| record.value(audit.slot));
            let old = if let Ok(Value::Text(text)) = old { text.as_str() } else { "" };
            changes.push(change(slot, &Value::Text(prepend(&line, old, slot.length))));
        }
        changes
    }

    /// One readable sentence for the seller.
    fn say(&self, decision: &Decision, event: &ReportEvent) -> String {
        if let ReportEvent::Failed(reason) = event {
            return format!("Not in step with Microsoft: {reason}");
        }
        if matches!(decision.right, Effect::Create(_)) {
            return "Partner Center Referral to CRM sync success: created from Microsoft's referral."
                .to_owned();
        }
        if matches!(decision.left, Effect::Create(_)) {
            return "CRM to Partner Center Referral sync success: referral created.".to_owned();
        }
        let names = |wanted: &Outcome, side: Side| {
            let lines = decision.lines.iter().filter(|line| line.outcome == *wanted);
            let mut names: Vec<String> = lines.map(|line| operand(&line.rule, side)).collect();
            names.dedup();
            names.join(", ")
        };
        let inbound = names(&Outcome::WritesRight, Side::Right);
        let outbound = names(&Outcome::WritesLeft, Side::Right);
        let mut parts = Vec::new();
        if !inbound.is_empty() {
            parts.push(format!("Partner Center Referral to CRM sync success: {inbound}."));
        }
        if !outbound.is_empty() {
            parts.push(format!("CRM to Partner Center Referral sync success: {outbound}."));
        }
        for fault in &decision.parked {
            parts.push(format!("Waiting: {}.", fault.message));
        }
        if parts.is_empty() { "Sync success.".to_owned() } else { parts.join(" ") }
    }
}

/// The operand of one side of a rule such as `details.notes <-> Description`.
fn operand(rule: &str, side: Side) -> String {
    let arrow = ["<->", "->", "<-"].into_iter().find(|arrow| rule.contains(arrow));
    let Some((left, right)) = arrow.and_then(|arrow| rule.split_once(arrow)) else {
        return rule.to_owned();
    };
    match side {
        Side::Left => left.trim().to_owned(),
        Side::Right => right.trim().to_owned(),
    }
}

fn badged(
    slot: &Slot,
    mark: &str,
    decision: &Decision,
    record: Option<&Record<'_>>,
) -> Option<Change> {
    let written = match &decision.right {
        Effect::Create(draft) => draft.changes.iter().find(|c| c.path == slot.path),
        Effect::Update { changes, .. } => changes.iter().find(|c| c.path == slot.path),
        Effect::Nothing => None,
    };
    let raw = record.and_then(|record| raw_text(record, &slot.path));
    let bare = match written {
        Some(change) => serde_json::from_str::<String>(&change.value).ok()?,
        None => strip_badge(raw.as_deref()?).to_owned(),
    };
    let room = slot.length.map_or(usize::MAX, |limit| limit as usize);
    let marked: String = format!("{mark} {bare}").chars().take(room).collect();
    if written.is_none() && raw.as_deref() == Some(marked.as_str()) {
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

/// The new line first; whole old lines as long as they fit.
fn prepend(line: &str, old: &str, limit: Option<u32>) -> String {
    let limit = limit.map_or(usize::MAX, |limit| limit as usize);
    let mut text: String = line.chars().take(limit).collect();
    let mut length = text.chars().count();
    for old_line in old.lines() {
        length += 1 + old_line.chars().count();
        if length > limit {
            break;
        }
        text.push('\n');
        text.push_str(old_line);
    }
    text
}
