//! The shapes of the money of an order: charges, refunds, tasks at the provider, its messages.

use super::Id;
use super::words::{Result, optional, text};
use crate::codec::stored::parts::Bytes;
use kirana_domain::payment::{self, ChargeStatus, DisputeStatus, RefundReason, RefundStatus};
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

impl SeenCharge<'_> {
    /// Returns the report: its failure has a description at the most.
    pub(super) fn parse(&self) -> Result<payment::SeenCharge> {
        let description = optional(self.error)?;
        let failure = description.map(|description| payment::ChargeFailure {
            description: Some(description),
            ..payment::ChargeFailure::default()
        });
        seen_charge(self.id, self.amount, self.status, failure)
    }
}

/// A report of the provider about a charge, with the cause of its failure.
#[derive(Serialize, Deserialize)]
pub(super) struct SeenChargeV2<'a> {
    id: &'a str,
    amount: i64,
    status: u8,
    #[serde(borrow)]
    failure: Option<ChargeFailure<'a>>,
}

impl<'a> From<&'a payment::SeenCharge> for SeenChargeV2<'a> {
    fn from(charge: &'a payment::SeenCharge) -> Self {
        let payment::SeenCharge { id, amount, status, failure } = charge;
        let failure = failure.as_ref().map(ChargeFailure::from);
        Self { id, amount: amount.0, status: *status as u8, failure }
    }
}

impl SeenChargeV2<'_> {
    /// Returns the report.
    pub(super) fn parse(&self) -> Result<payment::SeenCharge> {
        let failure = self.failure.as_ref().map(ChargeFailure::parse).transpose()?;
        seen_charge(self.id, self.amount, self.status, failure)
    }
}

fn seen_charge(
    id: &str,
    amount: i64,
    status: u8,
    failure: Option<payment::ChargeFailure>,
) -> Result<payment::SeenCharge> {
    let status = ChargeStatus::from_number(status).ok_or("unknown charge status")?;
    Ok(payment::SeenCharge { id: text(id)?, amount: Paise(amount), status, failure })
}

/// The cause of a failed charge.
#[derive(Serialize, Deserialize)]
pub(crate) struct ChargeFailure<'a> {
    #[serde(borrow)]
    code: Option<&'a str>,
    #[serde(borrow)]
    reason: Option<&'a str>,
    #[serde(borrow)]
    description: Option<&'a str>,
}

impl<'a> From<&'a payment::ChargeFailure> for ChargeFailure<'a> {
    fn from(failure: &'a payment::ChargeFailure) -> Self {
        let payment::ChargeFailure { code, reason, description } = failure;
        let (code, reason) = (code.as_deref(), reason.as_deref());
        Self { code, reason, description: description.as_deref() }
    }
}

impl ChargeFailure<'_> {
    /// Returns the cause.
    pub(crate) fn parse(&self) -> Result<payment::ChargeFailure> {
        let (code, reason) = (optional(self.code)?, optional(self.reason)?);
        Ok(payment::ChargeFailure { code, reason, description: optional(self.description)? })
    }
}

/// A report of the provider about captured money that names no order.
#[derive(Serialize, Deserialize)]
pub(crate) struct LooseCharge<'a> {
    id: &'a str,
    amount: i64,
    #[serde(borrow)]
    provider_order_id: Option<&'a str>,
    hint: Option<Id>,
}

impl<'a> From<&'a payment::LooseCharge> for LooseCharge<'a> {
    fn from(charge: &'a payment::LooseCharge) -> Self {
        let payment::LooseCharge { id, amount, provider_order_id, hint } = charge;
        let provider_order_id = provider_order_id.as_deref();
        Self { id, amount: amount.0, provider_order_id, hint: hint.map(Id::from) }
    }
}

impl LooseCharge<'_> {
    /// Returns the report.
    pub(crate) fn parse(&self) -> Result<payment::LooseCharge> {
        Ok(payment::LooseCharge {
            id: text(self.id)?,
            amount: Paise(self.amount),
            provider_order_id: optional(self.provider_order_id)?,
            hint: self.hint.map(Into::into),
        })
    }
}

/// A report of the provider about a dispute.
#[derive(Serialize, Deserialize)]
pub(crate) struct SeenDispute<'a> {
    id: &'a str,
    charge_id: &'a str,
    amount: i64,
    deducted: i64,
    status: u8,
    #[serde(borrow)]
    reason_code: Option<&'a str>,
    #[serde(borrow)]
    reason: Option<&'a str>,
    respond_by_ms: Option<i64>,
    said_at_ms: i64,
}

impl<'a> From<&'a payment::SeenDispute> for SeenDispute<'a> {
    fn from(dispute: &'a payment::SeenDispute) -> Self {
        Self {
            id: &dispute.id,
            charge_id: &dispute.charge_id,
            amount: dispute.amount.0,
            deducted: dispute.deducted.0,
            status: dispute.status as u8,
            reason_code: dispute.reason_code.as_deref(),
            reason: dispute.reason.as_deref(),
            respond_by_ms: dispute.respond_by_ms,
            said_at_ms: dispute.said_at_ms,
        }
    }
}

impl SeenDispute<'_> {
    /// Returns the report.
    pub(crate) fn parse(&self) -> Result<payment::SeenDispute> {
        Ok(payment::SeenDispute {
            id: text(self.id)?,
            charge_id: text(self.charge_id)?,
            amount: Paise(self.amount),
            deducted: Paise(self.deducted),
            status: DisputeStatus::from_number(self.status).ok_or("unknown dispute status")?,
            reason_code: optional(self.reason_code)?,
            reason: optional(self.reason)?,
            respond_by_ms: self.respond_by_ms,
            said_at_ms: self.said_at_ms,
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
