//! The examples as `JUnit` XML, for the machines that show tests.
//!
//! One `testsuite` a map, one `testcase` an example. A map with errors is a case with an `error`.

use std::fmt::Write as _;

use mapping::example::ExampleResult;

use super::Tested;

pub(super) fn text(tested: &[Tested]) -> String {
    let sum = |number: fn(&Tested) -> usize| tested.iter().map(number).sum::<usize>();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"cosell test\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        sum(tests),
        sum(Tested::failed),
        sum(not_run)
    );
    for map in tested {
        suite(map, &mut text);
    }
    text.push_str("</testsuites>\n");
    text
}

fn tests(map: &Tested) -> usize {
    map.results.as_ref().map_or(1, Vec::len)
}

fn not_run(map: &Tested) -> usize {
    usize::from(map.results.is_none())
}

fn suite(map: &Tested, text: &mut String) {
    let name = escaped(&map.map);
    let (tests, failures, errors) = (tests(map), map.failed(), not_run(map));
    let _ = writeln!(
        text,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">"
    );
    if let Some(results) = &map.results {
        for result in results {
            case(&name, result, text);
        }
    } else {
        let _ = writeln!(
            text,
            "    <testcase name=\"the map has no errors\" classname=\"{name}\" file=\"{name}\">\n      \
                 <error message=\"{name} has errors, its examples were not carried out\"/>\n    </testcase>"
        );
    }
    text.push_str("  </testsuite>\n");
}

fn case(suite: &str, result: &ExampleResult, text: &mut String) {
    let (title, file) = (escaped(&result.title), escaped(&result.file));
    let line = result.map_line;
    let _ = write!(
        text,
        "    <testcase name=\"{title}\" classname=\"{suite}\" file=\"{file}\" line=\"{line}\""
    );
    if result.failures.is_empty() {
        text.push_str("/>\n");
        return;
    }
    text.push_str(">\n");
    for failure in &result.failures {
        let place = format!("{file}:{}", failure.map_line);
        let (expected, found) = (escaped(&failure.expected), escaped(&failure.found));
        let _ = writeln!(
            text,
            "      <failure message=\"expected {expected}, found {found}\">{place}\nexpected {expected}\nfound {found}</failure>"
        );
    }
    text.push_str("    </testcase>\n");
}

/// Text for an attribute or between tags. What XML has no way to say becomes `\u{fffd}`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' => escaped.push_str("&#9;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
