//! `cosell solutions`: the partner's catalogue, brought up to date, listed, written out.
//!
//! In: a list, or nothing. Out: what is in the catalogue now. Must not know: how a file is read, what
//! becomes of deals with other solutions.

use std::fmt::Write as _;
use std::path::Path;

use runner::config::StateConfig;
use runner::store::{Imported, ParkedKey, Role, Solution, Store};
use serde_json::json;

use super::catalogue::{self, Read};
use super::{Face, Office, json};
use crate::command::{Kept, SolutionsCommand};
use crate::terminal::{Outcome, Stop, count, print, shown, tell};
use crate::{serve, sheet};

/// The cause of deals that wait for a solution to be known.
const UNKNOWN: &str = "unknown-solution";

/// Carries out one of them.
pub(crate) fn run(command: &SolutionsCommand) -> Result<Outcome, Stop> {
    match command {
        SolutionsCommand::Import { file, sheet, kept } => import(kept, file, sheet.as_deref()),
        SolutionsCommand::List { kept } => list(kept),
        SolutionsCommand::Export { file, kept } => export(kept, file.as_deref()),
    }
}

fn import(kept: &Kept, file: &Path, sheet: Option<&str>) -> Result<Outcome, Stop> {
    let table = sheet::read(file, sheet)?;
    let read = catalogue::read(&table).map_err(|wrong| {
        for one in &wrong {
            tell(&format!("{}: {one}\n", shown(file)));
        }
        Stop::because(
            format!("{} is no list of solutions, so nothing was imported", shown(file)),
            "correct what is said above; needed are a solution id and a name in each row",
        )
    })?;
    make_state(kept)?;
    let office = Office::open(kept)?;
    let done = office.ask(office.store.import_solutions(read.solutions.clone()))?;
    let parked = office.ask(office.store.parked())?;
    let waits = |deal: &&ParkedKey| deal.causes.iter().any(|cause| cause.code == UNKNOWN);
    let waiting = parked.iter().filter(waits).count();
    print(&match office.face {
        Face::Json => json(&json!({ "imported": done, "waiting_deals": waiting })),
        Face::Text => told(&read, done, waiting),
    })?;
    Ok(Outcome::Fine)
}

fn told(read: &Read, done: Imported, waiting: usize) -> String {
    let columns: Vec<String> =
        read.columns.iter().map(|(what, name)| format!("{what} from `{name}`")).collect();
    let Imported { new, changed, same, gone } = done;
    let mut text = format!(
        "{} ({}): {new} new, {changed} changed, {same} the same, {gone} no longer listed\n",
        count(read.solutions.len(), "solution"),
        columns.join(", "),
    );
    if waiting > 0 {
        // INVARIANT: writing to a string cannot fail, here and below.
        let _ = writeln!(
            text,
            "{} for a solution to be known: `cosell release --code {UNKNOWN}` lets them go on",
            if waiting == 1 { "1 deal waits".to_owned() } else { format!("{waiting} deals wait") },
        );
    }
    text
}

/// Makes the state file, when the service has not run yet.
fn make_state(kept: &Kept) -> Result<(), Stop> {
    let config =
        serve::usable(&kept.config, StateConfig::load_one(&kept.config, kept.env.as_deref()))?;
    if config.store.exists() {
        return Ok(());
    }
    runner::serve::open_store(&config.store, Role::Runner).map(drop).map_err(|error| {
        Stop::because(error.to_string(), "see that the file can be written by your user")
    })
}

fn list(kept: &Kept) -> Result<Outcome, Stop> {
    let office = Office::open(kept)?;
    let solutions = office.ask(office.store.solutions())?;
    print(&match office.face {
        Face::Json => json(&solutions),
        Face::Text => listed(&solutions),
    })?;
    Ok(Outcome::Fine)
}

fn listed(solutions: &[Solution]) -> String {
    let mut text = String::new();
    let width = |of: fn(&Solution) -> &str| {
        solutions.iter().map(|one| of(one).chars().count()).max().unwrap_or_default()
    };
    let (ids, names) = (width(|one| &one.id), width(|one| &one.name));
    for one in solutions {
        let from = if one.imported { "" } else { "  (seen in a referral)" };
        let rest = [&*one.kind, &*one.status].join("  ");
        let line = format!("{:<ids$}  {:<names$}  {}{from}", one.id, one.name, rest.trim());
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let imported = solutions.iter().filter(|one| one.imported).count();
    let _ = write!(text, "{}, {imported} imported", count(solutions.len(), "solution"));
    if imported == 0 {
        text.push_str(": no solution is held, until a list is imported");
    }
    text.push('\n');
    text
}

fn export(kept: &Kept, file: Option<&Path>) -> Result<Outcome, Stop> {
    let office = Office::open(kept)?;
    let solutions = office.ask(office.store.solutions())?;
    let mut text = "Solution ID,Solution name,Type,Co-sell status\r\n".to_owned();
    for Solution { id, name, kind, status, .. } in &solutions {
        let cells = [id, name, kind, status].map(|cell| quoted(cell));
        let _ = write!(text, "{}\r\n", cells.join(","));
    }
    match file {
        None => print(&text)?,
        Some(file) => {
            std::fs::write(file, text).map_err(|error| Stop::file("write", file, &error))?;
            tell(&format!("{} in {}\n", count(solutions.len(), "solution"), shown(file)));
        }
    }
    Ok(Outcome::Fine)
}

/// A cell of a CSV file. What a spreadsheet would carry out as a formula gets a quote before it.
fn quoted(cell: &str) -> String {
    let safe =
        if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() };
    if safe.contains([',', '"', '\n', '\r', ';']) {
        return format!("\"{}\"", safe.replace('"', "\"\""));
    }
    safe
}
