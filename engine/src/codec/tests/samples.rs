//! A record of every kind, with every optional part once there and once not; and the largest ones.

use kirana_domain::limits::{BASKET_LINES_MAX, FEE_STEPS_MAX, SEALED_BYTES_MAX, STOCK_LINES_MAX};
use kirana_domain::order::NewOrder;
use kirana_domain::stock::Bucket;
use kirana_domain::{
    Bps, Event, FeeStep, Item, OrderId, OrderLine, Paise, PaymentMethod, PersonId, Principal,
    Product, ProductId, Quote, QuoteLine, Record, Rejection, RequestKey, Role, Status, StockChange,
    StockIssue, StockLine, Store, StoreId, Text,
};
use std::sync::Arc;
use uuid::Uuid;

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).unwrap()
}

/// As many characters as the field takes, of three bytes each.
fn full<const MAX: usize>() -> Text<MAX> {
    text(&"क".repeat(MAX))
}

const STORE: StoreId = StoreId(Uuid::from_u128(0x51));
const ORDER: OrderId = OrderId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));

fn product_id(n: u128) -> ProductId {
    ProductId(Uuid::from_u128(0xF0 + n))
}

fn record(event: Event) -> Record {
    let by = Principal {
        role: Role::Packer,
        person_id: PersonId(Uuid::from_u128(0x9e)),
        store_id: Some(STORE),
    };
    let key = RequestKey { id: [7; 16], fingerprint: [9; 16] };
    Record { at_ms: 1_735_689_600_123, by, key: Some(key), event }
}

/// By the engine itself, without a key.
fn own(event: Event) -> Record {
    Record { by: Principal::SYSTEM, key: None, ..record(event) }
}

fn refused(rejection: Rejection) -> Record {
    record(Event::CommandRefused { rejection })
}

fn store() -> Store {
    let name = text("Dayliz तुरा");
    Store {
        location: (25_514_100, -90_202_400),
        ..Store::with_defaults(STORE, text("TUR"), name, text("Main Bazaar, Tura"))
    }
}

fn item(n: u128) -> Item {
    Item {
        id: product_id(n),
        sku: text("MILK-500"),
        name: text("Toned Milk दूध"),
        unit: Some(text("500 ml")),
        hsn: Some(text("0401")),
        price: Paise(2_850),
        gst: Bps(500),
    }
}

fn product() -> Product {
    Product {
        store_id: STORE,
        item: Arc::new(item(1)),
        brand: Some(text("Tura Fresh")),
        category: None,
        mrp: Paise(3_000),
        max_per_order: 12,
    }
}

fn bare_product() -> Product {
    let item = Item { unit: None, hsn: None, ..item(2) };
    Product { item: Arc::new(item), brand: None, category: Some(text("Dairy")), ..product() }
}

fn order(method: PaymentMethod) -> NewOrder {
    let is_unpaid = method == PaymentMethod::Razorpay;
    NewOrder {
        id: ORDER,
        number: 70_000,
        store_id: STORE,
        customer_id: PersonId(Uuid::from_u128(0xC1)),
        status: if is_unpaid { Status::PendingPayment } else { Status::Placed },
        payment_method: method,
        lines: (1..3).map(|n| OrderLine { item: Arc::new(item(n)), quantity: 2 }).collect(),
        subtotal: Paise(11_400),
        delivery_fee: Paise(2_500),
        discount: Paise(100),
        tax: Paise(924),
        total: Paise(13_800),
        hold_expires_at_ms: is_unpaid.then_some(1_735_690_500_123),
        sealed: vec![0xA5; 60].into(),
    }
}

fn quote() -> Quote {
    Quote {
        lines: vec![QuoteLine { item: Arc::new(item(1)), quantity: 99 }],
        subtotal: Paise(282_150),
        delivery_fee: Paise::ZERO,
        discount: Paise::ZERO,
        tax: Paise(13_436),
        total: Paise(282_150),
    }
}

fn back() -> Vec<StockLine> {
    (1..3).map(|n| StockLine { product_id: product_id(n), units: 2 }).collect()
}

fn changes() -> Vec<StockChange> {
    [-300, 70_000]
        .map(|delta| StockChange { product_id: product_id(1), delta, reason: text("broken") })
        .to_vec()
}

fn issues() -> Vec<StockIssue> {
    let issue = |n| StockIssue {
        product_id: product_id(n),
        product_name: text("Rice चावल"),
        requested: 99,
        available: 3,
    };
    (1..3).map(issue).collect()
}

fn cancelled(from: Bucket, reason: Option<&str>) -> Event {
    let reason = reason.map(text);
    Event::OrderCancelled { order_id: ORDER, store_id: STORE, reason, lines: back(), from }
}

fn events() -> Vec<(&'static str, Record)> {
    let cod = Arc::new(order(PaymentMethod::Cod));
    let unpaid = Arc::new(order(PaymentMethod::Razorpay));
    let opened = |product, opening_units| Event::ProductDefined {
        product: Arc::new(product),
        opening_units,
    };
    vec![
        ("engine_started", own(Event::EngineStarted { epoch: 300 })),
        ("store_opened", record(Event::StoreOpened { store: Arc::new(store()) })),
        ("store_changed", record(Event::StoreChanged { store: Arc::new(store()) })),
        ("product_defined", record(opened(product(), 40))),
        ("product_defined_bare", own(opened(bare_product(), 0))),
        ("stock_received", record(Event::StockReceived { store_id: STORE, lines: back() })),
        ("stock_adjusted", record(Event::StockAdjusted { store_id: STORE, lines: changes() })),
        ("order_placed_cod", record(Event::OrderPlaced { order: cod })),
        ("order_placed_unpaid", record(Event::OrderPlaced { order: unpaid })),
        ("order_cancelled", record(cancelled(Bucket::Allocated, Some("rain")))),
        ("order_cancelled_without_reason", record(cancelled(Bucket::Held, None))),
        (
            "order_expired",
            own(Event::OrderExpired { order_id: ORDER, store_id: STORE, lines: back() }),
        ),
    ]
}

fn rejections() -> Vec<(&'static str, Record)> {
    use Rejection as R;
    let (product_id, amount, maximum) = (product_id(1), Paise(12_345), Paise(10_000));
    vec![
        ("refused_1001", R::BasketEmpty),
        ("refused_1002", R::TooManyLines { lines: 51 }),
        ("refused_1003", R::QuantityOutOfRange { product_id, quantity: 1 << 40 }),
        ("refused_1004", R::UnknownProduct { product_id }),
        ("refused_1005", R::OverMaxPerOrder { product_id, max: 12 }),
        ("refused_1006", R::BelowMinimum { subtotal: amount, minimum: maximum }),
        ("refused_1007", R::AboveMaximum { total: amount, maximum }),
        ("refused_1008", R::PriceChanged { quote: Box::new(quote()) }),
        ("refused_2001", R::InsufficientStock { issues: issues() }),
        ("refused_2002", R::AdjustBelowZero { issues: issues() }),
        ("refused_2003", R::StockOverflow { product_id }),
        ("refused_3001", R::IllegalMove { from: Status::Expired, wanted: "cancel" }),
        ("refused_3002", R::HoldNotOver),
        ("refused_3003", R::ReasonMissing),
        ("refused_4001", R::CodLimit { total: amount, maximum }),
    ]
    .into_iter()
    .map(|(name, rejection)| (name, refused(rejection)))
    .collect()
}

/// A record of every kind. The names are those of the kept bytes.
pub(super) fn samples() -> Vec<(&'static str, Record)> {
    let mut samples = events();
    samples.extend(rejections());
    samples
}

/// The name that the samples of an event or rejection begin with. No wildcard: a new kind does not
/// compile until it has a name here, and the test below wants a sample of that name.
fn kind(record: &Record) -> String {
    match &record.event {
        Event::EngineStarted { .. } => "engine_started".into(),
        Event::StoreOpened { .. } => "store_opened".into(),
        Event::StoreChanged { .. } => "store_changed".into(),
        Event::ProductDefined { .. } => "product_defined".into(),
        Event::StockReceived { .. } => "stock_received".into(),
        Event::StockAdjusted { .. } => "stock_adjusted".into(),
        Event::OrderPlaced { .. } => "order_placed".into(),
        Event::OrderCancelled { .. } => "order_cancelled".into(),
        Event::OrderExpired { .. } => "order_expired".into(),
        Event::CommandRefused { rejection } => format!("refused_{}", rejection.code()),
    }
}

#[test]
fn there_is_a_sample_of_every_kind_under_its_name() {
    let mut kinds: Vec<String> = samples().iter().map(|(_, record)| kind(record)).collect();
    assert!(samples().iter().zip(&kinds).all(|((name, _), kind)| name.starts_with(kind)));
    kinds.dedup();
    assert_eq!(kinds.len(), 9 + 15, "nine facts and fifteen rejections");
}

fn full_item(n: u128) -> Arc<Item> {
    Arc::new(Item {
        id: product_id(n),
        sku: full(),
        name: full(),
        unit: Some(full()),
        hsn: Some(full()),
        price: Paise(i64::MAX),
        gst: Bps(u16::MAX),
    })
}

/// The largest record of every kind that can be large.
pub(super) fn largest() -> Vec<(&'static str, Record)> {
    let lines = || (0..BASKET_LINES_MAX as u128).map(|n| (full_item(n), u32::MAX));
    let order = NewOrder {
        number: u64::MAX,
        lines: lines().map(|(item, quantity)| OrderLine { item, quantity }).collect(),
        subtotal: Paise(i64::MAX),
        tax: Paise(i64::MAX),
        total: Paise(i64::MAX),
        sealed: vec![0xFF; SEALED_BYTES_MAX].into(),
        ..order(PaymentMethod::Razorpay)
    };
    let quote = Quote {
        lines: lines().map(|(item, quantity)| QuoteLine { item, quantity }).collect(),
        subtotal: Paise(i64::MAX),
        ..quote()
    };
    let issue = |n| StockIssue {
        product_id: product_id(n),
        product_name: full(),
        requested: u32::MAX,
        available: u32::MAX,
    };
    let issues: Vec<_> = (0..BASKET_LINES_MAX as u128).map(issue).collect();
    let all_issues: Vec<_> = (0..STOCK_LINES_MAX as u128).map(issue).collect();
    let change = StockChange { product_id: product_id(1), delta: i32::MIN, reason: full() };
    let received = StockLine { product_id: product_id(1), units: u32::MAX };
    let store = Store {
        code: full(),
        name: full(),
        address: full(),
        fee_steps: vec![FeeStep { below: Paise(i64::MAX), fee: Paise(i64::MAX) }; FEE_STEPS_MAX],
        ..store()
    };
    vec![
        ("order_placed", record(Event::OrderPlaced { order: Arc::new(order) })),
        ("price_changed", refused(Rejection::PriceChanged { quote: Box::new(quote) })),
        ("insufficient_stock", refused(Rejection::InsufficientStock { issues })),
        ("store_opened", record(Event::StoreOpened { store: Arc::new(store) })),
        (
            "stock_received",
            record(Event::StockReceived {
                store_id: STORE,
                lines: vec![received; STOCK_LINES_MAX],
            }),
        ),
        (
            "stock_adjusted",
            record(Event::StockAdjusted { store_id: STORE, lines: vec![change; STOCK_LINES_MAX] }),
        ),
        ("adjust_below_zero", refused(Rejection::AdjustBelowZero { issues: all_issues })),
    ]
}
