//! Composites that know of one another. In come graphs of requests; out goes each one's answer, and a graph
//! is kept or undone as a whole. It must not know what the requests mean.

use serde_json::{Value, json};

use crate::{
    call::Answer,
    salesforce::{
        composite,
        refusal::{Done, Wrong, bad},
        session::{Session, parse_body},
    },
};

/// Most graphs of a request.
const MOST: usize = 75;
/// Most requests in all graphs together.
const MOST_NODES: usize = 500;
/// After so many failed graphs the rest is not begun.
const MOST_FAILED: usize = 14;

/// `POST /composite/graph`.
pub(crate) fn run(session: &Session<'_>) -> Done<Answer> {
    let body = parse_body(session.raw)?;
    let invalid = |message: &str| bad(Wrong::new("INVALID_INPUT", message));
    let Some(graphs) = body.get("graphs").and_then(Value::as_array) else {
        return Err(invalid("graphs must be a list"));
    };
    let nodes =
        |graph: &Value| graph.get("compositeRequest").and_then(Value::as_array).map_or(0, Vec::len);
    if graphs.len() > MOST || graphs.iter().map(nodes).sum::<usize>() > MOST_NODES {
        let message = format!("Limit exceeded: {MOST} graphs, {MOST_NODES} nodes at most");
        return Err(bad(Wrong::new("LIMIT_EXCEEDED", message)));
    }
    let mut names: Vec<&str> = Vec::new();
    for graph in graphs {
        let name = graph.get("graphId").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() || names.contains(&name) {
            return Err(invalid("each graph needs a graphId of its own"));
        }
        names.push(name);
    }
    let mut answers = Vec::new();
    let mut failed = 0;
    for (graph, name) in graphs.iter().zip(names) {
        let is_begun = failed < MOST_FAILED;
        let (answer, done) = composite::whole(session, graph, is_begun)?;
        // Each graph is a transaction of its own to those who subscribe.
        session.tx.seal_changes()?;
        failed += usize::from(!done);
        answers.push(json!({
            "graphId": name,
            "graphResponse": { "compositeResponse": answer },
            "isSuccessful": done,
        }));
    }
    Ok(Answer::json(200, json!({ "graphs": answers })))
}
