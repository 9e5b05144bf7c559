//! `cosell backfill start`, `pause`, `resume`, `stop`, `status`: a word for the service, kept in its state file.
//!
//! In: a word. Out: how the backfill stands then. Must not know: how deals are taken in.

use runner::Timestamp;
use runner::store::{Backfill, BackfillState, BackfillWord, Backlog};
use serde_json::json;

use super::{Face, Office, json};
use crate::command::{BackfillCommand, Kept};
use crate::terminal::{Outcome, Stop, count, print};

/// Says it. Exit code 1: it does not fit how the backfill stands.
pub(crate) fn run(command: &BackfillCommand) -> Result<Outcome, Stop> {
    let (kept, word): (&Kept, _) = match command {
        BackfillCommand::Start(kept) => (kept, Some(BackfillWord::Start)),
        BackfillCommand::Pause(kept) => (kept, Some(BackfillWord::Pause)),
        BackfillCommand::Resume(kept) => (kept, Some(BackfillWord::Resume)),
        BackfillCommand::Stop(kept) => (kept, Some(BackfillWord::Stop)),
        BackfillCommand::Status(kept) => (kept, None),
    };
    let office = Office::open(kept)?;
    let fits = match word {
        Some(word) => office.ask(office.store.say_backfill(word, Timestamp::now()))?,
        None => true,
    };
    let backfill = office.ask(office.store.backfill())?;
    let runs = office.service().is_some();
    print(&match office.face {
        Face::Json => json(&json!({ "backfill": backfill, "fits": fits, "service_runs": runs })),
        Face::Text => {
            let refused = if fits { "" } else { "Nothing was changed: it stands so.\n" };
            let waits = match backfill.state {
                BackfillState::Running if !runs => {
                    "The service does not run; it goes on with it.\n"
                }
                BackfillState::None
                | BackfillState::Waiting
                | BackfillState::Running
                | BackfillState::Paused
                | BackfillState::Done
                | BackfillState::Stopped => "",
            };
            format!("{refused}{}\n{waits}", told(&backfill))
        }
    })?;
    Ok(Outcome::fine_if(fits))
}

/// How it stands, on a line.
pub(crate) fn told(backfill: &Backfill) -> String {
    let Backfill { state, listed, is_listed, left, in_work, done, parked, .. } = backfill;
    let said = match state {
        BackfillState::None => {
            return "none: deals that are there already are taken in like others".to_owned();
        }
        BackfillState::Waiting => {
            return "waits: deals that were there before are left until `cosell backfill start`"
                .to_owned();
        }
        BackfillState::Running if *is_listed => "under way",
        BackfillState::Running => "under way, the lists are still being read",
        BackfillState::Paused => "paused",
        BackfillState::Done => "done",
        BackfillState::Stopped => "stopped",
    };
    let deals = |number: u64| count(usize::try_from(number).unwrap_or(usize::MAX), "deal");
    let records = if *left == 1 { "record" } else { "records" };
    format!(
        "{said}: {} done, {in_work} in work, {parked} parked; {left} {records} left of {listed} in both lists",
        deals(*done)
    )
}
