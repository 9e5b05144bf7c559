//! `text exactly`: a text in which every character counts, perhaps cut to fit.

use std::fmt;

use super::cut::{Limit, first, first_points};
use super::{About, Any, Case, Direct, One, Passes, need_texts, same};
use crate::schema::Kind;
use crate::value::{Decode, Misfit, Value, text_value};

pub(super) static ABOUT: About = About {
    name: "text exactly",
    form: "text exactly [cut at N [code points]]",
    says: "A text in which every character counts: nothing is decoded, trimmed or made alike. With `cut at` it has at most N characters on the right (UTF-16 units, as both systems count; with `code points` those of Unicode), and agrees with every text that begins like it up to there.",
    read: |words| {
        let limit = Limit::read_cut(words)?;
        let points = limit.is_some() && words.take("code");
        if points {
            words.word("points")?;
        }
        Ok(Any::Exactly(Exactly { limit, points }))
    },
    cases: &[
        Case {
            clause: "text exactly",
            left_kinds: &[Kind::Text],
            right_kinds: &[Kind::Text],
            left: r#"["&amp; "]"#,
            right: r#"["&amp; "]"#,
            back: Some(r#"["&amp; "]"#),
        },
        Case {
            clause: "text exactly cut at 8",
            left_kinds: &[Kind::Text],
            right_kinds: &[Kind::Text],
            left: r#"["Contoso Consulting"]"#,
            right: r#"["Contoso "]"#,
            back: Some(r#"["Contoso "]"#),
        },
        Case {
            clause: "text exactly cut at 9 code points",
            left_kinds: &[Kind::Text],
            right_kinds: &[Kind::Text],
            left: r#"["Contoso 🚀 Consulting"]"#,
            right: r#"["Contoso 🚀"]"#,
            back: Some(r#"["Contoso 🚀"]"#),
        },
    ],
};

/// A text in which every character counts, the first of them when it has a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exactly {
    limit: Option<Limit>,
    /// The characters of the limit are code points.
    points: bool,
}

impl Exactly {
    pub(super) fn with_room(self, room: u32) -> Self {
        Self { limit: self.limit.map(|limit| limit.with_room(room)), ..self }
    }

    pub(super) fn cuts(&self) -> bool {
        self.limit.is_some()
    }

    fn most(&self) -> Option<u32> {
        self.limit.map(Limit::most)
    }

    fn cut<'t>(&self, text: &'t str) -> &'t str {
        match self.most() {
            None => text,
            Some(most) if self.points => first_points(text, most),
            Some(most) => first(text, most),
        }
    }
}

impl One for Exactly {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = if self.points { " code points" } else { "" };
        self.limit.map_or(Ok(()), |limit| write!(f, " cut at {limit}{points}"))
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
        Ok(text_value(text))
    }

    fn same_left(&self, _index: usize, a: &Value, b: &Value) -> bool {
        a == b
    }

    fn same_right(&self, _index: usize, a: &Value, b: &Value) -> bool {
        same::by(a, b, |text| self.cut(text))
    }

    fn most_characters(&self) -> Option<u32> {
        // A code point may be two of the characters that fields count.
        self.most().map(|most| if self.points { most.saturating_mul(2) } else { most })
    }

    fn decode(&self) -> Decode {
        Decode::Exactly
    }

    fn keeps_length(&self) -> bool {
        true
    }

    fn direct(&self, _index: usize, to_right: bool) -> Option<Direct<'_>> {
        let most = self.most().filter(|_| to_right);
        Some(Direct::Text(Passes { most, points: self.points, ..Passes::default() }))
    }
}
