//! `cosell demo`: both systems, the service and a short story, with nothing to set up.
//!
//! In: a folder, or none. Out: the story as it happens, a ready file, and (with `--once`) whether
//! it ended in agreement. Must not know: how the service decides.

mod deals;
mod family;
mod setup;
mod story;

use std::path::{Path, PathBuf};

use crate::life;
use crate::terminal::{Outcome, Stop, print};

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
    let kept = options.state.clone();
    let folder = match &kept {
        Some(folder) => folder.clone(),
        None => std::env::temp_dir().join(format!("cosell-demo-{}", std::process::id())),
    };
    make_private(&folder)?;
    let folder = std::fs::canonicalize(&folder).map_err(|e| Stop::file("open", &folder, &e))?;
    let _lock = life::only_one(&folder.join("demo.lock"), false)?;
    let outcome = life::runtime()?.block_on(play(options, &folder));
    if kept.is_none() {
        let _ = std::fs::remove_dir_all(&folder);
    }
    outcome
}

fn make_private(folder: &Path) -> Result<(), Stop> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Stop::file("make", folder, &error))
}

async fn play(options: &Options, folder: &Path) -> Result<Outcome, Stop> {
    print(
        "Starting Salesforce and Partner Center on this machine, and the service between them …\n",
    )?;
    let mut family = Family::start(folder).await?;
    announce(options.ready_file.as_deref(), &family)?;
    let ready = family.ready();
    print(&format!(
        "console {}   everything is kept in {}\n\n",
        ready["console"].as_str().unwrap_or_default(),
        folder.display()
    ))?;
    let told = folder.join("story-told");
    let result = if told.exists() && !options.once {
        print("The story was told here before; the deals are as you left them.\n")?;
        Ok(true)
    } else {
        // Both run at once: a process that ends during the story is started again.
        tokio::select! {
            result = story::tell(&ready) => result,
            stopped = watch(&mut family, options) => stopped.map(|()| false),
            () = life::end(options.with_parent) => Ok(false),
        }
    };
    let fine = match result {
        Ok(fine) => fine,
        Err(stop) => {
            family.end().await;
            return Err(stop);
        }
    };
    let _ = std::fs::write(&told, "");
    if options.once {
        family.end().await;
        return Ok(Outcome::fine_if(fine));
    }
    print(
        "\nIt goes on running: change records on either side, by curl as the README shows.\nCtrl-C ends it.\n",
    )?;
    tokio::select! {
        stopped = watch(&mut family, options) => stopped?,
        () = life::end(options.with_parent) => {}
    }
    family.end().await;
    Ok(Outcome::fine_if(fine))
}

/// Starts again whatever ends, for ever.
async fn watch(family: &mut Family, options: &Options) -> Result<(), Stop> {
    loop {
        let which = family.mend().await?;
        print(&format!("   ({which} ended and was started again)\n"))?;
        announce(options.ready_file.as_deref(), family)?;
    }
}
