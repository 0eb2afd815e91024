//! Placing: the decision that begins an order.

use crate::facts::{NewOrder, PaymentMethod, Preference};
use crate::time::AtMs;
use crate::{Event, OrderId, Paise, PersonId, Quote, Served, Status, Store};
use std::sync::Arc;

/// What a customer sends to place an order, parsed.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The id that the order will have.
    pub order_id: OrderId,
    /// The number that the order will have.
    pub number: u64,
    /// Who orders.
    pub customer_id: PersonId,
    /// How it will be paid.
    pub payment_method: PaymentMethod,
    /// What the customer wants when something is missing.
    pub preference: Preference,
    /// True when it is made of the customer's cart.
    pub from_cart: bool,
    /// What the store promises for the place and the time.
    pub served: Served,
    /// Delivery address and notes, sealed.
    pub sealed: Box<[u8]>,
}

/// Decides on an order whose units are off the shelves and whose quote was checked.
pub fn place(placement: Placement, quote: Quote, store: &Store, at_ms: AtMs) -> Event {
    let (status, hold_expires_at_ms) = match placement.payment_method {
        PaymentMethod::Cod => (Status::Placed, None),
        // A coupon took off all of it: there is nothing that anybody could pay.
        PaymentMethod::Razorpay if quote.total == Paise::ZERO => (Status::Placed, None),
        PaymentMethod::Razorpay => {
            (Status::PendingPayment, Some(at_ms + i64::from(store.hold_minutes) * 60_000))
        }
    };
    let order = NewOrder {
        id: placement.order_id,
        number: placement.number,
        store_id: store.id,
        customer_id: placement.customer_id,
        status,
        payment_method: placement.payment_method,
        lines: quote.lines,
        subtotal: quote.subtotal,
        fee: quote.fee,
        discount: quote.discount,
        tax: quote.tax,
        total: quote.total,
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
