//! Refunds: never more than was captured, and once for each key.

use super::orders::{notes, receipt};
use super::{
    Attempt, Book, Done, ENTRIES_MAX, Entry as _, Event, PayRefund, Refusal, collection, full,
    no_such_id,
};
use serde_json::{Value, json};

/// Paise: one rupee.
const AMOUNT_MIN: i64 = 100;

/// `POST /v1/payments/:id/refund`
#[derive(Clone, Debug)]
pub(in crate::razorpay::sim) struct RefundRequest {
    pub payment_id: String,
    /// `X-Refund-Idempotency`
    pub key: Option<String>,
    pub body: Value,
}

impl RefundRequest {
    /// The place of the key, which belongs to its payment.
    fn place(&self) -> Option<String> {
        self.key.as_ref().map(|key| format!("{} {key}", self.payment_id))
    }
}

impl Book {
    /// Before the work: refuses a key that is being worked on, and marks this one so.
    pub(in crate::razorpay::sim) fn begin_refund(
        &mut self,
        ask: &RefundRequest,
    ) -> Result<(), Refusal> {
        let Some(place) = ask.place() else { return Ok(()) };
        let key = ask.key.as_deref().unwrap_or_default();
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if key.len() < 10 || !key.bytes().all(is_sign) {
            return Err(Refusal::new("The idempotency key is not valid"));
        }
        if !self.refunds_in_flight.insert(place) {
            let text = "Request with the same idempotency key is being processed.";
            return Err(Refusal { status: 409, ..Refusal::new(text) });
        }
        Ok(())
    }

    /// The work of [`Book::begin_refund`] will not be done after all.
    pub(in crate::razorpay::sim) fn give_up_refund(&mut self, ask: &RefundRequest) {
        if let Some(place) = ask.place() {
            self.refunds_in_flight.remove(&place);
        }
    }

    /// The work.
    pub(in crate::razorpay::sim) fn finish_refund(
        &mut self,
        ask: &RefundRequest,
        now_s: i64,
    ) -> Done {
        self.give_up_refund(ask);
        let asked = ask.body.to_string();
        if let Some((first, id)) = ask.place().and_then(|place| self.refund_keys.get(&place)) {
            if *first != asked {
                return Err(Refusal::new(
                    "Different request with the same idempotency key has already been processed.",
                ));
            }
            return Self::find(&self.refunds, id);
        }
        let (id, events) = self.refund(&ask.payment_id, &ask.body, now_s)?;
        if let Some(place) = ask.place() {
            self.refund_keys.insert(place, (asked, id.clone()));
        }
        Ok((self.refunds.get(&id).ok_or_else(no_such_id)?.json(), events))
    }

    fn refund(
        &mut self,
        payment_id: &str,
        body: &Value,
        now_s: i64,
    ) -> Result<(String, Vec<Event>), Refusal> {
        let (receipt, notes) = (receipt(body)?, notes(body)?);
        let speed = body["speed"].as_str().unwrap_or("normal");
        if !["normal", "optimum"].contains(&speed) {
            return Err(Refusal::field("speed", "The selected speed is invalid."));
        }
        if self.refunds.len() >= ENTRIES_MAX {
            return Err(full());
        }
        let payment = self.payments.get_mut(payment_id).ok_or_else(no_such_id)?;
        if payment.attempt != Attempt::Captured {
            return Err(Refusal::new(
                "The payment status should be captured for action to be taken",
            ));
        }
        let left = payment.amount - payment.refunded;
        if left == 0 {
            return Err(Refusal::new("The payment has been fully refunded already"));
        }
        let amount = match &body["amount"] {
            Value::Null => left,
            amount => amount
                .as_i64()
                .ok_or_else(|| Refusal::field("amount", "The amount must be an integer."))?,
        };
        if amount < AMOUNT_MIN {
            return Err(Refusal::field("amount", "The amount must be atleast INR 1.00"));
        }
        if amount > left {
            return Err(Refusal::field(
                "amount",
                "The total refund amount is greater than the refund payment amount",
            ));
        }
        let id = self.ids.next("rfnd_");
        payment.refunded += amount;
        payment.refunds.push(id.clone());
        let currency = payment.currency.clone();
        let refund = PayRefund {
            id: id.clone(),
            payment_id: payment_id.to_owned(),
            amount,
            currency,
            status: "pending".to_owned(),
            receipt,
            notes,
            speed: speed.to_owned(),
            created_at: now_s,
        };
        self.refunds.insert(id.clone(), refund);
        let event = self.refund_event("refund.created", &id, now_s);
        Ok((id, vec![event]))
    }

    /// The bank is done with a refund. What failed is the merchant's again.
    pub(in crate::razorpay::sim) fn settle_refund(
        &mut self,
        id: &str,
        has_failed: bool,
        now_s: i64,
    ) -> Vec<Event> {
        let Some(refund) = self.refunds.get_mut(id) else { return Vec::new() };
        if refund.status != "pending" {
            return Vec::new();
        }
        let name = if has_failed { "failed" } else { "processed" };
        name.clone_into(&mut refund.status);
        if has_failed && let Some(payment) = self.payments.get_mut(&refund.payment_id) {
            payment.refunded -= refund.amount;
        }
        vec![self.refund_event(&format!("refund.{name}"), id, now_s)]
    }

    /// `GET /v1/payments/:id/refunds`
    pub(in crate::razorpay::sim) fn payment_refunds(&self, id: &str) -> Done {
        let payment = self.payments.get(id).ok_or_else(no_such_id)?;
        let refunds = payment.refunds.iter().filter_map(|id| self.refunds.get(id));
        let refunds: Vec<_> = refunds.map(super::Entry::json).collect();
        Ok((collection(&refunds), Vec::new()))
    }

    /// A refund that the merchant makes in the provider's dashboard, without a key.
    pub(in crate::razorpay::sim) fn dashboard_refund(
        &mut self,
        payment_id: &str,
        amount: Option<i64>,
        now_s: i64,
    ) -> Done {
        let body = json!({ "amount": amount });
        let (id, events) = self.refund(payment_id, &body, now_s)?;
        Ok((self.refunds.get(&id).ok_or_else(no_such_id)?.json(), events))
    }
}
