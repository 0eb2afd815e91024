//! Bad keys, tokens, roles, headers, paths and queries.

use crate::http_bad_input::Bench;
use kirana_api::auth::Tokens;
use kirana_domain::{PersonId, Principal, Role, StoreId};
use kirana_tests::http::Request;
use kirana_tests::market::{admin, customer, customer_id, token};
use kirana_tests::problem::{Case, check_problem};
use kirana_tests::process::SECRET;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) fn case(
    name: &str,
    request: Request,
    status: u16,
    code: &'static str,
    pointer: &str,
) -> Case {
    Case { name: name.into(), request, status, code, pointer: pointer.into() }
}

#[test]
fn keys_that_are_missing_wrong_or_used_are_refused() {
    let bench = Bench::new(&[]);
    let bare = || Request::post("/v1/orders").token(&customer(1)).json(&bench.good());
    let invalid = |name, request| case(name, request, 400, "IDEMPOTENCY_KEY_INVALID", "");
    let used = bare().key("the-first-order-key");
    bench.run([
        case("none", bare(), 400, "IDEMPOTENCY_KEY_MISSING", ""),
        invalid("short", bare().key("abc")),
        invalid("empty", bare().header("Idempotency-Key", "")),
        invalid("empty quotes", bare().key("")),
        invalid("long", bare().key(&"k".repeat(129))),
        invalid("blanks", bare().key("sixteen or more characters")),
        invalid("a quote left open", bare().header("Idempotency-Key", "\"0123456789abcdef")),
        invalid("other scripts", bare().header("Idempotency-Key", "दूध-दूध-दूध-दूध")),
        invalid("two", bare().key("0123456789abcdef").key("0123456789abcdef")),
        case("used for another body", used, 422, "IDEMPOTENCY_KEY_REUSED", ""),
        case(
            "none for a cancellation",
            Request::post(format!("/v1/orders/{}/cancel", Uuid::nil())).token(&customer(1)),
            400,
            "IDEMPOTENCY_KEY_MISSING",
            "",
        ),
    ]);
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for sextet in 0..=chunk.len() {
            let index = bits >> (18 - 6 * sextet) & 63;
            out.push(char::from(LETTERS[index as usize]));
        }
    }
    out
}

fn signed(secret: &str, role: Role, ttl_s: i64) -> String {
    let by = Principal { role, person_id: PersonId(customer_id(1)), store_id: None };
    Tokens::new(secret.as_bytes()).sign(&by, ttl_s)
}

fn forged(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |json: &Value| base64url(json.to_string().as_bytes());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[test]
fn tokens_that_are_not_ours_open_nothing() {
    let bench = Bench::new(&[]);
    let good = customer(1);
    let signature = good.rsplit('.').next().unwrap();
    let role = json!({ "role": "admin" });
    let claims = json!({ "sub": customer_id(1), "exp": 4_000_000_000_u64, "app_metadata": role });
    let hs256 = json!({ "alg": "HS256", "typ": "JWT" });
    let none = json!({ "alg": "none" });
    let mut turned = good.clone();
    let last = turned.pop().unwrap();
    turned.insert(good.len() / 2, last);
    let with = |token: &str| {
        Request::post("/v1/orders").token(token).key(&bench.key()).json(&bench.good())
    };
    let plain = |value: &str| {
        let request = Request::post("/v1/orders").header("Authorization", value);
        request.key(&bench.key()).json(&bench.good())
    };
    let invalid = |name, request| case(name, request, 401, "TOKEN_INVALID", "");
    bench.run([
        case("none", with("x").without("Authorization"), 401, "TOKEN_MISSING", ""),
        case("expired", with(&signed(SECRET, Role::Customer, -3_600)), 401, "TOKEN_EXPIRED", ""),
        invalid("another secret", with(&signed(&"x".repeat(40), Role::Customer, 3_600))),
        invalid("the engine's own role", with(&signed(SECRET, Role::System, 3_600))),
        invalid("no algorithm", with(&forged(&none, &claims, ""))),
        invalid("no algorithm, and a signature", with(&forged(&none, &claims, signature))),
        invalid("another algorithm", with(&forged(&json!({ "alg": "RS256" }), &claims, signature))),
        invalid("another's signature", with(&forged(&hs256, &claims, signature))),
        invalid("no signature", with(good.rsplit_once('.').unwrap().0)),
        invalid("an empty signature", with(&format!("{}.", good.rsplit_once('.').unwrap().0))),
        invalid("a changed letter", with(&turned)),
        invalid("garbage", with("garbage")),
        invalid("dots", with("..")),
        invalid("long", with(&"a.".repeat(4_000))),
        invalid("another scheme", plain("Basic YWRtaW46YWRtaW4=")),
        invalid("no scheme", plain(&good)),
        invalid("nothing", plain("")),
        invalid("two", with(&good).token(&good)),
    ]);
}

#[test]
fn roles_do_what_is_theirs_and_nothing_else() {
    let bench = Bench::new(&[]);
    let market = &bench.market;
    let elsewhere = token(Role::Packer, Uuid::from_u128(5), Some(StoreId(Uuid::from_u128(6))));
    let rider = token(Role::Rider, Uuid::from_u128(7), None);
    let service = token(Role::Service, Uuid::from_u128(8), None);
    let (asha, boss) = (customer(1), admin());
    let send = |method, path: &str, who: &str, body: Value| {
        Request::new(method, path).token(who).key(&bench.key()).json(&body)
    };
    let order = format!("/v1/orders/{}", Uuid::nil());
    let milk = market.path(&format!("/stock/{}", market.goods[0].id));
    let import = Request::post(market.path("/products/import")).token(&asha);
    let of_store = format!("/v1/orders?store_id={}", market.store_id);
    let cancel = format!("{order}/cancel");
    let cases = [
        ("receives", send("POST", &market.path("/stock/receive"), &asha, json!({}))),
        ("receives elsewhere", send("POST", &market.path("/stock/receive"), &elsewhere, json!({}))),
        ("adjusts", send("POST", &market.path("/stock/adjust"), &rider, json!({}))),
        ("counts", Request::get(&*milk).token(&asha)),
        ("counts elsewhere", Request::get(milk).token(&elsewhere)),
        ("orders as an admin", send("POST", "/v1/orders", &boss, bench.good())),
        ("orders as a service", send("POST", "/v1/orders", &service, bench.good())),
        ("lists a store's orders", Request::get(of_store).token(&asha)),
        ("cancels as a packer", send("POST", &cancel, &elsewhere, json!({}))),
        ("cancels as a rider", send("POST", &cancel, &rider, json!({}))),
        ("opens a store", send("POST", "/v1/stores", &asha, json!({}))),
        ("changes a store", send("PATCH", &market.path(""), &asha, json!({}))),
        ("defines a product", send("PUT", &market.path("/products/x"), &asha, json!({}))),
        ("imports", import.body("text/csv", "name,price\nx,1\n")),
    ];
    bench.run(cases.map(|(name, request)| case(name, request, 403, "FORBIDDEN", "")));
}

#[test]
fn other_people_s_orders_do_not_exist_and_reasons_are_checked() {
    let bench = Bench::new(&[]);
    let own = bench.server.client().ask(&Request::get("/v1/orders").token(&customer(1)));
    let order = format!("/v1/orders/{}", own.expect(200)["data"][0]["id"].as_str().unwrap());
    let packer = token(Role::Packer, Uuid::from_u128(5), Some(StoreId(Uuid::from_u128(6))));
    let support = token(Role::Support, Uuid::from_u128(9), None);
    let cancel = |who: &str, order: &str, body: Value| {
        let request = Request::post(format!("{order}/cancel")).token(who).key(&bench.key());
        request.json(&body)
    };
    let hidden = |name: &str, request| case(name, request, 404, "ORDER_UNKNOWN", "");
    let nobody = format!("/v1/orders/{}", Uuid::from_u128(404));
    let get = |path: &str, who: &str| Request::get(path).token(who);
    let mut cases = vec![
        hidden("nobody's", get(&nobody, &customer(1))),
        hidden("nobody's, cancelled", cancel(&customer(1), &nobody, json!({}))),
        hidden("nobody's, by an admin", cancel(&admin(), &nobody, json!({ "reason": "lost" }))),
        hidden("no id", get("/v1/orders/7", &customer(1))),
        hidden("a path", get("/v1/orders/..%2f..%2fetc", &customer(1))),
        hidden("cancelled by another", cancel(&customer(2), &order, json!({}))),
        case("no reason", cancel(&support, &order, json!({})), 422, "REASON_MISSING", ""),
    ];
    for who in [customer(2), packer] {
        cases.push(hidden("read by another", get(&order, &who)));
        cases.push(hidden("its history", get(&format!("{order}/history"), &who)));
    }
    for reason in ["a\u{7}b", &"x".repeat(10_000), " "] {
        let request = cancel(&customer(1), &order, json!({ "reason": reason }));
        cases.push(case("a bad reason", request, 422, "VALIDATION_FAILED", "#/reason"));
    }
    let unknown = cancel(&customer(1), &order, json!({ "refund": true }));
    cases.push(case("an unknown field", unknown, 422, "VALIDATION_FAILED", "#/refund"));
    bench.run(cases);
}

#[test]
fn headers_and_paths_that_cannot_be_served_are_refused() {
    let bench = Bench::new(&[]);
    let good =
        || Request::post("/v1/orders").token(&customer(1)).key(&bench.key()).json(&bench.good());
    let typed = |media_type: &str| {
        let request = good().without("Content-Type").header("Content-Type", media_type);
        case(media_type, request, 415, "UNSUPPORTED_MEDIA_TYPE", "")
    };
    let accept = |range: &str, request: Request| {
        case(range, request.header("Accept", range), 406, "NOT_ACCEPTABLE", "")
    };
    let nothing = |path: &str, code| case(path, Request::get(path), 404, code, "");
    let store = format!("/v1/stores/{}", Uuid::nil());
    let product = bench.market.path(&format!("/products/{}", Uuid::nil()));
    let wait = good().header("X-Request-Timeout-Ms", "0");
    bench.run([
        typed("text/plain"),
        typed("application/x-www-form-urlencoded"),
        typed("application/jsonx"),
        case("no type", good().without("Content-Type"), 415, "UNSUPPORTED_MEDIA_TYPE", ""),
        accept("image/png", good()),
        accept("text/html", Request::get("/v1/stores")),
        accept("application/json;q=0, */*", Request::get("/v1/stores")),
        case("no wait at all", wait, 400, "HEADER_INVALID", ""),
        nothing("/v1/order", "NOT_FOUND"),
        nothing("/orders", "NOT_FOUND"),
        nothing("/v1/orders/x/y/z", "NOT_FOUND"),
        nothing(&store, "STORE_UNKNOWN"),
        nothing(&product, "PRODUCT_UNKNOWN"),
        nothing(&bench.market.path("/products/milk"), "PRODUCT_UNKNOWN"),
    ]);
}

#[test]
fn queries_and_cursors_that_cannot_be_are_refused() {
    let bench = Bench::new(&[]);
    let query = |query: &str| Request::get(format!("/v1/orders?{query}")).token(&customer(1));
    let names = ["limit=0", "limit=101", "limit=many", "limit=-1", "status=lost", "colour=red"];
    let mut cases: Vec<_> = names
        .map(|text| {
            let pointer = format!("#/{}", text.split('=').next().unwrap());
            case(text, query(text), 400, "QUERY_INVALID", &pointer)
        })
        .into();
    // A moment or a position that is still to come.
    let stock = bench.market.path(&format!("/stock/{}", bench.market.goods[0].id));
    for then in ["2099-01-01T00:00:00Z", "1000000"] {
        let request = Request::get(format!("{stock}?as_of={then}")).token(&admin());
        cases.push(case(then, request, 422, "VALIDATION_FAILED", "#/as_of"));
    }
    for cursor in ["AAAA", "%00", "..", &"A".repeat(5_000)] {
        let request = query(&format!("cursor={cursor}"));
        cases.push(case("a cursor of nobody", request, 400, "CURSOR_INVALID", ""));
    }
    bench.run(cases);
}

#[test]
fn a_method_that_an_address_does_not_know_is_told_which_it_knows() {
    let bench = Bench::new(&[]);
    for (method, path, allowed) in [
        ("DELETE", "/v1/orders", &["GET", "HEAD", "POST"][..]),
        ("PUT", "/v1/stores", &["GET", "HEAD", "POST"]),
        ("POST", "/readyz", &["GET", "HEAD"]),
        ("GET", "/v1/quotes", &["POST"]),
    ] {
        let answer = bench.server.client().ask(&Request::new(method, path));
        assert_eq!(check_problem(&answer, path)["code"], "METHOD_NOT_ALLOWED");
        let mut methods: Vec<_> = answer.header("allow").unwrap().split(", ").collect();
        methods.sort_unstable();
        assert_eq!((answer.status, &*methods), (405, allowed), "{method} {path}");
    }
    bench.run([]);
}
