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
    /// Elements of a list.
    pub(super) picks: Vec<Pick>,
    names: Names,
}

/// The element of a list that is read, or the member of all of them.
#[derive(Debug, Clone)]
pub(super) struct Pick {
    step: Option<Step>,
    pub(super) node: usize,
    /// Where the member stands that decides, of those that are chosen by one; or that is gathered.
    pub(super) decides: Option<usize>,
    /// What the deciding member has to be; none: anything that is not blank.
    pub(super) wanted: Option<Box<str>>,
    /// The member of every element goes there.
    pub(super) gathers: Option<usize>,
    /// All places within the element.
    pub(super) places: Vec<usize>,
}

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
        let node = self.walk(path);
        self.place(node)
    }

    /// The gathering of a member of all elements of the list at the end of a path, or of the
    /// elements themselves.
    pub(crate) fn gathering_of(&mut self, path: &[Step], member: Option<&str>) -> usize {
        let list = self.walk(path);
        let node = self.add();
        let gathered = member.map_or(node, |member| self.member(node, member));
        let decides = Some(self.place(gathered));
        let gathers = Some(self.gatherings);
        self.gatherings += 1;
        let places = Vec::new();
        self.nodes[list].picks.push(Pick {
            step: None,
            node,
            decides,
            wanted: None,
            gathers,
            places,
        });
        self.gatherings - 1
    }

    /// The same, ready to be read with.
    pub(crate) fn finish(mut self) -> Trie {
        for at in 0..self.nodes.len() {
            for index in 0..self.nodes[at].picks.len() {
                let mut places = Vec::new();
                self.gather(self.nodes[at].picks[index].node, &mut places);
                self.nodes[at].picks[index].places = places;
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

    fn walk(&mut self, path: &[Step]) -> usize {
        path.iter().fold(0, |at, step| match step {
            Step::Member(name) => self.member(at, name),
            Step::First | Step::FirstWith(_) | Step::Is { .. } => self.pick(at, step),
        })
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

    fn pick(&mut self, at: usize, step: &Step) -> usize {
        if let Some(pick) = self.nodes[at].picks.iter().find(|p| p.step.as_ref() == Some(step)) {
            return pick.node;
        }
        let node = self.add();
        let (name, wanted) = match step {
            Step::FirstWith(name) => (Some(name), None),
            Step::Is { name, value } => (Some(name), Some(value.as_str().into())),
            Step::First | Step::Member(_) => (None, None),
        };
        let decides = name.map(|name| {
            let member = self.member(node, name);
            self.place(member)
        });
        let (step, places) = (Some(step.clone()), Vec::new());
        self.nodes[at].picks.push(Pick { step, node, decides, wanted, gathers: None, places });
        node
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

    /// All places from a node on.
    fn gather(&self, node: usize, places: &mut Vec<usize>) {
        let node = &self.nodes[node];
        places.extend(node.place);
        for (_, member) in &node.members {
            self.gather(*member, places);
        }
        for pick in &node.picks {
            self.gather(pick.node, places);
        }
    }
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
        !(self.members.is_empty() && self.picks.is_empty())
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
