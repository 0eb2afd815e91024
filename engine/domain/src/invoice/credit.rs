//! A credit note: the difference of an invoice and the rest of its order.
//!
//! Section 34(1) of the CGST Act, 2017: where goods come back, were never supplied, or cost less
//! than was invoiced, the supplier issues a credit note that names the invoice. It is the
//! difference of two invoices of one order, so any number of credit notes and the rest of the order
//! make up the invoice again, to the paisa, however the tax of each was rounded.

use super::{Invoice, InvoiceLine};
use crate::{FeeKind, Paise};

/// A reason for which two invoices have no credit note between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditIssue {
    /// They do not have the same lines in the same order, at the same prices and rates.
    OtherLines,
    /// A line is worth more afterwards, or has more units: that needs a debit note (section 34(3)).
    Rises,
}

impl std::fmt::Display for CreditIssue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OtherLines => "the two invoices do not have the same lines",
            Self::Rises => "a line is worth more afterwards, which a credit note cannot say",
        })
    }
}

impl Invoice<'_> {
    /// Returns the figures of the credit note that leads from this invoice to the rest of its
    /// order.
    ///
    /// `left` has the same lines in the same order; one that is gone has a quantity of zero, and a
    /// fee that is paid back is gone or zero. Lines that stay as they are do not stand in it. A
    /// line that keeps its units and became cheaper stands in it with none.
    ///
    /// # Errors
    /// [`CreditIssue`], and nothing is credited.
    pub fn credit_to(&self, left: &Self) -> Result<Self, CreditIssue> {
        if self.lines.len() != left.lines.len() {
            return Err(CreditIssue::OtherLines);
        }
        let mut lines = Vec::new();
        for (before, after) in self.lines.iter().zip(&left.lines) {
            lines.extend(before.less(after)?);
        }
        let mut fees = Vec::new();
        for kind in FeeKind::ALL {
            let less = match (self.fee(kind), left.fee(kind)) {
                (Some(before), Some(after)) => before.less_of_fee(after)?,
                (Some(before), None) => Some(*before),
                (None, Some(_)) => return Err(CreditIssue::Rises),
                (None, None) => None,
            };
            fees.extend(less.map(|line| (kind, line)));
        }
        let credit = Self::sum(lines, fees);
        let difference = self.amounts.total - left.amounts.total;
        assert_eq!(credit.amounts.total, difference, "a credit note is the whole difference");
        Ok(credit)
    }
}

impl InvoiceLine<'_> {
    /// Returns the part of this line that `after` lacks; `None` when they are the same.
    fn less(&self, after: &Self) -> Result<Option<Self>, CreditIssue> {
        let is_same = |a: &Self, b: &Self| {
            (a.name, a.code, a.unit, a.unit_price, a.rate)
                == (b.name, b.code, b.unit, b.unit_price, b.rate)
        };
        if !is_same(self, after) {
            return Err(CreditIssue::OtherLines);
        }
        if after.quantity > self.quantity || after.amounts.total > self.amounts.total {
            return Err(CreditIssue::Rises);
        }
        // Money that is given back beside the price of units was a discount on those that stay.
        let discount = self.discount - after.discount;
        let gross = self.gross - after.gross - discount.min(Paise::ZERO);
        let less = Self {
            quantity: self.quantity - after.quantity,
            gross,
            discount: discount.max(Paise::ZERO),
            amounts: self.amounts - after.amounts,
            ..*self
        };
        // Pairs with the checks above: a credit note gives money back and never asks for any.
        assert!(less.amounts.total >= Paise::ZERO, "a credited line is worth something");
        Ok((self != after).then_some(less))
    }

    /// Returns the same for a fee, which is one unit at any price.
    fn less_of_fee(&self, after: &Self) -> Result<Option<Self>, CreditIssue> {
        let price = self.unit_price - after.unit_price;
        let less = self.less(&Self { unit_price: self.unit_price, ..*after })?;
        Ok(less.map(|less| Self { quantity: 1, unit_price: price, ..less }))
    }
}
