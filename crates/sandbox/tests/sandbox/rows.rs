//! Salesforce rows: tokens, creates, changes, upserts, describe, and how each says no.

use sandbox::Config;
use serde_json::{Value, json};

use crate::client::{Client, DATA};

pub(crate) fn deal(name: &str) -> Value {
    json!({ "Name": name, "StageName": "Prospecting", "CloseDate": "2026-12-31" })
}

#[tokio::test]
async fn a_client_signs_in_and_wrong_secrets_are_told_apart() {
    let client = Client::start().await;
    let keys = client.sandbox.credentials().salesforce.clone();
    let base = client.sandbox.addresses().salesforce.clone();
    let url = format!("{base}/anything/services/oauth2/token");
    let ask = |form: String| {
        let (client, url) = (&client, &url);
        async move { client.call("POST", url, &[], &form).await.unwrap() }
    };
    let (id, secret) = (&keys.client_id, &keys.client_secret);
    let grant = "grant_type=client_credentials";
    let good = ask(format!("{grant}&client_id={id}&client_secret={secret}")).await.is(200);
    assert_eq!(good.text("/instance_url"), base);
    assert_eq!(good.text("/token_type"), "Bearer");
    assert_eq!(good.text("/id").split("/id/").count(), 2);
    let bad = ask(format!("{grant}&client_id={id}&client_secret=x")).await.is(400);
    assert_eq!(bad.text("/error"), "invalid_client");
    let bad = ask(format!("{grant}&client_id=x&client_secret=x")).await.is(400);
    assert_eq!(bad.text("/error"), "invalid_client_id");
    let bad = ask("grant_type=magic".to_owned()).await.is(400);
    assert_eq!(bad.text("/error"), "unsupported_grant_type");
    let refresh = format!("grant_type=refresh_token&client_id={id}&refresh_token=");
    let bad = ask(format!("{refresh}x")).await.is(400);
    assert_eq!(bad.text("/error"), "invalid_grant");
    let token = ask(format!("{refresh}{}", keys.refresh_token)).await.is(200).text("/access_token");
    let me = client.service("GET", "/services/oauth2/userinfo", &token, &Value::Null).await.is(200);
    assert_eq!(me.text("/nickname"), "cosell");

    client.service("GET", "/services/data", "none", &Value::Null).await.is(200);
    let path = format!("{DATA}/limits");
    let none = client.service("GET", &path, "none", &Value::Null).await.is(401);
    assert_eq!(none.text("/0/errorCode"), "INVALID_SESSION_ID");
    let some = client.service("GET", &path, &token, &Value::Null).await.is(200);
    assert!(some.headers["sforce-limit-info"].starts_with("api-usage="));
    client.admin("POST", "/tokens/expire", &Value::Null).await.is(204);
    client.service("GET", &path, &token, &Value::Null).await.is(401);
}

#[tokio::test]
async fn tokens_end() {
    let config = Config { token_life: std::time::Duration::ZERO, ..Config::default() };
    let client = Client::with(config).await;
    let token = client.service_token().await;
    client.service("GET", &format!("{DATA}/limits"), &token, &Value::Null).await.is(401);
    client.rep("GET", "/limits", &Value::Null).await.is(200);
}

#[tokio::test]
async fn a_row_is_made_shown_changed_and_deleted() {
    let client = Client::start().await;
    let account = client.make("account", &json!({ "name": " Alpine & Co " })).await;
    let mut fields = deal("Telemetry");
    fields["AccountId"] = json!(account[..15]);
    fields["Amount"] = serde_json::from_str("99999999999999.99").unwrap();
    fields["Description"] = json!("");
    let made = client.rep("POST", "/sobjects/Opportunity/", &fields).await.is(201);
    let id = made.text("/id");
    assert!(id.starts_with("006") && id.len() == 18);
    assert!(made.headers["location"].ends_with(&id));
    let path = format!("/sobjects/opportunity/{}", &id[..15]);
    let row = client.rep("GET", &path, &Value::Null).await.is(200).body;
    assert_eq!(row["Amount"].to_string(), "99999999999999.99");
    assert_eq!(row["AccountId"], json!(account));
    assert_eq!(row["Description"], Value::Null);
    assert_eq!(row["Probability"].to_string(), "10.0");
    assert_eq!((&row["IsClosed"], &row["CurrencyIsoCode"]), (&json!(false), &json!("USD")));
    assert_eq!(row["CreatedById"], row["OwnerId"]);
    assert!(row["SystemModstamp"].as_str().unwrap().ends_with(".000+0000"));

    let change = json!({ "StageName": "Closed Won", "Amount": null });
    client.rep("PATCH", &path, &change).await.is(204);
    let few = format!("{path}?fields=Amount,isWon,Probability");
    let row = client.rep("GET", &few, &Value::Null).await.is(200).body;
    assert_eq!((&row["Amount"], &row["IsWon"]), (&Value::Null, &json!(true)));
    assert_eq!(row["Probability"].to_string(), "100.0");
    assert!(row.get("Name").is_none());

    client.rep("DELETE", &path, &Value::Null).await.is(204);
    for method in ["GET", "PATCH", "DELETE"] {
        let got = client.rep(method, &path, &json!({})).await.is(404);
        assert_eq!(got.text("/0/errorCode"), "ENTITY_IS_DELETED");
    }
}

#[tokio::test]
async fn each_fault_of_a_row_has_its_code() {
    let client = Client::start().await;
    let account = client.make("Account", &json!({ "Name": "A" })).await;
    let with = |name: &str, value: Value| {
        let mut fields = deal("x");
        fields[name] = value;
        fields
    };
    for (fields, code, field) in [
        (json!({ "Name": "x" }), "REQUIRED_FIELD_MISSING", "StageName"),
        (with("Nothing__c", json!(1)), "INVALID_FIELD", ""),
        (with("Id", json!(account)), "INVALID_FIELD", "Id"),
        (with("IsWon", json!(true)), "INVALID_FIELD_FOR_INSERT_UPDATE", "IsWon"),
        (with("Name", json!("x".repeat(121))), "STRING_TOO_LONG", "Name"),
        (
            with("StageName", json!("Qualified")),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "StageName",
        ),
        (
            with("CurrencyIsoCode", json!("XXX")),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "CurrencyIsoCode",
        ),
        (
            with("Amount", json!(100_000_000_000_000_000_i64)),
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Amount",
        ),
        (with("CloseDate", json!("31.12.2026")), "JSON_PARSER_ERROR", ""),
        (with("AccountId", json!("0035g0000000001")), "MALFORMED_ID", "AccountId"),
        (with("AccountId", json!("0015g0000000zzz")), "INVALID_CROSS_REFERENCE_KEY", ""),
        (
            with("Customer_Consent__c", Value::Null),
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "Customer_Consent__c",
        ),
    ] {
        let got = client.rep("POST", "/sobjects/Opportunity", &fields).await.is(400);
        assert_eq!(got.text("/0/errorCode"), code, "{got:?}");
        assert_eq!(got.body[0]["fields"][0].as_str().unwrap_or_default(), field);
    }
    let got = client.rep("POST", "/sobjects/Opportunity", &with("CloseDate", json!("x"))).await;
    let message = got.text("/0/message");
    assert!(
        message.starts_with("Cannot deserialize instance of date from VALUE_STRING value x at")
    );
    let got = client.rep("POST", "/sobjects/Nothing", &json!({})).await.is(404);
    assert_eq!(got.text("/0/errorCode"), "NOT_FOUND");
    let got = client.rep("PATCH", "/sobjects/Account/0015g0000000zzz", &json!({})).await.is(404);
    assert_eq!(got.text("/0/errorCode"), "INVALID_CROSS_REFERENCE_KEY");
    let got = client.rep("GET", "/sobjects/Account/nothing", &Value::Null).await.is(404);
    assert!(got.text("/0/message").starts_with("Provided external ID field does not exist"));
    assert_eq!(client.query("SELECT COUNT() FROM Opportunity").await.body["totalSize"], json!(0));
}

#[tokio::test]
async fn an_upsert_makes_then_changes_and_never_doubles() {
    let client = Client::start().await;
    let path = "/sobjects/Opportunity/Referral_Identifier__c/a%2Fb%201";
    let got = client.rep("PATCH", &format!("{path}?updateOnly=true"), &deal("One")).await.is(404);
    assert_eq!(got.text("/0/errorCode"), "NOT_FOUND");
    let made = client.rep("PATCH", path, &deal("One")).await.is(201);
    assert_eq!(made.body["created"], json!(true));
    let again = client.rep("PATCH", path, &json!({ "Name": "Two" })).await.is(200);
    assert_eq!((&again.body["created"], &again.body["id"]), (&json!(false), &made.body["id"]));
    let shown = client.rep("GET", path, &Value::Null).await.is(200);
    assert_eq!(shown.text("/Referral_Identifier__c"), "a/b 1");
    let body = json!({ "Referral_Identifier__c": "x" });
    client.rep("PATCH", path, &body).await.is(400);

    let mut second = deal("Three");
    second["Referral_Identifier__c"] = json!("A/B 1");
    let got = client.rep("POST", "/sobjects/Opportunity", &second).await.is(400);
    assert_eq!(got.text("/0/errorCode"), "DUPLICATE_VALUE");
    assert!(got.text("/0/message").ends_with(&made.text("/id")[..15]));
    client.rep("PATCH", "/sobjects/Opportunity/NextStep/x", &deal("x")).await.is(404);

    for _ in 0..2 {
        client.make("Contact", &json!({ "LastName": "Probe", "Email": "a@b.example" })).await;
    }
    let several =
        client.rep("PATCH", "/sobjects/Contact/Email/a@b.example", &json!({})).await.is(300);
    assert_eq!(several.body.as_array().unwrap().len(), 2);
    let old = format!("{}/services/data/v45.0{path}", client.sandbox.addresses().salesforce);
    let token = format!("Bearer {}", client.sandbox.credentials().salesforce.access_token);
    let got = client.call("PATCH", &old, &[("Authorization", &token)], "{}").await.unwrap();
    assert_eq!(got.status, 204);
}

#[tokio::test]
async fn a_parent_is_found_by_its_external_id() {
    let client = Client::start().await;
    let mut fields = deal("Parent");
    fields["Referral_Identifier__c"] = json!("r-1");
    let parent = client.make("Opportunity", &fields).await;
    let solution =
        json!({ "Name": "Planner", "Opportunity__r": { "Referral_Identifier__c": "R-1" } });
    let id = client.make("Microsoft_Solution__c", &solution).await;
    let row =
        client.rep("GET", &format!("/sobjects/Microsoft_Solution__c/{id}"), &Value::Null).await;
    assert_eq!(row.text("/Opportunity__c"), parent);
    let missing = json!({ "Name": "x", "Opportunity__r": { "Referral_Identifier__c": "r-2" } });
    let got = client.rep("POST", "/sobjects/Microsoft_Solution__c", &missing).await.is(400);
    assert!(got.text("/0/message").starts_with("Foreign key external ID: r-2 not found"));
}

#[tokio::test]
async fn a_change_after_the_given_time_is_refused() {
    let client = Client::start().await;
    let id = client.make("Opportunity", &deal("Locked")).await;
    let path = format!("/sobjects/Opportunity/{id}");
    let change = json!({ "NextStep": "call" });
    let read = client.rep("GET", &path, &Value::Null).await.is(200);
    let stamp = read.headers["last-modified"].clone();
    let stale = [("If-Unmodified-Since", "Mon, 02 Mar 2020 09:14:27 GMT")];
    let got = client.rep_with("PATCH", &path, &stale, &change).await.is(412);
    assert_eq!(got.text("/0/errorCode"), "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE");
    let bad = [("If-Unmodified-Since", "yesterday")];
    client.rep_with("PATCH", &path, &bad, &change).await.is(400);
    let fresh = [("If-Unmodified-Since", stamp.as_str())];
    client.rep_with("PATCH", &path, &fresh, &change).await.is(204);
    let since = [("If-Modified-Since", "Fri, 31 Dec 2100 00:00:00 GMT")];
    client.rep_with("GET", &path, &since, &Value::Null).await.is(304);
}

#[tokio::test]
async fn describe_says_what_validation_does() {
    let client = Client::start().await;
    let global = client.rep("GET", "/sobjects", &Value::Null).await.is(200);
    assert!(global.body["sobjects"].as_array().unwrap().len() >= 8);
    let path = "/sobjects/opportunity/describe";
    let described = client.rep("GET", path, &Value::Null).await.is(200).body;
    let field = |name: &str| {
        let fields = described["fields"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == json!(name)).unwrap().clone()
    };
    let amount = field("Amount");
    assert_eq!((&amount["type"], &amount["precision"]), (&json!("currency"), &json!(18)));
    let id = field("Referral_Identifier__c");
    assert_eq!(
        (&id["externalId"], &id["unique"], &id["length"]),
        (&json!(true), &json!(true), &json!(100))
    );
    assert_eq!(field("ExpectedRevenue")["createable"], json!(false));
    assert_eq!(field("AccountId")["relationshipName"], json!("Account"));
    assert_eq!(field("StageName")["picklistValues"][0]["value"], json!("Prospecting"));
    let children = described["childRelationships"].as_array().unwrap();
    assert!(
        children.iter().any(|child| child["relationshipName"] == json!("Microsoft_Solutions__r"))
    );
}

#[tokio::test]
async fn a_lead_has_a_name_and_a_first_status() {
    let client = Client::start().await;
    let lead = json!({ "FirstName": "Eva", "LastName": "Jansen", "Company": "Blue Harbour" });
    let made = client.rep("POST", "/sobjects/Lead", &lead).await.is(201).text("/id");
    assert!(made.starts_with("00Q"), "{made}");
    let read = client.rep("GET", &format!("/sobjects/Lead/{made}"), &Value::Null).await.is(200);
    assert_eq!(read.text("/Name"), "Eva Jansen");
    assert_eq!(read.text("/Status"), "Open - Not Contacted");
    let nobody = json!({ "LastName": "Jansen" });
    let missing = client.rep("POST", "/sobjects/Lead", &nobody).await.is(400);
    assert_eq!(missing.text("/0/errorCode"), "REQUIRED_FIELD_MISSING");
}
