//! `cosell login`: a person signs in, once, so that the service may act for them.
//!
//! In: the configuration. Out: a code for the person, then the refresh token in its file, readable for its
//! user alone. Must not know: how signing in goes.

use std::path::{Path, PathBuf};

use connect::device::{DeviceLogin, Place};
use connect::{Error, Secret};
use runner::config::{LoginConfig, LoginPart};

use crate::command::{Login, LoginTo};
use crate::terminal::{Outcome, Stop, print, shown};
use crate::{life, ready, serve};

/// Signs somebody in.
pub(crate) fn run(args: &Login) -> Result<Outcome, Stop> {
    let part = match args.to {
        LoginTo::PartnerCenter => LoginPart::PartnerCenter,
        LoginTo::Salesforce => LoginPart::Salesforce,
    };
    let config = serve::usable(&args.config, LoginConfig::load(&args.config, part))?;
    writable(&config.refresh_token_file)?;
    let token = life::runtime()?.block_on(sign_in(&config)).map_err(|error| refused(&error))?;
    ready::write_text(&config.refresh_token_file, token.reveal())?;
    print(&format!(
        "signed in; the refresh token is kept in {}\n",
        shown(&config.refresh_token_file)
    ))?;
    Ok(Outcome::Fine)
}

async fn sign_in(config: &LoginConfig) -> Result<Secret, Error> {
    let LoginConfig { login, tenant, client_id, client_secret, .. } = config;
    let place = match tenant {
        Some(tenant) => Place::Microsoft { tenant },
        None => Place::Salesforce,
    };
    let begun = DeviceLogin::begin(login, place, client_id, client_secret.clone()).await?;
    let text = format!(
        "Open {} in a browser, type in the code {}, and sign in as the user that cosell is to act for{}.\n",
        begun.address,
        begun.user_code,
        if tenant.is_some() { " (role Referrals admin, with a second factor)" } else { "" },
    );
    // Nobody who reads it any more can sign in either.
    let _ = print(&text);
    begun.wait().await
}

fn refused(error: &Error) -> Stop {
    let help = match error {
        Error::Denied { who, .. } => format!("{who} must act; then say it again"),
        Error::Later { .. } | Error::Refused { .. } | Error::Changed | Error::Gone { .. } => {
            "see whether the address is right and can be reached, then say it again".to_owned()
        }
    };
    Stop::because(error.to_string(), help)
}

/// A file that cannot be written is known before anybody signs in.
fn writable(path: &Path) -> Result<(), Stop> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| Stop::file("make", folder, &error))?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let probe = PathBuf::from(name);
    ready::write_text(&probe, "")?;
    std::fs::remove_file(&probe).map_err(|error| Stop::file("write", path, &error))
}
