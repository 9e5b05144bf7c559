//! The plan as JSON.
//!
//! In: a plan. Out: one object; `docs/plan.md` says what each member means. Must not know: records,
//! the text that the plan came from.

use serde_json::{Value as JsonValue, json};

use super::text::{arrow_text, cells, condition_text, list_clauses, otherwise_text, value_text};
use super::{Each, Line, MatchRule, Plan, Related, Slot, Source, Table, Via};
use crate::decision::Side;

impl Plan {
    /// The plan for machines.
    pub fn to_json(&self) -> JsonValue {
        let (left, right) = self.key_fields();
        let own = [self.side(Side::Left).slots.as_slice(), self.side(Side::Right).slots.as_slice()];
        let lines: Vec<JsonValue> = self.lines.iter().map(|l| self.line_json(l, own)).collect();
        json!({
            "language": 1,
            "name": self.name,
            "label": self.label,
            "stability": self.stability.word(),
            "hash": self.hash,
            "sides": Side::BOTH.map(|side| self.side_json(side)),
            "key": [left, right],
            "sync": self.sync_json(),
            "holds": self.holds_json(),
            "lines": lines,
            "tables": self.tables.iter().map(|t| self.table_json(t)).collect::<Vec<_>>(),
            "related": self.related.iter().map(|r| self.related_json(r, own)).collect::<Vec<_>>(),
            "lists": self.lists.iter().map(|each| self.list_json(each)).collect::<Vec<_>>(),
            "requires": self.requires_json(),
            "report": self.report_json(),
        })
    }

    fn side_json(&self, side: Side) -> JsonValue {
        let reads = self.reads(side);
        let children: Vec<JsonValue> = reads
            .children
            .iter()
            .map(|child| {
                json!({
                    "relationship": child.relationship,
                    "object": child.object,
                    "parent": child.parent_field,
                    "reads": child.fields,
                })
            })
            .collect();
        json!({
            "name": self.side_name(side),
            "system": self.system(side).name(),
            "object": self.object(side),
            "reads": reads.fields,
            "children": children,
            "required": self.side(side).required,
            "becomes": self.successor(side).map(|found| json!({
                "object": found.object, "through": found.to, "when": found.when,
            })),
        })
    }

    fn sync_json(&self) -> Vec<JsonValue> {
        let mut sync = Vec::new();
        for (side, (conditions, lines)) in
            Side::BOTH.into_iter().zip(self.sync.iter().zip(&self.sync_lines))
        {
            for (condition, line) in conditions.iter().zip(lines) {
                let (map, map_line) = self.place(*line);
                let when = condition_text(condition, &self.side(side).slots);
                sync.push(json!({
                    "from": self.side_name(side),
                    "when": Some(when).filter(|when| !when.is_empty()),
                    "map": map,
                    "map_line": map_line,
                }));
            }
        }
        sync
    }

    fn holds_json(&self) -> Vec<JsonValue> {
        let one = |hold: &super::Hold| {
            let (map, map_line) = self.place(hold.map_line);
            let left = &self.side(Side::Left).slots;
            let answer = hold.answer.iter().map(|moment| self.moment_text(moment));
            json!({
                "side": self.side_name(hold.side),
                "while": condition_text(&hold.during, &self.side(hold.side).slots),
                "when": hold.when.as_ref().map(|when| condition_text(when, left)),
                "answer_by": answer.collect::<Vec<_>>(),
                "map": map,
                "map_line": map_line,
            })
        };
        self.holds.iter().map(one).collect()
    }

    fn line_json(&self, line: &Line, slots: [&[Slot]; 2]) -> JsonValue {
        let [left_slots, right_slots] = slots;
        let (map, map_line) = self.place(line.map_line);
        let (conversion, tables) = match &line.via {
            Via::Convert(conversion) if conversion.is_plain() => (None, Vec::new()),
            Via::Convert(conversion) => (Some(conversion.to_string()), Vec::new()),
            Via::Tables(tables) => {
                let tables = tables.iter().filter_map(|index| self.tables.get(*index));
                (None, tables.map(|table| table.name.as_str()).collect())
            }
        };
        json!({
            "rule": line.rule,
            "map": map,
            "map_line": map_line,
            "hash": line.hash,
            "left": source_json(&line.left, left_slots),
            "arrow": arrow_text(line.arrow),
            "right": source_json(&line.right, right_slots),
            "conversion": conversion,
            "tables": tables,
            "clauses": self.line_clauses(line, slots),
            "meaning": self.line_meaning(line, slots),
        })
    }

    fn table_json(&self, table: &Table) -> JsonValue {
        let place = |map_line| {
            let (map, map_line) = self.place(map_line);
            (map.to_owned(), map_line)
        };
        let rows: Vec<JsonValue> = table
            .rows
            .iter()
            .map(|row| {
                let (map, map_line) = place(row.map_line);
                let slots = &self.side(Side::Left).slots;
                json!({
                    "row": self.row_text(row),
                    "left": cells(&row.left),
                    "arrow": arrow_text(row.arrow),
                    "right": cells(&row.right),
                    "when": row.when.as_ref().map(|when| condition_text(when, slots)),
                    "not_before": row.not_before.as_ref().map(|clause| json!({
                        "at": self.moment_text(&clause.moment),
                        "while": clause.during.as_ref().map(|during| {
                            condition_text(during, &self.side(Side::Right).slots)
                        }),
                    })),
                    "map": map,
                    "map_line": map_line,
                })
            })
            .collect();
        let otherwise: Vec<JsonValue> = Side::BOTH
            .into_iter()
            .zip(&table.otherwise)
            .filter_map(|(side, other)| Some((side, other.as_ref()?)))
            .map(|(side, other)| {
                let (map, map_line) = place(other.map_line);
                json!({
                    "row": otherwise_text(side, other),
                    "to": self.side_name(side),
                    "writes": cells(&other.action),
                    "on_create": other.on_create.as_ref().map(|given| cells(given)),
                    "warning": other.warning,
                    "map": map,
                    "map_line": map_line,
                })
            })
            .collect();
        json!({ "name": table.name, "rows": rows, "otherwise": otherwise })
    }

    fn related_json(&self, related: &Related, own: [&[Slot]; 2]) -> JsonValue {
        let (map, map_line) = self.place(related.map_line);
        let rules: Vec<JsonValue> = related.rules.iter().map(|rule| self.rule_json(rule)).collect();
        json!({
            "object": related.object,
            "through": related.through,
            "match": rules,
            "none": if related.create_if_none { "create" } else { "park" },
            "map": map,
            "map_line": map_line,
            "lines": related.lines.iter().map(|l| self.line_json(l, own)).collect::<Vec<_>>(),
        })
    }

    fn rule_json(&self, rule: &MatchRule) -> JsonValue {
        let (map, map_line) = self.place(rule.map_line);
        json!({
            "fields": self.match_pairs(rule).collect::<Vec<_>>(),
            "several": "ask",
            "map": map,
            "map_line": map_line,
        })
    }

    fn list_json(&self, each: &Each) -> JsonValue {
        let (map, map_line) = self.place(each.map_line);
        let [left, right] = &each.elements;
        let lines = each.lines.iter().map(|line| self.line_json(line, [left, right]));
        json!({
            "rule": each.rule,
            "map": map,
            "map_line": map_line,
            "hash": each.hash,
            "object": each.child.as_ref().map(|child| &child.object),
            "clauses": list_clauses(each),
            "lines": lines.collect::<Vec<_>>(),
        })
    }

    fn requires_json(&self) -> Vec<JsonValue> {
        let slots = &self.side(Side::Left).slots;
        let one = |require: &super::Require| {
            let (map, map_line) = self.place(require.map_line);
            json!({
                "test": condition_text(&require.test, slots),
                "when": require.when.as_ref().map(|when| condition_text(when, slots)),
                "else": require.otherwise,
                "map": map,
                "map_line": map_line,
            })
        };
        self.requires.iter().map(one).collect()
    }

    fn report_json(&self) -> JsonValue {
        let field = |slot| self.slot(Side::Right, slot).map(|slot| &slot.path);
        json!({
            "badge": self.badge.as_ref().map(|badge| json!({
                "field": field(badge.slot),
                "prefix": badge.prefix,
                "good": badge.good,
                "bad": badge.bad,
            })),
            "audit": self.audit.as_ref().map(|audit| json!({ "field": field(audit.slot) })),
        })
    }
}

/// The fields of one side of a line, or its constants as the map writes them.
fn source_json(source: &Source, slots: &[Slot]) -> JsonValue {
    match source {
        Source::Slots(ids) => {
            let paths = ids.iter().filter_map(|id| slots.get(id.0)).map(|slot| &slot.path);
            json!({ "fields": paths.collect::<Vec<_>>() })
        }
        Source::Constant(values) => {
            json!({ "constant": values.iter().map(value_text).collect::<Vec<_>>() })
        }
    }
}
