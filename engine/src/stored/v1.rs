//! Schema 1. Released shapes: never edit, never reorder; a new variant goes to the end.
//!
//! No serde attributes: bincode writes the fields one after the other, and a variant as its number.

use super::parts::Bytes;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

mod from_stored;
mod to_stored;

pub(crate) type Id = [u8; 16];

#[derive(Serialize, Deserialize)]
pub(crate) struct Record<'a> {
    at_ms: i64,
    by_role: u8,
    by_person: Id,
    by_store: Option<Id>,
    key: Option<(Id, Id)>,
    event: Event<'a>,
}

#[derive(Serialize, Deserialize)]
enum Event<'a> {
    EngineStarted { epoch: u32 },
    StoreOpened(Store<'a>),
    StoreChanged(Store<'a>),
    ProductDefined { product: Product<'a>, opening_units: u32 },
    StockReceived { store_id: Id, lines: Vec<StockLine> },
    StockAdjusted { store_id: Id, lines: Vec<StockChange<'a>> },
    OrderPlaced(Order<'a>),
    OrderCancelled(Cancelled<'a>),
    OrderExpired { order_id: Id, store_id: Id, lines: Vec<StockLine> },
    CommandRefused(Rejection<'a>),
}

#[derive(Serialize, Deserialize)]
struct Store<'a> {
    id: Id,
    code: Cow<'a, str>,
    name: Cow<'a, str>,
    address: Cow<'a, str>,
    latitude_e6: i32,
    longitude_e6: i32,
    opens_minute: u16,
    closes_minute: u16,
    fee_steps: Vec<(i64, i64)>,
    fee_gst_bps: u16,
    order_minimum: i64,
    order_maximum: i64,
    cod_maximum: i64,
    hold_minutes: u32,
}

#[derive(Serialize, Deserialize)]
struct Item<'a> {
    id: Id,
    sku: Cow<'a, str>,
    name: Cow<'a, str>,
    unit: Option<Cow<'a, str>>,
    hsn: Option<Cow<'a, str>>,
    price: i64,
    gst_bps: u16,
}

#[derive(Serialize, Deserialize)]
struct Product<'a> {
    store_id: Id,
    item: Item<'a>,
    brand: Option<Cow<'a, str>>,
    category: Option<Cow<'a, str>>,
    mrp: i64,
    max_per_order: u32,
}

#[derive(Serialize, Deserialize)]
struct StockLine {
    product_id: Id,
    units: u32,
}

#[derive(Serialize, Deserialize)]
struct StockChange<'a> {
    product_id: Id,
    delta: i32,
    reason: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    item: Item<'a>,
    quantity: u32,
}

#[derive(Serialize, Deserialize)]
struct Order<'a> {
    id: Id,
    number: u64,
    store_id: Id,
    customer_id: Id,
    status: u8,
    payment_method: u8,
    lines: Vec<Line<'a>>,
    subtotal: i64,
    delivery_fee: i64,
    discount: i64,
    tax: i64,
    total: i64,
    hold_expires_at_ms: Option<i64>,
    sealed: Bytes<'a>,
}

#[derive(Serialize, Deserialize)]
struct Cancelled<'a> {
    order_id: Id,
    store_id: Id,
    reason: Option<Cow<'a, str>>,
    lines: Vec<StockLine>,
    from_allocated: bool,
}

#[derive(Serialize, Deserialize)]
struct Quote<'a> {
    lines: Vec<Line<'a>>,
    subtotal: i64,
    delivery_fee: i64,
    discount: i64,
    tax: i64,
    total: i64,
}

#[derive(Serialize, Deserialize)]
struct StockIssue<'a> {
    product_id: Id,
    product_name: Cow<'a, str>,
    requested: u32,
    available: u32,
}

#[derive(Serialize, Deserialize)]
enum Rejection<'a> {
    BasketEmpty,
    TooManyLines { lines: u64 },
    QuantityOutOfRange { product_id: Id, quantity: u64 },
    UnknownProduct { product_id: Id },
    OverMaxPerOrder { product_id: Id, max: u32 },
    BelowMinimum { subtotal: i64, minimum: i64 },
    AboveMaximum { total: i64, maximum: i64 },
    PriceChanged(Quote<'a>),
    InsufficientStock(Vec<StockIssue<'a>>),
    AdjustBelowZero(Vec<StockIssue<'a>>),
    StockOverflow { product_id: Id },
    IllegalMove { from: u8, wanted: Cow<'a, str> },
    HoldNotOver,
    ReasonMissing,
    CodLimit { total: i64, maximum: i64 },
}
