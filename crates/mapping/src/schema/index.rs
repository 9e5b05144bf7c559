//! Finds an item of a list by its name: a long list by an index, made when it is first asked.
//!
//! In: a list and a name. Out: the first item of that name. Must not know: what the items are.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Lists up to that length are looked through.
const SHORT: usize = 16;

/// Where the names of a list stand. A list that was asked about may grow and shrink, but its items
/// keep their names; a copy begins anew.
#[derive(Default)]
pub struct Index(OnceLock<Box<Known>>);

struct Known {
    places: HashMap<Box<str>, usize>,
    /// How long the list was.
    length: usize,
}

impl Index {
    /// The first item that `name_of` gives the name.
    pub(super) fn find<'i, T>(
        &self,
        items: &'i [T],
        name: &str,
        name_of: impl Fn(&T) -> Option<&str>,
    ) -> Option<&'i T> {
        if items.len() > SHORT {
            let known = self.0.get_or_init(|| Box::new(Known::of(items, &name_of)));
            if known.length == items.len() {
                return known.places.get(name).and_then(|place| items.get(*place));
            }
        }
        items.iter().find(|item| name_of(item) == Some(name))
    }
}

impl Known {
    fn of<T>(items: &[T], name_of: impl Fn(&T) -> Option<&str>) -> Known {
        let mut places = HashMap::with_capacity(items.len());
        for (place, item) in items.iter().enumerate() {
            if let Some(name) = name_of(item) {
                places.entry(name.into()).or_insert(place);
            }
        }
        Known { places, length: items.len() }
    }
}

impl Clone for Index {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// What an index knows stands in its list.
impl PartialEq for Index {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Index {}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Index")
    }
}
