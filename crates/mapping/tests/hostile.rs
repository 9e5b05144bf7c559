//! Any text up to 1 MiB: no panic, no deep stack, no long wait.
//!
//! Small texts by default; built for release (`cargo test --release -p mapping --test hostile`) the
//! texts have 1 MiB, and each must be answered within a second.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is wrong")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use mapping::schema::Schemas;
use proptest::prelude::*;

/// A thread of a server often has less than the main thread.
const STACK: usize = 512 * 1024;

const HEAD: &str = "language 1\nmapping m \"M\"\n\
     side referral is partner_center Referral\nside opportunity is salesforce Opportunity\n\
     match referral.id with opportunity.Referral_Identifier__c\n\
     sync\n  from referral\n  from opportunity when Sync_with_Partner_Center__c is true\nend\n";

fn shipped() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings/opportunity.map");
    std::fs::read_to_string(path).unwrap()
}

/// `piece` again and again, its `%` replaced by the count, between a beginning and an end.
fn repeated(start: &str, piece: &str, end: &str, size: usize) -> String {
    let mut text = start.to_owned();
    let mut count = 0;
    while text.len() + piece.len() + end.len() + 8 < size {
        text.push_str(&piece.replace('%', &count.to_string()));
        count += 1;
    }
    text.push_str(end);
    text
}

/// What stands in the file: beginning, repeated piece, end.
const REPEATED: &[(&str, &str, &str, &str)] = &[
    ("brackets", "", "[", ""),
    ("commas", "", ",", ""),
    ("quotes", "", "\"", ""),
    ("odd quotes", "", "“", ""),
    ("backticks", "", "`", ""),
    ("backslashes in a text", "\"", "\\", "\""),
    ("quotes that are escaped", "fields\n a -> \"", "\\\"", ""),
    ("dollars", "", "$", ""),
    ("dollars and quotes", "", "$'", ""),
    ("dollars and brackets", "", "$[", ""),
    ("nested brackets of a path", "fields\n $", "[?@", "\nend"),
    ("one long word", "", "a", ""),
    ("one long blank", "", " ", "x"),
    ("one long comment", "#", "#", ""),
    ("arrows on one line", "", " -> ", ""),
    ("odd arrows", "", "→", ""),
    ("zero width", "", "\u{200b}", ""),
    ("odd blanks", "x", "\u{a0}x", ""),
    ("wide letters", "", "𝔸é漢", ""),
    ("short lines", "", "a\n", ""),
    ("empty lines", "", "\n", ""),
    ("carriage returns", "", "\r", ""),
    ("ends", "", "end\n", ""),
    ("heads", "", "fields\n", ""),
    ("heads of tables", "", "values t%\n", ""),
    ("heads of related", "", "related A through B\n", ""),
    ("each", "", "each a with b\nend\n", ""),
    ("comments", "", "# %\n", ""),
    ("continuations", "fields\n name -> Name\n", "   as text\n", "end\n"),
    ("comments between continuations", "fields\n name -> Name\n", "# %\n   as text\n", "end\n"),
    ("clauses behind each other", "fields\n name -> Name", " as text", "\nend\n"),
    ("wins behind each other", "fields\n name -> Name", " wins referral", "\nend\n"),
    ("tests behind each other", "fields\n name -> Name when a is b", " and a% is b", "\nend\n"),
    ("a path of many names", "fields\n a", ".a", " -> Name\nend\n"),
    ("a path of many brackets", "fields\n a", "[first]", " -> Name\nend\n"),
    ("operands", "fields\n name", ", name", " -> Name\nend\n"),
    ("unknown operands", "fields\n name", ", name%", " -> Name\nend\n"),
    ("words of a conversion", "fields\n name -> Name as", " text", "\nend\n"),
    ("overlay lines", "extends \"a\"\n", "change name wins referral\n", ""),
    ("removals", "extends \"a\"\n", "remove name%\n", ""),
    ("values to add", "extends \"a\"\n", "add to values stage\n a -> \"b\"\nend\n", ""),
    ("additions inside", "extends \"a\"\n", "in related Account add name -> Name\n", ""),
    ("an overlay that begins again", "", "extends \"a%\"\n", ""),
    ("alternatives in brackets", "fields\n name -> Name when ", "(", "\nend\n"),
    ("words that are nearly right", "", "feilds\n", ""),
    ("words that are nearly right, closed", "", "feilds\nend\n", ""),
    ("sides", "", "side s% is salesforce Opportunity\n", ""),
    ("languages", "", "language %\n", ""),
];

/// The same, behind the head of a map.
const LINES: &[(&str, &str, &str, &str)] = &[
    ("unknown fields", "fields\n", "  name% -> Name%\n", "end\n"),
    ("the same field", "fields\n", "  name -> Name\n", "end\n"),
    ("the same field both ways", "fields\n", "  name <-> Name\n", "end\n"),
    ("constants", "fields\n", "  \"%\" -> Name\n", "end\n"),
    ("wrong constants", "fields\n", "  true -> Amount\n", "end\n"),
    ("selected", "fields\n", "  team[email is \"%\"].firstName -> Name\n", "end\n"),
    ("paths", "fields\n", "  $.a%[?@.b == 1] -> Name\n", "end\n"),
    ("wrong paths", "fields\n", "  $.a%[?@.b = 1] -> Name\n", "end\n"),
    ("long paths", "fields\n  $.a", ".a", " -> Name\nend\n"),
    ("long filters", "fields\n  $.a[?@.b == 1", " || @.b == 1", "] -> Name\nend\n"),
    ("long unions", "fields\n  $.a[0", ",0", "] -> Name\nend\n"),
    ("path texts", "fields\n  $\"$['", "\\\"", "']\" -> Name\nend\n"),
    ("numbers", "fields\n  ", "1", " -> Amount\nend\n"),
    ("unknown clauses", "fields\n", "  name -> Name usng t%\n", "end\n"),
    ("unknown tables", "fields\n", "  name -> Name using t%\n", "end\n"),
    ("unknown conversions", "fields\n", "  name -> Name as nothing%\n", "end\n"),
    ("conditions", "fields\n", "  name -> Name default \"%\"\n", "end\n"),
    ("tables", "", "values t%\n a <-> \"b\"\nend\n", ""),
    ("the same table", "", "values t\n a <-> \"b\"\nend\n", ""),
    ("rows", "values t\n", "  a% <-> \"b%\"\n", "end\nfields\n name <-> Name using t\nend\n"),
    (
        "rows of a stage",
        "values t\n",
        "  Active, a% <-> \"b%\"\n",
        "end\nfields\n status, substatus <-> StageName using t\nend\n",
    ),
    ("the same row", "values t\n", "  a <-> \"b\"\n", "end\nfields\n name <-> Name using t\nend\n"),
    (
        "rows with a when",
        "values t\n",
        "  a <-> \"b\" when name is \"%\"\n",
        "end\nfields\n name <-> Name using t\nend\n",
    ),
    ("rows of other widths", "values t\n a -> \"b\"\n", "  a, b% <-> \"b%\"\n", "end\n"),
    ("otherwise", "values t\n", "  otherwise -> keep\n", "end\n"),
    ("cells", "values t\n a", ", a", " -> b\nend\nfields\n name -> Name using t\nend\n"),
    ("a chain", "values t\n a <-> a\nend\nfields\n name <-> Name using t", " then t", "\nend\n"),
    (
        "the same table in many lines",
        "values t\n a <-> \"b\"\n c <-> \"d\"\nend\nfields\n",
        " name <-> Name using t\n",
        "end\n",
    ),
    ("requirements", "require before sharing\n", "  name is present else \"%\"\n", "end\n"),
    ("audits", "report\n", "  audit in Audit__c\n", "end\n"),
    ("badges", "report\n", "  badge prefix of Name \"a\" or \"b\"\n", "end\n"),
    ("examples", "", "example \"e%\"\n referral missing\nend\n", ""),
    ("values of an example", "example \"e\"\n", "  referral has name = \"%\"\n", "end\n"),
    ("values on one line", "example \"e\"\n  referral has name = 1", ", name = %", "\nend\n"),
    ("related", "", "related Account through AccountId\n match name with Name\nend\n", ""),
    (
        "lists",
        "",
        "each details.requirements.solutions with Microsoft_Solutions__r\n match id with \
         Solution_Identifier__c\nend\n",
        "",
    ),
    ("sync lines", "sync\n", " from referral when type is \"%\"\n", "end\n"),
    ("defaults", "defaults\n", " wins referral\n", "end\n"),
];

/// A table of `share` of the text, and the same table used by many lines.
fn one_table_many_lines(size: usize, share: usize) -> String {
    let rows = repeated("values t\n", "  a% <-> \"b%\"\n", "end\n", size / share);
    let start = format!("{HEAD}{rows}fields\n");
    repeated(&start, " name <-> Name using t\n", "end\n", size)
}

/// A thousand tables one behind the other.
fn long_chain() -> String {
    let mut text = HEAD.to_owned();
    let mut using = String::from("t0");
    for count in 0..1_000 {
        let _ = write!(text, "values t{count}\n a <-> \"b\"\n \"b\" <-> a\nend\n");
        if count > 0 {
            let _ = write!(using, " then t{count}");
        }
    }
    let _ = write!(text, "fields\n name <-> Name using {using}\nend\n");
    text
}

/// The shipped map again and again, as it is or with its bytes moved about.
fn shipped_again(size: usize, step: usize) -> String {
    let map = shipped();
    let chars: Vec<char> = map.chars().collect();
    let mut text = String::new();
    let mut seed = 7_usize;
    while text.len() + map.len() + 8 < size {
        for (at, c) in chars.iter().enumerate() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(at);
            match if step > 0 && (seed >> 33).is_multiple_of(step) { seed >> 60 } else { 15 } {
                0..3 => {}
                3..6 => text.extend([*c, *c]),
                6..9 => text.push(chars[(seed >> 20) % chars.len()]),
                9 => text.push('\n'),
                _ => text.push(*c),
            }
        }
    }
    text
}

fn texts(size: usize) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for (name, start, piece, end) in REPEATED {
        texts.push(((*name).to_owned(), repeated(start, piece, end, size)));
    }
    for (name, start, piece, end) in LINES {
        let start = format!("{HEAD}{start}");
        texts.push(((*name).to_owned(), repeated(&start, piece, end, size)));
    }
    for share in [2, 10, 100] {
        let name = format!("a table of 1/{share} of the text in many lines");
        texts.push((name, one_table_many_lines(size, share)));
    }
    texts.push(("a thousand tables in a chain".to_owned(), long_chain()));
    for step in [0, 1_000, 100, 10] {
        let name = format!("the shipped map, one of {step} letters changed");
        texts.push((name, shipped_again(size, step)));
    }
    texts
}

/// What a text costs, in milliseconds; everything that the tools do with a text is done.
fn cost(text: &str) -> [u128; 2] {
    let started = Instant::now();
    let compiled = mapping::compile("hostile.map", text, Schemas::built_in());
    let text = compiled.report.sources().text();
    for problem in compiled.report.problems() {
        assert!(text.get(problem.at.start..problem.at.end).is_some(), "{problem:?}");
    }
    let compiling = started.elapsed().as_millis();
    let started = Instant::now();
    let _ = mapping::format("hostile.map", text);
    [compiling, started.elapsed().as_millis()]
}

fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run).unwrap();
    thread.join().unwrap();
}

#[test]
fn no_text_makes_it_wait_or_run_out_of_stack() {
    let fast = !cfg!(debug_assertions);
    let asked = std::env::var("HOSTILE_BYTES").ok().and_then(|bytes| bytes.parse().ok());
    let size = asked.unwrap_or(if fast { 1 << 20 } else { 8_000 });
    let only = std::env::var("HOSTILE_ONLY").unwrap_or_default();
    on_a_small_stack(move || {
        let mut slow = Vec::new();
        for (name, text) in texts(size).into_iter().filter(|(name, _)| name.contains(&only)) {
            assert!(text.len() <= 1 << 20, "{name}: {}", text.len());
            let [compiling, printing] = cost(&text);
            println!("{compiling:>6} ms {printing:>6} ms  {:>8} bytes  {name}", text.len());
            if fast && compiling.max(printing) > 1_000 {
                slow.push(name);
            }
        }
        assert!(slow.is_empty(), "longer than a second: {slow:#?}");
    });
}

#[test]
fn a_text_that_is_too_large_is_refused_at_once() {
    let text = "x".repeat((1 << 20) + 1);
    let report = mapping::compile("hostile.map", &text, Schemas::built_in()).report;
    let codes: Vec<_> = report.problems().iter().map(|p| p.code.name()).collect();
    assert_eq!(codes, ["map::too-large"]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(64),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_letters_in_place_of_pieces_of_the_shipped_map_are_only_problems(
        from in any::<prop::sample::Index>(), length in 0_usize..200, letters in "\\PC{0,40}",
    ) {
        let map = shipped();
        let start = (0..=from.index(map.len())).rev().find(|at| map.is_char_boundary(*at)).unwrap();
        let end = (start + length).min(map.len());
        let end = (end..=map.len()).find(|at| map.is_char_boundary(*at)).unwrap();
        let text = format!("{}{letters}{}", &map[..start], &map[end..]);
        on_a_small_stack(move || {
            cost(&text);
        });
    }
}

#[test]
fn places_are_right_where_odd_characters_stand_within_a_name() {
    for name in ["opport\u{feff}ty", "`opport\u{feff}ty`", "opp\u{a0}", "\u{200b}opportunity"] {
        let text = HEAD.replace("with opportunity.", &format!("with {name}."));
        let compiled = mapping::compile("m.map", &text, Schemas::built_in());
        assert!(!compiled.report.problems().is_empty(), "{name:?}");
        for problem in compiled.report.problems() {
            assert!(text.get(problem.at.start..problem.at.end).is_some(), "{name:?} {problem:?}");
        }
    }
}
