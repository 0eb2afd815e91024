//! The rules of the shop: decisions on commands, and the state after each recorded fact.
//!
//! Pure: no clock, no I/O, no randomness, no floats for money. The same records give the same
//! [`State`] and the same [`Digest`] on any machine. A decision reads, and returns events or a
//! [`Rejection`]; `evolve` applies a record and never refuses. It asserts the checks of `decide`
//! once more; in debug builds also those that a damaged log might break.
//!
//! | module | content |
//! |---|---|
//! | [`ids`], [`money`], [`time`], [`text`], [`limits`] | the words that everything else is made of |
//! | [`principal`], [`rejection`], [`unfit`] | who is asking; why the answer is no |
//! | [`catalogue`] | stores, their settings, their products |
//! | [`basket`], [`quote`], [`bill`] | checked lines; the same with prices; the sums |
//! | [`coupon`], [`gst`] | discounts; tax rates by date |
//! | [`tax`], [`invoice`] | the tax inside an amount; the figures of an invoice |
//! | [`stock`], [`promisable`] | the ledger with the stock law; units available to promise |
//! | [`order`], [`moves`], [`payment`] | the life of an order, the table of moves, and its money |
//! | [`order_book`] | the orders in memory |
//! | [`cart`], [`addresses`], [`customers`], [`cash`], [`riders`] | the books of people |
//! | [`geo`], [`zone`], [`service`] | the map; places and times of delivery |
//! | [`risk`] | the risk of cash on delivery |
//! | [`webhook_endpoints`] | the other systems of the shop, and the progress of their deliveries |
//! | [`facts`], [`record`] | the parts of facts; the entries of the log |
//! | [`keys`], [`state`], [`digest`] | exactly once; the fold of the log; its fingerprint |

pub mod addresses;
pub mod basket;
pub mod bill;
pub mod cart;
pub mod cash;
pub mod catalogue;
pub mod coupon;
pub mod customers;
pub mod digest;
pub mod facts;
pub mod fast_map;
pub mod geo;
pub mod gst;
pub mod holds;
pub mod ids;
pub mod invoice;
pub mod keys;
pub mod limits;
pub mod loose;
pub mod money;
pub mod moves;
pub mod order;
pub mod order_book;
pub mod payment;
pub mod principal;
pub mod promisable;
pub mod quote;
pub mod record;
pub mod rejection;
pub mod riders;
pub mod risk;
#[cfg(any(test, feature = "testing"))]
#[allow(dead_code, clippy::unwrap_used, reason = "shared by tests, also those of other crates")]
mod samples;
pub mod sealed;
pub mod search;
pub mod service;
pub mod state;
pub mod stock;
pub mod tax;
pub mod text;
pub mod time;
pub mod unfit;
pub mod webhook_endpoints;
pub mod zone;

pub use addresses::{AddressBook, AddressCommand};
pub use basket::{Basket, BasketLine};
pub use bill::{Fee, FeeKind, OrderLine, Sums};
pub use cart::{Cart, CartBook, CartCommand};
pub use cash::CashBook;
pub use catalogue::{
    About, Catalogue, CatalogueCommand, FeeStep, Item, NewProduct, Product, Store,
};
pub use coupon::{
    Coupon, CouponBook, CouponCode, CouponFacts, CouponIssue, CouponKind, CouponUses,
};
pub use customers::{Customer, Customers};
pub use digest::Digest;
pub use facts::{PaymentMethod, ReceivedLine, Status, StockChange, StockLine};
pub use fast_map::FastMap;
pub use geo::{Area, AreaError, AreaRule, Point};
pub use gst::{GstIssue, GstRate, GstTable};
pub use holds::HoldRules;
pub use ids::{AddressId, EndpointId, Lsn, OrderId, PersonId, ProductId, StoreId, ZoneId};
pub use invoice::{Invoice, InvoiceInput, InvoiceKind, InvoiceLine, InvoiceNumber, InvoiceSource};
pub use keys::{KeyBook, KeyEntry, KnownKey, NoRoom, RequestKey};
pub use loose::{LooseBook, LooseCommand};
pub use money::{Bps, Paise};
pub use moves::Move;
pub use order::Order;
pub use order_book::{OrderBook, OrderEntry};
pub use payment::PaymentStatus;
pub use principal::{Principal, Role};
pub use promisable::{Promisable, Verdict};
pub use quote::{MethodOffer, Pricing, Quote};
pub use record::{Event, Record};
pub use rejection::{Rejection, RejectionKind, StockIssue};
pub use riders::{RiderBook, RiderCommand, StoreRider};
pub use search::Question;
pub use service::Served;
pub use state::{PersonCommand, State};
pub use stock::{Stock, StockBook};
pub use tax::TaxRule;
pub use text::{Text, TextError};
pub use time::{CalendarDay, FinancialYear};
pub use unfit::Unfit;
pub use webhook_endpoints::{Endpoint, EndpointBook, EndpointCommand};
pub use zone::{Located, Weather, Zone, ZoneBook, ZoneKind};
