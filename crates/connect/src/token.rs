//! Access tokens: fetched once for all who wait, kept until they run out or are refused.
//!
//! In: how to sign in. Out: [`Door`], through which signed-in requests go; a 401 renews the token and
//! sends the request once more. It knows the two OAuth answers, and nothing of records.

mod assertion;
mod rotating;
mod session;

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;

pub(crate) use assertion::Assertion;
pub(crate) use rotating::Rotating;
pub use rotating::{Turn, Vault};
pub use session::Session;

use crate::Error;
use crate::egress::Egress;
use crate::gate::{Came, Gate};
use crate::redact;
use crate::secret::Secret;
use crate::send::{Answer, Base, Body, Request, Wire};

/// How long a token is used when the answer does not say.
const UNSAID_LIFE: Duration = Duration::from_hours(1);

/// Who has to act when signing in is refused.
const WHO_SIGNS_IN: &str = "the person who signs cosell in";

/// The directory's numbers for: there is no such tenant, or the address names none.
const NO_TENANT: [&str; 4] = ["AADSTS90002", "AADSTS90013", "AADSTS900023", "AADSTS900971"];

/// Who has to act when the tenant, or the address of the sign-in, is another's.
const WHO_SETS_TENANT: &str =
    "the operator (correct `tenant`, or the address at `login`, in the configuration)";

/// How to ask for an access token.
#[derive(Debug)]
pub(crate) enum Grant {
    /// On behalf of a person who signed in once.
    Refresh {
        client_id: String,
        client_secret: Option<Secret>,
        refresh: std::sync::Arc<Rotating>,
        /// What the token is for, where the sign-in service asks.
        resource: Option<&'static str>,
    },
    /// As the app itself, for one user, by a signed assertion.
    Assertion(Box<Assertion>),
    /// As the app itself.
    ClientCredentials { client_id: String, client_secret: Secret },
}

/// A token in use.
#[derive(Debug, Clone)]
pub(crate) struct Bearer {
    pub(crate) token: Secret,
    /// Where the answer says the data is (Salesforce only).
    pub(crate) instance: Option<String>,
    number: u64,
    good_until: Instant,
}

impl Bearer {
    /// Which of the tokens that were fetched it is.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

#[derive(Debug, Default)]
struct Held {
    bearer: Option<Bearer>,
    fetched: u64,
    failed: Option<(Instant, Error)>,
}

/// Sends requests with an access token.
#[derive(Debug)]
pub(crate) struct Door {
    wire: Wire,
    gate: Arc<Gate>,
    token_url: String,
    grant: Grant,
    held: Mutex<Held>,
    session: std::sync::Mutex<Session>,
    /// Whether a 401 may mean that the token ran out.
    renewable: fn(&Answer) -> bool,
}

impl Door {
    /// A door for `grant`, whose tokens come from `path` below `login`.
    pub(crate) fn new(
        wire: Wire,
        gate: Arc<Gate>,
        login: &Base,
        path: &str,
        grant: Grant,
        renewable: fn(&Answer) -> bool,
    ) -> Self {
        let (held, session) = (Mutex::default(), std::sync::Mutex::default());
        Self { wire, gate, token_url: login.at(path), grant, held, session, renewable }
    }

    /// Where requests may go.
    pub(crate) fn egress(&self) -> &Egress {
        self.wire.egress()
    }

    /// What is known of the sign-in.
    pub(crate) fn session(&self) -> Session {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, change: impl FnOnce(&mut Session)) {
        change(&mut self.session.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Sends one request; after a 401 once more with a new token. The answer may be any status.
    pub(crate) async fn send(&self, mut request: Request) -> Result<Answer, Error> {
        let bearer = self.bearer(None).await?;
        request.bearer = Some(bearer.token.clone());
        let answer = self.pass(request.clone(), true).await?;
        self.note(|session| session.used = Some(Timestamp::now()));
        if answer.status != 401 || !(self.renewable)(&answer) {
            return Ok(answer);
        }
        let renewed = self.bearer(Some(bearer.number)).await?;
        request.bearer = Some(renewed.token);
        self.pass(request, true).await
    }

    /// Sends one request, if the wire is open for it, and says how the wire fared.
    async fn pass(&self, request: Request, counted: bool) -> Result<Answer, Error> {
        let permit = self.gate.admit(counted)?;
        let address = request.url.clone();
        let outcome = self.wire.send(request).await;
        match &outcome {
            Ok(answer) if answer.status >= 500 => {
                let why = format!("{} was answered with {}", answer.what, answer.status);
                permit.tell(Came::failed_at(&address, why));
            }
            Err(Error::Later { why, .. }) => {
                permit.tell(Came::Failure { why: why.clone(), about: None });
            }
            // That somebody may sign in does not say that the system works.
            Ok(_) if counted => permit.tell(Came::Answer),
            Ok(_) => drop(permit),
            // It never left.
            Err(_) => {}
        }
        outcome
    }

    /// A token that is not the refused one. Those who wait while one is fetched share it, and share
    /// its failure too.
    pub(crate) async fn bearer(&self, refused: Option<u64>) -> Result<Bearer, Error> {
        let asked = Instant::now();
        let mut held = self.held.lock().await;
        if let Some(bearer) = &held.bearer
            && Some(bearer.number) != refused
            && bearer.good_until > Instant::now()
        {
            return Ok(bearer.clone());
        }
        if let Some((when, error)) = &held.failed
            && *when >= asked
        {
            return Err(error.clone());
        }
        match self.fetch(held.fetched + 1).await {
            Ok(bearer) => {
                *held = Held { bearer: Some(bearer.clone()), fetched: bearer.number, failed: None };
                Ok(bearer)
            }
            Err(error) => {
                held.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn fetch(&self, number: u64) -> Result<Bearer, Error> {
        match &self.grant {
            Grant::ClientCredentials { client_id, client_secret } => {
                let form = vec![
                    ("grant_type", Secret::new("client_credentials")),
                    ("client_id", Secret::new(client_id)),
                    ("client_secret", client_secret.clone()),
                ];
                self.ask(form, number).await.map(|(bearer, _)| bearer)
            }
            Grant::Assertion(assertion) => {
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                let signed = assertion.sign(SystemTime::now())?;
                let form = vec![("grant_type", Secret::new(grant)), ("assertion", signed)];
                self.ask(form, number).await.map(|(bearer, _)| bearer)
            }
            Grant::Refresh { client_id, client_secret, refresh, resource } => {
                let in_use = refresh.take().await?;
                let mut form = vec![
                    ("grant_type", Secret::new("refresh_token")),
                    ("client_id", Secret::new(client_id)),
                    ("refresh_token", in_use.token.clone()),
                ];
                if let Some(resource) = resource {
                    form.push(("resource", Secret::new(*resource)));
                    form.push(("scope", Secret::new("openid")));
                }
                form.extend(client_secret.clone().map(|secret| ("client_secret", secret)));
                let (bearer, replaced) = self.ask(form, number).await?;
                in_use.used(replaced).await;
                Ok(bearer)
            }
        }
    }

    async fn ask(
        &self,
        form: Vec<(&'static str, Secret)>,
        number: u64,
    ) -> Result<(Bearer, Option<Secret>), Error> {
        let answer = self.pass(post(self.token_url.clone(), form), false).await?;
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
        if !answer.is_success() {
            return Err(self.blamed(refusal(&answer, body.as_ref())));
        }
        let text = |name: &str| body.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let token = text("access_token")
            .filter(|token| !token.is_empty())
            .ok_or_else(|| answer.unreadable("holds no access_token"))?;
        let life = body.as_ref().and_then(life).unwrap_or(UNSAID_LIFE);
        let margin = (life / 10).min(Duration::from_mins(5));
        let good_until = Instant::now() + life.saturating_sub(margin);
        if let Some(body) = &body {
            self.note(|session| session.began(body, life, Timestamp::now()));
        }
        let bearer = Bearer {
            token: Secret::new(token),
            instance: text("instance_url"),
            number,
            good_until,
        };
        Ok((bearer, text("refresh_token").map(Secret::new)))
    }

    /// A refusal with who has to act: where the app signs in by itself, that is no person.
    fn blamed(&self, refusal: Error) -> Error {
        let who = match &self.grant {
            Grant::Refresh { .. } => return refusal,
            Grant::Assertion(_) => WHO_SETS_KEY,
            Grant::ClientCredentials { .. } => WHO_SETS_APP,
        };
        match refusal {
            Error::Denied { why, who: of } if of == WHO_SIGNS_IN => Error::denied(why, who),
            other => other,
        }
    }
}

/// Who has to act when an app is refused that signs in by itself: no person does.
const WHO_SETS_KEY: &str = "the operator (`private_key`, `username` and `client_id` belong together: the app has that key's \
                            certificate, and the user is let in to the app beforehand)";
const WHO_SETS_APP: &str =
    "the operator (the app lets in its own user: client credentials, *Run As*)";

/// A form for the sign-in service.
pub(crate) fn post(url: String, form: Vec<(&'static str, Secret)>) -> Request {
    let mut request = Request::get("sign in", url);
    request.verb = crate::send::Verb::Post;
    request.body = Body::Form(form);
    request
}

/// `expires_in`, a number or a text, in seconds; at most a day.
fn life(body: &Value) -> Option<Duration> {
    let said = body.get("expires_in")?;
    let seconds = said.as_u64().or_else(|| said.as_str()?.trim().parse().ok())?;
    Some(Duration::from_secs(seconds.min(24 * 60 * 60)))
}

/// What a refusal of the sign-in service means: by its word, else by its status.
pub(crate) fn refusal(answer: &Answer, body: Option<&Value>) -> Error {
    let text = |name: &str| body.and_then(|body| body.get(name)).and_then(Value::as_str);
    let word = text("error").and_then(redact::name).unwrap_or_default();
    let description = text("error_description").unwrap_or_default();
    let number = directory_code(description);
    let (said, case) = support_case(description);
    let said = redact::message(said);
    let why =
        format!("signing in was refused with {}: {word} {number} {said} {case}", answer.status);
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    let busy = ["temporarily_unavailable", "server_error"].contains(&word.as_str());
    match answer.status {
        408 | 425 | 429 | 500.. => Error::later(answer.retry_after, why),
        _ if busy => Error::later(answer.retry_after, why),
        _ if word.starts_with("invalid_client") || word == "unauthorized_client" => {
            Error::denied(why, "the operator (client id and client secret)")
        }
        _ if NO_TENANT.contains(&number) => Error::denied(why, WHO_SETS_TENANT),
        300..=399 | 404 | 405 => Error::denied(why, "the operator (sign-in address: `login`)"),
        _ => Error::denied(why, WHO_SIGNS_IN),
    }
}

/// What the directory says, and the ids by which its support finds the case: they name an answer, and nobody.
/// Behind the words stand `Trace ID: … Correlation ID: … Timestamp: …`.
fn support_case(description: &str) -> (&str, String) {
    let Some(start) = description.find("Trace ID:") else { return (description, String::new()) };
    let (said, tail) = description.split_at(start);
    let of = |name: &str| {
        let id = tail.split_once(name)?.1.split_whitespace().next()?;
        let shaped = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        shaped.then(|| format!("{} {id}", name.to_lowercase().trim_end_matches(':')))
    };
    let ids: Vec<String> = ["Trace ID:", "Correlation ID:"].into_iter().filter_map(of).collect();
    let case = if ids.is_empty() { String::new() } else { format!("({})", ids.join(", ")) };
    (said, case)
}

/// The directory's own number, such as `AADSTS50173`, which is what people search for.
fn directory_code(description: &str) -> &str {
    let Some(start) = description.find("AADSTS") else { return "" };
    let rest = description.get(start..).unwrap_or_default();
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    rest.get(..end.min(16)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
