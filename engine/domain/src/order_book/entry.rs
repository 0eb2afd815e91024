//! The entries of the order book: an open order whole, an ended one as a summary.

use crate::digest::Digester;
use crate::facts::{Effect, RefundStatus};
use crate::limits::PAYMENT_WATCH_MS;
use crate::payment::Payment;
use crate::time::AtMs;
use crate::{Event, Lsn, Order, Paise, PersonId, Record, Status, StoreId};
use std::sync::Arc;

/// An order in memory.
#[derive(Clone, Debug)]
pub enum OrderEntry {
    /// An open order: something may still happen to it.
    Open(Arc<Order>),
    /// The summary of an ended order: only its money may still move. Read the rest from the log.
    Ended(Arc<EndedOrder>),
}

impl OrderEntry {
    /// Returns the parties of the order.
    pub fn parties(&self) -> Parties {
        match self {
            Self::Open(order) => Parties::of(order),
            Self::Ended(ended) => ended.parties,
        }
    }

    /// Returns its state.
    pub fn status(&self) -> Status {
        match self {
            Self::Open(order) => order.status,
            Self::Ended(ended) => ended.status,
        }
    }

    /// Returns the positions of its facts in the log, first to last.
    pub fn lsns(&self) -> &[Lsn] {
        match self {
            Self::Open(order) => &order.lsns,
            Self::Ended(ended) => &ended.lsns,
        }
    }

    /// Returns the position of the record that placed it.
    pub fn placed_lsn(&self) -> Lsn {
        *self.lsns().first().expect("an order has at least the fact that placed it")
    }

    /// Returns the time of placing.
    pub fn placed_at_ms(&self) -> AtMs {
        match self {
            Self::Open(order) => order.created_at_ms,
            Self::Ended(ended) => ended.placed_at_ms,
        }
    }

    /// Returns its number in its store.
    pub fn number(&self) -> u64 {
        match self {
            Self::Open(order) => order.placed.number,
            Self::Ended(ended) => ended.number,
        }
    }

    /// Returns its money, once the customer went to pay online.
    pub fn payment(&self) -> Option<&Payment> {
        match self {
            Self::Open(order) => order.payment.as_deref(),
            Self::Ended(ended) => ended.payment.as_deref(),
        }
    }

    /// Returns the effects that are due outside for it.
    pub fn due_effects(&self) -> Vec<Effect> {
        match self {
            Self::Open(order) => order.due_effects(),
            Self::Ended(ended) => {
                ended.payment.as_ref().map_or_else(Vec::new, |payment| payment.due_effects(false))
            }
        }
    }
}

/// The summary of an ended order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedOrder {
    /// Its last state.
    pub status: Status,
    /// Its parties.
    pub parties: Parties,
    /// Positions of its facts in the log, first to last.
    pub lsns: Box<[Lsn]>,
    /// Its total when it was placed.
    pub due: Paise,
    /// Its number in its store.
    pub number: u64,
    /// Time of placing.
    pub placed_at_ms: AtMs,
    /// Its money, if it was paid online: refunds may still come about.
    pub payment: Option<Box<Payment>>,
}

impl EndedOrder {
    /// Returns the position of its last fact.
    pub fn last_lsn(&self) -> Lsn {
        *self.lsns.last().expect("an order has at least the fact that placed it")
    }

    /// Returns true when nothing is left to do for it, and the provider's books need no more
    /// polls, by the time of a record.
    pub fn may_be_forgotten(&self, now_ms: AtMs) -> bool {
        let Some(payment) = self.payment.as_deref() else { return true };
        let last = payment.attempts.last().map_or(self.placed_at_ms, |it| it.started_at_ms);
        let is_moving = |status| status == RefundStatus::Accepted;
        last + PAYMENT_WATCH_MS < now_ms
            && payment.troubles.is_empty()
            && payment.due_effects(false).is_empty()
            && payment.open_disputes_count() == 0
            && !payment.refunds.iter().any(|refund| is_moving(refund.status))
    }

    /// Returns the summary of an order that has ended.
    pub(super) fn of(order: &Order) -> Self {
        debug_assert!(order.status.is_end(), "{:?} is no end", order.status);
        debug_assert!(order.proposals().is_empty(), "a summary has no place for proposals");
        Self {
            status: order.status,
            parties: Parties::of(order),
            lsns: order.lsns.as_slice().into(),
            due: order.placed.sums.total,
            number: order.placed.number,
            placed_at_ms: order.created_at_ms,
            payment: order.payment.clone(),
        }
    }

    /// Writes all of it to a digest.
    pub(super) fn write_to(&self, digest: &mut Digester) {
        let Parties { customer_id, store_id, rider_id } = self.parties;
        digest.id(customer_id.0).id(store_id.0);
        digest.id(rider_id.map_or_else(uuid::Uuid::nil, |id| id.0));
        digest.unsigned(self.status as u64).count(self.lsns.len());
        self.lsns.iter().for_each(|lsn| _ = digest.unsigned(lsn.0));
        digest.unsigned(self.number).numbers(&[self.due.0, self.placed_at_ms]);
        digest.count(self.payment.is_some().into());
        if let Some(payment) = &self.payment {
            payment.write_to(digest);
        }
    }

    /// Applies a record about the order after it ended.
    pub(super) fn evolve(&mut self, lsn: Lsn, record: &Record) {
        debug_assert!(self.last_lsn() < lsn, "facts are applied in the order of the log");
        match &record.event {
            Event::OrderCancelled { .. } => {
                // Pairs with `follow`: late money of an expired order goes back.
                debug_assert_eq!(self.status, Status::Expired, "what has ended stays ended");
                self.status = Status::Cancelled;
            }
            Event::OrderConfirmed { .. }
            | Event::OrderTurnedToCash { .. }
            | Event::OrderMoved { .. } => {
                unreachable!("an order that has left memory does not come back")
            }
            event if event.is_of_payment() => {
                let payment = self.payment.get_or_insert_with(|| Box::new(Payment::of(self.due)));
                payment.evolve(event, record.at_ms);
            }
            _ => (),
        }
        debug_assert!(self.status.is_end(), "an ended order does not come back");
        let mut lsns = std::mem::take(&mut self.lsns).into_vec();
        lsns.push(lsn);
        self.lsns = lsns.into();
    }
}

/// The parties of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties {
    /// The customer.
    pub customer_id: PersonId,
    /// The store that serves it.
    pub store_id: StoreId,
    /// The rider that it is assigned to.
    pub rider_id: Option<PersonId>,
}

impl Parties {
    /// Returns the parties of an open order.
    fn of(order: &Order) -> Self {
        Self {
            customer_id: order.placed.customer_id,
            store_id: order.placed.store_id,
            rider_id: order.rider().map(|rider| rider.person_id),
        }
    }
}
