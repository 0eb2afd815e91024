//! Money that nobody knows what for, and the order that has it in the end.

use super::*;
use crate::Paise;
use crate::samples::{AT_MS, order_id, record, text};

fn charge(id: &str) -> LooseCharge {
    LooseCharge { id: text(id), amount: Paise(5_000), provider_order_id: None, hint: None }
}

fn seen(id: &str) -> Record {
    record(Event::LooseMoneySeen { charge: Box::new(charge(id)) })
}

fn of_order(n: u64, id: &str) -> Record {
    let status = ChargeStatus::Captured;
    let charge = SeenCharge { id: text(id), amount: Paise(5_000), status, failure: None };
    record(Event::ChargeSeen { order_id: order_id(n), charge })
}

#[test]
fn loose_money_is_open_until_an_order_has_it_and_stays_that_orders() {
    let mut book = LooseBook::default();
    assert!(book.is_news(&charge("pay_1")));
    book.evolve(&seen("pay_1"));
    book.evolve(&Record { at_ms: AT_MS + 1, ..seen("pay_1") });
    assert!(!book.is_news(&charge("pay_1")) && book.is_news(&charge("pay_2")));
    assert_eq!((book.iter().count(), book.open_count()), (1, 1));
    assert_eq!(book.get(&text("pay_1")).unwrap().seen_at_ms, AT_MS, "the first message counts");
    let report = book.decide_assign(&text("pay_1")).unwrap();
    assert_eq!((report.amount, report.status), (Paise(5_000), ChargeStatus::Captured));
    book.evolve(&of_order(1, "pay_1"));
    book.evolve(&of_order(2, "pay_1"));
    let assigned = book.get(&text("pay_1")).unwrap().assigned.unwrap();
    assert_eq!((assigned.order_id, book.open_count()), (order_id(1), 0));
    assert_eq!(book.decide_assign(&text("pay_1")), Err(Rejection::PaymentSettled));
    assert_eq!(book.decide_assign(&text("pay_2")), Err(Rejection::PaymentSettled));
}

#[test]
fn a_charge_of_an_order_is_no_loose_money() {
    let mut book = LooseBook::default();
    book.evolve(&of_order(1, "pay_1"));
    assert_eq!(book, LooseBook::default());
}

#[test]
fn what_a_checkpoint_has_twice_is_no_book() {
    let loose = Loose { charge: charge("pay_1"), seen_at_ms: AT_MS, assigned: None };
    assert!(LooseBook::restore([loose.clone()]).is_some());
    assert_eq!(LooseBook::restore([loose.clone(), loose]), None);
}
