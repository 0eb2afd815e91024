//! What the fourth release added about tax.

use super::second::{full_order, full_quote};
use super::{ORDER, STORE, product_id, record, refused};
use kirana_domain::facts::{Credit, Credited};
use kirana_domain::order::NewOrder;
use kirana_domain::{Event, FeeKind, Paise, Quote, Record, Rejection, Sums, TaxRule};
use std::sync::Arc;

/// The parts of a credit note: of a line, and of a fee.
pub(crate) fn credits() -> Vec<Credit> {
    let credit = |of, units, amount| Credit { of, units, amount: Paise(amount) };
    vec![
        credit(Credited::Product(product_id(1)), 1, 2_850),
        credit(Credited::Fee(FeeKind::Delivery), 0, 70_000),
    ]
}

/// The records about tax that the fourth release added. The names are those of the kept bytes.
pub(super) fn tax() -> Vec<(&'static str, Record)> {
    let tax_rule = TaxRule::EqualHalves;
    let (order, quote) = (full_order(), full_quote());
    let order = NewOrder { sums: Sums { tax_rule, ..order.sums }, ..order };
    let quote = Quote { sums: Sums { tax_rule, ..quote.sums }, ..quote };
    let issued = |is_credit_note, credits: Vec<Credit>| Event::InvoiceIssued {
        order_id: ORDER,
        store_id: STORE,
        is_credit_note,
        year: 2026,
        number: 1 << 33,
        credits: credits.into(),
    };
    vec![
        ("invoice_issued_without_parts", record(issued(false, Vec::new()))),
        ("invoice_issued_whole_credit", record(issued(true, Vec::new()))),
        ("invoice_issued_credit_of_parts", record(issued(true, credits()))),
        ("order_placed_equal_halves", record(Event::OrderPlaced { order: Arc::new(order) })),
        ("refused_1008_equal_halves", refused(Rejection::PriceChanged { quote: Box::new(quote) })),
    ]
}
