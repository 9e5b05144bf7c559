//! Lists that people look at, plans of queries, and counts of rows.

use serde_json::{Value, json};

use crate::client::{Client, encode};

async fn accounts() -> Client {
    let client = Client::start().await;
    for name in ["b", "a", "c"] {
        client.make("Account", &json!({ "Name": name })).await;
    }
    let token = client.service_token().await;
    let path = format!("{}/sobjects/Account", crate::client::DATA);
    client.service("POST", &path, &token, &json!({ "Name": "theirs" })).await.is(201);
    client
}

#[tokio::test]
async fn lists_are_told_described_and_shown() {
    let client = accounts().await;
    let get = async |path: &str| client.rep("GET", path, &Value::Null).await;
    let all = get("/sobjects/Account/listviews").await.is(200);
    assert_eq!(
        (all.body["size"].clone(), all.text("/listviews/0/developerName")),
        (json!(2), "AllAccounts".to_owned())
    );
    let path = |number: usize| {
        format!("/sobjects/Account/listviews/{}", all.text(&format!("/listviews/{number}/id")))
    };
    let first = get(&path(0)).await.is(200);
    assert_eq!(first.body, all.body["listviews"][0]);

    let described = get(&format!("{}/describe", path(1))).await.is(200);
    assert_eq!(described.text("/scope"), "mine");
    let found = client.names("Name", &described.text("/query")).await;
    assert_eq!(found, ["a", "b", "c"]);

    let results = get(&format!("{}/results?limit=2&offset=1", path(0))).await.is(200);
    assert_eq!(
        (results.body["size"].clone(), results.body["done"].clone()),
        (json!(2), json!(false))
    );
    let names: Vec<&Value> =
        results.body["records"].as_array().unwrap().iter().map(|row| &row["columns"][0]).collect();
    assert_eq!(
        names,
        [
            &json!({ "fieldNameOrPath": "Name", "value": "b" }),
            &json!({ "fieldNameOrPath": "Name", "value": "c" })
        ]
    );
    assert_eq!(
        results.body["columns"],
        get(&format!("{}/describe", path(0))).await.body["columns"]
    );

    // Stages belong to nobody.
    assert_eq!(get("/sobjects/OpportunityStage/listviews").await.is(200).body["size"], json!(1));
    get("/sobjects/Account/listviews/00B5g0000000zzzAAA").await.is(404);
    let other = all.text("/listviews/0/id");
    get(&format!("/sobjects/Contact/listviews/{other}")).await.is(404);
    client.rep("POST", "/sobjects/Account/listviews", &json!({})).await.is(405);
}

#[tokio::test]
async fn a_query_is_explained_without_being_carried_out() {
    let client = accounts().await;
    let explain = async |text: &str| {
        client.rep("GET", &format!("/query/?explain={}", encode(text)), &Value::Null).await
    };
    for (soql, operation, read) in [
        ("SELECT Id FROM Account", "TableScan", 4),
        ("SELECT Id FROM Account WHERE Name = 'a'", "TableScan", 4),
        ("SELECT Id FROM Account WHERE Id = '0015g0000000001' AND Name = 'x'", "Index", 1),
        ("SELECT Id FROM Account WHERE SystemModstamp > 2090-01-01T00:00:00Z", "Index", 0),
    ] {
        let got = explain(soql).await.is(200);
        assert_eq!(got.text("/plans/0/leadingOperationType"), operation, "{soql}");
        assert_eq!(got.body["plans"][0]["cardinality"], json!(read), "{soql}");
        assert_eq!(got.body["plans"][0]["sobjectCardinality"], json!(4), "{soql}");
        assert_eq!(got.text("/sourceQuery"), soql);
    }
    let views = client.rep("GET", "/sobjects/Account/listviews", &Value::Null).await.is(200);
    let got = explain(&views.text("/listviews/0/id")).await.is(200);
    assert_eq!(got.text("/plans/0/sobjectType"), "Account");
    assert_eq!(explain("SELECT").await.is(400).text("/0/errorCode"), "MALFORMED_QUERY");
}

#[tokio::test]
async fn rows_are_counted_without_those_in_the_bin() {
    let client = accounts().await;
    client.rep("DELETE", "/sobjects/Account/0015g0000000001", &Value::Null).await.is(204);
    let some = client
        .rep("GET", "/limits/recordCount?sObjects=Account,contact,Nix", &Value::Null)
        .await
        .is(200);
    let wanted = json!({ "sObjects": [{ "count": 3, "name": "Account" }, { "count": 0, "name": "Contact" }] });
    assert_eq!(some.body, wanted);
    let all = client.rep("GET", "/limits/recordCount", &Value::Null).await.is(200);
    assert!(all.body["sObjects"].as_array().unwrap().len() > 5, "{all:?}");
}
