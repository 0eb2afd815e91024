//! The actor of one order, for as long as something happens to it.
//!
//! It begins with the command that places an order, or is woken by a command that changes one, and
//! ends when there is nothing left to do: an order at rest is a row in the order book, and the
//! actor that placed it rests until the next new order. It decides on the state that the log has
//! led to, one decision at a time: while its records are on the way to the disk, or units are being
//! taken for it, further commands wait.

use crate::admission::admit::Ticket;
use crate::admission::append::Then;
use crate::admission::command::SubmitError;
use crate::admission::message::{ActorGone, OrderMsg, OrderWork, ShortLine, WaitingOrder};
use crate::orders::core::Core;
use crate::orders::coupon_reservations::TakenUse;
use crate::orders::placing_order::PlacingOrder;
use crate::stock::reservation::Sender;
use kirana_domain::order::{Context, Decision, OrderCommand, Otherwise};
use kirana_domain::{
    Event, FinancialYear, Order, OrderEntry, OrderId, Record, Rejection, Status, StockLine, StoreId,
};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// The actor of one order; its data is [`OrderState`].
pub(crate) struct OrderActor;

/// The data of the actor of one order.
pub(crate) struct OrderState {
    core: Arc<Core>,
    order_id: OrderId,
    taking: Option<Taking>,
    /// Records are on their way to the disk, or units are being taken.
    is_busy: bool,
    waiting: VecDeque<OrderWork>,
    /// The lock of the command that is being worked on.
    lock: Option<OwnedMutexGuard<()>>,
}

/// Work that waits until its units are taken.
enum Taking {
    /// A new order.
    New(Box<PlacingOrder>),
    /// A decision on an order that exists.
    Decided(Box<Decided>),
}

/// A decision that depends on whether units are there.
struct Decided {
    store_id: StoreId,
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
        Ok(OrderState { core, order_id, taking: None, is_busy: false, waiting, lock: None })
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
                let Some(new) = PlacingOrder::price(&state.core, order_id, wanted, ticket) else {
                    state.core.registry.rest(myself);
                    return Ok(());
                };
                let (store_id, needed) = new.needed();
                let sender = Sender::Order(WaitingOrder::new(myself));
                state.core.stock.reserve(store_id, needed, sender)?;
                state.taking = Some(Taking::New(Box::new(new)));
            }
            OrderMsg::Reserved(short) => {
                match state.taking.take().expect("a reservation comes back once") {
                    Taking::New(new) => {
                        // Until the record is durable no caller knows the order's id.
                        new.place(&state.core, state.order_id, &short);
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
                state.waiting.push_back(*work);
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
    /// Works on the commands that wait, unless one before them is still on its way.
    async fn go_on(&mut self, myself: &ActorRef<OrderMsg>) -> Result<(), ActorGone> {
        while !self.is_busy {
            self.lock = None;
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
        let OrderWork { command, expected_version, webhook, lock, ticket } = work;
        self.lock = lock;
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
            let rider = self.core.state.check_rider(&order, &command);
            order.decide(&command, &ticket.by(), &Context { at_ms, financial_year, rider })
        });
        // A provider's message is recorded in front of what it leads to.
        let front = |events| webhook.iter().cloned().chain(events).collect::<Vec<_>>();
        match decided {
            Ok(Decision::Now(events)) => self.append(myself, front(events), ticket),
            Ok(Decision::IfTaken { lines, then, otherwise }) => {
                let then = front(then);
                let otherwise = match otherwise {
                    Otherwise::Events(events) => Otherwise::Events(front(events)),
                    Otherwise::Refuse => Otherwise::Refuse,
                };
                self.take(myself, (&order, has_left), &lines, (then, otherwise), ticket)?;
            }
            Err(rejection) => {
                self.set_timer_again(&order, &rejection);
                self.core.refuse(rejection, ticket);
                self.finished_one(myself);
            }
        }
        Ok(())
    }

    /// Takes the units that a decision depends on. `then` is recorded when they are all there, and
    /// `otherwise` when one is not.
    fn take(
        &mut self,
        myself: &ActorRef<OrderMsg>,
        (order, has_left): (&Order, bool),
        lines: &[StockLine],
        (then, otherwise): (Vec<Event>, Otherwise),
        ticket: Ticket,
    ) -> Result<(), ActorGone> {
        let mut coupon = None;
        if let Otherwise::Events(events) = &otherwise {
            match self.core.coupons.take_again(order) {
                Ok(taken) if !has_left => coupon = taken,
                // An order that has left memory, or whose coupon is used up, does not come back:
                // its money does.
                taken => {
                    let unused = taken.ok().flatten();
                    unused.into_iter().for_each(|taken| self.core.coupons.release(taken));
                    self.append(myself, events.clone(), ticket);
                    return Ok(());
                }
            }
        }
        let store_id = order.placed.store_id;
        let decided = Decided { store_id, then, otherwise, coupon, ticket };
        self.taking = Some(Taking::Decided(Box::new(decided)));
        self.is_busy = true;
        let sender = Sender::Order(WaitingOrder::new(myself.clone()));
        self.core.stock.reserve(store_id, lines.iter().copied(), sender)
    }

    /// Returns the order as it is, and whether it has left memory.
    async fn look_up(&self, command: &OrderCommand) -> Result<(Arc<Order>, bool), SubmitError> {
        match self.core.state.order(self.order_id) {
            Some(OrderEntry::Open(order)) => Ok((order, false)),
            // The timer of an order that has ended has nothing left to do.
            _ if matches!(command, OrderCommand::Expire) => Err(SubmitError::OrderUnknown),
            _ => Ok((self.core.reads.existing_order(self.order_id).await?, true)),
        }
    }

    /// Sends facts to the log in one piece; without any, the command is answered with the order as
    /// it is.
    fn append(&mut self, myself: &ActorRef<OrderMsg>, events: Vec<Event>, ticket: Ticket) {
        let Some(last) = events.len().checked_sub(1) else {
            self.core.answer_as_it_is(self.order_id, ticket);
            return self.finished_one(myself);
        };
        let at_ms = self.core.clock.now_ms();
        let (by, key) = (ticket.by(), ticket.key());
        self.is_busy = true;
        let lane = self.lock.take();
        self.core.state.number_documents(events, |events| {
            let record = |(index, event)| {
                // The key stands with the last record: the whole decision is its result.
                Record { at_ms, by, key: key.filter(|_| index == last), event }
            };
            let records = events.into_iter().enumerate().map(record).collect();
            let order = Some(WaitingOrder::new(myself.clone()));
            let then = Then { ticket: Some(ticket), order, lane, ..Then::default() };
            self.core.journal.append(records, then);
        });
    }

    /// Records the branch of a decision that came true with its units.
    fn taken(&mut self, myself: &ActorRef<OrderMsg>, decided: Decided, short: &[ShortLine]) {
        let Decided { store_id, then, otherwise, coupon, ticket } = decided;
        if short.is_empty() {
            return self.append(myself, then, ticket);
        }
        coupon.into_iter().for_each(|taken| self.core.coupons.release(taken));
        match otherwise {
            Otherwise::Events(events) => self.append(myself, events, ticket),
            Otherwise::Refuse => {
                let issues = self.core.stock_issues(store_id, short);
                self.core.refuse(Rejection::InsufficientStock { issues }, ticket);
                self.finished_one(myself);
            }
        }
    }

    /// Sets the timer of an order again that was refused because it came early: a payment is in
    /// flight, or the clock was set back.
    fn set_timer_again(&self, order: &Order, rejection: &Rejection) {
        let end = order.expires_at_ms(self.core.clock.now_ms());
        if let (Rejection::HoldNotOver, Some(at_ms)) = (rejection, end) {
            self.core.timers.add(at_ms, self.order_id);
        }
    }

    /// Counts one command less on its way to this actor, and stops it when there is none.
    fn finished_one(&self, myself: &ActorRef<OrderMsg>) {
        if self.core.registry.finished_one(self.order_id) {
            myself.stop(None);
        }
    }
}

/// Checks that the order has the version that the caller has seen. The retry of a cancellation is
/// let through: it names the version before the cancellation, and is answered like the first.
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
