//! Who may see and edit what, as permission sets tell it.

use serde_json::{Value, json};

use crate::client::{Client, DATA};

async fn order(client: &Client, rule: Value) {
    client.admin("POST", "/salesforce/rules", &rule).await.is(201);
}

async fn user(client: &Client, alias: &str) -> String {
    let found = client.query(&format!("SELECT Id FROM User WHERE Alias = '{alias}'")).await.is(200);
    found.text("/records/0/Id")
}

/// What a user may: of rows with these columns, those that the user's sets have.
async fn allowed(client: &Client, columns: &str, alias: &str, also: &str) -> Vec<Value> {
    let user = user(client, alias).await;
    let soql = format!(
        "SELECT {columns} WHERE ParentId IN (SELECT PermissionSetId FROM PermissionSetAssignment \
         WHERE AssigneeId = '{user}' AND IsActive = true) AND {also}"
    );
    client.query(&soql).await.is(200).body["records"].as_array().unwrap().clone()
}

async fn field(client: &Client, alias: &str, field: &str) -> Option<bool> {
    let columns = "PermissionsRead, PermissionsEdit, Parent.IsOwnedByProfile FROM FieldPermissions";
    let rows = allowed(client, columns, alias, &format!("Field = '{field}'")).await;
    assert!(rows.iter().all(|row| row["PermissionsRead"] == json!(true)));
    (!rows.is_empty()).then(|| rows.iter().any(|row| row["PermissionsEdit"] == json!(true)))
}

#[tokio::test]
async fn rights_are_those_of_the_users_sets_added_up() {
    let client = Client::start().await;
    assert_eq!(field(&client, "rep", "Opportunity.Audit__c").await, Some(true));
    let hide = |name: &str, readable: bool| json!({ "rule": "field", "user": "rep", "object": "Opportunity", "field": name, "readable": readable });
    order(&client, hide("Audit__c", false)).await;
    order(&client, hide("NextStep", true)).await;
    order(
        &client,
        json!({ "rule": "field", "user": "rep", "object": "Account", "field": "BillingCountry" }),
    )
    .await;
    assert_eq!(field(&client, "rep", "Opportunity.Audit__c").await, None);
    assert_eq!(field(&client, "rep", "Opportunity.NextStep").await, Some(false));
    assert_eq!(field(&client, "rep", "Account.BillingAddress").await, None);
    // Another user of the same profile has a set besides, which gives what the profile no longer does.
    assert_eq!(field(&client, "autoproc", "Opportunity.Audit__c").await, Some(true));
    assert_eq!(field(&client, "autoproc", "Opportunity.NextStep").await, Some(true));
    let sets = "SELECT PermissionSet.Name FROM PermissionSetAssignment WHERE PermissionSet.IsOwnedByProfile = false";
    let sets = client.query(sets).await.is(200);
    assert_eq!(sets.text("/records/0/PermissionSet/Name"), "More_for_autoproc");
    // What everybody sees, and the parts of an address, have no right of their own.
    for name in
        ["Opportunity.StageName", "Opportunity.Id", "Account.BillingCity", "Contact.LastName"]
    {
        assert_eq!(field(&client, "cosell", name).await, None, "{name}");
    }
    assert_eq!(field(&client, "cosell", "Account.BillingAddress").await, Some(true));
    let one = client.query("SELECT Id, Field FROM FieldPermissions LIMIT 1").await.is(200);
    let path = format!("/sobjects/FieldPermissions/{}", one.text("/records/0/Id"));
    let same = client.rep("GET", &path, &Value::Null).await.is(200);
    assert_eq!(same.text("/Field"), one.text("/records/0/Field"));
}

#[tokio::test]
async fn an_object_can_be_hidden_or_shown_only() {
    let client = Client::start().await;
    let rule = |object: &str, readable: bool| json!({ "rule": "object", "user": "cosell", "object": object, "readable": readable });
    order(&client, rule("Microsoft_Solution__c", false)).await;
    order(&client, rule("Lead", true)).await;
    let columns = "SobjectType, PermissionsRead, PermissionsEdit FROM ObjectPermissions";
    let rights = async |object: &str| {
        let rows = allowed(&client, columns, "cosell", &format!("SobjectType = '{object}'")).await;
        rows.first().map(|row| row["PermissionsEdit"] == json!(true))
    };
    assert_eq!(rights("Microsoft_Solution__c").await, None);
    assert_eq!(rights("Lead").await, Some(false));
    assert_eq!(rights("Opportunity").await, Some(true));
    let token = client.service_token().await;
    let described = format!("{DATA}/sobjects/Microsoft_Solution__c/describe");
    client.service("GET", &described, &token, &Value::Null).await.is(404);
    let lead = json!({ "LastName": "Pell", "Company": "Harrow" });
    let id = client.make("Lead", &lead).await;
    let path = format!("{DATA}/sobjects/Lead/{id}");
    client.service("GET", &path, &token, &Value::Null).await.is(200);
    let said = client.service("PATCH", &path, &token, &json!({ "City": "Leeds" })).await.is(403);
    assert_eq!(said.text("/0/errorCode"), "INSUFFICIENT_ACCESS_OR_READONLY");
    let bad = json!({ "rule": "object", "user": "rep", "object": "Nothing" });
    let said = client.admin("POST", "/salesforce/rules", &bad).await.is(400);
    assert!(said.text("/error").contains("no object"), "{said:?}");
}
