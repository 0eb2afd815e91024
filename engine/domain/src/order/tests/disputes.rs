//! Customers who ask their bank for the money back.

use super::walk::{Walk, charge, id, refund};
use super::*;
use crate::payment::{ChargeStatus, DisputeStatus, RefundStatus, SeenDispute};
use crate::{Role, StockLine};

/// A report about `pay_1` of so many seconds after the first one.
fn dispute(status: DisputeStatus, amount: Paise, said_s: i64) -> Report {
    let dispute = SeenDispute {
        id: id("disp_1"),
        charge_id: id("pay_1"),
        amount,
        deducted: Paise::ZERO,
        status,
        reason_code: None,
        reason: None,
        respond_by_ms: None,
        said_at_ms: crate::samples::AT_MS + said_s * 1_000,
    };
    Report { disputes: vec![dispute], ..Report::default() }
}

/// An order that was paid and brought to its customer.
fn delivered() -> Walk {
    let mut walk = Walk::paid();
    walk.goes_to(Status::Delivered);
    walk
}

fn refund_of(amount: Paise) -> OrderCommand {
    OrderCommand::Refund { of: RefundOf::Amount(amount), reason: super::walk::reason() }
}

/// Captured, given back, kept and lost.
fn book(walk: &Walk) -> [Paise; 4] {
    let payment = walk.payment();
    [payment.captured(), payment.given_back(), payment.kept(), payment.lost()]
}

#[test]
fn a_lost_dispute_takes_money_that_is_neither_kept_nor_given_back() {
    let mut walk = delivered();
    let total = walk.order.placed.sums.total;
    let documents = walk.order.documents().len();
    walk.hears(dispute(DisputeStatus::Opened, total, 0));
    assert_eq!(book(&walk), [total, Paise::ZERO, total, Paise::ZERO], "while it is open");
    walk.hears(dispute(DisputeStatus::Lost, total, 1));
    assert_eq!(book(&walk), [total, Paise::ZERO, Paise::ZERO, total]);
    assert_eq!(walk.order.status, Status::Delivered);
    assert_eq!(walk.order.payment_status(), PaymentStatus::Completed, "nothing was refunded");
    assert_eq!(walk.order.documents().len(), documents, "the sale stands: no credit note");
    walk.may_not(Role::Support, &refund_of(total), 4004);
    assert!(walk.order.due_effects().is_empty());
}

#[test]
fn a_dispute_of_a_part_leaves_the_rest_to_be_refunded() {
    let (mut walk, part) = (delivered(), Paise::rupees(100));
    let total = walk.order.placed.sums.total;
    walk.hears(dispute(DisputeStatus::Lost, part, 0));
    walk.may_not(Role::Support, &refund_of(total), 4004);
    walk.does(Role::Support, &refund_of(total - part));
    walk.hears(refund("rfnd_1", Some(1), total - part, RefundStatus::Processed));
    assert_eq!(book(&walk), [total, total - part, Paise::ZERO, part]);
    assert_eq!(walk.order.payment_status(), PaymentStatus::PartiallyRefunded);
}

#[test]
fn what_the_provider_deducted_is_what_was_lost() {
    let mut walk = delivered();
    let total = walk.order.placed.sums.total;
    let mut lost = dispute(DisputeStatus::Lost, total, 0);
    lost.disputes[0].deducted = Paise(700);
    walk.hears(lost);
    assert_eq!(walk.payment().lost(), Paise(700));
}

#[test]
fn a_dispute_that_is_won_or_closed_changes_nothing_about_the_money() {
    for end in [DisputeStatus::Won, DisputeStatus::Closed] {
        let mut walk = delivered();
        let total = walk.order.placed.sums.total;
        walk.hears(dispute(DisputeStatus::Opened, total, 0));
        assert_eq!(walk.payment().open_disputes_count(), 1);
        walk.hears(dispute(end, total, 1));
        assert_eq!(book(&walk), [total, Paise::ZERO, total, Paise::ZERO], "{end:?}");
        assert_eq!(walk.payment().open_disputes_count(), 0);
        assert_eq!(walk.payment().disputes[0].seen.status, end);
    }
}

#[test]
fn a_refund_that_is_owed_gives_way_to_a_dispute_that_was_lost() {
    let mut walk = delivered();
    let total = walk.order.placed.sums.total;
    walk.does(Role::Support, &refund_of(total));
    walk.hears(dispute(DisputeStatus::Lost, total, 0));
    assert_eq!(book(&walk), [total, Paise::ZERO, Paise::ZERO, total]);
    assert!(walk.order.due_effects().is_empty(), "the customer has the money");
    // Had the provider paid it out by then, the dispute found nothing any more.
    walk.hears(refund("rfnd_1", Some(1), total, RefundStatus::Processed));
    assert_eq!(book(&walk), [total, total, Paise::ZERO, Paise::ZERO]);
}

#[test]
fn an_order_that_is_not_packed_yet_is_cancelled_when_its_money_is_lost() {
    let mut walk = Walk::paid();
    let total = walk.order.placed.sums.total;
    walk.hears(dispute(DisputeStatus::Lost, total, 0));
    assert_eq!((walk.order.status, walk.payment().lost()), (Status::Cancelled, total));
    let Some(Event::OrderCancelled { reason, lines, .. }) = walk.events.last() else {
        panic!("{:?}", walk.events)
    };
    assert_eq!(reason.as_deref(), Some("the money was lost in a dispute"));
    assert_eq!(lines.iter().map(|line: &StockLine| line.units).sum::<u32>(), 7, "units go back");
}

#[test]
fn a_report_of_a_dispute_that_is_known_or_older_is_no_fact() {
    let mut walk = delivered();
    let total = walk.order.placed.sums.total;
    let mut opened = dispute(DisputeStatus::Opened, total, 0);
    opened.disputes[0].respond_by_ms = Some(5);
    assert_eq!(walk.hears(opened.clone()).len(), 1);
    assert!(walk.hears(opened.clone()).is_empty(), "the same once more");
    assert_eq!(walk.hears(dispute(DisputeStatus::ActionRequired, total, 2)).len(), 1);
    assert!(walk.hears(dispute(DisputeStatus::UnderReview, total, 1)).is_empty(), "an older one");
    assert_eq!(walk.hears(dispute(DisputeStatus::UnderReview, total, 3)).len(), 1);
    let known = &walk.payment().disputes[0];
    assert_eq!(known.seen.respond_by_ms, Some(5), "the deadline stands until there is another");
    assert_eq!(walk.hears(dispute(DisputeStatus::Won, total, 0)).len(), 1, "a decision is");
    assert!(walk.hears(opened).is_empty() && walk.payment().open_disputes_count() == 0);
}

#[test]
fn reports_of_a_dispute_in_any_order_and_number_lead_to_one_end() {
    let start = Walk::being_paid();
    let total = start.order.placed.sums.total;
    let reports = [
        charge("pay_1", total, ChargeStatus::Captured),
        charge("pay_2", total, ChargeStatus::Captured),
        dispute(DisputeStatus::Opened, total, 0),
        dispute(DisputeStatus::UnderReview, total, 1),
        dispute(DisputeStatus::Lost, total, 2),
        refund("rfnd_1", None, Paise(3_000), RefundStatus::Processed),
    ];
    let mut ends = std::collections::BTreeMap::new();
    for n in 0..6_usize.pow(6) {
        let order = [1, 6, 36, 216, 1_296, 7_776].map(|place| n / place % 6);
        let at = |report| order.iter().position(|at| *at == report);
        // The first charge is the good one: which of two that are alike pays is no question here.
        if (0..6).any(|report| at(report).is_none()) || at(1) < at(0) {
            continue;
        }
        let (mut walk, mut set) = (start.clone(), 0);
        for report in order {
            set |= 1 << report;
            for _ in 0..2 {
                walk.hears(reports[report].clone());
            }
            let payment = walk.payment();
            let money = [payment.captured(), payment.kept(), payment.lost(), payment.given_back()];
            let end = (walk.order.status, money);
            assert_eq!(*ends.entry(set).or_insert(end), end, "{order:?}");
        }
    }
    assert_eq!(ends.len(), 47, "every set in which the second charge has the first before it");
}
