//! The service's configuration in the demo: the shipped maps, pointed at the sandbox.
//!
//! In: the demo's folder and what the sandbox said. Out: `cosell.yaml` and what it refers to. Must
//! not know: how the service uses it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::ready::write_text;
use crate::terminal::Stop;

/// The map that we ship, as it is in the program.
pub(super) const MAP: &str = include_str!("../../../../mappings/opportunity.map");

/// The map for leads that we ship.
const LEADS: &str = include_str!("../../../../mappings/lead.map");

/// Writes everything that `cosell serve` needs; the path of `cosell.yaml`.
///
/// The limits are those of a system on the same machine that shows its own writes at once; the
/// usual ones are wider.
pub(super) fn write(folder: &Path, sandbox: &Value) -> Result<PathBuf, Stop> {
    let text = |path: &[&str]| {
        let value = path.iter().fold(sandbox, |value, name| &value[*name]);
        value.as_str().unwrap_or_default().to_owned()
    };
    write_maps(folder)?;
    // A refresh token that the service has rotated is newer than the one the sandbox began with.
    let token = folder.join("partner-center-refresh-token");
    if !token.exists() {
        write_text(&token, &text(&["partner_center", "refresh_token"]))?;
    }
    write_text(&folder.join("salesforce-client-secret"), &text(&["salesforce", "client_secret"]))?;
    write_text(&folder.join("webhook-certificate.pem"), &text(&["certificate_pem"]))?;
    let port = port(&folder.join("port"))?;
    let partner_center = text(&["partner_center", "url"]);
    let yaml = format!(
        "# Made by `cosell demo`; made anew at each start.\n\
         environment: staging\nlisten: 127.0.0.1:{port}\n\
         store: sqlite:service.db\n\
         maps: [opportunity.map, lead.map]\n\
         partner_center:\n\x20 account: own\n\
         \x20 api: {partner_center}\n\
         \x20 webhooks: {webhooks}\n\
         \x20 login: {partner_center}\n\
         \x20 tenant: {tenant}\n\
         \x20 client_id: {client}\n\
         \x20 refresh_token: file:partner-center-refresh-token\n\
         \x20 webhook:\n\
         \x20   trust: pinned webhook-certificate.pem\n\
         \x20   register: true\n\
         \x20   take_over: true\n\
         \x20   public_url: http://127.0.0.1:{port}\n\
         salesforce:\n\
         \x20 login: {salesforce}\n\
         \x20 client_id: {salesforce_client}\n\
         \x20 client_secret: file:salesforce-client-secret\n\
         \x20 events: pubsub\n\x20 pubsub: {pubsub}\n\
         limits:\n\
         \x20 poll_seconds: 0.5\n\
         \x20 sweep_seconds: 15\n\
         \x20 registration_seconds: 15\n\
         \x20 retry_seconds: 0.5\n\
         \x20 retry_most_seconds: 5\n\
         \x20 denied_retry_seconds: 5\n\
         \x20 create_check_seconds: 1\n\
         \x20 writes_per_hour: 3600\n\x20 reload_seconds: 0.5\n\x20 preview_deals_per_second: 50\n",
        webhooks = text(&["partner_center", "webhooks_url"]),
        tenant = text(&["partner_center", "tenant"]),
        client = text(&["partner_center", "client_id"]),
        salesforce = text(&["salesforce", "url"]),
        pubsub = text(&["salesforce", "pubsub_url"]),
        salesforce_client = text(&["salesforce", "client_id"]),
    );
    let config = folder.join("cosell.yaml");
    write_text(&config, &yaml)?;
    Ok(config)
}

/// Writes the maps that are not there yet.
fn write_maps(folder: &Path) -> Result<(), Stop> {
    for (name, text) in [("opportunity.map", MAP), ("lead.map", LEADS)] {
        let map = folder.join(name);
        if !map.exists() {
            write_text(&map, text)?;
        }
    }
    Ok(())
}

/// The service's port: the one of the last start, so that the webhook's address stays; else a free one.
fn port(file: &Path) -> Result<u16, Stop> {
    let kept = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok());
    if let Some(port) = kept
        && TcpListener::bind(("127.0.0.1", port)).is_ok()
    {
        return Ok(port);
    }
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    let port = free
        .map_err(|error| Stop::because(format!("no free port: {error}"), "end some programs"))?
        .port();
    write_text(file, &port.to_string())?;
    Ok(port)
}
