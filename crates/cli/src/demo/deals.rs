//! Both sides of a deal as the story sees them, over the same addresses that curl would use.
//!
//! In: the ready file's addresses. Out: records, edits as Microsoft and as a rep, counts of writes.
//! Must not know: the service.

use std::time::{Duration, Instant};

use ::sandbox::Remote;
use mapping::decision::{Base, Input, Seen, Side};
use mapping::plan::Plan;
use serde_json::{Value, json};

/// Where Salesforce keeps records.
const DATA: &str = "/services/data/v64.0";
/// Where Partner Center keeps referrals.
const REFERRALS: &str = "/v1.0/engagements/referrals";
/// How long a change may take to reach the other side before the story fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Both systems, and who acts on them.
pub(super) struct Deals {
    rep: Remote,
    partner: Remote,
    admin: Remote,
    plan: Plan,
}

/// How many records were written so far, on each side, by anyone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Writes {
    pub(super) salesforce: u64,
    pub(super) partner_center: u64,
}

impl Deals {
    /// The two systems that a ready file names.
    pub(super) fn new(ready: &Value) -> Result<Self, String> {
        let remote = |name: &str, token: &str| {
            let part = &ready[name];
            Remote::new(part["url"].as_str().unwrap_or(""), part[token].as_str().unwrap_or(""))
        };
        let compiled = mapping::compile(
            "opportunity.map",
            super::setup::MAP,
            mapping::schema::Schemas::built_in(),
        );
        Ok(Self {
            rep: remote("salesforce", "access_token")?,
            partner: remote("partner_center", "access_token")?,
            admin: remote("admin", "token")?,
            plan: compiled.plan.ok_or("the shipped map has problems; run `cosell check`")?,
        })
    }

    /// Microsoft sends a deal: the referral as it is stored.
    pub(super) async fn microsoft_sends(&self, referral: &Value) -> Result<Value, String> {
        self.admin.need("POST", "/partner-center/referrals", Some(referral)).await
    }

    /// Microsoft changes a deal.
    pub(super) async fn microsoft_changes(&self, id: &str, change: &Value) -> Result<(), String> {
        let path = format!("/partner-center/referrals/{id}");
        self.admin.need("PATCH", &path, Some(change)).await.map(|_| ())
    }

    /// A rep makes a record; its id.
    pub(super) async fn rep_makes(&self, object: &str, fields: &Value) -> Result<String, String> {
        let path = format!("{DATA}/sobjects/{object}");
        let answer = self.rep.need("POST", &path, Some(fields)).await?;
        answer["id"].as_str().map(str::to_owned).ok_or_else(|| format!("no id for a new {object}"))
    }

    /// A rep changes an opportunity.
    pub(super) async fn rep_changes(&self, id: &str, fields: &Value) -> Result<(), String> {
        let path = format!("{DATA}/sobjects/Opportunity/{id}");
        self.rep.need("PATCH", &path, Some(fields)).await.map(|_| ())
    }

    /// The referral as it is.
    pub(super) async fn referral(&self, id: &str) -> Result<Value, String> {
        self.partner.need("GET", &format!("{REFERRALS}/{id}"), None).await
    }

    /// Referrals that carry an opportunity's id.
    pub(super) async fn referrals_of(&self, opportunity: &str) -> Result<Vec<Value>, String> {
        let list = self.partner.need("GET", REFERRALS, None).await?;
        let all = list["value"].as_array().cloned().unwrap_or_default();
        let short = opportunity.get(..15).unwrap_or(opportunity).to_owned();
        let names =
            |r: &Value| r["externalReferenceId"].as_str().is_some_and(|id| id.starts_with(&short));
        Ok(all.into_iter().filter(|referral| names(referral)).collect())
    }

    /// Opportunities that fulfil a condition, with everything that the plan reads.
    pub(super) async fn opportunities(&self, condition: &str) -> Result<Vec<Value>, String> {
        let reads = self.plan.reads(Side::Right);
        let mut names = reads.fields.clone();
        for child in &reads.children {
            let fields = child.fields.join(", ");
            names.push(format!("(SELECT {fields} FROM {})", child.relationship));
        }
        if !names.iter().any(|name| name == "Id") {
            names.push("Id".to_owned());
        }
        let soql = format!("SELECT {} FROM Opportunity WHERE {condition}", names.join(", "));
        let path = format!("{DATA}/query?q={}", encoded(&soql));
        let answer = self.rep.need("GET", &path, None).await?;
        Ok(answer["records"].as_array().cloned().unwrap_or_default())
    }

    /// The opportunity with this id.
    pub(super) async fn opportunity(&self, id: &str) -> Result<Value, String> {
        let found = self.opportunities(&format!("Id = '{id}'")).await?;
        found.into_iter().next().ok_or_else(|| format!("there is no opportunity {id}"))
    }

    /// Asks again and again until `look` gives something.
    pub(super) async fn wait<T, F>(
        &self,
        what: &str,
        mut look: impl FnMut() -> F,
    ) -> Result<T, String>
    where
        F: Future<Output = Result<Option<T>, String>>,
    {
        let start = Instant::now();
        loop {
            let found = look().await;
            match found {
                Ok(Some(found)) => return Ok(found),
                Ok(None) | Err(_) if start.elapsed() < PATIENCE => {}
                Ok(None) => {
                    return Err(format!("waited {} s for this: {what}", PATIENCE.as_secs()));
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What of a deal is not in step: nothing when a fresh look at both sides would write nothing.
    pub(super) async fn out_of_step(
        &self,
        referral: &str,
        opportunity: &str,
    ) -> Result<Vec<String>, String> {
        let left = self.referral(referral).await?.to_string();
        let right = self.opportunity(opportunity).await?.to_string();
        let base = Base::default();
        let input = Input {
            left: Some(Seen { body: &left, stamp: None }),
            right: Some(Seen { body: &right, stamp: None }),
            base: &base,
            now: mapping_epoch(),
        };
        let decision = self.plan.reconcile(&input).map_err(|fault| fault.to_string())?;
        let mut found: Vec<String> = decision.parked.iter().map(ToString::to_string).collect();
        if decision.writes() {
            let lines = decision.lines.iter().filter(|line| line.written.is_some());
            found.extend(lines.map(|line| format!("{} is not in step", line.rule)));
        }
        Ok(found)
    }

    /// Writes counted at the sandbox.
    pub(super) async fn writes(&self) -> Result<Writes, String> {
        let counts = self.admin.need("GET", "/counts", None).await?;
        let of = |system: &str| counts[system]["writes"].as_u64().unwrap_or(0);
        Ok(Writes { salesforce: of("salesforce"), partner_center: of("partner_center") })
    }
}

/// The moment that goes into audits; the story looks at none.
fn mapping_epoch() -> mapping::Timestamp {
    mapping::Timestamp::UNIX_EPOCH
}

/// Percent-encoded for a query.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// The text of a member, empty when it has none.
pub(super) fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    path.iter().fold(value, |value, name| &value[*name]).as_str().unwrap_or_default()
}

/// A member as it is printed: texts without quotes.
pub(super) fn shown(value: &Value, path: &[&str]) -> String {
    let found = path.iter().fold(value, |value, name| &value[*name]);
    found.as_str().map_or_else(|| found.to_string(), str::to_owned)
}

/// The referral that Microsoft sends in the story.
pub(super) fn inbound() -> Value {
    json!({
        "name": "Alpine Freight - depot telemetry",
        "type": "Shared",
        "qualification": "SalesQualified",
        "status": "New",
        "substatus": "Received",
        "direction": "Incoming",
        "customerProfile": {
            "name": "Alpine Freight & Co AG",
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
            "notes": "Telemetry for 60 depots; wants a demo before the budget round.",
            "dealValue": 125_000, "currency": "CHF", "closingDateTime": "2027-06-30T00:00:00Z",
            "requirements": { "solutions": [{ "id": "SOL-20417-TWA", "type": "Name", "name": "Route Planner" }] }
        }
    })
}
