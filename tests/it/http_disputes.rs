//! Customers who ask their bank for the money back, and the bank's reason of a charge that failed.

use crate::EXE;
use kirana_tests::live::{Command, open};
use kirana_tests::market::customer;
use kirana_tests::stage::{Setting, Stage, packer, support};
use serde_json::{Value, json};

/// A stage whose ended orders leave memory as soon as their money allows it.
fn stage() -> Stage {
    Stage::open(EXE, &Setting { checkpoint_records: 10, ..Setting::default() })
}

fn metrics(stage: &Stage) -> String {
    stage.server.metrics()
}

/// One step of the dispute about the first charge of an order, as the bank takes it.
fn dispute(stage: &Stage, order: &Value, event: &str) -> Value {
    let charge = stage.payments(order)["charges"][0]["razorpay_payment_id"].clone();
    stage.standin("POST", "/sim/dispute", &json!({ "payment_id": charge, "event": event }))
}

/// The order's only dispute, once it has that status.
fn is_now(stage: &Stage, order: &Value, status: &str) -> Value {
    stage.until(status, || {
        let disputes = stage.order(order)["disputes"].clone();
        (disputes[0]["status"] == status).then_some(disputes[0].clone())
    })
}

#[test]
fn a_dispute_that_is_lost_takes_the_money_and_is_shown_everywhere() {
    let stage = stage();
    let order = stage.paid(1, &[(0, 2)]);
    let total = order["total_paise"].clone();
    assert_eq!((&order["disputes"], &order["lost_paise"]), (&json!([]), &json!(0)));
    stage.deliver(&order, &json!(0));
    let stated = dispute(&stage, &order, "created");
    let opened = is_now(&stage, &order, "open");
    for (ours, theirs) in [
        ("razorpay_dispute_id", "id"),
        ("razorpay_payment_id", "payment_id"),
        ("amount_paise", "amount"),
        ("reason_code", "reason_code"),
        ("reason", "reason_description"),
    ] {
        assert_eq!(opened[ours], stated[theirs], "{ours}");
    }
    assert!(opened["respond_by"].as_str().is_some_and(|at| at.contains(".000Z")), "{opened}");
    assert!(metrics(&stage).contains("kirana_disputes_open 1"));
    assert_eq!(stage.payments(&order)["lost_paise"], 0, "nothing is lost while it is open");
    dispute(&stage, &order, "under_review");
    is_now(&stage, &order, "under_review");
    dispute(&stage, &order, "lost");
    let lost = is_now(&stage, &order, "lost");
    assert_eq!((&lost["lost_paise"], &lost["opened_at"]), (&total, &opened["opened_at"]));
    let payments = stage.payments(&order);
    assert_eq!(payments["disputes"], json!([lost]));
    assert_eq!((&payments["captured_paise"], &payments["lost_paise"]), (&total, &total));
    assert_eq!(payments["given_back_paise"], 0);
    let now = stage.order(&order);
    assert_eq!((&now["lost_paise"], &now["payment_status"]), (&total, &json!("completed")));
    let shown = metrics(&stage);
    assert!(shown.contains("kirana_disputes_open 0"), "{shown}");
    assert!(shown.contains("kirana_disputes_lost_total 1"), "{shown}");
    let all = json!({ "reason": "once more" });
    assert_eq!(
        stage.act(&support(), &order, "refunds", &all).expect(409)["code"],
        "REFUND_TOO_LARGE"
    );
    let words = stage.events(&order);
    let of_disputes: Vec<_> = words.iter().filter(|word| word.contains("dispute")).collect();
    assert_eq!(of_disputes, ["dispute_opened", "dispute_under_review", "dispute_lost"]);
}

#[test]
fn an_open_dispute_and_a_lost_one_are_there_after_a_kill() {
    let stage = stage();
    let (open, lost) = (stage.paid(1, &[(0, 2)]), stage.paid(2, &[(0, 1)]));
    for order in [&open, &lost] {
        stage.deliver(order, &json!(0));
        dispute(&stage, order, "created");
        is_now(&stage, order, "open");
    }
    dispute(&stage, &lost, "lost");
    is_now(&stage, &lost, "lost");
    // Orders that have left memory, and those in a checkpoint.
    for n in 3..8 {
        let order = stage.paid(n, &[(1, 1)]);
        stage.deliver(&order, &json!(0));
    }
    let before = [&open, &lost].map(|order| stage.payments(order));
    let stage = stage.killed();
    assert_eq!([&open, &lost].map(|order| stage.payments(order)), before);
    assert!(metrics(&stage).contains("kirana_disputes_open 1"), "{}", metrics(&stage));
    dispute(&stage, &open, "won");
    is_now(&stage, &open, "won");
    assert!(metrics(&stage).contains("kirana_disputes_open 0"));
    assert_eq!(stage.payments(&open)["lost_paise"], 0);
}

#[test]
fn a_dispute_about_a_delivered_order_is_told_to_the_stream_of_its_store() {
    let stage = stage();
    let order = stage.paid(1, &[(0, 2)]);
    stage.deliver(&order, &json!(0));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let path = stage.market.path("/events");
    let command = Command::new(path, &packer(stage.market.store_id));
    let told = runtime.block_on(async {
        let mut live = open(stage.server.address, &command).await.unwrap().live();
        live.next().await.unwrap().expect("the state first");
        dispute(&stage, &order, "created");
        live.next().await.unwrap().expect("the dispute")
    });
    assert_eq!(told.event, "order.dispute_opened");
    let shown = told.cloud_event();
    assert_eq!(shown["data"]["disputes"][0]["status"], "open", "{shown}");
}

#[test]
fn a_failed_charge_says_what_the_bank_said() {
    let stage = stage();
    let order = stage.place(1, "razorpay", &[(0, 2)]);
    let started = stage.start_payment(1, &order);
    assert_eq!(stage.payments(&order)["attempts"][0]["failure"], json!(null));
    stage.pay(&started, &json!({ "outcome": "failure" }));
    let payments = stage.until("it has failed", || {
        let payments = stage.payments(&order);
        (payments["charges"][0]["status"] == "failed").then_some(payments)
    });
    let failure = json!({
        "code": "BAD_REQUEST_ERROR", "reason": "payment_failed",
        "description": "Payment was unsuccessful: the bank has refused it",
    });
    assert_eq!(payments["attempts"][0]["failure"], failure);
    assert_eq!(payments["charges"][0]["failure"], failure);
    let again = stage.start_payment(1, &order);
    let brought = stage.pay(&again, &json!({}));
    stage.verify(1, &brought).expect(200);
    stage.until("it is placed", || (stage.order(&order)["status"] == "placed").then_some(()));
    let path = format!("/v1/orders/{}/payments", order["id"].as_str().unwrap());
    let payments = stage.get(&customer(1), &path).expect(200);
    let failures = [0, 1].map(|n| payments["attempts"][n]["failure"].clone());
    assert_eq!(failures, [failure, json!(null)], "{payments}");
}
