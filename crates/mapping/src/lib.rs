//! The language: text -> plan; plan + both records + base -> what to write. Pure.

pub mod problem;
pub mod tree;
pub mod parse;
pub mod print;
pub mod schema;
pub mod json;
pub mod decimal;
pub mod value;
pub mod path;
pub mod convert;
pub mod fault;
pub mod decision;
pub mod plan;

/// What became of a text.
#[derive(Debug)]
pub struct Compiled {
    /// The plan, when nothing of severity error was found.
    pub plan: Option<plan::Plan>,
    /// Everything that was found.
    pub report: problem::Report,
}

/// x
pub fn compile(name: &str, text: &str, _schemas: &schema::Schemas) -> Compiled {
    Compiled { plan: None, report: problem::Report::new(name, text, Vec::new()) }
}
