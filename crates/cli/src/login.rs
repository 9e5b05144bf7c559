//! `cosell login`: a person signs in, once, so that the service may act for them.
//!
//! In: the configuration. Out: a code or a page for the person, then the refresh token in its file, sealed
//! and readable for its user alone, when it works or none is there yet. Must not know: how signing in goes.

mod loopback;
mod status;
mod tried;

use connect::browser::{Back, BrowserLogin};
use connect::device::{DeviceLogin, Place};
use connect::{Error, Secret};
use runner::config::{LoginConfig, LoginPart};

use crate::command::{Login, LoginCommand, LoginTo};
use crate::terminal::{Outcome, Stop, print, shown, tell};
use crate::{life, serve};
use loopback::Loopback;
use tried::Verdict;

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
    // Only a sign-in that is known to work takes the place of one that may.
    let has_former =
        file.is_there() && file.read().is_ok_and(|kept| !kept.token.reveal().is_empty());
    let (verdict, token) = life::runtime()?.block_on(async {
        let new =
            if args.browser { by_browser(&config, args).await } else { by_code(&config).await };
        Ok::<_, Stop>(tried::look(args, part, new?).await)
    })?;
    let place = shown(&file.path);
    if let (Verdict::Refused(said), true) = (&verdict, has_former) {
        print(&format!(
            "signed in, but not for good: the former sign-in is kept, in {place}\n{said}"
        ))?;
        return Ok(Outcome::NotFine);
    }
    file.lock().and_then(|locked| locked.replace(&token)).map_err(|why| {
        let help = "put that right, then sign in again";
        Stop::because(format!("signed in, but the token is not kept: {why}"), help)
    })?;
    let (said, works) = match &verdict {
        Verdict::Works(said) | Verdict::Unasked(said) => (*said, true),
        Verdict::Refused(said) => (said.as_str(), false),
    };
    print(&format!("signed in; the refresh token is kept, sealed, in {place}\n{said}"))?;
    Ok(Outcome::fine_if(works))
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
