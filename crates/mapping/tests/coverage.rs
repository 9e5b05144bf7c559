//! What examples exercise, and which changes they notice: lists, chains, creates.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is wrong")]

use std::collections::BTreeMap;

use mapping::compile;
use mapping::coverage::coverage;
use mapping::example::Examples;
use mapping::mutation::{Mutation, mutate};
use mapping::schema::Schemas;

const MAP: &str = r#"language 1
mapping deal
side referral    is partner_center Referral
side opportunity is salesforce     Opportunity
match referral.id with opportunity.Referral_Identifier__c
sync
  from referral when type is Shared
  from opportunity when Referral_Identifier__c is present and Sync_with_Partner_Center__c is true
end
values first
  Active <-> "Open"
  Closed <-> "Shut"
  otherwise -> "Open"
end
values second
  "Open" <-> "Qualification"
  "Shut" <-> "Closed Won"
  otherwise <- "Open"
end
fields
  status                  <-> StageName    using first then second
  details.notes           <-> Description  as long text
  name                     -> Name         as text cut at 120
      default "Unnamed"
  details.closingDateTime  -> CloseDate    as date in "UTC"
      default createdDateTime
end
each details.requirements.solutions with Microsoft_Solutions__r
  match id with Solution_Identifier__c
  name <-> Name    as text cut at 80
      to opportunity default id
  type <-  "Name"  on create only
end
"#;

/// What is exercised, as `line part side` with the number of examples, of the parts that are.
fn exercised(examples: &str) -> Vec<String> {
    let text = format!("{MAP}{examples}");
    let compiled = compile("deal.map", &text, Schemas::built_in());
    let plan = compiled.plan.as_ref().unwrap();
    let sources = compiled.report.sources();
    let read = Examples::read(sources, &compiled.tree, |_, name| Err(name.to_owned()));
    let failed: Vec<_> = read.run(plan).into_iter().filter(|r| !r.failures.is_empty()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let list = coverage(plan, &compiled.tree, sources, &read);
    list.iter()
        .filter(|covered| covered.examples > 0 && covered.map_line > 8)
        .map(|c| format!("{} {} {}", c.map_line, c.part.name(), c.to.as_deref().unwrap_or("-")))
        .collect()
}

fn mutated(examples: &str) -> Mutation {
    let text = format!("{MAP}{examples}");
    let schemas = Schemas::built_in();
    let compiled = compile("deal.map", &text, schemas);
    let plan = compiled.plan.as_ref().unwrap();
    let sources = compiled.report.sources();
    let read = Examples::read(sources, &compiled.tree, |_, name| Err(name.to_owned()));
    let mut told = Vec::new();
    let map = (sources, &compiled.tree);
    let mutation = mutate(map, (plan, schemas), &read, |done, all| told.push((done, all)));
    assert_eq!(told.first().map(|(done, _)| *done), Some(0));
    assert_eq!(told.last().map(|(done, all)| done == all), Some(true));
    mutation
}

#[test]
fn what_merely_agrees_exercises_nothing() {
    let steps = "example \"one\"\n  referral with status = Active, details.notes = \"x\"
  gives referral unchanged\n  gives opportunity unchanged\nend\n";
    assert_eq!(exercised(steps), Vec::<String>::new());
}

#[test]
fn every_table_of_a_chain_is_exercised() {
    let steps = "example \"one\"\n  referral with id = \"r\", status = Active
  referral has status = Closed\n  gives opportunity StageName = \"Closed Won\"\nend\n";
    assert_eq!(
        exercised(steps),
        ["12 row opportunity", "17 row opportunity", "21 rule opportunity"]
    );
    let steps = "example \"one\"\n  referral with id = \"r\", status = Active
  opportunity with Sync_with_Partner_Center__c = true
  opportunity has StageName = \"Closed Won\"\n  gives referral status held\nend\n";
    assert_eq!(exercised(steps), ["12 row referral", "17 row referral", "21 rule referral"]);
    let steps = "example \"one\"\n  referral with id = \"r\", status = Active
  referral has status = New\n  gives opportunity unchanged\nend\n";
    assert_eq!(
        exercised(steps),
        ["13 otherwise opportunity", "16 row opportunity", "21 rule opportunity"]
    );
}

#[test]
fn a_new_record_exercises_its_lines_defaults_and_elements() {
    let steps = "example \"one\"\n  referral with type = Shared, status = Active, name = blank
  referral with createdDateTime = \"2026-03-01T00:00:00Z\"
  referral with details.requirements.solutions[id is \"S\"].name = \"Solution\"
  opportunity missing
  gives opportunity CloseDate = \"2026-03-01\", Name = \"Unnamed\"\nend\n";
    assert_eq!(
        exercised(steps),
        [
            "11 row opportunity",
            "16 row opportunity",
            "21 rule opportunity",
            "23 default opportunity",
            "25 default opportunity",
            "28 added opportunity",
            "30 rule opportunity"
        ]
    );
}

const LISTS: &str = "example \"added and removed\"
  referral with id = \"r\", details.requirements.solutions[id is \"A\"].name = \"One\"
  referral with details.requirements.solutions[id is \"B\"].name = \"Two\"
  opportunity with Sync_with_Partner_Center__c = true
  referral has details.requirements.solutions[id is \"B\"] = blank
  opportunity has Microsoft_Solutions__r[Solution_Identifier__c is \"C\"].Name = \"Three\"
  opportunity has Microsoft_Solutions__r[Solution_Identifier__c is \"A\"].Name = \"Uno\"
  gives referral details.requirements.solutions[id is \"C\"].type = \"Name\"
  gives referral details.requirements.solutions[id is \"A\"].name = \"Uno\"
  gives opportunity Microsoft_Solutions__r[Solution_Identifier__c is \"B\"] = blank
end
";

#[test]
fn elements_of_lists_are_exercised() {
    assert_eq!(
        exercised(LISTS),
        ["28 added referral", "28 removed opportunity", "30 rule referral", "32 rule referral"]
    );
}

#[test]
fn changes_are_noticed_where_an_example_looks() {
    let with = mutated(LISTS);
    let without = mutated("");
    assert_eq!((without.noticed, without.all()), (0, with.all()));
    let lines = |mutation: &Mutation| {
        let mut lines: BTreeMap<usize, usize> = BTreeMap::new();
        for survivor in &mutation.survivors {
            assert!(MAP.lines().nth(survivor.map_line - 1).is_some(), "{survivor:?}");
            *lines.entry(survivor.map_line).or_default() += 1;
        }
        lines
    };
    let (with, without) = (lines(&with), lines(&without));
    assert!(with.iter().all(|(line, count)| without.get(line).is_some_and(|all| all >= count)));
    for line in [28, 30, 32] {
        assert!(with.get(&line) < without.get(&line), "{line}: {with:?} {without:?}");
    }
    assert_eq!(with.get(&22), without.get(&22));
}

#[test]
fn which_of_several_match_lines_finds_a_record_no_example_can_tell() {
    let related = "related Account through AccountId\n\
        match customerProfile.ids[profileType is \"Duns\"].id with AccountNumber\n\
        match customerProfile.name with Name none create\n\
        customerProfile.name -> Name as text cut at 255\nend\n";
    let mutation = mutated(related);
    let what: Vec<&str> = mutation.survivors.iter().map(|survivor| &*survivor.what).collect();
    assert!(!what.iter().any(|what| what.contains("`match")), "{what:?}");
    assert!(what.contains(&"without `none create`"), "{what:?}");
}
