//! Queries: functions of fields and of groups, kinds of rows, scopes, nested sub-selects.

use sandbox::Config;
use serde_json::{Value, json};

use crate::{client::Client, rows::deal};

/// A field on which many rows, and rows of two kinds, hang.
fn note() -> Value {
    json!({
        "name": "Memo__c",
        "label": "Memo",
        "fields": [
            { "name": "Name", "type": "string", "length": 80, "nameField": true, "createable": true, "updateable": true, "nillable": false },
            { "name": "About__c", "type": "reference", "referenceTo": ["Account", "Opportunity"], "relationshipName": "About__r", "createable": true },
            { "name": "Tone__c", "type": "picklist", "createable": true, "updateable": true,
              "picklistValues": [{ "value": "a", "label": "Angry", "active": true }, { "value": "b", "label": "Bright", "active": true }] },
        ],
    })
}

async fn deals() -> Client {
    let client = Client::with(Config { describes: vec![note()], ..Config::default() }).await;
    let account = client.make("Account", &json!({ "Name": "Up" })).await;
    for (name, amount, stage, close) in [
        ("a", json!(1234.5), "Prospecting", "2025-12-31"),
        ("b", json!(10), "Prospecting", "2026-01-01"),
        ("c", json!(20), "Closed Won", "2026-04-05"),
        ("d", Value::Null, "Closed Won", "2026-04-30"),
    ] {
        let mut fields = deal(name);
        fields["Amount"] = amount;
        fields["StageName"] = json!(stage);
        fields["CloseDate"] = json!(close);
        fields["AccountId"] = json!(account);
        client.make("Opportunity", &fields).await;
    }
    client
}

/// The rows without their attributes, as one text.
async fn told(client: &Client, soql: &str) -> String {
    let mut got = client.query(soql).await.is(200).body;
    for row in got["records"].as_array_mut().unwrap() {
        row.as_object_mut().unwrap().shift_remove("attributes");
    }
    got["records"].to_string()
}

#[tokio::test]
async fn groups_are_chosen_by_having() {
    let client = deals().await;
    let from = "FROM Opportunity GROUP BY StageName";
    for (having, wanted) in [
        ("COUNT(Amount) > 1", r#"[{"StageName":"Prospecting","n":2}]"#),
        ("SUM(Amount) < 100", r#"[{"StageName":"Closed Won","n":2}]"#),
        ("MAX(CloseDate) >= 2026-04-01", r#"[{"StageName":"Closed Won","n":2}]"#),
        ("StageName LIKE 'Pros%' AND COUNT(Id) = 2", r#"[{"StageName":"Prospecting","n":2}]"#),
        ("COUNT_DISTINCT(AccountId) != 1", "[]"),
        ("NOT (AVG(Amount) > 100 OR MIN(Amount) = 10)", r#"[{"StageName":"Closed Won","n":2}]"#),
    ] {
        let soql =
            format!("SELECT StageName, COUNT(Id) n {from} HAVING {having} ORDER BY StageName");
        assert_eq!(told(&client, &soql).await, wanted, "{having}");
    }
    let soql = "SELECT COUNT(Id) n FROM Opportunity HAVING COUNT(Id) > 4";
    assert_eq!(told(&client, soql).await, "[]");
}

#[tokio::test]
async fn parts_of_dates_are_grouped_and_compared() {
    let client = deals().await;
    let soql = "SELECT CALENDAR_YEAR(CloseDate), CALENDAR_QUARTER(CloseDate) q, COUNT(Id) FROM Opportunity \
                GROUP BY CALENDAR_YEAR(CloseDate), CALENDAR_QUARTER(CloseDate) \
                HAVING CALENDAR_YEAR(CloseDate) > 2025 ORDER BY CALENDAR_QUARTER(CloseDate) DESC";
    let wanted = r#"[{"expr0":2026,"q":2,"expr1":2},{"expr0":2026,"q":1,"expr1":1}]"#;
    assert_eq!(told(&client, soql).await, wanted);
    for (condition, wanted) in [
        ("CALENDAR_YEAR(CloseDate) = 2025", "a"),
        ("FISCAL_MONTH(CloseDate) IN (1, 12)", "a b"),
        ("DAY_IN_WEEK(CloseDate) = 1", "c"),
        ("DAY_IN_MONTH(CloseDate) >= 30", "a d"),
        ("DAY_ONLY(CreatedDate) = TODAY", "a b c d"),
        ("DAY_ONLY(CreatedDate) < 2020-01-01", ""),
        ("HOUR_IN_DAY(CreatedDate) < 24", "a b c d"),
        ("WEEK_IN_YEAR(CloseDate) = 53", "a"),
    ] {
        let soql = format!("SELECT Name FROM Opportunity WHERE {condition} ORDER BY Name");
        assert_eq!(client.names("Name", &soql).await.join(" "), wanted, "{condition}");
    }
}

#[tokio::test]
async fn labels_and_texts_are_for_people() {
    let client = deals().await;
    client.make("Memo__c", &json!({ "Name": "m", "Tone__c": "b" })).await;
    client.make("Memo__c", &json!({ "Name": "n" })).await;
    let soql = "SELECT Tone__c, toLabel(Tone__c) tone FROM Memo__c ORDER BY Name";
    assert_eq!(
        told(&client, soql).await,
        r#"[{"Tone__c":"b","tone":"Bright"},{"Tone__c":null,"tone":null}]"#
    );
    assert_eq!(
        told(&client, "SELECT toLabel(Tone__c) FROM Memo__c LIMIT 1").await,
        r#"[{"Tone__c":"Bright"}]"#
    );
    let soql = "SELECT Name FROM Memo__c WHERE toLabel(Tone__c) = 'bright'";
    assert_eq!(client.names("Name", soql).await, ["m"]);
    let soql =
        "SELECT Amount, FORMAT(Amount) shown, FORMAT(CloseDate) FROM Opportunity WHERE Name = 'a'";
    let wanted = r#"[{"Amount":1234.5,"shown":"USD 1,234.50","CloseDate":"12/31/2025"}]"#;
    assert_eq!(told(&client, soql).await, wanted);
}

#[tokio::test]
async fn rows_of_several_kinds_are_told_apart() {
    let client = deals().await;
    client.make("Memo__c", &json!({ "Name": "1", "About__c": "0065g0000000001" })).await;
    client.make("Memo__c", &json!({ "Name": "2", "About__c": "0015g0000000001" })).await;
    client.make("Memo__c", &json!({ "Name": "3" })).await;
    let soql =
        "SELECT About__r.Type, About__r.Name FROM Memo__c WHERE About__c != null ORDER BY Name";
    let got = client.query(soql).await.is(200).body;
    let kinds: Vec<&Value> =
        got["records"].as_array().unwrap().iter().map(|row| &row["About__r"]).collect();
    assert_eq!((&kinds[0]["Type"], &kinds[0]["Name"]), (&json!("Opportunity"), &json!("a")));
    assert_eq!((&kinds[1]["Type"], &kinds[1]["Name"]), (&json!("Account"), &json!("Up")));
    assert_eq!(kinds[0]["attributes"]["type"], json!("Opportunity"));
    let soql = "SELECT Name FROM Memo__c WHERE About__r.Type IN ('Account')";
    assert_eq!(client.names("Name", soql).await, ["2"]);

    let soql = "SELECT Name, TYPEOF About__r WHEN Opportunity THEN StageName, Account.Name ELSE Name END \
                FROM Memo__c ORDER BY Name";
    let got = client.query(soql).await.is(200).body;
    let shown: Vec<Value> =
        got["records"].as_array().unwrap().iter().map(|row| row["About__r"].clone()).collect();
    assert_eq!(
        (&shown[0]["StageName"], &shown[0]["Account"]["Name"]),
        (&json!("Prospecting"), &json!("Up"))
    );
    assert_eq!((&shown[1]["Name"], shown[1].get("StageName")), (&json!("Up"), None));
    assert_eq!(shown[2], Value::Null);
}

#[tokio::test]
async fn a_queue_may_own_leads() {
    let client = Client::start().await;
    let queue = client.query("SELECT Id, Name FROM Group WHERE Type = 'Queue'").await.is(200);
    let queue = queue.text("/records/0/Id");
    for (name, owner) in [("A", Some(queue)), ("B", None)] {
        let mut lead = json!({ "LastName": name, "Company": "C" });
        if let Some(owner) = owner {
            lead["OwnerId"] = json!(owner);
        }
        client.make("Lead", &lead).await;
    }
    let got = client
        .query("SELECT Owner.Type, Owner.Name, Owner.Alias FROM Lead ORDER BY LastName")
        .await
        .is(200)
        .body;
    let owners: Vec<&Value> =
        got["records"].as_array().unwrap().iter().map(|row| &row["Owner"]).collect();
    assert_eq!(
        (&owners[0]["Type"], &owners[0]["Name"], &owners[0]["Alias"]),
        (&json!("Queue"), &json!("Partner Leads"), &Value::Null)
    );
    assert_eq!((&owners[1]["Type"], &owners[1]["Name"]), (&json!("User"), &json!("Riley Rep")));
    assert_eq!(
        client.names("LastName", "SELECT LastName FROM Lead WHERE Owner.Type = 'Queue'").await,
        ["A"]
    );
    let described = client.rep("GET", "/sobjects/Lead/describe", &Value::Null).await.is(200).body;
    let owner = described["fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|field| field["name"] == "OwnerId")
        .unwrap();
    assert_eq!(
        (&owner["referenceTo"], &owner["namePointing"]),
        (&json!(["Group", "User"]), &json!(true))
    );
    let soql = "SELECT TYPEOF Owner WHEN Group THEN DeveloperName ELSE Alias END FROM Lead ORDER BY LastName";
    let got = client.query(soql).await.is(200);
    assert_eq!(
        (got.text("/records/0/Owner/DeveloperName"), got.text("/records/1/Owner/Alias")),
        ("Partner_Leads".to_owned(), "rep".to_owned())
    );
    let other = json!({ "LastName": "C", "Company": "C", "Owner": { "Username": client.sandbox.credentials().salesforce.username } });
    client.make("Lead", &other).await;
    // Nobody but users owns opportunities.
    let mut fields = deal("x");
    fields["OwnerId"] = json!("00G5g0000000001EAO");
    client.rep("POST", "/sobjects/Opportunity", &fields).await.is(400);
}

#[tokio::test]
async fn a_scope_and_reasons_to_look_are_taken() {
    let client = deals().await;
    let token = client.service_token().await;
    let all =
        client.names("Name", "SELECT Name FROM Opportunity USING SCOPE everything FOR VIEW").await;
    assert_eq!(all.len(), 4);
    let mine = "SELECT Name FROM Opportunity USING SCOPE mine WHERE Name != 'a' ORDER BY Name FOR REFERENCE";
    assert_eq!(client.names("Name", mine).await.join(" "), "b c d");
    let path = format!("{}/query?q={}", crate::client::DATA, crate::client::encode(mine));
    let theirs = client.service("GET", &path, &token, &Value::Null).await.is(200);
    assert_eq!(theirs.body["totalSize"], json!(0));
}

#[tokio::test]
async fn sub_selects_nest_since_version_58() {
    let client = deals().await;
    client
        .make("Microsoft_Solution__c", &json!({ "Name": "S", "Opportunity__c": "0065g0000000002" }))
        .await;
    let soql = "SELECT Name, (SELECT Name, (SELECT Name FROM Microsoft_Solutions__r) FROM Opportunities \
                WHERE Name = 'b') FROM Account";
    let got = client.query(soql).await.is(200).body;
    let inner = &got["records"][0]["Opportunities"]["records"][0]["Microsoft_Solutions__r"];
    assert_eq!((&inner["totalSize"], &inner["records"][0]["Name"]), (&json!(1), &json!("S")));
    let token = client.sandbox.credentials().salesforce.access_token.clone();
    let path = format!("/services/data/v57.0/query?q={}", crate::client::encode(soql));
    let old = client.service("GET", &path, &token, &Value::Null).await.is(400);
    assert_eq!(old.text("/0/errorCode"), "MALFORMED_QUERY");
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let client = deals().await;
    for (soql, code, part) in [
        (
            "SELECT Id FROM Opportunity WHERE COUNT(Id) > 1",
            "MALFORMED_QUERY",
            "an aggregate function is for",
        ),
        (
            "SELECT CALENDAR_YEAR(CloseDate) FROM Opportunity",
            "MALFORMED_QUERY",
            "must be grouped or aggregated",
        ),
        (
            "SELECT StageName FROM Opportunity GROUP BY StageName HAVING Name = 'a'",
            "MALFORMED_QUERY",
            "Field must be grouped or aggregated: Name",
        ),
        (
            "SELECT COUNT(Id) FROM Opportunity HAVING COUNT(Id) = 'a'",
            "INVALID_FIELD",
            "must be of type int",
        ),
        (
            "SELECT Id FROM Opportunity WHERE CALENDAR_YEAR(Name) = 1",
            "INVALID_FIELD",
            "'Name' is not supported by the function",
        ),
        ("SELECT FLIP(Name) FROM Opportunity", "MALFORMED_QUERY", "unexpected token: '('"),
        (
            "SELECT TYPEOF Account WHEN Account THEN Id END FROM Opportunity",
            "MALFORMED_QUERY",
            "TYPEOF is for relationships to several",
        ),
        (
            "SELECT TYPEOF About__r WHEN User THEN Id END FROM Memo__c",
            "INVALID_TYPE",
            "does not lead to User",
        ),
        (
            "SELECT TYPEOF About__r WHEN Account THEN Id FROM Memo__c",
            "MALFORMED_QUERY",
            "unexpected token: 'FROM'",
        ),
        ("SELECT Id FROM OpportunityStage USING SCOPE mine", "INVALID_QUERY_SCOPE", "mine"),
        ("SELECT Id FROM Account USING SCOPE friends", "MALFORMED_QUERY", "'friends'"),
        (
            "SELECT Id FROM Account OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Maximum SOQL offset allowed is 2000",
        ),
        (
            "SELECT Id FROM Account WHERE Id = :id",
            "MALFORMED_QUERY",
            "Bind variables only allowed in Apex code",
        ),
        (
            "SELECT Owner.Type FROM Opportunity",
            "INVALID_FIELD",
            "No such column 'Type' on entity 'User'",
        ),
        ("SELECT Id FROM Account WHERE Name = '\\u12'", "MALFORMED_QUERY", "hexadecimal"),
    ] {
        let got = client.query(soql).await.is(400);
        assert_eq!(got.text("/0/errorCode"), code, "{soql}: {got:?}");
        assert!(got.text("/0/message").contains(part), "{got:?}");
        assert!(got.text("/0/message").contains("ERROR at Row:1:Column:"), "{got:?}");
    }
    let got = client.names("Name", "SELECT Name FROM Account WHERE Name = '\\u0055p'").await;
    assert_eq!(got, ["Up"]);
}
