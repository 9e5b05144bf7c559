//! Refresh tokens on disk: sealed, replaced as a whole, used by one program at a time.
//!
//! In: a path, a key, a token. Out: the token again, to whoever has the key and the turn. Must not know: how
//! a token is used. A file that holds the token in plain, as older versions wrote it, is read too, and sealed
//! at the next write. A file that cannot be opened is never replaced.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use connect::seal::{self, Key};
use connect::{Secret, Turn, Vault};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The key's file, beside the token's, when none is given.
const KEY_FILE: &str = "token.key";
/// How long another program may have the turn: longer than a request takes.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often the turn is asked for.
const PAUSE: Duration = Duration::from_millis(25);

/// What tokens are sealed with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TokenKey {
    /// A key in a file beside the token, made when it is first needed.
    #[default]
    Beside,
    /// What a key is made of.
    Given(Secret),
}

/// A refresh token's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it is sealed with.
    pub key: TokenKey,
    /// Whose token it is: it opens as nothing else.
    pub purpose: &'static str,
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The token.
    pub token: Secret,
    /// When somebody signed in, as far as it is known.
    pub signed_in: Option<Timestamp>,
    /// When it was last replaced.
    pub renewed: Option<Timestamp>,
    /// It is sealed on disk.
    pub sealed: bool,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed_in: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renewed: Option<Timestamp>,
}

impl TokenFile {
    /// Reads what the file's text says. `key_file` reads the key's file, where one is needed.
    pub fn open(
        &self,
        text: &str,
        key_file: &dyn Fn(&Path) -> Result<Vec<u8>, String>,
    ) -> Result<Kept, String> {
        let text = text.trim();
        if !seal::is_sealed(text) {
            let (signed_in, renewed) = (None, None);
            return Ok(Kept { token: Secret::new(text), signed_in, renewed, sealed: false });
        }
        let key = match &self.key {
            TokenKey::Given(secret) => key_of(secret)?,
            TokenKey::Beside => {
                let path = self.key_file();
                let bytes = key_file(&path).map_err(|why| {
                    format!("it is sealed, and its key {} cannot be read: {why}", path.display())
                })?;
                key_of(&Secret::new(String::from_utf8_lossy(&bytes).trim()))?
            }
        };
        let opened = key.open(self.purpose, text).map_err(|locked| locked.to_string())?;
        let content: Content = serde_json::from_str(opened.reveal())
            .map_err(|_| "what was sealed is no token".to_owned())?;
        let Content { token, signed_in, renewed } = content;
        Ok(Kept { token: Secret::new(token), signed_in, renewed, sealed: true })
    }

    /// Reads the file.
    pub fn read(&self) -> Result<Kept, String> {
        let text = std::fs::read_to_string(&self.path)
            .map_err(|error| format!("{} cannot be read: {error}", self.path.display()))?;
        self.open(&text, &|path| std::fs::read(path).map_err(|error| error.to_string()))
            .map_err(|why| format!("{}: {why}", self.path.display()))
    }

    /// Waits for the turn, as `Vault::turn` does. The file need not be there yet.
    pub fn lock(&self) -> Result<Locked, String> {
        let path = beside(&self.path, ".lock");
        let lock = private(&path, false)
            .map_err(|error| format!("{} cannot be opened: {error}", path.display()))?;
        let since = Instant::now();
        while lock.try_lock().is_err() {
            if since.elapsed() > PATIENCE {
                return Err(format!("another program keeps {} locked", path.display()));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(Locked { file: self.clone(), _lock: lock })
    }

    fn key_file(&self) -> PathBuf {
        self.path.with_file_name(KEY_FILE)
    }

    /// Whether somebody signed in before: the file is there.
    pub fn is_there(&self) -> bool {
        self.path.exists()
    }

    /// Every file that the token can be had from: its own, and that of the key beside it.
    pub fn files(&self) -> Vec<PathBuf> {
        match self.key {
            TokenKey::Beside => vec![self.path.clone(), self.key_file()],
            TokenKey::Given(_) => vec![self.path.clone()],
        }
    }

    /// The key to seal with, made when there is none.
    fn key(&self) -> Result<Key, String> {
        let path = match &self.key {
            TokenKey::Given(secret) => return key_of(secret),
            TokenKey::Beside => self.key_file(),
        };
        let fails = |error: std::io::Error| format!("{}: {error}", path.display());
        if !path.exists() {
            let made = Key::new_secret().map_err(|error| error.to_string())?;
            let whole = beside(&path, &format!(".{}", std::process::id()));
            write(&whole, made.reveal()).map_err(fails)?;
            // Whoever makes one at the same time: the first one counts.
            let linked = std::fs::hard_link(&whole, &path);
            let _ = std::fs::remove_file(&whole);
            if let Err(error) = linked
                && error.kind() != std::io::ErrorKind::AlreadyExists
            {
                return Err(fails(error));
            }
        }
        let text = std::fs::read_to_string(&path).map_err(fails)?;
        key_of(&Secret::new(text.trim()))
    }
}

/// The right to use a token.
#[derive(Debug)]
pub struct Locked {
    file: TokenFile,
    _lock: File,
}

impl Locked {
    /// Somebody signed in: another token takes the place of whatever is there, unless that is sealed with
    /// another key.
    pub fn replace(&self, token: &Secret) -> Result<(), String> {
        if self.file.path.exists() {
            self.file.read()?;
        }
        self.write(token, Some(Timestamp::now()))
    }

    fn write(&self, token: &Secret, signed_in: Option<Timestamp>) -> Result<(), String> {
        let TokenFile { path, purpose, .. } = &self.file;
        let renewed = Some(Timestamp::now());
        let content = Content { token: token.reveal().to_owned(), signed_in, renewed };
        let content = serde_json::to_string(&content).map_err(|error| error.to_string())?;
        let sealed = self.file.key()?.seal(purpose, &Secret::new(content));
        let sealed = sealed.map_err(|error| error.to_string())?;
        let new = beside(path, ".new");
        write(&new, &format!("{sealed}\n"))
            .and_then(|()| std::fs::rename(&new, path))
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }
}

/// A turn, with what was read in it.
struct Reading {
    kept: Kept,
    locked: Locked,
}

impl Vault for TokenFile {
    fn turn(&self) -> Result<Box<dyn Turn>, String> {
        let locked = self.lock()?;
        Ok(Box::new(Reading { kept: self.read()?, locked }))
    }
}

impl Turn for Reading {
    fn token(&self) -> Secret {
        self.kept.token.clone()
    }

    fn keep(&mut self, token: &Secret) -> Result<(), String> {
        self.locked.write(token, self.kept.signed_in)
    }
}

fn key_of(secret: &Secret) -> Result<Key, String> {
    Key::from_secret(secret).map_err(|error| error.to_string())
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// A file for its owner alone.
fn private(path: &Path, anew: bool) -> std::io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(anew).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = private(path, true)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path) -> TokenFile {
        let (path, key) = (folder.join("token"), TokenKey::Beside);
        TokenFile { path, key, purpose: "partner-center" }
    }

    #[test]
    fn a_plain_token_is_read_and_sealed_at_the_next_write() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        std::fs::write(&file.path, "from-long-ago\n").unwrap();
        let kept = file.read().unwrap();
        assert_eq!((kept.token.reveal(), kept.sealed), ("from-long-ago", false));
        assert!(!file.key_file().exists(), "reading makes no key");
        file.turn().unwrap().keep(&Secret::new("newer")).unwrap();
        let text = std::fs::read_to_string(&file.path).unwrap();
        assert!(seal::is_sealed(&text) && !text.contains("newer"), "{text}");
        let kept = file.read().unwrap();
        assert_eq!((kept.token.reveal(), kept.sealed), ("newer", true));
        assert!(kept.renewed.is_some() && kept.signed_in.is_none());
        #[cfg(unix)]
        for path in [&file.path, &file.key_file()] {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn another_key_opens_nothing_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        file.lock().unwrap().replace(&Secret::new("token")).unwrap();
        let before = std::fs::read_to_string(&file.path).unwrap();
        let given = TokenKey::Given(Secret::new("x".repeat(40)));
        let other = TokenFile { key: given, ..file.clone() };
        for why in [
            other.read().unwrap_err(),
            other.turn().err().unwrap(),
            other.lock().unwrap().replace(&Secret::new("mine")).unwrap_err(),
        ] {
            assert!(why.contains("sealed with the key") && !why.contains("xxxx"), "{why}");
        }
        assert_eq!(std::fs::read_to_string(&file.path).unwrap(), before);
        let stolen = TokenFile { purpose: "salesforce", ..file.clone() };
        assert!(stolen.read().unwrap_err().contains("sealed for something else"));
        std::fs::remove_file(file.key_file()).unwrap();
        assert!(file.read().unwrap_err().contains("cannot be read"));
        assert!(file.read().is_err() && !file.key_file().exists());
        assert!(file.read().unwrap_err().contains("token.key"));
    }

    #[test]
    fn one_program_at_a_time_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        std::fs::write(&file.path, "0").unwrap();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let file = file.clone();
                std::thread::spawn(move || {
                    for _ in 0..10 {
                        let mut turn = file.turn().unwrap();
                        let number: u32 = turn.token().reveal().parse().unwrap();
                        turn.keep(&Secret::new((number + 1).to_string())).unwrap();
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(file.read().unwrap().token.reveal(), "40");
    }
}
