//! Checkpoints beside the running shop: what has ended leaves memory and is found all the same, a
//! restart leads to the state of the whole log, and what something happens to comes back.

use kirana_domain::order::Report;
use kirana_domain::payment::{ChargeStatus, Effect, ProviderId, SeenCharge};
use kirana_domain::{CalendarDay, Lsn, OrderEntry, OrderId, PersonId, Status};
use kirana_engine::{AsOf, Command, OrderFilter, OrdersOf};
use kirana_tests::files::copy_tree;
use kirana_tests::shop::{
    Cod, Dice, Razorpay, START_MS, STORE, Shop, Town, admin, customer, id_of, key, order_in,
    order_of, reason,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const NAMES: [&str; 2] = ["milk", "rice"];

async fn opened(dir: &Path, town: &Town) -> Shop {
    let shop = Shop::in_dir(dir, town).await;
    shop.open_store(&[("milk", 90_000), ("rice", 90_000)]).await;
    shop
}

/// Orders of seven customers; every other one is cancelled.
async fn trade(shop: &Shop, orders: u64) -> Vec<(OrderId, bool)> {
    let mut placed = Vec::new();
    for n in 0..orders {
        let order = order_in(&shop.buy(n % 7, &[("milk", 1), ("rice", 2)], Cod).await);
        let cancelled = n % 2 == 0;
        if cancelled {
            shop.cancel(n % 7, order.placed.id).await.unwrap();
        }
        placed.push((order.placed.id, cancelled));
    }
    placed
}

async fn pages(shop: &Shop, of: OrdersOf, filter: &OrderFilter) -> Vec<OrderId> {
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = shop.engine.orders_page(of, filter.clone(), before, 7).await.unwrap();
        let (page, more) = page;
        seen.extend(page.iter().map(|order| order.placed.id));
        before = seen.last().copied();
        if !more {
            return seen;
        }
    }
}

/// What `OrdersOf` and a filter must show, by the whole log.
fn expected(shop: &Shop, customer: Option<PersonId>, filter: &OrderFilter) -> Vec<OrderId> {
    let state = shop.replayed();
    let mut found: Vec<_> = state
        .orders
        .of_store(STORE)
        .filter(|id| {
            let entry = state.orders.get(*id).unwrap();
            let day = CalendarDay::of(entry.placed_at_ms());
            customer.is_none_or(|id| entry.parties().customer_id == id)
                && (filter.status.is_empty() || filter.status.contains(&entry.status()))
                && filter.day.is_none_or(|wanted| wanted == day)
        })
        .collect();
    found.reverse();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_ended_leaves_memory_and_is_found_by_everything_it_is_looked_for_by() {
    let (town, dir) = (Town::default(), tempfile::tempdir().unwrap());
    let shop = opened(dir.path(), &town).await;
    let mut placed = trade(&shop, 20).await;
    let kept = shop.engine.checkpoint().await.unwrap().unwrap();
    assert_eq!((kept.forgotten, kept.lsn), (10, shop.engine.lsn()));
    town.clock.advance_ms(24 * 3_600_000);
    placed.extend(trade(&shop, 10).await);
    assert_eq!(shop.engine.checkpoint().await.unwrap().unwrap().forgotten, 5);
    placed.extend(trade(&shop, 5).await);
    let stats = shop.engine.stats();
    assert_eq!((stats.orders, stats.orders_open), (35, 17));
    assert_eq!(stats.orders_in_memory, 17 + 3, "the last three are in no checkpoint yet");

    let today = CalendarDay::of(START_MS + 24 * 3_600_000);
    let filters = [
        OrderFilter::default(),
        OrderFilter { status: vec![Status::Cancelled], ..OrderFilter::default() },
        OrderFilter {
            status: vec![Status::Placed, Status::Cancelled],
            day: Some(today),
            ..OrderFilter::default()
        },
        OrderFilter { day: Some(today), ..OrderFilter::default() },
        OrderFilter { status: vec![Status::Delivered], ..OrderFilter::default() },
    ];
    for filter in &filters {
        let of_store = pages(&shop, OrdersOf::Store(STORE), filter).await;
        assert_eq!(of_store, expected(&shop, None, filter), "{filter:?}");
        for n in 0..7 {
            let id = customer(n).person_id;
            let theirs = pages(&shop, OrdersOf::Customer(id), filter).await;
            assert_eq!(theirs, expected(&shop, Some(id), filter), "{filter:?}");
        }
    }
    let whole = shop.replayed();
    for (id, cancelled) in placed {
        let order = shop.order(id).await;
        assert_eq!(order.status == Status::Cancelled, cancelled);
        let number = order.placed.number;
        assert_eq!(shop.engine.order_of_number(STORE, number).await.unwrap(), Some(id));
        let history = shop.engine.order_history(id).await.unwrap();
        let lsns: Vec<_> = history.iter().map(|(lsn, _)| *lsn).collect();
        assert_eq!(lsns, whole.orders.get(id).unwrap().lsns());
        assert!(shop.engine.personal(&order).is_some());
    }
    assert_eq!(shop.engine.order_of_number(STORE, 9_999).await.unwrap(), None);
    shop.audit(&NAMES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_from_a_checkpoint_leads_to_the_state_of_the_whole_log() {
    let (town, mut dir) = (Town::default(), tempfile::tempdir().unwrap());
    let mut shop = opened(dir.path(), &town).await;
    for round in 0..6 {
        trade(&shop, 12).await;
        if round % 2 == 0 {
            shop.engine.checkpoint().await.unwrap();
        }
        trade(&shop, 3).await;
        let before = shop.audit(&NAMES).await;
        let count = shop.log().len();
        // Nothing is under way: the files as they are now are what a kill would leave.
        let killed = tempfile::tempdir().unwrap();
        copy_tree(dir.path(), killed.path());
        shop.engine.stop().await.unwrap();
        drop(shop);
        if round % 3 > 0 {
            dir = killed;
        }
        shop = Shop::in_dir(dir.path(), &town).await;
        let mut state = kirana_domain::State::default();
        for (lsn, record) in shop.log().iter().take(count) {
            state.evolve(*lsn, record);
        }
        assert_eq!(state.digest(), before, "the log is what it was");
        shop.audit(&NAMES).await;
    }
    let kept = shop.engine.checkpoint().await.unwrap().unwrap();
    assert!(kept.log_starts_at > Lsn(1), "the log was trimmed, and is whole all the same");
    assert_eq!(shop.log()[0].0, Lsn(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_of_long_ago_gets_its_answer_from_the_archive() {
    let (town, dir) = (Town::default(), tempfile::tempdir().unwrap());
    let shop = opened(dir.path(), &town).await;
    let by = customer(1);
    let ask =
        async |shop: &Shop| shop.ask(by, Some(key("k")), order_of(by, &[("milk", 2)], Cod)).await;
    let first = ask(&shop).await.unwrap();
    let order = order_in(&Ok(first.clone()));
    shop.cancel(1, order.placed.id).await.unwrap();
    for _ in 0..3 {
        trade(&shop, 10).await;
        shop.engine.checkpoint().await.unwrap().unwrap();
    }
    shop.engine.stop().await.unwrap();
    drop(shop);
    let shop = Shop::in_dir(dir.path(), &town).await;
    let again = ask(&shop).await.unwrap();
    assert!(again.replayed);
    assert_eq!(order_in(&Ok(again)), order, "the order as it was then, not as it is now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_comes_for_an_order_that_was_forgotten_is_owed_back() {
    let (town, dir) = (Town::default(), tempfile::tempdir().unwrap());
    let mut shop = opened(dir.path(), &town).await;
    let order = order_in(&shop.buy(1, &[("milk", 2)], Razorpay).await);
    let id = order.placed.id;
    shop.cancel(1, id).await.unwrap();
    for _ in 0..3 {
        trade(&shop, 4).await;
        shop.engine.checkpoint().await.unwrap().unwrap();
    }
    shop.engine.stop().await.unwrap();
    drop(shop);
    shop = Shop::in_dir(dir.path(), &town).await;
    assert_eq!(shop.engine.payment(id), None, "it is not in memory");
    let charge = SeenCharge {
        id: ProviderId::parse("pay_1").unwrap(),
        amount: order.placed.sums.total,
        status: ChargeStatus::Captured,
        failure: None,
    };
    let report = Report { charges: vec![charge], ..Report::default() };
    shop.report(id, report).await.unwrap();
    let entry = shop.engine.order_entry(id).await.unwrap().unwrap();
    assert_eq!(entry.due_effects(), [Effect::Refund(1)]);
    assert!(matches!(entry, OrderEntry::Ended(_)));
    for _ in 0..3 {
        trade(&shop, 4).await;
        shop.audit(&NAMES).await;
        shop.engine.checkpoint().await.unwrap().unwrap();
        assert!(shop.engine.payment(id).is_some(), "what is owed is not forgotten");
    }
    shop.engine.stop().await.unwrap();
    drop(shop);
    let shop = Shop::in_dir(dir.path(), &town).await;
    let entry = shop.engine.order_entry(id).await.unwrap().unwrap();
    assert_eq!(entry.due_effects(), [Effect::Refund(1)], "the outbox finds it after a restart");
    shop.audit(&NAMES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_and_stock_are_read_as_they_were_at_any_position() {
    let (town, dir) = (Town::default(), tempfile::tempdir().unwrap());
    let shop = opened(dir.path(), &town).await;
    let mut dice = Dice(7);
    let mut wanted = Vec::new();
    for round in 0..8 {
        for (id, _) in trade(&shop, 6).await {
            wanted.push(id);
        }
        town.clock.advance_ms(60_000);
        shop.adjust(&[("milk", -1)]).await.unwrap();
        if round % 3 == 1 {
            shop.engine.checkpoint().await.unwrap();
        }
    }
    let log = shop.log();
    let mut state = kirana_domain::State::default();
    let mut books = BTreeMap::new();
    for (lsn, record) in &log {
        state.evolve(*lsn, record);
        books.insert(*lsn, state.stock.get(STORE, id_of("milk")));
    }
    for (lsn, book) in &books {
        let then = shop.engine.stock_then(STORE, id_of("milk"), AsOf::Lsn(*lsn)).await.unwrap();
        assert_eq!(then, (*book, *lsn));
    }
    let minute = START_MS + 3 * 60_000 - 1;
    let last = log.iter().rev().find(|(_, record)| record.at_ms <= minute).unwrap().0;
    let then = shop.engine.stock_then(STORE, id_of("milk"), AsOf::Time(minute)).await.unwrap();
    assert_eq!(then, (books[&last], last));
    for _ in 0..40 {
        let id = *dice.pick(&wanted);
        let facts = shop.engine.order_history(id).await.unwrap();
        let first = facts[0].0;
        let before = AsOf::Lsn(Lsn(first.0 - 1));
        assert_eq!(shop.engine.order_then(id, before).await.unwrap(), None);
        let then = shop.engine.order_then(id, AsOf::Lsn(first)).await.unwrap().unwrap();
        assert_eq!(then.version(), 1);
        let now = shop.engine.order_then(id, AsOf::Lsn(Lsn(u64::MAX))).await.unwrap();
        assert_eq!(now, shop.engine.order(id).await.unwrap());
    }
}

/// Newest first.
fn files(dir: &Path, of: &str) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(dir.join(of)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.reverse();
    paths
}

fn spoil(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_checkpoint_or_history_costs_time_and_nothing_else() {
    let (town, dir) = (Town::default(), tempfile::tempdir().unwrap());
    let shop = opened(dir.path(), &town).await;
    let mut placed = Vec::new();
    for _ in 0..4 {
        placed.extend(trade(&shop, 9).await);
        shop.engine.checkpoint().await.unwrap().unwrap();
    }
    placed.extend(trade(&shop, 3).await);
    let count = shop.log().len();
    let before = shop.audit(&NAMES).await;
    shop.engine.stop().await.unwrap();
    drop(shop);
    let checkpoints = files(dir.path(), "checkpoints");
    assert_eq!(checkpoints.len(), 2, "two generations are kept");
    let history = files(dir.path(), "history");
    let spoilers: [&[&Path]; 4] = [
        &[&checkpoints[0]],
        &[&checkpoints[0], &checkpoints[1]],
        &[&history[0]],
        &[history.last().unwrap()],
    ];
    for (round, spoiled) in spoilers.iter().enumerate() {
        let copy = tempfile::tempdir().unwrap();
        copy_tree(dir.path(), copy.path());
        for path in *spoiled {
            spoil(&copy.path().join(path.strip_prefix(dir.path()).unwrap()));
        }
        let shop = Shop::in_dir(copy.path(), &town).await;
        let mut state = kirana_domain::State::default();
        for (lsn, record) in shop.log().iter().take(count) {
            state.evolve(*lsn, record);
        }
        assert_eq!(state.digest(), before, "round {round}");
        shop.audit(&NAMES).await;
        for (id, cancelled) in &placed {
            let order = shop.engine.order(*id).await;
            // A row in the middle of a table may be in the damaged block: then that is said.
            if let Ok(order) = order {
                assert_eq!(order.unwrap().status == Status::Cancelled, *cancelled);
            } else {
                assert!(round >= 2, "round {round}: {order:?}");
            }
        }
        trade(&shop, 5).await;
        if round < 2 {
            shop.engine.checkpoint().await.unwrap().unwrap();
            shop.audit(&NAMES).await;
        }
        shop.engine.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checkpoints_while_everybody_orders_take_nothing_from_anyone() {
    let (mut town, dir) = (Town::default(), tempfile::tempdir().unwrap());
    town.config.checkpoint_records = 150;
    let mut shop = opened(dir.path(), &town).await;
    for seed in 0..6 {
        let mut dice = Dice(seed);
        for _ in 0..12 {
            let buyers: Vec<_> = (0..20).map(|_| dice.roll(9)).collect();
            let engine = &shop;
            let orders = buyers.iter().map(|n| engine.buy(*n, &[("milk", 1)], Cod));
            let placed = futures(orders).await;
            for (n, answer) in buyers.iter().zip(placed) {
                if dice.roll(3) > 0 {
                    let id = order_in(&answer).placed.id;
                    shop.ask(customer(*n), None, Command::cancel(id, Some(reason("no"))))
                        .await
                        .unwrap();
                }
            }
        }
        shop.audit(&NAMES).await;
        shop.engine.stop().await.unwrap();
        drop(shop);
        shop = Shop::in_dir(dir.path(), &town).await;
        shop.audit(&NAMES).await;
    }
    let all = expected(&shop, None, &OrderFilter::default());
    assert_eq!(pages(&shop, OrdersOf::Store(STORE), &OrderFilter::default()).await, all);
    assert!(shop.ask(admin(), None, Command::cancel(all[0], Some(reason("late")))).await.is_ok());
}

/// How many databases the log goes on through, but for the first.
fn databases(dir: &Path) -> usize {
    let folders = fs::read_dir(dir.join("log")).unwrap().flatten();
    folders.filter(|it| it.path().join("db").exists()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_keeps_no_more_databases_than_two_checkpoints_need_however_much_is_sold() {
    let (mut town, dir) = (Town::default(), tempfile::tempdir().unwrap());
    town.config.checkpoint_records = 300;
    town.config.database_bytes = 1;
    let shop = opened(dir.path(), &town).await;
    let databases = || databases(dir.path());
    let mut most = 0;
    for _ in 0..40 {
        trade(&shop, 60).await;
        most = most.max(databases());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(most > 1, "it went on in another one meanwhile");
    // Asked for, it leaves nothing in the log that the archive has.
    let mut asked = 0;
    while databases() > 1 {
        asked += 1;
        assert!(asked < 100, "{} databases", databases());
        shop.engine.checkpoint().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!dir.path().join("log/db").exists(), "the first one is gone as a whole");
    shop.audit(&NAMES).await;
    shop.engine.stop().await.unwrap();
    drop(shop);
    let shop = Shop::in_dir(dir.path(), &town).await;
    shop.audit(&NAMES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_calm_after_a_sale_leaves_a_small_log() {
    let (mut town, dir) = (Town::default(), tempfile::tempdir().unwrap());
    town.config.checkpoint_records = 1_000;
    town.config.database_bytes = 1;
    let shop = opened(dir.path(), &town).await;
    trade(&shop, 900).await;
    let end = shop.engine.stats().lsn;
    let archived_through = || {
        // Not there before the first checkpoint.
        let names = fs::read_dir(dir.path().join("archive")).into_iter().flatten().flatten();
        let last = names.filter_map(|it| {
            it.path().file_stem()?.to_str()?.rsplit_once('-')?.1.parse::<u64>().ok()
        });
        last.max().unwrap_or(0)
    };
    let databases = || databases(dir.path());
    let mut waited = 0;
    while archived_through() < end.0 || databases() > 1 {
        waited += 1;
        assert!(
            waited < 600,
            "{} of {end} archived, {} databases",
            archived_through(),
            databases()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    shop.audit(&NAMES).await;
    shop.engine.stop().await.unwrap();
}

/// Waits for all of them at once.
async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(cx)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}
