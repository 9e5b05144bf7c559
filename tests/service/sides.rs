//! The two systems as their users see them, and whether they agree.
//!
//! In: a ready file. Out: records, edits as Microsoft and as a rep, and everything in which the two
//! sides differ. Must not know: the service; the shipped map says what agreement means.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use mapping::Timestamp;
use mapping::decision::{Base, Input, Seen, Side};
use mapping::plan::Plan;
use sandbox::Remote;
use serde_json::{Value, json};
use tokio::time::sleep;

/// Where Salesforce keeps records.
const DATA: &str = "/services/data/v64.0";
/// Where Partner Center keeps referrals.
const REFERRALS: &str = "/v1.0/engagements/referrals";
/// How long a change may take to arrive, kills and pauses between retries included.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Both systems, who acts on them, and the service's status page.
pub(crate) struct Sides {
    pub(crate) rep: Remote,
    pub(crate) partner: Remote,
    pub(crate) admin: Remote,
    /// Where a rep's old interface is, and the token for it.
    pub(crate) soap: (String, String),
    console: Remote,
    plan: Plan,
    leads: Plan,
}

impl Sides {
    /// What a ready file names.
    pub(crate) fn new(ready: &Value) -> Self {
        let remote = |url: &Value, token: &Value| {
            Remote::new(url.as_str().unwrap(), token.as_str().unwrap_or_default()).unwrap()
        };
        let of = |name: &str, token: &str| remote(&ready[name]["url"], &ready[name][token]);
        let schemas = mapping::schema::Schemas::built_in();
        let plan = |text| mapping::compile("shipped.map", text, schemas).plan.unwrap();
        Self {
            rep: of("salesforce", "access_token"),
            partner: of("partner_center", "access_token"),
            admin: of("admin", "token"),
            soap: (
                format!("{}/services/Soap/u/64.0", text(ready, "/salesforce/url")),
                text(ready, "/salesforce/access_token").to_owned(),
            ),
            console: remote(&ready["console"], &Value::Null),
            plan: plan(include_str!("../../mappings/opportunity.map")),
            leads: plan(include_str!("../../mappings/lead.map")),
        }
    }

    /// Microsoft sends a deal; its referral's id.
    pub(crate) async fn microsoft_sends(&self, referral: &Value) -> String {
        let path = "/partner-center/referrals";
        id_of(&self.admin.need("POST", path, Some(referral)).await.unwrap())
    }

    /// Microsoft changes a deal.
    pub(crate) async fn microsoft_changes(&self, referral: &str, change: &Value) {
        let path = format!("/partner-center/referrals/{referral}");
        self.admin.need("PATCH", &path, Some(change)).await.unwrap();
    }

    /// A rep makes a record; its id.
    pub(crate) async fn rep_makes(&self, object: &str, fields: &Value) -> String {
        let path = format!("{DATA}/sobjects/{object}");
        id_of(&self.rep.need("POST", &path, Some(fields)).await.unwrap())
    }

    /// A rep changes an opportunity.
    pub(crate) async fn rep_changes(&self, opportunity: &str, fields: &Value) {
        self.rep_edits("Opportunity", opportunity, fields).await;
    }

    /// A rep changes a record.
    pub(crate) async fn rep_edits(&self, object: &str, id: &str, fields: &Value) {
        let path = format!("{DATA}/sobjects/{object}/{id}");
        self.rep.need("PATCH", &path, Some(fields)).await.unwrap();
    }

    /// A rep puts a record into the bin.
    pub(crate) async fn rep_deletes(&self, object: &str, id: &str) {
        let path = format!("{DATA}/sobjects/{object}/{id}");
        self.rep.need("DELETE", &path, None).await.unwrap();
    }

    /// A rep answers a deal of Microsoft's, which is on hold until then.
    pub(crate) async fn rep_accepts(&self, referral: &str, opportunity: &str) {
        self.rep_changes(opportunity, &json!({"StageName": "Qualification"})).await;
        eventually("Microsoft's deal is accepted", async || {
            let found = self.referral(referral).await;
            (text(&found, "/substatus") == "Accepted").then_some(())
        })
        .await;
    }

    /// A rep makes an opportunity with account and solution and shares it; its id.
    pub(crate) async fn rep_shares(&self, name: &str) -> String {
        let deal = self.rep_prepares(name).await;
        self.rep_adds_solution(&deal).await;
        self.rep_changes(&deal, &json!({"Sync_with_Partner_Center__c": true})).await;
        deal
    }

    /// A rep makes an opportunity with an account, not shared and without solution; its id.
    pub(crate) async fn rep_prepares(&self, name: &str) -> String {
        let account = json!({
            "Name": format!("{name} Ltd"), "BillingStreet": "3 Flour Lane",
            "BillingCity": "Leeds", "BillingPostalCode": "LS1 1AA", "BillingCountry": "GB"
        });
        let account = self.rep_makes("Account", &account).await;
        let opportunity = json!({
            "Name": name, "StageName": "Needs Analysis", "CloseDate": "2027-04-30",
            "Amount": 48_000, "CurrencyIsoCode": "GBP", "Description": "Planning for 12 bakeries.",
            "Customer_Consent__c": true, "AccountId": account
        });
        self.rep_makes("Opportunity", &opportunity).await
    }

    /// A rep adds a Microsoft solution to an opportunity.
    pub(crate) async fn rep_adds_solution(&self, opportunity: &str) {
        let solution = json!({
            "Opportunity__c": opportunity, "Name": "Route Planner",
            "Solution_Identifier__c": "SOL-20417-TWA"
        });
        self.rep_makes("Microsoft_Solution__c", &solution).await;
    }

    /// A referral as it is.
    pub(crate) async fn referral(&self, id: &str) -> Value {
        self.partner.need("GET", &format!("{REFERRALS}/{id}"), None).await.unwrap()
    }

    /// All referrals, other parties' halves left out.
    pub(crate) async fn referrals(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut path = REFERRALS.to_owned();
        loop {
            let page = self.partner.need("GET", &path, None).await.unwrap();
            all.extend(page["value"].as_array().unwrap().iter().cloned());
            let Some(next) = page["@odata.nextLink"].as_str() else { break };
            path = format!("{REFERRALS}?{}", next.split_once('?').unwrap().1);
        }
        let (halves, mut own): (Vec<Value>, Vec<Value>) =
            all.into_iter().partition(|referral| referral["organizationId"] == "msft");
        // As the service does, each of ours says which half of Microsoft's there is.
        for half in halves {
            for referral in &mut own {
                if referral["engagementId"] == half["engagementId"] {
                    referral["microsoft"] = json!({ "id": half["id"] });
                }
            }
        }
        own
    }

    /// Opportunities that fulfil a condition, with everything that the map reads.
    pub(crate) async fn opportunities(&self, condition: &str) -> Vec<Value> {
        self.rows(&self.plan, condition).await
    }

    /// The same for leads.
    pub(crate) async fn leads(&self, condition: &str) -> Vec<Value> {
        self.rows(&self.leads, condition).await
    }

    async fn rows(&self, plan: &Plan, condition: &str) -> Vec<Value> {
        let reads = plan.reads(Side::Right);
        let mut names = reads.fields.clone();
        for name in ["Id", "Audit__c"] {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        for child in &reads.children {
            names.push(format!("(SELECT {} FROM {})", child.fields.join(", "), child.relationship));
        }
        let object = plan.object(Side::Right);
        let soql = format!("SELECT {} FROM {object} WHERE {condition}", names.join(", "));
        let path = format!("{DATA}/query?q={}", encoded(&soql));
        let found = self.rep.need("GET", &path, None).await.unwrap();
        found["records"].as_array().unwrap().clone()
    }

    /// How many rows there are: `OBJECT WHERE CONDITION`.
    pub(crate) async fn count(&self, of: &str) -> u64 {
        let path = format!("{DATA}/query?q={}", encoded(&format!("SELECT COUNT() FROM {of}")));
        let found = self.rep.need("GET", &path, None).await.unwrap();
        found["totalSize"].as_u64().unwrap()
    }

    /// The opportunity with this id.
    pub(crate) async fn opportunity(&self, id: &str) -> Value {
        let found = self.opportunities(&format!("Id = '{id}'")).await;
        found.into_iter().next().unwrap_or_else(|| panic!("there is no opportunity {id}"))
    }

    /// The opportunity of a referral, once it is there; its id.
    pub(crate) async fn becomes_opportunity(&self, referral: &str) -> String {
        let condition = format!("Referral_Identifier__c = '{referral}'");
        eventually("the referral becomes an opportunity", async || {
            let found = self.opportunities(&condition).await;
            found.first().map(|deal| deal["Id"].as_str().unwrap().to_owned())
        })
        .await
    }

    /// Microsoft's halves of a referral's engagement, as the list shows them.
    pub(crate) async fn halves(&self, referral: &str) -> Vec<Value> {
        let own = self.referral(referral).await;
        let path = format!(
            "/v1.0/engagements/referrals?$filter=engagementId%20eq%20'{}'",
            text(&own, "/engagementId")
        );
        let found = self.partner.need("GET", &path, None).await.unwrap();
        let mut all = found["value"].as_array().unwrap().clone();
        all.retain(|half| half["organizationId"] == "msft");
        all
    }

    /// The referral of an opportunity, once its id is written back.
    pub(crate) async fn becomes_referral(&self, opportunity: &str) -> String {
        eventually("the opportunity becomes a referral", async || {
            let deal = self.opportunity(opportunity).await;
            deal["Referral_Identifier__c"].as_str().map(str::to_owned)
        })
        .await
    }

    /// How many records the service wrote: in Salesforce, in Partner Center.
    pub(crate) async fn writes(&self) -> (u64, u64) {
        let counts = self.admin.need("GET", "/counts", None).await.unwrap();
        let of = |system: &str| counts[system]["writes"].as_u64().unwrap();
        (of("salesforce"), of("partner_center"))
    }

    /// Orders a fault of the sandbox.
    pub(crate) async fn fault(&self, order: &Value) {
        self.admin.need("POST", "/faults", Some(order)).await.unwrap();
    }

    /// All ordered faults have struck. Before it the test reads nothing that they are about: it would be given the
    /// answer that is meant for the service.
    pub(crate) async fn struck(&self) {
        eventually("the fault strikes", async || {
            let faults = self.admin.need("GET", "/faults", None).await.unwrap();
            (faults["armed"] == json!([])).then_some(())
        })
        .await;
    }

    /// The service's status.
    pub(crate) async fn status(&self) -> Value {
        self.console.need("GET", "/status", None).await.unwrap()
    }

    /// The same, null while the service does not answer.
    pub(crate) async fn status_or_none(&self) -> Value {
        self.console.need("GET", "/status", None).await.unwrap_or_default()
    }

    /// The codes for which a record's deal is parked; none while the service does not answer.
    pub(crate) async fn parked_for(&self, record: &str) -> Vec<String> {
        let status = self.status_or_none().await;
        let parked = status["parked"].as_array().cloned().unwrap_or_default();
        let named = parked.iter().filter(|deal| text(deal, "/record") == record);
        let causes = named.flat_map(|deal| deal["causes"].as_array().cloned().unwrap_or_default());
        causes.map(|cause| text(&cause, "/code").to_owned()).collect()
    }

    /// Waits until both sides agree about everything, the service has no work, and no write came
    /// for a second and a half.
    pub(crate) async fn settled(&self) {
        let mut last: Vec<String> = Vec::new();
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let before = self.writes().await;
            last = self.differences().await;
            if last.is_empty() {
                sleep(Duration::from_millis(1500)).await;
                if self.writes().await == before && self.differences().await.is_empty() {
                    return;
                }
            }
            sleep(Duration::from_millis(200)).await;
        }
        let status = self.status().await;
        panic!("not in agreement after {PATIENCE:?}: {last:#?}\n{status:#}");
    }

    /// Everything that is not as it should be: deals with no partner or several, deals that a fresh
    /// look would change, work that is not done.
    pub(crate) async fn differences(&self) -> Vec<String> {
        let referrals = self.referrals().await;
        let opportunities = self.opportunities("Id != null").await;
        // A lead that was converted is an opportunity now.
        let leads = self.leads("IsConverted = false").await;
        let mut found = Vec::new();
        let mut by_referral: BTreeMap<&str, Vec<(&Plan, &Value)>> = BTreeMap::new();
        let of_leads = leads.iter().map(|lead| (&self.leads, lead));
        for of_plan in opportunities.iter().map(|deal| (&self.plan, deal)).chain(of_leads) {
            if let Some(id) = of_plan.1["Referral_Identifier__c"].as_str() {
                by_referral.entry(id).or_default().push(of_plan);
            }
        }
        for deal in &opportunities {
            if deal["Sync_with_Partner_Center__c"] == true {
                let own = text(deal, "/Id");
                let named = referrals.iter().filter(|referral| names(referral, own)).count();
                // A deal on hold is not told whose it is either, nor one that nobody ever answered.
                let id = text(deal, "/Referral_Identifier__c");
                let mut partners = referrals.iter().filter(|referral| text(referral, "/id") == id);
                let on_hold = partners.any(|referral| {
                    text(referral, "/status") == "New" || text(referral, "/substatus") == "Expired"
                });
                if named != 1 && !(on_hold && named == 0) {
                    found.push(format!("{own} is named by {named} referrals"));
                }
            }
        }
        for referral in &referrals {
            let id = text(referral, "/id");
            match by_referral.get(id).map(Vec::as_slice).unwrap_or_default() {
                [(plan, deal)] => found.extend(out_of_step(plan, referral, deal)),
                deals => found.push(format!("{id} has {} records", deals.len())),
            }
        }
        if let Ok(status) = self.console.need("GET", "/status", None).await {
            for (name, count) in [("dirty", &status["dirty"]), ("open", &status["open_intents"])] {
                if count.as_u64() != Some(0) {
                    found.push(format!("{count} {name}"));
                }
            }
        } else {
            found.push("the service does not answer".to_owned());
        }
        found
    }
}

/// What a fresh look at both records would write.
fn out_of_step(plan: &Plan, referral: &Value, record: &Value) -> Vec<String> {
    let (left, right) = (referral.to_string(), record.to_string());
    let base = Base::default();
    let input = Input {
        left: Some(Seen { body: &left, stamp: None }),
        right: Some(Seen { body: &right, stamp: None }),
        base: &base,
        now: Timestamp::UNIX_EPOCH,
    };
    let decision = plan.reconcile(&input).unwrap();
    let mut found: Vec<String> = decision.parked.iter().map(ToString::to_string).collect();
    if decision.writes() {
        found.extend(
            decision.lines.iter().filter(|line| line.written.is_some()).map(|line| {
                format!("{}: {} ({:?})", text(referral, "/id"), line.rule, line.written)
            }),
        );
    }
    found
}

/// Whether a referral names an opportunity, by its id of 15 or 18 letters.
pub(crate) fn names(referral: &Value, opportunity: &str) -> bool {
    text(referral, "/externalReferenceId").starts_with(&opportunity[..15])
}

/// The text at a pointer, empty when there is none.
pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Whether two numbers are the same, however they are written.
pub(crate) fn same_number(found: &Value, wanted: u64) -> bool {
    let decimal = |digits: &str| mapping::decimal::Decimal::parse(digits).ok();
    decimal(&found.to_string()).is_some_and(|found| Some(found) == decimal(&wanted.to_string()))
}

fn id_of(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "waited {PATIENCE:?} for this: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// The referral that Microsoft sends, for a customer of this name.
pub(crate) fn inbound(customer: &str) -> Value {
    json!({
        "name": format!("{customer} - depot telemetry"),
        "type": "Shared",
        "qualification": "SalesQualified",
        "status": "New",
        "substatus": "Received",
        "direction": "Incoming",
        "customerProfile": {
            "name": format!("{customer} & Co AG"),
            "address": {
                "addressLine1": "Gotthardstrasse 7", "city": "Altdorf", "state": "UR",
                "postalCode": "6460", "country": "CH"
            }
        },
        "consent": {
            "consentToToShareInfoWithOthers": true,
            "consentToContact": true,
            "consentToShareReferralWithMicrosoftSellers": true
        },
        "details": {
            "notes": "Telemetry for 60 depots.",
            "dealValue": 125_000, "currency": "CHF", "closingDateTime": "2027-06-30T00:00:00Z",
            "requirements": {
                "solutions": [{ "id": "SOL-20417-TWA", "type": "Name", "name": "Route Planner" }]
            }
        }
    })
}

/// Percent-encoded for a query.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
    }
    out
}
