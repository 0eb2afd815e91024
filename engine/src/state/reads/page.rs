//! Lists of orders, newest first by their placing: those in memory and those in the history as one.

use super::{ReadError, Reads};
use crate::state::history::{History, Listing};
use kirana_domain::time::AtMs;
use kirana_domain::{
    CalendarDay, Lsn, Order, OrderBook, OrderEntry, OrderId, PersonId, Status, StoreId,
};
use std::collections::BinaryHeap;
use std::sync::Arc;

/// The orders that a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrdersOf {
    /// Those of one customer, in all stores.
    Customer(PersonId),
    /// Those of one store.
    Store(StoreId),
    /// Those that one rider has, or has delivered; not those that went to another.
    Rider(PersonId),
}

/// The conditions for orders in a list; by default there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// In one of these states; in any where there is none.
    pub status: Vec<Status>,
    /// Placed on this day of the shop.
    pub day: Option<CalendarDay>,
    /// Placed later than this.
    pub after_ms: Option<AtMs>,
}

impl OrderFilter {
    /// Returns true for an order that is to be listed.
    pub fn wants(&self, order: &Order) -> bool {
        self.wants_such(order.status, order.created_at_ms)
    }

    fn wants_such(&self, status: Status, placed_at_ms: AtMs) -> bool {
        let is_of_day = |day| day == CalendarDay::of(placed_at_ms);
        (self.status.is_empty() || self.status.contains(&status))
            && self.day.is_none_or(is_of_day)
            && !self.is_past(placed_at_ms)
    }

    /// Returns true for an order that was placed too early, as all older ones are.
    fn is_past(&self, placed_at_ms: AtMs) -> bool {
        self.after_ms.is_some_and(|after_ms| placed_at_ms <= after_ms)
    }

    /// Returns the states to look for in lists that are kept by state.
    fn states(&self) -> Vec<Status> {
        if self.status.is_empty() { Status::ENDS.to_vec() } else { self.status.clone() }
    }
}

/// An order in a list, and the record that placed it.
type Listed = (Lsn, OrderId, OrderEntry);

impl Reads {
    /// Returns a page of orders, newest first, strictly older than `before`; and whether there are
    /// more.
    pub(crate) async fn page(
        self: &Arc<Self>,
        of: OrdersOf,
        filter: OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<(Vec<Arc<Order>>, bool), ReadError> {
        let read = move |reads: &Self| {
            let before = match before {
                None => None,
                // The position of the last one shown is exact: nothing is skipped or shown twice.
                Some(id) => match reads.entry(id)? {
                    Some(entry) => Some(entry.placed_lsn()),
                    None => return Ok((Vec::new(), false)),
                },
            };
            // Memory first: what leaves it meanwhile is in the history by then.
            let mut found =
                reads.state.orders(|orders| in_memory(orders, of, &filter, before, limit + 1));
            if let Some(history) = reads.history() {
                found.extend(reads.in_history(history, of, &filter, before, limit + 1)?);
            }
            found.sort_unstable_by_key(|(lsn, ..)| std::cmp::Reverse(*lsn));
            found.dedup_by_key(|(lsn, ..)| *lsn);
            let has_more = found.len() > limit;
            found.truncate(limit);
            let whole = |(_, _, entry): Listed| match entry {
                OrderEntry::Open(order) => Ok(order),
                OrderEntry::Ended(ended) => reads.fold(&ended.lsns),
            };
            Ok((found.into_iter().map(whole).collect::<Result<_, _>>()?, has_more))
        };
        self.blocking(read).await
    }

    /// Returns the newest orders of the history that are wanted. Those that came back to memory
    /// meanwhile are returned as they are there.
    fn in_history(
        &self,
        history: &History,
        of: OrdersOf,
        filter: &OrderFilter,
        before: Option<Lsn>,
        count: usize,
    ) -> Result<Vec<Listed>, ReadError> {
        let mut lists = listings(of, filter)
            .into_iter()
            .map(|listing| Ok((listing, history.list(listing, before)?)))
            .collect::<Result<Vec<_>, ReadError>>()?;
        // The next of each list: the greatest position is the newest.
        let mut heads = BinaryHeap::new();
        for (at, (_, list)) in lists.iter_mut().enumerate() {
            heads.extend(next_of(list)?.map(|(lsn, id)| (lsn, id, at)));
        }
        let mut found = Vec::new();
        while found.len() < count
            && let Some((lsn, id, at)) = heads.pop()
        {
            let (listing, list) = &mut lists[at];
            heads.extend(next_of(list)?.map(|(lsn, id)| (lsn, id, at)));
            let Some(entry) = self.entry(id)? else { continue };
            if filter.is_past(entry.placed_at_ms()) {
                break;
            }
            if filter.wants_such(entry.status(), entry.placed_at_ms())
                && listing.is_of_state(entry.status())
            {
                found.push((lsn, id, entry));
            }
        }
        Ok(found)
    }

    /// Returns the order with a number in a store. Blocks when it has left memory.
    pub(crate) fn by_number(
        &self,
        store_id: StoreId,
        number: u64,
    ) -> Result<Option<OrderId>, ReadError> {
        let in_memory = self.state.orders(|orders| {
            orders
                .of_store(store_id)
                .rev()
                .find(|id| orders.get(*id).is_some_and(|entry| entry.number() == number))
        });
        match (in_memory, self.history()) {
            (Some(id), _) => Ok(Some(id)),
            (None, Some(history)) => history.by_number(store_id, number),
            (None, None) => Ok(None),
        }
    }
}

/// Returns the newest orders in memory that are wanted.
fn in_memory(
    orders: &OrderBook,
    of: OrdersOf,
    filter: &OrderFilter,
    before: Option<Lsn>,
    count: usize,
) -> Vec<Listed> {
    let listed = |id: OrderId| {
        let entry = orders.get(id)?;
        let lsn = entry.placed_lsn();
        let is_wanted = before.is_none_or(|before| lsn < before)
            && filter.wants_such(entry.status(), entry.placed_at_ms())
            && match of {
                OrdersOf::Rider(id) => entry.parties().rider_id == Some(id),
                OrdersOf::Customer(_) | OrdersOf::Store(_) => true,
            };
        is_wanted.then(|| (lsn, id, entry.clone()))
    };
    match of {
        OrdersOf::Customer(id) => {
            orders.of_customer(id).iter().rev().copied().filter_map(listed).take(count).collect()
        }
        OrdersOf::Store(id) => orders.of_store(id).rev().filter_map(listed).take(count).collect(),
        OrdersOf::Rider(id) => {
            // In the order of their assignment.
            let mut own: Vec<_> = orders.of_rider(id).iter().copied().filter_map(listed).collect();
            own.sort_unstable_by_key(|(lsn, ..)| std::cmp::Reverse(*lsn));
            own.truncate(count);
            own
        }
    }
}

/// Returns the lists of the history that hold what is wanted.
fn listings(of: OrdersOf, filter: &OrderFilter) -> Vec<Listing> {
    match of {
        OrdersOf::Customer(id) => vec![Listing::Customer(id)],
        OrdersOf::Rider(id) => vec![Listing::Rider(id)],
        OrdersOf::Store(id) => {
            let listing = |status| match filter.day {
                None => Listing::Store(id, status),
                Some(day) => Listing::Day(id, day, status),
            };
            filter.states().into_iter().map(listing).collect()
        }
    }
}

fn next_of(
    list: &mut impl Iterator<Item = Result<(Lsn, OrderId), ReadError>>,
) -> Result<Option<(Lsn, OrderId)>, ReadError> {
    list.next().transpose()
}
