//! Money that is too small to go back, attempts that are opened again, and charges that come twice.

use super::walk::{Walk, cancel, charge, missing, reason, refund};
use super::*;
use crate::payment::{
    ChargeStatus, Effect, FailedEffect, PaymentStatus, RefundReason, RefundStatus,
};
use crate::samples::{item, stock_lines, text};
use crate::{Fee, OrderLine, Role, Sums};

/// Two bags of 50 paise and two milk of 27 rupees, without a fee, paid online and accepted.
fn bag_and_milk(bags: u32, milks: u32) -> Walk {
    let line = |n, price, units| OrderLine::new(Arc::new(item(n, Paise(price), Bps(500))), units);
    let lines = vec![line(1, 50, bags), line(2, 2_700, milks)];
    let fee = Fee { amount: Paise::ZERO, discount: Paise::ZERO, gst: Bps(0) };
    let sums = Sums::of(&lines, fee);
    let placed = NewOrder { lines, sums, ..new_order(1, PaymentMethod::Razorpay, LINES) };
    let mut walk = Walk::of(placed);
    walk.does(Role::Customer, &OrderCommand::StartPayment);
    walk.hears(charge("pay_1", sums.total, ChargeStatus::Captured));
    walk.goes_to(Status::Accepted);
    walk
}

/// The amounts that are owed, with their reasons; the provider pays each of them out.
fn pays_out(walk: &mut Walk) -> Vec<(i64, RefundReason)> {
    let owed = walk.payment().refunds.clone();
    for owed in owed.iter().filter(|owed| owed.status == RefundStatus::Owed) {
        let asked = walk.payment().to_ask_for(owed);
        assert!(asked >= Paise(100), "the provider refuses {asked:?}");
        let number = owed.number.unwrap();
        let name = format!("rfnd_{number}");
        walk.hears(refund(&name, Some(number), asked, RefundStatus::Processed));
    }
    assert_eq!(walk.order.due_effects(), []);
    assert_ne!(walk.order.payment_status(), PaymentStatus::RefundPending);
    walk.payment().refunds.iter().map(|refund| (refund.amount.0, refund.reason)).collect()
}

#[test]
fn a_refund_under_a_rupee_is_a_rupee_that_counts_for_the_next() {
    let mut walk = bag_and_milk(2, 2);
    walk.does(Role::Packer, &missing(&[(1, 1)]));
    assert_eq!(walk.order.due_effects(), [Effect::Refund(1)]);
    assert_eq!(pays_out(&mut walk), [(100, RefundReason::LineChanged)]);
    walk.does(Role::Packer, &missing(&[(1, 1)]));
    assert_eq!(walk.order.due_effects(), [], "the second half was in the rupee");
    walk.does(Role::Packer, &missing(&[(2, 1)]));
    assert_eq!(pays_out(&mut walk)[1], (2_700, RefundReason::LineChanged));
    walk.does(Role::Customer, &cancel());
    assert_eq!(pays_out(&mut walk)[2], (2_700, RefundReason::Cancelled));
    assert_eq!(walk.payment().kept(), Paise::ZERO);
    assert_eq!(walk.order.payment_status(), PaymentStatus::Refunded);
}

#[test]
fn the_last_of_a_charge_that_cannot_go_back_is_a_credit_and_at_rest() {
    let mut walk = bag_and_milk(1, 1);
    let amount = RefundOf::Amount(Paise(2_700));
    walk.does(Role::Support, &OrderCommand::Refund { of: amount, reason: reason() });
    walk.does(Role::Customer, &cancel());
    let all = pays_out(&mut walk);
    assert_eq!(all, [(2_700, RefundReason::Support), (50, RefundReason::Credited)]);
    assert_eq!(walk.payment().kept(), Paise::ZERO);
    assert_eq!(walk.order.payment_status(), PaymentStatus::Refunded);
    assert!(walk.order.is_settled() && walk.order.is_finished());
}

#[test]
fn a_refund_under_a_rupee_never_takes_all_that_an_order_is_worth() {
    let mut walk = bag_and_milk(2, 1);
    walk.does(Role::Packer, &missing(&[(2, 1)]));
    assert_eq!(pays_out(&mut walk), [(2_700, RefundReason::LineChanged)]);
    walk.does(Role::Packer, &missing(&[(1, 1)]));
    assert_eq!(pays_out(&mut walk)[1], (50, RefundReason::Credited));
    walk.hears(Report::default());
    assert_eq!(walk.order.status, Status::Accepted, "a bag is still to be brought");
}

#[test]
fn a_refund_call_under_a_rupee_is_refused() {
    let mut walk = bag_and_milk(2, 2);
    let refund = |of| OrderCommand::Refund { of, reason: reason() };
    walk.may_not(Role::Support, &refund(RefundOf::Units(stock_lines(&[(1, 1)]))), 4008);
    walk.may_not(Role::Support, &refund(RefundOf::Amount(Paise(99))), 4008);
    walk.does(Role::Support, &refund(RefundOf::Amount(Paise(5_450))));
    walk.may_not(Role::Support, &refund(RefundOf::All), 4008);
    walk.may_not(Role::Support, &refund(RefundOf::Amount(Paise(51))), 4004);
}

#[test]
fn what_a_refund_at_the_provider_leaves_under_a_rupee_is_credited() {
    let mut walk = bag_and_milk(2, 2);
    walk.does(Role::Packer, &missing(&[(2, 1)]));
    walk.hears(refund("rfnd_x", None, Paise(2_750), RefundStatus::Processed));
    assert_eq!(walk.order.due_effects(), [Effect::Refund(1)], "2,700 of 2,750 are owed");
    walk.hears(refund("rfnd_y", None, Paise(2_690), RefundStatus::Processed));
    assert_eq!(walk.order.due_effects(), [], "60 paise are left for it");
    let credit = walk.payment().refunds.last().unwrap();
    assert_eq!((credit.amount, credit.reason), (Paise(60), RefundReason::Credited));
    assert_eq!(walk.payment().kept(), Paise::ZERO);
}

#[test]
fn a_refund_that_was_too_small_for_the_provider_comes_to_rest_when_it_is_tried_again() {
    // As the release before decided it: owed as it was, and given up.
    for (bags, milks, before, asked) in [(2, 2, 0, Some(100)), (1, 1, 2_700, None)] {
        let mut walk = bag_and_milk(bags, milks);
        if before > 0 {
            walk.hears(refund("rfnd_0", None, Paise(before), RefundStatus::Processed));
        }
        let owed = crate::payment::OwedRefund {
            number: 1,
            charge_id: text("pay_1"),
            amount: Paise(50),
            reason: RefundReason::LineChanged,
            note: None,
        };
        let order_id = walk.order.placed.id;
        walk.order.apply(&Event::RefundOwed { order_id, refund: owed }, walk.now_ms);
        let error = text("below the minimum");
        let trouble =
            FailedEffect { effect: Effect::Refund(1), tries: 1, retry_at_ms: None, error };
        walk.does(Role::System, &OrderCommand::EffectFailed { trouble });
        walk.does(Role::Support, &OrderCommand::RetryEffects { reason: Some(reason()) });
        let refund = walk.payment().refund(1).unwrap();
        let ask = asked.map(|_| walk.payment().to_ask_for(refund).0);
        assert_eq!(ask, asked);
        assert_eq!(walk.order.due_effects().is_empty(), asked.is_none());
        assert!(walk.payment().kept() >= Paise::ZERO);
    }
}

#[test]
fn an_open_attempt_is_gone_on_with_and_only_failures_count() {
    let mut walk = Walk::being_paid();
    let total = walk.order.placed.sums.total;
    for _ in 0..5 {
        assert_eq!(walk.does(Role::Customer, &OrderCommand::StartPayment), []);
    }
    assert_eq!((walk.payment().attempts.len(), walk.payment().attempts_left()), (1, 3));
    walk.now_ms += crate::limits::ATTEMPT_MS;
    let began = walk.does(Role::Customer, &OrderCommand::StartPayment);
    assert_eq!(began.len(), 1, "the first one ran out of time");
    assert_eq!((walk.payment().attempts.len(), walk.payment().attempts_left()), (2, 3));
    walk.hears(charge("pay_1", total, ChargeStatus::Failed));
    assert_eq!(walk.payment().attempts_left(), 2);
    walk.does(Role::Customer, &OrderCommand::StartPayment);
    walk.hears(charge("pay_2", total, ChargeStatus::Authorized));
    assert_eq!(walk.does(Role::Customer, &OrderCommand::StartPayment), [], "a bank has said yes");
}

#[test]
fn an_order_paid_twice_whose_second_charge_went_back_is_completed() {
    let mut walk = Walk::paid();
    let total = walk.order.placed.sums.total;
    walk.hears(charge("pay_2", total, ChargeStatus::Captured));
    assert_eq!(walk.order.payment_status(), PaymentStatus::Completed);
    let seen = crate::payment::SeenRefund {
        id: text("rfnd_1"),
        charge_id: text("pay_2"),
        number: Some(1),
        amount: total,
        status: RefundStatus::Processed,
    };
    walk.hears(Report { refunds: vec![seen], ..Report::default() });
    assert_eq!(walk.order.payment_status(), PaymentStatus::Completed);
    assert_eq!(walk.payment().refunds[0].reason, RefundReason::PaidTwice);
    walk.does(Role::Customer, &cancel());
    assert_eq!(walk.order.payment_status(), PaymentStatus::RefundPending);
}
