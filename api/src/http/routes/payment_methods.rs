//! `GET /v1/payment-methods`: the ways in which a customer could pay a sum in a store now, and the
//! reason for each that is not open to them; and the change of an unpaid order to cash.

use super::checkout::payable;
use super::moves;
use super::order_list::the_only_store;
use super::orders::{answer, payment_method, reason_of};
use crate::http::gateway::call::Call;
use crate::http::json::text::Str;
use crate::http::problem::{Problem, table};
use crate::http::{json, reply};
use axum::response::Response;
use kirana_domain::customers::Buyer;
use kirana_domain::limits::PRICE_PAISE_MAX;
use kirana_domain::order::OrderCommand;
use kirana_domain::{MethodOffer, Paise, PaymentMethod, Rejection, StoreId};
use kirana_engine::Basis;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MethodsQuery {
    store_id: Option<Uuid>,
    total_paise: i64,
}

#[derive(Serialize)]
struct Methods {
    store_id: Uuid,
    total_paise: i64,
    data: Vec<MethodView>,
}

#[derive(Serialize)]
struct MethodView {
    payment_method: &'static str,
    available: bool,
    /// The largest total that the customer may pay in this way now.
    maximum_paise: i64,
    /// Reason for which it is not available.
    reason: Option<ReasonView>,
}

#[derive(Serialize)]
struct ReasonView {
    code: &'static str,
    detail: String,
}

/// The handler.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let MethodsQuery { store_id, total_paise } = call.query()?;
    if !(0..=PRICE_PAISE_MAX).contains(&total_paise) {
        return Err(Problem::query("total_paise", "is the total of an order, in paise"));
    }
    let store_id = store_id.map(StoreId).or_else(|| the_only_store(&call));
    let store_id = store_id.ok_or_else(|| Problem::query("store_id", "names the store"))?;
    let store = call.engine().catalogue(|catalogue| catalogue.store(store_id).cloned());
    let store = store.ok_or_else(|| Problem::new(&table::STORE_UNKNOWN))?;
    let customer_id = call.person()?.person_id;
    let customer = call.engine().people(|people| people.customers.get(customer_id));
    let buyer = Buyer { customer, in_flight: 0, at_ms: call.engine().now_ms() };
    let view = |(method, _): &(PaymentMethod, &str)| {
        let total = Paise(total_paise);
        let mut offer = MethodOffer::of(*method, &store, total, &buyer);
        let basis = Basis { store_id, payment_method: *method, total, lines: &[] };
        let held = call.engine().check_holds(customer_id, &basis);
        offer.refused = offer.refused.or(held.err());
        MethodView::new(offer, payable(&call, Some(*method)))
    };
    let data = PaymentMethod::NAMES.iter().map(view).collect();
    Ok(reply::json(200, &Methods { store_id: store_id.0, total_paise, data }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TurnRequest<'a> {
    #[serde(borrow)]
    payment_method: Str<'a>,
    #[serde(borrow)]
    reason: Option<Str<'a>>,
}

/// `POST /v1/orders/{order_id}/payment-method {payment_method: "cod"}`: an unpaid order is paid in
/// cash instead.
pub(crate) async fn turn_to_cash(mut call: Call) -> Result<Response, Problem> {
    let order_id = call.order_id().await?;
    let body = call.json_body(&["application/json"]).await?;
    let request: TurnRequest = json::parse(&body)?;
    if payment_method(&request.payment_method)? != PaymentMethod::Cod {
        let detail = "an order can be turned to cod only: to pay online, start a payment";
        return Err(Problem::field("/payment_method", "UNKNOWN_VALUE", detail));
    }
    let reason = request.reason.as_ref().map(|reason| reason_of("/reason", reason)).transpose()?;
    let parties = call.within(call.engine().order_entry(order_id)).await??;
    let parties = parties.ok_or_else(|| Problem::new(&table::ORDER_UNKNOWN))?.parties();
    let store = call.engine().catalogue(|catalogue| catalogue.store(parties.store_id).cloned());
    let store = store.ok_or_else(|| Problem::new(&table::STORE_UNKNOWN))?;
    let customer = call.engine().people(|people| people.customers.get(parties.customer_id));
    let command = OrderCommand::TurnToCash { store, customer: Box::new(customer), reason };
    let receipt = moves::submit(&call, order_id, &body, command).await?;
    Ok(answer(&call, 200, &receipt, None)?.1)
}

impl MethodView {
    /// Returns the view of an offer. The gateway's own refusal, if any, goes before the offer's.
    fn new(offer: MethodOffer, payable: Result<(), Rejection>) -> Self {
        let reason = payable.err().or(offer.refused);
        let reason = reason
            .map(|no| ReasonView { code: Problem::from(&no).kind().code, detail: no.to_string() });
        Self {
            payment_method: offer.method.name(),
            available: reason.is_none(),
            maximum_paise: offer.maximum.0,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kirana_domain::{Store, Text};

    #[test]
    fn a_way_to_pay_that_is_not_open_says_why() {
        let text = Text::parse("Tura").unwrap();
        let id = StoreId(Uuid::from_u128(0x51));
        let store = Store::with_defaults(id, Text::parse("TUR").unwrap(), text.clone(), text);
        // Noon in India, 1 January 2025.
        let buyer = Buyer { at_ms: 1_735_713_000_000, ..Buyer::default() };
        let offer = |method, rupees| MethodOffer::of(method, &store, Paise::rupees(rupees), &buyer);
        let shown = |offer, payable| serde_json::to_value(MethodView::new(offer, payable)).unwrap();
        let cash = shown(offer(PaymentMethod::Cod, 1_600), Ok(()));
        assert_eq!((&cash["available"], &cash["maximum_paise"]), (&false.into(), &150_000.into()));
        let limit = Rejection::CodLimit { total: Paise(160_000), maximum: Paise(150_000) };
        assert_eq!(cash["reason"]["code"], Problem::from(&limit).kind().code);
        assert_eq!(
            shown(offer(PaymentMethod::Cod, 500), Ok(()))["reason"],
            serde_json::Value::Null
        );
        let online = offer(PaymentMethod::Razorpay, 500);
        assert_eq!(
            shown(online.clone(), Err(Rejection::OnlineOff))["reason"]["code"],
            "ONLINE_PAYMENT_OFF"
        );
        assert_eq!(shown(online, Ok(()))["available"], true);
    }
}
