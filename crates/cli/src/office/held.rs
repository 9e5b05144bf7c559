//! `cosell held`: the lines in which deals differ and nothing is done about it.
//!
//! In: the state file. Out: each line with the reason and its deals. Must not know: how a line is decided.

use std::fmt::Write as _;

use runner::store::{DifferentLine, Store};

use super::{Face, Office, json, names};
use crate::command::Held;
use crate::terminal::{Outcome, Stop, count, print};

/// So many deals of one line are named.
const NAMED: usize = 10;

/// Lists them.
pub(crate) fn run(args: &Held) -> Result<Outcome, Stop> {
    let office = Office::open(&args.kept)?;
    let lines = office.ask(office.store.differences())?;
    print(&match office.face {
        Face::Json => json(&lines),
        Face::Text => text(&lines),
    })?;
    Ok(Outcome::Fine)
}

fn text(lines: &[DifferentLine]) -> String {
    if lines.is_empty() {
        return "No line is held: what is not parked agrees.\n".to_owned();
    }
    let mut text = String::new();
    for line in lines {
        let DifferentLine { map, map_line, rule, held, count: all, deals } = line;
        let all = usize::try_from(*all).unwrap_or(usize::MAX);
        // INVARIANT: writing to a string cannot fail, here and below.
        let _ = writeln!(text, "{map}:{map_line}  {rule}  {}", count(all, "deal"));
        let why =
            held.as_deref().unwrap_or("drifted: neither side changed since they were last read");
        let _ = writeln!(text, "  why    {why}");
        for deal in deals.iter().take(NAMED) {
            let names = names(deal.key, deal.referral.as_deref(), deal.record.as_deref());
            let since = deal.since.strftime("%Y-%m-%d %H:%M UTC");
            let _ = writeln!(text, "         {names}  since {since}");
        }
        if all > NAMED {
            let _ = writeln!(text, "         and {} more", all - NAMED);
        }
        text.push('\n');
    }
    text
}
