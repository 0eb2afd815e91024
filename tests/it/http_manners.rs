//! What the standards allow a client to send in more than one form is understood in each of them.

use crate::http_bad_input::Bench;
use crate::http_bad_transport::talk;
use kirana_domain::Role;
use kirana_tests::http::Request;
use kirana_tests::market::{customer, token};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The token of a packer of the store.
fn packer(bench: &Bench) -> String {
    token(Role::Packer, Uuid::from_u128(0x9ac), Some(bench.market.store_id))
}

/// The path of the one order that there is.
fn path_of_the_order(bench: &Bench) -> String {
    let orders = bench.server.client().ask(&Request::get("/v1/orders").token(&customer(1)));
    format!("/v1/orders/{}", orders.expect(200)["data"][0]["id"].as_str().unwrap())
}

#[test]
fn an_empty_body_is_none_whatever_its_type_and_its_framing() {
    let bench = Bench::new(&[]);
    let (path, packer) = (path_of_the_order(&bench), packer(&bench));
    for (step, more) in [
        ("accept", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("pack", "Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let request = format!(
            "POST {path}/{step} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {packer}\r\n\
             Connection: close\r\nIdempotency-Key: an-empty-body-{step}\r\n{more}"
        );
        let answer = talk(bench.server.address, [(request.into_bytes(), Duration::ZERO)]);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{step}: {answer}");
    }
}

#[test]
fn one_of_several_versions_in_if_match_is_enough() {
    let bench = Bench::new(&[]);
    let mut client = bench.server.client();
    let (path, packer) = (path_of_the_order(&bench), packer(&bench));
    let accept = |lines: &[&str]| {
        let request = Request::post(format!("{path}/accept")).token(&packer).key(&bench.key());
        lines.iter().fold(request, |request, line| request.header("If-Match", *line))
    };
    client.ask(&accept(&["\"999\", \"7\""])).expect(412);
    client.ask(&accept(&["\"999\", W/\"1\""])).expect(412);
    client.ask(&accept(&["1"])).expect(400);
    client.ask(&accept(&["\"999\"", "\"1\""])).expect(200);
    let cancel = Request::post(format!("{path}/cancel")).token(&customer(1)).key(&bench.key());
    client.ask(&cancel.header("If-Match", "\"999\", \"2\"")).expect(200);
    let line = |tags: &str| {
        let path = format!("/v1/cart/items/{}", bench.market.goods[1].id);
        let request = Request::new("PUT", path).token(&customer(1)).key(&bench.key());
        let body = json!({ "store_id": bench.market.store_id.0, "quantity": 2 });
        request.header("If-Match", tags).json(&body)
    };
    client.ask(&line("\"1\", \"7\"")).expect(412);
    client.ask(&line("\"1\", \"0\"")).expect(200);
}

#[test]
fn an_escaped_hyphen_is_a_hyphen_and_a_request_names_one_host() {
    let bench = Bench::new(&[]);
    let mut client = bench.server.client();
    let path = path_of_the_order(&bench);
    let escaped = path.replace('-', "%2D").replace("orders", "%6Frders");
    assert_eq!(
        client.ask(&Request::get(escaped).token(&customer(1))).expect(200),
        client.ask(&Request::get(path).token(&customer(1))).expect(200)
    );
    for (hosts, status) in [
        ("", "400"),
        ("Host: a\r\nHost: b\r\n", "400"),
        ("Host: a\r\nHost: a\r\n", "400"),
        ("Host: a\r\n", "200"),
    ] {
        let request = format!("GET /v1/stores HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        let answer = talk(bench.server.address, [(request.into_bytes(), Duration::ZERO)]);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{hosts}: {answer}");
    }
}

#[test]
fn a_packed_body_is_refused_by_its_coding() {
    let bench = Bench::new(&[]);
    let quote = Request::post("/v1/quotes").json(&bench.good());
    let packed = bench.server.client().ask(&quote.header("Content-Encoding", "gzip"));
    assert_eq!(packed.header("accept-encoding"), Some("identity"));
    assert_eq!(packed.expect(415)["code"], "UNSUPPORTED_MEDIA_TYPE");
}

#[test]
fn members_in_another_order_are_the_same_request_under_one_key() {
    let bench = Bench::new(&[]);
    let mut client = bench.server.client();
    let place = |body: String| {
        let request = Request::post("/v1/orders").token(&customer(1)).key("rendered-in-two-ways");
        request.body("application/json", body)
    };
    let good = bench.good();
    let first = client.ask(&place(good.to_string()));
    let mut members: Vec<_> = good.as_object().unwrap().iter().collect();
    members.reverse();
    let members: Vec<_> =
        members.iter().map(|(name, value)| format!("\n  \"{name}\" : {value}")).collect();
    let again = client.ask(&place(format!("{{{}}}", members.join(","))));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.expect(201), first.expect(201));
    let mut other = good;
    other["items"][0]["quantity"] = json!(9);
    assert_eq!(client.ask(&place(other.to_string())).expect(422)["code"], "IDEMPOTENCY_KEY_REUSED");
}

#[test]
fn the_link_to_the_next_page_keeps_the_filters() {
    let bench = Bench::new(&[]);
    let mut client = bench.server.client();
    let place = Request::post("/v1/orders").token(&customer(1)).key(&bench.key());
    client.ask(&place.json(&bench.good())).expect(201);
    for list in [
        "/v1/orders?status=placed%2Caccepted&limit=1".to_owned(),
        bench.market.path("/products?limit=1&q=product"),
    ] {
        let first = client.ask(&Request::get(list).token(&customer(1)));
        let link = first.header("link").unwrap();
        let next = link.split(['<', '>']).nth(1).unwrap().to_owned();
        let second = client.ask(&Request::get(next).token(&customer(1))).expect(200);
        assert_ne!(first.expect(200)["data"], second["data"]);
        assert_eq!(second["data"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn every_wrong_field_is_named_and_the_person_reads_their_own_language() {
    let bench = Bench::new(&[]);
    let mut client = bench.server.client();
    let send = |body: &Value, language: &str| {
        let request = Request::post("/v1/orders").token(&customer(1)).key(&bench.key());
        request.header("Accept-Language", language).json(body)
    };
    let mut body = bench.good();
    body["payment_method"] = json!("barter");
    body["items"][1]["quantity"] = json!(0);
    body["substitution"] = json!("perhaps");
    body["delivery_address"]["phone"] = json!("12");
    body["delivery_address"]["pincode"] = json!("0");
    let pointers = |problem: &Value| {
        let errors = problem["errors"].as_array().unwrap().iter();
        let mut all: Vec<_> =
            errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect();
        all.sort();
        all
    };
    let problem = client.ask(&send(&body, "en")).expect(422);
    assert_eq!(
        pointers(&problem),
        [
            "#/delivery_address/phone",
            "#/delivery_address/pincode",
            "#/items/1/quantity",
            "#/payment_method",
            "#/substitution",
        ]
    );
    body["items"][0] = json!({ "quantity": "two", "colour": "red" });
    body["delivery_address"]["lat"] = json!(25.5);
    body["delivery_address"]["lng"] = json!(90.2);
    body["expected_total_paise"] = Value::Null;
    let answer = client.ask(&send(&body, "hi-IN, hi;q=0.9, en;q=0.8"));
    assert_eq!(answer.header("content-language"), Some("hi"));
    let problem = answer.expect(422);
    assert_eq!(
        pointers(&problem),
        [
            "#/expected_total_paise",
            "#/items/0/colour",
            "#/items/0/product_id",
            "#/items/0/quantity",
        ]
    );
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("payment method") && !detail.is_ascii(), "{detail}");
}

#[test]
fn a_head_that_keeps_coming_is_waited_for() {
    let bench = Bench::new(&[("KIRANA_HEAD_MS_MAX", "1000")]);
    let head = format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-Token: {}\r\n", "t".repeat(100));
    let head = head + "Connection: close\r\n\r\n";
    let drops = head.into_bytes().into_iter().map(|byte| (vec![byte], Duration::from_millis(20)));
    let answer = talk(bench.server.address, drops);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
