//! The sandbox by HTTP, as its clients see it. One program, so that it is linked once.

#[cfg(test)]
mod actors;
#[cfg(test)]
mod again;
#[cfg(test)]
mod broken;
#[cfg(test)]
mod bulk;
#[cfg(test)]
mod bus;
#[cfg(test)]
mod client;
#[cfg(test)]
mod cometd;
#[cfg(test)]
mod consent;
#[cfg(test)]
mod content;
#[cfg(test)]
mod deals;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod erased;
#[cfg(test)]
mod events;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod composite;
#[cfg(test)]
mod functions;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod listviews;
#[cfg(test)]
mod org;
#[cfg(test)]
mod partner_center;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod leads;
#[cfg(test)]
mod log;
#[cfg(test)]
mod login;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod pubsub;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod signin;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod search;
#[cfg(test)]
mod soql;
#[cfg(test)]
mod state;
#[cfg(test)]
mod states;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod swagger;
#[cfg(test)]
mod table;
#[cfg(test)]
mod told;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod webhooks;
#[cfg(test)]
mod writes;
