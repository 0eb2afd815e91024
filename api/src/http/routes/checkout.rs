//! `POST /v1/orders`: the checkout.

use super::addresses;
use super::orders::{ItemRequest, answer, basket, payment_method, point_at_items};
use crate::http::gateway::call::Call;
use crate::http::json;
use crate::http::json::address::{self, AddressRequest};
use crate::http::json::book;
use crate::http::json::text::Str;
use crate::http::problem::{FieldError, Gathered, Problem, table};
use crate::http::quotas::Group;
use crate::http::reply;
use axum::response::Response;
use kirana_domain::order::Preference;
use kirana_domain::{
    AddressId, CouponCode, CouponIssue, Paise, PaymentMethod, Point, Rejection, RequestKey, StoreId,
};
use kirana_engine::{Command, PlaceOrder, Receipt};
use serde::Deserialize;
use serde::de::IgnoredAny;
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
    address_id: Option<Uuid>,
    #[serde(borrow)]
    notes: Option<Str<'a>>,
    #[serde(borrow)]
    coupon_code: Option<Str<'a>>,
    #[serde(borrow)]
    substitution: Option<Str<'a>>,
    /// True for an order made of the cart, which loses these lines with it.
    #[serde(default)]
    from_cart: bool,
    slot: Option<IgnoredAny>,
}

/// The handler.
pub(crate) async fn place(mut call: Call) -> Result<Response, Problem> {
    let body = call.json_body(&["application/json"]).await?;
    let key = call.key(&body)?;
    let request: PlaceRequest = json::parse(&body)?;
    if request.coupon_code.is_some() {
        call.spend(Group::Coupons)?;
    }
    let (receipt, own) = match placement(&request, &call) {
        Ok(command) => {
            let personal = command.personal.clone();
            let outcome = call.submit(Command::PlaceOrder(command), key).await;
            (outcome.map_err(|problem| refused(problem, &request.items))?, personal)
        }
        Err(problem)
            if *problem.kind() == table::ADDRESS_UNKNOWN
                || *problem.kind() == table::ONLINE_OFF =>
        {
            (earlier(&call, key).await?.ok_or(problem)?, Vec::new())
        }
        Err(problem) => return Err(problem),
    };
    // A twin's body is the same byte for byte, but it may have been forgotten since.
    let own = (!receipt.replayed).then_some(own);
    let (order, mut response) = answer(&call, 201, &receipt, own)?;
    reply::location(&mut response, &format!("/v1/orders/{}", order.placed.id));
    Ok(response)
}

/// The answer that a twin of this request got, if there was one: an address that is no longer in
/// the book, or a provider that is no longer configured, must not keep the retry of its order from
/// being answered.
async fn earlier(call: &Call, key: Option<RequestKey>) -> Result<Option<Receipt>, Problem> {
    let Some(key) = key else { return Ok(None) };
    let answered = call.within(call.engine().answered(&key)).await?;
    answered.transpose().map_err(Problem::from)
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

fn placement(request: &PlaceRequest<'_>, call: &Call) -> Result<PlaceOrder, Problem> {
    if request.slot.is_some() {
        return Err(Problem::new(&table::SLOTS));
    }
    let mut gathered = Gathered::default();
    let method = gathered.check(payment_method(&request.payment_method));
    let basket = gathered.check(basket(&request.items));
    let coupon = gathered.check(request.coupon_code.as_ref().map(coupon_of).transpose());
    let preference = gathered.check(request.substitution.as_ref().map(preference_of).transpose());
    let door = gathered.check(door_of(request, call));
    let (Some(payment_method), Some(basket), Some(coupon), Some(preference), Some(door)) =
        (method, basket, coupon, preference, door)
    else {
        return Err(gathered.refusal());
    };
    payable(call, Some(payment_method)).map_err(|no| Problem::from(&no))?;
    let (personal, point) = door;
    Ok(PlaceOrder {
        store_id: StoreId(request.store_id),
        customer_id: call.person()?.person_id,
        basket,
        payment_method,
        expected_total: Paise(request.expected_total_paise),
        point,
        coupon,
        preference: preference.unwrap_or(Preference::Refund),
        from_cart: request.from_cart,
        personal,
    })
}

/// Returns the bytes to seal with the order, and its door: of the address in the request, or of one
/// in the customer's book.
fn door_of(request: &PlaceRequest<'_>, call: &Call) -> Result<(Vec<u8>, Option<Point>), Problem> {
    let notes = request.notes.as_ref();
    match (&request.delivery_address, request.address_id) {
        (Some(address), None) => address::personal(address, notes).map_err(Problem::invalid),
        (None, Some(id)) => {
            let kept = addresses::kept(call, call.person()?.person_id, AddressId(id))
                .ok_or_else(|| addresses::unknown().errors(vec![unknown_address()]))?;
            let personal = address::personal_of(&kept, notes).map_err(Problem::invalid)?;
            Ok((personal, book::point_of(kept.get().as_bytes())))
        }
        (Some(_), Some(_)) => {
            let detail = "send address_id or delivery_address, not both";
            Err(Problem::field("/address_id", "TWO_ADDRESSES", detail))
        }
        (None, None) => {
            Err(Problem::field("/delivery_address", "MISSING", "this field is required"))
        }
    }
}

/// Refuses a payment online where no provider is configured: nobody could pay, so nothing is held.
///
/// # Errors
/// [`Rejection::OnlineOff`].
pub(super) fn payable(call: &Call, method: Option<PaymentMethod>) -> Result<(), Rejection> {
    match method {
        Some(PaymentMethod::Razorpay) if !call.engine().has_payment_port() => {
            Err(Rejection::OnlineOff)
        }
        _ => Ok(()),
    }
}

/// Returns the error of the address id of a request.
pub(super) fn unknown_address() -> FieldError {
    FieldError::new("/address_id", "ADDRESS_UNKNOWN", "is not in your address book")
}

/// The code of a coupon as it was typed.
///
/// # Errors
/// A text that is no code is no coupon of the store either.
pub(super) fn coupon_of(code: &Str<'_>) -> Result<CouponCode, Problem> {
    CouponCode::parse(&code.0).ok_or_else(|| {
        let no = Rejection::Coupon { issue: CouponIssue::Unknown };
        Problem::from(&no).errors(vec![FieldError::new(
            "/coupon_code",
            "COUPON_REFUSED",
            "this is not the code of a coupon",
        )])
    })
}

/// Parses the customer's wish for missing products.
///
/// # Errors
/// An unknown name.
pub(super) fn preference_of(name: &Str<'_>) -> Result<Preference, Problem> {
    Preference::parse(&name.0).ok_or_else(|| {
        Problem::field("/substitution", "UNKNOWN_VALUE", "must be refund, swap or ask")
    })
}
