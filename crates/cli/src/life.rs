//! How long a serving command lives: until it is told to end, or its parent is gone.
//!
//! In: signals, the end of standard input, a lock file. Out: a future that ends then. Must not
//! know: what is served.

use std::fs::File;
use std::path::Path;

use tokio::sync::oneshot;

use crate::terminal::Stop;

/// Ends at Ctrl-C or a termination signal; with `with_parent` also when standard input is closed,
/// which happens when the program that started this one is gone, however it went.
pub(crate) async fn end(with_parent: bool) {
    let (gone, parent_gone) = oneshot::channel::<()>();
    if with_parent {
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            let _ = gone.send(());
        });
        tokio::select! {
            () = signalled() => {}
            _ = parent_gone => {}
        }
    } else {
        drop(gone);
        signalled().await;
    }
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = interrupt.await;
        return;
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signalled() {
    let _ = tokio::signal::ctrl_c().await;
}

/// What may be done instead where `--state` names the folder.
pub(crate) const OTHER_FOLDER: &str = ", or choose another folder with --state";

/// Takes a lock file, waiting until whoever holds it is gone: two programs never work on one state. `instead`: what
/// else may be done than to end the other one.
pub(crate) fn only_one(path: &Path, wait: bool, instead: &str) -> Result<File, Stop> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Stop::file("make", folder, &error))?;
    }
    let file = File::create(path).map_err(|error| Stop::file("open", path, &error))?;
    let taken = if wait { file.lock().is_ok() } else { file.try_lock().is_ok() };
    if taken {
        return Ok(file);
    }
    Err(Stop::because(
        format!("{} is in use by another program", path.display()),
        format!("end that program first{instead}"),
    ))
}

/// A runtime for the serving commands.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Stop::because(format!("cannot start: {error}"), "free some memory or threads and try again")
    })
}
