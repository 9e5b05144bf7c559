//! Salesforce. In come calls to its address; out go its answers. It must not know the other systems.

mod auth;
mod automation;
mod batch;
mod bulk;
mod changes;
mod collections;
mod cometd;
mod composite;
mod conditional;
mod content;
mod convert;
mod csv;
mod data;
mod derive;
mod describe;
mod described;
mod fit;
mod erase;
mod graph;
mod ids;
mod layouts;
mod listviews;
mod login;
mod merge;
mod model;
mod notify;
mod oauth;
mod objects;
mod orders;
mod orgs;
mod outbound;
mod pubsub;
mod query;
mod recent;
mod record_types;
mod recycle;
mod refusal;
mod related;
mod replication;
mod rights;
mod root;
mod rows;
mod rules;
mod search;
mod seed;
mod session;
mod soap;
mod soql;
mod topics;
mod tree;
mod upsert;
mod validate;
mod values;
mod xml;

use std::sync::{Arc, atomic::Ordering};

use serde_json::{Value, json};

pub use self::described::Unreadable;
pub(crate) use self::{
    auth::{expire, expire_all},
    changes::log::Open as OpenChanges,
    cometd::is_for as is_for_cometd,
    described::org,
    fit::fit,
    login::{prepare as prepare_login, register as register_certificate},
    model::Org,
    notify::Notifier,
    seed::order,
    seed::{Grants, INTEGRATION_USER, prepare, reset},
    session::Home,
};
use self::{
    orgs::Orgs,
    refusal::{Refusal, Stop, Wrong, not_found},
    session::{Caller, Session},
};
use crate::{
    call::{Answer, Call, Method, Reply},
    store::{End, Store, Tx},
    undo::Lag,
};

/// The tables that the organisation keeps beside its rows.
pub(crate) const TABLES: [&str; 4] =
    [changes::log::TABLES, automation::TABLES, outbound::TABLES, topics::log::TABLES];

/// The oldest and the newest API version served.
const VERSIONS: std::ops::RangeInclusive<u32> = 20..=68;

/// The organisation.
#[derive(Debug)]
pub(crate) struct Salesforce {
    home: Home,
    /// The same as whoever calls over https sees it.
    secure: Home,
    store: Arc<Store>,
}

/// What is said of a session that ended where it is not a 401; `None`: it is.
pub(crate) fn ended(call: &Call) -> Option<Answer> {
    matches!(call.parts().as_slice(), ["services", "async", ..])
        .then(|| bulk::classic::no_session(call))
}

/// The number of `v60.0`, if it is served.
fn version(word: &str) -> Option<u32> {
    let number = word.strip_prefix(['v', 'V'])?;
    let number = number.strip_suffix(".0").unwrap_or(number).parse().ok()?;
    VERSIONS.contains(&number).then_some(number)
}

impl Salesforce {
    /// The organisation of a home that is called at its own address, and over https at `secure`.
    pub(crate) fn new(home: Home, secure: &str, store: Arc<Store>) -> Self {
        let secure = Home { base: secure.to_owned(), ..home.clone() };
        Self { home, secure, store }
    }

    /// The same organisation as a copy that lags behind shows it.
    pub(crate) fn lagging(&self, lag: Lag) -> Self {
        let (home, secure) = (self.home.clone(), self.secure.clone());
        Self { home, secure, store: Arc::new(self.store.before(lag)) }
    }

    /// Answers one call. What it wrote is on disk before this returns.
    pub(crate) fn answer(&self, call: &Call) -> Reply {
        let orgs = self.home.orgs.now();
        let done = self.store.transaction::<_, Stop>(|tx| {
            let (result, user) = self.route(tx, call, &orgs)?;
            let reply = |answer| Reply { answer, user };
            match result {
                Ok(answer) if answer.is_success() => Ok(End::Keep(reply(answer))),
                Ok(answer) => Ok(End::Undo(reply(answer))),
                Err(Stop::Refused(refusal)) => Ok(End::Undo(reply(refusal.answer()))),
                Err(stop @ Stop::Store(_)) => Err(stop),
            }
        });
        let mut reply = done.unwrap_or_else(|_| {
            let message = "The server is temporarily unavailable";
            let refusal = Refusal::new(503, Wrong::new("SERVER_UNAVAILABLE", message));
            Reply { answer: refusal.answer(), user: None }
        });
        if let Some(user) = &reply.user {
            if call.method == Method::Get {
                // Counting must not fail a call that was carried out.
                let _ = self.store.count_lightly("salesforce", user, "reads");
            }
            let used = self.store.count_lightly("salesforce", "", "calls").unwrap_or_default();
            self.home.used.store(used, Ordering::Relaxed);
            let limit = format!("api-usage={used}/{}", self.home.daily_calls);
            reply.answer = reply.answer.with("Sforce-Limit-Info", limit);
        }
        reply
    }

    /// The answer and who asked.
    fn route(
        &self,
        tx: &Tx<'_>,
        call: &Call,
        orgs: &Orgs,
    ) -> Result<(refusal::Done<Answer>, Option<String>), Stop> {
        let parts = call.parts();
        let home = if call.secure { &self.secure } else { &self.home };
        let open = match (call.method, parts.as_slice()) {
            (Method::Post, [.., "services", "oauth2", "token"]) => {
                Some(auth::token(home, tx, call)?)
            }
            (Method::Get | Method::Post, [.., "services", "oauth2", "revoke"]) => {
                Some(auth::revoke(tx, call)?)
            }
            (Method::Post, [.., "services", "oauth2", "introspect"]) => {
                Some(auth::introspect(home, tx, call)?)
            }
            (Method::Get | Method::Post, [.., "services", "oauth2", "authorize"]) => {
                Some(oauth::authorize(home, tx, call)?)
            }
            (Method::Get, [.., "services", "oauth2", "success"]) => Some(oauth::success()),
            (Method::Get | Method::Post, [.., "setup", "connect"]) => {
                Some(oauth::device_page(home, tx, call)?)
            }
            (Method::Get, ["id", "keys"]) => Some(auth::keys(tx)?),
            (
                Method::Post,
                [.., "services", "Soap", "u", version] | [.., "services", "Soap", "u", version, _],
            ) => Some(soap::answer(home, tx, call, version, orgs)?),
            (Method::Get, [".well-known", "openid-configuration"]) => Some(auth::discovery(home)),
            (_, ["services", "data"]) => Some(Answer::json(200, versions())),
            (_, _) => None,
        };
        if let Some(answer) = open {
            return Ok((Ok(answer), None));
        }
        if let ["services", "async", word, rest @ ..] = parts.as_slice() {
            let token = call.header("x-sfdc-session").unwrap_or_default();
            let Some(caller) = auth::user_of(tx, token)? else {
                return Ok((Ok(bulk::classic::no_session(call)), None));
            };
            let word = format!("v{word}");
            let answer =
                in_session(home, tx, call, (&caller, orgs), ("bulkapi", &word), &|session| {
                    bulk::classic::answer(session, call, rest)
                });
            return Ok((answer, Some(caller.alias)));
        }
        let Some(caller) = auth::caller(tx, call)? else {
            let wrong = Wrong::new("INVALID_SESSION_ID", "Session expired or invalid");
            return Ok((Err(Refusal::new(401, wrong).into()), None));
        };
        let result = signed_in(home, tx, call, (&caller, orgs), &parts);
        Ok((result, Some(caller.alias)))
    }
}

fn signed_in(
    home: &Home,
    tx: &Tx<'_>,
    call: &Call,
    asked: (&Caller, &Orgs),
    parts: &[&str],
) -> refusal::Done<Answer> {
    match parts {
        [.., "services", "oauth2", "userinfo"] | ["id", _, _] => {
            Ok(auth::identity(home, tx, asked.0)?)
        }
        ["services", "data", word, rest @ ..] => {
            let is_job = rest.first() == Some(&"jobs");
            let interface = if is_job { "bulkapi" } else { "rest" };
            in_session(home, tx, call, asked, (interface, word), &|session| {
                data::dispatch(session, call, rest)
            })
        }
        _ => Err(not_found()),
    }
}

/// Does what a user asks for of an interface, whose version is given as `v60.0`.
fn in_session(
    home: &Home,
    tx: &Tx<'_>,
    call: &Call,
    (caller, orgs): (&Caller, &Orgs),
    (interface, word): (&str, &str),
    work: &dyn Fn(&Session<'_>) -> refusal::Done<Answer>,
) -> refusal::Done<Answer> {
    let version = version(word).ok_or_else(not_found)?;
    let raw = std::str::from_utf8(&call.body).map_err(|_| {
        let message = "Invalid UTF-8: the body is not text in UTF-8";
        refusal::bad(refusal::Wrong::new("JSON_PARSER_ERROR", message))
    })?;
    let origin = origin(call, interface, version);
    let allow_save = allows_save(call);
    work(&Session {
        tx,
        home,
        org: orgs.seen_by(&caller.alias),
        whole: &orgs.whole,
        rules: &orgs.rules,
        allow_save,
        caller,
        version,
        raw,
        origin: &origin,
    })
}

/// Whether a row may be saved that is perhaps a duplicate.
fn allows_save(call: &Call) -> bool {
    let header = call.header("sforce-duplicate-rule-header").unwrap_or_default();
    header.to_ascii_lowercase().contains("allowsave=true")
}

/// Where a change comes from, as change events name it.
fn origin(call: &Call, interface: &str, version: u32) -> String {
    let options = call.header("sforce-call-options").unwrap_or_default();
    let client = options.split([';', ',']).find_map(|option| option.trim().strip_prefix("client="));
    match client {
        Some(client) => format!("com/salesforce/api/{interface}/{version}.0;client={client}"),
        None => format!("com/salesforce/api/{interface}/{version}.0"),
    }
}

fn versions() -> Value {
    let seasons = ["Winter", "Spring", "Summer"];
    VERSIONS
        .map(|number| {
            // Version 62 was Winter '25; three releases a year.
            let place = usize::try_from((number + 1) % 3).unwrap_or_default();
            let year = 4 + (number + 1) / 3;
            let season = seasons.get(place).copied().unwrap_or_default();
            json!({
                "label": format!("{season} '{year:02}"),
                "url": format!("/services/data/v{number}.0"),
                "version": format!("{number}.0"),
            })
        })
        .collect()
}
