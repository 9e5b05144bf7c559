//! Lists of referrals beyond filter and order: what is left out, skipped, chosen and counted.

use sandbox::{Config, Switch};
use serde_json::{Value, json};

use crate::{
    client::{Client, encode},
    partner_center::referral,
};

async fn filled(switches: Vec<Switch>, count: usize) -> Client {
    let client = Client::with(Config { partner_center: switches, ..Config::default() }).await;
    for number in 0..count {
        let mut body = referral(&format!("n{number}"));
        body["team"][0]["email"] = json!(format!("p{}@t.example", number % 2));
        client.partner("POST", "", &body).await.is(200);
    }
    client
}

async fn names(client: &Client, query: &str) -> Vec<String> {
    let got = client.partner("GET", query, &Value::Null).await.is(200);
    let value = got.body["value"].as_array().unwrap().iter();
    value.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn words_of_a_list_are_obeyed_or_refused() {
    let client = filled(Vec::new(), 5).await;
    let mine = encode("direction eq 'Outgoing' and team/any(t:t/email eq 'P1@t.example')");
    assert_eq!(names(&client, &format!("?$filter={mine}")).await, ["n3", "n1"]);
    assert_eq!(names(&client, "?$skip=3").await, ["n1", "n0"]);
    assert_eq!(names(&client, "?$skip=1&$top=2&$orderby=createdDateTime").await, ["n1", "n2"]);
    let got = client.partner("GET", "?$select=id,%20name&$count=false", &Value::Null).await.is(200);
    assert_eq!(got.body.get("@odata.count"), None);
    let keys: Vec<&String> = got.body["value"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "name"]);
    for bad in [
        "$select=id,nothing",
        "$select=customerProfile/name",
        "$expand=team",
        "$skip=x",
        "$skip=-1",
        "$top=0",
        "$count=maybe",
        "$orderby=createdDateTime%20up",
        "$filter=updatedDateTime%20ge%202020-01-01T00:00:00Z",
    ] {
        let got = client.partner("GET", &format!("?{bad}"), &Value::Null).await.is(400);
        assert_eq!(got.text("/error/code"), "invalidRequest");
        assert_eq!(got.text("/error/target"), bad.split_once('=').unwrap().0);
    }
}

#[tokio::test]
async fn a_page_has_a_hundred_and_an_odd_link_to_the_next() {
    let client = filled(Vec::new(), 101).await;
    let got = client.partner("GET", "?$select=name", &Value::Null).await.is(200);
    assert_eq!(got.body["value"].as_array().unwrap().len(), 100);
    let next = got.text("/@odata.nextLink");
    assert!(next.starts_with("http://") && !next.contains("/engagements"), "{next}");
    let token = next.split_once("$skiptoken=").unwrap().1;
    let last = client.partner("GET", &format!("?$skiptoken={token}"), &Value::Null).await.is(200);
    assert_eq!(last.body["value"], json!([{ "name": "n0" }]));
    assert_eq!(last.body.get("@odata.nextLink"), None);
}

#[tokio::test]
async fn top_bounds_everything_and_switches_say_otherwise() {
    let client = filled(vec![Switch::TopIsPage], 3).await;
    let got = client.partner("GET", "?$top=2", &Value::Null).await.is(200);
    assert!(got.text("/@odata.nextLink").contains("$skiptoken="));
    let client = filled(vec![Switch::FilterByTime], 3).await;
    let got = client.partner("GET", "?$top=2", &Value::Null).await.is(200);
    assert_eq!(got.body.get("@odata.nextLink"), None);
    let since = got.body["value"][1]["updatedDateTime"].as_str().unwrap();
    let filter = encode(&format!("updatedDateTime gt {since}"));
    assert_eq!(names(&client, &format!("?$filter={filter}")).await, ["n2"]);
}
