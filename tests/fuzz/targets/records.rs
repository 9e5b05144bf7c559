//! Any two records under the shipped map: no panic; what was decided and carried out is at rest.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use mapping::decision::{Base, Input, Seen, Side};
use mapping::plan::Plan;
use mapping::schema::Schemas;

fn plan() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| {
        let text = fuzz::file("mappings/opportunity.map");
        mapping::compile("opportunity.map", &text, Schemas::built_in()).plan.unwrap()
    })
}

// The two records stand behind one another, with a line that says `---` between them.
fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (left, right) = text.split_once("\n---\n").unwrap_or((text, text));
    let (plan, base) = (plan(), Base::default());
    let now = "2026-04-01T12:00:00Z".parse().unwrap();
    let seen = |body| Some(Seen { body, stamp: None });
    for (left, right) in [(seen(left), seen(right)), (seen(left), None), (None, seen(right))] {
        let Ok(decision) = plan.reconcile(&Input { left, right, base: &base, now }) else { continue };
        let again = plan.reconcile(&Input { left, right, base: &base, now }).ok();
        assert_eq!(again.as_ref(), Some(&decision), "the same input gives the same decision");
        if let (Some(left), Some(right)) = (left, right) {
            let settled = plan.settle(&decision.pending, left.body, right.body);
            assert!(settled.is_ok(), "what could be decided can be settled");
        }
    }
    for (to, from, old) in [(Side::Right, left, right), (Side::Left, right, left)] {
        for old in [None, Some(old)] {
            let _ = plan.apply(to, from, old);
        }
    }
});
