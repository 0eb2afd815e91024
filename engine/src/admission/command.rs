//! Requests, and the receipts and refusals that answer them.

use kirana_domain::order::{OrderCommand, Preference, Report};
use kirana_domain::payment::{ErrorText, LooseCharge, ProviderId};
use kirana_domain::record::Reason;
use kirana_domain::{
    Basket, CatalogueCommand, Coupon, CouponCode, EndpointCommand, LooseCommand, Lsn, Order,
    OrderId, Paise, PaymentMethod, PersonCommand, PersonId, Point, Principal, ProductId,
    ReceivedLine, Record, Rejection, RequestKey, StockChange, StoreId, Unfit,
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
    /// Changes stores, products, zones, the weather or rates of GST.
    Catalogue(Box<CatalogueCommand>),
    /// Defines a coupon, or defines it anew.
    DefineCoupon {
        /// All that is known of it; valid.
        coupon: Coupon,
    },
    /// Changes a cart, an address book, a rider or a rider's cash.
    Person(PersonCommand),
    /// Changes an endpoint of webhooks.
    Endpoint(Box<EndpointCommand>),
    /// Receives units that came in.
    ReceiveStock {
        /// The store.
        store_id: StoreId,
        /// Each product once.
        lines: Vec<ReceivedLine>,
    },
    /// Corrects counts: all lines or none.
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
        /// The change.
        command: OrderCommand,
        /// The version that the caller has seen, where it must not have changed.
        expected_version: Option<u64>,
    },
    /// Takes a message of the payment provider in.
    Webhook(Box<Webhook>),
    /// Settles captured money that named no order.
    Loose(LooseCommand),
}

impl From<CatalogueCommand> for Command {
    fn from(command: CatalogueCommand) -> Self {
        Self::Catalogue(Box::new(command))
    }
}

impl From<PersonCommand> for Command {
    fn from(command: PersonCommand) -> Self {
        Self::Person(command)
    }
}

impl From<EndpointCommand> for Command {
    fn from(command: EndpointCommand) -> Self {
        Self::Endpoint(Box::new(command))
    }
}

impl Command {
    /// Cancels an order.
    pub fn cancel(order_id: OrderId, reason: Option<Reason>) -> Self {
        Self::Order { order_id, command: OrderCommand::Cancel { reason }, expected_version: None }
    }

    /// Returns the kinds of outcome that can answer the command: the table that callers rely on,
    /// checked for every answer of a build with debug assertions.
    pub(crate) fn outcomes(&self) -> &'static [OutcomeKind] {
        use OutcomeKind::{Catalogue, Order, Recorded, Unchanged};
        match self {
            Self::PlaceOrder(_) | Self::Order { .. } | Self::Loose(_) => &[Order],
            Self::Webhook(_) => &[Order, Recorded],
            Self::ReceiveStock { .. }
            | Self::AdjustStock { .. }
            | Self::Person(PersonCommand::HandOverCash { .. }) => &[Recorded],
            Self::Person(
                PersonCommand::Cart { .. }
                | PersonCommand::Address { .. }
                | PersonCommand::Rider { .. },
            )
            | Self::Endpoint(_) => &[Recorded, Unchanged],
            Self::Catalogue(_) | Self::DefineCoupon { .. } => &[Catalogue, Recorded],
        }
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
    /// Our order that it names by what the engine gave the provider.
    pub order_id: Option<OrderId>,
    /// Our order that its notes name, which proves nothing: the provider's books are asked.
    pub hint: Option<OrderId>,
    /// Its facts about payments.
    pub report: Report,
    /// Captured charges in it, which are loose when it is about no order of ours.
    pub captured: Vec<LooseCharge>,
    /// Charges of which money went back, with how much did in all.
    pub refunded: Vec<(ProviderId, Paise)>,
    /// True when a part of it could not be read: the provider's books are asked instead.
    pub is_unread: bool,
}

/// An order to place.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    /// The store.
    pub store_id: StoreId,
    /// The customer.
    pub customer_id: PersonId,
    /// The products and their quantities.
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

/// The kind of an [`Outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutcomeKind {
    Order,
    Recorded,
    Unchanged,
    Catalogue,
}

impl Outcome {
    pub(crate) fn kind(&self) -> OutcomeKind {
        match self {
            Self::Order(_) => OutcomeKind::Order,
            Self::Recorded(_) => OutcomeKind::Recorded,
            Self::Unchanged => OutcomeKind::Unchanged,
            Self::Catalogue { .. } => OutcomeKind::Catalogue,
        }
    }
}

/// An outcome that the command cannot have: a bug.
#[derive(Clone, Debug)]
pub struct OtherOutcome(pub Outcome);

impl Receipt {
    /// Returns the order of a command about one, as of the receipt's position.
    ///
    /// # Errors
    /// [`OtherOutcome`] when the command was about something else.
    pub fn order(&self) -> Result<&Arc<Order>, OtherOutcome> {
        match &self.outcome {
            Outcome::Order(order) => Ok(order),
            other @ (Outcome::Recorded(_) | Outcome::Unchanged | Outcome::Catalogue { .. }) => {
                Err(OtherOutcome(other.clone()))
            }
        }
    }

    /// Returns the record of a command that is answered with one.
    ///
    /// # Errors
    /// [`OtherOutcome`] when the command is answered otherwise.
    pub fn record(&self) -> Result<&Arc<Record>, OtherOutcome> {
        match &self.outcome {
            Outcome::Recorded(record) => Ok(record),
            other @ (Outcome::Order(_) | Outcome::Unchanged | Outcome::Catalogue { .. }) => {
                Err(OtherOutcome(other.clone()))
            }
        }
    }
}

/// The reason why a command was not carried out, or why its outcome is not known.
#[derive(Clone, Debug)]
pub enum SubmitError {
    /// The domain rejects it.
    Rejected {
        /// The reason.
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
        /// Its id.
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
    /// This person has used up their share of the request keys that are remembered.
    KeysUsedUp,
    /// The engine has too many commands in flight.
    Overloaded,
    /// The part that the command needs is damaged on the disk.
    Damaged,
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

impl From<Unfit> for SubmitError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::StoreUnknown => Self::StoreUnknown,
            Unfit::ZoneUnknown => Self::ZoneUnknown,
            Unfit::EndpointUnknown => Self::EndpointUnknown,
            Unfit::ProductUnknown { product_id } => Self::ProductUnknown { product_id },
            Unfit::Changed => Self::Changed,
            Unfit::TooMany => Self::TooMany,
        }
    }
}

/// The answer that every waiting twin gets.
pub(crate) type Answer = Result<Receipt, SubmitError>;
