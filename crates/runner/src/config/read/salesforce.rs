//! The part `salesforce`: org, sign-in, source of changes.
//!
//! In: its section. Out: settings; what is wrong goes to the reading. Must not know: the other parts.

use super::super::environment::Kind;
use super::super::section::{Reading, Section};
use super::super::yaml::Part;
use super::super::{Events, SalesforceSettings, SalesforceSignIn};
use super::Reader;
use super::tokens::SALESFORCE;

/// Where Salesforce's events come from.
const PUBSUB: &str = "https://api.pubsub.salesforce.com:7443";

impl Reader<'_> {
    pub(super) fn salesforce(
        &self,
        reading: &mut Reading<'_>,
        mut section: Section<'_>,
        kind: Kind,
    ) -> Option<SalesforceSettings> {
        let login = section.needed(reading, "login", "https://acme.my.salesforce.com");
        if let Some((message, help)) = login.as_deref().and_then(|login| kind.refuses_login(login))
        {
            reading.problem(&section.path_to("login"), Part::Value, message, help);
        }
        let client_id = section.needed(reading, "client_id", "the app's consumer key");
        let sign_in = self.sign_in(reading, &mut section);
        let version = section.text(reading, "api_version").unwrap_or("64.0".to_owned());
        let api_version = format!("v{}", version.trim_start_matches('v'));
        let events = change_source(reading, &mut section);
        let hosts = hosts(reading, &mut section);
        section.finish(reading);
        Some(SalesforceSettings {
            login: login?,
            client_id: client_id?,
            sign_in: sign_in?,
            api_version,
            events: events?,
            hosts,
        })
    }

    /// A key with a user's name, a refresh token, or a secret: one of them.
    fn sign_in(
        &self,
        reading: &mut Reading<'_>,
        section: &mut Section<'_>,
    ) -> Option<SalesforceSignIn> {
        let username = section.text(reading, "username");
        let key = section.text(reading, "private_key");
        let has_token = section.has("refresh_token");
        let path = section.path_to("private_key");
        let key = key.map(|reference| {
            self.look_up(reading, &path, "private_key", &reference).map(|(found, _)| found)
        });
        let token =
            has_token.then(|| self.token(reading, section, "file:refresh-token", SALESFORCE));
        if let Some(key) = key {
            if token.is_some() {
                let message =
                    "expected one way to sign in, found `private_key` and `refresh_token`";
                let help = "leave one of them out".to_owned();
                let path = section.path_to("refresh_token");
                reading.problem(&path, Part::Key, message.to_owned(), help);
            }
            if username.is_none() {
                section.missing(reading, "username", "cosell@acme.example");
            }
            return Some(SalesforceSignIn::Key { username: username?, private_key_pem: key? });
        }
        if let Some(token) = token {
            let secret = self.maybe_secret(reading, section, "client_secret");
            let client_secret = secret.map(|(secret, _)| secret);
            let (token, file) = token?;
            return Some(SalesforceSignIn::Refresh { client_secret, token, file });
        }
        let secret = self.secret(reading, section, "client_secret", "env:SALESFORCE_CLIENT_SECRET");
        secret.map(|(secret, _)| SalesforceSignIn::Secret(secret))
    }
}

/// Where records may be beside the address of the sign-in.
fn hosts(reading: &mut Reading<'_>, section: &mut Section<'_>) -> Vec<String> {
    let mut hosts = Vec::new();
    for (path, text) in section.texts(reading, "hosts").unwrap_or_default() {
        let whole = if text.contains("://") { text } else { format!("https://{text}") };
        match connect::salesforce::origin(&whole) {
            Some(origin) if origin.starts_with("http") => hosts.push(origin),
            Some(_) | None => {
                let message = "expected a host in `hosts`, found another text".to_owned();
                let help = "write a host such as na139.salesforce.com".to_owned();
                reading.problem(&path, Part::Value, message, help);
            }
        }
    }
    hosts
}

/// How changes in Salesforce are learnt of, and where its events come from.
fn change_source(reading: &mut Reading<'_>, section: &mut Section<'_>) -> Option<Events> {
    let source = section.text(reading, "events");
    let address = section.text(reading, "pubsub").unwrap_or_else(|| PUBSUB.to_owned());
    if !address.starts_with("https://") && !address.starts_with("http://") {
        let message =
            "expected an address that begins with https:// at `pubsub`, found another text";
        let help = format!("leave it out, or write `pubsub: {PUBSUB}`");
        reading.problem(&section.path_to("pubsub"), Part::Value, message.to_owned(), help);
    }
    match source.as_deref() {
        None | Some("poll") => Some(Events::Poll),
        Some("pubsub") => Some(Events::PubSub { address }),
        Some(_) => {
            let message = "expected `pubsub` or `poll` at `events`, found another text".to_owned();
            let help = "write `events: pubsub`".to_owned();
            reading.problem(&section.path_to("events"), Part::Value, message, help);
            None
        }
    }
}
