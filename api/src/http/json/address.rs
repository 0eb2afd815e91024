//! The personal part of an order: where it goes, and what the customer wrote beside it.
//!
//! It is checked field by field, rendered once, and sealed as those bytes: nobody else reads it.

use super::point;
use super::text::{Str, clean, optional, text_error};
use crate::http::problem::FieldError;
use kirana_domain::Point;
use kirana_domain::limits::{ADDRESS_FIELD_CHARS_MAX, NOTES_CHARS_MAX};
use kirana_domain::text::{is_phone, is_pincode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A delivery address as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressRequest<'a> {
    /// The customer's name for it: `Home`, `Work`.
    #[serde(borrow)]
    label: Option<Str<'a>>,
    #[serde(borrow)]
    name: Option<Str<'a>>,
    #[serde(borrow)]
    line1: Str<'a>,
    #[serde(borrow)]
    line2: Option<Str<'a>>,
    #[serde(borrow)]
    landmark: Option<Str<'a>>,
    #[serde(borrow)]
    city: Option<Str<'a>>,
    #[serde(borrow)]
    pincode: Str<'a>,
    #[serde(borrow)]
    phone: Str<'a>,
    #[serde(borrow)]
    lat: Option<&'a RawValue>,
    #[serde(borrow)]
    lng: Option<&'a RawValue>,
}

/// A delivery address that was checked.
#[derive(Debug, Serialize)]
pub(crate) struct Address<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    line1: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line2: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    landmark: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<Cow<'a, str>>,
    pincode: Cow<'a, str>,
    phone: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lat: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lng: Option<Box<RawValue>>,
    /// Place of the door, if the address has it.
    #[serde(skip)]
    pub point: Option<Point>,
}

/// An address as answers show it: every member is there, `null` where it has none. It is sealed
/// without those.
#[derive(Serialize, Deserialize)]
pub(crate) struct AddressShown<'a> {
    #[serde(borrow)]
    label: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    line1: &'a RawValue,
    #[serde(borrow)]
    line2: Option<&'a RawValue>,
    #[serde(borrow)]
    landmark: Option<&'a RawValue>,
    #[serde(borrow)]
    city: Option<&'a RawValue>,
    #[serde(borrow)]
    pincode: &'a RawValue,
    #[serde(borrow)]
    phone: &'a RawValue,
    #[serde(borrow)]
    lat: Option<&'a RawValue>,
    #[serde(borrow)]
    lng: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Personal<'a, A> {
    delivery_address: A,
    notes: Option<Cow<'a, str>>,
}

/// Checks an address and notes, and renders them as they will be sealed; and where the door is.
///
/// # Errors
/// Every field that is not right.
pub(crate) fn personal(
    address: &AddressRequest<'_>,
    notes: Option<&Str<'_>>,
) -> Result<(Vec<u8>, Option<Point>), Vec<FieldError>> {
    let mut errors = Vec::new();
    let notes = optional(notes, NOTES_CHARS_MAX, "/notes", &mut errors);
    let delivery_address = checked(address, "/delivery_address", &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let point = delivery_address.point;
    Ok((rendered(&Personal { delivery_address, notes }), point))
}

/// As [`personal`], for an address that was checked before and is kept as it was rendered then.
///
/// # Errors
/// The fault of the notes.
pub(crate) fn personal_of(
    delivery_address: &RawValue,
    notes: Option<&Str<'_>>,
) -> Result<Vec<u8>, Vec<FieldError>> {
    let mut errors = Vec::new();
    let notes = optional(notes, NOTES_CHARS_MAX, "/notes", &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(rendered(&Personal { delivery_address, notes }))
}

fn rendered(personal: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    serde_json::to_writer(&mut bytes, personal).expect("an address can be rendered");
    bytes
}

/// Checks an address whose fields have pointers that begin with `prefix`. It counts for nothing
/// when something went to `errors`.
pub(crate) fn checked<'a>(
    request: &'a AddressRequest<'_>,
    prefix: &str,
    errors: &mut Vec<FieldError>,
) -> Address<'a> {
    let at = |field: &str| format!("{prefix}/{field}");
    // What a phone's address book puts around a number, nobody sees.
    let digits = |text: &'a Str<'_>| clean(&text.0, ADDRESS_FIELD_CHARS_MAX).unwrap_or_default();
    let (pincode, phone) = (digits(&request.pincode), digits(&request.phone));
    if !is_pincode(&pincode) {
        let detail = "must be an Indian PIN code: six digits, the first not zero";
        errors.push(FieldError::new(at("pincode"), "PINCODE_INVALID", detail));
    }
    if !is_phone(&phone) {
        let detail = "must be an Indian mobile number: ten digits, with or without +91 before them";
        errors.push(FieldError::new(at("phone"), "PHONE_INVALID", detail));
    }
    let line1 = clean(&request.line1.0, ADDRESS_FIELD_CHARS_MAX).unwrap_or_else(|error| {
        errors.push(text_error(&at("line1"), error));
        Cow::default()
    });
    let point = point::optional(request.lat, request.lng, prefix, errors);
    let mut field = |text: &'a Option<Str<'_>>, name| {
        optional(text.as_ref(), ADDRESS_FIELD_CHARS_MAX, &at(name), errors)
    };
    Address {
        label: field(&request.label, "label"),
        name: field(&request.name, "name"),
        line1,
        line2: field(&request.line2, "line2"),
        landmark: field(&request.landmark, "landmark"),
        city: field(&request.city, "city"),
        pincode,
        phone,
        lat: point.map(|at| point::number(at.lat_e7())),
        lng: point.map(|at| point::number(at.lng_e7())),
        point,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(address: &str, notes: &str) -> Vec<String> {
        let request: AddressRequest = serde_json::from_str(address).unwrap();
        match personal(&request, Some(&Str(notes.into()))) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.iter().map(|e| format!("{} {}", e.pointer, e.code)).collect(),
        }
    }

    #[test]
    fn an_address_is_kept_as_it_was_checked() {
        let json = r#"{"line1":" 12, Hawakhana ","pincode":"794001","phone":"+919876543210",
            "city":"","lat":25.5,"lng":90.2}"#;
        let request: AddressRequest = serde_json::from_str(json).unwrap();
        let (bytes, point) = personal(&request, None).unwrap();
        assert_eq!(point, Point::new(255_000_000, 902_000_000));
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            r#"{"delivery_address":{"line1":"12, Hawakhana","pincode":"794001","phone":"+919876543210","lat":25.5,"lng":90.2},"notes":null}"#
        );
    }

    #[test]
    fn every_wrong_field_is_named() {
        let json = r#"{"line1":"","pincode":"094001","phone":"12345","lat":91,"lng":0,
            "name":"a\u0007b"}"#;
        assert_eq!(
            codes(json, &"n".repeat(NOTES_CHARS_MAX + 1)),
            [
                "#/notes TOO_LONG",
                "#/delivery_address/pincode PINCODE_INVALID",
                "#/delivery_address/phone PHONE_INVALID",
                "#/delivery_address/line1 EMPTY",
                "#/delivery_address/lat OUT_OF_RANGE",
                "#/delivery_address/name CONTROL_CHARACTER",
            ]
        );
    }
}
