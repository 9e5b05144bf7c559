//! Which settings there are, what they are when nothing is written, and what each must look like.
//!
//! In: the sections of a configuration. Out: settings; what is wrong goes to the reading. Must not
//! know: YAML, or how any setting is used.

mod environments;
mod limits;
mod partner_center;
mod salesforce;
mod secrets;
mod tokens;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use connect::Secret;
use mapping::problem::nearest;

use super::section::{Reading, Section};
use super::yaml::Part;
use tokens::{PARTNER_CENTER, SALESFORCE};

use crate::tokens::TokenKey;

use super::environment::{Account, Kind, Reach};
use super::{
    Config, Limits, LoginConfig, LoginPart, Lookup, OldDeals, OrgConfig, Reload,
    SalesforceSettings, Site, StateConfig,
};
use environments::Place;

/// Where releases lie, beside the configuration.
const RELEASES: &str = "releases";

/// Reads settings, resolving paths and references.
pub(super) struct Reader<'l> {
    pub(super) folder: &'l Path,
    pub(super) lookup: &'l dyn Lookup,
    /// What refresh tokens are sealed with.
    token_key: TokenKey,
    /// A refresh token need not be there yet.
    unsigned: bool,
}

impl<'l> Reader<'l> {
    pub(super) fn new(folder: &'l Path, lookup: &'l dyn Lookup) -> Self {
        Self { folder, lookup, token_key: TokenKey::Beside, unsigned: false }
    }

    /// The same, for which a refresh token need not be there yet.
    pub(super) fn unsigned(self) -> Self {
        Self { unsigned: true, ..self }
    }

    /// The same, with the key that the configuration names for tokens.
    fn with_key(&self, reading: &mut Reading<'_>, section: &mut Section<'_>) -> Self {
        let token_key = self.token_key(reading, section);
        Self { token_key, folder: self.folder, lookup: self.lookup, unsigned: self.unsigned }
    }
}

impl Reader<'_> {
    /// The environment of a file that is wanted, else all.
    pub(super) fn site(
        &self,
        reading: &mut Reading<'_>,
        mut root: Section<'_>,
        wanted: Option<&str>,
    ) -> Option<Site> {
        let listen = listen(reading, &mut root);
        let webhook_secret = self.webhook_secret(reading, &mut root);
        let mut places = environments::all(reading, root)?;
        if wanted.is_some() {
            places = vec![environments::chosen(reading, places, wanted)?];
        }
        let count = places.len();
        let mut all = Vec::new();
        for place in places {
            all.extend(self.settings(reading, place, listen, webhook_secret.clone()));
        }
        environments::get_along(reading, &all);
        let whole = count > 0 && all.len() == count;
        Some(Site { listen: listen?, webhook_secret, environments: whole.then_some(all)? })
    }

    /// One environment of a file.
    pub(super) fn config(
        &self,
        reading: &mut Reading<'_>,
        mut root: Section<'_>,
        wanted: Option<&str>,
    ) -> Option<Config> {
        let listen = listen(reading, &mut root);
        let webhook_secret = self.webhook_secret(reading, &mut root);
        let places = environments::all(reading, root)?;
        let place = environments::chosen(reading, places, wanted)?;
        self.settings(reading, place, listen, webhook_secret)
    }

    fn settings(
        &self,
        reading: &mut Reading<'_>,
        Place { environment, mut section }: Place<'_>,
        listen: Option<SocketAddr>,
        webhook_secret: Option<Secret>,
    ) -> Option<Config> {
        // Those that all environments have come first; another one's are not this one's.
        let shared = reading.secret_files.len();
        let this = self.with_key(reading, &mut section);
        let kind = environment.kind;
        let store = self.store(reading, &mut section);
        let maps = self.maps(reading, &mut section);
        let partner_center = if let Some(block) = section.block(reading, "partner_center") {
            this.partner_center(reading, block, kind)
        } else {
            section.missing(reading, "partner_center", "…");
            None
        };
        let salesforce = this.salesforce_of(reading, &mut section, kind);
        let limits = match section.block(reading, "limits") {
            Some(block) => limits::limits(reading, block),
            None => Limits::default(),
        };
        let reload = reload(reading, &mut section);
        let backfill = old_deals(reading, &mut section);
        let allow_experimental = section.flag(reading, "allow_experimental").unwrap_or(false);
        section.finish(reading);
        let secret_files = reading.secret_files.clone();
        reading.secret_files.truncate(shared);
        let (partner_center, account) = partner_center?;
        Some(Config {
            reach: Reach::of(kind, account),
            environment,
            listen: listen?,
            webhook_secret,
            store: store?,
            maps: maps?,
            partner_center,
            salesforce: salesforce?,
            limits,
            reload,
            backfill,
            releases: self.folder.join(RELEASES),
            allow_experimental,
            secret_files,
        })
    }

    /// What concerns the org alone; the other sections are nobody's business here.
    pub(super) fn org(
        &self,
        reading: &mut Reading<'_>,
        root: Section<'_>,
        wanted: Option<&str>,
    ) -> Option<OrgConfig> {
        let places = environments::all(reading, root)?;
        let Place { environment, mut section } = environments::chosen(reading, places, wanted)?;
        let maps = self.maps(reading, &mut section);
        let this = self.with_key(reading, &mut section);
        let salesforce = this.salesforce_of(reading, &mut section, environment.kind);
        Some(OrgConfig { environment, maps: maps?, salesforce: salesforce? })
    }

    /// What concerns the state alone, of one environment.
    pub(super) fn state(
        &self,
        reading: &mut Reading<'_>,
        mut root: Section<'_>,
        wanted: Option<&str>,
    ) -> Option<StateConfig> {
        let listen = listen(reading, &mut root);
        let places = environments::all(reading, root)?;
        let place = environments::chosen(reading, places, wanted)?;
        self.kept(reading, place, listen)
    }

    /// The same of the environment that is wanted, or of all.
    pub(super) fn states(
        &self,
        reading: &mut Reading<'_>,
        mut root: Section<'_>,
        wanted: Option<&str>,
    ) -> Option<Vec<StateConfig>> {
        let listen = listen(reading, &mut root);
        let mut places = environments::all(reading, root)?;
        if wanted.is_some() {
            places = vec![environments::chosen(reading, places, wanted)?];
        }
        places.into_iter().map(|place| self.kept(reading, place, listen)).collect()
    }

    fn kept(
        &self,
        reading: &mut Reading<'_>,
        Place { environment, mut section }: Place<'_>,
        listen: Option<SocketAddr>,
    ) -> Option<StateConfig> {
        let store = self.store(reading, &mut section);
        let maps = self.maps(reading, &mut section);
        let allow_experimental = section.flag(reading, "allow_experimental").unwrap_or(false);
        let block = section.block(reading, "partner_center");
        let said = block.and_then(|mut block| block.text(reading, "account"));
        let account =
            if said.as_deref() == Some("shared") { Account::Shared } else { Account::Own };
        Some(StateConfig {
            reach: Reach::of(environment.kind, account),
            environment,
            listen: listen?,
            store: store?,
            maps: maps?,
            releases: self.folder.join(RELEASES),
            allow_experimental,
        })
    }

    /// What a person needs to sign in.
    pub(super) fn login(
        &self,
        reading: &mut Reading<'_>,
        root: Section<'_>,
        wanted: Option<&str>,
        part: LoginPart,
    ) -> Option<LoginConfig> {
        let places = environments::all(reading, root)?;
        let Place { mut section, .. } = environments::chosen(reading, places, wanted)?;
        let this = self.with_key(reading, &mut section);
        let (name, purpose) = match part {
            LoginPart::PartnerCenter => ("partner_center", PARTNER_CENTER),
            LoginPart::Salesforce => ("salesforce", SALESFORCE),
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
            refresh_token_file: this.token_file(self.folder.join(file), purpose),
        })
    }

    fn salesforce_of(
        &self,
        reading: &mut Reading<'_>,
        section: &mut Section<'_>,
        kind: Kind,
    ) -> Option<SalesforceSettings> {
        if let Some(block) = section.block(reading, "salesforce") {
            return self.salesforce(reading, block, kind);
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
        let mut paths: Vec<PathBuf> = Vec::new();
        for (at, name) in maps {
            let path = self.folder.join(&name);
            if paths.contains(&path) {
                let message = format!("the map `{name}` is named twice in `maps`");
                let help = "name each map once; is another one forgotten?".to_owned();
                reading.problem(&at, Part::Value, message, help);
            }
            paths.push(path);
        }
        Some(paths)
    }
}

fn reload(reading: &mut Reading<'_>, section: &mut Section<'_>) -> Reload {
    let all = [Reload::Auto, Reload::Ask, Reload::Off];
    let Some(text) = section.text(reading, "reload") else { return Reload::default() };
    let found = all.into_iter().find(|reload| reload.word() == text);
    if found.is_none() {
        let message = "expected `auto`, `ask` or `off` at `reload`, found another text";
        let help = match nearest(&text, all.map(Reload::word)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write `reload: auto`".to_owned(),
        };
        reading.problem(&section.path_to("reload"), Part::Value, message.to_owned(), help);
    }
    found.unwrap_or_default()
}

fn old_deals(reading: &mut Reading<'_>, section: &mut Section<'_>) -> OldDeals {
    let all = [OldDeals::Auto, OldDeals::Ask];
    let Some(text) = section.text(reading, "backfill") else { return OldDeals::default() };
    let found = all.into_iter().find(|old| old.word() == text);
    if found.is_none() {
        let message = "expected `auto` or `ask` at `backfill`, found another text";
        let help = "write `backfill: ask` to leave old deals until `cosell backfill start`";
        let path = section.path_to("backfill");
        reading.problem(&path, Part::Value, message.to_owned(), help.to_owned());
    }
    found.unwrap_or_default()
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
