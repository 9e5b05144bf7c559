//! Why the fields of a deal are what they are.
//!
//! In: a deal as it is kept, its part of the audit, the plan in service. Out: for each field the line
//! that decides about it, what that line did last, and the event that set it off. Must not know: where
//! any of it comes from, or how it is shown.

use jiff::Timestamp;
use mapping::decision::{Base, Outcome};
use mapping::plan::Plan;
use mapping::problem::nearest;
use serde::{Deserialize, Serialize};

use crate::store::{AuditLine, Because, Cause, KeyId};

/// One entry of a deal's history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The deal.
    pub key: KeyId,
    /// Its number in the audit.
    pub seq: i64,
    /// When it was kept.
    pub at: Timestamp,
    /// `update`, `create-record`, `create-referral`, `parked` or `merged`.
    pub kind: String,
    /// The hints that the deal was looked at for, newest first.
    pub because: Vec<Because>,
    /// The hash of the plan that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Why it was parked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// What was decided, line by line.
    pub lines: Vec<Line>,
}

/// What one line decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The line as the map says it.
    pub rule: String,
    /// The map's file.
    pub map: String,
    /// The line, from 1.
    pub map_line: usize,
    /// The line of the table's row that was used, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_line: Option<usize>,
    /// What was done.
    pub outcome: Outcome,
    /// Why, in words.
    pub reason: String,
    /// The left values as tagged JSON text.
    pub left: String,
    /// The right values.
    pub right: String,
    /// The values written, if any.
    #[serde(default)]
    pub written: Option<String>,
}

/// Why a field is what it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// The line that decides about the field, with what it did last; where it never did anything, with
    /// the values that both sides agreed on.
    pub line: Line,
    /// When it did that, and what set it off. None: both sides agreed by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
}

/// The entry of the audit that a decision stands in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct By {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What was done as a whole.
    pub kind: String,
    /// The hints that led to it.
    pub because: Vec<Because>,
    /// The hash of the plan that decided.
    pub plan: Option<String>,
}

/// What the audit keeps of an entry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Kept {
    kind: String,
    because: Vec<Because>,
    plan: Option<String>,
    causes: Vec<Cause>,
    lines: Vec<Line>,
}

/// Entries of the audit, read. What cannot be read is shown by its number alone.
pub fn history(audit: Vec<AuditLine>) -> Vec<Event> {
    let read = |line: AuditLine| {
        let kept: Kept = serde_json::from_str(&line.entry).unwrap_or_default();
        let Kept { kind, because, plan, causes, lines } = kept;
        Event { key: line.key, seq: line.seq, at: line.at, kind, because, plan, causes, lines }
    };
    audit.into_iter().map(read).collect()
}

/// What decided about `field` last, one answer a line of the map. `history` is newest first.
///
/// Error: no line of the plan or the history is about such a field; the nearest name, if one is near.
pub fn why(
    field: &str,
    history: &[Event],
    base: &Base,
    plan: Option<&Plan>,
) -> Result<Vec<Told>, Option<String>> {
    let mut found: Vec<Told> = Vec::new();
    for event in history {
        for line in event.lines.iter().filter(|line| is_about(&line.rule, field)) {
            if found.iter().any(|told| told.line.rule == line.rule) {
                continue;
            }
            found.push(Told {
                line: line.clone(),
                by: Some(By {
                    seq: event.seq,
                    at: event.at,
                    kind: event.kind.clone(),
                    because: event.because.clone(),
                    plan: event.plan.clone(),
                }),
            });
        }
    }
    let lines = plan.map(planned).unwrap_or_default();
    for planned in lines.iter().filter(|line| is_about(&line.rule, field)) {
        if !found.iter().any(|told| told.line.rule == planned.rule) {
            found.push(Told { line: planned.agreed(base), by: None });
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let told = history.iter().flat_map(|event| &event.lines).map(|line| line.rule.as_str());
    let rules: Vec<&str> = lines.iter().map(|line| line.rule.as_str()).chain(told).collect();
    let names = rules.iter().flat_map(|rule| fields_of(rule));
    Err(nearest(field, names.flat_map(|name| [name, last(name)])).map(str::to_owned))
}

/// A line of the plan in service.
struct Planned {
    rule: String,
    map: String,
    map_line: usize,
    hash: String,
}

fn planned(plan: &Plan) -> Vec<Planned> {
    let json = plan.to_json();
    let lines = json.get("lines").and_then(|lines| lines.as_array());
    let read = |line: &serde_json::Value| {
        let text = |name: &str| line.get(name)?.as_str().map(str::to_owned);
        let map_line = line.get("map_line")?.as_u64().and_then(|line| line.try_into().ok())?;
        Some(Planned { rule: text("rule")?, map: text("map")?, map_line, hash: text("hash")? })
    };
    lines.into_iter().flatten().filter_map(read).collect()
}

impl Planned {
    /// What is known of a line that never did anything.
    fn agreed(&self, base: &Base) -> Line {
        let pair = base.lines.get(&self.hash);
        let reason = match pair {
            Some(_) => "both sides agreed when they were last read; nothing had to be written",
            None => "the two records have not met under this line yet",
        };
        Line {
            rule: self.rule.clone(),
            map: self.map.clone(),
            map_line: self.map_line,
            row_line: None,
            outcome: Outcome::Agrees,
            reason: reason.to_owned(),
            left: pair.map(|pair| pair.l.clone()).unwrap_or_default(),
            right: pair.map(|pair| pair.r.clone()).unwrap_or_default(),
            written: None,
        }
    }
}

/// Whether a line, as the map says it, names the field on either side: by its whole path or by the last
/// part of it, in any case.
fn is_about(rule: &str, field: &str) -> bool {
    let field = field.trim();
    fields_of(rule)
        .any(|name| name.eq_ignore_ascii_case(field) || last(name).eq_ignore_ascii_case(field))
}

/// The last part of a path.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The fields that a line names: `a.b, c <-> D`, `match id with Key__c`.
fn fields_of(rule: &str) -> impl Iterator<Item = &str> {
    let rule = rule.strip_prefix("match ").unwrap_or(rule);
    let sides = ["<->", "->", "<-", " with "].into_iter().find_map(|arrow| rule.split_once(arrow));
    let (left, right) = sides.unwrap_or((rule, ""));
    let names = [left, right].into_iter().flat_map(|side| side.split(','));
    names.map(str::trim).filter(|name| !name.is_empty() && !name.starts_with('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rule: &str, map_line: usize) -> Line {
        Line {
            rule: rule.to_owned(),
            map: "opportunity.map".to_owned(),
            map_line,
            row_line: Some(25),
            outcome: Outcome::WritesRight,
            reason: "only the left changed".to_owned(),
            left: "[]".to_owned(),
            right: "[]".to_owned(),
            written: None,
        }
    }

    fn event(seq: i64, lines: Vec<Line>) -> Event {
        let at = Timestamp::from_second(seq).unwrap();
        let because = vec![Because { source: "poll".to_owned(), event: None, at }];
        let (kind, plan) = ("update".to_owned(), Some("hash".to_owned()));
        Event { key: KeyId(1), seq, at, kind, because, plan, causes: Vec::new(), lines }
    }

    #[test]
    fn the_newest_decision_about_a_field_is_told() {
        let stage = "status, substatus <-> StageName";
        let history = [
            event(9, vec![line("details.dealValue <-> Amount", 71)]),
            event(7, vec![line(stage, 69)]),
            event(3, vec![line(stage, 69), line("match id with Referral_Identifier__c", 9)]),
        ];
        let base = Base::default();
        for name in ["StageName", "substatus", "stagename"] {
            let told = why(name, &history, &base, None).unwrap();
            assert_eq!((told.len(), told[0].by.as_ref().unwrap().seq), (1, 7), "{name}");
            assert_eq!((told[0].line.map_line, told[0].line.row_line), (69, Some(25)));
        }
        assert_eq!(why("dealValue", &history, &base, None).unwrap()[0].line.map_line, 71);
        assert_eq!(why("Referral_Identifier__c", &history, &base, None).unwrap().len(), 1);
        let near = why("StageNam", &history, &base, None).unwrap_err();
        assert_eq!(near.as_deref(), Some("StageName"));
    }

    #[test]
    fn a_field_that_was_never_written_has_its_line_and_values() {
        let text = "language 1\nmapping m \"M\"\nside referral is partner_center Referral\n\
                    side opportunity is salesforce Opportunity\n\
                    match referral.id with opportunity.Referral_Identifier__c\n\
                    sync\n  from referral\nend\nfields\n  name <-> Name as text cut at 120\nend\n";
        let schemas = mapping::schema::Schemas::built_in();
        let plan = mapping::compile("m.map", text, schemas).plan.unwrap();
        let told = why("Name", &[], &Base::default(), Some(&plan)).unwrap();
        assert_eq!((told[0].line.map_line, told[0].by.is_none()), (10, true));
        assert_eq!(told[0].line.outcome, Outcome::Agrees);
        assert!(why("Nmae", &[], &Base::default(), Some(&plan)).unwrap_err().is_some());
    }
}
