//! Coupons, cash on delivery, GST: a quote says what the order will, and no limit is overrun.

use crate::EXE;
use kirana_tests::dice::Dice;
use kirana_tests::http::{Answer, Client, Request};
use kirana_tests::market::{Market, admin, customer};
use kirana_tests::process::{Program, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

const GOODS: [(&str, i64, u32); 4] = [
    ("milk", 2_750, 100_000),
    ("rice", 9_999, 100_000),
    ("tea", 333, 100_000),
    ("ghee", 61_000, 100_000),
];

struct Shop {
    _dir: tempfile::TempDir,
    program: Program,
    server: Server,
    market: Market,
}

fn shop() -> Shop {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let server = program.start();
    let market = Market::open(&mut server.client(), &GOODS);
    Shop { _dir: dir, program, server, market }
}

impl Shop {
    fn coupon(&self, client: &mut Client, code: &str, body: &Value) -> Answer {
        let path = self.market.path(&format!("/coupons/{code}"));
        client.ask(&Request::new("PUT", path).token(&admin()).json(body))
    }

    fn patch(&self, client: &mut Client, body: &Value) -> Value {
        let request = Request::new("PATCH", self.market.path("")).token(&admin());
        client.ask(&request.json(body)).expect(200)
    }

    fn quote(&self, client: &mut Client, who: Option<&str>, body: &Value) -> Value {
        let request = Request::post("/v1/quotes").json(body);
        let request = who.iter().fold(request, |request, token| request.token(token));
        client.ask(&request).expect(200)
    }

    /// What a quote and an order have in common.
    fn basket(&self, lines: &[(usize, u32)], coupon: Option<&str>) -> Value {
        let order = self.market.order(lines);
        let mut body = json!({ "store_id": order["store_id"], "items": order["items"] });
        body["payment_method"] = json!("cod");
        if let Some(code) = coupon {
            body["coupon_code"] = json!(code);
        }
        body
    }

    fn order(&self, basket: &Value, total: i64) -> Value {
        let mut order = basket.clone();
        order["expected_total_paise"] = json!(total);
        order["delivery_address"] = self.market.order(&[])["delivery_address"].clone();
        order
    }
}

fn place(client: &mut Client, n: u64, key: &str, order: &Value) -> Answer {
    client.ask(&Request::post("/v1/orders").token(&customer(n)).key(key).json(order))
}

fn issues(quote: &Value) -> Vec<&str> {
    let issues = quote["issues"].as_array().unwrap().iter();
    issues.map(|issue| issue["code"].as_str().unwrap()).collect()
}

/// Whatever is in the basket: the order takes the total of its quote, and no other.
#[test]
fn an_order_costs_what_its_quote_said_to_the_paisa() {
    let shop = shop();
    let client = &mut shop.server.client();
    let coupons = [
        ("PERCENT15", json!({ "kind": "percent", "percent": 15, "cap_paise": 5_000 })),
        ("SAVE50", json!({ "kind": "amount", "amount_paise": 5_000, "minimum_paise": 29_900 })),
        ("FREEDEL", json!({ "kind": "free_delivery" })),
    ];
    for (code, body) in &coupons {
        assert_eq!(shop.coupon(client, code, body).expect(200)["uses"], 0);
    }
    let rates = json!({ "rates": [
        { "hsn": "04", "from": "2025-09-22", "percent": 5 },
        { "hsn": "0401", "from": "2025-09-22", "percent": 0 }] });
    let set = Request::new("PUT", "/v1/gst-rates").token(&admin()).json(&rates);
    assert_eq!(client.ask(&set).expect(200)["rates"].as_array().unwrap().len(), 2);
    let mut dice = Dice::printed("an_order_costs_what_its_quote_said_to_the_paisa");
    for round in 0..120_u64 {
        let count = 1 + dice.below(4) as usize;
        let lines: Vec<_> = (0..count).map(|index| (index, 1 + dice.below(9) as u32)).collect();
        let coupon = match dice.below(4) {
            3 => None,
            index => Some(coupons[index as usize].0),
        };
        let basket = shop.basket(&lines, coupon);
        let quote = shop.quote(client, Some(&customer(round)), &basket);
        let total = quote["total_paise"].as_i64().unwrap();
        let mut order = shop.order(&basket, total);
        if !quote["orderable"].as_bool().unwrap() {
            assert_eq!(issues(&quote), ["COUPON_REFUSED"], "{quote}");
            let refused = place(client, round, &format!("not-orderable-{round:06}"), &order);
            assert_eq!(refused.expect(422)["code"], "COUPON_REFUSED");
            // The price was the one without the coupon.
            order.as_object_mut().unwrap().remove("coupon_code");
        }
        for (off, name) in [(1, "more"), (-1, "less")] {
            let mut other = order.clone();
            other["expected_total_paise"] = json!(total + off);
            let answer = place(client, round, &format!("a-paisa-{name}-{round:06}"), &other);
            let problem = answer.expect(409);
            assert_eq!(problem["code"], "PRICE_CHANGED");
            assert_eq!(problem["quote"]["total_paise"], total);
        }
        let placed = place(client, round, &format!("as-it-was-quoted-{round:06}"), &order);
        let placed = placed.expect(201);
        for member in ["total_paise", "tax_paise", "discount_paise", "delivery_fee_paise"] {
            assert_eq!(placed[member], quote[member], "{member} of {quote}");
        }
    }
}

#[test]
fn a_quote_names_every_reason_for_which_the_order_would_be_refused() {
    let shop = shop();
    let client = &mut shop.server.client();
    let settings = json!({
        "order_minimum_paise": 9_900, "cod": { "first_maximum_paise": 150_000 },
        "gstin": "27AAPFU0939F1ZV", "promise_minutes": { "normal": [10, 20] },
    });
    let store = shop.patch(client, &settings);
    assert_eq!(store["cod"]["first_maximum_paise"], 150_000);
    assert_eq!(
        (&store["gstin"], &store["hours"]["closes"]),
        (&json!("27AAPFU0939F1ZV"), &json!("24:00"))
    );
    let dear = shop.basket(&[(3, 3)], None);
    let quote = shop.quote(client, Some(&customer(1)), &dear);
    assert_eq!(issues(&quote), ["COD_LIMIT_EXCEEDED"]);
    assert_eq!(quote["promise_minutes"], json!([10, 20]));
    let order = shop.order(&dear, quote["total_paise"].as_i64().unwrap());
    assert_eq!(
        place(client, 1, "too-dear-in-cash", &order).expect(422)["code"],
        "COD_LIMIT_EXCEEDED"
    );
    let mut online = dear.clone();
    online["payment_method"] = json!("razorpay");
    assert_eq!(issues(&shop.quote(client, None, &online)), ["ONLINE_PAYMENT_OFF"]);
    online.as_object_mut().unwrap().remove("payment_method");
    assert_eq!(shop.quote(client, None, &online)["orderable"], true, "there may be another way");
    let quote = shop.quote(client, None, &shop.basket(&[(2, 1)], Some("NOSUCH")));
    assert_eq!(issues(&quote), ["COUPON_REFUSED", "ORDER_AMOUNT_BELOW_MINIMUM"]);
    assert_eq!((&quote["orderable"], &quote["discount_paise"]), (&json!(false), &json!(0)));
    assert_eq!(quote["issues"][0]["reason"], "unknown");
    shop.patch(client, &json!({ "hours": { "opens": "00:00", "closes": "00:01" } }));
    let quote = shop.quote(client, None, &shop.basket(&[(1, 1)], None));
    // Unless the test runs in the one minute of the day in which the shop is open.
    if !issues(&quote).is_empty() {
        assert_eq!(issues(&quote), ["STORE_CLOSED"]);
        assert_eq!(quote["serviceability"]["access"], "order");
        assert_eq!(quote["serviceability"]["reason"], "STORE_CLOSED");
    }
}

/// Who was let in, as the orders tell it.
#[derive(Default)]
struct Let {
    by_customer: BTreeMap<u64, u32>,
    discounts: Vec<i64>,
}

#[test]
fn two_hundred_orders_at_once_never_overrun_a_coupon_even_across_a_crash() {
    let shop = shop();
    let body = json!({
        "kind": "amount", "amount_paise": 3_000, "per_customer_max": 2, "uses_max": 60,
        "budget_paise": 150_000,
    });
    let client = &mut shop.server.client();
    shop.coupon(client, "RUSH", &body).expect(200);
    let basket = shop.basket(&[(1, 1)], Some("RUSH"));
    let total = shop.quote(client, None, &basket)["total_paise"].as_i64().unwrap();
    let order = shop.order(&basket, total);
    let told = &Mutex::new(Let::default());
    let address = shop.server.address;
    let buyer = |n: u64| {
        let request = Request::post("/v1/orders").token(&customer(n % 40));
        let request = request.key(&format!("rush-order-{n:06}")).json(&order);
        let mut client = Client::new(address);
        // Insists, with the same key, until it is told; the server dies under it once.
        let answer = (0..2_000).find_map(|_| match client.send(&request) {
            Ok(answer) if answer.status < 500 && answer.status != 429 => Some(answer),
            _ => {
                thread::sleep(Duration::from_millis(20));
                None
            }
        });
        let answer = answer.unwrap();
        if answer.status == 201 {
            let mut told = told.lock().unwrap();
            *told.by_customer.entry(n % 40).or_default() += 1;
            told.discounts.push(answer.json()["discount_paise"].as_i64().unwrap());
        } else {
            let problem = answer.expect(422);
            assert_eq!(problem["code"], "COUPON_REFUSED");
            let reason = problem["reason"].as_str().unwrap();
            assert!(["customer_limit", "used_up", "budget_spent"].contains(&reason), "{reason}");
        }
    };
    let again = thread::scope(|scope| {
        (0..200).for_each(|n| _ = scope.spawn(move || buyer(n)));
        // Some are through, some are on their way.
        while told.lock().unwrap().discounts.len() < 10 {
            thread::sleep(Duration::from_millis(1));
        }
        shop.server.signal("KILL");
        while shop.server.is_ready() {
            thread::sleep(Duration::from_millis(1));
        }
        shop.program.start()
    });
    let told = told.lock().unwrap();
    assert!(told.by_customer.values().all(|uses| *uses <= 2), "{:?}", told.by_customer);
    assert!(told.discounts.iter().all(|paise| *paise == 3_000));
    // 150,000 paise are 50 times 3,000: the budget ends before the uses do.
    assert_eq!(told.discounts.len(), 50);
    let client = &mut again.client();
    let list = Request::get(shop.market.path("/coupons")).token(&admin());
    let coupon = client.ask(&list).expect(200)["data"][0].clone();
    assert_eq!((&coupon["uses"], &coupon["spent_paise"]), (&json!(50), &json!(150_000)));
    let orders = shop.market.orders(client);
    assert_eq!(orders.len(), 50, "who was refused has no order");
    // A use comes back when its order is cancelled, and can be had again.
    let id = orders[0]["id"].as_str().unwrap();
    let cancel = Request::post(format!("/v1/orders/{id}/cancel")).token(&admin());
    client.ask(&cancel.key("cancel-one-of-them").json(&json!({ "reason": "asked" }))).expect(200);
    assert_eq!(client.ask(&list).expect(200)["data"][0]["uses"], 49);
    assert_eq!(place(client, 1_000, "after-a-cancellation", &order).status, 201);
    let late = place(client, 1_001, "one-too-many-again", &order).expect(422);
    assert_eq!(late["reason"], "budget_spent");
}
