//! Jobs of many rows: the older interface, by XML with tables and by JSON.

use serde_json::{Value, json};

use crate::{
    client::{Client, Got},
    rows::deal,
};

const XML: &str = "application/xml; charset=utf-8";
const JSON: &str = "application/json";

/// A call of the rep to the older interface, below its version.
async fn ask(client: &Client, method: &str, path: &str, kind: &str, body: &str) -> Got {
    let token = client.sandbox.credentials().salesforce.access_token.clone();
    let url = format!("{}/services/async/60.0{path}", client.sandbox.addresses().salesforce);
    let headers = [("X-SFDC-Session", token.as_str()), ("Content-Type", kind)];
    client.call(method, &url, &headers, body).await.unwrap()
}

/// The text of an element.
fn element(got: &Got, name: &str) -> String {
    let (_, after) = got.said.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{got:?}"));
    after.split_once(&format!("</{name}>")).unwrap().0.to_owned()
}

async fn xml_job(client: &Client, operation: &str, object: &str, more: &str) -> String {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<jobInfo xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\">\
         <operation>{operation}</operation><object>{object}</object>{more}<contentType>CSV</contentType></jobInfo>"
    );
    let got = ask(client, "POST", "/job", XML, &body).await.is(201);
    assert_eq!(element(&got, "state"), "Open");
    assert_eq!(got.headers["content-type"], "application/xml");
    element(&got, "id")
}

/// Sends a table; answers the batch's id.
async fn table(client: &Client, job: &str, rows: &str) -> String {
    let got = ask(client, "POST", &format!("/job/{job}/batch"), "text/csv", rows).await.is(201);
    assert_eq!((element(&got, "state").as_str(), element(&got, "jobId").as_str()), ("Queued", job));
    element(&got, "id")
}

#[tokio::test]
async fn tables_are_taken_in_and_each_row_is_told_of() {
    let client = Client::start().await;
    let job = xml_job(&client, "insert", "Account", "").await;
    let rows = "Name,AnnualRevenue,Site\n\"A, Ltd\",5,x\n,6,y\nB,#N/A,\n";
    let batch = table(&client, &job, rows).await;
    let path = format!("/job/{job}/batch/{batch}");
    let got = ask(&client, "GET", &path, XML, "").await.is(200);
    let shown =
        ["state", "numberRecordsProcessed", "numberRecordsFailed"].map(|n| element(&got, n));
    assert_eq!(shown, ["Completed", "3", "1"]);
    assert!(element(&got, "createdDate").contains(".000Z"), "{got:?}");
    let got = ask(&client, "GET", &format!("{path}/result"), XML, "").await.is(200);
    assert_eq!(got.headers["content-type"], "text/csv");
    let lines: Vec<&str> = got.said.lines().collect();
    assert_eq!(lines[0], "\"Id\",\"Success\",\"Created\",\"Error\"");
    assert!(
        lines[1].starts_with("\"001") && lines[1].ends_with(",\"true\",\"true\",\"\""),
        "{got:?}"
    );
    let refused = "\"\",\"false\",\"false\",\"REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --\"";
    assert_eq!(lines[2], refused);
    assert_eq!(
        client.names("Name", "SELECT Name FROM Account ORDER BY Name").await,
        ["A, Ltd", "B"]
    );
    let got = ask(&client, "GET", &format!("{path}/request"), XML, "").await.is(200);
    assert_eq!(got.said, rows);
    let got = ask(&client, "GET", &format!("/job/{job}/batch"), XML, "").await.is(200);
    assert!(
        got.said.contains("<batchInfoList") && element(&got, "batchInfo").contains(&batch),
        "{got:?}"
    );

    let close = "<jobInfo><state>Closed</state></jobInfo>";
    let got = ask(&client, "POST", &format!("/job/{job}"), XML, close).await.is(200);
    let shown =
        ["state", "numberBatchesCompleted", "numberRecordsFailed"].map(|n| element(&got, n));
    assert_eq!(shown, ["Closed", "1", "1"]);
    let late = ask(&client, "POST", &format!("/job/{job}/batch"), "text/csv", rows).await.is(400);
    assert_eq!(element(&late, "exceptionCode"), "InvalidJobState");
}

#[tokio::test]
async fn a_query_is_a_batch_and_its_results_are_asked_for_by_id() {
    let client = Client::start().await;
    let account = client.make("Account", &json!({ "Name": "Up" })).await;
    let mut fields = deal("One");
    fields["AccountId"] = json!(account);
    client.make("Opportunity", &fields).await;
    let soql = "SELECT Name, Account.Name, CloseDate FROM Opportunity";
    let job = xml_job(&client, "query", "Opportunity", "").await;
    let path = format!("/job/{job}/batch/{}/result", table(&client, &job, soql).await);
    let got = ask(&client, "GET", &path, XML, "").await.is(200);
    let result = element(&got, "result");
    let got = ask(&client, "GET", &format!("{path}/{result}"), XML, "").await.is(200);
    let day = fields["CloseDate"].as_str().unwrap();
    assert_eq!(
        got.said,
        format!("\"Name\",\"Account.Name\",\"CloseDate\"\n\"One\",\"Up\",\"{day}\"\n")
    );

    let none = table(&client, &job, "SELECT Id FROM Opportunity WHERE Name = 'x'").await;
    let path = format!("/job/{job}/batch/{none}/result");
    let result = element(&ask(&client, "GET", &path, XML, "").await, "result");
    let got = ask(&client, "GET", &format!("{path}/{result}"), XML, "").await.is(200);
    assert_eq!(got.said, "Records not found for this query");

    for (soql, said) in [
        ("SELECT Nix FROM Opportunity", "InvalidBatch : Failed to process query: INVALID_FIELD: "),
        (
            "SELECT Account.BillingAddress FROM Opportunity",
            "Selecting compound data not supported in Bulk Query",
        ),
        ("SELECT COUNT() FROM Opportunity", "Aggregate Relationships not supported in Bulk Query"),
        (
            "SELECT Id, (SELECT Id FROM OpportunityContactRoles) FROM Opportunity",
            "not supported in Bulk",
        ),
        ("SELECT Id FROM Account", "the query is of Account, the job of Opportunity"),
    ] {
        let batch = table(&client, &job, soql).await;
        let got = ask(&client, "GET", &format!("/job/{job}/batch/{batch}"), XML, "").await.is(200);
        assert_eq!(element(&got, "state"), "Failed", "{soql}");
        assert!(element(&got, "stateMessage").contains(said), "{got:?}");
        let path = format!("/job/{job}/batch/{batch}/result");
        let got = ask(&client, "GET", &path, XML, "").await.is(400);
        assert_eq!(element(&got, "exceptionCode"), "InvalidBatch");
    }
}

async fn json_job(client: &Client, job: &Value) -> String {
    ask(client, "POST", "/job", JSON, &job.to_string()).await.is(201).text("/id")
}

/// Sends a batch of a JSON job; answers what it resulted in.
async fn batch(client: &Client, job: &str, body: &str) -> Value {
    let path = format!("/job/{job}/batch");
    let batch = ask(client, "POST", &path, JSON, body).await.is(201).text("/id");
    let path = format!("{path}/{batch}/result");
    ask(client, "GET", &path, JSON, "").await.is(200).body
}

#[tokio::test]
async fn rows_come_and_go_as_json_too() {
    let client = Client::start().await;
    let job = json!({ "operation": "upsert", "object": "Opportunity", "concurrencyMode": 1, "contentType": "JSON",
        "externalIdFieldName": "Referral_Identifier__c" });
    let job = json_job(&client, &job).await;
    let mut rows = vec![deal("one"), deal("two"), deal("three")];
    rows[0]["Referral_Identifier__c"] = json!("r-1");
    rows[1]["Referral_Identifier__c"] = json!("r-1");
    rows[1]["NextStep"] = Value::Null;
    rows[1]["Name"] = json!("again");
    let got = batch(&client, &job, &json!(rows).to_string()).await;
    assert_eq!(
        (&got[0]["success"], &got[0]["created"], &got[0]["errors"]),
        (&json!(true), &json!(true), &json!([]))
    );
    assert_eq!((&got[1]["id"], &got[1]["created"]), (&got[0]["id"], &json!(false)));
    assert_eq!((&got[2]["id"], &got[2]["success"]), (&Value::Null, &json!(false)));
    assert_eq!(got[2]["errors"][0]["statusCode"], json!("MISSING_ARGUMENT"));
    assert_eq!(client.names("Name", "SELECT Name FROM Opportunity").await, ["again"]);
    let info = ask(&client, "GET", &format!("/job/{job}"), JSON, "").await.is(200);
    assert_eq!(info.body["numberRecordsProcessed"], json!(3));
    assert_eq!(
        (info.text("/concurrencyMode"), info.body.get("jobType")),
        ("Serial".to_owned(), None)
    );

    let job = json!({ "operation": "query", "object": "Opportunity", "concurrencyMode": 0, "contentType": "JSON" });
    let job = json_job(&client, &job).await;
    let path = format!("/job/{job}/batch");
    let soql = "SELECT Id, Name, CloseDate, CreatedDate, Owner.Name FROM Opportunity";
    let id = ask(&client, "POST", &path, JSON, soql).await.is(201).text("/id");
    let got = ask(&client, "GET", &format!("{path}/{id}/result"), JSON, "").await.is(200);
    let path = format!("{path}/{id}/result/{}", got.text("/0"));
    let got = ask(&client, "GET", &path, JSON, "").await.is(200).body;
    assert_eq!(got[0]["attributes"]["type"], json!("Opportunity"));
    assert!(got[0]["Owner"]["Name"].is_string(), "{got}");
    let day = got[0]["CloseDate"].as_i64().unwrap();
    assert_eq!(day % (24 * 3600 * 1000), 0);
    assert!(got[0]["CreatedDate"].as_i64().unwrap() > 1_700_000_000_000);
}

#[tokio::test]
async fn sessions_jobs_and_batches_that_are_none_are_refused_in_the_form_of_the_call() {
    let client = Client::start().await;
    let url = format!("{}/services/async/60.0/job", client.sandbox.addresses().salesforce);
    let token = format!("Bearer {}", client.sandbox.credentials().salesforce.access_token);
    // This interface does not look at the header of the others.
    let got = client.call("POST", &url, &[("Authorization", &token)], "").await.unwrap().is(400);
    assert_eq!(element(&got, "exceptionCode"), "InvalidSessionId");
    assert!(
        got.said.contains("<error xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\">"),
        "{got:?}"
    );
    let json = [("X-SFDC-Session", "gone"), ("Content-Type", JSON)];
    let got = client.call("POST", &url, &json, "{}").await.unwrap().is(400);
    assert_eq!(got.text("/exceptionCode"), "InvalidSessionId");

    for (job, message) in [
        (json!({ "operation": "merge", "object": "Account", "contentType": "CSV" }), "merge"),
        (
            json!({ "operation": "insert", "object": "Nix", "contentType": "CSV" }),
            "Unable to find object: Nix",
        ),
        (
            json!({ "operation": "insert", "object": "Account", "contentType": "ZIP_CSV" }),
            "ZIP_CSV",
        ),
        (
            json!({ "operation": "upsert", "object": "Account", "contentType": "CSV" }),
            "External ID was blank",
        ),
        (
            json!({ "operation": "upsert", "object": "Account", "contentType": "CSV", "externalIdFieldName": "Site" }),
            "Site does not match an External ID",
        ),
    ] {
        let got = ask(&client, "POST", "/job", JSON, &job.to_string()).await.is(400);
        assert_eq!(got.text("/exceptionCode"), "InvalidJob", "{job}");
        assert!(got.text("/exceptionMessage").contains(message), "{got:?}");
    }
    let job = json!({ "operation": "insert", "object": "Account", "contentType": "JSON" });
    let job = json_job(&client, &job).await;
    for body in ["[]", "{", "[{\"Name\": \"a\", \"Nix\": 1}]"] {
        let path = format!("/job/{job}/batch");
        let id = ask(&client, "POST", &path, JSON, body).await.is(201).text("/id");
        let got = ask(&client, "GET", &format!("{path}/{id}"), JSON, "").await.is(200);
        assert_eq!(got.text("/state"), "Failed", "{body}");
    }
    assert_eq!(client.query("SELECT COUNT() FROM Account").await.body["totalSize"], json!(0));
    ask(&client, "GET", "/job/7505g0000zzzzzzAAA", JSON, "").await.is(400);
    ask(&client, "GET", "/nothing", JSON, "").await.is(400);
}

#[tokio::test]
async fn a_session_that_a_fault_ends_is_told_of_as_this_interface_does() {
    let client = Client::start().await;
    let token = client.service_token().await;
    let order =
        json!({ "system": "salesforce", "kind": "expired_token", "path": "/services/async/*" });
    client.admin("POST", "/faults", &order).await.is(201);
    let url = format!("{}/services/async/60.0/job/x", client.sandbox.addresses().salesforce);
    for wanted in ["InvalidSessionId", "InvalidSessionId"] {
        let got =
            client.call("GET", &url, &[("X-SFDC-Session", &token)], "").await.unwrap().is(400);
        assert_eq!(element(&got, "exceptionCode"), wanted);
    }
    let path = format!("{}/limits", crate::client::DATA);
    client.service("GET", &path, &token, &Value::Null).await.is(401);
}

#[tokio::test]
async fn a_table_with_a_column_that_is_no_field_fails_as_a_whole() {
    let client = Client::start().await;
    let job = json!({ "operation": "insert", "object": "Account" });
    let job = client.rep("POST", "/jobs/ingest", &job).await.is(200).text("/id");
    let base = &client.sandbox.addresses().salesforce;
    let token = format!("Bearer {}", client.sandbox.credentials().salesforce.access_token);
    let url = format!("{base}{}/jobs/ingest/{job}/batches", crate::client::DATA);
    let headers = [("Authorization", token.as_str()), ("Content-Type", "text/csv")];
    client.call("PUT", &url, &headers, "Name,Nix\na,b\n").await.unwrap().is(201);
    let path = format!("/jobs/ingest/{job}");
    client.rep("PATCH", &path, &json!({ "state": "UploadComplete" })).await.is(200);
    let got = client.rep("GET", &path, &Value::Null).await.is(200);
    assert_eq!(got.text("/state"), "Failed");
    assert_eq!(got.text("/errorMessage"), "InvalidBatch : Field name not found : Nix");
    assert_eq!(client.query("SELECT COUNT() FROM Account").await.body["totalSize"], json!(0));
}
