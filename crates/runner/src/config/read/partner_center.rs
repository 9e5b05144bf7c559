//! The part `partner_center`: hosts, sign-in, webhook.
//!
//! In: its section. Out: settings; what is wrong goes to the reading. Must not know: the other parts.

use std::path::PathBuf;

use mapping::problem::nearest;

use super::super::environment::{Account, Kind, Reach};
use super::super::section::{Reading, Section};
use super::super::yaml::Part;
use super::super::{PartnerCenterSettings, TrustSetting, WebhookSettings};
use super::Reader;
use super::environments::account;
use super::tokens::PARTNER_CENTER;
use crate::webhook::KNOWN;

/// The one host that Microsoft's certificates come from.
const CERTIFICATE_HOST: &str = "3psostorageacct.blob.core.windows.net";
/// The name in Microsoft's certificate.
const CERTIFICATE_SUBJECT: &str = "pcnotifications-dispatch.microsoft.com";

impl Reader<'_> {
    pub(super) fn partner_center(
        &self,
        reading: &mut Reading<'_>,
        mut section: Section<'_>,
        kind: Kind,
    ) -> Option<(PartnerCenterSettings, Account)> {
        let account = account(reading, &mut section, kind);
        let mut host =
            |name, usual: &str| section.text(reading, name).unwrap_or_else(|| usual.to_owned());
        let api = host("api", "https://api.partner.microsoft.com");
        let webhooks = host("webhooks", "https://api.partnercenter.microsoft.com");
        let login = host("login", "https://login.microsoftonline.com");
        let tenant = section.needed(reading, "tenant", "contoso.onmicrosoft.com");
        let client_id = section.needed(reading, "client_id", "the app's id");
        let partner_id = section.text(reading, "partner_id");
        let client_secret = self.maybe_secret(reading, &mut section, "client_secret");
        let token = self.token(reading, &mut section, "file:refresh-token", PARTNER_CENTER);
        let webhook = if let Some(block) = section.block(reading, "webhook") {
            self.webhook(reading, block)
        } else {
            section.missing(reading, "webhook", "…");
            None
        };
        section.finish(reading);
        let (refresh_token, refresh_token_file) = token?;
        let account = account?;
        let mut webhook = webhook?;
        // Who writes to the referrals owns the registration: it is one for the whole account.
        webhook.register &= Reach::of(kind, account) == Reach::Both;
        let settings = PartnerCenterSettings {
            api,
            webhooks,
            login,
            tenant: tenant?,
            client_id: client_id?,
            partner_id,
            client_secret: client_secret.map(|(secret, _)| secret),
            refresh_token,
            refresh_token_file,
            webhook,
        };
        Some((settings, account))
    }

    fn webhook(
        &self,
        reading: &mut Reading<'_>,
        mut section: Section<'_>,
    ) -> Option<WebhookSettings> {
        let mut trust_files = Vec::new();
        let trust = self.trust(reading, &mut section, &mut trust_files);
        let register = section.flag(reading, "register").unwrap_or(false);
        let take_over = section.flag(reading, "take_over").unwrap_or(false);
        let public_url = section.text(reading, "public_url");
        if register && public_url.is_none() {
            section.missing(reading, "public_url", "https://cosell.example.com");
        }
        let events = events(reading, &mut section);
        section.finish(reading);
        Some(WebhookSettings {
            trust: trust?,
            trust_files,
            register,
            take_over,
            public_url,
            events,
        })
    }

    fn trust(
        &self,
        reading: &mut Reading<'_>,
        section: &mut Section<'_>,
        files: &mut Vec<PathBuf>,
    ) -> Option<TrustSetting> {
        let text = section.needed(reading, "trust", "microsoft")?;
        let roots = section.texts(reading, "roots").unwrap_or_default();
        let hosts = section.texts(reading, "hosts").unwrap_or_default();
        let subject = section.text(reading, "subject");
        let path = section.path_to("trust");
        if let Some(file) = text.strip_prefix("pinned ") {
            let file = self.folder.join(file.trim());
            let bytes = self.file(reading, &path, &file)?;
            files.push(file);
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
            let root = self.folder.join(root);
            let bytes = self.file(reading, &path, &root)?;
            files.push(root);
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
