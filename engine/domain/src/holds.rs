//! Bounds on what one customer may keep from the others: unpaid orders at once, units of a product
//! in all open orders, and a pause after holds that led to nothing.
//!
//! They are of a person over all stores, so they are settings of the engine and not of a store.

use crate::facts::Bucket;
use crate::time::AtMs;
use crate::{
    Event, Order, OrderBook, OrderId, Paise, PaymentMethod, PersonId, ProductId, Record, Rejection,
    Role, Status, StockLine,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Holds of a customer that led to nothing, whose times are remembered.
pub const LAPSES_MAX: usize = 8;

const HOUR_MS: i64 = 60 * 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldRules {
    /// Unpaid orders at once; 0 for no such bound.
    pub unpaid_max: u32,
    /// All open orders together have at most as many units of a product as this many orders may
    /// have; 0 for no such bound.
    pub full_orders_max: u32,
    /// Holds that led to nothing within an hour, from which on a pause follows; 0 for none. At most
    /// [`LAPSES_MAX`] are counted.
    pub lapses_max: u32,
    /// Length of the first pause, in milliseconds. Each further hold of the day that led to nothing
    /// doubles it.
    pub pause_ms: i64,
}

impl Default for HoldRules {
    fn default() -> Self {
        Self { unpaid_max: 2, full_orders_max: 2, lapses_max: 3, pause_ms: 5 * 60_000 }
    }
}

impl HoldRules {
    /// No bound at all.
    pub const OPEN: Self = Self { unpaid_max: 0, full_orders_max: 0, lapses_max: 0, pause_ms: 0 };

    /// Checks a new order of a customer who keeps `holding` already.
    ///
    /// # Errors
    /// [`Rejection::HoldsPaused`], [`Rejection::TooManyUnpaid`] or [`Rejection::OverMaxOpen`].
    pub fn check(
        &self,
        purchase: &Purchase,
        holding: &Holding,
        at_ms: AtMs,
    ) -> Result<(), Rejection> {
        if purchase.is_unpaid {
            self.check_pause(&holding.lapses, at_ms)?;
            let unpaid = holding.unpaid;
            if self.unpaid_max > 0 && unpaid >= self.unpaid_max {
                return Err(Rejection::TooManyUnpaid { unpaid });
            }
        }
        if self.full_orders_max == 0 {
            return Ok(());
        }
        for WantedLine { line: StockLine { product_id, units }, max_per_order } in &purchase.lines {
            let maximum = max_per_order.saturating_mul(self.full_orders_max);
            let left = maximum.saturating_sub(holding.units_of(*product_id));
            if *units > left {
                let product_id = *product_id;
                return Err(Rejection::OverMaxOpen { product_id, maximum, left });
            }
        }
        Ok(())
    }

    fn check_pause(&self, lapses: &Lapses, at_ms: AtMs) -> Result<(), Rejection> {
        let Some(end_ms) = lapses.pause_ends_ms(self, at_ms).filter(|end_ms| at_ms < *end_ms)
        else {
            return Ok(());
        };
        let wait_s = u32::try_from((end_ms - at_ms + 999) / 1_000).unwrap_or(u32::MAX);
        Err(Rejection::HoldsPaused { wait_s })
    }
}

/// A new order, as far as it keeps something from others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purchase {
    /// True when it will wait for its payment.
    pub is_unpaid: bool,
    /// Its lines, each product once.
    pub lines: Vec<WantedLine>,
}

/// Units that are wanted of a product, and the most that one order may have of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedLine {
    /// The product and the units.
    pub line: StockLine,
    /// The product's own limit.
    pub max_per_order: u32,
}

/// Returns true for an order that holds units until it is paid.
pub fn is_hold(payment_method: PaymentMethod, total: Paise) -> bool {
    payment_method == PaymentMethod::Razorpay && total > Paise::ZERO
}

/// An order that is being placed, ahead of the log.
#[derive(Clone, Debug)]
pub struct OnItsWay {
    /// The id that it will have.
    pub order_id: OrderId,
    /// True when it may have to wait for its payment.
    pub is_unpaid: bool,
    /// Its lines, each product once.
    pub lines: Arc<[StockLine]>,
}

/// All that a customer keeps from the others at a moment.
#[derive(Clone, Debug, Default)]
pub struct Holding {
    /// Orders that wait for their payment.
    pub unpaid: u32,
    /// Units of all open orders.
    units: BTreeMap<ProductId, u32>,
    /// Holds that led to nothing.
    pub lapses: Lapses,
}

impl Holding {
    /// Returns what a customer keeps by the orders in the book, and by those that are on their way
    /// to it. One that has just come there counts once.
    pub fn of(
        book: &OrderBook,
        customer_id: PersonId,
        on_their_way: &[OnItsWay],
        lapses: Lapses,
    ) -> Self {
        let mut holding = Self { lapses, ..Self::default() };
        for order in book.unfinished_of(customer_id) {
            let is_unpaid = order.status == Status::PendingPayment;
            let units = order.lines().iter().map(|line| (line.item.id, line.quantity));
            holding.add(is_unpaid, units);
        }
        let is_new = |order: &&OnItsWay| book.get(order.order_id).is_none();
        for OnItsWay { is_unpaid, lines, .. } in on_their_way.iter().filter(is_new) {
            holding.add(*is_unpaid, lines.iter().map(|line| (line.product_id, line.units)));
        }
        holding
    }

    fn add(&mut self, is_unpaid: bool, units: impl Iterator<Item = (ProductId, u32)>) {
        self.unpaid = self.unpaid.saturating_add(is_unpaid.into());
        for (product_id, units) in units {
            let sum = self.units.entry(product_id).or_default();
            *sum = sum.saturating_add(units);
        }
    }

    /// Returns the units of a product in all open orders.
    pub fn units_of(&self, product_id: ProductId) -> u32 {
        self.units.get(&product_id).copied().unwrap_or_default()
    }
}

/// The last holds of a customer that led to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lapses {
    /// Newest first; 0 where there were fewer.
    at_ms: [AtMs; LAPSES_MAX],
}

impl Lapses {
    /// Adds the newest.
    pub fn add(&mut self, at_ms: AtMs) {
        self.at_ms.rotate_right(1);
        self.at_ms[0] = at_ms;
    }

    /// Returns the times, newest first.
    pub fn times(&self) -> impl DoubleEndedIterator<Item = AtMs> {
        self.at_ms.into_iter().filter(|at_ms| *at_ms != 0)
    }

    /// Returns the end of the pause that follows from them: after the newest, and twice as long for
    /// each that is more than begins a pause. `None` when none follows. One that is later than now
    /// was recorded while a clock was wrong, and counts as of now.
    pub fn pause_ends_ms(&self, rules: &HoldRules, now_ms: AtMs) -> Option<AtMs> {
        let begins_at = usize::try_from(rules.lapses_max).unwrap_or(usize::MAX).min(LAPSES_MAX);
        let newest_ms = self.times().next()?.min(now_ms);
        let within = |ms| self.times().filter(|at_ms| newest_ms - at_ms < ms).count();
        if begins_at == 0 || within(HOUR_MS) < begins_at {
            return None;
        }
        let doublings = within(DAY_MS) - begins_at;
        assert!(doublings < LAPSES_MAX, "a pause has a longest length");
        Some(newest_ms.saturating_add(rules.pause_ms.saturating_mul(1 << doublings)))
    }

    /// Returns true for a fact by which a hold leads to nothing: it expires, or its customer gives
    /// it up in the second half of its time. Whoever changes their mind at once keeps nothing from
    /// others. `order` is as it is after the fact.
    pub fn is_one(record: &Record, order: &Order) -> bool {
        match &record.event {
            Event::OrderExpired { .. } => true,
            Event::OrderCancelled { from: Bucket::Held, .. } => {
                let (from_ms, end_ms) = (order.created_at_ms, order.placed.hold_expires_at_ms);
                let half = |end_ms| from_ms + (end_ms - from_ms) / 2;
                record.by.role == Role::Customer
                    && end_ms.is_some_and(|end_ms| half(end_ms) <= record.at_ms)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
