//! The engine that is ours: a compiled map, applied to one record after the other.
//!
//! In: the name `cosell`; a map and its schemas as arguments, none: the benchmark's own. Out: an
//! engine. Must not know: how a plan works.

use std::fs;

use bench_worker::{Engine, Made};
use mapping::decision::Side;
use mapping::plan::Plan;
use mapping::schema::Schemas;
use mapping::{Applier, compile};

const MAP: &str = include_str!("../../../../crates/mapping/benches/referral.map");
const SCHEMAS: [(&str, &str); 2] = [
    ("referral.yaml", include_str!("../../../../crates/mapping/benches/schemas/referral.yaml")),
    (
        "opportunity.yaml",
        include_str!("../../../../crates/mapping/benches/schemas/opportunity.yaml"),
    ),
];

struct Cosell {
    applier: Applier<'static>,
}

/// The engine of a name.
pub fn make(name: &str, arguments: &[String]) -> Made {
    if name != "cosell" {
        return Err(format!("there is no engine `{name}`"));
    }
    // The plan is there for as long as the process.
    let plan: &'static Plan = Box::leak(Box::new(plan(arguments)?));
    Ok(Box::new(Cosell { applier: plan.applier(Side::Right) }))
}

/// The plan of a map and its schemas; without any, the benchmark's own. Errors: what is wrong.
pub fn plan(arguments: &[String]) -> Result<Plan, String> {
    let read = |path: &String| {
        let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        Ok((path.clone(), text))
    };
    let own = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    let (map, schemas) = match arguments {
        [] => (own(("referral.map", MAP)), SCHEMAS.map(own).to_vec()),
        [map, schemas @ ..] => {
            (read(map)?, schemas.iter().map(read).collect::<Result<Vec<_>, String>>()?)
        }
    };
    let schemas = Schemas::from_yaml(&schemas).map_err(|problems| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    })?;
    let compiled = compile(&map.0, &map.1, &schemas);
    if !compiled.report.is_usable() {
        return Err(format!("{:?}", compiled.report));
    }
    compiled.plan.ok_or_else(|| "the map has no plan".into())
}

impl Engine for Cosell {
    fn map(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        self.applier.apply(record, out).map_err(|fault| fault.to_json())
    }
}
