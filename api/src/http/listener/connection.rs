//! The two facts about a connection that its listener and the streams on it share.

use super::places::Place;
use std::sync::Arc;

/// The media type of a stream of events: a response without an end of its own.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";

/// A place among the connections; keeps one counted after it has changed to another protocol.
#[derive(Clone)]
pub(crate) struct ConnectionGuard(#[allow(dead_code, reason = "it is held, not read")] Arc<Place>);

impl ConnectionGuard {
    /// Holds a place of the listener until the last clone is dropped.
    pub(crate) fn new(place: Place) -> Self {
        Self(Arc::new(place))
    }
}
