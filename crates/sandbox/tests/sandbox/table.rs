//! Requests, good and bad, one a line of `requests.ndjson`, with what the real system is known to answer.
//!
//! A line has `ask` (method and address below the version's; `//` begins one of the whole host), `as` (the rep
//! unless `nobody`), `send` (headers), `body`, `form` or `raw`, then `status`, `error` (the first entry's code),
//! `is` (JSON pointers: the value; `*` is there, `~x` holds x, `=x` is written so), `keys` (of the object at
//! a pointer), `head` (headers); `keep` and `keep_head` give names to parts for later lines.

use std::collections::HashMap;

use serde_json::Value;

use crate::client::{Client, DATA, Got, encode};

const REQUESTS: &str = include_str!("requests.ndjson");

/// Puts names' values in their places.
fn filled(text: &str, names: &HashMap<String, String>) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| {
        let quoted = serde_json::to_string(value).unwrap();
        text.replace(&format!("{{{name}}}"), &quoted[1..quoted.len() - 1])
    })
}

async fn asked(client: &Client, line: &Value) -> Got {
    let text = |name: &str| line[name].as_str();
    let (method, path) = text("ask").unwrap().split_once(' ').unwrap();
    let base = &client.sandbox.addresses().salesforce;
    let url = match path.strip_prefix("//") {
        Some(whole) => format!("{base}/{whole}"),
        None => format!("{base}{DATA}{path}"),
    };
    let token = format!("Bearer {}", client.sandbox.credentials().salesforce.access_token);
    let mut headers = Vec::new();
    if text("as") != Some("nobody") {
        headers.push(("Authorization", token.as_str()));
    }
    for (name, value) in line["send"].as_object().into_iter().flatten() {
        headers.push((name.as_str(), value.as_str().unwrap()));
    }
    let body = match (text("form"), text("raw"), line.get("body")) {
        (Some(body), ..) | (None, Some(body), _) => body.to_owned(),
        (None, None, Some(body)) => body.to_string(),
        (None, None, None) => String::new(),
    };
    client.call(method, &url, &headers, &body).await.unwrap()
}

/// What differs from what was expected.
fn differences(line: &Value, got: &Got) -> Vec<String> {
    let mut found = Vec::new();
    if line["status"] != got.status {
        found.push(format!("status {}", got.status));
    }
    let error = line.get("error").map(|code| ("/0/errorCode".to_owned(), code.clone()));
    let is = line["is"].as_object().cloned().unwrap_or_default();
    for (pointer, wanted) in error.into_iter().chain(is) {
        let value = got.body.pointer(&pointer);
        let fits = match (wanted.as_str(), value) {
            (Some("*"), value) => value.is_some_and(|value| !value.is_null()),
            (Some(text), Some(value)) if text.starts_with('~') => {
                value.as_str().is_some_and(|value| value.contains(&text[1..]))
            }
            (Some(text), Some(value)) if text.starts_with('=') => format!("={value}") == text,
            (_, value) => value == Some(&wanted),
        };
        if !fits {
            found.push(format!("{pointer} is {value:?}, not {wanted}"));
        }
    }
    for (pointer, wanted) in line["keys"].as_object().into_iter().flatten() {
        let object = got.body.pointer(pointer).and_then(Value::as_object);
        let mut keys: Vec<&str> =
            object.into_iter().flat_map(|map| map.keys()).map(String::as_str).collect();
        keys.sort_unstable();
        if serde_json::json!(keys) != *wanted {
            found.push(format!("{pointer} has {keys:?}, not {wanted}"));
        }
    }
    for (name, wanted) in line["head"].as_object().into_iter().flatten() {
        let (value, wanted) = (got.headers.get(name), wanted.as_str().unwrap());
        let fits = value.is_some_and(|value| match wanted.strip_prefix('~') {
            Some(part) => value.contains(part),
            None => value == wanted,
        });
        if !fits {
            found.push(format!("header {name} is {value:?}, not {wanted}"));
        }
    }
    found
}

#[tokio::test]
async fn requests_are_answered_as_the_real_system_answers_them() {
    let client = Client::start().await;
    let keys = client.sandbox.credentials().salesforce.clone();
    let mut names = HashMap::from([
        ("base".to_owned(), client.sandbox.addresses().salesforce.clone()),
        ("client_id".to_owned(), keys.client_id),
        ("client_secret".to_owned(), keys.client_secret),
        ("username".to_owned(), keys.username),
    ]);
    let now = jiff::Timestamp::now();
    for (name, seconds) in [("hour_ago", -3600), ("soon", 120)] {
        let at = now + jiff::SignedDuration::from_secs(seconds);
        names.insert(name.to_owned(), encode(&at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()));
    }
    let mut breaches = Vec::new();
    let mut count = 0;
    for text in REQUESTS.lines() {
        let line: Value = serde_json::from_str(&filled(text, &names)).unwrap();
        if line.get("ask").is_none() {
            continue;
        }
        count += 1;
        let got = asked(&client, &line).await;
        for breach in differences(&line, &got) {
            breaches.push(format!("{}: {breach}\n    {}", line["ask"], got.body));
        }
        for (name, pointer) in line["keep"].as_object().into_iter().flatten() {
            let value = got.body.pointer(pointer.as_str().unwrap()).and_then(Value::as_str);
            names.insert(name.clone(), value.unwrap_or("missing").to_owned());
        }
        for (name, header) in line["keep_head"].as_object().into_iter().flatten() {
            let value = got.headers.get(header.as_str().unwrap()).cloned();
            names.insert(name.clone(), value.unwrap_or_default());
        }
    }
    assert!(breaches.is_empty(), "{} of {count}:\n{}", breaches.len(), breaches.join("\n"));
    assert!(count >= 120, "{count}");
}
