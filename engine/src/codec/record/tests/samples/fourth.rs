//! What the fourth release added.

use super::fourth_money::fourth_money;
use super::fourth_riders::fourth_riders;
use super::second::full_store;
use super::tax::tax;
use super::{ORDER, STORE, back, bare_product, clocks, product, record, text};
use kirana_domain::{About, Event, Product, Record, Store};
use std::sync::Arc;

/// A store that delivers anywhere.
pub(crate) fn boundless_store() -> Store {
    Store { delivers_anywhere: true, ..full_store() }
}

/// A product that was withdrawn, with all that can be said of it.
pub(crate) fn full_product() -> Product {
    let about = About {
        description: Some(text("From the hills of Tura.")),
        image_url: Some(text("https://img.example/milk.webp")),
        subcategories: vec![text("Milk"), text("Toned")],
        attributes: [(text("fat"), text("3 %")), (text("veg"), text("yes"))].into(),
    };
    Product { is_active: false, about, ..product() }
}

/// A record of every kind of the fourth release. The names are those of the kept bytes.
pub(crate) fn fourth() -> Vec<(&'static str, Record)> {
    let defined =
        |product| record(Event::ProductDefined { product: Arc::new(product), opening_units: 40 });
    let (bounded, boundless) = (Arc::new(full_store()), Arc::new(boundless_store()));
    let mut samples = vec![
        ("store_opened_bounded", record(Event::StoreOpened { store: bounded })),
        ("store_changed_boundless", record(Event::StoreChanged { store: boundless })),
        ("product_defined_full", defined(full_product())),
        ("product_defined_plain", defined(bare_product())),
    ];
    let turned = Event::OrderTurnedToCash { order_id: ORDER, store_id: STORE, lines: back() };
    samples.push(("order_turned_to_cash", record(turned)));
    samples.extend(tax());
    samples.extend(clocks());
    samples.extend(fourth_money());
    samples.extend(fourth_riders());
    samples
}
