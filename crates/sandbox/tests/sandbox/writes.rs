//! Every way to write, as those who subscribe hear of it. In come writes; out go the events' headers: which
//! records, in which transaction, by whom. It must not know how the sandbox keeps them.

use serde_json::{Value, json};

use crate::{
    bus::{Bus, EARLIEST, fetch},
    client::{Client, DATA},
};

const ORIGIN: &str = "com/salesforce/api/rest/60.0";

/// The events of all objects so far.
async fn told(client: &Client, count: usize) -> Vec<Value> {
    let bus = Bus::of(client).await;
    let mut stream = bus.subscribe(fetch("/data/ChangeEvents", EARLIEST, 100)).await.unwrap();
    let mut events = Vec::new();
    for consumed in stream.events(count).await {
        events.push(bus.read(&consumed).await);
    }
    events
}

/// `CREATE Account 1`: kind, object, and place in the transaction, which begins with a line of its own.
fn lines(events: &[Value]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut key = Value::Null;
    for event in events {
        let header = &event["ChangeEventHeader"];
        let text = |name: &str| header[name].as_str().unwrap().to_owned();
        if key != header["transactionKey"] {
            key = header["transactionKey"].clone();
            lines.push("--".to_owned());
        }
        let place = &header["sequenceNumber"];
        lines.push(format!("{} {} {place}", text("changeType"), text("entityName")));
    }
    lines
}

fn header<'e>(event: &'e Value, name: &str) -> &'e Value {
    &event["ChangeEventHeader"][name]
}

fn new(object: &str, reference: &str, fields: &Value) -> Value {
    let attributes = json!({ "type": object, "referenceId": reference });
    let mut row = json!({ "attributes": attributes });
    row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    row
}

fn part(reference: &str, method: &str, path: &str, body: &Value) -> Value {
    json!({ "method": method, "url": format!("{DATA}{path}"), "referenceId": reference, "body": body })
}

#[tokio::test]
async fn a_tree_is_one_transaction() {
    let client = Client::start().await;
    let contacts = json!({ "records": [new("Contact", "c", &json!({ "LastName": "Meier" }))] });
    let account = new("Account", "a", &json!({ "Name": "Alpine", "Contacts": contacts }));
    let body = json!({ "records": [account] });
    client.rep("POST", "/composite/tree/Account", &body).await.is(201);
    let bad = json!({ "records": [new("Account", "b", &json!({ "Name": "B", "Nonsense": 1 }))] });
    client.rep("POST", "/composite/tree/Account", &bad).await.is(400);
    let lines = lines(&told(&client, 2).await);
    assert_eq!(lines, ["--", "CREATE Account 1", "CREATE Contact 2"]);
}

#[tokio::test]
async fn each_graph_and_each_part_of_a_batch_is_a_transaction_of_its_own() {
    let client = Client::start().await;
    let graph = |id: &str, parts: Vec<Value>| json!({ "graphId": id, "compositeRequest": parts });
    let account = |id: &str| part(id, "POST", "/sobjects/Account", &json!({ "Name": id }));
    let contact = json!({ "LastName": "Meier", "AccountId": "@{one.id}" });
    let contact = part("two", "POST", "/sobjects/Contact", &contact);
    let wrong = part("four", "POST", "/sobjects/Contact", &json!({}));
    let graphs = [
        graph("g1", vec![account("one"), contact]),
        graph("g2", vec![account("three"), wrong]),
        graph("g3", vec![account("five")]),
    ];
    client.rep("POST", "/composite/graph", &json!({ "graphs": graphs })).await.is(200);
    let one = |name: &str| json!({ "method": "POST", "url": "v60.0/sobjects/Account", "richInput": { "Name": name } });
    let body = json!({ "batchRequests": [one("six"), one("seven")] });
    client.rep("POST", "/composite/batch", &body).await.is(200);
    let events = told(&client, 5).await;
    let wanted = [
        "--",
        "CREATE Account 1",
        "CREATE Contact 2",
        "--",
        "CREATE Account 1",
        "--",
        "CREATE Account 1",
        "--",
        "CREATE Account 1",
    ];
    assert_eq!(lines(&events), wanted);
    let names: Vec<&Value> = events.iter().map(|event| &event["Name"]).collect();
    assert_eq!(
        (names[0], names[2], names[3], names[4]),
        (&json!("one"), &json!("five"), &json!("six"), &json!("seven"))
    );
    let commits: Vec<i64> =
        events.iter().map(|event| header(event, "commitNumber").as_i64().unwrap()).collect();
    assert!(commits.is_sorted() && commits[0] == commits[1] && commits[1] < commits[2]);
}

#[tokio::test]
async fn records_that_changed_alike_share_an_event_and_others_do_not() {
    let client = Client::start().await;
    let account = client.make("Account", &json!({ "Name": "Alpine" })).await;
    let mut ids = Vec::new();
    for name in ["A", "B", "C"] {
        let fields = json!({ "LastName": name, "AccountId": account, "Title": "Dr" });
        ids.push(client.make("Contact", &fields).await);
    }
    let row = |id: &str, title: Value| json!({ "attributes": { "type": "Contact" }, "id": id, "Title": title });
    let rows = [row(&ids[0], json!(null)), row(&ids[1], json!(null)), row(&ids[2], json!("CEO"))];
    // A second that ends between two of the rows would part them.
    client.admin("POST", "/clock", &json!({ "set": "2026-03-02T09:14:27Z" })).await.is(200);
    let body = json!({ "records": rows });
    client.rep("PATCH", "/composite/sobjects", &body).await.is(200);
    let path = format!("/composite/sobjects?ids={}", ids.join(","));
    client.rep("DELETE", &path, &Value::Null).await.is(200);
    let events = told(&client, 7).await;
    let wanted =
        ["--", "UPDATE Contact 1", "UPDATE Contact 2", "--", "DELETE Contact 1"].map(str::to_owned);
    assert_eq!(lines(&events)[8..], wanted);
    assert_eq!(header(&events[4], "recordIds"), &json!(ids[..2]));
    assert_eq!(header(&events[4], "nulledFields"), &json!(["Title"]));
    assert_eq!(header(&events[5], "recordIds"), &json!(ids[2..]));
    assert_eq!(header(&events[6], "recordIds"), &json!(ids));
}

#[tokio::test]
async fn beyond_so_many_changes_a_transaction_only_names_its_objects() {
    let client = Client::start().await;
    client.admin("PUT", "/salesforce/changes/overflow", &json!(0)).await.is(400);
    client.admin("PUT", "/salesforce/changes/overflow", &json!(2)).await.is(200);
    let rows: Vec<Value> = ["Account", "Account", "Account", "Account"]
        .iter()
        .enumerate()
        .map(|(place, object)| new(object, "r", &json!({ "Name": format!("N{place}") })))
        .collect();
    client.rep("POST", "/composite/sobjects", &json!({ "records": rows })).await.is(200);
    client.make("Account", &json!({ "Name": "later" })).await;
    let events = told(&client, 4).await;
    let wanted = [
        "--",
        "CREATE Account 1",
        "CREATE Account 2",
        "GAP_OVERFLOW Account 3",
        "--",
        "CREATE Account 1",
    ];
    assert_eq!(lines(&events), wanted);
    assert_eq!(header(&events[2], "recordIds"), &json!(["000000000000000AAA"]));
    assert_eq!(events[2]["Name"], Value::Null);
}

#[tokio::test]
async fn a_part_of_a_composite_may_name_another_client() {
    let client = Client::start().await;
    let mut own = part("own", "POST", "/sobjects/Account", &json!({ "Name": "own" }));
    own["httpHeaders"] = json!({ "Sforce-Call-Options": "client=part" });
    let other = part("other", "POST", "/sobjects/Account", &json!({ "Name": "other" }));
    let body = json!({ "allOrNone": true, "compositeRequest": [own, other] });
    let whole = [("Sforce-Call-Options", "client=whole, defaultNamespace=x")];
    client.rep_with("POST", "/composite", &whole, &body).await.is(200);
    let events = told(&client, 2).await;
    assert_eq!(lines(&events), ["--", "CREATE Account 1", "CREATE Account 2"]);
    assert_eq!(header(&events[0], "changeOrigin"), &json!(format!("{ORIGIN};client=part")));
    assert_eq!(header(&events[1], "changeOrigin"), &json!(format!("{ORIGIN};client=whole")));
}

#[tokio::test]
async fn a_bulk_job_saves_two_hundred_rows_at_a_time_under_its_own_name() {
    let client = Client::start().await;
    let job = json!({ "object": "Account", "operation": "insert", "lineEnding": "LF" });
    let job = client.rep("POST", "/jobs/ingest", &job).await.is(200).text("/id");
    let rows: Vec<String> = (0..201).map(|number| format!("N{number}")).collect();
    let table = format!("Name\n{}\n", rows.join("\n"));
    let addresses = client.sandbox.addresses();
    let url = format!("{}{DATA}/jobs/ingest/{job}/batches", addresses.salesforce);
    let bearer = format!("Bearer {}", client.sandbox.credentials().salesforce.access_token);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "text/csv")];
    client.call("PUT", &url, &headers, &table).await.unwrap().is(201);
    let path = format!("/jobs/ingest/{job}");
    let options = [("Sforce-Call-Options", "client=loader")];
    let done = json!({ "state": "UploadComplete" });
    client.rep_with("PATCH", &path, &options, &done).await.is(200);
    let bus = Bus::of(&client).await;
    let mut stream = bus.subscribe(fetch("/data/AccountChangeEvent", EARLIEST, 100)).await.unwrap();
    let mut all = stream.events(100).await;
    for more in [100, 1] {
        stream.asks.send(fetch("", EARLIEST, more)).await.unwrap();
        all.extend(stream.events(usize::try_from(more).unwrap()).await);
    }
    let mut places = Vec::new();
    for place in [0, 199, 200] {
        let event = bus.read(&all[place]).await;
        places.push(header(&event, "sequenceNumber").as_i64().unwrap());
        let origin = "com/salesforce/api/bulkapi/60.0;client=loader";
        assert_eq!(header(&event, "changeOrigin"), &json!(origin));
    }
    assert_eq!(places, [1, 200, 1]);
}

#[tokio::test]
async fn a_record_written_twice_in_a_transaction_keeps_its_first_kind_and_all_its_fields() {
    let client = Client::start().await;
    let fields =
        json!({ "Name": "Alpine", "BillingCity": "Chur", "Phone": "1", "Website": "a.example" });
    let id = client.make("Account", &fields).await;
    let path = format!("/sobjects/Account/{id}");
    let body = json!({ "allOrNone": true, "compositeRequest": [
        part("a", "PATCH", &path, &json!({ "Phone": null, "BillingCity": "Bern" })),
        part("b", "PATCH", &path, &json!({ "Phone": "2", "BillingCity": null })),
        part("c", "PATCH", &path, &json!({ "Website": null })),
    ] });
    client.rep("POST", "/composite", &body).await.is(200);
    let events = told(&client, 2).await;
    assert_eq!(lines(&events), ["--", "CREATE Account 1", "--", "UPDATE Account 1"]);
    let changed = json!(["Phone", "Website", "LastModifiedDate", "BillingAddress.City"]);
    let mut names: Vec<&str> = header(&events[1], "changedFields")
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_str().unwrap())
        .collect();
    names.sort_unstable();
    let mut wanted: Vec<&str> =
        changed.as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    assert_eq!(header(&events[1], "nulledFields"), &json!(["BillingAddress", "Website"]));
    assert_eq!(events[1]["Phone"], "2");
}

/// Something done to rows by SOAP; what was answered.
pub(crate) async fn by_soap(client: &Client, operation: &str, ids: &[&str]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("<u:ids>{id}</u:ids>")).collect();
    ask_by_soap(client, operation, &ids.concat()).await
}

async fn ask_by_soap(client: &Client, operation: &str, ids: &str) -> String {
    let token = &client.sandbox.credentials().salesforce.access_token;
    let body = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:u=\"urn:partner.soap.sforce.com\">\
         <e:Header><u:SessionHeader><u:sessionId>{token}</u:sessionId></u:SessionHeader>\
         <u:CallOptions><u:client>old</u:client></u:CallOptions></e:Header>\
         <e:Body><u:{operation}>{ids}</u:{operation}></e:Body></e:Envelope>"
    );
    let url = format!("{}/services/Soap/u/60.0", client.sandbox.addresses().salesforce);
    client.call("POST", &url, &[], &body).await.unwrap().is(200).said
}

#[tokio::test]
async fn what_comes_back_from_the_bin_is_told_whole_and_with_what_went_along() {
    let client = Client::start().await;
    client.admin("POST", "/clock", &json!({ "set": "2026-03-02T09:14:27Z" })).await.is(200);
    let account = client.make("Account", &json!({ "Name": "Alpine", "BillingCity": "Chur" })).await;
    let deal = |name: &str| json!({ "Name": name, "StageName": "Prospecting", "CloseDate": "2026-12-31", "AccountId": account });
    let gone = client.make("Opportunity", &deal("gone before")).await;
    let along = client.make("Opportunity", &deal("goes along")).await;
    client.rep("DELETE", &format!("/sobjects/Opportunity/{gone}"), &Value::Null).await.is(204);
    client.admin("POST", "/clock", &json!({ "set": "2026-03-02T09:15:27Z" })).await.is(200);
    let said = by_soap(&client, "delete", &[&account]).await;
    assert!(said.contains(&format!("<id>{account}</id><success>true</success>")), "{said}");
    let said = by_soap(&client, "undelete", &[&account, &along, "x"]).await;
    assert!(said.contains(&format!("<id>{account}</id><success>true</success>")), "{said}");
    assert!(said.contains("<statusCode>UNDELETE_FAILED</statusCode></errors>"), "{said}");
    assert!(said.contains("<statusCode>MALFORMED_ID</statusCode></errors><id>x</id>"), "{said}");
    let names = client.names("Name", "SELECT Name FROM Opportunity").await;
    assert_eq!(names, ["goes along"]);
    let events = told(&client, 8).await;
    let wanted = [
        "--",
        "DELETE Account 1",
        "DELETE Opportunity 2",
        "--",
        "UNDELETE Account 1",
        "UNDELETE Opportunity 2",
    ];
    assert_eq!(lines(&events)[8..], wanted.map(str::to_owned));
    let back = &events[6];
    assert_eq!(header(back, "changeOrigin"), "com/salesforce/api/soap/60.0;client=old");
    assert_eq!(back["Name"], "Alpine");
    assert_eq!(back["BillingAddress"]["City"], "Chur");
    assert_eq!(header(&events[7], "recordIds"), &json!([along]));
}

#[tokio::test]
async fn a_converted_lead_is_told_in_one_transaction() {
    let client = Client::start().await;
    let fields = json!({ "LastName": "Meier", "Company": "Alpine" });
    let lead = client.make("Lead", &fields).await;
    let convert = format!(
        "<u:leadConverts><u:leadId>{lead}</u:leadId>\
         <u:convertedStatus>Closed - Converted</u:convertedStatus></u:leadConverts>"
    );
    let said = ask_by_soap(&client, "convertLead", &convert).await;
    assert!(said.contains("<success>true</success>"), "{said}");
    let count = client.admin("GET", "/salesforce/changes", &Value::Null).await.is(200);
    let count = usize::try_from(count.body["changes"].as_u64().unwrap()).unwrap();
    let events = told(&client, count).await;
    let told = lines(&events);
    assert_eq!(told.iter().filter(|line| *line == "--").count(), 2, "{told:?}");
    for wanted in ["CREATE Account", "CREATE Contact", "CREATE Opportunity", "UPDATE Lead"] {
        let found = told.iter().filter(|line| line.starts_with(&format!("{wanted} "))).count();
        assert_eq!(found, 1, "{wanted}: {told:?}");
    }
    for event in &events[1..] {
        assert_eq!(header(event, "changeOrigin"), "com/salesforce/api/soap/60.0;client=old");
    }
    let changed = events.iter().find(|event| header(event, "changeType") == "UPDATE").unwrap();
    assert_eq!(changed["IsConverted"], true);
    let names = header(changed, "changedFields").to_string();
    assert!(names.contains("ConvertedOpportunityId") && names.contains("IsConverted"), "{names}");
}
