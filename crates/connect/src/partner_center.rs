//! Reads and changes referrals in Partner Center.
//!
//! In: referral ids, ready JSON text, list positions. Out: referrals as raw JSON text with their
//! envelope, or an [`Error`]. Addresses are built from the settings only; a link found in an answer
//! is never called. It knows no field of a referral beyond the envelope.

mod fault;
mod referral;

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::watch;

pub use referral::{Page, Referral};

use crate::egress::Destinations;
use crate::error::Error;
use crate::gate::{Gate, Pace, WireState};
use crate::ids::{ETag, ReferralId};
use crate::redact;
use crate::secret::Secret;
use crate::send::{Answer, Base, Body, Request, Timeouts, Verb, Wire, call_id, encode};
use crate::token::{Door, Grant, Rotating, Session, Vault};
use fault::Reach;

/// The audience of tokens for referrals.
const REFERRALS_AUDIENCE: &str = "https://api.partner.microsoft.com";

/// The audience of tokens for webhook registrations.
const WEBHOOKS_AUDIENCE: &str = "https://api.partnercenter.microsoft.com";

/// How long to wait after too many calls when the answer does not say.
const UNSAID_WAIT: Duration = Duration::from_secs(5);

/// The path of the referrals below the API's address.
const REFERRALS: &str = "/v1.0/engagements/referrals";

/// Where Partner Center is, and how to sign in. Addresses are `https://host[:port]` without a path;
/// plain http only on this machine or for hosts of one word.
#[derive(Debug, Clone)]
pub struct PartnerCenterConfig {
    /// The referrals API, in production `https://api.partner.microsoft.com`.
    pub api: String,
    /// The webhook registrations, in production `https://api.partnercenter.microsoft.com`.
    pub webhooks: String,
    /// The sign-in service, in production `https://login.microsoftonline.com`.
    pub login: String,
    /// The directory of the partner: a GUID or a domain name.
    pub tenant: String,
    /// The id of the registered app.
    pub client_id: String,
    /// The app's secret, when it has one.
    pub client_secret: Option<Secret>,
    /// What the person got who signed in once, with a second factor.
    pub refresh_token: Secret,
    /// How long requests may take.
    pub timeouts: Timeouts,
}

/// A client for one partner account. Cheap to share behind an `Arc`; all methods take `&self`.
#[derive(Debug)]
pub struct PartnerCenter {
    api: Base,
    pub(crate) webhooks: Base,
    referrals_door: Door,
    pub(crate) webhooks_door: Door,
    refresh: Arc<Rotating>,
    given: Secret,
    gate: Arc<Gate>,
}

/// One change of a referral: the member at `path` (a JSON pointer; at the end `/-` to append to a
/// list) becomes `value` (JSON text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchOp {
    /// A JSON pointer such as `/details/dealValue`.
    pub path: String,
    /// JSON text such as `"CHF"` with its quotes, `125000.10` or `null`.
    pub value: String,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Last changed first: the order of a sweep that stops at its watermark.
    UpdatedDescending,
    /// Longest unchanged first.
    UpdatedAscending,
    /// Newest first: the order in which the outcome of a create is looked for.
    CreatedDescending,
    /// Oldest first.
    CreatedAscending,
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// An `OData` filter such as `engagementId eq '…'`, not encoded.
    pub filter: Option<String>,
    /// The order of the records.
    pub order: Order,
    /// The place to go on from: `next` of the page before.
    pub token: Option<String>,
}

impl PartnerCenter {
    /// A client for `config`. Nothing is sent yet. Refuses addresses that cannot be used.
    pub fn new(config: PartnerCenterConfig) -> Result<Self, Error> {
        let api = Base::parse("api", &config.api)?;
        let webhooks = Base::parse("webhooks", &config.webhooks)?;
        let login = Base::parse("login", &config.login)?;
        let wire = Wire::new(config.timeouts, &[&api, &webhooks, &login])?;
        let refresh = Arc::new(Rotating::new(config.refresh_token.clone()));
        let gate = Arc::new(Gate::new("partner center"));
        let path = format!("/{}/oauth2/token", encode(&config.tenant));
        let door = |resource| {
            let grant = Grant::Refresh {
                client_id: config.client_id.clone(),
                client_secret: config.client_secret.clone(),
                refresh: refresh.clone(),
                resource: Some(resource),
            };
            Door::new(wire.clone(), gate.clone(), &login, &path, grant, |_| true)
        };
        let (referrals_door, webhooks_door) = (door(REFERRALS_AUDIENCE), door(WEBHOOKS_AUDIENCE));
        let given = config.refresh_token;
        Ok(Self { api, webhooks, referrals_door, webhooks_door, refresh, given, gate })
    }

    /// The refresh token in use, when it is no longer the one this client was made with: keep it,
    /// the old one may stop working.
    pub fn refresh_token_changed(&self) -> Option<Secret> {
        let current = self.refresh.current();
        (current != self.given).then_some(current)
    }

    /// The same client at another pace.
    #[must_use]
    pub fn paced(self, pace: Pace) -> Self {
        self.gate.set(pace);
        self
    }

    /// Where requests may go, and went.
    pub fn destinations(&self) -> Destinations {
        self.referrals_door.egress().shown()
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
        self.refresh.keep_in(vault);
        self
    }

    /// Why the refresh token in use is not kept, while that is so: without it the next start cannot sign in.
    pub fn unkept(&self) -> watch::Receiver<Option<String>> {
        self.refresh.unkept()
    }

    /// What is known of the sign-ins: for referrals, for the webhook's registration.
    pub fn sessions(&self) -> [Session; 2] {
        [self.referrals_door.session(), self.webhooks_door.session()]
    }

    /// Gets an access token for the webhook's registration without asking for it.
    pub async fn sign_in_for_webhooks(&self) -> Result<(), Error> {
        self.webhooks_door.bearer(None).await.map(drop)
    }

    /// Gets an access token for referrals without asking for any record: proves that signing in
    /// works.
    pub async fn sign_in(&self) -> Result<(), Error> {
        self.referrals_door.bearer(None).await.map(drop)
    }

    /// Reads one referral. `None` when Partner Center says that there is none for this user, which
    /// is lost permission as often as a deletion.
    pub async fn referral(&self, id: &ReferralId) -> Result<Option<Referral>, Error> {
        let request = Request::get("read referral", self.address(id));
        match self.call(request, Reach::One).await {
            Ok(answer) => Referral::from_answer(&answer).map(Some),
            Err(Error::Gone { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a referral from JSON text. After an error with an unknown outcome, list by creation
    /// time before trying again: creating twice makes two.
    pub async fn create(&self, body: &str) -> Result<Referral, Error> {
        let (url, body) = (self.api.at(REFERRALS), Body::Json(json(body)?.to_owned()));
        let request = Request::write("create referral", Verb::Post, url, body);
        let answer = self.call(request, Reach::All).await?;
        Referral::from_answer(&answer)
    }

    /// Changes parts of a referral, only if it still has the version `etag` when one is given, and
    /// returns it as it is afterwards. [`Error::Changed`] when it has another version.
    pub async fn patch(
        &self,
        id: &ReferralId,
        operations: &[PatchOp],
        etag: Option<&ETag>,
    ) -> Result<Referral, Error> {
        let body = Body::Json(patch_body(operations)?);
        let mut request = Request::write("change referral", Verb::Patch, self.address(id), body)
            .header("prefer", "return=representation");
        if let Some(etag) = etag {
            request = request.header("if-match", etag.as_str());
        }
        let answer = self.call(request, Reach::One).await?;
        if answer.body.iter().any(|byte| !byte.is_ascii_whitespace()) {
            return Referral::from_answer(&answer);
        }
        match self.referral(id).await {
            Ok(Some(referral)) => Ok(referral),
            Ok(None) => Err(Error::Gone { why: "no such referral".to_owned() }.after_write()),
            Err(error) => Err(error.after_write()),
        }
    }

    /// Reads one page of referrals, of the service's own size. The link to the next page is never followed; only its position
    /// is taken, into [`Page::next`].
    pub async fn list(&self, list: &List) -> Result<Page, Error> {
        let order = match list.order {
            Order::UpdatedDescending => "updatedDateTime desc",
            Order::UpdatedAscending => "updatedDateTime asc",
            Order::CreatedDescending => "createdDateTime desc",
            Order::CreatedAscending => "createdDateTime asc",
        };
        // No `$top`: it may bound the whole list, not its pages.
        let mut query = format!("?$orderby={}", encode(order));
        for (name, value) in [("$filter", &list.filter), ("$skiptoken", &list.token)] {
            if let Some(value) = value {
                query = format!("{query}&{name}={}", encode(value));
            }
        }
        let url = format!("{}{query}", self.api.at(REFERRALS));
        let answer = self.call(Request::get("list referrals", url), Reach::All).await?;
        Page::from_answer(&answer)
    }

    fn address(&self, id: &ReferralId) -> String {
        self.api.at(&format!("{REFERRALS}/{id}"))
    }

    async fn call(&self, request: Request, reach: Reach) -> Result<Answer, Error> {
        let request = request.header("client-request-id", call_id());
        self.accepted(self.referrals_door.send(request).await?, reach)
    }

    /// Sends one request to the webhook registrations.
    pub(crate) async fn call_webhooks(&self, request: Request) -> Result<Answer, Error> {
        let request = request.header("ms-correlationid", call_id());
        self.accepted(self.webhooks_door.send(request).await?, Reach::All)
    }

    fn accepted(&self, answer: Answer, reach: Reach) -> Result<Answer, Error> {
        if answer.is_success() {
            return Ok(answer);
        }
        let error = fault::classify(&answer, reach);
        // A 429 may say it in words, or not at all.
        let said = if answer.status == 429
            && let Error::Later { after, .. } = &error
        {
            Some(after.unwrap_or(UNSAID_WAIT))
        } else {
            answer.retry_after
        };
        self.gate.heed(answer.status, said, &error);
        Err(error)
    }
}

/// The text, when it is one complete JSON value.
fn json(text: &str) -> Result<&str, Error> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(_) => Ok(text),
        Err(failure) => {
            let why = format!(
                "expected json text, found an error at line {} column {}",
                failure.line(),
                failure.column()
            );
            Err(Error::refused("bad-json", why))
        }
    }
}

/// The JSON Patch document: `add` for a path that ends in `/-`, else `replace`, which is all that
/// Partner Center takes.
fn patch_body(operations: &[PatchOp]) -> Result<String, Error> {
    let mut parts = Vec::new();
    for PatchOp { path, value } in operations {
        if !path.starts_with('/') || redact::name(path).is_none() {
            return Err(Error::refused(
                "bad-path",
                "expected a json pointer such as /details/notes",
            ));
        }
        let verb = if path.ends_with("/-") { "add" } else { "replace" };
        let value = json(value)?;
        parts.push(format!(r#"{{"op":"{verb}","path":"{path}","value":{value}}}"#));
    }
    if parts.is_empty() {
        return Err(Error::refused("nothing-to-do", "expected at least one change, found none"));
    }
    Ok(format!("[{}]", parts.join(",")))
}

#[cfg(test)]
mod tests;
