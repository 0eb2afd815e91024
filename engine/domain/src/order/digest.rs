//! Orders written out for digests.

use super::{Journey, Order};
use crate::digest::{Digest, Digester};

impl Order {
    /// Returns the digest of its outcome, whatever the way to it: the same for every sequence of
    /// reports of the payment provider. Its place in the log, times and versions are not in it.
    pub fn outcome(&self) -> Digest {
        let mut digest = Digester::default();
        digest.id(self.placed.id.0).numbers(&[self.status as i64, self.sums().total.0]);
        if let Some(payment) = &self.payment {
            payment.write_outcome_to(&mut digest);
        }
        digest.finish()
    }

    /// Writes all of it to a digest.
    pub(crate) fn write_to(&self, digest: &mut Digester) {
        let placed = &*self.placed;
        digest.id(placed.id.0).id(placed.store_id.0).id(placed.customer_id.0);
        digest.unsigned(placed.number).numbers(&[
            self.status as i64,
            placed.status as i64,
            placed.payment_method as i64,
        ]);
        placed.sums.write_to(digest);
        digest.numbers(&[
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
    /// Writes all of it to a digest.
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
            // A note without parts has the digest that older releases gave it.
            if !issued.credits.is_empty() {
                digest.count(issued.credits.len());
                issued.credits.iter().for_each(|credit| credit.write_to(digest));
            }
        }
    }
}
