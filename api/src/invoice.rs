//! Invoices and credit notes as people and programs get them: JSON, a page to print, and a PDF.
//!
//! A [`Document`] is the figures of [`kirana_domain::invoice`] with the names around them that
//! rule 46 of the CGST Rules, 2017 asks for. It is rendered anew each time from what the log says,
//! and the same document always gives the same bytes.

pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod pdf;
#[cfg(test)]
mod samples;
pub(crate) mod words;

use kirana_domain::invoice::InvoiceKind;
use kirana_domain::{CalendarDay, Invoice, Paise};

/// The kind of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentKind {
    /// An invoice, by the name that its figures give it.
    Invoice(InvoiceKind),
    /// A credit note.
    CreditNote,
}

impl DocumentKind {
    /// Returns the heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Invoice(kind) => kind.title(),
            Self::CreditNote => "Credit note",
        }
    }

    /// Returns the label of its total.
    fn total_label(self) -> &'static str {
        match self {
            Self::Invoice(_) => "Total, tax included",
            Self::CreditNote => "Credited",
        }
    }

    /// Code for programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Invoice(InvoiceKind::TaxInvoice) => "tax_invoice",
            Self::Invoice(InvoiceKind::BillOfSupply) => "bill_of_supply",
            Self::Invoice(InvoiceKind::InvoiceCumBillOfSupply) => "invoice_cum_bill_of_supply",
            Self::CreditNote => "credit_note",
        }
    }
}

/// The seller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seller<'a> {
    /// Its name by law.
    pub name: &'a str,
    /// Its address, on one line.
    pub address: &'a str,
    /// Its GSTIN, where it is registered.
    pub gstin: Option<&'a str>,
    /// Its state with the code of the state: `Meghalaya (17)`.
    pub state: &'a str,
}

/// The buyer; empty once the personal data was forgotten.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buyer<'a> {
    /// Their name.
    pub name: Option<&'a str>,
    /// The address of delivery, line by line.
    pub address: Vec<&'a str>,
}

/// The invoice that a credit note is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference<'a> {
    /// Its number.
    pub number: &'a str,
    /// Its date.
    pub date: CalendarDay,
}

/// An invoice or a credit note, complete.
#[derive(Clone, Debug)]
pub(crate) struct Document<'a> {
    /// Its number: [`kirana_domain::InvoiceNumber`] as a text.
    pub number: &'a str,
    /// Its kind.
    pub kind: DocumentKind,
    /// The day on which it was issued.
    pub date: CalendarDay,
    /// The seller.
    pub seller: Seller<'a>,
    /// The buyer.
    pub buyer: Buyer<'a>,
    /// The state that is supplied, with its code: `Meghalaya (17)`.
    pub place_of_supply: &'a str,
    /// The order as the customer knows it.
    pub order_number: &'a str,
    /// Lines and sums.
    pub figures: &'a Invoice<'a>,
    /// The invoice that a credit note is about.
    pub refers_to: Option<Reference<'a>>,
}

/// Said on every document: no signature is needed by the last proviso of rule 46, and the shop's
/// goods are not on the list of section 9(3).
const SMALL_PRINT: [&str; 2] = [
    "Tax is not payable on reverse charge.",
    "This is an electronic document under the Information Technology Act, 2000; \
     it is valid without a signature.",
];

/// An amount as it is printed in India: rupees, two decimals, lakhs and crores set off.
pub(crate) struct Rupees(pub(crate) Paise);

impl std::fmt::Display for Rupees {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = self.0.to_string();
        let (whole, paise) = plain.split_once('.').unwrap_or((&plain, "00"));
        let digits = whole.trim_start_matches('-');
        f.write_str(if whole.len() > digits.len() { "-" } else { "" })?;
        for (at, digit) in digits.chars().enumerate() {
            let left = digits.len() - at;
            // The last three digits are together, those before them in pairs.
            if at > 0 && (left == 3 || left > 3 && left % 2 == 1) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        write!(f, ".{paise}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_set_off_by_lakh_and_crore() {
        for (paise, shown) in [
            (0, "0.00"),
            (5, "0.05"),
            (99_999, "999.99"),
            (100_000, "1,000.00"),
            (1_234_500, "12,345.00"),
            (12_345_678, "1,23,456.78"),
            (1_234_567_890, "1,23,45,678.90"),
            (123_456_789_000, "1,23,45,67,890.00"),
            (-12_345_678, "-1,23,456.78"),
            (-99_900, "-999.00"),
        ] {
            assert_eq!(Rupees(Paise(paise)).to_string(), shown);
        }
    }
}
