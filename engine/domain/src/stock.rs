//! The ledger of a product: every unit that came in is somewhere.
//!
//! The stock law, true after every record, for each (store, product):
//! `received + returned + adjusted = available + held + allocated + shipped`,
//! and no term but `adjusted` (the signed sum of corrections) is ever negative.
//! All eight terms are kept, none is derived, so that the law can be broken and be seen to be.

use crate::digest::Digester;
use crate::{Event, FastMap, ProductId, Record, StoreId};

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

/// Where units of an order are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Of an unpaid order.
    Held,
    /// Of a confirmed order.
    Allocated,
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

    /// Units came in.
    fn receive(&mut self, units: i64) {
        self.received += units;
        self.available += units;
    }

    /// The count was corrected.
    fn adjust(&mut self, delta: i64) {
        self.adjusted += delta;
        self.available += delta;
    }

    /// An order took units.
    fn take(&mut self, units: i64, into: Bucket) {
        self.available -= units;
        *self.bucket(into) += units;
    }

    /// An order gave units back.
    fn give_back(&mut self, units: i64, from: Bucket) {
        *self.bucket(from) -= units;
        self.available += units;
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
        let mut change = |store_id, product_id, apply: &dyn Fn(&mut Stock)| {
            let stock = self.stocks.get_or_insert_with((store_id, product_id), Stock::default);
            apply(stock);
            if !stock.breached && !stock.law_holds() {
                stock.breached = true;
                breached.push((store_id, product_id));
            }
        };
        match &record.event {
            Event::ProductDefined { product, opening_units } if *opening_units > 0 => {
                let units = i64::from(*opening_units);
                change(product.store_id, product.id, &|stock| stock.receive(units));
            }
            Event::StockReceived { store_id, lines } => {
                for line in lines {
                    change(*store_id, line.product_id, &|stock| stock.receive(line.units.into()));
                }
            }
            Event::StockAdjusted { store_id, lines } => {
                for line in lines {
                    change(*store_id, line.product_id, &|stock| stock.adjust(line.delta.into()));
                }
            }
            Event::OrderPlaced { order } => {
                let into = order.status.bucket().expect("a new order has its units");
                for line in &order.lines {
                    let units = line.quantity.into();
                    change(order.store_id, line.item.id, &|stock| stock.take(units, into));
                }
            }
            Event::OrderCancelled { store_id, lines, from, .. } => {
                for line in lines {
                    let units = line.units.into();
                    change(*store_id, line.product_id, &|stock| stock.give_back(units, *from));
                }
            }
            Event::OrderExpired { store_id, lines, .. } => {
                for line in lines {
                    let units = line.units.into();
                    change(*store_id, line.product_id, &|s| s.give_back(units, Bucket::Held));
                }
            }
            _ => (),
        }
        breached
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
