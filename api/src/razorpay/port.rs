//! The engine's port to a payment provider, over Razorpay's API; and what the gateway needs of it.
//!
//! Every word of Razorpay becomes a [`Report`] in one place, whichever way it came. Only rupees
//! count: money in another currency is logged, counted, and never told to the engine, so it is
//! neither captured nor taken for payment, and goes back by itself.

#[cfg(feature = "demo")]
#[cfg(test)]
mod tests;

use super::Settings;
use super::client::{self, CURRENCY, Razorpay, RefundAsk};
use super::entity::{Dispute, DisputeStatus, Notes, Payment, PaymentStatus, Refund, RefundStatus};
use crate::outbound::Outbound;
use crate::secret::Secret;
use kirana_domain::order::Report;
use kirana_domain::payment::{
    self as money, ChargeFailure, ChargeStatus, ErrorText, ProviderId, SeenCharge, SeenDispute,
    SeenRefund,
};
use kirana_domain::{OrderId, Paise};
use kirana_engine::{PaymentPort, PaymentPortAnswer, PaymentPortError};
use std::sync::Arc;

/// The note under which the provider keeps the id of our order.
pub const ORDER_NOTE: &str = "kirana_order_id";

/// Online payments: the calls, and the secrets that prove signatures.
#[derive(Clone, Debug)]
pub(crate) struct Online {
    /// The calls.
    pub client: Razorpay,
    /// Proves what the checkout brings back.
    pub key_secret: Secret,
    /// Prove webhooks: the secret of today, then the previous one.
    pub webhook_secrets: Vec<Secret>,
}

impl Online {
    /// With these settings; it does not call yet.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(crate) fn new(settings: &Settings) -> Result<Self, String> {
        Ok(Self {
            client: Razorpay::new(&settings.access, Outbound::new()?)?,
            key_secret: settings.access.key_secret.clone(),
            webhook_secrets: settings.webhook_secrets.clone(),
        })
    }

    /// Returns the port that the engine calls.
    pub(crate) fn port(&self) -> Arc<dyn PaymentPort> {
        Arc::new(RazorpayGateway(self.client.clone()))
    }
}

/// Razorpay as the engine sees it.
#[derive(Clone, Debug)]
pub struct RazorpayGateway(pub Razorpay);

impl PaymentPort for RazorpayGateway {
    fn create_order(&self, order_id: OrderId, amount: Paise) -> PaymentPortAnswer<'_, ProviderId> {
        Box::pin(async move {
            let receipt = money::receipt_of(order_id);
            let order = self.0.create_order(&receipt, amount.0, &notes(order_id)).await;
            provider_id(&order.map_err(told)?.order_id)
        })
    }

    fn capture(&self, charge_id: ProviderId, amount: Paise) -> PaymentPortAnswer<'_, SeenCharge> {
        Box::pin(async move {
            let payment = self.0.capture(&charge_id, amount.0).await.map_err(told)?;
            charge_of(&payment).ok_or_else(|| unclear("the captured payment is not one of ours"))
        })
    }

    fn refund(
        &self,
        order_id: OrderId,
        number: u16,
        charge_id: ProviderId,
        amount: Paise,
    ) -> PaymentPortAnswer<'_, SeenRefund> {
        Box::pin(async move {
            let key = money::refund_key(order_id, number);
            let ask = RefundAsk {
                amount_paise: amount.0,
                receipt: &key,
                notes: &notes(order_id),
                idempotency_key: &key,
            };
            let refund = self.0.refund(&charge_id, &ask).await.map_err(told)?;
            let seen = refund_of(&refund, |_| Some(number));
            seen.ok_or_else(|| unclear("the refund is not one of ours"))
        })
    }

    fn look(
        &self,
        order_id: OrderId,
        provider_order_id: ProviderId,
    ) -> PaymentPortAnswer<'_, Report> {
        Box::pin(async move {
            let mut report = Report::default();
            for payment in self.0.fetch_order_payments(&provider_order_id).await.map_err(told)? {
                report.charges.extend(charge_of(&payment));
                if payment.status >= PaymentStatus::Captured {
                    let refunds = self.0.fetch_refunds(&payment.payment_id).await.map_err(told)?;
                    let number = |key: &str| money::refund_number(order_id, key);
                    report.refunds.extend(refunds.iter().filter_map(|it| refund_of(it, number)));
                }
            }
            Ok(report)
        })
    }
}

/// Returns the charge of a payment; `None` for one that has only begun, or is not in rupees.
pub fn charge_of(payment: &Payment) -> Option<SeenCharge> {
    let status = match payment.status {
        PaymentStatus::Created => return None,
        PaymentStatus::Failed => ChargeStatus::Failed,
        PaymentStatus::Authorized => ChargeStatus::Authorized,
        PaymentStatus::Captured | PaymentStatus::Refunded => ChargeStatus::Captured,
    };
    if is_foreign(&payment.currency, &payment.payment_id) {
        return None;
    }
    let words = |text: &Option<String>| text.as_deref().and_then(short);
    let failure = ChargeFailure {
        code: words(&payment.error_code),
        reason: words(&payment.error_reason),
        description: words(&payment.error_description),
    };
    let failure = Some(failure).filter(|it| status == ChargeStatus::Failed && it.words().is_some());
    let id = ProviderId::parse(&payment.payment_id).ok()?;
    Some(SeenCharge { id, amount: Paise(payment.amount_paise), status, failure })
}

/// Returns the dispute that a message of that time tells of; `None` for one that is not in rupees.
pub fn dispute_of(dispute: &Dispute, said_at_s: Option<i64>) -> Option<SeenDispute> {
    if is_foreign(&dispute.currency, &dispute.dispute_id) {
        return None;
    }
    Some(SeenDispute {
        id: ProviderId::parse(&dispute.dispute_id).ok()?,
        charge_id: ProviderId::parse(&dispute.payment_id).ok()?,
        amount: Paise(dispute.amount_paise),
        deducted: Paise(dispute.amount_deducted_paise),
        status: match dispute.status {
            DisputeStatus::Open => money::DisputeStatus::Opened,
            DisputeStatus::UnderReview => money::DisputeStatus::UnderReview,
            DisputeStatus::ActionRequired => money::DisputeStatus::ActionRequired,
            DisputeStatus::Closed => money::DisputeStatus::Closed,
            DisputeStatus::Won => money::DisputeStatus::Won,
            DisputeStatus::Lost => money::DisputeStatus::Lost,
        },
        reason_code: dispute.reason_code.as_deref().and_then(short),
        reason: dispute.reason_description.as_deref().and_then(short),
        respond_by_ms: dispute.respond_by_s.map(|seconds| seconds * 1_000),
        said_at_ms: said_at_s.unwrap_or_default() * 1_000,
    })
}

/// Returns the refund with our number of it by its receipt; `None` for one that is not in
/// rupees.
pub fn refund_of(refund: &Refund, number: impl Fn(&str) -> Option<u16>) -> Option<SeenRefund> {
    if is_foreign(&refund.currency, &refund.refund_id) {
        return None;
    }
    Some(SeenRefund {
        id: ProviderId::parse(&refund.refund_id).ok()?,
        charge_id: ProviderId::parse(&refund.payment_id).ok()?,
        number: refund.receipt.as_deref().and_then(number),
        amount: Paise(refund.amount_paise),
        status: match refund.status {
            RefundStatus::Pending => money::RefundStatus::Accepted,
            RefundStatus::Processed => money::RefundStatus::Processed,
            RefundStatus::Failed => money::RefundStatus::Failed,
        },
    })
}

fn is_foreign(currency: &str, id: &str) -> bool {
    let is_foreign = currency != CURRENCY;
    if is_foreign {
        tracing::warn!(currency, id, "money in a currency that we do not take");
        metrics::counter!("kirana_payments_foreign_total").increment(1);
    }
    is_foreign
}

fn notes(order_id: OrderId) -> Notes {
    Notes::from([(ORDER_NOTE.to_owned(), order_id.0.to_string())])
}

/// The provider's words, cut to what the log keeps.
fn short(text: &str) -> Option<ErrorText> {
    let clean = text.chars().filter(|c| !c.is_control());
    let clean: String = clean.take(kirana_domain::limits::ERROR_CHARS_MAX).collect();
    ErrorText::parse(&clean).ok()
}

fn provider_id(id: &str) -> Result<ProviderId, PaymentPortError> {
    ProviderId::parse(id).map_err(|_| unclear("the id is none that can be kept"))
}

/// An answer without sense: the work may be done, so it is asked for again under its key.
fn unclear(detail: &str) -> PaymentPortError {
    PaymentPortError::Retry { detail: detail.to_owned(), after: None }
}

fn told(error: client::ClientError) -> PaymentPortError {
    match error {
        client::ClientError::Retry { detail, retry_after } => {
            PaymentPortError::Retry { detail, after: retry_after }
        }
        client::ClientError::Refused { code, description } => {
            PaymentPortError::Refused { detail: format!("{code}: {description}") }
        }
        client::ClientError::Garbled { detail } => unclear(&detail),
    }
}
