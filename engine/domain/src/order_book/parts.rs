//! The order book in parts, as a checkpoint keeps it.

use super::{OrderBook, OrderEntry, Parties, Series};
use crate::{FastMap, Lsn, OrderId, PersonId, StoreId};

/// The content of an order book, each list sorted. Lists that follow from the entries are left out.
#[derive(Clone, Debug, Default)]
pub struct OrderBookParts {
    /// Open orders, and ended ones that are still in memory.
    pub entries: Vec<(OrderId, OrderEntry)>,
    /// The orders that each rider was asked to bring, first asked first.
    pub of_rider: Vec<(PersonId, Vec<OrderId>)>,
    /// The highest order number of each store.
    pub last_number: Vec<(StoreId, u64)>,
    /// The highest number of each series of documents.
    pub last_document: Vec<(Series, u64)>,
    /// Orders that have ended, ever.
    pub ended_count: u64,
    /// Running hash over every ending and every later fact, in the order of the log.
    pub ended_chain: [u8; 32],
}

impl OrderBook {
    /// Returns the parts of the book, for a checkpoint.
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

    /// Builds the book of these parts.
    ///
    /// # Panics
    /// If an order stands in them twice.
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
        entries.sort_by_cached_key(|(_, entry)| -> Lsn { entry.placed_lsn() });
        let entries_count = entries.len();
        book.orders = FastMap::with_capacity(entries_count);
        for (id, entry) in entries {
            let Parties { customer_id, store_id, .. } = entry.parties();
            book.of_customer.get_or_insert_with(customer_id, Vec::new).push(id);
            book.of_store.entry(store_id).or_default().insert(entry.placed_lsn(), id);
            let provider_id = entry.payment().and_then(|it| it.provider_order_id.as_ref());
            if let Some(provider_id) = provider_id {
                book.of_provider.insert(provider_id.clone(), id);
            }
            if let OrderEntry::Open(order) = &entry {
                book.open_count += 1;
                book.follow_end(id, customer_id, true, order.status.is_end());
                book.watched.extend(order.watched_until_ms().map(|until_ms| (until_ms, id)));
            }
            book.count_disputes(id, &entry);
            let before = book.orders.insert(id, entry);
            assert!(before.is_none(), "an order stands in a checkpoint once");
        }
        // Pairs with `to_parts`, which gives out every entry.
        assert_eq!(book.orders.len(), entries_count, "every order is back in memory");
        assert!(book.open_count <= entries_count, "an open order is one of them");
        for (rider_id, orders) in parts.of_rider {
            let before = book.of_rider.insert(rider_id, orders);
            debug_assert!(before.is_none(), "a rider has one list");
        }
        book
    }
}
