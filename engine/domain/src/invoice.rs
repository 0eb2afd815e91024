//! The figures of an invoice: the value of each line without tax, the tax in it, and the sums.
//!
//! The tax of a line is that of [`crate::tax`]. A discount that was given with the order lowers the
//! taxable value: section 15(3)(a) of the CGST Act, 2017.
//!
//! Everything is computed line by line and then added, so the sums agree to the paisa.

mod credit;
mod number;

pub use credit::CreditIssue;
pub use number::{InvoiceNumber, InvoiceSeries};

use crate::tax::{Amounts, TaxRule};
use crate::{Bps, Fee, FeeKind, Paise};
use std::collections::BTreeMap;

/// One line that is to be invoiced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoiceSource<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its HSN code.
    pub hsn: Option<&'a str>,
    /// The size of one unit: `500 g`.
    pub unit: Option<&'a str>,
    /// Units; zero for a line of which nothing is left.
    pub quantity: u32,
    /// The price of one unit, tax included.
    pub unit_price: Paise,
    /// Quantity times unit price.
    pub gross: Paise,
    /// The line's share of the discount, at most `gross`.
    pub discount: Paise,
    /// The GST inside, CGST and SGST together.
    pub rate: Bps,
}

/// The lines and fees that an invoice is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoiceInput<'list, 'a> {
    /// The lines, in the order in which they are to stand.
    pub lines: &'list [InvoiceSource<'a>],
    /// The fees; one of nothing makes no line.
    pub fees: &'list [(FeeKind, Fee)],
    /// The rule of tax of the bill.
    pub tax_rule: TaxRule,
}

/// One line of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoiceLine<'a> {
    /// Its name.
    pub name: &'a str,
    /// HSN code of goods, SAC of a service.
    pub code: Option<&'a str>,
    /// The size of one unit.
    pub unit: Option<&'a str>,
    /// Units.
    pub quantity: u32,
    /// The price of one unit, tax included.
    pub unit_price: Paise,
    /// Before the discount, tax included.
    pub gross: Paise,
    /// The amount that was taken off.
    pub discount: Paise,
    /// The GST inside, CGST and SGST together.
    pub rate: Bps,
    /// The figures of `gross − discount`.
    pub amounts: Amounts,
}

impl<'a> InvoiceLine<'a> {
    fn of(source: &InvoiceSource<'a>, tax_rule: TaxRule) -> Self {
        let InvoiceSource { name, hsn, unit, quantity, unit_price, gross, discount, rate } =
            *source;
        assert!(gross == unit_price * quantity, "a line is its quantity at its unit price");
        assert!(discount >= Paise::ZERO && discount <= gross, "a discount is part of its line");
        let amounts = Amounts::inside(gross - discount, rate, tax_rule);
        Self { name, code: hsn, unit, quantity, unit_price, gross, discount, rate, amounts }
    }

    fn of_fee((kind, fee): (FeeKind, Fee), tax_rule: TaxRule) -> Self {
        let source = InvoiceSource {
            name: kind.title(),
            hsn: Some(kind.sac()),
            unit: None,
            quantity: 1,
            unit_price: fee.amount,
            gross: fee.amount,
            discount: fee.discount,
            rate: fee.gst,
        };
        Self::of(&source, tax_rule)
    }
}

/// The name of a document by law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InvoiceKind {
    /// Everything in it is taxed: section 31(1) of the CGST Act, rule 46 of the CGST Rules, 2017.
    TaxInvoice,
    /// Nothing in it is taxed: section 31(3)(c), rule 49.
    BillOfSupply,
    /// Both, to somebody who is not registered: rule 46A.
    InvoiceCumBillOfSupply,
}

impl InvoiceKind {
    /// Returns the name of the document, as it stands at its top.
    pub fn title(self) -> &'static str {
        match self {
            Self::TaxInvoice => "Tax invoice",
            Self::BillOfSupply => "Bill of supply",
            Self::InvoiceCumBillOfSupply => "Invoice-cum-bill of supply",
        }
    }
}

/// The figures of an invoice, or of a credit note ([`Invoice::credit_to`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice<'a> {
    /// The lines, as they came.
    pub lines: Vec<InvoiceLine<'a>>,
    /// The fees, in the order of [`FeeKind::ALL`].
    pub fees: Vec<(FeeKind, InvoiceLine<'a>)>,
    /// Sums of lines and fees for each rate, by rising rate.
    pub by_rate: Vec<(Bps, Amounts)>,
    /// Sums of everything.
    pub amounts: Amounts,
}

impl<'a> Invoice<'a> {
    /// Computes the figures.
    ///
    /// # Panics
    /// If a line is not its quantity at its unit price, or its discount is more than the line:
    /// an order that was priced is neither.
    pub fn of(input: &InvoiceInput<'_, 'a>) -> Self {
        let rule = input.tax_rule;
        let lines = input.lines.iter().map(|line| InvoiceLine::of(line, rule)).collect();
        let charged = input.fees.iter().filter(|(_, fee)| fee.amount > Paise::ZERO);
        Self::sum(lines, charged.map(|of| (of.0, InvoiceLine::of_fee(*of, rule))).collect())
    }

    fn sum(lines: Vec<InvoiceLine<'a>>, fees: Vec<(FeeKind, InvoiceLine<'a>)>) -> Self {
        let mut by_rate = BTreeMap::<Bps, Amounts>::new();
        let mut amounts = Amounts::default();
        for line in lines.iter().chain(fees.iter().map(|(_, line)| line)) {
            let of_rate = by_rate.entry(line.rate).or_default();
            *of_rate = *of_rate + line.amounts;
            amounts = amounts + line.amounts;
        }
        assert!(amounts.taxable + amounts.tax() == amounts.total, "the sums agree to the paisa");
        let by_rate: Vec<_> = by_rate.into_iter().collect();
        let of_rates = by_rate.iter().fold(Amounts::default(), |sum, (_, of)| sum + *of);
        assert_eq!(of_rates, amounts, "every line is in the sums of its rate");
        Self { lines, fees, by_rate, amounts }
    }

    /// Returns every line, the fees last.
    pub fn all_lines(&self) -> impl Iterator<Item = &InvoiceLine<'a>> {
        self.lines.iter().chain(self.fees.iter().map(|(_, line)| line))
    }

    /// Returns the line of a fee; `None` when it was not charged.
    pub fn fee(&self, kind: FeeKind) -> Option<&InvoiceLine<'a>> {
        self.fees.iter().find(|(of, _)| *of == kind).map(|(_, line)| line)
    }

    /// Returns the discounts of all lines together.
    pub fn discount(&self) -> Paise {
        self.all_lines().map(|line| line.discount).sum()
    }

    /// Returns the name of the document by law. A line for which nothing is paid has no say, unless
    /// nothing is paid at all.
    pub fn kind(&self) -> InvoiceKind {
        let is_paid = |amounts: &Amounts| amounts.total > Paise::ZERO;
        let nothing_is_paid = !is_paid(&self.amounts);
        let counts = |(_, amounts): &&(Bps, Amounts)| nothing_is_paid || is_paid(amounts);
        let has = |wanted: fn(Bps) -> bool| {
            self.by_rate.iter().filter(counts).any(|(rate, _)| wanted(*rate))
        };
        match (has(|rate| rate > Bps(0)), has(|rate| rate == Bps(0))) {
            (true, true) => InvoiceKind::InvoiceCumBillOfSupply,
            (false, true) => InvoiceKind::BillOfSupply,
            (_, false) => InvoiceKind::TaxInvoice,
        }
    }
}

#[cfg(test)]
mod tests;
