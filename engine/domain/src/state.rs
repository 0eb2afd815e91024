//! The fold of the log: everything that is true after its last record.

use crate::digest::{Digest, Digester};
use crate::{Catalogue, KeyBook, Lsn, OrderBook, ProductId, Record, StockBook, StoreId};

/// All that the log says, as of one position.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The last record that was applied.
    pub lsn: Lsn,
    /// Stores and products.
    pub catalogue: Catalogue,
    /// The ledgers.
    pub stock: StockBook,
    /// The orders.
    pub orders: OrderBook,
    /// The requests that were answered.
    pub keys: KeyBook,
}

impl State {
    /// Applies the next record. Answers the products whose books have just broken the stock law.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) -> Vec<(StoreId, ProductId)> {
        assert_eq!(lsn.0, self.lsn.0 + 1, "records are applied in order, without gaps");
        self.lsn = lsn;
        self.catalogue.evolve(&record.event);
        self.orders.evolve(lsn, record);
        self.keys.evolve(lsn, record);
        self.stock.evolve(record)
    }

    /// The fingerprint of all of it. Walks everything: for tests, checkpoints and tools.
    pub fn digest(&self) -> Digest {
        digest_of(self.lsn, &self.catalogue, &self.stock, &self.orders, &self.keys)
    }
}

/// The digest of state whose parts are kept apart.
pub fn digest_of(
    lsn: Lsn,
    catalogue: &Catalogue,
    stock: &StockBook,
    orders: &OrderBook,
    keys: &KeyBook,
) -> Digest {
    let mut digest = Digester::default();
    digest.unsigned(lsn.0);
    catalogue.write_to(&mut digest);
    stock.write_to(&mut digest);
    orders.write_to(&mut digest);
    keys.write_to(&mut digest);
    digest.finish()
}

#[cfg(test)]
mod tests;
