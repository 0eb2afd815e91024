//! Stock: receive, adjust, read, query.

use super::log;
use super::orders::reason_of;
use crate::http::gateway::call::Call;
use crate::http::json;
use crate::http::json::text::Str;
use crate::http::json::views::StockView;
use crate::http::problem::{FieldError, Gathered, Problem, table};
use crate::http::reply;
use crate::rfc3339::Rfc3339;
use axum::response::Response;
use kirana_domain::limits::{STOCK_LINES_MAX, STOCK_MOVE_UNITS_MAX};
use kirana_domain::record::{Event, Reason};
use kirana_domain::{ProductId, ReceivedLine, StockChange};
use kirana_engine::{Command, Receipt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveRequest<'a> {
    #[serde(borrow)]
    lines: Vec<MoveLine<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveLine<'a> {
    product_id: Uuid,
    quantity: i64,
    #[serde(borrow)]
    reason: Option<Str<'a>>,
}

/// `POST /v1/stores/{store_id}/stock/receive`: lines of the same product are added up. A reason is
/// kept where there is one.
pub(crate) async fn receive(mut call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let body = call.json_body(&["application/json"]).await?;
    let request: MoveRequest = json::parse(&body)?;
    let key = call.key(&body)?;
    check_count(request.lines.len())?;
    let mut sums = BTreeMap::<ProductId, i64>::new();
    let mut reasons = BTreeMap::<ProductId, Reason>::new();
    let mut gathered = Gathered::default();
    for (index, line) in request.lines.iter().enumerate() {
        gathered.check(if line.quantity < 1 {
            Err(out_of_range(index, "TOO_SMALL", "must be above zero"))
        } else {
            add(&mut sums, index, line)
        });
        let reason = line.reason.as_ref();
        let reason = reason.map(|reason| reason_of(&at(index, "reason"), reason)).transpose();
        if let Some(reason) = gathered.check(reason).flatten() {
            gathered.check(keep(&mut reasons, index, line, &reason));
        }
    }
    gathered.end()?;
    let line = |(product_id, units)| {
        let reason = reasons.remove(&product_id);
        Some(ReceivedLine { product_id, units: u32::try_from(units).ok()?, reason })
    };
    let lines = sums.into_iter().filter_map(line).collect();
    moved(&call.submit(Command::ReceiveStock { store_id, lines }, key).await?)
}

/// `POST /v1/stores/{store_id}/stock/adjust`: signed, each with a reason.
pub(crate) async fn adjust(mut call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let body = call.json_body(&["application/json"]).await?;
    let request: MoveRequest = json::parse(&body)?;
    let key = call.key(&body)?;
    check_count(request.lines.len())?;
    let mut sums = BTreeMap::<ProductId, i64>::new();
    let mut reasons = BTreeMap::<ProductId, Reason>::new();
    let mut gathered = Gathered::default();
    for (index, line) in request.lines.iter().enumerate() {
        gathered.check(if line.quantity == 0 {
            Err(out_of_range(index, "ZERO", "must not be zero"))
        } else {
            add(&mut sums, index, line)
        });
        let pointer = at(index, "reason");
        let reason = line.reason.as_ref().map_or_else(
            || Err(Problem::field(&pointer, "MISSING", "an adjustment has a reason")),
            |reason| reason_of(&pointer, reason),
        );
        if let Some(reason) = gathered.check(reason) {
            gathered.check(keep(&mut reasons, index, line, &reason));
        }
    }
    gathered.end()?;
    let lines: Vec<_> = sums
        .into_iter()
        .zip(reasons.into_values())
        .filter(|((_, units), _)| *units != 0)
        .filter_map(|((product_id, units), reason)| {
            Some(StockChange { product_id, delta: i32::try_from(units).ok()?, reason })
        })
        .collect();
    if lines.is_empty() {
        return Err(Problem::field("/lines", "NOTHING", "the lines cancel each other out"));
    }
    moved(&call.submit(Command::AdjustStock { store_id, lines }, key).await?)
}

fn at(index: usize, field: &str) -> String {
    format!("/lines/{index}/{field}")
}

fn out_of_range(index: usize, code: &'static str, detail: &'static str) -> Problem {
    Problem::field(at(index, "quantity"), code, detail)
}

fn check_count(count: usize) -> Result<(), Problem> {
    match count {
        0 => Err(Problem::field("/lines", "EMPTY", "must have at least one line")),
        1..=STOCK_LINES_MAX => Ok(()),
        _ => Err(Problem::field("/lines", "TOO_MANY", "has too many lines")),
    }
}

/// Adds a line to its product's sum, while the sum stays a move that one record may make.
fn add(
    sums: &mut BTreeMap<ProductId, i64>,
    index: usize,
    line: &MoveLine<'_>,
) -> Result<(), Problem> {
    let sum = sums.entry(ProductId(line.product_id)).or_default();
    *sum = sum.saturating_add(line.quantity);
    if sum.unsigned_abs() <= STOCK_MOVE_UNITS_MAX.into() {
        Ok(())
    } else {
        Err(out_of_range(index, "TOO_LARGE", "is more than one move may have"))
    }
}

/// Keeps the reason of a line's product. Two reasons for one product cannot both be kept: say so
/// instead of choosing.
fn keep(
    reasons: &mut BTreeMap<ProductId, Reason>,
    index: usize,
    line: &MoveLine<'_>,
    reason: &Reason,
) -> Result<(), Problem> {
    let before = reasons.entry(ProductId(line.product_id)).or_insert_with(|| reason.clone());
    if before == reason {
        return Ok(());
    }
    let detail = "one product is moved for one reason at a time";
    Err(Problem::field(at(index, "reason"), "TWO_REASONS", detail))
}

#[derive(Serialize)]
struct Moved {
    store_id: Uuid,
    lines: Vec<Value>,
    at: Rfc3339,
    lsn: u64,
}

/// The answer to a receipt or an adjustment, from its record: the same for every twin.
fn moved(receipt: &Receipt) -> Result<Response, Problem> {
    let record = receipt.record()?;
    let (store_id, lines) = match &record.event {
        Event::StockReceived { store_id, lines } => {
            let line = |l: &ReceivedLine| {
                let mut line = json!({ "product_id": l.product_id.0, "quantity": l.units });
                if let Some(reason) = &l.reason {
                    line["reason"] = (**reason).into();
                }
                line
            };
            (*store_id, lines.iter().map(line).collect())
        }
        Event::StockAdjusted { store_id, lines } => {
            let line = |l: &StockChange| {
                let reason = &*l.reason;
                json!({ "product_id": l.product_id.0, "quantity": l.delta, "reason": reason })
            };
            (*store_id, lines.iter().map(line).collect())
        }
        _ => return Err(Problem::new(&table::INTERNAL)),
    };
    let (at, lsn) = (Rfc3339(record.at_ms), receipt.lsn.0);
    let mut response = reply::json(200, &Moved { store_id: store_id.0, lines, at, lsn });
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadQuery {
    /// A position of the log, or a moment.
    as_of: Option<String>,
}

/// `GET /v1/stores/{store_id}/stock/{product_id}?as_of=`: the whole ledger, now or as it was then,
/// for staff.
pub(crate) async fn read(call: Call) -> Result<Response, Problem> {
    let (store_id, id) = (call.store_id()?, call.product_id()?);
    let ReadQuery { as_of } = call.query()?;
    if call.engine().catalogue(|catalogue| catalogue.product(store_id, id).is_none()) {
        return Err(Problem::new(&table::PRODUCT_UNKNOWN));
    }
    let (stock, lsn) = match as_of {
        Some(as_of) => {
            let then = call.engine().stock_then(store_id, id, log::as_of(&call, &as_of)?);
            call.within(then).await??
        }
        None => call.engine().stock(store_id, id),
    };
    Ok(reply::json(200, &StockView::new(id.0, &stock, lsn.0)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QueryRequest {
    product_ids: Vec<Uuid>,
}

/// Products of one query.
const QUERY_PRODUCTS_MAX: usize = 500;

#[derive(Serialize)]
struct Available {
    product_id: Uuid,
    available: i64,
}

/// `POST /v1/stores/{store_id}/stock/query`: what can be had now, for everybody.
pub(crate) async fn query(mut call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let body = call.json_body(&["application/json"]).await?;
    let QueryRequest { product_ids } = json::parse(&body)?;
    if product_ids.len() > QUERY_PRODUCTS_MAX {
        return Err(Problem::field("/product_ids", "TOO_MANY", "has too many products"));
    }
    let ids: Vec<_> = product_ids.iter().copied().map(ProductId).collect();
    let mut errors = Vec::new();
    call.engine().catalogue(|catalogue| {
        for (index, id) in ids.iter().enumerate() {
            if catalogue.product(store_id, *id).is_none() {
                let pointer = format_args!("/product_ids/{index}").to_string();
                let detail = "this store does not sell it";
                errors.push(FieldError::new(pointer, "UNKNOWN_PRODUCT", detail));
            }
        }
    });
    if !errors.is_empty() {
        return Err(Problem::new(&table::UNKNOWN_PRODUCT).errors(errors));
    }
    let (stocks, lsn) = call.engine().stocks(store_id, &ids);
    let available = |(product_id, stock): (&Uuid, &kirana_domain::Stock)| Available {
        product_id: *product_id,
        available: stock.available,
    };
    let data: Vec<_> = product_ids.iter().zip(&stocks).map(available).collect();
    Ok(reply::json(200, &json!({ "data": data, "lsn": lsn.0 })))
}
