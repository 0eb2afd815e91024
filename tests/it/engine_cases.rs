//! The cases of other systems (`cases.md` 1 to 27), and what covers them here.
//!
//! | case | what happened elsewhere | test |
//! |---|---|---|
//! | 1, 6, 10, 13, 15, 16, 17, 21, 53 | N buyers, one unit: check and write apart | `engine_never_oversold::ten_thousand_buyers_*` |
//! | 2 | two lines of one product checked one by one | `engine_never_oversold::two_lines_of_one_product_are_one_wish` |
//! | 3 | a negative reservation, and no way to repair it | `engine_simulation` (the stock law after every record), `an_adjustment_repairs_a_count` |
//! | 4 | aggregate says yes, location says no | cannot happen: one shelf per store and product is asked and held in one step; `engine_never_oversold::a_basket_is_held_whole_*` |
//! | 5, 20 | paid, then no stock | `units_are_held_before_anybody_pays` |
//! | 7 | allocations simply missing | `every_line_of_every_order_is_in_the_books` |
//! | 8 | negative in one place hides positive in another | `two_stores_never_share_a_count` |
//! | 9 | a filter that ignores holds | `what_is_held_is_not_available` |
//! | 11 | cancel releases what was not allocated, or twice | `engine_holds::cancels_at_the_same_time_*`, `engine_holds::when_cancel_and_expiry_race_*` |
//! | 12 | items added by an edit skip stock | cannot happen: an order cannot be edited yet |
//! | 14 | every line taken by the total count | `every_line_of_every_order_is_in_the_books` |
//! | 18 | wrong compensation, a deleted SKU that comes back | `a_product_defined_anew_keeps_its_books`; partial refunds do not exist yet |
//! | 19 | a stale hold excluded, both orders payable | `engine_holds::an_expired_order_cannot_be_cancelled`, `units_of_an_expired_order_belong_to_one_order` |
//! | 22, 27 | partial locks, opposite orders | `engine_never_oversold::baskets_in_opposite_orders_*`, `*_in_a_ring_*`; no locks to leave behind |
//! | 23 | retry storms on a lock | cannot happen: nobody retries, baskets wait in a queue |
//! | 24 | an external call inside a transaction | cannot happen: nothing external is called in a decision |
//! | 25 | orders lost to deadlocks under load | `every_line_of_every_order_is_in_the_books` |
//! | 26 | drafts block orders | cannot happen: there are no drafts; a refused basket leaves nothing: `engine_never_oversold::a_basket_is_held_whole_*` |

use kirana_domain::{CatalogueCommand, Event, Status, Store, StoreId};
use kirana_tests::shop::{
    Cod, Dice, Razorpay, STORE, Shop, admin, eventually, id_of, order_in, product, short_lines,
    store, text,
};
use std::sync::Arc;
use tokio::task::JoinSet;

#[tokio::test]
async fn an_adjustment_repairs_a_count() {
    let (_, shop) = Shop::with(&[("milk", 5)]).await;
    shop.buy(1, &[("milk", 3)], Cod).await.unwrap();
    shop.adjust(&[("milk", -2)]).await.unwrap();
    let stock = shop.stock("milk");
    assert_eq!((stock.available, stock.allocated, stock.adjusted), (0, 3, -2));
    shop.adjust(&[("milk", 4)]).await.unwrap();
    assert!(shop.buy(1, &[("milk", 4)], Cod).await.is_ok());
    shop.audit(&["milk"]).await;
}

#[tokio::test]
async fn units_are_held_before_anybody_pays() {
    let (_, shop) = Shop::with(&[("milk", 1)]).await;
    let first = order_in(&shop.buy(1, &[("milk", 1)], Razorpay).await);
    assert_eq!(first.status, Status::PendingPayment);
    assert_eq!(short_lines(&shop.buy(2, &[("milk", 1)], Razorpay).await).len(), 1);
    assert_eq!(shop.stock("milk").held, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_of_every_order_is_in_the_books() {
    let names = ["a", "b", "c", "d"];
    let (_, shop) = Shop::with(&names.map(|name| (name, 10_000))).await;
    let (shop, mut buyers) = (Arc::new(shop), JoinSet::new());
    let mut dice = Dice(7);
    let mut wanted = [0_i64; 4];
    for n in 0..1_000 {
        let lines: Vec<_> = names.map(|name| (name, dice.between(1, 5))).to_vec();
        for (sum, (_, units)) in wanted.iter_mut().zip(&lines) {
            *sum += i64::from(*units);
        }
        let shop = Arc::clone(&shop);
        buyers.spawn(async move { shop.buy(n, &lines, Cod).await });
    }
    assert!(buyers.join_all().await.iter().all(Result::is_ok), "plenty for everybody");
    assert_eq!(names.map(|name| shop.stock(name).allocated), wanted);
    let mut numbers: Vec<u64> = shop
        .log()
        .iter()
        .filter_map(|(_, record)| match &record.event {
            Event::OrderPlaced { order } => Some(order.number),
            _ => None,
        })
        .collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(1..=1_000), "no order is lost and no number is used twice");
    shop.audit(&names).await;
}

#[tokio::test]
async fn two_stores_never_share_a_count() {
    let (_, shop) = Shop::with(&[("milk", 1)]).await;
    let other = StoreId(uuid::Uuid::from_u128(2));
    let open =
        CatalogueCommand::OpenStore { store: Store { id: other, code: text("OTHER"), ..store() } }
            .into();
    shop.ask(admin(), None, open).await.unwrap();
    let mut milk = product("milk", 9);
    milk.product.store_id = other;
    let define = CatalogueCommand::DefineProducts { store_id: other, products: vec![milk] }.into();
    shop.ask(admin(), None, define).await.unwrap();
    shop.buy(1, &[("milk", 1)], Cod).await.unwrap();
    assert_eq!(short_lines(&shop.buy(1, &[("milk", 1)], Cod).await), [("milk".into(), 1, 0)]);
    assert_eq!(shop.engine.stock(other, id_of("milk")).0.available, 9);
}

#[tokio::test]
async fn what_is_held_is_not_available() {
    let (_, shop) = Shop::with(&[("milk", 5)]).await;
    shop.buy(1, &[("milk", 2)], Razorpay).await.unwrap();
    shop.buy(2, &[("milk", 1)], Cod).await.unwrap();
    assert_eq!(shop.stock("milk").available, 2);
    assert_eq!(short_lines(&shop.buy(3, &[("milk", 3)], Cod).await), [("milk".into(), 3, 2)]);
    assert!(shop.adjust(&[("milk", -3)]).await.is_err(), "an adjustment sees the same count");
    let (stocks, _) = shop.engine.stocks(STORE, &[id_of("milk")]);
    assert_eq!(stocks, [shop.stock("milk")]);
}

#[tokio::test]
async fn a_product_defined_anew_keeps_its_books() {
    let (town, shop) = Shop::with(&[("milk", 5)]).await;
    shop.buy(1, &[("milk", 2)], Cod).await.unwrap();
    let mut again = product("milk", 100);
    again.product.brand = Some(text("Tura Fresh"));
    let define = CatalogueCommand::DefineProducts { store_id: STORE, products: vec![again] }.into();
    shop.ask(admin(), None, define).await.unwrap();
    assert_eq!((shop.stock("milk").available, shop.stock("milk").allocated), (3, 2));
    assert_eq!(short_lines(&shop.buy(1, &[("milk", 4)], Cod).await), [("milk".into(), 4, 3)]);
    town.disk.crash();
    let shop = town.start().await;
    assert_eq!((shop.stock("milk").available, shop.stock("milk").allocated), (3, 2));
}

#[tokio::test]
async fn units_of_an_expired_order_belong_to_one_order() {
    let (town, shop) = Shop::with(&[("milk", 1)]).await;
    let first = order_in(&shop.buy(1, &[("milk", 1)], Razorpay).await);
    town.clock.advance_ms(15 * 60_000);
    eventually("the hold is over", || shop.stock("milk").held == 0).await;
    let second = order_in(&shop.buy(2, &[("milk", 1)], Razorpay).await);
    assert!(shop.cancel(1, first.placed.id).await.is_err());
    assert_eq!(shop.order(second.placed.id).await.status, Status::PendingPayment);
    assert_eq!((shop.stock("milk").available, shop.stock("milk").held), (0, 1));
    shop.audit(&["milk"]).await;
}
