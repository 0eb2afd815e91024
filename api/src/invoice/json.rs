//! A document as JSON: the figures in paise, the names as they are.

use super::{Buyer, Document, Reference, Seller, words};
use crate::percent::Percent;
use kirana_domain::tax::Amounts;
use kirana_domain::{FeeKind, InvoiceLine};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Renders a document.
pub(crate) fn render(document: &Document<'_>) -> Vec<u8> {
    serde_json::to_vec(document).expect("a document has only texts and numbers")
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "the names of the answer say their unit")]
struct Figures {
    taxable_paise: i64,
    cgst_paise: i64,
    sgst_paise: i64,
    total_paise: i64,
}

impl From<Amounts> for Figures {
    fn from(amounts: Amounts) -> Self {
        Self {
            taxable_paise: amounts.taxable.0,
            cgst_paise: amounts.cgst.0,
            sgst_paise: amounts.sgst.0,
            total_paise: amounts.total.0,
        }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    /// HSN code of goods, SAC of a fee.
    code: Option<&'a str>,
    unit: Option<&'a str>,
    quantity: u32,
    unit_price_paise: i64,
    gross_paise: i64,
    discount_paise: i64,
    gst_percent: Percent,
    #[serde(flatten)]
    figures: Figures,
}

impl<'a> From<&InvoiceLine<'a>> for Line<'a> {
    fn from(line: &InvoiceLine<'a>) -> Self {
        Self {
            name: line.name,
            code: line.code,
            unit: line.unit,
            quantity: line.quantity,
            unit_price_paise: line.unit_price.0,
            gross_paise: line.gross.0,
            discount_paise: line.discount.0,
            gst_percent: Percent(line.rate),
            figures: line.amounts.into(),
        }
    }
}

#[derive(Serialize)]
struct OfRate {
    gst_percent: Percent,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Serialize)]
struct SellerView<'a> {
    name: &'a str,
    address: &'a str,
    gstin: Option<&'a str>,
    state: &'a str,
}

#[derive(Serialize)]
struct BuyerView<'a> {
    name: Option<&'a str>,
    address: &'a [&'a str],
}

#[derive(Serialize)]
struct ReferenceView<'a> {
    number: &'a str,
    date: String,
}

#[derive(Serialize)]
struct View<'a> {
    number: &'a str,
    kind: &'static str,
    title: &'static str,
    date: String,
    refers_to: Option<ReferenceView<'a>>,
    seller: SellerView<'a>,
    buyer: BuyerView<'a>,
    place_of_supply: &'a str,
    order_number: &'a str,
    lines: Vec<Line<'a>>,
    /// A member for each kind of fee; null for one that was not charged.
    #[serde(flatten)]
    fees: BTreeMap<&'static str, Option<Line<'a>>>,
    tax_by_rate: Vec<OfRate>,
    discount_paise: i64,
    #[serde(flatten)]
    figures: Figures,
    amount_in_words: String,
}

impl<'a> From<&'a Document<'_>> for View<'a> {
    fn from(document: &'a Document<'_>) -> Self {
        let Seller { name, address, gstin, state } = document.seller;
        let Buyer { name: buyer_name, address: buyer_address } = &document.buyer;
        let figures = document.figures;
        let reference =
            |of: &Reference<'a>| ReferenceView { number: of.number, date: of.date.to_string() };
        Self {
            number: document.number,
            kind: document.kind.name(),
            title: document.kind.title(),
            date: document.date.to_string(),
            refers_to: document.refers_to.as_ref().map(reference),
            seller: SellerView { name, address, gstin, state },
            buyer: BuyerView { name: *buyer_name, address: buyer_address },
            place_of_supply: document.place_of_supply,
            order_number: document.order_number,
            lines: figures.lines.iter().map(Line::from).collect(),
            fees: FeeKind::ALL
                .into_iter()
                .map(|kind| (kind.name(), figures.fee(kind).map(Line::from)))
                .collect(),
            tax_by_rate: figures
                .by_rate
                .iter()
                .map(|(rate, sums)| OfRate { gst_percent: Percent(*rate), figures: (*sums).into() })
                .collect(),
            discount_paise: figures.discount().0,
            figures: figures.amounts.into(),
            amount_in_words: words::in_words(figures.amounts.total),
        }
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        View::from(self).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{credit_note, invoice};
    use super::*;
    use serde_json::Value;

    fn rendered(document: &Document<'_>) -> Value {
        serde_json::from_slice(&render(document)).unwrap()
    }

    #[test]
    fn the_sums_of_the_json_are_the_sums_of_its_lines() {
        invoice(7, |document| {
            let json = rendered(document);
            let lines = json["lines"].as_array().unwrap();
            let all = || lines.iter().chain([&json["delivery"]]);
            for member in
                ["taxable_paise", "cgst_paise", "sgst_paise", "total_paise", "discount_paise"]
            {
                let sum: i64 = all().map(|line| line[member].as_i64().unwrap()).sum();
                assert_eq!(json[member], sum, "{member}");
            }
            let figure = |of: &Value, member: &str| of[member].as_i64().unwrap();
            for part in all().chain(json["tax_by_rate"].as_array().unwrap()).chain([&json]) {
                let tax = figure(part, "cgst_paise") + figure(part, "sgst_paise");
                assert_eq!(figure(part, "taxable_paise") + tax, figure(part, "total_paise"));
            }
            assert_eq!((lines.len(), &json["kind"]), (7, &"invoice_cum_bill_of_supply".into()));
            assert_eq!(json["refers_to"], Value::Null);
            assert_eq!(json["date"], "2026-11-22");
        });
    }

    #[test]
    fn a_credit_note_names_its_invoice() {
        credit_note(|document| {
            let json = rendered(document);
            assert_eq!(json["kind"], "credit_note");
            assert_eq!(json["refers_to"]["number"], "TUR/2627/0000123");
            assert_eq!(json["refers_to"]["date"], "2026-11-22");
            assert_eq!(json["delivery"], Value::Null);
        });
    }

    #[test]
    fn a_buyer_who_was_forgotten_leaves_the_figures_as_they_were() {
        invoice(3, |document| {
            let forgotten = Document { buyer: Buyer::default(), ..document.clone() };
            let (before, after) = (rendered(document), rendered(&forgotten));
            assert_eq!(after["buyer"], serde_json::json!({"name": null, "address": []}));
            assert_eq!(before["total_paise"], after["total_paise"]);
        });
    }
}
