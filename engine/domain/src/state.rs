//! The fold of the log: everything that is true after its last record.

use crate::digest::{Digest, Digester};
use crate::{
    AddressBook, CartBook, CashBook, Catalogue, CouponBook, Customers, EndpointBook, Event,
    KeyBook, Lsn, Order, OrderBook, OrderEntry, ProductId, Record, StockBook, StoreId,
};
use std::sync::Arc;

/// All that the log says, as of one position.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The last record that was applied.
    pub lsn: Lsn,
    /// Stores and products.
    pub catalogue: Catalogue,
    /// The ledgers.
    pub stock: StockBook,
    /// The orders.
    pub orders: OrderBook,
    /// What belongs to people.
    pub people: PersonBooks,
    /// Coupons and what was used of them.
    pub coupons: CouponBook,
    /// The requests that were answered.
    pub keys: KeyBook,
}

/// What belongs to people and other systems rather than to an order.
#[derive(Clone, Debug, Default)]
pub struct PersonBooks {
    /// Carts.
    pub carts: CartBook,
    /// Address books.
    pub addresses: AddressBook,
    /// What is remembered of customers.
    pub customers: Customers,
    /// Cash that riders have.
    pub cash: CashBook,
    /// Other systems of the shop that are told what happens.
    pub hooks: EndpointBook,
}

impl PersonBooks {
    /// Applies a record; `entry` is the order that it is about, as it is after it.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record, entry: Option<&OrderEntry>) {
        self.carts.evolve(lsn, record);
        self.addresses.evolve(record);
        self.customers.evolve(record, entry);
        self.cash.evolve(record);
        self.hooks.evolve(lsn, record);
    }

    fn write_to(&self, digest: &mut Digester) {
        self.carts.write_to(digest);
        self.addresses.write_to(digest);
        self.customers.write_to(digest);
        self.cash.write_to(digest);
        self.hooks.write_to(digest);
    }
}

impl State {
    /// Applies the next record. Answers the products whose books have just broken the stock law.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) -> Vec<(StoreId, ProductId)> {
        assert_eq!(lsn.0, self.lsn.0 + 1, "records are applied in order, without gaps");
        self.lsn = lsn;
        self.catalogue.evolve(&record.event);
        let order = self.orders.evolve(lsn, record);
        evolve_coupons(&mut self.coupons, &record.event, order.as_ref());
        self.people.evolve(lsn, record, order.as_ref());
        self.keys.evolve(lsn, record);
        self.stock.evolve(record)
    }

    /// The fingerprint of all of it. Walks everything: for tests, checkpoints and tools.
    pub fn digest(&self) -> Digest {
        let Self { lsn, catalogue, stock, orders, people, coupons, keys } = self;
        digest_of(*lsn, catalogue, stock, orders, people, coupons, keys)
    }
}

/// Whether an order counts as one that came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// From now on it does.
    Counts,
    /// From now on it does not.
    Falls,
}

/// What a fact about an order, as it is after it, does to its standing. An order that expired has
/// fallen already when it is cancelled because of late money.
pub fn standing(event: &Event, order: &Order) -> Option<Standing> {
    match event {
        Event::OrderPlaced { .. } | Event::OrderConfirmed { held_again: true, .. } => {
            Some(Standing::Counts)
        }
        Event::OrderCancelled { lines, .. } if lines.is_empty() && !order.lines().is_empty() => {
            None
        }
        Event::OrderExpired { .. } | Event::OrderCancelled { .. } => Some(Standing::Falls),
        _ => None,
    }
}

/// Applies a definition of a coupon, or what a fact does to the coupon of its order.
pub fn evolve_coupons(coupons: &mut CouponBook, event: &Event, entry: Option<&OrderEntry>) {
    if let Event::CouponDefined { coupon } = event {
        coupons.define(Arc::clone(coupon));
    }
    let Some(OrderEntry::Open(order)) = entry else { return };
    let placed = &*order.placed;
    let Some(code) = &placed.coupon else { return };
    let (store_id, customer_id) = (placed.store_id, placed.customer_id);
    match standing(event, order) {
        Some(Standing::Counts) => coupons.take(store_id, code, customer_id, placed.discount),
        Some(Standing::Falls) => coupons.give_back(store_id, code, customer_id, placed.discount),
        None => (),
    }
}

/// The digest of state whose parts are kept apart.
pub fn digest_of(
    lsn: Lsn,
    catalogue: &Catalogue,
    stock: &StockBook,
    orders: &OrderBook,
    people: &PersonBooks,
    coupons: &CouponBook,
    keys: &KeyBook,
) -> Digest {
    let mut digest = Digester::default();
    digest.unsigned(lsn.0);
    catalogue.write_to(&mut digest);
    stock.write_to(&mut digest);
    orders.write_to(&mut digest);
    people.write_to(&mut digest);
    coupons.write_to(&mut digest);
    keys.write_to(&mut digest);
    digest.finish()
}

#[cfg(any(test, feature = "testing"))]
#[allow(
    dead_code,
    clippy::unwrap_used,
    clippy::wildcard_imports,
    reason = "only tests live here, also those of other crates"
)]
pub mod lives;
#[cfg(test)]
mod tests;
