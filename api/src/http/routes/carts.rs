//! The customer's cart: single lines from many devices, and the whole of it.
//!
//! Every answer is the whole cart with the prices and the availability of now, so a retry shows
//! more than its twin saw where something happened since; its `lsn` is that of the first answer.

use super::orders::{ItemRequest, basket, point_at_items};
use crate::http::gateway::call::Call;
use crate::http::json;
use crate::http::json::carts::CartView;
use crate::http::problem::{FieldError, Problem, table};
use crate::http::reply;
use crate::http::routes::version;
use axum::http::header::{ETAG, IF_MATCH};
use axum::response::Response;
use kirana_domain::limits::LINE_UNITS_MAX;
use kirana_domain::{Cart, CartCommand, Lsn, PersonCommand, ProductId, StoreId};
use kirana_engine::SubmitError;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreQuery {
    store_id: Option<Uuid>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRequest {
    store_id: Option<Uuid>,
    quantity: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddRequest {
    store_id: Option<Uuid>,
    add: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeRequest {
    store_id: Uuid,
    items: Vec<ItemRequest>,
}

/// `GET /v1/cart`: of the store that is named, or else of the one whose cart was changed last.
pub(crate) async fn read(call: Call) -> Result<Response, Problem> {
    let asked: StoreQuery = call.query()?;
    let store_id = match asked.store_id {
        Some(id) => Some(known(&call, id).map_err(|_| unknown_store_in_query())?),
        None => last_store(&call)?,
    };
    // No 304: prices and availability change where the cart does not.
    let (view, tag) = shown(&call, store_id, None)?;
    Ok(answer(&view, &tag, false))
}

/// `PUT /v1/cart/items/{product_id}`: so many units; with `If-Match`, only if the line is as it was
/// seen.
pub(crate) async fn set(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: SetRequest = json::parse(&body)?;
    let product_id = call.product_id()?;
    let Ok(quantity @ 1..=LINE_UNITS_MAX) = u32::try_from(request.quantity) else {
        return Err(out_of_range("/quantity", request.quantity < 1));
    };
    let store_id = store_of(&call, request.store_id)?;
    sells(&call, store_id, product_id)?;
    let seen = line_as_seen(&call, store_id, product_id)?;
    let command = CartCommand::Set { product_id, quantity, seen };
    change(&call, store_id, command, &body).await
}

/// `PATCH /v1/cart/items/{product_id}`: more units, or fewer; none left takes the line out.
pub(crate) async fn add(mut call: Call) -> Result<Response, Problem> {
    let media_types = ["application/json", "application/merge-patch+json"];
    let body = call.json_body(&media_types).await?;
    let request: AddRequest = json::parse(&body)?;
    let product_id = call.product_id()?;
    let bound = i32::try_from(LINE_UNITS_MAX).unwrap_or(i32::MAX);
    let units = match i32::try_from(request.add) {
        Ok(units) if units != 0 && (-bound..=bound).contains(&units) => units,
        _ => return Err(out_of_range("/add", request.add <= 0)),
    };
    let store_id = store_of(&call, request.store_id)?;
    if units > 0 {
        sells(&call, store_id, product_id)?;
    }
    let command = CartCommand::Add { product_id, units };
    change(&call, store_id, command, &body).await
}

/// `DELETE /v1/cart/items/{product_id}`: what is not there any more is fine.
pub(crate) async fn take_out(call: Call) -> Result<Response, Problem> {
    let (product_id, store_id) = (call.product_id()?, store_in_query(&call)?);
    let Some(store_id) = store_id else { return empty(&call) };
    let seen = line_as_seen(&call, store_id, product_id)?;
    change(&call, store_id, CartCommand::Set { product_id, quantity: 0, seen }, &[]).await
}

/// `PUT /v1/cart`: these lines and no others; `If-Match` must name the cart as it was seen.
pub(crate) async fn replace(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: WholeRequest = json::parse(&body)?;
    let store_id = named(&call, request.store_id)?;
    let seen = match cart_as_seen(&call, store_id)? {
        Some(seen) => seen,
        // `*`: whatever there is now.
        None if call.headers().contains_key(IF_MATCH) => cart_of(&call, Some(store_id))?.version,
        None => return Err(Problem::new(&table::VERSION_MISSING)),
    };
    let lines = if request.items.is_empty() {
        Vec::new()
    } else {
        lines_of(&call, store_id, &request.items)?
    };
    change(&call, store_id, CartCommand::Replace { lines, seen }, &body).await
}

/// `DELETE /v1/cart`: takes everything out; with `If-Match`, only if the cart is as it was seen.
pub(crate) async fn clear(call: Call) -> Result<Response, Problem> {
    let Some(store_id) = store_in_query(&call)? else { return empty(&call) };
    let seen = cart_as_seen(&call, store_id)?;
    change(&call, store_id, CartCommand::Clear { seen }, &[]).await
}

/// `POST /v1/cart/merge`: what a guest collected before they signed in; of two quantities of one
/// product the larger one stays. Products that the store does not sell are left out by name.
pub(crate) async fn merge(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: WholeRequest = json::parse(&body)?;
    let store_id = named(&call, request.store_id)?;
    let basket = basket(&request.items)?;
    let lines = basket.lines().iter().map(|line| (line.product_id, line.quantity));
    let (lines, dropped): (Vec<_>, Vec<_>) =
        lines.partition(|(product_id, _)| sells(&call, store_id, *product_id).is_ok());
    let dropped: Vec<ProductId> = dropped.into_iter().map(|(product_id, _)| product_id).collect();
    change_without(&call, store_id, CartCommand::Merge { lines }, &body, &dropped).await
}

async fn change(
    call: &Call,
    store_id: StoreId,
    command: CartCommand,
    body: &[u8],
) -> Result<Response, Problem> {
    change_without(call, store_id, command, body, &[]).await
}

/// Changes a cart; the answer names the products that were left out of the change.
async fn change_without(
    call: &Call,
    store_id: StoreId,
    command: CartCommand,
    body: &[u8],
    dropped: &[ProductId],
) -> Result<Response, Problem> {
    let (customer_id, key) = (call.person()?.person_id, call.key(body)?);
    let receipt =
        call.submit(PersonCommand::Cart { customer_id, store_id, command }.into(), key).await?;
    let (mut view, tag) = shown(call, Some(store_id), Some(receipt.lsn))?;
    call.engine().catalogue(|catalogue| {
        for id in dropped {
            view.drop_line(*id, catalogue.product(store_id, *id).map(|product| &**product));
        }
    });
    Ok(answer(&view, &tag, receipt.replayed))
}

/// There is no cart at all, so there is nothing to take out of it.
fn empty(call: &Call) -> Result<Response, Problem> {
    let (view, tag) = shown(call, None, None)?;
    Ok(answer(&view, &tag, false))
}

fn answer(view: &CartView, tag: &str, replayed: bool) -> Response {
    let mut response = reply::json(200, view);
    reply::set(&mut response, ETAG, tag);
    reply::mark_replayed(&mut response, replayed);
    response
}

/// The cart as it is now, and its tag.
fn shown(
    call: &Call,
    store_id: Option<StoreId>,
    lsn: Option<Lsn>,
) -> Result<(CartView, String), Problem> {
    let engine = call.engine();
    // Read first: what is shown is at least as of it.
    let as_of = engine.lsn();
    let cart = cart_of(call, store_id)?;
    let ids: Vec<ProductId> = cart.lines.keys().copied().collect();
    let shelf = match store_id {
        Some(store_id) => {
            let (stocks, _) = engine.stocks(store_id, &ids);
            engine.catalogue(|catalogue| {
                let product = |id: &ProductId| catalogue.product(store_id, *id).cloned();
                ids.iter().map(product).zip(stocks.iter().map(|stock| stock.available)).collect()
            })
        }
        None => Vec::new(),
    };
    let tag = version::tag(cart.version);
    Ok((CartView::new(store_id, &cart, &shelf, lsn.unwrap_or(as_of)), tag))
}

fn cart_of(call: &Call, store_id: Option<StoreId>) -> Result<Cart, Problem> {
    let customer_id = call.person()?.person_id;
    let cart = store_id.and_then(|store_id| {
        call.engine().people(|people| people.carts.get(customer_id, store_id).cloned())
    });
    Ok(cart.unwrap_or_default())
}

/// The version of the cart that `If-Match` names; of several, the one that it has, if it has one.
fn cart_as_seen(call: &Call, store_id: StoreId) -> Result<Option<Lsn>, Problem> {
    let Some(seen) = version::if_match(call.headers())? else { return Ok(None) };
    let now = cart_of(call, Some(store_id))?.version;
    Ok(Some(Lsn(version::expected(&seen, now.0))))
}

/// As [`cart_as_seen`], of one line; a line that is not there has the version 0.
fn line_as_seen(
    call: &Call,
    store_id: StoreId,
    product_id: ProductId,
) -> Result<Option<Lsn>, Problem> {
    let Some(seen) = version::if_match(call.headers())? else { return Ok(None) };
    let cart = cart_of(call, Some(store_id))?;
    let now = cart.lines.get(&product_id).map_or(0, |line| line.version.0);
    Ok(Some(Lsn(version::expected(&seen, now))))
}

/// The lines of a whole cart: merged, within their bounds, and of products that the store sells.
fn lines_of(
    call: &Call,
    store_id: StoreId,
    items: &[ItemRequest],
) -> Result<Vec<(ProductId, u32)>, Problem> {
    let basket = basket(items)?;
    for line in basket.lines() {
        sells(call, store_id, line.product_id).map_err(|no| point_at_items(no, items))?;
    }
    Ok(basket.lines().iter().map(|line| (line.product_id, line.quantity)).collect())
}

fn sells(call: &Call, store_id: StoreId, product_id: ProductId) -> Result<(), Problem> {
    let is_sold =
        call.engine().catalogue(|catalogue| catalogue.sold(store_id, product_id).is_some());
    if is_sold { Ok(()) } else { Err(Problem::from(SubmitError::ProductUnknown { product_id })) }
}

fn out_of_range(pointer: &str, is_small: bool) -> Problem {
    let code = if is_small { "TOO_SMALL" } else { "TOO_LARGE" };
    let detail = "is out of range: a line has from 1 to 99 units";
    Problem::new(&table::QUANTITY_OUT_OF_RANGE).errors(vec![FieldError::new(pointer, code, detail)])
}

fn last_store(call: &Call) -> Result<Option<StoreId>, Problem> {
    let customer_id = call.person()?.person_id;
    Ok(call.engine().people(|people| people.carts.last_store(customer_id)))
}

fn known(call: &Call, id: Uuid) -> Result<StoreId, Problem> {
    let id = StoreId(id);
    let is_known = call.engine().catalogue(|catalogue| catalogue.store(id).is_some());
    if is_known { Ok(id) } else { Err(Problem::new(&table::UNKNOWN_STORE)) }
}

fn unknown_store_in_query() -> Problem {
    Problem::query("store_id", "there is no such store")
}

fn store_in_query(call: &Call) -> Result<Option<StoreId>, Problem> {
    let asked: StoreQuery = call.query()?;
    match asked.store_id {
        Some(id) => known(call, id).map(Some).map_err(|_| unknown_store_in_query()),
        None => last_store(call),
    }
}

/// The store that a request names.
fn named(call: &Call, id: Uuid) -> Result<StoreId, Problem> {
    known(call, id).map_err(|problem| {
        let title = problem.kind().title;
        problem.errors(vec![FieldError::new("/store_id", "UNKNOWN_STORE", title)])
    })
}

/// The store that a request names, or else the one whose cart was changed last.
fn store_of(call: &Call, id: Option<Uuid>) -> Result<StoreId, Problem> {
    match id {
        Some(id) => named(call, id),
        None => last_store(call)?.ok_or_else(|| {
            let detail = "there is no cart yet: say of which store";
            Problem::field("/store_id", "MISSING", detail)
        }),
    }
}
