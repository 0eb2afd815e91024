//! Days and financial years as the shop's wall calendar has them (Asia/Kolkata, UTC+05:30).
//!
//! The Gregorian calendar, applied to all years (proleptic, as in ISO 8601), in whole numbers: a
//! year is counted from March, so that the leap day comes last, and 400 years are always 146,097
//! days.

use super::AtMs;
use std::fmt;

/// Milliseconds of a day. India has no daylight saving, so every day has as many.
pub(super) const DAY_MS: i64 = 86_400_000;
/// Asia/Kolkata is five and a half hours ahead of UTC, all year.
pub(super) const KOLKATA_AHEAD_MS: i64 = (5 * 60 + 30) * 60_000;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;
/// Days of 400 years.
const ERA_DAYS: i64 = 146_097;

// One leap day every 4 years, but for three of four centuries.
const _: () = assert!(ERA_DAYS == 400 * 365 + 400 / 4 - 400 / 100 + 1);
// From March 0000 to January 1970 it is two months short of 1,970 years.
const _: () =
    assert!(DAYS_TO_1970 == 1_970 * 365 + 1_970 / 4 - 1_970 / 100 + 1_970 / 400 - (31 + 28));
const _: () = assert!(DAY_MS == 24 * 60 * 60 * 1_000);
const _: () = assert!(KOLKATA_AHEAD_MS > 0 && KOLKATA_AHEAD_MS < DAY_MS);

/// A day of the shop's calendar: days since 1970-01-01 in Asia/Kolkata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarDay(pub i32);

impl CalendarDay {
    /// Returns the day that a moment falls on in the shop. The ends of time are cut off, some five
    /// million years from now.
    ///
    /// ```
    /// use kirana_domain::time::CalendarDay;
    /// // Half past six in the evening in Greenwich is midnight in Tura.
    /// assert_eq!(CalendarDay::of(66_599_999).to_string(), "1970-01-01");
    /// assert_eq!(CalendarDay::of(66_600_000).to_string(), "1970-01-02");
    /// ```
    pub fn of(at_ms: AtMs) -> Self {
        let days = at_ms.saturating_add(KOLKATA_AHEAD_MS).div_euclid(DAY_MS);
        let days = days.clamp(i32::MIN.into(), i32::MAX.into());
        Self(i32::try_from(days).expect("clamped to what fits"))
    }

    /// Returns the day of that year, month (1 to 12) and day of the month, for years 0 to 9999;
    /// `None` when the calendar has no such day.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        if !(0..=9_999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let (month, day) = (i64::from(month), i64::from(day));
        let year_from_march = i64::from(year) - i64::from(month < 3);
        let month_from_march = (month + 9) % 12;
        let (era, year_of_era) = (year_from_march.div_euclid(400), year_from_march.rem_euclid(400));
        // Five months from March or August on have 153 days, whichever of them are the long ones.
        let of_year = (153 * month_from_march + 2) / 5 + day - 1;
        let of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + of_year;
        assert!((0..ERA_DAYS + 2).contains(&of_era), "31 February is at most two days too late");
        let days = era * ERA_DAYS + of_era - DAYS_TO_1970;
        let made = Self(i32::try_from(days).expect("four digits of a year fit"));
        // 31 April would be 1 May: a day that reads back as another one does not exist.
        (made.civil() == (i64::from(year), month, day)).then_some(made)
    }

    /// Parses `YYYY-MM-DD` (ISO 8601, extended format).
    ///
    /// ```
    /// use kirana_domain::time::CalendarDay;
    /// assert_eq!(CalendarDay::parse("1970-01-02"), Some(CalendarDay(1)));
    /// assert_eq!(CalendarDay::parse("2025-02-29"), None);
    /// assert_eq!(CalendarDay::parse("2025-9-22"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let number = |digits: &str| {
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>().ok())?
        };
        let year = i32::try_from(number(text.get(..4)?)?).ok()?;
        Self::new(year, number(text.get(5..7)?)?, number(text.get(8..)?)?)
    }

    /// Returns the year, the month and the day of the month.
    pub fn civil(self) -> (i64, i64, i64) {
        let days = i64::from(self.0) + DAYS_TO_1970;
        let (era, of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
        let leap_days = of_era / 1_460 - of_era / 36_524 + of_era / 146_096;
        let year_of_era = (of_era - leap_days) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        assert!((0..366).contains(&of_year), "a year has at most 366 days");
        let month_from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        assert!((1..=12).contains(&month) && (1..=31).contains(&day), "no date has {month}-{day}");
        (era * 400 + year_of_era + i64::from(month < 3), month, day)
    }
}

impl fmt::Display for CalendarDay {
    /// Writes `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// A financial year of India: April to March (section 3(21) of the General Clauses Act, 1897).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FinancialYear(i32);

impl FinancialYear {
    /// Returns the financial year that a moment falls in, by the shop's calendar.
    pub fn of(at_ms: AtMs) -> Self {
        Self::of_day(CalendarDay::of(at_ms))
    }

    /// Returns the financial year of a day.
    pub fn of_day(day: CalendarDay) -> Self {
        let (year, month, _) = day.civil();
        Self(i32::try_from(year - i64::from(month < 4)).expect("fewer years than days"))
    }

    /// Returns the financial year that starts in April of `year`.
    pub fn starting_in(year: i32) -> Self {
        Self(year)
    }

    /// Returns the calendar year of its April.
    pub fn first_year(self) -> i32 {
        self.0
    }
}

impl fmt::Display for FinancialYear {
    /// Writes two digits of each of its calendar years, as invoice numbers do: `2526` for 2025-26.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.0.rem_euclid(100);
        debug_assert!((0..100).contains(&first), "two digits name a year of its century");
        write!(f, "{first:02}{:02}", (first + 1) % 100)
    }
}

#[cfg(test)]
mod tests;
