//! A plan on a stream: one record in, one record of the other side out.
//!
//! In: a plan, a record, and the old record of the other side if there is one. Out: one JSON line,
//! or a fault. Must not know: files, order, threads, the service.

use crate::decide::Rules;
use crate::decision::{
    Base, Change, ChildChange, Decision, Draft, Effect, LineTrace, RelatedDraft, Side, nest,
};
use crate::draft::Drafted;
use crate::fault::Fault;
use crate::plan::Plan;
use crate::record::Record;

/// What the record of the other side gets.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) changes: Vec<Change>,
    pub(crate) related: Vec<RelatedDraft>,
    pub(crate) children: Vec<ChildChange>,
    pub(crate) traces: Vec<LineTrace>,
}

impl Plan {
    /// The record of `to` that belongs to `record` (of the other side).
    ///
    /// Without `old`: the create shape, related and child records nested. With `old`: the key and
    /// the fields that do not agree, `record` taken as changed. Errors: the first misfit.
    pub fn apply(&self, to: Side, record: &str, old: Option<&str>) -> Result<String, Fault> {
        let Applied { mut changes, related, children, .. } = self.work_out(to, record, old)?;
        for draft in related {
            if !draft.changes.is_empty() {
                let value = nest(&draft.changes);
                changes.push(Change { path: draft.relationship, pointer: None, value });
            }
        }
        changes.extend(nested_children(&children));
        Ok(nest(&changes))
    }

    /// What `apply` gives, field by field, and why.
    pub(crate) fn work_out(
        &self,
        to: Side,
        record: &str,
        old: Option<&str>,
    ) -> Result<Applied, Fault> {
        self.fitted(to, record, old).map_err(|fault| {
            let field = fault.field.as_deref().map(|rule| operand(rule, to.other()));
            Fault { field, ..fault }
        })
    }

    fn fitted(&self, to: Side, record: &str, old: Option<&str>) -> Result<Applied, Fault> {
        let from = Record::read(self, to.other(), record.as_bytes())?;
        let key = self.key_in(to.other(), &from)?;
        let mut applied = match old {
            None => {
                let Drafted { draft, traces, faults, fatal, .. } = self.draft(to, &from);
                if let Some(fault) = fatal.or_else(|| faults.into_iter().next()) {
                    return Err(fault);
                }
                let Draft { changes, related, children } = draft;
                Applied { changes, related, children, traces }
            }
            Some(old) => {
                let old = Record::read(self, to, old.as_bytes())?;
                let decision = self.forced(to, &from, &old);
                if let Some(fault) = decision.parked.into_iter().next() {
                    return Err(fault);
                }
                let effect = if to == Side::Left { decision.left } else { decision.right };
                let (changes, children) = match effect {
                    Effect::Update { changes, children } => (changes, children),
                    Effect::Nothing | Effect::Create(_) | Effect::Invite(_) => Default::default(),
                };
                Applied { changes, related: Vec::new(), children, traces: decision.lines }
            }
        };
        self.with_key(to, key, &mut applied.changes);
        Ok(applied)
    }

    fn forced(&self, to: Side, from: &Record<'_>, old: &Record<'_>) -> Decision {
        let (left, right) = if to == Side::Left { (old, from) } else { (from, old) };
        let rules = Rules { opted_in: true, stamps: [None, None], now: None, forced: Some(to) };
        self.bring_together(left, right, rules, &Base::default())
    }

    /// The key stands first, and once.
    fn with_key(&self, to: Side, key: Option<String>, changes: &mut Vec<Change>) {
        let (left, right) = self.key_fields();
        let path = if to == Side::Left { left } else { right };
        let Some(key) = key else { return };
        changes.retain(|change| change.path != path);
        let value = serde_json::Value::String(key).to_string();
        changes.insert(0, Change { path: path.to_owned(), pointer: None, value });
    }
}

/// The fields of one side of a rule such as `details.notes <-> Description`: what the giver of a
/// record can mend. A field alone is itself.
fn operand(rule: &str, side: Side) -> String {
    let arrow = [" <-> ", " -> ", " <- ", " with "].into_iter().find(|arrow| rule.contains(arrow));
    match (arrow.and_then(|arrow| rule.split_once(arrow)), side) {
        (Some((left, _)), Side::Left) => left.to_owned(),
        (Some((_, right)), Side::Right) => right.to_owned(),
        (None, _) => rule.to_owned(),
    }
}

/// Children as Salesforce nests them: `{"Microsoft_Solutions__r": {"records": [ … ]}}`.
fn nested_children(children: &[ChildChange]) -> Vec<Change> {
    let mut names: Vec<&str> = children.iter().map(|child| child.relationship.as_str()).collect();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            let of_name = children.iter().filter(|child| child.relationship == name);
            let records: Vec<String> = of_name.map(child_json).collect();
            Change {
                path: name.to_owned(),
                pointer: None,
                value: format!("{{\"records\":[{}]}}", records.join(",")),
            }
        })
        .collect()
}

fn child_json(child: &ChildChange) -> String {
    use crate::decision::ChildAction;
    let mut changes = child.changes.clone();
    let text = |id: &str| serde_json::Value::String(id.to_owned()).to_string();
    let own = |path: &str, value: String| Change { path: path.to_owned(), pointer: None, value };
    match &child.action {
        ChildAction::Create => {}
        ChildAction::Update(id) => changes.insert(0, own("Id", text(id))),
        ChildAction::Remove(id) => {
            changes.insert(0, own("Id", text(id)));
            changes.insert(1, own("IsDeleted", "true".to_owned()));
        }
    }
    nest(&changes)
}
