//! `GET /v1/orders`: newest first or oldest first, page by page; and the one order of a number, or
//! of a client's own key.

use super::cursor;
use super::orders::store_code;
use crate::http::gateway::call::Call;
use crate::http::idempotency::request_key;
use crate::http::json::views::{Number, OrderView, RiderView};
use crate::http::permissions::Action;
use crate::http::problem::{Problem, table};
use crate::http::{query, reply};
use crate::rfc3339;
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
    /// A moment; orders placed later than this.
    created_after: Option<String>,
    /// `TUR-000002`.
    order_number: Option<String>,
    /// The `Idempotency-Key` that the order was placed with.
    client_ref: Option<String>,
    /// Words of an order number, or of the names of its products.
    q: Option<String>,
    /// `-created_at`, or `created_at`.
    sort: Option<String>,
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
        after_ms: asked.created_after.as_deref().map(moment_of).transpose()?,
    };
    let search = asked.q.as_deref().map(Search::parse).transpose()?;
    let oldest_first = is_oldest_first(asked.sort.as_deref())?;
    let (of, whose) = whose_orders(&call, asked.store_id.map(StoreId))?;
    if let Some(number) = &asked.order_number {
        return with_number(&call, of, &filter, number, limit).await;
    }
    if let Some(client_ref) = &asked.client_ref {
        return of_client_ref(&call, &filter, client_ref, limit).await;
    }
    let scope = asked.scope(&whose);
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
    let scan = Scan { call: &call, of, filter, search };
    let (orders, next) = if oldest_first {
        scan.oldest(before, limit).await?
    } else {
        scan.newest(before, limit).await?
    };
    let next = next.map(|id| cursor::seal(key, &scope, id.0.as_bytes()));
    Ok(page_of(&call, &orders, next, limit))
}

impl ListQuery {
    /// Returns the words that a cursor is good for: the same orders, in the same sequence.
    fn scope(&self, whose: &str) -> String {
        let Self { status, placed_on, created_after, q, sort, .. } = self;
        let parts = [status, placed_on, created_after, q, sort];
        let parts: Vec<&str> = parts.iter().map(|it| it.as_deref().unwrap_or_default()).collect();
        format!("orders {whose} {}", serde_json::Value::from(parts))
    }
}

/// Orders that one request looks at.
const SCANNED_MAX: usize = 1_000;
/// Orders that are read at once when only some of them are wanted.
const SCANNED_AT_ONCE: usize = 100;

/// A page in the making.
struct Scan<'a> {
    call: &'a Call,
    of: OrdersOf,
    filter: OrderFilter,
    search: Option<Search>,
}

/// The orders of a page, and the order that the next page begins after.
type Found = (Vec<Arc<Order>>, Option<OrderId>);

impl Scan<'_> {
    /// Returns the newest orders before one. A search looks at [`SCANNED_MAX`] orders and goes on
    /// with the next page.
    async fn newest(&self, mut before: Option<OrderId>, limit: usize) -> Result<Found, Problem> {
        let at_once = if self.search.is_some() { SCANNED_AT_ONCE } else { limit.min(SCANNED_MAX) };
        let (mut found, mut scanned) = (Vec::new(), 0);
        loop {
            let page =
                self.call.engine().orders_page(self.of, self.filter.clone(), before, at_once);
            let (orders, has_more) = self.call.within(page).await??;
            let count = orders.len();
            for (index, order) in orders.into_iter().enumerate() {
                before = Some(order.placed.id);
                if !self.wants(&order) {
                    continue;
                }
                found.push(order);
                if found.len() == limit {
                    let has_next = has_more || index + 1 < count;
                    return Ok((found, before.filter(|_| has_next)));
                }
            }
            scanned += count;
            if !has_more || scanned >= SCANNED_MAX {
                return Ok((found, before.filter(|_| has_more)));
            }
        }
    }

    /// Returns the oldest orders after one: of at most [`SCANNED_MAX`].
    async fn oldest(&self, after: Option<OrderId>, limit: usize) -> Result<Found, Problem> {
        let (mut all, rest) = self.newest(None, SCANNED_MAX).await?;
        if rest.is_some() {
            let detail = "there are more than 1,000 orders: ask for those of a day (placed_on), or \
                          for later ones (created_after)";
            return Err(Problem::query("sort", detail));
        }
        all.reverse();
        let start = match after {
            None => 0,
            Some(id) => match all.iter().position(|order| order.placed.id == id) {
                Some(at) => at + 1,
                None => all.len(),
            },
        };
        let has_more = all.len() > start + limit;
        let page: Vec<_> = all.into_iter().skip(start).take(limit).collect();
        let next = page.last().filter(|_| has_more).map(|order| order.placed.id);
        Ok((page, next))
    }

    fn wants(&self, order: &Order) -> bool {
        let code = || store_code(self.call, order);
        self.search.as_ref().is_none_or(|search| search.finds(order, &code()))
    }
}

/// Words that an order must have in its number or in the names of its products.
struct Search(Vec<String>);

impl Search {
    fn parse(text: &str) -> Result<Self, Problem> {
        let words: Vec<_> = text.split_whitespace().map(str::to_lowercase).collect();
        if words.is_empty() || text.chars().count() > SEARCH_CHARS_MAX {
            return Err(Problem::query("q", "has one word or more, and at most 64 characters"));
        }
        Ok(Self(words))
    }

    fn finds(&self, order: &Order, code: &str) -> bool {
        let number = Number(code, order.placed.number).to_string().to_lowercase();
        let items = order.placed.lines.iter().chain(order.lines());
        let names: Vec<_> = items.map(|line| line.item.name.to_lowercase()).collect();
        let has = |word: &String| {
            number.contains(&**word) || names.iter().any(|name| name.contains(&**word))
        };
        self.0.iter().all(has)
    }
}

/// Characters of a search.
const SEARCH_CHARS_MAX: usize = 64;

fn is_oldest_first(sort: Option<&str>) -> Result<bool, Problem> {
    match sort {
        None | Some("-created_at") => Ok(false),
        Some("created_at") => Ok(true),
        Some(_) => Err(Problem::query("sort", "is created_at, or -created_at")),
    }
}

fn moment_of(text: &str) -> Result<i64, Problem> {
    rfc3339::parse(text)
        .ok_or_else(|| Problem::query("created_after", "is a moment, as 2026-11-26T10:00:00Z"))
}

/// The order that a customer placed under a key of their own, while that key is remembered: so an
/// app that lost the answer can look before it sends the order again.
async fn of_client_ref(
    call: &Call,
    filter: &OrderFilter,
    client_ref: &str,
    limit: usize,
) -> Result<Response, Problem> {
    let by = call.person()?;
    if by.role != Role::Customer {
        return Err(Problem::query("client_ref", "is a key of the customer's own"));
    }
    let key = client_ref.trim_matches('"');
    let key = request_key(key, by.person_id, Action::OrderPlace, "", &[]);
    let order = match call.within(call.engine().order_of_key(&key.id)).await?? {
        Some(id) => Some(call.order(id).await?),
        None => None,
    };
    let found: Vec<_> = order.into_iter().filter(|order| filter.wants(order)).collect();
    Ok(page_of(call, &found, None, limit))
}

fn page_of(call: &Call, orders: &[Arc<Order>], next: Option<String>, limit: usize) -> Response {
    let personal: Vec<_> = orders.iter().map(|order| call.engine().personal(order)).collect();
    let codes: Vec<_> = orders.iter().map(|order| store_code(call, order)).collect();
    let data: Vec<_> = orders
        .iter()
        .zip(&personal)
        .zip(&codes)
        .map(|((order, personal), code)| {
            let rider = RiderView::of(call.engine(), order);
            OrderView::new(order, code, personal.as_deref()).with_rider(rider)
        })
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
mod tests;
