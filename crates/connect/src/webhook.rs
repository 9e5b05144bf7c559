//! Webhook calls of Partner Center: who gets them, who signed them, what they say.
//!
//! In: the registration wanted; headers and body of a call. Out: the registration as it is, a verdict
//! on the signature, and a hint that a referral may have changed. It serves no socket.

pub mod event;
pub mod registration;
pub mod signature;

mod address;
mod certificate;
mod source;

pub use address::Address;
pub use event::{BadEvent, Event, EventName};
pub use registration::{Registration, Validation, ValidationResult};
pub use signature::{Refusal, SignatureHeaders, Trust, Verifier};
