//! Tokens of a sign-in service, tricks with them, and sign-ins that staff end; and no card number
//! gets in.

use crate::EXE;
use crate::http_bad_calls::case;
use crate::http_bad_input::Bench;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kirana_api::auth::Tokens;
use kirana_domain::{PersonId, Principal, Role};
use kirana_tests::http::{Answer, Client, Request};
use kirana_tests::live::{Command, open};
use kirana_tests::market::{Market, admin, customer, customer_id, token};
use kirana_tests::problem::check_problem;
use kirana_tests::process::{Program, START_MAX};
use kirana_tests::sign_in::{SignIn, SigningKey, now_s, unsigned};
use serde_json::{Value, json};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use uuid::Uuid;

const GOODS: &[(&str, i64, u32)] = &[("milk", 10_000, 1_000), ("rice", 20_000, 1_000)];

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn refused(answer: &Answer, status: u16, code: &str) {
    let problem = check_problem(answer, code);
    assert_eq!((answer.status, problem["code"].as_str()), (status, Some(code)), "{problem}");
}

/// An order of the holder of a token.
fn place(market: &Market, token: &str, key: &str) -> Request {
    let key = format!("identity-key-{key:0>8}");
    Request::post("/v1/orders").token(token).key(&key).json(&market.order(&[(0, 1)]))
}

/// Asks again until the keys of the service were read again, which happens now and then.
fn ask_until(client: &mut Client, request: &Request, wanted: u16) -> Answer {
    let asked = Instant::now();
    loop {
        let answer = client.ask(request);
        if answer.status == wanted {
            return answer;
        }
        assert!(asked.elapsed() < START_MAX, "{}", answer.text());
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_person_signs_in_as_with_supabase_and_orders_before_and_after_a_rotation_and_an_outage() {
    let (old, new) = (SigningKey::new("b1d23eaf-old"), SigningKey::new("0198e2c4-new"));
    let service = SignIn::start(&[&old]);
    let data = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &data.path().join("data"));
    let program = program.set("KIRANA_JWKS_URL", service.jwks_url());
    let server = program.start();
    let mut client = server.client();
    let market = Market::open(&mut client, GOODS);
    let asha = Uuid::now_v7();

    // Without a name: look around, fill a cart, and no more.
    let without_name = with(service.claims(asha), "is_anonymous", json!(true));
    let guest = old.token(&without_name);
    let line = json!({ "store_id": market.store_id.0, "quantity": 2 });
    let cart = format!("/v1/cart/items/{}", market.goods[0].id);
    client.ask(&Request::new("PUT", cart).token(&guest).json(&line)).expect(200);
    let address = json!({ "line1": "12, Hawakhana", "pincode": "794001", "phone": "9876543210" });
    for request in [
        place(&market, &guest, "guest"),
        Request::post("/v1/addresses").token(&guest).key("identity-address").json(&address),
    ] {
        refused(&client.ask(&request), 403, "SIGN_IN_NEEDED");
    }

    // With a phone: a customer whose cart is still there.
    let signed_in = old.token(&service.claims(asha));
    let cart = client.ask(&Request::get("/v1/cart").token(&signed_in)).expect(200);
    assert_eq!(cart["items"][0]["quantity"], 2, "{cart}");
    let order = client.ask(&place(&market, &signed_in, "first")).expect(201);
    assert_eq!(order["customer_id"], json!(asha));
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    refused(&client.ask(&Request::get(&path).token(&customer(1))), 404, "ORDER_UNKNOWN");

    // Staff have their role and store from the service.
    let packer = json!({ "role": "packer", "store_id": market.store_id.0 });
    let packer = old.token(&with(service.claims(Uuid::now_v7()), "app_metadata", packer));
    let accept = Request::post(format!("{path}/accept")).token(&packer);
    let accepted = client.ask(&accept.key("identity-accept-1")).expect(200);
    assert_eq!(accepted["status"], "accepted");
    let import = Request::post(market.path("/products/import")).token(&packer);
    assert_eq!(client.ask(&import.body("text/csv", "sku\n")).status, 403);

    // The service rotates: both keys, then the new one alone.
    service.publish(&[&new, &old]);
    let renewed = new.token(&service.claims(asha));
    ask_until(&mut client, &Request::get(&path).token(&renewed), 200);
    client.ask(&place(&market, &renewed, "second")).expect(201);
    client.ask(&place(&market, &signed_in, "third")).expect(201);
    service.publish(&[&new]);
    let stranger = SigningKey::new("nobody").token(&service.claims(asha));
    let nudge = Request::get(&path).token(&stranger);
    let old_one = Request::get(&path).token(&signed_in);
    let asked = Instant::now();
    while client.ask(&old_one).status == 200 {
        assert!(asked.elapsed() < START_MAX, "the old key is still good");
        refused(&client.ask(&nudge), 401, "TOKEN_INVALID");
        thread::sleep(Duration::from_millis(100));
    }
    refused(&client.ask(&old_one), 401, "TOKEN_INVALID");

    // The service is down: whoever has signed in goes on, and our own tokens need none of it.
    service.go_down();
    client.ask(&place(&market, &renewed, "fourth")).expect(201);
    ask_until(&mut client, &nudge, 503);
    client.ask(&place(&market, &new.token(&service.claims(asha)), "fifth")).expect(201);
    let page = client.ask(&Request::get("/v1/orders").token(&admin())).expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 5);
}

#[test]
fn forged_foreign_and_untimely_tokens_of_a_sign_in_service_open_nothing() {
    let key = SigningKey::new("k1");
    let service = SignIn::start(&[&key]);
    let bench = Bench::new(&[("KIRANA_JWKS_URL", &service.jwks_url())]);
    let me = || service.claims(customer_id(1));
    let head = |alg: &str| json!({ "alg": alg, "kid": "k1", "typ": "JWT" });
    let ask = |token: &str| {
        Request::post("/v1/orders").token(token).key(&bench.key()).json(&bench.good())
    };
    let invalid = |name, token: String| case(name, ask(&token), 401, "TOKEN_INVALID", "");
    let jwk = key.jwk();
    let boss = PersonId(Uuid::from_u128(0xad));
    let boss = Principal { role: Role::Admin, person_id: boss, store_id: None };
    let confused = |secret: &[u8]| Tokens::new(secret).sign(&boss, 3_600);
    let coordinates =
        ["x", "y"].map(|name| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap());
    let foreign = SigningKey::new("k1");
    let bring =
        json!({ "alg": "ES256", "kid": "k1", "jwk": foreign.jwk(), "jku": service.jwks_url() });
    let es256 = key.token(&me());
    let signature = es256.rsplit('.').next().unwrap();
    let other = SignIn::start(&[&key]);
    bench.run([
        invalid("none", format!("{}.", unsigned(&head("none"), &me()))),
        invalid(
            "none, with a signature",
            format!("{}.{signature}", unsigned(&head("none"), &me())),
        ),
        invalid("HS256 over the key", confused(jwk.to_string().as_bytes())),
        invalid("HS256 over the point", confused(&coordinates.concat())),
        invalid("HS256 with a key's signature", key.token_with(&head("HS256"), &me())),
        invalid("RS256 with another kind of key", key.token_with(&head("RS256"), &me())),
        invalid("another key of that name", foreign.token(&me())),
        invalid("a key that it brings along", foreign.token_with(&bring, &me())),
        invalid("crit", key.token_with(&with(head("ES256"), "crit", json!(["exp"])), &me())),
        invalid(
            "another type",
            key.token_with(&with(head("ES256"), "typ", json!("at+jwt")), &me()),
        ),
        invalid("a foreign issuer", key.token(&other.claims(customer_id(1)))),
        invalid("a foreign audience", key.token(&with(me(), "aud", json!("anon")))),
        invalid("from the future", key.token(&with(me(), "iat", json!(now_s() + 600)))),
        invalid("for later", key.token(&with(me(), "nbf", json!(now_s() + 600)))),
        invalid("the key of the project", key.token(&with(me(), "role", json!("service_role")))),
        invalid(
            "somebody else's signature",
            format!("{}.{signature}", unsigned(&head("ES256"), &service.claims(customer_id(2)))),
        ),
        case(
            "expired",
            ask(&key.token(&with(me(), "exp", json!(now_s() - 600)))),
            401,
            "TOKEN_EXPIRED",
            "",
        ),
    ]);
    bench.server.client().ask(&ask(&es256)).expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_revoked_is_out_streams_included_also_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &data.path().join("data"));
    let server = program.start();
    let mut client = server.client();
    Market::open(&mut client, GOODS);
    let support = token(Role::Support, Uuid::from_u128(5), None);
    let person = format!("/v1/revocations/persons/{}", customer_id(1));
    let orders = |n| Request::get("/v1/orders").token(&customer(n));

    for who in [customer(1), token(Role::Rider, Uuid::from_u128(6), None)] {
        let own = Request::new("PUT", &person).token(&who);
        refused(&client.ask(&own), 403, "FORBIDDEN");
    }
    let mut streams = Vec::new();
    for way in ["/v1/me/events", "/v1/me/events/ws"] {
        let opened = open(server.address, &Command::new(way, &customer(1))).await.unwrap();
        let mut live = opened.live();
        live.expect("snapshot").await;
        streams.push(live);
    }
    let revoked = client.ask(&Request::new("PUT", &person).token(&support)).expect(200);
    assert_eq!(
        (&revoked["revoked"], &revoked["person_id"]),
        (&json!(true), &json!(customer_id(1)))
    );
    for mut live in streams {
        live.expect("auth_expired").await;
        live.expect_end().await;
    }
    refused(&client.ask(&orders(1)), 401, "TOKEN_REVOKED");
    client.ask(&orders(2)).expect(200);

    server.terminate();
    let server = program.start();
    let mut client = server.client();
    refused(&client.ask(&orders(1)), 401, "TOKEN_REVOKED");
    let listed = client.ask(&Request::get("/v1/revocations").token(&support)).expect(200);
    assert_eq!(listed["data"], json!([revoked]));

    // Support locks no admin out, nobody themselves, and an admin's word stands.
    let boss = format!("/v1/revocations/persons/{}", Uuid::from_u128(0xad));
    refused(&client.ask(&Request::new("PUT", &boss).token(&admin())), 403, "FORBIDDEN");
    client.ask(&Request::new("PUT", &boss).token(&support)).expect(200);
    client.ask(&Request::new("PUT", &person).token(&admin())).expect(200);
    refused(&client.ask(&Request::new("DELETE", &person).token(&support)), 403, "FORBIDDEN");
    client.ask(&Request::new("DELETE", &person).token(&admin())).expect(200);
    client.ask(&orders(1)).expect(200);
    let nobody = Request::new("PUT", "/v1/revocations/persons/asha").token(&admin());
    refused(&client.ask(&nobody), 404, "NOT_FOUND");
}

#[test]
fn a_revoked_sign_in_ends_and_the_next_one_of_the_same_person_is_good() {
    let key = SigningKey::new("k1");
    let service = SignIn::start(&[&key]);
    let data = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &data.path().join("data"));
    let server = program.set("KIRANA_JWKS_URL", service.jwks_url()).start();
    let mut client = server.client();
    let (lost, next) = (service.claims(customer_id(1)), service.claims(customer_id(1)));
    let ask = |claims: &Value| Request::get("/v1/orders").token(&key.token(claims));
    client.ask(&ask(&lost)).expect(200);
    let session = lost["session_id"].as_str().unwrap();
    let path = format!("/v1/revocations/sessions/{session}");
    client.ask(&Request::new("PUT", path).token(&admin())).expect(200);
    refused(&client.ask(&ask(&lost)), 401, "TOKEN_REVOKED");
    let refreshed = with(lost, "exp", json!(now_s() + 7_200));
    refused(&client.ask(&ask(&refreshed)), 401, "TOKEN_REVOKED");
    client.ask(&ask(&next)).expect(200);
}

/// Fails if a file below a directory has these bytes in it.
fn search(folder: &Path, wanted: &[&str]) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, wanted);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for text in wanted {
            let is_there = bytes.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!is_there, "{text} is in {}", path.display());
        }
    }
}

#[test]
fn a_card_number_in_a_request_is_in_no_answer_no_record_and_no_log() {
    const SPACED: &str = "5555 5555 5555 4444";
    const BARE: &str = "378282246310005";
    /// A barcode (EAN-13) that would do as a number of a card.
    const BARCODE: &str = "4000000000006";
    let data = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &data.path().join("data")).set("RUST_LOG", "trace");
    let server = program.start();
    let mut client = server.client();
    let market = Market::open(&mut client, GOODS);
    let mut body = market.order(&[(0, 1)]);
    body["notes"] = json!(format!("my card {SPACED} 12/27, ring 98765 43210"));
    body["delivery_address"]["line2"] = json!(format!("card {BARE}"));
    let request = Request::post("/v1/orders").token(&customer(1)).key("identity-card-0001");
    let order = client.ask(&request.json(&body)).expect(201);
    assert_eq!(order["notes"], "my card **** **** **** 4444 12/27, ring 98765 43210");
    assert_eq!(order["delivery_address"]["line2"], "card ***********0005");
    assert_eq!(order["delivery_address"]["phone"], "+919876543210");
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let reason = json!({ "reason": format!("charge {SPACED} or {BARE}") });
    let cancel = Request::post(format!("{path}/cancel")).token(&customer(1));
    client.ask(&cancel.key("identity-card-0002").json(&reason)).expect(200);
    let history = client.ask(&Request::get(format!("{path}/history")).token(&admin()));
    assert!(history.text().contains("charge **** **** **** 4444 or ***********0005"));
    let wrong = json!({ "reason": "x", "card": SPACED });
    let cancel = Request::post(format!("{path}/cancel")).token(&customer(1));
    let answer = client.ask(&cancel.key("identity-card-0003").json(&wrong));
    assert!(answer.status == 422 && !answer.text().contains(SPACED), "{}", answer.text());

    let product = json!({
        "sku": BARCODE, "name": "Tea", "price_paise": 100, "mrp_paise": 100, "gst_percent": 5,
        "attributes": { "barcode": BARCODE },
    });
    let put = Request::new("PUT", market.path(&format!("/products/{}", Uuid::now_v7())));
    let product = client.ask(&put.token(&admin()).json(&product));
    assert!(product.status < 300, "{}", product.text());
    let product = product.json();
    assert_eq!(
        (&product["sku"], &product["attributes"]["barcode"]),
        (&json!(BARCODE), &json!(BARCODE))
    );

    let ended = server.terminate();
    let bare = SPACED.replace(' ', "");
    for text in [SPACED, BARE, &bare] {
        assert!(!ended.stderr.contains(text) && !ended.stdout.contains(text), "{text} was logged");
    }
    search(data.path(), &[SPACED, BARE, &bare]);
}
