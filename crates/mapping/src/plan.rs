//! The compiled plan: flat, immutable, every name resolved to a slot.
//!
//! In: what `check` resolved. Out: plain data that `reconcile`, `apply` and `settle` carry out, its
//! stable text and its hash (meaning only: no places, comments or examples). Must not know: the
//! text it came from, schemas, records.

mod boxes;
mod catalogue;
mod json;
mod waits;
mod outline;
pub(crate) mod text;
mod uses;
pub(crate) mod writers;

pub use catalogue::Catalogued;
pub use outline::{Block, Outlined};
pub use uses::{FieldUse, ObjectUse, Uses};

use crate::convert::Conversion;
use crate::decimal::Decimal;
use crate::decision::{ChildReads, Reads, Side};
use crate::path::JsonPath;
use crate::schema::{Kind, System};
use crate::tree::{Arrow, BlankPolicy, Stability};
use crate::value::Value;

pub(crate) use waits::{Hold, InvitePlan, Moment, NotBefore, StatesPlan};

/// A compiled mapping.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) stability: Stability,
    /// The names of the map's file and of its bases', each with its first line, all counted
    /// through from 0.
    pub(crate) files: Vec<(String, usize)>,
    pub(crate) sides: [SidePlan; 2],
    pub(crate) key: [SlotId; 2],
    /// The conditions for hints from each side, one of which must hold; none: that side starts
    /// nothing.
    pub(crate) sync: [Vec<Condition>; 2],
    /// Where each of them stands, as lines of the map.
    pub(crate) sync_lines: [Vec<usize>; 2],
    /// While one of them holds, nothing is written to the left record.
    pub(crate) holds: Vec<Hold>,
    pub(crate) tables: Vec<Table>,
    /// The lines of `fields`, the key line first.
    pub(crate) lines: Vec<Line>,
    pub(crate) related: Vec<Related>,
    pub(crate) lists: Vec<Each>,
    pub(crate) requires: Vec<Require>,
    pub(crate) badge: Option<Badge>,
    pub(crate) audit: Option<Audit>,
    pub(crate) states: Option<StatesPlan>,
    pub(crate) shared: Option<SlotId>,
    pub(crate) invite: Option<InvitePlan>,
    pub(crate) hash: String,
}

/// One side: what it is called and what is read of it.
#[derive(Debug, Clone)]
pub(crate) struct SidePlan {
    pub(crate) name: String,
    pub(crate) system: System,
    pub(crate) object: String,
    pub(crate) id_field: String,
    pub(crate) slots: Vec<Slot>,
    /// How its records become those of another object.
    pub(crate) successor: Option<Successor>,
    /// Fields that must be given when a record is created: path and where they come from.
    pub(crate) required: Vec<String>,
}

/// A record becomes one of another object, as a lead becomes an opportunity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// The check box that says that it did.
    pub when: String,
    /// The reference to what it became.
    pub to: String,
    /// The object it became, such as `Opportunity`.
    pub object: String,
}

/// What a record says of having become one of another object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It is still itself.
    Itself,
    /// It became the record with this id.
    Named(String),
    /// It became something else, and does not say what.
    Unnamed,
}

/// Index of a slot of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SlotId(pub(crate) usize);

/// A place in a record, resolved.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the schema")]
pub(crate) struct Slot {
    /// As written in the map.
    pub(crate) path: String,
    /// What people call it.
    pub(crate) label: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) kind: Kind,
    pub(crate) length: Option<u32>,
    pub(crate) precision: Option<(u8, u8)>,
    /// Values that the field admits, when it admits no other.
    pub(crate) values: Vec<String>,
    pub(crate) create: bool,
    pub(crate) update: bool,
    pub(crate) until_shared: bool,
    pub(crate) clearable: bool,
    pub(crate) required: bool,
    pub(crate) pointer: Option<String>,
    /// The badge stands in front of it.
    pub(crate) badged: bool,
    pub(crate) exact: bool,
    pub(crate) json_path: Option<JsonPath>,
}

/// One step into a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Member(String),
    First,
    FirstWith(String),
    Is { name: String, value: String },
}

/// Where one side of a line comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Slots(Vec<SlotId>),
    Constant(Vec<Value>),
}

impl Source {
    pub(crate) fn slots(&self) -> &[SlotId] {
        match self {
            Source::Slots(slots) => slots,
            Source::Constant(_) => &[],
        }
    }
}

/// How values get from one side to the other.
#[derive(Debug, Clone)]
pub(crate) enum Via {
    Convert(Conversion),
    /// Indices into the plan's tables, in the order from left to right.
    Tables(Vec<usize>),
}

/// What happens when both sides changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wins {
    Side {
        side: Side,
        unless_blank: bool,
    },
    Newest {
        fallback: Side,
    },
    Ask,
    /// Of lists: the values of both.
    Union,
}

/// A value for a blank one.
#[derive(Debug, Clone)]
pub(crate) enum Fallback {
    Constant(Value),
    /// A slot of the side that the value comes from, and days to add.
    Slot {
        slot: SlotId,
        plus_days: i64,
    },
}

/// One field pair.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "a line of the map is what it is")]
pub(crate) struct Line {
    /// As the map says it, without clauses.
    pub(crate) rule: String,
    pub(crate) map_line: usize,
    /// Twelve hex digits over everything that gives it meaning.
    pub(crate) hash: String,
    pub(crate) left: Source,
    pub(crate) right: Source,
    pub(crate) arrow: Arrow,
    pub(crate) via: Via,
    pub(crate) wins: Wins,
    pub(crate) first_contact: Option<Side>,
    /// By the side that would be written.
    pub(crate) blank: [BlankPolicy; 2],
    pub(crate) default: [Option<Fallback>; 2],
    pub(crate) create_only: [bool; 2],
    /// Written to the left with an invitation too.
    pub(crate) on_invite: bool,
    pub(crate) one_way: Option<Value>,
}

impl Line {
    pub(crate) fn source(&self, side: Side) -> &Source {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// True when the arrow points at `side` (the key line and constants included).
    pub(crate) fn writes(&self, side: Side) -> bool {
        side.is_target_of(self.arrow)
    }
}

/// A table of values.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) rows: Vec<Row>,
    /// By the side that would be written.
    pub(crate) otherwise: [Option<Otherwise>; 2],
}

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) left: Vec<Cell>,
    pub(crate) right: Vec<Cell>,
    pub(crate) arrow: Arrow,
    pub(crate) when: Option<Condition>,
    /// Written to the left only later.
    pub(crate) not_before: Option<NotBefore>,
    /// The org spells its value otherwise, and another row has that spelling: never chosen.
    pub(crate) aside: bool,
    pub(crate) map_line: usize,
}

/// One cell of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Is(Value),
    Any,
    /// Matches anything; as a target: left as it is.
    Ignore,
    /// As a target: the source value.
    Same,
    Keep,
    Park,
}

/// What happens to values that are in no row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Otherwise {
    pub(crate) action: Vec<Cell>,
    pub(crate) warning: bool,
    pub(crate) on_create: Option<Vec<Cell>>,
    pub(crate) map_line: usize,
}

/// Tests that must all hold, on one side's record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) tests: Vec<Test>,
}

/// One test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Test {
    pub(crate) slot: SlotId,
    pub(crate) op: TestOp,
}

/// The question a test asks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TestOp {
    Is(Vec<Value>),
    IsNot(Vec<Value>),
    Present,
    Blank,
    Above(Decimal),
    Below(Decimal),
}

/// A related record: found or made when a right record is created; its lines have slots of the
/// deal's own sides (the right ones through the relationship).
#[derive(Debug, Clone)]
pub(crate) struct Related {
    pub(crate) object: String,
    pub(crate) through: String,
    pub(crate) relationship: String,
    /// How it is found: tried in this order, the first that finds a record decides.
    pub(crate) rules: Vec<MatchRule>,
    pub(crate) create_if_none: bool,
    pub(crate) lines: Vec<Line>,
    pub(crate) map_line: usize,
}

/// A `match` line of a related record: all its fields are equal.
#[derive(Debug, Clone)]
pub(crate) struct MatchRule {
    /// A left slot, the field that must be equal to it, and that field's kind.
    pub(crate) pairs: Vec<(SlotId, String, Kind)>,
    pub(crate) map_line: usize,
}

/// Two lists whose elements correspond. Its lines have slots of the elements.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a clause of the head")]
pub(crate) struct Each {
    pub(crate) rule: String,
    pub(crate) map_line: usize,
    pub(crate) hash: String,
    pub(crate) left: SlotId,
    /// The right list as the parent record calls it.
    pub(crate) right: SlotId,
    pub(crate) child: Option<Child>,
    /// Slots of the elements, by side.
    pub(crate) elements: [Vec<Slot>; 2],
    /// The pairs of fields by which elements are recognised; at least one.
    pub(crate) key: Vec<[SlotId; 2]>,
    pub(crate) lines: Vec<Line>,
    pub(crate) removed_keep: bool,
    /// Nothing is removed when both lists changed.
    pub(crate) union: bool,
    pub(crate) until_shared: bool,
    /// Written only when a record is created.
    pub(crate) create_only: bool,
}

/// The right list's elements are records of their own.
#[derive(Debug, Clone)]
pub(crate) struct Child {
    pub(crate) relationship: String,
    pub(crate) object: String,
    pub(crate) parent_field: String,
}

/// A line of `require before sharing`.
#[derive(Debug, Clone)]
pub(crate) struct Require {
    pub(crate) test: Condition,
    pub(crate) when: Option<Condition>,
    pub(crate) otherwise: String,
    pub(crate) map_line: usize,
}

/// A mark in front of a field of the right record, or in a field of its own.
#[derive(Debug, Clone)]
pub(crate) struct Badge {
    pub(crate) slot: SlotId,
    pub(crate) prefix: bool,
    pub(crate) good: String,
    pub(crate) bad: String,
    pub(crate) map_line: usize,
}

/// A field of the right record that lists what was done, newest first.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    pub(crate) slot: SlotId,
    pub(crate) map_line: usize,
}

impl Plan {
    /// The mapping's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file it was compiled from.
    pub fn file(&self) -> &str {
        self.files.first().map_or("", |(name, _)| name)
    }

    /// The file and the line in it of a `map_line` of a trace or draft: a line may come from a map
    /// that this one extends.
    pub fn place(&self, map_line: usize) -> (&str, usize) {
        let behind = self.files.partition_point(|(_, first)| *first < map_line);
        let file = behind.checked_sub(1).and_then(|index| self.files.get(index));
        file.map_or((self.file(), map_line), |(name, first)| (name, map_line - first))
    }

    /// A hash of the meaning, 64 hex digits: reformatting and examples do not change it.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The name that the map gives to a side.
    pub fn side_name(&self, side: Side) -> &str {
        &self.side(side).name
    }

    /// Whether a `sync` line lets records of a side take part.
    pub fn starts_from(&self, side: Side) -> bool {
        let [left, right] = &self.sync;
        !(if side == Side::Left { left } else { right }).is_empty()
    }

    /// The side with this name.
    pub fn side_named(&self, name: &str) -> Option<Side> {
        Side::BOTH.into_iter().find(|side| self.side(*side).name == name)
    }

    /// The object of a side, such as `Opportunity`.
    pub fn object(&self, side: Side) -> &str {
        &self.side(side).object
    }

    /// The system of a side.
    pub fn system(&self, side: Side) -> System {
        self.side(side).system
    }

    /// The two fields that name the deal, such as `id` and `Referral_Identifier__c`.
    pub fn key_fields(&self) -> (&str, &str) {
        (
            self.slot(Side::Left, self.key[0]).map_or("", |s| &s.path),
            self.slot(Side::Right, self.key[1]).map_or("", |s| &s.path),
        )
    }

    /// The left field that takes the right record's id, such as `externalReferenceId`.
    pub fn external_reference(&self) -> Option<&str> {
        let id = &self.side(Side::Right).id_field;
        self.lines.iter().find_map(|line| {
            let right = line.right.slots().first().and_then(|s| self.slot(Side::Right, *s))?;
            let left = line.left.slots().first().and_then(|s| self.slot(Side::Left, *s))?;
            (right.path == *id && line.writes(Side::Left)).then_some(left.path.as_str())
        })
    }

    /// How records of a side become those of another object, where they do.
    pub fn successor(&self, side: Side) -> Option<&Successor> {
        self.side(side).successor.as_ref()
    }

    /// Everything that is read of one side.
    pub fn reads(&self, side: Side) -> Reads {
        let lists: Vec<&Each> = self.lists.iter().filter(|_| side == Side::Right).collect();
        let is_list = |index: usize| lists.iter().any(|each| each.right == SlotId(index));
        let mut fields: Vec<String> = Vec::new();
        for (index, slot) in self.side(side).slots.iter().enumerate() {
            if !is_list(index) && slot.json_path.is_none() && !fields.contains(&slot.path) {
                fields.push(slot.path.clone());
            }
        }
        for name in self.successor(side).into_iter().flat_map(|found| [&found.when, &found.to]) {
            if !fields.contains(name) {
                fields.push(name.clone());
            }
        }
        let mut children = Vec::new();
        for each in lists {
            let Some(child) = &each.child else {
                let parent = self.slot(side, each.right).map_or("", |slot| slot.path.as_str());
                let [_, elements] = &each.elements;
                fields.extend(elements.iter().map(|slot| format!("{parent}.{}", slot.path)));
                continue;
            };
            let mut names = vec!["Id".to_owned()];
            for slot in &each.elements[1] {
                if !names.contains(&slot.path) {
                    names.push(slot.path.clone());
                }
            }
            children.push(ChildReads {
                relationship: child.relationship.clone(),
                object: child.object.clone(),
                parent_field: child.parent_field.clone(),
                fields: names,
            });
        }
        Reads { fields, children }
    }

    pub(crate) fn side(&self, side: Side) -> &SidePlan {
        let [left, right] = &self.sides;
        match side {
            Side::Left => left,
            Side::Right => right,
        }
    }

    pub(crate) fn slot(&self, side: Side, id: SlotId) -> Option<&Slot> {
        self.side(side).slots.get(id.0)
    }
}
