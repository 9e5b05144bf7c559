//! The engines that are compared: their names, and the packages that they are in.
//!
//! In: nothing. Out: a table. Must not know: how they are measured.

/// The one that the others are compared with.
pub(crate) const BASE: &str = "hand_typed";

/// One engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    /// `bench-PACKAGE`; its programs are `PACKAGE` and `PACKAGE_counting`.
    pub(crate) package: &'static str,
    /// Whether it also runs as a filter.
    pub(crate) streams: bool,
}

/// All of them.
pub(crate) const ENGINES: &[Engine] = &[
    Engine { name: BASE, package: "hand", streams: true },
    Engine { name: "hand_raw", package: "hand", streams: true },
    Engine { name: "hand_value", package: "hand", streams: true },
    Engine { name: "cosell", package: "ours", streams: false },
    Engine { name: "vrl", package: "vrl", streams: false },
    Engine { name: "jaq", package: "jaq", streams: false },
];
