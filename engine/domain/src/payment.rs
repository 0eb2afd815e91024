//! The money of an order that is paid online: a machine of its own beside the order's life.
//!
//! What the provider tells is kept as facts that only grow (authorized, captured, failed; a refund
//! accepted, processed), whoever tells them and in whatever order: a webhook, the customer's
//! checkout, a call of ours, or a look at the provider's books. So any order and any number of
//! reports lead to one state. What must be done outside ([`Payment::due_effects`]) follows from
//! the facts and is never stored twice.
//!
//! A refund of ours that the provider does not know of yet counts only as far as its charge has
//! something left ([`Payment::amount_of`]): what was given back at the provider meanwhile is not
//! given back once more, whichever of the two was heard of first.

mod digest;
mod keys;
mod reports;
mod status;

pub use crate::facts::{
    ChargeStatus, Effect, ErrorText, FailedEffect, OwedRefund, PaymentMethod, ProviderId,
    RefundReason, RefundStatus, SeenCharge, SeenRefund,
};
pub use keys::{receipt_of, refund_key, refund_number};
pub use status::PaymentStatus;

use crate::Paise;
use crate::facts::Reason;
use crate::limits::{HOLD_EXTENSION_MS, PAYMENT_ATTEMPTS_MAX};
use crate::time::AtMs;

/// A time that the customer went to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub started_at_ms: AtMs,
    /// Until when it counts as in flight.
    pub until_ms: AtMs,
}

/// One payment at the provider: money that one bank was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The provider's id of it.
    pub id: ProviderId,
    /// How much.
    pub amount: Paise,
    /// The attempt during which it was first heard of: 1, 2, 3; 0 when there was none.
    pub attempt: u8,
    /// Somebody said that it is authorized.
    pub authorized: bool,
    /// Somebody said that it is captured.
    pub captured: bool,
    /// Somebody said that it failed. A late authorization outranks it.
    pub failed: bool,
}

impl Charge {
    /// What it has come to, by all that is known.
    pub fn status(&self) -> ChargeStatus {
        match self {
            Self { captured: true, .. } => ChargeStatus::Captured,
            Self { authorized: true, .. } => ChargeStatus::Authorized,
            _ => ChargeStatus::Failed,
        }
    }
}

/// Money that goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Ours: 1, 2, 3 and on. `None` for one that was made at the provider.
    pub number: Option<u16>,
    /// The provider's id of it, once known.
    pub id: Option<ProviderId>,
    /// The charge that it gives back.
    pub charge_id: ProviderId,
    /// How much.
    pub amount: Paise,
    /// How far it is.
    pub status: RefundStatus,
    /// Why.
    pub reason: RefundReason,
    /// What somebody wrote about it.
    pub note: Option<Reason>,
    /// When it was decided or first heard of.
    pub at_ms: AtMs,
}

/// The money of one order that is paid online.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// What the order costs: the only amount that confirms it.
    pub due: Paise,
    /// The times the customer went to pay; at most [`PAYMENT_ATTEMPTS_MAX`].
    pub attempts: Vec<Attempt>,
    /// The provider's order, once made.
    pub provider_order_id: Option<ProviderId>,
    /// What banks were asked for, in the order in which we heard of it.
    pub charges: Vec<Charge>,
    /// What went back, in the order in which it was decided or heard of.
    pub refunds: Vec<Refund>,
    /// Effects that did not work so far.
    pub troubles: Vec<FailedEffect>,
}

impl Payment {
    /// Of an order that costs `due`.
    pub fn of(due: Paise) -> Self {
        Self { due, ..Self::default() }
    }

    /// A charge by the provider's id of it.
    pub fn charge(&self, id: &ProviderId) -> Option<&Charge> {
        self.charges.iter().find(|charge| charge.id == *id)
    }

    /// What was captured in all.
    pub fn captured(&self) -> Paise {
        self.charges.iter().filter(|c| c.captured).map(|c| c.amount).sum()
    }

    /// What went back or will, in all: refunds that failed do not count, nor does more than was
    /// captured.
    pub fn given_back(&self) -> Paise {
        self.captured() - self.kept()
    }

    /// What a refund comes to now: nothing for one that failed, and for one that the provider does
    /// not know of yet no more than is left of its charge. That much is asked for.
    pub fn amount_of(&self, refund: &Refund) -> Paise {
        match refund.status {
            RefundStatus::Failed => Paise::ZERO,
            RefundStatus::Accepted | RefundStatus::Processed => refund.amount,
            RefundStatus::Owed => {
                let charge = self.charge(&refund.charge_id);
                let of_charge = charge.map_or(Paise::ZERO, |charge| charge.amount);
                // Those that are owed longer go first.
                let is_before = |other: &&Refund| {
                    other.charge_id == refund.charge_id
                        && match other.status {
                            RefundStatus::Failed => false,
                            RefundStatus::Owed => other.number < refund.number,
                            RefundStatus::Accepted | RefundStatus::Processed => true,
                        }
                };
                let others = self.refunds.iter().filter(is_before).map(|other| other.amount);
                let left = of_charge - others.sum();
                refund.amount.min(left).max(Paise::ZERO)
            }
        }
    }

    /// What is left of a captured charge; zero for one that is not captured.
    pub fn left_of(&self, charge: &Charge) -> Paise {
        if !charge.captured {
            return Paise::ZERO;
        }
        let of_charge = self.refunds.iter().filter(|refund| refund.charge_id == charge.id);
        let back: Paise = of_charge.map(|refund| self.amount_of(refund)).sum();
        (charge.amount - back).max(Paise::ZERO)
    }

    /// What the shop has of the customer's money: captured, and not given back.
    pub fn kept(&self) -> Paise {
        self.charges.iter().map(|charge| self.left_of(charge)).sum()
    }

    /// The captured charge that pays for the order: the first of exactly its amount.
    pub fn good_charge(&self) -> Option<&Charge> {
        self.charges.iter().find(|charge| charge.captured && charge.amount == self.due)
    }

    /// The end of the attempt that is in flight at a time: nobody has heard of its failure, or a
    /// bank has said yes and we have not taken the money yet.
    pub fn in_flight_until(&self, at_ms: AtMs) -> Option<AtMs> {
        let authorized = self.charges.iter().any(|charge| charge.authorized && !charge.captured);
        let attempt = self.attempts.last()?;
        let number = self.attempts.len();
        let failed = self.charges.iter().any(|c| usize::from(c.attempt) == number && c.failed);
        if authorized {
            return Some(attempt.until_ms.max(at_ms + HOLD_EXTENSION_MS));
        }
        let is_over = failed || attempt.until_ms <= at_ms;
        (!is_over).then_some(attempt.until_ms)
    }

    /// True when the provider may still tell us of money that we do not know of.
    pub fn may_change(&self) -> bool {
        !self.attempts.is_empty() && self.good_charge().is_none()
    }

    /// What must be done outside, by what is known. `wants_payment` while the order waits for it.
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
        due
    }

    /// What went wrong with an effect so far.
    pub fn trouble(&self, effect: &Effect) -> Option<&FailedEffect> {
        self.troubles.iter().find(|trouble| trouble.effect == *effect)
    }

    /// A refund of ours by its number.
    pub fn refund(&self, number: u16) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.number == Some(number))
    }

    /// True when one more attempt may begin.
    pub fn may_try_again(&self) -> bool {
        self.attempts.len() < PAYMENT_ATTEMPTS_MAX
    }

    /// The number of the next refund of ours.
    pub fn next_refund_number(&self) -> u16 {
        let last = self.refunds.iter().filter_map(|refund| refund.number).max();
        last.unwrap_or(0) + 1
    }
}
