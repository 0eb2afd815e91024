//! The body of a webhook as facts of our own.
//!
//! The signature comes first ([`super::signature::webhook`]); only then is a body worth reading. An
//! event that we do not know is kept by its name and has no facts, so that nothing Razorpay adds
//! one day makes us refuse it, be sent it again for a day, and be switched off.
//!
//! A body is a snapshot from around the time of the event, not of it: published examples have a
//! payment that is `captured` in `payment.authorized`. So the event says how far a payment is *at
//! least*, and its status may say more. Facts from events in any order then lead to the same end.

#[cfg(test)]
pub(crate) mod tests;

use super::entity::{
    Dispute, Order, OrderStatus, Payment, PaymentStatus, Refund, RefundStatus, seconds,
};
use super::tolerant;
use serde_json::Value;

/// Characters of an event's name.
pub const EVENT_CHARS_MAX: usize = 64;
/// The name of an event that has none, or one that is empty or over [`EVENT_CHARS_MAX`].
pub const UNNAMED: &str = "unnamed";

/// The content of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// `payment.captured`, and so on; [`UNNAMED`] when the body does not say.
    pub event: String,
    /// Time at which it was made, in seconds since 1970. Not every body has it.
    pub created_at_s: Option<i64>,
    /// Facts: payments before orders before refunds before disputes.
    pub facts: Vec<Fact>,
    /// Parts that could not be read, a sentence each, for the log.
    pub unread: Vec<String>,
}

/// One thing that is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A payment is this far.
    Payment(Payment),
    /// An order of the provider is this far.
    Order(Order),
    /// A refund is this far.
    Refund(Refund),
    /// A dispute is this far.
    Dispute(Dispute),
}

/// The least status of each entity that comes with an event, by its name.
#[derive(Default)]
struct Meaning {
    payment: Option<PaymentStatus>,
    order: Option<OrderStatus>,
    refund: Option<RefundStatus>,
}

impl Meaning {
    fn of(event: &str) -> Self {
        let payment = |status| Self { payment: Some(status), ..Self::default() };
        let refund = |status| Self { refund: Some(status), ..Self::default() };
        match event {
            "payment.authorized" => payment(PaymentStatus::Authorized),
            "payment.captured" => payment(PaymentStatus::Captured),
            "payment.failed" => payment(PaymentStatus::Failed),
            "order.paid" => {
                Self { order: Some(OrderStatus::Paid), ..payment(PaymentStatus::Captured) }
            }
            "refund.processed" => refund(RefundStatus::Processed),
            "refund.failed" => refund(RefundStatus::Failed),
            // `refund.created` and `refund.speed_changed` leave it to the status.
            _ => Self::default(),
        }
    }
}

impl Webhook {
    /// Reads a body; `None` for one that is not a JSON object. What is unknown in it is passed
    /// over, and a wrong text is tolerated: what counts are ids, amounts and states.
    pub fn parse(raw_body: &[u8]) -> Option<Self> {
        let body = tolerant::parse(raw_body).filter(Value::is_object)?;
        let is_name = |name: &&str| (1..=EVENT_CHARS_MAX).contains(&name.chars().count());
        let event = body["event"].as_str().filter(is_name).unwrap_or(UNNAMED);
        let meaning = Meaning::of(event);
        let created_at_s = seconds(body.get("created_at"));
        let mut webhook =
            Self { event: event.to_owned(), created_at_s, facts: Vec::new(), unread: Vec::new() };
        let payload = &body["payload"];
        webhook
            .take(payload, "payment", |it| Payment::read(it, meaning.payment).map(Fact::Payment));
        webhook.take(payload, "order", |it| Order::read(it, meaning.order).map(Fact::Order));
        webhook.take(payload, "refund", |it| Refund::read(it, meaning.refund).map(Fact::Refund));
        let of_dispute = event.strip_prefix("payment.dispute.").unwrap_or_default();
        webhook.take(payload, "dispute", |it| Dispute::read(it, of_dispute).map(Fact::Dispute));
        Some(webhook)
    }

    fn take(&mut self, payload: &Value, name: &str, read: impl Fn(&Value) -> Result<Fact, String>) {
        let entity = &payload[name]["entity"];
        if entity.is_null() {
            return;
        }
        match read(entity) {
            Ok(fact) => self.facts.push(fact),
            Err(sentence) => self.unread.push(format!("{name}: {sentence}")),
        }
    }
}
