//! Fail-stop: after an error of the journal nobody is served, nobody hangs, and nothing that was
//! acknowledged is lost.

use kirana_domain::{CatalogueCommand, OrderId, Principal};
use kirana_engine::{Command, SubmitError};
use kirana_storage::Fault;
use kirana_tests::shop::{
    Answer, Cod, Razorpay, STORE, Shop, Town, admin, customer, eventually, key, order_in, order_of,
    product,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Nothing may hang: whatever is asked here is answered within this time.
const SOON: Duration = Duration::from_secs(5);

async fn soon<T>(what: &str, answer: impl Future<Output = T>) -> T {
    let answered = tokio::time::timeout(SOON, answer).await;
    answered.unwrap_or_else(|_| panic!("hangs: {what}"))
}

fn has_failed(shop: &Shop) -> bool {
    shop.engine.failure().borrow().is_some()
}

fn is_failed(answer: &Answer) -> bool {
    matches!(answer, Err(SubmitError::Failed))
}

/// A shop with milk whose journal has the fault at its second append, the first after the start.
async fn about_to_fail(fault: impl Fn(u64) -> Fault) -> (Town, Arc<Shop>, OrderId) {
    about_to_fail_in(Town::default(), fault).await
}

async fn about_to_fail_in(town: Town, fault: impl Fn(u64) -> Fault) -> (Town, Arc<Shop>, OrderId) {
    let shop = town.open(&[("milk", 50), ("rice", 50)]).await;
    let order_id = order_in(&shop.buy(1, &[("milk", 1)], Razorpay).await).placed.id;
    shop.engine.stop().await.unwrap();
    let shop = Arc::new(town.start_with([fault(2)]).await);
    (town, shop, order_id)
}

#[tokio::test]
async fn a_journal_error_is_reported_once_and_everything_after_it_is_refused() {
    for (fault, says) in [
        (Fault::FailAt as fn(u64) -> Fault, "cannot append"),
        (Fault::FullAt, "make room"),
        (Fault::TearAt, "cannot append"),
    ] {
        let (town, shop, order_id) = about_to_fail(fault).await;
        let mut failure = shop.engine.failure();
        assert!(is_failed(&soon("the caller", shop.buy(2, &[("milk", 1)], Cod)).await));
        soon("the report", failure.changed()).await.unwrap();
        assert!(failure.borrow().as_deref().unwrap().contains(says), "{:?}", failure.borrow());
        assert!(is_failed(&soon("a later caller", shop.buy(3, &[("rice", 1)], Cod)).await));
        assert!(is_failed(&soon("a later cancel", shop.cancel(1, order_id)).await));
        assert!(soon("the stop", shop.engine.stop()).await.is_err());
        let shop = town.start().await;
        assert_eq!((shop.stock("milk").available, shop.stock("milk").held), (49, 1));
        shop.audit(&["milk", "rice"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_who_waits_when_the_journal_fails_is_told_that_it_failed() {
    let (_, shop, _) = about_to_fail(Fault::FailAt).await;
    let mut callers = JoinSet::new();
    for n in 0..500 {
        let shop = Arc::clone(&shop);
        callers.spawn(async move { shop.buy(n, &[("milk", 1), ("rice", 1)], Cod).await });
    }
    let answers = soon("the crowd", callers.join_all()).await;
    // Whoever was refused for want of stock was told the truth; nobody was told that they bought.
    assert!(answers.iter().all(Result::is_err));
    assert!(answers.iter().any(is_failed));
    assert!(has_failed(&shop));
}

/// Asks for several things at once, of which the journal fails the first.
async fn at_once(shop: &Arc<Shop>, asked: Vec<(Principal, &str, Command)>) -> Vec<Answer> {
    let mut callers = JoinSet::new();
    for (by, name, command) in asked {
        let (shop, key) = (Arc::clone(shop), Some(key(name)));
        callers.spawn(async move { shop.ask(by, key, command).await });
    }
    soon("those who ask at once", callers.join_all()).await
}

#[tokio::test]
async fn twins_of_a_request_that_the_journal_fails_are_told_that_it_failed() {
    let (_, shop, _) = about_to_fail(Fault::FailAt).await;
    let by = customer(1);
    let command = order_of(by, &[("milk", 1)], Cod);
    let answers = at_once(&shop, vec![(by, "k", command); 5]).await;
    assert!(answers.iter().all(is_failed), "{answers:?}");
}

#[tokio::test]
async fn commands_that_wait_for_another_of_the_same_order_are_told_that_it_failed() {
    let mut town = Town::default();
    // Nothing that the engine does from time to time is needed for it.
    town.config.timer_tick = Duration::from_hours(1);
    let (_, shop, order_id) = about_to_fail_in(town, Fault::FailAt).await;
    let cancel = || Command::cancel(order_id, None);
    let by = customer(1);
    let asked = ["a", "b", "c"].map(|name| (by, name, cancel())).to_vec();
    let answers = at_once(&shop, asked).await;
    assert!(answers.iter().all(is_failed), "{answers:?}");
}

#[tokio::test]
async fn commands_that_wait_in_the_lane_of_the_catalogue_are_told_that_it_failed() {
    let (_, shop, _) = about_to_fail(Fault::FailAt).await;
    let define = |name| {
        CatalogueCommand::DefineProducts { store_id: STORE, products: vec![product(name, 1)] }
            .into()
    };
    let asked = ["a", "b", "c"].map(|name| (admin(), name, define(name))).to_vec();
    let answers = at_once(&shop, asked).await;
    assert!(answers.iter().all(is_failed), "{answers:?}");
}

#[tokio::test]
async fn an_expiry_that_the_journal_fails_stops_the_engine_and_happens_after_the_restart() {
    let (town, shop, order_id) = about_to_fail(Fault::FailAt).await;
    town.clock.advance_ms(15 * 60_000);
    eventually("the engine has failed", || has_failed(&shop)).await;
    let shop = town.start().await;
    eventually("the hold is over", || shop.stock("milk").held == 0).await;
    assert_eq!(shop.order(order_id).await.version(), 2);
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn a_journal_that_fails_its_first_record_does_not_start() {
    let town = Town::default();
    let journal = kirana_storage::MemoryJournal::open(&town.disk).unwrap();
    let journal = kirana_storage::FaultyJournal::new(journal, [Fault::FailAt(1)]);
    let vault = kirana_storage::Vault::memory_seeded(1);
    let (config, clock) = (town.config.clone(), town.clock.clone());
    let start = kirana_engine::Engine::over(Box::new(journal), vault, config, clock);
    let error = soon("the start", start).await.err().unwrap();
    assert!(error.to_string().contains("first record"), "{error}");
}
