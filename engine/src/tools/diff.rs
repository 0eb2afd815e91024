//! The differences of the state between two positions of the log.
//!
//! The state is replayed once; the subject of a record is kept as it was before the first record
//! that touches it, so that only things that may differ are kept.

use super::{Log, Replayed, ToolError, Until};
use crate::tools::explain::Money;
use kirana_domain::order::Step;
use kirana_domain::payment::Payment;
use kirana_domain::{
    Digest, Event, Lsn, OrderEntry, OrderId, Paise, Product, ProductId, Record, State, Status,
    Stock, Store, StoreId,
};
use std::collections::{BTreeMap, btree_map};
use std::sync::Arc;

/// A product whose counts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockDiff {
    /// The store.
    pub store_id: StoreId,
    /// The product.
    pub product_id: ProductId,
    /// Its name at the end.
    pub name: Option<String>,
    /// Before.
    pub before: Stock,
    /// After.
    pub after: Stock,
}

/// An order with a record between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderDiff {
    /// The order.
    pub order_id: OrderId,
    /// Its state before; `None` for one that was placed since.
    pub before: Option<Status>,
    /// Its state after.
    pub after: Status,
}

/// A part of the catalogue that was defined, or defined anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redefined<T> {
    /// Before; `None` for a new one.
    pub before: Option<Arc<T>>,
    /// After.
    pub after: Arc<T>,
}

/// Money that moved between the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MoneyDiff {
    /// Totals of the orders that were placed.
    pub placed: Paise,
    /// Captured of customers' money.
    pub captured: Paise,
    /// The part of that which went back or is to go back.
    pub given_back: Paise,
    /// Cash collected at doors.
    pub cash_collected: Paise,
    /// Cash that riders handed over, as counted.
    pub cash_handed_over: Paise,
}

/// All differences.
#[derive(Clone, Debug)]
pub struct Diff {
    /// The earlier position, and the digest there.
    pub from: (Lsn, Digest),
    /// The later one.
    pub to: (Lsn, Digest),
    /// Records between the two, by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Products whose counts differ.
    pub stock: Vec<StockDiff>,
    /// Orders that are new or in another state.
    pub orders: Vec<OrderDiff>,
    /// Orders with a record between the two that are in the same state.
    pub orders_touched: u64,
    /// Money.
    pub money: MoneyDiff,
    /// Stores.
    pub stores: Vec<Redefined<Store>>,
    /// Products.
    pub products: Vec<Redefined<Product>>,
}

/// Compares the state after two records.
///
/// # Errors
/// As [`Log::replay`]; the second position must not be before the first.
pub fn diff(log: &Log<'_>, from: Lsn, to: Lsn) -> Result<Diff, ToolError> {
    if to < from {
        let what = format!("record {to} is before record {from}: give the earlier one first");
        return Err(ToolError::Ambiguous(what));
    }
    let mut replayed = Replayed::nothing(log);
    log.replay_on(&mut replayed, Until::Lsn(from), &mut |_, _| ())?;
    let digest_before = replayed.state.digest();
    let mut before = Before::default();
    log.replay_on(&mut replayed, Until::Lsn(to), &mut |state, record| before.see(state, record))?;
    let state = &replayed.state;
    let after = before.after(&replayed)?;
    let (orders, orders_touched) = before.orders(&after);
    Ok(Diff {
        from: (from, digest_before),
        to: (to, state.digest()),
        stock: before.stock(state),
        orders,
        orders_touched,
        money: before.money(&after),
        stores: before.stores(state),
        products: before.products(state),
        kinds: before.kinds,
    })
}

/// The things that records touched, as they were before.
#[derive(Default)]
struct Before {
    kinds: BTreeMap<&'static str, u64>,
    stock: BTreeMap<(StoreId, ProductId), Stock>,
    orders: BTreeMap<OrderId, Option<(Status, Money)>>,
    stores: BTreeMap<StoreId, Option<Arc<Store>>>,
    products: BTreeMap<(StoreId, ProductId), Option<Arc<Product>>>,
    /// Sums that follow from the records alone.
    flows: MoneyDiff,
}

/// Returns the money of an order, open or ended.
fn money_of(entry: &OrderEntry) -> Money {
    match entry {
        OrderEntry::Open(order) => Money::of(order),
        OrderEntry::Ended(ended) => {
            let payment = ended.payment.as_deref();
            Money {
                total: ended.due,
                captured: payment.map_or(Paise::ZERO, Payment::captured),
                given_back: payment.map_or(Paise::ZERO, Payment::given_back),
                ..Money::default()
            }
        }
    }
}

impl Before {
    fn see(&mut self, state: &State, record: &Record) {
        *self.kinds.entry(record.event.kind()).or_default() += 1;
        record.event.for_stock(|store_id, product_id, _| {
            let key = (store_id, product_id);
            self.stock.entry(key).or_insert_with(|| state.stock.get(store_id, product_id));
        });
        if let Some(id) = record.event.order_id()
            && let btree_map::Entry::Vacant(vacant) = self.orders.entry(id)
        {
            let entry = state.orders.get(id);
            vacant.insert(entry.map(|entry| (entry.status(), money_of(entry))));
        }
        match &record.event {
            Event::StoreOpened { store } | Event::StoreChanged { store } => {
                let known = || state.catalogue.store(store.id).cloned();
                self.stores.entry(store.id).or_insert_with(known);
            }
            Event::ProductDefined { product, .. } => {
                let key = (product.store_id, product.id);
                let known = || state.catalogue.product(product.store_id, product.id).cloned();
                self.products.entry(key).or_insert_with(known);
            }
            Event::OrderPlaced { order } => {
                self.flows.placed = self.flows.placed + order.sums.total;
            }
            Event::OrderMoved { step: Step::Delivered { cash, .. }, .. } => {
                self.flows.cash_collected = self.flows.cash_collected + *cash;
            }
            Event::CashHandedOver { counted, .. } => {
                self.flows.cash_handed_over = self.flows.cash_handed_over + *counted;
            }
            _ => (),
        }
    }

    fn stock(&self, state: &State) -> Vec<StockDiff> {
        let diff = |((store_id, product_id), before): (&(StoreId, ProductId), &Stock)| {
            let (store_id, product_id) = (*store_id, *product_id);
            let after = state.stock.get(store_id, product_id);
            let product = state.catalogue.product(store_id, product_id);
            let name = product.map(|product| product.name.to_string());
            (after != *before).then_some(StockDiff {
                store_id,
                product_id,
                name,
                before: *before,
                after,
            })
        };
        self.stock.iter().filter_map(diff).collect()
    }

    /// Returns the orders that records touched, as they are now.
    fn after(&self, now: &Replayed) -> Result<BTreeMap<OrderId, (Status, Money)>, ToolError> {
        let mut after = BTreeMap::new();
        for id in self.orders.keys() {
            after.extend(now.order(*id)?.map(|it| (*id, (it.status(), money_of(&it)))));
        }
        Ok(after)
    }

    /// Returns the orders in another state, and the number of those in the same.
    fn orders(&self, after: &BTreeMap<OrderId, (Status, Money)>) -> (Vec<OrderDiff>, u64) {
        let mut touched = 0;
        let mut moved = Vec::new();
        for (id, before) in &self.orders {
            let Some((after, _)) = after.get(id) else { continue };
            let (before, after) = (before.map(|(status, _)| status), *after);
            if before == Some(after) {
                touched += 1;
            } else {
                moved.push(OrderDiff { order_id: *id, before, after });
            }
        }
        (moved, touched)
    }

    fn money(&self, after: &BTreeMap<OrderId, (Status, Money)>) -> MoneyDiff {
        let mut sums = self.flows;
        for (id, before) in &self.orders {
            let Some((_, after)) = after.get(id) else { continue };
            let before = before.map_or_else(Money::default, |(_, money)| money);
            sums.captured = sums.captured + (after.captured - before.captured);
            sums.given_back = sums.given_back + (after.given_back - before.given_back);
        }
        sums
    }

    fn stores(&self, state: &State) -> Vec<Redefined<Store>> {
        let diff = |(id, before): (&StoreId, &Option<Arc<Store>>)| {
            redefined(before.as_ref(), state.catalogue.store(*id))
        };
        self.stores.iter().filter_map(diff).collect()
    }

    fn products(&self, state: &State) -> Vec<Redefined<Product>> {
        let diff = |((store_id, id), before): (&(StoreId, ProductId), &Option<Arc<Product>>)| {
            redefined(before.as_ref(), state.catalogue.product(*store_id, *id))
        };
        self.products.iter().filter_map(diff).collect()
    }
}

fn redefined<T: PartialEq>(
    before: Option<&Arc<T>>,
    after: Option<&Arc<T>>,
) -> Option<Redefined<T>> {
    let after = after.filter(|after| before != Some(after))?;
    Some(Redefined { before: before.cloned(), after: Arc::clone(after) })
}

#[cfg(test)]
mod tests;
