//! Change events of Salesforce, as hints that records may have changed.
//!
//! In: an object's name, where to begin. Out: which records changed, and where to go on from. The values in
//! an event are not read: records are read by whoever takes the hint. It must not know what a change means.

mod avro;
mod messages;
mod wire;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use self::avro::Layout;
use self::messages::{FetchRequest, FetchResponse};
use self::wire::{Channel, Stream};
use super::{Salesforce, origin};
use crate::error::Error;
use crate::ids::RecordId;

/// Events asked for at once; the most that is allowed.
const ASKED: i32 = 100;
/// Even a quiet stream says within 270 seconds that it is alive.
const QUIET: Duration = Duration::from_mins(5);

/// A place in the stream of an object's events: opaque, kept to go on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayId(Vec<u8>);

impl fmt::Display for ReplayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl ReplayId {
    /// Reads what `Display` writes. None: it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(pair).collect();
        bytes.filter(|bytes| !bytes.is_empty() && text.len().is_multiple_of(2)).map(Self)
    }
}

/// Where a subscription begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// With the next event.
    Now,
    /// With the oldest one that is kept.
    Oldest,
    /// After a place that was reached before.
    After(ReplayId),
}

/// What happened to records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Made, or taken out of the bin.
    Made,
    /// Changed.
    Changed,
    /// Deleted.
    Deleted,
    /// Something of it, without further word.
    Gap,
    /// So much that single records are not named: look at all of them.
    Overflow,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The object, such as `Opportunity`.
    pub object: String,
    /// What happened.
    pub kind: Kind,
    /// Which records.
    pub records: Vec<RecordId>,
    /// By which program: ours say `client=` and our name. Empty for what no call did.
    pub origin: String,
}

/// What came at once; empty when the stream only says that it is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The events, oldest first.
    pub changes: Vec<Change>,
    /// Where to go on from once all of them are kept.
    pub upto: Option<ReplayId>,
}

/// A running subscription to one object's events.
#[derive(Debug)]
pub struct Subscription {
    topic: String,
    channel: Channel,
    stream: Stream,
    layouts: HashMap<String, Layout>,
    /// Events that were asked for and did not come yet.
    awaited: i32,
}

/// What the events of an object's changes are called: `Opportunity` and `Deal__c` differ in their ends.
pub fn change_event(object: &str) -> String {
    match object.strip_suffix("__c") {
        Some(custom) => format!("{custom}__ChangeEvent"),
        None => format!("{object}ChangeEvent"),
    }
}

/// The name of an object's topic.
fn topic(object: &str) -> String {
    format!("/data/{}", change_event(object))
}

impl Salesforce {
    /// Subscribes to the changes of `object` at the Pub/Sub API of `endpoint`.
    ///
    /// [`Error::Gone`]: the place to begin at is too old; begin with [`From::Oldest`] and look at all
    /// records. [`Error::Refused`]: the object has no events, or the user may not have them.
    pub async fn subscribe(
        &self,
        endpoint: &str,
        object: &str,
        from: From,
    ) -> Result<Subscription, Error> {
        let destination = origin(endpoint).unwrap_or_default();
        self.door.egress().allow(&destination);
        self.door.egress().admits(&destination);
        let tenant = self.who().await?.organization.clone();
        let first = self.door.bearer(None).await?;
        let number = first.number();
        match self.open(endpoint, tenant.as_str(), first, object, from.clone()).await {
            Err(wire::Failure::Token(_)) => {
                let renewed = self.door.bearer(Some(number)).await?;
                self.open(endpoint, tenant.as_str(), renewed, object, from)
                    .await
                    .map_err(Error::from)
            }
            opened => opened.map_err(Error::from),
        }
    }

    async fn open(
        &self,
        endpoint: &str,
        tenant: &str,
        bearer: crate::token::Bearer,
        object: &str,
        from: From,
    ) -> Result<Subscription, wire::Failure> {
        let instance = bearer.instance.clone().unwrap_or_default();
        let channel = Channel::open(endpoint, &bearer.token, &instance, tenant).await?;
        let topic = topic(object);
        channel.check(&topic).await?;
        let (preset, replay_id) = match from {
            From::Now => (messages::LATEST, Vec::new()),
            From::Oldest => (messages::EARLIEST, Vec::new()),
            From::After(ReplayId(bytes)) => (messages::CUSTOM, bytes),
        };
        let ask = FetchRequest {
            topic_name: topic.clone(),
            replay_preset: preset,
            replay_id,
            num_requested: ASKED,
            ..FetchRequest::default()
        };
        let stream = channel.subscribe(ask).await?;
        Ok(Subscription { topic, channel, stream, layouts: HashMap::new(), awaited: ASKED })
    }
}

impl Subscription {
    /// Waits for the next events. Any error ends the subscription; [`Error::Gone`]: the place is too old.
    pub async fn next(&mut self) -> Result<Batch, Error> {
        let came = tokio::time::timeout(QUIET, self.stream.next()).await;
        let Ok(came) = came else {
            return Err(Error::later(None, "the stream of events was silent for too long"));
        };
        let FetchResponse { events, latest_replay_id, .. } = came?;
        let mut changes = Vec::with_capacity(events.len());
        let mut upto = (!latest_replay_id.is_empty()).then_some(ReplayId(latest_replay_id));
        let count = i32::try_from(events.len()).unwrap_or(i32::MAX);
        for came in events {
            upto = Some(ReplayId(came.replay_id));
            let Some(event) = came.event else { continue };
            changes.extend(self.read(&event.schema_id, &event.payload).await?);
        }
        self.awaited = self.awaited.saturating_sub(count);
        if self.awaited <= ASKED / 2 {
            let more = ASKED - self.awaited;
            let topic_name = self.topic.clone();
            self.stream
                .ask(FetchRequest { topic_name, num_requested: more, ..FetchRequest::default() })
                .await?;
            self.awaited = ASKED;
        }
        Ok(Batch { changes, upto })
    }

    async fn read(&mut self, schema: &str, payload: &[u8]) -> Result<Option<Change>, Error> {
        if !self.layouts.contains_key(schema) {
            let text = self.channel.schema(schema).await?;
            let layout = Layout::parse(&text)
                .ok_or_else(|| Error::later(None, "the layout of an event cannot be read"))?;
            self.layouts.insert(schema.to_owned(), layout);
        }
        let Some(layout) = self.layouts.get(schema) else { return Ok(None) };
        let head = layout
            .head(payload)
            .ok_or_else(|| Error::later(None, "an event does not have its own layout"))?;
        let kind = match head.kind.as_str() {
            "CREATE" | "UNDELETE" => Kind::Made,
            "UPDATE" => Kind::Changed,
            "DELETE" => Kind::Deleted,
            "GAP_OVERFLOW" => Kind::Overflow,
            // Also what is not known yet: something happened.
            _ => Kind::Gap,
        };
        let records = head.records.iter().filter_map(|id| RecordId::parse(id).ok()).collect();
        Ok(Some(Change { object: head.object, kind, records, origin: head.origin }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_and_read_back() {
        let place = ReplayId(vec![0, 1, 0xab]);
        assert_eq!(place.to_string(), "0001ab");
        assert_eq!(ReplayId::parse("0001ab"), Some(place));
        for wrong in ["", "0", "0g", "00a", "ä0"] {
            assert_eq!(ReplayId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn topics_of_custom_objects_end_otherwise() {
        assert_eq!(topic("Opportunity"), "/data/OpportunityChangeEvent");
        assert_eq!(topic("Microsoft_Solution__c"), "/data/Microsoft_Solution__ChangeEvent");
    }
}
