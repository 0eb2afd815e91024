//! Samples of the tests: a bill of a small shop, and its credit note.

use super::{Buyer, Document, DocumentKind, Reference, Seller};
use kirana_domain::{
    Bps, CalendarDay, Fee, FeeKind, Invoice, InvoiceInput, InvoiceSource, Paise, TaxRule,
};

const GOODS: [(&str, &str, &str, i64, u16); 7] = [
    ("Toned milk", "04012000", "1 l pouch", 6_600, 0),
    ("Salted butter", "04051000", "100 g", 6_200, 500),
    ("Cola", "22021010", "750 ml bottle", 4_000, 4_000),
    ("Whole wheat bread, sliced, of the bakery in the Main Bazaar", "19059010", "400 g", 4_500, 0),
    ("Washing powder", "34025000", "1 kg", 14_900, 1_800),
    ("Basmati rice", "10063020", "5 kg", 62_500, 500),
    ("Coffee", "21011110", "50 g jar", 17_500, 500),
];

pub(super) fn sources(count: usize) -> Vec<InvoiceSource<'static>> {
    let source = |(at, good): (u32, &(&'static str, &'static str, &'static str, i64, u16))| {
        let (name, hsn, unit, price, rate) = *good;
        let (quantity, unit_price) = (1 + at % 3, Paise(price));
        let gross = unit_price * quantity;
        let discount = if at % 2 == 0 { Paise(0) } else { gross.percent_half_up(Bps(1_000)) };
        let (hsn, unit, rate) = (Some(hsn), Some(unit), Bps(rate));
        InvoiceSource { name, hsn, unit, quantity, unit_price, gross, discount, rate }
    };
    (0..).zip(GOODS.iter().cycle()).take(count).map(source).collect()
}

fn document<'a>(figures: &'a Invoice<'a>, kind: DocumentKind) -> Document<'a> {
    Document {
        number: "TUR/2627/0000123",
        kind,
        date: CalendarDay::parse("2026-11-22").unwrap(),
        seller: Seller {
            name: "Dayliz Tura",
            address: "Main Bazaar, Tura, West Garo Hills, Meghalaya 794001",
            gstin: Some("17AAAAA0000A1Z3"),
            state: "Meghalaya (17)",
        },
        buyer: Buyer {
            name: Some("A. Sangma"),
            address: vec!["12, Hawakhana", "near the water tank", "Tura 794001"],
        },
        place_of_supply: "Meghalaya (17)",
        order_number: "TUR-1042",
        figures,
        refers_to: None,
    }
}

/// An invoice of so many lines with a delivery fee.
pub(super) fn invoice(lines: usize, check: impl FnOnce(&Document<'_>)) {
    let fee = Fee { amount: Paise(2_500), discount: Paise(0), gst: Bps(1_800) };
    let (fees, tax_rule) = ([(FeeKind::Delivery, fee)], TaxRule::default());
    let figures = Invoice::of(&InvoiceInput { lines: &sources(lines), fees: &fees, tax_rule });
    check(&document(&figures, DocumentKind::Invoice(figures.kind())));
}

/// An invoice of one line of that name, sold to somebody of that name.
pub(super) fn named(name: &str, check: impl FnOnce(&Document<'_>)) {
    let lines = [InvoiceSource { name, unit: Some(name), ..sources(1)[0] }];
    let tax_rule = TaxRule::default();
    let figures = Invoice::of(&InvoiceInput { lines: &lines, fees: &[], tax_rule });
    let document = document(&figures, DocumentKind::Invoice(figures.kind()));
    let buyer = Buyer { name: Some(name), address: vec![name] };
    let seller = Seller { name, address: name, gstin: None, state: name };
    check(&Document { buyer, seller, place_of_supply: name, order_number: name, ..document });
}

/// A credit note for the second line of an invoice of three.
pub(super) fn credit_note(check: impl FnOnce(&Document<'_>)) {
    let before = sources(3);
    let mut after = before.clone();
    after[1] = InvoiceSource { quantity: 0, gross: Paise(0), discount: Paise(0), ..before[1] };
    let tax_rule = TaxRule::default();
    let of = |lines| Invoice::of(&InvoiceInput { lines, fees: &[], tax_rule });
    let figures = of(&before).credit_to(&of(&after)).unwrap();
    let date = CalendarDay::parse("2026-11-22").unwrap();
    let document = document(&figures, DocumentKind::CreditNote);
    let refers_to = Some(Reference { number: "TUR/2627/0000123", date });
    check(&Document { number: "TUR/2627-0000004", refers_to, ..document });
}
