//! Where riders are: for each order that is being brought, the last place that its rider told.
//!
//! In memory only, never in the log. A place is kept while its order is on the way with a rider who
//! has accepted it, and is forgotten with the fact that ends this, so there are never more of them
//! than such orders.

use kirana_domain::time::AtMs;
use kirana_domain::{FastMap, Order, OrderEntry, OrderId, PersonId, Point};
use parking_lot::Mutex;
use std::sync::Arc;

/// Time between two places of which listeners are woken: a rider may tell more, and who listens
/// hears the newest.
const WAKE_EVERY_MS: i64 = 1_000;

/// The place of a rider at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiderLocation {
    /// The place.
    pub point: Point,
    /// How far the true place may be from it, in metres, if the rider's phone says so.
    pub accuracy_m: Option<u32>,
    /// The moment at which the engine heard it.
    pub at_ms: AtMs,
}

/// A place, its number among all that were told, and when listeners were last woken.
#[derive(Clone, Copy)]
struct Told {
    location: RiderLocation,
    number: u64,
    woken_ms: AtMs,
}

/// The places of the riders who are on the way.
#[derive(Default)]
pub(crate) struct Locations(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    count: u64,
    of_order: FastMap<OrderId, Told>,
}

/// Returns the rider of an order who is followed: on the way with it, by their own agreement.
fn followed(order: &Order) -> Option<PersonId> {
    order.on_the_way().filter(|rider| rider.accepted).map(|rider| rider.person_id)
}

impl Locations {
    /// Notes a place for those of a rider's orders that are on the way. Returns how many there are,
    /// and those whose listeners are to be woken. Nothing happens to the orders meanwhile.
    pub(crate) fn tell<'a>(
        &self,
        orders: impl Iterator<Item = &'a Arc<Order>>,
        rider_id: PersonId,
        location: RiderLocation,
    ) -> (usize, Vec<OrderId>) {
        let mut inner = self.0.lock();
        let (mut count, mut to_wake) = (0, Vec::new());
        for order in orders.filter(|order| followed(order) == Some(rider_id)) {
            let order_id = order.placed.id;
            let woken_ms = inner.of_order.get(&order_id).map_or(i64::MIN, |told| told.woken_ms);
            let wakes = location.at_ms.saturating_sub(woken_ms) >= WAKE_EVERY_MS;
            let woken_ms = if wakes { location.at_ms } else { woken_ms };
            inner.count += 1;
            let number = inner.count;
            inner.of_order.insert(order_id, Told { location, number, woken_ms });
            count += 1;
            to_wake.extend(wakes.then_some(order_id));
        }
        (count, to_wake)
    }

    /// Forgets the place that belongs to an order whose rider is no longer followed. An assignment
    /// comes before its acceptance, so a new rider never takes over the place of the one before.
    pub(crate) fn follow(&self, order_id: OrderId, entry: &OrderEntry) {
        let is_followed = match entry {
            OrderEntry::Open(order) => followed(order).is_some(),
            OrderEntry::Ended(_) => false,
        };
        if !is_followed {
            self.0.lock().of_order.remove(&order_id);
        }
    }

    /// Returns the place of an order's rider.
    pub(crate) fn get(&self, order_id: OrderId) -> Option<RiderLocation> {
        self.0.lock().of_order.get(&order_id).map(|told| told.location)
    }

    /// Returns the place and its number, if it was told after that of the number `seen`.
    pub(crate) fn after(&self, order_id: OrderId, seen: u64) -> Option<(RiderLocation, u64)> {
        let told = self.0.lock().of_order.get(&order_id).copied()?;
        (told.number > seen).then_some((told.location, told.number))
    }
}
