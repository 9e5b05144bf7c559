//! Webhooks doubled and out of order, on request and repeatably. In come orders of the administration; out
//! go the waits with which one event leaves, one for each copy. It must not know what the events say.

use serde_json::{Value, json};

use super::refusal::{Done, invalid};
use crate::{database::StoreError, store::Tx};

const KEPT: (&str, &str) = ("webhook", "disorder");

/// Takes `{"copies": 2, "shuffle_ms": 500, "seed": 7, "times": 20}`: each of the next `times` events (all,
/// when left out) leaves so many times, each copy after a wait below `shuffle_ms` that follows from the seed.
pub(crate) fn order(tx: &Tx<'_>, given: &Value) -> Done<Value> {
    let number = |name: &str, usual: Option<i64>, range: std::ops::RangeInclusive<i64>| {
        let found = match given.get(name) {
            None => return Ok(usual),
            Some(value) => value.as_i64().filter(|number| range.contains(number)),
        };
        found.map(Some).ok_or_else(|| {
            let (least, most) = range.into_inner();
            let message = format!("{name} must be a number from {least} to {most}.");
            invalid(name, "invalidNumber", &message)
        })
    };
    let order = json!({
        "copies": number("copies", Some(1), 1..=10)?,
        "shuffle_ms": number("shuffle_ms", Some(0), 0..=60_000)?,
        "seed": number("seed", Some(1), 0..=i64::from(u32::MAX))?,
        "times": number("times", None, 1..=1_000_000)?,
        "sent": 0,
    });
    tx.put_doc(KEPT.0, KEPT.1, &order)?;
    Ok(order)
}

/// Ends the disorder.
pub(crate) fn end(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.drop_doc(KEPT.0, KEPT.1)
}

/// How long each copy of the next event waits, in milliseconds.
pub(crate) fn waits(tx: &Tx<'_>) -> Result<Vec<i64>, StoreError> {
    let Some(mut order) = tx.doc(KEPT.0, KEPT.1)? else {
        return Ok(vec![0]);
    };
    let number = |name: &str| order.get(name).and_then(Value::as_i64);
    let (sent, shuffle) = (number("sent").unwrap_or(0), number("shuffle_ms").unwrap_or(0));
    let (copies, seed) = (number("copies").unwrap_or(1), number("seed").unwrap_or(1));
    let times = number("times");
    let waits = (0..copies).map(|copy| wait(seed, sent * 10 + copy, shuffle)).collect();
    if times.is_some_and(|times| sent + 1 >= times) {
        end(tx)?;
    } else if let Some(map) = order.as_object_mut() {
        map.insert("sent".to_owned(), json!(sent + 1));
        tx.put_doc(KEPT.0, KEPT.1, &order)?;
    }
    Ok(waits)
}

/// A number from 0 to below `shuffle` that follows from seed and place alone (splitmix64).
fn wait(seed: i64, place: i64, shuffle: i64) -> i64 {
    let start = seed.cast_unsigned().wrapping_mul(0x1000_0000_01b3) ^ place.cast_unsigned();
    let mut mixed = start.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let below = mixed % shuffle.max(1).cast_unsigned();
    i64::try_from(below).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_repeatable_and_spread() {
        let waits: Vec<i64> = (0..50).map(|place| wait(7, place, 500)).collect();
        assert_eq!(waits, (0..50).map(|place| wait(7, place, 500)).collect::<Vec<_>>());
        assert!(waits.iter().all(|wait| (0..500).contains(wait)));
        assert!(waits.windows(2).filter(|pair| pair[0] > pair[1]).count() > 10);
        assert_ne!(waits, (0..50).map(|place| wait(8, place, 500)).collect::<Vec<_>>());
        assert_eq!(wait(7, 3, 0), 0);
    }
}
