//! The files that maps are made of, read once and taken as one thing: maps, the maps that they extend, schemas.
//!
//! In: paths. Out: their bytes, hashes over them, compiled maps. Must not know: the service. What is compiled is
//! what was hashed: nothing is read twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mapping::schema::Schemas;

use crate::deal_map::DealMap;
use crate::error::Error;
use crate::fingerprint::{fingerprint, sha256};

/// Maps with all the files beside them that may matter to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    maps: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

/// Compiled maps, and which files of the bundle they were made of.
#[derive(Debug)]
pub struct Made {
    /// In the order of the configuration.
    pub maps: Vec<DealMap>,
    /// Every file that was used, the maps among them.
    pub used: BTreeSet<PathBuf>,
}

/// Maps as they are shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Hashes {
    /// The mapping's name.
    pub map: String,
    /// Its file.
    pub file: String,
    /// The hash of its plan: what it means.
    pub plan: String,
}

impl Made {
    /// Each map with the hash of its plan.
    pub fn hashes(&self) -> Vec<Hashes> {
        hashes(&self.maps)
    }
}

/// Each map with the hash of its plan.
pub fn hashes(maps: &[DealMap]) -> Vec<Hashes> {
    let of = |map: &DealMap| Hashes {
        map: map.plan().name().to_owned(),
        file: map.plan().file().to_owned(),
        plan: map.plan().hash().to_owned(),
    };
    maps.iter().map(of).collect()
}

impl Bundle {
    /// Reads maps, the other maps in their folders, and the schemas beside them.
    pub fn read(maps: &[PathBuf]) -> Result<Bundle, Error> {
        let mut files = BTreeMap::new();
        let folders: BTreeSet<&Path> = maps.iter().map(|map| folder_of(map)).collect();
        for folder in folders {
            for path in files_of(folder, &["map"]) {
                // One that cannot be read matters only when a map needs it.
                if let Ok(bytes) = std::fs::read(&path) {
                    files.insert(path, bytes);
                }
            }
            for path in files_of(&folder.join("schemas"), &["yaml", "yml"]) {
                let bytes = std::fs::read(&path).map_err(|error| cannot(&path, &error))?;
                files.insert(path, bytes);
            }
        }
        for map in maps {
            if !files.contains_key(map) {
                let bytes = std::fs::read(map).map_err(|error| cannot(map, &error))?;
                files.insert(map.clone(), bytes);
            }
        }
        Ok(Bundle { maps: maps.to_vec(), files })
    }

    /// A bundle of files that were read elsewhere.
    pub(crate) fn of(maps: Vec<PathBuf>, files: BTreeMap<PathBuf, Vec<u8>>) -> Bundle {
        Bundle { maps, files }
    }

    /// Whether it is made of maps that are called like these, in this order.
    pub(crate) fn is_of(&self, maps: &[PathBuf]) -> bool {
        let names = |maps: &[PathBuf]| -> Vec<_> {
            maps.iter().map(|map| map.file_name().map(ToOwned::to_owned)).collect()
        };
        names(&self.maps) == names(maps)
    }

    /// A hash over every path and byte: it changes with whatever may matter.
    pub fn fingerprint(&self) -> String {
        let mut parts = Vec::new();
        for (path, bytes) in &self.files {
            parts.push(path.display().to_string());
            parts.push(sha256(bytes));
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        fingerprint(&parts)
    }

    /// Compiles the maps. Errors: what is wrong with the first that has errors.
    pub fn compile(&self) -> Result<Made, Error> {
        let mut made = Made { maps: Vec::new(), used: BTreeSet::new() };
        for path in &self.maps {
            made.used.insert(path.clone());
            let text = self.text(path)?;
            let schemas = self.schemas(path, &mut made.used)?;
            let name = file_name(path);
            let mut bases = |base: &str, asking: &str| {
                let (found, from) = self.base(folder_of(path), base, asking)?;
                made.used.extend(from);
                Ok(found)
            };
            let compiled = mapping::compile_with(&name, &text, &schemas, &mut bases);
            let usable = compiled.report.is_usable();
            let source = compiled.report.sources().text().to_owned();
            let Some(plan) = compiled.plan.filter(|_| usable) else {
                return Err(Error::Map(Box::new(compiled.report)));
            };
            let map = DealMap::new(plan, &schemas).map_err(Error::MapSides)?;
            let twin = made.maps.iter().position(|other| other.object() == map.object());
            if let Some(first) = twin.and_then(|number| self.maps.get(number)) {
                let [first, second] = [first, path].map(|path| path.display().to_string());
                return Err(Error::Twins { first, second, object: map.object().to_owned() });
            }
            made.maps.push(map.with_source(source));
        }
        Ok(made)
    }

    /// The files that were used, as they lie in a folder of their own: path there, where from, bytes. Folders keep
    /// what is beside what; the maps come first, in their order.
    pub fn laid_out(&self, used: &BTreeSet<PathBuf>) -> Vec<(String, PathBuf, &[u8])> {
        let folders: Vec<&Path> = {
            let mut seen = BTreeSet::new();
            let all = self.maps.iter().map(|map| folder_of(map));
            all.filter(|folder| seen.insert(folder.to_path_buf())).collect()
        };
        let place = |path: &Path| {
            let number = folders.iter().position(|folder| {
                path.strip_prefix(folder).is_ok_and(|rest| {
                    rest.parent().is_none_or(|home| {
                        home.as_os_str().is_empty() || home == Path::new("schemas")
                    })
                })
            })?;
            let rest = path.strip_prefix(folders.get(number)?).ok()?;
            let home = if number == 0 { "maps".to_owned() } else { format!("maps-{}", number + 1) };
            // Written with `/` on every system.
            let rest: Vec<String> = rest
                .components()
                .map(|part| part.as_os_str().to_string_lossy().into_owned())
                .collect();
            Some(format!("{home}/{}", rest.join("/")))
        };
        let others = used.iter().filter(|path| !self.maps.contains(path));
        let all = self.maps.iter().chain(others);
        all.filter_map(|path| {
            let bytes = self.files.get(path)?;
            Some((place(path)?, path.clone(), bytes.as_slice()))
        })
        .collect()
    }

    /// How many of the files are the maps themselves.
    pub fn map_count(&self) -> usize {
        self.maps.len()
    }

    fn text(&self, path: &Path) -> Result<String, Error> {
        let bytes = self.files.get(path).cloned().unwrap_or_default();
        String::from_utf8(bytes).map_err(|error| Error::File {
            path: path.to_owned(),
            why: format!("it is not UTF-8 text: byte {}", error.utf8_error().valid_up_to()),
        })
    }

    /// The schemas in `schemas/` beside a map, else the built-in ones.
    fn schemas(&self, map: &Path, used: &mut BTreeSet<PathBuf>) -> Result<Schemas, Error> {
        let folder = folder_of(map).join("schemas");
        let mut files = Vec::new();
        for path in self.files.keys().filter(|path| path.parent() == Some(folder.as_path())) {
            files.push((path.display().to_string(), self.text(path)?));
            used.insert(path.clone());
        }
        if files.is_empty() {
            return Ok(Schemas::built_in().clone());
        }
        Schemas::from_yaml(&files)
            .map_err(|problems| Error::Schemas(problems.iter().map(ToString::to_string).collect()))
    }

    /// The map that another one extends, and the file it is; none: it is built in.
    fn base(
        &self,
        folder: &Path,
        name: &str,
        asking: &str,
    ) -> Result<(mapping::Base, Option<PathBuf>), Vec<String>> {
        let beside: Vec<PathBuf> = self
            .files
            .keys()
            .filter(|path| {
                folder_of(path) == folder && path.extension().is_some_and(|e| e == "map")
            })
            .filter(|path| file_name(path) != asking)
            .cloned()
            .collect();
        let load = |path: &Path| {
            Some(mapping::Base { file: file_name(path), text: self.text(path).ok()? })
        };
        base_among(&beside, name, &load)
    }
}

/// The map called `name` among those beside: `NAME.map`, else one that is built in, else the one that says it is
/// called so. Error: the names there are.
pub(crate) fn base_among(
    beside: &[PathBuf],
    name: &str,
    load: &dyn Fn(&Path) -> Option<mapping::Base>,
) -> Result<(mapping::Base, Option<PathBuf>), Vec<String>> {
    let stem = |path: &Path| {
        path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
    };
    for path in beside.iter().filter(|path| stem(path) == name) {
        if let Some(found) = load(path) {
            return Ok((found, Some(path.clone())));
        }
    }
    let built_in = match mapping::shipped::base(name) {
        Ok(found) => return Ok((found, None)),
        Err(names) => names,
    };
    // Only now does it matter what the others are called.
    let mut names: Vec<String> = Vec::new();
    for path in beside {
        let Some(found) = load(path) else { continue };
        let own = mapping::names_of(&found.text).0.unwrap_or_else(|| stem(path));
        if own == name {
            return Ok((found, Some(path.clone())));
        }
        names.push(own);
    }
    names.extend(built_in);
    names.sort();
    names.dedup();
    Err(names)
}

/// The files of a folder with one of these endings, sorted; none when there is no such folder.
pub(crate) fn files_of(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let home = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(home).into_iter().flatten().flatten();
    let wanted = |path: &PathBuf| {
        path.extension().is_some_and(|end| endings.iter().any(|known| end == *known))
    };
    let mut found: Vec<PathBuf> =
        entries.map(|entry| folder.join(entry.file_name())).filter(wanted).collect();
    found.sort();
    found
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

pub(crate) fn cannot(path: &Path, error: &std::io::Error) -> Error {
    Error::File { path: path.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_one_map_whatever_it_extends() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["here.map", "there.map"].map(|name| {
            let (path, own) = (folder.path().join(name), name.trim_end_matches(".map"));
            let text = format!("extends opportunity\nmapping {own} \"Own\"\n");
            std::fs::write(&path, text).unwrap();
            path
        });
        assert_eq!(Bundle::read(&paths[..1]).unwrap().compile().unwrap().maps.len(), 1);
        let twins = Bundle::read(&paths).unwrap().compile().unwrap_err().to_string();
        let [here, there] = paths.map(|path| path.display().to_string());
        let expected = format!("{here} and {there} are both maps of Opportunity");
        assert!(twins.starts_with(&expected), "{twins}");
    }
}
