//! Domain to schema 1. Borrows every text: nothing is copied but into the log's bytes.

use super::bill::Sums;
use super::from_stored::id_of;
use super::life::{OrderMore, QuoteMore, Refused, StoreMore};
use super::{
    Bytes, Cancelled, Event, Id, Item, Line, Order, Product, Quote, Received, Record, Rejection,
    StockChange, StockIssue, StockLine, Store, Zone, hooks, life,
};
use kirana_domain as domain;
use kirana_domain::order::NewOrder;
use kirana_domain::stock::Bucket;
use std::ops::Deref;

fn optional<T: Deref<Target = str>>(text: Option<&T>) -> Option<&str> {
    text.map(Deref::deref)
}

impl<'a> From<&'a domain::Record> for Record<'a> {
    fn from(record: &'a domain::Record) -> Self {
        Self {
            at_ms: record.at_ms,
            by_role: record.by.role as u8,
            by_person: id_of(record.by.person_id),
            by_store: record.by.store_id.map(id_of),
            key: record.key.map(|key| (Id(key.id), Id(key.fingerprint))),
            event: Event::from(&record.event),
        }
    }
}

impl<'a> From<&'a domain::Event> for Event<'a> {
    fn from(event: &'a domain::Event) -> Self {
        use domain::Event as E;
        match event {
            E::EngineStarted { epoch } => Self::EngineStarted { epoch: *epoch },
            E::StoreOpened { store } => {
                Self::StoreOpened2(Store::from(&**store), StoreMore::from(&**store))
            }
            E::StoreChanged { store } => {
                Self::StoreChanged2(Store::from(&**store), StoreMore::from(&**store))
            }
            E::ProductDefined { product, opening_units } => Self::ProductDefined {
                product: Product::from(&**product),
                opening_units: *opening_units,
            },
            E::StockReceived { store_id, lines } => Self::StockReceived2 {
                store_id: id_of(*store_id),
                lines: lines.iter().map(Received::from).collect(),
            },
            E::StockAdjusted { store_id, lines } => Self::StockAdjusted {
                store_id: id_of(*store_id),
                lines: lines.iter().map(StockChange::from).collect(),
            },
            E::OrderPlaced { order } => {
                Self::OrderPlaced2(Order::from(&**order), OrderMore::from(&**order))
            }
            E::OrderCancelled { order_id, store_id, reason, lines, from } => {
                Self::OrderCancelled(Cancelled {
                    order_id: id_of(*order_id),
                    store_id: id_of(*store_id),
                    reason: optional(reason.as_ref()),
                    lines: stock_lines(lines),
                    from_allocated: *from == Bucket::Allocated,
                })
            }
            E::OrderExpired { order_id, store_id, lines } => Self::OrderExpired {
                order_id: id_of(*order_id),
                store_id: id_of(*store_id),
                lines: stock_lines(lines),
            },
            E::CommandRefused { rejection } => Self::CommandRefused(Rejection::from(rejection)),
            E::ZoneDefined { zone } => Self::ZoneDefined(Zone::from(&**zone)),
            E::ZoneRemoved { store_id, zone_id } => {
                Self::ZoneRemoved { store_id: id_of(*store_id), zone_id: id_of(*zone_id) }
            }
            E::WeatherSet { store_id, zone_id, weather } => Self::WeatherSet {
                store_id: id_of(*store_id),
                zone_id: id_of(*zone_id),
                weather: *weather as u8,
            },
            _ => Self::later(event),
        }
    }
}

impl<'a> Event<'a> {
    /// What came with the second release.
    fn later(event: &'a domain::Event) -> Self {
        use domain::Event as E;
        match event {
            E::CartChanged { customer_id, store_id, lines } => Self::CartChanged {
                customer_id: id_of(*customer_id),
                store_id: id_of(*store_id),
                lines: lines
                    .iter()
                    .map(|(id, units)| StockLine { product_id: id_of(*id), units: *units })
                    .collect(),
            },
            E::AddressSaved { customer_id, address_id, sealed } => Self::AddressSaved {
                customer_id: id_of(*customer_id),
                address_id: id_of(*address_id),
                sealed: Bytes(sealed),
            },
            E::AddressRemoved { customer_id, address_id } => Self::AddressRemoved {
                customer_id: id_of(*customer_id),
                address_id: id_of(*address_id),
            },
            E::CouponDefined { coupon } => Self::CouponDefined(life::Coupon::from(&**coupon)),
            E::GstRatesSet { rates } => Self::GstRatesSet(life::rates_of(rates)),
            E::CashHandedOver { rider_id, store_id, expected, counted, note } => {
                Self::CashHandedOver {
                    rider_id: id_of(*rider_id),
                    store_id: id_of(*store_id),
                    expected: expected.0,
                    counted: counted.0,
                    note: optional(note.as_ref()),
                }
            }
            E::WebhookReceived { .. } => {
                Self::WebhookReceived(life::Webhook::of(event).expect("it is a webhook"))
            }
            event if let Some(hook) = hooks::Hook::of(event) => Self::Hook(hook),
            event => {
                let order_id = event.order_id().expect("what is left is about an order");
                let life = life::Life::of(event).expect("every fact about an order has a shape");
                Self::Life(id_of(order_id), life)
            }
        }
    }
}

pub(super) fn stock_lines(lines: &[domain::StockLine]) -> Vec<StockLine> {
    let line = |line: &domain::StockLine| StockLine {
        product_id: id_of(line.product_id),
        units: line.units,
    };
    lines.iter().map(line).collect()
}

impl<'a> From<&'a domain::ReceivedLine> for Received<'a> {
    fn from(line: &'a domain::ReceivedLine) -> Self {
        Self {
            product_id: id_of(line.product_id),
            units: line.units,
            reason: optional(line.reason.as_ref()),
        }
    }
}

impl<'a> From<&'a domain::StockChange> for StockChange<'a> {
    fn from(line: &'a domain::StockChange) -> Self {
        Self { product_id: id_of(line.product_id), delta: line.delta, reason: &line.reason }
    }
}

impl<'a> From<&'a domain::Store> for Store<'a> {
    fn from(store: &'a domain::Store) -> Self {
        Self {
            id: id_of(store.id),
            code: &store.code,
            name: &store.name,
            address: &store.address,
            latitude_e6: store.location.0,
            longitude_e6: store.location.1,
            opens_minute: store.hours.0.get(),
            closes_minute: store.hours.1.get(),
            fee_steps: store.fee_steps.iter().map(|step| (step.below.0, step.fee.0)).collect(),
            fee_gst_bps: store.fee_gst.0,
            order_minimum: store.order_minimum.0,
            order_maximum: store.order_maximum.0,
            cod_maximum: store.cod_maximum.0,
            hold_minutes: store.hold_minutes,
        }
    }
}

impl<'a> From<&'a domain::Item> for Item<'a> {
    fn from(item: &'a domain::Item) -> Self {
        Self {
            id: id_of(item.id),
            sku: &item.sku,
            name: &item.name,
            unit: optional(item.unit.as_ref()),
            hsn: optional(item.hsn.as_ref()),
            price: item.price.0,
            gst_bps: item.gst.0,
        }
    }
}

impl<'a> From<&'a domain::Product> for Product<'a> {
    fn from(product: &'a domain::Product) -> Self {
        Self {
            store_id: id_of(product.store_id),
            item: Item::from(&*product.item),
            brand: optional(product.brand.as_ref()),
            category: optional(product.category.as_ref()),
            mrp: product.mrp.0,
            max_per_order: product.max_per_order,
        }
    }
}

impl<'a> From<&'a NewOrder> for Order<'a> {
    fn from(order: &'a NewOrder) -> Self {
        let line = |line: &'a domain::OrderLine| Line {
            item: Item::from(&*line.item),
            quantity: line.quantity,
        };
        Self {
            id: id_of(order.id),
            number: order.number,
            store_id: id_of(order.store_id),
            customer_id: id_of(order.customer_id),
            status: order.status as u8,
            payment_method: order.payment_method as u8,
            lines: order.lines.iter().map(line).collect(),
            sums: Sums::from(&order.sums),
            hold_expires_at_ms: order.hold_expires_at_ms,
            sealed: Bytes(&order.sealed),
        }
    }
}

impl<'a> From<&'a domain::Quote> for Quote<'a> {
    fn from(quote: &'a domain::Quote) -> Self {
        let line = |line: &'a domain::OrderLine| Line {
            item: Item::from(&*line.item),
            quantity: line.quantity,
        };
        Self { lines: quote.lines.iter().map(line).collect(), sums: Sums::from(&quote.sums) }
    }
}

fn issues(issues: &[domain::StockIssue]) -> Vec<StockIssue<'_>> {
    issues.iter().map(StockIssue::from).collect()
}

impl<'a> From<&'a domain::StockIssue> for StockIssue<'a> {
    fn from(issue: &'a domain::StockIssue) -> Self {
        Self {
            product_id: id_of(issue.product_id),
            product_name: &issue.product_name,
            requested: issue.requested,
            available: issue.available,
        }
    }
}

impl<'a> From<&'a domain::Rejection> for Rejection<'a> {
    fn from(rejection: &'a domain::Rejection) -> Self {
        use domain::Rejection as R;
        match rejection {
            R::BasketEmpty => Self::BasketEmpty,
            R::TooManyLines { lines } => Self::TooManyLines { lines: *lines as u64 },
            R::QuantityOutOfRange { product_id, quantity } => {
                Self::QuantityOutOfRange { product_id: id_of(*product_id), quantity: *quantity }
            }
            R::UnknownProduct { product_id } => {
                Self::UnknownProduct { product_id: id_of(*product_id) }
            }
            R::OverMaxPerOrder { product_id, max } => {
                Self::OverMaxPerOrder { product_id: id_of(*product_id), max: *max }
            }
            R::BelowMinimum { subtotal, minimum } => {
                Self::BelowMinimum { subtotal: subtotal.0, minimum: minimum.0 }
            }
            R::AboveMaximum { total, maximum } => {
                Self::AboveMaximum { total: total.0, maximum: maximum.0 }
            }
            R::PriceChanged { quote } => {
                Self::PriceChanged2(Quote::from(&**quote), QuoteMore::from(&**quote))
            }
            R::InsufficientStock { issues: short } => Self::InsufficientStock(issues(short)),
            R::AdjustBelowZero { issues: short } => Self::AdjustBelowZero(issues(short)),
            R::StockOverflow { product_id } => {
                Self::StockOverflow { product_id: id_of(*product_id) }
            }
            R::IllegalMove { from, wanted } => Self::IllegalMove { from: *from as u8, wanted },
            R::HoldNotOver => Self::HoldNotOver,
            R::ReasonMissing => Self::ReasonMissing,
            R::CodLimit { total, maximum } => Self::CodLimit { total: total.0, maximum: maximum.0 },
            R::Coupon { issue } => Self::Coupon(life::issue_of(issue)),
            other => Self::Other(Refused::of(other).expect("every other refusal has a shape")),
        }
    }
}
