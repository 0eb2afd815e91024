//! A bill: priced lines with their share of a discount, the fees on it, and the sums.
//!
//! [`Sums`] is the one list of amounts of a bill. A quote, an order as it was placed, the answers,
//! the log tools and the export read it, so a new fee is a field here and a row in
//! [`Sums::fees`] and [`Sums::rows`].

use crate::digest::Digester;
use crate::tax::{Amounts, TaxRule};
use crate::{Bps, Item, Paise};
use std::sync::Arc;

/// One priced line of a quote or an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// The product as it was defined when the basket was priced.
    pub item: Arc<Item>,
    /// Units.
    pub quantity: u32,
    /// This line's share of a coupon.
    pub discount: Paise,
}

impl OrderLine {
    /// Builds a line without a discount.
    pub fn new(item: Arc<Item>, quantity: u32) -> Self {
        Self { item, quantity, discount: Paise::ZERO }
    }

    /// Returns the price of all units, tax included, before the discount.
    pub fn gross(&self) -> Paise {
        self.item.price * self.quantity
    }

    /// Returns the amount to be paid for the line.
    pub fn net(&self) -> Paise {
        self.gross() - self.discount
    }

    /// Returns the tax inside the amount to be paid.
    pub fn tax(&self, rule: TaxRule) -> Paise {
        Amounts::inside(self.net(), self.item.gst, rule).tax()
    }

    /// Returns the same line with fewer units: the discount shrinks with them, rounded half up, so
    /// that the rest never pays more for a unit than it did.
    #[must_use]
    pub fn with_quantity(&self, quantity: u32) -> Self {
        assert!(quantity <= self.quantity, "a line only shrinks");
        let (all, left) = (i64::from(self.quantity), i64::from(quantity));
        let discount = Paise((2 * self.discount.0 * left + all) / (2 * all));
        assert!(discount <= self.discount, "a discount shrinks with its line");
        Self { item: Arc::clone(&self.item), quantity, discount }
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        self.item.write_to(digest);
        digest.numbers(&[self.quantity.into(), self.discount.0]);
    }
}

/// A fee on a bill. It stays as it was when the order was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    /// The fee, tax included.
    pub amount: Paise,
    /// The part of it that a coupon takes off.
    pub discount: Paise,
    /// GST inside it.
    pub gst: Bps,
}

impl Fee {
    /// Returns the amount to be paid for the fee.
    pub fn net(&self) -> Paise {
        self.amount - self.discount
    }

    /// Returns the tax inside the amount to be paid.
    pub fn tax(&self, rule: TaxRule) -> Paise {
        Amounts::inside(self.net(), self.gst, rule).tax()
    }
}

/// The fees that a bill may have. The numbers are on disk: add, never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FeeKind {
    /// The fee for bringing the order to the door.
    Delivery = 1,
}

impl FeeKind {
    /// All of them, in the order in which they stand on a bill.
    pub const ALL: [Self; 1] = [Self::Delivery];

    /// Returns the fee of that number; `None` for a number without one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// Returns the member of an invoice that holds the fee.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
        }
    }

    /// Returns the fee's name as people read it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Delivery => "Delivery",
        }
    }

    /// Returns the code of the service under GST, in the place of an HSN code: 9968 is the heading
    /// of postal and courier services, local delivery among them.
    pub fn sac(self) -> &'static str {
        match self {
            Self::Delivery => "9968",
        }
    }
}

/// The sums of a bill. `total = subtotal + fees − discount`; `tax` is inside the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Sum of the lines before discounts.
    pub subtotal: Paise,
    /// The delivery fee.
    pub delivery_fee: Fee,
    /// The discounts of lines and fees together.
    pub discount: Paise,
    /// Tax inside the lines and the fees.
    pub tax: Paise,
    /// The rule by which the tax is rounded.
    pub tax_rule: TaxRule,
    /// The amount to be paid.
    pub total: Paise,
}

impl Sums {
    /// Adds up lines and the delivery fee, by the rule of tax of today.
    pub fn of(lines: &[OrderLine], delivery_fee: Fee) -> Self {
        let [subtotal, discount, tax, total] = [Paise::ZERO; 4];
        let tax_rule = TaxRule::default();
        Self { subtotal, delivery_fee, discount, tax, tax_rule, total }.with_lines(lines)
    }

    /// Adds up other lines and the same fees, by the rule of tax of this bill.
    #[must_use]
    pub fn with_lines(&self, lines: &[OrderLine]) -> Self {
        let fees = self.fees().map(|(_, fee)| fee);
        let subtotal: Paise = lines.iter().map(OrderLine::gross).sum();
        let off_lines: Paise = lines.iter().map(|line| line.discount).sum();
        let discount = off_lines + fees.iter().map(|fee| fee.discount).sum();
        let taxes = lines.iter().map(|line| line.tax(self.tax_rule));
        let tax = taxes.chain(fees.iter().map(|fee| fee.tax(self.tax_rule))).sum();
        let total = subtotal + fees.iter().map(|fee| fee.amount).sum() - discount;
        assert!(tax <= total, "the tax is inside the total");
        assert!(discount >= Paise::ZERO, "a coupon never adds to a bill");
        Self { subtotal, discount, tax, total, ..*self }
    }

    /// Returns the fees, in the order of [`FeeKind::ALL`].
    pub fn fees(&self) -> [(FeeKind, Fee); FeeKind::ALL.len()] {
        [(FeeKind::Delivery, self.delivery_fee)]
    }

    /// Returns every amount by the name that answers, log tools and exports give it, in the order
    /// of the answers.
    pub fn rows(&self) -> [(&'static str, Paise); 4 + FeeKind::ALL.len()] {
        [
            ("subtotal_paise", self.subtotal),
            ("delivery_fee_paise", self.delivery_fee.amount),
            ("tax_paise", self.tax),
            ("discount_paise", self.discount),
            ("total_paise", self.total),
        ]
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.numbers(&[self.subtotal.0]);
        for (_, fee) in self.fees() {
            digest.numbers(&[fee.amount.0, fee.discount.0, fee.gst.0.into()]);
        }
        digest.numbers(&[self.discount.0, self.tax.0, self.total.0]);
        // A bill of an older release has the digest that it had there.
        if self.tax_rule != TaxRule::OddPaisa {
            digest.count((self.tax_rule as u8).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::item;

    #[test]
    fn a_line_that_shrinks_to_its_units_one_by_one_gives_its_discount_back_to_the_paisa() {
        let line = OrderLine {
            item: Arc::new(item(1, Paise(999), Bps(500))),
            quantity: 7,
            discount: Paise(100),
        };
        let mut now = line.clone();
        let mut back = Paise::ZERO;
        for quantity in (0..7).rev() {
            let next = line.with_quantity(quantity);
            back = back + (now.net() - next.net());
            now = next;
        }
        assert_eq!((back, now.net()), (line.net(), Paise::ZERO));
    }

    #[test]
    fn the_sums_hold_the_fee_and_what_is_taken_off() {
        let line = |price, discount| OrderLine {
            item: Arc::new(item(1, Paise(price), Bps(500))),
            quantity: 1,
            discount: Paise(discount),
        };
        let fee = Fee { amount: Paise(2_500), discount: Paise(2_500), gst: Bps(1_800) };
        let sums = Sums::of(&[line(10_500, 0), line(10_500, 10_500)], fee);
        assert_eq!((sums.subtotal, sums.discount), (Paise(21_000), Paise(13_000)));
        assert_eq!((sums.total, sums.tax), (Paise(10_500), Paise(500)));
        let old = Sums { tax_rule: TaxRule::OddPaisa, ..sums };
        let odd = [line(2_500, 0)];
        assert_eq!((old.with_lines(&odd).tax, sums.with_lines(&odd).tax), (Paise(119), Paise(120)));
    }

    #[test]
    fn the_rows_of_a_bill_add_up_and_its_fees_are_those_that_there_are() {
        let fee = Fee { amount: Paise(2_500), discount: Paise(500), gst: Bps(1_800) };
        let line = OrderLine::new(Arc::new(item(1, Paise(10_500), Bps(500))), 2);
        let sums = Sums::of(std::slice::from_ref(&line), fee);
        assert_eq!(sums.with_lines(std::slice::from_ref(&line)), sums);
        assert_eq!(sums.fees().map(|(kind, _)| kind), FeeKind::ALL);
        let of = |wanted: &str| sums.rows().iter().find(|row| row.0 == wanted).unwrap().1;
        let is_fee = |row: &&(&str, Paise)| row.0.ends_with("_fee_paise");
        let fees: Paise = sums.rows().iter().filter(is_fee).map(|row| row.1).sum();
        let total = of("subtotal_paise") + fees - of("discount_paise");
        assert_eq!(total, of("total_paise"));
    }
}
