//! Carts of many devices, and the address book.

use crate::EXE;
use kirana_tests::http::{Answer, Client, Request};
use kirana_tests::market::{Market, customer};
use kirana_tests::process::{Program, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::thread;
use uuid::Uuid;

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
    let names: Vec<_> = (0..60).map(|n| format!("product {n:02}")).collect();
    let goods: Vec<_> = names.iter().map(|name| (name.as_str(), 1_000, 100)).collect();
    let market = Market::open(&mut server.client(), &goods);
    Shop { _dir: dir, program, server, market }
}

impl Shop {
    fn item(&self, index: usize) -> String {
        format!("/v1/cart/items/{}", self.market.goods[index].id)
    }

    fn set(&self, index: usize, quantity: i64) -> Request {
        let store_id = self.market.store_id.0;
        let body = json!({ "store_id": store_id, "quantity": quantity });
        Request::new("PUT", self.item(index)).token(&customer(1)).json(&body)
    }

    fn add(&self, index: usize, units: i64) -> Request {
        let body = json!({ "store_id": self.market.store_id.0, "add": units });
        Request::new("PATCH", self.item(index)).token(&customer(1)).json(&body)
    }

    fn whole(&self, method: &'static str, path: &str, lines: &[(usize, u32)]) -> Request {
        let item = |(index, quantity): &(usize, u32)| json!({ "product_id": self.market.goods[*index].id.0, "quantity": quantity });
        let items: Vec<_> = lines.iter().map(item).collect();
        let body = json!({ "store_id": self.market.store_id.0, "items": items });
        Request::new(method, path).token(&customer(1)).json(&body)
    }

    /// Quantities and versions by product, from an answer.
    fn lines(&self, cart: &Value) -> BTreeMap<usize, (u64, u64)> {
        let line = |line: &Value| {
            let id = line["product_id"].as_str().unwrap();
            let known = self.market.goods.iter().position(|goods| goods.id.to_string() == id);
            (
                known.unwrap(),
                (line["quantity"].as_u64().unwrap(), line["version"].as_u64().unwrap()),
            )
        };
        cart["items"].as_array().unwrap().iter().map(line).collect()
    }

    fn quantities(&self, cart: &Value) -> Vec<(usize, u64)> {
        self.lines(cart).into_iter().map(|(index, (quantity, _))| (index, quantity)).collect()
    }
}

fn read(client: &mut Client) -> Answer {
    client.ask(&Request::get("/v1/cart").token(&customer(1)))
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_cart_shows_what_it_costs_and_what_there_is_now() {
    let shop = shop();
    let client = &mut shop.server.client();
    let empty = read(client).expect(200);
    assert_eq!((&empty["store_id"], &empty["version"]), (&json!(null), &json!(0)));
    let answer = client.ask(&shop.set(3, 2));
    let cart = answer.expect(200);
    assert_eq!(answer.header("etag"), Some(format!("\"{}\"", cart["version"]).as_str()));
    let line = &cart["items"][0];
    assert_eq!(line["product_name"], "product 03");
    assert_eq!((&line["unit_price_paise"], &line["total_paise"]), (&json!(1_000), &json!(2_000)));
    assert_eq!((&line["available"], &line["in_stock"]), (&json!(100), &json!(true)));
    assert_eq!(cart["subtotal_paise"], 2_000);
    client.ask(&shop.set(4, 99)).expect(200);
    // Somebody else buys: the cart holds nothing and shows it.
    client.ask(&shop.market.place(2, "somebody-else-buys", &[(4, 50)])).expect(201);
    let cart = read(client).expect(200);
    let four = cart["items"].as_array().unwrap().iter().find(|l| l["product_name"] == "product 04");
    let four = four.unwrap();
    assert_eq!((&four["available"], &four["in_stock"]), (&json!(50), &json!(false)));
    let stranger = client.ask(&Request::get("/v1/cart").token(&customer(2))).expect(200);
    assert_eq!(stranger["items"], json!([]), "a cart is its owner's");
}

#[test]
fn a_device_that_has_not_seen_a_change_is_told_of_it() {
    let shop = shop();
    let client = &mut shop.server.client();
    let first = shop.set(0, 2).header("If-Match", "\"0\"");
    let cart = client.ask(&first).expect(200);
    let (_, version) = shop.lines(&cart)[&0];
    let stale = client.ask(&first);
    assert_eq!(code(&stale), (412, "VERSION_MISMATCH".into()));
    assert_eq!(stale.json()["version"], version, "it says today's");
    let seen = format!("\"{version}\"");
    client.ask(&shop.set(1, 1)).expect(200);
    // Another line has changed, this one has not.
    client.ask(&shop.set(0, 5).header("If-Match", seen.clone())).expect(200);
    let weak = shop.set(0, 6).header("If-Match", format!("W/{seen}"));
    assert_eq!(code(&client.ask(&weak)).0, 412);
    let garbage = shop.set(0, 6).header("If-Match", "yesterday");
    assert_eq!(code(&client.ask(&garbage)), (400, "HEADER_INVALID".into()));
    let all = shop.whole("PUT", "/v1/cart", &[(7, 7)]);
    assert_eq!(code(&client.ask(&all)), (428, "VERSION_MISSING".into()));
    assert_eq!(code(&client.ask(&all.clone().header("If-Match", seen))).0, 412);
    let tag = read(client).header("etag").unwrap().to_owned();
    let cart = client.ask(&all.header("If-Match", tag.clone())).expect(200);
    assert_eq!(shop.quantities(&cart), [(7, 7)]);
    let clear = Request::new("DELETE", "/v1/cart").token(&customer(1));
    assert_eq!(code(&client.ask(&clear.clone().header("If-Match", tag))).0, 412);
    assert_eq!(client.ask(&clear).expect(200)["items"], json!([]));
}

#[test]
fn lines_are_added_to_taken_out_and_merged() {
    let shop = shop();
    let client = &mut shop.server.client();
    client.ask(&shop.add(0, 3)).expect(200);
    let cart = client.ask(&shop.add(0, -1)).expect(200);
    assert_eq!(shop.quantities(&cart), [(0, 2)]);
    let cart = client.ask(&shop.add(0, -5)).expect(200);
    assert_eq!(shop.quantities(&cart), [], "none left takes the line out");
    client.ask(&shop.set(1, 4)).expect(200);
    let merge = shop.whole("POST", "/v1/cart/merge", &[(1, 2), (2, 3), (2, 1)]);
    assert_eq!(code(&client.ask(&merge)).1, "IDEMPOTENCY_KEY_MISSING");
    let merge = merge.key("the-guest-signs-in");
    let cart = client.ask(&merge).expect(200);
    assert_eq!(shop.quantities(&cart), [(1, 4), (2, 4)], "the larger quantity stays");
    let take_out = Request::new("DELETE", shop.item(1)).token(&customer(1));
    client.ask(&take_out).expect(200);
    assert_eq!(shop.quantities(&client.ask(&take_out).expect(200)), [(2, 4)]);
    let twin = client.ask(&merge);
    assert!(twin.is_replayed(), "it happened once");
    assert_eq!(shop.quantities(&twin.expect(200)), [(2, 4)]);
    // An order of some of it leaves the rest.
    let mut order = shop.market.order(&[(2, 3)]);
    order["from_cart"] = json!(true);
    let order =
        Request::post("/v1/orders").token(&customer(1)).key("order-of-the-cart").json(&order);
    client.ask(&order).expect(201);
    assert_eq!(shop.quantities(&read(client).expect(200)), [(2, 1)]);
}

#[test]
fn twenty_devices_lose_nothing_even_across_a_crash() {
    let shop = shop();
    let device = |n: usize| {
        let client = &mut shop.server.client();
        // A line of its own, and one that all of them add to.
        client.ask(&shop.set(n, 1 + n as i64)).expect(200);
        for round in 0..4 {
            let key = format!("device-{n:02}-round-{round}");
            client.ask(&shop.add(40, 1).key(&key)).expect(200);
            let twin = client.ask(&shop.add(40, 1).key(&key));
            assert!(twin.is_replayed(), "{}", twin.text());
        }
    };
    thread::scope(|scope| {
        (0..20).for_each(|n| _ = scope.spawn(move || device(n)));
    });
    let mut wanted: Vec<_> = (0..20).map(|n| (n, 1 + n as u64)).collect();
    wanted.push((40, 80));
    let before = read(&mut shop.server.client()).expect(200);
    assert_eq!(shop.quantities(&before), wanted);
    let Shop { program, server, .. } = &shop;
    server.signal("KILL");
    let again = loop {
        // The port is free once the first one is gone.
        if !server.is_ready() {
            break program.start();
        }
    };
    let after = read(&mut again.client()).expect(200);
    assert_eq!((&after["items"], &after["version"]), (&before["items"], &before["version"]));
}

#[test]
fn an_address_book_is_its_owners_and_an_order_can_name_an_address() {
    let shop = shop();
    let client = &mut shop.server.client();
    let home = json!({
        "label": "Home", "line1": "12, Hawakhana", "pincode": "794001", "phone": "9876543210",
        "lat": 25.5222, "lng": 90.2114,
    });
    let add =
        Request::post("/v1/addresses").token(&customer(1)).key("add-the-address-1").json(&home);
    let answer = client.ask(&add);
    let added = answer.expect(201);
    let path = format!("/v1/addresses/{}", added["address_id"].as_str().unwrap());
    assert_eq!(answer.header("location"), Some(path.as_str()));
    for (name, value) in home.as_object().unwrap() {
        assert_eq!(added["address"][name], *value, "{name}");
    }
    assert!(added["address"]["landmark"].is_null() && home.get("landmark").is_none());
    assert_eq!(added["serviceability"]["access"], "order", "the store delivers anywhere");
    let twin = client.ask(&add);
    assert!(twin.is_replayed());
    assert_eq!(twin.expect(201)["address_id"], added["address_id"]);
    let own = Request::get("/v1/addresses").token(&customer(1));
    assert_eq!(client.ask(&own).expect(200)["data"].as_array().unwrap().len(), 1);
    for (method, body) in [("GET", None), ("PATCH", Some(json!({"line1":"x"}))), ("DELETE", None)] {
        let request = Request::new(method, path.clone()).token(&customer(2));
        let request = body.iter().fold(request, kirana_tests::http::Request::json);
        assert_eq!(code(&client.ask(&request)), (404, "ADDRESS_UNKNOWN".into()), "{method}");
    }
    let patch = Request::new("PATCH", path.clone()).token(&customer(1));
    let patched = client.ask(&patch.json(&json!({ "line1": "7, Ringrey", "label": null })));
    assert_eq!(patched.expect(200)["address"]["line1"], "7, Ringrey");
    let mut order = shop.market.order(&[(0, 1)]);
    order.as_object_mut().unwrap().remove("delivery_address");
    order["address_id"] = added["address_id"].clone();
    let place = |n, key| Request::post("/v1/orders").token(&customer(n)).key(key).json(&order);
    let strangers = client.ask(&place(2, "a-strangers-address"));
    assert_eq!(code(&strangers), (404, "ADDRESS_UNKNOWN".into()));
    let placed = client.ask(&place(1, "to-the-kept-address")).expect(201);
    assert_eq!(placed["delivery_address"]["line1"], "7, Ringrey");
    assert_eq!(placed["delivery_address"]["lat"], 25.5222);
    client.ask(&Request::new("DELETE", path.clone()).token(&customer(1))).expect(200);
    // The order keeps its own copy, and its retry is answered though the address is gone.
    let twin = client.ask(&place(1, "to-the-kept-address"));
    assert!(twin.is_replayed());
    assert_eq!(twin.expect(201), placed);
    assert_eq!(code(&client.ask(&place(1, "to-the-gone-address"))).1, "ADDRESS_UNKNOWN");
    assert_eq!(code(&client.ask(&Request::get(path).token(&customer(1)))).0, 404);
    assert_eq!(shop.market.counts(client)[0].allocated, 1);
    let nobody = format!("/v1/addresses/{}", Uuid::nil());
    assert_eq!(code(&client.ask(&Request::get(nobody).token(&customer(1)))).0, 404);
}
