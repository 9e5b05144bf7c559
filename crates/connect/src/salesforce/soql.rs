//! Writes queries.
//!
//! In: an object, fields and a filter. Out: the text of one SOQL query in which every name is a name
//! and every value is quoted. It sends nothing.

use jiff::Timestamp;

use super::row;
use crate::error::Error;
use crate::ids::RecordId;

/// What each record is read with, besides the fields asked for.
const ALWAYS: [&str; 4] = ["Id", "SystemModstamp", "LastModifiedDate", "LastModifiedById"];

/// What to read of each record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Select {
    /// Field names, also of parents with dots (`Account.Name`). `Id`, `SystemModstamp`,
    /// `LastModifiedDate` and `LastModifiedById` are always read as well.
    pub fields: Vec<String>,
    /// Related lists to read along.
    pub children: Vec<ChildSelect>,
    /// Also records in the recycle bin; [`super::Row::is_deleted`] tells which they are.
    pub deleted: bool,
}

/// What to read of each record of a related list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildSelect {
    /// The name of the list, such as `OpportunityContactRoles` or `Solutions__r`.
    pub relationship: String,
    /// Field names; `Id` is always read as well.
    pub fields: Vec<String>,
}

/// Which records to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// One record.
    Id(RecordId),
    /// Some records, at most a few hundred: a query has to fit into an address.
    Ids(Vec<RecordId>),
    /// Records in which each field equals its value; at least one field.
    Equal(Vec<Equality>),
    /// Records changed at or after a point in time, by `SystemModstamp`, then `Id`.
    ModifiedSince {
        /// The point in time, inclusive; parts of a second are cut off.
        since: Timestamp,
        /// Leaves out, among those changed in the very second of `since`, the ids up to this one:
        /// the last record seen, to go on where a full page ended.
        after: Option<RecordId>,
        /// What must hold besides.
        also: Vec<Equality>,
        /// The largest number of records.
        limit: u32,
    },
    /// Records of which a parent was changed at or after a point in time, by its `LastModifiedDate`, then `Id`. Such
    /// a change leaves the records' own stamps as they are.
    ParentModifiedSince {
        /// The relationship that leads to the parent, such as `Account` or `Account.Owner`.
        parent: String,
        /// The point in time, inclusive; parts of a second are cut off.
        since: Timestamp,
        /// Leaves out, among those of the very second of `since`, the ids up to this one.
        after: Option<RecordId>,
        /// The largest number of records.
        limit: u32,
    },
}

/// The field that tells when a parent was changed last.
pub fn stamp_of(parent: &str) -> String {
    format!("{parent}.LastModifiedDate")
}

/// A field that has to equal a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equality {
    /// The field's name, also of a parent with dots.
    pub field: String,
    /// The value.
    pub value: Literal,
}

/// A value in a query, written by the type of its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `null`.
    Null,
    /// Quoted: texts, picklists and ids. Salesforce compares them without regard to case.
    Text(String),
    /// A check box.
    Bool(bool),
    /// A number in JSON form, kept digit by digit.
    Number(String),
}

impl Equality {
    /// `field` equals `value`.
    pub fn new(field: impl Into<String>, value: impl Into<Literal>) -> Self {
        Self { field: field.into(), value: value.into() }
    }
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<String>> for Literal {
    /// `None` is `null`.
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// The text of the query. Refuses names that are no names, and filters that would match everything.
pub(super) fn build(object: &str, select: &Select, filter: &Filter) -> Result<String, Error> {
    let object = object_name(object)?;
    let mut parts = Vec::new();
    let marks = ALWAYS.into_iter().chain(select.deleted.then_some(row::DELETED));
    for field in marks.chain(select.fields.iter().map(String::as_str)) {
        add_field(&mut parts, field)?;
    }
    for child in &select.children {
        let relationship = object_name(&child.relationship)?;
        let mut fields = Vec::new();
        for field in std::iter::once("Id").chain(child.fields.iter().map(String::as_str)) {
            add_field(&mut fields, field)?;
        }
        parts.push(format!("(SELECT {} FROM {relationship})", fields.join(",")));
    }
    Ok(format!("SELECT {} FROM {object} WHERE {}", parts.join(","), condition(filter)?))
}

/// Adds a field once; a query that names a field twice is refused by Salesforce.
fn add_field(fields: &mut Vec<String>, field: &str) -> Result<(), Error> {
    let field = field_name(field)?;
    if !fields.iter().any(|known| known.eq_ignore_ascii_case(field)) {
        fields.push(field.to_owned());
    }
    Ok(())
}

fn condition(filter: &Filter) -> Result<String, Error> {
    match filter {
        Filter::Id(id) => Ok(format!("Id = '{id}'")),
        Filter::Ids(ids) if ids.is_empty() => Err(matches_everything()),
        Filter::Ids(ids) => {
            let quoted: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
            Ok(format!("Id IN ({})", quoted.join(",")))
        }
        Filter::Equal(equalities) if equalities.is_empty() => Err(matches_everything()),
        Filter::Equal(equalities) => Ok(all_of(equalities)?.join(" AND ")),
        Filter::ModifiedSince { since, after, also, limit } => {
            let mut terms = vec![changed("SystemModstamp", *since, after.as_ref())];
            terms.extend(all_of(also)?);
            let terms = terms.join(" AND ");
            Ok(format!("{terms} ORDER BY SystemModstamp ASC, Id ASC LIMIT {limit}"))
        }
        Filter::ParentModifiedSince { parent, since, after, limit } => {
            let stamp = stamp_of(parent);
            let term = changed(field_name(&stamp)?, *since, after.as_ref());
            Ok(format!("{term} ORDER BY {stamp} ASC, Id ASC LIMIT {limit}"))
        }
    }
}

/// The condition that a stamp is one of `since`, or of later.
fn changed(stamp: &str, since: Timestamp, after: Option<&RecordId>) -> String {
    let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
    match after {
        None => format!("{stamp} >= {since}"),
        Some(id) => format!("({stamp} > {since} OR ({stamp} = {since} AND Id > '{id}'))"),
    }
}

fn matches_everything() -> Error {
    Error::refused("bad-query", "expected at least one condition, found none")
}

fn all_of(equalities: &[Equality]) -> Result<Vec<String>, Error> {
    let term = |equality: &Equality| {
        let field = field_name(&equality.field)?;
        let value = match &equality.value {
            Literal::Null => "null".to_owned(),
            Literal::Text(text) => quote(text),
            Literal::Bool(value) => value.to_string(),
            Literal::Number(digits) => number(digits)?.to_owned(),
        };
        Ok(format!("{field} = {value}"))
    };
    equalities.iter().map(term).collect()
}

/// A text in quotes, with everything escaped that would end it.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for character in text.chars() {
        match character {
            '\\' => quoted.push_str("\\\\"),
            '\'' => quoted.push_str("\\'"),
            '"' => quoted.push_str("\\\""),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

fn number(digits: &str) -> Result<&str, Error> {
    match digits.parse::<serde_json::Number>() {
        Ok(_) => Ok(digits),
        Err(_) => Err(Error::refused("bad-query", "expected a number in a query")),
    }
}

/// An object or list name: letters, digits and underscores, a letter first.
pub(super) fn object_name(name: &str) -> Result<&str, Error> {
    let shaped = name.len() <= 80
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let why = "expected the api name of an object or field: letters, digits and underscores";
    if shaped { Ok(name) } else { Err(Error::refused("bad-name", why)) }
}

/// A field name: up to six object names joined by dots.
pub(super) fn field_name(name: &str) -> Result<&str, Error> {
    let mut count = 0;
    for part in name.split('.') {
        object_name(part)?;
        count += 1;
    }
    if count <= 6 { Ok(name) } else { Err(Error::refused("bad-name", "too many dots in a name")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(names: &[&str]) -> Select {
        let fields = names.iter().map(|name| (*name).to_owned()).collect();
        Select { fields, ..Select::default() }
    }

    fn moment() -> Timestamp {
        "2026-03-02T09:20:11.75Z".parse().unwrap()
    }

    fn where_of(filter: &Filter) -> String {
        let text = build("Opportunity", &Select::default(), filter).unwrap();
        text.split_once(" WHERE ").unwrap().1.to_owned()
    }

    #[test]
    fn a_query_reads_each_field_once_with_its_children() {
        let mut select = fields(&["Name", "id", "Account.Name", "name"]);
        select.children.push(ChildSelect {
            relationship: "OpportunityContactRoles".to_owned(),
            fields: vec!["Contact.Email".to_owned(), "Id".to_owned()],
        });
        let id = RecordId::parse("0065g00000TwAbC").unwrap();
        assert_eq!(
            build("Opportunity", &select, &Filter::Id(id)).unwrap(),
            "SELECT Id,SystemModstamp,LastModifiedDate,LastModifiedById,Name,Account.Name,\
             (SELECT Id,Contact.Email FROM OpportunityContactRoles) \
             FROM Opportunity WHERE Id = '0065g00000TwAbCAAV'"
        );
    }

    #[test]
    fn records_in_the_bin_say_that_they_are() {
        let select = Select { deleted: true, ..fields(&["Opportunity__c"]) };
        let id = RecordId::parse("0065g00000TwAbC").unwrap();
        assert_eq!(
            build("Opportunity", &select, &Filter::Id(id)).unwrap(),
            "SELECT Id,SystemModstamp,LastModifiedDate,LastModifiedById,IsDeleted,Opportunity__c \
             FROM Opportunity WHERE Id = '0065g00000TwAbCAAV'"
        );
    }

    #[test]
    fn values_cannot_leave_their_quotes() {
        let filter = Filter::Equal(vec![
            Equality::new("Name", "O'Brien\\' OR Name != '\n\"x\""),
            Equality::new("Phone", None),
            Equality::new("IsClosed", false),
            Equality::new("Amount", Literal::Number("125000.10".to_owned())),
        ]);
        assert_eq!(
            where_of(&filter),
            "Name = 'O\\'Brien\\\\\\' OR Name != \\'\\n\\\"x\\\"' AND Phone = null \
             AND IsClosed = false AND Amount = 125000.10"
        );
    }

    #[test]
    fn changes_are_read_in_a_stable_order() {
        let mut filter = Filter::ModifiedSince {
            since: moment(),
            after: None,
            also: vec![Equality::new("Sync__c", true)],
            limit: 200,
        };
        assert_eq!(
            where_of(&filter),
            "SystemModstamp >= 2026-03-02T09:20:11Z AND Sync__c = true \
             ORDER BY SystemModstamp ASC, Id ASC LIMIT 200"
        );
        if let Filter::ModifiedSince { after, also, .. } = &mut filter {
            *after = Some(RecordId::parse("0065g00000TwAbC").unwrap());
            also.clear();
        }
        assert_eq!(
            where_of(&filter),
            "(SystemModstamp > 2026-03-02T09:20:11Z OR (SystemModstamp = 2026-03-02T09:20:11Z \
             AND Id > '0065g00000TwAbCAAV')) ORDER BY SystemModstamp ASC, Id ASC LIMIT 200"
        );
    }

    #[test]
    fn changes_of_a_parent_are_read_by_its_stamp() {
        let filter = |after| Filter::ParentModifiedSince {
            parent: "Contact".to_owned(),
            since: moment(),
            after,
            limit: 200,
        };
        assert_eq!(
            where_of(&filter(None)),
            "Contact.LastModifiedDate >= 2026-03-02T09:20:11Z \
             ORDER BY Contact.LastModifiedDate ASC, Id ASC LIMIT 200"
        );
        assert_eq!(
            where_of(&filter(RecordId::parse("0065g00000TwAbC").ok())),
            "(Contact.LastModifiedDate > 2026-03-02T09:20:11Z OR (Contact.LastModifiedDate = 2026-03-02T09:20:11Z \
             AND Id > '0065g00000TwAbCAAV')) ORDER BY Contact.LastModifiedDate ASC, Id ASC LIMIT 200"
        );
    }

    #[test]
    fn names_that_are_no_names_are_refused() {
        let filter = Filter::Equal(vec![Equality::new("Name", "x")]);
        for bad in ["", "Name FROM User", "a-b", "1a", "a..b", ".a", "a'b", "a.b.c.d.e.f.g"] {
            assert!(build("Lead", &fields(&[bad]), &filter).is_err(), "{bad}");
        }
        assert!(build("Lead, User", &fields(&[]), &filter).is_err());
        for everything in [Filter::Equal(Vec::new()), Filter::Ids(Vec::new())] {
            assert!(build("Lead", &fields(&[]), &everything).is_err());
        }
        let number = Equality::new("Amount", Literal::Number("1 OR 1=1".to_owned()));
        assert!(build("Lead", &fields(&[]), &Filter::Equal(vec![number])).is_err());
    }
}
