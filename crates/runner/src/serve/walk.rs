//! After a map was changed: every deal that it is about is looked at again, a few at a time.
//!
//! In: objects whose map does something else. Out: hints in the store. Must not know: what changed. The place is
//! kept, so a walk goes on after a restart; deals with news of their own need not wait for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use super::rounds::pause;
use crate::maps::bundle::hashes;
use crate::maps::preview::linked;
use crate::store::{Alias, KeyId, Source, Store, StoreError, record_of};
use crate::wires::Wires;
use crate::worker::Worker;

/// Where the walk is.
const WALK: &str = "maps:walk";
/// The plans that the deals were last looked at with, by object.
const PLANS: &str = "maps:plans";
/// So many deals at a time.
const STRIDE: u32 = 25;
/// How long the workers may take for them before more come.
const PATIENCE: u32 = 60;

/// A walk under way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Walk {
    /// Of deals with these objects; none: it is over.
    objects: Vec<String>,
    /// The last deal that was hinted.
    after: i64,
}

/// Orders a walk over the deals of these objects; one under way begins anew, with its own.
pub(super) async fn order<S: Store>(store: &S, objects: &[String]) -> Result<(), StoreError> {
    if objects.is_empty() {
        return Ok(());
    }
    let kept = store.cursor(WALK).await?;
    let mut walk = read(kept.as_deref());
    walk.objects.extend(objects.iter().cloned());
    walk.objects.sort();
    walk.objects.dedup();
    walk.after = 0;
    set(store, WALK, kept, &walk).await
}

fn read(kept: Option<&str>) -> Walk {
    kept.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

async fn set<S: Store>(
    store: &S,
    name: &str,
    kept: Option<String>,
    value: &impl Serialize,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(value).unwrap_or_default();
    store.advance(name, kept, text).await.map(drop)
}

/// Walks whenever one was ordered, until the service ends.
pub(super) async fn keep<S: Store, W: Wires>(
    worker: Arc<Worker<S, W>>,
    again: Arc<Notify>,
    wake: Arc<Notify>,
    stopped: watch::Receiver<bool>,
) {
    let mut ending = stopped.clone();
    loop {
        let walked = tokio::select! {
            walked = walk(&worker, &wake) => walked,
            _ = ending.wait_for(|stop| *stop) => return,
        };
        if let Err(error) = walked {
            tracing::error!(%error, "deals are looked at again later");
            pause(Duration::from_secs(5), stopped.clone()).await;
            continue;
        }
        tokio::select! {
            () = again.notified() => {}
            _ = ending.wait_for(|stop| *stop) => return,
        }
    }
}

async fn walk<S: Store, W: Wires>(worker: &Worker<S, W>, wake: &Notify) -> Result<(), StoreError> {
    let store = worker.store.as_ref();
    compare(worker).await?;
    let mut left = None;
    loop {
        let kept = store.cursor(WALK).await?;
        let mut walk = read(kept.as_deref());
        if walk.objects.is_empty() {
            worker.standing.reloading(|reload| reload.to_look_at = 0);
            return Ok(());
        }
        let there = match left {
            Some(left) => left,
            None => remaining(store, walk.after).await?,
        };
        worker.standing.reloading(|reload| reload.to_look_at = there);
        let page = store.linked(KeyId(walk.after), STRIDE).await?;
        let Some(last) = page.last() else {
            set(store, WALK, kept, &Walk::default()).await?;
            continue;
        };
        walk.after = last.0;
        let mut hints: Vec<Alias> = Vec::new();
        for key in &page {
            let Some(deal) = store.deal(key.to_string()).await? else { continue };
            let object = record_of(&deal.aliases).map(|(object, _)| object.to_owned());
            if object.is_some_and(|object| walk.objects.contains(&object)) {
                hints.extend(deal.aliases.into_iter().find(|a| matches!(a, Alias::Record { .. })));
            }
        }
        if !hints.is_empty() {
            store.accept(hints, None, Source::Map, worker.clock.now()).await?;
            wake.notify_one();
            rested(worker).await?;
        }
        // Another walk may have been ordered meanwhile: then the place is not moved.
        set(store, WALK, kept, &walk).await?;
        left = (store.cursor(WALK).await? == serde_json::to_string(&walk).ok())
            .then(|| there.saturating_sub(u64::try_from(page.len()).unwrap_or(0)));
    }
}

/// Waits until the workers have little to do, though not for ever.
async fn rested<S: Store, W: Wires>(worker: &Worker<S, W>) -> Result<(), StoreError> {
    let few = u64::try_from(worker.limits.workers).unwrap_or(1);
    for _ in 0..PATIENCE {
        tokio::time::sleep(Duration::from_millis(500)).await;
        if worker.store.status().await?.dirty <= few {
            break;
        }
    }
    Ok(())
}

/// A map may have been changed while the service did not run.
async fn compare<S: Store, W: Wires>(worker: &Worker<S, W>) -> Result<(), StoreError> {
    let store = worker.store.as_ref();
    let maps = worker.maps.now();
    let objects = maps.iter().map(|map| map.object().to_owned());
    let plans: BTreeMap<String, String> =
        objects.zip(hashes(&maps).into_iter().map(|hash| hash.plan)).collect();
    let kept = store.cursor(PLANS).await?;
    let before: Option<BTreeMap<String, String>> =
        kept.as_deref().and_then(|text| serde_json::from_str(text).ok());
    if before.as_ref() == Some(&plans) {
        return Ok(());
    }
    if let Some(before) = &before {
        let other = |(object, plan): &(&String, &String)| {
            before.get(*object).is_some_and(|known| known != *plan)
        };
        let objects: Vec<String> =
            plans.iter().filter(other).map(|(object, _)| object.clone()).collect();
        order(store, &objects).await?;
    }
    set(store, PLANS, kept, &plans).await
}

async fn remaining<S: Store>(store: &S, after: i64) -> Result<u64, StoreError> {
    let all = linked(store).await?;
    let left = all.iter().filter(|key| key.0 > after).count();
    Ok(u64::try_from(left).unwrap_or(u64::MAX))
}
