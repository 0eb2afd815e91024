//! A restart leads to exactly the same state: after a stop, after a crash, in memory and on disk.

use kirana_domain::{OrderEntry, Status};
use kirana_engine::Command;
use kirana_engine::{OrderFilter, OrdersOf};
use kirana_storage::{Journal, MemoryJournal, Options, SledJournal, Vault};
use kirana_tests::shop::{
    Cod, Razorpay, STORE, Shop, Town, admin, customer, eventually, key, order_in, order_of, reason,
};
use std::path::Path;

/// A bit of everything, so that every part of the state has something in it.
async fn a_day(shop: &Shop) {
    for n in 0..20 {
        let method = if n % 2 == 0 { Cod } else { Razorpay };
        let by = customer(n % 7);
        let command =
            order_of(by, &[("milk", 1 + u32::try_from(n).unwrap() % 4), ("rice", 1)], method);
        let order = order_in(&shop.ask(by, Some(key(&format!("{n}"))), command).await);
        if n % 5 == 0 {
            shop.cancel(n % 7, order.placed.id).await.unwrap();
        }
    }
    assert!(
        shop.ask(customer(1), Some(key("no")), order_of(customer(1), &[("salt", 9)], Cod))
            .await
            .is_err()
    );
    shop.receive(&[("milk", 5), ("salt", 2)]).await.unwrap();
    shop.adjust(&[("rice", -3), ("salt", 1)]).await.unwrap();
}

const NAMES: [&str; 3] = ["milk", "rice", "salt"];

async fn opened(town: &Town) -> Shop {
    town.open(&[("milk", 500), ("rice", 500), ("salt", 1)]).await
}

/// The digest that a state has on the disk in memory, without starting an engine on it.
fn digest_on(town: &Town) -> (kirana_domain::Digest, u64) {
    let journal = MemoryJournal::open(&town.disk).unwrap();
    let mut state = kirana_domain::State::default();
    for batch in journal.reader().read(kirana_storage::Lsn(1)) {
        for (lsn, bytes) in batch.unwrap().records() {
            state.evolve(kirana_domain::Lsn(lsn.0), &kirana_engine::decode(bytes).unwrap());
        }
    }
    (state.digest(), state.lsn.0)
}

#[tokio::test]
async fn the_state_after_a_stop_is_the_state_before_it() {
    let town = Town::default();
    let shop = opened(&town).await;
    a_day(&shop).await;
    let before = shop.audit(&NAMES).await;
    shop.engine.stop().await.unwrap();
    assert_eq!(digest_on(&town).0, before);
    let shop = town.start().await;
    shop.audit(&NAMES).await;
    a_day_goes_on(&shop).await;
}

/// What was there can be worked on: new orders, cancels, numbers that go on.
async fn a_day_goes_on(shop: &Shop) {
    let before = shop.engine.stats();
    let log = shop.log();
    let last = log.iter().filter_map(|(_, record)| match &record.event {
        kirana_domain::Event::OrderPlaced { order } => Some(order.number),
        _ => None,
    });
    let last = last.max().unwrap();
    let order = order_in(&shop.buy(3, &[("milk", 1)], Cod).await);
    assert_eq!(order.placed.number, last + 1, "numbers go on");
    shop.cancel(3, order.placed.id).await.unwrap();
    assert_eq!(shop.engine.stats().orders_open, before.orders_open);
    shop.audit(&NAMES).await;
}

#[tokio::test]
async fn after_a_power_cut_everything_acknowledged_is_there_and_nothing_else() {
    let town = Town::default();
    let shop = opened(&town).await;
    a_day(&shop).await;
    let before = shop.audit(&NAMES).await;
    // From here on nothing reaches the disk, and nobody is told that it did.
    town.disk.fail_syncs();
    assert!(shop.buy(1, &[("milk", 1)], Cod).await.is_err());
    town.disk.crash();
    assert_eq!(digest_on(&town).0, before);
    let shop = town.start().await;
    a_day_goes_on(&shop).await;
}

#[tokio::test]
async fn what_the_disk_had_stored_without_saying_so_counts_whole() {
    let town = Town::default();
    let shop = opened(&town).await;
    town.disk.fail_syncs();
    let by = customer(1);
    let ask =
        async |shop: &Shop| shop.ask(by, Some(key("k")), order_of(by, &[("milk", 2)], Cod)).await;
    assert!(ask(&shop).await.is_err(), "the outcome is not known");
    town.disk.crash_keeping(1);
    let shop = town.start().await;
    assert_eq!(shop.stock("milk").allocated, 2, "it is there after all");
    assert!(ask(&shop).await.unwrap().replayed, "and the retry finds it");
    assert_eq!(shop.stock("milk").allocated, 2);
    shop.audit(&NAMES).await;
}

#[tokio::test]
async fn every_start_raises_the_epoch_by_one() {
    let town = Town::default();
    for epoch in 1..=4 {
        let shop = town.start().await;
        assert_eq!(shop.engine.stats().epoch, epoch);
        if epoch % 2 == 0 {
            shop.engine.stop().await.unwrap();
        } else {
            town.disk.crash();
        }
    }
    let epochs: Vec<u32> = town
        .start()
        .await
        .log()
        .iter()
        .map(|(_, record)| match record.event {
            kirana_domain::Event::EngineStarted { epoch, .. } => epoch,
            _ => panic!("nothing else happened"),
        })
        .collect();
    assert_eq!(epochs, [1, 2, 3, 4, 5]);
}

async fn on_sled(dir: &Path, town: &Town) -> Shop {
    let journal = SledJournal::open(dir, &Options::default()).unwrap();
    let vault = Vault::open(&dir.join("vault")).unwrap();
    Shop::over(Box::new(journal), vault, town).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_on_disk_leads_to_the_same_state_and_opens_the_sealed_parts() {
    let (town, dir) = (Town::default(), tempfile::tempdir().unwrap());
    let shop = on_sled(dir.path(), &town).await;
    shop.open_store(&[("milk", 500), ("rice", 500), ("salt", 1)]).await;
    a_day(&shop).await;
    let before = shop.audit(&NAMES).await;
    let count = shop.log().len();
    shop.engine.stop().await.unwrap();
    drop(shop);
    let shop = on_sled(dir.path(), &town).await;
    let mut state = kirana_domain::State::default();
    for (lsn, record) in shop.log().iter().take(count) {
        state.evolve(*lsn, record);
    }
    assert_eq!(state.digest(), before);
    assert_eq!(shop.engine.stats().epoch, 2);
    let (orders, more) = shop
        .engine
        .orders_page(OrdersOf::Store(STORE), OrderFilter::default(), None, 100)
        .await
        .unwrap();
    assert_eq!((orders.len(), more), (20, false));
    for order in orders {
        let personal = shop.engine.personal(&order);
        assert_eq!(personal.as_deref(), Some(b"Hawakhana, Tura".as_slice()));
    }
    a_day_goes_on(&shop).await;
    shop.engine.stop().await.unwrap();
}

#[tokio::test]
async fn an_ended_order_leaves_memory_and_is_still_told_with_its_history() {
    let (town, shop) = Shop::with(&[("milk", 9)]).await;
    let order = order_in(&shop.buy(1, &[("milk", 2)], Cod).await);
    let id = order.placed.id;
    let why = Command::cancel(id, Some(reason("rain")));
    let cancelled = order_in(&shop.ask(customer(1), None, why).await);
    let state = shop.replayed();
    assert!(matches!(state.orders.get(id), Some(OrderEntry::Ended(_))));
    assert_eq!(shop.engine.stats().orders_open, 0);
    town.disk.crash();
    let shop = town.start().await;
    assert_eq!(shop.order(id).await, cancelled);
    assert_eq!(cancelled.placed, order.placed, "it is told as it was placed");
    let history = shop.engine.order_history(id).await.unwrap();
    let lsns: Vec<_> = history.iter().map(|(lsn, _)| *lsn).collect();
    assert_eq!(lsns, cancelled.lsns);
    assert_eq!(history[1].1.by, customer(1));
    let of = OrdersOf::Customer(customer(1).person_id);
    let cancelled_ones = OrderFilter { status: vec![Status::Cancelled], ..OrderFilter::default() };
    let page = shop.engine.orders_page(of, cancelled_ones, None, 10).await.unwrap();
    assert_eq!(page, (vec![cancelled.clone()], false));
}

#[tokio::test]
async fn pages_show_every_order_once_newest_first() {
    let (_, shop) = Shop::with(&[("milk", 99)]).await;
    let mut placed = Vec::new();
    for n in 0..7 {
        let order = order_in(&shop.buy(1, &[("milk", 1)], Cod).await);
        if n % 2 == 0 {
            shop.cancel(1, order.placed.id).await.unwrap();
        }
        placed.push(order.placed.id);
    }
    let of = OrdersOf::Customer(customer(1).person_id);
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let (page, more) =
            shop.engine.orders_page(of, OrderFilter::default(), before, 2).await.unwrap();
        seen.extend(page.iter().map(|order| order.placed.id));
        before = seen.last().copied();
        if !more {
            break;
        }
    }
    placed.reverse();
    assert_eq!(seen, placed);
    let nobody = OrdersOf::Customer(admin().person_id);
    assert_eq!(
        shop.engine.orders_page(nobody, OrderFilter::default(), None, 2).await.unwrap(),
        (vec![], false)
    );
}

#[tokio::test]
async fn order_actors_sleep_when_their_work_is_done() {
    let (_, shop) = Shop::with(&[("milk", 99)]).await;
    for n in 0..10 {
        let order = order_in(&shop.buy(n, &[("milk", 1)], Razorpay).await);
        if n % 2 == 0 {
            shop.cancel(n, order.placed.id).await.unwrap();
        }
    }
    eventually("all sleep", || {
        let stats = shop.engine.stats();
        (stats.orders_awake, stats.in_flight, stats.journal_queue) == (0, 0, 0)
    })
    .await;
    assert_eq!((shop.engine.stats().orders, shop.engine.stats().orders_open), (10, 5));
}
