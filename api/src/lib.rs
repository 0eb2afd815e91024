//! The gateway and the command line of Kirana.
//!
//! | module | what it is |
//! |---|---|
//! | [`cli`], [`config`], [`serve`] | the program: its commands, its settings, the server from start to stop |
//! | [`gateway`] | every route, the way of a request, the accept loop with its limits |
//! | [`permissions`], [`auth`], [`idempotency`] | who may do what; tokens; one wish, once |
//! | [`problem`] | every refusal in one table, and the one place where they are made |
//! | [`routes`] | the handlers: parse, submit, answer |
//! | [`json`], [`body`], [`query`], [`reply`] | what comes in, checked; what goes out |
//! | [`invoice`] | invoices and credit notes as JSON, a page to print, and PDF |
//! | [`live`] | streams of what happens to orders, by SSE and by WebSocket |
//! | [`import`] | a catalogue from a file, row by row |
//! | [`geojson`] | zones from and to GeoJSON |
//! | [`outbound`], [`razorpay`] | calls that we make; Razorpay's signatures, webhooks and API |
//! | [`hooks`] | webhooks out: signed, and never to where a stranger may not reach |
//! | [`razorpay_sim`] | a stand-in for Razorpay, for development and tests |

pub mod auth;
pub mod body;
pub mod cli;
pub mod config;
pub mod gateway;
pub mod geojson;
pub mod hooks;
pub mod idempotency;
pub mod import;
pub mod invoice;
pub mod json;
pub mod listener;
pub mod live;
pub mod metrics;
pub mod outbound;
pub mod output;
pub mod percent;
pub mod permissions;
pub mod problem;
pub mod query;
pub mod razorpay;
pub mod razorpay_sim;
pub mod reply;
pub mod request_id;
pub mod rfc3339;
pub mod router;
pub mod routes;
pub mod secret;
pub mod serve;

/// Runs the program with the arguments of this process.
pub fn main() -> std::process::ExitCode {
    cli::run()
}
