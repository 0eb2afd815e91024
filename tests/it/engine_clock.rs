//! A wall clock that is wrong: ahead, behind, for a moment or since the start. What was promised
//! lasts as long as it was promised, and the log is in order.

use kirana_domain::catalogue::CodRules;
use kirana_domain::limits::CART_KEPT_MS;
use kirana_domain::payment::{Payment, RefundStatus};
use kirana_domain::{
    CartCommand, CatalogueCommand, Event, Lsn, OrderId, PersonCommand, Principal, Record,
    Rejection, Status, Store,
};
use kirana_engine::{AsOf, Config, SubmitError, encode};
use kirana_storage::{Batch, Journal, MemoryJournal};
use kirana_tests::provider::Provider;
use kirana_tests::shop::{
    Answer, Cod, Razorpay, START_MS, STORE, Shop, Town, admin, customer, eventually, id_of, key,
    order_in, order_of, rejection_in, store,
};
use serde_json::json;
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

async fn buy(shop: &Shop, name: &str) -> Answer {
    let by = customer(1);
    shop.ask(by, Some(key(name)), order_of(by, &[("milk", 1)], Cod)).await
}

fn is_replay(answer: &Answer) -> bool {
    answer.as_ref().is_ok_and(|receipt| receipt.replayed)
}

async fn add_to_cart(shop: &Shop, n: u64) {
    let customer_id = customer(n).person_id;
    let command = CartCommand::Add { product_id: id_of("milk"), units: 1 };
    let command = PersonCommand::Cart { customer_id, store_id: STORE, command }.into();
    shop.ask(customer(n), None, command).await.unwrap();
}

fn cart_lines(shop: &Shop, n: u64) -> usize {
    let id = customer(n).person_id;
    shop.engine.people(|people| people.carts.get(id, STORE).map_or(0, |cart| cart.lines.len()))
}

async fn held_order(shop: &Shop) -> OrderId {
    order_in(&shop.buy(2, &[("milk", 1)], Razorpay).await).placed.id
}

async fn status_after_ticks(shop: &Shop, id: OrderId) -> Status {
    tokio::time::sleep(Duration::from_millis(30)).await;
    shop.order(id).await.status
}

#[tokio::test]
async fn a_key_outlives_a_clock_that_is_three_days_ahead_for_a_moment() {
    let (town, shop) = Shop::with(&[("milk", 9)]).await;
    let first = buy(&shop, "k").await;
    town.clock.move_wall_ms(3 * DAY_MS);
    shop.receive(&[("milk", 1)]).await.unwrap();
    town.clock.move_wall_ms(-3 * DAY_MS);
    let again = buy(&shop, "k").await;
    assert!(is_replay(&again));
    assert_eq!(order_in(&again).placed.id, order_in(&first).placed.id);
    // Started while the clock is wrong, too.
    shop.engine.stop().await.unwrap();
    town.clock.move_wall_ms(3 * DAY_MS);
    let shop = town.start().await;
    shop.receive(&[("milk", 1)]).await.unwrap();
    assert!(is_replay(&buy(&shop, "k").await));
}

#[tokio::test]
async fn a_message_of_the_provider_is_taken_once_whatever_the_wall_clock_says() {
    let (town, shop) = Shop::with(&[("milk", 9)]).await;
    let provider = Provider::start(7);
    shop.engine.set_payment_port(provider.gateway());
    let letter = kirana_tests::provider::Letter {
        event_id: "evt_1".to_owned(),
        body: br#"{"event":"nothing.known"}"#.to_vec(),
    };
    let first = shop.deliver(&letter).await.unwrap();
    town.clock.move_wall_ms(3 * DAY_MS);
    shop.receive(&[("milk", 1)]).await.unwrap();
    town.clock.move_wall_ms(-3 * DAY_MS);
    let again = shop.deliver(&letter).await.unwrap();
    assert_eq!((again.lsn, again.replayed), (first.lsn, true));
}

#[tokio::test]
async fn a_cart_outlives_a_clock_that_is_a_month_ahead_for_a_moment() {
    let (town, shop) = Shop::with(&[("milk", 9)]).await;
    add_to_cart(&shop, 1).await;
    town.clock.move_wall_ms(31 * DAY_MS);
    add_to_cart(&shop, 2).await;
    town.clock.move_wall_ms(-31 * DAY_MS);
    assert_eq!(cart_lines(&shop, 1), 1);
    town.clock.advance_ms(CART_KEPT_MS + 1);
    add_to_cart(&shop, 2).await;
    assert_eq!(cart_lines(&shop, 1), 0, "30 days that went by");
}

#[tokio::test]
async fn a_hold_lasts_as_long_as_promised_although_the_clock_is_an_hour_ahead_for_a_moment() {
    let (town, shop) = Shop::with(&[("milk", 9)]).await;
    let id = held_order(&shop).await;
    town.clock.move_wall_ms(HOUR_MS);
    assert_eq!(status_after_ticks(&shop, id).await, Status::PendingPayment);
    town.clock.move_wall_ms(-HOUR_MS);
    town.clock.advance_ms(15 * MINUTE_MS - 1);
    assert_eq!(status_after_ticks(&shop, id).await, Status::PendingPayment);
    town.clock.advance_ms(1);
    eventually("the hold is over", || shop.stock("milk").held == 0).await;
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn a_hold_does_not_last_for_hours_because_the_clock_was_ahead_at_the_start() {
    let town = Town::default();
    town.clock.move_wall_ms(5 * HOUR_MS + 30 * MINUTE_MS);
    let shop = town.open(&[("milk", 9)]).await;
    held_order(&shop).await;
    town.clock.move_wall_ms(-5 * HOUR_MS - 30 * MINUTE_MS);
    assert!(shop.engine.clocks().is_off());
    // What the clock loses meanwhile is a hundredth.
    town.clock.advance_ms(15 * MINUTE_MS * 102 / 100);
    eventually("the hold is over", || shop.stock("milk").held == 0).await;
}

#[tokio::test]
async fn a_server_that_was_started_in_2020_forgets_nothing_when_the_clock_is_put_right() {
    let town = Town::default();
    let years_ms = 5 * 365 * DAY_MS;
    town.clock.move_wall_ms(-years_ms);
    let shop = town.open(&[("milk", 9)]).await;
    buy(&shop, "k").await.unwrap();
    add_to_cart(&shop, 1).await;
    let held = held_order(&shop).await;
    town.clock.move_wall_ms(years_ms);
    shop.receive(&[("milk", 1)]).await.unwrap();
    assert!(is_replay(&buy(&shop, "k").await));
    assert_eq!(cart_lines(&shop, 1), 1);
    assert_eq!(status_after_ticks(&shop, held).await, Status::PendingPayment);
    assert_eq!(shop.engine.clocks().ahead_ms(), years_ms);
    // The next start follows the clock by a month: keys and carts do not notice.
    shop.engine.stop().await.unwrap();
    let shop = town.start().await;
    assert_eq!(shop.engine.now_ms(), START_MS - years_ms + 31 * DAY_MS);
    assert!(is_replay(&buy(&shop, "k").await));
    shop.receive(&[("milk", 1)]).await.unwrap();
    assert_eq!(cart_lines(&shop, 1), 1);
    // And one that is told that the clock is right follows it.
    shop.engine.stop().await.unwrap();
    let config = Config { clock_gap_max: Duration::MAX, ..town.config.clone() };
    let town = Town { config, ..town };
    let shop = town.start().await;
    assert_eq!(shop.engine.now_ms(), START_MS);
    assert!(!shop.engine.clocks().is_off() && is_replay(&buy(&shop, "k").await));
}

#[tokio::test]
async fn stamps_go_on_after_the_last_record_when_a_start_finds_the_clock_in_2020() {
    let (town, shop) = Shop::with(&[("milk", 9)]).await;
    town.clock.advance_ms(HOUR_MS);
    buy(&shop, "k").await.unwrap();
    shop.engine.stop().await.unwrap();
    town.clock.move_wall_ms(-5 * 365 * DAY_MS);
    let shop = town.start().await;
    assert_eq!(shop.engine.now_ms(), START_MS + HOUR_MS);
    town.clock.advance_ms(MINUTE_MS);
    shop.receive(&[("milk", 1)]).await.unwrap();
    let times: Vec<_> = shop.log().into_iter().map(|(_, record)| record.at_ms).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times.last(), Some(&(START_MS + HOUR_MS + MINUTE_MS)));
}

#[tokio::test]
async fn a_charge_that_no_webhook_told_of_is_found_by_a_start_however_far_ahead_its_clock_is() {
    for days in [6, 400] {
        let (town, shop) = Shop::with(&[("milk", 9)]).await;
        let provider = Provider::start(9);
        shop.engine.set_payment_port(provider.gateway());
        let (id, provider_order) = shop.go_to_pay(1, &[("milk", 2)]).await;
        shop.settled().await;
        shop.engine.stop().await.unwrap();
        provider.pay(&provider_order, json!({}));
        provider.letters();
        // The first start cannot reach the provider, and knows no later moment to ask again.
        provider.faults("fail_before=100");
        town.clock.move_wall_ms(days * DAY_MS);
        let shop = town.start().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        shop.engine.set_payment_port(provider.gateway());
        shop.settled().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        provider.faults("none");
        town.clock.advance_ms(4 * MINUTE_MS);
        // It is late by the clock, so it goes back: whatever the clock says, no money is lost.
        let is_back = |payment: &Payment| {
            payment.refunds.first().is_some_and(|refund| refund.status > RefundStatus::Owed)
        };
        shop.paid_until("the money is back", id, is_back).await;
        shop.money_agrees(&provider, id).await;
        shop.audit(&["milk"]).await;
    }
}

#[tokio::test]
async fn a_hold_lasts_what_was_promised_whatever_the_clock_says_at_the_next_start() {
    for (moved_ms, is_over) in [(-5 * 365 * DAY_MS, false), (-HOUR_MS, false), (HOUR_MS, true)] {
        let (town, shop) = Shop::with(&[("milk", 9)]).await;
        let id = held_order(&shop).await;
        shop.engine.stop().await.unwrap();
        town.clock.move_wall_ms(moved_ms);
        let shop = town.start().await;
        if !is_over {
            // Nobody measured how long the engine was down: the hold goes on where it was.
            town.clock.advance_ms(14 * MINUTE_MS);
            assert_eq!(status_after_ticks(&shop, id).await, Status::PendingPayment);
            town.clock.advance_ms(MINUTE_MS * 5 / 4);
        }
        eventually("the hold is over", || shop.stock("milk").held == 0).await;
        shop.audit(&["milk"]).await;
    }
}

#[tokio::test]
async fn a_hold_of_an_older_release_with_a_clock_five_hours_ahead_does_not_last_for_hours() {
    let (_, shop) = Shop::with(&[("milk", 9)]).await;
    let id = held_order(&shop).await;
    let records = shop.log().into_iter().map(|(_, record)| match record.event {
        Event::EngineStarted { epoch, .. } => {
            (record.at_ms, None, Event::EngineStarted { epoch, clock: None })
        }
        event => (record.at_ms, None, event),
    });
    let old = Town::default();
    old.clock.move_wall_ms(-5 * HOUR_MS);
    let put_right = (START_MS - 5 * HOUR_MS, None, refused());
    old_log(&old, records.chain([put_right]).collect());
    let shop = old.start().await;
    assert_eq!(shop.engine.now_ms(), START_MS - 5 * HOUR_MS);
    old.clock.advance_ms(15 * MINUTE_MS - 1);
    assert_eq!(status_after_ticks(&shop, id).await, Status::PendingPayment);
    old.clock.advance_ms(1);
    eventually("the hold is over", || shop.stock("milk").held == 0).await;
}

/// A log of an older release, whose times fall and jump.
fn old_log(town: &Town, records: Vec<(i64, Option<&str>, Event)>) {
    let mut journal = MemoryJournal::open(&town.disk).unwrap();
    for (at_ms, name, event) in records {
        let record = Record { at_ms, by: Principal::SYSTEM, key: name.map(key), event };
        let mut batch = Batch::new(journal.end().next());
        batch.try_push_with(|bytes| encode(&record, bytes)).unwrap();
        journal.append(&[batch]).unwrap();
    }
    Box::new(journal).close().unwrap();
}

fn refused() -> Event {
    Event::CommandRefused { rejection: Rejection::BasketEmpty }
}

#[tokio::test]
async fn a_key_of_400_days_ahead_in_an_old_log_never_fills_the_memory() {
    let config = Config { keys_max: 1_200, ..Town::default().config };
    let town = Town { config, ..Town::default() };
    old_log(
        &town,
        vec![
            (START_MS + 400 * DAY_MS, Some("ahead"), refused()),
            (START_MS, Some("right"), refused()),
        ],
    );
    let shop = town.start().await;
    shop.open_store(&[("milk", 1_000)]).await;
    assert_eq!(shop.engine.stats().keys, 2, "neither goes early");
    for n in 0..400 {
        town.clock.advance_ms(3 * DAY_MS);
        buy(&shop, &format!("{n}")).await.unwrap();
        assert!(shop.engine.stats().keys <= 3);
    }
}

#[tokio::test]
async fn an_hour_of_orders_in_cash_is_an_hour_whatever_the_wall_clock_says() {
    let town = Town::default();
    let shop = town.open(&[("milk", 9)]).await;
    let cod = CodRules { orders_per_hour: 1, ..store().cod };
    let before = shop.engine.catalogue(|catalogue| catalogue.store(STORE).cloned()).unwrap();
    let change = CatalogueCommand::ChangeStore { before, store: Store { cod, ..store() } };
    shop.ask(admin(), None, change.into()).await.unwrap();
    town.clock.move_wall_ms(2 * HOUR_MS);
    shop.buy(1, &[("milk", 1)], Cod).await.unwrap();
    town.clock.move_wall_ms(-2 * HOUR_MS);
    let second = shop.buy(1, &[("milk", 1)], Cod).await;
    assert!(matches!(&*rejection_in(&second), Rejection::CodTooMany { .. }));
    town.clock.advance_ms(62 * MINUTE_MS);
    shop.buy(1, &[("milk", 1)], Cod).await.unwrap();
}

#[tokio::test]
async fn a_stock_figure_as_of_now_is_that_of_now_after_the_clock_was_set_back() {
    let (town, shop) = Shop::with(&[("milk", 10)]).await;
    town.clock.move_wall_ms(2 * HOUR_MS);
    for _ in 0..60 {
        shop.receive(&[("milk", 10)]).await.unwrap();
    }
    let order = order_in(&shop.buy(1, &[("milk", 1)], Cod).await).placed.id;
    town.clock.move_wall_ms(-2 * HOUR_MS);
    for _ in 0..20 {
        shop.receive(&[("milk", 100)]).await.unwrap();
    }
    let now = AsOf::Time(shop.engine.now_ms());
    let (stock, lsn) = shop.engine.stock_then(STORE, id_of("milk"), now).await.unwrap();
    assert_eq!((stock, lsn), (shop.stock("milk"), shop.engine.lsn()));
    assert!(shop.engine.order_then(order, now).await.unwrap().is_some());
}

#[tokio::test]
async fn an_order_of_an_old_log_is_as_of_then_although_its_times_fall() {
    let (town, shop) = Shop::with(&[("milk", 9)]).await;
    let id = order_in(&shop.buy(1, &[("milk", 1)], Cod).await).placed.id;
    shop.cancel(1, id).await.unwrap();
    let facts = shop.log();
    // The same shop under an older release, with a clock two hours ahead when the order was placed.
    let old = Town::default();
    let mut times = Vec::new();
    let records = facts.into_iter().zip(1..).map(|((_, record), second)| {
        let ahead_ms =
            if matches!(record.event, Event::OrderPlaced { .. }) { 2 * HOUR_MS } else { 0 };
        let event = match record.event {
            Event::EngineStarted { epoch, .. } => Event::EngineStarted { epoch, clock: None },
            event => event,
        };
        times.push(START_MS + second * 1_000 + ahead_ms);
        (START_MS + second * 1_000 + ahead_ms, None, event)
    });
    old_log(&old, records.collect());
    drop((town, shop));
    old.clock.advance_ms(HOUR_MS);
    let shop = old.start().await;
    let last_ms = *times.last().unwrap();
    let status = async |at_ms| {
        let order = shop.engine.order_then(id, AsOf::Time(at_ms)).await.unwrap();
        order.map(|order| order.status)
    };
    assert_eq!(status(last_ms - 1_001).await, None);
    assert_eq!(status(last_ms).await, Some(Status::Cancelled));
    assert_eq!(status(shop.engine.now_ms()).await, Some(Status::Cancelled));
    assert!(shop.engine.lsn() > Lsn(0) && !shop.engine.clocks().is_off());
}

#[tokio::test]
async fn keys_run_out_after_a_clock_was_400_days_ahead_for_a_moment() {
    let config = Config { keys_max: 1_200, ..Town::default().config };
    let town = Town { config, ..Town::default() };
    let shop = town.open(&[("milk", 1_000)]).await;
    town.clock.move_wall_ms(400 * DAY_MS);
    buy(&shop, "ahead").await.unwrap();
    town.clock.move_wall_ms(-400 * DAY_MS);
    for n in 0..400 {
        town.clock.advance_ms(3 * DAY_MS);
        let answer = buy(&shop, &format!("{n}")).await;
        assert!(!matches!(answer, Err(SubmitError::KeysUsedUp)), "order {n}");
    }
}
