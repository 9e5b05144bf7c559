//! Every clause on every sort of line with every arrow: it works, or it is refused with its code.

use mapping::decision::{Outcome, Side};
use serde_json::json;

use super::support::{Deal, compile, mended, outcome, said, set, small, writes};

/// The sorts of lines, each with its operands left and right of the arrow.
const SORTS: [(&str, &str, &str); 5] = [
    ("fields", "details.topic", "Topic__c"),
    ("table", "details.topic", "Other__c using t"),
    ("flags", "shared", "Flag__c"),
    ("constant left", "\"x\"", "Topic__c"),
    ("constant right", "details.topic", "\"x\""),
];

const TABLE: &str = "values t\n a <-> b\n otherwise -> same\n otherwise <- same\nend";

/// What a clause gives, by sort and arrow: `.` works, else a code. The order of the arrows is
/// `<->`, `->`, `<-`; a constant has only the arrow that leaves it.
const CLAUSES: [(&str, [&str; 5]); 27] = [
    // clause                            fields  table  flags  constant left, right
    ("", [". . .", ". . .", "o . o", ".", "."]),
    ("wins referral", [". m m", ". m m", "o m om", "m", "m"]),
    ("wins opportunity unless blank", [". . m", ". . m", "o . om", ".", "m"]),
    ("wins referral unless blank", [". m .", ". m .", "o m o", "m", "."]),
    ("wins newest else referral", [". m m", ". m m", "o m om", "m", "m"]),
    ("wins newest", ["f f f", "f f f", "of f of", "f", "f"]),
    ("conflict ask", [". m m", ". m m", "o m om", "m", "m"]),
    ("wins referral conflict ask", ["x mm mm", "x mm mm", "ox mm omm", "mm", "mm"]),
    ("wins referral wins opportunity", ["d mm mm", "d mm mm", "od mm omm", "mm", "mm"]),
    ("first contact wins referral", [". m m", ". m m", "o m om", "m", "m"]),
    ("blank keep", [". . .", ". . .", "o . o", "m", "m"]),
    ("blank clear", [". . .", ". . .", "onn n on", "m", "m"]),
    ("blank clear blank keep", ["d d d", "d d d", "odnn dn odn", "md", "md"]),
    ("to referral blank clear", [". m .", ". m .", "on m on", "m", "m"]),
    ("blank park", [". . .", ". . .", "o . o", "m", "m"]),
    ("default \"a\"", [". . .", ". . .", "ott t ot", "m", "m"]),
    ("default blank", ["m m m", "m m m", "om m om", "m", "m"]),
    ("default \"a\" plus 3 days", ["b b b", "b b b", "obtt bt obt", "bm", "bm"]),
    ("to opportunity default name", [". . m", ". . m", "ot t om", "m", "m"]),
    ("to opportunity default created plus 3 days", ["t t m", "t t m", "ot t om", "m", "m"]),
    ("on create only", [". . .", ". . .", ". . .", ".", "."]),
    ("to opportunity on create or on invite", ["m m m", "m m m", "om m om", "m", "m"]),
    ("on create only on create only", ["d d d", "d d d", "d d d", "d", "d"]),
    ("on create only wins referral", ["m m m", "m m m", "m m m", "m", "m"]),
    ("on create only blank clear", ["m m m", "m m m", "nnm nm nm", "m", "m"]),
    ("one way to true", ["b b b", "b b b", ". . .", "b", "b"]),
    ("until shared", ["m m m", "m m m", "om m om", "m", "m"]),
];

fn code(letter: char) -> &'static str {
    match letter {
        'm' => "clause-misplaced",
        'x' => "clause-conflict",
        'd' => "doubled",
        'f' => "needs-fallback",
        'n' => "not-clearable",
        'o' => "one-way",
        't' => "type-mismatch",
        'b' => "bad-argument",
        'r' => "read-only",
        other => panic!("{other}"),
    }
}

#[test]
fn every_clause_on_every_sort_of_line_works_or_is_refused_with_its_code() {
    let mut wrong = Vec::new();
    for (clause, wanted) in CLAUSES {
        for ((sort, left, right), wanted) in SORTS.iter().zip(wanted) {
            let arrows: &[&str] = match *sort {
                "constant left" => &["->"],
                "constant right" => &["<-"],
                _ => &["<->", "->", "<-"],
            };
            for (arrow, wanted) in arrows.iter().zip(wanted.split(' ')) {
                let line = format!("{left} {arrow} {right} {clause}");
                let blocks = if *sort == "table" { TABLE } else { "" };
                let mut found: Vec<&str> =
                    said(&line, blocks).iter().map(|(code, _)| *code).collect();
                found.retain(|code| *code != "create-only");
                found.sort_unstable();
                let mut codes: Vec<&str> = wanted.chars().filter(|c| *c != '.').map(code).collect();
                codes.sort_unstable();
                if found != codes {
                    wrong.push(format!("{line}: expected {wanted}, found {found:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_flag_that_goes_one_way_is_never_taken_back_by_any_arrow() {
    for (arrow, left, right, left_written, right_written) in [
        ("<->", true, false, false, true),
        ("<->", false, true, true, false),
        ("->", true, false, false, true),
        ("->", false, true, false, false),
        ("<-", false, true, true, false),
        ("<-", true, false, false, false),
    ] {
        let plan = small(&format!("shared {arrow} Flag__c one way to true"), "");
        let mut deal = Deal::new(&json!({"shared": left}), &json!({"Flag__c": right}));
        let one = |written: bool, change: &'static str| if written { vec![change] } else { vec![] };
        writes(
            &deal.decide(&plan),
            &one(left_written, "shared = true"),
            &one(right_written, "Flag__c = true"),
        );
        deal.quiet(&plan);
        set(&mut deal.left, "shared", false);
        set(&mut deal.right, "Flag__c", true);
        let record = deal.left.to_string();
        let applied = plan.apply(Side::Right, &record, Some(&deal.right.to_string())).unwrap();
        assert!(!applied.contains("Flag__c"), "{arrow}: {applied}");
    }
}

#[test]
fn a_flag_that_goes_one_way_says_so_where_it_is_written() {
    assert_eq!(said("shared -> Flag__c", ""), []);
    assert_eq!(said("shared <- Flag__c", "")[0].0, "one-way");
    let edited = mended("shared <- Flag__c", "", "one-way");
    assert!(edited.contains("shared <- Flag__c one way to true"), "{edited}");
    let edited = mended("shared <-> Flag__c one way to false", "", "one-way");
    assert!(edited.contains("one way to true"), "{edited}");
}

#[test]
fn needless_words_are_taken_out_by_their_edit() {
    let edited = mended("details.topic <-> Topic__c to referral wins referral", "", "misplaced");
    assert!(edited.contains("details.topic <-> Topic__c wins referral"), "{edited}");
    let edited = mended("details.topic -> Topic__c first contact wins referral", "", "misplaced");
    assert!(edited.contains("details.topic -> Topic__c \n"), "{edited}");
    let line = "details.topic -> Topic__c on create or on invite";
    assert!(mended(line, "", "misplaced").contains("Topic__c on create only"), "{line}");
    let defaults =
        "defaults\n wins referral\n conflict ask\n blank clear to referral\n blank keep\nend";
    let doubled = ["conflict ask", "blank keep"].map(|at| ("doubled", at.to_owned()));
    assert_eq!(said("", defaults), doubled);
}

#[test]
fn a_selected_element_is_read_and_not_written_later() {
    let team = json!({"details": {"contacts": [
        {"email": "", "lastName": "None"},
        {"email": "ada@x.example", "lastName": "Byron"},
    ]}});
    for (path, found) in [
        ("details.contacts[first].lastName", "None"),
        ("details.contacts[first with email].lastName", "Byron"),
        ("details.contacts[email is \"ada@x.example\"].lastName", "Byron"),
    ] {
        let plan = small(&format!("{path} -> Topic__c"), "");
        let deal = Deal::new(&team, &json!({}));
        writes(&deal.decide(&plan), &[], &[&format!("Topic__c = \"{found}\"")]);
        let both = format!("{path} <-> Topic__c wins referral");
        let keyed = path.contains("email is");
        let code = if keyed { "create-only" } else { "read-only" };
        assert_eq!(said(&both, ""), [(code, path.to_owned())]);
        if !keyed {
            assert!(mended(&both, "", "read-only").contains("-> Topic__c"));
        }
        assert_eq!(said(&format!("{path} <- Topic__c"), ""), [(code, path.to_owned())]);
        let table = format!("values t\n any -> yes when {path} is present\n any -> no\nend");
        let plan = small("name -> Topic__c using t", &table);
        let deal = Deal::new(&team, &json!({"Topic__c": "no"}));
        assert_eq!(*outcome(&deal.decide(&plan), "Topic__c"), Outcome::WritesRight);
    }
    let unknown = "details.contacts[first with mail].lastName -> Topic__c";
    assert_eq!(said(unknown, "")[0].0, "unknown-field");
}

#[test]
fn a_map_the_wrong_way_round_is_turned_around_by_its_edit() {
    let text = "language 1\nmapping small\nside opportunity is salesforce Opportunity\n\
        side referral is partner_center Referral\n\
        match opportunity.Key__c with referral.id\n\
        sync\n from referral\n from opportunity when Sync__c is true\nend\n\
        values t\n yes <- Sales  # sold\n no <- any\nend\n\
        fields\n Topic__c -> details.topic default Other__c\n Help__c <- help using t\n\
        Name <-> name as text cut at 40 to referral on create only wins opportunity\nend\n\
        each Solutions__r with details.solutions\n match Code__c with id\n Name -> name\nend\n";
    let report = compile(text);
    let [problem] = report.problems() else { panic!("{report:?}") };
    assert_eq!(problem.code.name(), "map::side-order");
    let fix = problem.fix.as_ref().unwrap();
    let turned = &fix.text;
    assert!(turned.contains("details.topic <-  Topic__c"), "{turned}");
    assert!(turned.contains("Sales -> yes  # sold"), "{turned}");
    let again: Vec<String> =
        compile(turned).problems().iter().map(|p| format!("{} {p}", p.code.name())).collect();
    assert!(again.iter().all(|p| p.contains("`Name` must be given")), "{again:?}\n{turned}");
    for systems in ["salesforce Opportunity", "partner_center Referral"] {
        let text = format!("language 1\nmapping m\nside a is {systems}\nside b is {systems}\n");
        let report = compile(&text);
        assert!(report.problems().iter().any(|p| p.code.name() == "map::side-order"), "{systems}");
    }
}
