//! What the fourth release added about tax.

use super::second::{full_order, full_quote};
use super::{record, refused};
use kirana_domain::order::NewOrder;
use kirana_domain::{Event, Quote, Record, Rejection, Sums, TaxRule};
use std::sync::Arc;

/// The records with the tax rule of the fourth release. The names are those of the kept bytes.
pub(super) fn tax() -> Vec<(&'static str, Record)> {
    let tax_rule = TaxRule::EqualHalves;
    let (order, quote) = (full_order(), full_quote());
    let order = NewOrder { sums: Sums { tax_rule, ..order.sums }, ..order };
    let quote = Quote { sums: Sums { tax_rule, ..quote.sums }, ..quote };
    vec![
        ("order_placed_equal_halves", record(Event::OrderPlaced { order: Arc::new(order) })),
        ("refused_1008_equal_halves", refused(Rejection::PriceChanged { quote: Box::new(quote) })),
    ]
}
