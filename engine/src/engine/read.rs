//! Reading the state that the log has led to, and listening to what comes.

use super::Engine;
use crate::clock::ClockReading;
use crate::orders::holds::{self, Basis};
use crate::orders::pricing::{self, Priced, Wanted};
use crate::outside::payment_port::PaymentPort;
use crate::outside::webhook_endpoints::{Attempt, HookSender};
use crate::state::feed::now::{OpenOrders, open_orders};
use crate::state::feed::{Subscription, Topic};
use crate::state::locations::RiderLocation;
use crate::state::read_error::ReadError;
use crate::state::reads::{AsOf, LogHead, OrderFilter, OrdersOf, Reads};
use kirana_domain::payment::{Payment, ProviderId};
use kirana_domain::state::PersonBooks;
use kirana_domain::webhook_endpoints::Hook;
use kirana_domain::{
    AddressId, Catalogue, Coupon, CouponBook, CouponIssue, Endpoint, EndpointId, LooseBook, Lsn,
    Order, OrderEntry, OrderId, Paise, PersonId, Point, ProductId, Record, Rejection, Stock,
    StoreId, StoreRider,
};
use kirana_storage::{Damage, JournalReader};
use std::sync::Arc;

/// The rider who brings an order.
#[derive(Clone, Debug)]
pub struct RiderOnTheWay {
    /// Name and phone, as they were given; `None` once they were forgotten.
    pub personal: Option<Vec<u8>>,
    /// The last place that the rider told.
    pub location: Option<RiderLocation>,
}

impl Engine {
    /// Sets the payment provider: from now on online payments can be made, and tasks that are due
    /// at the provider are done. `false` if there is one already.
    pub fn set_payment_port(&self, port: Arc<dyn PaymentPort>) -> bool {
        self.0.outbox.set_port(port)
    }

    /// Returns true when online payments can be made.
    pub fn has_payment_port(&self) -> bool {
        self.0.outbox.has_port()
    }

    /// Reads what belongs to people. Holds a lock meanwhile: be short.
    pub fn people<R>(&self, read: impl FnOnce(&PersonBooks) -> R) -> R {
        self.0.core.state.people(read)
    }

    /// Reads coupons. Holds a lock meanwhile: be short.
    pub fn coupons<R>(&self, read: impl FnOnce(&CouponBook) -> R) -> R {
        self.0.core.state.coupons(read)
    }

    /// Returns the order that an order of the provider stands for.
    ///
    /// # Errors
    /// [`ReadError`] when it has left memory and cannot be read.
    pub async fn order_of_provider(&self, id: &ProviderId) -> Result<Option<OrderId>, ReadError> {
        let id = id.clone();
        self.0.core.reads.blocking(move |reads| reads.of_provider(&id)).await
    }

    /// Returns the order with a number in a store.
    ///
    /// # Errors
    /// [`ReadError`] when it has left memory and cannot be read.
    pub async fn order_of_number(
        &self,
        store_id: StoreId,
        number: u64,
    ) -> Result<Option<OrderId>, ReadError> {
        self.0.core.reads.blocking(move |reads| reads.by_number(store_id, number)).await
    }

    /// Returns the order that the command under a request key led to; `None` when the key is not
    /// remembered (any more), or its command was refused.
    ///
    /// # Errors
    /// [`ReadError`] when its record cannot be read.
    pub async fn order_of_key(&self, id: &[u8; 16]) -> Result<Option<OrderId>, ReadError> {
        let core = &self.0.core;
        let Some(entry) = core.state.key(id).0 else { return Ok(None) };
        core.reads.blocking(move |reads| Ok(reads.record(entry.lsn)?.event.order_id())).await
    }

    /// Prices a basket as of now; `None` when there is no such store. Orders are priced by the same
    /// function.
    ///
    /// # Errors
    /// A line that cannot be ordered as it is, or a coupon that the store does not have.
    pub fn price(&self, wanted: &Wanted<'_>) -> Option<Result<Priced, Rejection>> {
        pricing::price(&self.0.core.state, wanted, self.now_ms())
    }

    /// Checks that a customer can use a coupon now, for these amounts (item total, discount).
    ///
    /// # Errors
    /// [`CouponIssue`].
    pub fn check_coupon(
        &self,
        coupon: &Coupon,
        customer_id: Option<PersonId>,
        amounts: (Paise, Paise),
    ) -> Result<(), CouponIssue> {
        self.0.core.coupons.check(coupon, customer_id, amounts, self.now_ms())
    }

    /// Checks that a customer may hold what an order would: the rule of orders.
    ///
    /// # Errors
    /// The refusals of [`HoldRules::check`](kirana_domain::HoldRules::check).
    pub fn check_holds(&self, customer_id: PersonId, basis: &Basis<'_>) -> Result<(), Rejection> {
        holds::check(&self.0.core, customer_id, basis, &[])
    }

    /// Returns an address of a customer in clear; `None` when there is none, or it was forgotten.
    pub fn address(&self, customer_id: PersonId, id: AddressId) -> Option<Vec<u8>> {
        let core = &self.0.core;
        let sealed = core.state.people(|people| people.addresses.get(customer_id, id).cloned())?;
        core.vault.unseal(customer_id.0.into_bytes(), id.0.as_bytes(), &sealed).ok()
    }

    /// Returns the money of an order in memory that was to be paid online. An order whose money has
    /// come to rest has left memory.
    pub fn payment(&self, id: OrderId) -> Option<Payment> {
        self.0.core.state.order(id)?.payment().cloned()
    }

    /// Returns the orders with a failed task at the provider.
    pub fn troubles(&self) -> Vec<(OrderId, Payment)> {
        let troubled = self.0.core.outbox.troubled().into_iter();
        troubled.filter_map(|id| Some((id, self.payment(id)?))).collect()
    }

    /// Returns captured money that named no order, and the position that it is as of.
    pub fn loose(&self) -> (LooseBook, Lsn) {
        let lsn = self.0.core.state.lsn();
        (self.people(|books| books.loose.clone()), lsn)
    }

    /// Returns what the engine's clock and the wall clock say.
    pub fn clocks(&self) -> ClockReading {
        self.0.core.clock.read()
    }

    /// Returns the engine's time, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.0.core.clock.now_ms()
    }

    /// Returns the last record that was applied: durable, and visible to reads.
    pub fn lsn(&self) -> Lsn {
        self.0.core.state.lsn()
    }

    /// Reads stores and products. Holds a lock meanwhile: be short.
    pub fn catalogue<R>(&self, read: impl FnOnce(&Catalogue) -> R) -> R {
        self.0.core.state.catalogue(read)
    }

    /// Returns the ledger of a product, and the position that it is as of.
    pub fn stock(&self, store_id: StoreId, product_id: ProductId) -> (Stock, Lsn) {
        self.0.core.state.stock(store_id, product_id)
    }

    /// Returns the ledgers of several products, all as of one position.
    pub fn stocks(&self, store_id: StoreId, product_ids: &[ProductId]) -> (Vec<Stock>, Lsn) {
        self.0.core.state.stocks(store_id, product_ids)
    }

    /// Returns an order's entry: its parties, its state, its money.
    ///
    /// # Errors
    /// [`ReadError`] when it has left memory and cannot be read.
    pub async fn order_entry(&self, id: OrderId) -> Result<Option<OrderEntry>, ReadError> {
        self.0.core.reads.find(id).await
    }

    /// Returns an order as it is now.
    ///
    /// # Errors
    /// [`ReadError`] when the log cannot be read.
    pub async fn order(&self, id: OrderId) -> Result<Option<Arc<Order>>, ReadError> {
        self.0.core.reads.order(id).await
    }

    /// Returns an order as it was at an earlier position or moment; `None` before it was placed.
    ///
    /// # Errors
    /// [`ReadError`] when the log cannot be read.
    pub async fn order_then(
        &self,
        id: OrderId,
        as_of: AsOf,
    ) -> Result<Option<Arc<Order>>, ReadError> {
        self.0.core.reads.blocking(move |reads| reads.order_then(id, as_of)).await
    }

    /// Returns the books of a product as they were at an earlier position or moment, and the
    /// position that this is. Reads as many records as there are from the checkpoint before; a few
    /// such reads go on at the same time.
    ///
    /// # Errors
    /// [`ReadError`] when the log cannot be read, or has no checkpoint within
    /// [`crate::state::reads::AS_OF_RECORDS_MAX`] records.
    pub async fn stock_then(
        &self,
        store_id: StoreId,
        product_id: ProductId,
        as_of: AsOf,
    ) -> Result<(Stock, Lsn), ReadError> {
        let _permit = self.0.feed.catch_up_permit().await;
        let read = move |reads: &Reads| reads.stock_then(store_id, product_id, as_of);
        self.0.core.reads.blocking(read).await
    }

    /// Returns frames of the log as they are stored, from the one that holds a position on, and the
    /// last durable record. There is at least one frame if there is any; further ones up to so many
    /// bytes.
    ///
    /// # Errors
    /// [`ReadError`] when the log cannot be read.
    pub async fn frames(&self, from: Lsn, bytes_max: usize) -> Result<(Vec<u8>, Lsn), ReadError> {
        let _permit = self.0.feed.catch_up_permit().await;
        self.0.core.reads.blocking(move |reads| reads.frames_from(from, bytes_max)).await
    }

    /// Returns the damage on disk that the start, reads and the scrubber have met: of the archive
    /// and the history, which the shop can go on without.
    pub fn damages(&self) -> Vec<Damage> {
        self.0.core.reads.damages().list()
    }

    /// Returns a reader of the whole log.
    pub fn log_reader(&self) -> Arc<dyn JournalReader> {
        self.0.core.reads.reader_handle()
    }

    /// Returns the head of the log; `None` for an empty one.
    ///
    /// # Errors
    /// [`ReadError`] when the log cannot be read.
    pub async fn log_head(&self) -> Result<Option<LogHead>, ReadError> {
        self.0.core.reads.blocking(Reads::log_head).await
    }

    /// Returns the records of an order, first to last.
    ///
    /// # Errors
    /// [`ReadError`] when the log cannot be read.
    pub async fn order_history(&self, id: OrderId) -> Result<Vec<(Lsn, Arc<Record>)>, ReadError> {
        self.0.core.reads.facts_of(id).await
    }

    /// Returns a page of orders, newest first, strictly older than `before`; and whether there are
    /// more.
    ///
    /// # Errors
    /// [`ReadError`] when the log cannot be read.
    pub async fn orders_page(
        &self,
        of: OrdersOf,
        filter: OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<(Vec<Arc<Order>>, bool), ReadError> {
        self.0.core.reads.page(of, filter, before, limit).await
    }

    /// Returns the personal part of an order in clear; `None` once it was forgotten.
    pub fn personal(&self, order: &Order) -> Option<Vec<u8>> {
        let subject = order.placed.customer_id.0.into_bytes();
        let aad = order.placed.id.0.as_bytes();
        self.0.core.vault.unseal(subject, aad, &order.placed.sealed).ok()
    }

    /// Returns the rider who brings an order, in clear, and where they are: only while the order,
    /// as it is shown and as it is now, is on the way with them.
    pub fn rider_of(&self, order: &Order) -> Option<RiderOnTheWay> {
        let core = &self.0.core;
        let rider_id = order.on_the_way()?.person_id;
        let now = match core.state.order(order.placed.id)? {
            OrderEntry::Open(now) => now.on_the_way()?.person_id,
            OrderEntry::Ended(_) => return None,
        };
        let rider = core.state.people(|people| people.riders.get(rider_id).cloned())?;
        let location = core.state.locations().get(order.placed.id);
        let personal = self.rider_personal(rider_id, &rider);
        (now == rider_id).then_some(RiderOnTheWay { personal, location })
    }

    /// Returns the name and the phone of a rider in clear, as they were given; `None` once they
    /// were forgotten.
    pub fn rider_personal(&self, rider_id: PersonId, rider: &StoreRider) -> Option<Vec<u8>> {
        let subject = rider_id.0.into_bytes();
        self.0.core.vault.unseal(subject, rider_id.0.as_bytes(), &rider.sealed).ok()
    }

    /// Returns how many open orders a rider has.
    pub fn orders_of_rider(&self, rider_id: PersonId) -> usize {
        self.0.core.state.orders(|book| book.with_rider(rider_id).count())
    }

    /// Tells the customers of the orders that a rider is bringing where the rider is. Nothing of it
    /// is recorded. Returns the number of those orders.
    ///
    /// # Errors
    /// [`Rejection::RiderUnknown`].
    pub fn locate_rider(
        &self,
        rider_id: PersonId,
        point: Point,
        accuracy_m: Option<u32>,
    ) -> Result<(RiderLocation, usize), Rejection> {
        let state = &self.0.core.state;
        if state.people(|people| people.riders.get(rider_id).is_none()) {
            return Err(Rejection::RiderUnknown);
        }
        let location = RiderLocation { point, accuracy_m, at_ms: self.now_ms() };
        let (orders, to_wake) = state.locate(rider_id, location);
        to_wake.into_iter().for_each(|order_id| self.0.feed.wake(order_id));
        Ok((location, orders))
    }

    /// Subscribes to facts about orders after a position of the log, or from now on. A fact that a
    /// state read after this call does not show yet comes with the subscription.
    pub fn subscribe(&self, topic: Topic, after: Option<Lsn>) -> Subscription {
        let (feed, reads) = (Arc::clone(&self.0.feed), Arc::clone(&self.0.core.reads));
        Subscription::new(feed, reads, topic, after)
    }

    /// Returns the open orders of a topic, newest first, and the position that they are as of.
    pub fn open_orders(&self, topic: Topic) -> OpenOrders {
        open_orders(&self.0.core.state, topic)
    }

    /// Ends every subscription, so that a stop need not wait for listeners.
    pub fn end_subscriptions(&self) {
        self.0.feed.close();
    }
}

/// Webhooks out.
impl Engine {
    /// Sets the sender of webhooks: from now on they are sent. `false` if there is one already.
    pub fn set_hook_sender(&self, sender: Arc<dyn HookSender>) -> bool {
        self.0.hooks.set_sender(sender)
    }

    /// Returns an endpoint, and its position in the log.
    pub fn hook(&self, id: EndpointId) -> Option<Hook> {
        self.people(|people| people.hooks.get(id).cloned())
    }

    /// Returns all endpoints, oldest first.
    pub fn hooks(&self) -> Vec<Hook> {
        self.people(|people| people.hooks.iter().cloned().collect())
    }

    /// Returns the secret of an endpoint in clear; `None` when its key is gone.
    pub fn hook_secret(&self, endpoint: &Endpoint) -> Option<Vec<u8>> {
        self.0.hooks.secret(endpoint)
    }

    /// Returns the last attempts to deliver to an endpoint since the start, newest first; at most
    /// [`crate::outside::webhook_endpoints::ATTEMPTS_KEPT`].
    pub fn hook_attempts(&self, id: EndpointId) -> Vec<Attempt> {
        self.0.hooks.attempts(id)
    }

    /// Sends an endpoint a test message, once, whether it is active or not. `None` when there is no
    /// such endpoint.
    pub async fn test_hook(&self, id: EndpointId) -> Option<Attempt> {
        let endpoint = self.hook(id)?.endpoint;
        Some(self.0.hooks.test(&endpoint).await)
    }
}
