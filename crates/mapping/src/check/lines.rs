//! Field lines: operands, the way between them, what may be written, what is decided.

use crate::convert::{Conversion, Fields, Unbound};
use crate::decision::Side;
use crate::plan::{Line, Slot, SlotId, Source, Via, Wins};
use crate::problem::{Code, Problem, nearest, semantics as say};
use crate::schema::{Found, Kind, Place};
use crate::tree::{Arrow, At, Constant, FieldLine, Item, Operand, Span, Tree};

use super::clauses::LineClauses;
use super::conditions::typed;
use super::room::BADGE_ROOM;
use super::scope::path_text;
use super::tables::{Columns, Use};
use super::{Checker, head};

/// Where a line's paths begin.
#[derive(Clone, Copy)]
pub(super) struct Context<'c, 'r> {
    pub(super) scopes: [usize; 2],
    /// The right paths begin in this object, read through this relationship.
    pub(super) related: Option<(Place<'c>, &'r str)>,
}

/// One resolved operand.
pub(super) struct OneOperand<'c> {
    pub(super) slot: SlotId,
    pub(super) span: Span,
    pub(super) found: Option<Found<'c>>,
}

/// The operands of one side.
pub(super) enum Operands<'c> {
    Fields(Vec<OneOperand<'c>>),
    Constants(Vec<At<Constant>>),
}

impl<'c> Operands<'c> {
    pub(super) fn fields(&self) -> &[OneOperand<'c>] {
        match self {
            Operands::Fields(fields) => fields,
            Operands::Constants(_) => &[],
        }
    }
}

impl<'c> Checker<'c> {
    /// Reads all `fields` blocks.
    pub(super) fn read_fields(&mut self, tree: &Tree) {
        let context = Context { scopes: [0, 1], related: None };
        for (item, _) in head::items(tree) {
            let Item::Fields(block) = item else { continue };
            self.plan.lines.reserve(block.entries.len());
            for (written, span) in block.lines() {
                if self.is_full() {
                    return;
                }
                if let Some(line) = self.field_line(written, span, context) {
                    self.note_written(&line, span, [0, 1]);
                    self.plan.lines.push(line);
                }
            }
        }
    }

    /// Remembers what a line writes, for the checks across lines.
    pub(super) fn note_written(&mut self, line: &Line, span: Span, scopes: [usize; 2]) {
        for side in Side::BOTH.into_iter().filter(|side| line.writes(*side)) {
            for (place, slot) in line.source(side).slots().iter().enumerate() {
                if let Via::Convert(conversion) = &line.via
                    && !conversion.writes(side == Side::Right, place)
                {
                    continue;
                }
                let Some(slot) =
                    self.scopes.get(scopes[side.index()]).and_then(|s| s.slots.get(slot.0))
                else {
                    continue;
                };
                let path = slot.path.clone();
                self.target(side, scopes[side.index()], &path, span);
                self.written.push((side, path, span));
            }
        }
    }

    /// Resolves a field line. None when it cannot be carried out; the reasons were said.
    pub(super) fn field_line(
        &mut self,
        line: &FieldLine,
        span: Span,
        context: Context<'c, '_>,
    ) -> Option<Line> {
        let arrow = line.arrow.value;
        let left = self.operands(&line.left, Side::Left, context);
        let right = self.operands(&line.right, Side::Right, context);
        let mut clauses = self.line_clauses(&line.clauses, arrow, context.scopes);
        let (Some(left), Some(right)) = (left, right) else {
            self.mean(line, context);
            return None;
        };
        self.constant_sides(line, &left, &right);
        self.one_way_paths(line, [&left, &right]);
        let takes_list = clauses.conversion.as_ref().is_some_and(|(as_, _)| as_.takes_list());
        let mut kinds = [(0, &left), (1, &right)]
            .map(|(side, operands)| self.kinds(operands, context.scopes[side]));
        if takes_list || kinds[1].contains(&Some(Kind::MultiEnum)) {
            all_of_json_paths(&left, &mut kinds[0]);
        }
        let (left_kinds, right_kinds) = self.filled_kinds(context.scopes, &left, &right, kinds);
        let sides = [&left, &right];
        let via = self.via(line, span, &clauses, sides, [&left_kinds, &right_kinds], context);
        self.writability(line, sides, &clauses, via.as_ref(), context);
        self.promises(line, span, sides, &clauses);
        self.idle(line, sides, &clauses, context);
        self.defaults_fit(sides, &clauses, via.as_ref(), context);
        clauses.type_defaults([left_kinds.first(), right_kinds.first()]);
        let Some(via) = via else {
            self.mean(line, context);
            return None;
        };
        self.union_fits(&via, [&left_kinds, &right_kinds], &clauses);
        let source = |operands: &Operands<'c>, kinds: &[Kind]| match operands {
            Operands::Fields(fields) => Source::Slots(fields.iter().map(|f| f.slot).collect()),
            Operands::Constants(constants) => Source::Constant(
                constants
                    .iter()
                    .zip(kinds.iter().map(|k| Some(*k)).chain(std::iter::repeat(None)))
                    .map(|(constant, kind)| typed(kind, &constant.value))
                    .collect(),
            ),
        };
        // A constant has the type of the field that it is written to.
        let (left, right) = (source(&left, &right_kinds), source(&right, &left_kinds));
        let mut checked = self.assemble(line, span, left, right, via, clauses);
        self.hash_line(&mut checked, context.scopes);
        Some(checked)
    }

    fn assemble(
        &mut self,
        line: &FieldLine,
        span: Span,
        left: Source,
        right: Source,
        via: Via,
        clauses: LineClauses,
    ) -> Line {
        let defaults = self.default_of();
        let [default_left, default_right] = clauses.default;
        let blank =
            [0, 1].map(|i| clauses.blank[i].map_or(defaults.blank[i], |(policy, _)| policy));
        Line {
            rule: rule_text(line),
            map_line: self.line_of(span),
            hash: String::new(),
            left,
            right,
            arrow: line.arrow.value,
            via,
            wins: match (line.arrow.value, clauses.wins) {
                (_, Some((wins, _))) => wins,
                (Arrow::Both, None) => defaults.wins.unwrap_or(Wins::Ask),
                (Arrow::ToRight, None) => Wins::Side { side: Side::Left, unless_blank: false },
                (Arrow::ToLeft, None) => Wins::Side { side: Side::Right, unless_blank: false },
            },
            first_contact: clauses.first_contact.map(|(side, _)| side).or(defaults.first_contact),
            blank,
            default: [default_left.map(|(d, _)| d), default_right.map(|(d, _)| d)],
            create_only: clauses.create_only.map(|span| span.is_some()),
            on_invite: clauses.on_invite,
            one_way: clauses.one_way.map(|(value, _)| value),
        }
    }

    fn operands(
        &mut self,
        written: &[At<Operand>],
        side: Side,
        context: Context<'c, '_>,
    ) -> Option<Operands<'c>> {
        let constants: Vec<At<Constant>> = written
            .iter()
            .filter_map(|operand| match &operand.value {
                Operand::Constant(constant) => Some(At::new(constant.clone(), operand.span)),
                Operand::Path(_) | Operand::JsonPath(_) => None,
            })
            .collect();
        if constants.len() == written.len() {
            return Some(Operands::Constants(constants));
        }
        if let Some(constant) = constants.first() {
            self.say(
                Problem::new(Code::ConstantSide, constant.span, "a constant stands among fields")
                    .label("expected a field")
                    .help("write a line of its own for the constant"),
            );
            return None;
        }
        let scope = context.scopes[side.index()];
        let mut fields = Vec::new();
        let mut complete = true;
        for operand in written {
            let resolved = match (&operand.value, side, context.related) {
                (Operand::Path(path), Side::Right, Some((place, relationship))) => {
                    let path = At::new(path.clone(), operand.span);
                    self.related_slot(scope, place, relationship, &path)
                        .map(|(slot, found)| (slot, Some(found)))
                }
                _ => self.operand_slot(scope, operand),
            };
            match resolved {
                Some((slot, found)) => fields.push(OneOperand { slot, span: operand.span, found }),
                None => complete = false,
            }
        }
        complete.then_some(Operands::Fields(fields))
    }

    fn slot_at(&self, scope: usize, id: SlotId) -> Option<&Slot> {
        self.scopes.get(scope).and_then(|scope| scope.slots.get(id.0))
    }

    fn kinds(&self, operands: &Operands<'c>, scope: usize) -> Vec<Option<Kind>> {
        match operands {
            Operands::Constants(constants) => vec![None; constants.len()],
            Operands::Fields(fields) => fields
                .iter()
                .map(|field| {
                    field.found.and_then(|_| self.slot_at(scope, field.slot).map(|slot| slot.kind))
                })
                .collect(),
        }
    }

    /// A constant or JSONPath has the kind of the field opposite; JSONPath slots are told so.
    fn filled_kinds(
        &mut self,
        scopes: [usize; 2],
        left: &Operands<'c>,
        right: &Operands<'c>,
        [left_kinds, right_kinds]: [Vec<Option<Kind>>; 2],
    ) -> (Vec<Kind>, Vec<Kind>) {
        let fill = |own: &[Option<Kind>], other: &[Option<Kind>]| -> Vec<Kind> {
            let other = other.iter().copied().chain(std::iter::repeat(None));
            own.iter().zip(other).map(|(own, other)| own.or(other).unwrap_or(Kind::Text)).collect()
        };
        let (left_full, right_full) =
            (fill(&left_kinds, &right_kinds), fill(&right_kinds, &left_kinds));
        for (scope, operands, kinds) in
            [(scopes[0], left, &left_full), (scopes[1], right, &right_full)]
        {
            for (field, kind) in operands.fields().iter().zip(kinds) {
                if field.found.is_none()
                    && let Some(slot) =
                        self.scopes.get_mut(scope).and_then(|s| s.slots.get_mut(field.slot.0))
                {
                    slot.kind = *kind;
                }
            }
        }
        (left_full, right_full)
    }

    /// Remembers what a line that cannot be carried out was meant to write.
    fn mean(&mut self, line: &FieldLine, context: Context<'c, '_>) {
        for (side, operands) in [(Side::Left, &line.left), (Side::Right, &line.right)] {
            for operand in operands {
                if let Operand::Path(path) = &operand.value {
                    let text = match (side, context.related) {
                        (Side::Right, Some((_, relationship))) => {
                            format!("{relationship}.{}", path_text(path))
                        }
                        _ => path_text(&self.probably(context.scopes[side.index()], path)),
                    };
                    self.meant.push((side, text));
                }
            }
        }
    }

    fn via(
        &mut self,
        line: &FieldLine,
        span: Span,
        clauses: &LineClauses,
        sides: [&Operands<'c>; 2],
        [left, right]: [&[Kind]; 2],
        context: Context<'c, '_>,
    ) -> Option<Via> {
        if !clauses.way_unclear && self.lists_of_records(clauses, sides) {
            return None;
        }
        match (&clauses.conversion, &clauses.tables) {
            // Said already: what was meant is not known.
            _ if clauses.way_unclear => None,
            (Some((_, first)), Some((_, second))) => {
                self.say(say::contradiction(*first, *second, "`as` converts, `using` looks up"));
                None
            }
            (None, Some((tables, at))) => {
                let columns = |side: usize, kinds: &[Kind]| Columns {
                    fields: sides[side]
                        .fields()
                        .iter()
                        .map(|f| f.found.map(|found| found.field))
                        .collect(),
                    kinds: kinds.to_vec(),
                    spans: sides[side].fields().iter().map(|f| f.span).collect(),
                };
                let using = Use {
                    tables: tables.clone(),
                    at: *at,
                    arrow: line.arrow.clone(),
                    ends: [columns(0, left), columns(1, right)],
                };
                self.use_tables(&using).then(|| Via::Tables(tables.clone()))
            }
            (conversion, None) => {
                let (conversion, at) = match conversion {
                    Some((conversion, at)) => (conversion.clone(), *at),
                    None => (Conversion::plain(left, right), span),
                };
                let conversion = self.bound(conversion, at, line, [left, right])?;
                if let Err(why) = conversion.fits(left, right) {
                    self.misfit(&conversion, &why, at, line);
                    return None;
                }
                self.way_back(&conversion, at, line);
                if !self.has_member(&conversion, at, sides[0]) {
                    return None;
                }
                Some(Via::Convert(self.fitted(conversion, sides, context)))
            }
        }
    }

    /// The elements of the list have the member that the conversion looks at.
    fn has_member(&mut self, conversion: &Conversion, at: Span, left: &Operands<'c>) -> bool {
        let list = left.fields().first().and_then(|field| field.found).map(|found| found.field);
        let (Some(member), Some(list)) = (conversion.member(), list) else { return true };
        if list.member(member).is_some() {
            return true;
        }
        let word = self.word_within(at, member).unwrap_or(at);
        if list.fields.is_empty() {
            let message = format!("the items of `{}` have no members", list.name);
            let problem = Problem::new(Code::ConversionMismatch, word, message);
            self.say(problem.label("single values").help("write `as list joined by`"));
            return false;
        }
        let known: Vec<String> = list.fields.iter().map(|field| field.name.clone()).collect();
        let near = nearest(member, known.iter().map(String::as_str)).map(str::to_owned);
        let fix = near.map(|near| (word, near));
        self.say(say::unknown_field(word, member, (&list.name, &known, None), fix));
        false
    }

    /// The conversion with the fields that its words mean.
    fn bound(
        &mut self,
        conversion: Conversion,
        at: Span,
        line: &FieldLine,
        kinds: [&[Kind]; 2],
    ) -> Option<Conversion> {
        let names = [&line.left, &line.right].map(|operands| {
            operands.iter().map(|operand| operand_text(&operand.value)).collect::<Vec<_>>()
        });
        let [left, right] = &names;
        let fields = Fields { arrow: line.arrow.value, names: [left, right], kinds };
        match conversion.on(&fields) {
            Ok(conversion) => Some(conversion),
            Err(Unbound { word, why, help, near }) => {
                let word = if word.is_empty() { None } else { self.word_within(at, &word) };
                let problem = Problem::new(Code::BadArgument, word.unwrap_or(at), why)
                    .label("does not fit this line")
                    .help(help);
                self.say(match (word, near) {
                    (Some(word), Some(near)) => problem.fix(word, near),
                    (_, _) => problem,
                });
                None
            }
        }
    }

    /// A conversion that goes only one way stands on a line that flows so.
    fn way_back(&mut self, conversion: &Conversion, at: Span, line: &FieldLine) {
        if conversion.cuts_right_only() && line.arrow.value == Arrow::ToLeft {
            self.cuts_nothing(at);
        }
        let Err((arrow, why)) = conversion.allows(line.arrow.value) else { return };
        let (word, label) = match arrow {
            Arrow::ToRight => ("->", "goes only to the right"),
            Arrow::ToLeft | Arrow::Both => ("<-", "goes only to the left"),
        };
        let message = format!("`as {}` has no way back: {why}", conversion.name());
        self.say(
            Problem::new(Code::NoWayBack, at, message)
                .label(label)
                .help(format!("write the line with `{word}`"))
                .fix(line.arrow.span, word),
        );
    }

    /// Where a word stands within a span, as a whole word.
    pub(super) fn word_within(&self, within: Span, word: &str) -> Option<Span> {
        let text = self.text.get(within.start..within.end)?;
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let at = text.match_indices(word).map(|(at, _)| at).find(|at| {
            let before = text.get(..*at).and_then(|t| t.chars().last());
            let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
            !inside(before) && !inside(after)
        })?;
        Some(Span::new(within.start + at, within.start + at + word.len()))
    }

    /// Leaves room for the badge; marks the slots whose text is kept exactly.
    fn fitted(
        &mut self,
        conversion: Conversion,
        sides: [&Operands<'c>; 2],
        context: Context<'c, '_>,
    ) -> Conversion {
        let exactly = conversion.decode() == crate::value::Decode::Exactly;
        let mut conversion = conversion;
        for (scope, operands) in context.scopes.into_iter().zip(sides) {
            for field in operands.fields() {
                let Some(slot) =
                    self.scopes.get_mut(scope).and_then(|s| s.slots.get_mut(field.slot.0))
                else {
                    continue;
                };
                slot.exact |= exactly;
                if slot.badged && scope == context.scopes[1] {
                    conversion = conversion.with_room(BADGE_ROOM);
                }
            }
        }
        self.strip_left_too(sides, context.scopes);
        conversion
    }

    fn misfit(&mut self, conversion: &Conversion, why: &str, at: Span, line: &FieldLine) {
        let problem = if conversion.is_plain() {
            let ends = line.left.first().zip(line.right.last());
            let at = ends.map_or(at, |(left, right)| left.span.to(right.span));
            // Such as: a number and a text do not fit: write `as number`.
            let (message, help) =
                why.split_once(": ").unwrap_or((why, "name a conversion with `as`"));
            Problem::new(Code::TypeMismatch, at, message).label("the types do not fit").help(help)
        } else {
            let message = if why.starts_with("`as ") {
                why.to_owned()
            } else {
                format!("`as {}` does not fit: {why}", conversion.name())
            };
            Problem::new(Code::ConversionMismatch, at, message)
                .label("does not fit these fields")
                .help("choose a conversion for these types, or other fields")
        };
        self.say(problem);
    }
}

/// A line as people say it: its operands and its arrow.
pub(super) fn rule_text(line: &FieldLine) -> String {
    let side = |operands: &[At<Operand>]| {
        operands.iter().map(|operand| operand_text(&operand.value)).collect::<Vec<_>>().join(", ")
    };
    let arrow = match line.arrow.value {
        Arrow::Both => "<->",
        Arrow::ToRight => "->",
        Arrow::ToLeft => "<-",
    };
    format!("{} {arrow} {}", side(&line.left), side(&line.right))
}

fn operand_text(operand: &Operand) -> String {
    match operand {
        Operand::Path(path) => path_text(path),
        Operand::JsonPath(text) => text.clone(),
        Operand::Constant(Constant::Text(text)) => format!("\"{text}\""),
        Operand::Constant(Constant::Number(digits)) => digits.clone(),
        Operand::Constant(Constant::Bool(flag)) => flag.to_string(),
        Operand::Constant(Constant::Blank) => "blank".to_owned(),
    }
}

/// Where a list is wanted, a JSONPath stands for all that it finds.
fn all_of_json_paths(operands: &Operands<'_>, kinds: &mut [Option<Kind>]) {
    for (field, kind) in operands.fields().iter().zip(kinds) {
        if field.found.is_none() {
            *kind = Some(Kind::List);
        }
    }
}
