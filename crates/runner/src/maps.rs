//! The maps in service, which may be replaced while the service runs.
//!
//! In: compiled maps. Out: the set that is in service now, whole. Must not know: files, wires, what a map says.
//! Whoever works on a deal takes the set once and keeps it to the end, so one plan decides a deal's whole step.

pub mod bundle;
pub mod passed;
pub mod preview;
pub mod reloading;
pub mod shelf;

use std::sync::{Arc, PoisonError, RwLock};

use crate::deal_map::DealMap;

pub use bundle::Bundle;
pub use shelf::Shelf;

/// The maps in service.
#[derive(Debug)]
pub struct InService {
    current: RwLock<Arc<Vec<DealMap>>>,
}

impl InService {
    /// Takes maps into service.
    pub fn new(maps: Vec<DealMap>) -> Self {
        Self { current: RwLock::new(Arc::new(maps)) }
    }

    /// The maps as they are now. The lock is held for as long as a pointer is copied.
    pub fn now(&self) -> Arc<Vec<DealMap>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts other maps in their place. Deals in work keep those that they began with.
    pub fn put(&self, maps: Vec<DealMap>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(maps);
    }
}

/// The objects whose maps do something else than before, each once.
pub fn changed<'m>(old: &[DealMap], new: &'m [DealMap]) -> Vec<&'m str> {
    let hash = |map: &DealMap| map.plan().hash().to_owned();
    let same = |map: &&DealMap| {
        old.iter().any(|known| known.object() == map.object() && hash(known) == hash(map))
    };
    let mut found: Vec<&str> = new.iter().filter(|map| !same(map)).map(DealMap::object).collect();
    found.sort_unstable();
    found.dedup();
    found
}
