//! Records that do not exist yet.

use mapping::decision::{Base, Effect, Input, Outcome, Seen, Side, nest};
use mapping::fault::FaultCode;
use serde_json::{Value, json};

use super::support::{
    Deal, NOW, children, create, get, held, json as parsed, line, outcome, said, sample, set,
    shipped, small, write, written,
};

#[test]
fn an_inbound_referral_becomes_an_opportunity_and_comes_to_rest() {
    let plan = shipped();
    for name in ["inbound.json", "accepted.json", "won.json"] {
        let referral = sample(name);
        let decision = create(plan, Side::Right, &referral);
        assert!(decision.refused.is_none() && decision.parked.is_empty(), "{decision:#?}");
        let Effect::Create(draft) = &decision.right else { panic!("{decision:#?}") };
        assert_eq!(draft.related.len(), 1);
        assert_eq!(draft.related[0].through, "AccountId");
        assert_eq!(
            nest(&draft.related[0].rules[0].matching),
            "{\"Name\":\"Alpine Freight & Co AG\",\"BillingPostalCode\":\"6460\"}"
        );
        // A solution, and a contact.
        assert_eq!(children(&decision.right).len(), 2);
        let mut deal = Deal::of(referral, Value::Null);
        write(&mut deal.right, &decision.right);
        set(&mut deal.right, "Id", "006000000000001AAA");
        deal.settle(plan, &decision);
        let again = deal.decide(plan);
        let lines = again.lines.iter().filter(|line| line.written.is_some()).collect::<Vec<_>>();
        let only_reference = lines.iter().all(|line| line.rule.contains("externalReferenceId"));
        assert!(only_reference, "{lines:#?}");
        deal.quiet(plan);
    }
}

#[test]
fn a_flagged_opportunity_becomes_a_referral_and_comes_to_rest() {
    let plan = shipped();
    let opportunity = sample("flagged.json");
    let decision = create(plan, Side::Left, &opportunity);
    assert!(decision.refused.is_none(), "{decision:#?}");
    let mut deal = Deal::of(Value::Null, opportunity);
    write(&mut deal.left, &decision.left);
    assert_eq!(get(&deal.left, "customerProfile.address.country"), "GB");
    assert_eq!(get(&deal.left, "details.closingDateTime"), "2026-04-30T00:00:00Z");
    assert_eq!(get(&deal.left, "team")[0]["email"], "riley.rep@example-software.example");
    assert_eq!(get(&deal.left, "details.requirements.solutions")[0]["type"], "Name");
    set(&mut deal.left, "id", "r-9");
    set(&mut deal.left, "direction", "Outgoing");
    deal.settle(plan, &decision);
    let round = deal.round(plan);
    assert!(round.left.is_nothing(), "{:#?}", written(&round));
    assert_eq!(get(&deal.right, "Referral_Identifier__c"), "r-9");
    assert!(!deal.round(plan).writes());
}

#[test]
fn what_does_not_take_part_creates_nothing() {
    let plan = shipped();
    let mut opportunity = sample("flagged.json");
    set(&mut opportunity, "Sync_with_Partner_Center__c", false);
    assert!(!create(plan, Side::Left, &opportunity).writes());
    let mut referral = sample("inbound.json");
    set(&mut referral, "organizationId", "msft");
    assert!(!create(plan, Side::Right, &referral).writes());
    let nothing =
        Input { left: None, right: None, base: &Base::default(), now: NOW.parse().unwrap() };
    assert!(!plan.reconcile(&nothing).unwrap().writes());
}

#[test]
fn a_linked_record_never_makes_a_second_partner() {
    let plan = shipped();
    let mut opportunity = sample("flagged.json");
    set(&mut opportunity, "Referral_Identifier__c", "7a1de8f0-2b60-4f1e-9c3b-5b0c6d2f9a11");
    let decision = create(plan, Side::Left, &opportunity);
    assert!(!decision.writes());
    assert_eq!(decision.refused.unwrap().code, FaultCode::NoPartner);
}

#[test]
fn what_is_required_before_sharing_blocks_the_create_in_the_sellers_words() {
    let plan = shipped();
    let refused = |path: &str, value: Value| {
        let mut opportunity = sample("flagged.json");
        set(&mut opportunity, path, value);
        let decision = create(plan, Side::Left, &opportunity);
        assert!(!decision.writes());
        let fault = decision.refused.unwrap();
        assert_eq!(fault.code, FaultCode::Require);
        fault.message
    };
    assert!(refused("Amount", json!(null)).starts_with("Set an amount"));
    assert!(refused("Amount", json!(0)).starts_with("Set an amount"));
    assert!(refused("Account", json!(null)).contains("account"));
    assert!(refused("Microsoft_Solutions__r", json!(null)).contains("solution"));
    // All of them are told, the first of them first.
    let mut opportunity = sample("flagged.json");
    set(&mut opportunity, "Amount", Value::Null);
    set(&mut opportunity, "Microsoft_Solutions__r.records", json!([]));
    let decision = create(plan, Side::Left, &opportunity);
    assert!(decision.refused.unwrap().message.starts_with("Set an amount"));
    let others: Vec<&str> = decision.parked.iter().map(|fault| &*fault.message).collect();
    assert!(others.iter().any(|message| message.contains("solution")), "{others:?}");
}

#[test]
fn a_line_that_need_not_be_written_is_parked_and_the_record_made_all_the_same() {
    let plan = shipped();
    let mut referral = sample("inbound.json");
    set(&mut referral, "inviteContext.assistanceRequestCode", "SomethingNew");
    set(&mut referral, "campaignId", "x".repeat(101));
    let decision = create(plan, Side::Right, &referral);
    assert!(decision.refused.is_none());
    assert!(matches!(decision.right, Effect::Create(_)));
    let codes: Vec<FaultCode> = decision.parked.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [FaultCode::NotInTable, FaultCode::TooLong]);
    assert!(matches!(outcome(&decision, "campaignId"), Outcome::Parked(_)));
    // A field that must be given parks the deal.
    let mut referral = sample("inbound.json");
    set(&mut referral, "name", json!(["a list"]));
    let decision = create(plan, Side::Right, &referral);
    assert!(!decision.writes());
    assert_eq!(decision.refused.unwrap().code, FaultCode::WrongType);
    set(&mut referral, "name", "");
    let decision = create(plan, Side::Right, &referral);
    assert_eq!(decision.refused.unwrap().code, FaultCode::MissingRequired);
    // `blank park` parks its line, not the record.
    let plan = small("details.topic <-> Topic__c wins referral blank park\nname -> Name", "");
    let decision = create(&plan, Side::Right, &json!({"id": "r", "name": "n"}));
    assert!(matches!(decision.right, Effect::Create(_)));
    assert_eq!(decision.parked[0].code, FaultCode::BlankParked);
}

#[test]
fn a_status_that_a_new_record_may_not_have_is_written_next() {
    let plan = small(
        "status, substatus <-> StageName using stage wins opportunity first contact wins opportunity",
        "values stage\n New, Open <-> \"Prospecting\"\n Active, Accepted <-> \"Qualification\"\n \
         otherwise -> keep\n otherwise <- keep\nend",
    );
    let opportunity =
        json!({"Id": "006000000000001AAA", "Sync__c": true, "StageName": "Qualification"});
    let decision = create(&plan, Side::Left, &opportunity);
    assert!(held(&decision, "StageName").contains("a new record does not start so"));
    assert!(written(&decision)[0].is_empty());
    let mut deal = Deal::new(&json!({"status": "New", "substatus": "Open"}), &opportunity);
    deal.settle(&plan, &decision);
    let next = deal.round(&plan);
    assert_eq!(written(&next)[0], ["status = \"Active\"", "substatus = \"Accepted\""]);
    assert!(!deal.round(&plan).writes());
}

#[test]
fn every_value_of_a_new_record_has_a_why() {
    let decision = create(shipped(), Side::Right, &sample("inbound.json"));
    let stage = line(&decision, "StageName");
    assert!(stage.map_line > 0 && stage.row_line.is_some());
    assert_eq!(stage.written.as_deref(), Some("[{\"t\":\"Prospecting\"}]"));
    assert!(stage.left.contains("Received"));
    let told = decision.lines.iter().filter(|line| line.outcome == Outcome::WritesRight).count();
    assert!(told >= 10);
}

#[test]
fn a_body_that_is_no_record_is_a_fault() {
    let plan = shipped();
    let right = sample("flagged.json").to_string();
    let base = Base::default();
    for (body, code) in [
        ("", FaultCode::NotJson),
        ("{\"id\": ", FaultCode::NotJson),
        ("[]", FaultCode::NotARecord),
        ("7", FaultCode::NotARecord),
        ("null", FaultCode::NotARecord),
    ] {
        let seen = |body| Some(Seen { body, stamp: None });
        let now = NOW.parse().unwrap();
        for other in [None, seen(&right)] {
            let input = Input { left: seen(body), right: other, base: &base, now };
            assert_eq!(plan.reconcile(&input).unwrap_err().code, code, "{body}");
        }
    }
    assert_eq!(plan.key_of(Side::Left, "{\"id\": \" x \"}").unwrap().as_deref(), Some("x"));
    assert_eq!(plan.key_of(Side::Left, "{}").unwrap(), None);
    assert!(plan.takes_part(Side::Left, &parsed("{\"type\": \"Shared\"}").to_string()).unwrap());
}

#[test]
fn an_element_that_is_named_by_its_key_is_made_with_the_record_and_held_afterwards() {
    let plan = shipped();
    let mut opportunity = sample("flagged.json");
    set(&mut opportunity, "Marketplace_Intent__c", "Yes");
    set(&mut opportunity, "Solution_Play__c", "A play");
    let decision = create(plan, Side::Left, &opportunity);
    let mut deal = Deal::of(Value::Null, opportunity);
    write(&mut deal.left, &decision.left);
    let attributes = "details.requirements.additionalRequirements.attributes";
    let made = json!([
        {"type": "CustomerMarketplaceIntent", "id": "Yes"},
        {"type": "SolutionPlay", "id": "A play"},
    ]);
    assert_eq!(*get(&deal.left, attributes), made);
    set(&mut deal.left, "id", "r-9");
    set(&mut deal.left, "direction", "Outgoing");
    deal.settle(plan, &decision);
    deal.round(plan);
    set(&mut deal.right, "Marketplace_Intent__c", "No");
    let decision = deal.decide(plan);
    assert!(decision.left.is_nothing(), "{:#?}", written(&decision));
    assert!(matches!(outcome(&decision, "CustomerMarketplaceIntent"), Outcome::Held(_)));
    // Nobody said anything: the customer has not decided.
    let decision = create(plan, Side::Left, &sample("flagged.json"));
    let Effect::Create(draft) = &decision.left else { panic!("{decision:#?}") };
    let made = parsed(&nest(&draft.changes));
    let undecided = json!([{"type": "CustomerMarketplaceIntent", "id": "HaveNotDecided"}]);
    assert_eq!(*get(&made, attributes), undecided);
}

#[test]
fn the_key_of_an_element_is_not_written_and_a_quote_in_it_is_no_name() {
    for path in ["contacts[email is \"a@b\"].email", "contacts[email is \"a\\\"b\"].lastName"] {
        let line = format!("details.{path} <- Topic__c on create only");
        assert!(said(&line, "").iter().any(|(code, _)| *code == "read-only"), "{path}");
    }
    let line = "details.contacts[email is \"a@b.c\"].lastName <- Topic__c on create only";
    assert!(said(line, "").is_empty());
}

#[test]
fn records_that_must_be_linked_already_make_none_and_need_no_required_fields() {
    let text = |condition: &str| {
        format!(
            "language 1\nmapping m\nside referral is partner_center Referral\n\
            side lead is salesforce Lead\nmatch referral.id with lead.Referral_Identifier__c\n\
            sync\n from lead when Sync_with_Partner_Center__c is true{condition}\nend\n\
            fields\n details.notes <- Description as long text\nend\n"
        )
    };
    let codes = |text: &str| -> Vec<&'static str> {
        let report = mapping::compile("m.map", text, mapping::schema::Schemas::built_in()).report;
        report.problems().iter().map(|problem| problem.code.name()).collect()
    };
    assert!(codes(&text(" and Referral_Identifier__c is present")).is_empty());
    assert!(codes(&text("")).contains(&"map::missing-required"));
    assert!(codes(&text(" and Referral_Link__c is present")).contains(&"map::missing-required"));
    let own = text(" and Referral_Identifier__c is present").replace("from lead", "from referral");
    assert!(!codes(&own).is_empty(), "every referral has its own id");
}

#[test]
fn a_country_that_is_none_is_told_as_one() {
    let mut flagged = sample("flagged.json");
    set(&mut flagged, "Account.BillingCountry", "Atlantis");
    let decision = create(shipped(), Side::Left, &flagged);
    let faults: Vec<_> = decision.refused.iter().chain(&decision.parked).collect();
    let fault = faults.iter().find(|fault| fault.code == FaultCode::NoCountry);
    let said = &fault.unwrap_or_else(|| panic!("{faults:?}")).message;
    assert!(said.starts_with("the country is no country that Microsoft knows"), "{said}");
    assert!(said.contains("BillingCountry") && !said.contains("Atlantis"), "{said}");
}
