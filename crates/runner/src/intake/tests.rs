//! Webhook calls over a real socket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect::webhook::Trust;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SigningKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::config::Kind;
use crate::listen::Capped;
use crate::store::{Role, SqliteStore};

struct Server {
    address: std::net::SocketAddr,
    key: KeyPair,
    store: Arc<SqliteStore>,
    other: Arc<SqliteStore>,
    _folder: tempfile::TempDir,
}

fn room(name: &str, kind: Kind, store: &Arc<SqliteStore>) -> Room<SqliteStore> {
    Room {
        environment: Environment { name: name.to_owned(), kind },
        reach: Reach::Both,
        store: store.clone(),
        standing: Arc::new(Standing::default()),
        wake: Arc::new(Notify::new()),
        maps: Arc::new(InService::new(Vec::new())),
    }
}

async fn serve(secret: Option<&str>) -> Server {
    serve_both(secret, false).await
}

async fn serve_both(secret: Option<&str>, both: bool) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| SqliteStore::open(&folder.path().join(name), Role::Runner).unwrap();
    let (store, other) = (Arc::new(open("state.db")), Arc::new(open("other.db")));
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap();
    let trust = Trust::Pinned { certificate_pem: certificate.pem() };
    let mut environments = vec![room("trial", Kind::Staging, &store)];
    if both {
        environments.push(room("beside", Kind::Shadow, &other));
    }
    let intake = Arc::new(Intake {
        environments,
        verifier: Verifier::new(trust).unwrap(),
        clock: Clock::Machine,
        standing: Arc::new(Standing::default()),
        max_body_bytes: 1024,
        secret: secret.map(Secret::new),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(Capped::new(listener, 8), router(intake)).await });
    Server { address, key, store, other, _folder: folder }
}

impl Server {
    fn signed(&self, body: &str) -> String {
        let signature = STANDARD.encode(self.key.sign(body.as_bytes()).unwrap());
        format!("authorization: Signature {signature}\r\nx-ms-signature-algorithm: rsa-sha256\r\n")
    }

    async fn ask(&self, line: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // A server that has seen enough may close before it has read all.
        let _ = stream.read_to_string(&mut answer).await;
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or(("", ""));
        (status, body.to_owned())
    }

    async fn call(&self, body: &str) -> u16 {
        self.ask(&format!("POST {WEBHOOK_PATH}"), &self.signed(body), body).await.0
    }
}

fn event(name: &str) -> String {
    format!(
        r#"{{"EventName":"{name}","ResourceUri":"https://x/c2f7b088-a98a-4d0a-b509-fdd40775fcc1","ResourceName":"referral","ResourceChangeUtcDate":"2026-03-02T09:14:28Z"}}"#
    )
}

#[tokio::test]
async fn a_signed_call_is_on_disk_when_it_is_answered() {
    let server = serve(None).await;
    assert_eq!(server.call(&event("referral-updated")).await, 202);
    assert_eq!(server.store.status().await.unwrap().dirty, 1);
    assert_eq!(server.call(&event("referral-updated")).await, 202);
    assert_eq!(server.call(&event("related-referral-created")).await, 202);
    let (status, body) = server.ask("GET /status", "", "").await;
    assert_eq!(status, 200);
    let view: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(view["keys"].to_string(), "1");
    assert_eq!(view["counters"]["accepted_webhook"].to_string(), "3");
    assert_eq!(view["counters"]["replayed"].to_string(), "1");
    assert!(view["oldest_waiting"].is_string());
}

#[tokio::test]
async fn calls_that_are_not_right_leave_nothing_but_a_tally() {
    let server = serve(None).await;
    let body = event("referral-created");
    let post = format!("POST {WEBHOOK_PATH}");
    assert_eq!(server.ask(&post, "", &body).await.0, 401);
    let other = server.signed("another body");
    assert_eq!(server.ask(&post, &other, &body).await.0, 401);
    let doubled = format!("{0}{0}", server.signed(&body));
    assert_eq!(server.ask(&post, &doubled, &body).await.0, 401);
    assert_eq!(server.call("{}").await, 400);
    assert_eq!(server.call(&"x".repeat(2000)).await, 413);
    assert_eq!(server.ask(&format!("GET {WEBHOOK_PATH}"), "", "").await.0, 405);
    assert_eq!(server.call(&event("test-created")).await, 202);
    assert_eq!(server.call(&event("something-new")).await, 202);
    assert_eq!(server.store.status().await.unwrap().keys, 0);
    let (_, body) = server.ask("GET /status", "", "").await;
    let view: serde_json::Value = serde_json::from_str(&body).unwrap();
    let tally = |name: &str| view["tallies"][name].to_string();
    assert_eq!(tally("refused_missing-signature"), "2");
    assert_eq!(tally("refused_wrong-signature"), "1");
    assert_eq!(tally("refused_no-event-name"), "1");
    assert_eq!(tally("refused_too-large"), "1");
    assert_eq!((tally("unknown_events"), tally("test_events")), ("1".into(), "1".into()));
}

#[tokio::test]
async fn with_a_secret_the_plain_path_is_not_there() {
    let server = serve(Some("s3cret")).await;
    let body = event("referral-created");
    assert_eq!(server.call(&body).await, 404);
    let headers = server.signed(&body);
    let wrong = format!("POST {WEBHOOK_PATH}/other");
    assert_eq!(server.ask(&wrong, &headers, &body).await.0, 404);
    let right = format!("POST {WEBHOOK_PATH}/s3cret");
    assert_eq!(server.ask(&right, &headers, &body).await.0, 202);
}

#[tokio::test]
async fn probes_and_the_page_answer() {
    let server = serve(None).await;
    assert_eq!(server.ask("GET /livez", "", "").await, (200, "ok\ntrial staging ok\n".to_owned()));
    let (status, body) = server.ask("GET /readyz", "", "").await;
    assert_eq!((status, body.as_str()), (200, r#"{"ready":true,"reasons":[]}"#));
    let (status, body) = server.ask("GET /", "", "").await;
    assert_eq!(status, 200);
    assert!(body.starts_with("<!DOCTYPE html>") && body.contains("Nothing is parked."));
}

#[tokio::test]
async fn a_call_is_kept_for_every_environment_or_made_again() {
    let server = serve_both(None, true).await;
    assert_eq!(server.call(&event("referral-updated")).await, 202);
    for store in [&server.store, &server.other] {
        assert_eq!(store.status().await.unwrap().dirty, 1);
    }
    let (_, body) = server.ask("GET /status", "", "").await;
    let view: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&view["keys"], &view["environments"][1]["keys"]), (&2.into(), &1.into()));
    assert_eq!(view["environments"][1]["environment"]["kind"], "shadow");
    assert_eq!(server.ask("GET /status/beside", "", "").await.0, 200);
    assert_eq!(server.ask("GET /status/other", "", "").await.0, 404);
    // One of two stores does not take it: the caller comes again, and what the other kept does no harm.
    server.other.break_down().await;
    assert_eq!(server.call(&event("referral-created")).await, 503);
    assert_eq!(server.call(&event("referral-created")).await, 503);
    let status = server.store.status().await.unwrap();
    assert_eq!((status.keys, status.counters["replayed"]), (1, 1));
    let (status, body) = server.ask("GET /readyz", "", "").await;
    assert!(status == 503 && body.contains("beside: "), "{body}");
}
