//! The life of an order that is paid online, against the stand-in for Razorpay: money that comes
//! twice, late, out of order or not at all, and money that goes back.

use crate::EXE;
use kirana_tests::market::customer;
use kirana_tests::process::Program;
use kirana_tests::stage::{Setting, Stage, packer, support};
use serde_json::{Value, json};
use std::process::Command;
use std::thread;

fn stage(faults: &str) -> Stage {
    Stage::open(EXE, &Setting { faults, ..Setting::default() })
}

/// What went back at the stand-in for one of its payments, however it was decided.
fn given_back(stage: &Stage, order: &Value) -> i64 {
    let payments = stage.payments(order);
    let refunds = payments["refunds"].as_array().unwrap();
    let done = refunds.iter().filter(|refund| refund["status"] == "processed");
    done.map(|refund| refund["amount_paise"].as_i64().unwrap()).sum()
}

fn count(events: &[String], name: &str) -> usize {
    events.iter().filter(|event| *event == name).count()
}

#[test]
fn an_order_is_placed_once_whoever_says_first_that_it_is_paid() {
    let stage = stage("webhook_duplicate=100,webhook_reorder=100");
    let order = stage.place(1, "razorpay", &[(0, 2)]);
    assert_eq!(order["status"], "pending_payment");
    let started = stage.start_payment(1, &order);
    assert_eq!(started["amount"], order["total_paise"]);
    assert_eq!((&started["currency"], &started["attempt"]), (&json!("INR"), &json!(1)));
    assert_eq!(started["internal_order_id"], order["id"]);
    let brought = stage.pay(&started, &json!({}));
    let verify = || stage.verify(1, &brought).expect(200);
    thread::scope(|scope| {
        let asking: Vec<_> = (0..4).map(|_| scope.spawn(verify)).collect();
        asking.into_iter().for_each(|asked| _ = asked.join().unwrap());
    });
    stage.until("it is placed", || (stage.order(&order)["status"] == "placed").then_some(()));
    stage.standin("POST", "/sim/webhooks/flush", &json!({}));
    let events = stage.events(&order);
    assert_eq!(count(&events, "order_confirmed"), 1, "{events:?}");
    assert_eq!(count(&events, "payment_captured"), 1, "{events:?}");
    let payments = stage.payments(&order);
    assert_eq!(
        (&payments["captured_paise"], &payments["given_back_paise"]),
        (&order["total_paise"], &json!(0))
    );
    assert_eq!(stage.market.count(&mut stage.client(), 0).allocated, 2);
}

#[test]
fn a_failed_payment_may_be_tried_again_and_a_fourth_time_not() {
    let stage = stage("none");
    let order = stage.place(1, "razorpay", &[(0, 2)]);
    for attempt in 1..=3 {
        let started = stage.start_payment(1, &order);
        assert_eq!(started["attempt"], attempt);
        stage.pay(&started, &json!({ "outcome": "failure" }));
        stage.until("the failure is known", || {
            let failed = stage.payments(&order)["charges"].as_array().unwrap().len() == attempt;
            failed.then_some(())
        });
        assert_eq!(stage.order(&order)["status"], "pending_payment");
    }
    let no = stage.act(&customer(1), &order, "payments", &json!({})).expect(409);
    assert_eq!(no["code"], "PAYMENT_ATTEMPTS_EXHAUSTED");
    let own =
        stage.get(&customer(1), &format!("{}/payments", kirana_tests::stage::path_of(&order)));
    let own = own.expect(200);
    assert_eq!((&own["attempts_left"], &own["troubles"]), (&json!(0), &json!(null)));
    assert_eq!(stage.payments(&order)["troubles"], json!([]));
}

#[test]
fn a_twin_of_going_to_pay_is_the_same_attempt() {
    let stage = stage("none");
    let order = stage.place(1, "razorpay", &[(0, 2)]);
    let path = format!("{}/payments", kirana_tests::stage::path_of(&order));
    let request = stage.request(&customer(1), &path, &json!({}));
    let first = stage.client().ask(&request);
    let again = stage.client().ask(&request);
    assert_eq!(first.expect(201), again.expect(201));
    assert!(again.is_replayed());
    assert_eq!(stage.payments(&order)["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(stage.act(&customer(2), &order, "payments", &json!({})).status, 404);
    let cash = stage.place(2, "cod", &[(0, 2)]);
    let no = stage.act(&customer(2), &cash, "payments", &json!({})).expect(409);
    assert_eq!(no["code"], "ILLEGAL_MOVE");
}

#[test]
fn what_was_paid_for_a_cancelled_order_is_back_with_the_customer() {
    let stage = stage("fail_after=20,drop_after=20,webhook_duplicate=50");
    let order = stage.paid(1, &[(0, 2)]);
    let reason = json!({ "reason": "changed my mind" });
    let cancelled = stage.act(&customer(1), &order, "cancel", &reason).expect(200);
    assert_eq!(cancelled["payment_status"], "refund_pending");
    stage.until("the money is back", || {
        (stage.order(&order)["payment_status"] == "refunded").then_some(())
    });
    assert_eq!(given_back(&stage, &order), order["total_paise"].as_i64().unwrap());
    let refunds = stage.payments(&order)["refunds"].as_array().unwrap().len();
    assert_eq!(refunds, 1, "however often the provider was asked");
    assert_eq!(stage.market.count(&mut stage.client(), 0).available, 100);
}

#[test]
fn what_is_missing_goes_back_and_no_more() {
    let stage = stage("none");
    let order = stage.paid(1, &[(0, 3), (1, 2)]);
    let packer = packer(stage.market.store_id);
    stage.act(&packer, &order, "accept", &json!({})).expect(200);
    let milk = stage.market.goods[0].id.0;
    let short = json!({ "lines": [{ "product_id": milk, "quantity_missing": 2 }] });
    let left = stage.act(&packer, &order, "short-pick", &short).expect(200);
    stage.until("the money is back", || (given_back(&stage, &order) == 10_000).then_some(()));
    assert_eq!(stage.order(&order)["payment_status"], "partially_refunded");
    let paid = order["total_paise"].as_i64().unwrap();
    assert_eq!(left["total_paise"], paid - 10_000);
    let too_many = json!({ "lines": [{ "product_id": milk, "quantity_missing": 2 }] });
    assert_eq!(stage.act(&packer, &order, "short-pick", &too_many).status, 422);
}

#[test]
fn a_customer_who_wants_to_be_asked_is_asked_and_their_answer_counts() {
    let stage = stage("none");
    let packer = packer(stage.market.store_id);
    let (milk, bread) = (stage.market.goods[0].id.0, stage.market.goods[1].id.0);
    let propose = json!({ "missing_product_id": milk, "missing_quantity": 2,
        "product_id": bread, "quantity": 2 });
    for (n, accept) in [(1, true), (2, false)] {
        let order = stage.pay_for(n, &stage.place_with(n, "ask", &[(0, 2), (2, 1)]));
        stage.act(&packer, &order, "accept", &json!({})).expect(200);
        let asked = stage.act(&packer, &order, "substitute", &propose).expect(200);
        assert_eq!(asked["proposed_substitutes"][0]["product_id"], json!(bread));
        let open = stage.act(&packer, &order, "pack", &json!({})).expect(409);
        assert_eq!(open["code"], "SUBSTITUTION_OPEN");
        let answer = format!("substitutions/{milk}/answer");
        let body = json!({ "accept": accept });
        assert_eq!(stage.act(&customer(3), &order, &answer, &body).status, 404, "a stranger");
        let settled = stage.act(&customer(n), &order, &answer, &body).expect(200);
        let has_bread = settled.to_string().contains(&bread.to_string());
        assert_eq!(has_bread, accept);
        // Two breads cost 2,000 less than two milks; without them all 10,000 go back.
        let back = if accept { 2_000 } else { 10_000 };
        stage
            .until("the difference is back", || (given_back(&stage, &order) == back).then_some(()));
        stage.act(&packer, &order, "pack", &json!({})).expect(200);
    }
}

#[test]
fn a_customer_who_wants_no_substitutes_gets_none() {
    let stage = stage("none");
    let packer = packer(stage.market.store_id);
    let order = stage.place(1, "cod", &[(0, 2)]);
    stage.act(&packer, &order, "accept", &json!({})).expect(200);
    let (milk, bread) = (stage.market.goods[0].id.0, stage.market.goods[1].id.0);
    let ask = |missing, instead| {
        let body = json!({ "missing_product_id": missing, "missing_quantity": 1,
            "product_id": instead, "quantity": 1 });
        stage.act(&packer, &order, "substitute", &body)
    };
    assert_eq!(ask(milk, bread).expect(409)["code"], "NO_SUBSTITUTES");
    assert_eq!(ask(bread, milk).expect(422)["code"], "LINE_UNKNOWN");
    assert_eq!(ask(milk, uuid::Uuid::from_u128(1)).expect(422)["code"], "UNKNOWN_PRODUCT");
}

#[test]
fn twenty_people_of_support_never_give_back_more_than_was_paid() {
    let stage = stage("none");
    let order = stage.paid(1, &[(2, 2)]);
    let path = format!("{}/refunds", kirana_tests::stage::path_of(&order));
    let body = json!({ "amount_paise": 7_000, "reason": "the rice was wet" });
    let requests: Vec<_> = (0..20).map(|_| stage.request(&support(), &path, &body)).collect();
    let ask = |request| stage.client().ask(request).status;
    let statuses: Vec<u16> = thread::scope(|scope| {
        let asking: Vec<_> =
            requests.iter().map(|request| scope.spawn(move || ask(request))).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    // 60,000 was paid: eight times 7,000 fit in.
    assert_eq!(order["total_paise"], 60_000);
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 8, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 12, "{statuses:?}");
    let rest = stage.post(&support(), &path, &json!({ "reason": "the rest as well" })).expect(201);
    assert_eq!(rest["refund"]["amount_paise"], 4_000);
    stage.until("all is back", || (given_back(&stage, &order) == 60_000).then_some(()));
    assert_eq!(stage.post(&customer(1), &path, &body).status, 403);
    let no = stage.post(&support(), &path, &body).expect(409);
    assert_eq!((&no["code"], &no["left_paise"]), (&json!("REFUND_TOO_LARGE"), &json!(0)));
}

#[test]
fn money_that_goes_back_after_the_invoice_has_a_credit_note_that_the_order_lists() {
    let stage = stage("none");
    let packer = packer(stage.market.store_id);
    let order = stage.paid(1, &[(2, 2)]);
    assert_eq!(order["documents"], json!([]));
    for action in ["accept", "pack"] {
        stage.act(&packer, &order, action, &json!({})).expect(200);
    }
    let path = format!("{}/refunds", kirana_tests::stage::path_of(&order));
    let body = json!({ "amount_paise": 7_000, "reason": "the rice was wet" });
    stage.post(&support(), &path, &body).expect(201);
    let listed = stage.order(&order)["documents"].clone();
    let kinds: Vec<_> = listed.as_array().unwrap().iter().map(|it| &it["kind"]).collect();
    assert_eq!(kinds, ["invoice", "credit_note"]);
    let note = stage.get(&customer(1), listed[1]["href"].as_str().unwrap()).expect(200);
    assert_eq!((&note["kind"], &note["total_paise"]), (&json!("credit_note"), &json!(7_000)));
    assert_eq!(note["number"], listed[1]["number"]);
    assert_eq!(note["refers_to"]["number"], listed[0]["number"]);
}

#[test]
fn money_that_no_webhook_told_of_is_found_in_the_books() {
    let setting = Setting { faults: "webhook_lost=100", first_look_ms: 200, ..Setting::default() };
    let stage = Stage::open(EXE, &setting);
    let order = stage.place(1, "razorpay", &[(0, 2)]);
    let started = stage.start_payment(1, &order);
    // The customer's phone died at the checkout: nobody brings a signature.
    stage.pay(&started, &json!({}));
    stage.until("it is placed", || (stage.order(&order)["status"] == "placed").then_some(()));
    assert_eq!(stage.order(&order)["payment_status"], "completed");
}

#[test]
fn money_that_comes_after_the_hold_gets_the_units_if_they_are_there_and_goes_back_if_not() {
    let goods = &[("milk", 20_000, 1), ("bread", 20_000, 5)];
    let stage = Stage::open(EXE, &Setting { goods, hold_minutes: 1, ..Setting::default() });
    let late = json!({ "outcome": "late_authorized", "late_ms": 70_000 });
    let orders = [(1, 0), (2, 1)].map(|(n, product)| {
        let order = stage.place(n, "razorpay", &[(product, 1)]);
        let started = stage.start_payment(n, &order);
        stage.pay(&started, &late);
        order
    });
    for order in &orders {
        stage.until("it is expired", || (stage.order(order)["status"] == "expired").then_some(()));
    }
    stage.place(3, "cod", &[(0, 1)]);
    let [sold, there] = &orders;
    stage.until("the one is placed", || (stage.order(there)["status"] == "placed").then_some(()));
    stage.until("the other's money is back", || {
        (stage.order(sold)["payment_status"] == "refunded").then_some(())
    });
    assert_eq!(stage.order(sold)["status"], "cancelled");
    assert_eq!(stage.payments(sold)["refunds"][0]["reason"], "paid_too_late");
    assert_eq!(stage.market.count(&mut stage.client(), 1).allocated, 1);
}

#[test]
fn the_walk_of_the_demo_goes_from_the_shelf_to_the_door() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("not run: curl is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let program = program.unset("KIRANA_HS256_SECRET").arg("--demo");
    let server = program.start();
    server.prints("walk.sh");
    let walk = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/demo/walk.sh");
    let run = || {
        let walked = Command::new("bash").arg(walk).arg(program.data.join("demo.env")).output();
        let walked = walked.unwrap();
        let said = String::from_utf8_lossy(&walked.stdout).into_owned();
        let complained = String::from_utf8_lossy(&walked.stderr).into_owned();
        assert!(walked.status.success(), "{said}\n{complained}");
        assert!(said.contains("Delivered: "), "{said}");
        assert!(said.contains("application/pdf"), "{said}");
    };
    run();
    // Its stand-in keeps its books: what was started before a restart can be paid after it.
    assert_eq!(server.terminate().code, Some(0));
    let server = program.start();
    server.prints("walk.sh");
    run();
}
