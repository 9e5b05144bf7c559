//! What is in the tree, with the spelling of every line.

use super::meaning;
use crate::parse::parse;
use crate::tree::{
    At, BlankPolicy, Cell, Clause, ClauseKind, Constant, Entry, ExampleLine, FieldLine, Item,
    Operand, Row, TestOp, Token,
};

/// The only item of a text that has no problems.
#[track_caller]
fn item(text: &str) -> Item {
    let (tree, problems) = parse(text);
    assert_eq!(problems, [], "in:\n{text}");
    let mut items = tree.entries.into_iter().filter_map(|entry| match entry {
        Entry::Line { item, .. } => Some(item),
        Entry::Comment(_) | Entry::Blank(_) | Entry::Unreadable(_) => None,
    });
    items.next().expect("an item")
}

#[track_caller]
fn field(line: &str) -> FieldLine {
    match item(&format!("fields\n{line}\nend\n")) {
        Item::Fields(block) => block.lines().next().expect("a line").0.clone(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn row(line: &str) -> Row {
    match item(&format!("values t\n{line}\nend\n")) {
        Item::Values { rows, .. } => rows.lines().next().expect("a line").0.clone(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn steps(lines: &str) -> Vec<ExampleLine> {
    match item(&format!("example \"t\"\n{lines}\nend\n")) {
        Item::Example { lines, .. } => lines.lines().map(|(line, _)| line.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

fn kinds(line: &FieldLine) -> Vec<String> {
    let values = |tokens: &[At<Token>]| {
        let texts: Vec<String> = tokens.iter().map(|t| format!("{:?}", t.value)).collect();
        format!("As {}", texts.join(" "))
    };
    let kind = |clause: &Clause| match &clause.kind {
        ClauseKind::As(tokens) => values(tokens),
        other => format!("{other:?}").split([' ', '(']).next().unwrap_or("").to_owned(),
    };
    line.clauses.iter().map(kind).collect()
}

#[test]
fn clauses_end_where_the_next_begins() {
    let line = field("a <-> b as text cut at 120 wins c unless blank default d plus 90 days");
    assert_eq!(
        kinds(&line),
        ["As Word(\"text\") Word(\"cut\") Word(\"at\") Number(\"120\")", "Wins", "Default"]
    );
    let line = field("a <-> b as first of A, x.y  first contact wins c on create or on invite");
    assert_eq!(
        kinds(&line),
        [
            "As Word(\"first\") Word(\"of\") Word(\"A\") Word(\",\") Word(\"x.y\")",
            "FirstContact",
            "OnCreateOrInvite"
        ]
    );
    let line = field("a <-> b as yes/no to c on create only  to d default e  one way to true");
    assert_eq!(kinds(&line), ["As Word(\"yes/no\")", "OnCreateOnly", "Default", "OneWayTo"]);
    let sides: Vec<_> =
        line.clauses.iter().map(|c| c.to.as_ref().map(|to| &to.value[..])).collect();
    assert_eq!(sides, [None, Some("c"), Some("d"), None]);
}

#[test]
fn every_conversion_of_the_manual_is_read() {
    for conversion in [
        "text",
        "text cut at 120",
        "long text",
        "text exactly",
        "number",
        "money with 2 decimals",
        "percent",
        "yes/no",
        "date in \"UTC\"",
        "datetime",
        "email",
        "phone",
        "url",
        "id",
        "country code",
        "country name",
        "currency code",
        "list joined by \";\"",
        "link \"x{id}\"",
        "text \"{a} {b}\"",
        "first of A, B",
        "upper",
        "lower",
        "trim",
    ] {
        assert_eq!(field(&format!("a -> b as {conversion} on create only")).clauses.len(), 2);
    }
}

#[test]
fn a_line_goes_on_behind_comments_and_blank_lines() {
    let line = field("a <-> b # one\n\n  # two\n   wins c # three\n  when d is e\n and f is g");
    let [wins, when] = line.clauses.as_slice() else { panic!("{line:?}") };
    assert!(wins.own_line && when.own_line);
    let before: Vec<&str> = wins.before.iter().map(|c| c.value.as_str()).collect();
    assert_eq!((before, wins.trailing.as_deref()), (vec!["", "# two"], Some("# three")));
}

#[test]
fn to_behind_blank_belongs_to_it_on_the_same_line_only() {
    let line = field("a <-> b blank clear to c\n  to d default e");
    let to: Vec<_> = line.clauses.iter().map(|c| c.to.as_ref().map(|to| &to.value[..])).collect();
    assert_eq!(to, [Some("c"), Some("d")]);
    let line = field("a <-> b blank clear\n  to d default e");
    assert_eq!(line.clauses[0].kind, ClauseKind::Blank(BlankPolicy::Clear));
    assert_eq!(line.clauses[0].to, None);
}

#[test]
fn a_jsonpath_ends_at_a_blank_or_comma_outside_brackets() {
    let path = |operand: &At<Operand>| match &operand.value {
        Operand::JsonPath(path) => path.clone(),
        other => panic!("{other:?}"),
    };
    let line = field("$.a[?@.b == \"->, ]\" && @[0, 1]].c, $ -> d");
    assert_eq!(
        line.left.iter().map(path).collect::<Vec<_>>(),
        ["$.a[?@.b == \"->, ]\" && @[0, 1]].c", "$"]
    );
    let line = field("$\"$['a b'].c\" -> d");
    assert_eq!(path(&line.left[0]), "$['a b'].c");
    assert_eq!((line.left[0].span.start, line.left[0].span.end), (9, 19));
}

#[test]
fn names_and_constants_are_told_apart() {
    let line = field(
        "`true`, `odd.key`[first with x].end[type is \"y\"], true, -12.50, \"a\\\"b\\\\\" -> z",
    );
    let texts: Vec<String> = line.left.iter().map(|o| format!("{:?}", o.value)).collect();
    assert!(texts[0].contains("Name(\"true\")"));
    assert!(texts[1].contains("FirstWith(\"x\")") && texts[1].contains("value: \"y\""));
    assert_eq!(line.left[2].value, Operand::Constant(Constant::Bool(true)));
    assert_eq!(line.left[3].value, Operand::Constant(Constant::Number("-12.50".into())));
    assert_eq!(line.left[4].value, Operand::Constant(Constant::Text("a\"b\\".into())));
}

#[test]
fn rows_have_cells_keywords_and_an_otherwise() {
    let Row::Cells { left, right, when, .. } =
        row("New,any, 5 -> \"x\", blank when a is one of B, 3")
    else {
        panic!("no cells")
    };
    assert_eq!((left.len(), right.len()), (3, 2));
    assert_eq!(left[1].value, Cell::Any);
    let TestOp::Is(values) = &when.expect("a condition").value.tests[0].value.op else { panic!() };
    assert_eq!(values.len(), 2);
    let Row::Otherwise { action, warning, on_create, .. } =
        row("otherwise -> keep, \"A\" with warning\n  on create \"B\", \"C\"")
    else {
        panic!("no otherwise")
    };
    assert_eq!((action.len(), warning, on_create.map(|cells| cells.len())), (2, true, Some(2)));
}

#[test]
fn examples_have_every_kind_of_step() {
    let lines = "a \"f.json\"\nb missing\nb has x = 5, y = Won\nfirst contact\ngives a unchanged\n\
                 gives b z = true, y held\na with x = 5\na newest\nbase a \"f\"\nbase b with z = 1\n\
                 gives a parked\ngives a parked \"why\"\nbase has z = 1";
    let names: Vec<String> = steps(lines)
        .iter()
        .map(|step| format!("{step:?}").split([' ', '(']).next().unwrap_or("").to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "Given",
            "Missing",
            "Has",
            "FirstContact",
            "GivesUnchanged",
            "Gives",
            "With",
            "Newest",
            "Base",
            "BaseWith",
            "GivesParked",
            "GivesParked",
            "Has"
        ]
    );
}

#[test]
fn tests_are_read_in_every_wording() {
    let text = "sync\n from a when b is present and b is not present and c is not blank and d empty \
                and e not empty and f above -1.5 and g is not one of x, \"y z\" and $.h is true\nend";
    let Item::Sync(block) = item(text) else { panic!("no sync") };
    let (line, _) = block.lines().next().expect("a line");
    let when = line.when.as_ref().expect("a condition");
    let names: Vec<String> = when.value.tests.iter().map(|t| format!("{:?}", t.value.op)).collect();
    let names: Vec<&str> = names.iter().filter_map(|n| n.split('(').next()).collect();
    assert_eq!(names, ["Present", "Blank", "Present", "Empty", "NotEmpty", "Above", "IsNot", "Is"]);
}

#[test]
fn one_bad_line_leaves_the_others_alone() {
    let (tree, problems) = parse("fields\n  a <-> b\n  c d\n    wins x\n  e <-> f\nend # g\n");
    assert_eq!(problems.len(), 1);
    let text = meaning(&tree);
    assert!(text.contains("\"e\"") && text.contains("Unreadable") && text.contains("# g"));
}
