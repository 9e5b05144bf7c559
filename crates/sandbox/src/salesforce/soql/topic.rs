//! Queries that stand for the rows that somebody hears of. In comes the text of one; out go its object and the
//! fields that it names, or the refusal of what cannot be heard of. It must not know who hears.

use super::{
    parser,
    resolve::{self, Filter, Ground, Reach, Shown},
    tree::{self, Scope},
};
use crate::salesforce::{
    model::Kind,
    refusal::{Done, Stop, Wrong, bad},
    session::Session,
};

/// Standard objects whose rows can be heard of; custom ones all can.
const HEARD: [&str; 18] = [
    "Account",
    "Campaign",
    "Case",
    "Contact",
    "ContractLineItem",
    "Entitlement",
    "Lead",
    "LiveChatTranscript",
    "MessagingSession",
    "Opportunity",
    "Quote",
    "QuoteLineItem",
    "ServiceAppointment",
    "ServiceContract",
    "Task",
    "UserServicePresence",
    "WorkOrder",
    "WorkOrderLineItem",
];

/// What a query is about: the object, the fields that it shows and those that its condition looks at.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) object: String,
    pub(crate) selected: Vec<String>,
    pub(crate) conditioned: Vec<String>,
}

/// Reads the query of a topic.
pub(crate) fn heard(session: &Session<'_>, text: &str) -> Done<Heard> {
    let query = parser::parse(text, session.tx.now_milliseconds())?;
    refuse_clauses(&query)?;
    let ground = Ground { org: session.org, text, version: session.version };
    let known = resolve::query(ground, &query)?;
    let object = known.object;
    if !object.is_custom() && !HEARD.contains(&object.name.as_str()) {
        return Err(refused(&format!("entity {} is not supported", object.name)));
    }
    let mut heard =
        Heard { object: object.name.clone(), selected: Vec::new(), conditioned: Vec::new() };
    for column in &known.columns {
        match column {
            Shown::Field(reach, _) => heard.selected.push(own(reach)?),
            Shown::Children { .. } | Shown::Kinds { .. } => return Err(related()),
        }
    }
    if !heard.selected.iter().any(|name| name == "Id") {
        return Err(refused("the Id field must be in the SELECT clause"));
    }
    if let Some(filter) = &known.filter {
        conditions(filter, &mut heard.conditioned)?;
    }
    Ok(heard)
}

/// Refuses what is more than `SELECT`, `FROM` and `WHERE`.
fn refuse_clauses(query: &tree::Query) -> Done<()> {
    let clauses = [
        (query.counts || super::group::is_grouped(query), "Aggregate queries are not supported"),
        (!query.order.is_empty(), "'ORDER BY' clause is not allowed"),
        (query.limit.is_some(), "'LIMIT' is not allowed"),
        (query.offset > 0, "'OFFSET' clause is not allowed"),
        (query.all_rows, "'ALL ROWS' is not allowed"),
        (query.scope != Scope::Everything, "'USING SCOPE' is not allowed"),
    ];
    let found = clauses.into_iter().find(|(is_there, _)| *is_there);
    found.map_or(Ok(()), |(_, message)| Err(refused(message)))
}

/// Collects the fields of a condition, or refuses what conditions of topics cannot ask.
fn conditions(filter: &Filter<'_>, fields: &mut Vec<String>) -> Done<()> {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => {
            filters.iter().try_for_each(|filter| conditions(filter, fields))
        }
        Filter::Not(_) => Err(refused("'NOT' is not supported")),
        Filter::Within { .. } => Err(refused("semi/anti join sub-selects are not supported")),
        Filter::Includes { .. } => Err(refused("INCLUDES and EXCLUDES are not supported")),
        Filter::Compare { reach, .. } | Filter::In { reach, .. } => {
            let name = own(reach)?;
            if reach.field.calculated || matches!(reach.field.kind, Kind::Area(_)) {
                return Err(refused(&format!("field '{name}' can not be filtered")));
            }
            fields.push(name);
            Ok(())
        }
    }
}

/// The name of a field of the object itself.
fn own(reach: &Reach<'_>) -> Done<String> {
    match (reach.parents.is_empty(), reach.through) {
        (true, None) => Ok(reach.field.name.clone()),
        (true, Some(_)) => Err(refused("functions are not supported")),
        (false, _) => Err(related()),
    }
}

fn related() -> Stop {
    refused("relationships are not supported")
}

fn refused(message: &str) -> Stop {
    let fields = Some(vec!["Query".to_owned()]);
    bad(Wrong { code: "INVALID_FIELD", message: message.to_owned(), fields })
}
