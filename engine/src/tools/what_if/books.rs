//! The sums, in both worlds and by product.

use super::shadow::{Outcome, Side};
use kirana_domain::{FastMap, OrderLine, Paise, ProductId, StoreId};

/// The outcomes of the demand. `orders = sold + expired + cancelled + unpaid`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Orders that got their units when they were placed.
    pub orders: i64,
    /// Orders that came about and were not cancelled.
    pub sold: i64,
    /// Units of those, as they are now.
    pub sold_units: i64,
    /// The price of those, delivery included.
    pub revenue: Paise,
    /// Baskets refused for stock.
    pub refused: i64,
    /// Units of their lines that were short.
    pub refused_units: i64,
    /// Orders below the minimum of the rule.
    pub below_minimum: i64,
    /// Orders that were not paid in time.
    pub expired: i64,
    /// Orders that somebody cancelled, or whose money came too late.
    pub cancelled: i64,
    /// Orders that wait for their money at the end of the log.
    pub unpaid: i64,
}

/// A product in both worlds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfProduct {
    /// The store.
    pub store_id: StoreId,
    /// The product.
    pub product_id: ProductId,
    /// Its SKU and name, as of its last definition.
    pub label: Option<(String, String)>,
    /// Units sold, really and under the rule.
    pub sold_units: [i64; 2],
    /// Units that were short when they were wanted.
    pub refused_units: [i64; 2],
}

/// Which of the two columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    Actual = 0,
    WhatIf = 1,
}

/// Units of a product, by course.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Units {
    pub(super) sold: [i64; 2],
    pub(super) refused: [i64; 2],
}

/// Both columns.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) tallies: [Tally; 2],
    pub(super) products: FastMap<(StoreId, ProductId), Units>,
}

impl Books {
    pub(super) fn tally(&mut self, course: Course) -> &mut Tally {
        &mut self.tallies[course as usize]
    }

    fn units(&mut self, store_id: StoreId, product_id: ProductId) -> &mut Units {
        self.products.get_or_insert_with((store_id, product_id), Units::default)
    }

    /// Counts an order as it is in a course; with a sign of -1 it no longer is.
    pub(super) fn count(&mut self, course: Course, store_id: StoreId, side: &Side, sign: i64) {
        let tally = self.tally(course);
        match side.outcome {
            Outcome::Refused => return,
            Outcome::BelowMinimum => {
                tally.below_minimum += sign;
                return;
            }
            Outcome::Unpaid => tally.unpaid += sign,
            Outcome::Expired => tally.expired += sign,
            Outcome::Cancelled => tally.cancelled += sign,
            Outcome::Sold => {
                tally.sold += sign;
                let total = side.sums.with_lines(&side.lines).total;
                tally.revenue = Paise(tally.revenue.0 + sign * total.0);
            }
        }
        tally.orders += sign;
        if side.outcome == Outcome::Sold {
            for line in &*side.lines {
                self.sell(course, store_id, line, sign);
            }
        }
    }

    fn sell(&mut self, course: Course, store_id: StoreId, line: &OrderLine, sign: i64) {
        let units = sign * i64::from(line.quantity);
        self.tally(course).sold_units += units;
        self.units(store_id, line.item.id).sold[course as usize] += units;
    }

    /// Counts a basket that was refused in a course, with the lines that were short.
    pub(super) fn refuse(&mut self, course: Course, short: &[(StoreId, ProductId, u32)]) {
        self.tally(course).refused += 1;
        for (store_id, product_id, units) in short {
            let units = i64::from(*units);
            self.tally(course).refused_units += units;
            self.units(*store_id, *product_id).refused[course as usize] += units;
        }
    }

    /// Counts a basket that was refused in reality and would have been sold.
    pub(super) fn rescue(&mut self, lines: &[(StoreId, ProductId, u32)], revenue: Paise) {
        let tally = self.tally(Course::WhatIf);
        tally.orders += 1;
        tally.sold += 1;
        tally.revenue = tally.revenue + revenue;
        for (store_id, product_id, units) in lines {
            let units = i64::from(*units);
            self.tally(Course::WhatIf).sold_units += units;
            self.units(*store_id, *product_id).sold[Course::WhatIf as usize] += units;
        }
    }
}
