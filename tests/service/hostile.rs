//! What strangers may send to the webhook: refused or harmless, counted, and nothing is written.
//!
//! In: calls that are wrong in one way each. Out: their statuses and counts, and two systems in
//! which nothing happened. Must not know: how signatures are checked.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::machine::{Machine, cosell};
use crate::raw::{Answer, request};
use crate::sides::{Sides, eventually, inbound, text};

/// An id that no referral has.
const NOBODY: &str = "c2f7b088-a98a-4d0a-b509-fdd40775fcc1";

/// The webhook of a service, and who can sign for it.
struct Hook {
    url: String,
    admin: String,
    token: String,
}

type Headers = Vec<(String, String)>;

fn pairs(list: &[(&str, &str)]) -> Headers {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl Hook {
    fn new(ready: &Value) -> Self {
        let own = |pointer| text(ready, pointer).to_owned();
        Self { url: own("/webhook"), admin: own("/admin/url"), token: own("/admin/token") }
    }

    /// The headers with which Partner Center would sign a body.
    fn signed(&self, body: &[u8]) -> Headers {
        let bearer = pairs(&[("Authorization", &format!("Bearer {}", self.token))]);
        let url = format!("{}/webhook/sign", self.admin);
        let answer: Value =
            serde_json::from_str(&request("POST", &url, &bearer, body).unwrap().body).unwrap();
        let headers = answer["headers"].as_object().unwrap();
        headers.iter().map(|(n, v)| (n.clone(), v.as_str().unwrap().to_owned())).collect()
    }

    fn send(&self, headers: &Headers, body: &[u8]) -> Option<Answer> {
        request("POST", &self.url, headers, body)
    }

    fn status(&self, headers: &Headers, body: &[u8]) -> u16 {
        self.send(headers, body).map_or(0, |answer| answer.status)
    }
}

fn event(name: &str, referral: &str) -> Vec<u8> {
    let uri =
        format!("https://api.partnercenter.microsoft.com/engagements/v1/referrals/{referral}");
    let event = json!({
        "EventName": name, "ResourceUri": uri, "ResourceName": "referral", "AuditUri": null,
        "ResourceChangeUtcDate": "2026-03-02T09:14:28.1034417+00:00"
    });
    event.to_string().into_bytes()
}

fn with(mut headers: Headers, name: &str, value: &str) -> Headers {
    headers.retain(|(known, _)| known != name);
    headers.push((name.to_owned(), value.to_owned()));
    headers
}

fn without(mut headers: Headers, name: &str) -> Headers {
    headers.retain(|(known, _)| known != name);
    headers
}

/// Calls whose signature is wrong in one way each, with the reason under which each is counted.
fn badly_signed(hook: &Hook, body: &[u8]) -> Vec<(&'static str, Headers)> {
    let good = hook.signed(body);
    let zeros = format!("Signature {}==", "A".repeat(342));
    let other = hook.signed(&event("referral-updated", "d2f7b088-a98a-4d0a-b509-fdd40775fcc1"));
    let mut twice = good.clone();
    twice.push(("Authorization".to_owned(), zeros.clone()));
    vec![
        ("missing-signature", Headers::new()),
        ("missing-signature", without(good.clone(), "Authorization")),
        ("missing-signature", with(good.clone(), "Authorization", "Bearer abc")),
        ("missing-signature", twice),
        ("wrong-signature", with(good.clone(), "Authorization", &zeros)),
        ("wrong-signature", other),
        ("bad-encoding", with(good.clone(), "Authorization", "Signature not base64!")),
        ("bad-encoding", with(good.clone(), "Authorization", "Signature QUJD")),
        ("two-signatures", with(good.clone(), "x-ms-signature", &zeros)),
        ("bad-algorithm", with(good.clone(), "X-MS-Signature-Algorithm", "hmac-sha256")),
        ("bad-algorithm", with(good.clone(), "X-MS-Signature-Algorithm", "none")),
        ("missing-algorithm", without(good, "X-MS-Signature-Algorithm")),
    ]
}

/// A listener to which certificate addresses point; nobody may come.
fn trap() -> (TcpListener, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let urls = vec![
        format!("http://127.0.0.1:{port}/cert/a.cer"),
        format!("https://127.0.0.1:{port}/cert/a.cer"),
        format!("https://localhost:{port}/cert/a.cer"),
        "http://169.254.169.254/latest/meta-data/a.cer".to_owned(),
        "https://169.254.169.254/metadata/instance/a.cer".to_owned(),
        "file:///etc/passwd".to_owned(),
        "https://evil.example/cert/a.cer".to_owned(),
    ];
    (listener, urls)
}

fn count(status: &Value, group: &str, name: &str) -> u64 {
    status[group][name].as_u64().unwrap_or(0)
}

#[tokio::test]
async fn hostile_calls_are_refused_and_counted_and_write_nothing() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let hook = Hook::new(&machine.ready);
    let referral = sides.microsoft_sends(&inbound("Alpine")).await;
    sides.settled().await;
    let (writes, before) = (sides.writes().await, sides.status().await);
    let body = event("referral-updated", &referral);
    let cases = badly_signed(&hook, &body);
    for (reason, headers) in &cases {
        assert_eq!(hook.status(headers, &body), 401, "{reason}");
    }
    let (listener, urls) = trap();
    for url in &urls {
        // The certificate is pinned: its address is not even looked at.
        let headers = pairs(&[("X-MS-Certificate-Url", url)]);
        assert_eq!(hook.status(&headers, &body), 401, "{url}");
    }
    bodies(&hook);
    let status = sides.status().await;
    for (reason, _) in &cases {
        let name = format!("refused_{reason}");
        let mut expected = cases.iter().filter(|(other, _)| other == reason).count();
        expected += if *reason == "missing-signature" { urls.len() } else { 0 };
        assert_eq!(count(&status, "tallies", &name), u64::try_from(expected).unwrap(), "{name}");
    }
    for (name, expected) in
        [("not-json", 3), ("no-event-name", 1), ("no-referral-id", 1), ("too-large", 3)]
    {
        let found = count(&status, "tallies", &format!("refused_{name}"));
        assert_eq!(found, expected, "{name}");
    }
    assert_eq!(status["keys"], before["keys"]);
    assert_eq!(sides.writes().await, writes);
    assert!(listener.accept().is_err(), "nobody came for a certificate");
    assert!(!machine.log().contains("panic"), "{}", machine.log());
    harmless(&sides, &hook, &referral).await;
}

/// Bodies that are no events, or too large, properly signed.
fn bodies(hook: &Hook) {
    let deep = "[".repeat(60_000);
    let deep_object = r#"{"a":"#.repeat(10_000);
    let nameless = br#"{"ResourceUri":"x"}"#;
    let no_id = event("referral-created", "7");
    for body in
        [&b"\xff\xfe garbage"[..], deep.as_bytes(), deep_object.as_bytes(), nameless, &no_id]
    {
        assert_eq!(hook.status(&hook.signed(body), body), 400);
    }
    let large = vec![b' '; 10 * 1024 * 1024];
    let found = hook.status(&Headers::new(), &large);
    assert!([413, 0].contains(&found), "{found}");
    // The same in pieces, so that its size is not said before.
    let chunked = pairs(&[("Transfer-Encoding", "chunked")]);
    let mut pieces = Vec::new();
    for _ in 0..160 {
        pieces.extend_from_slice(b"10000\r\n");
        pieces.resize(pieces.len() + 0x10000, b' ');
        pieces.extend_from_slice(b"\r\n");
    }
    pieces.extend_from_slice(b"0\r\n\r\n");
    let found = hook.status(&chunked, &pieces);
    assert!([413, 0].contains(&found), "{found}");
    let over = vec![b' '; 64 * 1024 + 1];
    assert_eq!(hook.status(&hook.signed(&over), &over), 413);
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        assert_eq!(request(method, &hook.url, &Headers::new(), b"").unwrap().status, 405);
    }
    let beside = format!("{}/guess", hook.url);
    assert_eq!(request("POST", &beside, &Headers::new(), b"{}").unwrap().status, 404);
}

/// Signed calls that change nothing; then the service does its work as before.
async fn harmless(sides: &Sides, hook: &Hook, referral: &str) {
    let writes = sides.writes().await;
    let unknown = event("referral-created", NOBODY);
    assert_eq!(hook.status(&hook.signed(&unknown), &unknown), 202);
    let later = event("deal-registered", referral);
    assert_eq!(hook.status(&hook.signed(&later), &later), 202);
    let again = event("referral-updated", referral);
    let headers = hook.signed(&again);
    for _ in 0..50 {
        assert_eq!(hook.status(&headers, &again), 202);
    }
    eventually("the unknown referral is looked up", async || {
        let status = sides.status().await;
        (count(&status, "tallies", "unknown_referral") > 0 && status["dirty"] == 0).then_some(())
    })
    .await;
    sleep(Duration::from_secs(1)).await;
    let status = sides.status().await;
    assert_eq!(count(&status, "counters", "replayed"), 49);
    assert_eq!(count(&status, "tallies", "unknown_events"), 1);
    assert_eq!(sides.writes().await, writes);
    assert_eq!(sides.opportunities("Id != null").await.len(), 1);
    let second = sides.microsoft_sends(&inbound("Brunner")).await;
    sides.becomes_opportunity(&second).await;
    sides.settled().await;
}

#[tokio::test]
async fn what_is_not_ours_costs_one_read_and_an_unknown_event_none() {
    let machine = Machine::quiet().await;
    let sides = Sides::new(&machine.ready);
    let hook = Hook::new(&machine.ready);
    sides.settled().await;
    let told = async |name: &str, tally: &str| {
        sides.listen().await;
        let body = event(name, NOBODY);
        assert_eq!(hook.status(&hook.signed(&body), &body), 202, "{name}");
        eventually(&format!("{name} is looked at"), async || {
            let status = sides.status().await;
            (count(&status, "tallies", tally) == 1 && status["dirty"] == 0).then_some(())
        })
        .await;
        sides.settled().await;
        sides.said().await.0
    };
    assert_eq!(told("deal-registered", "unknown_events").await, Vec::<String>::new());
    // A referral of somebody else's, or a forged one: it is asked for, and that is all.
    assert_eq!(told("referral-updated", "unknown_referral").await, ["read referral"]);
    sides.listen().await;
    sides.settled().await;
    assert_eq!(sides.said().await.0, Vec::<String>::new(), "quiet afterwards");
    assert_eq!(sides.status().await["parked_count"], 0);
}

/// A service of its own that fetches certificates. Killed when it is dropped.
struct Alone(Child);

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn certificates_are_fetched_from_known_hosts_only() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let nowhere = "http://127.0.0.1:9";
    let config = format!(
        "environment: staging\nlisten: 127.0.0.1:0\nstore: sqlite:a.db\nmaps: [opportunity.map]\n\
         partner_center:\n  account: own\n  api: {nowhere}\n  webhooks: {nowhere}\n  login: {nowhere}\n  \
         tenant: t\n  client_id: c\n  refresh_token: file:secret\n  webhook:\n    \
         trust: microsoft\n    roots: [root.pem]\n\
         salesforce:\n  login: {nowhere}\n  client_id: c\n  client_secret: file:secret\n"
    );
    fs::write(place("cosell.yaml"), config).unwrap();
    fs::write(place("secret"), "s").unwrap();
    fs::write(place("opportunity.map"), include_str!("../../mappings/opportunity.map")).unwrap();
    let machine = Machine::quiet().await;
    fs::copy(machine.state().join("webhook-certificate.pem"), place("root.pem")).unwrap();
    let mut command = cosell();
    command.args(["serve", "--with-parent", "--config"]).arg(place("cosell.yaml"));
    command.arg("--ready-file").arg(place("ready.json"));
    let log = fs::File::create(place("log")).unwrap();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
    let _alone = Alone(child);
    let since = Instant::now();
    let ready: Value = loop {
        let text = fs::read_to_string(place("ready.json")).unwrap_or_default();
        if let Ok(ready) = serde_json::from_str(&text) {
            break ready;
        }
        assert!(since.elapsed() < Duration::from_mins(1), "{:?}", fs::read_to_string(place("log")));
        sleep(Duration::from_millis(20)).await;
    };
    let signer = Hook::new(&machine.ready);
    let hook = Hook { url: text(&ready, "/webhook").to_owned(), ..Hook::new(&machine.ready) };
    let body = event("referral-created", NOBODY);
    let (listener, urls) = trap();
    for url in &urls {
        let headers = with(signer.signed(&body), "X-MS-Certificate-Url", url);
        assert_eq!(hook.status(&headers, &body), 401, "{url}");
    }
    let status = format!("{}/status", text(&ready, "/console"));
    let status = request("GET", &status, &Headers::new(), b"").unwrap().body;
    let status: Value = serde_json::from_str(&status).unwrap();
    let refused = count(&status, "tallies", "refused_bad-certificate-url");
    assert_eq!((refused, &status["keys"]), (u64::try_from(urls.len()).unwrap(), &json!(0)));
    assert!(listener.accept().is_err(), "nobody came for a certificate");
}
