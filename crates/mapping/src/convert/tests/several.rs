//! Conversions of several fields: names, orders, ways back.

use super::super::*;
use super::parse;
use crate::value;
use proptest::prelude::*;

/// A conversion on a line with these field names.
fn on(clause: &str, arrow: Arrow, left: &[&str], right: &[&str]) -> Result<Conversion, Unbound> {
    let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let (left, right) = (owned(left), owned(right));
    let kinds = [vec![Kind::Text; left.len()], vec![Kind::Text; right.len()]];
    let names: [&[String]; 2] = [&left, &right];
    parse(clause).unwrap().on(&Fields { arrow, names, kinds: [&kinds[0], &kinds[1]] })
}

fn texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| value::text_value(*text)).collect()
}

#[test]
fn a_template_takes_fields_by_name_or_number_from_either_side() {
    let two = ["team[first].firstName", "team[first].lastName"];
    for clause in [r#"text "{lastName}, {firstName}""#, r#"text "{2}, {team[first].firstName}""#] {
        let made = on(clause, Arrow::ToRight, &two, &["Contact__c"]).unwrap();
        assert_eq!(made.to_right(&texts(&["Ada", "Byron"])).unwrap(), texts(&["Byron, Ada"]));
        assert_eq!(made.allows(Arrow::Both).unwrap_err().0, Arrow::ToRight);
        assert!(made.to_left(&texts(&["Byron, Ada"]), None).is_err());
    }
    let swapped = on(r#"text "{{{1}}} {B}""#, Arrow::ToLeft, &["notes"], &["A", "B"]).unwrap();
    assert_eq!(swapped.to_left(&texts(&["x", "y"]), None).unwrap(), texts(&["{x} y"]));
    assert!(swapped.agrees(&texts(&["{x} y"]), &texts(&["x", "y"])));
    assert!(!swapped.agrees(&texts(&["{x} z"]), &texts(&["x", "y"])));
    assert_eq!(swapped.allows(Arrow::ToLeft), Ok(()));
    assert_eq!(swapped.allows(Arrow::ToRight).unwrap_err().0, Arrow::ToLeft);
}

#[test]
fn a_blank_field_leaves_nothing_in_a_template() {
    let made = on(r#"text "{a} {b} {c}""#, Arrow::ToRight, &["a", "b", "c"], &["T"]).unwrap();
    for (left, right) in
        [(["x", "", "z"], "x z"), (["", "y", "z"], "y z"), (["x", "", ""], "x"), (["", "", ""], "")]
    {
        assert_eq!(made.to_right(&texts(&left)).unwrap(), texts(&[right]));
    }
    let made = on(r#"text "{a}: {b}" cut at 5"#, Arrow::ToRight, &["a", "b"], &["T"]).unwrap();
    assert_eq!(made.to_right(&texts(&["ab", "cdef"])).unwrap(), texts(&["ab: c"]));
    assert_eq!(made.longest(true, &[Some(1), Some(1)]), Some(4));
    assert_eq!(made.longest(true, &[Some(9), Some(9)]), Some(5));
    assert_eq!(made.longest(true, &[Some(9), None]), Some(5));
}

#[test]
fn the_words_of_a_template_must_be_there_on_the_way_back() {
    let made = on(r#"text "Co-sell: {a} (MS)""#, Arrow::Both, &["a"], &["T"]).unwrap();
    assert_eq!(made.allows(Arrow::Both), Ok(()));
    assert_eq!(made.to_left(&texts(&["Co-sell: x (MS)"]), None).unwrap(), texts(&["x"]));
    for other in ["x", "Co-sell: x", "Co-sell: (MS)", "co-sell: x (MS)"] {
        assert!(made.to_left(&texts(&[other]), None).is_err(), "{other}");
    }
}

#[test]
fn the_first_field_that_is_not_blank_is_taken_and_the_first_is_written() {
    let made = on("first of mobile, phone", Arrow::Both, &["phone", "mobile"], &["T"]).unwrap();
    assert_eq!(made.to_right(&texts(&["1", ""])).unwrap(), texts(&["1"]));
    assert_eq!(made.to_right(&texts(&["1", "2"])).unwrap(), texts(&["2"]));
    let old = texts(&["1", ""]);
    assert_eq!(made.to_left(&texts(&["1"]), Some(&old)).unwrap(), old, "it agrees already");
    assert_eq!(made.to_left(&texts(&["3"]), Some(&old)).unwrap(), texts(&["1", "3"]));
    assert!(made.writes(false, 1) && !made.writes(false, 0) && made.writes(true, 0));
    assert_eq!(made.to_string(), "first of mobile, phone");
    let swapped = on("first of", Arrow::Both, &["L"], &["A", "B"]).unwrap();
    assert_eq!(swapped.to_left(&texts(&["", "b"]), None).unwrap(), texts(&["b"]));
    assert!(swapped.writes(true, 0) && !swapped.writes(true, 1));
}

#[test]
fn words_that_mean_no_field_of_the_line_are_told() {
    let two = ["team[first].phone", "details.mobile"];
    for (clause, word, says) in [
        (r#"text "{phone} {mobil}""#, "mobil", "did you mean `mobile`?"),
        (r#"text "{phone} {3}""#, "3", "from 1"),
        (r#"text "{phone}""#, "", "`{mobile}`"),
        ("first of mobile, fax", "fax", "write one of"),
        ("first of mobile", "", "`phone`"),
        ("first of mobile, 2", "2", "once"),
    ] {
        let unbound = on(clause, Arrow::ToRight, &two, &["Phone"]).unwrap_err();
        assert_eq!(unbound.word, word, "{clause}");
        assert!(unbound.help.contains(says), "{clause}: {}", unbound.help);
    }
    let same = on("first of phone, 2", Arrow::ToRight, &["a.phone", "b.phone"], &["P"]);
    assert!(same.unwrap_err().why.contains("`a.phone` or `b.phone`"));
}

proptest! {
    #[test]
    fn what_a_template_reads_back_makes_the_same_text(inside in "[ a&;]{0,2}\\PC{1,8}[ )(]{0,3}") {
        let made = on(r#"text "(a) {x} (b)""#, Arrow::Both, &["x"], &["T"]).unwrap();
        let right = vec![value::text_value(format!("(a) {inside} (b)"))];
        if let Ok(left) = made.to_left(&right, None) {
            let again = made.to_right(&left).unwrap();
            prop_assert!(made.same_right(&again, &right), "{:?} {:?}", again, right);
            prop_assert!(made.agrees(&left, &right));
        }
    }
}
