//! The gateway and the command line of Kirana.
//!
//! | module | content |
//! |---|---|
//! | [`cli`] | the commands of the program, and how it prints |
//! | [`serve`] | the server from start to stop, and the demo store |
//! | [`config`] | settings: defaults, a file, the environment, flags |
//! | [`webhook_endpoints`] | webhooks to other systems: signed, and only to public addresses |
//! | [`http`] | the HTTP interface, from the accept loop to the handlers |
//! | [`invoice`] | invoices and credit notes as JSON, a page to print, and PDF |
//! | [`razorpay`] | the payment provider: signatures, webhooks, API, a stand-in |
//! | [`outbound`] | calls to other servers, with bounds |
//! | [`output`], [`percent`], [`rfc3339`], [`secret`] | printed lines, rates, moments, secrets |
//!
//! Imports point down this list.

#![warn(unreachable_pub)]

mod cli;
pub mod config;
mod http;
mod invoice;
pub mod outbound;
mod output;
mod percent;
pub mod razorpay;
mod rfc3339;
pub mod secret;
mod serve;
pub mod webhook_endpoints;

// The modules of the HTTP interface that tests and benches name.
pub use http::{auth, gateway, listener, metrics, router};

/// Runs the program with the arguments of this process.
pub fn main() -> std::process::ExitCode {
    cli::run()
}

/// Runs `kirana-proof` with the arguments of this process.
pub fn check_proof() -> std::process::ExitCode {
    cli::check_proof::run()
}
