//! Never oversold: crowds, opposite orders, rings, and everything else mixed in.

use kirana_domain::Role;
use kirana_engine::SubmitError;
use kirana_tests::shop::{
    Answer, Cod, Dice, Shop, Town, customer, order_in, order_of, rejection_in, short_lines,
};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Lets a crowd buy at once; answers what they were told.
async fn crowd(shop: &Arc<Shop>, baskets: Vec<Vec<(&'static str, u32)>>) -> Vec<Answer> {
    let mut buyers = JoinSet::new();
    for (n, lines) in (0..).zip(baskets) {
        let shop = Arc::clone(shop);
        buyers.spawn(async move { shop.buy(n, &lines, Cod).await });
    }
    buyers.join_all().await
}

fn sold(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.is_ok()).count()
}

async fn ten_thousand_buyers(units: u32) {
    let (_, shop) = Shop::with(&[("milk", units)]).await;
    let shop = Arc::new(shop);
    let answers = crowd(&shop, vec![vec![("milk", 1)]; 10_000]).await;
    assert_eq!(sold(&answers), usize::try_from(units).unwrap());
    for answer in answers.iter().filter(|answer| answer.is_err()) {
        assert_eq!(short_lines(answer), [("milk".to_owned(), 1, 0)]);
    }
    let stock = shop.stock("milk");
    assert_eq!((stock.available, stock.allocated), (0, units.into()));
    shop.audit(&["milk"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_buyers_of_one_unit_get_one_unit() {
    ten_thousand_buyers(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_buyers_of_seven_units_get_seven_units() {
    ten_thousand_buyers(7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_buyers_of_a_hundred_units_get_a_hundred_units() {
    ten_thousand_buyers(100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_wants_different_numbers_of_units_leaves_fewer_than_anybody_was_refused() {
    for seed in 0..20 {
        let (_, shop) = Shop::with(&[("milk", 100)]).await;
        let shop = Arc::new(shop);
        let mut dice = Dice(seed);
        let baskets = (0..200).map(|_| vec![("milk", dice.between(1, 9))]).collect();
        let answers = crowd(&shop, baskets).await;
        let left = shop.stock("milk").available;
        for answer in answers.iter().filter(|answer| answer.is_err()) {
            let [(_, wanted, available)] = &short_lines(answer)[..] else { panic!("one line") };
            assert!(available < wanted, "seed {seed}: a refusal is true");
            assert!(i64::from(*wanted) > left, "seed {seed}: {wanted} refused, {left} left");
        }
        shop.audit(&["milk"]).await;
    }
}

/// Baskets of two products each, of which there is one for every second basket: who is refused is
/// refused for good, so all units are sold in pairs.
async fn pairs_in_circles(seed: u64, pairs: &[[&'static str; 2]]) {
    let names = ["a", "b", "c"];
    let (_, shop) = Shop::with(&names.map(|name| (name, 40))).await;
    let shop = Arc::new(shop);
    let mut dice = Dice(seed);
    let baskets: Vec<_> =
        (0..300).map(|_| dice.pick(pairs).map(|name| (name, 1)).to_vec()).collect();
    let answers = crowd(&shop, baskets.clone()).await;
    for (lines, answer) in baskets.iter().zip(&answers).filter(|(_, answer)| answer.is_err()) {
        // Nothing comes back here, so what was short then must be short still.
        for (name, wanted, available) in short_lines(answer) {
            assert!(available < wanted, "seed {seed}: a refusal is true");
            assert!(shop.stock(&name).available < wanted.into(), "seed {seed}: {name} is left");
        }
        assert!(lines.iter().any(|(name, _)| shop.stock(name).available == 0));
    }
    // A later buyer of any pair finds one of its products sold out, so nothing was left lying.
    for pair in pairs {
        let can_buy = pair.iter().all(|name| shop.stock(name).available > 0);
        let was_wanted = baskets.iter().zip(&answers).any(|(lines, answer)| {
            answer.is_err() && pair.iter().all(|name| lines.contains(&(*name, 1)))
        });
        assert!(!(can_buy && was_wanted), "seed {seed}: {pair:?} was refused and is there");
    }
    shop.audit(&names).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baskets_in_opposite_orders_sell_out_and_never_wait_for_each_other() {
    for seed in 0..20 {
        pairs_in_circles(seed, &[["a", "b"], ["b", "a"]]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baskets_in_a_ring_sell_out_and_never_wait_for_each_other() {
    for seed in 0..20 {
        pairs_in_circles(seed, &[["a", "b"], ["b", "c"], ["c", "a"]]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_basket_is_held_whole_or_not_at_all_and_every_short_line_is_named() {
    let (_, shop) = Shop::with(&[("milk", 5), ("rice", 0), ("salt", 1), ("tea", 3)]).await;
    let answer = shop.buy(1, &[("milk", 1), ("rice", 2), ("salt", 3), ("tea", 3)], Cod).await;
    let mut short = short_lines(&answer);
    short.sort();
    assert_eq!(short, [("rice".to_owned(), 2, 0), ("salt".to_owned(), 3, 1)]);
    for (name, units) in [("milk", 5), ("rice", 0), ("salt", 1), ("tea", 3)] {
        assert_eq!(shop.stock(name).available, units);
        let all = u32::try_from(units).unwrap();
        if all > 0 {
            let order = order_in(&shop.buy(2, &[(name, all)], Cod).await);
            assert_eq!(order.placed.lines[0].quantity, all, "all of {name} is there to sell");
        }
    }
    shop.audit(&["milk", "rice", "salt", "tea"]).await;
}

#[tokio::test]
async fn two_lines_of_one_product_are_one_wish() {
    let (_, shop) = Shop::with(&[("milk", 3)]).await;
    let answer = shop.buy(1, &[("milk", 2), ("milk", 2)], Cod).await;
    assert_eq!(short_lines(&answer), [("milk".to_owned(), 4, 3)]);
    assert_eq!(shop.stock("milk").available, 3);
}

#[tokio::test]
async fn a_product_that_the_store_does_not_sell_is_refused_and_takes_nothing() {
    let (_, shop) = Shop::with(&[("milk", 3)]).await;
    let answer = shop.buy(1, &[("milk", 1), ("gold", 1)], Cod).await;
    assert_eq!(rejection_in(&answer).code(), 1004);
    assert_eq!(shop.stock("milk").available, 3);
    let town = Town::default();
    let by = customer(1);
    let nowhere = town.start().await.ask(by, None, order_of(by, &[("milk", 1)], Cod)).await;
    assert!(matches!(nowhere, Err(SubmitError::StoreUnknown)), "{nowhere:?}");
    assert_eq!(by.role, Role::Customer);
}
