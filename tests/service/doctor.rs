//! `cosell doctor`: planted misconfigurations, each found by the check that is about it.
//!
//! In: a running demo, changed configurations. Out: which checks are wrong, and what is to be done. Must not
//! know: the service inside.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::machine::{Machine, cosell};
use crate::office::beside;
use crate::sides::{Sides, inbound};

/// The demo's folder, with changes.
struct Ward {
    folder: PathBuf,
    yaml: String,
}

impl Ward {
    fn new(machine: &Machine) -> Self {
        let folder = machine.state();
        let yaml = fs::read_to_string(folder.join("cosell.yaml")).unwrap();
        Self { folder, yaml }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&path, mode).unwrap();
        path
    }

    /// The checks with a configuration in which each line that begins so is replaced.
    fn checks(&self, changes: &[(&str, &str)]) -> Vec<Value> {
        let mut yaml = String::new();
        for line in self.yaml.lines() {
            let change = changes.iter().find(|(begin, _)| line.trim_start().starts_with(begin));
            let indent = &line[..line.len() - line.trim_start().len()];
            yaml += &change.map_or_else(|| line.to_owned(), |(_, new)| format!("{indent}{new}"));
            yaml.push('\n');
        }
        let config = self.file("changed.yaml", &yaml);
        doctor(&config, None)
    }

    /// The ids of the checks that are wrong then, and what is to be done.
    fn wrong(&self, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let checks = self.checks(changes);
        let wrong = checks.iter().filter(|check| check["state"] == "wrong");
        let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
        wrong.map(|check| (text(check, "id"), text(check, "to_do"))).collect()
    }
}

fn doctor(config: &Path, seller: Option<&str>) -> Vec<Value> {
    let mut command = cosell();
    command.args(["doctor", "--format", "json", "--config"]).arg(config);
    let output = command.args(seller.into_iter().flat_map(|user| ["--seller", user])).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let checks: Vec<Value> = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
    let is_wrong = checks.iter().any(|check| check["state"] == "wrong");
    assert_eq!(output.status.code(), Some(i32::from(is_wrong)), "{said}");
    checks
}

#[tokio::test]
async fn what_is_wrong_is_found_by_the_check_that_is_about_it() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    sides.settled().await;
    let ward = Ward::new(&machine);
    assert_eq!(ward.wrong(&[]), [], "nothing is wrong with the demo");
    let looked = ward.checks(&[]);
    for id in ["salesforce-page", "salesforce-notes", "salesforce-teams"] {
        let check = looked.iter().find(|check| check["id"] == id);
        assert_eq!(check.map(|check| &check["state"]), Some(&json!("fine")), "{looked:#?}");
    }
    ward.file("garbage", "not what it should be");
    ward.file("broken.map", "language 1\nmapping x \"X\"\n");
    ward.file(
        "other.map",
        &fs::read_to_string(ward.folder.join("opportunity.map"))
            .unwrap()
            .replace(" Campaign_Code__c", " Campain_Code__c"),
    );
    ward.file("second.map", "extends opportunity\nmapping second \"Second\"\n");
    let open = ward.file("open-token", "5Aep");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(open, mode).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("listen: {}", taken.local_addr().unwrap());
    let version = |version| {
        format!("client_secret: file:salesforce-client-secret\n  api_version: \"{version}\"")
    };
    let planted: [(&str, &str, &str); 20] = [
        ("client_secret:", "client_secret: file:garbage", "salesforce-sign-in"),
        ("client_secret:", "client_secret: env:COSELL_NOT_SET", "configuration"),
        ("client_secret:", "private_key: file:garbage\n  username: a@b.example", "addresses"),
        ("login: http", "login: http://127.0.0.1:9", "salesforce-sign-in"),
        ("refresh_token:", "refresh_token: file:garbage", "partner-center-sign-in"),
        ("refresh_token:", "refresh_token: file:not-there", "partner-center-sign-in"),
        ("refresh_token:", "refresh_token: file:open-token", "secret-files"),
        ("store:", "store: sqlite:opportunity.map/state.db", "state-file"),
        ("store:", "store: sqlite:garbage", "state-file"),
        ("maps:", "maps: [broken.map]", "maps"),
        ("maps:", "maps: [other.map]", "maps"),
        ("maps:", "maps: [not-there.map]", "maps"),
        ("trust:", "trust: pinned garbage", "webhook-trust"),
        ("public_url:", "public_url: http://cosell.example.com", "webhook-address"),
        ("public_url:", "public_url: https://no-such-host.invalid", "webhook-address"),
        ("maps:", "maps: [opportunity.map, opportunity.map]", "configuration"),
        ("client_secret:", &version("20.0"), "salesforce-version"),
        ("client_secret:", &version("99.0"), "salesforce-version"),
        ("listen:", &taken, "listen"),
        ("maps:", "maps: [opportunity.map, second.map]", "maps"),
    ];
    for (begin, new, id) in planted {
        // Salesforce's sign-in address is the last one, Partner Center's the first.
        let wrong = ward.wrong(&[(begin, new)]);
        let found = wrong.iter().find(|(found, _)| found == id);
        assert!(found.is_some_and(|(_, to_do)| !to_do.is_empty()), "{new}: {wrong:?}");
    }
    let tenant = ward.wrong(&[("tenant:", "tenant: elsewhere.example")]);
    assert!(tenant[0].1.contains("the operator") && tenant[0].1.contains("`tenant`"), "{tenant:?}");
    let unknown = ward.wrong(&[("register:", "events: [referral-create]")]);
    assert_eq!(unknown[0].0, "configuration", "{unknown:?}");
}

#[tokio::test]
async fn what_the_two_systems_do_not_allow_is_found() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    sides.settled().await;
    let ward = Ward::new(&machine);
    let ids = |wrong: Vec<(String, String)>| -> Vec<String> {
        wrong.into_iter().map(|(id, _)| id).collect()
    };
    // The administrator hides a field from the sync user.
    let hidden = json!({ "rule": "field", "user": "cosell", "object": "Opportunity", "field": "Campaign_Code__c" });
    sides.admin.need("POST", "/salesforce/rules", Some(&hidden)).await.unwrap();
    let wrong = ward.wrong(&[]);
    assert!(wrong[0].1.contains("permission set Cosell_Sync"), "{wrong:?}");
    assert!(!wrong[0].1.contains("did you mean"), "{wrong:?}");
    assert_eq!(ids(wrong), ["salesforce-maps"]);
    sides.admin.need("DELETE", "/salesforce/rules", None).await.unwrap();
    // Of a list whose key is hidden one thing is said, not all that follows from it.
    let key = json!({ "rule": "field", "user": "cosell", "object": "Microsoft_Solution__c", "field": "Solution_Identifier__c" });
    sides.admin.need("POST", "/salesforce/rules", Some(&key)).await.unwrap();
    let wrong = ward.wrong(&[]);
    assert!(wrong.iter().filter(|(id, _)| id == "salesforce-maps").count() <= 2, "{wrong:#?}");
    assert!(!wrong.iter().any(|(_, to_do)| to_do.contains("match id with")), "{wrong:#?}");
    sides.admin.need("DELETE", "/salesforce/rules", None).await.unwrap();
    // Or lets the user see it only.
    let mut shown = hidden.clone();
    shown["readable"] = json!(true);
    sides.admin.need("POST", "/salesforce/rules", Some(&shown)).await.unwrap();
    let wrong = ward.wrong(&[]);
    assert!(wrong[0].1.starts_with("let the sync user edit it"), "{wrong:?}");
    assert_eq!(ids(wrong), ["salesforce-maps"]);
    sides.admin.need("DELETE", "/salesforce/rules", None).await.unwrap();
    // Or a whole object: the right is named once, the map is not blamed line by line.
    for (object, rights) in [("Opportunity", "Create, Edit"), ("Account", "Create")] {
        let only =
            json!({ "rule": "object", "user": "cosell", "object": object, "readable": true });
        sides.admin.need("POST", "/salesforce/rules", Some(&only)).await.unwrap();
        let wrong = ward.wrong(&[]);
        assert_eq!(wrong.len(), 1, "{wrong:#?}");
        assert_eq!(wrong[0].0, "salesforce-maps");
        assert!(wrong[0].1.starts_with(&format!("give it {rights} on {object} ")), "{wrong:#?}");
        sides.admin.need("DELETE", "/salesforce/rules", None).await.unwrap();
    }
    // With another thing that is wrong both are told.
    let only =
        json!({ "rule": "object", "user": "cosell", "object": "Opportunity", "readable": true });
    for rule in [&only, &hidden] {
        sides.admin.need("POST", "/salesforce/rules", Some(rule)).await.unwrap();
    }
    let wrong = ward.wrong(&[]);
    assert!(wrong.len() <= 3, "{wrong:#?}");
    assert!(wrong[0].1.starts_with("give it Edit on Opportunity "), "{wrong:#?}");
    assert!(
        wrong.iter().any(|(_, to_do)| to_do.contains("let the sync user see it")),
        "{wrong:#?}"
    );
    sides.admin.need("DELETE", "/salesforce/rules", None).await.unwrap();
    // The administrator hides the list of solutions from the sync user.
    let hidden = json!({ "rule": "object", "user": "cosell", "object": "Microsoft_Solution__c" });
    sides.admin.need("POST", "/salesforce/rules", Some(&hidden)).await.unwrap();
    let wrong = ward.checks(&[]);
    let wrong: Vec<&Value> = wrong.iter().filter(|check| check["state"] == "wrong").collect();
    assert!(
        !wrong.is_empty()
            && wrong.iter().all(|check| check["id"].as_str().unwrap().starts_with("salesforce-"))
    );
    assert!(
        wrong.iter().any(|check| check["said"].as_str().unwrap().contains("Microsoft_Solution")),
        "{wrong:#?}"
    );
    sides.admin.need("DELETE", "/salesforce/rules", None).await.unwrap();
    // The map asks for an object that the org has not.
    let map = fs::read_to_string(ward.folder.join("opportunity.map")).unwrap();
    ward.file("no-object.map", &map.replace("Microsoft_Solutions__r", "Nothings__r"));
    let wrong = ids(ward.wrong(&[("maps:", "maps: [no-object.map]")]));
    assert!(wrong.iter().any(|id| id == "maps" || id.starts_with("salesforce")), "{wrong:?}");
    // Somebody else gets the webhooks.
    let other = ward.checks(&[("public_url:", "public_url: http://127.0.0.1:1")]);
    let check = other.iter().find(|check| check["id"] == "webhook-registration").unwrap();
    assert_eq!(check["state"], "wrong", "{check:#}");
    assert!(check["to_do"].as_str().unwrap().contains("--overwrite"));
    // Partner Center refuses the user.
    let fault = json!({ "system": "partner_center", "status": 403, "times": "always" });
    let ordered = sides.admin.call("POST", "/faults", Some(&fault)).await.unwrap();
    assert!(ordered.0 < 300, "{ordered:?}");
    let wrong = ids(ward.wrong(&[]));
    assert!(wrong.iter().any(|id| id.starts_with("partner-center")), "{wrong:?}");
}

#[tokio::test]
async fn the_role_that_registering_needs_is_named() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    sides.settled().await;
    let fault = json!({
        "system": "webhooks", "path": "/webhooks/v1/registration", "status": 403, "times": "always",
    });
    let ordered = sides.admin.call("POST", "/faults", Some(&fault)).await.unwrap();
    assert!(ordered.0 < 300, "{ordered:?}");
    let checks = Ward::new(&machine).checks(&[]);
    let webhook = checks.iter().find(|check| check["id"] == "webhook-registration").unwrap();
    assert_eq!(webhook["state"], "wrong", "{webhook:#}");
    assert!(webhook["to_do"].as_str().unwrap().contains("role Referrals admin"), "{webhook:#}");
}

#[tokio::test]
async fn what_cannot_be_listened_to_is_found() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    sides.settled().await;
    let ward = Ward::new(&machine);
    let events = |checks: Vec<Value>| {
        checks.into_iter().find(|check| check["id"] == "salesforce-events").unwrap()
    };
    let fine = events(ward.checks(&[]));
    assert_eq!(fine["state"], "fine", "{fine:#}");
    assert!(fine["said"].as_str().unwrap().contains("Opportunity, "), "{fine:#}");
    let nowhere = events(ward.checks(&[("pubsub:", "pubsub: http://127.0.0.1:9")]));
    assert_eq!(nowhere["state"], "wrong", "{nowhere:#}");
    let fault = json!({"system": "pubsub", "status": 404, "path": "*/GetTopic", "times": "always"});
    sides.admin.need("POST", "/faults", Some(&fault)).await.unwrap();
    let silent = events(ward.checks(&[]));
    assert_eq!(silent["state"], "wrong", "{silent:#}");
    assert!(silent["to_do"].as_str().unwrap().contains("Change Data Capture"), "{silent:#}");
}

#[tokio::test]
async fn what_a_seller_may_not_see_or_edit_is_told() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    sides.settled().await;
    let config = machine.state().join("cosell.yaml");
    let of_seller = |user: &str| -> Vec<(String, String, String)> {
        let checks = doctor(&config, Some(user));
        let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
        let of = checks.iter().filter(|check| text(check, "id").starts_with("seller"));
        of.map(|check| (text(check, "id"), text(check, "state"), text(check, "said"))).collect()
    };
    for user in ["riley.rep@sandbox.example", "rep"] {
        let states: Vec<String> = of_seller(user).into_iter().map(|(_, state, _)| state).collect();
        assert_eq!(states, ["fine", "fine", "fine"], "{user}");
    }
    let field = |object: &str, field: &str, readable: bool| json!({ "rule": "field", "user": "rep", "object": object, "field": field, "readable": readable });
    let rules = [
        field("Opportunity", "Audit__c", false),
        field("Opportunity", "Sync_with_Partner_Center__c", true),
        field("Opportunity", "Referral_Link__c", true),
        field("Microsoft_Solution__c", "Type__c", false),
        field("Account", "BillingCountry", false),
    ];
    for rule in rules {
        sides.admin.need("POST", "/salesforce/rules", Some(&rule)).await.unwrap();
    }
    let told = of_seller("rep");
    assert_eq!(
        told[2],
        (
            "seller-fields".to_owned(),
            "wrong".to_owned(),
            "the seller does not see Account.BillingAddress, Microsoft_Solution__c.Type__c, Opportunity.Audit__c; \
             may not edit Opportunity.Sync_with_Partner_Center__c"
                .to_owned()
        ),
        "what only the service fills in need not be edited: {told:#?}"
    );
    let object = json!({ "rule": "object", "user": "rep", "object": "Microsoft_Solution__c" });
    sides.admin.need("POST", "/salesforce/rules", Some(&object)).await.unwrap();
    let told = of_seller("rep");
    assert_eq!(told[1].1, "wrong", "{told:#?}");
    assert!(told[1].2.starts_with("the seller does not see Microsoft_Solution__c"), "{told:#?}");
    assert!(!told[2].2.contains("Microsoft_Solution__c"), "{told:#?}");
    let told = of_seller("nobody@sandbox.example");
    assert_eq!((told.len(), told[0].1.as_str()), (1, "wrong"), "{told:#?}");
    // The sync user may not look at rights.
    let closed = json!({ "rule": "object", "user": "cosell", "object": "PermissionSetAssignment" });
    sides.admin.need("POST", "/salesforce/rules", Some(&closed)).await.unwrap();
    let told = of_seller("rep");
    assert!(told[1].2.contains("may not read who has which rights"), "{told:#?}");
}

#[tokio::test]
async fn the_role_and_the_publisher_are_seen_in_the_deals() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let ward = Ward::new(&machine);
    let check = |user: Option<&str>, id: &str| {
        let change = user.map(|user| ("refresh_token:", format!("refresh_token: file:{user}")));
        let change: Vec<(&str, &str)> =
            change.iter().map(|(begin, new)| (*begin, new.as_str())).collect();
        let checks = ward.checks(&change);
        let found = checks.iter().find(|check| check["id"] == id);
        found.unwrap_or_else(|| panic!("{checks:#?}"))["state"].as_str().unwrap().to_owned()
    };
    for (name, member, publisher) in [("One", "seller", "Elsewhere Ltd"), ("Two", "seller", "")] {
        let mut deal = inbound(name);
        deal["team"] = json!([{ "firstName": "S", "lastName": "M", "email": format!("{member}@sandbox.example") }]);
        deal["details"]["requirements"]["solutions"][0]["publisherName"] = json!(publisher);
        sides.microsoft_sends(&deal).await;
    }
    sides.settled().await;
    let order = json!({ "user": "seller" });
    let tokens = sides.admin.need("POST", "/partner-center/tokens", Some(&order)).await.unwrap();
    ward.file("seller", tokens["refresh_token"].as_str().unwrap());
    assert_eq!(check(Some("seller"), "partner-center-role"), "note");
    assert_eq!(check(None, "partner-center-role"), "skipped", "one person is in both teams");
    assert_eq!(check(None, "solution-publisher"), "note");
    let mut deal = inbound("Three");
    deal["team"] = json!([{ "firstName": "O", "lastName": "P", "email": "other@sandbox.example" }]);
    let made = sides.microsoft_sends(&deal).await;
    let partner = sides.referral(&made).await["organizationName"].clone();
    let solution = json!({ "details": { "requirements": { "solutions": [
        { "id": "SOL-20417-TWA", "type": "Name", "name": "Route Planner", "publisherName": partner }
    ] } } });
    sides.microsoft_changes(&made, &solution).await;
    assert_eq!(check(None, "partner-center-role"), "fine");
    assert_eq!(check(Some("seller"), "partner-center-role"), "note");
    assert_eq!(check(None, "solution-publisher"), "fine");
}

#[tokio::test]
async fn the_partner_id_is_compared_with_what_referrals_show() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let ward = Ward::new(&machine);
    let deal = sides.rep_shares("Harrow").await;
    let referral = sides.becomes_referral(&deal).await;
    let shown = sides.referral(&referral).await["mpnId"].as_str().unwrap().to_owned();
    let state = |id: &str| {
        let account = format!("account: own\n  partner_id: \"{id}\"");
        let checks = ward.checks(&[("account:", &account)]);
        let check = checks.iter().find(|check| check["id"] == "partner-id").unwrap();
        (check["state"].clone(), check["said"].as_str().unwrap().to_owned())
    };
    assert_eq!(state(&shown).0, "fine");
    let (wrong, said) = state("9999999");
    assert_eq!(wrong, "wrong");
    assert!(said.contains("9999999") && said.contains(&shown), "{said}");
}

#[tokio::test]
async fn a_solution_that_is_ready_is_found_in_the_imported_list() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    sides.settled().await;
    let ward = Ward::new(&machine);
    let state = |status: &str| {
        let list =
            format!("Solution ID,Solution name,Co-sell status\nSOL-1,Route Planner,{status}\n");
        let list = ward.file("solutions.csv", &list);
        let (code, said) = beside(&machine, &["solutions", "import", list.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{said}");
        let checks = ward.checks(&[]);
        checks.iter().find(|check| check["id"] == "solution-ready").unwrap()["state"].clone()
    };
    assert_eq!(state("In market"), "wrong");
    assert_eq!(state("Co-sell ready"), "fine");
}
