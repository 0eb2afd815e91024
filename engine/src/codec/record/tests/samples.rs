//! A record of every kind, with every optional part once there and once not; and the largest ones.

use kirana_domain::catalogue::CodRules;
use kirana_domain::order::{NewOrder, Preference};
use kirana_domain::stock::Bucket;
use kirana_domain::time::StartClock;
use kirana_domain::{
    About, Bps, Event, Fee, Item, OrderId, OrderLine, Paise, PaymentMethod, PersonId, Principal,
    Product, ProductId, Quote, Record, Rejection, RequestKey, Role, Status, StockChange,
    StockIssue, StockLine, Store, StoreId, Sums, TaxRule, Text,
};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) mod fourth;
pub(crate) mod fourth_money;
pub(crate) mod fourth_riders;
mod kinds;
mod large;
pub(crate) mod second;
pub(crate) mod tax;
mod third;

pub(super) use fourth::fourth;
pub(super) use large::largest;
pub(super) use second::second;
pub(super) use third::third;

pub(crate) fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).unwrap()
}

/// As many characters as the field takes, of three bytes each.
fn full<const MAX: usize>() -> Text<MAX> {
    text(&"क".repeat(MAX))
}

pub(crate) const STORE: StoreId = StoreId(Uuid::from_u128(0x51));
const ORDER: OrderId = OrderId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));

pub(crate) fn product_id(n: u128) -> ProductId {
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

pub(crate) fn store() -> Store {
    let name = text("Dayliz तुरा");
    Store {
        location: (25_514_100, -90_202_400),
        // The first release had no bounds of cash but the store's own.
        cod: CodRules::OPEN,
        ..Store::with_defaults(STORE, text("TUR"), name, text("Main Bazaar, Tura"))
    }
}

pub(crate) fn item(n: u128) -> Item {
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

pub(crate) fn product() -> Product {
    Product {
        store_id: STORE,
        item: Arc::new(item(1)),
        brand: Some(text("Tura Fresh")),
        category: None,
        mrp: Paise(3_000),
        max_per_order: 12,
        is_active: true,
        about: About::default(),
    }
}

pub(crate) fn bare_product() -> Product {
    let item = Item { unit: None, hsn: None, ..item(2) };
    Product { item: Arc::new(item), brand: None, category: Some(text("Dairy")), ..product() }
}

pub(crate) fn order(method: PaymentMethod) -> NewOrder {
    let is_unpaid = method == PaymentMethod::Razorpay;
    NewOrder {
        id: ORDER,
        number: 70_000,
        store_id: STORE,
        customer_id: PersonId(Uuid::from_u128(0xC1)),
        status: if is_unpaid { Status::PendingPayment } else { Status::Placed },
        payment_method: method,
        lines: (1..3).map(|n| OrderLine::new(Arc::new(item(n)), 2)).collect(),
        sums: sums([11_400, 2_500, 100, 924, 13_800]),
        hold_expires_at_ms: is_unpaid.then_some(1_735_690_500_123),
        preference: Preference::Refund,
        from_cart: false,
        coupon: None,
        zone_id: None,
        promise: (0, 0),
        sealed: vec![0xA5; 60].into(),
    }
}

/// The first release did not record the tax in the fee, which was 18 % unless the store said else.
/// Nor is a rule of tax in it.
fn sums(figures: [i64; 5]) -> Sums {
    let [subtotal, amount, discount, tax, total] = figures.map(Paise);
    let delivery_fee = Fee { amount, discount: Paise::ZERO, gst: Bps(1_800) };
    Sums { subtotal, delivery_fee, discount, tax, tax_rule: TaxRule::OddPaisa, total }
}

fn quote() -> Quote {
    Quote {
        lines: vec![OrderLine::new(Arc::new(item(1)), 99)],
        sums: sums([282_150, 0, 0, 13_436, 282_150]),
        coupon: None,
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
        ("engine_started", own(Event::EngineStarted { epoch: 300, clock: None })),
        ("store_opened", record(Event::StoreOpened { store: Arc::new(store()) })),
        ("store_changed", record(Event::StoreChanged { store: Arc::new(store()) })),
        ("product_defined", record(opened(product(), 40))),
        ("product_defined_bare", own(opened(bare_product(), 0))),
        ("stock_received", record(third::received(None))),
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

/// Starts that record their clocks. The names are those of the kept bytes.
pub(super) fn clocks() -> Vec<(&'static str, Record)> {
    let started = |wall_ms, gap_ms| {
        own(Event::EngineStarted { epoch: 300, clock: Some(StartClock { wall_ms, gap_ms }) })
    };
    vec![
        ("engine_started_in_time", started(1_798_000_000_123, 4_000)),
        ("engine_started_in_1969", started(-86_400_000, 0)),
    ]
}

/// A record of every kind of the first release. The names are those of the kept bytes.
pub(super) fn first() -> Vec<(&'static str, Record)> {
    let mut samples = events();
    samples.extend(rejections());
    samples
}

/// Records of earlier releases that are written in a newer shape since: their kept bytes are read,
/// and no longer written.
pub(super) const OUTGROWN: [&str; 18] = [
    "store_opened",
    "store_changed",
    "store_opened_full",
    "store_changed_full",
    "product_defined",
    "product_defined_bare",
    "order_placed_cod",
    "order_placed_unpaid",
    "refused_1008",
    "order_placed_full",
    "order_placed_swap",
    "refused_1008_full",
    "invoice_issued",
    "invoice_issued_credit_note",
    "stock_received",
    "charge_seen_failed",
    "charge_seen_authorized",
    "charge_seen_captured",
];

/// All samples.
pub(super) fn samples() -> Vec<(&'static str, Record)> {
    let mut samples = first();
    samples.extend(second());
    samples.extend(third());
    samples.extend(fourth());
    samples
}
