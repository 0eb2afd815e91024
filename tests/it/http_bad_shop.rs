//! Bad input to what runs the shop: stock, stores, products, catalogues.

use crate::EXE;
use crate::http_bad_calls::case;
use crate::http_bad_input::Bench;
use kirana_tests::http::Request;
use kirana_tests::market::{admin, customer};
use kirana_tests::problem::Case;
use kirana_tests::process::Program;
use serde_json::{Value, json};
use uuid::Uuid;

#[test]
fn moves_of_stock_that_cannot_be_are_refused_whole() {
    let bench = Bench::new(&[]);
    let market = &bench.market;
    let id = |index: usize| market.goods[index].id.0;
    let line = |index, quantity: Value| json!({ "product_id": id(index), "quantity": quantity });
    let why = |index, quantity: i64, reason: &str| {
        let product_id = id(index);
        json!({ "product_id": product_id, "quantity": quantity, "reason": reason })
    };
    let send = |path: &str, lines: Value| {
        let request = Request::post(market.path(path)).token(&admin()).key(&bench.key());
        request.json(&json!({ "lines": lines }))
    };
    let receive = |lines| send("/stock/receive", lines);
    let adjust = |lines| send("/stock/adjust", lines);
    let invalid =
        |name: &str, request, pointer: &str| case(name, request, 422, "VALIDATION_FAILED", pointer);
    let unknown = json!([line(1, json!(5)), { "product_id": Uuid::from_u128(404), "quantity": 5 }]);
    let many = Value::Array(vec![line(1, json!(1)); 97]);
    let mut cases = vec![
        invalid("nothing", receive(json!([])), "#/lines"),
        invalid("too many lines", receive(many), "#/lines"),
        case("a good line and an unknown one", receive(unknown), 422, "UNKNOWN_PRODUCT", ""),
        invalid(
            "adjusted without a reason",
            adjust(json!([line(1, json!(-1))])),
            "#/lines/0/reason",
        ),
        invalid("an empty reason", adjust(json!([why(1, -1, " ")])), "#/lines/0/reason"),
        invalid(
            "a long reason",
            adjust(json!([why(1, -1, &"x".repeat(10_000))])),
            "#/lines/0/reason",
        ),
        invalid("a bell for a reason", adjust(json!([why(1, -1, "\u{7}")])), "#/lines/0/reason"),
        invalid("a bell for a receipt", receive(json!([why(1, 1, "\u{7}")])), "#/lines/0/reason"),
        invalid(
            "a receipt for two reasons",
            receive(json!([line(1, json!(1)), why(1, 1, "a"), why(1, 1, "b")])),
            "#/lines/2/reason",
        ),
        invalid("by nothing", adjust(json!([why(1, 0, "counted")])), "#/lines/0/quantity"),
        invalid("two reasons", adjust(json!([why(1, 1, "a"), why(1, 1, "b")])), "#/lines/1/reason"),
        invalid("there and back", adjust(json!([why(1, 1, "a"), why(1, -1, "a")])), "#/lines"),
        case(
            "more than there is",
            adjust(json!([why(1, 1, "found"), why(0, -21, "lost")])),
            409,
            "ADJUSTMENT_BELOW_ZERO",
            "",
        ),
    ];
    for quantity in [
        json!(0),
        json!(-5),
        json!(1_000_001),
        json!(i64::MAX),
        json!(1.5),
        json!("5"),
        json!(null),
    ] {
        let name = format!("received {quantity}");
        cases.push(invalid(&name, receive(json!([line(1, quantity)])), "#/lines/0/quantity"));
    }
    bench.run(cases);
}

#[test]
fn stock_queries_that_cannot_be_are_refused() {
    let bench = Bench::new(&[]);
    let query = |ids: Value| {
        Request::post(bench.market.path("/stock/query")).json(&json!({ "product_ids": ids }))
    };
    let nothing = query(json!([Uuid::nil()]));
    bench.run([
        invalid("too long".into(), query(json!(vec![Uuid::nil(); 501])), "#/product_ids"),
        invalid("no list".into(), query(json!("milk")), "#/product_ids"),
        invalid("no ids".into(), query(json!(["milk"])), "#/product_ids/0"),
        case("unknown", nothing, 422, "UNKNOWN_PRODUCT", "#/product_ids/0"),
    ]);
}

/// An object with one field changed.
fn with(base: &Value, field: &str, value: &Value) -> Value {
    let mut body = base.clone();
    body[field] = value.clone();
    body
}

fn invalid(name: String, request: Request, pointer: &str) -> Case {
    let (code, pointer) = ("VALIDATION_FAILED", pointer.into());
    Case { name, request, status: 422, code, pointer }
}

#[test]
fn stores_that_cannot_be_are_refused() {
    let bench = Bench::new(&[]);
    let store = json!({ "code": "NEW", "name": "New", "address": "Somewhere" });
    let open =
        |body: Value| Request::post("/v1/stores").token(&admin()).key(&bench.key()).json(&body);
    let change =
        |body: Value| Request::new("PATCH", bench.market.path("")).token(&admin()).json(&body);
    let mut cases = Vec::new();
    for value in [json!("a\u{7}b"), json!("x".repeat(10_000)), json!(""), json!(7)] {
        for field in ["code", "name", "address"] {
            let pointer = format!("#/{field}");
            let name = format!("store {field} {value:.20}");
            cases.push(invalid(name.clone(), open(with(&store, field, &value)), &pointer));
            cases.push(invalid(name, change(json!({ field: value })), &pointer));
        }
    }
    let hours = |opens: &str, closes: &str| json!({ "opens": opens, "closes": closes });
    for (field, value, pointer) in [
        ("code", json!("TSX"), "#/code"),
        ("store_id", json!(Uuid::nil()), "#/store_id"),
        ("location", json!({ "lat": 91, "lng": 0 }), "#/location/lat"),
        ("location", json!({ "lat": 9 , "lng": "0" }), "#/location/lng"),
        ("hold_minutes", json!(0), "#/hold_minutes"),
        ("hours", hours("25:00", "26:00"), "#/hours/opens"),
        ("hours", hours("21:00", "21:00"), "#/hours"),
        (
            "delivery_fee_steps",
            json!([{ "below_paise": 5, "fee_paise": -1 }]),
            "#/delivery_fee_steps/0",
        ),
        ("order_minimum_paise", json!(-1), "#/order_minimum_paise"),
        ("owner", json!("me"), "#/owner"),
        ("name", Value::Null, "#/name"),
    ] {
        cases.push(invalid(format!("{field} {value}"), change(json!({ field: value })), pointer));
    }
    let twice = open(with(&store, "code", &json!("TST")));
    cases.push(case("a code twice", twice, 409, "STORE_EXISTS", ""));
    let stale = change(json!({})).header("If-Match", "\"old\"");
    cases.push(case("a stale version", stale, 412, "VERSION_MISMATCH", ""));
    bench.run(cases);
}

#[test]
fn products_that_cannot_be_are_refused() {
    let bench = Bench::new(&[]);
    let product = json!({ "sku": "new", "name": "New", "price_paise": 100, "mrp_paise": 120,
        "gst_percent": 5 });
    let path = bench.market.path(&format!("/products/{}", Uuid::from_u128(77)));
    let define = |field: &str, value: &Value| {
        Request::new("PUT", path.clone()).token(&admin()).json(&with(&product, field, value))
    };
    let mut wrong = Vec::new();
    for field in ["sku", "name", "brand", "category", "unit", "hsn"] {
        wrong.extend([json!("a\u{7}b"), json!("x".repeat(10_000)), json!(7)].map(|v| (field, v)));
    }
    wrong.extend(["sku", "name"].map(|field| (field, json!(""))));
    for price in [json!(0), json!(-1), json!(121), json!(i64::MAX), json!(9.5), json!("9")] {
        wrong.push(("price_paise", price));
    }
    wrong.extend([json!(0), json!(-1), json!(i64::MAX)].map(|mrp| ("mrp_paise", mrp)));
    wrong
        .extend([json!(101), json!(-1), json!(0.001), json!(null)].map(|gst| ("gst_percent", gst)));
    wrong.extend([json!(0), json!(100), json!(-1)].map(|max| ("max_per_order", max)));
    wrong.push(("hsn", json!("12345")));
    wrong.push(("product_id", json!(Uuid::from_u128(78))));
    wrong.push(("colour", json!("red")));
    let refused = |(field, value): &(&str, Value)| {
        invalid(format!("{field} {value:.40}"), define(field, value), &format!("#/{field}"))
    };
    let mut cases: Vec<_> = wrong.iter().map(refused).collect();
    let taken = define("sku", &json!(bench.market.goods[0].name));
    cases.push(case("a SKU twice", taken, 409, "SKU_TAKEN", ""));
    bench.run(cases);
}

#[test]
fn a_file_that_is_no_catalogue_is_refused_and_a_bad_row_spoils_nothing() {
    let bench = Bench::new(&[]);
    let path = bench.market.path("/products/import");
    let import = |query: &str, media_type: &str, body: &str| {
        Request::post(format!("{path}{query}")).token(&admin()).body(media_type, body)
    };
    let columns = |name, body| case(name, import("", "text/csv", body), 422, "COLUMNS_INVALID", "");
    bench.run([
        columns("nothing", ""),
        columns("no name", "sku,price\nx,1\n"),
        columns("no price", "sku,name\nx,X\n"),
        columns("an unknown column", "name,price,cost\nX,1,2\n"),
        columns("a column twice", "name,price,price\nX,1,2\n"),
        columns("a table of zeros", "\0\0\0\0"),
        case(
            "a map that is none",
            import("?map=name", "text/csv", "name,price\n"),
            400,
            "QUERY_INVALID",
            "#/map",
        ),
        case("JSON", import("", "application/json", "[]"), 415, "UNSUPPORTED_MEDIA_TYPE", ""),
    ]);
    let mut client = bench.server.client();
    let before = bench.market.visible_state(&mut client);
    let long = "n".repeat(10_000);
    let csv = format!("name,price\n\"a\u{7}b\",5\n{long},5\nfree,0\nlost,-1\ntorn,\"5\nnext,1,2\n");
    let report = client.ask(&import("", "text/csv", &csv)).expect(200);
    assert_eq!((&report["accepted"], &report["refused"]), (&json!(0), &json!(6)), "{report}");
    for error in report["errors"].as_array().unwrap() {
        assert!(error["line"].is_u64() && error["code"].is_string(), "{error}");
    }
    assert_eq!(bench.market.visible_state(&mut client), before);
}

#[test]
#[ignore = "long: run by tests/run --long"]
fn long_an_expired_order_cannot_be_cancelled() {
    let dir = tempfile::tempdir().unwrap();
    // The provider is never reached: the order is not paid.
    let program = Program::new(EXE, &dir.path().join("data"))
        .set("KIRANA_RAZORPAY_URL", "http://127.0.0.1:9/v1")
        .set("KIRANA_RAZORPAY_KEY_ID", "rzp_test_1")
        .set("KIRANA_RAZORPAY_KEY_SECRET", "nobody_is_there")
        .set("KIRANA_RAZORPAY_WEBHOOK_SECRET", "nobody_is_there");
    let server = program.start();
    let mut client = server.client();
    let market = kirana_tests::market::Market::open(&mut client, &[("milk", 10_000, 5)]);
    let shorten = Request::new("PATCH", market.path("")).token(&admin());
    client.ask(&shorten.json(&json!({ "hold_minutes": 1 }))).expect(200);
    let mut body = market.order(&[(0, 2)]);
    body["payment_method"] = json!("razorpay");
    let place = Request::post("/v1/orders").token(&customer(1)).key("a-key-that-expires");
    let order = client.ask(&place.json(&body)).expect(201);
    assert_eq!(
        (order["status"].as_str(), market.count(&mut client, 0).held),
        (Some("pending_payment"), 2)
    );
    std::thread::sleep(std::time::Duration::from_secs(62));
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let expired = client.ask(&Request::get(path.clone()).token(&customer(1))).expect(200);
    assert_eq!(
        (expired["status"].as_str(), market.count(&mut client, 0).available),
        (Some("expired"), 5)
    );
    let cancel =
        Request::post(format!("{path}/cancel")).token(&customer(1)).key("a-key-to-cancel-it");
    let case = case("too late", cancel.json(&json!({})), 409, "ORDER_NOT_CANCELLABLE", "");
    assert_eq!(case.check(&mut client)["order_status"], "expired");
}
