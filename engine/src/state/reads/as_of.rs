//! Reads of the state at an earlier position or moment, at a bounded cost: an order is folded from
//! its own facts; a product's books are those of the checkpoint before, and the records since.

use super::{ReadError, Reads};
use crate::codec;
use crate::codec::lsn::{domain_lsn, log_lsn};
use kirana_domain::time::AtMs;
use kirana_domain::{Lsn, Order, OrderId, ProductId, Stock, StoreId};
use memchr::memmem;
use std::sync::Arc;

/// Records that one read of a product's books looks at, at the most. There are fewer from any
/// position back to the checkpoint before it, but in a log that never had one.
pub const AS_OF_RECORDS_MAX: u64 = 2_000_000;

/// A position of the log, or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// Right after this record.
    Lsn(Lsn),
    /// After the last record that was decided at or before this moment.
    Time(AtMs),
}

impl Reads {
    /// Returns an order as it was; `None` when it had not been placed yet. Blocks.
    pub(crate) fn order_then(
        &self,
        id: OrderId,
        as_of: AsOf,
    ) -> Result<Option<Arc<Order>>, ReadError> {
        let Some(entry) = self.entry(id)? else { return Ok(None) };
        let until = self.position(as_of)?;
        let count = entry.lsns().partition_point(|lsn| *lsn <= until);
        if count == 0 {
            return Ok(None);
        }
        self.fold(&entry.lsns()[..count]).map(Some)
    }

    /// Returns the books of a product as they were, and the position that this is. Blocks.
    ///
    /// # Errors
    /// If too many records would have to be read, or they cannot be.
    pub(crate) fn stock_then(
        &self,
        store_id: StoreId,
        product_id: ProductId,
        as_of: AsOf,
    ) -> Result<(Stock, Lsn), ReadError> {
        let (now, end) = self.state.stock(store_id, product_id);
        let until = self.position(as_of)?;
        if until >= end {
            return Ok((now, end));
        }
        let (since, mut stock) = match self.history() {
            Some(history) => history.stock_before(store_id, product_id, until)?,
            None => (Lsn(0), Stock::default()),
        };
        if until.0 - since.0 > AS_OF_RECORDS_MAX {
            let apart = until.0 - since.0;
            return Err(ReadError::Failed(format!(
                "the checkpoint before is {apart} records away"
            )));
        }
        let finder = memmem::Finder::new(product_id.0.as_bytes());
        for frame in self.reader.frames(kirana_storage::Lsn(since.0 + 1)) {
            let frame = frame?;
            for (lsn, bytes) in frame.records() {
                if lsn.0 > until.0 {
                    return Ok((stock, until));
                }
                // An id stands in a record as its bytes: most records need not be decoded.
                if lsn.0 <= since.0 || finder.find(bytes).is_none() {
                    continue;
                }
                let record = codec::decode(bytes)
                    .map_err(|error| ReadError::Failed(format!("record {lsn}: {error}")))?;
                record.event.for_stock(|store, product, change| {
                    if (store, product) == (store_id, product_id) {
                        stock.apply(change);
                    }
                });
            }
        }
        Ok((stock, until))
    }

    /// Returns the position of a moment. Blocks.
    fn position(&self, as_of: AsOf) -> Result<Lsn, ReadError> {
        match as_of {
            AsOf::Lsn(lsn) => Ok(lsn),
            AsOf::Time(at_ms) => self.last_at(at_ms),
        }
    }

    /// Returns the last record that was decided at or before a moment; 0 where there is none.
    /// Blocks.
    fn last_at(&self, at_ms: AtMs) -> Result<Lsn, ReadError> {
        let steady = self.state.steady().filter(|(_, since_ms)| *since_ms <= at_ms);
        let Some((Lsn(first), _)) = steady else {
            // Up to there, times may fall: each of them counts.
            return Ok(domain_lsn(self.reader.lsn_at(at_ms, &codec::OfRecords)?));
        };
        // The first position whose record is later, by halving.
        let (mut low, mut high) = (first, self.reader.end().0 + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.record(Lsn(middle))?.at_ms <= at_ms {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(Lsn(low - 1))
    }

    /// Returns frames as they are stored, from the one that holds a position on, and the last
    /// durable record. There is at least one frame if there is any; further ones up to so many
    /// bytes. Blocks.
    pub(crate) fn frames_from(
        &self,
        from: Lsn,
        bytes_max: usize,
    ) -> Result<(Vec<u8>, Lsn), ReadError> {
        let mut bytes = Vec::new();
        for frame in self.reader.frames(log_lsn(from)) {
            let frame = frame?;
            if !bytes.is_empty() && bytes.len() + frame.bytes().len() > bytes_max {
                break;
            }
            bytes.extend_from_slice(frame.bytes());
        }
        Ok((bytes, domain_lsn(self.reader.end())))
    }

    /// Returns the head of the log: its id, its last record with its time, and the hash of the
    /// frame that ends with it. `None` of an empty log. Blocks.
    pub(crate) fn log_head(&self) -> Result<Option<LogHead>, ReadError> {
        let end = self.reader.end();
        let Some(frame) = self.reader.frames(end).next().transpose()? else { return Ok(None) };
        let lsn = domain_lsn(frame.last_lsn());
        let at_ms = self.record(lsn)?.at_ms;
        Ok(Some(LogHead {
            log_id: frame.header().log_id.to_string(),
            lsn,
            hash: frame.hash(),
            at_ms,
        }))
    }
}

/// The head of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// The id of the log: 32 hexadecimal digits.
    pub log_id: String,
    /// Its last record.
    pub lsn: Lsn,
    /// The hash of the frame that ends with it, and with that of everything before.
    pub hash: [u8; 32],
    /// The time when its last record was decided, in milliseconds since 1970.
    pub at_ms: AtMs,
}
