//! One caller and the others: how much of the connections and calls one may have, and what is left
//! to everybody else and to the operator.

use crate::EXE;
use kirana_tests::http::{Answer, Client, Request};
use kirana_tests::market::{Market, customer};
use kirana_tests::problem::check_problem;
use kirana_tests::process::{Program, Server};
use kirana_tests::sign_in::{SignIn, SigningKey};
use kirana_tests::stage::{WEBHOOK_PATH, support};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;
use tokio::net::TcpSocket;
use uuid::Uuid;

/// Another address of this machine, for a caller who is not the first.
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Starts the program with settings, and gives its directory to be kept.
fn started(settings: &[(&str, &str)]) -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::new(EXE, &dir.path().join("data"));
    let program = settings.iter().fold(program, |program, (name, value)| program.set(name, value));
    let server = program.start();
    (dir, server)
}

/// Asks until a quota is spent: a slow machine gives some of it back meanwhile.
fn until_refused(mut ask: impl FnMut() -> Answer) -> Answer {
    let refused = (0..50).map(|_| ask()).find(|answer| answer.status == 429);
    refused.expect("a quota ends")
}

/// Opens a connection from an address of this machine.
fn connect(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Everything that comes until the server closes.
fn rest_of(mut stream: &TcpStream) -> String {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    String::from_utf8(rest).unwrap()
}

/// The answer to a `GET` from an address of this machine.
fn get_from(from: Ipv4Addr, to: SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = connect(from, to);
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    rest_of(&stream)
}

#[test]
fn silent_connections_of_one_address_shut_out_neither_the_operator_nor_another_address() {
    let (_dir, server) = started(&[
        ("KIRANA_CONNECTIONS_MAX", "50"),
        ("KIRANA_CONNECTIONS_PER_ADDRESS_MAX", "20"),
        ("KIRANA_FIRST_BYTE_MS_MAX", "600000"),
        ("KIRANA_IDLE_MS_MAX", "600000"),
    ]);
    let silent: Vec<_> = (0..60).map(|_| connect(Ipv4Addr::LOCALHOST, server.address)).collect();
    // The last of them come after twenty that say nothing.
    for turned_away in &silent[40..] {
        let answer = rest_of(turned_away);
        assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
        assert!(answer.contains("\"QUOTA_SPENT\"") && answer.contains("[\"connections\"]"));
    }
    assert!(get_from(OTHER, server.address, "/livez", "").starts_with("HTTP/1.1 200 "));
    let mut operator = Client::new(server.operators);
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(operator.ask(&Request::get(path)).status, 200, "{path}");
    }
    // Places that are given back are there again.
    drop(silent);
    let served = (0..200).any(|_| {
        thread::sleep(Duration::from_millis(50));
        server.client().send(&Request::get("/livez")).is_ok_and(|answer| answer.status == 200)
    });
    assert!(served, "a place was not given back");
}

#[test]
fn a_trusted_proxy_has_as_many_connections_as_it_needs() {
    let (_dir, server) = started(&[
        ("KIRANA_CONNECTIONS_PER_ADDRESS_MAX", "3"),
        ("KIRANA_TRUSTED_PROXIES", "127.0.0.1, 192.0.2.0/24"),
    ]);
    let mut of_proxy: Vec<_> = (0..10).map(|_| server.client()).collect();
    for client in &mut of_proxy {
        client.ask(&Request::get("/livez")).expect(200);
    }
    let _of_another: Vec<_> = (0..3).map(|_| connect(OTHER, server.address)).collect();
    let answer = get_from(OTHER, server.address, "/livez", "");
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
}

#[test]
fn a_connection_that_says_nothing_is_closed_soon_and_one_that_was_used_is_kept() {
    let (_dir, server) = started(&[("KIRANA_FIRST_BYTE_MS_MAX", "500")]);
    let mut used = server.client();
    used.ask(&Request::get("/livez")).expect(200);
    assert_eq!(rest_of(&connect(OTHER, server.address)), "", "closed without a word");
    used.ask(&Request::get("/livez")).expect(200);
}

#[test]
fn metrics_are_the_operators_and_everything_else_is_there_too() {
    let (_dir, server) = started(&[]);
    let mut public = server.client();
    let hidden = public.ask(&Request::get("/metrics"));
    assert_eq!(check_problem(&hidden, "metrics in public")["code"], "NOT_FOUND");
    public.ask(&Request::get("/readyz")).expect(200);
    let mut operator = Client::new(server.operators);
    assert!(operator.ask(&Request::get("/metrics")).text().contains("\nkirana_lsn "));
    operator.ask(&Request::get("/v1/stores")).expect(200);
    let (_dir, open) = started(&[("KIRANA_METRICS_PUBLIC", "true")]);
    assert!(open.client().ask(&Request::get("/metrics")).text().contains("\nkirana_lsn "));
}

#[test]
fn who_has_spent_a_quota_is_told_when_to_come_back_and_nobody_else_waits() {
    let (_dir, server) = started(&[("KIRANA_QUOTAS", "true"), ("KIRANA_QUOTA_READS", "3")]);
    let mut client = server.client();
    let list = |n| Request::get("/v1/orders").token(&customer(n));
    let first = client.ask(&list(1));
    first.expect(200);
    assert_eq!(first.header("ratelimit-policy"), Some("\"reads\";q=3;w=60"));
    assert_eq!(first.header("ratelimit"), Some("\"reads\";r=2;t=20"));
    let refused = until_refused(|| client.ask(&list(1)));
    let problem = check_problem(&refused, "a quota that is spent");
    assert_eq!((refused.status, &problem["code"]), (429, &json!("QUOTA_SPENT")));
    assert_eq!(problem["violated-policies"], json!(["reads"]));
    assert_eq!(problem["retryable"], true);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit"), Some("\"reads\";r=0;t=60"));
    // Nobody else, nothing else of this one, and no one who keeps the shop going.
    client.ask(&list(2)).expect(200);
    let outbox = Request::get("/v1/outbox").token(&support());
    (0..10).for_each(|_| drop(client.ask(&outbox).expect(200)));
    let emptied = client.ask(&Request::new("DELETE", "/v1/cart").token(&customer(1)));
    assert_ne!(emptied.status, 429, "{}", emptied.text());
    for _ in 0..10 {
        client.ask(&Request::get("/livez")).expect(200);
        let webhook = Request::post(WEBHOOK_PATH).body("application/json", "{}");
        assert_ne!(client.ask(&webhook).status, 429);
    }
}

#[test]
fn callers_without_a_token_share_the_quota_of_their_address_alone() {
    let (_dir, server) = started(&[
        ("KIRANA_QUOTAS", "true"),
        ("KIRANA_QUOTA_READS", "2"),
        ("KIRANA_QUOTA_ADDRESS_TIMES", "2"),
        ("KIRANA_TRUSTED_PROXIES", "127.0.0.2"),
    ]);
    server.client().ask(&Request::get("/v1/stores")).expect(200);
    let refused = until_refused(|| server.client().ask(&Request::get("/v1/stores")));
    assert_eq!(check_problem(&refused, "by address")["violated-policies"][0], "reads-of-address");
    // What a stranger says of where it comes from counts nothing; what a trusted proxy says does.
    let claimed = Request::get("/v1/stores").header("X-Forwarded-For", "192.0.2.1");
    until_refused(|| server.client().ask(&claimed));
    for caller in ["192.0.2.1", "192.0.2.2"] {
        let header = format!("X-Forwarded-For: {caller}\r\n");
        let ask = || get_from(OTHER, server.address, "/v1/stores", &header);
        assert!(ask().starts_with("HTTP/1.1 200 "), "{caller}");
        assert!((0..50).any(|_| ask().starts_with("HTTP/1.1 429 ")), "{caller}");
    }
}

#[test]
fn codes_of_coupons_and_tokens_are_not_guessed_at_speed() {
    let (_dir, server) = started(&[
        ("KIRANA_QUOTAS", "true"),
        ("KIRANA_QUOTA_COUPONS", "3"),
        ("KIRANA_QUOTA_BAD_TOKENS", "1"),
        ("KIRANA_QUOTA_ADDRESS_TIMES", "5"),
    ]);
    let mut client = server.client();
    let market = Market::open(&mut client, &[("milk", 10_000, 100)]);
    let quote = |coupon: Option<&str>| {
        let items = json!([{ "product_id": market.goods[0].id.0, "quantity": 1 }]);
        let mut body = json!({ "store_id": market.store_id.0, "items": items });
        if let Some(code) = coupon {
            body["coupon_code"] = json!(code);
        }
        Request::post("/v1/quotes").token(&customer(1)).json(&body)
    };
    client.ask(&quote(Some("GUESS1"))).expect(200);
    let refused = until_refused(|| client.ask(&quote(Some("GUESS2"))));
    assert_eq!(check_problem(&refused, "too many codes")["violated-policies"][0], "coupons");
    assert!(refused.header("ratelimit").unwrap().starts_with("\"coupons\";"), "{refused:?}");
    client.ask(&quote(None)).expect(200);
    let forged = Request::get("/v1/orders").token("a.b.c");
    client.ask(&forged).expect(401);
    let refused = until_refused(|| client.ask(&forged));
    let policy = &check_problem(&refused, "too many tokens")["violated-policies"][0];
    assert_eq!(policy, "bad-tokens-of-address");
    client.ask(&Request::get("/v1/orders").token(&customer(1))).expect(200);
}

#[test]
fn a_token_that_cannot_be_checked_is_nobody_s_guess() {
    let (key, data) = (SigningKey::new("away"), tempfile::tempdir().unwrap());
    let service = SignIn::start(&[&key]);
    service.go_down();
    let server = Program::new(EXE, &data.path().join("data"))
        .set("KIRANA_JWKS_URL", service.jwks_url())
        .set("KIRANA_QUOTAS", "true")
        .set("KIRANA_QUOTA_BAD_TOKENS", "1")
        .set("KIRANA_QUOTA_ADDRESS_TIMES", "1")
        .start();
    let mut client = server.client();
    let asked = Request::get("/v1/orders").token(&key.token(&service.claims(Uuid::now_v7())));
    for _ in 0..4 {
        client.ask(&asked).expect(503);
    }
    let forged = Request::get("/v1/orders").token("a.b.c");
    client.ask(&forged).expect(401);
    client.ask(&forged).expect(429);
}

#[test]
fn pages_of_the_listed_origins_may_call_and_no_others() {
    let ours = "https://shop.example";
    let (_dir, server) = started(&[("KIRANA_CORS_ORIGINS", "https://shop.example")]);
    let (_closed_dir, closed) = started(&[]);
    let preflight = |origin: &str| {
        let asked = "authorization,content-type,idempotency-key";
        Request::new("OPTIONS", "/v1/orders")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", asked)
    };
    let allowed = server.client().ask(&preflight(ours));
    assert_eq!(allowed.header("access-control-allow-origin"), Some(ours));
    let sent = allowed.header("access-control-allow-headers").unwrap();
    assert!(sent.contains("idempotency-key") && sent.contains("authorization"), "{sent}");
    assert!(allowed.header("access-control-allow-methods").unwrap().contains("POST"));
    let read = server.client().ask(&Request::get("/v1/stores").header("Origin", ours));
    assert_eq!(read.header("access-control-allow-origin"), Some(ours));
    assert!(read.header("access-control-expose-headers").unwrap().contains("x-request-id"));
    assert!(read.headers.iter().any(|(name, value)| name == "vary" && value.contains("origin")));
    let refused = server.client().ask(&Request::get("/v1/orders").header("Origin", ours));
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some(ours)));
    for (server, origin) in [(&server, "https://elsewhere.example"), (&closed, ours)] {
        for request in [preflight(origin), Request::get("/v1/stores").header("Origin", origin)] {
            let answer = server.client().ask(&request);
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        }
    }
}

#[test]
fn an_answer_is_not_guessed_at_not_framed_and_not_kept() {
    let (_dir, server) = started(&[("KIRANA_TRUSTED_PROXIES", "127.0.0.2")]);
    for path in ["/", "/livez", "/v1/stores", "/v1/orders", "/problems/forbidden", "/nowhere"] {
        let answer = server.client().ask(&Request::get(path));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, Some("frame-ancestors 'none'"), "{path}");
        assert!(answer.header("cache-control").is_some(), "{path}");
        assert_eq!(answer.header("strict-transport-security"), None, "{path}: no TLS here");
    }
    let orders = server.client().ask(&Request::get("/v1/orders").token(&customer(1)));
    assert_eq!(orders.header("cache-control"), Some("no-store"));
    let by_tls = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n";
    let hsts = |from| get_from(from, server.address, "/livez", by_tls).contains("max-age=31536000");
    assert!(hsts(OTHER), "the proxy says that the caller came by TLS");
    assert!(!hsts(Ipv4Addr::LOCALHOST), "anybody can say so");
}

#[test]
fn a_request_names_one_host_and_nothing_else() {
    let (_dir, server) = started(&[]);
    let status = |host: &str| {
        let mut stream = connect(OTHER, server.address);
        let head = format!("GET /v1/stores HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        rest_of(&stream).split(' ').nth(1).unwrap_or_default().to_owned()
    };
    for good in ["x", "shop.example:8080", "[::1]:8080", "127.0.0.1", "", "x:"] {
        assert_eq!(status(&format!("Host: {good}\r\n")), "200", "{good}");
    }
    for wrong in ["a b", "user@shop.example", "shop.example/path", "x:port", "x, y"] {
        assert_eq!(status(&format!("Host: {wrong}\r\n")), "400", "{wrong}");
    }
    assert_eq!(status(""), "400");
    assert_eq!(status("Host: x\r\nHost: x\r\n"), "400");
}

#[test]
fn the_root_says_where_things_are_and_every_code_has_its_page() {
    let (_dir, server) = started(&[]);
    let mut client = server.client();
    let root = client.ask(&Request::get("/")).expect(200);
    for (name, path) in root["links"].as_object().unwrap() {
        let answer = client.ask(&Request::get(path.as_str().unwrap()));
        // Some want a token, a query or another method; none of them is nowhere.
        assert_ne!(answer.status, 404, "{name}: {}", answer.text());
    }
    let listed = client.ask(&Request::get("/problems")).expect(200);
    let listed = listed["data"].as_array().unwrap();
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/src/http/problem/table.rs");
    let table = std::fs::read_to_string(table).unwrap();
    let (_, rows) = table.split_once("\nkinds! {\n").unwrap();
    // A row: its name, the status, whether it may be sent again, then slug and code.
    let codes: Vec<_> = rows
        .lines()
        .filter(|line| line.starts_with("    ") && line.as_bytes()[4].is_ascii_uppercase())
        .filter_map(|row| row.split('"').nth(3))
        .collect();
    assert!(codes.len() > 80, "{codes:?}");
    assert_eq!(listed.iter().map(|it| it["code"].as_str().unwrap()).collect::<Vec<_>>(), codes);
    for problem in listed {
        let page =
            client.ask(&Request::get(format!("/problems/{}", problem["slug"].as_str().unwrap())));
        let code = problem["code"].as_str().unwrap();
        assert!(page.status == 200 && page.text().contains(code), "{code}: {}", page.text());
    }
}
