//! A map and the maps that it extends -> one tree.
//!
//! In: a text, a way to get the text of a base. Out: the composed [`Tree`], whose places lie in
//! [`Sources`], and what is wrong with how the texts fit together. Must not know: schemas, plans,
//! files. Each level is woven into the one below it: `weave` carries out the lines, `lines`
//! finds them, `line` says which line is meant, `say` has the sentences.

mod line;
mod lines;
mod say;
mod weave;

use crate::parse;
use crate::problem::{Code, Problem};
use crate::sources::Sources;
use crate::tree::{At, Entry, Item, Span, Tree};

/// A map that another extends.
#[derive(Debug, Clone)]
pub struct Base {
    /// What its file is called in messages.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Gives the base with a name to the file that asks for it, or the names that there are.
pub type Bases<'b> = &'b mut dyn FnMut(&str, &str) -> Result<Base, Vec<String>>;

/// Maps that extend one another, the first one's own included.
const MOST_LEVELS: usize = 16;

/// A map with its bases.
#[derive(Debug)]
pub(crate) struct Composed {
    pub(crate) sources: Sources,
    pub(crate) tree: Tree,
    pub(crate) problems: Vec<Problem>,
    /// Every base was found and read: the tree is a whole map.
    pub(crate) complete: bool,
}

/// Reads a map and its bases, and makes one tree of them.
pub(crate) fn compose(file: &str, text: &str, bases: Bases<'_>) -> Composed {
    let mut texts: Vec<(String, String)> = vec![(file.to_owned(), text.to_owned())];
    let (mut trees, mut problems) = (Vec::new(), Vec::new());
    let mut sources = Sources::one(file, text);
    let mut complete = true;
    loop {
        let last = texts.len() - 1;
        let own = texts.get(last).map_or("", |(_, text)| text.as_str());
        let (tree, found) = parse::parse_at(own, sources.start_of(last));
        complete &= found.iter().all(|problem| problem.code != Code::TooLarge);
        problems.extend(found);
        let base = extends(&tree, &mut problems);
        trees.push(tree);
        let Some(base) = base.filter(|_| complete) else { break };
        let asking = texts.get(last).map_or(file, |(file, _)| file.as_str());
        match load(&base, asking, &texts, bases) {
            Ok(found) => texts.push((found.file, found.text)),
            Err(problem) => {
                problems.push(*problem);
                complete = false;
                break;
            }
        }
        sources = Sources::of(texts.iter().map(|(file, text)| (file.as_str(), text.as_str())));
    }
    let mut tree = trees.pop().unwrap_or_default();
    if complete {
        for overlay in trees.into_iter().rev() {
            tree = weave::weave(tree, overlay, &sources, &mut problems);
        }
    } else if let Some(own) = trees.into_iter().next() {
        tree = own;
    }
    Composed { sources, tree, problems, complete }
}

/// The base that a map names; a line about a base needs one.
fn extends(tree: &Tree, problems: &mut Vec<Problem>) -> Option<At<String>> {
    let mut base: Option<At<String>> = None;
    let mut alone: Option<Span> = None;
    for entry in &tree.entries {
        let Entry::Line { item, span, .. } = entry else { continue };
        match item {
            Item::Extends(name) => match &base {
                Some(first) => problems.push(say::extends_twice(first.span, name.span)),
                None => base = Some(name.clone()),
            },
            Item::Edit { .. } | Item::Drop(_) => alone = alone.or(Some(*span)),
            Item::Language(_)
            | Item::Mapping { .. }
            | Item::Side { .. }
            | Item::Match { .. }
            | Item::Sync(_)
            | Item::Defaults(_)
            | Item::Values { .. }
            | Item::Fields(_)
            | Item::Related { .. }
            | Item::Each { .. }
            | Item::Require(_)
            | Item::Report(_)
            | Item::Example { .. } => {}
        }
    }
    if let (Some(span), None) = (alone, &base) {
        problems.push(say::no_extends(span));
    }
    base
}

fn load(
    base: &At<String>,
    asking: &str,
    texts: &[(String, String)],
    bases: Bases<'_>,
) -> Result<Base, Box<Problem>> {
    if texts.len() >= MOST_LEVELS {
        return Err(Box::new(say::too_many_levels(base, MOST_LEVELS)));
    }
    match bases(&base.value, asking) {
        Ok(found) if texts.iter().any(|(file, _)| *file == found.file) => {
            let files = texts.iter().map(|(file, _)| file.as_str()).collect::<Vec<_>>();
            Err(Box::new(say::cycle(base, &files, &found.file)))
        }
        Ok(found) => Ok(found),
        // Nobody else has that name, so it is its own that it gives.
        Err(_) if is_own_name(base, texts) => Err(Box::new(say::cycle(base, &[asking], asking))),
        Err(names) => Err(Box::new(say::unknown_base(base, &names))),
    }
}

/// Whether a base is called what the map that asks for it calls itself.
fn is_own_name(base: &At<String>, texts: &[(String, String)]) -> bool {
    let own = texts.last().and_then(|(_, text)| names_of(text).0);
    own.is_some_and(|own| own == base.value)
}

/// The name that a text declares with its `mapping` line, and that of the base which it extends.
pub fn names_of(text: &str) -> (Option<String>, Option<String>) {
    let (tree, _) = parse::parse(text);
    let (mut own, mut base) = (None, None);
    for entry in tree.entries {
        match entry {
            Entry::Line { item: Item::Mapping { name, .. }, .. } => own = Some(name.value),
            Entry::Line { item: Item::Extends(name), .. } => base = Some(name.value),
            Entry::Line { .. } | Entry::Comment(_) | Entry::Blank(_) | Entry::Unreadable(_) => {}
        }
    }
    (own, base)
}
