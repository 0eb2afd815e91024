//! Ledgers and what was used of coupons. Stores, products, zones, rates and coupons themselves have
//! the shapes of the log.

use super::Result;
use crate::codec::stored::v1::Id;
use crate::codec::stored::v1::from_stored::{id_of, uuid};
use crate::codec::stored::v1::life;
use kirana_domain::{PersonId, ProductId, StoreId};
use serde::{Deserialize, Serialize};

/// A coupon, and what it took off all orders together.
#[derive(Serialize, Deserialize)]
pub(crate) struct Coupon<'a> {
    #[serde(borrow)]
    pub(crate) coupon: life::Coupon<'a>,
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
        Self { customer_id: id_of(customer_id), uses }
    }
}

impl From<CouponUser> for (PersonId, u32) {
    fn from(stored: CouponUser) -> Self {
        (PersonId(uuid(stored.customer_id)), stored.uses)
    }
}

/// Units that no term of a ledger goes beyond, up or down: no sum of eight of them overflows.
const TERM_MAX: u64 = 1 << 56;

/// The eight terms of a ledger.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stock {
    received: i64,
    returned: i64,
    adjusted: i64,
    available: i64,
    held: i64,
    allocated: i64,
    shipped: i64,
    breached: bool,
}

impl From<&kirana_domain::Stock> for Stock {
    fn from(stock: &kirana_domain::Stock) -> Self {
        let kirana_domain::Stock {
            received,
            returned,
            adjusted,
            available,
            held,
            allocated,
            shipped,
            breached,
        } = *stock;
        Self { received, returned, adjusted, available, held, allocated, shipped, breached }
    }
}

impl Stock {
    pub(crate) fn parse(&self) -> Result<kirana_domain::Stock> {
        let Self { received, returned, adjusted, available, held, allocated, shipped, breached } =
            *self;
        let terms = [received, returned, adjusted, available, held, allocated, shipped];
        if terms.iter().any(|term| term.unsigned_abs() > TERM_MAX) {
            return Err("a ledger counts more than there can be");
        }
        Ok(kirana_domain::Stock {
            received,
            returned,
            adjusted,
            available,
            held,
            allocated,
            shipped,
            breached,
        })
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
        let (store_id, product_id) = (id_of(store_id), id_of(product_id));
        Self { store_id, product_id, stock: Stock::from(stock) }
    }
}

impl StockOf {
    pub(crate) fn parse(&self) -> Result<(StoreId, ProductId, kirana_domain::Stock)> {
        let (store_id, product_id) = (uuid(self.store_id), uuid(self.product_id));
        Ok((StoreId(store_id), ProductId(product_id), self.stock.parse()?))
    }
}
