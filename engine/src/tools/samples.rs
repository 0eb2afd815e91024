//! A small shop whose log is made by hand, for the tests of the tools.

use crate::codec;
use kirana_domain::order::{NewOrder, Preference, Step};
use kirana_domain::stock::Bucket;
use kirana_domain::{
    About, Bps, Event, Fee, Item, Lsn, OrderId, OrderLine, Paise, PaymentMethod, PersonId,
    Principal, Product, ProductId, Record, Role, Status, StockLine, Store, StoreId, Sums, Text,
};
use kirana_storage::{Batch, Journal, JournalReader, MemoryDisk, MemoryJournal};
use std::sync::Arc;
use uuid::Uuid;

pub(super) const STORE: StoreId = StoreId(Uuid::from_u128(0x51));
pub(super) const CUSTOMER: PersonId = PersonId(Uuid::from_u128(0xC1));
pub(super) const AT_MS: i64 = 1_735_689_600_000;

pub(super) fn product_id(n: u64) -> ProductId {
    ProductId(Uuid::from_u128(0xF000_0000_0000 + u128::from(n)))
}

pub(super) fn order_id(n: u64) -> OrderId {
    OrderId(Uuid::from_u128(0xA000_0000_0000 + u128::from(n)))
}

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::parse(text).unwrap()
}

fn item(n: u64) -> Arc<Item> {
    Arc::new(Item {
        id: product_id(n),
        sku: text(&format!("SKU-{n}")),
        name: text(&format!("Product {n}")),
        unit: None,
        hsn: None,
        price: Paise(10_000),
        gst: Bps(500),
    })
}

pub(super) fn opened() -> Event {
    let store = Store::with_defaults(STORE, text("TUR"), text("Dayliz Tura"), text("Tura"));
    Event::StoreOpened { store: Arc::new(store) }
}

pub(super) fn defined(n: u64, opening_units: u32) -> Event {
    let product = Product {
        store_id: STORE,
        item: item(n),
        brand: None,
        category: None,
        mrp: Paise(10_000),
        max_per_order: 99,
        is_active: true,
        about: About::default(),
    };
    Event::ProductDefined { product: Arc::new(product), opening_units }
}

pub(super) fn units(lines: &[(u64, u32)]) -> Vec<StockLine> {
    lines.iter().map(|(n, units)| StockLine { product_id: product_id(*n), units: *units }).collect()
}

pub(super) fn placed(n: u64, lines: &[(u64, u32)]) -> Event {
    let lines: Vec<_> =
        lines.iter().map(|(n, quantity)| OrderLine::new(item(*n), *quantity)).collect();
    let fee = Fee { amount: Paise(2_500), discount: Paise::ZERO, gst: Bps(1_800) };
    let sums = Sums::of(&lines, fee);
    Event::OrderPlaced {
        order: Arc::new(NewOrder {
            id: order_id(n),
            number: n,
            store_id: STORE,
            customer_id: CUSTOMER,
            status: Status::Placed,
            payment_method: PaymentMethod::Cod,
            lines,
            sums,
            hold_expires_at_ms: None,
            preference: Preference::Refund,
            from_cart: false,
            coupon: None,
            zone_id: None,
            promise: (15, 30),
            sealed: Box::new([1, 2, 3]),
        }),
    }
}

pub(super) fn cancelled(n: u64, lines: &[(u64, u32)]) -> Event {
    Event::OrderCancelled {
        order_id: order_id(n),
        store_id: STORE,
        reason: Some(text("rain")),
        lines: units(lines),
        from: Bucket::Allocated,
    }
}

pub(super) fn moved(n: u64, step: Step, lines: &[(u64, u32)]) -> Event {
    let (order_id, lines) = (order_id(n), units(lines));
    Event::OrderMoved { order_id, store_id: STORE, step, reason: None, lines }
}

/// A log in memory: each fact a second after the one before it, in a batch of its own.
pub(super) struct HandMade {
    pub(super) disk: MemoryDisk,
    journal: MemoryJournal,
}

impl HandMade {
    pub(super) fn of(events: Vec<Event>) -> Self {
        Self::at((1..).map(|n| AT_MS + n * 1_000).zip(events))
    }

    /// A log of facts with their times.
    pub(super) fn at(events: impl IntoIterator<Item = (i64, Event)>) -> Self {
        let disk = MemoryDisk::new();
        let mut journal = MemoryJournal::open(&disk).unwrap();
        for (at_ms, event) in events {
            let by = Principal { role: Role::Admin, person_id: CUSTOMER, store_id: None };
            let record = Record { at_ms, by, key: None, event };
            let mut batch = Batch::new(journal.end().next());
            batch.try_push_with(|bytes| codec::encode(&record, bytes)).unwrap();
            journal.append(&[batch]).unwrap();
        }
        Self { disk, journal }
    }

    pub(super) fn reader(&self) -> Arc<dyn JournalReader> {
        self.journal.reader()
    }
}

/// Two products, and three orders: one delivered, one cancelled, one open.
pub(super) fn day() -> HandMade {
    let rider_id = PersonId(Uuid::from_u128(0xDE));
    HandMade::of(vec![
        opened(),
        defined(1, 10),
        defined(2, 5),
        placed(1, &[(1, 2), (2, 1)]),
        placed(2, &[(1, 3)]),
        cancelled(2, &[(1, 3)]),
        moved(1, Step::Accepted, &[]),
        moved(1, Step::Packed, &[]),
        moved(1, Step::Assigned { rider_id }, &[]),
        placed(3, &[(2, 4)]),
        moved(1, Step::AssignmentAccepted, &[]),
        moved(1, Step::PickedUp, &[(1, 2), (2, 1)]),
        moved(1, Step::OutForDelivery, &[]),
        moved(1, Step::Delivered { rider_id: Some(rider_id), cash: Paise(32_500) }, &[]),
    ])
}

/// The last record of [`day`].
pub(super) const DAY_END: Lsn = Lsn(14);
