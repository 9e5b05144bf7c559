//! What one pass finds is what stands in the tree.

use proptest::prelude::*;

use super::*;
use crate::json::{self, Json};
use crate::plan::Step;

fn member(name: &str) -> Step {
    Step::Member(name.to_owned())
}

/// Paths through names that the generated texts have.
fn paths() -> Vec<Vec<Step>> {
    let is = Step::Is { name: "a".into(), value: "b".into() };
    vec![
        vec![member("a")],
        vec![member("b"), member("a")],
        vec![member("b"), member("c"), member("a")],
        vec![member("c"), Step::First, member("a")],
        vec![member("c"), Step::FirstWith("b".into()), member("c")],
        vec![member("c"), is, member("b")],
        vec![member("c")],
    ]
}

fn trie(paths: &[Vec<Step>]) -> (Trie, Vec<usize>) {
    let mut trie = Trie::new();
    let places = paths.iter().map(|path| trie.place_of(path)).collect();
    (trie.finish(), places)
}

/// The same by the tree; an error where a path does not lead through what stands there.
fn walked<'a, 't>(json: &'a Json<'t>, path: &[Step]) -> Result<Option<&'a Json<'t>>, ()> {
    let blank = |json: &Json<'_>| {
        matches!(json, Json::Null) || matches!(json, Json::Text(text) if text.trim().is_empty())
    };
    let mut at = json;
    for step in path {
        let items = match (step, at) {
            (_, Json::Null) => return Ok(None),
            (Step::Member(_), Json::Object(_)) => &[][..],
            (Step::First | Step::FirstWith(_) | Step::Is { .. }, Json::List(items)) => items,
            _ => return Err(()),
        };
        let own = |item: &Json<'t>, name: &str| item.member(name).map(Option::<&Json<'_>>::cloned);
        let next = match step {
            Step::Member(name) => at.member(name).map_err(|_| ())?,
            Step::First => items.first(),
            Step::FirstWith(name) => items
                .iter()
                .find(|item| own(item, name).ok().flatten().is_some_and(|found| !blank(&found))),
            Step::Is { name, value } => items.iter().find(|item| {
                matches!(own(item, name), Ok(Some(Json::Text(text))) if text == value.as_str())
            }),
        };
        let Some(next) = next else { return Ok(None) };
        at = next;
    }
    Ok(Some(at))
}

fn shown(found: Found, text: &str) -> Option<Json<'_>> {
    found.json(text.as_bytes()).map(|json| json::read(json).unwrap())
}

#[track_caller]
fn compare(text: &str) {
    let paths = paths();
    let (trie, places) = trie(&paths);
    let mut finds = Finds::default();
    let read = json::read(text.as_bytes());
    // Where nothing is read, nothing is unusual but a byte order mark.
    let nothing = Trie::new().finish();
    let plain = text.strip_prefix('\u{feff}').is_none();
    assert_eq!(
        scan(text.as_bytes(), &nothing, &mut finds).is_ok(),
        read.is_ok() && plain,
        "{text}"
    );
    // Another reader says the same of the whole text; it counts levels otherwise.
    if text.matches(['[', '{']).count() < 100 {
        let theirs = serde_json::from_str::<serde_json::Value>(text);
        assert_eq!(theirs.is_ok(), read.is_ok() && plain, "{text}");
    }
    if scan(text.as_bytes(), &trie, &mut finds).is_err() {
        return;
    }
    let json = read.unwrap();
    for (path, place) in paths.iter().zip(places) {
        let wanted = walked(&json, path).unwrap_or_else(|()| panic!("{path:?} in {text}"));
        assert_eq!(shown(finds.at(place), text), wanted.cloned(), "{path:?} in {text}");
    }
}

#[test]
fn what_is_read_is_found_where_it_stands() {
    for text in [
        r#"{"a":"x","b":{"c":{"a":1e5},"a":null},"c":[{"b":" ","c":2},{"b":"y","c":[true]}]}"#,
        r#"{"c":[{"a":"b","b":1},{"a":"b","b":2}]}"#,
        r#"{"c":[]}"#,
        r#"{"c":null,"b":null}"#,
        r#"{"b":[],"a":1}"#,
        r#"{"A":1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"\u0061":1}"#,
        r#"{"x":{"a":{"a":[1,2,{"z":"\ud83d\ude00\n"}]}}}"#,
        " [1, 2.50, -0.1e+7, \"\u{e9}\u{1f600}\"] ",
        "{\"a\":\"tab\there\"}",
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00"}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":tru}"#,
        "",
        "{",
        "{}x",
        "\u{feff}{}",
    ] {
        compare(text);
    }
}

#[test]
fn depth_has_the_same_end_in_both_readers() {
    for depth in [127, 128, 129, 5000] {
        compare(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
        compare(&format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)));
    }
}

/// JSON of a few names, so that paths lead somewhere.
fn tree() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9])?",
        "\"[a-c \u{e9}\u{1f600}]{0,12}\"",
        Just("\"b\"".to_owned()),
        Just("\"x\\n\\u0041\\\\\\ud83d\\ude00\\/\"".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let name = prop_oneof![
            8 => Just("a"), 8 => Just("b"), 8 => Just("c"), 4 => Just("longer"), 1 => Just("A")
        ];
        let members = proptest::collection::vec((name, inner.clone()), 0..5);
        prop_oneof![
            members.prop_map(|members| {
                let all: Vec<String> =
                    members.iter().map(|(name, json)| format!("\"{name}\" : {json}")).collect();
                format!("{{{}}}", all.join(", "))
            }),
            proptest::collection::vec(inner, 0..4)
                .prop_map(|items| format!("[{}]", items.join(",")))
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_found_as_in_the_tree(text in tree()) {
        compare(&text);
    }

    #[test]
    fn damaged_json_is_refused_by_both(text in tree(), at in any::<prop::sample::Index>(), with in "[\"\\\\{}\\[\\],:0-9eE.+u\u{7f}\u{1} -]{0,2}") {
        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        let place = places[at.index(places.len())];
        let next = text[place..].chars().next().map_or(0, char::len_utf8);
        let mut damaged = text.clone();
        damaged.replace_range(place..place + next, &with);
        compare(&damaged);
    }

    #[test]
    fn any_text_is_judged_alike(text in "\\PC{0,40}") {
        compare(&text);
    }
}
