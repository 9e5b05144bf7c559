//! What holds for all commands: help, usage errors, files that are not there.

use crate::folder::{Folder, ONE_WAY};

const COMMANDS: [&str; 14] = [
    "check", "fmt", "plan", "apply", "try", "test", "status", "parked", "release", "replay", "why",
    "webhook", "doctor", "login",
];

#[test]
fn every_command_shows_an_example() {
    let folder = Folder::new();
    let whole = folder.run(&["--help"]).ends(0).out;
    for name in COMMANDS {
        assert!(whole.contains(&format!("\n  {name} ")), "{whole}");
        let help = folder.run(&[name, "--help"]).ends(0).out;
        assert!(help.contains(&format!("Examples:\n  cosell {name}")), "{help}");
    }
    assert!(folder.run(&["--version"]).ends(0).out.starts_with("cosell "));
}

#[test]
fn a_wrong_command_line_is_2() {
    let folder = Folder::with_map(ONE_WAY);
    for args in [
        &["chek"][..],
        &[],
        &["check", "--format", "xml"],
        &["plan"],
        &["apply", "deal.map"],
        &["try", "deal.map"],
        &["check", "--deny", "everything"],
        &["check", "--color", "sometimes"],
        &["fmt", "-", "deal.map"],
        &["release"],
        &["release", "deal-1", "--all"],
        &["why"],
    ] {
        let done = folder.run(args).ends(2);
        assert!(!done.err.is_empty() && done.out.is_empty(), "{args:?}: {}", done.err);
    }
}

#[test]
fn a_file_that_is_not_there_is_2_with_its_path_and_what_to_do() {
    let folder = Folder::with_map(ONE_WAY);
    for args in [
        &["check", "none.map"][..],
        &["fmt", "none.map"],
        &["plan", "none.map"],
        &["apply", "none.map", "--to", "opportunity"],
        &["apply", "deal.map", "--to", "opportunity", "none.map"],
        &["apply", "deal.map", "--to", "opportunity", "--old", "none.map"],
        &["try", "deal.map", "--left", "none.map"],
        &["test", "none.map"],
    ] {
        let done = folder.run(args).ends(2);
        let expected = "error: cannot read none.map: it does not exist\n  help: correct the path; ";
        assert!(done.err.starts_with(expected), "{args:?}: {}", done.err);
    }
}

#[test]
fn a_folder_where_a_file_belongs_is_2() {
    let folder = Folder::with_map(ONE_WAY);
    folder.write("maps/deal.map", ONE_WAY);
    for args in [
        &["plan", "maps"][..],
        &["apply", "deal.map", "--to", "opportunity", "maps"],
        &["try", "deal.map", "--left", "maps"],
    ] {
        let done = folder.run(args).ends(2);
        assert!(done.err.starts_with("error: cannot read maps: it is a folder\n"), "{}", done.err);
    }
}

#[test]
fn a_folder_without_maps_is_2() {
    let folder = Folder::new();
    for command in ["check", "fmt", "test"] {
        let done = folder.run(&[command]).ends(2);
        assert!(
            done.err.starts_with("error: no maps found in .\n  help: name a `.map` file"),
            "{}",
            done.err
        );
    }
}

#[test]
fn a_map_with_errors_cannot_be_used() {
    let folder = Folder::with_map(&ONE_WAY.replace("-> Name ", "-> Nmae "));
    for args in [
        &["plan", "deal.map"][..],
        &["apply", "deal.map", "--to", "opportunity"],
        &["try", "deal.map", "--left", "deal.map"],
    ] {
        let done = folder.run(args).ends(2);
        assert!(done.err.contains("did you mean `Name`?"), "{}", done.err);
        assert!(
            done.err.contains("error: deal.map has errors, so it cannot be used\n"),
            "{}",
            done.err
        );
        assert_eq!(done.out, "");
    }
}

#[test]
fn a_plan_is_text_or_json_with_the_same_hash() {
    let folder = Folder::with_map(ONE_WAY);
    let text = folder.run(&["plan", "deal.map"]).ends(0).out;
    let json = folder.run(&["plan", "deal.map", "--format", "json"]).ends(0).json();
    let hash = json["hash"].as_str().unwrap();
    assert_eq!(hash.len(), 64);
    assert!(text.contains(&format!("hash {hash}\n")), "{text}");
    assert_eq!(json["sides"][1]["object"], "Opportunity");
}
