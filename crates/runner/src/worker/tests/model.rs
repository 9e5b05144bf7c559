//! Two modelled systems in memory: what the worker relies on, and faults on request.

mod ask;
mod records;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use connect::partner_center::{List, Order, Page, PatchOp, Referral};
use connect::salesforce::{Ask, Equality, Filter, Method, Row, Select, Sub, SubAnswer};
use connect::{ETag, Error, RecordId, ReferralId};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::deal_map::parents;
use crate::simulation::world::set;
use crate::wires::Wires;

use records::{
    CHILDREN, PARENTS, is_later, moment, referral, rows_empty, same, stamp_referral, stamp_row,
};

pub(super) type Record = Map<String, Value>;

/// What goes wrong with one call.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    /// Nothing: the next one has to wait.
    Fine,
    /// It is carried out, and the answer is lost.
    AppliedThenLost,
    /// It is lost on the way, and nobody knows.
    Lost,
    /// It is answered with this.
    Answer(Error),
    /// Somebody edits the record first: object, field, value.
    Edit(&'static str, &'static str, Value),
    /// The same, and it is answered with this.
    EditAndAnswer(&'static str, &'static str, Value, Error),
}

/// The state of both systems, and what was asked of them.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) referrals: BTreeMap<String, Record>,
    /// Rows by object and id.
    pub(super) rows: BTreeMap<(String, String), Record>,
    /// Rows that were deleted.
    pub(super) bin: BTreeMap<(String, String), Record>,
    /// Writes in their order, such as `create referral` or `change Opportunity 006…`.
    pub(super) writes: Vec<String>,
    /// The referrals that were read, in their order.
    pub(super) reads: Vec<String>,
    /// How often several questions were asked in one call.
    pub(super) asked_at_once: u32,
    /// What goes wrong with the next calls, by kind.
    pub(super) troubles: BTreeMap<&'static str, VecDeque<Trouble>>,
    made: u64,
}

#[derive(Debug)]
pub(super) struct World {
    state: Mutex<State>,
    pub(super) clock: Clock,
}

pub(super) fn lost(why: &str) -> Error {
    Error::Later { after: None, why: why.to_owned(), unknown_outcome: true }
}

impl World {
    pub(super) fn new(clock: Clock) -> Self {
        Self { state: Mutex::default(), clock }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Changes a field of a referral as Microsoft's portal would.
    pub(super) fn edit_referral(&self, id: &str, pointer: &str, value: Value) {
        let mut state = self.state();
        let record = state.referrals.get_mut(id).unwrap();
        set(record, pointer, value);
        stamp_referral(record, self.clock.now());
    }

    /// Changes a field of a row as a user would.
    pub(super) fn edit_row(&self, object: &str, id: &str, field: &str, value: Value) {
        let mut state = self.state();
        let row = state.rows.get_mut(&(object.to_owned(), id.to_owned())).unwrap();
        row.insert(field.to_owned(), value);
        stamp_row(row, self.clock.now());
    }

    /// A user puts a row into the bin.
    pub(super) fn delete_row(&self, object: &str, id: &str) {
        let key = (object.to_owned(), id.to_owned());
        let mut state = self.state();
        let mut row = state.rows.remove(&key).unwrap();
        row.insert("IsDeleted".to_owned(), true.into());
        stamp_row(&mut row, self.clock.now());
        state.bin.insert(key, row);
    }

    /// And takes it out again.
    pub(super) fn undelete_row(&self, object: &str, id: &str) {
        let key = (object.to_owned(), id.to_owned());
        let mut state = self.state();
        let mut row = state.bin.remove(&key).unwrap();
        row.insert("IsDeleted".to_owned(), false.into());
        stamp_row(&mut row, self.clock.now());
        state.rows.insert(key, row);
    }

    /// A row made by a user; its id.
    pub(super) fn add_row(&self, object: &str, fields: &Value) -> String {
        let fields = fields.as_object().unwrap().clone();
        self.state().insert(object, fields, self.clock.now())
    }

    /// A referral made by Microsoft; its id.
    pub(super) fn add_referral(&self, text: &str, id: &str) -> String {
        let mut record: Record = serde_json::from_str(text).unwrap();
        record.insert("id".to_owned(), id.into());
        stamp_referral(&mut record, self.clock.now());
        self.state().referrals.insert(id.to_owned(), record);
        id.to_owned()
    }

    pub(super) fn trouble(&self, kind: &'static str, trouble: Trouble) {
        self.state().troubles.entry(kind).or_default().push_back(trouble);
    }

    /// The rows of an object, with their ids.
    pub(super) fn all(&self, object: &str) -> Vec<(String, Record)> {
        let state = self.state();
        let rows = state.rows.iter().filter(|((o, _), _)| o == object);
        rows.map(|((_, id), row)| (id.clone(), row.clone())).collect()
    }

    pub(super) fn writes(&self) -> usize {
        self.state().writes.len()
    }

    /// Carries out a write under the trouble that waits for its kind.
    fn write<T>(
        &self,
        kind: &'static str,
        work: impl FnOnce(&mut State, Timestamp) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let now = self.clock.now();
        let mut state = self.state();
        let trouble = state.troubles.get_mut(kind).and_then(VecDeque::pop_front);
        match trouble {
            None | Some(Trouble::Fine) => work(&mut state, now),
            Some(Trouble::Lost) => Err(lost("the connection was cut")),
            Some(Trouble::Answer(error)) => Err(error),
            Some(Trouble::AppliedThenLost) => {
                work(&mut state, now)?;
                Err(lost("the answer did not arrive"))
            }
            Some(Trouble::Edit(object, field, value)) => {
                state.edit(object, field, &value, now);
                work(&mut state, now)
            }
            Some(Trouble::EditAndAnswer(object, field, value, error)) => {
                state.edit(object, field, &value, now);
                Err(error)
            }
        }
    }
}

impl State {
    /// Somebody edits all records of an object.
    fn edit(&mut self, object: &str, field: &str, value: &Value, now: Timestamp) {
        for ((name, _), row) in &mut self.rows {
            if name == object {
                row.insert(field.to_owned(), value.clone());
                stamp_row(row, now);
            }
        }
        for record in self.referrals.values_mut().filter(|_| object == "Referral") {
            set(record, field, value.clone());
            stamp_referral(record, now);
        }
    }

    fn next(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    fn insert(&mut self, object: &str, fields: Record, now: Timestamp) -> String {
        let prefix = match object {
            "Opportunity" => "006",
            "Lead" => "00Q",
            _ => "a0X",
        };
        let number = self.next();
        let id = RecordId::parse(&format!("{prefix}{number:012}")).unwrap().to_string();
        let mut row = fields;
        row.insert("Id".to_owned(), id.clone().into());
        row.insert("CreatedDate".to_owned(), now.to_string().into());
        stamp_row(&mut row, now);
        self.rows.insert((object.to_owned(), id.clone()), row);
        id
    }

    /// When a row was changed last; or its parent, when that is asked for.
    fn changed(&self, row: &Record, filter: &Filter) -> Option<Timestamp> {
        let Filter::ParentModifiedSince { parent, .. } = filter else {
            return moment(row, "SystemModstamp");
        };
        let (_, field, target) = PARENTS.iter().find(|(name, _, _)| name == parent)?;
        let id = row.get(*field).and_then(Value::as_str)?;
        moment(self.rows.get(&((*target).to_owned(), id.to_owned()))?, "LastModifiedDate")
    }

    fn view(&self, object: &str, row: &Record, select: &Select) -> String {
        let mut view = row.clone();
        let is_asked = |name: &str| {
            let fields = &select.fields;
            fields.is_empty() || parents(fields).contains(name)
        };
        for (relationship, field, target) in PARENTS.into_iter().filter(|(name, ..)| is_asked(name))
        {
            let id = row.get(field).and_then(Value::as_str).unwrap_or_default();
            let parent = self.rows.get(&(target.to_owned(), id.to_owned()));
            let parent = parent.map_or(Value::Null, |row| Value::Object(row.clone()));
            view.insert(relationship.to_owned(), parent);
        }
        for child in &select.children {
            let found = CHILDREN.iter().find(|(name, _, _)| *name == child.relationship);
            let Some((name, child_object, parent)) = found else { continue };
            let mine = |row: &&Record| row.get(*parent) == view.get("Id");
            let rows = self.rows.iter().filter(|((o, _), _)| o == child_object).map(|(_, r)| r);
            let empty = Select::default();
            let rows: Vec<Value> = rows
                .filter(mine)
                .map(|row| serde_json::from_str(&self.view(child_object, row, &empty)).unwrap())
                .collect();
            let list = json!({"totalSize": rows.len(), "done": true, "records": rows});
            view.insert((*name).to_owned(), if rows_empty(&list) { Value::Null } else { list });
        }
        let _ = object;
        Value::Object(view).to_string()
    }

    fn change(
        &mut self,
        object: &str,
        id: &str,
        fields: Record,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.writes.push(format!("change {object} {id}"));
        let row = self.rows.get_mut(&(object.to_owned(), id.to_owned()));
        let row = row.ok_or(Error::Gone { why: "ENTITY_IS_DELETED".to_owned() })?;
        if row.get("IsConverted") == Some(&json!(true)) {
            return Err(Error::Refused {
                code: "CANNOT_UPDATE_CONVERTED_LEAD".to_owned(),
                why: "cannot reference converted lead".to_owned(),
                fields: Vec::new(),
            });
        }
        for (name, value) in fields {
            row.insert(name, value);
        }
        stamp_row(row, now);
        Ok(())
    }

    fn sub(
        &mut self,
        sub: &Sub,
        made: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<String, Error> {
        let mut body = sub.body.clone().unwrap_or_default();
        for (name, id) in made {
            body = body.replace(&format!("@{{{name}.id}}"), id);
        }
        let fields: Record = serde_json::from_str(&body).unwrap_or_default();
        let parts: Vec<&str> = sub.path.split('/').collect();
        match (sub.method, parts.as_slice()) {
            (Method::Post, ["sobjects", object]) => {
                self.writes.push(format!("create {object}"));
                Ok(self.insert(object, fields, now))
            }
            (Method::Patch, ["sobjects", object, id]) => {
                let row = self.rows.get(&((*object).to_owned(), (*id).to_owned()));
                let modified = row.and_then(|row| moment(row, "LastModifiedDate"));
                if sub.unmodified_since.is_some() && modified > sub.unmodified_since {
                    return Err(Error::Changed);
                }
                self.change(object, id, fields, now).map(|()| (*id).to_owned())
            }
            (Method::Patch, ["sobjects", object, field, value]) => {
                let same = |row: &Record| row.get(*field).and_then(Value::as_str) == Some(value);
                let found = self.rows.iter().find(|((o, _), row)| o == object && same(row));
                if let Some((_, id)) = found.map(|(key, _)| key.clone()) {
                    return self.change(object, &id, fields, now).map(|()| id);
                }
                let mut fields = fields;
                fields.insert((*field).to_owned(), (*value).into());
                self.writes.push(format!("create {object}"));
                Ok(self.insert(object, fields, now))
            }
            (Method::Delete, ["sobjects", object, id]) => {
                let gone = Error::Gone { why: "ENTITY_IS_DELETED".to_owned() };
                self.rows.remove(&((*object).to_owned(), (*id).to_owned())).ok_or(gone)?;
                self.writes.push(format!("delete {object}"));
                Ok((*id).to_owned())
            }
            (method, _) => panic!("unexpected {method:?} {}", sub.path),
        }
    }
}

impl Wires for World {
    async fn referral(&self, id: &ReferralId) -> Result<Option<Referral>, Error> {
        self.state().reads.push(id.to_string());
        self.write("read referral", |state, _| Ok(state.referrals.get(id.as_str()).map(referral)))
    }

    async fn change_referral(
        &self,
        id: &ReferralId,
        changes: &[PatchOp],
        etag: Option<&ETag>,
    ) -> Result<Referral, Error> {
        self.write("change referral", |state, now| {
            let record = state.referrals.get_mut(id.as_str());
            let record = record.ok_or(Error::Gone { why: "itemNotFound".to_owned() })?;
            let current = record.get("eTag").and_then(Value::as_str);
            if etag.is_some_and(|etag| Some(etag.as_str()) != current) {
                return Err(Error::Changed);
            }
            for change in changes {
                set(record, &change.path, serde_json::from_str(&change.value).unwrap());
            }
            stamp_referral(record, now);
            let answer = referral(record);
            state.writes.push(format!("change referral {id}"));
            Ok(answer)
        })
    }

    async fn create_referral(&self, body: &str) -> Result<Referral, Error> {
        self.write("create referral", |state, now| {
            let mut record: Record = serde_json::from_str(body).unwrap();
            if ask::is_for_microsoft(&record) {
                return state.ask(record, now);
            }
            let id = format!("00000000-0000-0000-0000-{:012}", state.next());
            for (name, value) in [
                ("id", id.as_str()),
                ("engagementId", &id.replace("0000-0000", "aaaa-aaaa")),
                ("organizationId", "own-org"),
                ("status", "Active"),
                ("substatus", "Accepted"),
                ("direction", "Outgoing"),
                ("createdDateTime", &now.to_string()),
            ] {
                record.insert(name.to_owned(), value.into());
            }
            stamp_referral(&mut record, now);
            let answer = referral(&record);
            state.referrals.insert(id, record);
            state.writes.push("create referral".to_owned());
            Ok(answer)
        })
    }

    async fn referrals(&self, list: &List) -> Result<Page, Error> {
        self.write("list referrals", |state, _| {
            let name = match list.order {
                Order::UpdatedDescending | Order::UpdatedAscending => "updatedDateTime",
                Order::CreatedDescending | Order::CreatedAscending => "createdDateTime",
            };
            let asked = |record: &&Record| match &list.filter {
                Some(filter) => ask::is_in(record, filter),
                None => true,
            };
            let mut records: Vec<&Record> = state.referrals.values().filter(asked).collect();
            records.sort_by_key(|record| std::cmp::Reverse(moment(record, name)));
            let start: usize = list.token.as_deref().map_or(0, |token| token.parse().unwrap());
            let top = 3;
            let page = records.iter().skip(start).take(top).map(|record| referral(record));
            let next = (start + top < records.len()).then(|| (start + top).to_string());
            Ok(Page { records: page.collect(), next, unreadable: 0 })
        })
    }

    async fn rows(
        &self,
        object: &str,
        select: &Select,
        filter: &Filter,
    ) -> Result<Vec<Row>, Error> {
        self.write("read rows", |state, _| {
            let bin = state.bin.iter().filter(|_| select.deleted);
            let mut rows: Vec<(&String, &Record)> = state
                .rows
                .iter()
                .chain(bin)
                .filter(|((name, _), row)| {
                    let modified = state.changed(row, filter);
                    let id = row.get("Id").and_then(Value::as_str).unwrap();
                    name == object
                        && match filter {
                            Filter::Id(wanted) => id == wanted.as_str(),
                            Filter::Ids(ids) => ids.iter().any(|wanted| wanted.as_str() == id),
                            Filter::Equal(all) => {
                                all.iter().all(|e| same(row.get(&e.field), &e.value))
                            }
                            Filter::ModifiedSince { since, after, also, .. } => {
                                let equal = |e: &Equality| same(row.get(&e.field), &e.value);
                                also.iter().all(equal)
                                    && is_later(modified, id, *since, after.as_ref())
                            }
                            Filter::ParentModifiedSince { since, after, .. } => {
                                is_later(modified, id, *since, after.as_ref())
                            }
                        }
                })
                .map(|((_, id), row)| (id, row))
                .collect();
            rows.sort_by_key(|(id, row)| (state.changed(row, filter), (*id).clone()));
            let read = |(id, row): (&String, &Record)| Row {
                id: RecordId::parse(id).unwrap(),
                modified: moment(row, "SystemModstamp"),
                last_modified: moment(row, "LastModifiedDate"),
                modified_by: None,
                body: state.view(object, row, select),
            };
            Ok(rows.into_iter().map(read).collect())
        })
    }

    async fn several(&self, asks: &[Ask]) -> Vec<Result<Vec<Row>, Error>> {
        self.state().asked_at_once += 1;
        let mut all = Vec::new();
        for ask in asks {
            all.push(self.rows(&ask.object, &ask.select, &ask.filter).await);
        }
        all
    }

    async fn change_row(
        &self,
        object: &str,
        id: &RecordId,
        body: &str,
        unmodified_since: Option<Timestamp>,
    ) -> Result<(), Error> {
        self.write("change row", |state, now| {
            let row = state.rows.get(&(object.to_owned(), id.to_string()));
            let row = row.ok_or(Error::Gone { why: "ENTITY_IS_DELETED".to_owned() })?;
            let modified = moment(row, "LastModifiedDate");
            if unmodified_since.is_some() && modified > unmodified_since {
                return Err(Error::Changed);
            }
            state.change(object, id.as_str(), serde_json::from_str(body).unwrap(), now)
        })
    }

    async fn write_rows(&self, subs: &[Sub]) -> Result<Vec<SubAnswer>, Error> {
        self.write("composite", |state, now| {
            let (rows, writes) = (state.rows.clone(), state.writes.len());
            let mut made = BTreeMap::new();
            let mut answers = Vec::new();
            for sub in subs {
                match state.sub(sub, &made, now) {
                    Ok(id) => {
                        made.insert(sub.reference.clone(), id.clone());
                        answers.push(SubAnswer {
                            reference: sub.reference.clone(),
                            status: 200,
                            body: "null".to_owned(),
                            id: RecordId::parse(&id).ok(),
                            failure: None,
                        });
                    }
                    Err(error) => {
                        state.rows = rows;
                        state.writes.truncate(writes);
                        return Err(error);
                    }
                }
            }
            Ok(answers)
        })
    }
}
