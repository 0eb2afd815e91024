//! Schema 1. Released shapes: never edit, never reorder; a new variant goes to the end.
//!
//! A fact that says more than its shape has place for gets a second shape at the end, with the same
//! name and the next number. From then on every record of its kind is written in the newest shape,
//! also one that has nothing more to say: what is in the log tells which release wrote it, and there
//! is one way to write. The older shapes are read as what they were then.
//!
//! | kind | its second shape says as well | its first is read with |
//! |---|---|---|
//! | `StoreOpened`, `StoreChanged` | bounds of cash, weather, promises, GST number | cash without bounds, defaults |
//! | `OrderPlaced` | discounts, preference, coupon, zone, promise | 18 % GST in the fee, none of the rest |
//! | `PriceChanged`, a refusal | discounts, coupon | 18 % GST in the fee, none of the rest |
//! | `StockReceived` | a reason of each line | no reasons |
//!
//! No serde attributes but `borrow`, which leaves the bytes alone: bincode writes the fields one after the other, and a variant as its number.
//! Texts are borrowed, from the domain when writing and from the log's bytes when reading.

use super::parts::Bytes;
use bill::Sums;
use serde::{Deserialize, Serialize};
use zones::Zone;

mod bill;
pub(crate) mod from_stored;
pub(crate) mod front;
pub(crate) mod hooks;
mod id;
pub(crate) mod life;
mod to_stored;
pub(crate) mod zones;

pub(crate) use id::Id;

#[derive(Serialize, Deserialize)]
pub(crate) struct Record<'a> {
    at_ms: i64,
    by_role: u8,
    by_person: Id,
    by_store: Option<Id>,
    key: Option<(Id, Id)>,
    #[serde(borrow)]
    event: Event<'a>,
}

#[derive(Serialize, Deserialize)]
enum Event<'a> {
    EngineStarted {
        epoch: u32,
    },
    StoreOpened(#[serde(borrow)] Store<'a>),
    StoreChanged(#[serde(borrow)] Store<'a>),
    ProductDefined {
        #[serde(borrow)]
        product: Product<'a>,
        opening_units: u32,
    },
    StockReceived {
        store_id: Id,
        lines: Vec<StockLine>,
    },
    StockAdjusted {
        store_id: Id,
        #[serde(borrow)]
        lines: Vec<StockChange<'a>>,
    },
    OrderPlaced(#[serde(borrow)] Order<'a>),
    OrderCancelled(#[serde(borrow)] Cancelled<'a>),
    OrderExpired {
        order_id: Id,
        store_id: Id,
        lines: Vec<StockLine>,
    },
    CommandRefused(#[serde(borrow)] Rejection<'a>),
    ZoneDefined(#[serde(borrow)] Zone<'a>),
    ZoneRemoved {
        store_id: Id,
        zone_id: Id,
    },
    WeatherSet {
        store_id: Id,
        zone_id: Id,
        weather: u8,
    },
    StoreOpened2(#[serde(borrow)] Store<'a>, #[serde(borrow)] life::StoreMore<'a>),
    StoreChanged2(#[serde(borrow)] Store<'a>, #[serde(borrow)] life::StoreMore<'a>),
    OrderPlaced2(#[serde(borrow)] Order<'a>, #[serde(borrow)] life::OrderMore<'a>),
    Life(Id, #[serde(borrow)] life::Life<'a>),
    CartChanged {
        customer_id: Id,
        store_id: Id,
        lines: Vec<StockLine>,
    },
    AddressSaved {
        customer_id: Id,
        address_id: Id,
        #[serde(borrow)]
        sealed: Bytes<'a>,
    },
    AddressRemoved {
        customer_id: Id,
        address_id: Id,
    },
    CouponDefined(#[serde(borrow)] life::Coupon<'a>),
    GstRatesSet(#[serde(borrow)] Vec<life::StoredRate<'a>>),
    CashHandedOver {
        rider_id: Id,
        store_id: Id,
        expected: i64,
        counted: i64,
        #[serde(borrow)]
        note: Option<&'a str>,
    },
    WebhookReceived(#[serde(borrow)] life::Webhook<'a>),
    Hook(#[serde(borrow)] hooks::Hook<'a>),
    StockReceived2 {
        store_id: Id,
        #[serde(borrow)]
        lines: Vec<Received<'a>>,
    },
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Store<'a> {
    id: Id,
    code: &'a str,
    name: &'a str,
    address: &'a str,
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
pub(crate) struct Item<'a> {
    id: Id,
    sku: &'a str,
    name: &'a str,
    #[serde(borrow)]
    unit: Option<&'a str>,
    #[serde(borrow)]
    hsn: Option<&'a str>,
    price: i64,
    gst_bps: u16,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Product<'a> {
    store_id: Id,
    #[serde(borrow)]
    item: Item<'a>,
    #[serde(borrow)]
    brand: Option<&'a str>,
    #[serde(borrow)]
    category: Option<&'a str>,
    mrp: i64,
    max_per_order: u32,
}

#[derive(Serialize, Deserialize)]
struct StockLine {
    product_id: Id,
    units: u32,
}

/// A line of a receipt since the third release.
#[derive(Serialize, Deserialize)]
struct Received<'a> {
    product_id: Id,
    units: u32,
    #[serde(borrow)]
    reason: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct StockChange<'a> {
    product_id: Id,
    delta: i32,
    reason: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
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
    #[serde(borrow)]
    lines: Vec<Line<'a>>,
    sums: Sums,
    hold_expires_at_ms: Option<i64>,
    #[serde(borrow)]
    sealed: Bytes<'a>,
}

#[derive(Serialize, Deserialize)]
struct Cancelled<'a> {
    order_id: Id,
    store_id: Id,
    #[serde(borrow)]
    reason: Option<&'a str>,
    lines: Vec<StockLine>,
    from_allocated: bool,
}

#[derive(Serialize, Deserialize)]
struct Quote<'a> {
    #[serde(borrow)]
    lines: Vec<Line<'a>>,
    sums: Sums,
}

#[derive(Serialize, Deserialize)]
struct StockIssue<'a> {
    product_id: Id,
    product_name: &'a str,
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
    PriceChanged(#[serde(borrow)] Quote<'a>),
    InsufficientStock(#[serde(borrow)] Vec<StockIssue<'a>>),
    AdjustBelowZero(#[serde(borrow)] Vec<StockIssue<'a>>),
    StockOverflow { product_id: Id },
    IllegalMove { from: u8, wanted: &'a str },
    HoldNotOver,
    ReasonMissing,
    CodLimit { total: i64, maximum: i64 },
    PriceChanged2(#[serde(borrow)] Quote<'a>, #[serde(borrow)] life::QuoteMore<'a>),
    Coupon(life::StoredIssue),
    Other(life::Refused),
}
