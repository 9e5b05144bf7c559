//! Partner Center. In come calls to its two hosts; out go their answers, and news of changes into the
//! outbox. It must not know Salesforce.

mod actors;
mod asked;
mod auth;
mod create;
mod disorder;
mod events;
mod filter;
mod headers;
mod lifetime;
mod limits;
mod list;
mod oauth;
mod patch;
mod people;
mod referral;
mod refusal;
mod registration;
mod rules;
mod shape;
mod states;
mod switches;
mod webhook;

use std::sync::Arc;

use serde_json::{Value, json};

pub use self::switches::Switch;
pub(crate) use self::{
    actors::order,
    auth::{expire, expire_all},
    events::registration,
    lifetime::live,
    referral::show,
    refusal::{Done, Stop},
    webhook::note,
};
use self::{
    auth::{Audience, Grant},
    people::Person,
    refusal::{invalid, no_address, not_found, unavailable, wrong_method},
};
use crate::{
    Config,
    call::{Answer, Call, Method, Reply},
    clock,
    database::StoreError,
    sign,
    store::{End, Store, Tx},
    undo::Lag,
};

/// Which texts leave HTML-escaped (`&` as `&amp;`), as the real service does here and there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HtmlEscape {
    /// None.
    Off,
    /// The names of deal and customer.
    #[default]
    Names,
    /// All texts that people wrote.
    AllText,
}

/// What stays the same for the life of the sandbox.
#[derive(Debug, Clone)]
pub(crate) struct PartnerHome {
    /// Scheme, host and port of the API, without a slash at the end.
    pub(crate) base: String,
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// How long a device waits between two polls, in seconds.
    pub(crate) poll_seconds: i64,
    /// The partner's location.
    pub(crate) mpn_id: String,
    /// How long an access token lives, in seconds.
    pub(crate) token_seconds: i64,
    pub(crate) html_escape: HtmlEscape,
    switches: switches::Board,
    limits: limits::Limits,
    organization_id: String,
}

impl PartnerHome {
    /// The partner's id and name.
    pub(crate) fn organization(&self) -> (&str, &str) {
        (&self.organization_id, "Sandbox Software GmbH")
    }

    /// Whether the less strict thing is wanted.
    fn has(&self, switch: Switch) -> bool {
        self.switches.has(switch)
    }
}

/// Tokens made at the first start.
#[derive(Debug, Clone)]
pub(crate) struct PartnerGrants {
    /// A long-lived access token of a person, good for both hosts.
    pub(crate) access: String,
    /// The service's refresh token.
    pub(crate) refresh: String,
}

/// The user behind the service's refresh token, as counts call it.
pub(crate) const SERVICE: &str = "cosell";
/// The user behind the ready access token.
const PERSON: &str = "partner";
const KEPT: (&str, &str) = ("meta", "partner-center");

/// Makes ids and tokens the first time; answers them.
pub(crate) fn prepare(
    tx: &Tx<'_>,
    base: &str,
    token_seconds: i64,
    config: &Config,
) -> Result<(PartnerHome, PartnerGrants), StoreError> {
    let kept = tx.doc(KEPT.0, KEPT.1)?;
    let text = |name: &str| {
        let kept = kept.as_ref().and_then(|kept| kept.get(name)?.as_str());
        kept.map(str::to_owned)
    };
    let home = PartnerHome {
        base: base.to_owned(),
        tenant: text("tenant").unwrap_or_else(sign::guid),
        client_id: text("client_id").unwrap_or_else(sign::guid),
        client_secret: text("client_secret").unwrap_or_else(sign::token),
        poll_seconds: i64::try_from(config.device_poll.as_secs()).unwrap_or(i64::MAX / 2000),
        organization_id: text("organization").unwrap_or_else(sign::guid),
        mpn_id: "9000017".to_owned(),
        token_seconds,
        html_escape: config.html_escape,
        switches: switches::Board::prepare(tx, &config.partner_center)?,
        limits: limits::Limits::prepare(tx)?,
    };
    lifetime::prepare(tx)?;
    let kept_grants = text("access").zip(text("refresh"));
    let grants = match kept_grants {
        Some((access, refresh)) => PartnerGrants { access, refresh },
        None => grants(&home, tx)?,
    };
    let kept = json!({
        "tenant": home.tenant,
        "client_id": home.client_id,
        "client_secret": home.client_secret,
        "organization": home.organization_id,
        "access": grants.access,
        "refresh": grants.refresh,
    });
    tx.put_doc(KEPT.0, KEPT.1, &kept)?;
    Ok((home, grants))
}

/// The tokens of the ready file.
fn grants(home: &PartnerHome, tx: &Tx<'_>) -> Result<PartnerGrants, StoreError> {
    let person = Person::sure(PERSON);
    let grant = Grant { person: &person, audience: None, expires: None, is_confidential: false };
    Ok(PartnerGrants {
        access: auth::grant_access(home, tx, &grant)?,
        refresh: auth::grant_refresh(tx, &Person::sure(SERVICE))?,
    })
}

/// Forgets referrals, webhooks and tests; the registration only when `with_registration`.
pub(crate) fn reset(tx: &Tx<'_>, with_registration: bool) -> Result<(), StoreError> {
    tx.drop_referrals()?;
    webhook::forget_tests(tx)?;
    disorder::end(tx)?;
    if with_registration {
        events::unregister(tx)?;
    }
    Ok(())
}

/// Makes a referral as Microsoft does.
pub(crate) fn arrive(home: &PartnerHome, tx: &Tx<'_>, given: &Value) -> Done<Value> {
    if !given.is_object() {
        return Err(invalid("body", "invalidBody", "The body must be a JSON object."));
    }
    create::by_microsoft(home, tx, given)
}

/// Changes a referral as Microsoft or a person at the portal does.
pub(crate) fn alter(home: &PartnerHome, tx: &Tx<'_>, id: &str, patch: &Value) -> Done<Value> {
    patch::by_merge(home, tx, &id.to_lowercase(), patch)
}

/// One referral, as it is kept.
pub(crate) fn find(tx: &Tx<'_>, id: &str) -> Done<Value> {
    tx.referral(&id.to_lowercase())?.ok_or_else(not_found)
}

/// One page of referrals.
pub(crate) fn list(home: &PartnerHome, tx: &Tx<'_>, call: &Call) -> Done<Answer> {
    list::page(home, tx, call, None)
}

/// Both hosts.
#[derive(Debug, Clone)]
pub(crate) struct PartnerCenter {
    pub(crate) home: PartnerHome,
    pub(crate) store: Arc<Store>,
}

/// Which server answered, in the form of such a header.
const DIAGNOSTIC: &str = r#"{"ServerInfo":{"DataCenter":"Sandbox","RoleInstance":"SANDBOX_1"}}"#;

type Routed = (Done<Answer>, Option<String>);

impl PartnerCenter {
    /// The same hosts as a copy that lags behind shows them.
    pub(crate) fn lagging(&self, lag: Lag) -> Self {
        Self { home: self.home.clone(), store: Arc::new(self.store.before(lag)) }
    }

    /// Answers a call to the API host, where the token endpoint is too.
    pub(crate) fn answer(&self, call: &Call) -> Reply {
        if oauth::is_here(&call.parts()) {
            return self.sign_in(call);
        }
        let mut reply = self.run(&|tx| self.route(tx, call));
        reply.answer = reply
            .answer
            .with("request-id", sign::guid())
            .with("x-ms-ags-diagnostic", DIAGNOSTIC)
            .with("timestamp", clock::partner_center(self.store.clock.now_ticks()));
        for (given, name) in
            [("client-request-id", "client-request-id"), ("ms-correlationid", "MS-CorrelationId")]
        {
            if let Some(id) = call.header(given) {
                reply.answer = reply.answer.with(name, id);
            }
        }
        reply
    }

    /// Answers a call to the directory, which keeps what refused calls did too.
    fn sign_in(&self, call: &Call) -> Reply {
        let done = self
            .store
            .transaction::<_, StoreError>(|tx| Ok(End::Keep(oauth::answer(&self.home, tx, call)?)));
        Reply { answer: done.unwrap_or_else(|_| unavailable()), user: None }
    }

    /// Answers a call to the webhooks host.
    pub(crate) fn answer_webhooks(&self, call: &Call) -> Reply {
        let mut reply = self.run(&|tx| self.route_webhooks(tx, call));
        let correlation = call.header("ms-correlationid").map_or_else(sign::guid, str::to_owned);
        for (name, value) in [
            ("MS-CorrelationId", correlation),
            ("MS-RequestId", sign::guid()),
            ("X-Locale", "en-US".to_owned()),
        ] {
            reply.answer = reply.answer.with(name, value);
        }
        reply
    }

    fn run(&self, route: &dyn Fn(&Tx<'_>) -> Result<Routed, Stop>) -> Reply {
        // What cannot be brought up to the present now is so by the next call.
        let _ = self.catch_up();
        let done = self.store.transaction::<_, Stop>(|tx| {
            let (result, user) = route(tx)?;
            match result {
                Ok(answer) if answer.is_success() => Ok(End::Keep(Reply { answer, user })),
                Ok(answer) => Ok(End::Undo(Reply { answer, user })),
                Err(Stop::Refused(answer)) => Ok(End::Undo(Reply { answer: *answer, user })),
                Err(stop @ Stop::Store(_)) => Err(stop),
            }
        });
        done.unwrap_or_else(|_| Reply { answer: unavailable(), user: None })
    }

    fn route(&self, tx: &Tx<'_>, call: &Call) -> Result<Routed, Stop> {
        let parts = call.parts();
        let person = match auth::caller(tx, call, Audience::Referrals)? {
            Ok(person) => person,
            Err(refusal) => return Ok((Err(refusal), None)),
        };
        if let Some(answer) = self.home.limits.count(Audience::Referrals, tx.now_milliseconds()) {
            return Ok((Ok(answer), Some(person.user)));
        }
        let result = match parts.as_slice() {
            ["v1.0", "engagements", "referrals", rest @ ..]
            | ["v1.0", "referrals", rest @ ..]
            | ["referrals", rest @ ..] => self.referrals(tx, call, rest, &person),
            _ => Err(no_address()),
        };
        let user = person.user;
        if let Ok(answer) = &result {
            if call.method == Method::Get {
                // Counting must not fail a call that was carried out.
                let _ = self.store.count_lightly("partner_center", &user, "reads");
            } else if answer.is_success() {
                tx.count("partner_center", &user, "writes")?;
            }
        }
        Ok((result, Some(user)))
    }

    fn referrals(&self, tx: &Tx<'_>, call: &Call, rest: &[&str], person: &Person) -> Done<Answer> {
        if let (Some(address), [id]) = (person.sees_only(), rest) {
            sees(&address, &find(tx, id)?)?;
        }
        headers::check(call, refusal::unfit)?;
        let versions = headers::versions(call);
        match (call.method, rest) {
            (Method::Get, []) => list::page(&self.home, tx, call, person.sees_only().as_deref()),
            (Method::Post, []) => {
                let made = create::by_partner(&self.home, tx, &body(call)?)?;
                Ok(self.shown(200, &made))
            }
            (Method::Get, [id]) => Ok(self.shown(200, &find(tx, id)?)),
            (Method::Put, [id]) => {
                let (id, versions) = (id.to_lowercase(), versions.as_deref());
                let changed = patch::replace(&self.home, tx, &id, versions, &body(call)?)?;
                Ok(self.shown(200, &changed))
            }
            (Method::Patch, [id]) => {
                let (id, versions) = (id.to_lowercase(), versions.as_deref());
                let changed = patch::by_partner(&self.home, tx, &id, versions, &body(call)?)?;
                if headers::wants_whole(call) {
                    return Ok(self.shown(200, &changed));
                }
                let tag = referral::text(&changed, "/eTag").to_owned();
                Ok(Answer::empty(204).with("ETag", tag))
            }
            (_, []) => Err(wrong_method("GET, POST")),
            (_, [_]) => Err(wrong_method("GET, PUT, PATCH")),
            (_, _) => Err(no_address()),
        }
    }

    fn shown(&self, status: u16, referral: &Value) -> Answer {
        let tag = referral::text(referral, "/eTag").to_owned();
        Answer::json(status, show(&self.home, referral)).with("ETag", tag)
    }

    fn route_webhooks(&self, tx: &Tx<'_>, call: &Call) -> Result<Routed, Stop> {
        let parts = call.parts();
        let person = match auth::caller(tx, call, Audience::Webhooks)? {
            Ok(person) => person,
            Err(refusal) => return Ok((Err(refusal), None)),
        };
        if let Some(answer) = self.home.limits.count(Audience::Webhooks, tx.now_milliseconds()) {
            return Ok((Ok(answer), Some(person.user)));
        }
        let result = match parts.as_slice() {
            ["webhooks", "v1", "registration", rest @ ..] => {
                webhook::dispatch(&self.home, tx, call, rest)
            }
            _ => Err(refusal::webhooks(404, "404", "Nothing is served at this address.")),
        };
        Ok((result, Some(person.user)))
    }
}

/// Refuses a referral that somebody may not see: users see those of which they are team members.
fn sees(address: &str, referral: &Value) -> Done<()> {
    let team = referral.get("team").and_then(Value::as_array);
    let is_member = |member: &Value| referral::text(member, "/email").eq_ignore_ascii_case(address);
    if team.is_some_and(|team| team.iter().any(is_member)) {
        return Ok(());
    }
    Err(refusal::denied("Unauthorized referral access"))
}

/// A JSON body; a byte order mark before it is passed over.
fn body(call: &Call) -> Done<Value> {
    let bytes = call.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&call.body);
    serde_json::from_slice(bytes)
        .map_err(|_| invalid("body", "invalidJson", "The body is not JSON."))
}
