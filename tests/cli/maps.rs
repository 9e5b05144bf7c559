//! The maps in `tests/maps`: what is said about the bad ones, and what the good ones become.

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use mapping::problem::{Code, Problem};
use mapping::schema::Schemas;

use crate::folder::{Folder, run};

/// No map of this size is kept: it is made for the test, and only what is said about it is kept.
const TOO_LARGE: &str = "too-large";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/maps").join(name)
}

fn maps(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".map").map(str::to_owned))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no maps in {}", folder.display());
    names
}

fn first_line_says_why(folder: &Path, name: &str) {
    let text = fs::read_to_string(folder.join(format!("{name}.map"))).unwrap();
    assert!(text.starts_with("# why: "), "{name}.map does not begin with `# why: `");
}

/// The code that a file is named for: the longest that its name begins with.
fn named_for(name: &str) -> Code {
    let short = |code: &Code| code.name().trim_start_matches("map::");
    let fits = |code: &&Code| name.starts_with(short(code));
    let code = Code::ALL.iter().filter(fits).max_by_key(|code| short(code).len());
    *code.unwrap_or_else(|| panic!("{name}.map is named for no code"))
}

#[test]
fn a_bad_map_is_told_what_is_wrong() {
    let folder = folder("bad");
    for name in maps(&folder) {
        first_line_says_why(&folder, &name);
        let done = run(&folder, &["check", &format!("{name}.map")], b"");
        expect_file![folder.join(format!("{name}.err"))].assert_eq(&done.out);
        let code = named_for(&name);
        assert!(done.out.contains(code.name()), "{name}.map does not show {}", code.name());
        assert_eq!(done.code, i32::from(done.out.contains("error map::")), "{name}.map");
    }
}

#[test]
fn a_map_that_is_too_large_is_told_so() {
    let own = Folder::new();
    own.write("too-large.map", "# why: more than anyone writes\n".repeat(40_000));
    let done = own.run(&["check", "too-large.map"]).ends(1);
    expect_file![folder("bad").join("too-large.err")].assert_eq(&done.out);
}

#[test]
fn every_code_has_a_bad_map() {
    let mut names = maps(&folder("bad"));
    names.push(TOO_LARGE.to_owned());
    for code in Code::ALL {
        let has = names.iter().any(|name| named_for(name) == *code);
        assert!(has, "tests/maps/bad has no map for {}", code.name());
    }
}

#[test]
fn every_expected_text_has_its_map() {
    for (folder, end) in [(folder("bad"), ".err"), (folder("good"), ".plan")] {
        let names = maps(&folder);
        for entry in fs::read_dir(&folder).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            if let Some(name) = file.strip_suffix(end) {
                let known = name == TOO_LARGE || names.iter().any(|known| known == name);
                assert!(known, "{file} has no map");
            }
        }
    }
}

#[test]
fn every_problem_says_what_to_do() {
    for (name, text) in texts("bad") {
        for problem in problems(&name, &text) {
            let said = &problem.message;
            assert!(problem.help.is_some(), "{name}: no help: {said}");
            assert!(!problem.label.is_empty(), "{name}: no label: {said}");
            assert!(!said.ends_with('.'), "{name}: a final stop: {said}");
            assert!(!said.contains('\n'), "{name}: a line break: {said}");
            let lower = said.chars().next().is_some_and(|c| !c.is_uppercase());
            assert!(lower || said.starts_with("Partner Center"), "{name}: {said}");
            assert!(!problem.at.is_empty_or_outside(&text), "{name}: no place: {said}");
        }
    }
}

#[test]
fn a_proposed_edit_solves_its_problem() {
    let mut solved = 0;
    for (name, text) in texts("bad") {
        for problem in problems(&name, &text) {
            let Some(fix) = &problem.fix else { continue };
            let mut edited = text.clone();
            edited.replace_range(fix.span.start..fix.span.end, &fix.text);
            let again = problems(&name, &edited);
            let left =
                again.iter().find(|p| p.code == problem.code && p.at.start == problem.at.start);
            assert_eq!(left.map(|p| &p.message), None, "{name}: the edit does not help:\n{edited}");
            solved += 1;
        }
    }
    assert!(solved > 10, "only {solved} edits are proposed");
}

trait Place {
    fn is_empty_or_outside(&self, text: &str) -> bool;
}

impl Place for mapping::tree::Span {
    /// Insertions and missing things have no width, but they have a place.
    fn is_empty_or_outside(&self, text: &str) -> bool {
        self.end < self.start || self.end > text.len() || !text.is_char_boundary(self.start)
    }
}

fn texts(name: &str) -> Vec<(String, String)> {
    let folder = folder(name);
    let text = |name: String| {
        let text = fs::read_to_string(folder.join(format!("{name}.map"))).unwrap();
        (name, text)
    };
    maps(&folder).into_iter().map(text).collect()
}

fn problems(name: &str, text: &str) -> Vec<Problem> {
    mapping::compile(name, text, Schemas::built_in()).report.problems().to_vec()
}

#[test]
fn a_good_map_becomes_its_plan() {
    let folder = folder("good");
    for name in maps(&folder) {
        first_line_says_why(&folder, &name);
        let file = format!("{name}.map");
        let checked = run(&folder, &["check", "--deny", "warnings", &file], b"").ends(0);
        assert_eq!(
            (checked.out.as_str(), checked.err.as_str()),
            ("", "1 file, 0 errors, 0 warnings\n")
        );
        run(&folder, &["fmt", "--check", &file], b"").ends(0);
        let plan = run(&folder, &["plan", &file], b"").ends(0);
        expect_file![folder.join(format!("{name}.plan"))].assert_eq(&plan.out);
    }
}

#[test]
fn what_we_ship_is_in_order() {
    let mappings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings");
    run(&mappings, &["check", "--deny", "warnings"], b"").ends(0);
    let tested = run(&mappings, &["test"], b"").ends(0);
    assert!(tested.out.ends_with(" passed, 0 failed\n"), "{}", tested.out);
}

#[test]
fn an_overlay_is_checked_tested_and_applied_with_its_base() {
    let folder = crate::folder::Folder::new();
    folder.write("deal.map", crate::folder::TWO_WAY);
    folder.write(
        "acme.map",
        "extends deal\nmapping acme \"Acme\"\nremove campaignId <-> Campaign_Code__c\n\
         add campaignId -> NextStep\n",
    );
    let found = folder.run(&["check", "acme.map", "--format", "json"]).json();
    let lost = &found[0];
    assert_eq!(lost["code"], "map::overlay-lost");
    assert_eq!(lost["file"], "acme.map");
    assert_eq!(lost["also"][0]["file"], "deal.map");
    // A base that is gone from its folder is told with those that there are.
    folder.write("own.map", "extends dael\n");
    let found = folder.run(&["check", "own.map", "--format", "json"]).ends(1).json();
    assert!(found[0]["help"].as_str().unwrap().contains("did you mean `deal`?"), "{found}");
    folder.run(&["fmt", "--check", "acme.map", "own.map"]).ends(0);
    folder.write(
        "mine.map",
        "extends opportunity\nadd details.notes -> NextStep as text cut at 255\n",
    );
    folder.run(&["test", "mine.map"]).ends(0);
    let record = include_str!("../../mappings/examples/accepted.json").replace('\n', " ");
    folder.write("referral.json", &record);
    let made = folder.run(&["apply", "mine.map", "--to", "opportunity", "referral.json"]).ends(0);
    assert!(
        made.out.contains("\"NextStep\":\"Telemetry for 60 depots. Wants a demo"),
        "{}",
        made.out
    );
}

#[test]
fn what_is_wrong_with_a_base_is_told_once() {
    let folder = crate::folder::Folder::new();
    folder.write(
        "base.map",
        crate::folder::TWO_WAY.replace("details.dealValue", "details.daelValue"),
    );
    for name in ["above", "zebra"] {
        folder.write(&format!("{name}.map"), format!("extends base\nmapping {name}\n"));
    }
    let found = folder.run(&["check", ".", "--format", "json"]).ends(1).json();
    let own = folder.run(&["check", "base.map", "--format", "json"]).ends(1).json();
    assert!(!own.as_array().unwrap().is_empty());
    assert_eq!(found, own);
    // A map that is the base of itself, and one whose base is not there: each name once.
    folder.write("opportunity.map", "extends oportunity\nmapping opportunity\n");
    let found = folder.run(&["check", "opportunity.map"]).ends(1);
    assert!(!found.out.contains("`lead`, `lead`"), "{}", found.out);
    folder.write("self.map", "extends own\nmapping own\n");
    let found = folder.run(&["check", "self.map"]).ends(1);
    assert!(found.out.contains("`self.map` extends itself"), "{}", found.out);
}
