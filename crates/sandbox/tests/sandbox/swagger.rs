//! Every operation and every path of the connector's swagger file, allowed and refused.
//!
//! In: the file in the folder that `COSELL_SAMPLES` names, else in `shared/samples` beside the repository.
//! What it names and this table does not is a failure, so that a newer file is noticed.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use sandbox::{Config, HtmlEscape};
use serde_json::{Value, json};

use crate::{
    client::{Client, Got},
    partner_center::shared,
    schema::Swagger,
};

fn swagger() -> Option<Swagger> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    let folder = std::env::var_os("COSELL_SAMPLES").map_or(beside, PathBuf::from);
    let path = folder.join("partner-center/connector-swagger-partnercenterreferrals.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        let say =
            "\nSKIPPED: the connector's swagger is not there; COSELL_SAMPLES names its folder";
        writeln!(std::io::stderr(), "{say}").unwrap();
        return None;
    };
    Some(Swagger(serde_json::from_str(&text).unwrap()))
}

const DEFINITIONS: &str = "Microsoft.Partner.Service.PartnerReferrals.Contracts.V3";

impl Swagger {
    fn definition(&self, name: &str) -> &Value {
        &self.0["definitions"][format!("{DEFINITIONS}.{name}")]
    }

    /// The paths that a patch may name.
    fn paths(&self, name: &str) -> Vec<String> {
        let paths = &self.definition(name)["items"]["properties"]["path"]["enum"];
        paths.as_array().unwrap().iter().map(|path| path.as_str().unwrap().to_owned()).collect()
    }

    #[track_caller]
    fn fits(&self, schema: &Value, got: &Got) {
        assert_eq!(self.differences(schema, &got.body), [""; 0]);
    }
}

async fn plain() -> Client {
    Client::with(Config { html_escape: HtmlEscape::Off, ..Config::default() }).await
}

/// A deal of the partner; its address below the referrals' path.
async fn deal(client: &Client) -> String {
    format!("/{}", client.partner("POST", "", &shared("Swagger")).await.is(200).text("/id"))
}

fn one(op: &str, path: &str, value: &Value) -> Value {
    json!([{ "op": op, "path": path, "value": value }])
}

fn close(substatus: &str) -> Value {
    json!([
        { "op": "replace", "path": "/status", "value": "Closed" },
        { "op": "replace", "path": "/substatus", "value": substatus },
    ])
}

/// A deal that can be registered: won a day ago, four days after it was made.
async fn won(client: &Client) -> String {
    let path = deal(client).await;
    client.admin("POST", "/clock", &json!({ "advance": "4d" })).await.is(200);
    client.partner("PATCH", &path, &close("Won")).await.is(204);
    client.admin("POST", "/clock", &json!({ "advance": "1d" })).await.is(200);
    path
}

/// The day `days` from now, by the sandbox's clock, as a date and time.
async fn day(client: &Client, days: i64) -> String {
    let setting = json!({ "advance": format!("{days}d") });
    let there = client.admin("POST", "/clock", &setting).await.is(200).text("/now");
    let back = json!({ "advance": format!("{}d", -days) });
    client.admin("POST", "/clock", &back).await.is(200);
    there
}

async fn registration(client: &Client) -> Value {
    json!({
        "type": "AzureIPCoSell",
        "solutionDetails": [{
            "id": "SOL-1",
            "currency": "USD",
            "value": 12354,
            "isDeployedOnAzure": true,
            "primaryDeploymentOn": "Customer",
            "pricingModel": "PayAsYouGo",
            "marketplaceTransactionDetails": {
                "isMarketplaceTransacted": true,
                "marketplaceTransactionDateTime": "2022-09-30T00:00:00Z",
            },
        }],
        "contract": {
            "currency": "USD",
            "value": 25000,
            "term": "Finite",
            "signDateTime": day(client, -1).await,
            "startDateTime": day(client, -1).await,
            "endDateTime": day(client, 300).await,
        },
    })
}

#[tokio::test]
async fn every_operation_answers_as_the_file_says() {
    let Some(swagger) = swagger() else { return };
    let client = plain().await;
    let mut count = 0;
    for (path, operations) in swagger.0["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            let verb = method.to_uppercase();
            let (tail, row) = row(&client, name).await;
            assert_eq!(path.replace("{id}", "ID"), format!("/referrals{}", tail.0), "{name}");
            let schema = |status: u16| &operation["responses"][status.to_string()]["schema"];
            for Case { headers, body, status } in row {
                let got = client.partner_with(&verb, &tail.1, &headers, &body).await;
                assert_eq!(got.status, status, "{name}: {got:?}");
                let is_told = operation["responses"].get(status.to_string()).is_some();
                // The file names neither 412 nor what `Prefer` brings.
                assert!(is_told || matches!(status, 412) || verb == "PATCH", "{name} {status}");
                if status == 200 {
                    let schema = if verb == "PATCH" { schema(204) } else { schema(200) };
                    assert!(schema.is_object(), "{name} has a schema");
                    swagger.fits(schema, &got);
                } else if status >= 400 {
                    for pointer in ["/error/code", "/error/message", "/error/target"] {
                        assert!(!got.text(pointer).is_empty(), "{name} {pointer}");
                    }
                }
                count += 1;
            }
            let url = format!(
                "{}{}{}",
                client.sandbox.addresses().partner_center,
                crate::client::REFERRALS,
                tail.1
            );
            let got = client.call(&verb, &url, &[], "[]").await.unwrap().is(401);
            assert_eq!(got.text("/error/code"), "unauthenticated");
        }
    }
    assert!(count > 20, "{count} cases");
}

/// One request of an operation and its status.
struct Case {
    headers: Vec<(&'static str, &'static str)>,
    body: Value,
    status: u16,
}

fn case(status: u16, body: Value) -> Case {
    Case { headers: Vec::new(), body, status }
}

fn with(header: (&'static str, &'static str), status: u16, body: Value) -> Case {
    Case { headers: vec![header], body, status }
}

/// What to ask of an operation: the address below `/referrals` as the file writes it (with `ID`) and as it
/// is, and the cases in their order.
async fn row(client: &Client, operation: &str) -> ((&'static str, String), Vec<Case>) {
    let notes = one("replace", "/details/notes", &json!("n"));
    let wanted = ("Prefer", "return=representation");
    match operation {
        "GetAllReferrals" => {
            deal(client).await;
            (("", String::new()), vec![case(200, Value::Null)])
        }
        "CreateReferral" => {
            let bad = json!({ "name": "no more than a name" });
            (("", String::new()), vec![case(200, shared("Made")), case(400, bad)])
        }
        "GetReferralById" => (("/ID", deal(client).await), vec![case(200, Value::Null)]),
        "UpdateReferralById" => {
            let path = deal(client).await;
            let mut whole = client.partner("GET", &path, &Value::Null).await.body;
            let linked = whole.clone();
            whole.as_object_mut().unwrap().remove("links");
            whole["details"]["notes"] = json!("Replaced.");
            let mut renamed = whole.clone();
            renamed["customerProfile"]["name"] = json!("Another");
            let any = ("If-Match", "*");
            let cases = vec![
                case(400, whole.clone()),
                with(("If-Match", "\"stale\""), 412, whole.clone()),
                with(any, 400, linked),
                with(any, 400, renamed),
                with(any, 200, whole),
                with(any, 400, json!({ "type": "Shared" })),
            ];
            (("/ID", path), cases)
        }
        "PatchReferralById" => {
            let cases = vec![
                case(204, notes.clone()),
                with(wanted, 200, notes.clone()),
                with(("If-Match", "\"stale\""), 412, notes.clone()),
                case(400, json!([])),
                case(400, json!({ "details": { "notes": "n" } })),
                case(400, json!(["x"])),
            ];
            (("/ID", deal(client).await), cases)
        }
        "CreateDealRegistrationByReferralId" => {
            let path = format!("{}/", won(client).await);
            let whole = registration(client).await;
            let mut small = whole.clone();
            small["contract"]["value"] = json!(24_999.99);
            let add = |value: &Value| one("add", "/registrations/-", value);
            let cases = vec![
                case(400, add(&small)),
                case(400, one("replace", "/registrations/-", &whole)),
                with(wanted, 200, add(&whole)),
                case(400, add(&whole)),
            ];
            (("/ID/", path), cases)
        }
        "PatchDealRegistrationByReferralId" => {
            let path = format!("{}//", won(client).await);
            let value = one("replace", "/registrations/0/contract/value", &json!(30_000));
            let early = client.partner("PATCH", &path, &value).await;
            assert_eq!(early.status, 400, "nothing is registered yet");
            let whole = registration(client).await;
            let add = one("add", "/registrations/-", &whole);
            client.partner("PATCH", &path, &add).await.is(204);
            let low = one("replace", "/registrations/0/contract/value", &json!(3));
            let cases = vec![case(204, value.clone()), with(wanted, 200, value), case(400, low)];
            (("/ID//", path), cases)
        }
        other => panic!("the file has an operation {other}, which this table does not know"),
    }
}

/// Values that a path takes, and values that it does not.
fn values(path: &str) -> (Vec<Value>, Vec<Value>) {
    let member = json!({ "firstName": "A", "lastName": "B", "email": "a@b.example" });
    let nameless = json!({ "email": "a@b.example" });
    let texts = (vec![json!("x"), Value::Null], vec![json!(1), json!(true), json!({})]);
    match path {
        "/campaignId"
        | "/details/notes"
        | "/externalReferenceId"
        | "/referralProgram"
        | "/statusReason" => texts,
        "/salesStage" => {
            (["40", "Qualify", "Close"].map(|s| json!(s)).into(), vec![json!("Soon"), json!(40)])
        }
        "/status" => (
            vec![json!("Active")],
            ["New", "Closed", "Lost", "active", ""].map(|s| json!(s)).into(),
        ),
        "/substatus" => {
            (vec![json!("Accepted")], ["Won", "Received", "Expired", ""].map(|s| json!(s)).into())
        }
        "/consent/consentToShareReferralWithMicrosoftSellers" => {
            (vec![json!(true)], vec![json!(false), json!("true"), Value::Null])
        }
        "/customerProfile/team" => (vec![], vec![json!([]), json!([nameless]), json!({})]),
        "/customerProfile/team/-" => (vec![], vec![member, nameless, json!([])]),
        "/team" => (
            vec![json!(vec![member.clone(); 50]), json!([member])],
            vec![json!([]), json!([nameless]), json!(vec![member; 51]), Value::Null],
        ),
        "/team/-" => (vec![member], vec![nameless, json!([])]),
        "/details/closingDateTime" => (
            vec![json!("2027-06-30T00:00:00Z"), json!("2027-06-30T02:00:00+02:00")],
            vec![json!("soon"), json!("2027-02-30T00:00:00Z"), Value::Null],
        ),
        "/details/currency" => {
            (vec![json!("CHF")], vec![json!("chf"), json!("XXQ"), Value::Null, json!(756)])
        }
        "/details/dealValue" => (
            vec![json!(1), json!(0.01), json!("52500")],
            vec![json!(0), json!(-1), json!("much"), Value::Null, json!([1])],
        ),
        "/details/requirements/solutions" => (
            vec![json!([{ "id": "SOL-2" }])],
            vec![json!([]), json!([{ "name": "x" }]), json!(vec![json!({ "id": "x" }); 51])],
        ),
        "/details/requirements/solutions/-" => {
            (vec![json!({ "id": "SOL-3" })], vec![json!({ "name": "x" }), json!("SOL-3")])
        }
        other => panic!("the file has a path {other}, which this table does not know"),
    }
}

#[tokio::test]
async fn every_path_of_a_patch_is_admitted_and_checked() {
    let Some(swagger) = swagger() else { return };
    let client = plain().await;
    let path = deal(&client).await;
    let closed = deal(&client).await;
    client.partner("PATCH", &closed, &close("Lost")).await.is(204);
    let mut half = shared("Swagger");
    half["engagementId"] =
        json!(client.partner("GET", &path, &Value::Null).await.text("/engagementId"));
    half["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
    let half = format!("/{}", client.partner("POST", "", &half).await.is(200).text("/id"));
    let paths = swagger.paths("UpdateReferralDetails");
    assert_eq!(paths.len(), 18);
    for pointer in &paths {
        let (fine, wrong) = values(pointer);
        let ops: &[&str] = if pointer.ends_with("/-") { &["add"] } else { &["replace", "add"] };
        for op in ops {
            for value in &fine {
                let got = client.partner("PATCH", &path, &one(op, pointer, value)).await;
                assert_eq!(got.status, 204, "{op} {pointer} {value}: {got:?}");
            }
            for value in &wrong {
                let got = client.partner("PATCH", &path, &one(op, pointer, value)).await;
                assert_eq!(got.status, 400, "{op} {pointer} {value}: {got:?}");
                assert_eq!(got.text("/error/code"), "invalidRequest");
            }
        }
        let value = fine.first().cloned().unwrap_or_else(|| json!([]));
        for op in ["remove", "move", "copy", "test", "Replace", ""] {
            client.partner("PATCH", &path, &one(op, pointer, &value)).await.is(400);
        }
        let none = json!([{ "op": "add", "path": pointer }]);
        client.partner("PATCH", &path, &none).await.is(400);
        client.partner("PATCH", &closed, &one("add", pointer, &value)).await.is(400);
        client.partner("PATCH", &half, &one("add", pointer, &value)).await.is(403);
    }
    let got = client.partner("GET", &path, &Value::Null).await.is(200);
    swagger.fits(swagger.definition("Referral"), &got);
}

/// All paths of a definition's members; those within lists stand for the first item.
fn pointers(swagger: &Swagger, schema: &Value, path: &str, found: &mut Vec<String>) {
    let schema = swagger.resolved(schema);
    if let Some(members) = schema.get("properties").and_then(Value::as_object) {
        for (key, schema) in members {
            let path = format!("{path}/{key}");
            found.push(path.clone());
            pointers(swagger, schema, &path, found);
        }
    }
    if let Some(items) = schema.get("items") {
        found.push(format!("{path}/-"));
        pointers(swagger, items, &format!("{path}/0"), found);
    }
}

#[tokio::test]
async fn no_other_path_is_admitted() {
    let Some(swagger) = swagger() else { return };
    let client = plain().await;
    let path = deal(&client).await;
    let before = client.partner("GET", &path, &Value::Null).await.body;
    let mut all = Vec::new();
    pointers(&swagger, swagger.definition("Referral"), "", &mut all);
    let mut admitted = swagger.paths("UpdateReferralDetails");
    admitted.extend(swagger.paths("UpdateDealRegistration"));
    admitted.push("/registrations/-".to_owned());
    all.retain(|pointer| !admitted.contains(pointer));
    assert!(all.len() > 100, "{}", all.len());
    all.extend(
        ["", "/", "status", "/Status", "/team/0", "//status", "/status/"].map(str::to_owned),
    );
    for pointer in &all {
        for value in [json!("x"), json!(true), json!(1), json!({ "id": "x" })] {
            let got = client.partner("PATCH", &path, &one("add", pointer, &value)).await;
            assert_eq!(got.status, 400, "{pointer}: {got:?}");
        }
    }
    assert_eq!(client.partner("GET", &path, &Value::Null).await.body, before);
}

/// All places of a value.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    if let Some(members) = value.as_object() {
        for (key, value) in members {
            found.push(format!("{path}/{key}"));
            places(value, &format!("{path}/{key}"), found);
        }
    }
    for (at, value) in value.as_array().into_iter().flatten().enumerate() {
        found.push(format!("{path}/{at}"));
        places(value, &format!("{path}/{at}"), found);
    }
}

#[tokio::test]
async fn no_value_of_another_type_is_kept() {
    let Some(swagger) = swagger() else { return };
    let client = plain().await;
    let mut whole = shared("Types");
    whole["campaignId"] = json!("c");
    whole["salesStage"] = json!("Qualify");
    whole["details"]["requirements"]["industries"] = json!([{ "id": "Education" }]);
    whole["customerProfile"]["team"][0]["contactPreference"] = json!({ "locale": "en" });
    let mut all = Vec::new();
    places(&whole, "", &mut all);
    assert!(all.len() > 40, "{}", all.len());
    let mut taken = 0;
    for place in &all {
        for value in [Value::Null, json!(7), json!(true), json!("x"), json!([1]), json!({ "x": 1 })]
        {
            let mut body = whole.clone();
            *body.pointer_mut(place).unwrap() = value.clone();
            let got = client.partner("POST", "", &body).await;
            assert!(matches!(got.status, 200 | 400), "{place} {value}: {got:?}");
            if got.status == 200 {
                swagger.fits(swagger.definition("Referral"), &got);
                taken += 1;
            }
        }
    }
    assert!(taken > 20, "{taken}");
}

#[tokio::test]
async fn every_path_of_a_registration_is_admitted_and_checked() {
    let Some(swagger) = swagger() else { return };
    let client = plain().await;
    let path = won(&client).await;
    let whole = registration(&client).await;
    client.partner("PATCH", &path, &one("add", "/registrations/-", &whole)).await.is(204);
    let [today, late] = [day(&client, 0).await, day(&client, 200).await];
    let [past, sooner] = [day(&client, -100).await, day(&client, 1).await];
    let paths = swagger.paths("UpdateDealRegistration");
    assert_eq!(paths.len(), 12);
    for pointer in &paths {
        let tail = pointer.rsplit('/').next().unwrap();
        let is_contract = pointer.contains("/contract/");
        let (fine, wrong): (Value, Vec<Value>) = match (tail, is_contract) {
            ("startDateTime", _) => (json!(today), vec![json!(past), json!("soon"), Value::Null]),
            ("endDateTime", _) => (json!(late), vec![json!(past), json!("soon"), Value::Null]),
            ("signDateTime", _) => (json!(today), vec![json!(past), json!(sooner), Value::Null]),
            ("term", _) => (json!("Perpetual"), vec![json!("Long"), json!(1)]),
            ("value", true) => (json!(40_000), vec![json!(1), json!(0), json!("40000")]),
            ("value", false) => (json!(20_000), vec![json!(40_001), json!(0), Value::Null]),
            ("currency", _) => (json!("EUR"), vec![json!("euro"), Value::Null]),
            ("isDeployedOnAzure" | "isMarketplaceTransacted", _) => {
                (json!(false), vec![json!("false"), json!(1)])
            }
            ("primaryDeploymentOn", _) => (json!("Partner"), vec![json!("Moon"), json!(1)]),
            ("pricingModel", _) => (json!("Other"), vec![json!("Free"), json!(1)]),
            ("marketplaceTransactionDateTime", _) => (json!(today), vec![json!("x"), json!(1)]),
            (other, _) => panic!("the file has {other}, which this table does not know"),
        };
        for value in &wrong {
            let got = client.partner("PATCH", &path, &one("replace", pointer, value)).await;
            assert_eq!(got.status, 400, "{pointer} {value}: {got:?}");
        }
        let got = client.partner("PATCH", &path, &one("replace", pointer, &fine)).await;
        assert_eq!(got.status, 204, "{pointer} {fine}: {got:?}");
        let now = client.partner("GET", &path, &Value::Null).await.is(200);
        assert_eq!(now.body.pointer(pointer), Some(&fine), "{pointer}");
        swagger.fits(swagger.definition("Referral"), &now);
    }
    // What is decided is no longer changed; nothing else of a closed deal ever is.
    let decide = format!("/partner-center/microsoft{path}/registration");
    client.admin("POST", &decide, &json!({ "status": "Approved" })).await.is(200);
    let late = one("replace", "/registrations/0/contract/value", &json!(50_000));
    client.partner("PATCH", &path, &late).await.is(400);
    client.partner("PATCH", &path, &one("add", "/details/notes", &json!("x"))).await.is(400);
    let now = client.partner("GET", &path, &Value::Null).await.is(200);
    assert_eq!(now.text("/registrationStatus"), "Approved");
}
