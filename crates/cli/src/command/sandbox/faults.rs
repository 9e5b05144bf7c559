//! The command line of `cosell sandbox faults`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{System, To};

#[derive(Debug, Args)]
pub(crate) struct Faults {
    #[command(subcommand)]
    pub(crate) act: FaultsAct,

    #[command(flatten)]
    pub(crate) to: To,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FaultsAct {
    /// Shows what is ordered and not used up; with --json also the whole plan, which `add --file` takes
    #[command(after_help = "Example:\n  cosell sandbox faults list --json > plan.json")]
    List,
    /// Orders a fault
    ///
    /// Kinds: a status from 400 to 599; `slow_header`, `slow_body`, `cut_body`, `reset`, `close`, `timeout`; `html`,
    /// `wrong_type`; `expired_token`, `conflict`, `precondition_failed`, `too_many_requests`, `server_error`,
    /// `unavailable`; `daily_limit`, `concurrent_limit`, `lock_row`, `partial_batch` (Salesforce); `duplicate_reply`,
    /// `stale_read`. Carried out although it fails: `applied_then_close`, `applied_then_reset`,
    /// `applied_then_timeout`, `applied_twice`.
    #[command(
        after_help = "Example:\n  cosell sandbox faults add 503 --system partner_center --probability 0.1 --seed 7 --times always"
    )]
    Add(Box<FaultsAdd>),
    /// Forgets one order, or all of them
    #[command(after_help = "Example:\n  cosell sandbox faults clear 3")]
    Clear(FaultsClear),
}

#[derive(Debug, Args)]
pub(crate) struct FaultsAdd {
    /// How calls fail
    #[arg(value_name = "KIND", required_unless_present = "file")]
    pub(crate) kind: Option<String>,

    /// Whose calls
    #[arg(long, value_enum, value_name = "SYSTEM", required_unless_present = "file")]
    pub(crate) system: Option<System>,

    /// Only calls with this method
    #[arg(long, value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// Only calls of this path, without the query; `*` stands for anything
    #[arg(long, value_name = "PATTERN")]
    pub(crate) path: Option<String>,

    /// Only the n-th fitting call (and those after it, with --times)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) nth: Option<u64>,

    /// How many calls fail; `always`: for ever
    #[arg(long, value_name = "N")]
    pub(crate) times: Option<String>,

    /// How many of the fitting calls fail, from 0 to 1, such as 0.25
    #[arg(long, value_name = "SHARE")]
    pub(crate) probability: Option<String>,

    /// The same seed and the same calls give the same faults
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// How long the fault takes
    #[arg(long, value_name = "MILLISECONDS")]
    pub(crate) delay_ms: Option<u64>,

    /// The answer's `Retry-After`
    #[arg(long, value_name = "SECONDS")]
    pub(crate) retry_after: Option<u64>,

    /// How many writes a stale answer is behind
    #[arg(long, value_name = "N")]
    pub(crate) behind: Option<u64>,

    /// Orders a whole plan: a JSON list of orders, or what `list --json` wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kind", "system"])]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct FaultsClear {
    /// The order's number; none: all
    #[arg(value_name = "NUMBER")]
    pub(crate) number: Option<u64>,
}
