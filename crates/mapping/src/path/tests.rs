//! What is found, refused and reported.

use super::*;
use crate::json;

fn path(text: &str) -> JsonPath {
    JsonPath::parse(text).unwrap_or_else(|e| panic!("{text}: {} at {}", e.why, e.offset))
}

fn found(text: &str, record: &str) -> String {
    Json::List(path(text).find_in(&json::read(record.as_bytes()).unwrap().to_value())).to_string()
}

const RECORD: &str = r#"{"id":"r1","details":{"dealValue":9007199254740993.01,"tags":["a","b"]},
  "team":[{"email":"a@x.example","age":41},{"email":"b@x.example","age":39}],"odd.key":1.10}"#;

#[test]
fn values_are_found_and_numbers_keep_their_digits() {
    assert_eq!(found("$.details.dealValue", RECORD), "[9007199254740993.01]");
    assert_eq!(found("$['odd.key']", RECORD), "[1.10]");
    assert_eq!(found("$.team[*].email", RECORD), r#"["a@x.example","b@x.example"]"#);
    assert_eq!(found("$.team[?@.age > 40].email", RECORD), r#"["a@x.example"]"#);
    assert_eq!(found("$..tags[-1]", RECORD), r#"["b"]"#);
    assert_eq!(found("$.team[?match(@.email, 'b.*')].age", RECORD), "[39]");
    assert_eq!(found("$.team[?length(@.email) > 3 && count(@.*) == 2].age", RECORD), "[41,39]");
    assert_eq!(found("$.missing.deeper", RECORD), "[]");
    assert_eq!(found("$", "12"), "[12]");
}

#[test]
fn a_path_to_one_value_is_singular() {
    assert!(path("$.a['b c'][0]").is_singular());
    for text in ["$.a[*]", "$..a", "$.a[0,1]", "$.a[0:1]", "$.a[?@.b]"] {
        assert!(!path(text).is_singular(), "{text}");
    }
}

#[test]
fn members_compared_with_numbers_are_named() {
    assert_eq!(path("$.a[?@.price > 5 || @.name == 'x']").filters(), ["price"]);
    assert_eq!(path("$.a[?5.0 == @.cost.net]").filters(), ["cost.net"]);
    assert_eq!(path("$.a[?@.price < $.limit && @.b == true]").filters(), ["limit", "price"]);
    assert_eq!(path("$..a[?!(value(@.c) != 1)]").filters(), ["c"]);
    assert!(path("$.a[?@.b == 'x' && length(@.c) > 1]").filters().is_empty());
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    for (text, offset, why) in [
        ("a.b", 0, "expected a JSONPath that begins with `$`"),
        ("$.a[", 4, "found the end"),
        ("$.a.", 4, "expected a name"),
        ("$.a[?@.b = 1]", 9, "found `=`"),
        ("$.é[x]", 5, "found `x`"),
        ("$.a b", 4, "no blank before"),
        ("$.a[?length(@.b)]", 5, "`length` must be compared with something"),
        ("$.a[?length(@.*) > 1]", 5, "`length` takes a constant or a path to one value"),
        ("$.a[?count(1) > 1]", 5, "`count`"),
        ("$.a[?value(@.b)]", 5, "`value` must be compared with something"),
        ("$.a[?value('x') == 1]", 5, "`value` takes a path"),
        ("$.a[?match(@.b, 'x') == true]", 5, "`match`"),
        ("$[?@[?@>1]]", 5, "inside another filter"),
        ("$.a[?in(@.b, $.c)]", 5, "`in` is no function"),
        ("$..['a','b']", 1, "one selector behind `..`"),
        ("$..a..b..c", 7, "`..` at most twice"),
        ("$.a[?@.b == 9007199254740993]", 12, "expected"),
        ("$. a", 2, "blank"),
    ] {
        let error = JsonPath::parse(text).unwrap_err();
        assert_eq!(error.offset, offset, "{text}: {}", error.why);
        assert!(error.why.contains(why), "{text}: {}", error.why);
    }
}

#[test]
fn deep_nesting_is_refused_quickly() {
    let deep = format!("${}", "[?@".repeat(65));
    assert_eq!(JsonPath::parse(&deep).unwrap_err().offset, 1 + 64 * 3);
    assert!(JsonPath::parse(&format!("$[?{}", "(".repeat(100_000))).is_err());
    for piece in ["length(", "count(@[?", "(", "length(value("] {
        let text = format!("$[?{}%", piece.repeat(8));
        assert!(JsonPath::parse(&text).is_err(), "{text}");
    }
    assert!(JsonPath::parse("$['[[[[((((((((((']").is_ok());
}

#[test]
fn no_text_makes_it_panic() {
    use proptest::prelude::*;
    proptest!(|(text in "\\$([.\\[\\]?@()'\"*:,=<>!&| 0-9a-zé\\\\-]|length\\(|\\.\\.|\\[\\?@){0,24}")| {
        if let Ok(path) = JsonPath::parse(&text) {
            let record = json::read(RECORD.as_bytes()).unwrap().to_value();
            let _ = (path.find(&record), path.filters(), path.is_singular());
        }
    });
}
