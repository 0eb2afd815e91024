//! One order, owned by one actor for as long as something happens to it.
//!
//! It is born with the command that places it, or woken by one that changes it, and it sleeps when
//! there is nothing left to do: an order at rest is a row in the order book, and the actor that
//! placed it rests until the next new order. It decides with the
//! state that the log has led to, one record at a time: while its record is on the way to the disk,
//! further commands wait.

use crate::command::{PlaceOrder, Receipt, Refusal};
use crate::desk::{Core, OrderWork, Work};
use crate::door::Ticket;
use crate::hold::{Hold, HoldLine, Sender, ShortLine};
use crate::journal_writer::Then;
use kirana_domain::order::{Placement, place};
use kirana_domain::{
    Entry, Event, OrderId, Principal, Quote, Record, Rejection, Status, StockIssue, Store,
};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::VecDeque;
use std::sync::Arc;

/// What an order is told.
pub(crate) enum OrderMsg {
    /// Be this new order.
    Place(OrderId, PlaceOrder, Ticket),
    /// The shelves have answered.
    Held(Vec<ShortLine>),
    /// A command for an order that exists.
    Work(OrderWork),
    /// The record of the command before has been applied.
    Applied,
}

/// See the module.
pub(crate) struct OrderActor;

/// What the actor owns.
pub(crate) struct OrderState {
    core: Arc<Core>,
    order_id: OrderId,
    placing: Option<Placing>,
    is_busy: bool,
    waiting: VecDeque<OrderWork>,
}

/// An order between its price and its place in the log.
struct Placing {
    wanted: PlaceOrder,
    store: Arc<Store>,
    quote: Quote,
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
        Ok(OrderState { core, order_id, placing: None, is_busy: false, waiting })
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
            OrderMsg::Held(short) => {
                state.placed(&short);
                state.core.desk.rest(myself);
            }
            OrderMsg::Work(work) => {
                state.waiting.push_back(work);
                state.go_on(&myself);
            }
            OrderMsg::Applied => {
                state.is_busy = false;
                state.finished_one(&myself);
                state.go_on(&myself);
            }
        }
        Ok(())
    }
}

impl OrderState {
    /// Prices the basket and sends it past the shelves.
    fn price(
        &mut self,
        myself: ActorRef<OrderMsg>,
        wanted: PlaceOrder,
        ticket: Ticket,
    ) -> Result<(), crate::hold::Gone> {
        let core = &self.core;
        let priced = core.world.catalogue(|catalogue| {
            let store = Arc::clone(catalogue.store(wanted.store_id)?);
            let quote = Quote::price(&wanted.basket, &store, catalogue);
            Some((store, quote))
        });
        let Some((store, quote)) = priced else {
            ticket.answer(Err(Refusal::StoreUnknown));
            core.desk.rest(myself);
            return Ok(());
        };
        let checked = quote.and_then(|quote| {
            quote.check(&store, wanted.expected_total, wanted.payment_method).map(|()| quote)
        });
        match checked {
            Err(rejection) => {
                core.refuse(rejection, ticket);
                core.desk.rest(myself);
                Ok(())
            }
            Ok(quote) => {
                let line = |line: &kirana_domain::BasketLine| HoldLine {
                    shelf: core.shelves.get(wanted.store_id, line.product_id),
                    units: line.quantity,
                };
                let lines = wanted.basket.lines().iter().map(line).collect();
                self.placing = Some(Placing { wanted, store, quote, ticket });
                Hold::send(lines, Sender::Order(myself))
            }
        }
    }

    /// The shelves have answered: the order goes to the log, or its refusal does. The actor has
    /// nothing more to do: until the record is durable nobody knows the order's id.
    fn placed(&mut self, short: &[ShortLine]) {
        let Placing { wanted, store, quote, ticket } =
            self.placing.take().expect("the shelves answer once, and only who asked");
        if !short.is_empty() {
            let issues = stock_issues(&quote, short);
            return self.core.refuse(Rejection::InsufficientStock { issues }, ticket);
        }
        let core = &self.core;
        let placement = Placement {
            order_id: self.order_id,
            number: core.world.next_number(store.id),
            customer_id: wanted.customer_id,
            payment_method: wanted.payment_method,
            sealed: core.seal(self.order_id, wanted.customer_id, &wanted.personal),
        };
        let at_ms = core.clock.now_ms();
        let event = place(placement, quote, &store, at_ms);
        let record = Record { at_ms, by: ticket.by(), key: ticket.key(), event };
        core.journal.append_one(record, ticket);
    }

    /// Takes the next waiting command, unless the one before is still on its way to the disk.
    fn go_on(&mut self, myself: &ActorRef<OrderMsg>) {
        while !self.is_busy {
            let Some(work) = self.waiting.pop_front() else { return };
            self.work(myself, work);
        }
    }

    fn work(&mut self, myself: &ActorRef<OrderMsg>, OrderWork { work, ticket }: OrderWork) {
        let decided = match self.core.world.order(self.order_id) {
            None => Err(Refusal::OrderUnknown),
            Some(entry) => self.decide(&work, &ticket.by(), &entry).map_err(Refusal::rejected),
        };
        match decided {
            Ok(Some(event)) => {
                let at_ms = self.core.clock.now_ms();
                let record = Record { at_ms, by: ticket.by(), key: ticket.key(), event };
                let then =
                    Then { ticket: Some(ticket), order: Some(myself.clone()), ..Then::default() };
                self.core.journal.append(vec![record], then);
                self.is_busy = true;
                return;
            }
            Ok(None) => self.core.answer_as_it_is(self.order_id, ticket),
            Err(Refusal::Rejected { rejection, .. }) => {
                self.core.refuse(Arc::unwrap_or_clone(rejection), ticket);
            }
            Err(refusal) => ticket.answer(Err(refusal)),
        }
        self.finished_one(myself);
    }

    /// What a command makes of the order: a fact, nothing new, or a refusal.
    fn decide(
        &self,
        work: &Work,
        by: &Principal,
        entry: &Entry,
    ) -> Result<Option<Event>, Rejection> {
        match (entry, work) {
            (Entry::Open(order), Work::Cancel { reason }) => {
                order.decide_cancel(by, reason.clone())
            }
            (Entry::Open(order), Work::Expire) => {
                let decided = order.decide_expire(self.core.clock.now_ms());
                // The clock was set back after the timer fired: it fires again.
                if let (Err(_), Some(at_ms)) = (&decided, order.placed.hold_expires_at_ms) {
                    self.core.timers.add(at_ms, self.order_id);
                }
                decided
            }
            (Entry::Ended(ended), Work::Cancel { .. }) if ended.status != Status::Cancelled => {
                Err(Rejection::IllegalMove { from: ended.status, wanted: "cancel" })
            }
            (Entry::Ended(_), _) => Ok(None),
        }
    }

    /// One command less is on its way to this actor; without any left it goes to sleep.
    fn finished_one(&self, myself: &ActorRef<OrderMsg>) {
        if self.core.desk.finished_one(self.order_id) {
            myself.stop(None);
        }
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

/// The answer for an order that a command left as it is.
pub(crate) fn as_it_is(order: Arc<kirana_domain::Order>) -> Receipt {
    Receipt { lsn: order.lsn(), replayed: false, outcome: crate::Outcome::Order(order) }
}
