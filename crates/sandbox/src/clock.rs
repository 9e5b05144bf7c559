//! The clock, and times as both systems write them. In come the machine's clock, the file that moves it,
//! and texts; out go texts and whole numbers, always UTC. Only this file and
//! SOQL's dates know jiff; it must not know any record.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use jiff::{Timestamp, civil, fmt::rfc2822};

use crate::sign;

/// Milliseconds since 1970 by the machine's clock, which nothing moves: for waits between attempts.
pub(crate) fn now_milliseconds() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Hundreds of nanoseconds since 1970, the step of Partner Center's times.
fn machine_ticks() -> i64 {
    i64::try_from(Timestamp::now().as_nanosecond() / TICK_NANOSECONDS).unwrap_or(i64::MAX)
}

const TICK_NANOSECONDS: i128 = 100;
const TICKS_A_MILLISECOND: i64 = 10_000;

/// How the clock stands to the machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// It runs, so many milliseconds ahead (or behind, when negative).
    Ahead(i64),
    /// It stands still at so many milliseconds since 1970.
    Still(i64),
}

impl Setting {
    /// Reads `+14d`, `-90s`, `1209600` (seconds) or `2026-03-02T09:14:27Z`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(Self::Still(at.as_millisecond()));
        }
        duration(text).map(Self::Ahead)
    }

    /// The text that `parse` reads.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Ahead(milliseconds) if milliseconds % 1000 == 0 => {
                format!("{:+}s", milliseconds / 1000)
            }
            Self::Ahead(milliseconds) => format!("{milliseconds:+}ms"),
            Self::Still(milliseconds) => partner_center(milliseconds * TICKS_A_MILLISECOND),
        }
    }

    /// The same clock, so many milliseconds further.
    pub(crate) fn advanced(self, milliseconds: i64) -> Self {
        match self {
            Self::Ahead(ahead) => Self::Ahead(ahead.saturating_add(milliseconds)),
            Self::Still(at) => Self::Still(at.saturating_add(milliseconds)),
        }
    }
}

/// Milliseconds of `14d` or `-3h 20m`; a bare number counts seconds.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Ok(seconds) = rest.parse::<u32>() {
        return Some(sign * i64::from(seconds) * 1000);
    }
    let mut total = 0_i64;
    let mut rest = rest.trim_start();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let milliseconds = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            _ => return None,
        };
        let part = number.parse::<i64>().ok()?.checked_mul(milliseconds)?;
        total = total.checked_add(part).filter(|total| *total < LONGEST)?;
        rest = after.trim_start();
    }
    Some(sign * total)
}

/// A hundred years: no test needs more, and no time overflows.
const LONGEST: i64 = 100 * 366 * 86_400_000;

/// The one clock of a sandbox. When it has a file, the file says how it stands, each time anew.
#[derive(Debug)]
pub(crate) struct Clock {
    file: Option<PathBuf>,
    last: Mutex<Setting>,
}

impl Clock {
    /// A clock that is moved through `file`, if there is one. A file that is not there yet moves nothing.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self { file, last: Mutex::new(Setting::Ahead(0)) }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_milliseconds(&self) -> i64 {
        self.now_ticks().div_euclid(TICKS_A_MILLISECOND)
    }

    /// Hundreds of nanoseconds since 1970.
    pub(crate) fn now_ticks(&self) -> i64 {
        match self.setting() {
            Setting::Ahead(ahead) => {
                machine_ticks().saturating_add(ahead.saturating_mul(TICKS_A_MILLISECOND))
            }
            Setting::Still(at) => at.saturating_mul(TICKS_A_MILLISECOND),
        }
    }

    /// How it stands. What cannot be read, such as a file half written, leaves it as it was.
    pub(crate) fn setting(&self) -> Setting {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &self.file {
            *last = read(file).unwrap_or(*last);
        }
        *last
    }

    /// Sets it, in its file too.
    pub(crate) fn set(&self, setting: Setting) -> io::Result<()> {
        if let Some(file) = &self.file {
            sign::write_private(file, format!("{}\n", setting.text()).as_bytes())?;
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = setting;
        Ok(())
    }
}

fn read(file: &Path) -> Option<Setting> {
    match fs::read_to_string(file) {
        Ok(text) => Setting::parse(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Setting::Ahead(0)),
        Err(_) => None,
    }
}

/// Ticks since 1970 of a moment as Partner Center writes it.
pub(crate) fn ticks(text: &str) -> Option<i64> {
    let at: Timestamp = text.parse().ok()?;
    i64::try_from(at.as_nanosecond() / TICK_NANOSECONDS).ok()
}

/// `2026-03-02T09:14:27.5510934Z` for ticks since 1970.
pub(crate) fn partner_center(ticks: i64) -> String {
    Timestamp::from_nanosecond(i128::from(ticks) * 100)
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%S.%7fZ").to_string())
        .unwrap_or_default()
}

/// `2026-03-02T09:14:28.1034417+00:00`, as webhook bodies write it.
pub(crate) fn webhook(ticks: i64) -> String {
    partner_center(ticks).replace('Z', "+00:00")
}

/// A moment with offset as .NET prints it again in UTC: `2026-06-30T00:00:00Z`.
pub(crate) fn utc(text: &str) -> Option<String> {
    if text.len() == 10 {
        return date(text).map(|day| format!("{day}T00:00:00Z"));
    }
    let at: Timestamp = text.parse().ok()?;
    Some(at.to_string())
}

/// `2026-11-22T07:00:00.000+0000` for milliseconds since 1970; the fraction is cut off.
pub(crate) fn salesforce(milliseconds: i64) -> String {
    Timestamp::from_second(milliseconds.div_euclid(1000))
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string())
        .unwrap_or_default()
}

/// A Salesforce date-time in any accepted form, rewritten to the one that is stored.
pub(crate) fn salesforce_moment(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let shape = |at: usize, wanted: u8| bytes.get(at) == Some(&wanted);
    if !(bytes.len() >= 20 && shape(10, b'T') && shape(13, b':') && shape(16, b':')) {
        return None;
    }
    let at: Timestamp = text.parse().ok()?;
    Some(salesforce(at.as_millisecond()))
}

/// A `yyyy-MM-dd` day that exists.
pub(crate) fn date(text: &str) -> Option<String> {
    let dashes = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
    if text.len() != 10 || !dashes {
        return None;
    }
    text.parse::<civil::Date>().ok().map(|_| text.to_owned())
}

/// The day of a time in milliseconds since 1970.
pub(crate) fn day(milliseconds: i64) -> Option<civil::Date> {
    let now = Timestamp::from_millisecond(milliseconds).ok()?;
    Some(now.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// Year and quarter of a stored day.
pub(crate) fn fiscal(day: &str) -> Option<(i16, i8)> {
    let day: civil::Date = day.parse().ok()?;
    Some((day.year(), (day.month() - 1) / 3 + 1))
}

/// The last day of the quarter of a stored time.
pub(crate) fn end_of_quarter(stored: &str) -> Option<String> {
    let day: civil::Date = stored.get(..10)?.parse().ok()?;
    let last = civil::Date::new(day.year(), (day.month() - 1) / 3 * 3 + 3, 1).ok()?;
    Some(last.last_of_month().to_string())
}

/// Seconds since 1970 of `Mon, 02 Mar 2026 09:14:27 GMT`.
pub(crate) fn from_http(text: &str) -> Option<i64> {
    static PARSER: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new();
    PARSER.parse_timestamp(text).ok().map(Timestamp::as_second)
}

/// Seconds since 1970 as an HTTP date.
pub(crate) fn http_date(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .unwrap_or_default()
}

/// Seconds since 1970 of a stored Salesforce date-time.
pub(crate) fn seconds(stored: &str) -> Option<i64> {
    stored.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_end_with_their_third_month() {
        for (at, end) in [("2026-01-01T0", "2026-03-31"), ("2026-11-27", "2026-12-31")] {
            assert_eq!(end_of_quarter(at).as_deref(), Some(end));
        }
        assert_eq!(end_of_quarter("soon"), None);
    }

    #[test]
    fn salesforce_times_are_cut_to_seconds_and_written_without_a_colon() {
        assert_eq!(salesforce(1_772_442_867_999), "2026-03-02T09:14:27.000+0000");
        for text in [
            "2026-03-02T10:14:27+01:00",
            "2026-03-02T09:14:27.551Z",
            "2026-03-02T09:14:27.000+0000",
        ] {
            assert_eq!(salesforce_moment(text).as_deref(), Some("2026-03-02T09:14:27.000+0000"));
        }
        for text in ["2026-03-02", "2026-03-02T09:14:27", "2026-03-02 09:14:27Z", "x"] {
            assert_eq!(salesforce_moment(text), None, "{text}");
        }
        assert_eq!(seconds("2026-03-02T09:14:27.000+0000"), Some(1_772_442_867));
    }

    #[test]
    fn days_must_exist() {
        assert_eq!(date("2026-02-28").as_deref(), Some("2026-02-28"));
        for text in ["2026-02-30", "2026-2-3", "20260203", "2026-02-28T00:00:00Z"] {
            assert_eq!(date(text), None, "{text}");
        }
        assert_eq!(fiscal("2026-12-31"), Some((2026, 4)));
    }

    #[test]
    fn partner_center_times_have_seven_digits() {
        assert_eq!(partner_center(17_724_428_675_510_934), "2026-03-02T09:14:27.5510934Z");
        assert_eq!(webhook(17_724_428_675_510_000), "2026-03-02T09:14:27.5510000+00:00");
        assert_eq!(utc("2026-06-30T02:00:00+02:00").as_deref(), Some("2026-06-30T00:00:00Z"));
        assert_eq!(utc("soon"), None);
    }

    #[test]
    fn a_clock_is_read_and_written() {
        for (text, setting) in [
            ("+14d", Setting::Ahead(14 * 86_400_000)),
            ("-3h 20m", Setting::Ahead(-12_000_000)),
            ("90", Setting::Ahead(90_000)),
            ("1w250ms", Setting::Ahead(604_800_250)),
            ("2026-03-02T09:14:27Z\n", Setting::Still(1_772_442_867_000)),
        ] {
            assert_eq!(Setting::parse(text), Some(setting), "{text}");
            assert_eq!(Setting::parse(&setting.text()), Some(setting), "{text}");
        }
        for text in ["", "soon", "+", "1.5h", "3 d", "5y", "999999999999999w"] {
            assert_eq!(Setting::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_clock_follows_its_file_and_keeps_its_step_when_the_file_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let clock = Clock::new(Some(file.clone()));
        assert!((clock.now_milliseconds() - now_milliseconds()).abs() < 5000);
        fs::write(&file, "2026-03-02T09:14:27Z").unwrap();
        assert_eq!(clock.now_milliseconds(), 1_772_442_867_000);
        fs::write(&file, "").unwrap();
        assert_eq!(clock.now_milliseconds(), 1_772_442_867_000);
        clock.set(clock.setting().advanced(1000)).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap().trim(), "2026-03-02T09:14:28.0000000Z");
        assert_eq!(Clock::new(Some(file)).now_milliseconds(), 1_772_442_868_000);
    }

    #[test]
    fn http_dates_go_both_ways() {
        assert_eq!(http_date(1_772_442_867), "Mon, 02 Mar 2026 09:14:27 GMT");
        assert_eq!(from_http("Mon, 02 Mar 2026 09:14:27 GMT"), Some(1_772_442_867));
        assert_eq!(from_http("yesterday"), None);
    }
}
