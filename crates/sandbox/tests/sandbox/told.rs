//! Outbound messages and automation. In come orders of the admin and writes by REST; out go SOAP posts and
//! later edits. It must not know how the sandbox keeps what it has to do.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Mutex,
};

use crate::client::Client;

/// An endpoint that answers each post with the next of these bodies, the last one for ever.
struct Endpoint {
    url: String,
    got: Arc<Mutex<Vec<String>>>,
}

const ACK: &str = "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><notificationsResponse xmlns=\"http://soap.sforce.com/2005/09/outbound\"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>";

impl Endpoint {
    async fn start(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/listen", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::<String>::new()));
        let here = Arc::clone(&got);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut text = String::new();
                let mut part = [0; 8192];
                while !text.contains("</soapenv:Envelope>") {
                    let count = stream.read(&mut part).await.unwrap();
                    assert!(count > 0, "{text}");
                    text.push_str(std::str::from_utf8(&part[..count]).unwrap());
                }
                let mut all = here.lock().await;
                let body = answers.get(all.len()).or(answers.last()).unwrap();
                all.push(text);
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n";
                let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { url, got }
    }

    async fn wait(&self, count: usize) -> Vec<String> {
        for _ in 0..500 {
            let got = self.got.lock().await.clone();
            if got.len() >= count {
                return got;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{count} messages were expected: {:?}", self.got.lock().await);
    }
}

fn deal(name: &str) -> Value {
    json!({ "Name": name, "StageName": "Prospecting", "CloseDate": "2026-12-31" })
}

/// The texts of an element, in order.
fn elements<'a>(body: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    body.split(open.as_str())
        .skip(1)
        .map(|part| part.split(close.as_str()).next().unwrap())
        .collect()
}

#[tokio::test]
async fn a_message_is_repeated_until_it_is_acknowledged_and_shows_the_record_as_it_is() {
    let client = Client::start().await;
    let endpoint = Endpoint::start(&["<Ack>false</Ack>", "no", ACK]).await;
    let order = json!({
        "object": "Opportunity", "fields": ["StageName", "Amount", "NextStep"],
        "url": endpoint.url, "first_gap_ms": 20,
    });
    let action = client.admin("POST", "/salesforce/outbound", &order).await.is(201).text("/id");
    let id = client.make("Opportunity", &deal("Depot & <sons>")).await;
    let got = endpoint.wait(3).await;
    assert!(got[0].contains("content-type: text/xml; charset=UTF-8"), "{}", got[0]);
    let notification = elements(&got[0], "Id")[0];
    assert!(notification.starts_with("04l"));
    assert_eq!(elements(&got[2], "Id"), [notification], "a repetition has the same id");
    assert_eq!(elements(&got[0], "ActionId"), [action.as_str()]);
    let organization = &client.sandbox.credentials().salesforce.organization;
    assert_eq!(elements(&got[0], "OrganizationId"), [organization.as_str()]);
    assert_eq!(elements(&got[0], "sf:Id"), [id.as_str()]);
    assert_eq!(elements(&got[0], "sf:StageName"), ["Prospecting"]);
    assert!(!got[0].contains("NextStep"), "empty fields are left out");
    for _ in 0..100 {
        let state = client.admin("GET", "/salesforce/outbound", &Value::Null).await.is(200);
        if state.body["waiting"] == json!([]) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("an acknowledged message is still waiting");
}

#[tokio::test]
async fn many_changes_share_messages_of_a_hundred_and_may_come_in_any_order() {
    let client = Client::start().await;
    let endpoint = Endpoint::start(&["", ACK]).await;
    let order = json!({
        "object": "Contact", "fields": ["LastName"], "url": endpoint.url, "first_gap_ms": 20, "reversed": true,
    });
    client.admin("POST", "/salesforce/outbound", &order).await.is(201);
    let rows: Vec<Value> = (0..130)
        .map(|n| json!({ "attributes": { "type": "Contact" }, "LastName": format!("N{n:03}") }))
        .collect();
    let body = json!({ "allOrNone": true, "records": rows });
    client.rep("POST", "/composite/sobjects", &body).await.is(200);
    let got = endpoint.wait(3).await;
    let mut names: Vec<&str> =
        got[1..].iter().flat_map(|body| elements(body, "sf:LastName")).collect();
    assert_eq!(elements(&got[0], "sf:LastName").len(), 100);
    assert_eq!(elements(&got[0], "sf:LastName")[0], "N129", "the newest comes first");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 130);
    for bad in [json!({}), json!({ "object": "Contact", "url": "http://127.0.0.1:1" })] {
        client.admin("POST", "/salesforce/outbound", &bad).await.is(400);
    }
}

#[tokio::test]
async fn a_rule_edits_what_was_saved_as_another_user_without_an_origin() {
    let client = Client::start().await;
    let rules = [
        json!({ "object": "Opportunity", "field": "Amount", "do": "round", "after_ms": 50 }),
        json!({ "object": "Opportunity", "field": "Description", "do": "trim", "after_ms": 50 }),
        json!({ "object": "Opportunity", "field": "NextStep", "do": "set", "value": "Call", "after_ms": 50 }),
    ];
    for rule in &rules {
        client.admin("POST", "/salesforce/automation", rule).await.is(201);
    }
    client.admin("POST", "/salesforce/automation", &json!({ "do": "dance" })).await.is(400);
    let mut fields = deal("Depot");
    fields["Amount"] = json!(99.6);
    fields["Description"] = json!("  two   words ");
    let id = client.make("Opportunity", &fields).await;
    let path = format!("/sobjects/Opportunity/{id}");
    let mut row = Value::Null;
    for _ in 0..200 {
        row = client.rep("GET", &path, &Value::Null).await.is(200).body;
        if row["NextStep"] == "Call" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(row["Amount"].to_string(), "100.0");
    assert_eq!(row["Description"], "two words");
    assert_eq!(row["NextStep"], "Call");
    let user = row["LastModifiedById"].as_str().unwrap();
    assert_ne!(row["CreatedById"], user);

    let url = format!("{}/cometd/60.0", client.sandbox.addresses().salesforce);
    let bearer = format!("Bearer {}", client.sandbox.credentials().salesforce.access_token);
    let headers = [("Authorization", bearer.as_str())];
    let say = async |message: Value| {
        client.call("POST", &url, &headers, &message.to_string()).await.unwrap().is(200).body
    };
    let hello = say(json!([{ "channel": "/meta/handshake" }])).await;
    let channel = "/data/OpportunityChangeEvent";
    let subscribe = json!([{ "channel": "/meta/subscribe", "clientId": hello[0]["clientId"],
        "subscription": channel, "ext": { "replay": { channel: -2 } } }]);
    say(subscribe).await;
    let polled =
        say(json!([{ "channel": "/meta/connect", "clientId": hello[0]["clientId"] }])).await;
    let headers: Vec<&Value> = polled
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["data"]["payload"]["ChangeEventHeader"])
        .filter(|header| !header.is_null())
        .collect();
    assert_eq!(headers.len(), 4, "{polled}");
    for header in &headers[1..] {
        assert_eq!(header["changeOrigin"], "");
        assert_eq!(header["commitUser"], user);
        assert_eq!(header["changeType"], "UPDATE");
    }
}

#[tokio::test]
async fn a_message_that_nobody_takes_is_given_up_after_a_day_by_the_sandboxs_clock() {
    let client = Client::start().await;
    let endpoint = Endpoint::start(&["no"]).await;
    let order = json!({ "object": "Opportunity", "fields": [], "url": endpoint.url });
    client.admin("POST", "/salesforce/outbound", &order).await.is(201);
    client.make("Opportunity", &deal("Depot")).await;
    endpoint.wait(1).await;
    client.admin("POST", "/clock", &json!({ "advance": "16s" })).await.is(200);
    endpoint.wait(2).await;
    client.admin("POST", "/clock", &json!({ "advance": "25h" })).await.is(200);
    endpoint.wait(3).await;
    for _ in 0..1500 {
        let state = client.admin("GET", "/salesforce/outbound", &Value::Null).await.is(200);
        if state.body["given_up"][0]["attempts"] == 3 {
            assert_eq!(state.body["waiting"], json!([]));
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it was not given up");
}

#[tokio::test]
async fn rules_that_contradict_one_another_come_to_rest() {
    let client = Client::start().await;
    let rule = |field: &str, deed: Value| {
        let mut rule = json!({ "object": "Opportunity", "field": field, "after_ms": 20 });
        rule.as_object_mut().unwrap().extend(deed.as_object().unwrap().clone());
        rule
    };
    let mut ids = Vec::new();
    for rule in [
        rule("NextStep", json!({ "do": "set", "value": " A " })),
        rule("NextStep", json!({ "do": "trim" })),
        rule("NextStep", json!({ "do": "set", "value": "B" })),
        rule("Amount", json!({ "do": "round" })),
        rule("Amount", json!({ "do": "set", "value": 7.5 })),
    ] {
        ids.push(client.admin("POST", "/salesforce/automation", &rule).await.is(201).text("/id"));
    }
    for wrong in [
        rule("Nothing", json!({ "do": "trim" })),
        json!({ "object": "opportunity", "field": "Name", "do": "trim" }),
    ] {
        client.admin("POST", "/salesforce/automation", &wrong).await.is(400);
    }
    client.make("Opportunity", &deal("Depot")).await;
    let state = async |client: &Client| {
        let rules = client.admin("GET", "/salesforce/automation", &Value::Null).await.is(200);
        let changes = client.admin("GET", "/salesforce/changes", &Value::Null).await.is(200);
        (rules.body["waiting"].clone(), changes.body["changes"].as_i64().unwrap())
    };
    for _ in 0..200 {
        if state(&client).await.0 == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (waiting, changes) = state(&client).await;
    assert_eq!(waiting, 0);
    assert!((2..=6).contains(&changes), "a save and at most an edit of each rule: {changes}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(state(&client).await, (json!(0), changes));
    for id in &ids {
        let path = format!("/salesforce/automation/{id}");
        client.admin("DELETE", &path, &Value::Null).await.is(204);
    }
    let rules = client.admin("GET", "/salesforce/automation", &Value::Null).await.is(200);
    assert_eq!(rules.body["rules"], json!({}));
    client.admin("PATCH", "/salesforce/automation", &json!({})).await.is(405);
    client.admin("GET", "/salesforce/automation/a/b", &Value::Null).await.is(404);
}

#[tokio::test]
async fn a_session_comes_with_a_message_when_so_ordered_and_lets_its_reader_in() {
    let client = Client::start().await;
    let endpoint = Endpoint::start(&[ACK]).await;
    let order = json!({
        "object": "Opportunity", "fields": ["Name"], "url": endpoint.url, "session_id": true, "batch": 2,
    });
    client.admin("POST", "/salesforce/outbound", &order).await.is(201);
    for wrong in [json!({ "fields": ["Nothing"] }), json!({ "object": "Nothing" })] {
        let mut wrong_order = order.clone();
        wrong_order.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        client.admin("POST", "/salesforce/outbound", &wrong_order).await.is(400);
    }
    let rows: Vec<Value> = ["one", "two", "three"]
        .iter()
        .map(|name| {
            let mut row = deal(name);
            row["attributes"] = json!({ "type": "Opportunity" });
            row
        })
        .collect();
    let body = json!({ "allOrNone": true, "records": rows });
    client.rep("POST", "/composite/sobjects", &body).await.is(200);
    let got = endpoint.wait(2).await;
    let names: Vec<Vec<&str>> = got.iter().map(|body| elements(body, "sf:Name")).collect();
    assert_eq!(names, [vec!["one", "two"], vec!["three"]], "in order, two a message");
    let session = elements(&got[0], "SessionId")[0];
    let id = elements(&got[0], "sf:Id")[0];
    let base = &client.sandbox.addresses().salesforce;
    let url = format!("{base}/services/data/v60.0/sobjects/Opportunity/{id}");
    let bearer = format!("Bearer {session}");
    let read = async || client.call("GET", &url, &[("Authorization", &bearer)], "").await.unwrap();
    assert_eq!(read().await.is(200).text("/Name"), "one");
    client.admin("POST", "/clock", &json!({ "advance": "3h" })).await.is(200);
    read().await.is(401);
}
