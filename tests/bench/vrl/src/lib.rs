//! The mapping of the benchmark in VRL (the language of Vector), run inside this process.
//!
//! In: the name `vrl`. Out: an engine. Must not know: other engines.

use bench_worker::{Engine, Made};
use vrl::compiler::runtime::Runtime;
use vrl::compiler::{Program, TargetValue, TimeZone, compile};
use vrl::diagnostic::Formatter;
use vrl::value::{ObjectMap, Secrets, Value};

const PROGRAM: &str = include_str!("referral.vrl");

struct Vrl {
    program: Program,
    runtime: Runtime,
    zone: TimeZone,
}

/// The engine of a name.
pub fn make(name: &str, _arguments: &[String]) -> Made {
    if name != "vrl" {
        return Err(format!("there is no engine `{name}`"));
    }
    let compiled = compile(PROGRAM, &vrl::stdlib::all())
        .map_err(|problems| Formatter::new(PROGRAM, problems).to_string())?;
    let (runtime, zone) = (Runtime::default(), TimeZone::default());
    Ok(Box::new(Vrl { program: compiled.program, runtime, zone }))
}

impl Engine for Vrl {
    fn map(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let value: Value = serde_json::from_slice(record).map_err(|error| error.to_string())?;
        let metadata = Value::Object(ObjectMap::new());
        let mut target = TargetValue { value, metadata, secrets: Secrets::default() };
        let made = self.runtime.resolve(&mut target, &self.program, &self.zone);
        self.runtime.clear();
        let made = made.map_err(|error| error.to_string())?;
        serde_json::to_writer(out, &made).map_err(|error| error.to_string())
    }
}
