//! `text cut at N`: a text of one line that is cut to fit.

use std::fmt;

use super::text::one_line;
use super::words::Words;
use super::{About, Any, Case, Direct, One, Passes, need_texts, same};
use crate::problem::Problem;
use crate::schema::Kind;
use crate::value::{Misfit, Value, text_value};

pub(super) static ABOUT: About = About {
    name: "text cut at",
    form: "text cut at N",
    says: "A text of one line that has at most N characters on the right (counted as both systems do: UTF-16 units). A longer text agrees with every text that begins like it up to there, and what was cut stays on the left.",
    read: |words| Ok(Any::Cut(Cut { limit: Limit::read(words)? })),
    cases: &[
        Case {
            clause: "text cut at 7",
            left_kinds: &[Kind::Text],
            right_kinds: &[Kind::Text],
            left: r#"["Contoso Consulting"]"#,
            right: r#"["Contoso"]"#,
            back: Some(r#"["Contoso"]"#),
        },
        Case {
            clause: "text cut at 8",
            left_kinds: &[Kind::Text],
            right_kinds: &[Kind::Text],
            left: r#"["Contoso Consulting"]"#,
            right: r#"["Contoso"]"#,
            back: Some(r#"["Contoso"]"#),
        },
    ],
};

/// How long a text may be on the right: so many characters, less the room that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    at: u32,
    room: u32,
}

impl Limit {
    fn read(words: &mut Words<'_>) -> Result<Limit, Box<Problem>> {
        let at = words.number("the length to cut at", 1, 131_072)?;
        Ok(Limit { at, room: 0 })
    }

    /// `cut at N`, if that is what comes next.
    pub(super) fn read_cut(words: &mut Words<'_>) -> Result<Option<Limit>, Box<Problem>> {
        if !words.take("cut") {
            return Ok(None);
        }
        words.word("at")?;
        Limit::read(words).map(Some)
    }

    pub(super) fn with_room(self, room: u32) -> Limit {
        Limit { room, ..self }
    }

    /// In characters (UTF-16 units), never nothing at all.
    pub(super) fn most(self) -> u32 {
        self.at.saturating_sub(self.room).max(1)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)
    }
}

/// A text that is not longer than its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    limit: Limit,
}

impl Cut {
    pub(super) fn with_room(self, room: u32) -> Self {
        Self { limit: self.limit.with_room(room) }
    }

    fn most(&self) -> u32 {
        self.limit.most()
    }

    fn cut(&self, text: &str) -> String {
        beginning(&one_line(text), self.most())
    }
}

/// As much of a text as fits into `most` characters, without a blank at its end.
pub(super) fn beginning(text: &str, most: u32) -> String {
    first(text, most).trim_end().to_owned()
}

/// The first `most` characters of a text (UTF-16 units).
pub(crate) fn first(text: &str, most: u32) -> &str {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut used = 0;
    let mut behind = text.char_indices().skip_while(|(_, c)| {
        used += c.len_utf16();
        used <= most
    });
    behind.next().map_or(text, |(at, _)| text.get(..at).unwrap_or_default())
}

/// The first `most` code points of a text.
pub(crate) fn first_points(text: &str, most: u32) -> &str {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    text.char_indices().nth(most).map_or(text, |(at, _)| text.get(..at).unwrap_or_default())
}

impl One for Cut {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.limit)
    }

    fn fits(&self, _index: usize, left: Kind, right: Kind) -> Result<(), String> {
        need_texts(ABOUT.name, left, right)
    }

    fn right(&self, _index: usize, left: &Value) -> Result<Value, Misfit> {
        let text = same::text_of(left).ok_or(Misfit { wanted: "text", found: left.word() })?;
        Ok(text_value(self.cut(text)))
    }

    fn left(&self, _index: usize, right: &Value) -> Result<Value, Misfit> {
        let text = same::text_of(right).ok_or(Misfit { wanted: "text", found: right.word() })?;
        Ok(text_value(one_line(text)))
    }

    fn same_left(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::by(a, b, |text| one_line(&same::bare(text)))
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::by(a, b, |text| self.cut(&same::bare(text)))
    }

    fn most_characters(&self) -> Option<u32> {
        Some(self.most())
    }

    fn keeps_length(&self) -> bool {
        true
    }

    fn direct(&self, _index: usize, to_right: bool) -> Option<Direct<'_>> {
        let most = to_right.then(|| self.most());
        Some(Direct::Text(Passes { most, ..Passes::ONE_LINE }))
    }
}
