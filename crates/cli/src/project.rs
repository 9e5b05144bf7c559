//! Finds maps and the schemas that belong to them, reads and compiles them.
//!
//! In: paths as the user gave them. Out: compiled maps with all that was found wrong. Must not
//! know: commands, or what a problem looks like.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mapping::Compiled;
use mapping::fault::Fault;
use mapping::plan::Plan;
use mapping::problem::{Report, Severity};
use mapping::schema::{Object, Schemas, System};

use runner::maps::shelf::POINTER;

use crate::org;
use crate::show::{self, Finding};
use crate::terminal::{Color, Stop, shown, tell};

/// Folders in which no maps are looked for.
pub(crate) const SKIPPED: [&str; 2] = ["target", "node_modules"];

/// The maps that the paths mean: a file itself, of a folder all `*.map` in it and below, sorted.
/// No path: the folder that the user is in. Hidden folders are left out. None found: an error.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Stop> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let mut found = Vec::new();
    for path in paths {
        let about = fs::metadata(path).map_err(|error| Stop::file("read", path, &error))?;
        if about.is_dir() {
            collect(path, &mut found)?;
        } else {
            found.push(path.clone());
        }
    }
    if found.is_empty() {
        let places: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Stop::because(
            format!("no maps found in {}", places.join(", ")),
            "name a `.map` file, or a folder with `.map` files in it or below",
        ));
    }
    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Stop> {
    let failed = |error: io::Error| Stop::file("read", folder, &error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?);
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            // Maps that were put away, by a promotion or the service, are nobody's source.
            let is_shelf = entry.path().join(POINTER).is_file();
            if !name.starts_with('.') && !SKIPPED.contains(&name.as_ref()) && !is_shelf {
                collect(&entry.path(), found)?;
            }
        } else if !name.starts_with('.')
            && Path::new(name.as_ref()).extension().is_some_and(|end| end == "map")
        {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// The text of a file. Errors: it is not there, cannot be read, or is not UTF-8.
pub(crate) fn read(path: &Path) -> Result<String, Stop> {
    let bytes = fs::read(path).map_err(|error| Stop::file("read", path, &error))?;
    text_of(bytes, &shown(path))
}

/// Bytes as text; `name` is what they are called when they are not UTF-8.
pub(crate) fn text_of(bytes: Vec<u8>, name: &str) -> Result<String, Stop> {
    String::from_utf8(bytes).map_err(|error| {
        Stop::because(
            format!(
                "{name} is not UTF-8 text: byte {} cannot be read",
                error.utf8_error().valid_up_to()
            ),
            "save the file with the encoding UTF-8",
        )
    })
}

fn shown_path(path: &Path) -> String {
    shown(path)
}

/// A map that was read and compiled.
#[derive(Debug)]
pub(crate) struct Map {
    /// The path as it is shown, also in the plan's faults.
    pub(crate) name: String,
    /// Everything that was found; problems of a schema file only at the first map of its folder.
    pub(crate) findings: Vec<Finding>,
    /// None when the schemas beside the map cannot be read.
    compiled: Option<Compiled>,
}

impl Map {
    /// What was compiled with its plan, when the map has no errors.
    pub(crate) fn usable(&self) -> Option<(&Compiled, &Plan)> {
        let compiled = self.compiled.as_ref()?;
        Some((compiled, compiled.plan.as_ref()?))
    }

    /// Where a line of the plan stands, and what it says. None: no line is meant.
    pub(crate) fn step(&self, map_line: usize) -> Option<Step> {
        let (compiled, plan) = self.usable()?;
        let text = compiled.report.sources().text().lines().nth(map_line.checked_sub(1)?)?;
        let (file, line) = plan.place(map_line);
        Some(Step { file: file.to_owned(), line, text: on_one_line(text) })
    }

    /// The same for a fault, whose line is counted in its file.
    pub(crate) fn step_of(&self, fault: &Fault) -> Option<Step> {
        let (compiled, _) = self.usable()?;
        let mut files = compiled.report.sources().first_lines();
        let (_, first) = files.find(|(name, _)| *name == fault.map)?;
        (fault.map_line > 0).then(|| self.step(first + fault.map_line))?
    }
}

/// A line of a map, or of one that it extends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    /// Blanks outside quotes count once.
    pub(crate) text: String,
}

fn on_one_line(line: &str) -> String {
    let (mut text, mut quoted) = (String::new(), false);
    for c in line.trim().chars() {
        quoted ^= c == '"';
        if quoted || !c.is_whitespace() {
            text.push(c);
        } else if !text.ends_with(' ') {
            text.push(' ');
        }
    }
    text
}

/// Maps that are looked at together, with the schemas beside them.
#[derive(Debug, Default)]
pub(crate) struct Project {
    folders: BTreeMap<PathBuf, Beside>,
    /// The org that takes the place of what is built in.
    org: Option<org::Read>,
    /// What was found before a map was opened, for the first that is.
    early: Vec<Finding>,
}

/// The schemas of a folder with maps.
#[derive(Debug)]
enum Beside {
    Nothing,
    Own(Box<Schemas>),
    Broken,
}

impl Project {
    /// Maps that are looked at against an org (`--org`), or against what is built in.
    pub(crate) fn against(org: Option<&str>, maps: &[PathBuf]) -> Result<Project, Stop> {
        let Some(org) = org else { return Ok(Project::default()) };
        let place = org::place(org, maps)?;
        // A map that cannot be read is reported when it is opened.
        let texts: Vec<String> = maps.iter().filter_map(|map| read(map).ok()).collect();
        let read = org::read(&place, &texts)?;
        Ok(Project { org: Some(read), ..Project::default() })
    }

    /// What is not known of the org, a sentence each.
    pub(crate) fn notes(&self) -> &[String] {
        self.org.as_ref().map_or(&[], |org| &org.notes)
    }

    /// Reads and compiles one map.
    pub(crate) fn open(&mut self, path: &Path) -> Result<Map, Stop> {
        let name = shown(path);
        let text = read(path)?;
        let mut findings = std::mem::take(&mut self.early);
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut bases = |base: &str, asking: &str| {
            runner::serve::base_beside(folder, base, asking, &shown_path)
        };
        let compiled = self
            .schemas(path, &mut findings)?
            .map(|schemas| mapping::compile_with(&name, &text, schemas, &mut bases));
        if let Some(compiled) = &compiled {
            findings.extend(Finding::of_report(&compiled.report));
        } else if let Err(report) = mapping::format(&name, &text) {
            // At least what can be said without schemas.
            findings.extend(Finding::of_report(&report));
        }
        Ok(Map { name, findings, compiled })
    }

    /// What is wrong with a text in the place of a map. None: its schemas cannot be read.
    pub(crate) fn report_of(&mut self, path: &Path, text: &str) -> Option<Report> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut bases = |base: &str, asking: &str| {
            runner::serve::base_beside(folder, base, asking, &shown_path)
        };
        let mut early = std::mem::take(&mut self.early);
        let compiled = match self.schemas(path, &mut early) {
            Ok(Some(schemas)) => {
                Some(mapping::compile_with(&shown(path), text, schemas, &mut bases).report)
            }
            Ok(None) | Err(_) => None,
        };
        self.early = early;
        compiled
    }

    /// The schemas for a map that was opened. None: they cannot be read.
    pub(crate) fn schemas_of(&mut self, map: &Path) -> Result<Option<&Schemas>, Stop> {
        self.schemas(map, &mut Vec::new())
    }

    /// The schemas for the maps of a folder. None: they cannot be read; why is said once.
    fn schemas(
        &mut self,
        map: &Path,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<&Schemas>, Stop> {
        let folder = map.parent().unwrap_or(Path::new("")).to_path_buf();
        let base = match &mut self.org {
            Some(org) => {
                findings.append(&mut org.findings);
                match &org.schemas {
                    Some(schemas) => schemas,
                    None => return Ok(None),
                }
            }
            None => Schemas::built_in(),
        };
        if !self.folders.contains_key(&folder) {
            let beside = load(&folder, base, findings)?;
            self.folders.insert(folder.clone(), beside);
        }
        Ok(match self.folders.get(&folder) {
            Some(Beside::Own(schemas)) => Some(schemas),
            Some(Beside::Broken) => None,
            Some(Beside::Nothing) | None => Some(base),
        })
    }
}

/// Whether an object of a schema file gives way to the org: the org tells it, or it is what is built
/// in and the org does not have it.
fn org_knows_better(object: &Object, base: &Schemas) -> bool {
    let against_org = base.objects(System::Salesforce).any(|known| known.org.is_some());
    let told = base.object(object.system, &object.name).is_some_and(|known| known.org.is_some());
    let built_in = Schemas::built_in().object(object.system, &object.name) == Some(object);
    against_org && object.system == System::Salesforce && (told || built_in)
}

/// Reads `schemas/*.yaml` of a folder, when it has any; its objects replace those of `base` of
/// the same name, but not those of the customer's org.
fn load(folder: &Path, base: &Schemas, findings: &mut Vec<Finding>) -> Result<Beside, Stop> {
    let beside = folder.join("schemas");
    if !beside.is_dir() {
        return Ok(Beside::Nothing);
    }
    let failed = |error: io::Error| Stop::file("read", &beside, &error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(&beside).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        files.push((shown(&path), read(&path)?));
    }
    match Schemas::from_yaml(&files) {
        Ok(own) => {
            let objects = [System::PartnerCenter, System::Salesforce]
                .into_iter()
                .flat_map(|system| own.objects(system))
                .filter(|object| !org_knows_better(object, base))
                .cloned();
            Ok(Beside::Own(Box::new(base.clone().with(objects))))
        }
        Err(problems) => {
            let texts: BTreeMap<&str, &str> =
                files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            findings.extend(problems.iter().map(|problem| {
                Finding::of_schema(problem, texts.get(problem.file.as_str()).unwrap_or(&""))
            }));
            Ok(Beside::Broken)
        }
    }
}

/// Reads and compiles the one map that a command works with. Errors: it cannot be used; what was
/// found is told on stderr first.
pub(crate) fn open_usable(path: &Path, org: Option<&str>, color: Color) -> Result<Map, Stop> {
    let map = Project::against(org, &[path.to_path_buf()])?.open(path)?;
    if map.usable().is_none() {
        tell(&show::human(&errors(&map.findings), color.on_stderr()));
        return Err(Stop::because(
            format!("{} has errors, so it cannot be used", map.name),
            format!("correct what is said above; `cosell check {}` checks it again", map.name),
        ));
    }
    Ok(map)
}

/// Compiles a map against schemas that are not those beside it.
pub(crate) fn compile(path: &Path, schemas: &Schemas) -> Result<Compiled, Stop> {
    let text = read(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut bases =
        |base: &str, asking: &str| runner::serve::base_beside(folder, base, asking, &shown_path);
    Ok(mapping::compile_with(&shown(path), &text, schemas, &mut bases))
}

/// The findings of severity error.
pub(crate) fn errors(findings: &[Finding]) -> Vec<Finding> {
    findings.iter().filter(|finding| finding.severity == Severity::Error).cloned().collect()
}
