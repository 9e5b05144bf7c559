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
    let not_same = Step::Is { name: "a".into(), value: "a".into() };
    vec![
        vec![member("a")],
        vec![member("b"), member("a")],
        vec![member("b"), member("c"), member("a")],
        vec![member("c"), Step::First, member("a")],
        vec![member("c"), Step::FirstWith("b".into()), member("c")],
        vec![member("c"), is, member("b")],
        vec![member("c"), not_same, member("b")],
        vec![member("c"), Step::First, member("c"), Step::First, member("a")],
        vec![member("c"), Step::FirstWith("a".into()), member("c"), Step::FirstWith("b".into())],
        vec![member("c")],
    ]
}

fn trie(
    paths: &[Vec<Step>],
    gatherings: &[(Vec<Step>, Option<&str>)],
) -> (Trie, Vec<usize>, Vec<usize>) {
    let mut trie = Trie::new();
    let places = paths.iter().map(|path| trie.place_of(path)).collect();
    let indices = gatherings.iter().map(|(list, member)| trie.gathering_of(list, *member));
    let indices = indices.collect();
    (trie.finish(), places, indices)
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

/// Gatherings of those lists, and of which member.
fn gatherings() -> Vec<(Vec<Step>, Option<&'static str>)> {
    let with = Step::FirstWith("a".into());
    vec![
        (vec![member("c")], Some("a")),
        (vec![member("longer")], None),
        (vec![member("c"), with, member("c")], Some("b")),
        (vec![member("c"), Step::First, member("c")], None),
    ]
}

/// What one gathering has to have; none: there is no list.
fn gathered<'a, 't>(
    json: &'a Json<'t>,
    list: &[Step],
    member: Option<&str>,
) -> Vec<Option<&'a Json<'t>>> {
    let Ok(Some(Json::List(items))) = walked(json, list) else { return Vec::new() };
    let of = |item: &'a Json<'t>| match member {
        Some(name) => item.member(name).ok().flatten(),
        None => Some(item),
    };
    items.iter().map(of).collect()
}

fn shown(found: Found, text: &str) -> Option<Json<'_>> {
    found.json(text.as_bytes()).map(|json| json::read(json).unwrap())
}

#[track_caller]
fn compare(text: &str) {
    let paths = paths();
    let gatherings = gatherings();
    let (trie, places, indices) = trie(&paths, &gatherings);
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
    for ((list, member), index) in gatherings.iter().zip(indices) {
        let found = finds.gathered(index).iter().map(|found| shown(*found, text));
        let found: Vec<_> = found.collect();
        let wanted = gathered(&json, list, *member).into_iter().map(Option::<&Json<'_>>::cloned);
        assert_eq!(found, wanted.collect::<Vec<_>>(), "{list:?} {member:?} in {text}");
    }
}

#[test]
fn one_look_at_a_list_serves_many_picks() {
    let is = |value: usize| Step::Is { name: "a".into(), value: format!("k{value}") };
    let paths: Vec<Vec<Step>> =
        (0..150).map(|value| vec![member("c"), is(value), member("b")]).collect();
    let (trie, places, _) = trie(&paths, &[]);
    let items: Vec<String> =
        (0..200).rev().map(|value| format!(r#"{{"b":{value},"a":"k{}"}}"#, value % 140)).collect();
    let text = format!(r#"{{"c":[{}]}}"#, items.join(","));
    let mut finds = Finds::default();
    scan(text.as_bytes(), &trie, &mut finds).unwrap();
    let json = json::read(text.as_bytes()).unwrap();
    for (path, place) in paths.iter().zip(places) {
        assert_eq!(shown(finds.at(place), &text), walked(&json, path).unwrap().cloned());
    }
}

#[test]
fn what_is_read_is_found_where_it_stands() {
    for text in [
        r#"{"a":"x","b":{"c":{"a":1e5},"a":null},"c":[{"b":" ","c":2},{"b":"y","c":[true]}]}"#,
        r#"{"c":[{"a":"b","b":1},{"a":"b","b":2}]}"#,
        r#"{"c":[{"a":null,"c":[{"b":1}]},{"a":"x","c":[{"b":2},{"a":3},{"b":"y"}]},{"c":[]}]}"#,
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

    /// Also bytes that are no text, wherever they stand, read or not.
    #[test]
    fn any_bytes_are_judged_as_another_reader_judges_them(
        text in tree(),
        at in any::<prop::sample::Index>(),
        with in proptest::collection::vec(any::<u8>(), 0..4),
    ) {
        let mut bytes = text.into_bytes();
        let place = at.index(bytes.len() + 1);
        let end = bytes.len().min(place + 1);
        bytes.splice(place..end, with);
        let theirs = serde_json::from_slice::<serde_json::Value>(&bytes).is_ok();
        let mut finds = Finds::default();
        let nothing = Trie::new().finish();
        prop_assert_eq!(scan(&bytes, &nothing, &mut finds).is_ok(), theirs);
        let (trie, ..) = trie(&paths(), &gatherings());
        prop_assert!(theirs || scan(&bytes, &trie, &mut finds).is_err());
    }
}
