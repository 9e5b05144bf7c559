//! One value of a field, by its kind.
//!
//! In: JSON as a record holds it, and the field's kind. Out: a [`Value`] with one blank, exact
//! numbers and real dates; and back. Must not know: records, paths, conversions. A misfit says
//! what was wanted and what was found, never the value.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::decimal::{Decimal, DecimalError};
use crate::json::Json;
use crate::schema::Kind;

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Missing, `null`, or text of nothing but blanks.
    Blank,
    /// Yes or no.
    Bool(bool),
    /// A number with its digits.
    Number(Decimal),
    /// A text that is not only blanks.
    Text(String),
    /// A day.
    Date(Date),
    /// A moment.
    Instant(Timestamp),
    /// A list of anything.
    List(Vec<Json<'static>>),
    /// An object.
    Other(Json<'static>),
}

/// What is done to a text when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Decode {
    /// HTML entities are decoded once, line ends become `\n`.
    #[default]
    Html,
    /// Line ends become `\n`.
    Lines,
    /// Nothing.
    Exactly,
}

/// A value that has not the type or shape it must have. Says nothing of the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {wanted}, found {found}")]
pub struct Misfit {
    /// What would fit, such as `a number`.
    pub wanted: &'static str,
    /// What there was, such as `text`.
    pub found: &'static str,
}

const TOO_BIG: Misfit =
    Misfit { wanted: "a number of at most 38 digits", found: "a number with more" };

/// What is wanted where only a country's code will do.
pub const COUNTRY_CODE: &str = "a two-letter country code such as DE";

/// What is wanted where a country's name will do, too.
pub const COUNTRY: &str = "a country's two-letter code or english name";

impl Misfit {
    /// True when a text is there, and names no country (another fault than a wrong type).
    pub fn is_no_country(self) -> bool {
        [COUNTRY_CODE, COUNTRY].contains(&self.wanted) && self.found == "text"
    }

    /// True when a number has more digits than can be kept (another fault than a wrong type).
    pub fn is_too_big(self) -> bool {
        self == TOO_BIG
    }
}

/// Reads a field's value. Digits in a text are accepted where a number is wanted; a date and time
/// where a date is wanted gives the day as written; a day alone where a moment is wanted is its
/// midnight in UTC, and so is a time without an offset.
pub fn read(kind: Kind, json: &Json<'_>, decode: Decode) -> Result<Value, Misfit> {
    let misfit = |wanted| Misfit { wanted, found: json.word() };
    if is_blank(json) {
        return Ok(Value::Blank);
    }
    match kind {
        Kind::Text
        | Kind::LongText
        | Kind::Id
        | Kind::Enum
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Country
        | Kind::Currency
        | Kind::Reference => match json {
            Json::Text(text) => Ok(text_value(decoded(text, decode))),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
                Err(misfit("text"))
            }
        },
        Kind::Number | Kind::Percent => match json {
            Json::Number(text) | Json::Text(text) => number_of(text),
            Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) => Err(misfit("a number")),
        },
        Kind::Bool => match json {
            Json::Bool(b) => Ok(Value::Bool(*b)),
            Json::Text(text) => match text.trim() {
                word if word.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
                word if word.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
                _ => Err(misfit("yes/no")),
            },
            Json::Null | Json::Number(_) | Json::List(_) | Json::Object(_) => Err(misfit("yes/no")),
        },
        Kind::Date => dated(json, date_of, "a date such as 2026-03-31").map(Value::Date),
        Kind::DateTime => dated(json, instant_of, "a date and time such as 2026-03-31T12:00:00Z")
            .map(Value::Instant),
        Kind::MultiEnum => match json {
            Json::Text(text) => Ok(Value::List(pieces(&decoded(text, decode), ";"))),
            Json::List(items) => Ok(Value::List(decoded_items(items, decode))),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => {
                Err(misfit("a list of values"))
            }
        },
        Kind::List => match json {
            Json::List(items) => Ok(Value::List(decoded_items(items, decode))),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => {
                Err(misfit("a list"))
            }
        },
        Kind::Object => match json {
            Json::Object(_) => Ok(Value::Other(json.clone().into_owned())),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
                Err(misfit("an object"))
            }
        },
    }
}

/// Writes a value into a field of `kind`: days as `yyyy-mm-dd`, moments as `yyyy-mm-ddThh:mm:ssZ`
/// (with a fraction when there is one), several values of a list field joined by `;`, yes and no
/// in a text field as `Yes` and `No`, a number in a text field as its digits.
pub fn write(kind: Kind, value: &Value) -> Json<'static> {
    let is_text = is_text(kind);
    match value {
        Value::Blank => Json::Null,
        Value::Bool(b) if is_text => text(if *b { "Yes" } else { "No" }),
        Value::Bool(b) => Json::Bool(*b),
        Value::Number(number) if is_text => text(number.to_string()),
        Value::Number(number) => Json::Number(number.to_string().into()),
        Value::Text(content) => text(content.clone()),
        Value::Date(date) if kind == Kind::DateTime => text(format!("{date}T00:00:00Z")),
        Value::Date(date) => text(date.to_string()),
        Value::Instant(moment) if kind == Kind::Date => {
            text(TimeZone::UTC.to_datetime(*moment).date().to_string())
        }
        Value::Instant(moment) => text(moment.to_string()),
        Value::List(items) if kind == Kind::MultiEnum => text(joined(items, ";")),
        Value::List(items) => Json::List(items.clone()),
        Value::Other(json) => json.clone(),
    }
}

impl Value {
    /// True when there is nothing: blank, or a list without items that say something.
    pub fn is_blank(&self) -> bool {
        match self {
            Value::Blank => true,
            Value::List(items) => items.iter().all(is_blank),
            Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Date(_)
            | Value::Instant(_)
            | Value::Other(_) => false,
        }
    }

    /// What it is, in a reader's word; never what it holds.
    pub fn word(&self) -> &'static str {
        match self {
            Value::Blank => "nothing",
            Value::Bool(_) => "yes/no",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::Date(_) => "a date",
            Value::Instant(_) => "a date and time",
            Value::List(_) => "a list",
            Value::Other(_) => "an object",
        }
    }

    /// Short text for a person at the terminal: at most 40 characters, on one line. Never for
    /// logs or errors.
    pub fn show(&self) -> String {
        let full = match self {
            Value::Blank => "blank".to_owned(),
            Value::Bool(b) => b.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Text(content) => format!("\"{content}\""),
            Value::Date(date) => date.to_string(),
            Value::Instant(moment) => moment.to_string(),
            Value::List(items) => Json::List(items.clone()).to_string(),
            Value::Other(json) => json.to_string(),
        };
        let line = |c: char| if c.is_control() { ' ' } else { c };
        if full.chars().count() <= 40 {
            return full.chars().map(line).collect();
        }
        full.chars().map(line).take(39).chain(['…']).collect()
    }

    /// The value with its type, so that [`Value::from_json`] gives the same back: `{"n":"1.10"}`,
    /// `{"t":"x"}`, `{"d":"2026-01-01"}`, `{"i":"2026-01-01T00:00:00Z"}`, `{"b":true}`, `null`,
    /// `{"l":[…]}`, `{"o":{…}}`.
    pub fn to_json(&self) -> Json<'static> {
        let (tag, json) = match self {
            Value::Blank => return Json::Null,
            Value::Bool(b) => ("b", Json::Bool(*b)),
            Value::Number(number) => ("n", text(number.to_string())),
            Value::Text(content) => ("t", text(content.clone())),
            Value::Date(date) => ("d", text(date.to_string())),
            Value::Instant(moment) => ("i", text(moment.to_string())),
            Value::List(items) => ("l", Json::List(items.clone())),
            Value::Other(json) => ("o", json.clone()),
        };
        Json::Object(vec![(Cow::Borrowed(tag), json)])
    }

    /// What [`Value::to_json`] wrote.
    pub fn from_json(json: &Json<'_>) -> Result<Value, Misfit> {
        let misfit = Misfit { wanted: "a kept value", found: json.word() };
        let (tag, json) = match json {
            Json::Null => return Ok(Value::Blank),
            Json::Object(members) => match members.as_slice() {
                [(tag, json)] => (tag.as_ref(), json),
                _ => return Err(misfit),
            },
            Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => return Err(misfit),
        };
        match (tag, json) {
            ("b", Json::Bool(b)) => Ok(Value::Bool(*b)),
            ("n", Json::Text(digits)) => number_of(digits),
            ("t", Json::Text(content)) => Ok(Value::Text(content.clone().into_owned())),
            ("d", Json::Text(date)) => date_of(date).map(Value::Date).ok_or(misfit),
            ("i", Json::Text(moment)) => instant_of(moment).map(Value::Instant).ok_or(misfit),
            ("l", Json::List(items)) => Ok(Value::List(owned(items))),
            ("o", json) => Ok(Value::Other(json.clone().into_owned())),
            _ => Err(misfit),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.show())
    }
}

/// The length of a text as both systems count it: UTF-16 units.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Items with their texts decoded, those of elements too.
pub(crate) fn decoded_items(items: &[Json<'_>], decode: Decode) -> Vec<Json<'static>> {
    items.iter().map(|item| decoded_json(item, decode)).collect()
}

fn decoded_json(json: &Json<'_>, decode: Decode) -> Json<'static> {
    match json {
        Json::Text(text) => Json::Text(decoded(text, decode).into_owned().into()),
        Json::List(items) => Json::List(decoded_items(items, decode)),
        Json::Object(members) => {
            let decoded = |(name, json): &(Cow<'_, str>, Json<'_>)| {
                (Cow::Owned(name.clone().into_owned()), decoded_json(json, decode))
            };
            Json::Object(members.iter().map(decoded).collect())
        }
        json @ (Json::Null | Json::Bool(_) | Json::Number(_)) => json.clone().into_owned(),
    }
}

/// Decodes HTML entities once (`&amp;lt;` becomes `&lt;`) and makes every line end `\n`.
pub fn decoded(text: &str, decode: Decode) -> Cow<'_, str> {
    let text = match decode {
        Decode::Exactly => return Cow::Borrowed(text),
        Decode::Lines => Cow::Borrowed(text),
        Decode::Html => entities(text),
    };
    if text.contains('\r') {
        return Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    text
}

/// True for the kinds whose value is one text: those of [`Kind::is_text`] but the list of choices.
pub fn is_text(kind: Kind) -> bool {
    kind.is_text() && kind != Kind::MultiEnum
}

/// A text, or blank when there is nothing in it.
pub(crate) fn text_value(content: impl Into<String>) -> Value {
    let content = content.into();
    if content.trim().is_empty() { Value::Blank } else { Value::Text(content) }
}

/// The texts of a list, joined. Numbers and yes/no as they are written; the rest is left out.
pub(crate) fn joined(items: &[Json<'_>], separator: &str) -> String {
    let texts: Vec<Cow<'_, str>> = items.iter().filter_map(item_text).collect();
    texts.join(separator)
}

/// The text of an item, when it is a single value.
pub(crate) fn item_text<'a>(item: &'a Json<'_>) -> Option<Cow<'a, str>> {
    match item {
        Json::Text(text) | Json::Number(text) => Some(Cow::Borrowed(text.as_ref())),
        Json::Bool(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
        Json::Null | Json::List(_) | Json::Object(_) => None,
    }
}

/// The pieces between separators, without outer blanks and without empty ones.
pub(crate) fn pieces(text: &str, separator: &str) -> Vec<Json<'static>> {
    text.split(separator)
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
        .map(|piece| Json::Text(Cow::Owned(piece.to_owned())))
        .collect()
}

/// A number from digits with optional outer blanks.
pub(crate) fn number_of(text: &str) -> Result<Value, Misfit> {
    Decimal::parse(text.trim()).map(Value::Number).map_err(|e| match e {
        DecimalError::TooBig => TOO_BIG,
        DecimalError::NotDigits => Misfit { wanted: "a number", found: "text" },
    })
}

fn is_blank(json: &Json<'_>) -> bool {
    match json {
        Json::Null => true,
        Json::Text(text) => text.trim().is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => false,
    }
}

fn owned(items: &[Json<'_>]) -> Vec<Json<'static>> {
    items.iter().cloned().map(Json::into_owned).collect()
}

fn text(content: impl Into<Cow<'static, str>>) -> Json<'static> {
    Json::Text(content.into())
}

fn dated<T>(
    json: &Json<'_>,
    parse: fn(&str) -> Option<T>,
    wanted: &'static str,
) -> Result<T, Misfit> {
    let found = json.word();
    match json {
        Json::Text(text) => parse(text.trim()).ok_or(Misfit { wanted, found }),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
            Err(Misfit { wanted, found })
        }
    }
}

/// `yyyy-mm-dd`, also in front of a time.
fn date_of(text: &str) -> Option<Date> {
    let day = day_of(text)?;
    (text.len() == 10 || instant_of(text).is_some()).then_some(day)
}

fn day_of(text: &str) -> Option<Date> {
    let day = text.get(..10)?;
    let shaped = day.bytes().enumerate().all(|(i, b)| match i {
        4 | 7 => b == b'-',
        _ => b.is_ascii_digit(),
    });
    if shaped { day.parse().ok() } else { None }
}

/// A moment, with `Z`, an offset (`+00:00`, `+0000`) or neither.
fn instant_of(text: &str) -> Option<Timestamp> {
    let day = day_of(text)?;
    let midnight = || day.to_zoned(TimeZone::UTC).ok();
    match text.as_bytes().get(10) {
        None => midnight().map(|zoned| zoned.timestamp()),
        Some(b'T' | b't' | b' ') => text.parse::<Timestamp>().ok().or_else(|| {
            let local: DateTime = text.parse().ok()?;
            local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        }),
        Some(_) => None,
    }
}

fn entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let entity = after.split_once(';').filter(|(name, _)| name.len() <= 9);
        if let Some((c, behind)) =
            entity.and_then(|(name, behind)| Some((character(name)?, behind)))
        {
            out.push(c);
            rest = behind;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character that an entity stands for, by the name between `&` and `;`.
fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let (digits, radix) = match number.strip_prefix(['x', 'X']) {
                Some(hex) => (hex, 16),
                None => (number, 10),
            };
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            let code = u32::from_str_radix(digits, radix).ok()?;
            char::from_u32(code).filter(|c| *c != '\0')
        }
    }
}

#[cfg(test)]
mod tests;
