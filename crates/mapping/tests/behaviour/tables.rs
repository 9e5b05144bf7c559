//! Tables: values of a list one by one, chains, what passes on, and what `check` says of gaps.

use std::fmt::Write as _;

use mapping::decision::Outcome;
use mapping::fault::FaultCode;
use mapping::problem::Code;
use proptest::prelude::*;
use serde_json::json;

use super::generate::cases;
use super::support::{
    Deal, mended, outcome, problems, said, set, small, small_text, with_field, writes,
};

const TAGS: &str = "tags <-> Tags__c using tags\n wins opportunity first contact wins opportunity";
const TAGS_TABLE: &str = "values tags
  Rot   <-> red
  Gruen <-> green
  Blau  <-> blue
  Leer   -> ignore
end";

#[test]
fn several_values_go_through_a_table_one_by_one_and_compare_as_a_set() {
    let plan = small(TAGS, TAGS_TABLE);
    let mut deal = Deal::new(&json!({"tags": ["Rot", "Blau", "Rot"]}), &json!({}));
    writes(&deal.decide(&plan), &[], &["Tags__c = \"red;blue\""]);
    deal.quiet(&plan);
    set(&mut deal.right, "Tags__c", "blue;red");
    writes(&deal.decide(&plan), &[], &[]);
    set(&mut deal.right, "Tags__c", "green");
    writes(&deal.decide(&plan), &["tags = [\"Gruen\"]"], &[]);
    deal.quiet(&plan);
    set(&mut deal.left, "tags", json!(["Gruen", "Leer"]));
    writes(&deal.decide(&plan), &[], &[]);
    deal.quiet(&plan);
    set(&mut deal.right, "Tags__c", "red");
    writes(&deal.decide(&plan), &["tags = [\"Rot\",\"Leer\"]"], &[]);
    deal.quiet(&plan);
    set(&mut deal.left, "tags", json!(["Gelb"]));
    let decision = deal.decide(&plan);
    assert_eq!(decision.parked[0].code, FaultCode::NotInTable);
    writes(&decision, &[], &[]);
}

#[test]
fn several_values_pass_plain_and_joined_and_only_known_ones() {
    for fields in ["tags -> Tags__c", "tags -> Tags__c as list joined by \";\""] {
        let plan = small(fields, "");
        let deal = Deal::new(&json!({"tags": ["red", "blue"]}), &json!({"Tags__c": "blue"}));
        writes(&deal.decide(&plan), &[], &["Tags__c = \"red;blue\""]);
        let deal = Deal::new(&json!({"tags": ["red", "pink"]}), &json!({}));
        assert!(matches!(outcome(&deal.decide(&plan), "tags"), Outcome::Parked(_)), "{fields}");
        let deal = Deal::new(&json!({"tags": ["red;blue"]}), &json!({}));
        assert!(matches!(outcome(&deal.decide(&plan), "tags"), Outcome::Parked(_)), "{fields}");
    }
}

#[test]
fn a_value_of_a_list_is_a_list_of_one_and_several_are_not_one() {
    let table =
        "values plan\n Low -> red\n Middle -> blue\n High -> ignore\n otherwise <- keep\nend";
    let rows = "values help\n Sales -> red\n Tech -> blue\n Other -> blank\nend";
    let plan = small("help -> Tags__c using help", rows);
    let deal = Deal::new(&json!({"help": "Sales"}), &json!({"Tags__c": "blue"}));
    writes(&deal.decide(&plan), &[], &["Tags__c = \"red\""]);
    let both = "details.topic <- Tags__c using plan";
    assert_eq!(said(both, table), [("type-mismatch", "using plan".to_owned())]);
    let edited = mended("help <-> Tags__c using help wins opportunity", rows, "type-mismatch");
    assert!(edited.contains("help -> Tags__c using help"), "{edited}");
    let two = "tags, details.topic -> Tags__c using two";
    let table = "values two\n a, b -> red\n otherwise -> keep\nend";
    assert_eq!(said(two, table), [("type-mismatch", "using two".to_owned())]);
}

#[test]
fn a_condition_on_several_values_asks_whether_one_is_among_them() {
    let require = "require before sharing\n tags is \"red\" else \"Choose red.\"\nend";
    let plan = small("tags <- Tags__c\n details.topic <- Topic__c", require);
    let topic = json!({"Topic__c": "x", "Tags__c": "blue;red"});
    let deal = Deal::new(&json!({"tags": ["red", "blue"]}), &topic);
    writes(&deal.decide(&plan), &["details.topic = \"x\""], &[]);
    let constant = "\"red;pink\" -> Tags__c on create only";
    assert_eq!(said(constant, ""), [("unknown-value", "pink".to_owned())]);
    for (line, record, field) in [
        ("\"red;blue\" -> Tags__c", json!({}), "Tags__c = \"red;blue\""),
        ("\"red\" -> Tags__c", json!({"Tags__c": "red;blue"}), "Tags__c = \"red\""),
    ] {
        let plan = small(line, "");
        let mut deal = Deal::new(&json!({}), &record);
        writes(&deal.decide(&plan), &[], &[field]);
        deal.quiet(&plan);
        writes(&deal.decide(&plan), &[], &[]);
    }
    let plan = small("tags <- \"one\"", "");
    let mut deal = Deal::new(&json!({}), &json!({}));
    writes(&deal.decide(&plan), &["tags = [\"one\"]"], &[]);
    deal.quiet(&plan);
}

proptest! {
    #![proptest_config(cases(400))]

    /// Rows that some word of the left and some of the right stand in, in any direction, with any
    /// end; the values of both sides, then an edit of each.
    #[test]
    fn several_values_come_to_rest_in_one_round_whatever_the_table(
        rows in prop::collection::vec((0..4_usize, 0..3_usize, 0..3_usize, 0..8_usize), 1..6),
        ends in (0..4_usize, 0..4_usize),
        lists in prop::collection::vec(prop::collection::vec(0..4_usize, 0..4), 4),
        wins in any::<bool>(),
    ) {
        const LEFT: [&str; 4] = ["a", "b", "c", "d"];
        const RIGHT: [&str; 3] = ["red", "green", "blue"];
        let mut table = String::from("values tags\n");
        for (left, right, arrow, odd) in rows {
            let arrow = ["<->", "->", "<-"][arrow];
            let (mut left, mut right) = (LEFT[left], RIGHT[right]);
            match (arrow, odd) {
                ("->", 0) => right = "ignore",
                ("->", 1) => right = "keep",
                ("->", 2) => right = "park",
                ("->", 3) => right = "blank",
                ("<-", 0) => left = "ignore",
                ("<-", 1) => left = "keep",
                _ => {}
            }
            let _ = writeln!(table, " {left} {arrow} {right}");
        }
        for (end, arrow) in [(ends.0, "->"), (ends.1, "<-")] {
            if let Some(end) = ["keep", "ignore", "park"].get(end) {
                let _ = writeln!(table, " otherwise {arrow} {end}");
            }
        }
        table.push_str("end");
        let side = if wins { "referral" } else { "opportunity" };
        let line = format!("tags <-> Tags__c using tags wins {side} first contact wins {side}");
        prop_assume!(problems(&line, &table).iter().all(|p| p.code != Code::RowContradiction && p.code != Code::TableNotExhaustive));
        let plan = small(&line, &table);
        let left = |list: &[usize]| json!(list.iter().map(|i| LEFT[*i]).collect::<Vec<_>>());
        let right = |list: &[usize]| {
            let words: Vec<&str> = list.iter().filter_map(|i| RIGHT.get(*i)).copied().collect();
            json!(words.join(";"))
        };
        let mut deal = Deal::new(&json!({"tags": left(&lists[0])}), &json!({"Tags__c": right(&lists[1])}));
        deal.round(&plan);
        let second = deal.round(&plan);
        prop_assert!(!second.writes(), "{table}\n{second:#?}");
        set(&mut deal.left, "tags", left(&lists[2]));
        set(&mut deal.right, "Tags__c", right(&lists[3]));
        deal.round(&plan);
        let second = deal.round(&plan);
        prop_assert!(!second.writes(), "{table}\n{second:#?}");
    }
}

const CHAIN: &str = "help -> Plan__c using one then two";

fn chain(one: &str, two: &str) -> String {
    format!("values one\n{one}\nend\nvalues two\n{two}\nend")
}

#[test]
fn tables_in_a_chain_are_looked_up_in_turn_and_checked_to_the_end() {
    let whole = chain(" Sales -> s\n Tech -> t\n Other -> t", " s -> Low\n t -> High");
    let plan = small(CHAIN, &whole);
    let deal = Deal::new(&json!({"help": "Tech"}), &json!({}));
    writes(&deal.decide(&plan), &[], &["Plan__c = \"High\""]);
    for (one, two, wanted) in [
        (" Sales -> s\n Tech -> t", " s -> Low\n t -> High", Some(("table-not-exhaustive", "one"))),
        (
            " Sales -> s\n Tech -> t\n Other -> u",
            " s -> Low\n t -> High",
            Some(("table-not-exhaustive", "two")),
        ),
        (
            " Sales -> s\n Tech -> t\n otherwise -> same",
            " s -> Low\n t -> High\n Other -> Middle",
            Some(("only-otherwise", "one")),
        ),
        (" Sales -> s\n Tech -> park\n Other -> blank", " s -> Low", None),
        (
            " Sales -> s\n Tech -> t\n Other -> t",
            " s, x -> Low\n t, x -> High",
            Some(("row-width", "two")),
        ),
        (
            " Sales -> s\n Tech -> t\n Other -> t",
            " s -> Low\n t -> Hihg",
            Some(("unknown-value", "Hihg")),
        ),
    ] {
        let wanted: Vec<_> = wanted.into_iter().map(|(code, at)| (code, at.to_owned())).collect();
        assert_eq!(said(CHAIN, &chain(one, two)), wanted, "{one}\n{two}");
    }
    let back = "help <- Plan__c using one then two on create only";
    let table = chain(" Sales <- s\n Tech <- t", " s <- Low\n t <- Middle\n u <- High");
    assert_eq!(said(back, &table), [("table-not-exhaustive", "one".to_owned())]);
}

#[test]
fn cells_are_of_their_fields_type_and_in_its_list() {
    for (line, row, code, at) in [
        ("help -> Plan__c", "Sales -> low", "unknown-value", "low"),
        ("help -> Plan__c", "Sales -> \"Lwo\"", "unknown-value", "\"Lwo\""),
        ("help -> Plan__c", "Sales -> Old", "unknown-value", "Old"),
        ("help -> Open__c", "Sales -> low", "unknown-value", "low"),
        ("help -> Open__c", "Sales -> Extra", "", ""),
        ("help -> Plan__c", "Sales -> 5", "unknown-value", "5"),
        ("help -> Rate__c", "Sales -> much", "type-mismatch", "much"),
        ("help -> Rate__c", "Sales -> 5", "", ""),
        ("help -> Flag__c", "Sales -> 5", "type-mismatch", "5"),
        ("help -> Flag__c", "Sales -> true", "", ""),
        ("help -> Flag__c", "Sales -> low\n Tech -> high", "type-mismatch", "Flag__c"),
        ("help -> Flag__c", "Sales -> low\n Tech -> true", "type-mismatch", "low"),
        ("help -> CloseDate", "Sales -> \"2026-13-01\"", "type-mismatch", "\"2026-13-01\""),
        ("help -> CloseDate", "Sales -> \"2026-12-01\"", "", ""),
        ("help -> Rate__c", "Sales -> same", "type-mismatch", "same"),
        ("help -> Plan__c", "Sales -> same", "unknown-value", "same"),
        ("help -> Topic__c", "Sales -> same", "", ""),
        ("help -> Plan__c", "keep -> Low", "bad-argument", "keep"),
        ("help -> Plan__c", "any -> Low", "", ""),
        ("help -> Plan__c", "any -> ignore", "", ""),
    ] {
        let table = format!("values t\n {row}\n otherwise -> keep\nend");
        let found: Vec<_> = said(&format!("{line} using t"), &table)
            .into_iter()
            .filter(|(code, _)| *code != "only-otherwise")
            .collect();
        let wanted: Vec<_> = if code.is_empty() { vec![] } else { vec![(code, at.to_owned())] };
        assert_eq!(found, wanted, "{line}: {row}");
    }
    let line = "help -> Plan__c using t";
    let edited = mended(line, "values t\n any -> low\nend", "unknown-value");
    assert!(edited.contains("any -> Low"), "{edited}");
    let misspelt = said(
        "help <- Plan__c using t on create only",
        "values t\n Sales <- low\n Tech <- Hihg\n Other <- Middle\nend",
    );
    assert!(misspelt.iter().all(|(code, _)| *code == "unknown-value"), "{misspelt:?}");
    let edited = mended(line, "values t\n any -> \"hihg\"\nend", "unknown-value");
    assert!(edited.contains("any -> \"High\""), "{edited}");
}

#[test]
fn otherwise_same_passes_on_only_what_the_other_field_takes() {
    let table = |rest: &str| format!("values t\n Sales -> Low\n Tech -> Low\n{rest}\nend");
    let same = table(" otherwise -> same");
    let found = said("help -> Plan__c using t", &same);
    assert_eq!(found[1], ("unknown-value", "same".to_owned()), "{found:?}");
    assert!(
        !said("help -> Topic__c using t", &same).iter().any(|(code, _)| *code != "only-otherwise")
    );
    let plan = small("help -> Topic__c using t", &same);
    let deal = Deal::new(&json!({"help": "Other"}), &json!({}));
    writes(&deal.decide(&plan), &[], &["Topic__c = \"Other\""]);
    let two = "help, score -> Plan__c using t";
    let wide = "values t\n Sales, any -> Low\n otherwise -> Low, High\nend";
    assert_eq!(said(two, wide)[0].0, "row-width");
}

#[test]
fn a_gap_is_told_with_its_values_its_effect_and_the_rows_to_add() {
    let line = "help <-> Plan__c using t\n to referral on create only wins opportunity";
    let table = "values t\n  Sales <-> Low  # first\n  Tech <- High\n  otherwise -> keep\nend";
    let found = problems(line, table);
    let texts: Vec<(&str, &str)> =
        found.iter().map(|p| (p.message.as_str(), p.effect.as_deref().unwrap_or(""))).collect();
    assert_eq!(
        texts,
        [
            (
                "1 active value of `Plan__c` of the opportunity is in no row of table `t` (`<-`): `Middle`",
                "when an opportunity has it, the line is parked and the referral is not told, and a later change of the referral replaces it",
            ),
            (
                "2 active values of `help` of the referral reach table `t` only through `otherwise` (`->`): `Tech`, `Other`",
                "when a referral has one of them, the opportunity keeps what it has and is not told (line 17: `otherwise -> keep`), and a later change of the opportunity replaces it",
            ),
        ]
    );
    let edited = mended(line, table, "table-not-exhaustive");
    assert!(edited.contains("  Tech <- High\n  park <- \"Middle\"\n  otherwise"), "{edited}");
    let edited = mended(line, table, "only-otherwise");
    assert!(edited.contains("  Tech <- High\n  Tech -> keep\n  Other -> keep\n"), "{edited}");
    let table = "values t\n Sales <- Low\n Sales <- High\nend";
    let edited = mended("help <- Plan__c using t on create only", table, "table-not-exhaustive");
    assert!(edited.contains(" Sales <- High\n Sales <- \"Middle\"\n"), "both neighbours: {edited}");
    let table = "values t\n otherwise -> keep\nend";
    let edited = mended("help -> Plan__c using t", table, "only-otherwise");
    assert!(edited.contains("values t\n Sales -> keep\n Tech -> keep"), "{edited}");
}

#[test]
fn rows_that_are_never_chosen_are_told_with_an_edit() {
    let line = "help <-> Plan__c using t\n to referral on create only wins opportunity";
    let rest = " Other -> Middle\n otherwise <- keep\nend";
    let table = format!("values t\n Sales <-> Low\n Tech <-> Low\n{rest}");
    let edited = mended(line, &table, "row-contradiction");
    assert!(edited.contains(" Tech -> Low"), "{edited}");
    let table = format!("values t\n Sales <-> Low\n any -> Middle\n Tech -> High\n{rest}");
    let edited = mended(line, &table, "row-unreachable");
    assert!(edited.contains("any -> Middle\n Other"), "{edited}");
    assert!(small_text(line, &table).contains("Tech -> High"));
    let when = |first: &str, second: &str| {
        let rows = format!(" Sales -> Low {first}\n Sales -> High {second}\n otherwise -> keep");
        let codes = said("help -> Plan__c using t", &format!("values t\n{rows}\nend"));
        codes.last().map_or("", |(code, _)| *code)
    };
    let (one, other) = ("when direction is In", "when direction is Out");
    assert_eq!(when(one, one), "row-contradiction");
    assert_eq!(when(one, other), "only-otherwise");
    assert_eq!(when("", one), "row-unreachable");
}

#[test]
fn of_several_spellings_the_one_that_the_org_has_is_used() {
    let rows = "values help\n  Sales <-> \"sales support\"\n  Sales <-> Sales-Support\n  \
        Sales <-> \"Sales support\"\n  Tech <-> tech\n  Other -> blank\nend";
    let field = "      Spelled__c: { type: enum, values: [WORD, tech] }\n";
    for word in ["sales support", "Sales-Support", "Sales support"] {
        let schemas = with_field(&field.replace("WORD", word));
        let line = "help <-> Spelled__c using help\n to referral on create only wins opportunity";
        let text = small_text(line, rows);
        let compiled = mapping::compile("small.map", &text, &schemas);
        assert!(compiled.report.problems().is_empty(), "{word}: {:?}", compiled.report);
        let plan = compiled.plan.unwrap();
        let deal = Deal::new(&json!({"help": "Sales"}), &json!({}));
        writes(&deal.decide(&plan), &[], &[&format!("Spelled__c = \"{word}\"")]);
        let deal = Deal::new(&json!({"help": "Sales"}), &json!({"Spelled__c": word}));
        writes(&deal.decide(&plan), &[], &[]);
    }
    // None of them is in the list: each row is told.
    let schemas = with_field(&field.replace("WORD", "support"));
    let text = small_text("help -> Spelled__c using help", rows);
    let report = mapping::compile("small.map", &text, &schemas).report;
    let unknown = report.problems().iter().filter(|p| p.code == Code::UnknownValue).count();
    assert_eq!(unknown, 3, "{report:?}");
    // Another word is no other spelling.
    let schemas = with_field(&field.replace("WORD", "sales support"));
    let wrong = rows.replace("Sales-Support", "Sales-Supports");
    let text = small_text("help -> Spelled__c using help", &wrong);
    let report = mapping::compile("small.map", &text, &schemas).report;
    assert!(report.problems().iter().any(|p| p.code == Code::UnknownValue), "{report:?}");
}

#[test]
fn a_row_that_keeps_the_other_side_does_not_make_the_sides_agree() {
    let rows = "values stage\n  New, Open        -> fresh\n  Active, Accepted -> open\n  \
        Closed, Won      -> done\n  Closed, Lost     -> done\n  keep, keep      <- fresh\n  \
        otherwise       <- keep\nend";
    let line = "status, substatus <-> Topic__c using stage\n wins opportunity";
    let plan = small(line, rows);
    let open = json!({"status": "New", "substatus": "Open"});
    let mut deal = Deal::new(&open, &json!({"Topic__c": "fresh"}));
    deal.round(&plan);
    set(&mut deal.left, "status", "Closed");
    set(&mut deal.left, "substatus", "Lost");
    writes(&deal.decide(&plan), &[], &["Topic__c = \"done\""]);
    // The other way round nothing is told.
    let mut deal = Deal::new(
        &json!({"status": "Active", "substatus": "Accepted"}),
        &json!({"Topic__c": "open"}),
    );
    deal.round(&plan);
    set(&mut deal.right, "Topic__c", "fresh");
    writes(&deal.decide(&plan), &[], &[]);
    deal.quiet(&plan);
}

#[test]
fn numbers_that_are_all_too_wide_are_told_at_the_line() {
    let schemas = with_field("      Score: { type: number, precision: 2, scale: 1 }\n");
    let said = |rows: &str| {
        let text = small_text("status -> Score using score", &format!("values score\n{rows}\nend"));
        let report = mapping::compile("test.map", &text, &schemas).report;
        let problems = report.problems().iter().filter(|p| p.code.name() == "map::too-wide");
        let said: Vec<String> = problems.map(|p| text[p.at.start..p.at.end].to_owned()).collect();
        said
    };
    assert_eq!(said("New -> 10\nActive -> 1.25\notherwise -> keep"), ["Score"]);
    assert_eq!(said("New -> 10\nActive -> 1.5\notherwise -> keep"), ["10"]);
}

#[test]
fn a_misspelt_status_is_told_once() {
    let rows = "Nwe, Open <-> Prospecting\n otherwise -> keep\n otherwise <- keep";
    let codes: Vec<&str> = said(
        "status, substatus <-> StageName using stage\n wins opportunity",
        &format!("values stage\n{rows}\nend"),
    )
    .into_iter()
    .filter(|(_, text)| text.starts_with("Nwe"))
    .map(|(code, _)| code)
    .collect();
    assert_eq!(codes, ["unknown-value"]);
}

#[test]
fn what_otherwise_ignores_and_what_has_its_partner_already_stays_in_a_list() {
    let table = "values colours\n a <-> red\n b <-> green\n c -> green\n otherwise -> ignore\n otherwise <- keep\nend";
    let plan = small("tags <-> Tags__c using colours wins opportunity", table);
    let mut deal = Deal::new(&json!({"tags": ["c", "zz"]}), &json!({"Tags__c": "green"}));
    writes(&deal.decide(&plan), &[], &[]);
    deal.quiet(&plan);
    set(&mut deal.right, "Tags__c", "green;red");
    writes(&deal.decide(&plan), &["tags = [\"c\",\"a\",\"zz\"]"], &[]);
    deal.quiet(&plan);
}

#[test]
fn a_table_over_yes_and_no_has_both() {
    let codes = |rows: &str| {
        let found = said("shared -> Topic__c using t", &format!("values t\n{rows}\nend"));
        found.into_iter().map(|(code, _)| code).collect::<Vec<_>>()
    };
    assert_eq!(codes("true -> Yes"), ["table-not-exhaustive"]);
    assert_eq!(codes("true -> Yes\n false -> No"), [""; 0]);
}
