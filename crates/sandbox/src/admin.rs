//! The hand behind the scenes. In come orders of a test or a script; out go what was done, counts and the
//! request log. What it does is counted for nobody. It must not know connections.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    call::{Answer, Body, Call, Method},
    database::StoreError,
    deliver::Courier,
    fault::Faults,
    journal::{Filter, Journal},
    partner_center::{self, PartnerHome, SERVICE, Stop, registration},
    salesforce::{self, Home, Notifier},
    store::{Count, End, Store, Tx},
    usage::Usage,
};

/// The administration.
#[derive(Debug)]
pub(crate) struct Admin {
    pub(crate) store: Arc<Store>,
    pub(crate) courier: Arc<Courier>,
    pub(crate) salesforce: Home,
    pub(crate) partner: PartnerHome,
    pub(crate) token: String,
    pub(crate) faults: Arc<Faults>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) usage: Arc<Usage>,
    pub(crate) notifier: Arc<Notifier>,
}

impl Admin {
    /// Answers one call.
    pub(crate) async fn answer(&self, call: &Call) -> Answer {
        if call.bearer() != Some(self.token.as_str()) {
            return wrong(401, "the admin token is missing or wrong");
        }
        if let Some(done) = self.notifier.order(call) {
            return done.unwrap_or_else(|error| wrong(503, &error.to_string()));
        }
        let parts = call.parts();
        match (call.method, parts.as_slice()) {
            (Method::Post, ["webhook", "send"]) => self.send(call).await,
            (Method::Post, ["webhook", "sign"]) => self.sign(call),
            (Method::Get, ["webhook", "certificate"]) => {
                let pem = self.courier.signer.certificate_pem().as_bytes().to_vec();
                let body = Body::Bytes("application/x-pem-file", pem);
                Answer { status: 200, headers: Vec::new(), body }
            }
            (_, ["salesforce", "rules", below @ ..]) => {
                match salesforce::order(&self.store, &self.salesforce, call, below) {
                    Ok(answer) => answer,
                    Err(error) => wrong(503, &error.to_string()),
                }
            }
            (Method::Get, ["webhook", "root"]) => {
                let pem = self.courier.signer.root_pem().as_bytes().to_vec();
                let body = Body::Bytes("application/x-pem-file", pem);
                Answer { status: 200, headers: Vec::new(), body }
            }
            (Method::Post, ["faults"]) => self.order(call),
            (Method::Get, ["faults"]) => Answer::json(200, self.faults.shown()),
            (Method::Get, ["requests"]) => {
                Answer::json(200, self.journal.find(&Filter::read(call)))
            }
            (Method::Delete, ["requests"]) => {
                self.journal.clear();
                Answer::empty(204)
            }
            (Method::Get, ["usage"]) => Answer::json(200, self.usage.shown(self.journal.size())),
            (method, parts) => self.in_store(method, parts, call),
        }
    }

    fn in_store(&self, method: Method, parts: &[&str], call: &Call) -> Answer {
        let done = self.store.transaction::<_, Stop>(|tx| {
            let answer = self.route(tx, method, parts, call)?;
            Ok(if answer.is_success() { End::Keep(answer) } else { End::Undo(answer) })
        });
        match done {
            Ok(answer) => answer,
            Err(Stop::Refused(answer)) => *answer,
            Err(Stop::Store(error)) => wrong(503, &error.to_string()),
        }
    }

    fn route(
        &self,
        tx: &Tx<'_>,
        method: Method,
        parts: &[&str],
        call: &Call,
    ) -> Result<Answer, Stop> {
        let shown = |status, referral: &Value| {
            Answer::json(status, partner_center::show(&self.partner, referral))
        };
        Ok(match (method, parts) {
            (Method::Post, ["partner-center", "referrals"]) => match json_body(call) {
                Some(given) => shown(201, &partner_center::arrive(&self.partner, tx, &given)?),
                None => not_json(),
            },
            (Method::Get, ["partner-center", "referrals"]) => {
                partner_center::list(&self.partner, tx, call)?
            }
            (Method::Get, ["partner-center", "referrals", id]) => {
                shown(200, &partner_center::find(tx, id)?)
            }
            (Method::Patch, ["partner-center", "referrals", id]) => match json_body(call) {
                Some(patch) => shown(200, &partner_center::alter(&self.partner, tx, id, &patch)?),
                None => not_json(),
            },
            (method, ["clock" | "partner-center", ..]) => {
                let given = json_body(call).unwrap_or_default();
                partner_center::order(&self.partner, tx, method, parts, &given)?
            }
            (Method::Get, ["counts"]) => Answer::json(200, self.counts(tx)?),
            (Method::Delete, ["faults"]) => {
                self.faults.clear(tx)?;
                Answer::empty(204)
            }
            (Method::Delete, ["faults", number]) => {
                if self.faults.cancel(tx, number)? {
                    Answer::empty(204)
                } else {
                    wrong(404, "no fault of this number is armed; GET /faults lists them")
                }
            }
            (Method::Post, ["tokens", "expire"]) => {
                salesforce::expire_all(tx)?;
                partner_center::expire_all(tx)?;
                Answer::empty(204)
            }
            (Method::Post, ["salesforce", "certificates"]) => certificate(tx, call)?,
            (Method::Get, ["webhook", "offline"]) => Answer::json(200, offline(tx)?),
            (Method::Post, ["reset"]) => {
                self.reset(tx, &json_body(call).unwrap_or_default())?;
                Answer::empty(204)
            }
            _ => wrong(404, "there is nothing at this address; see the sandbox's manual"),
        })
    }

    /// Forgets everything but tokens, ports and keys.
    fn reset(&self, tx: &Tx<'_>, options: &Value) -> Result<(), StoreError> {
        let keeps = options.get("keep_registration").and_then(Value::as_bool).unwrap_or(false);
        salesforce::reset(tx, &self.salesforce)?;
        partner_center::reset(tx, !keeps)?;
        self.faults.clear(tx)?;
        tx.drop_counts()?;
        self.store.clear_light_counts();
        self.journal.clear();
        Ok(())
    }

    /// Orders one fault, or a list of them.
    fn order(&self, call: &Call) -> Answer {
        let Some(given) = json_body(call) else { return not_json() };
        let orders = match given {
            Value::Array(orders) => orders,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => {
                vec![given]
            }
        };
        match self.faults.order(&self.store, &orders) {
            Ok(Ok(())) => Answer::json(201, self.faults.shown()),
            Ok(Err(message)) => wrong(400, &message),
            Err(error) => wrong(503, &error.to_string()),
        }
    }

    fn counts(&self, tx: &Tx<'_>) -> Result<Value, StoreError> {
        let mut counts = tx.counts()?;
        counts.extend(self.store.light_counts());
        let webhook = |kind: &str| number(&counts, "webhooks", "", kind);
        Ok(json!({
            "salesforce": of_system(&counts, "salesforce"),
            "partner_center": of_system(&counts, "partner_center"),
            "webhooks": {
                "sent": webhook("sent"),
                "delivered": webhook("delivered"),
                "failed": webhook("failed"),
                "waiting": tx.waiting()?,
            },
        }))
    }

    /// Signs the body and posts it to the registered address as it is.
    async fn send(&self, call: &Call) -> Answer {
        let found = self.store.transaction::<_, StoreError>(|tx| Ok(End::Keep(registration(tx)?)));
        match found {
            Ok(Some(to)) => {
                let status = self.courier.post(&to.url, &call.body, to.signature_aside).await;
                Answer::json(200, json!({ "url": to.url, "status": status }))
            }
            Ok(None) => wrong(409, "no webhook is registered"),
            Err(error) => wrong(503, &error.to_string()),
        }
    }

    fn sign(&self, call: &Call) -> Answer {
        match self.courier.headers(&call.body, false) {
            Ok(headers) => {
                let headers: Map<String, Value> = headers
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), json!(value)))
                    .collect();
                Answer::json(200, json!({ "headers": headers }))
            }
            Err(error) => wrong(500, &error.to_string()),
        }
    }
}

fn wrong(status: u16, message: &str) -> Answer {
    Answer::json(status, json!({ "error": message }))
}

fn not_json() -> Answer {
    wrong(400, "the body must be JSON")
}

/// Lets assertions be signed with the key of another certificate.
fn certificate(tx: &Tx<'_>, call: &Call) -> Result<Answer, StoreError> {
    let is_taken = salesforce::register_certificate(tx, &String::from_utf8_lossy(&call.body))?;
    Ok(if is_taken {
        Answer::empty(204)
    } else {
        wrong(400, "the body must be a certificate or a public key in PEM")
    })
}

fn json_body(call: &Call) -> Option<Value> {
    serde_json::from_slice(&call.body).ok()
}

fn number(counts: &[Count], system: &str, user: &str, kind: &str) -> i64 {
    let fits = |count: &&Count| count.0 == system && count.1 == user && count.2 == kind;
    counts.iter().filter(fits).map(|count| count.3).sum()
}

fn of_system(counts: &[Count], system: &str) -> Value {
    let mut users: Vec<&str> =
        counts.iter().filter(|count| count.0 == system).map(|count| count.1.as_str()).collect();
    users.retain(|user| !user.is_empty());
    users.sort_unstable();
    users.dedup();
    let of_user = |user: &str| {
        let number = |kind: &str| number(counts, system, user, kind);
        json!({ "writes": number("writes"), "reads": number("reads") })
    };
    let by_user: Map<String, Value> =
        users.into_iter().map(|user| (user.to_owned(), of_user(user))).collect();
    let mut shown = of_user(SERVICE);
    if let Some(map) = shown.as_object_mut() {
        map.insert("by_user".to_owned(), Value::Object(by_user));
    }
    shown
}

fn offline(tx: &Tx<'_>) -> Result<Value, StoreError> {
    let deliveries = tx.offline()?;
    let shown = deliveries.iter().map(|delivery| {
        let body: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
        json!({ "url": delivery.url, "attempts": delivery.attempts, "body": body })
    });
    Ok(shown.collect())
}
