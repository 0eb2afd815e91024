//! The log as tables: rows of plain columns, one after the other, for whoever counts elsewhere.
//!
//! | table | a row is |
//! |---|---|
//! | `orders` | an order, as it is at the end of what is looked at |
//! | `lines` | a line of an order, as it was placed |
//! | `records` | a record: what, when, by whom, about what, and all that it says |
//! | `stock` | what one record did to the counts of one product |
//! | `payments` | a fact about money: a charge, a refund, cash at the door |
//!
//! Rows come in the order of the log, but for those of orders, which come when nothing is left to
//! do for them. An order about which something was said after that would have a wrong row; a first
//! pass finds those, and they are kept to the end. So what is kept is open orders and those few.

mod columns;
mod orders;
mod rows;

pub use columns::{Cell, Column, Kind, Table};

use super::{Log, ToolError, Until};
use kirana_domain::time::AtMs;
use kirana_domain::{Catalogue, Lsn, Record};
use orders::Orders;
use std::ops::ControlFlow;

/// The first record, or the first moment at which orders were placed, of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// With the first record.
    Start,
    /// With that record.
    Lsn(Lsn),
    /// After the last record that was decided before that time.
    Time(AtMs),
}

/// The extent of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// The count of rows.
    pub rows: u64,
    /// The last record that was looked at.
    pub through: Lsn,
}

/// The function that writes down a record's fields, for their column.
pub type Say<'a> = dyn Fn(Lsn, &Record) -> String + 'a;

/// The function that takes rows. A break ends the export.
pub type TakeRow<'a> = dyn FnMut(&[Cell<'_>]) -> ControlFlow<()> + 'a;

/// Shows `take` the rows of a table; `say` writes down what a record says.
///
/// # Errors
/// As [`Log::records`].
pub fn export(
    log: &Log<'_>,
    table: Table,
    (since, until): (Since, Until),
    say: &Say<'_>,
    take: &mut TakeRow<'_>,
) -> Result<Exported, ToolError> {
    let mut exported = Exported::default();
    let mut counted = |cells: &[Cell<'_>]| {
        assert_eq!(cells.len(), table.columns().len(), "a cell for each column");
        let mut pairs = cells.iter().zip(table.columns());
        assert!(pairs.all(|(cell, of)| cell.fits(of.kind)), "a cell is of its column's type");
        exported.rows += 1;
        take(cells)
    };
    let through = match table {
        Table::Orders => orders(log, (since, until), &mut counted)?,
        _ => read(log, (since, until), &mut |lsn, record| {
            Ok(rows::of(table, lsn, record, say, &mut counted))
        })?,
    };
    exported.through = through;
    Ok(exported)
}

/// Shows `visit` the records from `since` on.
fn read(
    log: &Log<'_>,
    (since, until): (Since, Until),
    visit: &mut dyn FnMut(Lsn, &Record) -> super::Flow,
) -> Result<Lsn, ToolError> {
    let from = match since {
        Since::Start => Lsn(1),
        Since::Lsn(lsn) => lsn,
        Since::Time(at_ms) => Lsn(log.position(Until::Time(at_ms.saturating_sub(1)))?.0 + 1),
    };
    log.decoded(from, until, &Catalogue::default(), visit)
}

fn orders(log: &Log<'_>, window: (Since, Until), take: &mut TakeRow<'_>) -> Result<Lsn, ToolError> {
    let mut first = Orders::default();
    read(log, window, &mut |lsn, record| {
        Ok(first.see(lsn, record, &mut |_| ControlFlow::Continue(())))
    })?;
    let mut second = Orders::keeping(first.late());
    let mut is_enough = false;
    let through = read(log, window, &mut |lsn, record| {
        let flow = second.see(lsn, record, take);
        is_enough = flow.is_break();
        Ok(flow)
    })?;
    if !is_enough {
        _ = second.end(take);
    }
    Ok(through)
}

#[cfg(test)]
mod tests;
