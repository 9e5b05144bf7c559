//! Both systems as the scenario uses them, and what the map calls things.
//!
//! In: a configuration. Out: records as they are now, edits as a rep and as a person in Partner Center. Must not know:
//! the story, the service.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use connect::partner_center::{List, Order, PatchOp, Referral};
use connect::salesforce::{Filter, Row};
use connect::{PartnerCenter, RecordId, ReferralId, Salesforce};
use mapping::Timestamp;
use mapping::decision::{Base, Input, Seen, Side};
use runner::config::Config;
use runner::deal_map::DealMap;
use runner::store::{Role, SqliteStore, Store};
use serde_json::{Map, Value, json};

use super::fields;
use crate::command::Scenario;
use crate::terminal::Stop;

/// What every record of a scenario is called by.
pub(super) const MARK: &str = "cosell scenario";
/// How long a change may take to reach the other side.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often is looked.
const PAUSE: Duration = Duration::from_millis(500);
/// The most pages of referrals that are looked through.
const PAGES: usize = 40;

/// A solution that deals of the story name.
pub(super) struct Sold {
    pub(super) id: String,
    pub(super) name: String,
}

/// Both systems.
pub(super) struct Ground {
    pub(super) salesforce: Salesforce,
    pub(super) partner_center: std::sync::Arc<PartnerCenter>,
    pub(super) map: DealMap,
    /// What the records of this run are called by.
    pub(super) mark: String,
    /// How long nothing may be written in the end.
    pub(super) quiet: Duration,
    solution: Option<String>,
    /// The state file, whose catalogue knows what solutions are called.
    store: PathBuf,
    owner: Option<String>,
    more: Value,
    /// Where the service tells what it could not do.
    listen: std::net::SocketAddr,
    environment: String,
    /// Partner Center is a sandbox on this machine.
    local: bool,
}

impl Ground {
    pub(super) fn of(args: &Scenario, config: &Config) -> Result<Self, Stop> {
        let unusable = |error: runner::Error| {
            Stop::because(error.to_string(), "`cosell check` and `cosell doctor` tell more")
        };
        let maps = runner::serve::load_maps(&config.maps).map_err(unusable)?;
        let map = maps.into_iter().find(|map| map.object() == "Opportunity").ok_or_else(|| {
            Stop::because(
                "no map is about opportunities, which the story is about",
                "add one at `maps`",
            )
        })?;
        let wires = runner::serve::live_wires(config).map_err(unusable)?;
        let now = Timestamp::now().as_second();
        Ok(Self {
            salesforce: wires.salesforce,
            partner_center: wires.partner_center,
            map,
            mark: format!("{MARK} {now:x}-{:x}", std::process::id()),
            quiet: Duration::from_secs(u64::from(args.quiet)),
            solution: args.solution.clone(),
            store: config.store.clone(),
            owner: args.owner.clone(),
            more: fields(args.fields.as_ref())?,
            listen: config.listen,
            environment: config.environment.name.clone(),
            local: config.partner_center.api.starts_with("http://127.0.0.1"),
        })
    }

    /// Whether the map reads a field of the opportunity.
    pub(super) fn reads(&self, field: &str) -> bool {
        self.map.select().fields.iter().any(|name| name == field)
    }

    /// The field that shares an opportunity: the one that the map's condition asks for.
    pub(super) fn flag(&self) -> Result<String, String> {
        let plan = self.map.plan();
        let json = plan.to_json();
        let right = plan.side_name(Side::Right);
        let from = json["sync"].as_array().into_iter().flatten().find(|line| line["from"] == right);
        let when = from.and_then(|line| line["when"].as_str()).unwrap_or_default();
        let is_true = |test: &str| {
            let field = test.strip_suffix(" is one of true").or(test.strip_suffix(" is true"));
            field.map(str::to_owned)
        };
        let test = when.split(" and ").find_map(is_true);
        test.map(|field| field.trim().to_owned()).ok_or_else(|| {
            format!("expected a line `from {right} when FIELD is true` in the map, found another condition")
        })
    }

    /// Makes a record of an object, with what the organisation demands besides.
    pub(super) async fn makes(&self, object: &str, fields: &Value) -> Result<RecordId, String> {
        let mut body: Map<String, Value> = fields.as_object().cloned().unwrap_or_default();
        let more = self.more[object].as_object().cloned().unwrap_or_default();
        body.extend(more);
        let made = self.salesforce.create(object, &Value::Object(body).to_string()).await;
        made.map_err(|error| {
            format!("{object}: {error}; `--fields` takes what the organisation demands besides")
        })
    }

    /// Changes an opportunity as a rep does.
    pub(super) async fn rep_changes(&self, id: &RecordId, fields: &Value) -> Result<(), String> {
        let changed = self.salesforce.update("Opportunity", id, &fields.to_string(), None).await;
        changed.map_err(|error| format!("salesforce: {error}"))
    }

    /// The opportunity with everything that the map reads.
    pub(super) async fn opportunity(&self, id: &RecordId) -> Result<Row, String> {
        let found = self.opportunities(&Filter::Id(id.clone())).await?;
        found.into_iter().next().ok_or_else(|| format!("there is no opportunity {id}"))
    }

    pub(super) async fn opportunities(&self, filter: &Filter) -> Result<Vec<Row>, String> {
        let found = self.salesforce.select("Opportunity", self.map.select(), filter).await;
        found.map_err(|error| format!("salesforce: {error}"))
    }

    /// The referral as it is.
    pub(super) async fn referral(&self, id: &ReferralId) -> Result<Referral, String> {
        let found = self.partner_center.referral(id).await;
        let found = found.map_err(|error| format!("partner center: {error}"))?;
        found.ok_or_else(|| format!("there is no referral {id}"))
    }

    /// Changes a referral as a person in Partner Center does; anew when somebody else was faster.
    pub(super) async fn partner_changes(
        &self,
        id: &ReferralId,
        changes: &[(&str, Value)],
    ) -> Result<(), String> {
        let ops: Vec<PatchOp> = changes
            .iter()
            .map(|(path, value)| PatchOp { path: (*path).to_owned(), value: value.to_string() })
            .collect();
        for _ in 0..5 {
            let now = self.referral(id).await?;
            match self.partner_center.patch(id, &ops, now.etag.as_ref()).await {
                Ok(_) => return Ok(()),
                Err(connect::Error::Changed) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(format!("partner center: {error}")),
            }
        }
        Err("partner center: the referral is changed again and again by somebody else".to_owned())
    }

    /// Referrals of which this is true, the newest first; other parties' halves are left out.
    pub(super) async fn referrals(
        &self,
        mut wanted: impl FnMut(&Value) -> bool,
    ) -> Result<Vec<(Referral, Value)>, String> {
        let mut list = List { filter: None, order: Order::CreatedDescending, token: None };
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let page = self.partner_center.list(&list).await;
            let page = page.map_err(|error| format!("partner center: {error}"))?;
            for referral in page.records {
                let ours = referral.organization_id.as_deref() != Some("msft");
                let body: Value = serde_json::from_str(&referral.body).unwrap_or_default();
                if ours && wanted(&body) {
                    found.push((referral, body));
                }
            }
            match page.next {
                Some(next) => list.token = Some(next),
                None => break,
            }
        }
        Ok(found)
    }

    /// The solution that deals of the story name: the one that was said, else one that a referral names.
    pub(super) async fn solution(&self) -> Result<Sold, String> {
        if let Some(solution) = &self.solution {
            return Ok(self.sold(solution.clone(), None).await);
        }
        let mut first = None;
        let named = |referral: &Value| {
            let all = referral.pointer("/details/requirements/solutions");
            let one = all.and_then(|all| all.as_array()?.first().cloned());
            first = first.take().or(one.filter(|one| one["id"].is_string()));
            false
        };
        self.referrals(named).await?;
        let of = |name: &str| first.as_ref()?[name].as_str().map(str::to_owned);
        // A sandbox on this machine takes the demo's too.
        let known = of("id").or_else(|| self.local.then(|| "SOL-20417-TWA".to_owned()));
        match known {
            Some(id) => Ok(self.sold(id, of("name")).await),
            None => Err("no referral names a solution yet; say one with --solution ID".to_owned()),
        }
    }

    /// A solution as it is called where it is known, else by its id: the catalogue keeps what referrals call it.
    async fn sold(&self, id: String, name: Option<String>) -> Sold {
        let mut kept = None;
        if let Ok(store) = SqliteStore::open(&self.store, Role::Visitor) {
            let all = store.solutions().await.unwrap_or_default();
            kept = all.into_iter().find(|one| one.id == id).map(|one| one.name);
        }
        let mut names = [kept, name].into_iter().flatten();
        let name = names.find(|name| !name.is_empty()).unwrap_or_else(|| id.clone());
        Sold { id, name }
    }

    /// The user who owns the rep's deal: the one that was said, else the sync user, else another one. Partner Center
    /// wants a whole name of whoever is in a deal's team.
    pub(super) async fn owner(&self) -> Result<RecordId, String> {
        if let Some(owner) = &self.owner {
            return RecordId::parse(owner).map_err(|error| format!("--owner: {error}"));
        }
        let own =
            self.salesforce.identity().await.map_err(|error| format!("salesforce: {error}"))?;
        let whole = "IsActive = true AND FirstName != null AND Email != null";
        for condition in [format!("Id = '{own}' AND {whole}"), whole.to_owned()] {
            let soql =
                format!("SELECT Id FROM User WHERE {condition} ORDER BY CreatedDate LIMIT 1");
            let rows = self.salesforce.query(&soql).await;
            let rows = rows.map_err(|error| format!("salesforce: {error}"))?;
            let row: Option<Value> = rows.first().and_then(|row| serde_json::from_str(row).ok());
            let id = row.as_ref().and_then(|row| row["Id"].as_str());
            if let Some(id) = id.and_then(|id| RecordId::parse(id).ok()) {
                return Ok(id);
            }
        }
        Err("no user has a first name and an address; name one with --owner ID".to_owned())
    }

    /// Whether the service has something to do.
    pub(super) async fn works(&self) -> bool {
        let status = runner::ask::status(self.listen, Some(&self.environment)).await;
        let busy = |name: &str| {
            status
                .as_ref()
                .is_some_and(|status| status[name].as_u64().is_some_and(|count| count > 0))
        };
        busy("dirty") || busy("open_intents")
    }

    /// A member of a deal's team: the user who owns the rep's deal.
    pub(super) async fn member(&self) -> Result<Value, String> {
        let owner = self.owner().await?;
        let soql = format!("SELECT FirstName, LastName, Email FROM User WHERE Id = '{owner}'");
        let rows = self.salesforce.query(&soql).await;
        let rows = rows.map_err(|error| format!("salesforce: {error}"))?;
        let row: Option<Value> = rows.first().and_then(|row| serde_json::from_str(row).ok());
        let row = row.ok_or("the owner of the rep's deal cannot be read")?;
        Ok(
            json!({ "firstName": row["FirstName"], "lastName": row["LastName"], "email": row["Email"] }),
        )
    }

    /// Why the service does not go on with a deal, when it said so.
    pub(super) async fn parked(&self, id: &str) -> Option<String> {
        let status = runner::ask::status(self.listen, Some(&self.environment)).await?;
        let mut deals = status["parked"].as_array()?.iter();
        let ours = deals.find(|deal| deal["record"] == id || deal["referral"] == id)?;
        let cause = ours["causes"].as_array()?.first()?;
        let of = |name: &str| cause[name].as_str().unwrap_or_default();
        let line = cause["map_line"].as_u64();
        let line = line.map_or_else(String::new, |line| format!(" ({}:{line})", of("map")));
        Some(format!("the service parked it: {}{line}", of("message")))
    }

    /// Asks again and again until `look` gives something, or the service says that it cannot go on with the deal.
    pub(super) async fn wait_for<T>(
        &self,
        id: &str,
        mut look: impl AsyncFnMut() -> Result<Option<T>, String>,
    ) -> Result<T, String> {
        let mut stopped = None;
        let found = self.wait(async || {
            if let Some(found) = look().await? {
                return Ok(Some(Ok(found)));
            }
            // Twice in a row: a deal may be parked for a moment while it is being made.
            let why = self.parked(id).await;
            if why.is_some() && stopped == why {
                return Ok(why.map(Err));
            }
            stopped = why;
            Ok(None)
        });
        found.await?
    }

    /// Asks again and again until `look` gives something.
    pub(super) async fn wait<T>(
        &self,
        mut look: impl AsyncFnMut() -> Result<Option<T>, String>,
    ) -> Result<T, String> {
        let began = Instant::now();
        loop {
            match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) | Err(_) if began.elapsed() < PATIENCE => {}
                Ok(None) => return Err(format!("it did not come within {} s", PATIENCE.as_secs())),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What of a deal is not in step: nothing, when a fresh look at both records would write nothing.
    pub(super) async fn out_of_step(
        &self,
        referral: &ReferralId,
        opportunity: &RecordId,
    ) -> Result<Vec<String>, String> {
        let (left, right) = (self.referral(referral).await?, self.opportunity(opportunity).await?);
        let base = Base::default();
        let input = Input {
            left: Some(Seen { body: &left.body, stamp: None }),
            right: Some(Seen { body: &right.body, stamp: None }),
            base: &base,
            now: Timestamp::UNIX_EPOCH,
        };
        let decision = self.map.plan().reconcile(&input).map_err(|fault| fault.to_string())?;
        let mut found: Vec<String> = decision.parked.iter().map(ToString::to_string).collect();
        if decision.writes() {
            let lines = decision.lines.iter().filter(|line| line.written.is_some());
            found.extend(lines.map(|line| format!("{} is not in step", line.rule)));
        }
        Ok(found)
    }

    /// The account of the story's customer.
    pub(super) fn account(&self) -> Value {
        json!({
            "Name": self.mark, "BillingStreet": "3 Flour Lane", "BillingCity": "Leeds", "BillingState": null,
            "BillingPostalCode": "LS1 1AA", "BillingCountry": "GB"
        })
    }
}
