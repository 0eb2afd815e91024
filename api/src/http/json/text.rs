//! Text fields of a request: borrowed from the body where it has no escapes, checked like
//! [`kirana_domain::Text`], refused without repeating a figure.

use crate::http::problem::FieldError;
use kirana_domain::TextError;
use kirana_domain::limits::TEXT_BYTES_PER_CHAR;
use serde::Deserialize;
use std::borrow::Cow;

/// A string of a request. (An `Option<Cow<str>>` alone would always copy.)
#[derive(Debug, Deserialize)]
pub(crate) struct Str<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// The text without white space around it, if it has 1 to `chars_max` characters and no control
/// character.
///
/// # Errors
/// The rule that it breaks.
pub(crate) fn clean(text: &str, chars_max: usize) -> Result<&str, TextError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    let bytes_max = chars_max * TEXT_BYTES_PER_CHAR;
    if text.len() > bytes_max || text.chars().take(chars_max + 1).count() > chars_max {
        return Err(TextError::TooLong { max: chars_max });
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    Ok(text)
}

/// As [`clean`], where nothing at all is fine; what is wrong goes to `errors`.
pub(crate) fn optional<'a>(
    text: Option<&'a Str<'_>>,
    chars_max: usize,
    pointer: &str,
    errors: &mut Vec<FieldError>,
) -> Option<&'a str> {
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
pub(super) fn out_of_range(pointer: &str) -> FieldError {
    FieldError::new(pointer, "OUT_OF_RANGE", "is out of range")
}
