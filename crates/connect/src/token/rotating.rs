//! A refresh token that is replaced at its use, by this program or by another one.
//!
//! In: the token as it was found, and perhaps where it is kept. Out: a turn to use it, and the token that
//! replaces it kept before anybody else has a turn. Must not know: files, or how it is sealed.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, MutexGuard, watch};

use crate::error::Error;
use crate::secret::Secret;

/// Where a refresh token is kept that other programs use too.
pub trait Vault: fmt::Debug + Send + Sync + 'static {
    /// Waits until nobody else uses the token. Called where waiting is allowed. Error: why it is not had.
    fn turn(&self) -> Result<Box<dyn Turn>, String>;
}

/// The right to use the token: nobody else has it until this is dropped.
pub trait Turn: Send {
    /// The token as it is kept now.
    fn token(&self) -> Secret;

    /// Keeps the token that replaces it. Error: why it is not kept.
    fn keep(&mut self, token: &Secret) -> Result<(), String>;
}

/// A refresh token that the sign-in service may replace at each use.
#[derive(Debug)]
pub(crate) struct Rotating {
    now: watch::Sender<Secret>,
    /// What the vault held when it was last looked at.
    turn: Mutex<Option<Secret>>,
    vault: OnceLock<Arc<dyn Vault>>,
    /// Why the token in use is not in the vault.
    unkept: watch::Sender<Option<String>>,
}

/// The token in use, and the right to replace it.
pub(crate) struct InUse<'r> {
    rotating: &'r Rotating,
    seen: MutexGuard<'r, Option<Secret>>,
    turn: Option<Box<dyn Turn>>,
    pub(crate) token: Secret,
}

impl Rotating {
    /// Starts with the token that was kept.
    pub(crate) fn new(kept: Secret) -> Self {
        Self {
            now: watch::Sender::new(kept),
            turn: Mutex::default(),
            vault: OnceLock::new(),
            unkept: watch::Sender::new(None),
        }
    }

    /// Says where the token is kept, once.
    pub(crate) fn keep_in(&self, vault: Arc<dyn Vault>) {
        let _ = self.vault.set(vault);
    }

    /// The token of the moment.
    pub(crate) fn current(&self) -> Secret {
        self.now.borrow().clone()
    }

    /// Why the token in use is not kept, while that is so.
    pub(crate) fn unkept(&self) -> watch::Receiver<Option<String>> {
        self.unkept.subscribe()
    }

    /// Waits for a turn with the newest token there is.
    pub(crate) async fn take(&self) -> Result<InUse<'_>, Error> {
        let mut seen = self.turn.lock().await;
        let mut turn = None;
        if let Some(vault) = self.vault.get().cloned() {
            let opened = tokio::task::spawn_blocking(move || vault.turn()).await;
            let opened = opened.unwrap_or_else(|_| Err("nobody gave it".to_owned()));
            let opened = opened.map_err(|why| {
                Error::later(None, format!("the refresh token cannot be used now: {why}"))
            })?;
            let kept = opened.token();
            // Another program put it there since: it is newer than ours, kept or not.
            if seen.as_ref() != Some(&kept) {
                *seen = Some(kept.clone());
                self.now.send_replace(kept);
                self.unkept.send_replace(None);
            }
            turn = Some(opened);
        }
        let token = self.current();
        Ok(InUse { rotating: self, seen, turn, token })
    }
}

impl InUse<'_> {
    /// The token was used, and replaced if the sign-in service says so. Kept before this ends, also when
    /// nobody waits for it.
    pub(crate) async fn used(self, replaced: Option<Secret>) {
        let Self { rotating, mut seen, turn, token } = self;
        let replaced = replaced.filter(|replaced| *replaced != token);
        if replaced.is_none() && rotating.unkept.borrow().is_none() {
            return;
        }
        let token = replaced.unwrap_or(token);
        rotating.now.send_replace(token.clone());
        let Some(mut turn) = turn else { return };
        let kept = {
            let token = token.clone();
            tokio::task::spawn_blocking(move || turn.keep(&token)).await
        };
        match kept.unwrap_or_else(|_| Err("nobody did it".to_owned())) {
            Ok(()) => {
                *seen = Some(token);
                rotating.unkept.send_replace(None);
            }
            Err(why) => {
                tracing::error!(why, "the refresh token that replaces the old one is not kept");
                rotating.unkept.send_replace(Some(why));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Plain;

    use super::*;

    /// A vault whose other users are the test; it takes nothing while `full`.
    #[derive(Debug, Default, Clone)]
    struct Shared(Arc<Plain<(String, bool)>>);

    impl Vault for Shared {
        fn turn(&self) -> Result<Box<dyn Turn>, String> {
            Ok(Box::new(self.clone()))
        }
    }

    impl Turn for Shared {
        fn token(&self) -> Secret {
            Secret::new(self.0.lock().unwrap().0.clone())
        }

        fn keep(&mut self, token: &Secret) -> Result<(), String> {
            let mut inner = self.0.lock().unwrap();
            if inner.1 {
                return Err("the disk is full".to_owned());
            }
            token.reveal().clone_into(&mut inner.0);
            Ok(())
        }
    }

    async fn used(rotating: &Rotating, replaced: &str) -> String {
        let in_use = rotating.take().await.unwrap();
        let token = in_use.token.reveal().to_owned();
        in_use.used(Some(Secret::new(replaced))).await;
        token
    }

    #[tokio::test]
    async fn the_token_that_another_program_put_there_is_taken() {
        let (rotating, shared) = (Rotating::new(Secret::new("r0")), Shared::default());
        shared.0.lock().unwrap().0 = "r0".to_owned();
        rotating.keep_in(Arc::new(shared.clone()));
        assert_eq!(used(&rotating, "r1").await, "r0");
        assert_eq!(shared.0.lock().unwrap().0, "r1", "it is kept before anybody else has a turn");
        // Another program uses r1 and gets r2.
        shared.0.lock().unwrap().0 = "r2".to_owned();
        assert_eq!(used(&rotating, "r3").await, "r2");
        assert_eq!(shared.0.lock().unwrap().0, "r3");
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_kept_is_said_and_used_all_the_same() {
        let (rotating, shared) = (Rotating::new(Secret::new("r0")), Shared::default());
        *shared.0.lock().unwrap() = ("r0".to_owned(), true);
        rotating.keep_in(Arc::new(shared.clone()));
        let unkept = rotating.unkept();
        used(&rotating, "r1").await;
        assert_eq!(unkept.borrow().as_deref(), Some("the disk is full"));
        assert_eq!(used(&rotating, "r2").await, "r1", "not the old one that is on disk");
        // There is room again: it is kept even if it was not replaced this time.
        shared.0.lock().unwrap().1 = false;
        assert_eq!(used(&rotating, "r2").await, "r2");
        assert_eq!((unkept.borrow().clone(), shared.0.lock().unwrap().0.as_str()), (None, "r2"));
        // Somebody signs in anew: theirs counts, also against one that is not kept.
        shared.0.lock().unwrap().1 = true;
        used(&rotating, "r3").await;
        *shared.0.lock().unwrap() = ("new".to_owned(), false);
        assert_eq!(used(&rotating, "r4").await, "new");
        assert_eq!(unkept.borrow().clone(), None);
    }
}
