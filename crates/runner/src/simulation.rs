//! The whole runner in one thread, in an order and with faults that a seed repeats bit for bit.
//!
//! In: seeds. Out: how many values were lost, records doubled, values misordered and writes echoed, as the
//! histories at the two ends say. Must not know: sockets, threads of the runner, the machine's time.
//!
//! What runs is what ships: worker, poll, sweep and the store's own code over its real database, in
//! memory. Only the two systems are models, and only they and the people in front of them are asked what
//! happened. Every await on a wire or on the store is a point where the scheduler decides who goes on,
//! how long it takes and what goes wrong.

mod chance;
mod ledger;
mod partner_center;
mod people;
mod plans;
mod run;
mod sabotage;
mod salesforce;
mod seeds;
mod stage;
mod state;
mod store;
mod story;
mod verdict;
mod wires;
pub(crate) mod world;
mod written;
