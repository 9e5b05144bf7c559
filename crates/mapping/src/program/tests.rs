//! The benchmark's map goes the short way, and allocates nothing but what it remembers.

use super::Program;
use crate::decision::Side;
use crate::plan::Plan;
use crate::schema::Schemas;

fn benchmark() -> Plan {
    let files = [
        ("referral.yaml", include_str!("../../benches/schemas/referral.yaml")),
        ("opportunity.yaml", include_str!("../../benches/schemas/opportunity.yaml")),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let schemas = Schemas::from_yaml(&files).unwrap();
    let map = include_str!("../../benches/referral.map");
    let compiled = crate::compile("referral.map", map, &schemas);
    assert_eq!(compiled.report.problems(), []);
    compiled.plan.unwrap()
}

const REFERRAL: &str = r#"{"id":"r-1","engagementId":"e-1","name":"Fleet & depot","status":"Active",
  "substatus":"Accepted","eTag":"\"4f\"","details":{"dealValue":99999999999999.99,"currency":"EUR",
  "closingDateTime":"2026-02-07T22:16:24.2935471Z","notes":"one\ntwo","requirements":{"solutions":
  [{"id":"a","x":[1e5]},{"id":null},{"id":"b"},{"id":"a"}]}},"customerProfile":{"name":"Zürich AG",
  "address":{"city":"Zürich","country":"ch"},"team":[{"firstName":"A","email":""},{"lastName":"B",
  "email":"B@X.example"}]},"invitationContext":{"assistanceRequestCode":"Unheard"},"tags":[{}]}"#;

const OPPORTUNITY: &str = r#"{"Microsoft_Referral_Id__c":"r-1","Name":"Fleet & depot","StageName":"Needs Analysis","Amount":99999999999999.99,"CurrencyIsoCode":"EUR","CloseDate":"2026-02-07","Description":"one\ntwo","AccountName":"Zürich AG","BillingCity":"Zürich","BillingCountry":"Switzerland","ContactLastName":"B","ContactEmail":"b@x.example","Referral_Link__c":"https://partner.microsoft.com/dashboard/referrals/v2/e-1/r-1","Solution_Ids__c":"a;b","Sync_With_Partner_Center__c":true,"Probability":40,"ExternalVersion__c":"\"4f\""}"#;

#[test]
fn a_usual_record_goes_the_short_way_and_a_rare_one_does_not() {
    let plan = benchmark();
    let program = Program::of(&plan, Side::Right).unwrap();
    let mut memory = program.memory();
    for _ in 0..2 {
        let mut out = Vec::new();
        program.run(&plan, REFERRAL.as_bytes(), &mut memory, &mut out).unwrap();
        assert_eq!(std::str::from_utf8(&out).unwrap(), OPPORTUNITY);
    }
    assert_eq!(plan.apply(Side::Right, REFERRAL, None).as_deref(), Ok(OPPORTUNITY));
    let respelled =
        REFERRAL.replace("Fleet", r"Fl\u00fcgel\/\u0022").replace("\"tags\"", "\"t\\u0061gs\"");
    let mut out = Vec::new();
    program.run(&plan, respelled.as_bytes(), &mut memory, &mut out).unwrap();
    let wanted = OPPORTUNITY.replace("Fleet", "Fl\u{fc}gel/\\\"");
    assert_eq!(std::str::from_utf8(&out).unwrap(), wanted);
    assert_eq!(plan.apply(Side::Right, &respelled, None).as_deref(), Ok(&*wanted));
    for rare in [
        REFERRAL.replace("\"name\":\"Fleet", "\"Name\":\"Fleet"),
        REFERRAL.replace("\"name\":\"Fleet", "\"name\":\"x\",\"name\":\"Fleet"),
        REFERRAL.replace("\"status\"", "\"st\\u0061tus\""),
        REFERRAL.replace("[{}]", "[{]"),
        format!("{REFERRAL} 1"),
    ] {
        let mut out = Vec::new();
        assert!(program.run(&plan, rare.as_bytes(), &mut memory, &mut out).is_err(), "{rare}");
    }
}

#[test]
fn of_many_elements_each_is_named_once() {
    let plan = benchmark();
    let mut applier = plan.applier(Side::Right);
    for count in [1, 2, 127, 128, 200] {
        let ids = (0..count).map(|at| format!("{{\"id\":\"s{}\"}}", at % 40));
        let ids = ids.collect::<Vec<_>>().join(",");
        let text = REFERRAL.replace("{\"id\":\"b\"}", &ids);
        let wanted = plan.apply(Side::Right, &text, None).unwrap();
        assert!(wanted.contains("\"a;s0"), "{wanted}");
        let mut out = Vec::new();
        applier.apply(text.as_bytes(), &mut out).unwrap();
        assert_eq!(std::str::from_utf8(&out).unwrap(), wanted);
    }
}
