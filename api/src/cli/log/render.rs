//! A record of the log as JSON, with all its fields: the one place that says how a fact is shown.
//!
//! Ids are UUIDs, amounts are integers of paise, times are RFC 3339. What is sealed stays sealed:
//! of it there is the length and a fingerprint.

mod refused;
mod text;

pub(super) use text::{headline, lines};

use crate::http::geojson;
use crate::http::json::coupons::CouponView;
use crate::http::json::stores::StoreView;
use crate::http::json::views::ProductView;
use crate::rfc3339::Rfc3339;
use kirana_domain::order::{LinesChange, NewOrder, Step};
use kirana_domain::payment::{Effect, FailedEffect, OwedRefund, SeenCharge, SeenRefund};
use kirana_domain::record::ReceivedLine;
use kirana_domain::stock::Bucket;
use kirana_domain::{
    Coupon, CouponUses, Endpoint, Event, GstRate, Lsn, OrderLine, Principal, ProductId, Record,
    StockChange, StockLine, Zone,
};
use kirana_engine::tools::kind_of;
use kirana_storage::hex;
use serde::Serialize;
use serde_json::{Value, json};

/// A record and where it is.
pub(super) fn record(lsn: Lsn, record: &Record) -> Value {
    let mut shown = json!({
        "lsn": lsn.0,
        "at": time(record.at_ms),
        "by": principal(&record.by),
        "event": kind_of(&record.event),
        "fields": fields(&record.event),
    });
    if let Some(key) = &record.key {
        shown["key"] = json!({ "id": hex::encode(&key.id), "fingerprint": hex::encode(&key.fingerprint) });
    }
    shown
}

/// Who did it.
pub(super) fn principal(by: &Principal) -> Value {
    let mut shown = json!({ "role": by.role.name() });
    if !by.person_id.0.is_nil() {
        shown["person_id"] = json!(by.person_id.0);
    }
    if let Some(store_id) = by.store_id {
        shown["store_id"] = json!(store_id.0);
    }
    shown
}

/// Milliseconds since 1970 as RFC 3339.
pub(super) fn time(at_ms: i64) -> Value {
    Value::String(Rfc3339(at_ms).to_string())
}

fn view(shown: impl Serialize) -> Value {
    serde_json::to_value(shown).unwrap_or_default()
}

/// Everything that the fact says.
fn fields(event: &Event) -> Value {
    match event {
        Event::EngineStarted { epoch } => json!({ "epoch": epoch }),
        Event::StoreOpened { store } | Event::StoreChanged { store } => {
            view(StoreView::from(&**store))
        }
        Event::ProductDefined { product, opening_units } => {
            let mut shown = view(ProductView::new(product, None));
            shown["store_id"] = json!(product.store_id.0);
            shown["opening_units"] = json!(opening_units);
            shown
        }
        Event::StockReceived { store_id, lines } => {
            json!({ "store_id": store_id.0, "lines": received(lines) })
        }
        Event::StockAdjusted { store_id, lines } => {
            json!({ "store_id": store_id.0, "lines": changes(lines) })
        }
        Event::OrderPlaced { order } => placed(order),
        Event::CommandRefused { rejection } => refused::rejection(rejection),
        Event::ZoneDefined { zone } => zone_fields(zone),
        Event::ZoneRemoved { store_id, zone_id } => {
            json!({ "store_id": store_id.0, "zone_id": zone_id.0 })
        }
        Event::WeatherSet { store_id, zone_id, weather } => {
            json!({ "store_id": store_id.0, "zone_id": zone_id.0, "weather": weather.name() })
        }
        Event::CouponDefined { coupon } => coupon_fields(coupon),
        Event::GstRatesSet { rates } => {
            json!({ "rates": rates.iter().map(rate).collect::<Vec<_>>() })
        }
        event => match event.order_id() {
            Some(_) => of_order(event),
            None => of_others(event),
        },
    }
}

/// What happens to an order that was placed.
fn of_order(event: &Event) -> Value {
    match event {
        Event::OrderCancelled { order_id, store_id, reason, lines, from } => json!({
            "order_id": order_id.0, "store_id": store_id.0, "reason": reason.as_deref(),
            "lines": units(lines), "from": bucket(*from),
        }),
        Event::OrderExpired { order_id, store_id, lines } => {
            json!({ "order_id": order_id.0, "store_id": store_id.0, "lines": units(lines) })
        }
        Event::OrderConfirmed { order_id, store_id, lines, held_again } => json!({
            "order_id": order_id.0, "store_id": store_id.0, "lines": units(lines),
            "held_again": held_again,
        }),
        Event::PaymentStarted { order_id, until_ms } => {
            json!({ "order_id": order_id.0, "until": time(*until_ms) })
        }
        Event::PaymentOrderMade { order_id, provider_order_id } => {
            json!({ "order_id": order_id.0, "provider_order_id": &**provider_order_id })
        }
        Event::ChargeSeen { order_id, charge } => of(order_id.0, charge_fields(charge)),
        Event::RefundOwed { order_id, refund } => of(order_id.0, owed_fields(refund)),
        Event::RefundSeen { order_id, refund } => of(order_id.0, refund_fields(refund)),
        Event::EffectFailed { order_id, trouble } => of(order_id.0, trouble_fields(trouble)),
        Event::EffectsRetried { order_id, reason } => {
            json!({ "order_id": order_id.0, "reason": reason.as_deref() })
        }
        Event::OrderMoved { order_id, store_id, step, reason, lines } => {
            let mut shown = step_fields(step);
            shown["store_id"] = json!(store_id.0);
            shown["reason"] = json!(reason.as_deref());
            shown["lines"] = units(lines);
            of(order_id.0, shown)
        }
        Event::LinesChanged { order_id, store_id, change, reason } => {
            let mut shown = change_fields(change);
            shown["store_id"] = json!(store_id.0);
            shown["reason"] = json!(reason.as_deref());
            of(order_id.0, shown)
        }
        Event::InvoiceIssued { order_id, store_id, is_credit_note, year, number } => json!({
            "order_id": order_id.0, "store_id": store_id.0, "is_credit_note": is_credit_note,
            "year": year, "number": number,
        }),
        other => json!({ "not_shown": kind_of(other) }),
    }
}

/// What belongs to people and to other systems.
fn of_others(event: &Event) -> Value {
    match event {
        Event::CashHandedOver { rider_id, store_id, expected, counted, note } => json!({
            "rider_id": rider_id.0, "store_id": store_id.0, "expected_paise": expected.0,
            "counted_paise": counted.0, "note": note.as_deref(),
        }),
        Event::CartChanged { customer_id, store_id, lines } => {
            let line = |(id, quantity): &(ProductId, u32)| json!({ "product_id": id.0, "quantity": quantity });
            let lines: Vec<_> = lines.iter().map(line).collect();
            json!({ "customer_id": customer_id.0, "store_id": store_id.0, "lines": lines })
        }
        Event::AddressSaved { customer_id, address_id, sealed } => json!({
            "customer_id": customer_id.0, "address_id": address_id.0, "sealed": seal(sealed),
        }),
        Event::AddressRemoved { customer_id, address_id } => {
            json!({ "customer_id": customer_id.0, "address_id": address_id.0 })
        }
        Event::WebhookReceived { event_id, name, about, subject, sealed } => json!({
            "event_id": &**event_id, "name": &**name, "order_id": about.map(|id| id.0),
            "subject": subject.0, "sealed": seal(sealed),
        }),
        Event::EndpointDefined { endpoint } => endpoint_fields(endpoint),
        Event::EndpointRemoved { endpoint_id } => json!({ "endpoint_id": endpoint_id.0 }),
        Event::EndpointReplayed { endpoint_id, from } => {
            json!({ "endpoint_id": endpoint_id.0, "from": from.0 })
        }
        Event::EndpointDisabled { endpoint_id, reason } => {
            json!({ "endpoint_id": endpoint_id.0, "reason": &**reason })
        }
        Event::HookProgress { endpoint_id, position } => {
            json!({ "endpoint_id": endpoint_id.0, "position": position.0 })
        }
        Event::HookFailed { endpoint_id, lsn, tries, retry_at_ms, error } => json!({
            "endpoint_id": endpoint_id.0, "lsn": lsn.0, "tries": tries,
            "retry_at": retry_at_ms.map(time), "error": &**error,
        }),
        Event::HookDelivered { endpoint_id, lsn } => {
            json!({ "endpoint_id": endpoint_id.0, "lsn": lsn.0 })
        }
        other => json!({ "not_shown": kind_of(other) }),
    }
}

fn of(order_id: uuid::Uuid, mut shown: Value) -> Value {
    shown["order_id"] = json!(order_id);
    shown
}

/// Text that is sealed with somebody's key.
fn seal(bytes: &[u8]) -> Value {
    json!({ "bytes": bytes.len(), "blake3": &blake3::hash(bytes).to_hex()[..32] })
}

fn bucket(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Held => "held",
        Bucket::Allocated => "allocated",
    }
}

fn units(lines: &[StockLine]) -> Value {
    let line = |line: &StockLine| json!({ "product_id": line.product_id.0, "units": line.units });
    lines.iter().map(line).collect()
}

fn received(lines: &[ReceivedLine]) -> Value {
    let line = |line: &ReceivedLine| json!({ "product_id": line.product_id.0, "units": line.units, "reason": line.reason.as_deref() });
    lines.iter().map(line).collect()
}

fn changes(lines: &[StockChange]) -> Value {
    let line = |line: &StockChange| json!({ "product_id": line.product_id.0, "delta": line.delta, "reason": &*line.reason });
    lines.iter().map(line).collect()
}

/// A priced line of an order.
pub(super) fn order_line(line: &OrderLine) -> Value {
    let item = &line.item;
    json!({
        "product_id": item.id.0, "product_name": &*item.name, "sku": &*item.sku,
        "unit": item.unit.as_deref(), "hsn": item.hsn.as_deref(), "quantity": line.quantity,
        "unit_price_paise": item.price.0, "gst_bps": item.gst.0,
        "discount_paise": line.discount.0, "total_paise": line.net().0,
    })
}

fn placed(order: &NewOrder) -> Value {
    json!({
        "order_id": order.id.0, "number": order.number, "store_id": order.store_id.0,
        "customer_id": order.customer_id.0, "status": order.status.name(),
        "payment_method": order.payment_method.name(),
        "lines": order.lines.iter().map(order_line).collect::<Vec<_>>(),
        "subtotal_paise": order.subtotal.0, "delivery_fee_paise": order.fee.amount.0,
        "delivery_fee_discount_paise": order.fee.discount.0,
        "delivery_fee_gst_bps": order.fee.gst.0, "discount_paise": order.discount.0,
        "tax_paise": order.tax.0, "total_paise": order.total.0,
        "hold_expires_at": order.hold_expires_at_ms.map(time),
        "substitution": order.preference.name(), "from_cart": order.from_cart,
        "coupon_code": order.coupon.as_deref(), "zone_id": order.zone_id.map(|id| id.0),
        "promise_minutes": order.promise, "sealed": seal(&order.sealed),
    })
}

fn charge_fields(charge: &SeenCharge) -> Value {
    json!({
        "charge_id": &*charge.id, "amount_paise": charge.amount.0,
        "status": charge.status.name(), "error": charge.error.as_deref(),
    })
}

fn owed_fields(refund: &OwedRefund) -> Value {
    json!({
        "refund": refund.number, "charge_id": &*refund.charge_id,
        "amount_paise": refund.amount.0, "reason": refund.reason.name(),
        "note": refund.note.as_deref(),
    })
}

fn refund_fields(refund: &SeenRefund) -> Value {
    json!({
        "refund": refund.number, "refund_id": &*refund.id, "charge_id": &*refund.charge_id,
        "amount_paise": refund.amount.0, "status": refund.status.name(),
    })
}

fn trouble_fields(trouble: &FailedEffect) -> Value {
    let of = match &trouble.effect {
        Effect::CreateOrder => Value::Null,
        Effect::Capture(charge_id) => json!(&**charge_id),
        Effect::Refund(number) => json!(number),
    };
    json!({
        "effect": trouble.effect.name(), "of": of, "tries": trouble.tries,
        "retry_at": trouble.retry_at_ms.map(time), "error": &*trouble.error,
    })
}

fn step_fields(step: &Step) -> Value {
    let mut shown = json!({ "step": step.name() });
    match step {
        Step::Assigned { rider_id } => shown["rider_id"] = json!(rider_id.0),
        Step::Delivered { rider_id, cash } => {
            shown["rider_id"] = json!(rider_id.map(|id| id.0));
            shown["cash_collected_paise"] = json!(cash.0);
        }
        _ => (),
    }
    shown
}

fn change_fields(change: &LinesChange) -> Value {
    let proposed = change.proposed.as_ref().map(|proposal| {
        json!({
            "missing": proposal.missing.0, "missing_units": proposal.missing_units,
            "product_id": proposal.item.id.0, "product_name": &*proposal.item.name,
            "unit_price_paise": proposal.item.price.0, "units": proposal.units,
        })
    });
    let lines = change.lines.as_ref();
    json!({
        "lines": lines.map(|lines| lines.iter().map(order_line).collect::<Vec<_>>()),
        "missing": units(&change.missing), "taken": units(&change.taken),
        "back": units(&change.back), "proposed": proposed,
        "answered": change.answered.map(|id| id.0),
    })
}

fn zone_fields(zone: &Zone) -> Value {
    let geometry = geojson::geometry(&zone.area);
    let geometry: Value = serde_json::from_str(geometry.get()).unwrap_or_default();
    json!({
        "zone_id": zone.id.0, "store_id": zone.store_id.0, "name": &*zone.name,
        "kind": zone.kind.name(), "weather": zone.weather.name(), "geometry": geometry,
    })
}

fn coupon_fields(coupon: &Coupon) -> Value {
    let mut shown = view(CouponView::new(coupon, &CouponUses::default()));
    if let Some(shown) = shown.as_object_mut() {
        // A definition says nothing of what was used.
        shown.remove("uses");
        shown.remove("spent_paise");
        shown.insert("store_id".to_owned(), json!(coupon.store_id.0));
    }
    shown
}

fn rate(rate: &GstRate) -> Value {
    json!({ "hsn": &*rate.hsn, "from": rate.from.to_string(), "rate_bps": rate.rate.0 })
}

fn endpoint_fields(endpoint: &Endpoint) -> Value {
    let previous = endpoint.previous.as_ref();
    let previous = previous
        .map(|(sealed, until_ms)| json!({ "sealed": seal(sealed), "until": time(*until_ms) }));
    json!({
        "endpoint_id": endpoint.id.0, "store_id": endpoint.store_id.map(|id| id.0),
        "url": &*endpoint.url, "events": endpoint.events.iter().map(|it| &**it).collect::<Vec<_>>(),
        "active": endpoint.active, "secret": seal(&endpoint.secret), "previous_secret": previous,
    })
}

#[cfg(test)]
mod tests;
