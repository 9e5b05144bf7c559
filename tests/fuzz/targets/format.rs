//! A text that can be read is printed in one layout; printing that again changes nothing, and both
//! mean the same.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use mapping::schema::Schemas;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(once) = mapping::format("fuzz.map", text) else { return };
    let twice = mapping::format("fuzz.map", &once);
    assert_eq!(twice.ok().as_deref(), Some(once.as_str()), "printed twice it is something else");
    let hash = |text: &str| {
        let compiled = mapping::compile("fuzz.map", text, Schemas::built_in());
        compiled.plan.map(|plan| plan.hash().to_owned())
    };
    assert_eq!(hash(text), hash(&once), "printed it means something else");
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::mutate(data, size, max_size, seed)
});
