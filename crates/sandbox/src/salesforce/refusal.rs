//! How Salesforce says no. In come what is wrong and where; out go error bodies in its shape. It must not
//! know how the wrong was found.

use serde_json::{Value, json};

use crate::{
    call::Answer,
    database::StoreError,
    salesforce::model::{Field, Object},
};

/// One entry of an error body.
#[derive(Debug, Clone)]
pub(crate) struct Wrong {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Left out of the body when `None`.
    pub(crate) fields: Option<Vec<String>>,
}

impl Wrong {
    /// An entry without `fields`.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), fields: None }
    }

    /// An entry about one field.
    pub(crate) fn at(code: &'static str, field: &Field, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), fields: Some(vec![field.name.clone()]) }
    }

    /// An entry with an empty `fields`.
    pub(crate) fn nowhere(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), fields: Some(Vec::new()) }
    }
}

/// A refused request: status and entries.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) wrongs: Vec<Wrong>,
    /// The rows of which a new one is a duplicate.
    pub(crate) duplicates: Option<Value>,
}

impl Refusal {
    /// A refusal of one entry.
    pub(crate) fn new(status: u16, wrong: Wrong) -> Self {
        Self::all(status, vec![wrong])
    }

    /// A refusal of several entries.
    pub(crate) fn all(status: u16, wrongs: Vec<Wrong>) -> Self {
        Self { status, wrongs, duplicates: None }
    }

    /// The array that rows, queries and composites answer.
    pub(crate) fn body(&self) -> Value {
        self.entries("errorCode")
    }

    /// The array inside a collection's result: the code has another key there, and `fields` is always
    /// present.
    pub(crate) fn collection_errors(&self) -> Value {
        let entry = |wrong: &Wrong| {
            let fields = wrong.fields.clone().unwrap_or_default();
            json!({ "statusCode": wrong.code, "message": wrong.message, "fields": fields })
        };
        self.wrongs.iter().map(entry).collect()
    }

    fn entries(&self, code: &str) -> Value {
        let entry = |wrong: &Wrong| {
            let mut entry = json!({ "message": wrong.message, code: wrong.code });
            if let (Some(fields), Some(map)) = (&wrong.fields, entry.as_object_mut()) {
                map.insert("fields".to_owned(), json!(fields));
            }
            if let (Some(found), Some(map)) = (&self.duplicates, entry.as_object_mut()) {
                // So spelt in what Salesforce sends.
                map.insert("duplicateResut".to_owned(), found.clone());
            }
            entry
        };
        self.wrongs.iter().map(entry).collect()
    }

    /// The whole answer.
    pub(crate) fn answer(&self) -> Answer {
        let answer = Answer::json(self.status, self.body());
        let message = self.wrongs.first().map(|wrong| wrong.message.as_str()).unwrap_or_default();
        match message.strip_prefix(ALLOWED).filter(|_| self.status == 405) {
            Some(allowed) => answer.with("Allow", allowed),
            None => answer,
        }
    }
}

/// Why a piece of work stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    Refused(Refusal),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The result of work that can be refused.
pub(crate) type Done<T> = Result<T, Stop>;

/// A refusal with status 400.
pub(crate) fn bad(wrong: Wrong) -> Stop {
    Refusal::new(400, wrong).into()
}

/// 404 for an address without a resource.
pub(crate) fn not_found() -> Stop {
    Refusal::new(404, Wrong::new("NOT_FOUND", "The requested resource does not exist")).into()
}

/// 404 for a path segment that is neither an id nor a field that finds rows.
pub(crate) fn no_external_id(name: &str) -> Stop {
    let message = format!("Provided external ID field does not exist or is not accessible: {name}");
    Refusal::new(404, Wrong::new("NOT_FOUND", message)).into()
}

/// 404 for a deleted row.
pub(crate) fn deleted() -> Stop {
    Refusal::new(404, Wrong::nowhere("ENTITY_IS_DELETED", "entity is deleted")).into()
}

/// 404 for a write to an id that never was.
pub(crate) fn no_such_row() -> Stop {
    let wrong = Wrong::nowhere("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id");
    Refusal::new(404, wrong).into()
}

/// What comes before the methods that a resource has.
const ALLOWED: &str = "HTTP Method not allowed. Allowed are ";

/// 405 for a method that the resource does not have.
pub(crate) fn wrong_method(allowed: &str) -> Stop {
    let message = format!("{ALLOWED}{allowed}");
    Refusal::new(405, Wrong::new("METHOD_NOT_ALLOWED", message)).into()
}

/// 400 for a field that the object does not have.
pub(crate) fn no_column(object: &Object, name: &str) -> Stop {
    let message = format!("No such column '{name}' on sobject of type {}", object.name);
    bad(Wrong::new("INVALID_FIELD", message))
}

/// 400 for a body that cannot be read.
pub(crate) fn unreadable(message: impl Into<String>) -> Stop {
    bad(Wrong::new("JSON_PARSER_ERROR", message))
}

/// 412 for a row that changed after the given time.
pub(crate) fn modified_since() -> Stop {
    let message = "Record has been modified since the time given in If-Unmodified-Since";
    Refusal::new(412, Wrong::new("ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", message)).into()
}
