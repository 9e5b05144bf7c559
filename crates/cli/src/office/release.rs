//! `cosell release` and `cosell replay`: deals are looked at again.
//!
//! In: names of deals, a cause, or all. Out: deals that are due now, and how many. Must not know: what
//! comes of it.

use std::collections::BTreeSet;

use runner::census::{Progress, STATE};
use runner::store::{KeyId, Release, Store};
use runner::why::history;
use serde_json::json;

use super::{Face, Office, ids, shadow};
use crate::command::Deals;
use crate::terminal::{Outcome, Stop, count, print};

/// Lets parked deals go on; one that is named and not parked leaves all as it is.
pub(crate) fn release(args: &Deals) -> Result<Outcome, Stop> {
    let office = Office::open(&args.kept)?;
    let mut others = Vec::new();
    for name in &args.names {
        let deal = office.deal(name)?;
        if deal.parked.is_none() && !others.contains(&deal.key) {
            others.push(deal.key);
        }
    }
    if others.is_empty() {
        return again_in(&office, args, "released", &[Release::All]);
    }
    print(&match office.face {
        Face::Json => format!("{}\n", json!({ "deals": 0, "not_parked": others })),
        Face::Text => {
            let names: Vec<String> = others.iter().map(ToString::to_string).collect();
            let (names, is) = (names.join(" "), if others.len() == 1 { "is" } else { "are" });
            format!(
                "{names} {is} not parked: nothing was released. `cosell replay {names}` has a look at it.\n"
            )
        }
    })?;
    Ok(Outcome::NotFine)
}

/// Looks at deals again, also at those that are in step.
pub(crate) fn replay(args: &Deals) -> Result<Outcome, Stop> {
    let office = Office::open(&args.kept)?;
    let mut all = vec![Release::Linked, Release::All];
    if args.all {
        // Deals that have one record, since their environment made no other.
        all.extend(unmade(&office)?.into_iter().map(Release::Key));
    }
    again_in(&office, args, "due again", &all)
}

/// Deals whose other record was wanted and not made.
fn unmade(office: &Office) -> Result<Vec<KeyId>, Stop> {
    let mut found = Vec::new();
    for key in shadow::open(&history(office.ask(office.store.audit(None, shadow::ALL))?)) {
        let deal = office.ask(office.store.deal(key.to_string()))?;
        let is_whole = deal.is_none_or(|deal| {
            let (referral, record) = ids(&deal.aliases);
            (referral.is_some() && record.is_some()) || deal.parked.is_some()
        });
        if !is_whole {
            found.push(key);
        }
    }
    Ok(found)
}

fn again_in(office: &Office, args: &Deals, done: &str, all: &[Release]) -> Result<Outcome, Stop> {
    let mut wanted = Vec::new();
    // All names are looked up first: a wrong one leaves everything as it is.
    for name in &args.names {
        wanted.push(Release::Key(office.deal(name)?.key));
    }
    if let Some(code) = &args.code {
        let parked = office.ask(office.store.parked())?;
        let causes = parked.iter().flat_map(|key| &key.causes);
        let codes: BTreeSet<&str> = causes.map(|cause| cause.code.as_str()).collect();
        if !codes.contains(code.as_str()) {
            print(&match office.face {
                Face::Json => format!("{}\n", json!({ "deals": 0, "codes": codes })),
                Face::Text => no_such(code, &codes),
            })?;
            return Ok(Outcome::NotFine);
        }
        wanted.push(Release::Code(code.clone()));
    }
    if args.all {
        wanted.extend(all.iter().cloned());
    }
    if args.missing {
        wanted.extend(missing(office)?.into_iter().map(Release::Key));
    }
    let (mut number, now) = (0, runner::Timestamp::now());
    for what in wanted {
        number += office.ask(office.store.release(what, now))?;
    }
    print(&match office.face {
        Face::Json => format!("{}\n", json!({ "deals": number })),
        Face::Text => {
            let deals = count(usize::try_from(number).unwrap_or(usize::MAX), "deal");
            format!("{deals} {done}; `cosell status` shows what comes of it\n")
        }
    })?;
    Ok(Outcome::Fine)
}

/// That no deal is parked with a code, and what there is.
fn no_such(code: &str, codes: &BTreeSet<&str>) -> String {
    if codes.is_empty() {
        return format!("No deal is parked with the cause {code}; none is parked at all.\n");
    }
    let all: Vec<&str> = codes.iter().copied().collect();
    let near = mapping::problem::nearest(code, codes.iter().copied());
    let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!(
        "No deal is parked with the cause {code}{near}\nThere are: {}. `cosell parked` tells of each.\n",
        all.join(", ")
    )
}

/// The deals that the census asks about; it is told that they were looked at.
fn missing(office: &Office) -> Result<Vec<KeyId>, Stop> {
    let kept = office.ask(office.store.cursor(STATE))?;
    let mut progress = Progress::read(kept.as_deref());
    if !progress.held {
        return Ok(Vec::new());
    }
    let keys = std::mem::take(&mut progress.missing).into_iter().map(KeyId).collect();
    progress.held = false;
    if office.ask(office.store.advance(STATE, kept, progress.write()))? {
        return Ok(keys);
    }
    Err(Stop::because("the census goes on just now", "say it again"))
}
