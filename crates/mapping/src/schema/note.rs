//! What was not understood of an org, or is not known: one note a cause, with the fields it concerns.
//!
//! In: what the readers came upon. Out: sentences for those who use these fields. Must not know:
//! files, XML, JSON, maps.

use std::collections::BTreeSet;

use crate::problem::semantics::listed;

/// Something that was not understood, or is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    cause: Cause,
    /// Objects and fields that it concerns. None: it concerns everybody.
    fields: Vec<(String, String)>,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    /// A type that is not known.
    Type(String),
    /// A value set (with its kind) that is not there.
    Values(&'static str, String),
    /// A sentence of its own.
    Said(String),
}

/// Notes while an org is read.
#[derive(Debug, Default)]
pub(super) struct Notes(pub(super) Vec<Note>);

impl Notes {
    /// A type that is not known.
    pub(super) fn strange_type(&mut self, kind: &str, object: &str, field: &str) {
        self.add(Cause::Type(kind.to_owned()), object, field);
    }

    /// A value set that is not there; `kind` is what it is called: `value set`.
    pub(super) fn no_values(&mut self, kind: &'static str, set: &str, object: &str, field: &str) {
        self.add(Cause::Values(kind, set.to_owned()), object, field);
    }

    /// Something that concerns everybody.
    pub(super) fn say(&mut self, sentence: String) {
        let note = Note { cause: Cause::Said(sentence), fields: Vec::new() };
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    fn add(&mut self, cause: Cause, object: &str, field: &str) {
        let field = (object.to_owned(), field.to_owned());
        match self.0.iter_mut().find(|note| note.cause == cause) {
            Some(note) => note.fields.push(field),
            None => self.0.push(Note { cause, fields: vec![field] }),
        }
    }
}

impl Note {
    /// The sentence for somebody who uses these names; nothing when it does not concern them and
    /// would only be noise.
    pub fn for_those_who_use(&self, names: &BTreeSet<&str>) -> Option<String> {
        let own: Vec<String> = self
            .fields
            .iter()
            .filter(|(object, field)| {
                names.contains(field.as_str())
                    && (field.ends_with("__c") || names.contains(object.as_str()))
            })
            .map(|(object, field)| format!("{object}.{field}"))
            .collect();
        let fields = listed(own.iter().map(String::as_str));
        match &self.cause {
            Cause::Said(sentence) => Some(sentence.clone()),
            Cause::Values(..) if own.is_empty() => None,
            Cause::Type(kind) if own.is_empty() => Some(match self.fields.len() {
                1 => format!("the type `{kind}` of a field that no map uses is not known"),
                count => {
                    format!("the type `{kind}` of {count} fields that no map uses is not known")
                }
            }),
            Cause::Type(kind) => {
                Some(format!("the type `{kind}` of {fields} is not known; it is taken as a text"))
            }
            Cause::Values(kind, set) => Some(format!(
                "the {kind} `{set}` is not in the source; values of {fields} are not checked"
            )),
        }
    }
}
