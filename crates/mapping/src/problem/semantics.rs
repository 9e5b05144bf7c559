//! The sentences of the problems that `check` finds.
