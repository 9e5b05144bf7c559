//! Nothing panics, whatever stands in a record; amounts keep their digits; the shipped map rests.

use mapping::decision::{Base, Input, Seen, Side};
use mapping::report::ReportEvent;
use proptest::prelude::*;
use serde_json::Value;

use super::generate::{
    FIELDS, LEAD_FIELDS, NUMBERS, PATHS, STAGES, any_json, cases, pick, spoiled, text,
};
use super::laws::lawful_round;
use super::support::{Deal, NOW, json as parsed, sample, set, shipped, shipped_lead};

const LEAD_STATUSES: &[&str] = &[
    "\"Open - Not Contacted\"",
    "\"Working - Contacted\"",
    "\"Closed - Converted\"",
    "\"Closed - Not Converted\"",
    "\"Parked\"",
    "null",
];

fn exercise(left: &str, right: &str, base: &Base) {
    let plan = shipped();
    let seen = |body| Some(Seen { body, stamp: None });
    let now = NOW.parse().unwrap();
    for (left, right) in [(seen(left), seen(right)), (seen(left), None), (None, seen(right))] {
        let Ok(decision) = plan.reconcile(&Input { left, right, base, now }) else { continue };
        for event in [ReportEvent::Done, ReportEvent::Failed("why".to_owned())] {
            plan.report(&decision, right.map(|right| right.body), &event, "", now);
        }
        if let (Some(left), Some(right)) = (left, right) {
            plan.settle(&decision.pending, left.body, right.body).unwrap();
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
    }

    #[test]
    fn the_shipped_lead_map_comes_to_rest(
        left in spoiled("lead.json", PATHS), right in spoiled("own-lead.json", LEAD_FIELDS),
        status in pick(LEAD_STATUSES), notes in text(), accepted in any::<bool>(),
    ) {
        let plan = shipped_lead();
        let mut deal = Deal::of(left, right);
        set(&mut deal.right, "Sync_with_Partner_Center__c", true);
        set(&mut deal.right, "Referral_Identifier__c", "5b8b3a0e-41d7-4d0c-8f3e-0a6c7e9b1d22");
        set(&mut deal.left, "id", "5b8b3a0e-41d7-4d0c-8f3e-0a6c7e9b1d22");
        lawful_round(plan, &mut deal)?;
        set(&mut deal.right, "Status", status);
        set(&mut deal.right, "Description", notes);
        lawful_round(plan, &mut deal)?;
        if accepted && deal.left["status"] == "New" {
            set(&mut deal.left, "status", "Active");
            set(&mut deal.left, "substatus", "Accepted");
            lawful_round(plan, &mut deal)?;
        }
    }
}
