//! A related record that is found by several `match` lines: which are tried, what is refused, how an
//! overlay changes them.

use mapping::decision::{Effect, RelatedDraft, Side, nest};
use mapping::plan::Plan;
use mapping::schema::Schemas;
use mapping::{Base, Compiled, compile, compile_with};
use serde_json::{Value, json};

use super::support::{compiled, create, sample, set};

const NUMBER: &str = "match customerProfile.ids[profileType is \"Duns\"].id with AccountNumber";
const NAME: &str = "match customerProfile.name with Name, \
                    customerProfile.address.postalCode with BillingPostalCode";

/// A map whose account is found by these lines.
fn text(rules: &str) -> String {
    format!(
        "language 1\nmapping base\nside referral is partner_center Referral\n\
         side opportunity is salesforce Opportunity\n\
         match referral.id with opportunity.Referral_Identifier__c\n\
         sync\nfrom referral\nend\nfields\nname -> Name as text cut at 120\n\
         details.closingDateTime -> CloseDate as date in \"UTC\" default createdDateTime\n\
         \"Prospecting\" -> StageName on create only\nend\n\
         related Account through AccountId\n{rules}\n\
         customerProfile.name -> Name as text cut at 255 default \"unknown\"\nend\n"
    )
}

fn plan(rules: &str) -> Plan {
    compiled(&text(rules), Schemas::built_in())
}

fn problems(compiled: &Compiled) -> Vec<String> {
    let problems = compiled.report.problems().iter();
    problems.map(|p| format!("{} {p}", p.code.name())).collect()
}

/// The draft of the account for a customer with this number, name and postal code.
fn account(plan: &Plan, number: &str, name: &str, code: &str) -> RelatedDraft {
    let mut referral = sample("inbound.json");
    let ids = match number {
        "" => Value::Null,
        number => json!([
            {"profileType": "External", "id": "E-1"}, {"profileType": "Duns", "id": number}
        ]),
    };
    set(&mut referral, "customerProfile.ids", ids);
    set(&mut referral, "customerProfile.name", name);
    set(&mut referral, "customerProfile.address.postalCode", code);
    let decision = create(plan, Side::Right, &referral);
    let Effect::Create(draft) = &decision.right else { panic!("{decision:#?}") };
    draft.related[0].clone()
}

/// What is looked for, in the order in which it is tried.
fn tried(draft: &RelatedDraft) -> Vec<String> {
    draft.tried().map(|rule| nest(&rule.matching)).collect()
}

#[test]
fn rules_are_tried_in_the_order_in_which_they_are_written() {
    let plan = plan(&format!("{NUMBER} several ask\n{NAME} none create several ask"));
    let draft = account(&plan, "315-1", "Alpine", "6460");
    assert_eq!(
        tried(&draft),
        [r#"{"AccountNumber":"315-1"}"#, r#"{"Name":"Alpine","BillingPostalCode":"6460"}"#]
    );
    assert!(draft.create_if_none);
    let lines: Vec<usize> = draft.rules.iter().map(|rule| rule.map_line).collect();
    assert_eq!(lines, [draft.map_line + 1, draft.map_line + 2]);
    let turned = self::plan(&format!("{NAME}\n{NUMBER} none create"));
    assert_eq!(
        tried(&account(&turned, "315-1", "Alpine", "6460")),
        [r#"{"Name":"Alpine","BillingPostalCode":"6460"}"#, r#"{"AccountNumber":"315-1"}"#]
    );
    assert_ne!(plan.hash(), turned.hash(), "the order is part of the meaning");
    let ask = self::plan(&format!("{NUMBER}\n{NAME}"));
    assert!(!account(&ask, "315-1", "Alpine", "6460").create_if_none, "without `none`, it waits");
    assert_ne!(plan.hash(), ask.hash());
}

#[test]
fn a_record_is_made_with_fields_that_another_line_reads() {
    let rules = format!("{NAME} none create");
    let read = text(&rules).replace(
        "name -> Name as text cut at 120\n",
        "name -> Name as text cut at 120\ncustomerProfile.name <- Account.Name on create only\n",
    );
    let read = compiled(&read, Schemas::built_in());
    for plan in [plan(&rules), read] {
        let draft = account(&plan, "", "Alpine", "6460");
        assert_eq!(nest(&draft.changes), r#"{"Name":"Alpine"}"#);
    }
}

#[test]
fn two_fields_of_one_rule_are_not_two_rules() {
    let one = plan(&format!("{NAME} none create"));
    let two = plan(
        "match customerProfile.name with Name\n\
         match customerProfile.address.postalCode with BillingPostalCode none create",
    );
    assert_eq!(tried(&account(&one, "", "Alpine", "6460")).len(), 1);
    assert_eq!(tried(&account(&two, "", "Alpine", "6460")).len(), 2);
    assert_ne!(one.hash(), two.hash());
}

#[test]
fn a_rule_with_a_blank_is_skipped_when_another_follows() {
    let plan = plan(&format!("{NUMBER}\n{NAME}\nmatch customerProfile.name with Name none create"));
    let draft = account(&plan, "", "Alpine", "6460");
    let skipped: Vec<bool> = draft.rules.iter().map(|rule| rule.skipped).collect();
    assert_eq!(skipped, [true, false, false]);
    // One blank of several is enough, and blanks around nothing are blank.
    assert_eq!(tried(&account(&plan, " ", "Alpine", "")), [r#"{"Name":"Alpine"}"#]);
}

#[test]
fn a_blank_of_the_last_rule_or_the_only_one_equals_a_blank() {
    let alone = plan(&format!("{NAME} none create"));
    let blank = [r#"{"Name":"Alpine","BillingPostalCode":null}"#];
    assert_eq!(tried(&account(&alone, "", "Alpine", "")), blank);
    let last = plan(&format!("{NUMBER}\n{NAME} none create"));
    assert_eq!(tried(&account(&last, "", "Alpine", "")), blank);
    let nothing = [r#"{"Name":null,"BillingPostalCode":null}"#];
    assert_eq!(tried(&account(&last, "", "", "")), nothing, "something is always tried");
}

#[test]
fn none_behind_another_line_than_the_last_is_refused_and_moved() {
    let early = text(&format!("{NUMBER}\n    none create\n    several ask\n{NAME}"));
    let found = compile("deal.map", &early, Schemas::built_in());
    let [problem] = found.report.problems() else { panic!("{:?}", problems(&found)) };
    assert_eq!(problem.code.name(), "map::clause-misplaced");
    let fix = problem.fix.clone().unwrap();
    let mut mended = early.clone();
    mended.replace_range(fix.span.start..fix.span.end, &fix.text);
    let mended = compiled(&mended, Schemas::built_in());
    assert_eq!(mended.hash(), plan(&format!("{NUMBER}\n{NAME} none create")).hash());
    // With one at the end, the other is only in the way.
    let twice = text(&format!("{NUMBER} none park\n{NAME} none create"));
    let found = compile("deal.map", &twice, Schemas::built_in());
    let [problem] = found.report.problems() else { panic!("{:?}", problems(&found)) };
    let fix = problem.fix.clone().unwrap();
    assert_eq!((&twice[fix.span.start..fix.span.end], fix.text.as_str()), ("none park", ""));
}

#[test]
fn each_rule_is_checked_like_the_only_one() {
    let found = compile(
        "deal.map",
        &text(
            "match customerProfile.nam with Name\nmatch customerProfile.name with Nam\n\
             match customerProfile.name with Site several first wins newest\n\
             match customerProfile.name with Name none maybe",
        ),
        Schemas::built_in(),
    );
    let codes: Vec<&str> =
        found.report.problems().iter().map(|problem| problem.code.name()).collect();
    let unknown = codes.iter().filter(|code| **code == "map::unknown-field").count();
    assert_eq!(unknown, 3, "{codes:?}");
    assert!(codes.contains(&"map::bad-argument"), "{codes:?}");
}

#[test]
fn a_rule_that_cannot_decide_is_told_and_one_that_can_is_not() {
    let state = "match customerProfile.address.state with BillingState";
    let more = format!("{state}, customerProfile.name with Name");
    let codes = |rules: &str| {
        let found = compile("deal.map", &text(rules), Schemas::built_in());
        found.report.problems().iter().map(|p| p.code.name()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&format!("{state}\n{more}\n{NAME}")), ["map::row-unreachable"]);
    assert_eq!(codes(&format!("{more}\n{state}\n{NAME}")), [""; 0]);
    // Where the state is blank, the last line looks for accounts without one.
    assert_eq!(codes(&format!("{NAME}\n{state}\n{more}")), [""; 0]);
    let by_name = "match customerProfile.name with Name";
    assert_eq!(codes(&format!("{by_name}\n{NAME}")), ["map::row-unreachable"]);
    assert_eq!(codes(&format!("{NUMBER}\n{NAME}\n{NUMBER}")), ["map::doubled"]);
}

#[test]
fn an_overlay_adds_changes_and_removes_rules() {
    let extended = |base: &str, edits: &str| {
        let base = text(base);
        let mut load =
            |_: &str, _: &str| Ok(Base { file: "base.map".to_owned(), text: base.clone() });
        let own = format!("extends base\n{edits}\n");
        let found = compile_with("own.map", &own, Schemas::built_in(), &mut load);
        // It is laid out once, and means the same.
        let (tree, _) = mapping::parse::parse(&own);
        let once = mapping::print::print(&tree, &own);
        let again = compile_with("own.map", &once, Schemas::built_in(), &mut load);
        assert_eq!(problems(&again), problems(&found), "{once}");
        let hash = |compiled: &Compiled| compiled.plan.as_ref().map(|p| p.hash().to_owned());
        assert_eq!(hash(&again), hash(&found), "{once}");
        (problems(&found), hash(&found))
    };
    let same = |base: &str, edits: &str, by_hand: &str| {
        let (problems, hash) = extended(base, edits);
        assert_eq!(problems, [""; 0], "{edits}");
        assert_eq!(hash.unwrap(), plan(by_hand).hash(), "{edits}");
    };
    let (one, both) = (format!("{NAME} none create"), format!("{NUMBER}\n{NAME} none create"));
    same(&one, &format!("in related Account add {NUMBER} before {NAME}"), &both);
    same(
        &one,
        &format!("in related Account add {NUMBER}\n    several ask\n    before {NAME}"),
        &both,
    );
    same(NUMBER, &format!("in related Account add {NAME} none create"), &both);
    same(NUMBER, &format!("add to related Account\n{NAME} none create\nend"), &both);
    same(&both, &format!("in related Account remove {NUMBER}"), &one);
    same(
        &both,
        &format!(
            "in related Account change {NUMBER} into {NUMBER}, customerProfile.name with Name"
        ),
        &format!("{NUMBER}, customerProfile.name with Name\n{NAME} none create"),
    );
    same(
        &both,
        &format!("in related Account change {NAME} into {NAME} none ask"),
        &format!("{NUMBER}\n{NAME}"),
    );
    // A line behind the one with `none`: both places are shown, and no edit of the base is offered.
    let base = text(&one);
    let mut load = |_: &str, _: &str| Ok(Base { file: "base.map".to_owned(), text: base.clone() });
    for none in ["", " none ask"] {
        let own = format!("extends base\nin related Account add {NUMBER}{none}\n");
        let found = compile_with("own.map", &own, Schemas::built_in(), &mut load);
        let [problem] = found.report.problems() else { panic!("{:?}", problems(&found)) };
        assert_eq!(problem.code.name(), "map::clause-misplaced");
        assert_eq!((problem.also.len(), &problem.fix), (1, &None), "{problem:?}");
        assert!(problem.help.as_ref().unwrap().contains("before"), "{problem:?}");
    }
    for (edits, code) in [
        (format!("in related Account remove {NUMBER}"), "map::overlay-lost"),
        (format!("in related Account add {NUMBER} before {NUMBER}"), "map::overlay-lost"),
        (format!("in related Account add {NAME} none create"), "map::overlay-idle"),
        (format!("in related Account add {NAME} none park"), "map::doubled"),
    ] {
        let (problems, _) = extended(&one, &edits);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(code), "{problems:?}");
    }
}
