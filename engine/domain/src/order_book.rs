//! All orders: the open ones whole, the ended ones as a line that says where the log has them.

use crate::digest::Digester;
use crate::time::AtMs;
use crate::{FastMap, Lsn, Order, OrderId, PersonId, Record, Status, StoreId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What memory knows of an order.
#[derive(Clone, Debug)]
pub enum Entry {
    /// Something may still happen to it.
    Open(Arc<Order>),
    /// Nothing can happen to it any more: read it from the log.
    Ended(Arc<Ended>),
}

/// Where an ended order is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its last state.
    pub status: Status,
    /// Who ordered.
    pub customer_id: PersonId,
    /// The store that served it.
    pub store_id: StoreId,
    /// Its facts in the log, first to last.
    pub lsns: Box<[Lsn]>,
}

impl Entry {
    /// Who ordered, and from which store.
    pub fn owner(&self) -> (PersonId, StoreId) {
        match self {
            Self::Open(order) => (order.placed.customer_id, order.placed.store_id),
            Self::Ended(ended) => (ended.customer_id, ended.store_id),
        }
    }

    /// Where it is in its life.
    pub fn status(&self) -> Status {
        match self {
            Self::Open(order) => order.status,
            Self::Ended(ended) => ended.status,
        }
    }

    /// Its facts in the log, first to last.
    pub fn lsns(&self) -> &[Lsn] {
        match self {
            Self::Open(order) => &order.lsns,
            Self::Ended(ended) => &ended.lsns,
        }
    }
}

/// All orders, with the ways to find them.
#[derive(Clone, Debug, Default)]
pub struct OrderBook {
    orders: FastMap<OrderId, Entry>,
    /// Ids in the order of their placing, per customer and per store.
    of_customer: FastMap<PersonId, Vec<OrderId>>,
    of_store: BTreeMap<StoreId, Vec<OrderId>>,
    /// The highest order number of each store.
    last_number: BTreeMap<StoreId, u64>,
    open_count: usize,
}

impl OrderBook {
    /// What memory knows of an order.
    pub fn get(&self, id: OrderId) -> Option<&Entry> {
        self.orders.get(&id)
    }

    /// How many orders are open.
    pub fn open_count(&self) -> usize {
        self.open_count
    }

    /// How many orders there are and ever were.
    pub fn count(&self) -> usize {
        self.orders.len()
    }

    /// Orders of a customer, oldest first.
    pub fn of_customer(&self, id: PersonId) -> &[OrderId] {
        self.of_customer.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Orders of a store, oldest first.
    pub fn of_store(&self, id: StoreId) -> &[OrderId] {
        self.of_store.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The highest order number of a store; 0 before its first order.
    pub fn last_number(&self, id: StoreId) -> u64 {
        self.last_number.get(&id).copied().unwrap_or(0)
    }

    /// Unpaid orders with the end of their time to pay: what a timer must know after a restart.
    pub fn unpaid(&self) -> Vec<(AtMs, OrderId)> {
        let pending = |(id, entry): (&OrderId, &Entry)| match entry {
            Entry::Open(order) if order.status == Status::PendingPayment => {
                order.placed.hold_expires_at_ms.map(|at_ms| (at_ms, *id))
            }
            _ => None,
        };
        self.orders.sorted().into_iter().filter_map(pending).collect()
    }

    /// Applies what happened to an order, and answers the order as it is after that; other facts
    /// are none of its business.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) -> Option<Arc<Order>> {
        if let Some(order) = Order::begin(lsn, record) {
            return Some(self.begin(Arc::new(order)));
        }
        record.event.order_id().map(|id| self.go_on(id, lsn, record))
    }

    fn begin(&mut self, order: Arc<Order>) -> Arc<Order> {
        let placed = Arc::clone(&order.placed);
        self.of_customer.get_or_insert_with(placed.customer_id, Vec::new).push(placed.id);
        self.of_store.entry(placed.store_id).or_default().push(placed.id);
        let last = self.last_number.entry(placed.store_id).or_default();
        *last = placed.number.max(*last);
        self.open_count += 1;
        let before = self.orders.insert(placed.id, Entry::Open(Arc::clone(&order)));
        assert!(before.is_none(), "an order is placed once");
        order
    }

    fn go_on(&mut self, id: OrderId, lsn: Lsn, record: &Record) -> Arc<Order> {
        let Some(entry) = self.orders.get_mut(&id) else {
            unreachable!("a fact about an order comes after the one that placed it")
        };
        let Entry::Open(order) = entry else { unreachable!("nothing happens to an ended order") };
        Arc::make_mut(order).evolve(lsn, record);
        let order = Arc::clone(order);
        if order.status.is_end() {
            self.open_count -= 1;
            *entry = Entry::Ended(Arc::new(Ended {
                status: order.status,
                customer_id: order.placed.customer_id,
                store_id: order.placed.store_id,
                lsns: order.lsns.as_slice().into(),
            }));
        }
        order
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.orders.len());
        for (id, entry) in self.orders.sorted() {
            match entry {
                Entry::Open(order) => order.write_to(digest),
                Entry::Ended(ended) => {
                    digest.id(id.0).id(ended.customer_id.0).id(ended.store_id.0);
                    digest.unsigned(ended.status as u64).count(ended.lsns.len());
                    ended.lsns.iter().for_each(|lsn| _ = digest.unsigned(lsn.0));
                }
            }
        }
        digest.count(self.last_number.len());
        for (store_id, number) in &self.last_number {
            digest.id(store_id.0).unsigned(*number);
        }
    }
}
