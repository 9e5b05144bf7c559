//! This machine: the state file, the port, the maps, the files with secrets, the way in.
//!
//! In: a configuration. Out: checks. Must not know: the two systems.

use std::net::TcpListener;
use std::path::Path;

use connect::webhook::{Trust, Verifier};
use runner::Error;
use runner::config::{Config, TrustSetting};
use runner::store::{Role, SqliteStore};

use super::{Check, wrong};
use crate::terminal::{count, shown};

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
            Ok(_) => Check::fine(id, shown(path)),
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
        Err(error) => Check::wrong(
            id,
            format!("{at} cannot be listened on: {error}"),
            "end the program that uses the port, or choose another one at `listen`",
        ),
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
    checks
}

/// Files with secrets that others may read.
#[cfg(unix)]
fn secrets(config: &Config) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt as _;
    let id = "secret-files";
    let file = config.partner_center.refresh_token_file.as_ref().map(|file| &file.path);
    let Some(file) = file else {
        return Some(Check::note(
            id,
            "the refresh token is not in a file: when Microsoft replaces it, the new one is lost at the end",
            "write `refresh_token: file:PATH`",
        ));
    };
    let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let said = format!("{} can be read by other users (mode {mode:o})", shown(file));
        return Some(Check::wrong(id, said, format!("chmod 600 {}", shown(file))));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    if let Err(error) = can_write(folder) {
        let said = format!("a renewed token cannot be kept beside {}: {error}", shown(file));
        return Some(Check::wrong(id, said, "let your user write to the folder"));
    }
    Some(Check::fine(id, format!("{} is readable for its user alone", shown(file))))
}

#[cfg(not(unix))]
fn secrets(_: &Config) -> Option<Check> {
    None
}

/// Whether signatures of webhooks can be judged.
fn trust(config: &Config) -> Check {
    let id = "webhook-trust";
    let (trust, said) = match config.partner_center.webhook.trust.clone() {
        TrustSetting::Pinned { certificate_pem } => {
            (Trust::Pinned { certificate_pem }, "a pinned certificate is believed".to_owned())
        }
        TrustSetting::Microsoft { hosts, roots_pem, subject } => {
            let said = format!("{subject}, from {}", hosts.join(", "));
            (Trust::Microsoft { hosts, roots_pem, subject }, said)
        }
    };
    match Verifier::new(trust) {
        Ok(_) => Check::fine(id, said),
        Err(error) => Check::wrong(
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
    let local = ["://127.", "://localhost", "://[::1]"].iter().any(|part| url.contains(part));
    match (url.starts_with("https://"), local) {
        (_, true) => Check::note(id, format!("{url} is on this machine only"), to_do),
        (false, false) => {
            Check::wrong(id, format!("{url} is not https: Microsoft calls nothing else"), to_do)
        }
        (true, false) => match unresolved(&url).await {
            None => Check::fine(id, url),
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
