//! The modelled Salesforce: what it answers, and what it refuses.
//!
//! In: calls of the service. Out: rows, refusals. Must not know: faults, the runner. Times have whole
//! seconds, as there.

use std::collections::BTreeMap;

use connect::salesforce::{Equality, Filter, Literal, Method, Row, Select, Sub, SubAnswer};
use connect::{Error, RecordId};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ledger::{Cell, End};
use super::state::{Fault, State};
use super::story::Happens;
use super::world::{OPPORTUNITY, Reading, Record, Thing, moment, salesforce_time};

/// The field that an administrator removes for a while.
const REMOVED: &str = "Campaign_Code__c";

/// Which relationship leads over which field to which object.
const PARENTS: [(&str, &str, &str); 3] = [
    ("Account", "AccountId", "Account"),
    ("Contact", "ContactId", "Contact"),
    ("Owner", "OwnerId", "User"),
];
/// Which list of an opportunity has which object, and how it refers back.
const CHILDREN: [(&str, &str, &str); 2] = [
    ("Microsoft_Solutions__r", "Microsoft_Solution__c", "Opportunity__c"),
    ("OpportunityContactRoles", "OpportunityContactRole", "OpportunityId"),
];

fn invalid_field() -> Error {
    Error::Refused {
        code: "INVALID_FIELD".to_owned(),
        why: "the model's administrator removed a field".to_owned(),
        fields: vec![REMOVED.to_owned()],
    }
}

/// A validation rule of the organisation.
fn rejected() -> Error {
    Error::Refused {
        code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned(),
        why: "the model's validation rule does not let it pass".to_owned(),
        fields: Vec::new(),
    }
}

fn gone() -> Error {
    Error::Gone { why: "ENTITY_IS_DELETED".to_owned() }
}

fn same(value: Option<&Value>, literal: &Literal) -> bool {
    match (value.unwrap_or(&Value::Null), literal) {
        (Value::Null, Literal::Null) => true,
        (Value::String(a), Literal::Text(b)) => a.eq_ignore_ascii_case(b),
        (Value::Bool(a), Literal::Bool(b)) => a == b,
        (Value::Number(a), Literal::Number(b)) => a.to_string() == *b,
        (_, _) => false,
    }
}

impl State {
    /// A row as it is answered, with its parents and the lists that are asked for.
    fn view(&self, reading: Reading<'_>, select: &Select) -> Record {
        let record = reading.record;
        let mut view = record.clone();
        let time = salesforce_time(reading.modified);
        view.insert("SystemModstamp".to_owned(), time.clone().into());
        view.insert("LastModifiedDate".to_owned(), time.into());
        view.insert("CreatedDate".to_owned(), salesforce_time(reading.created).into());
        for (relationship, field, target) in PARENTS {
            let id = record.get(field).and_then(Value::as_str);
            let Some(id) = id else { continue };
            let parent = self.world.rows.get(&(target.to_owned(), id.to_owned()));
            let parent = parent.filter(|row| !row.is_deleted).map(|row| {
                let mut record = row.record.clone();
                let time = salesforce_time(row.modified);
                record.insert("LastModifiedDate".to_owned(), time.into());
                Value::Object(record)
            });
            view.insert(relationship.to_owned(), parent.unwrap_or(Value::Null));
        }
        for child in &select.children {
            let found = CHILDREN.iter().find(|(name, _, _)| *name == child.relationship);
            let Some((name, object, field)) = found else { continue };
            let mine = |row: &&Thing| !row.is_deleted && row.record.get(*field) == record.get("Id");
            let rows = self.world.rows.iter().filter(|((o, _), _)| o == object).map(|(_, row)| row);
            let rows: Vec<Value> = rows
                .filter(mine)
                .map(|row| {
                    Value::Object(self.view(row.reading(self.now, false), &Select::default()))
                })
                .collect();
            let list = if rows.is_empty() {
                Value::Null
            } else {
                json!({"totalSize": rows.len(), "done": true, "records": rows})
            };
            view.insert((*name).to_owned(), list);
        }
        view
    }

    /// When a row changed last, in seconds; or its parent, when that is asked for.
    fn second(&self, row: &Thing, filter: &Filter) -> Option<i64> {
        let Filter::ParentModifiedSince { parent, .. } = filter else {
            return Some(row.modified.div_euclid(1000));
        };
        let (_, field, target) = PARENTS.iter().find(|(name, _, _)| name == parent)?;
        let id = row.record.get(*field).and_then(Value::as_str)?;
        let parent = self.world.rows.get(&((*target).to_owned(), id.to_owned()))?;
        Some(parent.modified.div_euclid(1000))
    }

    fn is_asked(&self, id: &str, row: &Thing, filter: &Filter) -> bool {
        let equal = |e: &Equality| same(row.record.get(&e.field), &e.value);
        let (since, after, also) = match filter {
            Filter::Id(wanted) => return id == wanted.as_str(),
            Filter::Ids(ids) => return ids.iter().any(|wanted| wanted.as_str() == id),
            Filter::Equal(all) => return all.iter().all(equal),
            Filter::ModifiedSince { since, after, also, .. } => (since, after, also.as_slice()),
            Filter::ParentModifiedSince { since, after, .. } => (since, after, [].as_slice()),
        };
        let (second, since) = (self.second(row, filter), Some(since.as_second()));
        let is_after = |after: &RecordId| second > since || id > after.as_str();
        second >= since && after.as_ref().is_none_or(is_after) && also.iter().all(equal)
    }

    fn row(&self, id: &str, thing: &Thing, select: &Select, is_stale: bool) -> Row {
        let reading = thing.reading(self.now, is_stale);
        let second = Timestamp::from_second(reading.modified.div_euclid(1000)).ok();
        let mut view = self.view(reading, select);
        if select.deleted {
            view.insert("IsDeleted".to_owned(), thing.is_deleted.into());
        }
        Row {
            id: RecordId::parse(id).unwrap(),
            modified: second,
            last_modified: second,
            modified_by: None,
            body: Value::Object(view).to_string(),
        }
    }

    pub(super) fn read_rows(
        &mut self,
        object: &str,
        select: &Select,
        filter: &Filter,
        is_stale: bool,
    ) -> Result<Vec<Row>, Error> {
        if self.is_out(Fault::FieldRemoved) && select.fields.iter().any(|field| field == REMOVED) {
            return Err(invalid_field());
        }
        let all = self
            .world
            .rows
            .iter()
            .filter(|((name, _), row)| name == object && !row.is_hidden)
            .filter(|(_, row)| select.deleted || !row.is_deleted);
        let mut found: Vec<(&String, &Thing)> = all
            .filter(|((_, id), row)| self.is_asked(id, row, filter))
            .map(|((_, id), row)| (id, row))
            .collect();
        found.sort_by_key(|(id, row)| (self.second(row, filter), (*id).clone()));
        if let Filter::ModifiedSince { limit, .. } | Filter::ParentModifiedSince { limit, .. } =
            filter
        {
            found.truncate(usize::try_from(*limit).unwrap_or(usize::MAX));
        }
        Ok(found.into_iter().map(|(id, row)| self.row(id, row, select, is_stale)).collect())
    }

    pub(super) fn change_row(
        &mut self,
        object: &str,
        id: &str,
        body: &str,
        since: Option<Timestamp>,
    ) -> Result<(), Error> {
        let row = self.world.rows.get(&(object.to_owned(), id.to_owned()));
        let row = row.filter(|row| !row.is_deleted && !row.is_hidden).ok_or_else(gone)?;
        if since.is_some_and(|since| row.modified.div_euclid(1000) > since.as_second()) {
            return Err(Error::Changed);
        }
        let fields: Record = serde_json::from_str(body).unwrap();
        if object == OPPORTUNITY && self.is_out(Fault::Rejected) {
            return Err(rejected());
        }
        if self.is_out(Fault::FieldRemoved) && fields.contains_key(REMOVED) {
            return Err(invalid_field());
        }
        self.world.write_row(object, id, fields, self.now);
        self.run_flow(id);
        Ok(())
    }

    /// The organisation's own automation changes the record again.
    fn run_flow(&mut self, id: &str) {
        let Some(left) = self.flows.get_mut(id).filter(|left| **left > 0) else { return };
        *left -= 1;
        let deal = self.world.rows[&(OPPORTUNITY.to_owned(), id.to_owned())].deal;
        let edit = Happens::Edit(deal, Cell::Campaign, End::Opportunity);
        self.then.push((self.chance.between(50, 3000), edit));
    }

    /// All or none, checked before anything is carried out.
    pub(super) fn composite(&mut self, subs: &[Sub]) -> Result<Vec<SubAnswer>, Error> {
        for sub in subs {
            self.may(sub)?;
        }
        let mut made = BTreeMap::new();
        let mut answers = Vec::new();
        for sub in subs {
            let id = self.sub(sub, &made)?;
            made.insert(sub.reference.clone(), id.clone());
            answers.push(SubAnswer {
                reference: sub.reference.clone(),
                status: 200,
                body: "null".to_owned(),
                id: RecordId::parse(&id).ok(),
                failure: None,
            });
        }
        Ok(answers)
    }

    fn by_field(&self, object: &str, field: &str, value: &str) -> Vec<String> {
        let all =
            self.world.rows.iter().filter(|((name, _), row)| name == object && !row.is_deleted);
        all.filter(|(_, row)| row.text(field).eq_ignore_ascii_case(value))
            .map(|((_, id), _)| id.clone())
            .collect()
    }

    fn may(&self, sub: &Sub) -> Result<(), Error> {
        let body = sub.body.as_deref().unwrap_or_default();
        if self.is_out(Fault::FieldRemoved) && body.contains(REMOVED) {
            return Err(invalid_field());
        }
        let parts: Vec<&str> = sub.path.split('/').collect();
        if self.is_out(Fault::Rejected) && parts.get(1) == Some(&OPPORTUNITY) {
            return Err(rejected());
        }
        match parts.as_slice() {
            ["sobjects", object, id] => {
                let row = self.world.rows.get(&((*object).to_owned(), (*id).to_owned()));
                let row = row.filter(|row| !row.is_deleted && !row.is_hidden).ok_or_else(gone)?;
                let is_after = |since: Timestamp| row.modified.div_euclid(1000) > since.as_second();
                if sub.unmodified_since.is_some_and(is_after) {
                    return Err(Error::Changed);
                }
                Ok(())
            }
            ["sobjects", object, field, value] if self.by_field(object, field, value).len() > 1 => {
                Err(Error::Refused {
                    code: "MULTIPLE_CHOICES".to_owned(),
                    why: "the model has several".to_owned(),
                    fields: vec![(*field).to_owned()],
                })
            }
            ["sobjects", object, field, value] if self.is_unseen(object, field, value) => {
                Err(Error::Refused {
                    code: "DUPLICATE_VALUE".to_owned(),
                    why: "the model has one that the user may not see".to_owned(),
                    fields: vec![(*field).to_owned()],
                })
            }
            _ => Ok(()),
        }
    }

    fn is_unseen(&self, object: &str, field: &str, value: &str) -> bool {
        let found = self.by_field(object, field, value);
        let row = |id: &String| self.world.rows.get(&(object.to_owned(), id.clone()));
        found.iter().filter_map(row).any(|row| row.is_hidden)
    }

    fn sub(&mut self, sub: &Sub, made: &BTreeMap<String, String>) -> Result<String, Error> {
        let mut body = sub.body.clone().unwrap_or_default();
        for (name, id) in made {
            body = body.replace(&format!("@{{{name}.id}}"), id);
        }
        let mut fields: Record = serde_json::from_str(&body).unwrap_or_default();
        let (path, now) = (sub.path.clone(), self.now);
        let parts: Vec<&str> = path.split('/').collect();
        match (sub.method, parts.as_slice()) {
            (Method::Post, ["sobjects", object]) => Ok(self.world.make_row(object, fields, now)),
            (Method::Patch, ["sobjects", object, id]) => {
                self.world.write_row(object, id, fields, now);
                self.run_flow(id);
                Ok((*id).to_owned())
            }
            (Method::Delete, ["sobjects", object, id]) => {
                let key = ((*object).to_owned(), (*id).to_owned());
                let row = self.world.rows.get_mut(&key).ok_or_else(gone)?;
                row.is_deleted = true;
                row.modified = now;
                self.world.writes += 1;
                Ok((*id).to_owned())
            }
            (Method::Patch, ["sobjects", object, field, value]) => {
                if let Some(id) = self.by_field(object, field, value).pop() {
                    self.world.write_row(object, &id, fields, now);
                    return Ok(id);
                }
                fields.insert((*field).to_owned(), (*value).into());
                Ok(self.world.make_row(object, fields, now))
            }
            (method, _) => panic!("the model does not know {method:?} {}", sub.path),
        }
    }

    /// The service was told that a row is there.
    pub(super) fn knows(&mut self, object: &str, id: &str) {
        if let Some(row) = self.world.rows.get_mut(&(object.to_owned(), id.to_owned())) {
            row.is_unknown = false;
        }
    }

    /// Remembers what a task looked at last, for the rule of the flag.
    pub(super) fn looks(&mut self, object: &str, rows: &[Row], is_by_id: bool) {
        self.looked.remove(&self.current);
        for row in rows {
            self.knows(object, row.id.as_str());
        }
        if let ([row], OPPORTUNITY, true) = (rows, object, is_by_id) {
            let body: Value = serde_json::from_str(&row.body).unwrap();
            let flag = body["Sync_with_Partner_Center__c"] == json!(true);
            self.looked.insert(self.current, (row.id.to_string(), flag));
        }
    }
}

/// The start of the second after the one in which a row changed last: nobody can tell two changes of
/// one second apart.
pub(super) fn next_second(millis: i64) -> i64 {
    (moment(millis).as_second() + 1) * 1000
}
