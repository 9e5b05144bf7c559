//! Two records that agree, seen on their own text: most deals, most of the time.
//!
//! In: a plan, both records, the base. Out: whether every line is at rest and the base knows it, so
//! that a reconcile would write nothing and change nothing. "No" says only that the plan has to
//! look. Must not know: what is written where, who wins.
//!
//! A line agrees when what the left record becomes on the right (as a [`Step`] makes it) is what
//! stands there; of all other lines it is remembered what the plan said of the same values.

use super::build::{Build, others};
use super::memo::Memo;
use super::step::{Done, How, LineAt, Step};
use super::text::decodes;
use super::{Read, Work};
use crate::decide::{Rules, base_pair, decide};
use crate::decimal::Decimal;
use crate::decision::{Base, BasePair, Outcome, Side};
use crate::plan::{Plan, Slot, Source};
use crate::record::{Record, strip_badge};
use crate::scan::{Finds, Form, Found, Trie, scan};
use crate::scene::Scene;
use crate::schema::Kind;
use crate::value::is_text;

/// What is looked at to see that two records agree.
#[derive(Debug)]
pub(crate) struct PairProgram {
    tries: [Trie; 2],
    /// By side, where the name stands that makes a record a webhook's payload.
    payloads: [usize; 2],
    /// In the order of their hashes, as a base has them.
    lines: Vec<PairLine>,
    /// Both lists of each `each`.
    lists: Vec<[usize; 2]>,
    /// What is asked of the right record to take part.
    asked: Vec<Read>,
}

/// A line and what it looks at.
#[derive(Debug)]
struct PairLine {
    hash: String,
    /// What the left record becomes.
    step: Step,
    /// By side, its fields; none: a constant.
    operands: [Option<Vec<Operand>>; 2],
    /// By side, everything that the line looks at.
    reads: [Vec<Read>; 2],
    /// Whether its values stand in the base as they stand in the records.
    plain: bool,
}

/// A field, and how its value stands in a base.
#[derive(Debug, Clone, Copy)]
struct Operand {
    place: usize,
    tag: u8,
    exact: bool,
    badged: bool,
}

/// Memory that is used again from pair to pair.
#[derive(Debug, Default)]
pub(crate) struct PairMemory {
    finds: [Finds; 2],
    memos: Vec<Memo<Judged>>,
    scratch: Vec<u8>,
}

/// Both records as they were found.
struct Pair<'p> {
    plan: &'p Plan,
    records: [&'p [u8]; 2],
    finds: &'p [Finds; 2],
}

impl PairProgram {
    /// What has to be looked at; none: the plan has to look itself, always.
    pub(crate) fn of(plan: &Plan) -> Option<PairProgram> {
        let mut build = Build::new(plan, Side::Right);
        let mut right = Build::new(plan, Side::Left);
        let payloads = [build.payload(), right.payload()];
        let mut lines = Vec::new();
        for index in 0..plan.lines.len() {
            lines.push(pair_line(plan, index, &mut build, &mut right)?);
        }
        lines.sort_by(|a, b| a.hash.cmp(&b.hash));
        let mut lists = Vec::new();
        for each in plan.lists.iter().filter(|each| !each.create_only) {
            lists.push([build.read(each.left)?.place, right.read(each.right)?.place]);
        }
        let [_, conditions] = &plan.sync;
        let tests = conditions.iter().flat_map(|condition| &condition.tests);
        let asked = tests.map(|test| right.read(test.slot)).collect::<Option<_>>()?;
        let tries = [build.finish(), right.finish()];
        Some(PairProgram { tries, payloads, lines, lists, asked })
    }

    /// Whether both records agree and the base says what stands in them. No: the plan has to look.
    pub(crate) fn in_step(
        &self,
        plan: &Plan,
        records: [&str; 2],
        base: &Base,
        memory: &mut PairMemory,
    ) -> bool {
        if base.lines.len() != self.lines.len() {
            return false;
        }
        let records = records.map(str::as_bytes);
        let PairMemory { finds, memos, scratch } = memory;
        memos.resize_with(self.lines.len(), Memo::default);
        for ((record, trie), finds) in records.iter().zip(&self.tries).zip(finds.iter_mut()) {
            if scan(record, trie, finds).is_err() {
                return false;
            }
        }
        let pair = Pair { plan, records, finds };
        pair.is_usual(self)
            && self.lines.iter().zip(&base.lines).zip(memos).all(|((line, (hash, base)), memo)| {
                *hash == line.hash && pair.holds(line, base, memo, scratch).unwrap_or(false)
            })
    }
}

impl Pair<'_> {
    fn at(&self, side: Side, place: usize) -> Found {
        let [left, right] = self.finds;
        if side == Side::Left { left.at(place) } else { right.at(place) }
    }

    fn record(&self, side: Side) -> &[u8] {
        let [left, right] = self.records;
        if side == Side::Left { left } else { right }
    }

    fn work(&self, side: Side) -> Work<'_> {
        let [left, right] = self.finds;
        let finds = if side == Side::Left { left } else { right };
        let (record, to) = (self.record(side), side.other());
        Work { plan: self.plan, to, record, finds, memos: &mut [], given: 0 }
    }

    /// No payload of a webhook, no lists with elements, and nothing that keeps a record from
    /// taking part.
    fn is_usual(&self, program: &PairProgram) -> bool {
        let [left, right] = program.payloads;
        let is_text = |side, place| self.at(side, place).form.is_text();
        let is_empty = |side, place| {
            let found = self.at(side, place);
            match found.form {
                Form::Missing | Form::Null => true,
                Form::Tree => found.raw(self.record(side)) == b"[]",
                _ => false,
            }
        };
        !is_text(Side::Left, left)
            && !is_text(Side::Right, right)
            && program
                .lists
                .iter()
                .all(|[left, right]| is_empty(Side::Left, *left) && is_empty(Side::Right, *right))
            && program.asked.iter().all(|read| self.work(Side::Right).readable(*read).is_ok())
    }

    /// Whether a line agrees and the base says so. None: the plan has to look.
    fn holds(
        &self,
        line: &PairLine,
        base: &BasePair,
        memo: &mut Memo<Judged>,
        scratch: &mut Vec<u8>,
    ) -> Option<bool> {
        if base.l_seen.is_some() || base.r_seen.is_some() {
            return Some(false);
        }
        let [left, right] = &line.operands;
        let direct = match (left, right) {
            (Some(left), Some(right)) if line.plain => {
                if !(self.is_base(Side::Left, left, &base.l)
                    && self.is_base(Side::Right, right, &base.r))
                {
                    return Some(false);
                }
                self.becomes(line, right, scratch)
            }
            _ => false,
        };
        if direct {
            return Some(true);
        }
        self.begin(line, memo);
        if let Some(judged) = memo.find() {
            return Some(judged.says(line, base));
        }
        let judged = self.judge(line)?;
        let rests = judged.says(line, base);
        memo.keep(judged);
        Some(rests)
    }

    fn begin(&self, line: &PairLine, memo: &mut Memo<Judged>) {
        memo.begin();
        for side in Side::BOTH {
            let [left, right] = &line.reads;
            for read in if side == Side::Left { left } else { right } {
                let found = self.at(side, read.place);
                memo.add(found.form as u8, found.raw(self.record(side)));
            }
        }
    }

    /// What the plan says of the values of a line that the base knows.
    fn judge(&self, line: &PairLine) -> Option<Judged> {
        let [left, right] = &line.reads;
        let left = self.work(Side::Left).partial(left).ok()?;
        let right = self.work(Side::Right).partial(right).ok()?;
        let LineAt::Own(index) = line.step.line else { return None };
        let own = self.plan.lines.get(index)?;
        let (left, right): (&Record<'_>, &Record<'_>) = (&left, &right);
        let scene = Scene::of(self.plan, [left, right]);
        let pair = scene.pair(own).ok()?;
        let base = base_pair(&pair);
        let rules = Rules { opted_in: true, stamps: [None, None], now: None, forced: None };
        let verdict = decide(&scene, rules, own, Some(&base));
        let rests = verdict.set.is_empty()
            && verdict.parked.is_none()
            && verdict.base.as_ref() == Some(&base)
            && matches!(verdict.trace.outcome, Outcome::Agrees | Outcome::Kept);
        Some(Judged { base, rests })
    }

    /// Whether the values of one side stand so in the base.
    fn is_base(&self, side: Side, operands: &[Operand], base: &str) -> bool {
        let mut rest = base.as_bytes();
        let mut is_next = |part: &[u8]| {
            let behind = rest.strip_prefix(part);
            rest = behind.unwrap_or_default();
            behind.is_some()
        };
        let record = self.record(side);
        let all = operands.iter().enumerate().all(|(index, operand)| {
            let found = self.at(side, operand.place);
            is_next(if index == 0 { b"[" } else { b"," })
                && match operand.text(found, record) {
                    None => false,
                    Some(Noted::Blank) => is_next(b"null"),
                    Some(Noted::Value(before, text, after)) => {
                        is_next(b"{\"")
                            && is_next(&[operand.tag])
                            && is_next(before)
                            && is_next(text)
                            && is_next(after)
                    }
                }
        });
        all && is_next(b"]") && rest.is_empty()
    }

    /// Whether what the left record becomes on the right stands there.
    fn becomes(&self, line: &PairLine, right: &[Operand], scratch: &mut Vec<u8>) -> bool {
        match (&line.step.how, right) {
            (How::Each(parts), right) if parts.len() == right.len() => {
                let each = parts.iter().zip(right);
                let mut done = each.map(|(step, operand)| self.made(step, *operand, scratch));
                let first = done.next().flatten();
                first.is_some() && done.all(|other| other == first)
            }
            (_, [operand]) => self.made(&line.step, *operand, scratch).is_some(),
            _ => false,
        }
    }

    /// Whether what a step makes stands in the right field: written, or blank as it is itself.
    fn made(&self, step: &Step, operand: Operand, scratch: &mut Vec<u8>) -> Option<Done> {
        let found = self.at(Side::Right, operand.place);
        let there = operand.text(found, self.record(Side::Right))?;
        scratch.clear();
        let done = self.work(Side::Left).direct(step, scratch);
        let made = scratch.get(step.head.len()..scratch.len().saturating_sub(1));
        let same = match (done, there, made) {
            (Done::Blank, Noted::Blank, _) => true,
            (Done::Written, Noted::Value(_, there, _), Some(made)) => {
                let bare = made.strip_prefix(b"\"").and_then(|made| made.strip_suffix(b"\""));
                let is_number = operand.tag == b'n' && bare.is_none();
                bare.unwrap_or(made) == there || is_number && same_number(made, there)
            }
            _ => false,
        };
        same.then_some(done)
    }
}

/// What the plan said of the values of a line.
#[derive(Debug)]
struct Judged {
    /// The values of both sides, as a base has them.
    base: BasePair,
    /// Whether they agree, or one side keeps what it has.
    rests: bool,
}

impl Judged {
    /// Whether the line is at rest and the base says so; of a plain line that was seen already.
    fn says(&self, line: &PairLine, base: &BasePair) -> bool {
        self.rests && (line.plain || (self.base.l == base.l && self.base.r == base.r))
    }
}

fn same_number(a: &[u8], b: &[u8]) -> bool {
    let number = |digits: &[u8]| Decimal::parse(std::str::from_utf8(digits).ok()?).ok();
    matches!((number(a), number(b)), (Some(a), Some(b)) if a == b)
}

/// A value as a base has it.
enum Noted<'t> {
    /// `null`.
    Blank,
    /// What stands before it, itself, and behind it.
    Value(&'static [u8], &'t [u8], &'static [u8]),
}

impl Operand {
    fn of(slot: &Slot, place: usize) -> Option<Operand> {
        if slot.json_path.is_some() {
            return None;
        }
        let tag = match slot.kind {
            kind if is_text(kind) => b't',
            Kind::Number | Kind::Percent => b'n',
            Kind::Bool => b'b',
            Kind::Date => b'd',
            Kind::DateTime => b'i',
            Kind::List => b'l',
            _ => return None,
        };
        Some(Operand { place, tag, exact: slot.exact, badged: slot.badged })
    }

    /// How a base that has this value writes it. A base was written from a value, so what equals
    /// it, and has no entities that are still to be decoded, is that value. None: that cannot be
    /// said here.
    fn text<'t>(&self, found: Found, record: &'t [u8]) -> Option<Noted<'t>> {
        let raw = found.raw(record);
        let quoted = |text| Some(Noted::Value(b"\":\"", text, b"\"}"));
        let bare = |text| Some(Noted::Value(b"\":", text, b"}"));
        let decodes = !self.exact && decodes(raw);
        match (found.form, self.tag) {
            (Form::Missing | Form::Null, _) => Some(Noted::Blank),
            (Form::Plain | Form::Simple, _) if raw.is_empty() => Some(Noted::Blank),
            (Form::Plain | Form::Simple, b't') if !decodes => {
                if !self.badged {
                    return quoted(raw);
                }
                let text = strip_badge(std::str::from_utf8(raw).ok()?);
                if text.is_empty() { None } else { quoted(text.as_bytes()) }
            }
            (Form::Plain, b'i') => moment(raw),
            (Form::Plain, b'd') | (Form::Number, b'n') => quoted(raw),
            (Form::True | Form::False, b'b') => bare(raw),
            (Form::Tree, b'l') if raw.first() == Some(&b'[') && !raw.contains(&b'&') => bare(raw),
            _ => None,
        }
    }
}

/// A moment in UTC: a base has it without zeros at the end of its fraction.
fn moment(raw: &[u8]) -> Option<Noted<'_>> {
    let digits = raw.strip_suffix(b"Z")?;
    let zeros = digits.iter().rev().take_while(|byte| **byte == b'0').count();
    let short =
        if digits.contains(&b'.') { digits.split_at(digits.len() - zeros).0 } else { digits };
    let short = short.strip_suffix(b".").unwrap_or(short);
    Some(Noted::Value(b"\":\"", short, b"Z\"}"))
}

fn pair_line<'p>(
    plan: &'p Plan,
    index: usize,
    left: &mut Build<'p>,
    right: &mut Build<'p>,
) -> Option<PairLine> {
    let line = plan.lines.get(index)?;
    let mut operands = [None, None];
    let mut plain = true;
    let mut reads = [Vec::new(), Vec::new()];
    for side in Side::BOTH {
        let build = if side == Side::Left { &mut *left } else { &mut *right };
        let mut own = Vec::new();
        if let Source::Slots(slots) = line.source(side) {
            let mut found = Vec::new();
            for id in slots {
                let read = build.read(*id)?;
                match Operand::of(plan.slot(side, *id)?, read.place) {
                    Some(operand) => found.push(operand),
                    None => plain = false,
                }
                own.push(read);
            }
            if let Some(entry) = operands.get_mut(side.index()) {
                *entry = Some(found);
            }
        }
        for id in others(plan, line, side) {
            own.push(build.read(id)?);
        }
        if let Some(entry) = reads.get_mut(side.index()) {
            *entry = own;
        }
    }
    let step = left.forward(index)?;
    Some(PairLine { hash: line.hash.clone(), step, operands, reads, plain })
}
