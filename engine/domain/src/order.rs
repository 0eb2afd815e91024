//! The life of an order: what it was placed with, what happened to it, and where it is.
//!
//! | file | decides |
//! |---|---|
//! | `order.rs` | placing; and what every fact changes ([`Order::apply`]) |
//! | `order/steps.rs` | what people do: cancel, accept, pack, assign, deliver |
//! | `order/lines.rs` | what is short, what replaces it, and who agrees |
//! | `order/money.rs` | what follows from money that came or has to go back |

mod lines;
mod money;
mod steps;

pub use lines::{LinesChange, Preference, Proposal, Substitute};
pub use money::Report;
pub use steps::{Decision, Facts, Otherwise, RefundOf, Step, Wish};

use crate::bill::{Fee, OrderLine, Sums};
use crate::digest::{Digest, Digester};
use crate::limits::HOLD_EXTENSION_MS;
use crate::payment::{Payment, PaymentMethod, PaymentStatus, RefundStatus};
use crate::time::AtMs;
use crate::{
    CouponCode, Event, Lsn, OrderId, Paise, PersonId, Quote, Record, Served, Status, StockLine,
    Store, StoreId, ZoneId,
};
use std::sync::Arc;

/// An order as it was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Its id.
    pub id: OrderId,
    /// Its number in the store: 1, 2, 3 and on.
    pub number: u64,
    /// The store that serves it.
    pub store_id: StoreId,
    /// Who ordered.
    pub customer_id: PersonId,
    /// `PendingPayment` or `Placed`.
    pub status: Status,
    /// How it is paid.
    pub payment_method: PaymentMethod,
    /// Its lines, sorted by product.
    pub lines: Vec<OrderLine>,
    /// Sum of the lines.
    pub subtotal: Paise,
    /// Delivery fee, before what a coupon takes off it.
    pub fee: Fee,
    /// What was taken off.
    pub discount: Paise,
    /// Tax inside the total.
    pub tax: Paise,
    /// What is to be paid.
    pub total: Paise,
    /// When an unpaid order gives its units back.
    pub hold_expires_at_ms: Option<AtMs>,
    /// What the customer wants when something is missing.
    pub preference: Preference,
    /// True when it was made of the customer's cart, which loses these lines with it.
    pub from_cart: bool,
    /// The coupon that takes the discount off.
    pub coupon: Option<CouponCode>,
    /// The zone that it is delivered to, where the store has zones.
    pub zone_id: Option<ZoneId>,
    /// Minutes from and to which delivery was promised.
    pub promise: (u16, u16),
    /// Delivery address and notes, sealed with the customer's key: the domain never reads them.
    pub sealed: Box<[u8]>,
}

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

/// Who brings an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rider {
    /// Who.
    pub person_id: PersonId,
    /// True once they said that they will.
    pub accepted: bool,
}

/// A document of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// True for a credit note.
    pub is_credit_note: bool,
    /// First calendar year of its financial year.
    pub year: u16,
    /// Its number in the store, the year and the kind.
    pub number: u64,
    /// When it was issued.
    pub at_ms: AtMs,
}

/// What an order has gone through since it was placed. Most orders at rest have none of it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journey {
    /// Who brings it.
    pub rider: Option<Rider>,
    /// Who was to bring it until the last fact.
    pub rider_before: Option<PersonId>,
    /// Its lines, where they are no longer those it was placed with.
    pub lines: Option<Arc<[OrderLine]>>,
    /// Substitutes that the customer is asked about.
    pub proposals: Vec<Proposal>,
    /// Cash that was collected at the door.
    pub cash: Option<Paise>,
    /// Its invoice and credit notes.
    pub documents: Vec<Issued>,
}

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

    /// True when the order has ended and no money is on its way back.
    pub fn is_settled(&self) -> bool {
        let is_pending = |payment: &Payment| {
            let pending = [RefundStatus::Owed, RefundStatus::Accepted];
            payment.refunds.iter().any(|refund| pending.contains(&refund.status))
        };
        self.status.is_end() && !self.payment.as_deref().is_some_and(is_pending)
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
        crate::status::Move::Cancel.rule().from.contains(&self.status)
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

    /// Where its story has led to, whatever the way: the same for every order of reports of the
    /// payment provider. Its place in the log, times and versions are not in it.
    pub fn outcome(&self) -> Digest {
        let mut digest = Digester::default();
        digest.id(self.placed.id.0).numbers(&[self.status as i64, self.sums().total.0]);
        if let Some(payment) = &self.payment {
            payment.write_outcome_to(&mut digest);
        }
        digest.finish()
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        let placed = &*self.placed;
        digest.id(placed.id.0).id(placed.store_id.0).id(placed.customer_id.0);
        digest.unsigned(placed.number).numbers(&[
            self.status as i64,
            placed.status as i64,
            placed.payment_method as i64,
            placed.subtotal.0,
            placed.fee.amount.0,
            placed.fee.discount.0,
            placed.fee.gst.0.into(),
            placed.discount.0,
            placed.tax.0,
            placed.total.0,
            placed.hold_expires_at_ms.unwrap_or(-1),
            placed.preference as i64,
            placed.from_cart.into(),
            placed.promise.0.into(),
            placed.promise.1.into(),
            self.created_at_ms,
            self.updated_at_ms,
        ]);
        digest.bytes(placed.coupon.as_deref().unwrap_or_default().as_bytes());
        digest.id(placed.zone_id.map_or_else(uuid::Uuid::nil, |id| id.0));
        digest.bytes(&placed.sealed).count(placed.lines.len());
        placed.lines.iter().for_each(|line| line.write_to(digest));
        digest.count(self.lsns.len());
        for lsn in &self.lsns {
            digest.unsigned(lsn.0);
        }
        match &self.journey {
            None => _ = digest.count(0),
            Some(journey) => journey.write_to(digest.count(1)),
        }
        match &self.payment {
            None => _ = digest.count(0),
            Some(payment) => payment.write_to(digest.count(1)),
        }
    }
}

impl Journey {
    fn write_to(&self, digest: &mut Digester) {
        digest.count(self.rider.is_some().into());
        if let Some(rider) = self.rider {
            digest.id(rider.person_id.0).count(rider.accepted.into());
        }
        digest.id(self.rider_before.map_or_else(uuid::Uuid::nil, |id| id.0));
        let lines = self.lines.as_deref().unwrap_or_default();
        digest.count(self.lines.is_some().into()).count(lines.len());
        lines.iter().for_each(|line| line.write_to(digest));
        digest.count(self.proposals.len());
        self.proposals.iter().for_each(|proposal| proposal.write_to(digest));
        digest.numbers(&[self.cash.map_or(-1, |cash| cash.0)]).count(self.documents.len());
        for issued in &self.documents {
            digest.unsigned(issued.number).numbers(&[
                issued.is_credit_note.into(),
                issued.year.into(),
                issued.at_ms,
            ]);
        }
    }
}

#[cfg(test)]
mod tests;
