//! Rows that jobs delete for good, and bodies that are called what they are not.

use serde_json::{Value, json};

use crate::{
    client::{Client, DATA},
    rows::deal,
};

/// A job of version 2.0 with one table; what it says of itself.
async fn job(client: &Client, object: &str, table: &str) -> Value {
    let order = json!({ "object": object, "operation": "hardDelete", "lineEnding": "LF" });
    let job = client.rep("POST", "/jobs/ingest", &order).await.is(200).text("/id");
    let path = format!("/jobs/ingest/{job}");
    let url = format!("{}{DATA}{path}/batches", client.sandbox.addresses().salesforce);
    let token = format!("Bearer {}", client.sandbox.credentials().salesforce.access_token);
    let headers = [("Authorization", token.as_str()), ("Content-Type", "text/csv")];
    client.call("PUT", &url, &headers, table).await.unwrap().is(201);
    client.rep("PATCH", &path, &json!({ "state": "UploadComplete" })).await.is(200);
    client.rep("GET", &path, &Value::Null).await.is(200).body
}

/// How many rows a query finds, those in the bin too.
async fn count(client: &Client, object: &str) -> Value {
    let path = format!("/queryAll?q=SELECT+COUNT()+FROM+{object}");
    client.rep("GET", &path, &Value::Null).await.is(200).body["totalSize"].clone()
}

#[tokio::test]
async fn a_job_takes_rows_out_of_the_bin_with_what_cannot_be_without_them() {
    let client = Client::start().await;
    let account = client.make("Account", &json!({ "Name": "Kept" })).await;
    let mut fields = deal("Gone");
    fields["AccountId"] = json!(account);
    let gone = client.make("Opportunity", &fields).await;
    let task = client.make("Task", &json!({ "Subject": "Call", "WhatId": gone })).await;
    let binned = client.make("Opportunity", &deal("In the bin")).await;
    client.rep("DELETE", &format!("/sobjects/Opportunity/{binned}"), &Value::Null).await.is(204);
    assert_eq!(count(&client, "Opportunity").await, json!(2));

    let done =
        job(&client, "Opportunity", &format!("Id\n{gone}\n{binned}\n0065g0000zzzzzz\n")).await;
    assert_eq!(
        (&done["numberRecordsProcessed"], &done["numberRecordsFailed"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(count(&client, "Opportunity").await, json!(0));
    assert_eq!(count(&client, "Task").await, json!(0));
    assert_eq!(count(&client, "Account").await, json!(1));
    for path in [format!("/sobjects/Opportunity/{gone}"), format!("/sobjects/Task/{task}")] {
        let got = client.rep("GET", &path, &Value::Null).await.is(404);
        assert_eq!(got.text("/0/errorCode"), "NOT_FOUND");
    }
    let body = json!({ "Title": "N", "Content": "YQ==" });
    let note = client.make("ContentNote", &body).await;
    job(&client, "ContentDocument", &format!("Id\n{note}\n")).await;
    for object in ["ContentNote", "ContentDocument", "ContentVersion", "ContentDocumentLink"] {
        assert_eq!(count(&client, object).await, json!(0), "{object}");
    }
}

#[tokio::test]
async fn what_led_to_a_row_that_is_gone_for_good_leads_nowhere_and_no_event_tells_of_the_row() {
    let client = Client::start().await;
    let account = client.make("Account", &json!({ "Name": "Gone" })).await;
    let child = client.make("Account", &json!({ "Name": "Child", "ParentId": account })).await;
    let events = |got: &Value| got["changes"].as_i64().unwrap();
    let before = client.admin("GET", "/salesforce/changes", &Value::Null).await.is(200).body;
    job(&client, "Account", &format!("Id\n{account}\n")).await;
    let row = client.rep("GET", &format!("/sobjects/Account/{child}"), &Value::Null).await.is(200);
    assert_eq!(row.body["ParentId"], Value::Null);
    // The child's change is told, and nothing else.
    let after = client.admin("GET", "/salesforce/changes", &Value::Null).await.is(200).body;
    assert_eq!(events(&after), events(&before) + 1);
}

#[tokio::test]
async fn a_body_that_is_not_called_json_is_refused() {
    let client = Client::start().await;
    let body = json!({ "Name": "A" });
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "application/xml; charset=UTF-8"]
    {
        for (method, path) in [
            ("POST", "/sobjects/Account"),
            ("POST", "/composite"),
            ("PATCH", "/composite/sobjects"),
        ] {
            let got = client.rep_with(method, path, &[("Content-Type", kind)], &body).await.is(415);
            assert_eq!(got.text("/0/errorCode"), "UNSUPPORTED_MEDIA_TYPE");
            let message = "Content-Type header specified in HTTP request is not supported: ";
            assert_eq!(got.text("/0/message"), format!("{message}{kind}"));
        }
    }
    assert_eq!(count(&client, "Account").await, json!(0));
    for kind in ["application/json", "Application/JSON; charset=UTF-8"] {
        let headers = [("Content-Type", kind)];
        client.rep_with("POST", "/sobjects/Account", &headers, &body).await.is(201);
    }
}
