//! What the log holds: a fact, who caused it, when, and the request it answers.

use crate::order::{LinesChange, NewOrder, Step};
use crate::payment::{ErrorText, OwedRefund, ProviderId, SeenCharge, SeenRefund, Trouble};
use crate::stock::{Bucket, StockMove};
use crate::text::Text;
use crate::time::AtMs;
use crate::{
    AddressId, Coupon, Endpoint, EndpointId, GstRate, Lsn, OrderId, Paise, PersonId, Principal,
    Product, ProductId, Rejection, RequestKey, Store, StoreId, Weather, Zone, ZoneId,
};
use std::sync::Arc;

/// A reason that somebody wrote.
pub type Reason = Text<{ crate::limits::REASON_CHARS_MAX }>;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When the decision was made.
    pub at_ms: AtMs,
    /// Who asked for it.
    pub by: Principal,
    /// The request that this is the answer to, if it came with a key.
    pub key: Option<RequestKey>,
    /// What happened.
    pub event: Event,
}

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
    /// Why, if somebody wrote a reason: in place of broken ones, say.
    pub reason: Option<Reason>,
}

/// A correction of a product's count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockChange {
    /// The product.
    pub product_id: ProductId,
    /// Signed; never zero.
    pub delta: i32,
    /// Why.
    pub reason: Reason,
}

/// A fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The engine started and claims this epoch of the log.
    EngineStarted {
        /// Raised by one at every start and change of owner.
        epoch: u32,
    },
    /// A store was opened.
    StoreOpened {
        /// All its settings.
        store: Arc<Store>,
    },
    /// A store's settings were changed.
    StoreChanged {
        /// All its settings, the unchanged ones too.
        store: Arc<Store>,
    },
    /// A product was defined, or defined anew.
    ProductDefined {
        /// All that is known of it.
        product: Arc<Product>,
        /// Units that came in with its first definition.
        opening_units: u32,
    },
    /// Units came in from a supplier.
    StockReceived {
        /// The store.
        store_id: StoreId,
        /// Each product once.
        lines: Vec<ReceivedLine>,
    },
    /// Counts were corrected.
    StockAdjusted {
        /// The store.
        store_id: StoreId,
        /// Each product once.
        lines: Vec<StockChange>,
    },
    /// An order was placed. It took its units in the same moment.
    OrderPlaced {
        /// The order as it was placed.
        order: Arc<NewOrder>,
    },
    /// An order was cancelled; its units came back.
    OrderCancelled {
        /// The order.
        order_id: OrderId,
        /// Its store.
        store_id: StoreId,
        /// Why, if somebody wrote a reason.
        reason: Option<Reason>,
        /// What came back.
        lines: Vec<StockLine>,
        /// Where it had been.
        from: Bucket,
    },
    /// An order was not paid in time; its units came back.
    OrderExpired {
        /// The order.
        order_id: OrderId,
        /// Its store.
        store_id: StoreId,
        /// What came back.
        lines: Vec<StockLine>,
    },
    /// A command with a key was refused: its twin gets the same answer.
    CommandRefused {
        /// Why.
        rejection: Rejection,
    },
    /// The customer went to pay.
    PaymentStarted {
        /// The order.
        order_id: OrderId,
        /// Until when the attempt counts as in flight.
        until_ms: AtMs,
    },
    /// The provider made its order: now it can be paid.
    PaymentOrderMade {
        /// The order.
        order_id: OrderId,
        /// The provider's.
        provider_order_id: ProviderId,
    },
    /// The provider said something new of a charge.
    ChargeSeen {
        /// The order.
        order_id: OrderId,
        /// What it said.
        charge: SeenCharge,
    },
    /// An order was paid: its units are its own from now on.
    OrderConfirmed {
        /// The order.
        order_id: OrderId,
        /// Its store.
        store_id: StoreId,
        /// Its units.
        lines: Vec<StockLine>,
        /// True when its hold had been over and the units were taken from the shelves again.
        held_again: bool,
    },
    /// Money is to go back. Decided here, done by the outbox.
    RefundOwed {
        /// The order.
        order_id: OrderId,
        /// How much, of which charge, and why.
        refund: OwedRefund,
    },
    /// The provider said something new of a refund.
    RefundSeen {
        /// The order.
        order_id: OrderId,
        /// What it said.
        refund: SeenRefund,
    },
    /// Something that had to be done outside did not work.
    EffectFailed {
        /// The order.
        order_id: OrderId,
        /// What, how often, and when it is tried again.
        trouble: Trouble,
    },
    /// Somebody wants everything that did not work to be tried again now.
    EffectsRetried {
        /// The order.
        order_id: OrderId,
        /// Why.
        reason: Option<Reason>,
    },
    /// An order went one step on its way through the store and to the door.
    OrderMoved {
        /// The order.
        order_id: OrderId,
        /// Its store.
        store_id: StoreId,
        /// The step.
        step: Step,
        /// Why, if somebody wrote a reason.
        reason: Option<Reason>,
        /// Units that left the store with this step, or came back to it.
        lines: Vec<StockLine>,
    },
    /// Lines of an order were short, or replaced, or are proposed to be.
    LinesChanged {
        /// The order.
        order_id: OrderId,
        /// Its store.
        store_id: StoreId,
        /// What changed.
        change: Box<LinesChange>,
        /// Why, if somebody wrote a reason.
        reason: Option<Reason>,
    },
    /// An invoice or a credit note was issued.
    InvoiceIssued {
        /// The order.
        order_id: OrderId,
        /// Its store.
        store_id: StoreId,
        /// True for a credit note.
        is_credit_note: bool,
        /// First calendar year of the financial year that it counts in.
        year: u16,
        /// 1, 2, 3 and on without gaps, for each store, year and kind.
        number: u64,
    },
    /// A rider handed the cash of their deliveries over.
    CashHandedOver {
        /// The rider.
        rider_id: PersonId,
        /// The store.
        store_id: StoreId,
        /// What the deliveries since the last time add up to.
        expected: Paise,
        /// What was counted.
        counted: Paise,
        /// Why the two differ, if they do.
        note: Option<Reason>,
    },
    /// Lines of a cart were set; 0 units took a line out.
    CartChanged {
        /// Whose cart.
        customer_id: PersonId,
        /// In which store.
        store_id: StoreId,
        /// The lines that changed, with their new quantities.
        lines: Vec<(ProductId, u32)>,
    },
    /// An address was added to a customer's book, or changed.
    AddressSaved {
        /// Whose.
        customer_id: PersonId,
        /// Which.
        address_id: AddressId,
        /// What it says, sealed.
        sealed: Arc<[u8]>,
    },
    /// An address was taken out of a customer's book.
    AddressRemoved {
        /// Whose.
        customer_id: PersonId,
        /// Which.
        address_id: AddressId,
    },
    /// A zone was defined, or defined anew.
    ZoneDefined {
        /// All that is known of it.
        zone: Arc<Zone>,
    },
    /// A zone is no more.
    ZoneRemoved {
        /// Its store.
        store_id: StoreId,
        /// The zone.
        zone_id: ZoneId,
    },
    /// Somebody turned the weather switch of a zone.
    WeatherSet {
        /// Its store.
        store_id: StoreId,
        /// The zone.
        zone_id: ZoneId,
        /// The weather from now on.
        weather: Weather,
    },
    /// A coupon was defined, or defined anew.
    CouponDefined {
        /// All that is known of it.
        coupon: Arc<Coupon>,
    },
    /// Rates of GST were set; those of other codes and days stay.
    GstRatesSet {
        /// The rates.
        rates: Vec<GstRate>,
    },
    /// A message of the payment provider came in. What it led to follows in the same batch.
    WebhookReceived {
        /// The provider's id of the message.
        event_id: ErrorText,
        /// What the provider calls it.
        name: ErrorText,
        /// The order that it is about, if we know it. The message itself is no fact about it: what
        /// it said that was new follows as a record of its own.
        about: Option<OrderId>,
        /// Whose key the body is sealed with.
        subject: PersonId,
        /// The raw body, sealed.
        sealed: Box<[u8]>,
    },
    /// An endpoint of webhooks was defined, or defined anew.
    EndpointDefined {
        /// All that is known of it.
        endpoint: Arc<Endpoint>,
    },
    /// An endpoint is no more.
    EndpointRemoved {
        /// The endpoint.
        endpoint_id: EndpointId,
    },
    /// An endpoint is to be told everything again from a position on.
    EndpointReplayed {
        /// The endpoint.
        endpoint_id: EndpointId,
        /// The first fact that comes again.
        from: Lsn,
    },
    /// Nothing is sent to an endpoint until somebody says that it is active.
    EndpointDisabled {
        /// The endpoint.
        endpoint_id: EndpointId,
        /// Why.
        reason: ErrorText,
    },
    /// An endpoint was told everything up to a position, but for what waits to be tried again.
    HookProgress {
        /// The endpoint.
        endpoint_id: EndpointId,
        /// The position.
        position: Lsn,
    },
    /// A delivery failed.
    HookFailed {
        /// The endpoint.
        endpoint_id: EndpointId,
        /// The fact that it was to be told.
        lsn: Lsn,
        /// Tries so far.
        tries: u16,
        /// When it is tried again; `None` when that needs somebody.
        retry_at_ms: Option<AtMs>,
        /// What went wrong.
        error: ErrorText,
    },
    /// A delivery that had failed before was made.
    HookDelivered {
        /// The endpoint.
        endpoint_id: EndpointId,
        /// The fact that it was told.
        lsn: Lsn,
    },
}

impl Event {
    /// Calls `tell` for every product whose units this fact moves. The only place that says what
    /// a fact does to stock: the ledger and the shelves both follow it.
    pub fn for_stock(&self, mut tell: impl FnMut(StoreId, ProductId, StockMove)) {
        let mut lines = |store_id: &StoreId, lines: &[StockLine], of: fn(u32) -> StockMove| {
            lines.iter().for_each(|line| tell(*store_id, line.product_id, of(line.units)));
        };
        match self {
            Self::ProductDefined { product, opening_units } if *opening_units > 0 => {
                tell(product.store_id, product.id, StockMove::Receive(*opening_units));
            }
            Self::StockReceived { store_id, lines } => {
                for line in lines {
                    tell(*store_id, line.product_id, StockMove::Receive(line.units));
                }
            }
            Self::StockAdjusted { store_id, lines } => {
                for line in lines {
                    tell(*store_id, line.product_id, StockMove::Adjust(line.delta));
                }
            }
            Self::OrderPlaced { order } => {
                let into = order.status.bucket().expect("a new order has its units");
                for line in &order.lines {
                    tell(order.store_id, line.item.id, StockMove::Take(line.quantity, into));
                }
            }
            Self::OrderCancelled { store_id, lines, from, .. } => {
                for line in lines {
                    tell(*store_id, line.product_id, StockMove::GiveBack(line.units, *from));
                }
            }
            Self::OrderExpired { store_id, lines: back, .. } => {
                lines(store_id, back, |units| StockMove::GiveBack(units, Bucket::Held));
            }
            Self::OrderConfirmed { store_id, lines: own, held_again, .. } => {
                let of: fn(u32) -> StockMove = match held_again {
                    true => |units| StockMove::Take(units, Bucket::Allocated),
                    false => StockMove::Confirm,
                };
                lines(store_id, own, of);
            }
            Self::OrderMoved { store_id, lines: moved, step, .. } => match step {
                Step::DeliveryFailed => lines(store_id, moved, StockMove::BringBack),
                _ => lines(store_id, moved, StockMove::Ship),
            },
            Self::LinesChanged { store_id, change, .. } => {
                lines(store_id, &change.missing, StockMove::WriteOff);
                lines(store_id, &change.taken, |n| StockMove::Take(n, Bucket::Allocated));
                lines(store_id, &change.back, |n| StockMove::GiveBack(n, Bucket::Allocated));
            }
            _ => (),
        }
    }

    /// Calls `put` for every product whose units this fact made promisable again.
    pub fn for_units_back(&self, mut put: impl FnMut(StoreId, ProductId, u32)) {
        self.for_stock(|store_id, product_id, moved| match moved {
            StockMove::Receive(units) | StockMove::GiveBack(units, _) => {
                put(store_id, product_id, units);
            }
            StockMove::Adjust(delta) if delta > 0 => {
                put(store_id, product_id, delta.unsigned_abs());
            }
            _ => (),
        });
    }

    /// True for a fact about the money of an order: [`crate::payment::Payment`] follows it.
    pub fn is_of_payment(&self) -> bool {
        matches!(
            self,
            Self::PaymentStarted { .. }
                | Self::PaymentOrderMade { .. }
                | Self::ChargeSeen { .. }
                | Self::RefundOwed { .. }
                | Self::RefundSeen { .. }
                | Self::EffectFailed { .. }
                | Self::EffectsRetried { .. }
        )
    }

    /// The order that this fact is about.
    pub fn order_id(&self) -> Option<OrderId> {
        match self {
            Self::OrderPlaced { order } => Some(order.id),
            Self::OrderCancelled { order_id, .. }
            | Self::OrderExpired { order_id, .. }
            | Self::PaymentStarted { order_id, .. }
            | Self::PaymentOrderMade { order_id, .. }
            | Self::ChargeSeen { order_id, .. }
            | Self::OrderConfirmed { order_id, .. }
            | Self::RefundOwed { order_id, .. }
            | Self::RefundSeen { order_id, .. }
            | Self::EffectFailed { order_id, .. }
            | Self::EffectsRetried { order_id, .. }
            | Self::OrderMoved { order_id, .. }
            | Self::LinesChanged { order_id, .. }
            | Self::InvoiceIssued { order_id, .. } => Some(*order_id),
            _ => None,
        }
    }

    /// The store of this fact about an order or its stock, where the fact itself says it.
    pub fn store_id(&self) -> Option<StoreId> {
        match self {
            Self::OrderPlaced { order } => Some(order.store_id),
            Self::ProductDefined { product, .. } => Some(product.store_id),
            Self::StoreOpened { store } | Self::StoreChanged { store } => Some(store.id),
            Self::StockReceived { store_id, .. }
            | Self::StockAdjusted { store_id, .. }
            | Self::OrderCancelled { store_id, .. }
            | Self::OrderExpired { store_id, .. }
            | Self::OrderConfirmed { store_id, .. }
            | Self::OrderMoved { store_id, .. }
            | Self::LinesChanged { store_id, .. }
            | Self::InvoiceIssued { store_id, .. }
            | Self::CashHandedOver { store_id, .. }
            | Self::CartChanged { store_id, .. }
            | Self::ZoneRemoved { store_id, .. }
            | Self::WeatherSet { store_id, .. } => Some(*store_id),
            _ => None,
        }
    }

    /// The endpoint of webhooks that this fact is about, unless it defines one.
    pub fn endpoint_id(&self) -> Option<EndpointId> {
        match self {
            Self::EndpointRemoved { endpoint_id }
            | Self::EndpointReplayed { endpoint_id, .. }
            | Self::EndpointDisabled { endpoint_id, .. }
            | Self::HookProgress { endpoint_id, .. }
            | Self::HookFailed { endpoint_id, .. }
            | Self::HookDelivered { endpoint_id, .. } => Some(*endpoint_id),
            _ => None,
        }
    }
}
