//! The ways to find the orders in memory.

use super::OrderBook;
use crate::facts::ProviderId;
use crate::{Order, OrderEntry, OrderId, PersonId, StoreId};
use std::sync::Arc;

impl OrderBook {
    /// Returns the orders of a customer in memory, oldest first.
    pub fn of_customer(&self, id: PersonId) -> &[OrderId] {
        self.of_customer.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Returns the orders of a store in memory, oldest first.
    pub fn of_store(&self, id: StoreId) -> impl DoubleEndedIterator<Item = OrderId> {
        self.of_store.get(&id).into_iter().flat_map(|orders| orders.values().copied())
    }

    /// Returns the open orders that a rider has now, first asked first.
    pub fn with_rider(&self, id: PersonId) -> impl Iterator<Item = &Arc<Order>> {
        self.of_rider(id).iter().filter_map(move |order_id| match self.get(*order_id) {
            Some(OrderEntry::Open(order)) => {
                let is_own = order.rider().is_some_and(|rider| rider.person_id == id);
                (is_own && !order.status.is_end()).then_some(order)
            }
            _ => None,
        })
    }

    /// Returns the orders in memory that a rider was asked to bring, first asked first.
    pub fn of_rider(&self, id: PersonId) -> &[OrderId] {
        self.of_rider.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Returns the order in memory that the provider knows by that id.
    pub fn of_provider(&self, id: &ProviderId) -> Option<OrderId> {
        self.of_provider.get(id).copied()
    }

    /// Returns the highest order number of a store; 0 before its first order.
    pub fn last_number(&self, id: StoreId) -> u64 {
        self.last_number.get(&id).copied().unwrap_or(0)
    }

    /// Returns the highest number of a series of documents; 0 before the first.
    pub fn last_document(&self, store_id: StoreId, year: u16, is_credit_note: bool) -> u64 {
        self.last_document.get(&(store_id, year, is_credit_note)).copied().unwrap_or(0)
    }
}
