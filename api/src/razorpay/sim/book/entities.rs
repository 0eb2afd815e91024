//! Orders, payments, refunds and disputes of the stand-in, and how Razorpay writes them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An entity that can be looked up.
pub(in crate::razorpay::sim) trait Entry {
    /// The entity as Razorpay writes it.
    fn json(&self) -> Value;
}

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::razorpay::sim) struct PayOrder {
    pub id: String,
    pub amount: i64,
    pub amount_paid: i64,
    pub currency: String,
    pub receipt: Option<String>,
    pub attempts: u32,
    /// Capture as soon as it is authorised.
    pub is_automatic: bool,
    pub notes: Value,
    pub created_at: i64,
    /// Its payments, the oldest first.
    pub payments: Vec<String>,
}

impl PayOrder {
    pub(super) fn is_paid(&self) -> bool {
        self.amount_paid >= self.amount
    }

    fn status(&self) -> &'static str {
        match (self.is_paid(), self.attempts) {
            (true, _) => "paid",
            (false, 0) => "created",
            (false, _) => "attempted",
        }
    }
}

impl Entry for PayOrder {
    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "entity": "order",
            "amount": self.amount,
            "amount_paid": self.amount_paid,
            "amount_due": self.amount - self.amount_paid,
            "currency": self.currency,
            "receipt": self.receipt,
            "offer_id": null,
            "status": self.status(),
            "attempts": self.attempts,
            "notes": self.notes,
            "created_at": self.created_at,
        })
    }
}

/// The status of an attempt to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::razorpay::sim) enum Attempt {
    Failed,
    /// Failed, and will be authorised all the same.
    Late,
    Authorized,
    Captured,
}

/// A payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::razorpay::sim) struct PayPayment {
    pub id: String,
    pub order_id: String,
    pub amount: i64,
    pub currency: String,
    pub attempt: Attempt,
    pub method: String,
    /// Paise that went back or are on their way back.
    pub refunded: i64,
    pub notes: Value,
    pub created_at: i64,
    /// Its refunds, the oldest first.
    pub refunds: Vec<String>,
}

impl PayPayment {
    pub(super) fn status(&self) -> &'static str {
        match self.attempt {
            Attempt::Failed | Attempt::Late => "failed",
            Attempt::Authorized => "authorized",
            Attempt::Captured if self.refunded >= self.amount => "refunded",
            Attempt::Captured => "captured",
        }
    }

    fn refund_status(&self) -> Option<&'static str> {
        match self.refunded {
            0 => None,
            paise if paise < self.amount => Some("partial"),
            _ => Some("full"),
        }
    }
}

impl Entry for PayPayment {
    fn json(&self) -> Value {
        let is_upi = self.method == "upi";
        let is_captured = self.attempt == Attempt::Captured;
        let has_failed = matches!(self.attempt, Attempt::Failed | Attempt::Late);
        let when_failed = |text: &'static str| has_failed.then_some(text);
        // Two per cent and the tax on it, as the fee of a capture is.
        let fee = is_captured.then_some(self.amount / 50);
        let mut payment = json!({
            "id": self.id,
            "entity": "payment",
            "amount": self.amount,
            "currency": self.currency,
            "status": self.status(),
            "order_id": self.order_id,
            "invoice_id": null,
            "international": self.currency != "INR",
            "method": self.method,
            "base_amount": self.amount,
            "amount_refunded": self.refunded,
            "amount_transferred": 0,
            "refund_status": self.refund_status(),
            "captured": is_captured,
            "description": null,
            "card_id": null,
            "bank": (self.method == "netbanking").then_some("HDFC"),
            "wallet": (self.method == "wallet").then_some("payzapp"),
            "vpa": is_upi.then_some("someone@standin"),
            "email": "someone@example.com",
            "contact": "+919876543210",
            "notes": self.notes,
            "fee": fee,
            "tax": fee.map(|fee| fee * 18 / 118),
            "error_code": when_failed("BAD_REQUEST_ERROR"),
            "error_description": when_failed("Payment was unsuccessful: the bank has refused it"),
            "error_source": when_failed("bank"),
            "error_step": when_failed("payment_authorization"),
            "error_reason": when_failed("payment_failed"),
            "acquirer_data": { "rrn": "322206890934" },
            "created_at": self.created_at,
        });
        if is_upi {
            payment["upi"] = json!({
                "vpa": "someone@standin",
                "payer_account_type": "bank_account",
                "flow": "intent",
            });
        }
        payment
    }
}

/// A refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::razorpay::sim) struct PayRefund {
    pub id: String,
    pub payment_id: String,
    pub amount: i64,
    pub currency: String,
    /// `pending`, `processed` or `failed`.
    pub status: String,
    pub receipt: Option<String>,
    pub notes: Value,
    pub speed: String,
    pub created_at: i64,
}

impl Entry for PayRefund {
    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "entity": "refund",
            "amount": self.amount,
            "currency": self.currency,
            "payment_id": self.payment_id,
            "notes": self.notes,
            "receipt": self.receipt,
            "acquirer_data": { "arn": null },
            "created_at": self.created_at,
            "batch_id": null,
            "status": self.status,
            "speed_processed": "normal",
            "speed_requested": self.speed,
        })
    }
}

/// A dispute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::razorpay::sim) struct PayDispute {
    pub id: String,
    pub payment_id: String,
    pub amount: i64,
    pub currency: String,
    /// `open`, `under_review`, `won`, `lost` or `closed`.
    pub status: String,
    pub respond_by: i64,
    pub created_at: i64,
}

impl Entry for PayDispute {
    fn json(&self) -> Value {
        let is_lost = self.status == "lost";
        json!({
            "id": self.id,
            "entity": "dispute",
            "payment_id": self.payment_id,
            "amount": self.amount,
            "currency": self.currency,
            "amount_deducted": if is_lost { self.amount } else { 0 },
            "gateway_dispute_id": null,
            "reason_code": "goods_or_services_not_received_or_partially_received",
            "reason_description": "Goods or services were not received",
            "respond_by": self.respond_by,
            "status": self.status,
            "phase": "chargeback",
            "comments": null,
            "created_at": self.created_at,
        })
    }
}
