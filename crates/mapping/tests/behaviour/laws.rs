//! Laws that hold for any records: stable, correct, idempotent, and no panic on anything.

use std::sync::OnceLock;

use mapping::decision::{Base, Change, Input, Outcome, Seen, Side};
use mapping::plan::Plan;
use mapping::report::ReportEvent;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Map, Value, json};

use super::support::{
    Deal, NOW, changes, create, get, json as parsed, line, sample, set, shipped, small, write,
};

/// Cases of one law: a small share in CI; `PROPTEST_CASES` raises it.
fn cases(share: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    Config { cases: asked.unwrap_or(share), failure_persistence: None, ..Config::default() }
}

/// Maps of all sorts of lines, over the fields of the small schemas.
fn plans() -> &'static [Plan] {
    static PLANS: OnceLock<Vec<Plan>> = OnceLock::new();
    PLANS.get_or_init(|| {
        let clauses = [
            "wins opportunity first contact wins referral",
            "wins referral unless blank first contact wins opportunity blank clear to opportunity",
            "wins newest else opportunity first contact wins opportunity",
            "conflict ask first contact wins referral",
            "conflict ask",
        ];
        let list = "match id with Code__c\n name <-> Name wins opportunity to opportunity default id\n kind <- \"Name\" on create only\nend";
        let stages = "values stage\n New, Open <-> \"Prospecting\"\n Active, Accepted <-> \"Qualification\"\n Active, Accepted <- \"Proposal\"\n Closed, Won <-> \"Closed Won\"\n Closed, Lost <-> \"Closed Lost\"\n Closed, Lost <- \"Dead\" when status is New\n otherwise -> keep with warning\n otherwise <- keep\nend";
        clauses
            .iter()
            .enumerate()
            .map(|(number, clause)| {
                let required = if number % 2 == 0 {
                    "require before sharing\n details.value above 0 else \"Set an amount.\"\nend"
                } else {
                    ""
                };
                let removed = if number == 2 { "removed keep" } else { "" };
                small(
                    &format!(
                        "name <-> Name as text cut at 20 {clause} to referral on create only\n\
                         status, substatus <-> StageName using stage {}\n\
                         details.value, details.currency <-> Amount, CurrencyIsoCode as money with 2 decimals {}\n\
                         details.closes <-> CloseDate as date in \"Europe/Berlin\" {clause} default created plus 90 days\n\
                         details.topic <-> Topic__c as text cut at 10 {clause}\n\
                         details.mail <-> Mail__c {clause}\n\
                         shared <-> Flag__c one way to true\n\
                         tags <-> Tags__c {clause}\n\
                         score -> Score__c as text cut at 5\n\
                         reference <- Id as id wins referral unless blank",
                        clause.replace("blank clear to opportunity", ""),
                        clause.replace("blank clear to opportunity", ""),
                    ),
                    &format!("{stages}\neach details.solutions with Solutions__r {removed}\n{list}\n{required}"),
                )
            })
            .collect()
    })
}

fn pick(choices: &[&str]) -> impl Strategy<Value = Value> + use<> {
    let values: Vec<Value> = choices.iter().map(|text| parsed(text)).collect();
    prop::sample::select(values)
}

/// Members that are there, null, blank or missing.
fn record(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let members: Vec<_> = fields
        .into_iter()
        .map(|(path, value)| {
            let there = prop::option::weighted(0.9, value);
            there.prop_map(move |value| value.map(|value| (path, value)))
        })
        .collect();
    members
        .prop_map(|members| {
            let mut record = json!({});
            for (path, value) in members.into_iter().flatten() {
                set(&mut record, path, value);
            }
            record
        })
        .boxed()
}

const TEXTS: &[&str] = &[
    "null",
    "\"\"",
    "\" \"",
    "\"a\"",
    "\"A\"",
    "\"a &amp; b\"",
    "\"a & b\"",
    "\"abcdefghijklmno\"",
    "\"abcdefghij\"",
    "\"line\\r\\nbreak\"",
    "\"line\\nbreak\"",
    "\"😀😀😀😀😀😀😀\"",
    "\"✔ a\"",
    "\"✔ ✘ b\"",
];
const NUMBERS: &[&str] = &[
    "null",
    "0",
    "1",
    "1.00",
    "\"1\"",
    "10.005",
    "9007199254740993.01",
    "99999999999999.99",
    "1e2",
    "-3.5",
];
const MOMENTS: &[&str] = &[
    "null",
    "\"2026-06-30T00:00:00Z\"",
    "\"2026-06-30T21:59:59.9999999Z\"",
    "\"2026-06-29T22:00:00Z\"",
    "\"2026-12-31T23:30:00Z\"",
    "\"2026-06-30\"",
];
const DAYS: &[&str] = &["null", "\"2026-06-30\"", "\"2026-07-01\"", "\"2024-02-29\""];
const CURRENCIES: &[&str] = &["null", "\"EUR\"", "\"usd\"", "\"USD\""];
const FLAGS: &[&str] = &["null", "true", "false"];
const MAILS: &[&str] = &["null", "\"a@b.ch\"", "\"A@B.ch \"", "\"c@d.example\""];
const STATES: &[(&str, &str)] =
    &[("New", "Open"), ("Active", "Accepted"), ("Closed", "Won"), ("Closed", "Lost"), ("Odd", "")];
const STAGES: &[&str] = &[
    "null",
    "\"Prospecting\"",
    "\"Qualification\"",
    "\"Proposal\"",
    "\"Closed Won\"",
    "\"Closed Lost\"",
    "\"Dead\"",
    "\"Unheard\"",
];

fn text() -> BoxedStrategy<Value> {
    pick(TEXTS).boxed()
}

fn keys() -> BoxedStrategy<Value> {
    pick(&["null", "\"a\"", "\"b\"", "\"c\"", "\"d\"", "\" a\""]).boxed()
}

fn left_record() -> BoxedStrategy<Value> {
    let solution = (keys(), pick(&["null", "\"A\"", "\"B\""]), pick(NUMBERS))
        .prop_map(|(id, name, price)| json!({"id": id, "name": name, "price": price}));
    let list = prop_oneof![
        9 => prop::collection::vec(solution, 0..4).prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let fields = record(vec![
        ("name", text()),
        ("created", pick(MOMENTS).boxed()),
        ("shared", pick(FLAGS).boxed()),
        ("reference", pick(&["null", "\"006000000000001\"", "\"theirs\""]).boxed()),
        ("score", text()),
        ("tags", pick(&["null", "[]", "[\"red\"]", "[\"blue\", \"red\"]"]).boxed()),
        ("details.value", pick(NUMBERS).boxed()),
        ("details.currency", pick(CURRENCIES).boxed()),
        ("details.closes", pick(MOMENTS).boxed()),
        ("details.mail", pick(MAILS).boxed()),
        ("details.topic", text()),
        ("details.solutions", list.boxed()),
        ("details.unmapped", pick(&["1", "{\"deep\": [1e5]}"]).boxed()),
    ]);
    (fields, prop::sample::select(STATES))
        .prop_map(|(mut record, (status, substatus))| {
            set(&mut record, "status", status);
            set(&mut record, "substatus", substatus);
            record
        })
        .boxed()
}

fn right_record() -> BoxedStrategy<Value> {
    let solution = (keys(), pick(&["\"A\"", "\"B\""])).prop_map(|(id, name)| (id, name));
    let list = prop::collection::vec(solution, 0..4).prop_map(|items| {
        let records: Vec<Value> = items
            .into_iter()
            .enumerate()
            .map(|(at, (id, name))| {
                json!({"Id": format!("c{:04}", at + 1), "Code__c": id, "Name": name})
            })
            .collect();
        if records.is_empty() { Value::Null } else { json!({"done": true, "records": records}) }
    });
    let fields = record(vec![
        ("Name", text()),
        ("Amount", pick(&["null", "0", "1", "10.00", "9007199254740993.01"]).boxed()),
        ("CurrencyIsoCode", pick(&["\"EUR\"", "\"USD\""]).boxed()),
        ("CloseDate", pick(DAYS).boxed()),
        ("Mail__c", pick(MAILS).boxed()),
        ("Topic__c", text()),
        ("Flag__c", pick(FLAGS).boxed()),
        ("Tags__c", pick(&["null", "\"red\"", "\"red;blue\"", "\"green\""]).boxed()),
        ("Score__c", text()),
        ("StageName", pick(STAGES).boxed()),
        ("Solutions__r", list.boxed()),
    ]);
    (fields, prop::bool::weighted(0.8))
        .prop_map(|(mut record, opted_in)| {
            set(&mut record, "Sync__c", opted_in);
            record
        })
        .boxed()
}

fn linked(left: &Value, right: &Value, stamps: [Option<i64>; 2]) -> Deal {
    let opted_in = right["Sync__c"].clone();
    let mut deal = Deal::new(left, right);
    set(&mut deal.right, "Sync__c", opted_in);
    deal.stamps = stamps;
    deal
}

/// Puts some members of another record into this one, as people do.
fn edit(record: &mut Value, from: &Value, which: u32) {
    let Value::Object(members) = from else { return };
    for (place, (name, value)) in members.iter().enumerate() {
        if which >> (place % 32) & 1 == 0 || name == "Sync__c" {
            continue;
        }
        match (record.get_mut(name), value) {
            (Some(Value::Object(_)), Value::Object(_)) if name == "details" => {
                edit(&mut record[name], value, which.rotate_right(7));
            }
            _ => record[name] = value.clone(),
        }
    }
}

fn stamps() -> impl Strategy<Value = [Option<i64>; 2]> {
    let stamp = || prop::option::of(0_i64..300);
    (stamp(), stamp()).prop_map(|(left, right)| [left, right])
}

/// One round, and what must hold of it.
fn lawful_round(plan: &Plan, deal: &mut Deal) -> Result<(), TestCaseError> {
    let before = deal.decide(plan);
    let writes = deal.round(plan);
    prop_assert_eq!(&before, &writes, "the same input gives the same decision");
    // Correct: what was written agrees afterwards.
    let mut after = deal.decide(plan);
    let closes = |change: &Change| change.path == "status" && change.value == "\"Closed\"";
    if changes(&writes.left).iter().any(closes) && after.writes() {
        // What waited loses to the referral that was just closed.
        prop_assert!(after.left.is_nothing(), "{:#?}", after);
        deal.round(plan);
        after = deal.decide(plan);
    }
    for written in writes.lines.iter().filter(|line| line.written.is_some()) {
        let same = |line: &&mapping::decision::LineTrace| line.rule == written.rule;
        let now = after.lines.iter().find(same).unwrap();
        let settled = matches!(now.outcome, Outcome::Agrees | Outcome::Kept);
        prop_assert!(settled, "{:#?}\nthen {:#?}", written, now);
    }
    // Idempotent: the next round writes nothing.
    prop_assert!(!after.writes(), "{:#?}\nthen {:#?}", writes, after);
    prop_assert_eq!(&after.base, &deal.decide(plan).base);
    Ok(())
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn any_two_records_come_to_rest_in_one_round_and_again_after_edits(
        plan in 0_usize..5,
        left in left_record(), right in right_record(),
        new_left in left_record(), new_right in right_record(),
        which in any::<[u32; 2]>(), stamps in stamps(),
    ) {
        let plan = &plans()[plan];
        let mut deal = linked(&left, &right, stamps);
        lawful_round(plan, &mut deal)?;
        edit(&mut deal.left, &new_left, which[0]);
        lawful_round(plan, &mut deal)?;
        edit(&mut deal.left, &new_left, which[1]);
        edit(&mut deal.right, &new_right, which[0].rotate_left(9));
        lawful_round(plan, &mut deal)?;
        // Switched on again, what waited goes out.
        set(&mut deal.right, "Sync__c", true);
        lawful_round(plan, &mut deal)?;
    }

    #[test]
    fn a_record_made_from_the_other_agrees_with_it(
        plan in 0_usize..5, left in left_record(), right in right_record(),
    ) {
        let plan = &plans()[plan];
        let mut inbound = Deal::of(left.clone(), Value::Null);
        set(&mut inbound.left, "id", "r-1");
        let made = create(plan, Side::Right, &inbound.left);
        if made.writes() {
            write(&mut inbound.right, &made.right);
            set(&mut inbound.right, "Id", "006000000000001AAA");
            set(&mut inbound.right, "Sync__c", true);
            inbound.settle(plan, &made);
            let next = inbound.round(plan);
            prop_assert!(next.right.is_nothing(), "{:#?}", next);
            let sent = next.lines.iter().filter(|line| line.outcome == Outcome::WritesLeft);
            for line in sent {
                prop_assert!(line.rule.contains("reference"), "{:#?}", line);
            }
            prop_assert!(!inbound.round(plan).writes());
        }
        let mut outbound = Deal::of(Value::Null, right.clone());
        set(&mut outbound.right, "Id", "006000000000001AAA");
        let made = create(plan, Side::Left, &outbound.right);
        if made.writes() {
            write(&mut outbound.left, &made.left);
            set(&mut outbound.left, "id", "r-1");
            if outbound.left["status"].is_null() {
                set(&mut outbound.left, "status", "New");
                set(&mut outbound.left, "substatus", "Open");
            }
            outbound.settle(plan, &made);
            outbound.quiet(plan);
        }
    }

    #[test]
    fn what_is_held_parked_or_drifted_is_all_that_disagrees(
        plan in 0_usize..5, left in left_record(), right in right_record(),
    ) {
        let plan = &plans()[plan];
        let mut deal = linked(&left, &right, [None, None]);
        set(&mut deal.right, "Sync__c", true);
        deal.quiet(plan);
        let decision = deal.decide(plan);
        for line in &decision.lines {
            prop_assert!(!matches!(line.outcome, Outcome::WritesLeft | Outcome::WritesRight));
            if line.outcome == Outcome::Agrees {
                continue;
            }
            prop_assert!(!line.reason.is_empty());
        }
        // An echo of our own write changes nothing.
        let mut echo = deal.clone();
        echo.stamps = [Some(1), Some(1_000_000)];
        prop_assert!(!echo.decide(plan).writes());
    }
}

/// Any JSON value, small.
fn any_json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        pick(NUMBERS),
        pick(&["1e400", "-1E-40", "123456789012345678901234567890123456789012", "1e38"]),
        ".{0,12}".prop_map(Value::from),
        text(),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-zA-Z_]{1,8}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
    .boxed()
}

const PATHS: &[&str] = &[
    "id",
    "name",
    "status",
    "substatus",
    "type",
    "details",
    "details.dealValue",
    "details.currency",
    "details.notes",
    "details.closingDateTime",
    "details.requirements",
    "createdDateTime",
    "details.requirements.solutions",
    "customerProfile",
    "customerProfile.address",
    "consent",
    "consent.consentToShareReferralWithMicrosoftSellers",
    "inviteContext",
    "externalReferenceId",
    "inviteContext.assistanceRequestCode",
    "team",
    "organizationId",
    "trackingInfo.microsoftMsxId",
];
const FIELDS: &[&str] = &[
    "Id",
    "Name",
    "StageName",
    "Amount",
    "CurrencyIsoCode",
    "CloseDate",
    "Description",
    "Account",
    "Visible_to_Microsoft__c",
    "Sync_with_Partner_Center__c",
    "Referral_Identifier__c",
    "Audit__c",
    "How_can_Microsoft_help__c",
    "Microsoft_Solutions__r",
    "Microsoft_Solutions__r.records",
    "Owner",
    "Campaign_Code__c",
];

/// A record of the shipped map with some of its members replaced by anything.
fn spoiled(sample_name: &'static str, paths: &'static [&'static str]) -> BoxedStrategy<Value> {
    prop::collection::vec((prop::sample::select(paths), any_json()), 0..4)
        .prop_map(move |changes| {
            let mut record = sample(sample_name);
            for (path, value) in changes {
                set(&mut record, path, value);
            }
            record
        })
        .boxed()
}

fn exercise(left: &str, right: &str, base: &Base) {
    let plan = shipped();
    let seen = |body| Some(Seen { body, stamp: None });
    let now = NOW.parse().unwrap();
    for (left, right) in [(seen(left), seen(right)), (seen(left), None), (None, seen(right))] {
        let Ok(decision) = plan.reconcile(&Input { left, right, base, now }) else { continue };
        for event in [ReportEvent::Done, ReportEvent::Failed("why".to_owned())] {
            plan.report(&decision, right.map(|right| right.body), &event, now);
        }
        if let (Some(left), Some(right)) = (left, right) {
            let settled = plan.settle(&decision.pending, left.body, right.body).unwrap();
            assert_eq!(settled.lines.len(), settled.lines.len());
        }
    }
    for (to, from, old) in [(Side::Right, left, right), (Side::Left, right, left)] {
        for old in [None, Some(old)] {
            if let Ok(text) = plan.apply(to, from, old) {
                let value = parsed(&text);
                assert!(value.is_object());
                assert!(plain(&value), "{text}");
            }
        }
    }
}

/// Whether every number is written without an exponent.
fn plain(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.to_string().contains(['e', 'E']),
        Value::Array(items) => items.iter().all(plain),
        Value::Object(members) => members.values().all(plain),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn nothing_panics_whatever_stands_in_a_record(
        left in spoiled("accepted.json", PATHS), right in spoiled("flagged.json", FIELDS),
    ) {
        exercise(&left.to_string(), &right.to_string(), &Base::default());
    }

    #[test]
    fn nothing_panics_on_garbage(
        left in any_json(), right in any_json(), text in ".{0,40}", cut in any::<prop::sample::Index>(),
    ) {
        let plan = shipped();
        let whole = sample("accepted.json").to_string();
        let cut = cut.index(whole.len());
        let piece = whole.get(..cut).unwrap_or("");
        for left in [left.to_string().as_str(), &text, piece] {
            exercise(left, &right.to_string(), &Base::default());
        }
        let pending = serde_json::from_str(&text).unwrap_or_default();
        let _ = plan.settle(&pending, &text, piece);
    }

    #[test]
    fn amounts_go_there_and_back_with_every_digit(
        whole in 0_u64..10_000_000_000_000_000, cents in 0_u8..100, text in any::<bool>(),
    ) {
        let plan = shipped();
        let digits = format!("{whole}.{cents:02}");
        let amount = if text { format!("\"{digits}\"") } else { digits.clone() };
        let mut referral = sample("inbound.json");
        set(&mut referral, "details.dealValue", Value::Null);
        let body = referral.to_string().replace("\"dealValue\":null", &format!("\"dealValue\":{amount}"));
        let there = plan.apply(Side::Right, &body, None).unwrap();
        prop_assert!(there.contains(&format!("\"Amount\":{digits},")), "{}", there);
        let agreed = plan.apply(Side::Right, &body, Some(&there)).unwrap();
        prop_assert_eq!(parsed(&agreed).as_object().unwrap().len(), 1, "{}", agreed);
    }

    #[test]
    fn the_shipped_map_comes_to_rest(
        left in spoiled("accepted.json", PATHS), right in spoiled("flagged.json", FIELDS),
        amount in pick(NUMBERS), stage in pick(STAGES), notes in text(),
    ) {
        let plan = shipped();
        let mut deal = Deal::of(left, right);
        set(&mut deal.right, "Sync_with_Partner_Center__c", true);
        set(&mut deal.right, "Id", "006000000000001AAA");
        let (one, other) = (deal.left.to_string(), deal.right.to_string());
        let seen = |body| Some(Seen { body, stamp: None });
        let now = NOW.parse().unwrap();
        let input = Input { left: seen(&one), right: seen(&other), base: &deal.base, now };
        prop_assume!(plan.reconcile(&input).is_ok());
        lawful_round(plan, &mut deal)?;
        set(&mut deal.right, "Amount", amount);
        set(&mut deal.right, "StageName", stage);
        set(&mut deal.right, "Description", notes);
        lawful_round(plan, &mut deal)?;
        let _ = (line(&deal.decide(plan), "StageName"), get(&deal.left, "id"));
    }
}
