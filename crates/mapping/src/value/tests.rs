//! Reading, writing and keeping values.

use super::*;
use crate::json;
use proptest::prelude::*;

fn get(kind: Kind, text: &str) -> Result<Value, Misfit> {
    read(kind, &json::read(text.as_bytes()).unwrap(), Decode::Html)
}

fn put(kind: Kind, value: &Value) -> String {
    write(kind, value).to_string()
}

#[test]
fn missing_null_and_empty_are_one_blank() {
    for kind in [Kind::Text, Kind::Number, Kind::Date, Kind::List, Kind::Bool, Kind::Object] {
        for text in ["null", "\"\"", "\" \\n\\u00a0\""] {
            assert_eq!(get(kind, text), Ok(Value::Blank));
        }
    }
    assert_eq!(get(Kind::Text, "\"&nbsp;\""), Ok(Value::Blank));
    assert_eq!(put(Kind::Text, &Value::Blank), "null");
}

#[test]
fn numbers_keep_their_digits_and_may_stand_in_text() {
    for text in ["9007199254740993.01", "1.10", "99999999999999.99"] {
        let number = get(Kind::Number, text).unwrap();
        assert_eq!(put(Kind::Number, &number), text);
        assert_eq!(get(Kind::Number, &format!("\" {text}\"")), Ok(number));
    }
    assert_eq!(put(Kind::Number, &get(Kind::Percent, "1e2").unwrap()), "100");
    let misfit = get(Kind::Number, "\"secret\"").unwrap_err();
    assert_eq!(misfit.to_string(), "expected a number, found text");
    assert!(get(Kind::Number, &"9".repeat(39)).unwrap_err().is_too_big());
    assert_eq!(get(Kind::Text, "12"), Err(Misfit { wanted: "text", found: "a number" }));
}

#[test]
fn entities_are_decoded_once_and_line_ends_are_one() {
    for (given, want) in [
        ("AT&amp;T", "AT&T"),
        ("&amp;lt;", "&lt;"),
        ("&lt;b&gt; &quot;x&quot; &#39;y&apos; &#xe9;&#233;", "<b> \"x\" 'y' éé"),
        (
            "R&D; a & b &unknown; &#; &#x; &#xd800; &#0; &",
            "R&D; a & b &unknown; &#; &#x; &#xd800; &#0; &",
        ),
        ("a\r\nb\rc&#13;&#10;d", "a\nb\nc\nd"),
    ] {
        assert_eq!(decoded(given, Decode::Html), want);
    }
    assert_eq!(decoded("&amp;\r\n", Decode::Lines), "&amp;\n");
    assert_eq!(decoded("&amp;\r\n", Decode::Exactly), "&amp;\r\n");
}

#[test]
fn dates_are_read_as_written() {
    let day = |text: &str| get(Kind::Date, text).map(|v| put(Kind::Date, &v));
    assert_eq!(day("\"2026-03-31\""), Ok("\"2026-03-31\"".into()));
    assert_eq!(day("\"2026-03-31T23:30:00-08:00\""), Ok("\"2026-03-31\"".into()));
    for bad in ["\"2026-02-30\"", "\"2026-3-1\"", "\"20260331\"", "\"31.03.2026\"", "20260331"] {
        assert!(day(bad).is_err(), "{bad}");
    }
    assert!(day("\"2026-03-31 soon\"").is_err());
}

#[test]
fn moments_are_read_in_every_form_that_is_sent() {
    for (given, want) in [
        ("2026-03-31T12:00:00Z", "2026-03-31T12:00:00Z"),
        ("2026-03-31T12:00:00.000+0000", "2026-03-31T12:00:00Z"),
        ("2026-03-31T12:00:00.1234567Z", "2026-03-31T12:00:00.1234567Z"),
        ("2026-03-31T12:00:00+02:00", "2026-03-31T10:00:00Z"),
        ("2026-03-31T12:00:00-0730", "2026-03-31T19:30:00Z"),
        ("2026-03-31T12:00:00", "2026-03-31T12:00:00Z"),
        ("2026-03-31", "2026-03-31T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ] {
        let moment = get(Kind::DateTime, &format!("\"{given}\"")).unwrap();
        assert_eq!(put(Kind::DateTime, &moment), format!("\"{want}\""), "{given}");
    }
    for bad in ["2026-03-31T25:00:00Z", "2026-03-31X", "noon", "2026-13-01T00:00:00Z"] {
        assert!(get(Kind::DateTime, &format!("\"{bad}\"")).is_err(), "{bad}");
    }
}

#[test]
fn yes_and_no_may_stand_in_text() {
    assert_eq!(get(Kind::Bool, "true"), Ok(Value::Bool(true)));
    assert_eq!(get(Kind::Bool, "\"False\""), Ok(Value::Bool(false)));
    assert!(get(Kind::Bool, "1").is_err());
    assert_eq!(put(Kind::Text, &Value::Bool(true)), "\"Yes\"");
}

#[test]
fn several_values_of_a_list_field_are_a_list() {
    let list = get(Kind::MultiEnum, "\"Azure; Teams;\"").unwrap();
    assert_eq!(list, get(Kind::MultiEnum, "[\"Azure\",\"Teams\"]").unwrap());
    assert_eq!(put(Kind::MultiEnum, &list), "\"Azure;Teams\"");
    assert_eq!(put(Kind::List, &list), "[\"Azure\",\"Teams\"]");
}

#[test]
fn what_is_shown_is_short_and_on_one_line() {
    let shown = Value::Text("a\nb".repeat(40)).show();
    assert_eq!(shown.chars().count(), 40);
    assert!(!shown.contains('\n'));
    assert_eq!(Value::Text("short".into()).show(), "\"short\"");
}

proptest! {
    #[test]
    fn kept_values_come_back(text in ".{1,20}", digits in "-?[0-9]{1,18}(\\.[0-9]{1,9})?", day in -700_000..700_000_i32, nanos in -1_000_000_000_000_000_000_i64..1_000_000_000_000_000_000, b: bool) {
        let date = Date::constant(1970, 1, 1) + jiff::Span::new().days(day);
        let moment = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_nanos(nanos);
        for value in [
            Value::Blank,
            Value::Bool(b),
            Value::Number(Decimal::parse(&digits).unwrap()),
            Value::Text(text.clone()),
            Value::Date(date),
            Value::Instant(moment),
            Value::List(vec![text_json(&text), Json::Null]),
            Value::Other(Json::Object(vec![(text.clone().into(), text_json(&digits))])),
        ] {
            let kept = value.to_json().to_string();
            let json = json::read(kept.as_bytes()).unwrap();
            prop_assert_eq!(Value::from_json(&json).unwrap(), value);
        }
    }

    #[test]
    fn nothing_panics(text in ".{0,40}", near in "[0-9TZ:+. -]{0,30}") {
        let _ = decoded(&text, Decode::Html);
        for content in [text, near] {
            for kind in [Kind::Date, Kind::DateTime, Kind::Number, Kind::Bool, Kind::MultiEnum] {
                let _ = read(kind, &text_json(&content), Decode::Html);
            }
        }
    }

    #[test]
    fn encoded_text_is_decoded_to_itself(text in "[a-z&<>\"';#0-9 ]{0,30}") {
        let encoded = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;");
        prop_assert_eq!(decoded(&encoded, Decode::Html), text);
    }
}

fn text_json(content: &str) -> Json<'static> {
    Json::Text(content.to_owned().into())
}
