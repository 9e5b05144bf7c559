//! What can be said in an `example` block, and what is answered when it does not hold.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is wrong")]

use mapping::compile;
use mapping::example::{ExampleResult, run};
use mapping::schema::Schemas;

const MAP: &str = r#"language 1
mapping deal
side referral    is partner_center Referral
side opportunity is salesforce     Opportunity
match referral.id with opportunity.Referral_Identifier__c
sync
  from referral    when type is Shared
  from opportunity when Sync_with_Partner_Center__c is true
end
defaults
  wins newest else opportunity
  first contact wins opportunity
end
values stage
  New, Pending      -> "Prospecting"
  Active, Accepted <-> "Qualification"
  Closed, Won      <-> "Closed Won"
  otherwise         -> park
  otherwise        <-  keep
end
fields
  name                                <-> Name         as text cut at 120
      to referral on create only
  status, substatus                   <-> StageName    using stage
  details.dealValue, details.currency <-> Amount, CurrencyIsoCode  as money with 2 decimals
  details.closingDateTime             <-> CloseDate    as date in "UTC"
      default createdDateTime plus 90 days
  details.notes                       <-> Description  as long text
      blank clear to opportunity   conflict ask
  campaignId                          <-> Campaign_Code__c
      blank park
  true                                 -> Sync_with_Partner_Center__c  on create only
  type                                <-  "Shared"                     on create only
  qualification                       <-  "SalesQualified"             on create only
  consent.consentToContact            <-  Customer_Consent__c                         on create only
  consent.consentToToShareInfoWithOthers <- Customer_Consent__c                       on create only
end
related Account through AccountId
  match customerProfile.name with Name
      none create  several ask
  customerProfile.name          <-> Name             on create only
  customerProfile.address.city  <-> BillingCity      as text cut at 40
      on create only
  customerProfile.address.addressLine1 <- BillingStreet on create only
      default "-"
  customerProfile.address.country <-> BillingCountry as country code
      on create only   to referral default "US"
end
each details.requirements.solutions with Microsoft_Solutions__r
  match id with Solution_Identifier__c
  name <-> Name    as text cut at 80
      to opportunity default id
  type <-  "Name"  on create only
end
require before sharing
  details.dealValue above 0 else "Set an amount above 0."
end
"#;

/// A pair that agrees, in few words.
const PAIR: &str = "  referral with id = \"r-1\", name = \"Fleet\", type = \"Shared\", status = \"Active\", substatus = \"Accepted\"
  referral with details.dealValue = 10, details.currency = \"EUR\", details.notes = \"old\"
  referral with details.requirements.solutions[id is \"SOL-1\"].name = \"One\"
";

fn played(examples: &str) -> Vec<ExampleResult> {
    let text = format!("{MAP}{examples}");
    let compiled = compile("deal.map", &text, Schemas::built_in());
    let problems: Vec<String> = compiled
        .report
        .problems()
        .iter()
        .filter(|p| p.severity == mapping::problem::Severity::Error)
        .map(|p| format!("{:?} {p}", compiled.report.place(p.at.start)))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let plan = compiled.plan.unwrap();
    let none = |_: &str, name: &str| match name {
        "text.json" => Ok("[1]".to_owned()),
        _ => Err(format!("there is no {name}")),
    };
    run(&plan, &compiled.tree, compiled.report.sources(), none)
}

/// What one example fails with, lines counted from the line behind its head.
#[track_caller]
fn failures(steps: &str) -> Vec<String> {
    let result = played(&format!("example \"one\"\n{steps}end\n")).remove(0);
    let head = result.map_line;
    let said = |f: &mapping::example::Failure| format!("{}: {f}", f.map_line.saturating_sub(head));
    result.failures.iter().map(said).collect()
}

#[track_caller]
fn holds(steps: &str) {
    let failures = failures(&format!("{PAIR}{steps}"));
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The one failure of an example behind [`PAIR`], its lines counted from 1.
#[track_caller]
fn fails(steps: &str, with: &str) {
    let found = failures(&format!("{PAIR}{steps}"));
    let lines = PAIR.lines().count();
    let (at, rest) = with.split_once(": ").unwrap();
    let at: usize = at.parse().unwrap();
    let at = if at == 0 { 0 } else { at + lines };
    assert_eq!(found, [format!("{at}: {rest}")], "{steps}");
}

#[test]
fn a_pair_of_values_without_a_file_agrees() {
    holds("  gives referral unchanged\n  gives opportunity unchanged\n");
}

#[test]
fn changes_flow_both_ways_without_a_file() {
    holds(
        "  referral has details.dealValue = 12.5\n  gives opportunity Amount = 12.50, Name unchanged\n",
    );
    holds(
        "  opportunity has StageName = \"Closed Won\"\n  gives referral status = Closed, substatus = Won\n",
    );
    // An amount and its currency go together, also when only one of them is new.
    holds(
        "  referral has details.dealValue = 12.5\n  gives opportunity CurrencyIsoCode = \"EUR\"\n",
    );
    fails(
        "  referral has details.dealValue = 12\n  gives opportunity Amount = 13\n",
        "2: expected opportunity Amount = 13, found 12",
    );
    fails(
        "  referral has details.dealValue = 12\n  gives opportunity Amount unchanged\n",
        "2: expected opportunity Amount unchanged, found 12 written",
    );
    fails(
        "  referral has details.dealValue = 12\n  gives opportunity unchanged\n",
        "2: expected opportunity unchanged, found a write of Amount = 12",
    );
}

#[test]
fn what_is_not_written_says_why() {
    fails(
        "  referral has name = \"Other\"\n  gives referral name = \"Fleet\"\n",
        "2: expected referral name = \"Fleet\", found it is not written and stays \"Other\" (line 22: the other side is written, only the left changed)",
    );
}

#[test]
fn elements_are_added_changed_and_taken_out() {
    holds(
        "  referral has details.requirements.solutions[id is \"SOL-2\"].name = \"Two\"
  gives opportunity Microsoft_Solutions__r[Solution_Identifier__c is \"SOL-2\"].Name = \"Two\"
  gives opportunity Microsoft_Solutions__r[Solution_Identifier__c is \"SOL-1\"] unchanged\n",
    );
    holds(
        "  opportunity has Microsoft_Solutions__r[first].Name = \"Uno\"
  gives referral details.requirements.solutions[id is \"SOL-1\"].name = \"Uno\"\n",
    );
    holds(
        "  opportunity has Microsoft_Solutions__r[Solution_Identifier__c is \"SOL-2\"].Name = \"Two\"
  opportunity has Microsoft_Solutions__r[Solution_Identifier__c is \"SOL-1\"] = blank
  gives referral details.requirements.solutions[id is \"SOL-2\"].type = \"Name\"
  gives referral details.requirements.solutions[id is \"SOL-1\"] = blank\n",
    );
    fails(
        "  opportunity has Microsoft_Solutions__r[first].Name = \"Uno\"
  gives referral details.requirements.solutions[id is \"SOL-1\"].name = \"Eins\"\n",
        "2: expected referral details.requirements.solutions[id is \"SOL-1\"].name = \"Eins\", found \"Uno\"",
    );
}

#[test]
fn a_new_record_comes_with_its_related_record() {
    let steps = "  referral with name = \"Fleet\", type = \"Shared\", status = \"New\", substatus = \"Pending\"
  referral with customerProfile.name = \"Contoso\", customerProfile.address.city = \"Bern\"
  referral with createdDateTime = \"2026-01-01T00:00:00Z\", campaignId = \"c\"
  referral with details.requirements.solutions[id is \"SOL-1\"].name = blank
  opportunity missing
  gives opportunity StageName = \"Prospecting\", CloseDate = \"2026-04-01\"
  gives opportunity Account.Name = \"Contoso\", Account.BillingCity = \"Bern\"
  gives opportunity Microsoft_Solutions__r[Solution_Identifier__c is \"SOL-1\"].Name = \"SOL-1\"
  gives referral unchanged
";
    assert_eq!(failures(steps), Vec::<String>::new());
}

#[test]
fn what_waits_for_a_person_must_be_said() {
    let both =
        "  referral has details.notes = \"left\"\n  opportunity has Description = \"right\"\n";
    holds(&format!("{both}  gives referral details.notes parked\n  gives opportunity parked\n"));
    fails(
        &format!("{both}  gives referral unchanged\n"),
        "0: expected nothing that waits for a person, found parked: details.notes <-> Description: both sides changed, and the line says to ask (deal.map:28)",
    );
    fails(
        &format!("{both}  gives referral details.dealValue parked\n"),
        "3: expected referral details.dealValue parked, found it is not written and stays 10 (line 25: both sides agree)",
    );
}

#[test]
fn a_line_of_require_says_what_the_seller_reads() {
    let new = "  opportunity with Name = \"Fleet\", StageName = \"Qualification\", CloseDate = \"2026-04-01\"
  opportunity with Sync_with_Partner_Center__c = true, Campaign_Code__c = \"c\"
  opportunity with Account.Name = \"Contoso\", Account.BillingCountry = \"CH\"
  referral missing
";
    let held = failures(&format!("{new}  gives referral parked \"Set an amount\"\n"));
    assert_eq!(held, Vec::<String>::new());
    let wrong = failures(&format!("{new}  gives referral parked \"Fill in\"\n"));
    assert_eq!(
        wrong,
        [
            "5: expected referral parked with \"Fill in\", found parked with \"Set an amount above 0.\""
        ]
    );
    let bare = failures(&format!("{new}  gives referral name = \"Fleet\"\n"));
    assert_eq!(
        bare,
        [
            "5: expected referral name = \"Fleet\", found no referral is created (require before sharing: Set an amount above 0. (deal.map:56))",
            "0: expected nothing that waits for a person, found parked: require before sharing: Set an amount above 0. (deal.map:56)"
        ]
    );
}

#[test]
fn locks_are_held() {
    holds("  opportunity has Name = \"Other\"\n  gives referral name held\n");
    fails(
        "  opportunity has Description = \"new\"\n  gives referral details.notes held\n",
        "2: expected referral details.notes held, found \"new\" written",
    );
}

#[test]
fn the_newest_change_wins() {
    let both = "  referral has details.dealValue = 20\n  opportunity has Amount = 30\n";
    holds(&format!("{both}  gives referral details.dealValue = 30\n"));
    holds(&format!("{both}  referral newest\n  gives opportunity Amount = 20\n"));
    holds(&format!("{both}  opportunity newest\n  gives referral details.dealValue = 30\n"));
}

#[test]
fn a_base_says_what_was_last_read_back() {
    holds(
        "  base opportunity with Amount = 5\n  opportunity has Amount = 5\n  gives opportunity unchanged\n",
    );
    holds(
        "  opportunity with Amount = 7\n  base opportunity with Amount = 10
  gives referral details.dealValue = 7\n  gives opportunity unchanged\n",
    );
    holds(
        "  opportunity has Amount = 7\n  first contact\n  gives referral details.dealValue = 7\n",
    );
}

#[test]
fn a_blank_does_what_the_line_says() {
    holds("  referral has details.notes = blank\n  gives opportunity Description = blank\n");
    holds("  opportunity has Description = blank\n  gives referral unchanged\n");
    holds(
        "  referral with campaignId = \"c\"\n  opportunity has Campaign_Code__c = blank
  gives referral campaignId parked\n",
    );
}

#[test]
fn files_that_cannot_be_read_are_told_at_their_line() {
    let found = failures("  referral \"none.json\"\n  gives opportunity unchanged\n");
    assert_eq!(
        found,
        ["1: expected a file with one record as a JSON object, found there is no none.json"]
    );
    let found = failures("  referral \"text.json\"\n  gives opportunity unchanged\n");
    assert_eq!(
        found,
        ["1: expected a file with one record as a JSON object, found \"text.json\" holds a list"]
    );
}
