//! The two facts about a connection that its listener and the streams on it share.

use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// The media type of a stream of events: a response without an end of its own.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";

/// A place among the connections; keeps one counted after it has changed to another protocol.
#[derive(Clone)]
pub(crate) struct ConnectionGuard(
    #[allow(dead_code, reason = "it is held, not read")] Arc<OwnedSemaphorePermit>,
);

impl ConnectionGuard {
    /// Holds a permit of the listener until the last clone is dropped.
    pub(crate) fn new(permit: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(permit))
    }
}
