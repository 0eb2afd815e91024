//! The whole life of an order that is paid in cash: every role does its part, and nobody another's.

use crate::EXE;
use kirana_domain::StoreId;
use kirana_tests::http::Request;
use kirana_tests::market::{admin, customer};
use kirana_tests::stage::{Setting, Stage, packer, path_of, rider, rider_id, support};
use serde_json::{Value, json};
use std::thread;
use uuid::Uuid;

fn stage() -> Stage {
    Stage::open(EXE, &Setting::default())
}

/// An order that waits for a rider who has accepted.
fn assigned(stage: &Stage, rider_n: u64) -> Value {
    let packer = packer(stage.market.store_id);
    let order = stage.place(1, "cod", &[(0, 2), (1, 1)]);
    stage.act(&packer, &order, "accept", &json!({})).expect(200);
    let asked = json!({ "rider_id": rider_id(rider_n), "reason": "nearest" });
    // Assigning beside picking: the order goes on being picked.
    let accepted = stage.act(&support(), &order, "assign", &asked).expect(200);
    assert_eq!(
        (&accepted["status"], &accepted["rider_accepted"]),
        (&json!("accepted"), &json!(false))
    );
    stage.act(&packer, &order, "pack", &json!({})).expect(200);
    let ready = stage.act(&rider(rider_n), &order, "accept-assignment", &json!({})).expect(200);
    assert_eq!((&ready["status"], &ready["rider_accepted"]), (&json!("assigned"), &json!(true)));
    order
}

#[test]
fn an_order_in_cash_goes_from_the_shelf_to_the_door_and_its_cash_to_the_store() {
    let stage = stage();
    let order = assigned(&stage, 1);
    let total = order["total_paise"].as_i64().unwrap();
    let count = || stage.market.count(&mut stage.client(), 0);
    assert_eq!((count().allocated, count().shipped), (2, 0));
    stage.act(&rider(1), &order, "picked-up", &json!({})).expect(200);
    assert_eq!((count().allocated, count().shipped), (0, 2), "the units left the store");
    stage.act(&rider(1), &order, "out-for-delivery", &json!({})).expect(200);
    for wrong in [json!({}), json!({ "cash_collected_paise": total - 1 })] {
        let no = stage.act(&rider(1), &order, "delivered", &wrong).expect(409);
        assert_eq!((&no["code"], &no["due_paise"]), (&json!("CASH_MISMATCH"), &json!(total)));
    }
    let cash = json!({ "cash_collected_paise": total });
    let done = stage.act(&rider(1), &order, "delivered", &cash).expect(200);
    assert_eq!(
        (&done["status"], &done["payment_status"]),
        (&json!("delivered"), &json!("cod_collected"))
    );
    assert_eq!(done["cash_collected_paise"], total);

    let own = stage.get(&rider(1), "/v1/riders/me/cash").expect(200);
    assert_eq!((&own["total_paise"], &own["data"][0]["deliveries"]), (&json!(total), &json!(1)));
    let of_store = stage.market.path("/cash");
    let packer = packer(stage.market.store_id);
    let seen = stage.get(&packer, &of_store).expect(200);
    assert_eq!(seen["data"][0]["rider_id"], json!(rider_id(1)));
    let hand_over = |counted: i64, note: Option<&str>| {
        let body = json!({ "rider_id": rider_id(1), "counted_paise": counted, "note": note });
        stage.post(&packer, &stage.market.path("/cash/handovers"), &body)
    };
    assert_eq!(hand_over(total - 500, None).expect(409)["code"], "CASH_MISMATCH");
    let kept = hand_over(total - 500, Some("a coin fell into the drain")).expect(201);
    assert_eq!((&kept["expected_paise"], &kept["difference_paise"]), (&json!(total), &json!(-500)));
    assert_eq!(stage.get(&packer, &of_store).expect(200)["total_paise"], 0);
    assert_eq!(
        hand_over(total, None).expect(409)["code"],
        "CASH_MISMATCH",
        "there is no cash left"
    );
}

#[test]
fn a_move_is_refused_to_who_may_not_make_it_and_strangers_learn_nothing() {
    let stage = stage();
    let order = stage.place(1, "cod", &[(0, 2)]);
    let own = packer(stage.market.store_id);
    let other = packer(StoreId(Uuid::from_u128(77)));
    let status = |token: &str, name: &str| stage.act(token, &order, name, &json!({})).status;
    for name in ["accept", "pack", "picked-up", "delivered"] {
        assert_eq!(status(&customer(1), name), 403, "a customer: {name}");
    }
    assert_eq!(status(&customer(2), "cancel"), 404, "another customer");
    assert_eq!(status(&other, "accept"), 404, "a packer of another store");
    assert_eq!(status(&own, "picked-up"), 403, "a packer brings nothing");
    assert_eq!(status(&own, "cancel"), 403, "a packer rejects");
    assert_eq!(status(&rider(1), "picked-up"), 404, "a rider who was not asked");
    assert_eq!(
        stage.act(&support(), &order, "accept", &json!({})).expect(422)["code"],
        "REASON_MISSING"
    );
    let no = stage.act(&own, &order, "reject", &json!({})).expect(422);
    assert_eq!(no["errors"][0]["pointer"], "#/reason");

    let illegal = stage.act(&own, &order, "pack", &json!({})).expect(409);
    assert_eq!(
        (&illegal["code"], &illegal["order_status"]),
        (&json!("ILLEGAL_MOVE"), &json!("placed"))
    );
    assert_eq!(illegal["possible_moves"], json!(["accept", "reject"]));
    let asked = json!({ "rider_id": rider_id(1), "reason": "x" });
    let illegal = stage.act(&admin(), &order, "assign", &asked).expect(409);
    assert_eq!(illegal["possible_moves"], json!(["cancel", "accept", "reject"]));
    let rejected = stage.act(&own, &order, "reject", &json!({ "reason": "the fridge broke" }));
    assert_eq!(rejected.expect(200)["status"], "cancelled");
    assert_eq!(stage.market.count(&mut stage.client(), 0).available, 100);
}

#[test]
fn a_rider_sees_the_orders_they_have_and_no_longer_those_of_others() {
    let stage = stage();
    let order = assigned(&stage, 1);
    let list = |n| stage.get(&rider(n), "/v1/orders").expect(200)["data"].clone();
    assert_eq!(list(1)[0]["id"], order["id"]);
    assert_eq!(list(2), json!([]));
    let declined = stage.act(&rider(1), &order, "decline-assignment", &json!({})).expect(200);
    assert_eq!(declined["status"], "packed");
    assert_eq!(list(1), json!([]), "declined");
    assert_eq!(stage.get(&rider(1), &path_of(&order)).status, 404);
    let asked = json!({ "rider_id": rider_id(2), "reason": "the first declined" });
    stage.act(&support(), &order, "assign", &asked).expect(200);
    assert_eq!(list(2)[0]["id"], order["id"]);
    // Brought back, and given to somebody else: its units come back to the store as well.
    stage.act(&rider(2), &order, "picked-up", &json!({})).expect(200);
    let failed = json!({ "reason": "nobody at the door" });
    stage.act(&rider(2), &order, "failed", &failed).expect(200);
    assert_eq!(stage.market.count(&mut stage.client(), 0).allocated, 2);
    assert_eq!(list(2), json!([]), "brought back");
}

#[test]
fn of_twenty_who_decide_on_one_version_one_comes_through() {
    let stage = stage();
    let order = stage.place(1, "cod", &[(0, 2)]);
    let packer = packer(stage.market.store_id);
    let outdated = stage.request(&packer, &format!("{}/accept", path_of(&order)), &json!({}));
    let no = stage.client().ask(&outdated.header("If-Match", "\"7\"")).expect(412);
    assert_eq!((&no["code"], &no["version"]), (&json!("VERSION_MISMATCH"), &json!(1)));
    let path = format!("{}/accept", path_of(&order));
    let requests: Vec<Request> = (0..20)
        .map(|_| stage.request(&packer, &path, &json!({})).header("If-Match", "\"1\""))
        .collect();
    let ask = |request: &Request| stage.client().ask(request).status;
    let statuses: Vec<u16> = thread::scope(|scope| {
        let asking: Vec<_> =
            requests.iter().map(|request| scope.spawn(move || ask(request))).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 19, "{statuses:?}");
}

#[test]
fn an_invoice_comes_with_packing_and_a_credit_note_with_cancelling_after_that() {
    let stage = stage();
    let packer = packer(stage.market.store_id);
    let order = stage.place(1, "cod", &[(0, 3), (1, 1)]);
    let invoice = format!("{}/invoice", path_of(&order));
    let credit = format!("{}/credit-notes/1", path_of(&order));
    assert_eq!(stage.get(&customer(1), &invoice).expect(404)["code"], "INVOICE_NOT_ISSUED");
    stage.act(&packer, &order, "accept", &json!({})).expect(200);
    let missing = stage.market.goods[0].id.0;
    let short = json!({ "lines": [{ "product_id": missing, "quantity_missing": 1 }] });
    let left = stage.act(&packer, &order, "short-pick", &short).expect(200);
    stage.act(&packer, &order, "pack", &json!({})).expect(200);
    let json = stage.get(&customer(1), &invoice).expect(200);
    assert_eq!(json["total_paise"], left["total_paise"], "what was packed, not what was ordered");
    let lines = json["lines"].as_array().unwrap().iter();
    // Lines stand in the order of product ids.
    assert_eq!(lines.map(|line| line["quantity"].as_u64().unwrap()).max(), Some(2));
    assert_eq!(json["buyer"]["name"], "Asha");
    // The store of the stage has no GST number.
    assert_eq!((&json["kind"], &json["cgst_paise"]), (&json!("bill_of_supply"), &json!(0)));
    assert_eq!(json["number"].as_str().map(|number| &number[..4]), Some("STG/"));
    let page = stage
        .client()
        .ask(&Request::get(&*invoice).token(&customer(1)).header("Accept", "text/html"));
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let pdf = stage.get(&customer(1), &format!("{invoice}?format=pdf"));
    assert!(pdf.body.starts_with(b"%PDF-"), "{}", pdf.text());
    assert_eq!(stage.get(&customer(1), &format!("{invoice}?format=doc")).status, 400);
    assert_eq!(stage.get(&customer(2), &invoice).status, 404, "somebody else's");
    assert_eq!(stage.get(&customer(1), &credit).expect(404)["code"], "CREDIT_NOTE_UNKNOWN");
    let reason = json!({ "reason": "the road is closed" });
    stage.act(&support(), &order, "cancel", &reason).expect(200);
    let note = stage.get(&customer(1), &credit).expect(200);
    assert_eq!(
        (&note["kind"], &note["refers_to"]["number"]),
        (&json!("credit_note"), &json["number"])
    );
    assert_eq!(note["total_paise"], json["total_paise"]);
}
