//! Two maps on the same traffic: `diff` says what two runs would, and names the line that is why.

use std::collections::BTreeSet;

use mapping::Timestamp;
use mapping::decision::{ChildAction, Effect, Input, Seen, Side, nest};
use mapping::diff::{Differ, Difference, Recorded};
use mapping::fault::Fault;
use mapping::plan::Plan;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::generate::{PLANS, cases, left_record, parts, right_record};
use super::laws::{edit, linked};
use super::support::{self, Deal, planned, small_text};

/// A field of one side with what both runs write; none: nothing.
type Field = (Side, String, Option<String>, Option<String>);

/// What one run writes: side, field, JSON text.
type Run = Result<(BTreeSet<(Side, String, String)>, Vec<Fault>), Fault>;

/// A map with one of its lines, rows or clauses deleted or changed.
fn edited(text: &str, which: Index, kind: usize) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let body: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(number, line)| {
            *number > 8 && (line.contains("<-") || line.contains("->") || line.contains(" else "))
        })
        .map(|(number, _)| number)
        .collect();
    let at = body[which.index(body.len())];
    let line = lines[at].clone();
    let swap = |from: &str, to: &str| line.replacen(from, to, 1);
    let without = |word: &str| line.find(word).map_or(String::new(), |at| line[..at].to_owned());
    lines[at] = match kind {
        0 => String::new(),
        1 => swap("<->", "->"),
        2 => swap("<->", "<-"),
        3 => without(" wins "),
        4 => swap(" wins opportunity", " wins referral"),
        5 => without(" blank "),
        6 => swap("cut at ", "cut at 3"),
        7 => swap("with 2 decimals", "with 1 decimals"),
        8 => swap("Qualification", "Proposal"),
        9 => swap("above 0", "above 5"),
        10 => swap("Set an", "Give an"),
        11 => {
            let next = (at + 1).min(lines.len() - 1);
            std::mem::replace(&mut lines[next], line.clone())
        }
        _ => without(" default "),
    };
    lines.join("\n")
}

fn maps() -> impl Strategy<Value = (Plan, Plan)> {
    let edits = prop::collection::vec((any::<Index>(), 0..13_usize), 0..3);
    (0..PLANS, edits, 0..PLANS).prop_filter_map("it has errors", |(number, edits, other)| {
        let text = |number| {
            let (fields, blocks) = parts(number);
            small_text(&fields, &blocks)
        };
        // Without an edit: another map altogether.
        let old = text(number);
        let new = match edits.as_slice() {
            [] => text(other),
            edits => {
                edits.iter().fold(old.clone(), |text, (which, kind)| edited(&text, *which, *kind))
            }
        };
        Some((planned("old.map", &old)?, planned("new.map", &new)?))
    })
}

/// The members of a JSON object by their dotted paths; child records by their id or key.
fn flat(side: Side, path: &str, value: &Value, found: &mut BTreeSet<(Side, String, String)>) {
    let Some(members) = value.as_object() else {
        found.insert((side, path.to_owned(), value.to_string()));
        return;
    };
    if let Some(records) = members.get("records").and_then(Value::as_array) {
        for record in records {
            let text = |name: &str| record.get(name).and_then(Value::as_str);
            let own = match (text("Id"), text("Code__c")) {
                (Some(id), _) => format!("{path}[{id}]"),
                (None, key) => format!("{path}[new {}]", key.unwrap()),
            };
            let whole = match (text("Id"), record.get("IsDeleted")) {
                (None, _) => Some("\"created\""),
                (Some(_), Some(_)) => Some("\"removed\""),
                (Some(_), None) => None,
            };
            found.extend(whole.map(|whole| (side, own.clone(), whole.to_owned())));
            let mut fields = record.as_object().unwrap().clone();
            fields.retain(|name, _| name != "Id" && name != "IsDeleted");
            for (name, value) in &fields {
                flat(side, &format!("{own}.{name}"), value, found);
            }
        }
        return;
    }
    for (name, value) in members {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        flat(side, &path, value, found);
    }
}

fn apply(plan: &Plan, to: Side, record: &Value, old: Option<&Value>) -> Run {
    let old = old.map(Value::to_string);
    let made = plan.apply(to, &record.to_string(), old.as_deref())?;
    let mut found = BTreeSet::new();
    flat(to, "", &support::json(&made), &mut found);
    Ok((found, Vec::new()))
}

fn reconcile(plan: &Plan, deal: &Deal) -> Run {
    let (left, right) = (deal.left.to_string(), deal.right.to_string());
    let decision = plan.reconcile(&Input {
        left: Some(Seen { body: &left, stamp: None }),
        right: Some(Seen { body: &right, stamp: None }),
        base: &deal.base,
        now: Timestamp::UNIX_EPOCH,
    })?;
    let mut found = BTreeSet::new();
    for (side, effect) in [(Side::Left, &decision.left), (Side::Right, &decision.right)] {
        let Effect::Update { changes, children } = effect else { continue };
        flat(side, "", &support::json(&nest(changes)), &mut found);
        for child in children {
            let mut record = json!({});
            match &child.action {
                ChildAction::Create => {}
                ChildAction::Update(id) => record["Id"] = json!(id),
                ChildAction::Remove(id) => record = json!({ "Id": id, "IsDeleted": true }),
            }
            let fields = support::json(&nest(&child.changes));
            record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            flat(side, &child.relationship, &json!({ "records": [record] }), &mut found);
        }
    }
    Ok((found, decision.parked))
}

/// What two runs say, compared without any care.
fn by_force(old: &Run, new: &Run) -> (BTreeSet<Field>, [BTreeSet<String>; 2]) {
    let mut fields = BTreeSet::new();
    if let (Ok((old, _)), Ok((new, _))) = (old, new) {
        let value = |run: &BTreeSet<(Side, String, String)>, side: Side, path: &str| {
            let mut same = run.iter().filter(|(s, p, _)| *s == side && p == path);
            same.next().map(|(_, _, value)| value.clone())
        };
        for (side, path, _) in old.union(new) {
            let (before, after) = (value(old, *side, path), value(new, *side, path));
            if before != after {
                fields.insert((*side, path.clone(), before, after));
            }
        }
    }
    let faults = |run: &Run| -> BTreeSet<String> {
        let list = match run {
            Ok((_, parked)) => parked.clone(),
            Err(fault) => vec![fault.clone()],
        };
        list.iter().map(fault_text).collect()
    };
    let (before, after) = (faults(old), faults(new));
    let new_faults = after.difference(&before).cloned().collect();
    (fields, [new_faults, before.difference(&after).cloned().collect()])
}

fn fault_text(fault: &Fault) -> String {
    format!("{} {:?} {}", fault.code.name(), fault.field, fault.message)
}

fn said(difference: &Difference) -> (BTreeSet<Field>, [BTreeSet<String>; 2]) {
    let plain = |text: &String| support::json(text).to_string();
    let fields = difference.changes.iter().map(|change| {
        let (old, new) = (change.old.as_ref().map(plain), change.new.as_ref().map(plain));
        (change.side, change.field.clone(), old, new)
    });
    let faults = [&difference.new_faults, &difference.solved_faults]
        .map(|faults| faults.iter().map(fault_text).collect());
    (fields.collect(), faults)
}

fn has_a_cause(plans: [&Plan; 2], difference: &Difference) -> Result<(), TestCaseError> {
    for change in &difference.changes {
        prop_assert!(change.cause.line > 0, "{:?}", change);
        prop_assert!(change.cause.row != Some(0) && change.cause.old_row != Some(0));
    }
    for (faults, plan) in
        [(&difference.solved_faults, plans[0]), (&difference.new_faults, plans[1])]
    {
        for fault in faults {
            prop_assert_eq!(&fault.map, plan.file());
        }
    }
    Ok(())
}

fn recorded(left: Option<&Value>, right: Option<&Value>, base: Option<&Value>) -> Recorded {
    let line = json!({ "left": left, "right": right, "base": base });
    Recorded::read(&line.to_string()).unwrap()
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn records_that_are_applied_differ_as_two_runs_do(
        (old, new) in maps(), left in left_record(), right in right_record(),
        given in prop::sample::select(vec![[true, false], [false, true], [true, true]]),
    ) {
        let [left, right] = [(left, given[0]), (right, given[1])].map(|(r, given)| given.then_some(r));
        let difference = Differ::new(&old, &new).compare(&recorded(left.as_ref(), right.as_ref(), None));
        let run = |plan| match (&left, &right) {
            (Some(left), right) => apply(plan, Side::Right, left, right.as_ref()),
            (None, right) => apply(plan, Side::Left, right.as_ref().unwrap(), None),
        };
        prop_assert_eq!(said(&difference), by_force(&run(&old), &run(&new)));
        has_a_cause([&old, &new], &difference)?;
    }

    #[test]
    fn deals_that_are_reconciled_differ_as_two_runs_do(
        (old, new) in maps(), left in left_record(), right in right_record(),
        new_left in left_record(), new_right in right_record(), which in any::<[u32; 2]>(),
    ) {
        let mut deal = linked(&left, &right, [None, None]);
        deal.round(&old);
        edit(&mut deal.left, &new_left, which[0]);
        edit(&mut deal.right, &new_right, which[1]);
        let base = serde_json::to_value(&deal.base).unwrap();
        let recorded = recorded(Some(&deal.left), Some(&deal.right), Some(&base));
        let difference = Differ::new(&old, &new).compare(&recorded);
        prop_assert_eq!(said(&difference), by_force(&reconcile(&old, &deal), &reconcile(&new, &deal)));
        has_a_cause([&old, &new], &difference)?;
        prop_assert!(Differ::new(&new, &new).compare(&recorded).is_nothing());
    }
}

const HEAD: &str = "name -> Name as text cut at 20\nstatus, substatus <-> StageName using stage wins opportunity first contact wins opportunity\n\
     details.value, details.currency <-> Amount, CurrencyIsoCode as money with 2 decimals first contact wins opportunity";

const REST: &str = "values stage
  New, Open        <-> \"Prospecting\"
  Active, Accepted <-> \"Qualification\"
  Closed, Won      <-> \"Closed Won\"
  otherwise         -> keep
  otherwise        <-  keep
end
each details.solutions with Solutions__r
  match id with Code__c
  name <-> Name wins opportunity first contact wins opportunity
end
require before sharing
  details.value above 0 else \"Set an amount.\"
end";

/// What changes between the small map and the same with `from` replaced, for one deal.
fn changed(from: &str, to: &str, recorded: &Recorded) -> Vec<(String, String, Option<String>)> {
    let text = small_text(HEAD, REST);
    assert!(text.contains(from), "{from}");
    let edited = text.replacen(from, to, 1);
    let (old, new) = (planned("old.map", &text).unwrap(), planned("new.map", &edited).unwrap());
    let line = |gone: bool, number: usize| {
        let text = if gone { &text } else { &edited };
        text.lines().nth(number - 1).unwrap().trim().to_owned()
    };
    let difference = Differ::new(&old, &new).compare(recorded);
    let told = difference.changes.iter().map(|change| {
        let cause = &change.cause;
        let row = cause.row.map(|row| line(false, row));
        let old_row = cause.old_row.map(|row| line(true, row));
        let rows = match (old_row, row) {
            (Some(old), Some(new)) => Some(format!("{new} # was {old}")),
            (Some(old), None) => Some(format!("# was {old}")),
            (None, new) => new,
        };
        let gone = if cause.gone { "gone: " } else { "" };
        (change.field.clone(), format!("{gone}{}", line(cause.gone, cause.line)), rows)
    });
    told.collect()
}

fn told(field: &str, line: &str, row: Option<&str>) -> (String, String, Option<String>) {
    (field.to_owned(), line.to_owned(), row.map(str::to_owned))
}

fn deal() -> (Value, Value) {
    let left = json!({
        "id": "r-1", "name": "Fleet", "status": "Active", "substatus": "Accepted",
        "details": {"value": 5, "currency": "EUR", "solutions": [{"id": "S1", "name": "Azure"}]},
    });
    let right = json!({
        "Id": "006000000000001AAA", "Key__c": "r-1", "Name": "Fleet", "StageName": "Closed Won",
        "Amount": 7, "CurrencyIsoCode": "EUR", "Sync__c": true,
        "Solutions__r": {"records": [{"Id": "c0001", "Code__c": "S1", "Name": "Cloud"}]},
    });
    (left, right)
}

fn first_meeting() -> Recorded {
    let (left, right) = deal();
    recorded(Some(&left), Some(&right), Some(&json!({})))
}

#[test]
fn a_line_that_is_gone_is_named_in_the_old_map() {
    let (left, _) = deal();
    let line = "name -> Name as text cut at 20\n";
    let found = changed(line, "", &recorded(Some(&left), None, None));
    assert_eq!(found, [told("Name", "gone: name -> Name as text cut at 20", None)]);
}

#[test]
fn a_changed_row_is_named_with_what_it_was() {
    let (left, _) = deal();
    let new = "Active, Accepted <-> \"Proposal\"";
    let old = "Active, Accepted <-> \"Qualification\"";
    let found = changed(old, new, &recorded(Some(&left), None, None));
    let line = "status, substatus <-> StageName using stage wins opportunity first contact wins opportunity";
    assert_eq!(found, [told("StageName", line, Some(&format!("{new} # was {old}")))]);
    // Nothing is left to write, so no row of the new map decided.
    let found = changed("Closed, Won      <->", "Active, Accepted <-", &first_meeting());
    let row = "# was Closed, Won      <-> \"Closed Won\"";
    assert_eq!(found, [told("status", line, Some(row)), told("substatus", line, Some(row))]);
}

#[test]
fn a_row_that_only_moved_is_no_cause() {
    let from = "as money with 2 decimals first contact wins opportunity";
    let found = changed(from, "as money first contact wins referral", &first_meeting());
    let line = "details.value, details.currency <-> Amount, CurrencyIsoCode as money first contact wins referral";
    let fields = ["details.currency", "details.value", "Amount", "CurrencyIsoCode"];
    assert_eq!(found, fields.map(|field| told(field, line, None)));
}

#[test]
fn a_requirement_that_holds_a_write_is_the_cause() {
    let found = changed("above 0 else \"Set", "above 10 else \"Give", &first_meeting());
    let line = "details.value above 10 else \"Give an amount.\"";
    assert_eq!(found, [told("details.currency", line, None), told("details.value", line, None)]);
}

#[test]
fn who_takes_part_is_the_cause_where_nothing_else_changed() {
    let found = changed("Sync__c is true", "Sync__c is false", &first_meeting());
    let line = "from opportunity when Sync__c is false";
    let fields = ["details.currency", "details.solutions", "details.value", "status", "substatus"];
    assert_eq!(found, fields.map(|field| told(field, line, None)));
}

#[test]
fn the_line_of_a_list_is_the_cause_on_both_sides() {
    let line = "name <-> Name wins opportunity first contact wins opportunity";
    let new = "name <-> Name wins opportunity first contact wins referral";
    let found = changed(line, new, &first_meeting());
    let fields = ["details.solutions", "Solutions__r[c0001].Name"];
    assert_eq!(found, fields.map(|field| told(field, new, None)));
    // Whether an element is removed is said at the head.
    let head = "each details.solutions with Solutions__r removed keep";
    let (left, right) = deal();
    let mut deal = linked(&left, &right, [None, None]);
    deal.quiet(&planned("old.map", &small_text(HEAD, REST)).unwrap());
    support::set(&mut deal.left, "details.solutions", json!([]));
    let base = serde_json::to_value(&deal.base).unwrap();
    let recorded = recorded(Some(&deal.left), Some(&deal.right), Some(&base));
    let found = changed("each details.solutions with Solutions__r", head, &recorded);
    assert_eq!(found, [told("Solutions__r[c0001]", head, None)]);
}
