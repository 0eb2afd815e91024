//! The orders of each customer that have not come to an end: what they keep from others.

use super::{OrderBook, OrderEntry, forget_in};
use crate::{Order, OrderId, PersonId};
use std::sync::Arc;

impl OrderBook {
    /// Returns the orders of a customer that have not come to an end.
    pub fn unfinished_of(&self, customer_id: PersonId) -> impl Iterator<Item = &Arc<Order>> {
        let ids = self.unfinished.get(&customer_id).into_iter().flatten();
        ids.map(|id| match self.orders.get(id) {
            Some(OrderEntry::Open(order)) => order,
            entry => unreachable!("an order that goes on is open: {entry:?}"),
        })
    }

    /// Follows an order to its end; late money may bring it back.
    pub(super) fn follow_end(
        &mut self,
        id: OrderId,
        customer_id: PersonId,
        was_end: bool,
        is_end: bool,
    ) {
        match (was_end, is_end) {
            (true, false) => self.unfinished.get_or_insert_with(customer_id, Vec::new).push(id),
            (false, true) => forget_in(&mut self.unfinished, customer_id, id),
            _ => (),
        }
    }

    /// Returns true when the lists of orders that go on are what the orders say.
    pub(super) fn follows_every_end(&self) -> bool {
        let goes_on = |(_, entry): &(&OrderId, &OrderEntry)| matches!(entry, OrderEntry::Open(order) if !order.status.is_end());
        let count = self.orders.sorted().into_iter().filter(goes_on).count();
        let listed = self.unfinished.sorted().into_iter();
        count == listed.map(|(id, _)| self.unfinished_of(*id).count()).sum::<usize>()
    }
}
