//! The calls that we make to Razorpay. Each may be made again after any error, and does its work
//! once: an order is found again by its receipt, a refund by its key, and a capture by looking at
//! the payment.
//!
//! The payment is captured by us and not by Razorpay, so that money whose hold has gone can be left
//! to go back. No call is repeated here: how often and when is the caller's to say.

mod answer;
#[cfg(test)]
mod tests;

use super::entity::{self, Notes, Order, Payment, PaymentStatus, Refund};
use crate::outbound::{self, Call, Outbound};
use crate::secret::Secret;
pub(crate) use answer::ClientError;
use answer::{garbled, read};
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;

/// The address of Razorpay.
pub(crate) const URL: &str = "https://api.razorpay.com/v1";
/// Longest time of a call, unless told otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
/// Characters of a receipt.
pub(crate) const RECEIPT_CHARS_MAX: usize = 40;
/// The one currency that we take.
pub(crate) const CURRENCY: &str = "INR";

/// Minutes after which Razorpay gives back what nobody has captured: five days, its maximum. Long,
/// because a late authorisation comes after days, and giving back is then our decision.
const MANUAL_EXPIRY_MIN: u32 = 7_200;
/// Without a meaning while we capture ourselves; Razorpay wants both or none. Its minimum.
const AUTOMATIC_EXPIRY_MIN: u32 = 12;
/// Payments or refunds of one answer.
const LIST_MAX: usize = 100;
/// Characters of a refund's key.
const KEY_CHARS: std::ops::RangeInclusive<usize> = 10..=64;

const REFUND_KEY: HeaderName = HeaderName::from_static("x-refund-idempotency");

/// The access to Razorpay.
#[derive(Clone, Debug)]
pub struct Access {
    /// `rzp_test_…` or `rzp_live_…`; no secret.
    pub key_id: String,
    /// Its secret.
    pub key_secret: Secret,
    /// [`URL`], or where the stand-in is.
    pub url: String,
    /// For each call, all in all.
    pub timeout: Duration,
}

/// Razorpay's API. Cheap to clone.
#[derive(Clone)]
pub struct Razorpay {
    outbound: Outbound,
    authorization: HeaderValue,
    key_id: String,
    url: String,
    timeout: Duration,
}

impl fmt::Debug for Razorpay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without what it signs in with.
        let Self { key_id, url, timeout, .. } = self;
        f.debug_struct("Razorpay")
            .field("key_id", key_id)
            .field("url", url)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}

impl Razorpay {
    /// A client; it does not call yet.
    ///
    /// # Errors
    /// A sentence for an address that may not be called: plain `http` goes to this machine only.
    pub fn new(access: &Access, outbound: Outbound) -> Result<Self, String> {
        let url = access.url.trim_end_matches('/').to_owned();
        let uri = outbound::address(&url)?;
        if uri.query().is_some() {
            return Err(format!("`{url}` has a query"));
        }
        let pair = [access.key_id.as_bytes(), b":", access.key_secret.bytes()].concat();
        // `Basic` is case-sensitive at Razorpay.
        let mut authorization = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))
            .map_err(|_| "the key cannot be sent in a header".to_owned())?;
        authorization.set_sensitive(true);
        let (key_id, timeout) = (access.key_id.clone(), access.timeout);
        Ok(Self { outbound, authorization, key_id, url, timeout })
    }

    /// The key id, which the customer's device needs.
    pub(crate) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// An order to pay `amount_paise`. The same receipt leads to the same order, however often.
    ///
    /// # Errors
    /// [`ClientError`]; `Refused` also for a receipt that has an order over another amount.
    pub(crate) async fn create_order(
        &self,
        receipt: &str,
        amount_paise: i64,
        notes: &Notes,
    ) -> Result<Order, ClientError> {
        if receipt.is_empty() || receipt.chars().count() > RECEIPT_CHARS_MAX {
            return Err(ours("the receipt has 1 to 40 characters"));
        }
        let body = json!({
            "amount": amount_paise,
            "currency": CURRENCY,
            "receipt": receipt,
            "unique_receipt": true,
            "notes": notes,
            "payment": {
                "capture": "manual",
                "capture_options": {
                    "automatic_expiry_period": AUTOMATIC_EXPIRY_MIN,
                    "manual_expiry_period": MANUAL_EXPIRY_MIN,
                    "refund_speed": "normal",
                },
            },
        });
        let value = self.post("orders", &body, Vec::new()).await?;
        let order = Order::read(&value, None).map_err(garbled)?;
        let is_ours = order.amount_paise == amount_paise
            && order.currency == CURRENCY
            && order.receipt.as_deref() == Some(receipt);
        if is_ours {
            Ok(order)
        } else {
            Err(garbled("the order is not the one that was asked for"))
        }
    }

    /// Reads one order.
    ///
    /// # Errors
    /// [`ClientError`]
    #[cfg(test)]
    pub(crate) async fn fetch_order(&self, order_id: &str) -> Result<Order, ClientError> {
        let value = self.get(&format!("orders/{}", checked(order_id)?)).await?;
        Order::read(&value, None::<entity::OrderStatus>).map_err(garbled)
    }

    /// Every attempt to pay an order that can be read, at most 100.
    ///
    /// # Errors
    /// [`ClientError`]
    pub(crate) async fn fetch_order_payments(
        &self,
        order_id: &str,
    ) -> Result<Vec<Payment>, ClientError> {
        let value = self.get(&format!("orders/{}/payments", checked(order_id)?)).await?;
        items(&value, |item| Payment::read(item, None))
    }

    /// A payment as it is now.
    ///
    /// # Errors
    /// [`ClientError`]
    pub(crate) async fn fetch_payment(&self, payment_id: &str) -> Result<Payment, ClientError> {
        let value = self.get(&format!("payments/{}", checked(payment_id)?)).await?;
        let payment = Payment::read(&value, None).map_err(garbled)?;
        if payment.payment_id == payment_id { Ok(payment) } else { Err(garbled("another payment")) }
    }

    /// Every refund of a payment that can be read, at most 100.
    ///
    /// # Errors
    /// [`ClientError`]
    pub(crate) async fn fetch_refunds(&self, payment_id: &str) -> Result<Vec<Refund>, ClientError> {
        let path = format!("payments/{}/refunds?count={LIST_MAX}", checked(payment_id)?);
        items(&self.get(&path).await?, |item| Refund::read(item, None))
    }

    /// Takes the money of an authorised payment; `amount_paise` is all of it. A payment that was
    /// captured before is answered as it is now, which may be refunded.
    ///
    /// # Errors
    /// [`ClientError`]
    pub(crate) async fn capture(
        &self,
        payment_id: &str,
        amount: i64,
    ) -> Result<Payment, ClientError> {
        let path = format!("payments/{}/capture", checked(payment_id)?);
        let body = json!({ "amount": amount, "currency": CURRENCY });
        let is_taken = |payment: &Payment| {
            payment.status >= PaymentStatus::Captured
                && (payment.amount_paise, payment.currency.as_str()) == (amount, CURRENCY)
        };
        let captured = match self.post(&path, &body, Vec::new()).await {
            Ok(value) => Payment::read(&value, None).map_err(garbled)?,
            // Razorpay refuses a second capture: the answer to the first may have been lost.
            Err(ClientError::Refused { code, description }) => {
                let payment = self.fetch_payment(payment_id).await?;
                if !is_taken(&payment) {
                    return Err(ClientError::Refused { code, description });
                }
                payment
            }
            Err(error) => return Err(error),
        };
        let is_ours = captured.payment_id == payment_id && is_taken(&captured);
        if is_ours {
            Ok(captured)
        } else {
            Err(garbled("the payment is not captured as asked for"))
        }
    }

    /// Gives money back. The same key with the same values is the same refund, however often.
    ///
    /// # Errors
    /// [`ClientError`]; `Refused` also for a key that was used with other values.
    pub(crate) async fn refund(
        &self,
        payment_id: &str,
        ask: &RefundAsk<'_>,
    ) -> Result<Refund, ClientError> {
        let path = format!("payments/{}/refund", checked(payment_id)?);
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let key = ask.idempotency_key;
        if !KEY_CHARS.contains(&key.len()) || !key.bytes().all(is_sign) {
            return Err(ours("a refund's key has 10 to 64 letters, digits, - or _"));
        }
        let key = HeaderValue::try_from(key).map_err(|_| ours("a refund's key is a header"))?;
        let body = json!({
            "amount": ask.amount_paise,
            "speed": "normal",
            "receipt": ask.receipt,
            "notes": ask.notes,
        });
        let value = self.post(&path, &body, vec![(REFUND_KEY, key)]).await?;
        let refund = Refund::read(&value, None).map_err(garbled)?;
        // Not the currency: a payment in a wrong one is given back in that.
        let is_ours = refund.payment_id == payment_id && refund.amount_paise == ask.amount_paise;
        if is_ours { Ok(refund) } else { Err(garbled("the refund is not the one asked for")) }
    }

    async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.call(Method::GET, path, Bytes::new(), Vec::new()).await
    }

    async fn post(
        &self,
        path: &str,
        body: &Value,
        mut headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<Value, ClientError> {
        headers.push((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
        self.call(Method::POST, path, Bytes::from(body.to_string()), headers).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        mut headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<Value, ClientError> {
        let uri = format!("{}/{path}", self.url);
        let uri: Uri = uri.parse().map_err(|_| ours("the address of the call is none"))?;
        headers.push((header::AUTHORIZATION, self.authorization.clone()));
        headers.push((header::ACCEPT, HeaderValue::from_static("application/json")));
        let call = Call { method, uri, headers, body, timeout: self.timeout, pinned: None };
        read(self.outbound.call(call).await)
    }
}

/// A refund to ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefundAsk<'a> {
    /// At least [`kirana_domain::limits::ONLINE_PAISE_MIN`].
    pub amount_paise: i64,
    /// Our own name for it, at most [`RECEIPT_CHARS_MAX`].
    pub receipt: &'a str,
    /// Notes to keep with it.
    pub notes: &'a Notes,
    /// 10 to 64 letters, digits, `-` or `_`: one for each refund that we decide.
    pub idempotency_key: &'a str,
}

/// An id that may stand in a path. Ids come from our own record, but into that from outside.
fn checked(id: &str) -> Result<&str, ClientError> {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !entity::is_id(id) || !id.bytes().all(is_sign) {
        return Err(ours("the id is none of Razorpay's"));
    }
    Ok(id)
}

/// A refusal of our own, before anything was sent.
fn ours(description: &str) -> ClientError {
    ClientError::Refused { code: "NOT_SENT".to_owned(), description: description.to_owned() }
}

/// The items of a collection. One that cannot be read is told to the operator, and keeps no other
/// from being read.
fn items<T>(
    value: &Value,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<Vec<T>, ClientError> {
    let items = value["items"].as_array().ok_or_else(|| garbled("`items` is missing"))?;
    if items.len() > LIST_MAX {
        return Err(garbled("there are more items than a list has"));
    }
    let read = |item| read(item).map_err(|sentence| super::unread("books", &sentence)).ok();
    Ok(items.iter().filter_map(read).collect())
}
