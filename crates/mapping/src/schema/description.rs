//! The describe of one object as it is kept in a file: what it says, how it is laid out, and what is
//! different since an older one.
//!
//! In: JSON as Salesforce's REST interface gives it. Out: an [`Object`], a text, a [`Difference`].
//! Must not know: files, maps.

use std::collections::{BTreeMap, BTreeSet};

use super::describe::{self, list, text, unwrapped};
use super::model::Object;
use super::note::Notes;
use crate::json::{self, Json};

/// A describe that was read.
#[derive(Debug, Clone)]
pub struct Description {
    json: Json<'static>,
    object: Object,
}

/// What a describe says otherwise than an older one of the same object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Fields that the older one does not have.
    pub added: Vec<String>,
    /// Fields that only the older one has.
    pub removed: Vec<String>,
    /// Fields of which they say different things.
    pub changed: Vec<String>,
    /// Other members that are not the same, such as `childRelationships`.
    pub beside: Vec<String>,
}

impl Difference {
    /// They say the same.
    pub fn is_none(&self) -> bool {
        *self == Difference::default()
    }
}

impl Description {
    /// Reads one. Error: why it is none, such as `expected JSON, found …`.
    pub fn read(text: &str) -> Result<Description, String> {
        let object = describe::read(text, &mut Notes::default()).map_err(|(_, why)| why)?;
        // INVARIANT: it was read above.
        let json = json::read(text.as_bytes()).map_err(|error| error.why.to_owned())?;
        Ok(Description { json: unwrapped(&json).clone().into_owned(), object })
    }

    /// The object.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// How many fields it tells.
    pub fn fields(&self) -> usize {
        list(&self.json, "fields").len()
    }

    /// The text of its file: everything that was given, in the order given, a line each.
    pub fn file(&self) -> String {
        self.json.lines()
    }

    /// What is different since `old`.
    pub fn since(&self, old: &Description) -> Difference {
        let (before, now) = (fields(&old.json), fields(&self.json));
        let names = |json: &Json<'static>| -> Vec<String> {
            let fields = list(json, "fields").iter();
            fields.filter_map(|field| text(field, "name")).map(str::to_owned).collect()
        };
        let (mut added, mut changed) = (Vec::new(), Vec::new());
        for name in names(&self.json) {
            match (before.get(name.as_str()), now.get(name.as_str())) {
                (None, _) => added.push(name),
                (Some(old), Some(new)) if old != new => changed.push(name),
                (Some(_), _) => {}
            }
        }
        let gone = |name: &String| !now.contains_key(name.as_str());
        let removed = names(&old.json).into_iter().filter(gone).collect();
        Difference { added, removed, changed, beside: beside(&old.json, &self.json) }
    }
}

fn fields<'j>(json: &'j Json<'static>) -> BTreeMap<&'j str, &'j Json<'static>> {
    let named = |field: &'j Json<'static>| Some((text(field, "name")?, field));
    list(json, "fields").iter().filter_map(named).collect()
}

/// The members, `fields` left out, that are not the same.
fn beside(old: &Json<'static>, new: &Json<'static>) -> Vec<String> {
    let names = |json: &Json<'static>| -> BTreeSet<String> {
        match json {
            Json::Object(members) => members.iter().map(|(name, _)| name.to_string()).collect(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
                BTreeSet::new()
            }
        }
    };
    let of = |json: &Json<'static>, name: &str| describe::get(json, name).cloned();
    let all: BTreeSet<String> = names(old).union(&names(new)).cloned().collect();
    let different = |name: &String| name != "fields" && of(old, name) != of(new, name);
    all.into_iter().filter(different).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deal(fields: &str, rest: &str) -> Description {
        Description::read(&format!(r#"{{"name":"Deal__c","fields":[{fields}]{rest}}}"#)).unwrap()
    }

    #[test]
    fn what_is_different_is_told_by_name() {
        let old = deal(
            r#"{"name":"Id","type":"id"},{"name":"A__c","type":"string","length":10},{"name":"B__c","type":"int"}"#,
            r#","childRelationships":[]"#,
        );
        let new = deal(
            r#"{"type":"id","name":"Id"},{"name":"C__c","type":"int"},{"name":"A__c","type":"string","length":20}"#,
            r#","childRelationships":[{"relationshipName":"X"}],"label":"Deal""#,
        );
        let wanted = Difference {
            added: vec!["C__c".into()],
            removed: vec!["B__c".into()],
            changed: vec!["A__c".into()],
            beside: vec!["childRelationships".into(), "label".into()],
        };
        assert_eq!(new.since(&old), wanted);
        assert!(new.since(&new.clone()).is_none() && !wanted.is_none());
        assert_eq!((new.fields(), new.object().name.as_str()), (3, "Deal__c"));
    }

    #[test]
    fn what_a_tool_wrapped_around_it_is_left_out() {
        let wrapped = r#"{"status":0,"result":{"name":"Deal__c","fields":[]}}"#;
        let read = Description::read(wrapped).unwrap();
        assert_eq!(read.file(), "{\n  \"name\": \"Deal__c\",\n  \"fields\": []\n}\n");
        assert!(Description::read("<html>").unwrap_err().starts_with("expected JSON"));
        assert!(Description::read("{}").unwrap_err().starts_with("expected the describe"));
    }
}
