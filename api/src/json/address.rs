//! The personal part of an order: where it goes, and what the customer wrote beside it.
//!
//! It is checked field by field, rendered once, and sealed as those bytes: nobody else reads it.

use super::text::{Str, clean, optional, text_error};
use crate::problem::FieldError;
use kirana_domain::limits::{ADDRESS_FIELD_CHARS_MAX, NOTES_CHARS_MAX};
use kirana_domain::text::{is_phone, is_pincode};
use serde::{Deserialize, Serialize};

/// A delivery address as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressRequest<'a> {
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
    lat: Option<f64>,
    lng: Option<f64>,
}

/// A delivery address that was checked.
#[derive(Serialize)]
struct Address<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    line1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line2: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    landmark: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'a str>,
    pincode: &'a str,
    phone: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lng: Option<f64>,
}

#[derive(Serialize)]
struct Personal<'a> {
    delivery_address: Address<'a>,
    notes: Option<&'a str>,
}

/// Checks an address and notes, and renders them as they will be sealed.
///
/// # Errors
/// Every field that is not right.
pub fn personal(
    address: &AddressRequest<'_>,
    notes: Option<&Str<'_>>,
) -> Result<Vec<u8>, Vec<FieldError>> {
    let mut errors = Vec::new();
    let notes = optional(notes, NOTES_CHARS_MAX, "/notes", &mut errors);
    let delivery_address = checked(address, &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut bytes = Vec::with_capacity(256);
    serde_json::to_writer(&mut bytes, &Personal { delivery_address, notes })
        .expect("an address can be rendered");
    Ok(bytes)
}

fn checked<'a>(request: &'a AddressRequest<'_>, errors: &mut Vec<FieldError>) -> Address<'a> {
    let (pincode, phone) = (request.pincode.0.trim(), request.phone.0.trim());
    if !is_pincode(pincode) {
        let detail = "must be an Indian PIN code: six digits, the first not zero";
        errors.push(FieldError::new("/delivery_address/pincode", "PINCODE_INVALID", detail));
    }
    if !is_phone(phone) {
        let detail = "must be an Indian mobile number: ten digits, with or without +91 before them";
        errors.push(FieldError::new("/delivery_address/phone", "PHONE_INVALID", detail));
    }
    let line1 = clean(&request.line1.0, ADDRESS_FIELD_CHARS_MAX).unwrap_or_else(|error| {
        errors.push(text_error("/delivery_address/line1", error));
        ""
    });
    check_point(request, errors);
    let mut field = |text: &'a Option<Str<'_>>, pointer| {
        optional(text.as_ref(), ADDRESS_FIELD_CHARS_MAX, pointer, errors)
    };
    Address {
        name: field(&request.name, "/delivery_address/name"),
        line1,
        line2: field(&request.line2, "/delivery_address/line2"),
        landmark: field(&request.landmark, "/delivery_address/landmark"),
        city: field(&request.city, "/delivery_address/city"),
        pincode,
        phone,
        lat: request.lat,
        lng: request.lng,
    }
}

fn check_point(request: &AddressRequest<'_>, errors: &mut Vec<FieldError>) {
    for (value, limit, pointer) in [
        (request.lat, 90.0, "/delivery_address/lat"),
        (request.lng, 180.0, "/delivery_address/lng"),
    ] {
        if value.is_some_and(|degrees| !degrees.is_finite() || degrees.abs() > limit) {
            errors.push(FieldError::new(pointer, "OUT_OF_RANGE", "must be degrees on the globe"));
        }
    }
    if request.lat.is_some() != request.lng.is_some() {
        let detail = "lat and lng come together or not at all";
        errors.push(FieldError::new("/delivery_address", "POINT_INCOMPLETE", detail));
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
        let bytes = personal(&request, None).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            r#"{"delivery_address":{"line1":"12, Hawakhana","pincode":"794001","phone":"+919876543210","lat":25.5,"lng":90.2},"notes":null}"#
        );
    }

    #[test]
    fn every_wrong_field_is_named() {
        let json = r#"{"line1":"","pincode":"094001","phone":"12345","lat":91,"name":"a\u0007b"}"#;
        assert_eq!(
            codes(json, &"n".repeat(NOTES_CHARS_MAX + 1)),
            [
                "#/notes TOO_LONG",
                "#/delivery_address/pincode PINCODE_INVALID",
                "#/delivery_address/phone PHONE_INVALID",
                "#/delivery_address/line1 EMPTY",
                "#/delivery_address/lat OUT_OF_RANGE",
                "#/delivery_address POINT_INCOMPLETE",
                "#/delivery_address/name CONTROL_CHARACTER",
            ]
        );
    }
}
