//! Disputes as answers show them: with the order, and with its payments.

use crate::rfc3339::Rfc3339;
use kirana_domain::Order;
use kirana_domain::payment::Dispute;
use serde::Serialize;

/// A customer who asked their bank for the money of an order back.
#[derive(Serialize)]
pub(crate) struct DisputeView<'a> {
    razorpay_dispute_id: &'a str,
    razorpay_payment_id: &'a str,
    /// Amount that the bank asks for.
    amount_paise: i64,
    /// Amount that it took: 0 unless it is lost.
    lost_paise: i64,
    status: &'static str,
    reason_code: Option<&'a str>,
    reason: Option<&'a str>,
    /// Time until which the shop may answer.
    respond_by: Option<Rfc3339>,
    opened_at: Rfc3339,
    updated_at: Rfc3339,
}

impl<'a> DisputeView<'a> {
    /// Returns the disputes of an order, first opened first.
    pub(crate) fn all_of(order: &'a Order) -> Vec<Self> {
        let disputes = order.payment.iter().flat_map(|payment| &payment.disputes);
        disputes.map(Self::from).collect()
    }
}

impl<'a> From<&'a Dispute> for DisputeView<'a> {
    fn from(dispute: &'a Dispute) -> Self {
        let Dispute { seen, opened_at_ms, at_ms } = dispute;
        Self {
            razorpay_dispute_id: &seen.id,
            razorpay_payment_id: &seen.charge_id,
            amount_paise: seen.amount.0,
            lost_paise: seen.lost().0,
            status: seen.status.name(),
            reason_code: seen.reason_code.as_deref(),
            reason: seen.reason.as_deref(),
            respond_by: seen.respond_by_ms.map(Rfc3339),
            opened_at: Rfc3339(*opened_at_ms),
            updated_at: Rfc3339(*at_ms),
        }
    }
}
