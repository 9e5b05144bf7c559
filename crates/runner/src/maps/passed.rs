//! What maps have passed: a list beside the configuration, one line a command that was run.
//!
//! In: maps and what came of a command. Out: lines of the list; what a set of maps has not passed yet. Must not know:
//! what the commands look at. A line holds for the very bytes and plans that it names, and for the program that ran.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::bundle::{Bundle, cannot};
use super::shelf::Packed;
use crate::error::Error;

/// Where the list lies, beside the configuration.
pub const LIST: &str = ".cosell/passed.ndjson";

/// What has to be passed before production takes a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// The examples of the map hold.
    Test,
    /// Everything is there that the service needs.
    Doctor,
    /// The story came true in an environment of kind staging.
    Scenario,
}

impl Gate {
    /// All of them, in the order of a day.
    pub const ALL: [Gate; 3] = [Gate::Test, Gate::Doctor, Gate::Scenario];

    /// Its command.
    pub fn command(self) -> &'static str {
        match self {
            Gate::Test => "cosell test",
            Gate::Doctor => "cosell doctor",
            Gate::Scenario => "cosell scenario --env staging",
        }
    }
}

/// A map with all that it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print {
    /// The mapping's name.
    pub map: String,
    /// Its file.
    pub file: String,
    /// The hash of its plan.
    pub plan: String,
    /// The hash over its bytes, those of the maps that it extends and of the schemas.
    pub files: String,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// What was run.
    pub gate: Gate,
    /// Whether all of it was fine.
    pub passed: bool,
    /// When it ended.
    pub at: Timestamp,
    /// The program.
    pub version: String,
    /// The environment, where it was run in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// With which maps.
    pub maps: Vec<Print>,
}

/// What a map has not passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What is to be passed.
    pub gate: Gate,
    /// The map.
    pub map: String,
    /// Why what there is does not count.
    pub why: &'static str,
}

/// The prints of maps, each by itself. Errors: one cannot be used.
pub fn prints(maps: &[PathBuf]) -> Result<Vec<Print>, Error> {
    let mut all = Vec::new();
    for path in maps {
        let bundle = Bundle::read(std::slice::from_ref(path))?;
        let made = bundle.compile()?;
        let files = Packed::of(&bundle, &made).manifest.release;
        for hash in made.hashes() {
            let files = files.clone();
            all.push(Print { map: hash.map, file: hash.file, plan: hash.plan, files });
        }
    }
    Ok(all)
}

/// A line for what has just ended.
pub fn line(gate: Gate, passed: bool, environment: Option<&str>, maps: Vec<Print>) -> Passed {
    let (version, environment) =
        (env!("CARGO_PKG_VERSION").to_owned(), environment.map(str::to_owned));
    Passed { gate, passed, at: Timestamp::now(), version, environment, maps }
}

/// Adds a line to a list, making it when there is none.
pub fn add(list: &Path, passed: &Passed) -> Result<(), Error> {
    let failed = |error: std::io::Error| cannot(list, &error);
    if let Some(folder) = list.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let text = serde_json::to_string(passed).unwrap_or_default() + "\n";
    let mut file = std::fs::File::options().create(true).append(true).open(list).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

/// The lines of a list; what cannot be read (a line that a crash cut off) is left out. No list: none.
pub fn read(list: &Path) -> Result<Vec<Passed>, Error> {
    match std::fs::read_to_string(list) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        other => {
            let text = other.map_err(|error| cannot(list, &error))?;
            Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
        }
    }
}

/// What these maps have not passed: of each map and gate the last run with the very same files and plan counts.
pub fn missing(lines: &[Passed], maps: &[Print]) -> Vec<Missing> {
    let mut found = Vec::new();
    for (gate, map) in
        Gate::ALL.into_iter().flat_map(|gate| maps.iter().map(move |map| (gate, map)))
    {
        let about = |line: &&Passed| {
            line.gate == gate && line.maps.iter().any(|known| known.map == map.map)
        };
        let same = |line: &&Passed| {
            let is_same = |known: &Print| known.files == map.files && known.plan == map.plan;
            line.maps.iter().any(is_same)
        };
        let why = match lines.iter().rev().find(|line| about(line) && same(line)) {
            Some(line) if line.version != env!("CARGO_PKG_VERSION") => {
                "it was run with another version of cosell"
            }
            Some(line) if !line.passed => "the last run was not fine",
            Some(_) => continue,
            None if lines.iter().any(|line| about(&line)) => {
                "it was run with other files of this map"
            }
            None => "it was not run",
        };
        found.push(Missing { gate, map: map.map.clone(), why });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(files: &str, plan: &str) -> Print {
        let [map, file, plan, files] = ["deal", "deal.map", plan, files].map(str::to_owned);
        Print { map, file, plan, files }
    }

    #[test]
    fn only_the_last_run_with_the_same_bytes_and_plan_counts() {
        let maps = vec![print("a", "p")];
        let ran = |gate, passed, files, plan| line(gate, passed, None, vec![print(files, plan)]);
        let why = |lines: &[Passed]| -> Vec<(Gate, &'static str)> {
            missing(lines, &maps).into_iter().map(|m| (m.gate, m.why)).collect()
        };
        let none = "it was not run";
        assert_eq!(why(&[]), Gate::ALL.map(|gate| (gate, none)));
        let mut lines: Vec<Passed> = Gate::ALL.map(|gate| ran(gate, true, "a", "p")).into();
        assert_eq!(why(&lines), []);
        lines.push(ran(Gate::Doctor, false, "a", "p"));
        assert_eq!(why(&lines), [(Gate::Doctor, "the last run was not fine")]);
        lines.push(ran(Gate::Doctor, true, "a", "p"));
        // What was run with another text of the map neither helps nor harms.
        lines.push(ran(Gate::Doctor, false, "b", "p"));
        assert_eq!(why(&lines), []);
        let other = Gate::ALL.map(|gate| ran(gate, true, "a", "q"));
        assert_eq!(
            why(&other),
            Gate::ALL.map(|gate| (gate, "it was run with other files of this map"))
        );
        lines.push(Passed { version: "0.0.0".to_owned(), ..ran(Gate::Test, true, "a", "p") });
        assert_eq!(why(&lines), [(Gate::Test, "it was run with another version of cosell")]);
    }

    #[test]
    fn a_list_that_a_crash_cut_off_is_read_as_far_as_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join(LIST);
        assert_eq!(read(&list).unwrap(), []);
        let one = line(Gate::Test, true, Some("staging"), vec![print("a", "p")]);
        add(&list, &one).unwrap();
        std::fs::write(&list, std::fs::read_to_string(&list).unwrap() + "{\"gate\":\"doc\n")
            .unwrap();
        add(&list, &one).unwrap();
        assert_eq!(read(&list).unwrap(), [one.clone(), one]);
    }
}
