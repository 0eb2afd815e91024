//! The rules of the shop: what may happen, and what is true after it happened.
//!
//! Pure: no clock, no I/O, no randomness, no floats for money. The same records give the same
//! [`State`] and the same [`Digest`] on any machine. A decision reads and answers with events or
//! a [`Rejection`]; `evolve` applies a record and never refuses.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ids`], [`money`], [`time`], [`text`], [`limits`] | the words that everything else is made of |
//! | [`principal`], [`rejection`] | who is asking; why the answer is no |
//! | [`catalogue`] | stores, their settings, their products |
//! | [`basket`], [`quote`] | a checked list of lines; the same with prices, fee, tax and total |
//! | [`stock`], [`shelf`] | the ledger of a product with the stock law; the promise made ahead of it |
//! | [`order`] | the life of an order |
//! | [`record`], [`keys`], [`state`] | what the log holds; exactly once; the fold of it all |

pub mod basket;
pub mod catalogue;
pub mod digest;
pub mod fast_map;
pub mod ids;
pub mod keys;
pub mod limits;
pub mod money;
pub mod order;
pub mod order_book;
pub mod principal;
pub mod quote;
pub mod record;
pub mod rejection;
#[cfg(test)]
mod samples;
pub mod shelf;
pub mod state;
pub mod stock;
pub mod text;
pub mod time;

pub use basket::{Basket, BasketLine};
pub use catalogue::{Catalogue, FeeStep, Item, Product, Store};
pub use digest::Digest;
pub use fast_map::FastMap;
pub use ids::{Lsn, OrderId, PersonId, ProductId, StoreId};
pub use keys::{KeyBook, KeyEntry, RequestKey};
pub use money::{Bps, Paise};
pub use order::{Order, OrderLine, PaymentMethod, PaymentStatus, Status};
pub use order_book::{Entry, OrderBook};
pub use principal::{Principal, Role};
pub use quote::{Quote, QuoteLine};
pub use record::{Event, Record, StockChange, StockLine};
pub use rejection::{Rejection, StockIssue};
pub use shelf::{Shelf, Verdict};
pub use state::State;
pub use stock::{Stock, StockBook};
pub use text::{Text, TextError};
