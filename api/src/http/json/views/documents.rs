//! The documents of an order, as its answer lists them.

use crate::rfc3339::Rfc3339;
use kirana_domain::Order;
use kirana_domain::order::Issued;
use serde::{Serialize, Serializer};

/// The invoice of an order and its credit notes, each with its address.
pub(super) struct Documents<'a>(pub &'a Order, pub &'a str);

#[derive(Serialize)]
struct DocumentView {
    kind: &'static str,
    number: Option<String>,
    issued_at: Rfc3339,
    href: String,
}

impl Serialize for Documents<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(order, store_code) = self;
        let id = order.placed.id.0;
        // The invoice is the first of them, so a credit note counts by its place.
        let view = |(at, issued): (usize, &Issued)| {
            let (kind, href) = if issued.is_credit_note {
                ("credit_note", format!("/v1/orders/{id}/credit-notes/{at}"))
            } else {
                ("invoice", format!("/v1/orders/{id}/invoice"))
            };
            let number = issued.number_of(store_code).map(|number| number.to_string());
            DocumentView { kind, number, issued_at: Rfc3339(issued.at_ms), href }
        };
        serializer.collect_seq(order.documents().iter().enumerate().map(view))
    }
}
