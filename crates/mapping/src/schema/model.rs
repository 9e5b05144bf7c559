//! What a schema says: objects, fields, picklists, child relationships and legal states.
//!
//! In: nothing. Out: the types that the YAML reader fills and that `check` asks.
//! Must not know: YAML, files, maps.

use super::index::Index;
use super::kind::{Access, Kind, System};

/// A kind of record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its API name, such as `Opportunity`.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Whose it is.
    pub system: System,
    /// The field that identifies a record.
    pub key: String,
    /// Its fields, in the order of the file.
    pub fields: Vec<Field>,
    /// Lists of child records.
    pub children: Vec<Child>,
    /// Which combinations of status fields are legal, where the system says so.
    pub states: Option<States>,
    /// How a record becomes one of another object, where that happens.
    pub converts: Option<Converts>,
    /// How another party is asked to join a record, where that happens.
    pub invites: Option<Invites>,
    /// Its record types. None known: values are not checked against them.
    pub record_types: Vec<RecordType>,
    /// The org that it was read from, in words for messages; nothing for what is built in.
    pub org: Option<String>,
    /// Where its fields, its relationships to parents and to children stand.
    pub index: [Index; 3],
}

/// A record becomes one of another object, and stays as it is from then on: a lead an opportunity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converts {
    /// The check box that says that it did, such as `IsConverted`.
    pub when: String,
    /// The reference to what it became, such as `ConvertedOpportunityId`.
    pub to: String,
}

/// Another party joins a record by one of its own, which is made once, when somebody asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invites {
    /// The field that asks for it, as a dotted path.
    pub asks: String,
    /// Values of that field which ask for nothing.
    pub nothing: Vec<String>,
    /// The field that a record has once the other party has joined.
    pub joined: String,
    /// The records that others can join: fields and their values.
    pub during: Vec<(String, String)>,
}

/// A variant of an object with lists of values of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordType {
    /// Its developer name.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// The id of its record, where a describe told it.
    pub id: Option<String>,
    /// False when no record can be given it any more.
    pub active: bool,
    /// By field, the values that it admits. A field that is not here admits all of its values.
    pub values: Vec<(String, Vec<String>)>,
}

impl RecordType {
    /// The values that it admits in a field; nothing: it says nothing about that field.
    pub fn admits(&self, field: &str) -> Option<&[String]> {
        self.values.iter().find(|(name, _)| name == field).map(|(_, values)| values.as_slice())
    }
}

impl Object {
    /// The field of that name (exactly as written).
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.index[0].find(&self.fields, name, |field| Some(&field.name))
    }

    /// The child relationship of that name.
    pub fn child(&self, relationship: &str) -> Option<&Child> {
        self.index[2].find(&self.children, relationship, |child| Some(&child.relationship))
    }

    /// The reference field whose relationship has that name: `Account` finds `AccountId`.
    pub fn reference(&self, relationship: &str) -> Option<&Field> {
        self.index[1].find(&self.fields, relationship, |field| field.relationship.as_deref())
    }

    /// What must be given when a record is created.
    pub fn required(&self) -> Vec<Required<'_>> {
        required(&self.fields)
    }
}

/// Something that must be given when a record (or a list's element) is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Required<'s> {
    /// The names that lead to it, from the record (or the element) on.
    pub path: Vec<&'s str>,
    /// The field. A group of fields stands for "at least one of its members".
    pub field: &'s Field,
}

/// The required fields below, in order; members of a group that is not itself required and members
/// of lists are left out.
pub(super) fn required(fields: &[Field]) -> Vec<Required<'_>> {
    let mut found = Vec::new();
    for field in fields.iter().filter(|field| field.required) {
        let members = if field.kind == Kind::Object { required(&field.fields) } else { Vec::new() };
        if members.is_empty() {
            found.push(Required { path: vec![&field.name], field });
        }
        for member in members {
            let path = std::iter::once(field.name.as_str()).chain(member.path).collect();
            found.push(Required { path, field: member.field });
        }
    }
    found
}

/// A list of child records, such as `Microsoft_Solutions__r`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// The relationship's name on the parent.
    pub relationship: String,
    /// The child object.
    pub object: String,
    /// The child's field that refers to the parent.
    pub field: String,
    /// The relationship seen as a list, for what resolves to it.
    pub as_field: Field,
}

impl Child {
    /// The children of `object` that refer to the parent by `field`.
    pub fn new(relationship: &str, object: &str, field: &str) -> Child {
        let as_field = Field { create: true, update: true, ..Field::new(relationship, Kind::List) };
        Child {
            relationship: relationship.into(),
            object: object.into(),
            field: field.into(),
            as_field,
        }
    }
}

/// A field of a record, a member of a group, or a member of a list's elements.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact that a describe also states alone"
)]
pub struct Field {
    /// Its own name, one segment of a path.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// What it holds.
    pub kind: Kind,
    /// Most characters it can hold.
    pub length: Option<u32>,
    /// Most digits it can hold, those after the point included.
    pub precision: Option<u8>,
    /// Digits after the point.
    pub scale: Option<u8>,
    /// Its list of values.
    pub values: Vec<PickValue>,
    /// True when any other value is refused.
    pub restricted: bool,
    /// True when it must be given as the record (or the element) is created.
    pub required: bool,
    /// True when a record that was read may lack it.
    pub nullable: bool,
    /// True when it can be given as the record is created.
    pub create: bool,
    /// True when it can be changed later.
    pub update: bool,
    /// True when it can be changed only until the referral is shared.
    pub until_shared: bool,
    /// True when it can be made blank again.
    pub clearable: bool,
    /// The value from which a yes or no never goes back.
    pub one_way: Option<bool>,
    /// True for a person's statement of consent.
    pub consent: bool,
    /// True for the flag that says that a record takes part in the sync.
    pub opt_in: bool,
    /// True for what is read on its own: lists of the records do not show it.
    pub apart: bool,
    /// The object that a reference leads to (of several, the first).
    pub reference_to: Option<String>,
    /// The other objects that it may lead to.
    pub reference_also: Vec<String>,
    /// True for master-detail: the record goes with the other one, and is never without it.
    pub detail: bool,
    /// The field whose value decides which of its own values can be chosen.
    pub controlled_by: Option<String>,
    /// Why it can never be written, when the system computes it: `a formula`.
    pub computed: Option<&'static str>,
    /// The name under which the other record's fields are reached: `Account` in `Account.Name`.
    pub relationship: Option<String>,
    /// What may be written through that relationship.
    pub through: Access,
    /// True when records can be found by it from outside.
    pub external_id: bool,
    /// True when no two records share a value.
    pub unique: bool,
    /// The JSON pointer that a PATCH admits for it. Lists are replaced whole.
    pub patch: Option<String>,
    /// Members of a group, or of a list's elements.
    pub fields: Vec<Field>,
    /// The member that identifies a list's element.
    pub key: Option<String>,
    /// Where its members and its values stand.
    pub index: [Index; 2],
}

impl Field {
    /// A field that can be read and nothing else.
    pub fn new(name: &str, kind: Kind) -> Field {
        Field {
            name: name.into(),
            label: name.into(),
            kind,
            length: None,
            precision: None,
            scale: None,
            values: Vec::new(),
            restricted: false,
            required: false,
            nullable: true,
            create: false,
            update: false,
            until_shared: false,
            clearable: false,
            one_way: None,
            consent: false,
            opt_in: false,
            apart: false,
            reference_to: None,
            reference_also: Vec::new(),
            detail: false,
            controlled_by: None,
            computed: None,
            relationship: None,
            through: Access::Never,
            external_id: false,
            unique: false,
            patch: None,
            fields: Vec::new(),
            key: None,
            index: Default::default(),
        }
    }

    /// When the field itself can be written.
    pub fn access(&self) -> Access {
        Access::new(self.create, self.update)
    }

    /// The member of that name (exactly as written).
    pub fn member(&self, name: &str) -> Option<&Field> {
        self.index[0].find(&self.fields, name, |field| Some(&field.name))
    }

    /// What must be given when an element of this list (or this group) is created.
    pub fn required_members(&self) -> Vec<Required<'_>> {
        required(&self.fields)
    }

    /// The entry of its list of values with that value (exactly as written).
    pub fn value(&self, value: &str) -> Option<&PickValue> {
        self.index[1].find(&self.values, value, |entry| Some(&entry.value))
    }

    /// The values that can be chosen.
    pub fn active_values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter(|entry| entry.active).map(|entry| entry.value.as_str())
    }
}

/// An entry of a list of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickValue {
    /// What is stored.
    pub value: String,
    /// What people see.
    pub label: String,
    /// False when it may still be found in records but can no longer be chosen.
    pub active: bool,
}

/// Which combinations of some fields are legal, and how one may follow another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct States {
    /// The fields, such as `status` and `substatus`; a combination has one value for each, in order.
    pub fields: Vec<String>,
    /// The legal combinations.
    pub pairs: Vec<Vec<String>>,
    /// Those a new record may be given.
    pub initial: Vec<Vec<String>>,
    /// From which combination to which other one may go.
    pub moves: Vec<(Vec<String>, Vec<String>)>,
    /// Those after which nothing can be changed any more.
    pub terminal: Vec<Vec<String>>,
}

impl States {
    /// True when the combination exists.
    pub fn legal(&self, combination: &[&str]) -> bool {
        self.pairs.iter().any(|pair| same(pair, combination))
    }

    /// True when a new record may be given the combination.
    pub fn may_start(&self, combination: &[&str]) -> bool {
        self.initial.iter().any(|pair| same(pair, combination))
    }

    /// True when a record with `from` may be given `to`. To stay is always allowed.
    pub fn may_move(&self, from: &[&str], to: &[&str]) -> bool {
        from == to || self.moves.iter().any(|(a, b)| same(a, from) && same(b, to))
    }

    /// True when a record with `from` may come to be `to`, be it through others that are not final.
    pub fn may_reach(&self, from: &[&str], to: &[&str]) -> bool {
        let [from, to] =
            [from, to].map(|pair| pair.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        from == to || first_step(&self.moves, &self.terminal, &from, &to).is_some()
    }

    /// True when a record with the combination cannot be changed any more.
    pub fn is_terminal(&self, combination: &[&str]) -> bool {
        self.terminal.iter().any(|pair| same(pair, combination))
    }
}

/// The first step on the shortest way from one combination to another; none: there is no way. What
/// is final lies on no way to anything else.
pub(crate) fn first_step<'m>(
    moves: &'m [(Vec<String>, Vec<String>)],
    terminal: &[Vec<String>],
    from: &[String],
    to: &[String],
) -> Option<&'m Vec<String>> {
    // With each combination that is reached, the first step that led there.
    let mut reached: Vec<(&Vec<String>, &Vec<String>)> = Vec::new();
    let mut next = 0;
    reached.extend(leading(moves, from).map(|step| (step, step)));
    while let Some((at, step)) = reached.get(next).copied() {
        if at == to {
            return Some(step);
        }
        next += 1;
        if terminal.contains(at) {
            continue;
        }
        for goal in leading(moves, at) {
            if *goal != from && !reached.iter().any(|(known, _)| *known == goal) {
                reached.push((goal, step));
            }
        }
    }
    None
}

fn leading<'m>(
    moves: &'m [(Vec<String>, Vec<String>)],
    at: &[String],
) -> impl Iterator<Item = &'m Vec<String>> {
    moves.iter().filter(move |(one, _)| one == at).map(|(_, to)| to)
}

fn same(pair: &[String], combination: &[&str]) -> bool {
    pair.iter().map(String::as_str).eq(combination.iter().copied())
}
