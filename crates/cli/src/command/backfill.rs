//! The command line of `cosell backfill`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use clap::{Args, Subcommand};

use super::{Doctor, Kept};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Backfill {
    #[command(subcommand)]
    pub(crate) command: Option<BackfillCommand>,

    #[command(flatten)]
    pub(crate) place: Doctor,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackfillCommand {
    /// Has the service take in the deals that are there already, from the beginning of both lists
    ///
    /// Deals that the service knows are left as they are. What changes meanwhile comes first; the others have a
    /// share of the calls, and of the turns (`limits.backfill_share`). After an end at any moment it goes on where
    /// it was. Exit code 1: it is under way, or paused.
    #[command(
        after_help = "Examples:\n  cosell backfill start\n  cosell backfill start --env staging --format json"
    )]
    Start(Kept),

    /// Begins no further deal; those that were begun are brought to their end
    ///
    /// Exit code 1: it is not under way.
    #[command(after_help = "Examples:\n  cosell backfill pause")]
    Pause(Kept),

    /// Goes on where it was paused
    ///
    /// Exit code 1: it is not paused.
    #[command(after_help = "Examples:\n  cosell backfill resume")]
    Resume(Kept),

    /// Ends it: deals that were not begun are left until they change
    ///
    /// Those that were begun are brought to their end. Exit code 1: there is none to be ended.
    #[command(after_help = "Examples:\n  cosell backfill stop")]
    Stop(Kept),

    /// Shows how far it is: records that are left, deals in work, done and parked
    #[command(
        after_help = "Examples:\n  cosell backfill status\n  cosell backfill status --format json"
    )]
    Status(Kept),
}
