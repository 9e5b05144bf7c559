//! The verdict once everything is quiet: both ends agree, except for what is listed.
//!
//! In: both systems and the list of what waits for a person. Out: breaches. Must not know: why the
//! service did what it did. What may be listed is known from what people did, not from the service.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ledger::{Breach, Cell};
use super::people::HELP;
use super::stage::{Stage, at_once};
use super::state::State;
use super::world::{OPPORTUNITY, Thing, at};
use crate::store::{ParkedKey, Store};

/// Looks at every deal that people began, and at every copy.
pub(super) fn judge(stage: &Stage) {
    let parked = at_once(stage.store.parked()).unwrap();
    let verified = at_once(stage.store.verify()).unwrap();
    let maps = stage.maps.now();
    let has_holds = maps
        .iter()
        .any(|map| map.plan().to_json()["holds"].as_array().is_some_and(|holds| !holds.is_empty()));
    let mut state = stage.sim.lock();
    if verified.broken_at.is_some() {
        state.world.ledger.breach(Breach::Lost, "the chain of the audit is broken".to_owned());
    }
    for key in &parked {
        let codes: Vec<&str> = key.causes.iter().map(|cause| cause.code.as_str()).collect();
        let what = format!("listed: {:?} {:?} {}", key.referral, key.record, codes.join(","));
        state.note("judge", &what);
    }
    for deal in 0..state.world.deals {
        let found = of_deal(&state, deal, &parked, has_holds);
        for (what, how) in found {
            let how = format!("deal {deal}: {how}");
            state.note("judge", &how);
            state.world.ledger.breach(what, how);
        }
    }
    for id in state.world.doubles.clone() {
        if !is_listed(&parked, Some(&id), None) {
            let how = format!("another referral was made beside {id}, and nobody is told");
            state.note("judge", &how);
            state.world.ledger.breach(Breach::Duplicate, how);
        }
    }
    for how in unlisted_copies(&state, &parked) {
        state.note("judge", &how);
        state.world.ledger.breach(Breach::Duplicate, how);
    }
}

/// Whether a deal is listed, for a reason that is one.
fn is_listed(parked: &[ParkedKey], referral: Option<&str>, row: Option<&str>) -> bool {
    let is = |key: &&ParkedKey| {
        (referral.is_some() && key.referral.as_deref() == referral)
            || (row.is_some() && key.record.as_deref() == row)
    };
    parked.iter().any(|key| is(&key))
}

fn of_deal(
    state: &State,
    deal: usize,
    parked: &[ParkedKey],
    has_holds: bool,
) -> Vec<(Breach, String)> {
    let (referral, row) = (state.referral_of(deal), state.row_of(deal));
    let thing = row.as_ref().map(|id| &state.world.rows[&(OPPORTUNITY.to_owned(), id.clone())]);
    if thing.is_some_and(|row| row.is_deleted) {
        return Vec::new();
    }
    let is_listed = is_listed(parked, referral.as_deref(), row.as_deref());
    let mut found = Vec::new();
    match (&referral, &row) {
        (Some(left), Some(right)) => {
            let (l, r) = (
                &state.world.referrals[left],
                &state.world.rows[&(OPPORTUNITY.to_owned(), right.clone())],
            );
            if is_listed {
                found.extend(unexplained(l, r));
            } else {
                found.extend(of_pair(state, (left, l), (right, r), has_holds));
                found.extend(halves(state, deal, l, r));
            }
        }
        (Some(left), None) if !is_listed => {
            found.push((Breach::Lost, format!("no opportunity was made for {left}")));
        }
        (None, Some(right)) if !is_listed && takes_part(thing) => {
            found.push((Breach::Lost, format!("no referral was made for {right}")));
        }
        (_, _) => {}
    }
    found
}

fn takes_part(row: Option<&Thing>) -> bool {
    row.is_some_and(|row| row.record.get("Sync_with_Partner_Center__c") == Some(&Value::Bool(true)))
}

/// A deal that waits for a person although nothing that people did explains it.
fn unexplained(left: &Thing, right: &Thing) -> Option<(Breach, String)> {
    let stage = right.text("StageName");
    // A stage that Partner Center does not let the referral go to.
    let is_refused = !stages(left).contains(&stage);
    (!is_refused && left.text("status") != "Closed").then(|| {
        let how = format!("it waits for a person; {} {stage}", left.text("status"));
        (Breach::Lost, how)
    })
}

/// The stages that mean the same as a referral's status.
fn stages(left: &Thing) -> BTreeSet<&'static str> {
    let open = ["Qualification", "Needs Analysis"];
    let mut all: BTreeSet<&'static str> = match left.text("status") {
        "New" => BTreeSet::from(["Prospecting"]),
        "Active" => open.into_iter().collect(),
        _ => match left.text("substatus") {
            "Won" => BTreeSet::from(["Closed Won"]),
            _ => BTreeSet::from(["Closed Lost"]),
        },
    };
    if left.text("status") == "Active" && left.text("direction") == "Outgoing" {
        all.insert("Prospecting");
    }
    all
}

fn of_pair(
    state: &State,
    left: (&str, &Thing),
    right: (&str, &Thing),
    has_holds: bool,
) -> Vec<(Breach, String)> {
    let ((left_id, l), (right_id, r)) = (left, right);
    let mut found = Vec::new();
    if r.text("Referral_Identifier__c") != left_id {
        found.push((Breach::Lost, format!("{right_id} does not name {left_id}")));
    }
    if l.text("status") == "Closed" {
        return found;
    }
    let is_on = takes_part(Some(r));
    // A map may keep everything back until the referral is accepted.
    let is_held = has_holds && l.text("status") == "New";
    if is_on && !is_held && l.text("externalReferenceId") != right_id {
        found.push((Breach::Lost, format!("{left_id} does not name {right_id}")));
    }
    for cell in Cell::ALL {
        let (a, b) = (l.tokens.get(&cell).copied(), r.tokens.get(&cell).copied());
        if a == b {
            continue;
        }
        let ledger = &state.world.ledger;
        let is_behind = a.zip(b).is_none_or(|(a, b)| ledger.follows(a, b));
        // What a rep enters while the flag is off, or before the referral is accepted, stays there.
        if !is_behind && (!is_on || l.text("status") == "New") {
            continue;
        }
        let value = |token: Option<usize>| token.map_or("nothing", |token| ledger.value(token));
        let how =
            format!("{cell:?} is {:?} at Microsoft and {:?} in Salesforce", value(a), value(b));
        found.push((Breach::Lost, how));
    }
    let stage = r.text("StageName");
    if is_on && !stages(l).contains(stage) {
        let how = format!("{} {} against stage {stage}", l.text("status"), l.text("substatus"));
        found.push((Breach::Lost, how));
    }
    let (a, b) = (solutions_of(l), solutions_in(state, right_id));
    if a != b && is_on && !is_held {
        found.push((Breach::Lost, format!("solutions {a:?} against {b:?}")));
    }
    found
}

/// Microsoft's half, of which there is at most one, and one when help was asked for.
fn halves(state: &State, deal: usize, left: &Thing, right: &Thing) -> Option<(Breach, String)> {
    let halves = state.world.referrals.values();
    let halves = halves.filter(|r| r.deal == deal && r.text("organizationId") == "msft").count();
    let is_own = left.text("direction") == "Outgoing" && left.text("status") == "Active";
    let is_asked = is_own && takes_part(Some(right)) && !right.text(HELP).is_empty();
    match halves {
        0 if is_asked => Some((Breach::Lost, "Microsoft was not asked for help".to_owned())),
        0 | 1 => None,
        more => Some((Breach::Duplicate, format!("Microsoft has {more} halves"))),
    }
}

fn solutions_of(left: &Thing) -> BTreeSet<String> {
    let list = at(&left.record, "/details/requirements/solutions");
    let ids = list.as_array().into_iter().flatten().filter_map(|one| one.get("id")?.as_str());
    ids.map(str::to_owned).collect()
}

fn solutions_in(state: &State, row: &str) -> BTreeSet<String> {
    let all = state.world.rows.iter().filter(|((object, _), solution)| {
        object == "Microsoft_Solution__c"
            && !solution.is_deleted
            && solution.text("Opportunity__c") == row
    });
    all.map(|(_, solution)| solution.text("Solution_Identifier__c").to_owned()).collect()
}

/// Copies of opportunities that claim a referral and are not listed.
fn unlisted_copies(state: &State, parked: &[ParkedKey]) -> Vec<String> {
    let copies = state.world.rows.iter().filter(|((object, _), row)| {
        object == OPPORTUNITY && !row.is_deleted && (1000..usize::MAX).contains(&row.deal)
    });
    copies
        .filter(|((_, id), _)| !is_listed(parked, None, Some(id)))
        .map(|((_, id), _)| format!("the copy {id} claims a referral and is not listed"))
        .collect()
}
