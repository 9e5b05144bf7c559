//! Which settings there are, what they are when nothing is written, and what each must look like.
//!
//! In: the sections of a configuration. Out: settings; what is wrong goes to the reading. Must not
//! know: YAML, or how any setting is used.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use connect::Secret;
use mapping::problem::nearest;

use super::section::{Reading, Section};
use super::yaml::{Part, Step};
use crate::webhook::KNOWN;

use super::{
    Config, Events, Limits, LoginConfig, LoginPart, Lookup, OrgConfig, PartnerCenterSettings,
    SalesforceSettings, SalesforceSignIn, StateConfig, TrustSetting, WebhookSettings,
};

/// The one host that Microsoft's certificates come from.
const CERTIFICATE_HOST: &str = "3psostorageacct.blob.core.windows.net";
/// The name in Microsoft's certificate.
const CERTIFICATE_SUBJECT: &str = "pcnotifications-dispatch.microsoft.com";

/// Where Salesforce's events come from.
const PUBSUB: &str = "https://api.pubsub.salesforce.com:7443";

/// Reads settings, resolving paths and references.
pub(super) struct Reader<'l> {
    pub(super) folder: &'l Path,
    pub(super) lookup: &'l dyn Lookup,
}

impl Reader<'_> {
    pub(super) fn config(
        &self,
        reading: &mut Reading<'_>,
        mut section: Section<'_>,
    ) -> Option<Config> {
        let listen = listen(reading, &mut section);
        let webhook_secret = self.maybe_secret(reading, &mut section, "webhook_secret");
        let store = self.store(reading, &mut section);
        let maps = self.maps(reading, &mut section);
        let partner_center = if let Some(block) = section.block(reading, "partner_center") {
            self.partner_center(reading, block)
        } else {
            section.missing(reading, "partner_center", "…");
            None
        };
        let salesforce = self.salesforce_of(reading, &mut section);
        let limits = match section.block(reading, "limits") {
            Some(block) => limits(reading, block),
            None => Limits::default(),
        };
        section.finish(reading);
        Some(Config {
            listen: listen?,
            webhook_secret: webhook_secret.map(|(secret, _)| secret),
            store: store?,
            maps: maps?,
            partner_center: partner_center?,
            salesforce: salesforce?,
            limits,
        })
    }

    /// What concerns the org alone; the other sections are nobody's business here.
    pub(super) fn org(
        &self,
        reading: &mut Reading<'_>,
        mut section: Section<'_>,
    ) -> Option<OrgConfig> {
        let maps = self.maps(reading, &mut section);
        let salesforce = self.salesforce_of(reading, &mut section);
        Some(OrgConfig { maps: maps?, salesforce: salesforce? })
    }

    /// What concerns the state alone.
    pub(super) fn state(
        &self,
        reading: &mut Reading<'_>,
        mut section: Section<'_>,
    ) -> Option<StateConfig> {
        let listen = listen(reading, &mut section);
        let store = self.store(reading, &mut section);
        let maps = self.maps(reading, &mut section);
        Some(StateConfig { listen: listen?, store: store?, maps: maps? })
    }

    /// What a person needs to sign in.
    pub(super) fn login(
        &self,
        reading: &mut Reading<'_>,
        mut section: Section<'_>,
        part: LoginPart,
    ) -> Option<LoginConfig> {
        let name = match part {
            LoginPart::PartnerCenter => "partner_center",
            LoginPart::Salesforce => "salesforce",
        };
        let Some(mut block) = section.block(reading, name) else {
            section.missing(reading, name, "…");
            return None;
        };
        let (login, tenant) = match part {
            LoginPart::PartnerCenter => {
                let usual = "https://login.microsoftonline.com".to_owned();
                let login = block.text(reading, "login").unwrap_or(usual);
                (Some(login), block.needed(reading, "tenant", "contoso.onmicrosoft.com").map(Some))
            }
            LoginPart::Salesforce => {
                let example = "https://acme.my.salesforce.com";
                (block.needed(reading, "login", example), Some(None))
            }
        };
        let client_id = block.needed(reading, "client_id", "the app's id");
        let client_secret = self.maybe_secret(reading, &mut block, "client_secret");
        let reference = block.needed(reading, "refresh_token", "file:refresh-token")?;
        let Some(file) = reference.strip_prefix("file:") else {
            let message = "expected a file at `refresh_token`, found another reference".to_owned();
            let help = "write `refresh_token: file:PATH`: the token is kept there".to_owned();
            reading.problem(&block.path_to("refresh_token"), Part::Value, message, help);
            return None;
        };
        Some(LoginConfig {
            login: login?,
            tenant: tenant?,
            client_id: client_id?,
            client_secret: client_secret.map(|(secret, _)| secret),
            refresh_token_file: self.folder.join(file),
        })
    }

    fn salesforce_of(
        &self,
        reading: &mut Reading<'_>,
        section: &mut Section<'_>,
    ) -> Option<SalesforceSettings> {
        if let Some(block) = section.block(reading, "salesforce") {
            return self.salesforce(reading, block);
        }
        section.missing(reading, "salesforce", "…");
        None
    }

    fn store(&self, reading: &mut Reading<'_>, section: &mut Section<'_>) -> Option<PathBuf> {
        let text = section.needed(reading, "store", "sqlite:cosell.db")?;
        let path = text.strip_prefix("sqlite:").filter(|path| !path.is_empty());
        if path.is_none() {
            let message = "expected `sqlite:` and a path at `store`, found another text".to_owned();
            let help = "write `store: sqlite:cosell.db`".to_owned();
            reading.problem(&section.path_to("store"), Part::Value, message, help);
        }
        path.map(|path| self.folder.join(path))
    }

    fn maps(&self, reading: &mut Reading<'_>, section: &mut Section<'_>) -> Option<Vec<PathBuf>> {
        let maps = section.texts(reading, "maps").unwrap_or_default();
        if maps.is_empty() {
            section.missing(reading, "maps", "[opportunity.map]");
            return None;
        }
        Some(maps.into_iter().map(|(_, path)| self.folder.join(path)).collect())
    }

    fn partner_center(
        &self,
        reading: &mut Reading<'_>,
        mut section: Section<'_>,
    ) -> Option<PartnerCenterSettings> {
        let mut host =
            |name, usual: &str| section.text(reading, name).unwrap_or_else(|| usual.to_owned());
        let api = host("api", "https://api.partner.microsoft.com");
        let webhooks = host("webhooks", "https://api.partnercenter.microsoft.com");
        let login = host("login", "https://login.microsoftonline.com");
        let tenant = section.needed(reading, "tenant", "contoso.onmicrosoft.com");
        let client_id = section.needed(reading, "client_id", "the app's id");
        let client_secret = self.maybe_secret(reading, &mut section, "client_secret");
        let token = self.secret(reading, &mut section, "refresh_token", "file:refresh-token");
        let webhook = if let Some(block) = section.block(reading, "webhook") {
            self.webhook(reading, block)
        } else {
            section.missing(reading, "webhook", "…");
            None
        };
        section.finish(reading);
        let (refresh_token, refresh_token_file) = token?;
        Some(PartnerCenterSettings {
            api,
            webhooks,
            login,
            tenant: tenant?,
            client_id: client_id?,
            client_secret: client_secret.map(|(secret, _)| secret),
            refresh_token,
            refresh_token_file,
            webhook: webhook?,
        })
    }

    fn webhook(
        &self,
        reading: &mut Reading<'_>,
        mut section: Section<'_>,
    ) -> Option<WebhookSettings> {
        let trust = self.trust(reading, &mut section);
        let register = section.flag(reading, "register").unwrap_or(false);
        let take_over = section.flag(reading, "take_over").unwrap_or(false);
        let public_url = section.text(reading, "public_url");
        if register && public_url.is_none() {
            section.missing(reading, "public_url", "https://cosell.example.com");
        }
        let events = events(reading, &mut section);
        section.finish(reading);
        Some(WebhookSettings { trust: trust?, register, take_over, public_url, events })
    }

    fn trust(&self, reading: &mut Reading<'_>, section: &mut Section<'_>) -> Option<TrustSetting> {
        let text = section.needed(reading, "trust", "microsoft")?;
        let roots = section.texts(reading, "roots").unwrap_or_default();
        let hosts = section.texts(reading, "hosts").unwrap_or_default();
        let subject = section.text(reading, "subject");
        let path = section.path_to("trust");
        if let Some(file) = text.strip_prefix("pinned ") {
            let bytes = self.file(reading, &path, &self.folder.join(file.trim()))?;
            let certificate_pem = String::from_utf8_lossy(&bytes).into_owned();
            return Some(TrustSetting::Pinned { certificate_pem });
        }
        if text != "microsoft" {
            let message = "expected `microsoft` or `pinned FILE` at `trust`, found another text";
            let help = "write `trust: microsoft`".to_owned();
            reading.problem(&path, Part::Value, message.to_owned(), help);
            return None;
        }
        if roots.is_empty() {
            section.missing(reading, "roots", "[microsoft-roots.pem]");
            return None;
        }
        let mut roots_pem = String::new();
        for (path, root) in roots {
            let bytes = self.file(reading, &path, &self.folder.join(root))?;
            roots_pem.push_str(&String::from_utf8_lossy(&bytes));
            roots_pem.push('\n');
        }
        let mut hosts: Vec<String> = hosts.into_iter().map(|(_, host)| host).collect();
        if hosts.is_empty() {
            hosts.push(CERTIFICATE_HOST.to_owned());
        }
        let subject = subject.unwrap_or_else(|| CERTIFICATE_SUBJECT.to_owned());
        Some(TrustSetting::Microsoft { hosts, roots_pem, subject })
    }

    fn salesforce(
        &self,
        reading: &mut Reading<'_>,
        mut section: Section<'_>,
    ) -> Option<SalesforceSettings> {
        let login = section.needed(reading, "login", "https://acme.my.salesforce.com");
        let client_id = section.needed(reading, "client_id", "the app's consumer key");
        let sign_in = self.sign_in(reading, &mut section);
        let version = section.text(reading, "api_version").unwrap_or("64.0".to_owned());
        let api_version = format!("v{}", version.trim_start_matches('v'));
        let events = change_source(reading, &mut section);
        section.finish(reading);
        Some(SalesforceSettings {
            login: login?,
            client_id: client_id?,
            sign_in: sign_in?,
            api_version,
            events: events?,
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
        let token = section.text(reading, "refresh_token");
        let mut look = |name: &'static str, reference: &str| {
            self.look_up(reading, &section.path_to(name), name, reference).map(|(found, _)| found)
        };
        let key = key.map(|reference| look("private_key", &reference));
        let token = token.map(|reference| look("refresh_token", &reference));
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
            return Some(SalesforceSignIn::Refresh { client_secret, token: token? });
        }
        let secret = self.secret(reading, section, "client_secret", "env:SALESFORCE_CLIENT_SECRET");
        secret.map(|(secret, _)| SalesforceSignIn::Secret(secret))
    }

    fn secret(
        &self,
        reading: &mut Reading<'_>,
        section: &mut Section<'_>,
        name: &'static str,
        example: &str,
    ) -> Option<(Secret, Option<PathBuf>)> {
        let reference = section.needed(reading, name, example)?;
        self.look_up(reading, &section.path_to(name), name, &reference)
    }

    fn maybe_secret(
        &self,
        reading: &mut Reading<'_>,
        section: &mut Section<'_>,
        name: &'static str,
    ) -> Option<(Secret, Option<PathBuf>)> {
        let reference = section.text(reading, name)?;
        self.look_up(reading, &section.path_to(name), name, &reference)
    }

    fn look_up(
        &self,
        reading: &mut Reading<'_>,
        path: &[Step],
        name: &str,
        reference: &str,
    ) -> Option<(Secret, Option<PathBuf>)> {
        let (text, file) = if let Some(variable) = reference.strip_prefix("env:") {
            let Some(text) = self.lookup.variable(variable) else {
                let message = format!("expected a secret in the variable {variable}, found none");
                let help = format!("set {variable} before the start");
                reading.problem(path, Part::Value, message, help);
                return None;
            };
            (text, None)
        } else if let Some(file) = reference.strip_prefix("file:") {
            let file = self.folder.join(file);
            let bytes = self.file(reading, path, &file)?;
            (String::from_utf8_lossy(&bytes).into_owned(), Some(file))
        } else {
            let message = format!("expected a reference at `{name}`, found the secret itself");
            let help = "put it into a file or a variable and write `file:PATH` or `env:NAME`";
            reading.problem(path, Part::Value, message, help.to_owned());
            return None;
        };
        let text = text.trim();
        if text.is_empty() {
            let message = format!("expected a secret for `{name}`, found an empty text");
            reading.problem(path, Part::Value, message, "put the secret there".to_owned());
            return None;
        }
        Some((Secret::new(text), file))
    }

    fn file(&self, reading: &mut Reading<'_>, path: &[Step], file: &Path) -> Option<Vec<u8>> {
        match self.lookup.file(file) {
            Ok(bytes) => Some(bytes),
            Err(why) => {
                let message = format!("expected the file {}, found: {why}", file.display());
                let help = "put the file there or correct the path".to_owned();
                reading.problem(path, Part::Value, message, help);
                None
            }
        }
    }
}

/// The events to register for: all that are known, unless some are named.
fn events(reading: &mut Reading<'_>, section: &mut Section<'_>) -> Vec<String> {
    let Some(named) = section.texts(reading, "events") else {
        return KNOWN.map(str::to_owned).to_vec();
    };
    let mut events = Vec::new();
    for (path, name) in named {
        if let Some(known) = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(&name)) {
            events.push((*known).to_owned());
            continue;
        }
        let message = format!("expected an event of Partner Center in `events`, found `{name}`");
        let help = match nearest(&name, KNOWN) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are: {}", KNOWN.join(", ")),
        };
        reading.problem(&path, Part::Value, message, help);
    }
    events
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

fn limits(reading: &mut Reading<'_>, mut section: Section<'_>) -> Limits {
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
    section.finish(reading);
    limits
}

fn listen(reading: &mut Reading<'_>, section: &mut Section<'_>) -> Option<SocketAddr> {
    let text = section.text(reading, "listen").unwrap_or("127.0.0.1:8080".to_owned());
    let listen = text.parse().ok();
    if listen.is_none() {
        let message = "expected an address and a port at `listen`, found another text";
        let help = "write an address such as 127.0.0.1:8080".to_owned();
        reading.problem(&section.path_to("listen"), Part::Value, message.to_owned(), help);
    }
    listen
}
