//! Names looked up. In comes what a query says; out goes the same with objects, fields and typed values,
//! or the refusal for the first name or value that does not fit. It must not know rows.

use super::{
    lexer::plain,
    pointing,
    tree::{self, Column, Literal, Operator, Path},
};
use crate::{
    decimal::Decimal,
    salesforce::{
        ids,
        model::{Field, Kind, Link, Object, Org},
        refusal::{Done, Stop},
        values,
    },
};

/// Most parents between a query's object and a field.
const MOST_PARENTS: usize = 5;
/// What every unknown field's message ends with.
const HINT: &str = "If you are attempting to use a custom field, be sure to append the '__c' after the \
    custom field name. Please reference your WSDL or the describe call for the appropriate names.";

/// A field reached over parents.
#[derive(Debug, Clone)]
pub(super) struct Reach<'o> {
    pub(super) parents: Vec<(&'o Field, &'o Link)>,
    pub(super) field: &'o Field,
}

/// A query whose names are known.
#[derive(Debug)]
pub(super) struct Query<'o> {
    pub(super) object: &'o Object,
    pub(super) columns: Vec<Shown<'o>>,
    pub(super) counts: bool,
    pub(super) filter: Option<Filter<'o>>,
    pub(super) order: Vec<Order<'o>>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
    pub(super) all_rows: bool,
}

#[derive(Debug)]
pub(super) enum Shown<'o> {
    Field(Reach<'o>),
    Children { name: &'o str, by: &'o Field, query: Query<'o> },
}

#[derive(Debug)]
pub(super) struct Order<'o> {
    pub(super) reach: Reach<'o>,
    pub(super) descending: bool,
    pub(super) nulls_last: bool,
}

#[derive(Debug)]
pub(super) enum Filter<'o> {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Compare { reach: Reach<'o>, operator: Operator, value: Operand },
    In { reach: Reach<'o>, negated: bool, values: Vec<Operand> },
}

/// A value in the form that it is compared in.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Null,
    Flag(bool),
    Number(Decimal),
    /// In lower case; for LIKE with its escapes.
    Text(String),
    Id(String),
    /// A stored day or moment; both sort as text.
    Time(String),
}

/// Looks up the names of a query.
pub(super) fn query<'o>(org: &'o Org, text: &str, query: &tree::Query) -> Done<Query<'o>> {
    let name = &query.from.text;
    let object = org.named(name).ok_or_else(|| {
        let message = format!(
            "sObject type '{name}' is not supported. If you are attempting to use a custom object, \
             be sure to append the '__c' after the entity name. Please reference your WSDL or the \
             describe call for the appropriate names."
        );
        pointing(text, query.from.at, "INVALID_TYPE", &message)
    })?;
    resolve((org, text), query, object, true)
}

/// The organisation, and the text of the query.
type Ground<'o, 't> = (&'o Org, &'t str);

fn resolve<'o>(
    ground: Ground<'o, '_>,
    query: &tree::Query,
    object: &'o Object,
    outermost: bool,
) -> Done<Query<'o>> {
    let (_, text) = ground;
    let mut columns: Vec<Shown<'o>> = Vec::new();
    for column in &query.columns {
        columns.push(match column {
            Column::Field(path) => field_column(ground, object, path, &columns)?,
            Column::Children(inner) => children(ground, inner, object, outermost)?,
        });
    }
    let filter =
        query.filter.as_ref().map(|filter| conditions(ground, object, filter)).transpose()?;
    let mut order = Vec::new();
    for item in &query.order {
        let reach = reach(ground, object, &item.path)?;
        filterable(text, &item.path, reach.field, "sorted")?;
        order.push(Order { reach, descending: item.descending, nulls_last: item.nulls_last });
    }
    Ok(Query {
        object,
        columns,
        counts: query.counts,
        filter,
        order,
        limit: query.limit,
        offset: query.offset,
        all_rows: query.all_rows,
    })
}

fn field_column<'o>(
    ground: Ground<'o, '_>,
    object: &'o Object,
    path: &Path,
    before: &[Shown<'o>],
) -> Done<Shown<'o>> {
    let found = reach(ground, object, path)?;
    let names = |reach: &Reach<'o>| -> Vec<&'o str> {
        let parents = reach.parents.iter().map(|(field, _)| field.name.as_str());
        parents.chain([reach.field.name.as_str()]).collect()
    };
    let same = |shown: &Shown<'o>| match shown {
        Shown::Field(other) => names(other) == names(&found),
        Shown::Children { .. } => false,
    };
    if before.iter().any(same) {
        let message = format!("duplicate field selected: {}", found.field.name);
        return Err(pointing(ground.1, path.at, "MALFORMED_QUERY", &message));
    }
    Ok(Shown::Field(found))
}

fn children<'o>(
    ground: Ground<'o, '_>,
    inner: &tree::Query,
    object: &'o Object,
    outermost: bool,
) -> Done<Shown<'o>> {
    let (org, text) = ground;
    let name = &inner.from.text;
    let found = org.children_named(object, name).filter(|_| outermost);
    let Some((child, by, link)) = found else {
        let message = format!(
            "Didn't understand relationship '{name}' in FROM part of query call. If you are \
             attempting to use a custom relationship, be sure to append the '__r' after the custom \
             relationship name. Please reference your WSDL or the describe call for the appropriate \
             names."
        );
        return Err(pointing(text, inner.from.at, "INVALID_TYPE", &message));
    };
    let query = resolve(ground, inner, child, false)?;
    Ok(Shown::Children { name: link.children.as_deref().unwrap_or_default(), by, query })
}

fn reach<'o>(ground: Ground<'o, '_>, object: &'o Object, path: &Path) -> Done<Reach<'o>> {
    let (org, text) = ground;
    let mut parts: Vec<&str> = path.text.split('.').collect();
    // A path may begin with the object's own name.
    if parts.len() > 1 && parts.first().is_some_and(|part| part.eq_ignore_ascii_case(&object.name))
    {
        parts.remove(0);
    }
    let last = parts.pop().unwrap_or_default();
    if parts.len() > MOST_PARENTS {
        let message = "a field path may go over five parents at most";
        return Err(pointing(text, path.at, "INVALID_FIELD", message));
    }
    let mut parents = Vec::new();
    let mut here = object;
    for part in parts {
        let next = here.parent(part).and_then(|(field, link)| {
            org.named(link.target()).map(|object| ((field, link), object))
        });
        let Some((parent, object)) = next else {
            let message = format!(
                "Didn't understand relationship '{part}' in field path. If you are attempting to use \
                 a custom relationship, be sure to append the '__r' after the custom relationship \
                 name. Please reference your WSDL or the describe call for the appropriate names."
            );
            return Err(pointing(text, path.at, "INVALID_FIELD", &message));
        };
        parents.push(parent);
        here = object;
    }
    let field = here.field(last).ok_or_else(|| {
        let message = format!("No such column '{last}' on entity '{}'. {HINT}", here.name);
        pointing(text, path.at, "INVALID_FIELD", &message)
    })?;
    Ok(Reach { parents, field })
}

fn filterable(text: &str, path: &Path, field: &Field, what: &str) -> Done<()> {
    if field.is_filterable() {
        return Ok(());
    }
    let message = format!("field '{}' can not be {what} in a query call", field.name);
    Err(pointing(text, path.at, "INVALID_FIELD", &message))
}

fn conditions<'o>(
    ground: Ground<'o, '_>,
    object: &'o Object,
    filter: &tree::Filter,
) -> Done<Filter<'o>> {
    let (_, text) = ground;
    let all = |filters: &[tree::Filter]| -> Done<Vec<Filter<'o>>> {
        filters.iter().map(|filter| conditions(ground, object, filter)).collect()
    };
    Ok(match filter {
        tree::Filter::And(filters) => Filter::And(all(filters)?),
        tree::Filter::Or(filters) => Filter::Or(all(filters)?),
        tree::Filter::Not(filter) => Filter::Not(Box::new(conditions(ground, object, filter)?)),
        tree::Filter::Compare { path, operator, value } => {
            let reach = reach(ground, object, path)?;
            filterable(text, path, reach.field, "filtered")?;
            let value = operand(text, path, reach.field, *operator, value)?;
            Filter::Compare { reach, operator: *operator, value }
        }
        tree::Filter::In { path, negated, values } => {
            let reach = reach(ground, object, path)?;
            filterable(text, path, reach.field, "filtered")?;
            let operand = |value| operand(text, path, reach.field, Operator::Equal, value);
            let values = values.iter().map(operand).collect::<Done<_>>()?;
            Filter::In { reach, negated: *negated, values }
        }
    })
}

fn operand(
    text: &str,
    path: &Path,
    field: &Field,
    operator: Operator,
    value: &Literal,
) -> Done<Operand> {
    let wrong = |wanted: &str, quotes: &str| -> Stop {
        let message = format!(
            "value of filter criterion for field '{}' must be of type {wanted} and should {quotes}",
            field.name
        );
        pointing(text, path.at, "INVALID_FIELD", &message)
    };
    let bare = "not be enclosed in quotes";
    if operator == Operator::Like && !is_text(&field.kind) {
        let message = format!("invalid operator on {} field", values::type_word(&field.kind));
        return Err(pointing(text, path.at, "INVALID_QUERY_FILTER_OPERATOR", &message));
    }
    match (&field.kind, value) {
        (_, Literal::Null) => Ok(Operand::Null),
        (Kind::Id | Kind::Reference(_), Literal::Text(given)) if given.is_empty() => {
            Ok(Operand::Null)
        }
        (Kind::Id | Kind::Reference(_), Literal::Text(given)) => {
            ids::read(given).map(Operand::Id).ok_or_else(|| {
                let message = format!("invalid ID field: {given}");
                pointing(text, path.at, "INVALID_QUERY_FILTER_OPERATOR", &message)
            })
        }
        (Kind::Checkbox, Literal::Flag(flag)) => Ok(Operand::Flag(*flag)),
        (Kind::Whole(_) | Kind::Number { .. }, Literal::Number(number)) => {
            Ok(Operand::Number(*number))
        }
        (Kind::Day, Literal::Day(time)) | (Kind::Moment, Literal::Moment(time)) => {
            Ok(Operand::Time(time.clone()))
        }
        (kind, Literal::Text(given)) if is_text(kind) => Ok(match operator {
            Operator::Like => Operand::Text(given.to_lowercase()),
            _ if given.is_empty() => Operand::Null,
            _ => Operand::Text(plain(given).to_lowercase()),
        }),
        (Kind::Checkbox, _) => Err(wrong("boolean", bare)),
        (Kind::Whole(_), _) => Err(wrong("int", bare)),
        (Kind::Number { .. }, _) => Err(wrong("double", bare)),
        (Kind::Day, _) => Err(wrong("date", bare)),
        (Kind::Moment, _) => Err(wrong("dateTime", bare)),
        (_, _) => Err(wrong("string", "be enclosed in quotes")),
    }
}

fn is_text(kind: &Kind) -> bool {
    match kind {
        Kind::Text(_)
        | Kind::Area(_)
        | Kind::Phone(_)
        | Kind::Email(_)
        | Kind::Url(_)
        | Kind::Picklist { .. } => true,
        Kind::Id
        | Kind::Checkbox
        | Kind::Whole(_)
        | Kind::Number { .. }
        | Kind::Day
        | Kind::Moment
        | Kind::Reference(_) => false,
    }
}
