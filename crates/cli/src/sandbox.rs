//! `cosell sandbox`: both outside systems on loopback, for other programs to talk to.
//!
//! In: where to keep state, which ports. Out: a ready file, and answers until the end. Must not
//! know: who calls. The commands that talk to one that runs have files of their own.

mod deals;
mod described;
mod hand;
mod log;
mod rep;
mod talk;
mod values;

use std::path::{Path, PathBuf};

use ::sandbox::{Config, Error, Ports, Sandbox};
use serde_json::{Value, json};

use crate::command::{self, sandbox::SandboxCommand};
use crate::terminal::{Outcome, Stop, print};
use crate::{life, ready};

/// Says something to a sandbox that runs.
pub(crate) fn talk_to(command: &SandboxCommand) -> Result<Outcome, Stop> {
    match command {
        SandboxCommand::Microsoft(args) => deals::microsoft(args),
        SandboxCommand::Portal(args) => deals::portal(args),
        SandboxCommand::Rep(args) => rep::act(args),
        SandboxCommand::Log(args) => log::show(args),
        SandboxCommand::Faults(args) => hand::faults(args),
        SandboxCommand::Clock(args) => hand::clock(args),
        SandboxCommand::Reset(args) => hand::reset(args),
        SandboxCommand::Usage(args) => hand::usage(args),
    }?;
    Ok(Outcome::Fine)
}

/// What can be said on the command line.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) state: Option<PathBuf>,
    /// The org that its Salesforce is.
    pub(crate) org: Option<String>,
    /// What that org says of itself.
    pub(crate) org_kind: ::sandbox::OrgKind,
    /// How many calls a day its Salesforce takes.
    pub(crate) daily_calls: Option<u32>,
    /// The file that moves its clock.
    pub(crate) clock: Option<PathBuf>,
    pub(crate) ready_file: Option<PathBuf>,
    pub(crate) ports: Ports,
    /// How many referrals it begins with, and the seed of everything that is made up.
    pub(crate) referrals: u32,
    pub(crate) seed: u64,
    /// Whether Salesforce lets users in by name and password.
    pub(crate) password_logins: bool,
    pub(crate) with_parent: bool,
}

impl From<command::Sandbox> for Options {
    fn from(args: command::Sandbox) -> Self {
        Self {
            state: args.state,
            org: args.org,
            org_kind: args.org_kind.into(),
            daily_calls: Some(args.daily_calls),
            clock: args.clock,
            ready_file: args.serving.ready_file,
            ports: Ports {
                salesforce: args.salesforce_port,
                salesforce_https: args.salesforce_https_port,
                partner_center: args.partner_center_port,
                webhooks: args.webhooks_port,
                admin: args.admin_port,
                pubsub: args.pubsub_port,
            },
            referrals: args.referrals,
            seed: args.seed,
            password_logins: !args.no_password_logins,
            with_parent: args.serving.with_parent,
        }
    }
}

/// Serves until the end.
pub(crate) fn run(options: Options) -> Result<Outcome, Stop> {
    let lock = options.state.as_ref().map(|state| {
        life::only_one(&state.join("sandbox.lock"), options.with_parent, life::OTHER_FOLDER)
    });
    let _lock = lock.transpose()?;
    if let Some(path) = &options.ready_file {
        ready::forget(path)?;
    }
    life::runtime()?.block_on(serve(options))
}

async fn serve(options: Options) -> Result<Outcome, Stop> {
    let describes = options.org.as_deref().map(described::of).transpose()?.unwrap_or_default();
    let usual = Config::default();
    let config = Config {
        daily_calls: options.daily_calls.unwrap_or(usual.daily_calls),
        state: options.state,
        clock: options.clock,
        ports: options.ports,
        referrals: options.referrals,
        seed: options.seed,
        password_logins: options.password_logins,
        org_kind: options.org_kind,
        describes,
        ..usual
    };
    let sandbox = Sandbox::start(config).await.map_err(|error| match error {
        Error::Listen { port, source } => {
            let source = Stop::file("listen on", Path::new(&format!("127.0.0.1:{port}")), &source);
            Stop::because(source.to_string(), "give another port, or 0 for a free one")
        }
        other @ (Error::Folder(_)
        | Error::Store(_)
        | Error::Sign(_)
        | Error::Tls(_)
        | Error::Org(_)
        | Error::Plant(_)
        | Error::Client(_)) => Stop::because(other.to_string(), "correct it and start again"),
    })?;
    if let Some(path) = &options.ready_file {
        let authority = path.with_extension("ca.pem");
        ready::write_text(&authority, &sandbox.credentials().salesforce.authority_pem)?;
        ready::write(path, &ready_value(&sandbox, &authority))?;
    }
    if !options.with_parent {
        let addresses = sandbox.addresses();
        print(&format!(
            "Salesforce      {}\n                {}\nPub/Sub API     {}\nPartner Center  {}\n\
             webhooks host   {}\nadministration  {}\n(tokens: --ready-file PATH)\nCtrl-C ends it.\n",
            addresses.salesforce,
            addresses.salesforce_https,
            addresses.pubsub,
            addresses.partner_center,
            addresses.webhooks,
            addresses.admin
        ))?;
    }
    life::end(options.with_parent).await;
    sandbox.stop().await;
    Ok(Outcome::Fine)
}

/// Addresses, credentials, certificates and the process id. `authority`: the file of whom to trust for
/// https.
fn ready_value(sandbox: &Sandbox, authority: &Path) -> Value {
    let mut ready = sandbox.ready();
    if let Some(Value::Object(salesforce)) = ready.get_mut("salesforce") {
        let file = std::path::absolute(authority).unwrap_or_else(|_| authority.to_owned());
        salesforce.insert("authority_file".into(), json!(file));
    }
    if let Value::Object(members) = &mut ready {
        members.insert("pid".into(), json!(std::process::id()));
        members.insert("certificate_pem".into(), json!(sandbox.webhook_certificate_pem()));
    }
    ready
}
