//! References to secrets and files, looked up.
//!
//! In: a reference such as `env:NAME`. Out: the secret; what is wrong goes to the reading, never with
//! the secret in it. Must not know: what the secret is for.

use std::path::{Path, PathBuf};

use connect::Secret;

use super::super::section::{Reading, Section};
use super::super::yaml::{Part, Step};
use super::Reader;

/// The fewest characters of the last part of the webhook's path.
const SHORTEST: usize = 16;

impl Reader<'_> {
    pub(super) fn secret(
        &self,
        reading: &mut Reading<'_>,
        section: &mut Section<'_>,
        name: &'static str,
        example: &str,
    ) -> Option<(Secret, Option<PathBuf>)> {
        let reference = section.needed(reading, name, example)?;
        self.look_up(reading, &section.path_to(name), name, &reference)
    }

    pub(super) fn maybe_secret(
        &self,
        reading: &mut Reading<'_>,
        section: &mut Section<'_>,
        name: &'static str,
    ) -> Option<(Secret, Option<PathBuf>)> {
        let reference = section.text(reading, name)?;
        self.look_up(reading, &section.path_to(name), name, &reference)
    }

    /// The last part of the webhook's path: long enough that nobody guesses it, and one part of a path as it is.
    pub(super) fn webhook_secret(
        &self,
        reading: &mut Reading<'_>,
        section: &mut Section<'_>,
    ) -> Option<Secret> {
        let name = "webhook_secret";
        let (secret, _) = self.maybe_secret(reading, section, name)?;
        let text = secret.reveal();
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
        let count = text.chars().count();
        let found = if count < SHORTEST {
            format!("expected {SHORTEST} characters or more for `{name}`, found {count}")
        } else if !text.bytes().all(fits) {
            format!(
                "expected letters, digits and -_.~ for `{name}`, found others: it is a part of an address"
            )
        } else {
            return Some(secret);
        };
        let help = "put the output of `openssl rand -hex 24` there, and run `cosell webhook register --overwrite` \
                    when the address was registered with another one";
        reading.problem(&section.path_to(name), Part::Value, found, help.to_owned());
        None
    }

    pub(super) fn look_up(
        &self,
        reading: &mut Reading<'_>,
        path: &[Step],
        name: &str,
        reference: &str,
    ) -> Option<(Secret, Option<PathBuf>)> {
        let (text, file) = if let Some(variable) = reference.strip_prefix("env:") {
            let Some(text) = self.lookup.variable(variable) else {
                let message = format!("expected a secret in the variable {variable}, found none");
                let help = format!("set {variable} before the start");
                reading.problem(path, Part::Value, message, help);
                return None;
            };
            (text, None)
        } else if let Some(file) = reference.strip_prefix("file:") {
            let file = self.folder.join(file);
            let bytes = self.file(reading, path, &file)?;
            reading.secret_files.push(file.clone());
            (String::from_utf8_lossy(&bytes).into_owned(), Some(file))
        } else {
            let message = format!("expected a reference at `{name}`, found the secret itself");
            let help = "put it into a file or a variable and write `file:PATH` or `env:NAME`";
            reading.problem(path, Part::Value, message, help.to_owned());
            return None;
        };
        let text = text.trim();
        if text.is_empty() {
            let message = format!("expected a secret for `{name}`, found an empty text");
            reading.problem(path, Part::Value, message, "put the secret there".to_owned());
            return None;
        }
        Some((Secret::new(text), file))
    }

    pub(super) fn file(
        &self,
        reading: &mut Reading<'_>,
        path: &[Step],
        file: &Path,
    ) -> Option<Vec<u8>> {
        match self.lookup.file(file) {
            Ok(bytes) => Some(bytes),
            Err(why) => {
                let message = format!("expected the file {}, found: {why}", file.display());
                let help = "put the file there or correct the path".to_owned();
                reading.problem(path, Part::Value, message, help);
                None
            }
        }
    }
}
