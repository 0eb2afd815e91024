//! Where a command goes: to the lane of the catalogue, to the lane of a person, or to the actor of
//! its order.

use super::{Core, Engine, LANES};
use crate::command::{Command, Refusal, Webhook};
use crate::desk::{self, OrderWork};
use crate::door::Ticket;
use crate::hooks;
use crate::lane::{self, CatalogueCommand};
use kirana_domain::order::Wish;
use kirana_domain::{Event, OrderId, PersonId, Record, Rejection};
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
            tokio::spawn(lane::catalogue(Arc::clone(core), lane, command, ticket));
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
                lane::receive(core, store_id, lines, ticket);
            }
            Command::AdjustStock { store_id, lines } => {
                tokio::spawn(lane::adjust(Arc::clone(core), store_id, lines, ticket));
            }
            Command::PlaceOrder(wanted) => {
                desk::place(core, OrderId(Uuid::now_v7()), wanted, ticket);
            }
            Command::DefineZones { store_id, zones } => {
                catalogue(CatalogueCommand::Zones { store_id, zones }, ticket);
            }
            Command::SetWeather { zone_id, weather } => {
                catalogue(CatalogueCommand::Weather { zone_id, weather }, ticket);
            }
            Command::DefineCoupon { coupon } => catalogue(CatalogueCommand::Coupon(coupon), ticket),
            Command::SetGstRates { rates } => catalogue(CatalogueCommand::Gst(rates), ticket),
            Command::Order { order_id, .. } if self.people_of(order_id).is_none() => {
                ticket.answer(Err(Refusal::OrderUnknown));
            }
            Command::Order { order_id, wish, expected_version } => {
                let work = OrderWork { expected_version, ..OrderWork::of(wish, ticket) };
                desk::tell(core, order_id, work);
            }
            Command::Webhook(webhook) => self.take_in(*webhook, ticket),
            Command::Hook(wish) => {
                tokio::spawn(hooks::decide_and_record(Arc::clone(core), *wish, ticket));
            }
            command => self.begin_of_people(command, ticket),
        }
    }

    /// Commands about what belongs to one person: one after the other for each person.
    fn begin_of_people(&self, command: Command, ticket: Ticket) {
        let run = |person: PersonId, decide: DecideOfPeople| {
            let lane = Arc::clone(&self.0.people[usize::from(person.0.as_bytes()[15]) % LANES]);
            tokio::spawn(lane::people(Arc::clone(&self.0.core), lane, ticket, decide));
        };
        match command {
            Command::Cart { customer_id, store_id, wish } => {
                run(
                    customer_id,
                    Box::new(move |core, _| {
                        let lines = core.world.people(|people| {
                            let none = kirana_domain::Cart::default();
                            people.carts.get(customer_id, store_id).unwrap_or(&none).decide(&wish)
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
                        core.world.people(|people| {
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
                        let is_there = core.world.people(|people| {
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
                        core.world
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

    /// A message of the payment provider: kept, and told to the order that it is about.
    fn take_in(&self, webhook: Webhook, ticket: Ticket) {
        let core = &self.0.core;
        let Webhook { event_id, name, body, provider_order_id, order_id, report } = webhook;
        let by_provider =
            provider_order_id.and_then(|id| core.world.orders(|orders| orders.of_provider(&id)));
        let about = by_provider.or(order_id.filter(|id| self.people_of(*id).is_some()));
        let people = about.and_then(|id| self.people_of(id));
        let subject = people.map_or(PROVIDER, |people| people.customer_id);
        let sealed = core.seal(subject, event_id.as_bytes(), &body);
        let event = Event::WebhookReceived { event_id, name, about, subject, sealed };
        let Some(order_id) = about else {
            let (by, key) = (ticket.by(), ticket.key());
            let at_ms = core.clock.now_ms();
            return core.journal.append_one(Record { at_ms, by, key, event }, ticket);
        };
        let webhook = Some(event);
        let work = OrderWork::of(Wish::Report(report), ticket);
        desk::tell(core, order_id, OrderWork { webhook, ..work });
    }

    /// What every part of the engine shares.
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.0.core
    }
}
