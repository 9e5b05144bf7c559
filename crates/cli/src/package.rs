//! `cosell salesforce package`: what the maps need in Salesforce, as source to deploy.
//!
//! In: maps, the org if it is named. Out: SFDX source: fields, objects, pages, settings, permission
//! sets. Must not know: how the source gets into an org.

mod events;
mod fields;
mod files;
mod page;
mod rights;
mod xml;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mapping::decision::Side;
use mapping::plan::{Plan, Uses};
use mapping::schema::{Object, Schemas, System};

use crate::org;
use crate::project::{Project, find};
use crate::show;
use crate::terminal::{Color, Outcome, Stop, count, print, shown, tell};

use files::Written;
use xml::{document, flag, group};

/// The version of the API that the source is written for.
const API_VERSION: &str = "64.0";

/// What is wanted.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) maps: Vec<PathBuf>,
    pub(crate) org: Option<String>,
    pub(crate) out: PathBuf,
    pub(crate) force: bool,
    /// Objects are selected for change events, too.
    pub(crate) events: bool,
}

/// A file of the package, below `force-app/main/default`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SourceFile {
    path: String,
    text: String,
}

/// Whether a name is that of something custom.
fn custom(name: &str) -> bool {
    name.ends_with("__c")
}

/// Whether a custom name has a namespace: only its package can bring it.
fn of_a_package(name: &str) -> bool {
    name.strip_suffix("__c").is_some_and(|stem| stem.contains("__"))
}

/// What all maps together need.
#[derive(Debug, Default)]
struct Needed {
    uses: Uses,
    /// The objects that the maps are about.
    roots: BTreeSet<String>,
    /// Every object that is known, with the fields that are to be made.
    schemas: Schemas,
    /// By `OBJECT.FIELD`, the values that tables write.
    values: BTreeMap<String, Vec<String>>,
    /// The objects whose changes are heard of.
    watched: BTreeSet<String>,
    names: Vec<String>,
}

impl Needed {
    fn add(&mut self, plan: &Plan, schemas: &Schemas) {
        for (name, used) in plan.uses(schemas) {
            let known = self.uses.entry(name.clone()).or_default();
            known.create |= used.create;
            known.edit |= used.edit;
            known.delete |= used.delete;
            for (field, used) in used.fields {
                let known = known.fields.entry(field).or_default();
                known.write |= used.write;
                known.told |= used.told;
            }
            if self.schemas.object(System::Salesforce, &name).is_none()
                && let Some(object) = schemas.object(System::Salesforce, &name)
            {
                self.schemas = std::mem::take(&mut self.schemas).with([object.clone()]);
            }
        }
        let root = plan.object(Side::Right);
        for field in self.uses.get(root).map(|used| used.fields.keys()).into_iter().flatten() {
            let values = self.values.entry(format!("{root}.{field}")).or_default();
            values.extend(plan.values_written(field));
        }
        self.roots.insert(root.to_owned());
        self.watched.insert(root.to_owned());
        let children = plan.reads(Side::Right).children.into_iter();
        self.watched.extend(children.map(|child| child.object));
        self.names.push(plan.name().to_owned());
    }
}

/// A package, before it is written.
#[derive(Debug, Default)]
struct Package {
    files: Vec<SourceFile>,
    /// What is not in it, and why.
    notes: Vec<String>,
    fields: usize,
    there: usize,
}

/// Makes the package of the maps and writes it.
pub(crate) fn run(options: &Options, color: Color) -> Result<Outcome, Stop> {
    let maps = find(&options.maps)?;
    let place = options.org.as_deref().map(|org| org::place(org, &maps)).transpose()?;
    let org = match &place {
        Some(place) => Some(read_org(place, &maps, color)?),
        None => None,
    };
    let mut needed = Needed::default();
    for map in &maps {
        add(&mut needed, map, org.as_ref(), color)?;
    }
    let layouts = place.map_or_else(Vec::new, |place| layouts(&place));
    let mut package = package(&needed, org.as_ref(), &layouts);
    if options.events {
        let (files, notes) = events::members(&needed.watched);
        package.files.extend(files);
        package.notes.extend(notes);
    }
    let project = format!(
        "{{\n  \"packageDirectories\": [{{ \"path\": \"force-app\", \"default\": true }}],\n  \
         \"name\": \"cosell\",\n  \"namespace\": \"\",\n  \"sourceApiVersion\": \"{API_VERSION}\"\n}}\n"
    );
    let written = files::write(&options.out, &project, &package.files, options.force)?;
    print(&told(&package, &written))?;
    for note in &package.notes {
        tell(&format!("note: {note}\n"));
    }
    let out = shown(&options.out);
    tell(&format!("next: cd {out} && sf project deploy start --source-dir force-app\n"));
    Ok(Outcome::Fine)
}

fn read_org(place: &Path, maps: &[PathBuf], color: Color) -> Result<Schemas, Stop> {
    let texts: Vec<String> = maps.iter().filter_map(|map| crate::project::read(map).ok()).collect();
    let read = org::read(place, &texts)?;
    read.schemas.ok_or_else(|| {
        tell(&show::human(&read.findings, color.on_stderr()));
        Stop::because(
            format!("the org in {} cannot be read", shown(place)),
            "correct what is said above, or pull the org anew with `cosell schema pull`",
        )
    })
}

/// Compiles a map against the org as it will be, and adds what it needs.
fn add(needed: &mut Needed, map: &Path, org: Option<&Schemas>, color: Color) -> Result<(), Stop> {
    let mut project = Project::default();
    let plain = project.open(map)?;
    let Some(beside) = project.schemas_of(map)?.cloned() else {
        tell(&show::human(&crate::project::errors(&plain.findings), color.on_stderr()));
        return Err(cannot_use(map));
    };
    if let Some(org) = org {
        let whole = org.completed_by(&beside);
        let compiled = crate::project::compile(map, &whole)?;
        if let Some(plan) = &compiled.plan {
            needed.add(plan, &whole);
            return Ok(());
        }
    }
    // What the org calls otherwise, such as its stages, does not change which fields are needed.
    if let Some((_, plan)) = plain.usable() {
        needed.add(plan, &beside);
        return Ok(());
    }
    tell(&show::human(&crate::project::errors(&plain.findings), color.on_stderr()));
    Err(cannot_use(map))
}

fn cannot_use(map: &Path) -> Stop {
    let map = shown(map);
    Stop::because(
        format!("{map} has errors, so what it needs is not known"),
        format!("correct what is said above; `cosell check {map}` checks it again"),
    )
}

/// The layouts of an org's source, with their paths.
fn layouts(place: &Path) -> Vec<SourceFile> {
    let mut found = Vec::new();
    org::each_file(place, &mut |path| {
        let name = path.to_string_lossy().into_owned();
        if name.ends_with(".layout-meta.xml")
            && let Ok(text) = std::fs::read_to_string(path)
        {
            found.push(SourceFile { path: name, text });
        }
    });
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The whole package.
fn package(needed: &Needed, org: Option<&Schemas>, layouts: &[SourceFile]) -> Package {
    let mut package = Package::default();
    let mut new_objects = BTreeSet::new();
    for (name, used) in &needed.uses {
        let Some(object) = needed.schemas.object(System::Salesforce, name) else { continue };
        let there = org.and_then(|org| org.object(System::Salesforce, name));
        let there = there.filter(|object| object.org.is_some());
        if there.is_none()
            && org.is_some()
            && !custom(name)
            && used.fields.keys().any(|f| custom(f))
        {
            let note = format!("the org's files do not tell of {name}: all its fields are written");
            package.notes.push(note);
        }
        if custom(name) && there.is_none() {
            if of_a_package(name) {
                package.notes.push(format!("{name} is of a package, which has to be installed"));
                continue;
            }
            new_objects.insert(name.clone());
            package.files.push(fields::object(object));
        }
        let wanted = |field: &&mapping::schema::Field| {
            custom(&field.name)
                && (used.fields.contains_key(&field.name) || fields::is_detail(field))
        };
        for field in object.fields.iter().filter(wanted) {
            if there.is_some_and(|there| there.field(&field.name).is_some()) {
                package.there += 1;
                continue;
            }
            add_field(&mut package, needed, object, field);
        }
    }
    package.files.extend(page::pages(
        &needed.uses,
        &needed.roots,
        &new_objects,
        &needed.schemas,
        layouts,
    ));
    package.files.extend(settings(org));
    package.files.push(rights::service(&needed.uses, &needed.schemas));
    package.files.push(rights::seller(&needed.uses, &needed.roots, &needed.schemas));
    package
}

fn add_field(
    package: &mut Package,
    needed: &Needed,
    object: &Object,
    field: &mapping::schema::Field,
) {
    let name = format!("{}.{}", object.name, field.name);
    if of_a_package(&field.name) {
        package.notes.push(format!("{name} is of a package, which has to be installed"));
        return;
    }
    let values = needed.values.get(&name).map_or(&[][..], Vec::as_slice);
    match fields::field(object, field, values, &needed.schemas) {
        Ok(file) => {
            package.fields += 1;
            package.files.push(file);
        }
        Err(why) => package.notes.push(format!("{name} is left out: {why}; make it by hand")),
    }
}

/// What has to be switched on. What the org shows already is on.
fn settings(org: Option<&Schemas>) -> Vec<SourceFile> {
    let is_on = |object: &str| {
        let known = org.and_then(|org| org.object(System::Salesforce, object));
        known.is_some_and(|object| object.org.is_some())
    };
    let mut all = Vec::new();
    if !is_on("ContentNote") {
        all.push(setting("EnhancedNotes", "EnhancedNotesSettings", "enableEnhancedNotes"));
    }
    if !is_on("OpportunityTeamMember") {
        all.push(setting("Opportunity", "OpportunitySettings", "enableOpportunityTeam"));
    }
    all
}

fn setting(file: &str, root: &'static str, name: &'static str) -> SourceFile {
    let path = format!("settings/{file}.settings-meta.xml");
    SourceFile { path, text: document(&group(root, [flag(name, true)])) }
}

fn told(package: &Package, written: &Written) -> String {
    let mut text = String::new();
    for (what, paths) in
        [("new", &written.new), ("replaced", &written.replaced), ("the same", &written.same)]
    {
        for path in paths {
            // INVARIANT: writing to a string cannot fail, here and below.
            let _ = writeln!(text, "{what:<9} {}", shown(path));
        }
    }
    let _ = write!(text, "\n{} to make", count(package.fields, "field"));
    if package.there > 0 {
        let _ = write!(text, ", {} there already", package.there);
    }
    text.push('\n');
    text
}
