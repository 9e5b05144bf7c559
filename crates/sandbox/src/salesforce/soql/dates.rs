//! Spans of days by their names: `TODAY`, `LAST_N_DAYS:3`, `THIS_FISCAL_QUARTER`. In come a name and the
//! present day; out go the first day and the first day after. It must not know fields.

use jiff::{ToSpan as _, civil::Date};

/// A length of time that days are counted in. Fiscal years are calendar years here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// The most of a unit that a name may count.
const MOST: i64 = 10_000;

/// The first day of a span and the first day after it.
pub(super) fn span(name: &str, today: Date) -> Option<(Date, Date)> {
    let name = name.to_ascii_uppercase();
    let (name, count) = match name.split_once(':') {
        Some((name, digits)) => {
            let count = digits.parse::<i64>().ok().filter(|count| (0..=MOST).contains(count))?;
            (name.to_owned(), Some(count))
        }
        None => (name, None),
    };
    let name = name.replace("FISCAL_", "");
    let (unit, first, length) = match (name.as_str(), count) {
        ("TODAY", None) => (Unit::Day, 0, 1),
        ("YESTERDAY", None) => (Unit::Day, -1, 1),
        ("TOMORROW", None) => (Unit::Day, 1, 1),
        ("LAST_90_DAYS", None) => (Unit::Day, -90, 91),
        ("NEXT_90_DAYS", None) => (Unit::Day, 1, 90),
        // Past days take the present one with them.
        ("LAST_N_DAYS", Some(count)) => (Unit::Day, -count, count + 1),
        (name, None) => {
            let (which, unit) = name.split_once('_')?;
            let first = match which {
                "LAST" => -1,
                "THIS" => 0,
                "NEXT" => 1,
                _ => return None,
            };
            (singular(unit)?, first, 1)
        }
        (name, Some(count)) => {
            if let Some(unit) = name.strip_prefix("LAST_N_") {
                (plural(unit)?, -count, count)
            } else if let Some(unit) = name.strip_prefix("NEXT_N_") {
                (plural(unit)?, 1, count)
            } else {
                let unit = name.strip_prefix("N_")?.strip_suffix("_AGO")?;
                (plural(unit)?, -count, 1)
            }
        }
    };
    let begin = begin(unit, today)?;
    Some((later(unit, begin, first)?, later(unit, begin, first + length)?))
}

fn plural(unit: &str) -> Option<Unit> {
    match unit {
        "DAYS" => Some(Unit::Day),
        _ => singular(unit.strip_suffix('S')?),
    }
}

/// A unit other than days, which have names of their own.
fn singular(unit: &str) -> Option<Unit> {
    match unit {
        "WEEK" => Some(Unit::Week),
        "MONTH" => Some(Unit::Month),
        "QUARTER" => Some(Unit::Quarter),
        "YEAR" => Some(Unit::Year),
        _ => None,
    }
}

/// The first day of the unit that a day is in; weeks begin on Sunday.
fn begin(unit: Unit, day: Date) -> Option<Date> {
    match unit {
        Unit::Day => Some(day),
        Unit::Week => day.checked_sub(i64::from(day.weekday().to_sunday_zero_offset()).days()).ok(),
        Unit::Month => Some(day.first_of_month()),
        Unit::Quarter => {
            let into = i64::from((day.month() - 1) % 3);
            day.first_of_month().checked_sub(into.months()).ok()
        }
        Unit::Year => Some(day.first_of_year()),
    }
}

fn later(unit: Unit, day: Date, count: i64) -> Option<Date> {
    let span = match unit {
        Unit::Day => count.days(),
        Unit::Week => count.weeks(),
        Unit::Month => count.months(),
        Unit::Quarter => (count * 3).months(),
        Unit::Year => count.years(),
    };
    day.checked_add(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Option<String> {
        // A Friday.
        let (from, to) = span(name, "2026-11-27".parse().unwrap())?;
        Some(format!("{from} {to}"))
    }

    #[test]
    fn names_are_spans_of_days() {
        for (name, expected) in [
            ("today", "2026-11-27 2026-11-28"),
            ("YESTERDAY", "2026-11-26 2026-11-27"),
            ("TOMORROW", "2026-11-28 2026-11-29"),
            ("THIS_WEEK", "2026-11-22 2026-11-29"),
            ("LAST_MONTH", "2026-10-01 2026-11-01"),
            ("NEXT_QUARTER", "2027-01-01 2027-04-01"),
            ("THIS_FISCAL_QUARTER", "2026-10-01 2027-01-01"),
            ("LAST_YEAR", "2025-01-01 2026-01-01"),
            ("LAST_90_DAYS", "2026-08-29 2026-11-28"),
            ("LAST_N_DAYS:3", "2026-11-24 2026-11-28"),
            ("NEXT_N_DAYS:3", "2026-11-28 2026-12-01"),
            ("N_DAYS_AGO:3", "2026-11-24 2026-11-25"),
            ("LAST_N_WEEKS:2", "2026-11-08 2026-11-22"),
            ("NEXT_N_MONTHS:2", "2026-12-01 2027-02-01"),
            ("N_FISCAL_YEARS_AGO:1", "2025-01-01 2026-01-01"),
        ] {
            assert_eq!(read(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn other_words_are_none() {
        for name in ["", "NEVER", "LAST_N_DAYS", "LAST_N_DAYS:x", "THIS_DAY", "N_DAYS:2", "TODAY:1"]
        {
            assert_eq!(read(name), None, "{name}");
        }
        assert_eq!(read("LAST_N_YEARS:10001"), None);
    }
}
