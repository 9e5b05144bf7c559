//! The rules of the house, each a test. They say what `docs/architecture.md` promises.
//!
//! In: the text of this repository, and the problem codes of `mapping`. Out: every breach with its
//! place. Must not know: what the code does. A rule that stands in the way is changed here, in a
//! commit of its own that says why.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is wrong")]

#[path = "house/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use mapping::problem::Code;
use source::{Source, all, crates, line_at, root};

/// Which crate may use which. A crate that is not named here may use none of ours.
const EDGES: &[(&str, &[&str])] = &[
    ("cli", &["connect", "mapping", "runner", "sandbox"]),
    ("connect", &[]),
    ("mapping", &[]),
    ("runner", &["connect", "mapping"]),
    ("sandbox", &[]),
];

/// A library is known by these files of a crate only. `x/` means every file in that folder.
const FENCES: &[(&str, &str, &[&str])] = &[
    ("cli", "clap", &["command.rs", "command/"]),
    ("cli", "flate2", &["packed.rs", "sheet/zip.rs"]),
    ("cli", "memchr", &["apply/blocks.rs"]),
    ("cli", "miette", &["show.rs"]),
    ("cli", "mimalloc", &["main.rs"]),
    ("cli", "roxmltree", &["sheet/xlsx.rs"]),
    ("cli", "tracing_subscriber", &["serve.rs"]),
    ("cli", "zstd", &["packed.rs"]),
    (
        "connect",
        "aws_lc_rs",
        &["chance.rs", "seal.rs", "token/assertion.rs", "webhook/signature.rs"],
    ),
    ("connect", "prost", &["salesforce/events/messages.rs"]),
    ("connect", "tonic", &["salesforce/events/wire.rs"]),
    ("connect", "tonic_prost", &["salesforce/events/wire.rs"]),
    ("connect", "base64", &["chance.rs", "token/assertion.rs", "webhook/signature.rs"]),
    ("connect", "reqwest", &["send.rs"]),
    ("connect", "rustls_pki_types", &["token/assertion.rs", "webhook/certificate.rs"]),
    ("connect", "webpki", &["webhook/certificate.rs"]),
    ("connect", "x509_parser", &["webhook/certificate.rs"]),
    ("mapping", "jsonpath_rust", &["path.rs", "path/"]),
    ("mapping", "miette", &["problem.rs"]),
    ("mapping", "pest", &["parse.rs", "parse/"]),
    ("mapping", "pest_derive", &["parse/grammar.rs"]),
    ("mapping", "roxmltree", &["schema/xml.rs"]),
    ("mapping", "serde_yaml", &["schema/read.rs"]),
    ("mapping", "sha2", &["plan/text.rs"]),
    ("mapping", "simdutf8", &["scan/text.rs"]),
    ("mapping", "wide", &["scan/text.rs"]),
    ("runner", "axum", &["intake.rs", "intake/", "listen.rs", "serve.rs"]),
    ("runner", "maud", &["console.rs"]),
    ("runner", "reqwest", &["ask.rs"]),
    ("runner", "rusqlite", &["store/sqlite.rs"]),
    ("runner", "serde_yaml", &["config/yaml.rs"]),
    ("runner", "sha2", &["fingerprint.rs"]),
    ("sandbox", "aws_lc_rs", &["sign.rs"]),
    ("sandbox", "axum", &["serve.rs"]),
    ("sandbox", "base64", &["sign.rs"]),
    ("sandbox", "prost", &["salesforce/pubsub/messages.rs"]),
    ("sandbox", "rcgen", &["sign.rs"]),
    ("sandbox", "reqwest", &["deliver.rs", "remote.rs", "salesforce/outbound/send.rs"]),
    ("sandbox", "rusqlite", &["database.rs"]),
    ("sandbox", "tokio_rustls", &["tls.rs"]),
    ("sandbox", "tonic", &["salesforce/pubsub/wire.rs"]),
    ("sandbox", "tonic_prost", &["salesforce/pubsub/wire.rs"]),
];

/// Libraries that are vocabulary rather than machinery: any file may use them.
const VOCABULARY: &[&str] = &["jiff", "serde", "serde_json", "thiserror", "tokio", "tracing"];

const LINES_OF_A_FILE: usize = 500;
const LINES_OF_A_FUNCTION: usize = 60;

/// Files and functions (`file: name`) that may be longer, and why.
const LONGER: &[(&str, &str)] = &[];

/// Problems without a case: theirs would be a file of more than 1 MiB, so `parse` tests them alone.
const WITHOUT_CASE: &[Code] = &[Code::TooLarge];

/// Packages in `Cargo.lock`, ours included.
const PACKAGES: usize = 320;

fn nothing(breaches: &[String], rule: &str) {
    let mut list = String::new();
    for breach in breaches {
        let _ = write!(list, "\n  {breach}");
    }
    assert!(breaches.is_empty(), "{rule}; found {}:{list}", breaches.len());
}

/// The names in a table of a crate's `Cargo.toml`, as the code spells them.
fn dependencies(krate: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(format!("crates/{krate}/Cargo.toml"))).unwrap();
    let mut counts = false;
    let mut names = Vec::new();
    for line in text.lines() {
        if let Some(table) = line.strip_prefix('[') {
            counts = table.contains("dependencies]") && !table.contains("dev-dependencies");
        } else if counts && line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let name: &str = line.split(['.', '=', ' ']).next().unwrap();
            names.push(match name {
                "rustls-webpki" => "webpki".to_owned(),
                other => other.replace('-', "_"),
            });
        }
    }
    names.sort();
    names
}

/// The places (bytes) at which code uses a library or a module by its name.
fn uses(code: &str, name: &str) -> Vec<usize> {
    let found = code.match_indices(name).filter(|(at, _)| {
        let before = &code[..*at];
        let after = &code[at + name.len()..];
        let inside = |c: char| c.is_alphanumeric() || c == '_';
        let whole = !before.ends_with(inside) && !after.starts_with(inside);
        let path = after.starts_with("::")
            && !before.ends_with("::")
            && !before.ends_with('.')
            && !before.ends_with('$');
        let import =
            before.trim_end().ends_with("use") && after.trim_start().starts_with([';', 'a']);
        whole && (path || import)
    });
    found.map(|(at, _)| at).collect()
}

#[test]
fn crates_use_only_those_that_the_picture_shows() {
    let ours: Vec<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    let mut folders: Vec<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    assert_eq!(folders, ours, "the crates are those of the picture");
    for (krate, allowed) in EDGES {
        let mut found = dependencies(krate);
        found.retain(|name| ours.contains(&name.as_str()) || name == "cosell");
        assert_eq!(found, *allowed, "what `{krate}` uses of ours");
    }
}

#[test]
fn one_file_knows_each_library() {
    let mut breaches = Vec::new();
    for source in crates() {
        let Some((krate, path)) = source.place() else { continue };
        let code = source.code();
        for (_, library, allowed) in FENCES.iter().filter(|(owner, ..)| *owner == krate) {
            let inside = allowed
                .iter()
                .any(|place| path == *place || (place.ends_with('/') && path.starts_with(place)));
            for at in uses(&code, library).into_iter().filter(|_| !inside) {
                breaches.push(format!("{}:{} uses {library}", source.path, line_at(&code, at)));
            }
        }
    }
    nothing(&breaches, "a library is used in its own file only (see FENCES)");
}

#[test]
fn every_dependency_has_a_fence_and_is_used() {
    let sources: Vec<(Source, String)> =
        crates().into_iter().map(|source| (source.code(), source)).map(|(c, s)| (s, c)).collect();
    let mut breaches = Vec::new();
    for (krate, _) in EDGES {
        let names = dependencies(krate);
        for name in &names {
            let ours = EDGES.iter().any(|(ours, _)| ours == name);
            let fenced = FENCES.iter().any(|(owner, library, _)| owner == krate && library == name);
            if !ours && !fenced && !VOCABULARY.contains(&name.as_str()) {
                breaches.push(format!("`{krate}` depends on {name}, which has no row in FENCES"));
            }
            let used = sources.iter().any(|(source, code)| {
                source.place().is_some_and(|(owner, _)| owner == *krate)
                    && !uses(code, name).is_empty()
            });
            if !used && !ours {
                breaches.push(format!("`{krate}` depends on {name} and does not use it"));
            }
        }
        for (_, library, _) in FENCES.iter().filter(|(owner, ..)| owner == krate) {
            if !names.iter().any(|name| name == library) {
                breaches.push(format!("FENCES names {library}, which `{krate}` does not use"));
            }
        }
    }
    nothing(&breaches, "dependencies and fences correspond");
}

/// The modules of `mapping` in the order of its `lib.rs`.
fn modules() -> Vec<String> {
    let text = fs::read_to_string(root().join("crates/mapping/src/lib.rs")).unwrap();
    let name = |line: &str| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned)
    };
    text.lines().filter_map(name).collect()
}

/// The modules that code names behind `crate::`, each with its place.
fn names_of_the_crate(code: &str) -> Vec<(String, usize)> {
    let mut names = Vec::new();
    for at in uses(code, "crate") {
        let after = &code[at + "crate::".len()..];
        let group = after.strip_prefix('{').map(|group| group.split('}').next().unwrap());
        for name in group.map_or(vec![after], |group| group.split(',').collect()) {
            let name = name.trim_start();
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            names.push((name[..end].to_owned(), at));
        }
    }
    names
}

#[test]
fn a_module_of_mapping_uses_only_those_above_it() {
    let modules = modules();
    let rank = |name: &str| modules.iter().position(|module| module == name);
    let mut breaches = Vec::new();
    for source in crates() {
        let Some(("mapping", path)) = source.place() else { continue };
        let own = path.split(['/', '.']).next().unwrap();
        let (Some(own_rank), code) = (rank(own), source.code()) else { continue };
        for (name, at) in names_of_the_crate(&code) {
            if rank(&name).is_some_and(|rank| rank > own_rank) {
                let line = line_at(&code, at);
                breaches.push(format!("{}:{line} `{own}` uses `{name}` below it", source.path));
            }
        }
    }
    nothing(&breaches, "modules stand in the order of the flow in mapping/src/lib.rs");
}

#[test]
fn the_architecture_page_lists_the_modules_in_their_order() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let from = text.find("- `crates/mapping`").expect("the code map names crates/mapping");
    let item = &text[from..];
    let item = &item[..item.find("\n- ").unwrap_or(item.len())];
    let listed: Vec<&str> = item.split('`').skip(3).step_by(2).collect();
    let ours: Vec<String> = modules();
    let listed: Vec<&str> =
        listed.into_iter().filter(|name| *name != "lib" && *name != "compile").collect();
    assert_eq!(listed, ours, "the code map lists what lib.rs declares");
}

#[test]
fn mapping_reaches_nothing_outside() {
    let outside = [
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "std::thread",
        "std::io",
        "tokio",
        "SystemTime",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "TimeZone::system",
    ];
    let mut breaches = Vec::new();
    for source in crates().iter().filter(|s| s.place().is_some_and(|(name, _)| name == "mapping")) {
        let code = source.code();
        for word in outside {
            for (at, _) in code.match_indices(word) {
                breaches.push(format!("{}:{} {word}", source.path, line_at(&code, at)));
            }
        }
    }
    nothing(&breaches, "`mapping` knows no file, clock, environment or network");
}

#[test]
fn numbers_are_never_read_through_shapes_that_lose_digits() {
    let mut breaches = Vec::new();
    for source in crates() {
        let code = source.code();
        for (at, _) in code.match_indices("#[serde(") {
            let attribute = &code[at..at + code[at..].find(']').unwrap_or(0)];
            for shape in ["flatten", "untagged", "tag"] {
                if attribute.split(|c: char| !c.is_alphabetic()).any(|word| word == shape) {
                    breaches.push(format!("{}:{} {shape}", source.path, line_at(&code, at)));
                }
            }
        }
    }
    nothing(&breaches, "see docs/decisions/0002-numbers-keep-their-digits.md");
}

#[test]
fn files_and_functions_stay_short() {
    let mut breaches = Vec::new();
    let mut longer = BTreeSet::new();
    let rust = all().into_iter().filter(Source::is_rust);
    for source in rust {
        let lines = source.text.lines().count();
        if lines > LINES_OF_A_FILE {
            longer.insert(source.path.clone());
            breaches.push((source.path.clone(), format!("{} has {lines} lines", source.path)));
        }
        for function in source.functions() {
            if function.lines > LINES_OF_A_FUNCTION {
                let key = format!("{}: {}", source.path, function.name);
                let at = format!("{}:{}", source.path, function.line);
                longer.insert(key.clone());
                breaches
                    .push((key, format!("{at} {} has {} lines", function.name, function.lines)));
            }
        }
    }
    let unneeded: Vec<String> = LONGER
        .iter()
        .filter(|(place, reason)| reason.is_empty() || !longer.contains(*place))
        .map(|(place, _)| (*place).to_owned())
        .collect();
    nothing(&unneeded, "an exception has a reason and is needed");
    breaches.retain(|(key, _)| !LONGER.iter().any(|(place, _)| place == key));
    let breaches: Vec<String> = breaches.into_iter().map(|(_, text)| text).collect();
    nothing(
        &breaches,
        &format!("a file has {LINES_OF_A_FILE} lines at most, a function {LINES_OF_A_FUNCTION}"),
    );
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = all()
        .into_iter()
        .filter(|source| source.is_rust() && !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    nothing(&silent, "a module opens with `//!`");
}

#[test]
fn nothing_is_left_to_be_done_later() {
    let words =
        [concat!("to", "do"), concat!("fix", "me"), concat!("x", "xx"), concat!("db", "g!")];
    let mut breaches = Vec::new();
    // The workspace's own list of lints names one of the words.
    for source in all().into_iter().filter(|source| source.path != "Cargo.toml") {
        for (number, line) in source.text.lines().enumerate() {
            // A currency of that name exists.
            let lower = line.replace(concat!("\"X", "XX\""), "").to_lowercase();
            let mut parts = lower.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '!');
            if let Some(word) = parts.find(|part| words.contains(part)) {
                breaches.push(format!("{}:{} {word}", source.path, number + 1));
            }
        }
    }
    nothing(&breaches, "it is done, or it is an issue");
}

#[test]
fn no_text_knows_the_machine_it_was_written_on() {
    let words = [
        concat!("/wo", "rk/"),
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/t", "mp/"),
        concat!("index.", "crates.io"),
        concat!("crates.io", "-index"),
    ];
    let public = concat!("source = \"registry+https://github.com/rust-lang/crates.io", "-index\"");
    let mut breaches = Vec::new();
    for source in all() {
        for (number, line) in source.text.lines().enumerate() {
            if source.path.ends_with("Cargo.lock") && line == public {
                continue;
            }
            if words.iter().any(|word| line.contains(word)) || line.starts_with("source = ") {
                breaches.push(format!("{}:{}", source.path, number + 1));
            }
        }
    }
    nothing(&breaches, "paths are relative, and packages come from the public registry");
}

#[test]
fn the_program_stays_small() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let count = lock.matches("[[package]]").count();
    println!("packages in Cargo.lock: {count} of {PACKAGES}");
    assert!(count <= PACKAGES, "Cargo.lock has {count} packages, at most {PACKAGES} are wanted");
}

#[test]
fn every_problem_code_has_a_case_and_a_row_in_the_manual() {
    let table = fs::read_to_string(root().join("docs/problems.md")).unwrap();
    let reports: Vec<Source> = all()
        .into_iter()
        .filter(|s| s.path.starts_with("tests/maps/bad/") && s.ends_in("err"))
        .collect();
    let mut breaches = Vec::new();
    for code in Code::ALL {
        let name = code.name();
        let whole = |text: &str| {
            let ends = |at: usize| {
                text[at + name.len()..].starts_with(|c: char| !c.is_alphanumeric() && c != '-')
            };
            text.match_indices(name).any(|(at, _)| ends(at))
        };
        if !table.contains(&format!("| `{name}` |")) {
            breaches.push(format!("{name} has no row in docs/problems.md"));
        }
        let needed = !WITHOUT_CASE.contains(code);
        if needed && !reports.iter().any(|report| whole(&report.text)) {
            breaches.push(format!("{name} has no case in tests/maps/bad"));
        }
    }
    nothing(&breaches, "a problem is shown and explained");
}
