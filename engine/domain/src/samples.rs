//! Samples that the tests of this crate share: a small shop and its orders.

use crate::facts::{Bucket, NewOrder, Preference, Reason};
use crate::order::Placement;
use crate::{
    About, Bps, Event, Fee, Item, Order, OrderId, OrderLine, Paise, PaymentMethod, PersonId,
    Principal, Product, ProductId, ReceivedLine, Record, Role, Served, Status, StockChange,
    StockLine, Store, StoreId, Sums, Text,
};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const STORE: StoreId = StoreId(Uuid::from_u128(1));
pub(crate) const AT_MS: i64 = 1_735_689_600_000;

pub(crate) fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).unwrap()
}

pub(crate) fn product_id(n: u64) -> ProductId {
    ProductId(Uuid::from_u128(0x100 + u128::from(n)))
}

pub(crate) fn order_id(n: u64) -> OrderId {
    OrderId(Uuid::from_u128(0x1000 + u128::from(n)))
}

pub(crate) const CUSTOMER: PersonId = PersonId(Uuid::from_u128(7));
pub(crate) const RIDER: PersonId = PersonId(Uuid::from_u128(8));

/// Returns a person of that role: the customer of the orders here, a packer of the store, the
/// rider.
pub(crate) fn person(role: Role) -> Principal {
    let person_id = match role {
        Role::Customer => CUSTOMER,
        Role::Rider => RIDER,
        Role::System => PersonId(Uuid::nil()),
        _ => PersonId(Uuid::from_u128(9)),
    };
    Principal { role, person_id, store_id: (role == Role::Packer).then_some(STORE) }
}

/// Returns a person of that role who has nothing to do with the orders here.
pub(crate) fn stranger(role: Role) -> Principal {
    Principal {
        role,
        person_id: PersonId(Uuid::from_u128(0x57)),
        store_id: (role == Role::Packer).then_some(StoreId(Uuid::from_u128(0x57))),
    }
}

pub(crate) fn reason() -> Reason {
    text("rain")
}

/// Returns a store that delivers anywhere: most tests are about something else than places.
pub(crate) fn store() -> Store {
    let (name, address) = (text("Dayliz Tura"), text("Main Bazaar, Tura"));
    let gstin = Some(text("17AAAAA0000A1Z3"));
    let store = Store::with_defaults(STORE, text("TUR"), name, address);
    Store { gstin, delivers_anywhere: true, ..store }
}

pub(crate) fn item(n: u64, price: Paise, gst: Bps) -> Item {
    Item {
        id: product_id(n),
        sku: text(&format!("SKU-{n}")),
        name: text(&format!("Product {n}")),
        unit: Some(text("500 g")),
        hsn: Some(text("0401")),
        price,
        gst,
    }
}

pub(crate) fn product(n: u64, price: Paise, gst: Bps) -> Product {
    Product {
        store_id: STORE,
        item: Arc::new(item(n, price, gst)),
        brand: None,
        category: None,
        mrp: price,
        max_per_order: 99,
        is_active: true,
        about: About::default(),
    }
}

pub(crate) fn record(event: Event) -> Record {
    Record { at_ms: AT_MS, by: Principal::SYSTEM, key: None, event }
}

pub(crate) fn defined(n: u64, opening_units: u32) -> Event {
    let product = Arc::new(product(n, Paise::rupees(100), Bps(500)));
    Event::ProductDefined { product, opening_units }
}

pub(crate) fn opened() -> Event {
    Event::StoreOpened { store: Arc::new(store()) }
}

pub(crate) fn new_order(n: u64, method: PaymentMethod, lines: &[(u64, u32)]) -> NewOrder {
    let line = |(n, quantity): &(u64, u32)| {
        OrderLine::new(Arc::new(item(*n, Paise::rupees(100), Bps(500))), *quantity)
    };
    let lines: Vec<_> = lines.iter().map(line).collect();
    let fee = Fee { amount: Paise::rupees(25), discount: Paise::ZERO, gst: Bps(1_800) };
    let sums = Sums::of(&lines, fee);
    let is_unpaid = method == PaymentMethod::Razorpay;
    NewOrder {
        id: order_id(n),
        number: n,
        store_id: STORE,
        customer_id: CUSTOMER,
        status: if is_unpaid { Status::PendingPayment } else { Status::Placed },
        payment_method: method,
        lines,
        sums,
        hold_expires_at_ms: is_unpaid.then_some(AT_MS + 900_000),
        preference: Preference::Refund,
        from_cart: false,
        coupon: None,
        zone_id: None,
        promise: (15, 30),
        sealed: Box::new([1, 2, 3]),
    }
}

pub(crate) fn placement(n: u64, payment_method: PaymentMethod) -> Placement {
    Placement {
        order_id: order_id(n),
        number: n,
        customer_id: CUSTOMER,
        payment_method,
        preference: Preference::Refund,
        from_cart: false,
        served: Served::default(),
        sealed: Box::new([1, 2, 3]),
    }
}

pub(crate) fn placed(n: u64, method: PaymentMethod, lines: &[(u64, u32)]) -> Event {
    Event::OrderPlaced { order: Arc::new(new_order(n, method, lines)) }
}

pub(crate) fn stock_lines(lines: &[(u64, u32)]) -> Vec<StockLine> {
    lines.iter().map(|(n, units)| StockLine { product_id: product_id(*n), units: *units }).collect()
}

pub(crate) fn received(n: u64, units: u32) -> Event {
    let line = ReceivedLine { product_id: product_id(n), units, reason: None };
    Event::StockReceived { store_id: STORE, lines: vec![line] }
}

pub(crate) fn adjusted(n: u64, delta: i32) -> Event {
    let line = StockChange { product_id: product_id(n), delta, reason: reason() };
    Event::StockAdjusted { store_id: STORE, lines: vec![line] }
}

pub(crate) fn cancelled(n: u64, from: Bucket, lines: &[(u64, u32)]) -> Event {
    Event::OrderCancelled {
        order_id: order_id(n),
        store_id: STORE,
        reason: None,
        lines: stock_lines(lines),
        from,
    }
}

pub(crate) fn expired(n: u64, lines: &[(u64, u32)]) -> Event {
    Event::OrderExpired { order_id: order_id(n), store_id: STORE, lines: stock_lines(lines) }
}

/// Checks the laws of an order, which hold after every decision.
pub(crate) fn must_make_sense(order: &Order) {
    let sums = order.sums();
    let lines: Paise = order.lines().iter().map(OrderLine::net).sum();
    assert_eq!(lines + sums.delivery_fee.net(), sums.total);
    assert!(sums.tax <= sums.total && sums.total <= order.placed.sums.total);
    let mut ids: Vec<_> = order.lines().iter().map(|line| line.item.id).collect();
    ids.sort_unstable();
    assert!(ids.is_sorted_by(|one, other| one < other), "each product once");
    assert!(order.lines().iter().all(|line| line.quantity > 0 && line.net() >= Paise::ZERO));
    assert!(order.proposals().is_empty() || order.status == Status::Accepted);
    let Some(payment) = &order.payment else { return };
    assert_eq!(payment.captured(), payment.given_back() + payment.kept() + payment.lost());
    let charges = payment.charges.iter().filter(|charge| charge.captured);
    for charge in charges {
        let left = payment.left_of(charge);
        assert!(left >= Paise::ZERO && left <= charge.amount, "{payment:?}");
    }
    let has_ended = matches!(order.status, Status::Cancelled | Status::Expired);
    if has_ended || order.status == Status::PendingPayment {
        assert_eq!(payment.kept(), Paise::ZERO, "all is owed back: {order:?}");
    } else {
        assert!(payment.kept() <= sums.total, "{payment:?}");
    }
    let is_paid = payment.good_charge().is_some();
    assert!(!is_paid || order.status != Status::Expired, "what was paid is not left expired");
}
