//! `--org`: describes, SFDX source and `.object` files of a customer in the place of what is built in.

use std::fs;
use std::path::Path;

use crate::folder::Folder;

const HEAD: &str = "language 1\nmapping deal \"Deal\"\nside referral is partner_center Referral\n\
side opportunity is salesforce Opportunity\nmatch referral.id with opportunity.Ref__c\n";

fn map(lines: &str) -> String {
    format!("{HEAD}{lines}")
}

fn field(name: &str, inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
<CustomField xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n<fullName>{name}</fullName>\n\
<label>{name}</label>\n{inner}\n</CustomField>\n"
    )
}

/// An SFDX project with an opportunity of its own.
fn acme() -> Folder {
    let folder = Folder::new();
    let root = "orgs/acme/force-app/main/default";
    let opportunity = format!("{root}/objects/Opportunity");
    let add = |name: &str, inner: &str| {
        folder.write(&format!("{opportunity}/fields/{name}.field-meta.xml"), field(name, inner));
    };
    add("Ref__c", "<type>Text</type><length>40</length><externalId>true</externalId>");
    add("Short__c", "<type>Text</type><length>10</length>");
    add(
        "Sum__c",
        "<type>Currency</type><precision>18</precision><scale>2</scale><formula>1</formula>",
    );
    add("Amount", "<trackHistory>true</trackHistory>");
    let values = "<valueSetDefinition><sorted>false</sorted>\
<value><fullName>North &amp; West</fullName><default>false</default></value>\
<value><fullName>South</fullName><default>false</default></value>\
<value><fullName>East</fullName><isActive>false</isActive></value></valueSetDefinition>";
    add(
        "Area__c",
        &format!("<type>Picklist</type><valueSet><restricted>true</restricted>{values}</valueSet>"),
    );
    add("Tier__c", "<type>Picklist</type><valueSet><valueSetName>Tier</valueSetName></valueSet>");
    add("Region__c", "<type>Lookup</type><referenceTo>Region__c</referenceTo>");
    add("Odd__c", "<type>Hologram</type>");
    folder.write(
        &format!("{root}/globalValueSets/Tier.globalValueSet-meta.xml"),
        "<GlobalValueSet><customValue><fullName>Gold</fullName></customValue></GlobalValueSet>",
    );
    folder.write(
        &format!("{root}/objects/Region__c/fields/Code__c.field-meta.xml"),
        field("Code__c", "<type>Text</type><length>8</length>"),
    );
    folder.write("orgs/acme/package.json", "{\"fields\": 1}");
    folder.write("orgs/acme/ci.yml", "jobs: []");
    folder
}

fn codes(folder: &Folder, lines: &str) -> Vec<String> {
    folder.write("deal.map", map(lines));
    let done = folder.run(&["check", "deal.map", "--org", "acme", "--format", "json"]);
    let found = done.json();
    let line = |p: &serde_json::Value| format!("{} {}", p["line"], p["code"].as_str().unwrap());
    found.as_array().unwrap().iter().map(line).collect()
}

#[test]
fn the_source_of_an_org_is_what_a_map_is_checked_against() {
    let folder = acme();
    let good = "values area\n  Incoming -> \"North & West\"\n  Outgoing -> South\nend\n\
values tier\n  Incoming -> Gold\n  otherwise -> keep\nend\nfields\n\
  name -> Name as text cut at 120\n  name -> Short__c as text cut at 10\n  direction -> Area__c using area\n\
  direction -> Tier__c using tier\n  details.dealValue -> Amount as money with 2 decimals\nend\n";
    let only_otherwise: Vec<String> =
        codes(&folder, good).into_iter().filter(|code| !code.contains("only-otherwise")).collect();
    assert_eq!(only_otherwise, Vec::<String>::new());
    let bad = "fields\n  name -> Short__c as text cut at 11\n  details.dealValue -> Sum__c as money with 2 decimals\n\
  name -> Campaign_Code__c as text cut at 100\n  campaignId -> Region__r.Code__c\nend\n";
    let expected =
        ["7 map::too-long", "8 map::read-only", "9 map::unknown-field", "10 map::read-only"];
    assert_eq!(codes(&folder, bad), expected);
}

#[test]
fn what_is_not_understood_is_said_once_and_trips_nothing() {
    let folder = acme();
    folder.write(
        "orgs/acme/force-app/main/default/objects/Opportunity/fields/Torn__c.field-meta.xml",
        "<CustomField><fullName>Torn__c</fullName>",
    );
    folder.write("deal.map", map("fields\n  name -> Name as text cut at 120\nend\n"));
    let done = folder.run(&["check", "deal.map", "--org", "acme"]).ends(0);
    assert_eq!(done.err.matches("Hologram").count(), 1, "{}", done.err);
    assert_eq!(done.err.matches("Torn__c.field-meta.xml:1:").count(), 1, "{}", done.err);
    assert!(done.err.ends_with("1 file, 0 errors, 0 warnings\n"), "{}", done.err);
}

#[test]
fn all_objects_of_an_org_are_shown() {
    let folder = acme();
    let objects = folder.run(&["schema", "show", "--org", "acme"]).ends(0).out;
    assert!(objects.contains("salesforce      Region__c"), "{objects}");
    let code = folder.run(&["schema", "show", "Region__c.Code__c", "--org", "acme"]).ends(0).out;
    assert!(code.contains("Code__c"), "{code}");
}

#[test]
fn an_org_that_is_not_there_is_named_with_the_nearest() {
    let folder = acme();
    folder.write("deal.map", map("fields\n  name -> Name as text cut at 120\nend\n"));
    let done = folder.run(&["check", "deal.map", "--org", "acmee"]).ends(2);
    assert!(done.err.contains("there is no org `acmee`"), "{}", done.err);
    assert!(done.err.contains("did you mean `acme`?"), "{}", done.err);
}

#[test]
fn a_describe_is_the_truth_of_the_user_who_asked_for_it() {
    let folder = Folder::new();
    let field = |name: &str, kind: &str, rest: &str| {
        format!(
            "{{\"name\":\"{name}\",\"label\":\"{name}\",\"type\":\"{kind}\",\"createable\":true,\
\"updateable\":true,\"nillable\":true,\"defaultedOnCreate\":false{rest}}}"
        )
    };
    let fields = [
        field("Name", "string", ",\"length\":120"),
        field("Ref__c", "string", ",\"length\":255"),
        field("Hidden__c", "string", ",\"length\":80")
            .replace("\"updateable\":true", "\"updateable\":false")
            .replace("\"createable\":true", "\"createable\":false"),
        field("Must__c", "double", ",\"precision\":18,\"scale\":2")
            .replace("\"nillable\":true", "\"nillable\":false"),
    ];
    let text = format!(
        "{{\"name\":\"Opportunity\",\"label\":\"Deal\",\"fields\":[{}],\"childRelationships\":[],\"recordTypeInfos\":[]}}",
        fields.join(",")
    );
    folder.write("orgs/acme/Opportunity.json", &text);
    let lines = "sync\n  from referral\nend\nfields\n  name -> Name as text cut at 120\n\
  campaignId -> Hidden__c as text cut at 80\n  createdDateTime -> CloseDate as date in \"UTC\"\nend\n";
    let expected = ["4 map::missing-required", "11 map::read-only", "12 map::unknown-field"];
    assert_eq!(codes(&folder, lines), expected);
    folder.write("orgs/acme/Opportunity.json", &text[..200]);
    let done = folder.run(&["check", "deal.map", "--org", "orgs/acme/Opportunity.json"]).ends(1);
    assert!(done.out.contains("Opportunity.json:1:201"), "{}", done.out);
}

#[test]
fn an_old_object_file_tells_the_same() {
    let folder = Folder::new();
    let text = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\">\
<fields><fullName>Ref__c</fullName><label>Ref</label><type>Text</type><length>40</length></fields>\
<fields><fullName>Area__c</fullName><type>Picklist</type><picklist><picklistValues><fullName>A</fullName>\
<default>false</default></picklistValues><restrictedPicklist>true</restrictedPicklist></picklist></fields>\
</CustomObject>";
    folder.write("orgs/acme/src/objects/Opportunity.object", text);
    let lines = "fields\n  \"B\" -> Area__c on create only\nend\n";
    assert_eq!(codes(&folder, lines), ["7 map::unknown-value"]);
}

/// A describe that was cut down to what its owner thought mattered.
fn cut_down(fields: &str) -> Folder {
    let folder = Folder::new();
    let text = format!("{{\"name\":\"Opportunity\",\"label\":\"Deal\",\"fields\":[{fields}]}}");
    folder.write("orgs/acme/Opportunity.json", &text);
    folder
}

#[test]
fn a_describe_that_does_not_say_who_may_write_is_taken_to_mean_everybody() {
    let folder = cut_down(
        r#"{"name":"Id","type":"id"},
        {"name":"Ref__c","type":"string","length":255,"nillable":true},
        {"name":"Name","type":"string","length":120,"nillable":true},
        {"name":"Sum__c","type":"double","precision":18,"scale":2,"calculated":true,"nillable":true},
        {"name":"Count__c","type":"string","length":30,"autoNumber":true,"nillable":true},
        {"name":"At__c","type":"time","nillable":true}"#,
    );
    let lines = "sync\n  from referral\nend\nfields\n  name -> Name as text cut at 120\n\
  details.dealValue -> Sum__c\n  name -> Count__c as text cut at 30\n  name -> At__c\nend\n";
    let expected =
        ["11 map::read-only", "12 map::read-only", "13 map::type-mismatch", "13 map::read-only"];
    assert_eq!(codes(&folder, lines), expected);
}

#[test]
fn what_only_a_new_record_takes_is_told_of_both_sides_but_not_of_related_records() {
    let folder = cut_down(
        r#"{"name":"Ref__c","type":"string","length":255,"nillable":true},
        {"name":"Name","type":"string","length":120,"nillable":true},
        {"name":"AccountId","type":"reference","referenceTo":["Account"],"relationshipName":"Account","nillable":true},
        {"name":"Fixed__c","type":"string","length":120,"nillable":true,"createable":true,"updateable":false}"#,
    );
    let account = r#"{"name":"Account","label":"Account","fields":[
        {"name":"Name","type":"string","length":255,"nillable":true},
        {"name":"Fixed__c","type":"string","length":120,"nillable":true,"createable":true,"updateable":false}]}"#;
    folder.write("orgs/acme/Account.json", account);
    let lines = "sync\n  from referral\nend\nfields\n  name -> Name as text cut at 120\n\
  name -> Fixed__c as text cut at 120\nend\nrelated Account through AccountId\n\
  match customerProfile.name with Name none create several ask\n  customerProfile.name -> Name\n\
  customerProfile.name -> Fixed__c as text cut at 120\nend\n";
    assert_eq!(codes(&folder, lines), ["11 map::create-only"]);
    let said = lines.replace("cut at 120\nend\nrelated", "cut at 120 on create only\nend\nrelated");
    assert_eq!(codes(&folder, &said), Vec::<String>::new());
}

#[test]
fn fields_that_some_orgs_do_not_have_say_what_to_do_without_them() {
    let folder = cut_down(
        r#"{"name":"Ref__c","type":"string","length":255,"nillable":true},
        {"name":"Amount","type":"currency","precision":18,"scale":2,"nillable":true}"#,
    );
    let lines = "sync\n  from referral\nend\nfields\n  details.dealValue, details.currency -> Amount, CurrencyIsoCode as money\n\
  \"0123456789abcde\" -> RecordTypeId on create only\nend\n";
    folder.write("deal.map", map(lines));
    let done = folder.run(&["check", "deal.map", "--org", "acme"]).ends(1);
    let words: Vec<&str> = done.out.split_whitespace().collect();
    for help in ["as money in", "without multi-currency", "has no record types"] {
        assert!(words.join(" ").contains(help), "{help}: {}", done.out);
    }
    let lines = lines
        .replace("-> Amount, CurrencyIsoCode as money", "-> Amount as money in \"EUR\"")
        .replace("\"0123456789abcde\" -> RecordTypeId on create only\n", "");
    assert_eq!(codes(&folder, &lines), Vec::<String>::new());
}

#[test]
fn the_org_counts_more_than_schema_files_beside_the_map() {
    let folder = cut_down(
        r#"{"name":"Ref__c","type":"string","length":255,"nillable":true},
        {"name":"Name","type":"string","length":120,"nillable":true}"#,
    );
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings/schemas");
    for file in ["opportunity.yaml", "salesforce.yaml"] {
        let text = fs::read_to_string(shipped.join(file)).unwrap();
        folder.write(&format!("schemas/{file}"), text);
    }
    let lines = "sync\n  from referral\nend\nfields\n  name -> Name as text cut at 120\n\
  campaignId -> NextStep\nend\neach details.requirements.solutions with Microsoft_Solutions__r\n\
  match id with Solution_Identifier__c\n  name -> Name as text cut at 80\nend\n";
    assert_eq!(codes(&folder, lines), ["11 map::unknown-field", "13 map::unknown-field"]);
}

#[test]
fn what_the_map_names_has_to_fit_the_field() {
    let folder = cut_down(
        r#"{"name":"Ref__c","type":"string","length":255,"nillable":true},
        {"name":"One__c","type":"double","precision":1,"scale":0,"nillable":true},
        {"name":"Part__c","type":"double","precision":2,"scale":2,"nillable":true},
        {"name":"Short__c","type":"string","length":2,"nillable":true},
        {"name":"Who__c","type":"reference","length":18,"referenceTo":["Contact"],"relationshipName":"Who__r","nillable":true}"#,
    );
    let lines = "sync\n  from referral\nend\n\
values grade\n  SalesQualified -> 33\n  MarketingQualified -> 3\n  otherwise -> keep\nend\n\
values word\n  SalesQualified -> \"ok\"\n  MarketingQualified -> \"not ok\"\n  otherwise -> keep\nend\n\
fields\n  12.50 -> One__c on create only\n  5 -> Part__c on create only\n  consent.consentToContact -> Short__c as yes/no\n\
  id -> Who__c as link \"https://a.example/{id}\"\nend\n";
    let told = codes(&folder, lines);
    let wanted =
        ["20 map::too-wide", "21 map::too-wide", "22 map::too-long", "23 map::conversion-mismatch"];
    assert_eq!(told.iter().filter(|code| !code.contains("unused")).collect::<Vec<_>>(), wanted);
    let using = lines
        .replace("  12.50 -> One__c on create only\n", "  qualification -> One__c using grade\n");
    assert!(codes(&folder, &using).contains(&"10 map::too-wide".to_owned()));
    let using = lines
        .replace("  12.50 -> One__c on create only\n", "  qualification -> Short__c using word\n");
    assert!(codes(&folder, &using).contains(&"16 map::too-long".to_owned()));
    let using = lines.replace("12.50 ->", "1 ->").replace("5 -> Part__c", "0.25 -> Part__c");
    let told = codes(&folder, &using);
    assert!(!told.iter().any(|code| code.contains("too-wide")), "{told:?}");
    let listed = lines
        .replace("consent.consentToContact -> Short__c as yes/no", "qualification -> Short__c");
    assert!(codes(&folder, &listed).contains(&"22 map::too-long".to_owned()));
}

#[test]
fn keys_have_to_be_written_and_records_that_are_made_be_complete() {
    let folder = cut_down(
        r#"{"name":"Ref__c","type":"string","length":255,"nillable":true,"createable":false,"updateable":false,"calculated":true},
        {"name":"Name","type":"string","length":120,"nillable":true}"#,
    );
    let lines = "sync\n  from referral\nend\nfields\n  name -> Name as text cut at 120\nend\n";
    assert_eq!(codes(&folder, lines), ["5 map::read-only"]);
    // Records that are linked already are found by such a field, and nothing has to be written.
    let linked = lines.replace("from referral", "from opportunity when Ref__c is present");
    assert_eq!(codes(&folder, &linked), Vec::<String>::new());

    let folder = Folder::new();
    let text = r#"{"name":"Opportunity","label":"Deal","fields":[
        {"name":"Ref__c","type":"string","length":255,"nillable":true}],
        "childRelationships":[{"relationshipName":"OpportunityContactRoles","childSObject":"OpportunityContactRole","field":"OpportunityId"}]}"#;
    folder.write("orgs/acme/Opportunity.json", text);
    let contact = r#"{"name":"Contact","label":"Contact","fields":[
        {"name":"Email","type":"email","length":80,"nillable":true},
        {"name":"LastName","type":"string","length":80,"nillable":false},
        {"name":"Must__c","type":"string","length":80,"nillable":false}]}"#;
    folder.write("orgs/acme/Contact.json", contact);
    let lines = "sync\n  from referral\nend\neach customerProfile.team with OpportunityContactRoles\n\
  match email with Contact.Email\n  lastName -> Contact.LastName as text cut at 80\nend\n";
    assert_eq!(codes(&folder, lines), ["9 map::missing-required"]);
    folder.write(
        "orgs/acme/Contact.json",
        contact.replace("80,\"nillable\":false}]", "80,\"nillable\":true}]"),
    );
    assert_eq!(codes(&folder, lines), Vec::<String>::new());
}

#[test]
fn standard_fields_of_which_the_source_tells_settings_only_are_known_by_their_names() {
    let folder = acme();
    for name in ["IsPrivate", "IqScore"] {
        folder.write(
            &format!(
                "orgs/acme/force-app/main/default/objects/Opportunity/fields/{name}.field-meta.xml"
            ),
            field(name, "<trackFeedHistory>false</trackFeedHistory>"),
        );
    }
    let lines = "fields\n  true -> IsPrivate on create only\n  details.dealValue -> IqScore\nend\n";
    assert_eq!(codes(&folder, lines), ["8 map::read-only"]);
}

#[test]
fn a_record_type_that_the_org_does_not_have_is_told() {
    let folder = acme();
    let root = "orgs/acme/force-app/main/default/objects/Opportunity/recordTypes";
    for name in ["Partner_Deal", "Direct_Deal"] {
        folder.write(
            &format!("{root}/{name}.recordType-meta.xml"),
            format!("<RecordType><fullName>{name}</fullName><active>true</active><label>{name}</label></RecordType>"),
        );
    }
    let lines = "sync\n  from opportunity when Ref__c is present and RecordType.DeveloperName is \"Partner_Deel\"\nend\nfields\n  name -> Name as text cut at 120\nend\n";
    assert_eq!(codes(&folder, lines), ["7 map::unknown-value"]);
    assert_eq!(codes(&folder, &lines.replace("Deel", "Deal")), Vec::<String>::new());
}

#[test]
fn what_one_of_the_record_types_does_not_take_is_told() {
    let folder = acme();
    let object = "orgs/acme/force-app/main/default/objects/Opportunity";
    let types = [("Partner_Deal", ["South", "Sold"]), ("Direct_Deal", ["North %26 West", "Open"])];
    for (name, [area, stage]) in types {
        let process = format!(
            "<BusinessProcess><fullName>{name}</fullName><isActive>true</isActive>\
<values><fullName>Qualification</fullName></values><values><fullName>{stage}</fullName></values></BusinessProcess>"
        );
        folder
            .write(&format!("{object}/businessProcesses/{name}.businessProcess-meta.xml"), process);
        let values = format!("<values><fullName>{area}</fullName></values>");
        let text = format!(
            "<RecordType><fullName>{name}</fullName><active>true</active><label>{name}</label>\
<businessProcess>{name}</businessProcess>\
<picklistValues><picklist>Area__c</picklist>{values}</picklistValues></RecordType>"
        );
        folder.write(&format!("{object}/recordTypes/{name}.recordType-meta.xml"), text);
    }
    let values = "<standardValue><fullName>Qualification</fullName></standardValue>\
<standardValue><fullName>Sold</fullName><closed>true</closed><won>true</won></standardValue>\
<standardValue><fullName>Open</fullName></standardValue>";
    folder.write(
        "orgs/acme/force-app/main/default/standardValueSets/OpportunityStage.standardValueSet-meta.xml",
        format!("<StandardValueSet>{values}</StandardValueSet>"),
    );
    let lines = "fields\n  \"South\" -> Area__c on create only\n  \"Sold\" -> StageName on create only\nend\n";
    folder.write("deal.map", map(lines));
    let found = folder.run(&["check", "deal.map", "--org", "acme", "--format", "json"]).json();
    let told = |at: usize| format!("{} {}", found[at]["severity"], found[at]["message"]);
    assert_eq!(
        [told(0), told(1)],
        [
            r#""error" "record type `Direct_Deal` does not take `South` in `Area__c`""#,
            r#""warning" "record type `Direct_Deal` does not take `Sold` in `StageName`""#,
        ]
    );
    let sync = "sync\n  from opportunity when Ref__c is present and RecordType.DeveloperName is \"Partner_Deal\"\nend\n";
    assert_eq!(codes(&folder, &format!("{sync}{lines}")), Vec::<String>::new());
    let other = sync.replace("Partner", "Direct");
    assert_eq!(
        codes(&folder, &format!("{other}{lines}")),
        ["10 map::unknown-value", "11 map::unknown-value"]
    );
}

#[test]
fn a_describe_that_is_cut_off_is_told_and_other_json_is_not() {
    let folder = acme();
    folder.write("orgs/acme/data/Account.json", "{\"records\": [");
    let lines = "fields\n  name -> Name as text cut at 120\nend\n";
    assert_eq!(codes(&folder, lines), Vec::<String>::new());
    folder.write("orgs/acme/Account.json", "{\"name\":\"Account\",\"fie");
    let done = folder.run(&["check", "deal.map", "--org", "acme"]);
    assert!(done.out.contains("Account.json"), "{}{}", done.out, done.err);
}
