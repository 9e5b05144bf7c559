//! One step: a line of the plan, as far as it can be done on the record's own text.
//!
//! In: what was found. Out: members written, or that they have to be worked out. Must not know: how
//! the plan works values out.

use super::text::{TextStep, decodes, outer_blanks};
use super::{Read, Work, number};
use crate::convert::is_unreserved;
use crate::scan::{Form, Found};

/// Of more elements the plan sees which are the same: comparing each with each takes too long.
const MOST_COMPARED: usize = 128;

/// A line of the plan.
#[derive(Debug)]
pub(super) struct Step {
    /// The line, for those values that have to be worked out.
    pub(super) line: LineAt,
    pub(super) how: How,
    /// The fields that the line's own side of the plan names, in their order.
    pub(super) sources: Vec<usize>,
    /// Everything that the line looks at.
    pub(super) reads: Vec<Read>,
    /// What is written when all its fields are blank; none: that has to be worked out.
    pub(super) blank: Option<Written>,
    /// The name of the field and the colon.
    pub(super) head: Vec<u8>,
    /// The bits of the fields that must be given, when this one is written.
    pub(super) gives: u64,
    /// Nothing is written of it: the key stands in its place.
    pub(super) silent: bool,
    /// Which memo it has.
    pub(super) memo: usize,
}

impl Step {
    /// A step of which only these members are made, and nothing is remembered.
    pub(super) fn new(line: LineAt, how: How, reads: Vec<Read>, head: Vec<u8>) -> Step {
        let sources = reads.iter().map(|read| read.place).collect();
        Step { line, how, sources, reads, blank: None, head, gives: 0, silent: false, memo: 0 }
    }
}

/// Where a line stands in the plan.
#[derive(Debug, Clone, Copy)]
pub(super) enum LineAt {
    /// Among its lines.
    Own(usize),
    /// Among those of a related record.
    Related(usize, usize),
}

/// What a step does.
#[derive(Debug)]
pub(super) enum How {
    /// It copies a text.
    Text(TextStep),
    /// It copies a number.
    Number(number::NumberStep),
    /// It copies `true` or `false`.
    Flag,
    /// It copies the day of a moment.
    Day,
    /// It puts texts together.
    Template { pieces: Vec<Piece>, text: TextStep, unreserved: bool },
    /// It joins a member of the elements of a list.
    Joined(Joined),
    /// It copies several fields, each in its way.
    Each(Vec<Step>),
    /// It is the same for every record.
    Constant,
    /// The plan has to work it out, and it is remembered.
    Whole,
}

/// How the texts of a list become one.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) gathering: usize,
    pub(super) separator: Vec<u8>,
    pub(super) splitter: Vec<u8>,
    /// Each text once.
    pub(super) once: bool,
    pub(super) limit: usize,
}

/// A part of a template.
#[derive(Debug)]
pub(super) enum Piece {
    /// Words as JSON has them between quotes.
    Words(Vec<u8>),
    /// The source with this number.
    Source(usize),
}

/// Members as they are written, each with a comma behind it.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    pub(super) text: Vec<u8>,
    /// The bits of the fields that must be given, and are.
    pub(super) gives: u64,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// A member stands in the output.
    Written,
    /// All its fields are blank.
    Blank,
    /// It has to be worked out; the output may have been added to.
    Ask,
}

impl Work<'_> {
    /// Does what can be done on the record's own text.
    #[inline]
    pub(super) fn direct(&self, step: &Step, out: &mut Vec<u8>) -> Done {
        let start = out.len();
        let done = match &step.how {
            How::Constant => return Done::Blank,
            How::Whole => return Done::Ask,
            How::Template { pieces, text, unreserved } => {
                self.template(step, pieces, (text, *unreserved), out)
            }
            How::Each(parts) => self.each(parts, out),
            How::Joined(joined) => {
                let list = self.first(step);
                let found = self.finds.gathered(joined.gathering);
                match (list.form, found) {
                    (Form::Missing | Form::Null, _) | (Form::Tree, []) => Done::Blank,
                    (Form::Tree, found) => {
                        out.extend_from_slice(&step.head);
                        self.joined(found, joined, out)
                    }
                    _ => Done::Ask,
                }
            }
            How::Text(text) => text.write(self.first(step), self.record, &step.head, out),
            How::Number(number) => number.write(self.first(step), self.record, &step.head, out),
            How::Flag => match self.first(step).form {
                Form::Missing | Form::Null => Done::Blank,
                Form::True => written(&step.head, b"true,", out),
                Form::False => written(&step.head, b"false,", out),
                _ => Done::Ask,
            },
            How::Day => number::day(self.first(step), self.record, &step.head, out),
        };
        if done != Done::Written {
            out.truncate(start);
        }
        done
    }

    #[inline]
    fn first(&self, step: &Step) -> Found {
        step.sources.first().map(|place| self.finds.at(*place)).unwrap_or_default()
    }

    /// Several fields: all of them, or that has to be worked out.
    fn each(&self, parts: &[Step], out: &mut Vec<u8>) -> Done {
        let blank = |part: &Step| {
            part.sources
                .iter()
                .all(|place| matches!(self.finds.at(*place).form, Form::Missing | Form::Null))
        };
        if parts.iter().all(blank) {
            return Done::Blank;
        }
        let done = parts.iter().all(|part| self.direct(part, out) == Done::Written);
        if done { Done::Written } else { Done::Ask }
    }

    fn template(
        &self,
        step: &Step,
        pieces: &[Piece],
        (text, unreserved): (&TextStep, bool),
        out: &mut Vec<u8>,
    ) -> Done {
        out.extend_from_slice(&step.head);
        out.push(b'"');
        let start = out.len();
        for piece in pieces {
            match piece {
                Piece::Words(words) => out.extend_from_slice(words),
                Piece::Source(index) => {
                    let place = step.sources.get(*index).copied().unwrap_or(usize::MAX);
                    match text.bare(self.finds.at(place), self.record) {
                        Some(raw) if !unreserved || raw.iter().copied().all(is_unreserved) => {
                            out.extend_from_slice(raw);
                        }
                        Some(_) | None => return Done::Ask,
                    }
                }
            }
        }
        if out.len() - start > text.limit {
            return Done::Ask;
        }
        out.extend_from_slice(b"\",");
        Done::Written
    }

    fn joined(&self, found: &[Found], joined: &Joined, out: &mut Vec<u8>) -> Done {
        if joined.once && found.len() > MOST_COMPARED {
            return Done::Ask;
        }
        out.push(b'"');
        let start = out.len();
        for (index, element) in found.iter().enumerate() {
            let text = match element.form {
                Form::Missing | Form::Null => continue,
                Form::Plain => element.raw(self.record),
                _ => return Done::Ask,
            };
            if !is_item(text, &joined.splitter) {
                return Done::Ask;
            }
            let earlier = found.iter().take(if joined.once { index } else { 0 });
            if earlier.into_iter().any(|other| other.raw(self.record) == text) {
                continue;
            }
            if out.len() > start {
                out.extend_from_slice(&joined.separator);
            }
            out.extend_from_slice(text);
            if out.len() - start > joined.limit {
                return Done::Ask;
            }
        }
        if out.len() == start {
            return Done::Ask;
        }
        out.extend_from_slice(b"\",");
        Done::Written
    }
}

/// Whether a text is copied as it is between others.
fn is_item(text: &[u8], splitter: &[u8]) -> bool {
    let splits = || text.windows(splitter.len()).any(|part| part == splitter);
    !(text.is_empty() || outer_blanks(text) || decodes(text) || splits())
}

/// A member.
pub(super) fn written(head: &[u8], value: &[u8], out: &mut Vec<u8>) -> Done {
    out.extend_from_slice(head);
    out.extend_from_slice(value);
    Done::Written
}
