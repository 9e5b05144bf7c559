//! What a map says of fields that an org calls otherwise, or does not have, as lines of an overlay.
//!
//! In: the text of a base, names. Out: lines that change the base's lines to the org's names; lines
//! that take out what the org has no field for. Must not know: schemas, which names belong together.

use std::collections::{BTreeMap, BTreeSet};

use crate::parse;
use crate::print::{Whole, block_name};
use crate::tree::{At, Block, BlockName, Clause, Item, RelatedLine, Row};

/// Names of the base, and what the org calls them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Renames {
    /// Fields and lists of the deal's own record.
    pub own: BTreeMap<String, String>,
    /// By list as the base calls it, the fields of its records.
    pub lists: BTreeMap<String, BTreeMap<String, String>>,
}

impl Renames {
    /// Nothing is called otherwise.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.lists.values().all(BTreeMap::is_empty)
    }
}

/// Names that an org does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lacking {
    /// Fields and lists of the deal's own record.
    pub own: BTreeSet<String>,
    /// By list as the base calls it, the fields of its records.
    pub lists: BTreeMap<String, BTreeSet<String>>,
}

/// A line of the base that can be changed by itself.
struct Line {
    /// `in report `, or nothing.
    block: String,
    /// The list whose records it is about.
    list: Option<String>,
    /// What names it.
    name: String,
    clauses: Vec<String>,
    /// It is part of what makes the map one: it can be changed, not left out.
    needed: bool,
}

impl Line {
    fn new(block: &str, name: &str, clauses: Vec<String>) -> Line {
        let name = on_one_line(name);
        Line { block: block.to_owned(), list: None, name, clauses, needed: false }
    }
}

/// A block with a list whose own name is another one.
struct Listed {
    list: String,
    /// `each details.requirements.solutions`
    name: String,
    text: String,
}

/// The lines of an overlay that call the names as the org does.
pub fn changes(base: &str, renames: &Renames) -> Vec<String> {
    let (lines, lists) = taken_apart(base);
    let none = BTreeMap::new();
    let of = |list: &Option<String>| match list {
        None => &renames.own,
        Some(list) => renames.lists.get(list).unwrap_or(&none),
    };
    let is_anew = |list: &str| renames.own.contains_key(list);
    let mut all = Vec::new();
    for line in &lines {
        if line.list.as_deref().is_some_and(is_anew) {
            continue;
        }
        let names = of(&line.list);
        let new = replaced(&line.name, names);
        let clauses = line.clauses.iter().filter_map(|clause| {
            let new = replaced(clause, names);
            (new != *clause).then_some(new)
        });
        let new: Vec<String> = std::iter::once(new).chain(clauses).collect();
        if new.len() > 1 || new.first() != Some(&line.name) {
            all.push(format!("{}change {} into {}", line.block, line.name, new.join("  ")));
        }
    }
    for listed in lists.iter().filter(|listed| is_anew(&listed.list)) {
        let mut names = renames.lists.get(&listed.list).cloned().unwrap_or_default();
        names.extend(renames.own.get_key_value(&listed.list).map(|(a, b)| (a.clone(), b.clone())));
        all.push(format!("remove {}", listed.name));
        all.push(replaced(&listed.text, &names));
    }
    all
}

/// The lines of an overlay that leave out what names something that is lacking.
pub fn removals(base: &str, lacking: &Lacking) -> Vec<String> {
    let (lines, lists) = taken_apart(base);
    let none = BTreeSet::new();
    let mut all: Vec<String> = lists
        .iter()
        .filter(|listed| lacking.own.contains(&listed.list))
        .map(|listed| format!("remove {}", listed.name))
        .collect();
    for line in lines.iter().filter(|line| !line.needed) {
        let names = match &line.list {
            Some(list) if lacking.own.contains(list) => continue,
            Some(list) => lacking.lists.get(list).unwrap_or(&none),
            None => &lacking.own,
        };
        let names: BTreeMap<String, String> =
            names.iter().map(|name| (name.clone(), String::new())).collect();
        if replaced(&line.name, &names) != line.name {
            all.push(format!("{}remove {}", line.block, line.name));
        }
    }
    all
}

/// A text with whole words in the place of others; what is quoted stays.
fn replaced(text: &str, names: &BTreeMap<String, String>) -> String {
    let (mut out, mut word, mut quoted) = (String::new(), String::new(), false);
    for c in text.chars().map(Some).chain([None]) {
        if let Some(c) = c
            && (c.is_alphanumeric() || c == '_')
        {
            word.push(c);
            continue;
        }
        let new = names.get(&word).filter(|_| !quoted);
        out.push_str(new.unwrap_or(&word));
        word.clear();
        quoted ^= c == Some('"');
        out.extend(c);
    }
    out
}

fn clauses(clauses: &[Clause]) -> Vec<String> {
    clauses.iter().map(Whole::clause).collect()
}

/// What can be changed by itself, and the lists.
fn taken_apart(base: &str) -> (Vec<Line>, Vec<Listed>) {
    let (tree, _) = parse::parse(base);
    let (mut lines, mut lists) = (Vec::new(), Vec::new());
    for entry in &tree.entries {
        if let crate::tree::Entry::Line { item, span, .. } = entry {
            lines.extend(lines_of(item));
            if let Item::Each { left, right, .. } = item {
                lists.push(Listed {
                    list: path_text(right),
                    name: block_name(&BlockName::Each { left: left.clone(), right: None }),
                    text: base.get(span.start..span.end).unwrap_or_default().trim().to_owned(),
                });
            }
        }
    }
    (lines, lists)
}

fn path_text(path: &At<crate::tree::Path>) -> String {
    crate::plan::writers::path_text(&path.value)
}

fn lines_of(item: &Item) -> Vec<Line> {
    match item {
        Item::Match { left, right } => {
            let name = format!("match {} with {}", path_text(left), path_text(right));
            vec![Line { needed: true, ..Line::new("", &name, Vec::new()) }]
        }
        Item::Sync(block) => {
            let all = block.lines().map(|(sync, _)| Whole::sync(sync));
            all.map(|name| Line { needed: true, ..Line::new("in sync ", &name, Vec::new()) })
                .collect()
        }
        Item::Values { name, rows } => {
            let block = format!("in {} ", block_name(&BlockName::Values(name.clone())));
            let rows = rows.lines().filter(|(row, _)| matches!(row, Row::Cells { .. }));
            rows.map(|(row, _)| Line::new(&block, &Whole::row(row), Vec::new())).collect()
        }
        Item::Fields(block) => {
            let all = block.lines().map(|(field, _)| (Whole::ends(field), &field.clauses));
            all.map(|(name, all)| Line::new("", &name, clauses(all))).collect()
        }
        Item::Related { object, lines, .. } => {
            inner(&BlockName::Related { object: object.clone(), through: None }, lines, None)
        }
        Item::Each { left, right, lines, .. } => {
            let name = BlockName::Each { left: left.clone(), right: None };
            inner(&name, lines, Some(&path_text(right)))
        }
        Item::Require(block) => {
            let all = block.lines().map(|(need, _)| (Whole::demand(need), &need.clauses));
            all.map(|(name, all)| Line::new("in require ", &name, clauses(all))).collect()
        }
        Item::Report(block) => {
            let all = block.lines().map(|(report, _)| Whole::report(report));
            all.map(|name| Line::new("in report ", &name, Vec::new())).collect()
        }
        Item::Language(_)
        | Item::Mapping { .. }
        | Item::Side { .. }
        | Item::Defaults(_)
        | Item::Example { .. }
        | Item::Extends(_)
        | Item::Edit { .. }
        | Item::Drop(_) => Vec::new(),
    }
}

/// The lines of a related record or of a list; without its `match` line a list is none.
fn inner(name: &BlockName, lines: &Block<RelatedLine>, list: Option<&String>) -> Vec<Line> {
    let block = format!("in {} ", block_name(name));
    let line = |line: &RelatedLine| {
        let (all, is_match) = match line {
            RelatedLine::Match { clauses, .. } => (clauses, true),
            RelatedLine::Field(field) => (&field.clauses, false),
        };
        Line {
            list: list.cloned(),
            needed: is_match && list.is_some(),
            ..Line::new(&block, &Whole::inner(line), clauses(all))
        }
    };
    lines.lines().map(|(inner, _)| line(inner)).collect()
}

/// Blanks outside quotes count once: columns are laid out anew.
fn on_one_line(text: &str) -> String {
    let (mut out, mut quoted) = (String::new(), false);
    for c in text.chars() {
        quoted ^= c == '"';
        if quoted || c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schemas;

    fn names(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    fn shipped() -> String {
        crate::shipped::base("opportunity").unwrap().text
    }

    #[test]
    fn each_line_that_names_a_field_is_changed_and_no_other() {
        let own = names(&[
            ("Referral_Identifier__c", "Referral_Identfier__c"),
            ("Sync_with_Partner_Center__c", "sync_with_partner_center__c"),
            ("Audit__c", "mspc__Audit__c"),
        ]);
        let solutions = names(&[("Solution_Identifier__c", "Solution_Id__c")]);
        let lists = BTreeMap::from([("Microsoft_Solutions__r".to_owned(), solutions)]);
        let found = changes(&shipped(), &Renames { own, lists });
        let wanted = [
            "change match referral.id with opportunity.Referral_Identifier__c into match referral.id with opportunity.Referral_Identfier__c",
            "in sync change from opportunity when Sync_with_Partner_Center__c is true into from opportunity when sync_with_partner_center__c is true",
            "change true -> Sync_with_Partner_Center__c into true -> sync_with_partner_center__c",
            "in each details.requirements.solutions change match id with Solution_Identifier__c into match id with Solution_Id__c",
            "in report change audit in Audit__c into audit in mspc__Audit__c",
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_list_of_another_name_is_said_anew_and_the_overlay_means_the_base_with_other_names() {
        let own = names(&[("Microsoft_Solutions__r", "Solutions__r")]);
        let solutions = names(&[("Type__c", "Kind__c")]);
        let lists = BTreeMap::from([("Microsoft_Solutions__r".to_owned(), solutions)]);
        let found = changes(&shipped(), &Renames { own, lists });
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], "remove each details.requirements.solutions");
        assert!(found[1].starts_with("each details.requirements.solutions with Solutions__r\n"));
        assert!(found[1].contains("<-> Kind__c ") && found[1].ends_with("end"), "{}", found[1]);
        assert!(found[1].contains("\"Name\""), "what is quoted stays");
    }

    #[test]
    fn what_is_lacking_can_be_left_out() {
        let own = ["Campaign_Code__c", "Audit__c", "Referral_Identifier__c"].map(str::to_owned);
        let lacking = Lacking { own: own.into(), ..Lacking::default() };
        let found = removals(&shipped(), &lacking);
        assert_eq!(
            found,
            ["remove campaignId <-> Campaign_Code__c", "in report remove audit in Audit__c"]
        );
        let overlay = format!("extends opportunity\n{}\n", found.join("\n"));
        let compiled = crate::compile("own.map", &overlay, Schemas::built_in());
        assert!(compiled.report.is_usable(), "{:?}", compiled.report.problems());
    }
}
