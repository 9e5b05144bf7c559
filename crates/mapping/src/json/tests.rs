//! What is read, refused and written, also against another reader.

use super::*;
use proptest::prelude::*;

fn json(text: &str) -> Json<'_> {
    read(text.as_bytes()).unwrap()
}

#[test]
fn texts_without_escapes_are_borrowed() {
    assert!(matches!(json("\"plain ✔\""), Json::Text(Cow::Borrowed("plain ✔"))));
    let Json::Text(Cow::Owned(text)) = json(r#""a\n\u00e9\ud83d\ude00\/""#) else { panic!() };
    assert_eq!(text, "a\né😀/");
}

#[test]
fn numbers_keep_their_digits() {
    for digits in ["1.10", "1e2", "-0", "9007199254740993.01", "1E+400"] {
        assert_eq!(json(digits).to_string(), digits);
    }
    assert_eq!(json("[1.10,1e2]"), json("[1.1, 100]"));
    assert_ne!(json("1e999"), json("1e998"));
}

#[test]
fn a_member_is_found_by_its_exact_name_first() {
    let record = json(r#"{"Id":1,"id":2,"Name":3,"a":4,"a":5,"B":6,"b":7}"#);
    assert_eq!(record.member("id"), Ok(Some(&json("2"))));
    assert_eq!(record.member("name"), Ok(Some(&json("3"))));
    assert_eq!(record.member("missing"), Ok(None));
    assert_eq!(record.member("a"), Err(Doubled { name: "a".into() }));
    assert_eq!(record.member("ID"), Err(Doubled { name: "ID".into() }));
    assert_eq!(record.member("b"), Ok(Some(&json("7"))));
    assert_eq!(json("[]").member("id"), Ok(None));
}

#[test]
fn order_of_members_does_not_matter_and_that_of_items_does() {
    assert_eq!(json(r#"{"a":1,"b":[2,3]}"#), json(r#"{"b":[2,3],"a":1}"#));
    assert_ne!(json("[2,3]"), json("[3,2]"));
    assert_ne!(json(r#"{"a":1,"a":1}"#), json(r#"{"a":1}"#));
}

#[test]
fn what_is_no_json_is_refused_where_it_fails() {
    for (text, offset) in [
        ("", 0),
        ("[1,]", 3),
        ("{\"a\":1,}", 7),
        ("01", 1),
        ("1.", 2),
        ("-", 1),
        ("nul", 0),
        ("\"\\ud800\"", 3),
        ("\"\\udc00\"", 3),
        ("\"\\ud800\\u0041\"", 3),
        ("\"a\nb\"", 2),
        ("\"a", 2),
        ("1 2", 2),
        ("\"\\x\"", 2),
        ("{a:1}", 1),
    ] {
        assert_eq!(read(text.as_bytes()).unwrap_err().offset, offset, "{text}");
    }
    assert_eq!(read(b"\"\xff\"").unwrap_err().offset, 1);
}

#[test]
fn a_byte_order_mark_and_128_levels_are_accepted() {
    assert_eq!(json("\u{feff} 1"), json("1"));
    let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
    assert!(read(nested(128).as_bytes()).is_ok());
    assert_eq!(read(nested(129).as_bytes()).unwrap_err().offset, 128);
    assert!(read("[".repeat(100_000).as_bytes()).is_err());
}

/// The same tree as another reader sees it; of doubled members it keeps the last.
fn same(ours: &Json<'_>, theirs: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (ours, theirs) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(a), Value::Bool(b)) => a == b,
        (Json::Number(a), Value::Number(b)) => {
            json(a) == json(b.as_str()) || a.parse::<serde_json::Number>().unwrap() == *b
        }
        (Json::Text(a), Value::String(b)) => a == b,
        (Json::List(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Value::Object(b)) => {
            a.iter().all(|(name, _)| b.contains_key(name.as_ref()))
                && b.iter().all(|(name, value)| {
                    a.iter().rev().find(|(n, _)| n == name).is_some_and(|(_, j)| same(j, value))
                })
        }
        _ => false,
    }
}

fn any_json() -> impl Strategy<Value = Json<'static>> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?"
            .prop_map(|s| Json::Number(s.into())),
        any::<String>().prop_map(|s| Json::Text(s.into())),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::List),
            prop::collection::vec((any::<String>().prop_map(Cow::Owned), inner), 0..6)
                .prop_map(Json::Object),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(tree in any_json()) {
        let text = tree.to_string();
        let back = json(&text);
        prop_assert_eq!(&back, &tree);
        prop_assert_eq!(back.to_string(), text.clone());
        let theirs = serde_json::from_str(&text).unwrap();
        prop_assert!(same(&back, &theirs));
    }

    /// Differences that are meant: a byte order mark (not made here), nesting of 128.
    #[test]
    fn it_accepts_what_another_reader_accepts(
        text in "([\\[\\]{},: \n\"\\\\0-9.eEtrufalsn+-]|\\\\u(d83d|DE00|00e9)|\"a\":|true|null|[é\u{1}]){0,24}"
    ) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match (read(text.as_bytes()), theirs) {
            (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs), "{text}"),
            (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "{text}: {ours:?} against {theirs:?}"),
        }
    }

    #[test]
    fn one_broken_byte_is_judged_alike(tree in any_json(), at: prop::sample::Index, byte: u8) {
        let mut bytes = tree.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let theirs = serde_json::from_slice::<serde_json::Value>(&bytes);
        prop_assert_eq!(read(&bytes).is_ok(), theirs.is_ok());
    }
}
