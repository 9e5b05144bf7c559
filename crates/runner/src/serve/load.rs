//! Files: maps, schemas, the state file's folder, a rotated refresh token.
//!
//! In: paths. Out: compiled maps, an open store, or what is wrong with a file. Must not know: what
//! is done with them.

use std::path::{Path, PathBuf};

use mapping::schema::Schemas;

use crate::deal_map::DealMap;
use crate::error::Error;
use crate::store::{Role, SqliteStore};

/// Reads and compiles mappings, each with the schemas in `schemas/` beside it, else with the
/// built-in ones.
pub fn load_maps(paths: &[PathBuf]) -> Result<Vec<DealMap>, Error> {
    let mut maps = Vec::new();
    for path in paths {
        let text = read(path)?;
        let schemas = schemas_beside(path)?;
        let name = path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let folder = path.parent().unwrap_or(Path::new(""));
        let shown = |found: &Path| {
            found.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        };
        let mut bases = |base: &str, asking: &str| base_beside(folder, base, asking, &shown);
        let compiled = mapping::compile_with(&name, &text, &schemas, &mut bases);
        let usable = compiled.report.is_usable();
        let Some(plan) = compiled.plan.filter(|_| usable) else {
            return Err(Error::Map(Box::new(compiled.report)));
        };
        maps.push(DealMap::new(plan, &schemas).map_err(Error::MapSides)?);
    }
    Ok(maps)
}

/// The map with a name that a map in `folder` extends: `NAME.map`, else one that is built in, else
/// the map in the folder that is called so. The file that asks is not its own base. Error: the names there are.
pub fn base_beside(
    folder: &Path,
    name: &str,
    asking: &str,
    shown: &dyn Fn(&Path) -> String,
) -> Result<mapping::Base, Vec<String>> {
    let home = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(home).into_iter().flatten().flatten();
    let is_map =
        |path: &PathBuf| path.extension().is_some_and(|end| end == "map") && shown(path) != asking;
    let mut beside: Vec<PathBuf> =
        entries.map(|entry| folder.join(entry.file_name())).filter(is_map).collect();
    beside.sort();
    let stem = |path: &Path| {
        path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
    };
    let load = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).ok()?;
        Some(mapping::Base { file: shown(path), text })
    };
    if let Some(found) = beside.iter().find(|path| stem(path) == name).and_then(load) {
        return Ok(found);
    }
    let built_in = match mapping::shipped::base(name) {
        Ok(found) => return Ok(found),
        Err(names) => names,
    };
    // Only now does it matter what the others are called.
    let mut names: Vec<String> = Vec::new();
    for path in &beside {
        let Some(found) = load(path) else { continue };
        let own = mapping::names_of(&found.text).0.unwrap_or_else(|| stem(path));
        if own == name {
            return Ok(found);
        }
        names.push(own);
    }
    names.extend(built_in);
    names.sort();
    names.dedup();
    Err(names)
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &std::io::Error) -> Error {
    Error::File { path: path.to_owned(), why: error.to_string() }
}

fn schemas_beside(map: &Path) -> Result<Schemas, Error> {
    let folder = map.parent().unwrap_or(Path::new(".")).join("schemas");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Schemas::built_in().clone()) };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| cannot(&folder, &error))?.path();
        let extension = path.extension().unwrap_or_default();
        if extension == "yaml" || extension == "yml" {
            files.push((path.display().to_string(), read(&path)?));
        }
    }
    files.sort();
    if files.is_empty() {
        return Ok(Schemas::built_in().clone());
    }
    Schemas::from_yaml(&files)
        .map_err(|problems| Error::Schemas(problems.iter().map(ToString::to_string).collect()))
}

/// Opens the state file, making its folder when there is none.
pub fn open_store(path: &Path, role: Role) -> Result<SqliteStore, Error> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    }
    Ok(SqliteStore::open(path, role)?)
}
