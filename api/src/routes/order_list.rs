//! `GET /v1/orders`: newest first, page by page.

use super::cursor;
use super::orders::{store_code, view};
use crate::gateway::call::{Call, query_error};
use crate::problem::{Problem, table};
use crate::{query, reply};
use axum::http::header::LINK;
use axum::response::Response;
use kirana_domain::{OrderId, Role, Status, StoreId};
use kirana_engine::OrdersOf;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    status: Option<String>,
    store_id: Option<Uuid>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// The handler.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let asked: ListQuery = call.query()?;
    let limit = query::limit(asked.limit)?;
    let statuses = statuses_of(asked.status.as_deref())?;
    let (of, whose) = whose_orders(&call, asked.store_id.map(StoreId))?;
    let scope = format!("orders {whose} {}", asked.status.as_deref().unwrap_or_default());
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
    let page = call.engine().orders_page(of, &statuses, before, limit);
    let (orders, has_more) = call.within(page).await??;
    let last = orders.last().filter(|_| has_more);
    let next = last.map(|order| cursor::seal(key, &scope, order.placed.id.0.as_bytes()));
    let personal: Vec<_> = orders.iter().map(|order| call.engine().personal(order)).collect();
    let codes: Vec<_> = orders.iter().map(|order| store_code(&call, order)).collect();
    let data: Vec<_> = orders
        .iter()
        .zip(&personal)
        .zip(&codes)
        .map(|((order, personal), code)| view(order, code, personal.as_deref()))
        .collect();
    Ok(page_answer(&data, next, "/v1/orders", limit))
}

fn statuses_of(names: Option<&str>) -> Result<Vec<Status>, Problem> {
    let parse = |name: &str| {
        Status::parse(name.trim()).ok_or_else(|| query_error("status", "has an unknown state"))
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
            None => Err(query_error(
                "store_id",
                "staff of all stores name the store whose orders they want",
            )),
        },
        _ => Err(Problem::new(&table::FORBIDDEN)),
    }
}

/// A shop with one store has no other orders than that one's.
fn the_only_store(call: &Call) -> Option<StoreId> {
    call.engine().catalogue(|catalogue| {
        let mut stores = catalogue.stores().map(|store| store.id);
        stores.next().filter(|_| stores.next().is_none())
    })
}

/// `{data, next_cursor, has_more}`, with a `Link` to the next page.
pub fn page_answer(
    data: &impl Serialize,
    next_cursor: Option<String>,
    path: &str,
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
        let link = format!("<{path}?cursor={cursor}&limit={limit}>; rel=\"next\"");
        reply::set(&mut response, LINK, &link);
    }
    response
}
