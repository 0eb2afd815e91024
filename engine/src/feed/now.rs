//! The state now, as a stream begins with it: the open orders of a topic, as of one position.

use super::Topic;
use crate::world::World;
use kirana_domain::{Entry, Lsn, Order, OrderBook, OrderId, PersonId};
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
pub(crate) fn open_orders(world: &World, topic: Topic) -> OpenOrders {
    let (found, lsn) = world.orders_as_of(|book| {
        let (own, own_all);
        let ids = match topic {
            Topic::Order(id) => {
                own = [id];
                &own
            }
            Topic::Customer(id) => book.of_customer(id),
            Topic::Store(id) => book.of_store(id),
            Topic::Rider(id) => {
                let mine = |of: &OrderId| rider_of(book, *of) == Some(id);
                own_all = book.of_rider(id).iter().copied().filter(mine).collect::<Vec<_>>();
                &own_all
            }
            Topic::All => {
                own_all = book.open_ids();
                &own_all
            }
        };
        let newest = ids.iter().rev().take(LOOKS_MAX);
        let open = newest.filter_map(|id| match book.get(*id) {
            Some(Entry::Open(order)) => Some(Arc::clone(order)),
            _ => None,
        });
        (open.take(OPEN_ORDERS_MAX + 1).collect::<Vec<_>>(), ids.len() > LOOKS_MAX)
    });
    let (mut orders, is_cut) = found;
    let has_more = orders.len() > OPEN_ORDERS_MAX || is_cut;
    orders.truncate(OPEN_ORDERS_MAX);
    OpenOrders { orders, has_more, lsn }
}

/// Who has an order now.
fn rider_of(book: &OrderBook, id: OrderId) -> Option<PersonId> {
    book.get(id).and_then(|entry| entry.people().rider_id)
}
