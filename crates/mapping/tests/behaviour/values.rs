//! What counts as the same value, and what a blank does.

use mapping::decision::Outcome;
use mapping::fault::FaultCode;
use serde_json::{Value, json};

use super::support::{
    Deal, changes, get, json as parsed, outcome, sample, set, shipped, small, writes,
};

/// What one round writes for a pair of values at first contact.
fn first(fields: &str, left: &Value, right: &Value) -> (Option<String>, Option<String>) {
    let plan = small(fields, "");
    let decision = Deal::new(left, right).decide(&plan);
    let one = |effect| changes(effect).first().map(|change| change.value.clone());
    (one(&decision.left), one(&decision.right))
}

#[track_caller]
fn agree(fields: &str, left: impl Into<Value>, right: impl Into<Value>) {
    let (left, right) = (left.into(), right.into());
    assert_eq!(first(fields, &left, &right), (None, None), "{left} and {right}");
}

const TOPIC: &str = "details.topic <-> Topic__c\n first contact wins referral wins referral";

#[test]
fn texts_agree_whatever_their_entities_line_ends_and_outer_blanks() {
    let topic = |text: &str| json!({"details": {"topic": text}});
    agree(TOPIC, topic("Smith &amp; Sons"), json!({"Topic__c": "Smith & Sons"}));
    agree(TOPIC, topic("Smith & Sons"), json!({"Topic__c": "Smith &amp; Sons"}));
    agree(TOPIC, topic(" Smith "), json!({"Topic__c": "Smith"}));
    agree(TOPIC, topic("a\r\nb"), json!({"Topic__c": "a\nb"}));
    agree(TOPIC, topic(""), json!({"Topic__c": null}));
    let written = first(TOPIC, &topic("M&#252;ller &lt;&amp;amp;&gt;"), &json!({}));
    assert_eq!(written, (None, Some("\"Müller <&amp;>\"".to_owned())), "decoded once, sent plain");
    let back = TOPIC.replace("wins referral", "wins opportunity");
    let written = first(&back, &topic("x"), &json!({"Topic__c": "R&amp;D"}));
    assert_eq!(written.0.as_deref(), Some("\"R&D\""));
    let exactly =
        "details.topic <-> Topic__c as text exactly\n first contact wins referral wins referral";
    let written = first(exactly, &topic("R&amp;D"), &json!({"Topic__c": "R&D"}));
    assert_eq!(written.1.as_deref(), Some("\"R&amp;D\""));
}

#[test]
fn cut_text_agrees_with_every_text_that_begins_so() {
    let cut = "details.topic <-> Topic__c as text cut at 10\n wins opportunity first contact wins opportunity";
    let long = json!({"details": {"topic": "abcdefghijklmno"}});
    agree(cut, long.clone(), json!({"Topic__c": "abcdefghij"}));
    agree(cut, long.clone(), json!({"Topic__c": "abcdefghijklmno"}));
    assert_eq!(
        first(cut, &long, &json!({"Topic__c": "abcdefghi"})).0.as_deref(),
        Some("\"abcdefghi\"")
    );
    let plan = small(cut, "");
    let mut deal = Deal::settled(&plan, &long, &json!({}));
    assert_eq!(get(&deal.right, "Topic__c"), "abcdefghij");
    assert_eq!(get(&deal.left, "details.topic"), "abcdefghijklmno", "what was cut stays");
    set(&mut deal.right, "Topic__c", "abcdefghiX");
    writes(&deal.decide(&plan), &["details.topic = \"abcdefghiX\""], &[]);
}

#[test]
fn ids_dates_mails_phones_and_numbers_agree_by_what_they_say() {
    let id = "reference <- Id as id";
    agree(id, json!({"reference": "006000000000001"}), json!({}));
    agree(id, json!({"reference": "006000000000001AAA"}), json!({}));
    let date = "details.closes <-> CloseDate as date in \"Europe/Berlin\"\n wins opportunity first contact wins opportunity";
    let closes = |text: &str| json!({"details": {"closes": text}});
    for moment in ["2026-06-29T22:00:00Z", "2026-06-30T21:59:59.9999999Z", "2026-06-30T12:00:00"] {
        agree(date, closes(moment), json!({"CloseDate": "2026-06-30"}));
    }
    let written = first(date, &closes("2026-06-30T22:00:00Z"), &json!({"CloseDate": "2026-06-30"}));
    assert_eq!(written.0.as_deref(), Some("\"2026-06-29T22:00:00Z\""));
    let mail = "details.mail <-> Mail__c\n first contact wins referral wins referral";
    agree(
        mail,
        json!({"details": {"mail": "A.B@Example.com "}}),
        json!({"Mail__c": "a.b@example.com"}),
    );
    let phone = "details.phone <-> Phone__c\n first contact wins referral wins referral";
    agree(
        phone,
        json!({"details": {"phone": "+41 (41) 555-01"}}),
        json!({"Phone__c": "+414155501"}),
    );
    let rate = "details.value <-> Rate__c\n first contact wins referral wins referral";
    agree(rate, json!({"details": {"value": "10.10"}}), json!({"Rate__c": 10.1}));
    agree(rate, parsed(r#"{"details": {"value": 1e2}}"#), json!({"Rate__c": 100}));
    let tags = "tags <-> Tags__c\n first contact wins referral wins referral";
    agree(tags, json!({"tags": ["red", "blue"]}), json!({"Tags__c": "blue;red"}));
    agree(tags, json!({"tags": []}), json!({"Tags__c": null}));
    let written = first(tags, &json!({"tags": ["red", "green"]}), &json!({"Tags__c": "red"}));
    assert_eq!(written.1.as_deref(), Some("\"red;green\""));
}

#[test]
fn numbers_keep_their_digits() {
    let rate = "details.value <-> Amount\n first contact wins referral wins referral";
    for digits in ["9007199254740993.01", "99999999999999.99", "-0.01", "1.10"] {
        let left = parsed(&format!("{{\"details\": {{\"value\": {digits}}}}}"));
        assert_eq!(first(rate, &left, &json!({})).1.as_deref(), Some(digits));
        let text = json!({"details": {"value": digits}});
        assert_eq!(first(rate, &text, &json!({})).1.as_deref(), Some(digits), "digits as text");
    }
    let left = parsed(r#"{"details": {"value": 12E+3}}"#);
    assert_eq!(first(rate, &left, &json!({})).1.as_deref(), Some("12000"));
    let plan = small(rate, "");
    for digits in ["1e39", "1e400", "123456789012345678901234567890123456789"] {
        let left = parsed(&format!("{{\"details\": {{\"value\": {digits}}}}}"));
        let decision = Deal::new(&left, &json!({})).decide(&plan);
        assert_eq!(decision.parked[0].code, FaultCode::TooManyDigits, "{digits}");
    }
}

const MONEY: &str = "details.value, details.currency <-> Amount, CurrencyIsoCode as money with 2 \
                     decimals\n wins opportunity unless blank first contact wins opportunity";

fn money(value: &Value, currency: &str) -> [Value; 2] {
    [
        json!({"details": {"value": value, "currency": currency}}),
        json!({"Amount": value, "CurrencyIsoCode": currency}),
    ]
}

#[test]
fn money_and_its_currency_are_one_value() {
    let plan = small(MONEY, "");
    let [left, right] = money(&json!(10), "EUR");
    let start = Deal::settled(&plan, &left, &right);
    let mut deal = start.clone();
    set(&mut deal.left, "details.currency", "USD");
    writes(&deal.decide(&plan), &[], &["Amount = 10", "CurrencyIsoCode = \"USD\""]);
    let mut deal = start.clone();
    set(&mut deal.left, "details.value", 11);
    set(&mut deal.right, "CurrencyIsoCode", "CHF");
    writes(&deal.decide(&plan), &["details.value = 10", "details.currency = \"CHF\""], &[]);
    // A currency without an amount says nothing.
    let mut deal = start.clone();
    set(&mut deal.right, "Amount", Value::Null);
    let decision = deal.decide(&plan);
    writes(&decision, &[], &[]);
    assert_eq!(outcome(&decision, "Amount"), &Outcome::Kept);
    set(&mut deal.left, "details.value", 12);
    writes(&deal.decide(&plan), &[], &["Amount = 12", "CurrencyIsoCode = \"EUR\""]);
    let [left, _] = money(&json!(null), "");
    let mut deal = Deal::new(&left, &json!({"Amount": null, "CurrencyIsoCode": "USD"}));
    writes(&deal.decide(&plan), &[], &[]);
    set(&mut deal.left, "details.value", 5);
    set(&mut deal.left, "details.currency", "GBP");
    writes(&deal.decide(&plan), &[], &["Amount = 5", "CurrencyIsoCode = \"GBP\""]);
    // An amount without a currency is no amount: nobody knows of what.
    set(&mut deal.left, "details.currency", Value::Null);
    let decision = deal.decide(&plan);
    writes(&decision, &[], &[]);
    assert_eq!(decision.parked.len(), 1, "{:#?}", decision.parked);
}

#[test]
fn a_currency_that_cannot_be_cleared_stays_when_the_amount_is() {
    let fields = MONEY
        .replace("wins opportunity unless blank", "blank clear to opportunity wins opportunity");
    let plan = small(&fields, "");
    let [left, right] = money(&json!(10), "EUR");
    let mut deal = Deal::settled(&plan, &left, &right);
    set(&mut deal.left, "details.value", Value::Null);
    writes(&deal.decide(&plan), &[], &["Amount = null"]);
}

#[test]
fn a_blank_keeps_clears_or_parks() {
    let after_clearing = |clause: &str| {
        let plan = small(&format!("details.topic <-> Topic__c wins referral {clause}"), "");
        let mut deal =
            Deal::settled(&plan, &json!({"details": {"topic": "a"}}), &json!({"Topic__c": "a"}));
        set(&mut deal.left, "details.topic", "");
        (deal.round(&plan), deal, plan)
    };
    let (decision, mut deal, plan) = after_clearing("blank keep");
    writes(&decision, &[], &[]);
    assert_eq!(outcome(&decision, "topic"), &Outcome::Kept);
    assert_eq!(outcome(&deal.round(&plan), "topic"), &Outcome::Kept);
    set(&mut deal.left, "details.topic", "b");
    writes(&deal.decide(&plan), &[], &["Topic__c = \"b\""]);
    let (decision, _, _) = after_clearing("blank clear");
    writes(&decision, &[], &["Topic__c = null"]);
    let (decision, _, _) = after_clearing("blank clear to referral");
    writes(&decision, &[], &[]);
    let (decision, deal, plan) = after_clearing("blank park");
    writes(&decision, &[], &[]);
    assert_eq!(decision.parked[0].code, FaultCode::BlankParked);
    assert_eq!(deal.decide(&plan).parked.len(), 1, "it stays parked");
}

#[test]
fn a_default_stands_in_for_a_blank_and_is_not_sent_back() {
    let fields = "details.closes <-> CloseDate as date in \"UTC\"\n default created plus 90 days\n\
                  details.topic <-> Topic__c\n to opportunity default \"none\"";
    let plan = small(&format!("{fields}\nname -> Name"), "");
    let mut deal =
        Deal::new(&json!({"created": "2026-03-02T09:14:27.55Z", "name": "n"}), &json!({}));
    let created = super::support::create(&plan, mapping::decision::Side::Right, &deal.left);
    super::support::write(&mut deal.right, &created.right);
    set(&mut deal.right, "Sync__c", true);
    set(&mut deal.right, "Id", "006000000000001AAA");
    assert_eq!(get(&deal.right, "CloseDate"), "2026-05-31");
    assert_eq!(get(&deal.right, "Topic__c"), "none");
    deal.settle(&plan, &created);
    writes(&deal.round(&plan), &[], &[]);
    writes(&deal.round(&plan), &[], &[]);
    set(&mut deal.right, "CloseDate", "2026-07-01");
    writes(&deal.round(&plan), &["details.closes = \"2026-07-01T00:00:00Z\""], &[]);
    // Cleared later, the other side keeps what it has.
    set(&mut deal.left, "details.closes", Value::Null);
    writes(&deal.round(&plan), &[], &[]);
}

#[test]
fn a_badge_is_no_part_of_the_name() {
    let plan = shipped();
    let mut deal = Deal::of(sample("accepted.json"), Value::Null);
    let created = super::support::create(plan, mapping::decision::Side::Right, &deal.left);
    super::support::write(&mut deal.right, &created.right);
    set(&mut deal.right, "Id", "006000000000001AAA");
    deal.settle(plan, &created);
    deal.quiet(plan);
    let name = "Alpine Freight & Co - depot telemetry";
    for turn in 0..100 {
        let amount = if turn % 2 == 0 { 1000 } else { 2000 };
        set(&mut deal.right, "Amount", amount);
        let decision = deal.decide(plan);
        let event = mapping::report::ReportEvent::Done;
        let now = super::support::NOW.parse().unwrap();
        let report = plan.report(&decision, Some(&deal.right.to_string()), &event, "", now);
        deal.round(plan);
        for change in report {
            set(&mut deal.right, &change.path, parsed(&change.value));
        }
        assert!(!deal.decide(plan).writes(), "turn {turn}");
    }
    assert_eq!(get(&deal.right, "Name"), &json!(format!("✔ {name}")));
    for badges in ["✘ ", "✓ ✗ ✔ ", "✔\u{fe0f} ", ""] {
        set(&mut deal.right, "Name", format!("{badges}{name}"));
        assert!(!deal.decide(plan).writes(), "{badges}");
    }
    assert_eq!(get(&deal.left, "name"), "Alpine Freight &amp; Co - depot telemetry");
}

#[test]
fn a_doubled_member_is_a_fault_only_when_it_is_read() {
    let plan = small("details.topic <-> Topic__c\n wins referral", "");
    let left =
        r#"{"id": "r-1", "other": 1, "other": 2, "details": {"topic": "a", "x": 1, "x": 2}}"#;
    let right = r#"{"Key__c": "r-1", "Sync__c": true, "Topic__c": "a"}"#;
    let decide = |left: &str, right: &str| {
        let seen = |body| Some(mapping::decision::Seen { body, stamp: None });
        let base = mapping::decision::Base::default();
        let now = super::support::NOW.parse().unwrap();
        plan.reconcile(&mapping::decision::Input {
            left: seen(left),
            right: seen(right),
            base: &base,
            now,
        })
    };
    assert!(decide(left, right).unwrap().parked.is_empty());
    let doubled = left.replace("\"topic\": \"a\"", "\"topic\": \"a\", \"topic\": \"b\"");
    let decision = decide(&doubled, right).unwrap();
    assert_eq!(decision.parked[0].code, FaultCode::DoubledKey);
    assert!(!decision.writes());
    let flags = right.replace("\"Sync__c\": true", "\"Sync__c\": true, \"Sync__c\": false");
    assert_eq!(
        decide(left, &flags).unwrap_err().code,
        FaultCode::DoubledKey,
        "opt-in is not certain"
    );
}

#[test]
fn a_name_with_a_dot_is_one_name_when_it_is_written() {
    let fields = "details.`odd.key` <-> Topic__c\n wins opportunity first contact wins opportunity";
    let plan = small(fields, "");
    let left = json!({"details": {"odd.key": "a", "odd": {"key": "b"}}});
    let mut deal = Deal::new(&left, &json!({"Topic__c": "c"}));
    let decision = deal.decide(&plan);
    let [change] = changes(&decision.left) else { panic!("{decision:#?}") };
    assert_eq!(change.pointer.as_deref(), Some("/details/odd.key"));
    assert_eq!(mapping::decision::names(&change.path), ["details", "odd.key"]);
    assert_eq!(mapping::decision::nest(changes(&decision.left)), r#"{"details":{"odd.key":"c"}}"#);
    set(&mut deal.left, "details", json!({"odd.key": "c"}));
    writes(&deal.decide(&plan), &[], &[]);
    let applied = plan.apply(mapping::decision::Side::Left, &deal.right.to_string(), None).unwrap();
    assert!(applied.contains(r#""details":{"odd.key":"c"}"#), "{applied}");
}

#[test]
fn an_org_with_one_currency_never_takes_an_amount_for_one_of_another() {
    let line = "details.value, details.currency <-> Amount as money in \"EUR\" with 2 decimals\n \
        wins opportunity first contact wins opportunity";
    let plan = small(line, "");
    let mut deal = Deal::new(&json!({"details": {"value": 10, "currency": "eur"}}), &json!({}));
    writes(&deal.decide(&plan), &[], &["Amount = 10"]);
    deal.round(&plan);
    deal.quiet(&plan);
    set(&mut deal.left, "details.value", 30);
    set(&mut deal.left, "details.currency", "USD");
    let decision = deal.decide(&plan);
    writes(&decision, &[], &[]);
    assert_eq!(decision.parked.len(), 1, "{decision:#?}");
    set(&mut deal.left, "details.currency", "EUR");
    writes(&deal.decide(&plan), &[], &["Amount = 30"]);
    deal.round(&plan);
    set(&mut deal.right, "Amount", 45.5);
    writes(&deal.decide(&plan), &["details.value = 45.5", "details.currency = \"EUR\""], &[]);
    deal.round(&plan);
    deal.quiet(&plan);
    // A referral that was made without a currency takes the one that is named.
    let deal = Deal::new(&json!({"details": {"value": null}}), &json!({"Amount": 7}));
    writes(&deal.decide(&plan), &["details.value = 7", "details.currency = \"EUR\""], &[]);
}

#[test]
fn what_is_too_long_is_told_with_the_cut_that_its_line_can_have() {
    let long =
        json!({"details": {"topic": "x".repeat(41)}, "tags": ["x".repeat(20), "y".repeat(30)]});
    let told = |fields: &str| {
        let decision = Deal::new(&long, &json!({})).decide(&small(fields, ""));
        decision.parked.first().map(|fault| fault.message.clone()).unwrap_or_default()
    };
    assert!(told("details.topic -> Topic__c").ends_with("found 41; cut it: `as text cut at 40`"));
    let list = told("tags -> Topic__c as list joined by \";\"");
    assert!(list.ends_with("found 51; map it to a longer field"), "{list}");
}
