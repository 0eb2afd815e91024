//! Calls to the world outside: the payment provider, and webhooks of the shop's other systems.
//!
//! Nothing here is awaited inside a decision. Calls follow from recorded facts, are made at least
//! once, and come back as commands.
//!
//! | file | holds |
//! |---|---|
//! | `payment_port.rs` | the port to the payment provider |
//! | `outbox.rs` | the calls to the payment provider |
//! | `webhook_endpoints.rs` | webhooks: one task for each endpoint |

pub(crate) mod outbox;
pub(crate) mod payment_port;
mod retry;
pub(crate) mod webhook_endpoints;
