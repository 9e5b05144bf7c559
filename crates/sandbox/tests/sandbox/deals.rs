//! No sequence of requests brings an opportunity where Salesforce would not let it be.
//!
//! Random creates, edits, upserts and deletes are sent in the several ways that clients have. What must be
//! taken and what every row must then be is written here once more, from the tables of the reference and
//! not from the sandbox; after each request all rows are read and compared.

use std::{cell::RefCell, collections::BTreeMap};

use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Map, Value, json};

use crate::client::{Client, Got, encode};

/// Stage, probability, forecast, closed, won.
const STAGES: [(&str, i64, &str, bool, bool); 10] = [
    ("Prospecting", 10, "Pipeline", false, false),
    ("Qualification", 10, "Pipeline", false, false),
    ("Needs Analysis", 20, "Pipeline", false, false),
    ("Value Proposition", 50, "Pipeline", false, false),
    ("Id. Decision Makers", 60, "Pipeline", false, false),
    ("Perception Analysis", 70, "Pipeline", false, false),
    ("Proposal/Price Quote", 75, "Pipeline", false, false),
    ("Negotiation/Review", 90, "Pipeline", false, false),
    ("Closed Won", 100, "Closed", true, true),
    ("Closed Lost", 0, "Omitted", true, false),
];

/// A field that a request may name, and one of the values that it may give, good or bad.
fn field() -> impl Strategy<Value = (&'static str, Value, bool)> {
    let stage = (0..STAGES.len()).prop_map(|at| ("StageName", json!(STAGES[at].0), true));
    let end = select(vec!["Closed Won", "Closed Lost", "Prospecting"]);
    let good = |name: &'static str, value: Value| Just((name, value, true));
    let bad = |name: &'static str, value: Value| Just((name, value, false));
    prop_oneof![
        3 => stage,
        3 => end.prop_map(|stage| ("StageName", json!(stage), true)),
        1 => select(vec![json!("Won"), json!(""), Value::Null, json!(5)]).prop_map(|value| ("StageName", value, false)),
        2 => good("Name", json!("Renamed")),
        1 => select(vec![json!(""), json!(" "), Value::Null, json!("x".repeat(121))]).prop_map(|value| ("Name", value, false)),
        2 => good("CloseDate", json!("2027-02-28")),
        1 => select(vec![json!("2027-02-29"), Value::Null, json!("soon")]).prop_map(|value| ("CloseDate", value, false)),
        2 => select(vec![json!(52000), json!(0.5), Value::Null]).prop_map(|value| ("Amount", value, true)),
        1 => bad("Amount", json!("much")),
        2 => (0_i64..=100).prop_map(|share| ("Probability", json!(share), true)),
        1 => good("How_can_Microsoft_help__c", json!("Proof of concept or demo")),
        1 => bad("How_can_Microsoft_help__c", json!("Somehow")),
        1 => select(vec!["IsClosed", "IsWon"]).prop_map(|name| (name, json!(true), false)),
        1 => bad("ExpectedRevenue", json!(1)),
        1 => bad("Nothing__c", json!(1)),
        4 => select(vec![json!("r-1"), json!("r-2"), json!("r-3"), Value::Null])
            .prop_map(|value| ("Referral_Identifier__c", value, true)),
        2 => (0_usize..4).prop_map(|at| ("AccountId", json!(at), true)),
    ]
}

/// How an edit is sent.
#[derive(Debug, Clone, Copy)]
enum Way {
    Row,
    Collection,
    Composite,
}

#[derive(Debug, Clone)]
enum Step {
    Create(Vec<(&'static str, Value, bool)>),
    Edit(usize, Vec<(&'static str, Value, bool)>, Way),
    Upsert(&'static str, Vec<(&'static str, Value, bool)>),
    Delete(usize),
    DeleteAccount(usize),
}

impl Step {
    fn kind(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Edit(_, _, Way::Row) => "edit",
            Self::Edit(_, _, Way::Collection) => "edit in a collection",
            Self::Edit(_, _, Way::Composite) => "edit in a composite",
            Self::Upsert(..) => "upsert",
            Self::Delete(_) => "delete",
            Self::DeleteAccount(_) => "delete an account",
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let fields = || prop::collection::vec(field(), 0..3);
    let way = select(vec![Way::Row, Way::Row, Way::Collection, Way::Composite]);
    prop_oneof![
        3 => fields().prop_map(Step::Create),
        9 => (any::<usize>(), fields(), way).prop_map(|(at, fields, way)| Step::Edit(at, fields, way)),
        3 => (select(vec!["r-1", "r-2", "r-9"]), fields()).prop_map(|(id, fields)| Step::Upsert(id, fields)),
        1 => any::<usize>().prop_map(Step::Delete),
        1 => (0_usize..3).prop_map(Step::DeleteAccount),
    ]
}

const COLUMNS: &str = "Id, IsDeleted, Name, StageName, CloseDate, Amount, Probability, IsClosed, IsWon, \
    ForecastCategory, AccountId, Referral_Identifier__c, How_can_Microsoft_help__c";

/// What rows must be.
struct World {
    client: Client,
    /// Ids of accounts, and whether they are still there; the last one never was.
    accounts: Vec<(String, bool)>,
    /// Rows in the order in which they were made.
    rows: Vec<Map<String, Value>>,
    tally: BTreeMap<(&'static str, bool), usize>,
}

fn is_live(row: &Map<String, Value>) -> bool {
    row["IsDeleted"] == json!(false)
}

impl World {
    async fn begin(&mut self) {
        self.client.admin("POST", "/reset", &Value::Null).await.is(204);
        self.rows.clear();
        self.accounts.clear();
        for name in ["a", "b", "c"] {
            let id = self.client.make("Account", &json!({ "Name": name })).await;
            self.accounts.push((id, true));
        }
        let nowhere = self.client.make("Account", &json!({ "Name": "gone" })).await;
        let path = format!("/sobjects/Account/{nowhere}");
        self.client.rep("DELETE", &path, &Value::Null).await.is(204);
        self.accounts.push((nowhere, false));
    }

    /// The values that fields give, the last of each name, and whether all of them can be taken for the
    /// row at `own`.
    fn values(
        &self,
        fields: &[(&'static str, Value, bool)],
        own: Option<usize>,
    ) -> (Map<String, Value>, bool) {
        let (mut values, mut goods) = (Map::new(), BTreeMap::new());
        for (name, value, good) in fields {
            let (mut value, mut good) = (value.clone(), *good);
            if *name == "AccountId" {
                let (id, is_there) =
                    &self.accounts[usize::try_from(value.as_u64().unwrap()).unwrap()];
                (value, good) = (json!(id), *is_there);
            }
            if *name == "Referral_Identifier__c" && value.is_string() {
                let is_taken = |(at, row): (usize, &Map<String, Value>)| {
                    is_live(row) && Some(at) != own && row["Referral_Identifier__c"] == value
                };
                good &= !self.rows.iter().enumerate().any(is_taken);
            }
            values.insert((*name).to_owned(), value);
            goods.insert(*name, good);
        }
        (values, goods.values().all(|good| *good))
    }

    /// The row as a write leaves it.
    fn written(row: &mut Map<String, Value>, values: &Map<String, Value>) {
        let before = row.get("StageName").cloned();
        for (name, value) in values {
            row.insert(name.clone(), value.clone());
        }
        let stage = STAGES.iter().find(|stage| row["StageName"] == json!(stage.0)).unwrap();
        row.insert("IsClosed".into(), json!(stage.3));
        row.insert("IsWon".into(), json!(stage.4));
        if before.as_ref() != row.get("StageName") {
            row.insert("ForecastCategory".into(), json!(stage.2));
            if !values.contains_key("Probability") {
                row.insert("Probability".into(), json!(stage.1));
            }
        }
    }

    fn make(&mut self, id: &str, values: &Map<String, Value>) {
        let mut row = Map::new();
        for name in COLUMNS.split(", ") {
            row.insert(name.to_owned(), Value::Null);
        }
        row.insert("Id".into(), json!(id));
        row.insert("IsDeleted".into(), json!(false));
        Self::written(&mut row, values);
        self.rows.push(row);
    }

    /// What a new row is given beside the fields of a step.
    fn whole(values: Map<String, Value>) -> Map<String, Value> {
        let mut all = Map::new();
        for (name, value) in
            [("Name", "Deal"), ("StageName", "Prospecting"), ("CloseDate", "2027-01-31")]
        {
            all.insert(name.to_owned(), json!(value));
        }
        all.extend(values);
        all
    }

    async fn run(&mut self, step: &Step) {
        let (got, may) = match step {
            Step::Create(fields) => {
                let (values, may) = self.values(fields, None);
                let values = Self::whole(values);
                let got = self.client.rep("POST", "/sobjects/Opportunity", &json!(values)).await;
                if got.status == 201 {
                    self.make(&got.text("/id"), &values);
                }
                (got, may)
            }
            Step::Edit(at, fields, way) => {
                let Some(at) = at.checked_rem(self.rows.len()) else { return };
                let (values, may) = self.values(fields, Some(at));
                let id = self.rows[at]["Id"].as_str().unwrap().to_owned();
                let may = may && is_live(&self.rows[at]);
                let got = self.edit(&id, &values, *way).await;
                if got.status < 300 {
                    Self::written(&mut self.rows[at], &values);
                }
                (got, may)
            }
            Step::Upsert(id, fields) => self.upsert(id, fields).await,
            Step::Delete(at) => {
                let Some(at) = at.checked_rem(self.rows.len()) else { return };
                let may = is_live(&self.rows[at]);
                let path =
                    format!("/sobjects/Opportunity/{}", self.rows[at]["Id"].as_str().unwrap());
                let got = self.client.rep("DELETE", &path, &Value::Null).await;
                self.rows[at].insert("IsDeleted".into(), json!(true));
                (got, may)
            }
            Step::DeleteAccount(at) => {
                let (id, may) = self.accounts[*at].clone();
                let path = format!("/sobjects/Account/{id}");
                let got = self.client.rep("DELETE", &path, &Value::Null).await;
                self.accounts[*at].1 = false;
                // Deals go with their account.
                for row in self.rows.iter_mut().filter(|row| may && row["AccountId"] == json!(id)) {
                    row.insert("IsDeleted".into(), json!(true));
                }
                (got, may)
            }
        };
        assert_eq!(got.status < 300, may, "{step:?}: {got:?}");
        *self.tally.entry((step.kind(), may)).or_default() += 1;
        self.look(step).await;
    }

    async fn upsert(&mut self, id: &str, fields: &[(&'static str, Value, bool)]) -> (Got, bool) {
        let fields: Vec<_> =
            fields.iter().filter(|field| field.0 != "Referral_Identifier__c").cloned().collect();
        let found = self
            .rows
            .iter()
            .position(|row| is_live(row) && row["Referral_Identifier__c"] == json!(id));
        let (values, may) = self.values(&fields, found);
        let path = format!("/sobjects/Opportunity/Referral_Identifier__c/{id}");
        let mut values = if found.is_some() { values } else { Self::whole(values) };
        let got = self.client.rep("PATCH", &path, &json!(values)).await;
        match (found, got.status) {
            (Some(at), 200 | 204) => Self::written(&mut self.rows[at], &values),
            (None, 201) => {
                values.insert("Referral_Identifier__c".into(), json!(id));
                self.make(&got.text("/id"), &values);
            }
            (_, status) => assert!(status >= 400, "{got:?}"),
        }
        (got, may)
    }

    /// Sends an edit; what became of it is told as if it had come alone.
    async fn edit(&self, id: &str, values: &Map<String, Value>, way: Way) -> Got {
        let client = &self.client;
        let path = format!("/sobjects/Opportunity/{id}");
        match way {
            Way::Row => client.rep("PATCH", &path, &json!(values)).await,
            Way::Collection => {
                let mut row = values.clone();
                row.insert("attributes".into(), json!({ "type": "Opportunity" }));
                row.insert("id".into(), json!(id));
                let body = json!({ "records": [row] });
                let mut got = client.rep("PATCH", "/composite/sobjects", &body).await.is(200);
                if got.body[0]["success"] != json!(true) {
                    got.status = 400;
                }
                got
            }
            Way::Composite => {
                let url = format!("{}{path}", crate::client::DATA);
                let part =
                    json!({ "method": "PATCH", "url": url, "referenceId": "x", "body": values });
                let body = json!({ "compositeRequest": [part] });
                let mut got = client.rep("POST", "/composite", &body).await.is(200);
                let status = got.body["compositeResponse"][0]["httpStatusCode"].as_u64().unwrap();
                got.status = u16::try_from(status).unwrap();
                got
            }
        }
    }

    /// Reads all rows, the deleted ones too, and compares them.
    async fn look(&self, step: &Step) {
        let soql = encode(&format!("SELECT {COLUMNS} FROM Opportunity"));
        let got =
            self.client.rep("GET", &format!("/queryAll?q={soql}"), &Value::Null).await.is(200);
        let found = got.body["records"].as_array().unwrap();
        assert_eq!(found.len(), self.rows.len(), "{step:?}");
        for row in &self.rows {
            let now = found.iter().find(|one| one["Id"] == row["Id"]).unwrap();
            for (name, value) in row {
                let same = match (now[name.as_str()].as_f64(), value.as_f64()) {
                    (Some(now), Some(value)) => (now - value).abs() < 1e-9,
                    (None, None) => now[name.as_str()] == *value,
                    (Some(_), None) | (None, Some(_)) => false,
                };
                assert!(same, "{name} after {step:?}: {now:#} is not {row:#?}");
            }
        }
    }
}

#[test]
fn no_sequence_of_requests_leads_to_a_forbidden_deal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = runtime.block_on(Client::start());
    let world = RefCell::new(World {
        client,
        accounts: Vec::new(),
        rows: Vec::new(),
        tally: BTreeMap::new(),
    });
    let cases = Cases { cases: 30, failure_persistence: None, ..Cases::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(cases, rng)
        .run(&prop::collection::vec(step(), 5..40), |steps| {
            let mut world = world.borrow_mut();
            runtime.block_on(async {
                world.begin().await;
                for step in &steps {
                    world.run(step).await;
                }
            });
            Ok(())
        })
        .unwrap();
    let tally = &world.borrow().tally;
    for kind in [
        "create",
        "edit",
        "edit in a collection",
        "edit in a composite",
        "upsert",
        "delete",
        "delete an account",
    ] {
        for taken in [true, false] {
            let count = tally.get(&(kind, taken)).copied().unwrap_or_default();
            assert!(count >= 2, "too few for a check: {tally:?}");
        }
    }
}
