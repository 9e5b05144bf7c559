//! This machine: the state file, the port, the maps, the files with secrets, the way in.
//!
//! In: a configuration. Out: checks. Must not know: the two systems.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use runner::Error;
use runner::config::{Config, Kind, TrustSetting};
use runner::store::{Role, SqliteStore};
use runner::tokens::TokenFile;

use super::{Check, State, wrong};
use crate::terminal::{count, shown};

/// The check of what was promoted.
pub(super) const RELEASE: &str = "release";

/// All of them.
pub(super) async fn look(config: &Config) -> Vec<Check> {
    let mut checks = vec![state(&config.store), listen(config).await];
    checks.extend(maps(config));
    checks.extend(secrets(config));
    checks.push(trust(config));
    checks.push(way_in(config).await);
    checks
}

fn state(path: &Path) -> Check {
    let id = "state-file";
    if path.exists() {
        return match SqliteStore::open(path, Role::Visitor) {
            Ok(_) => open_to_others(id, path).unwrap_or_else(|| Check::fine(id, shown(path))),
            Err(error) => Check::wrong(id, error.to_string(), crate::office::remedy(&error)),
        };
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let nearest = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    match can_write(nearest) {
        Ok(()) => Check::fine(id, format!("{} will be made at the first start", shown(path))),
        Err(error) => Check::wrong(
            id,
            format!("{} cannot be made: {error}", shown(path)),
            "let your user write to the folder, or name another file at `store`",
        ),
    }
}

/// A state file, or a companion of it, that others may read: it holds values of records.
fn open_to_others(id: &'static str, path: &Path) -> Option<Check> {
    let files = ["", "-wal", "-shm"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    });
    let open: Vec<String> = files
        .iter()
        .filter(|file| others_may(file, EVERYBODY | GROUP))
        .map(|file| shown(file))
        .collect();
    (!open.is_empty()).then(|| {
        let said =
            format!("{} can be read by other users, and holds values of records", open.join(", "));
        Check::note(id, said, format!("chmod 600 {}", open.join(" ")))
    })
}

/// The rights of all other users, and those of the file's group, in a file's mode.
const EVERYBODY: u32 = 0o007;
const GROUP: u32 = 0o070;

/// Whether a file is there on which others have some of these rights.
#[cfg(unix)]
fn others_may(file: &Path, rights: u32) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|found| found.permissions().mode() & rights != 0)
}

#[cfg(not(unix))]
fn others_may(_: &Path, _: u32) -> bool {
    false
}

/// Whether a file can be made in a folder; it is gone afterwards.
fn can_write(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".cosell-doctor-{}", std::process::id()));
    std::fs::File::create_new(&probe)?;
    std::fs::remove_file(&probe)
}

async fn listen(config: &Config) -> Check {
    let (id, at) = ("listen", config.listen);
    match TcpListener::bind(at) {
        Ok(_) => Check::fine(id, format!("{at} is free")),
        Err(_) if runner::ask::status(at, None).await.is_some() => {
            Check::fine(id, format!("the service answers at {at}"))
        }
        Err(error) => {
            let to_do = match error.kind() {
                ErrorKind::AddrNotAvailable => {
                    "write an address of this machine at `listen`, such as \
                     127.0.0.1, or 0.0.0.0 for all"
                }
                ErrorKind::PermissionDenied => {
                    "your user may not use that port: choose one above 1023 at `listen`"
                }
                _ => "end the program that uses the port, or choose another one at `listen`",
            };
            Check::wrong(id, format!("{at} cannot be listened on: {error}"), to_do)
        }
    }
}

/// The maps against the schemas beside them, or those that are built in.
fn maps(config: &Config) -> Vec<Check> {
    let id = "maps";
    let mut checks = Vec::new();
    for path in &config.maps {
        match runner::serve::load_maps(std::slice::from_ref(path)) {
            Ok(_) => checks.push(Check::fine(id, shown(path))),
            Err(Error::Map(report)) => {
                let help = format!("`cosell check {}` shows the place", shown(path));
                checks.extend(wrong(id, &report, &help));
            }
            Err(error) => {
                checks.push(Check::wrong(id, error.to_string(), "correct `maps`, or the file"));
            }
        }
    }
    checks.extend(together(config, &checks));
    checks
}

/// What a service would begin with: the maps together, or the release of production.
fn together(config: &Config, each: &[Check]) -> Option<Check> {
    let production = config.environment.kind == Kind::Production;
    let id = if production { RELEASE } else { "maps" };
    let as_said = each.iter().all(|check| check.state == State::Fine);
    match runner::serve::could_begin(config) {
        Ok(Some(release)) => {
            let short = release.get(..12).unwrap_or(&release);
            Some(Check::fine(id, format!("{short} is whole, as it was promoted")))
        }
        Ok(None) => None,
        // What is wrong with one of the maps was told.
        Err(_) if !production && !as_said => None,
        Err(Error::Map(report)) => wrong(id, &report, "promote the map as it is now").pop(),
        Err(error) => Some(Check::wrong(id, error.to_string(), crate::serve::remedy(&error))),
    }
}

/// Files with secrets that others may read, and whether a renewed token can be kept.
fn secrets(config: &Config) -> Vec<Check> {
    let id = "secret-files";
    let own = config.partner_center.refresh_token_file.as_ref();
    let of_org = config.salesforce.sign_in.token_file();
    let tokens: Vec<PathBuf> =
        [own, of_org].into_iter().flatten().flat_map(TokenFile::files).collect();
    let mut checks = Vec::new();
    let open: Vec<&PathBuf> =
        tokens.iter().filter(|file| others_may(file, EVERYBODY | GROUP)).collect();
    if !open.is_empty() {
        checks.push(Check::wrong(id, readable(&open), format!("chmod 600 {}", names(&open, " "))));
    }
    let others = config.secret_files.iter().filter(|file| !tokens.contains(file));
    let open: Vec<&PathBuf> = others.filter(|file| others_may(file, EVERYBODY)).collect();
    if !open.is_empty() {
        let to_do = format!("chmod 600 {}, or mount them so", names(&open, " "));
        checks.push(Check::note(id, readable(&open), to_do));
    }
    let Some(TokenFile { path: file, .. }) = own else {
        checks.push(Check::note(
            id,
            "the refresh token is not in a file: when Microsoft replaces it, the new one is lost at the end",
            "write `refresh_token: file:PATH`",
        ));
        return checks;
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Err(error) = can_write(folder.unwrap_or(Path::new("."))) {
        let said = format!("a renewed token cannot be kept beside {}: {error}", shown(file));
        checks.push(Check::wrong(id, said, "let your user write to the folder"));
    }
    if checks.is_empty() && cfg!(unix) {
        checks.push(Check::fine(id, format!("{} is readable for its user alone", shown(file))));
    }
    checks
}

fn readable(files: &[&PathBuf]) -> String {
    format!("{} can be read by other users", names(files, ", "))
}

fn names(files: &[&PathBuf], between: &str) -> String {
    files.iter().map(|file| shown(file)).collect::<Vec<_>>().join(between)
}

/// Whether signatures of webhooks can be judged.
fn trust(config: &Config) -> Check {
    let id = "webhook-trust";
    let webhook = &config.partner_center.webhook;
    match (runner::serve::verifier(webhook), &webhook.trust) {
        (Ok(_), TrustSetting::Pinned { .. }) => Check::fine(id, "a pinned certificate is believed"),
        (Ok(_), TrustSetting::Microsoft { hosts, subject, .. }) => {
            Check::fine(id, format!("{subject}, from {}", hosts.join(", ")))
        }
        (Err(error), _) => Check::wrong(
            id,
            error.to_string(),
            "name files with certificates in PEM form at `trust` or `roots`",
        ),
    }
}

/// Whether Microsoft can reach the service under the address it is told.
async fn way_in(config: &Config) -> Check {
    let id = "webhook-address";
    let to_do =
        "put a proxy that ends TLS before the service, and write its address at `public_url`";
    let Some(url) = runner::serve::webhook_url(config) else {
        let said = "none: changes at Microsoft are found by the sweep alone";
        return Check::note(id, said, to_do);
    };
    let local =
        ["://127.", "://localhost", "://[::1]"].iter().any(|part| url.whole().contains(part));
    match (url.whole().starts_with("https://"), local) {
        (_, true) => Check::note(id, format!("{url} is on this machine only"), to_do),
        (false, false) => {
            Check::wrong(id, format!("{url} is not https: Microsoft calls nothing else"), to_do)
        }
        (true, false) => match unresolved(url.whole()).await {
            None => Check::fine(id, url.to_string()),
            Some(why) => Check::wrong(
                id,
                format!("the host of {url} is not known: {why}"),
                "correct `public_url`, or have the name entered in the DNS",
            ),
        },
    }
}

/// Why the host of an address has no address of its own.
async fn unresolved(url: &str) -> Option<String> {
    let host = url.strip_prefix("https://")?.split(['/', '?', '#']).next()?;
    let port = host.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    let host = if port.is_some() { host.to_owned() } else { format!("{host}:443") };
    match tokio::net::lookup_host(host).await {
        Ok(mut found) => found.next().is_none().then(|| "the name has no address".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// `3 maps`, for what follows.
pub(super) fn maps_in_words(config: &Config) -> String {
    count(config.maps.len(), "map")
}
