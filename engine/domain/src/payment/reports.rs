//! The reports of the payment provider: which of them are news, and what each changes.

use super::{
    Attempt, Charge, ChargeStatus, Effect, Payment, Refund, RefundReason, RefundStatus, SeenCharge,
    SeenRefund,
};
use crate::Event;
use crate::limits::{CHARGES_MAX, REFUNDS_MAX};
use crate::time::AtMs;

impl Payment {
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
}
