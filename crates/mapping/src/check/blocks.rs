//! `match` and `report`; reads the blocks `related` and `each`.

use crate::convert::Conversion;
use crate::decision::Side;
use crate::plan::{Audit, Badge, Line, SlotId, Source, Via, Wins};
use crate::problem::{Code, Problem, semantics as say};
use crate::record::BADGES;
use crate::schema::{Field, Found, Kind};
use crate::tree::{Arrow, At, BlankPolicy, Constant, Item, Path, ReportLine, Segment, Span, Tree};

use super::scope::path_text;
use super::{Checker, head};

/// How many characters the id of a referral has.
const ID_LENGTH: u32 = 36;

/// The fewest characters that a field for the audit takes: one line must fit.
const LEAST_AUDIT: u32 = 200;

impl<'c> Checker<'c> {
    /// Reads the `match` line; it becomes the first line of the plan.
    pub(super) fn read_key(&mut self, tree: &Tree) {
        let mut first: Option<Span> = None;
        for (item, span) in head::items(tree) {
            let Item::Match { left, right } = item else { continue };
            if let Some(first) = first {
                self.say(say::doubled("match", first, span));
                continue;
            }
            first = Some(span);
            self.key_line(left, right, span);
        }
        if first.is_none() {
            let (left, right) = (self.plan.side_name(Side::Left), self.plan.side_name(Side::Right));
            let example = format!("match {left}.id with {right}.Referral_Identifier__c");
            let start = tree_start(tree);
            self.say(say::missing_item(start, "match", &example));
        }
    }

    fn key_line(&mut self, left: &At<Path>, right: &At<Path>, span: Span) {
        let mut slots: [Option<(SlotId, Found<'c>, Span)>; 2] = [None, None];
        for path in [left, right] {
            let Some((side, own)) = self.sided(path) else { return };
            if slots[side.index()].is_some() {
                self.say(
                    Problem::new(Code::BadMatch, path.span, "`match` names the same side twice")
                        .label("expected a field of the other side")
                        .help("write one field of each side"),
                );
                return;
            }
            let Some((slot, found)) = self.slot_and_field(side.index(), &own) else { return };
            slots[side.index()] = Some((slot, found, path.span));
        }
        let [Some((left, left_found, left_span)), Some((right, right_found, right_span))] = slots
        else {
            return;
        };
        let kinds = ([left_found.kind()], [right_found.kind()]);
        let via = Conversion::plain(&kinds.0, &kinds.1);
        if let Err(why) = via.fits(&kinds.0, &kinds.1) {
            self.say(
                Problem::new(Code::BadMatch, left_span.to(right_span), why)
                    .label("these two cannot be compared")
                    .help("match the referral's id with a text field that is an external id"),
            );
            return;
        }
        self.key_holds_ids(right_found.field, right_span);
        self.plan.key = [left, right];
        let arrow = if left_found.write.updates() { Arrow::ToLeft } else { Arrow::ToRight };
        let mut line = Line {
            rule: format!("match {} with {}", path_name(left_found), path_name(right_found)),
            map_line: self.line_of(span),
            hash: String::new(),
            left: Source::Slots(vec![left]),
            right: Source::Slots(vec![right]),
            arrow,
            via: Via::Convert(via),
            wins: Wins::Side { side: Side::Left, unless_blank: false },
            first_contact: Some(Side::Left),
            blank: [BlankPolicy::Keep; 2],
            default: [None, None],
            create_only: [false, false],
            on_invite: false,
            one_way: None,
        };
        self.hash_line(&mut line, [0, 1]);
        self.note_written(&line, span, [0, 1]);
        self.plan.lines.push(line);
    }

    /// The field that keeps the referral's id is found by a query, and takes a whole id.
    fn key_holds_ids(&mut self, field: &Field, at: Span) {
        let name = &field.name;
        if field.kind == Kind::LongText {
            let message = format!("`{name}` is a long text, which no query can look for");
            self.say(
                Problem::new(Code::BadMatch, at, message)
                    .label("cannot be looked for")
                    .help("match with a text field that is an external id"),
            );
        } else if let Some(length) = field.length.filter(|length| *length < ID_LENGTH) {
            let message = format!("`{name}` takes {length} characters, and an id has {ID_LENGTH}");
            self.say(
                Problem::new(Code::TooLong, at, message)
                    .label("too short for it")
                    .help("match with a longer text field that is an external id"),
            );
        }
    }

    /// A path that begins with a side's name: the side and the path behind it.
    fn sided(&mut self, path: &At<Path>) -> Option<(Side, At<Path>)> {
        let Some(Segment::Name(name)) = path.value.segments.first() else { return None };
        let written = self.text.get(path.span.start..path.span.end).unwrap_or("");
        let dot = path.span.start + first_dot(written);
        let at = Span::new(path.span.start, dot);
        let side = self.side_of(&At::new(name.clone(), at))?;
        let rest: Vec<Segment> = path.value.segments.iter().skip(1).cloned().collect();
        if rest.is_empty() {
            self.say(
                Problem::new(Code::BadMatch, path.span, format!("`{name}` is a side, not a field"))
                    .label("expected a field of it")
                    .help(format!("write `{name}.FIELD`")),
            );
            return None;
        }
        let start = (dot + 1).min(path.span.end);
        Some((side, At::new(Path { segments: rest }, Span::new(start, path.span.end))))
    }

    /// Reads `report`. Before the fields, because the badged field leaves room for the badge.
    pub(super) fn read_report(&mut self, tree: &Tree) {
        for (item, _) in head::items(tree) {
            let Item::Report(block) = item else { continue };
            for (line, span) in block.lines() {
                let path = match line {
                    ReportLine::Badge { field, .. } | ReportLine::Audit(field) => field,
                };
                let Some((slot, found)) = self.slot_and_field(1, path) else { continue };
                let doubled = match line {
                    ReportLine::Badge { .. } => self.plan.badge.is_some(),
                    ReportLine::Audit(_) => self.plan.audit.is_some(),
                };
                if doubled {
                    self.say(say::doubled("report line", span, span));
                    continue;
                }
                let own = matches!(line, ReportLine::Badge { prefix: false, .. });
                let text = match found.kind() {
                    Kind::Text | Kind::LongText => true,
                    Kind::Enum => own,
                    _ => false,
                };
                if !text || !found.write.updates() {
                    self.no_report_field(line, path);
                    continue;
                }
                match line {
                    ReportLine::Badge { prefix, good, bad, .. } => {
                        let fits = if *prefix {
                            self.known_marks([good, bad])
                        } else {
                            self.target(Side::Right, 1, &path_text(&path.value), span);
                            self.own_marks(found.field, [good, bad])
                        };
                        if !fits {
                            continue;
                        }
                        if let Some(slot) =
                            self.scopes.get_mut(1).and_then(|s| s.slots.get_mut(slot.0))
                        {
                            slot.badged = *prefix;
                        }
                        let (prefix, good, bad) = (*prefix, good.value.clone(), bad.value.clone());
                        let map_line = self.line_of(span);
                        self.plan.badge = Some(Badge { slot, prefix, good, bad, map_line });
                    }
                    ReportLine::Audit(_) => {
                        if self.has_room_for_audit(found, path) {
                            self.target(Side::Right, 1, &path_text(&path.value), span);
                            let map_line = self.line_of(span);
                            self.plan.audit = Some(Audit { slot, map_line });
                        }
                    }
                }
            }
        }
    }

    fn no_report_field(&mut self, line: &ReportLine, path: &At<Path>) {
        let name = path_text(&path.value);
        let what = match line {
            ReportLine::Badge { .. } => "badge",
            ReportLine::Audit(_) => "audit",
        };
        self.say(
            Problem::new(Code::BadReport, path.span, format!("`{name}` cannot take the {what}"))
                .label("expected a text field that can be written")
                .help("name a text field of the opportunity, such as `Name` or `Audit__c`"),
        );
    }

    /// Whether several lines of the audit fit; says so when they do not.
    fn has_room_for_audit(&mut self, found: Found<'c>, path: &At<Path>) -> bool {
        let short = found.field.length.filter(|length| *length < LEAST_AUDIT);
        let Some(length) = short else { return true };
        let name = &found.field.name;
        let message = format!("`{name}` takes {length} characters, too few for the audit");
        self.say(
            Problem::new(Code::BadReport, path.span, message)
                .label("too short for it")
                .help("name a long text field, such as `Audit__c`"),
        );
        false
    }

    /// Whether both marks are badges; says so when one is not.
    fn known_marks(&mut self, marks: [&At<String>; 2]) -> bool {
        let foreign =
            |mark: &&At<String>| !BADGES.iter().any(|badge| mark.value == badge.to_string());
        let Some(mark) = marks.into_iter().find(foreign) else { return true };
        let message = "a badge is one of ✔ ✘ ✓ ✗, so that it is known again";
        self.say(
            Problem::new(Code::BadReport, mark.span, message)
                .label("not one of them")
                .help("write `\"✔\" or \"✘\"`"),
        );
        false
    }

    /// Whether a field of its own takes both marks; says so when it does not take one.
    fn own_marks(&mut self, field: &Field, marks: [&At<String>; 2]) -> bool {
        let before = self.problems.len();
        for mark in marks {
            let length = crate::value::length(&mark.value);
            if mark.value.trim().is_empty() {
                self.say(
                    Problem::new(Code::BadReport, mark.span, "a blank mark cannot be seen")
                        .label("nothing")
                        .help("write a mark or a word, such as `\"In step\" or \"Look here\"`"),
                );
            } else if let Some(limit) = field.length.filter(|limit| length > *limit as usize) {
                let name = &field.name;
                let message = format!("`{name}` takes {limit} characters, the mark has {length}");
                self.say(
                    Problem::new(Code::BadReport, mark.span, message)
                        .label("too long")
                        .help("write a shorter mark, or name a longer field"),
                );
            } else {
                self.known_value(
                    field,
                    &At::new(Constant::Text(mark.value.clone()), mark.span),
                    true,
                );
            }
        }
        self.problems.len() == before
    }

    /// Reads `related` and `each` blocks.
    pub(super) fn read_blocks(&mut self, tree: &Tree) {
        for (item, span) in head::items(tree) {
            match item {
                Item::Related { object, through, lines } => {
                    self.related(object, through, lines, span);
                }
                Item::Each { left, right, clauses, lines } => {
                    self.each(left, right, clauses, lines, span);
                }
                _ => {}
            }
        }
    }

    /// All paths were read: the plan's slots are complete.
    pub(super) fn complete_slots(&mut self) {
        for (side, scope) in self.plan.sides.iter_mut().zip(&self.scopes) {
            side.slots.clone_from(&scope.slots);
        }
    }

    pub(super) fn no_match(&mut self, at: Span, block: &str) {
        self.say(
            Problem::new(Code::MissingItem, at, format!("`{block}` has no `match` line"))
                .label("how is it recognised?")
                .help("add a line such as `match id with Solution_Identifier__c`"),
        );
    }

    /// Something that must be given has no source.
    pub(super) fn missing_required(&mut self, at: Span, holder: &str, name: &str) {
        self.say(
            Problem::new(
                Code::MissingRequired,
                at,
                format!(
                    "`{name}` must be given when the {holder} is created, and no line writes it"
                ),
            )
            .label("has no source")
            .effect(format!("no {holder} can be created"))
            .help(format!("add a line that writes `{name}`")),
        );
    }
}

fn path_name(found: Found<'_>) -> String {
    found.field.name.clone()
}

pub(super) fn tree_start(tree: &Tree) -> Span {
    head::items(tree).next().map_or(Span::default(), |(_, span)| Span::new(span.start, span.start))
}

/// Where the first name of a path as it is written ends: what is odd in it was left out of the name.
fn first_dot(written: &str) -> usize {
    let mut quoted = false;
    let dot = written.char_indices().find(|(_, c)| {
        quoted ^= *c == '`';
        *c == '.' && !quoted
    });
    dot.map_or(written.len(), |(at, _)| at)
}
