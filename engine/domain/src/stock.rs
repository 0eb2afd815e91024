//! The ledger of a product: every unit that came in is somewhere.
//!
//! The stock law, true after every record, for each (store, product):
//! `received + returned + adjusted = available + held + allocated + shipped`,
//! and no term but `adjusted` (the signed sum of corrections) is ever negative.
//! All eight terms are kept, none is derived, so that the law can be broken and be seen to be.

pub use crate::facts::{Bucket, StockMove};

use crate::digest::Digester;
use crate::{FastMap, ProductId, Record, StoreId};

/// The counts of one product, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// Came in from suppliers.
    pub received: i64,
    /// Came back after it had left the store.
    pub returned: i64,
    /// Signed sum of corrections: breakage, finds.
    pub adjusted: i64,
    /// Can be promised.
    pub available: i64,
    /// Promised to orders that are not paid yet.
    pub held: i64,
    /// Belongs to confirmed orders.
    pub allocated: i64,
    /// Left the store.
    pub shipped: i64,
    /// Set for good once the law did not hold: the product is not sold until it was looked at.
    pub breached: bool,
}

impl Stock {
    /// True when every unit is accounted for.
    pub fn law_holds(&self) -> bool {
        let came = self.received + self.returned + self.adjusted;
        let are = self.available + self.held + self.allocated + self.shipped;
        let terms =
            [self.received, self.returned, self.available, self.held, self.allocated, self.shipped];
        came == are && terms.iter().all(|term| *term >= 0)
    }

    fn bucket(&mut self, bucket: Bucket) -> &mut i64 {
        match bucket {
            Bucket::Held => &mut self.held,
            Bucket::Allocated => &mut self.allocated,
        }
    }

    /// Moves units. The book does it for every record; a reader of the log for one product.
    pub fn apply(&mut self, change: StockMove) {
        match change {
            StockMove::Receive(units) => {
                self.received += i64::from(units);
                self.available += i64::from(units);
            }
            StockMove::Adjust(delta) => {
                self.adjusted += i64::from(delta);
                self.available += i64::from(delta);
            }
            StockMove::Take(units, into) => {
                self.available -= i64::from(units);
                *self.bucket(into) += i64::from(units);
            }
            StockMove::GiveBack(units, from) => {
                *self.bucket(from) -= i64::from(units);
                self.available += i64::from(units);
            }
            StockMove::Confirm(units) => {
                self.held -= i64::from(units);
                self.allocated += i64::from(units);
            }
            StockMove::Ship(units) => {
                self.allocated -= i64::from(units);
                self.shipped += i64::from(units);
            }
            StockMove::BringBack(units) => {
                self.returned += i64::from(units);
                self.allocated += i64::from(units);
            }
            StockMove::WriteOff(units) => {
                self.allocated -= i64::from(units);
                self.adjusted -= i64::from(units);
            }
        }
    }
}

/// The ledgers of all products.
#[derive(Clone, Debug, Default)]
pub struct StockBook {
    stocks: FastMap<(StoreId, ProductId), Stock>,
}

impl StockBook {
    /// The ledger of a product; all zeros when nothing ever came in.
    pub fn get(&self, store_id: StoreId, product_id: ProductId) -> Stock {
        self.stocks.get(&(store_id, product_id)).copied().unwrap_or_default()
    }

    /// Applies a record. Answers the products whose books have just broken the law.
    pub fn evolve(&mut self, record: &Record) -> Vec<(StoreId, ProductId)> {
        let mut breached = Vec::new();
        record.event.for_stock(|store_id, product_id, change| {
            let stock = self.stocks.get_or_insert_with((store_id, product_id), Stock::default);
            stock.apply(change);
            if !stock.breached && !stock.law_holds() {
                stock.breached = true;
                breached.push((store_id, product_id));
            }
        });
        breached
    }

    /// All ledgers, by store and product. For checkpoints.
    pub fn iter(&self) -> impl Iterator<Item = (StoreId, ProductId, &Stock)> {
        let all = self.stocks.sorted().into_iter();
        all.map(|((store_id, product_id), stock)| (*store_id, *product_id, stock))
    }

    /// The book of these ledgers; `None` if one comes twice, or breaks the law without a mark of
    /// it. For checkpoints.
    pub fn restore(stocks: impl IntoIterator<Item = (StoreId, ProductId, Stock)>) -> Option<Self> {
        let mut book = Self::default();
        for (store_id, product_id, stock) in stocks {
            let is_known = book.stocks.insert((store_id, product_id), stock).is_some();
            if is_known || !(stock.breached || stock.law_holds()) {
                return None;
            }
        }
        Some(book)
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.stocks.len());
        for ((store_id, product_id), stock) in self.stocks.sorted() {
            digest.id(store_id.0).id(product_id.0).numbers(&[
                stock.received,
                stock.returned,
                stock.adjusted,
                stock.available,
                stock.held,
                stock.allocated,
                stock.shipped,
                stock.breached.into(),
            ]);
        }
    }
}

#[cfg(test)]
mod tests;
