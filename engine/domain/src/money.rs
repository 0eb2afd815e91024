//! Money is whole paise (1 rupee = 100 paise), never a float, and rounding has a name.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul, Sub};

/// An amount in paise. Arithmetic panics on overflow, which the bounds in [`crate::limits`] rule
/// out for every parsed basket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Paise(pub i64);

/// A rate in basis points: 1 % is 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bps(pub u16);

impl Paise {
    /// No money at all.
    pub const ZERO: Self = Self(0);

    /// Returns an amount of whole rupees.
    ///
    /// # Panics
    /// For an amount whose paise do not fit in an `i64`.
    pub const fn rupees(rupees: i64) -> Self {
        assert!(rupees <= i64::MAX / 100 && rupees >= i64::MIN / 100, "paise fit in i64");
        Self(rupees * 100)
    }

    /// Returns the tax inside a price that includes it: `amount × rate / (100 % + rate)`, half up
    /// (rule 35 of the CGST Rules, 2017: value inclusive of tax).
    ///
    /// # Panics
    /// For a negative amount.
    ///
    /// ```
    /// use kirana_domain::{Bps, Paise};
    /// // 105.00 with 5 % inside is 100.00 and 5.00.
    /// assert_eq!(Paise(10_500).tax_inside_half_up(Bps(500)), Paise(500));
    /// // 0.11 with 5 % inside: 0.52 paise of tax round up to one.
    /// assert_eq!(Paise(11).tax_inside_half_up(Bps(500)), Paise(1));
    /// assert_eq!(Paise(10).tax_inside_half_up(Bps(0)), Paise(0));
    /// ```
    #[must_use]
    pub fn tax_inside_half_up(self, rate: Bps) -> Self {
        self.tax_inside(rate, 1)
    }

    /// Returns one half of the tax inside a price that includes it, half up: CGST or SGST.
    ///
    /// # Panics
    /// For a negative amount.
    ///
    /// ```
    /// use kirana_domain::{Bps, Paise};
    /// // 1.05 with 5 % inside: two and a half paise go up to three.
    /// assert_eq!(Paise(105).half_tax_inside_half_up(Bps(500)), Paise(3));
    /// ```
    #[must_use]
    pub fn half_tax_inside_half_up(self, rate: Bps) -> Self {
        self.tax_inside(rate, 2)
    }

    /// Returns one of so many equal parts of the tax, half up.
    fn tax_inside(self, rate: Bps, parts: i128) -> Self {
        assert!(self.0 >= 0, "tax of a negative amount has no meaning here");
        let numerator = i128::from(self.0) * i128::from(rate.0);
        let denominator = parts * i128::from(10_000 + i64::from(rate.0));
        let rounded = (2 * numerator + denominator) / (2 * denominator);
        let tax = Self(i64::try_from(rounded).expect("the tax is at most the amount"));
        assert!(tax >= Self::ZERO && tax <= self, "the tax is a part of the amount");
        tax
    }

    /// Returns a share of an amount: `amount × rate`, half up.
    ///
    /// # Panics
    /// For a negative amount.
    ///
    /// ```
    /// use kirana_domain::{Bps, Paise};
    /// assert_eq!(Paise(19_900).percent_half_up(Bps(2_000)), Paise(3_980));
    /// // 5 % of 0.10 is half a paisa, and goes up; of 0.09 it goes down.
    /// assert_eq!(Paise(10).percent_half_up(Bps(500)), Paise(1));
    /// assert_eq!(Paise(9).percent_half_up(Bps(500)), Paise(0));
    /// ```
    #[must_use]
    pub fn percent_half_up(self, rate: Bps) -> Self {
        assert!(self.0 >= 0, "a share of a negative amount has no meaning here");
        let numerator = i128::from(self.0) * i128::from(rate.0);
        let rounded = (2 * numerator + 10_000) / 20_000;
        let share = Self(i64::try_from(rounded).expect("an amount fits in i64"));
        assert!(share <= self || rate.0 > 10_000, "up to 100 %, a share is a part of the amount");
        share
    }

    /// Parses rupees with at most two decimals, as in a price list: `"27"`, `"27.5"`, `"27.50"`.
    ///
    /// Returns `None` for anything else: a sign, a blank, a third decimal that is not zero, or
    /// more than [`crate::limits::PRICE_PAISE_MAX`].
    ///
    /// ```
    /// use kirana_domain::Paise;
    /// assert_eq!(Paise::parse_rupees("27.5"), Some(Paise(2_750)));
    /// assert_eq!(Paise::parse_rupees("27.505"), None);
    /// assert_eq!(Paise::parse_rupees("-1"), None);
    /// ```
    pub fn parse_rupees(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let below_rupee: i64 = match fraction.len() {
            0 => 0,
            1 => fraction.parse::<i64>().ok()? * 10,
            2 => fraction.parse().ok()?,
            _ => return None,
        };
        assert!((0..100).contains(&below_rupee), "two decimals are less than a rupee");
        let paise = whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(below_rupee)?;
        assert!(paise >= 0, "digits without a sign are no negative amount");
        (paise <= crate::limits::PRICE_PAISE_MAX).then_some(Self(paise))
    }
}

/// Shares an amount out by weight, to the paisa, by the method of the largest remainder.
///
/// Each share is the exact one rounded down, and the paise that are left go to the largest
/// remainders, among equal ones to the first. So the shares sum to `total`, a weight of zero gets
/// nothing, and no share is above its weight as long as `total` is not above their sum.
///
/// # Panics
/// For a negative amount, and for something to share without any weight.
///
/// ```
/// use kirana_domain::Paise;
/// use kirana_domain::money::share_out;
/// let lines = [Paise(100), Paise(100), Paise(100)];
/// assert_eq!(share_out(Paise(50), &lines), [Paise(17), Paise(17), Paise(16)]);
/// ```
pub fn share_out(total: Paise, weights: &[Paise]) -> Vec<Paise> {
    assert!(total.0 >= 0, "less than nothing cannot be shared out");
    assert!(weights.iter().all(|weight| weight.0 >= 0), "a weight is never negative");
    let sum: i128 = weights.iter().map(|weight| i128::from(weight.0)).sum();
    if total == Paise::ZERO {
        return vec![Paise::ZERO; weights.len()];
    }
    assert!(sum > 0, "an amount is shared out among weights");
    let exact = |weight: &Paise| i128::from(total.0) * i128::from(weight.0);
    let mut shares: Vec<i128> = weights.iter().map(|weight| exact(weight) / sum).collect();
    let left = i128::from(total.0) - shares.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|at| std::cmp::Reverse(exact(&weights[*at]) % sum));
    // Each remainder is less than one paisa, so there are fewer paise left than remainders.
    assert!(left >= 0 && left < i128::try_from(weights.len()).unwrap_or(i128::MAX), "{left} left");
    for at in by_remainder.into_iter().zip(0..left).map(|(at, _)| at) {
        shares[at] += 1;
    }
    debug_assert_eq!(shares.iter().sum::<i128>(), total.0.into(), "nothing is lost or made");
    debug_assert!(
        shares.iter().zip(weights).all(|(share, weight)| *share == 0 || weight.0 > 0),
        "a weight of zero gets nothing"
    );
    let paise = |share| Paise(i64::try_from(share).expect("a share is at most the total"));
    shares.into_iter().map(paise).collect()
}

impl Add for Paise {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("an amount fits in i64"))
    }
}

impl Sub for Paise {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect("an amount fits in i64"))
    }
}

impl Mul<u32> for Paise {
    type Output = Self;
    fn mul(self, units: u32) -> Self {
        Self(self.0.checked_mul(i64::from(units)).expect("an amount fits in i64"))
    }
}

impl Sum for Paise {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Paise {
    /// Writes rupees with two decimals: `112.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let paise = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", paise / 100, paise % 100)
    }
}

#[cfg(test)]
mod tests;
