//! Orders: made once for each receipt, and looked up.

use super::{Book, Done, ENTRIES_MAX, Entry as _, PayOrder, Refusal, collection, full, no_such_id};
use serde_json::{Value, json};

/// Characters of a receipt.
const RECEIPT_CHARS_MAX: usize = 40;
/// Pairs of notes, and characters of one.
const NOTES_MAX: usize = 15;
const NOTE_CHARS_MAX: usize = 256;
/// Paise: one rupee.
const AMOUNT_MIN: i64 = 100;
/// Paise: more than any order of a shop.
const AMOUNT_MAX: i64 = 1_000_000_000_000;
/// Minutes of the two expiry periods.
const AUTOMATIC_MIN: i64 = 12;
const MANUAL_MAX: i64 = 7_200;
/// Orders of one page, unless told otherwise, and at most.
const PAGE: usize = 10;
const PAGE_MAX: usize = 100;

impl Book {
    /// `POST /v1/orders`
    pub(in crate::razorpay::sim) fn create_order(&mut self, body: &Value, now_s: i64) -> Done {
        let amount = amount(body)?;
        let currency = body["currency"].as_str().unwrap_or_default();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(Refusal::field("currency", "Currency is not supported"));
        }
        let receipt = receipt(body)?;
        let notes = notes(body)?;
        let is_automatic = capture(&body["payment"])?;
        if let Some(id) = receipt.as_ref().and_then(|receipt| self.receipts.get(receipt)) {
            let twin = self.orders.get(id).ok_or_else(no_such_id)?;
            let is_retry = body["unique_receipt"] == true && twin.amount == amount;
            if !is_retry {
                return Err(Refusal::field("receipt", "Order receipt should be unique"));
            }
            return Ok((twin.json(), Vec::new()));
        }
        if self.orders.len() >= ENTRIES_MAX {
            return Err(full());
        }
        let id = self.ids.next("order_");
        if let Some(receipt) = &receipt {
            self.receipts.insert(receipt.clone(), id.clone());
        }
        let order = PayOrder {
            id: id.clone(),
            amount,
            amount_paid: 0,
            currency: currency.to_owned(),
            receipt,
            attempts: 0,
            is_automatic,
            notes,
            created_at: now_s,
            payments: Vec::new(),
        };
        let answer = order.json();
        self.orders.insert(id, order);
        Ok((answer, Vec::new()))
    }

    /// `GET /v1/orders?count=&skip=&receipt=`
    pub(in crate::razorpay::sim) fn list_orders(&self, query: &str) -> Done {
        let given = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
        };
        let number = |name, default| match given(name).map(str::parse) {
            None => Ok(default),
            Some(Ok(number)) => Ok(number),
            Some(Err(_)) => Err(Refusal::new(format!("The {name} must be an integer."))),
        };
        let (count, skip) = (number("count", PAGE)?.min(PAGE_MAX), number("skip", 0)?);
        let wanted = given("receipt");
        let orders = self.orders.values();
        let found = orders.filter(|order| wanted.is_none() || order.receipt.as_deref() == wanted);
        let page: Vec<_> = found.skip(skip).take(count).map(super::Entry::json).collect();
        Ok((collection(&page), Vec::new()))
    }

    /// `GET /v1/orders/:id/payments`
    pub(in crate::razorpay::sim) fn order_payments(&self, id: &str) -> Done {
        let order = self.orders.get(id).ok_or_else(no_such_id)?;
        let payments = order.payments.iter().filter_map(|id| self.payments.get(id));
        let payments: Vec<_> = payments.map(super::Entry::json).collect();
        Ok((collection(&payments), Vec::new()))
    }
}

fn amount(body: &Value) -> Result<i64, Refusal> {
    match &body["amount"] {
        Value::Null => Err(Refusal::field("amount", "The amount field is required.")),
        value => match value.as_i64() {
            None => Err(Refusal::field("amount", "The amount must be an integer.")),
            Some(..AMOUNT_MIN) => {
                Err(Refusal::field("amount", "Order amount less than minimum amount allowed"))
            }
            Some(paise) if paise > AMOUNT_MAX => {
                Err(Refusal::field("amount", "Amount exceeds maximum amount allowed."))
            }
            Some(paise) => Ok(paise),
        },
    }
}

/// A receipt, of an order or a refund.
pub(super) fn receipt(body: &Value) -> Result<Option<String>, Refusal> {
    match &body["receipt"] {
        Value::Null => Ok(None),
        Value::String(text) if text.chars().count() <= RECEIPT_CHARS_MAX => Ok(Some(text.clone())),
        Value::String(_) => {
            Err(Refusal::field("receipt", "The receipt may not be greater than 40 characters."))
        }
        _ => Err(Refusal::field("receipt", "The receipt must be a string.")),
    }
}

/// Notes: an object, written as `[]` when it is empty.
pub(super) fn notes(body: &Value) -> Result<Value, Refusal> {
    let wrong = |text: &str| Err(Refusal::field("notes", text));
    match &body["notes"] {
        Value::Null => Ok(json!([])),
        Value::Array(notes) if notes.is_empty() => Ok(json!([])),
        Value::Object(notes) if notes.is_empty() => Ok(json!([])),
        Value::Object(notes) if notes.len() > NOTES_MAX => wrong("Too many notes"),
        Value::Object(notes) => {
            let is_long = |note: &Value| match note {
                Value::String(text) => text.chars().count() > NOTE_CHARS_MAX,
                other => other.is_object() || other.is_array(),
            };
            if notes.values().any(is_long) {
                return wrong("notes value is too long or not a text");
            }
            Ok(Value::Object(notes.clone()))
        }
        _ => wrong("notes should be an object"),
    }
}

/// Whether to capture by itself; false where nothing was said, as a new account is set.
fn capture(payment: &Value) -> Result<bool, Refusal> {
    if payment.is_null() {
        return Ok(false);
    }
    let wrong = |text: &str| Err(Refusal::field("payment", text));
    let options = &payment["capture_options"];
    let is_automatic = match payment["capture"].as_str() {
        Some("automatic") => true,
        Some("manual") => false,
        _ => return wrong("The capture field must be automatic or manual."),
    };
    let automatic = options["automatic_expiry_period"].as_i64();
    let manual = options["manual_expiry_period"].as_i64();
    if is_automatic && automatic.is_none() {
        return wrong("The automatic expiry period field is required.");
    }
    if automatic.is_some_and(|minutes| minutes < AUTOMATIC_MIN) {
        return wrong("The automatic expiry period must be at least 12.");
    }
    if manual.is_some_and(|minutes| minutes > MANUAL_MAX || Some(minutes) < automatic) {
        return wrong("The manual expiry period must be between the automatic one and 7200.");
    }
    match options["refund_speed"].as_str() {
        Some("normal" | "optimum") => Ok(is_automatic),
        _ => wrong("The refund speed field is required."),
    }
}
