//! `/v1/…`: what Razorpay answers.

use super::book::{Book, Done, RefundRequest, Refusal};
use super::delivery;
use super::message::{Asked, Reply, refused};
use super::state::{Fate, Sim, now_s};
use hyper::{Method, header};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// The action.
enum Call {
    CreateOrder(Value),
    ListOrders(String),
    Order(String),
    OrderPayments(String),
    Payment(String),
    Capture(String, Value),
    Refund(RefundRequest),
    PaymentRefunds(String),
    OneRefund(String),
}

impl Call {
    fn of(asked: &Asked) -> Option<Self> {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let id = || path.get(1).map(|id| (*id).to_owned()).unwrap_or_default();
        Some(match (asked.method.as_str(), path.as_slice()) {
            ("POST", ["orders"]) => Self::CreateOrder(asked.json()),
            ("GET", ["orders"]) => Self::ListOrders(asked.query.clone()),
            ("GET", ["orders", _]) => Self::Order(id()),
            ("GET", ["orders", _, "payments"]) => Self::OrderPayments(id()),
            ("GET", ["payments", _]) => Self::Payment(id()),
            ("POST", ["payments", _, "capture"]) => Self::Capture(id(), asked.json()),
            ("POST", ["payments", _, "refund"]) => {
                let key = asked.headers.get("x-refund-idempotency");
                let key = key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
                Self::Refund(RefundRequest { payment_id: id(), key, body: asked.json() })
            }
            ("GET", ["payments", _, "refunds"]) => Self::PaymentRefunds(id()),
            ("GET", ["refunds", _]) => Self::OneRefund(id()),
            _ => return None,
        })
    }

    fn begin(&self, book: &mut Book) -> Result<(), Refusal> {
        match self {
            Self::Refund(request) => book.begin_refund(request),
            _ => Ok(()),
        }
    }

    fn give_up(&self, book: &mut Book) {
        if let Self::Refund(request) = self {
            book.give_up_refund(request);
        }
    }

    fn run(&self, book: &mut Book, now_s: i64) -> Done {
        match self {
            Self::CreateOrder(body) => book.create_order(body, now_s),
            Self::ListOrders(query) => book.list_orders(query),
            Self::Order(id) => Book::find(&book.orders, id),
            Self::OrderPayments(id) => book.order_payments(id),
            Self::Payment(id) => Book::find(&book.payments, id),
            Self::Capture(id, body) => book.capture(id, body, now_s),
            Self::Refund(request) => book.finish_refund(request, now_s),
            Self::PaymentRefunds(id) => book.payment_refunds(id),
            Self::OneRefund(id) => Book::find(&book.refunds, id),
        }
    }
}

/// Answers a call, or does not.
pub(super) async fn answer(sim: &Arc<Sim>, asked: Asked) -> Reply {
    let given = asked.headers.get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
    if given != Some(sim.authorization.as_bytes()) {
        return refused(&Refusal { status: 401, ..Refusal::new("Authentication failed") });
    }
    let fate = sim.fate();
    if fate == Fate::TooMany {
        return refused(&Refusal { status: 429, ..Refusal::new("Too many requests") });
    }
    let Some(call) = Call::of(&asked) else { return Reply::not_found() };
    if asked.method == Method::POST && !asked.json().is_object() && !asked.body.is_empty() {
        return refused(&Refusal::new("The request body is not valid JSON"));
    }
    // A task of its own: a caller that does not wait for the answer gets its work done all the
    // same.
    let worked = tokio::spawn(work(Arc::clone(sim), call, fate)).await;
    worked.unwrap_or(Reply::HangUp)
}

async fn work(sim: Arc<Sim>, call: Call, fate: Fate) -> Reply {
    let time = match fate {
        Fate::Answered(time)
        | Fate::FailedAfter(time)
        | Fate::FailedBefore(time)
        | Fate::Dropped(time) => time,
        Fate::TooMany => Duration::ZERO,
    };
    if let Err(refusal) = sim.book(|book| call.begin(book)) {
        return refused(&refusal);
    }
    pause(time / 2).await;
    if matches!(fate, Fate::FailedBefore(_)) {
        sim.book(|book| call.give_up(book));
        return failed();
    }
    let done = sim.book(|book| call.run(book, now_s()));
    let reply = match done {
        Ok((body, events)) => {
            if let Call::Refund(_) = call {
                delivery::settle_later(&sim, body["id"].as_str().unwrap_or_default());
            }
            delivery::emit(&sim, events);
            Reply::Json(200, body)
        }
        Err(refusal) => refused(&refusal),
    };
    pause(time / 2).await;
    match fate {
        Fate::FailedAfter(_) => failed(),
        Fate::Dropped(_) => Reply::HangUp,
        _ => reply,
    }
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

fn failed() -> Reply {
    let text = "We are facing some trouble completing your request at the moment.";
    refused(&Refusal { status: 502, ..Refusal::new(text) })
}
