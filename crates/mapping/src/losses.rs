//! What a record that is made anew from the other one would not have any more.
//!
//! In: a plan. Out: for each line that goes both ways, the smallest value that comes back as another
//! one, `f(b(r)) != r` or `b(f(l)) != l`. Must not know: records. Such a line is lawful: agreeing
//! sides are left alone, so nothing is lost until a record is made anew.

use std::fmt::Write as _;

use serde::Serialize;

use crate::convert::Conversion;
use crate::decision::Side;
use crate::plan::{Cell, Line, Plan, Row, Slot, Via};
use crate::record::Record;
use crate::scene::{Pair, Scene};
use crate::schema::Kind;
use crate::table::{self, Answer};
use crate::tree::Arrow;
use crate::value::{self, Decode, Value};

/// A value that comes back as another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The line, as the map says it.
    pub rule: String,
    /// The file it stands in.
    pub map: String,
    /// Its line there, from 1.
    pub map_line: usize,
    /// The side whose value it is, as the map calls it.
    pub side: String,
    /// The value, as JSON; long texts are cut.
    pub value: String,
    /// What comes back.
    pub becomes: String,
}

impl Plan {
    /// Every loss: of a conversion the smallest on each side, of tables each value.
    pub fn losses(&self) -> Vec<Loss> {
        let own = Side::BOTH.map(|side| self.side(side).slots.as_slice());
        let mut losses = Vec::new();
        let related = self.related.iter().flat_map(|related| &related.lines);
        for line in self.lines.iter().chain(related) {
            self.losses_of(line, own, &mut losses);
        }
        for each in &self.lists {
            let [left, right] = &each.elements;
            for line in &each.lines {
                self.losses_of(line, [left, right], &mut losses);
            }
        }
        losses
    }

    /// The losses for people; empty when there are none.
    pub fn losses_text(&self) -> String {
        let losses = self.losses();
        if losses.is_empty() {
            return String::new();
        }
        let mut text = "losses, when a record is made anew from the other one\n".to_owned();
        let mut last = None;
        for loss in &losses {
            if last != Some((&loss.map, loss.map_line)) {
                let _ = writeln!(text, "  {} ({}:{})", loss.rule, loss.map, loss.map_line);
                last = Some((&loss.map, loss.map_line));
            }
            let Loss { side, value, becomes, .. } = loss;
            let _ = writeln!(text, "    {side} {value} comes back as {becomes}");
        }
        text
    }

    fn losses_of(&self, line: &Line, slots: [&[Slot]; 2], losses: &mut Vec<Loss>) {
        if line.arrow != Arrow::Both || line.one_way.is_some() {
            return;
        }
        for side in Side::BOTH {
            let of = |side: Side| -> Vec<&Slot> {
                let known = slots[side.index()];
                line.source(side).slots().iter().filter_map(|id| known.get(id.0)).collect()
            };
            let (own, kinds) = (of(side), Side::BOTH.map(|side| kinds(&of(side))));
            let found = match &line.via {
                Via::Convert(conversion) => {
                    smallest(conversion, side, &own, &kinds).into_iter().collect()
                }
                Via::Tables(tables) => self.in_tables(line, tables, side, slots),
            };
            let (map, map_line) = self.place(line.map_line);
            for (value, becomes) in found {
                losses.push(Loss {
                    rule: line.rule.clone(),
                    map: map.to_owned(),
                    map_line,
                    side: self.side_name(side).to_owned(),
                    value: shown(&kinds[side.index()], &value),
                    becomes: shown(&kinds[side.index()], &becomes),
                });
            }
        }
    }

    /// The values of one end of a line's tables that come back as others, in the order of the rows.
    fn in_tables(
        &self,
        line: &Line,
        tables: &[usize],
        side: Side,
        slots: [&[Slot]; 2],
    ) -> Vec<(Vec<Value>, Vec<Value>)> {
        let end = if side == Side::Left { tables.first() } else { tables.last() };
        let Some(rows) = end.and_then(|index| self.tables.get(*index)).map(|t| &t.rows) else {
            return Vec::new();
        };
        let empty = slots.map(Record::empty);
        let [left, right] = &empty;
        let scene = Scene { slots, creating: true, ..Scene::of(self, [left, right]) };
        let blank = |side: Side| vec![Value::Blank; line.source(side).slots().len()];
        let through = |to: Side, from: &[Value]| {
            let pair = match to {
                Side::Right => Pair::new(from.to_vec(), blank(Side::Right)),
                Side::Left => Pair::new(blank(Side::Left), from.to_vec()),
            };
            let looked = table::lookup(&scene, line, tables, to, &pair).ok().flatten()?;
            looked.answers.into_iter().map(given).collect::<Option<Vec<Value>>>()
        };
        let mut seen: Vec<Vec<Value>> = Vec::new();
        let mut found = Vec::new();
        for value in rows.iter().filter(|row| !row.aside).filter_map(|row| cells_of(row, side)) {
            if seen.contains(&value) {
                continue;
            }
            if let Some(there) = through(side.other(), &value)
                && let Some(back) = through(side, &there)
                && back != value
            {
                found.push((value.clone(), back));
            }
            seen.push(value);
        }
        found
    }
}

fn given(answer: Answer) -> Option<Value> {
    match answer {
        Answer::Is(value) => Some(value),
        Answer::Untouched | Answer::Park | Answer::Keep => None,
    }
}

/// The values of a row on one side, when each is one.
fn cells_of(row: &Row, side: Side) -> Option<Vec<Value>> {
    let cells = if side == Side::Left { &row.left } else { &row.right };
    let value = |cell: &Cell| match cell {
        Cell::Is(value) => Some(value.clone()),
        Cell::Any | Cell::Ignore | Cell::Same | Cell::Keep | Cell::Park => None,
    };
    cells.iter().map(value).collect()
}

fn kinds(slots: &[&Slot]) -> Vec<Kind> {
    slots.iter().map(|slot| slot.kind).collect()
}

/// The smallest value of a side that a conversion brings back as another one.
fn smallest(
    conversion: &Conversion,
    side: Side,
    slots: &[&Slot],
    kinds: &[Vec<Kind>; 2],
) -> Option<(Vec<Value>, Vec<Value>)> {
    conversion.allows(Arrow::Both).ok()?;
    let own = &kinds[side.index()];
    let limit = conversion.longest(true, &[None]);
    let candidates: Vec<Vec<Value>> =
        slots.iter().map(|slot| candidates(slot, limit, conversion.decode())).collect();
    let first: Vec<Value> =
        candidates.iter().map(|of| of.first().cloned().unwrap_or(Value::Blank)).collect();
    let lost = |values: &Vec<Value>| {
        let back = match side {
            Side::Left => {
                let there = stored(&kinds[1], &conversion.to_right(values).ok()?)?;
                conversion.to_left(&there, None).ok()?
            }
            Side::Right => {
                let there = stored(&kinds[0], &conversion.to_left(values, None).ok()?)?;
                conversion.to_right(&there).ok()?
            }
        };
        let back = stored(own, &back)?;
        (back != *values).then_some(back)
    };
    for place in 0..own.len() {
        for candidate in candidates.get(place)? {
            let mut values = first.clone();
            *values.get_mut(place)? = candidate.clone();
            if let Some(back) = lost(&values) {
                return Some((values, back));
            }
        }
    }
    None
}

/// Values as they are when they were written and read again.
fn stored(kinds: &[Kind], values: &[Value]) -> Option<Vec<Value>> {
    let one = |(kind, value): (&Kind, &Value)| {
        value::read(*kind, &value::write(*kind, value), Decode::Exactly).ok()
    };
    kinds.iter().zip(values).map(one).collect()
}

/// Values that a field may have, the simplest first.
fn candidates(slot: &Slot, limit: Option<u32>, decode: Decode) -> Vec<Value> {
    if !slot.values.is_empty() && slot.kind == Kind::Enum {
        return slot.values.iter().map(|word| value::text_value(word.clone())).collect();
    }
    let long = limit.map(|limit| "a".repeat(limit as usize + 1));
    let texts: &[&str] = match slot.kind {
        Kind::Bool => &["true", "false"],
        Kind::Number | Kind::Percent => {
            &["1", "0.1", "0.01", "0.001", "0.0001", "0.00001", "0.000001"]
        }
        Kind::Date => &["2026-03-31"],
        Kind::DateTime => &[
            "2026-03-31T00:00:00Z",
            "2026-03-31T12:00:00Z",
            "2026-03-31T12:00:01Z",
            "2026-03-31T12:00:01.5Z",
        ],
        Kind::Email => &["a@b.de", "A@b.de"],
        Kind::Phone => &["+1 2", "+1-2"],
        Kind::Url => &["https://a.de", "https://A.de/"],
        Kind::Country => &["DE", "de"],
        Kind::Currency => &["EUR", "eur"],
        Kind::Id | Kind::Reference => &["001000000000001", "001000000000001AAA"],
        // A text of one line holds no line end.
        Kind::Text | Kind::Enum => &["a", "A", "1", "Yes", "a  b"],
        Kind::LongText => &["a", "A", "1", "Yes", "a\nb", "a  b"],
        Kind::MultiEnum | Kind::List => &["a", "a;b"],
        Kind::Object => &[],
    };
    let room = slot.length.map_or(usize::MAX, |length| length as usize);
    texts
        .iter()
        .copied()
        .chain(long.as_deref().filter(|_| value::is_text(slot.kind)))
        .filter(|text| text.len() <= room)
        .filter_map(|text| read(slot.kind, text, decode))
        .collect()
}

fn read(kind: Kind, text: &str, decode: Decode) -> Option<Value> {
    use crate::json::Json;
    let json = match kind {
        Kind::Bool => Json::Bool(text == "true"),
        Kind::Number | Kind::Percent => Json::Number(text.to_owned().into()),
        Kind::MultiEnum | Kind::List => {
            Json::List(text.split(';').map(|item| Json::Text(item.to_owned().into())).collect())
        }
        Kind::Text
        | Kind::LongText
        | Kind::Id
        | Kind::Enum
        | Kind::Email
        | Kind::Phone
        | Kind::Url
        | Kind::Country
        | Kind::Currency
        | Kind::Date
        | Kind::DateTime
        | Kind::Reference
        | Kind::Object => Json::Text(text.to_owned().into()),
    };
    value::read(kind, &json, decode).ok()
}

/// Values as JSON, long texts cut.
fn shown(kinds: &[Kind], values: &[Value]) -> String {
    let one = |(kind, value): (&Kind, &Value)| match value {
        Value::Text(text) if text.chars().count() > 40 => {
            let start: String = text.chars().take(12).collect();
            format!("\"{start}…\" ({} characters)", text.chars().count())
        }
        value => value::write(*kind, value).to_string(),
    };
    kinds.iter().zip(values).map(one).collect::<Vec<_>>().join(", ")
}
