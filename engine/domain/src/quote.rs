//! A quote: a basket with the server's prices, the delivery fee, the tax inside, and the total.
//!
//! One function prices; the quote that a customer sees and the order that is placed use it both.

use crate::{Basket, Catalogue, Item, Paise, PaymentMethod, Rejection, Store};
use std::sync::Arc;

/// One priced line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteLine {
    /// The product as it was defined when the basket was priced.
    pub item: Arc<Item>,
    /// Units.
    pub quantity: u32,
}

impl QuoteLine {
    /// Price of all units, tax included.
    pub fn total(&self) -> Paise {
        self.item.price * self.quantity
    }

    /// The tax inside the total.
    pub fn tax(&self) -> Paise {
        self.total().tax_inside_half_up(self.item.gst)
    }
}

/// A priced basket. `total = subtotal + delivery_fee − discount`; `tax` is inside the total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The lines, sorted by product.
    pub lines: Vec<QuoteLine>,
    /// Sum of the lines.
    pub subtotal: Paise,
    /// Delivery fee, tax included.
    pub delivery_fee: Paise,
    /// What is taken off; always zero so far.
    pub discount: Paise,
    /// Tax inside the lines and the fee.
    pub tax: Paise,
    /// What is to be paid.
    pub total: Paise,
}

impl Quote {
    /// Prices a basket with what the store's catalogue says now.
    ///
    /// # Errors
    /// [`Rejection::UnknownProduct`] and [`Rejection::OverMaxPerOrder`] for a line that cannot be
    /// ordered as it is.
    pub fn price(basket: &Basket, store: &Store, catalogue: &Catalogue) -> Result<Self, Rejection> {
        let price_line = |line: &crate::BasketLine| {
            let product_id = line.product_id;
            let product = catalogue
                .product(store.id, product_id)
                .ok_or(Rejection::UnknownProduct { product_id })?;
            if line.quantity > product.max_per_order {
                let max = product.max_per_order;
                return Err(Rejection::OverMaxPerOrder { product_id, max });
            }
            Ok(QuoteLine { item: Arc::clone(&product.item), quantity: line.quantity })
        };
        let lines = basket.lines().iter().map(price_line).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of_lines(lines, store))
    }

    fn of_lines(lines: Vec<QuoteLine>, store: &Store) -> Self {
        let subtotal: Paise = lines.iter().map(QuoteLine::total).sum();
        let delivery_fee = store.delivery_fee(subtotal);
        let fee_tax = delivery_fee.tax_inside_half_up(store.fee_gst);
        let tax = lines.iter().map(QuoteLine::tax).sum::<Paise>() + fee_tax;
        let discount = Paise::ZERO;
        let total = subtotal + delivery_fee - discount;
        assert!(tax <= total, "the tax is inside the total");
        Self { lines, subtotal, delivery_fee, discount, tax, total }
    }

    /// Checks the total that the customer was shown, and the amounts that the store allows.
    ///
    /// # Errors
    /// [`Rejection::PriceChanged`] with the new quote, [`Rejection::BelowMinimum`],
    /// [`Rejection::AboveMaximum`] or [`Rejection::CodLimit`].
    pub fn check(
        &self,
        store: &Store,
        expected_total: Paise,
        payment_method: PaymentMethod,
    ) -> Result<(), Rejection> {
        if self.subtotal < store.order_minimum {
            return Err(Rejection::BelowMinimum {
                subtotal: self.subtotal,
                minimum: store.order_minimum,
            });
        }
        if self.total > store.order_maximum {
            return Err(Rejection::AboveMaximum {
                total: self.total,
                maximum: store.order_maximum,
            });
        }
        if payment_method == PaymentMethod::Cod && self.total > store.cod_maximum {
            return Err(Rejection::CodLimit { total: self.total, maximum: store.cod_maximum });
        }
        if self.total != expected_total {
            return Err(Rejection::PriceChanged { quote: Box::new(self.clone()) });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
