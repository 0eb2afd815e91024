//! What a stored record is about, read from its first bytes without reading the rest.
//!
//! The archive is indexed by this, at a fraction of what it costs to decode a record. The numbers
//! are those of the released variants; a test holds them against whole records of every kind.

use super::Id;
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
    _number: u64,
    _store_id: Id,
    customer_id: Id,
}

const ORDER_PLACED: u32 = 6;
const ORDER_CANCELLED: u32 = 7;
const ORDER_EXPIRED: u32 = 8;
const ORDER_PLACED_2: u32 = 15;
const LIFE: u32 = 16;
const CART_CHANGED: u32 = 17;
const ADDRESS_SAVED: u32 = 18;
const ADDRESS_REMOVED: u32 = 19;

/// When a record was made, and the ids that it can be found by: its order and its customer.
pub(crate) struct Front {
    pub(crate) at_ms: i64,
    pub(crate) ids: [Option<Id>; 2],
}

/// Reads the front of a record behind its schema byte; nothing if the bytes are not of schema 1.
pub(crate) fn front(options: impl Options + Copy, body: &[u8]) -> Option<Front> {
    let mut rest = body;
    let Envelope { at_ms, variant, .. } = next(options, &mut rest)?;
    let ids = match variant {
        ORDER_PLACED | ORDER_PLACED_2 => {
            let placed: Placed = next(options, &mut rest)?;
            [Some(placed.id), Some(placed.customer_id)]
        }
        ORDER_CANCELLED | ORDER_EXPIRED | LIFE | CART_CHANGED | ADDRESS_SAVED | ADDRESS_REMOVED => {
            [Some(next(options, &mut rest)?), None]
        }
        _ => [None, None],
    };
    Some(Front { at_ms, ids })
}

fn next<T: DeserializeOwned>(options: impl Options, rest: &mut &[u8]) -> Option<T> {
    options.deserialize_from(rest).ok()
}
