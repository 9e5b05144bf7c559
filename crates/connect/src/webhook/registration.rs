//! Who gets the webhook calls of a partner account.
//!
//! In: the address and events wanted. Out: the registration as it is. There is one per account:
//! registering silently takes the calls away from whoever had them, so read it first. It receives no
//! calls itself.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::address::Address;
use super::event::EventName;
use crate::error::Error;
use crate::members::Members;
use crate::partner_center::PartnerCenter;
use crate::send::{Answer, Body, Request, Verb, encode};

const PATH: &str = "/webhooks/v1/registration";

/// Which address gets which events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The address that is called.
    pub url: Address,
    /// The events it is called for, by name.
    pub events: Vec<String>,
    /// The id of the subscriber, when the answer holds one.
    pub subscriber: Option<String>,
}

/// How a test call fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validation {
    /// For example `completed`.
    pub status: String,
    /// One entry for each attempt.
    pub results: Vec<ValidationResult>,
}

/// One attempt of a test call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationResult {
    /// What the address answered, for example `OK`.
    pub response_code: String,
    /// Partner Center itself failed.
    pub system_error: bool,
}

impl PartnerCenter {
    /// Reads the registration. `None` when there is none.
    pub async fn registration(&self) -> Result<Option<Registration>, Error> {
        let request = Request::get("read webhook registration", self.webhooks.at(PATH));
        match self.call_webhooks(request).await {
            Ok(answer) => read(&answer),
            Err(Error::Gone { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes `url` the address that is called for `events`, in place of any other. With
    /// `signature_in_own_header` the signature comes as `x-ms-signature`, for receivers that cannot
    /// see `Authorization`.
    pub async fn register(
        &self,
        url: &str,
        events: &[EventName],
        signature_in_own_header: bool,
    ) -> Result<Registration, Error> {
        let names: Vec<Value> = events.iter().map(|event| event.as_str().into()).collect();
        let mut members = Map::new();
        members.insert("WebhookUrl".to_owned(), url.into());
        members.insert("WebhookEvents".to_owned(), names.into());
        if signature_in_own_header {
            members.insert("SignatureTokenToMsSignatureHeader".to_owned(), true.into());
        }
        let verb = if self.registration().await?.is_some() { Verb::Put } else { Verb::Post };
        let body = Body::Json(Value::Object(members).to_string());
        let request = Request::write("register webhook", verb, self.webhooks.at(PATH), body);
        let answer = self.call_webhooks(request).await?;
        read(&answer)?.ok_or_else(|| answer.unreadable("holds no registration"))
    }

    /// The names of all events one can register for.
    pub async fn events(&self) -> Result<Vec<String>, Error> {
        let request = Request::get("list webhook events", self.at("/events"));
        let answer = self.call_webhooks(request).await?;
        serde_json::from_str(answer.text()?).map_err(|_| answer.unreadable("is no list of names"))
    }

    /// Asks for a `test-created` call, at most twice a minute. Returns the id to ask about it.
    pub async fn send_validation(&self) -> Result<String, Error> {
        let url = self.at("/validationEvents");
        let mut request = Request::write("send test event", Verb::Post, url, Body::None);
        request.writes = false;
        let answer = self.call_webhooks(request).await?;
        let id = Members::of(answer.text()?).and_then(|members| members.text("correlationId"));
        id.ok_or_else(|| answer.unreadable("holds no correlation id"))
    }

    /// How the test call with this id fared so far.
    pub async fn validation(&self, correlation: &str) -> Result<Validation, Error> {
        let url = self.at(&format!("/validationEvents/{}", encode(correlation)));
        let answer = self.call_webhooks(Request::get("read test event", url)).await?;
        let text = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let body: Value = serde_json::from_str(answer.text()?)
            .map_err(|_| answer.unreadable("is no json object"))?;
        let results = body.get("results").and_then(Value::as_array).into_iter().flatten();
        let results = results.map(|result| ValidationResult {
            response_code: text(result, "responseCode"),
            system_error: result.get("systemError").and_then(Value::as_bool).unwrap_or(false),
        });
        Ok(Validation { status: text(&body, "status"), results: results.collect() })
    }

    fn at(&self, rest: &str) -> String {
        self.webhooks.at(&format!("{PATH}{rest}"))
    }
}

/// `None` when the answer is a registration without an address.
fn read(answer: &Answer) -> Result<Option<Registration>, Error> {
    let text = answer.text()?;
    if text.trim().is_empty() || text.trim() == "null" {
        return Ok(None);
    }
    let members = Members::of(text).ok_or_else(|| answer.unreadable("is no registration"))?;
    let Some(url) = members.text("WebhookUrl") else { return Ok(None) };
    let events = members.raw("WebhookEvents").map_or("[]", RawValue::get);
    let events: Vec<String> = serde_json::from_str(events).unwrap_or_default();
    let url = Address::new(url);
    Ok(Some(Registration { url, events, subscriber: members.text("SubscriberId") }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::responder::{Responder, reply};
    use crate::{PartnerCenterConfig, Secret, Timeouts};

    fn client(url: &str) -> PartnerCenter {
        PartnerCenter::new(PartnerCenterConfig {
            api: url.to_owned(),
            webhooks: url.to_owned(),
            login: url.to_owned(),
            tenant: "t".to_owned(),
            client_id: "app".to_owned(),
            client_secret: None,
            refresh_token: Secret::new("kept"),
            timeouts: Timeouts::default(),
        })
        .unwrap()
    }

    #[tokio::test]
    async fn registering_replaces_what_is_there() {
        for existing in [true, false] {
            let responder = Responder::start(move |asked, _| {
                let registration = r#"{"WebhookUrl":"https://a.example/h","WebhookEvents":["referral-created"],"SubscriberId":"s"}"#;
                match asked.line.split(' ').next().unwrap() {
                    _ if asked.line.contains("/oauth2/") => reply(200, r#"{"access_token":"t"}"#),
                    "GET" if !existing => reply(404, ""),
                    _ => reply(200, registration),
                }
            })
            .await;
            let client = client(&responder.url);
            let events = [EventName::ReferralCreated, EventName::TestCreated];
            let made = client.register("https://a.example/h", &events, true).await.unwrap();
            assert_eq!(made.events, ["referral-created"]);
            assert_eq!(made.subscriber.as_deref(), Some("s"));
            let asked = responder.asked();
            assert!(
                asked[0].body.contains("resource=https%3A%2F%2Fapi.partnercenter.microsoft.com")
            );
            let verb = if existing { "PUT" } else { "POST" };
            assert_eq!(asked[2].line, format!("{verb} /webhooks/v1/registration HTTP/1.1"));
            assert_eq!(
                asked[2].body,
                r#"{"WebhookUrl":"https://a.example/h","WebhookEvents":["referral-created","test-created"],"SignatureTokenToMsSignatureHeader":true}"#
            );
        }
    }

    #[tokio::test]
    async fn a_test_call_is_asked_for_and_followed() {
        let responder = Responder::start(|asked, _| {
            let body = match asked.line.split(' ').nth(1).unwrap() {
                "/t/oauth2/token" => r#"{"access_token":"t"}"#,
                "/webhooks/v1/registration/validationEvents" => r#"{"correlationId":"c 1"}"#,
                "/webhooks/v1/registration/events" => r#"["referral-created"]"#,
                _ => {
                    r#"{"status":"completed","results":[{"responseCode":"OK","systemError":false}]}"#
                }
            };
            reply(200, body)
        })
        .await;
        let client = client(&responder.url);
        assert_eq!(client.events().await.unwrap(), ["referral-created"]);
        let id = client.send_validation().await.unwrap();
        let validation = client.validation(&id).await.unwrap();
        assert_eq!((validation.status.as_str(), validation.results.len()), ("completed", 1));
        assert!(responder.asked()[3].line.contains("/validationEvents/c%201 "));
    }
}
