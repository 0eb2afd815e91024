//! Webhooks: which entities an event brings, in the shape that Razorpay publishes.

use super::{Book, Entry};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The account of the stand-in.
const ACCOUNT: &str = "acc_Standin0000000";

/// One webhook: its body is fixed once, so that every try has the same bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::razorpay::sim) struct Event {
    /// For `X-Razorpay-Event-Id`.
    pub id: String,
    /// `payment.captured`, and so on.
    pub name: String,
    /// The raw body.
    pub body: String,
}

impl Book {
    /// An event about a payment: with its order for `order.paid`.
    pub(super) fn payment_event(&mut self, name: &str, payment_id: &str, now_s: i64) -> Event {
        let payment = self.payments.get(payment_id);
        let order = payment.and_then(|payment| self.orders.get(&payment.order_id));
        let mut entities = vec![("payment", payment.map(Entry::json))];
        if name == "order.paid" {
            entities.push(("order", order.map(Entry::json)));
        }
        self.event(name, &entities, now_s)
    }

    /// An event about a refund, with its payment.
    pub(super) fn refund_event(&mut self, name: &str, refund_id: &str, now_s: i64) -> Event {
        let refund = self.refunds.get(refund_id);
        let payment = refund.and_then(|refund| self.payments.get(&refund.payment_id));
        let payment = payment.map(Entry::json);
        let entities = [("refund", refund.map(Entry::json)), ("payment", payment)];
        self.event(name, &entities, now_s)
    }

    /// An event about a dispute, with its payment.
    pub(super) fn dispute_event(&mut self, name: &str, payment_id: &str, now_s: i64) -> Event {
        let payment = self.payments.get(payment_id).map(Entry::json);
        let dispute = self.disputes.get(payment_id).map(Entry::json);
        self.event(name, &[("payment", payment), ("dispute", dispute)], now_s)
    }

    fn event(&mut self, name: &str, entities: &[(&str, Option<Value>)], now_s: i64) -> Event {
        let contains: Vec<_> = entities.iter().map(|(kind, _)| *kind).collect();
        let payload: Map<String, Value> = entities
            .iter()
            .map(|(kind, entity)| ((*kind).to_owned(), json!({ "entity": entity })))
            .collect();
        let body = json!({
            "entity": "event",
            "account_id": ACCOUNT,
            "event": name,
            "contains": contains,
            "payload": payload,
            "created_at": now_s,
        });
        Event { id: self.ids.next("evt_"), name: name.to_owned(), body: body.to_string() }
    }
}
