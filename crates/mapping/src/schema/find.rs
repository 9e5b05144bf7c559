//! Resolves paths: an object and a path in, the field it leads to (or why not) out.
//!
//! Must not know: maps, records, YAML.

use super::Schemas;
use super::kind::{Access, Kind, System};
use super::model::{Child, Field, Object};
use crate::problem::nearest;
use crate::tree::{Path, Segment};

/// Where a path begins, or what a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'s> {
    /// A record.
    Object(&'s Object),
    /// An element of this list (a field of kind [`Kind::List`] with members).
    Element(&'s Field),
}

impl<'s> Place<'s> {
    /// The fields directly in it.
    pub fn fields(self) -> &'s [Field] {
        match self {
            Place::Object(object) => &object.fields,
            Place::Element(list) => &list.fields,
        }
    }
}

/// A field that a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'s> {
    /// The field. For a child relationship: the relationship seen as a list.
    pub field: &'s Field,
    /// The record or list element that it is a field of.
    pub owner: Place<'s>,
    /// When it can be written by this path.
    pub write: Access,
    /// True when the path may lead to nothing in a record that was read.
    pub nullable: bool,
    /// The JSON pointer that a PATCH of it (or of the list around it) replaces.
    pub patch: Option<&'s str>,
    /// The outermost list on the way to it (not itself), which a PATCH replaces whole.
    pub list: Option<&'s Field>,
    /// The first reference on the way to it: `AccountId` of `Account.Name`.
    pub reference: Option<&'s Field>,
    /// The child relationship that it is, or that the path goes through last.
    pub child: Option<&'s Child>,
    /// True when the path ends with a selector: one element of the list, not the list.
    pub selected: bool,
    /// True when every selector on the way names an element by the key of its list, so that an
    /// element that is missing can be made.
    pub keyed: bool,
}

impl Found<'_> {
    /// When it can be written by a path that selects an element on the way: an element that is
    /// named by the key of its list is made with the record around it, and not looked for later.
    pub fn write_selected(&self) -> Access {
        let is_key = matches!(self.owner, Place::Element(list)
            if list.key.as_deref() == Some(self.field.name.as_str()));
        if self.keyed && !self.selected && !is_key {
            self.write.and(Access::Create)
        } else {
            Access::Never
        }
    }

    /// What the path leads to; one element of a list is a group, or a text when it has no members.
    pub fn kind(&self) -> Kind {
        match (self.selected, self.child.is_some() || !self.field.fields.is_empty()) {
            (false, _) => self.field.kind,
            (true, true) => Kind::Object,
            (true, false) => Kind::Text,
        }
    }
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// Which segment of the path, from 0.
    pub segment: usize,
    /// The names that exist there, in the order of the schema. Empty with [`MissKind::Unknown`]:
    /// the object itself is not in the schemas.
    pub known: Vec<String>,
    /// The name that was probably meant.
    pub nearest: Option<String>,
    /// What is wrong.
    pub why: MissKind,
    /// What was looked into: an object's name, or the name of the field before.
    pub holder: String,
    /// What that field holds, when it is a field ([`Kind::List`]: a selector is missing).
    pub holder_kind: Option<Kind>,
    /// Those of `known` that a path can go on from.
    inner: Vec<String>,
}

impl Miss {
    /// Sets the nearest name; inside a path it is rather one that the path can go on from.
    fn likely(mut self, word: &str, last: bool) -> Miss {
        let near =
            |names: &[String]| nearest(word, names.iter().map(String::as_str)).map(str::to_owned);
        let inner = if last { None } else { near(&self.inner) };
        self.nearest = inner.or_else(|| near(&self.known));
        self
    }
}

/// The kinds of [`Miss`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MissKind {
    /// There is no such name.
    Unknown,
    /// A selector such as `[first]` behind something that is not a list.
    NotAList,
    /// A name behind something that has no members, or behind a list without a selector.
    NotAnObject,
}

/// What the walk stands on.
#[derive(Debug, Clone, Copy)]
enum Here<'s> {
    Object(&'s Object),
    /// A group, or an element of a list, with its members.
    Members(&'s Field),
    List(&'s Field),
    Children(&'s Child),
    /// Behind a reference whose object is in no schema.
    Absent(&'s String),
    /// A plain value.
    Value(&'s Field),
}

struct Walk<'s> {
    schemas: &'s Schemas,
    here: Here<'s>,
    /// The object that references and child relationships are looked up from.
    system: System,
    /// The result, once a field was reached.
    found: Option<Found<'s>>,
    owner: Place<'s>,
    /// What references and selectors on the way allow.
    allowed: Access,
    nullable: bool,
    patch: Option<&'s str>,
    list: Option<&'s Field>,
    reference: Option<&'s Field>,
    /// The reference that the last step followed.
    followed: Option<&'s Field>,
    child: Option<&'s Child>,
    /// True while each selector was `[first]`: pointers with `/0/` mean the first element.
    only_first: bool,
    /// True while each selector was one for the key of its list.
    keyed: bool,
}

impl Schemas {
    /// Finds the field of a record that `path` leads to.
    ///
    /// # Errors
    /// The segment that leads nowhere, and the names that exist there.
    pub fn find<'s>(&'s self, object: &'s Object, path: &Path) -> Result<Found<'s>, Miss> {
        self.find_in(object.system, Place::Object(object), path)
    }

    /// Finds the field that `path` leads to from a record or from a list's element.
    ///
    /// # Errors
    /// The segment that leads nowhere, and the names that exist there.
    pub fn find_in<'s>(
        &'s self,
        system: System,
        place: Place<'s>,
        path: &Path,
    ) -> Result<Found<'s>, Miss> {
        let mut walk = Walk::new(self, system, place);
        for (index, segment) in path.segments.iter().enumerate() {
            match segment {
                Segment::Name(name) => {
                    let last = index + 1 == path.segments.len();
                    walk.name(index, name).map_err(|miss| miss.likely(name, last))?;
                }
                Segment::First => {
                    walk.keyed = false;
                    walk.select(index, None)?;
                }
                Segment::FirstWith(member) => {
                    (walk.only_first, walk.keyed) = (false, false);
                    walk.select(index, Some(member))?;
                }
                Segment::Is { name: member, value } => {
                    walk.only_first = false;
                    walk.keyed &= walk.is_key(member) && !value.contains('"');
                    walk.select(index, Some(member))?;
                }
            }
        }
        walk.end(path.segments.len())
    }

    /// Where the elements' own paths begin, for a path that leads to a list: the child object, or
    /// the list's element. Nothing for plain values and for what is not a list.
    pub fn elements<'s>(&'s self, found: &Found<'s>, system: System) -> Option<Place<'s>> {
        if found.selected || found.field.kind != Kind::List {
            return None;
        }
        match found.child.filter(|child| child.as_field == *found.field) {
            Some(child) => self.object(system, &child.object).map(Place::Object),
            None => (!found.field.fields.is_empty()).then_some(Place::Element(found.field)),
        }
    }
}

impl<'s> Walk<'s> {
    fn new(schemas: &'s Schemas, system: System, place: Place<'s>) -> Walk<'s> {
        let (here, list) = match place {
            Place::Object(object) => (Here::Object(object), None),
            Place::Element(list) => (Here::Members(list), Some(list)),
        };
        Walk {
            schemas,
            here,
            system,
            found: None,
            owner: place,
            allowed: Access::Always,
            nullable: false,
            patch: list.and_then(|list| list.patch.as_deref()),
            list,
            reference: None,
            followed: None,
            child: None,
            only_first: list.is_none(),
            keyed: true,
        }
    }

    /// Whether a member is the key of the list that the walk stands on.
    fn is_key(&self, member: &str) -> bool {
        matches!(self.here, Here::List(list) if list.key.as_deref() == Some(member))
    }

    /// One name further.
    fn name(&mut self, segment: usize, name: &str) -> Result<(), Miss> {
        match self.here {
            Here::Object(object) => {
                if let Some(field) = object.field(name) {
                    self.enter(field);
                } else if let Some(reference) = object.reference(name) {
                    self.follow(reference);
                } else if let Some(child) = object.child(name) {
                    self.child = Some(child);
                    self.enter(&child.as_field);
                    self.here = Here::Children(child);
                } else {
                    return Err(self.miss(segment, MissKind::Unknown));
                }
            }
            Here::Members(group) => match group.member(name) {
                Some(field) => self.enter(field),
                None => return Err(self.miss(segment, MissKind::Unknown)),
            },
            Here::Absent(_) => return Err(self.miss(segment, MissKind::Unknown)),
            Here::List(_) | Here::Children(_) | Here::Value(_) => {
                return Err(self.miss(segment, MissKind::NotAnObject));
            }
        }
        Ok(())
    }

    /// One selector further; `member` is what it looks at in the elements.
    fn select(&mut self, segment: usize, member: Option<&str>) -> Result<(), Miss> {
        let (here, owner) = match self.here {
            Here::List(list) => {
                self.list = self.list.or(Some(list));
                let here =
                    if list.fields.is_empty() { Here::Value(list) } else { Here::Members(list) };
                (here, Place::Element(list))
            }
            Here::Children(child) => {
                self.allowed = Access::Never;
                match self.schemas.object(self.system, &child.object) {
                    Some(object) => (Here::Object(object), Place::Object(object)),
                    None => (Here::Absent(&child.object), self.owner),
                }
            }
            Here::Object(_) | Here::Members(_) | Here::Absent(_) | Here::Value(_) => {
                return Err(self.miss(segment, MissKind::NotAList));
            }
        };
        (self.here, self.owner) = (here, owner);
        self.nullable = true;
        if let Some(member) = member
            && !self.has_member(member)
        {
            return Err(self.miss(segment, MissKind::Unknown).likely(member, true));
        }
        let (write, nullable) = (self.allowed, true);
        self.found = self.found.map(|found| Found {
            selected: true,
            nullable,
            write: found.write.and(write),
            ..found
        });
        Ok(())
    }

    /// True when the element has that member; `Contact.Email` is followed.
    fn has_member(&self, member: &str) -> bool {
        match self.here {
            Here::Members(list) => list.member(member).is_some(),
            Here::Object(object) => {
                let names = member.split('.').map(|name| Segment::Name(name.to_owned()));
                let path = Path { segments: names.collect() };
                object.field(member).is_some() || self.schemas.find(object, &path).is_ok()
            }
            Here::List(_) | Here::Children(_) | Here::Absent(_) | Here::Value(_) => false,
        }
    }

    /// Steps onto a field.
    fn enter(&mut self, field: &'s Field) {
        let first = self.only_first || !field.patch.as_ref().is_some_and(|at| at.contains("/0/"));
        let own = Access::new(field.create, field.update && first);
        self.nullable |= field.nullable;
        self.followed = None;
        let patch = field.patch.as_deref().or(self.patch);
        let write = own.and(self.allowed);
        self.found = Some(Found {
            field,
            owner: self.owner,
            write,
            nullable: self.nullable,
            patch: patch.filter(|_| write.updates()),
            list: self.list,
            reference: self.reference,
            child: self.child,
            selected: false,
            keyed: self.keyed,
        });
        self.patch = patch;
        self.here = match field.kind {
            Kind::Object => Here::Members(field),
            Kind::List => Here::List(field),
            Kind::Text
            | Kind::LongText
            | Kind::Number
            | Kind::Bool
            | Kind::Date
            | Kind::DateTime
            | Kind::Id
            | Kind::Enum
            | Kind::MultiEnum
            | Kind::Email
            | Kind::Phone
            | Kind::Url
            | Kind::Country
            | Kind::Currency
            | Kind::Percent
            | Kind::Reference => Here::Value(field),
        };
    }

    /// Steps through a reference to the other record.
    fn follow(&mut self, reference: &'s Field) {
        self.nullable |= reference.nullable;
        self.allowed = self.allowed.and(reference.through);
        self.reference = self.reference.or(Some(reference));
        self.followed = Some(reference);
        self.found = None;
        let name = reference.reference_to.as_ref().unwrap_or(&reference.name);
        match self.schemas.object(self.system, name) {
            Some(object) => {
                self.here = Here::Object(object);
                self.owner = Place::Object(object);
            }
            None => self.here = Here::Absent(name),
        }
    }

    fn end(self, segments: usize) -> Result<Found<'s>, Miss> {
        if let Some(found) = self.found {
            return Ok(found);
        }
        let mut miss = self.miss(segments.saturating_sub(1), MissKind::Unknown);
        if let Some(reference) = self.followed {
            miss.nearest = Some(reference.name.clone());
        }
        Err(miss)
    }

    fn miss(&self, segment: usize, why: MissKind) -> Miss {
        let (holder, holder_kind) = match self.here {
            Here::Object(object) => (&object.name, None),
            Here::Members(group) => (&group.name, Some(group.kind)),
            Here::List(list) => (&list.name, Some(Kind::List)),
            Here::Children(child) => (&child.relationship, Some(Kind::List)),
            Here::Absent(reference) => (reference, None),
            Here::Value(field) => (&field.name, Some(field.kind)),
        };
        let (known, inner) =
            if why == MissKind::Unknown { self.names() } else { Default::default() };
        let holder = holder.clone();
        Miss { segment, known, nearest: None, why, holder, holder_kind, inner }
    }

    /// The names that exist here, and those of them that a path can go on from.
    fn names(&self) -> (Vec<String>, Vec<String>) {
        let (fields, object): (&[Field], Option<&Object>) = match self.here {
            Here::Object(object) => (&object.fields, Some(object)),
            Here::Members(group) => (&group.fields, None),
            Here::List(_) | Here::Children(_) | Here::Absent(_) | Here::Value(_) => (&[], None),
        };
        let plain = |field: &&Field| !matches!(field.kind, Kind::Object | Kind::List);
        let name = |field: &Field| field.name.clone();
        let relationships = object.into_iter().flat_map(|object| {
            let references = object.fields.iter().filter_map(|field| field.relationship.clone());
            references.chain(object.children.iter().map(|child| child.relationship.clone()))
        });
        let inner = fields.iter().filter(|field| !plain(field)).map(name);
        let inner: Vec<String> = inner.chain(relationships.clone()).collect();
        (fields.iter().map(name).chain(relationships).collect(), inner)
    }
}
