//! The state now, as a stream begins with it: the open orders of a topic, as of one position.

use super::Topic;
use crate::state::live_state::LiveState;
use kirana_domain::{Lsn, Order, OrderBook, OrderEntry, OrderId, PersonId};
use std::sync::Arc;

/// Orders that one state lists at the most.
pub const OPEN_ORDERS_MAX: usize = 100;
/// The newest orders of a topic that are looked at for open ones: publishing waits meanwhile.
const LOOKS_MAX: usize = 10_000;

/// The open orders of a topic.
#[derive(Clone, Debug)]
pub struct OpenOrders {
    /// Newest first; at most [`OPEN_ORDERS_MAX`].
    pub orders: Vec<Arc<Order>>,
    /// True when there are, or may be, more of them.
    pub has_more: bool,
    /// The position that this is as of, exactly.
    pub lsn: Lsn,
}

/// Reads them. For a topic of one order, that order while it is open.
pub(crate) fn open_orders(state: &LiveState, topic: Topic) -> OpenOrders {
    let (found, lsn) = state.orders_as_of(|book| match topic {
        Topic::Order(id) => newest_open(book, [id].into_iter()),
        Topic::Customer(id) => newest_open(book, book.of_customer(id).iter().copied().rev()),
        Topic::Store(id) => newest_open(book, book.of_store(id).rev()),
        Topic::Rider(id) => {
            let mine = |of: &OrderId| rider_of(book, *of) == Some(id);
            newest_open(book, book.of_rider(id).iter().copied().rev().filter(mine))
        }
        Topic::All => newest_open(book, book.open_ids().into_iter().rev()),
    });
    let (mut orders, is_cut) = found;
    let has_more = orders.len() > OPEN_ORDERS_MAX || is_cut;
    orders.truncate(OPEN_ORDERS_MAX);
    OpenOrders { orders, has_more, lsn }
}

/// The open ones among the newest that are looked at, and whether there were more to look at.
fn newest_open(
    book: &OrderBook,
    mut ids: impl Iterator<Item = OrderId>,
) -> (Vec<Arc<Order>>, bool) {
    let open = ids.by_ref().take(LOOKS_MAX).filter_map(|id| match book.get(id) {
        Some(OrderEntry::Open(order)) => Some(Arc::clone(order)),
        _ => None,
    });
    let open = open.take(OPEN_ORDERS_MAX + 1).collect();
    (open, ids.next().is_some())
}

/// The people who have an order now.
fn rider_of(book: &OrderBook, id: OrderId) -> Option<PersonId> {
    book.get(id).and_then(|entry| entry.parties().rider_id)
}
