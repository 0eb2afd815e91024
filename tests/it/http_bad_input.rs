//! Bad input to the order calls: a clear problem for each, and nothing is changed.

use crate::EXE;
use kirana_tests::http::{Client, Request};
use kirana_tests::market::{Market, admin, customer};
use kirana_tests::problem::Case;
use kirana_tests::process::{Program, Server};
use serde_json::{Value, json};
use std::cell::Cell;
use uuid::Uuid;

pub(crate) struct Bench {
    _dir: tempfile::TempDir,
    pub(crate) server: Server,
    pub(crate) market: Market,
    keys: Cell<u64>,
}

impl Bench {
    /// A shop with 60 products of ₹100, the first of them with 20 units, and one order.
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::new(EXE, &dir.path().join("data"));
        let program =
            settings.iter().fold(program, |program, (name, value)| program.set(name, value));
        let server = program.start();
        let names: Vec<_> = (0..60).map(|n| format!("product {n:02}")).collect();
        let goods: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(n, name)| (name.as_str(), 10_000, if n == 0 { 20 } else { 1_000 }))
            .collect();
        let market = Market::open(&mut server.client(), &goods);
        let first = market.place(1, "the-first-order-key", &[(1, 2), (2, 1)]);
        server.client().ask(&first).expect(201);
        Self { _dir: dir, server, market, keys: Cell::new(0) }
    }

    pub(crate) fn key(&self) -> String {
        self.keys.set(self.keys.get() + 1);
        format!("bad-input-key-{:06}", self.keys.get())
    }

    /// An order that would be taken.
    pub(crate) fn good(&self) -> Value {
        self.market.order(&[(1, 1), (2, 2)])
    }

    fn place(&self, body: &Value) -> Request {
        Request::post("/v1/orders").token(&customer(1)).key(&self.key()).json(body)
    }

    fn raw(&self, body: impl Into<Vec<u8>>) -> Request {
        let request = Request::post("/v1/orders").token(&customer(1)).key(&self.key());
        request.body("application/json", body)
    }

    fn case(
        &self,
        name: &str,
        change: impl FnOnce(&mut Value),
        expected: (u16, &'static str, &str),
    ) -> Case {
        let mut body = self.good();
        change(&mut body);
        let (status, code, pointer) = expected;
        Case {
            name: name.into(),
            request: self.place(&body),
            status,
            code,
            pointer: pointer.into(),
        }
    }

    /// Sends every case, and looks after each that nothing has changed.
    pub(crate) fn run(&self, cases: impl IntoIterator<Item = Case>) {
        let mut client = self.server.client();
        let before = self.market.visible_state(&mut client);
        for case in cases {
            case.check(&mut client);
            self.assert_unchanged(&mut client, &case.name, &before.1);
        }
        assert_eq!(self.market.visible_state(&mut client), before);
        // The shop still sells.
        let good = self.place(&self.good());
        client.ask(&good).expect(201);
    }

    fn assert_unchanged(&self, client: &mut Client, name: &str, orders: &[Value]) {
        assert_eq!(self.market.orders(client), orders, "{name}");
        let ids: Vec<_> = self.market.goods.iter().map(|goods| goods.id.0).collect();
        let query = Request::post(self.market.path("/stock/query"));
        let stock = client.ask(&query.json(&json!({ "product_ids": ids }))).expect(200);
        let available = |index: usize| stock["data"][index]["available"].as_i64();
        let (first, second, third) = (available(0), available(1), available(2));
        assert_eq!((first, second, third), (Some(20), Some(998), Some(999)), "{name}");
    }
}

const INVALID: (u16, &str) = (422, "VALIDATION_FAILED");

fn invalid(pointer: &str) -> (u16, &'static str, &str) {
    (INVALID.0, INVALID.1, pointer)
}

#[test]
fn what_is_not_json_is_refused() {
    let bench = Bench::new(&[]);
    let good = bench.good().to_string();
    let nan =
        good.replacen("\"delivery_address\":{", "\"delivery_address\":{\"lat\":NaN,\"lng\":1,", 1);
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("a brace", b"{".to_vec()),
        ("a word", b"order milk please".to_vec()),
        ("half a body", good.as_bytes()[..good.len() / 2].to_vec()),
        ("two bodies", format!("{good}{good}").into_bytes()),
        ("a trailing comma", good.replace("}]", "},]").into_bytes()),
        ("single quotes", good.replace('"', "'").into_bytes()),
        (
            "not UTF-8",
            good.replace("Asha", "A\u{1}").bytes().map(|b| if b == 1 { 0xff } else { b }).collect(),
        ),
        ("a raw line break in a text", good.replace("Asha", "As\nha").into_bytes()),
        ("half a surrogate", good.replace("Asha", "\\ud800").into_bytes()),
        ("sixty thousand brackets", vec![b'['; 60_000]),
        ("not a number", nan.into_bytes()),
    ];
    let case = |(name, body): (&str, Vec<u8>)| Case {
        name: name.into(),
        request: bench.raw(body),
        status: 400,
        code: "MALFORMED_JSON",
        pointer: String::new(),
    };
    let cases: Vec<_> = bodies.into_iter().map(case).collect();
    bench.run(cases);
}

#[test]
fn unknown_missing_and_doubled_fields_are_named() {
    let bench = Bench::new(&[]);
    let mut cases = vec![
        bench.case("unknown", |b| b["colour"] = json!("red"), invalid("#/colour")),
        bench.case(
            "unknown in a line",
            |b| b["items"][1]["price"] = json!(1),
            invalid("#/items/1/price"),
        ),
        bench.case(
            "unknown in the address",
            |b| b["delivery_address"]["country"] = json!("IN"),
            invalid("#/delivery_address/country"),
        ),
        bench.case(
            "a customer id",
            |b| b["customer_id"] = json!(Uuid::nil()),
            invalid("#/customer_id"),
        ),
    ];
    for field in ["store_id", "items", "payment_method", "expected_total_paise", "delivery_address"]
    {
        let drop_it = |b: &mut Value| _ = b.as_object_mut().unwrap().remove(field);
        cases.push(bench.case(&format!("no {field}"), drop_it, invalid(&format!("#/{field}"))));
    }
    for field in ["line1", "pincode", "phone"] {
        let drop_it =
            |b: &mut Value| _ = b["delivery_address"].as_object_mut().unwrap().remove(field);
        let pointer = format!("#/delivery_address/{field}");
        cases.push(bench.case(&format!("no {field}"), drop_it, invalid(&pointer)));
    }
    let doubled = bench.good().to_string().replacen('{', "{\"payment_method\":\"cod\",", 1);
    cases.push(Case {
        name: "doubled".into(),
        request: bench.raw(doubled),
        status: 422,
        code: INVALID.1,
        pointer: "#/payment_method".into(),
    });
    bench.run(cases);
}

#[test]
fn wrong_types_and_quantities_are_named() {
    let bench = Bench::new(&[]);
    let mut cases = Vec::new();
    for (name, quantity) in [
        ("a string", json!("2")),
        ("a fraction", json!(1.5)),
        ("two as a fraction", json!(2.0)),
        ("true", json!(true)),
        ("null", Value::Null),
        ("a list", json!([2])),
        ("huge", json!(1e30)),
        ("past 64 bits", json!(u64::MAX)),
    ] {
        let expected = invalid("#/items/1/quantity");
        cases.push(bench.case(name, |b| b["items"][1]["quantity"] = quantity, expected));
    }
    for quantity in [0, -1, 100, 1_000_000, i64::MAX, i64::MIN] {
        let expected = (422, "QUANTITY_OUT_OF_RANGE", "#/items/1/quantity");
        let change = |b: &mut Value| b["items"][1]["quantity"] = json!(quantity);
        cases.push(bench.case(&format!("quantity {quantity}"), change, expected));
    }
    for (field, value) in [
        ("store_id", json!("S1")),
        ("store_id", json!(7)),
        ("items", json!({})),
        ("items", json!("milk")),
        ("payment_method", json!(1)),
        ("expected_total_paise", json!("100")),
        ("expected_total_paise", json!(100.5)),
        ("delivery_address", json!("12, Hawakhana")),
        ("notes", json!(["ring twice"])),
    ] {
        let expected = (INVALID.0, INVALID.1, &*format!("#/{field}"));
        let name = format!("{field} {value}");
        cases.push(bench.case(&name, |b| b[field] = value, expected));
    }
    let not_an_object = |body: &str| Case {
        name: body.into(),
        request: bench.raw(body),
        status: 422,
        code: INVALID.1,
        pointer: "#".into(),
    };
    cases.extend(["null", "7", "\"order\""].map(not_an_object));
    bench.run(cases);
}

#[test]
fn baskets_that_cannot_be_are_refused_with_the_domain_s_code() {
    let bench = Bench::new(&[]);
    let fifty_one: Vec<_> = (0..51).map(|index| (index, 1)).collect();
    let fifty_one = bench.market.order(&fifty_one)["items"].clone();
    let id = bench.market.goods[1].id.0;
    let line = |quantity: i64| json!({ "product_id": id, "quantity": quantity });
    let unknown = json!({ "product_id": Uuid::from_u128(404), "quantity": 1 });
    let cases = vec![
        bench.case("empty", |b| b["items"] = json!([]), (422, "BASKET_EMPTY", "")),
        bench.case("51 lines", |b| b["items"] = fifty_one, (422, "TOO_MANY_LINES", "")),
        bench.case(
            "one product twice, over the limit together",
            |b| b["items"] = json!([line(60), line(40)]),
            (422, "QUANTITY_OUT_OF_RANGE", ""),
        ),
        bench.case(
            "an unknown product",
            |b| b["items"] = json!([unknown]),
            (422, "UNKNOWN_PRODUCT", ""),
        ),
        bench.case(
            "an unknown store",
            |b| b["store_id"] = json!(Uuid::from_u128(404)),
            (422, "UNKNOWN_STORE", ""),
        ),
        bench.case(
            "an unknown way to pay",
            |b| b["payment_method"] = json!("gold"),
            (422, "INVALID_PAYMENT_METHOD", "#/payment_method"),
        ),
        bench.case("a slot", |b| b["slot"] = json!("18:00"), (422, "SLOTS_UNAVAILABLE", "")),
    ];
    bench.run(cases);
}

#[test]
fn a_stale_total_gets_today_s_quote_and_a_short_shelf_every_short_line() {
    let bench = Bench::new(&[]);
    let mut client = bench.server.client();
    let before = bench.market.visible_state(&mut client);
    for wrong in [0, -1, 1, i64::MAX] {
        let case = bench.case(
            "a stale total",
            |b| b["expected_total_paise"] = json!(wrong),
            (409, "PRICE_CHANGED", ""),
        );
        let problem = case.check(&mut client);
        let quote = &problem["quote"];
        assert_eq!(quote["total_paise"], bench.market.total(&[(1, 1), (2, 2)]), "{problem}");
        assert_eq!(quote["items"].as_array().unwrap().len(), 2);
        for member in ["subtotal_paise", "delivery_fee_paise", "tax_paise"] {
            assert!(quote[member].is_i64(), "{member}");
        }
    }
    let short = bench.market.place(1, &bench.key(), &[(0, 21), (1, 1)]);
    let name = "more than there is".to_owned();
    let case = Case {
        name,
        request: short,
        status: 409,
        code: "INSUFFICIENT_STOCK",
        pointer: String::new(),
    };
    let issue = &case.check(&mut client)["stock_issues"];
    let milk = &bench.market.goods[0];
    let wanted = json!([{
        "product_id": milk.id.0, "product_name": milk.name,
        "requested_quantity": 21, "available_stock": 20,
    }]);
    assert_eq!(issue, &wanted);
    assert_eq!(bench.market.visible_state(&mut client), before, "nothing of it is held");
}

#[test]
fn every_text_of_an_address_is_checked() {
    let bench = Bench::new(&[]);
    let mut cases = Vec::new();
    let texts = ["name", "line1", "line2", "landmark", "city"];
    for (name, text) in [
        ("a bell", "a\u{7}b".to_owned()),
        ("a zero", "\u{0}".to_owned()),
        ("a line break", "one\ntwo".to_owned()),
        ("an escape", "\u{1b}[31mred".to_owned()),
        ("a C1 control", "a\u{85}b".to_owned()),
        ("ten thousand letters", "x".repeat(10_000)),
        ("ten thousand faces", "\u{1f600}".repeat(10_000)),
    ] {
        for field in texts {
            let pointer = format!("#/delivery_address/{field}");
            let change = |b: &mut Value| b["delivery_address"][field] = json!(text);
            cases.push(bench.case(&format!("{name} in {field}"), change, invalid(&pointer)));
        }
        let notes = |b: &mut Value| b["notes"] = json!(text);
        cases.push(bench.case(&format!("{name} in notes"), notes, invalid("#/notes")));
        let method = |b: &mut Value| b["payment_method"] = json!(text);
        cases.push(bench.case(name, method, (422, "INVALID_PAYMENT_METHOD", "#/payment_method")));
    }
    let address = |field: &'static str, value: Value, pointer: &str| {
        let name = format!("{field} {value:.40}");
        let change = move |b: &mut Value| b["delivery_address"][field] = value;
        bench.case(&name, change, invalid(pointer))
    };
    let long = "7".repeat(10_000);
    for pincode in ["", "79400", "7940011", "094001", "79400A", "794\u{0}01", &long] {
        cases.push(address("pincode", json!(pincode), "#/delivery_address/pincode"));
    }
    for phone in ["", "12345", "5876543210", "+1 987 654 3210", "98765 43210", "9876543210x", &long]
    {
        cases.push(address("phone", json!(phone), "#/delivery_address/phone"));
    }
    for (field, value) in
        [("lat", json!(91)), ("lat", json!(-90.001)), ("lng", json!(180.5)), ("lng", json!(1e300))]
    {
        let pointer = format!("#/delivery_address/{field}");
        let change = move |b: &mut Value| {
            b["delivery_address"]["lat"] = json!(25.5);
            b["delivery_address"]["lng"] = json!(90.2);
            b["delivery_address"][field] = value;
        };
        cases.push(bench.case(&format!("{field} off the globe"), change, invalid(&pointer)));
    }
    cases.push(address("lat", json!(25.5), "#/delivery_address"));
    cases.push(address("lat", json!("NaN"), "#/delivery_address/lat"));
    bench.run(cases);
}

#[test]
fn an_amount_outside_the_store_s_limits_is_refused_with_its_figures_in_members() {
    let bench = Bench::new(&[]);
    let mut client = bench.server.client();
    let limits = json!({
        "order_minimum_paise": 15_000, "cod_maximum_paise": 60_000, "order_maximum_paise": 90_000,
    });
    let patch = Request::new("PATCH", bench.market.path("")).token(&admin()).json(&limits);
    client.ask(&patch).expect(200);
    for (lines, method, code, member) in [
        (vec![(1, 1)], "cod", "ORDER_AMOUNT_BELOW_MINIMUM", "minimum_paise"),
        (vec![(1, 7)], "cod", "COD_LIMIT_EXCEEDED", "maximum_paise"),
        (vec![(1, 10)], "cod", "ORDER_AMOUNT_ABOVE_MAXIMUM", "maximum_paise"),
    ] {
        let mut body = bench.market.order(&lines);
        body["payment_method"] = json!(method);
        let request = bench.place(&body);
        let case = Case { name: code.into(), request, status: 422, code, pointer: String::new() };
        let problem = case.check(&mut client);
        assert!(problem[member].is_i64(), "{problem}");
        assert!(
            problem["rejection_code"].is_null(),
            "a number that may read as a status: {problem}"
        );
    }
}
