//! The handlers, one file per resource. Each is parse, submit, answer.

pub(crate) mod addresses;
pub(crate) mod carts;
pub(crate) mod checkout;
pub(crate) mod coupons;
pub(crate) mod cursor;
pub(crate) mod gst;
pub(crate) mod import;
pub(crate) mod live;
pub(crate) mod log;
pub(crate) mod ops;
pub(crate) mod order_list;
pub(crate) mod orders;
pub(crate) mod product_list;
pub(crate) mod products;
pub(crate) mod quotes;
pub(crate) mod stock;
pub(crate) mod stores;
pub(crate) mod unassigned;

pub(crate) mod invoices;
pub(crate) mod moves;
pub(crate) mod payment_methods;
pub(crate) mod payments;
pub(crate) mod problems;
pub(crate) mod provider_webhooks;
pub(crate) mod refunds;
pub(crate) mod revocations;
pub(crate) mod rider_cash;
pub(crate) mod riders;
pub(crate) mod version;
pub(crate) mod webhook_endpoints;
mod zone_import;
pub(crate) mod zones;
