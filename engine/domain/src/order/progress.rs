//! The progress of an order as its customer follows it: the times of its steps, its lines with
//! what became of them, the end of its countdown, and the estimate of its delivery.

use super::Order;
use crate::bill::OrderLine;
use crate::facts::{Status, Step, numbered};
use crate::payment::Attempt;
use crate::time::AtMs;
use crate::{Event, Paise};
use std::borrow::Cow;

numbered! {
    /// A step whose time an order keeps. The numbers are on disk: add, never change.
    Milestone {
        /// Placed, and paid where it is paid online.
        Confirmed = 1 "confirmed_at",
        /// Taken on by its store, which packs from now on.
        Accepted = 2 "accepted_at",
        /// Picked and packed.
        Packed = 3 "packed_at",
        /// A rider was asked.
        Assigned = 4 "assigned_at",
        /// With the rider.
        PickedUp = 5 "picked_up_at",
        /// On the way to the door.
        OutForDelivery = 6 "out_for_delivery_at",
        /// At the door.
        Delivered = 7 "delivered_at",
        /// Brought back to the store.
        DeliveryFailed = 8 "delivery_failed_at",
        /// Cancelled.
        Cancelled = 9 "cancelled_at",
        /// Expired without a payment.
        Expired = 10 "expired_at",
    }
}

impl Milestone {
    /// Returns the milestone that a fact about an order reaches.
    pub fn of(event: &Event) -> Option<Self> {
        match event {
            Event::OrderPlaced { order } => {
                (order.status == Status::Placed).then_some(Self::Confirmed)
            }
            Event::OrderConfirmed { .. } | Event::OrderTurnedToCash { .. } => Some(Self::Confirmed),
            Event::OrderCancelled { .. } => Some(Self::Cancelled),
            Event::OrderExpired { .. } => Some(Self::Expired),
            Event::OrderMoved { step, .. } => match step {
                Step::Accepted => Some(Self::Accepted),
                Step::Packed => Some(Self::Packed),
                Step::Assigned { .. } => Some(Self::Assigned),
                Step::PickedUp => Some(Self::PickedUp),
                Step::OutForDelivery => Some(Self::OutForDelivery),
                Step::Delivered { .. } => Some(Self::Delivered),
                Step::DeliveryFailed => Some(Self::DeliveryFailed),
                Step::AssignmentAccepted | Step::AssignmentDeclined => None,
            },
            _ => None,
        }
    }
}

/// The times at which an order reached its milestones, each the last time that it did.
///
/// No decision reads them and no digest covers them. An order that an earlier release left open in
/// a checkpoint has none for the steps before that checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamps(Vec<(Milestone, AtMs)>);

impl Stamps {
    /// Returns the stamps with these times; `None` when a milestone comes twice or out of order.
    pub fn restore(times: Vec<(Milestone, AtMs)>) -> Option<Self> {
        times.is_sorted_by(|(one, _), (next, _)| one < next).then_some(Self(times))
    }

    /// Returns the time of a milestone, if it was reached.
    pub fn get(&self, milestone: Milestone) -> Option<AtMs> {
        let found = self.0.iter().find(|(known, _)| *known == milestone);
        found.map(|(_, at_ms)| *at_ms)
    }

    /// Returns the milestones that were reached with their times, in the order of their numbers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Milestone, AtMs)> {
        self.0.iter().copied()
    }

    /// Notes the milestone that a fact reaches, if it reaches one.
    pub(super) fn note(&mut self, event: &Event, at_ms: AtMs) {
        let Some(milestone) = Milestone::of(event) else { return };
        match self.0.binary_search_by_key(&milestone, |(known, _)| *known) {
            Ok(at) => self.0[at].1 = at_ms,
            Err(at) => {
                // A vector's own first room is for four, and most orders in memory have one.
                self.0.reserve_exact(1);
                self.0.insert(at, (milestone, at_ms));
            }
        }
        debug_assert_eq!(self.get(milestone), Some(at_ms), "a step has its last time");
    }
}

/// A line of an order with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProgress<'a> {
    /// The line as it is now; its quantity is 0 when none of it is left.
    pub now: Cow<'a, OrderLine>,
    /// Units that were ordered: 0 for a substitute.
    pub ordered: u32,
    /// Units of those that could not be found.
    pub missing: u32,
    /// The amount that is no longer to be paid for them.
    pub missing_amount: Paise,
    /// Units that left the store and came back to it for good.
    pub returned: u32,
}

impl Order {
    /// Returns its lines in the order in which they were sent, those of which nothing is left
    /// included, and its substitutes behind them.
    pub fn lines_progress(&self) -> impl Iterator<Item = LineProgress<'_>> {
        let now = self.lines();
        let is_back = self.is_back();
        let returned = move |line: &OrderLine| if is_back { line.quantity } else { 0 };
        let ordered = self.placed.lines.iter().map(move |placed| {
            let left = now.iter().find(|line| line.item.id == placed.item.id);
            let left = left.map_or_else(|| Cow::Owned(placed.with_quantity(0)), Cow::Borrowed);
            // Pairs with `without`: units leave a line, and none are added to it.
            debug_assert!(left.quantity <= placed.quantity, "a line only shrinks");
            LineProgress {
                ordered: placed.quantity,
                missing: placed.quantity - left.quantity,
                missing_amount: placed.net() - left.net(),
                returned: returned(&left),
                now: left,
            }
        });
        let is_new = |line: &&OrderLine| {
            self.placed.lines.iter().all(|placed| placed.item.id != line.item.id)
        };
        let substitutes = now.iter().filter(is_new).map(move |line| LineProgress {
            now: Cow::Borrowed(line),
            ordered: 0,
            missing: 0,
            missing_amount: Paise::ZERO,
            returned: returned(line),
        });
        ordered.chain(substitutes)
    }

    /// Returns true when its units had left the store and are back: nobody could take them in, and
    /// no rider has it again; or it was cancelled after that.
    fn is_back(&self) -> bool {
        match self.status {
            Status::DeliveryFailed => true,
            Status::Cancelled => self.stamps.get(Milestone::DeliveryFailed).is_some(),
            _ => false,
        }
    }

    /// Returns the money that went back to the customer, or will.
    pub fn refunded(&self) -> Paise {
        self.payment.as_ref().map_or(Paise::ZERO, |payment| payment.given_back())
    }

    /// Returns the money that disputes took.
    pub fn lost(&self) -> Paise {
        self.payment.as_ref().map_or(Paise::ZERO, |payment| payment.lost())
    }

    /// Returns the moment that an unpaid order's countdown ends at, as of its last fact: `None`
    /// once it is paid or has ended.
    pub fn countdown_ends_ms(&self) -> Option<AtMs> {
        self.expires_at_ms(self.updated_at_ms)
    }

    /// Returns the end of an attempt to pay as the customer sees it. The last attempt of an unpaid
    /// order ends with the countdown: until then its money still confirms the order.
    pub fn attempt_ends_ms(&self, attempt: &Attempt) -> AtMs {
        let last = self.payment.as_ref().and_then(|payment| payment.attempts.last());
        let is_last = last == Some(attempt);
        let countdown = self.countdown_ends_ms().filter(|_| is_last);
        countdown.unwrap_or(attempt.until_ms)
    }

    /// Returns the moment until which delivery was promised, for an order that is on its way to the
    /// door: confirmed, and neither ended nor brought back.
    pub fn estimate_ms(&self) -> Option<AtMs> {
        let (_, latest) = self.placed.promise;
        let is_coming = !self.status.is_end()
            && !matches!(self.status, Status::PendingPayment | Status::DeliveryFailed);
        let from = self.stamps.get(Milestone::Confirmed).unwrap_or(self.created_at_ms);
        (is_coming && latest > 0).then_some(from + i64::from(latest) * 60_000)
    }

    /// Returns the minutes from the last fact until the estimate, begun ones included: 0 for an
    /// order that is late.
    pub fn estimate_minutes(&self) -> Option<i64> {
        let left_ms = self.estimate_ms()? - self.updated_at_ms;
        Some((left_ms.max(0) + 59_999) / 60_000)
    }
}
