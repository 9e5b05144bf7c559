//! `cosell schema pull`: the describes of an org, by the real sandbox; and every way in which it fails.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::folder::{Done, Folder, command, run};

/// The maps that we ship.
const MAPS: [(&str, &str); 2] = [
    ("maps/opportunity.map", include_str!("../../mappings/opportunity.map")),
    ("maps/lead.map", include_str!("../../mappings/lead.map")),
];

/// What they look into.
const OBJECTS: [&str; 7] = [
    "Account",
    "Contact",
    "Lead",
    "Microsoft_Solution__c",
    "Opportunity",
    "OpportunityContactRole",
    "User",
];

const HEAD: &str = "language 1\nmapping deal \"Deal\"\nside referral is partner_center Referral\n\
side opportunity is salesforce Opportunity\nmatch referral.id with opportunity.Referral_Identifier__c\n";

/// A running `cosell sandbox`, and a project in a folder whose configuration names it.
struct House {
    folder: Folder,
    sandbox: Child,
    ready: Value,
}

impl House {
    fn new() -> House {
        House::in_folder(Folder::new(), &[])
    }

    /// The same with files that are there already, and more words for the sandbox.
    fn in_folder(folder: Folder, more: &[&str]) -> House {
        let words = [&["sandbox", "--with-parent", "--ready-file", "ready.json"], more].concat();
        let mut start = command(&folder.path(""), &words);
        let sandbox = start.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let since = Instant::now();
        while !folder.path("ready.json").exists() {
            assert!(since.elapsed() < Duration::from_mins(1), "the sandbox does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        let ready: Value = serde_json::from_str(&folder.read("ready.json")).unwrap();
        let house = House { folder, sandbox, ready };
        house.folder.write("secret", house.text("salesforce", "client_secret"));
        house.config(&house.text("salesforce", "url"), &["maps/opportunity.map", "maps/lead.map"]);
        for (name, text) in MAPS {
            house.folder.write(name, text);
        }
        house
    }

    fn text(&self, part: &str, name: &str) -> String {
        self.ready[part][name].as_str().unwrap().to_owned()
    }

    fn config(&self, login: &str, maps: &[&str]) {
        let maps = maps.join(", ");
        let client = self.text("salesforce", "client_id");
        let text = format!(
            "environment: staging\nmaps: [{maps}]\nsalesforce:\n  login: {login}\n  client_id: {client}\n  client_secret: file:secret\n"
        );
        self.folder.write("cosell.yaml", text);
    }

    fn pull(&self, more: &[&str]) -> Done {
        self.folder.run(&[&["schema", "pull"], more].concat())
    }

    /// Asks the sandbox for a fault.
    fn fault(&self, fault: &Value) {
        let admin = sandbox::Remote::new(&self.text("admin", "url"), &self.text("admin", "token"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(admin.unwrap().need("POST", "/faults", Some(fault))).unwrap();
    }

    /// Everything in `orgs/`, hidden files too: content and time of the last change.
    fn orgs(&self) -> BTreeMap<String, (String, SystemTime)> {
        let mut found = BTreeMap::new();
        let Ok(orgs) = std::fs::read_dir(self.folder.path("orgs")) else { return found };
        for org in orgs {
            for file in std::fs::read_dir(org.unwrap().path()).unwrap() {
                let file = file.unwrap();
                let time = file.metadata().unwrap().modified().unwrap();
                let text = std::fs::read_to_string(file.path()).unwrap();
                found.insert(file.file_name().to_string_lossy().into_owned(), (text, time));
            }
        }
        found
    }

    /// A pull that fails, says all of `words`, and changes nothing.
    #[track_caller]
    fn fails(&self, more: &[&str], words: &[&str]) {
        let before = self.orgs();
        let done = self.pull(more).ends(2);
        for word in words {
            assert!(done.err.contains(word), "`{word}` in {}", done.err);
        }
        assert!(done.err.contains("help: ") && done.out.is_empty(), "{}{}", done.out, done.err);
        assert!(!done.err.contains(self.folder.read("secret").trim()), "{}", done.err);
        assert_eq!(self.orgs(), before);
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

#[test]
fn what_is_pulled_is_what_maps_are_checked_against() {
    let house = House::new();
    let done = house.pull(&[]).ends(0);
    let wanted: Vec<String> = OBJECTS.iter().map(|name| format!("{name}.json")).collect();
    let orgs = house.orgs();
    assert_eq!(orgs.keys().cloned().collect::<Vec<_>>(), wanted);
    assert_eq!(done.out.matches("  new, ").count(), OBJECTS.len(), "{}", done.out);
    assert!(done.err.contains("7 objects of http://127.0.0.1:"), "{}", done.err);
    assert!(done.err.contains("`cosell check --org orgs/local`"), "{}", done.err);
    for (name, (text, _)) in &orgs {
        assert!(text.starts_with("{\n  \"") && text.ends_with("\n}\n"), "{name}: {text}");
        for secret in
            [house.text("salesforce", "client_secret"), house.text("salesforce", "access_token")]
        {
            assert!(!text.contains(&secret), "{name}");
        }
    }

    let checked = house.folder.run(&["check", "maps", "--org", "local"]).ends(0);
    assert!(checked.err.contains("2 files, 0 errors"), "{}", checked.err);
    let (_, map) = MAPS[0];
    house.folder.write("maps/opportunity.map", map.replace("Campaign_Code__c", "Campagn_Code__c"));
    let checked =
        house.folder.run(&["check", "maps", "--org", "local", "--format", "json"]).ends(1);
    let found = checked.json();
    assert_eq!(found[0]["code"], "map::unknown-field");
    assert!(found[0]["help"].as_str().unwrap().contains("`Campaign_Code__c`"), "{found}");
    let contact = map.replace("<-> Contact.Phone", "<-> Contact.Fone");
    house.folder.write("maps/opportunity.map", contact);
    let checked =
        house.folder.run(&["check", "maps", "--org", "local", "--format", "json"]).ends(1);
    assert_eq!(checked.json()[0]["code"], "map::unknown-field", "a field of a looked-up object");

    // The second time there is nothing new, and no file is touched.
    let again = house.pull(&[]).ends(0);
    assert_eq!(again.out.matches("  the same\n").count(), OBJECTS.len(), "{}", again.out);
    assert_eq!(house.orgs(), orgs);
    house.pull(&["--check"]).ends(0);
    // From a folder below, the `orgs/` above is the one.
    let below = house.folder.path("maps");
    let config = ["schema", "pull", "--config", "../cosell.yaml"];
    let below = run(&below, &config, b"").ends(0);
    assert!(
        below.out.contains("../orgs/local/User.json                    the same"),
        "{}",
        below.out
    );
}

/// As many fields as Microsoft's connector breaks off at in some organisations.
#[test]
fn an_org_with_many_hundred_fields_is_pulled_and_checked_like_any_other() {
    let small = House::new();
    small.pull(&["--org", "small"]).ends(0);
    let folder = Folder::new();
    for object in OBJECTS {
        let text = small.folder.read(&format!("orgs/small/{object}.json"));
        let mut described: Value = serde_json::from_str(&text).unwrap();
        let fields = described["fields"].as_array_mut().unwrap();
        if object == "Opportunity" {
            let own = fields.iter().find(|field| field["name"] == "NextStep").unwrap().clone();
            for number in fields.len()..650 {
                let mut field = own.clone();
                field["name"] = json!(format!("Own_{number}__c"));
                field["label"] = json!(format!("Own {number}"));
                field["custom"] = json!(true);
                fields.push(field);
            }
        }
        folder.write(&format!("wide/{object}.json"), described.to_string());
    }
    let wide = House::in_folder(folder, &["--org", "wide"]);
    wide.pull(&["--org", "acme"]).ends(0);
    let pulled: Value =
        serde_json::from_str(&wide.folder.read("orgs/acme/Opportunity.json")).unwrap();
    assert_eq!(pulled["fields"].as_array().unwrap().len(), 650);
    let checked = wide.folder.run(&["check", "maps", "--org", "acme"]).ends(0);
    assert!(checked.err.contains("2 files, 0 errors"), "{}", checked.err);
    // What is read of a record does not grow with the organisation.
    let reads = |house: &House, org: &str| {
        let plan = ["plan", "maps/opportunity.map", "--org", org, "--format", "json"];
        house.folder.run(&plan).ends(0).json()["sides"][1]["reads"].clone()
    };
    assert_eq!(reads(&wide, "acme"), reads(&small, "small"));
}

#[test]
fn what_is_new_is_told_and_only_that_is_written() {
    let house = House::new();
    // The name, the folder and more objects are given; names count in any case.
    house.pull(&["--org", "acme", "opportunitystage", "Account"]).ends(0);
    assert_eq!(house.orgs().len(), OBJECTS.len() + 1);
    let before = house.orgs();
    let path = |name: &str| format!("orgs/acme/{name}.json");
    let mut deal: Value = serde_json::from_str(&house.folder.read(&path("Opportunity"))).unwrap();
    let fields = deal["fields"].as_array_mut().unwrap();
    fields.retain(|field| field["name"] != "Campaign_Code__c");
    fields.push(json!({"name": "Gone__c", "type": "string"}));
    fields.iter_mut().find(|field| field["name"] == "NextStep").unwrap()["length"] = json!(80);
    deal["recordTypeInfos"] = json!([{"name": "Old", "recordTypeId": "012000000000000AAA"}]);
    house.folder.write(&path("Opportunity"), format!("{deal:#}\n"));
    house.folder.write(&path("Lead"), "not yet");
    let contact: Value = serde_json::from_str(&house.folder.read(&path("Contact"))).unwrap();
    house.folder.write(&path("Contact"), contact.to_string());

    let changed = house.orgs();
    let checked = house.pull(&["--org", "acme", "--check", "--format", "json"]).ends(1).json();
    assert_eq!(house.orgs(), changed, "nothing is written");
    let objects = checked["objects"].as_array().unwrap();
    let row = objects.iter().find(|row| row["object"] == "Opportunity").unwrap();
    assert_eq!((&row["state"], &row["added"]), (&json!("changed"), &json!(["Campaign_Code__c"])));
    assert_eq!((&row["removed"], &row["changed"]), (&json!(["Gone__c"]), &json!(["NextStep"])));
    assert_eq!(row["file"], path("Opportunity"));

    // What is read with `--org` and was not pulled is told.
    house.folder.write(&path("deals"), deal.to_string()).write(&path("package"), "{}");
    let done = house.pull(&["--org", "acme"]).ends(0);
    for note in [
        "note: orgs/acme/OpportunityStage.json was not pulled, because no map looks into",
        "note: orgs/acme/deals.json tells of `Opportunity` too",
    ] {
        assert!(done.err.contains(note), "{note}\n{}", done.err);
    }
    assert_eq!(done.err.matches("note: ").count(), 2, "{}", done.err);
    for line in [
        "Opportunity.json             changed: 1 field added (Campaign_Code__c), 1 field removed (Gone__c), \
1 field changed (NextStep), record types\n",
        "Lead.json                    changed: the file was no describe\n",
        "Contact.json                 changed: the layout alone\n",
        "User.json                    the same\n",
    ] {
        assert!(done.out.contains(line), "{line}{}", done.out);
    }
    let after = house.orgs();
    for (name, (text, time)) in &before {
        assert_eq!(&after[name].0, text, "{name}");
        let rewritten = ["Opportunity.json", "Lead.json", "Contact.json"].contains(&name.as_str());
        assert_eq!(after[name].1 == *time, !rewritten, "{name}");
    }
}

#[test]
fn maps_with_errors_are_pulled_for_as_far_as_they_can_be_read() {
    let house = House::new();
    let lines = "fields\n  name => Name\n  name <-> Nmae\n  name -> Account.Parent.Name\nend\n\
each team with OpportunityTeamMembers\n  match email with User.Email\nend\n";
    house.folder.write("maps/deal.map", format!("{HEAD}{lines}"));
    house.config(&house.text("salesforce", "url"), &["maps/deal.map"]);
    let done = house.pull(&[]).ends(0);
    assert!(done.err.contains("note: maps/deal.map has 1 error"), "{}", done.err);
    let names: Vec<String> = house.orgs().keys().cloned().collect();
    let wanted = ["Account.json", "Opportunity.json", "OpportunityTeamMember.json", "User.json"];
    assert_eq!(names, wanted);

    house.folder.write("maps/deal.map", "extends nowhere\n");
    house.fails(&[], &["what maps/deal.map needs of the org cannot be told", "map::unknown-base"]);
}

#[test]
fn objects_that_the_org_does_not_show_are_told_with_the_nearest() {
    let house = House::new();
    house.pull(&[]).ends(0);
    let words = [
        "has no object `Oportunity`",
        "the sync user may not see it",
        "did you mean `Opportunity`?",
    ];
    house.fails(&["Account", "Oportunity"], &words);
    house.fails(&["../x"], &["`../x` cannot be an object", "correct the name"]);
    let lines =
        "related Acount through AccountId\n  customerProfile.name -> Name on create only\nend\n";
    house.folder.write("maps/deal.map", format!("{HEAD}{lines}"));
    house.config(&house.text("salesforce", "url"), &["maps/deal.map"]);
    house.fails(
        &[],
        &["maps/deal.map:6: the org at", "no object `Acount`", "did you mean `Account`?"],
    );
}

#[test]
fn a_failure_on_the_way_leaves_every_file_as_it_was() {
    let house = House::new();
    let nothing = house.orgs();
    let describe = |status: u16| json!({"system": "salesforce", "path_contains": "/User/describe", "status": status});
    house.fault(&describe(503));
    house.fails(&[], &["cannot read `User` of the org at http", "no file was changed"]);
    assert_eq!(house.orgs(), nothing, "the folder is not even made");
    house.pull(&[]).ends(0);
    house.folder.write("orgs/local/Account.json", "{}");
    for status in [500, 403, 429] {
        house.fault(&describe(status));
        house.fails(&[], &["cannot read `User`", "then pull again"]);
    }
    house.fault(&json!({"system": "salesforce", "path_contains": "/describe", "after": 2, "status": "close"}));
    house.fails(&[], &["the connection ended", "then pull again"]);

    let good = house.folder.read("secret");
    house.folder.write("secret", "a-wrong-secret");
    house.fails(
        &[],
        &[
            "signing in was refused",
            "invalid_client",
            "the operator (client id and client secret) must act",
        ],
    );
    house.folder.write("secret", good);

    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    house.config(&nobody, &["maps/opportunity.map"]);
    house.fails(
        &[],
        &["cannot read `Opportunity` of the org at", "no connection", "`salesforce.login`"],
    );
    house.config(&format!("http://{}", strange()), &["maps/opportunity.map"]);
    house.fails(&[], &["the answer about `Opportunity`", "expected JSON", "`salesforce.login`"]);
    house.folder.write("cosell.yaml", "environment: production\nmaps: [maps/opportunity.map]\nsalesforce:\n  login: https://acme.my.salesforce.com\n  client_id: x\n  client_secret: env:COSELL_NO_SUCH\n");
    house.fails(&[], &["cosell.yaml:6:", "set COSELL_NO_SUCH", "cosell.yaml cannot be used"]);
}

/// A server that lets everyone in, and shows a web page in the place of every object.
fn strange() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 4096];
            let read = stream.read(&mut asked).unwrap_or_default();
            let asked = String::from_utf8_lossy(&asked[..read]).into_owned();
            let token = format!(r#"{{"access_token":"t","instance_url":"http://{address}"}}"#);
            let body =
                if asked.contains("/oauth2/token") { &token } else { "<html>Welcome</html>" };
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    address
}

#[test]
fn a_folder_that_cannot_be_written_is_told_and_left_as_it_was() {
    let house = House::new();
    house.folder.write("taken", "a file");
    house.fails(&["--org", "taken/acme"], &["cannot write to taken/acme: taken is a file"]);
    house.pull(&[]).ends(0);
    // A file that cannot be replaced: those before it are left as they were too.
    house.folder.write("orgs/local/Account.json", "{}");
    std::fs::remove_file(house.folder.path("orgs/local/User.json")).unwrap();
    std::fs::create_dir(house.folder.path("orgs/local/User.json")).unwrap();
    let done = house.pull(&[]).ends(2);
    assert!(done.err.contains("orgs/local/User.json: it is a folder"), "{}", done.err);
    assert_eq!(house.folder.read("orgs/local/Account.json"), "{}");
    std::fs::remove_dir(house.folder.path("orgs/local/User.json")).unwrap();

    let folder = house.folder.path("orgs/local");
    let mut rights = std::fs::metadata(&folder).unwrap().permissions();
    let before = rights.clone();
    rights.set_readonly(true);
    std::fs::set_permissions(&folder, rights).unwrap();
    house.fails(&[], &["cannot write to orgs/local: it is write-protected"]);
    std::fs::set_permissions(&folder, before).unwrap();
    house.pull(&["--check"]).ends(1);
}

/// No file may become larger than 70 KiB: as on a disk that is full after some of them.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_leaves_every_file_as_it_was() {
    let house = House::new();
    for file in ["Account", "Opportunity"] {
        house.folder.write(&format!("orgs/local/{file}.json"), "{}");
    }
    let before = house.orgs();
    let limited = "trap '' XFSZ; ulimit -f 190; exec \"$0\" schema pull";
    let output = std::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_cosell")])
        .current_dir(house.folder.path(""))
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("cannot write orgs/local/Lead.json: "), "{err}");
    assert_eq!(house.orgs(), before);
}
