//! Paying online: going to pay, what the checkout brings back, and how the money stands.
//!
//! The provider is called by the outbox and never inside a decision. A handler waits for what comes
//! of it for a moment, and answers how far it is.

mod view;

pub(super) use view::{RefundView, TroubleView};

use super::moves;
use super::orders::answer;
use crate::http::gateway::call::Call;
use crate::http::json::text::Str;
use crate::http::problem::{Problem, table};
use crate::http::{json, reply};
use crate::razorpay::client::CURRENCY;
use crate::razorpay::port::{Online, charge_of};
use crate::razorpay::signature;
use crate::rfc3339::Rfc3339;
use axum::response::Response;
use kirana_domain::order::{OrderCommand, Report};
use kirana_domain::payment::{ProviderId, SeenCharge};
use kirana_domain::{Order, OrderEntry, OrderId, Status};
use kirana_engine::Outcome;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;
use view::PaymentsView;

/// Longest wait of an answer for the provider.
const PATIENCE: Duration = Duration::from_secs(3);
/// Longest wait for the provider's own word on a payment that its signature proves.
const LOOK_PATIENCE: Duration = Duration::from_secs(2);
/// The first and the longest pause between two looks at what has come of it.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// The data that the app opens the checkout with.
#[derive(Serialize)]
struct Started<'a> {
    /// The provider's.
    order_id: &'a str,
    amount: i64,
    currency: &'static str,
    key: &'a str,
    internal_order_id: Uuid,
    attempt: usize,
    timeout_at: Rfc3339,
    lsn: u64,
}

/// The same while the provider has not answered.
#[derive(Serialize)]
struct Waiting {
    status: &'static str,
    internal_order_id: Uuid,
    attempt: usize,
    timeout_at: Rfc3339,
    lsn: u64,
}

/// `POST /v1/orders/{order_id}/payments`: 201 with what the checkout needs, or 202 while the
/// provider has not answered.
pub(crate) async fn start(mut call: Call) -> Result<Response, Problem> {
    let order_id = call.order_id().await?;
    let body = call.optional_json_body().await?;
    if !body.is_empty() {
        json::parse::<Nothing>(&body)?;
    }
    let online = call.gateway.online()?.clone();
    let receipt = moves::submit(&call, order_id, &body, OrderCommand::StartPayment).await?;
    let order = receipt.order()?;
    let attempts = order.payment.as_deref().map_or(&[][..], |payment| &payment.attempts);
    let Some(last) = attempts.last() else {
        return Err(Problem::new(&table::INTERNAL));
    };
    let timeout_at = Rfc3339(order.attempt_ends_ms(last));
    let (attempt, lsn) = (attempts.len(), receipt.lsn.0);
    let internal_order_id = order_id.0;
    let made = provider_order(&call, order_id).await?;
    let mut response = if let Some(id) = &made {
        let (amount, key) = (order.placed.sums.total.0, online.client.key_id());
        let (order_id, currency) = (&**id, CURRENCY);
        let started = Started {
            order_id,
            amount,
            currency,
            key,
            internal_order_id,
            attempt,
            timeout_at,
            lsn,
        };
        reply::json(201, &started)
    } else {
        let status = "creating";
        reply::json(202, &Waiting { status, internal_order_id, attempt, timeout_at, lsn })
    };
    reply::location(&mut response, &format!("/v1/orders/{order_id}/payments"));
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Pauses between looks at what has come of a command: each longer than the one before, for a
/// moment in all, and no longer than the caller waits.
struct Patience {
    until: Instant,
    pause: Duration,
}

impl Patience {
    fn of(call: &Call) -> Self {
        // Half a second is left to answer in.
        let caller = call.deadline.checked_sub(Duration::from_millis(500));
        let until = caller.unwrap_or(call.deadline).min(Instant::now() + PATIENCE);
        Self { until, pause: PAUSES.0 }
    }

    /// Waits for the next look; `false` when there is none.
    async fn has_more(&mut self) -> bool {
        let is_in_time = Instant::now() + self.pause <= self.until;
        if is_in_time {
            sleep(self.pause).await;
            self.pause = (self.pause * 2).min(PAUSES.1);
        }
        is_in_time
    }
}

/// The provider's order, as soon as it is made.
async fn provider_order(call: &Call, order_id: OrderId) -> Result<Option<ProviderId>, Problem> {
    let mut patience = Patience::of(call);
    loop {
        let entry = call.within(call.engine().order_entry(order_id)).await??;
        let payment = entry.as_ref().and_then(OrderEntry::payment);
        match payment.and_then(|payment| payment.provider_order_id.clone()) {
            Some(id) => return Ok(Some(id)),
            None if !patience.has_more().await => return Ok(None),
            None => (),
        }
    }
}

/// The order, as soon as it is no longer unpaid.
async fn paid_order(call: &Call, order_id: OrderId) -> Result<Arc<Order>, Problem> {
    let mut patience = Patience::of(call);
    loop {
        let order = call.order(order_id).await?;
        if order.status != Status::PendingPayment || !patience.has_more().await {
            return Ok(order);
        }
    }
}

/// The result of the checkout, by the provider's names.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_field_names, reason = "the provider's names")]
struct VerifyRequest<'a> {
    #[serde(borrow)]
    razorpay_order_id: Str<'a>,
    #[serde(borrow)]
    razorpay_payment_id: Str<'a>,
    #[serde(borrow)]
    razorpay_signature: Str<'a>,
}

/// `POST /v1/payments/razorpay/verify`: the order, placed if the provider was fast enough.
pub(crate) async fn verify(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: VerifyRequest = json::parse(&body)?;
    let online = call.gateway.online()?.clone();
    let (order_id, ours) = own_order(&call, &request.razorpay_order_id.0).await?;
    let (id, signed) = (&request.razorpay_payment_id.0, &request.razorpay_signature.0);
    let charge_id = ProviderId::parse(id).ok().filter(|parsed| **parsed == **id);
    // The order id is that of our own record, not the one that was sent.
    let is_right = signature::checkout(&ours, id, &online.key_secret, signed);
    let Some(charge_id) = charge_id.filter(|_| is_right) else {
        metrics::counter!("kirana_payment_signatures_wrong_total", "of" => "checkout").increment(1);
        return Err(Problem::new(&table::SIGNATURE_INVALID));
    };
    let seen = ask_provider(&online, &ours, &charge_id).await;
    let charges = match seen {
        ProviderReply::Charge(charge) => vec![charge],
        // The signature proves the payment and not its amount, so nothing is said for the provider:
        // its webhook or the next look at its books tells.
        ProviderReply::Silent | ProviderReply::Foreign => Vec::new(),
    };
    let report = Report { charges, ..Report::default() };
    let receipt = moves::submit(&call, order_id, &body, OrderCommand::Report(report)).await?;
    let now = paid_order(&call, order_id).await?;
    let outcome = Outcome::Order(now);
    Ok(answer(&call, 200, &kirana_engine::Receipt { outcome, ..receipt }, None)?.1)
}

/// The order that one of the provider's stands for, and the provider's id by our record.
async fn own_order(call: &Call, sent: &str) -> Result<(OrderId, ProviderId), Problem> {
    let unknown = || Problem::new(&table::ORDER_UNKNOWN);
    let engine = call.engine();
    let sent = ProviderId::parse(sent).map_err(|_| unknown())?;
    let found = call.within(engine.order_of_provider(&sent)).await??;
    let order_id = found.ok_or_else(unknown)?;
    let entry = call.within(engine.order_entry(order_id)).await??.ok_or_else(unknown)?;
    if !call.person()?.may_see(&entry.parties()) {
        return Err(unknown());
    }
    let ours = entry.payment().and_then(|payment| payment.provider_order_id.clone());
    Ok((order_id, ours.ok_or_else(unknown)?))
}

/// The provider's reply about a payment that its signature proves.
enum ProviderReply {
    /// The payment, in rupees and of this order.
    Charge(SeenCharge),
    /// A payment that is not in rupees, or of another order.
    Foreign,
    /// None in time.
    Silent,
}

/// Asks the provider for amount, currency and status, which the signature does not prove. If it
/// does not answer, the signature has to do: a capture of another amount is refused there.
async fn ask_provider(online: &Online, ours: &str, charge_id: &str) -> ProviderReply {
    match timeout(LOOK_PATIENCE, online.client.fetch_payment(charge_id)).await {
        Ok(Ok(payment)) if payment.order_id.as_deref() == Some(ours) => {
            charge_of(&payment).map_or(ProviderReply::Foreign, ProviderReply::Charge)
        }
        Ok(Ok(payment)) => {
            tracing::warn!(charge_id, order = ?payment.order_id, "a payment of another order");
            ProviderReply::Foreign
        }
        Ok(Err(_)) | Err(_) => ProviderReply::Silent,
    }
}

/// `GET /v1/orders/{order_id}/payments`
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let order = call.order(call.order_id().await?).await?;
    let is_staff = call.person()?.is_staff_of(order.placed.store_id);
    let key = call.gateway.online().ok().map(|online| online.client.key_id());
    Ok(reply::json(200, &PaymentsView::new(&order, key, is_staff)))
}
