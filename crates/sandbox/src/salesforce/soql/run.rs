//! Queries carried out. In comes a query whose names are known; out go ids in order, and rows as the
//! query shows them. It must not know pages.

use std::{cell::RefCell, cmp::Ordering, collections::HashMap, rc::Rc};

use serde_json::{Map, Value, json};

use super::{
    Found, filter, group,
    resolve::{Filter, Operand, Order, Query, Reach, Shown},
    through::Through,
    tree::Scope,
};
use crate::{
    decimal::Decimal,
    salesforce::{
        content,
        model::{Field, Kind, Link, Object},
        refusal::Done,
        rows::row_id,
        session::Session,
    },
    store::Pick,
};

pub(super) type Record = Rc<Map<String, Value>>;

/// Reads rows, each parent once.
struct Reader<'a> {
    session: &'a Session<'a>,
    parents: RefCell<HashMap<String, Option<Record>>>,
}

/// Finds the rows of a query; `deleted`: those in the bin too.
pub(super) fn find(session: &Session<'_>, query: &Query<'_>, deleted: bool) -> Done<Found> {
    let reader = Reader { session, parents: RefCell::default() };
    let rows = reader.select(query, None, deleted || query.all_rows)?;
    if query.counts {
        return Ok(Found::Count(rows.len()));
    }
    if let Some(grouping) = &query.grouping {
        let groups = group::rows(grouping, rows, &|row, reach| reader.value(row, reach))?;
        let groups = groups.into_iter().skip(query.offset);
        return Ok(Found::Groups(groups.take(query.limit.unwrap_or(usize::MAX)).collect()));
    }
    Ok(Found::Rows(rows.iter().map(|row| row_id(row)).collect()))
}

/// Shows the rows with these ids; those that are gone are left out.
pub(super) fn show(session: &Session<'_>, query: &Query<'_>, ids: &[String]) -> Done<Vec<Value>> {
    let reader = Reader { session, parents: RefCell::default() };
    let rows = session.rows(query.object, &Pick::Ids(ids.to_vec()))?;
    rows.into_iter().map(|row| reader.show(query, &Rc::new(row.body))).collect()
}

/// Whether a row, stored or not, fulfils a query's condition.
pub(super) fn holds(
    session: &Session<'_>,
    query: &Query<'_>,
    row: &Map<String, Value>,
) -> Done<bool> {
    let reader = Reader { session, parents: RefCell::default() };
    let row = Rc::new(row.clone());
    match &query.filter {
        Some(filter) => {
            let filter = reader.settle(filter)?;
            filter::fits(&filter, &|reach| reader.value(&row, reach))
        }
        None => Ok(true),
    }
}

impl Reader<'_> {
    /// The rows that fit, in order, within limit and offset. `of`: only children of this parent.
    fn select(
        &self,
        query: &Query<'_>,
        of: Option<(&str, &str)>,
        deleted: bool,
    ) -> Done<Vec<Record>> {
        let filter = query.filter.as_ref().map(|filter| self.settle(filter)).transpose()?;
        let pick = match of {
            Some((field, parent)) => Pick::Key(field.to_owned(), vec![parent.to_owned()]),
            None => filter::pick(filter.as_ref()),
        };
        let mut rows: Vec<Record> = Vec::new();
        for stored in self.session.rows(query.object, &pick)? {
            let row = Rc::new(stored.body);
            let read = |reach: &Reach<'_>| self.value(&row, reach);
            let is_wanted = match &filter {
                Some(filter) => filter::fits(filter, &read)?,
                None => true,
            };
            if is_wanted && self.is_in(query.scope, &row) && (deleted || !stored.deleted) {
                rows.push(row);
            }
        }
        rows.sort_by_cached_key(|row| row_id(row));
        rows.dedup_by_key(|row| row_id(row));
        self.sort(&mut rows, &query.order)?;
        if query.grouping.is_some() {
            // Limit and offset count groups.
            return Ok(rows);
        }
        let limit = query.limit.unwrap_or(usize::MAX);
        Ok(rows.into_iter().skip(query.offset).take(limit).collect())
    }

    fn is_in(&self, scope: Scope, row: &Record) -> bool {
        match scope {
            Scope::Everything => true,
            Scope::Mine => {
                row.get("OwnerId").and_then(Value::as_str) == Some(self.session.caller.id.as_str())
            }
        }
    }

    /// The filter with values in the place of semi-joins.
    fn settle<'o>(&self, filter: &Filter<'o>) -> Done<Filter<'o>> {
        let all = |filters: &[Filter<'o>]| -> Done<Vec<Filter<'o>>> {
            filters.iter().map(|filter| self.settle(filter)).collect()
        };
        Ok(match filter {
            Filter::And(filters) => Filter::And(all(filters)?),
            Filter::Or(filters) => Filter::Or(all(filters)?),
            Filter::Not(filter) => Filter::Not(Box::new(self.settle(filter)?)),
            Filter::Within { reach, negated, query, of } => {
                let is_id = matches!(of.field.kind, Kind::Id | Kind::Reference(_));
                let mut values = Vec::new();
                for row in self.select(query, None, query.all_rows)? {
                    if let Some(text) = self.value(&row, of)?.as_str() {
                        values.push(if is_id {
                            Operand::Id(text.to_owned())
                        } else {
                            Operand::Text(text.to_lowercase())
                        });
                    }
                }
                Filter::In { reach: reach.clone(), negated: *negated, values }
            }
            Filter::Compare { .. } | Filter::In { .. } | Filter::Includes { .. } => filter.clone(),
        })
    }

    fn sort(&self, rows: &mut Vec<Record>, order: &[Order<'_>]) -> Done<()> {
        if order.is_empty() {
            return Ok(());
        }
        let mut keyed = Vec::with_capacity(rows.len());
        for row in rows.drain(..) {
            let key: Vec<Value> =
                order.iter().map(|item| self.value(&row, &item.reach)).collect::<Done<_>>()?;
            keyed.push((key, row));
        }
        keyed.sort_by(|(left, _), (right, _)| {
            let pairs = left.iter().zip(right).zip(order);
            pairs
                .map(|((left, right), item)| {
                    in_order(left, right, item.descending, item.nulls_last)
                })
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        rows.extend(keyed.into_iter().map(|(_, row)| row));
        Ok(())
    }

    fn value(&self, row: &Record, reach: &Reach<'_>) -> Done<Value> {
        let mut here = Rc::clone(row);
        for (field, link) in &reach.parents {
            let Some(parent) = self.parent(&here, &field.name, link)? else {
                return Ok(Value::Null);
            };
            here = parent;
        }
        Ok(self.at(&here, reach))
    }

    /// The value at the end of a path: what becomes of the field of this row.
    fn at(&self, row: &Record, reach: &Reach<'_>) -> Value {
        match reach.through {
            None if reach.field.kind == Kind::Base64 => {
                content::address(self.session, reach.field, row)
            }
            None => row.get(&reach.field.name).cloned().unwrap_or_default(),
            Some(Through::Kind) => match self.session.org.of_id(&row_id(row)) {
                // Of queues, their own type is told.
                Some(object) if object.name == "Group" => {
                    row.get("Type").cloned().unwrap_or_default()
                }
                Some(object) => json!(object.name),
                None => Value::Null,
            },
            Some(through) => through.of(reach.field, row),
        }
    }

    fn parent(&self, row: &Record, field: &str, link: &Link) -> Done<Option<Record>> {
        let Some(id) = row.get(field).and_then(Value::as_str) else {
            return Ok(None);
        };
        if let Some(known) = self.parents.borrow().get(id) {
            return Ok(known.clone());
        }
        let org = self.session.org;
        let object = org.of_id(id).or_else(|| org.named(link.target()));
        let found = object.map(|object| self.session.row(object, id)).transpose()?.flatten();
        let found = found.filter(|row| !row.deleted).map(|row| Rc::new(row.body));
        self.parents.borrow_mut().insert(id.to_owned(), found.clone());
        Ok(found)
    }

    fn show(&self, query: &Query<'_>, row: &Record) -> Done<Value> {
        let mut shown = self.begin(query.object, row);
        for column in &query.columns {
            match column {
                Shown::Field(reach, name) => self.place(&mut shown, row, reach, name)?,
                Shown::Children { name, by, query } => {
                    let rows = self.select(query, Some((&by.name, &row_id(row))), false)?;
                    let records: Vec<Value> =
                        rows.iter().map(|row| self.show(query, row)).collect::<Done<_>>()?;
                    let children = if records.is_empty() {
                        Value::Null
                    } else {
                        json!({ "totalSize": records.len(), "done": true, "records": records })
                    };
                    shown.insert((*name).to_owned(), children);
                }
                Shown::Kinds { parents, whens, otherwise } => {
                    let Some((into, parent)) = self.descend(&mut shown, row, parents)? else {
                        continue;
                    };
                    let object = self.session.org.of_id(&row_id(&parent));
                    let is_of = |known: &Object| object.is_some_and(|o| o.name == known.name);
                    let fields = whens.iter().find(|(known, _)| is_of(known));
                    for reach in fields.map_or(otherwise, |(_, fields)| fields) {
                        self.place(into, &parent, reach, &reach.field.name)?;
                    }
                }
            }
        }
        Ok(Value::Object(shown))
    }

    fn begin(&self, object: &Object, row: &Map<String, Value>) -> Map<String, Value> {
        let url = self.session.row_url(&object.name, &row_id(row));
        let mut shown = Map::new();
        shown.insert("attributes".to_owned(), json!({ "type": object.name, "url": url }));
        shown
    }

    /// Puts a field under its parents' names; a parent that is not there is null.
    fn place(
        &self,
        shown: &mut Map<String, Value>,
        row: &Record,
        reach: &Reach<'_>,
        name: &str,
    ) -> Done<()> {
        if let Some((into, here)) = self.descend(shown, row, &reach.parents)? {
            into.insert(name.to_owned(), self.at(&here, reach));
        }
        Ok(())
    }

    /// The place below parents' names, and the last parent; nothing where one is not there.
    fn descend<'s>(
        &self,
        shown: &'s mut Map<String, Value>,
        row: &Record,
        parents: &[(&Field, &Link)],
    ) -> Done<Option<(&'s mut Map<String, Value>, Record)>> {
        let org = self.session.org;
        let mut here = Rc::clone(row);
        let mut into = shown;
        for (field, link) in parents {
            let parent = self.parent(&here, &field.name, link)?;
            let entry = into.entry(link.parent.clone()).or_insert(Value::Null);
            let object = parent
                .as_ref()
                .and_then(|parent| org.of_id(&row_id(parent)))
                .or(org.named(link.target()));
            let Some((parent, object)) = parent.zip(object) else {
                return Ok(None);
            };
            if entry.is_null() {
                *entry = Value::Object(self.begin(object, &parent));
            }
            let Some(next) = entry.as_object_mut() else {
                return Ok(None);
            };
            into = next;
            here = parent;
        }
        Ok(Some((into, here)))
    }
}

/// Compares two values; nothing comes first unless it is to come last.
pub(super) fn in_order(
    left: &Value,
    right: &Value,
    descending: bool,
    nulls_last: bool,
) -> Ordering {
    let nulls = match (left.is_null(), right.is_null()) {
        (true, true) => return Ordering::Equal,
        (true, false) => Some(Ordering::Less),
        (false, true) => Some(Ordering::Greater),
        (false, false) => None,
    };
    if let Some(order) = nulls {
        return if nulls_last { order.reverse() } else { order };
    }
    let order = match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let read = |number: &serde_json::Number| Decimal::parse(&number.to_string());
            read(left).zip(read(right)).map_or(Ordering::Equal, |(left, right)| left.compare(right))
        }
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (left, right) => {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
            text(left).cmp(&text(right))
        }
    };
    if descending { order.reverse() } else { order }
}
