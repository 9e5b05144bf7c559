//! The hash of a plan covers what it does, and nothing else.

use mapping::schema::Schemas;
use mapping::{compile, format};

use super::generate::{PLANS, parts};
use super::support::{planned, small_text};

fn text(number: usize) -> String {
    let (fields, blocks) = parts(number);
    small_text(&fields, &blocks)
}

fn hash(text: &str) -> String {
    let plan = planned("test.map", text);
    plan.unwrap_or_else(|| panic!("it has errors:\n{text}")).hash().to_owned()
}

#[test]
fn layout_comments_and_examples_keep_it() {
    for number in 0..PLANS {
        let plain = text(number);
        let known = hash(&plain);
        let laid_out = format("test.map", &plain).unwrap();
        assert_eq!(hash(&laid_out), known, "{laid_out}");
        let lines = plain.lines().map(|line| {
            let indented = line.starts_with(' ') || line.starts_with('#');
            if indented { line.to_owned() } else { format!("# a comment\n\n{line}") }
        });
        let commented = lines.collect::<Vec<_>>().join("\n");
        assert_eq!(hash(&commented), known, "{commented}");
        let example =
            "example \"a name\"\n  referral \"examples/a.json\"\n  gives referral unchanged\nend\n";
        assert_eq!(hash(&format!("{plain}\n{example}")), known);
        assert_ne!(hash(&text((number + 1) % PLANS)), known);
    }
}

#[test]
fn another_org_with_the_same_fields_keeps_it() {
    let map = include_str!("../../../../tests/maps/good/two-way.map");
    let plan = |schemas: &Schemas| compile("deal.map", map, schemas).plan.unwrap();
    let known = plan(Schemas::built_in());
    let other = include_str!("../../../../mappings/schemas/opportunity.yaml");
    let files = [("opportunity.yaml".to_owned(), other.replace("length: 120", "length: 200"))];
    let own = Schemas::from_yaml(&files).unwrap();
    let objects = own.objects(mapping::schema::System::Salesforce).cloned();
    let moved = Schemas::built_in().clone().with(objects.collect::<Vec<_>>());
    assert_eq!(plan(&moved).hash(), known.hash());
}

#[test]
fn what_a_line_a_row_or_a_clause_does_changes_it() {
    let plain = text(1);
    let known = hash(&plain);
    for (from, to) in [
        ("as text cut at 20", "as text cut at 19"),
        ("Closed, Lost     <-  \"Dead\" when status is New", "Closed, Lost     <-  \"Dead\""),
        ("with 2 decimals", "with 1 decimals"),
        ("Sync__c is true", "Sync__c is false"),
        ("otherwise         -> keep with warning", "otherwise         -> keep"),
        ("shared <-> Flag__c one way to true\n", ""),
    ] {
        assert!(plain.contains(from), "{from}:\n{plain}");
        assert_ne!(hash(&plain.replacen(from, to, 1)), known, "{from}");
    }
}
