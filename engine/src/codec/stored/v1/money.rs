//! The shapes of the money of an order: charges, refunds, tasks at the provider, its messages.

use super::Id;
use super::words::{Result, optional, text};
use crate::codec::stored::parts::Bytes;
use kirana_domain::payment::{self, ChargeStatus, RefundReason, RefundStatus};
use kirana_domain::{Event, Paise};
use serde::{Deserialize, Serialize};

/// A report of the provider about a charge.
#[derive(Serialize, Deserialize)]
pub(super) struct SeenCharge<'a> {
    id: &'a str,
    amount: i64,
    status: u8,
    #[serde(borrow)]
    error: Option<&'a str>,
}

impl<'a> From<&'a payment::SeenCharge> for SeenCharge<'a> {
    fn from(charge: &'a payment::SeenCharge) -> Self {
        let payment::SeenCharge { id, amount, status, error } = charge;
        Self { id, amount: amount.0, status: *status as u8, error: error.as_deref() }
    }
}

impl SeenCharge<'_> {
    /// Returns the report.
    pub(super) fn parse(&self) -> Result<payment::SeenCharge> {
        Ok(payment::SeenCharge {
            id: text(self.id)?,
            amount: Paise(self.amount),
            status: ChargeStatus::from_number(self.status).ok_or("unknown charge status")?,
            error: optional(self.error)?,
        })
    }
}

/// A refund that was decided.
#[derive(Serialize, Deserialize)]
pub(super) struct OwedRefund<'a> {
    number: u16,
    charge_id: &'a str,
    amount: i64,
    reason: u8,
    #[serde(borrow)]
    note: Option<&'a str>,
}

impl<'a> From<&'a payment::OwedRefund> for OwedRefund<'a> {
    fn from(refund: &'a payment::OwedRefund) -> Self {
        let payment::OwedRefund { number, charge_id, amount, reason, note } = refund;
        let (amount, reason, note) = (amount.0, *reason as u8, note.as_deref());
        Self { number: *number, charge_id, amount, reason, note }
    }
}

impl OwedRefund<'_> {
    /// Returns the refund.
    pub(super) fn parse(&self) -> Result<payment::OwedRefund> {
        Ok(payment::OwedRefund {
            number: self.number,
            charge_id: text(self.charge_id)?,
            amount: Paise(self.amount),
            reason: refund_reason(self.reason)?,
            note: optional(self.note)?,
        })
    }
}

/// A report of the provider about a refund.
#[derive(Serialize, Deserialize)]
pub(super) struct SeenRefund<'a> {
    id: &'a str,
    charge_id: &'a str,
    number: Option<u16>,
    amount: i64,
    status: u8,
}

impl<'a> From<&'a payment::SeenRefund> for SeenRefund<'a> {
    fn from(refund: &'a payment::SeenRefund) -> Self {
        let payment::SeenRefund { id, charge_id, number, amount, status } = refund;
        Self { id, charge_id, number: *number, amount: amount.0, status: *status as u8 }
    }
}

impl SeenRefund<'_> {
    /// Returns the report.
    pub(super) fn parse(&self) -> Result<payment::SeenRefund> {
        Ok(payment::SeenRefund {
            id: text(self.id)?,
            charge_id: text(self.charge_id)?,
            number: self.number,
            amount: Paise(self.amount),
            status: refund_status(self.status)?,
        })
    }
}

/// Returns the status of a refund.
pub(crate) fn refund_status(stored: u8) -> Result<RefundStatus> {
    RefundStatus::from_number(stored).ok_or("unknown refund status")
}

/// Returns the reason of a refund.
pub(crate) fn refund_reason(stored: u8) -> Result<RefundReason> {
    RefundReason::from_number(stored).ok_or("unknown refund reason")
}

/// A task at the provider.
#[derive(Serialize, Deserialize)]
enum Effect<'a> {
    CreateOrder,
    Capture(&'a str),
    Refund(u16),
}

impl<'a> From<&'a payment::Effect> for Effect<'a> {
    fn from(effect: &'a payment::Effect) -> Self {
        match effect {
            payment::Effect::CreateOrder => Self::CreateOrder,
            payment::Effect::Capture(id) => Self::Capture(id),
            payment::Effect::Refund(number) => Self::Refund(*number),
        }
    }
}

impl Effect<'_> {
    fn parse(&self) -> Result<payment::Effect> {
        Ok(match self {
            Self::CreateOrder => payment::Effect::CreateOrder,
            Self::Capture(id) => payment::Effect::Capture(text(id)?),
            Self::Refund(number) => payment::Effect::Refund(*number),
        })
    }
}

/// A task at the provider that has failed so far.
#[derive(Serialize, Deserialize)]
pub(crate) struct FailedEffect<'a> {
    #[serde(borrow)]
    effect: Effect<'a>,
    tries: u16,
    retry_at_ms: Option<i64>,
    error: &'a str,
}

impl<'a> From<&'a payment::FailedEffect> for FailedEffect<'a> {
    fn from(failed: &'a payment::FailedEffect) -> Self {
        let payment::FailedEffect { effect, tries, retry_at_ms, error } = failed;
        Self { effect: effect.into(), tries: *tries, retry_at_ms: *retry_at_ms, error }
    }
}

impl FailedEffect<'_> {
    /// Returns the failed task.
    pub(crate) fn parse(&self) -> Result<payment::FailedEffect> {
        let (effect, error) = (self.effect.parse()?, text(self.error)?);
        let (tries, retry_at_ms) = (self.tries, self.retry_at_ms);
        Ok(payment::FailedEffect { effect, tries, retry_at_ms, error })
    }
}

/// A message of the provider.
#[derive(Serialize, Deserialize)]
pub(super) struct Webhook<'a> {
    pub(super) event_id: &'a str,
    pub(super) name: &'a str,
    pub(super) about: Option<Id>,
    pub(super) subject: Id,
    #[serde(borrow)]
    pub(super) sealed: Bytes<'a>,
}

impl Webhook<'_> {
    /// Returns the fact.
    pub(super) fn parse(&self) -> Result<Event> {
        Ok(Event::WebhookReceived {
            event_id: text(self.event_id)?,
            name: text(self.name)?,
            about: self.about.map(Into::into),
            subject: self.subject.into(),
            sealed: self.sealed.0.into(),
        })
    }
}
