//! `cosell parked`: the deals that wait for a person, by cause.
//!
//! In: the state file. Out: each cause with its place in the map, what to do, and the deals that it
//! stops. Must not know: how a deal comes to be parked.

use std::fmt::Write as _;

use runner::store::{Cause, ParkedKey, Store};
use serde::Serialize;

use super::{Face, Office, json, names};
use crate::command::Parked;
use crate::terminal::{Outcome, Stop, count, print};

/// So many deals of one cause are named.
const NAMED: usize = 10;

/// A cause with all the deals that it stops.
#[derive(Debug, Serialize)]
struct Group {
    cause: Cause,
    deals: Vec<ParkedKey>,
}

/// Lists them.
pub(crate) fn run(args: &Parked) -> Result<Outcome, Stop> {
    let office = Office::open(&args.kept)?;
    let parked = office.ask(office.store.parked())?;
    let groups = grouped(&parked, args.code.as_deref());
    print(&match office.face {
        Face::Json => json(&groups),
        Face::Text => text(&groups, parked.len()),
    })?;
    Ok(Outcome::fine_if(groups.is_empty()))
}

/// Deals by cause, the cause of most deals first.
fn grouped(parked: &[ParkedKey], code: Option<&str>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for key in parked {
        for cause in key.causes.iter().filter(|cause| code.is_none_or(|code| cause.code == code)) {
            if let Some(group) = groups.iter_mut().find(|group| group.cause == *cause) {
                group.deals.push(key.clone());
            } else {
                groups.push(Group { cause: cause.clone(), deals: vec![key.clone()] });
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.deals.len()));
    groups
}

fn text(groups: &[Group], all: usize) -> String {
    if groups.is_empty() {
        let none = "No deal is parked.\n";
        return if all == 0 {
            none.to_owned()
        } else {
            "No deal is parked with this cause.\n".into()
        };
    }
    let mut text = String::new();
    for Group { cause, deals } in groups {
        // INVARIANT: writing to a string cannot fail, here and below.
        let _ = writeln!(text, "{}  {}", cause.code, count(deals.len(), "deal"));
        let _ = writeln!(text, "  why    {}", cause.message);
        if let Some(map) = &cause.map {
            let line = cause.map_line.map_or_else(String::new, |line| format!(":{line}"));
            let _ = writeln!(text, "  line   {map}{line}");
        }
        let _ = writeln!(text, "  to do  {}", cause.help);
        for key in deals.iter().take(NAMED) {
            let names = names(key.key, key.referral.as_deref(), key.record.as_deref());
            let _ = writeln!(text, "         {names}  since {}", minute(key.since));
        }
        if deals.len() > NAMED {
            let _ = writeln!(text, "         and {} more", deals.len() - NAMED);
        }
        let _ = writeln!(text, "  then   cosell release --code {}\n", cause.code);
    }
    text
}

/// A time to the minute, in UTC.
fn minute(at: runner::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use runner::store::KeyId;

    use super::*;

    fn cause(code: &str) -> Cause {
        Cause {
            code: code.to_owned(),
            message: "it says so".to_owned(),
            map: Some("opportunity.map".to_owned()),
            map_line: Some(34),
            help: "mend it".to_owned(),
        }
    }

    fn key(number: i64, causes: Vec<Cause>) -> ParkedKey {
        let since = runner::Timestamp::from_second(1_800_000_000).unwrap();
        ParkedKey {
            key: KeyId(number),
            referral: Some("r".to_owned()),
            record: None,
            since,
            causes,
        }
    }

    #[test]
    fn deals_of_one_cause_stand_together() {
        let parked = [
            key(1, vec![cause("a")]),
            key(2, vec![cause("b")]),
            key(3, vec![cause("a"), cause("b")]),
        ];
        let shown = text(&grouped(&parked, Some("a")), 3);
        let wanted = "a  2 deals\n  why    it says so\n  line   opportunity.map:34\n  to do  mend it\n         \
                      deal-1  referral r  since 2027-01-15 08:00 UTC\n         \
                      deal-3  referral r  since 2027-01-15 08:00 UTC\n  then   cosell release --code a\n\n";
        assert_eq!(shown, wanted);
        assert_eq!(grouped(&parked, None).len(), 2);
        assert_eq!(text(&grouped(&parked, Some("c")), 3), "No deal is parked with this cause.\n");
    }
}
