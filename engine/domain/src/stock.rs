//! The ledger of a product: every unit that came in is somewhere.
//!
//! The stock law, true after every record, for each (store, product):
//! `received + returned + adjusted = available + held + allocated + shipped`,
//! and no term but `adjusted` (the signed sum of corrections) is ever negative.
//! All eight terms are kept, none is derived, so that the law can be broken and be seen to be.

pub use crate::facts::{Bucket, StockMove};

use crate::digest::Digester;
use crate::{FastMap, ProductId, Record, StoreId};

/// The ledger of one product, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// Units that came in from suppliers.
    pub received: i64,
    /// Units that came back after they had left the store.
    pub returned: i64,
    /// Signed sum of corrections: breakage, finds.
    pub adjusted: i64,
    /// Units that can be promised.
    pub available: i64,
    /// Units promised to orders that are not paid yet.
    pub held: i64,
    /// Units of confirmed orders.
    pub allocated: i64,
    /// Units that left the store.
    pub shipped: i64,
    /// True for good once the law did not hold: the product is not sold until staff has counted it.
    pub breached: bool,
}

impl Stock {
    /// Returns true when every unit is accounted for, and no term is negative.
    pub fn law_holds(&self) -> bool {
        let terms =
            [self.received, self.returned, self.available, self.held, self.allocated, self.shipped];
        self.unaccounted() == 0 && terms.iter().all(|term| *term >= 0)
    }

    /// Returns the seven counts in the order in which they are stored.
    pub fn terms(&self) -> [i64; 7] {
        let Self { received, returned, adjusted, available, held, allocated, shipped, .. } = *self;
        [received, returned, adjusted, available, held, allocated, shipped]
    }

    /// Returns the ledger of seven counts as [`Stock::terms`] has them.
    pub fn from_terms(terms: [i64; 7], breached: bool) -> Self {
        let [received, returned, adjusted, available, held, allocated, shipped] = terms;
        Self { received, returned, adjusted, available, held, allocated, shipped, breached }
    }

    /// Returns the units that are sold: confirmed, or with their customers. What came back is not
    /// among them, however often it had left.
    pub fn sold(&self) -> i64 {
        self.allocated + self.shipped - self.returned
    }

    /// Returns the units that came in and are nowhere; below zero, units that never came in.
    fn unaccounted(&self) -> i64 {
        let came = self.received + self.returned + self.adjusted;
        came - (self.available + self.held + self.allocated + self.shipped)
    }

    /// Returns the term that counts units of orders in that state.
    fn bucket(&mut self, bucket: Bucket) -> &mut i64 {
        match bucket {
            Bucket::Held => &mut self.held,
            Bucket::Allocated => &mut self.allocated,
        }
    }

    /// Moves units between terms. The book does it for every record; a reader of the log for one
    /// product.
    pub fn apply(&mut self, change: StockMove) {
        let before = self.unaccounted();
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
        // A log may take more than there was, and a term falls below zero; no move makes a unit.
        debug_assert_eq!(self.unaccounted(), before, "each move is entered twice: {change:?}");
    }
}

/// The ledgers of all products.
#[derive(Clone, Debug, Default)]
pub struct StockBook {
    stocks: FastMap<(StoreId, ProductId), Stock>,
}

impl StockBook {
    /// Returns the ledger of a product; all zeros when nothing ever came in.
    pub fn get(&self, store_id: StoreId, product_id: ProductId) -> Stock {
        self.stocks.get(&(store_id, product_id)).copied().unwrap_or_default()
    }

    /// Applies a record. Returns the products whose ledgers have just broken the law.
    pub fn evolve(&mut self, record: &Record) -> Vec<(StoreId, ProductId)> {
        let mut breached = Vec::new();
        record.event.for_stock(|store_id, product_id, change| {
            let stock = self.stocks.get_or_insert_with((store_id, product_id), Stock::default);
            stock.apply(change);
            if !stock.breached && !stock.law_holds() {
                stock.breached = true;
                breached.push((store_id, product_id));
            }
            // Pairs with `restore`: a checkpoint of this book can be read back.
            debug_assert!(stock.breached || stock.law_holds(), "a breach is marked at once");
        });
        breached
    }

    /// Returns all ledgers, by store and product. For checkpoints.
    pub fn iter(&self) -> impl Iterator<Item = (StoreId, ProductId, &Stock)> {
        let all = self.stocks.sorted().into_iter();
        all.map(|((store_id, product_id), stock)| (*store_id, *product_id, stock))
    }

    /// Builds the book of these ledgers; `None` if one comes twice, or breaks the law without a
    /// mark of it. For checkpoints.
    pub fn restore(stocks: impl IntoIterator<Item = (StoreId, ProductId, Stock)>) -> Option<Self> {
        let mut book = Self::default();
        for (store_id, product_id, stock) in stocks {
            let is_known = book.stocks.insert((store_id, product_id), stock).is_some();
            if is_known || !(stock.breached || stock.law_holds()) {
                return None;
            }
        }
        debug_assert!(book.stocks.sorted().iter().all(|(_, it)| it.breached || it.law_holds()));
        Some(book)
    }

    /// Writes all ledgers to a digest, by store and product.
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
