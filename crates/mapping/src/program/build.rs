//! A [`Program`] made from a plan.
//!
//! In: a plan and the side that is made. Out: its program, or none when the output has a shape that
//! steps do not make (objects within the record, lists within it). Must not know: records.

use std::collections::BTreeSet;

use super::step::{How, LineAt, Step};
use super::text::TextStep;
use super::whole::{WholeList, bits, line_of, prefix, work_out};
use super::{Group, Memory, Program, Read};
use crate::convert::Passes;
use crate::decision::{Side, names};
use crate::plan::{Fallback, Line, Plan, Slot, SlotId, Step as PathStep, Via};
use crate::record::Record;
use crate::scan::Trie;
use crate::schema::Kind;
use crate::value::is_text;

/// The most fields that may have to be given: each is a bit of a word.
const MOST_REQUIRED: usize = 64;

impl Program {
    /// The program that makes records of `to`.
    pub(crate) fn of(plan: &Plan, to: Side) -> Option<Program> {
        // A referral is an object of objects, and what it must fulfil looks at it whole.
        if to == Side::Left || plan.side(to).required.len() > MOST_REQUIRED {
            return None;
        }
        let mut build = Build::new(plan, to);
        let payload = build.payload();
        let key = build.key()?;
        let steps = build.steps((0..plan.lines.len()).map(LineAt::Own))?;
        let groups =
            (0..plan.related.len()).map(|index| build.group(index)).collect::<Option<_>>()?;
        let mut lists = Vec::new();
        for index in 0..plan.lists.len() {
            build.list(index, &mut lists)?;
        }
        let required = build.required();
        let trie = build.trie.finish();
        Some(Program { to, trie, payload, key, steps, groups, lists, required })
    }

    /// Memory for it.
    pub(crate) fn memory(&self) -> Memory {
        let steps = self.steps.iter().chain(self.groups.iter().flat_map(|group| &group.steps));
        let memos = steps.map(|_| super::Memo::default()).collect();
        Memory { memos, ..Memory::default() }
    }
}

pub(super) struct Build<'p> {
    pub(super) plan: &'p Plan,
    pub(super) to: Side,
    pub(super) trie: Trie,
    memos: usize,
    /// What is written: each name once.
    names: BTreeSet<String>,
}

impl<'p> Build<'p> {
    pub(super) fn new(plan: &'p Plan, to: Side) -> Build<'p> {
        Build { plan, to, trie: Trie::new(), memos: 0, names: BTreeSet::new() }
    }

    /// Where the name stands that makes a record the payload of a webhook.
    pub(super) fn payload(&mut self) -> usize {
        self.trie.place_of(&[PathStep::Member("ResourceName".to_owned())])
    }

    /// The trie of everything that is read.
    pub(super) fn finish(self) -> Trie {
        self.trie.finish()
    }

    /// What a line makes of the values of its side, whatever may be written; none: it has fields
    /// that cannot be found in one pass.
    pub(super) fn forward(&mut self, index: usize) -> Option<Step> {
        let line = self.plan.lines.get(index)?;
        let sources = line.source(self.from()).slots();
        let reads: Vec<Read> = sources.iter().map(|id| self.read(*id)).collect::<Option<_>>()?;
        let how = match self.how(line, &reads, None) {
            Some(How::Constant) | None => How::Whole,
            Some(how) => how,
        };
        Some(Step::new(LineAt::Own(index), how, reads, Vec::new()))
    }

    pub(super) fn from(&self) -> Side {
        self.to.other()
    }

    fn slot(&self, side: Side, id: SlotId) -> Option<&Slot> {
        self.plan.slot(side, id)
    }

    /// The beginning of a member of the record, or of the related record whose fields `prefix`
    /// stands before. None: it is no name of one member, or is written already.
    fn name(&mut self, prefix: Option<&str>, own: &str) -> Option<Vec<u8>> {
        let alone = matches!(names(own).as_slice(), [name] if *name == own);
        let whole = prefix.unwrap_or_default().to_owned() + own;
        (alone && !own.contains(['[', '`']) && self.names.insert(whole)).then(|| head(own))
    }

    pub(super) fn read(&mut self, slot: SlotId) -> Option<Read> {
        let found = self.plan.slot(self.from(), slot)?;
        let place = match &found.json_path {
            None => self.trie.place_of(&found.steps),
            Some(path) => {
                let (list, _) = path.each_member().filter(|_| found.kind == Kind::List)?;
                self.trie.place_of(&steps_of(&list))
            }
        };
        Some(Read { slot, place })
    }

    /// The bits of what must be given, but for records that are referred to.
    fn required(&self) -> u64 {
        let related = |path: &String| self.plan.related.iter().any(|one| one.through == *path);
        let paths = self.plan.side(self.to).required.iter().enumerate();
        paths.filter(|(_, path)| !related(path)).fold(0, |bits, (index, _)| bits | 1 << index)
    }

    fn key_path(&self) -> &str {
        let (left, right) = self.plan.key_fields();
        if self.to == Side::Left { left } else { right }
    }

    /// The key as it stands first.
    fn key(&mut self) -> Option<Step> {
        let path = self.key_path().to_owned();
        let head = self.name(None, &path)?;
        let [left, right] = self.plan.key;
        let read = self.read(if self.to == Side::Left { right } else { left })?;
        let slot = self.slot(self.from(), read.slot)?;
        let passes = Passes { trimmed: true, ..Passes::default() };
        let text = TextStep { passes, exact: slot.exact, badged: slot.badged, limit: usize::MAX };
        is_text(slot.kind).then(|| Step::new(LineAt::Own(0), How::Text(text), vec![read], head))
    }

    fn steps(&mut self, lines: impl Iterator<Item = LineAt>) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        for at in lines {
            self.step(at, &mut steps)?;
        }
        Some(steps)
    }

    /// Adds the step of a line, if it writes something. None: there can be no program.
    fn step(&mut self, at: LineAt, steps: &mut Vec<Step>) -> Option<()> {
        let plan = self.plan;
        let line = line_of(plan, at)?;
        if !line.writes(self.to) {
            return Some(());
        }
        let prefix = prefix(plan, at);
        let targets = line.source(self.to).slots();
        let is_key = |id: &SlotId| {
            prefix.is_none() && self.slot(self.to, *id).is_some_and(|s| s.path == self.key_path())
        };
        let silent = targets.iter().any(is_key);
        if silent && targets.len() > 1 {
            return None;
        }
        let mut first = Vec::new();
        for id in targets.iter().filter(|_| !silent) {
            let path = &plan.slot(self.to, *id)?.path;
            let own = prefix.as_ref().map_or(Some(&**path), |prefix| path.strip_prefix(prefix))?;
            let head = self.name(prefix.as_deref(), own)?;
            if first.is_empty() {
                first = head;
            }
        }
        let sources = line.source(self.from()).slots();
        let sources: Vec<Read> = sources.iter().map(|id| self.read(*id)).collect::<Option<_>>()?;
        let others = others(plan, line, self.from()).into_iter();
        let others: Vec<Read> = others.map(|id| self.read(id)).collect::<Option<_>>()?;
        let how = self.how(line, &sources, prefix.as_deref()).unwrap_or(How::Whole);
        let nothing = Record::empty(&plan.side(self.from()).slots);
        let blank =
            if others.is_empty() { work_out(plan, at, self.to, &nothing).ok() } else { None };
        let gives = match (targets, &prefix) {
            ([one], None) => bits(plan, self.to, *one),
            _ => 0,
        };
        self.memos += 1;
        steps.push(Step {
            line: at,
            how,
            sources: sources.iter().map(|read| read.place).collect(),
            reads: sources.into_iter().chain(others).collect(),
            blank,
            head: first,
            gives,
            silent,
            memo: self.memos - 1,
        });
        Some(())
    }

    fn group(&mut self, index: usize) -> Option<Group> {
        let related = self.plan.related.get(index)?;
        let mut head = self.name(None, &related.relationship)?;
        head.push(b'{');
        let lines = (0..related.lines.len()).map(|line| LineAt::Related(index, line));
        let steps = self.steps(lines)?;
        let slots = related.rules.iter().flat_map(|rule| &rule.pairs).map(|(slot, ..)| *slot);
        let matched = slots.map(|slot| self.read(slot)).collect::<Option<_>>()?;
        Some(Group { head, steps, matched })
    }

    /// Adds a list, if it is written. None: there can be no program.
    fn list(&mut self, index: usize, lists: &mut Vec<WholeList>) -> Option<()> {
        let each = self.plan.lists.get(index)?;
        if !each.lines.iter().any(|line| line.writes(self.to)) {
            return Some(());
        }
        let head = self.name(None, &each.child.as_ref()?.relationship)?;
        let list = self.read(each.left)?;
        let slots = each.lines.iter().flat_map(|line| asked_by_rows(self.plan, line));
        let reads = slots.map(|slot| self.read(slot)).collect::<Option<_>>()?;
        lists.push(WholeList { head, index, list, reads });
        Some(())
    }
}

/// What a line looks at of one side beside its own fields: what a `default` of the other side comes
/// from, and what rows of tables ask of the left record.
pub(super) fn others(plan: &Plan, line: &Line, side: Side) -> Vec<SlotId> {
    let [left, right] = &line.default;
    let fallback = if side == Side::Left { right } else { left };
    let mut slots = match fallback {
        Some(Fallback::Slot { slot, .. }) => vec![*slot],
        _ => Vec::new(),
    };
    if side == Side::Left {
        slots.extend(asked_by_rows(plan, line));
    }
    slots
}

/// The fields of the left record that the tables of a line ask for.
fn asked_by_rows(plan: &Plan, line: &Line) -> Vec<SlotId> {
    let Via::Tables(tables) = &line.via else { return Vec::new() };
    let rows = tables.iter().filter_map(|t| plan.tables.get(*t)).flat_map(|table| &table.rows);
    let tests = rows.filter_map(|row| row.when.as_ref()).flat_map(|when| &when.tests);
    tests.map(|test| test.slot).collect()
}

/// The steps through members of these names.
pub(super) fn steps_of(names: &[&str]) -> Vec<PathStep> {
    names.iter().map(|name| PathStep::Member((*name).to_owned())).collect()
}

/// A name as a member has it, with its colon.
pub(super) fn head(name: &str) -> Vec<u8> {
    let mut head = b"\"".to_vec();
    head.extend_from_slice(&quoted(name));
    head.extend_from_slice(b"\":");
    head
}

/// A text as JSON has it between the quotes.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    let whole = serde_json::Value::from(text).to_string();
    whole.get(1..whole.len() - 1).unwrap_or_default().as_bytes().to_vec()
}
