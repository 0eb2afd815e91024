//! Endpoints of webhooks and how far they have been told, there and back.

use super::from_stored::{Result, id_of, text, uuid};
use super::{Bytes, Id};
use kirana_domain as domain;
use kirana_domain::Event as E;
use kirana_domain::limits::{
    ENDPOINT_EVENTS_MAX, EVENT_NAME_CHARS_MAX, TEXT_BYTES_PER_CHAR, URL_CHARS_MAX,
};
use kirana_domain::{EndpointId, Lsn, StoreId};
use kirana_storage::RECORD_BYTES_MAX;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

// Two sealed secrets take less than a kilobyte.
const _: () = assert!(
    TEXT_BYTES_PER_CHAR * (URL_CHARS_MAX + ENDPOINT_EVENTS_MAX * (EVENT_NAME_CHARS_MAX + 2))
        + 2_048
        <= RECORD_BYTES_MAX
);

/// A new variant goes to the end.
#[derive(Serialize, Deserialize)]
pub(super) enum Hook<'a> {
    Defined(#[serde(borrow)] Endpoint<'a>),
    Removed { endpoint_id: Id },
    Replayed { endpoint_id: Id, from: u64 },
    Disabled { endpoint_id: Id, reason: &'a str },
    Progress { endpoint_id: Id, position: u64 },
    Failed { endpoint_id: Id, lsn: u64, tries: u16, retry_at_ms: Option<i64>, error: &'a str },
    Delivered { endpoint_id: Id, lsn: u64 },
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Endpoint<'a> {
    id: Id,
    store_id: Option<Id>,
    url: &'a str,
    #[serde(borrow)]
    events: Vec<&'a str>,
    active: bool,
    #[serde(borrow)]
    secret: Bytes<'a>,
    /// The secret before, and until when it signs.
    #[serde(borrow)]
    previous: Option<(Bytes<'a>, i64)>,
}

impl<'a> From<&'a domain::Endpoint> for Endpoint<'a> {
    fn from(endpoint: &'a domain::Endpoint) -> Self {
        Self {
            id: id_of(endpoint.id),
            store_id: endpoint.store_id.map(id_of),
            url: &endpoint.url,
            events: endpoint.events.iter().map(|name| &**name).collect(),
            active: endpoint.active,
            secret: Bytes(&endpoint.secret),
            previous: endpoint.previous.as_ref().map(|(sealed, until)| (Bytes(sealed), *until)),
        }
    }
}

impl Endpoint<'_> {
    /// The endpoint, if it keeps the rules of the domain.
    pub(crate) fn parse(&self) -> Result<domain::Endpoint> {
        if self.events.len() > ENDPOINT_EVENTS_MAX {
            return Err("an endpoint wants too many messages");
        }
        let previous = self.previous.as_ref();
        Ok(domain::Endpoint {
            id: EndpointId(uuid(self.id)),
            store_id: self.store_id.map(|id| StoreId(uuid(id))),
            url: text(self.url)?,
            events: self.events.iter().map(|name| text(name)).collect::<Result<_>>()?,
            active: self.active,
            secret: self.secret.0.into(),
            previous: previous.map(|(sealed, until)| (sealed.0.into(), *until)),
        })
    }
}

impl<'a> Hook<'a> {
    /// The shape of a fact about an endpoint.
    pub(super) fn of(event: &'a E) -> Option<Self> {
        Some(match event {
            E::EndpointDefined { endpoint } => Self::Defined(Endpoint::from(&**endpoint)),
            E::EndpointRemoved { endpoint_id } => {
                Self::Removed { endpoint_id: id_of(*endpoint_id) }
            }
            E::EndpointReplayed { endpoint_id, from } => {
                Self::Replayed { endpoint_id: id_of(*endpoint_id), from: from.0 }
            }
            E::EndpointDisabled { endpoint_id, reason } => {
                Self::Disabled { endpoint_id: id_of(*endpoint_id), reason }
            }
            E::HookProgress { endpoint_id, position } => {
                Self::Progress { endpoint_id: id_of(*endpoint_id), position: position.0 }
            }
            E::HookFailed { endpoint_id, lsn, tries, retry_at_ms, error } => Self::Failed {
                endpoint_id: id_of(*endpoint_id),
                lsn: lsn.0,
                tries: *tries,
                retry_at_ms: *retry_at_ms,
                error,
            },
            E::HookDelivered { endpoint_id, lsn } => {
                Self::Delivered { endpoint_id: id_of(*endpoint_id), lsn: lsn.0 }
            }
            _ => return None,
        })
    }

    /// The fact.
    pub(super) fn parse(self) -> Result<E> {
        let id = |id| EndpointId(uuid(id));
        Ok(match self {
            Self::Defined(stored) => E::EndpointDefined { endpoint: Arc::new(stored.parse()?) },
            Self::Removed { endpoint_id } => E::EndpointRemoved { endpoint_id: id(endpoint_id) },
            Self::Replayed { endpoint_id, from } => {
                E::EndpointReplayed { endpoint_id: id(endpoint_id), from: Lsn(from) }
            }
            Self::Disabled { endpoint_id, reason } => {
                E::EndpointDisabled { endpoint_id: id(endpoint_id), reason: text(reason)? }
            }
            Self::Progress { endpoint_id, position } => {
                E::HookProgress { endpoint_id: id(endpoint_id), position: Lsn(position) }
            }
            Self::Failed { endpoint_id, lsn, tries, retry_at_ms, error } => E::HookFailed {
                endpoint_id: id(endpoint_id),
                lsn: Lsn(lsn),
                tries,
                retry_at_ms,
                error: text(error)?,
            },
            Self::Delivered { endpoint_id, lsn } => {
                E::HookDelivered { endpoint_id: id(endpoint_id), lsn: Lsn(lsn) }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::codec::{decode, encode};
    use kirana_domain::{Endpoint, EndpointId, Event, Lsn, Principal, Record, StoreId, Text};
    use std::sync::Arc;
    use uuid::Uuid;

    fn text<const MAX: usize>(text: &str) -> Text<MAX> {
        Text::parse(text).unwrap()
    }

    fn endpoint(is_whole: bool) -> Event {
        let previous = is_whole.then(|| (Arc::from(&b"the one before"[..]), 1_735_776_000_000));
        Event::EndpointDefined {
            endpoint: Arc::new(Endpoint {
                id: EndpointId(Uuid::from_u128(7)),
                store_id: is_whole.then(|| StoreId(Uuid::from_u128(8))),
                url: text("https://erp.example/hooks?of=tura"),
                events: if is_whole {
                    vec![text("order.delivered"), text("order.placed")]
                } else {
                    Vec::new()
                },
                active: is_whole,
                secret: Arc::from(&b"sealed"[..]),
                previous,
            }),
        }
    }

    fn events() -> Vec<Event> {
        let (endpoint_id, lsn) = (EndpointId(Uuid::from_u128(7)), Lsn(900));
        let failed = |retry_at_ms| Event::HookFailed {
            endpoint_id,
            lsn,
            tries: 3,
            retry_at_ms,
            error: text("no answer within 15000 ms"),
        };
        vec![
            endpoint(true),
            endpoint(false),
            Event::EndpointRemoved { endpoint_id },
            Event::EndpointReplayed { endpoint_id, from: lsn },
            Event::EndpointDisabled { endpoint_id, reason: text("it answered 410") },
            Event::HookProgress { endpoint_id, position: lsn },
            failed(Some(1_735_689_600_123)),
            failed(None),
            Event::HookDelivered { endpoint_id, lsn },
        ]
    }

    #[test]
    fn every_fact_about_an_endpoint_comes_back_as_it_was() {
        for event in events() {
            let record = Record { at_ms: 5, by: Principal::SYSTEM, key: None, event };
            let mut bytes = Vec::new();
            encode(&record, &mut bytes);
            assert_eq!(decode(&bytes).as_ref(), Ok(&record));
            for end in 1..bytes.len() {
                assert!(decode(&bytes[..end]).is_err(), "{record:?} cut at {end}");
            }
        }
    }

    #[test]
    fn the_largest_endpoint_fits_into_a_record() {
        use kirana_domain::limits::{ENDPOINT_EVENTS_MAX, EVENT_NAME_CHARS_MAX, URL_CHARS_MAX};
        let Event::EndpointDefined { endpoint } = endpoint(true) else { unreachable!() };
        let endpoint = Endpoint {
            url: text(&"क".repeat(URL_CHARS_MAX)),
            events: vec![text(&"क".repeat(EVENT_NAME_CHARS_MAX)); ENDPOINT_EVENTS_MAX],
            ..Endpoint::clone(&endpoint)
        };
        let event = Event::EndpointDefined { endpoint: Arc::new(endpoint) };
        let record = Record { at_ms: i64::MAX, by: Principal::SYSTEM, key: None, event };
        let mut bytes = Vec::new();
        encode(&record, &mut bytes);
        assert!(bytes.len() <= kirana_storage::RECORD_BYTES_MAX);
        assert_eq!(decode(&bytes), Ok(record));
    }
}
