//! A plan on a stream: create shapes, `--old`, and records that do not fit.

use mapping::decision::Side;
use mapping::fault::FaultCode;
use serde_json::{Value, json};

use super::support::{json as parsed, sample, set, shipped, small, unset};

#[track_caller]
fn right(referral: &Value) -> Value {
    parsed(&shipped().apply(Side::Right, &referral.to_string(), None).unwrap())
}

#[track_caller]
fn code(referral: &Value) -> FaultCode {
    shipped().apply(Side::Right, &referral.to_string(), None).unwrap_err().code
}

fn inbound(path: &str, value: impl Into<Value>) -> Value {
    let mut referral = sample("inbound.json");
    set(&mut referral, path, value);
    referral
}

#[test]
fn a_referral_becomes_an_opportunity_with_its_account_and_children() {
    let text = shipped().apply(Side::Right, &sample("inbound.json").to_string(), None).unwrap();
    assert!(text.starts_with("{\"Referral_Identifier__c\":\"7a1de8f0-"), "the key first: {text}");
    assert!(!text.contains('\n'));
    let found = parsed(&text);
    assert_eq!(found["Name"], "Alpine Freight & Co - depot telemetry", "decoded");
    assert_eq!(found["StageName"], "Prospecting");
    assert_eq!(found["CloseDate"], "2026-06-30");
    assert_eq!(found["Account"]["Name"], "Alpine Freight & Co AG");
    assert_eq!(found["Account"]["BillingCountry"], "CH");
    assert_eq!(
        found["Microsoft_Solutions__r"],
        json!({"records": [{"Solution_Identifier__c": "SOL-30417-EXA", "Name": "SOL-30417-EXA"}]})
    );
    assert!(text.contains("\"Amount\":125000.10"), "{text}");
    assert_eq!(found.get("How_can_Microsoft_help__c"), None);
}

#[test]
fn an_opportunity_becomes_a_referral_with_its_paths_nested() {
    let mut opportunity = sample("flagged.json");
    set(&mut opportunity, "Referral_Identifier__c", "r-1");
    let text = shipped().apply(Side::Left, &opportunity.to_string(), None).unwrap();
    assert!(text.starts_with("{\"id\":\"r-1\""), "{text}");
    let found = parsed(&text);
    assert_eq!(found["name"], "Harrow & Pell - bakery planning");
    assert_eq!(found["details"]["dealValue"], 48000);
    assert_eq!(found["details"]["closingDateTime"], "2026-04-30T00:00:00Z");
    assert_eq!(found["customerProfile"]["address"]["city"], "Leeds");
    assert_eq!(found["customerProfile"].get("region"), None);
    assert_eq!(
        found["details"]["requirements"]["solutions"],
        json!([{"id": "SOL-30417-EXA", "name": "Route Planner", "type": "Name"}])
    );
}

#[test]
fn null_and_missing_say_the_same() {
    for path in ["details.notes", "campaignId", "customerProfile.address.state", "trackingInfo"] {
        let null = inbound(path, Value::Null);
        let mut missing = null.clone();
        unset(&mut missing, path);
        assert_eq!(right(&null), right(&missing), "{path}");
    }
    let blank = right(&inbound("details.closingDateTime", Value::Null));
    assert_eq!(blank["CloseDate"], "2026-05-31", "the default");
    let blank = right(&inbound("details.dealValue", Value::Null));
    assert_eq!(blank.get("Amount"), None);
}

#[test]
fn amounts_keep_every_digit() {
    for (digits, wanted) in [
        ("9007199254740993.01", "9007199254740993.01"),
        ("99999999999999.99", "99999999999999.99"),
        ("\"1234567890123456.78\"", "1234567890123456.78"),
        ("0.1", "0.1"),
        ("1E3", "1000"),
        ("10.005", "10.00"),
        ("-0.00", "0.00"),
    ] {
        let mut referral = sample("inbound.json");
        set(&mut referral, "details.dealValue", Value::Null);
        let body =
            referral.to_string().replace("\"dealValue\":null", &format!("\"dealValue\":{digits}"));
        let text = shipped().apply(Side::Right, &body, None).unwrap();
        assert!(text.contains(&format!("\"Amount\":{wanted},")), "{digits}: {text}");
        let back = shipped().apply(Side::Left, &text, None);
        assert!(back.is_err() || back.unwrap().contains(wanted));
    }
    assert_eq!(
        code(&inbound("details.dealValue", parsed("99999999999999999.99"))),
        FaultCode::TooManyDigits
    );
    assert_eq!(code(&inbound("details.dealValue", "12 apples")), FaultCode::WrongType);
}

#[test]
fn names_are_cut_with_room_for_the_badge_and_never_through_a_character() {
    let name = |text: String| right(&inbound("name", text))["Name"].as_str().unwrap().to_owned();
    assert_eq!(name("n".repeat(250)), "n".repeat(118));
    assert_eq!(name("n".repeat(118)), "n".repeat(118));
    assert_eq!(name("ü".repeat(250)), "ü".repeat(118));
    let emoji = name("😀".repeat(100));
    assert_eq!(emoji, "😀".repeat(59));
    assert_eq!(name(format!("x{}", "😀".repeat(100))), format!("x{}", "😀".repeat(58)));
    assert_eq!(name("日本 &#x1F600; &lt;b&gt;".to_owned()), "日本 😀 <b>");
    assert_eq!(name("one\r\ntwo".to_owned()), "one two");
}

#[test]
fn unknown_values_go_where_the_tables_say() {
    assert_eq!(right(&inbound("status", "Engaged"))["StageName"], "Prospecting");
    let fault = shipped()
        .apply(
            Side::Right,
            &inbound("inviteContext.assistanceRequestCode", "Money").to_string(),
            None,
        )
        .unwrap_err();
    assert_eq!(fault.code.name(), "fault::not-in-table");
    assert!(fault.map_line > 0);
    assert!(!fault.to_json().contains("Money"), "no values in faults");
    assert!(fault.field.unwrap().contains("assistanceRequestCode"));
}

#[test]
fn broken_json_doubled_keys_and_wrong_types_are_faults() {
    let plan = shipped();
    let whole = sample("inbound.json").to_string();
    let apply = |body: &str| plan.apply(Side::Right, body, None).map_err(|fault| fault.code);
    assert_eq!(apply(&whole[..whole.len() - 1]).unwrap_err(), FaultCode::NotJson);
    assert_eq!(apply("").unwrap_err(), FaultCode::NotJson);
    assert_eq!(apply("{\"id\": \"\u{1}\"}").unwrap_err(), FaultCode::NotJson);
    assert_eq!(apply("[{}]").unwrap_err(), FaultCode::NotARecord);
    let doubled = whole.replacen("\"name\":", "\"name\":\"first\",\"name\":", 1);
    assert_eq!(apply(&doubled).unwrap_err(), FaultCode::DoubledKey);
    let unread =
        whole.replacen("\"organizationName\":", "\"organizationName\":1,\"organizationName\":", 1);
    assert!(apply(&unread).is_ok(), "what is not read may stand twice");
    for (path, wrong) in [
        ("name", json!(7)),
        ("details", json!("x")),
        ("details", json!([])),
        ("details.closingDateTime", json!("soon")),
        ("consent.consentToShareReferralWithMicrosoftSellers", json!("maybe")),
        ("details.requirements.solutions", json!({"id": 1})),
        ("details.requirements.solutions", json!([{"id": {}, "name": []}])),
        ("customerProfile.address", json!(["x"])),
    ] {
        let found = apply(&inbound(path, wrong.clone()).to_string());
        assert!(matches!(found, Ok(_) | Err(FaultCode::WrongType)), "{path} {wrong}: {found:?}");
        let kept = wrong.is_array() && path.ends_with("solutions");
        assert_eq!(found.is_ok(), kept, "{path} {wrong}");
    }
}

#[test]
fn a_payload_with_its_record_is_read_as_the_record() {
    let record = sample("inbound.json");
    let payload = |referral: Option<(&str, &Value)>| {
        let mut payload = json!({
            "EventName": "referral-created",
            "ResourceName": "referral",
            "ResourceUri": "https://api.partnercenter.microsoft.com/v1.0/engagements/referrals/x",
            "ResourceChangeUtcDate": "2026-03-02T09:14:27.5510934Z",
            "AuditUri": null,
        });
        if let Some((name, referral)) = referral {
            payload[name] = referral.clone();
        }
        payload
    };
    for name in ["referral", "Referral", "resource"] {
        assert_eq!(right(&payload(Some((name, &record)))), right(&record), "{name}");
    }
    let mut several = payload(Some(("referral", &record)));
    several["links"] = json!({"self": {}});
    assert_eq!(right(&several), right(&record));
    let fault = shipped().apply(Side::Right, &payload(None).to_string(), None).unwrap_err();
    assert_eq!(fault.code, FaultCode::NotARecord);
    assert!(fault.message.contains("webhook"), "{}", fault.message);
    several.as_object_mut().unwrap().shift_remove("referral");
    several["tags"] = json!({});
    assert_eq!(code(&several), FaultCode::NotARecord, "which of the two is not certain");
}

#[test]
fn child_lists_come_in_three_shapes() {
    let left = |children: Value| {
        let plan = small(
            "name <- Name",
            "each details.solutions with Solutions__r\n match id with Code__c\n name <-> Name\n conflict ask\nend",
        );
        let plan_text = json!({"Key__c": "r", "Name": "n", "Solutions__r": children}).to_string();
        parsed(&plan.apply(Side::Left, &plan_text, None).unwrap())
    };
    let one = json!([{"Code__c": "a", "Name": "A"}]);
    let wanted = json!([{"id": "a", "name": "A"}]);
    assert_eq!(
        left(json!({"totalSize": 1, "done": true, "records": one}))["details"]["solutions"],
        wanted
    );
    assert_eq!(left(one)["details"]["solutions"], wanted);
    for none in [Value::Null, json!([]), json!({"records": []})] {
        assert_eq!(left(none), json!({"id": "r", "name": "n"}));
    }
}

#[test]
fn with_the_old_record_only_what_does_not_agree_is_given() {
    let plan = shipped();
    let referral = sample("accepted.json");
    let body = referral.to_string();
    let mut old = right(&referral);
    set(&mut old, "Id", "006000000000001AAA");
    for (number, child) in
        old["Microsoft_Solutions__r"]["records"].as_array_mut().unwrap().iter_mut().enumerate()
    {
        child["Id"] = json!(format!("c{number}"));
    }
    let with_old =
        |old: &Value| parsed(&plan.apply(Side::Right, &body, Some(&old.to_string())).unwrap());
    let key = json!({"Referral_Identifier__c": "7a1de8f0-2b60-4f1e-9c3b-5b0c6d2f9a11"});
    assert_eq!(with_old(&old), key, "nothing to do: the key alone");
    let mut other = old.clone();
    set(&mut other, "Amount", 1);
    set(&mut other, "Name", "✘ Alpine Freight & Co - depot telemetry");
    set(&mut other, "Account.Name", "Changed by hand");
    set(
        &mut other,
        "Microsoft_Solutions__r.records",
        json!([{"Id": "c0", "Solution_Identifier__c": "SOL-30417-EXA", "Name": "other"}]),
    );
    let mut wanted = key.clone();
    set(&mut wanted, "Amount", parsed("125000.10"));
    set(&mut wanted, "CurrencyIsoCode", "CHF");
    assert_eq!(with_old(&other), wanted, "a blank name keeps, the account is shared");
    // New elements are given, and nothing is removed without a base.
    set(
        &mut other,
        "Microsoft_Solutions__r.records",
        json!([{"Id": "c7", "Solution_Identifier__c": "own", "Name": "own"}]),
    );
    let found = with_old(&other);
    assert_eq!(
        found["Microsoft_Solutions__r"]["records"],
        json!([{"Solution_Identifier__c": "SOL-30417-EXA", "Name": "SOL-30417-EXA"}])
    );
}

#[test]
fn the_old_referral_is_respected() {
    let plan = shipped();
    let referral = sample("accepted.json");
    let mut opportunity = right(&referral);
    let with_old = |opportunity: &Value, old: &Value| {
        let text = plan.apply(Side::Left, &opportunity.to_string(), Some(&old.to_string()));
        text.map(|text| parsed(&text))
    };
    let key = json!({"id": "7a1de8f0-2b60-4f1e-9c3b-5b0c6d2f9a11"});
    assert_eq!(with_old(&opportunity, &referral).unwrap(), key);
    set(&mut opportunity, "StageName", "Closed Won");
    set(&mut opportunity, "Description", "Done.");
    let found = plan.apply(Side::Left, &opportunity.to_string(), Some(&referral.to_string()));
    let found = found.unwrap();
    assert!(
        found.ends_with("\"status\":\"Closed\",\"substatus\":\"Won\"}"),
        "it closes last: {found}"
    );
    // A closed one takes nothing, and a failing `require` line is a fault.
    assert_eq!(with_old(&opportunity, &sample("won.json")).unwrap(), key);
    set(&mut opportunity, "Amount", 0);
    assert_eq!(with_old(&opportunity, &referral).unwrap_err().code, FaultCode::Require);
    // What is wrong on a line that flows the other way does not matter.
    let mut wrong = right(&referral);
    set(&mut wrong, "Microsoft_CRM_Identifier__c", 7);
    assert_eq!(with_old(&wrong, &referral).unwrap(), key);
}
