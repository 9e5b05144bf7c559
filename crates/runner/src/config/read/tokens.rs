//! Refresh tokens: read from their files, sealed or in plain.
//!
//! In: references, and the key that the configuration names. Out: tokens, and where they are kept; what is
//! wrong goes to the reading. Must not know: how a token is sealed.

use std::path::PathBuf;

use connect::Secret;
use connect::seal::{Key, is_sealed};

use super::super::section::{Reading, Section};
use super::super::yaml::Part;
use super::Reader;
use crate::tokens::{TokenFile, TokenKey};

/// Whose tokens they are.
pub(super) const PARTNER_CENTER: &str = "partner-center";
pub(super) const SALESFORCE: &str = "salesforce";

impl Reader<'_> {
    /// The key that tokens are sealed with: `token_key`, else one beside the token.
    pub(super) fn token_key(
        &self,
        reading: &mut Reading<'_>,
        section: &mut Section<'_>,
    ) -> TokenKey {
        let Some((secret, _)) = self.maybe_secret(reading, section, "token_key") else {
            return TokenKey::Beside;
        };
        if let Err(error) = Key::from_secret(&secret) {
            let help = "put the output of `openssl rand -base64 32` there".to_owned();
            let path = section.path_to("token_key");
            reading.problem(&path, Part::Value, error.to_string(), help);
        }
        TokenKey::Given(secret)
    }

    /// Where a token is kept.
    pub(super) fn token_file(&self, path: PathBuf, purpose: &'static str) -> TokenFile {
        TokenFile { path, key: self.token_key.clone(), purpose }
    }

    /// The token at `refresh_token`, and its file when it has one.
    pub(super) fn token(
        &self,
        reading: &mut Reading<'_>,
        section: &mut Section<'_>,
        example: &str,
        purpose: &'static str,
    ) -> Option<(Secret, Option<TokenFile>)> {
        let name = "refresh_token";
        let reference = section.text(reading, name);
        let lacks = reference.as_deref().and_then(|reference| reference.strip_prefix("file:"));
        let lacks = lacks.map(|file| self.folder.join(file));
        if let Some(path) = lacks.filter(|path| !self.lookup.is_there(path)) {
            if self.unsigned {
                return Some((Secret::new(""), Some(self.token_file(path, purpose))));
            }
            let message = format!("expected the file {}, and it is not there yet", path.display());
            let help =
                format!("sign in, which makes it: `cosell login {purpose}`; or correct the path");
            reading.problem(&section.path_to(name), Part::Value, message, help);
            return None;
        }
        let (text, path) = self.secret(reading, section, name, example)?;
        let Some(path) = path else {
            if is_sealed(text.reveal()) {
                let message = "expected a token, found one that is sealed for a file".to_owned();
                let help = "write `refresh_token: file:PATH`".to_owned();
                reading.problem(&section.path_to(name), Part::Value, message, help);
                return None;
            }
            return Some((text, None));
        };
        let file = self.token_file(path, purpose);
        match file.open(text.reveal(), &|path| self.lookup.file(path)) {
            Ok(kept) => Some((kept.token, Some(file))),
            Err(why) => {
                let message = format!("expected a token in {}, found: {why}", file.path.display());
                let help = "give the key it was sealed with at `token_key`, or remove the file and sign in \
                            again: `cosell login`";
                reading.problem(&section.path_to(name), Part::Value, message, help.to_owned());
                None
            }
        }
    }
}
