//! A record of the log as JSON, with all its fields: the one place that says how a fact is shown.
//!
//! Ids are UUIDs, amounts are integers of paise, times are RFC 3339. What is sealed stays sealed:
//! of it there is the length and a fingerprint.

mod fields;
mod refused;
mod text;

pub(super) use fields::order_line;
pub(in crate::cli) use text::{headline, lines};

use crate::rfc3339::Rfc3339;
use fields::fields;
use kirana_domain::{Lsn, Principal, Record};
use kirana_storage::hex;
use serde::Serialize;
use serde_json::{Value, json};

/// A record and where it is.
pub(super) fn record(lsn: Lsn, record: &Record) -> Value {
    let mut shown = json!({
        "lsn": lsn.0,
        "at": time(record.at_ms),
        "by": principal(&record.by),
        "event": record.event.kind(),
        "fields": fields(&record.event),
    });
    if let Some(key) = &record.key {
        shown["key"] =
            json!({ "id": hex::encode(&key.id), "fingerprint": hex::encode(&key.fingerprint) });
    }
    shown
}

/// Renders the person of a record.
pub(super) fn principal(by: &Principal) -> Value {
    let mut shown = json!({ "role": by.role.name() });
    if !by.person_id.0.is_nil() {
        shown["person_id"] = json!(by.person_id.0);
    }
    if let Some(store_id) = by.store_id {
        shown["store_id"] = json!(store_id.0);
    }
    shown
}

/// Milliseconds since 1970 as RFC 3339.
pub(super) fn time(at_ms: i64) -> Value {
    Value::String(Rfc3339(at_ms).to_string())
}

/// Returns a view of HTTP as a value.
fn view(shown: impl Serialize) -> Value {
    serde_json::to_value(shown).unwrap_or_default()
}

#[cfg(test)]
mod tests;
