//! A sign-in that was just made, tried out before it takes the place of the one before.
//!
//! In: a refresh token that is in no file yet. Out: what the system says of it, and the token as it is afterwards.
//! Must not know: how it came about, where it will be kept.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connect::partner_center::{List, Order};
use connect::{Error, PartnerCenter, Secret, Turn, Vault};
use runner::config::{Config, LoginPart, OrgConfig, SalesforceSignIn};

use crate::command::LoginTo;
use crate::doctor;

/// What the system says of a new sign-in.
pub(super) enum Verdict {
    /// It works.
    Works(&'static str),
    /// It does not, with what is to be done; or nobody knows.
    Refused(String),
    /// It could not be asked for, as the configuration is not whole.
    Unasked(&'static str),
}

/// Asks with the new token. Gives the token that counts afterwards: the system may have replaced it.
pub(super) async fn look(args: &LoginTo, part: LoginPart, token: Secret) -> (Verdict, Secret) {
    let held = Held(Arc::new(Mutex::new(token)));
    let verdict = match part {
        LoginPart::PartnerCenter => partner_center(args, &held).await,
        LoginPart::Salesforce => salesforce(args, &held).await,
    };
    let token = held.now().clone();
    (verdict, token)
}

/// Whether who signed in may read referrals, which no token tells: one list is asked for.
async fn partner_center(args: &LoginTo, held: &Held) -> Verdict {
    let unasked = Verdict::Unasked(
        "whether this user may read referrals was not looked at, as the configuration is not whole yet: \
         `cosell doctor` says more\n",
    );
    let Ok(mut config) = Config::load_unsigned(&args.config, args.env.as_deref()) else {
        return unasked;
    };
    config.partner_center.refresh_token = held.now().clone();
    config.partner_center.refresh_token_file = None;
    let wires = runner::serve::live_wires(&config).ok();
    let client = wires.and_then(|wires| Arc::into_inner(wires.partner_center));
    let Some(client) = client else { return unasked };
    match reads(&client.kept_in(Arc::new(held.clone()))).await {
        Ok(()) => Verdict::Works("this user may read referrals\n"),
        Err(error) if error.lacks_second_factor() => Verdict::Refused(format!(
            "this user may NOT read referrals: {error}\n  to do: {}\n",
            doctor::SECOND_FACTOR
        )),
        Err(Error::Denied { why, .. }) => Verdict::Refused(format!(
            "this user may NOT read referrals: {why}\n  to do: give it the role Referrals admin (Partner Center, \
             Account settings, User management), or sign in again as a user who has it\n"
        )),
        Err(error) => Verdict::Refused(format!(
            "whether this user may read referrals is not known: {error}\n"
        )),
    }
}

/// Whether referrals may be read, as one list of them tells.
pub(super) async fn reads(partner_center: &PartnerCenter) -> Result<(), Error> {
    let list = List { filter: None, order: Order::UpdatedDescending, token: None };
    partner_center.list(&list).await.map(drop)
}

/// Whether the org takes the sign-in, and says whose it is.
async fn salesforce(args: &LoginTo, held: &Held) -> Verdict {
    let unasked = Verdict::Unasked(
        "whether the org takes this sign-in was not looked at, as the configuration is not whole yet: \
         `cosell doctor` says more\n",
    );
    let Ok(mut config) = OrgConfig::load(&args.config, args.env.as_deref()) else {
        return unasked;
    };
    let SalesforceSignIn::Refresh { token, file, .. } = &mut config.salesforce.sign_in else {
        return unasked;
    };
    (*token, *file) = (held.now().clone(), None);
    let Ok(client) = runner::serve::salesforce(&config.salesforce) else { return unasked };
    match client.kept_in(Arc::new(held.clone())).identity().await {
        Ok(_) => Verdict::Works("the org takes this sign-in\n"),
        Err(Error::Denied { why, who }) => Verdict::Refused(format!(
            "the org does NOT take this sign-in: {why}\n  to do: {who} must act; then sign in again\n"
        )),
        Err(error) => {
            Verdict::Refused(format!("whether the org takes this sign-in is not known: {error}\n"))
        }
    }
}

/// A token that is in no file, for its one client.
#[derive(Clone)]
struct Held(Arc<Mutex<Secret>>);

impl Held {
    fn now(&self) -> MutexGuard<'_, Secret> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Held(…)")
    }
}

impl Vault for Held {
    fn turn(&self) -> Result<Box<dyn Turn>, String> {
        Ok(Box::new(self.clone()))
    }
}

impl Turn for Held {
    fn token(&self) -> Secret {
        self.now().clone()
    }

    fn keep(&mut self, token: &Secret) -> Result<(), String> {
        *self.now() = token.clone();
        Ok(())
    }
}
