//! The part `limits`: paces and bounds.
//!
//! In: its section. Out: limits; what is wrong goes to the reading. Must not know: the other parts.

use super::super::Limits;
use super::super::section::{Reading, Section};

pub(super) fn limits(reading: &mut Reading<'_>, mut section: Section<'_>) -> Limits {
    let usual = Limits::default();
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let mut span = |name, usual| section.seconds(reading, name).unwrap_or(usual);
    let mut limits = Limits {
        poll: span("poll_seconds", usual.poll),
        sweep: span("sweep_seconds", usual.sweep),
        census: span("census_seconds", usual.census),
        lease: span("lease_seconds", usual.lease),
        create_check: span("create_check_seconds", usual.create_check),
        retry: span("retry_seconds", usual.retry),
        retry_most: span("retry_most_seconds", usual.retry_most),
        denied_retry: span("denied_retry_seconds", usual.denied_retry),
        registration: span("registration_seconds", usual.registration),
        overlap: span("overlap_seconds", usual.overlap),
        reload: span("reload_seconds", usual.reload),
        ..usual
    };
    if let Some(workers) = section.count(reading, "workers", 1, 64) {
        limits.workers = size(workers);
    }
    if let Some(bytes) = section.count(reading, "max_body_bytes", 256, 1024 * 1024) {
        limits.max_body_bytes = size(bytes);
    }
    if let Some(connections) = section.count(reading, "connections", 1, 10_000) {
        limits.connections = size(connections);
    }
    if let Some(writes) = section.count(reading, "writes_per_hour", 1, 1_000_000) {
        limits.writes_per_hour = writes;
    }
    if let Some(deals) = section.count(reading, "preview_deals", 1, 1_000_000) {
        limits.preview_deals = size(deals);
    }
    if let Some(pace) = section.count(reading, "preview_deals_per_second", 1, 1000) {
        limits.preview_pace = u32::try_from(pace).unwrap_or(1);
    }
    if let Some(most) = section.count(reading, "most_gone", 0, 1_000_000) {
        limits.most_gone = size(most);
    }
    let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    if let Some(failures) = section.count(reading, "wire_failures", 1, 1000) {
        limits.wire_failures = number(failures);
    }
    if let Some(share) = section.count(reading, "backfill_share", 0, 100) {
        limits.backfill_share = number(share);
    }
    if let Some(share) = section.count(reading, "salesforce_daily_share", 1, 100) {
        limits.salesforce_daily_share = number(share);
    }
    if let Some(calls) = section.count(reading, "partner_center_per_minute", 0, 1_000_000) {
        limits.partner_center_per_minute = number(calls);
    }
    section.finish(reading);
    limits
}
