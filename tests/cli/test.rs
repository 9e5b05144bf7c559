//! `cosell test`: the examples in the maps.

use crate::folder::{Folder, REFERRAL, TWO_WAY};

const PASSES: &str = "
example \"the amount changes\"
  referral \"records/one.json\"
  referral has details.dealValue = 5
  gives opportunity Amount = 5
  gives referral unchanged
end
";

const FAILS: &str = "
example \"the name changes\"
  referral \"records/one.json\"
  referral has name = \"Other\"
  gives opportunity unchanged
end
";

fn folder(examples: &str) -> Folder {
    let folder = Folder::with_map(&(TWO_WAY.to_owned() + examples));
    folder.write("records/one.json", REFERRAL);
    folder
}

fn line_of(folder: &Folder, start: &str) -> usize {
    folder.read("deal.map").lines().position(|line| line.starts_with(start)).unwrap() + 1
}

#[test]
fn examples_that_hold_are_ok() {
    let folder = folder(PASSES);
    let line = line_of(&folder, "example \"the amount");
    let done = folder.run(&["test"]).ends(0);
    assert_eq!(
        done.out,
        format!("ok     deal.map:{line} the amount changes\n\n1 passed, 0 failed\n")
    );
}

#[test]
fn an_example_that_does_not_hold_says_what_was_found() {
    let folder = folder(&(PASSES.to_owned() + FAILS));
    let line = line_of(&folder, "example \"the name");
    let done = folder.run(&["test"]).ends(1);
    let expected = format!(
        "FAILED deal.map:{line} the name changes\n       line {}: expected opportunity unchanged\n       found a write of Name = \"Other\"\n",
        line + 3
    );
    assert!(done.out.contains(&expected), "{}", done.out);
    assert!(done.out.ends_with("\n\n1 passed, 1 failed\n"), "{}", done.out);
    let json = folder.run(&["test", "--format", "json"]).ends(1).json();
    assert_eq!((&json["passed"], &json["failed"]), (&1.into(), &1.into()));
    assert_eq!(json["examples"][1]["line"], line);
    assert_eq!(json["examples"][1]["passed"], false);
    let failure = &json["examples"][1]["failures"][0];
    assert_eq!(failure["line"], line + 3);
    assert_eq!(failure["expected"], "opportunity unchanged");
    assert_eq!(failure["found"], "a write of Name = \"Other\"");
}

#[test]
fn files_are_taken_from_the_folder_of_the_map_only() {
    let map = TWO_WAY.to_owned() + &PASSES.replace("records/one.json", "../one.json");
    let folder = Folder::new();
    folder.write("maps/deal.map", &map).write("one.json", REFERRAL);
    let done = folder.run(&["test", "maps"]).ends(1);
    assert!(done.out.contains("\"../one.json\" is not in the folder of the map"), "{}", done.out);
    let absolute = folder.path("one.json").display().to_string();
    folder.write("maps/deal.map", map.replace("../one.json", &absolute));
    let done = folder.run(&["test", "maps"]).ends(1);
    assert!(done.out.contains("is not in the folder of the map"), "{}", done.out);
    folder.write("maps/deal.map", map.replace("../one.json", "none.json"));
    let done = folder.run(&["test", "maps"]).ends(1);
    assert!(done.out.contains("cannot read maps/none.json: it does not exist"), "{}", done.out);
}

#[cfg(unix)]
#[test]
fn a_link_does_not_lead_out_of_the_folder() {
    let folder = Folder::new();
    folder.write(
        "maps/deal.map",
        TWO_WAY.to_owned() + &PASSES.replace("records/one.json", "in.json"),
    );
    folder.write("one.json", REFERRAL);
    std::os::unix::fs::symlink(folder.path("one.json"), folder.path("maps/in.json")).unwrap();
    let done = folder.run(&["test", "maps"]).ends(1);
    assert!(done.out.contains("is not in the folder of the map"), "{}", done.out);
}

#[test]
fn a_map_with_errors_fails_and_the_others_are_tested() {
    let folder = folder(PASSES);
    folder.write("broken.map", TWO_WAY.replace("<-> Name ", "<-> Nmae "));
    let done = folder.run(&["test"]).ends(1);
    assert!(done.err.contains("did you mean `Name`?"), "{}", done.err);
    assert!(done.out.contains("FAILED broken.map has errors, its examples were not carried out\n"));
    let counts = "\n1 passed, 0 failed, 1 map with errors not carried out\n";
    assert!(done.out.ends_with(counts), "{}", done.out);
}

#[test]
fn a_map_without_examples_is_fine() {
    let done = Folder::with_map(TWO_WAY).run(&["test"]).ends(0);
    assert_eq!(done.out, "0 passed, 0 failed\n");
}

/// A map with a table, a default, a requirement and a list, and two examples that use a part of it.
const SEVERAL: &str = "language 1
mapping several
side referral    is partner_center Referral
side opportunity is salesforce     Opportunity
match referral.id with opportunity.Referral_Identifier__c
sync
  from opportunity when Referral_Identifier__c is present and Sync_with_Partner_Center__c is true
end
values stage
  New, Pending     <-> \"Prospecting\"
  Active, Accepted <-> \"Qualification\"
  Active, Accepted <-  \"Needs Analysis\"
  otherwise         -> park
  otherwise        <-  keep
end
fields
  status, substatus <-> StageName    using stage
  details.notes     <-> Description  as long text
      blank clear to opportunity
end
require before sharing
  details.notes is present else \"Write a note.\"
end
example \"the notes go away\"
  referral with id = \"r-1\", status = Active, substatus = Accepted, details.notes = \"old\"
  referral has details.notes = blank
  gives opportunity Description = blank
end
example \"<the> stage & \\\"more\\\"\"
  referral with id = \"r-1\", status = New, substatus = Pending
  opportunity with Sync_with_Partner_Center__c = true
  opportunity has StageName = \"Qualification\"
  gives referral status = Active
end
";

#[test]
fn coverage_says_what_is_exercised_and_what_is_not() {
    let folder = Folder::with_map(SEVERAL);
    let done = folder.run(&["test", "--coverage"]).ends(0);
    let expected = "deal.map: the examples exercise 5 of 15 (33 %)
    1  deal.map:7  takes part: from opportunity when Referral_Identifier__c is present and Sync_with_Partner_Center__c is true
    1  deal.map:7  stays out: from opportunity when Referral_Identifier__c is present and Sync_with_Partner_Center__c is true
never  deal.map:10  row to referral: New, Pending <-> \"Prospecting\"
never  deal.map:10  row to opportunity: New, Pending <-> \"Prospecting\"
    1  deal.map:11  row to referral: Active, Accepted <-> \"Qualification\"
never  deal.map:11  row to opportunity: Active, Accepted <-> \"Qualification\"
never  deal.map:12  row to referral: Active, Accepted <- \"Needs Analysis\"
never  deal.map:13  otherwise to opportunity: otherwise -> park
never  deal.map:14  otherwise to referral: otherwise <- keep
    1  deal.map:17  rule to referral: status, substatus <-> StageName using stage
never  deal.map:17  rule to opportunity: status, substatus <-> StageName using stage
never  deal.map:18  rule to referral: details.notes <-> Description as long text
never  deal.map:18  rule to opportunity: details.notes <-> Description as long text
    1  deal.map:18  blank to opportunity: details.notes <-> Description as long text
never  deal.map:22  require: details.notes is present else \"Write a note.\"

2 passed, 0 failed
";
    assert!(done.out.ends_with(expected), "{}", done.out);
    folder.run(&["test", "--coverage=33"]).ends(0);
    folder.run(&["test", "--coverage=34"]).ends(1);
    folder.run(&["test", "--coverage=101"]).ends(2);
    let json = folder.run(&["test", "--coverage", "--format", "json"]).ends(0).json();
    let coverage = &json["coverage"][0];
    assert_eq!((&coverage["map"], &coverage["all"]), (&"deal.map".into(), &15.into()));
    let row = &coverage["parts"][4];
    assert_eq!(
        (&row["line"], &row["part"], &row["to"]),
        (&11.into(), &"row".into(), &"referral".into())
    );
    assert_eq!(row["examples"], 1);
}

#[test]
fn changes_that_no_example_notices_are_named() {
    let folder = Folder::with_map(SEVERAL);
    let done = folder.run(&["test", "--mutate"]).ends(0);
    for line in [
        "unnoticed  deal.map:12  without `Active, Accepted <- \"Needs Analysis\"`\n",
        "unnoticed  deal.map:18  `->` instead of `<->`\n",
        "unnoticed  deal.map:22  without `details.notes is present else \"Write a note.\"`\n",
    ] {
        assert!(done.out.contains(line), "{}", done.out);
    }
    for noticed in ["deal.map:11  without", "deal.map:17  without", "deal.map:19"] {
        assert!(!done.out.contains(noticed), "{noticed}: {}", done.out);
    }
    assert!(done.err.starts_with("deal.map: ") && done.err.ends_with(" changes are tried\n"));
    folder.run(&["test", "--mutate", "--deny", "survivors"]).ends(1);
    folder.run(&["test", "--deny", "survivors"]).ends(2);
    let json = folder.run(&["test", "--mutate", "--format", "json"]).ends(0).json();
    let mutation = &json["mutation"][0];
    let number = |name: &str| mutation[name].as_u64().unwrap();
    let survivors = mutation["survivors"].as_array().unwrap();
    assert_eq!(number("all"), number("noticed") + number("refused") + survivors.len() as u64);
    assert!(survivors.iter().any(|s| s["line"] == 12 && s["file"] == "deal.map"));
}

#[test]
fn junit_is_read_by_other_programs() {
    let failing =
        SEVERAL.replace("gives referral status = Active", "gives referral status = Closed");
    let folder = Folder::with_map(&failing);
    folder.write("broken.map", TWO_WAY.replace("<-> Name ", "<-> Nmae "));
    let done = folder.run(&["test", "--format", "junit"]).ends(1);
    let document = roxmltree::Document::parse(&done.out).unwrap();
    let root = document.root_element();
    let number = |name: &str| root.attribute(name).unwrap();
    assert_eq!((number("tests"), number("failures"), number("errors")), ("3", "1", "1"));
    let suites: Vec<_> = root.children().filter(|n| n.has_tag_name("testsuite")).collect();
    let names: Vec<_> = suites.iter().map(|suite| suite.attribute("name").unwrap()).collect();
    assert_eq!(names, ["broken.map", "deal.map"]);
    assert!(suites[0].descendants().any(|node| node.has_tag_name("error")));
    let case = suites[1].children().filter(|n| n.has_tag_name("testcase")).nth(1).unwrap();
    assert_eq!(case.attribute("name"), Some("<the> stage & \"more\""));
    assert_eq!(case.attribute("line"), Some("29"));
    let failure = case.children().find(|node| node.has_tag_name("failure")).unwrap();
    let expected = "expected referral status = \"Closed\"";
    assert!(failure.attribute("message").unwrap().starts_with(expected));
    let text = failure.text().unwrap();
    assert_eq!(text, format!("deal.map:33\n{expected}\nfound \"Active\""));
    folder.run(&["test", "--format", "junit", "--mutate"]).ends(2);
}
