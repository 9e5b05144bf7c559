//! What is the same the second time: records of a seed, faults over https, batches that fail in part, and what
//! a restart keeps.

use std::time::{Duration, Instant};

use sandbox::Config;
use serde_json::{Value, json};

use crate::client::{Client, DATA};

/// What a sandbox begins with, but for ids and times.
async fn records(seed: u64) -> Vec<String> {
    let client = Client::with(Config { referrals: 90, seed, ..Config::default() }).await;
    let mut all = Vec::new();
    let mut path = "?$orderby=createdDateTime".to_owned();
    loop {
        let got = client.partner("GET", &path, &Value::Null).await.is(200);
        for one in got.body["value"].as_array().unwrap() {
            let kept = [
                "/name",
                "/status",
                "/substatus",
                "/type",
                "/direction",
                "/customerProfile",
                "/details/dealValue",
                "/details/currency",
                "/details/notes",
                "/team",
                "/target",
                "/details/requirements/solutions/0/id",
                "/inviteContext/assistanceRequestCode",
            ]
            .map(|pointer| one.pointer(pointer).cloned().unwrap_or_default());
            all.push(json!(kept).to_string());
        }
        let Some(next) = got.body["@odata.nextLink"].as_str() else { break };
        path = format!("?{}", next.split_once('?').unwrap().1);
    }
    assert!(all.len() >= 90, "{}", all.len());
    for soql in [
        "SELECT Name, StageName, Amount, Account.Name FROM Opportunity ORDER BY Name, Amount",
        "SELECT Name, BillingCity, BillingCountry FROM Account ORDER BY Name, BillingCity",
        "SELECT LastName, Email FROM Contact ORDER BY LastName, Email",
    ] {
        let rows = client.query(soql).await.is(200).body["records"].as_array().unwrap().clone();
        assert!(!rows.is_empty());
        all.extend(rows.into_iter().map(|mut row| {
            row.as_object_mut().unwrap().remove("attributes");
            if let Some(Value::Object(account)) = row.get_mut("Account") {
                account.remove("attributes");
            }
            row.to_string()
        }));
    }
    all
}

#[tokio::test]
async fn an_organisation_of_ones_own_begins_with_records_that_it_takes() {
    let field = |name: &str, kind: Value| {
        let mut field =
            json!({ "name": name, "createable": true, "updateable": true, "nillable": true });
        field.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
        field
    };
    let list = |values: &[&str]| {
        let values: Vec<Value> =
            values.iter().map(|value| json!({ "value": value, "active": true })).collect();
        json!({ "type": "picklist", "restrictedPicklist": true, "picklistValues": values, "nillable": false })
    };
    // Without the connector's fields and without currencies, with other stages and a field of its own.
    let deal = json!({ "name": "Opportunity", "fields": [
        field("Name", json!({ "type": "string", "length": 20, "nameField": true, "nillable": false })),
        field("StageName", list(&["Talking", "Done"])),
        field("CloseDate", json!({ "type": "date", "nillable": false })),
        field("AccountId", json!({ "type": "reference", "referenceTo": ["Account"], "relationshipName": "Account" })),
        field("Tier__c", list(&["Gold"])),
        field("Key__c", json!({ "type": "string", "length": 9, "nillable": false, "unique": true, "externalId": true })),
    ]});
    let config = Config { referrals: 40, describes: vec![deal], ..Config::default() };
    let client = Client::with(config).await;
    let got = client.query("SELECT Id, StageName, Tier__c, Key__c FROM Opportunity").await.is(200);
    let rows = got.body["records"].as_array().unwrap();
    assert!(rows.len() > 10, "{}", rows.len());
    for row in rows {
        assert!(row["Id"].as_str().unwrap().starts_with("006"));
        assert_eq!((&row["StageName"], &row["Tier__c"]), (&json!("Talking"), &json!("Gold")));
    }
}

#[tokio::test]
async fn the_same_seed_begins_with_the_same_records() {
    let (first, again, other) = (records(7).await, records(7).await, records(8).await);
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[tokio::test]
async fn faults_strike_over_https_too() {
    let client = Client::start().await;
    let keys = client.sandbox.credentials().salesforce.clone();
    let authority = reqwest::Certificate::from_pem(keys.authority_pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([authority]).build().unwrap();
    let url = format!("{}{DATA}/sobjects/Account", client.sandbox.addresses().salesforce_https);
    let token = keys.access_token.as_str();
    for (kind, came, made) in [
        ("slow_header", Some(201), true),
        ("slow_body", Some(201), true),
        ("cut_body", None, true),
        ("close", None, false),
        ("reset", None, false),
        ("applied_then_close", None, true),
        ("applied_then_reset", None, true),
        ("applied_then_timeout", None, true),
        ("timeout", None, false),
        ("lock_row", Some(400), false),
        ("html", Some(200), false),
    ] {
        let order = json!({
            "system": "salesforce", "kind": kind, "method": "POST", "delay_ms": 400,
        });
        client.admin("POST", "/faults", &order).await.is(201);
        let begun = Instant::now();
        let send = async {
            let body = json!({ "Name": kind }).to_string();
            let request = http.post(&url).bearer_auth(token);
            let typed = request.header("Content-Type", "application/json");
            let answer = typed.timeout(Duration::from_secs(5)).body(body).send().await.ok()?;
            let status = answer.status().as_u16();
            answer.text().await.ok()?;
            Some(status)
        };
        assert_eq!(send.await, came, "{kind}");
        if kind.starts_with("slow") {
            assert!(begun.elapsed() >= Duration::from_millis(350), "{kind}");
        }
        let soql = format!("SELECT COUNT() FROM Account WHERE Name = '{kind}'");
        let count = client.query(&soql).await.is(200).body["totalSize"].clone();
        assert_eq!(count, json!(u64::from(made)), "{kind}");
    }
    let log = client.admin("GET", "/requests?fault=any", &Value::Null).await.is(200);
    assert_eq!(log.body.as_array().unwrap().len(), 11);
}

#[tokio::test]
async fn a_restart_begins_a_new_log_and_keeps_everything_else() {
    let folder = tempfile::tempdir().unwrap();
    let config = || Config { state: Some(folder.path().join("box")), ..Config::default() };
    let client = Client::with(config()).await;
    client.make("Account", &json!({ "Name": "kept" })).await;
    let limits = json!({ "referrals": { "calls": 9, "seconds": 60 } });
    client.admin("PUT", "/partner-center/limits", &limits).await.is(200);
    let order = json!({ "system": "salesforce", "kind": "lock_row", "method": "POST" });
    client.admin("POST", "/faults", &order).await.is(201);
    let log = client.admin("GET", "/requests", &Value::Null).await.is(200).body;
    assert_eq!(log[0]["number"], json!(1));
    client.sandbox.stop().await;
    let client = Client::with(config()).await;
    assert_eq!(client.admin("GET", "/requests", &Value::Null).await.is(200).body, json!([]));
    assert_eq!(client.names("Name", "SELECT Name FROM Account").await, ["kept"]);
    let log = client.admin("GET", "/requests", &Value::Null).await.is(200).body;
    assert_eq!((log.as_array().unwrap().len(), &log[0]["number"]), (1, &json!(1)));
    let shown = client.admin("GET", "/partner-center/limits", &Value::Null).await.is(200);
    assert_eq!(shown.body["referrals"]["calls"], json!(9));
    // The fault waits still.
    client.rep("POST", "/sobjects/Account", &json!({ "Name": "x" })).await.is(400);
    client.rep("POST", "/sobjects/Account", &json!({ "Name": "x" })).await.is(201);
}

/// Orders that the next batch fails in part.
async fn in_part(client: &Client, seed: u64) {
    let fault = json!({ "system": "salesforce", "kind": "partial_batch", "seed": seed });
    client.admin("POST", "/faults", &fault).await.is(201);
}

async fn accounts(client: &Client) -> Vec<String> {
    client.names("Name", "SELECT Name FROM Account ORDER BY Name").await
}

#[tokio::test]
async fn batches_graphs_and_trees_fail_in_part_too() {
    let client = Client::start().await;
    let url = format!("{DATA}/sobjects/Account");
    let names = ["a", "b", "c", "d"];
    let mut halted = false;
    for (seed, halts) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
        client.admin("POST", "/reset", &Value::Null).await.is(204);
        in_part(&client, seed).await;
        let part = |name: &&str| json!({ "method": "POST", "url": "v60.0/sobjects/Account", "richInput": { "Name": name } });
        let parts: Vec<Value> = names.iter().map(part).collect();
        let body = json!({ "batchRequests": parts, "haltOnError": halts });
        let got = client.rep("POST", "/composite/batch", &body).await.is(200);
        assert_eq!(got.body["hasErrors"], json!(true));
        let results = got.body["results"].as_array().unwrap();
        let made = names.iter().zip(results).filter(|(_, one)| one["statusCode"] == json!(201));
        let made: Vec<&str> = made.map(|(name, _)| *name).collect();
        assert_eq!(accounts(&client).await, made, "{results:?}");
        let first = results.iter().position(|one| one["statusCode"] == json!(400)).unwrap();
        assert_eq!(results[first]["result"][0]["errorCode"], json!("UNABLE_TO_LOCK_ROW"));
        let behind = &results[first + 1..];
        halted |= halts && !behind.is_empty();
        assert!(!halts || behind.iter().all(|one| one["statusCode"] == json!(412)), "{results:?}");
    }
    assert!(halted);
    client.admin("POST", "/reset", &Value::Null).await.is(204);
    in_part(&client, 1).await;
    let graph = |name: &&str| {
        let part = |n: u8| json!({ "method": "POST", "url": url, "referenceId": format!("r{n}"), "body": { "Name": format!("{name}{n}") } });
        json!({ "graphId": name, "compositeRequest": [part(1), part(2)] })
    };
    let graphs: Vec<Value> = names.iter().map(graph).collect();
    let got = client.rep("POST", "/composite/graph", &json!({ "graphs": graphs })).await.is(200);
    let mut made = Vec::new();
    for (name, graph) in names.iter().zip(got.body["graphs"].as_array().unwrap()) {
        assert_eq!(graph["graphId"], json!(name));
        let parts = graph["graphResponse"]["compositeResponse"].as_array().unwrap();
        assert_eq!((parts.len(), &parts[1]["referenceId"]), (2, &json!("r2")));
        if graph["isSuccessful"] == json!(true) {
            made.extend([format!("{name}1"), format!("{name}2")]);
        } else {
            assert_eq!(parts[0]["body"][0]["errorCode"], json!("UNABLE_TO_LOCK_ROW"));
            assert_eq!(parts[1]["body"][0]["errorCode"], json!("PROCESSING_HALTED"));
        }
    }
    assert!(!made.is_empty() && made.len() < 8);
    assert_eq!(accounts(&client).await, made);
    client.admin("POST", "/reset", &Value::Null).await.is(204);
    in_part(&client, 1).await;
    let row = |name: &&str| json!({ "attributes": { "type": "Account", "referenceId": name }, "Name": name });
    let rows: Vec<Value> = names.iter().map(row).collect();
    let body = json!({ "records": rows });
    let got = client.rep("POST", "/composite/tree/Account", &body).await.is(400);
    assert_eq!(got.body["hasErrors"], json!(true));
    assert_eq!(got.body["results"][0]["errors"][0]["statusCode"], json!("UNABLE_TO_LOCK_ROW"));
    assert_eq!(accounts(&client).await, [""; 0], "a tree is made as a whole or not at all");
    client.rep("POST", "/composite/tree/Account", &body).await.is(201);
}
