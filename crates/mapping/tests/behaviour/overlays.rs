//! Maps that extend others: what they come to, and where their problems are.

use mapping::schema::Schemas;
use mapping::tree::{Entry, Item, Tree};
use mapping::{Base, Compiled, compile, compile_with};

use super::support::{Deal, sample, set};

/// Compiles a map whose bases are these, by name.
fn woven(text: &str, bases: &[(&str, &str)]) -> Compiled {
    let mut load = |name: &str, _: &str| {
        let found = bases.iter().find(|(known, _)| *known == name);
        found.map_or_else(
            || Err(bases.iter().map(|(known, _)| (*known).to_owned()).collect()),
            |(known, text)| Ok(Base { file: format!("{known}.map"), text: (*text).to_owned() }),
        )
    };
    compile_with("own.map", text, Schemas::built_in(), &mut load)
}

fn shipped_text(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The problems without their files and places, and the plan's hash.
fn outcome(compiled: &Compiled) -> (Vec<String>, Option<String>) {
    let problems = compiled.report.problems().iter();
    let mut codes: Vec<String> = problems.map(|p| format!("{} {p}", p.code.name())).collect();
    codes.sort();
    codes.dedup();
    (codes, compiled.plan.as_ref().map(|plan| plan.hash().to_owned()))
}

/// The places of the problems: file, line, code.
fn places(compiled: &Compiled) -> Vec<String> {
    let sources = compiled.report.sources();
    let problems = compiled.report.problems().iter();
    let place = |p: &mapping::problem::Problem| {
        let at = sources.place(p.at.start);
        format!("{}:{} {}", at.file, at.line, p.code.name().trim_start_matches("map::"))
    };
    problems.map(place).collect()
}

fn lines_of(tree: &Tree) -> Vec<mapping::tree::Span> {
    let fields = tree.entries.iter().filter_map(|entry| match entry {
        Entry::Line { item: Item::Fields(block), .. } => Some(block),
        _ => None,
    });
    fields.flat_map(|block| block.lines().map(|(_, span)| span).collect::<Vec<_>>()).collect()
}

const BASE: &str = "language 1\nmapping base \"Base\"\n\
    side referral    is partner_center Referral\nside opportunity is salesforce     Opportunity\n\
    match referral.id with opportunity.Referral_Identifier__c\n\
    values help\n  QuotesOrLicensing -> \"Quotes or licensing\"\n  otherwise -> keep\nend\n\
    fields\n  name -> Name as text cut at 120\n      default \"none\" blank park\n  \
    inviteContext.assistanceRequestCode -> How_can_Microsoft_help__c using help\nend\n";

#[test]
fn an_overlay_that_changes_nothing_is_its_base() {
    for name in ["opportunity", "lead"] {
        let base = compile("base.map", &shipped_text(&format!("{name}.map")), Schemas::built_in());
        let same = compile("own.map", &format!("extends {name}\n"), Schemas::built_in());
        assert!(same.report.problems().is_empty(), "{:?}", same.report);
        assert_eq!(same.plan.unwrap().hash(), base.plan.unwrap().hash());
    }
}

#[test]
fn a_line_that_is_removed_is_as_if_it_had_not_been_written() {
    for name in ["opportunity", "lead"] {
        let text = shipped_text(&format!("{name}.map"));
        // An overlay's examples are its own.
        let text = text.split("\nexample ").next().unwrap().to_owned();
        let spans = lines_of(&mapping::parse::parse(&text).0);
        assert!(spans.len() > 15);
        for span in spans {
            let line = &text[span.start..span.end];
            let ends = line.lines().next().unwrap();
            let ends = [" as ", " using ", " on create"]
                .iter()
                .filter_map(|word| ends.find(word))
                .min()
                .map_or(ends, |at| &ends[..at]);
            let removed = compile(
                "own.map",
                &format!("extends {name}\nremove {ends}\n"),
                Schemas::built_in(),
            );
            let mut edited = text.clone();
            edited.replace_range(span.start..span.end, "");
            let edited = compile("own.map", &edited, Schemas::built_in());
            assert_eq!(outcome(&removed), outcome(&edited), "{ends}");
        }
    }
}

#[test]
fn clauses_that_are_not_repeated_are_kept() {
    let plan = |edit: &str| woven(&format!("extends base\n{edit}\n"), &[("base", BASE)]);
    let by_hand = |from: &str, to: &str| {
        assert!(BASE.contains(from));
        compile("base.map", &BASE.replace(from, to), Schemas::built_in())
    };
    for (edit, from, to) in [
        ("change name -> Name into name -> NextStep", "-> Name", "-> NextStep"),
        ("change name -> Name into name -> Name as text cut at 80", "cut at 120", "cut at 80"),
        ("change name -> Name into name -> Name default \"other\"", "\"none\"", "\"other\""),
        ("change name -> Name into name -> Name blank keep", "blank park", "blank keep"),
        (
            "remove name -> Name",
            "name -> Name as text cut at 120\n      default \"none\" blank park\n",
            "\n",
        ),
        (
            "in values help remove QuotesOrLicensing -> \"Quotes or licensing\"",
            "  QuotesOrLicensing -> \"Quotes or licensing\"\n",
            "",
        ),
        (
            "in values help change otherwise -> keep into otherwise -> park",
            "otherwise -> keep",
            "otherwise -> park",
        ),
        (
            "add to values help\n GeneralOrOther -> \"General or other\"\nend",
            "  otherwise",
            "  GeneralOrOther -> \"General or other\"\n  otherwise",
        ),
        (
            "add to values help before QuotesOrLicensing -> \"Quotes or licensing\"\n Unknown -> blank\nend",
            "  QuotesOr",
            "  Unknown -> blank\n  QuotesOr",
        ),
        (
            "change match referral.id with opportunity.Referral_Identifier__c into match referral.id with opportunity.Campaign_Code__c",
            "opportunity.Referral_Identifier__c",
            "opportunity.Campaign_Code__c",
        ),
    ] {
        assert_eq!(outcome(&plan(edit)), outcome(&by_hand(from, to)), "{edit}");
    }
}

#[test]
fn several_levels_are_woven_from_the_innermost_out() {
    let middle = "extends base\nmapping middle \"Middle\"\nchange name -> Name into name -> NextStep\n\
        add campaignId -> Campaign_Code__c\n";
    let own = "extends middle\nremove campaignId -> Campaign_Code__c\n\
        change name -> NextStep into name -> NextStep as text cut at 60\n";
    let bases = [("base", BASE), ("middle", middle)];
    let woven_twice = woven(own, &bases);
    assert!(woven_twice.report.is_usable(), "{:?}", woven_twice.report);
    let by_hand = BASE
        .replace("-> Name as text cut at 120", "-> NextStep as text cut at 60")
        .replace("mapping base \"Base\"", "mapping middle \"Middle\"");
    let by_hand = compile("x.map", &by_hand, Schemas::built_in()).plan.unwrap();
    assert_eq!(woven_twice.plan.unwrap().hash(), by_hand.hash());
    // The base is upgraded, and the line in the middle does not find its own any more.
    let upgraded = BASE.replace("name -> Name ", "name -> LeadSource ");
    let broken = woven(own, &[("base", &upgraded), ("middle", middle)]);
    let found = places(&broken);
    assert!(found.contains(&"middle.map:3 overlay-lost".to_owned()), "{found:?}");
    let lost = broken.report.problems().iter().find(|p| p.code.name().ends_with("lost")).unwrap();
    let (also, _) = &lost.also[0];
    assert_eq!(broken.report.sources().place(also.start).file, "base.map");
    assert!(broken.plan.is_none());
}

#[test]
fn a_problem_is_where_its_line_is() {
    let found = places(&woven(
        "extends base\nadd nmae -> NextStep\nremove values help\n",
        &[("base", BASE)],
    ));
    assert_eq!(found, ["own.map:2 unknown-field", "base.map:13 unknown-table"]);
    let circle =
        woven("extends a\n", &[("a", "extends b\nmapping a\n"), ("b", "extends a\nmapping b\n")]);
    assert_eq!(places(&circle), ["b.map:1 overlay-cycle"]);
    let itself = woven("language 1\nextends own\nmapping own\n", &[("base", BASE)]);
    assert_eq!(places(&itself), ["own.map:2 overlay-cycle"]);
    let many: Vec<(String, String)> =
        (0..20).map(|n| (format!("m{n}"), format!("extends m{}\n", n + 1))).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    assert_eq!(places(&woven("extends m0\n", &many)), ["m14.map:1 overlay-cycle"]);
}

#[test]
fn what_is_decided_points_at_the_file_of_the_line() {
    let own = "extends opportunity\nchange details.notes <-> Description into details.notes <-> Description conflict ask\n";
    let compiled = compile("own.map", own, Schemas::built_in());
    let plan = compiled.plan.unwrap();
    let mut deal = Deal::of(sample("accepted.json"), sample("flagged.json"));
    set(&mut deal.right, "Referral_Identifier__c", "7a1de8f0-2b60-4f1e-9c3b-5b0c6d2f9a11");
    deal.round(&plan);
    set(&mut deal.left, "details.notes", "one");
    set(&mut deal.right, "Description", "two");
    set(&mut deal.left, "campaignId", "x".repeat(101));
    let decision = deal.decide(&plan);
    let mut at: Vec<(&str, usize)> =
        decision.parked.iter().map(|fault| (fault.map.as_str(), fault.map_line)).collect();
    at.sort_unstable();
    assert_eq!(at.len(), 2, "{decision:#?}");
    assert!(at[0].0 == "<built in>/opportunity.map" && at[0].1 > 60, "{at:?}");
    assert_eq!(at[1], ("own.map", 2));
}

#[test]
fn an_overlay_is_laid_out_once_and_keeps_its_comments() {
    let text = "# one\nextends   opportunity # two\n\n# three\nremove details.notes<->Description # four\n\
        change campaignId <-> Campaign_Code__c   into campaignId -> Campaign_Code__c\n # five\n\
        add to values help\n # six\n Unknown->blank\nend # seven\n";
    let once = mapping::format("own.map", text).unwrap();
    assert_eq!(mapping::format("own.map", &once).unwrap(), once);
    for word in ["one", "two", "three", "four", "five", "six", "seven"] {
        assert!(once.contains(&format!("# {word}")), "{once}");
    }
    assert_eq!(
        outcome(&compile("own.map", text, Schemas::built_in())),
        outcome(&compile("own.map", &once, Schemas::built_in()))
    );
}

#[test]
fn several_blocks_of_lines_are_one() {
    let two = BASE.replace("  inviteContext", "end\nfields\n  inviteContext");
    for line in ["name -> Name", "inviteContext.assistanceRequestCode -> How_can_Microsoft_help__c"]
    {
        let found = places(&woven(&format!("extends base\nremove {line}\n"), &[("base", &two)]));
        assert!(!found.iter().any(|place| place.contains("lost")), "{found:?}");
    }
}
