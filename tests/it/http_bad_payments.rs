//! What comes as a payment and is none: wrong signatures, wrong money, messages that make no sense.
//! Nothing of it places an order, and nothing of it stops the shop.

use crate::EXE;
use kirana_api::razorpay::signature::sign;
use kirana_api::razorpay::sim::{KEY_SECRET, WEBHOOK_SECRET};
use kirana_api::secret::Secret;
use kirana_tests::http::{Answer, Request};
use kirana_tests::market::{Market, customer};
use kirana_tests::process::Program;
use kirana_tests::stage::{Setting, Stage, WEBHOOK_PATH};
use serde_json::{Value, json};

fn stage() -> Stage {
    Stage::open(EXE, &Setting { first_look_ms: 600_000, ..Setting::default() })
}

fn signed(body: &[u8], secret: &str) -> String {
    sign(body, &Secret::short(secret.into()).unwrap())
}

/// Sends a message of the provider; without an id when it is empty.
fn send(stage: &Stage, id: &str, body: &[u8], signature: &str) -> Answer {
    let request = Request::post(WEBHOOK_PATH).body("application/json", body);
    let request = request.header("X-Razorpay-Signature", signature);
    let request = match id {
        "" => request,
        id => request.header("X-Razorpay-Event-Id", id),
    };
    stage.client().ask(&request)
}

fn webhook(stage: &Stage, id: &str, body: &Value) -> Answer {
    let body = body.to_string().into_bytes();
    send(stage, id, &body, &signed(&body, WEBHOOK_SECRET))
}

fn payment_event(event: &str, order: &str, currency: &str, amount: &Value) -> Value {
    json!({ "event": event, "payload": { "payment": { "entity": {
        "id": "pay_ForThisTest000", "order_id": order, "amount": amount, "currency": currency,
        "status": "captured",
    } } } })
}

#[test]
fn a_signature_that_is_wrong_records_nothing() {
    let stage = stage();
    let order = stage.place(1, "razorpay", &[(0, 2)]);
    let other = stage.place(1, "razorpay", &[(0, 1)]);
    let started = stage.start_payment(1, &order);
    let cheaper = stage.start_payment(1, &other);
    let version = stage.order(&order)["version"].clone();
    let brought = stage.pay(&cheaper, &json!({}));
    let mut forged = Vec::new();
    for (name, value) in [
        ("razorpay_signature", json!("0".repeat(64))),
        ("razorpay_signature", json!("")),
        (
            "razorpay_signature",
            json!(brought["razorpay_signature"].as_str().unwrap().to_uppercase()),
        ),
        // The signature of the cheaper order.
        ("razorpay_order_id", started["order_id"].clone()),
        ("razorpay_payment_id", json!("pay_another")),
        ("razorpay_payment_id", json!("x".repeat(500))),
    ] {
        let mut body = brought.clone();
        body[name] = value;
        forged.push(body);
    }
    for body in &forged {
        let no = stage.verify(1, body).expect(400);
        assert_eq!(no["code"], "SIGNATURE_INVALID", "{body}");
    }
    assert_eq!(stage.order(&order)["version"], version, "nothing was recorded");
    assert_eq!(stage.verify(2, &brought).status, 404, "somebody else's order");
    let mut unknown = brought.clone();
    unknown["razorpay_order_id"] = json!("order_nobody_knows");
    assert_eq!(stage.verify(1, &unknown).status, 404);
    assert_eq!(stage.verify(1, &brought).expect(200)["status"], "placed");
}

#[test]
fn a_webhook_is_believed_by_its_signature_over_its_very_bytes() {
    let stage = stage();
    let order = stage.place(1, "razorpay", &[(0, 2)]);
    let started = stage.start_payment(1, &order);
    let id = started["order_id"].as_str().unwrap();
    let event = payment_event("payment.captured", id, "INR", &started["amount"]);
    let body = event.to_string().into_bytes();
    let mut spaced = body.clone();
    spaced.push(b' ');
    for (body, signature) in [
        (&body, String::new()),
        (&body, signed(&body, KEY_SECRET)),
        (&body, signed(&body, "a_guess")),
        (&spaced, signed(&body, WEBHOOK_SECRET)),
    ] {
        assert_eq!(
            send(&stage, "evt_1", body, &signature).expect(400)["code"],
            "SIGNATURE_INVALID"
        );
    }
    let unsigned = Request::post(WEBHOOK_PATH).body("application/json", body.clone());
    assert_eq!(stage.client().ask(&unsigned).status, 400);
    assert_eq!(stage.order(&order)["status"], "pending_payment");
    // The secret of yesterday is good for what is sent again today.
    send(&stage, "evt_1", &body, &signed(&body, "the_secret_of_yesterday")).expect(200);
    assert_eq!(stage.order(&order)["status"], "placed");
}

#[test]
fn a_message_counts_once_and_another_under_its_id_is_kept_too() {
    let stage = stage();
    let order = stage.place(1, "razorpay", &[(0, 2)]);
    let started = stage.start_payment(1, &order);
    let id = started["order_id"].as_str().unwrap();
    let event = payment_event("payment.captured", id, "INR", &started["amount"]);
    let first = webhook(&stage, "evt_once", &event);
    first.expect(200);
    let version = stage.order(&order)["version"].clone();
    for _ in 0..3 {
        let again = webhook(&stage, "evt_once", &event);
        assert_eq!((again.status, again.is_replayed()), (200, true));
    }
    let other = payment_event("payment.failed", id, "INR", &started["amount"]);
    assert!(!webhook(&stage, "evt_once", &other).is_replayed(), "kept by its bytes");
    assert!(webhook(&stage, "evt_once", &other).is_replayed());
    assert_eq!(stage.order(&order)["version"], version, "a captured charge does not fail");
    let refunded = stage.server.metrics();
    assert!(refunded.contains(r#"kirana_webhooks_total{outcome="other_body"} 2"#), "{refunded}");
    // Without an id the bytes are the id.
    let late = payment_event("payment.failed", id, "INR", &json!(100));
    assert!(!webhook(&stage, "", &late).is_replayed());
    assert!(webhook(&stage, "", &late).is_replayed());
    assert_eq!(stage.order(&order)["status"], "placed", "a late failure takes no money away");
}

#[test]
fn money_that_is_not_the_orders_does_not_place_it() {
    let stage = stage();
    let total = |order: &Value| order["total_paise"].as_i64().unwrap();
    let wrong = [json!({ "currency": "USD" }), json!({ "amount": 100 })];
    for (n, wrong) in (1..).zip(&wrong) {
        let order = stage.place(n, "razorpay", &[(0, 2)]);
        assert!(total(&order) > 100);
        let started = stage.start_payment(n, &order);
        let brought = stage.pay(&started, wrong);
        let now = stage.verify(n, &brought).expect(200);
        assert_eq!(now["status"], "pending_payment", "{wrong}");
    }
    // And when somebody has captured it at the provider: what is in rupees goes back.
    let order = stage.place(3, "razorpay", &[(0, 2)]);
    let started = stage.start_payment(3, &order);
    let id = started["order_id"].as_str().unwrap();
    let dollars = payment_event("payment.captured", id, "USD", &started["amount"]);
    webhook(&stage, "evt_dollars", &dollars).expect(200);
    assert_eq!(stage.order(&order)["status"], "pending_payment");
    assert_eq!(stage.payments(&order)["charges"], json!([]));
    let less = payment_event("payment.captured", id, "INR", &json!(total(&order) - 100));
    webhook(&stage, "evt_less", &less).expect(200);
    assert_eq!(stage.order(&order)["status"], "pending_payment");
    let refund = &stage.payments(&order)["refunds"][0];
    assert_eq!(
        (&refund["reason"], &refund["amount_paise"]),
        (&json!("wrong_amount"), &json!(total(&order) - 100))
    );
}

#[test]
fn messages_that_make_no_sense_are_kept_and_change_nothing() {
    let stage = stage();
    let order = stage.place(1, "razorpay", &[(0, 2)]);
    let version = stage.order(&order)["version"].clone();
    let unknown = payment_event("payment.captured", "order_nobody_knows", "INR", &json!(100));
    let bodies: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{".to_vec(),
        b"{}".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        vec![b'['; 20_000],
        json!({ "event": "" }).to_string().into_bytes(),
        json!({ "event": "x".repeat(1_000) }).to_string().into_bytes(),
        json!({ "event": "dispute.created", "payload": {} }).to_string().into_bytes(),
        json!({ "event": "payment.captured", "payload": null }).to_string().into_bytes(),
        json!({ "event": "payment.captured", "payload": { "payment": { "entity": 7 } } })
            .to_string()
            .into_bytes(),
        payment_event("payment.captured", "order_x", "INR", &json!(-5)).to_string().into_bytes(),
        unknown.to_string().into_bytes(),
    ];
    for (index, body) in bodies.iter().enumerate() {
        let answer = send(&stage, &format!("evt_odd_{index}"), body, &signed(body, WEBHOOK_SECRET));
        assert_eq!(answer.status, 200, "{index}: {}", answer.text());
    }
    let large = vec![b' '; 48 * 1_024 + 1];
    let answer = send(&stage, "evt_large", &large, &signed(&large, WEBHOOK_SECRET));
    assert_eq!(answer.expect(413)["code"], "BODY_TOO_LARGE");
    assert_eq!(stage.order(&order)["version"], version);
    assert!(stage.server.is_ready());
}

#[test]
fn without_a_provider_nobody_pays_online() {
    let dir = tempfile::tempdir().unwrap();
    let server = Program::new(EXE, dir.path()).start();
    let verify = json!({ "razorpay_order_id": "a", "razorpay_payment_id": "b",
        "razorpay_signature": "c" });
    let request = Request::post("/v1/payments/razorpay/verify").token(&customer(1)).json(&verify);
    let no = server.client().ask(&request);
    assert!(no.header("retry-after").is_some());
    assert_eq!(no.expect(503)["code"], "PAYMENTS_OFF");
    let webhook = Request::post(WEBHOOK_PATH).body("application/json", "{}");
    assert_eq!(server.client().ask(&webhook).status, 503);
    let mut client = server.client();
    let market = Market::open(&mut client, &[("milk", 10_000, 5)]);
    let mut body = market.order(&[(0, 2)]);
    body["payment_method"] = json!("razorpay");
    let place = Request::post("/v1/orders").token(&customer(1)).key("a-key-for-nothing-0001");
    let no = client.ask(&place.json(&body)).expect(422);
    assert_eq!((&no["code"], &no["retryable"]), (&json!("ONLINE_PAYMENT_OFF"), &json!(false)));
    let basket = json!({ "store_id": body["store_id"], "items": body["items"],
        "payment_method": "razorpay" });
    let quote = client.ask(&Request::post("/v1/quotes").json(&basket)).expect(200);
    assert_eq!((&quote["orderable"], &quote["issues"][0]["code"]), (&json!(false), &no["code"]));
    assert_eq!(market.count(&mut client, 0).held, 0);
}
