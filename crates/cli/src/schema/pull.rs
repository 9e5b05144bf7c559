//! `cosell schema pull`: what the org says of its objects, as files.
//!
//! In: the configuration of `serve`, the names of objects. Out: a describe in a file for each object
//! that the maps look into, and what is new in it. Must not know: which objects a map needs, what a
//! describe says, how Salesforce is asked.

mod fetch;
mod files;
mod told;

use std::path::{Path, PathBuf};

use mapping::needs::Needs;
use runner::config::OrgConfig;

use crate::command::SchemaPull;
use crate::project::{errors, read};
use crate::show::{self, Finding};
use crate::terminal::{Color, Outcome, Stop, count, print, shown, tell};
use crate::{life, serve};

/// Pulls the describes of an org.
pub(super) fn run(args: &SchemaPull, color: Color) -> Result<Outcome, Stop> {
    let config = serve::usable(&args.config, OrgConfig::load(&args.config, args.env.as_deref()))?;
    let maps = maps(&config.maps, color)?;
    let folder = files::folder(args.org.as_deref(), &config.salesforce.login)?;
    if !args.check {
        files::writable(&folder)?;
    }
    let login = config.salesforce.login.as_str();
    let client = runner::serve::salesforce(&config.salesforce).map_err(|error| {
        let help = format!("correct `salesforce` in {}", shown(&args.config));
        Stop::because(error.to_string(), help)
    })?;
    let org = fetch::Org { client: &client, login };
    let found = life::runtime()?.block_on(org.objects(&maps, &args.objects))?;
    let rows = files::compare(&folder, &found)?;
    let is_new = rows.iter().any(|row| !row.is_same());
    if !args.check {
        files::write(&folder, &rows)?;
    }
    print(&told::text(&folder, &rows, args.format.into()))?;
    tell(&told::others(&files::others(&folder, &rows), &rows));
    tell(&told::summary(&rows, login, &folder, args.check));
    Ok(Outcome::fine_if(!args.check || !is_new))
}

/// Reads the maps, as far as they can be read.
fn maps(paths: &[PathBuf], color: Color) -> Result<Vec<Needs>, Stop> {
    let mut maps = Vec::new();
    for path in paths {
        let (name, text) = (shown(path), read(path)?);
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut bases =
            |base: &str, asking: &str| runner::serve::base_beside(folder, base, asking, &shown);
        let needs = Needs::read(&name, &text, &mut bases).map_err(|report| {
            tell(&show::human(&errors(&Finding::of_report(&report)), color.on_stderr()));
            Stop::because(
                format!("what {name} needs of the org cannot be told"),
                "correct what is said above, or leave the map out of the configuration",
            )
        })?;
        if needs.unread() > 0 {
            tell(&format!(
                "note: {name} has {}, so a part of it could not be read, and what that part needs is not pulled; \
                 `cosell check {name}` says more\n",
                count(needs.unread(), "error"),
            ));
        }
        maps.push(needs);
    }
    Ok(maps)
}
