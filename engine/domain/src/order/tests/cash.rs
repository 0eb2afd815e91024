//! Orders that were to be paid online and are paid in cash.

use super::walk::{Walk, charge};
use super::*;
use crate::payment::ChargeStatus;
use crate::samples::AT_MS;
use crate::{Customer, Role};

/// A customer who has bought for a year, and placed the order of the walk last.
fn regular() -> Customer {
    let day_ms = 24 * 60 * 60_000;
    let mut recent_ms = [AT_MS - day_ms; 8];
    recent_ms[0] = AT_MS;
    Customer { placed: 31, delivered: 30, first_at_ms: AT_MS - 365 * day_ms, recent_ms, fallen: 0 }
}

pub(super) fn turn_to_cash(reason: Option<crate::record::Reason>) -> OrderCommand {
    OrderCommand::TurnToCash { store: Arc::new(store()), customer: Box::new(regular()), reason }
}

#[test]
fn an_order_whose_payment_failed_is_paid_in_cash_and_goes_on() {
    let mut walk = Walk::being_paid();
    let total = walk.order.placed.sums.total;
    walk.hears(charge("pay_1", total, ChargeStatus::Failed));
    let events = walk.does(Role::Customer, &turn_to_cash(None));
    let Event::OrderTurnedToCash { lines, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(lines.len(), LINES.len(), "its units are its own now");
    assert_eq!((walk.order.status, walk.order.cash_due()), (Status::Placed, total));
    assert_eq!(walk.order.payment_status(), PaymentStatus::CodPending);
    assert_eq!(walk.order.countdown_ends_ms(), None);
    assert!(walk.timer_fires().is_empty(), "its hold is over and it stays");
    walk.goes_to(Status::Delivered);
    assert_eq!(walk.order.cash(), Some(total));
}

#[test]
fn money_that_comes_after_the_turn_to_cash_goes_back() {
    let mut walk = Walk::being_paid();
    let total = walk.order.placed.sums.total;
    walk.does(Role::Customer, &turn_to_cash(None));
    walk.hears(charge("pay_1", total, ChargeStatus::Captured));
    assert_eq!((walk.order.status, walk.payment().kept()), (Status::Placed, Paise::ZERO));
    assert_eq!(walk.order.cash_due(), total);
}

#[test]
fn cash_is_not_for_an_order_that_a_bank_pays_for_nor_beyond_its_limits() {
    let mut walk = Walk::being_paid();
    let total = walk.order.placed.sums.total;
    let mut late = walk.clone();
    late.now_ms = late.order.expires_at_ms(late.now_ms).unwrap();
    late.may_not(Role::Customer, &turn_to_cash(None), 3001);
    let with = |customer| OrderCommand::TurnToCash {
        store: Arc::new(Store { cod_maximum: Paise(total.0 - 1), ..store() }),
        customer,
        reason: None,
    };
    walk.may_not(Role::Customer, &with(Box::new(regular())), 4001);
    let hasty = Customer { recent_ms: [AT_MS; 8], ..regular() };
    let hasty = OrderCommand::TurnToCash {
        store: Arc::new(store()),
        customer: Box::new(hasty),
        reason: None,
    };
    walk.may_not(Role::Customer, &hasty, 4006);
    walk.hears(charge("pay_1", total, ChargeStatus::Authorized));
    walk.may_not(Role::Customer, &turn_to_cash(None), 3001);
}

#[test]
fn a_customer_without_an_order_is_as_they_were_before_it() {
    let before = Customer {
        placed: 1,
        first_at_ms: 5,
        recent_ms: [5, 0, 0, 0, 0, 0, 0, 0],
        ..Customer::default()
    };
    assert_eq!(before.without_order_of(5), Customer::default());
    assert_eq!(before.without_order_of(6), before);
    assert_eq!(regular().without_order_of(AT_MS).recent_ms[..7], regular().recent_ms[1..]);
}
