//! The check boxes by which a system can be asked for the records that take part.
//!
//! In: a plan. Out: for each `from` line of a side its check boxes, with the value they must have. Must not
//! know: queries. What is found by them may still take no part: other tests are made on the record.

use crate::decision::Side;
use crate::value::Value;

use super::{Plan, SlotId, Step, TestOp};

impl Plan {
    /// By `from` line of a side: its check boxes and what each must say. Every record that takes part has
    /// those of one of the lines.
    pub fn boxes(&self, side: Side) -> Vec<Vec<(&str, bool)>> {
        let of = |slot: SlotId, op: &TestOp| {
            let TestOp::Is(values) = op else { return None };
            let [Value::Bool(value)] = values.as_slice() else { return None };
            let slot = self.slot(side, slot)?;
            let is_plain = slot.steps.iter().all(|step| matches!(step, Step::Member(_)));
            (is_plain && slot.json_path.is_none()).then_some((slot.path.as_str(), *value))
        };
        let lines = self.sync[side.index()].iter();
        lines
            .map(|line| line.tests.iter().filter_map(|test| of(test.slot, &test.op)).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schemas;

    #[test]
    fn the_flag_of_the_shipped_map_can_be_asked_for() {
        let text = include_str!("../../../../mappings/opportunity.map");
        let plan = crate::compile("opportunity.map", text, Schemas::built_in()).plan.unwrap();
        assert_eq!(plan.boxes(Side::Right), [[("Sync_with_Partner_Center__c", true)]]);
        assert_eq!(plan.boxes(Side::Left), [[]], "what is no check box is not asked for");
    }
}
