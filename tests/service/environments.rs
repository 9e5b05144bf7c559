//! Several environments in one service: production with a shadow, kinds that do not fit, a shared account.
//!
//! In: sandboxes of either kind, configurations of a test's own. Out: what each system was written, what each
//! environment says. Must not know: the service inside.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use sandbox::Remote;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::machine::cosell;
use crate::promotion::promoted;
use crate::raw::request;
use crate::sides::{PATIENCE, Sides, eventually, inbound, text};

/// A folder with programs that end when it is dropped.
pub(crate) struct Town {
    folder: tempfile::TempDir,
    port: u16,
    programs: Vec<(String, Child)>,
}

impl Drop for Town {
    fn drop(&mut self) {
        for (_, program) in self.programs.iter_mut().rev() {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

impl Town {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let map = include_str!("../../mappings/opportunity.map");
        fs::write(folder.path().join("opportunity.map"), map).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        Self { folder, port, programs: Vec::new() }
    }

    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a program, which writes `NAME.json` when it is ready and tells `NAME.log` what happens.
    pub(crate) fn start(&mut self, name: &str, args: &[&str]) {
        let mut command = cosell();
        command.args(args).args(["--with-parent", "--ready-file"]);
        command.arg(self.place(&format!("{name}.json")));
        let log = fs::File::create(self.place(&format!("{name}.log"))).unwrap();
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).spawn();
        self.programs.push((name.to_owned(), child.unwrap()));
    }

    async fn ready(&mut self, name: &str) -> Value {
        let (file, log) = (self.place(&format!("{name}.json")), self.place(&format!("{name}.log")));
        let since = Instant::now();
        loop {
            let found = fs::read_to_string(&file).ok();
            if let Some(ready) = found.and_then(|text| serde_json::from_str(&text).ok()) {
                return ready;
            }
            let log = fs::read_to_string(&log).unwrap_or_default();
            assert!(since.elapsed() < PATIENCE, "{name} does not start:\n{log}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// A sandbox whose Salesforce is of this kind; what its ready file says.
    pub(crate) async fn sandbox(&mut self, name: &str, kind: &str) -> Value {
        self.sandbox_with(name, kind, &[]).await
    }

    /// The same, with more to be said at its start.
    pub(crate) async fn sandbox_with(&mut self, name: &str, kind: &str, more: &[&str]) -> Value {
        self.start(name, &[&["sandbox", "--org-kind", kind], more].concat());
        let ready = self.ready(name).await;
        let secret = text(&ready, "/salesforce/client_secret");
        fs::write(self.place(&format!("{name}.secret")), secret).unwrap();
        fs::write(
            self.place(&format!("{name}.token")),
            text(&ready, "/partner_center/refresh_token"),
        )
        .unwrap();
        fs::write(self.place(&format!("{name}.pem")), text(&ready, "/certificate_pem")).unwrap();
        ready
    }

    /// The lines that all environments share: this sandbox's partner account.
    pub(crate) fn shared(&self, name: &str, ready: &Value, more: &str) -> String {
        let of = |path: &str| text(ready, path);
        let (api, port) = (of("/partner_center/url"), self.port);
        format!(
            "listen: 127.0.0.1:{port}\nmaps: [opportunity.map]\npartner_center:\n{more}  api: {api}\n  \
             webhooks: {}\n  login: {api}\n  tenant: {}\n  client_id: {}\n  refresh_token: file:{name}.token\n  \
             webhook:\n    trust: pinned {name}.pem\n    register: true\n    public_url: http://127.0.0.1:{port}\n\
             limits:\n  poll_seconds: 0.5\n  sweep_seconds: 5\n  registration_seconds: 15\n  retry_seconds: 0.5\n  \
             retry_most_seconds: 5\n  denied_retry_seconds: 5\n  create_check_seconds: 1\n  writes_per_hour: 3600\n",
            of("/partner_center/webhooks_url"),
            of("/partner_center/tenant"),
            of("/partner_center/client_id"),
        )
    }

    /// Kills a program at once.
    pub(crate) fn kill(&mut self, name: &str) {
        let at = self.programs.iter().position(|(known, _)| known == name).unwrap();
        let (_, mut program) = self.programs.remove(at);
        program.kill().unwrap();
        program.wait().unwrap();
    }

    /// Whether a program has written that it is ready.
    pub(crate) fn is_ready(&self, name: &str) -> bool {
        self.place(&format!("{name}.json")).exists()
    }

    /// The configuration of a service that has a partner account and an org to itself, and a ready file
    /// that names its console.
    pub(crate) fn alone(&self, name: &str, ready: &Value) -> Value {
        let shared = self.shared(name, ready, "  account: own\n");
        self.configure(&format!(
            "environment: staging\nstore: sqlite:a.db\n{shared}{}",
            org(name, ready, "")
        ));
        let mut ready = ready.clone();
        ready["console"] = self.console();
        ready
    }

    pub(crate) fn configure(&self, yaml: &str) {
        fs::write(self.place("cosell.yaml"), yaml).unwrap();
    }

    pub(crate) async fn serve(&mut self) {
        // Production takes its map from a release alone.
        promoted(self.folder.path());
        let config = self.place("cosell.yaml").display().to_string();
        self.start("serve", &["serve", "--config", &config]);
        self.ready("serve").await;
    }

    /// The process id of a program.
    pub(crate) fn pid(&self, name: &str) -> u64 {
        let found = self.programs.iter().find(|(program, _)| program == name);
        u64::from(found.map(|(_, child)| child.id()).unwrap_or_default())
    }

    /// A command with this configuration: how it ended, and all that it said.
    pub(crate) fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let config = self.place("cosell.yaml");
        let Output { status, stdout, stderr } =
            cosell().args(args).arg("--config").arg(config).output().unwrap();
        let said = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (status.code(), said)
    }

    pub(crate) fn asked(&self, args: &[&str]) -> Value {
        let (_, said) = self.run(&[args, &["--format", "json"]].concat());
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    pub(crate) fn console(&self) -> Value {
        json!(format!("http://127.0.0.1:{}", self.port))
    }

    pub(crate) fn says(&self, path: &str) -> String {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        request("GET", &url, &[], b"").unwrap().body
    }

    pub(crate) async fn status(&self, environment: &str) -> Value {
        let console = Remote::new(self.console().as_str().unwrap(), "").unwrap();
        console.need("GET", &format!("/status/{environment}"), None).await.unwrap()
    }
}

/// An org's lines.
pub(crate) fn org(name: &str, ready: &Value, indent: &str) -> String {
    let of = |path: &str| text(ready, path);
    format!(
        "{indent}salesforce:\n{indent}  login: {}\n{indent}  client_id: {}\n{indent}  client_secret: file:{name}.secret\n",
        of("/salesforce/url"),
        of("/salesforce/client_id")
    )
}

/// Requests of the wire log that would change something, sign-ins and questions left out.
async fn changing(admin: &Remote, system: &str) -> Vec<String> {
    let found = admin.need("GET", "/requests?limit=10000", None).await.unwrap();
    let all = found.as_array().or_else(|| found["requests"].as_array()).cloned().unwrap();
    let changes = all.iter().filter(|one| {
        let (method, target) = (text(one, "/method"), one.to_string());
        one["system"] == system && method != "GET" && !target.contains("/token")
    });
    changes.map(ToString::to_string).collect()
}

/// What lines of the audit's newest entry of a kind would write, or wrote: rule and value.
fn wrote(events: &Value, kind: &str) -> Vec<(String, String)> {
    let event = events["events"].as_array().unwrap().iter().find(|event| event["kind"] == kind);
    let lines =
        event.unwrap_or_else(|| panic!("no {kind}: {events:#}"))["lines"].as_array().unwrap();
    let writes = lines.iter().filter(|line| line["outcome"] == "WritesRight");
    writes.map(|line| (text(line, "/rule").to_owned(), line["written"].to_string())).collect()
}

#[tokio::test]
async fn a_shadow_is_told_of_everything_and_writes_nothing() {
    let mut town = Town::new();
    let real = town.sandbox("real", "production").await;
    let other = town.sandbox("other", "sandbox").await;
    town.configure(&format!(
        "{}environments:\n  production:\n    store: sqlite:production.db\n{}  trial:\n    kind: shadow\n    \
         store: sqlite:trial.db\n{}",
        town.shared("real", &real, ""),
        org("real", &real, "    "),
        org("other", &other, "    "),
    ));
    town.serve().await;
    let mut ready = real.clone();
    ready["console"] = town.console();
    let sides = Sides::new(&ready);
    let elsewhere = Sides::new(&{
        let mut ready = other.clone();
        ready["console"] = town.console();
        ready
    });
    let hook = Remote::new(
        text(&real, "/partner_center/webhooks_url"),
        text(&real, "/partner_center/access_token"),
    );
    let hook = hook.unwrap();
    eventually("production is registered", async || {
        let found = hook.call("GET", "/webhooks/v1/registration", None).await.unwrap().1;
        found["WebhookUrl"]
            .as_str()
            .is_some_and(|url| url.contains(&town.port.to_string()))
            .then_some(())
    })
    .await;
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    sides.settled().await;
    // The shadow was told of what production did, line by line and value by value.
    let did = wrote(&town.asked(&["why", &referral, "--env", "production"]), "create-record");
    let would = wrote(&town.asked(&["why", &referral, "--env", "trial"]), "would-create-record");
    assert!(did.len() > 5, "{did:?}");
    assert_eq!(would, did);
    // Leaving the on-hold stage is what production writes to Microsoft.
    sides.rep_changes(&deal, &json!({"StageName": "Qualification"})).await;
    sides.settled().await;
    sides.microsoft_changes(&referral, &json!({"details": {"dealValue": 150_000}})).await;
    eventually("the shadow hears of it", async || {
        let report = town.asked(&["shadow", "--values", "--env", "trial"]);
        report.to_string().contains("150000").then_some(())
    })
    .await;
    sides.settled().await;
    let [production, trial] = [town.status("production").await, town.status("trial").await];
    let kept = |status: &Value| status["counters"]["accepted_webhook"].as_u64().unwrap_or(0);
    assert!(kept(&trial) >= 2, "each call is kept for both: {trial:#}");
    assert_eq!(kept(&trial), kept(&production));
    assert_eq!(trial["parked_count"], 0, "{trial:#}");
    // Not one write of the shadow's: none in its org, and at Partner Center only production's.
    assert_eq!(elsewhere.writes().await, (0, 0));
    assert_eq!(changing(&elsewhere.admin, "salesforce").await, Vec::<String>::new());
    let written = production["counters"]["writes_partner_center"].as_u64();
    assert!(written >= Some(1), "{production:#}");
    assert_eq!(Some(sides.writes().await.1), written);
    assert_eq!(trial["counters"]["writes_partner_center"], Value::Null);
    said_of_both(&town, &referral);
}

/// What the commands and the console say of both.
fn said_of_both(town: &Town, referral: &str) {
    let (code, said) = town.run(&["parked"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("production, trial") && said.contains("--env NAME"), "{said}");
    let (code, said) = town.run(&["parked", "--env", "trail"]);
    assert!(code == Some(2) && said.contains("did you mean `--env trial`?"), "{said}");
    let (code, said) = town.run(&["status"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("production") && said.contains("trial, shadow; it writes nothing"),
        "{said}"
    );
    let listed = town.asked(&["env"]);
    assert_eq!((&listed[0]["state"], &listed[1]["kind"]), (&json!("runs"), &json!("shadow")));
    let (_, said) = town.run(&["shadow", "--env", "trial"]);
    assert!(said.contains("nothing was written") && said.contains("opportunity.map:"), "{said}");
    assert!(!said.contains("150000") && !said.contains("Gotthard"), "no values: {said}");
    let (_, said) = town.run(&["shadow", referral, "--env", "trial", "--values"]);
    assert!(said.contains("150000"), "{said}");
    let (_, said) = town.run(&["why", referral, "Amount", "--env", "trial"]);
    assert!(said.contains("would write to Salesforce") && !said.contains("wrote"), "{said}");
    let alive = town.says("/livez");
    assert!(alive.starts_with("ok") && alive.contains("trial shadow ok"), "{alive}");
    let page = town.says("/");
    assert!(page.contains("production") && page.contains("writes nothing"), "{page}");
}

#[tokio::test]
async fn an_environment_does_nothing_in_an_org_of_another_kind() {
    let mut town = Town::new();
    promoted(town.folder.path());
    let copy = town.sandbox("copy", "sandbox").await;
    let shared = town.shared("copy", &copy, "");
    let flat =
        format!("environment: production\nstore: sqlite:a.db\n{shared}{}", org("copy", &copy, ""));
    town.configure(&flat);
    let wrong = town.asked(&["doctor"]);
    let check = wrong.as_array().unwrap().iter().find(|check| check["id"] == "salesforce-org");
    assert_eq!(check.unwrap()["state"], "wrong", "{wrong:#}");
    let (code, said) = town.run(&["serve"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("expected a production organisation") && said.contains("a sandbox"),
        "{said}"
    );
    // Beside one that may run, it is the only one that stops.
    let shadow = format!(
        "  trial:\n    kind: shadow\n    store: sqlite:b.db\n{}",
        org("copy", &copy, "    ")
    );
    town.configure(&format!(
        "{shared}environments:\n  production:\n    store: sqlite:a.db\n{}{shadow}",
        org("copy", &copy, "    ")
    ));
    town.serve().await;
    eventually("the one is stopped", async || {
        town.says("/livez").contains("production production stopped").then_some(())
    })
    .await;
    let mut ready = copy.clone();
    ready["console"] = town.console();
    let sides = Sides::new(&ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    eventually("the shadow works", async || {
        let report = town.asked(&["shadow", "--env", "trial"]);
        (report["new_records"] == 1).then_some(())
    })
    .await;
    let (_, said) = town.run(&["replay", "--all", "--env", "trial"]);
    assert!(said.contains("1 deal due again"), "also where nothing was made: {said}");
    let (code, said) = town.run(&["status", "--env", "production"]);
    assert!(code == Some(1) && said.contains("STOPPED"), "{said}");
    assert_eq!(sides.writes().await, (0, 0), "{referral}");
}

#[tokio::test]
async fn staging_on_a_shared_account_leaves_the_referrals_alone() {
    let mut town = Town::new();
    let copy = town.sandbox("copy", "sandbox").await;
    let flat = |more: &str| {
        let shared = town.shared("copy", &copy, more);
        format!("environment: staging\nstore: sqlite:a.db\n{shared}{}", org("copy", &copy, ""))
    };
    town.configure(&flat(""));
    let (code, said) = town.run(&["status"]);
    assert!(code == Some(2) && said.contains("start the service once"), "the state alone: {said}");
    let (code, said) = town.run(&["serve"]);
    assert!(code == Some(2) && said.contains("account: shared"), "{said}");
    town.configure(&flat("  account: shared\n"));
    town.serve().await;
    let mut ready = copy.clone();
    ready["console"] = town.console();
    let sides = Sides::new(&ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    let deal = sides.becomes_opportunity(&referral).await;
    let accepted = json!({"CloseDate": "2027-09-15", "StageName": "Qualification"});
    sides.rep_changes(&deal, &accepted).await;
    eventually("what would go to Microsoft is told", async || {
        let report = town.asked(&["shadow", "--values"]);
        report.to_string().contains("2027-09-15").then_some(())
    })
    .await;
    sides.microsoft_changes(&referral, &json!({"details": {"dealValue": 150_000}})).await;
    eventually("what Microsoft changes arrives", async || {
        sides.opportunity(&deal).await["Amount"].to_string().starts_with("150000").then_some(())
    })
    .await;
    assert_eq!(sides.writes().await.1, 0, "{:?}", changing(&sides.admin, "partner_center").await);
    assert_eq!(changing(&sides.admin, "partner_center").await, Vec::<String>::new());
    assert_eq!(text(&sides.referral(&referral).await, "/externalReferenceId"), "");
    let (_, said) = town.run(&["status"]);
    assert!(said.contains("writes nothing to Partner Center"), "{said}");
    let (code, said) = town.run(&["webhook", "register", "--overwrite"]);
    assert!(code == Some(2) && said.contains("not its own"), "{said}");
}

#[tokio::test]
async fn two_partner_accounts_in_one_service_keep_to_themselves() {
    let mut town = Town::new();
    let [one, two] =
        [town.sandbox("one", "production").await, town.sandbox("two", "production").await];
    let both = [&one, &two].map(|ready| text(ready, "/certificate_pem")).concat();
    fs::write(town.place("one.pem"), both).unwrap();
    let of = |path: &str| text(&two, path);
    let account = format!(
        "    partner_center:\n      api: {0}\n      webhooks: {1}\n      login: {0}\n      tenant: other.example\n      \
         client_id: {2}\n      refresh_token: file:two.token\n",
        of("/partner_center/url"),
        of("/partner_center/webhooks_url"),
        of("/partner_center/client_id"),
    )
    .replace("other.example", of("/partner_center/tenant"));
    town.configure(&format!(
        "{}environments:\n  emea:\n    kind: production\n    store: sqlite:emea.db\n{}  apac:\n    kind: production\n    \
         store: sqlite:apac.db\n{account}{}",
        town.shared("one", &one, ""),
        org("one", &one, "    "),
        org("two", &two, "    "),
    ));
    town.serve().await;
    for (name, mut ready) in [("emea", one.clone()), ("apac", two.clone())] {
        ready["console"] = town.console();
        let sides = Sides::new(&ready);
        let referral = sides.microsoft_sends(&inbound(name)).await;
        sides.becomes_opportunity(&referral).await;
        sides.settled().await;
        assert_eq!(town.status(name).await["linked"], 1, "its own deal alone");
        assert_eq!(sides.opportunities("Id != null").await.len(), 1);
    }
}
