//! Stock: units of products, and their moves in the ledger.

use super::Reason;
use crate::ProductId;

/// Units of a product that an order holds, or that went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockLine {
    /// The product.
    pub product_id: ProductId,
    /// 1 or more.
    pub units: u32,
}

/// Units of a product that came in from a supplier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedLine {
    /// The product.
    pub product_id: ProductId,
    /// 1 or more.
    pub units: u32,
    /// The written reason, if there is one: in place of broken ones, say.
    pub reason: Option<Reason>,
}

/// A correction of a product's count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockChange {
    /// The product.
    pub product_id: ProductId,
    /// Signed; never zero.
    pub delta: i32,
    /// The written reason.
    pub reason: Reason,
}

/// A term of the stock ledger that counts units of orders in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Of an unpaid order.
    Held,
    /// Of a confirmed order.
    Allocated,
}

/// A move of units of one product in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockMove {
    /// Came in.
    Receive(u32),
    /// The count was corrected.
    Adjust(i32),
    /// An order took units off the shelf.
    Take(u32, Bucket),
    /// An order gave units back to the shelf.
    GiveBack(u32, Bucket),
    /// The order that held units was paid.
    Confirm(u32),
    /// Units of an order left the store.
    Ship(u32),
    /// Units that had left came back to the store, still their order's own.
    BringBack(u32),
    /// Units of an order could not be found when it was picked.
    WriteOff(u32),
}
