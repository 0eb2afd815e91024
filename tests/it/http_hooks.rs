//! Webhooks out: every fact of an order arrives, at least once and as the log has it, whatever the
//! receiver and the process go through; and nothing goes where it may not.

use crate::EXE;
use kirana_api::webhook_endpoints::signature;
use kirana_tests::hooks::{Message, Receiver, Reply, secret_bytes};
use kirana_tests::http::{Client, Request};
use kirana_tests::market::{Market, admin, customer};
use kirana_tests::problem::check_problem;
use kirana_tests::process::{Program, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const GOODS: &[(&str, i64, u32)] = &[("milk", 10_000, 100_000), ("rice", 20_000, 100_000)];
const PATH: &str = "/v1/webhook-endpoints";
/// How long something may take, on a busy machine too.
const PATIENCE: Duration = Duration::from_mins(1);

struct Scene {
    program: Program,
    server: Server,
    market: Market,
    client: Client,
    _data: TempDir,
}

/// A shop whose retries come so many times as fast.
fn scene(scale: u32) -> Scene {
    scene_of(|program| {
        let program = program.set("KIRANA_WEBHOOKS_ALLOW_PRIVATE", true);
        program.set("KIRANA_WEBHOOKS_RETRY_SCALE", scale)
    })
}

fn scene_of(set: impl FnOnce(Program) -> Program) -> Scene {
    let data = tempfile::tempdir().unwrap();
    let program = set(Program::new(EXE, &data.path().join("data")));
    let server = program.start();
    let mut client = server.client();
    let market = Market::open(&mut client, GOODS);
    let hours = json!({ "hours": { "opens": "00:00", "closes": "24:00" } });
    let always = Request::new("PATCH", market.path("")).token(&admin()).json(&hours);
    client.ask(&always).expect(200);
    Scene { program, server, market, client, _data: data }
}

impl Scene {
    fn place(&mut self, n: u64) -> Value {
        let key = format!("key-of-order-{n:012}");
        self.client.ask(&self.market.place(n, &key, &[(0, 1)])).expect(201)
    }

    fn cancel(&mut self, n: u64, order: &Value) -> Value {
        self.client.ask(&cancellation(n, order)).expect(200)
    }

    fn define(&mut self, body: &Value) -> Value {
        self.client.ask(&Request::post(PATH).token(&admin()).json(body)).expect(201)
    }

    fn endpoint(&mut self, receiver: &Receiver) -> Value {
        self.define(&json!({ "url": receiver.url() }))
    }

    fn get(&mut self, endpoint: &Value, rest: &str) -> Value {
        self.client.ask(&Request::get(path(endpoint, rest)).token(&admin())).expect(200)
    }

    fn post(&mut self, endpoint: &Value, rest: &str, body: &Value, status: u16) -> Value {
        let request = Request::post(path(endpoint, rest)).token(&admin()).json(body);
        self.client.ask(&request).expect(status)
    }

    fn patch(&mut self, endpoint: &Value, body: &Value) -> Value {
        let request = Request::new("PATCH", path(endpoint, "")).token(&admin()).json(body);
        self.client.ask(&request).expect(200)
    }

    /// The endpoint, once it is as wanted.
    fn until(&mut self, endpoint: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
        let asked = Instant::now();
        loop {
            let now = self.get(endpoint, "");
            if wanted(&now) {
                return now;
            }
            assert!(asked.elapsed() < PATIENCE, "not as wanted: {now}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn kill_and_start(mut self) -> Self {
        self.server.kill();
        self.server = self.program.start();
        self.client = self.server.client();
        self
    }

    /// What the log has of every order: the position of each fact, and what it is called.
    fn log(&mut self) -> BTreeMap<u64, String> {
        let mut log = BTreeMap::new();
        for order in self.market.orders(&mut self.client) {
            let path = format!("/v1/orders/{}/history", order["id"].as_str().unwrap());
            let history = self.client.ask(&Request::get(path).token(&admin())).expect(200);
            for fact in history["data"].as_array().unwrap() {
                let word = fact["event"].as_str().unwrap().trim_start_matches("order_");
                log.insert(fact["lsn"].as_u64().unwrap(), format!("order.{word}"));
            }
        }
        log
    }
}

fn path(endpoint: &Value, rest: &str) -> String {
    format!("{PATH}/{}{rest}", endpoint["id"].as_str().unwrap())
}

fn cancellation(n: u64, order: &Value) -> Request {
    let id = order["id"].as_str().unwrap();
    let path = format!("/v1/orders/{id}/cancel");
    Request::post(path).token(&customer(n)).key(&format!("cancel-{id}"))
}

/// What arrived, each message once.
fn told(messages: &[Message]) -> BTreeMap<u64, String> {
    let mut by_id: BTreeMap<&str, (u64, String)> = BTreeMap::new();
    for message in messages {
        let fact = (message.lsn(), message.name());
        assert!(message.id().ends_with(&format!("_{}", fact.0)), "{}", message.id());
        let known = by_id.entry(message.id()).or_insert_with(|| fact.clone());
        assert_eq!(*known, fact, "an id stands for one fact");
    }
    by_id.into_values().collect()
}

/// Sends a request until it is answered, through every kill.
fn insist(client: &mut Client, request: &Request) -> Value {
    let asked = Instant::now();
    loop {
        match client.send(request) {
            Ok(answer) if answer.status < 300 => return answer.json(),
            Ok(answer) if answer.status < 500 => panic!("refused: {}", answer.text()),
            _ => assert!(asked.elapsed() < PATIENCE, "no answer"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn every_fact_arrives_as_the_log_has_it_through_kill_9() {
    let mut scene = scene(1_000);
    // Every seventh message is not taken the first time, so that retries outlive kills too.
    let receiver =
        Receiver::start(|_, before| Reply(if before % 7 == 3 { 500 } else { 200 }, None));
    let endpoint = scene.endpoint(&receiver);
    let (market, address) = (scene.market.clone(), scene.server.address);
    let crowd = thread::spawn(move || {
        let mut client = Client::new(address);
        for n in 0..300 {
            let key = format!("key-of-order-{n:012}");
            let order = insist(&mut client, &market.place(n, &key, &[(0, 1)]));
            if n % 3 == 0 {
                insist(&mut client, &cancellation(n, &order));
            }
        }
    });
    for kill in 1..=4 {
        receiver.wait_for(kill * 60);
        scene = scene.kill_and_start();
    }
    crowd.join().unwrap();
    let log = scene.log();
    assert_eq!(log.len(), 400, "300 orders were placed, 100 of them cancelled");
    let messages = receiver.wait(|messages| told(messages).len() >= log.len());
    assert_eq!(told(&messages), log);
    // Nothing is left to do, and after one more kill nothing comes that was not there.
    scene.until(&endpoint, |now| now["progress"]["waiting_count"] == 0);
    let mut scene = scene.kill_and_start();
    let placed = scene.place(1_000);
    let messages = receiver.wait(|messages| told(messages).contains_key(&lsn(&placed)));
    let last = messages.iter().rfind(|message| message.lsn() == lsn(&placed)).unwrap();
    assert_eq!(last.json()["data"], placed, "an order as it was right after the fact");
    assert_eq!(last.json()["timestamp"], placed["created_at"]);
    assert_eq!(told(&messages).len(), log.len() + 1);
}

fn lsn(order: &Value) -> u64 {
    order["lsn"].as_u64().unwrap()
}

#[test]
fn a_message_that_is_not_taken_comes_again_under_its_id_and_after_a_restart_too() {
    let mut scene = scene(1_000);
    let receiver = Receiver::start(|_, before| Reply(if before < 3 { 503 } else { 200 }, None));
    let endpoint = scene.endpoint(&receiver);
    let order = scene.place(1);
    let asked = Instant::now();
    while scene.get(&endpoint, "/deliveries")["waiting"][0]["tries"].as_u64() < Some(2) {
        assert!(asked.elapsed() < PATIENCE, "the failures were not recorded");
        thread::sleep(Duration::from_millis(5));
    }
    let mut scene = scene.kill_and_start();
    let messages = receiver.wait_for(4);
    let ids: Vec<_> = messages.iter().map(Message::id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(messages.iter().all(|message| message.json()["data"] == order));
    let done = |now: &Value| now["progress"]["waiting_count"] == 0;
    let now = scene.until(&endpoint, done);
    assert_eq!(now["progress"]["status"], "active");
    let log = scene.get(&endpoint, "/deliveries");
    let newest = &log["data"][0];
    assert_eq!((&newest["status"], &newest["error"]), (&json!(200), &Value::Null));
    assert_eq!((&newest["lsn"], &newest["type"]), (&order["lsn"], &json!("order.placed")));
    assert!(newest["tries"].as_u64().unwrap() >= 3, "tries are counted across the restart: {log}");
}

#[test]
fn an_endpoint_that_is_gone_is_disabled_and_told_everything_when_it_is_back() {
    let mut scene = scene(1_000);
    let receiver = Receiver::start(|_, before| Reply(if before == 0 { 410 } else { 200 }, None));
    let endpoint = scene.endpoint(&receiver);
    let first = scene.place(1);
    let now = scene.until(&endpoint, |now| now["progress"]["status"] == "disabled");
    assert!(now["progress"]["disabled_reason"].as_str().unwrap().contains("410"), "{now}");
    let second = scene.place(2);
    let mut scene = scene.kill_and_start();
    assert_eq!(scene.get(&endpoint, "")["progress"]["status"], "disabled");
    assert_eq!(receiver.messages().len(), 1, "nothing is sent to it any more");
    let waiting = scene.get(&endpoint, "/deliveries")["waiting"].clone();
    assert_eq!((&waiting[0]["lsn"], &waiting[0]["retry_at"]), (&first["lsn"], &Value::Null));
    scene.patch(&endpoint, &json!({ "active": true }));
    let messages = receiver.wait_for_ids(2);
    assert_eq!(told(&messages).keys().copied().collect::<Vec<_>>(), [lsn(&first), lsn(&second)]);
}

#[test]
fn an_endpoint_that_never_takes_a_message_is_disabled_after_the_tenth_try() {
    let mut scene = scene(1_000_000);
    let receiver = Receiver::start(|_, _| Reply(500, None));
    let endpoint = scene.endpoint(&receiver);
    scene.place(1);
    let now = scene.until(&endpoint, |now| now["progress"]["status"] == "disabled");
    assert!(now["progress"]["disabled_reason"].as_str().unwrap().contains("10 times"), "{now}");
    assert_eq!(receiver.messages().len(), 10);
}

#[test]
fn a_slow_receiver_holds_up_neither_another_one_nor_the_shop() {
    let mut scene = scene(1_000);
    let is_open = Arc::new(AtomicBool::new(false));
    let gate = Arc::clone(&is_open);
    let slow = Receiver::start(move |_, _| {
        let asked = Instant::now();
        while !gate.load(Ordering::SeqCst) && asked.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
        Reply(200, None)
    });
    let fast = Receiver::willing();
    let (slow_endpoint, _) = (scene.endpoint(&slow), scene.endpoint(&fast));
    for n in 0..50 {
        scene.place(n);
    }
    let log = scene.log();
    assert_eq!(told(&fast.wait(|messages| told(messages).len() >= 50)), log);
    let answered = scene.get(&slow_endpoint, "/deliveries")["data"].as_array().unwrap().len();
    assert_eq!(answered, 0, "the slow one has answered nothing yet");
    assert!(slow.messages().len() <= 8, "and is sent no more than a few at once");
    is_open.store(true, Ordering::SeqCst);
    assert_eq!(told(&slow.wait(|messages| told(messages).len() >= 50)), log);
}

#[test]
fn a_replay_sends_everything_from_a_position_on_under_the_same_ids() {
    let mut scene = scene(1_000);
    let receiver = Receiver::willing();
    let endpoint = scene.endpoint(&receiver);
    let orders: Vec<Value> = (0..5).map(|n| scene.place(n)).collect();
    // Once it is recorded how far it was told, exactly what is asked for comes again.
    let last = scene.cancel(4, &orders[4])["lsn"].as_u64();
    scene.until(&endpoint, |now| now["progress"]["position"].as_u64() >= last);
    let before = receiver.wait_for(6);
    let from = lsn(&orders[2]);
    let now = scene.post(&endpoint, "/replay", &json!({ "from_lsn": from }), 202);
    assert!(now["progress"]["position"].as_u64().unwrap() < from, "{now}");
    let after = receiver.wait_for(10).split_off(6);
    let ids = |messages: &[Message]| {
        let mut ids: Vec<_> = messages.iter().map(|message| message.id().to_owned()).collect();
        ids.sort_unstable();
        ids
    };
    let again = before.iter().filter(|message| message.lsn() >= from).cloned();
    assert_eq!(ids(&after), ids(&again.collect::<Vec<_>>()));
    let too_far = Request::post(path(&endpoint, "/replay")).token(&admin());
    let answer = scene.client.ask(&too_far.json(&json!({ "from_lsn": 1_000_000 })));
    assert_eq!(check_problem(&answer, "replay from the future")["code"], "VALIDATION_FAILED");
}

#[test]
fn a_new_secret_signs_beside_the_old_one_and_each_is_shown_once() {
    let mut scene = scene(1_000);
    let receiver = Receiver::willing();
    let define = Request::post(PATH).token(&admin()).key("the-key-of-the-endpoint");
    let define = define.json(&json!({ "url": receiver.url() }));
    let endpoint = scene.client.ask(&define).expect(201);
    let twin = scene.client.ask(&define);
    assert!(twin.is_replayed());
    assert_eq!(twin.expect(201), endpoint, "a twin sees what the first one saw");
    let old = secret_bytes(endpoint["secret"].as_str().unwrap());
    assert_eq!(old.len(), 32);
    scene.place(1);
    let first = receiver.wait_for(1).remove(0);
    assert_eq!(first.header("webhook-signature"), signed(std::slice::from_ref(&old), &first));

    let rotated = scene.post(&endpoint, "/rotate-secret", &json!({}), 200);
    let new = secret_bytes(rotated["secret"].as_str().unwrap());
    assert_ne!(new, old);
    assert!(rotated["previous_secret_until"].is_string(), "{rotated}");
    let mut scene = scene.kill_and_start();
    scene.place(2);
    let second = receiver.wait(|messages| told(messages).len() == 2).pop().unwrap();
    assert_eq!(second.header("webhook-signature"), signed(&[new, old], &second));
    let shown = scene.get(&endpoint, "");
    assert!(shown["secret"].is_null(), "{shown}");
    assert!(!scene.server.stderr().contains("whsec_"));
}

fn signed(secrets: &[Vec<u8>], message: &Message) -> String {
    let timestamp_s = message.header("webhook-timestamp").parse().unwrap();
    signature::header(secrets, message.id(), timestamp_s, &message.body)
}

#[test]
fn an_endpoint_is_told_what_it_asked_for_and_a_test_says_how_it_went() {
    let mut scene = scene(1_000);
    let (some, none) = (Receiver::willing(), Receiver::start(|_, _| Reply(500, None)));
    let body = json!({ "url": some.url(), "events": ["order.cancelled"],
                       "store_id": scene.market.store_id.0 });
    let endpoint = scene.define(&body);
    let paused = scene.define(&json!({ "url": none.url(), "active": false }));
    assert_eq!(scene.get(&paused, "")["progress"]["status"], "paused");
    let order = scene.place(1);
    scene.cancel(1, &order);
    let messages = some.wait_for(1);
    assert_eq!(messages[0].name(), "order.cancelled");
    let tried = scene.post(&endpoint, "/test", &json!({}), 200);
    assert_eq!((&tried["status"], &tried["type"]), (&json!(204), &json!("webhook.test")));
    assert_eq!(some.messages().len(), 2);
    let tried = scene.post(&paused, "/test", &json!({}), 200);
    assert_eq!((&tried["status"], tried["error"].is_string()), (&json!(500), true));
    assert_eq!(none.messages().len(), 1, "a paused endpoint is told nothing but the test");
    let list = scene.client.ask(&Request::get(PATH).token(&admin())).expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let remove = Request::new("DELETE", path(&paused, "")).token(&admin());
    assert_eq!(scene.client.ask(&remove).status, 204);
    let gone = scene.client.ask(&Request::get(path(&paused, "")).token(&admin()));
    assert_eq!(check_problem(&gone, "a removed endpoint")["code"], "WEBHOOK_ENDPOINT_UNKNOWN");
}

#[test]
fn nothing_goes_to_private_addresses_and_only_an_admin_defines_endpoints() {
    let mut scene = scene_of(|program| program);
    let receiver = Receiver::willing();
    for url in [
        receiver.url(),
        "https://10.0.0.1/".to_owned(),
        "https://[::ffff:169.254.169.254]/".to_owned(),
        "http://erp.example/".to_owned(),
    ] {
        let body = json!({ "url": url });
        let answer = scene.client.ask(&Request::post(PATH).token(&admin()).json(&body));
        let problem = check_problem(&answer, "a private address");
        assert_eq!(problem["errors"][0]["code"], "URL_INVALID", "{url}");
    }
    // A name is checked when it is called: this one leads to this machine.
    let endpoint = scene.define(&json!({ "url": "https://localhost/hook" }));
    let tried = scene.post(&endpoint, "/test", &json!({}), 200);
    assert!(tried["error"].as_str().unwrap().contains("private"), "{tried}");
    let wrong = json!({ "url": "https://erp.example/", "events": ["order.plaiced"] });
    let answer = scene.client.ask(&Request::post(PATH).token(&admin()).json(&wrong));
    assert_eq!(check_problem(&answer, "a misspelt name")["errors"][0]["code"], "UNKNOWN_VALUE");
    let body = json!({ "url": "https://erp.example/" });
    let answer = scene.client.ask(&Request::post(PATH).token(&customer(1)).json(&body));
    assert_eq!(check_problem(&answer, "a customer")["code"], "FORBIDDEN");
    assert_eq!(receiver.messages().len(), 0);
}
