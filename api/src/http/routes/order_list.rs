//! `GET /v1/orders`: newest first, page by page.

use super::cursor;
use super::orders::store_code;
use crate::http::gateway::call::Call;
use crate::http::json::views::OrderView;
use crate::http::problem::{Problem, table};
use crate::http::{query, reply};
use axum::http::Uri;
use axum::http::header::LINK;
use axum::response::Response;
use kirana_domain::{CalendarDay, Order, OrderId, Role, Status, StoreId};
use kirana_engine::{OrderFilter, OrdersOf};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    status: Option<String>,
    store_id: Option<Uuid>,
    /// A day of the shop, `2026-11-26`.
    placed_on: Option<String>,
    /// `TUR-000002`.
    order_number: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// The handler.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let asked: ListQuery = call.query()?;
    let limit = query::limit(asked.limit)?;
    let filter = OrderFilter {
        status: statuses_of(asked.status.as_deref())?,
        day: asked.placed_on.as_deref().map(day_of).transpose()?,
    };
    let (of, whose) = whose_orders(&call, asked.store_id.map(StoreId))?;
    if let Some(number) = &asked.order_number {
        return with_number(&call, of, &filter, number, limit).await;
    }
    let (status, day) = (asked.status.as_deref(), asked.placed_on.as_deref());
    let scope = [Some(whose.as_str()), status, day].map(Option::unwrap_or_default).join(" ");
    let scope = format!("orders {scope}");
    let key = call.gateway.tokens().cursor_key();
    let before = match &asked.cursor {
        Some(cursor) => {
            let payload = cursor::open(key, &scope, cursor)?;
            let id =
                Uuid::from_slice(&payload).map_err(|_| Problem::new(&table::CURSOR_INVALID))?;
            Some(OrderId(id))
        }
        None => None,
    };
    let page = call.engine().orders_page(of, filter, before, limit);
    let (orders, has_more) = call.within(page).await??;
    let last = orders.last().filter(|_| has_more);
    let next = last.map(|order| cursor::seal(key, &scope, order.placed.id.0.as_bytes()));
    Ok(page_of(&call, &orders, next, limit))
}

fn page_of(call: &Call, orders: &[Arc<Order>], next: Option<String>, limit: usize) -> Response {
    let personal: Vec<_> = orders.iter().map(|order| call.engine().personal(order)).collect();
    let codes: Vec<_> = orders.iter().map(|order| store_code(call, order)).collect();
    let data: Vec<_> = orders
        .iter()
        .zip(&personal)
        .zip(&codes)
        .map(|((order, personal), code)| OrderView::new(order, code, personal.as_deref()))
        .collect();
    page_answer(call, &data, next, limit)
}

/// The one order with a number, where it is among those that were asked for.
async fn with_number(
    call: &Call,
    of: OrdersOf,
    filter: &OrderFilter,
    number: &str,
    limit: usize,
) -> Result<Response, Problem> {
    let (store, number) = numbered(call, number)?;
    let id = call.within(call.engine().order_of_number(store, number)).await??;
    let order = match id {
        Some(id) => call.within(call.engine().order(id)).await??,
        None => None,
    };
    let is_theirs = |order: &Arc<Order>| match of {
        OrdersOf::Customer(id) => order.placed.customer_id == id,
        OrdersOf::Store(id) => order.placed.store_id == id,
        OrdersOf::Rider(id) => order.rider().is_some_and(|rider| rider.person_id == id),
    };
    let found: Vec<_> = order.into_iter().filter(is_theirs).filter(|it| filter.wants(it)).collect();
    Ok(page_of(call, &found, None, limit))
}

/// The store and the number in an order number.
fn numbered(call: &Call, text: &str) -> Result<(StoreId, u64), Problem> {
    let unknown =
        || Problem::query("order_number", "is a store's code and a number, as TUR-000002");
    let (code, number) = text.rsplit_once('-').ok_or_else(unknown)?;
    let number = number.parse().map_err(|_| unknown())?;
    let store = call.engine().catalogue(|catalogue| {
        catalogue.stores().find(|store| &*store.code == code).map(|store| store.id)
    });
    Ok((store.ok_or_else(unknown)?, number))
}

fn day_of(text: &str) -> Result<CalendarDay, Problem> {
    CalendarDay::parse(text).ok_or_else(|| Problem::query("placed_on", "is a day, as 2026-11-26"))
}

fn statuses_of(names: Option<&str>) -> Result<Vec<Status>, Problem> {
    let parse = |name: &str| {
        Status::parse(name.trim()).ok_or_else(|| Problem::query("status", "has an unknown state"))
    };
    names.map_or(Ok(Vec::new()), |names| names.split(',').map(parse).collect())
}

/// Whose orders a person may list: their own, or those of a store that they are staff of.
fn whose_orders(call: &Call, store: Option<StoreId>) -> Result<(OrdersOf, String), Problem> {
    let by = call.person()?;
    match (by.role, store) {
        (Role::Customer, None) => {
            Ok((OrdersOf::Customer(by.person_id), format!("of {}", by.person_id)))
        }
        (Role::Rider, None) => {
            Ok((OrdersOf::Rider(by.person_id), format!("with {}", by.person_id)))
        }
        (_, Some(store)) if by.is_staff_of(store) => {
            Ok((OrdersOf::Store(store), format!("at {store}")))
        }
        (Role::Packer, None) if let Some(store) = by.store_id => {
            Ok((OrdersOf::Store(store), format!("at {store}")))
        }
        (role, None) if role.is_back_office() => match the_only_store(call) {
            Some(store) => Ok((OrdersOf::Store(store), format!("at {store}"))),
            None => Err(Problem::query(
                "store_id",
                "staff of all stores name the store whose orders they want",
            )),
        },
        _ => Err(Problem::new(&table::FORBIDDEN)),
    }
}

/// A shop with one store has no other orders than that one's.
pub(super) fn the_only_store(call: &Call) -> Option<StoreId> {
    call.engine().catalogue(|catalogue| {
        let mut stores = catalogue.stores().map(|store| store.id);
        stores.next().filter(|_| stores.next().is_none())
    })
}

/// `{data, next_cursor, has_more}`, with a `Link` to the next page of what was asked for.
pub(crate) fn page_answer(
    call: &Call,
    data: &impl Serialize,
    next_cursor: Option<String>,
    limit: usize,
) -> Response {
    #[derive(Serialize)]
    struct Page<'a, T> {
        data: &'a T,
        next_cursor: &'a Option<String>,
        has_more: bool,
    }
    let has_more = next_cursor.is_some();
    let mut response = reply::json(200, &Page { data, next_cursor: &next_cursor, has_more });
    if let Some(cursor) = next_cursor {
        let link = format!("<{}>; rel=\"next\"", next_page(call.uri(), &cursor, limit));
        reply::set(&mut response, LINK, &link);
    }
    response
}

/// Returns the address of the page behind a cursor: with the filters of this one, which the cursor
/// is bound to.
fn next_page(uri: &Uri, cursor: &str, limit: usize) -> String {
    let asked = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let filters = asked.filter(|(name, _)| name != "cursor" && name != "limit");
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(filters);
    query.append_pair("cursor", cursor).append_pair("limit", &limit.to_string());
    format!("{}?{}", uri.path(), query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_keeps_the_filters() {
        for (asked, wanted) in [
            ("/v1/orders", "/v1/orders?cursor=c1&limit=20"),
            (
                "/v1/orders?status=placed%2Cpacked&limit=20&placed_on=2026-11-26&cursor=c0",
                "/v1/orders?status=placed%2Cpacked&placed_on=2026-11-26&cursor=c1&limit=20",
            ),
            (
                "/v1/stores/s/products?q=full+milk",
                "/v1/stores/s/products?q=full+milk&cursor=c1&limit=20",
            ),
        ] {
            assert_eq!(next_page(&asked.parse().unwrap(), "c1", 20), wanted);
        }
    }
}
