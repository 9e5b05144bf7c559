//! Salesforce: sign-in, records, queries, several requests in one, and each way to say no.

use connect::error::Error;
use connect::salesforce::{
    Ask, Auth, ChildSelect, Equality, Filter, Method, Select, Sub, stamp_of,
};
use connect::{RecordId, Salesforce, SalesforceConfig, Secret, Timeouts};
use serde_json::{Value, json};

use crate::Ground;

impl Ground {
    pub(crate) fn salesforce(&self, secret: Option<&str>) -> Salesforce {
        let own = &self.sandbox.credentials().salesforce;
        let client_secret = Secret::new(secret.unwrap_or(&own.client_secret));
        self.signed_in(Auth::ClientCredentials { client_id: own.client_id.clone(), client_secret })
    }

    fn signed_in(&self, auth: Auth) -> Salesforce {
        Salesforce::new(SalesforceConfig {
            login: self.sandbox.addresses().salesforce.clone(),
            instance: None,
            auth,
            api_version: "v66.0".to_owned(),
            client: "cosell".to_owned(),
            timeouts: Timeouts::default(),
        })
        .unwrap()
    }
}

fn deal(name: &str) -> Value {
    json!({ "Name": name, "StageName": "Prospecting", "CloseDate": "2027-06-30" })
}

fn with(mut body: Value, name: &str, value: Value) -> String {
    body[name] = value;
    body.to_string()
}

/// The code and the fields of a refusal.
#[track_caller]
fn refused(error: Error) -> (String, Vec<String>) {
    match error {
        Error::Refused { code, fields, .. } => (code, fields),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_way_to_sign_in_leads_to_the_user_it_names() {
    let ground = Ground::new().await;
    let own = ground.sandbox.credentials().salesforce.clone();
    let key = |username: &str, pem: &str| Auth::Jwt {
        client_id: own.client_id.clone(),
        username: username.to_owned(),
        private_key_pem: Secret::new(pem),
    };
    let by_secret = ground.salesforce(None).identity().await.unwrap();
    let by_key = ground.signed_in(key(&own.username, &own.private_key_pem));
    assert_eq!(by_key.identity().await.unwrap(), by_secret);
    let rep = ground.signed_in(key("riley.rep@sandbox.example", &own.private_key_pem));
    assert_ne!(rep.identity().await.unwrap(), by_secret);
    let nobody = ground.signed_in(key("nobody@sandbox.example", &own.private_key_pem));
    assert!(matches!(nobody.identity().await.unwrap_err(), Error::Denied { .. }));
    let refresh = |token: &str| Auth::Refresh {
        client_id: own.client_id.clone(),
        client_secret: None,
        refresh_token: Secret::new(token),
    };
    let by_token = ground.signed_in(refresh(&own.refresh_token));
    assert_eq!(by_token.identity().await.unwrap(), by_secret);
    let stale = ground.signed_in(refresh("5Aep861stale"));
    assert!(matches!(stale.identity().await.unwrap_err(), Error::Denied { .. }));
}

#[tokio::test]
async fn records_are_made_found_changed_and_read_back() {
    let ground = Ground::new().await;
    let org = ground.salesforce(None);
    assert_eq!(org.identity().await.unwrap().prefix(), "005");
    assert!(org.objects().await.unwrap().iter().any(|name| name == "Opportunity"));
    assert!(org.describe("Opportunity").await.unwrap().contains("\"StageName\""));
    let account = org.create("Account", r#"{"Name":"Harrow & Co"}"#).await.unwrap();
    let body = with(deal("First"), "AccountId", json!(account.as_str()));
    let made = org.upsert("Opportunity", "Referral_Identifier__c", "r/1 ü", &body).await.unwrap();
    assert!(made.created);
    let again = org.upsert("Opportunity", "Referral_Identifier__c", "R/1 Ü", r#"{"Amount":12.50}"#);
    let again = again.await.unwrap();
    assert!(!again.created && again.id == made.id);
    org.create(
        "Microsoft_Solution__c",
        &json!({ "Name": "S", "Opportunity__c": made.id.as_str() }).to_string(),
    )
    .await
    .unwrap();
    let select = Select {
        fields: vec!["Name".into(), "Amount".into(), "Account.Name".into()],
        children: vec![ChildSelect {
            relationship: "Microsoft_Solutions__r".into(),
            fields: vec!["Name".into()],
        }],
        deleted: false,
    };
    let by_name =
        Filter::Equal(vec![Equality::new("Name", "first"), Equality::new("IsWon", false)]);
    for filter in [Filter::Id(made.id.clone()), Filter::Ids(vec![made.id.clone()]), by_name] {
        let rows = org.select("Opportunity", &select, &filter).await.unwrap();
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        let body: Value = serde_json::from_str(&row.body).unwrap();
        assert_eq!(body["Account"]["Name"], json!("Harrow & Co"));
        assert_eq!(body["Microsoft_Solutions__r"]["records"][0]["Name"], json!("S"));
        assert!(row.modified.is_some() && row.last_modified.is_some() && row.modified_by.is_some());
    }
    let row =
        org.select("Opportunity", &select, &Filter::Id(made.id.clone())).await.unwrap().remove(0);
    org.update("Opportunity", &made.id, r#"{"Amount":13}"#, row.last_modified).await.unwrap();
    let long_ago = "2020-01-01T00:00:00Z".parse().unwrap();
    let late = org.update("Opportunity", &made.id, r#"{"Amount":14}"#, Some(long_ago)).await;
    assert_eq!(late.unwrap_err(), Error::Changed);
    let (used, most) = org.usage().unwrap();
    assert!(used > 5 && most == 100_000);
}

#[tokio::test]
async fn long_queries_are_read_over_all_pages() {
    let ground = Ground::new().await;
    let org = ground.salesforce(None);
    for part in 0..22 {
        let subs: Vec<Sub> = (0..25)
            .map(|place| {
                let body = json!({ "LastName": format!("P{part}-{place}") }).to_string();
                Sub::create(&format!("r{place}"), "Contact", body).unwrap()
            })
            .collect();
        let answers = org.composite(&subs, true).await.unwrap();
        assert!(answers.iter().all(|answer| answer.id.is_some() && answer.failure.is_none()));
    }
    let found = org.query("SELECT Id, LastName FROM Contact ORDER BY LastName DESC").await.unwrap();
    assert_eq!(found.len(), 550);
    let none = Filter::ModifiedSince {
        since: "2020-01-01T00:00:00Z".parse().unwrap(),
        after: None,
        also: vec![Equality::new("LastName", "P3-7")],
        limit: 10,
    };
    let select = Select { fields: vec!["LastName".into()], ..Select::default() };
    assert_eq!(org.select("Contact", &select, &none).await.unwrap().len(), 1);
}

#[tokio::test]
async fn records_of_a_changed_parent_are_found_in_the_order_of_its_changes() {
    let ground = Ground::new().await;
    let org = ground.salesforce(None);
    let create = async |object: &str, body: String| org.create(object, &body).await.unwrap();
    let mut deals = Vec::new();
    for name in ["first", "second"] {
        let account = create("Account", json!({ "Name": name }).to_string()).await;
        let deal =
            create("Opportunity", with(deal(name), "AccountId", json!(account.as_str()))).await;
        deals.push((account, deal));
    }
    let select =
        Select { fields: vec!["Account.Name".into(), stamp_of("Account")], ..Select::default() };
    let since = |since: &str, after: Option<RecordId>| Filter::ParentModifiedSince {
        parent: "Account".into(),
        since: since.parse().unwrap(),
        after,
        limit: 10,
    };
    let found = async |filter| {
        let rows = org.select("Opportunity", &select, &filter).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let all: Vec<RecordId> = deals.iter().map(|(_, deal)| deal.clone()).collect();
    assert_eq!(found(since("2020-01-01T00:00:00Z", None)).await, all);
    assert!(found(since("2099-01-01T00:00:00Z", None)).await.is_empty());
    ground.order("POST", "/clock", json!({ "advance": "1m" })).await;
    let (account, _) = deals.first().unwrap();
    org.update("Account", account, r#"{"BillingCity":"Bern"}"#, None).await.unwrap();
    let turned: Vec<RecordId> = all.iter().rev().cloned().collect();
    assert_eq!(found(since("2020-01-01T00:00:00Z", None)).await, turned);
    let ask = |filter| Ask { object: "Opportunity".into(), select: select.clone(), filter };
    let asks = [ask(since("2020-01-01T00:00:00Z", None)), ask(since("2099-01-01T00:00:00Z", None))];
    let answers = org.select_several(&asks).await;
    let counts: Vec<usize> = answers.iter().map(|rows| rows.as_ref().unwrap().len()).collect();
    assert_eq!(counts, [2, 0]);
}

#[tokio::test]
async fn several_requests_in_one_are_kept_or_undone() {
    let ground = Ground::new().await;
    let org = ground.salesforce(None);
    let account = Sub::create("acc", "Account", r#"{"Name":"A"}"#.into()).unwrap();
    let body = with(deal("D"), "AccountId", json!("@{acc.id}"));
    let opportunity =
        Sub::upsert("opp", "Opportunity", "Referral_Identifier__c", "r1", body).unwrap();
    let both = [account.clone(), opportunity];
    let answers = org.composite(&both, true).await.unwrap();
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [201, 201]);
    let bad = Sub::create("bad", "Contact", "{}".into()).unwrap();
    let error = org.composite(&[account.clone(), bad.clone()], true).await.unwrap_err();
    assert_eq!(refused(error), ("REQUIRED_FIELD_MISSING".into(), vec!["LastName".into()]));
    let count = org.query("SELECT Id FROM Account").await.unwrap().len();
    assert_eq!(count, 1, "the account of the second composite was undone");
    let each = org.composite(&[account, bad], false).await.unwrap();
    assert!(each[0].failure.is_none() && each[1].failure.is_some());
    assert_eq!(Method::Post, both[0].method);
}

#[tokio::test]
async fn each_refusal_says_what_to_do_next() {
    let ground = Ground::new().await;
    let org = ground.salesforce(None);
    let rule = json!({ "rule": "validation", "object": "Opportunity", "when": "Amount > 9", "message": "Ask first." });
    ground.order("POST", "/salesforce/rules", rule).await;
    let twice = json!({ "rule": "duplicate", "object": "Account", "fields": ["Name"] });
    ground.order("POST", "/salesforce/rules", twice).await;
    let hidden =
        json!({ "rule": "field", "user": "cosell", "object": "Opportunity", "field": "NextStep" });
    ground.order("POST", "/salesforce/rules", hidden).await;
    org.create("Account", r#"{"Name":"One"}"#).await.unwrap();
    let body = deal("D").to_string();
    let first = org.upsert("Opportunity", "Referral_Identifier__c", "r1", &body).await.unwrap().id;
    let field = |name: &str, value: Value| with(deal("D"), name, value);
    for (object, body, code) in [
        ("Opportunity", r#"{"Name":"D"}"#.to_owned(), "REQUIRED_FIELD_MISSING"),
        ("Opportunity", field("Name", json!("n".repeat(121))), "STRING_TOO_LONG"),
        (
            "Opportunity",
            field("StageName", json!("Sold")),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
        ("Opportunity", field("IsWon", json!(true)), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Opportunity", field("Nothing__c", json!(1)), "INVALID_FIELD"),
        ("Opportunity", field("NextStep", json!("x")), "INVALID_FIELD"),
        ("Opportunity", field("CloseDate", json!("soon")), "JSON_PARSER_ERROR"),
        ("Opportunity", field("Amount", json!(10)), "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        ("Opportunity", field("Referral_Identifier__c", json!("R1")), "DUPLICATE_VALUE"),
        ("Opportunity", field("AccountId", json!(first.as_str())), "MALFORMED_ID"),
        ("Account", r#"{"Name":"one"}"#.to_owned(), "DUPLICATES_DETECTED"),
        ("Contact", r#"{"LastName":"P","Email":"p"}"#.to_owned(), "INVALID_EMAIL_ADDRESS"),
    ] {
        assert_eq!(refused(org.create(object, &body).await.unwrap_err()).0, code, "{body}");
    }
    let broken = org.query("SELECT Nothing FROM Opportunity").await.unwrap_err();
    assert_eq!(refused(broken).0, "INVALID_FIELD");
    let never = RecordId::parse("0065g00000ZZZZZAAA");
    let never = never.unwrap_or_else(|_| RecordId::parse("0065g00000ZZZZZ").unwrap());
    let gone = org.update("Opportunity", &never, r#"{"Amount":1}"#, None).await.unwrap_err();
    assert!(matches!(gone, Error::Gone { .. }), "{gone:?}");
    assert_eq!(refused(org.describe("Nothing__c").await.unwrap_err()).0, "NOT_FOUND");
}

#[tokio::test]
async fn tokens_and_faults_are_met_as_they_are_meant() {
    let ground = Ground::new().await;
    let wrong = ground.salesforce(Some("wrong")).identity().await.unwrap_err();
    assert!(matches!(wrong, Error::Denied { .. }), "{wrong:?}");
    let org = ground.salesforce(None);
    let id = org.create("Account", r#"{"Name":"A"}"#).await.unwrap();
    ground.order("POST", "/tokens/expire", Value::Null).await;
    org.update("Account", &id, r#"{"Site":"B"}"#, None).await.unwrap();
    let fault =
        |status: Value| json!({ "system": "salesforce", "method": "PATCH", "status": status });
    for (status, is_unknown) in
        [(json!(403), false), (json!(503), true), (json!("applied_then_close"), true)]
    {
        ground.order("POST", "/faults", fault(status.clone())).await;
        let error = org.update("Account", &id, r#"{"Site":"C"}"#, None).await.unwrap_err();
        assert!(matches!(error, Error::Later { .. }), "{status}: {error:?}");
        assert_eq!(error.outcome_unknown(), is_unknown, "{status}: {error:?}");
    }
    let site = org.query("SELECT Site FROM Account").await.unwrap();
    assert!(site[0].contains("\"C\""), "{site:?}");
}
