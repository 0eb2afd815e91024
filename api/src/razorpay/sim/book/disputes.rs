//! Disputes: a customer who asks their bank for the money back, and what the bank decides.

use super::{Attempt, Book, ENTRIES_MAX, Entry as _, Event, PayDispute, Refusal, full, no_such_id};
use serde::Deserialize;
use serde_json::Value;

/// Time to answer a dispute: a week.
const RESPOND_S: i64 = 7 * 24 * 60 * 60;

/// `POST /sim/dispute`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::razorpay::sim) struct DisputeAsk {
    pub payment_id: String,
    /// `created`, `under_review`, `action_required`, `won`, `lost` or `closed`.
    pub event: String,
    /// A part of the payment; all of it unless it says so.
    pub amount: Option<i64>,
}

impl Book {
    /// One step of the dispute about a payment, which begins with the first. Answers the dispute
    /// and the events.
    pub(in crate::razorpay::sim) fn dispute(
        &mut self,
        ask: &DisputeAsk,
        now_s: i64,
    ) -> Result<(Value, Vec<Event>), Refusal> {
        let status = match ask.event.as_str() {
            "created" | "action_required" => "open",
            "under_review" | "won" | "lost" | "closed" => ask.event.as_str(),
            _ => return Err(Refusal::field("event", "The event is not one of a dispute")),
        };
        let payment = self.payments.get(&ask.payment_id).ok_or_else(no_such_id)?;
        if payment.attempt != Attempt::Captured {
            return Err(Refusal::new("Only a captured payment can be disputed"));
        }
        if self.disputes.len() >= ENTRIES_MAX {
            return Err(full());
        }
        let (amount, currency) = (ask.amount.unwrap_or(payment.amount), payment.currency.clone());
        let ids = &mut self.ids;
        let dispute = self.disputes.entry(ask.payment_id.clone()).or_insert_with(|| PayDispute {
            id: ids.next("disp_"),
            payment_id: ask.payment_id.clone(),
            amount,
            currency,
            status: String::new(),
            respond_by: now_s + RESPOND_S,
            created_at: now_s,
        });
        status.clone_into(&mut dispute.status);
        let body = dispute.json();
        let name = format!("payment.dispute.{}", ask.event);
        let event = self.dispute_event(&name, &ask.payment_id, now_s);
        Ok((body, vec![event]))
    }
}
