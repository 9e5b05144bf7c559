//! `cosell egress`: where the service may send requests.
//!
//! In: the configuration, and what a running service says. Out: each destination with its setting, and how
//! often it was called; what was refused. Must not know: how requests are sent.

use std::fmt::Write as _;

use connect::Destinations;
use runner::config::Config;
use runner::egress::{Destination, destinations};
use serde_json::json;

use crate::command::{Doctor, TextFormat};
use crate::terminal::{Outcome, Stop, print};
use crate::{life, serve};

/// Shows it. Exit code 1: something was refused.
pub(crate) fn run(args: &Doctor) -> Result<Outcome, Stop> {
    let wanted = args.env.as_deref();
    let configs = serve::usable(&args.config, Config::load_all_unsigned(&args.config, wanted))?;
    let mut list: Vec<Destination> = configs.iter().flat_map(destinations).collect();
    list.sort();
    list.dedup();
    let listen = configs.first().map(|config| config.listen);
    let status = listen
        .and_then(|listen| {
            Some(life::runtime().ok()?.block_on(runner::ask::status(listen, wanted)))
        })
        .flatten();
    let seen = status.and_then(|status| {
        serde_json::from_value::<Destinations>(status.get("egress")?.clone()).ok()
    });
    print(&match args.format {
        TextFormat::Json => {
            let all = json!({ "destinations": list, "service": seen });
            format!("{all:#}\n")
        }
        TextFormat::Text => text(&list, seen.as_ref()),
    })?;
    Ok(Outcome::fine_if(seen.is_none_or(|seen| seen.refused.is_empty())))
}

fn text(list: &[Destination], seen: Option<&Destinations>) -> String {
    let mut text = String::new();
    let width = list.iter().map(|one| one.address.len()).max().unwrap_or_default();
    for Destination { address, what, setting } in list {
        let count = seen.map(|seen| seen.contacted.get(address).copied().unwrap_or_default());
        let count = count.map_or_else(String::new, |count| format!("  {count} calls"));
        // INVARIANT: writing to a string cannot fail, here and below.
        let _ = writeln!(text, "{address:<width$}  {what} ({setting}){count}");
    }
    for (address, count) in seen.iter().flat_map(|seen| &seen.refused) {
        let _ = writeln!(text, "REFUSED {count} times: {address}");
    }
    if seen.is_none() {
        text.push_str("the service does not run: no counts\n");
    }
    text
}
