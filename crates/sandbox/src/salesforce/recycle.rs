//! Rows into the recycle bin and out of it, by SOAP: REST cannot bring a row back. In come a session and ids; out
//! goes what became of each. It must not know envelopes.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    database::StoreError,
    salesforce::{
        refusal::{Done, Refusal, Stop, Wrong, bad},
        rows,
        session::Session,
        xml::escape,
    },
    store::End,
};

/// Most ids of a call.
pub(crate) const MOST: usize = 200;

/// What is done to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Delete,
    Undelete,
}

impl Deed {
    /// The deed that an operation is the name of.
    pub(crate) fn named(operation: &str) -> Option<Self> {
        match operation {
            "delete" => Some(Self::Delete),
            "undelete" => Some(Self::Undelete),
            _ => None,
        }
    }
}

/// Does it to each row for itself; answers a result each.
pub(crate) fn carry_out(
    session: &Session<'_>,
    deed: Deed,
    ids: &[String],
) -> Result<String, StoreError> {
    let mut out = String::new();
    for id in ids {
        let done = session.tx.step::<_, Stop>(|| match one(session, deed, id) {
            Ok(()) => Ok(End::Keep(None)),
            Err(Stop::Refused(refusal)) => Ok(End::Undo(Some(refusal))),
            Err(stop @ Stop::Store(_)) => Err(stop),
        });
        let refusal = match done {
            Ok(refusal) => refusal,
            Err(Stop::Refused(refusal)) => Some(refusal),
            Err(Stop::Store(error)) => return Err(error),
        };
        let errors = refusal.as_ref().map(errors).unwrap_or_default();
        let success = refusal.is_none();
        // Writing to a text cannot fail.
        let _ = write!(
            out,
            "<result>{errors}<id>{}</id><success>{success}</success></result>",
            escape(id)
        );
    }
    Ok(out)
}

fn one(session: &Session<'_>, deed: Deed, given: &str) -> Done<()> {
    let object = session.org.objects.iter().find(|object| given.starts_with(&object.prefix));
    let malformed = || bad(Wrong::nowhere("MALFORMED_ID", format!("malformed id {given}")));
    let object = object.ok_or_else(malformed)?;
    let id = rows::read_id(object, given).map_err(|_| malformed())?;
    match deed {
        Deed::Delete => rows::delete(session, object, &id),
        Deed::Undelete => rows::undelete(session, object, &id),
    }
}

/// Does the work of one request whole or not at all; its result.
pub(crate) fn whole(
    session: &Session<'_>,
    work: impl FnOnce() -> Done<String>,
) -> Result<String, StoreError> {
    session.tx.step(|| match work() {
        Ok(done) => Ok(End::Keep(done)),
        Err(Stop::Store(error)) => Err(error),
        Err(Stop::Refused(refusal)) => {
            let errors = errors(&refusal);
            Ok(End::Undo(format!("<result>{errors}<success>false</success></result>")))
        }
    })
}

/// A refusal as results tell it.
fn errors(refusal: &Refusal) -> String {
    let errors = refusal.collection_errors();
    let mut out = String::new();
    for error in errors.as_array().into_iter().flatten() {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let (message, code) = (escape(text("message")), text("statusCode"));
        // Writing to a text cannot fail.
        let _ = write!(
            out,
            "<errors><message>{message}</message><statusCode>{code}</statusCode></errors>"
        );
    }
    out
}
