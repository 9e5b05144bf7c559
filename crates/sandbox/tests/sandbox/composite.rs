//! Several writes in one request: references, all or nothing, collections.

use serde_json::{Value, json};

use crate::{client::Client, rows::deal};

fn part(method: &str, path: &str, reference: &str, body: &Value) -> Value {
    json!({
        "method": method,
        "url": format!("/services/data/v60.0{path}"),
        "referenceId": reference,
        "body": body,
    })
}

fn whole(stage: &str, all_or_none: bool) -> Value {
    let mut opportunity = deal("Composite");
    opportunity["AccountId"] = json!("@{acc.id}");
    opportunity["StageName"] = json!(stage);
    let role = json!({ "OpportunityId": "@{opp.id}", "ContactId": "@{con.id}", "IsPrimary": true });
    json!({
        "allOrNone": all_or_none,
        "collateSubrequests": false,
        "compositeRequest": [
            part("POST", "/sobjects/Account", "acc", &json!({ "Name": "A" })),
            part("POST", "/sobjects/Contact", "con", &json!({ "LastName": "C", "AccountId": "@{acc.id}" })),
            part("PATCH", "/sobjects/Opportunity/Referral_Identifier__c/r-1", "opp", &opportunity),
            part("POST", "/sobjects/OpportunityContactRole", "role", &role),
            part("GET", "/query?q=SELECT+Id+FROM+OpportunityContactRole+WHERE+OpportunityId='@{opp.id}'", "q", &Value::Null),
            part("GET", "/sobjects/OpportunityContactRole/@{q.records[0].Id}", "get", &Value::Null),
            part("PATCH", "/sobjects/Account/@{acc.id}", "last", &json!({ "Description": "role @{get.Id}, @{get.IsPrimary}" })),
        ],
    })
}

#[tokio::test]
async fn references_carry_ids_from_part_to_part() {
    let client = Client::start().await;
    let got = client.rep("POST", "/composite", &whole("Prospecting", true)).await.is(200).body;
    let statuses: Vec<_> = got["compositeResponse"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["httpStatusCode"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 201, 201, 201, 200, 200, 204], "{got}");
    let location = got["compositeResponse"][0]["httpHeaders"]["Location"].as_str().unwrap();
    assert!(location.starts_with("/services/data/v60.0/sobjects/Account/001"));
    let descriptions = client.names("Description", "SELECT Description FROM Account").await;
    assert!(descriptions[0].starts_with("role 00K") && descriptions[0].ends_with(", true"));
}

#[tokio::test]
async fn all_or_none_leaves_nothing_behind() {
    let client = Client::start().await;
    let got = client.rep("POST", "/composite", &whole("Qualified", true)).await.is(200).body;
    let codes: Vec<_> = got["compositeResponse"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["body"][0]["errorCode"].as_str().unwrap())
        .collect();
    assert_eq!(codes[2], "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
    assert_eq!(codes.iter().filter(|code| **code == "PROCESSING_HALTED").count(), 6);
    for object in ["Account", "Contact", "Opportunity"] {
        let got = client.query(&format!("SELECT COUNT() FROM {object}")).await;
        assert_eq!(got.body["totalSize"], json!(0), "{object}");
    }
    let counts = client.admin("GET", "/counts", &Value::Null).await.is(200).body;
    assert_eq!(counts["salesforce"]["by_user"]["rep"]["writes"], json!(0));
}

#[tokio::test]
async fn without_all_or_none_only_what_depends_on_a_failure_fails() {
    let client = Client::start().await;
    let got = client.rep("POST", "/composite", &whole("Qualified", false)).await.is(200).body;
    let statuses: Vec<_> = got["compositeResponse"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["httpStatusCode"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 201, 400, 400, 400, 400, 400]);
    let message = got["compositeResponse"][3]["body"][0]["message"].as_str().unwrap();
    assert!(message.contains("No value for opp.id"), "{message}");
    let twice = json!({ "compositeRequest": [
        part("GET", "/limits", "a", &Value::Null), part("GET", "/limits", "a", &Value::Null),
    ] });
    client.rep("POST", "/composite", &twice).await.is(400);
    let many: Vec<Value> =
        (0..26).map(|n| part("GET", "/sobjects", &format!("r{n}"), &Value::Null)).collect();
    client.rep("POST", "/composite", &json!({ "compositeRequest": many })).await.is(400);
}

#[tokio::test]
async fn an_inner_precondition_is_kept() {
    let client = Client::start().await;
    let id = client.make("Opportunity", &deal("x")).await;
    let mut change =
        part("PATCH", &format!("/sobjects/Opportunity/{id}"), "a", &json!({ "Name": "y" }));
    change["httpHeaders"] = json!({ "If-Unmodified-Since": "Mon, 02 Mar 2020 09:14:27 GMT" });
    let body = json!({ "allOrNone": true, "compositeRequest": [change] });
    let got = client.rep("POST", "/composite", &body).await.is(200).body;
    assert_eq!(got["compositeResponse"][0]["httpStatusCode"], json!(412));
}

#[tokio::test]
async fn collections_answer_row_by_row() {
    let client = Client::start().await;
    let account = |name: &str| json!({ "attributes": { "type": "Account" }, "Name": name });
    let path = "/composite/sobjects";
    let mixed = |all| json!({ "allOrNone": all, "records": [account("a"), account("")] });
    let got = client.rep("POST", path, &mixed(true)).await.is(200).body;
    assert_eq!(got[0]["errors"][0]["statusCode"], json!("ALL_OR_NONE_OPERATION_ROLLED_BACK"));
    assert_eq!(got[1]["errors"][0]["statusCode"], json!("REQUIRED_FIELD_MISSING"));
    let got = client.rep("POST", path, &mixed(false)).await.is(200).body;
    let id = got[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((&got[0]["success"], &got[1]["success"]), (&json!(true), &json!(false)));

    let mut change = account("b");
    change["id"] = json!(id);
    let got = client.rep("PATCH", path, &json!({ "records": [change] })).await.is(200).body;
    assert_eq!(got, json!([{ "id": id, "success": true, "errors": [] }]));
    let mut row = deal("up");
    row["attributes"] = json!({ "type": "Opportunity" });
    row["Referral_Identifier__c"] = json!("r");
    let upsert = "/composite/sobjects/Opportunity/Referral_Identifier__c";
    let got = client.rep("PATCH", upsert, &json!({ "records": [row] })).await.is(200).body;
    assert_eq!(got[0]["created"], json!(true));
    let read = format!("{path}/Account?ids={id},0015g0000000zzz&fields=Name");
    let got = client.rep("GET", &read, &Value::Null).await.is(200).body;
    assert_eq!((&got[0]["Name"], &got[1]), (&json!("b"), &Value::Null));
    let got =
        client.rep("DELETE", &format!("{path}?ids={id},{id}"), &Value::Null).await.is(200).body;
    assert_eq!(got[1]["errors"][0]["statusCode"], json!("ENTITY_IS_DELETED"));
}
