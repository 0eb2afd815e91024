use super::*;
use crate::tools::samples::{DAY_END, HandMade, STORE, day, defined, opened, order_id, product_id};
use crate::tools::samples::{cancelled, placed};
use crate::tools::{Log, ToolError, Until};
use kirana_domain::{Lsn, Paise, Status};
use std::ops::ControlFlow;

/// Position, order number, change of available, and what is available then.
type Line = (u64, Option<String>, i64, i64);

fn ledger(log: &HandMade, n: u64, from: u64, until: Until) -> (Ledger, Vec<Line>) {
    let reader = log.reader();
    let mut lines = Vec::new();
    let key = (STORE, product_id(n));
    let ledger = stock(&Log::new(&*reader), key, (Lsn(from), until), &mut |it| {
        let number = it.order.and_then(|(_, number)| number.map(str::to_owned));
        lines.push((it.lsn.0, number, it.change.available, it.after.available));
        ControlFlow::Continue(())
    });
    (ledger.unwrap(), lines)
}

fn line(lsn: u64, order: u64, change: i64, available: i64) -> Line {
    (lsn, Some(format!("TUR-{order:06}")), change, available)
}

#[test]
fn a_ledger_ends_in_the_number_that_a_replay_has() {
    let log = day();
    let (ledger, lines) = ledger(&log, 1, 1, Until::End);
    assert_eq!(
        lines,
        [
            (2, None, 10, 10),
            line(4, 1, -2, 8),
            line(5, 2, -3, 5),
            line(6, 2, 3, 8),
            line(12, 1, 0, 8),
        ]
    );
    let reader = log.reader();
    let state = Log::new(&*reader).replay(Until::End).unwrap().state;
    assert_eq!(ledger.closing, state.stock.get(STORE, product_id(1)));
    assert_eq!((ledger.closing.shipped, ledger.movements), (2, 5));
    assert_eq!((ledger.first_breach, ledger.through), (None, DAY_END));
    assert_eq!(&*ledger.product.unwrap().name, "Product 1");
}

#[test]
fn a_part_of_a_ledger_opens_with_what_was_before_it() {
    let (ledger, lines) = ledger(&day(), 1, 5, Until::Lsn(Lsn(6)));
    assert_eq!(lines, [line(5, 2, -3, 5), line(6, 2, 3, 8)]);
    assert_eq!((ledger.opening.available, ledger.opening.allocated), (8, 2));
    assert_eq!(ledger.closing.available, 8);
}

#[test]
fn the_first_record_that_breaks_the_law_is_named() {
    let log = HandMade::of(vec![
        opened(),
        defined(1, 1),
        placed(1, &[(1, 2)]),
        cancelled(1, &[(1, 2)]),
        placed(2, &[(1, 5)]),
    ]);
    assert_eq!(ledger(&log, 1, 1, Until::End).0.first_breach, Some(Lsn(3)));
    // Also where the lines begin later.
    assert_eq!(ledger(&log, 1, 4, Until::End).0.first_breach, Some(Lsn(3)));
}

#[test]
fn a_product_that_nobody_speaks_of_is_unknown() {
    let log = day();
    let reader = log.reader();
    let key = (STORE, product_id(9));
    let all = (Lsn(1), Until::End);
    let unknown = stock(&Log::new(&*reader), key, all, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(unknown, Err(ToolError::Unknown(_))));
}

#[test]
fn the_story_of_an_order_has_every_record_and_its_money() {
    let log = day();
    let reader = log.reader();
    let log = Log::new(&*reader);
    let mut told = Vec::new();
    let order = order(&log, order_id(1), Until::End, &mut |it| {
        told.push((it.lsn.0, it.order.status, Money::of(it.order)));
        ControlFlow::Continue(())
    });
    let order = order.unwrap();
    let due = |paise| Money { total: Paise(32_500), cash_due: Paise(paise), ..Money::default() };
    assert_eq!(told[0], (4, Status::Placed, due(32_500)));
    let collected = Money { cash_collected: Paise(32_500), ..due(0) };
    assert_eq!(*told.last().unwrap(), (14, Status::Delivered, collected));
    assert_eq!(told.iter().map(|it| it.0).collect::<Vec<_>>(), [4, 7, 8, 9, 11, 12, 13, 14]);
    assert_eq!(order.version(), 8);
    let early =
        super::order(&log, order_id(3), Until::Lsn(Lsn(9)), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(early, Err(ToolError::Unknown(_))));
}
