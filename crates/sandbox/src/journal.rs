//! The wire log: every request received and what was answered. In come requests and answers; out go the newest
//! of them as JSON, without anybody's secrets. It must not know what they mean.

mod redact;

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value, json};

use crate::{call::Call, clock};

/// Entries kept.
const MOST_ENTRIES: usize = 10_000;
/// Bytes kept, bodies and headers together.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Bytes kept of one body.
const MOST_OF_A_BODY: usize = 64 * 1024;

/// A body, or its beginning.
#[derive(Debug, Default)]
struct Clip {
    text: String,
    /// How long the whole is.
    bytes: usize,
}

/// One request and its answer.
#[derive(Debug)]
struct Entry {
    number: u64,
    /// When it came, in ticks since 1970.
    at: i64,
    microseconds: u64,
    system: &'static str,
    method: &'static str,
    target: String,
    request_headers: Vec<(String, String)>,
    request: Clip,
    /// `None`: nothing was answered.
    status: Option<u16>,
    answer_headers: Vec<(String, String)>,
    answer: Clip,
    user: Option<String>,
    fault: Option<&'static str>,
    size: usize,
}

/// What was answered, as far as the log has an interest in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

/// What is known of a request beside itself.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) system: &'static str,
    /// When it came, in ticks since 1970.
    pub(crate) at: i64,
    pub(crate) microseconds: u64,
    pub(crate) user: Option<String>,
    pub(crate) fault: Option<&'static str>,
}

/// Which entries are wanted.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    system: Option<String>,
    method: Option<String>,
    /// A part of path and query.
    path: Option<String>,
    /// `404`, or `4xx`; `none` when nothing was answered.
    status: Option<String>,
    user: Option<String>,
    /// A kind of fault, or `any`.
    fault: Option<String>,
    /// Only those with a higher number.
    after: Option<u64>,
    /// The newest so many.
    limit: usize,
}

impl Filter {
    /// Reads the parameters of `GET /requests`.
    pub(crate) fn read(call: &Call) -> Self {
        let text = |name: &str| call.parameter(name).map(str::to_owned);
        Self {
            system: text("system"),
            method: text("method").map(|method| method.to_uppercase()),
            path: text("path"),
            status: text("status"),
            user: text("user"),
            fault: text("fault"),
            after: call.parameter("after").and_then(|after| after.parse().ok()),
            limit: call.parameter("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100),
        }
    }

    fn fits(&self, entry: &Entry) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let status = self.status.as_ref().is_none_or(|wanted| match entry.status {
            None => wanted == "none",
            Some(status) => match wanted.strip_suffix("xx") {
                Some(class) => class == (status / 100).to_string(),
                None => *wanted == status.to_string(),
            },
        });
        let fault = self.fault.as_ref().is_none_or(|wanted| {
            entry.fault.is_some_and(|fault| wanted == "any" || wanted == fault)
        });
        status
            && fault
            && is(&self.system, entry.system)
            && is(&self.method, entry.method)
            && is(&self.user, entry.user.as_deref().unwrap_or_default())
            && self.path.as_ref().is_none_or(|part| entry.target.contains(part.as_str()))
            && self.after.is_none_or(|after| entry.number > after)
    }
}

/// All entries that are kept.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Entry>,
    last: u64,
    bytes: usize,
}

impl Journal {
    fn lock(&self) -> MutexGuard<'_, Ring> {
        // Each change of the ring is whole, whatever happens elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one request and forgets the oldest beyond what is kept.
    pub(crate) fn add(&self, call: &Call, told: Option<Told<'_>>, about: About) {
        let has_secrets = redact::has_secrets(&call.target);
        let clip = |body: &[u8]| {
            let text = String::from_utf8_lossy(body.get(..MOST_OF_A_BODY).unwrap_or(body));
            let text = if has_secrets { redact::body(&text) } else { text.into_owned() };
            Clip { text, bytes: body.len() }
        };
        let mut entry = Entry {
            number: 0,
            at: about.at,
            microseconds: about.microseconds,
            system: about.system,
            method: call.method.word(),
            target: redact::target(&call.target),
            request_headers: redact::headers(&call.headers),
            request: clip(&call.body),
            status: told.map(|told| told.status),
            answer_headers: told.map(|told| redact::headers(told.headers)).unwrap_or_default(),
            answer: told.map(|told| clip(told.body)).unwrap_or_default(),
            user: about.user,
            fault: about.fault,
            size: 0,
        };
        entry.size = entry.weight();
        let mut ring = self.lock();
        ring.last += 1;
        entry.number = ring.last;
        ring.bytes += entry.size;
        ring.entries.push_back(entry);
        while ring.entries.len() > MOST_ENTRIES || ring.bytes > MOST_BYTES {
            let Some(oldest) = ring.entries.pop_front() else { break };
            ring.bytes -= oldest.size;
        }
    }

    /// The newest entries that are wanted, oldest first.
    pub(crate) fn find(&self, filter: &Filter) -> Value {
        let ring = self.lock();
        let found = ring.entries.iter().rev().filter(|entry| filter.fits(entry));
        let mut shown: Vec<Value> = found.take(filter.limit).map(Entry::shown).collect();
        shown.reverse();
        Value::Array(shown)
    }

    /// Entries and bytes that are kept.
    pub(crate) fn size(&self) -> (usize, usize) {
        let ring = self.lock();
        (ring.entries.len(), ring.bytes)
    }

    /// Forgets all entries; numbers go on.
    pub(crate) fn clear(&self) {
        let mut ring = self.lock();
        ring.entries = VecDeque::new();
        ring.bytes = 0;
    }
}

impl Entry {
    /// About how many bytes it takes.
    fn weight(&self) -> usize {
        let headers = self.request_headers.iter().chain(&self.answer_headers);
        let headers: usize = headers.map(|(name, value)| name.len() + value.len() + 48).sum();
        size_of::<Self>()
            + headers
            + self.target.len()
            + self.request.text.len()
            + self.answer.text.len()
    }

    fn shown(&self) -> Value {
        json!({
            "number": self.number,
            "at": clock::partner_center(self.at),
            "duration_us": self.microseconds,
            "system": self.system,
            "method": self.method,
            "path": self.target,
            "status": self.status,
            "user": self.user,
            "fault": self.fault,
            "request": { "headers": map(&self.request_headers), "body": self.request.text, "bytes": self.request.bytes },
            "answer": { "headers": map(&self.answer_headers), "body": self.answer.text, "bytes": self.answer.bytes },
        })
    }
}

fn map(headers: &[(String, String)]) -> Map<String, Value> {
    headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Method;

    fn about(system: &'static str) -> About {
        About { system, at: 0, microseconds: 5, user: Some("rep".to_owned()), fault: None }
    }

    fn find(journal: &Journal, query: &str) -> Vec<Value> {
        let call = Call::new(Method::Get, &format!("/requests?{query}"), Vec::new(), Vec::new());
        journal.find(&Filter::read(&call)).as_array().unwrap().clone()
    }

    #[test]
    fn the_newest_are_kept_by_number_and_by_bytes() {
        let journal = Journal::default();
        let body = vec![b'x'; 100_000];
        let call = Call::new(Method::Post, "/a", Vec::new(), body);
        for _ in 0..2000 {
            journal.add(&call, None, about("salesforce"));
        }
        let (entries, bytes) = journal.size();
        assert!(bytes <= MOST_BYTES && entries < 520 && entries > 400, "{entries} {bytes}");
        let newest = find(&journal, "limit=1");
        assert_eq!((&newest[0]["number"], &newest[0]["status"]), (&json!(2000), &Value::Null));
        assert_eq!(newest[0]["request"]["bytes"], json!(100_000));
        let small = Call::new(Method::Get, "/b?x=1", Vec::new(), Vec::new());
        for _ in 0..MOST_ENTRIES + 5 {
            journal.add(&small, None, about("webhooks"));
        }
        assert_eq!(journal.size().0, MOST_ENTRIES);
    }

    #[test]
    fn entries_are_found_by_what_is_known_of_them() {
        let journal = Journal::default();
        for (method, path, status) in
            [(Method::Get, "/a", 200), (Method::Post, "/a/b", 404), (Method::Get, "/b", 503)]
        {
            let told = Told { status, headers: &[], body: b"{}" };
            let call = Call::new(method, path, Vec::new(), Vec::new());
            journal.add(&call, Some(told), about("salesforce"));
        }
        for (query, count) in [
            ("method=get", 2),
            ("path=/a", 2),
            ("status=404", 1),
            ("status=5xx", 1),
            ("status=none", 0),
            ("user=rep", 3),
            ("user=cosell", 0),
            ("system=webhooks", 0),
            ("fault=any", 0),
            ("after=2", 1),
            ("limit=2", 2),
        ] {
            assert_eq!(find(&journal, query).len(), count, "{query}");
        }
        assert_eq!(find(&journal, "limit=2")[0]["number"], json!(2));
    }
}
