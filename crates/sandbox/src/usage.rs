//! What the sandbox costs. In come requests, counted, and what the system says of this process; out go numbers
//! that tell its part from that of whoever is measured against it. It must not know what a request means.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use serde_json::{Value, json};

use crate::serve::System;

/// Requests since the start.
#[derive(Debug)]
pub(crate) struct Usage {
    started: Instant,
    /// What the process had used before: making its records may take longer than all requests.
    before: (u64, u64),
    requests: [AtomicU64; 4],
    received: AtomicU64,
    sent: AtomicU64,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            before: so_far().unwrap_or_default(),
            requests: Default::default(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        }
    }
}

/// All systems, in the order of their counts.
const ALL: [System; 4] =
    [System::Salesforce, System::PartnerCenter, System::Webhooks, System::Admin];

impl Usage {
    /// Counts one request and the bytes of both bodies.
    pub(crate) fn count(&self, system: System, received: usize, sent: usize) {
        let place = ALL.iter().position(|other| *other == system).unwrap_or_default();
        if let Some(count) = self.requests.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        for (count, bytes) in [(&self.received, received), (&self.sent, sent)] {
            count.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// Everything, as `GET /usage` answers it. CPU and memory are those of the process, and null where the
    /// system does not tell.
    pub(crate) fn shown(&self, log: (usize, usize)) -> Value {
        let counts = self.requests.iter().map(|count| count.load(Ordering::Relaxed));
        let mut requests: serde_json::Map<String, Value> = ALL
            .iter()
            .zip(counts.clone())
            .map(|(system, count)| (system.name().to_owned(), json!(count)))
            .collect();
        requests.insert("total".to_owned(), json!(counts.sum::<u64>()));
        let (user, system) = self.before;
        let cpu = so_far().map(|now| (now.0.saturating_sub(user), now.1.saturating_sub(system)));
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let up = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        json!({
            "pid": std::process::id(),
            "uptime_ms": up,
            "requests": requests,
            "bytes": {
                "received": self.received.load(Ordering::Relaxed),
                "sent": self.sent.load(Ordering::Relaxed),
            },
            "cpu": {
                "user_ms": cpu.map(|(user, _)| user),
                "system_ms": cpu.map(|(_, system)| system),
            },
            "memory": {
                "resident_bytes": kilobytes(&status, "VmRSS:").map(|kilobytes| kilobytes * 1024),
                "peak_bytes": kilobytes(&status, "VmHWM:").map(|kilobytes| kilobytes * 1024),
            },
            "log": { "entries": log.0, "bytes": log.1 },
        })
    }
}

/// Milliseconds of user and system time of this process.
fn so_far() -> Option<(u64, u64)> {
    cpu(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// Milliseconds of user and system time in `/proc/self/stat`, whose ticks are hundredths of a second.
fn cpu(stat: &str) -> Option<(u64, u64)> {
    // The name, in brackets, may hold blanks.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.trim().parse().ok()?;
    Some((user * 10, system * 10))
}

/// A line `Name:  123 kB` of `/proc/self/status`.
fn kilobytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_tells_is_read() {
        let stat = "42 (a b) c) S 1 42 42 0 -1 4194560 100 0 0 0 123 45 0 0 20 0 3 0 99 1 2\n";
        assert_eq!(cpu(stat), Some((1230, 450)));
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(kilobytes(status, "VmRSS:"), Some(1024));
        assert_eq!(kilobytes(status, "VmSwap:"), None);
    }

    #[test]
    fn requests_are_counted_for_each_system() {
        let usage = Usage::default();
        usage.count(System::Salesforce, 5, 7);
        usage.count(System::Salesforce, 5, 7);
        usage.count(System::Webhooks, 0, 1);
        let shown = usage.shown((3, 4));
        assert_eq!(shown["requests"]["salesforce"], json!(2));
        assert_eq!(shown["requests"]["total"], json!(3));
        assert_eq!(shown["bytes"], json!({ "received": 10, "sent": 15 }));
    }
}
