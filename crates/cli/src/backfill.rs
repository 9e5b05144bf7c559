//! `cosell backfill`: what the service would do with the deals that are there already.
//!
//! In: the configuration, both systems. Out: counts for each map; nothing is written anywhere. Must not know:
//! how it is found out.

use std::fmt::Write as _;

use runner::Timestamp;
use runner::backfill::{Group, Outlook, outlook};
use runner::config::Config;

use crate::command::{Doctor, TextFormat};
use crate::terminal::{Outcome, Stop, print};
use crate::{life, login, serve};

/// Shows it. Exit code 1: some deals would wait for a person.
pub(crate) fn run(args: &Doctor) -> Result<Outcome, Stop> {
    let config = serve::usable(&args.config, Config::load(&args.config, args.env.as_deref()))?;
    let cannot =
        |error: runner::Error| Stop::because(error.to_string(), "`cosell doctor` says more");
    let maps = runner::serve::load_maps(&config.maps).map_err(cannot)?;
    let wires = runner::serve::live_wires(&config).map_err(cannot)?;
    let found = life::runtime()?.block_on(outlook(&wires, &maps, Timestamp::now()));
    login::warn_unkept(wires.partner_center.unkept().borrow().as_deref());
    let found = found.map_err(|(system, error)| {
        let help = "`cosell doctor` says what to do; nothing was written";
        Stop::because(format!("{system}: {error}"), help)
    })?;
    print(&match args.format {
        TextFormat::Json => serde_json::to_string_pretty(&found).unwrap_or_default() + "\n",
        TextFormat::Text => found.iter().map(text).collect::<Vec<_>>().join("\n"),
    })?;
    Ok(Outcome::fine_if(found.iter().all(|one| one.parked.is_empty())))
}

fn text(outlook: &Outlook) -> String {
    let mut text = format!("{}: referrals and {}\n", outlook.map, outlook.object);
    // INVARIANT: writing to a string cannot fail, here and below.
    let mut line = |name: &str, group: &Group| {
        let few = if group.first.is_empty() { String::new() } else { group.first.join(", ") };
        let more = if group.count > group.first.len() as u64 { ", …" } else { "" };
        let _ = writeln!(text, "  {name:<30} {:>7}  {few}{more}", group.count);
    };
    line("linked, in step", &outlook.agree);
    line("linked, changed", &outlook.differ);
    line("made in Salesforce", &outlook.new_records);
    line("made in Partner Center", &outlook.new_referrals);
    if outlook.asked.count > 0 {
        line("Microsoft asked for help", &outlook.asked);
    }
    for (code, group) in &outlook.parked {
        line(&format!("parked: {code}"), group);
    }
    let _ = writeln!(text, "  {:<30} {:>7}", "left alone", outlook.left_alone);
    for (field, count) in &outlook.fields {
        let _ = writeln!(text, "    written {count:>7} times: {field}");
    }
    text
}
