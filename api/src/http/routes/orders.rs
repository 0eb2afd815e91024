//! Orders: read, history; and what placing and quoting them have in common.

use super::log;
use crate::http::gateway::call::Call;
use crate::http::json::text::{Str, text_error};
use crate::http::json::views::{FactView, OrderView, RiderView};
use crate::http::problem::{FieldError, Problem, table};
use crate::http::reply;
use axum::http::header::ETAG;
use axum::response::Response;
use kirana_domain::limits::LINE_UNITS_MAX;
use kirana_domain::record::Reason;
use kirana_domain::{Basket, BasketLine, Order, PaymentMethod, ProductId, Rejection};
use kirana_engine::Receipt;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// One line of a basket as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemRequest {
    product_id: Uuid,
    quantity: i64,
}

/// Points at the lines of the product that a refusal is about.
pub(crate) fn point_at_items(problem: Problem, items: &[ItemRequest]) -> Problem {
    let kind = problem.kind();
    let product_id = problem.member_text("product_id").and_then(|id| Uuid::try_parse(id).ok());
    let lines = items.iter().enumerate().filter(|(_, item)| Some(item.product_id) == product_id);
    let field = if *kind == table::UNKNOWN_PRODUCT { "product_id" } else { "quantity" };
    let error =
        |(index, _)| FieldError::new(format_args!("/items/{index}/{field}"), kind.code, kind.title);
    let errors: Vec<_> = lines.map(error).collect();
    if errors.is_empty() { problem } else { problem.errors(errors) }
}

/// The payment method of that name.
///
/// # Errors
/// [`table::PAYMENT_METHOD`].
pub(crate) fn payment_method(name: &Str<'_>) -> Result<PaymentMethod, Problem> {
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
pub(crate) fn basket(items: &[ItemRequest]) -> Result<Basket, Problem> {
    let line = |item: &ItemRequest| match u32::try_from(item.quantity) {
        Ok(quantity @ 1..=LINE_UNITS_MAX) => {
            Ok(BasketLine { product_id: ProductId(item.product_id), quantity })
        }
        _ => Err(out_of_range(items, item)),
    };
    let lines = items.iter().map(line).collect::<Result<_, _>>()?;
    Basket::parse(lines).map_err(|rejection| point_at_items(Problem::from(&rejection), items))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadQuery {
    /// A position of the log, or a moment.
    as_of: Option<String>,
}

/// `GET /v1/orders/{order_id}?as_of=`: now, or as it was then.
pub(crate) async fn read(call: Call) -> Result<Response, Problem> {
    let id = call.order_id().await?;
    let ReadQuery { as_of } = call.query()?;
    let (order, rider) = if let Some(as_of) = as_of {
        let then = call.engine().order_then(id, log::as_of(&call, &as_of)?);
        let not_yet = || Problem::new(&table::ORDER_UNKNOWN);
        (call.within(then).await??.ok_or_else(not_yet)?, None)
    } else {
        let order = call.order(id).await?;
        let rider = RiderView::of(call.engine(), &order);
        (order, rider)
    };
    let tag = version_tag(&order);
    // The place of a rider changes, and the version of the order does not.
    let may_be_known = rider.as_ref().is_none_or(|rider| !rider.has_place());
    let mut response = if may_be_known && reply::none_match(call.headers(), &tag) {
        reply::not_modified()
    } else {
        render(&call, 200, (&order, rider), None)
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
    let id = call.order_id().await?;
    let facts = call.within(call.engine().order_history(id)).await??;
    let data: Vec<_> = facts.iter().map(|(lsn, record)| FactView::new(lsn.0, record)).collect();
    Ok(reply::json(200, &History { order_id: id.0, data: &data }))
}

/// A reason that somebody wrote.
///
/// # Errors
/// The fault of the reason.
pub(crate) fn reason_of(pointer: &str, reason: &Str<'_>) -> Result<Reason, Problem> {
    let refuse = |error| Problem::invalid(vec![text_error(pointer, error)]);
    Reason::parse(&reason.0).map_err(refuse)
}

/// The order of a receipt, and its answer: the same bytes for every twin.
pub(super) fn answer(
    call: &Call,
    status: u16,
    receipt: &Receipt,
    personal: Option<Vec<u8>>,
) -> Result<(Arc<Order>, Response), Problem> {
    let order = receipt.order()?;
    let rider = RiderView::of(call.engine(), order).map(RiderView::without_place);
    let mut response = render(call, status, (order, rider), personal);
    reply::set(&mut response, ETAG, &version_tag(order));
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok((Arc::clone(order), response))
}

fn version_tag(order: &Order) -> String {
    format!("\"{}\"", order.version())
}

fn render(
    call: &Call,
    status: u16,
    (order, rider): (&Order, Option<RiderView>),
    personal: Option<Vec<u8>>,
) -> Response {
    let personal = personal.or_else(|| call.engine().personal(order));
    let code = store_code(call, order);
    reply::json(status, &OrderView::new(order, &code, personal.as_deref()).with_rider(rider))
}

/// The code of an order's store: it never changes, so an answer never does.
pub(super) fn store_code(call: &Call, order: &Order) -> String {
    let store_id = order.placed.store_id;
    call.engine().catalogue(|catalogue| {
        catalogue.store(store_id).map_or_else(String::new, |store| store.code.to_string())
    })
}
