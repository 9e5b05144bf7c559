//! How far a map may be relied on: said on its first line, kept by overlays, no part of what is written.

use mapping::schema::Schemas;
use mapping::tree::Stability;
use mapping::{Base, Compiled, compile, compile_with, format};

fn text(mapping: &str) -> String {
    format!(
        "language 1\n{mapping}\n\nside referral    is partner_center Referral\nside opportunity is salesforce     \
         Opportunity\n\nmatch referral.id with opportunity.Referral_Identifier__c\n\n\
         fields\n  name -> Name as text cut at 120\nend\n"
    )
}

fn stability(compiled: &Compiled) -> Stability {
    let problems = compiled.report.problems();
    assert!(compiled.plan.is_some(), "{problems:?}");
    compiled.plan.as_ref().map_or(Stability::Stable, mapping::plan::Plan::stability)
}

#[test]
fn a_map_says_that_it_is_being_tried_out_and_the_hash_stays() {
    let of = |mapping: &str| compile("own.map", &text(mapping), Schemas::built_in());
    let plain = of("mapping own \"Own\"");
    for (mapping, known) in [
        ("mapping own \"Own\"", Stability::Stable),
        ("mapping own \"Own\" stable", Stability::Stable),
        ("mapping own \"Own\" experimental", Stability::Experimental),
        ("mapping own experimental", Stability::Experimental),
        ("mapping experimental", Stability::Stable),
    ] {
        let found = of(mapping);
        assert_eq!(stability(&found), known, "{mapping}");
        let (plan, other) = (found.plan.unwrap(), plain.plan.as_ref().unwrap());
        assert_eq!(plan.hash(), other.hash());
        assert_eq!(plan.to_json()["stability"], known.word());
        let told = plan.to_text().contains("), experimental\n");
        assert_eq!(told, known == Stability::Experimental, "{mapping}");
        let laid_out = format("own.map", &text(mapping)).unwrap();
        assert!(laid_out.contains(&format!("{mapping}\n")), "{laid_out}");
    }
}

#[test]
fn a_word_that_is_none_of_the_two_is_told_with_the_one_that_is_meant() {
    let found = compile("own.map", &text("mapping own \"Own\" experimantal"), Schemas::built_in());
    let said: Vec<String> =
        found.report.problems().iter().map(|p| format!("{p} {:?}", p.help)).collect();
    assert!(said.iter().any(|said| said.contains("`experimental`")), "{said:?}");
}

#[test]
fn an_overlay_of_an_experimental_map_is_experimental_unless_it_says_otherwise() {
    let base = text("mapping base \"Base\" experimental");
    let woven = |overlay: &str| {
        let mut bases =
            |_: &str, _: &str| Ok(Base { file: "base.map".to_owned(), text: base.clone() });
        stability(&compile_with("own.map", overlay, Schemas::built_in(), &mut bases))
    };
    assert_eq!(woven("extends base\n"), Stability::Experimental);
    assert_eq!(woven("extends base\nmapping own \"Own\"\n"), Stability::Experimental);
    assert_eq!(woven("extends base\nmapping own \"Own\" stable\n"), Stability::Stable);
    let stable = text("mapping base \"Base\"");
    let mut bases =
        |_: &str, _: &str| Ok(Base { file: "base.map".to_owned(), text: stable.clone() });
    let own = "extends base\nmapping own \"Own\" experimental\n";
    let found = compile_with("own.map", own, Schemas::built_in(), &mut bases);
    assert_eq!(stability(&found), Stability::Experimental);
}
