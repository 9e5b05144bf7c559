//! Conversions: how the values of one side become those of the other, and when both agree.
//!
//! In: the words behind `as`; then values. Out: a [`Conversion`], and what it makes of values.
//! Must not know: records, plans, tables. One file a conversion: its words, its sentence for the
//! manual, its examples (which are tests), the types it fits, its `same`, its way back.
//!
//! A field pair is a relation: with forward `f`, back `b` and each side's `same`,
//! `agrees(l, r) = same_right(f(l), r) or same_left(b(r, l), l)`. Blank is handled here, once: it
//! becomes blank and agrees with blank only.

mod advice;
mod countries;
mod country_code;
mod country_name;
mod currency_code;
mod cut;
mod date;
mod datetime;
mod direct;
mod email;
mod exactly;
mod first_of;
mod id;
mod link;
mod list;
mod list_of;
mod long_text;
mod lower;
mod money;
mod number;
mod one_currency;
mod percent;
mod phone;
mod plain;
mod same;
mod several;
mod template;
mod text;
mod trim;
mod unknown;
mod upper;
mod url;
mod way;
mod words;
mod yes_no;

use std::fmt;

use crate::problem::{Code, Problem};
use crate::schema::Kind;
use crate::tree::{Arrow, At, Span, Token};
use crate::value::{Decode, Misfit, Value};
use unknown::{nearest, unknown};
use way::{One, Way};
use words::Words;

pub(crate) use cut::{first, first_points};
pub(crate) use direct::{Case as Letters, Direct, Passes, Piece};
pub use id::same_id;
pub(crate) use link::is_unreserved;
pub use way::Fields;

/// A conversion with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    any: Any,
}

/// A row of the manual: one case of one conversion, which a test carries out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The conversion's name, such as `money`; `plain` for a line without `as`.
    pub name: &'static str,
    /// How it is written, with its arguments: `money [in "EUR"] [with N decimals]`.
    pub form: &'static str,
    /// What it does, in a sentence.
    pub says: &'static str,
    /// The case itself.
    pub case: Case,
}

/// Values before and after, as JSON lists with one item an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// The words behind `as`; empty for a line without it.
    pub clause: &'static str,
    /// The kinds of the left fields.
    pub left_kinds: &'static [Kind],
    /// The kinds of the right fields.
    pub right_kinds: &'static [Kind],
    /// The left values.
    pub left: &'static str,
    /// What they become on the right.
    pub right: &'static str,
    /// What these become on a new left record; none when there is no way back.
    pub back: Option<&'static str>,
}

/// What a conversion's file says of it.
struct About {
    name: &'static str,
    form: &'static str,
    says: &'static str,
    read: fn(&mut Words<'_>) -> Result<Any, Box<Problem>>,
    cases: &'static [Case],
}

/// A word of a conversion that means no field of the line, as the checker says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbound {
    /// The word, as it is written.
    pub word: String,
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub help: String,
    /// What was probably meant.
    pub near: Option<String>,
}

impl Unbound {
    fn new(word: &str, why: String, help: String) -> Unbound {
        Unbound { word: word.to_owned(), why, help, near: None }
    }
}

/// Every conversion there is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Any {
    Plain(plain::Plain),
    Text(text::Text),
    Cut(cut::Cut),
    LongText(long_text::LongText),
    Exactly(exactly::Exactly),
    Number(number::Number),
    Money(money::Money),
    OneCurrency(one_currency::OneCurrency),
    Percent(percent::Percent),
    YesNo(yes_no::YesNo),
    Date(date::Date),
    DateTime(datetime::DateTime),
    Email(email::Email),
    Phone(phone::Phone),
    Url(url::Url),
    Id(id::Id),
    CountryCode(country_code::CountryCode),
    CountryName(country_name::CountryName),
    CurrencyCode(currency_code::CurrencyCode),
    List(list::List),
    ListOf(list_of::ListOf),
    Link(link::Link),
    Template(template::Template),
    FirstOf(first_of::FirstOf),
    Upper(upper::Upper),
    Lower(lower::Lower),
    Trim(trim::Trim),
}

/// What may stand behind `as`, in the order of the manual.
static NAMED: [&About; 25] = [
    &text::ABOUT,
    &cut::ABOUT,
    &long_text::ABOUT,
    &exactly::ABOUT,
    &template::ABOUT,
    &number::ABOUT,
    &money::ABOUT,
    &percent::ABOUT,
    &yes_no::ABOUT,
    &date::ABOUT,
    &datetime::ABOUT,
    &email::ABOUT,
    &phone::ABOUT,
    &url::ABOUT,
    &id::ABOUT,
    &country_code::ABOUT,
    &country_name::ABOUT,
    &currency_code::ABOUT,
    &list::ABOUT,
    &list_of::ABOUT,
    &link::ABOUT,
    &first_of::ABOUT,
    &upper::ABOUT,
    &lower::ABOUT,
    &trim::ABOUT,
];

/// The names that may stand behind `as`, for completion and proposals.
pub fn names() -> impl Iterator<Item = &'static str> {
    let other = |about: &&&About| about.form != template::ABOUT.form;
    NAMED.iter().filter(other).map(|about| about.name)
}

/// How each conversion is written and what it does, for the manual and for hovering.
pub fn forms() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMED.iter().map(|about| (about.form, about.says))
}

/// Every example of every conversion, plain lines first.
pub fn examples() -> Vec<Example> {
    let of = |about: &'static About| {
        let About { name, form, says, .. } = *about;
        about.cases.iter().map(move |case| Example { name, form, says, case: *case })
    };
    std::iter::once(&plain::ABOUT).chain(NAMED.iter().copied()).flat_map(of).collect()
}

/// Reads the words behind `as`; `span` covers them all.
pub fn read(tokens: &[At<Token>], span: Span) -> Result<Conversion, Problem> {
    let first = match tokens.first() {
        Some(At { value: Token::Word(word), .. }) => word.as_str(),
        Some(_) | None => return Err(unknown(tokens, span)),
    };
    // Of two with one name, the first in the manual reads them both.
    let near = NAMED.iter().rev().filter(|about| about.name.starts_with(first));
    let candidates = near.filter_map(|about| {
        let mut words = Words::new(tokens, span);
        words.take_name(about.name).then_some((*about, words))
    });
    let Some((about, mut words)) = candidates.max_by_key(|(about, _)| about.name.len()) else {
        return Err(unknown(tokens, span));
    };
    let any = (about.read)(&mut words).map_err(|problem| match problem.help {
        Some(_) => *problem,
        None => problem.help(format!("write it as `{}`", about.form)),
    })?;
    if let Some(rest) = words.rest() {
        return match nearest(tokens) {
            Some((near, ..)) if near.len() > about.name.len() => Err(unknown(tokens, span)),
            Some(_) | None => {
                let message = format!("expected nothing more behind `{}`", about.name);
                let help = format!("write it as `{}`", about.form);
                Err(Problem::new(Code::BadArgument, rest, message)
                    .label("not part of the conversion")
                    .help(help))
            }
        };
    }
    Ok(Conversion { any })
}

impl Conversion {
    /// The conversion of a line without `as`, which compares by the kinds of its fields.
    pub fn plain(left: &[Kind], right: &[Kind]) -> Self {
        Self { any: Any::Plain(plain::Plain::new(left, right)) }
    }

    fn way(&self) -> &dyn Way {
        match &self.any {
            Any::Plain(way) => way,
            Any::Text(way) => way,
            Any::Cut(way) => way,
            Any::LongText(way) => way,
            Any::Exactly(way) => way,
            Any::Number(way) => way,
            Any::Money(way) => way,
            Any::OneCurrency(way) => way,
            Any::Percent(way) => way,
            Any::YesNo(way) => way,
            Any::Date(way) => way,
            Any::DateTime(way) => way,
            Any::Email(way) => way,
            Any::Phone(way) => way,
            Any::Url(way) => way,
            Any::Id(way) => way,
            Any::CountryCode(way) => way,
            Any::CountryName(way) => way,
            Any::CurrencyCode(way) => way,
            Any::List(way) => way,
            Any::ListOf(way) => way,
            Any::Link(way) => way,
            Any::Template(way) => way,
            Any::FirstOf(way) => way,
            Any::Upper(way) => way,
            Any::Lower(way) => way,
            Any::Trim(way) => way,
        }
    }

    fn way_mut(&mut self) -> &mut dyn Way {
        match &mut self.any {
            Any::Plain(way) => way,
            Any::Text(way) => way,
            Any::Cut(way) => way,
            Any::LongText(way) => way,
            Any::Exactly(way) => way,
            Any::Number(way) => way,
            Any::Money(way) => way,
            Any::OneCurrency(way) => way,
            Any::Percent(way) => way,
            Any::YesNo(way) => way,
            Any::Date(way) => way,
            Any::DateTime(way) => way,
            Any::Email(way) => way,
            Any::Phone(way) => way,
            Any::Url(way) => way,
            Any::Id(way) => way,
            Any::CountryCode(way) => way,
            Any::CountryName(way) => way,
            Any::CurrencyCode(way) => way,
            Any::List(way) => way,
            Any::ListOf(way) => way,
            Any::Link(way) => way,
            Any::Template(way) => way,
            Any::FirstOf(way) => way,
            Any::Upper(way) => way,
            Any::Lower(way) => way,
            Any::Trim(way) => way,
        }
    }

    /// Its name, such as `money`; `plain` when the line has no `as`.
    pub fn name(&self) -> &'static str {
        self.way().about().name
    }

    /// True when it wants a list on the left.
    pub(crate) fn takes_list(&self) -> bool {
        matches!(self.any, Any::List(_) | Any::ListOf(_))
    }

    /// The values of one side and those that arrive there, each once; for sides that hold several.
    pub(crate) fn united(&self, to_right: bool, own: &Value, arriving: &Value) -> Value {
        self.way().united(to_right, own, arriving)
    }

    /// The member of a list's elements that it looks at.
    pub(crate) fn member(&self) -> Option<&str> {
        if let Any::ListOf(list) = &self.any { Some(list.member()) } else { None }
    }

    /// True for a line without `as`.
    pub fn is_plain(&self) -> bool {
        matches!(self.any, Any::Plain(_))
    }

    /// Takes in the fields of the line that it stands on. Error: one of its words means none.
    pub fn on(mut self, fields: &Fields<'_>) -> Result<Conversion, Unbound> {
        if let Any::Money(money) = &self.any
            && let Some(one) = one_currency::OneCurrency::of(money, fields)
        {
            self.any = Any::OneCurrency(one);
        }
        self.way_mut().bind(fields)?;
        Ok(self)
    }

    /// Whether it fits fields of these kinds; if not, why, in readers' words.
    pub fn fits(&self, left: &[Kind], right: &[Kind]) -> Result<(), String> {
        self.way().fits(left, right)
    }

    /// Whether a line may flow so with it; if not, how it may, and why.
    pub fn allows(&self, arrow: Arrow) -> Result<(), (Arrow, &'static str)> {
        self.way().allows(arrow)
    }

    /// What the left values become on the right. Blank stays blank.
    pub fn to_right(&self, left: &[Value]) -> Result<Vec<Value>, Misfit> {
        self.way().to_right(left)
    }

    /// What the right values become on the left. An old left value that already agrees is given
    /// back, so that nothing is lost that the right side cannot hold.
    pub fn to_left(
        &self,
        right: &[Value],
        old_left: Option<&[Value]>,
    ) -> Result<Vec<Value>, Misfit> {
        self.way().to_left(right, old_left)
    }

    /// Whether two left values say the same.
    pub fn same_left(&self, a: &[Value], b: &[Value]) -> bool {
        self.way().same_left(a, b)
    }

    /// Whether two right values say the same.
    pub fn same_right(&self, a: &[Value], b: &[Value]) -> bool {
        self.way().same_right(a, b)
    }

    /// What becomes of most values of `count` fields on their way; none: that cannot be said.
    pub(crate) fn direct(&self, to_right: bool, count: usize) -> Option<Direct<'_>> {
        self.way().direct(to_right, count)
    }

    /// Whether both sides say the same. Error: the values fit in no direction.
    pub fn agreement(&self, left: &[Value], right: &[Value]) -> Result<bool, Misfit> {
        let way = self.way();
        let forward = match way.allows(Arrow::ToRight) {
            Ok(()) => Some(way.to_right(left)),
            Err(_) => None,
        };
        if matches!(&forward, Some(Ok(there)) if way.same_right(there, right)) {
            return Ok(true);
        }
        if way.allows(Arrow::ToLeft).is_err() {
            return forward.unwrap_or_else(|| Ok(Vec::new())).map(|_| false);
        }
        match (way.to_left(right, Some(left)), forward) {
            (Ok(back), _) => Ok(way.same_left(&back, left)),
            (Err(_), Some(Ok(_))) => Ok(false),
            (Err(_), Some(Err(misfit))) | (Err(misfit), None) => Err(misfit),
        }
    }

    /// Whether both sides say the same. A value that does not fit agrees with nothing.
    pub fn agrees(&self, left: &[Value], right: &[Value]) -> bool {
        self.agreement(left, right).unwrap_or(false)
    }

    /// The operand without which the others say nothing: a currency needs its amount.
    pub fn bearer(&self) -> Option<usize> {
        self.way().bearer()
    }

    /// Whether a write to the right (or left) gives a value to the field at `place`.
    pub fn writes(&self, to_right: bool, place: usize) -> bool {
        self.way().only_writes(to_right).is_none_or(|only| only == place)
    }

    /// Which of `count` fields the field at `target` gets its value from.
    pub fn comes_from(&self, to_right: bool, target: usize, count: usize) -> Vec<usize> {
        self.way().comes_from(to_right, target, count)
    }

    /// Whether one field stands opposite to several, so that a single value is none of theirs.
    pub fn gathers(&self) -> bool {
        matches!(self.any, Any::Template(_) | Any::FirstOf(_))
    }

    /// Whether values arrive as they are, so that the lists of values of both sides must fit.
    pub fn keeps_values(&self) -> bool {
        self.way().keeps_values()
    }

    /// What is done to texts of both sides when they are read.
    pub fn decode(&self) -> Decode {
        self.way().decode()
    }

    /// Leaves room for `n` characters in front of a text that is cut (a badge).
    #[must_use]
    pub fn with_room(self, n: u32) -> Self {
        let any = match self.any {
            Any::Cut(cut) => Any::Cut(cut.with_room(n)),
            Any::Exactly(exactly) => Any::Exactly(exactly.with_room(n)),
            Any::Template(template) => Any::Template(template.with_room(n)),
            other => other,
        };
        Self { any }
    }

    /// How many digits behind the point an amount keeps; none: as many as it has.
    pub fn decimals(&self) -> Option<u32> {
        self.way().decimals()
    }

    /// The most characters that a text has when it arrives, by the lengths of the fields that it
    /// comes from; none: no limit is known.
    pub fn longest(&self, to_right: bool, sources: &[Option<u32>]) -> Option<u32> {
        self.way().longest(to_right, sources)
    }
}

impl fmt::Display for Conversion {
    /// Its words as they are written behind `as`; nothing for a line without it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_plain() {
            return Ok(());
        }
        f.write_str(self.name())?;
        self.way().arguments(f)
    }
}

/// `Ok` when `fits`, else what was wanted on which side.
fn need(fits: bool, name: &str, side: &str, wanted: &str, kind: Kind) -> Result<(), String> {
    if fits {
        return Ok(());
    }
    Err(format!("`as {name}` takes {wanted} on the {side}, found {}", kind.phrase()))
}

/// Texts in which any word may stand: not those whose kind says what is in them.
fn spells_words(kind: Kind) -> bool {
    let kept = [Kind::Email, Kind::Url, Kind::Reference, Kind::Country, Kind::Currency];
    crate::value::is_text(kind) && !kept.contains(&kind)
}

/// Both sides are texts of any kind.
fn need_texts(name: &str, left: Kind, right: Kind) -> Result<(), String> {
    need(crate::value::is_text(left), name, "left", "a text", left)?;
    need(crate::value::is_text(right), name, "right", "a text", right)
}

#[cfg(test)]
mod tests;
