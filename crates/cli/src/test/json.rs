//! The results of `cosell test` for machines.

use mapping::coverage::Covered;
use mapping::example::{ExampleResult, Failure};
use mapping::mutation::{Mutation, Survivor};
use serde::Serialize;

use super::{Tested, percent, percent_of};

#[derive(Serialize)]
struct Summary<'s> {
    passed: usize,
    failed: usize,
    /// Maps with errors, whose examples were not carried out.
    not_run: Vec<&'s str>,
    examples: Vec<Example<'s>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coverage: Vec<Coverage<'s>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mutation: Vec<Mutated<'s>>,
}

#[derive(Serialize)]
struct Example<'s> {
    file: &'s str,
    line: usize,
    title: &'s str,
    passed: bool,
    failures: Vec<Failed<'s>>,
}

/// A line of an example that does not hold.
#[derive(Serialize)]
struct Failed<'s> {
    line: usize,
    expected: &'s str,
    found: &'s str,
}

#[derive(Serialize)]
struct Coverage<'s> {
    map: &'s str,
    all: usize,
    exercised: usize,
    percent: usize,
    parts: Vec<Part<'s>>,
}

#[derive(Serialize)]
struct Part<'s> {
    file: &'s str,
    line: usize,
    #[serde(rename = "part")]
    sort: &'static str,
    to: Option<&'s str>,
    text: &'s str,
    examples: usize,
}

#[derive(Serialize)]
struct Mutated<'s> {
    map: &'s str,
    all: usize,
    noticed: usize,
    refused: usize,
    percent: usize,
    survivors: Vec<Unnoticed<'s>>,
}

#[derive(Serialize)]
struct Unnoticed<'s> {
    file: &'s str,
    line: usize,
    what: &'s str,
}

pub(super) fn text(tested: &[Tested]) -> String {
    let summary = Summary {
        passed: tested.iter().map(Tested::passed).sum(),
        failed: tested.iter().map(Tested::failed).sum(),
        not_run: tested.iter().filter(|m| m.results.is_none()).map(|m| m.map.as_str()).collect(),
        examples: tested.iter().flat_map(|m| m.results.iter().flatten()).map(example).collect(),
        coverage: tested
            .iter()
            .filter_map(|m| Some(coverage(&m.map, m.coverage.as_deref()?)))
            .collect(),
        mutation: tested
            .iter()
            .filter_map(|m| Some(mutated(&m.map, m.mutation.as_ref()?)))
            .collect(),
    };
    let text = serde_json::to_string_pretty(&summary).unwrap_or_default();
    format!("{text}\n")
}

fn failed(failure: &Failure) -> Failed<'_> {
    let Failure { map_line, expected, found } = failure;
    Failed { line: *map_line, expected, found }
}

fn example(result: &ExampleResult) -> Example<'_> {
    Example {
        file: &result.file,
        line: result.map_line,
        title: &result.title,
        passed: result.failures.is_empty(),
        failures: result.failures.iter().map(failed).collect(),
    }
}

fn coverage<'s>(map: &'s str, list: &'s [Covered]) -> Coverage<'s> {
    let part = |covered: &'s Covered| Part {
        file: &covered.file,
        line: covered.map_line,
        sort: covered.part.name(),
        to: covered.to.as_deref(),
        text: &covered.text,
        examples: covered.examples,
    };
    Coverage {
        map,
        all: list.len(),
        exercised: list.iter().filter(|covered| covered.examples > 0).count(),
        percent: percent_of(list),
        parts: list.iter().map(part).collect(),
    }
}

fn mutated<'s>(map: &'s str, mutation: &'s Mutation) -> Mutated<'s> {
    let unnoticed = |survivor: &'s Survivor| Unnoticed {
        file: &survivor.file,
        line: survivor.map_line,
        what: &survivor.what,
    };
    Mutated {
        map,
        all: mutation.all(),
        noticed: mutation.noticed,
        refused: mutation.refused,
        percent: percent(mutation.noticed + mutation.refused, mutation.all()),
        survivors: mutation.survivors.iter().map(unnoticed).collect(),
    }
}
