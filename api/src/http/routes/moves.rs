//! The moves of an order: cancel, accept, pick, pack, bring, hand over.
//!
//! Every one is a command to the order's actor. `If-Match` goes with it and is compared there, so
//! nothing happens to the order between the comparison and the decision.

use super::orders::{answer, reason_of};
use super::version;
use crate::http::gateway::call::Call;
use crate::http::json::text::Str;
use crate::http::problem::{FieldError, Gathered, Problem, table};
use crate::http::{json, reply};
use axum::response::Response;
use kirana_domain::limits::BASKET_LINES_MAX;
use kirana_domain::order::{OrderCommand, Substitute};
use kirana_domain::record::Reason;
use kirana_domain::{CalendarDay, Move, OrderId, Paise, PersonId, ProductId, StockLine};
use kirana_engine::{Command, Receipt};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A body that has a reason at the most.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasoned<'a> {
    #[serde(borrow)]
    reason: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShortPickRequest<'a> {
    lines: Vec<MissingLine>,
    #[serde(borrow)]
    reason: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MissingLine {
    product_id: Uuid,
    quantity_missing: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubstituteRequest<'a> {
    missing_product_id: Uuid,
    missing_quantity: i64,
    product_id: Uuid,
    quantity: i64,
    #[serde(borrow)]
    reason: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerRequest<'a> {
    accept: bool,
    #[serde(borrow)]
    reason: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssignRequest<'a> {
    rider_id: Uuid,
    #[serde(borrow)]
    reason: Option<Str<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveredRequest<'a> {
    cash_collected_paise: Option<i64>,
    #[serde(borrow)]
    reason: Option<Str<'a>>,
}

/// `POST /v1/orders/{order_id}/cancel`: cancelling what is cancelled answers the order as it is.
pub(crate) async fn cancel(call: Call) -> Result<Response, Problem> {
    plain(call, |reason| Ok(OrderCommand::Cancel { reason })).await
}

/// `POST /v1/orders/{order_id}/accept`
pub(crate) async fn accept(call: Call) -> Result<Response, Problem> {
    plain(call, |reason| Ok(OrderCommand::Accept { reason })).await
}

/// `POST /v1/orders/{order_id}/reject {reason}`
pub(crate) async fn reject(call: Call) -> Result<Response, Problem> {
    plain(call, |reason| Ok(OrderCommand::Reject { reason: needed(reason)? })).await
}

/// `POST /v1/orders/{order_id}/pack`
pub(crate) async fn pack(call: Call) -> Result<Response, Problem> {
    plain(call, |reason| Ok(OrderCommand::Pack { reason })).await
}

/// `POST /v1/orders/{order_id}/accept-assignment`
pub(crate) async fn accept_assignment(call: Call) -> Result<Response, Problem> {
    plain(call, |reason| Ok(OrderCommand::AcceptAssignment { reason })).await
}

/// `POST /v1/orders/{order_id}/decline-assignment`
pub(crate) async fn decline_assignment(call: Call) -> Result<Response, Problem> {
    plain(call, |reason| Ok(OrderCommand::DeclineAssignment { reason })).await
}

/// `POST /v1/orders/{order_id}/picked-up`
pub(crate) async fn picked_up(call: Call) -> Result<Response, Problem> {
    plain(call, |reason| Ok(OrderCommand::PickUp { reason })).await
}

/// `POST /v1/orders/{order_id}/out-for-delivery`
pub(crate) async fn out_for_delivery(call: Call) -> Result<Response, Problem> {
    plain(call, |reason| Ok(OrderCommand::SetOut { reason })).await
}

/// `POST /v1/orders/{order_id}/failed {reason}`
pub(crate) async fn failed(call: Call) -> Result<Response, Problem> {
    plain(call, |reason| Ok(OrderCommand::Fail { reason: needed(reason)? })).await
}

/// `POST /v1/orders/{order_id}/short-pick {lines}`: the same product in two lines counts together.
pub(crate) async fn short_pick(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: ShortPickRequest = json::parse(&body)?;
    let mut missing = BTreeMap::<ProductId, u32>::new();
    if request.lines.len() > BASKET_LINES_MAX {
        return Err(Problem::field("/lines", "TOO_MANY", "has too many lines"));
    }
    let mut gathered = Gathered::default();
    for (index, line) in request.lines.iter().enumerate() {
        let pointer = format!("/lines/{index}/quantity_missing");
        let more = gathered.check(units_of(&pointer, line.quantity_missing)).unwrap_or_default();
        let units = missing.entry(ProductId(line.product_id)).or_default();
        *units = units.saturating_add(more);
    }
    let reason = gathered.check(optional(request.reason.as_ref())).flatten();
    gathered.end()?;
    let missing = missing.into_iter().map(|(product_id, units)| StockLine { product_id, units });
    let missing = missing.collect();
    make(&call, &body, OrderCommand::ShortPick { missing, reason }).await
}

/// `POST /v1/orders/{order_id}/substitute`: another product of the order's store for one that is
/// missing.
pub(crate) async fn substitute(mut call: Call) -> Result<Response, Problem> {
    let order_id = call.order_id().await?;
    let body = call.json_body(&["application/json"]).await?;
    let request: SubstituteRequest = json::parse(&body)?;
    let mut gathered = Gathered::default();
    let missing_units = gathered.check(units_of("/missing_quantity", request.missing_quantity));
    let units = gathered.check(units_of("/quantity", request.quantity));
    let reason = gathered.check(optional(request.reason.as_ref()));
    let (Some(missing_units), Some(units), Some(reason)) = (missing_units, units, reason) else {
        return Err(gathered.refusal());
    };
    let substitute = Substitute {
        missing: ProductId(request.missing_product_id),
        missing_units,
        instead: ProductId(request.product_id),
        units,
    };
    let entry = call.within(call.engine().order_entry(order_id)).await??;
    let today = CalendarDay::of(call.engine().now_ms());
    let item = entry.and_then(|entry| {
        call.engine().catalogue(|catalogue| {
            let store = catalogue.store(entry.parties().store_id)?;
            let product = catalogue.sold(store.id, substitute.instead)?;
            Some(catalogue.gst.taxed(store, &product.item, today))
        })
    });
    let unknown = || {
        let kind = &table::UNKNOWN_PRODUCT;
        Problem::new(kind)
            .member("product_id", request.product_id.to_string())
            .errors(vec![FieldError::new("/product_id", kind.code, kind.title)])
    };
    let item = item.ok_or_else(unknown)?;
    make(&call, &body, OrderCommand::Substitute { substitute, item, reason }).await
}

/// `POST /v1/orders/{order_id}/substitutions/{product_id}/answer {accept}`: of the product that is
/// missing.
pub(crate) async fn answer_substitution(mut call: Call) -> Result<Response, Problem> {
    let product_id = call.product_id()?;
    let body = call.json_body(&["application/json"]).await?;
    let request: AnswerRequest = json::parse(&body)?;
    let (agree, reason) = (request.accept, optional(request.reason.as_ref())?);
    make(&call, &body, OrderCommand::AnswerSubstitution { product_id, agree, reason }).await
}

/// `POST /v1/orders/{order_id}/assign {rider_id}`
pub(crate) async fn assign(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: AssignRequest = json::parse(&body)?;
    let (rider_id, reason) = (PersonId(request.rider_id), optional(request.reason.as_ref())?);
    make(&call, &body, OrderCommand::Assign { rider_id, reason }).await
}

/// `POST /v1/orders/{order_id}/delivered {cash_collected_paise?}`: nothing was collected unless it
/// says so.
pub(crate) async fn delivered(mut call: Call) -> Result<Response, Problem> {
    let body = call.optional_json_body().await?;
    let request: DeliveredRequest =
        if body.is_empty() { DeliveredRequest::default() } else { json::parse(&body)? };
    let cash = Paise(request.cash_collected_paise.unwrap_or(0));
    let reason = optional(request.reason.as_ref())?;
    let command = OrderCommand::Deliver { cash, reason };
    let receipt = submit(&call, call.order_id().await?, &body, command).await?;
    if let (false, Ok(paise @ 1..)) = (receipt.replayed, u64::try_from(cash.0)) {
        metrics::counter!("kirana_cod_collected_paise_total").increment(paise);
    }
    Ok(answer(&call, 200, &receipt, None)?.1)
}

/// A move whose body has a reason at the most.
async fn plain(
    mut call: Call,
    command: impl FnOnce(Option<Reason>) -> Result<OrderCommand, Problem>,
) -> Result<Response, Problem> {
    let body = call.optional_json_body().await?;
    let request: Reasoned = if body.is_empty() { Reasoned::default() } else { json::parse(&body)? };
    let command = command(optional(request.reason.as_ref())?)?;
    make(&call, &body, command).await
}

async fn make(call: &Call, body: &[u8], command: OrderCommand) -> Result<Response, Problem> {
    let receipt = submit(call, call.order_id().await?, body, command).await?;
    Ok(answer(call, 200, &receipt, None)?.1)
}

/// Has a command of an order carried out. A move that is not possible is answered with those that
/// are.
pub(super) async fn submit(
    call: &Call,
    order_id: OrderId,
    body: &[u8],
    command: OrderCommand,
) -> Result<Receipt, Problem> {
    let key = call.key(body)?;
    let expected_version = match version::if_match(call.headers())? {
        // With one there is nothing to choose, so the order is not read before its actor does.
        Some(seen) if seen.len() < 2 => Some(version::expected(&seen, NOT_READ)),
        Some(seen) => Some(version::expected(&seen, call.order(order_id).await?.version())),
        None => None,
    };
    let command = Command::Order { order_id, command, expected_version };
    match call.submit(command, key).await {
        Err(problem) if is_illegal(&problem) => {
            let order = call.order(order_id).await?;
            let possible = Move::possible(&order, &call.person()?);
            Err(problem
                .member("order_status", order.status.name())
                .member("possible_moves", json!(possible)))
        }
        outcome => outcome,
    }
}

fn is_illegal(problem: &Problem) -> bool {
    [&table::ILLEGAL_MOVE, &table::NOT_CANCELLABLE].contains(&problem.kind())
}

/// A version that no order has.
const NOT_READ: u64 = 0;

fn optional(reason: Option<&Str<'_>>) -> Result<Option<Reason>, Problem> {
    reason.map(|reason| reason_of("/reason", reason)).transpose()
}

fn needed(reason: Option<Reason>) -> Result<Reason, Problem> {
    reason.ok_or_else(|| Problem::field("/reason", "MISSING", "this field is required"))
}

/// Units of one line; zero is the domain's to refuse.
pub(super) fn units_of(pointer: &str, quantity: i64) -> Result<u32, Problem> {
    let wrong = || Problem::field(pointer, "OUT_OF_RANGE", "is out of range");
    u32::try_from(quantity).map_err(|_| wrong())
}

/// The tag of an answer that has a version of its own.
pub(super) fn set_version(response: &mut Response, version: u64) {
    reply::set(response, axum::http::header::ETAG, &format!("\"{version}\""));
}
