//! Calls that this organisation always refuses: it has no platform events to publish, and no managed
//! subscriptions. In come their requests; out go Salesforce's reasons. It must not know the gRPC library.

use std::{sync::Arc, time::Instant};

use serde_json::json;

use super::{
    Code, Hub, Noted, Refused, Ticket, Topic,
    messages::{ManagedFetchRequest, PublishRequest},
};

fn invalid(word: &'static str, message: &str) -> Refused {
    Refused::new(Code::InvalidArgument, word, message)
}

impl Hub {
    /// Why an event is not published.
    pub(super) async fn publish(
        self: &Arc<Self>,
        method: &'static str,
        ticket: Ticket,
        request: PublishRequest,
    ) -> Refused {
        let asked = json!({ "topicName": request.topic_name, "events": request.events.len() });
        self.refuse(method, asked, ticket, move |tx| {
            if request.topic_name.is_empty() {
                return Ok(invalid("publish.topic.validation.empty", "The topic name is empty."));
            }
            if request.events.is_empty() {
                let message = "The publish request contains no events.";
                return Ok(invalid("publish.event.count.invalid", message));
            }
            let Some(_) = Topic::read(tx, &request.topic_name)? else {
                return Ok(Refused::no_topic(&request.topic_name));
            };
            let message = "Events cannot be published to a change event topic.";
            Ok(Refused::new(Code::PermissionDenied, "publish.topic.cannot.publish", message))
        })
        .await
    }

    /// Why there is no managed subscription.
    pub(super) async fn managed(
        self: &Arc<Self>,
        ticket: Ticket,
        request: ManagedFetchRequest,
    ) -> Refused {
        let asked = json!({
            "subscriptionId": request.subscription_id,
            "developerName": request.developer_name,
            "numRequested": request.num_requested,
        });
        self.refuse("ManagedSubscribe", asked, ticket, move |_| {
            let (id, name) = (&request.subscription_id, &request.developer_name);
            Ok(if id.is_empty() == name.is_empty() {
                let message = "Give either the ID or the developer name of a subscription.";
                invalid("managed.subscription.id.or.developer.name.empty", message)
            } else if request.num_requested < 0 {
                let message = "The number of requested events must not be negative.";
                invalid("managed.subscription.fetch.request.events.invalid", message)
            } else if id.is_empty() {
                let message = format!("The managed subscription {name} was not found.");
                let word = "managed.subscription.developer.name.not.found";
                Refused::new(Code::NotFound, word, message)
            } else if !matches!(id.len(), 15 | 18) {
                let message = "The ID of a subscription has 15 or 18 characters.";
                invalid("managed.subscription.subscription.id.invalid", message)
            } else {
                let message = format!("The managed subscription {id} was not found.");
                let word = "managed.subscription.subscription.id.not.found";
                Refused::new(Code::NotFound, word, message)
            })
        })
        .await
    }

    async fn refuse(
        self: &Arc<Self>,
        method: &'static str,
        asked: serde_json::Value,
        ticket: Ticket,
        why: impl FnOnce(&crate::store::Tx<'_>) -> super::Told<Refused> + Send + 'static,
    ) -> Refused {
        let begun = Instant::now();
        let told = self.with_state(move |hub, tx| {
            hub.admit(tx, &ticket)?;
            why(tx)
        });
        let refused = told.await.unwrap_or_else(|refused| refused);
        let told = serde_json::Value::Null;
        self.note(&Noted { method, asked, told, begun, refused: Some(&refused), fault: None });
        refused
    }
}
