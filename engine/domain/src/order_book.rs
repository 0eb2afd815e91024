//! The orders in memory: the open ones whole, and those that ended lately as a line each.
//!
//! Something may happen to an open order; an ended one is read from the log. An ended order is
//! forgotten once a checkpoint knows it ([`OrderBook::forget`]), and comes back before a record
//! about it is applied ([`OrderBook::recall`]). Neither is a change: what was is in a running hash,
//! so the digest is the same whoever remembers how much.

use crate::digest::{Digest, Digester};
use crate::facts::{ProviderId, Step};
use crate::time::AtMs;
use crate::{Event, FastMap, Lsn, Order, OrderId, PersonId, Record, Status, StoreId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod entry;
mod parts;

pub use entry::{EndedOrder, OrderEntry, Parties};
pub use parts::OrderBookParts;

/// Documents of one kind, of one store and financial year; true for credit notes.
pub type Series = (StoreId, u16, bool);

/// The orders in memory, with the ways to find them.
#[derive(Clone, Debug, Default)]
pub struct OrderBook {
    orders: FastMap<OrderId, OrderEntry>,
    /// Ids in the order of their placing, per customer and per store.
    of_customer: FastMap<PersonId, Vec<OrderId>>,
    of_store: BTreeMap<StoreId, BTreeMap<Lsn, OrderId>>,
    /// Ids in the order of their assignment.
    of_rider: FastMap<PersonId, Vec<OrderId>>,
    /// The provider's orders.
    of_provider: FastMap<ProviderId, OrderId>,
    /// The highest order number of each store.
    last_number: BTreeMap<StoreId, u64>,
    /// The highest number of each series of documents.
    last_document: BTreeMap<Series, u64>,
    /// Ended orders that money may still turn up for, with the end of that time.
    watched: BTreeSet<(AtMs, OrderId)>,
    open_count: usize,
    /// Orders that have ended, ever.
    ended_count: u64,
    /// Running hash over every ending and every later fact, in the order of the log.
    ended_chain: [u8; 32],
}

impl OrderBook {
    /// What memory knows of an order.
    pub fn get(&self, id: OrderId) -> Option<&OrderEntry> {
        self.orders.get(&id)
    }

    /// How many orders are open: something is left to do, or money may still turn up.
    pub fn open_count(&self) -> usize {
        self.open_count
    }

    /// The open orders of all stores, oldest first. Walks every order in memory.
    pub fn open_ids(&self) -> Vec<OrderId> {
        let is_open = |entry: &OrderEntry| matches!(entry, OrderEntry::Open(_));
        let open = self.orders.sorted().into_iter().filter(|(_, entry)| is_open(entry));
        open.map(|(id, _)| *id).collect()
    }

    /// The ended orders that are still in memory, by id. Walks every order in memory.
    pub fn ended(&self) -> Vec<(OrderId, Arc<EndedOrder>)> {
        let ended = |(id, entry): (&OrderId, &OrderEntry)| match entry {
            OrderEntry::Ended(ended) => Some((*id, Arc::clone(ended))),
            OrderEntry::Open(_) => None,
        };
        self.orders.sorted().into_iter().filter_map(ended).collect()
    }

    /// How many orders there are and ever were.
    pub fn count(&self) -> usize {
        self.open_count + usize::try_from(self.ended_count).unwrap_or(usize::MAX)
    }

    /// How many orders are in memory.
    pub fn in_memory_count(&self) -> usize {
        self.orders.len()
    }

    /// Orders of a customer in memory, oldest first.
    pub fn of_customer(&self, id: PersonId) -> &[OrderId] {
        self.of_customer.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Orders of a store in memory, oldest first.
    pub fn of_store(&self, id: StoreId) -> impl DoubleEndedIterator<Item = OrderId> {
        self.of_store.get(&id).into_iter().flat_map(|orders| orders.values().copied())
    }

    /// Orders in memory that a rider was asked to bring, first asked first.
    pub fn of_rider(&self, id: PersonId) -> &[OrderId] {
        self.of_rider.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The order in memory that one of the provider's stands for.
    pub fn of_provider(&self, id: &ProviderId) -> Option<OrderId> {
        self.of_provider.get(id).copied()
    }

    /// The highest order number of a store; 0 before its first order.
    pub fn last_number(&self, id: StoreId) -> u64 {
        self.last_number.get(&id).copied().unwrap_or(0)
    }

    /// The highest number of a series of documents; 0 before the first.
    pub fn last_document(&self, store_id: StoreId, year: u16, is_credit_note: bool) -> u64 {
        self.last_document.get(&(store_id, year, is_credit_note)).copied().unwrap_or(0)
    }

    /// Unpaid orders with the end of their hold: what a timer must know after a restart.
    pub fn unpaid(&self) -> Vec<(AtMs, OrderId)> {
        let pending = |(id, entry): (&OrderId, &OrderEntry)| match entry {
            OrderEntry::Open(order) if order.status == Status::PendingPayment => {
                order.placed.hold_expires_at_ms.map(|at_ms| (at_ms, *id))
            }
            _ => None,
        };
        self.orders.sorted().into_iter().filter_map(pending).collect()
    }

    /// Orders that somebody has tried to pay: what the outbox must know after a restart.
    pub fn with_payments(&self) -> Vec<(OrderId, OrderEntry)> {
        let paid = |(id, entry): (&OrderId, &OrderEntry)| {
            entry.payment().is_some().then(|| (*id, entry.clone()))
        };
        self.orders.sorted().into_iter().filter_map(paid).collect()
    }

    /// The order that a record is about and that is not in memory: recall it before the record is
    /// applied.
    pub fn lacks(&self, event: &Event) -> Option<OrderId> {
        if matches!(event, Event::OrderPlaced { .. }) {
            return None;
        }
        event.order_id().filter(|id| self.orders.get(id).is_none())
    }

    /// Takes an ended order back into memory, as it was when it was forgotten. Not a change.
    pub fn recall(&mut self, id: OrderId, ended: Arc<EndedOrder>) {
        if self.orders.get(&id).is_none() {
            self.find_by(id, &OrderEntry::Ended(Arc::clone(&ended)), Arrival::Recalled);
            self.orders.insert(id, OrderEntry::Ended(ended));
        }
    }

    /// Forgets an ended order that is known elsewhere as of its fact at `known`. Not a change.
    /// Answers whether it was forgotten: one that something happened to meanwhile is not.
    pub fn forget(&mut self, id: OrderId, known: Lsn) -> bool {
        let Some(OrderEntry::Ended(ended)) = self.orders.get(&id) else { return false };
        if ended.last_lsn() != known {
            return false;
        }
        let ended = Arc::clone(ended);
        self.orders.remove(&id);
        forget_in(&mut self.of_customer, ended.parties.customer_id, id);
        if let Some(rider_id) = ended.parties.rider_id {
            forget_in(&mut self.of_rider, rider_id, id);
        }
        if let Some(orders) = self.of_store.get_mut(&ended.parties.store_id) {
            orders.remove(&ended.lsns[0]);
        }
        let provider_id = ended.payment.as_ref().and_then(|it| it.provider_order_id.as_ref());
        if let Some(provider_id) = provider_id {
            self.of_provider.remove(provider_id);
        }
        true
    }

    /// Applies what happened to an order, and answers the entry as it is after that; other facts
    /// are none of its business.
    ///
    /// # Panics
    /// When the order is not in memory ([`OrderBook::lacks`]).
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) -> Option<OrderEntry> {
        self.close_watched(record.at_ms);
        if let Some(order) = Order::begin(lsn, record) {
            return Some(self.begin(Arc::new(order)));
        }
        self.index(&record.event);
        record.event.order_id().map(|id| self.go_on(id, lsn, record))
    }

    fn begin(&mut self, order: Arc<Order>) -> OrderEntry {
        let placed = Arc::clone(&order.placed);
        let last = self.last_number.entry(placed.store_id).or_default();
        *last = placed.number.max(*last);
        self.open_count += 1;
        let entry = OrderEntry::Open(order);
        self.find_by(placed.id, &entry, Arrival::Placed);
        let before = self.orders.insert(placed.id, entry.clone());
        assert!(before.is_none(), "an order is placed once");
        entry
    }

    /// Enters an order that comes into memory where it is looked for. One that comes back stands
    /// before those that were placed after it.
    fn find_by(&mut self, id: OrderId, entry: &OrderEntry, arrival: Arrival) {
        let Parties { customer_id, store_id, rider_id } = entry.parties();
        let lsn = entry.placed_lsn();
        let orders = &self.orders;
        let is_before = |other: &OrderId| {
            arrival == Arrival::Placed
                || orders.get(other).is_some_and(|other| other.placed_lsn() < lsn)
        };
        let own = self.of_customer.get_or_insert_with(customer_id, Vec::new);
        insert_where(own, is_before, id);
        self.of_store.entry(store_id).or_default().insert(lsn, id);
        if let Some(rider_id) = rider_id {
            let asked = self.of_rider.get_or_insert_with(rider_id, Vec::new);
            insert_where(asked, is_before, id);
        }
        let provider_id = entry.payment().and_then(|it| it.provider_order_id.as_ref());
        if let Some(provider_id) = provider_id {
            self.of_provider.insert(provider_id.clone(), id);
        }
    }

    fn index(&mut self, event: &Event) {
        match event {
            Event::PaymentOrderMade { order_id, provider_order_id } => {
                self.of_provider.insert(provider_order_id.clone(), *order_id);
            }
            Event::OrderMoved { order_id, step: Step::Assigned { rider_id }, .. } => {
                let asked = self.of_rider.get_or_insert_with(*rider_id, Vec::new);
                // Those that were offered, went to another and were forgotten since. Looked for as
                // often as the list doubles, so that a rider of years costs no more than a new one.
                if asked.len().is_power_of_two() {
                    asked.retain(|id| self.orders.get(id).is_some());
                }
                if !asked.contains(order_id) {
                    asked.push(*order_id);
                }
            }
            Event::InvoiceIssued { store_id, is_credit_note, year, number, .. } => {
                let last = self.last_document.entry((*store_id, *year, *is_credit_note));
                let last = last.or_default();
                *last = (*number).max(*last);
            }
            _ => (),
        }
    }

    fn go_on(&mut self, id: OrderId, lsn: Lsn, record: &Record) -> OrderEntry {
        let Some(entry) = self.orders.get_mut(&id) else {
            unreachable!("a fact about an order comes after the one that placed it")
        };
        match entry {
            OrderEntry::Open(order) => {
                Arc::make_mut(order).evolve(lsn, record);
                let after = OrderEntry::Open(Arc::clone(order));
                if let Some(until_ms) = order.watched_until_ms() {
                    self.watched.insert((until_ms, id));
                }
                if order.may_leave(record.at_ms) {
                    self.end(id);
                }
                after
            }
            OrderEntry::Ended(ended) => {
                Arc::make_mut(ended).evolve(lsn, record);
                let ended = Arc::clone(ended);
                self.chain(id, &ended);
                OrderEntry::Ended(ended)
            }
        }
    }

    /// Lets go of ended orders for which no more money can turn up, by the time of a record, so
    /// that a replay lets go at the same record as the live engine did.
    fn close_watched(&mut self, now_ms: AtMs) {
        while let Some((until_ms, id)) = self.watched.first().copied()
            && until_ms < now_ms
        {
            self.watched.pop_first();
            if let Some(OrderEntry::Open(order)) = self.orders.get(&id)
                && order.may_leave(now_ms)
            {
                self.end(id);
            }
        }
    }

    /// Makes a line of an order that has ended.
    fn end(&mut self, id: OrderId) {
        let Some(OrderEntry::Open(order)) = self.orders.get(&id) else {
            unreachable!("an order ends once")
        };
        let ended = Arc::new(EndedOrder::of(order));
        self.orders.insert(id, OrderEntry::Ended(Arc::clone(&ended)));
        self.open_count -= 1;
        self.ended_count += 1;
        self.chain(id, &ended);
    }

    /// Takes an ending, or a later fact, into the running hash.
    fn chain(&mut self, id: OrderId, ended: &EndedOrder) {
        let mut digest = Digester::default();
        digest.bytes(&self.ended_chain).id(id.0);
        ended.write_to(&mut digest);
        let Digest(chain) = digest.finish();
        self.ended_chain = chain;
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.open_count);
        for (_, entry) in self.orders.sorted() {
            if let OrderEntry::Open(order) = entry {
                order.write_to(digest);
            }
        }
        digest.unsigned(self.ended_count).bytes(&self.ended_chain);
        digest.count(self.last_number.len());
        for (store_id, number) in &self.last_number {
            digest.id(store_id.0).unsigned(*number);
        }
        digest.count(self.last_document.len());
        for ((store_id, year, is_credit_note), number) in &self.last_document {
            digest.id(store_id.0).numbers(&[(*year).into(), (*is_credit_note).into()]);
            digest.unsigned(*number);
        }
    }
}

/// How an order comes into memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// After every other one.
    Placed,
    /// After it was forgotten.
    Recalled,
}

/// Inserts an order after those that are before it; mostly that is the end.
fn insert_where(list: &mut Vec<OrderId>, is_before: impl Fn(&OrderId) -> bool, id: OrderId) {
    if list.last().is_none_or(&is_before) {
        list.push(id);
    } else {
        list.insert(list.partition_point(is_before), id);
    }
}

/// Takes an order out of somebody's list; nobody stands there with none.
fn forget_in(lists: &mut FastMap<PersonId, Vec<OrderId>>, person: PersonId, id: OrderId) {
    if let Some(list) = lists.get_mut(&person) {
        list.retain(|other| *other != id);
        if list.is_empty() {
            lists.remove(&person);
        }
    }
}
