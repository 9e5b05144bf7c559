//! Files: maps, schemas, the state file's folder, a rotated refresh token.
//!
//! In: paths. Out: compiled maps, an open store, or what is wrong with a file. Must not know: what
//! is done with them.

use std::path::{Path, PathBuf};

use crate::deal_map::DealMap;
use crate::error::Error;
use crate::maps::bundle::{Bundle, base_among, cannot, files_of};
use crate::store::{Role, SqliteStore};

/// Reads and compiles mappings, each with the schemas in `schemas/` beside it, else with the
/// built-in ones.
pub fn load_maps(paths: &[PathBuf]) -> Result<Vec<DealMap>, Error> {
    Ok(Bundle::read(paths)?.compile()?.maps)
}

/// The map with a name that a map in `folder` extends: `NAME.map`, else one that is built in, else
/// the map in the folder that is called so. The file that asks is not its own base. Error: the names there are.
pub fn base_beside(
    folder: &Path,
    name: &str,
    asking: &str,
    shown: &dyn Fn(&Path) -> String,
) -> Result<mapping::Base, Vec<String>> {
    let mut beside = files_of(folder, &["map"]);
    beside.retain(|path| shown(path) != asking);
    let load = |path: &Path| {
        let text = std::fs::read_to_string(path).ok()?;
        Some(mapping::Base { file: shown(path), text })
    };
    base_among(&beside, name, &load).map(|(found, _)| found)
}

/// Opens the state file, making its folder when there is none.
pub fn open_store(path: &Path, role: Role) -> Result<SqliteStore, Error> {
    make_home(path)?;
    Ok(SqliteStore::open(path, role)?)
}

/// Makes the folder of a state file when there is none: for this user alone, it holds values of records.
pub fn make_home(path: &Path) -> Result<(), Error> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut make = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
        make.recursive(true).create(folder).map_err(|error| cannot(folder, &error))?;
    }
    Ok(())
}
