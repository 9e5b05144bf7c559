//! What a plan does with records, seen from outside: its decisions, lists, laws, `apply`, `settle`.
//! One program, so that it is linked once.

#[cfg(test)]
mod applied;
#[cfg(test)]
mod apply;
#[cfg(test)]
mod clauses;
#[cfg(test)]
mod corners;
#[cfg(test)]
mod create;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod garbage;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod hash;
#[cfg(test)]
mod held;
#[cfg(test)]
mod in_step;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod life;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod lists_held;
#[cfg(test)]
mod report;
#[cfg(test)]
mod require;
#[cfg(test)]
mod list_of;
#[cfg(test)]
mod losses;
#[cfg(test)]
mod match_several;
#[cfg(test)]
mod overlays;
#[cfg(test)]
mod random_tables;
#[cfg(test)]
mod related;
#[cfg(test)]
mod settle;
#[cfg(test)]
mod several;
mod stability;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod union;
#[cfg(test)]
mod values;
