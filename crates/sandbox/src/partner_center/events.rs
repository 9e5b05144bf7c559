//! News of referrals. In come changes; out go webhook bodies into the outbox, if somebody registered for
//! them. It must not know how they are sent.

use serde_json::{Value, json};

use super::{PartnerHome, disorder, referral::text};
use crate::{clock, database::StoreError, outbox::Delivery, store::Tx};

/// What happened to a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Updated,
}

/// Where webhooks go.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    pub(crate) url: String,
    pub(crate) events: Vec<String>,
    /// The signature goes into `x-ms-signature`.
    pub(crate) signature_aside: bool,
    /// The id of whoever registered.
    pub(crate) subscriber: String,
}

const KEPT: (&str, &str) = ("webhook", "registration");

/// The registration, if there is one.
pub(crate) fn registration(tx: &Tx<'_>) -> Result<Option<Registration>, StoreError> {
    let kept = tx.doc(KEPT.0, KEPT.1)?;
    Ok(kept.map(|kept| Registration {
        url: text(&kept, "/url").to_owned(),
        events: kept
            .get("events")
            .and_then(Value::as_array)
            .map(|events| events.iter().filter_map(|e| e.as_str().map(str::to_owned)).collect())
            .unwrap_or_default(),
        signature_aside: kept.get("aside").and_then(Value::as_bool).unwrap_or(false),
        subscriber: text(&kept, "/subscriber").to_owned(),
    }))
}

/// Replaces the registration.
pub(crate) fn register(tx: &Tx<'_>, to: &Registration) -> Result<(), StoreError> {
    let kept = json!({
        "url": to.url,
        "events": to.events,
        "aside": to.signature_aside,
        "subscriber": to.subscriber,
    });
    tx.put_doc(KEPT.0, KEPT.1, &kept)
}

/// Forgets the registration.
pub(crate) fn unregister(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.drop_doc(KEPT.0, KEPT.1)
}

/// Puts the news of a change on its way.
pub(crate) fn notify(
    home: &PartnerHome,
    tx: &Tx<'_>,
    change: Change,
    referral: &Value,
) -> Result<(), StoreError> {
    let is_own = text(referral, "/organizationId") == home.organization().0;
    let name = match (is_own, change) {
        (true, Change::Created) => "referral-created",
        (true, Change::Updated) => "referral-updated",
        (false, Change::Created) => "related-referral-created",
        (false, Change::Updated) => "related-referral-updated",
    };
    let id = text(referral, "/id");
    let uri = format!("https://api.partnercenter.microsoft.com/engagements/v1/referrals/{id}");
    send(tx, name, "referral", &uri, None)?;
    Ok(())
}

/// Puts one webhook on its way; answers whether anybody registered for it.
pub(crate) fn send(
    tx: &Tx<'_>,
    name: &str,
    resource: &str,
    uri: &str,
    correlation: Option<String>,
) -> Result<bool, StoreError> {
    let Some(to) = registration(tx)? else {
        return Ok(false);
    };
    if !to.events.iter().any(|event| event.eq_ignore_ascii_case(name)) {
        return Ok(false);
    }
    let body = json!({
        "EventName": name,
        "ResourceUri": uri,
        "ResourceName": resource,
        "AuditUri": null,
        "ResourceChangeUtcDate": clock::webhook(tx.now_ticks()),
    });
    let delivery = Delivery {
        number: 0,
        url: to.url,
        body: body.to_string(),
        signature_aside: to.signature_aside,
        correlation,
        attempts: 0,
    };
    for wait in disorder::waits(tx)? {
        tx.enqueue(&delivery, wait)?;
    }
    Ok(true)
}
