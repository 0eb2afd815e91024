//! Bad input to carts, addresses, zones, coupons, rates and the rules of a store.

use crate::http_bad_calls::case;
use crate::http_bad_input::Bench;
use kirana_tests::http::Request;
use kirana_tests::market::{admin, customer};
use kirana_tests::problem::Case;
use serde_json::{Value, json};
use uuid::Uuid;

fn invalid(name: &str, request: Request, pointer: &str) -> Case {
    case(name, request, 422, "VALIDATION_FAILED", pointer)
}

#[test]
fn carts_that_cannot_be_are_refused() {
    let bench = Bench::new(&[]);
    let (store, product) = (bench.market.store_id.0, bench.market.goods[3].id.0);
    let item = |method, id: Uuid, body: Value| {
        let path = format!("/v1/cart/items/{id}");
        Request::new(method, path).token(&customer(1)).json(&body)
    };
    let set = |body: Value| item("PUT", product, body);
    let quantity = |value: Value| set(json!({ "store_id": store, "quantity": value }));
    let add = |value: Value| item("PATCH", product, json!({ "store_id": store, "add": value }));
    let whole = |items: Value| {
        let body = json!({ "store_id": store, "items": items });
        let request = Request::new("PUT", "/v1/cart").token(&customer(1)).json(&body);
        request.header("If-Match", "\"0\"")
    };
    let unknown = Uuid::from_u128(404);
    let range = "QUANTITY_OUT_OF_RANGE";
    let mut cases = vec![
        invalid("no store yet", set(json!({ "quantity": 1 })), "#/store_id"),
        invalid(
            "an unknown field",
            set(json!({ "store_id": store, "quantity": 1, "price": 1 })),
            "#/price",
        ),
        invalid("half a unit", quantity(json!(1.5)), "#/quantity"),
        case(
            "no such store",
            set(json!({ "store_id": unknown, "quantity": 1 })),
            422,
            "UNKNOWN_STORE",
            "#/store_id",
        ),
        case(
            "not sold here",
            item("PUT", unknown, json!({ "store_id": store, "quantity": 1 })),
            422,
            "UNKNOWN_PRODUCT",
            "",
        ),
        case("nothing more", add(json!(0)), 422, range, "#/add"),
        case("far too many more", add(json!(100)), 422, range, "#/add"),
        case(
            "no cart to merge",
            Request::post("/v1/cart/merge")
                .token(&customer(1))
                .key(&bench.key())
                .json(&json!({ "store_id": store, "items": [] })),
            422,
            "BASKET_EMPTY",
            "",
        ),
        case(
            "an unknown line",
            whole(json!([{ "product_id": unknown, "quantity": 1 }])),
            422,
            "UNKNOWN_PRODUCT",
            "#/items/0/product_id",
        ),
        case("a stranger", Request::get("/v1/cart"), 401, "TOKEN_MISSING", ""),
        case("staff", Request::get("/v1/cart").token(&admin()), 403, "FORBIDDEN", ""),
        case(
            "a store that is no id",
            Request::get("/v1/cart?store_id=tura").token(&customer(1)),
            400,
            "QUERY_INVALID",
            "",
        ),
    ];
    for value in [0, 100, -1, i64::MAX, i64::MIN] {
        let name = format!("{value} units");
        cases.push(case(&name, quantity(json!(value)), 422, range, "#/quantity"));
    }
    for tag in ["", "7", "\"7", "\"1\" \"2\""] {
        let request = quantity(json!(1)).header("If-Match", tag);
        cases.push(case(&format!("If-Match {tag}"), request, 400, "HEADER_INVALID", ""));
    }
    for tag in ["\"seven\"", "\"1\", \"2\"", "\"-1\""] {
        let request = quantity(json!(1)).header("If-Match", tag);
        cases.push(case(&format!("If-Match {tag}"), request, 412, "VERSION_MISMATCH", ""));
    }
    bench.run(cases);
}

#[test]
fn places_that_cannot_be_are_refused_wherever_they_are_sent() {
    let bench = Bench::new(&[]);
    let address = |lat: &str, lng: &str| {
        format!(
            r#"{{"line1":"12, Hawakhana","pincode":"794001","phone":"9876543210","lat":{lat},"lng":{lng}}}"#
        )
    };
    let raw = |path: &str, body: String| {
        let request = Request::post(path).token(&customer(1)).key(&bench.key());
        request.body("application/json", body)
    };
    let order = |lat: &str, lng: &str| {
        let mut order = bench.good();
        order["delivery_address"] = json!("ADDRESS");
        let body = order.to_string().replace("\"ADDRESS\"", &address(lat, lng));
        raw("/v1/orders", body)
    };
    let quote = |lat: &str, lng: &str| {
        let order = bench.good();
        let body = json!({ "store_id": order["store_id"], "items": order["items"], "lat": 0 });
        let place = format!("\"lat\":{lat},\"lng\":{lng}");
        raw("/v1/quotes", body.to_string().replace("\"lat\":0", &place))
    };
    let locate = |query: &str| Request::get(format!("/v1/zones/locate?{query}"));
    let mut cases = vec![
        case("nowhere", locate(""), 400, "QUERY_INVALID", "#/lat"),
        case("half a place", locate("lat=25.5"), 400, "QUERY_INVALID", "#/lng"),
        case("an unknown parameter", locate("lat=1&lng=1&z=1"), 400, "QUERY_INVALID", ""),
    ];
    for (lat, lng, field) in [
        ("\"25.5\"", "90.2", "lat"),
        ("25.5", "\"90.2\"", "lng"),
        ("91", "90.2", "lat"),
        ("25.5", "-180.0000001", "lng"),
        ("90.2", "25.5", "lat"),
        ("true", "90.2", "lat"),
        // JSON, and a number; but nobody counts that far.
        ("1e999", "90.2", "lat"),
        ("[25.5]", "90.2", "lat"),
    ] {
        let name = format!("{lat} {lng}");
        let pointer = |prefix: &str| format!("#{prefix}/{field}");
        cases.push(invalid(&name, raw("/v1/addresses", address(lat, lng)), &pointer("")));
        cases.push(invalid(&name, order(lat, lng), &pointer("/delivery_address")));
        cases.push(invalid(&name, quote(lat, lng), &pointer("")));
        let query = format!("lat={}&lng={}", lat.replace('"', "%22"), lng.replace('"', "%22"));
        cases.push(case(&name, locate(&query), 400, "QUERY_INVALID", &pointer("")));
    }
    for no_number in ["NaN", "Infinity", "25.", "+25.5"] {
        let request = raw("/v1/addresses", address(no_number, "90.2"));
        cases.push(case(no_number, request, 400, "MALFORMED_JSON", ""));
        let query = format!("lat={}&lng=90.2", no_number.replace('+', "%2B"));
        cases.push(case(no_number, locate(&query), 400, "QUERY_INVALID", "#/lat"));
    }
    let half = raw("/v1/addresses", address("25.5", "90.2").replace(",\"lng\":90.2", ""));
    cases.push(invalid("half a place", half, "#"));
    let mut two = bench.good();
    two["address_id"] = json!(Uuid::nil());
    cases.push(invalid("two addresses", raw("/v1/orders", two.to_string()), "#/address_id"));
    bench.run(cases);
}

#[test]
fn zones_coupons_rates_and_rules_that_cannot_be_are_refused() {
    let bench = Bench::new(&[]);
    let market = &bench.market;
    let by_admin =
        |method, path: String, body: Value| Request::new(method, path).token(&admin()).json(&body);
    let zones = |body: Value| by_admin("PUT", market.path("/zones"), body);
    let polygon = |ring: Value| json!({ "type": "Polygon", "coordinates": [ring] });
    let coupon =
        |code: &str, body: Value| by_admin("PUT", market.path(&format!("/coupons/{code}")), body);
    let rates = |rate: Value| by_admin("PUT", "/v1/gst-rates".into(), json!({ "rates": [rate] }));
    let store = |body: Value| by_admin("PATCH", market.path(""), body);
    let order = |member: &str, value: Value| {
        let mut order = bench.good();
        order[member] = value;
        Request::post("/v1/orders").token(&customer(1)).key(&bench.key()).json(&order)
    };
    let bow = json!([[90, 25], [91, 26], [91, 25], [90, 26], [90, 25]]);
    let weather = format!("/v1/zones/{}/weather", Uuid::nil());
    bench.run([
        invalid("a border that crosses itself", zones(polygon(bow)), "#/features/0"),
        invalid(
            "a border the wrong way round",
            zones(polygon(json!([[25, 90], [26, 90], [26, 89], [25, 90]]))),
            "#/features/0",
        ),
        invalid(
            "an open border",
            zones(polygon(json!([[90, 25], [91, 25], [91, 26]]))),
            "#/features/0",
        ),
        invalid("a line", zones(json!({ "type": "LineString", "coordinates": [] })), "#/type"),
        case(
            "text for zones",
            Request::new("PUT", market.path("/zones")).token(&admin()).body("text/plain", "x"),
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            "",
        ),
        case(
            "zones by a customer",
            Request::new("PUT", market.path("/zones")).token(&customer(1)).json(&json!({})),
            403,
            "FORBIDDEN",
            "",
        ),
        case(
            "more than zones may have",
            Request::new("PUT", market.path("/zones"))
                .token(&admin())
                .body("application/json", vec![b' '; 16 * 1_024 * 1_024 + 1]),
            413,
            "BODY_TOO_LARGE",
            "",
        ),
        case(
            "weather nowhere",
            by_admin("PUT", weather.clone(), json!({ "weather": "bad" })),
            404,
            "ZONE_UNKNOWN",
            "",
        ),
        invalid(
            "no such weather",
            by_admin("PUT", weather, json!({ "weather": "mild" })),
            "#/weather",
        ),
        invalid("a coupon of no kind", coupon("SAVE", json!({ "kind": "gift" })), "#/kind"),
        invalid(
            "a field of another kind",
            coupon("SAVE", json!({ "kind": "free_delivery", "percent": 5 })),
            "#/percent",
        ),
        invalid("a code of signs", coupon("A_B", json!({ "kind": "free_delivery" })), ""),
        invalid(
            "an unknown field",
            coupon("SAVE", json!({ "kind": "free_delivery", "x": 1 })),
            "#/x",
        ),
        case(
            "coupons for customers",
            Request::get(market.path("/coupons")).token(&customer(1)),
            403,
            "FORBIDDEN",
            "",
        ),
        invalid(
            "half an HSN code",
            rates(json!({ "hsn": "040", "from": "2025-09-22",
            "percent": 5 })),
            "#/rates/0/hsn",
        ),
        invalid(
            "a day that is none",
            rates(json!({ "hsn": "04", "from": "2025-02-29",
            "percent": 5 })),
            "#/rates/0/from",
        ),
        invalid(
            "more than all",
            rates(json!({ "hsn": "04", "from": "2025-09-22",
            "percent": 101 })),
            "#/rates/0/percent",
        ),
        invalid(
            "a GST number with a slip",
            store(json!({ "gstin": "27AAPFU0939F1ZW" })),
            "#/gstin",
        ),
        invalid(
            "GST without a GST number",
            store(json!({ "gstin": null, "delivery_fee_gst_percent": 18 })),
            "#/gstin",
        ),
        invalid("risk above all", store(json!({ "cod": { "risk_max": 101 } })), "#/cod/risk_max"),
        invalid(
            "a promise backwards",
            store(json!({ "promise_minutes": { "bad": [45, 30] } })),
            "#/promise_minutes/bad",
        ),
        invalid("an unknown rule", store(json!({ "cod": { "trust": 1 } })), "#/cod/trust"),
        case("no such coupon", order("coupon_code", json!("NOSUCH")), 422, "COUPON_REFUSED", ""),
        case(
            "no coupon code",
            order("coupon_code", json!("%")),
            422,
            "COUPON_REFUSED",
            "#/coupon_code",
        ),
        invalid("no such command", order("substitution", json!("maybe")), "#/substitution"),
        invalid("perhaps from the cart", order("from_cart", json!("yes")), "#/from_cart"),
    ]);
}
