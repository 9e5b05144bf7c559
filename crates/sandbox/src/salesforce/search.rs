//! Searches for words in rows' texts. In come searches by SOSL and by parameters; out go the rows that have
//! the words. It must not know how queries are carried out.

mod asked;
mod terms;

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use self::asked::{Among, Asked, Wanted};
use crate::{
    call::{Answer, Call, Method},
    salesforce::{
        model::{Kind, Object},
        refusal::{Done, Stop, Wrong, bad, wrong_method},
        rows::row_id,
        session::{Session, parse_body},
        soql::{self, Found},
    },
    store::Pick,
};

/// Most rows of an answer.
const MOST: usize = 2000;
/// Since this version rows stand in an object, and not in a list alone.
const WRAPPED_SINCE: u32 = 37;

/// `GET /search?q=FIND {…}`.
pub(crate) fn sosl(session: &Session<'_>, call: &Call) -> Done<Answer> {
    let Some(text) = call.parameter("q").filter(|text| !text.trim().is_empty()) else {
        return Err(bad(Wrong::new("MALFORMED_SEARCH", "A search string has to be specified")));
    };
    answer(session, &asked::sosl(text)?)
}

/// `GET /parameterizedSearch?q=…`, and the same with a body.
pub(crate) fn parameterized(session: &Session<'_>, call: &Call, method: Method) -> Done<Answer> {
    let asked = match method {
        Method::Get | Method::Head => asked::by_address(call)?,
        Method::Post => asked::by_body(&parse_body(session.raw)?)?,
        Method::Put | Method::Patch | Method::Delete | Method::Other => {
            return Err(wrong_method("GET,HEAD,POST"));
        }
    };
    answer(session, &asked)
}

fn answer(session: &Session<'_>, asked: &Asked) -> Done<Answer> {
    let every = || {
        let objects = session.org.objects.iter().filter(|object| object.writable);
        objects.map(|object| Wanted { object: object.name.clone(), ..Wanted::default() }).collect()
    };
    let wanted: Vec<Wanted> = if asked.wanted.is_empty() { every() } else { asked.wanted.clone() };
    let mut left = asked.limit.unwrap_or(MOST).min(MOST);
    let mut records: Vec<Value> = Vec::new();
    for wanted in &wanted {
        let found = find(session, asked, wanted, left)?;
        left -= found.len().min(left);
        records.extend(found);
    }
    let body = if session.version < WRAPPED_SINCE {
        json!(records)
    } else {
        json!({ "searchRecords": records })
    };
    Ok(Answer::json(200, body))
}

fn find(session: &Session<'_>, asked: &Asked, wanted: &Wanted, most: usize) -> Done<Vec<Value>> {
    let Wanted { object, fields, clauses, .. } = wanted;
    let object = session.org.named(object).filter(|object| object.writable).ok_or_else(|| {
        let message = format!("sObject type '{object}' is not supported.");
        bad(Wrong::new("INVALID_TYPE", message))
    })?;
    let fields = if fields.is_empty() { "Id" } else { fields };
    let query = format!("SELECT {fields} FROM {} {clauses}", object.name);
    let Found::Rows(ids) = soql::find(session, &query, false)? else {
        return Err(grouped());
    };
    let rows = session.tx.rows(&object.name, &Pick::Ids(ids.clone()))?;
    let fits: HashSet<String> = rows
        .iter()
        .filter(|row| asked.terms.fits(&texts(object, asked.among, &row.body)))
        .map(|row| row_id(&row.body))
        .collect();
    let limit = wanted.limit.unwrap_or(MOST).min(most);
    let ids = ids.into_iter().filter(|id| fits.contains(id)).skip(wanted.offset).take(limit);
    soql::show(session, &query, &ids.collect::<Vec<_>>())
}

fn grouped() -> Stop {
    bad(Wrong::new("MALFORMED_QUERY", "a search shows rows, not groups of them"))
}

/// The texts of a row that are looked at.
fn texts<'r>(object: &Object, among: Among, row: &'r Map<String, Value>) -> Vec<&'r str> {
    let is_looked_at = |kind: &Kind, names: bool| match among {
        Among::Names => names,
        Among::Emails => matches!(kind, Kind::Email(_)),
        Among::Phones => matches!(kind, Kind::Phone(_)),
        Among::All => matches!(
            kind,
            Kind::Text(_) | Kind::Area(_) | Kind::Url(_) | Kind::Email(_) | Kind::Phone(_)
        ),
    };
    let fields =
        object.fields.iter().filter(|field| is_looked_at(&field.kind, field.names_the_row));
    fields.filter_map(|field| row.get(&field.name).and_then(Value::as_str)).collect()
}
