//! What flows and triggers do to a record after somebody saved it. In come rules and saved rows; out go
//! later edits by a user of the organisation's own, without an origin. It must not know connections.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    database::{Result, StoreError},
    decimal::Decimal,
    salesforce::{
        ids,
        model::{Object, Org},
        orders::{self, Orders},
        refusal::Stop,
        rows,
        seed::planting,
        session::{Caller, Home, Session},
        values,
    },
    store::{End, Store, StoredRow, Tx},
};

/// The table that this file reads and writes.
pub(crate) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS automation (number INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, object TEXT NOT NULL, record TEXT NOT NULL, due INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS automation_by_due ON automation (due);
";

const RULES: &str = "salesforce-automation";
/// How long after a save a rule acts, unless it says otherwise.
const LATER: i64 = 1000;
/// How often the clock is looked at while something is due later: it can be moved.
pub(crate) const LOOK: std::time::Duration = std::time::Duration::from_millis(100);

/// The user that acts.
pub(crate) fn automated_user() -> Caller {
    Caller { id: ids::make("005", 3), alias: "autoproc".to_owned() }
}

/// What a rule does to its field.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Deed {
    /// Takes spaces away at both ends, and doubled ones between.
    Trim,
    /// Rounds to so many digits after the point.
    Round(u32),
    /// Writes one value.
    Set(Value),
}

/// One rule, read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    object: String,
    field: String,
    deed: Deed,
    after: i64,
}

impl Rule {
    fn read(given: &Value) -> std::result::Result<Self, &'static str> {
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        let (Some(object), Some(field)) = (text("object"), text("field")) else {
            return Err("a rule needs `object` and `field`");
        };
        let deed = match text("do") {
            Some("trim") => Deed::Trim,
            Some("round") => {
                let scale = given.get("scale").map_or(Some(0), Value::as_u64);
                let scale = scale.and_then(|scale| u32::try_from(scale).ok());
                Deed::Round(scale.ok_or("`scale` must be a small whole number")?)
            }
            Some("set") => Deed::Set(given.get("value").cloned().ok_or("`set` needs `value`")?),
            Some(_) | None => return Err("`do` must be trim, round or set"),
        };
        let after = given.get("after_ms").map_or(Some(LATER), Value::as_i64);
        let after = after.filter(|after| *after >= 0).ok_or("`after_ms` must be milliseconds")?;
        Ok(Self { object: object.to_owned(), field: field.to_owned(), deed, after })
    }

    /// The value that the field is to have; `None`: it is right as it is.
    fn wanted(&self, row: &Map<String, Value>) -> Option<Value> {
        let now = row.get(&self.field).unwrap_or(&Value::Null);
        let wanted = match &self.deed {
            Deed::Trim => {
                json!(now.as_str()?.split_whitespace().collect::<Vec<_>>().join(" "))
            }
            Deed::Round(scale) => {
                let number = Decimal::parse(&now.as_number()?.to_string())?;
                values::number(&number.round(*scale)?.text(1))
            }
            Deed::Set(value) => value.clone(),
        };
        (!is_same(&wanted, now)).then_some(wanted)
    }
}

/// Whether two values are the same to whoever reads the row: 5 and 5.0 are, and nothing and an empty text.
fn is_same(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| Decimal::parse(&value.as_number()?.to_string());
    let is_empty = |value: &Value| value.is_null() || value == "";
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.compare(other).is_eq(),
        (_, _) => one == other || (is_empty(one) && is_empty(other)),
    }
}

/// Notes that a row was saved, for the rules of its object. What rules do themselves sets off none.
pub(crate) fn notice(
    session: &Session<'_>,
    object: &Object,
    id: &str,
    row: &StoredRow,
) -> Result<()> {
    if row.deleted || session.origin.is_empty() {
        return Ok(());
    }
    for (name, given) in session.tx.docs(RULES)? {
        let Ok(rule) = Rule::read(&given) else { continue };
        if rule.object != object.name {
            continue;
        }
        session.tx.database.run(
            "INSERT INTO automation (rule, object, record, due) VALUES (?1, ?2, ?3, ?4)",
            &[
                name.as_str().into(),
                rule.object.as_str().into(),
                id.into(),
                (session.tx.now_milliseconds() + rule.after).into(),
            ],
        )?;
        session.tx.has_dues();
    }
    Ok(())
}

/// The rules of an organisation, as the administration orders them.
#[derive(Debug)]
pub(crate) struct Rules<'a>(pub(crate) &'a Org);

impl Orders for Rules<'_> {
    const KIND: &'static str = RULES;

    fn check(&self, given: &Value) -> std::result::Result<(), String> {
        let rule = Rule::read(given)?;
        orders::known(self.0, &rule.object, &[rule.field])
    }

    fn shown(&self, tx: &Tx<'_>, orders: Map<String, Value>) -> Result<Value> {
        Ok(json!({ "rules": orders, "waiting": waiting(tx)? }))
    }

    fn clear(tx: &Tx<'_>, id: Option<&str>) -> Result<()> {
        match id {
            Some(id) => tx.database.run("DELETE FROM automation WHERE rule = ?1", &[id.into()]),
            None => tx.database.batch("DELETE FROM automation"),
        }
    }
}

fn waiting(tx: &Tx<'_>) -> Result<i64> {
    let sql = "SELECT count(*) FROM automation";
    Ok(tx.database.one(sql, &[], |row| row.number(0))?.unwrap_or_default())
}

/// Does what is due, again and again, until told to stop.
pub(crate) fn run(store: Arc<Store>, home: Home, stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        tokio::select! {
            () = crate::serve::stopped(stop) => {}
            () = work(store, Arc::new(home)) => {}
        }
    })
}

async fn work(store: Arc<Store>, home: Arc<Home>) {
    let mut dues = store.dues();
    loop {
        dues.mark_unchanged();
        let (here, there) = (Arc::clone(&store), Arc::clone(&home));
        let left = tokio::task::spawn_blocking(move || act(&here, &there)).await;
        // A state that cannot be read now may be readable in a moment.
        let is_waiting = !matches!(left, Ok(Ok(false)));
        tokio::select! {
            changed = dues.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(LOOK), if is_waiting => {}
        }
    }
}

/// Carries out what is due; answers whether more is due later.
fn act(store: &Store, home: &Home) -> Result<bool> {
    let due = store.transaction::<_, StoreError>(|tx| {
        let sql = "SELECT number, rule, object, record FROM automation WHERE due <= ?1 ORDER BY due, number LIMIT 100";
        let read = |row: &crate::database::Cells<'_>| {
            Ok((row.number(0)?, row.text(1)?, row.text(2)?, row.text(3)?))
        };
        let due = tx.database.all(sql, &[tx.now_milliseconds().into()], read)?;
        Ok(End::Keep(due))
    })?;
    for (number, rule, object, record) in due {
        let done = store.transaction::<_, Stop>(|tx| {
            tx.database.run("DELETE FROM automation WHERE number = ?1", &[number.into()])?;
            edit(tx, home, &rule, &object, &record)?;
            Ok(End::Keep(()))
        });
        match done {
            Ok(()) => {}
            Err(Stop::Refused(_)) => store.transaction::<_, StoreError>(|tx| {
                // What the organisation refuses to its own rules is not tried again.
                tx.database.run("DELETE FROM automation WHERE number = ?1", &[number.into()])?;
                Ok(End::Keep(()))
            })?,
            Err(Stop::Store(error)) => return Err(error),
        }
    }
    store.transaction::<_, StoreError>(|tx| Ok(End::Keep(waiting(tx)? > 0)))
}

fn edit(
    tx: &Tx<'_>,
    home: &Home,
    rule: &str,
    object: &str,
    record: &str,
) -> std::result::Result<(), Stop> {
    let rule = tx.doc(RULES, rule)?.and_then(|given| Rule::read(&given).ok());
    let (Some(rule), Some(row)) = (rule, tx.row(object, record)?) else {
        return Ok(());
    };
    let wanted = rule.wanted(&row.body).filter(|_| !row.deleted);
    let (orgs, caller) = (home.orgs.now(), automated_user());
    let (Some(wanted), Some(object)) = (wanted, orgs.whole.named(object)) else {
        return Ok(());
    };
    let session = Session { rules: &orgs.rules, ..planting(tx, home, &orgs, &caller) };
    let sent = Map::from_iter([(rule.field, wanted)]);
    rows::update(&session, object, record, &sent, None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(rule: &Value, value: &Value) -> Option<Value> {
        let rule = Rule::read(rule).unwrap();
        let row: Value = json!({ "F": value });
        rule.wanted(row.as_object().unwrap())
    }

    proptest! {
        /// What a rule wrote it leaves alone, whatever was there: or a record would never come to rest.
        #[test]
        fn a_rule_is_content_with_its_own_work(
            text in "[ \\ta-c\\u{a0}\\u{2003}]{0,12}",
            mantissa in -10_000_000_i64..10_000_000,
            places in 0_usize..7,
            scale in 0_u64..5,
        ) {
            let number = format!("{mantissa}.{:0places$}", mantissa.unsigned_abs() % 997);
            let number: Value = serde_json::from_str(&number).unwrap();
            let rule = |deed: Value| {
                let mut rule = json!({ "object": "O", "field": "F" });
                rule.as_object_mut().unwrap().extend(deed.as_object().unwrap().clone());
                rule
            };
            for (deed, before) in [
                (json!({ "do": "trim" }), json!(text)),
                (json!({ "do": "round", "scale": scale }), number.clone()),
                (json!({ "do": "set", "value": number }), Value::Null),
                (json!({ "do": "set", "value": text }), json!("x")),
            ] {
                let rule = rule(deed);
                let after = wanted(&rule, &before).unwrap_or(before);
                prop_assert_eq!(wanted(&rule, &after), None, "{} {}", rule, after);
            }
        }
    }

    #[test]
    fn what_reads_the_same_is_not_written_again() {
        let set =
            |value: Value| json!({ "object": "O", "field": "F", "do": "set", "value": value });
        assert_eq!(wanted(&set(json!(5)), &serde_json::from_str("5.00").unwrap()), None);
        assert_eq!(wanted(&set(json!("")), &Value::Null), None);
        assert!(wanted(&set(json!("5")), &json!(5)).is_some());
    }

    #[test]
    fn a_rule_wants_a_value_only_where_it_is_not_there() {
        let trim = json!({ "object": "O", "field": "F", "do": "trim" });
        assert_eq!(wanted(&trim, &json!(" a  b ")), Some(json!("a b")));
        assert_eq!(wanted(&trim, &json!("a b")), None);
        assert_eq!(wanted(&trim, &Value::Null), None);
        let round = json!({ "object": "O", "field": "F", "do": "round", "scale": 1 });
        assert_eq!(wanted(&round, &json!(10.26)).unwrap().to_string(), "10.3");
        assert_eq!(wanted(&round, &json!(10.3)), None);
        let set = json!({ "object": "O", "field": "F", "do": "set", "value": null });
        assert_eq!(wanted(&set, &json!("x")), Some(Value::Null));
        for bad in [json!({}), json!({ "object": "O", "field": "F", "do": "eat" })] {
            assert!(Rule::read(&bad).is_err());
        }
    }
}
