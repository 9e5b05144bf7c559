//! Groups of rows: `GROUP BY` and what is counted or summed. In come a query's columns, then the rows that
//! fit; out goes a row for each group. It must not know how rows are stored.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::{
    pointing,
    resolve::Reach,
    run::{Record, in_order},
    tree::{self, Aggregate, Column, Function, Path},
};
use crate::{
    decimal::Decimal,
    salesforce::{
        model::Kind,
        refusal::{Done, Stop},
        values,
    },
};

/// How rows are put together, and what is shown of each group.
#[derive(Debug)]
pub(super) struct Grouping<'o> {
    keys: Vec<Reach<'o>>,
    outputs: Vec<(String, Shown<'o>)>,
    order: Vec<Sorted<'o>>,
}

/// A value of a group.
#[derive(Debug)]
enum Shown<'o> {
    /// One of its keys, by its place.
    Key(usize),
    Worked(Function, Reach<'o>),
}

#[derive(Debug)]
struct Sorted<'o> {
    by: Shown<'o>,
    descending: bool,
    nulls_last: bool,
}

impl Grouping<'_> {
    /// The columns' names, each with the field that it shows unless it is worked out.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, Option<&Reach<'_>>)> {
        self.outputs.iter().map(|(name, shown)| match shown {
            Shown::Key(place) => (name.as_str(), self.keys.get(*place)),
            Shown::Worked(..) => (name.as_str(), None),
        })
    }
}

/// Rows with the same keys.
struct Group {
    keys: Vec<Value>,
    rows: Vec<Record>,
}

/// Whether a query asks for groups.
pub(super) fn is_grouped(query: &tree::Query) -> bool {
    let worked = |column: &Column| matches!(column, Column::Aggregate { .. });
    !query.group.is_empty() || query.columns.iter().any(worked)
}

/// Looks up the names of a grouped query.
pub(super) fn resolve<'o>(
    text: &str,
    query: &tree::Query,
    reach: &dyn Fn(&Path) -> Done<Reach<'o>>,
) -> Done<Grouping<'o>> {
    let keys: Vec<Reach<'o>> = query.group.iter().map(reach).collect::<Done<_>>()?;
    let mut outputs = Vec::new();
    let mut unnamed = 0;
    for column in &query.columns {
        outputs.push(match column {
            Column::Field { path, alias } => {
                let found = reach(path)?;
                let place = key(query, path).ok_or_else(|| {
                    let message = format!("Field must be grouped or aggregated: {}", path.text);
                    pointing(text, path.at, "MALFORMED_QUERY", &message)
                })?;
                let name = alias.clone().unwrap_or_else(|| found.field.name.clone());
                (name, Shown::Key(place))
            }
            Column::Aggregate { call, alias } => {
                let found = reach(&call.path)?;
                refuse_unfit(text, call, &found)?;
                let name = alias.clone().unwrap_or_else(|| {
                    unnamed += 1;
                    format!("expr{}", unnamed - 1)
                });
                (name, Shown::Worked(call.function, found))
            }
            Column::Every(_, at) => return Err(malformed(text, *at)),
            Column::Children(inner) => return Err(malformed(text, inner.from.at)),
        });
    }
    let mut order = Vec::new();
    for item in &query.order {
        let named = outputs.iter().find(|(name, _)| name.eq_ignore_ascii_case(&item.path.text));
        let by = match (item.function, named) {
            (Some(function), _) => {
                let call = Aggregate { function, path: item.path.clone() };
                let found = reach(&item.path)?;
                refuse_unfit(text, &call, &found)?;
                Shown::Worked(function, found)
            }
            (None, Some((_, Shown::Key(place)))) => Shown::Key(*place),
            (None, Some((_, Shown::Worked(function, found)))) => {
                Shown::Worked(*function, found.clone())
            }
            (None, None) => Shown::Key(key(query, &item.path).ok_or_else(|| {
                let message =
                    format!("Ordered field must be grouped or aggregated: {}", item.path.text);
                pointing(text, item.path.at, "MALFORMED_QUERY", &message)
            })?),
        };
        order.push(Sorted { by, descending: item.descending, nulls_last: item.nulls_last });
    }
    Ok(Grouping { keys, outputs, order })
}

fn malformed(text: &str, at: usize) -> Stop {
    pointing(
        text,
        at,
        "MALFORMED_QUERY",
        "a grouped query shows grouped and aggregated fields only",
    )
}

/// The place of a field among the keys.
fn key(query: &tree::Query, path: &Path) -> Option<usize> {
    query.group.iter().position(|key| key.text.eq_ignore_ascii_case(&path.text))
}

fn refuse_unfit(text: &str, call: &Aggregate, reach: &Reach<'_>) -> Done<()> {
    let (word, wants_number) = match call.function {
        Function::Sum => ("SUM", true),
        Function::Average => ("AVG", true),
        Function::Count => ("COUNT", false),
        Function::CountDistinct => ("COUNT_DISTINCT", false),
        Function::Least => ("MIN", false),
        Function::Greatest => ("MAX", false),
    };
    let is_number = matches!(reach.field.kind, Kind::Number { .. } | Kind::Whole(_));
    if reach.field.is_filterable() && (is_number || !wants_number) {
        return Ok(());
    }
    let message = format!("field {} does not support aggregate operator {word}", reach.field.name);
    Err(pointing(text, call.path.at, "MALFORMED_QUERY", &message))
}

/// The rows that a grouped query shows.
pub(super) fn rows(
    grouping: &Grouping<'_>,
    rows: Vec<Record>,
    read: &dyn Fn(&Record, &Reach<'_>) -> Done<Value>,
) -> Done<Vec<Value>> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for row in rows {
        let keys: Vec<Value> =
            grouping.keys.iter().map(|key| read(&row, key)).collect::<Done<_>>()?;
        let same = Value::Array(keys.clone()).to_string().to_lowercase();
        let place = *places.entry(same).or_insert_with(|| {
            groups.push(Group { keys, rows: Vec::new() });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.rows.push(row);
        }
    }
    if grouping.keys.is_empty() && groups.is_empty() {
        groups.push(Group { keys: Vec::new(), rows: Vec::new() });
    }
    let mut keyed = Vec::new();
    for group in groups {
        let by: Vec<Value> =
            grouping.order.iter().map(|item| value(&group, &item.by, read)).collect::<Done<_>>()?;
        keyed.push((by, group));
    }
    keyed.sort_by(|(left, _), (right, _)| {
        let pairs = left.iter().zip(right).zip(&grouping.order);
        pairs
            .map(|((left, right), item)| in_order(left, right, item.descending, item.nulls_last))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    keyed.iter().map(|(_, group)| show(grouping, group, read)).collect()
}

fn show(
    grouping: &Grouping<'_>,
    group: &Group,
    read: &dyn Fn(&Record, &Reach<'_>) -> Done<Value>,
) -> Done<Value> {
    let mut shown = Map::new();
    shown.insert("attributes".to_owned(), json!({ "type": "AggregateResult" }));
    for (name, output) in &grouping.outputs {
        shown.insert(name.clone(), value(group, output, read)?);
    }
    Ok(Value::Object(shown))
}

fn value(
    group: &Group,
    shown: &Shown<'_>,
    read: &dyn Fn(&Record, &Reach<'_>) -> Done<Value>,
) -> Done<Value> {
    let (function, reach) = match shown {
        Shown::Key(place) => return Ok(group.keys.get(*place).cloned().unwrap_or_default()),
        Shown::Worked(function, reach) => (*function, reach),
    };
    let mut found: Vec<Value> =
        group.rows.iter().map(|row| read(row, reach)).collect::<Done<_>>()?;
    found.retain(|value| !value.is_null());
    found.sort_by(|left, right| in_order(left, right, false, false));
    Ok(match function {
        Function::Count => json!(found.len()),
        Function::CountDistinct => {
            found.dedup_by(|left, right| in_order(left, right, false, false).is_eq());
            json!(found.len())
        }
        Function::Sum => sum(&found).map_or(Value::Null, |sum| values::number(&sum.text(1))),
        Function::Average => sum(&found)
            .and_then(|sum| sum.over(i64::try_from(found.len()).ok()?))
            .map_or(Value::Null, |mean| values::number(&mean.text(1))),
        Function::Least => found.first().cloned().unwrap_or_default(),
        Function::Greatest => found.last().cloned().unwrap_or_default(),
    })
}

/// The sum of numbers, if there are any.
fn sum(found: &[Value]) -> Option<Decimal> {
    let mut numbers = found.iter().map(|value| Decimal::parse(&value.to_string()));
    let first = numbers.next()??;
    numbers.try_fold(first, |sum, number| sum.plus(number?))
}
