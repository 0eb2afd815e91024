//! Ledgers, and the uses of coupons. Stores, products, zones, rates and coupons themselves have
//! the shapes of the log.

use super::Result;
use crate::codec::stored::v1::{Id, coupon};
use kirana_domain::{PersonId, ProductId, StoreId};
use serde::{Deserialize, Serialize};

/// A coupon, and what it took off all orders together.
#[derive(Serialize, Deserialize)]
pub(crate) struct Coupon<'a> {
    #[serde(borrow)]
    pub(crate) coupon: coupon::Coupon<'a>,
    pub(crate) spent: i64,
}

/// A customer, and their orders that a coupon counts for.
#[derive(Serialize, Deserialize)]
pub(crate) struct CouponUser {
    customer_id: Id,
    uses: u32,
}

impl From<(PersonId, u32)> for CouponUser {
    fn from((customer_id, uses): (PersonId, u32)) -> Self {
        Self { customer_id: customer_id.into(), uses }
    }
}

impl From<CouponUser> for (PersonId, u32) {
    fn from(stored: CouponUser) -> Self {
        (stored.customer_id.into(), stored.uses)
    }
}

/// Units that no term of a ledger goes beyond, up or down: no sum of eight of them overflows.
const TERM_MAX: u64 = 1 << 56;

/// The eight terms of a ledger: received, returned, adjusted, available, held, allocated, shipped;
/// and true once the law of stock did not hold.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stock([i64; 7], bool);

impl From<&kirana_domain::Stock> for Stock {
    fn from(stock: &kirana_domain::Stock) -> Self {
        let terms = stock.terms();
        // Pairs with the check in `parse`: a ledger that counts more could not be read again.
        assert!(terms.iter().all(|term| term.unsigned_abs() <= TERM_MAX), "no store holds so much");
        Self(terms, stock.breached)
    }
}

impl Stock {
    /// Returns the ledger.
    pub(crate) fn parse(&self) -> Result<kirana_domain::Stock> {
        let Self(terms, breached) = *self;
        if terms.iter().any(|term| term.unsigned_abs() > TERM_MAX) {
            return Err("a ledger counts more than there can be");
        }
        Ok(kirana_domain::Stock::from_terms(terms, breached))
    }
}

/// The ledger of a product of a store.
#[derive(Serialize, Deserialize)]
pub(crate) struct StockOf {
    store_id: Id,
    product_id: Id,
    stock: Stock,
}

impl From<(StoreId, ProductId, &kirana_domain::Stock)> for StockOf {
    fn from((store_id, product_id, stock): (StoreId, ProductId, &kirana_domain::Stock)) -> Self {
        let (store_id, product_id) = (store_id.into(), product_id.into());
        Self { store_id, product_id, stock: Stock::from(stock) }
    }
}

impl StockOf {
    /// Returns the ledger, with its store and product.
    pub(crate) fn parse(&self) -> Result<(StoreId, ProductId, kirana_domain::Stock)> {
        Ok((self.store_id.into(), self.product_id.into(), self.stock.parse()?))
    }
}
