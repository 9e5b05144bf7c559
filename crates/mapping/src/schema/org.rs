//! The customer's org: its files in, the objects that a map is checked against out.
//!
//! In: texts with their paths: describes (JSON), SFDX source, old `.object` files, schema YAML. Out:
//! an [`Org`], or what is wrong with which file. Must not know: where the files come from, maps.
//!
//! Of one object: a describe is the truth of the user who asked for it; source tells custom fields
//! and value lists, and standard fields come from what is built in. A describe beats source, a
//! schema file beats both.

use std::collections::BTreeMap;

use super::kind::{Kind, System};
use super::metadata::{self, SourceField};
use super::model::{Child, Field, Object, PickValue, RecordType};
use super::note::{Note, Notes};
use super::read::LineColumn;
use super::standard::{STANDARD_SETS, is_process_field, put, record_types, standard};
use super::{SchemaProblem, Schemas, describe, xml};

/// An org as far as its files tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Org {
    /// Its objects.
    pub objects: Vec<Object>,
    /// What was not understood or is not known, each once, in the order of the files.
    pub notes: Vec<Note>,
}

/// Which kind of file a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrgFile {
    /// A describe of one object.
    Describe,
    /// `objects/OBJECT/fields/FIELD.field-meta.xml`
    Field,
    /// `objects/OBJECT/OBJECT.object-meta.xml`
    Object,
    /// `objects/OBJECT/recordTypes/NAME.recordType-meta.xml`
    RecordType,
    /// `objects/OBJECT/businessProcesses/NAME.businessProcess-meta.xml`
    Process,
    /// `standardValueSets/NAME.standardValueSet-meta.xml`, or without `-meta.xml`
    StandardValueSet,
    /// `globalValueSets/NAME.globalValueSet-meta.xml`, or without `-meta.xml`
    GlobalValueSet,
    /// `objects/OBJECT.object`: the whole object, as the Metadata API has it.
    WholeObject,
    /// A schema file.
    Yaml,
}

impl OrgFile {
    /// What the path names, and the object or value set that it belongs to. None: no business of a
    /// map.
    pub fn of(path: &str) -> Option<(OrgFile, &str)> {
        let mut parts = path.rsplit(['/', '\\']);
        let file = parts.next()?;
        let stem = file.split('.').next()?;
        let folder_of = |folder: &str| -> Option<&str> {
            let mut parts = path.rsplit(['/', '\\']).skip(1);
            (parts.next() == Some(folder)).then(|| parts.next())?
        };
        let end = |ending: &str| file.ends_with(ending);
        if end(".field-meta.xml") {
            return folder_of("fields").map(|object| (OrgFile::Field, object));
        }
        if end(".recordType-meta.xml") {
            return folder_of("recordTypes").map(|object| (OrgFile::RecordType, object));
        }
        if end(".businessProcess-meta.xml") {
            return folder_of("businessProcesses").map(|object| (OrgFile::Process, object));
        }
        let kind = if end(".object-meta.xml") {
            OrgFile::Object
        } else if end(".standardValueSet-meta.xml") || end(".standardValueSet") {
            OrgFile::StandardValueSet
        } else if end(".globalValueSet-meta.xml") || end(".globalValueSet") {
            OrgFile::GlobalValueSet
        } else if end(".object") {
            OrgFile::WholeObject
        } else if end(".yaml") || end(".yml") {
            OrgFile::Yaml
        } else if end(".json") {
            OrgFile::Describe
        } else {
            return None;
        };
        Some((kind, stem))
    }
}

/// What source files say of one object.
#[derive(Debug, Default)]
struct Draft {
    label: Option<String>,
    name_field: Option<Field>,
    fields: Vec<SourceField>,
    record_types: Vec<(RecordType, Option<String>)>,
    processes: Vec<(String, Vec<String>)>,
}

/// Files while they are read.
#[derive(Debug, Default)]
struct Reading {
    described: Vec<Object>,
    drafts: BTreeMap<String, Draft>,
    standard_sets: BTreeMap<String, Vec<PickValue>>,
    global_sets: BTreeMap<String, Vec<PickValue>>,
    yaml: Vec<(String, String)>,
    notes: Notes,
    problems: Vec<SchemaProblem>,
}

impl Org {
    /// Reads an org from its files, each given as its path and its text; files that are no business
    /// of a map are left out. `name` is what messages call the org.
    ///
    /// # Errors
    /// All problems of all files, in their order.
    pub fn read(name: &str, files: &[(String, String)]) -> Result<Org, Vec<SchemaProblem>> {
        let mut reading = Reading::default();
        for (path, text) in files {
            if let Some((kind, owner)) = OrgFile::of(path) {
                reading.file(path, kind, owner, text);
            }
        }
        let mut org = reading.finish()?;
        for object in &mut org.objects {
            object.org = Some(name.to_owned());
        }
        Ok(org)
    }

    /// These objects in the place of the built-in ones of Salesforce. Custom objects that the org
    /// does not have are not there; standard ones that its files do not tell stay as built in.
    pub fn schemas(self, built_in: &Schemas) -> Schemas {
        let kept = System::ALL
            .into_iter()
            .flat_map(|system| built_in.objects(system))
            .filter(|object| object.system != System::Salesforce || !object.name.ends_with("__c"));
        let mut schemas = Schemas::new(kept.cloned());
        let known: Vec<Object> = self
            .objects
            .into_iter()
            .map(|object| match built_in.object(object.system, &object.name) {
                Some(base) => with_facts_of(object, base),
                None => object,
            })
            .collect();
        schemas = schemas.with(known);
        schemas
    }
}

/// What no describe tells, and a map needs to know: which flag means that a record takes part, what
/// never goes back, what may be written through a reference.
fn with_facts_of(mut object: Object, base: &Object) -> Object {
    for field in &mut object.fields {
        let Some(known) = base.field(&field.name) else { continue };
        field.opt_in |= known.opt_in;
        field.consent |= known.consent;
        field.one_way = field.one_way.or(known.one_way);
        if field.kind == Kind::Reference {
            field.through = known.through;
        }
        if known.kind == Kind::Country && field.kind == Kind::Text {
            field.kind = Kind::Country;
        }
        // Salesforce takes any text as a stage; one that is not in the list has no probability and
        // no forecast, and counts neither as open nor as closed.
        field.restricted |= is_process_field(&field.name) && !field.values.is_empty();
    }
    object.states = object.states.or_else(|| base.states.clone());
    object.invites = object.invites.or_else(|| base.invites.clone());
    let has = |name: &str| object.field(name).is_some();
    let known = base.converts.as_ref().filter(|known| has(&known.when) && has(&known.to));
    object.converts = object.converts.or_else(|| known.cloned());
    object
}

impl Reading {
    fn file(&mut self, path: &str, kind: OrgFile, owner: &str, text: &str) {
        match kind {
            OrgFile::Describe => match describe::read(text, &mut self.notes) {
                Ok(object) => self.described.push(object),
                Err((byte, why)) => {
                    let at = place_of(text, byte);
                    let help = "save the answer of `/sobjects/OBJECT/describe` as it came";
                    self.wrong(path, at, why, help);
                }
            },
            OrgFile::Yaml => self.yaml.push((path.to_owned(), text.to_owned())),
            OrgFile::Field
            | OrgFile::Object
            | OrgFile::RecordType
            | OrgFile::Process
            | OrgFile::StandardValueSet
            | OrgFile::GlobalValueSet
            | OrgFile::WholeObject => match xml::parse(text) {
                Ok(root) => self.element(path, kind, owner, text, &root),
                // One broken file of thousands does not keep the others from being checked; what it
                // should have told is not there.
                Err((at, why)) => self.notes.say(format!(
                    "{path}:{}:{} cannot be read, and is left out: {why}",
                    at.line, at.column
                )),
            },
        }
    }

    fn element(&mut self, path: &str, kind: OrgFile, owner: &str, text: &str, root: &xml::Element) {
        let mut nameless = false;
        match kind {
            OrgFile::Field => match metadata::field(root) {
                Some(field) => self.draft(owner).fields.push(field),
                None => nameless = true,
            },
            OrgFile::RecordType => match metadata::record_type(root) {
                Some(found) => self.draft(owner).record_types.push(found),
                None => nameless = true,
            },
            OrgFile::Process => match metadata::process(root) {
                Some(found) => self.draft(owner).processes.push(found),
                None => nameless = true,
            },
            OrgFile::StandardValueSet => {
                self.standard_sets.insert(owner.to_owned(), metadata::value_set(root));
            }
            OrgFile::GlobalValueSet => {
                self.global_sets.insert(owner.to_owned(), metadata::value_set(root));
            }
            OrgFile::Object | OrgFile::WholeObject => self.draft(owner).take(root),
            OrgFile::Describe | OrgFile::Yaml => {}
        }
        if nameless {
            let why = "expected a `fullName`, found none".to_owned();
            self.wrong(path, place_of(text, root.at), why, "retrieve the file again");
        }
    }

    fn draft(&mut self, object: &str) -> &mut Draft {
        self.drafts.entry(object.to_owned()).or_default()
    }

    fn wrong(&mut self, file: &str, at: LineColumn, message: String, help: &str) {
        self.problems.push(SchemaProblem {
            file: file.to_owned(),
            line: at.line,
            column: at.column,
            message,
            help: help.to_owned(),
        });
    }

    fn finish(mut self) -> Result<Org, Vec<SchemaProblem>> {
        let own = match Schemas::from_yaml(&self.yaml) {
            Ok(own) => own,
            Err(problems) => {
                self.problems.extend(problems);
                Schemas::default()
            }
        };
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        let mut children: Vec<(String, Child)> = Vec::new();
        let drafts = std::mem::take(&mut self.drafts);
        let mut objects: Vec<Object> = drafts
            .into_iter()
            .map(|(name, draft)| self.object(&name, draft, &mut children))
            .collect();
        for (parent, child) in children {
            if let Some(object) = objects.iter_mut().find(|object| object.name == parent)
                && object.child(&child.relationship).is_none()
            {
                object.children.push(child);
            }
        }
        let mut described = self.described;
        for object in &mut described {
            if let Some(source) = objects.iter().find(|known| known.name == object.name) {
                fill_record_types(object, source);
            }
        }
        let own = System::ALL.into_iter().flat_map(|system| own.objects(system)).cloned();
        let all = Schemas::new(objects).with(described).with(own);
        let objects = System::ALL.into_iter().flat_map(|system| all.objects(system)).cloned();
        let objects = objects.collect();
        Ok(Org { objects, notes: self.notes.0 })
    }

    /// An object from its source, on top of what every org has.
    fn object(&mut self, name: &str, draft: Draft, children: &mut Vec<(String, Child)>) -> Object {
        let mut object = standard(name, draft.name_field.as_ref(), &draft.fields);
        if let Some(label) = draft.label {
            object.label = label;
        }
        for (field, set) in STANDARD_SETS.iter().filter(|(o, _, _)| *o == name).map(|s| (s.1, s.2))
        {
            let values =
                self.standard_values(set, &draft.processes, &draft.record_types, (name, field));
            if let Some(field) = object.fields.iter_mut().find(|known| known.name == field) {
                field.values = values;
                field.restricted &= !field.values.is_empty();
            }
        }
        for SourceField { mut field, typed, value_set, children_as, strange } in draft.fields {
            if let Some(strange) = strange {
                self.notes.strange_type(&strange, name, &field.name);
            }
            if let Some(set) = value_set {
                match self.global_sets.get(&set) {
                    Some(values) => {
                        field.values.clone_from(values);
                        field.restricted = true;
                    }
                    None => self.notes.no_values("global value set", &set, name, &field.name),
                }
            }
            if let (Some(target), Some(relationship)) = (&field.reference_to, children_as) {
                let relationship = if field.name.ends_with("__c") {
                    format!("{relationship}__r")
                } else {
                    relationship
                };
                children.push((target.clone(), Child::new(&relationship, name, &field.name)));
            }
            put(&mut object, field, typed);
        }
        object.record_types = record_types(draft.record_types, &draft.processes, name);
        object
    }

    /// The values of a standard picklist: its value set, else what processes or record types name.
    fn standard_values(
        &mut self,
        set: &str,
        processes: &[(String, Vec<String>)],
        record_types: &[(RecordType, Option<String>)],
        (object, field): (&str, &str),
    ) -> Vec<PickValue> {
        if let Some(values) = self.standard_sets.get(set) {
            return values.clone();
        }
        let by_process = processes.iter().filter(|_| is_process_field(field));
        let named = by_process.flat_map(|(_, values)| values);
        let admitted = record_types.iter().filter_map(|(found, _)| found.admits(field)).flatten();
        let mut values: Vec<PickValue> = Vec::new();
        for value in named.chain(admitted) {
            if !values.iter().any(|known| known.value == *value) {
                let (value, label) = (value.clone(), value.clone());
                values.push(PickValue { value, label, active: true });
            }
        }
        if values.is_empty() {
            self.notes.no_values("value set", set, object, field);
        }
        values
    }
}

impl Draft {
    /// What an object's own file, or a whole `.object` file, holds.
    fn take(&mut self, root: &xml::Element) {
        if let Some(label) = root.text_of("label") {
            self.label = Some(label.to_owned());
        }
        if let Some(given) = root.child("nameField") {
            let counted = given.text_of("type") == Some("AutoNumber");
            let mut field = Field::new("Name", Kind::Text);
            given.text_of("label").unwrap_or("Name").clone_into(&mut field.label);
            field.length = Some(80);
            field.create = !counted;
            field.update = !counted;
            field.required = !counted;
            field.nullable = false;
            field.computed = counted.then_some("a number that Salesforce counts up");
            self.name_field = Some(field);
        }
        self.fields.extend(root.all("fields").filter_map(metadata::field));
        self.record_types.extend(root.all("recordTypes").filter_map(metadata::record_type));
        self.processes.extend(root.all("businessProcesses").filter_map(metadata::process));
    }
}

/// A describe names record types; only source tells which values they admit.
fn fill_record_types(object: &mut Object, source: &Object) {
    for found in &mut object.record_types {
        if let Some(known) = source.record_types.iter().find(|known| known.name == found.name) {
            found.values.clone_from(&known.values);
        }
    }
}

/// The line and column of a byte.
fn place_of(text: &str, byte: usize) -> LineColumn {
    let before = text.get(..byte.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    LineColumn { line, column: last.chars().count() + 1 }
}
