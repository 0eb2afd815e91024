//! The reasons behind a number: the records that made it, in order, with running totals.

mod order;
mod stock;

pub use order::{Money, Telling, order};
pub use stock::{Ledger, Movement, stock};

#[cfg(test)]
mod tests;
