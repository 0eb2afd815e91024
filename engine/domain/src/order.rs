//! The life of an order: its contents at placing, its history, and its state.
//!
//! | file | holds |
//! |---|---|
//! | `order.rs` | the order as it is, and the effect of every fact ([`Order::apply`]) |
//! | `order/placing.rs` | the decision that begins an order |
//! | `order/decision.rs` | the types of every later decision: command, context, outcome |
//! | `order/steps.rs` | decisions of people: cancel, accept, pack, assign, deliver |
//! | `order/documents.rs` | the invoice, and a credit note for every reduction after it |
//! | `order/lines.rs` | decisions on lines: short units, substitutes, the customer's answer |
//! | `order/money.rs` | decisions that follow from money that came or has to go back |
//! | `order/loose.rs` | the decision on loose money that is given to an order |
//! | `order/ending.rs` | the rules by which an order is finished |
//! | `order/progress.rs` | times, lines and estimate as the customer follows them |

mod decision;
mod digest;
mod documents;
mod ending;
mod journey;
mod lines;
mod loose;
mod money;
mod placing;
mod progress;
mod steps;
mod turn_to_cash;

pub use crate::facts::{LinesChange, NewOrder, Preference, Proposal, Step};
pub use decision::{Context, Decision, OrderCommand, Otherwise, RefundOf, Report, Substitute};
pub use journey::{Issued, Journey, Rider};
pub use placing::{Placement, place};
pub use progress::{LineProgress, Milestone, Stamps};

use crate::bill::{OrderLine, Sums};
use crate::facts::PaymentMethod;
use crate::limits::HOLD_EXTENSION_MS;
use crate::payment::{Payment, PaymentStatus};
use crate::time::AtMs;
use crate::{Event, Lsn, Paise, PersonId, Record, Status, StockLine};
use std::sync::Arc;

/// An order as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// As it was placed, but for the way it is paid, which its customer may change.
    pub placed: Arc<NewOrder>,
    /// Its state.
    pub status: Status,
    /// Time of placing.
    pub created_at_ms: AtMs,
    /// Time of its last fact.
    pub updated_at_ms: AtMs,
    /// Positions of its facts in the log, first to last.
    pub lsns: Vec<Lsn>,
    /// Times of its steps.
    pub stamps: Stamps,
    /// Its way since it was placed.
    pub journey: Option<Box<Journey>>,
    /// Its money, once the customer went to pay online.
    pub payment: Option<Box<Payment>>,
}

impl Order {
    /// Returns the order that a record began; `None` for any other record.
    pub fn begin(lsn: Lsn, record: &Record) -> Option<Self> {
        let Event::OrderPlaced { order } = &record.event else { return None };
        // Pairs with `place`, which gives a new order one of two states.
        debug_assert!(
            matches!(order.status, Status::PendingPayment | Status::Placed),
            "an order begins unpaid or placed, not {:?}",
            order.status
        );
        let mut stamps = Stamps::default();
        stamps.note(&record.event, record.at_ms);
        Some(Self {
            placed: Arc::clone(order),
            status: order.status,
            created_at_ms: record.at_ms,
            updated_at_ms: record.at_ms,
            lsns: vec![lsn],
            stamps,
            journey: None,
            payment: None,
        })
    }

    /// Applies a record about this order.
    ///
    /// # Panics
    /// For a record about another order.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) {
        debug_assert!(self.lsn() < lsn, "facts are applied in the order of the log");
        self.apply(&record.event, record.at_ms);
        self.lsns.push(lsn);
    }

    /// Applies a fact about this order, before or after it has a place in the log.
    ///
    /// # Panics
    /// For a fact about another order.
    pub(crate) fn apply(&mut self, event: &Event, at_ms: AtMs) {
        assert_eq!(event.order_id(), Some(self.placed.id), "a fact about another order");
        self.updated_at_ms = at_ms;
        self.stamps.note(event, at_ms);
        let rider_before = self.rider().map(|rider| rider.person_id);
        self.apply_event(event, at_ms);
        let rider = self.rider().map(|rider| rider.person_id);
        if let Some(journey) = &mut self.journey {
            journey.rider_before = rider_before.filter(|before| Some(*before) != rider);
            debug_assert!(rider.is_none() || journey.rider_before != rider, "one rider twice");
        }
        debug_assert!(self.status != Status::Cancelled || rider.is_none(), "its rider was told");
        debug_assert!(
            self.proposals().is_empty() || self.status == Status::Accepted,
            "substitutes are proposed while the order is picked"
        );
    }

    fn apply_event(&mut self, event: &Event, at_ms: AtMs) {
        match event {
            Event::OrderCancelled { .. } => {
                // Pairs with `decide_cancel` and `follow`.
                debug_assert!(self.may_be_cancelled(), "cancelled from {:?}", self.status);
                self.status = Status::Cancelled;
                if let Some(journey) = &mut self.journey {
                    journey.rider = None;
                    journey.proposals.clear();
                }
            }
            Event::OrderExpired { .. } => {
                // Pairs with `decide_expire`, which leaves all other orders as they are.
                debug_assert_eq!(self.status, Status::PendingPayment, "only a hold expires");
                self.status = Status::Expired;
            }
            Event::OrderConfirmed { held_again, .. } => {
                // Pairs with `follow`: late money takes the units again, other money confirms.
                let from = if *held_again { Status::Expired } else { Status::PendingPayment };
                debug_assert_eq!(self.status, from, "held again: {held_again}");
                self.status = Status::Placed;
            }
            Event::OrderTurnedToCash { .. } => {
                // Pairs with `decide_turn_to_cash`.
                debug_assert_eq!(self.status, Status::PendingPayment, "what is paid stays paid");
                Arc::make_mut(&mut self.placed).payment_method = PaymentMethod::Cod;
                self.status = Status::Placed;
            }
            Event::OrderMoved { step, .. } => self.step(step),
            Event::LinesChanged { change, .. } => self.change_lines(change),
            Event::InvoiceIssued { is_credit_note, year, number, credits, .. } => {
                let (is_credit_note, year, number) = (*is_credit_note, *year, *number);
                debug_assert_eq!(is_credit_note, self.invoice().is_some(), "first the invoice");
                debug_assert!(!self.is_credited_whole(), "nothing is left to be credited");
                let credits = Arc::clone(credits);
                let issued = Issued { is_credit_note, year, number, at_ms, credits };
                self.journey_mut().documents.push(issued);
            }
            event if event.is_of_payment() => {
                let due = self.placed.sums.total;
                let payment = self.payment.get_or_insert_with(|| Box::new(Payment::of(due)));
                debug_assert_eq!(payment.due, due, "later changes refund and never charge again");
                payment.evolve(event, at_ms);
            }
            _ => unreachable!("a fact about an order is one of those above"),
        }
    }

    /// Returns true in the states that an order can be cancelled from: its units are in the store,
    /// or it expired and late money goes back.
    fn may_be_cancelled(&self) -> bool {
        self.status.bucket().is_some() || self.status == Status::Expired
    }

    fn journey_mut(&mut self) -> &mut Journey {
        self.journey.get_or_insert_with(Box::default)
    }

    /// Counts the facts about the order: 1 when it is placed, and one more with each.
    pub fn version(&self) -> u64 {
        self.lsns.len() as u64
    }

    /// Returns the position of the last fact about it.
    pub fn lsn(&self) -> Lsn {
        *self.lsns.last().expect("an order has at least the fact that placed it")
    }

    /// Returns its lines as they are now.
    pub fn lines(&self) -> &[OrderLine] {
        let changed = self.journey.as_ref().and_then(|journey| journey.lines.as_deref());
        changed.unwrap_or(&self.placed.lines)
    }

    /// Returns the sums of its bill as it is now.
    pub fn sums(&self) -> Sums {
        let sums = self.placed.sums.with_lines(self.lines());
        debug_assert!(
            sums.total <= self.placed.sums.total,
            "an order never becomes dearer on the way"
        );
        sums
    }

    /// Returns the rider that it is assigned to.
    pub fn rider(&self) -> Option<Rider> {
        self.journey.as_ref()?.rider
    }

    /// Returns the rider while the order is on the way: from packed and assigned to its end.
    pub fn on_the_way(&self) -> Option<Rider> {
        let is_on_the_way =
            matches!(self.status, Status::Assigned | Status::PickedUp | Status::OutForDelivery);
        self.rider().filter(|_| is_on_the_way)
    }

    /// Returns the riders whom the last fact concerns: the present one, and the one before.
    pub fn riders_concerned(&self) -> impl Iterator<Item = PersonId> + use<> {
        let before = self.journey.as_ref().and_then(|journey| journey.rider_before);
        self.rider().map(|rider| rider.person_id).into_iter().chain(before)
    }

    /// Returns the substitutes that the customer is asked about.
    pub fn proposals(&self) -> &[Proposal] {
        self.journey.as_ref().map_or(&[], |journey| &journey.proposals)
    }

    /// Returns the cash that was collected at the door.
    pub fn cash(&self) -> Option<Paise> {
        self.journey.as_ref()?.cash
    }

    /// Returns its invoice and credit notes.
    pub fn documents(&self) -> &[Issued] {
        self.journey.as_ref().map_or(&[], |journey| &journey.documents)
    }

    /// Returns the cash to collect at the door: its total now, for cash on delivery.
    pub fn cash_due(&self) -> Paise {
        match self.placed.payment_method {
            PaymentMethod::Cod => self.sums().total,
            PaymentMethod::Razorpay => Paise::ZERO,
        }
    }

    /// Returns the state of its money, as of the last fact.
    pub fn payment_status(&self) -> PaymentStatus {
        let is_over = self.status.is_end();
        if self.placed.payment_method == PaymentMethod::Cod {
            return match self.status {
                Status::Delivered => PaymentStatus::CodCollected,
                _ if is_over => PaymentStatus::Failed,
                _ => PaymentStatus::CodPending,
            };
        }
        let is_expired = self.status == Status::Expired;
        match &self.payment {
            Some(payment) => payment.status(self.updated_at_ms, is_over, is_expired),
            None if self.placed.sums.total == Paise::ZERO => PaymentStatus::Completed,
            None if is_expired => PaymentStatus::TimedOut,
            None if is_over => PaymentStatus::Failed,
            None => PaymentStatus::Pending,
        }
    }

    /// Returns true while the customer may cancel.
    pub fn can_cancel(&self) -> bool {
        let can = crate::moves::Move::Cancel.rule().from.contains(&self.status);
        debug_assert!(!can || self.may_be_cancelled(), "the table of moves and `apply` agree");
        can
    }

    /// Returns the time at which an unpaid order gives its units back: the end of its hold, later
    /// while a payment is in flight, and never later than [`HOLD_EXTENSION_MS`] after the end of
    /// its hold. `None` for an order that is not unpaid. An order whose record is later than now
    /// was placed under a clock that was wrong, and times in a log no longer fall: its hold ends
    /// when its timer says ([`OrderBook::unpaid`](crate::OrderBook::unpaid)).
    pub fn expires_at_ms(&self, now_ms: AtMs) -> Option<AtMs> {
        let hold_end = self.placed.hold_expires_at_ms?;
        let hold_end = if self.created_at_ms > now_ms { now_ms } else { hold_end };
        if self.status != Status::PendingPayment {
            return None;
        }
        let in_flight = self.payment.as_ref().and_then(|payment| payment.in_flight_until(now_ms));
        let latest = hold_end + HOLD_EXTENSION_MS;
        let end = in_flight.map_or(hold_end, |until| until.clamp(hold_end, latest));
        assert!(hold_end <= end && end <= latest, "a hold is never cut short, nor endless");
        Some(end)
    }

    /// Returns all its units, as they are now, sorted by product: units are always taken in that
    /// sequence, so that two orders never wait for each other.
    pub(crate) fn units(&self) -> Vec<StockLine> {
        let units = |line: &OrderLine| StockLine { product_id: line.item.id, units: line.quantity };
        let mut units: Vec<StockLine> = self.lines().iter().map(units).collect();
        units.sort_unstable_by_key(|line| line.product_id);
        debug_assert!(units.is_sorted_by(|line, next| line.product_id < next.product_id));
        debug_assert!(units.iter().all(|line| line.units > 0), "a line without units is no line");
        units
    }
}

#[cfg(test)]
mod tests;
