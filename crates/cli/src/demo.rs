//! `cosell demo`: both systems, the service and a short story, with nothing to set up.
//!
//! In: a folder, or none. Out: the story as it happens, a ready file, and (with `--once`) whether
//! it ended in agreement. Must not know: how the service decides.

mod deals;
mod family;
mod setup;
mod story;

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::pin::pin;

use serde_json::Value;

use crate::terminal::{Outcome, Stop, print};
use crate::{life, ready};

use family::{Family, announce};

/// What can be said on the command line.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) once: bool,
    pub(crate) state: Option<PathBuf>,
    pub(crate) ready_file: Option<PathBuf>,
    pub(crate) with_parent: bool,
}

/// Plays the story; goes on serving unless `once`.
pub(crate) fn run(options: &Options) -> Result<Outcome, Stop> {
    let folder = match &options.state {
        Some(folder) => private_folders().recursive(true).create(folder).map(|()| folder.clone()),
        None => fresh_folder(),
    };
    let folder = folder.and_then(|folder| std::fs::canonicalize(&folder)).map_err(|error| {
        let named = options.state.clone().unwrap_or_else(std::env::temp_dir);
        Stop::file("make", &named, &error)
    })?;
    let _lock = life::only_one(&folder.join("demo.lock"), false, life::OTHER_FOLDER)?;
    if let Some(path) = &options.ready_file {
        ready::forget(path)?;
    }
    let outcome = life::runtime()?.block_on(play(options, &folder));
    if options.state.is_none() {
        let _ = std::fs::remove_dir_all(&folder);
    }
    outcome
}

fn private_folders() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// A folder that nobody had before.
fn fresh_folder() -> std::io::Result<PathBuf> {
    let mut number = 0_u32;
    loop {
        let name = format!("cosell-demo-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        match private_folders().create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 100 => {
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// How the demo came to its end.
enum End {
    /// After the story: whether all of it was as promised.
    Told(bool),
    /// Somebody ended it.
    Stopped,
}

async fn play(options: &Options, folder: &Path) -> Result<Outcome, Stop> {
    print(
        "Starting Salesforce and Partner Center on this machine, and the service between them …\n",
    )?;
    let mut ended = pin!(life::end(options.with_parent));
    let mut family = tokio::select! {
        family = Family::start(folder) => family?,
        () = &mut ended => return Ok(Outcome::fine_if(!options.once)),
    };
    // Whatever ends first ends all of it; a process of the family that ends is started again.
    let end = tokio::select! {
        end = perform(options, folder, family.ready()) => end,
        stopped = watch(&mut family, options) => stopped.map(|()| End::Stopped),
        () = &mut ended => Ok(End::Stopped),
    };
    family.end().await;
    Ok(match end? {
        End::Told(fine) => Outcome::fine_if(fine),
        End::Stopped => Outcome::fine_if(!options.once),
    })
}

/// Tells the story, unless it was told in this folder before; then waits for ever, unless `once`.
async fn perform(options: &Options, folder: &Path, ready: Value) -> Result<End, Stop> {
    print(&format!(
        "console {}   everything is kept in {}\n\n",
        ready["console"].as_str().unwrap_or_default(),
        folder.display()
    ))?;
    let told = folder.join("story-told");
    if told.exists() && !options.once {
        print("The story was told here before; the deals are as you left them.\n")?;
    } else {
        // Before the story: one that was cut off goes on as deals, and is not told anew.
        std::fs::write(&told, "").map_err(|error| Stop::file("write", &told, &error))?;
        let fine = story::tell(&ready).await?;
        if options.once {
            return Ok(End::Told(fine));
        }
    }
    print(
        "\nIt goes on running: change records on either side, by curl as the README shows.\nCtrl-C ends it.\n",
    )?;
    std::future::pending().await
}

/// Says where everything is, and starts again whatever ends, for ever.
async fn watch(family: &mut Family, options: &Options) -> Result<(), Stop> {
    announce(options.ready_file.as_deref(), family)?;
    loop {
        let which = family.mend().await?;
        print(&format!("   ({which} ended and was started again)\n"))?;
        announce(options.ready_file.as_deref(), family)?;
    }
}
