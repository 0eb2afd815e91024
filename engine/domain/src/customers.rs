//! Customers by their orders: enough to bound cash on delivery and first orders.

use crate::digest::Digester;
use crate::facts::Step;
use crate::holds::Lapses;
use crate::state::{Standing, standing};
use crate::time::AtMs;
use crate::{Event, FastMap, OrderEntry, PersonId, Record};

/// Last orders of a customer that are remembered with their times.
pub const RECENT_MAX: usize = 8;

/// Time within which decisions overtake each other, in milliseconds.
const MOMENT_MS: i64 = 60_000;

/// A customer, by their orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// Orders placed, those that ended early too.
    pub placed: u32,
    /// Orders of those that were cancelled or expired.
    pub fallen: u32,
    /// Orders delivered.
    pub delivered: u32,
    /// Time of placing the first; 0 before it.
    pub first_at_ms: AtMs,
    /// Times of placing the last ones, newest first; 0 where there were fewer.
    pub recent_ms: [AtMs; RECENT_MAX],
}

impl Customer {
    /// Returns the number of orders that came about and still stand.
    pub fn standing(&self) -> u32 {
        debug_assert!(self.fallen <= self.placed, "an order falls after it was placed");
        self.placed.saturating_sub(self.fallen)
    }

    /// Returns the customer as they were without the order placed at that time, which still stands.
    #[must_use]
    pub fn without_order_of(&self, placed_at_ms: AtMs) -> Self {
        let mut before = *self;
        let Some(at) = self.recent_ms.iter().position(|known| *known == placed_at_ms) else {
            return before;
        };
        before.recent_ms.copy_within(at + 1.., at);
        before.recent_ms[RECENT_MAX - 1] = 0;
        before.placed = self.placed.saturating_sub(1);
        if before.placed == 0 {
            before.first_at_ms = 0;
        }
        before
    }

    /// Counts the orders placed within `ms` milliseconds before `at_ms`; at most [`RECENT_MAX`].
    /// An order of a moment later was placed while this was decided on. One that is far later was
    /// placed while a clock was wrong, under an older release, and nobody knows when.
    pub fn placed_within(&self, at_ms: AtMs, ms: i64) -> usize {
        let is_within = |placed: &&AtMs| (-MOMENT_MS..ms).contains(&(at_ms - **placed));
        self.recent_ms.iter().filter(|placed| **placed > 0).filter(is_within).count()
    }
}

/// A customer at the moment of buying.
#[derive(Clone, Copy, Debug, Default)]
pub struct Buyer {
    /// The customer, by the orders so far.
    pub customer: Customer,
    /// Orders of theirs that are being placed in this moment.
    pub in_flight: u32,
    /// Time of buying.
    pub at_ms: AtMs,
}

/// All customers.
#[derive(Clone, Debug, Default)]
pub struct Customers {
    known: FastMap<PersonId, Customer>,
    /// Holds that led to nothing, of the customers who have some. In no digest: checkpoints of
    /// older releases lack them.
    lapses: FastMap<PersonId, Lapses>,
}

impl Customers {
    /// Returns a customer; all zeros for a new one.
    pub fn get(&self, id: PersonId) -> Customer {
        self.known.get(&id).copied().unwrap_or_default()
    }

    /// Returns the last holds of a customer that led to nothing.
    pub fn lapses(&self, id: PersonId) -> Lapses {
        self.lapses.get(&id).copied().unwrap_or_default()
    }

    /// Counts an order, its fall or its delivery; `entry` is the order as it is after the record.
    pub fn evolve(&mut self, record: &Record, entry: Option<&OrderEntry>) {
        let Some(OrderEntry::Open(order)) = entry else { return };
        let id = order.placed.customer_id;
        let is_new = matches!(record.event, Event::OrderPlaced { .. });
        if Lapses::is_one(record, order) {
            self.lapses.get_or_insert_with(id, Lapses::default).add(record.at_ms);
        }
        match (&record.event, standing(&record.event, order)) {
            (Event::OrderMoved { step: Step::Delivered { .. }, .. }, _) => {
                let customer = self.known.get_or_insert_with(id, Customer::default);
                customer.delivered += 1;
                debug_assert!(customer.delivered <= customer.standing(), "it stands to the end");
            }
            (_, Some(Standing::Counts)) if is_new => {
                let customer = self.known.get_or_insert_with(id, Customer::default);
                if customer.placed == 0 {
                    customer.first_at_ms = record.at_ms;
                }
                customer.placed += 1;
                customer.recent_ms.rotate_right(1);
                customer.recent_ms[0] = record.at_ms;
            }
            (_, Some(standing)) => {
                let customer = self.known.get_or_insert_with(id, Customer::default);
                match standing {
                    Standing::Falls => customer.fallen += 1,
                    Standing::Counts => {
                        debug_assert!(customer.fallen > 0, "an order comes back after its fall");
                        customer.fallen = customer.fallen.saturating_sub(1);
                    }
                }
                debug_assert!(customer.fallen <= customer.placed, "an order falls once");
            }
            _ => (),
        }
    }

    /// Returns all customers, by id. For checkpoints.
    pub fn iter(&self) -> impl Iterator<Item = (PersonId, &Customer)> {
        self.known.sorted().into_iter().map(|(id, customer)| (*id, customer))
    }

    /// Builds the book of these customers; `None` if one comes twice. For checkpoints.
    pub fn restore(customers: impl IntoIterator<Item = (PersonId, Customer)>) -> Option<Self> {
        let mut known = FastMap::default();
        for (id, customer) in customers {
            if known.insert(id, customer).is_some() {
                return None;
            }
        }
        Some(Self { known, lapses: FastMap::default() })
    }

    /// Returns the holds that led to nothing of all customers, by id. For checkpoints.
    pub fn all_lapses(&self) -> impl Iterator<Item = (PersonId, &Lapses)> {
        self.lapses.sorted().into_iter().map(|(id, lapses)| (*id, lapses))
    }

    /// Takes holds that led to nothing back; `None` if those of a customer come twice. For
    /// checkpoints.
    #[must_use]
    pub fn with_lapses(
        mut self,
        lapses: impl IntoIterator<Item = (PersonId, Lapses)>,
    ) -> Option<Self> {
        for (id, lapses) in lapses {
            if self.lapses.insert(id, lapses).is_some() {
                return None;
            }
        }
        Some(self)
    }

    /// Writes all customers to a digest, by id.
    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.known.len());
        for (id, customer) in self.known.sorted() {
            digest.id(id.0).unsigned(customer.placed.into()).unsigned(customer.fallen.into());
            digest.unsigned(customer.delivered.into());
            digest.numbers(&[customer.first_at_ms]).numbers(&customer.recent_ms);
        }
    }
}

#[cfg(test)]
mod tests;
