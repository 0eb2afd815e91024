//! The tables of an export, and their columns: one row of [`columns!`] is the name of a column, the
//! type of its cells, and its cell.

use super::{orders, rows};
use kirana_domain::time::AtMs;
use uuid::Uuid;

/// The type of a column's cells. Any cell may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text, or a UUID.
    Text,
    /// A whole number: a count, or paise where the name says so.
    Int,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Time,
}

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// A text.
    Text(&'a str),
    /// A UUID, in a column of texts.
    Id(Uuid),
    /// A whole number.
    Int(i64),
    /// A moment.
    Time(AtMs),
}

impl Cell<'_> {
    /// Returns the cell of a count.
    pub(super) fn count(count: u64) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Returns true when the cell may stand in a column of that type.
    pub(super) fn fits(&self, kind: Kind) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(_) | Self::Id(_) => kind == Kind::Text,
            Self::Int(_) => kind == Kind::Int,
            Self::Time(_) => kind == Kind::Time,
        }
    }
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// The type of its cells.
    pub kind: Kind,
}

/// Writes the columns of a table and the function that makes the cells of a row, from one row each.
macro_rules! columns {
    ($columns:ident, $cells:ident($row:ident: &$of:ident): $($name:ident $kind:ident = $cell:expr,)*) => {
        pub(super) const $columns: &[Column] =
            &[$(Column { name: stringify!($name), kind: Kind::$kind },)*];

        fn $cells<'a>($row: &$of<'a>) -> [Cell<'a>; $columns.len()] {
            [$($cell,)*]
        }
    };
}
pub(super) use columns;

/// A table of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// An order as it is at the last record that is read.
    Orders,
    /// A line of an order as it was placed.
    Lines,
    /// A record.
    Records,
    /// The change of one record to the counts of one product.
    Stock,
    /// A fact about money.
    Payments,
}

impl Table {
    /// All of them.
    pub const ALL: &[Self] =
        &[Self::Orders, Self::Lines, Self::Records, Self::Stock, Self::Payments];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Lines => "lines",
            Self::Records => "records",
            Self::Stock => "stock",
            Self::Payments => "payments",
        }
    }

    /// Returns its columns, in the order of the cells.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Orders => orders::COLUMNS,
            Self::Lines => rows::LINES,
            Self::Records => rows::RECORDS,
            Self::Stock => rows::STOCK,
            Self::Payments => rows::PAYMENTS,
        }
    }
}
