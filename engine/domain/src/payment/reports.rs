//! The reports of the payment provider: the news in them, and the effect of each.

use super::{
    Attempt, Charge, ChargeStatus, Effect, OwedRefund, Payment, ProviderId, Refund, RefundReason,
    RefundStatus, SeenCharge, SeenRefund,
};
use crate::limits::{CHARGES_MAX, REFUNDS_MAX};
use crate::time::AtMs;
use crate::{Event, Paise};

impl Payment {
    /// Returns true when a report of a charge is not known yet.
    pub fn is_news(&self, seen: &SeenCharge) -> bool {
        match (self.charge(&seen.id), seen.status) {
            // Charges that fail again and again are no news; money always is.
            (None, ChargeStatus::Failed) => self.charges.len() < CHARGES_MAX,
            (None, _) => true,
            (Some(charge), ChargeStatus::Captured) => !charge.captured,
            (Some(charge), ChargeStatus::Authorized) => !charge.authorized,
            (Some(charge), ChargeStatus::Failed) => !charge.failed,
        }
    }

    /// Returns true when a report of a refund is not known yet.
    pub fn is_refund_news(&self, seen: &SeenRefund) -> bool {
        match self.position_of(seen) {
            Some(index) => {
                let known = &self.refunds[index];
                known.status < seen.status || known.id.is_none()
            }
            None => self.refunds.len() < REFUNDS_MAX,
        }
    }

    /// Returns true when the provider says that more money of these charges went back, or is on its
    /// way, than is known: its books are to be asked for the refunds.
    pub fn is_behind(&self, refunded: &[(ProviderId, Paise)]) -> bool {
        let is_known = |refund: &&Refund| {
            matches!(refund.status, RefundStatus::Accepted | RefundStatus::Processed)
                && refund.id.is_some()
        };
        refunded.iter().any(|(charge_id, amount)| {
            let of_charge = self.refunds.iter().filter(|refund| refund.charge_id == *charge_id);
            let known: Paise = of_charge.filter(is_known).map(|refund| refund.amount).sum();
            known < *amount
        })
    }

    /// Returns the index of a refund: by the engine's number if the report has it, else by the
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

    /// Applies a fact about this payment; ignores other facts.
    pub fn evolve(&mut self, event: &Event, at_ms: AtMs) {
        match event {
            Event::PaymentStarted { until_ms, .. } => {
                // Pairs with `decide_start_payment`.
                debug_assert!(self.may_try_again(), "attempts are bounded");
                debug_assert!(at_ms < *until_ms, "an attempt that begins is in flight");
                self.attempts.push(Attempt { started_at_ms: at_ms, until_ms: *until_ms });
                self.troubles.retain(|trouble| trouble.effect != Effect::CreateOrder);
            }
            Event::PaymentOrderMade { provider_order_id, .. } => {
                debug_assert!(self.provider_order_id.is_none(), "it is made once");
                self.provider_order_id = Some(provider_order_id.clone());
            }
            Event::ChargeSeen { charge, .. } => self.see_charge(charge),
            Event::RefundOwed { refund, .. } => self.owe_refund(refund, at_ms),
            Event::RefundSeen { refund, .. } => self.see_refund(refund, at_ms),
            Event::DisputeSeen { dispute, .. } => self.see_dispute(dispute, at_ms),
            Event::EffectFailed { trouble, .. } => {
                // Pairs with `decide_effect_failed`.
                debug_assert!(self.due_effects(true).contains(&trouble.effect), "due, and failed");
                self.troubles.retain(|known| known.effect != trouble.effect);
                self.troubles.push(trouble.clone());
            }
            Event::EffectsRetried { .. } => {
                // Pairs with `decide_retry`.
                debug_assert!(!self.troubles.is_empty(), "without failures, a retry is no fact");
                for trouble in &mut self.troubles {
                    trouble.retry_at_ms = Some(at_ms);
                    trouble.tries = 0;
                }
            }
            _ => return,
        }
        // An effect that is no longer due has come true: it is no failure any more.
        let due = self.due_effects(true);
        self.troubles.retain(|trouble| due.contains(&trouble.effect));
        debug_assert!(self.troubles.len() <= due.len(), "an effect fails in one way at a time");
    }

    /// Adds a refund that was decided.
    fn owe_refund(&mut self, owed: &OwedRefund, at_ms: AtMs) {
        // Pairs with `next_refund` and `decide_refund`.
        debug_assert_eq!(owed.number, self.next_refund_number(), "refunds are numbered in turn");
        debug_assert!(owed.amount > Paise::ZERO, "a refund gives something back");
        let charge = self.charge(&owed.charge_id);
        debug_assert!(charge.is_some_and(|it| owed.amount <= it.amount), "a part of its charge");
        let status = match owed.reason {
            // The provider never hears of it.
            RefundReason::Credited => RefundStatus::Processed,
            _ => RefundStatus::Owed,
        };
        self.refunds.push(Refund {
            number: Some(owed.number),
            id: None,
            charge_id: owed.charge_id.clone(),
            amount: owed.amount,
            status,
            reason: owed.reason,
            note: owed.note.clone(),
            at_ms,
        });
    }

    /// Takes in a report of a charge: it only ever adds to the known facts.
    fn see_charge(&mut self, seen: &SeenCharge) {
        debug_assert!(self.is_news(seen), "a report that is known is no fact: {seen:?}");
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
                failure: None,
            });
            self.charges.len() - 1
        });
        let charge = &mut self.charges[index];
        match seen.status {
            ChargeStatus::Captured => charge.captured = true,
            ChargeStatus::Authorized => charge.authorized = true,
            ChargeStatus::Failed => {
                charge.failed = true;
                charge.failure = seen.failure.clone().map(Box::new);
            }
        }
        debug_assert!(charge.status() >= seen.status, "a report never lowers the state");
        debug_assert!(!self.is_news(seen), "a report is news once");
    }

    /// Takes in a report of a refund: its state only ever rises.
    fn see_refund(&mut self, seen: &SeenRefund, at_ms: AtMs) {
        debug_assert!(self.is_refund_news(seen), "a report that is known is no fact: {seen:?}");
        debug_assert_ne!(seen.status, RefundStatus::Owed, "the provider reports what it knows of");
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
        debug_assert!(self.position_of(seen).is_some(), "a refund that was reported is known");
    }

    /// Merges two entries of one refund: a refund of the engine may first be reported without its
    /// number, as if it had been made at the provider.
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
}
