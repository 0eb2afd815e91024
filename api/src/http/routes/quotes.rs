//! Quotes: what a basket would cost now, and every reason for which an order of it would be
//! refused now, stock aside. Nothing is held and nothing is changed.

use super::addresses;
use super::checkout::{coupon_of, payable, preference_of, unknown_address};
use super::orders::{ItemRequest, basket, payment_method, point_at_items};
use crate::http::gateway::call::Call;
use crate::http::json::service::{self, Serviceability};
use crate::http::json::text::Str;
use crate::http::json::views::QuoteView;
use crate::http::json::{self, book, point};
use crate::http::language::Language;
use crate::http::problem::{Gathered, Problem, table};
use crate::http::quotas::Group;
use crate::http::reply;
use axum::response::Response;
use kirana_domain::customers::Buyer;
use kirana_domain::{
    AddressId, Basket, CouponCode, CouponIssue, Customer, PaymentMethod, PersonId, Point,
    Rejection, Role, StoreId,
};
use kirana_engine::{Basis, Priced, Wanted};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuoteRequest<'a> {
    store_id: Uuid,
    items: Vec<ItemRequest>,
    #[serde(borrow)]
    payment_method: Option<Str<'a>>,
    #[serde(borrow)]
    coupon_code: Option<Str<'a>>,
    #[serde(borrow)]
    substitution: Option<Str<'a>>,
    #[serde(borrow)]
    lat: Option<&'a RawValue>,
    #[serde(borrow)]
    lng: Option<&'a RawValue>,
    address_id: Option<Uuid>,
}

#[derive(Serialize)]
struct QuoteAnswer<'a> {
    store_id: Uuid,
    #[serde(flatten)]
    quote: QuoteView<'a>,
    order_minimum_paise: i64,
    serviceability: Serviceability,
    promise_minutes: Option<(u16, u16)>,
    /// False while an order of this basket would be refused, stock aside.
    orderable: bool,
    issues: Vec<Issue>,
}

#[derive(Serialize)]
struct Issue {
    code: &'static str,
    detail: &'static str,
    /// Reason of a coupon that may not be used.
    reason: Option<&'static str>,
}

impl Issue {
    fn of(no: &Rejection, language: Language) -> Self {
        let reason = match no {
            Rejection::Coupon { issue } => Some(issue.name()),
            _ => None,
        };
        let problem = Problem::from(no);
        let detail = problem.sentence().in_language(language);
        Self { code: problem.kind().code, detail, reason }
    }
}

/// `POST /v1/quotes`
pub(crate) async fn make(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let request: QuoteRequest = json::parse(&body)?;
    if request.coupon_code.is_some() {
        call.spend(Group::Coupons)?;
    }
    let mut gathered = Gathered::default();
    let method = gathered.check(request.payment_method.as_ref().map(payment_method).transpose());
    let basket = gathered.check(basket(&request.items));
    gathered.check(request.substitution.as_ref().map(preference_of).transpose());
    let customer_id = customer_of(&call);
    let point = gathered.check(place_of(&call, &request, customer_id));
    let (Some(method), Some(basket), Some(point)) = (method, basket, point) else {
        return Err(gathered.refusal());
    };
    gathered.end()?;
    let asked =
        Asked { store_id: StoreId(request.store_id), basket: &basket, point, customer_id, method };
    let coupon = request.coupon_code.as_ref().map(coupon_of).transpose();
    // What cannot be a code is no coupon: said among the issues, like any other unknown one.
    let coupon = coupon.map_err(|_| CouponIssue::Unknown);
    let (priced, issues) =
        asked.price(&call, coupon).map_err(|problem| point_at_items(problem, &request.items))?;
    let no = priced.not_served.as_ref();
    let serviceability = call.engine().catalogue(|catalogue| {
        service::at_store(catalogue, &priced.store, asked.point, (&priced.served, no))
    });
    let language = Language::of(call.headers());
    let answer = QuoteAnswer {
        store_id: request.store_id,
        quote: QuoteView(&priced.quote),
        order_minimum_paise: priced.store.order_minimum.0,
        serviceability,
        promise_minutes: priced.promise(),
        orderable: issues.is_empty(),
        issues: issues.iter().map(|no| Issue::of(no, language)).collect(),
    };
    Ok(reply::json(200, &answer))
}

/// Returns the caller, if they are a customer.
fn customer_of(call: &Call) -> Option<PersonId> {
    let principal = call.principal.filter(|principal| principal.role == Role::Customer)?;
    Some(principal.person_id)
}

/// Returns the place of the door: as sent, or of an address in the caller's book.
fn place_of(
    call: &Call,
    request: &QuoteRequest<'_>,
    customer_id: Option<PersonId>,
) -> Result<Option<Point>, Problem> {
    let place = point::of_request(request.lat, request.lng)?;
    let Some(id) = request.address_id else { return Ok(place) };
    if place.is_some() {
        let detail = "send address_id or lat and lng, not both";
        return Err(Problem::field("/address_id", "TWO_ADDRESSES", detail));
    }
    let customer_id = customer_id.ok_or_else(|| Problem::new(&table::TOKEN_MISSING))?;
    let kept = addresses::kept(call, customer_id, AddressId(id));
    let kept = kept.ok_or_else(|| addresses::unknown().errors(vec![unknown_address()]))?;
    Ok(book::point_of(kept.get().as_bytes()))
}

/// The content of a request for a quote.
struct Asked<'a> {
    store_id: StoreId,
    basket: &'a Basket,
    point: Option<Point>,
    customer_id: Option<PersonId>,
    method: Option<PaymentMethod>,
}

impl Asked<'_> {
    /// The price, and why an order of it would be refused now. A coupon that may not be used is
    /// named among the issues, and the price is the one without it.
    fn price(
        &self,
        call: &Call,
        coupon: Result<Option<CouponCode>, CouponIssue>,
    ) -> Result<(Priced, Vec<Rejection>), Problem> {
        let (coupon, mut issue) = match coupon {
            Ok(coupon) => (coupon, None),
            Err(issue) => (None, Some(issue)),
        };
        let mut priced = match self.price_with(call, coupon.as_ref())? {
            Err(Rejection::Coupon { issue: unknown }) => {
                issue = Some(unknown);
                None
            }
            Err(no) => return Err(Problem::from(&no)),
            Ok(priced) => Some(priced),
        };
        if let Some(Priced { coupon: Some(coupon), quote, .. }) = &priced
            && let Err(no) = call.engine().check_coupon(
                coupon,
                self.customer_id,
                (quote.sums.subtotal, quote.sums.discount),
            )
        {
            (issue, priced) = (Some(no), None);
        }
        let priced = match priced {
            Some(priced) => priced,
            None => self.price_with(call, None)?.map_err(|no| Problem::from(&no))?,
        };
        // In the order in which an order is refused: the provider, the place, the coupon, the
        // amounts.
        let mut issues: Vec<_> = payable(call, self.method).err().into_iter().collect();
        issues.extend(priced.not_served.clone());
        issues.extend(issue.map(|issue| Rejection::Coupon { issue }));
        issues.extend(self.amounts(call, &priced).err());
        Ok((priced, issues))
    }

    fn price_with(
        &self,
        call: &Call,
        coupon: Option<&CouponCode>,
    ) -> Result<Result<Priced, Rejection>, Problem> {
        let Self { store_id, basket, point, .. } = *self;
        let wanted = Wanted { store_id, basket, coupon, point };
        call.engine().price(&wanted).ok_or_else(|| Problem::new(&table::UNKNOWN_STORE))
    }

    /// Whoever has no token is judged as a new customer.
    fn amounts(&self, call: &Call, priced: &Priced) -> Result<(), Rejection> {
        let known = |id| call.engine().people(|people| people.customers.get(id));
        let customer = self.customer_id.map_or_else(Customer::default, known);
        let buyer = Buyer { customer, in_flight: 0, at_ms: call.engine().now_ms() };
        priced.quote.check(&priced.store, priced.quote.sums.total, self.method, &buyer)?;
        match (self.customer_id, self.method) {
            (Some(id), Some(method)) => call.engine().check_holds(id, &Basis::of(priced, method)),
            _ => Ok(()),
        }
    }
}
