//! The door: past its bounds a command is refused at once, and nothing is lost by that.

use kirana_engine::{Request, SubmitError};
use kirana_tests::gate::Gate;
use kirana_tests::shop::{Answer, Cod, Shop, Town, customer, eventually, key, order_in, order_of};
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
    let by = customer(1);
    let ask =
        async |name: &str| shop.ask(by, Some(key(name)), order_of(by, &[("milk", 1)], Cod)).await;
    assert!(ask("a").await.is_ok() && ask("b").await.is_ok());
    assert!(matches!(ask("c").await, Err(SubmitError::Overloaded)));
    assert!(ask("a").await.unwrap().replayed);
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
