//! What the service's clients and the sandbox promise each other: every call that `connect` makes, and what
//! it makes of each refusal. The programs of others are asked the same in `tests/clients`.
//!
//! In: a sandbox in this process. Out: answers as `connect` gives them on. Must not know: how either of
//! the two works inside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of a test may stop where something is wrong"
)]

#[path = "contract/events.rs"]
mod events;
#[path = "contract/partner_center.rs"]
mod partner_center;
#[path = "contract/salesforce.rs"]
mod salesforce;

use ::sandbox::{Config, Remote, Sandbox};
use serde_json::Value;

/// A sandbox with its administration.
struct Ground {
    sandbox: Sandbox,
    admin: Remote,
}

impl Ground {
    async fn new() -> Self {
        let sandbox = Sandbox::start(Config::default()).await.unwrap();
        let token = &sandbox.credentials().admin_token;
        let admin = Remote::new(&sandbox.addresses().admin, token).unwrap();
        Self { sandbox, admin }
    }

    /// An order to the administration.
    async fn order(&self, method: &str, path: &str, body: Value) -> Value {
        self.admin.need(method, path, (!body.is_null()).then_some(&body)).await.unwrap()
    }
}
