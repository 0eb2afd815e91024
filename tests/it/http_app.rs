//! What the mobile app shows of an order, and what it asks before it places one.

use crate::EXE;
use kirana_tests::http::Request;
use kirana_tests::market::{Market, admin, customer};
use kirana_tests::process::Program;
use kirana_tests::stage::{Setting, Stage, packer, support};
use serde_json::{Value, json};

fn stage() -> Stage {
    Stage::open(EXE, &Setting::default())
}

fn products(shown: &Value) -> Vec<Value> {
    shown["items"].as_array().unwrap().iter().map(|item| item["product_id"].clone()).collect()
}

fn ids(page: &Value) -> Vec<Value> {
    page["data"].as_array().unwrap().iter().map(|order| order["id"].clone()).collect()
}

#[test]
fn an_order_shows_its_items_in_the_order_in_which_they_were_sent_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let server = program.start();
    let goods = [("milk", 5_000, 100), ("bread", 4_000, 100), ("rice", 30_000, 100)];
    let market = Market::open(&mut server.client(), &goods);
    let sent = |way: [usize; 3]| way.map(|index| json!(market.goods[index].id.0));
    let ways = [[0, 1, 2], [2, 1, 0], [1, 2, 0]];
    let placed = ways.map(|way| {
        let key = format!("the-items-of-a-way-{way:?}").replace(' ', "");
        let order = market.place(1, &key, &way.map(|index| (index, 1)));
        let order = server.client().ask(&order).expect(201);
        assert_eq!(products(&order), sent(way));
        order
    });
    let basket = market.order(&[(2, 1), (0, 1), (1, 1)]);
    let basket = json!({ "store_id": basket["store_id"], "items": basket["items"] });
    let quote = server.client().ask(&Request::post("/v1/quotes").json(&basket)).expect(200);
    assert_eq!(products(&quote), sent([2, 0, 1]));
    assert_eq!(server.terminate().code, Some(0));
    let server = program.start();
    for order in placed {
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        let shown = server.client().ask(&Request::get(&path).token(&customer(1))).expect(200);
        assert_eq!((&shown["items"], &shown["stamps"]), (&order["items"], &order["stamps"]));
    }
}

#[test]
fn the_way_of_an_order_is_on_the_order_its_times_its_missing_units_and_its_money() {
    let stage = stage();
    let order = stage.place(1, "razorpay", &[(0, 3), (1, 2)]);
    assert_eq!(order["stamps"]["placed_at"], order["created_at"]);
    assert_eq!(
        (&order["stamps"]["confirmed_at"], &order["estimate_minutes"]),
        (&json!(null), &json!(null))
    );
    let started = stage.start_payment(1, &order);
    let counting = stage.order(&order);
    assert_eq!(started["timeout_at"], counting["hold_expires_at"], "one countdown");
    assert_eq!(stage.payments(&order)["attempts"][0]["timeout_at"], counting["hold_expires_at"]);
    let paid = stage.pay_for(1, &order);
    assert_eq!((&paid["hold_expires_at"], &paid["refunded_paise"]), (&json!(null), &json!(0)));
    assert!(paid["stamps"]["confirmed_at"].is_string() && paid["estimate_minutes"].is_i64());
    let packer = packer(stage.market.store_id);
    let accepted = stage.act(&packer, &order, "accept", &json!({})).expect(200);
    assert_eq!(accepted["stamps"]["accepted_at"], accepted["updated_at"]);
    let milk = stage.market.goods[0].id.0;
    let short = json!({ "lines": [{ "product_id": milk, "quantity_missing": 3 }] });
    let left = stage.act(&packer, &order, "short-pick", &short).expect(200);
    let item = &left["items"][0];
    assert_eq!(
        ["quantity", "quantity_ordered", "quantity_missing", "missing_paise"].map(|it| &item[it]),
        [&json!(0), &json!(3), &json!(3), &json!(15_000)]
    );
    assert_eq!(left["refunded_paise"], 15_000);
    assert_eq!(left["ordered_total_paise"], order["total_paise"]);
    assert_eq!(left["total_paise"], order["total_paise"].as_i64().unwrap() - 15_000);
}

#[test]
fn an_app_that_lost_the_answer_finds_its_order_by_its_own_key() {
    let stage = stage();
    let key = "8e03978e-40d5-43e8-bc93-6894a57f9324";
    let order = stage.client().ask(&stage.market.place(1, key, &[(0, 1)])).expect(201);
    let look = |n, key: &str| stage.get(&customer(n), &format!("/v1/orders?client_ref={key}"));
    assert_eq!(ids(&look(1, key).expect(200)), [order["id"].clone()]);
    assert_eq!(ids(&look(2, key).expect(200)).len(), 0, "it is another customer's key");
    assert_eq!(ids(&look(1, "8e03978e-40d5-43e8-bc93-000000000000").expect(200)).len(), 0);
    // A key under which an order was refused leads to none.
    let refused = "8e03978e-40d5-43e8-bc93-6894a57f9325";
    let mut body = stage.market.order(&[(0, 1)]);
    body["expected_total_paise"] = json!(1);
    let request = Request::post("/v1/orders").token(&customer(1)).key(refused).json(&body);
    assert_eq!(stage.client().ask(&request).expect(409)["code"], "PRICE_CHANGED");
    assert_eq!(ids(&look(1, refused).expect(200)).len(), 0);
    assert_eq!(stage.get(&support(), &format!("/v1/orders?client_ref={key}")).status, 400);
}

#[test]
fn a_list_of_orders_is_searched_sorted_and_cut_at_a_moment() {
    let stage = stage();
    let lines: [&[(usize, u32)]; 4] = [&[(0, 2)], &[(1, 3)], &[(0, 2), (2, 1)], &[(2, 1)]];
    let orders: Vec<_> = lines.iter().map(|lines| stage.place(1, "cod", lines)).collect();
    let id = |n: usize| orders[n]["id"].clone();
    let list = |query: &str| stage.get(&customer(1), &format!("/v1/orders?{query}")).expect(200);
    assert_eq!(ids(&list("")), [3, 2, 1, 0].map(id));
    assert_eq!(ids(&list("sort=created_at")), [0, 1, 2, 3].map(id));
    assert_eq!(ids(&list("q=MILK")), [2, 0].map(id));
    assert_eq!(ids(&list("q=rice%20milk")), [2].map(id));
    let number = orders[1]["order_number"].as_str().unwrap();
    assert_eq!(ids(&list(&format!("q={}", number.to_lowercase()))), [1].map(id));
    let after = orders[1]["created_at"].as_str().unwrap();
    let later = orders.iter().rev().filter(|order| order["created_at"].as_str().unwrap() > after);
    let later: Vec<_> = later.map(|order| order["id"].clone()).collect();
    assert_eq!(ids(&list(&format!("created_after={after}"))), later);
    for query in ["sort=created_at", "sort=-created_at", "q=r"] {
        let whole = ids(&list(query));
        let (mut paged, mut next) = (Vec::new(), String::new());
        loop {
            let page = list(&format!("{query}&limit=1{next}"));
            paged.extend(ids(&page));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            next = format!("&cursor={cursor}");
        }
        assert_eq!(paged, whole, "{query}");
    }
    for wrong in ["sort=total", "q=", "created_after=yesterday"] {
        assert_eq!(stage.get(&customer(1), &format!("/v1/orders?{wrong}")).status, 400, "{wrong}");
    }
}

#[test]
fn a_customer_is_told_how_they_can_pay_and_which_coupons_are_theirs_to_use() {
    let stage = stage();
    let store_id = stage.market.store_id;
    let methods = stage
        .get(&customer(1), &format!("/v1/payment-methods?store_id={store_id}&total_paise=30000000"))
        .expect(200);
    let methods = methods["data"].as_array().unwrap();
    assert_eq!(methods.len(), 2);
    for method in methods {
        assert_eq!(method["available"], false);
        assert!(method["reason"]["code"].is_string(), "{method}");
    }
    let some = stage.get(&customer(1), "/v1/payment-methods?total_paise=30000").expect(200);
    let online = &some["data"][1];
    assert_eq!(
        (&online["payment_method"], &online["available"]),
        (&json!("razorpay"), &json!(true))
    );
    let define = |code: &str, body: Value| {
        let request = Request::new("PUT", stage.market.path(&format!("/coupons/{code}")));
        stage.client().ask(&request.token(&admin()).json(&body)).expect(200);
    };
    define("FIRST", json!({ "kind": "amount", "amount_paise": 1000, "first_order_only": true }));
    define("LARGE", json!({ "kind": "amount", "amount_paise": 5000, "minimum_paise": 50000 }));
    define("GONE", json!({ "kind": "free_delivery", "active": false }));
    let own = |query: &str| {
        let page = stage.get(&customer(1), &format!("/v1/me/coupons{query}")).expect(200);
        let data = page["data"].as_array().unwrap().clone();
        let row = |it: &Value| (it["code"].clone(), it["usable"].clone(), it["reason"].clone());
        data.iter().map(row).collect::<Vec<_>>()
    };
    let usable = |code: &str| (json!(code), json!(true), json!(null));
    let too_small = (json!("LARGE"), json!(false), json!("below_minimum"));
    assert_eq!(own(""), [usable("FIRST"), usable("LARGE")]);
    assert_eq!(own("?subtotal_paise=20000"), [usable("FIRST"), too_small.clone()]);
    stage.place(1, "cod", &[(0, 2)]);
    assert_eq!(own("?subtotal_paise=20000"), [too_small], "the first order was placed");
    assert_eq!(stage.client().ask(&Request::get("/v1/me/coupons")).status, 401);
}

#[test]
fn an_order_whose_payment_failed_is_paid_in_cash_instead() {
    let stage = stage();
    let order = stage.place(1, "razorpay", &[(0, 2)]);
    let started = stage.start_payment(1, &order);
    stage.pay(&started, &json!({ "outcome": "failure" }));
    stage.until("the failure is known", || {
        (!stage.payments(&order)["charges"].as_array().unwrap().is_empty()).then_some(())
    });
    let cash = json!({ "payment_method": "cod" });
    let stranger = stage.act(&customer(2), &order, "payment-method", &cash);
    assert_eq!(stranger.status, 404);
    let online = json!({ "payment_method": "razorpay" });
    assert_eq!(stage.act(&customer(1), &order, "payment-method", &online).status, 422);
    let turned = stage.act(&customer(1), &order, "payment-method", &cash).expect(200);
    assert_eq!(
        ["status", "payment_method", "payment_status"].map(|it| turned[it].as_str().unwrap()),
        ["placed", "cod", "cod_pending"]
    );
    assert!(turned["hold_expires_at"].is_null() && turned["stamps"]["confirmed_at"].is_string());
    assert_eq!(stage.market.count(&mut stage.client(), 0).allocated, 2);
    let again = stage.act(&customer(1), &order, "payment-method", &cash).expect(409);
    assert_eq!(again["code"], "ILLEGAL_MOVE");
    let packer = packer(stage.market.store_id);
    stage.act(&packer, &order, "accept", &json!({})).expect(200);
}

#[test]
fn the_dayliz_app_orders_and_follows_in_its_own_words() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let server = program.start();
    let market = Market::open(&mut server.client(), &[("milk", 5_075, 100)]);
    let own = Request::get("/api/v1/orders").token(&customer(1));
    assert_eq!(server.client().ask(&own).status, 404, "it is off unless it is configured");
    assert_eq!(server.terminate().code, Some(0));
    let program = program.set("KIRANA_DAYLIZ_STORE", market.store_id);
    let server = program.start();
    let milk = market.goods[0].id.0;
    let body = |total: f64, quantity: u32| {
        json!({
            "items": [{ "product_id": milk, "quantity": quantity, "unit_price": 50.75 }],
            "payment_method": "cod", "total": total, "subtotal": 0.0,
            "shipping_address": { "recipient_name": "Asha", "address_line1": "12, Hawakhana",
                "postal_code": "794001", "phone_number": "9876543210" },
        })
    };
    let place = |key: &str, body: &Value| {
        let request = Request::post("/api/v1/orders").token(&customer(1)).key(key).json(body);
        server.client().ask(&request)
    };
    // Two units and the fee: 101.50 + 25.00.
    let order = place("the-first-key-of-the-app", &body(126.5, 2)).expect(201);
    assert_eq!(
        ["total", "subtotal", "shipping"].map(|it| order[it].to_string()),
        ["126.5", "101.5", "25.0"]
    );
    assert_eq!(
        (&order["status"], &order["payment_status"]),
        (&json!("confirmed"), &json!("pending"))
    );
    let again = place("the-first-key-of-the-app", &body(126.5, 2));
    assert!(again.is_replayed());
    assert_eq!(again.expect(201), order);
    let changed = place("the-second-key-of-the-app", &body(120.0, 2)).expect(409);
    assert_eq!((&changed["success"], &changed["error"]), (&json!(false), &json!("PRICE_CHANGED")));
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    let get = |path: &str| server.client().ask(&Request::get(path).token(&customer(1))).expect(200);
    assert_eq!(get(&path), order);
    assert_eq!(get("/api/v1/orders")["data"], json!([order]));
    assert_eq!(get(&format!("{path}/track"))["status"], "confirmed");
    let methods = get("/api/v1/payments/methods?total=126.50");
    assert_eq!(
        (&methods["methods"][0]["id"], &methods["methods"][1]["enabled"]),
        (&json!("cod"), &json!(false))
    );
    let cancel = Request::post(format!("{path}/cancel")).token(&customer(1));
    let cancel = cancel.key("the-third-key-of-the-app").json(&json!({ "reason": "too late" }));
    assert_eq!(server.client().ask(&cancel).expect(200)["status"], "cancelled");
    let stranger = Request::get(&path).token(&customer(2));
    assert_eq!(server.client().ask(&stranger).status, 404);
}
