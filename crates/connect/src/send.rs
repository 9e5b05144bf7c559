//! The one function through which each request goes.
//!
//! In: an address we built, headers and a body. Out: status, a few headers and at most so many bytes
//! of body, or an [`Error::Later`] that says whether the request may have been carried out. Every
//! request has a time limit; redirects are not followed; addresses, bodies and tokens are not logged.
//! It does not know what an answer means. The only file that names reqwest.

use std::error::Error as _;
use std::hash::{BuildHasher, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::egress::Egress;
use crate::secret::Secret;
use crate::{Error, address, moment};

/// The largest answer of an API that is read.
pub(crate) const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// The longest wait taken from a `Retry-After`.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// What each request says about who sends it.
const USER_AGENT: &str = concat!("cosell/", env!("CARGO_PKG_VERSION"));

/// How long a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// From the start until the last byte of the answer.
    pub whole: Duration,
}

impl Default for Timeouts {
    /// 10 seconds to connect, 60 seconds in all.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), whole: Duration::from_mins(1) }
    }
}

/// The start of an address: scheme, host, perhaps port and path, no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    text: String,
    encrypted: bool,
}

impl Base {
    /// Reads the setting `field`. Plain http is taken only for this machine and for hosts of one
    /// word, which do not leave the local network.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self, Error> {
        let found = |what: &str| {
            let why = format!("expected an address such as https://host.example, found {what}");
            Error::bad_setting(field, why)
        };
        let url = reqwest::Url::parse(text).map_err(|_| found("something else"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(found("one with a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(found("one with '?' or '#'"));
        }
        let host = url.host_str().unwrap_or_default();
        let near = host.starts_with("127.") || host == "[::1]" || !host.contains(['.', ':']);
        let encrypted = match url.scheme() {
            "https" => true,
            "http" if near => false,
            "http" => return Err(found("plain http to another machine")),
            _ => return Err(found("another scheme")),
        };
        Ok(Self { text: url.as_str().trim_end_matches('/').to_owned(), encrypted })
    }

    /// The address of `path`, which begins with a slash and is percent-encoded.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// The scheme is https.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted
    }
}

/// Percent-encodes everything but letters, digits and `-._~`, for one path segment or query value.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for half in [byte >> 4, byte & 15] {
                let digit = char::from_digit(u32::from(half), 16).unwrap_or_default();
                encoded.push(digit.to_ascii_uppercase());
            }
        }
    }
    encoded
}

/// A new id for one call, in the form of a GUID. Good for finding a call in logs, not for secrets.
pub(crate) fn call_id() -> String {
    let random = || std::collections::hash_map::RandomState::new().build_hasher().finish();
    let (high, low) = (random(), random());
    let version = (high & 0xffff_ffff_ffff_0fff) | 0x4000;
    let variant = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    let text = format!("{version:016x}{variant:016x}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// What to do at the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
}

/// What to send along.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    None,
    Json(String),
    Form(Vec<(&'static str, Secret)>),
}

/// One request. `Debug` is not offered: address and body hold values of records.
#[derive(Clone)]
pub(crate) struct Request {
    /// A fixed name for logs and messages, such as `read referral`.
    pub(crate) what: &'static str,
    pub(crate) verb: Verb,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) bearer: Option<Secret>,
    pub(crate) body: Body,
    /// The request changes something at the other side, so a lost answer leaves doubt.
    pub(crate) writes: bool,
}

impl Request {
    /// A request that only looks.
    pub(crate) fn get(what: &'static str, url: String) -> Self {
        let headers = vec![("accept", "application/json".to_owned())];
        let (bearer, body) = (None, Body::None);
        Self { what, verb: Verb::Get, url, headers, bearer, body, writes: false }
    }

    /// A request that only looks, and says in its body at what.
    pub(crate) fn ask(what: &'static str, url: String, body: Body) -> Self {
        Self { verb: Verb::Post, body, ..Self::get(what, url) }
    }

    /// A request that changes something.
    pub(crate) fn write(what: &'static str, verb: Verb, url: String, body: Body) -> Self {
        Self { verb, body, writes: true, ..Self::get(what, url) }
    }

    /// The same with one more header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) what: &'static str,
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// How long the other side asks to wait.
    pub(crate) retry_after: Option<Duration>,
    /// The request wrote, as it said.
    pub(crate) wrote: bool,
    headers: HeaderMap,
}

impl Answer {
    /// 200 to 299.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first value of a header, when it is plain text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text: for JSON that has to be kept as it is.
    pub(crate) fn text(&self) -> Result<&str, Error> {
        std::str::from_utf8(&self.body).map_err(|_| self.unreadable("is not utf-8 text"))
    }

    /// The failure of an answer that was a success by its status but cannot be used.
    pub(crate) fn unreadable(&self, found: &str) -> Error {
        let why = format!("{}: the answer {found}", self.what);
        Error::Later { after: None, why, unknown_outcome: self.wrote }
    }

    #[cfg(test)]
    pub(crate) fn of(status: u16, body: &str) -> Self {
        let (what, headers, body) = ("test", HeaderMap::new(), body.as_bytes().to_vec());
        Self { what, status, body, retry_after: None, wrote: false, headers }
    }
}

/// A pool of connections with limits.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    client: reqwest::Client,
    egress: Arc<Egress>,
    whole: Duration,
    largest: usize,
}

impl Wire {
    /// A wire to `bases`. When all of them are plain http, no certificate store is looked for.
    pub(crate) fn new(timeouts: Timeouts, bases: &[&Base]) -> Result<Self, Error> {
        let mut builder = builder(timeouts);
        if !bases.iter().any(|base| base.is_encrypted()) {
            builder = builder.tls_certs_only([]);
        }
        let egress = Egress::default();
        for base in bases {
            egress.allow(&origin(&base.text).unwrap_or_default());
        }
        Self::build(builder, timeouts, LARGEST_ANSWER, egress)
    }

    /// A wire to `hosts` that speaks https only, and only to addresses of the public internet: the addresses
    /// a name resolves to are checked, and exactly those are connected to.
    pub(crate) fn public_only(
        timeouts: Timeouts,
        largest: usize,
        hosts: &[String],
    ) -> Result<Self, Error> {
        let builder = builder(timeouts).https_only(true).dns_resolver(Arc::new(PublicOnly));
        let egress = Egress::default();
        for host in hosts {
            egress.allow(&format!("https://{host}"));
        }
        Self::build(builder, timeouts, largest, egress)
    }

    fn build(
        builder: reqwest::ClientBuilder,
        timeouts: Timeouts,
        largest: usize,
        egress: Egress,
    ) -> Result<Self, Error> {
        let client = builder.build().map_err(|failure| {
            let why = format!("tls cannot be set up: {}", innermost(&failure));
            Error::bad_setting("tls", why)
        })?;
        Ok(Self { client, egress: Arc::new(egress), whole: timeouts.whole, largest })
    }

    /// Where it may send to.
    pub(crate) fn egress(&self) -> &Egress {
        &self.egress
    }

    /// Sends one request once.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Error> {
        let (what, writes) = (request.what, request.writes);
        let started = Instant::now();
        let prepared = prepare(request)?;
        let destination = prepared.url().origin().ascii_serialization();
        if !self.egress.admits(&destination) {
            return Err(not_listed(what, &destination));
        }
        let outcome = self.exchange(what, writes, prepared).await;
        let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &outcome {
            Ok(answer) => tracing::debug!(what, status = answer.status, took, "answered"),
            Err(error) => tracing::debug!(what, %error, took, "no answer"),
        }
        outcome
    }

    async fn exchange(
        &self,
        what: &'static str,
        writes: bool,
        request: reqwest::Request,
    ) -> Result<Answer, Error> {
        let failed = |failure: &reqwest::Error| self.failure(what, writes, failure);
        let mut response = self.client.execute(request).await.map_err(|e| failed(&e))?;
        let headers = response.headers().clone();
        let status = response.status().as_u16();
        let retry_after = headers
            .get(reqwest::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| retry_after(text, Timestamp::now()));
        let mut answer =
            Answer { what, status, body: Vec::new(), retry_after, wrote: writes, headers };
        while let Some(chunk) = response.chunk().await.map_err(|e| failed(&e))? {
            if answer.body.len() + chunk.len() > self.largest {
                let limit = self.largest / 1024;
                return Err(answer.unreadable(&format!("is larger than {limit} KiB")));
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    /// Says what went wrong, without the address. Only a connection that never stood is sure to
    /// have carried nothing out.
    fn failure(&self, what: &str, writes: bool, failure: &reqwest::Error) -> Error {
        let why = if failure.is_connect() {
            format!("{what}: no connection: {}", innermost(failure))
        } else if failure.is_timeout() {
            format!("{what}: no complete answer within {} ms", self.whole.as_millis())
        } else {
            format!("{what}: the connection ended before the answer was complete")
        };
        let sent = !failure.is_connect() && !failure.is_builder();
        Error::Later { after: None, why, unknown_outcome: writes && sent }
    }
}

/// Somebody's answer named an address that the settings do not.
fn not_listed(what: &str, destination: &str) -> Error {
    let shown: String = destination.chars().filter(char::is_ascii_graphic).take(120).collect();
    tracing::error!(what, destination = shown, "a destination that is not on the list");
    let why = format!("{what}: {shown} is no destination of this configuration (`cosell egress`)");
    Error::denied(why, "the operator (the addresses in the configuration)")
}

/// Scheme, host and port of an address.
pub fn origin(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    url.has_host().then(|| url.origin().ascii_serialization())
}

fn builder(timeouts: Timeouts) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.whole)
        .pool_idle_timeout(Duration::from_secs(50))
        .pool_max_idle_per_host(16)
}

fn prepare(request: Request) -> Result<reqwest::Request, Error> {
    let what = request.what;
    let bad = |part: &str| {
        Error::refused("bad-request", format!("{what}: the {part} cannot be put into a request"))
    };
    let method = match request.verb {
        Verb::Get => reqwest::Method::GET,
        Verb::Post => reqwest::Method::POST,
        Verb::Put => reqwest::Method::PUT,
        Verb::Patch => reqwest::Method::PATCH,
    };
    let url = reqwest::Url::parse(&request.url).map_err(|_| bad("address"))?;
    let mut prepared = reqwest::Request::new(method, url);
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let value = HeaderValue::from_str(value).map_err(|_| bad(name))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    if let Some(bearer) = &request.bearer {
        let text = format!("Bearer {}", bearer.reveal());
        let mut value = HeaderValue::from_str(&text).map_err(|_| bad("access token"))?;
        value.set_sensitive(true);
        headers.insert(reqwest::header::AUTHORIZATION, value);
    }
    let (kind, body) = match request.body {
        Body::None => (None, None),
        Body::Json(text) => (Some("application/json"), Some(text)),
        Body::Form(fields) => (Some("application/x-www-form-urlencoded"), Some(form(&fields))),
    };
    if let Some(kind) = kind {
        headers.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static(kind));
    } else if request.verb != Verb::Get {
        headers.insert(reqwest::header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    *prepared.headers_mut() = headers;
    *prepared.body_mut() = body.map(reqwest::Body::from);
    Ok(prepared)
}

/// The innermost cause, which names neither address nor body.
fn innermost(failure: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = failure;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if failure.source().is_none() {
        return "unknown cause".to_owned();
    }
    // Without the operating system's number behind it.
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn form(fields: &[(&'static str, Secret)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encode(value.reveal())));
    pairs.collect::<Vec<_>>().join("&")
}

/// Reads a `Retry-After`: whole seconds or an HTTP date; at most a day, never negative.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_or(LONGEST_WAIT, Duration::from_secs)
    } else {
        let until = moment::parse_http_date(text)?.duration_since(now);
        Duration::try_from(until).unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

/// Resolves names, and refuses a name with any address outside the public internet.
#[derive(Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.is_empty() || !found.iter().all(|one| address::is_public(one.ip())) {
                return Err("the name does not lead to the public internet".into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests;
