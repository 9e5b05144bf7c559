//! Points in time as the two systems write them.
//!
//! In: text such as `2026-03-02T09:20:11.000+0000`. Out: a timestamp, or nothing. It never reads a
//! clock.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Reads a point in time: with `Z`, `+00:00` or `+0000`; without any offset it is taken as UTC,
/// which both systems use. `None` when it is no point in time.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// Writes an HTTP date in whole seconds, for example `Mon, 02 Mar 2026 09:20:11 GMT`.
pub(crate) fn http_date(moment: Timestamp) -> Option<String> {
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).ok()
}

/// Reads an HTTP date.
pub(crate) fn parse_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_both_systems_write() {
        let expected: Timestamp = "2026-03-02T09:20:11Z".parse().unwrap();
        for text in [
            "2026-03-02T09:20:11.000+0000",
            "2026-03-02T09:20:11.0000000Z",
            "2026-03-02T09:20:11+00:00",
            "2026-03-02T09:20:11",
            "2026-03-02T10:20:11+01:00",
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        assert_eq!(parse("yesterday"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn http_dates_go_both_ways() {
        let moment: Timestamp = "2026-03-02T09:20:11Z".parse().unwrap();
        let text = http_date(moment).unwrap();
        assert_eq!(text, "Mon, 02 Mar 2026 09:20:11 GMT");
        assert_eq!(parse_http_date(&text), Some(moment));
    }
}
