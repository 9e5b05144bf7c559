//! Field lines: operands, the way between them, what may be written, what is decided.

use crate::convert::Conversion;
use crate::decision::Side;
use crate::plan::{Line, Slot, SlotId, Source, Via, Wins};
use crate::problem::{Code, Problem, semantics as say};
use crate::schema::{Access, Field, Found, Kind, Place};
use crate::tree::{Arrow, At, BlankPolicy, Constant, FieldLine, Item, Operand, Span, Tree};
use crate::value::Value;

use super::clauses::LineClauses;
use super::conditions::typed;
use super::scope::path_text;
use super::{Checker, head};

/// Where a line's paths begin.
#[derive(Clone, Copy)]
pub(super) struct Context<'c, 'r> {
    pub(super) scopes: [usize; 2],
    /// The right paths begin in this object, read through this relationship.
    pub(super) related: Option<(Place<'c>, &'r str)>,
}

/// One resolved operand.
struct Operand_<'c> {
    slot: SlotId,
    span: Span,
    found: Option<Found<'c>>,
}

/// The operands of one side.
enum Operands<'c> {
    Fields(Vec<Operand_<'c>>),
    Constants(Vec<At<Constant>>),
}

impl<'c> Operands<'c> {
    fn fields(&self) -> &[Operand_<'c>] {
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
            for (written, span) in block.lines() {
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
            for slot in line.source(side).slots() {
                let Some(slot) =
                    self.scopes.get(scopes[side.index()]).and_then(|s| s.slots.get(slot.0))
                else {
                    continue;
                };
                self.written.push((side, slot.path.clone(), span));
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
        let clauses = self.line_clauses(&line.clauses, arrow, context.scopes);
        let (left, right) = (left?, right?);
        self.constant_sides(line, &left, &right);
        self.one_way_paths(line, [&left, &right]);
        let kinds = [Side::Left, Side::Right].map(|side| {
            self.kinds(if side == Side::Left { &left } else { &right }, context.scopes[side.index()])
        });
        let (left_kinds, right_kinds) = self.filled_kinds(context.scopes, &left, &right, kinds);
        let sides = [&left, &right];
        let via = self.via(line, span, &clauses, sides, [&left_kinds, &right_kinds], context)?;
        self.writability(line, sides, &clauses, &via, context);
        self.promises(line, span, sides, &clauses, &via);
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
        let blank = [0, 1].map(|i| clauses.blank[i].map_or(defaults.blank[i], |(policy, _)| policy));
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
            first_contact: clauses.first_contact.or(defaults.first_contact),
            blank,
            default: [default_left.map(|(d, _)| d), default_right.map(|(d, _)| d)],
            create_only: clauses.create_only.map(|span| span.is_some()),
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
                Some((slot, found)) => fields.push(Operand_ { slot, span: operand.span, found }),
                None => complete = false,
            }
        }
        complete.then_some(Operands::Fields(fields))
    }

    fn slot_at(&self, scope: usize, id: SlotId) -> Option<&Slot> {
        self.scopes.get(scope).and_then(|scope| scope.slots.get(id.0))
    }

    /// Constants may stand only on the side that the arrow leaves.
    fn constant_sides(&mut self, line: &FieldLine, left: &Operands<'c>, right: &Operands<'c>) {
        let arrow = line.arrow.value;
        for (operands, others, allowed) in
            [(left, right, Arrow::ToRight), (right, left, Arrow::ToLeft)]
        {
            let Operands::Constants(constants) = operands else { continue };
            let Some(first) = constants.first() else { continue };
            if arrow != allowed {
                let word = if allowed == Arrow::ToRight { "->" } else { "<-" };
                let problem = Problem::new(
                    Code::ConstantSide,
                    first.span,
                    "a constant cannot be written to: it stands on a side that the arrow points at",
                )
                .label("expected a field")
                .help(format!("write the line with `{word}`"));
                let problem = if matches!(others, Operands::Fields(_)) {
                    problem.fix(line.arrow.span, word)
                } else {
                    problem
                };
                self.say(problem);
            }
            for field in others.fields() {
                if let Some(found) = &field.found {
                    self.constant_for(found.field, constants);
                }
            }
        }
    }

    fn constant_for(&mut self, field: &Field, constants: &[At<Constant>]) {
        for constant in constants {
            if field.consent && constant.value != Constant::Bool(false) {
                self.say(
                    Problem::new(
                        Code::ConstantConsent,
                        constant.span,
                        format!("`{}` is a person's consent and is set from a constant", field.name),
                    )
                    .label("nobody was asked")
                    .help("map it from a field in which the consent is recorded"),
                );
            }
            self.known_value(field, constant);
            let fits = match (&constant.value, field.kind) {
                (Constant::Bool(_), Kind::Bool)
                | (Constant::Number(_), Kind::Number | Kind::Percent)
                | (Constant::Blank, _) => true,
                (Constant::Number(_) | Constant::Text(_), kind) => {
                    kind.is_text() || matches!(kind, Kind::Enum | Kind::Id | Kind::Reference | Kind::Date | Kind::DateTime)
                }
                (Constant::Bool(_), _) => false,
            };
            if !fits {
                self.say(
                    Problem::new(
                        Code::TypeMismatch,
                        constant.span,
                        format!("`{}` holds {}", field.name, field.kind.phrase()),
                    )
                    .label("a constant of another type")
                    .help(format!("write {}", field.kind.phrase())),
                );
            }
        }
    }

    /// JSONPaths are only read.
    fn one_way_paths(&mut self, line: &FieldLine, sides: [&Operands<'c>; 2]) {
        for (side, operands) in Side::BOTH.into_iter().zip(sides) {
            let writes = match (line.arrow.value, side) {
                (Arrow::Both, _) | (Arrow::ToRight, Side::Right) | (Arrow::ToLeft, Side::Left) => true,
                (Arrow::ToRight, Side::Left) | (Arrow::ToLeft, Side::Right) => false,
            };
            for field in operands.fields().iter().filter(|f| writes && f.found.is_none()) {
                let word = if side == Side::Left { "->" } else { "<-" };
                self.say(
                    Problem::new(Code::NoWayBack, field.span, "a JSONPath cannot be written to")
                        .label("only read")
                        .help(format!("write the line with `{word}`"))
                        .fix(line.arrow.span, word),
                );
            }
        }
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

    fn via(
        &mut self,
        line: &FieldLine,
        span: Span,
        clauses: &LineClauses,
        sides: [&Operands<'c>; 2],
        [left, right]: [&[Kind]; 2],
        context: Context<'c, '_>,
    ) -> Option<Via> {
        match (&clauses.conversion, &clauses.tables) {
            (Some((_, first)), Some((_, second))) => {
                self.say(say::contradiction(*first, *second, "`as` converts, `using` looks up"));
                None
            }
            (None, Some((tables, at))) => {
                let fields = |side: usize| -> Vec<Option<&'c Field>> {
                    sides[side].fields().iter().map(|f| f.found.map(|found| found.field)).collect()
                };
                self.use_tables(tables, *at, line.arrow.value, [&fields(0), &fields(1)], [left, right])
                    .then(|| Via::Tables(tables.clone()))
            }
            (conversion, None) => {
                let (conversion, at) = match conversion {
                    Some((conversion, at)) => (conversion.clone(), *at),
                    None => (Conversion::plain(left, right), span),
                };
                if let Err(why) = conversion.fits(left, right) {
                    self.misfit(&conversion, why, at, line);
                    return None;
                }
                if line.arrow.value != Arrow::ToRight
                    && let Err(why) = conversion.both_ways()
                {
                    self.say(
                        Problem::new(
                            Code::NoWayBack,
                            at,
                            format!("`as {}` has no way back: {why}", conversion.name()),
                        )
                        .label("goes only to the right")
                        .help("write the line with `->`")
                        .fix(line.arrow.span, "->"),
                    );
                }
                Some(Via::Convert(self.fitted(conversion, sides, context)))
            }
        }
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
                    conversion = conversion.with_room(2);
                }
            }
        }
        conversion
    }

    fn misfit(&mut self, conversion: &Conversion, why: String, at: Span, line: &FieldLine) {
        let problem = if conversion.is_plain() {
            let ends = line.left.first().zip(line.right.last());
            let at = ends.map_or(at, |(left, right)| left.span.to(right.span));
            Problem::new(Code::TypeMismatch, at, why).label("the types do not fit")
        } else {
            let message = format!("`as {}` does not fit: {why}", conversion.name());
            Problem::new(Code::ConversionMismatch, at, message).label("does not fit these fields")
        };
        let help = if conversion.is_plain() {
            "name a conversion with `as`, or a table with `using`"
        } else {
            "choose a conversion for these types, or other fields"
        };
        self.say(problem.help(help));
    }

    /// What may be written, and whether it fits.
    fn writability(
        &mut self,
        line: &FieldLine,
        sides: [&Operands<'c>; 2],
        clauses: &LineClauses,
        via: &Via,
        context: Context<'c, '_>,
    ) {
        let arrow = line.arrow.value;
        for (side, operands) in Side::BOTH.into_iter().zip(sides) {
            let writes = match (arrow, side) {
                (Arrow::Both, _) | (Arrow::ToRight, Side::Right) | (Arrow::ToLeft, Side::Left) => true,
                (Arrow::ToRight, Side::Left) | (Arrow::ToLeft, Side::Right) => false,
            };
            if !writes {
                continue;
            }
            let fields = operands.fields();
            let some_writable = fields.iter().any(|f| f.found.is_some_and(|x| x.write != Access::Never));
            for field in fields {
                let Some(found) = field.found else { continue };
                let is_condition =
                    matches!(via, Via::Tables(_)) && fields.len() > 1 && some_writable;
                if !is_condition {
                    self.write_access(line, side, field.span, &found, clauses);
                }
                self.room(side, field, via, sides, clauses);
            }
            if context.related.is_none()
                && let Some((BlankPolicy::Clear, at)) = clauses.blank[side.index()]
            {
                self.clearable(fields, at);
            }
        }
    }

    fn write_access(
        &mut self,
        line: &FieldLine,
        side: Side,
        span: Span,
        found: &Found<'c>,
        clauses: &LineClauses,
    ) {
        let name = &found.field.name;
        let away = if side == Side::Left { "->" } else { "<-" };
        if found.write == Access::Never {
            let problem =
                Problem::new(Code::ReadOnly, span, format!("`{name}` is read-only"))
                    .label("cannot be written");
            let problem = if line.arrow.value == Arrow::Both {
                problem.help(format!("write the line with `{away}`")).fix(line.arrow.span, away)
            } else {
                problem.help("map another field, or remove the line")
            };
            self.say(problem);
        } else if found.write == Access::Create
            && side == Side::Left
            && clauses.create_only[side.index()].is_none()
        {
            let to = self.plan.side_name(side).to_owned();
            let clause = if line.arrow.value == Arrow::Both {
                format!("to {to} on create only")
            } else {
                "on create only".to_owned()
            };
            self.say(
                Problem::new(
                    Code::CreateOnly,
                    span,
                    format!("`{name}` can be written only when the {to} is created"),
                )
                .label("later changes cannot reach it")
                .effect(format!("a later change on the other side is held: the {to} keeps its value"))
                .help(format!("say so: add `{clause}`")),
            );
        }
    }

    /// Length, digits and closed lists.
    fn room(
        &mut self,
        side: Side,
        target: &Operand_<'c>,
        via: &Via,
        sides: [&Operands<'c>; 2],
        clauses: &LineClauses,
    ) {
        let Via::Convert(conversion) = via else { return };
        let Some(found) = target.found else { return };
        let field = found.field;
        let source = match sides[side.other().index()] {
            Operands::Fields(fields) => fields.first().and_then(|f| f.found).map(|f| f.field),
            Operands::Constants(_) => None,
        };
        let cut = if side == Side::Right { conversion.max_right_length() } else { None };
        let keeps_length =
            conversion.is_plain() || matches!(conversion.name(), "text" | "long text" | "text exactly" | "text cut at" | "upper" | "lower" | "trim");
        let long = cut.or_else(|| source.filter(|_| keeps_length).and_then(|s| s.length));
        if let (Some(long), Some(limit)) = (long, field.length)
            && long > limit
            && target.found.is_some_and(|f| f.kind().is_text())
        {
            let at = clauses.conversion.as_ref().map_or(target.span, |(_, at)| *at);
            self.say(
                Problem::new(
                    Code::TooLong,
                    if cut.is_some() { at } else { target.span },
                    format!("`{}` takes {limit} characters and may get {long}", field.name),
                )
                .label("too short for it")
                .help(format!("cut it: `as text cut at {limit}`")),
            );
        }
        let digits = |f: &Field| f.precision.map(|p| u32::from(p) - u32::from(f.scale.unwrap_or(0)));
        if let (Some(wide), Some(limit)) = (source.and_then(digits), digits(field))
            && wide > limit
        {
            self.say(
                Problem::new(
                    Code::TooWide,
                    target.span,
                    format!("`{}` takes {limit} digits before the point and may get {wide}", field.name),
                )
                .label("too narrow for it")
                .help("map it to a wider number field"),
            );
        }
        if let Some(source) = source
            && conversion.is_plain()
            && field.restricted
        {
            let unknown: Vec<&str> =
                source.active_values().filter(|v| field.value(v).is_none()).collect();
            if source.kind == Kind::Enum && !unknown.is_empty() {
                self.say(
                    Problem::new(
                        Code::UnknownValue,
                        target.span,
                        format!("`{}` does not take {}", field.name, say::listed(unknown)),
                    )
                    .label("values that are not in its list")
                    .help("map the values with a table: `using NAME` and `values NAME … end`"),
                );
            }
        }
    }

    fn clearable(&mut self, fields: &[Operand_<'c>], at: Span) {
        for field in fields {
            if let Some(found) = &field.found
                && !found.field.clearable
            {
                let name = found.field.name.clone();
                self.say(
                    Problem::new(Code::NotClearable, at, format!("`{name}` cannot be cleared"))
                        .label("the other system does not take a blank here")
                        .also(field.span, "this field")
                        .help("write `blank keep`, or clear only the other side with `blank clear to SIDE`"),
                );
            }
        }
    }

    /// Consent and flags that never go back.
    fn promises(
        &mut self,
        line: &FieldLine,
        span: Span,
        sides: [&Operands<'c>; 2],
        clauses: &LineClauses,
        via: &Via,
    ) {
        for operands in sides {
            for field in operands.fields() {
                let Some(found) = &field.found else { continue };
                if found.field.one_way.is_some()
                    && line.arrow.value == Arrow::Both
                    && clauses.one_way.is_none()
                {
                    let goal = found.field.one_way.unwrap_or(true);
                    let name = found.field.name.clone();
                    self.say(
                        Problem::new(
                            Code::OneWay,
                            field.span,
                            format!("`{name}` never goes back from {goal}"),
                        )
                        .label("a flag that goes one way")
                        .help(format!("add `one way to {goal}`"))
                        .fix(Span::new(span.end, span.end), format!(" one way to {goal}")),
                    );
                }
            }
        }
        if let Some((goal, at)) = &clauses.one_way
            && (!matches!(goal, Value::Bool(_)) || matches!(via, Via::Tables(_)))
        {
            self.say(
                Problem::new(Code::BadArgument, *at, "`one way to` takes `true` or `false`, and no table")
                    .label("expected `true` or `false`")
                    .help("write `one way to true`"),
            );
        }
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
