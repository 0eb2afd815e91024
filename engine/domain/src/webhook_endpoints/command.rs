//! Commands about endpoints of webhooks, and the decisions on them.

use super::{Endpoint, EndpointBook, EventName, Hook};
use crate::limits::URL_CHARS_MAX;
use crate::time::AtMs;
use crate::{EndpointId, Event, Lsn, StoreId, Text, Unfit};
use std::sync::Arc;

/// Time for which the secret before signs beside the new one, in milliseconds: a day.
pub const ROTATION_MS: i64 = 24 * 60 * 60_000;

/// A command about an endpoint of webhooks.
#[derive(Clone)]
pub enum EndpointCommand {
    /// Defines a new endpoint. It is told of facts from now on.
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
    /// Without the secret.
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
    pub fn endpoint_id(&self) -> EndpointId {
        match self {
            Self::Define { endpoint_id, .. }
            | Self::Change { endpoint_id, .. }
            | Self::Rotate { endpoint_id, .. }
            | Self::Remove { endpoint_id }
            | Self::Replay { endpoint_id, .. } => *endpoint_id,
        }
    }
    /// Returns the store whose orders the endpoint of a definition is to be told of.
    pub fn store_id(&self) -> Option<StoreId> {
        match self {
            Self::Define { store_id, .. } => *store_id,
            _ => None,
        }
    }
}

/// Read-only facts that a decision on an endpoint uses.
#[derive(Clone, Copy, Debug)]
pub struct EndpointContext {
    /// The moment of the decision.
    pub at_ms: AtMs,
    /// False when the command names a store that was never opened.
    pub has_store: bool,
}

impl EndpointBook {
    /// Decides on a command; `None` when all is so already. `seal` hides a secret with the key of
    /// its endpoint, and is called only for one that is accepted.
    ///
    /// # Errors
    /// [`Unfit::StoreUnknown`], [`Unfit::EndpointUnknown`], [`Unfit::Changed`] or
    /// [`Unfit::TooMany`].
    pub fn decide(
        &self,
        command: EndpointCommand,
        EndpointContext { at_ms, has_store }: EndpointContext,
        seal: impl FnOnce(EndpointId, &[u8]) -> Arc<[u8]>,
    ) -> Result<Option<Event>, Unfit> {
        let hook = self.get(command.endpoint_id());
        let known = hook.ok_or(Unfit::EndpointUnknown);
        let defined = |endpoint| Ok(Some(Event::EndpointDefined { endpoint: Arc::new(endpoint) }));
        match command {
            EndpointCommand::Define { endpoint_id: id, store_id, url, events, active, secret } => {
                if !has_store {
                    return Err(Unfit::StoreUnknown);
                }
                if hook.is_some() {
                    return Err(Unfit::Changed);
                }
                if !self.has_room() {
                    return Err(Unfit::TooMany);
                }
                let secret = seal(id, &secret);
                defined(Endpoint { id, store_id, url, events, active, secret, previous: None })
            }
            EndpointCommand::Change { url, events, active, .. } => {
                let Hook { endpoint, disabled, .. } = known?;
                let changed = Endpoint {
                    url: url.unwrap_or_else(|| endpoint.url.clone()),
                    events: events.unwrap_or_else(|| endpoint.events.clone()),
                    active: active.unwrap_or(endpoint.active),
                    ..Endpoint::clone(endpoint)
                };
                // A disabled endpoint that is called active is mended, even if nothing differs.
                let is_mended = disabled.is_some() && active == Some(true);
                if changed == **endpoint && !is_mended { Ok(None) } else { defined(changed) }
            }
            EndpointCommand::Rotate { endpoint_id, secret } => {
                let endpoint = &known?.endpoint;
                let previous = Some((Arc::clone(&endpoint.secret), at_ms + ROTATION_MS));
                let secret = seal(endpoint_id, &secret);
                defined(Endpoint { secret, previous, ..Endpoint::clone(endpoint) })
            }
            EndpointCommand::Remove { endpoint_id } => {
                Ok(hook.is_some().then_some(Event::EndpointRemoved { endpoint_id }))
            }
            EndpointCommand::Replay { endpoint_id, from } => {
                known?;
                Ok(Some(Event::EndpointReplayed { endpoint_id, from }))
            }
        }
    }
}
