//! The keys of the tables. One letter tells the kind of a key, so that equal kinds lie together;
//! lists end with the position of the placing, counted backwards, so that the newest comes first.

use super::Listing;
use crate::state::read_error::ReadError;
use kirana_domain::payment::ProviderId;
use kirana_domain::{Lsn, OrderId, PersonId, ProductId, Status, StoreId};
use uuid::Uuid;

const OF_CUSTOMER: u8 = b'c';
const OF_DAY: u8 = b'd';
const IN_STATE: u8 = b'f';
const ORDER: u8 = b'i';
const STOCK: u8 = b'k';
const NUMBER: u8 = b'n';
const PROVIDER: u8 = b'p';
const OF_RIDER: u8 = b'r';
const CHECKPOINT: u8 = b'z';

/// The most bytes of a key: a letter, two ids and a position.
const BYTES_MAX: usize = 1 + 16 + 16 + 8;

/// A key, or the beginning that the keys of a list share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Zeros behind `len`, so that the order of keys is that of their bytes.
    bytes: [u8; BYTES_MAX],
    len: u8,
}

impl Key {
    fn new(kind: u8) -> Self {
        let mut bytes = [0; BYTES_MAX];
        bytes[0] = kind;
        Self { bytes, len: 1 }
    }

    fn with(mut self, part: &[u8]) -> Self {
        let start = usize::from(self.len);
        self.bytes[start..start + part.len()].copy_from_slice(part);
        self.len += u8::try_from(part.len()).expect("a key is short");
        self
    }

    fn with_id(self, id: Uuid) -> Self {
        self.with(id.as_bytes())
    }

    /// Returns the bytes in the table.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    pub(super) fn order(id: OrderId) -> Self {
        Self::new(ORDER).with_id(id.0)
    }

    pub(super) fn number(store_id: StoreId, number: u64) -> Self {
        Self::new(NUMBER).with_id(store_id.0).with(&number.to_be_bytes())
    }

    /// Returns the key of a provider's id. It is hashed, because its length has no bound of ours.
    pub(super) fn provider(id: &ProviderId) -> Self {
        let hash = blake3_of(id.as_bytes());
        Self::new(PROVIDER).with(&hash)
    }

    pub(super) fn stock(store_id: StoreId, product_id: ProductId) -> Self {
        Self::new(STOCK).with_id(store_id.0).with_id(product_id.0)
    }

    /// Returns the beginning of the keys of checkpoints.
    pub(super) fn checkpoints() -> Self {
        Self::new(CHECKPOINT)
    }

    /// Returns the beginning of every key of a list.
    pub(super) fn listing(listing: Listing) -> Self {
        match listing {
            Listing::Customer(PersonId(id)) => Self::new(OF_CUSTOMER).with_id(id),
            Listing::Rider(PersonId(id)) => Self::new(OF_RIDER).with_id(id),
            Listing::Store(store_id, status) => {
                Self::new(IN_STATE).with_id(store_id.0).with(&[number_of(status)])
            }
            Listing::Day(store_id, day, status) => Self::new(OF_DAY)
                .with_id(store_id.0)
                .with(&day.0.to_be_bytes())
                .with(&[number_of(status)]),
        }
    }

    /// Returns the list's key of a position.
    pub(super) fn at(self, lsn: Lsn) -> Self {
        self.with(&(u64::MAX - lsn.0).to_be_bytes())
    }

    /// Returns the first key of the list whose position lies before this one.
    pub(super) fn before(self, lsn: Option<Lsn>) -> Self {
        match lsn {
            Some(lsn) => self.at(Lsn(lsn.0.saturating_sub(1))),
            None => self,
        }
    }
}

fn number_of(status: Status) -> u8 {
    status as u8
}

fn blake3_of(bytes: &[u8]) -> [u8; 16] {
    *blake3::hash(bytes).as_bytes().first_chunk().expect("a hash has 32 bytes")
}

/// Returns the position at the end of a list's key.
pub(super) fn lsn_of(key: &[u8]) -> Result<Lsn, ReadError> {
    let last = key.last_chunk().ok_or_else(|| malformed("key"))?;
    Ok(Lsn(u64::MAX - u64::from_be_bytes(*last)))
}

/// Returns the order that a row names.
pub(super) fn order_id(value: &[u8]) -> Result<OrderId, ReadError> {
    Uuid::from_slice(value).map(OrderId).map_err(|_| malformed("value"))
}

fn malformed(what: &str) -> ReadError {
    ReadError::Failed(format!(
        "a {what} in the history is not what a release of this program writes"
    ))
}
