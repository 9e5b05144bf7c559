//! People who let an application act for them: with a browser, or for a device without one. In come requests
//! and forms; out go pages, redirects and codes, and who a code is of. It must not know access tokens.

mod browser;
mod device;
mod page;

use serde_json::{Value, json};

pub(crate) use self::{
    browser::{authorize, redeem},
    device::{asked as device_asked, begin as device_begin, page as device_page},
    page::success,
};
use crate::{
    call::Call,
    database::StoreError,
    salesforce::{
        login::{self, No},
        session::Home,
    },
    sign,
    store::Tx,
};

/// The Salesforce CLI, which every organisation knows; it has no secret.
pub(crate) const COMMAND_LINE: &str = "PlatformCLI";
/// What applications may ask for; the sandbox tells the scopes of a token and does not look at them.
const SCOPES: [&str; 12] = [
    "api",
    "web",
    "full",
    "id",
    "profile",
    "email",
    "address",
    "phone",
    "openid",
    "refresh_token",
    "offline_access",
    "chatter_api",
];
/// What an application gets that does not say what it wants.
const USUAL: &str = "refresh_token api id openid";
/// People who signed in and have not said yes or no.
const SIGNED_IN: &str = "salesforce-signed-in";
/// How long they have, in milliseconds: 15 minutes.
const LIFE: i64 = 15 * 60 * 1000;

/// What somebody agreed to.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    pub(crate) user: String,
    pub(crate) client: String,
    pub(crate) scope: String,
    pub(crate) nonce: Option<String>,
}

impl Consent {
    fn of(kept: &Value) -> Self {
        let text = |name: &str| kept.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            user: text("user").unwrap_or_default(),
            client: text("client").unwrap_or_default(),
            scope: text("scope").unwrap_or_default(),
            nonce: text("nonce"),
        }
    }
}

/// Pairs of a form or a query; empty values are as good as none.
fn text<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

fn is_client(home: &Home, id: Option<&str>) -> Result<String, No> {
    match id.filter(|id| *id == home.client_id || *id == COMMAND_LINE) {
        Some(id) => Ok(id.to_owned()),
        None => Err(No("invalid_client_id", "client identifier invalid")),
    }
}

/// The scopes that are granted of those that are asked for.
fn scopes(asked: Option<&str>) -> Result<String, No> {
    let asked: Vec<&str> = asked.unwrap_or(USUAL).split_whitespace().collect();
    if asked.iter().all(|scope| SCOPES.contains(scope)) {
        Ok(asked.join(" "))
    } else {
        Err(No("invalid_scope", "the requested scope is not allowed"))
    }
}

/// What somebody did on a page.
enum Step {
    /// Nobody signed in yet; with what went wrong.
    SignIn(Option<&'static str>),
    /// Somebody did, and is asked for consent: the ticket to answer with, and who it is.
    Ask(String, String),
    Allowed(String),
    Denied,
}

/// Takes a form with a name and a password, or with an answer and the ticket of who gives it.
fn step(home: &Home, tx: &Tx<'_>, call: &Call) -> Result<Step, StoreError> {
    let form = call.form();
    let answer = text(&form, "answer");
    let user = match (text(&form, "ticket"), text(&form, "username")) {
        (Some(ticket), _) => {
            let kept = tx.doc(SIGNED_IN, ticket)?.filter(|kept| is_fresh(tx, kept, LIFE));
            tx.drop_doc(SIGNED_IN, ticket)?;
            kept.and_then(|kept| Some(kept.get("user")?.as_str()?.to_owned()))
        }
        (None, Some(name)) => {
            let password = text(&form, "pw").or_else(|| text(&form, "password"));
            login::by_password(home, tx, name, password.unwrap_or_default())?.ok()
        }
        (None, None) => return Ok(Step::SignIn(None)),
    };
    let Some(user) = user else {
        let wrong = "Please check your username and password. If you still can't log in, contact your \
                     Salesforce administrator.";
        return Ok(Step::SignIn(Some(wrong)));
    };
    match answer {
        Some("allow") => return Ok(Step::Allowed(user)),
        Some(_) => return Ok(Step::Denied),
        None => {}
    }
    let ticket = sign::token();
    sweep(tx, SIGNED_IN, LIFE)?;
    let kept = json!({ "user": user, "made": tx.now_milliseconds() });
    tx.put_doc(SIGNED_IN, &ticket, &kept)?;
    let row = tx.row("User", &user)?.map(|row| row.body).unwrap_or_default();
    let name = row.get("Username").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Step::Ask(ticket, name))
}

fn is_fresh(tx: &Tx<'_>, kept: &Value, life: i64) -> bool {
    let made = kept.get("made").and_then(Value::as_i64).unwrap_or_default();
    tx.now_milliseconds() < made + life
}

/// Forgets what is too old.
fn sweep(tx: &Tx<'_>, kind: &str, life: i64) -> Result<(), StoreError> {
    for (id, kept) in tx.docs(kind)? {
        if !is_fresh(tx, &kept, life) {
            tx.drop_doc(kind, &id)?;
        }
    }
    Ok(())
}
