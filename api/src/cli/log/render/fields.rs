//! The fields of every kind of record: one row a kind, and the compiler misses none.

use super::refused::refusal_fields;
use super::{time, view};
use crate::http::geojson;
use crate::http::json::coupons::CouponView;
use crate::http::json::stores::StoreView;
use crate::http::json::views::ProductView;
use kirana_domain::facts::{Credit, Credited};
use kirana_domain::order::{LinesChange, NewOrder, Step};
use kirana_domain::payment::{
    ChargeFailure, Effect, FailedEffect, OwedRefund, SeenCharge, SeenDispute, SeenRefund,
};
use kirana_domain::record::ReceivedLine;
use kirana_domain::stock::Bucket;
use kirana_domain::{
    Coupon, CouponUses, Endpoint, Event, GstRate, OrderLine, Product, ProductId, StockChange,
    StockLine, Sums, Zone,
};
use serde_json::{Value, json};

/// Makes [`fields`] of rows: a kind, its fields, and the JSON that shows them, or a call that does.
macro_rules! rows {
    ($($kind:ident $fields:tt $shown:tt $(($($argument:expr),*))?;)*) => {
        /// Returns everything that the fact of a record says.
        pub(super) fn fields(event: &Event) -> Value {
            match event {
                $(Event::$kind $fields => rows!(@ $shown $(($($argument),*))?),)*
            }
        }
    };
    (@ {$($json:tt)*}) => { json!({ $($json)* }) };
    (@ $call:ident ($($argument:expr),*)) => { $call($($argument),*) };
}

rows! {
    EngineStarted { epoch, clock } {
        "epoch": epoch,
        "wall_clock": clock.map(|clock| time(clock.wall_ms)),
        "gap_ms": clock.map(|clock| clock.gap_ms),
    };
    StoreOpened { store } view(StoreView::from(&**store));
    StoreChanged { store } view(StoreView::from(&**store));
    ProductDefined { product, opening_units } product_fields(product, *opening_units);
    StockReceived { store_id, lines } { "store_id": store_id.0, "lines": received(lines) };
    StockAdjusted { store_id, lines } { "store_id": store_id.0, "lines": changes(lines) };
    ZoneDefined { zone } zone_fields(zone);
    ZoneRemoved { store_id, zone_id } { "store_id": store_id.0, "zone_id": zone_id.0 };
    WeatherSet { store_id, zone_id, weather } {
        "store_id": store_id.0, "zone_id": zone_id.0, "weather": weather.name(),
    };
    CouponDefined { coupon } coupon_fields(coupon);
    GstRatesSet { rates } { "rates": rates.iter().map(rate).collect::<Vec<_>>() };
    CommandRefused { rejection } refusal_fields(rejection);

    OrderPlaced { order } placed(order);
    OrderCancelled { order_id, store_id, reason, lines, from } {
        "order_id": order_id.0, "store_id": store_id.0, "reason": reason.as_deref(),
        "lines": units(lines), "from": bucket(*from),
    };
    OrderExpired { order_id, store_id, lines } {
        "order_id": order_id.0, "store_id": store_id.0, "lines": units(lines),
    };
    OrderConfirmed { order_id, store_id, lines, held_again } {
        "order_id": order_id.0, "store_id": store_id.0, "lines": units(lines),
        "held_again": held_again,
    };
    OrderTurnedToCash { order_id, store_id, lines } {
        "order_id": order_id.0, "store_id": store_id.0, "lines": units(lines),
    };
    OrderMoved { order_id, store_id, step, reason, lines } with(step_fields(step), json!({
        "order_id": order_id.0, "store_id": store_id.0, "reason": reason.as_deref(),
        "lines": units(lines),
    }));
    LinesChanged { order_id, store_id, change, reason } with(change_fields(change), json!({
        "order_id": order_id.0, "store_id": store_id.0, "reason": reason.as_deref(),
    }));
    InvoiceIssued { order_id, store_id, is_credit_note, year, number, credits } {
        "order_id": order_id.0, "store_id": store_id.0, "is_credit_note": is_credit_note,
        "year": year, "number": number, "credits": parts_of_credit(credits),
    };

    PaymentStarted { order_id, until_ms } { "order_id": order_id.0, "until": time(*until_ms) };
    PaymentOrderMade { order_id, provider_order_id } {
        "order_id": order_id.0, "provider_order_id": &**provider_order_id,
    };
    ChargeSeen { order_id, charge } of(order_id.0, charge_fields(charge));
    RefundOwed { order_id, refund } of(order_id.0, owed_fields(refund));
    RefundSeen { order_id, refund } of(order_id.0, refund_fields(refund));
    DisputeSeen { order_id, dispute } of(order_id.0, dispute_fields(dispute));
    EffectFailed { order_id, trouble } of(order_id.0, trouble_fields(trouble));
    EffectsRetried { order_id, reason } {
        "order_id": order_id.0, "reason": reason.as_deref(),
    };
    WebhookReceived { event_id, name, about, subject, sealed } {
        "event_id": &**event_id, "name": &**name, "order_id": about.map(|id| id.0),
        "subject": subject.0, "sealed": seal(sealed),
    };
    LooseMoneySeen { charge } {
        "charge_id": &*charge.id, "amount_paise": charge.amount.0,
        "provider_order_id": charge.provider_order_id.as_deref(),
        "noted_order_id": charge.hint.map(|id| id.0),
    };
    CashHandedOver { rider_id, store_id, expected, counted, note } {
        "rider_id": rider_id.0, "store_id": store_id.0, "expected_paise": expected.0,
        "counted_paise": counted.0, "note": note.as_deref(),
    };

    RiderSaved { rider_id, rider } {
        "rider_id": rider_id.0, "store_id": rider.store_id.0, "capacity": rider.capacity,
        "on_shift": rider.on_shift, "sealed": seal(&rider.sealed),
    };
    CartChanged { customer_id, store_id, lines } {
        "customer_id": customer_id.0, "store_id": store_id.0, "lines": cart_lines(lines),
    };
    AddressSaved { customer_id, address_id, sealed } {
        "customer_id": customer_id.0, "address_id": address_id.0, "sealed": seal(sealed),
    };
    AddressRemoved { customer_id, address_id } {
        "customer_id": customer_id.0, "address_id": address_id.0,
    };

    EndpointDefined { endpoint } endpoint_fields(endpoint);
    EndpointRemoved { endpoint_id } { "endpoint_id": endpoint_id.0 };
    EndpointReplayed { endpoint_id, from } { "endpoint_id": endpoint_id.0, "from": from.0 };
    EndpointDisabled { endpoint_id, reason } {
        "endpoint_id": endpoint_id.0, "reason": &**reason,
    };
    HookProgress { endpoint_id, position } {
        "endpoint_id": endpoint_id.0, "position": position.0,
    };
    HookFailed { endpoint_id, lsn, tries, retry_at_ms, error } {
        "endpoint_id": endpoint_id.0, "lsn": lsn.0, "tries": tries,
        "retry_at": retry_at_ms.map(time), "error": &**error,
    };
    HookDelivered { endpoint_id, lsn } { "endpoint_id": endpoint_id.0, "lsn": lsn.0 };
}

/// Adds members to those that are shown already.
fn with(mut shown: Value, more: Value) -> Value {
    if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
        shown.extend(more);
    }
    shown
}

fn product_fields(product: &Product, opening_units: u32) -> Value {
    let shown = view(ProductView::new(product, None));
    with(shown, json!({ "store_id": product.store_id.0, "opening_units": opening_units }))
}

fn cart_lines(lines: &[(ProductId, u32)]) -> Value {
    let line =
        |(id, quantity): &(ProductId, u32)| json!({ "product_id": id.0, "quantity": quantity });
    lines.iter().map(line).collect()
}

fn of(order_id: uuid::Uuid, shown: Value) -> Value {
    with(shown, json!({ "order_id": order_id }))
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
pub(in crate::cli::log) fn order_line(line: &OrderLine) -> Value {
    let item = &line.item;
    json!({
        "product_id": item.id.0, "product_name": &*item.name, "sku": &*item.sku,
        "unit": item.unit.as_deref(), "hsn": item.hsn.as_deref(), "quantity": line.quantity,
        "unit_price_paise": item.price.0, "gst_bps": item.gst.0,
        "discount_paise": line.discount.0, "total_paise": line.net().0,
    })
}

/// The parts of a credit note.
fn parts_of_credit(credits: &[Credit]) -> Value {
    let part = |credit: &Credit| {
        let mut shown = json!({ "units": credit.units, "amount_paise": credit.amount.0 });
        match credit.of {
            Credited::Product(id) => shown["product_id"] = json!(id.0),
            Credited::Fee(kind) => shown["fee"] = json!(kind.name()),
        }
        shown
    };
    credits.iter().map(part).collect()
}

fn placed(order: &NewOrder) -> Value {
    let mut shown = json!({
        "order_id": order.id.0, "number": order.number, "store_id": order.store_id.0,
        "customer_id": order.customer_id.0, "status": order.status.name(),
        "payment_method": order.payment_method.name(),
        "lines": order.lines.iter().map(order_line).collect::<Vec<_>>(),
        "hold_expires_at": order.hold_expires_at_ms.map(time),
        "substitution": order.preference.name(), "from_cart": order.from_cart,
        "coupon_code": order.coupon.as_deref(), "zone_id": order.zone_id.map(|id| id.0),
        "promise_minutes": order.promise, "sealed": seal(&order.sealed),
    });
    add_sums(&mut shown, &order.sums);
    shown
}

/// Adds the amounts of a bill, and of each fee its discount and the tax inside.
fn add_sums(shown: &mut Value, sums: &Sums) {
    for (name, amount) in sums.rows() {
        shown[name] = json!(amount.0);
    }
    for (kind, fee) in sums.fees() {
        let name = kind.name();
        shown[format!("{name}_fee_discount_paise")] = json!(fee.discount.0);
        shown[format!("{name}_fee_gst_bps")] = json!(fee.gst.0);
    }
}

fn charge_fields(charge: &SeenCharge) -> Value {
    json!({
        "charge_id": &*charge.id, "amount_paise": charge.amount.0,
        "status": charge.status.name(),
        "error": charge.failure.as_ref().and_then(ChargeFailure::words).map(|words| &**words),
        "error_code": charge.failure.as_ref().and_then(|it| it.code.as_deref()),
        "error_reason": charge.failure.as_ref().and_then(|it| it.reason.as_deref()),
    })
}

fn dispute_fields(dispute: &SeenDispute) -> Value {
    json!({
        "dispute_id": &*dispute.id, "charge_id": &*dispute.charge_id,
        "amount_paise": dispute.amount.0, "deducted_paise": dispute.deducted.0,
        "status": dispute.status.name(), "reason_code": dispute.reason_code.as_deref(),
        "reason": dispute.reason.as_deref(), "respond_by": dispute.respond_by_ms.map(time),
        "said_at": time(dispute.said_at_ms),
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
