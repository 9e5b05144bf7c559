//! A plan on a stream gives what the plan gives: the same bytes, or the same fault.

use mapping::decision::Side;
use mapping::plan::Plan;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::generate::{
    CURRENCIES, MAILS, MOMENTS, NUMBERS, PLANS, TEXTS, any_json, cases, left_record, pick, plans,
    right_record,
};
use super::support::{sample, set, shipped, shipped_lead};

/// Both sides, several records with one memory, and what comes of each.
#[track_caller]
fn compare(plan: &Plan, records: &[String]) {
    for to in Side::BOTH {
        let mut applier = plan.applier(to);
        for record in records.iter().chain(records) {
            let mut out = b"before".to_vec();
            let done = applier.apply(record.as_bytes(), &mut out);
            let out = String::from_utf8(out).unwrap();
            let wanted = plan.apply(to, record, None);
            let found = done.map(|()| out.clone());
            assert_eq!(found, wanted.clone().map(|json| format!("before{json}")), "{record}");
            assert!(wanted.is_ok() || out == "before", "a fault leaves no trace: {out}");
        }
    }
}

/// Other ways to write the same JSON.
fn spelled(json: &Value, way: usize) -> String {
    match way % 4 {
        0 => json.to_string(),
        1 => serde_json::to_string_pretty(json).unwrap().replace('\n', "\r\n\t"),
        2 => json.to_string().replace('/', "\\/").replace('e', "\\u0065"),
        _ => {
            let escaped = |c: char| {
                let mut units = [0; 2];
                let each = c.encode_utf16(&mut units).iter();
                each.map(|unit| format!("\\u{unit:04X}")).collect::<Vec<_>>().concat()
            };
            let text = json.to_string();
            text.chars().map(|c| if c.is_ascii() { c.to_string() } else { escaped(c) }).collect()
        }
    }
}

/// The text with a piece put in, or taken out, somewhere.
fn damaged(text: &str, at: Index, piece: &str) -> String {
    let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
    let place = places[at.index(places.len())];
    let (before, after) = text.split_at(place);
    let mut rest = after.chars();
    if piece.is_empty() {
        rest.next();
    }
    format!("{before}{piece}{}", rest.as_str())
}

fn damage() -> impl Strategy<Value = (Index, &'static str)> {
    const PIECES: &[&str] =
        &["", "\"", "\\", ",", "}", "0", "\u{1}", "&amp;", "&", " ", "\\n", "é", "\\ud800"];
    (any::<Index>(), prop::sample::select(PIECES))
}

/// A referral for the shipped maps, with values of all sorts where they read.
fn referral() -> impl Strategy<Value = Value> {
    let texts = ["name", "details.notes", "customerProfile.name", "customerProfile.address.city"];
    let texts = prop::collection::vec(pick(TEXTS), texts.len())
        .prop_map(move |values| texts.into_iter().zip(values).collect::<Vec<_>>());
    let rest = (pick(NUMBERS), pick(CURRENCIES), pick(MOMENTS), pick(MAILS), any_json());
    (texts, rest, 0..64_u32).prop_map(|(texts, (value, currency, closes, mail, any), which)| {
        let mut record = sample("accepted.json");
        let rest = [
            ("details.dealValue", value),
            ("details.currency", currency),
            ("details.closingDateTime", closes),
            ("details.other", mail),
            ("customerProfile.size", any),
        ];
        for (index, (path, value)) in texts.into_iter().chain(rest).enumerate() {
            if which >> (index % 6) & 1 == 1 {
                set(&mut record, path, value);
            }
        }
        record
    })
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn any_record_through_any_map(
        records in prop::collection::vec((left_record(), 0..4_usize), 1..6),
        others in prop::collection::vec((right_record(), 0..4_usize), 0..3),
        number in 0..PLANS,
    ) {
        let keyed = |(at, (mut record, way)): (usize, (Value, usize))| {
            if at % 5 != 4 {
                set(&mut record, "id", format!("r-{at}"));
            }
            spelled(&record, way)
        };
        let records = records.into_iter().chain(others).enumerate().map(keyed);
        compare(&plans()[number], &records.collect::<Vec<_>>());
    }

    #[test]
    fn any_text_is_a_record_or_a_fault(
        record in left_record(), (at, piece) in damage(), number in 0..PLANS, way in 0..4_usize
    ) {
        let mut record = record;
        set(&mut record, "id", "r-1");
        compare(&plans()[number], &[damaged(&spelled(&record, way), at, piece)]);
    }

    #[test]
    fn any_referral_through_the_shipped_maps(
        referrals in prop::collection::vec((referral(), 0..4_usize), 1..4), (at, piece) in damage()
    ) {
        let mut texts: Vec<String> =
            referrals.iter().map(|(record, way)| spelled(record, *way)).collect();
        texts.push(damaged(&texts[0], at, piece));
        compare(shipped(), &texts);
        compare(shipped_lead(), &texts);
    }

    #[test]
    fn any_json_is_a_record_or_a_fault(json in any_json(), number in 0..PLANS) {
        compare(&plans()[number], &[json.to_string()]);
    }
}

#[test]
fn a_payload_that_carries_its_record_and_one_that_does_not() {
    let referral = sample("accepted.json");
    let payload = |body: &Value| serde_json::json!({"EventName": "referral-updated", "ResourceName": "Referral", "Referral": body});
    let texts = [payload(&referral).to_string(), payload(&Value::Null).to_string()];
    compare(shipped(), &texts);
}

#[test]
fn bytes_that_are_no_text_are_a_fault() {
    let mut out = Vec::new();
    for bytes in [&b"{\"id\":\"\xff\"}"[..], b"\xef\xbb\xbf\xff", b"{\"x\":\"\xc3\"}", b"{}\xe9"] {
        let fault = shipped().applier(Side::Right).apply(bytes, &mut out).unwrap_err();
        assert!(fault.message.contains("utf-8"), "{}", fault.message);
    }
    assert!(out.is_empty());
}
