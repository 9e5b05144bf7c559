//! One request's surroundings: the open transaction, the organisation and who asks. It must not know
//! what is asked.

use std::sync::{Arc, atomic::AtomicI64};

use serde_json::Value;

use crate::{
    database::StoreError,
    salesforce::{
        login::Login,
        model::{Object, Org},
        orgs::Shared,
        refusal::{Done, not_found, unreadable},
        rights,
        rules::Rule,
    },
    store::{Pick, StoredRow, Tx},
};

/// What stays the same for the life of the sandbox.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    /// Scheme, host and port, without a slash at the end.
    pub(crate) base: String,
    pub(crate) organization: String,
    /// What kind of organisation it is.
    pub(crate) kind: crate::OrgKind,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// How long an access token lives, in seconds.
    pub(crate) token_seconds: i64,
    /// Calls a day that `Sforce-Limit-Info` speaks of.
    pub(crate) daily_calls: i64,
    /// The user that the connected application runs as.
    pub(crate) integration_user: String,
    pub(crate) rep_user: String,
    /// What the organisation is made of.
    pub(crate) orgs: Shared,
    /// Passwords and keys of the other ways to sign in.
    pub(crate) login: Login,
    /// How many calls were made.
    pub(crate) used: Arc<AtomicI64>,
}

/// A signed-in user.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) id: String,
    /// How counts and the request log call the user.
    pub(crate) alias: String,
}

/// One request in one transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(crate) tx: &'a Tx<'a>,
    pub(crate) home: &'a Home,
    /// The organisation as the user sees it.
    pub(crate) org: &'a Org,
    /// All of it.
    pub(crate) whole: &'a Org,
    pub(crate) rules: &'a [Rule],
    /// Whether a row may be saved that is perhaps a duplicate.
    pub(crate) allow_save: bool,
    pub(crate) caller: &'a Caller,
    /// The API version of the path, for addresses in answers.
    pub(crate) version: u32,
    /// The request's body, for positions in messages.
    pub(crate) raw: &'a str,
    /// How change events name where a change came from; empty for what no call did.
    pub(crate) origin: &'a str,
}

impl<'a> Session<'a> {
    /// The whole of an object of which the user sees a part.
    pub(crate) fn whole_of<'o>(&'o self, object: &'o Object) -> &'o Object {
        self.whole.named(&object.name).unwrap_or(object)
    }

    /// The object of a name in an address.
    pub(crate) fn known(&self, name: &str) -> Done<&'a Object> {
        self.org.named(name).ok_or_else(not_found)
    }

    /// Rows of an object, deleted ones too: those that are kept, or worked out.
    pub(crate) fn rows(&self, object: &Object, pick: &Pick) -> Result<Vec<StoredRow>, StoreError> {
        if rights::are_rows_of(object) {
            return rights::rows(self, object, pick);
        }
        self.tx.rows(&object.name, pick)
    }

    /// One of them.
    pub(crate) fn row(&self, object: &Object, id: &str) -> Result<Option<StoredRow>, StoreError> {
        if rights::are_rows_of(object) {
            return rights::row(self, object, id);
        }
        self.tx.row(&object.name, id)
    }

    /// The address of a row.
    pub(crate) fn row_url(&self, object: &str, id: &str) -> String {
        format!("/services/data/v{}.0/sobjects/{object}/{id}", self.version)
    }

    /// Counts one row written by this user.
    pub(crate) fn count_write(&self) -> Result<(), StoreError> {
        self.tx.count("salesforce", &self.caller.alias, "writes")
    }

    /// ` at [line:1, column:88]` for the value of a key in the body.
    pub(crate) fn position(&self, key: &str) -> String {
        let before = self
            .raw
            .find(&format!("\"{key}\""))
            .map_or("", |at| self.raw.get(..at + key.len() + 3).unwrap_or_default());
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
        format!(" at [line:{line}, column:{column}]")
    }
}

/// Reads a JSON body.
pub(crate) fn parse_body(raw: &str) -> Done<Value> {
    if raw.trim().is_empty() {
        let message = "The HTTP entity body is required, but this request has no entity body.";
        return Err(unreadable(message));
    }
    serde_json::from_str(raw).map_err(|error| {
        let place = format!("[line:{}, column:{}]", error.line(), error.column());
        unreadable(format!("Unexpected character: the body is not JSON at {place}"))
    })
}
