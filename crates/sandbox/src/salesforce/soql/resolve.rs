//! Names looked up. In comes what a query says; out goes the same with objects, fields and typed values,
//! or the refusal for the first name or value that does not fit. It must not know rows.

use std::rc::Rc;

use super::{
    filter::parts,
    group::{self, Grouping},
    lexer::plain,
    pointing,
    tree::{self, Column, Every, Literal, Operator, Path},
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
/// Most rows of a query that asks for fields without naming them.
const MOST_WITH_EVERY: usize = 200;
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
    pub(super) grouping: Option<Grouping<'o>>,
    pub(super) filter: Option<Filter<'o>>,
    pub(super) order: Vec<Order<'o>>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
    pub(super) all_rows: bool,
}

#[derive(Debug)]
pub(super) enum Shown<'o> {
    Field(Reach<'o>),
    Children { name: &'o str, by: &'o Field, query: Box<Query<'o>> },
}

#[derive(Debug)]
pub(super) struct Order<'o> {
    pub(super) reach: Reach<'o>,
    pub(super) descending: bool,
    pub(super) nulls_last: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Filter<'o> {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Compare {
        reach: Reach<'o>,
        operator: Operator,
        value: Operand,
    },
    In {
        reach: Reach<'o>,
        negated: bool,
        values: Vec<Operand>,
    },
    /// The rows of another query, and the field of theirs whose values count.
    Within {
        reach: Reach<'o>,
        negated: bool,
        query: Rc<Query<'o>>,
        of: Reach<'o>,
    },
    /// In lower case; each entry's parts must all be there.
    Includes {
        reach: Reach<'o>,
        negated: bool,
        values: Vec<Vec<String>>,
    },
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
    /// From the first up to the second of such.
    Span(String, String),
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

/// Where a path begins: the object, and the name that it has in this query.
#[derive(Clone, Copy)]
struct Place<'o, 't> {
    ground: Ground<'o, 't>,
    object: &'o Object,
    alias: Option<&'t str>,
}

impl<'o> Place<'o, '_> {
    fn reach(self, path: &Path) -> Done<Reach<'o>> {
        reach(self, path)
    }
}

fn resolve<'o>(
    ground: Ground<'o, '_>,
    query: &tree::Query,
    object: &'o Object,
    outermost: bool,
) -> Done<Query<'o>> {
    let (_, text) = ground;
    let place = Place { ground, object, alias: query.alias.as_deref() };
    let find = |path: &Path| place.reach(path);
    let grouping = group::is_grouped(query).then(|| group::resolve(text, query, &find));
    let grouping = grouping.transpose()?;
    let columns = if grouping.is_some() { Vec::new() } else { columns(place, query, outermost)? };
    let filter = query.filter.as_ref().map(|filter| conditions(place, filter)).transpose()?;
    let mut order = Vec::new();
    for item in query.order.iter().filter(|_| grouping.is_none()) {
        let reach = place.reach(&item.path)?;
        filterable(text, &item.path, reach.field, "sorted")?;
        order.push(Order { reach, descending: item.descending, nulls_last: item.nulls_last });
    }
    Ok(Query {
        object,
        columns,
        counts: query.counts,
        grouping,
        filter,
        order,
        limit: query.limit,
        offset: query.offset,
        all_rows: query.all_rows,
    })
}

fn columns<'o>(place: Place<'o, '_>, query: &tree::Query, outermost: bool) -> Done<Vec<Shown<'o>>> {
    let Place { ground, object, .. } = place;
    let (_, text) = ground;
    let mut columns: Vec<Shown<'o>> = Vec::new();
    for column in &query.columns {
        match column {
            Column::Field { path, alias: None } => {
                columns.push(field_column(text, path, place.reach(path)?, &columns)?);
            }
            Column::Field { path, alias: Some(_) } => {
                let message = "only aggregate expressions use field aliasing";
                return Err(pointing(text, path.at, "MALFORMED_QUERY", message));
            }
            // A query with such is grouped.
            Column::Aggregate { .. } => {}
            Column::Every(which, at) => {
                let few = query.limit.is_some_and(|limit| limit <= MOST_WITH_EVERY);
                if *which != Every::Standard && !few {
                    let message = "The SOQL FIELDS function must have a LIMIT of at most 200";
                    return Err(pointing(text, *at, "MALFORMED_QUERY", message));
                }
                for field in object.fields.iter().filter(|field| which.has(field.is_custom())) {
                    let path = Path { text: field.name.clone(), at: *at };
                    let found = Reach { parents: Vec::new(), field };
                    columns.push(field_column(text, &path, found, &columns)?);
                }
            }
            Column::Children(inner) => columns.push(children(ground, inner, object, outermost)?),
        }
    }
    Ok(columns)
}

fn field_column<'o>(
    text: &str,
    path: &Path,
    found: Reach<'o>,
    before: &[Shown<'o>],
) -> Done<Shown<'o>> {
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
        return Err(pointing(text, path.at, "MALFORMED_QUERY", &message));
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
    let query = Box::new(resolve(ground, inner, child, false)?);
    if query.grouping.is_some() || query.counts {
        let message = "a sub-select shows rows, not what is counted of them";
        return Err(pointing(text, inner.from.at, "MALFORMED_QUERY", message));
    }
    Ok(Shown::Children { name: link.children.as_deref().unwrap_or_default(), by, query })
}

fn reach<'o>(place: Place<'o, '_>, path: &Path) -> Done<Reach<'o>> {
    let Place { ground: (org, text), object, alias } = place;
    let mut parts: Vec<&str> = path.text.split('.').collect();
    // A path may begin with the object's own name, or the one that it has in this query.
    let own = |part: &&str| {
        part.eq_ignore_ascii_case(&object.name)
            || alias.is_some_and(|alias| part.eq_ignore_ascii_case(alias))
    };
    if parts.len() > 1 && parts.first().is_some_and(own) {
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

fn conditions<'o>(place: Place<'o, '_>, filter: &tree::Filter) -> Done<Filter<'o>> {
    let (org, text) = place.ground;
    let all = |filters: &[tree::Filter]| -> Done<Vec<Filter<'o>>> {
        filters.iter().map(|filter| conditions(place, filter)).collect()
    };
    let reach = |path: &Path| -> Done<Reach<'o>> {
        let found = place.reach(path)?;
        filterable(text, path, found.field, "filtered")?;
        Ok(found)
    };
    Ok(match filter {
        tree::Filter::And(filters) => Filter::And(all(filters)?),
        tree::Filter::Or(filters) => Filter::Or(all(filters)?),
        tree::Filter::Not(filter) => Filter::Not(Box::new(conditions(place, filter)?)),
        tree::Filter::Compare { path, operator, value } => {
            let reach = reach(path)?;
            let value = operand(text, path, reach.field, *operator, value)?;
            Filter::Compare { reach, operator: *operator, value }
        }
        tree::Filter::In { path, negated, values } => {
            let reach = reach(path)?;
            let operand = |value| operand(text, path, reach.field, Operator::Equal, value);
            let values = values.iter().map(operand).collect::<Done<_>>()?;
            Filter::In { reach, negated: *negated, values }
        }
        tree::Filter::Within { path, negated, query } => {
            let reach = reach(path)?;
            let (query, of) = within((org, text), path, query)?;
            Filter::Within { reach, negated: *negated, query: Rc::new(query), of }
        }
        tree::Filter::Includes { path, negated, values } => {
            let reach = reach(path)?;
            let word = values::type_word(&reach.field.kind);
            if word != "multipicklist" {
                let message = format!("invalid operator on {word} field");
                return Err(pointing(text, path.at, "INVALID_QUERY_FILTER_OPERATOR", &message));
            }
            let text_of = |value: &Literal| match value {
                Literal::Text(value) => Some(parts(&plain(value))),
                Literal::Null
                | Literal::Flag(_)
                | Literal::Number(_)
                | Literal::Day(_)
                | Literal::Moment(_)
                | Literal::Span(..) => None,
            };
            let values: Option<Vec<_>> = values.iter().map(text_of).collect();
            let values = values.ok_or_else(|| {
                let message = format!("value of filter criterion for field '{}' must be of type string and should be enclosed in quotes", reach.field.name);
                pointing(text, path.at, "INVALID_FIELD", &message)
            })?;
            Filter::Includes { reach, negated: *negated, values }
        }
    })
}

/// A semi-join's query and the one field that it selects.
fn within<'o>(
    (org, text): Ground<'o, '_>,
    path: &Path,
    inner: &tree::Query,
) -> Done<(Query<'o>, Reach<'o>)> {
    let mut query = query(org, text, inner)?;
    match (query.columns.pop(), query.columns.is_empty(), query.counts) {
        (Some(Shown::Field(reach)), true, false) => Ok((query, reach)),
        (Some(Shown::Field(_) | Shown::Children { .. }) | None, _, _) => {
            let message = "a semi join sub-select selects one field";
            Err(pointing(text, path.at, "MALFORMED_QUERY", message))
        }
    }
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
        (Kind::Day, Literal::Span(from, to)) => Ok(Operand::Span(from.clone(), to.clone())),
        (Kind::Moment, Literal::Span(from, to)) => {
            let at = |day: &str| format!("{day}T00:00:00.000+0000");
            Ok(Operand::Span(at(from), at(to)))
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
