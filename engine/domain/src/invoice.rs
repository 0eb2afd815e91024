//! The figures of an invoice: what each line is worth without tax, the tax in it, and the sums.
//!
//! Prices include tax, and an order goes to an address in the store's own state, so the tax of a
//! line is half CGST (central) and half SGST (of the state); IGST does not occur. A discount that
//! was given with the order lowers the taxable value: section 15(3)(a) of the CGST Act, 2017.
//!
//! Everything is computed line by line and then added, so the sums agree to the paisa.

mod credit;
mod number;

pub use credit::CreditIssue;
pub use number::{InvoiceNumber, InvoiceSeries};

use crate::{Bps, Paise};
use std::collections::BTreeMap;
use std::ops::{Add, Sub};

/// What stands in the place of an HSN code on the delivery line: the heading of postal and courier
/// services, local delivery among them, in the scheme of classification of services under GST.
pub const DELIVERY_SAC: &str = "9968";
/// What the delivery line is called.
pub const DELIVERY_NAME: &str = "Delivery";

/// One line that is to be invoiced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoiceSource<'a> {
    /// What it is.
    pub name: &'a str,
    /// Its HSN code.
    pub hsn: Option<&'a str>,
    /// What one unit is: `500 g`.
    pub unit: Option<&'a str>,
    /// Units; zero for a line of which nothing is left.
    pub quantity: u32,
    /// What one unit costs, tax included.
    pub unit_price: Paise,
    /// Quantity times unit price.
    pub gross: Paise,
    /// The line's share of the discount, at most `gross`.
    pub discount: Paise,
    /// The GST inside, CGST and SGST together.
    pub rate: Bps,
}

/// The delivery fee that is to be invoiced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverySource {
    /// The fee, tax included.
    pub fee: Paise,
    /// What was taken off it, at most `fee`.
    pub discount: Paise,
    /// The GST inside.
    pub rate: Bps,
}

/// What an invoice is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoiceInput<'list, 'a> {
    /// The lines, in the order in which they are to stand.
    pub lines: &'list [InvoiceSource<'a>],
    /// The delivery fee, where there is one.
    pub delivery: Option<DeliverySource>,
}

/// Four figures that belong together: `taxable + cgst + sgst = total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// The value without tax.
    pub taxable: Paise,
    /// Central tax: half of the tax, rounded down.
    pub cgst: Paise,
    /// State tax: the other half. It takes the odd paisa.
    pub sgst: Paise,
    /// What is paid.
    pub total: Paise,
}

impl Amounts {
    /// The figures of an amount with tax inside, which is rounded half up.
    ///
    /// ```
    /// use kirana_domain::{Bps, Paise, invoice::Amounts};
    /// // 25.00 with 18 % inside: 3.81 of tax, of which SGST takes the odd paisa.
    /// let amounts = Amounts::inside(Paise(2_500), Bps(1_800));
    /// assert_eq!((amounts.cgst, amounts.sgst), (Paise(190), Paise(191)));
    /// assert_eq!(amounts.taxable, Paise(2_119));
    /// ```
    pub fn inside(total: Paise, rate: Bps) -> Self {
        let tax = total.tax_inside_half_up(rate);
        let cgst = Paise(tax.0 / 2);
        Self { taxable: total - tax, cgst, sgst: tax - cgst, total }
    }

    /// CGST and SGST together.
    pub fn tax(&self) -> Paise {
        self.cgst + self.sgst
    }
}

impl Add for Amounts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            taxable: self.taxable + other.taxable,
            cgst: self.cgst + other.cgst,
            sgst: self.sgst + other.sgst,
            total: self.total + other.total,
        }
    }
}

impl Sub for Amounts {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            taxable: self.taxable - other.taxable,
            cgst: self.cgst - other.cgst,
            sgst: self.sgst - other.sgst,
            total: self.total - other.total,
        }
    }
}

/// One line of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoiceLine<'a> {
    /// What it is.
    pub name: &'a str,
    /// HSN code of goods, SAC of a service.
    pub code: Option<&'a str>,
    /// What one unit is.
    pub unit: Option<&'a str>,
    /// Units.
    pub quantity: u32,
    /// What one unit costs, tax included.
    pub unit_price: Paise,
    /// Before the discount, tax included.
    pub gross: Paise,
    /// What was taken off.
    pub discount: Paise,
    /// The GST inside, CGST and SGST together.
    pub rate: Bps,
    /// The figures of `gross − discount`.
    pub amounts: Amounts,
}

impl<'a> InvoiceLine<'a> {
    fn of(source: &InvoiceSource<'a>) -> Self {
        let InvoiceSource { name, hsn, unit, quantity, unit_price, gross, discount, rate } =
            *source;
        assert!(gross == unit_price * quantity, "a line is its quantity at its unit price");
        assert!(discount >= Paise::ZERO && discount <= gross, "a discount is part of its line");
        let amounts = Amounts::inside(gross - discount, rate);
        Self { name, code: hsn, unit, quantity, unit_price, gross, discount, rate, amounts }
    }

    fn of_delivery(delivery: &DeliverySource) -> Self {
        let DeliverySource { fee, discount, rate } = *delivery;
        Self::of(&InvoiceSource {
            name: DELIVERY_NAME,
            hsn: Some(DELIVERY_SAC),
            unit: None,
            quantity: 1,
            unit_price: fee,
            gross: fee,
            discount,
            rate,
        })
    }
}

/// What a document is called by law.
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
    /// The name of the document, as it stands at its top.
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
    /// The delivery fee.
    pub delivery: Option<InvoiceLine<'a>>,
    /// Sums of lines and delivery for each rate, by rising rate.
    pub by_rate: Vec<(Bps, Amounts)>,
    /// Sums of everything.
    pub amounts: Amounts,
}

impl<'a> Invoice<'a> {
    /// Computes the figures.
    ///
    /// # Panics
    /// When a line is not its quantity at its unit price, or its discount is more than the line:
    /// an order that was priced is neither.
    pub fn of(input: &InvoiceInput<'_, 'a>) -> Self {
        let lines = input.lines.iter().map(InvoiceLine::of).collect();
        Self::sum(lines, input.delivery.as_ref().map(InvoiceLine::of_delivery))
    }

    fn sum(lines: Vec<InvoiceLine<'a>>, delivery: Option<InvoiceLine<'a>>) -> Self {
        let mut by_rate = BTreeMap::<Bps, Amounts>::new();
        let mut amounts = Amounts::default();
        for line in lines.iter().chain(&delivery) {
            let of_rate = by_rate.entry(line.rate).or_default();
            *of_rate = *of_rate + line.amounts;
            amounts = amounts + line.amounts;
        }
        assert!(amounts.taxable + amounts.tax() == amounts.total, "the sums agree to the paisa");
        Self { lines, delivery, by_rate: by_rate.into_iter().collect(), amounts }
    }

    /// Every line, the delivery fee last.
    pub fn all_lines(&self) -> impl Iterator<Item = &InvoiceLine<'a>> {
        self.lines.iter().chain(&self.delivery)
    }

    /// What was taken off in all.
    pub fn discount(&self) -> Paise {
        self.all_lines().map(|line| line.discount).sum()
    }

    /// What the document is called. A line for which nothing is paid has no say, unless nothing is
    /// paid at all.
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
