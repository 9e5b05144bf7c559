//! `cosell sandbox` and the commands that talk to one that runs: as a rep, with faults, the log.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::folder::{Done, Folder, command};

/// A running `cosell sandbox` and the folder with its ready file.
struct House {
    folder: Folder,
    sandbox: Child,
}

impl House {
    fn new(more: &[&str]) -> House {
        let folder = Folder::new();
        let mut args = vec!["sandbox", "--with-parent", "--ready-file", "ready.json"];
        args.extend(more);
        let mut start = command(&folder.path(""), &args);
        let sandbox = start.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let since = Instant::now();
        while !folder.path("ready.json").exists() {
            assert!(since.elapsed() < Duration::from_mins(1), "the sandbox does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        House { folder, sandbox }
    }

    fn run(&self, args: &[&str]) -> Done {
        let mut all = vec!["sandbox"];
        all.extend(args);
        self.folder.run(&all)
    }

    /// What a command says as JSON.
    fn json(&self, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.push("--json");
        self.run(&all).ends(0).json()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // A test may have ended it already.
        let _ = self.sandbox.kill();
        self.sandbox.wait().unwrap();
    }
}

#[test]
fn a_rep_works_in_salesforce() {
    let house = House::new(&[]);
    let id = house.run(&["rep", "create", "Account", "Name=Alpine Freight AG"]).ends(0).out;
    let id = id.trim();
    assert_eq!(id.len(), 18);
    let changed =
        house.run(&["rep", "edit", "Account", id, "Site=Altdorf", "NumberOfEmployees=60"]);
    assert_eq!(changed.ends(0).out, "Site               Altdorf\nNumberOfEmployees  60\n");
    let shown = house.run(&["rep", "get", "Account", id]).ends(0).out;
    assert!(shown.contains("Name               Alpine Freight AG\n") && !shown.contains("Website"));
    let query = "SELECT Name, Owner.Name FROM Account";
    let rows = house.run(&["rep", "query", query]).ends(0).out;
    let table = "Name               Owner.Name\nAlpine Freight AG  Riley Rep\n1 row\n";
    assert_eq!(rows, table);
    assert_eq!(house.json(&["rep", "query", query])["totalSize"], json!(1));
    house.run(&["rep", "delete", "Account", id]).ends(0);
    assert_eq!(house.run(&["rep", "query", query]).ends(0).out, "0 rows\n");

    let wrong = house.run(&["rep", "create", "Acount", "Name=x"]).ends(2);
    assert_eq!(wrong.err, "error: there is no object `Acount`\n  help: did you mean `Account`?\n");
    let wrong = house.run(&["rep", "create", "Account", "Nam=x"]).ends(2);
    assert!(wrong.err.contains("No such column 'Nam'"), "{}", wrong.err);
    let wrong = house.run(&["rep", "edit", "Account", id]).ends(2);
    assert!(wrong.err.contains("nothing is to be changed"), "{}", wrong.err);
    let wrong = house.run(&["rep", "edit", "Account", id, "Name"]).ends(2);
    assert!(wrong.err.contains("`Name` is not NAME=VALUE"), "{}", wrong.err);
}

#[test]
fn faults_are_ordered_seen_in_the_log_and_forgotten() {
    let house = House::new(&[]);
    let path = "*/sobjects/Account";
    let add = ["faults", "add", "lock_row", "--system", "salesforce", "--path", path, "--nth", "2"];
    let listed = house.run(&add).ends(0).out;
    assert!(listed.contains("lock_row") && listed.contains("after 1 more"), "{listed}");
    let create = ["rep", "create", "Account", "Name=x"];
    house.run(&create).ends(0);
    let refused = house.run(&create).ends(2);
    assert!(refused.err.contains("unable to obtain exclusive access"), "{}", refused.err);
    house.run(&create).ends(0);
    assert_eq!(house.run(&["faults", "list"]).ends(0).out, "no fault is ordered\n");

    let log = house.run(&["log", "--fault", "any"]).ends(0).out;
    assert!(log.contains("  400  ") && log.trim_end().ends_with("[lock_row]"), "{log}");
    assert_eq!(log.lines().count(), 1);
    let whole = house.run(&["log", "--fault", "any", "--bodies"]).ends(0).out;
    assert!(whole.contains("  > authorization: Bearer [redacted]\n"), "{whole}");
    assert!(whole.contains("UNABLE_TO_LOCK_ROW"), "{whole}");
    let lines = house.json(&["log", "--method", "post", "--status", "2xx"]);
    assert_eq!(lines.as_array().unwrap().len(), 2);
    assert_eq!(
        house.run(&["log", "--user", "nobody"]).ends(0).out,
        "no such request was received\n"
    );

    // A plan that was read back can be ordered again.
    let plan = house.json(&["faults", "list"]);
    house.folder.write("plan.json", plan.to_string());
    house.run(&["faults", "add", "--file", "plan.json"]).ends(0);
    house.run(&["faults", "add", "503", "--system", "webhooks", "--probability", "0.5"]).ends(0);
    let armed = house.json(&["faults", "list"])["armed"].clone();
    assert_eq!(armed.as_array().unwrap().len(), 2);
    let number = armed[0]["number"].to_string();
    let left = house.run(&["faults", "clear", &number]).ends(0).out;
    assert!(left.contains("503") && left.contains("probability 0.5"), "{left}");
    house.run(&["faults", "clear"]).ends(0);

    let wrong = house.run(&["faults", "add", "lockrow", "--system", "salesforce"]).ends(2);
    assert!(wrong.err.contains("did you mean lock_row?"), "{}", wrong.err);
    let wrong = house.run(&["faults", "add", "lock_row", "--system", "salesforc"]).ends(2);
    assert!(wrong.err.contains("similar value exists: 'salesforce'"), "{}", wrong.err);
    house.run(&["fault", "list"]).ends(2);
}

#[test]
fn microsoft_and_the_partner_act_on_deals() {
    let house = House::new(&[]);
    let halves = house.json(&["microsoft", "new", "name=Depot", "details.dealValue=52000"]);
    let id = halves["own"]["id"].as_str().unwrap().to_owned();
    assert_eq!(halves["own"]["details"]["dealValue"], json!(52000));
    let listed = house.run(&["portal", "list"]).ends(0).out;
    assert!(listed.contains(&format!("{id}  New/Received")), "{listed}");
    assert!(listed.contains("52000 CHF  Depot") && listed.contains("Microsoft's half"), "{listed}");
    let line = house.run(&["portal", "accept", &id]).ends(0).out;
    assert!(line.starts_with(&format!("{id}  Active/Accepted")), "{line}");
    house.run(&["portal", "edit", &id, "details.dealValue=60000"]).ends(0);
    house.run(&["microsoft", "edit", &id, "details.notes=Budget is approved"]).ends(0);
    house.run(&["microsoft", "crm-id", &id, "7-AB12CD34"]).ends(0);
    let shown = house.json(&["portal", "show", &id]);
    assert_eq!(shown["trackingInfo"]["microsoftMsxId"], json!("7-AB12CD34"));
    assert_eq!(shown["details"]["dealValue"], json!(60000));
    house.run(&["microsoft", "win", &id]).ends(0);
    let wrong = house.run(&["microsoft", "lose", &id]).ends(2);
    assert!(wrong.err.starts_with("error: the sandbox refused it: "), "{}", wrong.err);

    let id = house.json(&["microsoft", "new"])["own"]["id"].as_str().unwrap().to_owned();
    let line = house.run(&["portal", "decline", &id, "--reason", "Not now"]).ends(0).out;
    assert!(line.contains("Closed/Declined"), "{line}");
    let own = house.json(&["portal", "new", "name=Fleet"]);
    assert_eq!((&own["name"], &own["status"]), (&json!("Fleet"), &json!("Active")));
    let wrong = house.run(&["portal", "accept", "no-such-id"]).ends(2);
    assert!(wrong.err.contains("see what there is: `cosell sandbox portal list`"), "{}", wrong.err);
}

#[test]
fn the_clock_is_moved_and_deals_that_nobody_answered_expire() {
    let house = House::new(&["--clock", "clock"]);
    let id = house.json(&["microsoft", "new"])["own"]["id"].as_str().unwrap().to_owned();
    house.run(&["clock", "set", "+1d"]).ends(0);
    let now = house.run(&["clock", "advance", "14d"]).ends(0).out;
    assert!(now.trim_end().ends_with("(+1296000s)"), "{now}");
    assert_eq!(house.run(&["clock", "show"]).ends(0).out.len(), now.len());
    assert_eq!(house.folder.read("clock").trim(), "+1296000s");
    assert_eq!(house.json(&["portal", "show", &id])["substatus"], json!("Expired"));
    let wrong = house.run(&["clock", "advance", "soon"]).ends(2);
    assert!(wrong.err.contains("such as 14d"), "{}", wrong.err);
}

#[test]
fn what_it_costs_is_told_and_everything_is_forgotten() {
    let house = House::new(&["--referrals", "40", "--seed", "3"]);
    let count = |house: &House, object: &str| {
        let soql = format!("SELECT COUNT() FROM {object}");
        house.json(&["rep", "query", &soql])["totalSize"].as_u64().unwrap()
    };
    assert_eq!((count(&house, "Account"), count(&house, "Contact")), (16, 16));
    assert!(count(&house, "Opportunity") > 20);
    let listed = house.json(&["portal", "list", "--limit", "200"]);
    let own = listed["value"].as_array().unwrap().iter().filter(|r| r["organizationId"] != "msft");
    assert_eq!(own.count(), 40);
    let usage = house.json(&["usage"]);
    assert!(usage["requests"]["total"].as_u64().unwrap() >= 4, "{usage}");
    assert!(house.run(&["usage"]).ends(0).out.starts_with("up  "));
    house.run(&["reset"]).ends(0);
    assert_eq!(count(&house, "Opportunity"), 0);
    assert_eq!(house.run(&["portal", "list"]).ends(0).out, "there are no referrals\n");
}

#[test]
fn a_sandbox_that_is_not_there_is_told_with_what_to_do() {
    let folder = Folder::new();
    let done = folder.run(&["sandbox", "usage"]).ends(2);
    assert!(
        done.err.starts_with("error: there is no ready.json\n  help: name the file"),
        "{}",
        done.err
    );
    folder.write("other.json", "{}");
    let done = folder.run(&["sandbox", "log", "--ready-file", "other.json"]).ends(2);
    assert!(done.err.contains("other.json is not the ready file of a sandbox"), "{}", done.err);
    let ready = json!({
        "salesforce": { "url": "http://127.0.0.1:9", "access_token": "x" },
        "admin": { "url": "http://127.0.0.1:9", "token": "x" },
    });
    folder.write("ready.json", ready.to_string());
    let done = folder.run(&["sandbox", "reset"]).ends(2);
    assert!(done.err.contains("the sandbox of ready.json does not answer"), "{}", done.err);
    let done = folder.run(&["sandbox", "microsft", "new"]).ends(2);
    assert!(done.err.contains("microsoft"), "{}", done.err);
    for command in ["microsoft", "portal", "rep", "log", "faults", "clock", "reset", "usage"] {
        let help = folder.run(&["sandbox", command, "--help"]).ends(0).out;
        assert!(help.contains(&format!("Examples:\n  cosell sandbox {command}")), "{help}");
    }
}

#[test]
fn the_log_is_followed_as_requests_come_until_the_sandbox_ends() {
    let mut house = House::new(&[]);
    let create = ["rep", "create", "Account", "Name=before"];
    house.run(&create).ends(0);
    let args = ["sandbox", "log", "--follow", "--json", "--method", "POST"];
    let mut follow = command(&house.folder.path(""), &args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (say, hear) = std::sync::mpsc::channel::<Value>();
    let lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let reader = std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            say.send(serde_json::from_str(&line).unwrap()).unwrap();
        }
    });
    let next = || hear.recv_timeout(Duration::from_secs(20)).expect("a line");
    let first = next();
    assert!(first["request"]["body"].as_str().unwrap().contains("before"), "{first}");
    let mut last = first["number"].as_u64().unwrap();
    for n in 0..5 {
        house.run(&["rep", "create", "Account", &format!("Name=n{n}")]).ends(0);
    }
    for n in 0..5 {
        let line = next();
        let body = line["request"]["body"].as_str().unwrap();
        assert!(body.contains(&format!("n{n}")), "each once and in order: {line}");
        assert!(line["number"].as_u64().unwrap() > last);
        last = line["number"].as_u64().unwrap();
    }
    house.sandbox.kill().unwrap();
    house.sandbox.wait().unwrap();
    let status = follow.wait().unwrap();
    reader.join().unwrap();
    let mut told = String::new();
    follow.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(status.code(), Some(2));
    assert!(told.contains("does not answer"), "{told}");
}

#[test]
fn slips_are_told_with_what_may_be_meant() {
    let house = House::new(&[]);
    let id = house.json(&["portal", "new"])["id"].as_str().unwrap().to_owned();
    let account = house.run(&["rep", "create", "Account", "Name=x"]).ends(0).out;
    let mut wrongs = Vec::new();
    for (args, told) in [
        (vec!["log", "--method", "posts"], "did you mean `POST`?"),
        (vec!["log", "--status", "9xx"], "there is no status `9xx`"),
        (vec!["log", "--fault", "lockrow"], "did you mean `lock_row`?"),
        (vec!["log", "--system", "salesfroce"], "'salesforce'"),
        (vec!["portal", "new", "nmae=x"], "did you mean name?"),
        (vec!["portal", "new", "details.dealVaule=5"], "did you mean dealValue?"),
        (vec!["portal", "edit", &id, "details.dealVaule=5"], "did you mean details.dealValue?"),
        (vec!["portal", "edit", &id], "nothing is to be changed"),
        (vec!["portal", "edit", &id, "name"], "is not NAME=VALUE"),
        (vec!["portal", "acept", &id], "'accept'"),
        (vec!["portal", "show", "nothing"], "cosell sandbox portal list"),
        (vec!["portal", "sign-in", "NOTHING"], "No device waits for this code"),
        (vec!["microsoft", "acept", &id], "'accept'"),
        (vec!["microsoft", "accept", &id], "Microsoft has no part in this engagement"),
        (vec!["rep", "create", "Acount", "Name=x"], "did you mean `Account`?"),
        (vec!["rep", "edit", "Account", account.trim(), "Nmae=x"], "did you mean `Name`?"),
        (vec!["rep", "query", "SELECT Nme FROM Account"], "No such column 'Nme'"),
        (vec!["clock", "advance", "soon"], "error: "),
        (vec!["clock", "advnce", "1d"], "'advance'"),
        (vec!["faults", "add", "503"], "--system"),
        (vec!["faults", "add", "99", "--system", "salesforce"], "from 400 to 599"),
        (vec!["faults", "add", "503", "--system", "webhooks", "--times", "x"], "takes a number"),
        (vec!["faults", "clear", "77"], "no fault of this number"),
        (vec!["reset", "--keep-registrations"], "'--keep-registration'"),
        (vec!["usage", "--jsn"], "'--json'"),
    ] {
        let done = house.run(&args).ends(2);
        if !done.err.contains(told) {
            wrongs.push(format!("{args:?}: {}", done.err));
        }
    }
    assert!(wrongs.is_empty(), "{wrongs:#?}");
}

#[test]
fn each_act_shows_an_example() {
    let folder = Folder::new();
    for (command, acts) in [
        ("microsoft", "new accept decline win lose edit crm-id"),
        ("portal", "list show new accept decline edit sign-in"),
        ("rep", "create edit get delete query"),
        ("faults", "list add clear"),
        ("clock", "show advance set"),
    ] {
        for act in acts.split(' ') {
            let help = folder.run(&["sandbox", command, act, "--help"]).ends(0).out;
            let example = format!("Example:\n  cosell sandbox {command} {act}");
            assert!(help.contains(&example), "{help}");
        }
    }
}
