//! `each`: two lists whose elements correspond, with lines of their own.
//!
//! In: the block as written. Out: an `Each` of the plan, and problems. Must not know: records.

use crate::decision::Side;
use crate::plan::{Child, Each, Line, SlotId};
use crate::problem::{Code, Problem, semantics as say};
use crate::schema::{Kind, Object, Place};
use crate::tree::{At, Block, Clause, ClauseKind, Path, RelatedLine, Segment, Span};

use super::Checker;
use super::clauses::{clause_name, home_of};
use super::lines::Context;
use super::rules::has_unread;
use super::scope::{Scope, path_text};

/// What the clauses behind `each` say.
#[derive(Default)]
struct Said {
    removed_keep: Option<Span>,
    union: Option<Span>,
    until_shared: bool,
    create_only: Option<Span>,
}

impl<'c> Checker<'c> {
    pub(super) fn each(
        &mut self,
        left: &At<Path>,
        right: &At<Path>,
        clauses: &[Clause],
        block: &Block<RelatedLine>,
        span: Span,
    ) {
        let lists = (self.list(0, left), self.list(1, right));
        let (Some((left_slot, _, left_place)), Some((right_slot, right_child, right_place))) =
            lists
        else {
            self.meant.push((Side::Left, path_text(&left.value)));
            self.meant.push((Side::Right, path_text(&right.value)));
            return;
        };
        let inner = self.scopes.len();
        let systems = Side::BOTH.map(|side| self.plan.system(side));
        self.scopes.push(Scope::new(systems[0], left_place));
        self.scopes.push(Scope::new(systems[1], right_place));
        let scopes = [inner, inner + 1];
        let (key, lines) = self.each_lines(block, scopes);
        let said = self.each_clauses(clauses);
        self.union_of_lists(&said, &lines);
        if let Some(key) = &key {
            self.required_members(&lines, scopes, [left_place, right_place], key, span);
        }
        let elements: Vec<Scope<'c>> = self.scopes.drain(inner..).collect();
        let Some(key) = key else {
            self.meant.push((Side::Left, path_text(&left.value)));
            if !has_unread(block) {
                self.no_match(left.span, &format!("each {}", path_text(&left.value)));
            }
            return;
        };
        let mut elements = elements.into_iter().map(|scope| scope.slots);
        let rule = format!("{} with {}", path_text(&left.value), path_text(&right.value));
        let meaning: Vec<&str> = lines.iter().map(|line| line.hash.as_str()).collect();
        let hash = crate::plan::text::hex(&format!("{rule} {}", meaning.join(" ")));
        self.plan.lists.push(Each {
            rule,
            map_line: self.line_of(span),
            hash: hash.chars().take(12).collect(),
            left: left_slot,
            right: right_slot,
            child: right_child.map(|child| Child {
                relationship: child.relationship.clone(),
                object: child.object.clone(),
                parent_field: child.field.clone(),
            }),
            elements: [elements.next().unwrap_or_default(), elements.next().unwrap_or_default()],
            key,
            lines,
            removed_keep: said.removed_keep.is_some(),
            union: said.union.is_some(),
            until_shared: said.until_shared,
            create_only: said.create_only.is_some(),
        });
    }

    /// The lines of the block, and the fields by which elements are recognised.
    fn each_lines(
        &mut self,
        block: &Block<RelatedLine>,
        scopes: [usize; 2],
    ) -> (Option<Vec<[SlotId; 2]>>, Vec<Line>) {
        let mut key: Option<Vec<[SlotId; 2]>> = None;
        let mut keys: Vec<[Span; 2]> = Vec::new();
        let mut matched = None;
        let mut lines: Vec<Line> = Vec::new();
        for (line, at) in block.lines() {
            if self.is_full() {
                break;
            }
            match line {
                RelatedLine::Match { pairs, clauses } => {
                    if let Some(first) = matched.replace(at) {
                        self.say(say::doubled("match", first, at));
                        continue;
                    }
                    for clause in clauses {
                        let why = "the elements of a list are added and removed by their key";
                        self.does_nothing(clause.span, clause_name(&clause.kind), why);
                    }
                    key = self.element_key(pairs, scopes);
                    keys = pairs.iter().map(|(left, right)| [left.span, right.span]).collect();
                }
                RelatedLine::Field(line) => {
                    let checked = self.field_line(line, at, Context { scopes, related: None });
                    lines.extend(checked);
                }
            }
        }
        let written = lines.iter().any(|line| line.writes(Side::Right));
        for (pair, spans) in key.iter().flatten().zip(keys).filter(|_| written) {
            self.key_is_writable(scopes[1], pair[1], spans[1]);
        }
        (key, lines)
    }

    /// New elements are given their key.
    fn key_is_writable(&mut self, scope: usize, key: SlotId, at: Span) {
        let slot = self.scopes.get(scope).and_then(|scope| scope.slots.get(key.0));
        let Some(slot) = slot.filter(|slot| !slot.create && !slot.path.contains('.')) else {
            return;
        };
        let message = format!("`{}` is read-only", slot.path);
        self.say(
            Problem::new(Code::ReadOnly, at, message)
                .label("cannot be given to a new element")
                .effect("a new element would never be known again as the same")
                .help("match with a field that can be written"),
        );
    }

    /// A list, the place its elements' paths begin in, and the children it stands for.
    fn list(
        &mut self,
        scope: usize,
        path: &At<Path>,
    ) -> Option<(SlotId, Option<&'c crate::schema::Child>, Place<'c>)> {
        if let Some((slot, place)) = self.parent_as_list(scope, path) {
            return Some((slot, None, place));
        }
        let (slot, found) = self.slot_and_field(scope, path)?;
        let system = self.scopes.get(scope)?.system;
        if let Some(place) = self.schemas.elements(&found, system) {
            return Some((slot, found.child, place));
        }
        let name = path_text(&path.value);
        let problem = if found.kind() == Kind::List {
            let object = found.child.map_or("its elements", |child| child.object.as_str());
            Problem::new(
                Code::UnknownObject,
                path.span,
                format!("the schema of {object} is missing"),
            )
            .label("not known")
            .help("add it to `schemas/` beside the map")
        } else {
            Problem::new(Code::TypeMismatch, path.span, format!("`{name}` is not a list"))
                .label("`each` needs a list on both sides")
                .help("map it with a line in `fields`")
        };
        self.say(problem);
        None
    }

    /// A record that the right one refers to, such as `Owner`, as a list of one.
    fn parent_as_list(&mut self, scope: usize, path: &At<Path>) -> Option<(SlotId, Place<'c>)> {
        let [Segment::Name(name)] = path.value.segments.as_slice() else { return None };
        let place = self.scopes.get(scope)?;
        let Place::Object(object) = place.place else { return None };
        let target = object.reference(name)?.reference_to.as_deref()?;
        let parent = self.schemas.object(place.system, target)?;
        Some((self.parent_slot(scope, name), Place::Object(parent)))
    }

    fn element_key(
        &mut self,
        pairs: &[(At<Path>, At<Path>)],
        scopes: [usize; 2],
    ) -> Option<Vec<[SlotId; 2]>> {
        let mut key = Vec::new();
        let names =
            |path: &Path| path.segments.iter().filter(|s| matches!(s, Segment::Name(_))).count();
        let through = pairs.iter().find(|(_, right)| names(&right.value) > 1);
        if let (Some((_, right)), true) = (through, pairs.len() > 1) {
            let name = path_text(&right.value);
            let message =
                format!("`{name}` is a field of another record, which is found by one field");
            self.say(
                Problem::new(Code::BadMatch, right.span, message)
                    .label("one of several")
                    .help("match by this field alone, or by several fields of the element itself"),
            );
        }
        for (left, right) in pairs {
            let left = self.slot(scopes[0], left);
            let right = self.slot(scopes[1], right);
            key.push([left, right]);
        }
        key.into_iter().map(|[left, right]| Some([left?, right?])).collect()
    }

    fn each_clauses(&mut self, clauses: &[Clause]) -> Said {
        let mut said = Said::default();
        for clause in clauses {
            match &clause.kind {
                ClauseKind::RemovedKeep => said.removed_keep = Some(clause.span),
                ClauseKind::UntilShared => said.until_shared = true,
                ClauseKind::OnCreateOnly => said.create_only = Some(clause.span),
                ClauseKind::Union => said.union = Some(clause.span),
                kind => {
                    let name = clause_name(kind);
                    self.say(say::misplaced(
                        clause.span,
                        name,
                        "`each` takes `union`, `removed keep`, `until shared` and `on create only`",
                        home_of(kind).unwrap_or("write it behind a line of the block"),
                    ));
                }
            }
        }
        said
    }

    /// `union` matters where both lists can be written later, and can lose elements.
    fn union_of_lists(&mut self, said: &Said, lines: &[Line]) {
        let Some(union) = said.union else { return };
        if let Some(keep) = said.removed_keep {
            let why = "`removed keep` never removes, `union` only when both lists changed";
            self.say(say::contradiction(union, keep, why));
        } else if let Some(create) = said.create_only {
            let why = "`on create only` never looks at the lists again, `union` does";
            self.say(say::contradiction(union, create, why));
        } else if !lines.is_empty()
            && !Side::BOTH.into_iter().all(|side| lines.iter().any(|line| line.writes(side)))
        {
            self.say(say::misplaced(
                union,
                "union",
                "the list flows one way, so one side has the whole list",
                "remove it, or write a line of the block with `<->`",
            ));
        }
    }

    /// New elements have everything that they must have.
    fn required_members(
        &mut self,
        lines: &[Line],
        scopes: [usize; 2],
        places: [Place<'c>; 2],
        key: &[[SlotId; 2]],
        span: Span,
    ) {
        for side in Side::BOTH {
            if !lines.iter().any(|line| line.writes(side)) {
                continue;
            }
            let required = match places[side.index()] {
                Place::Object(object) => object.required(),
                Place::Element(list) => list.required_members(),
            };
            let slots =
                self.scopes.get(scopes[side.index()]).map_or(&[][..], |s| s.slots.as_slice());
            let mut given: Vec<&str> = lines
                .iter()
                .filter(|line| line.writes(side))
                .flat_map(|line| line.source(side).slots())
                .filter_map(|slot| slots.get(slot.0).map(|s| s.path.as_str()))
                .collect();
            let key = key.iter().filter_map(|pair| slots.get(pair[side.index()].0));
            given.extend(key.map(|slot| slot.path.as_str()));
            let parent = self.plan.side_name(side).to_owned();
            let made = self.made_through(places[side.index()], &given);
            let missing: Vec<String> = required
                .iter()
                .map(|required| required.path.join("."))
                .filter(|path| !given.contains(&path.as_str()))
                .filter(|path| !self.is_parent_field(places[side.index()], path))
                .filter(|path| !is_made_through(places[side.index()], path, &given))
                .collect();
            for name in missing {
                self.missing_required(span, &format!("element of the {parent}'s list"), &name);
            }
            for (object, name) in made {
                self.missing_required(span, &object, &name);
            }
        }
    }

    /// What the records lack that are made with the elements, such as the contacts of their roles:
    /// the object, and the path from the element.
    fn made_through(&self, place: Place<'c>, given: &[&str]) -> Vec<(String, String)> {
        let Place::Object(object) = place else { return Vec::new() };
        let mut lacking = Vec::new();
        for field in object.fields.iter().filter(|field| field.through.creates()) {
            let (Some(name), Some(to)) = (&field.relationship, &field.reference_to) else {
                continue;
            };
            let target = self.schemas.object(object.system, to);
            let used = given.iter().any(|path| path.split('.').next() == Some(name.as_str()));
            for required in target.into_iter().filter(|_| used).flat_map(Object::required) {
                let path = format!("{name}.{}", required.path.join("."));
                if !given.contains(&path.as_str()) {
                    lacking.push((to.clone(), path));
                }
            }
        }
        lacking
    }

    /// The field by which a child refers to its parent is filled when it is created.
    fn is_parent_field(&self, place: Place<'c>, path: &str) -> bool {
        let Place::Object(object) = place else { return false };
        let Some(Place::Object(parent)) = self.scopes.get(1).map(|scope| scope.place) else {
            return false;
        };
        parent.children.iter().any(|child| child.object == object.name && child.field == path)
    }
}

/// A reference is given when fields of the record that it leads to are: that record is found or made.
fn is_made_through(place: Place<'_>, path: &str, given: &[&str]) -> bool {
    let Place::Object(object) = place else { return false };
    let relationship = object.field(path).and_then(|field| field.relationship.as_deref());
    relationship.is_some_and(|name| {
        given.iter().any(|g| g.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    })
}
