//! The shapes of an endpoint of webhooks and of the facts about one.

use super::Id;
use super::words::{Result, text};
use crate::codec::stored::parts::Bytes;
use kirana_domain as domain;
use kirana_domain::Event as E;
use kirana_domain::Lsn;
use kirana_domain::limits::{
    ENDPOINT_EVENTS_MAX, EVENT_NAME_CHARS_MAX, TEXT_BYTES_PER_CHAR, URL_CHARS_MAX,
};
use kirana_storage::RECORD_BYTES_MAX;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

// Two sealed secrets take less than a kilobyte.
const _: () = assert!(
    TEXT_BYTES_PER_CHAR * (URL_CHARS_MAX + ENDPOINT_EVENTS_MAX * (EVENT_NAME_CHARS_MAX + 2))
        + 2_048
        <= RECORD_BYTES_MAX
);

/// A fact about the endpoint whose id comes first. A new variant goes to the end.
#[derive(Serialize, Deserialize)]
pub(super) enum EndpointFact<'a> {
    Defined(#[serde(borrow)] Endpoint<'a>),
    Removed(Id),
    /// From which position on.
    Replayed(Id, u64),
    /// With the reason.
    Disabled(Id, &'a str),
    /// The position up to which all was told.
    Progress(Id, u64),
    Failed {
        endpoint_id: Id,
        lsn: u64,
        tries: u16,
        retry_at_ms: Option<i64>,
        error: &'a str,
    },
    /// The position of the fact that was told.
    Delivered(Id, u64),
}

/// An endpoint.
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
        // Pairs with the check in `parse`: more names than that might not fit into a record.
        assert!(endpoint.events.len() <= ENDPOINT_EVENTS_MAX, "names were counted when they came");
        Self {
            id: endpoint.id.into(),
            store_id: endpoint.store_id.map(Id::from),
            url: &endpoint.url,
            events: endpoint.events.iter().map(|name| &**name).collect(),
            active: endpoint.active,
            secret: Bytes(&endpoint.secret),
            previous: endpoint.previous.as_ref().map(|(sealed, until)| (Bytes(sealed), *until)),
        }
    }
}

impl Endpoint<'_> {
    /// Returns the endpoint, if it keeps the rules of the domain.
    pub(crate) fn parse(&self) -> Result<domain::Endpoint> {
        if self.events.len() > ENDPOINT_EVENTS_MAX {
            return Err("an endpoint wants too many messages");
        }
        let previous = self.previous.as_ref();
        Ok(domain::Endpoint {
            id: self.id.into(),
            store_id: self.store_id.map(Into::into),
            url: text(self.url)?,
            events: self.events.iter().map(|name| text(name)).collect::<Result<_>>()?,
            active: self.active,
            secret: self.secret.0.into(),
            previous: previous.map(|(sealed, until)| (sealed.0.into(), *until)),
        })
    }
}

impl EndpointFact<'_> {
    /// Returns the fact.
    pub(super) fn parse(self) -> Result<E> {
        Ok(match self {
            Self::Defined(stored) => E::EndpointDefined { endpoint: Arc::new(stored.parse()?) },
            Self::Removed(id) => E::EndpointRemoved { endpoint_id: id.into() },
            Self::Replayed(id, from) => {
                E::EndpointReplayed { endpoint_id: id.into(), from: Lsn(from) }
            }
            Self::Disabled(id, reason) => {
                E::EndpointDisabled { endpoint_id: id.into(), reason: text(reason)? }
            }
            Self::Progress(id, position) => {
                E::HookProgress { endpoint_id: id.into(), position: Lsn(position) }
            }
            Self::Failed { endpoint_id, lsn, tries, retry_at_ms, error } => E::HookFailed {
                endpoint_id: endpoint_id.into(),
                lsn: Lsn(lsn),
                tries,
                retry_at_ms,
                error: text(error)?,
            },
            Self::Delivered(id, lsn) => E::HookDelivered { endpoint_id: id.into(), lsn: Lsn(lsn) },
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
