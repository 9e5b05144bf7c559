//! Where the signer's certificate comes from, when it is not pinned.
//!
//! In: the address a caller names, which anybody may have written. Out: the signer's key, kept for an
//! hour. Fetched are only allowed addresses, few of them, one at a time, and never from this machine
//! or a private network. It judges no signature.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::certificate::{Authority, Key};
use super::signature::Refusal;
use crate::egress::Destinations;
use crate::error::Error;
use crate::send::{Request, Timeouts, Wire};

/// The largest certificate file that is read.
const LARGEST_FILE: usize = 64 * 1024;
/// How long a certificate is used before it is fetched again.
const FRESH: Duration = Duration::from_hours(1);
/// How long one is used when fetching it again does not work.
const STALE: Duration = Duration::from_hours(24);
/// How long an address that did not work is left alone.
const LEFT_ALONE: Duration = Duration::from_mins(1);
/// How many unknown addresses are fetched within a minute.
const MOST_FETCHES: usize = 10;
/// How many certificates are kept.
const MOST_KEPT: usize = 32;

/// Fetches and keeps the signer's certificates.
#[derive(Debug)]
pub(super) struct Source {
    hosts: Vec<String>,
    authority: Authority,
    wire: Wire,
    state: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    kept: BTreeMap<String, (Instant, Vec<u8>)>,
    failed: BTreeMap<String, (Instant, Refusal)>,
    fetches: VecDeque<Instant>,
}

impl Source {
    /// `hosts` are the exact names certificates may come from.
    pub(super) fn new(hosts: Vec<String>, authority: Authority) -> Result<Self, Error> {
        if hosts.is_empty() || !hosts.iter().all(|host| is_host(host)) {
            let why = "expected the lower-case names of hosts, without port or path";
            return Err(Error::bad_setting("hosts", why));
        }
        let timeouts = Timeouts { connect: Duration::from_secs(3), whole: Duration::from_secs(5) };
        let wire = Wire::public_only(timeouts, LARGEST_FILE, &hosts)?;
        let (state, turn) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Self { hosts, authority, wire, state, turn })
    }

    /// Where it may fetch from, and did.
    pub(super) fn destinations(&self) -> Destinations {
        self.wire.egress().shown()
    }

    /// The signer's key by the address of its certificate. The chain is checked each time.
    pub(super) async fn key(&self, url: &str, now: Timestamp) -> Result<Key, Refusal> {
        let url = allowed(&self.hosts, url).ok_or(Refusal::BadCertificateUrl)?;
        if let Some(file) = self.kept(&url, FRESH) {
            return self.judge(&file, now);
        }
        let stale = self.kept(&url, STALE);
        let fetched = match (&stale, self.turn.try_lock()) {
            (_, Ok(_turn)) => self.fetch(&url, now).await,
            (Some(_), Err(_)) => Err(Refusal::CertificateUnavailable),
            (None, Err(_)) => {
                let _turn = self.turn.lock().await;
                self.fetch(&url, now).await
            }
        };
        match (fetched, stale) {
            (Ok(key), _) => Ok(key),
            (Err(_), Some(file)) => self.judge(&file, now),
            (Err(refusal), None) => Err(refusal),
        }
    }

    /// Fetches one file, unless somebody did while we waited, or it is too soon.
    async fn fetch(&self, url: &str, now: Timestamp) -> Result<Key, Refusal> {
        if let Some(file) = self.kept(url, FRESH) {
            return self.judge(&file, now);
        }
        self.state().admit(url, Instant::now())?;
        let outcome = match self.wire.send(Request::get("fetch certificate", url.to_owned())).await
        {
            Ok(answer) if answer.status == 200 => {
                self.judge(&answer.body, now).map(|key| (key, answer.body))
            }
            Ok(_) | Err(_) => Err(Refusal::CertificateUnavailable),
        };
        let mut state = self.state();
        match outcome {
            Ok((key, file)) => {
                state.keep(url, file, Instant::now());
                Ok(key)
            }
            Err(refusal) => {
                state.failed.insert(url.to_owned(), (Instant::now(), refusal));
                Err(refusal)
            }
        }
    }

    fn judge(&self, file: &[u8], now: Timestamp) -> Result<Key, Refusal> {
        self.authority.key(file, now).map_err(|why| {
            tracing::warn!(%why, "a webhook certificate is not trusted");
            Refusal::BadCertificate
        })
    }

    fn kept(&self, url: &str, life: Duration) -> Option<Vec<u8>> {
        let state = self.state();
        let (since, file) = state.kept.get(url)?;
        (since.elapsed() < life).then(|| file.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a certificate where a fetch would have put it.
    #[cfg(test)]
    pub(super) fn plant(&self, url: &str, file: Vec<u8>) {
        self.state().keep(url, file, Instant::now());
    }
}

impl State {
    /// Whether `url` may be fetched now. An address that worked before does not count against the
    /// limit, so strangers cannot use it up for us.
    fn admit(&mut self, url: &str, now: Instant) -> Result<(), Refusal> {
        let recent = |when: &Instant| now.saturating_duration_since(*when) < LEFT_ALONE;
        self.failed.retain(|_, (when, _)| recent(when));
        self.fetches.retain(recent);
        if let Some((_, refusal)) = self.failed.get(url) {
            return Err(*refusal);
        }
        if self.kept.contains_key(url) {
            return Ok(());
        }
        if self.fetches.len() >= MOST_FETCHES {
            return Err(Refusal::CertificateUnavailable);
        }
        self.fetches.push_back(now);
        Ok(())
    }

    fn keep(&mut self, url: &str, file: Vec<u8>, now: Instant) {
        if self.kept.len() >= MOST_KEPT && !self.kept.contains_key(url) {
            let oldest = self.kept.iter().min_by_key(|(_, (since, _))| *since);
            if let Some(oldest) = oldest.map(|(url, _)| url.clone()) {
                self.kept.remove(&oldest);
            }
        }
        self.kept.insert(url.to_owned(), (now, file));
    }
}

/// A lower-case name with a dot in it whose last part is no number, so that it is no IP address.
fn is_host(host: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let parts: Vec<&str> = host.split('.').collect();
    let named = parts.last().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()));
    host.bytes().all(plain) && parts.len() >= 2 && !parts.contains(&"") && named
}

/// The address, when it is `https`, names an allowed host and nothing more, and has a plain path to
/// a certificate file.
fn allowed(hosts: &[String], url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").filter(|_| url.len() <= 512)?;
    let (host, path) = rest.split_once('/')?;
    let host = hosts.iter().find(|allowed| *allowed == host)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
    let file = [".cer", ".crt", ".pem"].iter().any(|end| path.ends_with(end));
    let clean = path.bytes().all(plain) && !path.contains("..") && !path.contains("//");
    (file && clean && !path.starts_with('/')).then(|| format!("https://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_of_allowed_hosts_are_fetched() {
        let hosts = vec!["certs.blob.core.windows.net".to_owned()];
        let good = "https://certs.blob.core.windows.net/cert/pcnotifications-dispatch.cer";
        assert_eq!(allowed(&hosts, good).as_deref(), Some(good));
        for bad in [
            "",
            "http://certs.blob.core.windows.net/cert/a.cer",
            "HTTPS://certs.blob.core.windows.net/cert/a.cer",
            "https://certs.blob.core.windows.net",
            "https://certs.blob.core.windows.net/",
            "https://certs.blob.core.windows.net./cert/a.cer",
            "https://certs.blob.core.windows.net:443/cert/a.cer",
            "https://certs.blob.core.windows.net:80/cert/a.cer",
            "https://certs.blob.core.windows.net@evil.example/cert/a.cer",
            "https://evil@certs.blob.core.windows.net/cert/a.cer",
            "https://evil.blob.core.windows.net/cert/a.cer",
            "https://xcerts.blob.core.windows.net/cert/a.cer",
            "https://certs.blob.core.windows.net.evil.example/cert/a.cer",
            "https://certs.blob.core.windows.net\\@evil.example/cert/a.cer",
            "https://certs.blob.core.windows.net/cert/a.cer?x=1",
            "https://certs.blob.core.windows.net/cert/a.cer#x",
            "https://certs.blob.core.windows.net/cert/../a.cer",
            "https://certs.blob.core.windows.net/cert/%2e%2e/a.cer",
            "https://certs.blob.core.windows.net//cert/a.cer",
            "https://certs.blob.core.windows.net/cert/a.txt",
            "https://certs.blob.core.windows.net/cert/a.cer ",
            "https://certs。blob.core.windows.net/cert/a.cer",
            "https://127.0.0.1/cert/a.cer",
            "https://2130706433/cert/a.cer",
            "https://[::1]/cert/a.cer",
            "file:///cert/a.cer",
        ] {
            assert_eq!(allowed(&hosts, bad), None, "{bad}");
        }
    }

    #[test]
    fn hosts_are_names_and_never_addresses() {
        assert!(is_host("3psostorageacct.blob.core.windows.net"));
        for bad in ["", "localhost", "127.0.0.1", "A.example", "a.example:443", "a..b", "0x7f.1"] {
            assert!(!is_host(bad), "{bad}");
        }
    }

    #[test]
    fn strangers_cannot_make_us_fetch_without_end() {
        let mut state = State::default();
        let now = Instant::now();
        for number in 0..MOST_FETCHES {
            assert!(state.admit(&format!("u{number}"), now).is_ok());
        }
        assert_eq!(state.admit("one-more", now), Err(Refusal::CertificateUnavailable));
        state.keep("known", Vec::new(), now);
        assert!(state.admit("known", now).is_ok());
        state.failed.insert("known".to_owned(), (now, Refusal::BadCertificate));
        assert_eq!(state.admit("known", now), Err(Refusal::BadCertificate));
        let later = now + LEFT_ALONE;
        assert!(state.admit("known", later).is_ok());
        assert!(state.admit("one-more", later).is_ok());
        for number in 0..2 * MOST_KEPT {
            state.keep(&format!("k{number:03}"), Vec::new(), later);
        }
        assert_eq!(state.kept.len(), MOST_KEPT);
    }
}
