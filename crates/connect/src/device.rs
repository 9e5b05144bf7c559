//! Signing a person in from a program without a browser of its own (RFC 8628): a code is shown here, and
//! typed in where the person has a browser, with the second factor.
//!
//! In: where to sign in, for which app. Out: a code for the person, then a refresh token. Must not know: how
//! the code is shown, where the token is kept.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::Error;
use crate::secret::Secret;
use crate::send::{Answer, Base, Timeouts, Wire, encode};
use crate::token::{post, refusal};

/// How often is asked when the answer does not say.
const USUAL_PAUSE: Duration = Duration::from_secs(5);
/// How long a code is good when the answer does not say.
const USUAL_LIFE: Duration = Duration::from_mins(10);

/// Where somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'p> {
    /// Microsoft's sign-in service, for one partner's directory.
    Microsoft {
        /// Such as `contoso.onmicrosoft.com`.
        tenant: &'p str,
    },
    /// A Salesforce organisation.
    Salesforce,
}

/// A sign-in that is under way.
#[derive(Debug)]
pub struct DeviceLogin {
    wire: Wire,
    token_url: String,
    client_id: String,
    client_secret: Option<Secret>,
    code: Secret,
    grant: [(&'static str, Secret); 2],
    pause: Duration,
    until: Instant,
    /// What the person is to type in.
    pub user_code: String,
    /// Where.
    pub address: String,
}

impl DeviceLogin {
    /// Asks `login` for a code. Errors: the app may not sign people in this way, or the address is wrong.
    pub async fn begin(
        login: &str,
        place: Place<'_>,
        client_id: &str,
        client_secret: Option<Secret>,
    ) -> Result<Self, Error> {
        let base = Base::parse("login", login)?;
        let wire = Wire::new(Timeouts::default(), &[&base])?;
        let resource = ("resource", Secret::new("https://api.partner.microsoft.com"));
        let (first, token_url, mut form) = match place {
            Place::Microsoft { tenant } => {
                let at = |end: &str| base.at(&format!("/{}/oauth2/{end}", encode(tenant)));
                (at("devicecode"), at("token"), vec![resource.clone()])
            }
            Place::Salesforce => {
                let at = base.at("/services/oauth2/token");
                let scope = ("scope", Secret::new("api refresh_token"));
                (at.clone(), at, vec![("response_type", Secret::new("device_code")), scope])
            }
        };
        form.push(("client_id", Secret::new(client_id)));
        let answer = wire.send(post(first, form)).await?;
        let body = read(&answer)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let need = |found: Option<String>| found.ok_or_else(|| answer.unreadable("holds no code"));
        let seconds = |name: &str, usual| {
            let said = body.get(name);
            let number =
                said.and_then(|said| said.as_u64().or_else(|| said.as_str()?.parse().ok()));
            number.map_or(usual, Duration::from_secs)
        };
        let code = Secret::new(need(text("device_code"))?);
        let grant = match place {
            Place::Microsoft { .. } => [("grant_type", Secret::new("device_code")), resource],
            Place::Salesforce => {
                [("grant_type", Secret::new("device")), ("format", Secret::new("json"))]
            }
        };
        Ok(Self {
            wire,
            token_url,
            client_id: client_id.to_owned(),
            client_secret,
            grant,
            pause: seconds("interval", USUAL_PAUSE).max(Duration::from_secs(1)),
            until: Instant::now() + seconds("expires_in", USUAL_LIFE),
            user_code: need(text("user_code"))?,
            address: need(text("verification_uri").or_else(|| text("verification_url")))?,
            code,
        })
    }

    /// Waits until the person has signed in; the refresh token. Errors: it was declined, or the code ended.
    pub async fn wait(mut self) -> Result<Secret, Error> {
        loop {
            tokio::time::sleep(self.pause).await;
            if Instant::now() >= self.until {
                return Err(Error::denied(
                    "the code is not good any more",
                    "the person who signs in",
                ));
            }
            if let Some(token) = self.look().await? {
                return Ok(token);
            }
        }
    }

    /// The refresh token, if the person has signed in.
    async fn look(&mut self) -> Result<Option<Secret>, Error> {
        let mut form = self.grant.to_vec();
        form.push(("client_id", Secret::new(&self.client_id)));
        form.push(("code", self.code.clone()));
        form.push(("device_code", self.code.clone()));
        form.extend(self.client_secret.clone().map(|secret| ("client_secret", secret)));
        let answer = self.wire.send(post(self.token_url.clone(), form)).await?;
        if answer.is_success() {
            let body = read(&answer)?;
            let token = body.get("refresh_token").and_then(Value::as_str);
            let token = token.ok_or_else(|| answer.unreadable("holds no refresh token"))?;
            return Ok(Some(Secret::new(token)));
        }
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let word = body.as_ref().and_then(|body| body.get("error")?.as_str()).unwrap_or_default();
        match word {
            "authorization_pending" => Ok(None),
            "slow_down" => {
                self.pause += USUAL_PAUSE;
                Ok(None)
            }
            _ => Err(refusal(&answer, body.as_ref())),
        }
    }
}

fn read(answer: &Answer) -> Result<Value, Error> {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    if !answer.is_success() {
        return Err(refusal(answer, body.as_ref()));
    }
    body.ok_or_else(|| answer.unreadable("is no json"))
}
