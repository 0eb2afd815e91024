//! The labels of a stored record, read from its first bytes without reading the rest.
//!
//! The archive is indexed by this, at a fraction of what it costs to decode a record. The numbers
//! are those of the released variants; a test holds them against whole records of every kind.

use super::Id;
use crate::codec::labels::{self, Labels};
use bincode::Options;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The envelope, and the number of the variant that follows.
#[derive(Deserialize)]
struct Envelope {
    at_ms: i64,
    _by_role: u8,
    _by_person: Id,
    _by_store: Option<Id>,
    _key: Option<(Id, Id)>,
    variant: u32,
}

/// The first fields of an order that was placed.
#[derive(Deserialize)]
struct Placed {
    id: Id,
    number: u64,
    _store_id: Id,
    customer_id: Id,
}

/// The first fields of a message of the payment provider.
#[derive(Deserialize)]
struct Message {
    _event_id: String,
    _name: String,
    about: Option<Id>,
}

const STORE_OPENED: u32 = 1;
const STORE_CHANGED: u32 = 2;
const ORDER_PLACED: u32 = 6;
const ORDER_CANCELLED: u32 = 7;
const ORDER_EXPIRED: u32 = 8;
const STORE_OPENED_V2: u32 = 13;
const STORE_CHANGED_V2: u32 = 14;
const ORDER_PLACED_V2: u32 = 15;
const ORDER_FACT: u32 = 16;
const CART_CHANGED: u32 = 17;
const ADDRESS_SAVED: u32 = 18;
const ADDRESS_REMOVED: u32 = 19;
const WEBHOOK_RECEIVED: u32 = 23;
const ORDER_PLACED_V3: u32 = 26;
const STORE_OPENED_V3: u32 = 27;
const STORE_CHANGED_V3: u32 = 28;
const RIDER_SAVED: u32 = 31;

/// The moment of a record, its labels, and the order that it is about or mentions.
pub(crate) struct Front {
    pub(crate) at_ms: i64,
    pub(crate) labels: Labels,
    pub(crate) order: Option<[u8; 16]>,
}

/// Reads the front of a record behind its schema byte; nothing if the bytes are not of schema 1.
pub(crate) fn front(options: impl Options + Copy, body: &[u8]) -> Option<Front> {
    let mut rest = body;
    let Envelope { at_ms, variant, .. } = next(options, &mut rest)?;
    let (labels, order) = match variant {
        ORDER_PLACED | ORDER_PLACED_V2 | ORDER_PLACED_V3 => {
            let placed: Placed = next(options, &mut rest)?;
            let labels = labels::of_placed(placed.id.0, placed.customer_id.0, placed.number);
            (labels, Some(placed.id.0))
        }
        ORDER_CANCELLED | ORDER_EXPIRED | ORDER_FACT => {
            let id = Some(next::<Id>(options, &mut rest)?.0);
            (labels::of_id(id), id)
        }
        WEBHOOK_RECEIVED => {
            let message: Message = next(options, &mut rest)?;
            let id = message.about.map(|id| id.0);
            (labels::of_id(id), id)
        }
        CART_CHANGED | ADDRESS_SAVED | ADDRESS_REMOVED | RIDER_SAVED => {
            (labels::of_id(Some(next::<Id>(options, &mut rest)?.0)), None)
        }
        STORE_OPENED | STORE_CHANGED | STORE_OPENED_V2 | STORE_CHANGED_V2 | STORE_OPENED_V3
        | STORE_CHANGED_V3 => (labels::of_stores(), None),
        _ => (labels::of_id(None), None),
    };
    Some(Front { at_ms, labels, order })
}

fn next<T: DeserializeOwned>(options: impl Options, rest: &mut &[u8]) -> Option<T> {
    options.deserialize_from(rest).ok()
}
