//! The life of an order: what it was placed with, what happened to it, and where it is.
//!
//! | file | holds |
//! |---|---|
//! | `order.rs` | the order as it is, and what every fact changes ([`Order::apply`]) |
//! | `order/placing.rs` | the decision that begins an order |
//! | `order/decision.rs` | the words of every later decision: command, context, outcome |
//! | `order/steps.rs` | decisions of people: cancel, accept, pack, assign, deliver |
//! | `order/lines.rs` | decisions on lines: what is short, what replaces it, and who agrees |
//! | `order/money.rs` | decisions that follow from money that came or has to go back |
//! | `order/ending.rs` | the rules by which an order is finished |

mod decision;
mod digest;
mod ending;
mod journey;
mod lines;
mod money;
mod placing;
mod steps;

pub use crate::facts::{LinesChange, NewOrder, Preference, Proposal, Step};
pub use decision::{Context, Decision, OrderCommand, Otherwise, RefundOf, Report, Substitute};
pub use journey::{Issued, Journey, Rider};
pub use placing::{Placement, place};

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
    /// As it was placed.
    pub placed: Arc<NewOrder>,
    /// Where it is in its life.
    pub status: Status,
    /// When it was placed.
    pub created_at_ms: AtMs,
    /// When something last happened to it.
    pub updated_at_ms: AtMs,
    /// Where in the log its facts are, first to last.
    pub lsns: Vec<Lsn>,
    /// What it has gone through.
    pub journey: Option<Box<Journey>>,
    /// Its money, when it is paid online and somebody has tried to.
    pub payment: Option<Box<Payment>>,
}

impl Order {
    /// The order that a record began; `None` for any other record.
    pub fn begin(lsn: Lsn, record: &Record) -> Option<Self> {
        let Event::OrderPlaced { order } = &record.event else { return None };
        Some(Self {
            placed: Arc::clone(order),
            status: order.status,
            created_at_ms: record.at_ms,
            updated_at_ms: record.at_ms,
            lsns: vec![lsn],
            journey: None,
            payment: None,
        })
    }

    /// Applies a record about this order.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) {
        self.apply(&record.event, record.at_ms);
        self.lsns.push(lsn);
    }

    /// Applies a fact about this order, before or after it has a place in the log.
    pub(crate) fn apply(&mut self, event: &Event, at_ms: AtMs) {
        assert_eq!(event.order_id(), Some(self.placed.id), "a fact about another order");
        self.updated_at_ms = at_ms;
        let rider_before = self.rider().map(|rider| rider.person_id);
        self.apply_event(event, at_ms);
        let rider = self.rider().map(|rider| rider.person_id);
        if let Some(journey) = &mut self.journey {
            journey.rider_before = rider_before.filter(|before| Some(*before) != rider);
        }
    }

    fn apply_event(&mut self, event: &Event, at_ms: AtMs) {
        match event {
            Event::OrderCancelled { .. } => {
                self.status = Status::Cancelled;
                if let Some(journey) = &mut self.journey {
                    journey.rider = None;
                    journey.proposals.clear();
                }
            }
            Event::OrderExpired { .. } => self.status = Status::Expired,
            Event::OrderConfirmed { .. } => self.status = Status::Placed,
            Event::OrderMoved { step, .. } => self.step(step),
            Event::LinesChanged { change, .. } => self.change_lines(change),
            Event::InvoiceIssued { is_credit_note, year, number, .. } => {
                let (is_credit_note, year, number) = (*is_credit_note, *year, *number);
                let issued = Issued { is_credit_note, year, number, at_ms };
                self.journey_mut().documents.push(issued);
            }
            event if event.is_of_payment() => {
                let due = self.placed.total;
                let payment = self.payment.get_or_insert_with(|| Box::new(Payment::of(due)));
                payment.evolve(event, at_ms);
            }
            _ => unreachable!("a fact about an order is one of those above"),
        }
    }

    fn journey_mut(&mut self) -> &mut Journey {
        self.journey.get_or_insert_with(Box::default)
    }

    /// Counts the facts about the order: 1 when it is placed, and one more with each.
    pub fn version(&self) -> u64 {
        self.lsns.len() as u64
    }

    /// The last fact about it.
    pub fn lsn(&self) -> Lsn {
        *self.lsns.last().expect("an order has at least the fact that placed it")
    }

    /// Its lines as they are now.
    pub fn lines(&self) -> &[OrderLine] {
        let changed = self.journey.as_ref().and_then(|journey| journey.lines.as_deref());
        changed.unwrap_or(&self.placed.lines)
    }

    /// What is to be paid for it as it is now.
    pub fn sums(&self) -> Sums {
        Sums::of(self.lines(), &self.placed.fee)
    }

    /// Who brings it.
    pub fn rider(&self) -> Option<Rider> {
        self.journey.as_ref()?.rider
    }

    /// The riders whom the last fact concerns: who has the order, and who had it until then.
    pub fn riders_concerned(&self) -> impl Iterator<Item = PersonId> + use<> {
        let before = self.journey.as_ref().and_then(|journey| journey.rider_before);
        self.rider().map(|rider| rider.person_id).into_iter().chain(before)
    }

    /// Substitutes that the customer is asked about.
    pub fn proposals(&self) -> &[Proposal] {
        self.journey.as_ref().map_or(&[], |journey| &journey.proposals)
    }

    /// Cash that was collected at the door.
    pub fn cash(&self) -> Option<Paise> {
        self.journey.as_ref()?.cash
    }

    /// Its invoice and credit notes.
    pub fn documents(&self) -> &[Issued] {
        self.journey.as_ref().map_or(&[], |journey| &journey.documents)
    }

    /// Cash to collect at the door: what it costs now, for cash on delivery.
    pub fn cash_due(&self) -> Paise {
        match self.placed.payment_method {
            PaymentMethod::Cod => self.sums().total,
            PaymentMethod::Razorpay => Paise::ZERO,
        }
    }

    /// What is known of the money, as of the last fact.
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
            None if self.placed.total == Paise::ZERO => PaymentStatus::Completed,
            None if is_expired => PaymentStatus::TimedOut,
            None if is_over => PaymentStatus::Failed,
            None => PaymentStatus::Pending,
        }
    }

    /// True while the customer may cancel.
    pub fn can_cancel(&self) -> bool {
        crate::moves::Move::Cancel.rule().from.contains(&self.status)
    }

    /// When an unpaid order gives its units back: the end of its hold, later while a payment is
    /// in flight, and never later than [`HOLD_EXTENSION_MS`] after the end of its hold.
    pub fn expires_at_ms(&self, now_ms: AtMs) -> Option<AtMs> {
        let end = self.placed.hold_expires_at_ms?;
        if self.status != Status::PendingPayment {
            return None;
        }
        let in_flight = self.payment.as_ref().and_then(|payment| payment.in_flight_until(now_ms));
        let end = in_flight.map_or(end, |until| until.clamp(end, end + HOLD_EXTENSION_MS));
        Some(end)
    }

    /// All its units, as they are now.
    pub(crate) fn units(&self) -> Vec<StockLine> {
        let units = |line: &OrderLine| StockLine { product_id: line.item.id, units: line.quantity };
        self.lines().iter().map(units).collect()
    }
}

#[cfg(test)]
mod tests;
