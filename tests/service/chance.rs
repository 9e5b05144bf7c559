//! Chance that can be repeated: numbers from a seed.
//!
//! In: a seed. Out: numbers. Must not know: what they decide.

/// A source of numbers.
pub(crate) struct Chance(u64);

impl Chance {
    /// Seeded from `COSELL_SEED`, else with a fixed number; `story` keeps stories apart.
    pub(crate) fn new(story: u64) -> Self {
        let given = std::env::var("COSELL_SEED").ok().and_then(|seed| seed.parse().ok());
        Self((given.unwrap_or(7_u64) << 8 | story).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number from 0 to `below` - 1.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % below.max(1)
    }
}

/// How often a story of kills kills: `COSELL_KILLS`, else this often.
pub(crate) fn kills(usually: u64) -> u64 {
    std::env::var("COSELL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(usually)
}
