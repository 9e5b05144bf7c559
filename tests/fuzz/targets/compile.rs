//! Any text compiles, or says why not: no panic, no hang, every problem points into the text.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use mapping::schema::Schemas;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let compiled = mapping::compile("fuzz.map", &text, Schemas::built_in());
    let text = compiled.report.sources().text();
    for problem in compiled.report.problems() {
        assert!(text.get(problem.at.start..problem.at.end).is_some(), "{problem:?}");
        if let Some(fix) = &problem.fix {
            assert!(text.get(fix.span.start..fix.span.end).is_some(), "{problem:?}");
        }
        compiled.report.place(problem.at.start);
    }
    if let Some(plan) = &compiled.plan {
        assert_eq!(plan.hash(), plan.hash());
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::mutate(data, size, max_size, seed)
});
