//! Giving money back by the decision of support, and what did not work at the provider.

use super::moves::{self, set_version, units_of};
use super::orders::reason_of;
use super::payments::{RefundView, TroubleView};
use crate::http::gateway::call::Call;
use crate::http::json::text::Str;
use crate::http::problem::{Gathered, Problem};
use crate::http::{json, reply};
use axum::response::Response;
use kirana_domain::limits::{BASKET_LINES_MAX, ONLINE_PAISE_MIN, PRICE_PAISE_MAX};
use kirana_domain::order::{OrderCommand, RefundOf};
use kirana_domain::payment::RefundReason;
use kirana_domain::{Paise, ProductId, StockLine};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Orders of one answer; more than that in trouble are one trouble, of the provider.
const OUTBOX_ORDERS_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundRequest<'a> {
    amount_paise: Option<i64>,
    lines: Option<Vec<Line>>,
    #[serde(borrow)]
    reason: Str<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    product_id: Uuid,
    quantity: i64,
}

#[derive(Serialize)]
struct Refunded<'a> {
    order_id: Uuid,
    payment_status: &'static str,
    refund: Option<RefundView<'a>>,
    lsn: u64,
}

/// `POST /v1/orders/{order_id}/refunds {amount_paise?|lines?, reason}`: all that is left unless it
/// says how much. 201 says that it is owed; the provider is told after that.
pub(crate) async fn make(mut call: Call) -> Result<Response, Problem> {
    let order_id = call.order_id().await?;
    let body = call.json_body(&["application/json"]).await?;
    let request: RefundRequest = json::parse(&body)?;
    let mut gathered = Gathered::default();
    let reason = gathered.check(reason_of("/reason", &request.reason));
    let of = gathered.check(refund_of(&request));
    let (Some(reason), Some(of)) = (reason, of) else { return Err(gathered.refusal()) };
    let command = OrderCommand::Refund { of, reason };
    let receipt = moves::submit(&call, order_id, &body, command).await?;
    let order = receipt.order()?;
    if !receipt.replayed {
        metrics::counter!("kirana_support_refunds_total").increment(1);
    }
    let refunds = order.payment.as_deref().map_or(&[][..], |payment| &payment.refunds);
    let newest = refunds.iter().rev().find(|refund| refund.reason == RefundReason::Support);
    let answer = Refunded {
        order_id: order_id.0,
        payment_status: order.payment_status().name(),
        refund: newest.map(|refund| RefundView::new(refund, true)),
        lsn: receipt.lsn.0,
    };
    let mut response = reply::json(201, &answer);
    reply::location(&mut response, &format!("/v1/orders/{order_id}/payments"));
    set_version(&mut response, order.version());
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

fn refund_of(request: &RefundRequest<'_>) -> Result<RefundOf, Problem> {
    match (request.amount_paise, &request.lines) {
        (None, None) => Ok(RefundOf::All),
        (Some(_), Some(_)) => {
            let detail = "give an amount or lines, not both";
            Err(Problem::field("/lines", "TOO_MUCH", detail))
        }
        // The provider pays out whole rupees at the least, and would refuse it for ever.
        (Some(paise), None) if (ONLINE_PAISE_MIN..=PRICE_PAISE_MAX).contains(&paise) => {
            Ok(RefundOf::Amount(Paise(paise)))
        }
        (Some(_), None) => {
            Err(Problem::field("/amount_paise", "OUT_OF_RANGE", "must be one rupee or more"))
        }
        (None, Some(lines)) => units(lines).map(RefundOf::Units),
    }
}

/// The same product in two lines counts together.
fn units(lines: &[Line]) -> Result<Vec<StockLine>, Problem> {
    if lines.is_empty() || lines.len() > BASKET_LINES_MAX {
        return Err(Problem::field("/lines", "OUT_OF_RANGE", "must have a line, and not too many"));
    }
    let mut units = BTreeMap::<ProductId, u32>::new();
    let mut gathered = Gathered::default();
    for (index, line) in lines.iter().enumerate() {
        let pointer = format!("/lines/{index}/quantity");
        let more = gathered.check(units_of(&pointer, line.quantity)).unwrap_or_default();
        let count = units.entry(ProductId(line.product_id)).or_default();
        *count = count.saturating_add(more);
    }
    gathered.end()?;
    let line = |(product_id, units)| StockLine { product_id, units };
    Ok(units.into_iter().map(line).collect())
}

#[derive(Serialize)]
struct OrderInTrouble<'a> {
    order_id: Uuid,
    troubles: Vec<TroubleView<'a>>,
}

#[derive(Serialize)]
struct OutboxView<'a> {
    data: Vec<OrderInTrouble<'a>>,
    has_more: bool,
}

/// `GET /v1/outbox`: what had to be done at the provider and did not work so far.
pub(crate) async fn outbox(call: Call) -> Result<Response, Problem> {
    let troubled = call.engine().troubles();
    let data = troubled
        .iter()
        .take(OUTBOX_ORDERS_MAX)
        .map(|(order_id, payment)| OrderInTrouble {
            order_id: order_id.0,
            troubles: payment.troubles.iter().map(TroubleView::from).collect(),
        })
        .collect();
    let has_more = troubled.len() > OUTBOX_ORDERS_MAX;
    Ok(reply::json(200, &OutboxView { data, has_more }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryRequest<'a> {
    #[serde(borrow)]
    reason: Str<'a>,
}

/// `POST /v1/orders/{order_id}/outbox/retry {reason}`: everything of the order that did not work is
/// tried again at once.
pub(crate) async fn retry(mut call: Call) -> Result<Response, Problem> {
    let order_id = call.order_id().await?;
    let body = call.json_body(&["application/json"]).await?;
    let request: RetryRequest = json::parse(&body)?;
    let reason = Some(reason_of("/reason", &request.reason)?);
    let receipt =
        moves::submit(&call, order_id, &body, OrderCommand::RetryEffects { reason }).await?;
    Ok(super::orders::answer(&call, 200, &receipt, None)?.1)
}
