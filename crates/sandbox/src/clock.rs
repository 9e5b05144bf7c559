//! Times as both systems write them. In come the machine's clock and texts; out go texts and whole
//! numbers, always UTC. The only file that knows jiff; it must not know any record.

use jiff::{Timestamp, civil, fmt::rfc2822};

/// Milliseconds since 1970.
pub(crate) fn now_milliseconds() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Hundreds of nanoseconds since 1970: the step of Partner Center's times.
pub(crate) fn now_ticks() -> i64 {
    i64::try_from(Timestamp::now().as_nanosecond() / 100).unwrap_or(i64::MAX)
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

/// Year and quarter of a stored day.
pub(crate) fn fiscal(day: &str) -> Option<(i16, i8)> {
    let day: civil::Date = day.parse().ok()?;
    Some((day.year(), (day.month() - 1) / 3 + 1))
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
    fn http_dates_go_both_ways() {
        assert_eq!(http_date(1_772_442_867), "Mon, 02 Mar 2026 09:14:27 GMT");
        assert_eq!(from_http("Mon, 02 Mar 2026 09:14:27 GMT"), Some(1_772_442_867));
        assert_eq!(from_http("yesterday"), None);
    }
}
