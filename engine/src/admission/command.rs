//! Requests to the engine, and their results: receipts and refusals.

use crate::admission::endpoint_command::EndpointCommand;
use kirana_domain::order::{OrderCommand, Preference, Report};
use kirana_domain::payment::{ErrorText, ProviderId};
use kirana_domain::record::Reason;
use kirana_domain::{
    AddressId, Basket, CartCommand, Coupon, CouponCode, GstRate, Lsn, Order, OrderId, Paise,
    PaymentMethod, PersonId, Point, Principal, Product, ProductId, ReceivedLine, Record, Rejection,
    RequestKey, StockChange, Store, StoreId, Weather, Zone, ZoneId,
};
use std::sync::Arc;
use tokio::time::Instant;

/// A command with its caller, its key and its deadline.
#[derive(Clone, Debug)]
pub struct Request {
    /// The caller. The gateway has checked its permissions.
    pub by: Principal,
    /// Makes the command happen once, however often it is sent.
    pub key: Option<RequestKey>,
    /// The command.
    pub command: Command,
    /// The time at which the caller stops waiting. The command goes on nevertheless.
    pub deadline: Option<Instant>,
}

/// A command.
#[derive(Clone, Debug)]
pub enum Command {
    /// Opens a store.
    OpenStore {
        /// With all its settings.
        store: Store,
    },
    /// Changes a store's settings.
    ChangeStore {
        /// The settings that the change was made from.
        before: Arc<Store>,
        /// All settings, the unchanged ones too.
        store: Store,
    },
    /// Defines products, or defines them anew. Unchanged ones make no record.
    DefineProducts {
        /// Their store.
        store_id: StoreId,
        /// At most [`kirana_domain::limits::PRODUCTS_DEFINED_MAX`].
        products: Vec<NewProduct>,
    },
    /// Units came in.
    ReceiveStock {
        /// The store.
        store_id: StoreId,
        /// Each product once.
        lines: Vec<ReceivedLine>,
    },
    /// Counts are corrected: all lines or none.
    AdjustStock {
        /// The store.
        store_id: StoreId,
        /// Each product once.
        lines: Vec<StockChange>,
    },
    /// Places an order.
    PlaceOrder(PlaceOrder),
    /// Changes an order that exists.
    Order {
        /// The order.
        order_id: OrderId,
        /// What.
        command: OrderCommand,
        /// The version that the caller has seen, where it must not have changed.
        expected_version: Option<u64>,
    },
    /// Takes a message of the payment provider in.
    Webhook(Box<Webhook>),
    /// Changes a cart.
    Cart {
        /// Whose.
        customer_id: PersonId,
        /// In which store.
        store_id: StoreId,
        /// How.
        command: CartCommand,
    },
    /// Adds an address to a customer's book, or changes it.
    SaveAddress {
        /// Whose.
        customer_id: PersonId,
        /// Which.
        address_id: AddressId,
        /// True when it must be there already.
        must_exist: bool,
        /// Its text; sealed with the customer's key before it is recorded.
        personal: Vec<u8>,
    },
    /// Takes an address out of a customer's book.
    RemoveAddress {
        /// Whose.
        customer_id: PersonId,
        /// Which.
        address_id: AddressId,
    },
    /// Defines the zones of a store: these and no others. Unchanged ones make no record.
    DefineZones {
        /// The store.
        store_id: StoreId,
        /// At most [`kirana_domain::limits::ZONES_PER_STORE_MAX`].
        zones: Vec<Zone>,
    },
    /// Turns the weather switch of a zone.
    SetWeather {
        /// The zone.
        zone_id: ZoneId,
        /// The weather from now on.
        weather: Weather,
    },
    /// Defines a coupon, or defines it anew.
    DefineCoupon {
        /// All that is known of it; valid.
        coupon: Coupon,
    },
    /// Sets rates of GST.
    SetGstRates {
        /// Valid ones.
        rates: Vec<GstRate>,
    },
    /// A rider hands cash over.
    HandOverCash {
        /// The store.
        store_id: StoreId,
        /// The rider.
        rider_id: PersonId,
        /// The amount that was counted.
        counted: Paise,
        /// The reason of a difference, if there is one.
        note: Option<Reason>,
    },
    /// Changes an endpoint of webhooks.
    Hook(Box<EndpointCommand>),
}

impl Command {
    /// Cancels an order.
    pub fn cancel(order_id: OrderId, reason: Option<Reason>) -> Self {
        Self::Order { order_id, command: OrderCommand::Cancel { reason }, expected_version: None }
    }
}

/// A message of the payment provider whose signature is right.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The provider's id of the message.
    pub event_id: ErrorText,
    /// The provider's name of it.
    pub name: ErrorText,
    /// The raw body; sealed before it is recorded.
    pub body: Vec<u8>,
    /// The provider's order that it is about.
    pub provider_order_id: Option<ProviderId>,
    /// Our order that it names.
    pub order_id: Option<OrderId>,
    /// Its facts about payments.
    pub report: Report,
}

/// A product to define.
#[derive(Clone, Debug)]
pub struct NewProduct {
    /// All that is known of it.
    pub product: Product,
    /// Units on hand when it is defined for the first time; ignored for a product that exists.
    pub opening_units: u32,
}

/// An order to place.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    /// The store.
    pub store_id: StoreId,
    /// The customer.
    pub customer_id: PersonId,
    /// What.
    pub basket: Basket,
    /// The way of payment.
    pub payment_method: PaymentMethod,
    /// The total that the customer was shown.
    pub expected_total: Paise,
    /// The place of delivery, if the address has it.
    pub point: Option<Point>,
    /// The coupon to use.
    pub coupon: Option<CouponCode>,
    /// The customer's wish for units that are missing.
    pub preference: Preference,
    /// True when it is made of the customer's cart, which loses these lines with it.
    pub from_cart: bool,
    /// Delivery address and notes; sealed with the customer's key before it is recorded. At most
    /// [`PlaceOrder::PERSONAL_BYTES_MAX`].
    pub personal: Vec<u8>,
}

impl PlaceOrder {
    /// Bytes of the personal part: what fits into an order's sealed part.
    pub const PERSONAL_BYTES_MAX: usize = kirana_domain::limits::SEALED_BYTES_MAX - 128;
}

/// The result of a command that was carried out, now or before: it is on disk.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The position in the log that made it true.
    pub lsn: Lsn,
    /// True for the retry of a request that was answered before.
    pub replayed: bool,
    /// The outcome.
    pub outcome: Outcome,
}

/// The outcome of a command.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The order as of the receipt's position: the same for every retry.
    Order(Arc<Order>),
    /// The record, for commands that are neither about an order nor about the catalogue.
    Recorded(Arc<Record>),
    /// Nothing to change: the state is as the command wants it.
    Unchanged,
    /// The catalogue.
    Catalogue {
        /// Stores or products that were defined or changed.
        changed: usize,
    },
}

/// The reason why a command was not carried out, or why its outcome is not known.
#[derive(Clone, Debug)]
pub enum SubmitError {
    /// The domain rejects it.
    Rejected {
        /// Why.
        rejection: Arc<Rejection>,
        /// True for the retry of a request that was refused before.
        replayed: bool,
    },
    /// There is no such store.
    StoreUnknown,
    /// There is no such order.
    OrderUnknown,
    /// There is no such zone.
    ZoneUnknown,
    /// There is no such endpoint of webhooks.
    EndpointUnknown,
    /// More zones or coupons than a store may have, or more rates than the table takes.
    TooMany,
    /// The store has no such product.
    ProductUnknown {
        /// Which.
        product_id: ProductId,
    },
    /// The settings were changed by another command in between.
    Changed,
    /// The key was used for another request.
    KeyReused,
    /// The first request with this key is still being worked on.
    InProgress,
    /// The deadline passed first: the outcome is not known. Ask again with the same key.
    DeadlinePassed,
    /// This person has too many commands in flight.
    CallerBusy,
    /// The engine has too many commands in flight.
    Overloaded,
    /// The engine is stopping.
    Stopping,
    /// The engine has failed: the outcome is not known.
    Failed,
}

impl SubmitError {
    pub(crate) fn rejected(rejection: Rejection) -> Self {
        Self::Rejected { rejection: Arc::new(rejection), replayed: false }
    }
}

/// The result that the first request and every retry receive.
pub(crate) type Answer = Result<Receipt, SubmitError>;
