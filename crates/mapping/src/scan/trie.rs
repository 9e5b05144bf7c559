//! The places that a plan reads, as a tree of the names that lead to them.
//!
//! In: paths. Out: [`Trie`], through which one pass finds them all. Must not know: texts, fields.

use super::{Found, Unusual};
use crate::plan::Step;

/// The most names that may be read of one object: they are ticked off in the bits of a word.
const MOST_MEMBERS: usize = 64;

/// Places in a record, by the ways that lead to them.
#[derive(Debug, Clone)]
pub(crate) struct Trie {
    /// The first is the record itself.
    nodes: Vec<Node>,
    /// How many places there are.
    places: usize,
    /// For each path the place where it ends; two paths may end at one.
    ends: Vec<usize>,
}

/// What is read of one value.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) place: Option<usize>,
    /// Members of an object: their names and nodes.
    pub(super) members: Vec<(Box<str>, usize)>,
    /// Elements of a list.
    pub(super) choices: Vec<Choice>,
}

/// Which element of a list is read.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    step: Step,
    pub(super) node: usize,
    /// Where the member stands that decides, of those that are chosen by one.
    decides: Option<usize>,
    /// All places within the element.
    pub(super) places: Vec<usize>,
}

impl Trie {
    /// The trie of these paths. None: too much is read of one object.
    pub(crate) fn of<'p>(paths: impl IntoIterator<Item = &'p [Step]>) -> Option<Trie> {
        let mut trie = Trie { nodes: vec![Node::default()], places: 0, ends: Vec::new() };
        for path in paths {
            let node = path.iter().fold(0, |at, step| trie.step(at, step));
            let place = trie.place(node);
            trie.ends.push(place);
        }
        for at in 0..trie.nodes.len() {
            for index in 0..trie.nodes[at].choices.len() {
                let node = trie.nodes[at].choices[index].node;
                let mut places = Vec::new();
                trie.gather(node, &mut places);
                trie.nodes[at].choices[index].places = places;
            }
        }
        let fits = |node: &Node| node.members.len() <= MOST_MEMBERS;
        trie.nodes.iter().all(fits).then_some(trie)
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// The place at the end of the n-th path.
    pub(crate) fn end(&self, path: usize) -> Option<usize> {
        self.ends.get(path).copied()
    }

    pub(super) fn root(&self) -> &Node {
        self.node(0)
    }

    pub(super) fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }

    fn step(&mut self, at: usize, step: &Step) -> usize {
        match step {
            Step::Member(name) => self.member(at, name),
            Step::First | Step::FirstWith(_) | Step::Is { .. } => self.choice(at, step),
        }
    }

    fn member(&mut self, at: usize, name: &str) -> usize {
        let known = self.nodes[at].members.iter().find(|(own, _)| **own == *name);
        if let Some((_, node)) = known {
            return *node;
        }
        let node = self.add();
        self.nodes[at].members.push((name.into(), node));
        node
    }

    fn choice(&mut self, at: usize, step: &Step) -> usize {
        if let Some(choice) = self.nodes[at].choices.iter().find(|choice| choice.step == *step) {
            return choice.node;
        }
        let node = self.add();
        let decides = match step {
            Step::FirstWith(name) | Step::Is { name, .. } => {
                let decides = self.member(node, name);
                Some(self.place(decides))
            }
            Step::First | Step::Member(_) => None,
        };
        let choice = Choice { step: step.clone(), node, decides, places: Vec::new() };
        self.nodes[at].choices.push(choice);
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
        for choice in &node.choices {
            self.gather(choice.node, places);
        }
    }
}

impl Node {
    /// Whether something within the value is read.
    pub(super) fn leads_on(&self) -> bool {
        !(self.members.is_empty() && self.choices.is_empty())
    }

    /// The member of that name: its number and its node. A name that is spelled otherwise is
    /// nothing that one pass can judge.
    #[inline]
    pub(super) fn member(&self, name: &str) -> Result<Option<(usize, usize)>, Unusual> {
        let alike = |(_, (own, _)): &(usize, &(Box<str>, usize))| {
            own.len() == name.len() && own.eq_ignore_ascii_case(name)
        };
        match self.members.iter().enumerate().find(alike) {
            None => Ok(None),
            Some((index, (own, node))) if **own == *name => Ok(Some((index, *node))),
            Some(_) => Err(Unusual),
        }
    }
}

impl Choice {
    /// Whether the element that was just looked at is the one.
    pub(super) fn takes(&self, found: &[Found<'_>]) -> Result<bool, Unusual> {
        let decides = self.decides.and_then(|place| found.get(place));
        match (&self.step, decides) {
            (Step::First | Step::Member(_), _) => Ok(true),
            (_, None | Some(Found::Missing | Found::Null)) => Ok(false),
            (_, Some(Found::Text { plain: false, .. })) => Err(Unusual),
            (Step::FirstWith(_), Some(Found::Text { raw, .. })) => Ok(!raw.trim().is_empty()),
            (Step::FirstWith(_), Some(_)) => Ok(true),
            (Step::Is { value, .. }, Some(Found::Text { raw, .. })) => Ok(raw == value),
            (Step::Is { .. }, Some(_)) => Ok(false),
        }
    }
}
