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
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whole rupees.
    pub const fn rupees(rupees: i64) -> Self {
        Self(rupees * 100)
    }

    /// The tax inside a price that includes it: `amount × rate / (100 % + rate)`, half up.
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
        assert!(self.0 >= 0, "tax of a negative amount has no meaning here");
        let numerator = i128::from(self.0) * i128::from(rate.0);
        let denominator = i128::from(10_000 + i64::from(rate.0));
        let rounded = (2 * numerator + denominator) / (2 * denominator);
        Self(i64::try_from(rounded).expect("the tax is at most the amount"))
    }

    /// Parses rupees with at most two decimals, as in a price list: `"27"`, `"27.5"`, `"27.50"`.
    ///
    /// Answers `None` for anything else: a sign, a blank, a third decimal that is not zero, or
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
        let cents: i64 = match fraction.len() {
            0 => 0,
            1 => fraction.parse::<i64>().ok()? * 10,
            2 => fraction.parse().ok()?,
            _ => return None,
        };
        let paise = whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents)?;
        (paise <= crate::limits::PRICE_PAISE_MAX).then_some(Self(paise))
    }
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
    /// Rupees with two decimals: `112.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let paise = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", paise / 100, paise % 100)
    }
}

#[cfg(test)]
mod tests;
