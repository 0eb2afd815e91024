use super::*;
use crate::Event;
use crate::PaymentMethod::{Cod, Razorpay};
use crate::facts::Step;
use crate::samples::{
    STORE, adjusted, cancelled, defined, expired, placed, product_id, received, record,
};
use proptest::prelude::*;

fn after(events: &[Event]) -> Stock {
    let mut book = StockBook::default();
    for event in events {
        book.evolve(&record(event.clone()));
    }
    book.get(STORE, product_id(1))
}

#[test]
fn every_fact_moves_units_from_one_place_to_another() {
    let lines: &[(u64, u32)] = &[(1, 2)];
    let start = [defined(1, 10)];
    // What happens after ten units came in; available, held, allocated, adjusted.
    let cases: [(&[Event], [i64; 4]); 8] = [
        (&[], [10, 0, 0, 0]),
        (&[received(1, 5)], [15, 0, 0, 0]),
        (&[adjusted(1, -3)], [7, 0, 0, -3]),
        (&[adjusted(1, 4)], [14, 0, 0, 4]),
        (&[placed(1, Cod, lines)], [8, 0, 2, 0]),
        (&[placed(1, Razorpay, lines)], [8, 2, 0, 0]),
        (&[placed(1, Cod, lines), cancelled(1, Bucket::Allocated, lines)], [10, 0, 0, 0]),
        (&[placed(1, Razorpay, lines), expired(1, lines)], [10, 0, 0, 0]),
    ];
    for (events, expected) in cases {
        let stock = after(&[&start, events].concat());
        let got = [stock.available, stock.held, stock.allocated, stock.adjusted];
        assert_eq!(got, expected, "{events:?}");
        assert!(stock.law_holds() && !stock.breached);
    }
}

#[test]
fn what_comes_back_is_not_sold_however_often_it_leaves() {
    let lines: &[(u64, u32)] = &[(1, 2)];
    let moved = |step| Event::OrderMoved {
        order_id: crate::samples::order_id(1),
        store_id: STORE,
        step,
        reason: None,
        lines: crate::samples::stock_lines(lines),
    };
    let mut events = vec![defined(1, 10), placed(1, Cod, lines)];
    assert_eq!(after(&events).sold(), 2);
    for _ in 0..3 {
        events.push(moved(Step::PickedUp));
        assert_eq!(after(&events).sold(), 2);
        events.push(moved(Step::DeliveryFailed));
        assert_eq!(after(&events).sold(), 2, "it is to be brought again");
    }
    events.push(cancelled(1, Bucket::Allocated, lines));
    assert_eq!((after(&events).sold(), after(&events).shipped), (0, 6));
}

#[test]
fn a_product_that_nothing_came_in_of_has_nothing() {
    assert_eq!(StockBook::default().get(STORE, product_id(1)), Stock::default());
    assert_eq!(after(&[defined(1, 0)]), Stock::default());
}

#[test]
fn the_law_is_broken_by_a_sum_that_does_not_add_up_and_by_less_than_nothing() {
    let fine = Stock { received: 5, available: 3, held: 1, allocated: 1, ..Stock::default() };
    let broken = [
        Stock { received: 6, ..fine },
        Stock { available: 4, ..fine },
        Stock { returned: 1, ..fine },
        Stock { shipped: 1, ..fine },
        Stock { available: 5, held: -1, ..fine },
        Stock { held: 5, available: -1, ..fine },
        Stock { received: -5, adjusted: 10, ..fine },
    ];
    assert!(fine.law_holds());
    assert!(Stock { received: 0, adjusted: 5, ..fine }.law_holds());
    assert!(Stock { received: 6, adjusted: -1, ..fine }.law_holds());
    for stock in broken {
        assert!(!stock.law_holds(), "{stock:?}");
    }
}

#[test]
fn a_breach_is_told_once_and_marks_the_product_for_good() {
    let mut book = StockBook::default();
    book.evolve(&record(defined(1, 1)));
    assert_eq!(book.evolve(&record(placed(1, Cod, &[(1, 2)]))), [(STORE, product_id(1))]);
    assert_eq!(book.evolve(&record(placed(2, Cod, &[(1, 1)]))), []);
    book.evolve(&record(received(1, 10)));
    let stock = book.get(STORE, product_id(1));
    assert!(stock.breached && stock.law_holds(), "it stays marked although the law holds again");
}

/// Returns the next fact, given the stock: the decisions of the engine in one line each.
fn next(
    kind: u8,
    units: u32,
    stock: &Stock,
    open: &mut Vec<(u64, u32, Bucket)>,
    n: u64,
) -> Option<Event> {
    let fits = i64::from(units) <= stock.available;
    match kind {
        0 => Some(received(1, units)),
        1 => Some(adjusted(1, i32::try_from(units).unwrap())),
        2 if fits => Some(adjusted(1, -i32::try_from(units).unwrap())),
        3 | 4 if fits => {
            let is_cod = kind == 3;
            open.push((n, units, if is_cod { Bucket::Allocated } else { Bucket::Held }));
            Some(placed(n, if is_cod { Cod } else { Razorpay }, &[(1, units)]))
        }
        5 | 6 => {
            let (n, units, from) = open.pop()?;
            let lines: &[(u64, u32)] = &[(1, units)];
            Some(match from {
                Bucket::Held if kind == 6 => expired(n, lines),
                _ => cancelled(n, from, lines),
            })
        }
        _ => None,
    }
}

proptest! {
    #[test]
    fn the_stock_law_holds_after_every_record(
        steps in prop::collection::vec((0..7_u8, 1..30_u32), 0..300),
    ) {
        let (mut book, mut open) = (StockBook::default(), Vec::new());
        for (n, (kind, units)) in (0..).zip(steps) {
            let stock = book.get(STORE, product_id(1));
            let Some(event) = next(kind, units, &stock, &mut open, n) else { continue };
            prop_assert!(book.evolve(&record(event)).is_empty());
            let stock = book.get(STORE, product_id(1));
            prop_assert!(stock.law_holds(), "{:?}", stock);
            let of = |bucket| open.iter().filter(|(_, _, b)| *b == bucket).map(|(_, u, _)| i64::from(*u)).sum::<i64>();
            prop_assert_eq!((stock.held, stock.allocated), (of(Bucket::Held), of(Bucket::Allocated)));
        }
    }
}
