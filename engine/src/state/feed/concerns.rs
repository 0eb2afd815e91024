//! Whom a fact concerns and what it is called: the places that grow with the life of an order.

use kirana_domain::payment::{ChargeStatus, RefundStatus};
use kirana_domain::{Event, Order, PersonId};

/// What happened to an order, as one word of a message's name (`order.placed`); `None` for facts
/// that are about no order.
pub fn what_happened(event: &Event) -> Option<&'static str> {
    match event {
        Event::OrderPlaced { .. } => Some("placed"),
        Event::OrderCancelled { .. } => Some("cancelled"),
        Event::OrderExpired { .. } => Some("expired"),
        Event::PaymentStarted { .. } => Some("payment_started"),
        Event::PaymentOrderMade { .. } => Some("payment_ready"),
        Event::EffectFailed { .. } => Some("effect_failed"),
        Event::EffectsRetried { .. } => Some("effects_retried"),
        Event::ChargeSeen { charge, .. } => Some(match charge.status {
            ChargeStatus::Failed => "payment_failed",
            ChargeStatus::Authorized => "payment_authorized",
            ChargeStatus::Captured => "payment_captured",
        }),
        Event::OrderConfirmed { .. } => Some("confirmed"),
        Event::RefundOwed { .. } => Some("refund_owed"),
        Event::RefundSeen { refund, .. } => Some(match refund.status {
            RefundStatus::Processed => "refund_processed",
            RefundStatus::Failed => "refund_failed",
            RefundStatus::Owed | RefundStatus::Accepted => "refund_accepted",
        }),
        Event::OrderMoved { step, .. } => Some(step.name()),
        Event::LinesChanged { change, .. } if change.proposed.is_some() => {
            Some("substitute_proposed")
        }
        Event::LinesChanged { .. } => Some("lines_changed"),
        Event::InvoiceIssued { is_credit_note: false, .. } => Some("invoice_issued"),
        Event::InvoiceIssued { .. } => Some("credit_note_issued"),
        // A fact without a word of its own is told all the same: a reader must never miss a change.
        other => other.order_id().map(|_| "changed"),
    }
}

/// Every word that [`what_happened`] has.
pub const WORDS: [&str; 29] = [
    "placed",
    "cancelled",
    "expired",
    "payment_started",
    "payment_ready",
    "effect_failed",
    "effects_retried",
    "payment_failed",
    "payment_authorized",
    "payment_captured",
    "confirmed",
    "refund_owed",
    "refund_processed",
    "refund_failed",
    "refund_accepted",
    "accepted",
    "packed",
    "assigned",
    "assignment_accepted",
    "assignment_declined",
    "picked_up",
    "out_for_delivery",
    "delivered",
    "delivery_failed",
    "substitute_proposed",
    "lines_changed",
    "invoice_issued",
    "credit_note_issued",
    "changed",
];

/// The riders whom a fact concerns: who has the order after it, and who lost it by it.
pub(super) fn riders_of(after: &Order) -> impl Iterator<Item = PersonId> + use<> {
    after.riders_concerned()
}

/// True when nothing can happen to an order any more, and nothing is owed: its stream ends.
pub fn is_over(order: &Order) -> bool {
    order.is_settled()
}
