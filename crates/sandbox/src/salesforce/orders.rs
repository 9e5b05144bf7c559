//! Orders of the administration that hold until they are forgotten. In come calls below the address of a kind;
//! out go what there is, ids, and what is wrong with an order. It must not know what an order does.

use serde_json::{Map, Value, json};

use crate::{
    call::{Answer, Method},
    database::Result,
    salesforce::model::Org,
    store::Tx,
};

/// Orders of one kind.
pub(crate) trait Orders {
    /// The kind of document that keeps them.
    const KIND: &'static str;

    /// What is wrong with an order.
    fn check(&self, given: &Value) -> std::result::Result<(), String>;

    /// The id of the next one: in the order of ids is the order of time.
    fn next(&self, tx: &Tx<'_>) -> Result<String> {
        Ok(format!("{:012}", tx.next(Self::KIND)?))
    }

    /// Everything that there is to see.
    fn shown(&self, tx: &Tx<'_>, orders: Map<String, Value>) -> Result<Value>;

    /// Forgets what waits because of one order, or of all.
    fn clear(tx: &Tx<'_>, id: Option<&str>) -> Result<()>;

    /// Forgets all orders.
    fn forget(tx: &Tx<'_>) -> Result<()> {
        tx.drop_docs(Self::KIND)?;
        Self::clear(tx, None)
    }
}

/// `GET` shows, `POST` adds one, `DELETE` forgets one or all.
pub(crate) fn answer<O: Orders>(
    orders: &O,
    tx: &Tx<'_>,
    method: Method,
    parts: &[&str],
    body: &Value,
) -> Result<Answer> {
    Ok(match (method, parts) {
        (Method::Get, []) => {
            let kept = tx.docs(O::KIND)?.into_iter().collect();
            Answer::json(200, orders.shown(tx, kept)?)
        }
        (Method::Post, []) => match orders.check(body) {
            Ok(()) => {
                let id = orders.next(tx)?;
                tx.put_doc(O::KIND, &id, body)?;
                Answer::json(201, json!({ "id": id }))
            }
            Err(message) => Answer::json(400, json!({ "error": message })),
        },
        (Method::Delete, []) => {
            O::forget(tx)?;
            Answer::empty(204)
        }
        (Method::Delete, [id]) => {
            tx.drop_doc(O::KIND, id)?;
            O::clear(tx, Some(id))?;
            Answer::empty(204)
        }
        (_, [] | [_]) => Answer::json(405, json!({ "error": "use GET, POST or DELETE" })),
        (_, _) => Answer::json(404, json!({ "error": "there is nothing at this address" })),
    })
}

/// Whether an organisation has an object with these fields, by their exact names.
pub(crate) fn known(org: &Org, object: &str, fields: &[String]) -> std::result::Result<(), String> {
    let found = org.named(object).filter(|found| found.name == object);
    let found = found.ok_or_else(|| format!("there is no object `{object}`"))?;
    let missing = |name: &&String| found.field(name).is_none_or(|field| field.name != **name);
    match fields.iter().find(missing) {
        Some(name) => Err(format!("`{object}` has no field `{name}`")),
        None => Ok(()),
    }
}
