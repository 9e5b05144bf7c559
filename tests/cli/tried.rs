//! `cosell try`: one reconcile, explained.

use serde_json::{Value, json};

use crate::folder::{Folder, REFERRAL, TWO_WAY};

const OPPORTUNITY: &str = r#"{"Id":"006000000000001AAA","Referral_Identifier__c":"r-1","Sync_with_Partner_Center__c":true,"Name":"Fleet","StageName":"Prospecting","Amount":50000,"CurrencyIsoCode":"CHF","CloseDate":"2026-06-30"}"#;

const BOTH: [&str; 6] = ["try", "deal.map", "--left", "left.json", "--right", "right.json"];

fn folder(left: &str, right: &str) -> Folder {
    let folder = Folder::with_map(TWO_WAY);
    folder.write("left.json", left).write("right.json", right);
    folder
}

fn as_json(folder: &Folder, more: &[&str]) -> Value {
    folder.run(&[&BOTH[..], more, &["--format", "json"]].concat()).ends(0).json()
}

fn line<'t>(tried: &'t Value, start: &str) -> &'t Value {
    let lines = tried["lines"].as_array().unwrap();
    lines.iter().find(|line| line["rule"].as_str().unwrap().starts_with(start)).unwrap()
}

#[test]
fn every_line_is_explained_with_its_place_and_its_values() {
    let folder = folder(REFERRAL, OPPORTUNITY);
    let text = folder.run(&BOTH).ends(0).out;
    let number =
        TWO_WAY.lines().position(|l| l.trim_start().starts_with("details.dealValue")).unwrap() + 1;
    let expected = format!(
        "<-  deal.map:{number}  details.dealValue, details.currency <-> Amount, CurrencyIsoCode\n      \
         as money with 2 decimals wins opportunity first contact wins opportunity\n      \
         referral     99999999999999.99, \"CHF\"\n      \
         opportunity  50000, \"CHF\"\n      \
         written      50000, \"CHF\"\n      \
         writes the referral: first contact: by its rule (decision 2)\n"
    );
    assert!(text.contains(&expected), "{text}");
    assert!(text.contains("base: missing, so this is their first contact\n"), "{text}");
    assert!(text.contains("      agrees: both sides agree (decision 1)\n"), "{text}");
    let end = "written to the referral:\n{\n  \"details\": {\n    \"dealValue\": 50000,\n    \
        \"currency\": \"CHF\"\n  }\n}\nnothing is written to the opportunity\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn json_says_the_same_and_keeps_digits() {
    let tried = as_json(&folder(REFERRAL, OPPORTUNITY), &[]);
    let keys: Vec<&str> = tried.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["map", "left", "right", "report", "lines", "requires", "parked", "refused", "base"]
    );
    let amount = line(&tried, "details.dealValue");
    assert_eq!(amount["outcome"], "writes-left");
    assert_eq!(amount["left"][0].to_string(), "99999999999999.99");
    assert_eq!(amount["written"], json!([50000, "CHF"]));
    assert_eq!(tried["left"]["does"], "update");
    assert_eq!(tried["left"]["record"]["details"]["dealValue"], json!(50000));
    assert_eq!(tried["left"]["patch"][0]["path"], "/details/dealValue");
    assert_eq!(tried["right"], json!({ "side": "opportunity", "does": "nothing" }));
}

#[test]
fn the_base_of_one_run_is_taken_by_the_next() {
    let folder = folder(REFERRAL, &OPPORTUNITY.replace("50000", "99999999999999.99"));
    let first = as_json(&folder, &[]);
    assert_eq!(first["left"]["does"], "nothing");
    // The base alone, and the whole output, are both taken.
    folder.write("base.json", first["base"].to_string()).write("whole.json", first.to_string());
    folder.write("left.json", REFERRAL.replace("99999999999999.99", "1200.50"));
    for base in ["base.json", "whole.json"] {
        let second = as_json(&folder, &["--base", base]);
        assert_eq!(line(&second, "details.dealValue")["reason"], "only the left changed");
        assert_eq!(
            second["right"]["record"].to_string(),
            r#"{"Amount":1200.50,"CurrencyIsoCode":"CHF"}"#
        );
        assert_eq!(second["left"]["does"], "nothing");
    }
}

#[test]
fn one_record_shows_what_would_be_created() {
    let folder = folder(REFERRAL, OPPORTUNITY);
    let args = ["try", "deal.map", "--left", "left.json"];
    let text = folder.run(&args).ends(0).out;
    assert!(text.contains("opportunity (Opportunity): missing\n"), "{text}");
    assert!(
        text.contains("the opportunity is created:\n{\n  \"Referral_Identifier__c\": \"r-1\",\n"),
        "{text}"
    );
    let created = folder.run(&[&args[..], &["--format", "json"]].concat()).ends(0).json();
    assert_eq!(created["right"]["does"], "create");
    assert_eq!(created["right"]["record"]["StageName"], "Prospecting");
}

#[test]
fn a_related_record_shows_by_which_lines_it_is_looked_for() {
    let rules = "related Account through AccountId\n\
         \x20 match customerProfile.ids[profileType is \"Duns\"].id with AccountNumber\n\
         \x20 match customerProfile.name with Name  none create\n\
         \x20 customerProfile.name -> Name  as text cut at 255\nend\n";
    let folder = Folder::with_map(&format!("{TWO_WAY}{rules}"));
    let mut referral: Value = serde_json::from_str(REFERRAL).unwrap();
    let args = ["try", "deal.map", "--left", "left.json"];
    let ids = [json!(null), json!([{"profileType": "Duns", "id": "315-1"}])];
    let [skipped, both] = ids.map(|ids| {
        referral["customerProfile"] = json!({"name": "Alpine", "ids": ids});
        folder.write("left.json", referral.to_string());
        let text = folder.run(&args).ends(0).out;
        (text, folder.run(&[&args[..], &["--format", "json"]].concat()).ends(0).json())
    });
    let by_name = "found by {\n  \"Name\": \"Alpine\"\n}; when there is none, it is created:\n";
    assert!(skipped.0.contains(by_name), "{}", skipped.0);
    let number = TWO_WAY.lines().count() + 2;
    let left_out = format!("not looked for by deal.map:{number}, where a value is blank\n");
    assert!(skipped.0.contains(&left_out), "{}", skipped.0);
    let by_either =
        "found by {\n  \"AccountNumber\": \"315-1\"\n}, else by {\n  \"Name\": \"Alpine\"\n}; when";
    assert!(both.0.contains(by_either) && !both.0.contains("not looked for"), "{}", both.0);
    let words = both.0.split_whitespace().collect::<Vec<_>>().join(" ");
    let in_order =
        "\"Duns\"].id with AccountNumber several ask match customerProfile.name with Name";
    assert!(words.contains(in_order), "{words}");
    assert_eq!(
        skipped.1["right"]["related"][0]["matching"],
        json!([
            {"fields": {"AccountNumber": null}, "skipped": true, "map_line": number},
            {"fields": {"Name": "Alpine"}, "skipped": false, "map_line": number + 1}
        ])
    );
    assert_eq!(both.1["right"]["related"][0]["matching"][0]["skipped"], false);
}

#[test]
fn what_waits_for_a_person_is_1_and_says_why() {
    let folder = folder(REFERRAL, &OPPORTUNITY.replace("\"r-1\"", "null"));
    let done = folder.run(&["try", "deal.map", "--right", "right.json"]).ends(1);
    let expected =
        "waits for a person: require before sharing: Fill in the billing street. (deal.map:";
    assert!(done.out.contains(expected), "{}", done.out);
    assert!(done.out.ends_with("nothing is written to the opportunity\n"), "{}", done.out);
    let json = folder
        .run(&["try", "deal.map", "--right", "right.json", "--format", "json"])
        .ends(1)
        .json();
    let waits = json["parked"].as_array().unwrap().iter().chain([&json["refused"]]);
    assert!(waits.into_iter().any(|fault| fault["code"] == "fault::require"), "{json:#}");
}

#[test]
fn a_record_that_takes_no_part_is_named() {
    let folder = folder(REFERRAL, &OPPORTUNITY.replace(":true", ":false"));
    let text = folder.run(&BOTH).ends(0).out;
    let expected = "the opportunity does not take part: `sync from opportunity` does not hold\n";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("not sent (the opportunity does not take part)"), "{text}");
}

#[test]
fn what_is_no_record_and_no_base_is_2() {
    let folder = folder("[1]", OPPORTUNITY);
    let done = folder.run(&BOTH).ends(2);
    assert!(
        done.err.starts_with("error: left.json cannot be used: expected one referral record"),
        "{}",
        done.err
    );
    let folder = self::folder(REFERRAL, OPPORTUNITY);
    folder.write("base.json", "[]");
    let done = folder.run(&[&BOTH[..], &["--base", "base.json"]].concat()).ends(2);
    assert!(done.err.starts_with("error: base.json is no base\n"), "{}", done.err);
}

/// The rules of the lines as the map has them, in the order of the map.
fn rules(map: &str) -> Vec<String> {
    let lines = map.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let has_arrow = |line: &String| [" <-> ", " -> ", " <- "].iter().any(|a| line.contains(a));
    let clauses = [" as ", " on create", " using "];
    lines
        .filter(has_arrow)
        .map(|line| {
            let ends = clauses.iter().filter_map(|clause| line.find(clause)).min();
            line[..ends.unwrap_or(line.len())].to_owned()
        })
        .collect()
}

#[test]
fn every_line_of_the_map_appears_whatever_is_given() {
    let folder = folder(REFERRAL, OPPORTUNITY);
    for (args, code) in
        [(&BOTH[2..], 0), (&["--left", "left.json"], 0), (&["--right", "right.json"], 1)]
    {
        let args = [&["try", "deal.map", "--format", "json"], args].concat();
        let tried = folder.run(&args).ends(code).json();
        let lines = tried["lines"].as_array().unwrap();
        for rule in rules(TWO_WAY) {
            let found = lines.iter().find(|line| line["rule"] == rule.as_str());
            let found = found.unwrap_or_else(|| panic!("{rule} is missing: {tried:#}"));
            let number = usize::try_from(found["map_line"].as_u64().unwrap()).unwrap();
            let text = TWO_WAY.lines().nth(number - 1).unwrap();
            let told = found["text"].as_str().unwrap();
            assert_eq!(told, text.split_whitespace().collect::<Vec<_>>().join(" "));
            assert!(!found["reason"].as_str().unwrap().is_empty(), "{found}");
        }
        assert_eq!(tried["requires"].as_array().unwrap().len(), 5);
    }
}

#[test]
fn each_side_shows_what_it_was_and_which_decision_fitted() {
    let folder = folder(REFERRAL, &OPPORTUNITY.replace("50000", "99999999999999.99"));
    folder.write("base.json", as_json(&folder, &[])["base"].to_string());
    folder.write("left.json", REFERRAL.replace("99999999999999.99", "1200.50"));
    let text = folder.run(&[&BOTH[..], &["--base", "base.json"]].concat()).ends(0).out;
    let expected = "      referral     1200.50, \"CHF\"   was 99999999999999.99, \"CHF\"\n      \
         opportunity  99999999999999.99, \"CHF\"   as in the base\n      \
         written      1200.50, \"CHF\"\n      \
         writes the opportunity: only the left changed (decision 3)\n";
    assert!(text.contains(expected), "{text}");
    let tried = as_json(&folder, &["--base", "base.json"]);
    let amount = line(&tried, "details.dealValue");
    assert_eq!(
        (&amount["decision"], &amount["changed"]),
        (&json!(3), &json!({"left": true, "right": false}))
    );
    assert_eq!(amount["base"]["left"].to_string(), r#"[99999999999999.99,"CHF"]"#);
}

#[test]
fn elements_rows_and_requirements_are_named() {
    let solutions =
        REFERRAL.replace("\"solutions\":[]", "\"solutions\":[{\"id\":\"S1\",\"name\":\"A\"}]");
    let children = "\"Microsoft_Solutions__r\":{\"records\":[{\"Id\":\"a01\",\"Solution_Identifier__c\":\"S1\",\"Name\":\"B\"},\
        {\"Id\":\"a02\",\"Solution_Identifier__c\":\"S2\",\"Name\":\"C\"}]},\"Amount\"";
    let folder = folder(&solutions, &OPPORTUNITY.replace("\"Amount\"", children));
    let row = "values stage\n  Active, any -> \"Prospecting\"\n  otherwise -> keep\nend\n";
    let map = TWO_WAY.replacen(
        "  \"Prospecting\"                           -> StageName                on create only",
        "  status, substatus -> StageName using stage",
        1,
    );
    folder.write("deal.map", format!("{map}\n{row}"));
    let tried = as_json(&folder, &[]);
    let of_rule = |start: &str| -> Vec<&Value> {
        let lines = tried["lines"].as_array().unwrap();
        lines.iter().filter(|line| line["rule"].as_str().unwrap().starts_with(start)).collect()
    };
    let elements = of_rule("name <-> Name");
    assert!(
        elements.iter().any(|line| line["element"] == "S1" && line["outcome"] == "writes-left"),
        "{tried:#}"
    );
    let heads = of_rule("each details.requirements.solutions");
    assert_eq!(
        (heads.len(), &heads[0]["element"], &heads[0]["outcome"]),
        (1, &json!("S2"), &json!("writes-left"))
    );
    let stage = of_rule("status, substatus")[0];
    assert_eq!(
        (&stage["outcome"], &stage["row"]["text"]),
        (&json!("agrees"), &json!("Active, any -> \"Prospecting\""))
    );
    let requires = tried["requires"].as_array().unwrap();
    assert_eq!(
        (&requires[0]["test"], &requires[0]["holds"]),
        (&json!("details.dealValue above 0"), &json!("yes"))
    );
    assert_eq!(requires[2]["holds"], "no-but-not-written");
}

#[test]
fn only_the_lines_with_a_field() {
    let folder = folder(REFERRAL, OPPORTUNITY);
    let text = folder.run(&[&BOTH[..], &["--only", "amount"]].concat()).ends(0).out;
    assert!(text.contains("details.dealValue, details.currency <-> Amount"), "{text}");
    assert!(!text.contains("CloseDate") && !text.contains("require"), "{text}");
    let done = folder.run(&[&BOTH[..], &["--only", "Amuont"]].concat()).ends(2);
    let expected =
        "error: no line of the map has a field `Amuont`\n  help: did you mean `--only Amount`?\n";
    assert_eq!(done.err, expected);
}

#[test]
fn the_records_say_when_they_were_changed() {
    let map = TWO_WAY.replace("  wins opportunity\n", "  wins newest else opportunity\n");
    assert_ne!(map, TWO_WAY);
    let folder = Folder::with_map(&map);
    let right = OPPORTUNITY.replace("50000", "99999999999999.99");
    folder.write("left.json", REFERRAL).write("right.json", &right);
    let base = as_json(&folder, &[])["base"].to_string();
    folder.write("base.json", base);
    let stamped = |json: &str, name: &str, at: &str| {
        json.replacen('{', &format!("{{\"{name}\":\"{at}\","), 1)
    };
    let left = REFERRAL.replace("99999999999999.99", "1200.50");
    let right = right.replace("99999999999999.99", "7");
    let decided = |left_at: &str| {
        folder.write("left.json", stamped(&left, "updatedDateTime", left_at));
        let right = stamped(&right, "SystemModstamp", "2026-11-02T10:00:00.000+0000");
        folder.write("right.json", right);
        let tried = as_json(&folder, &["--base", "base.json"]);
        line(&tried, "details.dealValue")["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(decided("2026-11-03T10:00:00Z"), "writes-right");
    assert_eq!(decided("2026-11-01T10:00:00Z"), "writes-left");
}
