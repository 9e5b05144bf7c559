//! The directory that people and applications sign in at, for Partner Center. In come calls to its pages and
//! endpoints; out go pages, codes and tokens. It must not know referrals.

mod asked;
mod code;
mod device;
mod grants;
mod identity;
mod page;
mod refusal;

pub(super) use self::device::decide as sign_in;
use self::{
    asked::{Asked, Pairs, Permission},
    refusal::{No, granted},
};
use super::{PartnerHome, people::Person, refusal::Done};
use crate::{
    call::{Answer, Call, Method},
    database::StoreError,
    store::Tx,
};

/// The result of work at the directory: an answer, or why not.
type Answered = Result<Result<Answer, No>, StoreError>;

/// What is served below a directory's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Token {
        newer: bool,
    },
    Authorize {
        newer: bool,
    },
    DeviceCode {
        newer: bool,
    },
    /// Where people type the code that a device shows.
    Device,
    Discovery {
        newer: bool,
    },
    Keys,
}

impl Place {
    fn of(rest: &[&str]) -> Option<Self> {
        Some(match rest {
            ["oauth2", "token"] => Self::Token { newer: false },
            ["oauth2", "v2.0", "token"] => Self::Token { newer: true },
            ["oauth2", "authorize"] => Self::Authorize { newer: false },
            ["oauth2", "v2.0", "authorize"] => Self::Authorize { newer: true },
            ["oauth2", "devicecode"] => Self::DeviceCode { newer: false },
            ["oauth2", "v2.0", "devicecode"] => Self::DeviceCode { newer: true },
            ["oauth2", "deviceauth"] => Self::Device,
            [".well-known", "openid-configuration"] => Self::Discovery { newer: false },
            ["v2.0", ".well-known", "openid-configuration"] => Self::Discovery { newer: true },
            ["discovery", "keys"] | ["discovery", "v2.0", "keys"] => Self::Keys,
            _ => return None,
        })
    }

    fn methods(self) -> &'static [Method] {
        match self {
            Self::Token { .. } | Self::DeviceCode { .. } => &[Method::Post],
            Self::Authorize { .. } | Self::Device => &[Method::Get, Method::Post],
            Self::Discovery { .. } | Self::Keys => &[Method::Get],
        }
    }
}

/// Whether a call is for the directory and not for the API.
pub(super) fn is_here(parts: &[&str]) -> bool {
    parts.split_first().is_some_and(|(_, rest)| Place::of(rest).is_some())
}

/// Answers a call to the directory.
pub(super) fn answer(home: &PartnerHome, tx: &Tx<'_>, call: &Call) -> Result<Answer, StoreError> {
    let parts = call.parts();
    let Some((tenant, rest)) = parts.split_first() else { return Ok(Answer::empty(404)) };
    let Some(place) = Place::of(rest) else { return Ok(Answer::empty(404)) };
    let refuse = |no: No| no.answer(&home.base, tx, call);
    if !place.methods().contains(&call.method) {
        let words: Vec<&str> = place.methods().iter().map(|method| method.word()).collect();
        let allowed = words.join(", ");
        let text = format!(
            "The endpoint only accepts {allowed} requests. Received a {} request.",
            call.method.word()
        );
        let no = No::new("invalid_request", 900_561, text).with(405);
        return Ok(refuse(no).with("Allow", allowed));
    }
    if !is_tenant(home, tenant) {
        let text = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing \
             into the correct cloud."
        );
        return Ok(refuse(No::new("invalid_request", 90_002, text)));
    }
    let done = match place {
        Place::Token { newer } => grants::token(home, tx, call, tenant, newer)?,
        Place::Authorize { newer } => code::authorize(home, tx, call, newer)?,
        Place::DeviceCode { newer } => device::begin(home, tx, call, newer)?,
        Place::Device => device::page(home, tx, call)?,
        Place::Discovery { newer } => {
            Ok(Answer::json(200, identity::discovery(home, tenant, newer)))
        }
        Place::Keys => Ok(Answer::json(200, identity::keys(tx)?)),
    };
    Ok(done.unwrap_or_else(refuse))
}

/// The partner's own directory, by id or domain, and the two words for "where the user is at home".
fn is_tenant(home: &PartnerHome, tenant: &str) -> bool {
    tenant.eq_ignore_ascii_case(&home.tenant)
        || matches!(tenant, "common" | "organizations")
        || tenant.eq_ignore_ascii_case(super::people::DOMAIN)
}

/// The pairs of a form body; none when the body is something else.
fn form(call: &Call) -> Vec<(String, String)> {
    let kind = call.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        call.form()
    } else {
        Vec::new()
    }
}

/// The registered application, or why it is not.
fn application(home: &PartnerHome, id: &str) -> Result<(), No> {
    if id.eq_ignore_ascii_case(&home.client_id) {
        return Ok(());
    }
    let text = format!(
        "Application with identifier '{id}' was not found in the directory 'Sandbox Software GmbH'. This can \
         happen if the application has not been installed by the administrator of the tenant or consented to \
         by any user in the tenant."
    );
    Err(No::new("unauthorized_client", 700_016, text))
}
