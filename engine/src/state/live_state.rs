//! The state that the log has led to, readable while it grows.
//!
//! The parts of the domain's `State`, each behind its own lock, so that pricing a basket never
//! waits for the books of another order. Only the publisher writes, record by record, after the
//! record is durable.

use crate::state::history::History;
use crate::state::locations::{Locations, RiderLocation};
use crate::state::read_error::ReadError;
use kirana_domain::order::OrderCommand;
use kirana_domain::state::{Applied, Parts, PersonBooks, apply, digest_of};
use kirana_domain::time::{AtMs, LogTime};
use kirana_domain::{
    Catalogue, CouponBook, CouponCode, CouponUses, Digest, Event, KeyBook, KeyEntry, Lsn, Order,
    OrderBook, OrderEntry, OrderId, PersonId, ProductId, Record, Rejection, State, Stock,
    StockBook, StoreId,
};
use parking_lot::{Mutex, MutexGuard, RwLock, RwLockWriteGuard};
use std::collections::BTreeMap;
use std::ops::DerefMut;
use std::sync::Arc;

/// Orders that are forgotten under one lock.
const FORGOTTEN_AT_ONCE: usize = 64;

/// The books of the log's state, each behind its own lock.
pub(crate) struct LiveState {
    catalogue: RwLock<Catalogue>,
    stock: RwLock<(Lsn, StockBook)>,
    orders: RwLock<OrderBook>,
    people: RwLock<PersonBooks>,
    coupons: RwLock<CouponBook>,
    /// Shared with admission, which looks for the keys of retries.
    keys: Arc<RwLock<KeyBook>>,
    /// Where riders are.
    locations: Locations,
    /// Orders that have left memory.
    history: Option<Arc<History>>,
    /// The time. Held while a record is applied, so that a digest sees whole records only.
    applying: Mutex<LogTime>,
    /// The last order number given out in each store, ahead of the log.
    numbers: Mutex<BTreeMap<StoreId, u64>>,
    /// The last number given out in each series of documents, ahead of the log.
    documents: Mutex<BTreeMap<(StoreId, u16, bool), u64>>,
}

/// A state to which a record is being applied: nobody else applies one meanwhile.
struct Applying<'a> {
    state: &'a LiveState,
    time: MutexGuard<'a, LogTime>,
}

impl Parts for Applying<'_> {
    type Error = ReadError;

    fn time(&mut self) -> &mut LogTime {
        &mut self.time
    }

    fn catalogue(&mut self) -> impl DerefMut<Target = Catalogue> {
        self.state.catalogue.write()
    }

    fn orders(&mut self, event: &Event) -> Result<impl DerefMut<Target = OrderBook>, ReadError> {
        let mut orders = self.state.orders.write();
        // Under the same lock as what follows: what was recalled may be forgotten again.
        if let Some(history) = &self.state.history {
            history.recall(&mut orders, event, Lsn(u64::MAX))?;
        }
        Ok(orders)
    }

    fn coupons(&mut self) -> impl DerefMut<Target = CouponBook> {
        self.state.coupons.write()
    }

    fn people(&mut self) -> impl DerefMut<Target = PersonBooks> {
        self.state.people.write()
    }

    fn keys(&mut self) -> impl DerefMut<Target = KeyBook> {
        self.state.keys.write()
    }

    fn stock(&mut self, lsn: Lsn) -> impl DerefMut<Target = StockBook> {
        let mut stock = self.state.stock.write();
        assert_eq!(lsn.0, stock.0.0 + 1, "records are applied in order, without gaps");
        stock.0 = lsn;
        RwLockWriteGuard::map(stock, |(_, book)| book)
    }
}

impl LiveState {
    /// Creates it from a state and the history of the orders that have left it.
    pub(crate) fn new(state: State, history: Option<Arc<History>>) -> Self {
        Self {
            catalogue: RwLock::new(state.catalogue),
            stock: RwLock::new((state.lsn, state.stock)),
            orders: RwLock::new(state.orders),
            people: RwLock::new(state.people),
            coupons: RwLock::new(state.coupons),
            keys: Arc::new(RwLock::new(state.keys)),
            locations: Locations::default(),
            history,
            applying: Mutex::new(state.time),
            numbers: Mutex::default(),
            documents: Mutex::default(),
        }
    }

    /// Applies a durable record.
    ///
    /// # Errors
    /// If the record is about an order that has left memory and cannot be read.
    pub(crate) fn apply(&self, lsn: Lsn, record: &Record) -> Result<Applied, ReadError> {
        // Held to the end, so that a digest sees whole records only.
        let applied =
            apply(&mut Applying { state: self, time: self.applying.lock() }, lsn, record)?;
        // Only these facts change who brings an order.
        let is_move =
            matches!(record.event, Event::OrderMoved { .. } | Event::OrderCancelled { .. });
        if let (true, Some(entry), Some(order_id)) =
            (is_move, &applied.entry, record.event.order_id())
        {
            self.locations.follow(order_id, entry);
        }
        Ok(applied)
    }

    /// Lets go of orders that the history has, each as of the fact it was written with. A few at a
    /// time, so that nobody waits for long.
    pub(crate) fn forget(&self, orders: &[(OrderId, Lsn)]) -> usize {
        let forget_some = |some: &[(OrderId, Lsn)]| {
            let mut book = self.orders.write();
            some.iter().filter(|(id, known)| book.forget(*id, *known)).count()
        };
        orders.chunks(FORGOTTEN_AT_ONCE).map(forget_some).sum()
    }

    /// Returns the history of ended orders; `None` when the engine runs without a data directory.
    pub(crate) fn history(&self) -> Option<&History> {
        self.history.as_deref()
    }

    /// Returns the position and the time from which on times of records never fall.
    pub(crate) fn steady(&self) -> Option<(Lsn, AtMs)> {
        self.applying.lock().steady()
    }

    /// Returns the last record that was applied.
    pub(crate) fn lsn(&self) -> Lsn {
        self.stock.read().0
    }

    pub(crate) fn catalogue<R>(&self, read: impl FnOnce(&Catalogue) -> R) -> R {
        read(&self.catalogue.read())
    }

    pub(crate) fn orders<R>(&self, read: impl FnOnce(&OrderBook) -> R) -> R {
        read(&self.orders.read())
    }

    pub(crate) fn people<R>(&self, read: impl FnOnce(&PersonBooks) -> R) -> R {
        read(&self.people.read())
    }

    pub(crate) fn coupons<R>(&self, read: impl FnOnce(&CouponBook) -> R) -> R {
        read(&self.coupons.read())
    }

    /// Returns the uses of a coupon, and the position they are as of.
    pub(crate) fn coupon_uses(&self, store_id: StoreId, code: &CouponCode) -> (CouponUses, Lsn) {
        let _whole = self.applying.lock();
        (self.coupons.read().uses(store_id, code).clone(), self.lsn())
    }

    /// Reads the orders between two records, and says which record was the last one. Publishing
    /// waits meanwhile.
    pub(crate) fn orders_as_of<R>(&self, read: impl FnOnce(&OrderBook) -> R) -> (R, Lsn) {
        let _whole = self.applying.lock();
        (read(&self.orders.read()), self.stock.read().0)
    }

    /// Checks that the rider whom a command asks to bring an order can take it. The caller holds
    /// the rider's lock.
    pub(crate) fn check_rider(
        &self,
        order: &Order,
        command: &OrderCommand,
    ) -> Result<(), Rejection> {
        let Some(rider_id) = command.asked_rider() else { return Ok(()) };
        let placed = &order.placed;
        let others = self.orders(|book| {
            book.with_rider(rider_id).filter(|other| other.placed.id != placed.id).count()
        });
        self.people(|people| people.riders.check(rider_id, placed.store_id, others))
    }

    /// Notes where a rider is. Returns on how many orders of theirs that is told, and those whose
    /// listeners are to be woken.
    pub(crate) fn locate(
        &self,
        rider_id: PersonId,
        location: RiderLocation,
    ) -> (usize, Vec<OrderId>) {
        // The lock of the orders is held: none of them ends between the look and the note.
        self.orders(|book| self.locations.tell(book.with_rider(rider_id), rider_id, location))
    }

    pub(crate) fn locations(&self) -> &Locations {
        &self.locations
    }

    pub(crate) fn order(&self, id: OrderId) -> Option<OrderEntry> {
        self.orders.read().get(id).cloned()
    }

    /// Returns the ledger of a product, and the position it is as of.
    pub(crate) fn stock(&self, store_id: StoreId, product_id: ProductId) -> (Stock, Lsn) {
        let stock = self.stock.read();
        (stock.1.get(store_id, product_id), stock.0)
    }

    /// Returns the ledgers of several products, all as of one position.
    pub(crate) fn stocks(&self, store_id: StoreId, ids: &[ProductId]) -> (Vec<Stock>, Lsn) {
        let stock = self.stock.read();
        (ids.iter().map(|id| stock.1.get(store_id, *id)).collect(), stock.0)
    }

    /// Returns the book of request keys, for admission to read.
    pub(crate) fn key_book(&self) -> Arc<RwLock<KeyBook>> {
        Arc::clone(&self.keys)
    }

    /// Returns the entry of a request key, and how many keys are remembered.
    pub(crate) fn key(&self, id: &[u8; 16]) -> (Option<KeyEntry>, usize) {
        let keys = self.keys.read();
        (keys.get(id).copied(), keys.len())
    }

    /// Returns the next order number of a store. Called only when nothing but a crash can still
    /// keep the order from being placed, so numbers have no visible gaps.
    pub(crate) fn next_number(&self, store_id: StoreId) -> u64 {
        let mut numbers = self.numbers.lock();
        let last =
            numbers.entry(store_id).or_insert_with(|| self.orders.read().last_number(store_id));
        *last += 1;
        *last
    }

    /// Numbers the documents among `events` and queues them with `append` in one go: a
    /// document takes its place in the log in the order of its number: no crash leaves a gap.
    pub(crate) fn number_documents(&self, mut events: Vec<Event>, append: impl FnOnce(Vec<Event>)) {
        if !events.iter().any(|event| matches!(event, Event::InvoiceIssued { .. })) {
            return append(events);
        }
        let mut documents = self.documents.lock();
        for event in &mut events {
            if let Event::InvoiceIssued { store_id, year, is_credit_note, number, .. } = event {
                let last =
                    documents.entry((*store_id, *year, *is_credit_note)).or_insert_with(|| {
                        self.orders.read().last_document(*store_id, *year, *is_credit_note)
                    });
                *last += 1;
                *number = *last;
            }
        }
        append(events);
    }

    /// Returns the digest of all of it.
    pub(crate) fn digest(&self) -> Digest {
        let _whole = self.applying.lock();
        self.digest_of_whole()
    }

    /// Returns the digest if `lsn` is the last record that was applied.
    pub(crate) fn digest_at(&self, lsn: Lsn) -> Option<Digest> {
        let _whole = self.applying.lock();
        (self.lsn() == lsn).then(|| self.digest_of_whole())
    }

    /// Returns the digest. The caller holds `applying`.
    fn digest_of_whole(&self) -> Digest {
        let stock = self.stock.read();
        let (catalogue, orders) = (self.catalogue.read(), self.orders.read());
        let (people, coupons, keys) = (self.people.read(), self.coupons.read(), self.keys.read());
        digest_of(stock.0, &catalogue, &stock.1, &orders, &people, &coupons, &keys)
    }
}
