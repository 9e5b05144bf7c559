//! By hand over a tree: `serde_json::Value` in, `serde_json::Value` out.
//!
//! In: a record. Out: a record. Must not know: other engines. Numbers pass through `f64`, as they
//! do in most programs that are written this way.

use bench_worker::Engine;
use serde_json::{Map, Value};

use crate::tables::{self, DATE, LINK, NAME, cut};

/// The engine.
pub(crate) struct ByValue;

/// Puts a value in its place, when there is one.
fn put(out: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        out.insert(name.to_owned(), value.into());
    }
}

fn map(referral: &Value) -> Map<String, Value> {
    let mut out = Map::new();
    let (details, customer) = (&referral["details"], &referral["customerProfile"]);
    let word = |name: &str| referral[name].as_str().unwrap_or_default();
    let (stage, probability) = tables::stage(word("status"), word("substatus"));
    put(&mut out, "Name", referral["name"].as_str().map(|name| cut(name, NAME)));
    put(&mut out, "StageName", Some(stage));
    put(&mut out, "Probability", Some(probability));
    let amount = &details["dealValue"];
    put(&mut out, "Amount", amount.is_number().then(|| amount.clone()));
    put(&mut out, "CurrencyIsoCode", details["currency"].as_str());
    let closing = details["closingDateTime"].as_str();
    put(&mut out, "CloseDate", closing.map(|time| cut(time, DATE)));
    put(&mut out, "Description", Some(details["notes"].as_str().unwrap_or_default()));
    put(&mut out, "AccountName", customer["name"].as_str());
    place(&mut out, &customer["address"]);
    person(&mut out, &customer["team"]);
    let (id, engagement) = (referral["id"].as_str(), referral["engagementId"].as_str());
    put(&mut out, "Microsoft_Referral_Id__c", id);
    let link = id.zip(engagement).map(|(id, engagement)| format!("{LINK}{engagement}/{id}"));
    put(&mut out, "Referral_Link__c", link);
    let solutions = details["requirements"]["solutions"].as_array();
    let ids = solutions.into_iter().flatten().filter_map(|solution| solution["id"].as_str());
    let ids: Vec<&str> = ids.collect();
    put(&mut out, "Solution_Ids__c", (!ids.is_empty()).then(|| ids.join(";")));
    let help = referral["invitationContext"]["assistanceRequestCode"].as_str();
    put(&mut out, "How_Can_Microsoft_Help__c", help.and_then(tables::help));
    put(&mut out, "Sync_With_Partner_Center__c", Some(true));
    put(&mut out, "ExternalVersion__c", referral["eTag"].as_str());
    out
}

fn place(out: &mut Map<String, Value>, address: &Value) {
    put(out, "BillingStreet", address["addressLine1"].as_str());
    put(out, "BillingCity", address["city"].as_str());
    put(out, "BillingState", address["state"].as_str());
    put(out, "BillingPostalCode", address["postalCode"].as_str());
    let country = address["country"].as_str().map(|code| {
        let code = code.to_uppercase();
        tables::country(&code).map_or(code, str::to_owned)
    });
    put(out, "BillingCountry", country);
}

fn person(out: &mut Map<String, Value>, team: &Value) {
    let reachable = |person: &&Value| person["email"].as_str().is_some_and(|it| !it.is_empty());
    let Some(person) = team.as_array().and_then(|team| team.iter().find(reachable)) else { return };
    put(out, "ContactFirstName", person["firstName"].as_str());
    put(out, "ContactLastName", person["lastName"].as_str());
    put(out, "ContactEmail", person["email"].as_str().map(str::to_lowercase));
    put(out, "ContactPhone", person["phoneNumber"].as_str());
}

impl Engine for ByValue {
    fn map(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let referral: Value = serde_json::from_slice(record).map_err(|error| error.to_string())?;
        serde_json::to_writer(out, &map(&referral)).map_err(|error| error.to_string())
    }
}
