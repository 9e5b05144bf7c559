//! Functions that a field may stand behind: parts of dates, labels, texts for people. In come values and
//! their fields; out go other values. It must not know queries or groups.

use std::sync::LazyLock;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Map, Value, json};

use crate::{
    decimal::Decimal,
    salesforce::model::{Face, Field, Kind},
};

/// What a value is made of before it is shown or compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Through {
    Part(Part),
    /// `toLabel`.
    Label,
    /// `FORMAT`.
    Text,
    /// The kind of a row that may be of several.
    Kind,
}

/// A part of a day or of a moment (in UTC). Fiscal years are calendar years here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Year,
    Quarter,
    Month,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    WeekOfMonth,
    WeekOfYear,
    Hour,
    Day,
}

/// What conditions on numbers, days and texts that are no stored fields go by.
static WHOLE: LazyLock<Field> = LazyLock::new(|| Field::new("expression", "", Kind::Whole(9)));
static DAY: LazyLock<Field> = LazyLock::new(|| Field::new("expression", "", Kind::Day));
static TEXT: LazyLock<Field> = LazyLock::new(|| Field::new("expression", "", Kind::Text(255)));
/// The field that tells the kind of a row.
static KIND: LazyLock<Field> = LazyLock::new(|| Field::new("Type", "Type", Kind::Text(40)));

/// The field that tells the kind of a row that may be of several.
pub(super) fn kind_field() -> &'static Field {
    &KIND
}

/// A field for whatever is a whole number.
pub(super) fn whole_field() -> &'static Field {
    &WHOLE
}

/// The function of a name.
pub(super) fn named(word: &str) -> Option<Through> {
    Some(match word.to_ascii_uppercase().as_str() {
        "TOLABEL" => Through::Label,
        "FORMAT" => Through::Text,
        "CALENDAR_YEAR" | "FISCAL_YEAR" => Through::Part(Part::Year),
        "CALENDAR_QUARTER" | "FISCAL_QUARTER" => Through::Part(Part::Quarter),
        "CALENDAR_MONTH" | "FISCAL_MONTH" => Through::Part(Part::Month),
        "DAY_IN_MONTH" => Through::Part(Part::DayOfMonth),
        "DAY_IN_WEEK" => Through::Part(Part::DayOfWeek),
        "DAY_IN_YEAR" => Through::Part(Part::DayOfYear),
        "WEEK_IN_MONTH" => Through::Part(Part::WeekOfMonth),
        "WEEK_IN_YEAR" => Through::Part(Part::WeekOfYear),
        "HOUR_IN_DAY" => Through::Part(Part::Hour),
        "DAY_ONLY" => Through::Part(Part::Day),
        _ => return None,
    })
}

impl Through {
    /// Whether values of a field can go through it.
    pub(super) fn takes(self, field: &Field) -> bool {
        match self {
            Self::Part(Part::Hour | Part::Day) => matches!(field.kind, Kind::Moment),
            Self::Part(_) => matches!(field.kind, Kind::Day | Kind::Moment),
            Self::Label => matches!(field.kind, Kind::Picklist { .. }),
            Self::Text => {
                matches!(
                    field.kind,
                    Kind::Number { .. } | Kind::Whole(_) | Kind::Day | Kind::Moment
                )
            }
            Self::Kind => true,
        }
    }

    /// The field that conditions on its values go by.
    pub(super) fn field(self) -> &'static Field {
        match self {
            Self::Part(Part::Day) => &DAY,
            Self::Part(_) => &WHOLE,
            Self::Label | Self::Text | Self::Kind => &TEXT,
        }
    }

    /// What becomes of a field's value; `row` holds it.
    pub(super) fn of(self, field: &Field, row: &Map<String, Value>) -> Value {
        let value = row.get(&field.name).cloned().unwrap_or_default();
        if value.is_null() {
            return value;
        }
        match self {
            Self::Part(part) => part.of(&value),
            Self::Label => label(field, value),
            Self::Text => json!(text(field, &value, row)),
            // Whoever reads rows knows of what kind they are.
            Self::Kind => Value::Null,
        }
    }
}

/// The moment of a stored day or moment.
fn moment(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    if text.contains('T') {
        return text.parse().ok();
    }
    let day: Date = text.parse().ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

impl Part {
    fn of(self, value: &Value) -> Value {
        let Some(at) = moment(value).map(|at| at.to_zoned(TimeZone::UTC)) else {
            return Value::Null;
        };
        let number = match self {
            Self::Day => return json!(at.date().to_string()),
            Self::Year => at.year(),
            Self::Quarter => i16::from((at.month() - 1) / 3 + 1),
            Self::Month => i16::from(at.month()),
            Self::DayOfMonth => i16::from(at.day()),
            Self::DayOfWeek => i16::from(at.weekday().to_sunday_one_offset()),
            Self::DayOfYear => at.day_of_year(),
            Self::WeekOfMonth => i16::from((at.day() - 1) / 7 + 1),
            Self::WeekOfYear => (at.day_of_year() - 1) / 7 + 1,
            Self::Hour => i16::from(at.hour()),
        };
        json!(number)
    }
}

/// The labels of a picklist's values.
fn label(field: &Field, value: Value) -> Value {
    let Kind::Picklist { values, .. } = &field.kind else {
        return value;
    };
    let of = |one: &str| {
        let found = values.iter().find(|known| known.value == one);
        found.map_or(one.to_owned(), |known| known.label.clone())
    };
    match value.as_str() {
        Some(text) => json!(text.split(';').map(of).collect::<Vec<_>>().join(";")),
        None => value,
    }
}

/// A value as a user in the United States reads it.
fn text(field: &Field, value: &Value, row: &Map<String, Value>) -> String {
    match &field.kind {
        Kind::Day => shown_time(value, "%-m/%-d/%Y"),
        Kind::Moment => shown_time(value, "%-m/%-d/%Y, %-I:%M %p"),
        Kind::Whole(_) => grouped(value, 0),
        Kind::Number { face, scale, .. } => {
            let digits = grouped(value, usize::try_from(*scale).unwrap_or_default());
            let currency = row.get("CurrencyIsoCode").and_then(Value::as_str);
            match (face, currency) {
                (Face::Currency, Some(currency)) => format!("{currency} {digits}"),
                (Face::Percent, _) => format!("{digits}%"),
                (Face::Currency | Face::Plain, _) => digits,
            }
        }
        Kind::Id
        | Kind::Text(_)
        | Kind::Area(_)
        | Kind::Phone(_)
        | Kind::Email(_)
        | Kind::Url(_)
        | Kind::Picklist { .. }
        | Kind::Checkbox
        | Kind::Address
        | Kind::Base64
        | Kind::Reference(_) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

fn shown_time(value: &Value, how: &str) -> String {
    let shown = moment(value).map(|at| at.to_zoned(TimeZone::UTC).strftime(how).to_string());
    shown.unwrap_or_default()
}

/// `1234.5` as `1,234.50`.
fn grouped(value: &Value, places: usize) -> String {
    let Some(number) = Decimal::parse(&value.to_string()) else {
        return value.to_string();
    };
    let text = number.text(places);
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, rest) = digits.split_once('.').map_or((digits, ""), |(whole, rest)| (whole, rest));
    let mut out = String::from(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    let rest = format!("{rest:0<places$}");
    if places == 0 { out } else { format!("{out}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_days_and_moments() {
        for (part, day, moment) in [
            (Part::Year, json!(2026), json!(2026)),
            (Part::Quarter, json!(4), json!(4)),
            (Part::Month, json!(11), json!(11)),
            (Part::DayOfMonth, json!(27), json!(27)),
            // A Friday.
            (Part::DayOfWeek, json!(6), json!(6)),
            (Part::DayOfYear, json!(331), json!(331)),
            (Part::WeekOfMonth, json!(4), json!(4)),
            (Part::WeekOfYear, json!(48), json!(48)),
            (Part::Hour, json!(0), json!(9)),
            (Part::Day, json!("2026-11-27"), json!("2026-11-27")),
        ] {
            assert_eq!(part.of(&json!("2026-11-27")), day, "{part:?}");
            assert_eq!(part.of(&json!("2026-11-27T09:14:27.000+0000")), moment, "{part:?}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (value, places, wanted) in [
            (json!(0), 0, "0"),
            (json!(1234), 0, "1,234"),
            (json!(-123_456.5), 2, "-123,456.50"),
            (json!(999), 2, "999.00"),
        ] {
            assert_eq!(grouped(&value, places), wanted);
        }
    }
}
