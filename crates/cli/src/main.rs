//! The door: one program `cosell`, one file a command.
//!
//! In: the command line. Out: text and an exit code: 0 fine, 1 the thing checked is not fine,
//! 2 used wrongly or could not run. Must not know: how anything is done.

mod backfill;
mod apply;
mod check;
mod command;
mod demo;
mod diff;
mod doctor;
mod egress;
mod fix;
mod fmt;
mod init;
mod input;
mod life;
mod lines;
mod login;
mod office;
mod org;
mod output;
mod passed;
mod package;
mod packed;
mod plan;
mod preview;
mod project;
mod promote;
mod ready;
mod sandbox;
mod scenario;
mod schema;
mod serve;
mod sheet;
mod show;
mod terminal;
mod test;
mod try_one;
mod webhook;

use std::panic::{self, PanicHookInfo};
use std::process::ExitCode;

use command::{Command, CommandLine, Deny, SalesforceCommand, Serving, When};
use terminal::{Color, Outcome, Stop, tell};

/// Records are many small texts: the system's own allocator costs a third more time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    panic::set_hook(Box::new(|info| tell(&broken(info))));
    let line = CommandLine::read();
    let color = match line.color {
        When::Auto => Color::Auto,
        When::Always => Color::Always,
        When::Never => Color::Never,
    };
    // INVARIANT: a command that broke off leaves nothing behind that is used afterwards.
    let result = panic::catch_unwind(panic::AssertUnwindSafe(|| carry_out(line.command, color)));
    match result {
        Ok(Ok(Outcome::Fine) | Err(Stop::ClosedPipe)) => ExitCode::SUCCESS,
        Ok(Ok(Outcome::NotFine)) => ExitCode::from(1),
        Ok(Err(stop)) => {
            tell(&show::stop(&stop, color.on_stderr()).unwrap_or_default());
            ExitCode::from(2)
        }
        Err(_) => ExitCode::from(2),
    }
}

/// The commands, in the order of a day: those on files, and those on a service.
fn carry_out(command: Command, color: Color) -> Result<Outcome, Stop> {
    match command {
        Command::Demo(args) => demo::run(&args.into()),
        Command::Serve(args) => {
            let command::Serve { config, env, serving: Serving { ready_file, with_parent } } = args;
            serve::run(&serve::Options { config, env, ready_file, with_parent }, color)
        }
        Command::Preview(args) => preview::run(&args, color),
        Command::Scenario(args) => scenario::run(&args),
        Command::Promote(args) => promote::run(&args),
        Command::Rollback(args) => office::rollback(&args),
        Command::Reload(args) => office::reload(&args),
        Command::Status(args) => office::status(&args),
        Command::Parked(args) => office::parked(&args),
        Command::Held(args) => office::held(&args),
        Command::Release(args) => office::release(&args),
        Command::Replay(args) => office::replay(&args),
        Command::Why(args) => office::why(&args),
        Command::Shadow(args) => office::shadow(&args),
        Command::Env(args) => office::environments(&args),
        Command::Solutions(args) => office::solutions(&args.command),
        Command::Verify(args) => office::verify(&args),
        Command::Webhook(args) => webhook::run(&args),
        Command::Doctor(args) => doctor::run(&args, color),
        Command::Backfill(args) => match &args.command {
            Some(command) => office::backfill(command),
            None => backfill::run(&args.place),
        },
        Command::Egress(args) => egress::run(&args),
        Command::Login(args) => login::run(&args),
        Command::Sandbox(args) => match args.command {
            Some(command) => sandbox::talk_to(&command),
            None => sandbox::run(sandbox::Options::from(*args)),
        },
        Command::Fmt(args) => fmt::run(&args.paths, args.check, color),
        Command::Plan(args) => plan::run(&args.map, args.org.as_deref(), args.format.into(), color),
        Command::Schema(args) => schema::run(&args.command, color),
        Command::Init(args) => init::run(&args.into(), color),
        Command::Salesforce(args) => match args.command {
            SalesforceCommand::Package(args) => package::run(&args.into(), color),
        },
        Command::Check(args) => check(&args, color),
        Command::Apply(args) => apply(args, color),
        Command::Try(args) => try_one(args, color),
        Command::Diff(args) => diff(&args, color),
        Command::Test(args) => test(args, color),
    }
}

fn check(args: &command::Check, color: Color) -> Result<Outcome, Stop> {
    let deny = args.deny == Some(Deny::Warnings);
    check::run(&args.paths, args.org.as_deref(), args.format.into(), deny, args.fix, color)
}

fn apply(args: command::Apply, color: Color) -> Result<Outcome, Stop> {
    let command::Apply { map, to, old, org, out, compress, threads, input } = args;
    let compress = compress.map(Into::into);
    apply::run(&apply::Options { map, org, to, old, input, out, compress, threads }, color)
}

fn try_one(args: command::Try, color: Color) -> Result<Outcome, Stop> {
    let (left, right, base) = (args.left, args.right, args.base);
    let files = try_one::Files { left, right, base, only: args.only };
    try_one::run(&args.map, args.org.as_deref(), &files, args.format.into(), color)
}

fn diff(args: &command::Diff, color: Color) -> Result<Outcome, Stop> {
    let maps = [args.old.as_path(), args.new.as_path()];
    let (org, face) = (args.org.as_deref(), args.format.into());
    diff::run(maps, org, &args.replay, args.samples, face, color)
}

fn test(args: command::Test, color: Color) -> Result<Outcome, Stop> {
    let options = test::Options {
        paths: args.paths,
        org: args.org,
        face: args.format.into(),
        coverage: args.coverage,
        mutate: args.mutate,
        deny_survivors: args.deny == Some(command::DenyOfTest::Survivors),
    };
    test::run(&options, color)
}

/// What a person reads when the program itself is at fault. The message of the failure is left
/// out: it could hold values of records.
fn broken(info: &PanicHookInfo<'_>) -> String {
    let place =
        info.location().map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
    format!(
        "error: cosell {} broke off because of a mistake of its own{place}\n  \
         help: report the line above with the command that you gave, and with the map if it may be shown\n",
        env!("CARGO_PKG_VERSION")
    )
}
