//! The orders in memory: open orders whole, and recently ended orders as a summary.
//!
//! Something may happen to an open order; an ended one is read from the log. An ended order is
//! forgotten once a checkpoint has it ([`OrderBook::forget`]), and comes back before a record
//! about it is applied ([`OrderBook::recall`]). Neither is a change: every ending is in a running
//! hash, so the digest is the same however many ended orders are in memory.

use crate::digest::{Digest, Digester};
use crate::facts::{ProviderId, Step};
use crate::payment::Payment;
use crate::time::AtMs;
use crate::{Event, FastMap, Lsn, Order, OrderId, PersonId, Record, Status, StoreId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod entry;
mod find;
mod parts;
mod unfinished;

pub use entry::{EndedOrder, OrderEntry, Parties};
pub use parts::OrderBookParts;

/// A series of documents: a store, the first calendar year of a financial year, and true for credit
/// notes. Rule 46(b) of the CGST Rules, 2017, wants numbers without gaps in each.
pub type Series = (StoreId, u16, bool);

/// The orders in memory, with the ways to find them.
#[derive(Clone, Debug, Default)]
pub struct OrderBook {
    orders: FastMap<OrderId, OrderEntry>,
    /// Ids in the order of their placing, per customer and per store.
    of_customer: FastMap<PersonId, Vec<OrderId>>,
    /// Ids of each customer's orders that have not come to an end.
    unfinished: FastMap<PersonId, Vec<OrderId>>,
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
    /// Open disputes of each order that has some. Such an order stays in memory.
    disputed: BTreeMap<OrderId, usize>,
    open_count: usize,
    /// Orders that have ended, ever.
    ended_count: u64,
    /// Running hash over every ending and every later fact, in the order of the log.
    ended_chain: [u8; 32],
}

impl OrderBook {
    /// Returns the entry of an order in memory.
    pub fn get(&self, id: OrderId) -> Option<&OrderEntry> {
        self.orders.get(&id)
    }

    /// Returns the number of open orders: something is left to do, or money may still turn up.
    pub fn open_count(&self) -> usize {
        self.open_count
    }

    /// Returns the open orders of all stores, oldest first. Walks every order in memory.
    pub fn open_ids(&self) -> Vec<OrderId> {
        let is_open = |entry: &OrderEntry| matches!(entry, OrderEntry::Open(_));
        let open = self.orders.sorted().into_iter().filter(|(_, entry)| is_open(entry));
        let open: Vec<OrderId> = open.map(|(id, _)| *id).collect();
        assert_eq!(open.len(), self.open_count, "the count follows each beginning and end");
        open
    }

    /// Returns the ended orders that are still in memory, by id. Walks every order in memory.
    pub fn ended(&self) -> Vec<(OrderId, Arc<EndedOrder>)> {
        let ended = |(id, entry): (&OrderId, &OrderEntry)| match entry {
            OrderEntry::Ended(ended) => Some((*id, Arc::clone(ended))),
            OrderEntry::Open(_) => None,
        };
        self.orders.sorted().into_iter().filter_map(ended).collect()
    }

    /// Returns the number of orders that there are and ever were.
    pub fn count(&self) -> usize {
        self.open_count + usize::try_from(self.ended_count).unwrap_or(usize::MAX)
    }

    /// Returns the number of disputes that have not ended.
    pub fn open_disputes_count(&self) -> usize {
        self.disputed.values().sum()
    }

    /// Returns the number of orders in memory.
    pub fn in_memory_count(&self) -> usize {
        debug_assert!(self.open_count <= self.orders.len(), "every open order is in memory");
        self.orders.len()
    }

    /// Returns the unpaid orders with the end of their hold, to set their timers at a start. A hold
    /// that was placed later than the start, under a clock that was wrong, lasts as long from it.
    pub fn unpaid(&self, start_ms: AtMs) -> Vec<(AtMs, OrderId)> {
        let pending = |(id, entry): (&OrderId, &OrderEntry)| match entry {
            OrderEntry::Open(order) if order.status == Status::PendingPayment => {
                let ahead_ms = (order.created_at_ms - start_ms).max(0);
                order.placed.hold_expires_at_ms.map(|at_ms| (at_ms - ahead_ms, *id))
            }
            _ => None,
        };
        self.orders.sorted().into_iter().filter_map(pending).collect()
    }

    /// Returns the orders with a payment, to resume their effects after a restart.
    pub fn with_payments(&self) -> Vec<(OrderId, OrderEntry)> {
        let paid = |(id, entry): (&OrderId, &OrderEntry)| {
            entry.payment().is_some().then(|| (*id, entry.clone()))
        };
        self.orders.sorted().into_iter().filter_map(paid).collect()
    }

    /// Returns the order of a record that is not in memory: recall it before the record is applied.
    pub fn lacks(&self, event: &Event) -> Option<OrderId> {
        if matches!(event, Event::OrderPlaced { .. }) {
            return None;
        }
        event.order_id().filter(|id| self.orders.get(id).is_none())
    }

    /// Takes an ended order back into memory, as it was when it was forgotten. Not a change.
    pub fn recall(&mut self, id: OrderId, ended: Arc<EndedOrder>) {
        debug_assert!(ended.status.is_end(), "only an ended order is ever forgotten");
        if self.orders.get(&id).is_none() {
            self.find_by(id, &OrderEntry::Ended(Arc::clone(&ended)), Arrival::Recalled);
            self.orders.insert(id, OrderEntry::Ended(ended));
        }
    }

    /// Forgets an ended order that is kept elsewhere as of its fact at `known`. Not a change.
    /// Returns true if it was forgotten: one with a later fact is not.
    pub fn forget(&mut self, id: OrderId, known: Lsn) -> bool {
        let Some(OrderEntry::Ended(ended)) = self.orders.get(&id) else { return false };
        if ended.last_lsn() != known {
            return false;
        }
        let ended = Arc::clone(ended);
        let entry = self.orders.remove(&id);
        debug_assert!(matches!(entry, Some(OrderEntry::Ended(_))), "open orders stay");
        forget_in(&mut self.of_customer, ended.parties.customer_id, id);
        if let Some(rider_id) = ended.parties.rider_id {
            forget_in(&mut self.of_rider, rider_id, id);
        }
        // Pairs with `find_by`: each way to find an order leads to it alone.
        if let Some(orders) = self.of_store.get_mut(&ended.parties.store_id) {
            let removed = orders.remove(&ended.lsns[0]);
            debug_assert_eq!(removed, Some(id), "a record places one order");
        }
        let provider_id = ended.payment.as_ref().and_then(|it| it.provider_order_id.as_ref());
        if let Some(provider_id) = provider_id {
            let removed = self.of_provider.remove(provider_id);
            debug_assert_eq!(removed, Some(id), "the provider's order stands for one of ours");
        }
        true
    }

    /// Applies a fact about an order, and returns its entry after it; ignores other facts.
    ///
    /// # Panics
    /// If the order is not in memory ([`OrderBook::lacks`]), or is placed a second time.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) -> Option<OrderEntry> {
        self.close_watched(record.at_ms);
        if let Some(order) = Order::begin(lsn, record) {
            return Some(self.begin(Arc::new(order)));
        }
        self.index(&record.event);
        let id = record.event.order_id()?;
        let entry = self.go_on(id, lsn, record);
        if matches!(record.event, Event::DisputeSeen { .. }) {
            self.count_disputes(id, &entry);
        }
        Some(entry)
    }

    /// Counts the open disputes of an order.
    fn count_disputes(&mut self, id: OrderId, entry: &OrderEntry) {
        match entry.payment().map_or(0, Payment::open_disputes_count) {
            0 => _ = self.disputed.remove(&id),
            open => _ = self.disputed.insert(id, open),
        }
    }

    /// Enters an order that was placed.
    fn begin(&mut self, order: Arc<Order>) -> OrderEntry {
        let placed = Arc::clone(&order.placed);
        let last = self.last_number.entry(placed.store_id).or_default();
        *last = placed.number.max(*last);
        debug_assert!(*last > 0, "order numbers of a store start at 1");
        self.open_count += 1;
        let entry = OrderEntry::Open(order);
        let before = self.orders.insert(placed.id, entry.clone());
        assert!(before.is_none(), "an order is placed once");
        self.find_by(placed.id, &entry, Arrival::Placed);
        self.follow_end(placed.id, placed.customer_id, true, entry.status().is_end());
        debug_assert!(self.open_count <= self.orders.len(), "every open order is in memory");
        entry
    }

    /// Enters an order that comes into memory in the lists that find it. One that comes back
    /// stands before those that were placed after it.
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
        let known = self.of_store.entry(store_id).or_default().insert(lsn, id);
        debug_assert!(known.is_none(), "a record places one order");
        debug_assert!(rider_id.is_none() || arrival == Arrival::Recalled, "no rider at placing");
        if let Some(rider_id) = rider_id {
            let asked = self.of_rider.get_or_insert_with(rider_id, Vec::new);
            insert_where(asked, is_before, id);
        }
        let provider_id = entry.payment().and_then(|it| it.provider_order_id.as_ref());
        if let Some(provider_id) = provider_id {
            self.of_provider.insert(provider_id.clone(), id);
        }
    }

    /// Enters a fact about an order in the lists that find it, and in the numbers of documents.
    fn index(&mut self, event: &Event) {
        match event {
            Event::PaymentOrderMade { order_id, provider_order_id } => {
                self.of_provider.insert(provider_order_id.clone(), *order_id);
            }
            Event::OrderMoved { order_id, step: Step::Assigned { rider_id }, .. } => {
                let asked = self.of_rider.get_or_insert_with(*rider_id, Vec::new);
                // Removes orders that went to another rider and were forgotten since. It looks for
                // them as often as the list doubles, so that a rider of years costs no more than a
                // new one.
                if asked.len().is_power_of_two() {
                    asked.retain(|id| self.orders.get(id).is_some());
                }
                if !asked.contains(order_id) {
                    asked.push(*order_id);
                }
                debug_assert!(asked.contains(order_id), "the rider finds the order");
            }
            Event::InvoiceIssued { store_id, is_credit_note, year, number, .. } => {
                let last = self.last_document.entry((*store_id, *year, *is_credit_note));
                let last = last.or_default();
                *last = (*number).max(*last);
            }
            _ => (),
        }
    }

    /// Applies a record to the entry of its order, and ends the order if it is finished then.
    fn go_on(&mut self, id: OrderId, lsn: Lsn, record: &Record) -> OrderEntry {
        let Some(entry) = self.orders.get_mut(&id) else {
            unreachable!("a fact about an order comes after the one that placed it")
        };
        match entry {
            OrderEntry::Open(order) => {
                let was_end = order.status.is_end();
                Arc::make_mut(order).evolve(lsn, record);
                let order = Arc::clone(order);
                let (customer_id, is_end) = (order.placed.customer_id, order.status.is_end());
                self.follow_end(id, customer_id, was_end, is_end);
                if let Some(until_ms) = order.watched_until_ms() {
                    self.watched.insert((until_ms, id));
                }
                if order.may_leave(record.at_ms) {
                    self.end(id);
                }
                OrderEntry::Open(order)
            }
            OrderEntry::Ended(ended) => {
                Arc::make_mut(ended).evolve(lsn, record);
                let ended = Arc::clone(ended);
                self.chain(id, &ended);
                OrderEntry::Ended(ended)
            }
        }
    }

    /// Ends orders for which no more money can turn up, by the time of a record, so that a replay
    /// ends them at the same record as the live engine did.
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
        debug_assert!(self.watched.first().is_none_or(|(until_ms, _)| *until_ms >= now_ms));
    }

    /// Replaces an order that has ended by its summary.
    fn end(&mut self, id: OrderId) {
        let Some(OrderEntry::Open(order)) = self.orders.get(&id) else {
            unreachable!("an order ends once")
        };
        debug_assert!(order.is_finished(), "nothing is left to do for an order that leaves");
        let ended = Arc::new(EndedOrder::of(order));
        self.orders.insert(id, OrderEntry::Ended(Arc::clone(&ended)));
        assert!(self.open_count > 0, "the order that ends was counted when it was placed");
        self.open_count -= 1;
        self.ended_count += 1;
        self.chain(id, &ended);
    }

    /// Adds an ending, or a later fact, to the running hash.
    fn chain(&mut self, id: OrderId, ended: &EndedOrder) {
        let mut digest = Digester::default();
        digest.bytes(&self.ended_chain).id(id.0);
        ended.write_to(&mut digest);
        let Digest(chain) = digest.finish();
        debug_assert_ne!(chain, self.ended_chain, "each link hashes the one before it");
        self.ended_chain = chain;
    }

    /// Writes the open orders, the running hash and the numbers to a digest.
    pub(crate) fn write_to(&self, digest: &mut Digester) {
        // A count ahead of a list is the length of that list.
        debug_assert_eq!(self.open_count, self.open_ids().len());
        debug_assert!(self.follows_every_end(), "each order that goes on is in a customer's list");
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

/// The way that an order comes into memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// Placed now, after every other one.
    Placed,
    /// Recalled after it was forgotten.
    Recalled,
}

/// Inserts an order after those that are before it; mostly that is the end.
fn insert_where(list: &mut Vec<OrderId>, is_before: impl Fn(&OrderId) -> bool, id: OrderId) {
    debug_assert!(!list.contains(&id), "an order stands in a list once");
    if list.last().is_none_or(&is_before) {
        list.push(id);
    } else {
        list.insert(list.partition_point(is_before), id);
    }
}

/// Takes an order out of a person's list, and removes the list when it becomes empty.
fn forget_in(lists: &mut FastMap<PersonId, Vec<OrderId>>, person: PersonId, id: OrderId) {
    if let Some(list) = lists.get_mut(&person) {
        list.retain(|other| *other != id);
        if list.is_empty() {
            lists.remove(&person);
        }
    }
}
