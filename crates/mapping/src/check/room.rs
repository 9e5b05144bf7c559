//! Whether what arrives fits the field: length, digits, what may stand in it at all.
//!
//! In: a line's resolved operands and the way between them. Out: problems. Must not know: who may
//! write the field.

use crate::convert::Conversion;
use crate::decision::Side;
use crate::plan::{SlotId, Via};
use crate::problem::{Code, Problem, Severity, semantics as say};
use crate::schema::{Field, Kind};
use crate::tree::Span;
use crate::value;

use super::Checker;
use super::clauses::LineClauses;
use super::lines::Operands;

/// So many digits before the point hold nearly every amount: fewer than the source may have are
/// told, and do not keep the map from being used.
const ROOM_FOR_MOST: u8 = 9;

/// The badge's mark and the blank behind it.
pub(super) const BADGE_ROOM: u32 = 2;

/// The most characters of a field's values, where that is known: the length, the longest value of
/// a closed list, the words of yes and no.
fn most_characters(field: &Field) -> Option<u32> {
    let count = |text: &str| u32::try_from(value::length(text)).ok();
    match field.kind {
        Kind::Enum if field.restricted && !field.values.is_empty() => {
            field.values.iter().filter_map(|value| count(&value.value)).max()
        }
        Kind::Bool => Some(3),
        // Digits and the point between them.
        Kind::Number | Kind::Percent => {
            field.precision.map(|digits| u32::from(digits) + u32::from(field.scale > Some(0)))
        }
        Kind::Enum
        | Kind::MultiEnum
        | Kind::Text
        | Kind::LongText
        | Kind::Date
        | Kind::DateTime
        | Kind::Id
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Country
        | Kind::Currency
        | Kind::Reference
        | Kind::Object
        | Kind::List => field.length,
    }
}

/// A kind whose values are known beforehand, so that they can be compared with a list.
fn closed(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Enum | Kind::MultiEnum | Kind::List | Kind::Bool | Kind::Country | Kind::Currency
    )
}

impl<'c> Checker<'c> {
    /// Length, digits and closed lists.
    pub(super) fn room(
        &mut self,
        side: Side,
        place: usize,
        via: &Via,
        sides: [&Operands<'c>; 2],
        clauses: &LineClauses,
        scope: usize,
    ) {
        let Via::Convert(conversion) = via else { return };
        let to_right = side == Side::Right;
        let Some(target) = sides[side.index()].fields().get(place) else { return };
        let Some(found) = target.found else { return };
        let field = found.field;
        let others = sides[side.other().index()].fields();
        let sources: Vec<Option<&Field>> = conversion
            .comes_from(to_right, place, others.len())
            .into_iter()
            .map(|source| others.get(source).and_then(|f| f.found).map(|f| f.field))
            .collect();
        let lengths: Vec<Option<u32>> =
            sources.iter().map(|source| source.and_then(most_characters)).collect();
        let whole = conversion.longest(to_right, &lengths);
        let cut = conversion.longest(to_right, &vec![None; lengths.len()]);
        if let Some(long) = whole.or(cut).filter(|_| found.kind().is_text()) {
            let cut_at = clauses.conversion.as_ref().filter(|_| cut.is_some());
            let at = cut_at.map_or(target.span, |(_, at)| *at);
            let slots = self.scopes.get(scope).map(|scope| &scope.slots);
            let badged = slots.and_then(|slots| slots.get(target.slot.0)).is_some_and(|s| s.badged);
            self.length(field, at, long, badged, conversion);
        }
        for source in sources.iter().flatten() {
            self.any_text(field, target.span, source, conversion);
        }
        let source = sources.first().copied().flatten();
        self.digits(field, target.span, source, conversion);
        if conversion.keeps_values() || conversion.name() == "yes/no" {
            for source in sources {
                self.closed_list(field, target.span, source);
            }
        }
    }

    /// A mark in front of the text that the badge stands before is no part of it on either side: it
    /// could not be told from the badge when it is read back.
    pub(super) fn strip_left_too(&mut self, sides: [&Operands<'c>; 2], scopes: [usize; 2]) {
        let [left, right] = sides;
        let slots = self.scopes.get(scopes[1]).map_or(&[][..], |scope| scope.slots.as_slice());
        let badged = |slot: SlotId| slots.get(slot.0).is_some_and(|slot| slot.badged);
        if !right.fields().iter().any(|field| badged(field.slot)) {
            return;
        }
        for field in left.fields() {
            let scope = self.scopes.get_mut(scopes[0]);
            if let Some(slot) = scope.and_then(|scope| scope.slots.get_mut(field.slot.0)) {
                slot.badged = true;
            }
        }
    }

    /// A text may be longer than its field, the badge's mark and its blank counted in.
    fn length(
        &mut self,
        field: &Field,
        at: Span,
        long: u32,
        badged: bool,
        conversion: &Conversion,
    ) {
        let badge = if badged { BADGE_ROOM } else { 0 };
        let Some(limit) = field.length.filter(|limit| long.saturating_add(badge) > *limit) else {
            return;
        };
        let name = &field.name;
        let message = if badged {
            format!(
                "`{name}` takes {limit} characters and may get {long} behind the badge's {badge}"
            )
        } else {
            format!("`{name}` takes {limit} characters and may get {long}")
        };
        let help = conversion.cut_advice(limit);
        self.say(Problem::new(Code::TooLong, at, message).label("too short for it").help(help));
    }

    /// A list whose elements are records is no list of values; true when a line takes one for that.
    pub(super) fn lists_of_records(
        &mut self,
        clauses: &LineClauses,
        sides: [&Operands<'c>; 2],
    ) -> bool {
        let conversion = clauses.conversion.as_ref().map(|(conversion, _)| conversion);
        if conversion.is_some_and(|conversion| conversion.member().is_some()) {
            return false;
        }
        let fields = sides.into_iter().flat_map(Operands::fields);
        let records = fields.filter_map(|field| {
            let found = field.found.filter(|found| found.kind() == Kind::List)?;
            (!found.field.fields.is_empty()).then_some((field.span, found.field))
        });
        let records: Vec<(Span, &Field)> = records.collect();
        for (at, field) in &records {
            let member = field.key.as_deref().unwrap_or("id");
            self.say(
                Problem::new(
                    Code::TypeMismatch,
                    *at,
                    format!("`{}` is a list of records, not of values", field.name),
                )
                .label("what of them?")
                .help(format!(
                    "map the records with an `each` block, or one member as text: `as list of {member} joined by \";\"`"
                )),
            );
        }
        !records.is_empty()
    }

    /// A field that takes only what is on its list, a record's id or an address, and may get any text.
    fn any_text(&mut self, field: &Field, at: Span, source: &Field, conversion: &Conversion) {
        let word = conversion.name();
        let (what, help) = match field.kind {
            Kind::Enum | Kind::MultiEnum
                if field.restricted && !field.values.is_empty() && !closed(source.kind) =>
            {
                (
                    "only the values of its list",
                    "name a table with `using`, which says what each value becomes",
                )
            }
            Kind::Reference
                if !matches!(source.kind, Kind::Id | Kind::Reference) && word != "id" =>
            {
                (
                    "only ids of records",
                    "map a field that holds ids, or write `as id` if this one does",
                )
            }
            Kind::Email if source.kind != Kind::Email && word != "email" => {
                ("only e-mail addresses", "write `as email` if there are addresses in it")
            }
            Kind::Enum
            | Kind::MultiEnum
            | Kind::Reference
            | Kind::Email
            | Kind::Text
            | Kind::LongText
            | Kind::Number
            | Kind::Bool
            | Kind::Date
            | Kind::DateTime
            | Kind::Id
            | Kind::Phone
            | Kind::Url
            | Kind::Country
            | Kind::Currency
            | Kind::Percent
            | Kind::Object
            | Kind::List => return,
        };
        let (name, from) = (&field.name, &source.name);
        let holds = match source.kind {
            Kind::Text | Kind::LongText => "may hold any text".to_owned(),
            other => format!("holds {}", other.phrase()),
        };
        let message = format!("`{name}` takes {what}, and `{from}` {holds}");
        let code =
            if conversion.is_plain() { Code::TypeMismatch } else { Code::ConversionMismatch };
        self.say(Problem::new(code, at, message).label("the types do not fit").help(help));
    }

    /// Digits before and behind the point.
    fn digits(
        &mut self,
        field: &Field,
        at: Span,
        source: Option<&Field>,
        conversion: &crate::convert::Conversion,
    ) {
        let before = |f: &Field| f.precision.map(|p| p.saturating_sub(f.scale.unwrap_or(0)));
        if let (Some(wide), Some(limit)) = (source.and_then(before), before(field))
            && wide > limit
        {
            let name = &field.name;
            let message =
                format!("`{name}` takes {limit} digits before the point and may get {wide}");
            let mut problem = Problem::new(Code::TooWide, at, message)
                .label("too narrow for it")
                .effect("a number with more digits waits for a person")
                .help("map it to a wider number field");
            if limit >= ROOM_FOR_MOST {
                problem.severity = Severity::Warning;
            }
            self.say(problem);
        }
        let decimals = conversion.decimals().or(source.and_then(|f| f.scale).map(u32::from));
        if let (Some(decimals), Some(scale)) = (decimals, field.scale)
            && field.kind == Kind::Number
            && decimals > u32::from(scale)
        {
            let name = &field.name;
            self.say(
                Problem::new(
                    Code::TooWide,
                    at,
                    format!(
                        "`{name}` takes {scale} digits behind the point and may get {decimals}"
                    ),
                )
                .label("too narrow for it")
                .help(format!("write `as money with {scale} decimals`, which rounds")),
            );
        }
    }

    /// Values of one list that the other list does not have.
    fn closed_list(&mut self, field: &Field, at: Span, source: Option<&Field>) {
        let Some(source) = source.filter(|_| field.restricted) else { return };
        let words: Vec<&str> = if matches!(source.kind, Kind::Enum | Kind::MultiEnum) {
            source.active_values().collect()
        } else if source.kind == Kind::Bool && !field.values.is_empty() {
            vec!["Yes", "No"]
        } else {
            return;
        };
        let unknown: Vec<&str> =
            words.into_iter().filter(|word| field.value(word).is_none()).collect();
        if !unknown.is_empty() {
            let message = format!("`{}` does not take {}", field.name, say::listed(unknown));
            self.say(
                Problem::new(Code::UnknownValue, at, message)
                    .label("values that are not in its list")
                    .help("map the values with a table: `using NAME` and `values NAME … end`"),
            );
        }
    }
}
