//! Commands about the catalogue and about stock that comes in or is corrected.
//!
//! The catalogue has one lane: a command decides when the one before it is durable, so each sees
//! what the others did. Receipts only add and need no lane. An adjustment that takes units away
//! passes the shelves like a basket.

use crate::admission::admit::Ticket;
use crate::admission::append::Then;
use crate::admission::command::{NewProduct, Outcome, SubmitError};
use crate::admission::message::ShortLine;
use crate::admission::serial_lock::SerialLock;
use crate::orders::core::Core;
use crate::stock::reservation::Sender;
use kirana_domain::limits::{STOCK_UNITS_MAX, ZONES_PER_STORE_MAX};
use kirana_domain::{
    Catalogue, Coupon, Event, GstRate, ProductId, ReceivedLine, Record, Rejection, StockChange,
    StockLine, Store, StoreId, Weather, Zone, ZoneId,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A command about the catalogue.
pub(crate) enum CatalogueCommand {
    Open(Store),
    Change { before: Arc<Store>, store: Store },
    Define { store_id: StoreId, products: Vec<NewProduct> },
    Zones { store_id: StoreId, zones: Vec<Zone> },
    Weather { zone_id: ZoneId, weather: Weather },
    Coupon(Coupon),
    Gst(Vec<GstRate>),
}

/// Decides on the catalogue, one command after the other.
pub(crate) async fn catalogue(
    core: Arc<Core>,
    lane: SerialLock,
    command: CatalogueCommand,
    ticket: Ticket,
) {
    let lane = lane.lock_owned().await;
    let decided = match command {
        CatalogueCommand::Coupon(coupon) => define_coupon(&core, coupon),
        command => core.state.catalogue(|catalogue| decide(catalogue, command)),
    };
    let events = match decided {
        Err(refusal) => return ticket.answer(Err(refusal)),
        Ok(events) if events.is_empty() => {
            return core.answer_unchanged(Outcome::Catalogue { changed: 0 }, ticket);
        }
        Ok(events) => events,
    };
    let at_ms = core.clock.now_ms();
    let is_one = events.len() == 1;
    let record = |event| Record {
        at_ms,
        by: ticket.by(),
        // Defining several products is the same however often it is done and needs no key; a key
        // of one record is recorded with it.
        key: ticket.key().filter(|_| is_one),
        event,
    };
    let records = events.into_iter().map(record).collect();
    let then = Then { ticket: Some(ticket), lane: Some(lane), ..Then::default() };
    core.journal.append(records, then);
}

fn decide(catalogue: &Catalogue, command: CatalogueCommand) -> Result<Vec<Event>, SubmitError> {
    match command {
        CatalogueCommand::Open(store) => match catalogue.store(store.id) {
            Some(known) if **known == store => Ok(Vec::new()),
            Some(_) => Err(SubmitError::Changed),
            None => Ok(vec![Event::StoreOpened { store: Arc::new(store) }]),
        },
        CatalogueCommand::Change { before, store } => {
            let known = catalogue.store(store.id).ok_or(SubmitError::StoreUnknown)?;
            match () {
                () if **known == store => Ok(Vec::new()),
                () if *known != before => Err(SubmitError::Changed),
                () => Ok(vec![Event::StoreChanged { store: Arc::new(store) }]),
            }
        }
        CatalogueCommand::Define { store_id, products } => {
            catalogue.store(store_id).ok_or(SubmitError::StoreUnknown)?;
            Ok(define(catalogue, store_id, products))
        }
        CatalogueCommand::Zones { store_id, zones } => {
            catalogue.store(store_id).ok_or(SubmitError::StoreUnknown)?;
            draw(catalogue, store_id, zones)
        }
        CatalogueCommand::Weather { zone_id, weather } => {
            let zone = catalogue.zones.get(zone_id).ok_or(SubmitError::ZoneUnknown)?;
            let event = Event::WeatherSet { store_id: zone.store_id, zone_id, weather };
            Ok(if zone.weather == weather { Vec::new() } else { vec![event] })
        }
        CatalogueCommand::Gst(rates) => {
            catalogue.gst.validate(&rates).map_err(|_| SubmitError::TooMany)?;
            Ok(vec![Event::GstRatesSet { rates }])
        }
        CatalogueCommand::Coupon(_) => unreachable!("coupons are not in the catalogue"),
    }
}

/// Facts for the zones that are new, changed, or no more. A zone keeps its weather.
fn draw(
    catalogue: &Catalogue,
    store_id: StoreId,
    zones: Vec<Zone>,
) -> Result<Vec<Event>, SubmitError> {
    if zones.len() > ZONES_PER_STORE_MAX {
        return Err(SubmitError::TooMany);
    }
    let wanted: BTreeSet<ZoneId> = zones.iter().map(|zone| zone.id).collect();
    let gone = catalogue.zones.of_store(store_id).filter(|zone| !wanted.contains(&zone.id));
    let mut events: Vec<Event> =
        gone.map(|zone| Event::ZoneRemoved { store_id, zone_id: zone.id }).collect();
    for mut zone in zones {
        match catalogue.zones.get(zone.id) {
            Some(known) if known.store_id != store_id => return Err(SubmitError::Changed),
            Some(known) => zone.weather = known.weather,
            None => (),
        }
        if catalogue.zones.get(zone.id).is_none_or(|known| **known != zone) {
            events.push(Event::ZoneDefined { zone: Arc::new(zone) });
        }
    }
    Ok(events)
}

fn define_coupon(core: &Core, coupon: Coupon) -> Result<Vec<Event>, SubmitError> {
    core.state
        .catalogue(|catalogue| catalogue.store(coupon.store_id).is_some())
        .then_some(())
        .ok_or(SubmitError::StoreUnknown)?;
    core.state.coupons(|coupons| match coupons.get(coupon.store_id, &coupon.code) {
        Some(known) if **known == coupon => Ok(Vec::new()),
        _ if !coupons.has_room_for(coupon.store_id, &coupon.code) => Err(SubmitError::TooMany),
        _ => Ok(vec![Event::CouponDefined { coupon: Arc::new(coupon) }]),
    })
}

/// Decides on what belongs to one person, one command after the other.
pub(crate) async fn people(
    core: Arc<Core>,
    lane: SerialLock,
    ticket: Ticket,
    decide: impl FnOnce(&Core, &Ticket) -> Result<Option<Event>, Rejection> + Send + 'static,
) {
    let lane = lane.lock_owned().await;
    match decide(&core, &ticket) {
        Err(rejection) => core.refuse(rejection, ticket),
        Ok(None) => core.answer_unchanged(Outcome::Unchanged, ticket),
        Ok(Some(event)) => core.record(event, ticket, Some(lane)),
    }
}

/// Facts for the products that are new or changed. A product that stands in the list twice is new
/// only the first time.
fn define(catalogue: &Catalogue, store_id: StoreId, products: Vec<NewProduct>) -> Vec<Event> {
    let mut seen = BTreeSet::new();
    let fact = |NewProduct { product, opening_units }: NewProduct| {
        assert_eq!(product.store_id, store_id, "the products of one store are defined together");
        let known = catalogue.product(store_id, product.id);
        let is_first = seen.insert(product.id) && known.is_none();
        if known.is_some_and(|known| **known == product) {
            return None;
        }
        let opening_units = if is_first { opening_units } else { 0 };
        Some(Event::ProductDefined { product: Arc::new(product), opening_units })
    };
    products.into_iter().filter_map(fact).collect()
}

/// Units came in: append first; the publisher puts them on the stock.
pub(crate) fn receive(core: &Core, store_id: StoreId, lines: Vec<ReceivedLine>, ticket: Ticket) {
    let ids: Vec<ProductId> = lines.iter().map(|line| line.product_id).collect();
    if let Err(refusal) = check_products(core, store_id, &ids) {
        return ticket.answer(Err(refusal));
    }
    let coming = lines.iter().map(|line| (line.product_id, i64::from(line.units)));
    match overflowing(core, store_id, coming) {
        Some(product_id) => core.refuse(Rejection::StockOverflow { product_id }, ticket),
        None => core.record(Event::StockReceived { store_id, lines }, ticket, None),
    }
}

/// The first product of which a store would have more than it may. Receipts that arrive in the same
/// moment may pass it together; the bound is for slips of the hand, far below what a count can hold.
fn overflowing(
    core: &Core,
    store_id: StoreId,
    coming: impl Iterator<Item = (ProductId, i64)>,
) -> Option<ProductId> {
    let is_too_much = |(product_id, units): &(ProductId, i64)| {
        let (stock, _) = core.state.stock(store_id, *product_id);
        stock.available + stock.held + stock.allocated + units > STOCK_UNITS_MAX
    };
    { coming }.find(is_too_much).map(|(product_id, _)| product_id)
}

/// Counts are corrected: what goes is taken from the shelves first, then comes the record; what
/// is added goes on the shelves after it.
pub(crate) async fn adjust(
    core: Arc<Core>,
    store_id: StoreId,
    mut lines: Vec<StockChange>,
    ticket: Ticket,
) {
    lines.sort_unstable_by_key(|line| line.product_id);
    let ids: Vec<ProductId> = lines.iter().map(|line| line.product_id).collect();
    if let Err(refusal) = check_products(&core, store_id, &ids) {
        return ticket.answer(Err(refusal));
    }
    let coming = lines.iter().map(|line| (line.product_id, i64::from(line.delta)));
    if let Some(product_id) = overflowing(&core, store_id, coming) {
        return core.refuse(Rejection::StockOverflow { product_id }, ticket);
    }
    let taken = |line: &StockChange| StockLine {
        product_id: line.product_id,
        units: line.delta.unsigned_abs(),
    };
    let taking = lines.iter().filter(|line| line.delta < 0).map(taken).collect();
    let Some(short) = take(&core, store_id, taking).await else {
        return; // The engine is ending; dropping the ticket says that it has failed.
    };
    if short.is_empty() {
        return core.record(Event::StockAdjusted { store_id, lines }, ticket, None);
    }
    let issues = core.stock_issues(store_id, &short);
    core.refuse(Rejection::AdjustBelowZero { issues }, ticket);
}

/// Takes units of products; `None` when the engine is ending.
async fn take(core: &Core, store_id: StoreId, taking: Vec<StockLine>) -> Option<Vec<ShortLine>> {
    if taking.is_empty() {
        return Some(Vec::new());
    }
    let (sender, answer) = oneshot::channel();
    core.stock.reserve(store_id, taking.into_iter(), Sender::Task(sender)).ok()?;
    answer.await.ok()
}

fn check_products(core: &Core, store_id: StoreId, ids: &[ProductId]) -> Result<(), SubmitError> {
    core.state.catalogue(|catalogue| {
        catalogue.store(store_id).ok_or(SubmitError::StoreUnknown)?;
        match ids.iter().find(|id| catalogue.product(store_id, **id).is_none()) {
            Some(product_id) => Err(SubmitError::ProductUnknown { product_id: *product_id }),
            None => Ok(()),
        }
    })
}
