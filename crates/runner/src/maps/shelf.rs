//! A folder of maps that were put away: each set under its own hash, and a pointer to the one that counts.
//!
//! In: compiled bundles. Out: folders that never change, a pointer that is replaced whole, bundles read back byte
//! by byte. Must not know: why something is put away. A crash at any point leaves the old state or the new one.

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
const POINTER: &str = "current.json";
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
        let made = bundle.compile()?;
        if made.hashes() != manifest.plans {
            return Err(Error::Release {
                path: self.place(release),
                why: format!(
                    "this program ({}) makes another plan of its maps than the one that they were promoted with ({})",
                    env!("CARGO_PKG_VERSION"),
                    manifest.version
                ),
            });
        }
        Ok((manifest, bundle, made))
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

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = include_str!("../../../../mappings/opportunity.map");
    const SCHEMAS: [&str; 4] =
        ["lead.yaml", "opportunity.yaml", "referral.yaml", "salesforce.yaml"];
    const OVERLAY: &str = "extends opportunity\nmapping own \"Own\"\n";

    fn bundle(folder: &Path, text: &str) -> (Bundle, Made) {
        let path = folder.join("opportunity.map");
        std::fs::write(&path, text).unwrap();
        let bundle = Bundle::read(&[path]).unwrap();
        let made = bundle.compile().unwrap();
        (bundle, made)
    }

    fn packed(folder: &Path, text: &str) -> Packed {
        let (bundle, made) = bundle(folder, text);
        Packed::of(&bundle, &made)
    }

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    #[test]
    fn what_was_put_away_is_read_back_and_one_changed_byte_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().join("releases"));
        let packed = packed(folder.path(), MAP);
        let release = packed.manifest.release.clone();
        shelf.put(&packed).unwrap();
        shelf.put(&packed).unwrap();
        let (manifest, _, made) = shelf.compile(&release).unwrap();
        assert_eq!(
            (manifest.plans, manifest.maps),
            (made.hashes(), vec!["maps/opportunity.map".to_owned()])
        );
        let file = shelf.place(&release).join("maps/opportunity.map");
        std::fs::write(&file, MAP.replacen("Co-sell", "Co-Sell", 1)).unwrap();
        let said = shelf.open(&release).unwrap_err().to_string();
        assert!(
            said.contains("maps/opportunity.map: it is not the file that was promoted"),
            "{said}"
        );
        // Also when the list was changed to fit.
        let list = shelf.place(&release).join("manifest.json");
        let text = std::fs::read_to_string(&list).unwrap();
        let sum = sha256(&std::fs::read(&file).unwrap());
        std::fs::write(&list, text.replace(&sha256(MAP.as_bytes()), &sum)).unwrap();
        let said = shelf.open(&release).unwrap_err().to_string();
        assert!(said.contains("manifest.json: it is not the list"), "{said}");
        std::fs::remove_file(&file).unwrap();
        assert!(shelf.open(&release).is_err());
        // Putting it away again makes it whole.
        shelf.put(&packed).unwrap();
        shelf.compile(&release).unwrap();
    }

    #[test]
    fn bases_and_schemas_go_along_and_other_maps_do_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("schemas")).unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings/schemas");
        for name in SCHEMAS {
            std::fs::copy(shipped.join(name), path("schemas").join(name)).unwrap();
        }
        std::fs::write(path("opportunity.map"), MAP).unwrap();
        std::fs::write(path("own.map"), OVERLAY).unwrap();
        std::fs::write(path("other.map"), "no map at all").unwrap();
        let read = || {
            let bundle = Bundle::read(&[path("own.map")]).unwrap();
            let made = bundle.compile().unwrap();
            (bundle.fingerprint(), Packed::of(&bundle, &made))
        };
        let (print, first) = read();
        let names: Vec<&str> = first.manifest.files.keys().map(String::as_str).collect();
        let mut wanted = vec!["maps/opportunity.map".to_owned(), "maps/own.map".to_owned()];
        wanted.extend(SCHEMAS.map(|name| format!("maps/schemas/{name}")));
        assert_eq!(names, wanted);
        std::fs::write(path("other.map"), "still none").unwrap();
        let (other, second) = read();
        assert_ne!(print, other, "whatever may matter is noticed");
        assert_eq!(second, first);
        let shelf = Shelf::new(path("releases"));
        shelf.put(&first).unwrap();
        assert_eq!(
            shelf.compile(&first.manifest.release).unwrap().2.hashes(),
            first.manifest.plans
        );
    }

    #[test]
    fn the_pointer_goes_on_and_back_and_keeps_what_was_done() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().join("releases"));
        assert_eq!(shelf.pointer().unwrap(), None);
        assert_eq!(shelf.back(now()).unwrap(), None);
        let texts = [MAP.to_owned(), format!("{MAP}# two\n"), format!("{MAP}# three\n")];
        let names = texts.map(|text| {
            let packed = packed(folder.path(), &text);
            shelf.put(&packed).unwrap();
            shelf.point(&packed.manifest.release, "promote", now()).unwrap();
            packed.manifest.release
        });
        let [one, two, three] = &names;
        let current = || shelf.pointer().unwrap().unwrap().current().unwrap().to_owned();
        assert_eq!(current(), *three);
        assert_eq!(shelf.back(now()).unwrap().as_ref(), Some(two));
        assert_eq!(shelf.back(now()).unwrap().as_ref(), Some(one));
        assert_eq!(shelf.back(now()).unwrap(), None);
        shelf.point(three, "promote", now()).unwrap();
        // One that is broken is not gone back to.
        std::fs::write(shelf.place(one).join("maps/opportunity.map"), "no map").unwrap();
        assert!(shelf.back(now()).is_err());
        assert_eq!(current(), *three);
        let history = shelf.pointer().unwrap().unwrap().history;
        let done: Vec<&str> = history.iter().map(|step| step.how.as_str()).collect();
        assert_eq!(done, ["promote", "promote", "promote", "rollback", "rollback", "promote"]);
    }
}
