//! Writes of a table: orders that ended between two checkpoints, and books of products that moved.

use super::Listing;
use super::keys::Key;
use crate::codec::snapshot;
use kirana_domain::order_book::EndedOrder;
use kirana_domain::{CalendarDay, Lsn, OrderId, ProductId, Stock, StoreId};
use kirana_storage::{JournalError, Table, TableWriter};
use std::sync::Arc;

/// A kind of row that names an order: the key that it is found by, if it has one.
type Index = fn(&EndedOrder) -> Option<Key>;

/// The kinds of such rows, in the order of the letters of their keys: those before the rows of the
/// orders themselves, and those after them.
const OF_CUSTOMER: Index =
    |ended| Some(Key::listing(Listing::Customer(ended.parties.customer_id)).at(ended.lsns[0]));
const BEFORE_ORDERS: [Index; 3] = [
    OF_CUSTOMER,
    |ended| {
        let day = CalendarDay::of(ended.placed_at_ms);
        let listing = Listing::Day(ended.parties.store_id, day, ended.status);
        Some(Key::listing(listing).at(ended.lsns[0]))
    },
    |ended| {
        let listing = Listing::Store(ended.parties.store_id, ended.status);
        Some(Key::listing(listing).at(ended.lsns[0]))
    },
];
const AFTER_STOCK: [Index; 3] = [
    |ended| Some(Key::number(ended.parties.store_id, ended.number)),
    |ended| ended.payment.as_ref()?.provider_order_id.as_ref().map(Key::provider),
    |ended| Some(Key::listing(Listing::Rider(ended.parties.rider_id?)).at(ended.lsns[0])),
];

/// Fills a table with orders that have ended and are settled, sorted by id, and with the books of
/// products as of the end of the table, sorted too.
pub(crate) fn write(
    mut table: TableWriter,
    through: Lsn,
    orders: &[(OrderId, Arc<EndedOrder>)],
    stocks: &[((StoreId, ProductId), Stock)],
) -> Result<Table, JournalError> {
    for index in BEFORE_ORDERS {
        write_index(&mut table, orders, index)?;
    }
    write_orders(&mut table, orders)?;
    let mut row = Vec::new();
    for ((store_id, product_id), stock) in stocks {
        row.clear();
        snapshot::encode_stock(stock, &mut row);
        table.push(Key::stock(*store_id, *product_id).at(through).bytes(), &row)?;
    }
    for index in AFTER_STOCK {
        write_index(&mut table, orders, index)?;
    }
    table.push(Key::checkpoints().at(through).bytes(), &[])?;
    table.seal()
}

/// Fills a table with the rows that find an order by its id, and the orders of a customer.
pub(crate) fn write_briefly(
    mut table: TableWriter,
    orders: &[(OrderId, Arc<EndedOrder>)],
) -> Result<Table, JournalError> {
    write_index(&mut table, orders, OF_CUSTOMER)?;
    write_orders(&mut table, orders)?;
    table.seal()
}

fn write_orders(
    table: &mut TableWriter,
    orders: &[(OrderId, Arc<EndedOrder>)],
) -> Result<(), JournalError> {
    let mut row = Vec::new();
    for (id, ended) in orders {
        row.clear();
        snapshot::encode_ended(ended, &mut row);
        table.push(Key::order(*id).bytes(), &row)?;
    }
    Ok(())
}

fn write_index(
    table: &mut TableWriter,
    orders: &[(OrderId, Arc<EndedOrder>)],
    index: Index,
) -> Result<(), JournalError> {
    let mut rows: Vec<(Key, OrderId)> = Vec::with_capacity(orders.len());
    rows.extend(orders.iter().filter_map(|(id, ended)| Some((index(ended)?, *id))));
    rows.sort_unstable();
    rows.dedup_by_key(|(key, _)| *key);
    rows.iter().try_for_each(|(key, id)| table.push(key.bytes(), id.0.as_bytes()))
}
