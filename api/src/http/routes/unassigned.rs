//! Captured money that named no order, for the back office: the list, and the call that gives it to
//! the order that waits for it.

use super::orders::answer;
use crate::http::gateway::call::Call;
use crate::http::problem::{Problem, table};
use crate::http::{json, reply};
use crate::rfc3339::Rfc3339;
use axum::response::Response;
use kirana_domain::loose::Loose;
use kirana_domain::payment::ProviderId;
use kirana_domain::{LooseCommand, OrderId};
use kirana_engine::Command;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Entries of one answer; those without an order stand first.
const ENTRIES_MAX: usize = 1_000;

#[derive(Serialize)]
struct LooseView<'a> {
    razorpay_payment_id: &'a str,
    amount_paise: i64,
    status: &'static str,
    razorpay_order_id: Option<&'a str>,
    /// The order that its notes name, which proves nothing.
    noted_order_id: Option<Uuid>,
    seen_at: Rfc3339,
    /// The order that has it now.
    order_id: Option<Uuid>,
    /// The role and the person of the one who gave it to the order.
    assigned_by: Option<&'static str>,
    assigned_by_id: Option<Uuid>,
    assigned_at: Option<Rfc3339>,
}

impl<'a> From<&'a Loose> for LooseView<'a> {
    fn from(loose: &'a Loose) -> Self {
        let Loose { charge, seen_at_ms, assigned } = loose;
        Self {
            razorpay_payment_id: &charge.id,
            amount_paise: charge.amount.0,
            status: if assigned.is_some() { "assigned" } else { "unassigned" },
            razorpay_order_id: charge.provider_order_id.as_deref(),
            noted_order_id: charge.hint.map(|id| id.0),
            seen_at: Rfc3339(*seen_at_ms),
            order_id: assigned.map(|it| it.order_id.0),
            assigned_by: assigned.map(|it| it.by.role.name()),
            assigned_by_id: assigned.map(|it| it.by.person_id.0).filter(|id| !id.is_nil()),
            assigned_at: assigned.map(|it| Rfc3339(it.at_ms)),
        }
    }
}

#[derive(Serialize)]
struct LooseList<'a> {
    data: Vec<LooseView<'a>>,
    has_more: bool,
    lsn: u64,
}

/// `GET /v1/payments/unassigned`: those without an order first, then the newest.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let (book, lsn) = call.engine().loose();
    let mut loose: Vec<&Loose> = book.iter().collect();
    loose.sort_by_key(|it| (it.assigned.is_some(), std::cmp::Reverse(it.seen_at_ms)));
    let has_more = loose.len() > ENTRIES_MAX;
    let data = loose.into_iter().take(ENTRIES_MAX).map(LooseView::from).collect();
    Ok(reply::json(200, &LooseList { data, has_more, lsn: lsn.0 }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssignRequest {
    order_id: Uuid,
}

/// `POST /v1/payments/{payment_id}/assign {order_id}`: the order, which has the money now.
pub(crate) async fn assign(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: AssignRequest = json::parse(&body)?;
    let charge_id = call.segment("payment_id").and_then(|id| ProviderId::parse(id).ok());
    let (book, _) = call.engine().loose();
    let charge_id = charge_id.filter(|id| book.get(id).is_some());
    let charge_id = charge_id.ok_or_else(|| Problem::new(&table::PAYMENT_UNKNOWN))?;
    let key = call.key(&body)?;
    let order_id = OrderId(request.order_id);
    let command = Command::Loose(LooseCommand::Assign { charge_id, order_id });
    let receipt = call.submit(command, key).await?;
    Ok(answer(&call, 200, &receipt, None)?.1)
}
