use super::*;
use crate::tools::samples::{DAY_END, day, order_id, product_id};

fn between(from: u64, to: u64) -> Diff {
    let log = day();
    let reader = log.reader();
    diff(&Log::new(&*reader), Lsn(from), Lsn(to)).unwrap()
}

#[test]
fn nothing_differs_between_a_position_and_itself() {
    for lsn in [0, 5, DAY_END.0] {
        let same = between(lsn, lsn);
        assert_eq!(same.from, same.to);
        assert!(same.kinds.is_empty() && same.stock.is_empty() && same.orders.is_empty());
        assert_eq!(same.money, MoneyDiff::default());
    }
}

#[test]
fn what_differs_is_what_the_records_between_have_changed() {
    let diff = between(5, DAY_END.0);
    let moved = |n, before, after| OrderDiff { order_id: order_id(n), before, after };
    assert_eq!(
        diff.orders,
        [
            moved(1, Some(Status::Placed), Status::Delivered),
            moved(2, Some(Status::Placed), Status::Cancelled),
            moved(3, None, Status::Placed),
        ]
    );
    let [one, two] = &diff.stock[..] else { panic!("{:?}", diff.stock) };
    assert_eq!((one.product_id, one.before.allocated, one.after.allocated), (product_id(1), 5, 0));
    assert_eq!((two.before.available, two.after.available), (4, 0));
    assert_eq!(diff.kinds["order_moved"], 7);
    let money =
        MoneyDiff { placed: Paise(42_500), cash_collected: Paise(32_500), ..MoneyDiff::default() };
    assert_eq!(diff.money, money);
    assert!(diff.products.is_empty() && diff.stores.is_empty());
}

#[test]
fn counts_that_came_back_to_what_they_were_do_not_differ() {
    let diff = between(4, 6);
    assert!(diff.stock.is_empty(), "{:?}", diff.stock);
    assert_eq!(diff.orders.len(), 1);
}

#[test]
fn what_was_defined_is_told() {
    let diff = between(0, 3);
    assert_eq!((diff.stores.len(), diff.products.len()), (1, 2));
    assert!(diff.products.iter().all(|product| product.before.is_none()));
}

#[test]
fn the_earlier_one_comes_first() {
    let log = day();
    let reader = log.reader();
    assert!(super::diff(&Log::new(&*reader), Lsn(5), Lsn(4)).is_err());
}
