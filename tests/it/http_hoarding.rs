//! The bounds on what one customer may hold, as the app meets them, with the program's own
//! settings.

use crate::EXE;
use kirana_tests::market::customer;
use kirana_tests::stage::{Setting, Stage};
use serde_json::json;

#[test]
fn a_third_unpaid_order_is_refused_also_after_a_kill_and_the_app_is_told_beforehand() {
    let stage = Stage::open(EXE, &Setting { has_hold_bounds: true, ..Setting::default() });
    let mut body = stage.market.order(&[(0, 2)]);
    body["payment_method"] = json!("razorpay");
    let first = stage.place(1, "razorpay", &[(0, 2)]);
    stage.place(1, "razorpay", &[(1, 2)]);
    let is_refused = |stage: &Stage| {
        let no = stage.post(&customer(1), "/v1/orders", &body).expect(409);
        assert_eq!((&no["code"], &no["unpaid"]), (&json!("TOO_MANY_UNPAID_ORDERS"), &json!(2)));
        assert_eq!(no["retryable"], true);
        stage.place(2, "razorpay", &[(0, 1)]);
    };
    is_refused(&stage);
    let stage = stage.killed();
    is_refused(&stage);
    let path = format!("/v1/payment-methods?store_id={}&total_paise=30000", stage.market.store_id);
    let ways = stage.get(&customer(1), &path).expect(200);
    let online = ways["data"].as_array().unwrap().iter();
    let online = online.clone().find(|way| way["payment_method"] == "razorpay").unwrap();
    assert_eq!(online["reason"]["code"], "TOO_MANY_UNPAID_ORDERS");
    stage.act(&customer(1), &first, "cancel", &json!({ "reason": "too much" })).expect(200);
    stage.post(&customer(1), "/v1/orders", &body).expect(201);
}
