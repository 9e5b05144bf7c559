//! The mapping of the benchmark in jq, run by jaq inside this process.
//!
//! In: the name `jaq`. Out: an engine. Must not know: other engines. The tables are bound once, as
//! a variable, so that they are not built for each record.

use bench_worker::{Engine, Made};
use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use jaq_json::{Val, read, write};

const PROGRAM: &str = include_str!("referral.jq");
const TABLES: &[u8] = include_bytes!("tables.json");

struct Jaq {
    filter: Filter<JustLut<Val>>,
    tables: Val,
    layout: write::Pp,
}

/// The engine of a name.
pub fn make(name: &str, _arguments: &[String]) -> Made {
    if name != "jaq" {
        return Err(format!("there is no engine `{name}`"));
    }
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let program = File { code: PROGRAM, path: () };
    let modules = Loader::new(definitions)
        .load(&arena, program)
        .map_err(|errors| format!("the program cannot be read: {errors:?}"))?;
    let filter = Compiler::default()
        .with_global_vars(["$tables"])
        .with_funs(functions)
        .compile(modules)
        .map_err(|errors| format!("the program cannot be compiled: {errors:?}"))?;
    let tables = read::parse_single(TABLES).map_err(|error| error.to_string())?;
    Ok(Box::new(Jaq { filter, tables, layout: write::Pp::default() }))
}

impl Engine for Jaq {
    fn map(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let referral = read::parse_single(record).map_err(|error| error.to_string())?;
        let context = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([self.tables.clone()]));
        for made in self.filter.id.run((context, referral)).map(unwrap_valr) {
            let made = made.map_err(|error| error.to_string())?;
            write::write(out, &self.layout, 0, &made).map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}
