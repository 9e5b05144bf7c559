//! The maps that we ship: no problems, and all their examples pass.

use std::path::{Path, PathBuf};

fn mappings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings")
}

#[test]
fn shipped_maps_have_no_problems_and_their_examples_pass() {
    let schemas = mapping::schema::Schemas::built_in();
    let maps: Vec<PathBuf> = std::fs::read_dir(mappings())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "map"))
        .collect();
    assert!(!maps.is_empty());
    for path in maps {
        let text = std::fs::read_to_string(&path).unwrap();
        let compiled = mapping::compile("opportunity.map", &text, schemas);
        let problems: Vec<String> = compiled
            .report
            .problems()
            .iter()
            .map(|p| {
                let at = compiled.report.place(p.at.start);
                format!("{}:{} {} {p}", at.line, at.column, p.code.name())
            })
            .collect();
        assert!(problems.is_empty(), "{problems:#?}");
        let plan = compiled.plan.unwrap();
        let results =
            mapping::example::run(&plan, &compiled.tree, compiled.report.sources(), |_, file| {
                std::fs::read_to_string(mappings().join(file)).map_err(|e| e.to_string())
            });
        assert!(results.len() >= 5);
        let failed: Vec<_> = results.iter().filter(|r| !r.failures.is_empty()).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert_eq!(mapping::format("x", &text).unwrap(), text, "shipped maps are formatted");
    }
}
