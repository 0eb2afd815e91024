//! Payments written out for digests.

use super::{Charge, Dispute, Effect, Payment, Refund, RefundStatus, SeenDispute};
use crate::Paise;
use crate::digest::Digester;

impl Payment {
    /// Writes the places of the money, and nothing of the way that it took: sorted by the
    /// provider's ids, without times, tries and the engine's numbers. Owed refunds are written as a
    /// sum for each charge: the provider does not know of them yet.
    pub fn write_outcome_to(&self, digest: &mut Digester) {
        digest.numbers(&[self.due.0]).count(self.attempts.len());
        digest.bytes(self.provider_order_id.as_deref().unwrap_or_default().as_bytes());
        let mut charges: Vec<&Charge> = self.charges.iter().collect();
        charges.sort_by(|left, right| left.id.cmp(&right.id));
        // The same money gives the same bytes because no two charges compare equal.
        digest.count(charges.len());
        for charge in charges {
            let owed = |refund: &&Refund| {
                refund.status == RefundStatus::Owed && refund.charge_id == charge.id
            };
            let owed = self.refunds.iter().filter(owed).map(|refund| self.amount_of(refund));
            digest.bytes(charge.id.as_bytes()).numbers(&[
                charge.amount.0,
                charge.authorized.into(),
                charge.captured.into(),
                charge.failed.into(),
                owed.sum::<Paise>().0,
            ]);
        }
        let seen = self.refunds.iter().filter(|refund| refund.status != RefundStatus::Owed);
        let mut seen: Vec<&Refund> = seen.collect();
        seen.sort_by(|left, right| left.id.cmp(&right.id));
        digest.count(seen.len());
        for refund in seen {
            digest.bytes(refund.id.as_deref().unwrap_or_default().as_bytes());
            digest.bytes(refund.charge_id.as_bytes());
            digest.numbers(&[refund.amount.0, refund.status as i64]);
        }
        let mut disputes: Vec<&Dispute> = self.disputes.iter().collect();
        disputes.sort_by(|left, right| left.seen.id.cmp(&right.seen.id));
        disputes.into_iter().for_each(|dispute| write_dispute(&dispute.seen, digest));
    }

    /// Writes all of it, in the order in which it became known.
    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.numbers(&[self.due.0]).count(self.attempts.len());
        for attempt in &self.attempts {
            digest.numbers(&[attempt.started_at_ms, attempt.until_ms]);
        }
        digest.bytes(self.provider_order_id.as_deref().unwrap_or_default().as_bytes());
        digest.count(self.charges.len());
        for charge in &self.charges {
            digest.bytes(charge.id.as_bytes()).numbers(&[
                charge.amount.0,
                charge.attempt.into(),
                charge.authorized.into(),
                charge.captured.into(),
                charge.failed.into(),
            ]);
        }
        digest.count(self.refunds.len());
        for refund in &self.refunds {
            digest.numbers(&[refund.number.map_or(-1, i64::from)]);
            digest.bytes(refund.id.as_deref().unwrap_or_default().as_bytes());
            digest.bytes(refund.charge_id.as_bytes()).numbers(&[
                refund.amount.0,
                refund.status as i64,
                refund.reason as i64,
                refund.at_ms,
            ]);
            digest.bytes(refund.note.as_deref().unwrap_or_default().as_bytes());
        }
        digest.count(self.troubles.len());
        for trouble in &self.troubles {
            digest.bytes(trouble.effect.name().as_bytes()).bytes(trouble.error.as_bytes());
            match &trouble.effect {
                Effect::CreateOrder => digest.count(0),
                Effect::Capture(id) => digest.bytes(id.as_bytes()),
                Effect::Refund(number) => digest.count((*number).into()),
            };
            digest.numbers(&[trouble.tries.into(), trouble.retry_at_ms.unwrap_or(-1)]);
        }
        // Without disputes it is the digest that older releases wrote.
        for dispute in &self.disputes {
            let Dispute { seen, opened_at_ms, at_ms } = dispute;
            write_dispute(seen, digest);
            digest.bytes(seen.reason_code.as_deref().unwrap_or_default().as_bytes());
            digest.bytes(seen.reason.as_deref().unwrap_or_default().as_bytes());
            digest.numbers(&[seen.respond_by_ms.unwrap_or(-1), *opened_at_ms, *at_ms]);
        }
    }
}

/// Writes the part of a dispute that money follows from.
fn write_dispute(seen: &SeenDispute, digest: &mut Digester) {
    digest.bytes(seen.id.as_bytes()).bytes(seen.charge_id.as_bytes()).numbers(&[
        seen.amount.0,
        seen.deducted.0,
        seen.status as i64,
        seen.said_at_ms,
    ]);
}
