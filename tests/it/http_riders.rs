//! Riders: whom a store knows, whom an order is given to, and what its customer sees of them; and
//! what comes back with them.

use crate::EXE;
use kirana_domain::Role;
use kirana_tests::http::{Answer, Request};
use kirana_tests::live::{Command, open};
use kirana_tests::market::{customer, token};
use kirana_tests::stage::{Setting, Stage, packer, path_of, rider, rider_id, riders_of, support};
use serde_json::{Value, json};
use std::{fs, thread};
use uuid::Uuid;

/// A rider whom no stage knows.
const NEW: u64 = 77;
const PLACE: &str = "/v1/riders/me/location";

fn stage() -> Stage {
    Stage::open(EXE, &Setting::default())
}

fn contact(n: u64, capacity: u32) -> Value {
    let phone = "+919876500001";
    json!({ "rider_id": rider_id(n), "name": "Sengnal", "phone": phone, "capacity": capacity })
}

fn packed(stage: &Stage) -> Value {
    packed_for(stage, 1)
}

fn packed_for(stage: &Stage, customer_n: u64) -> Value {
    let packer = packer(stage.market.store_id);
    let order = stage.place(customer_n, "cod", &[(0, 1)]);
    stage.act(&packer, &order, "accept", &json!({})).expect(200);
    stage.act(&packer, &order, "pack", &json!({})).expect(200)
}

fn assign(stage: &Stage, order: &Value, n: u64) -> Answer {
    let asked = json!({ "rider_id": rider_id(n), "reason": "nearest" });
    stage.act(&support(), order, "assign", &asked)
}

/// As its customer sees it.
fn seen(stage: &Stage, order: &Value) -> Value {
    stage.get(&customer(1), &path_of(order)).expect(200)
}

fn deliver(stage: &Stage, order: &Value, n: u64) {
    for step in ["picked-up", "out-for-delivery"] {
        stage.act(&rider(n), order, step, &json!({})).expect(200);
    }
    let cash = json!({ "cash_collected_paise": order["total_paise"] });
    stage.act(&rider(n), order, "delivered", &cash).expect(200);
}

fn refused(answer: &Answer, status: u16, code: &str, retryable: bool) {
    let problem = answer.expect(status);
    assert_eq!((&problem["code"], &problem["retryable"]), (&json!(code), &json!(retryable)));
}

#[test]
fn an_order_goes_to_a_rider_of_its_store_who_is_on_shift_and_has_room_also_after_a_kill() {
    let mut stage = stage();
    let store_id = stage.market.store_id;
    let (first, second) = (packed(&stage), packed(&stage));
    refused(&assign(&stage, &first, NEW), 422, "RIDER_UNKNOWN", false);
    assert_eq!(stage.order(&first)["rider_id"], json!(null));
    let known = stage.post(&packer(store_id), &riders_of(store_id), &contact(NEW, 1)).expect(200);
    assert_eq!((&known["on_shift"], &known["capacity"]), (&json!(true), &json!(1)));
    assign(&stage, &first, NEW).expect(200);
    refused(&assign(&stage, &second, NEW), 409, "RIDER_FULL", true);
    // To be asked again for what one has already is no second order.
    assign(&stage, &first, NEW).expect(200);
    let shift =
        |on_shift| Request::post("/v1/riders/me/shift").json(&json!({ "on_shift": on_shift }));
    let ended = stage.client().ask(&shift(false).token(&rider(NEW))).expect(200);
    assert_eq!((&ended["on_shift"], &ended["name"]), (&json!(false), &json!("Sengnal")));
    refused(&assign(&stage, &second, NEW), 409, "RIDER_OFF_SHIFT", true);

    let before = stage.get(&support(), &riders_of(store_id)).expect(200);
    let own = before["data"].as_array().unwrap().iter().find(|it| it["orders"] == 1).unwrap();
    assert_eq!((&own["name"], &own["phone"]), (&json!("Sengnal"), &json!("+919876500001")));
    stage.server.kill();
    stage.server = stage.program.start();
    assert_eq!(stage.get(&support(), &riders_of(store_id)).expect(200), before);
    refused(&assign(&stage, &second, NEW), 409, "RIDER_OFF_SHIFT", true);
    stage.client().ask(&shift(true).token(&rider(NEW))).expect(200);
    deliver(&stage, &first, NEW);
    assign(&stage, &second, NEW).expect(200);
}

#[test]
fn a_rider_is_not_given_more_orders_than_fit_however_many_are_assigned_at_once() {
    let stage = stage();
    stage.post(&support(), &riders_of(stage.market.store_id), &contact(NEW, 3)).expect(200);
    let orders: Vec<_> = (1..=10).map(|n| packed_for(&stage, n)).collect();
    let (stage, orders) = (&stage, &orders);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let asked: Vec<_> =
            orders.iter().map(|it| scope.spawn(|| assign(stage, it, NEW).status)).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    let count = |status: u16| statuses.iter().filter(|it| **it == status).count();
    assert_eq!((count(200), count(409)), (3, 7), "{statuses:?}");
}

#[test]
fn only_staff_make_riders_known_and_what_is_wrong_with_one_is_named() {
    let stage = stage();
    let path = riders_of(stage.market.store_id);
    let elsewhere = packer(kirana_domain::StoreId(Uuid::from_u128(0x51)));
    for stranger in [customer(1), rider(1), elsewhere] {
        assert_eq!(stage.post(&stranger, &path, &contact(NEW, 1)).status, 403);
        assert_eq!(stage.get(&stranger, &path).status, 403);
    }
    let wrong = json!({ "rider_id": rider_id(NEW), "name": " ", "phone": "12", "capacity": 0 });
    let problem = stage.post(&support(), &path, &wrong).expect(422);
    let pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|it| it["pointer"].clone()).collect();
    assert_eq!(pointers, ["#/name", "#/phone", "#/capacity"]);
    let shift = json!({ "on_shift": true });
    refused(&stage.post(&rider(NEW), "/v1/riders/me/shift", &shift), 422, "RIDER_UNKNOWN", false);
}

#[test]
fn the_customer_sees_who_brings_the_order_while_it_is_on_the_way_and_neither_before_nor_after() {
    let stage = stage();
    let order = stage.place(1, "cod", &[(0, 1)]);
    assert_eq!((&order["rider"], &order["rider_id"]), (&json!(null), &json!(null)));
    let packer = packer(stage.market.store_id);
    stage.act(&packer, &order, "accept", &json!({})).expect(200);
    assign(&stage, &order, 1).expect(200);
    assert_eq!(seen(&stage, &order)["rider"], json!(null), "it is still being picked");
    stage.act(&packer, &order, "pack", &json!({})).expect(200);
    let brought = json!({
        "name": "Rider 1", "phone": "9876500001", "lat": null, "lng": null, "at": null,
    });
    let shown = seen(&stage, &order);
    assert_eq!((&shown["status"], &shown["rider"]), (&json!("assigned"), &brought));
    let list = stage.get(&customer(1), "/v1/orders").expect(200);
    assert_eq!(list["data"][0]["rider"], brought);
    let on_the_way = shown["lsn"].clone();
    deliver(&stage, &order, 1);
    let after = seen(&stage, &order);
    assert_eq!((&after["rider"], &after["rider_id"]), (&json!(null), &json!(rider_id(1))));
    // Nor by looking back.
    let then = format!("{}?as_of={on_the_way}", path_of(&order));
    let then = stage.get(&customer(1), &then).expect(200);
    assert_eq!((&then["status"], &then["rider"]), (&json!("assigned"), &json!(null)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customer_follows_the_rider_until_the_order_is_there() {
    let mut stage = tokio::task::spawn_blocking(stage).await.unwrap();
    tokio::task::block_in_place(|| {
        let locate = |stage: &Stage, who: &str, body: &Value| {
            stage.client().ask(&Request::post(PLACE).token(who).json(body))
        };
        let here = json!({ "lat": 25.5201, "lng": 90.2102, "accuracy": 12.4 });
        let told = |stage: &Stage| locate(stage, &rider(1), &here).expect(200)["orders"].clone();
        let order = packed(&stage);
        assert_eq!(told(&stage), 0, "there is no order to bring");
        assign(&stage, &order, 1).expect(200);
        assert_eq!(told(&stage), 0, "the rider has not agreed yet");
        assert_eq!(seen(&stage, &order)["rider"]["lat"], json!(null));
        let agreed = stage.act(&rider(1), &order, "accept-assignment", &json!({})).expect(200);

        let runtime = tokio::runtime::Handle::current();
        let listens = Command::new(format!("{}/events", path_of(&order)), &customer(1));
        let address = stage.server.address;
        let mut live = runtime.block_on(open(address, &listens)).unwrap().live();
        runtime.block_on(live.expect("snapshot"));
        assert_eq!(told(&stage), 1);
        let heard = runtime.block_on(live.expect("rider.location"));
        assert_eq!(heard.id, None, "it is no place to resume after");
        let state = heard.state();
        assert_eq!((&state["order_id"], &state["accuracy"]), (&order["id"], &json!(12)));
        assert_eq!((&state["lat"], &state["lng"]), (&json!(25.5201), &json!(90.2102)));
        let shown = seen(&stage, &order);
        assert_eq!(
            (&shown["rider"]["lat"], &shown["rider"]["lng"]),
            (&state["lat"], &state["lng"])
        );
        assert_eq!(shown["rider"]["at"], state["at"]);
        assert_eq!(shown["lsn"], agreed["lsn"], "nothing of it is in the log");
        let version = format!("\"{}\"", shown["version"]);
        let again = Request::get(path_of(&order)).token(&customer(1));
        let again = stage.client().ask(&again.header("If-None-Match", &version));
        assert_eq!(again.status, 200, "the place may have changed");

        // However many come at once, all are taken, and the newest is shown.
        for n in 0..50 {
            let next = json!({ "lat": 25.6, "lng": 90.2 + f64::from(n) / 1_000.0 });
            assert_eq!(locate(&stage, &rider(1), &next).expect(200)["orders"], 1);
        }
        assert_eq!(seen(&stage, &order)["rider"]["lng"], json!(90.249));

        let stranger = token(Role::Rider, Uuid::from_u128(9), None);
        refused(&locate(&stage, &stranger, &here), 422, "RIDER_UNKNOWN", false);
        assert_eq!(locate(&stage, &customer(1), &here).status, 403);
        for wrong in [
            json!({ "lat": 25.5 }),
            json!({}),
            json!({ "lat": 25.5, "lng": 90.2, "accuracy": -1 }),
            json!({ "lat": 125.5, "lng": 90.2 }),
        ] {
            assert_eq!(locate(&stage, &rider(1), &wrong).status, 422, "{wrong}");
        }

        // It is nowhere but in memory.
        stage.server.kill();
        stage.server = stage.program.start();
        let after = seen(&stage, &order);
        assert_eq!(
            (&after["rider"]["name"], &after["rider"]["lat"]),
            (&json!("Rider 1"), &json!(null))
        );
        assert_eq!(told(&stage), 1);
        let next = packed(&stage);
        deliver(&stage, &order, 1);
        assert_eq!(seen(&stage, &order)["rider"], json!(null));
        assert_eq!(told(&stage), 0, "it is there");
        assign(&stage, &next, 1).expect(200);
        stage.act(&rider(1), &next, "accept-assignment", &json!({})).expect(200);
        assert_eq!(seen(&stage, &next)["rider"]["lat"], json!(null), "a place of before");
    });
}

#[test]
fn what_came_back_is_returned_and_not_popular_also_after_a_kill_and_a_checkpoint() {
    let mut stage = Stage::open(EXE, &Setting { checkpoint_records: 10, ..Setting::default() });
    let packer = packer(stage.market.store_id);
    let placed = |customer_n, index, units| {
        let order = stage.place(customer_n, "cod", &[(index, units)]);
        stage.act(&packer, &order, "accept", &json!({})).expect(200);
        stage.act(&packer, &order, "pack", &json!({})).expect(200)
    };
    let (milk, bread, _rice) = (placed(1, 0, 3), placed(2, 1, 2), placed(3, 2, 1));
    let why = json!({ "reason": "nobody was there" });
    for _ in 0..2 {
        assign(&stage, &milk, 1).expect(200);
        for step in ["picked-up", "out-for-delivery"] {
            stage.act(&rider(1), &milk, step, &json!({})).expect(200);
        }
        let failed = stage.act(&rider(1), &milk, "failed", &why).expect(200);
        assert_eq!(failed["items"][0]["quantity_returned"], 3);
    }
    stage.act(&support(), &milk, "cancel", &why).expect(200);
    assign(&stage, &bread, 1).expect(200);
    deliver(&stage, &bread, 1);
    let lists = |stage: &Stage| {
        let path = |sort| stage.market.path(&format!("/products?sort={sort}"));
        let names = |sort| {
            let page = stage.client().ask(&Request::get(path(sort))).expect(200);
            let names = page["data"].as_array().unwrap().iter().map(|it| it["name"].clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names("popular"), ["bread", "rice", "milk"]);
        assert_eq!(names("newest"), ["rice", "bread", "milk"]);
        assert_eq!(seen(stage, &milk)["items"][0]["quantity_returned"], 3);
    };
    lists(&stage);
    let archive = stage.program.data.join("archive");
    stage.until("a checkpoint was taken", || {
        let files = fs::read_dir(&archive).ok()?;
        (files.count() > 0).then_some(())
    });
    stage.server.kill();
    stage.server = stage.program.start();
    lists(&stage);
    let bread = stage.order(&bread);
    assert_eq!(bread["items"][0]["quantity_returned"], 0);
}
