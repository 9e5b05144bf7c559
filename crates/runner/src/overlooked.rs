//! Records that take part, have no referral, and of which nobody works on one: whoever lost sight of a record
//! for a while, and sees it again, finds it in no list of changes.
//!
//! In: the maps, Salesforce's records by flag and empty key. Out: hints. Must not know: why a record was
//! overlooked.

use connect::salesforce::{Equality, Filter, Literal, Row, Select, behind};
use jiff::Timestamp;
use mapping::decision::Side;
use mapping::schema::System;

use crate::deal_map::DealMap;
use crate::poll::Setback;
use crate::store::{Alias, Source, Store, referral_of};
use crate::wires::Wires;
use crate::worker::Worker;

/// How many records one query may answer with, and the most queries of a map: where no check box tells which
/// records take part, there may be very many.
const PAGE: u32 = 1000;
const MOST_PAGES: usize = 20;

/// Looks through them; how many hints were kept.
pub(crate) async fn look<S: Store, W: Wires>(worker: &Worker<S, W>) -> Result<u64, Setback> {
    let mut hints = 0;
    for map in worker.maps.now().iter() {
        for boxes in map.plan().boxes(Side::Right) {
            let flags = boxes.into_iter().map(|(field, value)| Equality::new(field, value));
            let key = Equality::new(map.key_field(), Literal::Null);
            let also: Vec<Equality> = flags.chain(std::iter::once(key)).collect();
            hints += pages(worker, map, &also).await?;
        }
    }
    Ok(hints)
}

async fn pages<S: Store, W: Wires>(
    worker: &Worker<S, W>,
    map: &DealMap,
    also: &[Equality],
) -> Result<u64, Setback> {
    let select = Select { fields: map.select().fields.clone(), ..Select::default() };
    let (mut since, mut after, mut hints) = (Timestamp::UNIX_EPOCH, None, 0);
    for _ in 0..MOST_PAGES {
        let also = also.to_vec();
        let filter = Filter::ModifiedSince { since, after, also, limit: PAGE };
        let rows = worker.wires.rows(map.object(), &select, &filter).await;
        let rows = rows.map_err(|error| Setback::Wire(System::Salesforce, error))?;
        hints += accept(worker, map, &rows).await?;
        match behind(&rows, rows.last().and_then(|row| row.modified), PAGE) {
            Some((stamp, id)) => (since, after) = (stamp, Some(id)),
            None => return Ok(hints),
        }
    }
    tracing::warn!(object = map.object(), "too many records without a referral for a census");
    Ok(hints)
}

async fn accept<S: Store, W: Wires>(
    worker: &Worker<S, W>,
    map: &DealMap,
    rows: &[Row],
) -> Result<u64, Setback> {
    let mut hints = Vec::new();
    for row in rows {
        if !map.plan().takes_part(Side::Right, &row.body).unwrap_or(true) {
            continue;
        }
        let alias = Alias::Record { object: map.object().to_owned(), id: row.id.clone() };
        let owner = worker.store.owner(alias.clone()).await?;
        // One whose id was cleared is the census' own.
        if owner.is_none_or(|(_, names)| referral_of(&names).is_none()) {
            hints.push(alias);
        }
    }
    let count = u64::try_from(hints.len()).unwrap_or(u64::MAX);
    if !hints.is_empty() {
        let now = worker.clock.now();
        worker.store.accept(hints, None, Source::Census, now).await?;
    }
    Ok(count)
}
