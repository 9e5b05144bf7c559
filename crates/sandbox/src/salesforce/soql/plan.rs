//! How a query would be carried out. In comes a query whose names are known; out goes how many rows would be
//! read, and by what. It must not know the rows' values.

use serde_json::{Value, json};

use super::{filter, resolve::Query};
use crate::{
    salesforce::{refusal::Done, session::Session},
    store::Pick,
};

/// The answer to `explain`.
pub(super) fn explain(session: &Session<'_>, text: &str, query: &Query<'_>) -> Done<Value> {
    let object = &query.object.name;
    let pick = filter::pick(query.filter.as_ref());
    let (operation, fields) = match &pick {
        Pick::Ids(_) => ("Index", vec!["Id".to_owned()]),
        Pick::Key(field, _) => ("Index", vec![field.clone()]),
        Pick::Since(_) => ("Index", vec!["SystemModstamp".to_owned()]),
        Pick::All => ("TableScan", Vec::new()),
    };
    let all = session.tx.rows(object, &Pick::All)?.len();
    let read = if fields.is_empty() { all } else { session.tx.rows(object, &pick)?.len() };
    let notes = if fields.is_empty() && query.filter.is_some() {
        json!([{
            "description": "Not considering filter for optimization because unindexed",
            "fields": [],
            "tableEnumOrId": object,
        }])
    } else {
        json!([])
    };
    let share = (read * 1000).checked_div(all).unwrap_or_default();
    let cost = crate::salesforce::values::number(&format!("{}.{:03}", share / 1000, share % 1000));
    Ok(json!({
        "plans": [{
            "cardinality": read,
            "fields": fields,
            "leadingOperationType": operation,
            "notes": notes,
            "relativeCost": cost,
            "sobjectCardinality": all,
            "sobjectType": object,
        }],
        "sourceQuery": text,
    }))
}
