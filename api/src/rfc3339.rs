//! Times as answers show them: RFC 3339, UTC with `Z`, milliseconds.
//!
//! Written by hand instead of by a library: an order has three times, and they are rendered tens of
//! thousands of times a second.

use kirana_domain::CalendarDay;
use serde::{Serialize, Serializer};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rfc3339(pub i64);

const DAY_MS: i64 = 86_400_000;

impl Rfc3339 {
    /// Returns the moment as clocks show it so many minutes east of UTC.
    pub(crate) fn at_offset(self, minutes: i64) -> String {
        let shifted = Self(self.0.saturating_add(minutes * 60_000)).to_string();
        let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
        format!("{}{sign}{:02}:{:02}", shifted.trim_end_matches('Z'), minutes / 60, minutes % 60)
    }

    /// Twenty-four characters of ASCII.
    fn bytes(self) -> [u8; 24] {
        // The shop's calendar counts whole days, wherever they begin; no moment is past its end.
        let day =
            i32::try_from(self.0.div_euclid(DAY_MS)).map_or(CalendarDay(i32::MAX), CalendarDay);
        let (year, month, day) = day.civil();
        let of_day = self.0.rem_euclid(DAY_MS);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        for (at, width, value) in [
            (0, 4, year),
            (5, 2, month),
            (8, 2, day),
            (11, 2, of_day / 3_600_000),
            (14, 2, of_day / 60_000 % 60),
            (17, 2, of_day / 1_000 % 60),
            (20, 3, of_day % 1_000),
        ] {
            let mut rest = value;
            for place in text[at..at + width].iter_mut().rev() {
                *place = b'0' + u8::try_from(rest % 10).unwrap_or_default();
                rest /= 10;
            }
        }
        text
    }
}

/// The moment that a text names (RFC 3339 §5.6), in milliseconds since 1970: with `Z` or an offset,
/// and with up to nine digits of a second, of which three count. `None` for anything else, a leap
/// second included.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (day, time) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes()[10], b'T' | b't' | b' ') {
        return None;
    }
    let days = i64::from(CalendarDay::parse(day)?.0);
    let clock = time.get(..8).filter(|clock| clock.as_bytes()[2] == b':')?;
    let minutes = minutes_of(clock.get(..5)?)?;
    let seconds = clock.get(5..)?.strip_prefix(':').and_then(two_digits).filter(|s| *s < 60)?;
    let (fraction, offset) = split_fraction(time.get(8..)?)?;
    let of_day = minutes * 60_000 + seconds * 1_000 + fraction;
    Some(days * DAY_MS + of_day - offset_minutes(offset)? * 60_000)
}

fn two_digits(text: &str) -> Option<i64> {
    let is_fine = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_fine.then(|| text.parse().ok())?
}

/// Minutes after midnight of `HH:MM`.
fn minutes_of(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// Milliseconds of `.123`, if there is such a thing, and what follows.
fn split_fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let end = rest.bytes().position(|byte| !byte.is_ascii_digit())?;
    let digits = rest.get(..end).filter(|digits| (1..=9).contains(&digits.len()))?;
    let millis = format!("{digits:0<3}").get(..3)?.parse().ok()?;
    Some((millis, &rest[end..]))
}

/// Minutes east of UTC of `Z` or an offset such as `+05:30`.
pub(crate) fn offset_minutes(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    Some(sign * minutes_of(text.get(1..)?)?)
}

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.bytes();
        serializer.serialize_str(std::str::from_utf8(&bytes).unwrap_or_default())
    }
}

impl std::fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.bytes()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rendered_as_rfc_3339_in_utc() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (1_795_374_245_067, "2026-11-22T19:04:05.067Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Rfc3339(ms).to_string(), text);
        }
    }

    #[test]
    fn what_is_rendered_parses_back_and_offsets_count() {
        for ms in [0, 951_868_799_999, 1_795_374_245_067, 4_107_542_400_000, -1] {
            assert_eq!(parse(&Rfc3339(ms).to_string()), Some(ms));
        }
        assert_eq!(parse("1970-01-01T05:30:00+05:30"), Some(0));
        for minutes in [330, -570, 0] {
            assert_eq!(parse(&Rfc3339(951_868_799_999).at_offset(minutes)), Some(951_868_799_999));
        }
        assert_eq!(Rfc3339(0).at_offset(330), "1970-01-01T05:30:00.000+05:30");
        assert_eq!(parse("1969-12-31T18:30:00.5-05:30"), Some(500));
        assert_eq!(parse("1970-01-01 00:00:01.123456789z"), Some(1_123));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00Z",
            "1970-02-29T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:60Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.1234567890Z",
            "1970-01-01T00:00:00+5:30",
            "1970-01-01X00:00:00Z",
            "1970-01-0é T00:00:00Z",
            "tomorrow",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
