//! The money of an order as answers show it: attempts, charges, refunds, disputes.

use crate::http::json::disputes::DisputeView;
use crate::razorpay::client::CURRENCY;
use crate::rfc3339::Rfc3339;
use kirana_domain::Order;
use kirana_domain::limits::PAYMENT_ATTEMPTS_MAX;
use kirana_domain::payment::{Attempt, Charge, ChargeStatus, FailedEffect};
use serde::Serialize;
use std::sync::Arc;
use uuid::Uuid;

/// The money of an order.
#[derive(Serialize)]
pub(super) struct PaymentsView<'a> {
    order_id: Uuid,
    status: &'static str,
    payment_method: &'static str,
    razorpay_order_id: Option<&'a str>,
    /// The provider's key id, which the checkout is opened with; `null` without a provider.
    key: Option<&'a str>,
    currency: &'static str,
    due_paise: i64,
    captured_paise: i64,
    given_back_paise: i64,
    /// The part of it that the provider does not pay out: the customer's credit with the shop.
    credited_paise: i64,
    /// The captured money that lost disputes took.
    lost_paise: i64,
    attempts_left: usize,
    attempts: Vec<AttemptView<'a>>,
    charges: Vec<ChargeView<'a>>,
    refunds: Vec<RefundView<'a>>,
    disputes: Vec<DisputeView<'a>>,
    troubles: Option<Vec<TroubleView<'a>>>,
    lsn: u64,
}

#[derive(Serialize)]
struct AttemptView<'a> {
    number: usize,
    started_at: Rfc3339,
    timeout_at: Rfc3339,
    /// The cause of its last failed charge.
    failure: Option<FailureView<'a>>,
}

/// The cause of a failed charge, in the words of the bank and the provider.
#[derive(Serialize)]
struct FailureView<'a> {
    code: Option<&'a str>,
    reason: Option<&'a str>,
    description: Option<&'a str>,
}

impl<'a> FailureView<'a> {
    /// Of a charge that has failed, and was not authorized after that.
    fn of(charge: &'a Charge) -> Option<Self> {
        let failure = charge.failure.as_deref();
        let failure = failure.filter(|_| charge.status() == ChargeStatus::Failed)?;
        let (code, reason) = (failure.code.as_deref(), failure.reason.as_deref());
        Some(Self { code, reason, description: failure.description.as_deref() })
    }
}

#[derive(Serialize)]
struct ChargeView<'a> {
    razorpay_payment_id: &'a str,
    amount_paise: i64,
    status: &'static str,
    attempt: u8,
    failure: Option<FailureView<'a>>,
}

/// A refund as answers show it.
#[derive(Serialize)]
pub(in crate::http::routes) struct RefundView<'a> {
    number: Option<u16>,
    razorpay_refund_id: Option<&'a str>,
    razorpay_payment_id: &'a str,
    amount_paise: i64,
    status: &'static str,
    reason: &'static str,
    /// Note of support, for staff.
    note: Option<&'a str>,
    at: Rfc3339,
}

impl<'a> RefundView<'a> {
    /// Of a refund; its note is for staff.
    pub(in crate::http::routes) fn new(
        refund: &'a kirana_domain::payment::Refund,
        is_staff: bool,
    ) -> Self {
        Self {
            number: refund.number,
            razorpay_refund_id: refund.id.as_deref(),
            razorpay_payment_id: &refund.charge_id,
            amount_paise: refund.amount.0,
            status: refund.status.name(),
            reason: refund.reason.name(),
            note: refund.note.as_deref().filter(|_| is_staff),
            at: Rfc3339(refund.at_ms),
        }
    }
}

/// A failed call to the provider, as staff see it.
#[derive(Serialize)]
pub(in crate::http::routes) struct TroubleView<'a> {
    effect: &'static str,
    /// The charge to capture, or the number of the refund.
    of: Option<String>,
    tries: u16,
    /// Time of the next try; `None` when it was given up until somebody asks.
    next_try_at: Option<Rfc3339>,
    error: &'a str,
}

impl<'a> From<&'a FailedEffect> for TroubleView<'a> {
    fn from(trouble: &'a FailedEffect) -> Self {
        use kirana_domain::payment::Effect;
        Self {
            effect: trouble.effect.name(),
            of: match &trouble.effect {
                Effect::CreateOrder => None,
                Effect::Capture(id) => Some(id.to_string()),
                Effect::Refund(number) => Some(number.to_string()),
            },
            tries: trouble.tries,
            next_try_at: trouble.retry_at_ms.map(Rfc3339),
            error: &trouble.error,
        }
    }
}

impl<'a> PaymentsView<'a> {
    /// Of an order; what does not work at the provider is for staff.
    pub(super) fn new(order: &'a Arc<Order>, key: Option<&'a str>, is_staff: bool) -> Self {
        let payment = order.payment.as_deref();
        let attempts = payment.map_or(&[][..], |payment| &payment.attempts);
        let charges = payment.map_or(&[][..], |payment| &payment.charges);
        let attempt = |(index, attempt): (usize, &Attempt)| {
            let mut own = charges.iter().rev().filter(|it| usize::from(it.attempt) == index + 1);
            AttemptView {
                number: index + 1,
                started_at: Rfc3339(attempt.started_at_ms),
                timeout_at: Rfc3339(order.attempt_ends_ms(attempt)),
                failure: own.find_map(FailureView::of),
            }
        };
        Self {
            order_id: order.placed.id.0,
            status: order.payment_status().name(),
            payment_method: order.placed.payment_method.name(),
            razorpay_order_id: payment.and_then(|payment| payment.provider_order_id.as_deref()),
            key,
            currency: CURRENCY,
            due_paise: order.placed.sums.total.0,
            captured_paise: payment.map_or(0, |payment| payment.captured().0),
            given_back_paise: payment.map_or(0, |payment| payment.given_back().0),
            credited_paise: payment.map_or(0, |payment| payment.credited().0),
            lost_paise: order.lost().0,
            attempts_left: payment
                .map_or(PAYMENT_ATTEMPTS_MAX, kirana_domain::payment::Payment::attempts_left),
            attempts: attempts.iter().enumerate().map(attempt).collect(),
            charges: charges
                .iter()
                .map(|it| ChargeView {
                    razorpay_payment_id: &it.id,
                    amount_paise: it.amount.0,
                    status: it.status().name(),
                    attempt: it.attempt,
                    failure: FailureView::of(it),
                })
                .collect(),
            refunds: payment
                .into_iter()
                .flat_map(|payment| &payment.refunds)
                .map(|refund| RefundView::new(refund, is_staff))
                .collect(),
            disputes: DisputeView::all_of(order),
            troubles: is_staff.then(|| {
                let troubles = payment.into_iter().flat_map(|payment| &payment.troubles);
                troubles.map(TroubleView::from).collect()
            }),
            lsn: order.lsn().0,
        }
    }
}
