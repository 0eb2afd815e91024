//! What an app relies on besides placing orders: tags, pages, history, quotes, counts, metrics.

use crate::EXE;
use kirana_domain::Role;
use kirana_tests::http::{Client, Request};
use kirana_tests::market::{Market, admin, all_pages, customer, customer_id, token};
use kirana_tests::process::{Program, Server};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

struct Shop {
    _dir: tempfile::TempDir,
    server: Server,
    market: Market,
}

impl Shop {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Program::new(EXE, &dir.path().join("data")).start();
        let goods = [("milk", 3_300, 1_000), ("bread", 4_550, 1_000), ("ghee", 62_000, 1_000)];
        let market = Market::open(&mut server.client(), &goods);
        Self { _dir: dir, server, market }
    }

    fn client(&self) -> Client {
        self.server.client()
    }

    fn place(&self, customer: u64, key: &str) -> Value {
        self.client().ask(&self.market.place(customer, key, &[(0, 2), (1, 1)])).expect(201)
    }
}

fn path(order: &Value) -> String {
    format!("/v1/orders/{}", order["id"].as_str().unwrap())
}

fn get(path: impl Into<String>, token: &str) -> Request {
    Request::get(path).token(token)
}

#[test]
fn an_order_says_everything_that_was_promised_of_it() {
    let shop = Shop::open();
    let answer =
        shop.client().ask(&shop.market.place(1, "the-order-of-promises", &[(0, 2), (2, 1)]));
    let order = answer.expect(201);
    assert_eq!(answer.header("location"), Some(&*path(&order)));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(order["order_number"], "TST-000001");
    assert_eq!(order["customer_id"], customer_id(1).to_string());
    for (field, value) in [
        ("status", json!("placed")),
        ("payment_status", json!("cod_pending")),
        ("payment_method", json!("cod")),
        ("subtotal_paise", json!(68_600)),
        ("delivery_fee_paise", json!(0)),
        ("discount_paise", json!(0)),
        ("total_paise", json!(68_600)),
        ("can_cancel", json!(true)),
        ("notes", Value::Null),
        ("version", json!(1)),
    ] {
        assert_eq!(order[field], value, "{field}");
    }
    assert_eq!(order["delivery_address"]["pincode"], "794001");
    for field in ["created_at", "updated_at"] {
        let time = order[field].as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z') && &time[19..20] == ".", "{time}");
    }
    let lines: i64 = order["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let (units, price) = (item["quantity"].as_i64(), item["unit_price_paise"].as_i64());
            assert_eq!(item["total_paise"].as_i64(), units.zip(price).map(|(u, p)| u * p));
            item["total_paise"].as_i64().unwrap()
        })
        .sum();
    assert_eq!(lines, 68_600);
}

#[test]
fn a_quote_is_what_the_order_costs_and_changes_nothing() {
    let shop = Shop::open();
    let mut client = shop.client();
    for lines in [vec![(0, 1)], vec![(0, 7)], vec![(1, 3), (0, 2)], vec![(2, 99), (1, 1)]] {
        let before = shop.market.visible_state(&mut client);
        let mut body = shop.market.order(&lines);
        for field in ["payment_method", "expected_total_paise", "delivery_address"] {
            body.as_object_mut().unwrap().remove(field);
        }
        let quote = client.ask(&Request::post("/v1/quotes").json(&body)).expect(200);
        assert_eq!(quote["total_paise"], shop.market.total(&lines));
        assert_eq!(quote["orderable"], true, "{quote}");
        assert_eq!(shop.market.visible_state(&mut client), before);
        let key = format!("the-quoted-order-{}-{}", lines.len(), lines[0].1);
        let order = client.ask(&shop.market.place(1, &key, &lines)).expect(201);
        for field in ["subtotal_paise", "delivery_fee_paise", "tax_paise", "total_paise"] {
            assert_eq!(order[field], quote[field], "{field}");
        }
        let items = |shown: &Value| shown["items"].as_array().unwrap().clone();
        assert_eq!(items(&order).len(), items(&quote).len());
        for (ordered, quoted) in items(&order).iter().zip(items(&quote)) {
            for (name, value) in quoted.as_object().unwrap() {
                assert_eq!(ordered[name], *value, "{name}");
            }
        }
        let cancel = Request::post(format!("{}/cancel", path(&order))).token(&customer(1));
        client.ask(&cancel.key(&key)).expect(200);
        let counts = shop.market.counts(&mut client);
        assert_eq!(counts, before.0, "a cancelled order gives everything back");
    }
}

#[test]
fn a_tag_saves_the_body_until_something_changes() {
    let shop = Shop::open();
    let mut client = shop.client();
    let order = shop.place(1, "the-order-with-a-tag");
    let product = shop.market.path(&format!("/products/{}", shop.market.goods[0].id));
    for (path, token) in [
        (path(&order), customer(1)),
        (product.clone(), admin()),
        (shop.market.path(""), admin()),
        ("/v1/stores".into(), admin()),
    ] {
        let first = client.ask(&get(path.clone(), &token));
        let tag = first.header("etag").unwrap_or_else(|| panic!("{path} has no tag")).to_owned();
        for given in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".into()] {
            let again = client.ask(&get(path.clone(), &token).header("If-None-Match", given));
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
            assert_eq!(again.header("etag"), Some(&*tag));
        }
        let other = client.ask(&get(path.clone(), &token).header("If-None-Match", "\"other\""));
        assert_eq!((other.status, other.body), (200, first.body));
    }
    let tag = "\"1\"";
    let cancel = |key, tag: &str| {
        let cancel = Request::post(format!("{}/cancel", path(&order))).token(&customer(1)).key(key);
        cancel.header("If-Match", tag).json(&json!({ "reason": "too late" }))
    };
    let stale = client.ask(&cancel("cancel-with-stale-tag", "\"7\"")).expect(412);
    assert_eq!((&stale["code"], &stale["version"]), (&json!("VERSION_MISMATCH"), &json!(1)));
    let weak = client.ask(&cancel("cancel-with-a-weak-tag", "W/\"1\""));
    assert_eq!(weak.status, 412, "weak tags never match");
    let cancelled = client.ask(&cancel("cancel-with-good-tag", tag));
    assert_eq!(cancelled.expect(200)["status"], "cancelled");
    assert_eq!(cancelled.header("etag"), Some("\"2\""));
    let changed = client.ask(&get(path(&order), &customer(1)).header("If-None-Match", tag));
    assert_eq!(changed.status, 200, "the old tag is good no longer");
    let again = client.ask(&cancel("cancel-once-more-key", tag)).expect(200);
    assert_eq!(again["status"], "cancelled", "what is cancelled is answered as it is");
}

#[test]
fn pages_are_whole_stable_and_sealed() {
    let shop = Shop::open();
    let mut client = shop.client();
    for n in 0..45 {
        shop.place(n % 3, &format!("the-order-on-pages-{n:02}"));
    }
    let list = get("/v1/orders?limit=4", &customer(1));
    let first = client.ask(&list).expect(200);
    // New orders come while somebody reads on: they do not move what is older.
    let before = all_pages(&mut client, "/v1/orders?limit=4", Some(&customer(1)));
    shop.place(1, "an-order-while-reading");
    let mut read = first["data"].as_array().unwrap().clone();
    let mut cursor = first["next_cursor"].as_str().unwrap().to_owned();
    while let Some(page) =
        Some(client.ask(&get(format!("/v1/orders?limit=4&cursor={cursor}"), &customer(1))))
    {
        let next = page.expect(200);
        read.extend(next["data"].as_array().unwrap().iter().cloned());
        let Some(more) = next["next_cursor"].as_str() else { break };
        assert!(
            page.header("link")
                .is_some_and(|link| link.contains(more) && link.contains("rel=\"next\""))
        );
        cursor = more.to_owned();
    }
    assert_eq!(read, before);
    assert_eq!(read.len(), 15, "only their own");
    assert!(read.iter().all(|order| order["customer_id"] == customer_id(1).to_string()));

    let cursor = first["next_cursor"].as_str().unwrap();
    let mut forged = cursor.to_owned();
    forged.replace_range(3..4, if &forged[3..4] == "A" { "B" } else { "A" });
    for (query, who) in [
        (format!("cursor={forged}"), customer(1)),
        (format!("cursor={cursor}"), customer(2)),
        (format!("cursor={cursor}&status=placed"), customer(1)),
        (format!("cursor={cursor}&store_id={}", shop.market.store_id), admin()),
    ] {
        let refused = client.ask(&get(format!("/v1/orders?{query}"), &who)).expect(400);
        assert_eq!(refused["code"], "CURSOR_INVALID");
    }
    let products = shop.market.path("/products?limit=1");
    let names: Vec<_> =
        all_pages(&mut client, &products, None).iter().map(|p| p["name"].clone()).collect();
    assert_eq!(names, ["bread", "ghee", "milk"]);
}

#[test]
fn a_history_says_who_did_what_when_and_why() {
    let shop = Shop::open();
    let mut client = shop.client();
    let order = shop.place(1, "the-order-with-a-past");
    let support = token(Role::Support, Uuid::from_u128(9), None);
    let cancel = Request::post(format!("{}/cancel", path(&order))).token(&support);
    let cancel =
        cancel.key("the-cancel-of-support").json(&json!({ "reason": "the road is flooded" }));
    let cancelled = client.ask(&cancel).expect(200);
    assert!(cancelled["lsn"].as_u64() > order["lsn"].as_u64());
    for who in [customer(1), support, admin()] {
        let history = client.ask(&get(format!("{}/history", path(&order)), &who)).expect(200);
        let facts = history["data"].as_array().unwrap();
        let told: Vec<_> = facts.iter().map(|f| [&f["event"], &f["role"], &f["reason"]]).collect();
        let wanted = [
            [json!("order_placed"), json!("customer"), Value::Null],
            [json!("order_cancelled"), json!("support"), json!("the road is flooded")],
        ];
        assert_eq!(
            told,
            wanted.iter().map(|fact| [&fact[0], &fact[1], &fact[2]]).collect::<Vec<_>>()
        );
        assert_eq!((&facts[0]["lsn"], &facts[1]["lsn"]), (&order["lsn"], &cancelled["lsn"]));
        assert_eq!(facts[1]["person_id"], Uuid::from_u128(9).to_string());
        assert_eq!(facts[0]["at"], order["created_at"]);
    }
}

#[test]
fn stock_is_received_adjusted_and_read_after_its_own_write() {
    let shop = Shop::open();
    let (market, mut client) = (&shop.market, shop.client());
    let packer = token(Role::Packer, Uuid::from_u128(5), Some(market.store_id));
    let milk = market.goods[0].id.0;
    let receive =
        Request::post(market.path("/stock/receive")).token(&packer).key("a-van-has-come-here");
    let receive = receive.json(&json!({ "lines": [
        { "product_id": milk, "quantity": 40 },
        { "product_id": milk, "quantity": 2, "reason": "two in place of two that leaked" },
    ] }));
    let first = client.ask(&receive);
    let lsn = first.expect(200)["lsn"].as_u64().unwrap();
    assert_eq!(
        first.expect(200)["lines"],
        json!([{
            "product_id": milk, "quantity": 42, "reason": "two in place of two that leaked"
        }]),
        "the reason is recorded"
    );
    assert_eq!(client.ask(&receive).text(), first.text(), "sent twice, received once");
    let count = market.count(&mut client, 0);
    assert_eq!((count.received, count.available), (1_042, 1_042));
    let adjust =
        Request::post(market.path("/stock/adjust")).token(&packer).key("two-bags-have-leaked");
    let lines = json!([{ "product_id": milk, "quantity": -2, "reason": "leaked" }]);
    let adjusted = client.ask(&adjust.json(&json!({ "lines": lines }))).expect(200);
    assert!(adjusted["lsn"].as_u64() > Some(lsn));
    let count = market.count(&mut client, 0);
    assert_eq!((count.received, count.adjusted, count.available), (1_042, -2, 1_040));
    let query = Request::post(market.path("/stock/query")).json(&json!({ "product_ids": [milk] }));
    let answer = client.ask(&query).expect(200);
    assert_eq!(
        answer["data"],
        json!([{ "product_id": milk, "available": 1_040 }]),
        "and no more, without a token"
    );
    assert!(answer["lsn"].as_u64() >= adjusted["lsn"].as_u64());
    let own =
        client.ask(&get(format!("/v1/orders?store_id={}", market.store_id), &packer)).expect(200);
    assert_eq!(own["data"], json!([]));
}

#[test]
fn metrics_count_what_happens_and_name_no_one() {
    let shop = Shop::open();
    let order = shop.place(1, "the-order-that-counts");
    let short = shop.market.place(2, "the-order-too-large", &[(0, 99), (1, 99), (2, 99)]);
    for n in 0..11 {
        let key = format!("the-order-too-large-{n}");
        shop.client().ask(&short.clone().without("Idempotency-Key").key(&key));
    }
    let text = shop.server.metrics();
    let value = |name: &str| -> Option<f64> {
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    };
    assert!(value("kirana_orders ") >= Some(2.0), "{text}");
    assert!(value("kirana_lsn ") >= Some(3.0), "{text}");
    assert!(value("kirana_stock_conflicts_total ") >= Some(1.0), "{text}");
    assert_eq!(value("kirana_stores "), Some(1.0));
    assert_eq!(value("kirana_products "), Some(3.0));
    let series: BTreeSet<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(
        series.iter().any(|line| line.starts_with("kirana_http_requests_total{")
            && line.contains("\"/v1/orders\""))
    );
    assert!(series.iter().any(|line| line.starts_with("kirana_http_request_seconds_bucket{")));
    assert!(series.iter().any(|line| line.contains(",le=\"2\"}")), "an alert is at 2 s");
    assert_eq!(value("kirana_charges_total{outcome=\"failed\"} "), Some(0.0));
    for secret in [order["id"].as_str().unwrap(), &customer_id(1).to_string(), "Asha", "Hawakhana"]
    {
        assert!(!text.contains(secret), "{secret}");
        assert!(!shop.server.stderr().contains(secret), "{secret} stands in the log");
    }
}
