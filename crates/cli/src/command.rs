//! The command line: every command with its arguments and its help.
//!
//! In: the words of the command line. Out: [`CommandLine`]. Must not know: how anything is done.

mod apply;
mod backfill;
mod changing;
mod doctor;
mod faces;
mod init;
mod login;
mod maps;
mod office;
mod package;
pub(crate) mod sandbox;
mod schema;
mod serving;
mod solutions;
mod trying;
mod webhook;

pub(crate) use apply::Apply;
pub(crate) use backfill::{Backfill, BackfillCommand};
pub(crate) use changing::{Preview, Promote, Reload, Rollback, Scenario};
pub(crate) use doctor::{Checkup, Doctor};
pub(crate) use faces::{CheckFormat, Deny, TextFormat, When};
pub(crate) use init::Init;
pub(crate) use login::{Login, LoginCommand, LoginStatus, LoginTo};
pub(crate) use maps::{Check, Fmt, Plan};
pub(crate) use office::{Deals, Environments, Held, Kept, Parked, Shadow, Status, Verify, Why};
pub(crate) use package::{Salesforce, SalesforceCommand};
pub(crate) use schema::{Schema, SchemaCommand, SchemaPull, SchemaShow};
pub(crate) use serving::{Demo, Sandbox, Serve, Serving};
pub(crate) use solutions::{Solutions, SolutionsCommand};
pub(crate) use trying::{DenyOfTest, Diff, Test, Try};
pub(crate) use webhook::{Webhook, WebhookCommand};

use clap::{Parser, Subcommand};

/// Keeps Microsoft Partner Center referrals and Salesforce opportunities in agreement.
///
/// A `.map` file says, a line for each pair of fields, how a referral and an opportunity stay the
/// same deal. The commands check such files, try them out, and run them.
#[derive(Debug, Parser)]
#[command(name = "cosell", version, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 fine, 1 the thing checked is not fine, 2 used wrongly or could not run."
)]
pub(crate) struct CommandLine {
    /// When to write in colour; `auto` is on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(crate) color: When,

    #[command(subcommand)]
    pub(crate) command: Command,
}

impl CommandLine {
    /// What was given. Anything else ends the program, with what is wrong with it.
    pub(crate) fn read() -> CommandLine {
        CommandLine::parse()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Plays both systems, the service and a short story on this machine
    ///
    /// Nothing to set up, no network: a Microsoft referral becomes a Salesforce opportunity, changes
    /// on both sides, and stays one deal. With --once it ends after the story: exit 0 only if both
    /// sides agree and are quiet. Otherwise it goes on running, for curl and for the browser.
    #[command(
        after_help = "Examples:\n  cosell demo\n  cosell demo --once\n  cosell demo --state demo-state --ready-file ready.json"
    )]
    Demo(Demo),

    /// Makes a project to start from
    ///
    /// Maps that extend the shipped ones, with nothing in them yet but an example; `cosell.yaml` with
    /// every key that must be there, secrets by reference; a workflow that checks and tests the maps; a
    /// README. Files that are there stay as they are. With --org the maps call the connector's fields
    /// as that org does, in whichever spelling, and it is said which fields the org lacks; what the maps
    /// need of the org is copied to `orgs/NAME`.
    #[command(
        after_help = "Examples:\n  cosell init cosell-acme\n  cosell init cosell-acme --org ../acme/force-app --map opportunity\n  cosell init --org acme --environment production"
    )]
    Init(Init),

    /// Reports every problem of every map
    ///
    /// Checks each map against the schemas of both sides: those in `schemas/` beside the map, else
    /// the built-in ones. All problems of all files are reported in one run. Warnings alone leave
    /// the exit code 0.
    #[command(
        after_help = "Examples:\n  cosell check\n  cosell check opportunity.map --org acme\n  cosell check maps --format json\n  cosell check maps --format github --deny warnings\n  cosell check maps --format sarif > cosell.sarif\n  cosell check opportunity.map --fix"
    )]
    Check(Check),

    /// Brings maps into the one layout
    ///
    /// Files are written only when their layout differs, and always whole. Comments are kept. A
    /// map with errors is reported and left as it is.
    #[command(
        after_help = "Examples:\n  cosell fmt\n  cosell fmt --check maps\n  cosell fmt - < opportunity.map"
    )]
    Fmt(Fmt),

    /// Shows what a map was compiled to
    ///
    /// Each line of the map with everything that it does, and the plan's hash. The hash covers the
    /// meaning only: a new layout, comments and examples do not change it. docs/plan.md explains
    /// every member of the JSON.
    #[command(
        after_help = "Examples:\n  cosell plan opportunity.map\n  cosell plan opportunity.map --format json"
    )]
    Plan(Plan),

    /// Shows what is known of both sides' objects and fields, or asks your org for it
    Schema(Schema),

    /// Makes what a Salesforce org needs for the maps
    Salesforce(Salesforce),

    /// Turns records of one side into records of the other
    ///
    /// Reads one JSON record a line, writes one JSON record a line, in the same order. A record
    /// that does not fit is reported on stderr as one line of JSON with its line number, the line
    /// of the map and the cause; the others are carried out, and the exit code is 1 at the end.
    ///
    /// Without --old each answer is the record as it would be created. With --old it is the key
    /// and the fields that do not agree with the old record of the same key.
    ///
    /// Memory is bounded however long the stream is, and all processors take part. Input packed
    /// with gzip or zstd is recognised. Who feeds lines slowly has each answer at once.
    #[command(
        after_help = "Examples:\n  cosell apply opportunity.map --to opportunity referrals.ndjson > opportunities.ndjson\n  cosell apply opportunity.map --to opportunity referrals.ndjson.gz --out opportunities.ndjson.zst\n  cosell apply opportunity.map --to opportunity --old opportunities.ndjson < referrals.ndjson"
    )]
    Apply(Apply),

    /// Explains what would be written for one deal, and why
    ///
    /// Takes both records of a deal, and the base (what was last read back) if there is one, and
    /// says of every line of the map what both sides have, what they had, what was decided and why,
    /// and what would be written. Nothing is written anywhere. Without one of the two records:
    /// what would be created. The JSON form has a `base`, which can be
    /// given with --base the next time.
    #[command(
        after_help = "Examples:\n  cosell try opportunity.map --left referral.json --right opportunity.json\n  cosell try opportunity.map --left referral.json\n  cosell try opportunity.map --left referral.json --right opportunity.json --only Amount\n  cosell try opportunity.map --left referral.json --right opportunity.json --base base.json --format json"
    )]
    Try(Try),

    /// Shows what another map would do with recorded deals
    ///
    /// Replays deals, one JSON object a line, with both maps, and shows what would be written
    /// differently, grouped by the line and the table row of the map that are why; then faults and
    /// conflicts that are new, and those that are solved. Nothing is written anywhere.
    ///
    /// A line is {"left": RECORD, "right": RECORD, "base": BASE}. With all three both records are
    /// brought into agreement (an empty base `{}`: they meet for the first time). With `left` alone
    /// the right record is made, with `right` alone the left one; with both the right one is
    /// brought in step. Exit codes: 0 no difference, 1 some, or a line that is none.
    #[command(
        after_help = "Examples:\n  cosell diff opportunity.map changed.map --replay deals.ndjson\n  cosell diff opportunity.map changed.map --replay deals.ndjson --samples 10 --format json\n  gunzip -c deals.gz | cosell diff opportunity.map changed.map --replay -"
    )]
    Diff(Diff),

    /// Carries out the examples in the maps
    ///
    /// Each `example` block is a test. Its files are read from the folder of its map.
    ///
    /// --coverage lists which lines, table rows, blanks, requirements and conditions some example
    /// exercises. --mutate makes one small change of the map after the other and names those that
    /// no example notices.
    #[command(
        after_help = "Examples:\n  cosell test\n  cosell test opportunity.map --coverage\n  cosell test opportunity.map --coverage=100 --mutate --deny survivors\n  cosell test --format junit > examples.xml"
    )]
    Test(Test),

    /// Runs the service
    ///
    /// Receives signed webhooks of Partner Center, watches Salesforce for changes, and brings the
    /// two records of each deal into agreement. Everything is set in one YAML file; secrets stand
    /// in it by reference only.
    #[command(
        after_help = "Examples:\n  cosell serve\n  cosell serve --config /etc/cosell/cosell.yaml\n  cosell serve --env staging"
    )]
    Serve(Serve),

    /// Shows what changed maps would write to the deals there are
    ///
    /// Reads both records of a sample of the deals in the state file, as they are now, and says what the
    /// changed maps would write that those in service would not, grouped by the line of the map that is why.
    /// Nothing is written anywhere. Exit codes: 0 no difference, 1 some.
    #[command(
        after_help = "Examples:\n  cosell preview\n  cosell preview changed.map --sample 1000 --per-second 20\n  cosell preview --config /etc/cosell/cosell.yaml --format json"
    )]
    Preview(Preview),

    /// Brings changed maps into service while it runs
    ///
    /// The service looks at the files of its maps by itself (`reload: auto`); with `reload: ask` they take
    /// effect by this command. They are checked first: maps with errors change nothing. With --preview they
    /// are only looked at, and it is said what they would write. Exit code 1 when they were not taken.
    #[command(
        after_help = "Examples:\n  cosell reload --preview\n  cosell reload\n  cosell reload --config /etc/cosell/cosell.yaml --format json"
    )]
    Reload(Reload),

    /// Plays a short story in your own staging systems, and takes its records away again
    ///
    /// A deal of a rep becomes a referral, a deal made in Partner Center becomes an opportunity, both are changed
    /// from both sides, and then nothing may be written any more. It uses the public interfaces of both systems
    /// with the sign-ins of the configuration; the service that runs with it does the work, and is started for the
    /// story when it does not run. Every record is marked `cosell scenario`, and deleted in the end, also after a
    /// failure, Ctrl-C or a kill (by the next one); referrals cannot be deleted and are closed as lost or declined.
    /// Only for environments of kind staging, in an organisation that says that it is a sandbox.
    #[command(
        after_help = "Examples:\n  cosell scenario --env staging\n  cosell scenario --solution SOL-12345-ABC --format json\n  cosell scenario --fields demanded.json --quiet 30\n  cosell scenario --clean"
    )]
    Scenario(Scenario),

    /// Makes maps that have passed everything the release that production takes
    ///
    /// Production takes its maps from releases alone. This makes one of the maps of the configuration, when
    /// these very files have passed `cosell test`, `cosell doctor` and `cosell scenario`; otherwise it says what is
    /// missing, and by which command it is passed (exit code 1). A release never changes: one changed byte in it is
    /// refused by the service, with the name of the file.
    #[command(
        after_help = "Examples:\n  cosell promote --to production\n  cosell promote --to production --dry-run --format json\n  cosell promote --list"
    )]
    Promote(Promote),

    /// Goes back to the release before
    ///
    /// A service that runs takes it at once, without looking first what it would write; else the next start
    /// does. Exit code 1 when there is no release before, or the service did not take it.
    #[command(
        after_help = "Examples:\n  cosell rollback\n  cosell rollback --config /etc/cosell/cosell.yaml"
    )]
    Rollback(Rollback),

    /// Shows how the service stands
    ///
    /// What is in step, what waits, what is parked, which wires are stopped, when each source was last
    /// asked. Read from the state file, and from the service itself when it runs. Exit code 1 when
    /// something needs a person: a parked deal, a stopped wire, or a service that does not run.
    #[command(
        after_help = "Examples:\n  cosell status\n  cosell status --watch\n  cosell status --config /etc/cosell/cosell.yaml --format json"
    )]
    Status(Status),

    /// Lists the deals that wait for a person, by cause
    ///
    /// Each cause with the line of the map, what to do, and the deals that it stops. Exit code 1 when
    /// there are any.
    #[command(
        after_help = "Examples:\n  cosell parked\n  cosell parked --code fault::require\n  cosell parked --format json"
    )]
    Parked(Parked),

    /// Lists the lines in which deals differ and nothing is done about it
    ///
    /// A line is held when the other system does not take the change (a field that is fixed once the deal
    /// is made), or while a deal is on hold; it has drifted when the records differ and neither changed
    /// since they were last read. Each line with the reason and the deals; `cosell why DEAL FIELD` shows
    /// the values.
    #[command(after_help = "Examples:\n  cosell held\n  cosell held --format json")]
    Held(Held),

    /// Lets parked deals go on
    ///
    /// They are looked at again at once: both records are read anew, and today's map decides. A deal
    /// whose cause is still there is parked again. Works while the service runs, and while it does not.
    #[command(
        after_help = "Examples:\n  cosell release deal-42\n  cosell release 0065g0000000001AAA\n  cosell release --code fault::require\n  cosell release --all"
    )]
    Release(Deals),

    /// Looks at deals again, with today's map
    ///
    /// Like `release`, for deals that are in step too: after a map was changed, or when somebody doubts
    /// that two records agree. Where they do, nothing is written.
    #[command(after_help = "Examples:\n  cosell replay deal-42 deal-43\n  cosell replay --all")]
    Replay(Deals),

    /// Says why a field of a deal is what it is
    ///
    /// For each line of the map that names the field: what it did last, what set it off (the event, its
    /// source and time), the line of the map, the row of the table, and the plan that decided. Without a
    /// field: the deal's history, newest first. The deal is named by its number, or by the id of its
    /// referral, engagement or record.
    #[command(
        after_help = "Examples:\n  cosell why 0065g0000000001AAA StageName\n  cosell why deal-42 details.dealValue\n  cosell why deal-42\n  cosell why deal-42 Amount --format json"
    )]
    Why(Why),

    /// Shows what an environment that does not write would have written
    ///
    /// By line of the map, with the deals that it would write to now and how often that was told. Values of
    /// records are shown with --values only. `cosell why DEAL` tells the same of one deal, in its order.
    #[command(
        after_help = "Examples:\n  cosell shadow --env shadow\n  cosell shadow deal-42 --env shadow --values\n  cosell shadow --env shadow --format json"
    )]
    Shadow(Shadow),

    /// Lists the environments of a configuration
    ///
    /// Each with its kind, its state file, and whether it runs. A command that needs one of several takes
    /// --env NAME, or the variable `COSELL_ENV`.
    #[command(after_help = "Examples:\n  cosell env\n  cosell env --format json")]
    Env(Environments),
    /// Keeps the catalogue of the partner's solutions
    ///
    /// Once a list was imported, a deal with a solution that is neither in it nor in a referral that was
    /// seen is held before it is sent, with the nearest solution that is known. Without a list nothing
    /// is held.
    Solutions(Solutions),

    /// Proves that nobody changed the audit
    ///
    /// Follows the chain of hashes from the first line to the last. Exit code 1 when it is broken, with
    /// the first line that does not follow. Lines that were cut off at the end leave no gap: keep the number of lines
    /// and the last hash elsewhere from time to time, and compare.
    #[command(after_help = "Example:\n  cosell verify")]
    Verify(Verify),

    /// Shows, makes, gives back or tries out the webhook's registration
    ///
    /// A partner account has one address that is called. Registering takes the calls away from whoever
    /// had them, so it is shown first, and kept.
    #[command(
        after_help = "Examples:\n  cosell webhook show\n  cosell webhook register\n  cosell webhook register --overwrite\n  cosell webhook test\n  cosell webhook restore"
    )]
    Webhook(Webhook),

    /// Looks whether everything is there that the service needs
    ///
    /// The configuration and its secrets, this machine, the maps against the org as the sync user sees
    /// it, both sign-ins, the role, the referrals that can be read, the webhook. Each check is fine, or
    /// says what to do. Nothing is changed in either system.
    /// Exit code 1 when something is wrong.
    #[command(
        after_help = "Examples:\n  cosell doctor\n  cosell doctor --seller riley.rep@acme.example\n  cosell doctor --config /etc/cosell/cosell.yaml --format json"
    )]
    Doctor(Checkup),

    /// Shows what the service would do with the deals that are there already; writes nothing
    ///
    /// Looks through all referrals and all records of each map: what would be linked, created on each side,
    /// changed by field, and what would wait for a person. Exit code 1: some deals would.
    ///
    /// The commands below it have the service do so, also while it runs: they leave a word in the state file, and
    /// need no secret.
    #[command(
        after_help = "Examples:\n  cosell backfill\n  cosell backfill --config /etc/cosell/cosell.yaml --format json\n  cosell backfill start\n  cosell backfill status\n  cosell backfill pause"
    )]
    Backfill(Backfill),

    /// Shows where the service may send requests, and what for
    ///
    /// The destinations are those that the configuration names; every other one is refused before its name is
    /// looked up. Of a service that runs it also shows how often each was called. Exit code 1: a destination
    /// was refused.
    #[command(
        after_help = "Examples:\n  cosell egress\n  cosell egress --config /etc/cosell/cosell.yaml --format json"
    )]
    Egress(Doctor),

    /// Signs a person in, so that the service may act for them
    ///
    /// Shows a code, which the person types in where they have a browser, with the second factor; or, with
    /// --browser, the page to sign in at on this machine. The refresh token is kept, sealed, in the file that
    /// `refresh_token: file:PATH` names, readable for its user alone; the service renews it in use.
    #[command(
        after_help = "Examples:\n  cosell login partner-center\n  cosell login partner-center --browser\n  cosell login salesforce --config /etc/cosell/cosell.yaml\n  cosell login status"
    )]
    Login(Login),

    /// Runs both outside systems alone, for other programs to talk to
    ///
    /// A Salesforce organisation and Partner Center on 127.0.0.1, each on a port of its own. With
    /// --state everything is kept in that folder; without it nothing is kept. The commands below it
    /// talk to a sandbox that runs, or to the demo's.
    #[command(
        after_help = "Examples:\n  cosell sandbox --ready-file ready.json\n  cosell sandbox --state sandbox-state --salesforce-port 8701\n  cosell sandbox --ready-file ready.json --referrals 10000\n  cosell sandbox --org force-app/main/default\n  cosell sandbox log --follow\n  cosell sandbox faults add lock_row --system salesforce"
    )]
    Sandbox(Box<Sandbox>),
}
