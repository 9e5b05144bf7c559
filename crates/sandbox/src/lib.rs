//! sandbox
mod call; mod clock; mod database; mod decimal; mod outbox; mod salesforce; mod partner_center; mod sign; mod store;
