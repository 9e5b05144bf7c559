//! The sandbox's wire log, as far as the service's own calls go.
//!
//! In: both systems as their users see them. Out: the calls of a while, each in a few words. Must not
//! know: what the calls are for.

use serde_json::Value;

use crate::sides::{Sides, text};

/// What the service said, in its order.
#[derive(Debug, Default)]
pub(crate) struct Said(pub(crate) Vec<String>);

impl Said {
    /// The calls that wrote something.
    pub(crate) fn writes(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).filter(|call| !call.starts_with("read ")).collect()
    }
}

impl Sides {
    /// Forgets what was said so far.
    pub(crate) async fn listen(&self) {
        self.admin.need("DELETE", "/requests", None).await.unwrap();
    }

    /// The writes to Microsoft since then.
    pub(crate) async fn told_microsoft(&self) -> Vec<String> {
        let said = self.said().await.0;
        said.into_iter()
            .filter(|call| !call.starts_with("read ") && call.contains(" referral"))
            .collect()
    }

    /// How often the service has read a record since then.
    pub(crate) async fn reads_of(&self, ids: [&str; 2]) -> usize {
        let log = self.admin.need("GET", "/requests?limit=10000&method=GET", None).await.unwrap();
        let ours = |entry: &&Value| text(entry, "/user") == "cosell";
        let names = |entry: &&Value| {
            ids.iter().any(|id| !id.is_empty() && text(entry, "/path").contains(id))
        };
        log.as_array().unwrap().iter().filter(ours).filter(names).count()
    }

    /// What the service said since then: all but its rounds of looking (poll, sweep, registration), its
    /// streams and its sign-ins.
    pub(crate) async fn said(&self) -> Said {
        Said(self.log().await.iter().filter_map(words).collect())
    }

    /// The same, with all that a reader of a failure needs: when, what, which record, what was answered.
    pub(crate) async fn said_in_full(&self) -> String {
        let line = |entry: &Value| {
            let words = words(entry)?;
            let (at, path) = (text(entry, "/at"), text(entry, "/path"));
            let body = text(entry, "/request/body");
            Some(format!("{at} {words}: {} {path} {body}", entry["status"]))
        };
        self.log().await.iter().filter_map(line).collect::<Vec<_>>().join("\n")
    }

    async fn log(&self) -> Vec<Value> {
        let log = self.admin.need("GET", "/requests?limit=10000", None).await.unwrap();
        let ours = |entry: &&Value| text(entry, "/user") == "cosell";
        log.as_array().unwrap().iter().filter(ours).cloned().collect()
    }
}

fn words(entry: &Value) -> Option<String> {
    let (method, path) = (text(entry, "/method"), text(entry, "/path"));
    let body: Value = serde_json::from_str(text(entry, "/request/body")).unwrap_or_default();
    match text(entry, "/system") {
        "partner_center" => partner_center(method, path, &body),
        "salesforce" => salesforce(method, path, &body),
        _ => None,
    }
}

fn partner_center(method: &str, path: &str, body: &Value) -> Option<String> {
    let rest = path.split_once("/engagements/referrals")?.1;
    match method {
        "GET" if rest.starts_with('/') => Some("read referral".to_owned()),
        // The sweep.
        "GET" if rest.contains("updatedDateTime") => None,
        "GET" => Some("read referrals".to_owned()),
        "PATCH" => {
            let paths: Vec<&str> =
                body.as_array()?.iter().map(|change| text(change, "/path")).collect();
            Some(format!("PATCH referral {}", paths.join(" ")))
        }
        method => Some(format!("{method} referral")),
    }
}

fn salesforce(method: &str, path: &str, body: &Value) -> Option<String> {
    let rest = path.split_once("/services/data/v")?.1.split_once('/')?.1;
    if let Some((resource, query)) = rest.split_once("?q=") {
        let query = query.replace('+', " ").replace("%20", " ").replace("%3D", "=");
        let (_, from) = query.rsplit_once(" FROM ")?;
        let (object, condition) = from.split_once(" WHERE ")?;
        // The poll.
        if condition.contains("SystemModstamp") {
            return None;
        }
        let bin = if resource == "queryAll" { " in the bin" } else { "" };
        let field = condition.split([' ', '=', '%']).next()?;
        return Some(format!("read {object} by {field}{bin}"));
    }
    let fields = |body: &Value| {
        let mut names: Vec<String> =
            body.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        names.sort();
        names.join(" ")
    };
    if rest == "composite" {
        // The poll asks for all objects at once.
        let all = body["compositeRequest"].as_array()?;
        if all.iter().all(|part| text(part, "/method") == "GET") {
            return None;
        }
        let parts = body["compositeRequest"].as_array()?.iter().map(|part| {
            let object = text(part, "/url").split("/sobjects/").nth(1).unwrap_or_default();
            format!("{} {}", text(part, "/method"), object.split('/').next().unwrap_or_default())
        });
        return Some(format!("composite {}", parts.collect::<Vec<_>>().join(", ")));
    }
    let object = rest.strip_prefix("sobjects/")?.split('/').next()?;
    Some(format!("{method} {object} {}", fields(body)))
}
