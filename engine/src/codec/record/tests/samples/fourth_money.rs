//! Records about money that the fourth release was the first to write. The names are those of the
//! kept bytes.

use super::{ORDER, own, product_id, record, refused, text};
use kirana_domain::payment::{
    ChargeFailure, ChargeStatus, DisputeStatus, LooseCharge, OwedRefund, RefundReason, SeenCharge,
    SeenDispute,
};
use kirana_domain::{Event, Paise, Record, Rejection};

/// The bank's reason of a failed charge, as the provider passes it on.
pub(crate) fn failure() -> ChargeFailure {
    ChargeFailure {
        code: Some(text("BAD_REQUEST_ERROR")),
        reason: Some(text("payment_failed")),
        description: Some(text("Payment was unsuccessful: the bank has refused it")),
    }
}

/// Captured money of an order of the provider's that we do not know, whose notes name one of ours.
pub(crate) fn loose_charge() -> LooseCharge {
    let (provider_order_id, hint) = (Some(text("order_EsIAlDcoUr8CaQ")), Some(ORDER));
    LooseCharge { id: text("pay_LooseOfAnOrder"), provider_order_id, hint, ..bare_loose() }
}

/// Captured money of which no more is known than must be.
pub(crate) fn bare_loose() -> LooseCharge {
    let (id, amount) = (text("pay_DESyzxuld02Zul"), Paise(39_000));
    LooseCharge { id, amount, provider_order_id: None, hint: None }
}

/// A dispute of which all is known.
pub(crate) fn dispute(status: DisputeStatus) -> SeenDispute {
    SeenDispute {
        deducted: Paise(1),
        reason_code: Some(text("chargeback")),
        reason: Some(text("goods were not received")),
        respond_by_ms: Some(1_735_776_000_000),
        said_at_ms: 1_735_689_600_000,
        ..bare_dispute(status)
    }
}

/// A dispute of which no more is known than must be.
pub(crate) fn bare_dispute(status: DisputeStatus) -> SeenDispute {
    SeenDispute {
        id: text("disp_EsIAlDcoUr8CaQ"),
        charge_id: text("pay_DESyzxuld02Zul"),
        amount: Paise(39_000),
        deducted: Paise::ZERO,
        status,
        reason_code: None,
        reason: None,
        respond_by_ms: None,
        said_at_ms: 0,
    }
}

/// A record of each.
pub(crate) fn fourth_money() -> Vec<(&'static str, Record)> {
    let (one, two) = (Paise(1 << 40), Paise(7));
    let credited = OwedRefund {
        number: 2,
        charge_id: text("pay_DESyzxuld02Zul"),
        amount: Paise(50),
        reason: RefundReason::Credited,
        note: None,
    };
    let charge = |failure| SeenCharge {
        id: text("pay_DESyzxuld02Zul"),
        amount: one,
        status: ChargeStatus::Failed,
        failure,
    };
    let loose = |charge| Event::LooseMoneySeen { charge: Box::new(charge) };
    let failed = |failure| Event::ChargeSeen { order_id: ORDER, charge: charge(failure) };
    let disputed = |dispute| Event::DisputeSeen { order_id: ORDER, dispute: Box::new(dispute) };
    vec![
        ("charge_seen_failed_with_reason", own(failed(Some(failure())))),
        ("charge_seen_failed_without_reason", own(failed(None))),
        ("dispute_seen_opened", own(disputed(dispute(DisputeStatus::Opened)))),
        ("dispute_seen_lost", own(disputed(bare_dispute(DisputeStatus::Lost)))),
        ("loose_money_seen_noted", own(loose(loose_charge()))),
        ("loose_money_seen", own(loose(bare_loose()))),
        ("refund_owed_credited", record(Event::RefundOwed { order_id: ORDER, refund: credited })),
        ("refused_4008", refused(Rejection::RefundTooSmall { wanted: one, minimum: two })),
        ("refused_4009", refused(Rejection::OnlineMinimum { total: one, minimum: two })),
        ("refused_4010", refused(Rejection::OnlineOff)),
        ("refused_4011", refused(Rejection::PaymentSettled)),
        ("refused_4012", refused(Rejection::PaymentNotAwaited { total: one, amount: two })),
        ("refused_4013", refused(Rejection::TooManyUnpaid { unpaid: 2 })),
        ("refused_4014", refused(Rejection::HoldsPaused { wait_s: u32::MAX })),
        (
            "refused_4015",
            refused(Rejection::OverMaxOpen { product_id: product_id(1), maximum: 198, left: 3 }),
        ),
    ]
}
