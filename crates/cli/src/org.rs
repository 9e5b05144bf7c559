//! Finds a customer's org on disk and reads what the maps need of it.
//!
//! In: a path, or a name under `orgs/`; the texts of the maps. Out: the org's schemas and notes, or
//! what is wrong with its files. Must not know: what a describe or a field file says.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mapping::problem::nearest;
use mapping::schema::{Org, OrgFile, Schemas, System};

use crate::project::SKIPPED;
use crate::show::Finding;
use crate::terminal::{Stop, shown};

/// Files of at most this size are read; a describe of 900 fields has 3 MB.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Most folders below one another.
const DEEPEST: usize = 32;

/// An org that was read.
#[derive(Debug)]
pub(crate) struct Read {
    /// None: its files are wrong, and the findings say how.
    pub(crate) schemas: Option<Schemas>,
    pub(crate) findings: Vec<Finding>,
    /// What is not known of the org, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// Where the org's files are: the path itself, or `orgs/NAME` of the project (the folder that the
/// user is in, or one above it or above the maps).
pub(crate) fn place(org: &str, maps: &[PathBuf]) -> Result<PathBuf, Stop> {
    let path = Path::new(org);
    if path.exists() {
        return Ok(path.to_path_buf());
    }
    let here = std::env::current_dir().map_err(|e| Stop::file("read", Path::new("."), &e))?;
    let starts = maps.iter().filter_map(|map| here.join(map).parent().map(Path::to_path_buf));
    let mut known: Vec<String> = Vec::new();
    for start in std::iter::once(here.clone()).chain(starts) {
        for folder in start.ancestors() {
            let orgs = folder.join("orgs");
            if orgs.join(org).exists() {
                return Ok(orgs.join(org));
            }
            known.extend(names_in(&orgs));
        }
    }
    known.sort();
    known.dedup();
    let help = match nearest(org, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => {
            "name a folder or file with the org's describe or SFDX source, or put it under `orgs/NAME`"
                .to_owned()
        }
        None => format!("name a path, or one of {}", known.join(", ")),
    };
    Err(Stop::because(format!("there is no org `{org}`"), help))
}

fn names_in(orgs: &Path) -> Vec<String> {
    let entries = fs::read_dir(orgs).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The files of the org at `path` that maps with these texts need, each with its path below it and its
/// text.
pub(crate) fn files(path: &Path, maps: &[String]) -> Result<Vec<(String, String)>, Stop> {
    let root = shown(path);
    let below = |name: &str| {
        let below = name.strip_prefix(&root).map(|rest| rest.trim_start_matches(['/', '\\']));
        let alone = Path::new(name).file_name().map(|name| name.to_string_lossy().into_owned());
        match below.filter(|below| !below.is_empty()) {
            Some(below) => below.to_owned(),
            None => alone.unwrap_or_default(),
        }
    };
    let files = files_of(path, &words_of(maps))?;
    Ok(files.into_iter().map(|(name, text)| (below(&name), text)).collect())
}

fn words_of(maps: &[String]) -> BTreeSet<&str> {
    maps.iter().flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_'))).collect()
}

fn files_of(path: &Path, words: &BTreeSet<&str>) -> Result<Vec<(String, String)>, Stop> {
    let mut paths = Vec::new();
    if path.is_dir() {
        collect(path, &mut paths, 0)?;
    } else {
        paths.push(path.to_path_buf());
    }
    needed(&paths, words, path)
}

/// Reads the org at `path`, as far as maps with these texts need it; all of it without maps.
pub(crate) fn read(path: &Path, maps: &[String]) -> Result<Read, Stop> {
    let words = words_of(maps);
    let files = files_of(path, &words)?;
    let name = path.file_name().map_or_else(|| shown(path), |n| n.to_string_lossy().into_owned());
    Ok(match Org::read(&name, &files) {
        Ok(org) => {
            if org.objects.is_empty() {
                return Err(Stop::because(
                    format!("{} holds nothing that describes an org", shown(path)),
                    "name a folder with describes (`Opportunity.json`), SFDX source (`objects/`), `.object` files or schema files",
                ));
            }
            let notes =
                org.notes.iter().filter_map(|note| note.for_those_who_use(&words)).collect();
            let schemas = org.schemas(Schemas::built_in());
            Read { schemas: Some(schemas), findings: Vec::new(), notes }
        }
        Err(problems) => {
            let text = |file: &str| files.iter().find(|(name, _)| name == file);
            let finding = |problem: &mapping::schema::SchemaProblem| {
                Finding::of_schema(problem, text(&problem.file).map_or("", |file| &file.1))
            };
            let findings = problems.iter().map(finding).collect();
            Read { schemas: None, findings, notes: Vec::new() }
        }
    })
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>, depth: usize) -> Result<(), Stop> {
    let failed = |error: io::Error| Stop::file("read", folder, &error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?);
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || SKIPPED.contains(&name.as_ref()) {
            continue;
        }
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && depth < DEEPEST {
            collect(&entry.path(), found, depth + 1)?;
        } else if !kind.is_dir() && OrgFile::of(&entry.path().to_string_lossy()).is_some() {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// Shows every file of an org's folder that is not hidden. What cannot be read is left out.
pub(crate) fn each_file(place: &Path, look: &mut impl FnMut(&Path)) {
    fn walk(folder: &Path, depth: usize, look: &mut dyn FnMut(&Path)) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') || SKIPPED.contains(&name.as_ref()) {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEEPEST => {
                    walk(&entry.path(), depth + 1, look);
                }
                Ok(kind) if kind.is_file() => look(&entry.path()),
                Ok(_) | Err(_) => {}
            }
        }
    }
    walk(place, 0, look);
}

/// The files of the objects that the maps need: those of every org, those that the maps name, and
/// those that a relationship of the maps leads to.
fn needed(
    paths: &[PathBuf],
    words: &BTreeSet<&str>,
    root: &Path,
) -> Result<Vec<(String, String)>, Stop> {
    let mut wanted: BTreeSet<String> = Schemas::built_in()
        .objects(System::Salesforce)
        .map(|object| object.name.clone())
        .chain(words.iter().map(|word| (*word).to_owned()))
        .collect();
    let stems: Vec<&str> = words.iter().filter_map(|word| word.strip_suffix("__r")).collect();
    let single = paths.len() == 1 && paths.first().is_some_and(|path| path == root);
    let describes = paths.iter().filter(|p| p.extension().is_some_and(|e| e == "json")).count();
    let mut files: Vec<(String, String, String)> = Vec::new();
    for path in paths {
        let shown_path = path.to_string_lossy();
        let Some((kind, owner)) = OrgFile::of(&shown_path) else { continue };
        let of_object = match kind {
            OrgFile::StandardValueSet | OrgFile::GlobalValueSet | OrgFile::Yaml => false,
            // A few files may be called as one likes.
            OrgFile::Describe => describes > 50,
            OrgFile::Field
            | OrgFile::Object
            | OrgFile::RecordType
            | OrgFile::Process
            | OrgFile::WholeObject => true,
        };
        if of_object && stems.is_empty() && !words.is_empty() && !wanted.contains(owner) {
            continue;
        }
        let Some(text) = text_of(path)? else { continue };
        // What is called as an object, where `pull` puts its describe, is meant to be one.
        let meant = single || path.parent() == Some(root) && wanted.contains(owner);
        if !is_of_another_tool(kind, meant, &text) {
            let owner = if of_object { owner.to_owned() } else { String::new() };
            files.push((owner, shown(path), text));
        }
    }
    // Follow the relationships that the maps name.
    for _ in 0..4 {
        let known = wanted.len();
        for (owner, _, text) in &files {
            let names_child = |stem: &&str| text.contains(&format!("<relationshipName>{stem}<"));
            if stems.iter().any(names_child) {
                wanted.insert(owner.clone());
            }
            let leads = |stem: &&str| text.contains(&format!("<fullName>{stem}__c<"));
            if wanted.contains(owner) && stems.iter().any(leads) {
                wanted.extend(targets(text));
            }
        }
        if wanted.len() == known {
            break;
        }
    }
    // Without a map everything is asked for.
    files.retain(|(owner, _, _)| words.is_empty() || owner.is_empty() || wanted.contains(owner));
    Ok(files.into_iter().map(|(_, path, text)| (path, text)).collect())
}

/// The objects that lookups of a metadata file lead to.
fn targets(text: &str) -> impl Iterator<Item = String> + '_ {
    let after = text.split("<referenceTo>").skip(1);
    after.filter_map(|rest| rest.split('<').next()).map(str::to_owned)
}

/// Whether a file is no business of a map: the settings of some tool, or records.
fn is_of_another_tool(kind: OrgFile, meant: bool, text: &str) -> bool {
    let no_schema = kind == OrgFile::Yaml && !is_schema(text);
    no_schema || kind == OrgFile::Describe && !meant && !is_describe(text)
}

/// Whether a YAML file is a schema, and not the settings of some tool.
fn is_schema(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("system:"))
}

/// Whether a JSON file may be a describe, and not the settings of some tool.
fn is_describe(text: &str) -> bool {
    text.contains("\"fields\"")
        && (text.contains("\"createable\"") || text.contains("\"nillable\""))
}

/// The text of a file. None: it is larger than any description of an object.
fn text_of(path: &Path) -> Result<Option<String>, Stop> {
    let failed = |error: io::Error| Stop::file("read", path, &error);
    if fs::metadata(path).map_err(failed)?.len() > LARGEST {
        return Ok(None);
    }
    let bytes = fs::read(path).map_err(failed)?;
    crate::project::text_of(bytes, &shown(path)).map(Some)
}
