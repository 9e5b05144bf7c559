//! The elements of a list: those that paths mean, and what is gathered of all.
//!
//! In: a list that begins here, and what is read of its elements. Out: places and gatherings. One
//! look at each element serves all that is read of the list. Must not know: fields, values.

use super::trie::{Elements, Pick};
use super::{Form, Found, Scanner, Unusual, is_blank};

impl<'s> Scanner<'s> {
    /// A list, the innermost of `depth`. Kept out of `value`, whose frame would grow by it.
    #[inline(never)]
    pub(super) fn elements_of(
        &mut self,
        elements: &'s Elements,
        depth: usize,
    ) -> Result<(), Unusual> {
        // A bit for each pick that is still looked for.
        let all = u32::try_from(elements.picks.len()).unwrap_or(u32::MAX);
        let mut open = 1_u64.checked_shl(all).map_or(u64::MAX, |bit| bit - 1);
        let mut more = self.opens(b']', depth)?;
        while more {
            if open == 0 && elements.gathers.is_empty() {
                self.skip(depth)?;
            } else {
                self.forget(elements);
                self.value(self.trie.node(elements.node), depth)?;
                self.gather(elements);
                open = self.choose(elements, open)?;
            }
            more = self.goes_on(b']')?;
        }
        Ok(())
    }

    /// What was found of another element is none of this one.
    fn forget(&mut self, elements: &Elements) {
        for place in &elements.places {
            if let Some(found) = self.finds.places.get_mut(*place) {
                *found = Found::default();
            }
        }
        for gathering in &elements.gatherings {
            if let Some(list) = self.finds.gathered.get_mut(*gathering) {
                list.clear();
            }
        }
    }

    #[inline]
    fn gather(&mut self, elements: &Elements) {
        for taken in &elements.gathers {
            let found = self.finds.at(taken.from);
            if let Some(list) = self.finds.gathered.get_mut(taken.to) {
                list.push(found);
            }
        }
    }

    /// Takes the element that was just looked at for the picks that mean it; those that are still
    /// open stay.
    #[inline]
    fn choose(&mut self, elements: &Elements, open: u64) -> Result<u64, Unusual> {
        let mut rest = open;
        for (index, pick) in elements.picks.iter().enumerate() {
            let bit = 1 << index;
            if rest & bit != 0 && self.means(pick)? {
                self.take(pick);
                rest &= !bit;
            }
        }
        Ok(rest)
    }

    /// Whether the element that was just looked at is the one that is meant.
    fn means(&self, pick: &Pick) -> Result<bool, Unusual> {
        let Some(place) = pick.decides else { return Ok(true) };
        let found = self.finds.at(place);
        let raw = found.raw(self.bytes);
        match (found.form, &pick.wanted) {
            (Form::Missing | Form::Null, _) => Ok(false),
            (Form::Simple | Form::Escaped, _) => Err(Unusual),
            (Form::Plain, None) => Ok(!is_blank(raw)),
            (Form::Plain, Some(wanted)) => Ok(raw == wanted.as_bytes()),
            (Form::True | Form::False | Form::Number | Form::Tree, wanted) => Ok(wanted.is_none()),
        }
    }

    #[inline]
    fn take(&mut self, pick: &Pick) {
        for taken in &pick.places {
            let found = self.finds.at(taken.from);
            if let Some(place) = self.finds.places.get_mut(taken.to) {
                *place = found;
            }
        }
        for taken in &pick.gatherings {
            let mut list = self.finds.gathered.get_mut(taken.to).map(std::mem::take);
            if let (Some(list), Some(found)) = (&mut list, self.finds.gathered.get(taken.from)) {
                list.clear();
                list.extend_from_slice(found);
            }
            if let (Some(list), Some(place)) = (list, self.finds.gathered.get_mut(taken.to)) {
                *place = list;
            }
        }
    }
}
