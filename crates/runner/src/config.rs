//! What an operator sets: `cosell.yaml`, with secrets by reference only.
//!
//! In: text, and a way to look up environment variables and files. Out: a [`Config`], or everything
//! that is wrong with it, each with its place. Must not know: how any setting is used.

mod environment;
mod limits;
mod old_deals;
mod read;
mod reload;
mod section;
mod yaml;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use connect::Secret;

use read::Reader;
use section::{Reading, Section};
use yaml::{Node, Part};

use crate::tokens::TokenFile;

pub use environment::{Account, Environment, Kind, OrgKind, Reach};
pub use limits::Limits;
pub use old_deals::OldDeals;
pub use reload::Reload;
pub use section::ConfigProblem;

/// A whole file: what is served, for all of its environments.
#[derive(Debug, Clone)]
pub struct Site {
    /// Where webhooks and the console are served.
    pub listen: SocketAddr,
    /// An unguessable part of the webhook's path, when one is wanted.
    pub webhook_secret: Option<Secret>,
    /// Its environments, in the order of the file; at least one.
    pub environments: Vec<Config>,
}

impl Site {
    /// Reads a configuration file and everything it refers to: the environment that is wanted, else all.
    pub fn load(path: &Path, wanted: Option<&str>) -> Result<Self, Vec<ConfigProblem>> {
        let (file, folder, text) = text_of(path)?;
        Self::parse(&file, &text, folder, wanted, &Surroundings)
    }

    /// Reads a configuration. `file` is shown in problems; relative paths start at `folder`.
    pub fn parse(
        file: &str,
        text: &str,
        folder: &Path,
        wanted: Option<&str>,
        lookup: &dyn Lookup,
    ) -> Result<Self, Vec<ConfigProblem>> {
        with_sections(file, text, |reading, section| {
            Reader::new(folder, lookup).site(reading, section, wanted)
        })
    }
}

/// Everything that can be set for an environment.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which environment it is.
    pub environment: Environment,
    /// Where it writes.
    pub reach: Reach,
    /// Where webhooks and the console are served.
    pub listen: SocketAddr,
    /// An unguessable part of the webhook's path, when one is wanted.
    pub webhook_secret: Option<Secret>,
    /// The state file.
    pub store: PathBuf,
    /// The mappings, resolved against the configuration's folder.
    pub maps: Vec<PathBuf>,
    /// Partner Center and how to sign in.
    pub partner_center: PartnerCenterSettings,
    /// Salesforce and how to sign in.
    pub salesforce: SalesforceSettings,
    /// Paces and bounds.
    pub limits: Limits,
    /// What becomes of maps that are changed while the service runs.
    pub reload: Reload,
    /// What a first start does with the deals that are there already.
    pub backfill: OldDeals,
    /// What was promoted; production takes its maps from there alone.
    pub releases: PathBuf,
    /// Production takes maps that are being tried out.
    pub allow_experimental: bool,
    /// The files that its secrets were found in.
    pub secret_files: Vec<PathBuf>,
}

/// Partner Center and how to sign in.
#[derive(Debug, Clone)]
pub struct PartnerCenterSettings {
    /// The referrals API.
    pub api: String,
    /// The webhook registrations.
    pub webhooks: String,
    /// The sign-in service.
    pub login: String,
    /// The partner's directory.
    pub tenant: String,
    /// The app's id.
    pub client_id: String,
    /// The partner's id (formerly MPN id), to compare with what referrals show.
    pub partner_id: Option<String>,
    /// The app's secret.
    pub client_secret: Option<Secret>,
    /// The refresh token as it was found.
    pub refresh_token: Secret,
    /// The file it came from: a rotated token is written back there.
    pub refresh_token_file: Option<TokenFile>,
    /// Webhooks.
    pub webhook: WebhookSettings,
}

/// Whose signatures are believed, and where webhooks are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Whose signatures are believed.
    pub trust: TrustSetting,
    /// The files that its certificates were found in.
    pub trust_files: Vec<PathBuf>,
    /// Whether the registration is looked at, and made, at start.
    pub register: bool,
    /// Whether another URL may be replaced.
    pub take_over: bool,
    /// The address under which the webhook is reached from outside.
    pub public_url: Option<String>,
    /// The events that are registered for, by name.
    pub events: Vec<String>,
}

/// Whose signatures are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustSetting {
    /// Certificates given as a file; nothing is fetched.
    Pinned {
        /// What is in it, in PEM form.
        certificate_pem: String,
    },
    /// Certificates that the calls name.
    Microsoft {
        /// The exact hosts they may come from.
        hosts: Vec<String>,
        /// The certificates their chain may end in, in PEM form.
        roots_pem: String,
        /// Their exact common name.
        subject: String,
    },
}

/// Salesforce and how to sign in.
#[derive(Debug, Clone)]
pub struct SalesforceSettings {
    /// The org's My Domain.
    pub login: String,
    /// The app's id.
    pub client_id: String,
    /// How the app signs in.
    pub sign_in: SalesforceSignIn,
    /// Such as `v64.0`.
    pub api_version: String,
    /// How changes are learnt of.
    pub events: Events,
    /// Where records may be beside `login`.
    pub hosts: Vec<String>,
}

/// How changes in Salesforce are learnt of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Events {
    /// By asking again and again.
    Poll,
    /// By change events; asking goes on at a slower pace.
    PubSub {
        /// The Pub/Sub API, such as `https://api.pubsub.salesforce.com:7443`.
        address: String,
    },
}

/// How the app signs in to Salesforce.
#[derive(Debug, Clone)]
pub enum SalesforceSignIn {
    /// With the app's secret, as its own user.
    Secret(Secret),
    /// With a key, for a user who was let in beforehand.
    Key {
        /// The user's name.
        username: String,
        /// In PEM form.
        private_key_pem: Secret,
    },
    /// With the token of a user who signed in once.
    Refresh {
        /// The app's secret, where it has one.
        client_secret: Option<Secret>,
        /// The token as it was found.
        token: Secret,
        /// The file it came from: a rotated token is written back there.
        file: Option<TokenFile>,
    },
}

impl SalesforceSignIn {
    /// The file of its refresh token, where it has one.
    pub fn token_file(&self) -> Option<&TokenFile> {
        match self {
            SalesforceSignIn::Refresh { file, .. } => file.as_ref(),
            SalesforceSignIn::Secret(_) | SalesforceSignIn::Key { .. } => None,
        }
    }
}

/// What of a configuration concerns the org alone.
#[derive(Debug, Clone)]
pub struct OrgConfig {
    /// Which environment it is.
    pub environment: Environment,
    /// The mappings, resolved against the configuration's folder.
    pub maps: Vec<PathBuf>,
    /// Salesforce and how to sign in.
    pub salesforce: SalesforceSettings,
}

impl OrgConfig {
    /// Reads the maps and the org's part of a configuration file. Nothing else needs to be in it yet.
    pub fn load(path: &Path, wanted: Option<&str>) -> Result<Self, Vec<ConfigProblem>> {
        let (file, folder, text) = text_of(path)?;
        Self::parse(&file, &text, folder, wanted, &Surroundings)
    }

    /// The same from a text. `file` is shown in problems; relative paths start at `folder`.
    pub fn parse(
        file: &str,
        text: &str,
        folder: &Path,
        wanted: Option<&str>,
        lookup: &dyn Lookup,
    ) -> Result<Self, Vec<ConfigProblem>> {
        with_sections(file, text, |reading, section| {
            Reader::new(folder, lookup).org(reading, section, wanted)
        })
    }
}

/// What of a configuration concerns the state alone: no secret is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateConfig {
    /// Which environment it is.
    pub environment: Environment,
    /// Where it writes.
    pub reach: Reach,
    /// Where the service answers.
    pub listen: SocketAddr,
    /// The state file.
    pub store: PathBuf,
    /// The mappings, resolved against the configuration's folder.
    pub maps: Vec<PathBuf>,
    /// What was promoted.
    pub releases: PathBuf,
    /// Production takes maps that are being tried out.
    pub allow_experimental: bool,
}

impl StateConfig {
    /// Reads where the state is kept, and by which maps: of the environment that is wanted, else of all.
    /// Nothing else needs to be in the file.
    pub fn load(path: &Path, wanted: Option<&str>) -> Result<Vec<Self>, Vec<ConfigProblem>> {
        let (file, folder, text) = text_of(path)?;
        with_sections(&file, &text, |reading, section| {
            Reader::new(folder, &Surroundings).states(reading, section, wanted)
        })
    }

    /// The same for the one environment that is wanted, or that there is.
    pub fn load_one(path: &Path, wanted: Option<&str>) -> Result<Self, Vec<ConfigProblem>> {
        let (file, folder, text) = text_of(path)?;
        with_sections(&file, &text, |reading, section| {
            Reader::new(folder, &Surroundings).state(reading, section, wanted)
        })
    }
}

/// Whose sign-in it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginPart {
    /// Partner Center.
    PartnerCenter,
    /// Salesforce.
    Salesforce,
}

/// What of a configuration a person needs to sign in; the token need not be there yet.
#[derive(Debug, Clone)]
pub struct LoginConfig {
    /// The sign-in service.
    pub login: String,
    /// The partner's directory, for Partner Center.
    pub tenant: Option<String>,
    /// The app's id.
    pub client_id: String,
    /// The app's secret, where there is one.
    pub client_secret: Option<Secret>,
    /// Where the refresh token is kept.
    pub refresh_token_file: TokenFile,
}

impl LoginConfig {
    /// Reads the part of one system. Nothing else needs to be in the file.
    pub fn load(
        path: &Path,
        wanted: Option<&str>,
        part: LoginPart,
    ) -> Result<Self, Vec<ConfigProblem>> {
        let (file, folder, text) = text_of(path)?;
        with_sections(&file, &text, |reading, section| {
            Reader::new(folder, &Surroundings).login(reading, section, wanted, part)
        })
    }
}

/// Where references are looked up; the process's own environment and disk, or a test's.
pub trait Lookup {
    /// An environment variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// A file's content, or why it cannot be read.
    fn file(&self, path: &Path) -> Result<Vec<u8>, String>;
    /// Whether a file is there, readable or not.
    fn is_there(&self, path: &Path) -> bool {
        self.file(path).is_ok()
    }
}

/// The process's own environment and disk.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings;

impl Lookup for Surroundings {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| error.to_string())
    }

    fn is_there(&self, path: &Path) -> bool {
        path.exists()
    }
}

impl Config {
    /// Reads the environment that is wanted, or that there is, and everything it refers to.
    pub fn load(path: &Path, wanted: Option<&str>) -> Result<Self, Vec<ConfigProblem>> {
        let (file, folder, text) = text_of(path)?;
        Self::parse(&file, &text, folder, wanted, &Surroundings)
    }

    /// The same from a text. `file` is shown in problems; relative paths start at `folder`.
    pub fn parse(
        file: &str,
        text: &str,
        folder: &Path,
        wanted: Option<&str>,
        lookup: &dyn Lookup,
    ) -> Result<Self, Vec<ConfigProblem>> {
        with_sections(file, text, |reading, section| {
            Reader::new(folder, lookup).config(reading, section, wanted)
        })
    }

    /// The same for somebody who looks at what lacks: where nobody has signed in yet, the token is empty.
    pub fn load_unsigned(path: &Path, wanted: Option<&str>) -> Result<Self, Vec<ConfigProblem>> {
        let (file, folder, text) = text_of(path)?;
        with_sections(&file, &text, |reading, section| {
            Reader::new(folder, &Surroundings).unsigned().config(reading, section, wanted)
        })
    }

    /// The environment that is wanted, or all that there are, for somebody who looks at what lacks.
    pub fn load_all_unsigned(
        path: &Path,
        wanted: Option<&str>,
    ) -> Result<Vec<Self>, Vec<ConfigProblem>> {
        if wanted.is_some() {
            return Self::load_unsigned(path, wanted).map(|config| vec![config]);
        }
        let (file, folder, text) = text_of(path)?;
        let site = with_sections(&file, &text, |reading, section| {
            Reader::new(folder, &Surroundings).unsigned().site(reading, section, None)
        });
        site.map(|site| site.environments)
    }
}

/// The file's name for messages, its folder and its text.
fn text_of(path: &Path) -> Result<(String, &Path, String), Vec<ConfigProblem>> {
    let file = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new("."));
    match std::fs::read_to_string(path) {
        Ok(text) => Ok((file, folder, text)),
        Err(error) => Err(vec![ConfigProblem {
            file,
            line: 1,
            column: 1,
            message: format!("expected a configuration file, found: {error}"),
            help: "name it with --config, or write one: docs/operating.md shows how".to_owned(),
        }]),
    }
}

/// What `read` makes of the outermost section, if nothing is wrong with it.
fn with_sections<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(&mut Reading<'_>, Section<'_>) -> Option<T>,
) -> Result<T, Vec<ConfigProblem>> {
    let mut reading = Reading { file, text, problems: Vec::new(), secret_files: Vec::new() };
    let tree = yaml::parse(text).map_err(|(spot, message)| {
        vec![ConfigProblem {
            file: file.to_owned(),
            line: spot.line,
            column: spot.column,
            message,
            help: "put the file into order there".to_owned(),
        }]
    })?;
    let entries = match tree {
        Node::Map(entries) => entries,
        Node::Nothing => Vec::new(),
        other @ (Node::Flag(_) | Node::Number(_) | Node::Text(_) | Node::List(_)) => {
            let message = format!("expected settings such as `listen:`, found {}", other.kind());
            reading.problem(&[], Part::Value, message, "start with `listen:`".to_owned());
            return Err(reading.problems);
        }
    };
    let found = read(&mut reading, Section::root(&entries));
    reading.problems.sort_by_key(|problem| (problem.line, problem.column));
    match found {
        Some(found) if reading.problems.is_empty() => Ok(found),
        Some(_) | None => Err(reading.problems),
    }
}
