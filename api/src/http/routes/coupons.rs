//! Coupons: define and list, with what was used of each.

use crate::http::gateway::call::Call;
use crate::http::json;
use crate::http::json::coupons::{CouponRequest, CouponView, OwnCouponView};
use crate::http::problem::{Problem, table};
use crate::http::reply;
use axum::response::Response;
use kirana_domain::limits::PRICE_PAISE_MAX;
use kirana_domain::{Coupon, CouponCode, CouponUses, Paise, Store, StoreId, Weather};
use kirana_engine::Command;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnQuery {
    store_id: Option<Uuid>,
    /// The item total of a basket; without it, the smallest that each coupon is for.
    subtotal_paise: Option<i64>,
}

#[derive(Serialize)]
struct OwnPage<'a> {
    data: Vec<OwnCouponView<'a>>,
    next_cursor: Option<&'a str>,
    has_more: bool,
}

/// `GET /v1/me/coupons?store_id=&subtotal_paise=`: the coupons that the customer can use now, and
/// those that they could use with more in the basket. By store and code.
pub(crate) async fn own(call: Call) -> Result<Response, Problem> {
    let OwnQuery { store_id, subtotal_paise } = call.query()?;
    if subtotal_paise.is_some_and(|subtotal| !(0..=PRICE_PAISE_MAX).contains(&subtotal)) {
        return Err(Problem::query("subtotal_paise", "is the price of the items, in paise"));
    }
    let (customer_id, store_id) = (call.person()?.person_id, store_id.map(StoreId));
    let stores: Vec<Arc<Store>> = call.engine().catalogue(|catalogue| {
        let is_asked = |store: &&Arc<Store>| store_id.is_none_or(|id| id == store.id);
        catalogue.stores().filter(is_asked).cloned().collect()
    });
    if stores.is_empty() && store_id.is_some() {
        return Err(Problem::new(&table::STORE_UNKNOWN));
    }
    let mut checked = Vec::new();
    for store in &stores {
        let coupons: Vec<Arc<Coupon>> = call.engine().coupons(|book| {
            book.of_store(store.id).map(|(coupon, _)| Arc::clone(coupon)).collect()
        });
        for coupon in coupons {
            let subtotal = subtotal_paise.map_or(coupon.minimum, Paise);
            let fee = store.delivery_fee(subtotal, Weather::Normal);
            let (off_items, off_fee) = coupon.discount(subtotal, fee);
            let discount = off_items + off_fee;
            let amounts = (subtotal, discount);
            let fit = call.engine().check_coupon(&coupon, Some(customer_id), amounts);
            checked.push((coupon, fit, subtotal_paise.map(|_| discount)));
        }
    }
    let usable = checked
        .iter()
        .filter_map(|(coupon, fit, discount)| OwnCouponView::new(coupon, *fit, *discount));
    let data = usable.collect();
    Ok(reply::json(200, &OwnPage { data, next_cursor: None, has_more: false }))
}

/// The sums without the list of customers.
fn totals(uses: &CouponUses) -> CouponUses {
    let mut totals = CouponUses::default();
    (totals.uses, totals.spent) = (uses.uses, uses.spent);
    totals
}
