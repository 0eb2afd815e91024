//! The HTTP interface, from the accept loop to the handlers.
//!
//! | file | content |
//! |---|---|
//! | [`dayliz`] | the API of the Dayliz app, as another face of the router |
//! | [`browsers`] | pages that may read answers, and what browsers are told of each |
//! | [`router`] | every route, and the one function that each request goes through |
//! | [`routes`] | the handlers, one file for each resource: parse, submit, answer |
//! | [`import`] | a catalogue from a file, row by row |
//! | [`gateway`] | the state that connections share, and one call on its way |
//! | [`live`] | streams of what happens to orders, by SSE and by WebSocket |
//! | [`listener`] | the accept loop with its limits |
//! | [`metrics`] | counts and times of every route |
//! | [`quotas`] | how many calls a person and an address may make in a minute |
//! | [`auth`], [`idempotency`], [`permissions`] | tokens; one request, once; who may do what |
//! | [`geojson`] | zones from and to GeoJSON |
//! | `refusals` | from the refusals of engine and domain to problems |
//! | [`json`], [`query`], [`body`], [`accept`] | requests, checked; the views that responses show |
//! | [`problem`] | every refusal in one table, and the one place where they are made |
//! | [`reply`], [`language`] | responses that are no refusals; the language of who reads one |
//! | [`peer`] | callers by the network that they come from, and behind trusted proxies |
//! | [`request_id`] | the id of a request, and what no text of a refusal may have |
//!
//! Imports point down this list.

pub(crate) mod accept;
pub mod auth;
pub(crate) mod body;
pub(crate) mod browsers;
mod canonical;
pub(crate) mod dayliz;
pub mod gateway;
pub(crate) mod geojson;
pub(crate) mod idempotency;
pub(crate) mod import;
pub(crate) mod json;
pub(crate) mod language;
pub mod listener;
pub(crate) mod live;
pub mod metrics;
pub(crate) mod peer;
pub(crate) mod permissions;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod quotas;
pub(crate) mod refusals;
pub(crate) mod reply;
pub(crate) mod request_id;
pub mod router;
pub(crate) mod routes;
