//! Whether what arrives fits the field: length, digits, what may stand in it at all.
//!
//! In: a line's resolved operands and the way between them. Out: problems. Must not know: who may
//! write the field.

use crate::convert::Conversion;
use crate::decision::Side;
use crate::plan::Via;
use crate::problem::{Code, Problem, Severity, semantics as say};
use crate::schema::{Field, Kind};
use crate::tree::Span;

use super::Checker;
use super::clauses::LineClauses;
use super::lines::Operands;

/// So many digits before the point hold nearly every amount: fewer than the source may have are
/// told, and do not keep the map from being used.
const ROOM_FOR_MOST: u8 = 9;

impl<'c> Checker<'c> {
    /// Length, digits and closed lists.
    pub(super) fn room(
        &mut self,
        side: Side,
        place: usize,
        via: &Via,
        sides: [&Operands<'c>; 2],
        clauses: &LineClauses,
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
            sources.iter().map(|source| source.and_then(|field| field.length)).collect();
        let whole = conversion.longest(to_right, &lengths);
        let cut = conversion.longest(to_right, &vec![None; lengths.len()]);
        if let (Some(long), Some(limit)) = (whole.or(cut), field.length)
            && long > limit
            && found.kind().is_text()
        {
            let at = clauses.conversion.as_ref().map_or(target.span, |(_, at)| *at);
            let cutting = if conversion.gathers() { "cut at" } else { "as text cut at" };
            self.say(
                Problem::new(
                    Code::TooLong,
                    if cut.is_some() { at } else { target.span },
                    format!("`{}` takes {limit} characters and may get {long}", field.name),
                )
                .label("too short for it")
                .help(format!("cut it: `{cutting} {limit}`")),
            );
        }
        for source in sources.iter().flatten() {
            self.any_text(field, target.span, source, conversion);
        }
        let source = sources.first().copied().flatten();
        self.digits(field, target.span, source, conversion);
        if conversion.keeps_values() {
            for source in sources {
                self.closed_list(field, target.span, source);
            }
        }
    }

    /// A field that takes only what is on its list, a record's id or an address, and may get any text.
    fn any_text(&mut self, field: &Field, at: Span, source: &Field, conversion: &Conversion) {
        let word = conversion.name();
        let free = matches!(source.kind, Kind::Text | Kind::LongText);
        let (what, help) = match field.kind {
            Kind::Enum | Kind::MultiEnum
                if free
                    && field.restricted
                    && !field.values.is_empty()
                    && !word.starts_with("country") =>
            {
                (
                    "only the values of its list",
                    "name a table with `using`, which says what each value becomes",
                )
            }
            Kind::Reference if free && word != "id" => (
                "only ids of records",
                "map a field that holds ids, or write `as id` if this one does",
            ),
            Kind::Email if free && word != "email" => {
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
        let message = format!("`{name}` takes {what}, and `{from}` may hold any text");
        self.say(
            Problem::new(Code::TypeMismatch, at, message).label("the types do not fit").help(help),
        );
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
        let Some(source) =
            source.filter(|s| field.restricted && matches!(s.kind, Kind::Enum | Kind::MultiEnum))
        else {
            return;
        };
        let unknown: Vec<&str> =
            source.active_values().filter(|v| field.value(v).is_none()).collect();
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
