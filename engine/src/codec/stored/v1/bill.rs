//! The sums of a bill, as orders and quotes store them: one shape of each release.

use super::words::Result;
use kirana_domain::{self as domain, Bps, Fee, OrderLine, Paise, TaxRule};
use serde::{Deserialize, Serialize};

/// The sums as the first release wrote them.
#[derive(Serialize, Deserialize)]
pub(super) struct Sums {
    subtotal: i64,
    delivery_fee: i64,
    discount: i64,
    tax: i64,
    total: i64,
}

impl From<&domain::Sums> for Sums {
    fn from(sums: &domain::Sums) -> Self {
        Self {
            subtotal: sums.subtotal.0,
            delivery_fee: sums.delivery_fee.amount.0,
            discount: sums.discount.0,
            tax: sums.tax.0,
            total: sums.total.0,
        }
    }
}

impl From<&Sums> for domain::Sums {
    fn from(stored: &Sums) -> Self {
        // The first release did not record the tax inside the fee: 18 % was its default.
        let amount = Paise(stored.delivery_fee);
        Self {
            subtotal: Paise(stored.subtotal),
            delivery_fee: Fee { amount, discount: Paise::ZERO, gst: Bps(1_800) },
            discount: Paise(stored.discount),
            tax: Paise(stored.tax),
            tax_rule: TaxRule::OddPaisa,
            total: Paise(stored.total),
        }
    }
}

/// Returns the rule of tax of a bill. Bills without one were made by [`TaxRule::OddPaisa`].
pub(crate) fn tax_rule(stored: u8) -> Result<TaxRule> {
    TaxRule::from_number(stored).ok_or("unknown rule of tax")
}

/// The members of a bill that the second release added: discounts by line, and the fee's.
#[derive(Serialize, Deserialize)]
pub(super) struct BillV2Part {
    line_discounts: Vec<i64>,
    fee_discount: i64,
    fee_gst_bps: u16,
}

impl BillV2Part {
    pub(super) fn of(lines: &[OrderLine], sums: &domain::Sums) -> Self {
        Self {
            line_discounts: lines.iter().map(|line| line.discount.0).collect(),
            fee_discount: sums.delivery_fee.discount.0,
            fee_gst_bps: sums.delivery_fee.gst.0,
        }
    }

    /// Returns the part of an order, which writes no discounts at all as an empty list.
    pub(super) fn of_order(lines: &[OrderLine], sums: &domain::Sums) -> Self {
        let has_discounts = lines.iter().any(|line| line.discount != Paise::ZERO);
        Self::of(if has_discounts { lines } else { &[] }, sums)
    }

    pub(super) fn add_to(&self, lines: &mut [OrderLine], sums: &mut domain::Sums) -> Result<()> {
        let discounts = &self.line_discounts;
        if !discounts.is_empty() && discounts.len() != lines.len() {
            return Err("an order has a discount for each of its lines, or none");
        }
        for (line, discount) in lines.iter_mut().zip(discounts) {
            line.discount = Paise(*discount);
        }
        sums.delivery_fee.discount = Paise(self.fee_discount);
        sums.delivery_fee.gst = Bps(self.fee_gst_bps);
        Ok(())
    }
}
