//! Several fields on one side, one on the other: which side is which, and what names mean.
//!
//! In: what conversions of several fields have in common. Out: their way between lists of values.
//! Must not know: what becomes of the values.

use super::{Fields, Unbound};
use crate::schema::Kind;
use crate::tree::Arrow;
use crate::value::{Misfit, Value};

/// Where the several fields stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stand {
    /// Left of the arrow.
    #[default]
    Left,
    /// Right of it.
    Right,
}

impl Stand {
    /// The side with more than one field; of two with one each, the side that the arrow leaves.
    pub(super) fn of(fields: &Fields<'_>) -> Stand {
        let [left, right] = fields.kinds.map(<[Kind]>::len);
        if right > left || (left == right && fields.arrow == Arrow::ToLeft) {
            Stand::Right
        } else {
            Stand::Left
        }
    }

    /// The several and the one, of what belongs to the left and to the right.
    pub(super) fn split<T>(self, left: T, right: T) -> (T, T) {
        match self {
            Stand::Left => (left, right),
            Stand::Right => (right, left),
        }
    }

    /// True when the several are written by a write in this direction.
    pub(super) fn is_written(self, to_right: bool) -> bool {
        (self == Stand::Right) == to_right
    }

    /// The arrow that points at the one.
    pub(super) fn gathering(self) -> Arrow {
        match self {
            Stand::Left => Arrow::ToRight,
            Stand::Right => Arrow::ToLeft,
        }
    }

    /// Whether a line may flow so: a way from the one to the several is there when `spreads` is.
    pub(super) fn allows(
        self,
        arrow: Arrow,
        spreads: Result<(), &'static str>,
    ) -> Result<(), (Arrow, &'static str)> {
        let gathering = self.gathering();
        if arrow == gathering { Ok(()) } else { spreads.map_err(|why| (gathering, why)) }
    }

    /// The values of the several as one, and of the one as several.
    pub(super) fn carry(
        self,
        to_right: bool,
        from: &[Value],
        old: Option<&[Value]>,
        gather: impl Fn(&[Value]) -> Result<Value, Misfit>,
        spread: impl Fn(&Value, Option<&[Value]>) -> Result<Vec<Value>, Misfit>,
    ) -> Result<Vec<Value>, Misfit> {
        if self.is_written(to_right) {
            return spread(from.first().unwrap_or(&Value::Blank), old);
        }
        if from.iter().all(Value::is_blank) {
            return Ok(vec![Value::Blank]);
        }
        gather(from).map(|value| vec![value])
    }
}

/// The place of the field that a word means: its whole name, the last part of it, or its number.
pub(super) fn place(word: &str, names: &[String], count: usize) -> Result<usize, Unbound> {
    if let Ok(number) = word.parse::<usize>() {
        if (1..=count).contains(&number) {
            return Ok(number - 1);
        }
        return Err(Unbound::new(
            word,
            format!("expected a field from 1 to {count}, found `{word}`"),
            "count the fields of the line from 1, or write their names".to_owned(),
        ));
    }
    if let Some(whole) = names.iter().position(|name| name == word) {
        return Ok(whole);
    }
    let mut ends = names.iter().enumerate().filter(|(_, name)| last(name) == word);
    match (ends.next(), ends.next()) {
        (Some((place, _)), None) => Ok(place),
        (Some((_, one)), Some((_, other))) => Err(Unbound::new(
            word,
            format!("`{word}` may be `{one}` or `{other}`"),
            "write the whole name, or the field's number from 1".to_owned(),
        )),
        (None, _) => {
            let short: Vec<&str> = names.iter().map(|name| last(name)).collect();
            let near = crate::problem::nearest(word, short.iter().copied());
            let help = near.map_or_else(
                || format!("write one of {}", crate::problem::semantics::listed(short.clone())),
                |near| format!("did you mean `{near}`?"),
            );
            let unbound =
                Unbound::new(word, format!("`{word}` is not among the fields of this line"), help);
            Err(Unbound { near: near.map(str::to_owned), ..unbound })
        }
    }
}

/// The last name of a path, without what is selected in front of it.
pub(super) fn last(name: &str) -> &str {
    name.rsplit(['.', ']']).next().unwrap_or(name)
}
