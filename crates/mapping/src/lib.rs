//! The language: text -> plan; plan + both records + base -> what to write. Pure.
//!
//! In: texts, schemas and records as JSON. Out: plans, problems, decisions, faults. Must not know:
//! files, networks, clocks, the environment, threads, terminals.
//!
//! `parse` a text, `check` it against `schema`s, and a [`plan::Plan`] comes out, which `reconcile`s
//! two records, or `apply`s to a stream of them. The modules stand in the order of the flow.

pub mod tree;
pub mod sources;
pub mod problem;
pub mod parse;
pub mod print;
mod overlay;
pub mod shipped;
pub mod decimal;
pub mod json;
pub mod schema;
pub mod needs;
pub mod value;
pub mod path;
pub mod convert;
pub mod fault;
pub mod decision;
pub mod plan;
mod record;
mod scan;
mod scene;
mod hold;
mod target;
mod table;
mod line;
mod union;
mod decide;
mod element;
mod list;
mod require;
mod draft;
mod invite;
mod reconcile;
mod settle;
pub mod report;
mod apply;
mod program;
mod applier;
mod reconciler;
pub mod losses;
pub mod check;
pub mod example;
pub mod coverage;
pub mod mutation;
pub mod diff;
pub mod explain;
pub mod rename;

pub use applier::Applier;
pub use jiff::Timestamp;
pub use reconciler::{Reconciled, Reconciler};

pub use overlay::{Base, Bases, names_of};

use overlay::Composed;
use plan::Plan;
use problem::{Code, Report};
use schema::Schemas;
use sources::Sources;
use tree::Tree;

/// What became of a text.
#[derive(Debug)]
pub struct Compiled {
    /// The plan, when every line has a meaning. Serve it only if the report is usable too.
    pub plan: Option<Plan>,
    /// Everything that was found, by place.
    pub report: Report,
    /// What was written, for printing and for the examples.
    pub tree: Tree,
}

/// Compiles the text of the file `name` against the schemas of both sides. A base can only be one
/// that is built in.
pub fn compile(name: &str, text: &str, schemas: &Schemas) -> Compiled {
    compile_with(name, text, schemas, &mut |base, _| shipped::base(base))
}

/// The same with a way to get the map that another one extends.
pub fn compile_with(name: &str, text: &str, schemas: &Schemas, bases: Bases<'_>) -> Compiled {
    let Composed { sources, tree, mut problems, complete } = overlay::compose(name, text, bases);
    let unread = problems.iter().any(|p| p.severity == problem::Severity::Error);
    // Nothing, or not all, of a file that is too large was read; or a base is not there.
    if !complete || problems.iter().any(|p| p.code == Code::TooLarge) {
        return Compiled { plan: None, report: Report::new(sources, problems), tree };
    }
    let (plan, found) = check::check(&sources, &tree, schemas);
    problems.extend(found);
    Compiled { plan: plan.filter(|_| !unread), report: Report::new(sources, problems), tree }
}

/// The text in the one layout. Errors: what keeps it from being read.
pub fn format(name: &str, text: &str) -> Result<String, Report> {
    let (tree, problems) = parse::parse(text);
    if problems.iter().any(|p| p.severity == problem::Severity::Error) {
        return Err(Report::new(Sources::one(name, text), problems));
    }
    Ok(print::print(&tree, text))
}
