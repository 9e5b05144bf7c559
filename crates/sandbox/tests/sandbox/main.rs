//! The sandbox by HTTP, as its clients see it. One program, so that it is linked once.

#[cfg(test)]
mod client;
#[cfg(test)]
mod org;
#[cfg(test)]
mod partner_center;
#[cfg(test)]
mod composite;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod soql;
#[cfg(test)]
mod state;
#[cfg(test)]
mod webhooks;
