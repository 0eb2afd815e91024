//! The keys under which our orders and refunds are known at the payment provider.

use crate::OrderId;

/// The receipt under which the provider's order is made: one for each of our orders, so that a
/// create that is sent again names the same. 32 characters; the provider takes 40.
pub fn receipt_of(order_id: OrderId) -> String {
    order_id.0.simple().to_string()
}

/// The key of a refund at the provider: one for each refund we owe.
pub fn refund_key(order_id: OrderId, number: u16) -> String {
    format!("{}-{number}", order_id.0.simple())
}

/// Our number of a refund, from its key.
pub fn refund_number(order_id: OrderId, key: &str) -> Option<u16> {
    key.strip_prefix(&order_id.0.simple().to_string())?.strip_prefix('-')?.parse().ok()
}
