//! One order, owned by one actor for as long as something happens to it.
//!
//! It is born with the command that places it, or woken by one that changes it, and it sleeps when
//! there is nothing left to do: an order at rest is a row in the order book, and the actor that
//! placed it rests until the next new order. It decides with the
//! state that the log has led to, one decision at a time: while its records are on the way to the
//! disk, or units are being taken for it, further commands wait.

use crate::admission::admit::Ticket;
use crate::admission::append::Then;
use crate::admission::command::{PlaceOrder, SubmitError};
use crate::admission::message::{OrderMsg, OrderWork, ShortLine};
use crate::admission::placing::BeingPlaced;
use crate::orders::core::Core;
use crate::orders::coupon_reservations::TakenUse;
use crate::orders::pricing::{self, Priced, Wanted};
use crate::stock::reservation::{ActorGone, Reservation, ReservationLine, Sender};
use kirana_domain::customers::Buyer;
use kirana_domain::order::{Context, Decision, OrderCommand, Otherwise, Placement, place};
use kirana_domain::{
    Event, FinancialYear, Order, OrderEntry, OrderId, PaymentMethod, Quote, Record, Rejection,
    Served, Status, StockIssue, StockLine, Store, StoreId,
};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::VecDeque;
use std::sync::Arc;

/// See the module.
pub(crate) struct OrderActor;

/// What the actor owns.
pub(crate) struct OrderState {
    core: Arc<Core>,
    order_id: OrderId,
    /// What waits for the stock.
    taking: Option<Taking>,
    is_busy: bool,
    waiting: VecDeque<OrderWork>,
}

/// What waits for the stock.
enum Taking {
    /// An order between its price and its place in the log.
    New(Box<NewOrder>),
    /// A decision on an order that exists.
    Decided(Box<Decided>),
}

struct NewOrder {
    wanted: Box<PlaceOrder>,
    store: Arc<Store>,
    quote: Quote,
    served: Served,
    coupon: Option<TakenUse>,
    placing: BeingPlaced,
    ticket: Ticket,
}

struct Decided {
    store_id: StoreId,
    lines: Vec<StockLine>,
    then: Vec<Event>,
    otherwise: Otherwise,
    coupon: Option<TakenUse>,
    ticket: Ticket,
}

impl Actor for OrderActor {
    type Msg = OrderMsg;
    type State = OrderState;
    type Arguments = (Arc<Core>, OrderId);

    async fn pre_start(
        &self,
        _: ActorRef<OrderMsg>,
        (core, order_id): Self::Arguments,
    ) -> Result<OrderState, ActorProcessingErr> {
        let waiting = VecDeque::new();
        Ok(OrderState { core, order_id, taking: None, is_busy: false, waiting })
    }

    async fn handle(
        &self,
        myself: ActorRef<OrderMsg>,
        message: OrderMsg,
        state: &mut OrderState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            OrderMsg::Place(order_id, wanted, ticket) => {
                state.order_id = order_id;
                state.price(myself, wanted, ticket)?;
            }
            OrderMsg::Reserved(short) => {
                match state.taking.take().expect("the shelves answer once, and only who asked") {
                    Taking::New(new) => {
                        state.placed(*new, &short);
                        state.core.registry.rest(myself);
                    }
                    Taking::Decided(decided) => {
                        state.is_busy = false;
                        state.taken(&myself, *decided, &short);
                        state.go_on(&myself).await?;
                    }
                }
            }
            OrderMsg::Work(work) => {
                state.waiting.push_back(work);
                state.go_on(&myself).await?;
            }
            OrderMsg::Applied => {
                state.is_busy = false;
                state.finished_one(&myself);
                state.go_on(&myself).await?;
            }
        }
        Ok(())
    }
}

impl OrderState {
    /// Prices the basket and sends it past the stock.
    fn price(
        &mut self,
        myself: ActorRef<OrderMsg>,
        wanted: Box<PlaceOrder>,
        ticket: Ticket,
    ) -> Result<(), ActorGone> {
        let (placing, others) = self.core.placing.begin(wanted.customer_id);
        let Some(priced) = self.priced(&wanted, others) else {
            self.core.registry.rest(myself);
            ticket.answer(Err(SubmitError::StoreUnknown));
            return Ok(());
        };
        let (Priced { store, quote, served, .. }, coupon) = match priced {
            Ok(priced) => priced,
            Err(rejection) => {
                self.core.registry.rest(myself);
                self.core.refuse(rejection, ticket);
                return Ok(());
            }
        };
        let line_of = |line: &kirana_domain::OrderLine| ReservationLine {
            stock: self.core.stock.get(store.id, line.item.id),
            units: line.quantity,
        };
        let lines = quote.lines.iter().map(line_of).collect();
        let new = NewOrder { wanted, store, quote, served, coupon, placing, ticket };
        self.taking = Some(Taking::New(Box::new(new)));
        Reservation::send(lines, Sender::Order(myself))
    }

    /// The quote of a command that may be placed, with its coupon's use taken; `None` without a store.
    fn priced(
        &self,
        wanted: &PlaceOrder,
        others: u32,
    ) -> Option<Result<(Priced, Option<TakenUse>), Rejection>> {
        let core = &self.core;
        let at_ms = core.clock.now_ms();
        let (coupon, point) = (wanted.coupon.as_ref(), wanted.point);
        let (store_id, basket) = (wanted.store_id, &wanted.basket);
        let priced =
            pricing::price(&core.state, &Wanted { store_id, basket, coupon, point }, at_ms)?;
        Some(priced.and_then(|priced| self.may_place(priced, wanted, others, at_ms)))
    }

    fn may_place(
        &self,
        priced: Priced,
        wanted: &PlaceOrder,
        others: u32,
        at_ms: i64,
    ) -> Result<(Priced, Option<TakenUse>), Rejection> {
        let core = &self.core;
        if let Some(no) = priced.not_served {
            return Err(no);
        }
        let customer = match wanted.payment_method {
            PaymentMethod::Cod => {
                core.state.people(|people| people.customers.get(wanted.customer_id))
            }
            PaymentMethod::Razorpay => kirana_domain::Customer::default(),
        };
        let quote = &priced.quote;
        let taken = priced.coupon.as_ref().map(|coupon| {
            let amounts = (quote.subtotal, quote.discount);
            core.coupons.take(coupon, wanted.customer_id, amounts, at_ms)
        });
        let taken = taken.transpose().map_err(|issue| Rejection::Coupon { issue })?;
        let buyer = Buyer { customer, in_flight: others, at_ms };
        match quote.check(&priced.store, wanted.expected_total, wanted.payment_method, &buyer) {
            Ok(()) => Ok((priced, taken)),
            Err(rejection) => {
                taken.into_iter().for_each(|taken| core.coupons.release(taken));
                Err(rejection)
            }
        }
    }

    /// The shelves have answered. The record of the order goes to the log, or the record of
    /// its refusal does. The actor has
    /// nothing more to do: until the record is durable nobody knows the order's id.
    fn placed(&mut self, new: NewOrder, short: &[ShortLine]) {
        let NewOrder { wanted, store, quote, served, coupon, placing, ticket } = new;
        let core = &self.core;
        if !short.is_empty() {
            coupon.into_iter().for_each(|taken| core.coupons.release(taken));
            let issues = stock_issues(&quote, short);
            return core.refuse(Rejection::InsufficientStock { issues }, ticket);
        }
        let placement = Placement {
            order_id: self.order_id,
            number: core.state.next_number(store.id),
            customer_id: wanted.customer_id,
            payment_method: wanted.payment_method,
            preference: wanted.preference,
            from_cart: wanted.from_cart,
            served,
            sealed: core.seal(wanted.customer_id, self.order_id.0.as_bytes(), &wanted.personal),
        };
        let at_ms = core.clock.now_ms();
        let event = place(placement, quote, &store, at_ms);
        let record = Record { at_ms, by: ticket.by(), key: ticket.key(), event };
        let then = Then { ticket: Some(ticket), placing: Some(placing), ..Then::default() };
        core.journal.append(vec![record], then);
    }

    /// Takes the next waiting command, unless the one before is still on its way.
    async fn go_on(&mut self, myself: &ActorRef<OrderMsg>) -> Result<(), ActorGone> {
        while !self.is_busy {
            let Some(work) = self.waiting.pop_front() else { return Ok(()) };
            self.work(myself, work).await?;
        }
        Ok(())
    }

    async fn work(
        &mut self,
        myself: &ActorRef<OrderMsg>,
        work: OrderWork,
    ) -> Result<(), ActorGone> {
        let OrderWork { command, expected_version, webhook, ticket } = work;
        let (order, has_left) = match self.look_up(&command).await {
            Ok(found) => found,
            Err(refusal) => {
                ticket.answer(Err(refusal));
                self.finished_one(myself);
                return Ok(());
            }
        };
        let decided = check_version(&order, expected_version, &command).and_then(|()| {
            let at_ms = self.core.clock.now_ms();
            let year = FinancialYear::of(at_ms).first_year();
            let financial_year = u16::try_from(year).unwrap_or_default();
            order.decide(&command, &ticket.by(), &Context { at_ms, financial_year })
        });
        match decided {
            Ok(Decision::Now(events)) => self.append(myself, webhook, events, ticket),
            Ok(Decision::IfTaken { lines, then, otherwise }) => {
                let coupon = match &otherwise {
                    Otherwise::Refuse => None,
                    // An order that has left memory, or whose coupon is used up, does not come
                    // back: its money does.
                    Otherwise::Events(events) => match self.core.coupons.take_again(&order) {
                        Ok(taken) if !has_left => taken,
                        taken => {
                            let unused = taken.ok().flatten();
                            unused.into_iter().for_each(|taken| self.core.coupons.release(taken));
                            self.append(myself, webhook, events.clone(), ticket);
                            return Ok(());
                        }
                    },
                };
                let store = order.placed.store_id;
                let line_of = |line: &StockLine| ReservationLine {
                    stock: self.core.stock.get(store, line.product_id),
                    units: line.units,
                };
                let reserved = lines.iter().map(line_of).collect();
                let front = |events| webhook.iter().cloned().chain(events).collect::<Vec<_>>();
                let otherwise = match otherwise {
                    Otherwise::Events(events) => Otherwise::Events(front(events)),
                    Otherwise::Refuse => Otherwise::Refuse,
                };
                let (store_id, then) = (store, front(then));
                let decided = Decided { store_id, lines, then, otherwise, coupon, ticket };
                self.taking = Some(Taking::Decided(Box::new(decided)));
                self.is_busy = true;
                Reservation::send(reserved, Sender::Order(myself.clone()))?;
            }
            Err(rejection) => {
                self.set_timer_again(&order, &rejection);
                self.core.refuse(rejection, ticket);
                self.finished_one(myself);
            }
        }
        Ok(())
    }

    /// The order as it is, and whether it has left memory.
    async fn look_up(&self, command: &OrderCommand) -> Result<(Arc<Order>, bool), SubmitError> {
        match self.core.state.order(self.order_id) {
            Some(OrderEntry::Open(order)) => Ok((order, false)),
            // The timer of an order that has ended means nothing.
            _ if matches!(command, OrderCommand::Expire) => Err(SubmitError::OrderUnknown),
            _ => match self.core.reads.order(self.order_id).await {
                Ok(Some(order)) => Ok((order, true)),
                Ok(None) => Err(SubmitError::OrderUnknown),
                Err(error) => {
                    let order_id = self.order_id;
                    tracing::error!(%error, %order_id, "an order cannot be read from the log");
                    Err(SubmitError::Failed)
                }
            },
        }
    }

    /// Facts go to the log in one piece; without any, the order is answered as it is.
    fn append(
        &mut self,
        myself: &ActorRef<OrderMsg>,
        webhook: Option<Event>,
        events: Vec<Event>,
        ticket: Ticket,
    ) {
        let events: Vec<Event> = webhook.into_iter().chain(events).collect();
        let Some(last) = events.len().checked_sub(1) else {
            self.core.answer_as_it_is(self.order_id, ticket);
            return self.finished_one(myself);
        };
        let at_ms = self.core.clock.now_ms();
        let (by, key) = (ticket.by(), ticket.key());
        self.is_busy = true;
        self.core.state.number_documents(events, |events| {
            let record = |(index, event)| {
                // The key stands with the last record: the whole decision is the answer.
                Record { at_ms, by, key: key.filter(|_| index == last), event }
            };
            let records = events.into_iter().enumerate().map(record).collect();
            let then =
                Then { ticket: Some(ticket), order: Some(myself.clone()), ..Then::default() };
            self.core.journal.append(records, then);
        });
    }

    /// The shelves have answered a decision that depended on them.
    fn taken(
        &mut self,
        myself: &ActorRef<OrderMsg>,
        Decided { store_id, lines, then, otherwise, coupon, ticket }: Decided,
        short: &[ShortLine],
    ) {
        if !short.is_empty() {
            coupon.into_iter().for_each(|taken| self.core.coupons.release(taken));
        }
        match otherwise {
            _ if short.is_empty() => self.append(myself, None, then, ticket),
            Otherwise::Events(events) => self.append(myself, None, events, ticket),
            Otherwise::Refuse => {
                let issue = |short: &ShortLine| {
                    let StockLine { product_id, units: requested } = lines[short.line];
                    let product_name = self.core.state.catalogue(|catalogue| {
                        catalogue.product(store_id, product_id).map(|product| product.name.clone())
                    })?;
                    let available = short.available;
                    Some(StockIssue { product_id, product_name, requested, available })
                };
                let issues = short.iter().filter_map(issue).collect();
                self.core.refuse(Rejection::InsufficientStock { issues }, ticket);
                self.finished_one(myself);
            }
        }
    }

    /// A timer came early, because a payment is in flight or the clock was set back: it comes again.
    fn set_timer_again(&self, order: &Order, rejection: &Rejection) {
        let end = order.expires_at_ms(self.core.clock.now_ms());
        if let (Rejection::HoldNotOver, Some(at_ms)) = (rejection, end) {
            self.core.timers.add(at_ms, self.order_id);
        }
    }

    /// One command less is on its way to this actor; without any left it goes to sleep.
    fn finished_one(&self, myself: &ActorRef<OrderMsg>) {
        if self.core.registry.finished_one(self.order_id) {
            myself.stop(None);
        }
    }
}

/// Cancelling what is cancelled is let through: the retry of a cancellation names the version
/// before it, and is answered like the first.
fn check_version(
    order: &Order,
    expected: Option<u64>,
    command: &OrderCommand,
) -> Result<(), Rejection> {
    let version = order.version();
    let is_retry =
        matches!(command, OrderCommand::Cancel { .. }) && order.status == Status::Cancelled;
    match expected {
        Some(expected) if expected != version && !is_retry => {
            Err(Rejection::VersionMismatch { version })
        }
        _ => Ok(()),
    }
}

fn stock_issues(quote: &Quote, short: &[ShortLine]) -> Vec<StockIssue> {
    let issue = |short: &ShortLine| {
        let line = &quote.lines[short.line];
        StockIssue {
            product_id: line.item.id,
            product_name: line.item.name.clone(),
            requested: line.quantity,
            available: short.available,
        }
    };
    short.iter().map(issue).collect()
}
