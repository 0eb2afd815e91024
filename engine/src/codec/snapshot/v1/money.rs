//! The money of an order.

use super::{Result, moment};
use crate::codec::stored::v1::money::{
    ChargeFailure, FailedEffect, SeenDispute, refund_reason, refund_status,
};
use crate::codec::stored::v1::words::{optional, text};
use kirana_domain as domain;
use kirana_domain::Paise;
use kirana_domain::payment::{Attempt, Dispute};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(crate) struct Payment<'a> {
    due: i64,
    /// The start of each attempt, and the moment until which it counts.
    attempts: Vec<(i64, i64)>,
    #[serde(borrow)]
    provider_order_id: Option<&'a str>,
    #[serde(borrow)]
    charges: Vec<Charge<'a>>,
    #[serde(borrow)]
    refunds: Vec<Refund<'a>>,
    #[serde(borrow)]
    troubles: Vec<FailedEffect<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Charge<'a> {
    id: &'a str,
    amount: i64,
    attempt: u8,
    authorized: bool,
    captured: bool,
    failed: bool,
}

#[derive(Serialize, Deserialize)]
struct Refund<'a> {
    number: Option<u16>,
    #[serde(borrow)]
    id: Option<&'a str>,
    charge_id: &'a str,
    amount: i64,
    status: u8,
    reason: u8,
    #[serde(borrow)]
    note: Option<&'a str>,
    at_ms: i64,
}

impl<'a> From<&'a domain::payment::Payment> for Payment<'a> {
    fn from(payment: &'a domain::payment::Payment) -> Self {
        let attempt = |attempt: &Attempt| (attempt.started_at_ms, attempt.until_ms);
        Self {
            due: payment.due.0,
            attempts: payment.attempts.iter().map(attempt).collect(),
            provider_order_id: payment.provider_order_id.as_deref(),
            charges: payment.charges.iter().map(Charge::from).collect(),
            refunds: payment.refunds.iter().map(Refund::from).collect(),
            troubles: payment.troubles.iter().map(FailedEffect::from).collect(),
        }
    }
}

impl Payment<'_> {
    pub(crate) fn parse(&self) -> Result<domain::payment::Payment> {
        let attempt = |(started_at_ms, until_ms): &(i64, i64)| {
            Ok(Attempt { started_at_ms: moment(*started_at_ms)?, until_ms: moment(*until_ms)? })
        };
        Ok(domain::payment::Payment {
            due: Paise(self.due),
            attempts: self.attempts.iter().map(attempt).collect::<Result<_>>()?,
            provider_order_id: optional(self.provider_order_id)?,
            charges: self.charges.iter().map(Charge::parse).collect::<Result<_>>()?,
            refunds: self.refunds.iter().map(Refund::parse).collect::<Result<_>>()?,
            troubles: self.troubles.iter().map(FailedEffect::parse).collect::<Result<_>>()?,
            disputes: Vec::new(),
        })
    }
}

/// The part of a payment that its first shape has no place for: the causes of failed charges, each
/// with the place of its charge, and the disputes.
#[derive(Serialize, Deserialize)]
pub(crate) struct PaymentRest<'a> {
    #[serde(borrow)]
    failures: Vec<(u64, ChargeFailure<'a>)>,
    /// The report that counts, the time of the first one, and that of the last one.
    #[serde(borrow)]
    disputes: Vec<(SeenDispute<'a>, i64, i64)>,
}

impl<'a> PaymentRest<'a> {
    /// Returns that part; `None` when there is nothing in it.
    pub(crate) fn of(payment: Option<&'a domain::payment::Payment>) -> Option<Self> {
        let payment = payment?;
        let failures = (0..)
            .zip(&payment.charges)
            .filter_map(|(at, charge)| Some((at, ChargeFailure::from(charge.failure.as_deref()?))));
        let dispute = |it: &'a Dispute| (SeenDispute::from(&it.seen), it.opened_at_ms, it.at_ms);
        let disputes: Vec<_> = payment.disputes.iter().map(dispute).collect();
        let failures: Vec<_> = failures.collect();
        (!failures.is_empty() || !disputes.is_empty()).then_some(Self { failures, disputes })
    }

    /// Adds the part to its payment.
    pub(crate) fn add_to(&self, payment: &mut domain::payment::Payment) -> Result<()> {
        for (at, failure) in &self.failures {
            let charge = usize::try_from(*at).ok().and_then(|at| payment.charges.get_mut(at));
            charge.ok_or("a failure without a charge")?.failure = Some(Box::new(failure.parse()?));
        }
        let dispute = |(seen, opened_at_ms, at_ms): &(SeenDispute<'_>, i64, i64)| {
            let (opened_at_ms, at_ms) = (moment(*opened_at_ms)?, moment(*at_ms)?);
            Ok(Dispute { seen: seen.parse()?, opened_at_ms, at_ms })
        };
        payment.disputes = self.disputes.iter().map(dispute).collect::<Result<_>>()?;
        Ok(())
    }
}

impl<'a> From<&'a domain::payment::Charge> for Charge<'a> {
    fn from(charge: &'a domain::payment::Charge) -> Self {
        Self {
            id: &charge.id,
            amount: charge.amount.0,
            attempt: charge.attempt,
            authorized: charge.authorized,
            captured: charge.captured,
            failed: charge.failed,
        }
    }
}

impl Charge<'_> {
    fn parse(&self) -> Result<domain::payment::Charge> {
        Ok(domain::payment::Charge {
            id: text(self.id)?,
            amount: Paise(self.amount),
            attempt: self.attempt,
            authorized: self.authorized,
            captured: self.captured,
            failed: self.failed,
            failure: None,
        })
    }
}

impl<'a> From<&'a domain::payment::Refund> for Refund<'a> {
    fn from(refund: &'a domain::payment::Refund) -> Self {
        Self {
            number: refund.number,
            id: refund.id.as_deref(),
            charge_id: &refund.charge_id,
            amount: refund.amount.0,
            status: refund.status as u8,
            reason: refund.reason as u8,
            note: refund.note.as_deref(),
            at_ms: refund.at_ms,
        }
    }
}

impl Refund<'_> {
    fn parse(&self) -> Result<domain::payment::Refund> {
        Ok(domain::payment::Refund {
            number: self.number,
            id: optional(self.id)?,
            charge_id: text(self.charge_id)?,
            amount: Paise(self.amount),
            status: refund_status(self.status)?,
            reason: refund_reason(self.reason)?,
            note: optional(self.note)?,
            at_ms: self.at_ms,
        })
    }
}
