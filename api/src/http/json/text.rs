//! Text fields of a request: borrowed from the body where it has no escapes, checked like
//! every text of the domain, refused without repeating a figure.

use crate::http::problem::FieldError;
use kirana_domain::TextError;
pub(crate) use kirana_domain::text::clean;
use serde::Deserialize;
use std::borrow::Cow;

/// A string of a request. (An `Option<Cow<str>>` alone would always copy.)
#[derive(Debug, Deserialize)]
pub(crate) struct Str<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// As [`clean`], where nothing at all is fine; what is wrong goes to `errors`.
pub(crate) fn optional<'a>(
    text: Option<&'a Str<'_>>,
    chars_max: usize,
    pointer: &str,
    errors: &mut Vec<FieldError>,
) -> Option<Cow<'a, str>> {
    match clean(&text?.0, chars_max) {
        Ok(text) => Some(text),
        Err(TextError::Empty) => None,
        Err(error) => {
            errors.push(text_error(pointer, error));
            None
        }
    }
}

/// Returns the error of a text. It names no limit: the app reads figures as status numbers.
pub(crate) fn text_error(pointer: &str, error: TextError) -> FieldError {
    let (code, detail) = match error {
        TextError::Empty => ("EMPTY", "must not be empty"),
        TextError::TooLong { .. } => ("TOO_LONG", "has too many characters"),
        TextError::Control => {
            ("CONTROL_CHARACTER", "must not contain control characters or line breaks")
        }
    };
    FieldError::new(pointer, code, detail)
}

/// The refusal of a number that is too small or too large.
pub(crate) fn out_of_range(pointer: &str) -> FieldError {
    FieldError::new(pointer, "OUT_OF_RANGE", "is out of range")
}
