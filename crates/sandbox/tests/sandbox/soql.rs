//! Queries: what they find, how they show it, page by page, and how they are refused.

use serde_json::{Value, json};

use crate::{client::Client, rows::deal};

async fn three_deals() -> Client {
    let client = Client::start().await;
    let account = client.make("Account", &json!({ "Name": "O'Hara & Söhne" })).await;
    for (name, amount, stage, close, next) in [
        ("alpha", "10.50", "Prospecting", "2026-01-31", json!("call")),
        ("Beta", "9.5", "Closed Won", "2026-02-28", Value::Null),
        ("gamma_x", "100", "Qualification", "2026-03-31", json!("50%")),
    ] {
        let mut fields = deal(name);
        fields["Amount"] = serde_json::from_str(amount).unwrap();
        fields["StageName"] = json!(stage);
        fields["CloseDate"] = json!(close);
        fields["NextStep"] = next;
        if name != "Beta" {
            fields["AccountId"] = json!(account);
        }
        client.make("Opportunity", &fields).await;
    }
    client
}

#[tokio::test]
async fn conditions_find_what_they_say() {
    let client = three_deals().await;
    for (condition, wanted) in [
        ("Name = 'ALPHA'", "alpha"),
        ("Name != 'alpha'", "Beta gamma_x"),
        ("Amount > 9.50", "alpha gamma_x"),
        ("Amount <= 10.5", "alpha Beta"),
        ("Amount = 9.500", "Beta"),
        ("CloseDate >= 2026-02-28", "Beta gamma_x"),
        ("CreatedDate > 2020-01-01T00:00:00Z AND IsWon = true", "Beta"),
        ("SystemModstamp >= 2020-01-01T00:00:00+01:00 AND Name LIKE '%a'", "alpha Beta"),
        ("Name LIKE 'gamma\\_%'", "gamma_x"),
        ("NextStep LIKE '%\\%'", "gamma_x"),
        ("NextStep = null", "Beta"),
        ("NextStep != null", "alpha gamma_x"),
        ("StageName IN ('Prospecting', 'Closed Won')", "alpha Beta"),
        ("StageName NOT IN ('Prospecting')", "Beta gamma_x"),
        ("NOT (Name = 'alpha' OR Name = 'beta')", "gamma_x"),
        ("(Name = 'alpha' OR Name = 'beta') AND Amount < 10", "Beta"),
        ("Account.Name = 'O\\'Hara & Söhne'", "alpha gamma_x"),
        (
            "Opportunity.Account.Owner.Alias = 'rep' AND Sync_with_Partner_Center__c = false",
            "alpha gamma_x",
        ),
        ("Id = '0065g0000000002'", "Beta"),
        ("AccountId IN ('0015g0000000001')", "alpha gamma_x"),
    ] {
        let soql = format!("SELECT Name FROM Opportunity WHERE {condition} ORDER BY CloseDate");
        assert_eq!(client.names("Name", &soql).await.join(" "), wanted, "{condition}");
    }
}

#[tokio::test]
async fn rows_come_in_order_and_within_limits() {
    let client = three_deals().await;
    for (clause, wanted) in [
        ("ORDER BY Name", "alpha Beta gamma_x"),
        ("ORDER BY Amount DESC", "gamma_x alpha Beta"),
        ("ORDER BY NextStep", "Beta gamma_x alpha"),
        ("ORDER BY NextStep DESC NULLS LAST", "alpha gamma_x Beta"),
        ("ORDER BY Account.Name NULLS LAST, Name DESC LIMIT 2", "gamma_x alpha"),
        ("ORDER BY Name LIMIT 1 OFFSET 1", "Beta"),
    ] {
        let soql = format!("select name from opportunity {clause}");
        assert_eq!(client.names("Name", &soql).await.join(" "), wanted, "{clause}");
    }
    let count = client.query("SELECT COUNT() FROM Opportunity WHERE Amount > 9.9").await.is(200);
    assert_eq!(count.body, json!({ "totalSize": 2, "done": true, "records": [] }));
}

#[tokio::test]
async fn parents_and_children_are_nested() {
    let client = three_deals().await;
    for (name, kind) in [("Two", "3P"), ("One", "3P"), ("Three", "1P")] {
        let fields = json!({ "Name": name, "Type__c": kind, "Opportunity__c": "0065g0000000001" });
        client.make("Microsoft_Solution__c", &fields).await;
    }
    let soql = "SELECT Id, account.name, Account.Owner.Email, (SELECT Name FROM Microsoft_Solutions__r \
                WHERE Type__c = '3P' ORDER BY Name), (SELECT Id FROM OpportunityContactRoles) \
                FROM Opportunity ORDER BY CloseDate LIMIT 2";
    let got = client.query(soql).await.is(200).body;
    let first = &got["records"][0];
    assert_eq!(first["attributes"]["type"], json!("Opportunity"));
    assert_eq!(first["Account"]["Name"], json!("O'Hara & Söhne"));
    assert_eq!(first["Account"]["attributes"]["type"], json!("Account"));
    assert_eq!(first["Account"]["Owner"]["Email"], json!("riley.rep@sandbox.example"));
    let solutions = &first["Microsoft_Solutions__r"];
    assert_eq!((&solutions["totalSize"], &solutions["done"]), (&json!(2), &json!(true)));
    assert_eq!(solutions["records"][0]["Name"], json!("One"));
    assert_eq!(first["OpportunityContactRoles"], Value::Null);
    assert_eq!(got["records"][1]["Account"], Value::Null);
}

#[tokio::test]
async fn many_rows_come_in_pages() {
    let client = Client::start().await;
    for part in 0..2 {
        let records: Vec<Value> = (0..200)
            .map(|n| json!({ "attributes": { "type": "Account" }, "Name": format!("{part}-{n:03}") }))
            .collect();
        let body = json!({ "allOrNone": true, "records": records });
        client.rep("POST", "/composite/sobjects", &body).await.is(200);
    }
    client.make("Account", &json!({ "Name": "z" })).await;
    let path = "/query?q=SELECT+Name+FROM+Account+ORDER+BY+Name";
    let options = [("Sforce-Query-Options", "batchSize=200")];
    let mut got = client.rep_with("GET", path, &options, &Value::Null).await.is(200);
    let mut names = Vec::new();
    let mut pages = 1;
    loop {
        assert_eq!(got.body["totalSize"], json!(401));
        for row in got.body["records"].as_array().unwrap() {
            names.push(row["Name"].as_str().unwrap().to_owned());
        }
        if got.body["done"] == json!(true) {
            break;
        }
        let next = got.text("/nextRecordsUrl");
        let path = next.strip_prefix(crate::client::DATA).unwrap().to_owned();
        got = client.rep("GET", &path, &Value::Null).await.is(200);
        pages += 1;
    }
    assert_eq!((pages, names.len()), (3, 401));
    assert!(names.is_sorted());
    let gone = client.rep("GET", "/query/0r85g0000zzzzzzAAA-200", &Value::Null).await.is(400);
    assert_eq!(gone.text("/0/errorCode"), "INVALID_QUERY_LOCATOR");
}

#[tokio::test]
async fn deleted_rows_are_found_on_request_only() {
    let client = three_deals().await;
    client.rep("DELETE", "/sobjects/Opportunity/0065g0000000001", &Value::Null).await.is(204);
    let count = |all| {
        let client = &client;
        async move {
            let path = format!("/{all}?q=SELECT+COUNT()+FROM+Opportunity");
            client.rep("GET", &path, &Value::Null).await.is(200).body["totalSize"].clone()
        }
    };
    assert_eq!((count("query").await, count("queryAll").await), (json!(2), json!(3)));
    let path = "/queryAll?q=SELECT+IsDeleted+FROM+Opportunity+WHERE+IsDeleted=true";
    let got = client.rep("GET", path, &Value::Null).await.is(200);
    assert_eq!(got.body["records"][0]["IsDeleted"], json!(true));
}

#[tokio::test]
async fn refusals_point_into_the_query() {
    let client = Client::start().await;
    for (soql, code, part) in [
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id, FROM Account", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT Id FROM Account WHERE Name = 'a", "MALFORMED_QUERY", "unterminated"),
        (
            "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
            "MALFORMED_QUERY",
            "'OR'",
        ),
        ("SELECT Id, Id FROM Account", "MALFORMED_QUERY", "duplicate field selected: Id"),
        (
            "SELECT Deal__c FROM Account",
            "INVALID_FIELD",
            "No such column 'Deal__c' on entity 'Account'",
        ),
        ("SELECT Boss.Id FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Boss'"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE", "sObject type 'Nothing' is not supported"),
        (
            "SELECT (SELECT Id FROM Things__r) FROM Account",
            "INVALID_TYPE",
            "'Things__r' in FROM part",
        ),
        (
            "SELECT Id FROM Opportunity WHERE Amount = '5'",
            "INVALID_FIELD",
            "must be of type double",
        ),
        ("SELECT Id FROM Opportunity WHERE CloseDate = '2026-01-01'", "INVALID_FIELD", "type date"),
        ("SELECT Id FROM Opportunity WHERE Audit__c = 'x'", "INVALID_FIELD", "can not be filtered"),
        (
            "SELECT Id FROM Opportunity WHERE Id = 'x'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field: x",
        ),
    ] {
        let got = client.query(soql).await.is(400);
        assert_eq!(got.text("/0/errorCode"), code, "{soql}");
        assert!(got.text("/0/message").contains(part), "{got:?}");
    }
    let got = client.query("SELECT Id, Deal__c FROM Opportunity").await;
    let message = got.text("/0/message");
    let start = "\nSELECT Id, Deal__c FROM Opportunity\n           ^\nERROR at Row:1:Column:12\n";
    assert!(message.starts_with(start), "{message}");
}
