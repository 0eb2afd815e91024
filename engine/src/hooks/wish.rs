//! Commands about endpoints, decided one after the other.

use super::seal;
use crate::command::{Outcome, Receipt, Refusal};
use crate::desk::Core;
use crate::door::Ticket;
use crate::journal_writer::Then;
use kirana_domain::hooks::{EventName, Hook};
use kirana_domain::limits::URL_CHARS_MAX;
use kirana_domain::{Endpoint, EndpointId, Event, Lsn, Record, StoreId, Text};
use std::sync::Arc;

/// How long the secret before signs beside the new one, in milliseconds: a day.
pub const ROTATION_MS: i64 = 24 * 60 * 60_000;

/// What is wanted of an endpoint of webhooks.
#[derive(Clone)]
pub enum HookWish {
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

impl std::fmt::Debug for HookWish {
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

impl HookWish {
    fn endpoint_id(&self) -> EndpointId {
        match self {
            Self::Define { endpoint_id, .. }
            | Self::Change { endpoint_id, .. }
            | Self::Rotate { endpoint_id, .. }
            | Self::Remove { endpoint_id }
            | Self::Replay { endpoint_id, .. } => *endpoint_id,
        }
    }
}

/// Decides on endpoints, one command after the other.
pub(crate) async fn decide_and_record(core: Arc<Core>, wish: HookWish, ticket: Ticket) {
    let lane = Arc::clone(&core.hooks.lane).lock_owned().await;
    match decide(&core, wish) {
        Err(refusal) => ticket.answer(Err(refusal)),
        Ok(None) => {
            let (lsn, outcome) = (core.world.lsn(), Outcome::Unchanged);
            ticket.answer(Ok(Receipt { lsn, replayed: false, outcome }));
        }
        Ok(Some(event)) => {
            let (by, key) = (ticket.by(), ticket.key());
            let record = Record { at_ms: core.clock.now_ms(), by, key, event };
            let then = Then { ticket: Some(ticket), lane: Some(lane), ..Then::default() };
            core.journal.append(vec![record], then);
        }
    }
}

fn decide(core: &Core, wish: HookWish) -> Result<Option<Event>, Refusal> {
    let hook = core.world.people(|people| people.hooks.get(wish.endpoint_id()).cloned());
    let known = || hook.clone().ok_or(Refusal::EndpointUnknown);
    let defined = |endpoint| Ok(Some(Event::EndpointDefined { endpoint: Arc::new(endpoint) }));
    match wish {
        HookWish::Define { endpoint_id: id, store_id, url, events, active, secret } => {
            let has_store = |id| core.world.catalogue(|catalogue| catalogue.store(id).is_some());
            match () {
                () if !store_id.is_none_or(has_store) => Err(Refusal::StoreUnknown),
                () if hook.is_some() => Err(Refusal::Changed),
                () if !core.world.people(|people| people.hooks.has_room()) => Err(Refusal::TooMany),
                () => {
                    let secret = seal(core, id, &secret);
                    defined(Endpoint { id, store_id, url, events, active, secret, previous: None })
                }
            }
        }
        HookWish::Change { url, events, active, .. } => {
            let Hook { endpoint, disabled, .. } = known()?;
            let changed = Endpoint {
                url: url.unwrap_or_else(|| endpoint.url.clone()),
                events: events.unwrap_or_else(|| endpoint.events.clone()),
                active: active.unwrap_or(endpoint.active),
                ..Endpoint::clone(&endpoint)
            };
            // Whatever is changed of a disabled endpoint, it is mended by it.
            let is_mended = disabled.is_some() && active == Some(true);
            if changed == *endpoint && !is_mended { Ok(None) } else { defined(changed) }
        }
        HookWish::Rotate { endpoint_id, secret } => {
            let endpoint = known()?.endpoint;
            let until_ms = core.clock.now_ms() + ROTATION_MS;
            let previous = Some((Arc::clone(&endpoint.secret), until_ms));
            let secret = seal(core, endpoint_id, &secret);
            defined(Endpoint { secret, previous, ..Endpoint::clone(&endpoint) })
        }
        HookWish::Remove { endpoint_id } => {
            Ok(hook.is_some().then_some(Event::EndpointRemoved { endpoint_id }))
        }
        HookWish::Replay { endpoint_id, from } => {
            known()?;
            Ok(Some(Event::EndpointReplayed { endpoint_id, from }))
        }
    }
}
