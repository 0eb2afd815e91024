//! Sends webhooks to the other systems of the shop, as Standard Webhooks 1.0.0 has them.
//!
//! One call of [`Sender::send`] is one request: signed for this moment, to an address that was
//! looked up and checked just now, without redirects. When and how often is the engine's part.

pub mod signature;

use crate::http::json::views::OrderView;
use crate::outbound::{Call, Outbound, OutboundError, public};
use crate::rfc3339::Rfc3339;
use axum::body::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use kirana_domain::EndpointId;
use kirana_engine::{HookAnswer, HookContent, HookError, HookMessage, HookSender};
use serde::Serialize;
use serde_json::{Value, json};
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// Longest time of one try, from looking the name up to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of a body at the most; a larger order is sent without its items.
const BODY_BYTES_MAX: usize = 20_000;
/// Addresses of one name that are tried.
const ADDRESSES_TRIED_MAX: usize = 2;

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The sender of webhooks.
pub(crate) struct Sender {
    outbound: Outbound,
    allow_private: bool,
}

impl Sender {
    /// A sender. `allow_private` lets it go to this machine, without TLS too, and to private
    /// networks.
    pub(crate) fn new(outbound: Outbound, allow_private: bool) -> Self {
        Self { outbound, allow_private }
    }

    async fn try_once(&self, message: &HookMessage) -> HookAnswer {
        let uri = public::address(&message.url, self.allow_private).map_err(HookError::of)?;
        let body = body(message);
        let headers = headers(message, &body).ok_or_else(|| HookError::of("no valid headers"))?;
        let addresses = public::resolve(&uri, self.allow_private).await.map_err(HookError::of)?;
        let mut failed = HookError::of("the name has no address");
        for pinned in addresses.into_iter().take(ADDRESSES_TRIED_MAX) {
            let call = Call {
                method: Method::POST,
                uri: uri.clone(),
                headers: headers.clone(),
                body: body.clone(),
                timeout: TIMEOUT,
                pinned: Some(pinned),
            };
            match self.outbound.call(call).await {
                Ok(answer) => return taken(answer.status, &answer.headers),
                // Nobody has seen the request: another address of the name may be there.
                Err(error @ OutboundError::Unreachable { .. }) => {
                    failed = HookError::of(error.to_string());
                }
                Err(error) => return Err(HookError::of(error.to_string())),
            }
        }
        Err(failed)
    }
}

impl HookSender for Sender {
    fn send(&self, message: HookMessage) -> Pin<Box<dyn Future<Output = HookAnswer> + Send + '_>> {
        Box::pin(async move {
            let tried = tokio::time::timeout(TIMEOUT, self.try_once(&message)).await;
            let too_late = || HookError::of(format!("no answer within {} s", TIMEOUT.as_secs()));
            tried.unwrap_or_else(|_| Err(too_late()))
        })
    }
}

fn headers(message: &HookMessage, body: &[u8]) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let timestamp_s = message.sent_at_ms.div_euclid(1_000);
    let signature = signature::header(&message.secrets, &message.id, timestamp_s, body);
    Some(vec![
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (USER_AGENT, HeaderValue::from_static("kirana-webhooks")),
        (WEBHOOK_ID, HeaderValue::from_str(&message.id).ok()?),
        (WEBHOOK_TIMESTAMP, HeaderValue::from(timestamp_s)),
        (WEBHOOK_SIGNATURE, HeaderValue::from_str(&signature).ok()?),
    ])
}

#[derive(Serialize)]
struct Body<'a, T> {
    r#type: &'a str,
    timestamp: Rfc3339,
    data: T,
}

#[derive(Serialize)]
struct TestData {
    endpoint_id: uuid::Uuid,
}

fn body(message: &HookMessage) -> Bytes {
    match &message.content {
        HookContent::Test { endpoint_id: EndpointId(endpoint_id) } => {
            rendered(message, TestData { endpoint_id: *endpoint_id })
        }
        HookContent::Order { order, store_code, personal } => {
            order_body(message, &OrderView::new(order, store_code, personal.as_deref()))
        }
    }
}

/// An order that takes too many bytes is sent without its items; they can be read with its id.
fn order_body(message: &HookMessage, order: &OrderView<'_>) -> Bytes {
    let whole = rendered(message, order);
    if whole.len() <= BODY_BYTES_MAX {
        return whole;
    }
    let mut data = json!(order);
    if let Value::Object(fields) = &mut data {
        fields.remove("items");
        fields.remove("proposed_substitutes");
        fields.insert("items_left_out".to_owned(), true.into());
    }
    rendered(message, data)
}

fn rendered(message: &HookMessage, data: impl Serialize) -> Bytes {
    let (name, timestamp) = (&message.name, Rfc3339(message.happened_at_ms));
    let body = Body { r#type: name, timestamp, data };
    // Our own shapes always serialise: their keys are strings and nothing in them fails.
    serde_json::to_vec(&body).expect("a message can be rendered").into()
}

/// Only 2xx means that the message was taken; a redirect does not.
fn taken(status: u16, headers: &HeaderMap) -> HookAnswer {
    if (200..300).contains(&status) {
        return Ok(status);
    }
    let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|text| wait_of(text, SystemTime::now()));
    Err(HookError { status: Some(status), detail: format!("it answered {status}"), after })
}

/// `Retry-After` in either form, seconds or a date (RFC 9110 §10.2.3).
fn wait_of(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text.trim()).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests;
