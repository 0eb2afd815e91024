//! What is to be paid: lines with their share of a discount, the delivery fee, and the sums.
//!
//! One function adds up; a quote, an order, and an order that lost a line on the way use it.

use crate::digest::Digester;
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
    /// A line without a discount.
    pub fn new(item: Arc<Item>, quantity: u32) -> Self {
        Self { item, quantity, discount: Paise::ZERO }
    }

    /// Price of all units, tax included, before the discount.
    pub fn gross(&self) -> Paise {
        self.item.price * self.quantity
    }

    /// What is to be paid for the line.
    pub fn net(&self) -> Paise {
        self.gross() - self.discount
    }

    /// The tax inside what is to be paid.
    pub fn tax(&self) -> Paise {
        self.net().tax_inside_half_up(self.item.gst)
    }

    /// The same line with fewer units: the discount shrinks with them, rounded half up, so that
    /// what remains never pays more for a unit than it did.
    #[must_use]
    pub fn with_quantity(&self, quantity: u32) -> Self {
        assert!(quantity <= self.quantity, "a line only shrinks");
        let (all, left) = (i64::from(self.quantity), i64::from(quantity));
        let discount = Paise((2 * self.discount.0 * left + all) / (2 * all));
        Self { item: Arc::clone(&self.item), quantity, discount }
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        self.item.write_to(digest);
        digest.numbers(&[self.quantity.into(), self.discount.0]);
    }
}

/// The delivery fee. It stays as it was when the order was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    /// The fee, tax included.
    pub amount: Paise,
    /// What a coupon takes off it.
    pub discount: Paise,
    /// GST inside it.
    pub gst: Bps,
}

/// The sums of a bill. `total = subtotal + delivery_fee − discount`; `tax` is inside the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Sum of the lines before discounts.
    pub subtotal: Paise,
    /// The delivery fee before discounts.
    pub delivery_fee: Paise,
    /// All that is taken off.
    pub discount: Paise,
    /// Tax inside the lines and the fee.
    pub tax: Paise,
    /// What is to be paid.
    pub total: Paise,
}

impl Sums {
    /// Adds up.
    pub fn of(lines: &[OrderLine], fee: &Fee) -> Self {
        let subtotal: Paise = lines.iter().map(OrderLine::gross).sum();
        let discount = lines.iter().map(|line| line.discount).sum::<Paise>() + fee.discount;
        let fee_tax = (fee.amount - fee.discount).tax_inside_half_up(fee.gst);
        let tax = lines.iter().map(OrderLine::tax).sum::<Paise>() + fee_tax;
        let total = subtotal + fee.amount - discount;
        assert!(tax <= total, "the tax is inside the total");
        Self { subtotal, delivery_fee: fee.amount, discount, tax, total }
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
        let sums = Sums::of(&[line(10_500, 0), line(10_500, 10_500)], &fee);
        assert_eq!((sums.subtotal, sums.discount), (Paise(21_000), Paise(13_000)));
        assert_eq!((sums.total, sums.tax), (Paise(10_500), Paise(500)));
    }
}
