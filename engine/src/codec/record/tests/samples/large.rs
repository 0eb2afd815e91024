//! The largest record of every kind that can be large.

use super::second::{changed, full_order, full_quote};
use super::{ORDER, STORE, full, own, product, product_id, record, refused, store, text};
use kirana_domain::geo::{Area, Point};
use kirana_domain::limits::{
    AREA_VERTICES_MAX, ATTRIBUTES_MAX, BASKET_LINES_MAX, FEE_STEPS_MAX, GST_RATES_MAX,
    LABEL_CHARS_MAX, LINE_UNITS_MAX, SEALED_BYTES_MAX, STOCK_LINES_MAX, SUBCATEGORIES_MAX,
    WEBHOOK_BYTES_MAX,
};
use kirana_domain::order::{LinesChange, NewOrder, Proposal};
use kirana_domain::{
    About, Bps, CalendarDay, CouponCode, Event, Fee, FeeStep, GstRate, Item, OrderLine, Paise,
    PersonId, Product, ProductId, Quote, ReceivedLine, Record, Rejection, StockChange, StockIssue,
    StockLine, Store, Sums, Weather, Zone, ZoneId, ZoneKind,
};
use std::sync::Arc;
use uuid::Uuid;

const MOST: Paise = Paise(i64::MAX);

fn full_item(n: u128) -> Arc<Item> {
    Arc::new(Item {
        id: product_id(n),
        sku: full(),
        name: full(),
        unit: Some(full()),
        hsn: Some(full()),
        price: MOST,
        gst: Bps(u16::MAX),
    })
}

fn lines() -> Vec<OrderLine> {
    let line = |n| OrderLine { discount: MOST, ..OrderLine::new(full_item(n), u32::MAX) };
    (0..BASKET_LINES_MAX as u128).map(line).collect()
}

fn units() -> Vec<StockLine> {
    let line = |n| StockLine { product_id: product_id(n), units: u32::MAX };
    (0..BASKET_LINES_MAX as u128).map(line).collect()
}

fn sums(full: Sums) -> Sums {
    let delivery_fee = Fee { amount: MOST, discount: MOST, gst: Bps(u16::MAX) };
    Sums { subtotal: MOST, delivery_fee, ..full }
}

fn code() -> Option<CouponCode> {
    CouponCode::parse(&"Z".repeat(32))
}

fn of_orders() -> Vec<(&'static str, Record)> {
    let order = NewOrder {
        number: u64::MAX,
        lines: lines(),
        sums: Sums { discount: MOST, tax: MOST, total: MOST, ..sums(full_order().sums) },
        hold_expires_at_ms: Some(i64::MAX),
        coupon: code(),
        promise: (u16::MAX, u16::MAX),
        sealed: vec![0xFF; SEALED_BYTES_MAX].into(),
        ..full_order()
    };
    let quote = Quote { lines: lines(), sums: sums(full_quote().sums), coupon: code() };
    let proposal = Proposal {
        missing: product_id(1),
        missing_units: u32::MAX,
        item: full_item(1),
        units: u32::MAX,
    };
    let change = LinesChange {
        lines: Some(lines().into()),
        missing: units(),
        taken: units(),
        back: units(),
        proposed: Some(proposal),
        answered: Some(product_id(1)),
    };
    let mut changed = changed(change);
    if let Event::LinesChanged { reason, .. } = &mut changed {
        *reason = Some(full());
    }
    vec![
        ("order_placed", record(Event::OrderPlaced { order: Arc::new(order) })),
        ("price_changed", refused(Rejection::PriceChanged { quote: Box::new(quote) })),
        ("lines_changed", record(changed)),
    ]
}

fn of_stock() -> Vec<(&'static str, Record)> {
    let issue = |n| StockIssue {
        product_id: product_id(n),
        product_name: full(),
        requested: u32::MAX,
        available: u32::MAX,
    };
    let issues: Vec<_> = (0..BASKET_LINES_MAX as u128).map(issue).collect();
    let all_issues: Vec<_> = (0..STOCK_LINES_MAX as u128).map(issue).collect();
    let change = StockChange { product_id: product_id(1), delta: i32::MIN, reason: full() };
    let received =
        ReceivedLine { product_id: product_id(1), units: u32::MAX, reason: Some(full()) };
    let lines = vec![received; STOCK_LINES_MAX];
    let changes = vec![change; STOCK_LINES_MAX];
    vec![
        ("insufficient_stock", refused(Rejection::InsufficientStock { issues })),
        ("stock_received", record(Event::StockReceived { store_id: STORE, lines })),
        ("stock_adjusted", record(Event::StockAdjusted { store_id: STORE, lines: changes })),
        ("adjust_below_zero", refused(Rejection::AdjustBelowZero { issues: all_issues })),
    ]
}

/// A comb along the equator with as many corners as an area may have, as far apart as it goes.
fn comb() -> Area {
    let teeth = i32::try_from(AREA_VERTICES_MAX / 2 - 1).unwrap();
    let point = |lat: i32, lng: i32| Point::new(lat, lng).unwrap();
    let mut ring = vec![point(-890_000_000, -1_799_999_999), point(-890_000_000, 1_799_999_999)];
    for tooth in (0..teeth).rev() {
        let lng = -1_799_999_999 + 1_700_000 * (i64::from(tooth) + 1);
        let lng = i32::try_from(lng).unwrap();
        ring.push(point(890_000_000 - tooth, lng));
        ring.push(point(-880_000_000 + tooth, lng - 800_000));
    }
    ring.push(ring[0]);
    Area::parse(vec![vec![ring]]).unwrap()
}

fn of_places() -> Vec<(&'static str, Record)> {
    let store = Store {
        code: full(),
        name: full(),
        address: full(),
        fee_steps: vec![FeeStep { below: MOST, fee: MOST }; FEE_STEPS_MAX],
        gstin: Some(full()),
        state: Some(full()),
        ..store()
    };
    let zone = Zone {
        id: ZoneId(Uuid::max()),
        store_id: STORE,
        name: full(),
        kind: ZoneKind::Delivery,
        area: comb(),
        weather: Weather::Extreme,
    };
    let label = |n: usize| text(&format!("{n}{}", "क".repeat(LABEL_CHARS_MAX - 2)));
    let about = About {
        description: Some(full()),
        image_url: Some(full()),
        subcategories: vec![full(); SUBCATEGORIES_MAX],
        attributes: (10..10 + ATTRIBUTES_MAX).map(|n| (label(n), full())).collect(),
    };
    let product = Arc::new(Product { about, ..product() });
    let rate = GstRate { hsn: text("12345678"), from: CalendarDay(i32::MIN), rate: Bps(u16::MAX) };
    let rates = vec![rate; GST_RATES_MAX];
    vec![
        ("store_opened", record(Event::StoreOpened { store: Arc::new(store) })),
        ("product_defined", record(Event::ProductDefined { product, opening_units: u32::MAX })),
        ("zone_defined", record(Event::ZoneDefined { zone: Arc::new(zone) })),
        ("gst_rates_set", record(Event::GstRatesSet { rates })),
    ]
}

fn of_people() -> Vec<(&'static str, Record)> {
    let webhook = Event::WebhookReceived {
        event_id: full(),
        name: full(),
        about: Some(ORDER),
        subject: PersonId(Uuid::max()),
        sealed: vec![0xFF; WEBHOOK_BYTES_MAX].into(),
    };
    // A cart that is replaced loses as many lines as it gets.
    let line = |n| (ProductId(Uuid::from_u128(n)), LINE_UNITS_MAX);
    let cart = Event::CartChanged {
        customer_id: PersonId(Uuid::max()),
        store_id: STORE,
        lines: (0..2 * BASKET_LINES_MAX as u128).map(line).collect(),
    };
    vec![("webhook_received", own(webhook)), ("cart_changed", record(cart))]
}

/// See the module.
pub(crate) fn largest() -> Vec<(&'static str, Record)> {
    [of_orders(), of_stock(), of_places(), of_people()].concat()
}
