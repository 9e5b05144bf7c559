//! Where a service with this configuration may send requests, and what for.
//!
//! In: the configuration. Out: a list. Must not know: how requests are sent; `connect` refuses all others.

use serde::Serialize;

use crate::config::{Config, Events, TrustSetting};

/// A destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Destination {
    /// Scheme, host and port; `https://*.host` stands for all hosts below.
    pub address: String,
    /// What is asked for there.
    pub what: &'static str,
    /// The setting that names it.
    pub setting: &'static str,
}

/// All of them.
pub fn destinations(config: &Config) -> Vec<Destination> {
    let partner_center = &config.partner_center;
    let mut list = vec![
        of(&partner_center.login, "sign-in to Microsoft", "partner_center.login"),
        of(&partner_center.api, "referrals", "partner_center.api"),
        of(&partner_center.webhooks, "the webhook's registration", "partner_center.webhooks"),
        of(&config.salesforce.login, "sign-in to Salesforce, records", "salesforce.login"),
    ];
    for host in connect::salesforce::instances(&config.salesforce.login) {
        list.push(of(&host, "records", "salesforce.login"));
    }
    for host in &config.salesforce.hosts {
        list.push(of(host, "records", "salesforce.hosts"));
    }
    match &config.salesforce.events {
        Events::Poll => {}
        Events::PubSub { address } => {
            list.push(of(address, "change events", "salesforce.pubsub"));
        }
    }
    match &partner_center.webhook.trust {
        TrustSetting::Pinned { .. } => {}
        TrustSetting::Microsoft { hosts, .. } => {
            for host in hosts {
                let address = format!("https://{host}");
                list.push(of(&address, "certificates of calls", "partner_center.webhook.hosts"));
            }
        }
    }
    list
}

fn of(address: &str, what: &'static str, setting: &'static str) -> Destination {
    let address = connect::salesforce::origin(address).unwrap_or_else(|| address.to_owned());
    Destination { address, what, setting }
}
