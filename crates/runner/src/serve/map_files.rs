//! Where the maps of an environment come from, and which of them it begins with.
//!
//! In: a configuration, the folder beside the state file. Out: files that were read, what they are
//! compiled to, or why they cannot be used. Must not know: when they are looked at, what is done with them.

use std::path::{Path, PathBuf};

use mapping::tree::Stability;

use crate::config::{Config, Kind};
use crate::deal_map::DealMap;
use crate::error::Error;
use crate::maps::Shelf;
use crate::maps::bundle::{Bundle, Made};
use crate::maps::shelf::Pointer;

use super::reload::first_problem;

/// Where the maps come from.
#[derive(Debug, Clone)]
pub(super) struct MapFiles {
    from: From,
    /// Maps that are being tried out are not taken.
    stable_only: bool,
}

#[derive(Debug, Clone)]
enum From {
    /// The files that the configuration names.
    Files(Vec<PathBuf>),
    /// The release that counts, and nothing else.
    Release(Shelf),
}

/// Files that were read, and the release that they are.
pub(super) struct Found {
    pub(super) bundle: Bundle,
    pub(super) release: Option<String>,
}

impl MapFiles {
    /// Production takes what was promoted, the others take the files.
    pub(super) fn of(config: &Config) -> Self {
        let production = match config.environment.kind {
            Kind::Production => true,
            Kind::Staging | Kind::Shadow => false,
        };
        let from = if production {
            From::Release(Shelf::new(config.releases.clone()))
        } else {
            From::Files(config.maps.clone())
        };
        Self { from, stable_only: production && !config.allow_experimental }
    }

    /// All files, and what they are compiled to. Files that cannot be used do not keep a service from
    /// starting again: it goes on with the maps that it served last, and says why (third). A release of
    /// production is taken as it is or not at all.
    pub(super) fn begin(&self, store: &Path) -> Result<(Found, Made, Option<String>), Error> {
        let error = match self.read().and_then(|found| Ok((self.compile(&found)?, found))) {
            Ok((made, found)) => return Ok((found, made, None)),
            Err(error) => error,
        };
        match self.served_last(store) {
            Some((bundle, made)) => {
                Ok((Found { bundle, release: None }, made, Some(first_problem(&error))))
            }
            None => Err(error),
        }
    }

    /// What was in service before, when it is about the same files.
    fn served_last(&self, store: &Path) -> Option<(Bundle, Made)> {
        let From::Files(maps) = &self.from else { return None };
        let shelf = in_service(store);
        let pointer = shelf.pointer().ok().flatten()?;
        let (_, bundle, made) = shelf.compile(pointer.current()?).ok()?;
        bundle.is_of(maps).then_some((bundle, made))
    }

    pub(super) fn read(&self) -> Result<Found, Error> {
        match &self.from {
            From::Files(maps) => Ok(Found { bundle: Bundle::read(maps)?, release: None }),
            From::Release(shelf) => {
                let pointer = shelf.pointer()?;
                let release = pointer.as_ref().and_then(Pointer::current).ok_or_else(|| {
                    let why =
                        "nothing was promoted yet, and production takes nothing else".to_owned();
                    Error::Release { path: shelf.place(""), why }
                })?;
                let (_, bundle) = shelf.open(release)?;
                Ok(Found { bundle, release: Some(release.to_owned()) })
            }
        }
    }

    pub(super) fn compile(&self, found: &Found) -> Result<Made, Error> {
        let made = match (&self.from, &found.release) {
            (From::Release(shelf), Some(release)) => shelf.made(release, &found.bundle)?,
            (_, _) => found.bundle.compile()?,
        };
        if self.stable_only {
            only_stable(&made.maps)?;
        }
        Ok(made)
    }
}

/// Whether an environment could begin with its maps, as it would find them now; of production the release that counts.
pub fn could_begin(config: &Config) -> Result<Option<String>, Error> {
    let files = MapFiles::of(config);
    let found = files.read()?;
    files.compile(&found)?;
    Ok(found.release)
}

/// Refuses maps that are being tried out.
pub fn only_stable(maps: &[DealMap]) -> Result<(), Error> {
    for plan in maps.iter().map(DealMap::plan) {
        if plan.stability() == Stability::Experimental {
            return Err(Error::Experimental {
                map: plan.name().to_owned(),
                file: plan.file().to_owned(),
            });
        }
    }
    Ok(())
}

/// Where the maps in service are kept, for commands that look at them.
pub fn in_service(store: &Path) -> Shelf {
    Shelf::new(store.with_extension("maps"))
}
