//! Finished orders on disk: found by id, customer, store, number, state and day, rider, and the
//! provider's id; and the books of every product as of each checkpoint.
//!
//! An order that has ended and is settled is a row here and nothing in memory. Rows are written
//! with each checkpoint (`checkpointer.rs`), into tables that storage keeps sorted and merges. A
//! row has the positions of the order's records in the log, from which the order is read. If
//! something happens to it after all, the next table has a newer row of it.

mod keys;
mod write;

use crate::codec::lsn::{domain_lsn, log_lsn};
use crate::codec::snapshot;
use crate::state::read_error::ReadError;
use keys::Key;
use kirana_domain::order_book::EndedOrder;
use kirana_domain::payment::ProviderId;
use kirana_domain::{
    CalendarDay, Event, Lsn, OrderBook, OrderId, PersonId, ProductId, Status, Stock, StoreId,
};
use kirana_storage::{Access, Damage, JournalError, LogId, TableSet};
use std::path::Path;
use std::sync::Arc;
pub(crate) use write::{write, write_briefly};

/// Ended orders and books of products in tables. Reads may block on the disk, so none of them
/// belongs on a thread of the async runtime.
#[derive(Debug)]
pub(crate) struct History {
    tables: TableSet,
}

/// A list of orders in the tables, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Of one customer.
    Customer(PersonId),
    /// That one rider had when they ended.
    Rider(PersonId),
    /// Of one store, that ended in one state.
    Store(StoreId, Status),
    /// Of one store, placed on one day of the shop, that ended in one state.
    Day(StoreId, CalendarDay, Status),
}

impl Listing {
    /// Returns false for an order that left this list because its state changed after it had ended.
    pub(crate) fn is_of_state(self, now: Status) -> bool {
        match self {
            Self::Store(_, status) | Self::Day(_, _, status) => status == now,
            Self::Customer(_) | Self::Rider(_) => true,
        }
    }
}

impl History {
    /// Opens the tables that reach as far as a checkpoint does. Those beyond it are removed when
    /// the directory is opened for writing.
    pub(crate) fn open(
        dir: &Path,
        log_id: LogId,
        through: Lsn,
        access: Access,
    ) -> Result<Self, JournalError> {
        let through = log_lsn(through);
        Ok(Self { tables: TableSet::open(dir, log_id, through, access)? })
    }

    /// Returns the position up to which every order that ended and was settled is in the tables:
    /// later records are about orders in memory.
    pub(crate) fn through(&self) -> Lsn {
        domain_lsn(self.tables.through())
    }

    /// Returns the tables.
    pub(crate) fn tables(&self) -> &TableSet {
        &self.tables
    }

    /// Returns the row of an order.
    pub(crate) fn get(&self, id: OrderId) -> Result<Option<Arc<EndedOrder>>, ReadError> {
        let row = self.tables.get(Key::order(id).bytes())?;
        row.map(|row| ended_of(id, &row).map(Arc::new)).transpose()
    }

    /// Brings the order that a fact is about back to memory, if it is not there, as the tables up
    /// to a checkpoint know it: a state that starts from there knows no more.
    ///
    /// # Errors
    /// If it is not in the history either, or cannot be read.
    pub(crate) fn recall(
        &self,
        orders: &mut OrderBook,
        event: &Event,
        upto: Lsn,
    ) -> Result<(), ReadError> {
        let Some(id) = orders.lacks(event) else { return Ok(()) };
        let key = Key::order(id);
        for table in self.tables.tables().iter().rev().filter(|it| it.through().0 <= upto.0) {
            if let Some(row) = table.get(key.bytes())? {
                orders.recall(id, Arc::new(ended_of(id, &row)?));
                return Ok(());
            }
        }
        Err(ReadError::Failed(format!("order {id} is neither in memory nor in the history")))
    }

    /// Returns the order with a number in a store.
    pub(crate) fn by_number(
        &self,
        store_id: StoreId,
        number: u64,
    ) -> Result<Option<OrderId>, ReadError> {
        self.order_at(&Key::number(store_id, number))
    }

    /// Returns the order that an order of the provider stands for.
    pub(crate) fn of_provider(&self, id: &ProviderId) -> Result<Option<OrderId>, ReadError> {
        self.order_at(&Key::provider(id))
    }

    fn order_at(&self, key: &Key) -> Result<Option<OrderId>, ReadError> {
        self.tables.get(key.bytes())?.map(|value| keys::order_id(&value)).transpose()
    }

    /// Orders of a list that were placed before a position, newest first, with the record that
    /// placed each. One whose state changed after it had ended may stand in two lists: its row says
    /// which one is true.
    pub(crate) fn list(
        &self,
        listing: Listing,
        before: Option<Lsn>,
    ) -> Result<impl Iterator<Item = Result<(Lsn, OrderId), ReadError>> + use<>, ReadError> {
        let prefix = Key::listing(listing);
        let from = prefix.before(before);
        let rows = self.tables.iter_from(from.bytes())?;
        let own = move |row: &Result<(Vec<u8>, Vec<u8>), JournalError>| {
            row.as_ref().map_or(true, |(key, _)| key.starts_with(prefix.bytes()))
        };
        Ok(rows.take_while(own).map(|row| {
            let (key, value) = row?;
            Ok((keys::lsn_of(&key)?, keys::order_id(&value)?))
        }))
    }

    /// Returns the books of a product as of the last checkpoint at or before a position, and where
    /// that checkpoint was taken; empty books as of the empty log before the first one.
    pub(crate) fn stock_before(
        &self,
        store_id: StoreId,
        product_id: ProductId,
        lsn: Lsn,
    ) -> Result<(Lsn, Stock), ReadError> {
        let Some((checkpoint, _)) = self.at_or_before(Key::checkpoints(), lsn)? else {
            return Ok((Lsn(0), Stock::default()));
        };
        // Books are written when they have changed: those of the checkpoint are the last written.
        let stock = match self.at_or_before(Key::stock(store_id, product_id), checkpoint)? {
            Some((_, row)) => snapshot::decode_stock(&row)
                .map_err(|error| ReadError::Failed(format!("the books of a product: {error}")))?,
            None => Stock::default(),
        };
        Ok((checkpoint, stock))
    }

    /// Returns the row of a list whose position is the last at or before this one.
    fn at_or_before(&self, list: Key, lsn: Lsn) -> Result<Option<(Lsn, Vec<u8>)>, ReadError> {
        let Some(row) = self.tables.iter_from(list.at(lsn).bytes())?.next() else {
            return Ok(None);
        };
        let (key, value) = row?;
        if !key.starts_with(list.bytes()) {
            return Ok(None);
        }
        Ok(Some((keys::lsn_of(&key)?, value)))
    }
}

/// Takes the name from a table with a damaged block: what it can be read of is read on, and the
/// next start makes it again from the log.
pub(crate) fn distrust(history: &History, damage: &Damage) {
    match history.tables().set_aside(damage) {
        Ok(true) => {
            tracing::warn!(%damage, "a table is set aside: the next start makes it again");
        }
        Ok(false) => (),
        Err(error) => tracing::error!(%error, "a damaged table cannot be set aside"),
    }
}

fn ended_of(id: OrderId, row: &[u8]) -> Result<EndedOrder, ReadError> {
    snapshot::decode_ended(row)
        .map_err(|error| ReadError::Failed(format!("the row of order {id}: {error}")))
}
