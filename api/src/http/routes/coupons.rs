//! Coupons: define and list, with what was used of each.

use crate::http::gateway::call::Call;
use crate::http::json;
use crate::http::json::coupons::{CouponRequest, CouponView};
use crate::http::problem::{Problem, table};
use crate::http::reply;
use axum::response::Response;
use kirana_domain::{Coupon, CouponCode, CouponUses};
use kirana_engine::Command;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
struct Defined<'a> {
    #[serde(flatten)]
    coupon: CouponView<'a>,
    lsn: u64,
}

/// `PUT /v1/stores/{store_id}/coupons/{code}`: defines it, or defines it anew. What was used of it
/// stays used.
pub(crate) async fn define(mut call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let body = call.json_body(&["application/json"]).await?;
    let request: CouponRequest = json::parse(&body)?;
    let key = call.key(&body)?;
    let coupon = request.into_coupon(store_id, code_of(&call)?)?;
    let receipt = call.submit(Command::DefineCoupon { coupon: coupon.clone() }, key).await?;
    let uses = call.engine().coupons(|book| book.uses(store_id, &coupon.code).clone());
    let coupon = CouponView::new(&coupon, &uses);
    let mut response = reply::json(200, &Defined { coupon, lsn: receipt.lsn.0 });
    reply::mark_replayed(&mut response, receipt.replayed);
    Ok(response)
}

fn code_of(call: &Call) -> Result<CouponCode, Problem> {
    let code = call.segment("code").and_then(CouponCode::parse);
    code.ok_or_else(|| {
        let detail = "a coupon's code has 3 to 32 letters, digits and hyphens";
        Problem::new(&table::INVALID).hint(detail)
    })
}

#[derive(Serialize)]
struct Page<'a> {
    data: Vec<CouponView<'a>>,
    next_cursor: Option<&'a str>,
    has_more: bool,
}

/// `GET /v1/stores/{store_id}/coupons`: by code. A store has a bounded number, so the list is
/// whole.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let store_id = call.store_id()?;
    let coupons: Vec<(Arc<Coupon>, CouponUses)> = call.engine().coupons(|book| {
        let entries = book.of_store(store_id);
        entries.map(|(coupon, uses)| (Arc::clone(coupon), totals(uses))).collect()
    });
    let data = coupons.iter().map(|(coupon, uses)| CouponView::new(coupon, uses)).collect();
    Ok(reply::json(200, &Page { data, next_cursor: None, has_more: false }))
}

/// The sums without the list of customers.
fn totals(uses: &CouponUses) -> CouponUses {
    let mut totals = CouponUses::default();
    (totals.uses, totals.spent) = (uses.uses, uses.spent);
    totals
}
