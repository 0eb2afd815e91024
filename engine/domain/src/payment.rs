//! The money of an order that is paid online: a state machine beside the life of the order.
//!
//! Reports of the provider are kept as facts that only grow (authorized, captured, failed; a refund
//! accepted, processed), by any way and in any sequence: a webhook, the customer's checkout, a call
//! of the engine, or a poll of the provider's books. So any sequence and any number of reports lead
//! to one state. The effects that are due outside ([`Payment::due_effects`]) follow from the facts
//! and are never stored twice.
//!
//! A refund of the engine that the provider does not know of yet counts only as far as its charge
//! has something left ([`Payment::amount_of`]): money that was given back at the provider meanwhile
//! is not given back once more, whichever report came first.

mod digest;
mod disputes;
mod keys;
mod reports;
mod status;

pub use crate::facts::{
    ChargeFailure, ChargeStatus, DisputeStatus, Effect, ErrorText, FailedEffect, LooseCharge,
    OwedRefund, PaymentMethod, ProviderId, RefundReason, RefundStatus, SeenCharge, SeenDispute,
    SeenRefund,
};
pub use disputes::Dispute;
pub use keys::{receipt_of, refund_key, refund_number};
pub use status::PaymentStatus;

use crate::Paise;
use crate::facts::Reason;
use crate::limits::{HOLD_EXTENSION_MS, ONLINE_PAISE_MIN, PAYMENT_ATTEMPTS_MAX};
use crate::time::AtMs;

/// An attempt of the customer to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Time of its beginning.
    pub started_at_ms: AtMs,
    /// Time until which it counts as in flight.
    pub until_ms: AtMs,
}

/// A payment at the provider: money that one bank was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The provider's id of it.
    pub id: ProviderId,
    /// Its amount.
    pub amount: Paise,
    /// The attempt during which it was first reported: 1, 2, 3; 0 when there was none.
    pub attempt: u8,
    /// True once it was reported as authorized.
    pub authorized: bool,
    /// True once it was reported as captured.
    pub captured: bool,
    /// True once it was reported as failed. A late authorization outranks it.
    pub failed: bool,
    /// The cause of its failure, of the last report that had one. In no digest: checkpoints of
    /// older releases have none.
    pub failure: Option<Box<ChargeFailure>>,
}

impl Charge {
    /// Returns its state, by all reports so far.
    pub fn status(&self) -> ChargeStatus {
        match self {
            Self { captured: true, .. } => ChargeStatus::Captured,
            Self { authorized: true, .. } => ChargeStatus::Authorized,
            _ => ChargeStatus::Failed,
        }
    }
}

/// A refund: money that goes back to the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The engine's number of it: 1, 2, 3 and on. `None` for one that was made at the provider.
    pub number: Option<u16>,
    /// The provider's id of it, once known.
    pub id: Option<ProviderId>,
    /// The charge that it gives back.
    pub charge_id: ProviderId,
    /// Its amount.
    pub amount: Paise,
    /// Its state.
    pub status: RefundStatus,
    /// Its cause.
    pub reason: RefundReason,
    /// The written reason of support.
    pub note: Option<Reason>,
    /// Time of its decision or first report.
    pub at_ms: AtMs,
}

/// The money of one order that is paid online.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// The total of the order: the only amount that confirms it.
    pub due: Paise,
    /// The customer's attempts to pay; at most [`PAYMENT_ATTEMPTS_MAX`] of them have failed.
    pub attempts: Vec<Attempt>,
    /// The provider's order, once made.
    pub provider_order_id: Option<ProviderId>,
    /// The charges, in the order of their first reports.
    pub charges: Vec<Charge>,
    /// The refunds, in the order of their decisions or first reports.
    pub refunds: Vec<Refund>,
    /// Effects that did not work so far.
    pub troubles: Vec<FailedEffect>,
    /// The disputes, in the order of their first reports.
    pub disputes: Vec<Dispute>,
}

impl Payment {
    /// Returns the payment of an order that costs `due`, before any attempt.
    pub fn of(due: Paise) -> Self {
        debug_assert!(due >= Paise::ZERO, "the total of an order is never negative");
        Self { due, ..Self::default() }
    }

    /// Returns a charge by the provider's id of it.
    pub fn charge(&self, id: &ProviderId) -> Option<&Charge> {
        self.charges.iter().find(|charge| charge.id == *id)
    }

    /// Returns the money that was captured in all.
    pub fn captured(&self) -> Paise {
        self.charges.iter().filter(|c| c.captured).map(|c| c.amount).sum()
    }

    /// Returns the money that went back or will, in all: refunds that failed do not count, nor does
    /// more than was captured, nor what a dispute took.
    pub fn given_back(&self) -> Paise {
        let (captured, kept, lost) = (self.captured(), self.kept(), self.lost());
        assert!(kept + lost <= captured, "the shop keeps or loses a part of what it captured");
        captured - kept - lost
    }

    /// Returns the amount of a refund as of now: none for one that failed, and for one that the
    /// provider does not know of yet no more than is left of its charge. That much is asked for.
    pub fn amount_of(&self, refund: &Refund) -> Paise {
        match refund.status {
            RefundStatus::Failed => Paise::ZERO,
            RefundStatus::Accepted | RefundStatus::Processed => refund.amount,
            RefundStatus::Owed => refund.amount.min(self.room_for(refund)),
        }
    }

    /// Returns the part of its charge that an owed refund can take. Refunds that are owed longer go
    /// first.
    pub fn room_for(&self, refund: &Refund) -> Paise {
        let of_charge = self.charge(&refund.charge_id).map_or(Paise::ZERO, |charge| charge.amount);
        let is_before = |other: &&Refund| {
            other.charge_id == refund.charge_id
                && match other.status {
                    RefundStatus::Failed => false,
                    RefundStatus::Owed => other.number < refund.number,
                    RefundStatus::Accepted | RefundStatus::Processed => true,
                }
        };
        let others = self.refunds.iter().filter(is_before).map(|other| other.amount);
        (of_charge - self.lost_of(&refund.charge_id) - others.sum()).max(Paise::ZERO)
    }

    /// Returns the amount to ask the provider for: that of the refund, or the least that it pays
    /// out if the charge has that much. A release of before asked for less, which it refuses for
    /// ever.
    pub fn to_ask_for(&self, refund: &Refund) -> Paise {
        let amount = self.amount_of(refund);
        let left = self.charge(&refund.charge_id).map_or(Paise::ZERO, |it| self.left_of(it));
        amount.max(Paise(ONLINE_PAISE_MIN).min(amount + left))
    }

    /// Returns the rest of a captured charge; zero for one that is not captured.
    pub fn left_of(&self, charge: &Charge) -> Paise {
        if !charge.captured {
            return Paise::ZERO;
        }
        let of_charge = self.refunds.iter().filter(|refund| refund.charge_id == charge.id);
        let back: Paise = of_charge.map(|refund| self.amount_of(refund)).sum();
        let left = (charge.amount - back - self.lost_of(&charge.id)).max(Paise::ZERO);
        debug_assert!(back >= Paise::ZERO && left <= charge.amount, "a refund adds nothing");
        left
    }

    /// Returns the customer's money that the shop has: captured, neither given back nor lost.
    pub fn kept(&self) -> Paise {
        let kept = self.charges.iter().map(|charge| self.left_of(charge)).sum();
        debug_assert!(kept >= Paise::ZERO, "the shop never gives back more than it has");
        kept
    }

    /// Returns the customer's credit with the shop: what counts as given back and is too small for
    /// the provider.
    pub fn credited(&self) -> Paise {
        let credits = self.refunds.iter().filter(|it| it.reason == RefundReason::Credited);
        credits.map(|refund| refund.amount).sum()
    }

    /// Returns the captured charge that pays for the order: the first of exactly its amount.
    pub fn good_charge(&self) -> Option<&Charge> {
        self.charges.iter().find(|charge| charge.captured && charge.amount == self.due)
    }

    /// Returns the end of the attempt that is in flight at a time: no failure was reported, or a
    /// bank has said yes and the money is not captured yet.
    pub fn in_flight_until(&self, at_ms: AtMs) -> Option<AtMs> {
        let authorized = self.charges.iter().any(|charge| charge.authorized && !charge.captured);
        let attempt = self.attempts.last()?;
        let number = self.attempts.len();
        let failed = self.charges.iter().any(|c| usize::from(c.attempt) == number && c.failed);
        if authorized {
            return Some(attempt.until_ms.max(at_ms + HOLD_EXTENSION_MS));
        }
        let is_over = failed || attempt.until_ms <= at_ms;
        debug_assert!(is_over || at_ms < attempt.until_ms, "an end in the past is over");
        (!is_over).then_some(attempt.until_ms)
    }

    /// Returns true when the provider may still report money that is not known of.
    pub fn may_change(&self) -> bool {
        !self.attempts.is_empty() && self.good_charge().is_none()
    }

    /// Returns the effects that are due outside, by the known facts. `wants_payment` is true while
    /// the order waits for its payment.
    pub fn due_effects(&self, wants_payment: bool) -> Vec<Effect> {
        let mut due = Vec::new();
        if wants_payment && !self.attempts.is_empty() && self.provider_order_id.is_none() {
            due.push(Effect::CreateOrder);
        }
        let to_capture = self.charges.iter().filter(|charge| charge.authorized && !charge.captured);
        due.extend(to_capture.map(|charge| Effect::Capture(charge.id.clone())));
        let owed = self.refunds.iter().filter(|refund| {
            refund.status == RefundStatus::Owed && self.amount_of(refund) > Paise::ZERO
        });
        due.extend(owed.filter_map(|refund| refund.number).map(Effect::Refund));
        assert!(due.len() <= 1 + self.charges.len() + self.refunds.len(), "one effect for a cause");
        due
    }

    /// Returns the failure of an effect, if it did not work so far.
    pub fn trouble(&self, effect: &Effect) -> Option<&FailedEffect> {
        self.troubles.iter().find(|trouble| trouble.effect == *effect)
    }

    /// Returns a refund of the engine by its number.
    pub fn refund(&self, number: u16) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.number == Some(number))
    }

    /// Returns the number of attempts that may still fail.
    pub fn attempts_left(&self) -> usize {
        let has_failed = |number: &usize| {
            let is_failed = |it: &Charge| it.status() == ChargeStatus::Failed;
            let mut charges =
                self.charges.iter().filter(|it| usize::from(it.attempt) == *number).peekable();
            charges.peek().is_some() && charges.all(is_failed)
        };
        let failed = (1..=self.attempts.len()).filter(has_failed).count();
        PAYMENT_ATTEMPTS_MAX.saturating_sub(failed)
    }

    /// Returns true when one more attempt may begin.
    pub fn may_try_again(&self) -> bool {
        self.attempts_left() > 0
    }

    /// Returns the number of the next refund of the engine.
    pub fn next_refund_number(&self) -> u16 {
        let last = self.refunds.iter().filter_map(|refund| refund.number).max().unwrap_or(0);
        assert!(last < u16::MAX, "each refund takes money of a charge, and charges are bounded");
        debug_assert!(self.refund(last + 1).is_none(), "a number names one refund");
        last + 1
    }
}

#[cfg(test)]
mod tests;
