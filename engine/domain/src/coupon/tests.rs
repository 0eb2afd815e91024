mod dayliz;
mod ledger;

use super::*;
use crate::samples::{AT_MS, STORE};

fn code(text: &str) -> CouponCode {
    CouponCode::parse(text).unwrap()
}

/// Twenty per cent, at most 100, from 199 on, with no limit of uses.
fn coupon() -> Coupon {
    Coupon {
        store_id: STORE,
        code: code("WELCOME20"),
        kind: CouponKind::Percent { rate: Bps(2_000), cap: Some(Paise::rupees(100)) },
        minimum: Paise::rupees(199),
        first_order_only: false,
        per_customer_max: None,
        uses_max: None,
        budget: None,
        from_ms: None,
        until_ms: None,
        active: true,
    }
}

fn facts() -> CouponFacts {
    CouponFacts {
        at_ms: AT_MS,
        subtotal: Paise::rupees(300),
        earlier_orders: 0,
        used_by_customer: 0,
        uses: 0,
        spent: Paise::ZERO,
    }
}

#[test]
fn a_code_is_capitals_digits_and_dashes_however_it_was_typed() {
    for (typed, read) in [
        ("SAVE50", Some("SAVE50")),
        ("  save50\t", Some("SAVE50")),
        ("ABC", Some("ABC")),
        ("A-1", Some("A-1")),
        ("12345678901234567890123456789012", Some("12345678901234567890123456789012")),
        ("123456789012345678901234567890123", None),
        ("AB", None),
        ("", None),
        ("SAVE 50", None),
        ("SAVE_50", None),
        ("SÄVE50", None),
        ("SAVE५०", None),
        ("SAVE\n50", None),
        // The small long s has a capital in ASCII, and is none.
        ("ſave50", None),
    ] {
        assert_eq!(CouponCode::parse(typed).as_deref(), read, "{typed:?}");
    }
}

#[test]
fn a_discount_is_never_more_than_what_it_is_taken_off() {
    let percent =
        |rate, cap: Option<i64>| CouponKind::Percent { rate: Bps(rate), cap: cap.map(Paise) };
    for (kind, subtotal, fee, off) in [
        (percent(2_000, Some(10_000)), 19_900, 2_500, (3_980, 0)),
        (percent(2_000, Some(10_000)), 50_000, 2_000, (10_000, 0)),
        (percent(2_000, Some(10_000)), 50_001, 0, (10_000, 0)),
        (percent(2_000, None), 50_003, 0, (10_001, 0)),
        (percent(10_000, None), 12_345, 2_500, (12_345, 0)),
        (percent(1_500, None), 0, 2_500, (0, 0)),
        (CouponKind::Amount(Paise(5_000)), 29_900, 2_000, (5_000, 0)),
        (CouponKind::Amount(Paise(5_000)), 4_999, 2_500, (4_999, 0)),
        (CouponKind::FreeDelivery, 29_900, 2_000, (0, 2_000)),
        (CouponKind::FreeDelivery, 59_900, 0, (0, 0)),
    ] {
        let coupon = Coupon { kind, ..coupon() };
        let (items, delivery) = coupon.discount(Paise(subtotal), Paise(fee));
        assert_eq!((items.0, delivery.0), off, "{kind:?} on {subtotal} and {fee}");
    }
}

#[test]
fn each_limit_refuses_for_its_own_reason_and_not_one_step_earlier() {
    let below = CouponIssue::BelowMinimum { subtotal: Paise(19_899), minimum: Paise(19_900) };
    let first = || Coupon { first_order_only: true, per_customer_max: Some(5), ..coupon() };
    let twice = || Coupon { per_customer_max: Some(2), ..coupon() };
    let ten = || Coupon { uses_max: Some(10), ..coupon() };
    let budget = || Coupon { budget: Some(Paise(1_000)), ..coupon() };
    let from = || Coupon { from_ms: Some(AT_MS), ..coupon() };
    let until = || Coupon { until_ms: Some(AT_MS), ..coupon() };
    let cases: Vec<(Coupon, CouponFacts, Option<CouponIssue>)> = vec![
        (coupon(), facts(), None),
        (Coupon { active: false, ..coupon() }, facts(), Some(CouponIssue::Inactive)),
        (from(), facts(), None),
        (from(), CouponFacts { at_ms: AT_MS - 1, ..facts() }, Some(CouponIssue::NotYet)),
        (until(), CouponFacts { at_ms: AT_MS - 1, ..facts() }, None),
        (until(), facts(), Some(CouponIssue::Over)),
        (coupon(), CouponFacts { subtotal: Paise(19_900), ..facts() }, None),
        (coupon(), CouponFacts { subtotal: Paise(19_899), ..facts() }, Some(below)),
        (first(), facts(), None),
        (first(), CouponFacts { earlier_orders: 1, ..facts() }, Some(CouponIssue::FirstOrderOnly)),
        // A first order that is on its way is a use, though not an earlier order yet.
        (first(), CouponFacts { used_by_customer: 1, ..facts() }, Some(CouponIssue::CustomerLimit)),
        (twice(), CouponFacts { used_by_customer: 1, earlier_orders: 9, ..facts() }, None),
        (twice(), CouponFacts { used_by_customer: 2, ..facts() }, Some(CouponIssue::CustomerLimit)),
        (ten(), CouponFacts { uses: 9, ..facts() }, None),
        (ten(), CouponFacts { uses: 10, ..facts() }, Some(CouponIssue::UsedUp)),
        (budget(), CouponFacts { spent: Paise(900), ..facts() }, None),
        (budget(), CouponFacts { spent: Paise(901), ..facts() }, Some(CouponIssue::BudgetSpent)),
    ];
    for (coupon, facts, issue) in cases {
        assert_eq!(coupon.check(&facts, Paise(100)).err(), issue, "{coupon:?} {facts:?}");
    }
}

#[test]
fn a_coupon_for_a_first_order_is_for_one_use_whatever_else_it_says() {
    let limit = |first_order_only, per_customer_max| {
        Coupon { first_order_only, per_customer_max, ..coupon() }.customer_limit()
    };
    assert_eq!(limit(false, None), None);
    assert_eq!(limit(false, Some(3)), Some(3));
    assert_eq!(limit(true, None), Some(1));
    assert_eq!(limit(true, Some(3)), Some(1));
}

#[test]
fn a_coupon_that_makes_no_sense_is_not_defined() {
    let kind = |kind| Coupon { kind, ..coupon() };
    let percent = |rate, cap| kind(CouponKind::Percent { rate: Bps(rate), cap });
    for (coupon, fault) in [
        (coupon(), None),
        (kind(CouponKind::FreeDelivery), None),
        (percent(10_000, None), None),
        (percent(0, None), Some(CouponFault::Rate)),
        (percent(10_001, None), Some(CouponFault::Rate)),
        (percent(1, Some(Paise::ZERO)), Some(CouponFault::Amount)),
        (kind(CouponKind::Amount(Paise::ZERO)), Some(CouponFault::Amount)),
        (kind(CouponKind::Amount(Paise(PRICE_PAISE_MAX + 1))), Some(CouponFault::Amount)),
        (Coupon { minimum: Paise(-1), ..coupon() }, Some(CouponFault::Amount)),
        (Coupon { budget: Some(Paise::ZERO), ..coupon() }, Some(CouponFault::Amount)),
        (Coupon { uses_max: Some(0), ..coupon() }, Some(CouponFault::NoUses)),
        (Coupon { per_customer_max: Some(0), ..coupon() }, Some(CouponFault::NoUses)),
        (Coupon { from_ms: Some(5), until_ms: Some(5), ..coupon() }, Some(CouponFault::Times)),
        (Coupon { from_ms: Some(5), until_ms: Some(6), ..coupon() }, None),
    ] {
        assert_eq!(coupon.validate().err(), fault, "{coupon:?}");
    }
}

#[test]
fn an_issue_is_known_by_its_number_and_speaks_without_figures() {
    for (at, (issue, number, name)) in CouponIssue::NAMES.into_iter().enumerate() {
        assert_eq!((usize::from(number), issue.number()), (at + 1, number));
        assert_eq!(issue.name(), name);
        let sentence = issue.to_string();
        assert!(!sentence.contains(|c: char| c.is_ascii_digit()), "{sentence}");
    }
    let below = CouponIssue::BelowMinimum { subtotal: Paise(1), minimum: Paise(2) };
    assert_eq!(CouponIssue::from_number(5, Paise(1), Paise(2)), Some(below));
    assert_eq!(below.amounts(), Some((Paise(1), Paise(2))));
    assert_eq!(CouponIssue::from_number(9, Paise(1), Paise(2)), Some(CouponIssue::BudgetSpent));
    for unknown in [0, 10, 255] {
        assert_eq!(CouponIssue::from_number(unknown, Paise::ZERO, Paise::ZERO), None);
    }
}

#[test]
fn a_coupon_is_defined_in_a_store_that_has_room_for_it() {
    use crate::limits::COUPONS_PER_STORE_MAX;
    use crate::{Event, Unfit};
    use std::sync::Arc;
    let mut book = CouponBook::default();
    assert_eq!(book.decide(coupon(), false), Err(Unfit::StoreUnknown));
    let defined = |coupon| Ok(Some(Event::CouponDefined { coupon: Arc::new(coupon) }));
    assert_eq!(book.decide(coupon(), true), defined(coupon()));
    book.define(Arc::new(coupon()));
    assert_eq!(book.decide(coupon(), true), Ok(None), "it is so already");
    for n in 1..COUPONS_PER_STORE_MAX {
        book.define(Arc::new(Coupon { code: code(&format!("CODE-{n}")), ..coupon() }));
    }
    let more = Coupon { code: code("ONE-MORE"), ..coupon() };
    assert_eq!(book.decide(more, true), Err(Unfit::TooMany));
    let anew = Coupon { active: false, ..coupon() };
    assert_eq!(
        book.decide(anew.clone(), true),
        defined(anew),
        "a known one is changed all the same"
    );
}
