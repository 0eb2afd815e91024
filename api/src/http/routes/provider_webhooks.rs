//! Messages of the payment provider. The signature is checked over the bytes as they came; then
//! everything is kept, understood or not, and answered 200: a provider that is refused sends the
//! same again for a day, and then switches the webhook off. What cannot be read, or comes under the
//! id of another message, is told to the operator; what cannot be read is asked for in the
//! provider's books.

use crate::http::body;
use crate::http::gateway::call::Call;
use crate::http::idempotency::request_key;
use crate::http::problem::{Problem, table};
use crate::http::reply;
use crate::razorpay::client::CURRENCY;
use crate::razorpay::entity::{Order, Payment, PaymentStatus};
use crate::razorpay::port::{ORDER_NOTE, charge_of, dispute_of, refund_of};
use crate::razorpay::webhook::{Fact, UNNAMED, Webhook};
use crate::razorpay::{self, signature};
use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use kirana_domain::limits::WEBHOOK_BYTES_MAX;
use kirana_domain::order::Report;
use kirana_domain::payment::{self as money, ErrorText, LooseCharge, ProviderId, SeenDispute};
use kirana_domain::{OrderId, Paise, PersonId, Principal, Role};
use kirana_engine::{Command, Request, SubmitError};
use serde_json::json;
use uuid::Uuid;

const SIGNATURE: HeaderName = HeaderName::from_static("x-razorpay-signature");
const EVENT_ID: HeaderName = HeaderName::from_static("x-razorpay-event-id");

/// The name of a message that is no JSON object.
const UNREADABLE: &str = "unreadable";

/// The principal of a message whose signature is right.
const PROVIDER: Principal =
    Principal { role: Role::Service, person_id: PersonId(Uuid::nil()), store_id: None };

/// `POST /v1/payments/webhook/razorpay`
pub(crate) async fn take_in(mut call: Call) -> Result<Response, Problem> {
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
    let key_of = |id: &str| request_key(id, PROVIDER.person_id, call.action, "", &raw);
    let (key, other_key) = (key_of(&event_id), key_of(&body_id(&raw)));
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
    let mut outcome = engine.submit(request.clone()).await;
    count(&outcome);
    if matches!(outcome, Err(SubmitError::KeyReused)) {
        // One id stands for two messages, and both are signed: neither may be lost.
        tracing::error!(name, "a webhook has the id of another one: it is kept by its bytes");
        outcome = engine.submit(Request { key: Some(other_key), ..request }).await;
    }
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
    let given = text(headers, &EVENT_ID).and_then(|id| ErrorText::code(id).ok());
    given.unwrap_or_else(|| body_id(raw))
}

/// The id of a message by its bytes.
fn body_id(raw: &[u8]) -> ErrorText {
    let derived = format!("body-{}", blake3::hash(raw).to_hex());
    ErrorText::code(&derived).expect("a hash in hex is a short text")
}

/// The content of a message; of one that cannot be read there is only a name.
struct WebhookContent {
    name: ErrorText,
    facts: Vec<Fact>,
    /// Time at which it was made, in seconds since 1970.
    said_at_s: Option<i64>,
    /// True when it cannot be read, or a part of it cannot.
    is_unread: bool,
    /// The provider's order that it is about.
    provider_order_id: Option<ProviderId>,
}

impl WebhookContent {
    fn of(raw: &[u8]) -> Self {
        let parsed = Webhook::parse(raw);
        let name = parsed.as_ref().map_or(UNREADABLE, |webhook| webhook.event.as_str());
        let name = ErrorText::parse(name).or_else(|_| ErrorText::parse(UNNAMED));
        let name = name.expect("a short text without control characters");
        let said_at_s = parsed.as_ref().and_then(|webhook| webhook.created_at_s);
        let (facts, unread) = match parsed {
            Some(webhook) => (webhook.facts, webhook.unread),
            None => (Vec::new(), vec!["the body is not a JSON object".to_owned()]),
        };
        unread.iter().for_each(|sentence| razorpay::unread("message", sentence));
        let provider_order_id = facts.iter().find_map(provider_order);
        Self { name, facts, said_at_s, is_unread: !unread.is_empty(), provider_order_id }
    }

    /// Returns it as the engine takes it in; `by_provider` is our order that the provider's stands
    /// for.
    fn into_webhook(
        self,
        event_id: ErrorText,
        raw: &[u8],
        by_provider: Option<OrderId>,
    ) -> kirana_engine::Webhook {
        let Self { name, facts, said_at_s, is_unread, provider_order_id } = self;
        let order_id = by_provider.or_else(|| facts.iter().find_map(named_order));
        let names_it = |fact: &Fact| matches!(fact, Fact::Order(it) if receipt(it) == order_id);
        let is_ours = order_id.is_some() && (by_provider.is_some() || facts.iter().any(names_it));
        let ours = provider_order_id.as_ref().filter(|_| is_ours);
        let mut report = report_of(&facts, order_id, ours);
        report.disputes = disputes_of(&facts, ours, said_at_s);
        let hint = facts.iter().find_map(noted_order);
        let captured = captured(&facts, hint);
        let refunded = facts.iter().filter_map(refunded).collect();
        let body = raw.to_vec();
        kirana_engine::Webhook {
            event_id,
            name,
            body,
            provider_order_id,
            order_id,
            hint,
            report,
            captured,
            refunded,
            is_unread,
        }
    }
}

/// Returns the facts as a report to an order; `ours` is the provider's order that stands for it. A
/// payment is the order's by that alone.
fn report_of(facts: &[Fact], order_id: Option<OrderId>, ours: Option<&ProviderId>) -> Report {
    let mut report = Report::default();
    for fact in facts {
        match fact {
            Fact::Payment(payment) => {
                let is_ours = ours.is_some_and(|id| payment.order_id.as_deref() == Some(&**id));
                report.charges.extend(charge_of(payment).filter(|_| is_ours));
            }
            Fact::Refund(refund) => {
                let number = |key: &str| money::refund_number(order_id?, key);
                report.refunds.extend(refund_of(refund, number));
            }
            Fact::Order(order) if order_id.is_some() && receipt(order) == order_id => {
                report.provider_order_id = ProviderId::parse(&order.order_id).ok();
            }
            Fact::Order(_) | Fact::Dispute(_) => (),
        }
    }
    report
}

/// Returns the disputes about payments of the provider's order `ours`: a message about one brings
/// its payment, which says whose it is.
fn disputes_of(
    facts: &[Fact],
    ours: Option<&ProviderId>,
    said_at_s: Option<i64>,
) -> Vec<SeenDispute> {
    let is_of_ours = |id: &str| {
        let is_it = |fact: &Fact| match fact {
            Fact::Payment(it) => {
                it.payment_id == id
                    && ours.is_some()
                    && it.order_id.as_deref() == ours.map(|o| &**o)
            }
            _ => false,
        };
        facts.iter().any(is_it)
    };
    let mut disputes = Vec::new();
    for fact in facts {
        let Fact::Dispute(dispute) = fact else { continue };
        if is_of_ours(&dispute.payment_id) {
            disputes.extend(dispute_of(dispute, said_at_s));
        } else {
            let (id, payment_id) = (&dispute.dispute_id, &dispute.payment_id);
            tracing::error!(id, payment_id, "a dispute about a payment of no order of ours");
        }
    }
    disputes
}

/// The provider's order that a fact is about.
fn provider_order(fact: &Fact) -> Option<ProviderId> {
    let id = match fact {
        Fact::Payment(Payment { order_id, .. }) => order_id.as_deref()?,
        Fact::Order(Order { order_id, .. }) => order_id,
        Fact::Refund(_) | Fact::Dispute(_) => return None,
    };
    ProviderId::parse(id).ok()
}

/// Our order that a fact names: by the receipt of the provider's order, or by the key of a refund,
/// which the engine gave them.
fn named_order(fact: &Fact) -> Option<OrderId> {
    match fact {
        Fact::Payment(_) | Fact::Dispute(_) => None,
        Fact::Order(order) => receipt(order),
        Fact::Refund(refund) => simple(refund.receipt.as_deref()?.split('-').next()?),
    }
}

/// Our order that the notes of a fact name. Anybody may write notes, so they are a hint: the
/// provider's books of that order decide.
fn noted_order(fact: &Fact) -> Option<OrderId> {
    let notes = match fact {
        Fact::Payment(payment) => &payment.notes,
        Fact::Refund(refund) => &refund.notes,
        Fact::Order(_) | Fact::Dispute(_) => return None,
    };
    simple(notes.get(ORDER_NOTE)?)
}

/// The payments whose money the shop has.
fn captured(facts: &[Fact], hint: Option<OrderId>) -> Vec<LooseCharge> {
    let of_fact = |fact: &Fact| match fact {
        Fact::Payment(it) if it.status >= PaymentStatus::Captured && it.currency == CURRENCY => {
            Some(LooseCharge {
                id: ProviderId::parse(&it.payment_id).ok()?,
                amount: Paise(it.amount_paise),
                provider_order_id: it.order_id.as_deref().and_then(|id| ProviderId::parse(id).ok()),
                hint,
            })
        }
        _ => None,
    };
    facts.iter().filter_map(of_fact).collect()
}

/// The payment of which money went back, and how much in all.
fn refunded(fact: &Fact) -> Option<(ProviderId, Paise)> {
    let Fact::Payment(payment) = fact else { return None };
    let is_some = payment.amount_refunded_paise > 0 && payment.currency == CURRENCY;
    let id = ProviderId::parse(&payment.payment_id).ok().filter(|_| is_some)?;
    Some((id, Paise(payment.amount_refunded_paise)))
}

fn receipt(order: &Order) -> Option<OrderId> {
    simple(order.receipt.as_deref()?)
}

fn simple(text: &str) -> Option<OrderId> {
    Uuid::try_parse(text).ok().map(OrderId)
}

#[cfg(test)]
mod tests;
