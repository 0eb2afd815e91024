//! The coupons that the app knows, read for what they mean. Where the real set is absent, two of
//! our own stand in.

use super::*;
use serde_json::Value;
use std::path::{Path, PathBuf};

const DAY_MS: i64 = 86_400_000;

/// Ours: one of each shape that the real set has.
const OWN: &str = r#"{"own": {"coupons": [
    {"code": "TENTH10", "type": "percentage", "value": 10, "min_order": 120, "max_discount": 40,
     "usage_limit": 1, "valid_days": 3},
    {"code": "FLAT30", "type": "fixed", "value": 30, "min_order": 150},
    {"code": "NOFEE", "type": "freeDelivery", "value": 0, "min_order": 0}]}}"#;

fn file() -> Value {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let top = std::env::var_os("KIRANA_SHARED_DATA").map_or(beside, PathBuf::from);
    let bytes = std::fs::read(top.join("dayliz/coupons.json")).unwrap_or_else(|_| {
        println!("the shared data is not there: three coupons of our own are used");
        OWN.as_bytes().to_vec()
    });
    serde_json::from_slice(&bytes).unwrap()
}

/// Every coupon of every list of the file, as it stands there and as ours.
fn coupons() -> Vec<(Value, Coupon)> {
    let file = file();
    let lists = file.as_object().unwrap().values().filter_map(|list| list["coupons"].as_array());
    lists.flatten().map(|row| (row.clone(), read(row))).collect()
}

fn rupees(row: &Value, member: &str) -> Option<Paise> {
    row[member].as_i64().map(Paise::rupees)
}

fn read(row: &Value) -> Coupon {
    let value = row["value"].as_i64().unwrap();
    let kind = match row["type"].as_str().unwrap() {
        "percentage" => CouponKind::Percent {
            rate: Bps(u16::try_from(value * 100).unwrap()),
            cap: rupees(row, "max_discount"),
        },
        "fixed" => CouponKind::Amount(Paise::rupees(value)),
        "freeDelivery" => CouponKind::FreeDelivery,
        other => panic!("{other} is a type that we do not know"),
    };
    let until = |days: i64| AT_MS + days * DAY_MS;
    Coupon {
        code: code(row["code"].as_str().unwrap()),
        kind,
        minimum: rupees(row, "min_order").unwrap(),
        first_order_only: row["text"].as_str() == Some("first order"),
        per_customer_max: row["usage_limit"].as_u64().map(|max| u32::try_from(max).unwrap()),
        from_ms: Some(AT_MS),
        until_ms: row["valid_days"].as_i64().map(until),
        ..coupon()
    }
}

#[test]
fn every_coupon_of_the_app_can_be_defined_and_says_what_it_takes_off() {
    let coupons = coupons();
    assert!(coupons.len() >= 3);
    for (row, coupon) in &coupons {
        assert_eq!(coupon.validate(), Ok(()), "{row}");
        let (minimum, fee) = (coupon.minimum, Paise::rupees(25));
        let (items, delivery) = coupon.discount(minimum, fee);
        // The same in rupees and by hand: whole per cents of whole rupees are whole paise.
        let value = row["value"].as_i64().unwrap();
        let cap = row["max_discount"].as_i64().map_or(i64::MAX, |cap| cap * 100);
        let expected = match row["type"].as_str().unwrap() {
            "percentage" => ((row["min_order"].as_i64().unwrap() * value).min(cap), 0),
            "fixed" => (value * 100, 0),
            _ => (0, 2_500),
        };
        assert_eq!((items.0, delivery.0), expected, "{row}");
        // At a very large order, a percentage ends at its cap.
        let (items, _) = coupon.discount(Paise::rupees(100_000), fee);
        assert!(rupees(row, "max_discount").is_none_or(|cap| items == cap), "{row}");
    }
}

#[test]
fn every_coupon_of_the_app_holds_its_minimum_its_days_and_its_limit() {
    for (row, coupon) in &coupons() {
        let at = |at_ms, subtotal| CouponFacts { at_ms, subtotal, ..facts() };
        let minimum = coupon.minimum;
        let check = |facts: &CouponFacts| coupon.check(facts, Paise(1)).err();
        assert_eq!(check(&at(AT_MS, minimum)), None, "{row}");
        assert_eq!(check(&at(AT_MS - 1, minimum)), Some(CouponIssue::NotYet), "{row}");
        if minimum > Paise::ZERO {
            let subtotal = minimum - Paise(1);
            let below = CouponIssue::BelowMinimum { subtotal, minimum };
            assert_eq!(check(&at(AT_MS, subtotal)), Some(below), "{row}");
        }
        let days = row["valid_days"].as_i64();
        let last = days.map_or(i64::MAX, |days| AT_MS + days * DAY_MS - 1);
        assert_eq!(check(&at(last, minimum)), None, "{row}");
        let after = days.and(Some(CouponIssue::Over));
        assert_eq!(check(&at(last.saturating_add(1), minimum)), after, "{row}");
        let once_more = CouponFacts { used_by_customer: 1, ..at(AT_MS, minimum) };
        let is_once = row["usage_limit"] == 1 || coupon.first_order_only;
        let expected = is_once.then_some(CouponIssue::CustomerLimit);
        assert_eq!(check(&once_more), expected, "{row}");
    }
}
