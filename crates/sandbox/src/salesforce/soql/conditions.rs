//! Conditions looked up. In comes what a condition says; out goes the same with its subjects found and its
//! values typed, or the refusal for the first that does not fit. It must not know rows.

use std::rc::Rc;

use super::{
    filter::parts,
    lexer::plain,
    pointing,
    resolve::{Filter, Ground, Operand, Query, Reach, Shown, query},
    tree::{self, Literal, Operator, Path},
};
use crate::salesforce::{
    ids,
    model::{Field, Kind},
    refusal::{Done, Stop},
    values,
};

/// Looks up a condition's names. `find`: what a path means, and the field that its values are as.
pub(super) fn conditions<'o, S>(
    ground: Ground<'o, '_>,
    filter: &tree::Filter,
    find: &dyn Fn(&Path) -> Done<(S, &'o Field)>,
) -> Done<Filter<'o, S>> {
    let text = ground.text;
    let all = |filters: &[tree::Filter]| -> Done<Vec<Filter<'o, S>>> {
        filters.iter().map(|filter| conditions(ground, filter, find)).collect()
    };
    Ok(match filter {
        tree::Filter::And(filters) => Filter::And(all(filters)?),
        tree::Filter::Or(filters) => Filter::Or(all(filters)?),
        tree::Filter::Not(filter) => Filter::Not(Box::new(conditions(ground, filter, find)?)),
        tree::Filter::Compare { path, operator, value } => {
            let (reach, field) = find(path)?;
            let value = operand(text, path, field, *operator, value)?;
            Filter::Compare { reach, operator: *operator, value }
        }
        tree::Filter::In { path, negated, values } => {
            let (reach, field) = find(path)?;
            let operand = |value| operand(text, path, field, Operator::Equal, value);
            let values = values.iter().map(operand).collect::<Done<_>>()?;
            Filter::In { reach, negated: *negated, values }
        }
        tree::Filter::Within { path, negated, query } => {
            let (reach, _) = find(path)?;
            let (query, of) = within(ground, path, query)?;
            Filter::Within { reach, negated: *negated, query: Rc::new(query), of }
        }
        tree::Filter::Includes { path, negated, values } => {
            let (reach, field) = find(path)?;
            let word = values::type_word(&field.kind);
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
                let message = format!("value of filter criterion for field '{}' must be of type string and should be enclosed in quotes", field.name);
                pointing(text, path.at, "INVALID_FIELD", &message)
            })?;
            Filter::Includes { reach, negated: *negated, values }
        }
    })
}

/// A semi-join's query and the one field that it selects.
fn within<'o>(
    ground: Ground<'o, '_>,
    path: &Path,
    inner: &tree::Query,
) -> Done<(Query<'o>, Reach<'o>)> {
    let mut query = query(ground, inner)?;
    if let (Some(Shown::Field(reach, _)), true, false) =
        (query.columns.pop(), query.columns.is_empty(), query.counts)
    {
        return Ok((query, reach));
    }
    let message = "a semi join sub-select selects one field";
    Err(pointing(ground.text, path.at, "MALFORMED_QUERY", message))
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
        | Kind::Address
        | Kind::Base64
        | Kind::Reference(_) => false,
    }
}
