//! The reader that the grammar gives; see `grammar/map.pest`.
//!
//! In: one logical line and the rule that reads it. Out: its pieces, or the place where it stops
//! and the rules that could have gone on there. Must not know: the tree, problems.

#[derive(Debug, pest_derive::Parser)]
#[grammar = "../../grammar/map.pest"]
pub(super) struct Grammar;
