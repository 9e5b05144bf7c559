//! Reads and changes records in Salesforce.
//!
//! In: object and field names, filters, record ids, ready JSON text. Out: records as raw JSON text, or
//! an [`Error`] sorted by Salesforce's own error code. Links in answers are followed only as paths
//! on our own host. It knows no field beyond `Id` and the marks of the last change.

mod composite;
mod describe;
pub mod events;
mod fault;
mod row;
mod several;
mod soql;
mod words;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{OnceCell, watch};

pub use composite::{Method, Sub, SubAnswer};
pub use row::{MASTER, Row, behind};
pub use several::Ask;
pub use soql::{ChildSelect, Equality, Filter, Literal, Select, stamp_of};

use crate::egress::Destinations;
use crate::error::Error;
use crate::gate::{Gate, Pace, WireState};
use crate::ids::RecordId;
use crate::members::Members;
use crate::moment;
use crate::secret::Secret;
pub use crate::send::origin;
use crate::send::{Answer, Base, Body, Request, Timeouts, Verb, Wire, encode};
use crate::token::{Assertion, Door, Grant, Rotating, Session, Vault};

/// The longest address Salesforce takes is 16,384 bytes together with the headers.
const LONGEST_ADDRESS: usize = 12_000;

/// The most pages of one query that are read.
const MOST_PAGES: usize = 500;

/// Where the records of an org may be, beside its own sign-in address: anywhere below My Domain for the two
/// addresses that sign in to any org.
pub fn instances(login: &str) -> Vec<String> {
    let any = ["https://login.salesforce.com", "https://test.salesforce.com"];
    let is_any = origin(login).is_some_and(|login| any.contains(&login.as_str()));
    if is_any { vec!["https://*.my.salesforce.com".to_owned()] } else { Vec::new() }
}

/// How to sign in.
#[derive(Debug, Clone)]
pub enum Auth {
    /// As the app's own user (OAuth client credentials).
    ClientCredentials {
        /// The consumer key.
        client_id: String,
        /// The consumer secret.
        client_secret: Secret,
    },
    /// As a user who let the app in beforehand, by an assertion that the app signs (OAuth JWT bearer).
    Jwt {
        /// The consumer key.
        client_id: String,
        /// The user's name.
        username: String,
        /// The app's RSA key in PEM form; Salesforce has its certificate.
        private_key_pem: Secret,
    },
    /// As a user who signed in once (OAuth refresh token).
    Refresh {
        /// The consumer key.
        client_id: String,
        /// The consumer secret, where the app has one.
        client_secret: Option<Secret>,
        /// The refresh token that was kept.
        refresh_token: Secret,
    },
}

impl Auth {
    /// The refresh token, where there is one, is also given on its own.
    fn grant(self, login: &str) -> Result<(Grant, Option<Arc<Rotating>>), Error> {
        let mut rotating = None;
        let grant = match self {
            Auth::ClientCredentials { client_id, client_secret } => {
                Grant::ClientCredentials { client_id, client_secret }
            }
            Auth::Jwt { client_id, username, private_key_pem } => {
                let audience = login.trim_end_matches('/');
                let assertion = Assertion::new(&private_key_pem, &client_id, &username, audience)?;
                Grant::Assertion(Box::new(assertion))
            }
            Auth::Refresh { client_id, client_secret, refresh_token } => {
                let refresh = Arc::new(Rotating::new(refresh_token));
                rotating = Some(refresh.clone());
                Grant::Refresh { client_id, client_secret, refresh, resource: None }
            }
        };
        Ok((grant, rotating))
    }
}

/// Where Salesforce is, and how to sign in. Plain http only on this machine or for hosts of one word.
#[derive(Debug, Clone)]
pub struct SalesforceConfig {
    /// Where tokens come from: the My Domain address `https://example.my.salesforce.com`.
    pub login: String,
    /// Where the data is; `None` takes the address that the sign-in answers.
    pub instance: Option<String>,
    /// How to sign in.
    pub auth: Auth,
    /// The version of the API, such as `v66.0`.
    pub api_version: String,
    /// The name by which changes of ours are known in change events, such as `cosell`.
    pub client: String,
    /// How long requests may take.
    pub timeouts: Timeouts,
}

/// What became of an upsert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upserted {
    /// The record that was created or changed.
    pub id: RecordId,
    /// It was created.
    pub created: bool,
}

/// The user that a client is signed in as.
#[derive(Debug, Clone)]
struct Who {
    user: RecordId,
    organization: RecordId,
    name: Option<String>,
}

/// A client for one org. Cheap to share behind an `Arc`; all methods take `&self`.
#[derive(Debug)]
pub struct Salesforce {
    door: Door,
    instance: Option<Base>,
    version: String,
    call_options: String,
    gate: Arc<Gate>,
    refresh: Option<Arc<Rotating>>,
    who: OnceCell<Who>,
}

impl Salesforce {
    /// A client for `config`. Nothing is sent yet. Refuses settings that cannot be used.
    pub fn new(config: SalesforceConfig) -> Result<Self, Error> {
        let login = Base::parse("login", &config.login)?;
        let instance =
            config.instance.as_deref().map(|text| Base::parse("instance", text)).transpose()?;
        let version = config.api_version;
        let digits = version.strip_prefix('v').and_then(|rest| rest.split_once('.'));
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits.is_some_and(|(major, minor)| number(major) && number(minor)) {
            return Err(Error::bad_setting("api_version", "expected a version such as v66.0"));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if config.client.is_empty() || !config.client.bytes().all(plain) {
            let why = "expected a client name of letters, digits, '-' and '_'";
            return Err(Error::bad_setting("client", why));
        }
        let bases: Vec<&Base> = std::iter::once(&login).chain(&instance).collect();
        let wire = Wire::new(config.timeouts, &bases)?;
        let gate = Arc::new(Gate::new("salesforce"));
        for address in instances(&config.login) {
            wire.egress().allow(&address);
        }
        let (grant, refresh) = config.auth.grant(&config.login)?;
        let door =
            Door::new(wire, gate.clone(), &login, "/services/oauth2/token", grant, may_be_expired);
        let call_options = format!("client={}", config.client);
        let who = OnceCell::new();
        Ok(Self { door, instance, version, call_options, gate, refresh, who })
    }

    /// The same client at another pace.
    #[must_use]
    pub fn paced(self, pace: Pace) -> Self {
        self.gate.set(pace);
        self
    }

    /// The same client for an org whose records may also be at these addresses.
    #[must_use]
    pub fn reaching(self, addresses: &[String]) -> Self {
        for address in addresses.iter().filter_map(|address| origin(address)) {
            self.door.egress().allow(&address);
        }
        self
    }

    /// Where requests may go, and went.
    pub fn destinations(&self) -> Destinations {
        self.door.egress().shown()
    }

    /// How the wire stands.
    pub fn wire(&self) -> WireState {
        self.gate.shown()
    }

    /// How long no call is made.
    pub fn rests(&self) -> Option<Duration> {
        self.gate.rests()
    }

    /// The same client, whose refresh token is kept where other programs use it too.
    #[must_use]
    pub fn kept_in(self, vault: Arc<dyn Vault>) -> Self {
        if let Some(refresh) = &self.refresh {
            refresh.keep_in(vault);
        }
        self
    }

    /// Why the refresh token in use is not kept, while that is so; none without such a token.
    pub fn unkept(&self) -> Option<watch::Receiver<Option<String>>> {
        self.refresh.as_ref().map(|refresh| refresh.unkept())
    }

    /// Gets an access token, and whom it is for.
    pub async fn sign_in(&self) -> Result<(), Error> {
        self.door.bearer(None).await?;
        self.who().await.map(drop)
    }

    /// What is known of the sign-in.
    pub fn session(&self) -> Session {
        let principal = self.who.get().and_then(|who| who.name.clone());
        let session = self.door.session();
        Session { principal: principal.or(session.principal), ..session }
    }

    /// Runs a query and returns all its records, over all pages, as raw JSON text.
    pub async fn query(&self, soql: &str) -> Result<Vec<String>, Error> {
        self.ask("query", soql).await
    }

    async fn ask(&self, resource: &str, soql: &str) -> Result<Vec<String>, Error> {
        let path = format!("{}/{resource}?q={}", self.root(), encode(soql));
        if path.len() > LONGEST_ADDRESS {
            let why = "the query is too long for one request; ask for fewer ids or fields";
            return Err(Error::refused("query-too-long", why));
        }
        self.pages(path).await
    }

    /// Reads the records of `object` that match `filter`, with their related lists complete.
    pub async fn select(
        &self,
        object: &str,
        select: &Select,
        filter: &Filter,
    ) -> Result<Vec<Row>, Error> {
        let resource = if select.deleted { "queryAll" } else { "query" };
        let records = self.ask(resource, &soql::build(object, select, filter)?).await?;
        self.rows(records, select).await
    }

    /// The records with their related lists complete.
    async fn rows(&self, records: Vec<String>, select: &Select) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            let body = self.complete(record, &select.children).await?;
            rows.push(Row::from_text(body).ok_or_else(|| no_id("read records"))?);
        }
        Ok(rows)
    }

    /// Changes a record by id: members of the JSON object `body` become the values of its fields.
    /// With `unmodified_since` (whole seconds) only if the record was not changed after it, else
    /// [`Error::Changed`].
    pub async fn update(
        &self,
        object: &str,
        id: &RecordId,
        body: &str,
        unmodified_since: Option<Timestamp>,
    ) -> Result<(), Error> {
        let path = format!("{}/{}", self.root(), composite::row_path(object, id)?);
        let body = Body::Json(json_object(body)?.to_owned());
        let mut request = self.write("update record", Verb::Patch, &path, body).await?;
        if let Some(since) = unmodified_since {
            let date = moment::http_date(since)
                .ok_or_else(|| Error::refused("bad-date", "the date does not fit a header"))?;
            request = request.header("if-unmodified-since", date);
        }
        self.call(request).await.map(drop)
    }

    /// Creates a record. After an error with an unknown outcome, query before trying again.
    pub async fn create(&self, object: &str, body: &str) -> Result<RecordId, Error> {
        let path = format!("{}/{}", self.root(), composite::object_path(object)?);
        let body = Body::Json(json_object(body)?.to_owned());
        let request = self.write("create record", Verb::Post, &path, body).await?;
        let answer = self.call(request).await?;
        row::written(answer.text()?).ok_or_else(|| answer.unreadable("holds no record id"))
    }

    /// Creates a record, or changes the one whose external-id field `field` equals `value`. The
    /// field must not be in `body`. Safe to repeat. Refused with `MULTIPLE_CHOICES` when several
    /// records have the value.
    pub async fn upsert(
        &self,
        object: &str,
        field: &str,
        value: &str,
        body: &str,
    ) -> Result<Upserted, Error> {
        let path = format!("{}/{}", self.root(), composite::external_path(object, field, value)?);
        let body = Body::Json(json_object(body)?.to_owned());
        let request = self.write("upsert record", Verb::Patch, &path, body).await?;
        let answer = self.call(request).await.map_err(|error| composite::about(error, field))?;
        let id = row::written(answer.text()?);
        let id = id.ok_or_else(|| answer.unreadable("holds no record id"))?;
        Ok(Upserted { id, created: answer.status == 201 })
    }

    /// Sends up to 25 requests in one, in their order. With `all_or_none` nothing is kept unless all
    /// succeed, and the first real failure becomes the error of the call. Without it, each failure
    /// stands in its answer.
    pub async fn composite(
        &self,
        subs: &[Sub],
        all_or_none: bool,
    ) -> Result<Vec<SubAnswer>, Error> {
        let root = self.root();
        let body = Body::Json(composite::body(&root, subs, all_or_none)?);
        let path = format!("{root}/composite");
        let request = self.write("composite", Verb::Post, &path, body).await?;
        let answer = self.call(request).await?;
        composite::read(&answer, subs, all_or_none)
    }

    /// How much of the daily request limit was used up and how much there is, as of the last answer.
    pub fn usage(&self) -> Option<(u64, u64)> {
        self.gate.of_day()
    }

    /// The id of the user this client is signed in as.
    pub async fn identity(&self) -> Result<RecordId, Error> {
        self.who().await.map(|who| who.user.clone())
    }

    /// Who is signed in, asked for once.
    async fn who(&self) -> Result<&Who, Error> {
        let ask = async || {
            let request = self.get("read identity", "/services/oauth2/userinfo").await?;
            let answer = self.call(request).await?;
            let members = Members::of(answer.text()?);
            let text = |name: &str| members.as_ref()?.text(name);
            let id = |name: &str| {
                let found = text(name).and_then(|id| RecordId::parse(&id).ok());
                found.ok_or_else(|| answer.unreadable(&format!("holds no {name}")))
            };
            Ok(Who {
                user: id("user_id")?,
                organization: id("organization_id")?,
                name: text("preferred_username"),
            })
        };
        self.who.get_or_try_init(ask).await
    }

    fn root(&self) -> String {
        format!("/services/data/{}", self.version)
    }

    /// Reads page after page from `path` on.
    async fn pages(&self, path: String) -> Result<Vec<String>, Error> {
        let mut records = Vec::new();
        let mut next = Some(path);
        for _ in 0..MOST_PAGES {
            let Some(path) = next.take() else { return Ok(records) };
            let request = self.get("read records", &path).await?;
            let answer = self.call(request).await?;
            let page = row::page(answer.text()?)
                .ok_or_else(|| answer.unreadable("is no page of records"))?;
            records.extend(page.records);
            next = page.next;
        }
        Err(Error::refused("too-many-records", "the query has too many pages; narrow it"))
    }

    /// Fills up related lists that did not fit into the first page.
    async fn complete(&self, record: String, children: &[ChildSelect]) -> Result<String, Error> {
        let mut value: Option<Value> = None;
        for child in children {
            let Some(path) = row::rest_of(&record, &child.relationship) else { continue };
            let more = self.pages(path).await?;
            let filled = value.take().or_else(|| serde_json::from_str(&record).ok());
            value = filled.and_then(|record| row::append(record, &child.relationship, &more));
            if value.is_none() {
                return Err(no_id("read records"));
            }
        }
        Ok(value.map_or(record, |value| value.to_string()))
    }

    async fn get(&self, what: &'static str, path: &str) -> Result<Request, Error> {
        let request = Request::get(what, self.base().await?.at(path));
        Ok(request.header("sforce-call-options", self.call_options.clone()))
    }

    async fn write(
        &self,
        what: &'static str,
        verb: Verb,
        path: &str,
        body: Body,
    ) -> Result<Request, Error> {
        let request = Request::write(what, verb, self.base().await?.at(path), body);
        Ok(request.header("sforce-call-options", self.call_options.clone()))
    }

    async fn base(&self) -> Result<Base, Error> {
        if let Some(base) = &self.instance {
            return Ok(base.clone());
        }
        let bearer = self.door.bearer(None).await?;
        Base::parse("instance", bearer.instance.as_deref().unwrap_or_default())
    }

    async fn call(&self, request: Request) -> Result<Answer, Error> {
        let answer = self.door.send(request).await?;
        if let Some(usage) = answer.header("sforce-limit-info").and_then(usage) {
            self.gate.used_of_day(usage.0, usage.1);
        }
        if answer.is_success() {
            return Ok(answer);
        }
        if answer.status == 300 {
            let why = format!("{}: several records have this value", answer.what);
            return Err(Error::refused("MULTIPLE_CHOICES", why));
        }
        let refusal = fault::Refusal {
            what: answer.what,
            status: answer.status,
            body: &answer.body,
            retry_after: answer.retry_after,
            in_doubt: answer.wrote,
        };
        let error = refusal.classify();
        self.gate.heed(answer.status, answer.retry_after, &error);
        Err(error)
    }
}

/// Two texts of a 401 mean that a new token would not help.
fn may_be_expired(answer: &Answer) -> bool {
    let text = String::from_utf8_lossy(&answer.body);
    !["Connected app is not attached to Agent", "not valid for use with the REST API"]
        .iter()
        .any(|hopeless| text.contains(hopeless))
}

/// Reads `api-usage=18/15000; …`.
fn usage(header: &str) -> Option<(u64, u64)> {
    let part = header.split([';', ',']).find_map(|part| part.trim().strip_prefix("api-usage="))?;
    let (used, most) = part.split_once('/')?;
    Some((used.trim().parse().ok()?, most.trim().parse().ok()?))
}

/// The text, when it is one complete JSON object.
fn json_object(text: &str) -> Result<&str, Error> {
    let complete = serde_json::from_str::<&RawValue>(text).is_ok();
    if complete && text.trim_start().starts_with('{') {
        return Ok(text);
    }
    Err(Error::refused("bad-json", "expected the text of a json object"))
}

fn no_id(what: &str) -> Error {
    Error::later(None, format!("{what}: a record in the answer has no id"))
}

#[cfg(test)]
mod tests;
