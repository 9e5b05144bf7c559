//! `cosell init`: a project to start from.
//!
//! In: a folder, which of the maps, the org if it is named. Out: files that were not there before; what
//! the org calls otherwise, and what it lacks. Must not know: what stands in the files (see `texts`),
//! how names are recognised (see `variants`).

mod texts;
mod variants;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use mapping::plan::Plan;
use mapping::rename;
use mapping::schema::Schemas;
use mapping::{decision::Side, shipped};

use crate::org;
use crate::show;
use crate::terminal::{Color, Outcome, Stop, count, print, shown, tell};

use variants::Found;

/// What is wanted.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) folder: PathBuf,
    pub(crate) org: Option<String>,
    /// Names of shipped maps.
    pub(crate) maps: Vec<String>,
    /// Whole maps instead of overlays.
    pub(crate) copy: bool,
    pub(crate) environment: &'static str,
}

/// A file of the project.
#[derive(Debug)]
struct ProjectFile {
    path: PathBuf,
    text: String,
}

/// A map of the project.
struct Start {
    name: String,
    /// The shipped text.
    base: String,
    found: Found,
}

/// The org that was named.
struct Named {
    /// What `--org` of the other commands calls it.
    name: String,
    schemas: Schemas,
    place: PathBuf,
    /// It stands in the project already.
    within: bool,
}

/// Makes the project.
pub(crate) fn run(options: &Options, color: Color) -> Result<Outcome, Stop> {
    let bases = bases(&options.maps)?;
    let named = match &options.org {
        Some(org) => Some(read_org(org, options, color)?),
        None => None,
    };
    let mut starts = Vec::new();
    for (name, base) in bases {
        let found = match &named {
            Some(org) => compared(&name, &base, &org.schemas),
            None => Found::default(),
        };
        starts.push(Start { name, base, found });
    }
    let files = files(options, named.as_ref(), &starts)?;
    let (new, kept) = write(&options.folder, &files)?;
    let mut told = String::new();
    for path in &new {
        // INVARIANT: writing to a string cannot fail, here and below.
        let _ = writeln!(told, "new   {}", shown(path));
    }
    for path in &kept {
        let _ = writeln!(told, "kept  {}", shown(path));
    }
    print(&told)?;
    tell_differences(options, named.as_ref(), &starts, &kept);
    next(options, named.as_ref());
    Ok(Outcome::Fine)
}

/// The shipped maps of these names, with their texts.
fn bases(names: &[String]) -> Result<Vec<(String, String)>, Stop> {
    let names = if names.is_empty() { shipped::names() } else { names.to_vec() };
    let text = |name: String| match shipped::base(&name) {
        Ok(base) => Ok((name, base.text)),
        Err(known) => Err(Stop::because(
            format!("there is no map `{name}` to start from"),
            format!("name one of {}", known.join(", ")),
        )),
    };
    names.into_iter().map(text).collect()
}

fn read_org(org: &str, options: &Options, color: Color) -> Result<Named, Stop> {
    let inside = options.folder.join("orgs").join(org);
    let place = if inside.exists() { inside } else { org::place(org, &[])? };
    // All of it: what is looked for may be called as no map calls it.
    let read = org::read(&place, &[])?;
    let Some(schemas) = read.schemas else {
        tell(&show::human(&read.findings, color.on_stderr()));
        return Err(Stop::because(
            format!("the org in {} cannot be read", shown(&place)),
            "correct what is said above, or pull the org anew with `cosell schema pull`",
        ));
    };
    let name = place.file_stem().map_or_else(|| "org".to_owned(), |n| n.to_string_lossy().into());
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let within = real(&place).starts_with(real(&options.folder).join("orgs"));
    Ok(Named { name, schemas, place, within })
}

/// What the org has of what a shipped map uses.
fn compared(name: &str, base: &str, org: &Schemas) -> Found {
    let Some(plan) = plan(name, base) else { return Found::default() };
    let ours = Schemas::built_in();
    variants::find(plan.object(Side::Right), &plan.uses(ours), ours, org)
}

fn plan(name: &str, base: &str) -> Option<Plan> {
    mapping::compile(&format!("{name}.map"), base, Schemas::built_in()).plan
}

/// Every file of the project.
fn files(
    options: &Options,
    named: Option<&Named>,
    starts: &[Start],
) -> Result<Vec<ProjectFile>, Stop> {
    let mut files = Vec::new();
    let mut add = |path: String, text: String| {
        files.push(ProjectFile { path: options.folder.join(path), text });
    };
    let names: Vec<&str> = starts.iter().map(|start| start.name.as_str()).collect();
    let org = named.map(|org| org.name.as_str());
    let mut maps: Vec<String> = Vec::new();
    add("cosell.yaml".into(), texts::configuration(&names, options.environment));
    for start in starts {
        let whole = if options.copy {
            start.base.clone()
        } else {
            let changes = rename::changes(&start.base, &start.found.renames);
            let removals = rename::removals(&start.base, &start.found.lacking);
            texts::overlay(&start.name, &changes, &removals, &start.found.misfits)
        };
        // A line that cannot be laid out is shown as it is, by `check` too.
        let text = mapping::format("map", &whole).unwrap_or(whole);
        for record in texts::records(&text) {
            if let Some(text) = shipped::record(&record) {
                add(format!("maps/{record}"), text.to_owned());
            }
        }
        maps.extend([start.base.clone(), text.clone()]);
        add(format!("maps/{}.map", start.name), text);
    }
    add(".github/workflows/cosell.yml".into(), texts::workflow(org));
    add(".gitignore".into(), texts::IGNORED.to_owned());
    add("README.md".into(), texts::readme(&names, org));
    if let Some(org) = named.filter(|org| !org.within) {
        for (path, text) in org::files(&org.place, &maps)? {
            add(format!("orgs/{}/{path}", org.name), text);
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}

/// Writes what is not there. Gives the new files and those that were kept.
fn write(folder: &Path, files: &[ProjectFile]) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Stop> {
    if folder.exists() && !folder.is_dir() {
        return Err(Stop::because(
            format!("{} is a file", shown(folder)),
            "name a folder, or one that is to be made",
        ));
    }
    let (mut new, mut kept) = (Vec::new(), Vec::new());
    for ProjectFile { path, text } in files {
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| Stop::file("make", parent, &error))?;
        // Never over a file, also not one that appears at this moment.
        match fs::OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(mut file) => {
                let written = file.write_all(text.as_bytes());
                written.map_err(|error| Stop::file("write", path, &error))?;
                new.push(path.clone());
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                kept.push(path.clone());
            }
            Err(error) => return Err(Stop::file("write", path, &error)),
        }
    }
    Ok((new, kept))
}

/// What the org calls otherwise, what is unclear, what it lacks.
fn tell_differences(options: &Options, named: Option<&Named>, starts: &[Start], kept: &[PathBuf]) {
    let Some(org) = named else { return };
    for start in starts {
        let Found { renames, lacking, unclear, misfits, objects: _ } = &start.found;
        let lists = renames.lists.values().flatten();
        for (ours, theirs) in renames.own.iter().chain(lists) {
            tell(&format!("{}: {ours} is {theirs} in {}\n", start.name, org.name));
        }
        let path = options.folder.join(format!("maps/{}.map", start.name));
        if (kept.contains(&path) || options.copy) && !renames.is_empty() {
            tell(&format!("note: these lines of an overlay say so to {}:\n", shown(&path)));
            for line in rename::changes(&start.base, renames) {
                tell(&format!("  {line}\n"));
            }
        }
        for (name, fields) in unclear {
            let fields = fields.join(", ");
            tell(&format!("note: {name} may be {fields}: write a `change` line yourself\n"));
        }
        for misfit in misfits {
            tell(&format!(
                "note: {}: {}: it cannot be used for it\n  to do: have it made as {} in {}, or leave both as they are: the package makes {} beside it\n",
                start.name,
                misfit.told(),
                misfit.wanted.phrase(),
                org.name,
                misfit.ours,
            ));
        }
        let gone: Vec<&str> = lacking
            .own
            .iter()
            .chain(lacking.lists.values().flatten())
            .map(String::as_str)
            .collect();
        if !gone.is_empty() {
            tell(&format!(
                "note: {} has no field for {}: {}\n  to do: `cosell salesforce package -o salesforce maps --org {}` makes them; or take the `#` away before their lines in {}\n",
                org.name,
                count(gone.len(), "name"),
                gone.join(", "),
                org.name,
                shown(&path),
            ));
        }
    }
}

fn next(options: &Options, named: Option<&Named>) {
    let enter = match shown(&options.folder) {
        here if here.is_empty() || here == "." => String::new(),
        folder => format!("cd {folder} && "),
    };
    let org = named.map_or_else(String::new, |org| format!(" --org {}", org.name));
    tell(&format!("next: {enter}cosell check{org} && cosell test{org}\n"));
}
