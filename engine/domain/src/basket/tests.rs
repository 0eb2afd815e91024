use super::*;
use crate::samples::product_id;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn lines(wanted: &[(u64, u32)]) -> Vec<BasketLine> {
    let line =
        |(n, quantity): &(u64, u32)| BasketLine { product_id: product_id(*n), quantity: *quantity };
    wanted.iter().map(line).collect()
}

type Wanted<'a> = &'a [(u64, u32)];

fn code(wanted: &[(u64, u32)]) -> u16 {
    Basket::parse(lines(wanted)).map_or_else(|rejection| rejection.code(), |_| 0)
}

fn of_different(count: u64) -> Vec<(u64, u32)> {
    (0..count).map(|n| (n, 1)).collect()
}

#[test]
fn a_basket_is_within_its_limits_or_is_refused_with_the_right_code() {
    let twice_51: Vec<_> = [of_different(50), of_different(50)].concat();
    let cases: &[(&str, Wanted, u16)] = &[
        ("nothing", &[], 1001),
        ("one unit", &[(1, 1)], 0),
        ("no units", &[(1, 0)], 1003),
        ("no units beside others", &[(1, 5), (2, 0)], 1003),
        ("99 units", &[(1, 99)], 0),
        ("100 units", &[(1, 100)], 1003),
        ("99 units in two lines", &[(1, 50), (1, 49)], 0),
        ("100 units in two lines", &[(1, 50), (2, 1), (1, 50)], 1003),
        ("more than a number holds", &[(1, u32::MAX), (1, u32::MAX)], 1003),
        ("50 products", &of_different(50), 0),
        ("50 products in 100 lines", &twice_51, 0),
        ("51 products", &of_different(51), 1002),
    ];
    for (what, wanted, expected) in cases {
        assert_eq!(code(wanted), *expected, "{what}");
    }
}

#[test]
fn a_refused_quantity_names_its_product_and_the_sum() {
    let rejection = Basket::parse(lines(&[(1, 60), (2, 3), (1, 70)])).unwrap_err();
    let expected = Rejection::QuantityOutOfRange { product_id: product_id(1), quantity: 130 };
    assert_eq!(rejection, expected);
}

proptest! {
    #[test]
    fn a_basket_has_each_product_once_in_the_order_sent_with_the_sum_of_its_lines(
        wanted in prop::collection::vec((0..60_u64, 0..60_u32), 0..120),
    ) {
        let (mut sums, mut sent) = (BTreeMap::new(), Vec::new());
        for (n, quantity) in &wanted {
            if !sums.contains_key(&product_id(*n)) {
                sent.push(product_id(*n));
            }
            *sums.entry(product_id(*n)).or_insert(0) += quantity;
        }
        let is_valid = !wanted.is_empty()
            && wanted.iter().all(|(_, quantity)| *quantity > 0)
            && sums.values().all(|sum| *sum <= LINE_UNITS_MAX)
            && sums.len() <= BASKET_LINES_MAX;
        match Basket::parse(lines(&wanted)) {
            Ok(basket) => {
                prop_assert!(is_valid);
                let got = basket.lines().iter().map(|line| (line.product_id, line.quantity));
                prop_assert!(got.eq(sent.iter().map(|id| (*id, sums[id]))));
            }
            Err(_) => prop_assert!(!is_valid),
        }
    }
}
