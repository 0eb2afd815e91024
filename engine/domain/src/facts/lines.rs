//! Changed lines of an order: missing units and their substitutes.

use super::StockLine;
use crate::digest::Digester;
use crate::{Item, OrderLine, ProductId};
use std::sync::Arc;

/// A substitute that the customer is asked about. Its units are taken meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The product that is missing.
    pub missing: ProductId,
    /// Units of it that are missing.
    pub missing_units: u32,
    /// The product instead, at the price that would be charged.
    pub item: Arc<Item>,
    /// Units of the substitute.
    pub units: u32,
}

impl Proposal {
    /// Writes all of it to a digest.
    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.id(self.missing.0).numbers(&[self.missing_units.into(), self.units.into()]);
        self.item.write_to(digest);
    }
}

/// A change of the lines of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinesChange {
    /// All lines as they are from now on, in the order of the order; `None` while they stay.
    pub lines: Option<Arc<[OrderLine]>>,
    /// Units that could not be found: they leave the books.
    pub missing: Vec<StockLine>,
    /// Units that were taken from the shelves instead.
    pub taken: Vec<StockLine>,
    /// Units that go back on the shelves, because the customer does not want them.
    pub back: Vec<StockLine>,
    /// A substitute that the customer is asked about.
    pub proposed: Option<Proposal>,
    /// The missing product whose proposal is answered with this.
    pub answered: Option<ProductId>,
}
