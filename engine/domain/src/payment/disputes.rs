//! Disputes: a customer asked their bank for the money back, and the bank asks the shop.
//!
//! The provider's reports of one dispute are ranked ([`SeenDispute::rank`]), and the highest one
//! counts: so they may come in any order, and any number of times. A dispute that is lost took
//! money, which is neither kept nor given back: `captured = given back + kept + lost`. While it is
//! open, or when it was won, it changes nothing about the money.

use super::{Payment, ProviderId, Refund, RefundStatus, SeenDispute};
use crate::Paise;
use crate::facts::DisputeStatus;
use crate::limits::DISPUTES_MAX;
use crate::time::AtMs;

/// A dispute about a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The report that counts.
    pub seen: SeenDispute,
    /// Time of the first report.
    pub opened_at_ms: AtMs,
    /// Time of the last report that counted.
    pub at_ms: AtMs,
}

impl Payment {
    /// Returns true when a report of a dispute is not known yet, and says more than those before.
    pub fn is_dispute_news(&self, seen: &SeenDispute) -> bool {
        match self.disputes.iter().find(|known| known.seen.id == seen.id) {
            Some(known) => known.seen.rank() < seen.rank(),
            // Disputes without end are no news; money that is gone always is.
            None => self.disputes.len() < DISPUTES_MAX || seen.status == DisputeStatus::Lost,
        }
    }

    /// Returns the number of disputes that have not ended.
    pub fn open_disputes_count(&self) -> usize {
        self.disputes.iter().filter(|dispute| dispute.seen.status.is_open()).count()
    }

    /// Returns the money that disputes took.
    pub fn lost(&self) -> Paise {
        self.charges.iter().map(|charge| self.lost_of(&charge.id)).sum()
    }

    /// Returns the part of a captured charge that disputes took: no more than the refunds have left
    /// that the provider knows of. One that is only owed gives way: the customer has the money.
    pub fn lost_of(&self, charge_id: &ProviderId) -> Paise {
        let Some(charge) = self.charge(charge_id).filter(|charge| charge.captured) else {
            return Paise::ZERO;
        };
        let is_paid = |refund: &&Refund| {
            refund.charge_id == *charge_id
                && matches!(refund.status, RefundStatus::Accepted | RefundStatus::Processed)
        };
        let back: Paise = self.refunds.iter().filter(is_paid).map(|refund| refund.amount).sum();
        let of_charge = self.disputes.iter().filter(|it| it.seen.charge_id == *charge_id);
        let lost: Paise = of_charge.map(|dispute| dispute.seen.lost()).sum();
        lost.min((charge.amount - back).max(Paise::ZERO))
    }

    /// Takes in a report of a dispute. A later one may leave out what an earlier one said.
    pub(super) fn see_dispute(&mut self, seen: &SeenDispute, at_ms: AtMs) {
        debug_assert!(self.is_dispute_news(seen), "a report that is known is no fact: {seen:?}");
        let Some(known) = self.disputes.iter_mut().find(|known| known.seen.id == seen.id) else {
            let seen = seen.clone();
            return self.disputes.push(Dispute { seen, opened_at_ms: at_ms, at_ms });
        };
        let before = std::mem::replace(&mut known.seen, seen.clone());
        known.seen.reason_code = known.seen.reason_code.take().or(before.reason_code);
        known.seen.reason = known.seen.reason.take().or(before.reason);
        known.seen.respond_by_ms = known.seen.respond_by_ms.or(before.respond_by_ms);
        known.at_ms = at_ms;
    }
}
