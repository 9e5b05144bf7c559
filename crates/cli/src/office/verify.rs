//! `cosell verify`: the audit's chain, from its first line to its last.
//!
//! In: the state file. Out: whether each line follows from the one before. Must not know: what the
//! lines say.

use runner::store::Store;

use super::{Face, Office, json};
use crate::command::Verify;
use crate::terminal::{Outcome, Stop, print};

/// Follows the chain.
pub(crate) fn run(args: &Verify) -> Result<Outcome, Stop> {
    let office = Office::open(&args.kept)?;
    let found = office.ask(office.store.verify())?;
    print(&match (office.face, found.broken_at) {
        (Face::Json, _) => json(&found),
        (Face::Text, None) => format!(
            "{} lines, each follows from the one before; the last has the hash {}\n",
            found.lines, found.last
        ),
        (Face::Text, Some(line)) => format!(
            "line {line} does not follow from the one before: somebody changed the audit, or the file is \
             damaged; compare it with a backup\n"
        ),
    })?;
    Ok(Outcome::fine_if(found.broken_at.is_none()))
}
