//! Requests that no good client sends: both systems refuse them with the right status, and go on.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::client::{Client, DATA, REFERRALS};

/// Sends bytes over a connection of their own; answers what comes within two seconds.
async fn raw(base: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(base.strip_prefix("http://").unwrap()).await.unwrap();
    // Who refuses early does not read on.
    let _ = stream.write_all(bytes).await;
    let (mut got, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(Ok(count)) = timeout(Duration::from_millis(400), stream.read(&mut part)).await {
        got.extend_from_slice(&part[..count]);
        if count == 0 {
            break;
        }
    }
    String::from_utf8_lossy(&got).into_owned()
}

struct House<'a> {
    base: &'a str,
    path: String,
    token: &'a str,
}

impl House<'_> {
    /// The bytes of a request; a length is added to bodies.
    fn request(&self, line: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
        let mut head = format!("{line}\r\nAuthorization: Bearer {}\r\n", self.token);
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        if !body.is_empty() {
            let length = body.len();
            head = format!("{head}Content-Length: {length}\r\n");
        }
        [head.as_bytes(), b"Connection: close\r\n\r\n", body].concat()
    }

    async fn status(&self, line: &str, headers: &[&str], body: &[u8]) -> (String, String) {
        let got = raw(self.base, &self.request(line, headers, body)).await;
        (got.get(9..12).unwrap_or_default().to_owned(), got)
    }
}

const HOST: &str = "Host: x";
const JSON: &str = "Content-Type: application/json";

async fn check(house: &House<'_>, is_salesforce: bool) {
    let House { path, .. } = house;
    let long = "a".repeat(17_000);
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let big = format!("X: {long}");
    let get = format!("GET {path} HTTP/1.1");
    let post = format!("POST {path} HTTP/1.1");
    let typed = [HOST, JSON];
    for (name, line, headers, body, status) in [
        ("fine", get.clone(), vec![HOST], &b""[..], "200"),
        ("no host", get.clone(), vec![], b"", "400"),
        ("an old client", format!("GET {path} HTTP/1.0"), vec![], b"", "200"),
        ("whole address", format!("GET http://x{path} HTTP/1.1"), vec![HOST], b"", "200"),
        ("unknown method", format!("BREW {path} HTTP/1.1"), vec![HOST], b"", "405"),
        ("options", format!("OPTIONS {path} HTTP/1.1"), vec![HOST], b"", "405"),
        ("delete", format!("DELETE {path} HTTP/1.1"), vec![HOST], b"", "405"),
        ("long", format!("GET {path}?x={long} HTTP/1.1"), vec![HOST], b"", "414"),
        ("longer", format!("GET {path}?x={} HTTP/1.1", "a".repeat(70_000)), vec![HOST], b"", "414"),
        ("big header", get.clone(), vec![HOST, &big], b"", "431"),
        ("bad escape", format!("GET {path}/%zz HTTP/1.1"), vec![HOST], b"", "400"),
        ("half an escape", format!("GET {path}/a% HTTP/1.1"), vec![HOST], b"", "400"),
        ("zero byte", format!("GET {path}/%00 HTTP/1.1"), vec![HOST], b"", "400"),
        ("no text", format!("GET {path}/%ff%fe HTTP/1.1"), vec![HOST], b"", "400"),
        ("odd query", format!("GET {path}?a=%zz&&=&b HTTP/1.1"), vec![HOST], b"", "200"),
        ("up and out", "GET /../../etc/passwd HTTP/1.1".to_owned(), vec![HOST], b"", "404"),
        ("no json", post.clone(), typed.to_vec(), b"{\"a\":", "400"),
        ("no utf-8", post.clone(), typed.to_vec(), b"{\"Name\":\"\xff\"}", "400"),
        ("utf-16", post.clone(), typed.to_vec(), b"\xff\xfe{\0}\0", "400"),
        ("list", post.clone(), typed.to_vec(), b"[]", "400"),
        ("number", post.clone(), typed.to_vec(), b"5", "400"),
        ("deep", post.clone(), typed.to_vec(), deep.as_bytes(), "400"),
        ("garbage", "\0\u{1}\u{2}".to_owned(), vec![], b"", "400"),
        ("length below zero", get.clone(), vec![HOST, "Content-Length: -1"], b"", "400"),
        ("two lengths", post.clone(), vec![HOST, JSON, "Content-Length: 9"], b"{}", "400"),
    ] {
        let (got, text) = house.status(&line, &headers, body).await;
        assert_eq!(got, status, "{name}: {text}");
        if status == "405" {
            assert!(text.contains("\r\nallow: GET"), "{name}: {text}");
        }
    }
    let head = house.status(&format!("HEAD {path} HTTP/1.1"), &[HOST], b"").await;
    assert_eq!(head.0, if is_salesforce { "200" } else { "405" });
    assert!(head.1.ends_with("\r\n\r\n"), "no body: {}", head.1);
    // A body that is too large is refused before it is all there.
    let length = format!("Content-Length: {}", 17 * 1024 * 1024);
    let line = format!("{post}\r\n{length}");
    let mut bytes = house.request(&line, &typed, b"");
    bytes.extend(vec![b' '; 17 * 1024 * 1024]);
    let got = raw(house.base, &bytes).await;
    assert!(got.is_empty() || got.starts_with("HTTP/1.1 413"), "{got}");
}

#[tokio::test]
async fn both_systems_refuse_what_is_no_good_and_go_on() {
    let client = Client::start().await;
    let (addresses, keys) = (client.sandbox.addresses(), client.sandbox.credentials());
    let salesforce = House {
        base: &addresses.salesforce,
        path: format!("{DATA}/sobjects/Account"),
        token: &keys.salesforce.access_token,
    };
    let partner = House {
        base: &addresses.partner_center,
        path: REFERRALS.to_owned(),
        token: &keys.partner_center.access_token,
    };
    check(&salesforce, true).await;
    check(&partner, false).await;
    // Nothing was made, everything that was a request is in the log, and both still answer.
    assert_eq!(
        client.query("SELECT COUNT() FROM Account").await.is(200).body["totalSize"],
        json!(0)
    );
    client.partner("GET", "", &Value::Null).await.is(200);
    for status in ["400", "413", "414", "431"] {
        for system in ["salesforce", "partner_center"] {
            let path = format!("/requests?status={status}&system={system}");
            let found = client.admin("GET", &path, &Value::Null).await.is(200);
            assert!(!found.body.as_array().unwrap().is_empty(), "{system} {status}");
        }
    }
}

#[tokio::test]
async fn members_that_come_twice_are_taken_once_and_a_mark_is_passed_over() {
    let client = Client::start().await;
    let made = crate::partner_center::referral("first").to_string();
    let twice = format!("{{\"name\":\"early\",{}", made.trim_start_matches('{'));
    let url = format!("{}{REFERRALS}", client.sandbox.addresses().partner_center);
    let bearer = format!("Bearer {}", client.sandbox.credentials().partner_center.access_token);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let got = client.call("POST", &url, &headers, &twice).await.unwrap().is(200);
    assert_eq!(got.text("/name"), "first", "the last one counts");
    let marked = format!("\u{feff}{made}");
    client.call("POST", &url, &headers, &marked).await.unwrap().is(200);
}
