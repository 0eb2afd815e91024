//! Every order and any number of reports of one payment lead to one end.

use super::walk::{Walk, cancel, charge, refund};
use super::*;
use crate::Role;
use crate::payment::{ChargeStatus, RefundStatus};
use std::collections::BTreeMap;

/// Something that happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Authorized,
    Captured,
    Failed,
    /// Says the same as `Captured`, under another name.
    OrderPaid,
    RefundCreated,
    RefundProcessed,
    /// Of a part, by somebody at the provider.
    PartRefunded,
    /// The time to pay is over.
    Timer,
    /// The customer cancels.
    Cancel,
}

use Happens as H;

const REPORTS: [Happens; 6] =
    [H::Authorized, H::Captured, H::Failed, H::OrderPaid, H::RefundCreated, H::RefundProcessed];

const PART: Paise = Paise(3_000);

fn happens(walk: &mut Walk, what: Happens) {
    let amount = walk.order.placed.sums.total;
    let report = match what {
        H::Authorized => charge("pay_1", amount, ChargeStatus::Authorized),
        H::Captured | H::OrderPaid => charge("pay_1", amount, ChargeStatus::Captured),
        H::Failed => charge("pay_1", amount, ChargeStatus::Failed),
        H::RefundCreated => refund("rfnd_1", None, amount, RefundStatus::Accepted),
        H::RefundProcessed => refund("rfnd_1", None, amount, RefundStatus::Processed),
        H::PartRefunded => refund("rfnd_2", None, PART, RefundStatus::Processed),
        H::Timer => return drop(walk.timer_fires()),
        H::Cancel => return drop(walk.does(Role::Customer, &cancel())),
    };
    walk.hears(report);
}

fn story(walk: &Walk, all: &[Happens]) -> Walk {
    let mut walk = walk.clone();
    all.iter().for_each(|what| happens(&mut walk, *what));
    walk
}

/// The reports that a sequence holds, as one number; `order.paid` says what `captured` says.
fn set_of(all: &[Happens]) -> u32 {
    let same = |what: &Happens| if *what == H::OrderPaid { H::Captured } else { *what };
    all.iter().fold(0, |set, what| set | 1 << same(what) as u32)
}

/// Calls `tell` for every sequence of 1 to `most` of the reports.
fn sequences(most: u32, mut tell: impl FnMut(&[Happens])) {
    for length in 1..=most {
        for n in 0..6_usize.pow(length) {
            let all: Vec<_> = (0..length).map(|at| REPORTS[n / 6_usize.pow(at) % 6]).collect();
            tell(&all);
        }
    }
}

/// One end for each set of reports, whatever the key adds to it.
#[derive(Default)]
struct Ends(BTreeMap<(u32, u8), (Digest, Vec<Happens>)>);

impl Ends {
    fn must_be_one(&mut self, key: (u32, u8), walk: &Walk, all: &[Happens]) {
        let outcome = walk.order.outcome();
        let (known, by) = self.0.entry(key).or_insert_with(|| (outcome, all.to_vec()));
        assert_eq!(*known, outcome, "{all:?} ends otherwise than {by:?}: {:?}", walk.order);
    }
}

fn with(all: &[Happens], at: usize, what: Happens) -> Vec<Happens> {
    let mut all = all.to_vec();
    all.insert(at, what);
    all
}

fn is_captured(all: &[Happens]) -> bool {
    all.contains(&H::Captured) || all.contains(&H::OrderPaid)
}

fn is_refunded(all: &[Happens]) -> bool {
    all.contains(&H::RefundCreated) || all.contains(&H::RefundProcessed)
}

#[test]
fn reports_in_any_order_and_number_lead_to_one_end() {
    let (start, mut ends, mut count) = (Walk::being_paid(), Ends::default(), 0);
    sequences(6, |all| {
        let walk = story(&start, all);
        ends.must_be_one((set_of(all), 0), &walk, all);
        let wanted = match (is_captured(all), is_refunded(all)) {
            (true, true) => Status::Cancelled,
            (true, false) => Status::Placed,
            (false, _) => Status::PendingPayment,
        };
        assert_eq!(walk.order.status, wanted, "{all:?}");
        count += 1;
    });
    assert_eq!((count, ends.0.len()), (55_986, 31));
}

#[test]
fn money_that_comes_after_the_timer_ends_as_if_it_had_come_in_time_while_there_are_units() {
    let (start, mut ends) = (Walk::being_paid(), Ends::default());
    sequences(5, |all| {
        if is_captured(all) {
            let in_time = story(&start, all);
            ends.must_be_one((set_of(all), 0), &in_time, all);
        }
        for at in 0..=all.len() {
            let all = with(all, at, H::Timer);
            let walk = story(&start, &all);
            ends.must_be_one((set_of(&all) & !(1 << H::Timer as u32), 0), &walk, &all);
            if !is_captured(&all) {
                assert_eq!(walk.order.status, Status::Expired, "{all:?}");
            }
        }
    });
}

#[test]
fn money_that_comes_when_the_units_are_gone_is_owed_back() {
    let start = Walk { has_stock: false, ..Walk::being_paid() };
    let mut ends = Ends::default();
    sequences(5, |all| {
        for at in 0..=all.len() {
            if is_captured(&all[..at]) {
                continue; // It was paid in time.
            }
            let all = with(all, at, H::Timer);
            let walk = story(&start, &all);
            // A refund before the money is a wholly refunded order, and so is one after it.
            ends.must_be_one((set_of(&all), 0), &walk, &all);
            if is_captured(&all) {
                let payment = walk.payment();
                assert_eq!(walk.order.status, Status::Cancelled, "{all:?}");
                assert_eq!((payment.kept(), payment.given_back()), (Paise::ZERO, payment.due));
            } else {
                assert_eq!(walk.order.status, Status::Expired, "{all:?}");
            }
        }
    });
}

#[test]
fn a_refund_of_a_part_at_the_provider_counts_once_wherever_it_comes() {
    let start = Walk::being_paid();
    let gone = Walk { has_stock: false, ..start.clone() };
    let mut ends = Ends::default();
    sequences(4, |all| {
        for (at, timer) in (0..=all.len()).flat_map(|at| (0..=all.len() + 2).map(move |t| (at, t)))
        {
            let all = with(all, at, H::PartRefunded);
            if timer > all.len() {
                ends.must_be_one((set_of(&all), 0), &story(&start, &all), &all);
                continue;
            }
            let is_late = !is_captured(&all[..timer]);
            let all = with(&all, timer, H::Timer);
            let walk = story(&gone, &all);
            ends.must_be_one((set_of(&all), 1 + u8::from(is_late)), &walk, &all);
            let payment = walk.payment();
            if is_late && is_captured(&all) {
                assert_eq!((payment.kept(), payment.given_back()), (Paise::ZERO, payment.due));
            }
        }
    });
}

#[test]
fn what_the_customer_cancels_is_cancelled_and_nothing_is_kept() {
    let (start, mut ends) = (Walk::being_paid(), Ends::default());
    sequences(5, |all| {
        for at in 0..=all.len() {
            let all = with(all, at, H::Cancel);
            let walk = story(&start, &all);
            ends.must_be_one((set_of(&all), 0), &walk, &all);
            assert_eq!(walk.order.status, Status::Cancelled, "{all:?}");
            assert_eq!(walk.payment().kept(), Paise::ZERO);
        }
    });
    for all in [[H::Captured, H::PartRefunded], [H::PartRefunded, H::Captured]] {
        for at in 0..=2 {
            let all = with(&all, at, H::Cancel);
            let walk = story(&start, &all);
            ends.must_be_one((set_of(&all), 0), &walk, &all);
            assert_eq!(walk.payment().given_back(), walk.payment().due, "{all:?}");
        }
    }
}

#[test]
fn two_charges_in_any_order_leave_the_shop_with_one() {
    let amount = Walk::being_paid().order.placed.sums.total;
    let reports = [
        charge("pay_1", amount, ChargeStatus::Authorized),
        charge("pay_1", amount, ChargeStatus::Captured),
        charge("pay_2", amount, ChargeStatus::Authorized),
        charge("pay_2", amount, ChargeStatus::Captured),
        charge("pay_3", amount + Paise(1), ChargeStatus::Captured),
    ];
    for n in 0..5_usize.pow(5) {
        let order = [1, 5, 25, 125, 625].map(|place| n / place % 5);
        if (0..5).any(|report| !order.contains(&report)) {
            continue;
        }
        let mut walk = Walk::being_paid();
        order.iter().for_each(|at| _ = walk.hears(reports[*at].clone()));
        let payment = walk.payment();
        assert_eq!((walk.order.status, payment.kept()), (Status::Placed, amount), "{order:?}");
        assert_eq!(payment.given_back(), amount + amount + Paise(1));
    }
}

#[test]
fn a_refund_of_ours_that_is_first_heard_of_without_its_number_is_one_refund() {
    let known = |number| refund("rfnd_1", number, Paise(3_000), RefundStatus::Accepted);
    let done = |number| refund("rfnd_1", number, Paise(3_000), RefundStatus::Processed);
    for reports in [
        [known(None), known(Some(1)), done(None)],
        [known(Some(1)), known(None), done(None)],
        [done(None), known(None), known(Some(1))],
        [done(None), known(Some(1)), known(None)],
    ] {
        let mut walk = Walk::paid();
        let of = RefundOf::Amount(Paise(3_000));
        let reason = super::walk::reason();
        walk.does(Role::Support, &OrderCommand::Refund { of, reason });
        reports.into_iter().for_each(|report| _ = walk.hears(report));
        let payment = walk.payment();
        assert_eq!((payment.refunds.len(), payment.given_back()), (1, Paise(3_000)));
        assert_eq!(payment.refunds[0].status, RefundStatus::Processed);
        assert!(walk.order.due_effects().is_empty());
    }
}
