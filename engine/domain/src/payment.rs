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
mod words;

pub(crate) use words::numbered;
pub use words::{ChargeStatus, PaymentMethod, PaymentStatus, RefundReason, RefundStatus};

use crate::limits::{
    CHARGES_MAX, ERROR_CHARS_MAX, HOLD_EXTENSION_MS, PAYMENT_ATTEMPTS_MAX, PROVIDER_ID_CHARS_MAX,
    REFUNDS_MAX,
};
use crate::record::Reason;
use crate::time::AtMs;
use crate::{Event, OrderId, Paise, Text};

/// An id that the payment provider gave.
pub type ProviderId = Text<PROVIDER_ID_CHARS_MAX>;
/// A short text about what went wrong outside.
pub type ErrorText = Text<ERROR_CHARS_MAX>;

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

/// What the provider says of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenCharge {
    /// The provider's id of it.
    pub id: ProviderId,
    /// How much.
    pub amount: Paise,
    /// What it has come to.
    pub status: ChargeStatus,
    /// Why it failed, in the provider's words.
    pub error: Option<ErrorText>,
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

/// A refund that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedRefund {
    /// 1, 2, 3 and on in its order.
    pub number: u16,
    /// The charge that it gives back.
    pub charge_id: ProviderId,
    /// How much.
    pub amount: Paise,
    /// Why.
    pub reason: RefundReason,
    /// What somebody wrote about it.
    pub note: Option<Reason>,
}

/// What the provider says of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRefund {
    /// The provider's id of it.
    pub id: ProviderId,
    /// The charge that it gives back.
    pub charge_id: ProviderId,
    /// Our number of it, if we asked for it.
    pub number: Option<u16>,
    /// How much.
    pub amount: Paise,
    /// How far it is: never `Owed`.
    pub status: RefundStatus,
}

/// Something to be done outside, at least once, under a key of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Make the provider's order, without which nobody can pay.
    CreateOrder,
    /// Take the money of an authorized charge.
    Capture(ProviderId),
    /// Give money back: our number of the refund.
    Refund(u16),
}

impl Effect {
    /// The name in answers.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateOrder => "create_order",
            Self::Capture(_) => "capture",
            Self::Refund(_) => "refund",
        }
    }
}

/// An effect that did not work so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which.
    pub effect: Effect,
    /// How often it was tried.
    pub tries: u16,
    /// When it is tried again; `None` when it was given up, until somebody says so.
    pub retry_at_ms: Option<AtMs>,
    /// What went wrong the last time.
    pub error: ErrorText,
}

/// See the module.
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
    pub troubles: Vec<Trouble>,
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
        match () {
            () if authorized => Some(attempt.until_ms.max(at_ms + HOLD_EXTENSION_MS)),
            () if failed || attempt.until_ms <= at_ms => None,
            () => Some(attempt.until_ms),
        }
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
    pub fn trouble(&self, effect: &Effect) -> Option<&Trouble> {
        self.troubles.iter().find(|trouble| trouble.effect == *effect)
    }

    /// A refund of ours by its number.
    pub fn refund(&self, number: u16) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.number == Some(number))
    }

    /// True when a report says something that is not known yet.
    pub fn is_news(&self, seen: &SeenCharge) -> bool {
        match (self.charge(&seen.id), seen.status) {
            // A bank that fails again and again is no news; money always is.
            (None, ChargeStatus::Failed) => self.charges.len() < CHARGES_MAX,
            (None, _) => true,
            (Some(charge), ChargeStatus::Captured) => !charge.captured,
            (Some(charge), ChargeStatus::Authorized) => !charge.authorized,
            (Some(charge), ChargeStatus::Failed) => !charge.failed,
        }
    }

    /// As [`Payment::is_news`], of a refund.
    pub fn is_refund_news(&self, seen: &SeenRefund) -> bool {
        match self.position_of(seen) {
            Some(index) => {
                let known = &self.refunds[index];
                known.status < seen.status || known.id.is_none()
            }
            None => self.refunds.len() < REFUNDS_MAX,
        }
    }

    /// Where a refund stands: by our number of it where the report knows that, else by the
    /// provider's id.
    fn position_of(&self, seen: &SeenRefund) -> Option<usize> {
        let number = seen.number.and_then(|number| {
            let is_it = |known: &Refund| {
                known.number == Some(number) && known.id.as_ref().is_none_or(|id| *id == seen.id)
            };
            self.refunds.iter().position(is_it)
        });
        let by_id = || self.refunds.iter().position(|known| known.id.as_ref() == Some(&seen.id));
        number.or_else(by_id)
    }

    /// Applies a fact about this payment; other facts are none of its business.
    pub fn evolve(&mut self, event: &Event, at_ms: AtMs) {
        match event {
            Event::PaymentStarted { until_ms, .. } => {
                self.attempts.push(Attempt { started_at_ms: at_ms, until_ms: *until_ms });
                self.troubles.retain(|trouble| trouble.effect != Effect::CreateOrder);
            }
            Event::PaymentOrderMade { provider_order_id, .. } => {
                self.provider_order_id = Some(provider_order_id.clone());
            }
            Event::ChargeSeen { charge, .. } => self.see_charge(charge),
            Event::RefundOwed { refund, .. } => self.refunds.push(Refund {
                number: Some(refund.number),
                id: None,
                charge_id: refund.charge_id.clone(),
                amount: refund.amount,
                status: RefundStatus::Owed,
                reason: refund.reason,
                note: refund.note.clone(),
                at_ms,
            }),
            Event::RefundSeen { refund, .. } => self.see_refund(refund, at_ms),
            Event::EffectFailed { trouble, .. } => {
                self.troubles.retain(|known| known.effect != trouble.effect);
                self.troubles.push(trouble.clone());
            }
            Event::EffectsRetried { .. } => {
                for trouble in &mut self.troubles {
                    trouble.retry_at_ms = Some(at_ms);
                    trouble.tries = 0;
                }
            }
            _ => return,
        }
        // What has come true is no trouble any more.
        let due = self.due_effects(true);
        self.troubles.retain(|trouble| due.contains(&trouble.effect));
    }

    fn see_charge(&mut self, seen: &SeenCharge) {
        let attempt = u8::try_from(self.attempts.len()).unwrap_or(u8::MAX);
        let index = self.charges.iter().position(|charge| charge.id == seen.id);
        let index = index.unwrap_or_else(|| {
            self.charges.push(Charge {
                id: seen.id.clone(),
                amount: seen.amount,
                attempt,
                authorized: false,
                captured: false,
                failed: false,
            });
            self.charges.len() - 1
        });
        let charge = &mut self.charges[index];
        match seen.status {
            ChargeStatus::Captured => charge.captured = true,
            ChargeStatus::Authorized => charge.authorized = true,
            ChargeStatus::Failed => charge.failed = true,
        }
    }

    fn see_refund(&mut self, seen: &SeenRefund, at_ms: AtMs) {
        match self.position_of(seen) {
            Some(index) => {
                let refund = &mut self.refunds[index];
                refund.status = refund.status.max(seen.status);
                refund.id = Some(seen.id.clone());
                // The provider knows what it pays out.
                refund.amount = seen.amount;
                self.merge_refunds(index);
            }
            None => self.refunds.push(Refund {
                number: None,
                id: Some(seen.id.clone()),
                charge_id: seen.charge_id.clone(),
                amount: seen.amount,
                status: seen.status,
                reason: RefundReason::AtProvider,
                note: None,
                at_ms,
            }),
        }
    }

    /// A refund of ours may first be heard of without our number, as if it had been made at the
    /// provider. Once the number is known, the two are one.
    fn merge_refunds(&mut self, index: usize) {
        let known = &self.refunds[index];
        let is_twin = |other: &Refund| other.number.is_none() && other.id == known.id;
        if known.number.is_none() {
            return;
        }
        if let Some(twin) = self.refunds.iter().position(is_twin) {
            let status = known.status.max(self.refunds[twin].status);
            self.refunds[index].status = status;
            self.refunds.remove(twin);
        }
    }

    /// How the money stands; `is_over` once the order has ended without it.
    pub fn status(&self, at_ms: AtMs, is_over: bool, is_expired: bool) -> PaymentStatus {
        let captured = self.captured();
        if captured > Paise::ZERO {
            let is_pending = |refund: &Refund| match refund.status {
                RefundStatus::Owed => self.amount_of(refund) > Paise::ZERO,
                RefundStatus::Accepted => true,
                RefundStatus::Failed | RefundStatus::Processed => false,
            };
            return match self.given_back() {
                Paise::ZERO => PaymentStatus::Completed,
                _ if self.refunds.iter().any(is_pending) => PaymentStatus::RefundPending,
                back if back < captured => PaymentStatus::PartiallyRefunded,
                _ => PaymentStatus::Refunded,
            };
        }
        match () {
            () if self.charges.iter().any(|charge| charge.authorized) => PaymentStatus::Authorized,
            () if is_expired => PaymentStatus::TimedOut,
            () if is_over => PaymentStatus::Failed,
            () if self.in_flight_until(at_ms).is_some() => PaymentStatus::Processing,
            () if self.charges.iter().any(|charge| charge.failed) => PaymentStatus::Failed,
            () => PaymentStatus::Pending,
        }
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

/// The receipt under which the provider's order is made: one for each of our orders, so that a
/// create that is sent again names the same. 32 characters; the provider takes 40.
pub fn receipt_of(order_id: OrderId) -> String {
    order_id.0.simple().to_string()
}

/// The key of a refund at the provider: one for each refund we owe.
pub fn refund_key(order_id: OrderId, number: u16) -> String {
    format!("{}-{number}", order_id.0.simple())
}

/// Our number of a refund, from its key.
pub fn refund_number(order_id: OrderId, key: &str) -> Option<u16> {
    key.strip_prefix(&order_id.0.simple().to_string())?.strip_prefix('-')?.parse().ok()
}
