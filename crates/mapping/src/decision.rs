//! What a reconcile decides: what to write on which side, and why, as plain data.
//!
//! In: nothing. Out: the types that `reconcile` fills and the runner carries out. Must not know:
//! how records are fetched or written. Values are JSON texts, so numbers keep their digits.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::tree::Arrow;

/// One of the two sides of a mapping, in the order of its `side` lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The first: the referral.
    Left,
    /// The second: the opportunity.
    Right,
}

impl Side {
    /// Both, left first.
    pub const BOTH: [Side; 2] = [Side::Left, Side::Right];

    /// The other one.
    #[must_use]
    pub fn other(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }

    /// True when `arrow` points at this side: values flow to it.
    pub fn is_target_of(self, arrow: Arrow) -> bool {
        match (arrow, self) {
            (Arrow::Both, _) | (Arrow::ToRight, Side::Right) | (Arrow::ToLeft, Side::Left) => true,
            (Arrow::ToRight, Side::Left) | (Arrow::ToLeft, Side::Right) => false,
        }
    }

    /// 0 for left, 1 for right.
    pub fn index(self) -> usize {
        match self {
            Side::Left => 0,
            Side::Right => 1,
        }
    }
}

/// A record as it was just read.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'r> {
    /// The record as JSON text.
    pub body: &'r str,
    /// When it was last changed by someone else than us, where known.
    pub stamp: Option<Timestamp>,
}

/// What a reconcile looks at.
#[derive(Debug, Clone, Copy)]
pub struct Input<'r> {
    /// The referral, or none when there is none yet.
    pub left: Option<Seen<'r>>,
    /// The opportunity, or none when there is none yet.
    pub right: Option<Seen<'r>>,
    /// The pairs last read back.
    pub base: &'r Base,
    /// The time that goes into the audit.
    pub now: Timestamp,
}

/// The pairs last read back, one a line, by the line's hash. Kept by the runner as JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Base {
    /// By line hash (elements of lists: `hash/key/hash`).
    pub lines: BTreeMap<String, BasePair>,
}

impl Base {
    /// A base as JSON: `{"lines": { … }}`, an empty object, or an object that has such a `base`, as
    /// the output of an earlier run does. None: it is no base.
    pub fn from_json(json: &serde_json::Value) -> Option<Base> {
        let own = json.get("base").unwrap_or(json);
        if own.as_object().is_some_and(serde_json::Map::is_empty) {
            return Some(Base::default());
        }
        serde_json::from_value(own.clone()).ok()
    }
}

/// One line's base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasePair {
    /// The left values as tagged JSON text.
    pub l: String,
    /// The right values as tagged JSON text.
    pub r: String,
    /// When the left value was first seen to differ from the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l_seen: Option<Timestamp>,
    /// When the right value was first seen to differ from the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r_seen: Option<Timestamp>,
}

/// A field and the JSON text that is written to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Dotted path in the record, such as `details.dealValue` or `StageName`.
    pub path: String,
    /// The JSON pointer that Partner Center's PATCH admits for it; none for Salesforce.
    pub pointer: Option<String>,
    /// The new value as JSON text.
    pub value: String,
}

/// What is to be done on one side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Effect {
    /// Nothing.
    #[default]
    Nothing,
    /// The record must be created.
    Create(Draft),
    /// Microsoft's half of the deal must be created: a record beside the one there is.
    Invite(Draft),
    /// Fields, and children, must be changed. Changes that close a referral come last.
    Update {
        /// Fields of the record itself.
        changes: Vec<Change>,
        /// Child records.
        children: Vec<ChildChange>,
    },
}

impl Effect {
    /// True when there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Effect::Nothing)
    }
}

/// A record to be created.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Draft {
    /// Its own fields (dotted paths; lists whole).
    pub changes: Vec<Change>,
    /// Records it refers to, to be found or made first.
    pub related: Vec<RelatedDraft>,
    /// Its children.
    pub children: Vec<ChildChange>,
}

impl Draft {
    /// Its own fields as one nested JSON object (no related records, no children).
    pub fn to_json(&self) -> String {
        nest(&self.changes)
    }

    /// What each related record is called while it is being made: its object, with a number where there are
    /// several of one.
    pub fn related_names(&self) -> impl Iterator<Item = String> {
        self.related.iter().enumerate().map(|(index, related)| {
            let before = self.related.iter().take(index);
            match before.filter(|other| other.object == related.object).count() {
                0 => related.object.clone(),
                more => format!("{}_{}", related.object, more + 1),
            }
        })
    }
}

/// A record that the new one refers to: match it, else do what `none` and `several` say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelatedDraft {
    /// Its object, such as `Account`.
    pub object: String,
    /// The field of the new record that takes its id, such as `AccountId`.
    pub through: String,
    /// The relationship's name, such as `Account`.
    pub relationship: String,
    /// How to find it: its `match` lines in their order.
    pub rules: Vec<RuleDraft>,
    /// What to do when none matches: create it (else park).
    pub create_if_none: bool,
    /// Its fields when it is created.
    pub changes: Vec<Change>,
    /// Values that do not fit: it is not made without them, since its lines are not looked at again.
    #[serde(skip)]
    pub faults: Vec<Fault>,
    /// The lines of the map that fill it.
    #[serde(skip)]
    pub lines: Vec<usize>,
    /// Line of the map, from 1; `Plan::place` says in which file.
    pub map_line: usize,
}

impl RelatedDraft {
    /// The rules to try, one after the other, until one finds a record.
    pub fn tried(&self) -> impl Iterator<Item = &RuleDraft> {
        self.rules.iter().filter(|rule| !rule.skipped)
    }
}

/// A `match` line of a related record, with the values that it looks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleDraft {
    /// Fields that must be equal, with JSON texts (`null` matches only blank).
    pub matching: Vec<Change>,
    /// One of the values is blank, and other lines follow: it is not tried.
    pub skipped: bool,
    /// Line of the map, from 1; `Plan::place` says in which file.
    pub map_line: usize,
}

/// A child record to be created, changed or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildChange {
    /// The relationship as the parent calls it, such as `Microsoft_Solutions__r`.
    pub relationship: String,
    /// The child's object, such as `Microsoft_Solution__c`.
    pub object: String,
    /// The child's field that refers to the parent, such as `Opportunity__c`.
    pub parent_field: String,
    /// What to do.
    pub action: ChildAction,
    /// Its fields.
    pub changes: Vec<Change>,
}

/// What happens to a child record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChildAction {
    /// Make it.
    Create,
    /// Change the one with this id.
    Update(String),
    /// Remove the one with this id.
    Remove(String),
}

/// What was decided about one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The sides agree.
    Agrees,
    /// A blank or a `keep` leaves the other side as it is.
    Kept,
    /// The left side is written.
    WritesLeft,
    /// The right side is written.
    WritesRight,
    /// Each side gets what it lacks (`union`).
    WritesBoth,
    /// A lock forbids the repair; the word names it.
    Held(String),
    /// Neither side changed and they disagree.
    Drifted,
    /// The line waits for a person; the sentence says why.
    Parked(String),
    /// Not sent while the record does not take part in the sync.
    NotOptedIn,
}

/// One line's decision, for `try`, `why`, the audit and the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTrace {
    /// The line as the map says it, such as `details.notes <-> Description`.
    pub rule: String,
    /// Line of the map, from 1; `Plan::place` says in which file.
    pub map_line: usize,
    /// The table row that decided, as a line of the map.
    pub row_line: Option<usize>,
    /// What was decided.
    pub outcome: Outcome,
    /// Which of the six decisions it was, in words.
    pub reason: String,
    /// Left values as read, as JSON text.
    pub left: String,
    /// Right values as read, as JSON text.
    pub right: String,
    /// What is written, as JSON text.
    pub written: Option<String>,
}

/// Why a line `on create only` writes nothing later.
pub(crate) const CREATE_ONLY: &str = "written only when the record is created";

/// The `hold` line that keeps everything from the left record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnHold {
    /// What it says, in words.
    pub why: String,
    /// Line of the map, from 1; `Plan::place` says in which file.
    pub map_line: usize,
}

/// A time that matters to a deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// What happens then.
    pub kind: DeadlineKind,
    /// When.
    pub at: Timestamp,
    /// The line or row as the map says it.
    pub rule: String,
    /// Line of the map, from 1; `Plan::place` says in which file.
    pub map_line: usize,
}

/// What happens when a time comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadlineKind {
    /// Nobody may answer any more (`hold … answer by`).
    Answer,
    /// What is held is written (`not before`).
    Write,
}

/// Everything that one reconcile decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// What to do on the left.
    pub left: Effect,
    /// What to do on the right, without badge and audit.
    pub right: Effect,
    /// The base to keep: at once when nothing is written, else through `settle`.
    pub base: Base,
    /// Line by line.
    pub lines: Vec<LineTrace>,
    /// Lines that wait for a person.
    pub parked: Vec<Fault>,
    /// Times that matter: until when somebody has to answer, from when on something is written.
    pub deadlines: Vec<Deadline>,
    /// Why nothing is written to the left, although there is something to write.
    pub on_hold: Option<OnHold>,
    /// Why the whole deal cannot go on (a create that would not fit).
    pub refused: Option<Fault>,
    /// What must be remembered with the intent, so that `settle` works after a crash.
    pub pending: Pending,
}

impl Decision {
    /// True when something is to be written.
    pub fn writes(&self) -> bool {
        !self.left.is_nothing() || !self.right.is_nothing()
    }
}

/// What `settle` needs to know about a decision that was being carried out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pending {
    /// The decision's base: every line's pair as read before the write.
    pub base: Base,
    /// Base keys of the lines whose left side is written.
    pub left: Vec<String>,
    /// Base keys of the lines whose right side is written.
    pub right: Vec<String>,
    /// Base keys of the lines whose left side is written in several steps, of which this is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

/// What a plan reads from one side, so that the runner knows no field name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reads {
    /// Dotted paths of fields; through parents too, such as `Account.Name`.
    pub fields: Vec<String>,
    /// Child lists.
    pub children: Vec<ChildReads>,
}

/// A child list that a plan reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildReads {
    /// The relationship as the parent calls it.
    pub relationship: String,
    /// The child's object: its changes are hints for the parent.
    pub object: String,
    /// The child's field that holds the parent's id.
    pub parent_field: String,
    /// Dotted paths within the child; `Id` is among them.
    pub fields: Vec<String>,
}

/// Whether a path leads to what stands at `place`, or to a part of it.
pub(crate) fn is_at_or_below(path: &str, place: &str) -> bool {
    let below = path.strip_prefix(place);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The names of a dotted path. A name with a dot in it stands in backticks; what is selected in a
/// list stays with the list's name, such as `attributes[type is "CustomerMarketplaceIntent"]`.
pub fn names(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = path;
    loop {
        let (name, behind) = match rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            Some((name, behind)) => (name, behind.strip_prefix('.')),
            None => match rest.find(['.', '[']) {
                Some(at) if rest[at..].starts_with('[') => {
                    let end = rest[at..].find("\"]").map_or(rest.len(), |end| at + end + 2);
                    (&rest[..end], rest[end..].strip_prefix('.'))
                }
                Some(at) => (&rest[..at], Some(&rest[at + 1..])),
                None => (rest, None),
            },
        };
        names.push(name);
        match behind {
            Some(behind) => rest = behind,
            None => return names,
        }
    }
}

/// A list and the element that a name of a path selects in it: `attributes`, `type`, `Intent` of
/// `attributes[type is "Intent"]`.
pub(crate) fn selected(name: &str) -> Option<(&str, &str, &str)> {
    let (list, selector) = name.strip_suffix("\"]")?.split_once('[')?;
    let (key, value) = selector.split_once(" is \"")?;
    Some((list, key, value))
}

/// A name as a dotted path has it.
pub(crate) fn path_name(name: &str) -> Cow<'_, str> {
    if name.contains('.') { format!("`{name}`").into() } else { name.into() }
}

/// Changes with dotted paths as one nested JSON object. An element that a path names by its key is
/// made in its list.
pub fn nest(changes: &[Change]) -> String {
    if let Some(text) = nest_plain(changes) {
        return text;
    }
    let mut root = Value::Object(Map::new());
    for change in changes {
        let value = serde_json::from_str(&change.value).unwrap_or(Value::Null);
        let at = names(&change.path).into_iter().fold(&mut root, |at, name| match selected(name) {
            Some((list, key, value)) => element(member(at, list), key, value),
            None => member(at, name),
        });
        *at = value;
    }
    root.to_string()
}

/// The same when every change is a member with a single value, as most are.
fn nest_plain(changes: &[Change]) -> Option<String> {
    let is_odd = |c: char| matches!(c, '.' | '[' | '`' | '"' | '\\') || c.is_control();
    let mut text = String::from("{");
    for (index, change) in changes.iter().enumerate() {
        let twice = changes.iter().take(index).any(|other| other.path == change.path);
        if twice || change.path.contains(is_odd) || change.value.starts_with(['{', '[']) {
            return None;
        }
        text.push_str(if index > 0 { ",\"" } else { "\"" });
        text.push_str(&change.path);
        text.push_str("\":");
        text.push_str(&change.value);
    }
    text.push('}');
    Some(text)
}

/// The member of an object, which is made when it is none.
fn member<'j>(at: &'j mut Value, name: &str) -> &'j mut Value {
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    let Value::Object(members) = at else { unreachable!("made an object above") };
    members.entry(name.to_owned()).or_insert(Value::Null)
}

/// The element of a list whose `key` is `value`, which is made when there is none.
fn element<'j>(at: &'j mut Value, key: &str, value: &str) -> &'j mut Value {
    if !at.is_array() {
        *at = Value::Array(Vec::new());
    }
    let Value::Array(items) = at else { unreachable!("made a list above") };
    let found = items.iter().position(|item| item[key] == *value);
    let index = found.unwrap_or_else(|| {
        items.push(serde_json::json!({ key: value }));
        items.len() - 1
    });
    &mut items[index]
}
