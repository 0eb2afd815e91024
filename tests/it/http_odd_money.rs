//! Money that comes in odd shapes: texts that cannot be read, amounts under a rupee, payments that
//! name an order that they are not of, and checkouts that are opened again and again.

use crate::EXE;
use kirana_api::razorpay::signature::sign;
use kirana_api::razorpay::sim::WEBHOOK_SECRET;
use kirana_api::secret::Secret;
use kirana_tests::http::Request;
use kirana_tests::market::{admin, customer};
use kirana_tests::stage::{Setting, Stage, WEBHOOK_PATH, packer, path_of, support};
use serde_json::{Value, json};

const LATE: Setting<'static> = Setting {
    faults: "none",
    first_look_ms: 600_000,
    hold_minutes: 15,
    checkpoint_records: 200_000,
    has_hold_bounds: false,
    goods: &[("bag", 50, 100), ("milk", 2_700, 100), ("rice", 30_000, 100)],
};

/// Sends a message of the provider, which is kept.
fn tell(stage: &Stage, id: &str, body: &[u8]) {
    let signed = sign(body, &Secret::short(WEBHOOK_SECRET.into()).unwrap());
    let request = Request::post(WEBHOOK_PATH).body("application/json", body);
    let request = request.header("X-Razorpay-Signature", &signed);
    stage.client().ask(&request.header("X-Razorpay-Event-Id", id)).expect(200);
}

fn metrics(stage: &Stage) -> String {
    stage.server.metrics()
}

#[test]
fn a_payment_is_not_lost_by_a_text_that_cannot_be_read() {
    let stage = Stage::open(EXE, &LATE);
    let deep = format!(r#""notes":{}1{}"#, r#"{"n":"#.repeat(130), "}".repeat(130));
    let odd: [&[u8]; 4] = [
        br#""description":"Thanks \ud83d""#,
        br#""acquirer_data":{"x":1e400}"#,
        b"\"vpa\":\"\xff@upi\"",
        deep.as_bytes(),
    ];
    for (n, odd) in (1..).zip(odd) {
        let order = stage.place(n, "razorpay", &[(1, 2)]);
        let started = stage.start_payment(n, &order);
        let entity = format!(
            r#""id":"pay_0000000000000{n}","entity":"payment","amount":{},"currency":"INR",
            "status":"captured","order_id":{}"#,
            started["amount"], started["order_id"]
        );
        let head = br#"{"event":"payment.captured","payload":{"payment":{"entity":{"#.as_slice();
        let body = [head, entity.as_bytes(), b",", odd, b"}}}}"].concat();
        tell(&stage, &format!("evt_odd_{n}"), &body);
        assert_eq!(stage.order(&order)["status"], "placed", "{n}");
    }
    assert!(!metrics(&stage).contains("kirana_provider_unread_total{"), "all of it was read");
}

#[test]
fn a_message_that_cannot_be_read_at_all_has_the_provider_s_books_read_at_once() {
    let stage = Stage::open(EXE, &Setting { faults: "webhook_lost=100", ..LATE });
    let order = stage.place(1, "razorpay", &[(1, 2)]);
    let started = stage.start_payment(1, &order);
    stage.pay(&started, &json!({}));
    assert_eq!(stage.order(&order)["status"], "pending_payment", "nobody told");
    tell(&stage, "evt_garbage", b"{\"event\":\"payment.authorized\",");
    stage.until("it is placed", || (stage.order(&order)["status"] == "placed").then_some(()));
    assert!(metrics(&stage).contains(r#"kirana_provider_unread_total{of="message"} 1"#));
}

#[test]
fn a_refund_under_a_rupee_comes_to_rest() {
    let stage = Stage::open(EXE, &LATE);
    let order = stage.paid(1, &[(0, 2), (1, 2)]);
    let packer = packer(stage.market.store_id);
    stage.act(&packer, &order, "accept", &json!({})).expect(200);
    let bag = stage.market.goods[0].id.0;
    let short = json!({ "lines": [{ "product_id": bag, "quantity_missing": 1 }] });
    stage.act(&packer, &order, "short-pick", &short).expect(200);
    stage.until("a rupee is back", || {
        (stage.order(&order)["payment_status"] == "partially_refunded").then_some(())
    });
    assert_eq!(stage.payments(&order)["given_back_paise"], 100);
    let torn = json!({ "lines": [{ "product_id": bag, "quantity": 1 }], "reason": "torn" });
    let no = stage.act(&support(), &order, "refunds", &torn).expect(422);
    assert_eq!((&no["code"], &no["minimum_paise"]), (&json!("REFUND_TOO_SMALL"), &json!(100)));
    let small = json!({ "amount_paise": 99, "reason": "torn" });
    assert_eq!(stage.act(&support(), &order, "refunds", &small).status, 422);
    // All but 50 paise go back, and then the order is cancelled.
    let left = order["total_paise"].as_i64().unwrap() - 100 - 50;
    let most = json!({ "amount_paise": left, "reason": "milk" });
    stage.act(&support(), &order, "refunds", &most).expect(201);
    stage.act(&support(), &order, "cancel", &json!({ "reason": "all of it" })).expect(200);
    stage.until("it is at rest", || {
        (stage.order(&order)["payment_status"] == "refunded").then_some(())
    });
    let refunds = stage.payments(&order)["refunds"].clone();
    let last = refunds.as_array().unwrap().last().unwrap();
    assert_eq!((&last["reason"], &last["amount_paise"]), (&json!("credited"), &json!(50)));
    let payments = stage.payments(&order);
    assert_eq!((&payments["credited_paise"], &payments["troubles"]), (&json!(50), &json!([])));
}

#[test]
fn an_online_order_under_a_rupee_is_refused_at_quote_and_order() {
    let stage = Stage::open(EXE, &LATE);
    let coupon = json!({ "kind": "amount", "amount_paise": 59_950 });
    let define = Request::new("PUT", stage.market.path("/coupons/HALF")).token(&admin());
    assert!(stage.client().ask(&define.json(&coupon)).status < 300);
    let mut body = stage.market.order(&[(2, 2)]);
    body["coupon_code"] = json!("HALF");
    body["payment_method"] = json!("razorpay");
    body["expected_total_paise"] = json!(50);
    let mut basket = body.clone();
    for name in ["expected_total_paise", "delivery_address"] {
        basket.as_object_mut().unwrap().remove(name);
    }
    let quote = stage.post(&customer(1), "/v1/quotes", &basket).expect(200);
    assert_eq!((&quote["total_paise"], &quote["orderable"]), (&json!(50), &json!(false)));
    assert_eq!(quote["issues"][0]["code"], "ORDER_AMOUNT_BELOW_ONLINE_MINIMUM");
    let no = stage.post(&customer(1), "/v1/orders", &body).expect(422);
    assert_eq!(no["code"], "ORDER_AMOUNT_BELOW_ONLINE_MINIMUM");
    assert_eq!(stage.market.count(&mut stage.client(), 2).held, 0);
    body["payment_method"] = json!("cod");
    stage.post(&customer(1), "/v1/orders", &body).expect(201);
}

#[test]
fn a_checkout_that_is_opened_three_times_is_one_attempt() {
    let stage = Stage::open(EXE, &LATE);
    let order = stage.place(1, "razorpay", &[(1, 2)]);
    let first = stage.start_payment(1, &order);
    for _ in 0..4 {
        let again = stage.start_payment(1, &order);
        for name in ["order_id", "attempt", "timeout_at", "key"] {
            assert_eq!(again[name], first[name], "{name}");
        }
    }
    let payments = stage.payments(&order);
    assert_eq!((&payments["attempts_left"], &payments["key"]), (&json!(3), &first["key"]));
    assert_eq!(payments["attempts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_payment_whose_notes_name_an_order_is_not_that_order_s() {
    let stage = Stage::open(EXE, &LATE);
    let order = stage.place(1, "razorpay", &[(1, 2)]);
    let started = stage.start_payment(1, &order);
    let entity = |provider_order: Value| {
        json!({ "event": "payment.captured", "payload": { "payment": { "entity": {
            "id": "pay_OfAnotherOne00", "order_id": provider_order, "amount": started["amount"],
            "currency": "INR", "status": "captured", "notes": { "kirana_order_id": order["id"] },
        } } } })
        .to_string()
    };
    for (n, provider_order) in (0..).zip([json!(null), json!("order_of_a_stranger")]) {
        tell(&stage, &format!("evt_noted_{n}"), entity(provider_order).as_bytes());
    }
    assert_eq!(stage.order(&order)["status"], "pending_payment");
    assert_eq!(stage.payments(&order)["charges"], json!([]));
    assert!(metrics(&stage).contains("kirana_payments_loose_total 1"), "{}", metrics(&stage));
    assert!(metrics(&stage).contains("kirana_payments_loose 1"), "it is one payment");
    tell(&stage, "evt_own", entity(started["order_id"].clone()).as_bytes());
    assert_eq!(stage.order(&order)["status"], "placed", "{}", path_of(&order));
}

/// Captured money that names no order, as the provider tells of it.
fn loose(stage: &Stage, id: &str, amount: &Value) {
    let entity = json!({
        "id": id, "order_id": "order_of_a_stranger", "amount": amount, "currency": "INR",
        "status": "captured",
    });
    let payload = json!({ "payment": { "entity": entity } });
    let body = json!({ "event": "payment.captured", "payload": payload }).to_string();
    tell(stage, &format!("evt_{id}"), body.as_bytes());
}

fn unassigned(stage: &Stage) -> Vec<Value> {
    let list = stage.get(&support(), "/v1/payments/unassigned").expect(200);
    list["data"].as_array().unwrap().clone()
}

#[test]
fn captured_money_that_names_no_order_is_kept_and_goes_to_the_order_that_waits_for_it() {
    let stage = Stage::open(EXE, &LATE);
    let order = stage.place(1, "razorpay", &[(1, 2)]);
    let other = stage.place(2, "razorpay", &[(2, 1)]);
    loose(&stage, "pay_Loose000000001", &order["total_paise"]);
    loose(&stage, "pay_Loose000000002", &json!(77_700));
    let stage = stage.killed();
    let list = unassigned(&stage);
    assert_eq!(list.len(), 2, "{list:?}");
    assert!(list.iter().all(|it| it["status"] == "unassigned" && it["order_id"].is_null()));
    let path = "/v1/payments/pay_Loose000000001/assign";
    let to = |order: &Value| json!({ "order_id": order["id"] });
    assert_eq!(stage.post(&customer(1), path, &to(&order)).status, 403);
    assert_eq!(stage.get(&customer(1), "/v1/payments/unassigned").status, 403);
    let unknown = stage.post(&support(), "/v1/payments/pay_nobody/assign", &to(&order));
    assert_eq!(unknown.expect(404)["code"], "PAYMENT_UNKNOWN");
    let no = stage.post(&support(), path, &to(&other)).expect(409);
    assert_eq!(no["code"], "PAYMENT_NOT_AWAITED", "another amount");
    let ask = stage.request(&support(), path, &to(&order));
    let first = stage.client().ask(&ask).expect(200);
    assert_eq!(
        (&first["status"], &first["payment_status"]),
        (&json!("placed"), &json!("completed"))
    );
    assert_eq!(stage.client().ask(&ask).expect(200)["lsn"], first["lsn"], "the same once more");
    let again = stage.post(&support(), path, &to(&order)).expect(409);
    assert_eq!(again["code"], "PAYMENT_SETTLED");
    let stage = stage.killed();
    let list = unassigned(&stage);
    let [open, settled] = [&list[0], &list[1]];
    assert_eq!(
        (&open["razorpay_payment_id"], &open["amount_paise"]),
        (&json!("pay_Loose000000002"), &json!(77_700))
    );
    assert_eq!((&settled["status"], &settled["order_id"]), (&json!("assigned"), &order["id"]));
    assert_eq!(settled["assigned_by"], "support");
    assert!(metrics(&stage).contains("kirana_payments_loose 1"), "{}", metrics(&stage));
}
