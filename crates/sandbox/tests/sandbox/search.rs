//! Searches for words: by SOSL and by parameters.

use serde_json::{Value, json};

use crate::client::{Client, DATA, Got, encode};

async fn people() -> Client {
    let client = Client::start().await;
    let account = client.make("Account", &json!({ "Name": "Acme & Sons", "Description": "Joe's place", "Phone": "(415) 555-0199" })).await;
    client.make("Account", &json!({ "Name": "Other", "Site": "Acme tower" })).await;
    for (first, last) in [("Ada", "Berg"), ("Joe", "Acme")] {
        let email = format!("{first}@acme.example");
        client.make("Contact", &json!({ "FirstName": first, "LastName": last, "Email": email, "AccountId": account })).await;
    }
    client
}

/// What was found, by object and name.
fn found(got: &Got) -> Vec<String> {
    let records = got.body["searchRecords"].as_array().unwrap_or_else(|| panic!("{got:?}"));
    let told = |row: &Value| {
        let name = row["Name"].as_str().unwrap_or("-");
        format!("{} {name}", row["attributes"]["type"].as_str().unwrap())
    };
    records.iter().map(told).collect()
}

async fn sosl(client: &Client, text: &str) -> Got {
    client.rep("GET", &format!("/search/?q={}", encode(text)), &Value::Null).await
}

#[tokio::test]
async fn sosl_finds_rows_by_their_words() {
    let client = people().await;
    for (text, wanted) in [
        ("FIND {acme}", vec!["Account -", "Account -", "Contact -", "Contact -"]),
        (
            "FIND {acme} IN NAME FIELDS RETURNING Account(Name), Contact(Name)",
            vec!["Account Acme & Sons", "Contact Joe Acme"],
        ),
        (
            "find {joe AND acme} returning contact(name), account(name)",
            vec!["Contact Joe Acme", "Account Acme & Sons"],
        ),
        (
            "FIND {ada@acme.example} IN EMAIL FIELDS RETURNING Contact(Name)",
            vec!["Contact Ada Berg"],
        ),
        (
            "FIND {5550199 OR 555*} IN PHONE FIELDS RETURNING Account(Name)",
            vec!["Account Acme & Sons"],
        ),
        ("FIND {ac*} RETURNING Account(Name, Site WHERE Site != null)", vec!["Account Other"]),
        (
            "FIND {acme} RETURNING Account(Name ORDER BY Name DESC LIMIT 1), Contact(Name) LIMIT 2",
            vec!["Account Other", "Contact Ada Berg"],
        ),
        ("FIND {acme} RETURNING Account(Name ORDER BY Name OFFSET 1)", vec!["Account Other"]),
        (
            "FIND {\"joe s place\" AND NOT berg} RETURNING Account(Name)",
            vec!["Account Acme & Sons"],
        ),
        ("FIND {nobody}", vec![]),
    ] {
        let got = sosl(&client, text).await.is(200);
        assert_eq!(found(&got), wanted, "{text}");
    }
    let got = sosl(&client, "FIND {berg}").await.is(200);
    assert_eq!(got.body["searchRecords"][0]["Id"].as_str().unwrap().len(), 18);
    client
        .rep(
            "DELETE",
            &format!("/sobjects/Contact/{}", got.text("/searchRecords/0/Id")),
            &Value::Null,
        )
        .await
        .is(204);
    assert!(found(&sosl(&client, "FIND {berg}").await).is_empty());
    let token = client.sandbox.credentials().salesforce.access_token.clone();
    let old = "/services/data/v36.0/search?q=FIND%20%7Bacme%7D";
    let old = client.service("GET", old, &token, &Value::Null).await.is(200);
    assert_eq!(old.body.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn searches_by_parameters_are_the_same_in_address_and_body() {
    let client = people().await;
    let path = "/parameterizedSearch?q=acme+joe&sobject=Account,Contact&fields=Id&Contact.fields=Id,Name&Account.limit=1";
    let by_address = client.rep("GET", path, &Value::Null).await.is(200);
    assert_eq!(found(&by_address), ["Account -", "Contact Joe Acme"]);
    let body = json!({ "q": "acme joe", "fields": ["Id"], "sobjects": [
        { "name": "Account", "limit": 1 }, { "name": "Contact", "fields": ["Id", "Name"] } ] });
    let by_body = client.rep("POST", "/parameterizedSearch", &body).await.is(200);
    assert_eq!(by_body.body, by_address.body);
    let body = json!({ "q": "acme", "in": "NAME", "overallLimit": 1, "sobjects": [
        { "name": "Contact", "where": "FirstName = 'Joe'", "fields": ["Name"] }, { "name": "Account" } ] });
    let got = client.rep("POST", "/parameterizedSearch", &body).await.is(200);
    assert_eq!(found(&got), ["Contact Joe Acme"]);
}

#[tokio::test]
async fn searches_that_make_no_sense_are_refused() {
    let client = Client::start().await;
    for (text, code, part) in [
        ("FIND acme", "MALFORMED_SEARCH", "The search term must be enclosed in braces"),
        ("FIND {a}", "MALFORMED_SEARCH", "longer than one character: a"),
        ("FIND {acme-sons}", "MALFORMED_QUERY", "malformed"),
        ("FIND {acme} RETURNING Nix", "INVALID_TYPE", "'Nix'"),
        (
            "FIND {acme} RETURNING Account(Nix)",
            "INVALID_FIELD",
            "No such column 'Nix' on entity 'Account'",
        ),
        ("FIND {acme} RETURNING Account(COUNT(Id))", "MALFORMED_QUERY", "not groups"),
        ("FIND {acme} IN SOME FIELDS", "MALFORMED_QUERY", "'SOME'"),
    ] {
        let got = sosl(&client, text).await.is(400);
        assert_eq!(got.text("/0/errorCode"), code, "{text}");
        assert!(got.text("/0/message").contains(part), "{got:?}");
    }
    client.rep("GET", "/search", &Value::Null).await.is(400);
    client.rep("GET", "/parameterizedSearch", &Value::Null).await.is(400);
    client.rep("DELETE", "/parameterizedSearch?q=acme", &Value::Null).await.is(405);
    let url = format!("{}{DATA}/search?q=FIND%20%7Bacme%7D", client.sandbox.addresses().salesforce);
    client.call("GET", &url, &[], "").await.unwrap().is(401);
}
