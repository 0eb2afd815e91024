//! What the fourth release added.

use super::fourth_money::fourth_money;
use super::second::full_store;
use super::tax::tax;
use super::{ORDER, STORE, back, clocks, record};
use kirana_domain::{Event, Record, Store};
use std::sync::Arc;

/// A store that delivers anywhere.
pub(crate) fn boundless_store() -> Store {
    Store { delivers_anywhere: true, ..full_store() }
}

/// A record of every kind of the fourth release. The names are those of the kept bytes.
pub(crate) fn fourth() -> Vec<(&'static str, Record)> {
    let (bounded, boundless) = (Arc::new(full_store()), Arc::new(boundless_store()));
    let mut samples = vec![
        ("store_opened_bounded", record(Event::StoreOpened { store: bounded })),
        ("store_changed_boundless", record(Event::StoreChanged { store: boundless })),
    ];
    let turned = Event::OrderTurnedToCash { order_id: ORDER, store_id: STORE, lines: back() };
    samples.push(("order_turned_to_cash", record(turned)));
    samples.extend(tax());
    samples.extend(clocks());
    samples.extend(fourth_money());
    samples
}
