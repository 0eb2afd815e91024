//! The state as `replay` shows it.

use crate::cli::log::render;
use crate::http::json::stores::StoreView;
use kirana_domain::{OrderEntry, OrderId, PersonId, State, Stock, Store, StoreId};
use kirana_engine::tools::{Replayed, ToolError};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// All of it, in figures.
pub(super) fn summary(replayed: &Replayed) -> Value {
    let state = &replayed.state;
    let stores = state.catalogue.stores().map(|store| {
        json!({
            "store_id": store.id.0, "code": &*store.code, "name": &*store.name,
            "last_order_number": state.orders.last_number(store.id),
            "stock": stock_of(state, store),
        })
    });
    json!({
        "stores": stores.collect::<Vec<_>>(),
        "products": state.catalogue.products_count(),
        "zones": state.catalogue.zones.count(),
        "gst_rates": state.catalogue.gst.len(),
        "orders": state.orders.count(),
        "orders_open": state.orders.open_count(),
        "orders_by_status": by_status(replayed, |_| true),
        "carts": state.people.carts.count(),
        "webhook_endpoints": state.people.hooks.iter().count(),
        "request_keys": state.keys.len(),
    })
}

/// One customer: what is remembered, orders, carts.
pub(super) fn customer(replayed: &Replayed, id: PersonId) -> Result<Option<Value>, ToolError> {
    let state = &replayed.state;
    let known = state.people.customers.get(id);
    let orders = replayed.of_customer(id)?;
    let cart = |store: &std::sync::Arc<Store>| {
        let cart = state.people.carts.get(id, store.id)?;
        let line = |(product_id, line): (&kirana_domain::ProductId, &_)| {
            let line: &kirana_domain::cart::CartLine = line;
            json!({ "product_id": product_id.0, "quantity": line.quantity })
        };
        let lines: Vec<_> = cart.lines.iter().map(line).collect();
        Some(json!({ "store_id": store.id.0, "lines": lines }))
    };
    let carts: Vec<_> = state.catalogue.stores().filter_map(cart).collect();
    let addresses: Vec<_> =
        state.people.addresses.of(id).map(|(address_id, _)| json!(address_id.0)).collect();
    if known.placed == 0 && orders.is_empty() && carts.is_empty() && addresses.is_empty() {
        return Ok(None);
    }
    let lines = orders.iter().map(|(id, entry)| order_line(state, *id, entry));
    Ok(Some(json!({
        "customer_id": id.0,
        "orders_placed": known.placed,
        "orders_fallen": known.fallen,
        "orders_delivered": known.delivered,
        "first_order_at": (known.placed > 0).then(|| render::time(known.first_at_ms)),
        "orders": lines.collect::<Vec<_>>(),
        "carts": carts,
        "address_ids": addresses,
    })))
}

/// One store: settings, orders, counts, cash.
pub(super) fn store(replayed: &Replayed, id: StoreId) -> Option<Value> {
    let state = &replayed.state;
    let store = state.catalogue.store(id)?;
    let cash = state.people.cash.of_store(id).map(|(rider_id, in_hand)| {
        json!({
            "rider_id": rider_id.0, "cash_paise": in_hand.amount.0,
            "deliveries": in_hand.deliveries, "since": render::time(in_hand.since_ms),
        })
    });
    let mut shown = serde_json::to_value(StoreView::from(&**store)).unwrap_or_default();
    shown["orders_by_status"] = json!(by_status(replayed, |store_id| store_id == id));
    shown["last_order_number"] = json!(state.orders.last_number(id));
    shown["products"] = json!(state.catalogue.products_after(id, None).count());
    shown["stock"] = stock_of(state, store);
    shown["cash_with_riders"] = cash.collect();
    Some(shown)
}

fn order_line(state: &State, id: OrderId, entry: &OrderEntry) -> Value {
    let store = state.catalogue.store(entry.parties().store_id);
    let code = store.map_or("?", |store| &*store.code);
    let total = match entry {
        OrderEntry::Open(order) => order.sums().total,
        OrderEntry::Ended(ended) => ended.due,
    };
    json!({
        "order_id": id.0, "order_number": format!("{code}-{:06}", entry.number()),
        "status": entry.status().name(), "placed_at": render::time(entry.placed_at_ms()),
        "total_paise": total.0,
    })
}

/// Orders of the stores that are wanted, by state.
fn by_status(
    replayed: &Replayed,
    is_wanted: impl Fn(StoreId) -> bool,
) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for ((store_id, status), count) in replayed.counts() {
        if is_wanted(store_id) {
            *counts.entry(status.name()).or_default() += count;
        }
    }
    counts
}

/// The sums of the counts of all products of a store.
fn stock_of(state: &State, store: &Store) -> Value {
    let mut sums = Stock::default();
    let mut breached = 0;
    for product in state.catalogue.products_after(store.id, None) {
        let stock = state.stock.get(store.id, product.id);
        sums.received += stock.received;
        sums.returned += stock.returned;
        sums.adjusted += stock.adjusted;
        sums.available += stock.available;
        sums.held += stock.held;
        sums.allocated += stock.allocated;
        sums.shipped += stock.shipped;
        breached += u32::from(stock.breached);
    }
    let mut shown = Map::new();
    for (name, units) in [
        ("received", sums.received),
        ("returned", sums.returned),
        ("adjusted", sums.adjusted),
        ("available", sums.available),
        ("held", sums.held),
        ("allocated", sums.allocated),
        ("shipped", sums.shipped),
        ("products_that_break_the_law", breached.into()),
    ] {
        shown.insert(name.to_owned(), json!(units));
    }
    Value::Object(shown)
}
