//! JSON as it was written.
//!
//! In: bytes. Out: a [`Json`] tree that borrows from them, keeps the digits of numbers and every
//! member of an object, doubled ones too. Must not know: records, fields, kinds.

mod lines;

use std::borrow::Cow;

use crate::decimal::Decimal;

/// How deep lists and objects may be nested.
pub const DEEPEST: usize = 128;

/// A JSON text, read. Equality is by meaning: members in any order, numbers by value.
#[derive(Debug, Clone)]
pub enum Json<'t> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, its digits as written.
    Number(Cow<'t, str>),
    /// A text, escapes resolved.
    Text(Cow<'t, str>),
    /// A list.
    List(Vec<Json<'t>>),
    /// Members in the order written; a name may stand twice.
    Object(Vec<(Cow<'t, str>, Json<'t>)>),
}

/// Why bytes are no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected json, found {why} at byte {offset}")]
pub struct JsonError {
    /// The byte that does not fit, from 0.
    pub offset: usize,
    /// What is wrong there, in a few words.
    pub why: &'static str,
}

/// A member that was asked for stands twice, so what it says is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the member `{name}` once, found it twice")]
pub struct Doubled {
    /// The name that was asked for.
    pub name: String,
}

/// Reads one JSON text (RFC 8259). A byte order mark before it is accepted.
pub fn read(bytes: &[u8]) -> Result<Json<'_>, JsonError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|e| JsonError { offset: e.valid_up_to(), why: "bytes that are not utf-8" })?;
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, at: start };
    reader.skip_blanks();
    let json = reader.value(0)?;
    reader.skip_blanks();
    match reader.peek() {
        None => Ok(json),
        Some(_) => Err(reader.wrong("something behind the end")),
    }
}

impl<'t> Json<'t> {
    /// The member `name` of an object: the one spelled exactly so, else the one that differs only
    /// in ASCII case. Nothing when there is none or this is no object.
    pub fn member(&self, name: &str) -> Result<Option<&Json<'t>>, Doubled> {
        let Json::Object(members) = self else { return Ok(None) };
        let exact = once(members.iter().filter(|(key, _)| key == name), name)?;
        match exact {
            Some(json) => Ok(Some(json)),
            None => once(members.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)), name),
        }
    }

    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Json<'static> {
        let owned = |text: Cow<'t, str>| Cow::Owned(text.into_owned());
        match self {
            Json::Null => Json::Null,
            Json::Bool(b) => Json::Bool(b),
            Json::Number(digits) => Json::Number(owned(digits)),
            Json::Text(text) => Json::Text(owned(text)),
            Json::List(items) => Json::List(items.into_iter().map(Json::into_owned).collect()),
            Json::Object(members) => Json::Object(
                members.into_iter().map(|(name, json)| (owned(name), json.into_owned())).collect(),
            ),
        }
    }

    /// Appends it to `out` without blanks; numbers as they were written.
    pub fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(true) => out.push_str("true"),
            Json::Bool(false) => out.push_str("false"),
            Json::Number(digits) => out.push_str(digits),
            Json::Text(text) => write_text(text, out),
            Json::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (i, (name, json)) in members.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_text(name, out);
                    out.push(':');
                    json.write(out);
                }
                out.push('}');
            }
        }
    }

    /// What it is, in a reader's word; never what it holds.
    pub fn word(&self) -> &'static str {
        match self {
            Json::Null => "nothing",
            Json::Bool(_) => "yes/no",
            Json::Number(_) => "a number",
            Json::Text(_) => "text",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        }
    }
}

impl Json<'_> {
    /// The same as a `serde_json` value, numbers with their digits. Of members that stand twice the
    /// last is kept.
    pub fn to_value(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(digits) => digits.parse().map_or(Value::Null, Value::Number),
            Json::Text(text) => Value::String(text.clone().into_owned()),
            Json::List(items) => Value::Array(items.iter().map(Json::to_value).collect()),
            Json::Object(members) => Value::Object(
                members.iter().map(|(name, json)| (name.to_string(), json.to_value())).collect(),
            ),
        }
    }
}

impl Json<'static> {
    /// The same tree as a `serde_json` value, numbers with their digits.
    pub fn from_value(value: &serde_json::Value) -> Json<'static> {
        use serde_json::Value;
        match value {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Number(number) => Json::Number(Cow::Owned(number.to_string())),
            Value::String(text) => Json::Text(Cow::Owned(text.clone())),
            Value::Array(items) => Json::List(items.iter().map(Json::from_value).collect()),
            Value::Object(members) => Json::Object(
                members
                    .iter()
                    .map(|(name, value)| (Cow::Owned(name.clone()), Json::from_value(value)))
                    .collect(),
            ),
        }
    }
}

impl std::fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}

impl PartialEq for Json<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Json::Null, Json::Null) => true,
            (Json::Bool(a), Json::Bool(b)) => a == b,
            (Json::Number(a), Json::Number(b)) => match (Decimal::parse(a), Decimal::parse(b)) {
                (Ok(a), Ok(b)) => a == b,
                (Ok(_) | Err(_), Ok(_) | Err(_)) => a == b,
            },
            (Json::Text(a), Json::Text(b)) => a == b,
            (Json::List(a), Json::List(b)) => a == b,
            (Json::Object(a), Json::Object(b)) => by_name(a) == by_name(b),
            (
                Json::Null
                | Json::Bool(_)
                | Json::Number(_)
                | Json::Text(_)
                | Json::List(_)
                | Json::Object(_),
                _,
            ) => false,
        }
    }
}

impl Eq for Json<'_> {}

type Member<'t> = (Cow<'t, str>, Json<'t>);

/// The members sorted by name; doubled ones stay in their order.
fn by_name<'a, 't>(members: &'a [Member<'t>]) -> Vec<&'a Member<'t>> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    sorted
}

/// The only one of `found`.
fn once<'a, 't: 'a>(
    mut found: impl Iterator<Item = &'a Member<'t>>,
    name: &str,
) -> Result<Option<&'a Json<'t>>, Doubled> {
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(Doubled { name: name.to_owned() }),
        (Some((_, json)), None) => Ok(Some(json)),
        (None, _) => Ok(None),
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                out.push_str("\\u00");
                for digit in [u32::from(c) / 16, u32::from(c) % 16] {
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A place in the text.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn wrong(&self, why: &'static str) -> JsonError {
        JsonError { offset: self.at, why }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Steps over `byte` when it stands here.
    fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        if here {
            self.at += 1;
        }
        here
    }

    /// The text from `start` to here.
    fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or("")
    }

    fn value(&mut self, depth: usize) -> Result<Json<'t>, JsonError> {
        match self.peek() {
            None => Err(self.wrong("the end")),
            Some(b'{' | b'[') if depth >= DEEPEST => Err(self.wrong("more than 128 levels")),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.keyword("true", Json::Bool(true)),
            Some(b'f') => self.keyword("false", Json::Bool(false)),
            Some(b'n') => self.keyword("null", Json::Null),
            Some(_) => Err(self.wrong("something that begins no value")),
        }
    }

    fn keyword(&mut self, word: &str, json: Json<'t>) -> Result<Json<'t>, JsonError> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.wrong("something that begins no value"));
        }
        self.at += word.len();
        Ok(json)
    }

    fn list(&mut self, depth: usize) -> Result<Json<'t>, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_blanks();
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            self.skip_blanks();
            items.push(self.value(depth)?);
            self.skip_blanks();
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            if !self.take(b',') {
                return Err(self.wrong("no comma or `]` behind a list's item"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'t>, JsonError> {
        self.at += 1;
        let mut members = Vec::new();
        self.skip_blanks();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("no member's name in quotes"));
            }
            let name = self.string()?;
            self.skip_blanks();
            if !self.take(b':') {
                return Err(self.wrong("no colon behind a member's name"));
            }
            self.skip_blanks();
            members.push((name, self.value(depth)?));
            self.skip_blanks();
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err(self.wrong("no comma or `}` behind a member"));
            }
        }
    }

    fn number(&mut self) -> Result<Json<'t>, JsonError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Json::Number(Cow::Borrowed(self.since(start))))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.wrong("a number that is not finished"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'t, str>, JsonError> {
        self.at += 1;
        let mut start = self.at;
        let mut resolved: Option<String> = None;
        loop {
            match self.peek() {
                None => return Err(self.wrong("a text without its closing quote")),
                Some(b'"') => {
                    let tail = self.since(start);
                    self.at += 1;
                    return Ok(match resolved {
                        None => Cow::Borrowed(tail),
                        Some(head) => Cow::Owned(head + tail),
                    });
                }
                Some(b'\\') => {
                    let plain = self.since(start);
                    self.at += 1;
                    let text = resolved.get_or_insert_default();
                    text.push_str(plain);
                    let c = self.escape()?;
                    text.push(c);
                    start = self.at;
                }
                Some(0..=0x1f) => return Err(self.wrong("a control character in a text")),
                Some(_) => self.at += 1,
            }
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<char, JsonError> {
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            Some(_) | None => return Err(self.wrong("a backslash before nothing it may stand at")),
        };
        self.at += 1;
        Ok(c)
    }

    /// Four hexadecimal digits, and four more when they are the first half of a pair.
    fn unicode(&mut self) -> Result<char, JsonError> {
        const HALF: &str = "half of a character";
        let start = self.at;
        let first = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !(self.take(b'\\') && self.take(b'u')) {
                return Err(JsonError { offset: start, why: HALF });
            }
            let second = self.hex()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(JsonError { offset: start, why: HALF });
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        char::from_u32(code).ok_or(JsonError { offset: start, why: HALF })
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.wrong("no hexadecimal digit behind `\\u`"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests;
