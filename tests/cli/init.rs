//! `cosell init`: a project that is green at once, and orgs that call the connector's fields otherwise.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::folder::{Done, Folder};

/// Every file below a folder, by its path.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                all.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    all
}

fn within(folder: &Folder, sub: &str, args: &[&str]) -> Done {
    crate::folder::run(&folder.path(sub), args, b"")
}

/// The codes of what `check` finds, with what stands at the place.
fn found(done: &Done) -> Vec<(String, String)> {
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let all = done.json();
    let one = |one: &Value| (text(one, "code"), text(one, "message"));
    all.as_array().unwrap().iter().map(one).collect()
}

/// An org with the fields of the shipped maps, in which names are others, and some are not there.
fn org(folder: &Folder, name: &str, others: &[(&str, &str)], gone: &[&str]) {
    folder.run(&["init", "first"]).ends(0);
    folder.run(&["salesforce", "package", "-o", "made", "first/maps"]).ends(0);
    for (path, text) in files(&folder.path("made/force-app/main/default/objects")) {
        if gone.iter().any(|gone| path.ends_with(&format!("/{gone}.field-meta.xml"))) {
            continue;
        }
        let (mut path, mut text) = (path, text);
        for (ours, theirs) in others {
            path = path.replace(&format!("{ours}.field-meta"), &format!("{theirs}.field-meta"));
            path = path.replace(&format!("{ours}/"), &format!("{theirs}/"));
            path = path.replace(&format!("{ours}.object-meta"), &format!("{theirs}.object-meta"));
            for tag in ["fullName", "relationshipName", "label"] {
                let (old, new) = (format!("<{tag}>{ours}</"), format!("<{tag}>{theirs}</"));
                text = text.replace(&old, &new);
            }
        }
        folder.write(&format!("{name}/objects/{path}"), text);
    }
    fs::remove_dir_all(folder.path("first")).unwrap();
    fs::remove_dir_all(folder.path("made")).unwrap();
}

/// Unknown names in what `check --org` says of a project.
fn unknown(folder: &Folder, project: &str, org: &str) -> Vec<String> {
    let done = within(folder, project, &["check", "--org", org, "--format", "json"]);
    let codes = ["map::unknown-field", "map::unknown-object", "map::overlay-lost", "map::syntax"];
    let found = found(&done).into_iter().filter(|(code, _)| codes.contains(&code.as_str()));
    found.map(|(_, message)| message).collect()
}

/// Takes the `#` away before the lines that leave out what the org has no field for.
fn leave_out(folder: &Folder, map: &str) {
    let text = folder.read(map);
    let text = text.replace("\n# remove ", "\nremove ").replace("\n# in report ", "\nin report ");
    folder.write(map, text.replace("\n# in each ", "\nin each "));
}

#[test]
fn a_new_project_is_green_and_a_second_time_changes_nothing() {
    let folder = Folder::new();
    let done = folder.run(&["init", "x"]).ends(0);
    assert!(done.err.contains("next: cd x && cosell check && cosell test"), "{}", done.err);
    let checked = within(&folder, "x", &["check"]).ends(0);
    assert!(checked.err.contains("2 files, 0 errors, 0 warnings"), "{}", checked.err);
    let tested = within(&folder, "x", &["test"]).ends(0);
    assert!(tested.out.contains("2 passed, 0 failed"), "{}", tested.out);
    within(&folder, "x", &["fmt", "--check"]).ends(0);

    let first = files(&folder.path("x"));
    for name in ["cosell.yaml", ".gitignore", "README.md", ".github/workflows/cosell.yml"] {
        assert!(first.contains_key(name), "{name} of {:?}", first.keys());
    }
    let map = &first["maps/opportunity.map"];
    assert!(map.contains("extends opportunity\n") && map.lines().count() < 25, "{map}");
    let ignored = &first[".gitignore"];
    for folder in ["/secrets/\n", "/state/\n", "/.cosell/\n"] {
        assert!(ignored.contains(folder), "{ignored}");
    }

    folder.write("x/cosell.yaml", "mine");
    fs::remove_file(folder.path("x/README.md")).unwrap();
    let again = folder.run(&["init", "x"]).ends(0);
    assert!(again.out.contains("kept  x/cosell.yaml\n"), "{}", again.out);
    assert!(again.out.contains("new   x/README.md\n"), "{}", again.out);
    let mut wanted = first;
    wanted.insert("cosell.yaml".to_owned(), "mine".to_owned());
    assert_eq!(files(&folder.path("x")), wanted);
}

#[test]
fn one_map_whole_maps_and_wrong_words() {
    let folder = Folder::new();
    folder.run(&["init", "one", "--map", "opportunity"]).ends(0);
    assert!(!folder.path("one/maps/lead.map").exists());
    assert!(folder.read("one/cosell.yaml").contains("maps: [maps/opportunity.map]\n"));
    folder.run(&["init", "whole", "--copy"]).ends(0);
    let tested = within(&folder, "whole", &["test"]).ends(0);
    assert!(tested.out.contains(" passed, 0 failed"), "{}", tested.out);
    let shipped = include_str!("../../mappings/opportunity.map");
    assert_eq!(folder.read("whole/maps/opportunity.map"), shipped);

    let done = folder.run(&["init", "bad", "--map", "oportunity"]).ends(2);
    assert!(done.err.contains("opportunity"), "{}", done.err);
    let done = folder.run(&["init", "bad", "--org", "nowhere"]).ends(2);
    assert!(done.err.contains("there is no org `nowhere`"), "{}", done.err);
    assert!(!folder.path("bad").exists());
    folder.write("file", "");
    folder.run(&["init", "file"]).ends(2);
}

#[test]
fn the_configuration_has_every_key_that_the_service_asks_for() {
    let folder = Folder::new();
    folder.run(&["init", "x", "--environment", "production"]).ends(0);
    folder.write("x/secrets/partner-center-refresh-token", "token");
    folder.write("x/certificates/microsoft-roots.pem", "no certificate");
    let mut doctor = crate::folder::command(&folder.path("x"), &["doctor"]);
    for name in
        ["COSELL_WEBHOOK_SECRET", "PARTNER_CENTER_CLIENT_SECRET", "SALESFORCE_CLIENT_SECRET"]
    {
        doctor.env(name, "a-secret-of-more-than-16-letters");
    }
    // No network: what is looked at is the file.
    for proxy in ["http_proxy", "https_proxy"] {
        doctor.env(proxy, "http://127.0.0.1:9").env(proxy.to_uppercase(), "http://127.0.0.1:9");
    }
    let config = folder.read("x/cosell.yaml");
    let local = config.replace("https://acme.my.salesforce.com", "http://127.0.0.1:9").replace(
        "tenant: TENANT",
        "api: http://127.0.0.1:9\n  login: http://127.0.0.1:9\n  tenant: TENANT",
    );
    folder.write("x/cosell.yaml", local);
    let output = doctor.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("ok     configuration"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!config.contains("a-secret"), "secrets are references");
    assert!(said.contains("/webhooks/partner-center/…") && !said.contains("a-secret"), "{said}");
}

#[test]
fn an_org_with_the_misprinted_names_of_the_manual() {
    let folder = Folder::new();
    let others = [
        ("Referral_Identifier__c", "Referral_Identfier__c"),
        ("Sync_with_Partner_Center__c", "sync_with_partner_center__c"),
        ("Referral_Link__c", "Referral_link_c__c"),
        ("How_can_Microsoft_help__c", "How_can_Microsoft_help_c__c"),
    ];
    let gone = ["Campaign_Code__c", "Solution_Area__c"];
    org(&folder, "acme", &others, &gone);
    let done = folder.run(&["init", "x", "--org", "acme"]).ends(0);
    for (ours, theirs) in others {
        assert!(
            done.err.contains(&format!("opportunity: {ours} is {theirs} in acme")),
            "{}",
            done.err
        );
        assert!(done.err.contains(&format!("lead: {ours} is {theirs} in acme")), "{}", done.err);
    }
    assert!(
        done.err.contains("no field for 2 names: Campaign_Code__c, Solution_Area__c"),
        "{}",
        done.err
    );
    assert!(done.err.contains("`cosell salesforce package -o salesforce maps --org acme`"));
    let map = folder.read("x/maps/opportunity.map");
    let change = "change match referral.id with opportunity.Referral_Identifier__c\n    into match referral.id with opportunity.Referral_Identfier__c";
    assert!(map.contains(change), "{map}");

    // Only the fields that are not there are unknown; once they are left out, nothing is.
    let lacking = unknown(&folder, "x", "acme");
    assert_eq!(lacking.len(), 3, "{lacking:?}");
    assert!(lacking.iter().all(|m| gone.iter().any(|gone| m.contains(gone))), "{lacking:?}");
    leave_out(&folder, "x/maps/opportunity.map");
    leave_out(&folder, "x/maps/lead.map");
    assert_eq!(unknown(&folder, "x", "acme"), Vec::<String>::new());
    within(&folder, "x", &["check", "--org", "acme"]).ends(0);
    within(&folder, "x", &["test", "--org", "acme"]).ends(0);
    within(&folder, "x", &["fmt", "--check"]).ends(0);

    // The package brings what is lacking, under the org's names.
    folder.run(&["init", "y", "--org", "acme"]).ends(0);
    let made =
        within(&folder, "y", &["salesforce", "package", "-o", "salesforce", "--org", "acme"]);
    assert!(made.ends(0).out.contains("\n3 fields to make, 29 there already\n"));
    let set = folder.read(
        "y/salesforce/force-app/main/default/permissionsets/Cosell_Sync.permissionset-meta.xml",
    );
    assert!(
        set.contains("Opportunity.Referral_Identfier__c")
            && !set.contains("Referral_Identifier__c"),
        "{set}"
    );
}

#[test]
fn an_org_with_a_managed_package_and_the_solutions_object_under_another_name() {
    let folder = Folder::new();
    let others = [
        ("Referral_Identifier__c", "mspc__Referral_Identifier__c"),
        ("Sync_with_Partner_Center__c", "mspc__Sync_with_Partner_Center__c"),
        ("Referral_Link__c", "mspc__Referral_Link__c"),
        ("How_can_Microsoft_help__c", "mspc__How_can_Microsoft_help__c"),
        ("Audit__c", "mspc__Audit__c"),
        ("Visible_to_Microsoft__c", "mspc__Microsoft_Partner_Center_Referral_Visibility__c"),
        ("Microsoft_CRM_Identifier__c", "mspc__Microsoft_CRM_Identifier__c"),
        ("Microsoft_Solution__c", "mspc__Microsoft_Partner_Center_Solution__c"),
        ("Solution_Identifier__c", "mspc__SolutionId__c"),
        ("Publisher__c", "mspc__Publisher_Name__c"),
        ("Type__c", "mspc__Type__c"),
        ("Opportunity__c", "mspc__Opportunity__c"),
        ("Microsoft_Solutions", "mspc__Microsoft_Solutions"),
    ];
    org(&folder, "acme", &others, &[]);
    let done = folder.run(&["init", "x", "--org", "acme"]).ends(0);
    assert!(!done.err.contains("has no field for"), "{}", done.err);
    let map = folder.read("x/maps/opportunity.map");
    assert!(map.contains("remove each details.requirements.solutions\n"), "{map}");
    assert!(
        map.contains("each details.requirements.solutions with mspc__Microsoft_Solutions__r\n"),
        "{map}"
    );
    assert!(map.contains("match id with mspc__SolutionId__c"), "{map}");
    assert_eq!(unknown(&folder, "x", "acme"), Vec::<String>::new(), "{map}");
    within(&folder, "x", &["check", "--org", "acme"]).ends(0);
    let tested = within(&folder, "x", &["test", "--org", "acme"]).ends(0);
    assert!(tested.out.contains("2 passed, 0 failed"), "{}", tested.out);
    // A plan of it reads just the org's names.
    let plan = within(&folder, "x", &["plan", "maps/opportunity.map", "--org", "acme"]).ends(0).out;
    for (ours, theirs) in &others[..7] {
        assert!(plan.contains(theirs), "{theirs}");
        assert!(!plan.replace(theirs, "").contains(&format!(" {ours}")), "{ours} in {plan}");
    }
}

/// A describe of the opportunity with these custom fields.
fn describe(fields: &[(&str, &str, &str)], children: &Value) -> String {
    let custom = fields.iter().map(|(name, label, kind)| {
        let values = if *kind == "picklist" {
            json!([{ "value": "Quotes or licensing", "label": "Quotes", "active": true, "defaultValue": false }])
        } else {
            json!([])
        };
        json!({
            "name": name, "label": label, "type": kind, "length": 255, "nillable": *kind != "boolean",
            "createable": true, "updateable": true, "defaultedOnCreate": *kind == "boolean",
            "externalId": name.contains("Ref"), "unique": name.contains("Ref"),
            "picklistValues": values, "restrictedPicklist": *kind == "picklist", "custom": true,
        })
    });
    json!({
        "name": "Opportunity", "label": "Opportunity", "fields": custom.collect::<Vec<_>>(),
        "childRelationships": children, "recordTypeInfos": [],
    })
    .to_string()
}

#[test]
fn an_org_by_its_describe_with_labels_and_with_names_that_are_not_clear() {
    let folder = Folder::new();
    let fields = [
        ("Partner_Flag__c", "Sync with Partner Center", "boolean"),
        ("a__Referral_Identifier__c", "Referral Identifier", "string"),
        ("b__Referral_Identifier__c", "Referral Identifier", "string"),
        // Of another kind: not the audit.
        ("x__Audit__c", "Audit", "boolean"),
        ("HowCanMicrosoftHelp__c", "Help", "picklist"),
        ("PartnerRole__c", "Role", "double"),
    ];
    folder.write("acme/Opportunity.json", describe(&fields, &json!([])));
    let done = folder.run(&["init", "x", "--org", "acme", "--map", "opportunity"]).ends(0);
    let said = |what: &str| assert!(done.err.contains(what), "{what} in {}", done.err);
    said("Sync_with_Partner_Center__c is Partner_Flag__c in acme");
    said("How_can_Microsoft_help__c is HowCanMicrosoftHelp__c in acme");
    said(
        "note: Opportunity.Referral_Identifier__c may be a__Referral_Identifier__c, b__Referral_Identifier__c",
    );
    assert!(!done.err.contains("Audit__c is x__Audit__c"), "{}", done.err);
    let map = folder.read("x/maps/opportunity.map");
    for told in [
        "x__Audit__c is there and is a yes or no, Audit__c is a long text",
        "PartnerRole__c is there and is a number, Partner_Role__c is a text",
    ] {
        said(&format!("note: opportunity: {told}: it cannot be used for it"));
        assert!(map.contains(&format!("# {told}.\n")), "{map}");
    }
    said("Audit__c");
    said("Microsoft_Solutions__r");
    assert!(folder.read("x/orgs/acme/Opportunity.json").contains("Partner_Flag__c"));

    // An overlay that is there already is not touched; the lines are told.
    let again = folder.run(&["init", "x", "--org", "acme", "--map", "opportunity"]).ends(0);
    assert!(again.err.contains("note: these lines of an overlay say so"), "{}", again.err);
    assert!(again.err.contains("into true -> Partner_Flag__c"), "{}", again.err);
}
