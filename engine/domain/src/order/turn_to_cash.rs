//! The decision on an unpaid online order that is to be paid in cash instead.

use super::Order;
use super::decision::{Context, Decision};
use crate::customers::{Buyer, Customer};
use crate::moves::Move;
use crate::payment::Payment;
use crate::{Event, Principal, Quote, Rejection, Store};

impl Order {
    /// Decides on a customer who pays in cash instead: within the limits of cash, as they were
    /// before this order. Not while a bank has said yes; money that comes later goes back.
    pub(super) fn decide_turn_to_cash(
        &self,
        store: &Store,
        customer: &Customer,
        has_reason: bool,
        (by, context): (&Principal, &Context),
    ) -> Result<Decision, Rejection> {
        Move::TurnToCash.check(self, by, has_reason)?;
        self.must_be_held(Move::TurnToCash, context.at_ms)?;
        let is_paying = |payment: &Payment| {
            payment.charges.iter().any(|charge| charge.authorized || charge.captured)
        };
        if self.payment.as_deref().is_some_and(is_paying) {
            let wanted = Move::TurnToCash.name();
            return Err(Rejection::IllegalMove { from: self.status, wanted });
        }
        let customer = customer.without_order_of(self.created_at_ms);
        let buyer = Buyer { customer, in_flight: 0, at_ms: context.at_ms };
        let (lines, sums, coupon) =
            (self.lines().to_vec(), self.sums(), self.placed.coupon.clone());
        Quote { lines, sums, coupon }.check_cod(store, &buyer)?;
        let (order_id, store_id) = (self.placed.id, self.placed.store_id);
        let lines = self.units();
        Ok(Decision::Now(vec![Event::OrderTurnedToCash { order_id, store_id, lines }]))
    }
}
