use super::*;
use proptest::prelude::*;

#[test]
fn tax_inside_is_rounded_half_up() {
    let cases = [
        // amount, rate, tax
        (10_500, 500, 500),
        (11_800, 1_800, 1_800),
        (2_500, 1_800, 381), // 381.36
        (2_000, 1_800, 305), // 305.08
        (21, 500, 1),        // exactly 1
        (10, 500, 0),        // 0.476
        (11, 500, 1),        // 0.524
        (3, 10_000, 2),      // exactly 1.5 goes up
        (1, 10_000, 1),      // exactly 0.5 goes up
        (0, 2_800, 0),
        (1_000, 0, 0),
    ];
    for (amount, rate, tax) in cases {
        assert_eq!(Paise(amount).tax_inside_half_up(Bps(rate)), Paise(tax), "{amount} at {rate}");
    }
}

#[test]
fn rupees_of_a_price_list_are_read_exactly_or_not_at_all() {
    let good = [("0", 0), ("27", 2_700), ("27.5", 2_750), ("27.05", 2_705), ("27.50", 2_750)];
    for (text, paise) in good {
        assert_eq!(Paise::parse_rupees(text), Some(Paise(paise)), "{text}");
    }
    assert_eq!(Paise::parse_rupees("27.5000"), Some(Paise(2_750)));
    assert_eq!(Paise::parse_rupees("10000000"), Some(Paise(1_000_000_000)));
    let bad = [
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1,000",
        "1.005",
        "1e3",
        "NaN",
        "0x10",
        "1.2.3",
        "10000000.01",
        "99999999999999999999999",
        "१",
    ];
    for text in bad {
        assert_eq!(Paise::parse_rupees(text), None, "{text}");
    }
}

#[test]
fn amounts_are_shown_as_rupees_with_two_decimals() {
    let cases = [(0, "0.00"), (5, "0.05"), (11_200, "112.00"), (-5, "-0.05"), (-12_345, "-123.45")];
    for (paise, shown) in cases {
        assert_eq!(Paise(paise).to_string(), shown);
    }
}

#[test]
fn an_amount_is_shared_out_by_the_largest_remainder() {
    let cases: &[(i64, &[i64], &[i64])] = &[
        (0, &[], &[]),
        (0, &[0, 0], &[0, 0]),
        (7, &[5], &[7]),
        (10, &[1, 1, 1], &[4, 3, 3]),
        (1, &[1, 2, 3], &[0, 0, 1]),
        (100, &[0, 999, 1, 0], &[0, 100, 0, 0]),
        (5_000, &[19_900, 9_900, 201], &[3_317, 1_650, 33]),
        (6, &[1, 2, 3], &[1, 2, 3]),
    ];
    for (total, weights, shares) in cases {
        let weights: Vec<Paise> = weights.iter().copied().map(Paise).collect();
        let shares: Vec<Paise> = shares.iter().copied().map(Paise).collect();
        assert_eq!(share_out(Paise(*total), &weights), shares, "{total} {weights:?}");
    }
}

#[test]
#[should_panic(expected = "shared out among weights")]
fn something_is_not_shared_out_among_nobody() {
    _ = share_out(Paise(1), &[Paise::ZERO]);
}

#[test]
#[should_panic(expected = "an amount fits in i64")]
fn a_sum_that_does_not_fit_panics_and_never_wraps() {
    _ = Paise(i64::MAX) + Paise(1);
}

proptest! {
    #[test]
    fn tax_inside_is_the_nearest_whole_paisa(amount in 0..1_000_000_000_000_i64, rate in 0..=10_000_u16) {
        let tax = Paise(amount).tax_inside_half_up(Bps(rate)).0;
        let whole = i128::from(10_000 + i64::from(rate));
        // tax = amount × rate / whole, at most half a paisa off, and up when it is exactly half.
        let off = i128::from(tax) * whole - i128::from(amount) * i128::from(rate);
        prop_assert!(2 * off <= whole && 2 * off > -whole, "{amount} {rate} {tax}");
        prop_assert!(tax <= amount);
    }

    #[test]
    fn a_percentage_is_the_nearest_whole_paisa(
        amount in 0..1_000_000_000_000_i64,
        rate in 0..=10_000_u16,
    ) {
        let share = Paise(amount).percent_half_up(Bps(rate)).0;
        let off = i128::from(share) * 10_000 - i128::from(amount) * i128::from(rate);
        prop_assert!(2 * off <= 10_000 && 2 * off > -10_000, "{amount} {rate} {share}");
        prop_assert!(share <= amount);
    }

    #[test]
    fn shares_sum_to_the_total_and_are_within_a_paisa_of_fair(
        weights in prop::collection::vec(prop_oneof![Just(0), 1..5_i64, 1..100_000_000_i64], 1..60),
        part in 0..=10_000_u16,
    ) {
        let weights: Vec<Paise> = weights.into_iter().map(Paise).collect();
        let sum: Paise = weights.iter().copied().sum();
        let total = sum.percent_half_up(Bps(part));
        let shares = share_out(total, &weights);
        prop_assert_eq!(shares.iter().copied().sum::<Paise>(), total);
        for (share, weight) in shares.iter().zip(&weights) {
            prop_assert!(*share >= Paise::ZERO && share <= weight);
            let off = i128::from(share.0) * i128::from(sum.0)
                - i128::from(total.0) * i128::from(weight.0);
            prop_assert!(off.abs() < i128::from(sum.0.max(1)));
        }
        prop_assert_eq!(share_out(total, &weights), shares);
    }

    #[test]
    fn shares_sum_to_a_total_above_the_weights_too(
        weights in prop::collection::vec(0..1_000_i64, 1..20),
        total in 1..1_000_000_000_i64,
    ) {
        let weights: Vec<Paise> = weights.into_iter().chain([1]).map(Paise).collect();
        let shares = share_out(Paise(total), &weights);
        prop_assert_eq!(shares.iter().copied().sum::<Paise>(), Paise(total));
        for (share, weight) in shares.iter().zip(&weights) {
            prop_assert!(weight.0 > 0 || share.0 == 0);
        }
    }

    #[test]
    fn what_is_shown_is_read_back(paise in 0..=crate::limits::PRICE_PAISE_MAX) {
        prop_assert_eq!(Paise::parse_rupees(&Paise(paise).to_string()), Some(Paise(paise)));
    }
}
