//! A new order on its way to the log: its price, the units that it needs, its record.

use crate::admission::admit::Ticket;
use crate::admission::append::Then;
use crate::admission::command::{PlaceOrder, SubmitError};
use crate::admission::message::ShortLine;
use crate::admission::placing::BeingPlaced;
use crate::orders::core::Core;
use crate::orders::coupon_reservations::TakenUse;
use crate::orders::holds::{self, Basis};
use crate::orders::pricing::{self, Priced, Wanted};
use kirana_domain::customers::Buyer;
use kirana_domain::holds::OnItsWay;
use kirana_domain::order::{Placement, place};
use kirana_domain::{
    BasketLine, Customer, OrderId, PaymentMethod, Quote, Record, Rejection, Served, StockLine,
    Store, StoreId,
};
use std::sync::Arc;

/// An order between its price and its place in the log.
pub(super) struct PlacingOrder {
    wanted: Box<PlaceOrder>,
    store: Arc<Store>,
    quote: Quote,
    served: Served,
    coupon: Option<TakenUse>,
    placing: BeingPlaced,
    ticket: Ticket,
}

impl PlacingOrder {
    /// Prices a command and takes the use of its coupon. `None` for a command that was refused and
    /// answered.
    pub(super) fn price(
        core: &Core,
        order_id: OrderId,
        wanted: Box<PlaceOrder>,
        ticket: Ticket,
    ) -> Option<Self> {
        let (placing, others) =
            core.placing.begin(wanted.customer_id, on_its_way(order_id, &wanted));
        let at_ms = core.clock.now_ms();
        let PlaceOrder { store_id, basket, coupon, point, .. } = &*wanted;
        let request =
            Wanted { store_id: *store_id, basket, coupon: coupon.as_ref(), point: *point };
        let Some(priced) = pricing::price(&core.state, &request, at_ms) else {
            ticket.answer(Err(SubmitError::StoreUnknown));
            return None;
        };
        let checked = priced.and_then(|priced| check(core, priced, &wanted, &others, at_ms));
        let (Priced { store, quote, served, .. }, coupon) = match checked {
            Ok(checked) => checked,
            Err(rejection) => {
                core.refuse(rejection, ticket);
                return None;
            }
        };
        Some(Self { wanted, store, quote, served, coupon, placing, ticket })
    }

    /// Returns the store, and the units that the order needs of its products, sorted by product.
    pub(super) fn needed(&self) -> (StoreId, impl Iterator<Item = StockLine>) {
        let lines = self.quote.lines.iter();
        let needed = lines.map(|it| StockLine { product_id: it.item.id, units: it.quantity });
        let mut needed: Vec<StockLine> = needed.collect();
        needed.sort_unstable_by_key(|line| line.product_id);
        (self.store.id, needed.into_iter())
    }

    /// Sends the record of the order to the log; or, when a line is short, the record of its
    /// refusal.
    pub(super) fn place(self, core: &Core, order_id: OrderId, short: &[ShortLine]) {
        let Self { wanted, store, quote, served, coupon, placing, ticket } = self;
        if !short.is_empty() {
            coupon.into_iter().for_each(|taken| core.coupons.release(taken));
            let issues = core.stock_issues(store.id, short);
            return core.refuse(Rejection::InsufficientStock { issues }, ticket);
        }
        let placement = Placement {
            order_id,
            number: core.state.next_number(store.id),
            customer_id: wanted.customer_id,
            payment_method: wanted.payment_method,
            preference: wanted.preference,
            from_cart: wanted.from_cart,
            served,
            sealed: core.seal(wanted.customer_id, order_id.0.as_bytes(), &wanted.personal),
        };
        let at_ms = core.clock.now_ms();
        let event = place(placement, quote, &store, at_ms);
        let record = Record { at_ms, by: ticket.by(), key: ticket.key(), event };
        let then = Then { ticket: Some(ticket), placing: Some(placing), ..Then::default() };
        core.journal.append(vec![record], then);
    }
}

/// Returns a new order as those that are placed in the same moment see it.
fn on_its_way(order_id: OrderId, wanted: &PlaceOrder) -> OnItsWay {
    let line = |line: &BasketLine| StockLine { product_id: line.product_id, units: line.quantity };
    OnItsWay {
        order_id,
        is_unpaid: wanted.payment_method == PaymentMethod::Razorpay,
        lines: wanted.basket.lines().iter().map(line).collect(),
    }
}

/// Checks that a priced basket may be ordered, and takes the use of its coupon.
fn check(
    core: &Core,
    priced: Priced,
    wanted: &PlaceOrder,
    others: &[OnItsWay],
    at_ms: i64,
) -> Result<(Priced, Option<TakenUse>), Rejection> {
    if let Some(no) = priced.not_served {
        return Err(no);
    }
    let customer = match wanted.payment_method {
        PaymentMethod::Cod => core.state.people(|people| people.customers.get(wanted.customer_id)),
        // Only cash on delivery is a risk, so only its orders read the customer's record.
        PaymentMethod::Razorpay => Customer::default(),
    };
    let quote = &priced.quote;
    let taken = priced.coupon.as_ref().map(|coupon| {
        let amounts = (quote.sums.subtotal, quote.sums.discount);
        core.coupons.take(coupon, wanted.customer_id, amounts, at_ms)
    });
    let taken = taken.transpose().map_err(|issue| Rejection::Coupon { issue })?;
    let in_flight = u32::try_from(others.len()).unwrap_or(u32::MAX);
    let buyer = Buyer { customer, in_flight, at_ms };
    let method = wanted.payment_method;
    let checked = quote
        .check(&priced.store, wanted.expected_total, Some(method), &buyer)
        .and_then(|()| holds::check(core, wanted.customer_id, &Basis::of(&priced, method), others));
    match checked {
        Ok(()) => Ok((priced, taken)),
        Err(rejection) => {
            taken.into_iter().for_each(|taken| core.coupons.release(taken));
            Err(rejection)
        }
    }
}
