//! What the plan made of the same values before.
//!
//! In: the values as they stand in records. Out: what was remembered for them. Bounded: a new entry
//! takes the place of an old one. Must not know: lines, plans.

/// How many places there are.
const PLACES: usize = 64;

/// How many entries share a place.
const SHARED: usize = 4;

/// The longest values that are remembered, in bytes.
const LONGEST: usize = 96;

/// What was made of values: a `V`.
#[derive(Debug)]
pub(super) struct Memo<V> {
    /// Those that share a place stand side by side.
    entries: Vec<Entry<V>>,
    /// Which of those that share a place gives way next.
    next: usize,
    /// The values that are looked for.
    wanted: Vec<u8>,
}

#[derive(Debug)]
struct Entry<V> {
    values: Vec<u8>,
    /// None: not used yet.
    made: Option<V>,
}

impl<V> Default for Memo<V> {
    fn default() -> Memo<V> {
        Memo { entries: Vec::new(), next: 0, wanted: Vec::new() }
    }
}

impl<V> Memo<V> {
    /// Begins to look for something.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.wanted.clear();
    }

    /// Adds a value to what is looked for: its form and how it is written.
    #[inline]
    pub(super) fn add(&mut self, form: u8, raw: &[u8]) {
        // No text in UTF-8 has this byte.
        self.wanted.extend_from_slice(&[0xff, form]);
        self.wanted.extend_from_slice(raw);
    }

    /// What was made of it.
    #[inline]
    pub(super) fn find(&self) -> Option<&V> {
        let place = self.place();
        let shared = self.entries.get(place..place + SHARED)?;
        let entry = shared.iter().find(|entry| entry.values == self.wanted)?;
        entry.made.as_ref()
    }

    /// Remembers what was made of it.
    pub(super) fn keep(&mut self, made: V) {
        if self.wanted.len() > LONGEST {
            return;
        }
        if self.entries.is_empty() {
            let empty = || Entry { values: Vec::new(), made: None };
            self.entries.resize_with(PLACES * SHARED, empty);
        }
        self.next = (self.next + 1) % SHARED;
        let place = self.place() + self.next;
        if let Some(entry) = self.entries.get_mut(place) {
            entry.values.clone_from(&self.wanted);
            entry.made = Some(made);
        }
    }

    /// The first of the entries that share the place of what is looked for.
    #[inline]
    fn place(&self) -> usize {
        let mut hash = self.wanted.len() as u64;
        let (words, rest) = self.wanted.as_chunks::<8>();
        for word in words {
            hash = mixed(hash, u64::from_le_bytes(*word));
        }
        let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        usize::try_from(mixed(hash, last) >> 48).unwrap_or(0) % PLACES * SHARED
    }
}

#[inline]
fn mixed(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
