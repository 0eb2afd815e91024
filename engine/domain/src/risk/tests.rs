use super::*;
use crate::samples::{AT_MS, item};
use crate::{Bps, Customer, Fee, OrderLine, Sums};
use std::sync::Arc;

/// Noon in India.
const NOON: i64 = AT_MS + (12 * 60 - 330) * 60_000;

fn quote(total: i64, lines: &[(i64, u32)]) -> Quote {
    let line = |(n, (price, quantity)): (u64, &(i64, u32))| {
        OrderLine::new(Arc::new(item(n, Paise(*price), Bps(0))), *quantity)
    };
    let free = Fee { amount: Paise::ZERO, discount: Paise::ZERO, gst: Bps(0) };
    let sums = Sums { subtotal: Paise(total), total: Paise(total), ..Sums::of(&[], free) };
    Quote { lines: (1..).zip(lines).map(line).collect(), sums, coupon: None }
}

/// A customer who has bought for a year.
fn known() -> Buyer {
    let customer = Customer {
        placed: 30,
        delivered: 30,
        first_at_ms: NOON - 365 * DAY_MS,
        recent_ms: [NOON - DAY_MS; 8],
        ..Customer::default()
    };
    Buyer { customer, in_flight: 0, at_ms: NOON }
}

fn small() -> Quote {
    quote(50_001, &[(10_000, 5)])
}

#[test]
fn each_rule_counts_its_points() {
    let with = |change: &dyn Fn(&mut Buyer)| {
        let mut buyer = known();
        change(&mut buyer);
        buyer
    };
    let many: Vec<_> = vec![(1, 11); 5];
    let recent = |ms: i64| with(&move |buyer| buyer.customer.recent_ms[0] = NOON - ms);
    let cases = [
        ("nothing", small(), known(), 0),
        ("a round amount", quote(1_100_000, &[]), known(), 10),
        ("an odd amount", quote(111_111, &[]), known(), 25),
        ("a large amount", quote(5_000_001, &[]), known(), 8),
        ("a very large amount", quote(10_000_001, &[]), known(), 15),
        ("a new customer", small(), Buyer { at_ms: NOON, ..Buyer::default() }, 45),
        ("four at once", small(), with(&|buyer| buyer.in_flight = 4), 15),
        ("five at once", small(), with(&|buyer| buyer.in_flight = 5), 30),
        ("known for hours", small(), with(&|b| b.customer.first_at_ms = NOON - 1), 25),
        ("known for days", small(), with(&|b| b.customer.first_at_ms = NOON - DAY_MS), 15),
        ("known for weeks", small(), with(&|b| b.customer.first_at_ms = NOON - 8 * DAY_MS), 5),
        ("two orders so far", small(), with(&|b| b.customer.placed = 2), 10),
        ("a minute after", small(), recent(59_999), 20),
        ("minutes after", small(), recent(60_000), 10),
        ("five minutes after", small(), recent(300_000), 0),
        ("many units of many", quote(1, &many), known(), 15 + 40),
        ("dear things", quote(1, &[(500_001, 1); 4]), known(), 10),
        ("at night", small(), with(&|b| b.at_ms = NOON + 13 * HOUR_MS), 10),
    ];
    for (what, quote, buyer, points) in cases {
        assert_eq!(score(&quote, &buyer), points, "{what}");
    }
}

#[test]
fn the_score_ends_at_a_hundred() {
    let lines = vec![(500_001, 99); 50];
    let buyer = Buyer { in_flight: u32::MAX, at_ms: NOON, ..Buyer::default() };
    assert_eq!(score(&quote(333_333, &lines), &buyer), 100);
}
