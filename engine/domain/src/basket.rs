//! A basket: the products that a customer wants, checked. Parsed once, then trusted.

use crate::limits::{BASKET_LINES_MAX, LINE_UNITS_MAX};
use crate::{ProductId, Rejection};

/// A product and a number of units of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasketLine {
    /// The product.
    pub product_id: ProductId,
    /// Units: 1 to [`LINE_UNITS_MAX`].
    pub quantity: u32,
}

/// 1 to [`BASKET_LINES_MAX`] lines, each product once, in the order in which they were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basket(Vec<BasketLine>);

impl Basket {
    /// Parses a basket, the only way to have one. Merges lines of the same product: they stand in
    /// the place of the first one.
    ///
    /// # Errors
    /// [`Rejection::BasketEmpty`], [`Rejection::TooManyLines`] (counted after merging) or
    /// [`Rejection::QuantityOutOfRange`] (of one line, or of the sum of merged ones).
    pub fn parse(lines: Vec<BasketLine>) -> Result<Self, Rejection> {
        let out_of_range = |line: &BasketLine| Rejection::QuantityOutOfRange {
            product_id: line.product_id,
            quantity: line.quantity.into(),
        };
        if let Some(line) = lines.iter().find(|l| !(1..=LINE_UNITS_MAX).contains(&l.quantity)) {
            return Err(out_of_range(line));
        }
        // Each merge adds at most 99 units and a sum over 99 is refused below; the saturation
        // only matters for a request of millions of lines, which the gateway does not let in.
        let mut placed: Vec<(usize, BasketLine)> = lines.into_iter().enumerate().collect();
        placed.sort_by_key(|(_, line)| line.product_id);
        placed.dedup_by(|(_, next), (_, kept)| {
            let same = next.product_id == kept.product_id;
            if same {
                kept.quantity = kept.quantity.saturating_add(next.quantity);
            }
            same
        });
        placed.sort_unstable_by_key(|(place, _)| *place);
        let lines: Vec<BasketLine> = placed.into_iter().map(|(_, line)| line).collect();
        if let Some(line) = lines.iter().find(|line| line.quantity > LINE_UNITS_MAX) {
            return Err(out_of_range(line));
        }
        if lines.is_empty() {
            return Err(Rejection::BasketEmpty);
        }
        if lines.len() > BASKET_LINES_MAX {
            return Err(Rejection::TooManyLines { lines: lines.len() });
        }
        debug_assert!(lines.iter().all(|line| (1..=LINE_UNITS_MAX).contains(&line.quantity)));
        Ok(Self(lines))
    }

    /// Returns the lines, in the order in which they were sent.
    pub fn lines(&self) -> &[BasketLine] {
        debug_assert!((1..=BASKET_LINES_MAX).contains(&self.0.len()), "only `parse` makes baskets");
        &self.0
    }
}

#[cfg(test)]
mod tests;
