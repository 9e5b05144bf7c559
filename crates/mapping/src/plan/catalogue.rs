//! Where a plan sends what a partner's catalogue lists: the solutions of a deal.
//!
//! In: a plan. Out: the list, and which of its members say what. Must not know: catalogues, records.

use crate::decision::Side;

use super::Plan;

/// Partner Center's list of the solutions that a deal is about.
const LIST: &str = "details.requirements.solutions";

/// The list of a referral whose elements have to be known to Partner Center.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogued {
    /// Its dotted path in the referral.
    pub list: &'static str,
    /// The member that names an element.
    pub id: &'static str,
    /// The member that says what people call it.
    pub name: &'static str,
    /// The member that says whose it is, such as `3P`.
    pub kind: &'static str,
    /// The member that says which sort of element it is.
    pub sort: &'static str,
    /// The sort that the partner's catalogue does not list.
    pub category: &'static str,
    /// The line of the map that recognises its elements.
    pub map_line: usize,
}

impl Plan {
    /// The list of solutions, when the plan keeps it in step.
    pub fn catalogued(&self) -> Option<Catalogued> {
        let lists = self.lists.iter();
        let mut of_left = lists
            .filter(|each| self.slot(Side::Left, each.left).is_some_and(|slot| slot.path == LIST));
        let each = of_left.next()?;
        Some(Catalogued {
            list: LIST,
            id: "id",
            name: "name",
            kind: "solutionType",
            sort: "type",
            category: "Category",
            map_line: each.map_line,
        })
    }
}
