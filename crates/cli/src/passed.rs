//! What commands leave in the list of what maps have passed.
//!
//! In: maps, and how a command ended. Out: a line of the list beside the configuration. Must not know: what the
//! command looked at. A list that cannot be written is told, and keeps nobody from going on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use runner::maps::passed::{Gate, LIST, add, line, prints};

use crate::terminal::{shown, tell};

/// The file by which a project is known.
const CONFIG: &str = "cosell.yaml";

/// The list beside a configuration.
pub(crate) fn list(config: &Path) -> PathBuf {
    config.parent().unwrap_or(Path::new("")).join(LIST)
}

/// Maps and whether they passed, each into the list of its project; a map outside of any is not listed.
pub(crate) fn tested(maps: &[(PathBuf, bool)]) {
    let mut projects: BTreeMap<PathBuf, Vec<&(PathBuf, bool)>> = BTreeMap::new();
    for map in maps {
        if let Some(config) = project_of(&map.0) {
            projects.entry(config).or_default().push(map);
        }
    }
    for (config, maps) in projects {
        for fine in [true, false] {
            let maps: Vec<PathBuf> =
                maps.iter().filter(|map| map.1 == fine).map(|map| map.0.clone()).collect();
            record(&config, Gate::Test, fine, None, &maps);
        }
    }
}

/// One run with these maps. Maps that cannot be compiled have nothing by which they could be known.
pub(crate) fn record(config: &Path, gate: Gate, fine: bool, env: Option<&str>, maps: &[PathBuf]) {
    let Ok(maps) = prints(maps) else { return };
    if maps.is_empty() {
        return;
    }
    let list = list(config);
    if let Err(error) = add(&list, &line(gate, fine, env, maps)) {
        tell(&format!("note: {} does not tell of this run: {error}\n", shown(&list)));
    }
}

/// The configuration of the folder that the user is in, else the nearest above a map.
fn project_of(map: &Path) -> Option<PathBuf> {
    let here = PathBuf::from(CONFIG);
    if here.is_file() {
        return Some(here);
    }
    let map = std::fs::canonicalize(map).ok()?;
    map.ancestors().skip(1).map(|folder| folder.join(CONFIG)).find(|config| config.is_file())
}
