//! Random records, maps and edits for the laws.

use std::sync::OnceLock;

use mapping::plan::Plan;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Map, Value, json};

use super::support::{json as parsed, sample, set, small};

/// Cases of one law: a small share in CI; `PROPTEST_CASES` raises it.
pub(crate) fn cases(share: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    let cases = asked.unwrap_or(share);
    let max_global_rejects = cases.saturating_mul(4).max(1024);
    Config { cases, max_global_rejects, failure_persistence: None, ..Config::default() }
}

/// How many maps there are.
pub(crate) const PLANS: usize = 20;

/// What a line that flows both ways may say.
const BOTH: &[&str] = &[
    "wins opportunity first contact wins referral",
    "wins referral unless blank first contact wins opportunity",
    "wins newest else opportunity first contact wins opportunity",
    "conflict ask first contact wins referral",
    "wins referral first contact wins referral",
    "conflict ask",
];

/// What a line may say of blanks where both fields can be cleared.
const BLANK: &[&str] =
    &["", "blank clear", "blank clear to opportunity", "blank park", "blank keep"];

/// Lines whose fields can be written and cleared on both sides.
const FREE: &[(&str, &str, &str)] = &[
    ("details.closes", "CloseDate", "as date in \"Europe/Berlin\""),
    ("details.topic", "Topic__c", "as text cut at 10"),
    ("details.other", "Other__c", "as text"),
    ("details.mail", "Mail__c", ""),
    ("details.notes", "Description", "as long text"),
    ("tags", "Tags__c", ""),
];

const STAGE_TABLE: &str = "values stage
  New, Open        <-> \"Prospecting\"
  Active, Accepted <-> \"Qualification\"
  Active, Accepted <-  \"Proposal\"
  Closed, Won      <-> \"Closed Won\"
  Closed, Lost     <-> \"Closed Lost\"
  Closed, Lost     <-  \"Dead\" when status is New
  otherwise         -> keep with warning
  otherwise        <-  keep
end";

/// Maps of all sorts of lines, over the fields of the small schemas; no two alike.
pub(crate) fn plans() -> &'static [Plan] {
    static MADE: OnceLock<Vec<Plan>> = OnceLock::new();
    MADE.get_or_init(|| (0..PLANS).map(plan).collect())
}

fn plan(number: usize) -> Plan {
    let (fields, blocks) = parts(number);
    small(&fields, &blocks)
}

/// The lines of a map's fields, and its blocks.
pub(crate) fn parts(number: usize) -> (String, String) {
    let of = |list: &[&'static str], step: usize| list[(number * (step + 1) + step) % list.len()];
    let mut lines = vec![
        format!("name <-> Name as text cut at 20 {} to referral on create only", of(BOTH, 1)),
        format!("status, substatus <-> StageName using stage {}", of(BOTH, 2)),
        format!(
            "details.value, details.currency <-> Amount, CurrencyIsoCode as money with 2 decimals {}",
            of(BOTH, 3)
        ),
        "shared <-> Flag__c one way to true".to_owned(),
        "score -> Score__c as text cut at 5".to_owned(),
        "reference <- Id as id wins referral unless blank".to_owned(),
    ];
    for (step, (left, right, conversion)) in FREE.iter().enumerate() {
        let rest = match (number + step) % 6 {
            0 => format!("-> {right} {conversion} {}", of(&["", "blank clear"], step)),
            1 => {
                format!("<- {right} {conversion} {}", of(&["", "wins referral unless blank"], step))
            }
            _ => format!("<-> {right} {conversion} {} {}", of(BOTH, step), of(BLANK, step + 1)),
        };
        let default = match *left {
            "details.closes" if !rest.starts_with("<- ") => {
                "to opportunity default created plus 90 days"
            }
            "details.topic" if !rest.starts_with("-> ") => "to referral default \"none\"",
            _ => "",
        };
        let clears = rest.contains("blank clear") || rest.contains("blank park");
        lines.push(format!("{left} {rest} {}", if clears { "" } else { default }));
    }
    let list = format!(
        "each details.solutions with Solutions__r {}\n match id with Code__c\n\
         name <-> Name {} to opportunity default id\n kind <- \"Name\" on create only\nend",
        of(&["", "removed keep", "until shared"], 1),
        of(BOTH, 4),
    );
    let require = "require before sharing\n details.value above 0 else \"Set an amount.\"\n\
                   details.solutions not empty else \"Add a solution.\"\nend";
    let require = of(&["", require], 2);
    (lines.join("\n"), format!("{STAGE_TABLE}\n{list}\n{require}"))
}

pub(crate) fn pick(choices: &[&str]) -> impl Strategy<Value = Value> + use<> {
    let values: Vec<Value> = choices.iter().map(|text| parsed(text)).collect();
    prop::sample::select(values)
}

/// Members that are there, null, blank or missing.
pub(crate) fn record(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
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

pub(crate) const TEXTS: &[&str] = &[
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
pub(crate) const NUMBERS: &[&str] = &[
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
pub(crate) const MOMENTS: &[&str] = &[
    "null",
    "\"2026-06-30T00:00:00Z\"",
    "\"2026-06-30T21:59:59.9999999Z\"",
    "\"2026-06-29T22:00:00Z\"",
    "\"2026-12-31T23:30:00Z\"",
    "\"2026-06-30\"",
];
pub(crate) const DAYS: &[&str] = &["null", "\"2026-06-30\"", "\"2026-07-01\"", "\"2024-02-29\""];
pub(crate) const CURRENCIES: &[&str] = &["null", "\"EUR\"", "\"usd\"", "\"USD\""];
pub(crate) const FLAGS: &[&str] = &["null", "true", "false"];
pub(crate) const MAILS: &[&str] = &["null", "\"a@b.ch\"", "\"A@B.ch \"", "\"c@d.example\""];
pub(crate) const STATES: &[(&str, &str)] =
    &[("New", "Open"), ("Active", "Accepted"), ("Closed", "Won"), ("Closed", "Lost"), ("Odd", "")];
pub(crate) const STAGES: &[&str] = &[
    "null",
    "\"Prospecting\"",
    "\"Qualification\"",
    "\"Proposal\"",
    "\"Closed Won\"",
    "\"Closed Lost\"",
    "\"Dead\"",
    "\"Unheard\"",
];

pub(crate) fn text() -> BoxedStrategy<Value> {
    pick(TEXTS).boxed()
}

pub(crate) fn keys() -> BoxedStrategy<Value> {
    pick(&["null", "\"a\"", "\"b\"", "\"c\"", "\"d\"", "\" a\""]).boxed()
}

pub(crate) fn left_record() -> BoxedStrategy<Value> {
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
        ("details.notes", text()),
        ("details.other", text()),
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

pub(crate) fn right_record() -> BoxedStrategy<Value> {
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
        ("Description", text()),
        ("Other__c", text()),
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

/// Any JSON value, small.
pub(crate) fn any_json() -> BoxedStrategy<Value> {
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

pub(crate) const PATHS: &[&str] = &[
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
    "customerProfile.team",
    "details.requirements.industries",
    "details.requirements.additionalRequirements",
    "details.requirements.additionalRequirements.attributes",
    "consent",
    "consent.consentToShareReferralWithMicrosoftSellers",
    "inviteContext",
    "externalReferenceId",
    "inviteContext.assistanceRequestCode",
    "team",
    "organizationId",
    "trackingInfo.microsoftMsxId",
];
pub(crate) const FIELDS: &[&str] = &[
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
    "Marketplace_Intent__c",
    "Solution_Area__c",
    "OpportunityContactRoles",
    "OpportunityContactRoles.records",
];
pub(crate) const LEAD_FIELDS: &[&str] = &[
    "Id",
    "LastName",
    "Company",
    "Status",
    "Email",
    "Description",
    "Sync_with_Partner_Center__c",
    "Referral_Identifier__c",
    "Visible_to_Microsoft__c",
    "Campaign_Code__c",
    "LeadSource",
    "Country",
];

/// A record of the shipped map with some of its members replaced by anything.
pub(crate) fn spoiled(
    sample_name: &'static str,
    paths: &'static [&'static str],
) -> BoxedStrategy<Value> {
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
