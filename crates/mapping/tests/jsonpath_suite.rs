//! The outside test suite for RFC 9535, through the `$"…"` paths of a map.
//!
//! In: `jsonpath-cts.json` of the suite, which is not part of this repository: in the folder that
//! `COSELL_SUITES` names, else in `shared/suites` beside the repository. Out: every case whose
//! answer is not the suite's, against the list below, which says why.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is wrong")]

use std::io::Write as _;
use std::path::{Path, PathBuf};

use mapping::path::JsonPath;
use mapping::problem::Code;
use mapping::schema::Schemas;
use serde_json::Value;

/// What becomes of a case that the suite answers otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// The path is refused when the map is compiled.
    Refused,
    /// Something else is found.
    Differs,
}

/// Cases that are not answered as the suite does, by name, and why.
const OTHERWISE: &[(&str, Answer, &str)] = &[
    (
        "basic, descendant segment, multiple selectors",
        Answer::Refused,
        "the values would come in an order that RFC 9535 does not allow: it is refused",
    ),
    (
        "basic, descendant segment, object traversal, multiple selectors",
        Answer::Refused,
        "the values would come in an order that RFC 9535 does not allow: it is refused",
    ),
    ("filter, nested", Answer::Refused, "a filter in a filter would find nothing: it is refused"),
];

const HEAD: &str = "language 1\nmapping suite\nside referral is partner_center Referral\n\
    side opportunity is salesforce Opportunity\n\
    match referral.id with opportunity.Referral_Identifier__c\nfields\n";

/// Said also where the output of tests that pass is not shown.
fn tell(what: &str) {
    let _ = writeln!(std::io::stderr(), "\n{what}");
}

fn suite() -> Option<Vec<Value>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/suites");
    let folder = std::env::var_os("COSELL_SUITES").map_or(beside, PathBuf::from);
    let path = folder.join("jsonpath-cts.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        tell("SKIPPED: the JSONPath suite is not there; COSELL_SUITES names its folder");
        return None;
    };
    let suite: Value = serde_json::from_str(&text).unwrap();
    Some(suite["tests"].as_array().unwrap().clone())
}

/// Whether a map with this path compiles; if not, the problem is a bad path within the quotes.
fn compiles(query: &str) -> bool {
    let quoted = query.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let text = format!("{HEAD}  $\"{quoted}\" -> NextStep\nend\n");
    let compiled = mapping::compile("suite.map", &text, Schemas::built_in());
    // Its paths go through records that are no referrals.
    let all = compiled.report.problems().iter();
    let problems: Vec<_> = all.filter(|problem| problem.code != Code::UnknownField).collect();
    for problem in &problems {
        let inside = text.find("$\"").unwrap()..=text.rfind("\" ->").unwrap_or(text.len());
        let known = matches!(problem.code, Code::BadPath | Code::UnclosedQuote | Code::Syntax);
        assert!(known && inside.contains(&problem.at.start), "{query:?}: {problem:?}");
    }
    assert_eq!(problems.is_empty(), compiled.plan.is_some(), "{query:?}");
    problems.is_empty()
}

/// What is wrong with the answer to one case; nothing when it is the suite's.
fn misses(case: &Value) -> Option<Answer> {
    let query = case["selector"].as_str().unwrap();
    let invalid = case["invalid_selector"].as_bool() == Some(true);
    match (compiles(query), invalid) {
        (false, true) => None,
        (false, false) => Some(Answer::Refused),
        (true, true) => Some(Answer::Differs),
        (true, false) => {
            let found = Value::Array(JsonPath::parse(query).unwrap().find(&case["document"]));
            let one = case.get("result").into_iter();
            let several = case.get("results").and_then(Value::as_array).into_iter().flatten();
            let right = one.chain(several).any(|wanted| *wanted == found);
            (!right).then_some(Answer::Differs)
        }
    }
}

#[test]
fn the_suite_is_answered_but_for_the_cases_that_are_named() {
    let Some(cases) = suite() else { return };
    let mut wrong: Vec<String> = Vec::new();
    let mut missed = 0;
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let expected = OTHERWISE.iter().find(|(known, ..)| name == *known);
        let found = misses(case);
        missed += usize::from(found.is_some());
        if found != expected.map(|(_, answer, _)| *answer) {
            wrong.push(format!("{name}: {found:?} {}", case["selector"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    tell(&format!("JSONPath suite: {} of {} cases passed", cases.len() - missed, cases.len()));
}
