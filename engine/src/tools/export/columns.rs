//! Which tables there are, and what stands in their columns.

use kirana_domain::time::AtMs;
use uuid::Uuid;

/// What a column holds. Any cell may be empty.
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
    /// A count.
    pub(super) fn count(count: u64) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What stands in it.
    pub kind: Kind,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident $called:literal: $($name:ident $kind:ident,)*;)*) => {
        /// A table of the log.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Table {
            $($(#[$doc])* $table,)*
        }

        impl Table {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$table,)*];

            /// What it is called.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$table => $called,)*
                }
            }

            /// Its columns, in the order of the cells.
            pub fn columns(self) -> &'static [Column] {
                match self {
                    $(Self::$table => &[
                        $(Column { name: stringify!($name), kind: Kind::$kind },)*
                    ],)*
                }
            }
        }
    };
}

tables! {
    /// An order as it is at the end of what is looked at.
    Orders "orders":
        order_id Text, number Int, store_id Text, customer_id Text, rider_id Text, status Text,
        payment_method Text, payment_status Text, coupon Text, placed_at Time, ended_at Time,
        lines Int, units Int, subtotal_paise Int, delivery_fee_paise Int, discount_paise Int,
        tax_paise Int, total_paise Int, placed_total_paise Int, captured_paise Int,
        given_back_paise Int, cash_paise Int, facts Int, placed_lsn Int, last_lsn Int,;
    /// A line of an order as it was placed.
    Lines "lines":
        lsn Int, placed_at Time, order_id Text, store_id Text, product_id Text, sku Text, name Text,
        quantity Int, unit_price_paise Int, discount_paise Int, net_paise Int, tax_paise Int,
        gst_bps Int,;
    /// A record.
    Records "records":
        lsn Int, at Time, kind Text, order_id Text, store_id Text, by_role Text, by_person Text,;
    /// What one record did to the counts of one product.
    Stock "stock":
        lsn Int, at Time, kind Text, order_id Text, store_id Text, product_id Text, received Int,
        returned Int, adjusted Int, available Int, held Int, allocated Int, shipped Int,;
    /// A fact about money.
    Payments "payments":
        lsn Int, at Time, order_id Text, kind Text, id Text, charge_id Text, status Text,
        amount_paise Int, reason Text,;
}
