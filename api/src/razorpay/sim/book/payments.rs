//! Payments: what a customer does with an order, and the capture.

use super::{
    Attempt, Book, Done, ENTRIES_MAX, Entry as _, Event, PayPayment, Refusal, full, no_such_id,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The end of an attempt to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::razorpay::sim) enum Outcome {
    Success,
    Failure,
    /// Failed for the customer, authorised by the bank later.
    LateAuthorized,
}

/// `POST /sim/pay`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::razorpay::sim) struct PayAsk {
    pub order_id: String,
    #[serde(default = "upi")]
    pub method: String,
    #[serde(default = "success")]
    pub outcome: Outcome,
    /// Another amount than the order's, which Razorpay's own checkout would not let happen.
    pub amount: Option<i64>,
    /// Another currency than the order's.
    pub currency: Option<String>,
    /// Pay although it is paid.
    #[serde(default)]
    pub again: bool,
    /// After how many milliseconds a late authorisation comes.
    pub late_ms: Option<u64>,
}

fn upi() -> String {
    "upi".to_owned()
}

fn success() -> Outcome {
    Outcome::Success
}

impl Book {
    /// One attempt of a customer. Answers the payment's id and the events.
    pub(in crate::razorpay::sim) fn pay(
        &mut self,
        ask: &PayAsk,
        now_s: i64,
    ) -> Result<(String, Vec<Event>), Refusal> {
        let order = self.orders.get_mut(&ask.order_id).ok_or_else(no_such_id)?;
        if order.is_paid() && !ask.again {
            return Err(Refusal::new("Payment already done for this order."));
        }
        let amount = ask.amount.unwrap_or(order.amount);
        if amount < 1 || ask.method.is_empty() || ask.method.len() > 20 {
            return Err(Refusal::new("The amount or the method is not valid"));
        }
        if self.payments.len() >= ENTRIES_MAX {
            return Err(full());
        }
        let attempt = match ask.outcome {
            Outcome::Success => Attempt::Authorized,
            Outcome::Failure => Attempt::Failed,
            Outcome::LateAuthorized => Attempt::Late,
        };
        let id = self.ids.next("pay_");
        order.attempts += 1;
        order.payments.push(id.clone());
        let payment = PayPayment {
            id: id.clone(),
            order_id: order.id.clone(),
            amount,
            currency: ask.currency.clone().unwrap_or_else(|| order.currency.clone()),
            attempt,
            method: ask.method.clone(),
            refunded: 0,
            notes: order.notes.clone(),
            created_at: now_s,
            refunds: Vec::new(),
        };
        let is_automatic = order.is_automatic;
        self.payments.insert(id.clone(), payment);
        let events = match attempt {
            Attempt::Authorized => self.authorized(&id, is_automatic, now_s),
            _ => vec![self.payment_event("payment.failed", &id, now_s)],
        };
        Ok((id, events))
    }

    /// The bank authorises a payment that had failed. Nothing happens to one that is further.
    pub(in crate::razorpay::sim) fn authorize_late(&mut self, id: &str, now_s: i64) -> Vec<Event> {
        let Some(payment) = self.payments.get_mut(id) else { return Vec::new() };
        if payment.attempt != Attempt::Late {
            return Vec::new();
        }
        payment.attempt = Attempt::Authorized;
        let order = self.orders.get(&payment.order_id);
        let is_automatic = order.is_some_and(|order| order.is_automatic);
        self.authorized(id, is_automatic, now_s)
    }

    /// The provider captures by itself, whatever the order said: for the fault of a second payment.
    pub(in crate::razorpay::sim) fn capture_unasked(&mut self, id: &str, now_s: i64) -> Vec<Event> {
        match self.payments.get(id) {
            Some(payment) if payment.attempt == Attempt::Authorized => self.captured(id, now_s),
            _ => Vec::new(),
        }
    }

    fn authorized(&mut self, id: &str, is_automatic: bool, now_s: i64) -> Vec<Event> {
        let mut events = vec![self.payment_event("payment.authorized", id, now_s)];
        if is_automatic {
            events.extend(self.captured(id, now_s));
        }
        events
    }

    /// `POST /v1/payments/:id/capture`
    pub(in crate::razorpay::sim) fn capture(&mut self, id: &str, body: &Value, now_s: i64) -> Done {
        let payment = self.payments.get(id).ok_or_else(no_such_id)?;
        let amount = body["amount"].as_i64();
        let amount =
            amount.ok_or_else(|| Refusal::field("amount", "The amount field is required."))?;
        match payment.attempt {
            Attempt::Captured => {
                return Err(Refusal::new("This payment has already been captured"));
            }
            Attempt::Authorized => (),
            Attempt::Failed | Attempt::Late => {
                return Err(Refusal::new(
                    "Only payments which have been authorized and not yet captured can be captured",
                ));
            }
        }
        if amount != payment.amount {
            return Err(Refusal::field(
                "amount",
                "Capture amount must be equal to the amount authorized",
            ));
        }
        if body["currency"].as_str().unwrap_or("INR") != payment.currency {
            return Err(Refusal::field(
                "currency",
                "Capture currency must be equal to the currency authorized",
            ));
        }
        let events = self.captured(id, now_s);
        let payment = self.payments.get(id).ok_or_else(no_such_id)?;
        Ok((payment.json(), events))
    }

    fn captured(&mut self, id: &str, now_s: i64) -> Vec<Event> {
        let Some(payment) = self.payments.get_mut(id) else { return Vec::new() };
        payment.attempt = Attempt::Captured;
        let (order_id, paid, currency) =
            (payment.order_id.clone(), payment.amount, payment.currency.clone());
        let mut events = vec![self.payment_event("payment.captured", id, now_s)];
        let Some(order) = self.orders.get_mut(&order_id) else { return events };
        let is_first = !order.is_paid();
        if is_first && order.currency == currency {
            order.amount_paid = (order.amount_paid + paid).min(order.amount);
            if order.is_paid() {
                events.push(self.payment_event("order.paid", id, now_s));
            }
        }
        events
    }
}
