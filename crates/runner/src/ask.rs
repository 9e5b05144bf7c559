//! What a service that runs says of itself.
//!
//! In: where it listens. Out: its `/status` as JSON, or nothing when nobody answers. Must not know: what
//! it says. The only file of this crate that names the HTTP client.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the service at `listen`, about an environment or all of them. None: nobody answers there, it is no
/// cosell, or it has no such environment.
pub async fn status(listen: SocketAddr, environment: Option<&str>) -> Option<Value> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .tls_certs_only([])
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .ok()?;
    let mut at = listen;
    if at.ip().is_unspecified() {
        at.set_ip(if at.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    let path = environment.map_or_else(String::new, |name| format!("/{name}"));
    let answer = client.get(format!("http://{at}/status{path}")).send().await.ok()?;
    let text = answer.error_for_status().ok()?.text().await.ok()?;
    let said: Value = serde_json::from_str(&text).ok()?;
    said.get("version").and_then(Value::as_str)?;
    Some(said)
}
