//! Queries by HTTP, page by page. In come query texts and locators; out go pages. It must not know how
//! queries are carried out.

use serde_json::{Value, json};

use crate::{
    call::{Answer, Call},
    salesforce::{
        ids, listviews,
        refusal::{Done, Wrong, bad},
        session::Session,
        soql::{self, Found},
    },
};

/// Rows of a page, unless the client asks for less.
const PAGE: usize = 2000;
/// The smallest page.
const SMALLEST_PAGE: usize = 200;
/// How long a locator lives, in milliseconds: two days.
const LIFE: i64 = 2 * 24 * 3600 * 1000;
const LOCATOR: &str = "salesforce-locator";

/// `GET /query?q=`; `deleted`: rows in the bin too.
pub(crate) fn first(session: &Session<'_>, call: &Call, deleted: bool) -> Done<Answer> {
    if let Some(asked) = call.parameter("explain") {
        let of_list = listviews::query_of(session, asked);
        return Ok(Answer::json(200, soql::explain(session, of_list.as_deref().unwrap_or(asked))?));
    }
    let Some(text) = call.parameter("q") else {
        return Err(bad(Wrong::new("MALFORMED_QUERY", "A query string has to be specified")));
    };
    if call.parameter("columns").is_some_and(|word| word.eq_ignore_ascii_case("true")) {
        return Ok(Answer::json(200, soql::columns(session, text)?));
    }
    let ids = match soql::find(session, text, deleted)? {
        Found::Count(count) => {
            let body = json!({ "totalSize": count, "done": true, "records": [] });
            return Ok(Answer::json(200, body));
        }
        Found::Groups(groups) => {
            let body = json!({ "totalSize": groups.len(), "done": true, "records": groups });
            return Ok(Answer::json(200, body));
        }
        Found::Rows(ids) => ids,
    };
    let size = page_size(call);
    if ids.len() <= size {
        let records = soql::show(session, text, &ids)?;
        let body = json!({ "totalSize": ids.len(), "done": true, "records": records });
        return Ok(Answer::json(200, body));
    }
    let now = session.tx.now_milliseconds();
    for (old, kept) in session.tx.docs(LOCATOR)? {
        if kept.get("made").and_then(Value::as_i64).unwrap_or_default() + LIFE < now {
            session.tx.drop_doc(LOCATOR, &old)?;
        }
    }
    let locator = ids::make("0r8", session.tx.next("0r8")?);
    let kept = json!({ "query": text, "ids": ids, "size": size, "made": now });
    session.tx.put_doc(LOCATOR, &locator, &kept)?;
    page(session, &locator, &kept, 0)
}

/// `GET /query/{locator}-{offset}`.
pub(crate) fn next(session: &Session<'_>, given: &str) -> Done<Answer> {
    let invalid = || bad(Wrong::new("INVALID_QUERY_LOCATOR", "invalid query locator"));
    let (locator, offset) = given.split_once('-').ok_or_else(invalid)?;
    let offset: usize = offset.parse().map_err(|_| invalid())?;
    let kept = session.tx.doc(LOCATOR, locator)?.ok_or_else(invalid)?;
    page(session, locator, &kept, offset)
}

fn page(session: &Session<'_>, locator: &str, kept: &Value, offset: usize) -> Done<Answer> {
    let ids: Vec<String> = kept
        .get("ids")
        .and_then(Value::as_array)
        .map(|ids| ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();
    let size = kept.get("size").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
    let size = size.unwrap_or(PAGE);
    let text = kept.get("query").and_then(Value::as_str).unwrap_or_default();
    let wanted: Vec<String> = ids.iter().skip(offset).take(size).cloned().collect();
    let records = soql::show(session, text, &wanted)?;
    let end = offset + wanted.len();
    let mut body = json!({ "totalSize": ids.len(), "done": end >= ids.len() });
    if let Some(map) = body.as_object_mut() {
        if end < ids.len() {
            let next = format!("/services/data/v{}.0/query/{locator}-{end}", session.version);
            map.insert("nextRecordsUrl".to_owned(), json!(next));
        }
        map.insert("records".to_owned(), json!(records));
    }
    Ok(Answer::json(200, body))
}

/// `Sforce-Query-Options: batchSize=500`, within what Salesforce allows.
fn page_size(call: &Call) -> usize {
    call.header("sforce-query-options")
        .into_iter()
        .flat_map(|options| options.split([',', ';']))
        .filter_map(|option| option.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("batchSize"))
        .and_then(|(_, size)| size.trim().parse::<usize>().ok())
        .map_or(PAGE, |size| size.clamp(SMALLEST_PAGE, PAGE))
}
