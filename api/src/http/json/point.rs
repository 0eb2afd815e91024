//! A place on the map as requests have it: `lat` and `lng`, both or neither, exact to the last
//! digit that counts.

use super::decimal::{Degrees, PointError, point_of};
use crate::http::problem::{FieldError, Problem};
use kirana_domain::Point;
use serde_json::value::RawValue;

/// Reads the two fields of a request whose pointers begin with `prefix`; what is wrong goes to
/// `errors`. `None` when neither is there, or something is wrong.
pub(crate) fn optional(
    lat: Option<&RawValue>,
    lng: Option<&RawValue>,
    prefix: &str,
    errors: &mut Vec<FieldError>,
) -> Option<Point> {
    let error = match (lat, lng) {
        (None, None) => return None,
        (Some(lat), Some(lng)) => match point_of(lat.get(), lng.get()) {
            Ok(point) => return Some(point),
            Err(error) => error.field(&format!("{prefix}/lat"), &format!("{prefix}/lng")),
        },
        (one, other) => half(one.zip(Some("lat")).or(other.zip(Some("lng"))), prefix),
    };
    errors.push(error);
    None
}

/// Returns the error of half a place: not a number, if it is none, or else incomplete.
fn half(given: Option<(&RawValue, &str)>, prefix: &str) -> FieldError {
    let no_number = given.filter(|(text, _)| {
        matches!(point_of(text.get(), "0"), Err(PointError::LatitudeNotNumber))
    });
    if let Some((_, name)) = no_number {
        let pointer = format!("{prefix}/{name}");
        return FieldError::new(pointer, "NOT_A_NUMBER", "must be a decimal number");
    }
    FieldError::new(prefix, "POINT_INCOMPLETE", "lat and lng come together or not at all")
}

/// As [`optional`], for a request whose fields stand at the top.
///
/// # Errors
/// The faults of the fields.
pub(crate) fn of_request(
    lat: Option<&RawValue>,
    lng: Option<&RawValue>,
) -> Result<Option<Point>, Problem> {
    let mut errors = Vec::new();
    let point = optional(lat, lng, "", &mut errors);
    if errors.is_empty() { Ok(point) } else { Err(Problem::invalid(errors)) }
}

/// Degrees as a JSON number with all their digits.
pub(crate) fn number(e7: i32) -> Box<RawValue> {
    RawValue::from_string(Degrees(e7).to_string()).expect("digits and a point are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lat: Option<&str>, lng: Option<&str>) -> Result<Option<(i32, i32)>, String> {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let (lat, lng) = (lat.map(raw), lng.map(raw));
        let mut errors = Vec::new();
        let point = optional(lat.as_deref(), lng.as_deref(), "/at", &mut errors);
        match errors.first() {
            Some(error) => Err(format!("{} {}", error.pointer, error.code)),
            None => Ok(point.map(|at| (at.lat_e7(), at.lng_e7()))),
        }
    }

    #[test]
    fn a_place_is_exact_and_every_way_to_get_it_wrong_is_named() {
        let wrong = |text: &str| Err(text.to_owned());
        assert_eq!(found(None, None), Ok(None));
        assert_eq!(found(Some("25.5222"), Some("90.21")), Ok(Some((255_222_000, 902_100_000))));
        assert_eq!(found(Some("25.5"), None), wrong("#/at POINT_INCOMPLETE"));
        assert_eq!(found(None, Some("90.2")), wrong("#/at POINT_INCOMPLETE"));
        assert_eq!(found(Some("\"x\""), None), wrong("#/at/lat NOT_A_NUMBER"));
        assert_eq!(found(None, Some("true")), wrong("#/at/lng NOT_A_NUMBER"));
        assert_eq!(found(Some("90.2"), Some("25.5")), wrong("#/at/lat COORDINATES_SWAPPED"));
        assert_eq!(found(Some("\"25.5\""), Some("90.2")), wrong("#/at/lat NOT_A_NUMBER"));
        assert_eq!(found(Some("25.5"), Some("181")), wrong("#/at/lng OUT_OF_RANGE"));
        assert_eq!(number(255_222_000).get(), "25.5222");
    }
}
