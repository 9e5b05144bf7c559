//! `cosell env`: the environments of a configuration.
//!
//! In: the configuration, and what the service says when it runs. Out: a line for each. Must not know: what an
//! environment does.

use std::fmt::Write as _;

use runner::config::StateConfig;
use serde_json::{Value, json};

use super::json;
use crate::command::{Environments, TextFormat};
use crate::terminal::{Outcome, Stop, print, shown};
use crate::{life, serve};

/// Lists them.
pub(crate) fn run(args: &Environments) -> Result<Outcome, Stop> {
    let all = serve::usable(&args.config, StateConfig::load(&args.config, None))?;
    let runtime = life::runtime()?;
    let mut rows = Vec::new();
    for config in &all {
        let name = &config.environment.name;
        let said = runtime.block_on(runner::ask::status(config.listen, Some(name)));
        rows.push(row(config, said.as_ref()));
    }
    print(&match args.format {
        TextFormat::Json => json(&rows),
        TextFormat::Text => text(&rows),
    })?;
    Ok(Outcome::Fine)
}

fn row(config: &StateConfig, said: Option<&Value>) -> Value {
    let halted = said.and_then(|said| said.get("halted")?.as_str());
    let state = match (said, halted) {
        (None, _) => "does not run",
        (Some(_), Some(_)) => "stopped",
        (Some(_), None) => "runs",
    };
    let maps: Vec<String> = config.maps.iter().map(|map| shown(map)).collect();
    json!({
        "name": config.environment.name, "kind": config.environment.kind, "state": state,
        "halted": halted, "store": shown(&config.store), "maps": maps,
    })
}

fn text(rows: &[Value]) -> String {
    let mut text = String::new();
    let of = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let width = rows.iter().map(|row| of(row, "name").len()).max().unwrap_or_default();
    for row in rows {
        let [name, kind, state, store] = ["name", "kind", "state", "store"].map(|one| of(row, one));
        // INVARIANT: writing to a string cannot fail, here and below.
        let _ = writeln!(text, "{name:<width$}  {kind:<10}  {state:<12}  {store}");
        if let Some(why) = row["halted"].as_str() {
            let _ = writeln!(text, "{:<width$}  {why}", "");
        }
    }
    text
}
