//! The order book in parts, as a checkpoint keeps it.

use super::{Entry, OrderBook, Series, watch_until};
use crate::{Lsn, OrderId, PersonId, StoreId};

/// Everything that the order book has in memory, each list sorted. What follows from the entries
/// is not repeated.
#[derive(Clone, Debug)]
pub struct OrderBookParts {
    /// Open orders, and ended ones that are still in memory.
    pub entries: Vec<(OrderId, Entry)>,
    /// What each rider was asked to bring, first asked first.
    pub of_rider: Vec<(PersonId, Vec<OrderId>)>,
    /// The highest order number of each store.
    pub last_number: Vec<(StoreId, u64)>,
    /// The highest number of each series of documents: store, year, whether of credit notes.
    pub last_document: Vec<(Series, u64)>,
    /// Orders that have ended, ever.
    pub ended_count: u64,
    /// Running hash over what has ended, in the order of the log.
    pub ended_chain: [u8; 32],
}

impl OrderBook {
    /// All of it, for a checkpoint.
    pub fn to_parts(&self) -> OrderBookParts {
        let entries = self.orders.sorted().into_iter();
        let of_rider = self.of_rider.sorted().into_iter();
        OrderBookParts {
            entries: entries.map(|(id, entry)| (*id, entry.clone())).collect(),
            of_rider: of_rider.map(|(id, orders)| (*id, orders.clone())).collect(),
            last_number: self.last_number.iter().map(|(id, last)| (*id, *last)).collect(),
            last_document: self.last_document.iter().map(|(id, last)| (*id, *last)).collect(),
            ended_count: self.ended_count,
            ended_chain: self.ended_chain,
        }
    }

    /// The book that these are the parts of.
    pub fn from_parts(parts: OrderBookParts) -> Self {
        let mut book = Self {
            last_number: parts.last_number.into_iter().collect(),
            last_document: parts.last_document.into_iter().collect(),
            ended_count: parts.ended_count,
            ended_chain: parts.ended_chain,
            ..Self::default()
        };
        let mut entries = parts.entries;
        // In the order of their placing, so that each goes to the end of its lists.
        entries.sort_unstable_by_key(|(_, entry)| -> Lsn { entry.placed_lsn() });
        for (id, entry) in entries {
            book.find_by(id, &entry);
            if let Entry::Open(order) = &entry {
                book.open_count += 1;
                book.watched.extend(watch_until(order).map(|until_ms| (until_ms, id)));
            }
            let before = book.orders.insert(id, entry);
            assert!(before.is_none(), "an order stands in a checkpoint once");
        }
        for (rider_id, orders) in parts.of_rider {
            book.of_rider.insert(rider_id, orders);
        }
        book
    }
}
