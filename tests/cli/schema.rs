//! `cosell schema show`: objects, fields, one field.

use crate::folder::Folder;

#[test]
fn objects_fields_and_one_field_are_shown() {
    let folder = Folder::new();
    let objects = folder.run(&["schema", "show"]).ends(0).out;
    assert!(objects.contains("partner_center  Referral"), "{objects}");
    assert!(objects.contains("salesforce      Opportunity"), "{objects}");
    let fields = folder.run(&["schema", "show", "Opportunity"]).ends(0).out;
    let stage = fields.lines().find(|line| line.starts_with("StageName ")).unwrap();
    assert!(stage.contains("enum 255") && stage.contains("always") && stage.contains("required"));
    assert!(stage.contains("Prospecting, Qualification") && stage.contains("… (10)"), "{stage}");
    assert!(fields.contains("Microsoft_Solutions__r"), "{fields}");
    let id = fields.lines().find(|line| line.starts_with("Id ")).unwrap();
    assert!(id.contains("read-only"), "{id}");
    let one = folder.run(&["schema", "show", "Referral.details.requirements.solutions.id"]).ends(0);
    assert!(one.out.starts_with("details.requirements.solutions[…].id\n"), "{}", one.out);
    let json = folder.run(&["schema", "show", "Referral", "--format", "json"]).ends(0).json();
    let fields = json["fields"].as_array().unwrap();
    let value = fields.iter().find(|field| field["path"] == "details.dealValue").unwrap();
    assert_eq!(value["patch"], "/details/dealValue");
    assert_eq!((&value["precision"], &value["create"]), (&18.into(), &true.into()));
}

#[test]
fn names_that_are_not_there_are_told_with_the_nearest() {
    let folder = Folder::new();
    let done = folder.run(&["schema", "show", "Oportunity"]).ends(2);
    assert!(done.err.contains("did you mean `Opportunity`?"), "{}", done.err);
    let done = folder.run(&["schema", "show", "Opportunity.StageNmae"]).ends(2);
    assert!(done.err.contains("did you mean `Opportunity.StageName`?"), "{}", done.err);
    // The schemas beside, as `check` takes them, and an org.
    folder.write(
        "schemas/own.yaml",
        "system: salesforce\nobjects:\n  Deal__c:\n    key: Id\n    fields:\n      Id: { type: id, length: 18, access: read }\n",
    );
    folder.run(&["schema", "show", "Deal__c"]).ends(0);
    folder.run(&["schema", "show", "Opportunity", "--org", "acme"]).ends(2);
}
