//! `cosell login`: a person signs in, once, so that the service may act for them.
//!
//! In: the configuration. Out: a code or a page for the person, then the refresh token in its file, sealed
//! and readable for its user alone. Must not know: how signing in goes.

mod loopback;
mod status;

use connect::browser::{Back, BrowserLogin};
use connect::device::{DeviceLogin, Place};
use connect::partner_center::{List, Order};
use connect::{Error, PartnerCenter, Secret};
use runner::config::{Config, LoginConfig, LoginPart};

use crate::command::{Login, LoginCommand, LoginTo};
use crate::terminal::{Outcome, Stop, print, shown, tell};
use crate::{doctor, life, serve};
use loopback::Loopback;

/// Signs somebody in, or shows who is.
pub(crate) fn run(args: &Login) -> Result<Outcome, Stop> {
    match &args.command {
        LoginCommand::PartnerCenter(to) => sign_in(to, LoginPart::PartnerCenter),
        LoginCommand::Salesforce(to) => sign_in(to, LoginPart::Salesforce),
        LoginCommand::Status(args) => status::run(args),
    }
}

fn sign_in(args: &LoginTo, part: LoginPart) -> Result<Outcome, Stop> {
    let config =
        serve::usable(&args.config, LoginConfig::load(&args.config, args.env.as_deref(), part))?;
    let file = &config.refresh_token_file;
    keepable(&config)?;
    let token = life::runtime()?.block_on(async {
        if args.browser { by_browser(&config, args).await } else { by_code(&config).await }
    })?;
    file.lock().and_then(|locked| locked.replace(&token)).map_err(|why| {
        let help = "put that right, then sign in again";
        Stop::because(format!("signed in, but the token is not kept: {why}"), help)
    })?;
    print(&format!("signed in; the refresh token is kept, sealed, in {}\n", shown(&file.path)))?;
    match part {
        LoginPart::PartnerCenter => may_read(args),
        LoginPart::Salesforce => Ok(Outcome::Fine),
    }
}

/// Whether who signed in may read referrals, which no token tells: one list is asked for.
fn may_read(args: &LoginTo) -> Result<Outcome, Stop> {
    let wires = Config::load_unsigned(&args.config, args.env.as_deref())
        .ok()
        .and_then(|config| runner::serve::live_wires(&config).ok());
    let Some(wires) = wires else {
        print(
            "whether this user may read referrals was not looked at, as the configuration is not whole yet: \
             `cosell doctor` says more\n",
        )?;
        return Ok(Outcome::Fine);
    };
    let partner_center = &wires.partner_center;
    let read = life::runtime()?.block_on(reads(partner_center));
    warn_unkept(partner_center.unkept().borrow().as_deref());
    let said = match &read {
        Ok(()) => "this user may read referrals\n".to_owned(),
        Err(error) if error.lacks_second_factor() => {
            format!(
                "this user may NOT read referrals: {error}\n  to do: {}\n",
                doctor::SECOND_FACTOR
            )
        }
        Err(Error::Denied { why, .. }) => format!(
            "this user may NOT read referrals: {why}\n  to do: give it the role Referrals admin (Partner Center, \
             Account settings, User management), or sign in again as a user who has it\n"
        ),
        Err(error) => format!("whether this user may read referrals is not known: {error}\n"),
    };
    print(&said)?;
    Ok(Outcome::fine_if(read.is_ok()))
}

/// Whether referrals may be read, as one list of them tells.
async fn reads(partner_center: &PartnerCenter) -> Result<(), Error> {
    let list = List { filter: None, order: Order::UpdatedDescending, token: None };
    partner_center.list(&list).await.map(drop)
}

fn place(config: &LoginConfig) -> Place<'_> {
    match &config.tenant {
        Some(tenant) => Place::Microsoft { tenant },
        None => Place::Salesforce,
    }
}

/// Whom the person has to be.
fn who(config: &LoginConfig) -> &'static str {
    let role = " (role Referrals admin, with a second factor)";
    if config.tenant.is_some() { role } else { "" }
}

async fn by_code(config: &LoginConfig) -> Result<Secret, Stop> {
    let LoginConfig { login, client_id, client_secret, .. } = config;
    let begun = DeviceLogin::begin(login, place(config), client_id, client_secret.clone()).await;
    let begun = begun.map_err(|error| refused(&error))?;
    let text = format!(
        "Open {} in a browser, type in the code {}, and sign in as the user that cosell is to act for{}.\n",
        begun.address,
        begun.user_code,
        who(config),
    );
    // Nobody who reads it any more can sign in either.
    let _ = print(&text);
    begun.wait().await.map_err(|error| refused(&error))
}

async fn by_browser(config: &LoginConfig, args: &LoginTo) -> Result<Secret, Stop> {
    // Microsoft takes any port of this machine; Salesforce takes the address that the app was given.
    let (port, path) = match config.tenant {
        Some(_) => (args.port.unwrap_or(0), "/"),
        None => (args.port.unwrap_or(1717), "/OauthRedirect"),
    };
    let loopback = Loopback::listen(port, path).await?;
    let LoginConfig { login, client_id, client_secret, .. } = config;
    let secret = client_secret.clone();
    let begun = BrowserLogin::begin(login, place(config), client_id, secret, &loopback.address());
    let begun = begun.map_err(|error| refused(&error))?;
    let text = format!(
        "Sign in with a browser on this machine as the user that cosell is to act for{}:\n{}\n",
        who(config),
        begun.page,
    );
    let _ = print(&text);
    if !args.no_open {
        loopback::open(&begun.page);
    }
    let back = loopback.wait(|query| begun.read(query)).await?;
    match back {
        Back::Code(code) => begun.redeem(code).await.map_err(|error| refused(&error)),
        Back::Refused(error) => Err(refused(&error)),
    }
}

fn refused(error: &Error) -> Stop {
    let help = match error {
        Error::Denied { who, .. } => format!("{who} must act; then say it again"),
        Error::Later { .. }
        | Error::Resting { .. }
        | Error::Refused { .. }
        | Error::Changed
        | Error::Gone { .. } => {
            "see whether the address is right and can be reached, then say it again".to_owned()
        }
    };
    Stop::because(error.to_string(), help)
}

/// Tells that a refresh token was replaced and the new one is not kept: without it nobody signs in again.
pub(crate) fn warn_unkept(why: Option<&str>) {
    if let Some(why) = why {
        tell(&format!(
            "warning: the refresh token that replaces the old one is not kept: {why}\n  \
             help: put that right, then sign in again: `cosell login partner-center`\n"
        ));
    }
}

/// What cannot be kept is known before anybody signs in: the file can be written, and what is in it was
/// sealed with our key.
fn keepable(config: &LoginConfig) -> Result<(), Stop> {
    let file = &config.refresh_token_file;
    let path = &file.path;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| Stop::file("make", folder, &error))?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let probe = std::path::PathBuf::from(name);
    crate::ready::write_text(&probe, "")?;
    std::fs::remove_file(&probe).map_err(|error| Stop::file("write", path, &error))?;
    if path.exists() {
        file.read().map_err(|why| {
            let help = "give the key it was sealed with at `token_key`, or remove the file";
            Stop::because(why, help)
        })?;
    }
    Ok(())
}
