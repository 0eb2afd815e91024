//! Messages of the payment provider. The signature is checked over the bytes as they came; then
//! everything is kept, understood or not, and answered 200: a provider that is refused sends the
//! same again for a day, and then switches the webhook off.

use crate::http::body;
use crate::http::gateway::call::Call;
use crate::http::idempotency::request_key;
use crate::http::problem::{Problem, table};
use crate::http::reply;
use crate::razorpay::entity::{Order, Payment};
use crate::razorpay::port::{ORDER_NOTE, charge_of, refund_of};
use crate::razorpay::signature;
use crate::razorpay::webhook::{Fact, Webhook};
use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use kirana_domain::limits::WEBHOOK_BYTES_MAX;
use kirana_domain::order::Report;
use kirana_domain::payment::{self as money, ErrorText, ProviderId};
use kirana_domain::{OrderId, PersonId, Principal, Role};
use kirana_engine::{Command, Request, SubmitError};
use serde_json::json;
use uuid::Uuid;

const SIGNATURE: HeaderName = HeaderName::from_static("x-razorpay-signature");
const EVENT_ID: HeaderName = HeaderName::from_static("x-razorpay-event-id");

/// The principal of a message whose signature is right.
const PROVIDER: Principal =
    Principal { role: Role::Service, person_id: PersonId(Uuid::nil()), store_id: None };

/// `POST /v1/payments/webhook/razorpay`
pub(crate) async fn razorpay(mut call: Call) -> Result<Response, Problem> {
    let online = call.gateway.online()?.clone();
    let time_max = call.gateway.limits().body;
    let body = call.take_body();
    let raw = body::read(body, call.headers(), WEBHOOK_BYTES_MAX, time_max).await?;
    let signed = text(call.headers(), &SIGNATURE).unwrap_or_default();
    if !signature::webhook(&raw, &online.webhook_secrets, signed) {
        metrics::counter!("kirana_payment_signatures_wrong_total", "of" => "webhook").increment(1);
        return Err(Problem::new(&table::SIGNATURE_INVALID));
    }
    let event_id = event_id(call.headers(), &raw);
    let key = request_key(&event_id, PROVIDER.person_id, call.action, "", &raw);
    let engine = call.engine();
    let content = WebhookContent::of(&raw);
    let by_provider = match &content.provider_order_id {
        Some(id) => engine.order_of_provider(id).await?,
        None => None,
    };
    let webhook = content.into_webhook(event_id, &raw, by_provider);
    let name = webhook.name.to_string();
    let command = Command::Webhook(Box::new(webhook));
    let deadline = Some(call.deadline);
    let request = Request { by: PROVIDER, key: Some(key), command, deadline };
    let outcome = engine.submit(request).await;
    count(&outcome);
    let receipt = outcome.map_err(Problem::from)?;
    tracing::debug!(name, lsn = receipt.lsn.0, replayed = receipt.replayed, "a webhook was kept");
    let mut response = reply::json(200, &json!({ "received": true, "lsn": receipt.lsn.0 }));
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

fn count(outcome: &Result<kirana_engine::Receipt, SubmitError>) {
    let outcome = match outcome {
        Ok(receipt) if receipt.replayed => "duplicate",
        Ok(_) => "kept",
        Err(SubmitError::KeyReused) => "other_body",
        Err(_) => "refused",
    };
    metrics::counter!("kirana_webhooks_total", "outcome" => outcome).increment(1);
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The provider's id of the message. One without is known by its bytes.
fn event_id(headers: &HeaderMap, raw: &[u8]) -> ErrorText {
    let given = text(headers, &EVENT_ID).and_then(|id| ErrorText::parse(id).ok());
    given.unwrap_or_else(|| {
        let derived = format!("body-{}", blake3::hash(raw).to_hex());
        ErrorText::parse(&derived).expect("a hash in hex is a short text")
    })
}

/// The content of a message; of one that cannot be read there is only a name.
struct WebhookContent {
    name: ErrorText,
    facts: Vec<Fact>,
    /// The provider's order that it is about.
    provider_order_id: Option<ProviderId>,
}

impl WebhookContent {
    fn of(raw: &[u8]) -> Self {
        let parsed = Webhook::parse(raw);
        let name = parsed.as_ref().map_or("unreadable", |webhook| webhook.event.as_str());
        let name = ErrorText::parse(name).or_else(|_| ErrorText::parse("unreadable"));
        let name = name.expect("a short text without control characters");
        for sentence in parsed.iter().flat_map(|webhook| &webhook.unread) {
            tracing::warn!(%name, sentence, "a part of a webhook cannot be read");
        }
        let facts = parsed.map(|webhook| webhook.facts).unwrap_or_default();
        let provider_order_id = facts.iter().find_map(provider_order);
        Self { name, facts, provider_order_id }
    }

    /// Returns it as the engine takes it in; `by_provider` is our order that the provider's stands
    /// for.
    fn into_webhook(
        self,
        event_id: ErrorText,
        raw: &[u8],
        by_provider: Option<OrderId>,
    ) -> kirana_engine::Webhook {
        let Self { name, facts, provider_order_id } = self;
        let order_id = by_provider.or_else(|| facts.iter().find_map(named_order));
        let report = report_of(&facts, order_id);
        let body = raw.to_vec();
        kirana_engine::Webhook { event_id, name, body, provider_order_id, order_id, report }
    }
}

fn report_of(facts: &[Fact], order_id: Option<OrderId>) -> Report {
    let mut report = Report::default();
    for fact in facts {
        match fact {
            Fact::Payment(payment) => report.charges.extend(charge_of(payment)),
            Fact::Refund(refund) => {
                let number = |key: &str| money::refund_number(order_id?, key);
                report.refunds.extend(refund_of(refund, number));
            }
            Fact::Order(order) if order_id.is_some() && receipt(order) == order_id => {
                report.provider_order_id = ProviderId::parse(&order.order_id).ok();
            }
            Fact::Order(_) => (),
        }
    }
    report
}

/// The provider's order that a fact is about.
fn provider_order(fact: &Fact) -> Option<ProviderId> {
    let id = match fact {
        Fact::Payment(Payment { order_id, .. }) => order_id.as_deref()?,
        Fact::Order(Order { order_id, .. }) => order_id,
        Fact::Refund(_) => return None,
    };
    ProviderId::parse(id).ok()
}

/// Our order that a fact names: by the receipt of the provider's order, or by the key or the note
/// of a refund.
fn named_order(fact: &Fact) -> Option<OrderId> {
    match fact {
        Fact::Payment(payment) => simple(payment.notes.get(ORDER_NOTE)?),
        Fact::Order(order) => receipt(order),
        Fact::Refund(refund) => {
            let key = refund.receipt.as_deref().and_then(|key| key.split('-').next());
            key.and_then(simple).or_else(|| simple(refund.notes.get(ORDER_NOTE)?))
        }
    }
}

fn receipt(order: &Order) -> Option<OrderId> {
    simple(order.receipt.as_deref()?)
}

fn simple(text: &str) -> Option<OrderId> {
    Uuid::try_parse(text).ok().map(OrderId)
}

#[cfg(test)]
mod tests;
