//! Placing: the decision that begins an order.

use crate::facts::{NewOrder, PaymentMethod, Preference};
use crate::limits::{BASKET_LINES_MAX, SEALED_BYTES_MAX};
use crate::time::AtMs;
use crate::{Event, OrderId, Paise, PersonId, Quote, Served, Status, Store};
use std::sync::Arc;

/// A customer's wish to place an order, parsed.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The id that the order will have.
    pub order_id: OrderId,
    /// The number that the order will have.
    pub number: u64,
    /// The customer.
    pub customer_id: PersonId,
    /// The way it will be paid.
    pub payment_method: PaymentMethod,
    /// The customer's choice for missing units.
    pub preference: Preference,
    /// True when it is made of the customer's cart.
    pub from_cart: bool,
    /// The store's promise for the place and the time.
    pub served: Served,
    /// Delivery address and notes, sealed.
    pub sealed: Box<[u8]>,
}

/// Decides on an order whose units are off the shelves and whose quote was checked.
///
/// # Panics
/// If the quote does not add up: an order with wrong sums must not come into the log.
pub fn place(placement: Placement, quote: Quote, store: &Store, at_ms: AtMs) -> Event {
    // Pairs with `Quote::price`: a parsed basket has lines, and `Sums::of` adds them up.
    assert!(!quote.lines.is_empty() && quote.lines.len() <= BASKET_LINES_MAX, "a parsed basket");
    let sums = &quote.sums;
    let fees: Paise = sums.fees().iter().map(|(_, fee)| fee.amount).sum();
    assert_eq!(sums.subtotal + fees - sums.discount, sums.total, "it adds up");
    assert!(sums.total >= Paise::ZERO && sums.tax <= sums.total, "the tax is inside the total");
    assert!(placement.number > 0, "order numbers of a store start at 1");
    assert!(placement.sealed.len() <= SEALED_BYTES_MAX, "the order fits in one record");
    let (status, hold_expires_at_ms) = match placement.payment_method {
        PaymentMethod::Cod => (Status::Placed, None),
        // A coupon took off all of it: there is nothing left to pay.
        PaymentMethod::Razorpay if quote.sums.total == Paise::ZERO => (Status::Placed, None),
        PaymentMethod::Razorpay => {
            (Status::PendingPayment, Some(at_ms + i64::from(store.hold_minutes) * 60_000))
        }
    };
    assert_eq!(hold_expires_at_ms.is_some(), status == Status::PendingPayment, "only holds end");
    let order = NewOrder {
        id: placement.order_id,
        number: placement.number,
        store_id: store.id,
        customer_id: placement.customer_id,
        status,
        payment_method: placement.payment_method,
        lines: quote.lines,
        sums: quote.sums,
        hold_expires_at_ms,
        preference: placement.preference,
        from_cart: placement.from_cart,
        coupon: quote.coupon,
        zone_id: placement.served.zone_id,
        promise: placement.served.promise,
        sealed: placement.sealed,
    };
    Event::OrderPlaced { order: Arc::new(order) }
}
