//! The customer's own organisation: objects from describes, record types, rules, and what a user sees.

use sandbox::Config;
use serde_json::{Value, json};

use crate::{
    client::{Client, DATA},
    rows::deal,
    writes::by_soap,
};

async fn order(client: &Client, rule: Value) {
    client.admin("POST", "/salesforce/rules", &rule).await.is(201);
}

#[tokio::test]
async fn a_describe_makes_an_object_that_can_be_used() {
    let well = json!({
        "name": "Well__c",
        "label": "Well",
        "fields": [
            { "name": "Name", "type": "string", "length": 80, "nameField": true, "createable": true, "updateable": true, "nillable": false },
            { "name": "Depth__c", "type": "double", "precision": 6, "scale": 3, "createable": true, "updateable": true },
            { "name": "Kinds__c", "type": "multipicklist", "restrictedPicklist": true, "createable": true, "updateable": true,
              "picklistValues": [{ "value": "oil", "label": "Oil", "active": true }, { "value": "gas", "label": "Gas", "active": true }, { "value": "tar", "active": false }] },
            { "name": "Twice__c", "type": "double", "precision": 6, "scale": 3, "calculated": true },
            { "name": "Deal__c", "type": "reference", "referenceTo": ["Opportunity"], "relationshipName": "Deal__r", "createable": true },
        ],
    });
    let client = Client::with(Config { describes: vec![well], ..Config::default() }).await;
    let deal = client.make("Opportunity", &deal("Deal")).await;
    let id = client
        .make(
            "well__c",
            &json!({ "Name": "A", "Depth__c": 12.3456, "Kinds__c": "gas;oil", "Deal__c": deal }),
        )
        .await;
    let row =
        client.rep("GET", &format!("/sobjects/Well__c/{id}"), &Value::Null).await.is(200).body;
    assert_eq!(row["Depth__c"].to_string(), "12.346");
    assert!(row["Kinds__c"] == json!("gas;oil") && row["SystemModstamp"].is_string());
    let told = client.query("SELECT Name, Deal__r.Name FROM Well__c").await.is(200);
    assert_eq!(told.text("/records/0/Deal__r/Name"), "Deal");
    for (fields, code) in [
        (json!({ "Kinds__c": "gas;tar" }), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        (json!({ "Twice__c": 1 }), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (json!({ "Deal__c": deal }), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (json!({ "Depth__c": 12345 }), "NUMBER_OUTSIDE_VALID_RANGE"),
    ] {
        let said = client.rep("PATCH", &format!("/sobjects/Well__c/{id}"), &fields).await.is(400);
        assert_eq!(said.text("/0/errorCode"), code);
    }
    let told = client.rep("GET", "/sobjects/Well__c/describe", &Value::Null).await.is(200).body;
    let twice = told["fields"].as_array().unwrap().iter().find(|field| field["name"] == "Twice__c");
    assert_eq!(twice.unwrap()["calculated"], json!(true));
    let wrong = sandbox::Sandbox::start(Config { describes: vec![json!({})], ..Config::default() });
    assert!(wrong.await.unwrap_err().to_string().contains("`name`"));
}

#[tokio::test]
async fn a_detail_goes_with_its_parent_and_a_lookup_leads_back_when_the_parent_is_back() {
    let reference = |name: &str, detail: bool| {
        json!({
            "name": name, "type": "reference", "referenceTo": ["Opportunity"], "createable": true,
            "relationshipName": name.replace("__c", "__r"), "updateable": !detail, "nillable": !detail,
            "cascadeDelete": detail,
        })
    };
    let describes = ["Part__c", "Well__c"].map(|object| {
        json!({ "name": object, "fields": [reference("Deal__c", object == "Part__c"), reference("Near__c", false)] })
    });
    let client = Client::with(Config { describes: describes.to_vec(), ..Config::default() }).await;
    let deal = client.make("Opportunity", &deal("Deal")).await;
    let other = client.make("Opportunity", &self::deal("Other")).await;
    let solution = json!({ "Name": "Planner", "Opportunity__c": deal });
    let alone = json!({ "Name": "A" });
    let without = client.rep("POST", "/sobjects/Microsoft_Solution__c", &alone).await;
    assert_eq!(without.is(400).text("/0/errorCode"), "REQUIRED_FIELD_MISSING");
    let solution = client.make("Microsoft_Solution__c", &solution).await;
    let part = client.make("Part__c", &json!({ "Deal__c": deal })).await;
    let mut wells = Vec::new();
    for _ in 0..3 {
        wells.push(client.make("Well__c", &json!({ "Deal__c": deal, "Near__c": other })).await);
    }
    by_soap(&client, "delete", &[&deal]).await;
    let leads = client.names("Deal__c", "SELECT Deal__c FROM Well__c WHERE Deal__c = null").await;
    assert_eq!(leads.len(), 3);
    for gone in ["SELECT Id FROM Part__c", "SELECT Id FROM Microsoft_Solution__c"] {
        assert!(client.names("Id", gone).await.is_empty(), "{gone}");
    }
    // Somebody decides otherwise about two of them, once for another parent and once for none.
    for (well, to) in [(&wells[1], json!(other)), (&wells[2], Value::Null)] {
        let path = format!("/sobjects/Well__c/{well}");
        client.rep("PATCH", &path, &json!({ "Deal__c": to })).await.is(204);
    }
    by_soap(&client, "undelete", &[&deal]).await;
    assert_eq!(client.names("Id", "SELECT Id FROM Part__c").await, [part]);
    assert_eq!(client.names("Id", "SELECT Id FROM Microsoft_Solution__c").await, [solution]);
    for (well, wanted) in wells.iter().zip([json!(deal), json!(other), Value::Null]) {
        let path = format!("/sobjects/Well__c/{well}");
        let row = client.rep("GET", &path, &Value::Null).await.is(200).body;
        assert_eq!((&row["Deal__c"], &row["Near__c"]), (&wanted, &json!(other)));
        assert!(row.as_object().unwrap().keys().all(|name| !name.starts_with('~')), "{row}");
    }
}

#[tokio::test]
async fn describe_says_which_reference_is_to_a_master() {
    let client = Client::start().await;
    let path = "/sobjects/Microsoft_Solution__c/describe";
    let told = client.rep("GET", path, &Value::Null).await.is(200).body;
    let fields = told["fields"].as_array().unwrap();
    let of = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap();
    let to_deal = of("Opportunity__c");
    assert_eq!(
        ["cascadeDelete", "relationshipOrder", "nillable", "updateable", "permissionable"]
            .map(|fact| to_deal[fact].clone()),
        [json!(true), json!(0), json!(false), json!(false), json!(false)]
    );
    assert_eq!(of("CreatedById")["relationshipOrder"], Value::Null);
    assert!(
        fields.iter().all(|field| field["name"] != "OwnerId"),
        "a detail has the master's owner"
    );
}

#[tokio::test]
async fn a_record_type_admits_some_values() {
    let client = Client::start().await;
    let path = "/sobjects/Opportunity/describe";
    let mut described = client.rep("GET", path, &Value::Null).await.is(200).body;
    described["recordTypeInfos"] = json!([
        { "developerName": "Direct", "name": "Direct deal", "active": true,
          "picklistValues": { "StageName": ["Prospecting", "Closed Won"] } },
        { "developerName": "Partner", "name": "Partner deal", "active": true, "defaultRecordTypeMapping": true },
        { "developerName": "Old", "name": "Old", "active": false },
    ]);
    let client = Client::with(Config { describes: vec![described], ..Config::default() }).await;
    let types = client
        .query("SELECT Id, DeveloperName FROM RecordType WHERE SobjectType = 'Opportunity' ORDER BY DeveloperName")
        .await
        .is(200);
    let (direct, old) = (types.text("/records/0/Id"), types.text("/records/1/Id"));
    assert!(direct.starts_with("012"));
    let id = client.make("Opportunity", &deal("By itself")).await;
    let one = client.query("SELECT RecordType.DeveloperName FROM Opportunity").await.is(200);
    assert_eq!(one.text("/records/0/RecordType/DeveloperName"), "Partner");
    let mut fields = deal("Direct");
    (fields["RecordTypeId"], fields["StageName"]) = (json!(direct), json!("Qualification"));
    let said = client.rep("POST", "/sobjects/Opportunity", &fields);
    let said = said.await.is(400);
    assert_eq!(
        said.text("/0/message"),
        "Stage: bad value for restricted picklist field: Qualification"
    );
    let path = format!("/sobjects/Opportunity/{id}");
    let said = client.rep("PATCH", &path, &json!({ "RecordTypeId": old })).await.is(400);
    assert_eq!(said.text("/0/errorCode"), "INVALID_CROSS_REFERENCE_KEY");
    client.rep("PATCH", &path, &json!({ "RecordTypeId": direct })).await.is(204);
    client.rep("PATCH", &path, &json!({ "StageName": "Qualification" })).await.is(400);
    client.rep("PATCH", &path, &json!({ "StageName": "Closed Won" })).await.is(204);
    let told = client.rep("GET", "/sobjects/Opportunity/describe", &Value::Null).await.is(200).body;
    let infos = told["recordTypeInfos"].as_array().unwrap();
    assert_eq!(infos.len(), 4);
    assert_eq!(
        infos.iter().filter(|info| info["defaultRecordTypeMapping"] == json!(true)).count(),
        1
    );
}

#[tokio::test]
async fn a_validation_rule_speaks_in_the_administrators_words() {
    let client = Client::start().await;
    let rule = json!({
        "rule": "validation", "object": "Opportunity", "field": "Amount",
        "when": "Amount > 100000 AND Account.Industry = 'Banking'", "message": "Ask the bank desk first.",
    });
    order(&client, rule).await;
    let bank = client.make("Account", &json!({ "Name": "Bank", "Industry": "Banking" })).await;
    let mut fields = deal("Large");
    fields["Amount"] = json!(100_000.01);
    let id = client.make("Opportunity", &fields).await;
    let path = format!("/sobjects/Opportunity/{id}");
    let said = client.rep("PATCH", &path, &json!({ "AccountId": bank })).await.is(400);
    assert_eq!(said.text("/0/errorCode"), "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    assert_eq!(said.text("/0/message"), "Ask the bank desk first.");
    assert_eq!(said.body[0]["fields"], json!(["Amount"]));
    client.rep("PATCH", &path, &json!({ "AccountId": bank, "Amount": 5 })).await.is(204);
    client.admin("DELETE", "/salesforce/rules", &Value::Null).await.is(204);
    client.rep("PATCH", &path, &json!({ "Amount": 200_000 })).await.is(204);
    for (rule, wanted) in [
        (json!({ "rule": "x" }), "`rule` must be"),
        (
            json!({ "rule": "validation", "object": "Deal", "when": "Id = null", "message": "" }),
            "no object `Deal`",
        ),
        (
            json!({ "rule": "validation", "object": "Lead", "when": "Size > 1", "message": "" }),
            "No such column",
        ),
        (
            json!({ "rule": "field", "object": "Lead", "field": "Size", "user": "rep" }),
            "no field `Size`",
        ),
        (json!({ "rule": "duplicate", "object": "Lead", "fields": [] }), "`fields` must be"),
    ] {
        let said = client.admin("POST", "/salesforce/rules", &rule).await.is(400);
        assert!(said.text("/error").contains(wanted), "{said:?}");
    }
}

#[tokio::test]
async fn a_duplicate_is_refused_and_may_be_saved_where_the_rule_only_warns() {
    let client = Client::start().await;
    let rule = |action: &str| {
        json!({ "rule": "duplicate", "object": "Contact", "fields": ["Email"], "action": action,
                "name": "Contact_Rule", "message": "This contact exists already." })
    };
    let ada = json!({ "LastName": "Pell", "Email": "ada@harrow.example" });
    let id = client.make("Contact", &ada).await;
    let twin = json!({ "LastName": "Pel", "Email": "ADA@harrow.example" });
    let allow = [("Sforce-Duplicate-Rule-Header", "allowSave=true; includeRecordDetails=false")];
    order(&client, rule("block")).await;
    for headers in [&[][..], &allow[..]] {
        let said = client.rep_with("POST", "/sobjects/Contact", headers, &twin).await.is(400);
        assert_eq!(said.text("/0/errorCode"), "DUPLICATES_DETECTED");
        assert_eq!(said.text("/0/duplicateResut/matchResults/0/matchRecords/0/record/Id"), id);
        assert_eq!(said.body[0]["duplicateResut"]["allowSave"], json!(false));
    }
    client.admin("DELETE", "/salesforce/rules", &Value::Null).await.is(204);
    order(&client, rule("alert")).await;
    let said = client.rep("POST", "/sobjects/Contact", &twin).await.is(400);
    assert_eq!(said.body[0]["duplicateResut"]["allowSave"], json!(true));
    client.rep("POST", "/sobjects/Contact", &json!({ "LastName": "Else" })).await.is(201);
    client.rep_with("POST", "/sobjects/Contact", &allow, &twin).await.is(201);
}

#[tokio::test]
async fn a_hidden_field_is_not_there_for_that_user() {
    let client = Client::start().await;
    let mut fields = deal("Seen");
    (fields["NextStep"], fields["Products__c"]) = (json!("call"), json!("SOL-1"));
    let id = client.make("Opportunity", &fields).await;
    let hide = |field: &str, readable: bool| json!({ "rule": "field", "user": "cosell", "object": "Opportunity", "field": field, "readable": readable });
    order(&client, hide("NextStep", false)).await;
    order(&client, hide("Products__c", true)).await;
    let token = client.service_token().await;
    let path = format!("{DATA}/sobjects/Opportunity/{id}");
    let row = client.service("GET", &path, &token, &Value::Null).await.is(200).body;
    assert!(row.get("NextStep").is_none() && row["Products__c"] == json!("SOL-1"));
    let query = format!("{DATA}/query?q=SELECT+NextStep+FROM+Opportunity");
    let said = client.service("GET", &query, &token, &Value::Null).await.is(400);
    assert_eq!(said.text("/0/errorCode"), "INVALID_FIELD");
    let path_of = format!("{DATA}/sobjects/Opportunity/describe");
    let told = client.service("GET", &path_of, &token, &Value::Null);
    let told = told.await.is(200).body;
    let named =
        |name: &str| told["fields"].as_array().unwrap().iter().find(|field| field["name"] == name);
    assert!(named("NextStep").is_none());
    assert_eq!(named("Products__c").unwrap()["updateable"], json!(false));
    let said =
        client.service("PATCH", &path, &token, &json!({ "NextStep": "write" })).await.is(400);
    assert_eq!(said.text("/0/message"), "No such column 'NextStep' on sobject of type Opportunity");
    let said = client.service("PATCH", &path, &token, &json!({ "Products__c": "" })).await.is(400);
    assert_eq!(said.text("/0/errorCode"), "INVALID_FIELD_FOR_INSERT_UPDATE");
    client.service("PATCH", &path, &token, &json!({ "Name": "Changed" })).await.is(204);
    // What the one user does not see stays as it was for the others.
    let row =
        client.rep("GET", &format!("/sobjects/Opportunity/{id}"), &Value::Null).await.is(200).body;
    assert_eq!((&row["NextStep"], &row["Name"]), (&json!("call"), &json!("Changed")));
}
