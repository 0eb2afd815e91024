//! Commands about endpoints of webhooks.

use kirana_domain::limits::URL_CHARS_MAX;
use kirana_domain::webhook_endpoints::EventName;
use kirana_domain::{EndpointId, Lsn, StoreId, Text};

/// Time for which the secret before signs beside the new one, in milliseconds: a day.
pub const ROTATION_MS: i64 = 24 * 60 * 60_000;

/// A command about an endpoint of webhooks.
#[derive(Clone)]
pub enum EndpointCommand {
    /// A new endpoint. It is told what happens from now on.
    Define {
        /// Its id, never used before.
        endpoint_id: EndpointId,
        /// The store whose orders it is told of; `None` for all.
        store_id: Option<StoreId>,
        /// Its address.
        url: Text<URL_CHARS_MAX>,
        /// The messages it wants, ascending; none for all.
        events: Vec<EventName>,
        /// False to begin paused.
        active: bool,
        /// Its secret in clear; sealed before it is recorded.
        secret: Vec<u8>,
    },
    /// Changes what is given. An endpoint that was disabled is mended by it, whatever it changes.
    Change {
        /// The endpoint.
        endpoint_id: EndpointId,
        /// Its address.
        url: Option<Text<URL_CHARS_MAX>>,
        /// The messages it wants.
        events: Option<Vec<EventName>>,
        /// False pauses it; true also brings back one that was disabled.
        active: Option<bool>,
    },
    /// Gives it a new secret; the one of today signs too for [`ROTATION_MS`].
    Rotate {
        /// The endpoint.
        endpoint_id: EndpointId,
        /// The new secret in clear; sealed before it is recorded.
        secret: Vec<u8>,
    },
    /// Removes it.
    Remove {
        /// The endpoint.
        endpoint_id: EndpointId,
    },
    /// Tells it everything again from a position on.
    Replay {
        /// The endpoint.
        endpoint_id: EndpointId,
        /// The first fact that comes again.
        from: Lsn,
    },
}

impl std::fmt::Debug for EndpointCommand {
    /// Writes the command without its secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Define { .. } => "Define",
            Self::Change { .. } => "Change",
            Self::Rotate { .. } => "Rotate",
            Self::Remove { .. } => "Remove",
            Self::Replay { .. } => "Replay",
        };
        f.debug_struct(name).field("endpoint_id", &self.endpoint_id()).finish_non_exhaustive()
    }
}

impl EndpointCommand {
    /// Returns the endpoint that the command is about.
    pub(crate) fn endpoint_id(&self) -> EndpointId {
        match self {
            Self::Define { endpoint_id, .. }
            | Self::Change { endpoint_id, .. }
            | Self::Rotate { endpoint_id, .. }
            | Self::Remove { endpoint_id }
            | Self::Replay { endpoint_id, .. } => *endpoint_id,
        }
    }
}
