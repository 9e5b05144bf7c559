//! `docs/parity.md` says of every capability of Microsoft's connector what becomes of it here.
//!
//! In: the page, the sources, the maps that we ship, the program. Out: rows that are missing or out of
//! order, counts that are wrong, tests, examples and commands that do not exist, commands that fail.
//! Must not know: whether a row is true; that is what the tests and commands that it names show.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::block::{root, words};
use crate::nothing;

const STATES: [&str; 4] = ["works", "in part", "missing", "not here"];
/// Commands with commands below them.
const GROUPS: [&str; 5] = ["salesforce", "sandbox", "schema", "solutions", "webhook"];
/// What needs neither a service nor a configuration, and is run.
const ALONE: [&str; 9] = [
    "--version",
    "apply ",
    "check ",
    "diff ",
    "fmt --check",
    "plan ",
    "schema show",
    "test ",
    "try ",
];

struct Row {
    number: String,
    state: String,
    how: String,
    shown: String,
}

fn page() -> String {
    fs::read_to_string(root().join("docs/parity.md")).unwrap()
}

fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split('|').map(str::trim).collect()
}

fn rows() -> Vec<Row> {
    let text = page();
    let tables = text.lines().map(cells).filter(|cells| cells.len() == 5);
    let rows = tables.filter(|cells| cells[0] != "#" && !cells[0].starts_with("---"));
    let row = |cells: Vec<&str>| {
        let [number, _, state, how, shown] = cells.try_into().unwrap();
        let [number, state, how, shown] = [number, state, how, shown].map(str::to_owned);
        Row { number, state, how, shown }
    };
    rows.map(row).collect()
}

/// What stands in backticks.
fn spans(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The commands in a text, without the name of the program.
fn commands(text: &str) -> Vec<String> {
    spans(text).iter().filter_map(|span| span.strip_prefix("cosell ").map(str::to_owned)).collect()
}

fn run(arguments: &[String]) -> (Option<i32>, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_cosell"));
    let output = program.args(arguments).env("NO_COLOR", "1").current_dir(root()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_capability_of_the_connector_has_its_row() {
    let found: Vec<String> = rows().into_iter().map(|row| row.number).collect();
    let first = (1..=100).map(|number| number.to_string());
    let wanted: Vec<String> = first.chain((1..=25).map(|number| format!("L{number}"))).collect();
    assert_eq!(found, wanted);
}

#[test]
fn every_row_of_parity_has_a_state_and_says_how_and_by_what() {
    let mut wrong = Vec::new();
    for row in rows() {
        let known = STATES.contains(&row.state.as_str());
        let says = !row.how.is_empty();
        let shows = row.state != "works" || !spans(&row.shown).is_empty();
        if !(known && says && shows) {
            wrong.push(format!("{}: {} | {} | {}", row.number, row.state, row.how, row.shown));
        }
    }
    nothing(&wrong);
}

#[test]
fn the_counts_of_parity_are_those_of_its_rows() {
    let (text, rows) = (page(), rows());
    for state in STATES {
        let count = rows.iter().filter(|row| row.state == state).count();
        let head = format!("| `{state}` | {count} |");
        assert!(text.contains(&head), "the head has no `{head}`");
    }
}

/// Every source with tests in it: its path in pieces, and its text.
fn sources() -> Vec<(Vec<String>, String)> {
    let mut files = Vec::new();
    for folder in ["tests", "crates"] {
        walk(&root().join(folder), &mut files);
    }
    let pieces = |path: &Path| {
        let inside = path.strip_prefix(root()).unwrap().with_extension("");
        inside.iter().map(|piece| piece.to_string_lossy().into_owned()).collect()
    };
    files.iter().map(|path| (pieces(path), fs::read_to_string(path).unwrap())).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            walk(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// Whether `text` has a test of this name, with its attribute above it.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let head = format!("fn {name}()");
    let is_it = |line: &str| line.trim_start_matches("async ").starts_with(&head);
    let tested = |at: usize| {
        let above = lines[..at].iter().rev();
        above.take_while(|line| line.starts_with("#[")).any(|line| line.contains("test"))
    };
    lines.iter().enumerate().any(|(at, line)| is_it(line) && tested(at))
}

/// Whether a file lies where `program::file` says: its pieces in this order, the last one its name.
fn lies_at(pieces: &[String], modules: &[&str]) -> bool {
    let mut rest = pieces.iter();
    let in_order = modules.iter().all(|module| rest.any(|piece| piece == module));
    in_order && rest.next().is_none()
}

#[test]
fn every_test_and_example_that_parity_names_exists() {
    let sources = sources();
    let maps = ["opportunity.map", "lead.map"]
        .map(|name| fs::read_to_string(root().join("mappings").join(name)).unwrap())
        .concat();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for row in rows() {
        for span in spans(&row.shown) {
            seen += 1;
            let exists = if span.starts_with("example ") {
                maps.lines().any(|line| line == span)
            } else if let Some((modules, name)) = span.rsplit_once("::") {
                let modules: Vec<&str> = modules.split("::").collect();
                let fits = |(pieces, text): &(Vec<String>, String)| {
                    lies_at(pieces, &modules) && has_test(text, name)
                };
                sources.iter().any(fits)
            } else {
                span.starts_with("cosell ")
            };
            if !exists {
                wrong.push(format!("{}: {span}", row.number));
            }
        }
    }
    assert!(seen > 100, "the page names {seen} things");
    nothing(&wrong);
}

#[test]
fn every_command_that_parity_names_exists() {
    let mut named: Vec<Vec<String>> = Vec::new();
    for command in commands(&page()) {
        let command = words(&command);
        let most = if GROUPS.contains(&command[0].as_str()) { 3 } else { 1 };
        let is_word = |word: &&String| word.chars().all(|letter| letter.is_ascii_lowercase());
        let options = command.iter().filter(|word| word.starts_with("--")).cloned();
        let mut asked: Vec<String> =
            command.iter().take_while(is_word).take(most).cloned().collect();
        // `schema show Referral` ends before the object; `sandbox portal new` is three words.
        asked.extend(options);
        if !named.contains(&asked) {
            named.push(asked);
        }
    }
    assert!(named.len() > 10, "the page names {} commands", named.len());
    let mut wrong = Vec::new();
    for asked in named {
        let is_option = |word: &&String| word.starts_with("--");
        let options: Vec<&String> = asked.iter().filter(is_option).collect();
        let mut all: Vec<String> =
            asked.iter().filter(|word| !word.starts_with("--")).cloned().collect();
        all.push("--help".to_owned());
        let output = Command::new(env!("CARGO_BIN_EXE_cosell")).args(&all).output().unwrap();
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        let knows = |option: &&String| *option == "--version" || help.contains(option.as_str());
        if !output.status.success() || !options.iter().all(knows) {
            wrong.push(format!("cosell {}", asked.join(" ")));
        }
    }
    nothing(&wrong);
}

#[test]
fn every_command_of_parity_that_needs_no_service_ends_well() {
    let shown = rows().into_iter().map(|row| row.shown).collect::<Vec<_>>().join(" ");
    let mut alone = commands(&shown);
    alone.retain(|command| ALONE.iter().any(|begin| command.starts_with(begin)));
    alone.sort();
    alone.dedup();
    assert!(alone.len() >= 6, "only these are run: {alone:?}");
    let ran = alone.iter().map(|command| (command, run(&words(command))));
    let failed = ran.filter(|(_, (code, _))| *code != Some(0));
    nothing(&failed.map(|(command, why)| format!("{command}: {why:?}")).collect::<Vec<_>>());
}
