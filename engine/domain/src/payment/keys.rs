//! The keys of orders and refunds at the payment provider.

use crate::OrderId;
use crate::limits::PROVIDER_ID_CHARS_MAX;

/// Characters of an order's id without hyphens.
const RECEIPT_CHARS: usize = 32;
// A receipt fits, and so does the key of a refund: a hyphen and the five digits of a `u16` more.
const _: () = assert!(RECEIPT_CHARS + 1 + 5 <= PROVIDER_ID_CHARS_MAX);

/// Returns the receipt that the provider's order is made with: one for each order, so that a
/// create that is sent again names the same. 32 characters; the provider takes 40.
pub fn receipt_of(order_id: OrderId) -> String {
    let receipt = order_id.0.simple().to_string();
    assert_eq!(receipt.len(), RECEIPT_CHARS, "the provider refuses longer ones");
    receipt
}

/// Returns the key of a refund at the provider: one for each refund that is owed. At most 38
/// characters.
pub fn refund_key(order_id: OrderId, number: u16) -> String {
    let key = format!("{}-{number}", order_id.0.simple());
    debug_assert_eq!(refund_number(order_id, &key), Some(number), "a report is read back");
    assert!(key.len() <= PROVIDER_ID_CHARS_MAX, "the provider refuses longer ones");
    key
}

/// Returns the engine's number of a refund, from its key.
pub fn refund_number(order_id: OrderId, key: &str) -> Option<u16> {
    key.strip_prefix(&order_id.0.simple().to_string())?.strip_prefix('-')?.parse().ok()
}
