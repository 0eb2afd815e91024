//! Uses of coupons, counted ahead of the log: an order takes its use here before it is recorded, so
//! that orders in the same moment never pass the limits of a coupon together. A use is given back
//! at once when the order is refused, and after its record when the order ends.

use crate::state::live_state::LiveState;
use kirana_domain::state::{Standing, standing};
use kirana_domain::{
    Coupon, CouponCode, CouponIssue, CouponUses, Event, Lsn, Order, Paise, PersonId, StoreId,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The uses of one coupon, and the position in the log that they were first read at.
struct Counter {
    uses: CouponUses,
    as_of: Lsn,
}

/// Uses of coupons, those of orders on their way included.
pub(crate) struct CouponReservations {
    state: Arc<LiveState>,
    counters: Mutex<BTreeMap<(StoreId, CouponCode), Counter>>,
}

/// A use that was taken for an order on its way.
#[derive(Clone, Debug)]
pub(crate) struct TakenUse {
    store_id: StoreId,
    code: CouponCode,
    customer_id: PersonId,
    amount: Paise,
}

impl CouponReservations {
    pub(crate) fn new(state: Arc<LiveState>) -> Self {
        Self { state, counters: Mutex::default() }
    }

    /// Takes a use of a coupon for an order of a customer, or returns the reason why it cannot be
    /// used.
    pub(crate) fn take(
        &self,
        coupon: &Coupon,
        customer_id: PersonId,
        (subtotal, discount): (Paise, Paise),
        at_ms: i64,
    ) -> Result<TakenUse, CouponIssue> {
        let (store_id, code) = (coupon.store_id, coupon.code.clone());
        let earlier = self.state.people(|people| people.customers.get(customer_id).standing());
        let mut counters = self.counters.lock();
        let counter = counters.entry((store_id, code.clone())).or_insert_with(|| {
            let (uses, as_of) = self.state.coupon_uses(store_id, &code);
            Counter { uses, as_of }
        });
        let facts = counter.uses.facts(customer_id, earlier, subtotal, at_ms);
        coupon.check(&facts, discount)?;
        counter.uses.take(customer_id, discount);
        Ok(TakenUse { store_id, code, customer_id, amount: discount })
    }

    /// Takes a use again for an order that had given its own back when it expired, if there is
    /// still one and its budget has room. The conditions for customers are not checked again: they
    /// have paid.
    pub(crate) fn take_again(&self, order: &Order) -> Result<Option<TakenUse>, CouponIssue> {
        let placed = &*order.placed;
        let Some(code) = &placed.coupon else { return Ok(None) };
        let find = |book: &kirana_domain::CouponBook| book.get(placed.store_id, code).cloned();
        let coupon = self.state.coupons(find).ok_or(CouponIssue::Unknown)?;
        let of_everybody = Coupon {
            minimum: Paise::ZERO,
            first_order_only: false,
            per_customer_max: None,
            from_ms: None,
            until_ms: None,
            active: true,
            ..Coupon::clone(&coupon)
        };
        let amounts = (placed.sums.subtotal, placed.sums.discount);
        self.take(&of_everybody, placed.customer_id, amounts, 0).map(Some)
    }

    /// Checks that a customer could use a coupon now.
    pub(crate) fn check(
        &self,
        coupon: &Coupon,
        customer_id: Option<PersonId>,
        (subtotal, discount): (Paise, Paise),
        at_ms: i64,
    ) -> Result<(), CouponIssue> {
        let customer_id = customer_id.unwrap_or(PersonId(uuid::Uuid::nil()));
        let earlier = self.state.people(|people| people.customers.get(customer_id).standing());
        let facts = self.state.coupons(|coupons| {
            let uses = coupons.uses(coupon.store_id, &coupon.code);
            uses.facts(customer_id, earlier, subtotal, at_ms)
        });
        coupon.check(&facts, discount)
    }

    /// Gives back the use of an order that was refused.
    pub(crate) fn release(&self, taken: TakenUse) {
        let key = (taken.store_id, taken.code);
        if let Some(counter) = self.counters.lock().get_mut(&key) {
            counter.uses.give_back(taken.customer_id, taken.amount);
        }
    }

    /// Follows a durable fact about an order that has a coupon.
    pub(crate) fn follow(&self, lsn: Lsn, event: &Event, order: &Order) {
        let placed = &*order.placed;
        let Some(code) = &placed.coupon else { return };
        let key = (placed.store_id, code.clone());
        let mut counters = self.counters.lock();
        let Some(counter) = counters.get_mut(&key).filter(|counter| lsn > counter.as_of) else {
            return;
        };
        // A use that counts was taken before its order was recorded.
        if standing(event, order) == Some(Standing::Falls) {
            counter.uses.give_back(placed.customer_id, placed.sums.discount);
        }
    }
}
