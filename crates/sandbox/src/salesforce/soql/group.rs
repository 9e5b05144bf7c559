//! Groups of rows: `GROUP BY` and what is counted or summed. In come a query's columns, then the rows that
//! fit; out goes a row for each group. It must not know how rows are stored.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::{
    conditions::conditions,
    filter, pointing,
    resolve::{Filter, Ground, Reach, filterable},
    run::{Record, in_order},
    through,
    tree::{self, Behind, Column, Function, Path},
};
use crate::{
    decimal::Decimal,
    salesforce::{
        model::{Field, Kind},
        refusal::{Done, Stop},
        values,
    },
};

/// How rows are put together, and what is shown of each group.
#[derive(Debug)]
pub(super) struct Grouping<'o> {
    keys: Vec<Reach<'o>>,
    outputs: Vec<(String, Shown<'o>)>,
    /// Which groups are shown.
    having: Option<Filter<'o, Shown<'o>>>,
    order: Vec<Sorted<'o>>,
}

/// A value of a group.
#[derive(Debug, Clone)]
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
    let worked = |column: &Column| match column {
        Column::Field { path, .. } => matches!(path.behind, Behind::Group(_)),
        Column::Every(..) | Column::Children(_) | Column::Kinds { .. } => false,
    };
    !query.group.is_empty() || query.having.is_some() || query.columns.iter().any(worked)
}

/// How the fields of a grouped query are found.
type Find<'a, 'o> = &'a dyn Fn(&Path) -> Done<Reach<'o>>;

/// Looks up the names of a grouped query.
pub(super) fn resolve<'o>(
    ground: Ground<'o, '_>,
    query: &tree::Query,
    find: Find<'_, 'o>,
) -> Done<Grouping<'o>> {
    let text = ground.text;
    let keys: Vec<Reach<'o>> = query.group.iter().map(find).collect::<Done<_>>()?;
    let mut outputs = Vec::new();
    let mut unnamed = 0;
    for column in &query.columns {
        let (path, alias) = match column {
            Column::Field { path, alias } => (path, alias),
            Column::Every(_, at) => return Err(malformed(text, *at)),
            Column::Children(inner) => return Err(malformed(text, inner.from.at)),
            Column::Kinds { path, .. } => return Err(malformed(text, path.at)),
        };
        let shown = subject(ground, query, find, path, "Field")?;
        let name = match (alias, &shown, path.behind) {
            (Some(alias), _, _) => alias.clone(),
            (None, Shown::Key(place), Behind::Nothing) => {
                keys.get(*place).map(|key| key.field.name.clone()).unwrap_or_default()
            }
            (None, Shown::Key(_) | Shown::Worked(..), _) => {
                unnamed += 1;
                format!("expr{}", unnamed - 1)
            }
        };
        outputs.push((name, shown));
    }
    let fields = |path: &Path| -> Done<(Shown<'o>, &'o Field)> {
        let shown = subject(ground, query, find, path, "Field")?;
        let field = match &shown {
            Shown::Key(place) => keys.get(*place).map(Reach::asked),
            Shown::Worked(Function::Count | Function::CountDistinct, _) => None,
            Shown::Worked(_, reach) => Some(reach.field),
        };
        Ok(match field {
            Some(field) => (shown, field),
            None => (shown, through::whole_field()),
        })
    };
    let having = query.having.as_ref().map(|filter| conditions(ground, filter, &fields));
    let mut order = Vec::new();
    for item in &query.order {
        let named = outputs.iter().find(|(name, _)| name.eq_ignore_ascii_case(&item.path.text));
        let by = match (item.path.behind, named) {
            (Behind::Nothing, Some((_, shown))) => shown.clone(),
            (_, _) => subject(ground, query, find, &item.path, "Ordered field")?,
        };
        order.push(Sorted { by, descending: item.descending, nulls_last: item.nulls_last });
    }
    Ok(Grouping { having: having.transpose()?, keys, outputs, order })
}

/// What a path means of a group: one of its keys, or what is worked out of its rows.
fn subject<'o>(
    ground: Ground<'o, '_>,
    query: &tree::Query,
    find: Find<'_, 'o>,
    path: &Path,
    what: &str,
) -> Done<Shown<'o>> {
    let text = ground.text;
    if let Behind::Group(function) = path.behind {
        let found = find(&Path { behind: Behind::Nothing, ..path.clone() })?;
        refuse_unfit(text, function, path, &found)?;
        return Ok(Shown::Worked(function, found));
    }
    let found = find(path)?;
    filterable(text, path, found.field, "grouped")?;
    let place = query.group.iter().position(|key| key.is(path));
    place.map(Shown::Key).ok_or_else(|| {
        let message = format!("{what} must be grouped or aggregated: {}", path.text);
        pointing(text, path.at, "MALFORMED_QUERY", &message)
    })
}

fn malformed(text: &str, at: usize) -> Stop {
    pointing(
        text,
        at,
        "MALFORMED_QUERY",
        "a grouped query shows grouped and aggregated fields only",
    )
}

fn refuse_unfit(text: &str, function: Function, path: &Path, reach: &Reach<'_>) -> Done<()> {
    let (word, wants_number) = match function {
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
    Err(pointing(text, path.at, "MALFORMED_QUERY", &message))
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
        let is_shown = match &grouping.having {
            Some(having) => filter::fits(having, &|shown| value(&group, shown, read))?,
            None => true,
        };
        if !is_shown {
            continue;
        }
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
