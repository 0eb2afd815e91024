//! The handlers, one file per resource. Each is parse, submit, answer.

pub mod addresses;
pub mod carts;
pub mod checkout;
pub mod coupons;
pub mod cursor;
pub mod gst;
pub mod import;
pub mod live;
pub mod log;
pub mod ops;
pub mod order_list;
pub mod orders;
pub mod products;
pub mod quotes;
pub mod stock;
pub mod stores;

pub mod invoices;
pub mod moves;
pub mod payments;
pub mod problems;
pub mod provider_webhooks;
pub mod refunds;
pub mod riders;
pub mod version;
pub mod webhook_endpoints;
mod zone_import;
pub mod zones;
