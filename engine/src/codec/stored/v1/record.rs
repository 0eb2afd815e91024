//! The shape of a record: its envelope, and the fact in it.

use super::Id;
use super::coupon::Coupon;
use super::endpoint::EndpointFact;
use super::money::{LooseCharge, Webhook};
use super::order::{Order, OrderCancelled, OrderV2, OrderV3};
use super::order_fact::OrderFact as Fact;
use super::person::{CashHandedOver, RiderSaved};
use super::product::{Product, ProductV2};
use super::rejection::Rejection;
use super::stock::{ReceivedLine, StockChange, StockLine};
use super::store::{GstRate, Store, StoreV2, StoreV3};
use super::words::{Result, each};
use super::zone::{Zone, weather_set};
use crate::codec::known_items::KnownItems;
use crate::codec::stored::parts::Bytes;
use kirana_domain as domain;
use kirana_domain::stock::Bucket;
use kirana_domain::time::StartClock;
use kirana_domain::{Event as E, OrderId, Principal, RequestKey, Role};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A record.
#[derive(Serialize, Deserialize)]
pub(crate) struct Record<'a> {
    at_ms: i64,
    by_role: u8,
    by_person: Id,
    by_store: Option<Id>,
    /// The hash of the key, and of the request.
    key: Option<(Id, Id)>,
    #[serde(borrow)]
    event: Event<'a>,
}

impl<'a> From<&'a domain::Record> for Record<'a> {
    fn from(record: &'a domain::Record) -> Self {
        Self {
            at_ms: record.at_ms,
            by_role: record.by.role as u8,
            by_person: record.by.person_id.into(),
            by_store: record.by.store_id.map(Id::from),
            key: record.key.map(|key| (Id(key.id), Id(key.fingerprint))),
            event: Event::from(&record.event),
        }
    }
}

impl Record<'_> {
    /// Returns the record. Order lines share their items with `items` where they are the same: a
    /// replay makes no copies of names, and an open order at rest carries none.
    pub(crate) fn parse(self, items: &dyn KnownItems) -> Result<domain::Record> {
        Ok(domain::Record {
            at_ms: self.at_ms,
            by: Principal {
                role: Role::from_number(self.by_role).ok_or("unknown role")?,
                person_id: self.by_person.into(),
                store_id: self.by_store.map(Into::into),
            },
            key: self.key.map(|(id, print)| RequestKey { id: id.0, fingerprint: print.0 }),
            event: self.event.parse(items)?,
        })
    }
}

/// A fact. `front.rs` knows the numbers of those that have labels.
#[derive(Serialize, Deserialize)]
enum Event<'a> {
    /// The epoch.
    EngineStarted(u32),
    StoreOpened(#[serde(borrow)] Store<'a>),
    StoreChanged(#[serde(borrow)] Store<'a>),
    /// The product, and its first units.
    ProductDefined(#[serde(borrow)] Product<'a>, u32),
    /// The store.
    StockReceived(Id, Vec<StockLine>),
    /// The store.
    StockAdjusted(Id, #[serde(borrow)] Vec<StockChange<'a>>),
    OrderPlaced(#[serde(borrow)] Order<'a>),
    OrderCancelled(#[serde(borrow)] OrderCancelled<'a>),
    /// The order, its store, and the units that came back.
    OrderExpired(Id, Id, Vec<StockLine>),
    CommandRefused(#[serde(borrow)] Rejection<'a>),
    ZoneDefined(#[serde(borrow)] Zone<'a>),
    /// The store, and the zone.
    ZoneRemoved(Id, Id),
    /// The store, the zone, and its weather.
    WeatherSet(Id, Id, u8),
    StoreOpenedV2(#[serde(borrow)] StoreV2<'a>),
    StoreChangedV2(#[serde(borrow)] StoreV2<'a>),
    OrderPlacedV2(#[serde(borrow)] OrderV2<'a>),
    /// The order, and the fact about it.
    OrderFact(Id, #[serde(borrow)] Fact<'a>),
    /// The customer, the store, and the lines that changed.
    CartChanged(Id, Id, Vec<StockLine>),
    /// The customer, the address, and its sealed content.
    AddressSaved(Id, Id, #[serde(borrow)] Bytes<'a>),
    /// The customer, and the address.
    AddressRemoved(Id, Id),
    CouponDefined(#[serde(borrow)] Coupon<'a>),
    GstRatesSet(#[serde(borrow)] Vec<GstRate<'a>>),
    CashHandedOver(#[serde(borrow)] CashHandedOver<'a>),
    WebhookReceived(#[serde(borrow)] Webhook<'a>),
    EndpointFact(#[serde(borrow)] EndpointFact<'a>),
    /// The store.
    StockReceivedV2(Id, #[serde(borrow)] Vec<ReceivedLine<'a>>),
    OrderPlacedV3(#[serde(borrow)] OrderV3<'a>),
    StoreOpenedV3(#[serde(borrow)] StoreV3<'a>),
    StoreChangedV3(#[serde(borrow)] StoreV3<'a>),
    /// The epoch, the wall clock, and the time since the record before it.
    EngineStartedV2(u32, i64, i64),
    /// The product, and its first units.
    ProductDefinedV2(#[serde(borrow)] ProductV2<'a>, u32),
    RiderSaved(#[serde(borrow)] RiderSaved<'a>),
    LooseMoneySeen(#[serde(borrow)] LooseCharge<'a>),
}

impl<'a> From<&'a E> for Event<'a> {
    /// Returns the shape of a fact.
    #[expect(
        clippy::too_many_lines,
        reason = "one match without a `_`: a fact without a shape does not compile"
    )]
    fn from(event: &'a E) -> Self {
        let order = |order_id: &OrderId, fact| Self::OrderFact(order_id.into(), fact);
        let endpoint = Self::EndpointFact;
        match event {
            E::EngineStarted { epoch, clock: None } => Self::EngineStarted(*epoch),
            E::EngineStarted { epoch, clock: Some(clock) } => {
                Self::EngineStartedV2(*epoch, clock.wall_ms, clock.gap_ms)
            }
            E::StoreOpened { store } => Self::StoreOpenedV3((&**store).into()),
            E::StoreChanged { store } => Self::StoreChangedV3((&**store).into()),
            E::ProductDefined { product, opening_units } => {
                Self::ProductDefinedV2((&**product).into(), *opening_units)
            }
            E::StockReceived { store_id, lines } => {
                Self::StockReceivedV2(store_id.into(), each(lines))
            }
            E::StockAdjusted { store_id, lines } => {
                Self::StockAdjusted(store_id.into(), each(lines))
            }
            E::OrderPlaced { order } => Self::OrderPlacedV3((&**order).into()),
            E::OrderCancelled { order_id, store_id, reason, lines, from } => {
                Self::OrderCancelled(OrderCancelled {
                    order_id: order_id.into(),
                    store_id: store_id.into(),
                    reason: reason.as_deref(),
                    lines: each(lines),
                    from_allocated: *from == Bucket::Allocated,
                })
            }
            E::OrderExpired { order_id, store_id, lines } => {
                Self::OrderExpired(order_id.into(), store_id.into(), each(lines))
            }
            E::CommandRefused { rejection } => Self::CommandRefused(rejection.into()),
            E::PaymentStarted { order_id, until_ms } => {
                order(order_id, Fact::PaymentStarted(*until_ms))
            }
            E::PaymentOrderMade { order_id, provider_order_id } => {
                order(order_id, Fact::PaymentOrderMade(provider_order_id))
            }
            E::ChargeSeen { order_id, charge } => {
                order(order_id, Fact::ChargeSeenV2(charge.into()))
            }
            E::DisputeSeen { order_id, dispute } => {
                order(order_id, Fact::DisputeSeen((&**dispute).into()))
            }
            E::OrderConfirmed { order_id, store_id, lines, held_again } => {
                let (store_id, lines, held_again) = (store_id.into(), each(lines), *held_again);
                order(order_id, Fact::OrderConfirmed { store_id, lines, held_again })
            }
            E::OrderTurnedToCash { order_id, store_id, lines } => order(
                order_id,
                Fact::TurnedToCash { store_id: store_id.into(), lines: each(lines) },
            ),
            E::RefundOwed { order_id, refund } => order(order_id, Fact::RefundOwed(refund.into())),
            E::RefundSeen { order_id, refund } => order(order_id, Fact::RefundSeen(refund.into())),
            E::EffectFailed { order_id, trouble } => {
                order(order_id, Fact::EffectFailed(trouble.into()))
            }
            E::EffectsRetried { order_id, reason } => {
                order(order_id, Fact::EffectsRetried(reason.as_deref()))
            }
            E::OrderMoved { order_id, store_id, step, reason, lines } => {
                let (store_id, step, lines) = (store_id.into(), step.into(), each(lines));
                let reason = reason.as_deref();
                order(order_id, Fact::OrderMoved { store_id, step, reason, lines })
            }
            E::LinesChanged { order_id, store_id, change, reason } => {
                let (store_id, change) = (store_id.into(), (&**change).into());
                let reason = reason.as_deref();
                order(order_id, Fact::LinesChanged { store_id, change, reason })
            }
            E::InvoiceIssued { order_id, store_id, is_credit_note, year, number, credits } => {
                let fact = Fact::InvoiceIssuedV2 {
                    store_id: store_id.into(),
                    is_credit_note: *is_credit_note,
                    year: *year,
                    number: *number,
                    credits: each(credits.iter()),
                };
                order(order_id, fact)
            }
            E::CashHandedOver { rider_id, store_id, expected, counted, note } => {
                Self::CashHandedOver(CashHandedOver {
                    rider_id: rider_id.into(),
                    store_id: store_id.into(),
                    expected: expected.0,
                    counted: counted.0,
                    note: note.as_deref(),
                })
            }
            E::RiderSaved { rider_id, rider } => Self::RiderSaved((*rider_id, rider).into()),
            E::CartChanged { customer_id, store_id, lines } => {
                Self::CartChanged(customer_id.into(), store_id.into(), each(lines))
            }
            E::AddressSaved { customer_id, address_id, sealed } => {
                Self::AddressSaved(customer_id.into(), address_id.into(), Bytes(sealed))
            }
            E::AddressRemoved { customer_id, address_id } => {
                Self::AddressRemoved(customer_id.into(), address_id.into())
            }
            E::ZoneDefined { zone } => Self::ZoneDefined((&**zone).into()),
            E::ZoneRemoved { store_id, zone_id } => {
                Self::ZoneRemoved(store_id.into(), zone_id.into())
            }
            E::WeatherSet { store_id, zone_id, weather } => {
                Self::WeatherSet(store_id.into(), zone_id.into(), *weather as u8)
            }
            E::CouponDefined { coupon } => Self::CouponDefined((&**coupon).into()),
            E::GstRatesSet { rates } => Self::GstRatesSet(each(rates)),
            E::WebhookReceived { event_id, name, about, subject, sealed } => {
                let (about, subject, sealed) = (about.map(Id::from), subject.into(), Bytes(sealed));
                Self::WebhookReceived(Webhook { event_id, name, about, subject, sealed })
            }
            E::LooseMoneySeen { charge } => Self::LooseMoneySeen((&**charge).into()),
            E::EndpointDefined { endpoint: it } => endpoint(EndpointFact::Defined((&**it).into())),
            E::EndpointRemoved { endpoint_id } => {
                endpoint(EndpointFact::Removed(endpoint_id.into()))
            }
            E::EndpointReplayed { endpoint_id, from } => {
                endpoint(EndpointFact::Replayed(endpoint_id.into(), from.0))
            }
            E::EndpointDisabled { endpoint_id, reason } => {
                endpoint(EndpointFact::Disabled(endpoint_id.into(), reason))
            }
            E::HookProgress { endpoint_id, position } => {
                endpoint(EndpointFact::Progress(endpoint_id.into(), position.0))
            }
            E::HookFailed { endpoint_id, lsn, tries, retry_at_ms, error } => {
                let (lsn, tries, retry_at_ms) = (lsn.0, *tries, *retry_at_ms);
                let endpoint_id = endpoint_id.into();
                endpoint(EndpointFact::Failed { endpoint_id, lsn, tries, retry_at_ms, error })
            }
            E::HookDelivered { endpoint_id, lsn } => {
                endpoint(EndpointFact::Delivered(endpoint_id.into(), lsn.0))
            }
        }
    }
}

impl Event<'_> {
    /// Returns the fact.
    fn parse(self, items: &dyn KnownItems) -> Result<E> {
        Ok(match self {
            Self::EngineStarted(epoch) => E::EngineStarted { epoch, clock: None },
            Self::EngineStartedV2(_, _, gap_ms) if gap_ms < 0 => {
                return Err("a start before the record before it");
            }
            Self::EngineStartedV2(epoch, wall_ms, gap_ms) => {
                E::EngineStarted { epoch, clock: Some(StartClock { wall_ms, gap_ms }) }
            }
            Self::StoreOpened(stored) => E::StoreOpened { store: Arc::new(stored.parse()?) },
            Self::StoreChanged(stored) => E::StoreChanged { store: Arc::new(stored.parse()?) },
            Self::StoreOpenedV2(stored) => E::StoreOpened { store: Arc::new(stored.parse()?) },
            Self::StoreChangedV2(stored) => E::StoreChanged { store: Arc::new(stored.parse()?) },
            Self::StoreOpenedV3(stored) => E::StoreOpened { store: stored.parse()? },
            Self::StoreChangedV3(stored) => E::StoreChanged { store: stored.parse()? },
            Self::ProductDefined(stored, opening_units) => {
                E::ProductDefined { product: Arc::new(stored.parse()?), opening_units }
            }
            Self::ProductDefinedV2(stored, opening_units) => {
                E::ProductDefined { product: stored.parse()?, opening_units }
            }
            Self::StockReceived(store_id, lines) => {
                E::StockReceived { store_id: store_id.into(), lines: each(lines) }
            }
            Self::StockReceivedV2(store_id, lines) => {
                let lines = lines.iter().map(ReceivedLine::parse).collect::<Result<_>>()?;
                E::StockReceived { store_id: store_id.into(), lines }
            }
            Self::StockAdjusted(store_id, lines) => {
                let lines = lines.iter().map(StockChange::parse).collect::<Result<_>>()?;
                E::StockAdjusted { store_id: store_id.into(), lines }
            }
            Self::OrderPlaced(stored) => E::OrderPlaced { order: Arc::new(stored.parse(items)?) },
            Self::OrderPlacedV2(stored) => E::OrderPlaced { order: Arc::new(stored.parse(items)?) },
            Self::OrderPlacedV3(stored) => E::OrderPlaced { order: Arc::new(stored.parse(items)?) },
            Self::OrderFact(order_id, stored) => stored.parse(order_id.into())?,
            Self::OrderCancelled(stored) => stored.parse()?,
            Self::OrderExpired(order_id, store_id, lines) => {
                let (order_id, store_id, lines) = (order_id.into(), store_id.into(), each(lines));
                E::OrderExpired { order_id, store_id, lines }
            }
            Self::CommandRefused(stored) => E::CommandRefused { rejection: stored.parse()? },
            Self::ZoneDefined(stored) => E::ZoneDefined { zone: Arc::new(stored.parse()?) },
            Self::ZoneRemoved(store_id, zone_id) => {
                E::ZoneRemoved { store_id: store_id.into(), zone_id: zone_id.into() }
            }
            Self::WeatherSet(store_id, zone_id, stored) => weather_set(store_id, zone_id, stored)?,
            Self::CartChanged(customer_id, store_id, lines) => {
                let (customer_id, store_id) = (customer_id.into(), store_id.into());
                E::CartChanged { customer_id, store_id, lines: each(lines) }
            }
            Self::AddressSaved(customer_id, address_id, sealed) => {
                let (customer_id, address_id) = (customer_id.into(), address_id.into());
                E::AddressSaved { customer_id, address_id, sealed: sealed.0.into() }
            }
            Self::AddressRemoved(customer_id, address_id) => {
                E::AddressRemoved { customer_id: customer_id.into(), address_id: address_id.into() }
            }
            Self::CouponDefined(stored) => E::CouponDefined { coupon: Arc::new(stored.parse()?) },
            Self::GstRatesSet(stored) => {
                E::GstRatesSet { rates: stored.iter().map(GstRate::parse).collect::<Result<_>>()? }
            }
            Self::CashHandedOver(stored) => stored.parse()?,
            Self::RiderSaved(stored) => stored.event(),
            Self::WebhookReceived(stored) => stored.parse()?,
            Self::EndpointFact(stored) => stored.parse()?,
            Self::LooseMoneySeen(stored) => E::LooseMoneySeen { charge: Box::new(stored.parse()?) },
        })
    }
}
