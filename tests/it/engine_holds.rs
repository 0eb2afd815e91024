//! Holds of unpaid orders end on time, and an order ends once.

use kirana_domain::{Event, OrderId, Status};
use kirana_engine::{Command, SubmitError};
use kirana_tests::shop::{
    Cod, Dice, Razorpay, Shop, Town, admin, customer, eventually, order_in, reason, rejection_in,
    support,
};
use std::sync::Arc;
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;

async fn held_order(shop: &Shop) -> OrderId {
    order_in(&shop.buy(1, &[("milk", 2)], Razorpay).await).placed.id
}

fn is_expired(shop: &Shop) -> bool {
    shop.stock("milk").held == 0
}

async fn is_still_held(shop: &Shop) -> bool {
    tokio::time::sleep(Duration::from_millis(30)).await; // Many ticks of the timer.
    !is_expired(shop)
}

#[tokio::test]
async fn a_hold_ends_after_its_fifteen_minutes_and_not_a_moment_before() {
    let (town, shop) = Shop::with(&[("milk", 5)]).await;
    let id = held_order(&shop).await;
    town.clock.advance_ms(15 * MINUTE_MS - 1);
    assert!(is_still_held(&shop).await);
    town.clock.advance_ms(1);
    eventually("the hold is over", || is_expired(&shop)).await;
    assert_eq!((shop.stock("milk").available, shop.order(id).await.status), (5, Status::Expired));
    // The units can be sold again: the shelf has them too.
    assert!(shop.buy(2, &[("milk", 5)], Cod).await.is_ok());
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn a_hold_ends_on_time_after_a_restart() {
    let (town, shop) = Shop::with(&[("milk", 5)]).await;
    let id = held_order(&shop).await;
    town.disk.crash();
    town.clock.advance_ms(15 * MINUTE_MS - 1);
    let shop = town.start().await;
    assert_eq!(shop.engine.stats().timers, 1);
    assert!(is_still_held(&shop).await);
    town.clock.advance_ms(1);
    eventually("the hold is over", || is_expired(&shop)).await;
    assert_eq!(shop.order(id).await.status, Status::Expired);
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn a_hold_that_ran_out_while_the_shop_was_down_ends_at_the_start() {
    let (town, shop) = Shop::with(&[("milk", 5)]).await;
    held_order(&shop).await;
    shop.engine.stop().await.unwrap();
    town.clock.advance_ms(60 * MINUTE_MS);
    let shop = town.start().await;
    eventually("the hold is over", || is_expired(&shop)).await;
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn cash_orders_never_run_out() {
    let (town, shop) = Shop::with(&[("milk", 5)]).await;
    let id = order_in(&shop.buy(1, &[("milk", 2)], Cod).await).placed.id;
    town.clock.advance_ms(48 * 60 * MINUTE_MS);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!((shop.order(id).await.status, shop.engine.stats().timers), (Status::Placed, 0));
}

#[tokio::test]
async fn an_expired_order_cannot_be_cancelled() {
    let (town, shop) = Shop::with(&[("milk", 5)]).await;
    let id = held_order(&shop).await;
    town.clock.advance_ms(15 * MINUTE_MS);
    eventually("the hold is over", || is_expired(&shop)).await;
    let rejection = rejection_in(&shop.cancel(1, id).await);
    let wanted = kirana_domain::Rejection::IllegalMove { from: Status::Expired, wanted: "cancel" };
    assert_eq!(*rejection, wanted);
    assert_eq!(shop.stock("milk").available, 5);
}

#[tokio::test]
async fn an_order_that_does_not_exist_cannot_be_cancelled() {
    let (_, shop) = Shop::with(&[("milk", 5)]).await;
    let answer = shop.cancel(1, OrderId(uuid::Uuid::from_u128(7))).await;
    assert!(matches!(answer, Err(SubmitError::OrderUnknown)), "{answer:?}");
}

#[tokio::test]
async fn the_timer_of_an_order_that_was_cancelled_in_time_does_nothing() {
    let (town, shop) = Shop::with(&[("milk", 5)]).await;
    let id = held_order(&shop).await;
    shop.cancel(1, id).await.unwrap();
    let lsn = shop.engine.stats().lsn;
    town.clock.advance_ms(15 * MINUTE_MS);
    eventually("the timer has fired", || shop.engine.stats().timers == 0).await;
    shop.settled().await;
    assert_eq!((shop.engine.stats().lsn, shop.order(id).await.status), (lsn, Status::Cancelled));
    assert_eq!(shop.stock("milk").available, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_cancel_and_expiry_race_the_units_come_back_once() {
    let mut ends = [0, 0];
    for seed in 0..150 {
        let (town, shop) = Shop::with(&[("milk", 5)]).await;
        let shop = Arc::new(shop);
        let id = held_order(&shop).await;
        let cancel = tokio::spawn({
            let (shop, wait) = (Arc::clone(&shop), Dice(seed).roll(3));
            async move {
                tokio::time::sleep(Duration::from_millis(wait)).await;
                shop.cancel(1, id).await
            }
        });
        town.clock.advance_ms(15 * MINUTE_MS);
        let answer = cancel.await.unwrap();
        eventually("the order has ended", || shop.engine.stats().orders_open == 0).await;
        shop.settled().await;
        let order = shop.order(id).await;
        assert_eq!(order.version(), 2, "seed {seed}: one end");
        assert_eq!(answer.is_ok(), order.status == Status::Cancelled, "seed {seed}");
        assert_eq!(shop.stock("milk").available, 5, "seed {seed}");
        assert!(shop.buy(2, &[("milk", 5)], Cod).await.is_ok(), "seed {seed}: on the shelf once");
        assert!(shop.buy(2, &[("milk", 1)], Cod).await.is_err(), "seed {seed}: on the shelf once");
        shop.audit(&["milk"]).await;
        ends[usize::from(order.status == Status::Expired)] += 1;
    }
    assert!(ends.iter().all(|count| *count > 0), "both ends were seen: {ends:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancels_at_the_same_time_make_one_record_and_all_get_the_order() {
    let town = Town::default();
    let first = town.open(&[("milk", 5)]).await;
    let id = order_in(&first.buy(1, &[("milk", 2)], Cod).await).placed.id;
    first.engine.stop().await.unwrap();
    let (shop, gate) = town.start_gated().await;
    let shop = Arc::new(shop);
    gate.close();
    let mut cancels = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let shop = Arc::clone(&shop);
        cancels.spawn(async move { shop.cancel(1, id).await });
    }
    eventually("all are in flight", || shop.engine.stats().in_flight == 20).await;
    gate.open();
    for answer in cancels.join_all().await {
        let order = order_in(&answer);
        assert_eq!((order.status, order.version()), (Status::Cancelled, 2));
    }
    let cancelled = |event: &Event| matches!(event, Event::OrderCancelled { .. });
    let log = shop.log();
    assert_eq!(log.iter().filter(|(_, record)| cancelled(&record.event)).count(), 1);
    assert_eq!(shop.stock("milk").available, 5);
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn the_back_office_cancels_with_a_reason_only() {
    for by in [support(), admin()] {
        let (_, shop) = Shop::with(&[("milk", 5)]).await;
        let order_id = order_in(&shop.buy(1, &[("milk", 2)], Cod).await).placed.id;
        let cancel = |reason| Command::cancel(order_id, reason);
        assert_eq!(rejection_in(&shop.ask(by, None, cancel(None)).await).code(), 3003);
        assert_eq!(shop.stock("milk").allocated, 2);
        let order = order_in(&shop.ask(by, None, cancel(Some(reason("customer called")))).await);
        assert_eq!(order.status, Status::Cancelled);
        let history = shop.engine.order_history(order_id).await.unwrap();
        assert_eq!(history[1].1.by, by);
    }
    assert_ne!(customer(1), customer(2));
}
