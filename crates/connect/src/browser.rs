//! Signing a person in with a browser on the same machine: authorization code with PKCE (RFC 6749, 7636), and
//! an answer that comes back to an address of this machine (RFC 8252).
//!
//! In: where to sign in, for which app, the address for the answer. Out: the page to open, then a refresh
//! token. Must not know: who opens the page, who listens for the answer, where the token is kept.

use serde_json::Value;

use crate::chance;
use crate::device::Place;
use crate::error::Error;
use crate::redact;
use crate::secret::Secret;
use crate::send::{Base, Timeouts, Wire, encode};
use crate::token::{post, refusal};

/// The oldest trick is to send somebody else's answer: it is known by this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// The answer belongs to another question.
    #[error("the answer is not the one to our question")]
    OtherState,
    /// There is neither a code nor a refusal in it.
    #[error("the answer holds no code")]
    Nothing,
}

/// What came back to the address of this machine.
#[derive(Debug)]
pub enum Back {
    /// A code, good for a token.
    Code(Secret),
    /// The person or the service said no.
    Refused(Error),
}

/// A sign-in that is under way.
#[derive(Debug)]
pub struct BrowserLogin {
    wire: Wire,
    token_url: String,
    client_id: String,
    client_secret: Option<Secret>,
    redirect: String,
    state: String,
    verifier: Secret,
    resource: Option<&'static str>,
    /// The page to open.
    pub page: String,
}

impl BrowserLogin {
    /// Prepares the page. `redirect` is the address of this machine that the answer comes to.
    pub fn begin(
        login: &str,
        place: Place<'_>,
        client_id: &str,
        client_secret: Option<Secret>,
        redirect: &str,
    ) -> Result<Self, Error> {
        let base = Base::parse("login", login)?;
        let wire = Wire::new(Timeouts::default(), &[&base])?;
        let (state, verifier) = (chance::text()?, chance::text()?);
        let challenge = chance::hash(&verifier);
        let (page, token_url, more, resource) = match place {
            Place::Microsoft { tenant } => {
                let at = |end: &str| base.at(&format!("/{}/oauth2/{end}", encode(tenant)));
                let resource = "https://api.partner.microsoft.com";
                let more = [("resource", resource), ("prompt", "select_account")];
                (at("authorize"), at("token"), more, Some(resource))
            }
            Place::Salesforce => {
                let at = |end: &str| base.at(&format!("/services/oauth2/{end}"));
                let more = [("scope", "api refresh_token"), ("prompt", "login")];
                (at("authorize"), at("token"), more, None)
            }
        };
        let asked = [
            ("response_type", "code"),
            ("response_mode", "query"),
            ("client_id", client_id),
            ("redirect_uri", redirect),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let pairs =
            asked.iter().chain(&more).map(|(name, value)| format!("{name}={}", encode(value)));
        let page = format!("{page}?{}", pairs.collect::<Vec<_>>().join("&"));
        Ok(Self {
            wire,
            token_url,
            client_id: client_id.to_owned(),
            client_secret,
            redirect: redirect.to_owned(),
            state,
            verifier: Secret::new(verifier),
            resource,
            page,
        })
    }

    /// Reads the query of the address that the browser was sent back to.
    pub fn read(&self, query: &str) -> Result<Back, NotOurs> {
        let value = |wanted: &str| {
            let found = query.split('&').filter_map(|pair| pair.split_once('='));
            let found = found.filter(|(name, _)| *name == wanted).map(|(_, value)| plain(value));
            found.reduce(|_, _| None).flatten()
        };
        if value("state").as_deref() != Some(&self.state) {
            return Err(NotOurs::OtherState);
        }
        if let Some(word) = value("error") {
            let word = redact::name(&word).unwrap_or_else(|| "an unknown word".to_owned());
            let said = redact::message(&value("error_description").unwrap_or_default());
            let why = format!("signing in was refused with {word}: {said}");
            return Ok(Back::Refused(Error::denied(
                why.trim_end_matches([' ', ':']),
                "the person who signs in",
            )));
        }
        let code = value("code").filter(|code| !code.is_empty()).ok_or(NotOurs::Nothing)?;
        Ok(Back::Code(Secret::new(code)))
    }

    /// Exchanges the code for a refresh token.
    pub async fn redeem(self, code: Secret) -> Result<Secret, Error> {
        let mut form = vec![
            ("grant_type", Secret::new("authorization_code")),
            ("client_id", Secret::new(&self.client_id)),
            ("code", code),
            ("redirect_uri", Secret::new(&self.redirect)),
            ("code_verifier", self.verifier),
        ];
        form.extend(self.resource.map(|resource| ("resource", Secret::new(resource))));
        form.extend(self.client_secret.map(|secret| ("client_secret", secret)));
        let answer = self.wire.send(post(self.token_url, form)).await?;
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
        if !answer.is_success() {
            return Err(refusal(&answer, body.as_ref()));
        }
        let token = body.as_ref().and_then(|body| body.get("refresh_token")?.as_str());
        let token = token.ok_or_else(|| {
            Error::denied(
                "the sign-in service gave no refresh token",
                "the administrator of the app (it needs offline access)",
            )
        })?;
        Ok(Secret::new(token))
    }
}

/// A value of a query, decoded; none when it is no text.
fn plain(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let pair = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::responder::{Responder, reply};

    fn begun(login: &str) -> BrowserLogin {
        let place = Place::Microsoft { tenant: "t.example" };
        BrowserLogin::begin(login, place, "app", None, "http://localhost:7/").unwrap()
    }

    #[test]
    fn the_page_asks_for_a_code_and_holds_no_secret() {
        let login = begun("https://login.example");
        assert!(login.page.starts_with("https://login.example/t.example/oauth2/authorize?"));
        let pkce = format!(
            "code_challenge={}&code_challenge_method=S256",
            chance::hash(login.verifier.reveal())
        );
        for part in ["response_type=code", "redirect_uri=http%3A%2F%2Flocalhost%3A7%2F", &pkce] {
            assert!(login.page.contains(part), "{part} is not in {}", login.page);
        }
        assert!(!login.page.contains(login.verifier.reveal()));
        let other = begun("https://login.example");
        assert!(login.state != other.state && login.verifier != other.verifier);
    }

    #[test]
    fn only_the_answer_to_our_question_counts() {
        let login = begun("https://login.example");
        let state = login.state.clone();
        let read = |query: &str| login.read(&query.replace("STATE", &state));
        assert!(
            matches!(read("code=a%2Eb&state=STATE"), Ok(Back::Code(code)) if code.reveal() == "a.b")
        );
        for wrong in ["code=a", "code=a&state=", "code=a&state=x", "code=a&state=STATE&state=x", ""]
        {
            assert_eq!(read(wrong).err(), Some(NotOurs::OtherState), "{wrong}");
        }
        for nothing in ["state=STATE", "state=STATE&code=", "state=STATE&code=%zz"] {
            assert_eq!(read(nothing).err(), Some(NotOurs::Nothing), "{nothing}");
        }
        let refused = read("error=access_denied&error_description=Anna+said+no&state=STATE");
        let Ok(Back::Refused(error)) = refused else { panic!("{refused:?}") };
        assert!(error.to_string().contains("access_denied"), "{error}");
    }

    #[tokio::test]
    async fn a_code_is_exchanged_with_its_verifier() {
        let responder = Responder::start(|_, _| reply(200, r#"{"refresh_token":"r"}"#)).await;
        let login = begun(&responder.url);
        let verifier = login.verifier.reveal().to_owned();
        let token = login.redeem(Secret::new("c")).await.unwrap();
        assert_eq!(token.reveal(), "r");
        let body = &responder.asked()[0].body;
        for part in
            ["grant_type=authorization_code", "code=c", &format!("code_verifier={verifier}")]
        {
            assert!(body.contains(part), "{part} is not in {body}");
        }
    }
}
