//! Webhooks out: other systems of the shop that are told of every change of an order, and the
//! progress of each of them.
//!
//! The deliveries follow from the log: an endpoint has a position, up to which every fact was
//! delivered or waits in its list of retries. A restart must not forget the position and the
//! deliveries that failed, so those are recorded.

mod command;

pub use command::{EndpointCommand, EndpointContext, ROTATION_MS};

use crate::digest::Digester;
use crate::facts::ErrorText;
use crate::limits::{ENDPOINT_EVENTS_MAX, ENDPOINTS_MAX, EVENT_NAME_CHARS_MAX, URL_CHARS_MAX};
use crate::time::AtMs;
use crate::{EndpointId, Event, Lsn, Record, StoreId, Text};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Pauses between a failed try and the next one, in milliseconds: at once, 5 s, 5 min,
/// 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h (the schedule that Standard Webhooks 1.0.0 proposes).
const RETRY_AFTER_MS: [i64; TRIES_MAX as usize - 1] = [
    5_000,
    5 * 60_000,
    30 * 60_000,
    2 * 3_600_000,
    5 * 3_600_000,
    10 * 3_600_000,
    14 * 3_600_000,
    20 * 3_600_000,
    24 * 3_600_000,
];

/// Tries of one delivery; after the last one its endpoint is disabled.
pub const TRIES_MAX: u16 = 10;

/// Returns the pause after the `tries`-th failed try of a delivery, in milliseconds; `None` after
/// the last one.
pub fn retry_after_ms(tries: u16) -> Option<i64> {
    RETRY_AFTER_MS.get(usize::from(tries.checked_sub(1)?)).copied()
}

/// The name of a message, such as `order.placed`.
pub type EventName = Text<EVENT_NAME_CHARS_MAX>;

/// An address that messages are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// The store whose orders it is told of; `None` for all stores.
    pub store_id: Option<StoreId>,
    /// Its address.
    pub url: Text<URL_CHARS_MAX>,
    /// The messages it wants, ascending; none for all of them. At most [`ENDPOINT_EVENTS_MAX`].
    pub events: Vec<EventName>,
    /// False while somebody has paused it.
    pub active: bool,
    /// The secret that signs its messages, sealed with the endpoint's key.
    pub secret: Arc<[u8]>,
    /// The secret before, sealed, and until when it signs too.
    pub previous: Option<(Arc<[u8]>, AtMs)>,
}

impl Endpoint {
    /// Returns true when it wants messages of that name about orders of that store.
    pub fn wants(&self, name: &str, store_id: StoreId) -> bool {
        self.store_id.is_none_or(|own| own == store_id)
            && (self.events.is_empty() || self.events.iter().any(|event| &**event == name))
    }
}

/// A delivery that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Tries so far.
    pub tries: u16,
    /// The time of the next try; `None` when it waits for a person.
    pub retry_at_ms: Option<AtMs>,
    /// The failure of the last try.
    pub error: ErrorText,
}

/// An endpoint and its progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The endpoint.
    pub endpoint: Arc<Endpoint>,
    /// The time of its first definition.
    pub created_at_ms: AtMs,
    /// The last record that changed its work: progress that was made before it does not count
    /// after it.
    pub since: Lsn,
    /// Every fact up to here was delivered, or waits in `retries`, or is not for this endpoint.
    pub position: Lsn,
    /// Deliveries that failed, by the position of their fact.
    pub retries: BTreeMap<Lsn, Retry>,
    /// The reason why nothing is sent until it is made active again.
    pub disabled: Option<ErrorText>,
}

impl Hook {
    /// Returns true when messages are to be sent.
    pub fn is_running(&self) -> bool {
        self.endpoint.active && self.disabled.is_none()
    }

    fn redefine(&mut self, lsn: Lsn, at_ms: AtMs, endpoint: &Arc<Endpoint>) {
        self.endpoint = Arc::clone(endpoint);
        self.since = lsn;
        // A disabled endpoint that is called active has been mended: everything is tried again.
        if endpoint.active && self.disabled.take().is_some() {
            for retry in self.retries.values_mut() {
                retry.tries = 0;
                retry.retry_at_ms = Some(at_ms);
            }
        }
        assert!(!endpoint.active || self.is_running(), "an active endpoint is not disabled");
    }
}

/// All endpoints.
#[derive(Clone, Debug, Default)]
pub struct EndpointBook {
    hooks: BTreeMap<EndpointId, Hook>,
}

impl EndpointBook {
    /// Returns one endpoint.
    pub fn get(&self, id: EndpointId) -> Option<&Hook> {
        self.hooks.get(&id)
    }

    /// Returns all of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Hook> {
        self.hooks.values()
    }

    /// Builds the book of these endpoints; `None` if one comes twice, or they are more than
    /// [`ENDPOINTS_MAX`]. For checkpoints.
    pub fn restore(hooks: impl IntoIterator<Item = Hook>) -> Option<Self> {
        let mut book = Self::default();
        for hook in hooks {
            if !book.has_room() || book.hooks.insert(hook.endpoint.id, hook).is_some() {
                return None;
            }
        }
        Some(book)
    }

    /// Returns true when one more fits.
    pub fn has_room(&self) -> bool {
        self.hooks.len() < ENDPOINTS_MAX
    }

    /// Applies a record. Facts about an endpoint that was removed are ignored.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) {
        if let Event::EndpointDefined { endpoint } = &record.event {
            assert!(endpoint.events.len() <= ENDPOINT_EVENTS_MAX, "checked when it was parsed");
            let has_room = self.has_room() || self.hooks.contains_key(&endpoint.id);
            assert!(has_room, "pairs with `decide`: endpoints have a bound");
            let hook = self.hooks.entry(endpoint.id).or_insert_with(|| Hook {
                endpoint: Arc::clone(endpoint),
                created_at_ms: record.at_ms,
                since: lsn,
                position: lsn,
                retries: BTreeMap::new(),
                disabled: None,
            });
            return hook.redefine(lsn, record.at_ms, endpoint);
        }
        let Some(hook) = record.event.endpoint_id().and_then(|id| self.hooks.get_mut(&id)) else {
            return;
        };
        match &record.event {
            Event::EndpointRemoved { endpoint_id } => _ = self.hooks.remove(endpoint_id),
            Event::EndpointReplayed { from, .. } => {
                hook.since = lsn;
                hook.position = hook.position.min(Lsn(from.0.saturating_sub(1)));
                // Facts that come again are not retried beside it.
                hook.retries.split_off(from);
            }
            Event::EndpointDisabled { reason, .. } => {
                hook.since = lsn;
                hook.disabled = Some(reason.clone());
            }
            Event::HookProgress { position, .. } => hook.position = *position,
            Event::HookFailed { lsn, tries, retry_at_ms, error, .. } => {
                let (tries, retry_at_ms, error) = (*tries, *retry_at_ms, error.clone());
                hook.retries.insert(*lsn, Retry { tries, retry_at_ms, error });
            }
            Event::HookDelivered { lsn, .. } => _ = hook.retries.remove(lsn),
            _ => (),
        }
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.hooks.len());
        for hook in self.hooks.values() {
            let Hook { endpoint, created_at_ms, since, position, retries, disabled } = hook;
            digest.id(endpoint.id.0).bytes(endpoint.url.as_bytes()).bytes(&endpoint.secret);
            digest.count(usize::from(endpoint.store_id.is_some()));
            endpoint.store_id.iter().for_each(|id| _ = digest.id(id.0));
            digest.count(endpoint.events.len());
            endpoint.events.iter().for_each(|name| _ = digest.bytes(name.as_bytes()));
            let (previous, until_ms) =
                endpoint.previous.as_ref().map_or((&[][..], 0), |(sealed, at)| (&**sealed, *at));
            digest.bytes(previous);
            digest.numbers(&[i64::from(endpoint.active), until_ms, *created_at_ms]);
            digest.unsigned(since.0).unsigned(position.0);
            digest.bytes(disabled.as_ref().map_or("", |reason| reason).as_bytes());
            digest.count(retries.len());
            for (lsn, retry) in retries {
                digest.unsigned(lsn.0).unsigned(retry.tries.into());
                digest.numbers(&[retry.retry_at_ms.unwrap_or(i64::MAX)]);
                digest.bytes(retry.error.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests;
