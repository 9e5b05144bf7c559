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
    assert!(done.out.ends_with("\n1 passed, 0 failed\n"), "{}", done.out);
}

#[test]
fn a_map_without_examples_is_fine() {
    let done = Folder::with_map(TWO_WAY).run(&["test"]).ends(0);
    assert_eq!(done.out, "0 passed, 0 failed\n");
}
