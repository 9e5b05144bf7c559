//! What maps need of an org whose objects become known one after the other.

use super::*;
use crate::schema::Description;

const HEAD: &str = "language 1\nmapping deal \"Deal\"\nside referral is partner_center Referral\n\
side opportunity is salesforce Opportunity\n";

/// An org: object, its lookups (field, relationship, target), its children (relationship, object).
type Org<'o> = &'o [(&'o str, &'o [[&'o str; 3]], &'o [[&'o str; 2]])];

const ORG: Org<'_> = &[
    (
        "Opportunity",
        &[["AccountId", "Account", "Account"], ["OwnerId", "Owner", "User"]],
        &[["OpportunityContactRoles", "OpportunityContactRole"], ["Solutions__r", "Solution__c"]],
    ),
    ("OpportunityContactRole", &[["ContactId", "Contact", "Contact"]], &[]),
    ("Contact", &[["ReportsToId", "ReportsTo", "Contact"]], &[["Visits__r", "Visit__c"]]),
    ("Account", &[["Region__c", "Region__r", "Region__c"]], &[]),
    ("Solution__c", &[["Product__c", "Product__r", "Product__c"]], &[]),
    ("Product__c", &[], &[]),
    ("Region__c", &[], &[]),
    ("User", &[], &[]),
    ("Visit__c", &[], &[]),
];

fn described(name: &str) -> Option<Object> {
    let (_, lookups, children) = ORG.iter().find(|(known, ..)| *known == name)?;
    let lookups = lookups.iter().map(|[field, relationship, to]| {
        serde_json::json!({"name": field, "type": "reference", "referenceTo": [to], "relationshipName": relationship})
    });
    let name_field = serde_json::json!({"name": "Name", "type": "string"});
    let children = children.iter().map(|[relationship, object]| {
        serde_json::json!({"relationshipName": relationship, "childSObject": object, "field": "X"})
    });
    let describe = serde_json::json!({
        "name": name,
        "fields": lookups.chain([name_field]).collect::<Vec<_>>(),
        "childRelationships": children.collect::<Vec<_>>(),
    });
    Some(Description::read(&describe.to_string()).unwrap().object().clone())
}

/// Everything that a map needs, in the order in which it is found, each with its line.
fn gathered(lines: &str) -> Vec<String> {
    let text = format!("{HEAD}{lines}");
    let needs = Needs::read("deal.map", &text, &mut |base, _| crate::shipped::base(base)).unwrap();
    let (mut known, mut found) = (Schemas::default(), Vec::<String>::new());
    loop {
        let missing = needs.missing(&known);
        let new = missing.iter().filter(|need| described(&need.object).is_some());
        let new: Vec<&Need> = new.collect();
        if new.is_empty() {
            found.extend(missing.iter().map(|need| format!("{}? {}", need.object, need.line)));
            return found;
        }
        known = known.with(new.iter().filter_map(|need| described(&need.object)));
        found.extend(new.iter().map(|need| format!("{} {}", need.object, need.line)));
    }
}

#[test]
fn the_side_alone_needs_its_object() {
    assert_eq!(gathered("fields\n  name <-> Name\n  id -> AccountId\nend\n"), ["Opportunity 4"]);
}

#[test]
fn what_relationships_lead_to_is_found_step_by_step() {
    let lines = "fields\n  name -> Account.Region__r.Name\nend\n\
each customerProfile.team with OpportunityContactRoles\n  match email with Contact.Email\n\
  firstName <-> Contact.ReportsTo.Name\nend\n\
each details.requirements.solutions with Solutions__r\n  match id with Name\nend\n";
    let wanted = [
        "Opportunity 4",
        "Account 6",
        "OpportunityContactRole 8",
        "Solution__c 12",
        "Region__c 6",
        "Contact 9",
    ];
    assert_eq!(gathered(lines), wanted);
}

#[test]
fn every_place_for_a_path_counts() {
    let cases = [
        "match referral.id with opportunity.Account.Name\n",
        "sync\n  from opportunity when Account.Name is present\nend\n",
        "defaults\n  default Account.Name\nend\n",
        "values t\n  New -> A when Account.Name is \"x\"\nend\n",
        "fields\n  name <- Account.Name\nend\n",
        "fields\n  name <- $.Account.Name\nend\n",
        "fields\n  name -> Name default Account.Name\nend\n",
        "fields\n  name -> Name when Account.Name is blank\nend\n",
        "related Account through AccountId\n  name -> Name\nend\n",
        "each team with Account\n  match email with Name\nend\n",
        "require before sharing\n  Account.Name is present else \"x\"\nend\n",
        "report\n  audit in Account.Name\nend\n",
        "example \"x\"\n  opportunity with Account.Name = \"x\"\nend\n",
        "example \"x\"\n  gives opportunity Account.Name = \"x\"\nend\n",
    ];
    for lines in cases {
        let found = gathered(lines);
        assert!(found.iter().any(|need| need.starts_with("Account ")), "{lines}: {found:?}");
        assert_eq!(found.len(), 2, "{lines}: {found:?}");
    }
    let lists = [
        "fields\n  name <- OpportunityContactRoles[first with `Contact.Email`].Role\nend\n",
        "fields\n  name <- OpportunityContactRoles as list of Contact.Email joined by \";\"\nend\n",
    ];
    for lines in lists {
        let found = gathered(lines);
        assert_eq!(found.len(), 3, "{lines}: {found:?}");
        assert!(found[2].starts_with("Contact "), "{lines}: {found:?}");
    }
}

#[test]
fn names_that_lead_nowhere_and_lines_that_cannot_be_read_stop_nothing() {
    let lines = "fields\n  name -> Acount.Name\n  name => Name\n  name -> Account.Nmae\nend\n\
related Ghost__c through Ghost__c\n  name -> Name\nend\n";
    assert_eq!(gathered(lines), ["Opportunity 4", "Account 8", "Ghost__c? 10"]);
    let text = format!("{HEAD}{lines}");
    let needs = Needs::read("deal.map", &text, &mut |base, _| crate::shipped::base(base)).unwrap();
    assert_eq!(needs.unread(), 1);
}

#[test]
fn an_overlay_needs_what_its_base_needs_and_says_whose_line_it_is() {
    let text = "extends opportunity\nadd name -> Account.Region__r.Name\n";
    let needs = Needs::read("acme.map", text, &mut |base, _| crate::shipped::base(base)).unwrap();
    let known = Schemas::default().with(["Opportunity", "Account"].map(|n| described(n).unwrap()));
    let missing = needs.missing(&known);
    let found: Vec<(&str, &str)> =
        missing.iter().map(|need| (need.object.as_str(), need.file.as_str())).collect();
    assert!(found.contains(&("Region__c", "acme.map")), "{found:?}");
    assert!(found.contains(&("OpportunityContactRole", "<built in>/opportunity.map")), "{found:?}");
    let lost = Needs::read("acme.map", "extends nowhere\n", &mut |_, _| Err(Vec::new()));
    assert!(lost.is_err());
}
