//! An order as the Dayliz app sends it, in our words.

use kirana_domain::StoreId;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The members that count; the app sends more, which follow from the catalogue here.
#[derive(Deserialize)]
struct Placing<'a> {
    items: Vec<Item>,
    payment_method: String,
    /// Rupees as a decimal number.
    #[serde(borrow, alias = "total_amount")]
    total: &'a RawValue,
    #[serde(alias = "delivery_address")]
    shipping_address: Option<Map<String, Value>>,
    #[serde(alias = "delivery_address_id", alias = "address_id")]
    shipping_address_id: Option<String>,
    notes: Option<String>,
    coupon_code: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    product_id: String,
    quantity: i64,
}

/// Our members of an address, and the names that the app has for each.
const ADDRESS: [(&str, &[&str]); 10] = [
    ("label", &["label", "address_type"]),
    ("name", &["name", "recipient_name", "full_name"]),
    ("line1", &["line1", "address_line1"]),
    ("line2", &["line2", "address_line2"]),
    ("landmark", &["landmark"]),
    ("city", &["city"]),
    ("pincode", &["pincode", "postal_code"]),
    ("phone", &["phone", "phone_number"]),
    ("lat", &["lat", "latitude"]),
    ("lng", &["lng", "longitude"]),
];

/// Returns the body of our own checkout.
///
/// # Errors
/// A sentence for the app's log.
pub(super) fn ours(sent: &[u8], store_id: StoreId) -> Result<Value, String> {
    let order: Placing<'_> = serde_json::from_slice(sent).map_err(|error| error.to_string())?;
    let total = paise_of(order.total.get()).ok_or("total: the total of the order, in rupees")?;
    let item = |item: &Item| json!({ "product_id": item.product_id, "quantity": item.quantity });
    let is_cash = matches!(&*order.payment_method, "cod" | "cash" | "cash_on_delivery");
    let mut body = json!({
        "store_id": store_id.0,
        "items": order.items.iter().map(item).collect::<Vec<_>>(),
        "payment_method": if is_cash { "cod" } else { "razorpay" },
        "expected_total_paise": total,
        "notes": order.notes,
        "coupon_code": order.coupon_code,
    });
    match (order.shipping_address_id, order.shipping_address) {
        (Some(id), _) => body["address_id"] = json!(id),
        (None, Some(address)) => body["delivery_address"] = address_of(&address),
        (None, None) => return Err("shipping_address: where it goes".to_owned()),
    }
    Ok(body)
}

fn address_of(sent: &Map<String, Value>) -> Value {
    let member = |(ours, theirs): &(&str, &[&str])| {
        let value = theirs.iter().find_map(|name| sent.get(*name)).filter(|value| !value.is_null());
        value.map(|value| ((*ours).to_owned(), value.clone()))
    };
    Value::Object(ADDRESS.iter().filter_map(member).collect())
}

/// Returns the paise of an amount of rupees, rounded half up. The app adds doubles, so it may send
/// `275.10000000000002`; no float is made of it here.
pub(super) fn paise_of(rupees: &str) -> Option<i64> {
    let (whole, part) = rupees.split_once('.').unwrap_or((rupees, "0"));
    if !part.bytes().all(|digit| digit.is_ascii_digit()) || whole.starts_with(['-', '+']) {
        return None;
    }
    let digit =
        |place: usize| part.as_bytes().get(place).map_or(0, |digit| i64::from(digit - b'0'));
    let hundredths = digit(0) * 10 + digit(1) + i64::from(digit(2) >= 5);
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(hundredths)
}

/// Returns the paise of `total=` in a query.
pub(super) fn total_of_query(query: Option<&str>) -> Option<i64> {
    let total = query?
        .split('&')
        .find_map(|pair| pair.strip_prefix("total=").or_else(|| pair.strip_prefix("amount=")));
    paise_of(total?)
}
