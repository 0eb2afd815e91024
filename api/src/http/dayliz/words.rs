//! Our answers in the words of the Dayliz app: its members, its states, rupees with two decimals.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// An amount in rupees with two decimals, made of whole paise.
struct Rupees(i64);

impl Serialize for Rupees {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (sign, paise) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let text = format!("{sign}{}.{:02}", paise / 100, paise % 100);
        RawValue::from_string(text).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// Returns the amount of a member of ours: they are always there.
fn rupees(ours: &Value, name: &str) -> Rupees {
    Rupees(ours[name].as_i64().unwrap_or_default())
}

/// An order of ours as the app reads it.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the app names them so")]
pub(super) struct Order<'a> {
    id: &'a Value,
    user_id: &'a Value,
    order_number: &'a Value,
    items: Items<'a>,
    subtotal: Rupees,
    tax: Rupees,
    shipping: Rupees,
    total: Rupees,
    discount: Rupees,
    status: &'static str,
    payment_status: &'static str,
    agent_status: Option<&'static str>,
    created_at: &'a Value,
    updated_at: &'a Value,
    shipping_address: &'a Value,
    billing_address: &'a Value,
    payment_method: &'a Value,
    tracking_number: &'a Value,
    notes: &'a Value,
    coupon_code: &'a Value,
}

/// Returns an order in the app's words.
pub(super) fn order(ours: &Value) -> Order<'_> {
    Order {
        id: &ours["id"],
        user_id: &ours["customer_id"],
        order_number: &ours["order_number"],
        items: Items(ours),
        subtotal: rupees(ours, "subtotal_paise"),
        tax: rupees(ours, "tax_paise"),
        shipping: rupees(ours, "delivery_fee_paise"),
        total: rupees(ours, "total_paise"),
        discount: rupees(ours, "discount_paise"),
        status: status(text(ours, "status"), text(ours, "payment_status")),
        payment_status: payment_status(text(ours, "payment_status")),
        agent_status: agent_status(ours),
        created_at: &ours["created_at"],
        updated_at: &ours["updated_at"],
        shipping_address: &ours["delivery_address"],
        billing_address: &ours["delivery_address"],
        payment_method: &ours["payment_method"],
        tracking_number: &ours["order_number"],
        notes: &ours["notes"],
        coupon_code: &ours["coupon_code"],
    }
}

fn text<'a>(ours: &'a Value, name: &str) -> &'a str {
    ours[name].as_str().unwrap_or_default()
}

/// The items of an order that it still has.
struct Items<'a>(&'a Value);

#[derive(Serialize)]
struct Item<'a> {
    id: &'a Value,
    product_id: &'a Value,
    product_name: &'a Value,
    image_url: Option<()>,
    quantity: &'a Value,
    unit_price: Rupees,
    total_price: Rupees,
    options: Option<()>,
    variant_id: Option<()>,
    sku: &'a Value,
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_seq(None)?;
        let items = self.0["items"].as_array().map_or(&[][..], Vec::as_slice);
        for ours in items.iter().filter(|item| item["quantity"] != 0) {
            out.serialize_element(&Item {
                id: &ours["product_id"],
                product_id: &ours["product_id"],
                product_name: &ours["product_name"],
                image_url: None,
                quantity: &ours["quantity"],
                unit_price: rupees(ours, "unit_price_paise"),
                total_price: rupees(ours, "total_paise"),
                options: None,
                variant_id: None,
                sku: &ours["sku"],
            })?;
        }
        out.end()
    }
}

/// A page of orders.
pub(super) struct Orders<'a>(pub &'a Value);

impl Serialize for Orders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Page<'a> {
            data: Vec<Order<'a>>,
            next_cursor: &'a Value,
            has_more: &'a Value,
        }
        let orders = self.0["data"].as_array().map_or(&[][..], Vec::as_slice);
        let (next_cursor, has_more) = (&self.0["next_cursor"], &self.0["has_more"]);
        Page { data: orders.iter().map(order).collect(), next_cursor, has_more }
            .serialize(serializer)
    }
}

/// Returns the app's word for a state of an order.
fn status(ours: &str, payment: &str) -> &'static str {
    match (ours, payment) {
        ("delivered" | "cancelled", "refunded") => "refunded",
        ("pending_payment", _) => "payment_pending",
        ("placed", _) => "confirmed",
        ("accepted" | "packed" | "assigned" | "delivery_failed", _) => "processing",
        ("picked_up" | "out_for_delivery", _) => "out_for_delivery",
        ("delivered", _) => "delivered",
        ("cancelled" | "expired", _) => "cancelled",
        _ => "pending",
    }
}

/// Returns the app's word for the state of the money.
fn payment_status(ours: &str) -> &'static str {
    match ours {
        "completed" | "cod_collected" | "partially_refunded" => "completed",
        "failed" | "timed_out" => "failed",
        "refunded" | "refund_pending" => "refunded",
        _ => "pending",
    }
}

/// Returns the app's word for the rider's part; none without a rider.
fn agent_status(ours: &Value) -> Option<&'static str> {
    let is_accepted = ours["rider_accepted"].as_bool()?;
    Some(match text(ours, "status") {
        "picked_up" => "picked_up",
        "out_for_delivery" => "in_transit",
        "delivered" => "delivered",
        _ if is_accepted => "accepted",
        _ => "assigned",
    })
}

/// Returns what the app's tracking screen shows.
pub(super) fn track(ours: &Value) -> Value {
    json!({
        "order_id": ours["id"],
        "order_number": ours["order_number"],
        "status": status(text(ours, "status"), text(ours, "payment_status")),
        "agent_status": agent_status(ours),
        "agent_id": ours["rider_id"],
        "estimated_delivery_time": ours["estimated_at"],
        "estimated_minutes": ours["estimate_minutes"],
        "timeline": ours["stamps"],
        "updated_at": ours["updated_at"],
    })
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the app names them so")]
pub(super) struct Payment<'a> {
    order_id: &'a Value,
    payment_status: &'static str,
    payment_method: &'a Value,
    razorpay_order_id: &'a Value,
    currency: &'a Value,
    amount: Rupees,
    amount_paid: Rupees,
    amount_refunded: Rupees,
    attempts_left: &'a Value,
}

/// Returns the money of an order in the app's words.
pub(super) fn payment(ours: &Value) -> Payment<'_> {
    Payment {
        order_id: &ours["order_id"],
        payment_status: payment_status(text(ours, "status")),
        payment_method: &ours["payment_method"],
        razorpay_order_id: &ours["razorpay_order_id"],
        currency: &ours["currency"],
        amount: rupees(ours, "due_paise"),
        amount_paid: rupees(ours, "captured_paise"),
        amount_refunded: rupees(ours, "given_back_paise"),
        attempts_left: &ours["attempts_left"],
    }
}

/// The ways to pay.
pub(super) struct Methods<'a>(pub &'a Value);

impl Serialize for Methods<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Method<'a> {
            id: &'a Value,
            enabled: &'a Value,
            max_amount: Rupees,
            message: &'a Value,
        }
        #[derive(Serialize)]
        struct Methods<'a> {
            methods: Vec<Method<'a>>,
        }
        let ours = self.0["data"].as_array().map_or(&[][..], Vec::as_slice);
        let methods = ours.iter().map(|ours| Method {
            id: &ours["payment_method"],
            enabled: &ours["available"],
            max_amount: rupees(ours, "maximum_paise"),
            message: &ours["reason"]["detail"],
        });
        Methods { methods: methods.collect() }.serialize(serializer)
    }
}

/// Returns the proof of a checkout: the members that count.
pub(super) fn proof(sent: &Value) -> Value {
    json!({
        "razorpay_order_id": sent["razorpay_order_id"],
        "razorpay_payment_id": sent["razorpay_payment_id"],
        "razorpay_signature": sent["razorpay_signature"],
    })
}

/// Returns a refusal in the app's words; the codes are the same.
pub(super) fn refusal(problem: &Value) -> Value {
    let detail = problem["detail"].as_str().or(problem["title"].as_str());
    json!({
        "success": false,
        "error": problem["code"],
        "message": detail.unwrap_or("the request could not be answered"),
        "retryable": problem["retryable"],
        "request_id": problem["request_id"],
        "stock_issues": problem["stock_issues"],
    })
}
