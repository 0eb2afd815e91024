//! Exactly once: a key has one effect and one answer, however often and whenever it is sent.

use kirana_domain::limits::KEY_KEPT_MS;
use kirana_domain::{CatalogueCommand, Principal, RequestKey};
use kirana_engine::{Command, Receipt, Request, SubmitError};
use kirana_tests::shop::{
    Answer, Cod, Dice, Razorpay, STORE, Shop, Town, adjustment_of, admin, customer, eventually,
    key, key_for, order_in, order_of, product, reason, receipt_of, rejection_in, short_lines,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

async fn buy(shop: &Shop, lines: &[(&str, u32)], key: RequestKey) -> Answer {
    let by = customer(1);
    shop.ask(by, Some(key), order_of(by, lines, Cod)).await
}

fn is_replay(answer: &Answer) -> bool {
    match answer {
        Ok(receipt) => receipt.replayed,
        Err(SubmitError::Rejected { replayed, .. }) => *replayed,
        other => panic!("expected an outcome, got {other:?}"),
    }
}

/// What a client sees of an answer, but for the mark that it was told before.
fn told(answer: &Answer) -> String {
    match answer {
        Ok(Receipt { lsn, outcome, .. }) => format!("{lsn} {outcome:?}"),
        Err(SubmitError::Rejected { rejection, .. }) => format!("{rejection:?}"),
        Err(other) => format!("{other:?}"),
    }
}

async fn in_flight_together(count: usize) {
    for seed in 0..20 {
        let (_, shop) = Shop::with(&[("milk", 1_000)]).await;
        let shop = Arc::new(shop);
        let mut requests = JoinSet::new();
        for _ in 0..count {
            let shop = Arc::clone(&shop);
            requests.spawn(async move { buy(&shop, &[("milk", 2)], key("one")).await });
        }
        let answers = requests.join_all().await;
        assert!(answers.iter().all(|answer| told(answer) == told(&answers[0])), "run {seed}");
        assert_eq!(answers.iter().filter(|answer| !is_replay(answer)).count(), 1, "run {seed}");
        assert_eq!((shop.stock("milk").allocated, shop.engine.stats().orders), (2, 1));
        shop.audit(&["milk"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_requests_in_flight_with_one_key_make_one_order() {
    in_flight_together(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_requests_in_flight_with_one_key_make_one_order() {
    in_flight_together(50).await;
}

#[tokio::test]
async fn a_key_with_another_body_is_refused_in_flight_and_after() {
    let town = Town::default();
    town.open(&[("milk", 9)]).await.engine.stop().await.unwrap();
    let (shop, gate) = town.start_gated().await;
    gate.close();
    let (first, other, ()) = tokio::join!(
        buy(&shop, &[("milk", 1)], key_for("k", "milk 1")),
        buy(&shop, &[("milk", 2)], key_for("k", "milk 2")),
        async { gate.open() },
    );
    assert!(matches!(other, Err(SubmitError::KeyReused)), "{other:?}");
    assert!(!is_replay(&first));
    let later = buy(&shop, &[("milk", 2)], key_for("k", "milk 2")).await;
    assert!(matches!(later, Err(SubmitError::KeyReused)), "{later:?}");
    assert_eq!(shop.stock("milk").allocated, 1);
}

/// Every kind of command that a key can stand for, with who sends it.
async fn one_of_each(shop: &Shop) -> Vec<(Principal, Command)> {
    let order = order_in(&shop.buy(1, &[("milk", 1)], Razorpay).await);
    let cancel = Command::cancel(order.placed.id, Some(reason("late")));
    let products = vec![product("tea", 4)];
    vec![
        (customer(1), order_of(customer(1), &[("milk", 2)], Cod)),
        (customer(1), order_of(customer(1), &[("milk", 1)], Razorpay)),
        (customer(1), order_of(customer(1), &[("milk", 90), ("salt", 9)], Cod)),
        (customer(1), order_of(customer(1), &[("gold", 1)], Cod)),
        (customer(1), cancel),
        (admin(), receipt_of(&[("milk", 7)])),
        (admin(), adjustment_of(&[("milk", -1), ("salt", 2)])),
        (admin(), adjustment_of(&[("milk", -5_000)])),
        (admin(), CatalogueCommand::DefineProducts { store_id: STORE, products }.into()),
    ]
}

#[tokio::test]
async fn every_command_with_a_key_gives_its_twin_the_same_outcome_also_after_a_restart() {
    let (town, shop) = Shop::with(&[("milk", 20), ("salt", 5)]).await;
    let commands = one_of_each(&shop).await;
    let mut first = Vec::new();
    for (n, (by, command)) in commands.iter().enumerate() {
        let key = Some(key(&format!("key {n}")));
        let answer = shop.ask(*by, key, command.clone()).await;
        assert!(!is_replay(&answer));
        first.push(told(&answer));
    }
    let before = shop.audit(&["milk", "salt"]).await;
    let again = async |shop: &Shop| {
        for (n, (by, command)) in commands.iter().enumerate() {
            let key = Some(key(&format!("key {n}")));
            let answer = shop.ask(*by, key, command.clone()).await;
            assert!(is_replay(&answer), "command {n}");
            assert_eq!(told(&answer), first[n], "command {n}");
        }
    };
    again(&shop).await;
    assert_eq!(shop.audit(&["milk", "salt"]).await, before, "twins leave no trace");
    shop.engine.stop().await.unwrap();
    let shop = town.start().await;
    again(&shop).await;
}

#[tokio::test]
async fn a_refusal_for_want_of_stock_is_replayed_although_the_stock_came_back() {
    let (town, shop) = Shop::with(&[("milk", 1)]).await;
    let refused = buy(&shop, &[("milk", 3)], key("k")).await;
    shop.receive(&[("milk", 50)]).await.unwrap();
    let twin = buy(&shop, &[("milk", 3)], key("k")).await;
    assert!(is_replay(&twin));
    assert_eq!(short_lines(&twin), [("milk".to_owned(), 3, 1)]);
    assert_eq!(told(&twin), told(&refused));
    shop.engine.stop().await.unwrap();
    let shop = town.start().await;
    assert_eq!(told(&buy(&shop, &[("milk", 3)], key("k")).await), told(&refused));
    assert!(buy(&shop, &[("milk", 3)], key("another key")).await.is_ok());
}

#[tokio::test]
async fn the_twin_of_a_placement_is_told_the_order_as_it_was_placed_although_it_was_cancelled() {
    let (town, shop) = Shop::with(&[("milk", 5)]).await;
    let placed = buy(&shop, &[("milk", 1)], key("k")).await;
    shop.cancel(1, order_in(&placed).placed.id).await.unwrap();
    assert_eq!(told(&buy(&shop, &[("milk", 1)], key("k")).await), told(&placed));
    town.disk.crash();
    let shop = town.start().await;
    assert_eq!(told(&buy(&shop, &[("milk", 1)], key("k")).await), told(&placed));
}

#[tokio::test]
async fn a_key_is_forgotten_after_48_hours_and_not_a_moment_before() {
    let (town, shop) = Shop::with(&[("milk", 9)]).await;
    let first = buy(&shop, &[("milk", 1)], key("k")).await;
    town.clock.advance_ms(KEY_KEPT_MS);
    shop.receive(&[("milk", 1)]).await.unwrap(); // Keys run out by the times of records.
    assert_eq!(told(&buy(&shop, &[("milk", 1)], key("k")).await), told(&first));
    town.clock.advance_ms(1);
    shop.receive(&[("milk", 1)]).await.unwrap();
    let second = buy(&shop, &[("milk", 1)], key("k")).await;
    assert!(!is_replay(&second));
    assert_ne!(order_in(&second).placed.id, order_in(&first).placed.id);
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn a_twin_whose_deadline_passes_first_is_told_so_and_later_gets_the_answer() {
    let town = Town::default();
    town.open(&[("milk", 9)]).await.engine.stop().await.unwrap();
    let (shop, gate) = town.start_gated().await;
    let shop = Arc::new(shop);
    gate.close();
    let first = tokio::spawn({
        let shop = Arc::clone(&shop);
        async move { buy(&shop, &[("milk", 1)], key("k")).await }
    });
    eventually("the first is in flight", || shop.engine.stats().in_flight == 1).await;
    let by = customer(1);
    let request = |ms| Request {
        by,
        key: Some(key("k")),
        command: order_of(by, &[("milk", 1)], Cod),
        deadline: Some(Instant::now() + Duration::from_millis(ms)),
    };
    let impatient = shop.engine.submit(request(20)).await;
    assert!(matches!(impatient, Err(SubmitError::InProgress)), "{impatient:?}");
    gate.open();
    let patient = shop.engine.submit(request(60_000)).await;
    let first = first.await.unwrap();
    assert_eq!(told(&patient), told(&first));
    assert_eq!(told(&buy(&shop, &[("milk", 1)], key("k")).await), told(&first));
    assert_eq!(shop.stock("milk").allocated, 1);
}

#[tokio::test]
async fn a_command_goes_on_although_its_caller_has_left() {
    let town = Town::default();
    town.open(&[("milk", 9)]).await.engine.stop().await.unwrap();
    let (shop, gate) = town.start_gated().await;
    let shop = Arc::new(shop);
    gate.close();
    let gone = tokio::spawn({
        let shop = Arc::clone(&shop);
        async move { buy(&shop, &[("milk", 1)], key("k")).await }
    });
    eventually("it is in flight", || shop.engine.stats().in_flight == 1).await;
    gone.abort();
    let by = customer(1);
    let deadline = Some(Instant::now() + Duration::from_millis(5));
    let command = order_of(by, &[("milk", 1)], Cod);
    let late = Request { by, key: Some(key("late")), command, deadline };
    let late = shop.engine.submit(late).await;
    assert!(matches!(late, Err(SubmitError::DeadlinePassed)), "{late:?}");
    gate.open();
    shop.settled().await;
    assert_eq!(shop.stock("milk").allocated, 2);
    for key in [key("k"), key("late")] {
        assert!(is_replay(&buy(&shop, &[("milk", 1)], key).await));
    }
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn the_same_key_of_another_scope_is_another_key() {
    // The gateway hashes subject, method and route into the id, so here it is simply another id.
    let (_, shop) = Shop::with(&[("milk", 9)]).await;
    let ids = ["customer 1 POST /orders k", "customer 2 POST /orders k"].map(key);
    for id in ids {
        assert!(!is_replay(&buy(&shop, &[("milk", 1)], id).await));
    }
    assert_eq!(shop.engine.stats().keys, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn impatient_clients_that_repeat_everything_get_each_wish_once() {
    for seed in 0..10 {
        let (_, shop) = Shop::with(&[("milk", 60), ("rice", 60)]).await;
        let shop = Arc::new(shop);
        let mut dice = Dice(seed);
        let mut clients = JoinSet::new();
        for n in 0..40 {
            let (shop, repeats) = (Arc::clone(&shop), dice.between(1, 6));
            let units = dice.between(1, 3);
            let names = *dice.pick(&[["milk", "rice"], ["rice", "milk"]]);
            clients.spawn(async move {
                let ask = async || {
                    let lines = names.map(|name| (name, units));
                    buy(&shop, &lines, key(&format!("client {n}"))).await
                };
                let first = ask().await;
                for _ in 0..repeats {
                    assert_eq!(told(&ask().await), told(&first));
                }
                first.map_or_else(
                    |refusal| {
                        rejection_in(&Err(refusal));
                        0
                    },
                    |_| i64::from(units),
                )
            });
        }
        let sold: i64 = clients.join_all().await.iter().sum();
        assert_eq!(shop.stock("milk").allocated, sold, "seed {seed}");
        assert_eq!(shop.stock("rice").allocated, sold, "seed {seed}");
        assert!(matches!(shop.engine.stats().keys, 40), "seed {seed}: one key for each client");
        shop.audit(&["milk", "rice"]).await;
    }
}
