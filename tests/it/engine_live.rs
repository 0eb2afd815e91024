//! Subscriptions, in process: every fact once and in order, whoever comes and goes meanwhile.

use kirana_domain::{Lsn, OrderId, Record};
use kirana_engine::{Config, Engine, Next, Subscription, Topic, is_over};
use kirana_tests::shop::{Cod, Dice, Razorpay, STORE, Shop, Town, customer, order_in};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Facts that memory keeps in these tests: few, so that most readers are sent to the log.
const KEPT: usize = 48;

async fn shop() -> (Town, Shop) {
    let mut town = Town::default();
    town.config = Config { live_events_max: KEPT, ..town.config };
    let shop = town.open(&[("milk", 100_000), ("rice", 100_000)]).await;
    (town, shop)
}

/// The next thing that a subscription is told; it may be given up in a `select!`.
async fn next(subscription: &mut Subscription) -> Next {
    timeout(Duration::from_secs(20), subscription.next()).await.expect("something comes")
}

async fn expect(subscription: &mut Subscription, what: &str) -> (Lsn, Arc<kirana_domain::Order>) {
    match next(subscription).await {
        Next::Event(event) if event.what == what => (event.lsn, event.order),
        other => panic!("expected {what}, got {other:?}"),
    }
}

/// Positions of the facts of a topic after a position, as the log has them.
fn in_log(log: &[(Lsn, Record)], shop: &Shop, topic: Topic, after: Lsn) -> Vec<Lsn> {
    let book = shop.replayed().orders;
    let concerns = |id: OrderId| {
        let people = book.get(id).unwrap().parties();
        match topic {
            Topic::Order(own) => own == id,
            Topic::Customer(own) => own == people.customer_id,
            Topic::Store(own) => own == people.store_id,
            Topic::Rider(own) => Some(own) == people.rider_id,
            Topic::All => true,
        }
    };
    let told = |(lsn, record): &(Lsn, Record)| {
        record.event.order_id().is_some_and(|id| *lsn > after && concerns(id)).then_some(*lsn)
    };
    log.iter().filter_map(told).collect()
}

#[tokio::test]
async fn each_topic_is_told_its_facts_with_the_order_as_it_was_then() {
    let (town, shop) = shop().await;
    let mut of_store = shop.engine.subscribe(Topic::Store(STORE), None);
    let mut of_customer = shop.engine.subscribe(Topic::Customer(customer(1).person_id), None);
    let order = order_in(&shop.buy(1, &[("milk", 2)], Razorpay).await);
    let mut of_order = shop.engine.subscribe(Topic::Order(order.placed.id), Some(Lsn(0)));
    shop.buy(2, &[("milk", 1)], Cod).await.unwrap();
    town.clock.advance_ms(60 * 60_000);
    for subscription in [&mut of_customer, &mut of_order] {
        let (lsn, as_placed) = expect(subscription, "pending_payment").await;
        assert_eq!((lsn, as_placed), (order.lsn(), Arc::clone(&order)));
        let (lsn, expired) = expect(subscription, "expired").await;
        assert_eq!((lsn, expired.version()), (expired.lsn(), 2));
        assert!(is_over(&expired));
    }
    expect(&mut of_store, "pending_payment").await;
    expect(&mut of_store, "placed").await;
    expect(&mut of_store, "expired").await;
}

#[tokio::test]
async fn a_subscription_from_long_ago_is_served_from_the_log() {
    let (_, shop) = shop().await;
    for n in 0..KEPT as u64 * 12 {
        let order = order_in(&shop.buy(n % 7, &[("milk", 1)], Cod).await);
        if n % 3 == 0 {
            shop.cancel(n % 7, order.placed.id).await.unwrap();
        }
    }
    let log = shop.log();
    let first = in_log(&log, &shop, Topic::Store(STORE), Lsn(0))[0];
    for topic in [Topic::Store(STORE), Topic::Customer(customer(3).person_id)] {
        for after in [0, first.0, log.len() as u64 / 2, log.len() as u64 - 1] {
            let wanted = in_log(&log, &shop, topic, Lsn(after));
            let mut subscription = shop.engine.subscribe(topic, Some(Lsn(after)));
            for lsn in wanted {
                match next(&mut subscription).await {
                    Next::Event(event) => {
                        assert_eq!((event.lsn, event.order.lsn()), (lsn, lsn));
                    }
                    other => panic!("{other:?}"),
                }
            }
            let more = timeout(Duration::from_millis(20), subscription.next()).await;
            assert!(more.is_err(), "nothing was told twice");
        }
    }
}

#[tokio::test]
async fn a_position_that_the_log_never_had_is_a_reason_to_read_the_state_again() {
    let (_, shop) = shop().await;
    shop.buy(1, &[("milk", 1)], Cod).await.unwrap();
    let mut subscription = shop.engine.subscribe(Topic::Store(STORE), Some(Lsn(1_000_000)));
    assert!(matches!(next(&mut subscription).await, Next::Resync));
    let open = shop.engine.open_orders(Topic::Store(STORE));
    assert_eq!((open.orders.len(), open.has_more), (1, false));
    subscription.skip_to(open.lsn);
    let order = order_in(&shop.buy(2, &[("rice", 1)], Cod).await);
    assert_eq!(expect(&mut subscription, "placed").await.0, order.lsn());
}

#[tokio::test]
async fn a_stop_ends_every_subscription() {
    let (_, shop) = shop().await;
    let engine = shop.engine.clone();
    let mut subscription = engine.subscribe(Topic::Store(STORE), None);
    let waits = tokio::spawn(async move { subscription.next().await });
    shop.engine.stop().await.unwrap();
    let ended =
        timeout(Duration::from_secs(20), waits).await.expect("it does not wait on").unwrap();
    assert!(matches!(ended, Next::Closed));
    assert!(matches!(engine.subscribe(Topic::Store(STORE), None).next().await, Next::Closed));
}

#[tokio::test]
async fn the_state_now_lists_open_orders_newest_first_and_says_when_there_are_more() {
    let (_, shop) = shop().await;
    let mut ids = Vec::new();
    for _ in 0..kirana_engine::OPEN_ORDERS_MAX + 5 {
        ids.push(order_in(&shop.buy(1, &[("milk", 1)], Cod).await).placed.id);
    }
    let last = ids.pop().unwrap();
    let lsn = shop.cancel(1, last).await.unwrap().lsn;
    let open = shop.engine.open_orders(Topic::Customer(customer(1).person_id));
    let shown: Vec<_> = open.orders.iter().map(|order| order.placed.id).collect();
    let newest = ids.iter().rev().take(kirana_engine::OPEN_ORDERS_MAX);
    assert_eq!(shown, newest.copied().collect::<Vec<_>>());
    assert_eq!((open.has_more, open.lsn), (true, lsn));
}

/// The positions of every topic, once nothing more happens.
type Wanted = Arc<HashMap<Topic, Vec<Lsn>>>;

/// One reader that comes and goes, until it has heard the last fact of its topic.
async fn come_and_go(
    engine: Engine,
    topic: Topic,
    seed: u64,
    mut until: watch::Receiver<Option<Wanted>>,
) -> Vec<Lsn> {
    let mut dice = Dice(seed);
    let (mut heard, mut last) = (Vec::new(), Lsn(0));
    let mut subscription = engine.subscribe(topic, Some(last));
    loop {
        if until.borrow_and_update().as_ref().is_some_and(|all| all[&topic].last() <= Some(&last)) {
            return heard;
        }
        let next = tokio::select! {
            next = next(&mut subscription) => next,
            _ = until.changed() => continue,
        };
        let Next::Event(event) = next else { panic!("{next:?}") };
        assert!(event.lsn > last && event.order.lsn() == event.lsn);
        assert!(topic.is_concerned(&event));
        last = event.lsn;
        heard.push(last);
        match dice.roll(12) {
            0 => subscription = engine.subscribe(topic, Some(last)),
            1 => tokio::time::sleep(Duration::from_millis(dice.roll(20))).await,
            _ => (),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_come_and_go_hear_exactly_the_log() {
    const BUYERS: u64 = 8;
    const ORDERS: u64 = 60;
    let (_, shop) = shop().await;
    let shop = Arc::new(shop);
    let (end, until) = watch::channel(None);
    let topic = |n: u64| match n % 3 {
        0 => Topic::Store(STORE),
        _ => Topic::Customer(customer(n % BUYERS).person_id),
    };
    let reader = |n| tokio::spawn(come_and_go(shop.engine.clone(), topic(n), n, until.clone()));
    let readers: Vec<_> = (0..48).map(reader).collect();
    let buyer = |n| {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move {
            for k in 0..ORDERS {
                let order = order_in(&shop.buy(n, &[("milk", 1), ("rice", 1)], Cod).await);
                if (k + n) % 4 == 0 {
                    shop.cancel(n, order.placed.id).await.unwrap();
                }
            }
        })
    };
    for buyer in (0..BUYERS).map(buyer).collect::<Vec<_>>() {
        buyer.await.unwrap();
    }
    shop.settled().await;
    let log = shop.log();
    let wanted = (0..48).map(|n| (topic(n), in_log(&log, &shop, topic(n), Lsn(0))));
    let wanted: Wanted = Arc::new(wanted.collect());
    assert!(wanted.values().all(|lsns| lsns.len() > KEPT), "memory alone is not enough");
    end.send_replace(Some(Arc::clone(&wanted)));
    for (n, reader) in (0..).zip(readers) {
        assert_eq!(reader.await.unwrap(), wanted[&topic(n)]);
    }
}
