//! Books from the parts that a checkpoint keeps, and what no book is made of.

use super::*;
use crate::samples::{CUSTOMER, RIDER};
use crate::webhook_endpoints::{Endpoint, Hook};
use crate::{
    AddressBook, AddressId, Cart, CartBook, CashBook, Coupon, CouponBook, CouponCode, CouponKind,
    CouponUses, Customer, Customers, EndpointBook, EndpointId, KeyBook, KeyEntry, KnownKey, Stock,
    StockBook,
};
use std::collections::BTreeMap;

const OTHER: PersonId = PersonId(Uuid::from_u128(0x77));

fn key(n: u8) -> KnownKey {
    KnownKey {
        at_ms: AT_MS - i64::from(n),
        id: [n; 16],
        entry: KeyEntry { fingerprint: [9; 16], lsn: Lsn(n.into()) },
        by: Some(CUSTOMER),
        is_refusal: n == 2,
    }
}

fn coupon(n: u64) -> Arc<Coupon> {
    Arc::new(Coupon {
        store_id: STORE,
        code: CouponCode::parse(&format!("SAVE-{n}")).unwrap(),
        kind: CouponKind::FreeDelivery,
        minimum: Paise::ZERO,
        first_order_only: false,
        per_customer_max: None,
        uses_max: None,
        budget: None,
        from_ms: None,
        until_ms: None,
        active: true,
    })
}

fn hook(n: u128) -> Hook {
    let endpoint = Endpoint {
        id: EndpointId(Uuid::from_u128(n)),
        store_id: None,
        url: text("https://erp.example"),
        events: Vec::new(),
        active: true,
        secret: Arc::from([1]),
        previous: None,
    };
    Hook {
        endpoint: Arc::new(endpoint),
        created_at_ms: AT_MS,
        since: Lsn(1),
        position: Lsn(2),
        retries: BTreeMap::new(),
        disabled: None,
    }
}

#[test]
fn keys_come_back_in_the_order_of_the_log_whatever_the_clock_said() {
    let keys = [key(1), key(3), key(2)];
    let mut book = KeyBook::default();
    assert!(keys.iter().all(|key| book.add(*key)));
    assert!(book.by_time().eq(&keys));
    assert!(!book.add(key(3)), "one answer for a key");
}

#[test]
fn carts_come_back_with_the_store_that_was_used_last() {
    let cart = |at_ms| Cart { updated_at_ms: at_ms, version: Lsn(4), ..Cart::default() };
    let elsewhere = StoreId(Uuid::from_u128(0));
    // The store that sorts first was used last.
    let carts =
        [(CUSTOMER, STORE, cart(1)), (CUSTOMER, elsewhere, cart(1)), (OTHER, STORE, cart(3))];
    let book = CartBook::restore(carts.clone()).unwrap();
    assert_eq!(book.last_store(CUSTOMER), Some(elsewhere));
    let told: Vec<_> = book.iter().map(|(id, store_id, it)| (id, store_id, it.clone())).collect();
    assert_eq!(told, carts);
    assert!(CartBook::restore([carts[0].clone(), carts[0].clone()]).is_none());
}

#[test]
fn what_belongs_to_people_comes_back_and_nobody_twice() {
    let (sealed, address_id) = (Arc::<[u8]>::from([1, 2]), AddressId(Uuid::from_u128(1)));
    let addresses = [(CUSTOMER, address_id, Arc::clone(&sealed)), (OTHER, address_id, sealed)];
    let book = AddressBook::restore(addresses.clone()).unwrap();
    assert!(book.iter().map(|(id, at, sealed)| (id, at, Arc::clone(sealed))).eq(addresses.clone()));
    assert!(AddressBook::restore([addresses[0].clone(), addresses[0].clone()]).is_none());

    let known = [(CUSTOMER, Customer { placed: 3, ..Customer::default() })];
    let book = Customers::restore(known).unwrap();
    assert!(book.iter().map(|(id, it)| (id, *it)).eq(known));
    assert!(Customers::restore([known[0], known[0]]).is_none());

    // The same delivery twice is two deliveries.
    let cash = [(STORE, RIDER, 2, Paise(5)), (STORE, RIDER, 2, Paise(5))];
    assert!(CashBook::restore(cash).unwrap().iter().eq(cash));
    assert!(CashBook::restore([(STORE, RIDER, 2, Paise::ZERO)]).is_none());

    let book = EndpointBook::restore([hook(1), hook(2)]).unwrap();
    assert!(book.iter().eq([&hook(1), &hook(2)]));
    assert!(EndpointBook::restore([hook(1), hook(1)]).is_none());
    assert!(EndpointBook::restore((0..33).map(hook)).is_none(), "endpoints have a bound");
}

#[test]
fn a_ledger_that_breaks_the_law_comes_back_only_with_its_mark() {
    let whole = Stock { received: 5, available: 5, ..Stock::default() };
    let broken = Stock { available: 4, ..whole };
    let marked = Stock { breached: true, ..broken };
    let of = |n, stock| (STORE, product_id(n), stock);
    let book = StockBook::restore([of(1, whole), of(2, marked)]).unwrap();
    assert!(book.iter().map(|(store, id, it)| (store, id, *it)).eq([of(1, whole), of(2, marked)]));
    assert!(StockBook::restore([of(1, broken)]).is_none());
    assert!(StockBook::restore([of(1, whole), of(1, whole)]).is_none());
}

#[test]
fn a_coupon_comes_back_with_what_was_used_of_it() {
    let uses = || CouponUses::restore(Paise(70), [(CUSTOMER, 2), (OTHER, 1)]).unwrap();
    assert_eq!((uses().uses, uses().by(CUSTOMER), uses().spent), (3, 2, Paise(70)));
    assert!(CouponUses::restore(Paise(70), [(CUSTOMER, 2), (CUSTOMER, 1)]).is_none());
    assert!(CouponUses::restore(Paise(70), [(CUSTOMER, 0)]).is_none());
    assert!(CouponUses::restore(Paise(70), [(CUSTOMER, u32::MAX), (OTHER, 1)]).is_none());
    assert!(CouponUses::restore(Paise(-1), []).is_none());

    let book = CouponBook::restore([(coupon(2), uses()), (coupon(1), uses())]).unwrap();
    let codes = book.iter().map(|(coupon, uses)| (coupon.code.to_string(), uses.uses));
    assert!(codes.eq([("SAVE-1".to_owned(), 3), ("SAVE-2".to_owned(), 3)]));
    assert!(CouponBook::restore([(coupon(1), uses()), (coupon(1), uses())]).is_none());
}
