//! Change events of Salesforce: whether each object's stream can be opened.
//!
//! In: a client, the configuration, the objects that the maps look into. Out: checks. Must not know:
//! maps. An object that was never selected in Setup has a stream too: it stays silent, and no call tells.

use std::collections::BTreeSet;

use connect::salesforce::events::From;
use connect::{Error, Salesforce};
use runner::config::{Config, Events};

use super::{Check, failed};

const ID: &str = "salesforce-events";

/// Subscribes to each object and leaves at once.
pub(super) async fn look(
    config: &Config,
    org: &Salesforce,
    objects: &BTreeSet<String>,
) -> Option<Check> {
    let Events::PubSub { address } = &config.salesforce.events else { return None };
    let (mut heard, mut polled) = (Vec::new(), Vec::new());
    for object in objects {
        match org.subscribe(address, object, From::Now).await {
            Ok(_) => heard.push(object.as_str()),
            Err(Error::Refused { .. }) => polled.push(object.as_str()),
            Err(error) => return Some(failed(ID, &error)),
        }
    }
    let without = match polled.as_slice() {
        [] => String::new(),
        polled => format!("; {} is only polled: there are no events for it", polled.join(", ")),
    };
    Some(match heard.as_slice() {
        [] => Check::wrong(
            ID,
            "Salesforce lets the sync user hear of no object".to_owned(),
            "select the objects in Setup, Change Data Capture (`cosell salesforce package --events`), \
             and let the sync user read them",
        ),
        heard => Check::fine(ID, format!("{} can be listened to{without}", heard.join(", "))),
    })
}
