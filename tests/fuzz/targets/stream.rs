//! Any bytes on a stream: what the short way makes of them is what the plan makes of them, and only
//! JSON in UTF-8 is taken. Two records behind one another are also looked at as a deal at rest.
#![no_main]

use std::cell::RefCell;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use mapping::decision::{Base, Input, Seen, Side};
use mapping::plan::Plan;
use mapping::schema::Schemas;
use mapping::{Applier, Reconciled, Reconciler};

fn plans() -> &'static [Plan; 2] {
    static PLANS: OnceLock<[Plan; 2]> = OnceLock::new();
    PLANS.get_or_init(|| {
        let shipped = fuzz::file("mappings/opportunity.map");
        let own = |name: &str| fuzz::file(&format!("crates/mapping/benches/{name}"));
        let files = ["schemas/referral.yaml", "schemas/opportunity.yaml"];
        let files = files.map(|name| (name.to_owned(), own(name)));
        let schemas = Schemas::from_yaml(&files).unwrap();
        [
            mapping::compile("opportunity.map", &shipped, Schemas::built_in()).plan.unwrap(),
            mapping::compile("referral.map", &own("referral.map"), &schemas).plan.unwrap(),
        ]
    })
}

thread_local! {
    /// Their memory is used again and again, as on a stream.
    static APPLIERS: RefCell<Vec<Applier<'static>>> =
        RefCell::new(plans().iter().map(|plan| plan.applier(Side::Right)).collect());
    static RECONCILERS: RefCell<Vec<Reconciler<'static>>> =
        RefCell::new(plans().iter().map(Plan::reconciler).collect());
}

fn applied(data: &[u8]) {
    // Other readers count levels otherwise, and have a name for numbers that is no name in JSON.
    let shallow = data.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() < 100;
    let plain = shallow && !data.starts_with(b"\xef\xbb\xbf") && !data.contains(&b'$');
    let json = serde_json::from_slice::<serde_json::Value>(data).is_ok()
        && std::str::from_utf8(data).is_ok();
    APPLIERS.with_borrow_mut(|appliers| {
        for (applier, plan) in appliers.iter_mut().zip(plans()) {
            let mut out = Vec::new();
            let done = applier.apply(data, &mut out);
            let not_json = matches!(&done, Err(fault) if fault.code.name() == "fault::not-json");
            assert!(!plain || json != not_json, "only JSON is taken");
            if let Ok(text) = std::str::from_utf8(data) {
                let found = done.map(|()| String::from_utf8(out).unwrap());
                assert_eq!(found, plan.apply(Side::Right, text, None));
            }
        }
    });
}

fn at_rest(left: &str, right: &str) {
    let now = "2026-04-01T12:00:00Z".parse().unwrap();
    let seen = |body| Some(Seen { body, stamp: None });
    RECONCILERS.with_borrow_mut(|reconcilers| {
        for (reconciler, plan) in reconcilers.iter_mut().zip(plans()) {
            let first = Input { left: seen(left), right: seen(right), base: &Base::default(), now };
            let Ok(decision) = plan.reconcile(&first) else { continue };
            let input = Input { base: &decision.base, ..first };
            let wanted = plan.reconcile(&input).unwrap();
            match reconciler.reconcile(&input).unwrap() {
                Reconciled::Decision(decision) => assert_eq!(*decision, wanted),
                Reconciled::InStep => {
                    assert!(!wanted.writes() && wanted.parked.is_empty() && wanted.refused.is_none());
                    assert_eq!(wanted.base, decision.base);
                }
            }
        }
    });
}

// Two records may stand behind one another, with a line that says `---` between them.
fuzz_target!(|data: &[u8]| {
    applied(data);
    if let Some((left, right)) = std::str::from_utf8(data).ok().and_then(|t| t.split_once("\n---\n")) {
        at_rest(left, right);
    }
});
