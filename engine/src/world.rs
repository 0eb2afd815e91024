//! The state that the log has led to, readable while it grows.
//!
//! The parts of the domain's `State`, each behind its own lock, so that pricing a basket never
//! waits for the books of another order. Only the publisher writes, record by record, after the
//! record is durable.

use kirana_domain::state::digest_of;
use kirana_domain::{
    Catalogue, Digest, Entry, KeyBook, KeyEntry, Lsn, Order, OrderBook, OrderId, ProductId, Record,
    State, Stock, StockBook, StoreId,
};
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::sync::Arc;

/// See the module.
pub(crate) struct World {
    catalogue: RwLock<Catalogue>,
    stock: RwLock<(Lsn, StockBook)>,
    orders: RwLock<OrderBook>,
    keys: RwLock<KeyBook>,
    /// Held while a record is applied, so that a digest sees whole records only.
    applying: Mutex<()>,
    /// The last order number given out in each store, ahead of the log.
    numbers: Mutex<BTreeMap<StoreId, u64>>,
}

/// What applying a record led to.
pub(crate) struct Applied {
    /// The order that the record is about, as it is after it.
    pub(crate) order: Option<Arc<Order>>,
    /// Products whose books have just broken the stock law.
    pub(crate) breached: Vec<(StoreId, ProductId)>,
}

impl World {
    pub(crate) fn new(state: State) -> Self {
        Self {
            catalogue: RwLock::new(state.catalogue),
            stock: RwLock::new((state.lsn, state.stock)),
            orders: RwLock::new(state.orders),
            keys: RwLock::new(state.keys),
            applying: Mutex::default(),
            numbers: Mutex::default(),
        }
    }

    /// Applies a durable record: the same steps as `State::evolve`.
    pub(crate) fn apply(&self, lsn: Lsn, record: &Record) -> Applied {
        let _whole = self.applying.lock();
        if is_of_catalogue(record) {
            self.catalogue.write().evolve(&record.event);
        }
        let order = self.orders.write().evolve(lsn, record);
        self.keys.write().evolve(lsn, record);
        let mut stock = self.stock.write();
        assert_eq!(lsn.0, stock.0.0 + 1, "records are applied in order, without gaps");
        stock.0 = lsn;
        Applied { order, breached: stock.1.evolve(record) }
    }

    /// The last record that was applied.
    pub(crate) fn lsn(&self) -> Lsn {
        self.stock.read().0
    }

    pub(crate) fn catalogue<R>(&self, read: impl FnOnce(&Catalogue) -> R) -> R {
        read(&self.catalogue.read())
    }

    pub(crate) fn orders<R>(&self, read: impl FnOnce(&OrderBook) -> R) -> R {
        read(&self.orders.read())
    }

    pub(crate) fn order(&self, id: OrderId) -> Option<Entry> {
        self.orders.read().get(id).cloned()
    }

    /// The ledger of a product, and the position it is as of.
    pub(crate) fn stock(&self, store_id: StoreId, product_id: ProductId) -> (Stock, Lsn) {
        let stock = self.stock.read();
        (stock.1.get(store_id, product_id), stock.0)
    }

    /// The ledgers of several products, all as of one position.
    pub(crate) fn stocks(&self, store_id: StoreId, ids: &[ProductId]) -> (Vec<Stock>, Lsn) {
        let stock = self.stock.read();
        (ids.iter().map(|id| stock.1.get(store_id, *id)).collect(), stock.0)
    }

    /// What a request key stands for, and how many keys are remembered.
    pub(crate) fn key(&self, id: &[u8; 16]) -> (Option<KeyEntry>, usize) {
        let keys = self.keys.read();
        (keys.get(id).copied(), keys.len())
    }

    /// The next order number of a store. Given out only when nothing but a crash can still keep
    /// the order from being placed, so numbers have no gaps that anybody sees.
    pub(crate) fn next_number(&self, store_id: StoreId) -> u64 {
        let mut numbers = self.numbers.lock();
        let last =
            numbers.entry(store_id).or_insert_with(|| self.orders.read().last_number(store_id));
        *last += 1;
        *last
    }

    pub(crate) fn digest(&self) -> Digest {
        let _whole = self.applying.lock();
        let stock = self.stock.read();
        digest_of(stock.0, &self.catalogue.read(), &stock.1, &self.orders.read(), &self.keys.read())
    }
}

fn is_of_catalogue(record: &Record) -> bool {
    use kirana_domain::Event::{ProductDefined, StoreChanged, StoreOpened};
    matches!(record.event, ProductDefined { .. } | StoreChanged { .. } | StoreOpened { .. })
}
