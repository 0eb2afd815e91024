//! What the third release added.

use super::{STORE, back, record, text};
use kirana_domain::{Event, ReceivedLine, Record};

/// A receipt of two lines, the first with a reason if there is one.
pub(super) fn received(reason: Option<&str>) -> Event {
    let mut lines: Vec<_> = back()
        .into_iter()
        .map(|line| ReceivedLine { product_id: line.product_id, units: line.units, reason: None })
        .collect();
    lines[0].reason = reason.map(text);
    Event::StockReceived { store_id: STORE, lines }
}

/// A record of every kind of the third release. The names are those of the kept bytes.
pub(crate) fn third() -> Vec<(&'static str, Record)> {
    vec![
        ("stock_received_with_reasons", record(received(Some("in place of broken ones")))),
        ("stock_received_without_reasons", record(received(None))),
    ]
}
