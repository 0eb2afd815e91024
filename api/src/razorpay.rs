//! Razorpay, from our side: its signatures, its webhooks, and the calls that we make.
//!
//! | module | what it is |
//! |---|---|
//! | [`signature`] | proofs that a checkout or a webhook is Razorpay's |
//! | [`entity`] | payments, orders and refunds as Razorpay writes them, checked and bounded |
//! | `tolerant` | JSON with texts, numbers and depths that are wrong |
//! | [`webhook`] | the body of a webhook as facts |
//! | [`client`] | orders, captures and refunds, each safe to be asked for again |
//! | `sim` | a stand-in for Razorpay, for development and tests |
//! | [`port`] | the engine's port to a payment provider, over these calls |
//!
//! Nothing here decides anything: what a fact means for an order is the engine's to say.

pub mod client;
pub mod entity;
pub mod port;
pub mod signature;
#[cfg(feature = "demo")]
pub mod sim;
mod tolerant;
pub mod webhook;

use crate::secret::Secret;
use client::Access;

/// Tells the operator that something of Razorpay could not be read: a `message`, or an entry of its
/// `books`.
pub(crate) fn unread(of: &'static str, sentence: &str) {
    tracing::error!(of, sentence, "something that the payment provider says cannot be read");
    metrics::counter!("kirana_provider_unread_total", "of" => of).increment(1);
}

/// The access to Razorpay, and the secrets that prove its webhooks.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// For our calls. Its `key_secret` also proves what the checkout brings back.
    pub access: Access,
    /// Secrets of webhooks: that of today, then the previous one.
    pub webhook_secrets: Vec<Secret>,
}
