//! The tax inside an amount: the one function by which bills, invoices and credit notes have it.
//!
//! Prices include tax, and an order goes to an address in the store's own state, so the tax is CGST
//! (central) and SGST (of the state) at half the rate each; IGST does not occur. The value is
//! `amount × 100 % / (100 % + rate)`: rule 35 of the CGST Rules, 2017.

use crate::{Bps, Paise};
use std::ops::{Add, Sub};

/// A rule by which the tax inside an amount is rounded. A bill keeps the one that it was made by:
/// the sums of an old order never change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum TaxRule {
    /// The rule of the first three releases: the whole tax is rounded half up, and SGST takes an
    /// odd paisa.
    OddPaisa = 0,
    /// The half is rounded half up and doubled: CGST and SGST are equal on every line.
    #[default]
    EqualHalves = 1,
}

impl TaxRule {
    /// Returns the rule of that number; `None` for a number without one.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::OddPaisa, Self::EqualHalves].into_iter().find(|rule| *rule as u8 == number)
    }
}

/// Four figures that belong together: `taxable + cgst + sgst = total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// The value without tax.
    pub taxable: Paise,
    /// Central tax.
    pub cgst: Paise,
    /// State tax: as much as the central tax, by [`TaxRule::EqualHalves`].
    pub sgst: Paise,
    /// The amount to be paid.
    pub total: Paise,
}

impl Amounts {
    /// Returns the figures of an amount with tax inside.
    ///
    /// ```
    /// use kirana_domain::tax::{Amounts, TaxRule};
    /// use kirana_domain::{Bps, Paise};
    /// // 25.00 with 18 % inside: 1.9068 of each tax.
    /// let amounts = Amounts::inside(Paise(2_500), Bps(1_800), TaxRule::EqualHalves);
    /// assert_eq!((amounts.cgst, amounts.sgst), (Paise(191), Paise(191)));
    /// assert_eq!(amounts.taxable, Paise(2_118));
    /// // An order of an older release keeps what it was told.
    /// let amounts = Amounts::inside(Paise(2_500), Bps(1_800), TaxRule::OddPaisa);
    /// assert_eq!((amounts.cgst, amounts.sgst), (Paise(190), Paise(191)));
    /// ```
    pub fn inside(total: Paise, rate: Bps, rule: TaxRule) -> Self {
        let (cgst, sgst) = match rule {
            TaxRule::OddPaisa => {
                let tax = total.tax_inside_half_up(rate);
                let cgst = Paise(tax.0 / 2);
                (cgst, tax - cgst)
            }
            TaxRule::EqualHalves => {
                let half = total.half_tax_inside_half_up(rate);
                (half, half)
            }
        };
        assert!(cgst + sgst <= total, "the tax is inside the amount");
        Self { taxable: total - cgst - sgst, cgst, sgst, total }
    }

    /// Returns CGST and SGST together.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn halves(total: i64, rate: u16) -> [i64; 3] {
        let amounts = Amounts::inside(Paise(total), Bps(rate), TaxRule::EqualHalves);
        [amounts.taxable.0, amounts.cgst.0, amounts.sgst.0]
    }

    #[test]
    fn cgst_and_sgst_of_a_line_are_equal_to_the_paisa() {
        assert_eq!(halves(2_500, 1_800), [2_118, 191, 191]);
        assert_eq!(halves(105, 500), [99, 3, 3]);
        assert_eq!(halves(99_900, 1_800), [84_662, 7_619, 7_619]);
        assert_eq!(halves(11, 500), [11, 0, 0]);
        assert_eq!(halves(0, 1_800), [0, 0, 0]);
        assert_eq!(halves(1_000, 0), [1_000, 0, 0]);
    }

    #[test]
    fn a_rule_of_tax_is_known_by_its_number() {
        for rule in [TaxRule::OddPaisa, TaxRule::EqualHalves] {
            assert_eq!(TaxRule::from_number(rule as u8), Some(rule));
        }
        assert_eq!(TaxRule::from_number(2), None);
    }

    proptest! {
        #[test]
        fn each_half_is_the_nearest_whole_paisa_and_both_are_inside(
            total in prop_oneof![0..20_i64, 0..1_000_000_000_000_i64],
            rate: u16,
        ) {
            let [taxable, cgst, sgst] = halves(total, rate);
            prop_assert_eq!((cgst, taxable + cgst + sgst), (sgst, total));
            prop_assert!(taxable >= 0);
            let whole = 2 * (10_000 + i128::from(rate));
            let off = i128::from(cgst) * whole - i128::from(total) * i128::from(rate);
            prop_assert!(2 * off <= whole && 2 * off > -whole, "{total} {rate} {cgst}");
        }
    }
}
