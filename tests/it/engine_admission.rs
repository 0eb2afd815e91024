//! The door: past its bounds a command is refused at once, and nothing is lost by that.

use kirana_domain::limits::KEY_KEPT_MS;
use kirana_domain::{Principal, Rejection};
use kirana_engine::{Request, SubmitError};
use kirana_tests::gate::Gate;
use kirana_tests::shop::{
    Answer, Cod, Shop, Town, admin, customer, eventually, key, order_in, order_of, receipt_of,
    rejection_in,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A shop whose journal takes nothing until its gate is opened.
async fn stalled(set: impl FnOnce(&mut kirana_engine::Config)) -> (Town, Arc<Shop>, Gate) {
    let mut town = Town::default();
    town.open(&[("milk", 99), ("rice", 99)]).await.engine.stop().await.unwrap();
    set(&mut town.config);
    let (shop, gate) = town.start_gated().await;
    gate.close();
    (town, Arc::new(shop), gate)
}

async fn in_flight(shop: &Arc<Shop>, customers: &[u64]) -> Vec<JoinHandle<Answer>> {
    let before = shop.engine.stats().in_flight;
    let buy = |n: &u64| {
        let (shop, n) = (Arc::clone(shop), *n);
        tokio::spawn(async move { shop.buy(n, &[("milk", 1)], Cod).await })
    };
    let buyers: Vec<_> = customers.iter().map(buy).collect();
    let all = before + customers.len();
    eventually("all are in flight", || shop.engine.stats().in_flight == all).await;
    buyers
}

async fn all_are_placed(shop: &Shop, gate: &Gate, buyers: Vec<JoinHandle<Answer>>) {
    gate.open();
    let count = i64::try_from(buyers.len()).unwrap();
    for buyer in buyers {
        order_in(&buyer.await.unwrap());
    }
    assert_eq!(shop.stock("milk").allocated, count);
    shop.audit(&["milk", "rice"]).await;
}

#[tokio::test]
async fn one_command_more_than_may_be_in_flight_is_refused_at_once() {
    let (_, shop, gate) = stalled(|config| config.in_flight_max = 3).await;
    let buyers = in_flight(&shop, &[1, 2, 3]).await;
    let refused = shop.buy(4, &[("rice", 1)], Cod).await;
    assert!(matches!(refused, Err(SubmitError::Overloaded)), "{refused:?}");
    all_are_placed(&shop, &gate, buyers).await;
    assert!(shop.buy(4, &[("rice", 1)], Cod).await.is_ok(), "there is room again");
}

#[tokio::test]
async fn one_command_more_than_a_person_may_have_in_flight_is_refused_and_others_are_served() {
    let (_, shop, gate) = stalled(|config| config.per_caller_max = 2).await;
    let buyers = in_flight(&shop, &[1, 1]).await;
    let refused = shop.buy(1, &[("rice", 1)], Cod).await;
    assert!(matches!(refused, Err(SubmitError::CallerBusy)), "{refused:?}");
    let other = in_flight(&shop, &[2]).await;
    all_are_placed(&shop, &gate, buyers.into_iter().chain(other).collect()).await;
    assert!(shop.buy(1, &[("rice", 1)], Cod).await.is_ok(), "they are served again");
}

#[tokio::test]
async fn a_refused_command_leaves_its_key_free() {
    let (_, shop, gate) = stalled(|config| config.in_flight_max = 1).await;
    let buyers = in_flight(&shop, &[1]).await;
    let by = customer(2);
    let ask = async || shop.ask(by, Some(key("k")), order_of(by, &[("rice", 1)], Cod)).await;
    assert!(matches!(ask().await, Err(SubmitError::Overloaded)));
    all_are_placed(&shop, &gate, buyers).await;
    let answer = ask().await;
    assert!(!answer.as_ref().unwrap().replayed, "it is the first that was let in");
    assert_eq!(order_in(&answer).placed.customer_id, by.person_id);
}

#[tokio::test]
async fn a_full_book_of_keys_refuses_new_keys_and_knows_the_old_ones() {
    let mut town = Town::default();
    town.config.keys_max = 2;
    let shop = town.open(&[("milk", 9)]).await;
    let ask = async |n| {
        let by = customer(n);
        let name = format!("the key of {n}");
        shop.ask(by, Some(key(&name)), order_of(by, &[("milk", 1)], Cod)).await
    };
    assert!(ask(1).await.is_ok() && ask(2).await.is_ok());
    assert!(matches!(ask(3).await, Err(SubmitError::Overloaded)));
    assert!(ask(1).await.unwrap().replayed);
}

/// Sends orders that are refused, each under a key of its own, until one is not let in.
async fn flood(shop: &Shop, n: u64, name: &str) -> usize {
    let by = customer(n);
    for sent in 0..10_000 {
        let key = Some(key(&format!("{name} {sent}")));
        let answer = shop.ask(by, key, order_of(by, &[("gold", 99)], Cod)).await;
        match answer {
            Err(SubmitError::KeysUsedUp) => return sent,
            refused => {
                assert!(matches!(*rejection_in(&refused), Rejection::InsufficientStock { .. }));
            }
        }
    }
    panic!("nothing stops the flood");
}

#[tokio::test]
async fn one_customer_who_floods_the_book_of_keys_stops_neither_others_nor_after_a_crash() {
    let mut town = Town::default();
    town.config.keys_max = 160_000;
    let shop = town.open(&[("milk", 99), ("gold", 1)]).await;
    let refused = flood(&shop, 1, "first").await;
    assert!((10..60).contains(&refused), "{refused} refusals use up a share");
    let good = customer(2);
    let buy = async |shop: &Shop, by: Principal, name: &str| {
        shop.ask(by, Some(key(name)), order_of(by, &[("milk", 1)], Cod)).await
    };
    let receive = async |shop: &Shop, name: &str| {
        shop.ask(admin(), Some(key(name)), receipt_of(&[("milk", 1)])).await
    };
    let first = order_in(&buy(&shop, good, "good 1").await).placed.id;
    receive(&shop, "receipt 1").await.unwrap();
    town.disk.crash();
    let shop = town.start().await;
    assert_eq!(flood(&shop, 1, "second").await, 0, "the share is counted from the log");
    let by = customer(1);
    let retry = shop.ask(by, Some(key("first 0")), order_of(by, &[("gold", 99)], Cod)).await;
    assert!(
        matches!(retry, Err(SubmitError::Rejected { replayed: true, .. })),
        "what was answered stays answered: {retry:?}"
    );
    let again = buy(&shop, good, "good 1").await;
    assert!(again.as_ref().unwrap().replayed);
    assert_eq!(order_in(&again).placed.id, first);
    buy(&shop, good, "good 2").await.unwrap();
    receive(&shop, "receipt 2").await.unwrap();
    town.clock.advance_ms(KEY_KEPT_MS + 1_000);
    receive(&shop, "receipt 3").await.unwrap();
    assert_eq!(flood(&shop, 1, "third").await, refused, "two days later the share is back");
}

#[tokio::test]
async fn a_stop_finishes_what_was_let_in_and_lets_nobody_else_in() {
    let (town, shop, gate) = stalled(|_| ()).await;
    let buyers = in_flight(&shop, &[1, 2, 3]).await;
    let ended = tokio::spawn({
        let engine = shop.engine.clone();
        async move { engine.stop().await }
    });
    let by = customer(4);
    loop {
        let command = order_of(by, &[("milk", 1)], Cod);
        let deadline = Some(Instant::now() + Duration::from_millis(1));
        match shop.engine.submit(Request { by, key: None, command, deadline }).await {
            Err(SubmitError::Stopping) => break,
            Err(SubmitError::DeadlinePassed) => (), // It came before the stop and waits at the gate.
            other => panic!("{other:?}"),
        }
    }
    gate.open();
    let mut placed = 0;
    for buyer in buyers {
        placed += i64::from(buyer.await.unwrap().is_ok());
    }
    assert_eq!(placed, 3);
    ended.await.unwrap().unwrap();
    assert!(matches!(shop.buy(5, &[("milk", 1)], Cod).await, Err(SubmitError::Stopping)));
    shop.engine.stop().await.unwrap(); // A second stop is fine.
    let shop = town.start().await;
    assert!(shop.stock("milk").allocated >= placed);
    shop.audit(&["milk"]).await;
}
