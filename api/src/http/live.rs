//! Live streams: what happens to orders, told as it becomes durable, by SSE and by WebSocket.
//!
//! | module | what it is |
//! |---|---|
//! | [`streams`] | how many streams there may be, in all and for each person |
//! | [`session`] | one stream: the state now, then every fact once, until its end |
//! | [`render`] | messages as JSON: CloudEvents 1.0.2, rendered once for all who listen |
//! | [`sse`], [`socket`] | the two ways to send them |

pub(crate) mod render;
pub(crate) mod session;
pub(crate) mod socket;
pub(crate) mod sse;
pub(crate) mod streams;

use std::time::Duration;

/// Pause on a quiet stream before a sign of life, so that no proxy takes it for dead.
pub(crate) const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
/// Pause of a client before it reconnects, in milliseconds.
pub(crate) const RETRY_MS: u32 = 3_000;
