//! The kinds of facts, one row each: the only list of them, from which all others follow.
//!
//! A new kind does not compile until it has a row here. What it does to the state stands in the
//! books' `evolve`, what it does to units in `for_stock`.

use crate::facts::{ChargeStatus, DisputeStatus, NewOrder, RefundStatus, Status, Step};
use crate::{EndpointId, Event, OrderId, PersonId, StoreId};

/// The thing that a fact is about, by which its record is found again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Subject<'a> {
    /// The shop: its stock, zones, coupons, rates, cash, the engine itself.
    Shop,
    /// The settings of a store.
    Store,
    /// An order that is new.
    NewOrder(&'a NewOrder),
    /// An order that was placed before.
    Order(OrderId),
    /// The money of an order: [`crate::payment::Payment`] follows it.
    Payment(OrderId),
    /// A message of the payment provider, and the order that it speaks of, if we know it.
    Message(Option<OrderId>),
    /// A customer or a rider.
    Customer(PersonId),
    /// An endpoint of webhooks.
    Endpoint(EndpointId),
}

/// A property that a few kinds have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// A command that led to it is answered with the number of facts.
    Counted,
    /// The catalogue follows it.
    Catalogue,
    /// The book of coupons follows it, whatever the order.
    Coupons,
}

/// The word of a fact: always the same, one of several by a value of the fact, or another's name.
macro_rules! word {
    () => { None };
    ($word:literal) => { Some($word) };
    ($on:expr; $($value:pat => $word:literal),+) => { Some(match $on { $($value => $word),+ }) };
    ($name:expr) => { Some($name) };
}

/// Every word that stands in a row.
macro_rules! words {
    () => { &[] };
    ($word:literal) => { &[$word] };
    ($on:expr; $($value:pat => $word:literal),+) => { &[$($word),+] };
    ($name:expr) => { Step::NAMES };
}

macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

macro_rules! kinds {
    ($($kind:ident { $($field:ident),* } $name:literal $subject:ident $(($of:expr))?
        [$($store:expr)?] [$($mark:ident),*] [$($word:tt)*];)*) => {
        #[allow(unused_variables, reason = "a row names all fields that one of its columns needs")]
        impl Event {
            /// The name of every kind.
            pub const KINDS: &'static [&'static str] = &[$($name),*];

            const WORDS: &'static [&'static [&'static str]] = &[$(words!($($word)*)),*];

            /// Returns the name of the fact's kind.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$kind { .. } => $name,)* }
            }

            /// Returns the thing that the fact is about.
            pub fn subject(&self) -> Subject<'_> {
                match self { $(Self::$kind { $($field,)* .. } => Subject::$subject $(($of))?,)* }
            }

            /// Returns the store that the fact names.
            pub fn store_id(&self) -> Option<StoreId> {
                match self { $(Self::$kind { $($field,)* .. } => optional!($($store)?),)* }
            }

            /// Returns the fact in one word, as it is in the name of a message (`order.placed`);
            /// `None` for facts that are about no order.
            pub fn word(&self) -> Option<&'static str> {
                match self { $(Self::$kind { $($field,)* .. } => word!($($word)*),)* }
            }

            fn has(&self, mark: Mark) -> bool {
                let marks: &[Mark] = match self { $(Self::$kind { .. } => &[$(Mark::$mark),*],)* };
                marks.contains(&mark)
            }
        }
    };
}

// The fact and the fields that its row needs, its name in the tools, its subject, the store that it
// names, its marks, and its word for those who listen.
kinds! {
    EngineStarted {} "engine_started" Shop [] [Counted] [];
    StoreOpened { store } "store_opened" Store [store.id] [Counted, Catalogue] [];
    StoreChanged { store } "store_changed" Store [store.id] [Counted, Catalogue] [];
    ProductDefined { product } "product_defined" Shop [product.store_id] [Counted, Catalogue] [];
    StockReceived { store_id } "stock_received" Shop [*store_id] [] [];
    StockAdjusted { store_id } "stock_adjusted" Shop [*store_id] [] [];
    OrderPlaced { order } "order_placed" NewOrder(order) [order.store_id] [] [order.status;
        Status::PendingPayment => "pending_payment",
        _ => "placed"];
    OrderCancelled { order_id, store_id } "order_cancelled" Order(*order_id) [*store_id] []
        ["cancelled"];
    OrderExpired { order_id, store_id } "order_expired" Order(*order_id) [*store_id] [] ["expired"];
    CommandRefused {} "command_refused" Shop [] [] [];
    PaymentStarted { order_id } "payment_started" Payment(*order_id) [] [] ["payment_started"];
    PaymentOrderMade { order_id } "payment_order_made" Payment(*order_id) [] [] ["payment_ready"];
    ChargeSeen { order_id, charge } "charge_seen" Payment(*order_id) [] [] [charge.status;
        ChargeStatus::Failed => "payment_failed",
        ChargeStatus::Authorized => "payment_authorized",
        ChargeStatus::Captured => "payment_captured"];
    OrderConfirmed { order_id, store_id } "order_confirmed" Order(*order_id) [*store_id] []
        ["confirmed"];
    OrderTurnedToCash { order_id, store_id } "order_turned_to_cash" Order(*order_id) [*store_id] []
        ["turned_to_cash"];
    RefundOwed { order_id } "refund_owed" Payment(*order_id) [] [] ["refund_owed"];
    RefundSeen { order_id, refund } "refund_seen" Payment(*order_id) [] [] [refund.status;
        RefundStatus::Processed => "refund_processed",
        RefundStatus::Failed => "refund_failed",
        RefundStatus::Owed | RefundStatus::Accepted => "refund_accepted"];
    DisputeSeen { order_id, dispute } "dispute_seen" Payment(*order_id) [] [] [dispute.status;
        DisputeStatus::Opened => "dispute_opened",
        DisputeStatus::UnderReview => "dispute_under_review",
        DisputeStatus::ActionRequired => "dispute_action_required",
        DisputeStatus::Closed => "dispute_closed",
        DisputeStatus::Won => "dispute_won",
        DisputeStatus::Lost => "dispute_lost"];
    EffectFailed { order_id } "effect_failed" Payment(*order_id) [] [] ["effect_failed"];
    EffectsRetried { order_id } "effects_retried" Payment(*order_id) [] [] ["effects_retried"];
    OrderMoved { order_id, store_id, step } "order_moved" Order(*order_id) [*store_id] []
        [step.name()];
    LinesChanged { order_id, store_id, change } "lines_changed" Order(*order_id) [*store_id] []
        [change.proposed.is_some(); true => "substitute_proposed", false => "lines_changed"];
    InvoiceIssued { order_id, store_id, is_credit_note } "invoice_issued" Order(*order_id)
        [*store_id] []
        [is_credit_note; true => "credit_note_issued", false => "invoice_issued"];
    CashHandedOver { store_id } "cash_handed_over" Shop [*store_id] [] [];
    RiderSaved { rider_id, rider } "rider_saved" Customer(*rider_id) [rider.store_id] [] [];
    CartChanged { customer_id, store_id } "cart_changed" Customer(*customer_id) [*store_id] [] [];
    AddressSaved { customer_id } "address_saved" Customer(*customer_id) [] [] [];
    AddressRemoved { customer_id } "address_removed" Customer(*customer_id) [] [] [];
    ZoneDefined { zone } "zone_defined" Shop [zone.store_id] [Counted, Catalogue] [];
    ZoneRemoved { store_id } "zone_removed" Shop [*store_id] [Counted, Catalogue] [];
    WeatherSet { store_id } "weather_set" Shop [*store_id] [Catalogue] [];
    CouponDefined { coupon } "coupon_defined" Shop [coupon.store_id] [Coupons] [];
    GstRatesSet {} "gst_rates_set" Shop [] [Catalogue] [];
    WebhookReceived { about } "webhook_received" Message(*about) [] [] [];
    LooseMoneySeen {} "loose_money_seen" Shop [] [] [];
    EndpointDefined { endpoint } "endpoint_defined" Endpoint(endpoint.id) [] [] [];
    EndpointRemoved { endpoint_id } "endpoint_removed" Endpoint(*endpoint_id) [] [] [];
    EndpointReplayed { endpoint_id } "endpoint_replayed" Endpoint(*endpoint_id) [] [] [];
    EndpointDisabled { endpoint_id } "endpoint_disabled" Endpoint(*endpoint_id) [] [] [];
    HookProgress { endpoint_id } "hook_progress" Endpoint(*endpoint_id) [] [] [];
    HookFailed { endpoint_id } "hook_failed" Endpoint(*endpoint_id) [] [] [];
    HookDelivered { endpoint_id } "hook_delivered" Endpoint(*endpoint_id) [] [] [];
}

impl Event {
    /// Returns every word that [`Event::word`] has, and `changed`, which endpoints may still ask
    /// for: the word of facts about an order that had none of their own.
    pub fn words() -> impl Iterator<Item = &'static str> {
        Self::WORDS.iter().copied().flatten().copied().chain(["changed"])
    }

    /// Returns the order that this fact is about.
    pub fn order_id(&self) -> Option<OrderId> {
        match self.subject() {
            Subject::NewOrder(order) => Some(order.id),
            Subject::Order(id) | Subject::Payment(id) => Some(id),
            Subject::Message(_)
            | Subject::Shop
            | Subject::Store
            | Subject::Customer(_)
            | Subject::Endpoint(_) => None,
        }
    }

    /// Returns the order that this fact is about, or that a message of the payment provider names.
    pub fn mentioned_order(&self) -> Option<OrderId> {
        match self.subject() {
            Subject::Message(about) => about,
            _ => self.order_id(),
        }
    }

    /// Returns the endpoint of webhooks that this fact is about.
    pub fn endpoint_id(&self) -> Option<EndpointId> {
        match self.subject() {
            Subject::Endpoint(id) => Some(id),
            _ => None,
        }
    }

    /// Returns true for a fact about the money of an order.
    pub fn is_of_payment(&self) -> bool {
        matches!(self.subject(), Subject::Payment(_))
    }

    /// Returns true for a fact whose command is answered with the number of facts.
    pub fn is_counted(&self) -> bool {
        self.has(Mark::Counted)
    }

    /// Returns true for a fact that the catalogue follows.
    pub fn is_of_catalogue(&self) -> bool {
        self.has(Mark::Catalogue)
    }

    /// Returns true for a fact that the book of coupons follows, whatever the order.
    pub fn is_of_coupons(&self) -> bool {
        self.has(Mark::Coupons)
    }
}
