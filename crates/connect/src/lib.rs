//! Gets and changes records in Partner Center and in Salesforce, and says plainly when that did not
//! work.
//!
//! In: addresses, sign-in data, record ids and ready JSON text. Out: record text exactly as received,
//! or an [`Error`] sorted by what to do next. It also judges whether a webhook call was signed by
//! Partner Center. It knows no mapping, no store, no file, no environment and no terminal.

pub mod browser;
pub mod device;
pub mod egress;
pub mod error;
pub mod gate;
pub mod ids;
pub mod partner_center;
pub mod salesforce;
pub mod seal;
pub mod secret;
pub mod webhook;

mod address;
mod chance;
mod members;
mod moment;
mod redact;
mod send;
mod token;

#[cfg(test)]
mod responder;

pub use egress::Destinations;
pub use error::Error;
pub use gate::{Lane, Pace, WireState};
pub use ids::{BadId, ETag, RecordId, ReferralId};
pub use partner_center::{PartnerCenter, PartnerCenterConfig};
pub use salesforce::{Salesforce, SalesforceConfig};
pub use secret::Secret;
pub use send::Timeouts;
pub use token::{Session, Turn, Vault};
