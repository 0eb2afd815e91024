//! An order as its customer follows it.

use super::walk::{Walk, answer, cancel, missing, reason, substitute};
use super::*;
use crate::Role;
use crate::order::progress::{LineProgress, Milestone};
use crate::payment::ChargeStatus;
use crate::samples::product_id;

/// Of each line: its product, then the units now, ordered and missing, and the missing amount.
fn lines(order: &Order) -> Vec<(u64, u32, u32, u32, i64)> {
    let line = |line: LineProgress<'_>| {
        let product = (1..=9).find(|n| product_id(*n) == line.now.item.id).unwrap();
        (product, line.now.quantity, line.ordered, line.missing, line.missing_amount.0)
    };
    order.lines_progress().map(line).collect()
}

#[test]
fn a_line_shows_what_was_ordered_what_is_missing_and_what_is_no_longer_paid_for_it() {
    let mut walk = Walk::of(new_order(1, PaymentMethod::Razorpay, &[(2, 5), (1, 2)]));
    walk.does(Role::Customer, &OrderCommand::StartPayment);
    let total = walk.order.placed.sums.total;
    walk.hears(walk::charge("pay_1", total, ChargeStatus::Captured));
    walk.goes_to(Status::Accepted);
    assert_eq!(lines(&walk.order), [(2, 5, 5, 0, 0), (1, 2, 2, 0, 0)], "as they were sent");
    walk.does(Role::Packer, &missing(&[(2, 2), (1, 2)]));
    assert_eq!(lines(&walk.order), [(2, 3, 5, 2, 20_000), (1, 0, 2, 2, 20_000)]);
    assert_eq!(walk.order.refunded(), Paise(40_000));
    assert_eq!(walk.order.sums().total + walk.order.refunded(), total);
}

#[test]
fn a_substitute_stands_behind_the_lines_that_were_ordered() {
    let order = NewOrder {
        preference: Preference::Ask,
        ..new_order(1, PaymentMethod::Cod, &[(2, 5), (1, 2)])
    };
    let mut walk = Walk::of(order);
    walk.goes_to(Status::Accepted);
    let placed = walk.order.lines().to_vec();
    walk.does(Role::Packer, &substitute(2, 5, Paise(9_000)));
    walk.does(Role::Customer, &answer(2, true));
    let (substitute, ..) = (walk.order.lines()[0].clone(), ());
    assert_ne!(substitute.item.id, placed[0].item.id, "it stands where the missing line stood");
    assert_eq!(walk.order.lines()[1], placed[1]);
    let shown: Vec<_> = walk.order.lines_progress().collect();
    let counts = |line: &LineProgress<'_>| (line.now.quantity, line.ordered, line.missing);
    assert_eq!(shown.iter().map(counts).collect::<Vec<_>>(), [(0, 5, 5), (2, 2, 0), (5, 0, 0)]);
    assert_eq!(*shown[2].now, substitute);
}

#[test]
fn units_that_came_back_are_returned_until_a_rider_has_them_again() {
    let mut walk = Walk::of(new_order(1, PaymentMethod::Cod, &[(2, 5), (1, 2)]));
    let returned = |walk: &Walk| -> Vec<u32> {
        walk.order.lines_progress().map(|line| line.returned).collect()
    };
    walk.goes_to(Status::OutForDelivery);
    assert_eq!(returned(&walk), [0, 0]);
    walk.does(Role::Rider, &OrderCommand::Fail { reason: reason() });
    assert_eq!(returned(&walk), [5, 2]);
    walk.does(Role::Support, &walk::assign());
    assert_eq!(returned(&walk), [0, 0], "they are about to leave again");
    let again = &mut walk.clone();
    again.goes_to(Status::Delivered);
    assert_eq!(returned(again), [0, 0]);
    walk.does(Role::Support, &OrderCommand::Cancel { reason: Some(reason()) });
    assert_eq!(returned(&walk), [5, 2], "they stay");
}

#[test]
fn every_step_leaves_its_time_and_an_unpaid_order_has_none_yet() {
    let mut walk = Walk::being_paid();
    assert_eq!(walk.order.stamps.iter().len(), 0);
    let mut times = Vec::new();
    walk.now_ms += 1_000;
    let total = walk.order.placed.sums.total;
    walk.hears(walk::charge("pay_1", total, ChargeStatus::Captured));
    times.push((Milestone::Confirmed, walk.now_ms));
    let steps = [
        (Status::Accepted, Milestone::Accepted),
        (Status::Packed, Milestone::Packed),
        (Status::Assigned, Milestone::Assigned),
        (Status::PickedUp, Milestone::PickedUp),
        (Status::OutForDelivery, Milestone::OutForDelivery),
        (Status::Delivered, Milestone::Delivered),
    ];
    for (status, milestone) in steps {
        walk.now_ms += 60_000;
        walk.goes_to(status);
        times.push((milestone, walk.now_ms));
        assert_eq!(walk.order.stamps.iter().collect::<Vec<_>>(), times);
    }
    let mut cash = Walk::placed(PaymentMethod::Cod);
    assert_eq!(cash.order.stamps.get(Milestone::Confirmed), Some(cash.now_ms));
    cash.now_ms += 1;
    cash.does(Role::Customer, &cancel());
    assert_eq!(cash.order.stamps.get(Milestone::Cancelled), Some(cash.now_ms));
}

#[test]
fn an_unpaid_order_has_one_countdown_and_a_paid_one_has_none() {
    let mut walk = Walk::being_paid();
    let hold_ends = walk.order.placed.hold_expires_at_ms;
    let attempt = |walk: &Walk| *walk.payment().attempts.last().unwrap();
    assert_eq!(walk.order.countdown_ends_ms(), hold_ends);
    assert_eq!(Some(walk.order.attempt_ends_ms(&attempt(&walk))), hold_ends);
    let total = walk.order.placed.sums.total;
    walk.hears(walk::charge("pay_1", total, ChargeStatus::Failed));
    // A minute before its end: this attempt makes the hold last longer.
    walk.now_ms = hold_ends.unwrap() - 60_000;
    walk.does(Role::Customer, &OrderCommand::StartPayment);
    let first = walk.payment().attempts[0];
    let ends = walk.order.countdown_ends_ms();
    assert_eq!(ends, Some(attempt(&walk).until_ms));
    assert_eq!(Some(walk.order.attempt_ends_ms(&attempt(&walk))), ends);
    assert_eq!(walk.order.attempt_ends_ms(&first), first.until_ms, "an earlier attempt is over");
    walk.hears(walk::charge("pay_2", total, ChargeStatus::Captured));
    assert_eq!(walk.order.countdown_ends_ms(), None);
    walk.goes_to(Status::Delivered);
    assert_eq!(walk.order.countdown_ends_ms(), None);
}

#[test]
fn the_estimate_counts_down_from_the_confirmation_and_ends_with_the_delivery() {
    let mut walk = Walk::being_paid();
    assert_eq!(walk.order.estimate_minutes(), None, "it may never be paid");
    walk.now_ms += 90_000;
    let total = walk.order.placed.sums.total;
    walk.hears(walk::charge("pay_1", total, ChargeStatus::Captured));
    assert_eq!(walk.order.estimate_minutes(), Some(30));
    walk.now_ms += 10 * 60_000 + 1;
    walk.goes_to(Status::Accepted);
    assert_eq!(walk.order.estimate_minutes(), Some(20), "a begun minute counts");
    walk.now_ms += 60 * 60_000;
    walk.goes_to(Status::OutForDelivery);
    assert_eq!(walk.order.estimate_minutes(), Some(0), "it is late");
    walk.goes_to(Status::Delivered);
    assert_eq!(walk.order.estimate_minutes(), None);
}

#[test]
fn an_order_that_is_not_paid_yet_is_not_announced_as_placed() {
    let words = |walk: &Walk| walk.events.iter().filter_map(Event::word).collect::<Vec<_>>();
    assert_eq!(words(&Walk::placed(PaymentMethod::Cod)), ["placed"]);
    let paid = words(&Walk::paid());
    assert_eq!((paid[0], paid.contains(&"placed")), ("pending_payment", false));
    assert_eq!(paid.iter().filter(|word| **word == "confirmed").count(), 1);
    for word in ["placed", "pending_payment", "confirmed"] {
        assert!(Event::words().any(|known| known == word), "{word}");
    }
}
