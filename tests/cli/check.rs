//! `cosell check`: the faces, the summary, schemas beside the map, files that cannot be read.

use serde_json::json;

use crate::folder::{Folder, ONE_WAY, TWO_WAY, command};

/// A field with a typing mistake, behind a name that is not ASCII.
const MISTAKE: &str = "  campaignId -> Campaign_Code__c\n  \"é\" -> NextStpe\nend\n";

fn with_mistake() -> String {
    ONE_WAY.trim_end().trim_end_matches("end").to_owned() + MISTAKE
}

#[test]
fn a_fine_map_says_nothing_but_the_summary() {
    let done = Folder::with_map(ONE_WAY).run(&["check"]).ends(0);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("", "1 file, 0 errors, 0 warnings\n"));
}

#[test]
fn all_problems_of_all_files_are_reported_in_one_run() {
    let folder = Folder::new();
    folder.write("b/one.map", with_mistake()).write("a.map", with_mistake() + "feilds\nend\n");
    folder.write("c.map", ONE_WAY).write("target/no.map", "x").write(".git/no.map", "x");
    let done = folder.run(&["check"]).ends(1);
    assert_eq!(done.err, "3 files, 3 errors, 0 warnings\n");
    let first = done.out.find("[a.map:").unwrap();
    assert!(done.out.rfind("[a.map:").unwrap() < done.out.find("[b/one.map:").unwrap());
    assert!(first < done.out.find("feilds").unwrap());
    assert_eq!(done.out.matches("did you mean `NextStep`?").count(), 2);
}

#[test]
fn json_is_always_an_array() {
    let fine = Folder::with_map(ONE_WAY).run(&["check", "--format", "json"]).ends(0);
    assert_eq!(fine.json(), json!([]));
    let text = with_mistake();
    let line = text.lines().position(|line| line.contains("NextStpe")).unwrap() + 1;
    let found = Folder::with_map(&text).run(&["check", "--format", "json"]).ends(1);
    let expected = json!([{
        "file": "deal.map",
        "line": line,
        "column": 10,
        "code": "map::unknown-field",
        "severity": "error",
        "message": "`Opportunity` has no field `NextStpe`",
        "help": "did you mean `NextStep`?",
        "also": [],
    }]);
    assert_eq!(found.json(), expected);
}

#[test]
fn columns_are_the_same_in_every_face() {
    let folder = Folder::with_map(&with_mistake());
    let line = folder.run(&["check", "--format", "json"]).json()[0]["line"].as_u64().unwrap();
    let human = folder.run(&["check"]).out;
    assert!(human.contains(&format!("[deal.map:{line}:10]")), "{human}");
    let github = folder.run(&["check", "--format", "github"]).ends(1).out;
    let expected = format!(
        "::error file=deal.map,line={line},col=10,title=map%3A%3Aunknown-field::`Opportunity` has \
         no field `NextStpe`%0Ahelp: did you mean `NextStep`?\n"
    );
    assert_eq!(github, expected);
}

#[test]
fn warnings_fail_only_when_they_are_denied() {
    let folder = Folder::with_map(&(ONE_WAY.to_owned() + "values spare\n  a -> b\nend\n"));
    let done = folder.run(&["check"]).ends(0);
    assert_eq!(done.err, "1 file, 0 errors, 1 warning\n");
    assert!(done.out.contains("warning map::unused-table"), "{}", done.out);
    folder.run(&["check", "--deny", "warnings"]).ends(1);
    let github = folder.run(&["check", "--format", "github"]).ends(0).out;
    assert!(github.starts_with("::warning file=deal.map,"), "{github}");
}

#[test]
fn colour_is_used_when_asked_for_and_plain_text_otherwise() {
    let folder = Folder::with_map(&with_mistake());
    let plain = folder.run(&["check"]).out;
    assert!(!plain.contains('\x1b') && !plain.contains('╭'), "{plain}");
    let colored = folder.run(&["--color", "always", "check"]).out;
    assert!(colored.contains('\x1b') && colored.contains('╭'), "{colored}");
    let never = folder.run(&["check", "--color", "never"]).out;
    assert_eq!(never, plain);
}

#[test]
fn schemas_beside_the_map_replace_the_built_in_ones() {
    let map = ONE_WAY.trim_end().trim_end_matches("end").to_owned()
        + "  campaignId -> Deal_Code__c\nend\n";
    let folder = Folder::with_map(&map);
    let unknown = folder.run(&["check"]).ends(1);
    assert!(unknown.out.contains("`Opportunity` has no field `Deal_Code__c`"), "{}", unknown.out);
    let schema = "\
system: salesforce
objects:
  Opportunity:
    key: Id
    fields:
      Id: { type: id, length: 18, access: read }
      Name: { type: text, length: 120, required: true }
      StageName: { type: enum, values: [Prospecting], required: true }
      CloseDate: { type: date, required: true }
      Referral_Identifier__c: { type: text, length: 100, external_id: true }
      Deal_Code__c: { type: text, length: 100 }
";
    folder.write("schemas/org.yaml", schema);
    folder.run(&["check"]).ends(0);
    // Only for the maps of that folder.
    folder.write("other/deal.map", &map);
    let both = folder.run(&["check"]).ends(1);
    assert_eq!(both.err, "2 files, 1 error, 0 warnings\n");
    assert!(both.out.contains("[other/deal.map:"), "{}", both.out);
}

#[test]
fn a_broken_schema_is_reported_with_its_place_once() {
    let folder = Folder::with_map(ONE_WAY);
    let schema = "system: salesforce\nobjects:\n  Deal:\n    key: Id\n    fields:\n      Id: { type: idd }\n";
    folder.write("schemas/org.yaml", schema).write("second.map", "feilds\nend\n");
    let done = folder.run(&["check", "--format", "json"]).ends(1);
    let found = done.json();
    assert_eq!(found.as_array().unwrap().len(), 2, "{found:#}");
    assert_eq!(found[0]["file"], "schemas/org.yaml");
    assert_eq!((&found[0]["line"], &found[0]["column"]), (&json!(6), &json!(19)), "{found:#}");
    assert_eq!(found[0]["severity"], "error");
    // What can be said about a map without its schemas is said.
    assert_eq!(
        (&found[1]["file"], &found[1]["code"]),
        (&json!("second.map"), &json!("map::unknown-word"))
    );
    let human = folder.run(&["check"]).ends(1).out;
    assert!(human.contains("[schemas/org.yaml:6:19]"), "{human}");
    for args in [&["plan", "deal.map"][..], &["apply", "deal.map", "--to", "opportunity"]] {
        let done = folder.run(args).ends(2);
        assert!(done.err.contains("schemas/org.yaml:6:19"), "{}", done.err);
    }
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let folder = Folder::with_map(&with_mistake());
    folder.write("binary.map", b"language 1\n\xff\xfe\n");
    let done = folder.run(&["check"]).ends(2);
    assert!(done.out.contains("did you mean `NextStep`?"), "{}", done.out);
    let expected = "error: binary.map is not UTF-8 text: byte 11 cannot be read\n";
    assert!(done.err.contains(expected), "{}", done.err);
    assert!(done.err.contains("help: save the file with the encoding UTF-8\n"), "{}", done.err);
}

#[test]
fn a_line_that_is_very_long_is_not_shown() {
    let long = with_mistake() + "# " + &"x".repeat(5000) + "\n";
    let done = Folder::with_map(&long).run(&["check"]).ends(1);
    assert!(done.out.contains("deal.map:") && done.out.len() < 1000, "{}", done.out);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_no_place() {
    let text = with_mistake();
    let plain = Folder::with_map(&text).run(&["check", "--format", "json"]).json();
    let windows = "\u{feff}".to_owned() + &text.replace('\n', "\r\n");
    let found = Folder::with_map(&windows).run(&["check", "--format", "json"]).json();
    assert_eq!(found, plain);
}

#[test]
fn nobody_reading_the_output_ends_it_quietly() {
    let folder = Folder::new();
    for number in 0..400 {
        folder.write(&format!("{number}.map"), with_mistake());
    }
    let mut child = command(&folder.path(""), &["check"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn the_same_file_named_twice_is_checked_once() {
    let folder = Folder::with_map(TWO_WAY);
    let done = folder.run(&["check", "deal.map", ".", "./deal.map"]).ends(0);
    assert_eq!(done.err, "1 file, 0 errors, 0 warnings\n");
}
