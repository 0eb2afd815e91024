//! The records of the log: a fact, its actor, its time, and the request that it answers.

mod kinds;
mod units;

pub use crate::facts::{Reason, ReceivedLine};
pub use kinds::Subject;

use crate::facts::{
    Bucket, Credit, ErrorText, FailedEffect, LinesChange, LooseCharge, NewOrder, OwedRefund,
    ProviderId, SeenCharge, SeenDispute, SeenRefund, Step, StockChange, StockLine,
};
use crate::time::{AtMs, StartClock};
use crate::{
    AddressId, Coupon, Endpoint, EndpointId, GstRate, Lsn, OrderId, Paise, PersonId, Principal,
    Product, ProductId, Rejection, RequestKey, Store, StoreId, StoreRider, Weather, Zone, ZoneId,
};
use std::sync::Arc;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The moment of the decision, by the engine's clock; never before the record before it, from
    /// the first start that recorded its clock on.
    pub at_ms: AtMs,
    /// The person or program that asked for it.
    pub by: Principal,
    /// The request that this is the answer to, if it came with a key.
    pub key: Option<RequestKey>,
    /// The fact.
    pub event: Event,
}

/// A fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The engine started and claims this epoch of the log.
    EngineStarted {
        /// Raised by one at every start and change of owner.
        epoch: u32,
        /// The clocks; releases that had times fall and jump did not record them.
        clock: Option<StartClock>,
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
        /// The goods that came back.
        lines: Vec<StockLine>,
        /// The step that it had reached.
        from: Bucket,
    },
    /// An order was not paid in time; its units came back.
    OrderExpired {
        /// The order.
        order_id: OrderId,
        /// Its store.
        store_id: StoreId,
        /// The goods that came back.
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
        /// The provider's report.
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
    /// The customer of an unpaid order pays in cash instead: its units are its own from now on.
    OrderTurnedToCash {
        /// The order.
        order_id: OrderId,
        /// Its store.
        store_id: StoreId,
        /// Its units.
        lines: Vec<StockLine>,
    },
    /// Money is to go back. Decided here, done by the outbox.
    RefundOwed {
        /// The order.
        order_id: OrderId,
        /// The amount, the charge, and the reason.
        refund: OwedRefund,
    },
    /// The provider said something new of a refund.
    RefundSeen {
        /// The order.
        order_id: OrderId,
        /// The provider's report.
        refund: SeenRefund,
    },
    /// The provider said something new of a dispute.
    DisputeSeen {
        /// The order.
        order_id: OrderId,
        /// The provider's report.
        dispute: Box<SeenDispute>,
    },
    /// Something that had to be done outside did not work.
    EffectFailed {
        /// The order.
        order_id: OrderId,
        /// What, how often, and when it is tried again.
        trouble: FailedEffect,
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
        /// The change.
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
        /// The parts of a credit note; none for an invoice, and for a note of all that is left.
        credits: Arc<[Credit]>,
    },
    /// A rider handed the cash of their deliveries over.
    CashHandedOver {
        /// The rider.
        rider_id: PersonId,
        /// The store.
        store_id: StoreId,
        /// The sum of the deliveries since the last time.
        expected: Paise,
        /// The sum that was counted.
        counted: Paise,
        /// The reason for a difference between the two.
        note: Option<Reason>,
    },
    /// A rider was made known to a store, or changed; a shift began or ended.
    RiderSaved {
        /// The rider.
        rider_id: PersonId,
        /// All that is known of them.
        rider: StoreRider,
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
        /// Its text, sealed.
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
        /// The provider's id for it.
        name: ErrorText,
        /// The order that it is about, if we know it. The message itself is no fact about it: what
        /// it said that was new follows as a record of its own.
        about: Option<OrderId>,
        /// Whose key the body is sealed with.
        subject: PersonId,
        /// The raw body, sealed.
        sealed: Box<[u8]>,
    },
    /// The provider told of captured money that names no order of ours.
    LooseMoneySeen {
        /// The provider's report.
        charge: Box<LooseCharge>,
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
        /// The moment of the next attempt; `None` when that needs somebody.
        retry_at_ms: Option<AtMs>,
        /// The failure, as a sentence.
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
