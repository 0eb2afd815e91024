//! Sends each command to where it is decided.
//!
//! A decision that depends on an earlier one must see what that one led to. Three devices make
//! such decisions come one after the other:
//!
//! | device | commands | reason |
//! |---|---|---|
//! | the actor of an order | one order: placing, steps, money | it waits for stock in between, so it has a mailbox |
//! | a [`SerialLock`], one for the catalogue and one for endpoints | stores, products, zones, coupons, rates, loose money; endpoints | they are rare, and read much of the book |
//! | 256 of them, by the last byte of a person's id | carts, addresses, cash, riders and what they are asked to bring | they are frequent, and one person's see each other only |
//!
//! Receipts and adjustments of stock need none: they add up, and the actor of a product's stock
//! sees every unit that goes.

use super::{Core, Engine, LANES};
use crate::admission::admit::Ticket;
use crate::admission::command::{Command, Outcome, SubmitError, Webhook};
use crate::admission::message::OrderWork;
use crate::admission::serial_lock::SerialLock;
use crate::admission::shard::shard_of;
use crate::catalogue;
use crate::orders::dispatch;
use crate::outside::webhook_endpoints;
use crate::state::read_error::ReadError;
use crate::state::reads::{refusal_of, unreadable};
use kirana_domain::order::OrderCommand;
use kirana_domain::payment::LooseCharge;
use kirana_domain::{Event, LooseCommand, OrderId, PersonCommand, PersonId};
use std::sync::Arc;
use uuid::Uuid;

/// Whose key seals messages of the payment provider that are about no order of ours.
const PROVIDER: PersonId = PersonId(Uuid::from_u128(0x9a7e_0000_0000_4000_8000_0000_0000_0001));

impl Engine {
    pub(super) fn begin(&self, command: Command, ticket: Ticket) {
        let core = Arc::clone(&self.0.core);
        let of_catalogue = Arc::clone(&self.0.lane);
        match command {
            Command::PlaceOrder(wanted) => {
                dispatch::place(&core, OrderId(Uuid::now_v7()), wanted, ticket);
            }
            Command::Order { order_id, command, expected_version } => {
                let asked = command.asked_rider().map(|rider_id| self.lock_of(rider_id));
                let work = OrderWork { expected_version, ..OrderWork::of(command, ticket) };
                match asked {
                    Some(lock) => drop(tokio::spawn(async move {
                        let rider = Some(lock.lock_owned().await);
                        tell(core, order_id, OrderWork { lock: rider, ..work });
                    })),
                    None => tell(core, order_id, work),
                }
            }
            Command::Webhook(webhook) => {
                tokio::spawn(take_in(core, *webhook, ticket));
            }
            Command::Loose(command) => {
                tokio::spawn(settle(core, of_catalogue, command, ticket));
            }
            Command::Catalogue(command) => {
                tokio::spawn(catalogue::change(core, of_catalogue, *command, ticket));
            }
            Command::DefineCoupon { coupon } => {
                tokio::spawn(catalogue::define_coupon(core, of_catalogue, coupon, ticket));
            }
            Command::Endpoint(command) => {
                let endpoints = Arc::clone(&self.0.hooks);
                tokio::spawn(webhook_endpoints::change(endpoints, *command, ticket));
            }
            Command::Person(command) => {
                let lock = self.lock_of(command.person_id());
                tokio::spawn(change_of_person(core, lock, command, ticket));
            }
            Command::ReceiveStock { store_id, lines } => {
                catalogue::receive(&core, store_id, lines, ticket);
            }
            Command::AdjustStock { store_id, lines } => {
                tokio::spawn(catalogue::adjust(core, store_id, lines, ticket));
            }
        }
    }

    /// Returns the lock of a person.
    fn lock_of(&self, person_id: PersonId) -> SerialLock {
        Arc::clone(&self.0.people[shard_of(person_id.0.as_bytes(), LANES)])
    }
}

/// Tells an order of a command. One that is not in memory is looked for on disk first, so that no
/// actor is woken for an order that never was.
fn tell(core: Arc<Core>, order_id: OrderId, work: OrderWork) {
    if core.state.order(order_id).is_some() {
        return dispatch::tell(&core, order_id, work);
    }
    tokio::spawn(async move {
        match core.reads.find(order_id).await {
            Ok(Some(_)) => dispatch::tell(&core, order_id, work),
            Ok(None) => work.ticket.answer(Err(SubmitError::OrderUnknown)),
            Err(error) => work.ticket.answer(Err(unreadable(order_id, &error))),
        }
    });
}

/// Decides on what belongs to one person.
async fn change_of_person(
    core: Arc<Core>,
    lock: SerialLock,
    command: PersonCommand,
    ticket: Ticket,
) {
    let lock = lock.lock_owned().await;
    let (person_id, by) = (command.person_id(), ticket.by());
    let decided = core.state.people(|books| {
        books.decide(command, &by, |id, plain| core.seal(person_id, id.as_bytes(), plain).into())
    });
    match decided {
        Err(rejection) => core.refuse(rejection, ticket),
        Ok(event) => core.record_all(event.into_iter().collect(), Outcome::Unchanged, ticket, lock),
    }
}

/// Gives loose money to an order. Under a lock, so that it goes to one order only.
async fn settle(core: Arc<Core>, lock: SerialLock, command: LooseCommand, ticket: Ticket) {
    let LooseCommand::Assign { charge_id, order_id } = command;
    let lane = lock.lock_owned().await;
    match core.state.people(|books| books.loose.decide_assign(&charge_id)) {
        Err(rejection) => core.refuse(rejection, ticket),
        Ok(charge) => {
            let work = OrderWork::of(OrderCommand::TakeCharge(charge), ticket);
            tell(core, order_id, OrderWork { lock: Some(lane), ..work });
        }
    }
}

/// Records a message that is about no order of ours, and the captured money in it that is new.
fn keep_loose(core: &Core, message: Event, captured: Vec<LooseCharge>, ticket: Ticket) {
    let new = |charge: &LooseCharge| core.state.people(|books| books.loose.is_news(charge));
    let mut events = vec![message];
    for charge in captured.into_iter().filter(new) {
        let LooseCharge { id, amount, hint, .. } = &charge;
        tracing::error!(id = &**id, ?amount, ?hint, "captured money that names no order of ours");
        metrics::counter!("kirana_payments_loose_total").increment(1);
        events.push(Event::LooseMoneySeen { charge: Box::new(charge) });
    }
    core.record_in_one(events, ticket);
}

/// Keeps a message of the payment provider, and tells the order that it is about.
async fn take_in(core: Arc<Core>, webhook: Webhook, ticket: Ticket) {
    let Webhook { event_id, name, body, provider_order_id, order_id, hint, report, .. } = webhook;
    let (refunded, is_unread, captured) = (webhook.refunded, webhook.is_unread, webhook.captured);
    let reads = Arc::clone(&core.reads);
    let look = move || {
        let given = provider_order_id.as_ref();
        let by_provider = given.map(|id| reads.of_provider(id)).transpose()?.flatten();
        let Some(id) = by_provider.or(order_id) else { return Ok(None) };
        let Some(entry) = reads.entry(id)? else { return Ok(None) };
        let known = entry.payment().and_then(|payment| payment.provider_order_id.as_ref());
        // An order has one order at the provider: money of another is not its own.
        if given.is_some() && known.is_some() && given != known {
            return Ok(None);
        }
        let is_behind = entry.payment().is_some_and(|payment| payment.is_behind(&refunded));
        Ok(Some((id, entry.parties(), is_behind)))
    };
    let looked = tokio::task::spawn_blocking(look).await;
    let about = match looked.unwrap_or_else(|error| Err(ReadError::Failed(error.to_string()))) {
        Ok(about) => about,
        Err(error) => {
            tracing::error!(%error, %event_id, "the order of a webhook cannot be read");
            return ticket.answer(Err(refusal_of(&error)));
        }
    };
    let subject = about.map_or(PROVIDER, |(_, people, _)| people.customer_id);
    let asks = is_unread || about.is_some_and(|(_, _, is_behind)| is_behind);
    let sealed = core.seal(subject, event_id.as_bytes(), &body);
    let about = about.map(|(id, ..)| id);
    match about.or(hint) {
        Some(order_id) if asks || about.is_none() => core.outbox.look(order_id),
        None if asks => core.outbox.look_at_all(core.clock.now_ms()),
        _ => (),
    }
    let event = Event::WebhookReceived { event_id, name, about, subject, sealed };
    let Some(order_id) = about else { return keep_loose(&core, event, captured, ticket) };
    let webhook = Some(event);
    let work = OrderWork::of(OrderCommand::Report(report), ticket);
    dispatch::tell(&core, order_id, OrderWork { webhook, ..work });
}
