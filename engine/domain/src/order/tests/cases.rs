//! Cases of other shops (`cases.md`), as far as the rules alone can show them.

use super::walk::{
    Walk, answer, assign, cancel, charge, id, missing, other_rider, reason, refund, substitute,
};
use super::*;
use crate::Role;
use crate::payment::{
    Attempt, ChargeStatus, Effect, FailedEffect, RefundReason, RefundStatus, SeenCharge,
};
use crate::samples::person;

fn captured(name: &str, walk: &Walk) -> Report {
    charge(name, walk.order.placed.sums.total, ChargeStatus::Captured)
}

fn count(events: &[Event], is: impl Fn(&Event) -> bool) -> usize {
    events.iter().filter(|event| is(event)).count()
}

fn is_confirmed(event: &Event) -> bool {
    matches!(event, Event::OrderConfirmed { .. })
}

// Cases 28, 29 and 40: medusajs/medusa#13301, #4798; Sylius/Sylius#15172.
#[test]
fn the_customer_and_the_webhook_that_tell_of_one_payment_confirm_one_order_once() {
    let mut walk = Walk::being_paid();
    let report = captured("pay_1", &walk);
    let first = walk.does(Role::Customer, &OrderCommand::Report(report.clone()));
    assert_eq!(count(&first, is_confirmed), 1);
    assert_eq!(walk.hears(report), [], "the second one is no news, and no refusal either");
    assert_eq!(walk.order.due_effects(), [], "and nothing is captured twice");
}

// Cases 30, 32 and 33: saleor/saleor#11133, vendurehq/vendure#2620, spree/spree#9265.
#[test]
fn a_customer_who_pays_twice_gets_the_second_payment_back() {
    let mut walk = Walk::paid();
    let events = walk.hears(captured("pay_2", &walk));
    let [Event::ChargeSeen { .. }, Event::RefundOwed { refund, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((&refund.charge_id, refund.amount), (&id("pay_2"), walk.order.placed.sums.total));
    assert_eq!(refund.reason, RefundReason::PaidTwice);
    assert_eq!((walk.order.status, walk.payment().kept()), (Status::Placed, refund.amount));
}

// Case 31: saleor/saleor PR#15855.
#[test]
fn an_order_whose_payment_was_refunded_is_not_delivered() {
    let mut walk = Walk::paid();
    walk.goes_to(Status::Accepted);
    walk.hears(refund("rfnd_1", None, walk.order.placed.sums.total, RefundStatus::Processed));
    assert_eq!(walk.order.status, Status::Cancelled);
    walk.may_not(Role::Packer, &OrderCommand::Pack { reason: None }, 3001);
}

// Case 32: pinelab-vendure-plugins#620, vendure PR#3734.
#[test]
fn a_webhook_that_comes_three_times_settles_once() {
    let mut walk = Walk::being_paid();
    let report = captured("pay_1", &walk);
    let told: Vec<_> = (0..3).map(|_| walk.hears(report.clone()).len()).collect();
    assert_eq!((told, walk.order.status), (vec![2, 0, 0], Status::Placed));
}

// Case 34: openfoodfoundation/openfoodnetwork#3925, #2690.
#[test]
fn three_cards_that_are_charged_for_one_order_leave_one_charge() {
    let mut walk = Walk::being_paid();
    for name in ["pay_1", "pay_2", "pay_3"] {
        walk.hears(captured(name, &walk));
    }
    let payment = walk.payment();
    assert_eq!((payment.kept(), payment.charges.len()), (payment.due, 3));
    assert_eq!(walk.order.due_effects(), [Effect::Refund(1), Effect::Refund(2)]);
}

// Case 36: juspay/hyperswitch#13182, medusajs/medusa PR#16097.
#[test]
fn two_refunds_that_are_more_than_the_payment_do_not_both_succeed() {
    let mut walk = Walk::paid();
    let total = walk.order.placed.sums.total;
    let command = |amount| OrderCommand::Refund { of: RefundOf::Amount(amount), reason: reason() };
    walk.goes_to(Status::Packed);
    walk.does(Role::Support, &command(Paise(total.0 * 6 / 10)));
    walk.may_not(Role::Support, &command(Paise(total.0 * 6 / 10)), 4004);
    walk.does(Role::Support, &command(Paise(total.0 - total.0 * 6 / 10)));
    walk.may_not(Role::Support, &command(Paise(1)), 4004);
    assert_eq!((walk.payment().kept(), walk.payment().given_back()), (Paise::ZERO, total));
    walk.may_not(Role::Support, &command(Paise(-1)), 4004);
    walk.may_not(Role::Customer, &command(Paise(1)), 3004);
}

// Case 36: the same units are not given back beyond what they were paid with.
#[test]
fn a_refund_of_units_that_names_a_product_twice_is_of_their_sum() {
    let units = |lines: &[(u64, u32)]| OrderCommand::Refund {
        of: RefundOf::Units(crate::samples::stock_lines(lines)),
        reason: reason(),
    };
    let mut walk = Walk::paid();
    walk.goes_to(Status::Packed);
    walk.may_not(Role::Support, &units(&[(1, 1), (1, 2)]), 1003);
    walk.may_not(Role::Support, &units(&[(1, 0)]), 1003);
    walk.may_not(Role::Support, &units(&[(7, 1)]), 3006);
    walk.may_not(Role::Support, &units(&[(1, 1); 51]), 1002);
    walk.does(Role::Support, &units(&[(1, 1), (1, 1)]));
    assert_eq!(walk.payment().given_back(), Paise::rupees(200), "two units of 100 rupees");
}

// Case 37: razorpay/razorpay-magento#291. That every payment has an order is in `permutations`.
#[test]
fn the_provider_s_order_is_made_once_however_often_it_is_told() {
    let mut walk = Walk::being_paid();
    let other = Report { provider_order_id: Some(id("order_2")), ..Report::default() };
    assert_eq!(walk.hears(other), []);
    assert_eq!(walk.payment().provider_order_id, Some(id("order_1")));
}

// Case 38: razorpay/razorpay-woocommerce#664. All orders of reports are in `permutations`.
#[test]
fn a_refund_that_is_heard_of_before_its_payment_is_not_dropped() {
    let mut walk = Walk::being_paid();
    let total = walk.order.placed.sums.total;
    walk.hears(refund("rfnd_1", None, total, RefundStatus::Accepted));
    walk.hears(charge("pay_1", total, ChargeStatus::Authorized));
    walk.hears(captured("pay_1", &walk));
    assert_eq!((walk.order.status, walk.payment().kept()), (Status::Cancelled, Paise::ZERO));
    assert_eq!(walk.order.due_effects(), [], "it is not given back a second time");
}

// Case 39: juspay/hyperswitch#5298, #3751.
#[test]
fn a_refund_whose_id_was_never_learned_is_found_by_its_number() {
    let mut walk = Walk::paid();
    walk.does(Role::Customer, &cancel());
    let trouble = |tries, retry_at_ms| FailedEffect {
        effect: Effect::Refund(1),
        tries,
        retry_at_ms,
        error: crate::samples::text("the gateway timed out"),
    };
    walk.does(Role::System, &OrderCommand::EffectFailed { trouble: trouble(1, Some(AT_MS + 1)) });
    assert_eq!(walk.order.due_effects(), [Effect::Refund(1)], "it is asked for again");
    walk.does(Role::System, &OrderCommand::EffectFailed { trouble: trouble(9, None) });
    walk.may_not(Role::Customer, &OrderCommand::RetryEffects { reason: None }, 3004);
    walk.does(Role::Support, &OrderCommand::RetryEffects { reason: Some(reason()) });
    assert_eq!(walk.payment().troubles[0].retry_at_ms, Some(walk.now_ms));
    walk.hears(refund("rfnd_1", Some(1), walk.order.placed.sums.total, RefundStatus::Processed));
    assert_eq!((walk.payment().troubles.len(), walk.order.due_effects().len()), (0, 0));
    assert_eq!(walk.order.payment_status(), PaymentStatus::Refunded);
    let late = OrderCommand::EffectFailed { trouble: trouble(10, None) };
    assert_eq!(walk.does(Role::System, &late), [], "what has come true is no trouble");
}

// Cases 39 and 42: a refund that the provider could not pay out is owed again, not for ever.
#[test]
fn a_refund_that_fails_is_owed_again_a_few_times() {
    let mut walk = Walk::paid();
    walk.does(Role::Customer, &cancel());
    let total = walk.order.placed.sums.total;
    for number in 1..=6 {
        assert_eq!(walk.order.due_effects(), [Effect::Refund(number)]);
        let name = format!("rfnd_{number}");
        let failed = refund(&name, Some(number), total, RefundStatus::Failed);
        let Decision::Now(events) = walk
            .order
            .decide(&OrderCommand::Report(failed), &Principal::SYSTEM, &walk.facts())
            .unwrap()
        else {
            panic!("nothing is taken")
        };
        assert_eq!(events.len(), if number == 6 { 1 } else { 2 }, "{number}");
        for event in events {
            walk.order.apply(&event, walk.now_ms);
        }
    }
    assert_eq!(walk.payment().kept(), total, "support has to look at it");
}

// Case 41 and 43: vendurehq/vendure#3065, saleor/saleor#13422.
#[test]
fn an_order_that_is_paid_does_not_stay_unpaid() {
    let mut walk = Walk::being_paid();
    walk.timer_fires();
    assert_eq!(walk.order.status, Status::Expired);
    let events = walk.hears(captured("pay_1", &walk));
    assert_eq!((walk.order.status, count(&events, is_confirmed)), (Status::Placed, 1));
    let mut walk = Walk { has_stock: false, ..Walk::being_paid() };
    walk.timer_fires();
    walk.hears(captured("pay_1", &walk));
    assert_eq!(walk.order.status, Status::Cancelled);
    assert_eq!(walk.payment().refunds[0].reason, RefundReason::TooLate);
    assert_eq!(walk.order.payment_status(), PaymentStatus::RefundPending);
}

// Case 41: money that comes when nobody looks for it any more goes back at once.
#[test]
fn money_that_comes_days_later_brings_nothing_back() {
    let mut walk = Walk::being_paid();
    walk.timer_fires();
    walk.now_ms = AT_MS + crate::limits::PAYMENT_LATE_MS;
    let events = walk.hears(captured("pay_1", &walk));
    assert_eq!((walk.order.status, count(&events, is_confirmed)), (Status::Cancelled, 0));
    assert_eq!(walk.payment().kept(), Paise::ZERO);
}

// Case 42: vendurehq/vendure#1330.
#[test]
fn an_authorized_payment_is_captured_and_holds_the_units_meanwhile() {
    let mut walk = Walk::being_paid();
    let total = walk.order.placed.sums.total;
    walk.hears(charge("pay_1", total, ChargeStatus::Authorized));
    assert_eq!(walk.order.due_effects(), [Effect::Capture(id("pay_1"))]);
    assert_eq!(walk.order.payment_status(), PaymentStatus::Authorized);
    let end = walk.order.placed.hold_expires_at_ms.unwrap();
    walk.now_ms = end + HOLD_EXTENSION_MS - 1;
    walk.may_not(Role::System, &OrderCommand::Expire, 3002);
    walk.timer_fires();
    assert_eq!(walk.order.status, Status::Expired, "not for ever");
}

// Case 42: vendurehq/vendure#4013, an edit and its undoing refund nothing that is not due.
#[test]
fn a_proposal_that_is_refused_gives_back_what_is_missing_and_nothing_more() {
    let mut walk = asked();
    let before = walk.order.sums().total;
    walk.does(Role::Packer, &substitute(1, 1, Paise(9_000)));
    assert_eq!((walk.order.sums().total, walk.payment().given_back()), (before, Paise::ZERO));
    let events = walk.does(Role::Customer, &answer(1, false));
    let Event::LinesChanged { change, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!((change.back.len(), change.missing.len()), (1, 1));
    assert_eq!(walk.payment().given_back(), Paise(10_000));
    assert_eq!(walk.payment().kept(), walk.order.sums().total);
}

/// A paid order, accepted, whose customer wants to be asked.
fn asked() -> Walk {
    wants(Preference::Ask)
}

fn wants(preference: Preference) -> Walk {
    let order = NewOrder { preference, ..new_order(1, PaymentMethod::Razorpay, LINES) };
    let mut walk = Walk::of(order);
    walk.does(Role::Customer, &OrderCommand::StartPayment);
    walk.hears(captured("pay_1", &walk));
    walk.goes_to(Status::Accepted);
    walk
}

// Case 42: vendurehq/vendure#1197, stuck while modifying.
#[test]
fn an_open_proposal_is_answered_before_packing_and_ends_with_a_cancellation() {
    let mut walk = asked();
    walk.does(Role::Packer, &substitute(1, 2, Paise(12_000)));
    walk.may_not(Role::Packer, &OrderCommand::Pack { reason: None }, 3008);
    walk.may_not(Role::Packer, &missing(&[(1, 1)]), 3008);
    walk.may_not(Role::Packer, &substitute(2, 1, Paise(1)), 3007);
    let events = walk.clone().does(Role::Customer, &cancel());
    let Event::OrderCancelled { lines, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(lines.len(), 3, "what was on offer goes back too");
    walk.does(Role::Customer, &answer(1, true));
    walk.does(Role::Packer, &OrderCommand::Pack { reason: None });
    assert_eq!(
        walk.order.sums().total,
        walk.order.placed.sums.total,
        "the dearer one costs no more"
    );
}

#[test]
fn a_swap_needs_units_and_costs_at_most_what_it_replaces() {
    let mut walk = wants(Preference::Swap);
    walk.has_stock = false;
    walk.may_not(Role::Packer, &substitute(1, 2, Paise(9_000)), 2001);
    walk.has_stock = true;
    walk.does(Role::Packer, &substitute(1, 2, Paise(9_000)));
    assert_eq!(walk.payment().given_back(), Paise(2_000), "the difference goes back");
    assert_eq!(walk.order.lines().len(), 2);
    wants(Preference::Refund).may_not(Role::Packer, &substitute(1, 1, Paise(1)), 3009);
}

#[test]
fn an_order_never_has_more_lines_than_fit_in_one_record() {
    let lines: Vec<_> = (1..=50).map(|n| (100 + n, 2)).collect();
    let order =
        NewOrder { preference: Preference::Swap, ..new_order(1, PaymentMethod::Cod, &lines) };
    let mut walk = Walk::of(order);
    walk.goes_to(Status::Accepted);
    walk.may_not(Role::Packer, &substitute(101, 1, Paise(1)), 1002);
    walk.may_not(Role::Packer, &missing(&[(101, 1); 51]), 1002);
    walk.does(Role::Packer, &substitute(101, 2, Paise(1)));
    assert_eq!(walk.order.lines().len(), 50);
}

// Case 44: medusajs/medusa#16398.
#[test]
fn a_payment_that_failed_lets_the_customer_try_again_until_the_third_time() {
    let mut walk = Walk::being_paid();
    let total = walk.order.placed.sums.total;
    for attempt in 1..=3 {
        walk.hears(charge(&format!("pay_{attempt}"), total, ChargeStatus::Failed));
        assert_eq!(walk.order.payment_status(), PaymentStatus::Failed);
        if attempt < 3 {
            walk.does(Role::Customer, &OrderCommand::StartPayment);
            assert_eq!(walk.order.payment_status(), PaymentStatus::Processing);
        }
    }
    walk.may_not(Role::Customer, &OrderCommand::StartPayment, 4003);
    walk.timer_fires();
    assert_eq!(walk.order.payment_status(), PaymentStatus::TimedOut);
}

// Case 44: medusajs/medusa#10333 and #5457.
#[test]
fn a_cancelled_order_keeps_no_payment_authorized_or_captured() {
    let mut walk = Walk::being_paid();
    let total = walk.order.placed.sums.total;
    walk.hears(charge("pay_1", total, ChargeStatus::Authorized));
    walk.does(Role::Customer, &cancel());
    walk.hears(captured("pay_1", &walk));
    assert_eq!((walk.order.status, walk.payment().kept()), (Status::Cancelled, Paise::ZERO));
    let mut walk = Walk::paid();
    walk.does(Role::Customer, &cancel());
    assert_eq!(walk.payment().given_back(), total);
    assert_eq!(walk.payment().refunds[0].reason, RefundReason::Cancelled);
}

// Case 44: medusajs/medusa#14205. An amount that is not the order's completes nothing.
#[test]
fn a_payment_of_another_amount_confirms_nothing_and_goes_back() {
    let mut walk = Walk::being_paid();
    let total = walk.order.placed.sums.total;
    walk.hears(charge("pay_1", total - Paise(1), ChargeStatus::Captured));
    assert_eq!(walk.order.status, Status::PendingPayment);
    assert_eq!(walk.payment().refunds[0].reason, RefundReason::WrongAmount);
    walk.hears(captured("pay_2", &walk));
    assert_eq!((walk.order.status, walk.payment().kept()), (Status::Placed, total));
}

// Case 45: medusajs/medusa#6500, #11703.
#[test]
fn an_order_that_comes_back_still_has_its_own_units() {
    let mut walk = Walk::placed(PaymentMethod::Cod);
    walk.has_stock = false;
    walk.goes_to(Status::DeliveryFailed);
    assert_eq!((walk.order.status.bucket(), walk.order.rider()), (Some(Bucket::Allocated), None));
    let rider_id = other_rider();
    walk.does(Role::Support, &OrderCommand::Assign { rider_id, reason: Some(reason()) });
    assert_eq!(walk.order.status, Status::Assigned);
    walk.may_not(Role::Rider, &OrderCommand::PickUp { reason: None }, 3004);
    walk.does(Role::Support, &assign());
    walk.goes_to(Status::Delivered);
    assert_eq!(walk.order.cash(), Some(walk.order.sums().total));
}

#[test]
fn an_order_is_not_assigned_to_a_rider_who_cannot_take_it() {
    let mut walk = Walk::placed(PaymentMethod::Cod);
    walk.goes_to(Status::Packed);
    let by = person(Role::Support);
    for no in
        [Rejection::RiderUnknown, Rejection::RiderOffShift, Rejection::RiderFull { capacity: 3 }]
    {
        let facts = Context { rider: Err(no.clone()), ..walk.facts() };
        assert_eq!(walk.order.decide(&assign(), &by, &facts), Err(no.clone()));
        let stranger = person(Role::Packer);
        let hidden = walk.order.decide(&assign(), &stranger, &facts);
        assert_eq!(hidden, Err(Rejection::NotYours), "who may not ask learns nothing of riders");
    }
    assert_eq!(walk.order.on_the_way(), None);
    walk.does(Role::Support, &assign());
    assert_eq!(walk.order.on_the_way().map(|rider| rider.accepted), Some(false));
    walk.goes_to(Status::Delivered);
    assert_eq!(walk.order.on_the_way(), None, "it has arrived");
}

// Case 45: what had left and came back can be given up, with a credit note for its invoice.
#[test]
fn an_order_that_comes_back_can_be_cancelled_by_support() {
    let mut walk = Walk::paid();
    walk.goes_to(Status::DeliveryFailed);
    walk.may_not(Role::Customer, &cancel(), 3001);
    let events = walk.does(Role::Support, &OrderCommand::Cancel { reason: Some(reason()) });
    let is_note =
        |event: &Event| matches!(event, Event::InvoiceIssued { is_credit_note: true, .. });
    assert_eq!((events.len(), count(&events, is_note)), (3, 1), "{events:?}");
    assert_eq!(walk.order.documents().len(), 2);
}

// Case 46 and 11: an order that loses its last line is no order.
#[test]
fn an_order_of_which_nothing_is_there_is_cancelled_and_paid_back_whole() {
    let mut walk = Walk::paid();
    walk.goes_to(Status::Accepted);
    walk.does(Role::Packer, &missing(&[(1, 2)]));
    assert_eq!(walk.payment().given_back(), Paise::rupees(200));
    walk.does(Role::Packer, &missing(&[(2, 4), (2, 1)]));
    assert_eq!((walk.order.status, walk.payment().kept()), (Status::Cancelled, Paise::ZERO));
    let Some(Event::OrderCancelled { lines, .. }) =
        walk.events.iter().find(|event| matches!(event, Event::OrderCancelled { .. }))
    else {
        panic!("it is cancelled")
    };
    assert!(lines.is_empty(), "what is missing left the books, and does not come back");
}

// Case 50: spree/spree#6879. The payment's data stays with its order, whatever becomes of it.
#[test]
fn an_order_that_ends_keeps_what_was_tried_to_pay_it() {
    let mut walk = Walk::being_paid();
    let total = walk.order.placed.sums.total;
    walk.hears(charge("pay_1", total, ChargeStatus::Failed));
    walk.does(Role::Customer, &cancel());
    assert_eq!(walk.payment().charges.len(), 1);
    assert_eq!(walk.payment().provider_order_id, Some(id("order_1")));
    let started = Attempt { started_at_ms: AT_MS, until_ms: AT_MS + crate::limits::ATTEMPT_MS };
    assert_eq!(walk.payment().attempts, [started]);
}

// Case 33: spree PR#13938. A cash order has no payment that anybody could begin; what comes all
// the same goes back.
#[test]
fn a_cash_order_takes_no_money_online() {
    let mut walk = Walk::placed(PaymentMethod::Cod);
    walk.may_not(Role::Customer, &OrderCommand::StartPayment, 3001);
    let all = OrderCommand::Refund { of: RefundOf::All, reason: reason() };
    walk.may_not(Role::Support, &all, 4002);
    let total = walk.order.placed.sums.total;
    let charge = SeenCharge {
        id: id("pay_1"),
        amount: total,
        status: ChargeStatus::Captured,
        failure: None,
    };
    walk.hears(Report { charges: vec![charge], ..Report::default() });
    assert_eq!((walk.order.status, walk.payment().kept()), (Status::Placed, Paise::ZERO));
    walk.hears(refund("rfnd_1", Some(1), total, RefundStatus::Processed));
    walk.goes_to(Status::OutForDelivery);
    let deliver = |cash| OrderCommand::Deliver { cash, reason: None };
    walk.may_not(Role::Rider, &deliver(total - Paise(1)), 4005);
    walk.does(Role::Rider, &deliver(total));
    assert_eq!(walk.order.payment_status(), PaymentStatus::CodCollected);
}

#[test]
fn a_stranger_is_not_told_that_an_order_is_cancelled() {
    let mut walk = Walk::placed(PaymentMethod::Cod);
    walk.does(Role::Customer, &cancel());
    assert_eq!(walk.tries(&person(Role::Customer), &cancel()), Ok(Vec::new()));
    let stranger = crate::samples::stranger(Role::Customer);
    assert_eq!(walk.tries(&stranger, &cancel()), Err(Rejection::NotYours));
}

// A refund of ours that paid out less than was owed leaves the rest owed.
#[test]
fn what_the_provider_pays_out_is_what_counts() {
    let mut walk = Walk::paid();
    walk.does(Role::Customer, &cancel());
    let total = walk.order.placed.sums.total;
    walk.hears(refund("rfnd_1", Some(1), total - Paise(500), RefundStatus::Processed));
    assert_eq!(walk.order.due_effects(), [Effect::Refund(2)]);
    assert_eq!(walk.payment().refund(2).unwrap().amount, Paise(500));
}
