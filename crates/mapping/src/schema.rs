//! What the two systems' records look like: YAML text in, objects and answers about paths out.
//!
//! Must not know: maps, plans, records, files. The YAML library is named only in `schema/read.rs`.

mod describe;
mod description;
mod field;
mod find;
mod form;
mod index;
mod kind;
mod metadata;
mod model;
mod note;
mod object;
mod org;
mod read;
mod standard;
mod xml;
#[cfg(test)]
mod json_schema_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod yaml_tests;

use std::fmt;
use std::sync::OnceLock;

pub use description::{Description, Difference};
pub use find::{Found, Miss, MissKind, Place};
pub use index::Index;
pub use kind::{Access, Kind, System};
pub(crate) use model::first_step;
pub use model::{Child, Converts, Field, Invites, Object, PickValue, RecordType, Required, States};
pub use note::Note;
pub use org::{Org, OrgFile};
pub(crate) use standard::is_process_field;

use form::{Complaint, Complaints, did_you_mean};
use object::{File, Lookup};
use read::LineColumn;

/// The largest schema file that is read, in bytes.
const LARGEST: usize = 2 * 1024 * 1024;

/// How many problems of one file are reported one by one.
const MOST_PROBLEMS: usize = 100;

/// Objects of both systems.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schemas {
    objects: Vec<Object>,
    /// Where the objects of each system stand.
    index: [Index; 2],
}

/// Something wrong in a schema file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// The file's name, as given.
    pub file: String,
    /// Where, from 1.
    pub line: usize,
    /// Where in the line, in characters, from 1.
    pub column: usize,
    /// What is wrong: what was expected and what was found.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for SchemaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl std::error::Error for SchemaProblem {}

impl Schemas {
    /// The schemas that are part of the program: the referral and the standard Salesforce objects
    /// with the connector's fields.
    pub fn built_in() -> &'static Schemas {
        static BUILT_IN: OnceLock<Schemas> = OnceLock::new();
        BUILT_IN.get_or_init(|| {
            let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
            let files: Vec<(String, String)> = Self::built_in_files().iter().map(own).collect();
            // INVARIANT: they have no problems; a test reads them.
            Schemas::from_yaml(&files).unwrap_or_default()
        })
    }

    /// The files that [`Schemas::built_in`] is read from: name and text.
    pub fn built_in_files() -> &'static [(&'static str, &'static str)] {
        &[
            ("referral.yaml", include_str!("../../../mappings/schemas/referral.yaml")),
            ("opportunity.yaml", include_str!("../../../mappings/schemas/opportunity.yaml")),
            ("lead.yaml", include_str!("../../../mappings/schemas/lead.yaml")),
            ("salesforce.yaml", include_str!("../../../mappings/schemas/salesforce.yaml")),
        ]
    }

    /// Reads schema files, each given as its name and its text.
    ///
    /// # Errors
    /// All problems of all files, by file and place.
    pub fn from_yaml(files: &[(String, String)]) -> Result<Schemas, Vec<SchemaProblem>> {
        let mut readings: Vec<Reading<'_>> =
            files.iter().map(|(name, text)| Reading::new(name, text)).collect();
        let mut schemas = Schemas::default();
        let mut homes: Vec<&str> = Vec::new();
        for reading in &mut readings {
            for (object, path) in std::mem::take(&mut reading.file.objects) {
                let known = schemas.position(object.system, &object.name);
                if let Some(home) = known.and_then(|at| homes.get(at)) {
                    let message = format!("object `{}` is already in {home}", object.name);
                    let help = "remove one of the two".to_owned();
                    reading.complaints.0.push(Complaint { path, message, help });
                } else {
                    schemas.objects.push(object);
                    homes.push(reading.name);
                }
            }
        }
        for reading in &mut readings {
            let lookups = std::mem::take(&mut reading.file.lookups);
            let wrong = lookups.into_iter().filter_map(|lookup| schemas.child_field(lookup));
            reading.complaints.0.extend(wrong);
        }
        let problems: Vec<SchemaProblem> =
            readings.into_iter().flat_map(Reading::into_problems).collect();
        if problems.is_empty() { Ok(schemas) } else { Err(problems) }
    }

    /// The schemas of these objects; of two with one name and system the later stays.
    pub fn new(objects: impl IntoIterator<Item = Object>) -> Schemas {
        Schemas::default().with(objects)
    }

    /// These schemas with `objects` added, or put in the place of those of the same name.
    #[must_use]
    pub fn with(mut self, objects: impl IntoIterator<Item = Object>) -> Schemas {
        for object in objects {
            let known = self.position(object.system, &object.name);
            match known.and_then(|at| self.objects.get_mut(at)) {
                Some(place) => *place = object,
                None => self.objects.push(object),
            }
        }
        self
    }

    /// These schemas with the custom objects, custom fields and lists of child records of `other` that
    /// they lack.
    #[must_use]
    pub fn completed_by(&self, other: &Schemas) -> Schemas {
        let custom = |name: &str| name.ends_with("__c");
        let completed = other.objects(System::Salesforce).map(|theirs| {
            let Some(own) = self.object(System::Salesforce, &theirs.name) else {
                return theirs.clone();
            };
            let mut object = own.clone();
            let lacks = |field: &&Field| custom(&field.name) && own.field(&field.name).is_none();
            object.fields.extend(theirs.fields.iter().filter(lacks).cloned());
            let lists = theirs.children.iter();
            let lists = lists.filter(|list| own.child(&list.relationship).is_none());
            object.children.extend(lists.filter(|list| custom(&list.object)).cloned());
            object
        });
        let completed: Vec<Object> = completed.collect();
        self.clone().with(completed)
    }

    /// The object of that name (exactly as written).
    pub fn object(&self, system: System, name: &str) -> Option<&Object> {
        let index = match system {
            System::PartnerCenter => &self.index[0],
            System::Salesforce => &self.index[1],
        };
        index.find(&self.objects, name, |object| {
            (object.system == system).then_some(object.name.as_str())
        })
    }

    /// All objects of a system, in the order of the files.
    pub fn objects(&self, system: System) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(move |object| object.system == system)
    }

    fn position(&self, system: System, name: &str) -> Option<usize> {
        self.objects.iter().position(|object| object.system == system && object.name == name)
    }

    /// A child relationship whose field is missing on a known child object.
    fn child_field(&self, lookup: Lookup) -> Option<Complaint> {
        let object = self.object(lookup.system, &lookup.object)?;
        if object.field(&lookup.field).is_some() {
            return None;
        }
        let names: Vec<&str> = object.fields.iter().map(|field| field.name.as_str()).collect();
        let message = format!("`{}` has no field `{}`", lookup.object, lookup.field);
        let help = did_you_mean(&lookup.field, &names);
        Some(Complaint { path: lookup.path, message, help })
    }
}

/// One file while it is read.
struct Reading<'f> {
    name: &'f str,
    text: &'f str,
    file: File,
    complaints: Complaints,
    /// Why the file is no YAML.
    unreadable: Option<SchemaProblem>,
}

impl<'f> Reading<'f> {
    fn new(name: &'f str, text: &'f str) -> Reading<'f> {
        let mut complaints = Complaints::default();
        let (file, unreadable) = match read_text(name, text) {
            Ok(root) => (object::read_file(&root, &mut complaints), None),
            Err(problem) => (File::default(), Some(problem)),
        };
        Reading { name, text, file, complaints, unreadable }
    }

    fn into_problems(self) -> Vec<SchemaProblem> {
        let placed = placed(self.name, self.text, &self.complaints.0);
        self.unreadable.into_iter().chain(placed).collect()
    }
}

fn read_text(name: &str, text: &str) -> Result<read::Node, SchemaProblem> {
    let problem = |place: LineColumn, message: String, help: &str| SchemaProblem {
        file: name.into(),
        line: place.line,
        column: place.column,
        message,
        help: help.into(),
    };
    if text.len() > LARGEST {
        let message = format!("expected at most {LARGEST} bytes, found {}", text.len());
        return Err(problem(LineColumn::START, message, "split it into several files"));
    }
    read::parse(text).map_err(|(place, message)| {
        let help = "correct the YAML here: check indentation, brackets and quotes";
        problem(place, format!("the file cannot be read: {message}"), help)
    })
}

/// Complaints with their places, in the order of the file.
fn placed(file: &str, text: &str, complaints: &[Complaint]) -> Vec<SchemaProblem> {
    let mut problems: Vec<SchemaProblem> = complaints
        .iter()
        .take(MOST_PROBLEMS)
        .map(|complaint| {
            let place = read::locate(text, &complaint.path);
            SchemaProblem {
                file: file.into(),
                line: place.line,
                column: place.column,
                message: complaint.message.clone(),
                help: complaint.help.clone(),
            }
        })
        .collect();
    problems.sort_by_key(|problem| (problem.line, problem.column));
    let more = complaints.len().saturating_sub(MOST_PROBLEMS);
    if let (true, Some(last)) = (more > 0, problems.last().cloned()) {
        let message = format!("and {more} more problems in this file");
        problems.push(SchemaProblem { message, help: "correct those above first".into(), ..last });
    }
    problems
}
