//! Every code of reading, with its place, its words and its fix.

use super::{EXAMPLE, check, check_field, check_fixed};
use crate::parse::{MAX_BYTES, parse};
use crate::problem::Code;

#[test]
fn the_example_has_no_problems() {
    check(EXAMPLE, &[]);
    check(&EXAMPLE.replace('\n', "\r\n"), &[]);
    check(&format!("\u{feff}{EXAMPLE}"), &[]);
    check("", &[]);
    check("\u{feff}", &[]);
    check("\n\n# only a comment", &[]);
}

#[test]
fn a_line_that_cannot_be_read_says_what_was_expected() {
    check_field("a b <-> c", &["2:3 syntax \"b\""]);
    check_field("a <->", &["2:6 syntax \"\""]);
    check_field("a <-> b,   # c", &["2:9 syntax \"\""]);
    check_field(", a <-> b", &["2:1 syntax \",\""]);
    check_field("a <-> b <-> c", &["2:9 syntax \"<->\""]);
    check_field("a <-> b default c plus ten days", &["2:24 syntax \"ten\""]);
    check_field("a <-> b\n  on create", &["3:12 syntax \"\""]);
    check_field("a <-> b to c blank clear to d", &["2:26 syntax \"to d\""]);
    check_field("a <-> b# c", &["2:8 syntax \"#\" => \" \""]);
    check_field("a <- 1e5", &["2:6 syntax \"1e5\""]);
    check_field("a <- \"C:\\x\"", &["2:9 syntax \"\\\\\" => \"\\\\\\\\\""]);
    check("language 99999999999\n", &["1:10 syntax \"99999999999\""]);
    check("language one\n", &["1:10 syntax \"one\""]);
    check("sync\n  a <-> b\nend\n", &["2:3 syntax \"a <-> b\""]);
    check("fields\n  match a with b\nend\n", &["2:3 syntax \"match\""]);
    check("a <-> b\nc <-> d\n  wins x\nend\nreport\nend\n", &["1:1 syntax \"a <-> b\""]);
    check("report\nend report\nsync\nend\n", &["2:4 syntax \" report\" => \"\""]);
    check("sync\n from a when x is y or z is y\nend\n", &["2:21 syntax \"or\""]);
    check("sync\n from a when x = y\nend\n", &["2:16 syntax \"=\" => \"is\""]);
    check("sync\n from a when x > 5\nend\n", &["2:16 syntax \">\" => \"above\""]);
    check("sync\n from a when x is Büro\nend\n", &["2:19 syntax \"Büro\" => \"\\\"Büro\\\"\""]);
    let quoted = &["2:7 syntax \"Closed Won\" => \"\\\"Closed Won\\\"\""];
    check(
        "values stage\n  A -> Closed Won when x is y\nend\n",
        &[&quoted[0].replace("2:7", "2:8")[..]],
    );
    check("example \"t\"\n  a has s = Closed Won\nend\n", &[&quoted[0].replace("2:7", "2:13")[..]]);
}

#[test]
fn a_word_that_does_not_exist_is_named_with_the_nearest() {
    check("feilds\n  a <-> b\nend\n", &["1:1 unknown-word \"feilds\" => \"fields\""]);
    check("langauge 1\n", &["1:1 unknown-word \"langauge\" => \"language\""]);
    check("wholly unknown\n  a <-> b\nend\nreport\nend\n", &["1:1 unknown-word \"wholly\""]);
    check("wholly unknown\nreport\nend\n", &["1:1 unknown-word \"wholly\""]);
    check("sync\n  form referral\nend\n", &["2:3 unknown-word \"form\" => \"from\""]);
    check("sync\n  from a whne b is c\nend\n", &["2:10 unknown-word \"whne\" => \"when\""]);
    check("sync\n  from a when b equals c\nend\n", &["2:17 unknown-word \"equals\" => \"is\""]);
    check("defaults\n  wisn newest\nend\n", &["2:3 unknown-word \"wisn\" => \"wins\""]);
    check("defaults\n  blank kep\nend\n", &["2:9 unknown-word \"kep\" => \"keep\""]);
    check_field("a <-> b\n  wisn c", &["3:3 unknown-word \"wisn\" => \"wins\""]);
    check_field("a <-> b  sued stage", &["2:10 unknown-word \"sued\""]);
    check_field("a <-> b  usign stage", &["2:10 unknown-word \"usign\" => \"using\""]);
    check(
        "report\n  bagde prefix of Name \"a\" or \"b\"\nend\n",
        &["2:3 unknown-word \"bagde\" => \"badge\""],
    );
    check(
        "example \"t\"\n  gives a unchnged\nend\n",
        &["2:11 unknown-word \"unchnged\" => \"unchanged\""],
    );
    check(
        "values t\n  otherwise -> keep with wrning\nend\n",
        &["2:26 unknown-word \"wrning\" => \"warning\""],
    );
}

#[test]
fn a_missing_end_is_reported_at_the_head_and_the_next_block_is_read() {
    let text = "fields\n  a <-> b  # c\n\n# next\nsync\n  form a\nend\n";
    check(
        text,
        &["1:1 missing-end \"fields\" => \"\\nend\"", "6:3 unknown-word \"form\" => \"from\""],
    );
    check("values stage\n  A -> B", &["1:1 missing-end \"values\" => \"\\nend\""]);
    check("require before sharing\n", &["1:1 missing-end \"require\" => \"\\nend\""]);
    check_fixed(
        "fields\n  a <-> b  # c\n\n# next\nsync\n  from a\nend\n",
        "fields\n  a <-> b  # c\nend\n\n# next\nsync\n  from a\nend\n",
    );
    check_fixed("report", "report\nend");
}

#[test]
fn words_of_heads_may_be_names_inside_a_block() {
    check("require before sharing\n  values empty\n  related is present\nend\n", &[]);
    check_field("fields <-> report\nend -> sync\ndefault <-> each\nwins <- x", &[]);
    check("example \"t\"\n  mapping missing\n  values has a = 1\nend\n", &[]);
}

#[test]
fn an_end_without_a_block_is_stray() {
    check("end\nlanguage 1\n", &["1:1 stray-end \"end\" => \"\""]);
    check("report\nend\nend # c\n", &["3:1 stray-end \"end\" => \"\""]);
}

#[test]
fn a_line_without_an_arrow_says_which_there_are() {
    check_field("name Name", &["2:1 missing-arrow \"name Name\""]);
    check_field("name = Name", &["2:6 missing-arrow \"=\""]);
    for (slip, arrow) in [("=>", "->"), ("<=>", "<->"), ("-->", "->"), ("<--", "<-"), ("<=", "<-")]
    {
        let fixed = format!("2:6 missing-arrow {slip:?} => {arrow:?}");
        check_field(&format!("name {slip} Name"), &[&fixed]);
    }
    check_fixed("fields\n  a => b\n  c <--> d\nend\n", "fields\n  a -> b\n  c <-> d\nend\n");
    check("values s\n  New, Old \"x\"\nend\n", &["2:3 missing-arrow \"New, Old \\\"x\\\"\""]);
}

#[test]
fn odd_characters_have_a_fix_and_the_line_is_read() {
    check_field("a → b", &["2:3 odd-character \"→\" => \"->\""]);
    check_field("a ⇔ b", &["2:3 odd-character \"⇔\" => \"<->\""]);
    check_field("a –> b", &["2:3 odd-character \"–>\" => \"->\""]);
    check_field("a <- “x”", &["2:6 odd-character \"“x”\" => \"\\\"x\\\"\""]);
    check_field("a <- ‘x’", &["2:6 odd-character \"‘x’\" => \"\\\"x\\\"\""]);
    check_field("a <- 'it is'", &["2:6 odd-character \"'it is'\" => \"\\\"it is\\\"\""]);
    check_field("a <- \"x”  on create only", &["2:6 odd-character \"\\\"x”\" => \"\\\"x\\\"\""]);
    check_field("a\u{a0}<-> b", &["2:2 odd-character \"\\u{a0}\" => \" \""]);
    check_field("a <-> b\u{200b}", &["2:8 odd-character \"\\u{200b}\" => \"\""]);
    check_field("a <- \"“fine” → here\"  # “and” here →", &[]);
    let text = "fields\n\u{a0}\u{a0}a，b ↔ “x \"y\" \\”\u{a0}\u{a0}wins\u{2003}c # d\nend\n";
    check_fixed(text, "fields\n  a,b <-> \"x \\\"y\\\" \\\\\" wins c # d\nend\n");
    check_fixed(
        "mapping m “Co-sell”\nexample ‘t’\nend\n",
        "mapping m \"Co-sell\"\nexample \"t\"\nend\n",
    );
}

#[test]
fn places_behind_odd_characters_are_exact() {
    check_field(
        "a → b wisn c",
        &["2:3 odd-character \"→\" => \"->\"", "2:7 unknown-word \"wisn\" => \"wins\""],
    );
    check_field(
        "“ä”\u{a0}→ b\n  # c\n  on create onyl",
        &[
            "2:1 odd-character \"“ä”\" => \"\\\"ä\\\"\"",
            "2:4 odd-character \"\\u{a0}\" => \" \"",
            "2:5 odd-character \"→\" => \"->\"",
            "4:13 unknown-word \"onyl\" => \"only\"",
        ],
    );
}

#[test]
fn an_unclosed_quote_is_reported_where_it_opens() {
    check_field("a <-> \"b  # no comment", &["2:7 unclosed-quote \"\\\"\""]);
    check_field("a <-> `b", &["2:7 unclosed-quote \"`\""]);
    check_field("a <-> “b", &["2:7 unclosed-quote \"“\""]);
    check_field("$.a['b] -> c", &["2:5 unclosed-quote \"'\""]);
    check(
        "mapping m \"Co-sell\nexample \"t\n  a missing\nend\nlanguage 1\n",
        &["1:11 unclosed-quote \"\\\"\"", "2:9 unclosed-quote \"\\\"\""],
    );
}

#[test]
fn a_path_that_cannot_be_read_is_told_from_the_rest() {
    check_field("a. <-> b", &["2:4 bad-path \"<->\""]);
    check_field("a..b <-> c", &["2:3 bad-path \".\""]);
    check_field("odd-key <-> b", &["2:1 bad-path \"odd-key\" => \"`odd-key`\""]);
    check_field("a.2nd <-> b", &["2:3 bad-path \"2nd\" => \"`2nd`\""]);
    check_field("Größe <-> b", &["2:1 bad-path \"Größe\" => \"`Größe`\""]);
    check_field("a[frst] <-> b", &["2:2 bad-path \"[frst]\""]);
    check_field("a[first <-> b", &["2:2 bad-path \"[\""]);
    check_field("$.a[?@.b == 1 -> c", &["2:4 bad-path \"[\""]);
    check_field("$\"a b\" -> c", &["2:3 bad-path \"a b\" => \"$\""]);
    check_fixed("fields\n  odd-key -> b\nend\n", "fields\n  `odd-key` -> b\nend\n");
}

#[test]
fn brackets_are_nested_64_deep_at_most() {
    let nested = |n: usize| format!("$.a{}1{} -> b", "[?(".repeat(n), ")]".repeat(n));
    check_field(&nested(32), &[]);
    check_field(&nested(33), &["2:100 too-deep \"[\""]);
    let deep = "[".repeat(100_000);
    check_field(&format!("${deep} -> b"), &["2:66 too-deep \"[\""]);
    let (_, problems) = parse(&format!("fields\n  $\"$.a{deep}\" -> b\nend\n"));
    assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), [Code::TooDeep]);
}

#[test]
fn a_clause_without_a_line_dangles() {
    check_field("# c\n  wins a\n  on create only\na <-> b", &["3:3 dangling-clause \"wins\""]);
    check("  when a is b\n", &["1:3 dangling-clause \"when\""]);
    check("require before sharing\n  else \"x\"\nend\n", &["2:3 dangling-clause \"else\""]);
}

#[test]
fn lines_of_an_overlay_are_read_and_stand_outside_of_blocks() {
    let text = "extends opportunity\nchange a <-> b into c <-> d\nremove e <-> f\n\
                add to values stage\n  A <- \"x\"\nend\nin related Account add a -> b\n";
    check(text, &[]);
    check_field("add a <-> b", &["2:1 syntax \"add\""]);
    check("in valuess stage add A <- b\n", &["1:4 unknown-word \"valuess\" => \"values\""]);
}

#[test]
fn a_file_over_one_mebibyte_is_not_read() {
    let fits = "#".repeat(MAX_BYTES);
    assert!(parse(&fits).1.is_empty());
    let (tree, problems) = parse(&(fits + "#"));
    assert!(tree.entries.is_empty());
    assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), [Code::TooLarge]);
}

#[test]
fn every_fix_solves_its_problem() {
    for line in [
        "odd-key -> b",
        "a.2nd -> b",
        "a => b",
        "a <=> b",
        "a -> b usign c",
        "a → b",
        "a <- ‘x’",
        "a -> b# c",
        "a <- \"C:\\x\"",
        "a\u{3000}-> b",
        "$\".a b\" -> c",
        "a <- 'x \"y\"'",
    ] {
        only_fix(&format!("fields\n  {line}\nend\n"));
    }
    for text in [
        "langauge 1\n",
        "side a = b c\n",
        "report\nend\nend\n",
        "report\nend report\n",
        "sync\n  from a if b is c\nend\n",
        "sync\n  from a when b == c\nend\n",
        "sync\n  from a when b over 5\nend\n",
        "sync\n  from a when b exists\nend\n",
        "sync\n  from a when b is not Closed Won and c is d\nend\n",
        "sync\n  from a\n# c\n",
        "values t\n  Closed Won -> \"x\"\nend\n",
        "values t\n  Größe -> \"x\"\nend\n",
        "example \"t\"\n  gives a unchnged\nend\n",
        "example \"t\"\n  a has b = Closed Won\nend\n",
    ] {
        only_fix(text);
    }
}

/// The only problem of `text` has a fix, which leaves none.
#[track_caller]
fn only_fix(text: &str) {
    let (_, problems) = parse(text);
    let [problem] = problems.as_slice() else { panic!("{text}\n{problems:#?}") };
    let fix = problem.fix.as_ref().unwrap_or_else(|| panic!("no fix: {problem:?}"));
    let mut fixed = text.to_owned();
    fixed.replace_range(fix.span.start..fix.span.end, &fix.text);
    assert_eq!(parse(&fixed).1, [], "fixed:\n{fixed}");
}
