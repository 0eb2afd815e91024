//! Schema 1 to domain. Every rule of the domain's types is checked again: a record that breaks one
//! was not written by a release of this program.

use super::{
    Cancelled, Event, Id, Item, Line, Order, Product, Quote, Received, Record, Rejection,
    StockChange, StockIssue, StockLine, Store, life,
};
use crate::codec::known_items::KnownItems;
use kirana_domain as domain;
use kirana_domain::order::NewOrder;
use kirana_domain::stock::Bucket;
use kirana_domain::time::MinuteOfDay;
use kirana_domain::{
    AddressId, Bps, EndpointId, OrderId, Paise, PaymentMethod, PersonId, Principal, ProductId,
    RequestKey, Role, Status, StoreId, Text, Weather, ZoneId,
};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) type Result<T> = std::result::Result<T, &'static str>;

pub(crate) fn uuid(id: Id) -> Uuid {
    Uuid::from_bytes(id.0)
}

/// The bytes of any id.
pub(crate) fn id_of<T: IntoId>(id: T) -> Id {
    id.into_id()
}

/// An id of the domain.
pub(crate) trait IntoId {
    /// Its bytes.
    fn into_id(self) -> Id;
}

macro_rules! ids {
    ($($id:ty),*) => { $(impl IntoId for $id {
        fn into_id(self) -> Id {
            Id(self.0.into_bytes())
        }
    })* };
}

ids!(OrderId, PersonId, ProductId, StoreId, ZoneId, AddressId, EndpointId);

pub(crate) fn text<const MAX: usize>(stored: &str) -> Result<Text<MAX>> {
    Text::parse(stored).map_err(|_| "a text breaks the rules of its field")
}

pub(crate) fn optional<const MAX: usize>(stored: Option<&str>) -> Result<Option<Text<MAX>>> {
    stored.map(text).transpose()
}

pub(crate) fn status(number: u8) -> Result<Status> {
    Status::from_number(number).ok_or("unknown order status")
}

/// The record that was stored. Order lines share their items with `items` where they are the
/// same: a replay makes no copies of names, and an open order at rest carries none.
pub(crate) fn record(stored: Record<'_>, items: &dyn KnownItems) -> Result<domain::Record> {
    Ok(domain::Record {
        at_ms: stored.at_ms,
        by: Principal {
            role: Role::from_number(stored.by_role).ok_or("unknown role")?,
            person_id: PersonId(uuid(stored.by_person)),
            store_id: stored.by_store.map(|id| StoreId(uuid(id))),
        },
        key: stored.key.map(|(id, print)| RequestKey { id: id.0, fingerprint: print.0 }),
        event: event(stored.event, items)?,
    })
}

fn event(stored: Event<'_>, items: &dyn KnownItems) -> Result<domain::Event> {
    use domain::Event as E;
    Ok(match stored {
        Event::EngineStarted { epoch } => E::EngineStarted { epoch },
        Event::StoreOpened(stored) => E::StoreOpened { store: Arc::new(store(&stored)?) },
        Event::StoreChanged(stored) => E::StoreChanged { store: Arc::new(store(&stored)?) },
        Event::ProductDefined { product: stored, opening_units } => {
            E::ProductDefined { product: Arc::new(product(&stored)?), opening_units }
        }
        Event::StockReceived { store_id, lines } => {
            let plain = |line: domain::StockLine| domain::ReceivedLine {
                product_id: line.product_id,
                units: line.units,
                reason: None,
            };
            let lines = stock_lines(&lines).into_iter().map(plain).collect();
            E::StockReceived { store_id: StoreId(uuid(store_id)), lines }
        }
        Event::StockReceived2 { store_id, lines } => E::StockReceived {
            store_id: StoreId(uuid(store_id)),
            lines: lines.iter().map(received).collect::<Result<_>>()?,
        },
        Event::StockAdjusted { store_id, lines } => E::StockAdjusted {
            store_id: StoreId(uuid(store_id)),
            lines: lines.iter().map(stock_change).collect::<Result<_>>()?,
        },
        Event::OrderPlaced(stored) => E::OrderPlaced { order: Arc::new(order(&stored, items)?) },
        Event::OrderPlaced2(stored, more) => {
            let mut order = order(&stored, items)?;
            more.add_to(&mut order)?;
            E::OrderPlaced { order: Arc::new(order) }
        }
        Event::StoreOpened2(stored, more) => E::StoreOpened { store: store2(&stored, &more)? },
        Event::StoreChanged2(stored, more) => E::StoreChanged { store: store2(&stored, &more)? },
        Event::Life(order_id, stored) => stored.parse(OrderId(uuid(order_id)))?,
        Event::OrderCancelled(stored) => cancelled(&stored)?,
        Event::OrderExpired { order_id, store_id, lines } => E::OrderExpired {
            order_id: OrderId(uuid(order_id)),
            store_id: StoreId(uuid(store_id)),
            lines: stock_lines(&lines),
        },
        Event::CommandRefused(stored) => E::CommandRefused { rejection: rejection(stored)? },
        Event::ZoneDefined(stored) => E::ZoneDefined { zone: Arc::new(stored.parse()?) },
        Event::ZoneRemoved { store_id, zone_id } => {
            E::ZoneRemoved { store_id: StoreId(uuid(store_id)), zone_id: ZoneId(uuid(zone_id)) }
        }
        Event::WeatherSet { store_id, zone_id, weather } => E::WeatherSet {
            store_id: StoreId(uuid(store_id)),
            zone_id: ZoneId(uuid(zone_id)),
            weather: Weather::from_number(weather).ok_or("unknown weather")?,
        },
        stored => of_people(stored)?,
    })
}

fn of_people(stored: Event<'_>) -> Result<domain::Event> {
    use domain::Event as E;
    let person = |id| PersonId(uuid(id));
    Ok(match stored {
        Event::CartChanged { customer_id, store_id, lines } => E::CartChanged {
            customer_id: person(customer_id),
            store_id: StoreId(uuid(store_id)),
            lines: stock_lines(&lines).iter().map(|line| (line.product_id, line.units)).collect(),
        },
        Event::AddressSaved { customer_id, address_id, sealed } => E::AddressSaved {
            customer_id: person(customer_id),
            address_id: AddressId(uuid(address_id)),
            sealed: sealed.0.into(),
        },
        Event::AddressRemoved { customer_id, address_id } => E::AddressRemoved {
            customer_id: person(customer_id),
            address_id: AddressId(uuid(address_id)),
        },
        Event::CouponDefined(stored) => E::CouponDefined { coupon: Arc::new(stored.parse()?) },
        Event::GstRatesSet(stored) => E::GstRatesSet { rates: life::rates(&stored)? },
        Event::CashHandedOver { rider_id, store_id, expected, counted, note } => {
            E::CashHandedOver {
                rider_id: person(rider_id),
                store_id: StoreId(uuid(store_id)),
                expected: Paise(expected),
                counted: Paise(counted),
                note: optional(note)?,
            }
        }
        Event::WebhookReceived(stored) => stored.parse()?,
        Event::Hook(stored) => stored.parse()?,
        _ => return Err("a record of an order where one of people was expected"),
    })
}

pub(crate) fn store2(stored: &Store<'_>, more: &life::StoreMore<'_>) -> Result<Arc<domain::Store>> {
    let mut store = store(stored)?;
    more.add_to(&mut store)?;
    Ok(Arc::new(store))
}

fn cancelled(stored: &Cancelled<'_>) -> Result<domain::Event> {
    Ok(domain::Event::OrderCancelled {
        order_id: OrderId(uuid(stored.order_id)),
        store_id: StoreId(uuid(stored.store_id)),
        reason: optional(stored.reason)?,
        lines: stock_lines(&stored.lines),
        from: if stored.from_allocated { Bucket::Allocated } else { Bucket::Held },
    })
}

pub(super) fn stock_lines(lines: &[StockLine]) -> Vec<domain::StockLine> {
    let line = |line: &StockLine| domain::StockLine {
        product_id: ProductId(uuid(line.product_id)),
        units: line.units,
    };
    lines.iter().map(line).collect()
}

fn received(stored: &Received<'_>) -> Result<domain::ReceivedLine> {
    Ok(domain::ReceivedLine {
        product_id: ProductId(uuid(stored.product_id)),
        units: stored.units,
        reason: optional(stored.reason)?,
    })
}

fn stock_change(stored: &StockChange<'_>) -> Result<domain::StockChange> {
    Ok(domain::StockChange {
        product_id: ProductId(uuid(stored.product_id)),
        delta: stored.delta,
        reason: text(stored.reason)?,
    })
}

fn minute(stored: u16) -> Result<MinuteOfDay> {
    MinuteOfDay::new(stored).ok_or("a time of day past midnight")
}

fn store(stored: &Store<'_>) -> Result<domain::Store> {
    let step =
        |(below, fee): &(i64, i64)| domain::FeeStep { below: Paise(*below), fee: Paise(*fee) };
    let defaults = domain::Store::with_defaults(
        StoreId(uuid(stored.id)),
        text(stored.code)?,
        text(stored.name)?,
        text(stored.address)?,
    );
    Ok(domain::Store {
        id: StoreId(uuid(stored.id)),
        code: text(stored.code)?,
        name: text(stored.name)?,
        address: text(stored.address)?,
        location: (stored.latitude_e6, stored.longitude_e6),
        hours: (minute(stored.opens_minute)?, minute(stored.closes_minute)?),
        fee_steps: stored.fee_steps.iter().map(step).collect(),
        fee_gst: Bps(stored.fee_gst_bps),
        order_minimum: Paise(stored.order_minimum),
        order_maximum: Paise(stored.order_maximum),
        cod_maximum: Paise(stored.cod_maximum),
        hold_minutes: stored.hold_minutes,
        // The first release knew no bounds of cash but the store's own maximum.
        cod: domain::catalogue::CodRules::OPEN,
        ..defaults
    })
}

pub(crate) fn item(stored: &Item<'_>) -> Result<domain::Item> {
    Ok(domain::Item {
        id: ProductId(uuid(stored.id)),
        sku: text(stored.sku)?,
        name: text(stored.name)?,
        unit: optional(stored.unit)?,
        hsn: optional(stored.hsn)?,
        price: Paise(stored.price),
        gst: Bps(stored.gst_bps),
    })
}

pub(crate) fn product(stored: &Product<'_>) -> Result<domain::Product> {
    Ok(domain::Product {
        store_id: StoreId(uuid(stored.store_id)),
        item: Arc::new(item(&stored.item)?),
        brand: optional(stored.brand)?,
        category: optional(stored.category)?,
        mrp: Paise(stored.mrp),
        max_per_order: stored.max_per_order,
    })
}

/// The item of a line: the known one if it says the same.
fn shared_item(
    stored: &Item<'_>,
    store_id: StoreId,
    items: &dyn KnownItems,
) -> Result<Arc<domain::Item>> {
    match items.known(store_id, ProductId(uuid(stored.id))) {
        Some(known) if is_same(stored, known) => Ok(Arc::clone(known)),
        _ => item(stored).map(Arc::new),
    }
}

fn is_same(stored: &Item<'_>, known: &domain::Item) -> bool {
    stored.sku == &*known.sku
        && stored.name == &*known.name
        && stored.unit == known.unit.as_deref()
        && stored.hsn == known.hsn.as_deref()
        && (stored.price, stored.gst_bps) == (known.price.0, known.gst.0)
}

fn order(stored: &Order<'_>, items: &dyn KnownItems) -> Result<NewOrder> {
    let store_id = StoreId(uuid(stored.store_id));
    let line = |line: &Line<'_>| {
        let item = shared_item(&line.item, store_id, items)?;
        Ok(domain::OrderLine::new(item, line.quantity))
    };
    Ok(NewOrder {
        id: OrderId(uuid(stored.id)),
        number: stored.number,
        store_id,
        customer_id: PersonId(uuid(stored.customer_id)),
        status: status(stored.status)?,
        payment_method: PaymentMethod::from_number(stored.payment_method)
            .ok_or("unknown payment method")?,
        lines: stored.lines.iter().map(line).collect::<Result<_>>()?,
        sums: domain::Sums::from(&stored.sums),
        hold_expires_at_ms: stored.hold_expires_at_ms,
        preference: domain::order::Preference::Refund,
        from_cart: false,
        coupon: None,
        zone_id: None,
        promise: (0, 0),
        sealed: stored.sealed.0.into(),
    })
}

fn quote(stored: &Quote<'_>) -> Result<domain::Quote> {
    let line = |line: &Line<'_>| {
        let item = Arc::new(item(&line.item)?);
        Ok(domain::OrderLine::new(item, line.quantity))
    };
    Ok(domain::Quote {
        lines: stored.lines.iter().map(line).collect::<Result<_>>()?,
        sums: domain::Sums::from(&stored.sums),
        coupon: None,
    })
}

fn issues(stored: &[StockIssue<'_>]) -> Result<Vec<domain::StockIssue>> {
    let issue = |issue: &StockIssue<'_>| {
        Ok(domain::StockIssue {
            product_id: ProductId(uuid(issue.product_id)),
            product_name: text(issue.product_name)?,
            requested: issue.requested,
            available: issue.available,
        })
    };
    stored.iter().map(issue).collect()
}

/// The names of moves are part of the program; a stored one is looked up among them.
fn move_name(stored: &str) -> Result<&'static str> {
    domain::Move::parse(stored).map(domain::Move::name).ok_or("unknown move")
}

fn rejection(stored: Rejection<'_>) -> Result<domain::Rejection> {
    use domain::Rejection as R;
    Ok(match stored {
        Rejection::BasketEmpty => R::BasketEmpty,
        Rejection::TooManyLines { lines } => {
            R::TooManyLines { lines: usize::try_from(lines).map_err(|_| "too many lines")? }
        }
        Rejection::QuantityOutOfRange { product_id, quantity } => {
            R::QuantityOutOfRange { product_id: ProductId(uuid(product_id)), quantity }
        }
        Rejection::UnknownProduct { product_id } => {
            R::UnknownProduct { product_id: ProductId(uuid(product_id)) }
        }
        Rejection::OverMaxPerOrder { product_id, max } => {
            R::OverMaxPerOrder { product_id: ProductId(uuid(product_id)), max }
        }
        Rejection::BelowMinimum { subtotal, minimum } => {
            R::BelowMinimum { subtotal: Paise(subtotal), minimum: Paise(minimum) }
        }
        Rejection::AboveMaximum { total, maximum } => {
            R::AboveMaximum { total: Paise(total), maximum: Paise(maximum) }
        }
        Rejection::PriceChanged(stored) => R::PriceChanged { quote: Box::new(quote(&stored)?) },
        Rejection::InsufficientStock(short) => R::InsufficientStock { issues: issues(&short)? },
        Rejection::AdjustBelowZero(short) => R::AdjustBelowZero { issues: issues(&short)? },
        Rejection::StockOverflow { product_id } => {
            R::StockOverflow { product_id: ProductId(uuid(product_id)) }
        }
        Rejection::IllegalMove { from, wanted } => {
            R::IllegalMove { from: status(from)?, wanted: move_name(wanted)? }
        }
        Rejection::HoldNotOver => R::HoldNotOver,
        Rejection::ReasonMissing => R::ReasonMissing,
        Rejection::CodLimit { total, maximum } => {
            R::CodLimit { total: Paise(total), maximum: Paise(maximum) }
        }
        Rejection::PriceChanged2(stored, more) => {
            let mut quote = quote(&stored)?;
            more.add_to(&mut quote)?;
            R::PriceChanged { quote: Box::new(quote) }
        }
        Rejection::Coupon(stored) => R::Coupon { issue: life::issue(stored)? },
        Rejection::Other(stored) => stored.parse()?,
    })
}
