//! A folder of maps that were put away: each set under its own hash, and a pointer to the one that counts.
//!
//! In: compiled bundles. Out: folders that never change, a pointer that is replaced whole, bundles read back byte
//! by byte. Must not know: why something is put away. A crash at any point leaves the old state or the new one.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::bundle::{Bundle, Hashes, Made, cannot};
use crate::error::Error;
use crate::fingerprint::{fingerprint, sha256};

/// The form of manifest and pointer.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// Says which of the sets in its folder counts.
pub const POINTER: &str = "current.json";
/// So many moves of the pointer are remembered.
const REMEMBERED: usize = 200;

/// What a set of maps consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of this file.
    pub format: u32,
    /// The hash over the paths and bytes of all files: the set's name.
    pub release: String,
    /// The program that made it.
    pub version: String,
    /// The maps, in the order of the configuration.
    pub maps: Vec<String>,
    /// What they mean.
    pub plans: Vec<Hashes>,
    /// Every file with its sha256.
    pub files: BTreeMap<String, String>,
}

/// A set of maps ready to be put away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// What it consists of.
    pub manifest: Manifest,
    files: Vec<(String, Vec<u8>)>,
}

/// Where the pointer stands, and how it came there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pointer {
    /// The form of this file.
    pub format: u32,
    /// The sets that were current, the current one last; going back takes the last one off.
    pub stack: Vec<String>,
    /// What was done, the newest last.
    pub history: Vec<Move>,
}

/// One move of the pointer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// To which set.
    pub release: String,
    /// When.
    pub at: Timestamp,
    /// `promote`, `rollback` or `serve`.
    pub how: String,
}

impl Pointer {
    /// The set that counts.
    pub fn current(&self) -> Option<&str> {
        self.stack.last().map(String::as_str)
    }
}

impl Packed {
    /// Everything that the maps were made of, and nothing else.
    pub fn of(bundle: &Bundle, made: &Made) -> Packed {
        let laid_out = bundle.laid_out(&made.used);
        let maps: Vec<String> =
            laid_out.iter().take(bundle.map_count()).map(|(path, _, _)| path.clone()).collect();
        let files: Vec<(String, Vec<u8>)> =
            laid_out.into_iter().map(|(path, _, bytes)| (path, bytes.to_vec())).collect();
        let sums: BTreeMap<String, String> =
            files.iter().map(|(path, bytes)| (path.clone(), sha256(bytes))).collect();
        let manifest = Manifest {
            format: FORMAT,
            release: name(&maps, &sums),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            maps,
            plans: made.hashes(),
            files: sums,
        };
        Packed { manifest, files }
    }
}

/// The name of a set: which maps, and every byte.
fn name(maps: &[String], files: &BTreeMap<String, String>) -> String {
    let mut parts: Vec<&str> = maps.iter().map(String::as_str).collect();
    parts.push("");
    for (path, sum) in files {
        parts.extend([path.as_str(), sum.as_str()]);
    }
    fingerprint(&parts)
}

/// The folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// The shelf in a folder, which need not be there yet.
    pub fn new(folder: PathBuf) -> Shelf {
        Shelf { folder }
    }

    /// Where a set lies.
    pub fn place(&self, release: &str) -> PathBuf {
        self.folder.join(release)
    }

    /// Puts a set away; nothing happens when it is there already, whole.
    pub fn put(&self, packed: &Packed) -> Result<(), Error> {
        let release = &packed.manifest.release;
        let place = self.place(release);
        if place.exists() {
            if self.open(release).is_ok() {
                return Ok(());
            }
            // Somebody changed it, or it came from elsewhere broken: it is made anew.
            std::fs::remove_dir_all(&place).map_err(|error| cannot(&place, &error))?;
        }
        let fresh = self.folder.join(format!(".new-{}", std::process::id()));
        let written = write_all(&fresh, packed).and_then(|()| std::fs::rename(&fresh, &place));
        written.and_then(|()| synced(&self.folder)).map_err(|error| {
            let _ = std::fs::remove_dir_all(&fresh);
            cannot(&place, &error)
        })
    }

    /// Reads a set back. Errors: a file of it is not there or not what it was, told by its name.
    pub fn open(&self, release: &str) -> Result<(Manifest, Bundle), Error> {
        let place = self.place(release);
        let path = place.join(MANIFEST);
        let text = std::fs::read_to_string(&path).map_err(|error| cannot(&path, &error))?;
        let broken = |path: &Path, why: String| Error::Release { path: path.to_owned(), why };
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|error| broken(&path, format!("it cannot be read: {error}")))?;
        let named = name(&manifest.maps, &manifest.files);
        if manifest.format != FORMAT || manifest.release != release || named != release {
            return Err(broken(
                &path,
                "it is not the list that this release was made with".to_owned(),
            ));
        }
        let mut files = BTreeMap::new();
        for (name, sum) in &manifest.files {
            let path = place.join(name);
            if !is_inside(Path::new(name)) {
                return Err(broken(&path, "it leads out of the release".to_owned()));
            }
            let bytes = std::fs::read(&path).map_err(|error| cannot(&path, &error))?;
            if sha256(&bytes) != *sum {
                return Err(broken(&path, "it is not the file that was promoted".to_owned()));
            }
            files.insert(path, bytes);
        }
        let maps = manifest.maps.iter().map(|map| place.join(map)).collect();
        Ok((manifest, Bundle::of(maps, files)))
    }

    /// Reads a set back and compiles it. Errors: as `open`; or this program makes something else of its maps.
    pub fn compile(&self, release: &str) -> Result<(Manifest, Bundle, Made), Error> {
        let (manifest, bundle) = self.open(release)?;
        let made = self.checked(&manifest, &bundle)?;
        Ok((manifest, bundle, made))
    }

    /// Compiles what was read back. Errors: as `compile`.
    pub(crate) fn made(&self, release: &str, bundle: &Bundle) -> Result<Made, Error> {
        let (manifest, _) = self.open(release)?;
        self.checked(&manifest, bundle)
    }

    fn checked(&self, manifest: &Manifest, bundle: &Bundle) -> Result<Made, Error> {
        let made = bundle.compile()?;
        if made.hashes() != manifest.plans {
            return Err(Error::Release {
                path: self.place(&manifest.release),
                why: format!(
                    "this program ({}) makes another plan of its maps than the one that they were promoted with ({})",
                    env!("CARGO_PKG_VERSION"),
                    manifest.version
                ),
            });
        }
        Ok(made)
    }

    /// Where the pointer stands; none when nothing was put away yet.
    pub fn pointer(&self) -> Result<Option<Pointer>, Error> {
        let path = self.folder.join(POINTER);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| cannot(&path, &error))?,
        };
        let read: Result<Pointer, _> = serde_json::from_str(&text);
        let broken = |why: String| Error::Release { path: path.clone(), why };
        match read {
            Ok(pointer) if pointer.format == FORMAT && pointer.current().is_some() => {
                Ok(Some(pointer))
            }
            Ok(_) => Err(broken("it names no release".to_owned())),
            Err(error) => Err(broken(format!("it cannot be read: {error}"))),
        }
    }

    /// Moves the pointer to a set that lies here.
    pub fn point(&self, release: &str, how: &str, now: Timestamp) -> Result<(), Error> {
        let mut pointer = self.pointer()?.unwrap_or(Pointer {
            format: FORMAT,
            stack: Vec::new(),
            history: Vec::new(),
        });
        pointer.stack.push(release.to_owned());
        self.moved(pointer, how, now)
    }

    /// Moves the pointer back to the set before, which must be whole; its name. None: there is none before.
    pub fn back(&self, now: Timestamp) -> Result<Option<String>, Error> {
        let Some(mut pointer) = self.pointer()? else { return Ok(None) };
        pointer.stack.pop();
        let Some(before) = pointer.current().map(str::to_owned) else { return Ok(None) };
        self.compile(&before)?;
        self.moved(pointer, "rollback", now)?;
        Ok(Some(before))
    }

    fn moved(&self, mut pointer: Pointer, how: &str, at: Timestamp) -> Result<(), Error> {
        let release = pointer.current().unwrap_or_default().to_owned();
        pointer.history.push(Move { release, at, how: how.to_owned() });
        let keep = |len: usize| len.saturating_sub(REMEMBERED);
        pointer.stack.drain(..keep(pointer.stack.len()));
        pointer.history.drain(..keep(pointer.history.len()));
        let path = self.folder.join(POINTER);
        let text = serde_json::to_string_pretty(&pointer).unwrap_or_default() + "\n";
        replaced(&path, text.as_bytes()).map_err(|error| cannot(&path, &error))
    }
}

/// A path that stays in the folder it starts in.
fn is_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn write_all(folder: &Path, packed: &Packed) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    for (name, bytes) in &packed.files {
        let path = folder.join(name);
        if let Some(home) = path.parent() {
            std::fs::create_dir_all(home)?;
        }
        written(&path, bytes)?;
        path.parent().map_or(Ok(()), synced)?;
    }
    let manifest = serde_json::to_string_pretty(&packed.manifest).unwrap_or_default() + "\n";
    written(&folder.join(MANIFEST), manifest.as_bytes())?;
    synced(folder)
}

fn written(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Puts bytes in the place of a file, all or nothing.
fn replaced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}", std::process::id()));
    let fresh = PathBuf::from(fresh);
    written(&fresh, bytes)?;
    std::fs::rename(&fresh, path)?;
    path.parent().map_or(Ok(()), synced)
}

/// What a folder lists is on disk.
#[cfg(unix)]
fn synced(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn synced(_: &Path) -> std::io::Result<()> {
    Ok(())
}
