//! The command line of `cosell sandbox`.
//!
//! In: arguments. Out: what is asked for. Must not know: how it is done.

mod faults;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

pub(crate) use faults::{Faults, FaultsAct, FaultsAdd};

/// What is said to a sandbox that runs.
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Acts as Microsoft's seller
    #[command(
        after_help = "Examples:\n  cosell sandbox microsoft new name='Depot telemetry' details.dealValue=52000\n  cosell sandbox microsoft accept 0f8c1d2e-…\n  cosell sandbox microsoft edit 0f8c1d2e-… details.notes='Budget is approved'\n  cosell sandbox microsoft crm-id 0f8c1d2e-… 7-AB12CD34"
    )]
    Microsoft(Microsoft),

    /// Acts as the partner's own user in the Partner Center portal
    #[command(
        after_help = "Examples:\n  cosell sandbox portal list\n  cosell sandbox portal new name='Fleet telemetry' details.dealValue=48000\n  cosell sandbox portal accept 0f8c1d2e-…\n  cosell sandbox portal edit 0f8c1d2e-… details.dealValue=50000"
    )]
    Portal(Portal),

    /// Acts as a sales rep in Salesforce
    #[command(
        after_help = "Examples:\n  cosell sandbox rep create Account Name='Alpine Freight AG'\n  cosell sandbox rep edit Opportunity 006… Amount=52000 StageName='Closed Won'\n  cosell sandbox rep get Opportunity 006…\n  cosell sandbox rep query \"SELECT Name, StageName FROM Opportunity WHERE Amount > 1000\""
    )]
    Rep(Rep),

    /// Shows the requests received, with their answers
    ///
    /// Every request is kept with headers, bodies, status, time and who asked; secrets are left out. The newest
    /// 10,000, or 32 MiB, are kept.
    #[command(
        after_help = "Examples:\n  cosell sandbox log\n  cosell sandbox log --follow --system salesforce\n  cosell sandbox log --status 4xx --bodies\n  cosell sandbox log --fault any --json"
    )]
    Log(Log),

    /// Makes calls fail: what is ordered, orders more, forgets
    #[command(
        after_help = "Examples:\n  cosell sandbox faults add applied_then_timeout --system salesforce --method PATCH --path '*/sobjects/Opportunity/*'\n  cosell sandbox faults add 503 --system partner_center --probability 0.1 --seed 7 --times always\n  cosell sandbox faults list --json > plan.json\n  cosell sandbox faults clear"
    )]
    Faults(Faults),

    /// Shows the clock of both systems, or moves it
    #[command(
        after_help = "Examples:\n  cosell sandbox clock show\n  cosell sandbox clock advance 14d\n  cosell sandbox clock set 2027-01-01T00:00:00Z"
    )]
    Clock(Clock),

    /// Forgets all records, faults and counts; tokens, users and keys stay
    #[command(
        after_help = "Examples:\n  cosell sandbox reset\n  cosell sandbox reset --keep-registration"
    )]
    Reset(Reset),

    /// Shows what the sandbox did and costs: requests, processor, memory
    #[command(after_help = "Examples:\n  cosell sandbox usage\n  cosell sandbox usage --json")]
    Usage(Usage),
}

/// To which sandbox, and how its answer is written.
#[derive(Debug, Args)]
pub(crate) struct To {
    /// The file that the sandbox (or the demo) wrote when it was started with --ready-file
    #[arg(long, value_name = "PATH", default_value = "ready.json", global = true)]
    pub(crate) ready_file: PathBuf,

    /// Writes the answer as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Microsoft {
    #[command(subcommand)]
    pub(crate) act: MicrosoftAct,

    #[command(flatten)]
    pub(crate) to: To,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MicrosoftAct {
    /// Asks the partner into a new deal
    #[command(
        after_help = "Example:\n  cosell sandbox microsoft new name='Depot telemetry' details.dealValue=52000"
    )]
    New(Values),
    /// Accepts a deal that the partner shared
    #[command(after_help = "Example:\n  cosell sandbox microsoft accept 0f8c1d2e-…")]
    Accept(Deal),
    /// Declines a deal that the partner shared
    #[command(
        after_help = "Example:\n  cosell sandbox microsoft decline 0f8c1d2e-… --reason 'Not in this quarter'"
    )]
    Decline(Ending),
    /// Closes Microsoft's half as won
    #[command(after_help = "Example:\n  cosell sandbox microsoft win 0f8c1d2e-…")]
    Win(Ending),
    /// Closes Microsoft's half as lost
    #[command(
        after_help = "Example:\n  cosell sandbox microsoft lose 0f8c1d2e-… --reason 'Other vendor chosen'"
    )]
    Lose(Ending),
    /// Changes Microsoft's half of a deal
    #[command(
        after_help = "Example:\n  cosell sandbox microsoft edit 0f8c1d2e-… details.notes='Budget is approved'"
    )]
    Edit(Edit),
    /// Gives the deal an id of Microsoft's CRM
    #[command(after_help = "Example:\n  cosell sandbox microsoft crm-id 0f8c1d2e-… 7-AB12CD34")]
    CrmId(CrmId),
}

#[derive(Debug, Args)]
pub(crate) struct Portal {
    #[command(subcommand)]
    pub(crate) act: PortalAct,

    #[command(flatten)]
    pub(crate) to: To,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PortalAct {
    /// Lists the newest referrals
    #[command(after_help = "Example:\n  cosell sandbox portal list --limit 5")]
    List(Count),
    /// Shows one referral
    #[command(after_help = "Example:\n  cosell sandbox portal show 0f8c1d2e-…")]
    Show(Deal),
    /// Makes a deal of the partner's own
    #[command(
        after_help = "Example:\n  cosell sandbox portal new name='Fleet telemetry' details.dealValue=48000"
    )]
    New(Values),
    /// Accepts a deal that Microsoft sent
    #[command(after_help = "Example:\n  cosell sandbox portal accept 0f8c1d2e-…")]
    Accept(Deal),
    /// Declines a deal that Microsoft sent
    #[command(
        after_help = "Example:\n  cosell sandbox portal decline 0f8c1d2e-… --reason 'Not our market'"
    )]
    Decline(Ending),
    /// Changes a deal
    #[command(
        after_help = "Example:\n  cosell sandbox portal edit 0f8c1d2e-… details.dealValue=50000"
    )]
    Edit(Edit),
    /// Signs in for a program that shows a device code
    #[command(after_help = "Example:\n  cosell sandbox portal sign-in K7XQ2MRTA --user seller")]
    SignIn(SignIn),
}

#[derive(Debug, Args)]
pub(crate) struct Rep {
    #[command(subcommand)]
    pub(crate) act: RepAct,

    #[command(flatten)]
    pub(crate) to: To,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RepAct {
    /// Makes a record
    #[command(
        after_help = "Example:\n  cosell sandbox rep create Account Name='Alpine Freight AG'"
    )]
    Create(RepCreate),
    /// Changes fields of a record
    #[command(
        after_help = "Example:\n  cosell sandbox rep edit Opportunity 006… Amount=52000 StageName='Closed Won'"
    )]
    Edit(RepEdit),
    /// Shows a record
    #[command(after_help = "Example:\n  cosell sandbox rep get Opportunity 006…")]
    Get(Record),
    /// Deletes a record
    #[command(after_help = "Example:\n  cosell sandbox rep delete Opportunity 006…")]
    Delete(Record),
    /// Carries out a SOQL query, all its pages
    #[command(
        after_help = "Example:\n  cosell sandbox rep query \"SELECT Name, StageName FROM Opportunity WHERE Amount > 1000\""
    )]
    Query(Query),
}

/// Values for a referral.
#[derive(Debug, Args)]
pub(crate) struct Values {
    /// Values by their dotted names; numbers, true, false, null, lists and objects are JSON, all else is text
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) values: Vec<String>,

    /// A JSON file with values; those of the command line come on top
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Deal {
    /// The referral's id
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct Ending {
    /// The referral's id
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// The referral's id
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    #[command(flatten)]
    pub(crate) values: Values,
}

#[derive(Debug, Args)]
pub(crate) struct SignIn {
    /// The code that the program shows
    #[arg(value_name = "CODE")]
    pub(crate) code: String,

    /// Who signs in: partner, cosell, seller or guest
    #[arg(long, value_name = "ACCOUNT", default_value = "partner")]
    pub(crate) user: String,

    /// Without a second factor: Partner Center then refuses the tokens
    #[arg(long)]
    pub(crate) without_mfa: bool,

    /// Does not sign in, and says so
    #[arg(long, conflicts_with_all = ["user", "without_mfa"])]
    pub(crate) decline: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CrmId {
    /// The referral's id
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// The id in Microsoft's CRM; none: one is made up
    #[arg(value_name = "CRM-ID")]
    pub(crate) crm_id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Count {
    /// How many
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: u16,
}

#[derive(Debug, Args)]
pub(crate) struct RepCreate {
    /// The object, such as `Opportunity`
    #[arg(value_name = "OBJECT")]
    pub(crate) object: String,

    #[command(flatten)]
    pub(crate) values: Values,
}

#[derive(Debug, Args)]
pub(crate) struct RepEdit {
    #[command(flatten)]
    pub(crate) record: Record,

    #[command(flatten)]
    pub(crate) values: Values,
}

#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The object, such as `Opportunity`
    #[arg(value_name = "OBJECT")]
    pub(crate) object: String,

    /// The record's id
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// The query
    #[arg(value_name = "SOQL")]
    pub(crate) soql: String,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    /// Goes on with each new request, until it is interrupted
    #[arg(long, short)]
    pub(crate) follow: bool,

    /// How many of the newest are shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: u32,

    /// Only requests to this system
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub(crate) system: Option<System>,

    /// Only requests with this method
    #[arg(long, value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// Only requests with this in their path or query
    #[arg(long, value_name = "TEXT")]
    pub(crate) path: Option<String>,

    /// Only answers with this status, such as `404` or `5xx`; `none`: without an answer
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<String>,

    /// Only requests of this user, such as `cosell` or `rep`
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,

    /// Only requests that a fault of this kind struck; `any`: some fault
    #[arg(long, value_name = "KIND")]
    pub(crate) fault: Option<String>,

    /// Shows headers and bodies too
    #[arg(long)]
    pub(crate) bodies: bool,

    #[command(flatten)]
    pub(crate) to: To,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum System {
    /// Salesforce
    Salesforce,
    /// Salesforce's Pub/Sub API
    #[value(name = "pubsub")]
    PubSub,
    /// Partner Center's API
    #[value(name = "partner_center", alias = "partner-center")]
    PartnerCenter,
    /// Partner Center's webhooks host
    Webhooks,
}

impl System {
    /// How the sandbox calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            System::Salesforce => "salesforce",
            System::PubSub => "pubsub",
            System::PartnerCenter => "partner_center",
            System::Webhooks => "webhooks",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Clock {
    #[command(subcommand)]
    pub(crate) act: ClockAct,

    #[command(flatten)]
    pub(crate) to: To,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClockAct {
    /// Shows what time it is
    #[command(after_help = "Example:\n  cosell sandbox clock show")]
    Show,
    /// Moves it on
    #[command(after_help = "Example:\n  cosell sandbox clock advance 14d")]
    Advance {
        /// Such as `14d`, `72h` or `2h 30m`
        #[arg(value_name = "DURATION")]
        by: String,
    },
    /// Sets it
    #[command(after_help = "Example:\n  cosell sandbox clock set 2027-01-01T00:00:00Z")]
    Set {
        /// A moment, at which it stands still, or how far it runs ahead, such as `+14d`
        #[arg(value_name = "TIME", allow_hyphen_values = true)]
        to: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Reset {
    /// The webhook stays registered
    #[arg(long)]
    pub(crate) keep_registration: bool,

    #[command(flatten)]
    pub(crate) to: To,
}

#[derive(Debug, Args)]
pub(crate) struct Usage {
    #[command(flatten)]
    pub(crate) to: To,
}
