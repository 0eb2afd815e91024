//! Paying online: going to pay, what the checkout brings back, and how the money stands.
//!
//! The provider is called by the outbox and never inside a decision. A handler waits for what comes
//! of it for a moment, and answers how far it is.

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
use kirana_domain::limits::PAYMENT_ATTEMPTS_MAX;
use kirana_domain::order::{OrderCommand, Report};
use kirana_domain::payment::{Attempt, FailedEffect, ProviderId, SeenCharge};
use kirana_domain::{Order, OrderEntry, OrderId, Status};
use kirana_engine::Outcome;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

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

#[derive(Serialize)]
struct PaymentsView<'a> {
    order_id: Uuid,
    status: &'static str,
    payment_method: &'static str,
    razorpay_order_id: Option<&'a str>,
    /// The provider's key id, which the checkout is opened with; `null` without a provider.
    key: Option<&'a str>,
    currency: &'static str,
    due_paise: i64,
    captured_paise: i64,
    given_back_paise: i64,
    /// The part of it that the provider does not pay out: the customer's credit with the shop.
    credited_paise: i64,
    attempts_left: usize,
    attempts: Vec<AttemptView>,
    charges: Vec<ChargeView<'a>>,
    refunds: Vec<RefundView<'a>>,
    troubles: Option<Vec<TroubleView<'a>>>,
    lsn: u64,
}

#[derive(Serialize)]
struct AttemptView {
    number: usize,
    started_at: Rfc3339,
    timeout_at: Rfc3339,
}

#[derive(Serialize)]
struct ChargeView<'a> {
    razorpay_payment_id: &'a str,
    amount_paise: i64,
    status: &'static str,
    attempt: u8,
}

/// A refund as answers show it.
#[derive(Serialize)]
pub(super) struct RefundView<'a> {
    number: Option<u16>,
    razorpay_refund_id: Option<&'a str>,
    razorpay_payment_id: &'a str,
    amount_paise: i64,
    status: &'static str,
    reason: &'static str,
    /// Note of support, for staff.
    note: Option<&'a str>,
    at: Rfc3339,
}

impl<'a> RefundView<'a> {
    /// Of a refund; its note is for staff.
    pub(super) fn new(refund: &'a kirana_domain::payment::Refund, is_staff: bool) -> Self {
        Self {
            number: refund.number,
            razorpay_refund_id: refund.id.as_deref(),
            razorpay_payment_id: &refund.charge_id,
            amount_paise: refund.amount.0,
            status: refund.status.name(),
            reason: refund.reason.name(),
            note: refund.note.as_deref().filter(|_| is_staff),
            at: Rfc3339(refund.at_ms),
        }
    }
}

/// A failed call to the provider, as staff see it.
#[derive(Serialize)]
pub(super) struct TroubleView<'a> {
    effect: &'static str,
    /// The charge to capture, or the number of the refund.
    of: Option<String>,
    tries: u16,
    /// Time of the next try; `None` when it was given up until somebody asks.
    next_try_at: Option<Rfc3339>,
    error: &'a str,
}

impl<'a> From<&'a FailedEffect> for TroubleView<'a> {
    fn from(trouble: &'a FailedEffect) -> Self {
        use kirana_domain::payment::Effect;
        Self {
            effect: trouble.effect.name(),
            of: match &trouble.effect {
                Effect::CreateOrder => None,
                Effect::Capture(id) => Some(id.to_string()),
                Effect::Refund(number) => Some(number.to_string()),
            },
            tries: trouble.tries,
            next_try_at: trouble.retry_at_ms.map(Rfc3339),
            error: &trouble.error,
        }
    }
}

/// `GET /v1/orders/{order_id}/payments`
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let order = call.order(call.order_id().await?).await?;
    let is_staff = call.person()?.is_staff_of(order.placed.store_id);
    let key = call.gateway.online().ok().map(|online| online.client.key_id());
    Ok(reply::json(200, &view(&order, key, is_staff)))
}

fn view<'a>(order: &'a Arc<Order>, key: Option<&'a str>, is_staff: bool) -> PaymentsView<'a> {
    let payment = order.payment.as_deref();
    let attempts = payment.map_or(&[][..], |payment| &payment.attempts);
    let attempt = |(index, attempt): (usize, &Attempt)| AttemptView {
        number: index + 1,
        started_at: Rfc3339(attempt.started_at_ms),
        timeout_at: Rfc3339(order.attempt_ends_ms(attempt)),
    };
    let charge = |charge: &'_ kirana_domain::payment::Charge| charge.status().name();
    PaymentsView {
        order_id: order.placed.id.0,
        status: order.payment_status().name(),
        payment_method: order.placed.payment_method.name(),
        razorpay_order_id: payment.and_then(|payment| payment.provider_order_id.as_deref()),
        key,
        currency: CURRENCY,
        due_paise: order.placed.sums.total.0,
        captured_paise: payment.map_or(0, |payment| payment.captured().0),
        given_back_paise: payment.map_or(0, |payment| payment.given_back().0),
        credited_paise: payment.map_or(0, |payment| payment.credited().0),
        attempts_left: payment
            .map_or(PAYMENT_ATTEMPTS_MAX, kirana_domain::payment::Payment::attempts_left),
        attempts: attempts.iter().enumerate().map(attempt).collect(),
        charges: payment
            .into_iter()
            .flat_map(|payment| &payment.charges)
            .map(|it| ChargeView {
                razorpay_payment_id: &it.id,
                amount_paise: it.amount.0,
                status: charge(it),
                attempt: it.attempt,
            })
            .collect(),
        refunds: payment
            .into_iter()
            .flat_map(|payment| &payment.refunds)
            .map(|refund| RefundView::new(refund, is_staff))
            .collect(),
        troubles: is_staff.then(|| {
            let troubles = payment.into_iter().flat_map(|payment| &payment.troubles);
            troubles.map(TroubleView::from).collect()
        }),
        lsn: order.lsn().0,
    }
}
