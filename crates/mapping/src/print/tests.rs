//! Tests of the one layout, and of what printing must never do.

use proptest::prelude::*;

use super::print;
use crate::parse::parse;
use crate::parse::tests::{EXAMPLE, meaning};

/// Prints `text`, which must give `expected`, and that again.
#[track_caller]
fn check(text: &str, expected: &str) {
    let printed = print(&parse(text).0, text);
    assert_eq!(printed, expected);
    keeps(text);
}

/// Printing keeps the meaning and the comments, and printing again changes nothing.
#[track_caller]
fn keeps(text: &str) {
    let (tree, problems) = parse(text);
    for problem in &problems {
        assert!(text.get(problem.at.start..problem.at.end).is_some(), "{problem:?}");
    }
    let printed = print(&tree, text);
    let (again, _) = parse(&printed);
    assert_eq!(meaning(&again), meaning(&tree), "of:\n{text}\nprinted:\n{printed}");
    assert_eq!(print(&again, &printed), printed, "of:\n{text}");
    let comments = text.matches("#c").count();
    assert_eq!(printed.matches("#c").count(), comments, "of:\n{text}\nprinted:\n{printed}");
}

#[test]
fn the_example_of_the_manual_keeps_its_meaning() {
    keeps(EXAMPLE);
    let printed = print(&parse(EXAMPLE).0, EXAMPLE);
    let windows = format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"));
    assert_eq!(print(&parse(&windows).0, &windows), printed);
}

#[test]
fn columns_stand_below_each_other_within_a_run() {
    check(
        "fields\na<->b as text\nlonger ->c # x\ny <- \"z\" wins q default r\n\n\nother<->f\nend",
        "fields\n  a      <-> b    as text\n  longer  -> c  # x\n  y      <-  \"z\"  wins q  default r\n\n  \
         other <-> f\nend\n",
    );
}

#[test]
fn comments_and_continuations_keep_their_lines() {
    check(
        "each a with b  # 1\n# 2\nuntil shared # 3\nx<->y #4\n\n\n#5\nwins z  # 6\n#7\nend #8\n# 9",
        "each a with b  # 1\n    # 2\n    until shared  # 3\n  x <-> y  #4\n\n      #5\n      wins z  # 6\n  \
         #7\nend  #8\n# 9\n",
    );
    check(
        "values t\n a -> b # 1\n # 2\n when x is y # 3\nend",
        "values t\n  # 2\n  # 3\n  a -> b  when x is y  # 1\nend\n",
    );
}

#[test]
fn quotes_and_backticks_stand_where_they_are_needed() {
    check(
        "fields\n`name`,`end`,`true`,`a-b`.`end` <-> `default`, “x”\n$\"$.a\", $\"$['a b']x y\" -> b\nend",
        "fields\n  name, `end`, `true`, `a-b`.end <-> default, \"x\"\n  $.a, $\"$['a b']x y\"             -> b\nend\n",
    );
    check(
        "require before sharing\n`when` is x and `when` is `x`\n`values` empty\nend",
        "require before sharing\n  `when` is x and `when` is `x`\n  `values` empty\nend\n",
    );
    check(
        "fields\na -> b as `on` of `first` `contact` `x`, `odd word`\nend",
        "fields\n  a -> b  as `on` of `first` contact x, `odd word`\nend\n",
    );
}

#[test]
fn what_cannot_be_read_stays_as_it_is() {
    check(
        "feilds\n  a <-> b\nend\nwhat  is   this\nexample x\n    a   \"b\"\n   end\nsync\n from  a  b\n",
        "feilds\n  a <-> b\nend\nwhat  is   this\nexample x\n    a   \"b\"\n   end\nsync\n  from  a  b\n",
    );
    check("end   # why\n", "end   # why\n");
    check("fields\n a => b\n   wins   c # 1\n# 2\n", "fields\n  a => b\n   wins   c # 1\n# 2\n");
}

/// Pieces that lines are made of, good ones and bad ones.
const PIECES: &[&str] = &[
    "a",
    "b.c",
    "`x y`",
    "`end`",
    "\"t\"",
    "\"",
    "`",
    "“u”",
    "“",
    "’",
    "'v'",
    "5",
    "-1.5",
    "1e5",
    "<->",
    "->",
    "<-",
    "→",
    "=>",
    "=",
    ",",
    ".",
    "[first]",
    "[",
    "]",
    "$.j[?@.k == 'l']",
    "$\"$.m\"",
    "$",
    "#",
    " #c",
    "\u{a0}",
    "\u{200b}",
    "\u{feff}",
    "ü",
    "\\",
    "\r",
    "\t",
    "  ",
    "(",
    "!",
    ":",
    "and",
    "as",
    "text",
    "using",
    "then",
    "wins",
    "newest",
    "else",
    "first",
    "contact",
    "conflict",
    "ask",
    "union",
    "blank",
    "keep",
    "clear",
    "default",
    "plus",
    "days",
    "on",
    "create",
    "only",
    "or",
    "invite",
    "one",
    "way",
    "to",
    "true",
    "until",
    "shared",
    "removed",
    "none",
    "several",
    "when",
    "is",
    "not",
    "of",
    "present",
    "above",
    "empty",
    "otherwise",
    "with",
    "warning",
    "any",
    "match",
    "from",
    "gives",
    "has",
    "missing",
    "unchanged",
    "badge",
    "prefix",
    "audit",
    "in",
    "extends",
    "add",
];

const LINES: &[&str] = &[
    "end",
    "fields",
    "sync",
    "defaults",
    "values t",
    "related A through B",
    "each a with b",
    "require before sharing",
    "report",
    "example \"t\"",
    "language 1",
    "mapping m \"n\"",
    "side s is t U",
    "match a.b with c.d",
    "",
    "",
    "#c",
    "# d",
    "feilds",
    "exampel x",
    "end fields",
    "a <-> b",
    "a, b <-> C, D as text cut at 5  wins s",
    "wins s",
    "  to s on create only  #c",
    "when a is b and c above 5",
    "blank clear to s",
    "A, B -> \"C D\" when x is not y",
    "from s when a is b",
    "otherwise -> keep with warning, on create \"x\"",
    "wins newest else s",
    "a not empty else \"x\"",
    "match a with b, c with d",
    "none create several ask",
    "badge prefix of a \"x\" or \"y\"",
    "badge in a \"x\" or \"y\"",
    "s has a = B, c = 5",
    "gives s unchanged",
    "gives s a = B, b[first].c held, parked parked, d unchanged",
    "gives s parked \"x\"",
    "s with a[b is \"c\"].d = 5",
    "s newest",
    "base s \"f\"",
    "base s with a = blank",
    "`base` \"f\"",
    "first contact",
    "s \"f\"",
    "extends x",
];

fn line() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(PIECES);
    let soup = (prop::collection::vec((piece, any::<bool>()), 0..9)).prop_map(|pieces| {
        let parts: Vec<String> = pieces
            .into_iter()
            .map(|(piece, gap)| piece.to_owned() + [" ", ""][usize::from(gap)])
            .collect();
        parts.concat()
    });
    prop_oneof![
        3 => prop::sample::select(LINES).prop_map(str::to_owned),
        2 => soup,
        1 => (prop::sample::select(LINES), prop::sample::select(PIECES), any::<prop::sample::Index>())
            .prop_map(|(line, piece, at)| {
                let chars: Vec<char> = line.chars().collect();
                let at = at.index(chars.len() + 1);
                let (left, right) = chars.split_at(at);
                format!("{}{piece}{}", String::from_iter(left), String::from_iter(right))
            }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_lines_keep_their_meaning(lines in prop::collection::vec(line(), 0..14)) {
        let text = lines.join("\n");
        let (tree, _) = parse(&text);
        let printed = print(&tree, &text);
        let (again, _) = parse(&printed);
        prop_assert_eq!(meaning(&again), meaning(&tree), "printed:\n{}", &printed);
        prop_assert_eq!(printed.matches("#c").count(), text.matches("#c").count(), "{}", &printed);
        prop_assert_eq!(print(&again, &printed), printed);
    }

    #[test]
    fn any_text_can_be_read(text in "\\PC{0,60}|[a-z\"`$\\[\\]<>\\-= \\n#“”.,]{0,80}") {
        let (tree, problems) = parse(&text);
        for problem in problems {
            prop_assert!(text.get(problem.at.start..problem.at.end).is_some());
        }
        let printed = print(&tree, &text);
        prop_assert_eq!(print(&parse(&printed).0, &printed), printed);
    }
}
