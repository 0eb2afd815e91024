//! An address in a customer's book: a delivery address, checked like the one of an order.
//!
//! The sealed bytes are the JSON that was rendered when it was checked; an order that names the
//! address seals those same bytes again.

use super::address::{AddressRequest, checked};
use super::point;
use super::unique::Unique;
use crate::http::problem::Problem;
use kirana_domain::Point;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// Checks an address that is to be kept, and renders it as it will be sealed.
///
/// # Errors
/// Every field that is not right.
pub(crate) fn sealed(body: &[u8]) -> Result<Vec<u8>, Problem> {
    let request: AddressRequest<'_> = super::parse(body)?;
    let mut errors = Vec::new();
    let address = checked(&request, "", &mut errors);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    Ok(serde_json::to_vec(&address).expect("an address can be rendered"))
}

/// The address with a JSON Merge Patch (RFC 7396) applied to it, to be checked like a new one. No
/// field has fields of its own, so each is replaced whole, and null takes it out.
///
/// # Errors
/// A patch that is no object.
pub(crate) fn patched(kept: &[u8], patch: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut fields: Fields<'_> = serde_json::from_slice(kept).unwrap_or_default();
    super::parse::<Unique>(patch)?; // A field that stands there twice is refused by name.
    let changes: Fields<'_> = super::parse(patch)?;
    for (name, value) in changes {
        if value.get() == "null" {
            fields.remove(&name);
        } else {
            fields.insert(name, value);
        }
    }
    Ok(serde_json::to_vec(&fields).expect("fields can be rendered"))
}

#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    lat: Option<&'a RawValue>,
    #[serde(borrow)]
    lng: Option<&'a RawValue>,
}

/// Returns the place of an address's door, if it has one.
pub(crate) fn point_of(kept: &[u8]) -> Option<Point> {
    let place: Place<'_> = serde_json::from_slice(kept).ok()?;
    // It was checked when it was sealed.
    point::of_request(place.lat, place.lng).ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &[u8] = br#"{"label":"Home","line1":" 12, Hawakhana ","pincode":"794001",
        "phone":"9876543210","lat":25.522200000,"lng":90.2114}"#;

    #[test]
    fn an_address_is_kept_as_it_was_checked_to_the_last_digit() {
        let kept = sealed(HOME).unwrap();
        assert_eq!(
            String::from_utf8(kept.clone()).unwrap(),
            r#"{"label":"Home","line1":"12, Hawakhana","pincode":"794001","phone":"9876543210","lat":25.5222,"lng":90.2114}"#
        );
        assert_eq!(point_of(&kept), Point::new(255_222_000, 902_114_000));
        assert_eq!(sealed(&kept).unwrap(), kept, "checked again it is the same");
    }

    #[test]
    fn a_patch_changes_what_it_names_and_null_takes_out() {
        let kept = sealed(HOME).unwrap();
        let patch = br#"{"line1":"7, Ringrey","lat":null,"lng":null,"label":null}"#;
        let after = sealed(&patched(&kept, patch).unwrap()).unwrap();
        assert_eq!(
            String::from_utf8(after.clone()).unwrap(),
            r#"{"line1":"7, Ringrey","pincode":"794001","phone":"9876543210"}"#
        );
        assert_eq!(point_of(&after), None);
        // Half a place is no place, and what must be there cannot be taken out.
        for wrong in [&br#"{"lat":null}"#[..], br#"{"phone":null}"#, br#"{"door":1}"#] {
            assert!(sealed(&patched(&kept, wrong).unwrap()).is_err());
        }
        assert!(patched(&kept, b"[]").is_err());
    }
}
