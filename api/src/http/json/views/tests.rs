use super::*;
use kirana_domain::order::{Journey, NewOrder, Preference, Rider, Stamps};
use kirana_domain::time::AtMs;
use kirana_domain::{
    Bps, Fee, Item, Lsn, OrderId, Paise, PaymentMethod, PersonId, Principal, ProductId, Role,
    Status, StoreId, Text, ZoneId,
};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const AT_MS: AtMs = 1_795_374_245_067;

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).unwrap()
}

fn line(n: u128, quantity: u32) -> OrderLine {
    let item = Item {
        id: ProductId(Uuid::from_u128(n)),
        sku: text("MILK-500"),
        name: text("Toned Milk"),
        unit: None,
        hsn: None,
        price: Paise(2_850),
        gst: Bps(500),
    };
    OrderLine::new(Arc::new(item), quantity)
}

/// An order to be paid that way, with nothing that an order may lack.
pub(crate) fn bare(payment_method: PaymentMethod) -> Order {
    let lines = vec![line(9, 2), line(1, 3)];
    let fee = Fee { amount: Paise(2_500), discount: Paise::ZERO, gst: Bps(1_800) };
    let is_unpaid = payment_method == PaymentMethod::Razorpay;
    let order = NewOrder {
        id: OrderId(Uuid::from_u128(0xA1)),
        number: 42,
        store_id: StoreId(Uuid::from_u128(0x51)),
        customer_id: PersonId(Uuid::from_u128(0xC1)),
        status: if is_unpaid { Status::PendingPayment } else { Status::Placed },
        payment_method,
        sums: Sums::of(&lines, fee),
        lines,
        hold_expires_at_ms: is_unpaid.then_some(AT_MS + 900_000),
        preference: Preference::Refund,
        from_cart: false,
        coupon: None,
        zone_id: None,
        promise: (0, 0),
        sealed: Box::default(),
    };
    let by = Principal {
        role: Role::Customer,
        person_id: PersonId(Uuid::from_u128(0xC1)),
        store_id: None,
    };
    let event = Event::OrderPlaced { order: Arc::new(order) };
    Order::begin(Lsn(7), &Record { at_ms: AT_MS, by, key: None, event }).unwrap()
}

/// An order on the way with everything that an order may have.
fn full() -> Order {
    let mut order = bare(PaymentMethod::Cod);
    let placed = Arc::make_mut(&mut order.placed);
    placed.coupon = kirana_domain::CouponCode::parse("MONSOON");
    placed.zone_id = Some(ZoneId(Uuid::from_u128(0x2A)));
    placed.promise = (15, 30);
    order.status = Status::OutForDelivery;
    order.stamps =
        Stamps::restore(Milestone::NAMES.iter().map(|(step, _)| (*step, AT_MS)).collect()).unwrap();
    order.journey = Some(Box::new(Journey {
        rider: Some(Rider { person_id: PersonId(Uuid::from_u128(0xB1)), accepted: true }),
        lines: Some(vec![line(1, 1)].into()),
        cash: Some(Paise(100)),
        ..Journey::default()
    }));
    order
}

fn shown(order: &Order, sealed: &str) -> Value {
    serde_json::to_value(OrderView::new(order, "TUR", Some(sealed.as_bytes()))).unwrap()
}

const BARE_ADDRESS: &str = r#"{"delivery_address":
    {"line1":"12, Hawakhana","pincode":"794001","phone":"9876543210"},"notes":null}"#;
const FULL_ADDRESS: &str = r#"{"delivery_address":{"label":"Home","name":"Asha",
    "line1":"12, Hawakhana","line2":"near the school","landmark":"tower","city":"Tura",
    "pincode":"794001","phone":"9876543210","lat":25.5222,"lng":90.2114},"notes":"ring twice"}"#;

/// The members of a value and of all values in it, as paths.
fn members(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let path = format!("{path}/{name}");
                members(value, &path, into);
                into.insert(path);
            }
        }
        Value::Array(values) => {
            values.iter().for_each(|value| members(value, &format!("{path}/*"), into));
        }
        _ => (),
    }
}

fn members_of(value: &Value) -> BTreeSet<String> {
    let mut into = BTreeSet::new();
    members(value, "", &mut into);
    into
}

#[test]
fn an_order_has_the_same_members_whatever_it_has_to_say() {
    let full = shown(&full(), FULL_ADDRESS);
    let bare = shown(&bare(PaymentMethod::Razorpay), BARE_ADDRESS);
    assert_eq!(members_of(&full), members_of(&bare));
    for name in ["rider_id", "coupon_code", "cash_collected_paise", "promise_minutes", "zone_id"] {
        assert!(bare[name].is_null() && !full[name].is_null(), "{name}");
    }
    for name in ["label", "name", "line2", "landmark", "city", "lat", "lng"] {
        assert!(bare["delivery_address"][name].is_null(), "{name}");
    }
    assert_eq!(full["delivery_address"]["lat"], 25.5222);
}

#[test]
fn the_items_of_an_order_stand_as_they_were_sent_with_what_is_missing() {
    let shown = shown(&full(), BARE_ADDRESS);
    let item = |n: usize| {
        let item = &shown["items"][n];
        ["quantity", "quantity_ordered", "quantity_missing", "missing_paise", "total_paise"]
            .map(|name| item[name].as_i64().unwrap())
    };
    assert_eq!(shown["items"][0]["product_id"], Uuid::from_u128(9).to_string());
    assert_eq!(item(0), [0, 2, 2, 5_700, 0]);
    assert_eq!(item(1), [1, 3, 2, 5_700, 2_850]);
    assert_eq!(
        (&shown["total_paise"], &shown["ordered_total_paise"]),
        (&5_350.into(), &16_750.into())
    );
}

#[test]
fn an_unpaid_order_counts_down_and_others_do_not() {
    let unpaid = shown(&bare(PaymentMethod::Razorpay), BARE_ADDRESS);
    assert_eq!(unpaid["hold_expires_at"], Rfc3339(AT_MS + 900_000).to_string());
    assert!(unpaid["stamps"]["confirmed_at"].is_null());
    let cash = shown(&bare(PaymentMethod::Cod), BARE_ADDRESS);
    assert!(cash["hold_expires_at"].is_null());
    assert_eq!(cash["stamps"]["confirmed_at"], Rfc3339(AT_MS).to_string());
    assert_eq!(cash["stamps"]["placed_at"], cash["created_at"]);
}

/// Files whose JSON is of another's making, where a member that is empty is left out: problem
/// details (RFC 9457), attributes of `CloudEvents`, claims of a token, and what is sealed.
const OF_OTHERS: [&str; 4] = ["problem.rs", "live/render.rs", "auth.rs", "json/address.rs"];

#[test]
fn no_view_leaves_a_member_out() {
    fn walk(dir: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if std::fs::read_to_string(&path)
                .unwrap()
                .contains(concat!("skip_", "serializing_if ="))
            {
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http"), &mut found);
    found.retain(|path| !OF_OTHERS.iter().any(|other| path.ends_with(other)));
    assert_eq!(found, Vec::<String>::new(), "an empty member is null");
}
