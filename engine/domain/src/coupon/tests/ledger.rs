//! What was used, taken and given back.

use super::*;
use crate::digest::Digester;
use crate::limits::COUPONS_PER_STORE_MAX;
use crate::{Digest, PersonId, StoreId};
use proptest::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

fn customer(n: u8) -> PersonId {
    PersonId(Uuid::from_u128(n.into()))
}

fn digest(book: &CouponBook) -> Digest {
    let mut digester = Digester::default();
    book.write_to(&mut digester);
    digester.finish()
}

#[test]
fn a_book_keeps_what_was_used_when_a_coupon_is_defined_anew() {
    let mut book = CouponBook::default();
    let save = code("WELCOME20");
    assert_eq!(book.get(STORE, &save), None);
    assert_eq!(book.uses(STORE, &save).uses, 0);
    book.define(Arc::new(coupon()));
    book.take(STORE, &save, customer(1), Paise(500));
    book.define(Arc::new(Coupon { active: false, ..coupon() }));
    assert!(!book.get(STORE, &save).unwrap().active);
    let uses = book.uses(STORE, &save);
    assert_eq!((uses.uses, uses.spent, uses.by(customer(1))), (1, Paise(500), 1));
    assert_eq!(uses.by(customer(2)), 0);
}

#[test]
fn coupons_of_two_stores_with_one_code_are_two_coupons() {
    let other = StoreId(Uuid::from_u128(2));
    let mut book = CouponBook::default();
    for (store_id, name) in [(STORE, "ZZZ"), (STORE, "AAA"), (other, "AAA")] {
        book.define(Arc::new(Coupon { store_id, code: code(name), ..coupon() }));
    }
    book.take(STORE, &code("AAA"), customer(1), Paise(1));
    assert_eq!(book.uses(other, &code("AAA")).uses, 0);
    let listed: Vec<_> = book.of_store(STORE).map(|(c, uses)| (&*c.code, uses.uses)).collect();
    assert_eq!(listed, [("AAA", 1), ("ZZZ", 0)]);
    assert_eq!(book.of_store(StoreId(Uuid::from_u128(3))).count(), 0);
}

#[test]
fn a_full_store_defines_no_further_coupon_but_may_change_one() {
    let mut book = CouponBook::default();
    for n in 0..COUPONS_PER_STORE_MAX {
        assert!(book.has_room_for(STORE, &code(&format!("C-{n}"))));
        book.define(Arc::new(Coupon { code: code(&format!("C-{n}")), ..coupon() }));
    }
    assert!(!book.has_room_for(STORE, &code("ONE-MORE")));
    assert!(book.has_room_for(STORE, &code("C-0")));
    assert!(book.has_room_for(StoreId(Uuid::from_u128(2)), &code("ONE-MORE")));
}

#[test]
fn each_member_of_a_coupon_shows_in_the_digest() {
    let of = |coupon: Coupon| {
        let mut book = CouponBook::default();
        book.define(Arc::new(coupon));
        digest(&book)
    };
    let kind = |kind| Coupon { kind, ..coupon() };
    let changed = [
        coupon(),
        Coupon { store_id: StoreId(Uuid::from_u128(2)), ..coupon() },
        Coupon { code: code("OTHER"), ..coupon() },
        kind(CouponKind::Percent { rate: Bps(2_000), cap: None }),
        kind(CouponKind::Percent { rate: Bps(2_000), cap: Some(Paise(1)) }),
        kind(CouponKind::Amount(Paise(2_000))),
        kind(CouponKind::FreeDelivery),
        Coupon { minimum: Paise::ZERO, ..coupon() },
        Coupon { first_order_only: true, ..coupon() },
        Coupon { per_customer_max: Some(1), ..coupon() },
        Coupon { uses_max: Some(1), ..coupon() },
        Coupon { budget: Some(Paise(1)), ..coupon() },
        Coupon { from_ms: Some(0), ..coupon() },
        Coupon { until_ms: Some(0), ..coupon() },
        Coupon { active: false, ..coupon() },
    ];
    let digests: Vec<Digest> = changed.into_iter().map(of).collect();
    for (at, digest) in digests.iter().enumerate() {
        assert_eq!(digests.iter().position(|other| other == digest), Some(at));
    }
}

#[test]
#[should_panic(expected = "gave back what was taken")]
fn who_took_nothing_gives_nothing_back() {
    let mut uses = CouponUses::default();
    uses.take(customer(1), Paise(1));
    uses.give_back(customer(2), Paise(1));
}

/// One step of a shop's day: an order of a customer, or the end of the n-th order that stands.
#[derive(Clone, Debug)]
enum Step {
    Order { customer: u8, subtotal: i64, fee: i64 },
    Cancel(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let order = (0..6_u8, 0..100_000_i64, 0..3_000_i64)
        .prop_map(|(customer, subtotal, fee)| Step::Order { customer, subtotal, fee });
    let cancel = any::<prop::sample::Index>().prop_map(Step::Cancel);
    prop::collection::vec(prop_oneof![3 => order, 1 => cancel], 0..80)
}

fn limited() -> impl Strategy<Value = Coupon> {
    let kind = prop_oneof![
        (1..=10_000_u16, prop::option::of(1..20_000_i64)).prop_map(|(rate, cap)| {
            CouponKind::Percent { rate: Bps(rate), cap: cap.map(Paise) }
        }),
        (1..20_000_i64).prop_map(|amount| CouponKind::Amount(Paise(amount))),
        Just(CouponKind::FreeDelivery),
    ];
    let limits = (
        prop::option::of(1..4_u32),
        prop::option::of(1..12_u32),
        prop::option::of(1..60_000_i64),
        any::<bool>(),
    );
    (kind, limits, 0..50_000_i64).prop_map(|(kind, limits, minimum)| Coupon {
        kind,
        minimum: Paise(minimum),
        per_customer_max: limits.0,
        uses_max: limits.1,
        budget: limits.2.map(Paise),
        first_order_only: limits.3,
        ..coupon()
    })
}

proptest! {
    /// Every step is a check, and then a take only if it passed: no limit is ever passed, and when
    /// all orders are gone the ledger is as new.
    #[test]
    fn no_order_of_checks_and_takes_overruns_a_limit(coupon in limited(), steps in steps()) {
        let mut book = CouponBook::default();
        book.define(Arc::new(coupon.clone()));
        let fresh = digest(&book);
        let mut standing: Vec<(PersonId, Paise)> = Vec::new();
        for step in steps {
            match step {
                Step::Order { customer: n, subtotal, fee } => {
                    let (items, delivery) = coupon.discount(Paise(subtotal), Paise(fee));
                    let (who, off) = (customer(n), items + delivery);
                    prop_assert!(items <= Paise(subtotal) && delivery <= Paise(fee));
                    let uses = book.uses(STORE, &coupon.code);
                    let earlier = uses.by(who);
                    let facts = uses.facts(who, earlier, Paise(subtotal), AT_MS);
                    if coupon.check(&facts, off).is_ok() {
                        book.take(STORE, &coupon.code, who, off);
                        standing.push((who, off));
                    }
                }
                Step::Cancel(which) if !standing.is_empty() => {
                    let (who, off) = standing.swap_remove(which.index(standing.len()));
                    book.give_back(STORE, &coupon.code, who, off);
                }
                Step::Cancel(_) => (),
            }
            let uses = book.uses(STORE, &coupon.code);
            prop_assert_eq!(uses.uses as usize, standing.len());
            prop_assert_eq!(uses.spent, standing.iter().map(|(_, off)| *off).sum::<Paise>());
            prop_assert!(coupon.budget.is_none_or(|budget| uses.spent <= budget));
            prop_assert!(coupon.uses_max.is_none_or(|max| uses.uses <= max));
            for (who, count) in uses.customers() {
                prop_assert!(count > 0 && coupon.customer_limit().is_none_or(|max| count <= max));
                prop_assert_eq!(count as usize, standing.iter().filter(|(w, _)| *w == who).count());
            }
        }
        for (who, off) in standing.drain(..) {
            book.give_back(STORE, &coupon.code, who, off);
        }
        prop_assert_eq!(digest(&book), fresh);
    }

    #[test]
    fn giving_back_restores_the_ledger_to_the_byte(
        before in prop::collection::vec((0..6_u8, 0..10_000_i64), 0..20),
        who in 0..6_u8,
        amount in 0..10_000_i64,
    ) {
        let mut book = CouponBook::default();
        book.define(Arc::new(coupon()));
        for (n, amount) in before {
            book.take(STORE, &coupon().code, customer(n), Paise(amount));
        }
        let expected = digest(&book);
        book.take(STORE, &coupon().code, customer(who), Paise(amount));
        prop_assert_ne!(digest(&book), expected);
        book.give_back(STORE, &coupon().code, customer(who), Paise(amount));
        prop_assert_eq!(digest(&book), expected);
    }
}
