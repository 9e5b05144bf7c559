//! The sentences of the problems that `parse` finds.
