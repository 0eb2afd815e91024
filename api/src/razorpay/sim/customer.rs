//! `/sim/…`: what is not Razorpay's API. The customer at the checkout, the merchant at the
//! dashboard, and the tester who looks behind the scene.

use super::book::{Attempt, DisputeAsk, Outcome, PayAsk, Refusal};
use super::delivery;
use super::faults::Faults;
use super::message::{Asked, Reply, refused};
use super::state::{Sim, now_s};
use crate::razorpay::signature;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// After how much of the provider's time a late authorisation comes, unless told otherwise.
const LATE: Duration = Duration::from_secs(10);
/// Longest time of hurrying.
const HURRY_MAX: Duration = Duration::from_secs(10);
/// Pause between two signals to hurry.
const HURRY_EVERY: Duration = Duration::from_millis(5);

/// `POST /sim/refund`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DashboardRefund {
    payment_id: String,
    amount: Option<i64>,
}

/// Answers a call.
pub(super) async fn answer(sim: &Arc<Sim>, asked: &Asked) -> Reply {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    match (asked.method.as_str(), path.as_slice()) {
        ("POST", ["pay"]) => pay(sim, asked.json()).unwrap_or_else(|refusal| refused(&refusal)),
        ("POST", ["refund"]) => {
            refund(sim, asked.json()).unwrap_or_else(|refusal| refused(&refusal))
        }
        ("POST", ["dispute"]) => {
            dispute(sim, asked.json()).unwrap_or_else(|refusal| refused(&refusal))
        }
        ("GET", ["state"]) => Reply::Json(200, sim.book(|book| book.everything())),
        ("GET", ["deliveries"]) => {
            let deliveries = sim.deliveries();
            Reply::Json(200, json!({ "count": deliveries.len(), "items": deliveries }))
        }
        ("GET", ["faults"]) => Reply::Json(200, json!(sim.faults())),
        ("POST", ["faults"]) => match Faults::from_json(asked.json()) {
            Ok(faults) => {
                sim.set_faults(faults);
                Reply::Json(200, json!(sim.faults()))
            }
            Err(sentence) => refused(&Refusal::new(sentence)),
        },
        ("POST", ["webhooks", "flush"]) => {
            let pending = hurry(sim).await;
            Reply::Json(200, json!({ "pending": pending }))
        }
        _ => Reply::not_found(),
    }
}

/// The checkout: answers what it gives back to the app.
fn pay(sim: &Arc<Sim>, ask: Value) -> Result<Reply, Refusal> {
    let mut ask: PayAsk = parsed(ask)?;
    let slip = sim.slip();
    let now_s = now_s();
    let (payment_id, events) = sim.book(|book| {
        let asked = book.orders.get(&ask.order_id).map(|order| order.amount);
        if let (true, Some(amount)) = (slip.is_short, asked) {
            ask.amount = Some((amount - 100).max(1));
        }
        if slip.is_foreign {
            ask.currency = Some("USD".to_owned());
        }
        book.pay(&ask, now_s)
    })?;
    delivery::emit(sim, events);
    if ask.outcome == Outcome::LateAuthorized {
        let late = ask.late_ms.map_or_else(|| sim.scaled(LATE), Duration::from_millis);
        delivery::authorize_later(sim, &payment_id, late);
    }
    if slip.is_doubled && ask.outcome == Outcome::Success {
        pay_again(sim, &ask, now_s)?;
    }
    let is_paid = sim.book(|book| {
        let payment = book.payments.get(&payment_id);
        payment.is_some_and(|it| matches!(it.attempt, Attempt::Authorized | Attempt::Captured))
    });
    let (order_id, id) = (&ask.order_id, &payment_id);
    if !is_paid {
        return Ok(Reply::Json(200, declined(order_id, id)));
    }
    let message = format!("{order_id}|{id}");
    let signature = signature::sign(message.as_bytes(), &sim.config.key_secret);
    let answer = json!({
        "razorpay_payment_id": id,
        "razorpay_order_id": order_id,
        "razorpay_signature": signature,
    });
    Ok(Reply::Json(200, answer))
}

/// The same customer's second payment, which the provider takes.
fn pay_again(sim: &Arc<Sim>, ask: &PayAsk, now_s: i64) -> Result<(), Refusal> {
    let again = PayAsk { again: true, ..ask.clone() };
    let events = sim.book(|book| {
        let (id, mut events) = book.pay(&again, now_s)?;
        events.extend(book.capture_unasked(&id, now_s));
        Ok(events)
    })?;
    delivery::emit(sim, events);
    Ok(())
}

/// Returns the checkout's answer when the bank has refused.
fn declined(order_id: &str, payment_id: &str) -> Value {
    json!({ "error": {
        "code": "BAD_REQUEST_ERROR",
        "description": "Payment was unsuccessful: the bank has refused it",
        "source": "bank",
        "step": "payment_authorization",
        "reason": "payment_failed",
        "metadata": { "order_id": order_id, "payment_id": payment_id },
    } })
}

fn refund(sim: &Arc<Sim>, ask: Value) -> Result<Reply, Refusal> {
    let DashboardRefund { payment_id, amount } = parsed(ask)?;
    let (body, events) = sim.book(|book| book.dashboard_refund(&payment_id, amount, now_s()))?;
    delivery::settle_later(sim, body["id"].as_str().unwrap_or_default());
    delivery::emit(sim, events);
    Ok(Reply::Json(200, body))
}

/// The customer at their bank, and the bank.
fn dispute(sim: &Arc<Sim>, ask: Value) -> Result<Reply, Refusal> {
    let ask: DisputeAsk = parsed(ask)?;
    let (body, events) = sim.book(|book| book.dispute(&ask, now_s()))?;
    delivery::emit(sim, events);
    Ok(Reply::Json(200, body))
}

fn parsed<T: for<'de> Deserialize<'de>>(ask: Value) -> Result<T, Refusal> {
    serde_json::from_value(ask).map_err(|error| Refusal::new(error.to_string()))
}

/// Lets all that waits happen now, within bounds. Answers how much still waits.
async fn hurry(sim: &Sim) -> usize {
    let patience = tokio::time::Instant::now() + HURRY_MAX;
    loop {
        sim.hurry.send_modify(|count| *count += 1);
        let pending = sim.pending.load(Ordering::SeqCst);
        if pending == 0 || tokio::time::Instant::now() >= patience {
            return pending;
        }
        tokio::time::sleep(HURRY_EVERY).await;
    }
}
