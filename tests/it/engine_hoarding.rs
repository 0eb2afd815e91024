//! One customer who wants to keep everything from everybody else gets what the bounds allow.

use kirana_domain::{HoldRules, OrderId, Rejection, Status};
use kirana_tests::shop::{Answer, Cod, Razorpay, Shop, Town, eventually, order_in, rejection_in};
use std::sync::Arc;

const MINUTE_MS: i64 = 60_000;

fn town() -> Town {
    let mut town = Town::default();
    town.config.holds = HoldRules::default();
    town
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("product {n:03}")).collect()
}

fn lines(names: &[String], units: u32) -> Vec<(&str, u32)> {
    names.iter().map(|name| (name.as_str(), units)).collect()
}

fn too_many_unpaid(answer: &Answer) -> bool {
    matches!(*rejection_in(answer), Rejection::TooManyUnpaid { .. })
}

async fn expire(town: &Town, shop: &Shop, ids: &[OrderId]) {
    town.clock.advance_ms(15 * MINUTE_MS);
    eventually("the holds are over", || shop.stock("milk").held == 0).await;
    for id in ids {
        assert_eq!(shop.order(*id).await.status, Status::Expired);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_token_that_wants_all_units_of_many_products_gets_two_orders_and_the_others_buy() {
    const UNITS: u32 = 40;
    let (town, all) = (town(), names(300));
    let shop = Arc::new(town.open(&lines(&all, UNITS)).await);
    let hoard = |n: usize| {
        let (shop, some) = (Arc::clone(&shop), all[n * 50 % 300..][..50].to_vec());
        tokio::spawn(async move { shop.buy(1, &lines(&some, UNITS), Razorpay).await })
    };
    let mut placed = Vec::new();
    for asked in (0..60).map(hoard).collect::<Vec<_>>() {
        match asked.await.unwrap() {
            Ok(receipt) => placed.push(receipt),
            refused => assert!(
                too_many_unpaid(&refused)
                    || matches!(*rejection_in(&refused), Rejection::InsufficientStock { .. })
            ),
        }
    }
    assert!((1..=2).contains(&placed.len()), "{} orders hold something", placed.len());
    let held: Vec<_> = all.iter().filter(|name| shop.stock(name).held > 0).collect();
    assert!(held.len() <= 100, "two orders have a hundred products: {}", held.len());
    let free: Vec<_> = all.iter().filter(|name| !held.contains(name)).cloned().collect();
    for (n, some) in (2..).zip(free.chunks(50)) {
        order_in(&shop.buy(n, &lines(some, UNITS), Razorpay).await);
    }
    shop.audit(&all.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_one_customer_that_come_at_once_count_for_each_other() {
    let shop = Arc::new(town().open(&[("milk", 9_000)]).await);
    for round in 0..60 {
        let buy = |_| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move { shop.buy(round, &[("milk", 1)], Razorpay).await })
        };
        let mut placed = 0;
        for asked in (0..8).map(buy).collect::<Vec<_>>() {
            match asked.await.unwrap() {
                Ok(_) => placed += 1,
                refused => assert!(too_many_unpaid(&refused)),
            }
        }
        assert_eq!(placed, 2, "round {round}: as many as may be, and never fewer");
    }
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn what_a_customer_may_hold_is_the_same_after_a_crash() {
    let town = town();
    let shop = town.open(&[("milk", 9_000), ("rice", 99)]).await;
    let first = order_in(&shop.buy(1, &[("milk", 99)], Razorpay).await).placed.id;
    order_in(&shop.buy(1, &[("milk", 90)], Razorpay).await);
    let refusals = async |shop: &Shop| {
        let online = shop.buy(1, &[("rice", 1)], Razorpay).await;
        assert!(too_many_unpaid(&online));
        let cash = shop.buy(1, &[("milk", 10)], Cod).await;
        let over =
            matches!(*rejection_in(&cash), Rejection::OverMaxOpen { maximum: 198, left: 9, .. });
        assert!(over, "{cash:?}");
        order_in(&shop.buy(2, &[("milk", 99)], Cod).await);
    };
    refusals(&shop).await;
    town.disk.crash();
    let shop = town.start().await;
    refusals(&shop).await;
    order_in(&shop.buy(1, &[("milk", 9)], Cod).await);
    shop.cancel(1, first).await.unwrap();
    order_in(&shop.buy(1, &[("rice", 1)], Razorpay).await);
    shop.audit(&["milk", "rice"]).await;
}

#[tokio::test]
async fn after_three_holds_that_expired_a_customer_waits_and_pays_in_cash_meanwhile() {
    let town = town();
    let shop = town.open(&[("milk", 99)]).await;
    let hold = async |shop: &Shop| order_in(&shop.buy(1, &[("milk", 1)], Razorpay).await).placed.id;
    let two = [hold(&shop).await, hold(&shop).await];
    expire(&town, &shop, &two).await;
    let third = [hold(&shop).await];
    expire(&town, &shop, &third).await;
    let waits = async |shop: &Shop| {
        let answer = shop.buy(1, &[("milk", 1)], Razorpay).await;
        matches!(*rejection_in(&answer), Rejection::HoldsPaused { wait_s: 1..=300 })
    };
    assert!(waits(&shop).await);
    town.disk.crash();
    let shop = town.start().await;
    assert!(waits(&shop).await, "the log says what expired");
    order_in(&shop.buy(1, &[("milk", 1)], Cod).await);
    order_in(&shop.buy(2, &[("milk", 1)], Razorpay).await);
    town.clock.advance_ms(5 * MINUTE_MS);
    let fourth = [hold(&shop).await];
    expire(&town, &shop, &fourth).await;
    town.clock.advance_ms(6 * MINUTE_MS);
    assert!(waits(&shop).await, "the second pause is longer");
    town.clock.advance_ms(4 * MINUTE_MS);
    hold(&shop).await;
    shop.audit(&["milk"]).await;
}
