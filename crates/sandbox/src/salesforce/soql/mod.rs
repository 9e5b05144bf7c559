//! SOQL. In comes the text of a query; out go records as answers carry them, or the refusal with its
//! caret line. It must not know HTTP, tokens or pages.

mod columns;
mod conditions;
mod dates;
mod filter;
mod group;
mod lexer;
mod parser;
mod plan;
mod resolve;
mod run;
mod through;
mod topic;
mod tree;

use serde_json::{Map, Value};

use self::resolve::{Ground, Query};
pub(crate) use self::topic::{Heard, heard};
use crate::{
    clock,
    salesforce::{
        VERSIONS,
        model::{Object, Org},
        refusal::{Done, Stop, Wrong, bad},
        session::Session,
    },
};

/// The outcome of a query.
#[derive(Debug)]
pub(crate) enum Found {
    /// `SELECT COUNT()`: only how many.
    Count(usize),
    /// The rows of a grouped query.
    Groups(Vec<Value>),
    /// The ids of the rows, in order.
    Rows(Vec<String>),
}

/// Finds the rows of a query. `deleted`: those in the bin too.
pub(crate) fn find(session: &Session<'_>, text: &str, deleted: bool) -> Done<Found> {
    run::find(session, &known(session, session.org, text)?, deleted)
}

/// What the columns of a query are called.
pub(crate) fn columns(session: &Session<'_>, text: &str) -> Done<Value> {
    Ok(columns::describe(&known(session, session.org, text)?))
}

/// How a query would be carried out.
pub(crate) fn explain(session: &Session<'_>, text: &str) -> Done<Value> {
    plan::explain(session, text, &known(session, session.org, text)?)
}

/// Shows rows of a query's object as the query selects them.
pub(crate) fn show(session: &Session<'_>, text: &str, ids: &[String]) -> Done<Vec<Value>> {
    run::show(session, &known(session, session.org, text)?, ids)
}

/// Whether a condition can be asked of an object's rows, or the refusal that says what is wrong with it.
pub(crate) fn understands(org: &Org, object: &str, condition: &str) -> Done<()> {
    let text = asked(object, condition);
    let ground = Ground { org, text: &text, version: *VERSIONS.end() };
    resolve::query(ground, &parser::parse(&text, clock::now_milliseconds())?).map(|_| ())
}

/// Whether a row, stored or not, fulfils a condition.
pub(crate) fn holds(
    session: &Session<'_>,
    object: &Object,
    condition: &str,
    row: &Map<String, Value>,
) -> Done<bool> {
    let text = asked(&object.name, condition);
    run::holds(session, &known(session, session.whole, &text)?, row)
}

/// Whether a row, stored or not, is one that a query is about.
pub(crate) fn is_about(session: &Session<'_>, text: &str, row: &Map<String, Value>) -> Done<bool> {
    run::holds(session, &known(session, session.whole, text)?, row)
}

/// What a query says today, its names looked up.
fn known<'o>(session: &Session<'_>, org: &'o Org, text: &str) -> Done<Query<'o>> {
    let ground = Ground { org, text, version: session.version };
    resolve::query(ground, &parser::parse(text, session.tx.now_milliseconds())?)
}

fn asked(object: &str, condition: &str) -> String {
    format!("SELECT Id FROM {object} WHERE {condition}")
}

/// A refusal that points into the query: its line, a caret and the place.
fn pointing(text: &str, at: usize, code: &'static str, message: &str) -> Stop {
    let before = text.get(..at).unwrap_or(text);
    let row = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |place| place + 1);
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let caret = " ".repeat(column - 1);
    bad(Wrong::new(
        code,
        format!("\n{line}\n{caret}^\nERROR at Row:{row}:Column:{column}\n{message}"),
    ))
}
