//! Orders: place, read, list, history, cancel.

use crate::gateway::call::Call;
use crate::json;
use crate::json::address::{self, AddressRequest};
use crate::json::text::{Str, clean, text_error};
use crate::json::views::{FactView, OrderView, Personal};
use crate::problem::{FieldError, Problem, table};
use crate::reply;
use axum::http::header::{CONNECTION, ETAG, HeaderValue};
use axum::response::Response;
use kirana_domain::limits::{LINE_UNITS_MAX, REASON_CHARS_MAX};
use kirana_domain::record::Reason;
use kirana_domain::{
    Basket, BasketLine, Order, OrderId, Paise, PaymentMethod, ProductId, Rejection, Status, StoreId,
};
use kirana_engine::{Command, Outcome, PlaceOrder, Receipt};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceRequest<'a> {
    store_id: Uuid,
    items: Vec<ItemRequest>,
    #[serde(borrow)]
    payment_method: Str<'a>,
    expected_total_paise: i64,
    #[serde(borrow)]
    delivery_address: Option<AddressRequest<'a>>,
    #[serde(borrow)]
    notes: Option<Str<'a>>,
    address_id: Option<IgnoredAny>,
    coupon_code: Option<IgnoredAny>,
    slot: Option<IgnoredAny>,
}

/// One line of a basket as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRequest {
    product_id: Uuid,
    quantity: i64,
}

/// `POST /v1/orders`
pub(crate) async fn place(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let key = call.key(&body)?;
    let request: PlaceRequest = json::parse(&body)?;
    let command = placement(&request, &call)?;
    let personal = command.personal.clone();
    let outcome = call.submit(Command::PlaceOrder(command), key).await;
    let receipt = outcome.map_err(|problem| refused(problem, &request.items))?;
    // A twin's body is the same byte for byte, but it may have been forgotten since.
    let own = (!receipt.replayed).then_some(personal);
    let (order, mut response) = answer(&call, 201, &receipt, own)?;
    reply::location(&mut response, &format!("/v1/orders/{}", order.placed.id));
    Ok(response)
}

/// A refusal as it is told to who places an order.
fn refused(problem: Problem, items: &[ItemRequest]) -> Problem {
    let kind = problem.kind();
    if *kind == table::DEADLINE_PASSED {
        return Problem::new(&table::ORDER_TIMEOUT);
    }
    if *kind == table::STORE_UNKNOWN {
        return Problem::new(&table::UNKNOWN_STORE).errors(vec![FieldError::new(
            "/store_id",
            "UNKNOWN_STORE",
            kind.title,
        )]);
    }
    point_at_items(problem, items)
}

/// Points at the lines of the product that a refusal is about.
pub fn point_at_items(problem: Problem, items: &[ItemRequest]) -> Problem {
    let kind = problem.kind();
    let product_id = problem.member_text("product_id").and_then(|id| Uuid::try_parse(id).ok());
    let lines = items.iter().enumerate().filter(|(_, item)| Some(item.product_id) == product_id);
    let field = if *kind == table::UNKNOWN_PRODUCT { "product_id" } else { "quantity" };
    let error =
        |(index, _)| FieldError::new(format_args!("/items/{index}/{field}"), kind.code, kind.title);
    let errors: Vec<_> = lines.map(error).collect();
    if errors.is_empty() { problem } else { problem.errors(errors) }
}

fn placement(request: &PlaceRequest<'_>, call: &Call) -> Result<PlaceOrder, Problem> {
    for (unsupported, kind) in [
        (&request.address_id, &table::ADDRESS_BOOK),
        (&request.coupon_code, &table::COUPONS),
        (&request.slot, &table::SLOTS),
    ] {
        if unsupported.is_some() {
            return Err(Problem::new(kind));
        }
    }
    let payment_method = payment_method(&request.payment_method)?;
    let basket = basket(&request.items)?;
    let Some(address) = &request.delivery_address else {
        return Err(Problem::field("/delivery_address", "MISSING", "this field is required"));
    };
    let personal = address::personal(address, request.notes.as_ref()).map_err(Problem::invalid)?;
    Ok(PlaceOrder {
        store_id: StoreId(request.store_id),
        customer_id: call.person()?.person_id,
        basket,
        payment_method,
        expected_total: Paise(request.expected_total_paise),
        personal,
    })
}

/// The payment method of that name.
///
/// # Errors
/// [`table::PAYMENT_METHOD`].
pub fn payment_method(name: &Str<'_>) -> Result<PaymentMethod, Problem> {
    PaymentMethod::parse(&name.0).ok_or_else(|| {
        let detail = "the payment method must be cod or razorpay";
        Problem::new(&table::PAYMENT_METHOD).errors(vec![FieldError::new(
            "/payment_method",
            "UNKNOWN_VALUE",
            detail,
        )])
    })
}

/// The refusal of a basket for the first line that is out of range; it names every such line.
fn out_of_range(items: &[ItemRequest], first: &ItemRequest) -> Problem {
    let product_id = ProductId(first.product_id);
    let quantity = u64::try_from(first.quantity).unwrap_or_default();
    let error = |(index, item): (usize, &ItemRequest)| {
        let code = match item.quantity {
            ..=0 => "TOO_SMALL",
            quantity if quantity > LINE_UNITS_MAX.into() => "TOO_LARGE",
            _ => return None,
        };
        let pointer = format!("/items/{index}/quantity");
        Some(FieldError::new(pointer, code, "must be from 1 to 99"))
    };
    Problem::from(&Rejection::QuantityOutOfRange { product_id, quantity })
        .errors(items.iter().enumerate().filter_map(error).collect())
}

/// The basket of those lines.
///
/// # Errors
/// Every line whose quantity is out of range, or what [`Basket::parse`] refuses.
pub fn basket(items: &[ItemRequest]) -> Result<Basket, Problem> {
    let line = |item: &ItemRequest| match u32::try_from(item.quantity) {
        Ok(quantity @ 1..=LINE_UNITS_MAX) => {
            Ok(BasketLine { product_id: ProductId(item.product_id), quantity })
        }
        _ => Err(out_of_range(items, item)),
    };
    let lines = items.iter().map(line).collect::<Result<_, _>>()?;
    Basket::parse(lines).map_err(|rejection| point_at_items(Problem::from(&rejection), items))
}

/// `GET /v1/orders/{order_id}`
pub(crate) async fn read(call: Call) -> Result<Response, Problem> {
    let order = call.order(call.order_id()?).await?;
    let tag = version_tag(&order);
    let mut response = if reply::none_match(call.headers(), &tag) {
        reply::not_modified()
    } else {
        render(&call, 200, &order, None)
    };
    reply::set(&mut response, ETAG, &tag);
    Ok(response)
}

#[derive(Serialize)]
struct History<'a> {
    order_id: Uuid,
    data: &'a [FactView<'a>],
}

/// `GET /v1/orders/{order_id}/history`: who did what, when, why, at which position of the log.
pub(crate) async fn history(call: Call) -> Result<Response, Problem> {
    let id = call.order_id()?;
    let facts = call.within(call.engine().order_history(id)).await??;
    let data: Vec<_> = facts.iter().map(|(lsn, record)| FactView::new(lsn.0, record)).collect();
    Ok(reply::json(200, &History { order_id: id.0, data: &data }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelRequest<'a> {
    #[serde(borrow)]
    reason: Option<Str<'a>>,
}

/// `POST /v1/orders/{order_id}/cancel`: cancelling what is cancelled answers the order as it is.
pub(crate) async fn cancel(mut call: Call) -> Result<Response, Problem> {
    let order_id = call.order_id()?;
    let body = call.optional_json_body().await?;
    let request = if body.is_empty() { CancelRequest::default() } else { json::parse(&body)? };
    let key = call.key(&body)?;
    check_version(&call, order_id).await?;
    let reason = request.reason.map(|reason| reason_of("/reason", &reason)).transpose()?;
    let receipt = call.submit(Command::CancelOrder { order_id, reason }, key).await?;
    Ok(answer(&call, 200, &receipt, None)?.1)
}

/// `If-Match`, where it was sent. An order that is cancelled already is let through: the retry of
/// a cancellation names the version before it, and is answered like the first.
async fn check_version(call: &Call, order_id: OrderId) -> Result<(), Problem> {
    if !call.headers().contains_key("if-match") {
        return Ok(());
    }
    let order = call.order(order_id).await?;
    if order.status == Status::Cancelled || reply::if_match(call.headers(), &version_tag(&order)) {
        return Ok(());
    }
    Err(Problem::new(&table::VERSION_MISMATCH).member("version", order.version()))
}

/// A reason that somebody wrote.
///
/// # Errors
/// What is wrong with it.
pub fn reason_of(pointer: &str, reason: &Str<'_>) -> Result<Reason, Problem> {
    let refuse = |error| Problem::invalid(vec![text_error(pointer, error)]);
    clean(&reason.0, REASON_CHARS_MAX).and_then(Reason::parse).map_err(refuse)
}

/// The order of a receipt, and its answer: the same bytes for every twin.
fn answer(
    call: &Call,
    status: u16,
    receipt: &Receipt,
    personal: Option<Vec<u8>>,
) -> Result<(Arc<Order>, Response), Problem> {
    let Outcome::Order(order) = &receipt.outcome else {
        tracing::error!(outcome = ?receipt.outcome, "a command on an order had another outcome");
        return Err(
            Problem::new(&table::INTERNAL).header(CONNECTION, HeaderValue::from_static("close"))
        );
    };
    let mut response = render(call, status, order, personal);
    reply::set(&mut response, ETAG, &version_tag(order));
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok((Arc::clone(order), response))
}

fn version_tag(order: &Order) -> String {
    format!("\"{}\"", order.version())
}

fn render(call: &Call, status: u16, order: &Order, personal: Option<Vec<u8>>) -> Response {
    let personal = personal.or_else(|| call.engine().personal(order));
    let code = store_code(call, order);
    reply::json(status, &view(order, &code, personal.as_deref()))
}

/// The code of an order's store: it never changes, so an answer never does.
pub(super) fn store_code(call: &Call, order: &Order) -> String {
    let store_id = order.placed.store_id;
    call.engine().catalogue(|catalogue| {
        catalogue.store(store_id).map_or_else(String::new, |store| store.code.to_string())
    })
}

pub(super) fn view<'a>(
    order: &'a Order,
    store_code: &'a str,
    personal: Option<&'a [u8]>,
) -> OrderView<'a> {
    let personal = personal.and_then(|bytes| serde_json::from_slice::<Personal>(bytes).ok());
    OrderView { order, store_code, personal }
}
