//! What a plan does with which field of which object of the org.
//!
//! In: a plan, schemas that say where references and child lists lead. Out: objects with what is made,
//! changed and removed of them, and their fields with what is read and written. Must not know: how an
//! org gives rights, who makes the fields.

use std::collections::BTreeMap;

use crate::decision::Side;
use crate::schema::{Object, Schemas, System};

use super::{Cell, Each, Line, Plan, Related, Slot, Via};
use crate::value::Value;

/// What is done with the records of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectUse {
    /// Records are made.
    pub create: bool,
    /// Records are changed.
    pub edit: bool,
    /// Records are removed.
    pub delete: bool,
    /// Its fields that are read, by name.
    pub fields: BTreeMap<String, FieldUse>,
}

/// What is done with one field. It is read in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldUse {
    /// It is written.
    pub write: bool,
    /// What people put into it is told to the other system, or decides whether a deal is shared.
    pub told: bool,
}

/// What is done with the objects of the org, by name.
pub type Uses = BTreeMap<String, ObjectUse>;

impl Plan {
    /// Everything that the plan does in Salesforce. `schemas` are those that it was compiled with.
    pub fn uses(&self, schemas: &Schemas) -> Uses {
        let mut gather = Gather { schemas, uses: Uses::new() };
        let Some(root) = schemas.object(System::Salesforce, self.object(Side::Right)) else {
            return gather.uses;
        };
        let read = FieldUse::default();
        gather.object(&root.name);
        let reads = self.reads(Side::Right);
        for path in &reads.fields {
            gather.path(root, path, read);
        }
        for child in &reads.children {
            let Some(object) = schemas.object(System::Salesforce, &child.object) else { continue };
            gather.object(&object.name);
            gather.field(object, &child.parent_field, read);
            for path in &child.fields {
                gather.path(object, path, read);
            }
        }
        gather.conditions(self, root);
        for line in &self.lines {
            gather.line(root, line, &self.side(Side::Right).slots);
        }
        self.related.iter().for_each(|related| gather.related(self, root, related));
        self.lists.iter().for_each(|each| gather.list(self, root, each));
        let reported = self.badge.iter().map(|badge| badge.slot);
        let reported = reported.chain(self.audit.iter().map(|audit| audit.slot));
        for slot in reported.filter_map(|slot| self.slot(Side::Right, slot)) {
            gather.path(root, &slot.path, FieldUse { write: true, told: false });
        }
        let own = gather.object(&root.name);
        own.create = self.starts_from(Side::Left);
        own.edit |= own.fields.values().any(|field| field.write);
        gather.uses
    }

    /// The values that tables write into a field of the right record, such as those of a picklist.
    pub fn values_written(&self, field: &str) -> Vec<String> {
        let mut values: Vec<String> = Vec::new();
        let own = self.side(Side::Right).slots.as_slice();
        for line in self.lines.iter().filter(|line| line.writes(Side::Right)) {
            let Via::Tables(tables) = &line.via else { continue };
            let Some(place) = line
                .right
                .slots()
                .iter()
                .position(|slot| own.get(slot.0).is_some_and(|slot| slot.path == field))
            else {
                continue;
            };
            let rows = tables.iter().filter_map(|table| self.tables.get(*table));
            for row in rows.flat_map(|table| &table.rows).filter(|row| !row.aside) {
                let Some(Cell::Is(value)) = row.right.get(place) else { continue };
                if let Value::Text(text) = value
                    && !values.contains(text)
                {
                    values.push(text.clone());
                }
            }
        }
        values
    }
}

/// Uses while they are gathered.
struct Gather<'s> {
    schemas: &'s Schemas,
    uses: Uses,
}

impl<'s> Gather<'s> {
    fn object(&mut self, name: &str) -> &mut ObjectUse {
        self.uses.entry(name.to_owned()).or_default()
    }

    fn field(&mut self, object: &Object, name: &str, with: FieldUse) {
        if object.field(name).is_none() {
            return;
        }
        let field = self.object(&object.name).fields.entry(name.to_owned()).or_default();
        field.write |= with.write;
        field.told |= with.told;
    }

    /// A dotted path: the references on the way are read, the field at its end is used as told. Gives
    /// the object that the field belongs to, unless it is `from` itself.
    fn path(&mut self, from: &'s Object, path: &str, with: FieldUse) -> Option<&'s Object> {
        let (mut here, mut moved) = (from, false);
        for segment in path.split('.') {
            let name = segment.split('[').next().unwrap_or(segment);
            if here.field(name).is_some() {
                self.field(here, name, with);
                break;
            }
            let next = match here.reference(name) {
                Some(reference) => {
                    self.field(here, &reference.name, FieldUse::default());
                    reference.reference_to.as_deref()
                }
                None => here.child(name).map(|child| child.object.as_str()),
            };
            let next = next.and_then(|next| self.schemas.object(System::Salesforce, next))?;
            self.object(&next.name);
            (here, moved) = (next, true);
        }
        moved.then_some(here)
    }

    /// What decides whether a record of the org takes part.
    fn conditions(&mut self, plan: &Plan, root: &'s Object) {
        let [_, right] = &plan.sync;
        for test in right.iter().flat_map(|condition| &condition.tests) {
            if let Some(slot) = plan.slot(Side::Right, test.slot) {
                self.path(root, &slot.path, FieldUse { write: false, told: true });
            }
        }
    }

    /// A line of a record, with the slots of the right side that it names.
    fn line(&mut self, from: &'s Object, line: &Line, slots: &[Slot]) {
        let with = FieldUse { write: line.writes(Side::Right), told: line.writes(Side::Left) };
        for slot in line.right.slots().iter().filter_map(|slot| slots.get(slot.0)) {
            let other = self.path(from, &slot.path, with);
            if let Some(other) = other.filter(|_| with.write) {
                self.object(&other.name).edit = true;
            }
        }
    }

    /// A record that is found, or made with the deal and never changed.
    fn related(&mut self, plan: &Plan, root: &'s Object, related: &Related) {
        let Some(object) = self.schemas.object(System::Salesforce, &related.object) else { return };
        let changed = self.uses.get(&object.name).is_some_and(|known| known.edit);
        self.field(root, &related.through, FieldUse { write: true, told: false });
        for (_, name, _) in related.rules.iter().flat_map(|rule| &rule.pairs) {
            self.path(object, name, FieldUse::default());
        }
        for line in &related.lines {
            self.line(root, line, &plan.side(Side::Right).slots);
        }
        let own = self.object(&object.name);
        own.edit = changed;
        own.create |= related.create_if_none;
    }

    fn list(&mut self, plan: &Plan, root: &'s Object, each: &Each) {
        let Some(child) = &each.child else {
            let parent = plan.slot(Side::Right, each.right).map_or("", |slot| slot.path.as_str());
            let Some(object) = root
                .reference(parent)
                .and_then(|reference| reference.reference_to.as_deref())
                .and_then(|name| self.schemas.object(System::Salesforce, name))
            else {
                return;
            };
            for line in &each.lines {
                self.line(object, line, &each.elements[1]);
            }
            return;
        };
        let Some(object) = self.schemas.object(System::Salesforce, &child.object) else { return };
        let writes = each.lines.iter().any(|line| line.writes(Side::Right));
        let told = each.lines.iter().any(|line| line.writes(Side::Left));
        for [_, key] in &each.key {
            let Some(slot) = each.elements[1].get(key.0) else { continue };
            self.element(object, &slot.path, FieldUse { write: writes, told });
        }
        for line in &each.lines {
            let with = FieldUse { write: line.writes(Side::Right), told: line.writes(Side::Left) };
            for slot in line.right.slots().iter().filter_map(|slot| each.elements[1].get(slot.0)) {
                self.element(object, &slot.path, with);
            }
        }
        self.field(object, &child.parent_field, FieldUse { write: writes, told: false });
        let own = self.object(&object.name);
        own.create |= writes;
        own.edit |= writes && !each.create_only;
        own.delete |= writes && !each.removed_keep && !each.create_only;
    }

    /// A field of a child record, or of a record that it refers to, which is made with it.
    fn element(&mut self, child: &'s Object, path: &str, with: FieldUse) {
        let Some(other) = self.path(child, path, with).filter(|_| with.write) else { return };
        let own = self.object(&other.name);
        (own.create, own.edit) = (true, true);
        if let Some((relationship, _)) = path.split_once('.')
            && let Some(reference) = child.reference(relationship)
        {
            self.field(child, &reference.name, FieldUse { write: true, told: false });
        }
    }
}
