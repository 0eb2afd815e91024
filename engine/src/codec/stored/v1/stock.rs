//! The shapes of stock: units that an order has, that came in, that a count was corrected by.

use super::Id;
use super::words::{Result, optional, text};
use kirana_domain as domain;
use kirana_domain::ProductId;
use serde::{Deserialize, Serialize};

/// Units of a product.
#[derive(Serialize, Deserialize)]
pub(super) struct StockLine {
    product_id: Id,
    units: u32,
}

impl From<&domain::StockLine> for StockLine {
    fn from(line: &domain::StockLine) -> Self {
        Self { product_id: line.product_id.into(), units: line.units }
    }
}

impl From<StockLine> for domain::StockLine {
    fn from(stored: StockLine) -> Self {
        Self { product_id: stored.product_id.into(), units: stored.units }
    }
}

/// A line of a cart.
impl From<&(ProductId, u32)> for StockLine {
    fn from((product_id, units): &(ProductId, u32)) -> Self {
        Self { product_id: product_id.into(), units: *units }
    }
}

impl From<StockLine> for (ProductId, u32) {
    fn from(stored: StockLine) -> Self {
        (stored.product_id.into(), stored.units)
    }
}

/// A line of a receipt of the first release, which had no place for a reason.
impl From<StockLine> for domain::ReceivedLine {
    fn from(stored: StockLine) -> Self {
        Self { product_id: stored.product_id.into(), units: stored.units, reason: None }
    }
}

/// A line of a receipt since the third release.
#[derive(Serialize, Deserialize)]
pub(super) struct ReceivedLine<'a> {
    product_id: Id,
    units: u32,
    #[serde(borrow)]
    reason: Option<&'a str>,
}

impl<'a> From<&'a domain::ReceivedLine> for ReceivedLine<'a> {
    fn from(line: &'a domain::ReceivedLine) -> Self {
        let reason = line.reason.as_deref();
        Self { product_id: line.product_id.into(), units: line.units, reason }
    }
}

impl ReceivedLine<'_> {
    /// Returns the line.
    pub(super) fn parse(&self) -> Result<domain::ReceivedLine> {
        let reason = optional(self.reason)?;
        Ok(domain::ReceivedLine { product_id: self.product_id.into(), units: self.units, reason })
    }
}

/// A correction of a count.
#[derive(Serialize, Deserialize)]
pub(super) struct StockChange<'a> {
    product_id: Id,
    delta: i32,
    reason: &'a str,
}

impl<'a> From<&'a domain::StockChange> for StockChange<'a> {
    fn from(line: &'a domain::StockChange) -> Self {
        Self { product_id: line.product_id.into(), delta: line.delta, reason: &line.reason }
    }
}

impl StockChange<'_> {
    /// Returns the correction.
    pub(super) fn parse(&self) -> Result<domain::StockChange> {
        let reason = text(self.reason)?;
        Ok(domain::StockChange { product_id: self.product_id.into(), delta: self.delta, reason })
    }
}

/// A line that is short of stock.
#[derive(Serialize, Deserialize)]
pub(super) struct StockIssue<'a> {
    product_id: Id,
    product_name: &'a str,
    requested: u32,
    available: u32,
}

impl<'a> From<&'a domain::StockIssue> for StockIssue<'a> {
    fn from(issue: &'a domain::StockIssue) -> Self {
        Self {
            product_id: issue.product_id.into(),
            product_name: &issue.product_name,
            requested: issue.requested,
            available: issue.available,
        }
    }
}

impl StockIssue<'_> {
    /// Returns the short line.
    pub(super) fn parse(&self) -> Result<domain::StockIssue> {
        Ok(domain::StockIssue {
            product_id: self.product_id.into(),
            product_name: text(self.product_name)?,
            requested: self.requested,
            available: self.available,
        })
    }
}
