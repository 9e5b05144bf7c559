//! Correct maps have no problem; broken maps, and maps whose org was changed, are told at their line.

use std::collections::BTreeMap;

use mapping::schema::{Org as Read, Schemas};

use crate::files::{self, Form};
use crate::maps;
use crate::mutants::{Maker, Mutant};
use crate::org::{Dice, Org};

fn schemas(org: &Org, form: Form) -> Schemas {
    let read =
        Read::read("acme", &files::files(org, form)).unwrap_or_else(|p| panic!("{form:?}: {p:#?}"));
    read.schemas(Schemas::built_in())
}

/// All problems as `line code message`.
fn problems(text: &str, schemas: &Schemas) -> Vec<String> {
    let compiled = mapping::compile("deal.map", text, schemas);
    let problem = |p: &mapping::problem::Problem| {
        let line = compiled.report.place(p.at.start).line;
        format!("{line} {} {p}", p.code.name())
    };
    compiled.report.problems().iter().map(problem).collect()
}

#[test]
fn a_correct_map_has_no_problem_in_any_form_of_any_org() {
    for seed in 0..3 {
        let org = Org::new(seed, 650);
        let map = maps::map(&org, seed, 200).text();
        for form in Form::ALL {
            let found = problems(&map, &schemas(&org, form));
            assert_eq!(found, Vec::<String>::new(), "{form:?}\n{map}");
        }
    }
}

/// Which share of the mutants is looked at: all of them with `COSELL_MUTANTS=all`.
fn share(kinds: Vec<Mutant>, dice: &mut Dice, count: usize) -> Vec<Mutant> {
    if std::env::var("COSELL_MUTANTS").is_ok_and(|asked| asked == "all") {
        return kinds;
    }
    // Of each kind as many, so that the rare ones come up too.
    let mut chosen = Vec::new();
    let mut names: Vec<&str> = kinds.iter().map(|mutant| mutant.kind).collect();
    names.sort_unstable();
    names.dedup();
    for name in &names {
        let mut own: Vec<&Mutant> = kinds.iter().filter(|mutant| mutant.kind == *name).collect();
        for _ in 0..own.len().min(count / names.len()) {
            chosen.push(own.swap_remove(dice.roll(own.len())).clone());
        }
    }
    chosen
}

/// The mutants of a form that are not told at their line with their code.
fn missed(
    mutants: &[Mutant],
    org: &Org,
    form: Form,
    seen: &mut BTreeMap<&'static str, usize>,
) -> Vec<String> {
    let same = schemas(org, form);
    let mut missed = Vec::new();
    for mutant in mutants {
        if mutant.kind == "describe only" && form != Form::Describe {
            continue;
        }
        // A describe does not tell what record types admit.
        if mutant.kind == "record type" && form == Form::Describe {
            continue;
        }
        *seen.entry(mutant.kind).or_default() += 1;
        let own = mutant.org.as_ref().map(|org| schemas(org, form));
        let found = problems(&mutant.map.text(), own.as_ref().unwrap_or(&same));
        let told = |problem: &String| {
            let (line, rest) = problem.split_once(' ').unwrap();
            let code = rest.split(' ').next().unwrap();
            // A conversion that is named does not fit, or a type does not.
            let code = if code == "map::conversion-mismatch" { "map::type-mismatch" } else { code };
            line == mutant.line.to_string() && code == mutant.code
        };
        if !found.iter().any(told) {
            missed.push(format!(
                "{form:?} {} line {} {}: {} found {found:#?}",
                mutant.kind, mutant.line, mutant.code, mutant.what
            ));
        }
    }
    missed
}

#[test]
fn whatever_is_broken_in_a_map_is_told_at_its_line() {
    let org = Org::new(7, 650);
    let map = maps::map(&org, 7, 200);
    let mut maker = Maker { map: &map, org: &org, made: Vec::new() };
    let mut dice = Dice::new(11);
    maker.of_map(&mut dice);
    let mutants = share(maker.made, &mut dice, 60);
    let mut seen = BTreeMap::new();
    let all: Vec<String> =
        Form::ALL.iter().flat_map(|form| missed(&mutants, &org, *form, &mut seen)).collect();
    assert!(all.is_empty(), "{} of {seen:?} missed:\n{}", all.len(), all.join("\n"));
}

#[test]
fn whatever_changes_in_the_org_is_told_at_the_line_that_uses_it() {
    let org = Org::new(3, 60);
    let map = maps::map(&org, 3, 120);
    let mut maker = Maker { map: &map, org: &org, made: Vec::new() };
    let mut dice = Dice::new(5);
    maker.of_org(&mut dice);
    let mutants = share(maker.made, &mut dice, 80);
    let mut seen = BTreeMap::new();
    let all: Vec<String> =
        Form::ALL.iter().flat_map(|form| missed(&mutants, &org, *form, &mut seen)).collect();
    assert!(all.is_empty(), "{} of {seen:?} missed:\n{}", all.len(), all.join("\n"));
}
