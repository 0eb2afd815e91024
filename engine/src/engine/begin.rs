//! Where a command goes: to the lane of the catalogue, to the lane of a person, or to the actor of
//! its order.

use super::{Core, Engine, LANES};
use crate::admission::admit::Ticket;
use crate::admission::command::{Command, SubmitError, Webhook};
use crate::admission::message::OrderWork;
use crate::admission::shard::shard_of;
use crate::catalogue::{self, CatalogueCommand};
use crate::orders::dispatch;
use crate::outside::webhook_endpoints;
use crate::state::read_error::ReadError;
use crate::state::reads::unreadable;
use kirana_domain::order::OrderCommand;
use kirana_domain::{Event, OrderId, PersonId, Rejection};
use std::sync::Arc;
use uuid::Uuid;

/// Whose key seals messages of the payment provider that are about no order of ours.
const PROVIDER: PersonId = PersonId(Uuid::from_u128(0x9a7e_0000_0000_4000_8000_0000_0000_0001));

/// A decision on what belongs to one person.
type DecideOfPeople = Box<dyn FnOnce(&Core, &Ticket) -> Result<Option<Event>, Rejection> + Send>;

impl Engine {
    pub(super) fn begin(&self, command: Command, ticket: Ticket) {
        let core = &self.0.core;
        let catalogue = |command, ticket| {
            let lane = Arc::clone(&self.0.lane);
            tokio::spawn(catalogue::catalogue(Arc::clone(core), lane, command, ticket));
        };
        match command {
            Command::OpenStore { store } => catalogue(CatalogueCommand::Open(store), ticket),
            Command::ChangeStore { before, store } => {
                catalogue(CatalogueCommand::Change { before, store }, ticket);
            }
            Command::DefineProducts { store_id, products } => {
                catalogue(CatalogueCommand::Define { store_id, products }, ticket);
            }
            Command::ReceiveStock { store_id, lines } => {
                catalogue::receive(core, store_id, lines, ticket);
            }
            Command::AdjustStock { store_id, lines } => {
                tokio::spawn(catalogue::adjust(Arc::clone(core), store_id, lines, ticket));
            }
            Command::PlaceOrder(wanted) => {
                dispatch::place(core, OrderId(Uuid::now_v7()), wanted, ticket);
            }
            Command::DefineZones { store_id, zones } => {
                catalogue(CatalogueCommand::Zones { store_id, zones }, ticket);
            }
            Command::SetWeather { zone_id, weather } => {
                catalogue(CatalogueCommand::Weather { zone_id, weather }, ticket);
            }
            Command::DefineCoupon { coupon } => catalogue(CatalogueCommand::Coupon(coupon), ticket),
            Command::SetGstRates { rates } => catalogue(CatalogueCommand::Gst(rates), ticket),
            Command::Order { order_id, command, expected_version } => {
                let work = OrderWork { expected_version, ..OrderWork::of(command, ticket) };
                if core.state.order(order_id).is_some() {
                    return dispatch::tell(core, order_id, work);
                }
                let core = Arc::clone(core);
                tokio::spawn(async move {
                    match core.reads.find(order_id).await {
                        Ok(Some(_)) => dispatch::tell(&core, order_id, work),
                        Ok(None) => work.ticket.answer(Err(SubmitError::OrderUnknown)),
                        Err(error) => work.ticket.answer(Err(unreadable(order_id, &error))),
                    }
                });
            }
            Command::Webhook(webhook) => {
                tokio::spawn(take_in(Arc::clone(core), *webhook, ticket));
            }
            Command::Hook(command) => {
                tokio::spawn(webhook_endpoints::decide_and_record(
                    Arc::clone(&self.0.hooks),
                    *command,
                    ticket,
                ));
            }
            command => self.begin_of_people(command, ticket),
        }
    }

    /// Commands about what belongs to one person: one after the other for each person.
    fn begin_of_people(&self, command: Command, ticket: Ticket) {
        let run = |person: PersonId, decide: DecideOfPeople| {
            let lane = Arc::clone(&self.0.people[shard_of(person.0.as_bytes(), LANES)]);
            tokio::spawn(catalogue::people(Arc::clone(&self.0.core), lane, ticket, decide));
        };
        match command {
            Command::Cart { customer_id, store_id, command } => {
                run(
                    customer_id,
                    Box::new(move |core, _| {
                        let lines = core.state.people(|people| {
                            let none = kirana_domain::Cart::default();
                            people
                                .carts
                                .get(customer_id, store_id)
                                .unwrap_or(&none)
                                .decide(&command)
                        })?;
                        let event =
                            || Event::CartChanged { customer_id, store_id, lines: lines.clone() };
                        Ok((!lines.is_empty()).then(event))
                    }),
                );
            }
            Command::SaveAddress { customer_id, address_id, must_exist, personal } => {
                run(
                    customer_id,
                    Box::new(move |core, _| {
                        core.state.people(|people| {
                            let book = &people.addresses;
                            if must_exist && book.get(customer_id, address_id).is_none() {
                                return Err(Rejection::AddressUnknown);
                            }
                            book.decide_save(customer_id, address_id)
                        })?;
                        let sealed = core.seal(customer_id, address_id.0.as_bytes(), &personal);
                        let sealed = sealed.into();
                        Ok(Some(Event::AddressSaved { customer_id, address_id, sealed }))
                    }),
                );
            }
            Command::RemoveAddress { customer_id, address_id } => {
                run(
                    customer_id,
                    Box::new(move |core, _| {
                        let is_there = core.state.people(|people| {
                            people.addresses.get(customer_id, address_id).is_some()
                        });
                        Ok(is_there.then_some(Event::AddressRemoved { customer_id, address_id }))
                    }),
                );
            }
            Command::HandOverCash { store_id, rider_id, counted, note } => {
                run(
                    rider_id,
                    Box::new(move |core, ticket| {
                        let whose = (store_id, rider_id);
                        core.state
                            .people(|people| {
                                people.cash.decide_handover(whose, counted, note, &ticket.by())
                            })
                            .map(Some)
                    }),
                );
            }
            _ => unreachable!("the other commands are begun above"),
        }
    }
}

/// A message of the payment provider: kept, and told to the order that it is about.
async fn take_in(core: Arc<Core>, webhook: Webhook, ticket: Ticket) {
    let Webhook { event_id, name, body, provider_order_id, order_id, report } = webhook;
    let reads = Arc::clone(&core.reads);
    let look = move || {
        let by_provider = provider_order_id.map(|id| reads.of_provider(&id)).transpose()?.flatten();
        let Some(id) = by_provider.or(order_id) else { return Ok(None) };
        Ok(reads.entry(id)?.map(|entry| (id, entry.parties())))
    };
    let looked = tokio::task::spawn_blocking(look).await;
    let about = match looked.unwrap_or_else(|error| Err(ReadError(error.to_string()))) {
        Ok(about) => about,
        Err(error) => {
            tracing::error!(%error, %event_id, "the order of a webhook cannot be read");
            return ticket.answer(Err(SubmitError::Failed));
        }
    };
    let subject = about.map_or(PROVIDER, |(_, people)| people.customer_id);
    let sealed = core.seal(subject, event_id.as_bytes(), &body);
    let about = about.map(|(id, _)| id);
    let event = Event::WebhookReceived { event_id, name, about, subject, sealed };
    let Some(order_id) = about else {
        return core.record(event, ticket, None);
    };
    let webhook = Some(event);
    let work = OrderWork::of(OrderCommand::Report(report), ticket);
    dispatch::tell(&core, order_id, OrderWork { webhook, ..work });
}
