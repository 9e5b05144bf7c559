//! `cosell check --fix` and `--format sarif`: edits carried out, and offered.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::folder::{Folder, ONE_WAY};

fn problems(folder: &Folder, file: &str) -> Vec<Value> {
    folder.run(&["check", file, "--format", "json"]).json().as_array().unwrap().clone()
}

fn errors(problems: &[Value]) -> usize {
    problems.iter().filter(|problem| problem["severity"] == "error").count()
}

/// How often each problem is told.
fn told(problems: &[Value]) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for problem in problems {
        *told.entry(format!("{} {}", problem["code"], problem["message"])).or_default() += 1;
    }
    told
}

#[test]
fn mistakes_are_mended_and_what_was_done_is_said() {
    let text = ONE_WAY.trim_end().trim_end_matches("end").to_owned()
        + "  campaignId -> Campaign_Kode__c\n  details.notez → Description as longtext\nend\n";
    let folder = Folder::with_map(&text);
    let done = folder.run(&["check", "--fix"]).ends(0);
    assert!(done.err.contains("map::unknown-field: `Campaign_Kode__c` became `Campaign_Code__c`"));
    assert!(done.err.contains("map::odd-character: `→` became `->`"), "{}", done.err);
    assert!(done.err.contains("map::unknown-conversion: `longtext` became `long text`"));
    assert!(done.err.ends_with("1 file, 0 errors, 0 warnings\n"), "{}", done.err);
    let mended = folder.read("deal.map");
    assert!(mended.contains("details.notes -> Description as long text"), "{mended}");
    // Nothing is left to do, and nothing is written.
    let again = folder.run(&["check", "--fix", "--format", "json"]).ends(0);
    assert_eq!(
        (again.out.as_str(), again.err.as_str()),
        ("[]\n", "1 file, 0 errors, 0 warnings\n")
    );
}

#[test]
fn no_map_is_made_worse_and_what_was_mended_is_gone() {
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/maps/bad");
    let folder = Folder::new();
    let mut mended = 0;
    for entry in fs::read_dir(bad).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "map") {
            continue;
        }
        let text = fs::read(&path).unwrap();
        folder.write("deal.map", &text);
        let before = problems(&folder, "deal.map");
        let done = folder.run(&["check", "deal.map", "--fix", "--format", "json"]);
        let after = done.json().as_array().unwrap().clone();
        let name = path.display();
        assert!(errors(&after) <= errors(&before), "{name}: {}", done.err);
        let fixed = done.err.lines().filter(|line| line.starts_with("fixed ")).count();
        mended += fixed;
        assert_eq!(fixed > 0, folder.read("deal.map").as_bytes() != text, "{name}");
        if fixed > 0 {
            let (then, now) = (told(&before), told(&after));
            let gone =
                then.iter().any(|(what, count)| now.get(what).is_none_or(|left| left < count));
            assert!(gone, "{name}: {}", done.err);
        }
    }
    assert!(mended > 50, "{mended} edits were carried out");
}

#[test]
fn sarif_says_what_json_says() {
    let text = ONE_WAY.trim_end().trim_end_matches("end").to_owned()
        + "  campaignId -> Campaign_Kode__c\n  \"é\" -> Campaign_Kode__c\n  name -> Name\nend\n";
    let folder = Folder::with_map(&text);
    let rows = problems(&folder, "deal.map");
    let log = folder.run(&["check", "--format", "sarif"]).ends(1).json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(
        rules.len() > 50 && rules.iter().all(|rule| rule["shortDescription"]["text"].is_string())
    );
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), rows.len());
    for (result, row) in results.iter().zip(&rows) {
        let rule = result["ruleIndex"].as_u64().unwrap();
        assert_eq!(rules[usize::try_from(rule).unwrap()]["id"], result["ruleId"]);
        assert_eq!((&result["ruleId"], &result["level"]), (&row["code"], &row["severity"]));
        assert!(
            result["message"]["text"]
                .as_str()
                .unwrap()
                .starts_with(row["message"].as_str().unwrap())
        );
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], row["file"]);
        let region = &place["region"];
        assert_eq!((&region["startLine"], &region["startColumn"]), (&row["line"], &row["column"]));
        assert!(region["endColumn"].as_u64() >= region["startColumn"].as_u64());
    }
    let replacement =
        &results.iter().find(|result| result["ruleId"] == "map::unknown-field").unwrap()["fixes"]
            [0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "Campaign_Code__c");
    assert_eq!(replacement["deletedRegion"]["startLine"], replacement["deletedRegion"]["endLine"]);
}
