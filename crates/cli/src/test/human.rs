//! The results of `cosell test` for people.

use std::fmt::Write as _;

use mapping::coverage::Covered;
use mapping::example::ExampleResult;
use mapping::mutation::Mutation;

use super::{Tested, percent, percent_of};
use crate::terminal::count;

pub(super) fn text(tested: &[Tested]) -> String {
    let mut text = String::new();
    for map in tested {
        if let Some(results) = &map.results {
            for result in results {
                example(result, &mut text);
            }
        } else {
            let name = &map.map;
            let _ = writeln!(text, "FAILED {name} has errors, its examples were not carried out");
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    for map in tested {
        if let Some(list) = &map.coverage {
            coverage(&map.map, list, &mut text);
        }
        if let Some(mutation) = &map.mutation {
            survivors(&map.map, mutation, &mut text);
        }
    }
    let passed: usize = tested.iter().map(Tested::passed).sum();
    let failed: usize = tested.iter().map(Tested::failed).sum();
    let not_run = tested.iter().filter(|map| map.results.is_none()).count();
    let not_run = match not_run {
        0 => String::new(),
        number => format!(", {} with errors not carried out", count(number, "map")),
    };
    let _ = writeln!(text, "{passed} passed, {failed} failed{not_run}");
    text
}

fn example(result: &ExampleResult, text: &mut String) {
    let word = if result.failures.is_empty() { "ok    " } else { "FAILED" };
    let _ = writeln!(text, "{word} {}:{} {}", result.file, result.map_line, result.title);
    for failure in &result.failures {
        let _ = writeln!(text, "       line {}: expected {}", failure.map_line, failure.expected);
        let _ = writeln!(text, "       found {}", failure.found);
    }
}

fn coverage(map: &str, list: &[Covered], text: &mut String) {
    let used = list.iter().filter(|covered| covered.examples > 0).count();
    let _ = writeln!(
        text,
        "{map}: the examples exercise {used} of {} ({} %)",
        list.len(),
        percent_of(list)
    );
    for covered in list {
        let number = match covered.examples {
            0 => "never".to_owned(),
            number => format!("{number:>5}"),
        };
        let what = match &covered.to {
            Some(side) => format!("{} to {side}", covered.part.name()),
            None => covered.part.name().to_owned(),
        };
        let place = format!("{}:{}", covered.file, covered.map_line);
        let _ = writeln!(text, "{number}  {place}  {what}: {}", covered.text);
    }
    text.push('\n');
}

fn survivors(map: &str, mutation: &Mutation, text: &mut String) {
    let noticed = mutation.noticed + mutation.refused;
    let _ = writeln!(
        text,
        "{map}: of {}, {} noticed by an example and {} refused by `cosell check` ({} %)",
        count(mutation.all(), "change"),
        mutation.noticed,
        mutation.refused,
        percent(noticed, mutation.all())
    );
    for survivor in &mutation.survivors {
        let _ =
            writeln!(text, "unnoticed  {}:{}  {}", survivor.file, survivor.map_line, survivor.what);
    }
    text.push('\n');
}
