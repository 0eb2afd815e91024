//! The books of the stand-in: orders, payments, refunds, disputes, and webhooks that have not
//! arrived yet.
//!
//! Pure but for the caller's clock: a call is a function of the book, and answers a body and the
//! events that the world has to hear of. The words of the refusals are Razorpay's.

mod disputes;
mod entities;
mod events;
mod ids;
mod orders;
mod payments;
mod refunds;
#[cfg(test)]
mod tests;

pub(super) use disputes::DisputeAsk;
pub(super) use entities::{Attempt, Entry, PayDispute, PayOrder, PayPayment, PayRefund};
pub(super) use events::Event;
use ids::Ids;
pub(super) use payments::{Outcome, PayAsk};
pub(super) use refunds::RefundRequest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Orders that it keeps; one more is refused. Payments and refunds are bounded each by the same.
pub(super) const ENTRIES_MAX: usize = 1_000_000;
/// Events that have not arrived yet; one more is lost.
pub(super) const OUTBOX_MAX: usize = 100_000;

/// A refusal in Razorpay's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Reason for people.
    pub description: String,
    /// Field, if one.
    pub field: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(description: impl Into<String>) -> Self {
        Self { status: 400, description: description.into(), field: None }
    }

    pub(super) fn field(field: &'static str, description: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new(description) }
    }

    /// The error envelope.
    pub(super) fn body(&self) -> Value {
        let code = if self.status >= 500 { "SERVER_ERROR" } else { "BAD_REQUEST_ERROR" };
        let mut error = json!({
            "code": code,
            "description": self.description,
            "source": "business",
            "step": "payment_initiation",
            "reason": "input_validation_failed",
            "metadata": {},
        });
        if let Some(field) = self.field {
            error["field"] = json!(field);
        }
        json!({ "error": error })
    }
}

/// A body, and the events that come of it, in the order in which they happened.
pub(super) type Done = Result<(Value, Vec<Event>), Refusal>;

/// All that the stand-in knows.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Book {
    ids: Ids,
    pub(super) orders: BTreeMap<String, PayOrder>,
    receipts: BTreeMap<String, String>,
    pub(super) payments: BTreeMap<String, PayPayment>,
    pub(super) refunds: BTreeMap<String, PayRefund>,
    /// Disputes, by the payment that each is about.
    pub(super) disputes: BTreeMap<String, PayDispute>,
    /// Payment and key of each refund that had one, with what was asked and what came of it.
    refund_keys: BTreeMap<String, (String, String)>,
    #[serde(skip)]
    refunds_in_flight: BTreeSet<String>,
    /// Events on their way, by id.
    pub(super) outbox: BTreeMap<String, Event>,
}

impl Book {
    /// An empty one whose ids follow from the seed.
    pub(super) fn new(seed: u64) -> Self {
        Self { ids: Ids::new(seed), ..Self::default() }
    }

    /// Everything, for tests that add it up.
    pub(super) fn everything(&self) -> Value {
        fn all<T: Entry>(entries: &BTreeMap<String, T>) -> Vec<Value> {
            entries.values().map(Entry::json).collect()
        }
        json!({
            "orders": all(&self.orders),
            "payments": all(&self.payments),
            "refunds": all(&self.refunds),
            "disputes": all(&self.disputes),
            "undelivered": self.outbox.len(),
        })
    }

    /// One entity by its id.
    pub(super) fn find<T: Entry>(entries: &BTreeMap<String, T>, id: &str) -> Done {
        entries.get(id).map(|entry| (entry.json(), Vec::new())).ok_or_else(no_such_id)
    }
}

fn no_such_id() -> Refusal {
    Refusal::new("The id provided does not exist")
}

fn full() -> Refusal {
    Refusal { status: 503, ..Refusal::new("The stand-in is full") }
}

/// A collection as Razorpay writes it.
pub(super) fn collection(items: &[Value]) -> Value {
    json!({ "entity": "collection", "count": items.len(), "items": items })
}
