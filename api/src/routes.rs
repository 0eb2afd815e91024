//! The handlers, one file per resource. Each is parse, submit, answer.

pub mod cursor;
pub mod import;
pub mod ops;
pub mod order_list;
pub mod orders;
pub mod products;
pub mod quotes;
pub mod stock;
pub mod stores;
