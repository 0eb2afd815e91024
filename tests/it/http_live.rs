//! Live streams over HTTP: the state first, then every change, resumed where they broke off; and
//! who may listen to what.

use crate::EXE;
use kirana_domain::{PersonId, Principal, Role, StoreId};
use kirana_tests::http::{Answer, Client, Request};
use kirana_tests::live::{Command, Live, Told, open};
use kirana_tests::market::{Market, admin, customer, customer_id, token};
use kirana_tests::problem::check_problem;
use kirana_tests::process::{Program, SECRET, Server};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

const GOODS: &[(&str, i64, u32)] = &[("milk", 10_000, 100_000), ("rice", 20_000, 100_000)];

struct Scene {
    server: Server,
    market: Market,
    client: Client,
    _data: TempDir,
}

fn scene(set: impl FnOnce(Program) -> Program) -> Scene {
    let data = tempfile::tempdir().unwrap();
    let server = set(Program::new(EXE, &data.path().join("data"))).start();
    let mut client = server.client();
    let market = Market::open(&mut client, GOODS);
    Scene { server, market, client, _data: data }
}

impl Scene {
    fn place(&mut self, n: u64, key: &str) -> Value {
        let key = format!("key-of-order-{key:>012}").replace(' ', "0");
        self.client.ask(&self.market.place(n, &key, &[(0, 1)])).expect(201)
    }

    fn cancel(&mut self, n: u64, order: &Value) -> Value {
        let id = order["id"].as_str().unwrap();
        let request = Request::post(format!("/v1/orders/{id}/cancel")).token(&customer(n));
        self.client.ask(&request.key(&format!("cancel-{id}"))).expect(200)
    }

    fn order(&mut self, n: u64, order: &Value) -> Value {
        self.client.ask(&Request::get(path(order, "")).token(&customer(n))).expect(200)
    }

    async fn live(&self, command: &Command) -> Live {
        open(self.server.address, command).await.unwrap().live()
    }

    async fn refused(&self, command: &Command) -> Answer {
        open(self.server.address, command).await.unwrap().answer()
    }
}

fn path(order: &Value, rest: &str) -> String {
    format!("/v1/orders/{}{rest}", order["id"].as_str().unwrap())
}

fn packer(store_id: StoreId) -> String {
    token(Role::Packer, Uuid::from_u128(0xbac), Some(store_id))
}

fn rider() -> String {
    token(Role::Rider, Uuid::from_u128(0x21de), None)
}

/// Checks the form of a refusal, and its code.
fn check_code(answer: &Answer, code: &str) -> Value {
    let problem = check_problem(answer, code);
    assert_eq!(problem["code"], code);
    problem
}

fn check_event(told: &Told, event: &str, order: &Value) {
    let cloud = told.cloud_event();
    let lsn = order["lsn"].as_u64();
    assert_eq!((told.event.as_str(), told.id), (event, lsn));
    assert_eq!(cloud["specversion"], "1.0");
    assert_eq!(cloud["id"], lsn.unwrap().to_string());
    assert_eq!(cloud["type"], format!("com.kirana.{event}.v1"));
    assert_eq!(cloud["source"], format!("/stores/{}/orders", order["store_id"].as_str().unwrap()));
    assert_eq!(cloud["subject"], order["id"]);
    assert_eq!(cloud["time"], order["updated_at"]);
    assert_eq!(cloud["datacontenttype"], "application/json");
    assert_eq!(cloud["data"], *order);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_an_order_tells_its_state_then_its_end_and_then_nothing_for_good() {
    for way in ["/events", "/events/ws"] {
        let mut scene = scene(|program| program);
        let placed = scene.place(1, "1");
        let command = Command::new(path(&placed, way), &customer(1));
        let mut live = scene.live(&command).await;
        if way == "/events" {
            assert_eq!(live.head.header("content-type"), Some("text/event-stream"));
            assert_eq!(live.head.header("cache-control"), Some("no-store"));
            assert_eq!(live.head.header("x-accel-buffering"), Some("no"));
        }
        let snapshot = live.expect("snapshot").await;
        assert_eq!((snapshot.id, snapshot.state()), (placed["lsn"].as_u64(), placed.clone()));

        scene.cancel(1, &placed);
        let cancelled = scene.order(1, &placed);
        check_event(&live.expect("order.cancelled").await, "order.cancelled", &cancelled);
        live.expect_end().await;

        let mut again = scene.live(&command.clone().after(snapshot.id)).await;
        check_event(&again.expect("order.cancelled").await, "order.cancelled", &cancelled);
        again.expect_end().await;
        let mut late = scene.live(&command).await;
        assert_eq!(late.expect("snapshot").await.state(), cancelled);
        late.expect_end().await;

        let seen = command.clone().after(cancelled["lsn"].as_u64());
        assert_eq!(scene.refused(&seen).await.status, 204);
        let mut from_the_start = scene.live(&command.clone().after(Some(0))).await;
        check_event(&from_the_start.expect("order.placed").await, "order.placed", &placed);
        check_event(&from_the_start.expect("order.cancelled").await, "order.cancelled", &cancelled);
        let mut from_nowhere = scene.live(&command.after(Some(u64::MAX))).await;
        assert_eq!(from_nowhere.expect("resync").await.state(), cancelled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_and_stores_hear_of_all_their_orders_and_riders_of_none_yet() {
    for way in ["events", "events/ws"] {
        let mut scene = scene(|program| program);
        let first = scene.place(1, "1");
        let other = scene.place(2, "2");
        let store = scene.market.path(&format!("/{way}"));
        let mut of_me = scene.live(&Command::new(format!("/v1/me/{way}"), &customer(1))).await;
        let staff = packer(scene.market.store_id);
        let mut of_store = scene.live(&Command::new(store, &staff)).await;
        let mut of_rider =
            scene.live(&Command::new(format!("/v1/riders/me/{way}"), &rider())).await;
        let snapshot = of_me.expect("snapshot").await;
        let state = snapshot.state();
        assert_eq!((&state["orders"][0], state["orders"].as_array().unwrap().len()), (&first, 1));
        let state = of_store.expect("snapshot").await.state();
        assert_eq!((&state["orders"][0], &state["orders"][1]), (&other, &first), "newest first");
        assert_eq!(state["has_more"], false);
        let state = of_rider.expect("snapshot").await.state();
        assert_eq!(state["orders"].as_array().unwrap().len(), 0);

        let mine = scene.place(1, "3");
        let theirs = scene.place(2, "4");
        scene.cancel(1, &first);
        let first = scene.order(1, &first);
        check_event(&of_store.expect("order.placed").await, "order.placed", &mine);
        check_event(&of_store.expect("order.placed").await, "order.placed", &theirs);
        check_event(&of_store.expect("order.cancelled").await, "order.cancelled", &first);
        check_event(&of_me.expect("order.placed").await, "order.placed", &mine);
        check_event(&of_me.expect("order.cancelled").await, "order.cancelled", &first);
        drop(of_me);
        let again = Command::new(format!("/v1/me/{way}"), &customer(1)).after(snapshot.id);
        let mut again = scene.live(&again).await;
        check_event(&again.expect("order.placed").await, "order.placed", &mine);
        check_event(&again.expect("order.cancelled").await, "order.cancelled", &first);
        let more = scene.place(1, "5");
        check_event(&again.expect("order.placed").await, "order.placed", &more);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens_to_what_is_not_theirs() {
    let mut scene = scene(|program| program);
    let order = scene.place(1, "1");
    let store = scene.market.path("");
    let own = packer(scene.market.store_id);
    let stranger = packer(StoreId(Uuid::from_u128(9)));
    let unknown = format!("/v1/orders/{}", Uuid::from_u128(77));
    let order = path(&order, "");
    for (path, token, status) in [
        (order.as_str(), customer(1), 200),
        (&order, own.clone(), 200),
        (&order, admin(), 200),
        (&order, customer(2), 404),
        (&order, stranger.clone(), 404),
        (&order, rider(), 403),
        (&unknown, customer(1), 404),
        ("/v1/orders/not-an-id", customer(1), 404),
        ("/v1/me", customer(1), 200),
        ("/v1/me", admin(), 403),
        ("/v1/me", rider(), 403),
        (&store, own, 200),
        (&store, admin(), 200),
        (&store, stranger, 403),
        (&store, customer(1), 403),
        ("/v1/stores/00000000-0000-7000-8000-000000000000", admin(), 404),
        ("/v1/riders/me", rider(), 200),
        ("/v1/riders/me", customer(1), 403),
        (&order, "not.a.token".to_owned(), 401),
    ] {
        for way in ["/events", "/events/ws"] {
            let command = Command::new(format!("{path}{way}"), &token);
            if status == 200 {
                scene.live(&command).await.expect("snapshot").await;
            } else {
                let answer = scene.refused(&command).await;
                assert_eq!(answer.status, status, "{path}{way}: {}", answer.text());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_or_a_form_that_makes_no_sense_is_refused_by_name() {
    let mut scene = scene(|program| program);
    let order = scene.place(1, "1");
    let command = Command::new(path(&order, "/events"), &customer(1));
    for id in ["x", "-1", "1.5", "18446744073709551616"] {
        let answer =
            scene.refused(&Command { last_event_id: Some(id.into()), ..command.clone() }).await;
        let problem = check_code(&answer, "HEADER_INVALID");
        assert!(problem["hint"].as_str().unwrap().contains("Last-Event-ID"), "{problem}");
        let in_query = format!("{}?last_event_id={id}", command.path);
        let answer = scene.refused(&Command { path: in_query, ..command.clone() }).await;
        let problem = check_code(&answer, "QUERY_INVALID");
        assert_eq!(problem["errors"][0]["pointer"], "#/last_event_id");
    }
    let answer =
        scene.refused(&Command { path: format!("{}?x=1", command.path), ..command.clone() }).await;
    check_code(&answer, "QUERY_INVALID");
    let get = |path: &str| Request::get(path).token(&customer(1));
    let json = scene.client.ask(&get(&command.path).header("Accept", "application/json"));
    check_code(&json, "NOT_ACCEPTABLE");
    let plain = scene.client.ask(&get(&format!("{}/ws", command.path)));
    assert_eq!(plain.header("upgrade"), Some("websocket"));
    check_code(&plain, "UPGRADE_REQUIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_position_is_none_and_a_close_is_answered() {
    let mut scene = scene(|program| program);
    scene.place(1, "1");
    for path in ["/v1/me/events", "/v1/me/events?last_event_id="] {
        let empty =
            Command { last_event_id: Some(String::new()), ..Command::new(path, &customer(1)) };
        scene.live(&empty).await.expect("snapshot").await;
    }
    let mut live = scene.live(&Command::new("/v1/me/events/ws", &customer(1))).await;
    live.expect("snapshot").await;
    live.close().await.unwrap();
    live.expect_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_query_resumes_and_the_header_goes_before_it() {
    let mut scene = scene(|program| program);
    let (first, second) = (scene.place(1, "1"), scene.place(1, "2"));
    let resumed = |query: u64| format!("/v1/me/events?last_event_id={query}");
    let mut live = scene.live(&Command::new(resumed(0), &customer(1))).await;
    check_event(&live.expect("order.placed").await, "order.placed", &first);
    let command = Command::new(resumed(0), &customer(1)).after(first["lsn"].as_u64());
    let mut live = scene.live(&command).await;
    check_event(&live.expect("order.placed").await, "order.placed", &second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_query_opens_streams_and_nothing_else_and_is_not_logged() {
    let mut scene = scene(|program| program.set("RUST_LOG", "trace"));
    let order = scene.place(1, "1");
    for way in ["/events", "/events/ws"] {
        let path = format!("{}?access_token={}", path(&order, way), customer(1));
        scene.live(&Command { path, ..Command::default() }).await.expect("snapshot").await;
    }
    let elsewhere = format!("{}?access_token={}", path(&order, ""), customer(1));
    assert_eq!(scene.client.ask(&Request::get(elsewhere)).status, 401);
    let said = format!("{}{}", scene.server.stdout(), scene.server.stderr());
    assert!(!said.contains(&customer(1)), "the token was logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_token_does() {
    let scene = scene(|program| program);
    let tokens = kirana_api::auth::Tokens::new(SECRET.as_bytes());
    let person_id = PersonId(customer_id(1));
    let who = Principal { role: Role::Customer, person_id, store_id: None };
    for way in ["events", "events/ws"] {
        // Half a minute of grace is given for clocks that differ: of that, three seconds are left.
        let short = tokens.sign(&who, -27);
        let mut live = scene.live(&Command::new(format!("/v1/me/{way}"), &short)).await;
        live.expect("snapshot").await;
        assert_eq!(live.expect("auth_expired").await.id, None, "what was heard stays heard");
        live.expect_end().await;
        let again = scene.refused(&Command::new(format!("/v1/me/{way}"), &short)).await;
        check_code(&again, "TOKEN_EXPIRED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_and_all_together_have_so_many_streams_and_no_more() {
    let scene = scene(|program| program.set("KIRANA_STREAMS_MAX", 20));
    let me = |n| Command::new("/v1/me/events", &customer(n));
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(scene.live(&me(1)).await);
    }
    check_code(&scene.refused(&me(1)).await, "TOO_MANY_REQUESTS");
    for n in 2..6 {
        open.push(scene.live(&me(n)).await);
    }
    check_code(&scene.refused(&me(7)).await, "OVERLOADED");
    // Whoever goes makes room, as soon as the server has seen it go.
    open.clear();
    for _ in 0..2_000 {
        let again = kirana_tests::live::open(scene.server.address, &me(1)).await.unwrap();
        if let kirana_tests::live::Opened::Live(mut live) = again {
            live.expect("snapshot").await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("closed streams were never given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_over_websocket_is_ignored_and_too_much_of_it_ends_the_stream() {
    let mut scene = scene(|program| program);
    let mut live = scene.live(&Command::new("/v1/me/events/ws", &customer(1))).await;
    live.expect("snapshot").await;
    live.say("hello").await.unwrap();
    let order = scene.place(1, "1");
    check_event(&live.expect("order.placed").await, "order.placed", &order);
    live.say(&"x".repeat(2_000)).await.unwrap();
    assert!(!matches!(live.next().await, Ok(Some(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_open_streams() {
    let scene = scene(|program| program);
    let mut open = Vec::new();
    for n in 0..50 {
        let way = if n % 2 == 0 { "/v1/me/events" } else { "/v1/me/events/ws" };
        let mut live = scene.live(&Command::new(way, &customer(n))).await;
        live.expect("snapshot").await;
        open.push(live);
    }
    scene.server.signal("TERM");
    for live in &mut open {
        live.expect_end().await;
    }
    let ended = scene.server.wait(kirana_tests::process::START_MAX);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!said.contains("did not finish in time"), "{said}");
}
