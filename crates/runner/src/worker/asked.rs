//! A field that one of the two systems asks for, and the map does not give.
//!
//! In: a refusal, the lines of the record that was refused. Out: the line that could give the field, and what to do.
//! Must not know: how a refusal is told. Microsoft announces such fields on a page for people only: that a
//! create is refused is the first that a program hears of it.

use mapping::decision::LineTrace;
use mapping::schema::System;

/// What is asked for.
pub(super) struct Asked {
    /// The line of the map that names the field, where there is one.
    pub(super) line: Option<usize>,
    /// What to do.
    pub(super) help: String,
}

/// None: the refusal is about something else than a field that is not given.
pub(super) fn asked(
    system: System,
    code: &str,
    why: &str,
    fields: &[String],
    lines: &[&LineTrace],
) -> Option<Asked> {
    let (code, said) = (code.to_lowercase(), why.to_lowercase());
    let is_asked = ["required", "missing"].iter().any(|word| code.contains(word))
        || ["is required", "mandatory"].iter().any(|word| said.contains(word));
    let field = fields.iter().find(|field| !field.is_empty()).filter(|_| is_asked)?;
    let name = field.trim_start_matches('/').replace('/', ".");
    // Of several lines for parts of one list, the one whose part the refusal names.
    let naming =
        || lines.iter().copied().filter(|line| part(line, system).is_some_and(|p| names(p, &name)));
    let line = naming().find(|line| parts_named(line).any(|part| why.contains(part)));
    let line = line.or_else(|| naming().find(|line| parts_named(line).next().is_none()));
    let several = naming().next().is_some();
    let help = match line {
        Some(line) => format!(
            "{system} asks for {name} now: fill in what the line `{}` takes it from, or give the line a default",
            line.rule
        ),
        None if several => format!(
            "{system} asks for more in {name} now: add a line for it to the mapping, beside those that are there"
        ),
        None => {
            let example = match system {
                System::PartnerCenter => format!("{name} <- \"...\"  on create only"),
                System::Salesforce => format!("\"...\" -> {name}  on create only"),
            };
            format!(
                "{system} asks for {name} now, and no line of the mapping gives it: add one below `fields`, such as \
                 `{example}` or one that takes it from a field"
            )
        }
    };
    Some(Asked { line: line.map(|line| line.map_line).filter(|line| *line > 0), help })
}

/// The part of a line that speaks of a system.
fn part(line: &LineTrace, system: System) -> Option<&str> {
    let arrows = ["<->", "->", "<-"];
    let (left, right) = arrows.iter().find_map(|arrow| line.rule.split_once(arrow))?;
    Some(match system {
        System::PartnerCenter => left,
        System::Salesforce => right,
    })
}

/// Whether one of the paths of a part is this field, or lies in it.
fn names(part: &str, field: &str) -> bool {
    part.split([',', ' ']).any(|path| {
        let path = path.trim().trim_start_matches("$.");
        let begin = path.get(..field.len());
        let rest = path.get(field.len()..).unwrap_or_default();
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(field))
            && (rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

/// What a line picks of a list: `attributes[type is "SolutionArea"]`.
fn parts_named(line: &LineTrace) -> impl Iterator<Item = &str> {
    line.rule.split('"').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use mapping::decision::Outcome;

    use super::*;

    fn traces(rules: &[&str]) -> Vec<LineTrace> {
        let line = |(number, rule): (usize, &&str)| LineTrace {
            rule: (*rule).to_owned(),
            map_line: number + 1,
            row_line: None,
            outcome: Outcome::Agrees,
            reason: String::new(),
            left: String::new(),
            right: String::new(),
            written: None,
        };
        rules.iter().enumerate().map(line).collect()
    }

    fn told(
        system: System,
        code: &str,
        why: &str,
        field: &str,
        map: &[&str],
    ) -> (Option<usize>, String) {
        let traces = traces(map);
        let lines: Vec<&LineTrace> = traces.iter().collect();
        let asked = asked(system, code, why, &[field.to_owned()], &lines).unwrap();
        (asked.line, asked.help)
    }

    const MAP: [&str; 4] = [
        "details.notes <-> Description",
        "campaignId <-> Campaign_Code__c",
        "details.a.attributes[type is \"CustomerMarketplaceIntent\"].id <-> Marketplace_Intent__c",
        "details.a.attributes[type is \"SolutionArea\"].id <-> Solution_Area__c",
    ];

    #[test]
    fn the_line_that_would_give_the_field_is_named() {
        let of = |why: &str, field: &str| told(System::PartnerCenter, "required", why, field, &MAP);
        let (line, help) = of("campaignId is required.", "campaignId");
        assert_eq!(line, Some(2));
        assert!(help.contains("`campaignId <-> Campaign_Code__c`"), "{help}");
        assert_eq!(of("SolutionArea is required.", "details.a.attributes").0, Some(4));
        let (line, help) = of("DealTier is required.", "details.a.attributes");
        assert_eq!(line, None);
        assert!(help.contains("beside those"), "{help}");
        let (line, help) = of("dealTier is required.", "/dealTier");
        assert_eq!(line, None);
        assert!(help.contains("`dealTier <- \"...\"  on create only`"), "{help}");
        assert_eq!(of("x is required.", "details.note").0, None, "a longer name is another field");
        let (line, help) =
            told(System::Salesforce, "REQUIRED_FIELD_MISSING", "", "Region__c", &MAP);
        assert_eq!(line, None);
        assert!(help.contains("-> Region__c"), "{help}");
        let none = asked(System::PartnerCenter, "invalidCurrency", "no", &["x".to_owned()], &[]);
        assert!(none.is_none());
    }
}
