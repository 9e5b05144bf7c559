//! The places that a plan reads, as a tree of the names that lead to them.
//!
//! In: paths. Out: [`Trie`], through which one pass finds them all. Must not know: texts, fields.

use super::Unusual;
use crate::plan::Step;

/// Places in a record, by the ways that lead to them.
#[derive(Debug, Clone)]
pub(crate) struct Trie {
    /// The first is the record itself.
    nodes: Vec<Node>,
    /// How many places there are.
    places: usize,
    /// How many gatherings there are.
    gatherings: usize,
}

/// What is read of one value.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) place: Option<usize>,
    /// Members of an object: their names and nodes.
    members: Vec<(Box<str>, usize)>,
    /// Elements of a list, which are looked at once for each entry: one, unless very many are picked.
    pub(super) elements: Vec<Elements>,
    names: Names,
}

/// What is read of the elements of a list, each of which is looked at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Elements {
    /// Everything that is read of any of them.
    pub(super) node: usize,
    /// All places within an element.
    pub(super) places: Vec<usize>,
    /// All gatherings within an element.
    pub(super) gatherings: Vec<usize>,
    /// At most [`MOST_PICKS`].
    pub(super) picks: Vec<Pick>,
    /// What is taken of every element: from its place there into the gathering.
    pub(super) gathers: Vec<Taken>,
}

/// The element that a path means.
#[derive(Debug, Clone)]
pub(super) struct Pick {
    step: Step,
    /// Where the member stands that decides, of those that are chosen by one.
    pub(super) decides: Option<usize>,
    /// What the deciding member has to be; none: anything that is not blank.
    pub(super) wanted: Option<Box<str>>,
    /// What is taken of the element, place by place.
    pub(super) places: Vec<Taken>,
    /// The same, gathering by gathering.
    pub(super) gatherings: Vec<Taken>,
}

/// What stands at one place also goes to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The most elements that are picked in one look at a list: each is a bit of a word.
pub(super) const MOST_PICKS: usize = 64;

/// Names spread over buckets; those that differ only in the case of their letters share one.
#[derive(Debug, Clone, Default)]
struct Names {
    /// A power of two; of each the first member in it, counted from 1, or 0.
    buckets: Vec<u32>,
    /// Of each member the next one in its bucket.
    next: Vec<u32>,
}

impl Trie {
    /// A trie without places.
    pub(crate) fn new() -> Trie {
        Trie { nodes: vec![Node::default()], places: 0, gatherings: 0 }
    }

    /// The place at the end of a path; paths that end alike have one place.
    pub(crate) fn place_of(&mut self, path: &[Step]) -> usize {
        self.place_in(0, path)
    }

    /// The gathering of a member of all elements of the list at the end of a path, or of the
    /// elements themselves.
    pub(crate) fn gathering_of(&mut self, path: &[Step], member: Option<&str>) -> usize {
        self.gathering_in(0, path, member)
    }

    /// The same, ready to be read with.
    pub(crate) fn finish(mut self) -> Trie {
        for at in 0..self.nodes.len() {
            for index in 0..self.nodes[at].elements.len() {
                let (mut places, mut gatherings) = (Vec::new(), Vec::new());
                self.within(self.nodes[at].elements[index].node, &mut places, &mut gatherings);
                let elements = &mut self.nodes[at].elements[index];
                (elements.places, elements.gatherings) = (places, gatherings);
            }
            let node = &mut self.nodes[at];
            node.names = Names::of(&node.members);
        }
        self
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.places
    }

    pub(super) fn gatherings(&self) -> usize {
        self.gatherings
    }

    pub(super) fn root(&self) -> &Node {
        self.node(0)
    }

    #[inline]
    pub(super) fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }

    fn place_in(&mut self, at: usize, path: &[Step]) -> usize {
        match path.split_first() {
            None => self.place(at),
            Some((Step::Member(name), rest)) => {
                let member = self.member(at, name);
                self.place_in(member, rest)
            }
            Some((step @ (Step::First | Step::FirstWith(_) | Step::Is { .. }), rest)) => {
                let (group, pick) = self.pick(at, step);
                let from = self.place_in(self.nodes[at].elements[group].node, rest);
                let next = self.places;
                let taken = &mut self.nodes[at].elements[group].picks[pick].places;
                let to = taken_to(taken, from, next);
                self.places = self.places.max(to + 1);
                to
            }
        }
    }

    fn gathering_in(&mut self, at: usize, path: &[Step], member: Option<&str>) -> usize {
        match path.split_first() {
            None => {
                let group = self.elements(at, |_| true);
                let node = self.nodes[at].elements[group].node;
                let from = member.map_or(node, |member| self.member(node, member));
                let from = self.place(from);
                let to = self.gatherings;
                self.nodes[at].elements[group].gathers.push(Taken { from, to });
                self.gatherings += 1;
                to
            }
            Some((Step::Member(name), rest)) => {
                let node = self.member(at, name);
                self.gathering_in(node, rest, member)
            }
            Some((step @ (Step::First | Step::FirstWith(_) | Step::Is { .. }), rest)) => {
                let (group, pick) = self.pick(at, step);
                let node = self.nodes[at].elements[group].node;
                let from = self.gathering_in(node, rest, member);
                let next = self.gatherings;
                let taken = &mut self.nodes[at].elements[group].picks[pick].gatherings;
                let to = taken_to(taken, from, next);
                self.gatherings = self.gatherings.max(to + 1);
                to
            }
        }
    }

    fn member(&mut self, at: usize, name: &str) -> usize {
        let known = self.nodes[at].members.iter().find(|(own, _)| **own == *name);
        if let Some((_, node)) = known {
            return *node;
        }
        let node = self.add();
        // Also by its place a member is known that stands there twice.
        self.place(node);
        self.nodes[at].members.push((name.into(), node));
        node
    }

    /// The pick of a step among the elements of a list: their group, and which of it.
    fn pick(&mut self, at: usize, step: &Step) -> (usize, usize) {
        for (group, elements) in self.nodes[at].elements.iter().enumerate() {
            if let Some(pick) = elements.picks.iter().position(|pick| pick.step == *step) {
                return (group, pick);
            }
        }
        let group = self.elements(at, |elements| elements.picks.len() < MOST_PICKS);
        let node = self.nodes[at].elements[group].node;
        let (name, wanted) = match step {
            Step::FirstWith(name) => (Some(name), None),
            Step::Is { name, value } => (Some(name), Some(value.as_str().into())),
            Step::First | Step::Member(_) => (None, None),
        };
        let decides = name.map(|name| {
            let member = self.member(node, name);
            self.place(member)
        });
        let (places, gatherings) = (Vec::new(), Vec::new());
        let picks = &mut self.nodes[at].elements[group].picks;
        picks.push(Pick { step: step.clone(), decides, wanted, places, gatherings });
        (group, picks.len() - 1)
    }

    /// The first group of elements with room, or a new one.
    fn elements(&mut self, at: usize, has_room: impl Fn(&Elements) -> bool) -> usize {
        if let Some(group) = self.nodes[at].elements.iter().position(has_room) {
            return group;
        }
        let node = self.add();
        self.nodes[at].elements.push(Elements { node, ..Elements::default() });
        self.nodes[at].elements.len() - 1
    }

    fn add(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    fn place(&mut self, node: usize) -> usize {
        let next = self.places;
        let place = *self.nodes[node].place.get_or_insert(next);
        self.places = self.places.max(place + 1);
        place
    }

    /// All places and gatherings from a node on.
    fn within(&self, node: usize, places: &mut Vec<usize>, gatherings: &mut Vec<usize>) {
        let node = &self.nodes[node];
        places.extend(node.place);
        for (_, member) in &node.members {
            self.within(*member, places, gatherings);
        }
        for elements in &node.elements {
            gatherings.extend(elements.gathers.iter().map(|taken| taken.to));
            for pick in &elements.picks {
                places.extend(pick.places.iter().map(|taken| taken.to));
                gatherings.extend(pick.gatherings.iter().map(|taken| taken.to));
            }
            self.within(elements.node, places, gatherings);
        }
    }
}

/// Where something is taken to: where it goes already, or `next`.
fn taken_to(taken: &mut Vec<Taken>, from: usize, next: usize) -> usize {
    if let Some(known) = taken.iter().find(|taken| taken.from == from) {
        return known.to;
    }
    taken.push(Taken { from, to: next });
    next
}

impl Node {
    /// Whether members of an object are read.
    #[inline]
    pub(super) fn reads_members(&self) -> bool {
        !self.members.is_empty()
    }

    /// Whether something within the value is read.
    #[inline]
    pub(super) fn leads_on(&self) -> bool {
        !(self.members.is_empty() && self.elements.is_empty())
    }

    /// The node of the member of that name. A name that is spelled otherwise is nothing that one
    /// pass can judge.
    #[inline]
    pub(super) fn member(&self, name: &[u8]) -> Result<Option<usize>, Unusual> {
        let mut at = self.names.first(name);
        while let Some(index) = at.checked_sub(1) {
            match self.members.get(index) {
                Some((own, node)) if own.as_bytes() == name => return Ok(Some(*node)),
                Some((own, _)) if own.as_bytes().eq_ignore_ascii_case(name) => return Err(Unusual),
                Some(_) | None => at = self.names.next(index),
            }
        }
        Ok(None)
    }
}

impl Names {
    fn of(members: &[(Box<str>, usize)]) -> Names {
        if members.is_empty() {
            return Names::default();
        }
        let mut names = Names {
            buckets: vec![0; (members.len() * 8).next_power_of_two().max(64)],
            next: Vec::with_capacity(members.len()),
        };
        for (count, (name, _)) in (1..).zip(members) {
            let bucket = names.bucket(name.as_bytes());
            names.next.push(std::mem::replace(&mut names.buckets[bucket], count));
        }
        names
    }

    #[inline]
    fn first(&self, name: &[u8]) -> usize {
        self.buckets.get(self.bucket(name)).map_or(0, |count| *count as usize)
    }

    fn next(&self, index: usize) -> usize {
        self.next.get(index).map_or(0, |count| *count as usize)
    }

    #[inline]
    fn bucket(&self, name: &[u8]) -> usize {
        let at = |index: usize| name.get(index).map_or(0, |byte| usize::from(byte | 0x20));
        let (first, last) = (at(0), at(name.len().wrapping_sub(1)));
        let sum = name.len() + (first << 3) + (last << 9) + (at(name.len() / 2) << 16);
        (sum.wrapping_mul(0x9e37_79b9) >> 15) & self.buckets.len().wrapping_sub(1)
    }
}
