//! Orders that have ended: in memory as a summary, or on disk only. Every call about one is
//! answered, and money may still go back.

use crate::EXE;
use kirana_tests::market::customer;
use kirana_tests::stage::{Setting, Stage, packer, path_of, rider, rider_id, support};
use serde_json::{Value, json};

/// A stage whose ended orders leave memory as soon as their money allows it.
fn stage() -> Stage {
    Stage::open(EXE, &Setting { checkpoint_records: 10, ..Setting::default() })
}

/// Every command about an order, with who may give it and its body.
fn commands(stage: &Stage) -> Vec<(&'static str, String, Value)> {
    let (packer, product) = (packer(stage.market.store_id), stage.market.goods[0].id.0);
    let because = json!({ "reason": "a click too much" });
    let missing = json!({ "lines": [{ "product_id": product, "quantity_missing": 1 }] });
    let instead = json!({ "missing_product_id": product, "missing_quantity": 1,
        "product_id": stage.market.goods[1].id.0, "quantity": 1 });
    vec![
        ("cancel", support(), because.clone()),
        ("accept", packer.clone(), json!({})),
        ("reject", packer.clone(), because.clone()),
        ("short-pick", packer.clone(), missing),
        ("substitute", packer.clone(), instead),
        ("pack", packer, json!({})),
        ("assign", support(), json!({ "rider_id": rider_id(1), "reason": "nearest" })),
        ("accept-assignment", rider(1), json!({})),
        ("decline-assignment", rider(1), json!({})),
        ("picked-up", rider(1), json!({})),
        ("out-for-delivery", rider(1), json!({})),
        ("delivered", rider(1), json!({})),
        ("failed", rider(1), because.clone()),
        ("payments", customer(1), json!({})),
        ("refunds", support(), json!({ "amount_paise": 100, "reason": "a click too much" })),
        ("outbox/retry", support(), because),
    ]
}

/// Makes every call about an order that has ended, and checks that none fails.
fn check_every_call(stage: &Stage, order: &Value, what: &str) {
    for name in ["", "/history", "/payments", "/invoice", "/credit-notes/1"] {
        let answer = stage.get(&support(), &format!("{}{name}", path_of(order)));
        assert!(answer.status < 500, "{what}{name}: {}", answer.text());
    }
    for (name, who, body) in commands(stage) {
        let request = stage.request(&who, &format!("{}/{name}", path_of(order)), &body);
        let first = stage.client().ask(&request);
        assert!(first.status < 500, "{what}, {name}: {}", first.text());
        let again = stage.client().ask(&request);
        assert_eq!(
            (again.status, again.json()["code"].clone()),
            (first.status, first.json()["code"].clone()),
            "{what}, {name} again"
        );
    }
}

#[test]
fn a_refund_by_support_on_an_order_that_has_ended_is_answered_with_201_and_made_once() {
    let stage = stage();
    let order = stage.paid(1, &[(0, 2)]);
    stage.deliver(&order, &json!(0));
    let body = json!({ "amount_paise": 3_000, "reason": "it leaked" });
    let request = stage.request(&support(), &format!("{}/refunds", path_of(&order)), &body);
    let first = stage.client().ask(&request);
    let made = first.expect(201);
    assert_eq!(made["refund"]["amount_paise"], 3_000);
    assert_eq!(made["payment_status"], "refund_pending");
    let again = stage.client().ask(&request);
    assert_eq!(again.expect(201), made);
    assert!(again.is_replayed());
    stage.until("the money is back", || {
        let payments = stage.payments(&order);
        let refunds = payments["refunds"].as_array().unwrap();
        assert_eq!(refunds.len(), 1, "{payments}");
        (refunds[0]["status"] == "processed").then_some(())
    });
    assert_eq!(stage.order(&order)["status"], "delivered");
}

#[test]
fn every_call_about_an_order_that_has_ended_is_answered() {
    let stage = stage();
    let delivered = stage.paid(1, &[(0, 2)]);
    stage.deliver(&delivered, &json!(0));
    check_every_call(&stage, &delivered, "delivered and paid online");

    let cancelled = stage.paid(1, &[(0, 1)]);
    let because = json!({ "reason": "changed my mind" });
    stage.act(&customer(1), &cancelled, "cancel", &because).expect(200);
    stage.until("the money is back", || {
        (stage.order(&cancelled)["payment_status"] == "refunded").then_some(())
    });
    check_every_call(&stage, &cancelled, "cancelled, its money given back");

    let in_cash = stage.place(1, "cod", &[(0, 1)]);
    stage.deliver(&in_cash, &in_cash["total_paise"]);
    // Refusals under a key are recorded, so that a checkpoint is due after them.
    check_every_call(&stage, &in_cash, "delivered, in memory");
    stage.until("an order has left memory", || {
        let metrics = stage.server.metrics();
        metrics.contains("\nkirana_orders_in_memory 2\n").then_some(())
    });
    check_every_call(&stage, &in_cash, "delivered and on disk only");
}
