//! Degrees as decimal text to whole ten-millionths, without a float in between.

use crate::http::problem::FieldError;
use kirana_domain::Point;
use kirana_domain::geo::UNITS_PER_DEGREE;
use std::fmt;

/// Digits after the point that a [`Point`] keeps.
const PLACES: i32 = 7;
/// Largest exponent that is read: `1e-99` is a way to write zero, `1e999999999` is a way to waste
/// our time.
const EXPONENT_MAX: i32 = 99;
/// More than any coordinate is, in ten-millionths: where counting digits ends.
const FAR_E7: i64 = 100_000_000_000;

/// The reason of two texts that are not a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PointError {
    /// The latitude is not a decimal number.
    LatitudeNotNumber,
    /// The longitude is not a decimal number.
    LongitudeNotNumber,
    /// The latitude is not within 90 degrees of the equator.
    LatitudeRange,
    /// The longitude is not within 180 degrees of Greenwich.
    LongitudeRange,
    /// The latitude is one that only a longitude in India is, and the other way round.
    Swapped,
}

impl PointError {
    /// Code for programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::LatitudeNotNumber | Self::LongitudeNotNumber => "NOT_A_NUMBER",
            Self::LatitudeRange | Self::LongitudeRange => "OUT_OF_RANGE",
            Self::Swapped => "COORDINATES_SWAPPED",
        }
    }

    /// The error of a request with these two fields, given as JSON Pointers.
    pub(crate) fn field(self, lat_pointer: &str, lng_pointer: &str) -> FieldError {
        let pointer = match self {
            Self::LongitudeNotNumber | Self::LongitudeRange => lng_pointer,
            _ => lat_pointer,
        };
        FieldError::new(pointer, self.code(), self.detail())
    }

    /// Detail for people; no figures in it.
    pub(crate) fn detail(self) -> &'static str {
        match self {
            Self::LatitudeNotNumber => "the latitude must be a decimal number",
            Self::LongitudeNotNumber => "the longitude must be a decimal number",
            Self::LatitudeRange => "there is no such latitude",
            Self::LongitudeRange => "there is no such longitude",
            Self::Swapped => "latitude and longitude look swapped",
        }
    }
}

impl fmt::Display for PointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail())
    }
}

/// The point of a latitude and a longitude in degrees, as a JSON number or query parameter writes
/// them. More than seven decimals are rounded, half away from zero.
///
/// # Errors
/// [`PointError`]. A latitude of 68 to 98 with a longitude of 6 to 38 is taken for a place in India
/// the wrong way round; the shop does not deliver to the north of Norway, where it would be right.
pub(crate) fn point_of(lat: &str, lng: &str) -> Result<Point, PointError> {
    let lat = parse_e7(lat).ok_or(PointError::LatitudeNotNumber)?;
    let lng = parse_e7(lng).ok_or(PointError::LongitudeNotNumber)?;
    let degrees = |from: i64, to: i64| from * 10_000_000..=to * 10_000_000;
    if degrees(68, 98).contains(&lat) && degrees(6, 38).contains(&lng) {
        return Err(PointError::Swapped);
    }
    let lat_e7 = i32::try_from(lat).map_err(|_| PointError::LatitudeRange)?;
    let lng_e7 = i32::try_from(lng).map_err(|_| PointError::LongitudeRange)?;
    match Point::new(lat_e7, lng_e7) {
        Some(point) => Ok(point),
        None if Point::new(lat_e7, 0).is_none() => Err(PointError::LatitudeRange),
        None => Err(PointError::LongitudeRange),
    }
}

/// A latitude or longitude in ten-millionths, written in degrees without needless zeros: a JSON
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Degrees(pub i32);

impl fmt::Display for Degrees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS_PER_DEGREE.unsigned_abs();
        let (whole, mut part) = (self.0.unsigned_abs() / unit, self.0.unsigned_abs() % unit);
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}")?;
        if part == 0 {
            return Ok(());
        }
        let mut places = 7;
        while part % 10 == 0 {
            (part, places) = (part / 10, places - 1);
        }
        write!(f, ".{part:0places$}")
    }
}

/// Splits a text after its digits.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// The number of a text in ten-millionths, or [`FAR_E7`] for whatever is farther from zero; `None`
/// for what JSON does not call a number (RFC 8259 §6) and for absurd exponents.
fn parse_e7(text: &str) -> Option<i64> {
    let text = text.as_bytes();
    let (is_negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, mut rest) = digits(text);
    if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
        return None;
    }
    let mut fraction = &b""[..];
    if let Some(after) = rest.strip_prefix(b".") {
        (fraction, rest) = digits(after);
        if fraction.is_empty() {
            return None;
        }
    }
    let exponent = match rest {
        [] => 0,
        [b'e' | b'E', rest @ ..] => exponent(rest)?,
        _ => return None,
    };
    let magnitude = scaled(whole, fraction, exponent);
    Some(if is_negative { -magnitude } else { magnitude })
}

fn exponent(text: &[u8]) -> Option<i32> {
    let (sign, text) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    let (figures, rest) = digits(text);
    if figures.is_empty() || !rest.is_empty() {
        return None;
    }
    // Saturates: a hundred nines are too large, not a failure.
    let value = figures.iter().fold(0_i32, |value, figure| {
        value.saturating_mul(10).saturating_add(i32::from(figure - b'0'))
    });
    (value <= EXPONENT_MAX).then_some(sign * value)
}

/// The digits before and after the point, with the point moved by the exponent and the places that
/// are kept. The first digit that is not kept decides about rounding; those after it cannot matter.
fn scaled(whole: &[u8], fraction: &[u8], exponent: i32) -> i64 {
    let figures = || whole.iter().chain(fraction).map(|figure| i64::from(figure - b'0'));
    let whole_count = i64::try_from(whole.len()).unwrap_or(i64::MAX / 2);
    let kept = whole_count + i64::from(exponent) + i64::from(PLACES);
    let Ok(kept) = usize::try_from(kept) else { return 0 };
    let mut value = 0_i64;
    // Beyond the last digit come zeros, until the point is where it should be.
    for figure in figures().chain(std::iter::repeat(0)).take(kept) {
        value = value * 10 + figure;
        if value >= FAR_E7 {
            return FAR_E7;
        }
    }
    let is_half_or_more = figures().nth(kept).is_some_and(|figure| figure >= 5);
    value + i64::from(is_half_or_more)
}

#[cfg(test)]
mod tests;
