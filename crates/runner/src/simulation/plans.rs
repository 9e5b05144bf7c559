//! The maps that simulated runners have in service.
//!
//! In: a seed. Out: the map of the worker's tests, or the shipped one. Must not know: what they say.

use std::sync::{Arc, OnceLock};

use super::chance::Chance;
use crate::deal_map::DealMap;
use crate::maps::InService;

const SMALL: &str = include_str!("../worker/tests/deal.map");
const SHIPPED: &str = include_str!("../../../../mappings/opportunity.map");
/// A line that both have, and one that comes after it when the maps change.
const LINE: &str = "  campaignId <-> Campaign_Code__c\n";
const MORE: &str = "  referralProgram <-> Referral_Program__c\n";

fn compiled(text: &str) -> Vec<DealMap> {
    let schemas = mapping::schema::Schemas::built_in();
    let compiled = mapping::compile("opportunity.map", text, schemas);
    let plan = compiled.plan.unwrap_or_else(|| panic!("{:?}", compiled.report.problems()));
    vec![DealMap::new(plan, schemas).unwrap()]
}

/// The maps of a seed: compiled once for all runs, except for those that change them.
pub(super) fn of(seed: u64, is_changed: bool) -> Arc<InService> {
    static MAPS: OnceLock<[Arc<InService>; 2]> = OnceLock::new();
    let fresh = |text: &str| Arc::new(InService::new(compiled(text)));
    if is_changed {
        return fresh(SMALL);
    }
    let [small, shipped] = MAPS.get_or_init(|| [SMALL, SHIPPED].map(fresh));
    if Chance::new(seed, 3).in_thousand(150) { shipped.clone() } else { small.clone() }
}

/// What the maps are changed to while the runners work.
pub(super) fn other() -> Vec<DealMap> {
    assert!(SMALL.contains(LINE), "the line is there");
    compiled(&SMALL.replace(LINE, &format!("{LINE}{MORE}")))
}
