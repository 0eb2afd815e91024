//! One order, as it was and as it would have been.

use kirana_domain::limits::HOLD_EXTENSION_MS;
use kirana_domain::order::NewOrder;
use kirana_domain::payment::{ChargeStatus, Payment};
use kirana_domain::time::AtMs;
use kirana_domain::{Event, OrderLine, ProductId, StockLine, StoreId, Sums};
use std::sync::Arc;

/// The fate of an order in one of the worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The units were not there.
    Refused,
    /// Its items were below the rule's minimum.
    BelowMinimum,
    /// It holds its units and waits for its money.
    Unpaid,
    /// It has come about.
    Sold,
    /// Its hold was over.
    Expired,
    /// It was ended.
    Cancelled,
}

/// An order in one of the worlds.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) outcome: Outcome,
    pub(super) lines: Arc<[OrderLine]>,
    /// As the order was placed, with the fee of the rule; the lines may have changed since.
    pub(super) sums: Sums,
    /// Units of substitutes that the customer is asked about.
    pub(super) proposed: Vec<StockLine>,
}

impl Side {
    /// The units that it has in the store.
    pub(super) fn units(&self) -> Vec<StockLine> {
        let line = |line: &OrderLine| StockLine { product_id: line.item.id, units: line.quantity };
        self.lines.iter().map(line).chain(self.proposed.iter().copied()).collect()
    }

    /// Takes over the lines that an order really has now, as far as this one has them: no more of
    /// a product than it had, and substitutes only where they were `had`.
    pub(super) fn follow(&mut self, now: &[OrderLine], had: &[StockLine]) {
        let quantity = |id: ProductId| {
            let line = self.lines.iter().find(|line| line.item.id == id);
            let extra = had.iter().find(|extra| extra.product_id == id);
            line.map(|line| line.quantity).or(extra.map(|extra| extra.units))
        };
        let followed = now.iter().filter_map(|line| {
            let mine = quantity(line.item.id)?.min(line.quantity);
            (mine > 0).then(|| line.with_quantity(mine))
        });
        self.lines = followed.collect();
    }
}

/// The hold of an order that was to be paid online.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    /// The moment at which it ends under the rule.
    pub(super) end_ms: AtMs,
    /// True when that is not when it really ended: then it ends by the clock of the rule, and
    /// otherwise whenever the log says so.
    pub(super) is_other: bool,
}

/// An order of the log with its fate under the rule.
#[derive(Debug)]
pub(super) struct Shadow {
    pub(super) store_id: StoreId,
    /// True when it is part of the answer.
    pub(super) counts: bool,
    pub(super) actual: Side,
    pub(super) what_if: Side,
    pub(super) hold: Option<Hold>,
    /// Attempts and charges that come about under the rule too.
    pub(super) payment: Payment,
    /// Charges as they really were.
    pub(super) is_paid: bool,
    /// True when the customer went to pay only after the hold of the rule was over.
    pub(super) gave_up: bool,
    /// The moment at which the customer really last went to pay.
    pub(super) attempted_ms: Option<AtMs>,
    /// From that time on nothing more can happen to it.
    pub(super) over_ms: Option<AtMs>,
}

impl Shadow {
    pub(super) fn of(order: &NewOrder, counts: bool) -> Self {
        let actual = Side {
            outcome: match order.hold_expires_at_ms {
                Some(_) => Outcome::Unpaid,
                None => Outcome::Sold,
            },
            lines: order.lines.as_slice().into(),
            sums: order.sums,
            proposed: Vec::new(),
        };
        Self {
            store_id: order.store_id,
            counts,
            what_if: actual.clone(),
            actual,
            hold: None,
            payment: Payment::of(order.sums.total),
            is_paid: false,
            gave_up: false,
            attempted_ms: None,
            over_ms: None,
        }
    }

    /// Returns the end of its hold under the rule, as far as is known at a time; `None` when only
    /// the log says.
    pub(super) fn expires_at_ms(&self, now_ms: AtMs) -> Option<AtMs> {
        let Hold { end_ms, is_other } = self.hold?;
        if !is_other || self.what_if.outcome != Outcome::Unpaid {
            return None;
        }
        let in_flight = self.payment.in_flight_until(now_ms);
        Some(in_flight.map_or(end_ms, |until| until.clamp(end_ms, end_ms + HOLD_EXTENSION_MS)))
    }

    /// Hears of a fact about the money. Under the rule an attempt after its hold was over, and the
    /// money of that attempt, would not have been.
    pub(super) fn hear(&mut self, event: &Event, at_ms: AtMs) {
        match event {
            Event::PaymentStarted { .. } => {
                self.attempted_ms = Some(at_ms);
                self.gave_up |= self.what_if.outcome == Outcome::Expired;
            }
            Event::ChargeSeen { charge, .. } => {
                let is_good = charge.status == ChargeStatus::Captured;
                self.is_paid |= is_good && charge.amount == self.payment.due;
            }
            _ => (),
        }
        if !self.gave_up {
            self.payment.evolve(event, at_ms);
        }
    }

    /// True when nothing can change any more, in either scenario.
    pub(super) fn is_over(&self, now_ms: AtMs) -> bool {
        let is_past = self.over_ms.is_some_and(|over_ms| now_ms >= over_ms);
        match self.actual.outcome {
            Outcome::Cancelled => true,
            Outcome::Expired => is_past && self.what_if.outcome != Outcome::Unpaid,
            _ => is_past,
        }
    }
}
