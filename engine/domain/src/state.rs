//! The fold of the log: everything that is true after its last record.

mod person_command;

pub use person_command::PersonCommand;

use crate::digest::{Digest, Digester};
use crate::time::LogTime;
use crate::{
    AddressBook, CartBook, CashBook, Catalogue, CouponBook, Customers, EndpointBook, Event,
    KeyBook, LooseBook, Lsn, Order, OrderBook, OrderEntry, ProductId, Record, RiderBook, StockBook,
    StoreId,
};
use std::convert::Infallible;
use std::ops::DerefMut;
use std::sync::Arc;

/// All that the log says, as of one position.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The last record that was applied.
    pub lsn: Lsn,
    /// The time that has passed. In no digest: it follows from the times of a few records.
    pub time: LogTime,
    /// Stores and products.
    pub catalogue: Catalogue,
    /// The ledgers.
    pub stock: StockBook,
    /// The orders.
    pub orders: OrderBook,
    /// The books of people.
    pub people: PersonBooks,
    /// Coupons and what was used of them.
    pub coupons: CouponBook,
    /// The requests that were answered.
    pub keys: KeyBook,
}

/// The books of people and other systems, rather than of orders.
#[derive(Clone, Debug, Default)]
pub struct PersonBooks {
    /// Carts.
    pub carts: CartBook,
    /// Address books.
    pub addresses: AddressBook,
    /// The books of customers.
    pub customers: Customers,
    /// Cash that riders have.
    pub cash: CashBook,
    /// The riders of the stores.
    pub riders: RiderBook,
    /// Other systems of the shop that are told what happens.
    pub hooks: EndpointBook,
    /// Captured money that named no order.
    pub loose: LooseBook,
}

impl PersonBooks {
    /// Applies a record; `time` and the order that it is about, `entry`, are as they are after it.
    pub fn evolve(
        &mut self,
        lsn: Lsn,
        record: &Record,
        time: &LogTime,
        entry: Option<&OrderEntry>,
    ) {
        self.carts.evolve(lsn, record, time);
        self.addresses.evolve(record);
        self.customers.evolve(record, entry);
        self.cash.evolve(record);
        self.riders.evolve(record);
        self.hooks.evolve(lsn, record);
        self.loose.evolve(record);
    }

    fn write_to(&self, digest: &mut Digester) {
        self.carts.write_to(digest);
        self.addresses.write_to(digest);
        self.customers.write_to(digest);
        self.cash.write_to(digest);
        self.riders.write_to(digest);
        self.hooks.write_to(digest);
        self.loose.write_to(digest);
    }
}

/// The parts of a state as a record finds them, wherever they are kept: together, or behind locks.
/// Each is held until what is returned is dropped.
pub trait Parts {
    /// The reason why an order is not at hand.
    type Error;

    /// Returns the time.
    fn time(&mut self) -> &mut LogTime;

    /// Returns the catalogue.
    fn catalogue(&mut self) -> impl DerefMut<Target = Catalogue>;

    /// Returns the orders; the one that the fact is about is among them.
    ///
    /// # Errors
    /// Returned when that order is elsewhere and cannot be read.
    fn orders(&mut self, event: &Event) -> Result<impl DerefMut<Target = OrderBook>, Self::Error>;

    /// Returns the coupons.
    fn coupons(&mut self) -> impl DerefMut<Target = CouponBook>;

    /// Returns what belongs to people.
    fn people(&mut self) -> impl DerefMut<Target = PersonBooks>;

    /// Returns the requests that were answered.
    fn keys(&mut self) -> impl DerefMut<Target = KeyBook>;

    /// Returns the ledgers: the last part, with which the state is as of `lsn`.
    fn stock(&mut self, lsn: Lsn) -> impl DerefMut<Target = StockBook>;
}

/// The outcome of a record.
#[derive(Debug)]
pub struct Applied {
    /// The order that the record is about, as it is after it.
    pub entry: Option<OrderEntry>,
    /// Products whose books have just broken the stock law.
    pub breached: Vec<(StoreId, ProductId)>,
}

/// Applies the next record to all parts: the one rule of replays, checkpoints and the live state.
///
/// # Errors
/// The order of the record cannot be read; only time and catalogue have changed then.
pub fn apply<P: Parts>(parts: &mut P, lsn: Lsn, record: &Record) -> Result<Applied, P::Error> {
    let event = &record.event;
    parts.time().evolve(lsn, record);
    let time = parts.time().clone();
    if Catalogue::concerns(event) {
        parts.catalogue().evolve(event);
    }
    let entry = parts.orders(event)?.evolve(lsn, record);
    if concerns_coupons(event, entry.as_ref()) {
        evolve_coupons(&mut parts.coupons(), event, entry.as_ref());
    }
    parts.people().evolve(lsn, record, &time, entry.as_ref());
    parts.keys().evolve(lsn, record, &time);
    let breached = parts.stock(lsn).evolve(record);
    Ok(Applied { entry, breached })
}

impl Parts for State {
    type Error = Infallible;

    fn time(&mut self) -> &mut LogTime {
        &mut self.time
    }

    fn catalogue(&mut self) -> impl DerefMut<Target = Catalogue> {
        &mut self.catalogue
    }

    fn orders(&mut self, _: &Event) -> Result<impl DerefMut<Target = OrderBook>, Infallible> {
        Ok(&mut self.orders)
    }

    fn coupons(&mut self) -> impl DerefMut<Target = CouponBook> {
        &mut self.coupons
    }

    fn people(&mut self) -> impl DerefMut<Target = PersonBooks> {
        &mut self.people
    }

    fn keys(&mut self) -> impl DerefMut<Target = KeyBook> {
        &mut self.keys
    }

    fn stock(&mut self, lsn: Lsn) -> impl DerefMut<Target = StockBook> {
        self.lsn = lsn;
        &mut self.stock
    }
}

impl State {
    /// Applies the next record; returns the products whose books have just broken the stock law.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) -> Vec<(StoreId, ProductId)> {
        assert_eq!(lsn.0, self.lsn.0 + 1, "records are applied in order, without gaps");
        let Ok(Applied { breached, .. }) = apply(self, lsn, record);
        breached
    }

    /// Returns the fingerprint of all of it. Walks everything: for tests, checkpoints and tools.
    pub fn digest(&self) -> Digest {
        let Self { lsn, time: _, catalogue, stock, orders, people, coupons, keys } = self;
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

/// Returns how a fact changes the standing of its order, as it is after it. An order that expired
/// has fallen already when it is cancelled because of late money.
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

/// Returns true when a fact defines a coupon, or the order that it is about has one.
fn concerns_coupons(event: &Event, entry: Option<&OrderEntry>) -> bool {
    match entry {
        Some(OrderEntry::Open(order)) => order.placed.coupon.is_some(),
        Some(OrderEntry::Ended(_)) => false,
        None => event.is_of_coupons(),
    }
}

/// Applies a definition of a coupon, or what a fact does to the coupon of its order.
fn evolve_coupons(coupons: &mut CouponBook, event: &Event, entry: Option<&OrderEntry>) {
    if let Event::CouponDefined { coupon } = event {
        coupons.define(Arc::clone(coupon));
    }
    let Some(OrderEntry::Open(order)) = entry else { return };
    let placed = &*order.placed;
    let Some(code) = &placed.coupon else { return };
    let (store_id, customer_id) = (placed.store_id, placed.customer_id);
    match standing(event, order) {
        Some(Standing::Counts) => coupons.take(store_id, code, customer_id, placed.sums.discount),
        Some(Standing::Falls) => {
            coupons.give_back(store_id, code, customer_id, placed.sums.discount);
        }
        None => (),
    }
}

/// Returns the digest of a state whose parts are kept apart.
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
