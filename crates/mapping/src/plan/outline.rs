//! The plan's lines by the fields that they are about.
//!
//! In: a plan. Out: each line with the names of the fields it reads or writes, where it stands, and the
//! block it belongs to. Must not know: records, how a line is carried out.

use super::{Each, Line, Plan, Related, Slot, Source};
use crate::decision::{LineTrace, Side};

/// What a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// The deal itself.
    Deal,
    /// A record that deals share: the line of its head.
    Related(usize),
    /// The elements of a list: the line of its head.
    List(usize),
    /// What sellers are told.
    Report,
}

/// A line with the fields that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlined {
    /// As the map says it, without clauses; traces of a decision have the same.
    pub rule: String,
    /// Line of the map, from 1; [`Plan::place`] says in which file.
    pub map_line: usize,
    /// What the base calls it, where it has a place in the base.
    pub hash: Option<String>,
    /// Whether it opens its block.
    pub is_head: bool,
    /// What it belongs to.
    pub block: Block,
    /// The fields, by side, as paths from the deal's record: `Account.BillingCity`,
    /// `Microsoft_Solutions__r.Name`.
    pub fields: [Vec<String>; 2],
}

impl Plan {
    /// All lines, in the order of the map's blocks: fields, related records, lists, report.
    pub fn outline(&self) -> Vec<Outlined> {
        let own = Side::BOTH.map(|side| self.side(side).slots.as_slice());
        let mut all: Vec<Outlined> =
            self.lines.iter().map(|line| outlined(line, own, Block::Deal, ["", ""])).collect();
        for related in &self.related {
            all.push(related_head(related));
            let block = Block::Related(related.map_line);
            all.extend(related.lines.iter().map(|line| outlined(line, own, block, ["", ""])));
        }
        for each in &self.lists {
            self.outline_list(each, &mut all);
        }
        let report = [
            self.badge.as_ref().map(|badge| ("badge", badge.slot, badge.map_line)),
            self.audit.as_ref().map(|audit| ("audit", audit.slot, audit.map_line)),
        ];
        for (word, slot, map_line) in report.into_iter().flatten() {
            let Some(slot) = self.slot(Side::Right, slot) else { continue };
            all.push(Outlined {
                rule: format!("{word} in {}", slot.path),
                map_line,
                hash: None,
                is_head: false,
                block: Block::Report,
                fields: [Vec::new(), vec![slot.path.clone()]],
            });
        }
        all
    }

    fn outline_list(&self, each: &Each, all: &mut Vec<Outlined>) {
        let path = |side, slot| self.slot(side, slot).map_or("", |slot| slot.path.as_str());
        let heads = [path(Side::Left, each.left), path(Side::Right, each.right)];
        let block = Block::List(each.map_line);
        all.push(Outlined {
            rule: each.rule.clone(),
            map_line: each.map_line,
            hash: None,
            is_head: true,
            block,
            fields: heads.map(|head| vec![head.to_owned()]),
        });
        let [left, right] = &each.elements;
        let slots = [left.as_slice(), right.as_slice()];
        let keys = each.key.iter().map(|[l, r]| {
            let [left, right] =
                [(*l, left, heads[0]), (*r, right, heads[1])].map(|(id, slots, head)| {
                    slots.get(id.0).map(|slot| below(head, &slot.path)).unwrap_or_default()
                });
            Outlined {
                rule: format!("match {left} with {right}"),
                map_line: each.map_line,
                hash: None,
                is_head: false,
                block,
                fields: [vec![left], vec![right]],
            }
        });
        all.extend(keys);
        all.extend(each.lines.iter().map(|line| outlined(line, slots, block, heads)));
    }
}

fn related_head(related: &Related) -> Outlined {
    Outlined {
        rule: format!("related {} through {}", related.object, related.through),
        map_line: related.map_line,
        hash: None,
        is_head: true,
        block: Block::Related(related.map_line),
        fields: [Vec::new(), vec![related.through.clone(), related.relationship.clone()]],
    }
}

fn outlined(line: &Line, slots: [&[Slot]; 2], block: Block, heads: [&str; 2]) -> Outlined {
    let paths = |source: &Source, slots: &[Slot], head: &str| -> Vec<String> {
        let found = source.slots().iter().filter_map(|id| slots.get(id.0));
        found.map(|slot| below(head, &slot.path)).collect()
    };
    let fields = [paths(&line.left, slots[0], heads[0]), paths(&line.right, slots[1], heads[1])];
    Outlined {
        rule: line.rule.clone(),
        map_line: line.map_line,
        hash: Some(line.hash.clone()),
        is_head: false,
        block,
        fields,
    }
}

/// `solutions` and `id` are `solutions.id`.
fn below(head: &str, path: &str) -> String {
    if head.is_empty() { path.to_owned() } else { format!("{head}.{path}") }
}

impl Plan {
    /// Whether the two sides may differ for good in the line that decided so: it goes one way, and is
    /// written only when the record is made.
    pub fn says_once(&self, trace: &LineTrace) -> bool {
        let own = self.lines.iter().chain(self.lists.iter().flat_map(|each| &each.lines));
        own.filter(|line| line.map_line == trace.map_line).any(|line| {
            Side::BOTH
                .into_iter()
                .filter(|side| line.writes(*side))
                .all(|side| !line.writes(side.other()) && line.create_only[side.index()])
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::schema::Schemas;

    #[test]
    fn every_field_that_the_shipped_map_is_about_has_its_line() {
        let text = include_str!("../../../../mappings/opportunity.map");
        let plan = crate::compile("opportunity.map", text, Schemas::built_in()).plan.unwrap();
        let outline = plan.outline();
        let of = |name: &str| {
            let found = outline.iter().find(|line| line.fields.iter().flatten().any(|f| f == name));
            let found = found.unwrap_or_else(|| panic!("no line is about {name}"));
            let line = text.lines().nth(found.map_line - 1).unwrap_or_default();
            (found.block, line.trim().to_owned())
        };
        for (name, begins) in [
            ("StageName", "status, substatus"),
            ("Account.BillingCity", "customerProfile.address.city"),
            ("AccountId", "related Account"),
            (
                "Microsoft_Solutions__r.Solution_Identifier__c",
                "each details.requirements.solutions",
            ),
            ("customerProfile.team.title", "title"),
            ("OpportunityContactRoles.Contact.Email", "each customerProfile.team"),
            ("Owner.Email", "each team"),
            ("Audit__c", "audit in"),
        ] {
            let (block, line) = of(name);
            assert!(line.starts_with(begins), "{name}: {block:?} {line}");
        }
    }
}
