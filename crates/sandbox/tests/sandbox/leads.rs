//! Leads become accounts, contacts and deals, by SOAP, and then stay as they are.

use serde_json::{Value, json};

use crate::client::Client;

/// One call of the rep; whether it came to an answer that is no fault.
async fn soap(client: &Client, body: &str) {
    let token = &client.sandbox.credentials().salesforce.access_token;
    let text = format!(
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Header>\
         <SessionHeader xmlns=\"urn:partner.soap.sforce.com\"><sessionId>{token}</sessionId></SessionHeader>\
         </soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    );
    let url = format!("{}/services/Soap/u/60.0", client.sandbox.addresses().salesforce);
    client.call("POST", &url, &[("SOAPAction", "\"\"")], &text).await.unwrap().is(200);
}

#[tokio::test]
async fn a_lead_becomes_account_contact_and_deal_and_stays_as_it_is() {
    let client = Client::start().await;
    let lead = client
        .make(
            "Lead",
            &json!({
                "LastName": "Tal", "FirstName": "Ada", "Company": "Tal & Co", "City": "Bern",
                "Email": "ada@tal.example", "Referral_Identifier__c": "lead-1",
            }),
        )
        .await;
    let convert = |status: &str| {
        format!(
            "<convertLead xmlns=\"urn:partner.soap.sforce.com\"><leadConverts><leadId>{lead}</leadId>\
             <convertedStatus>{status}</convertedStatus><doNotCreateOpportunity>false\
             </doNotCreateOpportunity></leadConverts></convertLead>"
        )
    };
    let path = format!("/sobjects/Lead/{lead}");
    soap(&client, &convert("Open - Not Contacted")).await;
    let row = client.rep("GET", &path, &Value::Null).await.is(200).body;
    assert_eq!(row["IsConverted"], false);
    soap(&client, &convert("Closed - Converted")).await;
    let row = client.rep("GET", &path, &Value::Null).await.is(200).body;
    assert_eq!((&row["IsConverted"], &row["Status"]), (&json!(true), &json!("Closed - Converted")));
    let id = |name: &str| row[name].as_str().unwrap().to_owned();
    let deal = format!("/sobjects/Opportunity/{}", id("ConvertedOpportunityId"));
    let deal = client.rep("GET", &deal, &Value::Null).await.is(200).body;
    assert_eq!(deal["Name"], "Tal & Co-");
    assert_eq!(deal["Referral_Identifier__c"], "lead-1");
    assert_eq!(deal["AccountId"], row["ConvertedAccountId"]);
    let contact = format!("/sobjects/Contact/{}", id("ConvertedContactId"));
    let contact = client.rep("GET", &contact, &Value::Null).await.is(200).body;
    assert_eq!((&contact["Name"], &contact["MailingCity"]), (&json!("Ada Tal"), &json!("Bern")));
    let account = format!("/sobjects/Account/{}", id("ConvertedAccountId"));
    let account = client.rep("GET", &account, &Value::Null).await.is(200).body;
    assert_eq!((&account["Name"], &account["BillingCity"]), (&json!("Tal & Co"), &json!("Bern")));
    let refused = client.rep("PATCH", &path, &json!({ "Title": "x" })).await.is(400);
    assert_eq!(refused.text("/0/errorCode"), "CANNOT_UPDATE_CONVERTED_LEAD");
    soap(&client, &convert("Closed - Converted")).await;
    assert_eq!(client.names("Name", "SELECT Name FROM Account").await, ["Tal & Co"]);
}
